"""Where theory gives a number, simulation meets it: within three standard errors, from fixed seeds."""

import json
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    RequestType,
    ResultCode,
    ServiceAnswer,
)
from prepaid_model.errors import InputError
from prepaid_model.gateway import Gateway
from prepaid_model.metering import Flow
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.quota_theory import (
    RUNS_DOWN,
    Estimate,
    forced_end,
    grants_a_session,
    last_sessions,
    needs,
    sessions,
    stranded_quota,
    unused_credit,
)
from prepaid_model.rating import Tariff
from prepaid_model.units import GB, MB, parse_moment

NINE = parse_moment("2026-01-01 09:00")
CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "vectors" / "analytic_cases.json").read_text())["cases"]
}
RECHARGE = [name for name, case in CASES.items() if "recharge-threshold" in case["topics"]]
QUOTA = [name for name, case in CASES.items() if "quota-size" in case["topics"]]
UNIT = MB
"""The mean need of a case, in bytes."""


def setup(name: str) -> tuple[int, int, int]:
    """Return mean need, grant and threshold of a case, in bytes."""
    case = CASES[name]["setup"]
    return round(UNIT / case["mu"]), round(case["theta"] * UNIT), round(case.get("c_min", 0) * UNIT)


def test_each_case_is_here() -> None:
    assert [*RECHARGE, *QUOTA] == ["V127", "V129", "V132", "V133", "V135"]


@pytest.mark.parametrize("name", RECHARGE)
def test_last_sessions(name: str) -> None:
    need, grant, threshold = setup(name)
    expected = CASES[name]["expected"]
    assert forced_end(need, grant, threshold) == pytest.approx(expected["p_force_termination"], abs=5e-6)
    assert unused_credit(need, grant, threshold) / UNIT == pytest.approx(expected["mean_unused_credit"], abs=5e-6)
    simulated = last_sessions(need, grant, threshold, accounts=40_000, seed=2007)
    assert simulated.forced_end.agrees_with(forced_end(need, grant, threshold))
    assert simulated.unused_credit.agrees_with(unused_credit(need, grant, threshold))
    assert simulated.forced_end.error < 0.003
    assert simulated.unused_credit.error < 0.003 * UNIT


@pytest.mark.parametrize("name", QUOTA)
def test_grants_and_stranded_quota(name: str) -> None:
    need, grant, _ = setup(name)
    expected = CASES[name]["expected"]
    assert grants_a_session(need, grant) == pytest.approx(expected["grants_per_session"], abs=5e-6)
    assert stranded_quota(need, grant) / UNIT == pytest.approx(expected["mean_unused_grant"], abs=5e-6)
    grants, stranded = sessions(need, grant, count=400_000, seed=2007)
    assert grants.agrees_with(grants_a_session(need, grant))
    assert stranded.agrees_with(stranded_quota(need, grant))
    assert grants.error / grants.mean < 0.002
    assert stranded.error < 0.002 * grant


