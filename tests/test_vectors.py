"""Worked cases of other systems and papers: each is read from `vectors/charging_cases.json` and must come out exactly.

A runner knows how to read one shape of case; the numbers are all in the file.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from prepaid_model.buckets import Session
from prepaid_model.hours import spread
from prepaid_model.ledger import Kind
from prepaid_model.offers import BY_THE_BYTE, Bundle, Lifecycle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier, afford, rate
from prepaid_model.units import QAR, parse_moment

VECTORS = Path(__file__).parent / "vectors"
START = parse_moment("2026-01-01 00:00")
SOON = timedelta(minutes=1)
LONG = timedelta(days=20)
FREE = Tariff(price=0, per=1, increment=1)
ENOUGH = 10**14

Case = dict[str, Any]


def read() -> dict[str, Case]:
    text = (VECTORS / "charging_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text, parse_float=Decimal)["cases"]}


CASES = read()
RUNNERS: dict[str, Callable[[Case, list[Case]], Case]] = {}


def runs(*cases: str) -> Callable[[Callable[[Case, list[Case]], Case]], Callable[[Case, list[Case]], Case]]:
    def register(runner: Callable[[Case, list[Case]], Case]) -> Callable[[Case, list[Case]], Case]:
        RUNNERS.update(dict.fromkeys(cases, runner))
        return runner

    return register


def micros(money: Any) -> int:
    exact = Decimal(money) * QAR
    assert exact == int(exact)
    return int(exact)


def units(money: int) -> Decimal:
    return Decimal(money) / QAR


def account(
    money: Any = 0, *, tariff: Tariff | None = None, order: str = "priority", lend: Any = 0, name: str = "account"
) -> PrepaidAccount:
    """An account; pay-as-you-go is allowed if the case has a price for it."""
    lifecycle = Lifecycle(lend_up_to=micros(lend))
    made = PrepaidAccount(
        tariff or FREE, lifecycle, opened=START, out_of_bundle=tariff is not None, order=order, name=name
    )
    if money:
        made.top_up(micros(money), at=START)
    return made


def grant(to: PrepaidAccount, name: str, volume: int, **terms: Any) -> None:
    terms.setdefault("lasts", LONG)
    to.buy(Bundle(name, 0, volume, **terms), at=to.now)


def counted(bucket: Case) -> Tariff:
    """How a bucket of a case is counted."""
    increment = bucket.get("increment", 1)
    price = micros(bucket.get("price_per_s", bucket.get("price", 0)))
    return Tariff(price=price, per=1, increment=increment, session_fee=micros(bucket.get("fee_per_increment", 0)))


@runs("V002", "V003", "V004", "V005", "V008", "V015", "V016", "V037")
def debit_of_buckets_and_money(setup: Case, events: list[Case]) -> Case:
    listed = setup.get("buckets", [])
    money = setup.get("money", sum(bucket["value"] for bucket in listed if bucket["type"] == "money"))
    buckets = {bucket.get("id", "voice"): bucket for bucket in listed if bucket["type"] != "money"}
    buckets |= {name: setup | {"value": setup[name]} for name in ("data", "voice") if name in setup}
    rate_per_unit = setup.get("rate_per_unit")
    owner = account(money, tariff=Tariff(price=micros(rate_per_unit), per=1, increment=1) if rate_per_unit else None)
    for name, bucket in buckets.items():
        if bucket["value"]:
            grant(owner, name, bucket["value"], tariff=counted(bucket), priority=bucket.get("weight", 0))
    (event,) = events
    (asked,) = event.values()
    usage = owner.use(asked, at=START + SOON)
    left = dict.fromkeys(buckets, 0) | {bucket.name: bucket.left for bucket in owner.buckets}
    error = {"error": "insufficient credit"} if usage.denied else {}
    return left | error | {"money": units(owner.credit), "cost": units(usage.cost), "granted": usage.served}


@runs("V017")
def what_is_available(setup: Case, events: list[Case]) -> Case:
    owner = account(setup["money"])
    for bucket in setup["voice_buckets"]:
        grant(owner, f"weight {bucket['weight']}", bucket["value"], priority=bucket["weight"])
    assert events == [{"query": "available"}]
    return {
        "seconds": owner.available(ENOUGH),
        "money": units(owner.credit),
        "order": f"{owner.buckets[0].name} first",
    }


@runs("V018")
def many_sessions_with_a_fee(setup: Case, events: list[Case]) -> Case:
    tariff = Tariff(price=micros(setup["rate_per_s"]), per=1, increment=1, session_fee=micros(setup["connect_fee"]))
    owner = account(setup["money"], tariff=tariff)
    (event,) = events
    (cost,) = {owner.use(event["debit"], at=START + SOON * number).cost for number in range(event["repeat"])}
    return {"cost_each": units(cost), "money": units(owner.credit)}


@runs("V025")
def a_first_block(setup: Case, events: list[Case]) -> Case:
    tariff = Tariff(
        price=micros(setup["rate_per_unit"]),
        per=1,
        increment=setup["then_increment"],
        first_block=setup["first_block_units"],
    )
    (event,) = events
    return {"cost": units(rate(tariff, event["usage"], at=START).charged)}


@runs("V028")
def a_spend_cap(setup: Case, events: list[Case]) -> Case:
    at_cap = {"disconnect": "stop", "free": "free"}[setup["strategy"]]
    price, cap = micros(setup["rate_per_s"]), micros(setup["max_cost"])
    tariff = Tariff(price=price, per=1, increment=1, cap=cap, at_cap=at_cap)  # type: ignore[arg-type]
    (event,) = events
    return {"granted_s": afford(tariff, spread(event["ask_s"], START), credit=ENOUGH)[0]}


@runs("V030")
def a_bundle_then_pay_as_you_go(setup: Case, events: list[Case]) -> Case:
    owner = account(setup["money"], tariff=Tariff(price=micros(setup["overage_per_s"]), per=1, increment=1))
    counting = Tariff(price=0, per=1, increment=setup["bundle_increment"], session_fee=micros(setup["bundle_fee"]))
    grant(owner, "bundle", setup["bundle_s"], tariff=counting)
    (event,) = events
    usage = owner.use(event["ask_s"], at=START + SOON)
    return {"granted_s": usage.served, "cost": units(usage.cost)}


@runs("V034")
def prices_by_the_hour(setup: Case, events: list[Case]) -> Case:
    prices = [(int(hour[:2]), micros(price)) for hour, price in setup["rate_per_10_units"].items()]
    ends = [start for start, _ in prices[1:]] + [24]
    hours = tuple(HourPrice(start, end, price) for (start, price), end in zip(prices, ends, strict=True))
    tariff = Tariff(price=0, per=10, increment=10, hours=hours)
    (event,) = events
    return {"cost": units(rate(tariff, event["units"], at=parse_moment(f"2026-01-01 {event['at']}")).charged)}


@runs("V039")
def rounded_totals(setup: Case, events: list[Case]) -> Case:
    step = QAR // 10 ** setup["rounding_decimals"]
    price = micros(setup["rate_per_s"])
    tariffs = [Tariff(price, per=1, increment=1, round_to=step, rounding=event["rounding"]) for event in events]
    costs = [rate(tariff, event["duration"], at=START) for tariff, event in zip(tariffs, events, strict=True)]
    return {"cost": [units(cost.charged) for cost in costs]}


@runs("V042")
def re_rated_after_expiry(setup: Case, events: list[Case]) -> Case:
    owner = account()
    for bucket in setup["buckets"]:
        lasts = timedelta(milliseconds=bucket["expires_ms"]) if "expires_ms" in bucket else LONG
        grant(owner, bucket["id"], bucket["value"], lasts=lasts, priority=bucket.get("weight", 0))
    used, rerated = events
    usage = owner.use(used["session_used"], at=START)
    after = [owner.data_left]
    owner.refund(usage.operation, at=START + SOON)
    owner.use(rerated["rerate_to"], at=START + SOON)
    return {"main_after": [*after, owner.data_left]}


@runs("V045")
def a_blocker(setup: Case, events: list[Case]) -> Case:
    owner = account()
    grant(owner, "blocker", setup["blocker_units"], blocker=True, priority=1)
    grant(owner, "other", setup["other_units"])
    authorize, *debits, last = events
    authorized = owner.available(authorize["authorize"])
    for debit in debits:
        owner.use(debit["debit"], at=START + SOON)
    left = owner.buckets[0].left
    # An event is debited all or not at all.
    fourth = "insufficient" if owner.available(last["debit"]) < last["debit"] else "served"
    return {"authorized": authorized, "left_after_three": left, "fourth": fourth}


@runs("V050")
def data_transfers(setup: Case, events: list[Case]) -> Case:
    giver, taker = account(name="src"), account(name="dst")
    grant(giver, "src", setup["src"])
    grant(taker, "dst", setup["dst"])
    source, target = giver.buckets[0], taker.buckets[0]
    seen: Case = {"src_after": [], "dst_after": [], "new_after": []}
    for event in events:
        ((name, volume),) = event.items()
        known = {bucket.id for bucket in taker.buckets}
        giver.transfer_data(volume, source, taker, at=START + SOON, into=target if name == "transfer" else None)
        new = [bucket for bucket in taker.buckets if bucket.id not in known]
        assert all(bucket.terms.expires == source.terms.expires for bucket in new)
        seen["src_after"].append(source.left)
        seen["dst_after"].append(None if new else target.left)
        seen["new_after"].append(new[0].left if new else None)
    return seen


@runs("V074")
def day_and_night_prices(setup: Case, events: list[Case]) -> Case:
    bands = [
        (*map(int, re.findall(r"(\d\d):00", hours)), price) for hours, price in setup["per_1000000_octets"].items()
    ]
    hours = tuple(HourPrice(start, end, micros(price)) for start, end, price in bands)
    owner = account(setup["money"], tariff=Tariff(price=0, per=10**6, increment=10**6, hours=hours))
    after = []
    for event in events:
        owner.use(event["used"], at=parse_moment(f"2026-01-01 {event['at']}"))
        after.append(units(owner.credit))
    return {"money_after": after}


@runs("V107", "V112")
def graduated_prices(setup: Case, events: list[Case]) -> Case:
    widths, increments, prices = [], [], []
    for tier in setup["tiers"]:
        block, blocks, price = (tier["block"], tier["blocks"], tier["price"]) if isinstance(tier, dict) else (1, *tier)
        widths.append(block * blocks)
        increments.append(block)
        prices.append(micros(price))
    above = [sum(widths[:place]) for place in range(len(widths))]
    tiers = tuple(Tier(*tier) for tier in zip(above, prices, increments, increments, strict=True))[1:]
    tariff = Tariff(prices[0], per=increments[0], increment=increments[0], tiers=tiers)
    (event,) = events
    totals = [rate(tariff, min(event["units"], limit), at=START).charged for limit in (*above, event["units"])]
    blocks = [(high - low) // price for (low, high), price in zip(pairwise(totals), prices, strict=True)]
    return {"cost": units(totals[-1]), "per_tier": blocks}


@runs("V117")
def more_used_than_there_is(setup: Case, events: list[Case]) -> Case:
    owner = account()
    grant(owner, "minutes", setup["balance_min"])
    (event,) = events
    owner.debit(event["used_min"], Session(), at=START + SOON)
    quantities = owner.ledger.totals("quantity")
    return {"charged": quantities[Kind.USAGE], "overage_recorded": quantities[Kind.UNCOLLECTED]}


@runs("V118")
def an_emergency_loan(setup: Case, events: list[Case]) -> Case:
    (event,) = events
    assert event["buy"] == setup["price"]
    owner = account(setup["balance"], lend=setup["price"])
    owner.buy(Bundle("bundle", micros(setup["price"]), 1, LONG), at=START)
    return {"loan": units(owner.owed), "balance": units(owner.credit)}


@runs("V123")
def a_rollover(setup: Case, events: list[Case]) -> Case:
    owner = account()
    volume = setup["grant"]
    bundle = Bundle("month", 0, volume, timedelta(days=10), tariff=BY_THE_BYTE, rollover=volume)
    owner.top_up(QAR, at=START)
    owner.buy(bundle, at=START, renews=True)
    (event,) = events
    owner.use(event["used"], at=START + SOON)
    owner.advance(START + bundle.lasts)
    return {"next_period": owner.data_left}


DECIDED_OTHERWISE = set(re.findall(r"\*\*(V\d+)\*\*", (VECTORS / "decided_otherwise.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(RUNNERS))
def test_case(name: str) -> None:
    case = CASES[name]
    seen = RUNNERS[name](case["setup"], case["events"])
    expected = case["expected"]
    assert {what: seen[what] for what in expected} == expected


def test_every_case_runs_or_is_decided_otherwise() -> None:
    assert set(RUNNERS) == set(CASES) - DECIDED_OTHERWISE


def test_every_case_names_its_source() -> None:
    assert all(case["source"] for case in CASES.values())


def test_every_reason_names_a_test_that_exists() -> None:
    text = (VECTORS / "decided_otherwise.md").read_text(encoding="utf-8")
    named = re.findall(r"tests/(test_\w+\.py)::(test_\w+)", text)
    assert len(named) == len(DECIDED_OTHERWISE)
    for module, test in named:
        assert f"def {test}(" in (Path(__file__).parent / module).read_text(encoding="utf-8")
