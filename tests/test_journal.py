"""The operator's books: each rule of revenue worked by hand, and zero after every entry of any history."""

import contextlib
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from prepaid_model.buckets import Session
from prepaid_model.earning import worth_of
from prepaid_model.errors import InputError, Refused
from prepaid_model.journal import Book, journal, journal_frame, trial_balance
from prepaid_model.laws import Kind
from prepaid_model.ledger import Ledger
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import AutoTopUp, PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import GB, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = Bundle("Week", 10 * QAR, GB, 7 * DAY, rollover=200 * MB)
PER_MB = Tariff(price=50_000)
LENDING = Lifecycle((Validity(QAR, 30 * DAY),), grace=10 * DAY, lend_up_to=20 * QAR)


def prepaid(top_up=25 * QAR, **settings):
    account = PrepaidAccount(PER_MB, LENDING, opened=NINE, **({"out_of_bundle": True} | settings))
    if top_up:
        account.top_up(top_up, at=NINE)
    return account


def postpaid(**terms):
    plan = Plan(
        **({"name": "P", "fee": 31 * QAR, "allowance": 0, "overage": PER_MB, "credit_limit": 900 * QAR} | terms)
    )
    return PostpaidAccount(plan, opened=parse_moment("2026-01-01"))


def books(*accounts):
    return {book.value: total for book, total in trial_balance(*(one.ledger for one in accounts)).items() if total}


def last(account):
    """Return the lines of the last entry that has any."""
    lines = list(journal(account.ledger))
    return [(line.book.value, line.debit, line.credit) for line in lines if line.entry == lines[-1].entry]


# ----------------------------------------------------------------------------------------- prepaid


def test_a_top_up_is_owed_to_the_customer():
    assert last(prepaid()) == [("cash", 25 * QAR, 0), ("unearned revenue", 0, 25 * QAR)]


def test_a_bundle_stays_unearned_and_earns_as_its_bytes_flow():
    account = prepaid()
    account.buy(WEEK, at=NINE)
    assert books(account) == {"cash": 25 * QAR, "unearned revenue": -25 * QAR}
    account.use(300 * MB, at=NINE)
    assert last(account) == [("unearned revenue", 3 * QAR, 0), ("revenue", 0, 3 * QAR)]


def test_what_is_earned_is_cumulated_so_that_no_micro_is_lost():
    third = Bundle("Third", price=10, volume=3, lasts=DAY)
    account = prepaid()
    account.buy(third, at=NINE)
    earned = []
    for _ in range(3):
        account.use(1, at=NINE)
        earned.append(last(account)[-1][2])
    assert earned == [3, 3, 4]  # 10 × 1 // 3 = 3, 10 × 2 // 3 = 6, 10


def test_what_expires_unused_is_breakage_at_expiry():
    account = prepaid()
    account.buy(WEEK, at=NINE)
    account.use(300 * MB, at=NINE)
    account.advance(NINE + 7 * DAY)
    assert last(account) == [("unearned revenue", 7 * QAR, 0), ("breakage", 0, 7 * QAR)]


def test_a_rollover_carries_its_share_and_is_no_breakage():
    account = prepaid()
    account.buy(WEEK, at=NINE, renews=True)
    account.use(300 * MB, at=NINE)
    account.advance(NINE + 7 * DAY)
    # Of 7.00 unearned, 200 of 700 MB roll over with 2.00; 500 MB expire.
    assert books(account) == {
        "cash": 25 * QAR,
        "unearned revenue": -17 * QAR,
        "revenue": -3 * QAR,
        "breakage": -5 * QAR,
    }
    account.use(100 * MB, at=NINE + 7 * DAY)  # the older grant pays first
    assert last(account)[-1] == ("revenue", 0, QAR)


def test_pay_as_you_go_and_fees_earn_at_once():
    account = PrepaidAccount(Tariff(price=50_000, session_fee=10_000), opened=NINE, out_of_bundle=True)
    account.top_up(25 * QAR, at=NINE)
    account.use(2 * MB, at=NINE)
    assert books(account)["revenue"] == -110_000


