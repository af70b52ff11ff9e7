"""What an app, a phone and an operator count: each step worked out by hand, and the laws that hold for any."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.counting import (
    FOUR,
    MIDNIGHT,
    UTC_MIDNIGHT,
    VOLUME_LIMIT,
    Rules,
    count,
    day_of,
    next_end,
)
from prepaid_model.credit_control import Octets
from prepaid_model.errors import InputError
from prepaid_model.packets import OVER_RTP, OVER_TCP, packed, payload_of, protocol_of
from prepaid_model.records import Cause
from prepaid_model.tables import activities
from prepaid_model.units import GB, GIB, MB, MIB, parse_moment

NINE_PM = parse_moment("2026-01-01 21:00")
NAMES = st.sampled_from(list(activities()))
ANY_RULES = st.builds(
    Rules,
    packet=st.integers(100, 1500),
    loss=st.integers(0, 50),
    unit=st.sampled_from([MB, MIB]),
    every=st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes)),
    each_record=st.booleans(),
    day_ends=st.integers(0, 23),
)


def minutes(number):
    return timedelta(minutes=number)


def counted(activity="video_sd", length=88, at=NINE_PM, **rules):
    return count(activities()[activity], length, at, Rules(**rules))


def causes(one):
    return [record.cause for record in one.records]


# ----------------------------------------------------------------------------------------- packets


def test_a_packet_holds_its_size_less_its_headers():
    assert packed(Octets(0, 1460), OVER_TCP, 1500).down.packets == 1
    assert packed(Octets(0, 1461), OVER_TCP, 1500).down.packets == 2
    assert packed(Octets(0, 1461), OVER_TCP, 1500).down.carrying == 1461 + 2 * 40


def test_headers_are_those_of_the_standards():
    assert OVER_TCP.headers == 20 + 20
    assert OVER_RTP.headers == 20 + 8 + 12


def test_every_second_packet_is_acknowledged_by_forty_bytes():
    film = packed(Octets(0, 100 * 1460), OVER_TCP, 1500)
    assert film.headers == Octets(50 * 40, 100 * 40)
    assert film.up.bare == 50 * 40


def test_an_acknowledgement_rides_on_a_packet_that_goes_its_way():
    chat = packed(Octets(100 * 1460, 100 * 1460), OVER_TCP, 1500)
    assert chat.headers == Octets(100 * 40, 100 * 40)
    some = packed(Octets(10 * 1460, 100 * 1460), OVER_TCP, 1500)
    assert some.headers == Octets(50 * 40, 100 * 40)


def test_rtp_is_not_acknowledged():
    assert packed(Octets(0, 100 * 1460), OVER_RTP, 1500).headers == Octets(0, 100 * 40)


def test_only_calls_go_by_rtp():
    assert [name for name, each in activities().items() if protocol_of(each) is OVER_RTP] == ["video_call"]


def test_acknowledgements_in_a_published_uplink_are_not_counted_twice():
    for name, activity in activities().items():
        if protocol_of(activity) is OVER_TCP and name != "music":
            published = Octets(*activity.volume(60))
            whole = packed(payload_of(activity, 60), OVER_TCP, 1500)
            extra = whole.up.sent - published.input
            assert 0 <= extra <= 40 * whole.up.packets, name


def test_the_uplink_of_music_is_acknowledgements_and_nothing_else():
    music = counted("music", 60)
    assert music.payload.input == 0
    assert music.headers.input == pytest.approx(activities()["music"].volume(60)[0], rel=1e-3)


# ----------------------------------------------------------------------------------------- what is lost


def test_lost_on_its_way_down_it_was_counted_already_and_is_counted_again():
    film = packed(Octets(0, 1000 * 1460), OVER_TCP, 1500)
    assert film.at_the_counter(0).output == 1000 * 1500
    assert film.at_the_counter(50).output == 2 * 1000 * 1500
    assert film.at_the_phone(50).output == 1000 * 1500


def test_lost_on_its_way_up_it_is_counted_once_and_the_phone_sent_it_twice():
    photo = packed(Octets(1000 * 1460, 0), OVER_TCP, 1500)
    assert photo.at_the_counter(50).input == 1000 * 1500
    assert photo.at_the_phone(50).input == 2 * 1000 * 1500


def test_a_lost_acknowledgement_is_not_sent_again():
    film = packed(Octets(0, 1000 * 1460), OVER_TCP, 1500)
    assert film.at_the_counter(10).input == film.up.bare * 9 // 10
    assert film.at_the_phone(10).input == film.up.bare


def test_what_a_call_loses_is_paid_down_and_free_up():
    call = packed(Octets(10**6, 10**6), OVER_RTP, 1500)
    assert call.at_the_counter(10).output == call.down.sent
    assert call.at_the_phone(10).output < call.down.sent
    assert call.at_the_counter(10).input < call.up.sent
    assert call.at_the_phone(10).input == call.up.sent


@given(NAMES, st.integers(0, 50), st.integers(100, 1500))
def test_the_counter_never_has_less_than_the_phone_down_nor_more_up(name, loss, packet):
    activity = activities()[name]
    packets = packed(payload_of(activity, 10), protocol_of(activity), packet)
    core, phone = packets.at_the_counter(loss), packets.at_the_phone(loss)
    assert core.output >= phone.output
    assert core.input <= phone.input


# ----------------------------------------------------------------------------------------- steps and units


@given(NAMES, st.integers(1, 600), ANY_RULES)
def test_the_steps_lead_from_what_was_asked_for_to_what_is_charged(name, length, rules):
    one = count(activities()[name], length, NINE_PM, rules)
    assert one.payload + one.headers + one.again + one.background == one.counted
    total = 1 + sum(step.adds for step in one.steps)
    assert total == Fraction(one.charged, one.operator_unit) / Fraction(one.payload.total, one.phone_unit)
    assert one.charged % rules.unit == 0
    assert one.counted.total <= one.charged


@given(NAMES, st.integers(1, 600), ANY_RULES)
def test_the_gateway_writes_down_every_byte_each_way(name, length, rules):
    one = count(activities()[name], length, NINE_PM, rules)
    assert sum((record.octets for record in one.records), Octets()) == one.counted
    assert sum(one.operator_days().values()) == one.counted.total
    assert sum(one.phone_days().values()) == one.phone.total
    assert one.records[0].opened == one.start


@given(st.integers(1, 300), st.integers(1, 120))
def test_reports_do_not_change_a_session_but_rounding_each_does(length, every):
    often, once = counted("music", length, every=minutes(every)), counted("music", length)
    assert often.charged == once.charged
    assert counted("music", length, every=minutes(every), each_record=True).charged >= once.charged


def test_one_point_zero_on_the_phone_is_one_point_one_on_the_bill():
    film = counted(loss=1)
    assert round(film.phone.total / GIB, 1) == 1.0
    assert round(film.charged / GB, 1) == 1.1


def test_the_unit_alone_adds_seven_percent_to_a_gigabyte_and_five_to_a_megabyte():
    film, song = counted(), counted("music", 30)
    assert (film.prefix, song.prefix) == ("GB", "MB")
    assert film.steps[3].adds / Fraction(film.counted.total, film.payload.total) == Fraction(GIB, GB) - 1
    assert song.steps[3].adds / Fraction(song.counted.total, song.payload.total) == Fraction(MIB, MB) - 1
    assert counted(unit=MIB).steps[3].adds == 0


def test_numbers_are_said_to_three_digits_half_up():
    film, song = counted(), counted("music", 30)
    assert film.said(1_125_000_000, GB) == "1.13 GB"
    assert [song.said(volume, MB) for volume in (9_999_999, 10_000_000, 99_949_999, 100_500_000)] == [
        "10.00 MB",
        "10.0 MB",
        "99.9 MB",
        "101 MB",
    ]


def test_other_apps_run_beside_all_but_a_phone_left_alone():
    assert counted("music", 60).background == Octets(*activities()["idle"].volume(60))
    assert counted("idle", 60).background == Octets()


def test_the_wrapping_to_the_mast_is_not_counted():
    film = counted()
    packets = packed(film.payload, OVER_TCP, 1500)
    assert film.counted.total == packets.up.sent + packets.down.sent + film.background.total


# ----------------------------------------------------------------------------------------- records and days


def test_records_close_in_time_and_the_last_with_the_session():
    film = counted(every=minutes(30))
    assert causes(film) == [Cause.TIME_LIMIT, Cause.TIME_LIMIT, Cause.NORMAL_RELEASE]
    assert [record.duration for record in film.records] == [minutes(30), minutes(30), minutes(28)]


def test_records_close_by_volume_if_that_comes_first():
    film = counted("video_hd", 45)
    assert causes(film) == [*[Cause.VOLUME_LIMIT] * (film.counted.total // VOLUME_LIMIT), Cause.NORMAL_RELEASE]
    assert all(record.octets.total == VOLUME_LIMIT for record in film.records[:-1])


def test_a_record_closes_where_the_operators_day_ends():
    film = counted("music", 120, NINE_PM + timedelta(hours=2), every=minutes(90))
    assert causes(film) == [Cause.TARIFF_CHANGE, Cause.NORMAL_RELEASE]
    assert film.records[0].closed == parse_moment("2026-01-02 00:00")
    half = film.counted.total // 2
    assert film.operator_days() == {date(2026, 1, 1): half, date(2026, 1, 2): film.counted.total - half}


def test_one_oclock_is_still_yesterday_where_the_day_ends_at_midnight_utc():
    one_oclock = parse_moment("2026-01-02 01:00")
    night = counted("music", 60, one_oclock, day_ends=UTC_MIDNIGHT)
    assert list(night.operator_days()) == [date(2026, 1, 1)]
    assert list(night.phone_days()) == [date(2026, 1, 2)]


@pytest.mark.parametrize("hour", [MIDNIGHT, UTC_MIDNIGHT, FOUR])
def test_a_day_ends_in_the_instant_that_the_next_begins(hour):
    end = next_end(NINE_PM, hour)
    assert end.hour == hour
    assert day_of(end - timedelta(microseconds=1), hour) + timedelta(days=1) == day_of(end, hour)
    assert next_end(end, hour) == end + timedelta(days=1)


def test_midnight_utc_is_midnight_utc():
    assert next_end(NINE_PM, UTC_MIDNIGHT).utctimetuple()[:5] == (2026, 1, 2, 0, 0)


# ----------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("packet", 99, "packet size: got 99, expected 100 to 1500 bytes"),
        ("packet", 1501, "packet size: got 1501"),
        ("loss", 51, "loss: got 51, expected 0 to 50 percent"),
        ("loss", 0.5, "loss: got 0.5, expected a whole number"),
        ("unit", 1000, "unit: got 1000"),
        ("every", timedelta(seconds=59), "reporting interval: got '0:00:59'"),
        ("day_ends", 24, "end of the day: got 24"),
    ],
)
def test_rules_that_cannot_be_are_refused(field, value, told):
    with pytest.raises(InputError, match=told.replace("*", r"\*")):
        replace(Rules(), **{field: value})


@pytest.mark.parametrize("length", [0, -1, 1.5, 24 * 60 + 1])
def test_minutes_that_cannot_be_are_refused(length):
    with pytest.raises(InputError, match="minutes: got"):
        counted("music", length)
