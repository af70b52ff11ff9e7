"""The count of bytes: each scenario makes its point, each control does its work, nothing is told before its turn."""

import math
import re

import pytest

from prepaid_model.counting import MIDNIGHT, UTC_MIDNIGHT
from prepaid_model.errors import InputError, Refused
from prepaid_model.figures.byte_counter import COLUMNS, BytePicture, Waterfall
from prepaid_model.records import Cause
from prepaid_model.units import MB, MIB
from prepaid_model.widgets import byte_questions
from prepaid_model.widgets.byte_counter import STEPS, ByteCounter
from prepaid_model.widgets.byte_tables import HIDDEN, SHOWN
from prepaid_model.widgets.byte_words import uplink_share, verdict, why


@pytest.fixture
def counter():
    return ByteCounter()


@pytest.fixture(scope="module")
def told():
    """Each scenario's count, by its name."""
    counter, counts = ByteCounter(), {}
    for name in counter.scenarios:
        counter.choose(name)
        counts[name] = counter.result.count
    return counts


def adds(count):
    return {step.name: float(step.adds) for step in count.steps}


def shown(counter):
    return counter._shown["picture"].value


def tables(counter):
    return counter._shown["bytes"].value


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_it_opens_with_one_point_zero_against_one_point_one(counter):
    assert verdict(counter.result.count) == "Your phone shows 1.01 GB, your operator charges 1.10 GB."


def test_the_same_megabyte_closes_most_of_the_gap(told):
    gap = {
        name: told[name].charged / told[name].operator_unit - told[name].phone.total / told[name].phone_unit
        for name in ("1.0 against 1.1", "The same megabyte")
    }
    assert gap["The same megabyte"] < gap["1.0 against 1.1"] / 5
    assert told["The same megabyte"].counted == told["1.0 against 1.1"].counted


def test_a_weak_signal_changes_the_bill_and_not_what_the_phone_received(told):
    strong, weak = told["1.0 against 1.1"], told["Weak signal"]
    assert weak.phone.output == strong.phone.output
    assert weak.counted.output > strong.counted.output * 1.07
    assert weak.charged > strong.charged


def test_half_of_a_call_goes_up_and_a_film_hardly_anything(told):
    call, film = told["A video call"].counted, told["1.0 against 1.1"].counted
    assert 0.48 < call.input / call.total < 0.5
    assert film.input / film.total < 0.03


def test_what_a_call_loses_on_its_way_up_is_not_on_the_bill(told):
    assert told["A video call"].again.input < 0 == told["A video call"].again.output


def test_small_packets_are_a_quarter_headers(told):
    assert adds(told["Chat in small packets"])["headers"] == pytest.approx(0.25, abs=0.001)
    assert adds(told["1.0 against 1.1"])["headers"] < 0.05


def test_each_record_rounded_up_costs_a_third_more(told):
    music = told["Each record rounded up"]
    assert len(music.records) == 60
    assert music.charged == 60 * MB
    assert adds(music)["rounding"] > 0.3


def test_past_midnight_phone_and_operator_book_on_different_days(told):
    night = told["Past midnight"]
    assert night.phone_days().keys() == night.operator_days().keys()
    assert Cause.TARIFF_CHANGE in {record.cause for record in night.records}
    (phone, _), (operator, _) = night.phone_days().values(), night.operator_days().values()
    assert operator > 4 * phone


def test_in_high_definition_the_volume_limit_comes_first(told):
    causes = [record.cause for record in told["In high definition"].records]
    assert causes[0] is Cause.VOLUME_LIMIT
    assert Cause.TIME_LIMIT not in causes


# ------------------------------------------------------------------------------- guess, then reveal


def test_nothing_is_told_before_its_turn(counter):
    count = counter.result.count
    answers = [count.operator_says, count.phone_says, f"{count.counted.total:,}", f"{count.counted.input:,}"]
    for revealed in range(STEPS):
        page = counter.sentence + tables(counter) + counter.static()["text/plain"]
        assert counter.result.revealed == revealed
        assert f'What does "{count.steps[revealed].name}" add?' in counter.sentence
        hidden = answers if revealed < 3 else answers[:2]
        assert not [answer for answer in hidden if answer in page]
        assert HIDDEN in tables(counter)
        counter.guess_and_reveal(5)
    assert all(answer in counter.sentence + tables(counter) for answer in answers)
    assert f">{HIDDEN}<" not in tables(counter)


