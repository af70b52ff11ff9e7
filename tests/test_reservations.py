"""Quota set aside on an account, settled and freed: what a hold may pay, and what becomes of it."""

from datetime import timedelta

import pytest

from prepaid_model.billing import Dunning
from prepaid_model.buckets import MAIN, Session
from prepaid_model.credit import AutoTopUp
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.offers import Bundle, Lifecycle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.units import DIRHAM, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
PER_MB = Tariff(price=5 * DIRHAM)  # a megabyte at a time
FREE = Tariff(price=0, per=1, increment=1)


def opened(credit: int = 0, *bundles: Bundle, tariff: Tariff = PER_MB, **settings) -> PrepaidAccount:
    """An account with credit that is valid for 30 days, and bundles."""
    account = PrepaidAccount(tariff, opened=NINE, out_of_bundle=True, **settings)
    account.top_up(credit + 1, at=NINE)
    account.adjust(-1, at=NINE, note="so that any credit can be had, none too")
    for bundle in bundles:
        account.buy(bundle, at=NINE)
    return account


def data(volume: int, lasts: timedelta = WEEK, **terms) -> Bundle:
    return Bundle("data", 0, volume, lasts, **terms)


def quantities(account) -> dict[Kind, int]:
    return account.ledger.totals("quantity")


def kinds(account, since: int) -> list[tuple[str, int, int]]:
    """What was written since an entry: kind, quantity, and bytes that moved."""
    return [(entry.kind.label, entry.quantity, entry.volume) for entry in account.ledger.since(since)]


# ------------------------------------------------------------------------------------------- setting aside


def test_a_hold_is_an_entry_that_moves_nothing():
    account, session = opened(QAR, data(100 * MB)), Session()
    booked = len(account.ledger)
    assert account.reserve(30 * MB, session, at=NINE) == 30 * MB
    assert kinds(account, booked) == [("hold", 30 * MB, 0)]
    assert (account.data_left, account.credit, account.available(10**12)) == (100 * MB, QAR, 70 * MB + 20 * MB)
    account.release(session, at=NINE)
    assert kinds(account, booked + 1) == [("release", 30 * MB, 0)]
    assert account.available(10**12) == 120 * MB
    account.check()


def test_a_grant_is_rounded_up_to_whole_increments_which_are_paid_for_anyway():
    account, session = opened(QAR), Session()
    assert account.reserve(3 * MB + 1, session, at=NINE) == 4 * MB
    assert account.held == 20 * DIRHAM
    assert account.debit(2_500_000, session, at=NINE) == 0
    assert (account.credit, account.held) == (85 * DIRHAM, 0)  # three started increments
    # Half a megabyte is paid for: it is granted for nothing, and more is rounded up from there.
    assert account.reserve(400_000, session, at=NINE) == 500_000
    assert account.held == 0
    account.debit(500_000, session, at=NINE)
    assert account.credit == 85 * DIRHAM
    account.check()


def test_where_less_is_left_the_grant_is_smaller_and_none_rather_than_too_small():
    account = opened(12 * DIRHAM)  # two megabytes, and two dirham that buy nothing
    assert account.reserve(5 * MB, Session(), at=NINE, least=3 * MB) == 0
    assert account.reserve(5 * MB, Session(), at=NINE, least=2 * MB) == 2 * MB
    assert account.held == 10 * DIRHAM
    assert account.reserve(1, Session(), at=NINE) == 0


def test_a_hold_reaches_over_buckets_and_the_main_balance_in_their_order():
    account, session = opened(QAR, data(30 * MB, DAY), data(20 * MB, WEEK)), Session()
    soon, late = account.buckets
    assert account.reserve(53 * MB, session, at=NINE) == 53 * MB
    assert session.holds == {soon.id: 30 * MB, late.id: 20 * MB, MAIN: 15 * DIRHAM}
    account.debit(40 * MB, session, at=NINE + MINUTE)
    assert (soon.left, late.left, account.credit, session.holds) == (0, 10 * MB, QAR, {})
    account.check()


