"""Who uses how much, and when: months of usage from measured hours, a surprise, a learner's own file.

A month of usage is made of slots of ten minutes. Whether a slot is in use follows the hour-of-day
shape measured in real networks; how much flows in it is uneven. Everything is drawn from integers:
the same persona, seed and account give the same bytes on every machine.

Examples
--------
>>> trace = month("commuter", seed=7)
>>> trace.at[0].isoformat(), trace.volume[0]
('2026-01-01T00:40:00+03:00', 8640231)
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, TextIO, TypeVar

import numpy as np

from prepaid_model import tables
from prepaid_model.errors import InputError, whole
from prepaid_model.personas import Persona, chances, persona_of
from prepaid_model.tables import DataError, Entry, Moment, Whole
from prepaid_model.units import ZONE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SLOT = 10
"""Minutes in a slot."""
SLOTS_A_DAY = 24 * 60 // SLOT
START = datetime(2026, 1, 1, tzinfo=ZONE)
"""When the months of the lessons begin: a Thursday at midnight."""

T = TypeVar("T")
_WEEKEND = (4, 5)  # Friday and Saturday, as Monday is 0
_SPREAD = {"small": "0.5", "medium": "1.0", "large": "1.5"}
_QUANTILES = 256


class _UsageRow(Entry):
    at: Moment
    uplink_bytes: Whole
    downlink_bytes: Whole


@dataclass(frozen=True)
class UsageTrace:
    """What one account's devices send and receive: one item for each slot in use.

    Parameters
    ----------
    at : tuple of datetime
        When the slots in use begin, in order.
    uplink, downlink : tuple of int
        Bytes sent and bytes received in them.
    start : datetime
        When the trace begins.
    days : int
        How many days it covers.
    slot : int
        Minutes in a slot.
    """

    at: tuple[datetime, ...]
    uplink: tuple[int, ...]
    downlink: tuple[int, ...]
    start: datetime
    days: int
    slot: int = SLOT

    @cached_property
    def volume(self) -> tuple[int, ...]:
        """Bytes in each slot in use, both ways together."""
        return tuple(up + down for up, down in zip(self.uplink, self.downlink, strict=True))

    @property
    def total(self) -> int:
        """Bytes of the whole trace."""
        return sum(self.volume)

    @cached_property
    def daily(self) -> tuple[int, ...]:
        """Bytes of each day, counted from the start."""
        return tuple(sum(self.volume[self.slots_of_day(day)]) for day in range(1, self.days + 1))

    def slots_of_day(self, day: int) -> slice:
        """Where in the trace a day's slots are; day 1 is the first."""
        if not 1 <= whole("day", day) <= self.days:
            raise InputError("day", day, f"a day from 1 to {self.days}")
        midnight = self.start + timedelta(days=day - 1)
        return slice(bisect_left(self.at, midnight), bisect_left(self.at, midnight + timedelta(days=1)))

    def to_frame(self) -> "pd.DataFrame":
        """Return the trace as a table: a row a slot, with ``at``, ``uplink``, ``downlink``, ``volume`` (bytes)."""
        import pandas as pd  # noqa: PLC0415  only who wants a table waits for pandas

        columns = {"uplink": self.uplink, "downlink": self.downlink, "volume": self.volume}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.at, name="at"), dtype="int64")


@lru_cache(maxsize=256)
def month(persona: Persona | str, seed: int, account: int = 0, start: datetime = START, days: int = 30) -> UsageTrace:
    """Return a month of a persona's usage, the same whenever it is asked for.

    Each slot has its own number from a counter-based generator (Philox) keyed by seed and account: no
    other account, and no change of `days`, moves it.

    Parameters
    ----------
    persona : Persona or str
        Who uses the phone, or the id of one of `personas`.
    seed : int
        Which of the possible worlds, 0 to 2**64 − 1.
    account : int
        Which of the persona's accounts in it, 0 to 2**64 − 1.
    start : datetime
        The first midnight.
    days : int
        How many days.

    Raises
    ------
    InputError
        If there is no such persona, or a number is out of its range.

    Examples
    --------
    >>> month("commuter", seed=7).days
    30
    """
    who = persona_of(persona)
    in_use, volume = slots_in_use(who, seed, account, start, days)
    first = start.astimezone(ZONE)
    uplink = volume * who.uplink_permille // 1000
    clock = _clock(first, days)
    return UsageTrace(
        at=tuple(clock[slot] for slot in in_use.tolist()),
        uplink=tuple(uplink.tolist()),
        downlink=tuple((volume - uplink).tolist()),
        start=first,
        days=days,
    )


