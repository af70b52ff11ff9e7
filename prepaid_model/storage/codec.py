"""What an entry agreed, as JSON text and back: every thing under its name, every field written out.

Nothing but the kinds of things listed here can be written or read, so that a file can do no more than hold
data. Times are Qatar's clock on the wall, lengths of time whole microseconds.

Examples
--------
>>> from prepaid_model.units import QAR
>>> print(write(AutoTopUp(threshold=5 * QAR, amount=25 * QAR)))
{"AutoTopUp":{"threshold":5000000,"amount":25000000}}
>>> read(write(AutoTopUp(5 * QAR, 25 * QAR))) == AutoTopUp(5 * QAR, 25 * QAR)
True
"""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from prepaid_model.billing import Dunning, Issued, Unpaid
from prepaid_model.buckets import Terms
from prepaid_model.credit import AutoTopUp
from prepaid_model.cycles import Cycle, Period
from prepaid_model.errors import InputError
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.rating import HourPrice, Running, Tariff, Tier
from prepaid_model.storage import Damaged
from prepaid_model.storage.parts import Postpaid, PostpaidStanding, Prepaid, PrepaidStanding
from prepaid_model.units import ZONE

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Tariff, Tier, HourPrice, Running),
        *(Bundle, Terms, Lifecycle, Validity, AutoTopUp),
        *(Plan, Period, Cycle, Issued, Unpaid, Dunning),
        *(Prepaid, PrepaidStanding, Postpaid, PostpaidStanding),
    )
}
"""What can be written, by its name in the text."""

MOMENT, LENGTH = "at", "microseconds"
_MICROSECOND = timedelta(microseconds=1)


def _fields(kind: Any) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind) if field.init)
    names: tuple[str, ...] = kind._fields
    return names


_FIELDS = {kind: _fields(kind) for kind in KINDS.values()}
compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Whole numbers and texts as JSON, in the one way that hashes are made of."""


def write(value: Any) -> str:
    """Return a thing as text.

    Raises
    ------
    InputError
        If it is none of the kinds that a store keeps.
    """
    return compact(_plain(value))


def read(text: str) -> Any:
    """Return the thing that a text stands for.

    Raises
    ------
    Damaged
        If it stands for none.
    """
    try:
        return _thing(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as why:
        raise Damaged(f"{text[:60]!r} stands for nothing: {why}") from why


def clock_text(at: datetime) -> str:
    """Return a moment on Qatar's clock as text; texts are in the order of the moments.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> clock_text(parse_moment("2026-01-01 09:00"))
    '2026-01-01 09:00:00'
    """
    return at.replace(tzinfo=None).isoformat(" ")


def clock_moment(text: str) -> datetime:
    """Return the moment that a text stands for."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except (ValueError, TypeError) as why:
        raise Damaged(f"{text!r} is no moment") from why


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (int, str, bool):
        return value
    if kind in _FIELDS:
        return {kind.__name__: {name: _plain(getattr(value, name)) for name in _FIELDS[kind]}}
    if kind is datetime:
        return {MOMENT: clock_text(value)}
    if kind is timedelta:
        return {LENGTH: value // _MICROSECOND}
    if kind in (tuple, list):
        return [_plain(part) for part in value]
    raise InputError("terms", value, f"text, whole numbers, times, or one of {', '.join(KINDS)}")


def _thing(plain: Any) -> Any:
    if plain is None or type(plain) in (int, str, bool):
        return plain
    if type(plain) is list:
        return tuple(_thing(part) for part in plain)
    ((name, inside),) = plain.items()
    if name == MOMENT:
        return clock_moment(inside)
    if name == LENGTH:
        return inside * _MICROSECOND
    kind = KINDS[name]
    if inside.keys() != set(_FIELDS[kind]):
        raise ValueError(f"{name} has other fields")
    return kind(**{field: _thing(part) for field, part in inside.items()})