def test_a_discounted_bundle_earns_its_price_and_what_its_use_costs():
    half = Bundle("Half", 10 * QAR, 100 * MB, DAY, tariff=Tariff(price=20_000))
    account = prepaid()
    account.buy(half, at=NINE)
    account.use(10 * MB, at=NINE)
    assert last(account) == [("unearned revenue", QAR + 200_000, 0), ("revenue", 0, QAR + 200_000)]


def test_forfeited_credit_is_breakage():
    account = prepaid()
    account.advance(NINE + 40 * DAY)
    assert books(account) == {"cash": 25 * QAR, "breakage": -25 * QAR}


def test_a_loan_is_a_receivable_until_the_next_top_up():
    account = prepaid(top_up=5 * QAR)
    account.buy(WEEK, at=NINE)  # five short
    assert books(account) == {"cash": 5 * QAR, "receivable": 5 * QAR, "unearned revenue": -10 * QAR}
    account.top_up(8 * QAR, at=NINE)
    assert books(account) == {"cash": 13 * QAR, "unearned revenue": -13 * QAR}


def test_a_refund_reverses_exactly():
    account = prepaid()
    account.buy(WEEK, at=NINE)
    before = books(account)
    usage = account.use(GB + 7 * MB + 1, at=NINE)
    assert books(account)["revenue"] == -10_400_000
    account.refund(usage.operation, at=NINE)
    assert books(account) == before


def test_an_adjustment_is_at_the_cost_of_revenue():
    account = prepaid()
    account.adjust(QAR, at=NINE, note="goodwill")
    assert last(account) == [("unearned revenue", 0, QAR), ("revenue", QAR, 0)]


def test_a_transfer_passes_a_clearing_account_that_is_zero_over_both():
    one, other = prepaid(), prepaid(top_up=QAR, name="other")
    one.transfer(5 * QAR, other, at=NINE)
    assert books(one)["clearing"] == -5 * QAR
    one.buy(WEEK, at=NINE)
    one.use(300 * MB, at=NINE)
    one.transfer_data(350 * MB, one.buckets[0], other, at=NINE)
    assert books(other)["clearing"] == 5 * QAR + 3_500_000  # half of the 7.00 that are unearned
    assert books(one, other) == {"cash": 26 * QAR, "unearned revenue": -23 * QAR, "revenue": -3 * QAR}
    other.use(350 * MB, at=NINE)
    assert last(other)[-1] == ("revenue", 0, 3_500_000)


def test_data_into_a_bucket_that_is_there_mixes_their_worth():
    one, other = prepaid(), prepaid(name="other")
    for account in (one, other):
        account.buy(WEEK, at=NINE)
    other.use(900 * MB, at=NINE)  # 1.00 is left on 100 MB
    one.transfer_data(500 * MB, one.buckets[0], other, at=NINE, into=other.buckets[0])  # 5.00 on 500 MB
    assert worth_of(other.ledger, other.buckets[0].id).unearned == 6 * QAR
    other.use(300 * MB, at=NINE)
    assert last(other)[-1] == ("revenue", 0, 3 * QAR)


def test_a_balance_below_zero_is_a_receivable():
    account = prepaid(top_up=QAR)
    account.debit(30 * MB, Session(), at=NINE, overdraft="outage")
    assert account.balance == -500_000
    assert books(account) == {"cash": QAR, "receivable": 500_000, "revenue": -1_500_000}


def test_an_entry_that_moves_nothing_books_nothing():
    account = prepaid(top_up=0)
    account.use(MB, at=NINE)
    assert len(account.ledger)
    assert list(journal(account.ledger)) == []
    assert set(trial_balance(Ledger()).values()) == {0}


# ---------------------------------------------------------------------------------------- postpaid


def test_a_monthly_fee_is_unearned_until_its_month_is_over():
    account = postpaid()
    assert books(account) == {"receivable": 31 * QAR, "unearned revenue": -31 * QAR}
    account.advance(parse_moment("2026-02-01"))
    assert books(account) == {"receivable": 62 * QAR, "unearned revenue": -31 * QAR, "revenue": -31 * QAR}


