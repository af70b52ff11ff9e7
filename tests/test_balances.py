"""The clock of an account, what it has, and `check`, which must see a planted fault."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prepaid_model.balances import Status
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.offers import Bundle, Lifecycle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import MB, QAR, ZONE, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def opened(**settings: Any) -> PrepaidAccount:
    settings = {"lifecycle": Lifecycle(lend_up_to=5 * QAR), "out_of_bundle": True} | settings
    account = PrepaidAccount(Tariff(price=QAR // 2), opened=NINE, **settings)
    account.top_up(25 * QAR, at=NINE)
    account.buy(Bundle("day", 2 * QAR, 100 * MB, DAY), at=NINE)
    account.buy(Bundle("week", 5 * QAR, 100 * MB, 7 * DAY), at=NINE)
    return account


# ------------------------------------------------------------------------------------ clock


def test_the_clock_is_the_latest_moment_an_account_has_seen() -> None:
    account = opened()
    account.advance(NINE + HOUR)
    account.advance(NINE + HOUR)
    assert account.now == NINE + HOUR


def test_time_never_runs_back() -> None:
    account = opened()
    account.advance(NINE + HOUR)
    entries = list(account.ledger)
    with pytest.raises(InputError, match=r"at: got '2026-01-01 09:59:59.* expected no earlier than 2026-01-01 10:00"):
        account.advance(NINE + HOUR - timedelta(seconds=1))
    assert (account.now, list(account.ledger)) == (NINE + HOUR, entries)


@pytest.mark.parametrize("at", [None, 5, "2026-01-01 10:00", datetime(2026, 1, 1, 10)])  # noqa: DTZ001  (that is the point)
def test_a_moment_without_a_zone_is_refused(at: Any) -> None:
    account = opened()
    with pytest.raises(InputError, match="at: got"):
        account.advance(at)
    with pytest.raises(InputError, match="opened: got"):
        PrepaidAccount(Tariff(price=1, per=1, increment=1), opened=at)


def test_a_moment_in_another_zone_is_the_same_instant() -> None:
    account = PrepaidAccount(Tariff(price=QAR // 2), opened=NINE.astimezone(UTC))
    account.top_up(QAR, at=(NINE + HOUR).astimezone(UTC))
    assert (account.now, account.now.tzinfo) == (NINE + HOUR, ZONE)
    assert account.ledger[1].at == NINE + HOUR


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(InputError, match="order: got 'newest', expected one of soonest expiry, priority"):
        opened(order="newest")


# ------------------------------------------------------------------------------------ what there is


def test_what_an_account_has() -> None:
    account = opened(name="Noor")
    assert (account.credit, account.balance, account.held, account.owed) == (18 * QAR, 18 * QAR, 0, 0)
    assert (account.data_left, account.status, account.name) == (200 * MB, Status.ACTIVE, "Noor")
    assert [bucket.name for bucket in account.buckets] == ["day", "week"]


@pytest.mark.parametrize("order", ["soonest expiry", "priority", "oldest", "largest"])
def test_buckets_are_listed_in_the_order_in_which_they_pay(order: str) -> None:
    account = opened(order=order)
    account.buy(Bundle("large", QAR, 150 * MB, 30 * DAY), at=NINE)
    account.buy(Bundle("urgent", QAR, 10 * MB, HOUR, priority=9), at=NINE)
    listed = [bucket.name for bucket in account.buckets]
    assert (
        listed
        == {
            "soonest expiry": ["urgent", "day", "week", "large"],
            "priority": ["urgent", "day", "week", "large"],
            "oldest": ["day", "week", "large", "urgent"],
            "largest": ["large", "day", "week", "urgent"],
        }[order]
    )
    account.use(5 * MB, at=NINE)
    assert {bucket.name for bucket in account.buckets if bucket.left != bucket.terms.bundle.volume} == {listed[0]}


def test_asking_what_is_available_changes_nothing() -> None:
    account = opened()
    entries, credit = list(account.ledger), account.credit
    assert account.available(10**12) == 200 * MB + 36 * MB
    assert account.available(0) == 0
    assert (list(account.ledger), account.credit, account.data_left) == (entries, credit, 200 * MB)
    for volume in (-1, 0.5, None, True):
        with pytest.raises(InputError, match="volume"):
            account.available(volume)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ check


def tamper_credit(account: PrepaidAccount) -> None:
    account._credit += 1


def tamper_bucket(account: PrepaidAccount) -> None:
    account.buckets[1].left -= 1


def lose_bucket(account: PrepaidAccount) -> None:
    del account._buckets[account.buckets[0].id]


def tamper_loan(account: PrepaidAccount) -> None:
    account._owed += 1


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        (tamper_credit, "the main balance is 18000001, its ledger says 18000000"),
        (tamper_bucket, "bucket 6 is 99999999, its ledger says 100000000"),
        (lose_bucket, "bucket 4 is 0, its ledger says 100000000"),
        (tamper_loan, "the loan is 1, its ledger says 0"),
    ],
)
def test_check_sees_an_account_that_differs_from_its_ledger(fault: Callable[[PrepaidAccount], None], law: str) -> None:
    account = opened()
    account.check()
    fault(account)
    with pytest.raises(LawBroken, match=law) as broken:
        account.check()
    assert broken.value.entry == len(account.ledger) + 1


def test_check_sees_a_debt_without_a_cause() -> None:
    account = opened()
    account._move(Kind.USAGE, money=-19 * QAR)
    with pytest.raises(LawBroken, match="below zero, and no overdraft says why") as broken:
        account.check()
    assert broken.value.entry == len(account.ledger)


def test_check_sees_every_single_entry_that_is_off_by_one_micro_or_one_byte() -> None:
    account = opened()
    account.use(130 * MB, at=NINE + HOUR)
    account.use(100 * MB, at=NINE + HOUR)
    account.advance(NINE + 8 * DAY)
    account.check()
    rows = bytes(account.ledger.rows)
    width = len(rows) // len(account.ledger)
    offsets = account.ledger.columns().dtype.fields
    assert offsets is not None
    for entry in range(1, len(account.ledger) + 1):
        for column in ("money", "balance", "volume", "left"):
            place = (entry - 1) * width + offsets[column][1]
            damaged = bytearray(rows)
            damaged[place] ^= 1  # the lowest bit: one more or one less
            account.ledger.rows = damaged
            with pytest.raises(LawBroken) as broken:
                account.check()
            assert broken.value.entry == entry, column
    account.ledger.rows = bytearray(rows)
    account.check()


def test_an_account_without_an_entry_is_lawful() -> None:
    account = PrepaidAccount(Tariff(price=QAR // 2), opened=NINE)
    account.check()
    assert (account.credit, account.data_left, account.buckets) == (0, 0, ())
