"""Months of usage: the measured hours, the persona's volume, the same bytes everywhere; a learner's own file."""

import hashlib
import io
import struct
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.errors import InputError
from prepaid_model.personas import Persona, measured_shares, personas
from prepaid_model.tables import DataError
from prepaid_model.units import GB, MB, ZONE
from prepaid_model.usage import START, UsageTrace, month, multipliers, read_csv, surprise

EVERYBODY = list(personas())
SAMPLES = 400
"""Accounts pooled in a statistical test. Seeds are fixed: what passes once passes always."""
FAR = 4.5
"""Standard errors between chance and a fault: once in 150,000 for a normal variable; 250 are looked at."""


def digest(trace):
    packed = b"".join(
        struct.pack("<qqq", int(at.timestamp()), up, down)
        for at, up, down in zip(trace.at, trace.uplink, trace.downlink, strict=True)
    )
    return hashlib.sha256(packed).hexdigest()


def whole_weeks(persona, seed=2026):
    return [month.__wrapped__(persona, seed, account, days=28) for account in range(SAMPLES)]


# ------------------------------------------------------------------------------------------ the measured hours


@pytest.mark.parametrize("persona", EVERYBODY)
def test_slots_in_use_follow_the_measured_hours(persona):
    """Each hour's count of slots in use is binomial: compare with its mean, in its own standard errors."""
    who = personas()[persona]
    counts = np.zeros(24)
    for trace in whole_weeks(persona):
        counts += np.bincount([at.hour for at in trace.at], minlength=24)
    tries = SAMPLES * 28 * 6
    for hour in range(24):
        share = sum(weight * measured_shares()[series][hour] for series, weight in who.mix) / 1e10
        chance = who.activity_permille / 1000 * 24 * share
        error = (tries * chance * (1 - chance)) ** 0.5
        assert abs(counts[hour] - tries * chance) < FAR * error, (persona, hour)


@pytest.mark.parametrize("persona", EVERYBODY)
def test_the_volume_of_an_hour_follows_the_measured_hours(persona):
    """Shares of pooled traffic, with the standard error seen between accounts."""
    who = personas()[persona]
    hourly = np.array(
        [
            np.bincount([at.hour for at in trace.at], weights=trace.volume, minlength=24)
            for trace in whole_weeks(persona)
        ]
    )
    measured = np.array(
        [sum(weight * measured_shares()[series][hour] for series, weight in who.mix) / 1e10 for hour in range(24)]
    )
    expected = measured * who.daily_volume * 28
    error = hourly.std(axis=0, ddof=1) / SAMPLES**0.5
    assert np.all(np.abs(hourly.mean(axis=0) - expected) < FAR * error)


@pytest.mark.parametrize("persona", EVERYBODY)
def test_the_mean_day_is_the_persona_s(persona):
    totals = np.array([trace.total for trace in whole_weeks(persona)]) / 28
    error = totals.std(ddof=1) / SAMPLES**0.5
    expected = personas()[persona].daily_volume
    assert error < 0.02 * expected
    assert abs(totals.mean() - expected) < FAR * error


@pytest.mark.parametrize("persona", EVERYBODY)
def test_weekends_differ_as_the_persona_says(persona):
    days = np.array([trace.daily for trace in whole_weeks(persona)])
    weekend = np.array([(START + timedelta(days=day)).strftime("%a") in {"Fri", "Sat"} for day in range(28)])
    assert weekend.sum() == 8
    ratio = days[:, weekend].mean() / days[:, ~weekend].mean()
    relative = [part.std(ddof=1) / part.mean() / part.size**0.5 for part in (days[:, weekend], days[:, ~weekend])]
    expected = personas()[persona].weekend_permille / 1000
    assert abs(ratio / expected - 1) < FAR * np.hypot(*relative)


