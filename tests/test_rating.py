"""Bytes to money, against prices worked out by hand and against a reference that counts byte by byte."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prepaid_model.errors import InputError
from prepaid_model.hours import cut, size, spread
from prepaid_model.rating import NOTHING_YET, HourPrice, Running, Step, Tariff, Tier, afford, rate
from prepaid_model.units import DIRHAM, GB, KB, MB, QAR, parse_moment

NOON = parse_moment("2026-01-01 12:00")
BY_TEN = Tariff(price=3, per=10, increment=10)


def costs(tariff: Tariff, volume: int, **when: Any) -> int:
    return rate(tariff, volume, at=when.pop("at", NOON), **when).charged


# ------------------------------------------------------------------------------------ by hand


def test_a_started_increment_is_charged_whole() -> None:
    assert [costs(BY_TEN, volume) for volume in (0, 1, 10, 11, 20)] == [0, 3, 3, 6, 6]


def test_the_first_byte_can_cost_a_whole_megabyte() -> None:
    assert costs(Tariff(price=50 * DIRHAM, per=MB, increment=MB), 1) == 50 * DIRHAM


def test_splitting_a_session_into_reports_never_changes_its_price() -> None:
    in_reports = NOTHING_YET
    for _ in range(25):
        in_reports = rate(BY_TEN, 1, at=NOON, before=in_reports)
    assert in_reports == rate(BY_TEN, 25, at=NOON) == Running(used=25, billed=30, raw=9, charged=9)


def test_per_report_rounding_exists_as_a_switch() -> None:
    careless = Tariff(price=3, per=10, increment=10, each_report_alone=True)
    total = NOTHING_YET
    for _ in range(25):
        total = rate(careless, 1, at=NOON, before=total)
    assert total.charged == 25 * 3
    assert costs(careless, 25) == costs(BY_TEN, 25)


def test_a_minimum_first_block() -> None:
    tariff = Tariff(price=1, per=1, increment=5, first_block=60)
    assert [costs(tariff, volume) for volume in (1, 60, 61, 65, 66)] == [60, 60, 65, 65, 70]


def test_a_session_fee_is_charged_with_the_first_byte() -> None:
    tariff = Tariff(price=3, per=10, increment=10, session_fee=50)
    first = rate(tariff, 1, at=NOON)
    assert (costs(tariff, 0), first.charged, rate(tariff, 10, at=NOON, before=first).charged) == (0, 53, 56)


def test_graduated_prices_hold_each_for_its_own_bytes() -> None:
    tariff = Tariff(price=5, per=1, increment=1, tiers=(Tier(100, 3, 1, 1), Tier(300, 10, 10, 10)))
    assert costs(tariff, 100) == 500
    assert costs(tariff, 101) == 503
    assert costs(tariff, 301) == 500 + 600 + 10


@pytest.mark.parametrize(("rounding", "total"), [("up", 100), ("down", 0)])
def test_a_total_is_rounded_to_a_coarser_step(rounding: Literal["up", "down"], total: int) -> None:
    assert costs(Tariff(price=3, per=10, increment=10, round_to=100, rounding=rounding), 75) == total


def test_rounding_is_on_the_running_total() -> None:
    tariff = Tariff(price=33, per=1, increment=1, round_to=100, rounding="down")
    reports, total = [], NOTHING_YET
    for _ in range(7):
        after = rate(tariff, 1, at=NOON, before=total)
        reports.append(after.charged - total.charged)
        total = after
    assert reports == [0, 0, 0, 100, 0, 0, 100]  # 33 66 99 132 165 198 231


def test_a_cap_goes_free() -> None:
    tariff = Tariff(price=3, per=10, increment=10, cap=10, at_cap="free")
    assert [costs(tariff, volume) for volume in (30, 40, 10**6)] == [9, 10, 10]
    assert afford(tariff, spread(10**6, NOON), credit=10)[0] == 10**6


def test_a_cap_stops() -> None:
    tariff = Tariff(price=3, per=10, increment=10, cap=10)
    assert afford(tariff, spread(10**6, NOON), credit=10**9)[0] == 30


def test_only_affordable_whole_increments_are_served() -> None:
    served, after = afford(BY_TEN, spread(100, NOON), credit=8)
    assert (served, after.charged) == (20, 6)


def test_slack_is_served_without_credit() -> None:
    before = rate(BY_TEN, 1, at=NOON)
    assert afford(BY_TEN, spread(100, NOON), credit=0, before=before)[0] == 9


def test_a_bucket_gives_no_more_than_it_holds() -> None:
    by_sixty = Tariff(price=0, per=1, increment=60)
    assert afford(by_sixty, spread(80, NOON), credit=0, data=70)[0] == 60


def test_prices_by_the_hour_over_midnight() -> None:
    tariff = Tariff(price=10, per=1, increment=1, hours=(HourPrice(22, 6, 4),))
    prices = [costs(tariff, 1, at=NOON.replace(hour=hour)) for hour in range(24)]
    assert prices == [4] * 6 + [10] * 16 + [4] * 2


def test_a_moment_in_another_zone_has_the_price_of_its_hour_in_qatar() -> None:
    tariff = Tariff(price=10, per=1, increment=1, hours=(HourPrice(0, 6, 4),))
    assert costs(tariff, 1, at=datetime.fromisoformat("2026-01-01T02:59:59+00:00")) == 4
    assert costs(tariff, 1, at=datetime.fromisoformat("2026-01-01T03:00:00+00:00")) == 10


def test_an_increment_over_a_tariff_switch_takes_the_price_of_its_first_byte() -> None:
    tariff = Tariff(price=40, per=10, increment=10, hours=(HourPrice(12, 13, 100),))
    # 100 bytes in a minute of which the first 54 seconds are cheap: bytes 0 to 89, so nine increments of ten.
    at, until = NOON - timedelta(seconds=54), NOON + timedelta(seconds=6)
    assert costs(tariff, 100, at=at, until=until) == 9 * 40 + 100
    # 95 bytes: 0 to 85 flow before the switch (95 × 0.9 = 85.5); byte 80 is still cheap, byte 90 is dear.
    assert costs(tariff, 95, at=at, until=until) == 9 * 40 + 100


def test_a_long_interval_of_a_large_volume_is_exact() -> None:
    tariff = Tariff(price=1, per=1, increment=1, hours=(HourPrice(0, 12, 3),))
    day = parse_moment("2026-01-01 00:00")
    assert costs(tariff, 200 * GB, at=day, until=day + timedelta(days=10)) == 100 * GB * 3 + 100 * GB


# ------------------------------------------------------------------------------------ input


def test_a_price_that_does_not_come_out_whole_is_refused() -> None:
    with pytest.raises(InputError, match=r"price: got 50000, expected whole micros for each increment of 7 bytes"):
        Tariff(price=50_000, per=MB, increment=7)
    with pytest.raises(InputError, match="price"):
        Tariff(price=50_000, per=60, increment=1)
    with pytest.raises(InputError, match="price: got 1, "):
        Tariff(price=MB, per=MB, increment=1, hours=(HourPrice(0, 6, 1),))
    with pytest.raises(InputError, match="price: got 7, "):
        Tariff(price=MB, per=MB, increment=1, tiers=(Tier(10, 7, 10, 1),))


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("price", {"price": -1}),
        ("price", {"price": 1.5}),
        ("price", {"price": True}),
        ("price", {"price": None}),
        ("price", {"price": 10**30}),
        ("per", {"per": 0}),
        ("increment", {"increment": 0}),
        ("increment", {"increment": -KB}),
        ("first_block", {"first_block": -1}),
        ("session_fee", {"session_fee": 0.5}),
        ("round_to", {"round_to": 0}),
        ("cap", {"cap": -1}),
        ("rounding", {"rounding": "sideways"}),
        ("at_cap", {"at_cap": "explode"}),
        ("hours", {"hours": (HourPrice(24, 6, 1),)}),
        ("hours", {"hours": (HourPrice(0, 25, 1),)}),
        ("hours", {"hours": (HourPrice(0.5, 6, 1),)}),  # type: ignore[arg-type]
        ("hours price", {"hours": (HourPrice(0, 6, -1),)}),
        ("tier above", {"tiers": (Tier(0, 5),)}),
        ("tier per", {"tiers": (Tier(MB, 5, 0),)}),
        ("tier increment", {"tiers": (Tier(MB, 5, MB, 0),)}),
        ("tier price", {"tiers": (Tier(MB, -5),)}),
        ("tiers", {"tiers": (Tier(MB + 1, 5 * MB),)}),
        ("tiers", {"tiers": (Tier(2 * MB, 5), Tier(MB, 5))}),
        ("tiers", {"tiers": (Tier(MB, 5),), "hours": (HourPrice(0, 6, 1),)}),
    ],
)
def test_a_tariff_says_what_is_wrong_with_it(field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as wrong:
        Tariff(**({"price": QAR, "per": MB, "increment": MB} | settings))
    assert wrong.value.field == field


@pytest.mark.parametrize("at", [datetime(2026, 1, 1, 12), None, "2026-01-01"])  # noqa: DTZ001  (that is the point)
def test_a_moment_without_a_zone_is_refused(at: Any) -> None:
    with pytest.raises(InputError, match="at: got"):
        rate(BY_TEN, 1, at=at)
    if at is not None:
        with pytest.raises(InputError, match="until"):
            rate(BY_TEN, 1, at=NOON, until=at)


def test_an_interval_that_runs_back_is_refused() -> None:
    with pytest.raises(InputError, match="until"):
        rate(BY_TEN, 1, at=NOON, until=NOON - timedelta(seconds=1))


@pytest.mark.parametrize("volume", [-1, 0.5, True, None, 10**16])
def test_a_volume_that_is_none_is_refused(volume: Any) -> None:
    with pytest.raises(InputError, match="volume"):
        rate(BY_TEN, volume, at=NOON)


# ------------------------------------------------------------------------------------ byte by byte


def reference(tariff: Tariff, hours: list[int]) -> int:
    """What a session costs that carries one byte at each of these hours of the day, counted byte by byte."""
    raw, billed = Fraction(0), 0
    for byte, hour in enumerate(hours):
        if byte < billed:
            continue
        price, per, increment = tariff.price, tariff.per, tariff.increment
        for band in tariff.hours:
            if band.holds(hour):
                price = band.price
                break
        for tier in tariff.tiers:
            if byte >= tier.above:
                price, per, increment = tier.price, tier.per, tier.increment
        if byte == 0 and tariff.first_block:
            increment = tariff.first_block
        billed += increment
        raw += Fraction(price * increment, per)
    if not hours:
        return 0
    total = raw + tariff.session_fee
    steps = total / tariff.round_to
    total = (-(-steps // 1) if tariff.rounding == "up" else steps // 1) * tariff.round_to
    return int(total if tariff.cap is None or tariff.at_cap == "stop" else min(total, tariff.cap))


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    per = draw(st.sampled_from((1, 2, 5, 10)))
    increment = per * draw(st.integers(1, 4))
    first_block = per * draw(st.sampled_from((0, 0, 3, 11)))
    tiers, hours = [], []
    if draw(st.booleans()):
        above = first_block
        last = increment
        for _ in range(draw(st.integers(1, 3))):
            above += last * draw(st.integers(1, 4))
            last = draw(st.integers(1, 9))
            tiers.append(Tier(above, draw(st.integers(0, 50)) * last, last, last))
    else:
        hour = st.integers(0, 23)
        hours = draw(st.lists(st.builds(HourPrice, hour, hour, st.integers(0, 50)), max_size=3))
    return Tariff(
        draw(st.integers(0, 50)),
        per=per,
        increment=increment,
        first_block=first_block,
        session_fee=draw(st.sampled_from((0, 0, 17))),
        tiers=tuple(tiers),
        hours=tuple(hours),
        round_to=draw(st.sampled_from((1, 1, 7, 100))),
        rounding=draw(st.sampled_from(("up", "down"))),
        cap=draw(st.sampled_from((None, None, 0, 60, 900))),
        at_cap=draw(st.sampled_from(("stop", "free"))),
    )


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(lambda at: at.replace(tzinfo=NOON.tzinfo))  # noqa: DTZ001
SPANS = st.one_of(
    st.just(timedelta(0)),
    st.timedeltas(timedelta(microseconds=1), timedelta(hours=30)),
    st.timedeltas(timedelta(microseconds=1), timedelta(microseconds=50)),
)


def hours_of(volume: int, at: datetime, until: datetime) -> list[int]:
    """The hour in which each byte of an even flow goes: byte n when n / volume of the time is over."""
    span = (until - at) // timedelta(microseconds=1)
    # Floored to the microsecond, which no full hour falls within.
    return [(at + timedelta(microseconds=span * byte // volume)).hour for byte in range(volume)]


@given(tariffs(), st.integers(0, 120), MOMENTS, SPANS)
def test_any_tariff_costs_what_counting_byte_by_byte_says(
    tariff: Tariff, volume: int, at: datetime, span: timedelta
) -> None:
    hours = hours_of(volume, at, at + span)
    assert costs(tariff, volume, at=at, until=at + span) == reference(tariff, hours)


@given(st.integers(0, 300), MOMENTS, SPANS)
def test_bytes_spread_evenly_over_the_hours(volume: int, at: datetime, span: timedelta) -> None:
    flow = spread(volume, at, at + span)
    assert [hour for hour, part in flow for _ in range(part)] == hours_of(volume, at, at + span)
    assert size(flow) == volume
    assert all(part > 0 for _, part in flow)


@given(st.integers(1, 300), st.integers(0, 300), MOMENTS, SPANS)
def test_a_cut_loses_no_byte(volume: int, place: int, at: datetime, span: timedelta) -> None:
    flow = spread(volume, at, at + span)
    front, back = cut(flow, place)
    assert size(front) == min(place, volume)
    one_by_one = [hour for hour, part in (*front, *back) for _ in range(part)]
    assert one_by_one == [hour for hour, part in flow for _ in range(part)]


@given(tariffs(), st.lists(st.integers(0, 60), max_size=6), MOMENTS)
def test_any_split_into_reports_costs_the_same(tariff: Tariff, parts: list[int], at: datetime) -> None:
    in_reports = NOTHING_YET
    for part in parts:
        in_reports = rate(tariff, part, at=at, before=in_reports)
    assert in_reports == rate(tariff, sum(parts), at=at)


@given(
    tariffs(),
    st.integers(0, 90),
    st.integers(0, 400),
    st.none() | st.integers(0, 80),
    st.integers(0, 30),
    MOMENTS,
    SPANS,
)
def test_what_is_affordable_is_affordable_and_one_byte_more_is_not(
    tariff: Tariff, volume: int, credit: int, data: int | None, used: int, at: datetime, span: timedelta
) -> None:
    before = rate(tariff, used, at=at)
    assume(tariff.cap is None or before.charged <= tariff.cap)
    flow = spread(volume, at, at + span)

    def fits(part: int) -> bool:
        total = rate_of(tariff, cut(flow, part)[0], before)
        within_cap = tariff.cap is None or tariff.at_cap == "free" or total.charged <= tariff.cap
        of_bucket = total.billed - before.billed
        return total.charged - before.charged <= credit and within_cap and (data is None or of_bucket <= data)

    served, after = afford(tariff, flow, credit=credit, before=before, data=data)
    # Brute force over every volume: costs never fall, so the most is the last that fits.
    assert served == max(part for part in range(volume + 1) if fits(part))
    assert after == rate_of(tariff, cut(flow, served)[0], before)


def rate_of(tariff: Tariff, flow: tuple[tuple[int, int], ...], before: Running) -> Running:
    """The running total, an hour at a time: reports at instants instead of one over an interval."""
    for hour, part in flow:
        before = rate(tariff, part, at=NOON.replace(hour=hour), before=before)
    return before


def test_a_tariff_is_flat_if_it_is_no_more_than_a_price_for_each_increment():
    plain = {"price": 50_000, "per": MB, "increment": 100 * KB}
    assert Tariff(**plain).flat == Step(0, None, 100 * KB, 5_000)
    more = (
        {"first_block": MB},
        {"session_fee": 1},
        {"tiers": (Tier(MB, 40_000),)},
        {"hours": (HourPrice(0, 6, 20_000),)},
        {"round_to": 10_000},
        {"cap": 0},
    )
    assert [Tariff(**plain, **extra).flat for extra in more] == [None] * len(more)
