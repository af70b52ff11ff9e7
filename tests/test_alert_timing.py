"""A warning and its time: each control counts, each scenario makes its point, picture and words agree."""

import re
from datetime import timedelta

import numpy as np
import pytest

from prepaid_model.alerts import ACMA, ICASA, UsedShare
from prepaid_model.errors import InputError
from prepaid_model.figures.alert_timing import LATE
from prepaid_model.figures.alert_timing import RULES as DOTTED
from prepaid_model.lead_time import EVEN, MONTHS, NOT_REACHED, Reached, reached, standard_error
from prepaid_model.ledger import Kind
from prepaid_model.units import MB
from prepaid_model.usage import START
from prepaid_model.widgets.alert_timing import (
    _CASES,
    LARGE,
    RULES,
    AlertTiming,
    how_it_went,
    how_often,
    lead_in_words,
    lived,
    percents,
    spell,
    under,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def timing():
    return AlertTiming()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    timing = AlertTiming()
    results = {}
    for name in timing.scenarios:
        timing.choose(name)
        results[name] = timing.result
    return results


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_it_opens_with_a_warning_that_came_too_late(timing):
    life = timing.result.life
    assert life.cut_off
    assert life.recharged[0] - life.alert(80).at == 24 * HOUR
    assert life.recharged[0] > life.used_up
    assert timing.result.cut_off > 700
    assert "cut off, recharged 3 hours too late" in timing.sentence


def test_the_same_percentage_of_a_larger_bundle_leaves_longer(told):
    small, large = told["The warning came too late"], told["A larger bundle"]
    assert (small.percent, small.reading) == (large.percent, large.reading)
    assert large.cut_off == 0
    assert large.months.lead(80)[0] > small.months.lead(80)[-1]


def test_heavy_days_make_80_percent_too_late_at_the_same_mean(told):
    even, wild = told["A larger bundle"], told["The same, with three heavy days"]
    assert 100 < wild.cut_off < 250
    assert wild.life.cut_off
    assert np.median(wild.months.ends) == pytest.approx(np.median(even.months.ends), rel=0.02)


def test_an_earlier_alert_mends_the_small_bundle(told):
    assert told["Half used, read a day later"].cut_off < 20 < told["The warning came too late"].cut_off


def test_delay_costs_more_than_five_points(told):
    lagging = told["Information that lags 48 hours"]
    assert lagging.life.cut_off
    south_africa, _, australia, late = (under(rule, lagging) for rule in RULES)
    assert late == lagging.cut_off
    assert late - australia > australia - south_africa > 0


def test_who_reads_within_the_hour_is_safe(told):
    soon = told["Read within the hour"]
    assert soon.cut_off == 0
    assert soon.months is told["The same, with three heavy days"].months


def test_all_accounts_are_lawful(told):
    for result in told.values():
        result.life.trace.account.check()


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "case": LARGE,
    "shown": 30,
    "threshold": 60,
    "others": "25, 90",
    "delay": 12,
    "reading": 6,
    "heavy": 40,
}


def test_there_is_a_change_for_every_control(timing):
    assert CHANGES.keys() == timing.controls.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_each_control_changes_the_picture_and_reset_undoes_it(name, timing):
    before, shown = timing.sentence, timing._shown["picture"].value
    timing.controls[name].value = CHANGES[name]
    assert timing._shown["picture"].value != shown
    assert (timing.sentence != before) == (name != "others")  # other alerts are let be
    timing.reset()
    assert timing.settings == AlertTiming().settings
    assert timing._shown["picture"].value == shown


def test_the_alerts_are_those_asked_for_and_the_last(timing):
    timing.controls["others"].value = "25, 90"
    assert {alert.rule for alert in timing.result.life.sent} == {UsedShare(each) for each in (25, 80, 90, 100)}


@pytest.mark.parametrize("bad", ["abc", "0", "101", "50; 80", "-5", "50.5", "1, 2, 3, 4, 5, 6", "\u0665\u0660"])
def test_percentages_that_cannot_be_are_told_and_change_nothing(bad, timing):
    before, shown = timing.sentence, timing._shown["picture"].value
    with pytest.raises(InputError, match="other alerts"):
        timing.controls["others"].value = bad
    assert (timing.sentence, timing._shown["picture"].value) == (before, shown)
    assert "other alerts" in timing.status.value
    timing.controls["others"].value = "70"
    assert timing.status.value == ""


