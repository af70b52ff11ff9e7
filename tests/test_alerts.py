"""Alerts fire once at a crossing, are armed again by a credit, and say what they are about."""

from datetime import timedelta

import pytest

from prepaid_model.alerts import (
    ACMA,
    APP,
    ICASA,
    SMS,
    STANDARD,
    CreditLeft,
    DataLeft,
    SpendReached,
    UsedShare,
    ValidityEnds,
    alerts,
    budget_alerts,
)
from prepaid_model.buckets import Session
from prepaid_model.errors import InputError
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import GB, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Bundle("1 GB", price=10 * QAR, volume=GB, lasts=7 * DAY, rollover=200 * MB)


def account(**settings):
    lifecycle = Lifecycle((Validity(QAR, 30 * DAY),), grace=DAY)
    made = PrepaidAccount(Tariff(price=50_000), lifecycle, opened=NINE, **settings)
    made.top_up(25 * QAR, at=NINE)
    return made


def texts(of, *rules, **more):
    return [alert.text for alert in alerts(of.ledger, rules, **more)]


def test_the_first_debit_to_the_threshold_fires_and_no_later_one():
    made = account()
    made.buy(WEEK, at=NINE)
    made.use(499 * MB + 999_999, at=NINE + HOUR)
    assert texts(made, UsedShare(50)) == []
    crossing = made.use(1, at=NINE + 2 * HOUR)
    made.use(100 * MB, at=NINE + 3 * HOUR)
    (alert,) = alerts(made.ledger, (UsedShare(50),))
    assert (alert.at, alert.entry, alert.text) == (NINE + 2 * HOUR, crossing.operation, "You have used 50 % of 1 GB.")


def test_one_debit_may_cross_several_thresholds_in_their_order():
    made = account()
    made.buy(WEEK, at=NINE)
    made.use(GB, at=NINE + HOUR)
    used = ["You have used 50 % of 1 GB.", "You have used 80 % of 1 GB.", "You have used all of 1 GB."]
    assert texts(made, *ICASA) == used
    assert texts(made, *ACMA)[1] == "You have used 85 % of 1 GB."


def test_a_credit_arms_a_threshold_again():
    made = account(out_of_bundle=True)
    made.use(480 * MB, at=NINE)
    made.top_up(25 * QAR, at=NINE + DAY)
    made.use(490 * MB, at=NINE + 2 * DAY)
    assert texts(made, CreditLeft(2 * QAR)) == ["Your credit is QAR 1.00.", "Your credit is QAR 1.50."]


def test_a_hold_on_the_main_balance_fires_only_at_the_threshold():
    made = account(out_of_bundle=True)
    made.reserve(400 * MB, Session(), at=NINE)
    assert texts(made, CreditLeft(2 * QAR)) == []
    made.reserve(60 * MB, Session(), at=NINE)
    assert texts(made, CreditLeft(2 * QAR)) == ["Your credit is QAR 25.00."]


def test_a_refund_to_a_bucket_arms_it_again():
    made = account()
    made.buy(WEEK, at=NINE)
    usage = made.use(600 * MB, at=NINE)
    made.refund(usage.operation, 300 * MB, at=NINE)
    made.use(400 * MB, at=NINE)
    assert len(texts(made, UsedShare(50))) == 2


def test_a_purchase_is_a_debit_of_the_credit():
    made = account()
    made.buy(WEEK, at=NINE)
    assert texts(made, CreditLeft(15 * QAR)) == ["Your credit is QAR 15.00."]


def test_what_expires_is_no_use():
    made = account()
    made.buy(WEEK, at=NINE)
    made.advance(NINE + 60 * DAY)
    assert texts(made, UsedShare(50), DataLeft(MB), CreditLeft(QAR)) == []


def test_data_left_may_be_an_amount():
    made = account()
    made.buy(WEEK, at=NINE)
    made.use(950 * MB, at=NINE)
    assert texts(made, DataLeft(50 * MB)) == ["50 MB are left of 1 GB."]


def test_each_bucket_has_its_own_threshold():
    made = account()
    made.buy(WEEK, at=NINE)
    made.buy(WEEK, at=NINE + HOUR)
    made.use(1600 * MB, at=NINE + 2 * HOUR)
    found = alerts(made.ledger, (UsedShare(50),))
    assert [alert.bucket for alert in found] == [bucket.id for bucket in made.buckets]