def test_two_sessions_never_hold_the_same_byte_or_micro():
    account = opened(10 * DIRHAM, data(10 * MB))
    one, other = Session(), Session()
    assert account.reserve(11 * MB, one, at=NINE) == 11 * MB
    assert account.reserve(11 * MB, other, at=NINE) == 1 * MB
    assert account.reserve(1, Session(), at=NINE) == 0
    assert account.status.value == "active", "what is held still serves somebody"
    assert account.debit(11 * MB, one, at=NINE) == account.debit(1 * MB, other, at=NINE) == 0
    assert (account.credit, account.data_left, account.status.value) == (0, 0, "suspended")
    account.check()


def test_a_discounted_bucket_holds_its_bytes_and_their_price():
    half = Tariff(price=2 * DIRHAM)
    account, session = opened(QAR, data(10 * MB, tariff=half)), Session()
    assert account.reserve(4 * MB, session, at=NINE) == 4 * MB
    assert session.holds == {account.buckets[0].id: 4 * MB, MAIN: 8 * DIRHAM}
    account.debit(3 * MB, session, at=NINE)
    assert (account.credit, account.data_left, account.held) == (94 * DIRHAM, 7 * MB, 0)


@pytest.mark.parametrize("volume", [0, -1, 0.5, 10**15 + 1])
def test_what_cannot_be_reserved_changes_nothing(volume):
    account = opened(QAR)
    booked = len(account.ledger)
    with pytest.raises(InputError, match="requested units"):
        account.reserve(volume, Session(), at=NINE)
    assert len(account.ledger) == booked


# ------------------------------------------------------------------------------------------------ settling


def test_what_was_held_pays_first_then_whatever_else_there_is():
    account, session = opened(QAR, data(50 * MB)), Session()
    account.reserve(10 * MB, session, at=NINE)
    booked = len(account.ledger)
    assert account.debit(60 * MB, session, at=NINE + MINUTE) == 0
    assert kinds(account, booked) == [
        ("release", 10 * MB, 0),
        ("usage", 10 * MB, -10 * MB),
        ("usage", 40 * MB, -40 * MB),
        ("usage", 10 * MB, 0),
    ]
    assert account.credit == 50 * DIRHAM


def test_what_nobody_can_pay_is_recorded_as_uncollected():
    account, session = opened(10 * DIRHAM), Session()
    account.reserve(2 * MB, session, at=NINE)
    assert account.debit(5 * MB, session, at=NINE) == 3 * MB
    assert quantities(account)[Kind.USAGE] == 2 * MB
    assert quantities(account)[Kind.UNCOLLECTED] == 3 * MB
    assert (account.credit, account.status.value) == (0, "suspended")


def test_what_others_hold_does_not_pay_an_overshoot():
    account, one, other = opened(20 * DIRHAM), Session(), Session()
    account.reserve(2 * MB, one, at=NINE)
    account.reserve(2 * MB, other, at=NINE)
    assert account.debit(3 * MB, one, at=NINE) == 1 * MB
    assert account.debit(2 * MB, other, at=NINE) == 0
    account.check()


def test_with_a_cause_the_balance_goes_below_zero_until_the_next_top_up():
    account, session = opened(10 * DIRHAM), Session()
    account.reserve(2 * MB, session, at=NINE)
    assert account.debit(5 * MB, session, at=NINE, overdraft="overshoot") == 0
    assert (account.credit, account.status.value) == (-15 * DIRHAM, "suspended")
    assert quantities(account)[Kind.OVERDRAFT] == 3 * MB
    (noted,) = [entry for entry in account.ledger if entry.kind is Kind.OVERDRAFT]
    assert account.ledger.notes[noted.id] == "overshoot"
    account.check()
    account.top_up(20 * DIRHAM, at=NINE)
    assert (account.credit, account.status.value) == (5 * DIRHAM, "active")
    account.check()


def test_an_overdraft_leaves_what_another_session_holds_to_it():
    account, one, other = opened(20 * DIRHAM), Session(), Session()
    account.reserve(2 * MB, one, at=NINE)
    account.reserve(2 * MB, other, at=NINE)
    account.debit(4 * MB, one, at=NINE, overdraft="outage")
    assert (account.credit, account.held) == (0, 10 * DIRHAM)
    account.check()
    assert account.debit(2 * MB, other, at=NINE) == 0
    assert account.credit == -10 * DIRHAM
    account.check()


