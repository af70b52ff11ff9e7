"""The rating ladder: the staircase is the tariff's, each control does what it says, each scenario makes its point."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.alerts import CreditLeft
from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer
from prepaid_model.errors import InputError
from prepaid_model.figures.rating_ladder import LEFT, RIGHT, LadderPicture
from prepaid_model.gateway import Gateway
from prepaid_model.metering import Flow
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier, rate
from prepaid_model.seven_steps import seven_steps
from prepaid_model.staircase import exactly, in_reports, in_sessions, parts, staircase
from prepaid_model.units import DIRHAM, GB, KB, MB, QAR, format_money, parse_moment
from prepaid_model.widgets import rating_questions as ask
from prepaid_model.widgets.rating_ladder import RatingLadder

NOON, NIGHT = parse_moment("2026-01-01 12:00"), parse_moment("2026-01-01 03:00")
NINE = parse_moment("2026-01-01 09:00")
STANDARD = Tariff(price=5 * DIRHAM)


@pytest.fixture
def ladder():
    return RatingLadder()


@pytest.fixture(scope="module")
def told():
    """Each scenario's result, by its name."""
    ladder = RatingLadder()
    results = {}
    for name in ladder.scenarios:
        ladder.choose(name)
        results[name] = ladder.result
    return results


def priced(result):
    return [split.cost for split in result.splits]


# ------------------------------------------------------------------------------- the staircase

tariffs = st.builds(
    lambda price, increment, block, fee, tiers, round_to: Tariff(
        price=price * 1000,
        per=1000,
        increment=increment,
        first_block=block * increment,
        session_fee=fee,
        tiers=tuple(
            Tier((block + 1 + place) * 10 * increment + block * increment, each * 1000, 1000, increment)
            for place, each in enumerate(tiers)
        ),
        round_to=round_to,
    ),
    price=st.integers(0, 9),
    increment=st.integers(1, 50),
    block=st.integers(0, 3),
    fee=st.integers(0, 20),
    tiers=st.lists(st.integers(0, 9), max_size=2),
    round_to=st.sampled_from((1, 7, 100)),
)


@given(tariffs, st.integers(1, 2000))
def test_each_tread_costs_what_its_first_and_its_last_byte_do(tariff, until):
    shown = staircase(tariff, until)
    assert shown.steps == len(shown.treads)
    assert shown.treads[0].above == 0
    assert shown.treads[-1].above < until <= shown.treads[-1].upto
    for before, tread in zip((None, *shown.treads), shown.treads, strict=False):
        assert before is None or before.upto == tread.above
        for byte in (tread.above + 1, tread.upto):
            assert rate(tariff, byte, at=NOON).charged == tread.cost


@given(tariffs, st.integers(1, 2000), st.integers(1, 9))
def test_steps_too_fine_to_be_told_apart_are_taken_together(tariff, until, most):
    every, few = staircase(tariff, until), staircase(tariff, until, most=most)
    assert few.steps == every.steps
    assert len(few.treads) <= most * 4
    assert few.treads[-1][1:] == every.treads[-1][1:]
    assert [tread.cost for tread in few.treads] == [rate(tariff, tread.upto, at=NOON).charged for tread in few.treads]


def test_a_night_price_is_a_second_staircase():
    tariff = Tariff(price=8 * DIRHAM, hours=(HourPrice(0, 6, 2 * DIRHAM),))
    day, night = (staircase(tariff, 5 * MB, hour=hour).treads for hour in (12, 3))
    assert [tread.cost for tread in day] == [8 * DIRHAM * step for step in range(1, 6)]
    assert [tread.cost for tread in night] == [2 * DIRHAM * step for step in range(1, 6)]


@pytest.mark.parametrize(("until", "hour", "field"), [(0, 12, "end of the staircase"), (MB, 24, "hour")])
def test_a_staircase_that_cannot_be_is_refused(until, hour, field):
    with pytest.raises(InputError, match=field):
        staircase(STANDARD, until, hour=hour)


# ------------------------------------------------------------------------------- cut up


