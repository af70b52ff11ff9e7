"""Worked cases of other systems on sessions and reservations: each is read from `vectors/online_cases.json`.

A runner knows how to read one shape of case; the numbers are all in the file.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from prepaid_model.alerts import DataLeft, alerts
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    Octets,
    RequestType,
    ResultCode,
    ServiceRequest,
    unit_value,
)
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import QAR, parse_moment

VECTORS = Path(__file__).parent / "vectors"
START = parse_moment("2026-01-01 00:00")
MONTH = timedelta(days=30)

Case = dict[str, Any]
OUTCOMES = {
    ResultCode.SUCCESS: "ok",
    ResultCode.CREDIT_LIMIT_REACHED: "out_of_credit",
    ResultCode.UNABLE_TO_COMPLY: "exists_with_different_amount",
    ResultCode.UNKNOWN_SESSION_ID: "pending_transfer_expired",
}


def read() -> dict[str, Case]:
    text = (VECTORS / "online_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text, parse_float=Decimal)["cases"]}


CASES = read()
DECIDED_OTHERWISE = set(re.findall(r"\*\*(V\d+)\*\*", (VECTORS / "decided_otherwise.md").read_text(encoding="utf-8")))
Runner = Callable[[Case, list[Case]], Case]
RUNNERS: dict[str, Runner] = {}


def runs(*cases: str) -> Callable[[Runner], Runner]:
    def register(runner: Runner) -> Runner:
        RUNNERS.update(dict.fromkeys(cases, runner))
        return runner

    return register


class Online:
    """A subscriber behind a charging server, and requests in few words."""

    def __init__(
        self, *, data: int = 0, money: int = 0, price: tuple[int, int] = (0, 1), groups: tuple[int, ...] = (0,)
    ) -> None:
        tariff = Tariff(price[0], per=price[1], increment=price[1])
        self.account = PrepaidAccount(tariff, opened=START, out_of_bundle=bool(money))
        self.account.top_up(money or 1, at=START)
        if data:
            self.account.buy(Bundle("data", 0, data, MONTH), at=START)
        self.groups = groups
        self.numbers: dict[str, int] = {}
        self.last: CreditControlRequest
        self.serve(QuotaPolicy())

    def serve(self, policy: QuotaPolicy) -> None:
        self.server = ChargingServer({"sim": self.account}, policy, rating_groups=dict.fromkeys(self.groups, "general"))

    @property
    def data(self) -> int:
        """Bytes that nobody holds."""
        return self.account.available(10**15)

    @property
    def money(self) -> int:
        """Micros that nobody holds."""
        return self.account.credit - self.account.held

    def ask(
        self, kind: RequestType, session: str = "s", requested: int | None = None, used: int | None = None
    ) -> CreditControlAnswer:
        number = self.numbers[session] = self.numbers.get(session, -1) + 1
        report = None if used is None else Octets(0, used)
        services = tuple(ServiceRequest(group, requested, report) for group in self.groups)
        if requested is None and used is None:
            services = ()
        self.last = CreditControlRequest(session, kind, number, "sim", services)
        return self.server.answer(self.last, at=self.account.now)

    def initial(self, requested: int, session: str = "s") -> CreditControlAnswer:
        return self.ask(RequestType.INITIAL, session, requested)

    def update(self, requested: int | None, used: int | None, session: str = "s") -> CreditControlAnswer:
        return self.ask(RequestType.UPDATE, session, requested, used)

    def terminate(self, used: int | None, session: str = "s") -> CreditControlAnswer:
        return self.ask(RequestType.TERMINATION, session, None, used)

    def total(self, kind: Kind) -> int:
        return self.account.ledger.totals("quantity").get(kind, 0)


def outcome(answer: CreditControlAnswer) -> str:
    return OUTCOMES[answer.services[0].result if answer.services else answer.result]


@runs("V054", "V056", "V057")
def a_session_of_data(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup["data"])
    online.serve(QuotaPolicy(presumed=events[-1].get("ttl_expiry_with_ttl_usage", 0)))
    after = []
    for event in events:
        ((what, detail),) = event.items()
        if what == "init_reserve":
            online.initial(detail)
        elif what == "update":
            online.update(detail["reserve"], detail["used"])
        elif what == "terminate":
            online.terminate(detail["used_last_slice"])
        else:
            assert what == "ttl_expiry_with_ttl_usage"
            online.server.advance(START + online.server.policy.supervision)
        after.append(online.data)
    return {"data_after": after, "cdr_usage": online.total(Kind.USAGE)}


@runs("V060", "V061", "V062", "V063", "V065", "V069")
def money_set_aside_in_whole_units(setup: Case, events: list[Case]) -> Case:
    unit, price = setup["unit_octets"], setup["unit_price"]
    money = setup["money"]
    if isinstance(money, str):
        (units,) = re.fullmatch(r"(\d+) units", money).groups()  # type: ignore[union-attr]
        money = int(units) * price
    online = Online(money=money, price=(price, unit))
    if setup.get("expired"):
        assert online.account.grace_until
        online.account.advance(online.account.grace_until)
    answers = []
    for event in events:
        if "initial_request" in event:
            asked = event["initial_request"]
            answers.append(online.initial(0 if asked == "default" else asked, f"s{event.get('session', 1)}"))
        else:
            answers.append(online.update(event["interim_request"], event["interim_used"], "s1"))
    results = [outcome(answer) for answer in answers]
    granted = answers[0].services[0].granted
    return {
        "result": results if len(results) > 1 else results[0],
        "granted": granted,
        "granted_multiple_of_unit": granted % unit == 0,
        "session_debit": online.account.held,
        "money": online.money,
        "bucket": "removed" if online.account.credit == 0 else "kept",
    }


@runs("V071")
def two_sessions_one_after_the_other(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup["octets"], price=(setup["unit_price"], setup["unit_octets"]))
    seen: Case = {}
    for event in events:
        ((name, amount), *more) = event.items()
        session, what = name.split("_", 1)
        if what == "reserve":
            online.initial(amount, session)
        elif what == "interim_used":
            online.update(dict(more)["reserve"], amount, session)
        else:
            assert what == "final_used"
            online.terminate(amount, session)
            seen[f"octets_after_{session}"] = online.data
    return seen | {"octets_final": online.data}


@runs("V076")
def a_reservation_used_in_part(setup: Case, events: list[Case]) -> Case:
    """Two money buckets are one main balance: what was charged came out of the first, then of the second."""
    block = int(re.fullmatch(r"price_per_(\d+)s", list(setup)[1])[1])  # type: ignore[index]
    online = Online(money=sum(setup["money_buckets"]), price=(setup[f"price_per_{block}s"], block))
    for event in events:
        ((what, seconds),) = event.items()
        {
            "initial_request_s": online.initial,
            "interim_request_s": lambda asked: online.update(asked, None),
            "final_used_s": online.terminate,
        }[what](seconds)
    charged = sum(setup["money_buckets"]) - online.account.credit
    seen: Case = {}
    for place, worth in enumerate(setup["money_buckets"], start=1):
        part = min(charged, worth)
        charged -= part
        seen[f"bucket{place}"] = worth - part or "removed"
    assert online.account.held == 0
    return seen


@runs("V088")
def a_hold_fires_an_alert(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup["octets"])
    (event,) = events
    online.initial(event["reserve"])
    fired = alerts(online.account.ledger, (DataLeft(setup["threshold"]),))
    return {"octets": online.data, "event": f"{['no', 'one', 'more than one'][len(fired)]} accumulated-balance event"}


@runs("V089", "V091", "V092")
def messages_of_a_session(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup.get("octets", 0))
    if setup.get("user") == "unknown":
        online.server = ChargingServer({})
    seen: Case = {"balance_after": [], "granted": []}
    for event in events:
        ((what, detail),) = event.items()
        session, kind = ("s", what) if what in RequestType.__members__ else what.rsplit("_", 1)
        answer = online.ask(RequestType[kind], session, detail.get("rsu"), detail.get("usu"))
        service = answer.services[0] if answer.services else None
        told = {
            "result": answer.result,
            "mscc_result": service and service.result,
            "granted": service.granted if service else None,
        }
        seen[what.lower() if session == "s" else session] = told
        seen["balance_after"].append(online.data)
        seen["granted"].append(told["granted"] or None)
        seen["result"] = answer.result
    return seen


@runs("V093")
def several_rating_groups(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup["octets"], groups=tuple(setup["rating_groups"]))
    (event,) = events
    answer = online.initial(event["INITIAL"]["rsu_each"])
    assert [service.rating_group for service in answer.services] == setup["rating_groups"]
    (granted,) = {service.granted for service in answer.services}
    (result,) = {service.result for service in answer.services}
    return {"granted_each": granted, "mscc_result_each": result}


@runs("V097")
def less_used_than_held(setup: Case, events: list[Case]) -> Case:
    online = Online(data=setup["pending"])
    online.initial(setup["pending"])
    while_held = online.data
    (event,) = events
    online.terminate(event["post"])
    return {"released": online.data - while_held, "posted": online.total(Kind.USAGE)}


@runs("V098")
def six_reservations(setup: Case, events: list[Case]) -> Case:
    """Each has a server of its own, for each has a timeout of its own; a timeout of zero is none."""
    online = Online(data=setup["posted"] + sum(setup["pending"]))
    online.account.use(setup["posted"], at=START)
    servers = []
    for name, (amount, timeout) in enumerate(zip(setup["pending"], setup["timeouts_s"], strict=True)):
        online.serve(QuotaPolicy(supervision=timedelta(seconds=timeout) or MONTH))
        online.initial(amount, str(name))
        servers.append(online.server)
    before = {"pending": online.total(Kind.HOLD), "posted": online.total(Kind.USAGE)}
    waiting, seen = iter(range(len(servers))), {}
    first: CreditControlAnswer | None = None
    for event in events:
        (what, amount), *_ = event.items()
        if what.startswith("retry"):
            booked = len(online.account.ledger)
            services = online.last.services if amount is True else (ServiceRequest(0, None, Octets(0, amount)),)
            again = replace(online.last, services=services, retransmitted=True)
            answer = online.server.answer(again, at=online.account.now)
            assert len(online.account.ledger) == booked
            name = "retry" if amount is True else "changed_retry"
            seen[name] = "exists" if answer == first else outcome(answer)
            continue
        session = next(waiting)
        online.server = servers[session]
        if what == "expire":
            online.server.advance(START + online.server.policy.supervision)
            seen["post_after_expiry"] = outcome(online.terminate(amount, str(session)))
        else:
            first = online.terminate(0 if what == "void" else amount, str(session))
    after = {"pending": online.total(Kind.HOLD) - online.total(Kind.RELEASE), "posted": online.total(Kind.USAGE)}
    beyond = Online(data=10**6)
    held = beyond.initial(setup["pending"][0]).services[0].granted
    beyond.terminate(held + 1)
    more = "charged" if beyond.total(Kind.USAGE) == held + 1 else "refused"
    return seen | {"before": before, "after": after, "post_gt_pending": more}


@runs("V126")
def money_on_the_wire(setup: Case, events: list[Case]) -> Case:
    assert not setup
    return {"value_digits_exponent": [list(unit_value(int(event["encode"] * QAR))) for event in events]}


def within(seen: Any, expected: Any) -> Any:
    """Return of what was seen the part that a case speaks of."""
    return {what: within(seen[what], expected[what]) for what in expected} if isinstance(expected, dict) else seen


@pytest.mark.parametrize("name", sorted(RUNNERS))
def test_case(name: str) -> None:
    case = CASES[name]
    expected = case["expected"] | case.get("decided_otherwise", {})
    assert within(RUNNERS[name](case["setup"], case["events"]), expected) == expected


def test_every_case_runs_or_is_decided_otherwise() -> None:
    assert set(RUNNERS) == set(CASES) - DECIDED_OTHERWISE


def test_every_case_names_its_source() -> None:
    assert all(case["source"] for case in CASES.values())