def test_a_balance_below_zero_without_a_cause_is_found():
    account = opened(0)
    account._move(Kind.USAGE, money=-1)
    with pytest.raises(LawBroken, match="below zero, and no overdraft says why"):
        account.check()


def test_holds_that_no_entry_made_or_nothing_covers_are_found():
    account, session = opened(QAR, data(10 * MB)), Session()
    account.reserve(15 * MB, session, at=NINE)
    (bucket,) = account.buckets
    account._held[bucket.id] -= 1
    with pytest.raises(LawBroken, match="9999999 of bucket 5 are held, its ledger says 10000000"):
        account.check()
    account._held[bucket.id] += 1
    account.check()
    account._move(Kind.USAGE, bucket=bucket, volume=-1)
    with pytest.raises(LawBroken, match="10000000 of bucket 5 are held, and there are only 9999999"):
        account.check()
    poor = opened(QAR)
    poor.reserve(20 * MB, Session(), at=NINE)
    poor._move(Kind.USAGE, money=-1)
    with pytest.raises(LawBroken, match="1000000 of the main balance are held, and there are only 999999"):
        poor.check()


def test_the_price_of_a_session_is_that_of_its_total_however_it_is_reported():
    tariff = Tariff(price=5 * DIRHAM, increment=100_000, per=MB, session_fee=3 * DIRHAM)
    whole, parts = opened(QAR, tariff=tariff), opened(QAR, tariff=tariff)
    session = Session()
    whole.debit(1_234_567, Session(), at=NINE)
    for volume in (1, 99_999, 500_001, 634_566):
        parts.reserve(volume, session, at=NINE)
        parts.debit(volume, session, at=NINE)
    assert whole.credit == parts.credit == QAR - 3 * DIRHAM - 13 * 5 * DIRHAM // 10
    assert session.cost == QAR - parts.credit


# ---------------------------------------------------------------------------- a hold never outlives its bucket


def test_at_expiry_the_unheld_part_goes_at_once_the_rest_with_the_report():
    account, session = opened(0, data(100 * MB, HOUR)), Session()
    account.reserve(10 * MB, session, at=NINE)
    booked = len(account.ledger)
    account.advance(NINE + HOUR)
    assert kinds(account, booked) == [("expired", 0, -90 * MB), ("status", 0, 0)]
    assert (account.data_left, account.buckets) == (0, ())
    booked = len(account.ledger)
    assert account.debit(15 * MB, session, at=NINE + HOUR) == 5 * MB
    assert kinds(account, booked)[:3] == [
        ("release", 10 * MB, 0),
        ("usage", 10 * MB, -10 * MB),
        ("uncollected", 5 * MB, 0),
    ]
    account.check()


def test_what_the_report_does_not_use_expires_then():
    account, session = opened(0, data(100 * MB, HOUR)), Session()
    account.reserve(10 * MB, session, at=NINE)
    account.debit(4 * MB, session, at=NINE + HOUR + MINUTE)
    last = account.ledger[len(account.ledger)]
    assert (last.kind, last.volume, last.at) == (Kind.EXPIRED, -6 * MB, NINE + HOUR + MINUTE)
    assert account.reserve(1, session, at=NINE + HOUR + MINUTE) == 0
    account.check()


def test_two_sessions_with_quota_of_one_bucket_each_keep_their_own_past_its_end():
    account, one, other = opened(0, data(100 * MB, HOUR)), Session(), Session()
    account.reserve(10 * MB, one, at=NINE)
    account.reserve(20 * MB, other, at=NINE)
    assert account.debit(12 * MB, one, at=NINE + HOUR) == 2 * MB
    account.check()
    account.release(other, at=NINE + HOUR)
    expired = [entry.volume for entry in account.ledger if entry.kind is Kind.EXPIRED]
    assert expired == [-70 * MB, -20 * MB]
    account.check()


def test_an_increment_that_is_paid_for_is_kept_past_the_end_of_its_bucket_too():
    account, session = opened(0, data(10 * MB, HOUR, tariff=Tariff(0, increment=MB))), Session()
    account.debit(400_000, session, at=NINE)
    assert account.reserve(600_000, session, at=NINE) == 600_000
    assert account.held_until(session) == NINE + HOUR
    assert account.debit(600_000, session, at=NINE + HOUR) == 0
    account.check()