def test_a_credit_note_cuts_it_short_and_what_is_over_is_earned():
    account = postpaid()
    account.cancel(at=parse_moment("2026-01-11"))  # ten days used, 21 given back
    assert books(account) == {"receivable": 10 * QAR, "revenue": -10 * QAR}


def test_a_change_of_plan_earns_the_days_of_the_old_one():
    account = postpaid()
    account.change_plan(Plan("Q", 62 * QAR, 0, PER_MB, 900 * QAR), at=parse_moment("2026-01-11"))
    assert books(account) == {"receivable": 52 * QAR, "unearned revenue": -42 * QAR, "revenue": -10 * QAR}


def test_overage_earns_at_once_and_an_add_on_as_it_is_used():
    account = postpaid(fee=0)
    account.use(10 * MB, at=NINE)
    assert last(account) == [("revenue", 0, 500_000), ("receivable", 500_000, 0)]
    account.buy(WEEK, at=NINE)
    assert last(account) == [("unearned revenue", 0, 10 * QAR), ("receivable", 10 * QAR, 0)]
    account.use(100 * MB, at=NINE)
    assert last(account) == [("unearned revenue", QAR, 0), ("revenue", 0, QAR)]


def test_a_payment_settles_the_receivable_and_what_is_too_much_is_owed_back():
    account = postpaid()
    account.pay(40 * QAR, at=NINE)
    assert last(account) == [
        ("cash", 40 * QAR, 0),
        ("unearned revenue", 0, 9 * QAR),
        ("receivable", 0, 31 * QAR),
    ]


def test_rounding_and_last_tiers_price_change_revenue():
    falling = Tariff(price=15_000, tiers=(Tier(100 * MB, 5_000),))
    account = postpaid(fee=0, overage=falling, top_tier=True)
    account.use(101 * MB, at=NINE)
    account.advance(parse_moment("2026-02-01"))
    # 1.505 metered, 0.505 at the last tier's price, 0.51 asked for.
    assert books(account) == {"receivable": 510_000, "revenue": -510_000}


def test_a_write_off_is_a_bad_debt():
    account = postpaid()
    account.advance(parse_moment("2026-12-01"))
    owed = account.ledger.totals()[Kind.WRITE_OFF]
    assert last(account) == [("receivable", 0, owed), ("bad debt", owed, 0)]
    assert books(account) == {"bad debt": owed, "revenue": -owed}


def test_the_frame_has_a_row_for_each_line():
    account = prepaid()
    account.buy(WEEK, at=NINE)
    account.use(300 * MB, at=NINE)
    frame = journal_frame(account.ledger)
    assert list(frame.columns) == ["entry", "at", "book", "debit", "credit"]
    assert (frame["debit"].sum(), frame["credit"].sum()) == (28 * QAR, 28 * QAR)
    assert frame.groupby("book", observed=True)["debit"].sum().to_dict()["cash"] == 25 * QAR
    assert frame["debit"].dtype == "int64"
    assert journal_frame(Ledger()).empty


# ------------------------------------------------------------------------------- random histories

