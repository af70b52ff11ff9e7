"""What of a bundle's price has been earned: price × used // granted, cumulated, as its bytes flow.

Until then it is unearned revenue: the operator owes the data. What goes its own way, by rollover or
transfer, carries its share of what is unearned with it; what expires unused is breakage.
"""

from typing import NamedTuple

import numpy as np

from prepaid_model.buckets import Terms
from prepaid_model.ledger import Entry, Kind, Ledger

_TAKE_AWAY = (Kind.TRANSFER_OUT, Kind.ROLLED_OUT, Kind.EXPIRED)


class Worth(NamedTuple):
    """What a bucket's data was sold for, and how far it has been earned.

    Parameters
    ----------
    price : int
        Micros.
    granted, used : int
        Bytes that the price was for, and how many of them have been used.
    left : int
        Bytes in the bucket.

    Examples
    --------
    Ten riyals for a gigabyte, of which 300 MB are used:

    >>> worth = Worth(price=10_000_000, granted=10**9, used=3 * 10**8, left=7 * 10**8)
    >>> worth.unearned, worth.share(2 * 10**8)
    (7000000, 2000000)
    """

    price: int
    granted: int
    used: int
    left: int

    @property
    def unearned(self) -> int:
        """Micros not yet earned; nothing once no byte is left."""
        return self.price - self.price * self.used // self.granted if self.left else 0

    def share(self, volume: int) -> int:
        """Return the micros that so many of the bytes left carry with them."""
        return self.unearned * volume // self.left

    def after(self, entry: Entry, moved: int = 0) -> "Worth":
        """Return what the bucket is worth after an entry on it.

        Parameters
        ----------
        entry : Entry
            Any but the one that granted the bucket.
        moved : int
            Micros that came with the data (less than zero: went with it), where it was not used.
        """
        if entry.kind is Kind.TRANSFER_IN:
            # From here on other bytes at another price.
            return Worth(self.unearned + moved, entry.left, 0, entry.left)
        if entry.kind in _TAKE_AWAY:
            return Worth(self.price + moved, self.granted + entry.volume, self.used, entry.left)
        return self._replace(used=self.used - entry.volume, left=entry.left)


def granted(ledger: Ledger, entry: Entry) -> Worth:
    """Return what a bucket is worth with the entry that grants it."""
    terms = ledger.terms.get(entry.id)
    price = terms.paid if isinstance(terms, Terms) else 0
    return Worth(price, entry.volume, 0, entry.volume)


def moves(worth: Worth, entry: Entry) -> int:
    """Return the micros that data brings to a bucket (more than zero) or takes from it without being used."""
    if entry.kind is Kind.TRANSFER_IN:
        return entry.quantity
    if entry.kind in _TAKE_AWAY:
        return -worth.share(-entry.volume)
    return 0


def worth_of(ledger: Ledger, bucket: int) -> Worth:
    """Return what a bucket is worth now, from its entries."""
    places = np.flatnonzero(ledger.columns(since=bucket - 1)["bucket"] == bucket)
    entries = [ledger[int(place) + bucket] for place in places]
    worth = granted(ledger, entries[0])
    for entry in entries[1:]:
        worth = worth.after(entry, moves(worth, entry))
    return worth
