"""The tables of a store as frames, by SQL."""

import sqlite3
from typing import TYPE_CHECKING, Any

from prepaid_model.laws import Kind
from prepaid_model.units import ZONE

if TYPE_CHECKING:
    import pandas as pd

LEDGER = (
    "SELECT ledger.id, at, ledger.kind, money, volume, bucket, quantity, balance, left, operation, reverses,"
    " coalesce(key, '') AS key, coalesce(note, '') AS note"
    " FROM ledger JOIN accounts ON accounts.id = account WHERE name = ? ORDER BY ledger.id"
)


def frame(connection: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> "pd.DataFrame":
    """Return what a query finds; hashes as hexadecimal digits."""
    import pandas as pd  # noqa: PLC0415  (a second of import that a store without frames does not need)

    cursor = connection.execute(query, values)
    names = [name for name, *_ in cursor.description or ()]
    rows = [[cell.hex() if isinstance(cell, bytes) else cell for cell in row] for row in cursor]
    return pd.DataFrame(rows, columns=pd.Index(names, dtype="str"))


def ledger_frame(connection: sqlite3.Connection, name: str) -> "pd.DataFrame":
    """Return the entries of an account, as `Ledger.to_frame` does."""
    import pandas as pd  # noqa: PLC0415  (as above)

    found = frame(connection, LEDGER, (name,))
    moments = pd.DatetimeIndex(pd.to_datetime(found["at"], format="ISO8601")).as_unit("us").tz_localize(ZONE)
    kinds = pd.Categorical(found["kind"], categories=pd.Index([kind.label for kind in Kind]))
    whole = {name: found[name].astype("i8") for name in ("money", "volume", "quantity", "balance", "left")}
    places = {name: found[name].astype("i4") for name in ("bucket", "operation", "reverses")}
    words = {name: found[name].astype("str") for name in ("key", "note")}
    typed = found.assign(at=moments, kind=kinds, **whole, **places, **words)
    return typed.set_index(pd.RangeIndex(1, len(typed) + 1, name="id")).drop(columns="id")
