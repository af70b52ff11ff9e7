"""The prepaid month: each control does what it says, each scenario makes its point, picture and words agree."""

import re
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from prepaid_model.balances import Status
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, Refused
from prepaid_model.figures.flow import LEFT, RIGHT, FlowPicture, MonthAndDay, day_in_words
from prepaid_model.ledger import Kind
from prepaid_model.personas import personas
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import RENEWAL, WHEN, Habit, simulate
from prepaid_model.tables import DATA
from prepaid_model.units import QAR, format_money, format_volume
from prepaid_model.usage import START, UsageTrace, month, read_csv
from prepaid_model.widgets.prepaid_flow import (
    NO_BUNDLE,
    OwnMonth,
    PrepaidFlow,
    how_the_day_went,
    predict_the_day,
    predict_the_loss,
    stops_on,
)


@pytest.fixture
def flow():
    return PrepaidFlow()


@pytest.fixture(scope="module")
def told():
    """Each scenario's trace, by its name."""
    flow = PrepaidFlow()
    traces = {}
    for name in flow.scenarios:
        flow.choose(name)
        traces[name] = flow.result.trace
    return traces


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_it_opens_with_the_month_that_stopped_at_23_40(flow):
    stop = flow.result.trace.stop
    assert f"{stop.start:%H:%M}" == "23:40"
    assert stop.status is Status.SUSPENDED
    assert flow.result.trace.left_at(stop.start) == (0, 0)
    assert flow.result.day == stop.start.day
    assert "first stopped on Thu 8 Jan at 23:40" in flow.sentence
    assert day_in_words(flow.result.trace, flow.result.day) == ["service stops at 23:40: suspended"]


def test_the_cause_was_a_bundle_that_ended_in_the_morning(flow):
    trace = flow.result.trace
    morning = START.replace(day=trace.stop.start.day, hour=9)
    before, after = trace.left_at(morning - timedelta(minutes=1)), trace.left_at(morning)
    assert before[0] == after[0] == 5 * QAR
    assert before[1] > 300_000_000
    assert after[1] == 0


def test_without_a_bundle_it_stops_days_earlier(told):
    assert stops_on(told["Only pay-as-you-go"]) < stops_on(told["It stopped at 23:40"]) - 2
    assert told["Only pay-as-you-go"].hours_off > 2 * told["It stopped at 23:40"].hours_off


def test_who_waits_is_off_for_longer_than_who_plans_and_pays_more(told):
    waits, planned = told["Waits until it stops"], told["Planned to fit"]
    assert waits.hours_off > planned.hours_off == 9
    assert waits.topped_up > planned.topped_up


def test_automatic_is_never_suspended_and_pays_in_more(told):
    automatic = told["Automatic top-up"]
    assert automatic.stop is None
    assert automatic.topped_up > told["Planned to fit"].topped_up > told["It stopped at 23:40"].topped_up
    assert automatic.spent > told["It stopped at 23:40"].spent


def test_short_validity_takes_money_that_no_byte_was_charged_to(told):
    short = told["Short validity"]
    assert short.total(Kind.USAGE, Kind.FEE) == 0
    assert short.money_expired == 45 * QAR > short.spent
    assert short.stop.status is Status.EXPIRED
    assert "QAR 45.00 and" in short_sentence("Short validity")


def test_grace_keeps_the_money_and_bars_its_use(told):
    short, kept = told["Short validity"], told["Short validity, with grace"]
    assert kept.money_expired == 0
    assert kept.account.credit == short.money_expired
    assert kept.hours_off == short.hours_off
    assert kept.stop.status is Status.GRACE


def test_all_accounts_are_lawful(told):
    for trace in told.values():
        trace.account.check()


def short_sentence(scenario):
    flow = PrepaidFlow()
    flow.choose(scenario)
    return flow.sentence


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "who": "student",
    "month": 14,
    "bundle": "week_3gb",
    "renewal": RENEWAL[1],
    "pay_as_you_go": False,
    "top_up": "20",
    "when": WHEN[1],
    "every": 7,
    "threshold": 20,
    "validity": 30,
    "grace": 3,
    "day": 12,
}