@pytest.mark.parametrize("persona", EVERYBODY)
def test_the_uplink_has_its_share_to_the_byte(persona):
    trace = month(persona, seed=5)
    permille = personas()[persona].uplink_permille
    assert all(up == size * permille // 1000 for up, size in zip(trace.uplink, trace.volume, strict=True))


# ---------------------------------------------------------------------------------- the same bytes everywhere


@pytest.mark.parametrize(
    ("persona", "pinned"),
    [
        ("commuter", "7d79a1600dbc5580"),
        ("student", "580b0dd776fb9d68"),
        ("family_video", "bdae6de8c7506e4e"),
        ("grandparent", "b0988255e7db31cc"),
        ("gig_driver", "279b19770f21da3b"),
    ],
)
def test_a_month_is_the_same_on_every_machine(persona, pinned):
    assert digest(month(persona, seed=7))[:16] == pinned


def test_the_same_request_gives_the_same_month():
    assert month("student", seed=3, account=4) is month("student", seed=3, account=4)
    assert month.__wrapped__("student", 3, 4) == month("student", seed=3, account=4)
    assert month("student", seed=3, account=4) != month("student", seed=3, account=5)
    assert month("student", seed=3, account=4) != month("student", seed=4, account=4)
    # Seed and account are two keys, not one sum.
    assert month("student", seed=3, account=4) != month("student", seed=4, account=3)


def test_an_account_does_not_depend_on_other_accounts():
    alone = month.__wrapped__("commuter", 11, 42)
    among_others = [month.__wrapped__("commuter", 11, account) for account in (0, 1, 41, 42, 43, 2**64 - 1)]
    assert among_others[3] == alone
    assert len({trace.uplink for trace in among_others}) == 6


def test_a_longer_month_begins_as_the_shorter_one():
    short, long = month("student", seed=1, days=10), month("student", seed=1, days=40)
    assert long.at[: len(short.at)] == short.at
    assert long.volume[: len(short.at)] == short.volume
    assert short.days == 10
    assert long.at[len(short.at)] >= START + timedelta(days=10)


def test_a_month_holds_plain_whole_numbers():
    trace = month("gig_driver", seed=2)
    assert {type(value) for value in trace.uplink + trace.downlink} == {int}
    assert {at.tzinfo for at in trace.at} == {ZONE}
    assert all(earlier < later for earlier, later in zip(trace.at, trace.at[1:], strict=False))
    assert trace.at[0] >= START
    assert trace.at[-1] < START + timedelta(days=30)
    assert all(at.minute % 10 == 0 for at in trace.at)


@pytest.mark.parametrize("unevenness", ["small", "medium", "large"])
def test_multipliers_have_a_mean_of_one(unevenness):
    table = multipliers(unevenness)
    assert len(table) == 256
    assert sum(table) == 256_000
    assert list(table) == sorted(table)
    assert table[0] > 0


def test_more_uneven_means_more_spread():
    assert [max(multipliers(name)) for name in ("small", "medium", "large")] == sorted(
        max(multipliers(name)) for name in ("small", "medium", "large")
    )


# -------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"persona": "nobody"}, "persona", "one of commuter, student"),
        ({"seed": -1}, "seed", "a whole number"),
        ({"seed": 1.5}, "seed", "a whole number"),
        ({"seed": 2**64}, "seed", "less than 2**64"),
        ({"account": 2**64}, "account", "less than 2**64"),
        ({"days": 0}, "days", "a whole number of days, 1 or more"),
        ({"start": datetime(2026, 1, 1)}, "start", "a midnight in Qatar"),  # noqa: DTZ001  the fault itself
        ({"start": datetime(2026, 1, 1, 9, tzinfo=ZONE)}, "start", "a midnight in Qatar"),
        ({"start": datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))}, "start", "a midnight in Qatar"),
    ],
)
def test_what_cannot_be_is_refused(change, field, expected):
    with pytest.raises(InputError) as caught:
        month(**({"persona": "commuter", "seed": 1} | change))
    assert caught.value.field == field
    assert caught.value.expected.startswith(expected)


