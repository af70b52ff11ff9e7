"""The checked questions of lessons 02 and 07: the model knows the answers, and usual mistakes get their hints."""

import pytest

from prepaid_model.widgets import flow_questions, limit_questions

ANSWERS = {
    flow_questions.megabytes_for_credit: (100, 0),
    flow_questions.status_without_consent: ("suspended", "active"),
    flow_questions.credit_after_grace: (40, 25),
    flow_questions.data_at_the_end: (0, 1000),
    limit_questions.unpaid_at_the_end: (20, 5),
    limit_questions.requests_of_films: ("fewer", "more"),
    limit_questions.longest_cut_off: ("TERMINATE", "CONTINUE"),
    limit_questions.charged_for_repeats: (50, 150),
    limit_questions.left_after_the_end: (0, 400),
}


@pytest.mark.parametrize("ask", ANSWERS, ids=lambda ask: ask.__name__)
def test_the_model_knows_the_answer_and_mistakes_get_hints(ask):
    right, wrong = ANSWERS[ask]
    question = ask()
    assert question.answer(wrong).startswith("Not yet.")
    assert "Try it in the experiment above" not in question.feedback
    assert question.answer(right).startswith("Right.")
    assert str(right).lower() in question.solution.lower()
