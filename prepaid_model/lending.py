"""Who lends to whom: money paid against value consumed, and which of two offers costs less.

Who pays before using lends to the operator; who uses before paying is lent to. How much, and for how long,
is one number: money times time, the area between what has been paid and what has been consumed.

Value is consumed

- from a bundle as its bytes flow, price × used // granted, cumulated; what expires unused is gone then;
- by pay-as-you-go and overage at once;
- from the monthly fee of a plan day by day: what cancelling would not give back any more.

So what has been paid, less what has been consumed, is the balance of the account and what it holds that is
paid for and not yet used.

Examples
--------
Twenty riyals paid on Monday and used on Thursday:

>>> from prepaid_model.prepaid import PrepaidAccount
>>> from prepaid_model.rating import Tariff
>>> from prepaid_model.units import MB, QAR, parse_moment
>>> monday, thursday = parse_moment("2026-01-05 09:00"), parse_moment("2026-01-08 09:00")
>>> account = PrepaidAccount(Tariff(price=50_000), opened=monday, out_of_bundle=True)
>>> _ = account.top_up(20 * QAR, at=monday)
>>> account.use(400 * MB, at=thursday).cost == 20 * QAR
True
>>> riyal_days(lending(account.ledger, until=thursday).by_customer)
60
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from prepaid_model.cycles import Period, share_of_fee
from prepaid_model.earning import Worth, granted, moves
from prepaid_model.errors import InputError
from prepaid_model.ledger import EPOCH, Kind, Ledger, Rows
from prepaid_model.offers import Bundle, Plan
from prepaid_model.rating import NOTHING_YET, Running, Tariff, charge
from prepaid_model.units import QAR, in_qatar, quantity

PAID = (Kind.TOP_UP, Kind.PAYMENT)
"""Kinds of entries with which a customer pays."""
DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 10**6
_FITS = 2**62
_RIYAL_DAY = QAR * (DAY // _MICROSECOND)

Offer: TypeAlias = Tariff | Bundle | Plan
"""What a month's usage may be paid by: the megabyte, bundles bought as often as needed, or a plan."""


@dataclass(frozen=True)
class Lending:
    """Money paid and value consumed, both from the start, and the credit lent between them.

    Parameters
    ----------
    moments : array of int
        When something changed, in microseconds since `ledger.EPOCH`, in order.
    paid, consumed : array of int
        Micros from each moment until the next.
    until : int
        When the account was looked at, in the same microseconds.
    """

    moments: Any
    paid: Any
    consumed: Any
    until: int

    @cached_property
    def by_customer(self) -> int:
        """What the customer lent the operator: micros times microseconds."""
        return self._area(1)

    @cached_property
    def by_operator(self) -> int:
        """What the operator lent the customer: micros times microseconds."""
        return self._area(-1)

    def at(self, moment: datetime) -> tuple[int, int]:
        """Return the micros paid and consumed at a moment, after all that took effect at it."""
        place = int(np.searchsorted(self.moments, _micros(moment), side="right")) - 1
        return (int(self.paid[place]), int(self.consumed[place])) if place >= 0 else (0, 0)

    def _area(self, sign: int) -> int:
        """Add up, as exact whole numbers, the gaps of one sign, each times how long it lasted."""
        gaps = np.maximum(sign * (self.paid - self.consumed), 0)
        lasted = np.diff(self.moments, append=self.until)
        seconds, micros = np.divmod(lasted, _SECOND)
        if int(gaps.max(initial=0)) * max(int(seconds.sum()), int(micros.sum())) >= _FITS:
            gaps = gaps.astype(object)  # whole numbers of any size
        return int(gaps @ seconds) * _SECOND + int(gaps @ micros)


