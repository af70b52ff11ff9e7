"""Cycles run from bill day to bill day; a part of one costs its days over the days of its cycle."""

import pytest

from prepaid_model.cycles import cycle_at, round_to_dirham, share_of_fee, share_of_volume
from prepaid_model.errors import InputError
from prepaid_model.units import DIRHAM, QAR, parse_moment


def dates(at, bill_day):
    cycle = cycle_at(parse_moment(at), bill_day)
    return str(cycle.starts.date()), str(cycle.ends.date())


@pytest.mark.parametrize(
    ("at", "bill_day", "starts", "ends"),
    [
        ("2026-01-10 12:00", 1, "2026-01-01", "2026-02-01"),
        ("2026-01-10 00:00", 10, "2026-01-10", "2026-02-10"),
        ("2026-01-09 23:59:59.999999", 10, "2025-12-10", "2026-01-10"),
        ("2026-12-31 12:00", 15, "2026-12-15", "2027-01-15"),
        ("2026-02-10", 31, "2026-01-31", "2026-02-28"),
        ("2026-02-28", 31, "2026-02-28", "2026-03-31"),
        ("2026-03-30", 30, "2026-03-30", "2026-04-30"),
        ("2026-03-29", 30, "2026-02-28", "2026-03-30"),
        ("2028-02-29", 29, "2028-02-29", "2028-03-29"),
        ("2028-02-29", 31, "2028-02-29", "2028-03-31"),
    ],
)
def test_a_bill_day_beyond_the_month_is_its_last_day(at, bill_day, starts, ends):
    assert dates(at, bill_day) == (starts, ends)


@pytest.mark.parametrize("bill_day", [0, 32, -1, 1.0, True, "1", None])
def test_a_bill_day_is_a_day_of_the_month(bill_day):
    with pytest.raises(InputError) as caught:
        cycle_at(parse_moment("2026-01-01"), bill_day)
    assert (caught.value.field, caught.value.value) == ("bill day", bill_day)
    assert caught.value.expected == "a day of the month, 1 to 31"


@pytest.mark.parametrize(
    ("fee", "since", "share"),
    [
        (10 * QAR, "2026-01-01", 10 * QAR),
        (10 * QAR, "2026-01-18 23:00", 4_520_000),  # 14 of 31 days: 4.516
        (10 * QAR, "2026-01-31", 320_000),  # 1 of 31 days: 0.3226
        (10 * QAR, "2026-02-28", 360_000),  # 1 of 28 days: 0.3571
        (DIRHAM, "2026-06-16", DIRHAM),  # 15 of 30 days: half a dirham, up
        (DIRHAM, "2026-06-17", 0),  # 14 of 30 days: less than half
        (5_200, "2026-06-02", 5_200),  # 29 of 30 days would round up to more than the fee
        (7, "2026-06-01", 7),  # a whole month is exact
    ],
)
def test_a_share_is_by_days_half_up_to_the_dirham(fee, since, share):
    at = parse_moment(since)
    assert share_of_fee(fee, cycle_at(at, 1), at) == share


def test_a_share_of_an_allowance_is_down_to_the_byte():
    at = parse_moment("2026-01-10 09:30")
    assert share_of_volume(2 * 10**9, cycle_at(at, 1), at) == 1_419_354_838  # 22 of 31 days: …838.7


@pytest.mark.parametrize(("micros", "rounded"), [(0, 0), (4_999, 0), (5_000, 10_000), (-5_000, 0), (-5_001, -10_000)])
def test_half_a_dirham_goes_up(micros, rounded):
    assert round_to_dirham(micros) == rounded
