"""The ledger: every change of an account as an entry that is never changed, only reversed.

Rows are packed into bytes (columns of whole numbers, no object a row), so that a million entries
take one block of memory and become a frame without building objects.

Two laws hold after every entry; `Ledger.check` looks for the entry that breaks one:

- money: what came in less what went out is the main balance (`MONEY_LAW`);
- bytes: the same, a bucket at a time (`BYTES_LAW`).
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from prepaid_model.units import ZONE

if TYPE_CHECKING:
    import pandas as pd


Rows: TypeAlias = np.ndarray[Any, np.dtype[np.void]]
"""Entries as a structured array."""


class Kind(IntEnum):
    """What an entry is. The label in a frame is the name in lower case, with spaces."""

    TOP_UP = 1
    REFUND = 2
    LOAN = 3
    TRANSFER_IN = 4
    ADJUSTMENT = 5
    BUNDLE = 6
    USAGE = 7
    FEE = 8
    TRANSFER_OUT = 9
    EXPIRED = 10
    LOAN_REPAID = 11
    GRANT = 12
    ROLLED_IN = 13
    ROLLED_OUT = 14
    DENIED = 15
    STATUS = 16
    OVERDRAFT = 17
    HOLD = 18
    RELEASE = 19

    @property
    def label(self) -> str:
        """The kind in plain words.

        Examples
        --------
        >>> Kind.ROLLED_IN.label
        'rolled in'
        """
        return self.name.lower().replace("_", " ")


MONEY_LAW = {
    +1: (Kind.TOP_UP, Kind.REFUND, Kind.LOAN, Kind.TRANSFER_IN, Kind.ADJUSTMENT),
    -1: (Kind.BUNDLE, Kind.USAGE, Kind.FEE, Kind.TRANSFER_OUT, Kind.EXPIRED, Kind.LOAN_REPAID),
}
"""Kinds that add to the main balance, and kinds that take from it."""

BYTES_LAW = {
    +1: (Kind.GRANT, Kind.REFUND, Kind.ROLLED_IN, Kind.TRANSFER_IN),
    -1: (Kind.USAGE, Kind.EXPIRED, Kind.ROLLED_OUT, Kind.TRANSFER_OUT),
}
"""Kinds that add to a bucket, and kinds that take from it."""


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
        given back (refund); bytes or micros set aside (hold, release).
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


class LawBroken(Exception):
    """An entry after which the balances are not the sum of the entries.

    Parameters
    ----------
    entry : int
        Id of the first entry at fault; one past the last if the account differs from its ledger.
    """

    def __init__(self, entry: int, message: str) -> None:
        super().__init__(f"entry {entry}: {message}")
        self.entry = entry


EPOCH = datetime(1970, 1, 1, tzinfo=ZONE)
"""Where the ledger's clock starts, in Qatar."""
_MICROSECOND = timedelta(microseconds=1)
# at (days, seconds, microseconds), kind, bucket, operation, reverses, money, volume, quantity, balance, left
_ROW = struct.Struct("<iiiBiiiqqqqq")
_pack = _ROW.pack
_COLUMNS = np.dtype(
    [
        *((name, "<i4") for name in ("days", "seconds", "microseconds")),
        ("kind", "u1"),
        *((name, "<i4") for name in ("bucket", "operation", "reverses")),
        *((name, "<i8") for name in ("money", "volume", "quantity", "balance", "left")),
    ]
)


