"""The ledger: every change of an account as an entry that is never changed, only reversed.

Rows are packed into bytes (columns of whole numbers, no object a row), so that a million entries
take one block of memory and become a frame without building objects. `laws` says what holds after
every entry; `Ledger.check` looks for the entry that breaks it.
"""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prepaid_model.laws import BYTES_LAW, MONEY_LAW, Kind, LawBroken, Rows, broken, terms
from prepaid_model.units import ZONE, in_qatar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BYTES_LAW", "EPOCH", "MONEY_LAW", "Entry", "Kind", "LawBroken", "Ledger", "Rows"]


class Entry(NamedTuple):
    """One row of the ledger.

    Parameters
    ----------
    id : int
        Its place, from 1.
    at : datetime
        When it took effect, in Qatar.
    kind : Kind
        What it is.
    money : int
        Change of the main balance, in micros.
    volume : int
        Change of a bucket, in bytes.
    bucket : int
        Id of the entry that granted the bucket; 0 for the main balance.
    quantity : int
        What the entry speaks of apart from a change: bytes carried (usage), refused (denied) or
        given back (refund); bytes or micros set aside (hold, release); micros asked for (invoice,
        reminder) or that data is worth (transfer in).
    balance, left : int
        Main balance and bucket after the entry.
    operation : int
        Id of the first entry of what belongs together: a purchase, a session.
    reverses : int
        Id of the entry that this one undoes in part or whole; 0 for none.
    """

    id: int
    at: datetime
    kind: Kind
    money: int
    volume: int
    bucket: int
    quantity: int
    balance: int
    left: int
    operation: int
    reverses: int


EPOCH = datetime(1970, 1, 1, tzinfo=ZONE)
"""Where the ledger's clock starts, in Qatar."""
# The codes mean the same to `struct` and to numpy: i is 4 bytes, B is 1, q is 8.
_FIELDS = {
    **dict.fromkeys(("days", "seconds", "microseconds"), "i"),
    "kind": "B",
    **dict.fromkeys(("bucket", "operation", "reverses"), "i"),
    **dict.fromkeys(("money", "volume", "quantity", "balance", "left"), "q"),
}
_ROW = struct.Struct("<" + "".join(_FIELDS.values()))
_COLUMNS = np.dtype([(name, f"<{code}") for name, code in _FIELDS.items()])
_pack = _ROW.pack
# The same row for a usage that one bucket pays for, and for one that the main balance pays for: where a column is
# zero, padding is quicker than packing a zero. They are for `PrepaidAccount.use`, which writes such rows itself.
pack_data_used = struct.Struct("<iiiBii4x8xqqqq").pack
pack_money_used = struct.Struct("<iiiB4xi4xq8xqq8x").pack


