"""Buckets of data, and which of them pays first.

A bucket is live while ``starts <= now < expires``. `plan` works out, without changing anything, who
serves how much of a volume: slack a session has already paid for, then live buckets in the
account's order, then the main balance.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from prepaid_model.hours import Flow, cut, in_hours
from prepaid_model.offers import Bundle
from prepaid_model.rating import NOTHING_YET, Running, Tariff, afford
from prepaid_model.units import LARGEST

MAIN = 0
"""Stands for the main balance where a bucket id is meant."""


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
        flat = bundle.tariff.flat
        by_the_byte = flat is not None and flat.increment == 1 and flat.price == 0
        return bundle.traffic is None and bundle.hours is None and by_the_byte

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
    holds : dict of int to int
        What is set aside for it: bytes of a bucket by its id, micros for `MAIN`.
    operation : int
        Id of its first entry; 0 before there is one.
    cost : int
        Micros it has been charged.
    """

    __slots__ = ("cost", "holds", "operation", "totals")

    def __init__(self) -> None:
        self.totals: dict[int, Running] = {}
        self.holds: dict[int, int] = {}
        self.operation = 0
        self.cost = 0


class Draw(NamedTuple):
    """A part of a volume, and who serves it at what price.

    Parameters
    ----------
    bucket : Bucket or None
        None for the main balance.
    flow : Flow
        Bytes carried, and when.
    volume, money, fee : int
        Bytes taken from the bucket; micros taken from the main balance, and how much of them is a session fee.
    after : Running
        The session's total on this bucket or tariff.
    """

    bucket: Bucket | None
    flow: Flow
    volume: int
    money: int
    fee: int
    after: Running


class Purse(NamedTuple):
    """What may pay for a volume.

    Parameters
    ----------
    buckets : list of Bucket
        In debit order.
    credit : int
        Micros that nobody holds.
    tariff : Tariff or None
        The price by the byte, if credit may be used so.
    held : mapping of int to int
        Bytes of a bucket, by its id, that are set aside for other sessions.
    so_far : Running or None
        The running total on the tariff, where it is kept for longer than a session: a postpaid cycle.
    """

    buckets: list[Bucket]
    credit: int
    tariff: Tariff | None
    held: Mapping[int, int] = MappingProxyType({})
    so_far: Running | None = None

    def left(self, bucket: Bucket) -> int:
        """Return the bytes of a bucket that nobody holds."""
        return bucket.left - self.held.get(bucket.id, 0)


def plan(purse: Purse, flow: Flow, session: Session) -> tuple[list[Draw], Flow]:
    """Work out who serves the bytes of a flow; nothing is changed.

    Returns
    -------
    list of Draw
        In the order in which they pay.
    Flow
        What nobody can serve.
    """
    draws: list[Draw] = []
    totals = dict(session.totals)
    if purse.so_far:
        totals[MAIN] = purse.so_far
    credit, rest = max(purse.credit, 0), flow
    for source, tariff, most in _sources(purse, dict(totals)):
        if not rest:
            break
        key = source.id if source else MAIN
        before = totals.get(key, NOTHING_YET)
        data = purse.left(source) if source else None
        served, after = afford(tariff, cut(rest, most)[0], credit=credit, before=before, data=data)
        if served:
            carried, rest = cut(rest, served)
            money = after.charged - before.charged
            fee = 0 if before.used else min(tariff.session_fee, money)
            draws.append(Draw(source, carried, after.billed - before.billed if source else 0, money, fee, after))
            totals[key] = after
            credit -= money
    return draws, rest


def _sources(purse: Purse, totals: Mapping[int, Running]) -> Iterator[tuple[Bucket | None, Tariff, int]]:
    """Yield who may serve, at which tariff, and how much at the most: first what the session has already paid for."""
    everyone: list[tuple[Bucket | None, Tariff]] = [(bucket, bucket.terms.bundle.tariff) for bucket in purse.buckets]
    if purse.tariff:
        everyone.append((None, purse.tariff))
    for source, tariff in everyone:
        total = totals.get(source.id if source else MAIN, NOTHING_YET)
        if total.billed > total.used and not tariff.each_report_alone:
            yield source, tariff, total.billed - total.used
    for source, tariff in everyone:
        yield source, tariff, purse.left(source) if source else LARGEST
        if source and source.terms.bundle.blocker:
            return
