"""A postpaid account: the numbers of each rule worked by hand."""

from datetime import timedelta

import pytest

from prepaid_model.balances import Status
from prepaid_model.billing import Dunning
from prepaid_model.buckets import Session
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import CreditControlRequest, Octets, RequestType, ResultCode, ServiceRequest
from prepaid_model.errors import InputError, Refused
from prepaid_model.laws import Kind
from prepaid_model.offers import Bundle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import GB, KB, MB, QAR, parse_moment

NEW_YEAR = parse_moment("2026-01-01")
FEBRUARY = parse_moment("2026-02-01")
MARCH = parse_moment("2026-03-01")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
TWO_DIRHAM = Tariff(price=20_000)
BASIC = Plan("Basic", fee=35 * QAR, allowance=2 * GB, overage=TWO_DIRHAM, credit_limit=250 * QAR)
TIERED = Tariff(price=15_000, tiers=(Tier(100 * MB, 10_000), Tier(300 * MB, 5_000)))
PLUS = Plan("Plus", fee=90 * QAR, allowance=10 * GB, overage=TIERED, credit_limit=400 * QAR)
BARE = Plan("Bare", fee=0, allowance=0, overage=TWO_DIRHAM, credit_limit=1000 * QAR)


def opened(plan=BASIC, at=NEW_YEAR, **settings):
    return PostpaidAccount(plan, opened=at, **settings)


def entries(account, *kinds):
    return [(entry.kind.label, entry.at, entry.money) for entry in account.ledger if entry.kind in kinds]


def money(account, kind):
    return account.ledger.totals().get(kind, 0)


# ------------------------------------------------------------------------------- fee and allowance


def test_a_month_is_charged_in_advance_and_brings_its_allowance():
    account = opened()
    assert account.balance == -35 * QAR
    assert (account.data_left, account.status) == (2 * GB, Status.ACTIVE)
    account.advance(FEBRUARY - MOMENT)
    assert account.balance == -35 * QAR
    account.advance(FEBRUARY)
    assert account.balance == -70 * QAR
    assert account.data_left == 2 * GB
    assert account.ledger.totals("volume") == {Kind.GRANT: 4 * GB, Kind.EXPIRED: -2 * GB}


def test_who_comes_in_mid_cycle_pays_for_the_days_that_remain():
    account = opened(at=parse_moment("2026-01-10 09:30"))
    assert account.balance == -24_840_000  # 22 of 31 days of 35.00: 24.8387
    assert account.data_left == 1_419_354_838
    assert str(account.cycle.ends.date()) == "2026-02-01"


def test_an_allowance_is_used_first_and_overage_is_exact_over_the_whole_cycle():
    account = opened()
    assert account.use(2 * GB, at=NEW_YEAR).cost == 0
    assert account.use(1_500 * KB, at=NEW_YEAR + DAY).cost == 40_000  # two started megabytes
    assert account.use(500 * KB, at=NEW_YEAR + 2 * DAY).cost == 0  # the second one had room
    assert account.use(1, at=NEW_YEAR + 3 * DAY).cost == 20_000
    assert account.spent == 60_000
    account.advance(FEBRUARY)
    assert account.spent == 0


def test_usage_at_the_end_of_a_cycle_belongs_to_the_next():
    account = opened()
    account.use(2 * GB, at=FEBRUARY - MOMENT)
    assert account.use(MB, at=FEBRUARY).cost == 0
    assert [entry.kind for entry in account.ledger.since(len(account.ledger) - 1)] == [Kind.USAGE]


def test_tiers_count_the_cycle_not_the_usage():
    account = opened(Plan("T", 0, 0, TIERED, 1000 * QAR))
    assert account.use(60 * MB, at=NEW_YEAR).cost == 900_000  # 60 at 0.015
    assert account.use(60 * MB, at=NEW_YEAR + DAY).cost == 800_000  # 40 at 0.015, 20 at 0.010
    assert account.use(300 * MB, at=NEW_YEAR + 2 * DAY).cost == 2_400_000  # 180 at 0.010, 120 at 0.005
    assert account.use(60 * MB, at=FEBRUARY).cost == 900_000  # a new cycle


def test_a_session_keeps_to_the_totals_of_the_cycle():
    account = opened(Plan("T", 0, 0, TIERED, 1000 * QAR))
    one, other = Session(), Session()
    for session in (one, other, one):
        account.debit(60 * MB, session, at=account.now + HOUR)
    assert (one.cost, other.cost) == (900_000 + 600_000, 800_000)
    assert account.spent == 2_300_000


