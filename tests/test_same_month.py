"""The same month twice: each control does what it says, each scenario makes its point, picture and words agree."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from prepaid_model.balances import Status
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError
from prepaid_model.figures import colours
from prepaid_model.figures.same_month import DAYS, LEFT, RIGHT, stopped_by, unused, who_lent
from prepaid_model.ledger import Kind
from prepaid_model.lending import lending, riyal_days
from prepaid_model.personas import personas
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import WHEN, simulate
from prepaid_model.units import GB, MB, QAR, format_money
from prepaid_model.usage import START, month
from prepaid_model.widgets import same_month_questions as ask
from prepaid_model.widgets.same_month import CAPS, NO_CAP, REACTION, SameMonth, habit_of, paid_after

BASIC = catalogue().plans["basic"]


@pytest.fixture
def same():
    return SameMonth()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    same, results = SameMonth(), {}
    for name in same.scenarios:
        same.choose(name)
        results[name] = same.result
    return results


# ------------------------------------------------------------------------------- the mechanisms of the lesson


def test_the_same_usage_is_paid_before_on_one_side_and_after_on_the_other(told):
    for result in told.values():
        assert result.prepaid.trace.usage == result.postpaid.trace.usage
        for at in (START + timedelta(days=day) for day in range(DAYS - 1)):
            paid, consumed = result.prepaid.lending.at(at)
            assert paid >= consumed
            paid, consumed = result.postpaid.lending.at(at)
            assert paid == 0 <= consumed
        assert result.prepaid.lending.by_operator == result.postpaid.lending.by_customer == 0
        assert result.prepaid.lending.by_customer > 0 < result.postpaid.lending.by_operator


def test_the_next_month_belongs_to_the_next_bill():
    account = PostpaidAccount(BASIC, opened=START)
    account.use(3 * GB, at=START + timedelta(days=31, seconds=-1))
    february = START + timedelta(days=31)
    account.use(3 * GB, at=february)
    account.advance(february + timedelta(days=28))
    assert [bill.amount for bill in account.unpaid] == [90 * QAR, 55 * QAR]


def test_headroom_is_the_smaller_of_the_two_limits_and_consent_lifts_one():
    account = PostpaidAccount(replace(BASIC, spend_cap=20 * QAR, credit_limit=100 * QAR), opened=START)
    assert account.headroom == 20 * QAR
    assert account.use(4 * GB, at=START).denied == GB
    assert (account.headroom, account.status) == (0, Status.SUSPENDED)
    account.agree_to_more(at=START)
    assert account.headroom == 100 * QAR - 35 * QAR - 20 * QAR
    assert account.use(4 * GB, at=START).served == 2250 * MB
    assert (account.headroom, account.owed) == (0, 100 * QAR)


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_a_surprise_costs_money_on_one_side_and_service_on_the_other(told):
    calm, surprised = told["An ordinary month"], told["One surprise day"]
    assert calm.more == calm.more_paid_in == calm.more_hours_off == 0
    assert surprised.more == 80 * QAR == surprised.bill.total - calm.bill.total
    assert surprised.more_paid_in == 0 < surprised.more_hours_off
    assert sum(surprised.postpaid.trace.denied) == 0 < surprised.postpaid.trace.hours_off + 1
    assert sum(surprised.prepaid.trace.denied) > 3 * GB


def test_a_spend_cap_turns_the_bill_into_silence(told):
    capped, open_ended = told["With a spend cap"], told["One surprise day"]
    assert capped.bill.total == 2 * BASIC.fee + 20 * QAR < open_ended.bill.total
    assert capped.postpaid.trace.hours_off > 0 == open_ended.postpaid.trace.hours_off
    assert stopped_by(capped.postpaid) == "the spend cap"


def test_the_credit_limit_is_the_operators(told):
    limited = told["The operator's limit"]
    assert stopped_by(limited.postpaid) == "the credit limit"
    assert limited.bill.total == 100 * QAR + BASIC.fee


def test_whoever_reacts_pays_more_and_is_off_for_less(told):
    waits, reacts = told["One surprise day"], told["Prepaid, topped up when it stops"]
    by_itself = told["Prepaid, topping up by itself"]
    assert waits.more_paid_in < reacts.more_paid_in < by_itself.more_paid_in
    assert waits.more_hours_off > reacts.more_hours_off > 0 >= by_itself.more_hours_off


def test_a_balance_kept_full_lends_more(told):
    assert (
        told["Prepaid, topping up by itself"].prepaid.lending.by_customer
        > 2 * told["One surprise day"].prepaid.lending.by_customer
    )


def test_who_hardly_uses_it_loses_what_expires(told):
    little = told["Hardly used"]
    assert unused(little.prepaid) > 0.8 * little.prepaid.lending.paid[-1]
    assert little.bill.total == 2 * BASIC.fee


def test_in_the_ordinary_month_prepaid_costs_more_and_after_the_surprise_less(told):
    for scenario, prepaid_is_dearer in (("An ordinary month", True), ("One surprise day", False)):
        result = told[scenario]
        january = result.postpaid.lending.at(START + timedelta(days=31))[1]
        assert bool(result.prepaid.lending.consumed[-1] > january) is prepaid_is_dearer


# ------------------------------------------------------------------------------- the controls


def test_scenarios_name_controls_and_say_different_things(told):
    assert len({str(result.title) + str(result.bill.total) + str(riyal_days(result.prepaid.lending.by_customer))
                for result in told.values()}) == len(told)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("who", "student"),
        ("month", 3),
        ("extra", 9),
        ("bundle", "month_5gb"),
        ("reaction", WHEN[1]),
        ("plan", "plus"),
        ("cap", 0),
        ("limit", 50),
        ("day", 3),
    ],
)
def test_each_control_changes_sentence_and_picture(same, name, value):
    same.choose("One surprise day")
    before = same.sentence, same.picture.png()
    same.controls[name].value = value
    assert same.sentence != before[0]
    assert same.picture.png() != before[1]
    same.reset()
    assert (same.sentence, same.picture.png()) == before


def test_bad_input_is_told_and_changes_nothing(same):
    before = same.sentence
    with pytest.raises(InputError, match="scenario: got 'Free for all'"):
        same.choose("Free for all")
    assert "scenario: got" in same.status.value
    with pytest.raises(InputError):
        same.act(cap=-1)
    assert "plan spend cap: got -1" in same.status.value
    assert same.sentence == before
    same.reset()
    assert same.status.value == ""


def test_a_cap_of_nothing_is_a_cap_and_none_is_none(same):
    same.choose("One surprise day")
    same.controls["cap"].value = 0
    assert same.result.bill.total == 2 * BASIC.fee
    same.controls["cap"].value = NO_CAP
    assert same.result.bill.total > 2 * BASIC.fee
    assert [value for _, value in CAPS] == [NO_CAP, 0, 10 * QAR, 20 * QAR, 50 * QAR, 100 * QAR]


def test_the_surprise_moves_with_the_day(same):
    same.choose("One surprise day")
    same.controls["day"].value = 3
    assert same.result.prepaid.trace.usage.daily[2] > 4 * GB
    assert "a surprise on Saturday 3 January" in same.sentence
    lent = same.result.postpaid.lending.by_operator
    same.controls["day"].value = 30
    assert same.result.postpaid.lending.by_operator < lent


@pytest.mark.parametrize("who", personas())
@pytest.mark.parametrize("reaction", [value for _, value in REACTION])
@pytest.mark.parametrize("plan", catalogue().plans)
def test_every_month_is_lawful_and_every_bill_adds_up(same, who, reaction, plan):
    with same._together():
        for name, value in {"who": who, "reaction": reaction, "plan": plan}.items():
            same.controls[name].value = value
    same.controls["extra"].value = 6
    result = same.result
    for side in (result.prepaid, result.postpaid):
        side.trace.account.check()
        assert sum(side.trace.served) + sum(side.trace.denied) == side.trace.usage.total
    assert sum(line.money for line in result.bill.lines) == result.bill.total == result.postpaid.lending.paid[-1]
    assert result.postpaid.trace.account.unpaid == ()
    for panel in (same.picture.prepaid.axes, same.picture.postpaid.axes):
        assert panel.get_ylim()[1] >= result.bill.total / QAR
        assert panel.get_ylim()[1] > result.prepaid.lending.paid[-1] / QAR


def test_both_sides_are_what_the_model_says_without_the_experiment(same):
    same.choose("One surprise day")
    usage = same.result.prepaid.trace.usage
    account = PrepaidAccount(catalogue().tariffs["standard"], catalogue().lifecycle, opened=START)
    alone = simulate(account, usage, habit_of("commuter", "week_1gb", WHEN[0]))
    account.advance(START + timedelta(days=45))
    assert alone.served == same.result.prepaid.trace.served
    assert lending(account.ledger, until=account.now).by_customer == same.result.prepaid.lending.by_customer
    assert paid_after(usage, replace(BASIC, spend_cap=None))[1] == same.result.bill


# ------------------------------------------------------------------------------- the picture


def test_both_panels_have_the_same_axes_and_shade_the_lenders_side(same):
    same.choose("One surprise day")
    prepaid, postpaid = same.picture.prepaid, same.picture.postpaid
    assert prepaid.axes.get_ylim() == postpaid.axes.get_ylim()
    assert prepaid.axes.get_xlim() == postpaid.axes.get_xlim() == (0, DAYS)
    assert area(prepaid.areas["customer"]) == pytest.approx(riyal_days(same.result.prepaid.lending.by_customer), abs=1)
    assert area(postpaid.areas["operator"]) == pytest.approx(
        riyal_days(same.result.postpaid.lending.by_operator), abs=1
    )
    assert area(prepaid.areas["operator"]) == pytest.approx(0, abs=1e-6) == area(postpaid.areas["customer"])


def area(patch):
    """Area inside an outline, by the shoelace formula: riyals times days, as drawn."""
    x, y = patch.get_path().vertices.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def test_the_labels_say_who_lent_in_the_lenders_colour(same):
    for panel, side in ((same.picture.prepaid, same.result.prepaid), (same.picture.postpaid, same.result.postpaid)):
        ((lender, words),) = who_lent(side.lending)
        assert panel.lent[0].get_text() == words
        assert panel.lent[0].get_color() == {"customer": colours.MONEY_TEXT, "operator": colours.BILL_TEXT}[lender]


def test_top_ups_close_together_share_their_words(same):
    same.choose("Prepaid, topping up by itself")
    rows = same.result.prepaid.trace.rows
    assert len(same.picture.top_ups._line.get_xdata()) == (rows["kind"] == Kind.TOP_UP).sum() == 9
    words = [label.get_text() for label in same.picture.top_ups._labels if label.get_text()]
    assert words == ["2 × 10", "+10", "+10", "4 × 10", "+10"]


def test_the_invoice_stands_at_its_date_as_high_as_it_is(same):
    x, y = same.picture.invoice._stem.get_data()
    assert (list(x), list(y)) == ([31, 31], [0, 81.06])


def test_the_cursor_lies_over_the_days_of_the_month(same):
    left, width = (float(same.cursor.layout.margin.split()[-1][:-1]), float(same.cursor.layout.width[:-1]))
    each = (RIGHT - LEFT) / DAYS
    assert left / 100 == pytest.approx(LEFT - each / 2, abs=1e-4)
    assert width / 100 == pytest.approx(31 * each, abs=1e-4)


def test_few_backgrounds_serve_all_surprises(same):
    for _ in range(3):
        for extra in range(11):
            same.controls["extra"].value = extra
    assert same.picture.backgrounds <= 6


# ------------------------------------------------------------------------------- words


def plain(same):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", same._shown["both"].value))


def test_the_tables_say_what_the_result_says(same):
    same.choose("Prepaid, topping up by itself")
    text = plain(same)
    for words in (
        "before: 9 top-ups, QAR 90.00",
        "after: QAR 161.06",
        "QAR 30.00 more paid in",
        "a bill QAR 80.00 higher, seen on 1 February",
        "Overage, 4.55 GB at QAR 0.02 per 1 MB QAR 11.06 without the surprise day QAR 91.06",
        "Basic 2 GB, 1 Feb to 28 Feb the next month, in advance QAR 35.00",
        "Invoice 1 of 1 February, due 15 February",
    ):
        assert words in text


def test_without_a_surprise_nothing_is_called_one(same):
    assert "surprise" not in same.sentence
    assert plain(same).count("none: as in any month") == 2
    assert "without the surprise" not in plain(same)


def test_overage_that_comes_only_with_the_surprise_is_marked(same):
    same.choose("Hardly used")
    same.controls["extra"].value = 4
    assert "QAR 0.00 without the surprise day" in plain(same)


def test_the_sentence_is_the_picture_in_words(told, same):
    for name, result in told.items():
        same.choose(name)
        for words in (
            result.title,
            f"a bill of {format_money(result.bill.total)}",
            f"{result.prepaid.trace.hours_off} hours off",
            who_lent(result.prepaid.lending)[0][1],
            who_lent(result.postpaid.lending)[0][1],
        ):
            assert words in same.sentence


def test_a_side_that_lends_nothing_says_so():
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START)
    assert who_lent(lending(account.ledger, until=START)) == [("customer", "nobody lent anything")]


# ------------------------------------------------------------------------------- questions


def test_the_bill_is_predicted_then_revealed(told):
    asked = ask.predict_the_bill(guess=75)
    total = told["One surprise day"].bill.total // QAR
    assert asked.reveal().startswith(f"You guessed 75 QAR, the model says {total} QAR: your guess is {total - 75} QAR")
    assert "Overage, 4.55 GB at QAR 0.02 per 1 MB: QAR 91.06" in asked.sentence


def test_the_top_ups_are_predicted_then_revealed():
    assert ask.predict_the_top_ups(guess=30).reveal().startswith("You guessed 30 QAR, and so says the model.")


@pytest.mark.parametrize("predict", [ask.predict_the_bill, ask.predict_the_top_ups])
def test_a_prediction_does_not_spoil_itself(predict):
    shown = predict().static()
    assert "<details" in shown["text/html"]
    assert "model says" not in shown["text/plain"]


def test_the_opening_picture_does_not_spoil_the_first_prediction(same):
    assert "161" not in same.static()["text/plain"]


@pytest.mark.parametrize(
    ("question", "right", "mistakes"),
    [
        (ask.money_times_time, 60, (15, 4, 45, 75)),
        (ask.a_quiet_first_bill, 70, (35, 0)),
        (ask.a_cap, 90, (55, 20, 161)),
        (ask.a_limit, 135, (100,)),
        (ask.where_they_meet, 2250, (2000, 250, 5000)),
    ],
)
def test_questions_know_their_answer_and_the_usual_mistakes(question, right, mistakes):
    asked = question()
    assert asked.answer(right).startswith("Right.")
    hints = {asked.answer(mistake) for mistake in mistakes}
    assert len(hints) == len(mistakes)
    assert all(hint.startswith("Not yet. ") for hint in hints)
    assert asked.answer(1).removeprefix("Not yet. ") not in {hint.removeprefix("Not yet. ") for hint in hints}


def test_the_month_is_one_billing_cycle(same):
    assert same.result.bill.at == START + timedelta(days=31) == same.result.prepaid.trace.end
    assert same.result.prepaid.trace.usage.at == month("commuter", 75, days=31).at