def test_it_is_kept_though_another_session_of_that_bucket_ends_before():
    account, session, other = opened(0, data(10 * MB, HOUR, tariff=Tariff(0, increment=MB))), Session(), Session()
    account.debit(400_000, session, at=NINE)
    account.reserve(600_000, session, at=NINE)
    account.reserve(MB, other, at=NINE)
    account.release(other, at=NINE)
    assert account.debit(600_000, session, at=NINE + HOUR) == 0
    account.check()


def test_outside_the_hours_of_a_bucket_the_report_takes_no_more_than_was_held():
    account, session = opened(0, data(100 * MB, hours=(9, 10))), Session()
    account.reserve(10 * MB, session, at=NINE)
    assert account.held_until(session) == NINE + HOUR
    assert account.debit(15 * MB, session, at=NINE + HOUR) == 5 * MB
    assert account.buckets[0].left == 90 * MB, "it serves again tomorrow"
    account.check()


@pytest.mark.parametrize("bundles", [(), (data(100 * MB, 60 * DAY),)], ids=["credit", "bucket"])
def test_in_grace_the_report_takes_no_more_than_was_held(bundles):
    account, session = opened(5 * QAR, *bundles), Session()
    account.reserve(10 * MB, session, at=NINE)
    assert account.held_until(session) == account.valid_until == NINE + 30 * DAY
    account.advance(NINE + 30 * DAY)
    assert account.barred
    assert account.debit(15 * MB, session, at=NINE + 30 * DAY) == 5 * MB
    assert (account.credit, account.data_left) == ((5 * QAR, 90 * MB) if bundles else (450 * DIRHAM, 0))
    assert account.reserve(1, session, at=NINE + 30 * DAY) == 0
    account.check()


def test_what_is_held_when_credit_and_buckets_are_forfeited_goes_with_the_report():
    account = opened(QAR, data(100 * MB, 90 * DAY), lifecycle=Lifecycle(grace=DAY))
    one, other = Session(), Session()
    account.reserve(10 * MB, one, at=NINE)
    account.reserve(92 * MB, other, at=NINE)  # 90 MB of the bucket, two of credit
    account.advance(NINE + 31 * DAY)
    assert (account.credit, account.status.value) == (10 * DIRHAM, "expired")
    assert account.debit(4 * MB, one, at=NINE + 31 * DAY) == 0
    assert account.debit(91 * MB, other, at=NINE + 31 * DAY) == 0
    assert (account.credit, account._buckets) == (0, {})
    lost = account.ledger.totals("money")[Kind.EXPIRED], account.ledger.totals("volume")[Kind.EXPIRED]
    assert lost == (-95 * DIRHAM, -6 * MB)
    account.check()


def test_a_top_up_does_not_bring_back_a_forfeited_bucket_that_was_held():
    account = opened(0, data(100 * MB, 90 * DAY), lifecycle=Lifecycle(grace=DAY))
    session = Session()
    account.reserve(10 * MB, session, at=NINE)
    account.advance(NINE + 31 * DAY)
    account.top_up(QAR, at=NINE + 31 * DAY)
    assert account.buckets == ()
    account.debit(4 * MB, session, at=NINE + 31 * DAY)
    assert (account.credit, account._buckets) == (QAR, {})
    account.check()


def test_a_refund_does_not_go_back_to_a_bucket_that_is_only_there_because_it_is_held():
    account, session = opened(0, data(100 * MB, HOUR)), Session()
    used = account.use(5 * MB, at=NINE)
    account.reserve(10 * MB, session, at=NINE)
    account.refund(used.operation, at=NINE + HOUR)
    account.release(session, at=NINE + HOUR)
    assert account.ledger.totals("volume")[Kind.EXPIRED] == -95 * MB
    account.check()


# ------------------------------------------------------------------------ while quota is held, others may come


