"""The questions of lesson 09: the model knows each answer, and each usual mistake has its hint."""

import pytest

from prepaid_model.widgets import backstage_questions as ask

RIGHT = {
    ask.requests_at_one_megabyte: 6,
    ask.quota_that_shuts_the_tablet_out: 6,
    ask.breakage_of_a_bundle: 7,
    ask.what_a_grant_takes: "it stays, and QAR 0.25 of it is held",
    ask.who_knows_the_price: "rating function",
    ask.what_wakes_the_gateway: "RAR",
    ask.cash_of_an_unpaid_bill: 0,
}


@pytest.mark.parametrize("question", RIGHT)
def test_the_model_gives_the_answer_one_would_work_out_by_hand(question):
    assert question().answer(RIGHT[question]).startswith("Right.")


@pytest.mark.parametrize(
    ("question", "wrong", "hint"),
    [
        (ask.requests_at_one_megabyte, 2, "quota of 5 MB"),
        (ask.requests_at_one_megabyte, 5, "the last one"),
        (ask.quota_that_shuts_the_tablet_out, 4, "still gets 2 MB"),
        (ask.quota_that_shuts_the_tablet_out, 7, "first answer (CCA)"),
        (ask.breakage_of_a_bundle, 3, "earned"),
        (ask.what_a_grant_takes, "nothing happens to it", "another device"),
        (ask.who_knows_the_price, "gateway", "nothing of money"),
        (ask.what_wakes_the_gateway, "CCR", "What made it ask?"),
        (ask.cash_of_an_unpaid_bill, 45, "Where is cash?"),
    ],
)
def test_a_usual_mistake_gets_its_hint(question, wrong, hint):
    answer = question().answer(wrong)
    assert answer.startswith("Not yet.")
    assert hint in answer


@pytest.mark.parametrize(
    ("prediction", "guess", "says"),
    [
        (ask.before_the_first_byte, 3, "the model says 8"),
        (ask.for_the_tablet, 4, "the model says 2 MB"),
        (ask.earned_by_a_top_up, 25, "the model says 0 QAR"),
    ],
)
def test_a_prediction_is_compared_with_the_model(prediction, guess, says):
    assert says in prediction(guess=guess).reveal()