def test_percentages_are_read_as_people_write_them():
    assert percents(" 50 %, 80,") == (50, 80)
    assert percents("") == ()


def test_moves_only_count_anew(timing):
    months = timing.result.months
    for name in ("threshold", "others", "delay", "reading", "shown"):
        timing.controls[name].value = CHANGES[name]
        assert timing.result.months is months


def test_running_is_pure(timing):
    one, other = timing.run(**timing.settings), AlertTiming().run(**timing.settings)
    assert one.title == other.title
    assert one.life.trace.rows.tobytes() == other.life.trace.rows.tobytes()


@pytest.mark.parametrize("shown", [1, 2, 500, MONTHS])
def test_the_month_on_show_is_one_of_those_counted(shown, timing):
    timing.controls["shown"].value = shown
    result = timing.result
    row = result.months.minute[shown - 1]
    assert [(alert.at - START) // timedelta(minutes=1) for alert in (result.life.alert(50), result.life.alert(80))] == [
        row[49],
        row[79],
    ]
    assert (result.life.used_up - START) // timedelta(minutes=1) == row[99]
    late = row[79] + 24 * 60 >= row[99]
    assert result.life.cut_off == late


def test_every_case_runs_with_the_extremes_of_every_control():
    timing = AlertTiming()
    for case in _CASES:
        timing.controls["case"].value = case
        for threshold, delay, reading, heavy in ((1, 0, 0, 10), (100, 72, 72, 70), (100, 0, 0, 70), (99, 72, 0, 10)):
            for name, value in (("threshold", threshold), ("delay", delay), ("reading", reading), ("heavy", heavy)):
                timing.controls[name].value = value
            assert timing.status.value == ""
            assert timing.result.life.trace.days.max() <= timing.result.bundle.lasts.days + 7


# ------------------------------------------------------------------------------- the picture


def test_the_curve_is_the_count(timing):
    count = timing.picture.count
    percent, share = count.curve.get_data()
    assert percent.tolist() == list(range(1, 101))
    assert share == pytest.approx(timing.result.months.too_late(24 * 60) / 10)
    later = count.late.get_ydata()
    assert later == pytest.approx(timing.result.months.too_late((24 + LATE) * 60) / 10)
    assert (later >= share).all()
    assert count.dot._line.get_data() == ([80], [72.9])
    assert count.share.get_text() == "72.9 %"


def test_the_band_is_two_standard_errors_to_either_side(timing):
    edge = timing.picture.count.band.get_path().vertices
    at_80 = sorted(y for x, y in edge if x == 80)
    assert at_80[1] - at_80[0] == pytest.approx(400 * standard_error(729, 1000))


def test_the_curve_above_is_the_account(timing):
    trace, month = timing.result.life.trace, timing.picture.month
    times, left = month.data._line.get_data()
    assert (times[0], times[-1]) == (0, 7)
    assert max(left) * MB == trace.data_left.max()
    sent, recharged = timing.result.sent, timing.result.life.recharged[0]
    day = timedelta(days=1)
    bar = [(sent - START) / day, (recharged - START) / day]
    assert month.waits.get_xdata() == pytest.approx(bar)
    assert month.top_ups._line.get_xdata() == pytest.approx(bar[1:])
    bought = trace.rows["kind"] == Kind.GRANT
    assert month.bundles._line.get_xdata() == pytest.approx(trace.days[bought])


def test_the_bar_is_dark_while_the_message_travels(timing):
    timing.controls["delay"].value = 5
    travels, waits = timing.picture.month.travels.get_xdata(), timing.picture.month.waits.get_xdata()
    assert (travels[1] - travels[0]) * 24 == pytest.approx(5)
    assert (waits[1] - waits[0]) * 24 == pytest.approx(24)
    assert travels[1] == waits[0]
    assert timing.picture.month.wait_words.get_text() == "5 h on its way, 24 h until it is read"