def test_a_bundle_bought_while_credit_is_held_serves_what_comes_after():
    account, session = opened(QAR), Session()
    account.reserve(5 * MB, session, at=NINE)
    account.buy(Bundle("bought", 75 * DIRHAM, 50 * MB, DAY), at=NINE + MINUTE)
    with pytest.raises(Refused, match=r"buy bought"):
        account.buy(Bundle("bought", 1, 50 * MB, DAY), at=NINE + MINUTE)  # the rest is held
    account.debit(5 * MB, session, at=NINE + 2 * MINUTE)
    assert (account.credit, account.data_left) == (0, 50 * MB)
    assert account.reserve(5 * MB, session, at=NINE + 2 * MINUTE) == 5 * MB
    assert (account.held, session.holds) == (0, {account.buckets[0].id: 5 * MB})
    account.check()


def test_beyond_what_was_held_a_bundle_bought_meanwhile_pays_before_the_credit():
    account, session = opened(QAR), Session()
    account.reserve(2 * MB, session, at=NINE)
    account.buy(data(50 * MB), at=NINE)
    assert account.debit(5 * MB, session, at=NINE) == 0
    assert (account.credit, account.data_left) == (90 * DIRHAM, 47 * MB)


def test_a_blocker_bought_meanwhile_does_not_keep_held_credit_from_paying():
    account, session = opened(QAR), Session()
    account.reserve(5 * MB, session, at=NINE)
    account.buy(data(MB, blocker=True), at=NINE)
    assert account.debit(5 * MB, session, at=NINE) == 0
    account.check()


def test_a_blocker_that_gives_what_is_paid_for_already_does_not_keep_the_rest_of_a_hold_from_paying():
    account, session = opened(0, data(10 * MB, DAY, blocker=True, tariff=Tariff(0, increment=MB))), Session()
    account.debit(600_000, session, at=NINE)  # 400 KB more are paid for
    account.buy(data(2 * MB, HOUR), at=NINE)
    assert account.reserve(MB, session, at=NINE) == MB
    assert sorted(session.holds.values()) == [0, 600_000]
    assert account.debit(MB, session, at=NINE + HOUR) == 0
    assert account.data_left == 9 * MB
    assert account.reserve(2 * MB, session, at=NINE + HOUR) == 2 * MB
    account.check()


def test_a_blocker_pays_last_of_what_is_held_though_it_has_also_something_paid_for_already():
    account, session = opened(0, data(10 * MB, DAY, blocker=True, tariff=Tariff(0, increment=MB))), Session()
    account.debit(600_000, session, at=NINE)
    account.buy(data(MB, HOUR), at=NINE)
    assert account.reserve(3 * MB, session, at=NINE) == 3_400_000
    assert account.debit(3_400_000, session, at=NINE + HOUR) == 0
    assert account.data_left == 7 * MB


def test_only_what_nobody_holds_can_be_given_away_or_spent():
    account = opened(QAR, data(10 * MB))
    other = opened(QAR, name="other")
    account.reserve(22 * MB, Session(), at=NINE)  # ten of data, sixty dirham of credit
    (bucket,) = account.buckets
    with pytest.raises(Refused, match=r"own credit is QAR 0\.40"):
        account.transfer(41 * DIRHAM, other, at=NINE)
    with pytest.raises(Refused):
        account.transfer_data(1, bucket, other, at=NINE)
    with pytest.raises(Refused):
        account.adjust(-41 * DIRHAM, at=NINE, note="too much")
    account.transfer(40 * DIRHAM, other, at=NINE)
    assert account.credit == account.held == 60 * DIRHAM
    account.check()


def test_a_renewal_is_not_paid_with_held_credit_and_rolls_over_only_what_is_not_held():
    weekly = Bundle("weekly", 50 * DIRHAM, 100 * MB, DAY, rollover=80 * MB)
    account, session = opened(0), Session()
    account.top_up(150 * DIRHAM, at=NINE)
    account.buy(weekly, at=NINE, renews=True)
    account.reserve(30 * MB, session, at=NINE)
    account.advance(NINE + DAY)
    assert sorted(bucket.left for bucket in account.buckets) == [70 * MB, 100 * MB]
    account.debit(20 * MB, session, at=NINE + DAY)
    assert sorted(bucket.left for bucket in account.buckets) == [70 * MB, 100 * MB]
    held = Session()
    account.reserve(175 * MB, held, at=NINE + DAY)  # all the data, and 25 of the 50 dirham that are left
    account.advance(NINE + 2 * DAY)
    assert [bucket.name for bucket in account.buckets] == []
    account.debit(175 * MB, held, at=NINE + 2 * DAY)
    assert account.credit == 25 * DIRHAM
    account.check()


