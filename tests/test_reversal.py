"""A session of several reports is undone exactly as it was charged, whatever its tariff."""

from datetime import timedelta
from typing import Any

import pytest

from prepaid_model.buckets import Session
from prepaid_model.errors import InputError
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.reversal import charges
from prepaid_model.units import QAR, parse_moment

NOON = parse_moment("2026-01-01 12:00")
MINUTE = timedelta(minutes=1)

TARIFFS = {
    "flat": Tariff(price=QAR, per=10, increment=10),
    "fee": Tariff(price=QAR, per=10, increment=10, session_fee=7),
    "first block": Tariff(price=QAR, per=10, increment=10, first_block=35),
    "tiers": Tariff(price=QAR, per=10, increment=10, tiers=(Tier(60, 3, 1, 1), Tier(90, 1, 1, 1))),
    "rounded": Tariff(price=33, per=10, increment=10, round_to=100, rounding="down"),
    "capped": Tariff(price=QAR, per=10, increment=10, cap=5 * QAR, at_cap="free"),
    "by the hour": Tariff(price=QAR, per=10, increment=10, hours=(HourPrice(12, 13, 2 * QAR),)),
    "each report alone": Tariff(price=QAR, per=10, increment=10, each_report_alone=True),
}


def session_of_reports(tariff: Tariff, **settings: Any) -> tuple[PrepaidAccount, int, list[int]]:
    """An account, the operation of a session over one o'clock, and the credit after each report."""
    account = PrepaidAccount(tariff, opened=NOON, out_of_bundle=True, **settings)
    account.top_up(1000 * QAR, at=NOON)
    account.buy(Bundle("small", 0, 25, timedelta(days=1), tariff=Tariff(price=0, per=1, increment=10)), at=NOON)
    session, at, after = Session(), NOON + 45 * MINUTE, [account.credit]
    for volume in (13, 41, 7, 30, 26):
        account.debit(volume, session, at=at + 7 * MINUTE, since=at)
        at += 7 * MINUTE
        after.append(account.credit)
    return account, session.operation, after


@pytest.mark.parametrize("name", TARIFFS)
def test_a_whole_session_is_undone(name: str) -> None:
    account, operation, after = session_of_reports(TARIFFS[name])
    assert account.refund(operation, at=account.now) == 13 + 41 + 7 + 30 + 26
    assert (account.credit, account.data_left) == (after[0], 25)
    account.check()


@pytest.mark.parametrize("name", TARIFFS)
def test_undone_a_report_at_a_time_latest_first_each_gives_back_what_it_took(name: str) -> None:
    account, operation, after = session_of_reports(TARIFFS[name])
    for volume, credit in zip((26, 30, 7, 41, 13), reversed(after[:-1]), strict=True):
        account.refund(operation, volume, at=account.now)
        assert account.credit == credit
    account.check()


@pytest.mark.parametrize("name", TARIFFS)
def test_undone_byte_by_byte_it_comes_to_the_same(name: str) -> None:
    account, operation, after = session_of_reports(TARIFFS[name])
    seen = [account.credit]
    for _ in range(117):
        account.refund(operation, 1, at=account.now)
        seen.append(account.credit)
    assert seen == sorted(seen)
    assert (account.credit, account.data_left) == (after[0], 25)
    account.check()


def test_a_charge_knows_what_stands_of_it() -> None:
    account, operation, _ = session_of_reports(TARIFFS["flat"])
    account.refund(operation, 30, at=account.now)
    made = charges(account.ledger, operation, account._tariff_of)
    assert sum(charge.standing for charge in made) == 117 - 30
    assert made[-1].standing == 0


def test_a_report_over_a_full_hour_remembers_when_its_bytes_flowed() -> None:
    account, operation, _ = session_of_reports(TARIFFS["by the hour"])
    over_the_hour = [
        charge for charge in charges(account.ledger, operation, account._tariff_of) if len(charge.flow) > 1
    ]
    assert [[hour for hour, _ in charge.flow] for charge in over_the_hour] == [[12, 13]]


def test_only_a_usage_can_be_undone() -> None:
    account, _, _ = session_of_reports(TARIFFS["flat"])
    with pytest.raises(InputError, match=r"operation: got 1, expected the id of a usage \(Usage.operation\)"):
        account.refund(1, at=account.now)
    assert charges(account.ledger, account.use(5, at=account.now).operation, account._tariff_of)[0].standing == 5
