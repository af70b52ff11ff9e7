"""An outage as an experiment: controls, scenarios, lanes and words agree with the model."""

from datetime import timedelta

import pytest

from prepaid_model.credit_control import FailureHandling
from prepaid_model.errors import InputError
from prepaid_model.figures.outage_policy import WAYS, OutagePicture, costs
from prepaid_model.outage import Charged, Story
from prepaid_model.tables import activities
from prepaid_model.units import MB, QAR, format_money
from prepaid_model.widgets.outage_policy import (
    DOES,
    FORGIVEN,
    OutagePolicy,
    predict_the_debt,
    predict_the_double,
    what_goes_wrong,
    what_it_costs,
)

TERMINATE, CONTINUE, RETRY = FailureHandling


@pytest.fixture
def outage():
    return OutagePolicy()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    outage = OutagePolicy()
    results = {}
    for name in outage.scenarios:
        outage.choose(name)
        results[name] = outage.result
    return results


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_with_credit_enough_each_way_costs_somebody_something_else(told):
    ways = told["Four minutes without the system"].ways
    assert ways[TERMINATE].without_service > ways[RETRY].without_service > ways[CONTINUE].without_service
    assert ways[RETRY].never_charged > ways[TERMINATE].never_charged > ways[CONTINUE].never_charged
    assert {way.below_zero for way in ways.values()} == {0}


def test_with_little_credit_only_trust_leads_below_zero(told):
    ways = told["Little credit left"].ways
    assert ways[CONTINUE].below_zero > QAR
    assert ways[TERMINATE].below_zero == ways[RETRY].below_zero == 0
    assert ways[CONTINUE].without_service < ways[TERMINATE].without_service


def test_without_any_credit_trust_is_given_all_the_same(told):
    ways = told["No credit at all"].ways
    assert ways[CONTINUE].never_charged > ways[RETRY].never_charged > ways[TERMINATE].never_charged > 0


def test_a_second_server_spares_everybody_who_asks_it(told):
    ways = told["A second server"].ways
    assert costs(ways[RETRY]) == costs(ways[CONTINUE]) == (0, 0, 0, 0)
    assert ways[TERMINATE].without_service > timedelta(minutes=3)


def test_a_lost_answer_is_charged_twice_unless_it_is_recognised(told):
    recognised, not_recognised = told["Answers get lost"], told["Answers get lost, repeats not recognised"]
    assert recognised.aftermath.twice == 0
    assert not_recognised.aftermath.twice == 30 * MB
    assert recognised.aftermath.balance - not_recognised.aftermath.balance == 30 * 50_000
    assert recognised.ways[TERMINATE].without_service == timedelta(minutes=3)


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "handling": CONTINUE,
    "out": 2,
    "lost": 2,
    "activity": "video_call",
    "quota": 20 * MB,
    "credit": "5",
    "second_server": True,
    "recognised": False,
    "unpaid": FORGIVEN,
}
STARTS = {"unpaid": "Little credit left", "recognised": "Answers get lost"}


def test_there_is_a_change_for_every_control(outage):
    assert CHANGES.keys() == outage.controls.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_each_control_changes_what_is_said_and_reset_undoes_it(name, outage):
    outage.choose(STARTS.get(name, "Four minutes without the system"))
    said, shown = outage.sentence, outage._shown["picture"].value
    outage.controls[name].value = CHANGES[name]
    assert outage.sentence != said
    assert outage._shown["picture"].value != shown
    outage.reset()
    assert outage.settings == OutagePolicy().settings | outage.scenarios[outage.scenario.value]


@pytest.mark.parametrize("doing", DOES)
def test_each_activity_flows_at_its_measured_pace(doing, outage):
    outage.controls["activity"].value = doing
    assert outage.result.story.speed == sum(activities()[doing].volume(1)) // 60
    assert outage.result.title.startswith(activities()[doing].label)


@pytest.mark.parametrize("bad", ["", "abc", "-5", "1e3", "0.0000001"])
def test_a_credit_that_cannot_be_is_told_and_changes_nothing(bad, outage):
    said = outage.sentence
    with pytest.raises(InputError, match="credit"):
        outage.controls["credit"].value = bad
    assert outage.sentence == said
    assert "credit" in outage.status.value
    outage.controls["credit"].value = "3"
    assert outage.status.value == ""
    assert outage.sentence != said


def test_running_is_pure(outage):
    one, other = outage.run(**outage.settings), OutagePolicy().result
    assert one.story == other.story
    assert [costs(way) for way in one.ways.values()] == [costs(way) for way in other.ways.values()]


# ------------------------------------------------------------------------------- the picture