class Ledger:
    """An append-only list of entries in packed columns.

    Attributes
    ----------
    notes : dict of int to str
        Words on an entry, where there are any (the channel of a top-up, the name of a bundle).
    terms : dict of int to object
        What an entry agreed (a bucket's terms, a validity), so that the ledger alone rebuilds the account.
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

    __slots__ = ("_count", "_rows", "keys", "notes", "terms")

    def __init__(self) -> None:
        self._rows = bytearray()
        self._count = 0
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
        self._count = entry = self._count + 1
        since = at - EPOCH
        self._rows += _pack(
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
        return entry

    def usage(self, at: datetime, bucket: int, money: int, volume: int, quantity: int, balance: int, left: int) -> int:
        """Write down a usage that is an operation of its own: `append` without the ceremony, for speed."""
        self._count = entry = self._count + 1
        since = at - EPOCH
        self._rows += _pack(
            since.days,
            since.seconds,
            since.microseconds,
            7,  # Kind.USAGE
            bucket,
            entry,
            0,
            money,
            volume,
            quantity,
            balance,
            left,
        )
        return entry

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, entry: int) -> Entry:
        if not 1 <= entry <= self._count:
            raise IndexError(f"entry {entry} of {self._count}")
        days, seconds, micros, kind, bucket, operation, reverses, money, volume, quantity, balance, left = (
            _ROW.unpack_from(self._rows, (entry - 1) * _ROW.size)
        )
        at = EPOCH + timedelta(days, seconds, micros)
        return Entry(entry, at, Kind(kind), money, volume, bucket, quantity, balance, left, operation, reverses)

    def __iter__(self) -> Iterator[Entry]:
        return self.since(0)

    def since(self, entry: int) -> Iterator[Entry]:
        """Iterate over the entries after `entry`."""
        return (self[number] for number in range(entry + 1, self._count + 1))

    def of(self, operation: int) -> list[Entry]:
        """Return the entries of an operation."""
        chosen = np.flatnonzero(self.columns()["operation"] == operation)
        return [self[int(place) + 1] for place in chosen]

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
        elif kind is Kind.REFUND:
            amount = 0  # how much of what is in the words: a whole refund names no amount
        return kind, amount, self.notes.get(operation, "")

    def columns(self) -> Rows:
        """Return a copy of all rows as a structured array of whole numbers."""
        return np.frombuffer(bytes(self._rows), dtype=_COLUMNS)

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

    def check(self) -> None:
        """Raise `LawBroken`, naming the entry, unless balances are the sum of entries after each of them."""
        rows = self.columns()
        seconds = self.moments(rows).view("i8")
        self._refuse(rows, np.diff(seconds, prepend=seconds[:1]) < 0, "is earlier than the one before it")
        self._refuse(rows, np.cumsum(rows["money"]) != rows["balance"], "the balance is not the sum of money so far")
        lawful_money = _allowed(rows, "money", MONEY_LAW)
        self._refuse(rows, ~lawful_money, "money moved the wrong way for its kind")
        lawful_bytes = _allowed(rows, "volume", BYTES_LAW)
        self._refuse(rows, ~lawful_bytes, "bytes moved the wrong way for their kind")
        # A bucket at a time: a stable sort keeps each bucket's entries in order.
        order = np.argsort(rows["bucket"], kind="stable")
        grouped = rows[order]
        running = np.cumsum(grouped["volume"])
        first = np.flatnonzero(np.diff(grouped["bucket"], prepend=-1))
        before = np.repeat(running[first] - grouped["volume"][first], np.diff(first, append=len(grouped)))
        wrong = np.zeros(len(rows), dtype=bool)
        wrong[order] = (running - before != grouped["left"]) | (grouped["left"] < 0)
        self._refuse(rows, wrong, "what is left in the bucket is not the sum of its bytes so far")

    def _refuse(self, rows: Rows, wrong: Any, law: str) -> None:
        if len(rows) and wrong.any():
            entry = int(np.argmax(wrong)) + 1
            raise LawBroken(entry, f"{law} ({self[entry]})")


def _allowed(rows: Rows, column: str, law: Mapping[int, tuple[Kind, ...]]) -> Any:
    moved = rows[column]
    into = np.isin(rows["kind"], law[+1]) & (moved > 0)
    out = np.isin(rows["kind"], law[-1]) & (moved < 0)
    either_way = (rows["kind"] == Kind.ADJUSTMENT) & (column == "money")
    return (moved == 0) | into | out | either_way


def _sparse(length: int, values: dict[int, str]) -> Any:
    """Spread the few values, by entry id, over a column of their own."""
    column = np.full(length, "", dtype=object)
    if values:
        column[np.fromiter(values, dtype="i8") - 1] = np.array(list(values.values()), dtype=object)
    return column
