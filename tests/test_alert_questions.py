"""What lesson 10 asks: the model knows each answer, and each usual mistake has its hint."""

import pytest

from prepaid_model.lead_time import forecasts_kept
from prepaid_model.widgets import alert_questions
from prepaid_model.widgets.alert_timing import RULES, AlertTiming


def of(scenario):
    timing = AlertTiming()
    timing.choose(scenario)
    return timing.result


def test_the_cut_off_is_predicted_then_revealed():
    right = round(of("The same, with three heavy days").cut_off / 10)
    asked = alert_questions.predict_the_cut_off(guess=right + 3)
    assert asked.reveal().startswith(f"You guessed {right + 3}, the model says {right}: your guess is 3 too high.")


def test_the_forecast_is_predicted_then_revealed():
    kept, made = forecasts_kept("student", of("A larger bundle").bundle, 50, 80)
    asked = alert_questions.predict_the_forecast(guess=round(100 * kept / made))
    assert asked.reveal().startswith(f"You guessed {round(100 * kept / made)}, and so says the model.")
    assert f"{kept:,} of {made:,}" in asked.sentence


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (alert_questions.hours_cut_off, 1, {0: "Add the two", 16: "How long did the data last?"}),
        (alert_questions.left_at_the_alert, 1000, {4000: "is used", 80: "percentage", 200: "1 GB"}),
        (alert_questions.latest_alert, 76, {24: "How much is used then?", 80: "Is that a day?"}),
        (alert_questions.best_rule, RULES[1].name, {RULES[2].name: "less", RULES[3].name: "arrive"}),
        (alert_questions.how_many_months, 4, {2: "square root of 2"}),
    ],
)
def test_each_question_knows_its_answer_and_a_hint_for_each_mistake(question, right, wrong):
    asked = question()
    for mistake, hint in wrong.items():
        assert asked.answer(mistake).startswith("Not yet.")
        assert hint in asked.feedback
    assert asked.answer(right).startswith("Right.")
