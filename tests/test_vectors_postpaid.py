"""Worked cases of other systems, on a postpaid account: read from `vectors/postpaid_cases.json`, met exactly.

A unit of money is a riyal, a unit of volume a megabyte.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from prepaid_model.alerts import ALL_USED, SpendReached, UsedShare, alerts, budget_alerts
from prepaid_model.invoices import invoices
from prepaid_model.laws import Kind
from prepaid_model.offers import Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import Tariff, Tier
from prepaid_model.units import DIRHAM, GB, MB, QAR, parse_moment

Case = dict[str, Any]
FILE = Path(__file__).parent / "vectors" / "postpaid_cases.json"
CASES: dict[str, Case] = {
    case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)["cases"]
}
FREE = Tariff(price=0, per=1, increment=1)
PLENTY = 10**13
START = parse_moment("2026-01-01")
RUNNERS: dict[str, Callable[[Case], object]] = {}


def runs(*cases: str) -> Callable[[Callable[[Case], object]], Callable[[Case], object]]:
    def register(runner: Callable[[Case], object]) -> Callable[[Case], object]:
        RUNNERS.update(dict.fromkeys(cases, runner))
        return runner

    return register


def micros(money: Any) -> int:
    exact = Decimal(money) * QAR
    assert exact == int(exact)
    return int(exact)


def units(money: int) -> Decimal:
    return Decimal(money) / QAR


def fees(account: PostpaidAccount) -> int:
    return -account.ledger.totals().get(Kind.FEE, 0)


@runs("V031")
def a_balance_may_fall_below_zero(case: Case) -> object:
    assert case["setup"]["allow_negative"]
    price = Tariff(price=micros(case["setup"]["rate_per_s"]), per=MB, increment=MB)
    account = PostpaidAccount(Plan("P", 0, 0, price, PLENTY), opened=START)
    assert units(account.balance) == case["setup"]["money"]
    after = []
    for event in case["events"]:
        account.use(event["debit"] * MB, at=START)
        after.append(units(account.balance))
    return {"money_after": after}


@runs("V101")
def cycles_so_far(case: Case) -> object:
    """A fee of the cycle's days in dirham comes out whole whatever part of the first cycle is charged."""
    opened = parse_moment(case["setup"]["start"])
    probe = PostpaidAccount(Plan("P", 0, 0, FREE, 0), opened=opened, bill_day=case["setup"]["bill_day"])
    fee = probe.cycle.days * DIRHAM
    account = PostpaidAccount(Plan("P", fee, 0, FREE, 0), opened=opened, bill_day=case["setup"]["bill_day"])
    cycles = []
    for event in case["events"]:
        account.advance(parse_moment(event["target"]))
        whole, part = divmod(Fraction(fees(account), fee), 1)
        assert probe.cycle.days % part.denominator == 0
        scaled = f"{part * probe.cycle.days}/{probe.cycle.days}"
        cycles.append(f"{whole}+{scaled}" if whole else scaled)
    return {"cycles": cycles}


@runs("V102")
def first_invoice_after_a_part_of_a_cycle(case: Case) -> object:
    setup = case["setup"]
    plan = Plan("P", micros(setup["monthly"]), 0, FREE, PLENTY)
    account = PostpaidAccount(plan, opened=parse_moment(setup["start"]), bill_day=setup["bill_day"])
    account.advance(parse_moment(setup["target"]))
    (invoice,) = invoices(account.ledger)
    return {"total": units(invoice.total)}


@runs("V104")
def cancelled_before_the_end(case: Case) -> object:
    setup = case["setup"]
    starts, ends = (parse_moment(day) for day in setup["period"])
    plan = Plan("P", micros(setup["monthly"]), 0, FREE, PLENTY)
    account = PostpaidAccount(plan, opened=starts, bill_day=starts.day)
    assert account.cycle.ends == ends
    account.cancel(at=parse_moment(setup["cancel"]))
    return {"credit": -units(account.ledger.totals()[Kind.CREDIT_NOTE])}


def invoiced(tiers: list[Tier], used: int) -> list[tuple[int, int]]:
    """Return what an invoice asks for a month's usage, tier by tier: bytes and micros."""
    first, *later = tiers
    tariff = Tariff(price=first.price, per=first.per, increment=first.increment, tiers=tuple(later))
    account = PostpaidAccount(Plan("P", 0, 0, tariff, PLENTY), opened=START)
    for part in (used // 3, used - used // 3):
        account.use(part, at=account.now + timedelta(days=1))
    account.advance(account.cycle.ends)
    return [(line.volume, line.money) for line in invoices(account.ledger)[0].lines if line.volume]


@runs("V107")
def graduated_tiers(case: Case) -> object:
    assert case["setup"]["mode"] == "ALL_TIERS"
    above, tiers = 0, []
    for width, price in case["setup"]["tiers"]:
        tiers.append(Tier(above, micros(price)))
        above += width * MB
    (event,) = case["events"]
    return {"cost": units(sum(money for _, money in invoiced(tiers, event["units"] * MB)))}


@runs("V112")
def tiers_in_started_blocks(case: Case) -> object:
    assert case["setup"]["mode"] == "ALL_TIERS"
    above, tiers = 0, []
    for tier in case["setup"]["tiers"]:
        block = tier["block"] * MB
        tiers.append(Tier(above, micros(tier["price"]), block, block))
        above += tier["blocks"] * block
    (event,) = case["events"]
    parts = invoiced(tiers, event["units"] * MB)
    blocks = [volume // tier.increment for (volume, _), tier in zip(parts, tiers, strict=True)]
    return {"per_tier": blocks, "cost": units(sum(money for _, money in parts))}


@runs("V121")
def alerts_at_shares_of_a_budget_and_an_allowance(case: Case) -> object:
    """A megabyte at a time through the allowance, then a unit of money at a time through the budget."""
    setup, (event,) = case["setup"], case["events"]
    budget, percents = micros(setup["budget_aud"]), tuple(event["alert_pct"])
    tariff = Tariff(price=QAR, per=MB, increment=MB)
    account = PostpaidAccount(Plan("P", 0, setup["allowance_gb"] * GB, tariff, PLENTY), opened=START)
    step = timedelta(seconds=1)
    used_up = setup["allowance_gb"] * GB // MB
    for _ in range(used_up + budget // QAR):
        account.use(MB, at=account.now + step)
    told = alerts(account.ledger, (*(UsedShare(percent) for percent in percents), *budget_alerts(budget, percents)))
    seconds = [((alert.at - START) // step, alert.rule) for alert in told]
    assert ALL_USED in percents
    return {
        "mb": [second for second, rule in seconds if isinstance(rule, UsedShare)],
        "aud": [second - used_up for second, rule in seconds if isinstance(rule, SpendReached)],
    }


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_another_system(name: str) -> None:
    assert RUNNERS[name](CASES[name]) == CASES[name]["expected"]


def test_every_case_in_the_file_is_run_and_says_where_it_comes_from() -> None:
    assert RUNNERS.keys() == CASES.keys()
    assert all(case["source"] for case in CASES.values())