class Ledger:
    """An append-only list of entries in packed columns.

    Attributes
    ----------
    rows : bytearray
        The packed rows, written by `append` and by the fast path of `PrepaidAccount.use` only.
    count : int
        How many there are.
    notes : dict of int to str
        Words on an entry, where there are any (the channel of a top-up, the name of a bundle).
    terms : dict of int to object
        What an entry agreed, so that the ledger alone rebuilds the account: a grant its bucket's terms, a top-up
        the end of validity, a renewal whether there will be one, a report the hours in which its bytes flowed.
    keys : dict of str to int
        Idempotency key of an operation, and the operation.

    Examples
    --------
    >>> from prepaid_model.units import QAR, parse_moment
    >>> ledger = Ledger()
    >>> ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=25 * QAR, balance=25 * QAR)
    1
    >>> ledger[1].kind.label, ledger[1].money
    ('top up', 25000000)
    """

    __slots__ = ("count", "keys", "notes", "rows", "terms")

    def __init__(self) -> None:
        self.rows = bytearray()
        self.count = 0
        self.notes: dict[int, str] = {}
        self.terms: dict[int, Any] = {}
        self.keys: dict[str, int] = {}

    def append(
        self,
        at: datetime,
        kind: Kind,
        *,
        money: int = 0,
        volume: int = 0,
        bucket: int = 0,
        quantity: int = 0,
        balance: int,
        left: int = 0,
        operation: int = 0,
        reverses: int = 0,
    ) -> int:
        """Write an entry down and return its id; without `operation` it starts one of its own."""
        since = in_qatar("at", at) - EPOCH
        entry = self.count + 1
        self.rows += _pack(
            since.days,
            since.seconds,
            since.microseconds,
            kind,
            bucket,
            operation or entry,
            reverses,
            money,
            volume,
            quantity,
            balance,
            left,
        )
        self.count = entry
        return entry

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, entry: int) -> Entry:
        if not 1 <= entry <= self.count:
            raise IndexError(f"entry {entry} of {self.count}")
        days, seconds, micros, kind, bucket, operation, reverses, money, volume, quantity, balance, left = (
            _ROW.unpack_from(self.rows, (entry - 1) * _ROW.size)
        )
        at = EPOCH + timedelta(days, seconds, micros)
        return Entry(entry, at, Kind(kind), money, volume, bucket, quantity, balance, left, operation, reverses)

    def __iter__(self) -> Iterator[Entry]:
        return self.since(0)

    def since(self, entry: int) -> Iterator[Entry]:
        """Iterate over the entries after `entry`."""
        return (self[number] for number in range(entry + 1, self.count + 1))

    def of(self, operation: int) -> list[Entry]:
        """Return the entries of an operation."""
        before = max(operation - 1, 0)  # its id is that of its first entry
        chosen = np.flatnonzero(self.columns(since=before)["operation"] == operation)
        return [self[before + int(place) + 1] for place in chosen]

    def request(self, operation: int) -> tuple[Kind, int, str]:
        """Return what an operation asked for, to tell whether another with the same key asks for the same.

        The kind, the amount (micros, or bytes where data was asked for) and the words on it.
        """
        entries = self.of(operation)
        first = entries[0]
        kind, amount = first.kind, abs(first.money or first.volume)
        if kind in (Kind.USAGE, Kind.DENIED):
            kind, amount = Kind.USAGE, sum(e.quantity for e in entries if e.kind in (Kind.USAGE, Kind.DENIED))
        elif kind is Kind.ADJUSTMENT:
            amount = first.money
        elif kind in (Kind.REFUND, Kind.CREDIT_NOTE):
            amount = 0  # how much of what is in the words: who asks for it names no amount
        return kind, amount, self.notes.get(operation, "")

    def columns(self, *, since: int = 0) -> Rows:
        """Return a copy of all rows, or of those after entry `since`, as a structured array of whole numbers."""
        return np.frombuffer(bytes(memoryview(self.rows)[since * _ROW.size :]), dtype=_COLUMNS)

    def to_frame(self) -> "pd.DataFrame":
        """Return the entries as a frame, one row an entry: money in micros, volumes in bytes, times in Qatar.

        Examples
        --------
        >>> from prepaid_model.units import parse_moment
        >>> ledger = Ledger()
        >>> _ = ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=5_000_000, balance=5_000_000)
        >>> ledger.to_frame()[["kind", "money", "balance"]].to_dict("records")
        [{'kind': 'top up', 'money': 5000000, 'balance': 5000000}]
        """
        import pandas as pd  # noqa: PLC0415  (a second of import that an account without frames does not need)

        rows = self.columns()
        labels = [kind.label for kind in Kind]
        return pd.DataFrame(
            {
                "at": pd.DatetimeIndex(self.moments(rows)).tz_localize(ZONE),
                "kind": pd.Categorical.from_codes(pd.Index(rows["kind"].astype("i8") - 1), categories=pd.Index(labels)),
                **{name: rows[name] for name in ("money", "volume", "bucket", "quantity", "balance", "left")},
                "operation": rows["operation"],
                "reverses": rows["reverses"],
                "key": _sparse(len(rows), {operation: key for key, operation in self.keys.items()}),
                "note": _sparse(len(rows), self.notes),
            },
            index=pd.RangeIndex(1, len(rows) + 1, name="id"),
        )

    def moments(self, rows: Rows) -> Any:
        """Return the times of rows as Qatar wall-clock times, to the microsecond."""
        seconds = rows["days"].astype("i8") * 86_400 + rows["seconds"]
        return (seconds * 1_000_000 + rows["microseconds"]).view("M8[us]")

    def totals(self, column: str = "money", bucket: int | None = None) -> dict[Kind, int]:
        """Return the sum of `column` ("money" or "volume") for each kind, of one bucket if named.

        Examples
        --------
        >>> from prepaid_model.units import parse_moment
        >>> ledger = Ledger()
        >>> _ = ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=5_000_000, balance=5_000_000)
        >>> ledger.totals()
        {<Kind.TOP_UP: 1>: 5000000}
        """
        rows = self.columns()
        if bucket is not None:
            rows = rows[rows["bucket"] == bucket]
        kinds = (Kind(int(kind)) for kind in np.unique(rows["kind"]))
        sums = {kind: int(rows[column][rows["kind"] == kind].sum()) for kind in kinds}
        return {kind: total for kind, total in sums.items() if total}

    def money_law(self) -> dict[str, int]:
        """Return the terms of the law of money, each with its sum, and the main balance that they add up to.

        Examples
        --------
        >>> from prepaid_model.units import parse_moment
        >>> ledger = Ledger()
        >>> _ = ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=5_000_000, balance=5_000_000)
        >>> {term: micros for term, micros in ledger.money_law().items() if micros}
        {'top up': 5000000, 'main balance': 5000000}
        """
        rows = self.columns()
        return terms(rows, "money", MONEY_LAW) | {"main balance": int(rows["balance"][-1]) if len(rows) else 0}

    def bytes_law(self, bucket: int) -> dict[str, int]:
        """Return the terms of the law of bytes for a bucket, and what is left, which they add up to."""
        rows = self.columns()
        rows = rows[rows["bucket"] == bucket]
        return terms(rows, "volume", BYTES_LAW) | {"left": int(rows["left"][-1]) if len(rows) else 0}

    def check(self) -> None:
        """Raise `LawBroken`, naming the entry, unless balances are the sum of entries after each of them."""
        rows = self.columns()
        if fault := broken(rows, self.moments(rows)):
            raise LawBroken(*fault)


def _sparse(length: int, values: dict[int, str]) -> Any:
    """Spread the few values, by entry id, over a column of their own."""
    column = np.full(length, "", dtype=object)
    if values:
        column[np.fromiter(values, dtype="i8") - 1] = np.array(list(values.values()), dtype=object)
    return column