def test_a_guess_stands_beside_what_is_so(counter):
    assert "Headers +4.0 % (you said +7 %)." in counter.guess_and_reveal(7)
    assert counter.result.guesses == (7, 0)
    assert "sent again +1.0 % (you said −2 %)" in counter.guess_and_reveal(-2)


def test_the_latest_step_is_told_with_its_reason(counter):
    for number in range(STEPS - 1):
        assert why(counter.result.count, number) in counter.guess_and_reveal(0)
    assert "a GB is 1,073,741,824 bytes, to the operator 1,000,000,000" in counter.sentence


def test_a_reason_goes_by_what_is_so(told):
    call, film = told["A video call"], told["1.0 against 1.1"]
    assert "a call is not acknowledged" in why(call, 0)
    assert "does not ask again" in why(call, 1)
    assert "counted, once more" in why(film, 1)
    assert "to the operator too" in why(told["The same megabyte"], 3)
    assert why(told["Each record rounded up"], 4) == "At the end each record is rounded up to a whole MB."
    assert why(told["The same megabyte"], 4) == "At the end the session is rounded up to a whole MiB."


def test_where_nothing_is_lost_or_nothing_else_runs_that_is_the_reason(counter):
    counter.controls["loss"].value = 0
    counter.controls["activity"].value = "idle"
    assert why(counter.result.count, 1) == "Nothing is lost."
    assert why(counter.result.count, 2) == "What other apps do is all there is."


def test_a_guess_is_of_the_count_it_was_made_for(counter):
    counter.guess_and_reveal(7)
    counter.controls["loss"].value = 5
    assert counter.result.revealed == 1
    assert counter.result.guesses == (None, 0)
    assert "you said" not in counter.sentence
    counter.controls["loss"].value = 1
    assert counter.result.guesses == (7, 0)


def test_a_change_keeps_what_is_revealed_and_reset_hides_it(counter):
    counter.reveal_all()
    for name, value in CHANGES.items():
        counter.controls[name].value = value
        assert counter.result.whole
    counter.reset()
    assert counter.result.revealed == 0
    assert counter.state == {"revealed": 0, "guesses": ()}


def test_a_scenario_is_a_new_riddle(counter):
    counter.reveal_all()
    counter.choose("A video call")
    assert counter.result.revealed == 0


def test_the_rest_can_be_shown_without_a_guess(counter):
    counter.guess_and_reveal(7)
    counter.all_button.click()
    assert counter.result.guesses == (7, None, None, None, None)


def test_the_button_says_what_it_reveals_and_rests_when_nothing_is_left(counter):
    for name, _ in COLUMNS[1:-1]:
        assert counter.reveal_button.description == f"Reveal: {name} ▸"
        counter.reveal_button.click()
    assert counter.reveal_button.disabled
    assert counter.all_button.disabled
    assert counter.controls["guess"].disabled
    with pytest.raises(Refused, match="nothing left"):
        counter.guess_and_reveal(1)
    counter.reset()
    assert not counter.reveal_button.disabled


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "activity": "web",
    "minutes": 60,
    "start": 23,
    "packet": 800,
    "loss": 6,
    "unit": MIB,
    "every": 15,
    "each_record": True,
    "day_ends": UTC_MIDNIGHT,
}


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_each_control_changes_picture_and_sentence(counter, name, value):
    counter.controls["start"].value = 22 if name != "start" else 21  # so that a day ends meanwhile
    counter.controls["minutes"].value = 180
    counter.reveal_all()
    before = shown(counter), counter.sentence
    counter.controls[name].value = value
    assert shown(counter) != before[0]
    assert counter.sentence != before[1]


def test_the_guess_is_drawn_before_it_is_made(counter):
    before = shown(counter), counter.sentence
    counter.controls["guess"].value = 12
    assert shown(counter) != before[0]
    assert "Your guess: +12 %." in counter.sentence
    assert counter.result.revealed == 0


def test_what_cannot_be_is_said_and_changes_nothing(counter):
    before = counter.sentence
    with pytest.raises(InputError, match="packet size: got 0"):
        counter.act(packet=0)
    assert "packet size" in counter.status.value
    assert counter.sentence == before


def test_the_alternative_text_is_the_sentence(counter):
    counter.controls["loss"].value = 3
    alt = re.search(r'alt="([^"]*)"', shown(counter))
    assert alt
    assert alt[1].replace("&quot;", '"').replace("&#x27;", "'") == counter.sentence


