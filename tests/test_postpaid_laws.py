"""Whatever a customer does: the laws hold, the books balance, invoices add up, and no limit is passed."""

import contextlib
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepaid_model.balances import Status
from prepaid_model.billing import CHARGES, Dunning
from prepaid_model.buckets import Session
from prepaid_model.cycles import cycle_at, share_of_fee, share_of_volume
from prepaid_model.earning import worth_of
from prepaid_model.errors import InputError, Refused
from prepaid_model.invoices import invoices
from prepaid_model.journal import Book, journal, trial_balance
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.offers import Bundle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import DIRHAM, GB, MB, QAR, parse_moment

START = parse_moment("2026-01-10 09:30")
DAY = timedelta(days=1)
FALLING = Tariff(price=15_000, increment=MB, tiers=(Tier(300 * MB, 10_000), Tier(900 * MB, 4_000)), session_fee=70_000)
PLANS = (
    Plan("S", 35 * QAR, 200 * MB, Tariff(price=20_000, increment=100_000), credit_limit=60 * QAR, spend_cap=5 * QAR),
    Plan("M", 49_990_000, GB, FALLING, credit_limit=150 * QAR),
    Plan("L", 90 * QAR, GB, FALLING, credit_limit=400 * QAR, spend_cap=20 * QAR, top_tier=True),
    Plan("Night", 12_345_678, 0, Tariff(price=30_000, hours=(HourPrice(0, 7, 3_000),)), credit_limit=80 * QAR),
    Plan("First", 0, 100 * MB, Tariff(price=7, per=100, increment=100, first_block=10_000, round_to=3), 30 * QAR),
)
ADD_ONS = (
    Bundle("500 MB", 10 * QAR, 500 * MB, 7 * DAY),
    Bundle("Cheap", 3_333_333, 300 * MB, 30 * DAY, tariff=Tariff(price=1_000, increment=MB, session_fee=10_000)),
)
DUNNING = Dunning(5 * DAY, 12 * DAY, 40 * DAY)

volumes = st.one_of(st.integers(1, 2 * GB), st.integers(1, 5 * MB))
steps = st.one_of(
    st.tuples(st.just("use"), volumes),
    st.tuples(st.just("use"), volumes),
    st.tuples(st.just("session"), st.lists(volumes, min_size=1, max_size=3)),
    st.tuples(st.just("refund"), st.integers(0, 30), st.one_of(st.none(), st.integers(1, GB))),
    st.tuples(st.just("pay"), st.one_of(st.integers(1, 300 * QAR), st.sampled_from((35 * QAR, 70 * QAR)))),
    st.tuples(st.just("pay all")),
    st.tuples(st.just("buy"), st.sampled_from(ADD_ONS)),
    st.tuples(st.just("change_plan"), st.sampled_from(PLANS)),
    st.tuples(st.just("agree_to_more")),
    st.tuples(st.just("wait"), st.integers(1, 70)),
    st.tuples(st.just("cancel")),
)
histories = st.lists(st.tuples(st.integers(0, 300), steps), max_size=14)


def act(account, step, at):
    """Do one thing that a customer or the network may do."""
    match step:
        case ("use", volume):
            account.use(volume, at=at)
        case ("session", parts):
            session = Session()
            for volume in parts:
                account.debit(volume, session, at=at, since=at - timedelta(hours=3))
        case ("refund", place, volume):
            usages = [entry.operation for entry in account.ledger if entry.kind is Kind.USAGE] or [1]
            account.refund(usages[place % len(usages)], volume, at=at)
        case ("wait", days):
            account.advance(at + days * DAY)
        case ("pay all",):
            account.pay(account.owed, at=at)
        case (name, *how):
            getattr(account, name)(*how, at=at)


def live(history, plan, bill_day, *, after=lambda account: None):
    account = PostpaidAccount(plan, opened=START, bill_day=bill_day, dunning=DUNNING)
    for hours, step in history:
        at = account.now + timedelta(hours=hours)
        with contextlib.suppress(InputError, Refused):
            act(account, step, at)
        after(account)
    return account


accounts = st.builds(live, histories, st.sampled_from(PLANS), st.integers(1, 31))


