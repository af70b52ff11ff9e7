"""Money paid, value consumed, credit lent, and break-even: exact, and in step with the operator's own books."""

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, Refused
from prepaid_model.journal import Book, trial_balance
from prepaid_model.ledger import EPOCH, Ledger
from prepaid_model.lending import Lending, break_even, cost, lending, riyal_days
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import GB, KB, MB, QAR, parse_moment
from prepaid_model.usage import START

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIVE_DIRHAM = Tariff(price=50_000)
WEEK = Bundle("Week", 10 * QAR, 100 * MB, 7 * DAY)
ROLLING = Bundle("Rolling", 7 * QAR, 30 * MB, 3 * DAY, rollover=20 * MB)
BASIC = Plan("Basic", 35 * QAR, 50 * MB, Tariff(price=20_000), credit_limit=250 * QAR)
PLUS = Plan("Plus", 90 * QAR, 80 * MB, Tariff(price=15_000), credit_limit=400 * QAR)
FEBRUARY, MARCH = parse_moment("2026-02-01"), parse_moment("2026-03-01")


def prepaid(**settings):
    rules = Lifecycle((Validity(1, 30 * DAY),), grace=5 * DAY)
    return PrepaidAccount(FIVE_DIRHAM, rules, opened=START, out_of_bundle=True, **settings)


def owed_service(ledger: Ledger) -> int:
    """What the operator's books say it owes its customer, less what it is owed."""
    books = trial_balance(ledger)
    return -books[Book.UNEARNED] - books[Book.RECEIVABLE]


# ------------------------------------------------------------------------------------------ a day by hand


def test_twenty_riyals_paid_on_monday_and_used_on_thursday():
    account = prepaid()
    account.top_up(20 * QAR, at=START)
    account.use(400 * MB, at=START + 3 * DAY)
    lent = lending(account.ledger, until=START + 10 * DAY)
    assert (riyal_days(lent.by_customer), lent.by_operator) == (60, 0)
    assert lent.by_customer == 20 * QAR * 3 * 86_400 * 10**6
    assert lent.at(START - HOUR) == (0, 0)
    assert lent.at(START) == (20 * QAR, 0)
    assert lent.at(START + 3 * DAY) == (20 * QAR, 20 * QAR)


def test_what_is_not_used_up_is_lent_for_as_long_as_one_looks():
    account = prepaid()
    account.top_up(20 * QAR, at=START)
    for days in (1, 2, 25):
        account.advance(START + days * DAY)
        assert riyal_days(lending(account.ledger, until=START + days * DAY).by_customer) == 20 * days


def test_a_bundle_is_consumed_as_its_bytes_flow_and_what_expires_is_gone():
    account = prepaid()
    account.top_up(10 * QAR, at=START)
    account.buy(WEEK, at=START)
    account.use(30 * MB, at=START + DAY)
    account.advance(START + 8 * DAY)
    lent = lending(account.ledger, until=START + 8 * DAY)
    assert lent.at(START) == (10 * QAR, 0)
    assert lent.at(START + DAY) == (10 * QAR, 3 * QAR)
    assert lent.at(START + 7 * DAY) == (10 * QAR, 10 * QAR)
    assert riyal_days(lent.by_customer) == 10 * 1 + 7 * 6


def test_a_fee_is_consumed_day_by_day_and_overage_at_once():
    account = PostpaidAccount(BASIC, opened=START)
    account.use(50 * MB, at=START + HOUR)
    account.use(100 * MB, at=START + 15 * DAY)
    account.advance(FEBRUARY)
    lent = lending(account.ledger, until=FEBRUARY)
    assert lent.at(START + HOUR) == (0, 0)
    assert lent.at(START + DAY) == (0, 1_130_000)  # 30 of 31 days are worth 33.87
    assert lent.at(START + 15 * DAY)[1] - lent.at(START + 15 * DAY - HOUR)[1] == 2 * QAR + 1_130_000
    assert lent.at(FEBRUARY) == (0, 37 * QAR)
    assert lent.by_customer == 0


