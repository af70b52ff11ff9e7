"""What the lesson asks: the answers are the model's, the hints fit the mistakes they are for."""

import pytest

from prepaid_model.widgets import check_widgets, say
from prepaid_model.widgets import recharge_questions as ask
from prepaid_model.widgets.ready import NOT_RUNNING, READY

CHECKPOINTS = [
    (ask.credit_after_a_dearer_bundle, 5, {25: "takes its price", 20: "left the credit"}),
    (ask.data_after_a_video_call, 910, {955: "one direction", 90: "So much it took"}),
    (ask.three_times_the_same_voucher, 25, {75: "three vouchers", 50: "two vouchers", 0: "Nothing is taken back"}),
    (ask.bytes_without_consent, "none", {"as many as the credit pays for": "agreed"}),
    (ask.first_alert, 125, {124: "Nearly", 126: "Nearly", 60: "Back takes you back"}),
    (ask.break_even, 200, {1000: "all that is in it", 100: "Divide the price"}),
]


@pytest.mark.parametrize(("make", "right", "mistakes"), CHECKPOINTS, ids=lambda each: getattr(each, "__name__", None))
def test_the_right_answer_is_right_and_each_mistake_has_its_hint(make, right, mistakes):
    question = make()
    for given, words in mistakes.items():
        told = question.answer(given)
        assert told.startswith("Not yet.")
        assert words in told
    assert question.answer(right).startswith("Right.")


@pytest.mark.parametrize(
    ("make", "right", "why"),
    [
        (ask.credit_left, 15, "The bundle was paid from credit"),
        (ask.data_left, 879, "moved 120.27 MB"),
        (ask.price_as_you_go, 15, "QAR 0.05 outside a bundle: 5 times"),
    ],
    ids=["credit left", "data left", "price as you go"],
)
def test_a_prediction_is_answered_by_the_model_once_it_is_locked(make, right, why):
    guessed = make(guess=10)
    assert guessed.locked == 10
    told = guessed.reveal()
    assert f"the model says {right} " in told
    assert why in told


def test_the_check_says_what_to_do_only_where_nothing_runs():
    check = check_widgets()
    assert READY in check.children[1].value
    assert check.static()["text/plain"] == NOT_RUNNING
    assert "Run All Cells" in NOT_RUNNING


def test_what_is_said_reads_the_same_as_text_and_as_html():
    said = say("a < b.", "Then c.")
    assert repr(said) == "a < b.\nThen c."
    assert said._repr_html_() == "<p>a &lt; b.</p><p>Then c.</p>"


def test_what_would_spoil_a_prediction_is_folded_away():
    said = say("QAR 15.05", folded="Show the <price>")
    assert repr(said) == "QAR 15.05"
    summary, rest = said._repr_html_().split("</summary>")
    assert summary == "<details><summary>Show the &lt;price&gt;"
    assert rest == "<p>QAR 15.05</p></details>"