def charged(account, since=0):
    return -sum(entry.money for entry in account.ledger.since(since) if entry.kind in CHARGES)


@given(histories, st.sampled_from(PLANS), st.integers(1, 31))
@settings(max_examples=150)
def test_the_laws_hold_after_every_step(history, plan, bill_day):
    live(history, plan, bill_day, after=PostpaidAccount.check)


@given(accounts)
def test_every_entry_balances_in_the_books(account):
    totals = {}
    for line in journal(account.ledger):
        assert line.debit >= 0
        assert line.credit >= 0
        assert (line.debit == 0) != (line.credit == 0)
        totals[line.entry] = totals.get(line.entry, 0) + line.debit - line.credit
    assert not any(totals.values())


@given(accounts)
def test_the_books_say_who_owes_whom(account):
    books = trial_balance(account.ledger)
    assert sum(books.values()) == 0
    fee = 0 if account.status is Status.CLOSED else -account.ledger[account._fee].money
    data = sum(worth_of(account.ledger, bucket.id).unearned for bucket in account.buckets)
    assert -books[Book.UNEARNED] == max(account.balance, 0) + fee + data
    assert books[Book.RECEIVABLE] == account.owed
    assert books[Book.CASH] == account.ledger.totals().get(Kind.PAYMENT, 0)
    assert books[Book.BAD_DEBT] == account.ledger.totals().get(Kind.WRITE_OFF, 0)


@given(accounts)
def test_lines_add_up_to_invoices_and_invoices_to_what_was_charged(account):
    made = invoices(account.ledger)
    for invoice in made:
        assert sum(line.money for line in invoice.lines) == invoice.total
        assert invoice.total % DIRHAM == 0
        assert account.ledger[invoice.entry].quantity == max(invoice.total, 0)
    last = made[-1].entry if made else 0
    assert sum(invoice.total for invoice in made) == charged(account) - charged(account, last)
    assert [invoice.number for invoice in made] == list(range(1, len(made) + 1))


