"""Invoices fall due, payments settle the oldest first, and what is not paid is followed up on its day."""

from datetime import timedelta

import pytest

from prepaid_model.balances import Status
from prepaid_model.billing import Dunning, Issued
from prepaid_model.errors import Refused
from prepaid_model.laws import Kind
from prepaid_model.offers import Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import GB, MB, QAR, parse_moment

NEW_YEAR = parse_moment("2026-01-01")
FEBRUARY = parse_moment("2026-02-01")
MARCH = parse_moment("2026-03-01")
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
BASIC = Plan("Basic", 35 * QAR, 2 * GB, Tariff(price=20_000), credit_limit=1000 * QAR, due_after=14 * DAY)
POLICY = Dunning(remind_after=7 * DAY, bar_after=21 * DAY, write_off_after=90 * DAY)


def opened(plan=BASIC, **settings):
    return PostpaidAccount(plan, opened=NEW_YEAR, dunning=POLICY, **settings)


def days(account, *kinds):
    return [(entry.kind.label, str(entry.at.date())) for entry in account.ledger if entry.kind in kinds]


def test_an_invoice_asks_for_the_month_gone_and_the_fee_to_come_and_is_due_in_time():
    account = opened()
    account.advance(FEBRUARY)
    (bill,) = account.unpaid
    assert (bill.amount, bill.due) == (70 * QAR, FEBRUARY + 14 * DAY)
    assert account.ledger.terms[bill.invoice] == Issued(70 * QAR, FEBRUARY + 14 * DAY)
    assert account.ledger[bill.invoice].at == FEBRUARY


def test_the_step_to_whole_dirham_is_an_entry_of_its_own():
    account = opened(Plan("Fine", 0, 0, Tariff(price=7, per=100, increment=100), 100 * QAR))
    account.use(100 * MB, at=NEW_YEAR)
    account.use(100_000, at=NEW_YEAR)
    assert account.balance == -7_007_000
    account.advance(FEBRUARY)
    assert account.balance == -7_010_000
    assert [entry.money for entry in account.ledger if entry.kind is Kind.ROUNDING] == [-3_000]


def test_the_oldest_invoice_is_paid_first_and_too_much_stays_as_balance():
    account = opened()
    account.advance(MARCH)
    assert [bill.amount for bill in account.unpaid] == [70 * QAR, 35 * QAR]
    account.pay(80 * QAR, at=MARCH)
    assert [bill.amount for bill in account.unpaid] == [25 * QAR]
    account.pay(45 * QAR, at=MARCH)
    assert (account.unpaid, account.balance, account.owed) == ((), 20 * QAR, 0)
    account.advance(parse_moment("2026-04-01"))
    assert [bill.amount for bill in account.unpaid] == [15 * QAR]


def test_a_payment_ahead_settles_the_invoice_when_it_comes():
    account = opened()
    account.pay(70 * QAR, at=NEW_YEAR)
    account.advance(FEBRUARY)
    assert (account.balance, account.unpaid) == (0, ())


def test_what_is_not_paid_is_followed_up_on_its_day():
    account = opened()
    account.advance(parse_moment("2026-07-01"))
    # Due on 15 February: reminder on the 22nd, barred on 8 March, written off on 16 May.
    assert days(account, Kind.REMINDER)[0] == ("reminder", "2026-02-22")
    changes = [(str(entry.at.date()), account.ledger.notes[entry.id]) for entry in account.ledger
               if entry.kind is Kind.STATUS]  # fmt: skip
    assert changes == [("2026-01-01", "active"), ("2026-03-08", "barred"), ("2026-05-16", "closed")]
    assert days(account, Kind.WRITE_OFF) == [("write off", "2026-05-16")]
    # Five fees of 35, less 16 of 31 days of May given back: 18.0645.
    assert account.ledger.totals()[Kind.WRITE_OFF] == 5 * 35 * QAR - 18_060_000
    assert (account.balance, account.unpaid, account.status) == (0, (), Status.CLOSED)


def test_what_is_written_off_was_invoiced_before():
    account = opened()
    account.advance(parse_moment("2026-07-01"))
    end = [entry.kind for entry in account.ledger if entry.at == parse_moment("2026-05-16")]
    assert end == [Kind.CREDIT_NOTE, Kind.EXPIRED, Kind.INVOICE, Kind.WRITE_OFF, Kind.STATUS]


def test_each_operator_has_its_own_patience():
    account = PostpaidAccount(BASIC, opened=NEW_YEAR, dunning=Dunning(DAY, DAY, 2 * DAY))
    account.advance(FEBRUARY + 15 * DAY)
    assert account.status is Status.BARRED
    account.advance(FEBRUARY + 16 * DAY)
    assert account.status is Status.CLOSED


def test_each_step_comes_at_its_instant_and_not_before():
    account = opened()
    due = FEBRUARY + 14 * DAY
    account.advance(due + 7 * DAY - MOMENT)
    assert not days(account, Kind.REMINDER)
    account.advance(due + 7 * DAY)
    assert len(days(account, Kind.REMINDER)) == 1
    account.advance(due + 21 * DAY - MOMENT)
    assert account.status is Status.ACTIVE
    account.advance(due + 21 * DAY)
    assert account.status is Status.BARRED


def test_barred_means_no_service_until_all_that_is_long_overdue_is_paid():
    account = opened()
    account.advance(parse_moment("2026-03-10"))
    assert account.use(MB, at=account.now).denied == MB
    assert account.data_left == 2 * GB
    with pytest.raises(Refused, match="an invoice is long overdue; pay it first"):
        account.change_plan(Plan("Other", 0, 0, Tariff(price=1), 0), at=account.now)
    account.pay(69 * QAR, at=account.now)
    assert account.status is Status.BARRED
    account.pay(QAR, at=account.now)  # February's is paid; March's is not yet due
    assert account.status is Status.ACTIVE
    assert account.use(MB, at=account.now).served == MB


def test_a_paid_invoice_is_not_reminded_of():
    account = opened()
    account.pay(70 * QAR, at=FEBRUARY + 20 * DAY)
    account.advance(FEBRUARY + 25 * DAY)
    assert not days(account, Kind.REMINDER)


def test_after_the_write_off_there_is_nothing_to_pay():
    account = opened()
    account.advance(parse_moment("2026-07-01"))
    with pytest.raises(Refused, match="the contract has ended and nothing is owed"):
        account.pay(QAR, at=account.now)


def test_a_cancelled_contract_still_owes_and_may_be_paid():
    account = opened()
    account.cancel(at=NEW_YEAR + 15 * DAY)
    owed = account.owed
    assert owed == 16_940_000  # 35.00 less 16 of 31 days, 18.06
    account.pay(owed, at=account.now + DAY)
    assert (account.balance, account.status) == (0, Status.CLOSED)


def test_a_credit_at_the_end_pays_open_invoices():
    account = opened()
    account.cancel(at=FEBRUARY)  # all of February is given back
    # January's and February's fee asked for, then February's given back.
    assert [bill.amount for bill in account.unpaid] == [35 * QAR]
