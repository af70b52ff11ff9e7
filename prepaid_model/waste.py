"""What each debit order wastes: the same purchases and the same usage, lived through once for each order.

Wasted is what expired unused. It is counted in bytes, and in money: its share of the price that was
paid for it. What is rolled over is not wasted, until it expires in its new bucket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from prepaid_model.buckets import ORDERS, Bucket
from prepaid_model.catalogue import catalogue
from prepaid_model.earning import granted, moves
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Validity
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import PrepaidTrace
from prepaid_model.timeline import Rank
from prepaid_model.units import GB, QAR, quantity
from prepaid_model.usage import START, UsageTrace

SOONEST = "soonest expiry"
NIGHT = range(6)
"""Hours of the day that are night."""
STEP = 3
"""Hours between two steps of even usage."""
FORTNIGHT = 14
DAY = timedelta(days=1)
_GRANTS = (Kind.GRANT, Kind.ROLLED_IN)
_ENDS = (Kind.USAGE, Kind.ROLLED_OUT, Kind.EXPIRED)
_ALWAYS = Lifecycle((Validity(1, timedelta(days=365)),))


@dataclass(frozen=True)
class Purchase:
    """A bundle bought at a moment.

    Parameters
    ----------
    bundle : Bundle
        What is bought.
    at : datetime
        When.
    again : bool
        Whether it is bought once more at its end.
    """

    bundle: Bundle
    at: datetime
    again: bool = False


@dataclass(frozen=True)
class Case:
    """What happens to an account, whatever its debit order.

    Parameters
    ----------
    purchases : tuple of Purchase
        In order of time.
    usage : UsageTrace
        What its owner uses from the day it starts.
    credit : int
        Micros in the main balance for usage that no bucket serves; each purchase is topped up for as it is made.
    used_before : int
        Bytes of the first purchase that were used before any other, at once.
    """

    purchases: tuple[Purchase, ...]
    usage: UsageTrace
    credit: int = 0
    used_before: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its bundles, as they were bought."""
        return tuple(dict.fromkeys(purchase.bundle.name for purchase in self.purchases))


class Loss(NamedTuple):
    """Data that expired unused.

    Parameters
    ----------
    at : datetime
        When.
    name : str
        The bundle it was of.
    volume : int
        Bytes.
    """

    at: datetime
    name: str
    volume: int


class Fate(NamedTuple):
    """What became of one bucket, in bytes: what was there is used, rolled over or expired.

    Parameters
    ----------
    name : str
        Its bundle, and how it came about if that was not by a purchase of the owner.
    there, used, rolled, expired : int
        Bytes: granted or left as the usage starts; used since; rolled over into the next period; expired unused.
    worth : int
        Micros: what the expired bytes had cost.
    """

    name: str
    there: int
    used: int
    rolled: int
    expired: int
    worth: int


