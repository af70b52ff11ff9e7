"""Money, volume and time are exact, and say so when they are not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.errors import InputError
from prepaid_model.units import (
    DIRHAM,
    GB,
    GIB,
    KB,
    KIB,
    LARGEST,
    MB,
    MIB,
    QAR,
    ZONE,
    format_money,
    format_volume,
    in_qatar,
    parse_moment,
    parse_money,
    parse_volume,
    quantity,
)


def test_units_are_what_their_names_say() -> None:
    assert (QAR, DIRHAM, KB, MB, GB) == (10**6, 10**4, 10**3, 10**6, 10**9)
    assert (KIB, MIB, GIB) == (2**10, 2**20, 2**30)


@pytest.mark.parametrize(
    ("text", "micros"),
    [("25", 25 * QAR), ("qar 12.5", 12_500_000), (" 1,250.05 ", 1_250_050_000), ("0", 0), ("0.000001", 1)],
)
def test_money_is_read_exactly(text: str, micros: int) -> None:
    assert parse_money(text) == micros


@pytest.mark.parametrize(
    "text", ["", "abc", "-5", "−5", "1.", ".5", "1e3", "0.0000001", "QAR", "5 USD", "NaN", "1.2.3"]
)
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(InputError) as wrong:
        parse_money(text, "top-up amount")
    assert (wrong.value.field, wrong.value.value) == ("top-up amount", text)
    assert "riyals" in wrong.value.expected


@pytest.mark.parametrize(
    ("text", "volume"),
    [("1.5 GB", 1_500_000_000), ("300mb", 300 * MB), ("1 KiB", 1024), ("2 MiB", 2 * MIB), ("7 B", 7), ("0 MB", 0)],
)
def test_volume_is_read_exactly(text: str, volume: int) -> None:
    assert parse_volume(text) == volume


@pytest.mark.parametrize("text", ["", "5", "MB", "-1 MB", "1.5 B", "1 TB", "1 iB", "0.1 KiB"])
def test_what_is_no_volume_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="volume"):
        parse_volume(text)


@given(st.integers(0, LARGEST))
def test_money_reads_back_as_it_was_written(micros: int) -> None:
    assert parse_money(format_money(micros)) == micros


@given(st.integers(0, LARGEST))
def test_a_volume_is_never_shown_larger_than_it_is(volume: int) -> None:
    shown = parse_volume(format_volume(volume))
    assert shown <= volume
    assert volume - shown <= shown // 100 or volume < KB


def test_less_than_zero_is_written_with_its_sign() -> None:
    assert (format_money(-1), format_money(-1_250_000_000)) == ("-QAR 0.000001", "-QAR 1,250.00")
    assert (format_volume(-1_500_000), format_volume(-1)) == ("-1.5 MB", "-1 B")


def test_a_moment_is_on_qatars_clock() -> None:
    assert parse_moment("2026-01-01 09:00").utcoffset() == in_qatar("at", datetime(2026, 7, 1, tzinfo=UTC)).utcoffset()
    assert in_qatar("at", datetime(2026, 1, 1, 22, tzinfo=UTC)).isoformat() == "2026-01-02T01:00:00+03:00"
    assert parse_moment("2026-01-01T06:00:00Z") == parse_moment("2026-01-01 09:00")
    nine = parse_moment("2026-01-01 09:00")
    assert in_qatar("at", nine) is nine
    assert nine.tzinfo is ZONE


@pytest.mark.parametrize("at", [None, 5, "2026-01-01", datetime(2026, 1, 1)])  # noqa: DTZ001  (that is the point)
def test_what_is_no_moment_is_refused(at: Any) -> None:
    with pytest.raises(InputError, match=r"opened: got .*, expected a date and time with its time zone"):
        in_qatar("opened", at)


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="at: got 'tomorrow', expected a date and time such as"):
        parse_moment("tomorrow")


def test_a_quantity_is_whole_and_fits_a_ledger() -> None:
    assert quantity("volume", LARGEST, unit="bytes") == LARGEST
    with pytest.raises(InputError, match=r"volume: got .*, expected at most 10\*\*15 bytes"):
        quantity("volume", LARGEST + 1, unit="bytes")
    with pytest.raises(InputError, match="whole number of micros, 1 or more"):
        quantity("amount", 0, least=1)
