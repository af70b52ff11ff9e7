"""How long will it last? A forecast of the time left, with a band, from usage so far.

Days are taken as alike and apart from one another: after `d` of them the volume used is about `d` times
the mean, give or take a spread that grows with the root of `d`. The band would hold the true moment in
four of five cases if the mean were known. It is only estimated, and weekends differ: from ten days of
usage, the band held in between a half and four of five of the personas' months.
"""

import math
import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from prepaid_model.errors import InputError, whole
from prepaid_model.ledger import EPOCH, Kind, Ledger
from prepaid_model.timeline import NEVER
from prepaid_model.units import in_qatar, quantity

DAY = timedelta(days=1)
BAND = statistics.NormalDist().inv_cdf(0.9)
"""Spreads to either side of a known mean: eighty percent lie between."""
_FAR = 36_500  # days: what lasts a hundred years does not end
_ENOUGH = 2  # days that a spread can be told from


class Forecast(NamedTuple):
    """When what is left will be used up: at the earliest, as expected, at the latest; `NEVER` if it will not."""

    earliest: datetime
    expected: datetime
    latest: datetime


def daily_usage(ledger: Ledger, *, at: datetime) -> tuple[int, ...]:
    """Return the bytes used on each full day (of 24 hours) before a moment, the first entry's day first."""
    now = in_qatar("at", at)
    if not len(ledger):
        return ()
    days = (now - ledger[1].at) // DAY
    rows = ledger.columns()
    used = rows["kind"] == Kind.USAGE
    since = (ledger.moments(rows[used]).view("i8") - (now - days * DAY - EPOCH) // timedelta(microseconds=1)) // (
        DAY // timedelta(microseconds=1)
    )
    sums = np.zeros(days, dtype="i8")
    inside = (since >= 0) & (since < days)
    np.add.at(sums, since[inside], rows["quantity"][used][inside])
    return tuple(sums.tolist())


def forecast(daily: Sequence[int], left: int, *, at: datetime) -> Forecast:
    """Forecast when `left` bytes will be used up.

    Parameters
    ----------
    daily : sequence of int
        Bytes used on each of at least two days so far.
    left : int
        Bytes left.
    at : datetime
        Now.

    Raises
    ------
    InputError
        If there are fewer than two days, or a number of bytes is below zero.

    Examples
    --------
    >>> from prepaid_model.units import MB, parse_moment
    >>> noon = parse_moment("2026-01-05 12:00")
    >>> early, middle, late = forecast([80 * MB, 120 * MB, 100 * MB, 100 * MB], 500 * MB, at=noon)
    >>> print(middle, early < middle < late)
    2026-01-10 12:00:00+03:00 True
    """
    now, volume = in_qatar("at", at), quantity("data left", left, unit="bytes")
    if len(daily) < _ENOUGH:
        raise InputError("daily usage", list(daily), f"at least {_ENOUGH} days")
    for used in daily:
        whole("daily usage", used, unit="bytes")
    mean, spread = statistics.fmean(daily), statistics.stdev(daily)
    return Forecast(*(_after(now, _days(volume, mean, sign * BAND * spread)) for sign in (1, 0, -1)))


def _days(volume: int, mean: float, spread: float) -> float:
    """Return after how many days `mean` times them, plus `spread` times their root, is the volume."""
    if not mean:
        return math.inf
    root = (math.sqrt(spread * spread + 4 * mean * volume) - spread) / (2 * mean)
    return root * root


def _after(now: datetime, days: float) -> datetime:
    return NEVER if days > _FAR else now + timedelta(minutes=math.floor(days * 24 * 60))
