"""Billing cycles: from bill day to bill day, and what a part of one costs under a plan.

A cycle begins at midnight of the bill day, Qatar time; where a month is too short for it, on the month's
last day. A part of a cycle costs its days over the days of the cycle it belongs to, so that the same
day costs more in February than in March.

Examples
--------
Ten riyals a month from 1 to 15 September, in the cycle of 31 days that began on 15 August:

>>> from prepaid_model.units import QAR, format_money, parse_moment
>>> first = parse_moment("2011-09-01")
>>> cycle = cycle_at(first, bill_day=15)
>>> cycle.days, cycle.days_from(first), format_money(share_of_fee(10 * QAR, cycle, first))
(31, 14, 'QAR 4.52')
"""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import NamedTuple

from prepaid_model.errors import InputError
from prepaid_model.offers import Plan
from prepaid_model.units import DIRHAM, ZONE

LAST_BILL_DAY = 31


class Cycle(NamedTuple):
    """The time from one bill day to the next.

    Parameters
    ----------
    starts, ends : datetime
        Midnights in Qatar; the end is the start of the next cycle.
    """

    starts: datetime
    ends: datetime

    @property
    def days(self) -> int:
        """Its length in days."""
        return (self.ends - self.starts).days

    def days_from(self, at: datetime) -> int:
        """Return how many of its days remain, the day of `at` included."""
        return (self.ends.date() - at.date()).days


class Period(NamedTuple):
    """What a monthly fee pays for: the rest of a cycle under a plan. Kept with the fee's entry.

    Parameters
    ----------
    plan : Plan
        The plan.
    starts : datetime
        When it begins: with the cycle, with the contract, or with a change of plan.
    cycle : Cycle
        The cycle that it ends with, unless the plan changes or the contract ends before.
    """

    plan: Plan
    starts: datetime
    cycle: Cycle

    @property
    def whole(self) -> bool:
        """Whether it is a whole cycle."""
        return self.starts.date() == self.cycle.starts.date()


def cycle_at(at: datetime, bill_day: int) -> Cycle:
    """Return the cycle that a moment lies in.

    Parameters
    ----------
    bill_day : int
        Day of the month, 1 to 31.

    Raises
    ------
    InputError
        If the bill day is no day of a month.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> cycle = cycle_at(parse_moment("2026-02-10 12:00"), bill_day=31)
    >>> print(cycle.starts.date(), cycle.ends.date())
    2026-01-31 2026-02-28
    """
    if type(bill_day) is not int or not 1 <= bill_day <= LAST_BILL_DAY:
        raise InputError("bill day", bill_day, f"a day of the month, 1 to {LAST_BILL_DAY}")
    this = _bill_day(at.year, at.month, bill_day)
    if at < this:
        before = this.replace(day=1) - timedelta(days=1)
        return Cycle(_bill_day(before.year, before.month, bill_day), this)
    after = this.replace(day=1) + timedelta(days=LAST_BILL_DAY)
    return Cycle(this, _bill_day(after.year, after.month, bill_day))


def share_of_fee(fee: int, cycle: Cycle, since: datetime) -> int:
    """Return what a monthly fee is for the rest of a cycle: by days, half up to the dirham, never more than the fee.

    Examples
    --------
    >>> from prepaid_model.units import QAR, parse_moment
    >>> april = cycle_at(parse_moment("2011-04-29"), bill_day=5)
    >>> share_of_fee(12 * QAR, april, parse_moment("2011-04-29"))  # 6 of 30 days
    2400000
    """
    days = cycle.days_from(since)
    if days == cycle.days:
        return fee
    return min(fee, round_to_dirham(fee * days, cycle.days))


def share_of_volume(volume: int, cycle: Cycle, since: datetime) -> int:
    """Return what a monthly allowance is for the rest of a cycle: by days, down to the byte."""
    return volume * cycle.days_from(since) // cycle.days


def round_to_dirham(micros: int, over: int = 1) -> int:
    """Return `micros` divided by `over`, in whole dirham, half up.

    Examples
    --------
    >>> round_to_dirham(14_999), round_to_dirham(15_000), round_to_dirham(-15_000)
    (10000, 20000, -10000)
    """
    return (2 * micros + over * DIRHAM) // (2 * over * DIRHAM) * DIRHAM


def _bill_day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, min(day, monthrange(year, month)[1]), tzinfo=ZONE)