def slots_in_use(
    persona: Persona, seed: int, account: int = 0, start: datetime = START, days: int = 30
) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
    """Return which slots of a `month` are in use, counted from its start, and the bytes in each: plain arrays.

    Examples
    --------
    >>> slots, volumes = slots_in_use(persona_of("commuter"), seed=7)
    >>> int(slots[0]), int(volumes[0]), int(volumes.sum()) == month("commuter", seed=7).total
    (4, 8640231, True)
    """
    for field, key in (("seed", seed), ("account", account)):
        if whole(field, key) >= 2**64:
            raise InputError(field, key, "less than 2**64")
    if start.tzinfo is None or start.astimezone(ZONE).time() != time.min:
        raise InputError("start", start, "a midnight in Qatar")
    slots = whole("days", days, least=1, unit="days") * SLOTS_A_DAY
    draws = np.random.Philox(key=np.array([seed, account], dtype=np.uint64)).random_raw(slots)
    chances, volumes = profile(persona)
    in_use = np.flatnonzero((draws >> np.uint64(32)) < np.tile(np.repeat(chances, 60 // SLOT), days))
    weekend = np.isin((start.astimezone(ZONE).weekday() + in_use // SLOTS_A_DAY) % 7, _WEEKEND)
    return in_use, volumes[weekend.astype(np.int64), (draws[in_use] & np.uint64(_QUANTILES - 1)).astype(np.int64)]


def surprise(trace: UsageTrace, day: int, volume: int) -> UsageTrace:
    """Return the trace with so many more bytes on one day, in the slots that day uses, in their proportion.

    Day 1 is the first; `volume` is in bytes. A day without usage takes them evenly, a slot an hour.

    Examples
    --------
    >>> quiet = month("commuter", seed=7)
    >>> loud = surprise(quiet, day=12, volume=3_000_000_000)
    >>> loud.total - quiet.total
    3000000000
    """
    extra = whole("volume", volume, unit="bytes")
    where = trace.slots_of_day(day)
    at, ups, downs = trace.at[where], list(trace.uplink[where]), list(trace.downlink[where])  # noqa: PD008  no DataFrame
    if not at:
        at = tuple(trace.start + timedelta(days=day - 1, hours=hour) for hour in range(24))
        ups, downs = [0] * 24, [0] * 24
    sizes = [up + down for up, down in zip(ups, downs, strict=True)]
    weights = sizes if any(sizes) else [1] * len(sizes)
    reached = [extra * part // sum(weights) for part in accumulate(weights, initial=0)]
    for slot, (before, after) in enumerate(pairwise(reached)):
        up = (after - before) * ups[slot] // sizes[slot] if sizes[slot] else 0
        ups[slot] += up
        downs[slot] += after - before - up

    def spliced(column: tuple[T, ...], part: Sequence[T]) -> tuple[T, ...]:
        return (*column[: where.start], *part, *column[where.stop :])

    return replace(
        trace, at=spliced(trace.at, at), uplink=spliced(trace.uplink, ups), downlink=spliced(trace.downlink, downs)
    )


def read_csv(source: Path | str | TextIO) -> UsageTrace:
    """Read somebody's own usage: columns ``at``, ``uplink_bytes``, ``downlink_bytes``, a row a slot.

    Times ascend; one that names no zone is on Qatar's clock. The trace covers whole days, from the
    first time's midnight.

    Raises
    ------
    DataError
        With the line, the field, the value and what was expected.

    Examples
    --------
    >>> read_csv(tables.DATA / "example_month.csv").days
    7
    """
    rows: list[_UsageRow] = []
    for line, row in tables.numbered_rows(source, _UsageRow):
        if rows and row.at <= rows[-1].at:
            file, expected = tables.file_name(source), f"a time after the line above, {rows[-1].at}"
            raise DataError(file, f"line {line}", "at", str(row.at), expected)
        rows.append(row)
    start = rows[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
    return UsageTrace(
        at=tuple(row.at for row in rows),
        uplink=tuple(row.uplink_bytes for row in rows),
        downlink=tuple(row.downlink_bytes for row in rows),
        start=start,
        days=(rows[-1].at - start).days + 1,
    )


@lru_cache(maxsize=64)
def profile(persona: Persona) -> tuple["NDArray[np.uint64]", "NDArray[np.int64]"]:
    """Return the hourly chances, and the possible volumes of a slot: on weekdays, on weekends."""
    week = 5 * 1000 + 2 * persona.weekend_permille
    weekday = persona.daily_volume * 7 * 1000 * 1000 // (week * SLOTS_A_DAY * persona.activity_permille)
    means = (weekday, weekday * persona.weekend_permille // 1000)
    volumes = [[mean * times // 1000 for times in multipliers(persona.unevenness)] for mean in means]
    return np.array(chances(persona), dtype=np.uint64), np.array(volumes, dtype=np.int64)


@lru_cache(maxsize=8)
def multipliers(unevenness: str) -> tuple[int, ...]:
    """Return how far slots in use differ from their mean: 256 equally likely multiples, in thousandths.

    The quantiles of a log-normal distribution, scaled to a mean of exactly 1000.

    Examples
    --------
    >>> table = multipliers("medium")
    >>> sum(table) // 256, table[0], table[128], table[-1]
    (1000, 34, 613, 10930)
    """
    middle = (NormalDist().inv_cdf((2 * rank + 1) / (2 * _QUANTILES)) for rank in range(_QUANTILES))
    shape = [(Decimal(_SPREAD[unevenness]) * Decimal(quantile)).exp() for quantile in middle]
    table = [round(1000 * _QUANTILES * part / sum(shape)) for part in shape]
    table[-1] += 1000 * _QUANTILES - sum(table)
    return tuple(table)


@lru_cache(maxsize=16)
def _clock(first: datetime, days: int) -> tuple[datetime, ...]:
    """Return when the slots begin; shared, so that a thousand traces hold these moments once."""
    return tuple(first + timedelta(minutes=SLOT * slot) for slot in range(days * SLOTS_A_DAY))
