import pytest

from prepaid_model.errors import InputError
from prepaid_model.widgets.checkpoint import Checkpoint

SOLUTION = "What would expire is used first."


@pytest.fixture
def order() -> Checkpoint:
    return Checkpoint(
        "Which pays first?",
        lambda: "the one that ends soonest",
        SOLUTION,
        options=["the oldest", "the one that ends soonest", "the largest"],
        hints={"the oldest": "What does its end do?"},
        hint="Look at the ends.",
    )


@pytest.fixture
def blocks() -> Checkpoint:
    tests = [(lambda x: x < 0, "Fewer than none?"), (lambda x: x == 2, "And the last 50 KB?")]
    return Checkpoint(
        "How many started 100 KB?", 3, "Two whole, one started.", hints=tests, hint="Count.", unit="blocks"
    )


def shown(checkpoint: Checkpoint) -> str:
    return checkpoint._outcome.value


def test_each_usual_mistake_has_its_hint_and_any_other_the_general_one(order, blocks):
    assert order.answer("the oldest") == "Not yet. What does its end do?"
    assert order.answer("the largest") == "Not yet. Look at the ends."
    assert blocks.answer(-1) == "Not yet. Fewer than none?"
    assert blocks.answer(2) == "Not yet. And the last 50 KB?"
    assert blocks.answer(30) == "Not yet. Count."


def test_the_right_answer_is_said_to_be_right_with_the_reason(order, blocks):
    assert order.answer("the one that ends soonest") == f"Right. {SOLUTION}"
    assert "pm-right" in shown(order)
    assert blocks.answer(3) == "Right. Two whole, one started."


def test_on_the_page_an_option_is_chosen_and_checked(order):
    order.check_button.click()
    assert "choose one of the options first" in order.status.value
    order.control.value = "the oldest"
    order.check_button.click()
    assert order.status.value == ""
    assert "What does its end do?" in shown(order)
    assert "pm-wrong" in shown(order)
    assert 'aria-live="polite"' in shown(order)


@pytest.mark.parametrize("text", ["3", " 3 ", "3.0"])
def test_on_the_page_a_number_is_typed_and_checked(blocks, text):
    blocks.control.value = text
    blocks.check_button.click()
    assert blocks.feedback.startswith("Right.")


@pytest.mark.parametrize("text", ["", "three", "<b>3</b>", "3 blocks", "nan", "inf"])
def test_what_is_no_number_is_said_in_plain_words(blocks, text):
    blocks.control.value = text
    blocks.check_button.click()
    assert "expected a number" in blocks.status.value
    assert "<b>" not in blocks.status.value
    assert blocks.feedback == ""


@pytest.mark.parametrize(("question", "given"), [("order", "none of them"), ("blocks", "3"), ("blocks", True)])
def test_from_code_an_answer_must_be_one(question, given, request):
    with pytest.raises(InputError, match="answer"):
        request.getfixturevalue(question).answer(given)


def test_a_number_may_be_off_by_the_tolerance_and_no_more():
    price = Checkpoint("What does it cost?", 2.5, "So.", tolerance=0.25, unit="QAR")
    assert price.answer(2.75).startswith("Right.")
    assert price.answer(2.76).startswith("Not yet.")


def test_neither_page_nor_file_gives_the_answer_away_unless_unfolded(order, blocks):
    for checkpoint in (order, blocks):
        bundle, _ = checkpoint._repr_mimebundle_()
        assert bundle["text/plain"] == f"Question: {checkpoint.question}"
        before, folded = bundle["text/html"].split("<details")
        assert checkpoint.solution not in before
        assert checkpoint.solution in folded
        assert checkpoint.feedback == ""
    assert all(option in bundle_html(order) for option in order._options)


def bundle_html(checkpoint: Checkpoint) -> str:
    return checkpoint._repr_mimebundle_()[0]["text/html"].split("<details")[0]


def test_where_many_answers_are_right_a_test_accepts_them():
    even = Checkpoint("Name an even number.", None, "Two.", accepts=lambda number: number % 2 == 0, hint="Odd.")
    assert even.answer(4) == even.answer(2) == "Right. Two."
    assert even.answer(3) == "Not yet. Odd."
