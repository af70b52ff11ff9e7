"""What each debit order wastes, and why soonest expiry first wastes least: laws, an argument, counterexamples."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.buckets import ORDERS
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError
from prepaid_model.swaps import (
    NOBODY,
    Lot,
    in_words,
    plan_of,
    random_case,
    swap,
    swaps,
    try_at_random,
    wasted,
)
from prepaid_model.units import GB, MB, QAR
from prepaid_model.usage import START
from prepaid_model.waste import DAY, SOONEST, Case, Purchase, even_usage, every_order, live, three_bundles

SHOP = catalogue().bundles
LOTS = (Lot("A", 3, 1, 8), Lot("B", 2, 1, 3), Lot("C", 2, 1, 5))
ALL_CASES = [
    three_bundles(daily * MB, rollover=rollover, night=night)
    for daily in (100, 600, 1200)
    for rollover in (None, 0, 500 * MB)
    for night in (False, True)
]


def waste_of(case):
    return {order: outcome.wasted for order, outcome in every_order(case).items()}


# ------------------------------------------------------------------------------- one case, every order


def test_the_account_of_the_lesson_as_its_storyboard_has_it():
    case = three_bundles(600 * MB)
    outcome = live(case, "largest")
    left = {fate.name: fate.there for fate in outcome.fates}
    assert left == {"5 GB · 30 days": 2 * GB, "1 GB · 7 days": GB, "3 GB · 7 days": 3 * GB}
    assert outcome.ranks == ("3 GB · 7 days", "5 GB · 30 days", "1 GB · 7 days")
    assert live(case, SOONEST).ranks == ("1 GB · 7 days", "3 GB · 7 days", "5 GB · 30 days")
    assert live(case, "oldest").ranks == ("5 GB · 30 days", "1 GB · 7 days", "3 GB · 7 days")
    assert live(three_bundles(0), SOONEST).trace.left_at(START) == (30 * QAR, 6 * GB)


@pytest.mark.parametrize("case", ALL_CASES)
def test_every_byte_is_used_rolled_over_or_expired_and_no_law_is_broken(case):
    for outcome in every_order(case).values():
        outcome.trace.account.check()
        assert outcome.trace.account.data_left == 0
        for fate in outcome.fates:
            assert fate.there == fate.used + fate.rolled + fate.expired
        assert outcome.granted == outcome.wasted + sum(fate.used for fate in outcome.fates)
        assert outcome.wasted == sum(loss.volume for loss in outcome.losses) == outcome.trace.data_expired
        assert sum(outcome.trace.served) + sum(outcome.trace.denied) == case.usage.total


@pytest.mark.parametrize("case", ALL_CASES)
def test_the_worth_of_what_expired_is_what_the_books_call_breakage(case):
    for outcome in every_order(case).values():
        prices = sum(bought.bundle.price * (1 + bought.again) for bought in case.purchases)
        assert 0 <= outcome.worth <= prices
        assert (outcome.worth > 0) == (outcome.wasted > 0)


def test_worth_is_the_share_of_the_price():
    week = Case((Purchase(SHOP["week_1gb"], START),), even_usage(100 * MB, 20, days=7))
    outcome = live(week, SOONEST)
    assert (outcome.wasted, outcome.worth) == (300 * MB, 3 * QAR)
    assert outcome.losses[0].at == START + 7 * DAY


def test_the_order_decides_when_the_buckets_run_dry():
    dry = {order: outcome.runs_dry for order, outcome in every_order(three_bundles(600 * MB)).items()}
    assert dry[SOONEST] == START + 10 * DAY
    assert dry["oldest"] == START + 7 * DAY
    enough = Case((Purchase(SHOP["month_5gb"], START),), even_usage(100 * MB, 20, days=7))
    assert live(enough, SOONEST).runs_dry is None


def test_what_lies_beyond_the_usage_does_not_happen():
    late = Purchase(SHOP["week_3gb"], START + 20 * DAY)
    case = Case((Purchase(SHOP["week_1gb"], START, again=True), late), even_usage(40 * MB, 20, days=5))
    outcome = live(case, SOONEST)
    assert outcome.trace.account.now == START + 5 * DAY
    assert (outcome.granted, outcome.wasted) == (GB, 0)


def test_the_main_balance_pays_what_no_bucket_does_as_far_as_it_goes():
    outcome = live(three_bundles(600 * MB), "oldest")
    assert outcome.by_money == 30 * QAR
    assert outcome.trace.account.credit == 0
    assert outcome.trace.stop.start > outcome.runs_dry


def test_without_credit_what_no_bucket_serves_is_denied():
    case = replace(three_bundles(600 * MB), credit=0)
    outcome = live(case, SOONEST)
    assert outcome.by_money == 0
    assert sum(outcome.trace.denied) == case.usage.total - outcome.granted


# ------------------------------------------------------------------------------- rollover


@pytest.mark.parametrize("cap", [0, 300, 600, 1000])
def test_a_rollover_saves_what_was_left_up_to_its_cap(cap):
    outcome = live(three_bundles(600 * MB, rollover=cap * MB), "oldest")
    assert outcome.rolled == min(cap, 600) * MB
    assert outcome.wasted == 1800 * MB - outcome.rolled


def test_a_rollover_happens_once_and_comes_with_a_paid_renewal_only():
    bundle = replace(SHOP["week_1gb"], rollover=GB)
    unused = Case((Purchase(bundle, START, again=True),), even_usage(0, 20, days=15), credit=30 * QAR)
    paid, unpaid = live(unused, SOONEST), live(replace(unused, credit=9 * QAR), SOONEST)
    assert [fate.name.partition(", ")[2] for fate in paid.fates] == ["", "rolled over", "bought again"]
    assert [(fate.rolled, fate.expired) for fate in paid.fates] == [(GB, 0), (0, GB), (0, GB)]
    assert paid.worth == 20 * QAR  # the price of both periods: what was rolled over kept its share
    assert (unpaid.rolled, unpaid.wasted, unpaid.granted) == (0, GB, GB)


def test_a_rollover_is_the_other_way_to_beat_soonest_first():
    rolls = replace(SHOP["week_1gb"], rollover=GB, lasts=4 * DAY)
    ends_later = replace(SHOP["week_3gb"], volume=2 * GB, lasts=5 * DAY, priority=1)
    purchases = (Purchase(rolls, START, again=True), Purchase(ends_later, START))
    waste = waste_of(Case(purchases, even_usage(500 * MB, 20, days=12), credit=10 * QAR))
    assert waste["priority"] < waste[SOONEST]


# ------------------------------------------------------------------------------- usage


@given(st.integers(0, 10**12), st.integers(0, 100), st.integers(1, 5))
def test_even_usage_is_even_and_loses_no_byte(daily, night_share, days):
    usage = even_usage(daily, night_share, days)
    assert usage.total == days * daily
    night = sum(volume for at, volume in zip(usage.at, usage.volume, strict=True) if at.hour < 6)
    assert night == days * (daily * night_share // 100)
    by_day = [volume for at, volume in zip(usage.at, usage.volume, strict=True) if at.hour >= 6]
    assert not by_day or max(by_day) - min(by_day) <= 1


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"daily": -1}, "daily usage"),
        ({"daily": 1.5}, "daily usage"),
        ({"daily": 1, "night_share": 101}, "night share"),
    ],
)
def test_input_that_cannot_be_is_told(settings, field):
    with pytest.raises(InputError, match=field):
        three_bundles(**settings)


# ------------------------------------------------------------------------------- soonest expiry first


def test_two_hundred_random_cases_agree_with_the_argument():
    trials = try_at_random(200, seed=4)
    assert len(trials.tried) == 200
    assert trials.against == ()
    assert all(trials.worse(order) > 0 for order in ("oldest", "largest"))
    for outcomes in trials.tried:
        for outcome in outcomes.values():
            outcome.trace.account.check()
            assert outcome.trace.account.data_left == 0, "a case ends before its last bundle does"


def test_with_a_night_bundle_there_are_counterexamples_and_no_order_is_always_best():
    trials = try_at_random(200, seed=4, night=True)
    assert 0 < len(trials.against) < 200
    assert trials.clearest in trials.against
    for order in ORDERS:
        assert any(each[order].wasted > min(other.wasted for other in each.values()) for each in trials.tried), order
    names = [in_words(each[SOONEST].case) for each in trials.tried]
    assert all(name.count("nights") == 1 for name in names)


def test_in_riyals_soonest_first_may_waste_more():
    trials = try_at_random(200, seed=4)
    assert 0 < len(trials.against_in_money) < 200


def test_the_same_seed_draws_the_same_cases():
    assert random_case(Random(9)) == random_case(Random(9)) != random_case(Random(10))
    with pytest.raises(InputError, match="cases"):
        try_at_random(0, seed=1)


# ------------------------------------------------------------------------------- the exchange argument

SOME_LOTS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(0, 5)).map(
        lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
    ),
    min_size=1,
    max_size=4,
).map(lambda drawn: tuple(Lot("ABCD"[place], *each) for place, each in enumerate(sorted(drawn, key=lambda d: d[1]))))


def may_pay(plan, lots):
    """Whether each day's payer is live and has something left: what a swap must keep."""
    by_name = {lot.name: lot for lot in lots}
    for day, name in enumerate(plan):
        if name != NOBODY and not by_name[name].starts <= day + 1 <= by_name[name].ends:
            return False
    return all(plan.count(lot.name) <= lot.size for lot in lots)


