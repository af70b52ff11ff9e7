"""The size of a quota as an experiment: controls, scenarios, picture and words agree with the model."""

import re

import numpy as np
import pytest

from prepaid_model.errors import InputError
from prepaid_model.figures.quota_tradeoff import SURE, amount
from prepaid_model.tradeoff import SIZES, best_size, run_down
from prepaid_model.units import GB, KB, MB, format_money
from prepaid_model.widgets.quota_tradeoff import (
    QuotaTradeoff,
    how_it_ends,
    predict_the_overshoot,
    predict_the_size,
)


@pytest.fixture
def tradeoff():
    return QuotaTradeoff()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    tradeoff = QuotaTradeoff()
    results = {}
    for name in tradeoff.scenarios:
        tradeoff.choose(name)
        results[name] = tradeoff.result
    return results


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_it_opens_without_telling_what_is_to_be_guessed(tradeoff):
    assert not tradeoff.result.added_up
    assert tradeoff.result.end is None
    assert "score" not in tradeoff.sentence
    assert "balance" not in tradeoff.sentence
    assert "balance" not in tradeoff._shown["readouts"].value
    assert not tradeoff.picture.star.get_visible()
    assert all(words.get_visible() for words in tradeoff.picture.not_yet)
    assert "score" not in tradeoff.static()["text/plain"]


def test_devices_that_share_an_account_end_below_zero_and_one_alone_does_not(told):
    assert told["One device alone"].end.balance == 0
    assert told["Long films"].end.balance < 0
    assert "announced as the last" in how_it_ends(told["One device alone"].end)


def test_slow_answers_make_small_quotas_useless_and_debts_large(told):
    slow, home = told["Slow answers"], told["Three devices"]
    flat = slow.theory.requests[np.array(slow.sizes) <= 5 * MB]
    assert flat.max() == flat.min()
    assert slow.end.balance < 10 * run_down(home.conditions, home.quota).balance


def test_quick_answers_leave_hardly_any_overshoot(told):
    assert told["Answers at once"].chosen.ahead[0] < 0.01 * told["Three devices"].chosen.ahead[0]
    assert told["Answers at once"].end.owed < 10 * KB


def test_long_films_need_few_requests_and_larger_quotas(told):
    assert told["Long films"].chosen.requests[0] < 0.2 * told["Three devices"].chosen.requests[0]
    assert told["Long films"].best > told["Requests are cheap"].best


def test_where_requests_are_cheap_quotas_are_small(told):
    assert told["Requests are cheap"].best == SIZES[0] < told["Three devices"].best


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "quota": 20 * MB,
    "delay": 1000,
    "speed": 100,
    "devices": 5,
    "need": MB,
    "weight": 10,
    "sessions": 1000,
    "add_up": True,
    "run_down": True,
}


def test_there_is_a_change_for_every_control(tradeoff):
    assert CHANGES.keys() == tradeoff.controls.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_each_control_changes_what_is_shown_and_reset_undoes_it(name, tradeoff):
    if name == "weight":
        tradeoff.controls["add_up"].value = True
    said, shown = tradeoff.sentence, tradeoff._shown["picture"].value
    tradeoff.controls[name].value = CHANGES[name]
    assert tradeoff._shown["picture"].value != shown
    assert (tradeoff.sentence != said) == (name != "sessions")  # theory does not depend on how many are simulated
    tradeoff.reset()
    assert tradeoff.settings == QuotaTradeoff().settings


def test_the_weight_is_shown_where_something_is_weighed(tradeoff):
    assert tradeoff.controls["weight"].layout.display == "none"
    tradeoff.controls["add_up"].value = True
    assert tradeoff.controls["weight"].layout.display is None


def test_all_sizes_delays_and_speeds_can_be_chosen(tradeoff):
    assert [value for _, value in tradeoff.controls["quota"].options] == list(SIZES)
    for name in ("quota", "delay", "speed", "weight"):
        for _, value in tradeoff.controls[name].options:
            tradeoff.controls[name].value = value
            assert np.isfinite(tradeoff.result.theory.requests).all()


def test_a_scenario_that_is_none_is_told_and_changes_nothing(tradeoff):
    said = tradeoff.sentence
    with pytest.raises(InputError, match="scenario"):
        tradeoff.choose("Four devices")
    assert "one of Three devices" in tradeoff.status.value
    assert tradeoff.sentence == said


def test_running_is_pure(tradeoff):
    one, other = tradeoff.run(**tradeoff.settings), QuotaTradeoff().result
    assert all(np.array_equal(a, b) for a, b in zip(one.simulated, other.simulated, strict=True))
    assert (one.best, one.title) == (other.best, other.title)


# ------------------------------------------------------------------------------- the picture


