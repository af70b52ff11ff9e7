"""The operator's books over steps: what each does to them, and that they always balance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.bookkeeping import (
    Bill,
    Book,
    Buy,
    Expire,
    NeverPay,
    Pay,
    Sign,
    Step,
    TopUp,
    Use,
    Wait,
    keep_books,
    moved,
)
from prepaid_model.errors import InputError, Refused
from prepaid_model.journal import trial_balance
from prepaid_model.units import MB, QAR

EARLIER = (TopUp(25 * QAR), Buy("week_1gb"))

steps = st.one_of(
    st.builds(TopUp, st.integers(5, 100).map(lambda riyals: riyals * QAR)),
    st.builds(Buy, st.sampled_from(["day_500mb", "week_1gb", "month_5gb"])),
    st.builds(Use, st.integers(1, 3000 * MB), st.booleans()),
    st.builds(Wait, st.integers(1, 40)),
    st.sampled_from([Expire(), Sign(), Bill(), Pay(), NeverPay()]),
)


def change(*done: Step) -> dict[str, int]:
    """Return by how many riyals the last step changes each book."""
    return {book.value: by // QAR for book, by in moved(keep_books(done).turns[-1]).items()}


def test_a_top_up_is_cash_and_owed():
    assert change(TopUp(25 * QAR)) == {"cash": 25, "unearned revenue": 25}


def test_a_purchase_moves_no_book():
    assert change(*EARLIER) == {}
    assert keep_books(EARLIER).turns[-1].lines == ()


def test_bytes_turn_what_is_owed_into_revenue():
    assert change(*EARLIER, Use(300 * MB)) == {"unearned revenue": -3, "revenue": 3}


def test_what_expires_unused_is_breakage_first_the_bundle_and_then_the_credit():
    assert change(*EARLIER, Use(300 * MB), Expire()) == {"unearned revenue": -7, "breakage": 7}
    assert change(*EARLIER, Use(300 * MB), Expire(), Expire()) == {"unearned revenue": -15, "breakage": 15}


def test_pay_as_you_go_is_earned_at_once():
    assert change(TopUp(25 * QAR), Use(300 * MB)) == {"unearned revenue": -15, "revenue": 15}


def test_a_contract_is_owed_both_ways_and_the_bill_earns_nothing_by_itself():
    assert change(Sign()) == {"receivable": 35, "unearned revenue": 35}
    # At the bill the month just over is earned, and the next one is charged.
    assert change(Sign(), Bill()) == {"receivable": 35, "revenue": 35}
    assert change(Sign(), Use(2500 * MB, postpaid=True)) == {"receivable": 10, "revenue": 10}


def test_a_payment_turns_a_debt_into_cash_and_earns_nothing():
    assert change(Sign(), Bill(), Pay()) == {"cash": 70, "receivable": -70}


def test_what_is_never_paid_becomes_a_bad_debt():
    books = keep_books((Sign(), Use(2500 * MB, postpaid=True), Bill(), NeverPay()))
    assert books.balances[Book.CASH] == books.balances[Book.RECEIVABLE] == 0
    assert books.balances[Book.BAD_DEBT] == -books.balances[Book.REVENUE] > 0


@given(st.lists(steps, max_size=8))
def test_the_trial_balance_is_zero_whatever_is_done(planned):
    done: list[Step] = []
    for step in planned:
        try:
            keep_books((*done, step))
        except Refused:
            continue
        done.append(step)
    books = keep_books(done)
    assert books.trial_balance == 0
    assert all(sum(turn.balances.values()) == 0 for turn in books.turns)
    ledgers = [account.ledger for account in (books.prepaid, books.postpaid) if account is not None]
    assert trial_balance(*ledgers) == books.balances
    assert sum(len(turn.entries) for turn in books.turns) == (sum(map(len, ledgers)) if books.turns else 0)


@pytest.mark.parametrize(
    ("done", "why"),
    [
        ((Pay(),), "there is no contract yet"),
        ((Bill(),), "there is no contract yet"),
        ((Use(MB, postpaid=True),), "there is no contract yet"),
        ((Sign(), Pay()), "none is unpaid"),
        ((Sign(), NeverPay()), "none is unpaid; the next one is still to come"),
        ((Sign(), Sign()), "it is signed already"),
        ((Sign(), Bill(), NeverPay(), Bill()), "the contract has ended"),
        ((Expire(),), "the prepaid customer has nothing left"),
        ((TopUp(25 * QAR), Expire(), Expire()), "the prepaid customer has nothing left"),
        ((Buy("week_1gb"),), "too little"),
    ],
)
def test_what_the_rules_do_not_allow_is_refused(done, why):
    with pytest.raises(Refused, match=why):
        keep_books(done)


@pytest.mark.parametrize(
    ("step", "field"), [(TopUp(0), "top-up"), (TopUp(1001 * QAR), "top-up"), (Buy("moon"), "bundle"), (Wait(0), "days")]
)
def test_what_cannot_be_is_said(step, field):
    with pytest.raises(InputError, match=field):
        keep_books((step,))
