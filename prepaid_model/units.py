"""Money, volume and time: whole numbers with names that read like speech.

Money is an ``int`` of micros (one millionth of a riyal), volume an ``int`` of bytes, time a
timezone-aware ``datetime`` in Asia/Qatar. Floats never carry either: they cannot hold 0.10.

Examples
--------
>>> 25 * QAR
25000000
>>> format_money(25 * QAR), format_volume(300 * MB)
('QAR 25.00', '300 MB')
"""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from prepaid_model.errors import InputError, whole

QAR = 1_000_000
"""One riyal, in micros."""
DIRHAM = QAR // 100
"""One hundredth of a riyal, in micros."""

KB = 10**3
MB = 10**6
GB = 10**9
KIB = 2**10
MIB = 2**20
GIB = 2**30

ZONE = ZoneInfo("Asia/Qatar")
"""The clock of every account: UTC+3 all year, no summer time."""

LARGEST = 10**15
"""The largest money or volume an operation takes: a billion riyals, a petabyte. A ledger can hold sums of many."""

_VOLUME_UNITS = {"B": 1, "KB": KB, "MB": MB, "GB": GB, "KIB": KIB, "MIB": MIB, "GIB": GIB}
_PLAIN_NUMBER = r"\d[\d,]*(?:\.\d+)?"


def parse_money(text: str, field: str = "amount") -> int:
    """Read an amount in riyals as micros.

    Raises
    ------
    InputError
        If the text is no amount of zero or more, or is finer than a micro.

    Examples
    --------
    >>> parse_money("25"), parse_money("QAR 12.50"), parse_money("0.05")
    (25000000, 12500000, 50000)
    >>> parse_money("abc", "top-up amount")
    Traceback (most recent call last):
        ...
    prepaid_model.errors.InputError: top-up amount: got 'abc', expected riyals such as 25 or 12.50
    """
    match = re.fullmatch(rf"\s*(?:QAR\s*)?({_PLAIN_NUMBER})\s*", text, re.IGNORECASE)
    return _exact(match and match[1], QAR, field, text, "riyals such as 25 or 12.50")


def parse_volume(text: str, field: str = "volume") -> int:
    """Read a volume with its unit (B, KB, MB, GB, KiB, MiB, GiB) as bytes.

    Raises
    ------
    InputError
        If the text is no volume of zero or more, or is finer than a byte.

    Examples
    --------
    >>> parse_volume("1.5 GB"), parse_volume("1 MiB")
    (1500000000, 1048576)
    """
    match = re.fullmatch(rf"\s*({_PLAIN_NUMBER})\s*([KMG]?I?B)\s*", text, re.IGNORECASE)
    unit = _VOLUME_UNITS.get(match[2].upper(), 0) if match else 0
    number = match[1] if match and unit else None
    return _exact(number, unit, field, text, "a volume such as 300 MB or 1.5 GB")


def parse_moment(text: str, field: str = "at") -> datetime:
    """Read an ISO date and time as a moment in Qatar; a moment that names its zone keeps its instant.

    Examples
    --------
    >>> print(parse_moment("2026-01-01 09:00"))
    2026-01-01 09:00:00+03:00
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(field, text, "a date and time such as 2026-01-01 09:00") from None
    return read.replace(tzinfo=ZONE) if read.tzinfo is None else read.astimezone(ZONE)


def quantity(field: str, value: Any, *, least: int = 0, unit: str = "micros") -> int:
    """Return `value` if it is money or volume that a ledger can hold: whole, from `least` to `LARGEST`.

    Raises
    ------
    InputError
        If it is not.

    Examples
    --------
    >>> quantity("top-up amount", 10**30, least=1)
    Traceback (most recent call last):
        ...
    prepaid_model.errors.InputError: top-up amount: got 1000000000000000000000000000000, expected at most 10**15 micros
    """
    checked = whole(field, value, least=least, unit=unit)
    if checked > LARGEST:
        raise InputError(field, value, f"at most 10**15 {unit}")
    return checked


def in_qatar(field: str, at: Any) -> datetime:
    """Return a moment on Qatar's clock.

    Raises
    ------
    InputError
        If it is no date and time, or has no time zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> print(in_qatar("at", datetime(2026, 1, 1, 6, tzinfo=UTC)))
    2026-01-01 09:00:00+03:00
    """
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise InputError(field, at, "a date and time with its time zone (see parse_moment)")
    return at if at.tzinfo is ZONE else at.astimezone(ZONE)


def format_moment(at: datetime) -> str:
    """Write a date and time as a phone does.

    Examples
    --------
    >>> format_moment(parse_moment("2026-01-01 09:00"))
    'Thu 1 Jan, 09:00'
    """
    return f"{at:%a} {at.day} {at:%b, %H:%M}"


def format_money(micros: int) -> str:
    """Write micros in riyals: two decimals, more only where the amount needs them.

    Examples
    --------
    >>> format_money(12_500_000), format_money(-500), format_money(50_000)
    ('QAR 12.50', '-QAR 0.0005', 'QAR 0.05')
    """
    whole, micro = divmod(abs(micros), QAR)
    decimals = f"{micro:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}QAR {whole:,}.{decimals}"


def format_volume(volume: int) -> str:
    """Write bytes in the largest unit that fits, rounded down to two decimals.

    Rounded down, so that nobody is shown data that is not there.

    Examples
    --------
    >>> format_volume(1_500_000_000), format_volume(118_999_999), format_volume(12), format_volume(0)
    ('1.5 GB', '118.99 MB', '12 B', '0 MB')
    """
    if volume == 0:
        return "0 MB"
    size = abs(volume)
    name = next((name for name in ("GB", "MB", "KB") if size >= _VOLUME_UNITS[name]), "B")
    whole, rest = divmod(size, _VOLUME_UNITS[name])
    decimals = f"{rest * 100 // _VOLUME_UNITS[name]:02d}".rstrip("0")
    number = f"{whole:,}.{decimals}" if decimals else f"{whole:,}"
    return f"{'-' if volume < 0 else ''}{number} {name}"


def _exact(number: str | None, unit: int, field: str, text: str, expected: str) -> int:
    try:
        amount = Decimal((number or "").replace(",", "")) * unit
    except InvalidOperation:
        raise InputError(field, text, expected) from None
    if amount != int(amount):
        raise InputError(field, text, f"{expected}; this is finer than can be charged")
    return int(amount)