BUNDLES = (
    WEEK,
    Bundle("Odd", 3_333_333, 700_000_001, 2 * DAY, rollover=33_333_333),
    Bundle("Night", 5 * QAR, GB, 5 * DAY, hours=(22, 6), traffic="video"),
    Bundle("Blocks", 7 * QAR, 500 * MB, 3 * DAY, tariff=Tariff(price=1_000, increment=MB, session_fee=20_000)),
)
TARIFFS = (
    PER_MB,
    Tariff(price=30_000, increment=100_000, first_block=500_000, session_fee=5_000),
    Tariff(price=60_000, hours=(HourPrice(0, 7, 10_000),)),
)
volumes = st.one_of(st.integers(1, 2 * GB), st.integers(1, 3 * MB))
who = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("top_up"), st.integers(QAR, 60 * QAR)),
    st.tuples(st.just("buy"), st.sampled_from(BUNDLES), st.booleans()),
    st.tuples(st.just("buy"), st.sampled_from(BUNDLES), st.booleans()),
    st.tuples(st.just("use"), volumes, st.sampled_from(("general", "video"))),
    st.tuples(st.just("use"), volumes, st.just("general")),
    st.tuples(st.just("report"), volumes, st.sampled_from(("", "outage"))),
    st.tuples(st.just("reserve"), volumes),
    st.tuples(st.just("settle"), volumes),
    st.tuples(st.just("refund"), st.integers(0, 20), st.one_of(st.none(), st.integers(1, GB))),
    st.tuples(st.just("transfer"), st.integers(1, 30 * QAR)),
    st.tuples(st.just("transfer data"), volumes, st.integers(0, 3), st.booleans()),
    st.tuples(st.just("adjust"), st.integers(-5 * QAR, 5 * QAR)),
    st.tuples(st.just("borrow"), st.integers(1, 20 * QAR)),
    st.tuples(st.just("auto"), st.integers(1, 10 * QAR)),
    st.tuples(st.just("wait"), st.integers(1, 45)),
)
histories = st.lists(st.tuples(who, st.integers(0, 60), steps), max_size=25)


def act(account, other, sessions, step, at):  # noqa: C901, PLR0912  (a case an operation)
    what, *how = step
    match what:
        case "top_up":
            account.top_up(how[0], at=at)
        case "buy":
            account.buy(how[0], at=at, renews=how[1])
        case "use":
            account.use(how[0], at=at, traffic=how[1])
        case "report":
            account.debit(how[0], Session(), at=at, since=at - 5 * HOUR, overdraft=how[1])
        case "reserve":
            session = Session()
            account.reserve(how[0], session, at=at)
            sessions.append(session)
        case "settle" if sessions:
            account.debit(how[0], sessions.pop(0), at=at)
        case "refund":
            usages = [entry.operation for entry in account.ledger if entry.kind is Kind.USAGE] or [1]
            account.refund(usages[how[0] % len(usages)], how[1], at=at)
        case "transfer":
            account.transfer(how[0], other, at=at)
        case "transfer data" if account.buckets:
            into = other.buckets[0] if how[2] and other.buckets else None
            account.transfer_data(how[0], account.buckets[how[1] % len(account.buckets)], other, at=at, into=into)
        case "adjust":
            account.adjust(how[0], at=at, note="by hand")
        case "borrow":
            account.borrow(how[0], at=at)
        case "auto":
            account.top_up_automatically(AutoTopUp(how[0], 20 * QAR), at=at)
        case "wait":
            account.advance(at + how[0] * DAY)


def live(history, tariff):
    pair = [PrepaidAccount(tariff, LENDING, opened=NINE, out_of_bundle=True, name=name) for name in ("one", "two")]
    sessions = [[], []]
    for place, hours, step in history:
        account, other = pair[place], pair[1 - place]
        at = max(account.now, other.now) + hours * HOUR
        with contextlib.suppress(InputError, Refused):
            act(account, other, sessions[place], step, at)
    return pair


@given(histories, st.sampled_from(TARIFFS))
@settings(max_examples=250)
def test_whatever_happens_the_books_are_zero_after_every_entry_and_say_who_owes_whom(history, tariff):
    pair = live(history, tariff)
    for account in pair:
        account.check()
        sums = {}
        for line in journal(account.ledger):
            assert (line.debit > 0) != (line.credit > 0)
            sums[line.entry] = sums.get(line.entry, 0) + line.debit - line.credit
        assert not any(sums.values())
        totals = trial_balance(account.ledger)
        left = {entry.bucket: entry.left for entry in account.ledger if entry.bucket}  # what is kept for a report, too
        data = sum(worth_of(account.ledger, bucket).unearned for bucket, volume in left.items() if volume)
        assert -totals[Book.UNEARNED] == max(account.balance, 0) + data
        assert totals[Book.RECEIVABLE] == max(-account.balance, 0) + account.owed
        assert totals[Book.CASH] == account.ledger.totals().get(Kind.TOP_UP, 0)
        assert totals[Book.BREAKAGE] <= 0
    assert trial_balance(*(account.ledger for account in pair))[Book.CLEARING] == 0