def lending(ledger: Ledger, until: datetime) -> Lending:
    """Return what has been paid and consumed on an account until a moment, included.

    An account's time passes by its own operations only: advance it to `until` first.

    Parameters
    ----------
    ledger : Ledger
        Of a prepaid or a postpaid account.
    until : datetime
        When to stop looking; timezone-aware.

    Examples
    --------
    A postpaid day: a fee of 31 riyals for January, nothing paid yet.

    >>> from prepaid_model.postpaid import PostpaidAccount
    >>> from prepaid_model.units import parse_moment
    >>> plan = Plan("Simple", fee=31 * QAR, allowance=0, overage=Tariff(price=20_000), credit_limit=100 * QAR)
    >>> account = PostpaidAccount(plan, opened=parse_moment("2026-01-01"))
    >>> third = parse_moment("2026-01-03")
    >>> so_far = lending(account.ledger, until=third)
    >>> so_far.at(third)
    (0, 2000000)
    >>> riyal_days(so_far.by_operator)  # one riyal for one day
    1
    """
    end = _micros(in_qatar("until", until))
    rows = ledger.columns()
    moments = ledger.moments(rows).view("i8")
    paid = np.where(np.isin(rows["kind"], PAID), rows["money"], 0)
    owned = rows["money"] + _change_of_data(ledger, rows)  # by the customer: a balance, and what it was turned into
    days = [step for fee, period in _fees(ledger) for step in _change_of_fee(rows, fee, period, end)]
    moments = np.concatenate([moments, [at for at, _ in days]]).astype("i8")
    paid = np.concatenate([paid, np.zeros(len(days), "i8")])
    owned = np.concatenate([owned, [change for _, change in days]]).astype("i8")
    order = np.argsort(moments, kind="stable")
    order = order[: int(np.searchsorted(moments[order], end, side="right"))]
    moments, paid_so_far = moments[order], np.cumsum(paid[order])
    consumed = paid_so_far - np.cumsum(owned[order])
    last = np.diff(moments, append=end + 1) > 0  # what happens at one moment is one step
    moments, paid_so_far, consumed = moments[last], paid_so_far[last], consumed[last]
    changed = (np.diff(paid_so_far, prepend=0) != 0) | (np.diff(consumed, prepend=0) != 0)
    return Lending(moments[changed], paid_so_far[changed], consumed[changed], end)


def riyal_days(area: int) -> int:
    """Return money times time in whole riyal-days, half up; `area` is in micros times microseconds.

    Examples
    --------
    >>> riyal_days(20 * QAR * 3 * 86_400 * 10**6)
    60
    """
    return (2 * area + _RIYAL_DAY) // (2 * _RIYAL_DAY)