def test_points_lie_on_the_curves_with_their_standard_errors(tradeoff):
    tradeoff.controls["sessions"].value = 10_000
    result = tradeoff.result
    for panel, mean, error in zip(tradeoff.picture.panels, result.simulated, result.errors, strict=True):
        assert panel.points.get_ydata() == pytest.approx(mean)
        ends = panel.bars.get_ydata().reshape(-1, 3)
        assert ends[:, 1] - mean == pytest.approx(SURE * error)
        on_curve = np.interp(np.log(SIZES), np.log(result.sizes), panel.curve.get_ydata())
        assert np.median(np.abs(mean / on_curve - 1)) < 0.03


def test_the_chosen_size_is_marked_in_each_picture_and_the_least_score_where_it_is(tradeoff):
    tradeoff.controls["add_up"].value = True
    tradeoff.controls["quota"].value = 5 * MB
    for panel in (*tradeoff.picture.panels, tradeoff.picture.sum):
        assert list(panel.upright.get_xdata()) == [5 * MB, 5 * MB]
        assert list(panel.ring.get_xdata()) == [5 * MB]
    assert tradeoff.picture.panels[0].value.get_text() == f"{tradeoff.result.chosen.requests[0]:,.0f}"
    (at,), (least,) = tradeoff.picture.star.get_data()
    assert at == tradeoff.result.best
    assert least == pytest.approx(tradeoff.picture.sum.curve.get_ydata().min())


def test_sizes_smaller_than_a_wait_are_shaded(tradeoff):
    edge = tradeoff.picture.panels[0].waits.get_xy()[:, 0].max()
    assert edge == tradeoff.result.conditions.meanwhile == 500 * KB
    tradeoff.choose("Answers at once")
    assert [words.get_text() for words in tradeoff.picture.waits_name] == ["", ""]


def test_moving_never_draws_the_background_again(tradeoff):
    drawn = tradeoff.picture.backgrounds
    for name, value in CHANGES.items():
        tradeoff.controls[name].value = value
    assert tradeoff.picture.backgrounds == drawn


@pytest.mark.parametrize("quota", SIZES)
def test_words_stay_inside_the_picture(quota, tradeoff):
    for need, weight in ((MB, 1), (100 * MB, 1000)):
        for name, value in {"quota": quota, "need": need, "weight": weight, "add_up": True}.items():
            tradeoff.controls[name].value = value
        renderer = tradeoff.picture._canvas.get_renderer()
        for panel in (*tradeoff.picture.panels, tradeoff.picture.sum):
            x, _ = panel.value.get_transform().transform(panel.value.get_position())
            width = panel.value.width(renderer)
            left = x - width if panel.value.get_horizontalalignment() == "right" else x
            assert 0 < left < left + width < renderer.width


# ------------------------------------------------------------------------------- words


def test_the_sentence_is_the_picture_in_words(tradeoff):
    for name in ("add_up", "run_down"):
        tradeoff.controls[name].value = True
    result = tradeoff.result
    requests, unused, ahead = (float(each[0]) for each in result.chosen)
    for words in (
        f"{requests:,.0f} requests",
        f"{amount(unused)} set aside",
        f"{amount(ahead)} of each gigabyte",
        f"least score is at {amount(result.best)}",
        f"balance stands at {format_money(result.end.balance)} (overshoot)",
    ):
        assert words in tradeoff.sentence


def test_the_readouts(tradeoff):
    tradeoff.controls["run_down"].value = True
    text = re.sub(r"<[^>]+>", " ", tradeoff._shown["readouts"].value)
    for words in ("500 KB", "1.5 MB", "-QAR 0.09", "3 devices ran the credit down"):
        assert words in text


def test_amounts_have_the_digits_that_mean_something():
    assert [amount(size) for size in (1.5 * GB, 999 * KB, 9.96 * MB, 1)] == ["1.5 GB", "999 KB", "10.0 MB", "1.0 B"]


# ------------------------------------------------------------------------------- predictions


def test_the_size_is_predicted_then_revealed(tradeoff):
    best = best_size(tradeoff.result.conditions, tradeoff.result.weight)
    assert best in predict_the_size()._options
    assert predict_the_size(guess=100 * KB).reveal().startswith("You guessed 100 KB, the model says 2 MB.")
    assert predict_the_size(guess=best).reveal().startswith("You guessed 2 MB, and so says the model.")


def test_the_overshoot_is_predicted_then_revealed(tradeoff):
    conditions = tradeoff.result.conditions
    assert run_down(conditions, MB).balance == run_down(conditions, 10 * MB).balance
    told = predict_the_overshoot(guess="a tenth of that").reveal()
    assert "the model says as much as before" in told
    assert "3 times 500 KB" in told


@pytest.mark.parametrize("ask", [predict_the_size, predict_the_overshoot])
def test_a_prediction_does_not_spoil_itself(ask):
    shown = ask().static()
    assert "<details" in shown["text/html"]
    assert "model says" not in shown["text/plain"]