def test_a_midnight_may_be_told_on_another_clock():
    trace = month("commuter", seed=1, start=datetime(2025, 12, 31, 21, tzinfo=ZoneInfo("UTC")))
    assert trace == month("commuter", seed=1)


def custom(**change):
    return Persona.model_validate(personas()["commuter"].model_dump() | change)


def test_an_hour_cannot_hold_more_slots_than_it_has():
    """The commuter's busiest hour has 6.656 % of the day: × 24 × 0.626 is just below all of its slots."""
    busiest = custom(activity_permille=626)
    assert month(busiest, seed=1).total > 0
    with pytest.raises(ValueError, match=r"activity_permille: got 627, expected 626 or less"):
        custom(activity_permille=627)


def test_a_persona_of_one_s_own_is_used_as_it_is():
    quiet = custom(daily_volume=MB, activity_permille=1)
    traces = [month(quiet, seed, days=7) for seed in range(60)]
    # 60 weeks of 1008 slots, one in a thousand in use: about 60.
    assert 20 < sum(len(trace.at) for trace in traces) < 120


# -------------------------------------------------------------------------------------------------- the trace


def small():
    at = tuple(START + timedelta(hours=hour) for hour in (1, 2, 25, 49))
    return UsageTrace(at=at, uplink=(1, 0, 5, 10), downlink=(9, 20, 25, 30), start=START, days=4)


def test_a_trace_adds_up():
    trace = small()
    assert trace.volume == (10, 20, 30, 40)
    assert trace.total == 100
    assert trace.daily == (30, 30, 40, 0)
    assert trace.slots_of_day(1) == slice(0, 2)
    assert sum(month("student", seed=1).daily) == month("student", seed=1).total


def test_a_trace_as_a_frame():
    frame = small().to_frame()
    assert list(frame.columns) == ["uplink", "downlink", "volume"]
    assert frame["volume"].tolist() == [10, 20, 30, 40]
    assert {str(kind) for kind in frame.dtypes} == {"int64"}
    assert frame.index.name == "at"
    assert frame.index[0] == small().at[0]


def test_loading_usage_does_not_load_pandas():
    import subprocess
    import sys

    program = "import sys, prepaid_model.usage; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --------------------------------------------------------------------------------------------------- surprises


@given(seed=st.integers(0, 99), day=st.integers(1, 30), volume=st.integers(0, 50 * GB))
def test_a_surprise_adds_exactly_its_bytes_to_its_day(seed, day, volume):
    before = month("grandparent", seed=seed)
    after = surprise(before, day, volume)
    change = [later - earlier for earlier, later in zip(before.daily, after.daily, strict=True)]
    assert change == [volume if place == day else 0 for place in range(1, 31)]
    assert min(after.uplink) >= 0
    assert min(after.downlink) >= 0


def test_a_surprise_keeps_the_shape_of_the_day():
    before, after = small(), surprise(small(), day=1, volume=300)
    assert after.at == before.at
    assert after.volume == (110, 220, 30, 40)
    assert after.uplink == (11, 0, 5, 10)


def test_a_surprise_on_a_day_without_usage_takes_a_slot_an_hour():
    after = surprise(small(), day=4, volume=24_000)
    assert after.daily == (30, 30, 40, 24_000)
    assert after.volume[4:] == (1000,) * 24
    assert [at.hour for at in after.at[4:]] == list(range(24))


def test_a_surprise_on_a_day_whose_slots_are_empty():
    empty = UsageTrace(at=(START,), uplink=(0,), downlink=(0,), start=START, days=1)
    assert surprise(empty, day=1, volume=7).volume == (7,)


@pytest.mark.parametrize(
    ("day", "volume", "field"), [(0, 1, "day"), (31, 1, "day"), (1.0, 1, "day"), (1, -1, "volume")]
)
def test_a_surprise_that_cannot_be_is_refused(day, volume, field):
    with pytest.raises(InputError) as caught:
        surprise(month("commuter", seed=7), day, volume)
    assert caught.value.field == field