def test_quota_is_set_aside_within_the_limit_and_charged_when_it_is_reported():
    account = opened(Plan("Small", 0, 100 * MB, TWO_DIRHAM, credit_limit=2 * QAR))
    session = Session()
    assert account.reserve(150 * MB, session, at=NEW_YEAR) == 150 * MB
    assert (account.held, account.headroom) == (QAR, QAR)
    other = Session()
    assert account.reserve(150 * MB, other, at=NEW_YEAR) == 50 * MB
    assert account.debit(120 * MB, session, at=NEW_YEAR + HOUR) == 0
    assert account.balance == -400_000  # 20 MB beyond the allowance
    account.release(other, at=NEW_YEAR + HOUR)
    assert (account.held, account.headroom) == (0, 1_600_000)
    account.check()


def test_a_charging_server_serves_it_as_it_serves_a_prepaid_account():
    account = opened(Plan("Small", 0, 100 * MB, TWO_DIRHAM, credit_limit=QAR))
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=80 * MB))
    ask, session = CreditControlRequest, "s"
    asked, told = ServiceRequest(0, requested=0), ServiceRequest(0, requested=0, used=Octets(0, 80 * MB))
    grants = [
        server.answer(ask(session, kind, number, "sim", (service,)), at=NEW_YEAR + number * HOUR).services[0]
        for number, (kind, service) in enumerate(
            [(RequestType.INITIAL, asked), (RequestType.UPDATE, told), (RequestType.UPDATE, told)]
        )
    ]
    # 80 MB; then 20 MB of allowance and 50 MB that the limit still pays; after 80 MB more, 10 MB are uncollected.
    assert [grant.granted for grant in grants] == [80 * MB, 70 * MB, 0]
    assert grants[-1].result is ResultCode.CREDIT_LIMIT_REACHED
    assert (account.owed, account.status) == (QAR, Status.SUSPENDED)
    account.check()


# ------------------------------------------------------------------------------------------ limits


def test_at_the_credit_limit_whole_increments_are_served_and_the_rest_is_denied():
    account = opened(Plan("Tight", 35 * QAR, 0, TWO_DIRHAM, credit_limit=40_030_000))
    became = account.use(300 * MB, at=NEW_YEAR)
    assert (became.served, became.denied, became.cost) == (251 * MB, 49 * MB, 5_020_000)
    assert account.status is Status.SUSPENDED
    assert account.owed == 40_020_000
    account.pay(QAR, at=NEW_YEAR + DAY)
    assert account.status is Status.ACTIVE
    assert account.use(300 * MB, at=NEW_YEAR + DAY).served == 50 * MB


def test_a_fee_beyond_the_limit_leaves_the_allowance_to_use():
    account = opened(Plan("Tight", 35 * QAR, GB, TWO_DIRHAM, credit_limit=10 * QAR))
    assert (account.headroom, account.status) == (0, Status.ACTIVE)
    became = account.use(GB + 1, at=NEW_YEAR)
    assert (became.served, became.denied) == (GB, 1)
    assert account.status is Status.SUSPENDED


def test_a_spend_cap_stops_until_the_owner_agrees_to_more_for_this_cycle():
    account = opened(Plan("Capped", 0, 0, TWO_DIRHAM, credit_limit=100 * QAR, spend_cap=5 * QAR))
    assert account.use(GB, at=NEW_YEAR).served == 250 * MB
    assert account.status is Status.SUSPENDED
    account.agree_to_more(at=NEW_YEAR + DAY)
    assert account.status is Status.ACTIVE
    assert account.use(GB, at=NEW_YEAR + DAY).served == GB
    account.advance(FEBRUARY)
    assert account.use(GB, at=FEBRUARY).served == 250 * MB


def test_an_add_on_is_no_overage_and_is_charged_to_the_next_invoice():
    account = opened(Plan("Capped", 0, 0, TWO_DIRHAM, credit_limit=15 * QAR, spend_cap=0))
    assert account.status is Status.SUSPENDED
    day = Bundle("Day", 10 * QAR, GB, DAY)
    account.buy(day, at=NEW_YEAR)
    assert (account.balance, account.spent, account.status) == (-10 * QAR, 0, Status.ACTIVE)
    with pytest.raises(Refused, match=r"buy Day: refused, QAR 5\.00 are left of the credit limit"):
        account.buy(day, at=NEW_YEAR)
    account.advance(NEW_YEAR + DAY)
    assert account.status is Status.SUSPENDED
    account.advance(FEBRUARY)
    assert [bill.amount for bill in account.unpaid] == [10 * QAR]


# ---------------------------------------------------------------------------- change, cancellation