def cost(offer: Offer, volume: int) -> int:
    """Return what a month's usage costs under an offer, in micros, if limits and dates allow it.

    A tariff charges it as one session; a bundle is bought as often as it takes; a plan costs its fee, used
    or not, and what goes beyond its allowance.

    Examples
    --------
    >>> from prepaid_model.units import GB, MB
    >>> week = Bundle("1 GB", 10 * QAR, GB, timedelta(days=7))
    >>> [cost(offer, 1500 * MB) // QAR for offer in (Tariff(price=50_000), week)]
    [75, 20]
    """
    quantity("volume", volume, unit="bytes")
    if isinstance(offer, Bundle):
        return -(-volume // offer.volume) * offer.price
    if isinstance(offer, Plan):
        beyond = max(volume - offer.allowance, 0)
        return offer.fee + _at_once(offer.invoiced(beyond), beyond)
    return _at_once(offer, volume)


class Cheaper(NamedTuple):
    """Volumes over which the same of two offers costs less.

    Parameters
    ----------
    start, end : int
        The first byte and the last.
    offer : Tariff, Bundle, Plan or None
        The one that costs less; None where they cost the same.
    """

    start: int
    end: int
    offer: Offer | None


def break_even(one: Offer, other: Offer, *, up_to: int) -> list[Cheaper]:
    """Return which of two offers costs less at which volume, exactly to the byte.

    Costs change in steps, so it is enough to look at the first byte of each step of either.

    Parameters
    ----------
    up_to : int
        The largest volume to look at, in bytes.

    Examples
    --------
    >>> from prepaid_model.units import GB, MB
    >>> by_megabyte, week = Tariff(price=50_000), Bundle("1 GB", 10 * QAR, GB, timedelta(days=7))
    >>> for stretch in break_even(by_megabyte, week, up_to=GB):
    ...     print(stretch.start, stretch.end, getattr(stretch.offer, "name", stretch.offer and "by the megabyte"))
    1 199000000 by the megabyte
    199000001 200000000 None
    200000001 1000000000 1 GB
    """
    quantity("up_to", up_to, least=1, unit="bytes")
    found: list[Cheaper] = []
    for start in sorted({1, *_steps(one, up_to), *_steps(other, up_to)}):
        first, second = cost(one, start), cost(other, start)
        offer = None if first == second else one if first < second else other
        if found and found[-1].offer is offer:
            continue
        if found:
            found[-1] = found[-1]._replace(end=start - 1)
        found.append(Cheaper(start, up_to, offer))
    return found


def _change_of_data(ledger: Ledger, rows: Rows) -> Any:
    """Return by how much each entry changed the micros that buckets hold: paid for, not used."""
    change = np.zeros(len(rows), dtype="i8")
    touched = np.flatnonzero(rows["volume"])
    for bucket in np.unique(rows["bucket"][touched]).tolist():
        places = touched[rows["bucket"][touched] == bucket]
        worth = granted(ledger, ledger[int(places[0]) + 1])
        change[places[0]] = worth.unearned
        used = rows["kind"][places] == Kind.USAGE
        turns = np.flatnonzero(~used).tolist()
        for turn, following in zip(turns, [*turns[1:], len(places)], strict=True):
            if turn:
                entry = ledger[int(places[turn]) + 1]
                after = worth.after(entry, moves(worth, entry))
                change[places[turn]] = after.unearned - worth.unearned
                worth = after
            worth = _use(worth, rows, places[turn + 1 : following], change)
    return change


def _use(worth: Worth, rows: Rows, places: Any, change: Any) -> Worth:
    """Note what usages in a row take from a bucket's worth, as `Worth.after` would for each; return what is left."""
    if not len(places):
        return worth
    left = rows["left"][places]
    used = worth.used - np.cumsum(rows["volume"][places])
    if worth.price * worth.granted >= _FITS:
        used = used.astype(object)
    unearned = np.where(left > 0, worth.price - worth.price * used // worth.granted, 0)
    change[places] = np.diff(unearned, prepend=worth.unearned)
    return Worth(worth.price, worth.granted, int(used[-1]), int(left[-1]))


def _fees(ledger: Ledger) -> Iterator[tuple[int, Period]]:
    return ((entry, agreed) for entry, agreed in ledger.terms.items() if isinstance(agreed, Period))


def _change_of_fee(rows: Rows, fee: int, period: Period, end: int) -> Iterator[tuple[int, int]]:
    """Yield when a monthly fee's days are paid for, used up or given back: microseconds, and micros more or less."""
    given_back = np.flatnonzero((rows["kind"] == Kind.CREDIT_NOTE) & (rows["reverses"] == fee))
    ended = period.cycle.ends
    if len(given_back):
        note = rows[given_back[0]]
        ended = EPOCH + timedelta(int(note["days"]), int(note["seconds"]), int(note["microseconds"]))
    left = -int(rows["money"][fee - 1])
    yield _micros(period.starts), left
    midnight = period.starts.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    while midnight <= ended and _micros(midnight) <= end:
        still = share_of_fee(period.plan.fee, period.cycle, midnight)
        yield _micros(midnight), still - left
        left, midnight = still, midnight + DAY
    if len(given_back):
        yield _micros(ended), -left


def _at_once(tariff: Tariff, volume: int) -> int:
    return charge(tariff, ((0, volume),) if volume else ()).charged


def _steps(offer: Offer, up_to: int) -> Iterator[int]:
    """Yield the first byte of each step of what an offer costs."""
    if isinstance(offer, Bundle):
        yield from range(1, up_to + 1, offer.volume)
    elif isinstance(offer, Plan):
        yield from (offer.allowance + first for first in _steps(offer.overage, up_to - offer.allowance))
    else:
        if offer.hours:
            raise InputError("offer", offer, "a price that does not depend on the hour")
        total: Running = NOTHING_YET
        while total.billed < up_to:
            yield total.billed + 1
            total = charge(offer, ((0, total.billed + 1 - total.used),), total)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND
