"""How much time a warning leaves: many months drawn once, and counted for any threshold, delay and reading time.

A warning at a share used is in time if it is read before the bundle is used up. So all that matters of a
month is when each percentage of the bundle is reached. These moments are found once; whatever happens to
the message afterwards is a comparison of whole minutes.

The months are a persona's, with measured hours of the day. How unevenly the days differ is assumed, as
nothing measured was found: three days drawn from the thirty, `HEAVY_DAYS`, are given a share of the bytes.
Their share of ten percent leaves the month as it is.

Examples
--------
>>> from prepaid_model.catalogue import catalogue
>>> months = reached("student", catalogue().bundles["week_1gb"], heavy=EVEN)
>>> months.cut_off(percent=80, wait=24 * 60), len(months)
(729, 1000)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from prepaid_model.alerts import ALL_USED, Alert, Channel, UsedShare
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, whole
from prepaid_model.forecast import Forecast, daily_usage, forecast
from prepaid_model.offers import Bundle
from prepaid_model.personas import persona_of
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.reader import Reader
from prepaid_model.simulation import PrepaidTrace, simulate
from prepaid_model.usage import SLOT, SLOTS_A_DAY, START, UsageTrace, month, slots_in_use

SEED = 10
"""The world in which the months are drawn."""
MONTHS = 1000
DAYS = 30
HEAVY_DAYS = 3
EVEN = 100 * HEAVY_DAYS // DAYS
"""Percent of the bytes that heavy days take when they are like any others."""
NOT_REACHED = 2**31 - 1
"""Minute of what does not happen while the bundle is valid."""
DAY = 24 * 60  # minutes

Minutes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Reached:
    """When each month reached each percentage of the bundle.

    Parameters
    ----------
    minute : array of int
        A row for each month, a column for each percentage from 1 to 100: minutes since the purchase at
        the start of the month, `NOT_REACHED` if not while the bundle was valid.
    """

    minute: Minutes

    def __len__(self) -> int:
        return len(self.minute)

    @property
    def ends(self) -> Minutes:
        """When the bundle was used up in each month."""
        return self.minute[:, -1]

    @property
    def used_up(self) -> int:
        """In how many months the bundle was used up while it was valid."""
        return int((self.ends < NOT_REACHED).sum())

    def too_late(self, wait: int) -> NDArray[np.int64]:
        """Count, for each percentage from 1 to 100, the months whose warning was read when nothing was left.

        Parameters
        ----------
        wait : int
            Minutes from the sending of a message until it is acted on: its delay, and the time until it is read.
        """
        ends = self.ends[:, np.newaxis]
        late = (ends < NOT_REACHED) & (self.minute + whole("wait", wait, unit="minutes") >= ends)
        counts: NDArray[np.int64] = late.sum(axis=0, dtype=np.int64)
        return counts

    def cut_off(self, percent: int, wait: int) -> int:
        """Count the months whose warning at one percentage was read when nothing was left; see `too_late`."""
        sent = self.minute[:, _column(percent)]
        return int(((self.ends < NOT_REACHED) & (sent + whole("wait", wait, unit="minutes") >= self.ends)).sum())

    def latest(self, wait: int, at_most: int) -> int:
        """Return the latest percentage at which at most so many months are cut off; 0 if the first is too late."""
        return int(np.searchsorted(self.too_late(wait), at_most, side="right"))

    def lead(self, percent: int) -> Minutes:
        """Return the minutes from a percentage to the end, of the months in which the bundle was used up, in order."""
        used_up = self.minute[self.ends < NOT_REACHED]
        return np.sort(used_up[:, -1] - used_up[:, _column(percent)])


def standard_error(count: int, of: int) -> float:
    """Return how far a share counted in so many independent months is off by chance, typically.

    Examples
    --------
    >>> round(standard_error(200, of=1000), 4)
    0.0126
    """
    share = count / of
    return float(np.sqrt(share * (1 - share) / of))


@lru_cache(maxsize=64)
def reached(persona: str, bundle: Bundle, heavy: int, seed: int = SEED, months: int = MONTHS) -> Reached:
    """Find when many months reach each percentage of a bundle that is bought at their start.

    Parameters
    ----------
    persona : str
        Whose months; month number `n` is `month(persona, seed, account=n)`, made `uneven`.
    bundle : Bundle
        What is bought.
    heavy : int
        Percent of a month's bytes on its heavy days, of which there are `HEAVY_DAYS`.
    seed, months : int
        Which world; how many of its months.
    """
    drawn = _drawn(persona, seed, whole("months", months, least=1))
    parts = _permille(heavy)
    total = np.cumsum(drawn.volume * np.where(drawn.heavy, *parts) // 1000)
    before = np.concatenate(([0], total))[drawn.first[:-1]]
    used = bundle.volume - bundle.volume * (ALL_USED - np.arange(1, ALL_USED + 1)) // ALL_USED
    place = np.searchsorted(total, before[:, np.newaxis] + used)
    minutes = np.append(drawn.minute, NOT_REACHED)[place]
    valid = min(bundle.lasts // timedelta(minutes=1), DAYS * DAY)
    return Reached(np.where((place < drawn.first[1:, np.newaxis]) & (minutes < valid), minutes, NOT_REACHED))


@dataclass(frozen=True)
class _Drawn:
    """Slots in use of all months, one after the other: when, how much, on a heavy day or not; where each begins."""

    minute: Minutes
    volume: NDArray[np.int64]
    heavy: NDArray[np.bool_]
    first: NDArray[np.int64]


@lru_cache(maxsize=8)
def _drawn(persona: str, seed: int, months: int) -> _Drawn:
    who, minute, volume, heavy = persona_of(persona), [], [], []
    for account in range(months):
        slots, volumes = slots_in_use(who, seed, account, days=DAYS)
        minute.append(slots * SLOT)
        volume.append(volumes)
        heavy.append(np.isin(slots // SLOTS_A_DAY + 1, heavy_days(seed, account)))
    first = np.cumsum([0, *(len(slots) for slots in minute)])
    return _Drawn(np.concatenate(minute), np.concatenate(volume), np.concatenate(heavy), first)


def heavy_days(seed: int, account: int) -> tuple[int, ...]:
    """Draw which days of a month are heavy ones; 1 is the first. They differ in all months, whoever's they are.

    Examples
    --------
    >>> heavy_days(SEED, account=0)
    (4, 13, 19)
    """
    draws = np.random.Philox(key=np.array([seed, account], dtype=np.uint64)).jumped().random_raw(HEAVY_DAYS)
    days = list(range(1, DAYS + 1))
    return tuple(sorted(days.pop(draw % len(days)) for draw in draws.tolist()))


def uneven(trace: UsageTrace, days: Sequence[int], heavy: int) -> UsageTrace:
    """Return a trace whose heavy days take so many percent of its bytes, on average, and the others the rest.

    Examples
    --------
    >>> calm = month("student", SEED)
    >>> wild = uneven(calm, (4, 13, 19), 50)
    >>> uneven(calm, (4, 13, 19), EVEN) == calm, round(wild.total / calm.total, 2)
    (True, 0.99)
    """
    on, off = _permille(heavy)
    numbers = ((at - trace.start) // timedelta(days=1) + 1 for at in trace.at)
    parts = [on if number in days else off for number in numbers]
    volumes = [volume * part // 1000 for volume, part in zip(trace.volume, parts, strict=True)]
    up = tuple(uplink * part // 1000 for uplink, part in zip(trace.uplink, parts, strict=True))
    return replace(trace, uplink=up, downlink=tuple(all_ - sent for all_, sent in zip(volumes, up, strict=True)))


@lru_cache(maxsize=16)
def one_month(persona: str, heavy: int, account: int, seed: int = SEED, days: int = DAYS) -> UsageTrace:
    """Return one of the months that `reached` counts, or its first days."""
    return uneven(month(persona, seed, account, days=days), heavy_days(seed, account), heavy)


@dataclass(frozen=True)
class Life:
    """What became of a bundle: the trace of its account, the alerts that were sent, and when its owner recharged."""

    trace: PrepaidTrace
    sent: tuple[Alert, ...]
    recharged: tuple[datetime, ...]

    @property
    def used_up(self) -> datetime | None:
        """When nothing was left of the first bundle; None if that did not happen while it was valid."""
        end = self.alert(ALL_USED)
        return end.at if end else None

    @property
    def cut_off(self) -> bool:
        """Tell whether the first bundle was used up before its owner had recharged."""
        end = self.used_up
        return end is not None and not any(at < end for at in self.recharged)

    def alert(self, percent: int) -> Alert | None:
        """Return the alert that said that so much of the first bundle was used, if there was one."""
        first = self.sent[0].bucket if self.sent else 0
        return next((each for each in self.sent if (each.rule, each.bucket) == (UsedShare(percent), first)), None)

    def forecast(self, percent: int) -> Forecast | None:
        """Return when the bundle's end was expected when an alert was sent; None if too little was known by then."""
        told = self.fan(percent, 1)
        return told[-1][1] if told else None

    def fan(self, percent: int, steps: int) -> list[tuple[int, Forecast]]:
        """Return how the bytes left were expected to go when an alert was sent: how many are left, and when.

        The first is the moment itself, the last the end; there is none if fewer than two days were known.
        """
        alert = self.alert(percent)
        if alert is None:
            return []
        ledger = self.trace.account.ledger
        daily, left = daily_usage(ledger, at=alert.at), ledger[alert.entry].left
        if len(daily) < 2:
            return []
        parts = [left * step // steps for step in range(steps + 1)]
        return [(left - part, forecast(daily, part, at=alert.at)) for part in parts]


def live(
    usage: UsageTrace, bundle: Bundle, acts_on: int, others: tuple[int, ...], delay: timedelta, reading: timedelta
) -> Life:
    """Let an account live through a month: its bundle is bought at the start, and again when a warning is read.

    Parameters
    ----------
    usage : UsageTrace
        What the owner wants to send and receive.
    bundle : Bundle
        What is bought.
    acts_on, others : int, tuple of int
        The percentage used whose alert the owner acts on; others that send one too, besides that of all used.
    delay, reading : timedelta
        How long a message travels, and how long until it is read and acted on.

    Examples
    --------
    >>> hour, week = timedelta(hours=1), catalogue().bundles["week_1gb"]
    >>> life = live(one_month("student", EVEN, account=0), week, 80, (), 0 * hour, 24 * hour)
    >>> life.cut_off
    True
    """
    shop = catalogue()
    account = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=usage.start)
    account.top_up(bundle.price, at=usage.start)
    account.buy(bundle, at=usage.start)
    reader = Reader(account, bundle, acts_on, (*others, ALL_USED), Channel("message", delay), reading)
    trace = simulate(account, usage, inbox=reader)
    return Life(trace, tuple(reader.sent), tuple(reader.recharged))


def forecasts_kept(
    persona: str, bundle: Bundle, heavy: int, percent: int, seed: int = SEED, months: int = MONTHS
) -> tuple[int, int]:
    """Count how often a forecast made at a percentage used holds the true end, and how often one could be made.

    Examples
    --------
    >>> forecasts_kept("student", catalogue().bundles["month_5gb"], EVEN, percent=80, months=100)
    (79, 100)
    """
    found = reached(persona, bundle, heavy, seed, months)
    drawn, parts = _drawn(persona, seed, months), _permille(heavy)
    total = np.concatenate(([0], np.cumsum(drawn.volume * np.where(drawn.heavy, *parts) // 1000)))
    kept = made = 0
    for account, row in enumerate(found.minute):
        sent, end = int(row[_column(percent)]), int(row[-1])
        if sent // DAY < 2 or end == NOT_REACHED:
            continue
        first, last = drawn.first[account], drawn.first[account + 1]
        edges = np.arange(sent % DAY, sent + 1, DAY)
        used = total[first + np.searchsorted(drawn.minute[first:last], edges)]
        through = total[first + np.searchsorted(drawn.minute[first:last], sent, side="right")] - total[first]
        told = forecast(
            np.diff(used).tolist(), int(max(bundle.volume - through, 0)), at=START + timedelta(minutes=sent)
        )
        made += 1
        kept += told.earliest <= START + timedelta(minutes=end) <= told.latest
    return kept, made


def _column(percent: int) -> int:
    if whole("percent used", percent, least=1) > ALL_USED:
        raise InputError("percent used", percent, "1 to 100")
    return percent - 1


def _permille(heavy: int) -> tuple[int, int]:
    """Return how many times its bytes a heavy day gets, and any other day, in thousandths."""
    if whole("heavy days' share", heavy, unit="percent") > 100:
        raise InputError("heavy days' share", heavy, "0 to 100 percent")
    return 1000 * heavy // EVEN, 1000 * (100 - heavy) // (100 - EVEN)
