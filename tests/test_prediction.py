import pytest

from prepaid_model.errors import InputError, Refused
from prepaid_model.widgets.prediction import Prediction


def why(guess: object, answer: object) -> str:
    return "Because."


@pytest.fixture
def days() -> Prediction:
    return Prediction("How many days?", lambda: 5, why, low=1, high=30, unit="days")


@pytest.fixture
def kinds() -> Prediction:
    return Prediction("Which uses most?", "video", why, options=["music", "maps", "video"])


def shown(prediction: Prediction) -> str:
    return prediction._outcome.value


def test_nothing_is_revealed_before_a_guess_is_locked(days):
    assert days.reveal_button.disabled
    with pytest.raises(Refused, match="lock your guess first"):
        days.reveal()
    assert "lock your guess first" in days.status.value
    assert shown(days) == ""


def test_on_the_page_a_guess_is_set_locked_and_revealed(days):
    days.control.value = 7
    days.lock_button.click()
    assert days.locked == 7
    assert days.control.disabled
    assert days.lock_button.disabled
    assert not days.reveal_button.disabled
    assert "5 days" not in shown(days)
    days.reveal_button.click()
    assert days.sentence == ("You guessed 7 days, the model says 5 days: your guess is 2 days too high. Because.")
    assert days.sentence in shown(days)
    assert 'aria-live="polite"' in shown(days)
    assert days.reveal_button.disabled


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        (3, "You guessed 3 days, the model says 5 days: your guess is 2 days too low. Because."),
        (5, "You guessed 5 days, and so says the model. Because."),
    ],
)
def test_from_code_the_reveal_gives_the_sentence(days, guess, said):
    days.lock(guess)
    assert days.reveal() == said
    assert days.reveal() == said


def test_a_locked_guess_cannot_be_changed(days):
    days.lock(7)
    with pytest.raises(Refused, match="7 days is locked already"):
        days.lock(8)
    assert days.locked == 7


@pytest.mark.parametrize("guess", [0, 31, "many", True, None])
def test_a_guess_out_of_range_is_no_guess(days, guess):
    with pytest.raises(InputError, match="guess"):
        days.lock(guess)
    assert days.locked is None
    assert not days.control.disabled


def test_options_are_chosen_and_compared_as_words(kinds):
    kinds.lock_button.click()
    assert "choose one of the options first" in kinds.status.value
    with pytest.raises(InputError):
        kinds.lock("games")
    kinds.control.value = "maps"
    kinds.lock_button.click()
    assert kinds.status.value == ""
    assert kinds.reveal() == "You guessed maps, the model says video. Because."


def test_a_guess_recorded_in_the_cell_is_locked_but_not_revealed():
    recorded = Prediction("How many?", 5, why, guess=7)
    assert recorded.locked == 7
    assert recorded.sentence == ""
    assert "Your guess is locked: 7." in shown(recorded)


def test_the_answer_is_worked_out_at_the_reveal_and_not_before():
    asked = []

    def answer() -> float:
        asked.append(1)
        return 2.5

    half = Prediction("How much?", answer, lambda guess, answer: f"{answer - guess}", high=5.0, step=0.5, unit="QAR")
    half.lock(2)
    assert asked == []
    assert half.reveal() == "You guessed 2 QAR, the model says 2.5 QAR: your guess is 0.5 QAR too low. 0.5"
    assert asked == [1]


def test_values_can_be_said_in_another_way():
    said = Prediction("How much?", 12, why, show=lambda riyals: f"QAR {riyals}.00", guess=10)
    assert said.reveal().startswith("You guessed QAR 10.00, the model says QAR 12.00: your guess is QAR 2.00 too low.")


def test_an_answer_that_is_no_option_is_an_error_of_the_lesson():
    wrong = Prediction("Which?", "games", why, options=["music", "maps"], guess="music")
    with pytest.raises(InputError, match="answer"):
        wrong.reveal()


def test_a_page_that_cannot_run_shows_the_question_and_folds_the_answer(days, kinds):
    for prediction, answer in ((days, "5 days"), (kinds, "video")):
        bundle, _ = prediction._repr_mimebundle_()
        assert bundle["text/plain"] == f"Predict: {prediction.question}"
        before, folded = bundle["text/html"].split("<details")
        assert answer not in before
        assert answer in folded
        assert "open" not in folded.split(">")[0]


def test_what_a_lesson_says_is_text_and_never_markup():
    cheeky = Prediction("<b>How?</b>", 5, lambda guess, answer: "<script>x</script>", guess=1)
    cheeky.reveal()
    assert "<script" not in shown(cheeky)
    bundle, _ = cheeky._repr_mimebundle_()
    assert "<script" not in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]


def test_why_may_be_told_without_looking_at_the_guess():
    prediction = Prediction("How many days?", 5, "Because it is so.", high=30, unit="days")
    prediction.lock(7)
    assert prediction.reveal().endswith("Because it is so.")
    assert "Because it is so." in prediction.static()["text/html"]
