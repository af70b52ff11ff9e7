"""The experiment of lesson 04: each control does what it says, each scenario makes its point."""

import re
from itertools import pairwise

import numpy as np
import pytest

from prepaid_model.buckets import ORDERS
from prepaid_model.errors import InputError
from prepaid_model.figures.bucket_order import BucketPicture, bundle_ends, left_in_all, left_of, where_it_went
from prepaid_model.figures.bucket_parts import GRID, LOOKS, Orders, about
from prepaid_model.swaps import Lot
from prepaid_model.units import GB, MB
from prepaid_model.waste import SOONEST, every_order, live, three_bundles
from prepaid_model.widgets import bucket_questions
from prepaid_model.widgets.bucket_order import BucketOrder
from prepaid_model.widgets.bucket_questions import (
    CLEARLY,
    ask_for_a_counterexample,
    excess,
    predict_the_exceptions,
    predict_the_order,
    trials_with_nights,
)
from prepaid_model.widgets.bucket_words import Swaps, on_the_account, table_of


@pytest.fixture
def buckets():
    return BucketOrder()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    shown = BucketOrder()
    results = {}
    for name in shown.scenarios:
        shown.choose(name)
        results[name] = shown.result
    return results


def said_by(words):
    return words.get_text().replace("\u00a0", " ")


def table(shown):
    return re.sub(r"<[^>]+>", " ", shown._shown["fates"].value)


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_main_balance_buckets_order_rollover_and_what_expires_unused(told):
    """The mechanism of the lesson in one account: each of its words has its number."""
    outcome = told["Bought again, with rollover"].chosen
    account = outcome.trace.account
    account.check()
    assert account.ledger.money_law()["main balance"] == account.credit == 0
    assert [fate.name for fate in outcome.fates if fate.rolled] == ["1 GB · 7 days"]
    assert outcome.wasted == sum(fate.expired for fate in outcome.fates) == 1200 * MB


def test_it_opens_with_a_poor_order_and_does_not_tell_the_others(buckets):
    assert buckets.controls["order"].value == "oldest"
    assert buckets.result.title == "Oldest first: 1.8 GB expire unused, worth QAR 14.00"
    assert "soonest" not in buckets.static()["text/plain"].lower()
    assert [said_by(value) for value in buckets.picture.bars._values].count("not yet shown") == 3


def test_soonest_first_wastes_least_and_lasts_longest(told):
    outcomes = told["Soonest expiry first"].outcomes
    assert outcomes[SOONEST].wasted == 0 < outcomes["largest"].wasted < outcomes["oldest"].wasted
    assert outcomes[SOONEST].runs_dry > outcomes["largest"].runs_dry > outcomes["oldest"].runs_dry
    assert outcomes[SOONEST].trace.hours_off < outcomes["oldest"].trace.hours_off


def test_no_order_helps_whoever_has_too_much(told):
    outcomes = told["Too much data"].outcomes
    assert 0 < outcomes[SOONEST].wasted == min(outcome.wasted for outcome in outcomes.values())
    assert outcomes[SOONEST].wasted < outcomes["oldest"].wasted


def test_rollover_saves_what_was_left_in_the_bundle_that_is_bought_again(told):
    without, rolled = told["Bought again, no rollover"].chosen, told["Bought again, with rollover"].chosen
    assert (without.rolled, rolled.rolled) == (0, 600 * MB)
    assert without.wasted - rolled.wasted == rolled.rolled
    assert rolled.worth < without.worth
    assert rolled.runs_dry > without.runs_dry


def test_the_scenario_with_nights_is_not_yet_the_counterexample(told, buckets):
    outcomes = told["A bundle for nights"].outcomes
    assert outcomes[SOONEST].wasted == outcomes["priority"].wasted
    buckets.choose("A bundle for nights")
    assert "No order wastes less than soonest expiry first." in buckets.sentence
    buckets.controls["daily"].value = 800
    assert "Here priority wastes 800 MB less than soonest expiry first." in buckets.sentence


# ------------------------------------------------------------------------------- controls


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", "largest"),
        ("compare", True),
        ("daily", 300),
        ("again", True),
        ("night", True),
    ],
)
def test_each_control_changes_sentence_and_picture(buckets, name, value):
    sentence, picture = buckets.sentence, buckets._shown["picture"].value
    buckets.controls[name].value = value
    assert buckets.sentence != sentence
    assert buckets._shown["picture"].value != picture
    buckets.reset()
    assert (buckets.sentence, buckets._shown["picture"].value) == (sentence, picture)


def test_the_share_at_night_matters_where_a_bucket_is_for_nights(buckets):
    buckets.choose("A bundle for nights")
    buckets.controls["daily"].value = 800
    little = buckets.result.outcomes["priority"].wasted
    buckets.controls["night_share"].value = 40
    assert buckets.result.outcomes["priority"].wasted < little


def test_the_rollover_is_asked_for_only_where_there_is_a_renewal(buckets):
    rollover = buckets.controls["rollover"]
    assert rollover.layout.display == "none"
    buckets.controls["again"].value = True
    assert rollover.layout.display is None
    before = buckets.result.chosen.wasted
    rollover.value = 300
    assert before - buckets.result.chosen.wasted == 300 * MB


def test_an_unknown_scenario_is_told_and_changes_nothing(buckets):
    result, sentence = buckets.result, buckets.sentence
    with pytest.raises(InputError, match="one of Oldest first"):
        buckets.choose("Newest first")
    assert "Newest first" in buckets.status.value
    assert (buckets.result, buckets.sentence) == (result, sentence)


def test_a_usage_that_cannot_be_is_told_and_changes_nothing(buckets, monkeypatch):
    result, sentence = buckets.result, buckets.sentence
    buckets.controls["daily"].min = -100
    with pytest.raises(InputError, match="daily usage"):
        buckets.controls["daily"].value = -50
    assert "daily usage" in buckets.status.value
    assert (buckets.result, buckets.sentence) == (result, sentence)


def test_every_control_is_labelled_and_placed(buckets):
    placed = [control for row in buckets.rows() for control in row]
    assert sorted(map(id, placed)) == sorted(map(id, buckets.controls.values()))
    assert all(control.description for control in placed)


# ------------------------------------------------------------------------------- the picture


def test_the_pile_is_what_the_account_has_and_the_first_to_pay_lies_on_top(buckets):
    outcome, names = buckets.result.chosen, buckets.result.chosen.case.names
    layers = dict(zip(names, buckets.picture.stack, strict=False))
    tops = {name: layer._edge.get_ydata()[0] for name, layer in layers.items()}
    assert sorted(tops, key=tops.get, reverse=True) == list(outcome.ranks)
    assert max(tops.values()) == pytest.approx(5.94)  # the first three hours' usage is counted at midnight
    pile = sum(left_of(outcome, name) for name in names)
    assert pile == pytest.approx([left_in_all(outcome, at) for at in GRID])
    assert pile[-1] == 0


@pytest.mark.parametrize("order", ORDERS)
def test_words_in_todays_column_say_who_pays_when(buckets, order):
    buckets.controls["order"].value = order
    said = {said_by(layer._name): said_by(layer._rank) for layer in buckets.picture.stack if layer._name.get_text()}
    assert [said[name].split()[0] for name in buckets.result.chosen.ranks] == ["1st", "2nd", "3rd"]
    assert said["1 GB · 7 days"].endswith("to pay, 4 days left")


def test_buckets_are_told_apart_without_colour():
    assert len({hatch for hatch, _ in LOOKS}) == len(LOOKS)


def test_what_expires_is_a_cross_and_a_drop_of_its_height(buckets):
    picture = buckets.picture
    assert picture.crosses._line.get_xdata() == pytest.approx([4, 7])
    assert [words.get_text() for words in picture.loss_words if words.get_text()] == ["−600 MB", "−1.2 GB"]
    drops = picture.drops.get_ydata().reshape(-1, 3)
    assert drops[:, 1] - drops[:, 0] == pytest.approx([0.6, 1.2])


def test_words_beside_crosses_do_not_run_into_each_other(buckets):
    buckets.controls["again"].value = True
    renderer = buckets.picture._canvas.get_renderer()
    for daily in range(100, 1200, 50):
        for order in ORDERS:
            buckets.controls["daily"].value = daily
            buckets.controls["order"].value = order
            boxes = []
            for words in buckets.picture.loss_words:
                if words.get_text():
                    x, y = words.get_transform().transform(words.get_position())
                    boxes.append((x, x + words.width(renderer), y))
            for (_, end, y), (start, _, other) in pairwise(boxes):
                assert end < start or abs(y - other) > 20


def test_ends_have_their_line_and_their_names(buckets):
    buckets.controls["night"].value = True
    buckets.controls["again"].value = True
    assert list(bundle_ends(buckets.result.chosen)) == [4, 7, 11, 12]
    words = [said_by(words) for words in buckets.picture.end_words if words.get_text()]
    assert words == ["1 GB ends", "3 GB, nights end", "1 GB ends", "5 GB ends"]


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_names_of_ends_do_not_run_into_each_other(buckets, night, again):
    buckets.controls["night"].value = night
    buckets.controls["again"].value = again
    renderer = buckets.picture._canvas.get_renderer()
    shown = [words for words in buckets.picture.end_words if words.get_text()]
    boxes = {}
    for words in shown:
        x, y = words.get_transform().transform(words.get_position())
        boxes.setdefault(round(y), []).append((x - words.width(renderer) / 2, x + words.width(renderer) / 2))
    for row in boxes.values():
        assert all(end < start for (_, end), (start, _) in pairwise(row))


@pytest.mark.parametrize("scenario", BucketOrder.scenarios)
def test_bars_are_as_long_as_the_waste_and_words_beside_them_fit(buckets, scenario):
    buckets.choose(scenario)
    result, bars = buckets.result, buckets.picture.bars
    renderer = buckets.picture._canvas.get_renderer()
    for place, (order, outcome) in enumerate(result.outcomes.items()):
        shown = result.compared or order == result.order
        assert bars._bars[place].get_width() == pytest.approx(outcome.wasted / outcome.granted if shown else 0)
        left, right = bars._names[place], bars._values[place]
        axes = bars._bars[place].axes.get_window_extent().width
        assert left.width(renderer) + right.width(renderer) < axes - 10
        assert order in said_by(left)


def test_a_renewal_is_marked_with_what_rolled_over(buckets):
    buckets.choose("Bought again, with rollover")
    (words,) = [words.get_text() for words in buckets.picture.renewals._labels if words.get_text()]
    assert words == "+1 GB, 600 MB rolled over"
    buckets.choose("Oldest first")
    assert not [words for words in buckets.picture.renewals._labels if words.get_text()]


def test_the_main_balance_falls_when_no_bucket_pays(buckets):
    times, riyals = buckets.picture.balance._line.get_data()
    assert (riyals[0], riyals[-1]) == (30, 0)
    assert min(times[riyals < 30]) == pytest.approx(7)
    buckets.controls["again"].value = True
    assert 20 in buckets.picture.balance._line.get_ydata()


def test_moving_leaves_the_background_alone_where_the_limits_stay(buckets):
    buckets.controls["night"].value = True
    buckets.controls["night"].value = False
    drawn = buckets.picture.backgrounds
    for daily in range(100, 1200, 100):
        buckets.controls["daily"].value = daily
    for order in ORDERS:
        buckets.controls["order"].value = order
    buckets.controls["night"].value = True
    assert buckets.picture.backgrounds == drawn


def test_nothing_used_and_nothing_left_can_be_drawn():
    picture = BucketPicture()
    for daily in (0, 10 * GB):
        outcomes = every_order(three_bundles(daily, night_share=100))
        picture.update(Orders(outcomes, "largest", True, "an extreme"))
        assert picture.png().startswith(b"\x89PNG")
        assert np.isfinite(picture.data.get_ylim()).all()


# ------------------------------------------------------------------------------- words


def test_the_sentence_is_the_picture_in_words(buckets):
    buckets.controls["compare"].value = True
    for order, outcome in buckets.result.outcomes.items():
        assert f"{order} {about(outcome.wasted)}" in buckets.sentence
    for words in ("After 7 days", "the main balance pays QAR 30.00", "147 hours are without service"):
        assert words in buckets.sentence
    assert buckets.picture.sums.get_text() == "6,000 MB = 4,200 used + 1,800 expired"


def test_a_usage_that_the_buckets_always_serve(buckets):
    outcome = live(three_bundles(100 * MB), SOONEST)
    assert outcome.runs_dry is not None  # the last two days have no bucket
    buckets.controls["daily"].value = 100
    assert "After 12 days" in buckets.sentence


def test_the_table_has_a_row_for_each_bucket_that_adds_up(buckets):
    buckets.choose("Bought again, with rollover")
    text = table(buckets)
    assert text.count("1 GB · 7 days") == 3
    for words in ("bought again", "rolled over", "600 MB", "QAR 8.00"):
        assert words in text
    assert "<script" not in table_of(buckets.result.chosen)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("daily", [100, 350, 650, 1200])
def test_sums_add_up_as_they_are_written(order, daily):
    said = where_it_went(live(three_bundles(daily * MB, night=True), order))
    there, used, expired = (int(number.replace(",", "")) for number in re.findall(r"[\d,]+", said))
    assert there == used + expired


def test_what_is_on_the_account_is_said():
    assert on_the_account(three_bundles(600 * MB, night=True)) == [
        "5 GB · 30 days: bought 18 days ago, 2 GB of it left, ends in 12 days.",
        "1 GB · 7 days: bought 3 days ago, 1 GB of it left, ends in 4 days.",
        "3 GB · 7 days: bought today, 3 GB of it left, ends in 7 days.",
        "2 GB nights · 7 days: bought today, 2 GB of it left, ends in 7 days.",
    ]


def test_swaps_are_shown_with_what_changed():
    shown = Swaps(["AA··", "BA··"], (Lot("A", 2, 1, 4), Lot("B", 1, 1, 1)))
    assert repr(shown) == "AA··  1 GB expire\nBA··  1 GB expire"
    assert shown._repr_html_().count("outline:") == 1


# ------------------------------------------------------------------------------- predictions and the last task


def test_the_order_is_predicted_then_revealed():
    assert predict_the_order(guess=SOONEST).reveal().startswith("You guessed the one that expires soonest, and so says")
    assert "oldest first 1.8 GB" in predict_the_order(guess="oldest").reveal()
    with pytest.raises(InputError):
        predict_the_order(guess="newest")


def test_the_exceptions_are_predicted_then_revealed():
    answer = len(trials_with_nights().against)
    assert 0 < answer < 200
    assert f"the model says {answer} cases" in predict_the_exceptions(guess=0).reveal()


@pytest.mark.parametrize("ask", [predict_the_order, predict_the_exceptions])
def test_a_prediction_does_not_spoil_itself(ask):
    shown = ask().static()
    assert "<details" in shown["text/html"]
    assert "model says" not in shown["text/plain"]


def test_a_counterexample_is_judged_by_the_model():
    task = ask_for_a_counterexample()
    right = [daily for daily in range(100, 1201, 50) if task.answer(daily).startswith("Right.")]
    assert right
    assert right == [daily for daily in range(100, 1201, 50) if excess(daily) >= CLEARLY]
    assert task.answer(600).startswith("Not yet. It wastes more already")
    assert task.answer(300).startswith("Not yet. General data is left over")
    assert task.answer(5000) == "Not yet. From 100 to 1,200 MB."
    assert task.answer(712.5).startswith("Right.")
    assert f"{about(excess(800))} more" in task.solution


# ------------------------------------------------------------------------------- checked questions


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "ask_who_pays_first",
            "3 GB · 7 days",
            {"5 GB · 30 days": "oldest", "the main balance": "no bucket"},
        ),
        ("ask_what_the_waste_had_cost", 3, {7: "used", 300: "megabytes", 10: "Some", 4: "share of ten riyals"}),
        ("ask_what_rolls_over", 500, {800: "cap", 300: "expires", 1500: "after the renewal"}),
        ("ask_what_rolls_over_unpaid", 0, {500: "not paid", 800: "Without a renewal", 1: "need"}),
        ("ask_whether_nights_should_go_first", "it may waste more", {"it never wastes more": "random cases"}),
    ],
)
def test_the_model_knows_the_answer_and_each_usual_mistake_has_its_hint(question, right, wrong):
    asked = getattr(bucket_questions, question)()
    assert asked.answer(right) == f"Right. {asked.solution}"
    for given, hint in wrong.items():
        assert asked.answer(given).startswith("Not yet.")
        assert hint in asked.feedback
    assert asked.solution not in asked.static()["text/plain"]