def test_a_bill_that_is_paid_ends_the_credit_and_pays_the_next_fee_ahead():
    account = PostpaidAccount(BASIC, opened=START)
    account.advance(FEBRUARY)
    due = account.unpaid[0].due
    account.pay(70 * QAR, at=due)
    account.advance(MARCH)
    lent = lending(account.ledger, until=MARCH)
    assert lent.at(due) == (70 * QAR, 35 * QAR + 17_500_000)  # 14 of 28 days
    assert lent.by_operator > 0 < lent.by_customer
    assert lending(account.ledger, until=due).by_customer == 0


def test_a_contract_that_ends_gives_back_days_that_were_not_consumed():
    account = PostpaidAccount(BASIC, opened=START)
    account.cancel(at=START + 10 * DAY + HOUR)
    lent = lending(account.ledger, until=START + 20 * DAY)
    assert lent.at(START + 10 * DAY + HOUR)[1] == lent.at(START + 20 * DAY)[1] == account.owed


def test_a_plan_that_changes_is_consumed_at_its_own_price_from_then_on():
    account = PostpaidAccount(BASIC, opened=START)
    account.change_plan(PLUS, at=START + 16 * DAY)
    account.advance(FEBRUARY)
    lent = lending(account.ledger, until=FEBRUARY)
    assert lent.at(FEBRUARY - HOUR)[1] < lent.at(FEBRUARY)[1] == -account.balance - PLUS.fee
    assert lent.at(START + 17 * DAY)[1] - lent.at(START + 16 * DAY)[1] == 46_450_000 - 43_550_000


# ------------------------------------------------------------------------------------------ laws

acts = st.lists(
    st.tuples(
        st.sampled_from(["top up", "week", "rolling", "use", "refund", "wait"]),
        st.integers(0, 60),
        st.integers(1, 40 * MB),
    ),
    max_size=25,
)


@given(acts)
def test_what_a_prepaid_customer_has_lent_is_what_the_operators_books_owe(steps):
    account, at, last = prepaid(), START, 0
    for act, hours, volume in steps:
        at += hours * HOUR
        try:
            if act == "top up":
                account.top_up(volume * 10, at=at)
            elif act == "week":
                account.buy(WEEK, at=at)
            elif act == "rolling":
                account.buy(ROLLING, at=at, renews=True)
            elif act == "use":
                last = account.use(volume, at=at).operation
            elif act == "refund" and last:
                account.refund(last, at=at)
            else:
                account.advance(at)
        except (Refused, InputError):
            account.advance(at)
        lent = lending(account.ledger, until=at)
        paid, consumed = lent.at(at)
        assert paid - consumed == owed_service(account.ledger)
        assert paid >= consumed >= 0


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 60 * MB), st.booleans()), max_size=15))
def test_at_the_end_of_a_cycle_the_books_agree_for_postpaid_too(steps):
    account, at = PostpaidAccount(BASIC, opened=START), START
    for hours, volume, pays in steps:
        at += hours * HOUR
        if pays:
            account.pay(volume, at=at)
        else:
            account.use(volume, at=at)
    end = max(FEBRUARY, account.cycle.ends)
    account.advance(end)
    paid, consumed = lending(account.ledger, until=end).at(end)
    assert paid - consumed == owed_service(account.ledger)


@given(acts)
def test_the_area_is_the_sum_of_each_moments_gap(steps):
    account, at = prepaid(), START
    for act, hours, volume in steps:
        at += hours * HOUR
        if act == "top up":
            account.top_up(volume * 10, at=at)
        else:
            account.use(volume, at=at)
    lent = lending(account.ledger, until=at + DAY)
    hourly = sum(Fraction(paid - consumed) for paid, consumed in map(lent.at, hours_between(START, at + DAY)))
    assert lent.by_customer == hourly * 3600 * 10**6
    assert lent.by_operator == 0


