"""Traffic as a gateway sees it: so many bytes each way in an interval, flowing evenly, counted exactly.

By any moment a flow has brought the floor of its even share, so that the parts of a flow, however it
is cut, add up to the whole. Inside, time is a whole number of microseconds.

Examples
--------
>>> from prepaid_model.units import MB, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> stream = Stream(Flow(nine, nine + timedelta(seconds=3), uplink=1, downlink=10))
>>> second = tick(nine + timedelta(seconds=1))
>>> stream.waiting(second), stream.take(second, most=2), stream.take(second, most=2)
(3, Octets(input=0, output=2), Octets(input=0, output=1))
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from prepaid_model.credit_control import Octets
from prepaid_model.errors import InputError, whole
from prepaid_model.units import ZONE, in_qatar, quantity

EPOCH = datetime(1970, 1, 1, tzinfo=ZONE)
SECOND = 10**6
"""Ticks in a second."""
INTERNET = 0
"""The rating group of traffic that nobody put into another one."""

_TICK = timedelta(microseconds=1)


def tick(at: datetime) -> int:
    """Return a moment as microseconds since 1970, in Qatar."""
    return (at - EPOCH) // _TICK


def moment(ticks: int) -> datetime:
    """Return the moment of a tick.

    Examples
    --------
    >>> print(moment(tick(datetime(2026, 1, 1, 9, tzinfo=ZONE))))
    2026-01-01 09:00:00+03:00
    """
    return EPOCH + timedelta(microseconds=ticks)


def ticks(field: str, duration: Any, *, least: int = 0) -> int:
    """Return a duration in ticks.

    Raises
    ------
    InputError
        If it is none, or shorter than `least` ticks.
    """
    if not isinstance(duration, timedelta) or duration // _TICK < least:
        raise InputError(field, duration, f"a time of {timedelta(microseconds=least)} or longer")
    return duration // _TICK


@dataclass(frozen=True, slots=True)
class Flow:
    """Bytes of one kind of traffic, spread evenly over an interval.

    Parameters
    ----------
    at, until : datetime
        The interval; all at once if they are the same.
    uplink, downlink : int
        Bytes from the device and bytes to it.
    rating_group : int
        Which kind of traffic.

    Raises
    ------
    InputError
        If the bytes are no whole numbers, or the interval ends before it begins.
    """

    at: datetime
    until: datetime
    uplink: int = 0
    downlink: int = 0
    rating_group: int = INTERNET

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", in_qatar("flow from", self.at))
        object.__setattr__(self, "until", in_qatar("flow until", self.until))
        quantity("uplink", self.uplink, unit="bytes")
        quantity("downlink", self.downlink, unit="bytes")
        whole("rating group", self.rating_group)
        if self.until < self.at:
            raise InputError("flow until", self.until, f"{self.at} or later")

    @property
    def volume(self) -> int:
        """Bytes both ways."""
        return self.uplink + self.downlink


class Slots(Protocol):
    """Usage in slots of so many minutes; a `prepaid_model.usage.UsageTrace` is one."""

    @property
    def at(self) -> Sequence[datetime]: ...  # noqa: D102
    @property
    def uplink(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def downlink(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def slot(self) -> int: ...  # noqa: D102


def flows_of(usage: Slots, rating_group: int = INTERNET) -> tuple[Flow, ...]:
    """Return a trace of usage as flows, one a slot."""
    length = timedelta(minutes=usage.slot)
    columns = zip(usage.at, usage.uplink, usage.downlink, strict=True)
    return tuple(Flow(at, at + length, up, down, rating_group) for at, up, down in columns)


class Stream:
    """A flow on its way through a gateway: what has arrived, and what became of it.

    Attributes
    ----------
    passed, blocked, redirected : Octets
        Bytes that went on, that were dropped, that went to the page they were redirected to.
    """

    __slots__ = ("_taken", "blocked", "end", "flow", "group", "passed", "redirected", "start")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.group = flow.rating_group
        self.start, self.end = tick(flow.at), tick(flow.until)
        self._taken = Octets()
        self.passed = self.blocked = self.redirected = Octets()

    def waiting(self, now: int) -> int:
        """Return the bytes that have arrived and have not been taken."""
        return sum(self._arrived(now)) - sum(self._taken)

    def take(self, now: int, most: int | None = None) -> Octets:
        """Take what has arrived, `most` bytes at most: each way its even part of them."""
        up, down = self._arrived(now)
        up, down = up - self._taken.input, down - self._taken.output
        if most is not None and most < up + down:
            up, down = (part := up * most // (up + down)), most - part
        taken = Octets(up, down)
        self._taken += taken
        return taken

    def _arrived(self, now: int) -> tuple[int, int]:
        if now >= self.end:
            return self.flow.uplink, self.flow.downlink
        elapsed, length = max(now - self.start, 0), self.end - self.start
        return self.flow.uplink * elapsed // length, self.flow.downlink * elapsed // length


def reaches(streams: Iterable[Stream], volume: int, now: int, until: int) -> int | None:
    """Return the first tick after `now`, up to `until`, by which so many bytes wait; None if that comes later.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> nine = parse_moment("2026-01-01 09:00")
    >>> slow = Stream(Flow(nine, nine + timedelta(hours=1), downlink=3600))
    >>> found = reaches([slow], 60, tick(nine), tick(nine + timedelta(hours=1)))
    >>> print(moment(found))
    2026-01-01 09:01:00+03:00
    """
    streams = tuple(streams)

    def wait(at: int) -> int:
        return sum(stream.waiting(at) for stream in streams)

    if wait(until) < volume:
        return None
    return now + 1 + bisect_left(range(now + 1, until), volume, key=wait)