def test_a_change_of_plan_gives_back_the_days_from_today_and_charges_the_new_ones():
    account = opened()
    account.use(500 * MB, at=NEW_YEAR)
    account.change_plan(PLUS, at=parse_moment("2026-01-16 18:00"))
    assert money(account, Kind.CREDIT_NOTE) == 18_060_000  # 16 of 31 days of 35.00: 18.0645
    assert money(account, Kind.FEE) == -35 * QAR - 46_450_000  # and of 90.00: 46.4516
    assert account.data_left == 5_161_290_322  # of 10 GB; what was left of the old allowance has expired
    assert account.plan == PLUS
    change = next(entry.id for entry in account.ledger if entry.kind is Kind.CREDIT_NOTE)
    together = [entry.kind for entry in account.ledger.of(change)]
    assert together == [Kind.CREDIT_NOTE, Kind.EXPIRED, Kind.FEE, Kind.GRANT]
    account.advance(FEBRUARY)
    assert account.balance == -35 * QAR + 18_060_000 - 46_450_000 - 90 * QAR
    assert account.data_left == 10 * GB


def test_overage_of_the_new_plan_counts_from_its_first_day_but_the_cap_for_the_cycle():
    capped = Plan("Capped", 0, 0, TIERED, 1000 * QAR, spend_cap=4 * QAR)
    account = opened(Plan("T", 0, 0, TIERED, 1000 * QAR))
    account.use(200 * MB, at=NEW_YEAR)  # 100 at 0.015, 100 at 0.010
    account.change_plan(capped, at=NEW_YEAR + DAY)
    assert account.use(MB, at=NEW_YEAR + DAY).cost == 15_000
    assert account.headroom == 4 * QAR - 2_500_000 - 15_000


def test_the_day_of_cancellation_is_given_back():
    account = opened(Plan("Twelve", 12 * QAR, GB, TWO_DIRHAM, 100 * QAR), parse_moment("2011-04-05"), bill_day=5)
    account.cancel(at=parse_moment("2011-04-29 15:00"))
    assert money(account, Kind.CREDIT_NOTE) == 2_400_000  # 6 of 30 days
    assert (account.status, account.data_left) == (Status.CLOSED, 0)
    assert [bill.amount for bill in account.unpaid] == [9_600_000]
    assert account.use(MB, at=account.now).denied == MB
    balance = account.balance
    account.advance(parse_moment("2011-05-20"))
    assert account.balance == balance  # no fee any more


def test_add_ons_end_with_the_contract():
    account = opened(BARE)
    account.buy(Bundle("Week", QAR, GB, 7 * DAY), at=NEW_YEAR)
    account.cancel(at=NEW_YEAR + DAY)
    assert (account.data_left, account.buckets) == (0, ())


def test_cancelled_on_its_first_day_it_costs_nothing():
    account = opened()
    account.cancel(at=NEW_YEAR + HOUR)
    assert (account.balance, account.unpaid) == (0, ())


@pytest.mark.parametrize("act", ["cancel", "agree_to_more", "buy", "change_plan", "refund"])
def test_a_contract_that_has_ended_takes_nothing_more(act):
    account = opened(Plan("Capped", 0, GB, TWO_DIRHAM, 100 * QAR, spend_cap=QAR))
    usage = account.use(MB, at=NEW_YEAR).operation
    account.cancel(at=NEW_YEAR)
    more = {"buy": (Bundle("Day", QAR, GB, DAY),), "change_plan": (PLUS,), "refund": (usage,)}.get(act, ())
    with pytest.raises(Refused, match="has ended"):
        getattr(account, act)(*more, at=NEW_YEAR + DAY)


def test_after_the_end_a_known_key_is_answered_and_a_new_one_refused():
    account = opened()
    usage = account.use(MB, at=NEW_YEAR).operation
    account.refund(usage, KB, at=NEW_YEAR, key="known")
    account.cancel(at=NEW_YEAR)
    assert account.refund(usage, KB, at=NEW_YEAR, key="known") == KB
    with pytest.raises(Refused, match="has ended"):
        account.refund(usage, KB, at=NEW_YEAR, key="new")


def test_each_operation_happens_at_its_moment():
    account = opened(Plan("Capped", 0, 0, TWO_DIRHAM, 100 * QAR, spend_cap=0))
    at = NEW_YEAR + DAY
    for operation, *how in (
        (account.buy, Bundle("Day", QAR, GB, DAY)),
        (account.agree_to_more,),
        (account.pay, QAR),
        (account.change_plan, PLUS),
        (account.cancel,),
    ):
        entry = account.ledger[operation(*how, at=at)]
        assert (entry.at, account.now) == (at, at)
        at += HOUR