@given(st.integers(0, 10**7), st.integers(1, 150))
def test_parts_are_all_of_it_and_nearly_equal(volume, number):
    cut = parts(volume, number)
    assert sum(cut) == volume
    assert len(cut) == min(number, volume)
    assert max(cut, default=0) - min(cut, default=0) <= 1


@given(tariffs, st.integers(1, 5000), st.integers(1, 120))
def test_reports_are_free_and_sessions_never_cheaper_by_rounding_up(tariff, volume, number):
    once = rate(tariff, volume, at=NOON).charged
    assert in_reports(tariff, volume, number, at=NOON) == once
    if not tariff.tiers:
        assert in_sessions(tariff, volume, number, at=NOON) >= once


@given(tariffs, st.integers(1, 5000), st.integers(1, 120))
def test_sessions_are_the_sum_of_each_by_itself(tariff, volume, number):
    alone = [rate(tariff, size, at=NOON).charged for size in parts(volume, number)]
    assert in_sessions(tariff, volume, number, at=NOON) == sum(alone)


def test_the_flaw_rounds_each_report_alone():
    flawed = replace(STANDARD, each_report_alone=True)
    assert in_reports(flawed, 10 * MB, 100, at=NOON) == 100 * STANDARD.price
    assert in_reports(flawed, 10 * MB, 1, at=NOON) == 10 * STANDARD.price


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_a_hundred_kilobytes_cost_a_whole_megabyte(ladder):
    result = ladder.result
    assert result.paid.charged == rate(STANDARD, MB, at=NOON).charged
    assert (result.paid.billed, result.slack) == (MB, 900 * KB)
    assert result.effective == 10 * result.list_price
    assert "charged as 1 MB, so 900 KB are paid for and not used" in ladder.sentence


def test_one_byte_more_climbs_a_step(told):
    one_more = told["One byte more"]
    assert one_more.volume == MB + 1
    assert one_more.paid.charged == 2 * told["100 KB for a megabyte"].paid.charged


def test_finer_increments_waste_less_though_the_list_price_is_higher(told):
    coarse, fine = told["100 KB for a megabyte"], told["By the kilobyte"]
    assert fine.list_price > coarse.list_price
    assert fine.paid.charged < coarse.paid.charged / 5
    assert fine.slack == 0
    assert len(set(priced(fine))) == 1


def test_a_fee_and_a_first_block_hurt_small_sessions_most(told):
    result, coarse = told["A session fee and a first block"], told["100 KB for a megabyte"]
    assert result.list_price < coarse.list_price
    assert result.paid.charged > 3 * coarse.paid.charged
    assert priced(result)[2] == 100 * priced(result)[0]


def test_tiers_count_the_session(told):
    once, ten, hundred, reported = priced(told["The more, the cheaper"])
    assert once == (100 * 8 + 400 * 4 + 100 * 2) * DIRHAM
    assert ten == hundred == 600 * 8 * DIRHAM
    assert reported == once


def test_the_night_has_a_lower_staircase(told):
    result = told["Cheap nights"]
    assert result.night
    assert result.paid.charged == 3 * 2 * DIRHAM
    assert result.by_night.treads[-1].cost < result.by_day.treads[-1].cost


def test_reports_rounded_alone_cost_as_much_as_sessions(told):
    once, _, hundred, reported = priced(told["Each report rounded alone"])
    assert reported == hundred == 10 * once


def test_the_last_megabyte_of_the_video_costs_next_to_nothing(told):
    result = told["The video of lesson 01"]
    assert result.paid.charged == 301 * STANDARD.price
    assert result.effective < result.list_price * 1.01


def test_reports_are_free_wherever_they_are_not_rounded_alone(told):
    for result in told.values():
        assert (priced(result)[3] == priced(result)[0]) is not result.tariff.each_report_alone