def test_the_fan_opens_from_the_alert_to_the_forecast(timing):
    timing.choose("A larger bundle")
    result = timing.result
    told, middle = result.life.forecast(80), timing.picture.month.expected.get_data()
    day = timedelta(days=1)
    assert middle[0][0] == pytest.approx((result.sent - START) / day)
    assert middle[0][-1] == pytest.approx((told.expected - START) / day)
    assert middle[1][-1] == 0
    corners = timing.picture.month.fan.get_path().vertices
    assert corners[:, 0].max() == pytest.approx((told.latest - START) / day)


def test_without_two_days_there_is_no_fan(timing):
    timing.controls["threshold"].value = 10
    assert timing.result.life.forecast(10) is None
    assert timing.picture.month.forecast_name.get_text() == ""
    assert "So soon nothing can be forecast." in timing.sentence


def test_limits_fit_whatever_is_bought(timing):
    for threshold in (1, 40, 80):
        timing.controls["threshold"].value = threshold
        timing.controls["reading"].value = 0
        assert timing.picture.month.axes.get_ylim()[1] * MB >= timing.result.life.trace.data_left.max()


def test_moving_leaves_the_background_alone(timing):
    drawn = timing.picture.backgrounds
    for name in ("delay", "reading", "heavy"):
        timing.controls[name].value = CHANGES[name]
    assert timing.picture.backgrounds == drawn


def test_the_dotted_lines_are_the_regulators_own():
    assert {percent for percent, _ in DOTTED} == {
        rule.percent for rule in (*ICASA, *ACMA) if isinstance(rule, UsedShare) and rule.percent < 100
    }
    assert {rule.percent for rule in RULES} <= {percent for percent, _ in DOTTED}


# ------------------------------------------------------------------------------- words


def test_the_sentence_says_what_is_seen(timing):
    for words in (
        "Student, 1 GB · 7 days, month 1 of 1,000",
        "sent on Sat 3 Jan, 17:00 and read on Sun 4 Jan, 17:00",
        "used up on Sun 4 Jan, 13:50",
        "729 are cut off before the warning is read (72.9 %, give or take 1.4)",
    ):
        assert words in timing.sentence


def test_none_of_a_thousand_is_not_said_to_be_never(told):
    assert "none is cut off" in how_often(told["A larger bundle"])
    assert "at most about 3 in 1,000" in how_often(told["A larger bundle"])


def test_every_end_has_its_words():
    def went(who, bundle, account, percent, delay, reading):
        from prepaid_model.catalogue import catalogue

        life = lived(who, catalogue().bundles[bundle], EVEN, account, percent, (), delay, reading)
        return how_it_went(life, percent)

    lasting = int(np.flatnonzero(reached_by("gig_driver").ends == NOT_REACHED)[0])
    assert went("gig_driver", "week_1gb", lasting, 100, 0, 0) == "not used up before it ended"
    assert went("gig_driver", "week_1gb", lasting, 50, 0, 0) == "recharged, though it would have lasted"
    assert went("student", "week_1gb", 0, 95, 72, 72).startswith("cut off after the alert at 95 %")
    assert went("student", "week_1gb", 0, 80, 0, 1).startswith("recharged 20 hours before it was used up")


def reached_by(who) -> Reached:
    from prepaid_model.catalogue import catalogue

    return reached(who, catalogue().bundles["week_1gb"], EVEN)


def test_times_in_words():
    said = [spell(timedelta(minutes=minutes)) for minutes in (0, 59, 60, 89, 91, 71 * 60, 72 * 60)]
    assert said == ["0 minutes", "59 minutes", "1 hour", "1 hour", "2 hours", "71 hours", "3 days"]


def test_the_lead_time_in_words_is_in_order(told):
    for result in told.values():
        assert re.fullmatch(
            r"From the alert at 80 % to the last byte: .+ at least, .+ in the middle, .+ at most\.",
            lead_in_words(result.months, 80),
        )


def test_the_rules_are_written_below(timing):
    text = re.sub(r"<[^>]+>", " ", timing._shown["rules"].value)
    for rule in RULES:
        assert rule.name in text
        assert f"{under(rule, timing.result):,} cut off" in text