# ---------------------------------------------------------------------------------------- a learner's own file

HEAD = "at,uplink_bytes,downlink_bytes\n"


def test_a_file_of_one_s_own_is_read():
    trace = read_csv(io.StringIO(HEAD + "2026-03-01 08:00,10,100\n2026-03-02 23:50,20,200\n"))
    assert trace.volume == (110, 220)
    assert trace.start == datetime(2026, 3, 1, tzinfo=ZONE)
    assert trace.days == 2
    assert trace.daily == (110, 220)


def test_times_with_a_zone_keep_their_instant_and_times_without_are_qatar_s():
    trace = read_csv(io.StringIO(HEAD + "2026-03-01 08:00,1,1\n2026-03-01T06:00:00+00:00,2,2\n"))
    assert [at.isoformat() for at in trace.at] == ["2026-03-01T08:00:00+03:00", "2026-03-01T09:00:00+03:00"]


def test_columns_may_stand_in_any_order(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("downlink_bytes,at,uplink_bytes\n9,2026-03-01 08:00,1\n", encoding="utf-8")
    assert read_csv(file) == read_csv(str(file))
    assert (read_csv(file).uplink, read_csv(file).downlink) == ((1,), (9,))


@pytest.mark.parametrize(
    ("rows", "entry", "field", "value", "expected"),
    [
        ("2026-03-01 08:00,-5,1\n", "line 2", "uplink_bytes", "-5", "0 or more"),
        ("2026-03-01 08:00,1,1\n2026-03-01 09:00,1,many\n", "line 3", "downlink_bytes", "many", "a whole number"),
        ("2026-03-01 08:00,1,1.5\n", "line 2", "downlink_bytes", "1.5", "a whole number"),
        ("2026-03-01 08:00,1,\n", "line 2", "downlink_bytes", "", "a whole number"),
        ("2026-03-01 08:00,1\n", "line 2", "downlink_bytes", None, "a whole number"),
        ("yesterday,1,1\n", "line 2", "at", "yesterday", "a date and time such as 2026-01-01 09:00"),
        (",1,1\n", "line 2", "at", "", "a date and time such as 2026-01-01 09:00"),
        ("2026-03-01 08:00,1,1\n2026-03-01 08:00,1,1\n", "line 3", "at", "2026-03-01 08:00:00+03:00", "a time after"),
        ("2026-03-02 08:00,1,1\n2026-03-01 08:00,1,1\n", "line 3", "at", "2026-03-01 08:00:00+03:00", "a time after"),
        # Nine o'clock in Qatar, told in Greenwich time, is before ten o'clock.
        ("2026-03-01 10:00,1,1\n2026-03-01T06:00Z,1,1\n", "line 3", "at", "2026-03-01 09:00:00+03:00", "a time after"),
        ("", "line 2", "rows", "nothing", "at least one row"),
    ],
)
def test_a_fault_in_a_file_of_one_s_own_is_told_with_its_line(tmp_path, rows, entry, field, value, expected):
    file = tmp_path / "mine.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_csv(file)
    fault = caught.value
    assert (fault.file, fault.entry, fault.field, fault.value) == ("mine.csv", entry, field, value)
    assert fault.expected.startswith(expected)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("", "nothing", "a column named at"),
        ("at,uplink_bytes\n2026-03-01 08:00,1\n", "at, uplink_bytes", "a column named downlink_bytes"),
    ],
)
def test_a_file_without_its_columns_is_told(text, value, expected):
    with pytest.raises(DataError) as caught:
        read_csv(io.StringIO(text))
    fault = caught.value
    assert (fault.file, fault.entry, fault.field, fault.value) == ("the table", "line 1", "columns", value)
    assert fault.expected == expected