def test_who_carries_less_than_a_byte_a_session_has_fewer_sessions(ladder):
    ladder.controls["volume"].value = "7 B"
    assert [split.words for split in ladder.result.splits] == [
        "1 session",
        "7 sessions",
        "1 session of 7 reports",
    ]
    shown = [bar.get_visible() for bar in ladder.picture.bars]
    assert shown == [True, True, True, False]
    ladder.controls["volume"].value = "1 B"
    assert "A single byte cannot be cut up." in ladder.sentence
    assert [bar.get_visible() for bar in ladder.picture.bars] == [True, False, False, False]
    assert not ladder.picture.moral.get_visible()
    ladder.controls["volume"].value = "1 MB"
    assert all(bar.get_visible() for bar in ladder.picture.bars)


# ------------------------------------------------------------------------------- every control

CHANGES = {
    "price": "0.08",
    "increment": "100 KB",
    "first_block": "2 MB",
    "fee": "0.10",
    "tiers": "half the price above 5 MB",
    "night": "0.02",
    "hour": "by night",
    "volume": "2.5 MB",
    "until": 10 * MB,
    "alone": True,
}


def test_there_is_a_change_for_every_control(ladder):
    assert CHANGES.keys() == ladder.controls.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_each_control_changes_what_is_said_and_reset_undoes_it(name, ladder):
    if name == "tiers":
        ladder.controls["volume"].value = "8 MB"
    if name == "hour":
        ladder.controls["night"].value = "0.02"
    before, alt = ladder.sentence, ladder._shown["picture"].value
    ladder.controls[name].value = CHANGES[name]
    assert ladder.sentence != before
    assert ladder._shown["picture"].value != alt
    ladder.reset()
    assert ladder.settings == RatingLadder().settings


def test_the_hour_is_asked_only_where_there_is_a_night_price(ladder):
    assert ladder.controls["hour"].layout.display == "none"
    ladder.choose("Cheap nights")
    assert ladder.controls["hour"].layout.display is None
    ladder.reset()
    ladder.choose("100 KB for a megabyte")
    assert ladder.controls["hour"].layout.display == "none"


def test_a_click_on_the_staircase_is_a_volume(ladder):
    ladder.cursor.day.value = 37
    assert ladder.controls["volume"].value == "1.85 MB"
    assert ladder.result.paid.charged == 2 * STANDARD.price
    ladder.cursor.day.value = 0
    assert ladder.result.volume == 1
    ladder.controls["until"].value = GB
    ladder.cursor.day.value = 50
    assert ladder.result.volume == 500 * MB


def test_a_volume_typed_moves_the_cursor_and_stays_exact(ladder):
    ladder.controls["volume"].value = "2,345,678 B"
    assert ladder.cursor.day.value == 47
    assert ladder.result.volume == 2_345_678
    assert ladder.controls["volume"].value == "2,345,678 B"


def test_every_click_reads_back_exactly(ladder):
    for option in (span for _, span in ladder.controls["until"].options):
        ladder.controls["volume"].value = "1 B"
        ladder.controls["until"].value = option
        for place in (1, 33, 99, 100):
            ladder.cursor.day.value = place
            assert ladder.result.volume == place * option // 100
            assert ladder.cursor.day.value == place