def test_there_is_a_change_for_every_control(flow):
    assert CHANGES.keys() == flow.controls.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_each_control_changes_what_is_said_and_reset_undoes_it(name, flow):
    if name == "threshold":
        flow.choose("Automatic top-up")
    if name in {"validity", "grace"}:
        flow.choose("Short validity")
    if name == "renewal":
        flow.controls["top_up"].value = "20"
    before, alt = flow.sentence, flow._shown["picture"].value
    flow.controls[name].value = CHANGES[name]
    assert flow.sentence != before
    assert flow._shown["picture"].value != alt
    flow.reset()
    assert flow.settings == PrepaidFlow().settings | flow.scenarios[flow.scenario.value]


def test_only_what_applies_is_shown(flow):
    def shown():
        return {name for name in ("every", "threshold", "renewal") if flow.controls[name].layout.display != "none"}

    assert shown() == {"every", "renewal"}
    flow.controls["when"].value = WHEN[1]
    assert shown() == {"renewal"}
    flow.controls["when"].value = WHEN[2]
    assert shown() == {"threshold", "renewal"}
    flow.controls["bundle"].value = NO_BUNDLE
    assert shown() == {"threshold"}
    flow.reset()
    assert shown() == {"every", "renewal"}


def test_all_people_and_all_bundles_without_limits_can_be_chosen(flow):
    assert [who for _, who in flow.controls["who"].options] == list(personas())
    bundles = {bundle for _, bundle in flow.controls["bundle"].options}
    assert bundles == {"day_500mb", "week_1gb", "week_3gb", "month_5gb", "month_12gb", NO_BUNDLE}


def test_validity_and_grace_are_the_accounts(flow):
    flow.controls["validity"].value, flow.controls["grace"].value = 12, 4
    account = flow.result.trace.account
    nine = START + timedelta(days=20, hours=9)
    assert account.valid_until == nine + timedelta(days=12)
    assert account.grace_until == nine + timedelta(days=16)


def test_another_month_is_another_month_of_the_same_person(flow):
    seen = set()
    for seed in (1, 2, 99):
        flow.controls["month"].value = seed
        assert flow.result.trace.usage is month("commuter", seed)
        seen.add(flow.sentence)
    assert len(seen) == 3


@pytest.mark.parametrize("bad", ["", "abc", "-5", "1e3", "0.0000001"])
def test_an_amount_that_cannot_be_is_told_and_changes_nothing(bad, flow):
    before = flow.sentence
    with pytest.raises(InputError, match=r"top-up"):
        flow.controls["top_up"].value = bad
    assert flow.sentence == before
    assert "top-up" in flow.status.value
    flow.controls["top_up"].value = "25"
    assert flow.status.value == ""
    assert flow.sentence != before


@pytest.mark.parametrize("when", WHEN)
def test_a_top_up_smaller_than_the_smallest_is_refused(when, flow):
    flow.controls["when"].value = when
    before = flow.sentence
    with pytest.raises(Refused, match=r"the smallest top-up is QAR 5\.00"):
        flow.controls["top_up"].value = "3"
    assert flow.sentence == before
    assert "smallest top-up" in flow.status.value


def test_running_is_pure(flow):
    one, other = flow.run(**flow.settings), PrepaidFlow().run(**flow.settings)
    assert one.trace.rows.tobytes() == other.trace.rows.tobytes()
    assert (one.title, one.day) == (other.title, other.day)


# ------------------------------------------------------------------------------- a day


def test_the_open_day_is_the_one_chosen_else_the_one_of_the_first_stop_else_the_first(flow):
    flow.controls["day"].value = 20
    assert flow.result.day == 20
    assert "Tue 20 Jan: no service from 00:00 to 24:00 (suspended)" in flow.sentence
    flow.controls["day"].value = 0
    assert flow.result.day == 8
    flow.choose("Planned to fit")
    assert flow.result.day == 1


