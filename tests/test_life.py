"""Validity, grace and expiry; renewal and rollover; what comes first where instants coincide."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from prepaid_model.balances import Status
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Validity
from prepaid_model.prepaid import AutoTopUp, PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
WEEK = Lifecycle((Validity(QAR, 7 * DAY), Validity(50 * QAR, 30 * DAY)), grace=3 * DAY)
PER_MB = Tariff(price=QAR // 2)
HUNDRED = Bundle("100 MB", 2 * QAR, 100 * MB, DAY)


def opened(*, top_up: int = 10 * QAR, lifecycle: Lifecycle = WEEK, **settings: Any) -> PrepaidAccount:
    account = PrepaidAccount(PER_MB, lifecycle, opened=NINE, **settings)
    if top_up:
        account.top_up(top_up, at=NINE)
    return account


def told(account: PrepaidAccount, *, since: int = 0) -> list[tuple[str, datetime]]:
    return [(entry.kind.label, entry.at) for entry in account.ledger.since(since)]


def kinds(account: PrepaidAccount, *, since: int = 0) -> list[str]:
    return [kind for kind, _ in told(account, since=since)]


# ------------------------------------------------------------------------------------ status


def test_a_new_account_is_suspended_until_it_can_pay() -> None:
    account = opened(top_up=0, out_of_bundle=True)
    assert (account.status, account.valid_until, account.grace_until) == (Status.SUSPENDED, None, None)
    account.top_up(10 * QAR, at=NINE)
    assert account.status is Status.ACTIVE


def test_credit_alone_without_consent_is_suspended() -> None:
    account = opened()
    assert account.status is Status.SUSPENDED
    account.allow_out_of_bundle(True, at=NINE)
    assert account.status is Status.ACTIVE
    assert account.out_of_bundle
    account.allow_out_of_bundle(False, at=NINE)
    assert account.status is Status.SUSPENDED


def test_no_credit_with_a_live_bucket_is_active() -> None:
    account = opened(top_up=2 * QAR)
    account.buy(HUNDRED, at=NINE)
    assert (account.credit, account.status) == (0, Status.ACTIVE)
    account.use(100 * MB, at=NINE + HOUR)
    assert account.status is Status.SUSPENDED
    account.top_up(5 * QAR, at=NINE + HOUR)
    account.buy(HUNDRED, at=NINE + HOUR)
    assert account.status is Status.ACTIVE


def test_suspended_means_that_the_next_byte_cannot_be_served() -> None:
    account = opened(top_up=QAR, out_of_bundle=True)
    account.use(MB, at=NINE)
    assert (account.credit, account.status) == (QAR // 2, Status.ACTIVE)
    account.use(1, at=NINE)
    assert (account.credit, account.status) == (0, Status.SUSPENDED)


def test_a_bucket_for_one_kind_of_traffic_keeps_the_account_active_for_it() -> None:
    account = opened(top_up=2 * QAR)
    account.buy(Bundle("video", 2 * QAR, MB, DAY, traffic="video"), at=NINE)
    assert account.status is Status.ACTIVE
    assert account.use(MB, at=NINE).denied == MB
    assert account.use(MB, at=NINE, traffic="video").served == MB
    assert account.status is Status.SUSPENDED


def test_a_night_bundle_wakes_and_sleeps_the_account() -> None:
    account = opened(top_up=2 * QAR)
    account.buy(Bundle("night", 2 * QAR, 9 * MB, 3 * DAY, hours=(23, 2)), at=NINE)
    assert account.status is Status.SUSPENDED
    account.advance(NINE + 2 * DAY)
    changes = [(entry.at, account.ledger.notes[entry.id]) for entry in account.ledger if entry.kind is Kind.STATUS]
    assert changes == [
        (NINE.replace(hour=23), "active"),
        ((NINE + DAY).replace(hour=2), "suspended"),
        ((NINE + DAY).replace(hour=23), "active"),
        ((NINE + 2 * DAY).replace(hour=2), "suspended"),
    ]


def test_a_night_bundle_serves_only_at_night() -> None:
    account = opened(top_up=2 * QAR)
    account.buy(Bundle("night", 2 * QAR, 9 * MB, 3 * DAY, hours=(23, 2)), at=NINE)
    served = [account.use(MB, at=NINE.replace(hour=hour)).served for hour in (10, 22, 23)]
    served += [account.use(MB, at=(NINE + DAY).replace(hour=hour)).served for hour in (0, 1, 2)]
    assert served == [0, 0, MB, MB, MB, 0]


# ------------------------------------------------------------------------------------ validity


def test_a_top_up_never_shortens_validity() -> None:
    account = opened(top_up=50 * QAR)
    assert account.valid_until == NINE + 30 * DAY
    account.top_up(QAR, at=NINE + DAY)
    assert account.valid_until == NINE + 30 * DAY
    account.top_up(QAR, at=NINE + 29 * DAY)
    assert account.valid_until == NINE + 36 * DAY
    assert account.grace_until == NINE + 39 * DAY


def test_in_grace_use_and_purchases_are_barred_and_the_balance_kept() -> None:
    account = opened(out_of_bundle=True)
    account.advance(NINE + 7 * DAY - MOMENT)
    assert account.status is Status.ACTIVE
    account.advance(NINE + 7 * DAY)
    assert (account.status, account.credit) == (Status.GRACE, 10 * QAR)
    assert account.use(1, at=NINE + 7 * DAY).denied == 1
    assert account.available(1) == 0
    for barred in (
        lambda: account.buy(HUNDRED, at=NINE + 7 * DAY),
        lambda: account.borrow(1, at=NINE + 7 * DAY),
    ):
        with pytest.raises(Exception, match="the credit was valid until 08 Jan 2026 09:00; top up first"):
            barred()


def test_in_grace_the_clocks_of_buckets_run_on() -> None:
    account = opened()
    account.buy(Bundle("long", QAR, MB, 8 * DAY), at=NINE)
    account.advance(NINE + 7 * DAY)
    assert (account.status, account.data_left, account.use(1, at=account.now).denied) == (Status.GRACE, MB, 1)
    account.advance(NINE + 8 * DAY)
    assert (account.status, account.data_left) == (Status.GRACE, 0)
    assert ("expired", NINE + 8 * DAY) in told(account)


def test_a_top_up_in_grace_restores_credit_and_buckets() -> None:
    account = opened(out_of_bundle=True)
    account.buy(Bundle("long", QAR, MB, 30 * DAY), at=NINE)
    account.top_up(QAR, at=NINE + 8 * DAY)
    assert (account.status, account.credit, account.data_left) == (Status.ACTIVE, 10 * QAR, MB)
    assert account.valid_until == NINE + 15 * DAY


def test_the_end_of_grace_forfeits_credit_and_buckets() -> None:
    account = opened()
    account.buy(Bundle("long", QAR, MB, 30 * DAY), at=NINE)
    account.advance(NINE + 20 * DAY)
    assert (account.status, account.credit, account.data_left) == (Status.EXPIRED, 0, 0)
    assert told(account, since=len(account.ledger) - 4) == [
        ("status", NINE + 7 * DAY),
        ("expired", NINE + 10 * DAY),
        ("expired", NINE + 10 * DAY),
        ("status", NINE + 10 * DAY),
    ]
    account.check()


def test_after_expiry_a_top_up_starts_anew() -> None:
    account = opened(out_of_bundle=True)
    account.top_up(5 * QAR, at=NINE + 20 * DAY)
    assert (account.status, account.credit) == (Status.ACTIVE, 5 * QAR)
    assert account.valid_until == NINE + 27 * DAY
    account.advance(NINE + 60 * DAY)
    assert (account.status, account.credit) == (Status.EXPIRED, 0)
    assert account.ledger.totals()[Kind.EXPIRED] == -15 * QAR


def test_without_grace_the_end_of_validity_is_the_end() -> None:
    account = opened(lifecycle=Lifecycle((Validity(QAR, 7 * DAY),), grace=timedelta(0)), out_of_bundle=True)
    account.advance(NINE + 7 * DAY)
    assert (account.status, account.credit) == (Status.EXPIRED, 0)
    statuses = [account.ledger.notes[entry.id] for entry in account.ledger if entry.kind is Kind.STATUS]
    assert statuses == ["active", "expired"]


def test_what_falls_due_is_booked_at_its_own_instant_however_late_anyone_looks() -> None:
    seldom, often = opened(), opened()
    for account in (seldom, often):
        account.buy(HUNDRED, at=NINE, renews=True)
    for hour in range(24 * 15):
        often.advance(NINE + hour * HOUR)
    for account in (seldom, often):
        account.advance(NINE + 15 * DAY)
    assert list(seldom.ledger) == list(often.ledger)


# ------------------------------------------------------------------------------------ expiry


def test_a_bucket_is_dead_at_the_instant_it_expires() -> None:
    account = opened()
    account.buy(HUNDRED, at=NINE)
    assert account.use(MB, at=NINE + DAY - MOMENT).served == MB
    assert account.use(MB, at=NINE + DAY).served == 0
    expired = [entry for entry in account.ledger if entry.kind is Kind.EXPIRED]
    assert [(entry.at, entry.volume, entry.left) for entry in expired] == [(NINE + DAY, -99 * MB, 0)]


def test_nothing_left_means_nothing_to_book_at_expiry() -> None:
    account = opened()
    account.buy(HUNDRED, at=NINE)
    account.use(100 * MB, at=NINE)
    account.advance(NINE + 2 * DAY)
    assert "expired" not in kinds(account)
    assert account.buckets == ()


def test_at_the_same_instant_expiry_comes_before_renewal_and_both_before_usage() -> None:
    account = opened()
    account.buy(HUNDRED, at=NINE, renews=True)
    account.buy(Bundle("other", QAR, MB, DAY), at=NINE)
    before = len(account.ledger)
    usage = account.use(MB, at=NINE + DAY)
    assert kinds(account, since=before) == ["expired", "expired", "bundle", "grant", "usage"]
    assert {at for _, at in told(account, since=before)} == {NINE + DAY}
    assert account.ledger[before + 1].volume == -MB  # the one that does not renew
    assert account.ledger[usage.operation].bucket == account.buckets[0].id


def test_at_the_end_of_validity_a_renewal_comes_too_late() -> None:
    account = opened()
    account.buy(Bundle("week", QAR, MB, 7 * DAY), at=NINE, renews=True)
    account.advance(NINE + 7 * DAY)
    assert (account.status, account.credit, account.buckets) == (Status.GRACE, 9 * QAR, ())


# ------------------------------------------------------------------------------------ renewal and rollover


def test_a_bundle_renews_at_its_end_for_as_long_as_the_credit_pays() -> None:
    account = opened(top_up=5 * QAR)
    account.buy(HUNDRED, at=NINE, renews=True)
    account.advance(NINE + DAY)
    assert (account.credit, account.data_left) == (QAR, 100 * MB)
    account.advance(NINE + 2 * DAY)
    assert (account.credit, account.data_left) == (QAR, 0)
    assert kinds(account).count("bundle") == 2


def test_a_renewal_that_cannot_be_paid_does_not_happen() -> None:
    account = opened(top_up=2 * QAR)
    account.buy(HUNDRED, at=NINE, renews=True)
    account.use(MB, at=NINE)
    account.advance(NINE + DAY)
    assert (account.credit, account.owed, account.buckets) == (0, 0, ())
    assert account.ledger.totals("volume")[Kind.EXPIRED] == -99 * MB
    account.top_up(5 * QAR, at=NINE + DAY)
    account.advance(NINE + 3 * DAY)
    assert account.data_left == 0  # it is over; only its owner can buy again
    account.check()


def test_a_renewal_can_be_stopped_and_taken_up_again() -> None:
    account = opened()
    account.buy(HUNDRED, at=NINE, renews=True)
    (bucket,) = account.buckets
    account.renew_automatically(bucket, False, at=NINE + HOUR)
    account.renew_automatically(bucket, True, at=NINE + 2 * HOUR)
    account.advance(NINE + DAY)
    (bucket,) = account.buckets
    account.renew_automatically(bucket, False, at=NINE + DAY)
    account.advance(NINE + 2 * DAY)
    assert account.buckets == ()
    changes = [
        (account.ledger[entry].bucket, agreed)
        for entry, agreed in account.ledger.terms.items()
        if agreed in (True, False)
    ]
    assert [agreed for _, agreed in changes] == [False, True, False]
    with pytest.raises(Exception, match="change the renewal: refused, the bucket has expired"):
        account.renew_automatically(bucket, True, at=NINE + 2 * DAY)
    account.check()


def test_a_bundle_bought_once_can_be_told_to_renew() -> None:
    account = opened()
    account.buy(HUNDRED, at=NINE)
    account.renew_automatically(account.buckets[0], True, at=NINE)
    account.advance(NINE + DAY)
    assert account.data_left == 100 * MB


def test_a_renewal_can_set_off_an_automatic_top_up() -> None:
    account = opened(top_up=4 * QAR)
    account.top_up_automatically(AutoTopUp(QAR, 10 * QAR), at=NINE)
    account.buy(HUNDRED, at=NINE, renews=True)
    assert account.credit == 2 * QAR
    account.advance(NINE + DAY)
    assert account.credit == 10 * QAR
    assert told(account)[-3:] == [("bundle", NINE + DAY), ("grant", NINE + DAY), ("top up", NINE + DAY)]


ROLLING = Bundle("100 MB rolls", 2 * QAR, 100 * MB, DAY, rollover=30 * MB)


@pytest.mark.parametrize(("used", "rolled"), [(0, 30), (50, 30), (70, 30), (80, 20), (100, 0)])
def test_a_paid_renewal_rolls_over_what_is_left_up_to_the_cap(used: int, rolled: int) -> None:
    account = opened()
    account.buy(ROLLING, at=NINE, renews=True)
    if used:
        account.use(used * MB, at=NINE)
    account.advance(NINE + DAY)
    assert account.data_left == (100 + rolled) * MB
    volumes = account.ledger.totals("volume")
    assert volumes.get(Kind.ROLLED_OUT, 0) == -rolled * MB == -volumes.get(Kind.ROLLED_IN, 0)
    assert volumes.get(Kind.EXPIRED, 0) == -(100 - used - rolled) * MB
    account.check()


def test_what_rolled_over_ends_with_the_new_period_and_does_not_roll_again() -> None:
    account = opened()
    account.buy(ROLLING, at=NINE, renews=True)
    account.advance(NINE + DAY)
    assert {bucket.terms.expires for bucket in account.buckets} == {NINE + 2 * DAY}
    account.advance(NINE + 2 * DAY)
    assert account.data_left == 130 * MB  # thirty of the hundred, none of the thirty
    rolled = [entry.bucket for entry in account.ledger if entry.kind is Kind.ROLLED_OUT]
    assert len(rolled) == len(set(rolled)) == 2


def test_what_rolled_over_is_used_before_the_new_period() -> None:
    account = opened()
    account.buy(ROLLING, at=NINE, renews=True)
    account.use(35 * MB, at=NINE + DAY)
    assert [bucket.left for bucket in account.buckets] == [0, 95 * MB]


def test_without_a_paid_renewal_nothing_rolls_over() -> None:
    for account, renews in ((opened(top_up=3 * QAR), True), (opened(), False)):
        account.buy(ROLLING, at=NINE, renews=renews)
        account.advance(NINE + DAY)
        assert account.data_left == 0
        assert Kind.ROLLED_IN not in account.ledger.totals("volume")


def test_what_rolled_over_keeps_its_share_of_the_price() -> None:
    account = opened()
    account.buy(ROLLING, at=NINE, renews=True)
    account.advance(NINE + DAY)
    rolled, renewed = account.buckets
    assert (rolled.terms.paid, rolled.terms.renews) == (2 * QAR * 30 // 100, False)
    assert (renewed.terms.paid, renewed.terms.renews) == (2 * QAR, True)