def test_a_volume_beyond_the_staircase_makes_it_longer(ladder):
    ladder.controls["volume"].value = "7 MB"
    assert ladder.result.until == 10 * MB
    ladder.controls["volume"].value = "1 MB"
    assert ladder.result.until == 5 * MB


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("price", "cheap", "price: got 'cheap'"),
        ("increment", "7 B", "price: got 'QAR 0.05 a MB', expected whole millionths of a riyal for each 7 B"),
        ("increment", "0 MB", "increment: got 0"),
        ("increment", "big", "increment: got 'big'"),
        ("first_block", "3 B", "whole millionths of a riyal for each 3 B"),
        ("fee", "-1", "session fee: got '-1'"),
        ("night", "later", "night price: got 'later'"),
        ("volume", "0 MB", "your volume: got '0 MB', expected 1 B to 1 GB"),
        ("volume", "2 GB", "your volume: got '2 GB', expected 1 B to 1 GB"),
        ("volume", "100", "your volume: got '100'"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(name, value, message, ladder):
    sentence, shown = ladder.sentence, ladder._shown["picture"].value
    with pytest.raises(InputError, match=re.escape(message)):
        ladder.controls[name].value = value
    assert "Nothing has been changed." in ladder.status.value
    assert (ladder.sentence, ladder._shown["picture"].value) == (sentence, shown)
    ladder.reset()
    assert ladder.status.value == ""


def test_a_field_left_empty_means_none(ladder):
    sentence = ladder.sentence
    for name, texts in {"first_block": ("", "0", " None "), "night": ("", "NONE")}.items():
        for text in texts:
            ladder.controls[name].value = text
            assert ladder.sentence == sentence
    assert ladder.controls["hour"].layout.display == "none"
    ladder.controls["night"].value = "0"
    assert ladder.result.by_night.treads[-1].cost == 0


def test_prices_go_by_volume_or_by_the_hour(ladder):
    ladder.controls["tiers"].value = CHANGES["tiers"]
    with pytest.raises(InputError, match="by volume or by the hour"):
        ladder.controls["night"].value = "0.02"


def test_whatever_is_set_there_is_a_picture(ladder):
    ladder.controls["price"].value = "0"
    assert ladder.result.paid.charged == 0
    ladder.controls["fee"].value = "1,000,000"
    ladder.controls["price"].value = "1000000"
    assert np.isfinite([*ladder.picture.stairs.get_ylim(), *ladder.picture.by_megabyte.get_ylim()]).all()


# ------------------------------------------------------------------------------- the picture


def drawn(line):
    return np.column_stack(line.get_data())


def test_the_staircase_is_drawn_to_its_ends(ladder):
    flight = ladder.picture.day
    treads = drawn(flight._treads).reshape(-1, 3, 2)[:, :2]
    assert treads[:, 0] == pytest.approx(np.array([[step, 0.05 * (step + 1)] for step in range(5)]))
    assert treads[:, 1] == pytest.approx(np.array([[step + 1, 0.05 * (step + 1)] for step in range(5)]))
    assert drawn(flight._open) == pytest.approx(treads[:, 0])
    assert drawn(flight._closed) == pytest.approx(np.vstack([[[0, 0]], treads[:, 1]]))
    assert flight._open.get_markerfacecolor() == "#FFFFFF"
    assert not ladder.picture.night._treads.get_xdata().size


def test_fine_steps_have_no_dots(ladder):
    ladder.choose("By the kilobyte")
    assert not ladder.picture.day._open.get_visible()
    assert not ladder.picture.day._closed.get_visible()


def test_the_price_is_read_off_where_the_volume_is(ladder):
    ladder.choose("One byte more")
    picture = ladder.picture
    assert drawn(picture.you) == pytest.approx(np.array([[1.000001, 0.1]]))
    assert drawn(picture.guides) == pytest.approx(np.array([[0, 0.1], [1.000001, 0.1], [1.000001, 0]]))
    assert drawn(picture.unused) == pytest.approx(np.array([[1.000001, 0.1], [2, 0.1]]))
    assert picture.unused_words.get_text() == "999,999 bytes paid for, not used"
    assert drawn(picture.here) == pytest.approx(np.array([[1.000001, 0.0999999]]))


def test_the_price_of_a_megabyte_falls_in_teeth_to_the_list_price(ladder):
    along, each = ladder.picture.day._by_megabyte.get_data()
    assert each[-1] == pytest.approx(0.05)
    assert (each >= 0.05 - 1e-12).all()
    assert sum(np.diff(each) > 0) == 4
    paid = (along * each).reshape(5, -1)
    assert paid == pytest.approx(np.tile(0.05 * np.arange(1, 6)[:, None], paid.shape[1]))


def test_the_bars_are_in_proportion(ladder):
    wide = [bar.get_width() for bar in ladder.picture.bars]
    assert wide[2] == pytest.approx(10 * wide[1])
    assert wide[2] == pytest.approx(100 * wide[0])
    assert wide[3] == wide[0]
    assert [words.get_text() for words in ladder.picture.bar_prices] == ["QAR 0.05", "QAR 0.50", "QAR 5.00", "QAR 0.05"]


def test_the_line_not_in_use_is_pale(ladder):
    ladder.choose("Cheap nights")
    assert ladder.picture.day._treads.get_alpha() == 0.35
    assert ladder.picture.night._treads.get_alpha() is None
    ladder.controls["hour"].value = "by day"
    assert ladder.picture.day._treads.get_alpha() is None


@pytest.mark.parametrize("scenario", RatingLadder.scenarios)
def test_no_words_leave_the_picture(scenario, ladder):
    ladder.choose(scenario)
    picture = ladder.picture
    renderer = picture._canvas.get_renderer()
    for place in (0, 1, 8, 50, 92, 100):
        ladder.cursor.day.value = place
        for words in (picture.volume_words, picture.unused_words, picture.price_words, *picture.bar_prices):
            x, _ = words.get_transform().transform(words.get_position())
            assert x >= 0
            assert not words.get_text() or x + words.width(renderer) <= renderer.width
        x, _ = picture.title.get_transform().transform(picture.title.get_position())
        beside, _ = picture.bars_title.get_transform().transform(picture.bars_title.get_position())
        assert x + picture.title.width(renderer) < beside


@pytest.mark.parametrize("volume", ["100 KB", "2.5 MB", "4,700,001 B", "4,900,001 B"])
def test_dear_first_blocks_leave_each_word_its_place(volume, ladder):
    for name, value in {"first_block": "5 MB", "fee": "1000", "volume": volume}.items():
        ladder.controls[name].value = value
    picture, renderer = ladder.picture, ladder.picture._canvas.get_renderer()
    places = {}
    for words in (picture.volume_words, picture.unused_words, picture.bar_prices[2]):
        x, y = words.get_transform().transform(words.get_position())
        assert x + words.width(renderer) <= renderer.width
        places[words] = x, x + words.width(renderer), y
    (left, right, low), (start, end, high) = places[picture.volume_words], places[picture.unused_words]
    assert right < start or end < left or abs(high - low) > 14 * picture.dots


def test_moving_along_the_staircase_leaves_the_background_alone(ladder):
    drawn_so_far = ladder.picture.backgrounds
    for place in range(0, 101, 5):
        ladder.cursor.day.value = place
    assert ladder.picture.backgrounds == drawn_so_far
    assert isinstance(ladder.picture, LadderPicture)


def test_the_cursor_lies_over_the_staircase(ladder):
    left, width = (float(ladder.cursor.layout.margin.split()[-1][:-1]), float(ladder.cursor.layout.width[:-1]))
    assert left / 100 == pytest.approx(LEFT, abs=1e-4)
    assert (left + width) / 100 == pytest.approx(RIGHT, abs=1e-4)


# ------------------------------------------------------------------------------- words


def test_the_sentence_is_the_picture_in_words(ladder):
    result = ladder.result
    for words in (
        f"{exactly(result.volume)} cost {format_money(result.paid.charged)}",
        f"{format_money(result.effective)} a megabyte",
        *(f"{format_money(split.cost)} as {split.words}" for split in result.splits[1:]),
        "5 steps, the last at QAR 0.25",
    ):
        assert words in ladder.sentence


def test_the_readouts(ladder):
    text = re.sub(r"<[^>]+>", " ", ladder._shown["readouts"].value)
    for words in ("100 KB", "1 MB", "900 KB", "QAR 0.05", "QAR 0.00"):
        assert words in text


# ------------------------------------------------------------------------------- what the lesson asks


def test_the_byte_is_predicted_then_revealed():
    asked = ask.price_of_a_byte(guess="nothing")
    assert asked.reveal().startswith("You guessed nothing, the model says QAR 0.05.")
    assert "20 such bytes" in asked.sentence


def test_the_sessions_are_predicted_then_revealed():
    asked = ask.price_of_a_hundred_sessions(guess="QAR 0.50")
    assert asked.reveal().startswith("You guessed QAR 0.50, the model says QAR 5.00.")


@pytest.mark.parametrize("make", [ask.price_of_a_byte, ask.price_of_a_hundred_sessions])
def test_a_prediction_does_not_spoil_itself(make):
    asked = make()
    assert asked._answer in asked._options
    assert len(set(asked._options)) == 4
    assert "<details" in asked.static()["text/html"]
    assert "model says" not in asked.static()["text/plain"]


@pytest.mark.parametrize(
    ("make", "right", "mistakes"),
    [
        (ask.two_started_megabytes, 10, {6: "by the byte", 5: "last 200 KB", 12: "are started"}),
        (ask.ten_messages, 50, {5: "in one session", 0: "charged whole", 1: "How many sessions"}),
        (ask.ten_reports, 5, {50: "the flaw", 0: "charged whole"}),
        (ask.a_byte_after_a_fee, 18, {8: "And the fee?", 10: "first block?", 14: "two megabytes"}),
        (ask.bytes_paid_for_already, 999_999, {MB: "flowed already", 0: "paid for whole"}),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_the_right_answer_is_right_and_each_mistake_has_its_hint(make, right, mistakes):
    question = make()
    for mistake, words in mistakes.items():
        told = question.answer(mistake)
        assert told.startswith("Not yet.")
        assert words in told
    assert question.answer(right).startswith("Right.")


# ------------------------------------------------------------------------------- how usage reduces the balance


def carried(*flows, credit=25 * QAR, tariff=STANDARD):
    account = PrepaidAccount(tariff, opened=NINE, out_of_bundle=True)
    account.top_up(credit, at=NINE)
    gateway = Gateway(ChargingServer({"sim 1": account}).answer, "sim 1")
    return account, gateway.carry(flows)


def test_usage_reduces_the_balance_in_seven_steps():
    account, outcome = carried(Flow(NINE, NINE + timedelta(minutes=25), 9_020_625, 291_666_675))
    steps = seven_steps(account, outcome, (CreditLeft(10 * QAR),))
    names = ["Session", "Authorisation", "Metering", "Quota", "Rating", "Balance update", "Notification"]
    assert [step.name for step in steps] == names
    cost = rate(account.tariff, outcome.passed, at=NINE).charged
    assert account.credit == 25 * QAR - cost
    told = [step.did for step in steps]
    assert "300,687,300 in all" in told[2]
    assert "QAR 0.50 are held for it" in told[3]
    assert f"asks again, {len(outcome.messages) - 2} times" in told[3]
    assert f"that is 301 MB, for {format_money(cost)}" in told[4]
    usage = account.ledger.to_frame().query("kind == 'usage'")
    assert (len(usage), -usage["money"].sum()) == (31, cost)
    assert f"31 entries take {format_money(cost)}; {format_money(account.credit)} are left" in told[5]
    assert told[6] == "at 09:24, “Your credit is QAR 10.50.”"
    account.check()


def test_the_seven_steps_count_a_session_fee_with_the_price():
    a_byte = Flow(NINE, NINE + timedelta(minutes=1), downlink=1)
    account, outcome = carried(a_byte, tariff=catalogue().tariffs["big_blocks"])
    steps = seven_steps(account, outcome)
    assert steps[4].did == "in started increments of 100 KB that is 2 MB, for QAR 0.18."
    assert "fee" in set(account.ledger.to_frame()["kind"])
    assert steps[6].did == "nothing has run low yet."


def test_only_a_whole_session_is_told():
    account, outcome = carried(Flow(NINE, NINE + timedelta(minutes=1), downlink=25 * MB))
    with pytest.raises(InputError, match="from INITIAL to TERMINATION"):
        seven_steps(account, replace(outcome, messages=outcome.messages[:-1]))
    with pytest.raises(InputError, match="from INITIAL to TERMINATION"):
        seven_steps(account, replace(outcome, messages=()))
    unanswered = replace(outcome.messages[0], answer=None)
    with pytest.raises(InputError, match="one that was answered"):
        seven_steps(account, replace(outcome, messages=(unanswered, *outcome.messages[1:])))
    idle = PrepaidAccount(STANDARD, opened=NINE)
    with pytest.raises(InputError, match="main balance has paid"):
        seven_steps(idle, outcome)
