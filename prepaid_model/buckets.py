"""Buckets of data, and which of them pays first.

A bucket is live while ``starts <= now < expires``. `plan` works out, without changing anything, who
serves how much of a volume: slack a session has already paid for, then live buckets in the
account's order, then the main balance.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from prepaid_model.offers import Bundle
from prepaid_model.rating import NOTHING_YET, Running, Tariff, afford, in_hours

MAIN = 0
"""Stands for the main balance where a bucket id is meant."""
_NO_LIMIT = sys.maxsize


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant agreed; kept with its entry, so that the ledger alone rebuilds the bucket."""

    bundle: Bundle
    starts: datetime
    expires: datetime
    paid: int = 0
    renews: bool = False


@dataclass(slots=True)
class Bucket:
    """Data of one kind, from one grant, until one instant.

    Parameters
    ----------
    id : int
        Id of the entry that granted it: a lower id is an older grant.
    terms : Terms
        What was agreed.
    left : int
        Bytes.
    """

    id: int
    terms: Terms
    left: int

    @property
    def name(self) -> str:
        """The name of its bundle."""
        return self.terms.bundle.name

    @property
    def plain(self) -> bool:
        """Whether any byte at any hour can be taken from it, at no price and without rounding."""
        bundle = self.terms.bundle
        return bundle.traffic is None and bundle.hours is None and bundle.tariff.increment == 1 and not _costs(bundle)

    def live(self, at: datetime) -> bool:
        """Tell whether it has started and not expired."""
        return self.terms.starts <= at < self.terms.expires

    def serves(self, at: datetime, traffic: str) -> bool:
        """Tell whether it serves this kind of traffic now."""
        bundle = self.terms.bundle
        return (
            self.live(at)
            and bundle.traffic in (None, traffic)
            and (bundle.hours is None or in_hours(at.hour, *bundle.hours))
        )

    def next_change(self, at: datetime) -> datetime:
        """Return the next instant after `at` at which it starts or stops to serve."""
        if at < self.terms.starts:
            return self.terms.starts
        if self.terms.bundle.hours is None:
            return self.terms.expires
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        turns = (midnight + timedelta(hours=hour, days=day) for day in (0, 1) for hour in self.terms.bundle.hours)
        return min(self.terms.expires, *(turn for turn in turns if turn > at))


ORDERS: dict[str, Callable[[Bucket], tuple[object, ...]]] = {
    "soonest expiry": lambda bucket: (bucket.terms.expires, bucket.id),
    "priority": lambda bucket: (-bucket.terms.bundle.priority, bucket.terms.expires, bucket.id),
    "oldest": lambda bucket: (bucket.id,),
    "largest": lambda bucket: (-bucket.left, bucket.id),
}
"""The debit orders: a sort key each, ties by older grant."""


class Session:
    """The running totals of one data session: each bucket and the tariff keep their own.

    Attributes
    ----------
    totals : dict of int to Running
        By bucket id; `MAIN` for pay-as-you-go.
    operation : int
        Id of its first entry; 0 before there is one.
    """

    __slots__ = ("operation", "totals")

    def __init__(self) -> None:
        self.totals: dict[int, Running] = {}
        self.operation = 0


class Draw(NamedTuple):
    """A part of a volume, and who serves it at what price.

    Parameters
    ----------
    bucket : Bucket or None
        None for the main balance.
    served : int
        Bytes carried.
    volume, money, fee : int
        Bytes taken from the bucket; micros taken from the main balance, and how much of them is a session fee.
    after : Running
        The session's total on this bucket or tariff.
    """

    bucket: Bucket | None
    served: int
    volume: int
    money: int
    fee: int
    after: Running


class Purse(NamedTuple):
    """What may pay for a volume: buckets in debit order, credit, and the tariff if credit may be used by the byte."""

    buckets: list[Bucket]
    credit: int
    tariff: Tariff | None


def plan(
    purse: Purse, volume: int, session: Session, *, at: datetime, until: datetime | None = None
) -> tuple[list[Draw], int]:
    """Work out who serves a volume that flows evenly from `at` until `until`; nothing is changed.

    Returns
    -------
    list of Draw
        In the order in which they pay.
    int
        Bytes that nobody can serve.
    """
    draws: list[Draw] = []
    totals = dict(session.totals)
    credit, rest = purse.credit, volume
    for source, most in _sources(purse, session):
        wanted = min(rest, most)
        if wanted:
            key, tariff = (source.id, source.terms.bundle.tariff) if source else (MAIN, purse.tariff)
            assert tariff is not None  # the main balance is a source only if there is one
            start, end = _share(at, until, volume - rest, wanted, volume)
            before = totals.get(key, NOTHING_YET)
            data = source.left if source else None
            served, after = afford(tariff, wanted, credit=credit, at=start, until=end, before=before, data=data)
            if served:
                money = after.charged - before.charged
                fee = 0 if before.used else min(tariff.session_fee, money)
                draws.append(Draw(source, served, after.billed - before.billed if source else 0, money, fee, after))
                totals[key] = after
                credit -= money
                rest -= served
        if not rest:
            break
    return draws, rest


def _sources(purse: Purse, session: Session) -> Iterator[tuple[Bucket | None, int]]:
    """Yield who may serve, in order, and how much at the most: first what the session has already paid for."""
    everyone: list[Bucket | None] = [*purse.buckets]
    if purse.tariff:
        everyone.append(None)
    for source in everyone:
        tariff = source.terms.bundle.tariff if source else purse.tariff
        total = session.totals.get(source.id if source else MAIN, NOTHING_YET)
        if total.billed > total.used and tariff and not tariff.each_report_alone:
            yield source, total.billed - total.used
    for source in everyone:
        yield source, source.left if source else _NO_LIMIT
        if source and source.terms.bundle.blocker:
            return


def _share(at: datetime, until: datetime | None, done: int, part: int, volume: int) -> tuple[datetime, datetime | None]:
    """Return when a part of an evenly flowing volume flows, after `done` bytes of it."""
    if until is None:
        return at, None
    return at + (until - at) * done // volume, at + (until - at) * (done + part) // volume


def _costs(bundle: Bundle) -> bool:
    tariff = bundle.tariff
    return bool(tariff.price or tariff.session_fee or tariff.tiers or tariff.hours)