def test_an_automatic_top_up_pays_what_was_used_beyond():
    account, session = opened(10 * DIRHAM), Session()
    account.top_up_automatically(AutoTopUp(0, 20 * DIRHAM), at=NINE)
    account.reserve(2 * MB, session, at=NINE)
    assert account.debit(5 * MB, session, at=NINE) == 0
    assert account.credit == 5 * DIRHAM
    account.check()


# ------------------------------------------------------------------------------------- prices, times, last units


def test_a_quote_is_the_price_whether_the_credit_covers_it_or_not():
    account = opened(DIRHAM, data(10 * MB))
    assert account.quote(0) == account.quote(10 * MB) == 0
    assert account.quote(12_500_000) == 15 * DIRHAM
    account.reserve(10 * MB, Session(), at=NINE)
    assert account.quote(2 * MB) == 10 * DIRHAM
    assert quantities(account).keys() == {Kind.HOLD}


def test_the_time_for_which_quota_can_be_held_ends_with_what_is_held():
    account = opened(5 * QAR, data(10 * MB, 2 * HOUR), data(10 * MB, DAY))
    early, both, late = Session(), Session(), Session()
    account.reserve(5 * MB, early, at=NINE)
    account.reserve(10 * MB, both, at=NINE)
    account.reserve(6 * MB, late, at=NINE)
    ends = [account.held_until(session) for session in (early, both, late, Session())]
    assert ends == [NINE + 2 * HOUR, NINE + 2 * HOUR, NINE + DAY, NINE + 30 * DAY]


def test_the_next_change_of_the_price():
    flat, night = opened(0), opened(0, tariff=Tariff(10, per=1, increment=1, hours=(HourPrice(22, 6, 4),)))
    assert flat.next_price_change(NINE) is None
    ten = NINE + 13 * HOUR
    six = NINE + 21 * HOUR
    assert night.next_price_change(NINE + 17 * MINUTE) == ten
    assert night.next_price_change(ten) == six
    assert night.next_price_change(six - timedelta(microseconds=1)) == six
    assert night.next_price_change(six) == ten + DAY


@pytest.mark.parametrize(
    ("before_change", "cost"),
    # 05:30 to 06:30, changing at 06:00 from 4 to 10 micros a byte: spread evenly, or counted apart.
    [(None, 50 * 4 + 50 * 10), (80, 80 * 4 + 20 * 10), (0, 100 * 10), (100, 100 * 4)],
)
def test_bytes_around_a_change_of_the_price(before_change, cost):
    account, session = opened(QAR, tariff=Tariff(10, per=1, increment=1, hours=(HourPrice(0, 6, 4),))), Session()
    half_past_five = parse_moment("2026-01-02 05:30")
    account.reserve(100, session, at=half_past_five)
    assert account.held == 400
    account.debit(100, session, at=half_past_five + HOUR, since=half_past_five, before_change=before_change)
    assert QAR - account.credit == session.cost == cost
    account.check()


def test_a_report_that_is_counted_apart_is_paid_by_the_hold_in_both_parts():
    night = Tariff(10, per=1, increment=1, hours=(HourPrice(0, 9, 4),))
    account, session = opened(1000, tariff=night), Session()
    late = NINE + 30 * DAY - HOUR
    account.reserve(100, session, at=late)
    assert account.debit(100, session, at=late + HOUR, since=late, before_change=60) == 0
    assert account.barred
    assert account.credit == 600, "the validity ends with the change: all of it was before"
    account, session = opened(1000, tariff=night), Session()
    account.reserve(100, session, at=late)
    assert account.debit(55, session, at=late + HOUR + MINUTE, since=late, before_change=50) == 0
    assert account.credit == 1000 - 50 * 4 - 5 * 10


def test_units_are_final_only_if_nobody_elses_could_follow():
    account, one, other = opened(20 * DIRHAM), Session(), Session()
    account.reserve(2 * MB, one, at=NINE)
    assert account.reserve(5 * MB, other, at=NINE) == 2 * MB
    assert not account.ends_after(2 * MB, other), "what the other session holds may come back"
    account.debit(2 * MB, one, at=NINE)
    assert account.ends_after(2 * MB, other)
    assert not account.ends_after(2 * MB - 1, other)