# ------------------------------------------------------------------------------- tables, days, picture


def test_the_tables_give_each_byte_each_way(counter):
    counter.reveal_all()
    count = counter.result.count
    for octets in (count.payload, count.headers, count.background, count.counted, count.records[0].octets):
        assert f"<td>{octets.output:,}</td><td>{octets.input:,}</td>" in tables(counter)
    for record in count.records:
        assert f"<td>{record.cause.label}</td>" in tables(counter)


def test_of_many_records_the_first_and_the_last_are_listed(counter):
    counter.choose("Each record rounded up")
    rows = tables(counter).split("The usage records")[1].count("<tr")
    assert rows == 1 + SHOWN + 1
    assert f"{60 - SHOWN} more" in tables(counter)


def test_days_are_told_when_there_is_more_than_one(counter):
    assert "By days" not in counter.reveal_all()
    counter.choose("Past midnight")
    said = counter.reveal_all()
    assert re.search(
        r"By days, the operator books [\d.]+ GB on Thu 1 Jan and [\d.]+ GB on Fri 2 Jan; "
        r"the phone [\d.]+ GB on Thu 1 Jan and",
        said,
    )
    counter.controls["start"].value, counter.controls["minutes"].value = 1, 60
    assert "By days, the operator books 748 MB on Wed 31 Dec; the phone 707 MB on Thu 1 Jan." in counter.sentence


def test_where_a_day_ends_is_marked(counter):
    strip = counter.picture.records
    counter.choose("Past midnight")
    assert strip._day_name.get_text() == "operator's day ends 03:00"
    assert strip._midnight_name.get_text() == "phone's day ends 00:00"
    counter.controls["day_ends"].value = MIDNIGHT
    assert (strip._day_name.get_text(), strip._midnight_name.get_text()) == ("day ends 00:00", "")
    counter.reset()
    counter.choose("1.0 against 1.1")
    assert strip._day_name.get_text() == ""


def test_a_question_mark_stands_where_nothing_is_revealed(counter):
    for revealed in range(STEPS + 1):
        counter.picture.update(Waterfall(counter.result.count, revealed))
        marks = [question.get_text() for question in counter.picture.questions]
        known = STEPS + 2 if revealed == STEPS else revealed + 1
        assert marks == [""] * known + ["?"] * (STEPS + 2 - known)


def test_the_columns_are_the_steps(counter):
    assert [name for name, _ in COLUMNS[1:-1]] == [step.name for step in counter.result.count.steps]


def test_bars_stand_one_on_the_other(counter):
    counter.reveal_all()
    picture = counter.picture
    levels = [0.0]
    for step in counter.result.count.steps:
        levels.append(levels[-1] + 100 * float(step.adds))
    heights = sorted({round(y, 6) for y in picture.steps.get_ydata() if not math.isnan(y)})
    assert heights == sorted({round(level, 6) for level in levels})
    assert picture.upper.get_ylim()[1] > max(levels)


def test_a_move_draws_no_new_background(counter):
    counter.reveal_all()
    before = counter.picture.backgrounds
    for minutes in range(80, 120):
        counter.controls["minutes"].value = minutes
    assert counter.picture.backgrounds == before


def test_a_picture_can_be_drawn_without_a_widget(counter):
    picture = BytePicture()
    picture.update(counter.result)
    assert picture.png()[1:4] == b"PNG"


# ------------------------------------------------------------------------------- questions


def test_the_predictions_are_answered_by_the_count():
    call, film = byte_questions.predict_the_call(guess=20), byte_questions.predict_the_film(guess=20)
    assert "the model says 50 of 100" in call.reveal()
    assert "the model says 3 of 100" in film.reveal()
    assert uplink_share(byte_questions.counted("video_call", 60)).startswith("Of 100 bytes counted, 49.9 ")


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (byte_questions.smaller_packets, 360, 400),
        (byte_questions.unit_alone, 1073, 1000),
        (byte_questions.each_record_or_the_session, 32, 4),
        (byte_questions.why_it_closed, "volume limit", "time limit"),
        (byte_questions.where_it_was_lost, "A packet of a film, on its way to your phone", "Both"),
    ],
)
def test_each_question_knows_its_answer_and_has_a_hint_for_the_usual_mistake(question, right, wrong):
    asked = question()
    assert asked.answer(right).startswith("Right.")
    assert asked.answer(wrong).startswith("Not yet.")
    assert asked.answer(wrong) != f"Not yet. {asked._hint}"