def test_the_end_of_a_validity_is_told_ahead_unless_it_is_prolonged():
    made = account()
    made.advance(NINE + 29 * DAY)
    assert texts(made, ValidityEnds(2 * DAY)) == []  # no entry says that time has passed
    assert texts(made, ValidityEnds(2 * DAY), until=made.now) == ["Your credit is valid until Sat 31 Jan, 09:00."]
    prolonged = account()
    prolonged.top_up(5 * QAR, at=NINE + 20 * DAY)
    assert texts(prolonged, ValidityEnds(2 * DAY), until=NINE + 29 * DAY) == []


def test_the_end_of_a_bundle_is_told_while_something_is_left_of_it():
    made = account()
    made.buy(WEEK, at=NINE)
    assert texts(made, ValidityEnds(DAY), until=NINE + 6 * DAY) == ["1 GB ends Thu 08 Jan, 09:00."]
    made.use(GB, at=NINE + HOUR)
    assert texts(made, ValidityEnds(DAY), until=NINE + 6 * DAY) == []


def test_a_bundle_that_renews_needs_no_warning():
    made = account()
    made.buy(WEEK, at=NINE, renews=True)
    assert texts(made, ValidityEnds(DAY), until=NINE + 6 * DAY) == []


def postpaid(allowance=0):
    plan = Plan("P", 35 * QAR, allowance, Tariff(price=50_000), credit_limit=500 * QAR)
    return PostpaidAccount(plan, opened=parse_moment("2026-01-01"))


def test_what_usage_beyond_a_plan_has_cost_fires_once_a_cycle():
    made = postpaid()
    made.use(99 * MB, at=NINE)
    assert texts(made, SpendReached(5 * QAR)) == []
    made.use(MB, at=NINE)
    made.use(100 * MB, at=NINE)
    assert texts(made, SpendReached(5 * QAR)) == ["You have spent QAR 5.00 beyond your plan."]
    made.use(120 * MB, at=parse_moment("2026-02-01"))
    assert len(texts(made, SpendReached(5 * QAR))) == 2


def test_a_refund_below_the_amount_arms_it_again():
    made = postpaid()
    usage = made.use(100 * MB, at=NINE)
    made.refund(usage.operation, MB, at=NINE)
    made.use(MB, at=NINE)
    assert len(texts(made, SpendReached(5 * QAR))) == 2


def test_neither_the_monthly_fee_nor_a_prepaid_debit_is_spending_beyond_a_plan():
    assert texts(postpaid(), SpendReached(QAR)) == []
    made = account(out_of_bundle=True)
    made.use(100 * MB, at=NINE)
    assert texts(made, SpendReached(QAR)) == []


def test_a_postpaid_allowance_has_shares_and_its_balance_is_no_credit_to_run_out():
    made = postpaid(GB)
    made.use(800 * MB, at=NINE)
    assert texts(made, *STANDARD) == ["You have used 50 % of P allowance.", "You have used 80 % of P allowance."]


@pytest.mark.parametrize(("budget", "percents"), [(-1, (50,)), (QAR, (0,)), (QAR, (101,))])
def test_a_budget_that_cannot_be_is_refused(budget, percents):
    with pytest.raises(InputError):
        budget_alerts(budget, percents)


def test_a_channel_takes_its_time():
    made = account()
    made.buy(WEEK, at=NINE)
    made.use(500 * MB, at=NINE)
    (alert,) = alerts(made.ledger, (UsedShare(50),))
    assert APP.delivers(alert) == NINE
    assert SMS.delivers(alert) == NINE + timedelta(minutes=2)


def test_an_empty_ledger_has_no_alerts():
    assert alerts(PrepaidAccount(Tariff(price=50_000), opened=NINE).ledger, STANDARD) == ()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (UsedShare(0), "percent used: got 0, expected a whole number, 1 or more"),
        (UsedShare(101), "percent used: got 101, expected 1 to 100"),
        (DataLeft(-1), "data left: got -1, expected a whole number of bytes"),
        (CreditLeft(-1), "credit left: got -1, expected a whole number of micros"),
        (ValidityEnds(-DAY), "ahead: got"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(rule, message):
    with pytest.raises(InputError) as caught:
        alerts(account().ledger, (rule,))
    assert str(caught.value).startswith(message)