def test_units_are_final_if_too_few_could_follow():
    account, session = opened(20 * DIRHAM), Session()
    account.reserve(2 * MB, session, at=NINE)
    assert not account.ends_after(2 * MB, session, least=2 * MB)
    assert account.ends_after(2 * MB, session, least=2 * MB + 1)


def test_units_are_not_final_where_an_automatic_top_up_will_follow():
    account, session = opened(20 * DIRHAM), Session()
    account.top_up_automatically(AutoTopUp(0, QAR), at=NINE)
    account.reserve(4 * MB, session, at=NINE)
    assert not account.ends_after(4 * MB, session)
    above = opened(20 * DIRHAM)
    above.top_up_automatically(AutoTopUp(5 * DIRHAM, QAR), at=NINE)
    above.reserve(2 * MB, session := Session(), at=NINE)
    assert above.ends_after(4 * MB, session), "what is not held is above the threshold: no top-up is due"
    by_data = opened(0, data(MB))
    by_data.top_up_automatically(AutoTopUp(0, QAR), at=NINE)
    by_data.reserve(MB, session := Session(), at=NINE)
    assert by_data.ends_after(MB, session), "data brings no top-up: no money is taken"


# ------------------------------------------------------------------------------------------------ postpaid


def postpaid(limit: int = QAR, *, allowance: int = 0, **settings) -> PostpaidAccount:
    plan = Plan("P", settings.pop("fee", 0), allowance, PER_MB, credit_limit=limit)
    return PostpaidAccount(plan, opened=NINE, **settings)


def test_what_a_cycle_has_paid_for_already_is_granted_to_nobody_twice():
    account, one, other = postpaid(10 * DIRHAM), Session(), Session()
    account.use(500_000, at=NINE)  # half a megabyte more is paid for
    assert account.reserve(500_000, one, at=NINE) == MB
    assert account.reserve(500_000, other, at=NINE) == 0
    assert account.debit(MB, one, at=NINE) == 0
    assert account.owed == 10 * DIRHAM
    assert account.reserve(1, other, at=NINE) == 0
    account.check()


def test_a_postpaid_hold_pays_though_the_limit_is_reached_since():
    account, session = postpaid(35 * QAR, fee=20 * QAR), Session()
    free = account.headroom
    assert account.reserve(10**9, session, at=NINE) == free // (5 * DIRHAM) * MB
    account.advance(parse_moment("2026-02-01"))  # the next fee
    assert account.headroom == 0
    assert account.debit(50 * MB, session, at=account.now) == 0
    account.check()


def test_an_old_allowance_that_is_held_ends_with_its_plan():
    account, session = postpaid(QAR, allowance=31 * 10 * MB), Session()
    account.reserve(20 * MB, session, at=NINE)
    account.change_plan(Plan("Q", 0, 0, PER_MB, credit_limit=QAR), at=NINE + DAY)
    assert account.data_left == 0
    assert account.debit(5 * MB, session, at=NINE + DAY) == 0
    assert (account._buckets, account.owed) == ({}, 0)
    account.check()


def test_service_is_denied_in_grace_for_an_overdue_bill_and_after_the_end_of_a_contract():
    prepaid = opened(QAR)
    assert not prepaid.barred
    prepaid.advance(NINE + 30 * DAY)
    assert prepaid.barred
    prepaid.advance(NINE + 60 * DAY)
    assert not prepaid.barred, "there is nothing any more: the limit is reached"
    overdue = postpaid(100 * QAR, fee=20 * QAR, dunning=Dunning(DAY, 2 * DAY, 200 * DAY))
    assert not overdue.barred
    overdue.advance(NINE + 60 * DAY)
    assert (overdue.status.value, overdue.barred) == ("barred", True)
    ended = postpaid()
    ended.cancel(at=NINE)
    assert (ended.status.value, ended.barred) == ("closed", True)
    for account in (prepaid, overdue, ended):
        assert account.reserve(1, Session(), at=account.now) == 0