@pytest.mark.parametrize("grant", [MB // 10, MB // 2, MB, 3 * MB])
@pytest.mark.parametrize("threshold", [0, MB // 5, 2 * MB])
def test_theory_holds_between_the_cases_too(grant: int, threshold: int) -> None:
    simulated = last_sessions(MB, grant, threshold, accounts=10_000, seed=11)
    assert simulated.forced_end.agrees_with(forced_end(MB, grant, threshold))
    assert simulated.unused_credit.agrees_with(unused_credit(MB, grant, threshold))


def test_a_wrong_theory_would_be_noticed() -> None:
    """One percent more is too much for so many sessions."""
    grants, stranded = sessions(MB, MB, count=400_000, seed=2007)
    assert not grants.agrees_with(1.01 * grants_a_session(MB, MB))
    assert not stranded.agrees_with(1.01 * stranded_quota(MB, MB))
    assert not Estimate(1.0, 0.1).agrees_with(1.31)


def test_needs_are_exponential() -> None:
    drawn = needs(MB, 200_000, seed=3)
    assert Estimate(drawn.mean(), drawn.std() / 200_000**0.5).agrees_with(MB)
    for times in (0.1, 0.5, 1, 2, 5):
        share = float(np.exp(-times))
        error = (share * (1 - share) / 200_000) ** 0.5
        assert Estimate((drawn > times * MB).mean(), error).agrees_with(share)
    neighbours = np.corrcoef(drawn[1:], drawn[:-1])[0, 1]
    assert abs(neighbours) < 3 / 200_000**0.5


# ----------------------------------------------------------------- the fast function is the gateway's own rule


def carry_sessions(volumes: list[int], grant: int) -> list[tuple[int, int]]:
    """Carry sessions through a real gateway; return the grants of each, and what was stranded of the last."""
    granted: dict[str, int] = {}

    def server(request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        asked = request.services if request.type is not RequestType.TERMINATION else ()
        granted[request.session_id] = granted.get(request.session_id, 0) + len(asked)
        services = tuple(ServiceAnswer(s.rating_group, ResultCode.SUCCESS, grant) for s in asked)
        return CreditControlAnswer(request.session_id, request.type, request.number, ResultCode.SUCCESS, services)

    gateway = Gateway(server, "somebody", idle=timedelta(minutes=1))
    flows = [
        Flow(at := NINE + timedelta(hours=place), at + timedelta(minutes=5), downlink=volume)
        for place, volume in enumerate(volumes)
    ]
    outcome = gateway.carry(flows)
    assert outcome.passed == sum(volumes)
    return [(count, count * grant - volume) for count, volume in zip(granted.values(), volumes, strict=True)]


@given(st.lists(st.integers(1, 5 * MB), min_size=1, max_size=8), st.integers(MB // 10, 2 * MB))
def test_a_gateway_asks_as_often_as_the_fast_function_counts(volumes: list[int], grant: int) -> None:
    assert carry_sessions(volumes, grant) == [
        (volume // grant + 1, (volume // grant + 1) * grant - volume) for volume in volumes
    ]


def test_accounts_run_down_in_the_model_as_in_the_fast_function() -> None:
    """An account, a charging server and a gateway for each of these: threshold 0, so that credit alone ends it."""
    need, grant, accounts, seed = MB, MB // 2, 12, 5
    start = RUNS_DOWN * (need + grant)
    drawn = [needs(need, accounts, seed, step).tolist() for step in range(60)]
    fast = last_sessions(need, grant, 0, accounts, seed)
    for place in range(accounts):
        volumes = [column[place] for column in drawn]
        left, forced = run_down(start, volumes, grant)
        assert (left, forced) == (fast.unused[place], fast.forced[place])


def run_down(start: int, volumes: list[int], grant: int) -> tuple[int, bool]:
    """Let a prepaid account be used, session after session, until a grant is smaller than a quota."""
    account = PrepaidAccount(Tariff(price=1, per=1), opened=NINE)
    account.top_up(1, at=NINE)
    account.buy(Bundle("data", 1, start, timedelta(days=3650)), at=NINE)
    server = ChargingServer({"somebody": account}, QuotaPolicy(quota=grant, validity=timedelta(days=1)))
    gateway = Gateway(server.answer, "somebody", idle=timedelta(minutes=1), retry_after=timedelta(minutes=10))
    for place, volume in enumerate(volumes):
        at = NINE + timedelta(hours=place)
        gateway.offer([Flow(at, at + timedelta(minutes=5), downlink=volume)])
        gateway.advance(at + timedelta(minutes=30))
        messages = [m for m in gateway.outcome.messages if m.at >= at]
        grants = [s.granted for m in messages if m.answer for s in m.answer.services if s.granted]
        refused = any(
            s.result is ResultCode.CREDIT_LIMIT_REACHED for m in messages if m.answer for s in m.answer.services
        )
        if min(grants) < grant or refused or account.data_left == 0:
            return account.data_left, gateway.outcome.flows[-1].blocked.total > 0
    raise AssertionError("the account never ran down")


# ----------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "field", "expected"),
    [
        (lambda: needs(MB, 1, 2**64), "seed", "less than 2**64"),
        (lambda: needs(0, 1, 1), "need", "a whole number of bytes, 1 or more"),
        (lambda: needs(10**12, 1, 1), "need", "at most 100000000000 bytes"),
        (lambda: needs(MB, 0, 1), "count", "a whole number, 1 or more"),
        (lambda: sessions(MB, 0, 1, 1), "grant", "a whole number of bytes, 1 or more"),
        (lambda: last_sessions(MB, MB, -1, 1, 1), "threshold", "a whole number of bytes, 0 or more"),
        (lambda: last_sessions(MB, MB, 0, 0, 1), "accounts", "a whole number, 1 or more"),
        (lambda: forced_end(MB, 0.5), "grant", "a whole number of bytes, 1 or more"),  # type: ignore[arg-type]
        (lambda: unused_credit(0, MB), "need", "a whole number of bytes, 1 or more"),
    ],
    ids=count(),
)
def test_bad_input(call: Any, field: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert (caught.value.field, caught.value.expected) == (field, expected)


def test_large_needs_fit() -> None:
    assert needs(100 * GB, 1000, seed=1).min() >= 0