def test_the_lanes_show_when_bytes_were_charged(told):
    picture = OutagePicture()
    result = told["Little credit left"]
    picture.update(result)
    boxes = {kind: (len(patch.get_path().vertices) // 5) for kind, patch in picture.kinds.items()}
    assert boxes == {kind: sum(len(way.spans()[kind]) for way in result.ways.values()) for kind in Charged}
    assert len(picture.cut_off.get_path().vertices) // 5 == sum(len(way.gaps()) for way in result.ways.values())


def test_each_request_is_marked_by_what_became_of_it(told):
    picture = OutagePicture()
    counts = {}
    for name, result in told.items():
        picture.update(result)
        counts[name] = [len(line.get_xdata()) for line in picture.requests]
        assert sum(counts[name]) == sum(len(way.outcome.messages) for way in result.ways.values())
    assert counts["Four minutes without the system"][1] > 0 == counts["Four minutes without the system"][3]
    assert counts["Answers get lost"][2:] == [6, 0]
    assert counts["Answers get lost, repeats not recognised"][2:] == [0, 6]


def test_the_chosen_way_is_framed_and_its_balance_drawn_thick(outage):
    for place, handling in enumerate(WAYS):
        outage.controls["handling"].value = handling
        assert outage.picture.choice.get_y() == 2 - place
        assert outage.picture.left.get_text() == format_money(outage.result.aftermath.balance)
        assert outage.picture.curve._line.get_ydata()[-1] == outage.result.aftermath.balance / QAR


def test_the_outage_is_named_where_there_is_one(outage):
    hatched = outage.picture.png()
    assert outage.picture.gone.get_text() == "no request arrives"
    assert outage.picture.gone.get_position()[0] == 5
    outage.picture.outage.show([])
    assert outage.picture.png() != hatched
    outage.controls["out"].value = 0
    assert outage.picture.gone.get_text() == ""


def test_below_zero_is_named_with_its_cause(outage):
    outage.choose("Little credit left")
    assert outage.picture.cause.get_text() == "owed (outage)"
    low, _ = outage.picture.balance.get_ylim()
    assert low < outage.result.aftermath.balance / QAR
    outage.reset()
    outage.controls["handling"].value = TERMINATE
    assert outage.picture.cause.get_text() == ""


def test_bars_and_numbers_say_what_each_way_costs(outage):
    outage.choose("Little credit left")
    for column, values in zip(
        outage.picture.columns, zip(*map(costs, outage.result.ways.values()), strict=True), strict=True
    ):
        shown = [words.get_text() for words in column._words]
        assert [float(text) for text in shown] == pytest.approx(values, abs=0.051)


def test_moving_draws_the_background_only_for_other_limits(outage):
    drawn = outage.picture.backgrounds
    for name in ("handling", "out", "lost", "second_server", "quota"):
        outage.controls[name].value = CHANGES[name]
    assert outage.picture.backgrounds == drawn


# ------------------------------------------------------------------------------- words


def test_the_sentence_is_the_picture_in_words(outage):
    outage.choose("Little credit left")
    for words in (
        "No request arrives for 4 minutes.",
        "Let it go on (CONTINUE)",
        "below zero",
        "Instead, end the session",
    ):
        assert words in outage.sentence
    assert format_money(outage.result.aftermath.balance) in outage.sentence


def test_what_goes_wrong_in_words():
    story = Story(speed=1)
    assert what_goes_wrong(story._replace(out=0)) == "Every request is answered."
    assert what_goes_wrong(story._replace(lost=2, recognised=False, second_server=True)) == (
        "No request arrives for 4 minutes, and 2 answers get lost; repeats are taken for new requests; "
        "a second server stands by."
    )


def test_where_nobody_loses_anything_it_says_so(told):
    assert what_it_costs(told["A second server"].aftermath) == "nobody loses anything"


# ------------------------------------------------------------------------------- predictions


def test_the_debt_is_predicted_then_revealed(told):
    below = told["Little credit left"].aftermath.below_zero
    said = predict_the_debt(guess=0.0).reveal()
    assert said.startswith("You guessed 0 QAR, the model says 1.45 QAR")
    assert f"{format_money(below)} more than there was" in said


def test_the_double_charge_is_predicted_then_revealed():
    said = predict_the_double(guess=30).reveal()
    assert said.startswith("You guessed 30 MB, and so says the model. 3 reports of 10 MB were charged twice, QAR 1.50.")


@pytest.mark.parametrize("ask", [predict_the_debt, predict_the_double])
def test_a_prediction_does_not_spoil_itself(ask):
    shown = ask().static()
    assert "<details" in shown["text/html"]
    assert "model says" not in shown["text/plain"]