def test_a_day_in_words():
    flow = PrepaidFlow()
    flow.choose("Short validity")
    flow.controls["grace"].value = 2
    trace = flow.result.trace
    assert day_in_words(trace, 1) == ["service starts at 09:00"]
    assert day_in_words(trace, 2) == ["service all day"]
    assert day_in_words(trace, 8) == ["service stops at 09:00: grace"]
    assert day_in_words(trace, 9) == ["no service all day: grace"]
    assert day_in_words(trace, 10) == ["expired from 09:00"]
    assert day_in_words(trace, 11) == ["service is back at 09:00"]
    assert "no service from 00:00 to 09:00 (grace) and 09:00 to 24:00 (expired)" in how_the_day_went(trace, 10)
    assert how_the_day_went(trace, 2).startswith("Fri 2 Jan: service all day; QAR 15.00 and ")


# ------------------------------------------------------------------------------- the picture


def test_the_picture_shows_the_trace(flow):
    trace, column = flow.result.trace, flow.picture.month
    topped = column._top_ups._line.get_xdata()
    assert topped == pytest.approx([9 / 24, 10 + 9 / 24, 20 + 9 / 24])
    assert column._bundles._line.get_ydata() == pytest.approx([1000] * 3)
    times, credit = column.credit._line.get_data()
    assert (times[0], times[-1]) == (0, 30)
    assert max(credit) == 15
    assert credit[-1] == trace.account.credit / QAR
    assert column.served.get_data().values.sum() * 1e6 == pytest.approx(sum(trace.served))
    assert column.denied.get_data().values.sum() * -1e6 == pytest.approx(sum(trace.denied))


def test_denied_hangs_below_the_line_and_served_stands_above(flow):
    assert (flow.picture.month.served.get_data().values >= 0).all()
    assert (flow.picture.month.denied.get_data().values <= 0).all()
    assert flow.picture.month.denied.get_data().values.any()


def test_what_expired_is_marked_and_told(flow):
    lost = flow.picture.month._data_lost
    assert [words.get_text() for words in lost._words] == ["−369 MB expired", "−513 MB expired", "−426 MB expired"]
    assert len(lost._crosses._line.get_xdata()) == 3
    flow.choose("Short validity")
    assert [words.get_text() for words in flow.picture.month._money_lost._words] == ["−15 expired"] * 3


def test_grace_and_expired_are_told_apart_by_words(flow):
    flow.choose("Short validity")
    flow.controls["grace"].value = 2
    words = [each.get_text() for each in flow.picture.status_words if each.get_text()]
    assert sorted(words) == ["expired"] * 3 + ["grace"] * 3 + ["suspended"]


@pytest.mark.parametrize("who", personas())
@pytest.mark.parametrize("when", WHEN)
def test_words_over_the_picture_do_not_run_into_each_other(who, when):
    flow = PrepaidFlow()
    for name, value in {"who": who, "when": when, "bundle": "day_500mb", "validity": 3, "grace": 1}.items():
        flow.controls[name].value = value
    renderer = flow.picture._canvas.get_renderer()
    shown = [words for words in flow.picture.status_words if words.get_text()]
    for height in {words.get_position()[1] for words in shown}:
        row = [words for words in shown if words.get_position()[1] == height]
        places = sorted((words.get_position()[0], words.width(renderer) / renderer.width) for words in row)
        assert all(start + width <= following for (start, width), (following, _) in pairwise(places))


def test_the_cursor_lies_over_the_days(flow):
    left, width = (float(flow.cursor.layout.margin.split()[-1][:-1]), float(flow.cursor.layout.width[:-1]))
    each = (RIGHT - LEFT) / 30
    assert left / 100 == pytest.approx(LEFT - each / 2, abs=1e-4)
    assert (left + width) / 100 == pytest.approx(RIGHT - each / 2, abs=1e-4)