def test_a_report_that_comes_after_the_end_gets_an_invoice_of_its_own():
    account = opened(BARE)
    session = Session()
    account.reserve(100 * MB, session, at=NEW_YEAR)
    account.cancel(at=NEW_YEAR + HOUR)
    assert account.unpaid == ()
    assert account.debit(80 * MB, session, at=NEW_YEAR + 2 * HOUR) == 0
    assert [bill.amount for bill in account.unpaid] == [1_600_000]
    account.check()


# ------------------------------------------------------------------------------------------ refund


def test_a_refund_gives_back_what_the_cycle_would_cost_less():
    account = opened(Plan("T", 0, 0, TIERED, 1000 * QAR))
    first = account.use(100 * MB, at=NEW_YEAR)  # 100 at 0.015
    account.use(100 * MB, at=NEW_YEAR + DAY)  # 100 at 0.010
    assert account.refund(first.operation, at=NEW_YEAR + 2 * DAY) == 100 * MB
    assert account.balance == -1_500_000  # what is left is the first 100 of the cycle
    assert account.use(100 * MB, at=NEW_YEAR + 3 * DAY).cost == 1_000_000
    account.check()


def test_a_refund_in_part_is_of_the_last_bytes_and_bounded():
    account = opened()
    usage = account.use(2 * GB + 3 * MB, at=NEW_YEAR)
    account.refund(usage.operation, 4 * MB, at=NEW_YEAR)
    assert (account.balance, account.data_left) == (-35 * QAR, MB)
    account.refund(usage.operation, at=NEW_YEAR)
    assert account.data_left == 2 * GB
    with pytest.raises(InputError, match="refund volume: got 1, expected at most the 0 bytes"):
        account.refund(usage.operation, 1, at=NEW_YEAR)


def test_a_refund_of_overage_happens_once_for_its_key():
    account = opened(BARE)
    usage = account.use(10 * MB, at=NEW_YEAR)
    for _ in range(2):
        assert account.refund(usage.operation, 5 * MB, at=NEW_YEAR, key="k") == 5 * MB
    assert account.balance == -100_000


def test_a_refund_in_the_same_cycle_is_spending_undone():
    account = opened(BARE)
    usage = account.use(10 * MB, at=NEW_YEAR)
    account.refund(usage.operation, 5 * MB, at=NEW_YEAR)
    assert account.spent == 100_000


def test_a_refund_of_an_earlier_cycle_leaves_this_one_alone():
    account = opened(BARE)
    usage = account.use(10 * MB, at=NEW_YEAR)
    account.use(5 * MB, at=FEBRUARY)
    account.refund(usage.operation, at=FEBRUARY + DAY)
    assert (account.balance, account.spent) == (-100_000, 100_000)
    account.advance(MARCH)
    assert [bill.amount for bill in account.unpaid] == [100_000]  # 0.20 of January, paid by the credit of 0.10
    account.check()


def test_a_refund_at_prices_by_the_hour_never_gives_back_more_than_was_charged():
    account = opened(Plan("Night", 0, 0, Tariff(price=20_000, hours=(HourPrice(0, 6, 5_000),)), 100 * QAR))
    night = account.use(500 * KB, at=NEW_YEAR + HOUR)  # opens a megabyte at 0.005
    day = account.use(500 * KB, at=NEW_YEAR + 12 * HOUR)  # fills it
    account.refund(night.operation, at=NEW_YEAR + 13 * HOUR)
    assert account.balance == -5_000  # by day alone it would have cost 0.02
    account.refund(day.operation, at=NEW_YEAR + 14 * HOUR)
    assert account.balance == 0
    account.check()


# -------------------------------------------------------------------------------------- top tier


def test_the_invoice_may_charge_the_whole_at_the_last_tiers_price():
    account = opened(Plan("Top", 0, 0, TIERED, 1000 * QAR, top_tier=True))
    account.use(310 * MB, at=NEW_YEAR)
    assert account.balance == -3_550_000  # metered: 100 at 0.015, 200 at 0.010, 10 at 0.005
    account.advance(FEBRUARY)
    assert account.balance == -1_550_000  # 310 at 0.005
    assert money(account, Kind.ADJUSTMENT) == 2 * QAR