@dataclass(frozen=True)
class Outcome:
    """What became of a case under one debit order."""

    case: Case
    order: str
    trace: PrepaidTrace

    @cached_property
    def fates(self) -> tuple[Fate, ...]:
        """What became of each bucket, in the order in which they were granted."""
        return tuple(self._fate(int(place) + 1) for place in np.flatnonzero(np.isin(self.trace.rows["kind"], _GRANTS)))

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """What expired unused, in order of time."""
        ledger, rows = self.trace.account.ledger, self.trace.rows
        ends = np.flatnonzero((rows["kind"] == Kind.EXPIRED) & (rows["volume"] != 0))
        return tuple(
            Loss(ledger[int(place) + 1].at, ledger.notes[int(place) + 1], -int(rows["volume"][place])) for place in ends
        )

    def _fate(self, bucket: int) -> Fate:
        ledger, rows = self.trace.account.ledger, self.trace.rows
        grant, own = ledger[bucket], rows["bucket"] == bucket
        sums = {kind: -int(rows["volume"][own & (rows["kind"] == kind)].sum()) for kind in _ENDS}
        worth = granted(ledger, grant)
        worth = worth._replace(used=sums[Kind.USAGE], left=worth.left - sums[Kind.USAGE])  # all of it before its end
        worth_expired = 0
        for place in np.flatnonzero(own & np.isin(rows["kind"], (Kind.ROLLED_OUT, Kind.EXPIRED))):
            entry = ledger[int(place) + 1]
            if entry.kind is Kind.EXPIRED:
                worth_expired += worth.share(-entry.volume)
            worth = worth.after(entry, moves(worth, entry))
        bundle, first = ledger.notes[bucket], self.case.purchases[0]
        before = self.case.used_before if (grant.at, bundle) == (first.at, first.bundle.name) else 0
        how = ", rolled over" if grant.kind is Kind.ROLLED_IN else ""
        if not how and (grant.at, bundle) not in {(bought.at, bought.bundle.name) for bought in self.case.purchases}:
            how = ", bought again"
        used, rolled, expired = (sums[kind] for kind in _ENDS)
        return Fate(bundle + how, grant.volume - before, used - before, rolled, expired, worth_expired)

    @cached_property
    def wasted(self) -> int:
        """Bytes that expired unused."""
        return sum(loss.volume for loss in self.losses)

    @cached_property
    def worth(self) -> int:
        """What they had cost, in micros."""
        return sum(fate.worth for fate in self.fates)

    @cached_property
    def granted(self) -> int:
        """Bytes there were, on the day the usage starts and bought since."""
        return self.trace.total(Kind.GRANT, column="volume") - self.case.used_before

    @cached_property
    def rolled(self) -> int:
        """Bytes rolled over into another period."""
        return self.trace.total(Kind.ROLLED_IN, column="volume")

    @cached_property
    def by_money(self) -> int:
        """Micros that the main balance paid for usage that no bucket served."""
        return -self.trace.total(Kind.USAGE)

    @cached_property
    def runs_dry(self) -> datetime | None:
        """When for the first time no bucket serves what is used; None if that never happens."""
        rows = self.trace.rows
        short = (rows["kind"] == Kind.DENIED) | ((rows["kind"] == Kind.USAGE) & (rows["money"] != 0))
        places = np.flatnonzero(short)
        return self.trace.account.ledger[int(places[0]) + 1].at if len(places) else None

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The names of its bundles in the order in which they pay as the usage starts."""
        start, buckets = self.trace.start, []
        for number, bought in enumerate(self.case.purchases):
            terms = self.trace.account.ledger.terms[self._first_grants[bought.bundle.name]]
            left = bought.bundle.volume - (0 if number else self.case.used_before)
            if bought.at <= start:
                buckets.append(Bucket(number, terms, left))
        return tuple(bucket.name for bucket in sorted(buckets, key=ORDERS[self.order]))

    @cached_property
    def _first_grants(self) -> Mapping[str, int]:
        notes = self.trace.account.ledger.notes
        places = np.flatnonzero(self.trace.rows["kind"] == Kind.GRANT)
        return {notes[int(place) + 1]: int(place) + 1 for place in reversed(places)}


def live(case: Case, order: str) -> Outcome:
    """Let a fresh account live through a case.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> outcome = live(three_bundles(daily=600 * MB), "oldest")
    >>> outcome.wasted // MB, [loss.name for loss in outcome.losses]
    (1800, ['1 GB · 7 days', '3 GB · 7 days'])
    """
    first, usage = case.purchases[0], case.usage
    account = PrepaidAccount(
        catalogue().tariffs["standard"], _ALWAYS, opened=min(first.at, usage.start), out_of_bundle=True, order=order
    )
    if case.credit:
        account.top_up(case.credit, at=account.now)
    served = []
    for at, _, what in _timeline(case):
        if isinstance(what, int):
            served.append(account.use(what, at=at).served)
        elif at > what.at:
            _stop_renewing(account, at)
        else:
            _buy(account, what, used=case.used_before if what is first else 0)
    account.advance(usage.start + usage.days * DAY)
    denied = tuple(volume - part for volume, part in zip(usage.volume, served, strict=True))
    return Outcome(case, order, PrepaidTrace(account, usage, tuple(served), denied))


def _timeline(case: Case) -> list[tuple[datetime, Rank, Purchase | int]]:
    """Return the ends of bundles bought again, the purchases and the volumes used, until the usage ends, by time."""
    end = case.usage.start + case.usage.days * DAY
    events: list[tuple[datetime, Rank, Purchase | int]] = []
    for bought in case.purchases:
        events.append((bought.at, Rank.CREDIT, bought))
        if bought.again:
            events.append((bought.at + bought.bundle.lasts, Rank.DUE, bought))
    events += [(at, Rank.USAGE, volume) for at, volume in zip(case.usage.at, case.usage.volume, strict=True)]
    return sorted((event for event in events if event[0] <= end), key=lambda event: event[:2])


def _buy(account: PrepaidAccount, bought: Purchase, *, used: int) -> None:
    """Buy a bundle with money topped up for it; use so much of it at once."""
    if bought.bundle.price:
        account.top_up(bought.bundle.price, at=bought.at)
    account.buy(bought.bundle, at=bought.at, renews=bought.again)
    if used:
        account.use(used, at=bought.at)


def _stop_renewing(account: PrepaidAccount, at: datetime) -> None:
    """Let what was renewed at this moment end for good the next time."""
    account.advance(at)
    for bucket in account.buckets:
        if bucket.terms.renews and bucket.terms.starts == at:
            account.renew_automatically(bucket, False, at=at)


def every_order(case: Case) -> dict[str, Outcome]:
    """Let a case be lived through under each debit order.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> outcomes = every_order(three_bundles(daily=600 * MB))
    >>> {order: outcome.wasted // MB for order, outcome in outcomes.items()}
    {'soonest expiry': 0, 'priority': 0, 'oldest': 1800, 'largest': 1380}
    """
    return {order: live(case, order) for order in ORDERS}


@lru_cache(maxsize=16)
def three_bundles(daily: int, *, night_share: int = 20, rollover: int | None = None, night: bool = False) -> Case:
    """Return the case of the lesson: three bundles bought on different days, two weeks of even usage.

    Parameters
    ----------
    daily : int
        Bytes a day.
    night_share : int
        How much of it is used at night, in per cent.
    rollover : int or None
        Most bytes that the smallest bundle rolls over when it is bought again at its end; None if it is not
        bought again.
    night : bool
        Whether there is also a bundle that serves at night only.

    Raises
    ------
    InputError
        If an amount is no whole number of bytes, or the share none of per cent.
    """
    quantity("daily usage", daily, unit="bytes")
    if quantity("night share", night_share, unit="per cent") > 100:
        raise InputError("night share", night_share, "0 to 100 per cent")
    shop, again = catalogue().bundles, rollover is not None
    small = replace(shop["week_1gb"], rollover=rollover or 0)
    purchases = [
        Purchase(shop["month_5gb"], START - 18 * DAY),
        Purchase(small, START - 3 * DAY, again=again),
        Purchase(shop["week_3gb"], START),
    ]
    if night:
        purchases.append(Purchase(shop["night_2gb"], START))
    return Case(tuple(purchases), even_usage(daily, night_share, FORTNIGHT), credit=30 * QAR, used_before=3 * GB)


def even_usage(daily: int, night_share: int, days: int) -> UsageTrace:
    """Return usage that is the same every day: so many bytes, a share of them (per cent) at night, both spread evenly.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> even_usage(600 * MB, 20, days=2).volume[:4]
    (60000000, 60000000, 80000000, 80000000)
    """
    at_night = daily * night_share // 100
    steps = len(NIGHT) // STEP
    volumes = [*_shared(at_night, steps), *_shared(daily - at_night, 24 // STEP - steps)]
    hours = timedelta(hours=STEP)
    slots = [(place, volume) for place, volume in enumerate(volumes * days) if volume]
    at = tuple(START + place * hours for place, _ in slots)
    return UsageTrace(at, (0,) * len(at), tuple(volume for _, volume in slots), START, days, slot=60 * STEP)


def _shared(volume: int, parts: int) -> list[int]:
    return [volume * (part + 1) // parts - volume * part // parts for part in range(parts)]