def hours_between(start, end):
    return (start + number * HOUR for number in range((end - start) // HOUR))


def test_an_area_too_large_for_64_bits_is_exact():
    moments, none = np.array([0, 7]), np.array([0, 0])
    lent = Lending(moments, np.array([10**15, 10**15 - 1]), none, until=10**16 + 7)
    assert lent.by_customer == 7 * 10**15 + (10**15 - 1) * 10**16
    assert Lending(moments, none, lent.paid, until=lent.until).by_operator == lent.by_customer


def test_a_bundle_too_large_for_64_bits_is_consumed_exactly():
    account = prepaid()
    account.top_up(10**15, at=START)
    account.buy(Bundle("All", 10**15 - 1, 10**15, DAY), at=START)
    account.use(3, at=START)
    account.use(10**14, at=START)
    assert lending(account.ledger, until=START).at(START)[1] == (10**15 - 1) * (10**14 + 3) // 10**15


def test_nothing_happened_yet():
    lent = lending(Ledger(), until=START)
    assert (lent.by_customer, lent.by_operator, lent.at(START)) == (0, 0, (0, 0))


def test_what_comes_later_does_not_count():
    account = prepaid()
    account.top_up(20 * QAR, at=START)
    account.use(400 * MB, at=START + 3 * DAY)
    lent = lending(account.ledger, until=START + DAY)
    assert (riyal_days(lent.by_customer), lent.at(START + 9 * DAY)) == (20, (20 * QAR, 0))
    assert lent.until == (START + DAY - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(("share", "shown"), [(Fraction(1, 2), 1), (Fraction(49, 100), 0), (Fraction(3, 2), 2)])
def test_riyal_days_are_whole_half_up(share, shown):
    assert riyal_days(int(share * QAR * 86_400 * 10**6)) == shown


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(InputError, match="until: got"):
        lending(Ledger(), until=START.replace(tzinfo=None))


# ------------------------------------------------------------------------------------------ break-even


def names(stretches):
    return [(each.start, each.end, getattr(each.offer, "name", each.offer and "by the megabyte")) for each in stretches]


def test_the_examples_of_the_lesson():
    shop = catalogue()
    basic, bundle = shop.plans["basic"], shop.bundles["month_5gb"]
    assert names(break_even(basic, bundle, up_to=5 * GB)) == [
        (1, 2249 * MB, "Basic 2 GB"),
        (2249 * MB + 1, 2250 * MB, None),
        (2250 * MB + 1, 5000 * MB, "5 GB · 30 days"),
    ]


tariffs = st.builds(
    Tariff,
    price=st.integers(0, 50).map(lambda price: price * 1000),
    increment=st.sampled_from([100 * KB, 250 * KB, MB]),
    session_fee=st.integers(0, 200_000),
    tiers=st.sampled_from([(), (Tier(2 * MB, 10_000),)]),
)
offers = st.one_of(
    tariffs,
    st.builds(Bundle, st.just("B"), st.integers(0, 200_000), st.sampled_from([3 * MB, MB // 3]), st.just(DAY)),
    st.builds(Plan, st.just("P"), st.integers(0, 200_000), st.sampled_from([0, 2 * MB + 5]), tariffs, st.just(0)),
)


@given(offers, offers, st.lists(st.integers(1, 6 * MB), min_size=1, max_size=20))
def test_at_any_volume_the_cheaper_one_is_named(one, other, volumes):
    stretches = break_even(one, other, up_to=6 * MB)
    assert (stretches[0].start, stretches[-1].end) == (1, 6 * MB)
    assert all(before.end + 1 == after.start for before, after in pairwise(stretches))
    ends = [volume for each in stretches for volume in (each.start, each.end)]
    for volume in volumes + ends:
        named = next(each.offer for each in stretches if each.start <= volume <= each.end)
        first, second = cost(one, volume), cost(other, volume)
        assert named is (None if first == second else one if first < second else other)


def test_the_last_tier_reached_may_price_it_all():
    tariff = Tariff(price=15_000, tiers=(Tier(100 * MB, 5_000),))
    plan = Plan("Top", QAR, 0, tariff, credit_limit=0, top_tier=True)
    assert [cost(plan, volume * MB) for volume in (0, 100, 101)] == [QAR, QAR + 1_500_000, QAR + 505_000]
    assert len(break_even(plan, Tariff(price=10_000), up_to=400 * MB)) > 2


def test_a_price_by_the_hour_has_no_cost_by_volume_alone():
    by_night = Tariff(price=80_000, hours=(HourPrice(0, 6, 20_000),))
    with pytest.raises(InputError, match="expected a price that does not depend on the hour"):
        break_even(by_night, FIVE_DIRHAM, up_to=MB)


def test_a_volume_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="up_to: got 0"):
        break_even(FIVE_DIRHAM, WEEK, up_to=0)
    with pytest.raises(InputError, match="volume: got -1"):
        cost(WEEK, -1)