@pytest.mark.parametrize(
    "tariff",
    [
        Tariff(price=10_000, tiers=(Tier(100 * MB, 15_000),)),
        Tariff(price=10_000, tiers=(Tier(100 * MB, 5_000, MB, 10 * MB),)),
    ],
)
def test_tiers_that_would_make_the_invoice_dearer_than_the_meter_are_refused(tariff):
    with pytest.raises(InputError, match="expected tiers of one increment whose prices fall"):
        Plan("Top", 0, 0, tariff, 1000 * QAR, top_tier=True)


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda a: a.pay(0, at=NEW_YEAR), "payment: got 0, expected a whole number of micros, 1 or more"),
        (lambda a: a.pay(1.5, at=NEW_YEAR), "payment: got 1.5, expected a whole number"),
        (lambda a: a.pay(True, at=NEW_YEAR), "payment: got True, expected a whole number"),
        (lambda a: a.pay(QAR, at=NEW_YEAR - DAY), "at: got '2025-12-31 00:00:00+03:00', expected no earlier than"),
        (lambda a: a.pay(QAR, at=NEW_YEAR.replace(tzinfo=None)), "at: got datetime.datetime(2026, 1, 1, 0, 0), exp"),
        (lambda a: a.pay(QAR, at=None), "at: got None, expected a date and time"),
        (lambda a: a.pay(QAR, at=NEW_YEAR, key=7), "key: got 7, expected words"),
        (lambda a: a.use(-1, at=NEW_YEAR), "volume: got -1, expected a whole number of bytes, 1 or more"),
        (lambda a: a.buy("1 GB", at=NEW_YEAR), "bundle: got '1 GB', expected a Bundle"),
        (lambda a: a.change_plan("Plus", at=NEW_YEAR), "plan: got 'Plus', expected a Plan"),
        (lambda a: a.refund(1, at=NEW_YEAR), "operation: got 1, expected the id of a usage"),
        (lambda a: a.cancel(at="today"), "at: got 'today', expected a date and time"),
        (lambda a: a.agree_to_more(at=1), "at: got 1, expected a date and time"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(act, message):
    account = opened()
    before = account.ledger.columns(), account.balance, account.now
    with pytest.raises(InputError) as caught:
        act(account)
    assert str(caught.value).startswith(message)
    rows, balance, now = before
    assert (account.ledger.columns() == rows).all()
    assert (account.balance, account.now) == (balance, now)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"plan": None}, "plan: got None, expected a Plan"),
        ({"bill_day": 40}, "bill day: got 40, expected a day of the month, 1 to 31"),
        ({"order": "newest"}, "order: got 'newest', expected one of soonest expiry"),
        ({"at": NEW_YEAR.replace(tzinfo=None)}, "opened: got"),
    ],
)
def test_an_account_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InputError) as caught:
        opened(**settings)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fee": -1}, "plan fee: got -1, expected a whole number of micros, 0 or more"),
        ({"allowance": 0.5}, "plan allowance: got 0.5, expected a whole number of bytes, 0 or more"),
        ({"credit_limit": None}, "plan credit limit: got None, expected"),
        ({"spend_cap": -1}, "plan spend cap: got -1, expected"),
        ({"due_after": timedelta(0)}, "plan due_after: got '0:00:00', expected a time longer than zero"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InputError) as caught:
        Plan(**({"name": "P", "fee": 0, "allowance": 0, "overage": TWO_DIRHAM, "credit_limit": 0} | settings))
    assert str(caught.value).startswith(message)


# ------------------------------------------------------------------------------------------- keys


def test_a_key_stands_for_one_content():
    account = opened()
    day = Bundle("Day", QAR, GB, DAY)
    account.pay(QAR, at=NEW_YEAR, key="p")
    account.buy(day, at=NEW_YEAR, key="b")
    account.change_plan(PLUS, at=NEW_YEAR, key="c")
    count = len(account.ledger)
    for again in (
        lambda: account.pay(2 * QAR, at=NEW_YEAR, key="p"),
        lambda: account.pay(QAR, at=NEW_YEAR, channel="shop", key="p"),
        lambda: account.buy(Bundle("Day", QAR, 2 * GB, DAY), at=NEW_YEAR, key="b"),
        lambda: account.change_plan(Plan("Plus", 0, 0, TIERED, 0), at=NEW_YEAR, key="c"),
        lambda: account.cancel(at=NEW_YEAR, key="p"),
    ):
        with pytest.raises(Refused, match="it stands for another"):
            again()
    assert len(account.ledger) == count


def test_no_consent_where_there_is_no_cap():
    with pytest.raises(Refused, match="the plan has no spend cap"):
        opened().agree_to_more(at=NEW_YEAR)


def test_a_change_to_the_same_plan_is_none():
    with pytest.raises(Refused, match="it is the plan already"):
        opened().change_plan(BASIC, at=NEW_YEAR)


def test_dunning_in_another_order_is_refused():
    with pytest.raises(InputError, match="expected three times in rising order"):
        Dunning(remind_after=timedelta(0))
