"""Hours of the day, and the bytes that flow in each: all that a price or a bucket needs to know of time."""

from datetime import datetime, timedelta
from typing import Any, TypeAlias

from prepaid_model.errors import InputError
from prepaid_model.units import in_qatar

HOURS = 24
"""In a day."""
_MICROSECOND = timedelta(microseconds=1)

Flow: TypeAlias = tuple[tuple[int, int], ...]
"""Bytes in the order in which they flow: hours of the day, and how many in each."""


def in_hours(hour: int, start: int, end: int) -> bool:
    """Tell whether an hour of the day lies from `start` until `end`, over midnight if `end` is not later.

    Examples
    --------
    >>> in_hours(23, 22, 6), in_hours(6, 22, 6), in_hours(5, 0, 6)
    (True, False, True)
    """
    return start <= hour < end if start < end else hour >= start or hour < end


def check_hours(field: str, start: Any, end: Any) -> None:
    """Raise `InputError` unless both are hours of the day."""
    if type(start) is not int or type(end) is not int or not (0 <= start < HOURS and 0 <= end <= HOURS):
        raise InputError(field, (start, end), "whole hours of the day, from 0 to 24")


def spread(volume: int, at: datetime, until: datetime | None = None) -> Flow:
    """Return when bytes flow, evenly from `at` until `until`, or all at `at`: split at each full hour.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> spread(100, parse_moment("2026-01-01 05:45"), parse_moment("2026-01-01 06:45"))
    ((5, 25), (6, 75))
    """
    at = in_qatar("at", at)
    if until is None or until == at:
        return ((at.hour, volume),) if volume else ()
    length = (in_qatar("until", until) - at) // _MICROSECOND
    if length < 0:
        raise InputError("until", str(until), f"no earlier than {at}")
    parts, done, hour = [], 0, at.replace(minute=0, second=0, microsecond=0)
    while done < volume:
        ends = min((hour + timedelta(hours=1) - at) // _MICROSECOND, length)
        # Byte number n flows when n / volume of the time is over: those before `ends` are a ceiling.
        flowed = -(-volume * ends // length)
        if flowed > done:
            parts.append((hour.hour, flowed - done))
        done, hour = flowed, hour + timedelta(hours=1)
    return tuple(parts)


def size(flow: Flow) -> int:
    """Return the bytes of a flow."""
    return sum(part for _, part in flow)


def cut(flow: Flow, volume: int) -> tuple[Flow, Flow]:
    """Cut a flow after so many bytes.

    Examples
    --------
    >>> cut(((5, 50), (6, 50)), 70)
    (((5, 50), (6, 20)), ((6, 30),))
    """
    done = 0
    for place, (hour, part) in enumerate(flow):
        if done + part > volume:
            split = volume - done
            front = (*flow[:place], (hour, split)) if split else flow[:place]
            return front, ((hour, part - split), *flow[place + 1 :])
        done += part
    return flow, ()