@given(SOME_LOTS, st.sampled_from(list(ORDERS)))
def test_swap_by_swap_any_plan_becomes_soonest_first_and_never_wastes_more(lots, order):
    plans = swaps(plan_of(lots, 11, order), lots)
    assert all(may_pay(plan, lots) for plan in plans)
    assert all(wasted(before, lots) >= wasted(after, lots) for before, after in pairwise(plans))
    assert wasted(plans[-1], lots) == wasted(plan_of(lots, 11, SOONEST), lots)
    assert swap(plans[-1], lots) == plans[-1]


def test_the_example_of_the_lesson():
    plans = swaps(plan_of(LOTS, 8, "oldest"), LOTS)
    assert plans[0] == "AAACC···"
    assert plans[-1] == plan_of(LOTS, 8, SOONEST) == "BBCCAAA·"
    assert (wasted(plans[0], LOTS), wasted(plans[-1], LOTS)) == (2, 0)


def test_a_plan_that_leaves_a_day_empty_is_mended_too():
    assert swaps("········", LOTS)[-1] == "BBCCAAA·"


def test_a_lot_that_starts_later_waits_for_its_day():
    assert plan_of((Lot("A", 1, 1, 9), Lot("B", 1, 4, 4)), 5, SOONEST) == "A··B·"
