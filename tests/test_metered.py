"""The quick way of a postpaid account's usage writes exactly what the long way would."""

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.balances import Status
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import Refused
from prepaid_model.metered import Metered
from prepaid_model.offers import Bundle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import Tariff, Tier
from prepaid_model.units import GB, KB, MB, QAR
from prepaid_model.usage import START, month, surprise

PLAIN = Tariff(price=20_000)
TIERED = Tariff(price=20_000, increment=100 * KB, tiers=(Tier(3 * MB, 10_000), Tier(8 * MB, 5_000)))
PLANS = [
    Plan("Plain", 35 * QAR, 5 * MB, PLAIN, credit_limit=36 * QAR),
    Plan("Bare", 0, 0, PLAIN, credit_limit=QAR, spend_cap=QAR // 5),
    Plan("Tiers", 0, 2 * MB, TIERED, credit_limit=QAR // 4),
    Plan("Free", 0, 0, Tariff(price=0), credit_limit=0),
    Plan("Alone", 0, MB, Tariff(price=20_000, each_report_alone=True), credit_limit=QAR),
    Plan("Capped", 0, 0, Tariff(price=20_000, cap=200_000, at_cap="free"), credit_limit=QAR),
]


class LongWay(PostpaidAccount):
    """The same account without the quick way."""

    __slots__ = ()
    use = super(Metered, PostpaidAccount).use


def same(one, other):
    return (
        (one.ledger.columns() == other.ledger.columns()).all()
        and one.ledger.keys == other.ledger.keys
        and (one.balance, one.spent, one.headroom, one.status)
        == (other.balance, other.spent, other.headroom, other.status)
        and one._overage == other._overage
    )


uses = st.lists(
    st.tuples(st.integers(1, 4 * MB), st.integers(0, 200), st.sampled_from(["", "buy", "agree", "pay"])), max_size=30
)


@given(st.sampled_from(PLANS), uses)
def test_both_ways_write_the_same(plan, steps):
    quick, long = (kind(plan, opened=START) for kind in (PostpaidAccount, LongWay))
    for number, (volume, hours, more) in enumerate(steps):
        answers = []
        for account in (quick, long):
            at = account.now + timedelta(hours=hours)
            try:
                if more == "buy":
                    account.buy(Bundle("Add-on", 10_000, 3 * MB, timedelta(days=2)), at=at)
                elif more == "agree":
                    account.agree_to_more(at=at)
                elif more == "pay":
                    account.pay(QAR // 10, at=at)
            except Refused:
                pass
            answers.append(account.use(volume, at=at, key=None if number % 3 else f"key {number}"))
        assert answers[0] == answers[1]
        assert same(quick, long)
    quick.check()


@pytest.mark.parametrize("plan", catalogue().plans.values())
@pytest.mark.parametrize("who", ["commuter", "family_video"])
def test_both_ways_live_through_the_same_month(plan, who):
    usage = surprise(month(who, seed=3, days=31), 12, 4 * GB)
    quick, long = (kind(plan, opened=START) for kind in (PostpaidAccount, LongWay))
    for volume, at in zip(usage.volume, usage.at, strict=True):
        assert quick.use(volume, at=at) == long.use(volume, at=at)
    assert same(quick, long)
    quick.check()


def test_it_is_the_quick_way_that_is_taken(monkeypatch):
    account = PostpaidAccount(PLANS[0], opened=START)
    monkeypatch.setattr(PostpaidAccount, "_use", None)
    account.use(4 * MB, at=START)
    assert account.data_left == MB
    account._head.left = 0
    account._find_payer()
    account.use(500 * KB, at=START)
    assert account.use(700 * KB, at=START, key="k").cost == 20_000
    assert [entry.quantity for entry in account.ledger.of(account.ledger.keys["k"])] == [500 * KB, 200 * KB]


def test_the_last_step_that_can_be_paid_suspends():
    account = PostpaidAccount(replace(PLANS[1], spend_cap=40_000), opened=START)
    account.use(MB, at=START)
    assert account.status is Status.ACTIVE
    account.use(MB, at=START)
    assert (account.status, account.headroom) == (Status.SUSPENDED, 0)


def test_a_known_key_is_answered_by_the_long_way():
    account = PostpaidAccount(PLANS[0], opened=START)
    first = account.use(MB, at=START, key="k")
    assert account.use(MB, at=START, key="k") == first
    assert account.data_left == 4 * MB


def test_an_increment_may_be_filled_over_many_uses():
    account = PostpaidAccount(PLANS[1], opened=START)
    costs = [account.use(300 * KB, at=START).cost for _ in range(7)]
    assert list(accumulate(costs)) == [20_000, 20_000, 20_000, 40_000, 40_000, 40_000, 60_000]
