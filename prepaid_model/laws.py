"""What an entry can be, and the two laws that entries keep, looked for in all of them at once.

- Money: what came in less what went out is the main balance (`MONEY_LAW`).
- Bytes: the same, a bucket at a time (`BYTES_LAW`).
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

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
    UNCOLLECTED = 20
    RENEWAL = 21
    PAYMENT = 22
    CREDIT_NOTE = 23
    WRITE_OFF = 24
    ROUNDING = 25
    INVOICE = 26
    REMINDER = 27
    CONSENT = 28

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
    +1: (
        Kind.TOP_UP,
        Kind.REFUND,
        Kind.LOAN,
        Kind.TRANSFER_IN,
        Kind.ADJUSTMENT,
        Kind.PAYMENT,
        Kind.CREDIT_NOTE,
        Kind.WRITE_OFF,
        Kind.ROUNDING,
    ),
    -1: (Kind.BUNDLE, Kind.USAGE, Kind.FEE, Kind.TRANSFER_OUT, Kind.EXPIRED, Kind.LOAN_REPAID),
}
"""Kinds that add to the main balance, and kinds that take from it. Those of `EITHER_WAY` may do either."""

EITHER_WAY = (Kind.ADJUSTMENT, Kind.ROUNDING)

BYTES_LAW = {
    +1: (Kind.GRANT, Kind.REFUND, Kind.ROLLED_IN, Kind.TRANSFER_IN),
    -1: (Kind.USAGE, Kind.EXPIRED, Kind.ROLLED_OUT, Kind.TRANSFER_OUT),
}
"""Kinds that add to a bucket, and kinds that take from it."""

GRANTS = (Kind.GRANT, Kind.ROLLED_IN, Kind.TRANSFER_IN)
"""Kinds that make a bucket."""


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


def broken(rows: Rows, moments: Any) -> tuple[int, str] | None:
    """Return the id of the first entry that breaks a law, and which; None if none does.

    Parameters
    ----------
    rows : array
        All entries of a ledger.
    moments : array
        Their times.
    """
    faults = [(int(np.argmax(wrong)) + 1, law) for law, wrong in _laws(rows, moments) if wrong.any()]
    return min(faults, key=lambda fault: fault[0], default=None)


def terms(rows: Rows, column: str, law: Mapping[int, tuple[Kind, ...]]) -> dict[str, int]:
    """Return the terms of a law in its order, each with its sum."""
    moved, kinds = rows[column], rows["kind"]
    return {kind.label: int(moved[kinds == kind].sum()) for sign in (+1, -1) for kind in law[sign]}


def _laws(rows: Rows, moments: Any) -> Iterator[tuple[str, Any]]:
    """Yield every law, and where it is broken."""
    ids = np.arange(1, len(rows) + 1)
    yield "is of no known kind", ~np.isin(rows["kind"], list(Kind))
    yield "is earlier than the one before it", np.diff(moments.view("i8"), prepend=moments.view("i8")[:1]) < 0
    yield "the balance is not the sum of money so far", np.cumsum(rows["money"]) != rows["balance"]
    yield "money moved the wrong way for its kind", ~_allowed(rows, "money", MONEY_LAW)
    yield "bytes moved the wrong way for their kind", ~_allowed(rows, "volume", BYTES_LAW)
    yield "what is left in the bucket is not the sum of its bytes so far", _misses_bytes(rows)
    yield "a bucket holds less than nothing", rows["left"] < 0
    yield "a quantity is less than nothing", rows["quantity"] < 0
    operation, reverses, bucket = rows["operation"], rows["reverses"], rows["bucket"]
    yield "belongs to no operation", (operation < 1) | (operation > ids)
    yield "undoes what has not happened", (reverses < 0) | (reverses >= ids)
    known = (bucket >= 0) & (bucket <= ids)
    granting = rows["kind"][np.where(known, bucket, 0) - 1]
    yield "speaks of a bucket that was never granted", ~known | ((bucket > 0) & ~np.isin(granting, GRANTS))


def _misses_bytes(rows: Rows) -> Any:
    # A bucket at a time: a stable sort keeps each bucket's entries in order.
    order = np.argsort(rows["bucket"], kind="stable")
    grouped = rows[order]
    running = np.cumsum(grouped["volume"])
    first = np.flatnonzero(np.diff(grouped["bucket"], prepend=grouped["bucket"][:1] - 1))
    before = np.repeat(running[first] - grouped["volume"][first], np.diff(first, append=len(grouped)))
    misses = np.zeros(len(rows), dtype=bool)
    misses[order] = running - before != grouped["left"]
    return misses


def _allowed(rows: Rows, column: str, law: Mapping[int, tuple[Kind, ...]]) -> Any:
    moved = rows[column]
    into = np.isin(rows["kind"], law[+1]) & (moved > 0)
    out = np.isin(rows["kind"], law[-1]) & (moved < 0)
    either_way = np.isin(rows["kind"], EITHER_WAY) & (column == "money")
    return (moved == 0) | into | out | either_way