def test_a_picture_of_a_month_without_any_usage():
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START)
    silence = simulate(account, UsageTrace((), (), (), START, 30), Habit(25 * QAR))
    picture = FlowPicture()
    picture.update(MonthAndDay(silence, "silence", 30))
    assert picture.png().startswith(b"\x89PNG")


def test_moving_leaves_the_background_alone_where_the_limits_stay(flow):
    flow.controls["day"].value = 11  # its words are new to the picture
    drawn = flow.picture.backgrounds
    for day in range(1, 31):
        flow.controls["day"].value = day
    flow.controls["grace"].value = 3
    assert flow.picture.backgrounds == drawn
    assert len(flow.picture.figure.axes) == 8


def test_limits_fit_whatever_is_shown():
    flow = PrepaidFlow()
    for who in personas():
        flow.controls["who"].value = who
        flow.controls["top_up"].value = "100"
        trace = flow.result.trace
        credit, data, traffic = (axes.get_ylim()[1] for axes in flow.picture.month.rows)
        assert credit > trace.rows["balance"].max() / QAR
        assert data > trace.data_left.max() / 1e6
        assert traffic >= trace.hourly(trace.usage.volume).max() / 1e6
        assert np.isfinite([credit, data, traffic]).all()


# ------------------------------------------------------------------------------- words and readouts


def test_the_sentence_is_the_picture_in_words(flow):
    trace = flow.result.trace
    for words in (
        f"{format_money(trace.topped_up)} topped up",
        f"{trace.hours_off} hours without service",
        f"{format_money(trace.spent)} spent",
        f"{format_volume(sum(trace.denied))} denied",
        f"{format_volume(trace.data_expired)} of data expired unused",
    ):
        assert words in flow.sentence


def test_the_readouts(flow):
    text = re.sub(r"<[^>]+>", " ", flow._shown["readouts"].value)
    for words in ("562 of 720 hours", "524.68 MB", "QAR 45.00", "1.31 GB", "QAR 0.00"):
        assert words in text


def test_nothing_can_pay_and_that_is_said(flow):
    flow.controls["bundle"].value = NO_BUNDLE
    flow.controls["pay_as_you_go"].value = False
    assert sum(flow.result.trace.served) == 0
    assert "720 hours without service" in flow.sentence


# ------------------------------------------------------------------------------- somebody's own month


def test_ones_own_month():
    mine = OwnMonth(read_csv(DATA / "example_month.csv"))
    assert mine.result.trace.usage.days == mine.controls["day"].max == 7
    assert mine.result.title.startswith("My own month: QAR 15.00 topped up")
    assert mine.controls["month"] not in [*mine.head(), *(control for row in mine.rows() for control in row)]
    mine.controls["top_up"].value = "5"
    mine.controls["every"].value = 30
    stop = mine.result.trace.stop
    assert stop.end == mine.result.trace.end
    assert "for the rest of the month" in mine.sentence
    mine.reset()
    assert mine.controls["top_up"].value == "15"


# ------------------------------------------------------------------------------- predictions


def test_the_day_is_predicted_then_revealed(told):
    asked = predict_the_day(guess=9)
    day = stops_on(told["Only pay-as-you-go"])
    assert asked.reveal().startswith(f"You guessed 9, the model says {day}: your guess is {9 - day} too high.")


def test_the_loss_is_predicted_then_revealed():
    asked = predict_the_loss(guess=45)
    assert asked.reveal().startswith(
        "You guessed 45 QAR, and so says the model. Bundles took QAR 30.00, bytes took QAR 0.00"
    )


@pytest.mark.parametrize("ask", [predict_the_day, predict_the_loss])
def test_a_prediction_does_not_spoil_itself(ask):
    shown = ask().static()
    assert "<details" in shown["text/html"]
    assert "model says" not in shown["text/plain"]