@given(accounts)
def test_the_step_to_whole_dirham_is_half_a_dirham_at_the_most(account):
    roundings = [entry.money for entry in account.ledger if entry.kind is Kind.ROUNDING]
    assert all(0 < abs(money) <= DIRHAM // 2 for money in roundings)


@given(accounts)
def test_payments_settle_the_oldest_invoice_first(account):
    made = invoices(account.ledger)
    money = account.ledger.totals()
    paid = money.get(Kind.PAYMENT, 0) + money.get(Kind.WRITE_OFF, 0) - sum(min(one.total, 0) for one in made)
    expected = {}
    for invoice in made:
        part = min(max(invoice.total, 0), paid)
        paid -= part
        if left := max(invoice.total, 0) - part:
            expected[invoice.entry] = left
    assert {bill.invoice: bill.amount for bill in account.unpaid} == expected
    assert account.balance == paid - sum(expected.values()) - charged(account, made[-1].entry if made else 0)


@given(histories, st.sampled_from(PLANS), st.integers(1, 31))
def test_usage_passes_no_limit(history, plan, bill_day):
    account = live(history, plan, bill_day)
    before = len(account.ledger)
    try:
        became = account.use(3 * GB, at=account.now)
    except (InputError, Refused):
        return
    if became.cost:
        assert account.owed <= account.plan.credit_limit
        assert account._agreed or account.plan.spend_cap is None or account.spent <= account.plan.spend_cap
    assert became.served + became.denied == 3 * GB
    served = sum(entry.quantity for entry in account.ledger.since(before) if entry.kind is Kind.USAGE)
    assert served == became.served


@given(accounts)
def test_status_says_whether_a_byte_can_be_served(account):
    assert (account.available(1) == 1) == (account.status is Status.ACTIVE)


@given(accounts)
def test_what_was_used_and_wholly_undone_costs_nothing(account):
    if account.status is Status.CLOSED:
        return
    for operation in {entry.operation for entry in account.ledger if entry.kind is Kind.USAGE}:
        try:
            account.refund(operation, at=account.now)
        except InputError:  # undone before
            continue
    account.check()
    kinds = account.ledger.totals()
    usage = kinds.get(Kind.USAGE, 0) + kinds.get(Kind.REFUND, 0) + kinds.get(Kind.ADJUSTMENT, 0)
    session_fees = sum(
        entry.money for entry in account.ledger if entry.kind is Kind.FEE and entry.id not in account.ledger.terms
    )
    assert usage + session_fees == 0
    assert account.spent == 0


@given(histories, st.sampled_from(PLANS), st.integers(1, 31))
def test_the_same_history_gives_the_same_entries(history, plan, bill_day):
    first, second = (live(history, plan, bill_day) for _ in range(2))
    assert (first.ledger.columns() == second.ledger.columns()).all()


@given(
    st.sampled_from(("pay", "buy", "plan", "agree", "cancel", "use", "refund")),
    histories,
    st.sampled_from(PLANS),
)
def test_a_duplicate_changes_nothing_not_even_the_clock(what, history, plan):
    account = live(history, plan, 1)
    usage = next((entry.operation for entry in account.ledger if entry.kind is Kind.USAGE), 0)
    doing = {
        "pay": lambda at: account.pay(QAR, at=at, key="k"),
        "buy": lambda at: account.buy(ADD_ONS[0], at=at, key="k"),
        "plan": lambda at: account.change_plan(PLANS[0], at=at, key="k"),
        "agree": lambda at: account.agree_to_more(at=at, key="k"),
        "cancel": lambda at: account.cancel(at=at, key="k"),
        "use": lambda at: account.use(700 * MB, at=at, key="k"),
        "refund": lambda at: account.refund(usage, at=at, key="k"),
    }[what]
    try:
        first = doing(account.now)
    except (InputError, Refused):
        return
    now, rows, balance = account.now, account.ledger.columns(), account.balance
    assert doing(now + 50 * DAY) == first
    assert (account.now, account.balance) == (now, balance)
    assert len(account.ledger) == len(rows)


@given(histories, st.sampled_from(PLANS), st.integers(1, 31), steps)
def test_what_is_refused_changes_nothing_but_the_clock(history, plan, bill_day, step):
    account = live(history, plan, bill_day)
    account.advance(account.now + timedelta(hours=1))
    rows, balance, buckets = account.ledger.columns(), account.balance, account.buckets
    try:
        act(account, step, account.now)
    except (InputError, Refused):
        assert (account.ledger.columns() == rows).all()
        assert (account.balance, account.buckets) == (balance, buckets)


@given(st.integers(0, 10**9), st.integers(0, 700), st.integers(1, 31))
def test_a_share_of_a_fee_is_half_a_dirham_off_at_the_most(fee, day, bill_day):
    since = START + day * DAY
    cycle = cycle_at(since, bill_day)
    exact = Fraction(fee * cycle.days_from(since), cycle.days)
    assert abs(share_of_fee(fee, cycle, since) - exact) <= Fraction(DIRHAM, 2)
    assert 0 <= share_of_fee(fee, cycle, since) <= fee
    assert 0 <= exact - share_of_volume(fee, cycle, since) < 1


@given(st.integers(0, 1500), st.integers(1, 31))
def test_cycles_follow_each_other_without_gap(day, bill_day):
    at = START + day * DAY
    cycle = cycle_at(at, bill_day)
    assert cycle.starts <= at < cycle.ends
    assert cycle_at(cycle.ends, bill_day).starts == cycle.ends
    assert cycle_at(cycle.starts, bill_day) == cycle
    assert 28 <= cycle.days <= 31


def test_check_finds_planted_faults():
    def fresh():
        account = PostpaidAccount(PLANS[0], opened=START)
        account.use(300 * MB, at=START)
        account.advance(START + 40 * DAY)
        return account

    fresh().check()
    planted = []
    for fault in ("_credit", "_paid_ahead"):
        account = fresh()
        setattr(account, fault, getattr(account, fault) + 1)
        planted.append(account)
    account = fresh()
    account._unpaid[0].amount += 1
    planted.append(account)
    account = fresh()
    account._overage = account._overage._replace(used=1)
    planted.append(account)
    account = fresh()
    account.buckets[0].left -= 1
    planted.append(account)
    for account in planted:
        with pytest.raises(LawBroken) as caught:
            account.check()
        assert caught.value.entry == len(account.ledger) + 1
