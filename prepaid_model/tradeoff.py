"""What the size of a quota costs: requests, bytes set aside and unused, bytes that flow before they are granted.

A session needs an exponential volume, at a steady speed, and asks for quota after quota; answers take a
while, in which traffic flows on. From one report to the next passes a quota, or what flows while an answer
is awaited if that is more. What theory says follows from that, as in `prepaid_model.quota_theory`, and the
same comes of simulated sessions. Floats are theory's; a session is counted in whole bytes.

Examples
--------
>>> home = Conditions(need=10 * MB, delay=200, speed=2_500_000, devices=3)
>>> said = expected(home, [MB, 10 * MB])
>>> said.requests.round().tolist(), (said.unused / MB).round(1).tolist(), (said.ahead / MB).round().tolist()
([1151.0, 258.0], [1.5, 17.5], [512.0, 77.0])
>>> (simulated(home, [MB], count=20_000, seed=7).requests / said.requests[0]).round(1).tolist()
[1.0]
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.errors import whole
from prepaid_model.gateway import Gateway, advance_together
from prepaid_model.ledger import Kind
from prepaid_model.metering import Flow
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.quota_theory import needs
from prepaid_model.rating import rate
from prepaid_model.units import GB, KB, MB, parse_moment

SIZES = (*(step * power for power in (100 * KB, MB, 10 * MB) for step in (1, 2, 5)), 100 * MB)
"""Sizes of a quota that are tried, from 100 KB to 100 MB."""
NINE = parse_moment("2026-01-01 09:00")
CAUSE = "overshoot"
MINUTE = timedelta(minutes=1)

_MILLISECONDS = 1000
_STEPS_A_DECADE = 60


class Conditions(NamedTuple):
    """Under which conditions quota is asked for.

    Parameters
    ----------
    need : int
        Mean bytes of a session.
    delay : int
        Milliseconds from a request to its answer.
    speed : int
        Bytes a second, each device.
    devices : int
        How many share the account, each with a session under way.
    """

    need: int
    delay: int
    speed: int
    devices: int

    @property
    def meanwhile(self) -> int:
        """Bytes that flow while an answer is awaited."""
        return self.speed * self.delay // _MILLISECONDS

    def check(self) -> None:
        """Raise an `InputError` if they cannot be."""
        whole("need", self.need, least=1, unit="bytes")
        whole("delay", self.delay, unit="milliseconds")
        whole("speed", self.speed, least=1, unit="bytes a second")
        whole("devices", self.devices, least=1)


class Measures(NamedTuple):
    """What each of some sizes costs; with the standard errors where it was simulated.

    Parameters
    ----------
    requests : array of float
        Requests to the charging system for each gigabyte.
    unused : array of float
        Bytes that all devices together hold and have not used.
    ahead : array of float
        Bytes of each gigabyte that flow before they are granted.
    """

    requests: Any
    unused: Any
    ahead: Any


def stride(conditions: Conditions, quota: int) -> int:
    """Return the bytes that pass between one report and the next.

    Examples
    --------
    >>> slow = Conditions(need=10 * MB, delay=2000, speed=MB, devices=1)
    >>> stride(slow, 10 * MB), stride(slow, MB)
    (10000000, 2000000)
    """
    return max(quota, conditions.meanwhile)


def expected(conditions: Conditions, quotas: Sequence[int]) -> Measures:
    """Return what theory says of some sizes."""
    conditions.check()
    need, waits = float(conditions.need), float(conditions.meanwhile)
    quota = np.array([whole("quota", each, least=1, unit="bytes") for each in quotas], float)
    step = np.array([stride(conditions, each) for each in quotas], float)
    asks = -1 / np.expm1(-step / need)  # the first, and one more as often as a session outlasts a step
    unused = (quota + need * np.expm1(-quota / need)) * asks
    ahead = -need * np.expm1(-waits / need) * asks
    sessions = GB / need
    return Measures((asks + 1) * sessions, unused * conditions.devices, ahead * sessions)


def simulated(conditions: Conditions, quotas: Sequence[int], count: int, seed: int) -> Measures:
    """Return the means over simulated sessions, others for each size."""
    return _simulation(conditions, tuple(quotas), count, seed)[0]


def errors(conditions: Conditions, quotas: Sequence[int], count: int, seed: int) -> Measures:
    """Return the standard errors of what `simulated` gives."""
    return _simulation(conditions, tuple(quotas), count, seed)[1]


def session(conditions: Conditions, quota: int, drawn: Any) -> tuple[Any, Any, Any]:
    """Return what sessions of so many bytes make of it: requests, bytes unused at their end, bytes ahead of a grant.

    Examples
    --------
    >>> slow = Conditions(need=10 * MB, delay=2000, speed=MB, devices=1)
    >>> [each.tolist() for each in session(slow, 10 * MB, np.array([29 * MB]))]
    [[4], [1000000], [6000000]]
    """
    step, waits = stride(conditions, quota), conditions.meanwhile
    full, rest = drawn // step, drawn % step
    return full + 2, np.maximum(quota - rest, 0), full * waits + np.minimum(rest, waits)


def score(said: Measures, weight: int) -> Any:
    """Add requests up with what is unused, a megabyte of which is as bad as `weight` requests for each gigabyte."""
    return said.requests + weight * said.unused / MB


@lru_cache(maxsize=1)
def range_of_sizes() -> tuple[int, ...]:
    """Return sizes close together, from 100 KB to 100 MB: for a curve, and to find the best of all."""
    decades = range(3 * _STEPS_A_DECADE + 1)
    return tuple(round(100 * KB * 10 ** (step / _STEPS_A_DECADE)) for step in decades)


def best_size(conditions: Conditions, weight: int, sizes: Sequence[int] = SIZES) -> int:
    """Return the size with the least score.

    Examples
    --------
    >>> home = Conditions(need=10 * MB, delay=200, speed=2_500_000, devices=3)
    >>> best_size(home, weight=100), best_size(home, weight=10)
    (2000000, 10000000)
    """
    return sizes[int(np.argmin(score(expected(conditions, sizes), weight)))]


class RunDown(NamedTuple):
    """What became of an account whose devices ran it down.

    Parameters
    ----------
    balance : int
        Micros of credit at the end; below zero with its cause recorded.
    owed : int
        Bytes that flowed and that no credit paid for.
    requests : int
        Requests to the charging system, all devices together.
    """

    balance: int
    owed: int
    requests: int


@lru_cache(maxsize=512)
def run_down(conditions: Conditions, quota: int) -> RunDown:
    """Let gateways stream on one prepaid account to the end of its credit: a quota for each.

    Each device begins a little later than the one before. By the time each hears that nothing is left to be
    granted, as much has flowed once more as flows in the wait for an answer.

    Examples
    --------
    >>> home = Conditions(need=10 * MB, delay=200, speed=2_500_000, devices=3)
    >>> run_down(home, 10 * MB).owed, run_down(home._replace(devices=1), 10 * MB).owed
    (1500000, 0)
    """
    conditions.check()
    tariff, devices = catalogue().tariffs["fine_grained"], conditions.devices
    account = PrepaidAccount(tariff, opened=NINE, out_of_bundle=True)
    account.top_up(rate(tariff, quota * devices, at=NINE).charged, at=NINE)
    server = ChargingServer({"account": account}, QuotaPolicy(quota=quota), overdraft=CAUSE)
    wait, one_quota = timedelta(milliseconds=conditions.delay), timedelta(seconds=quota / conditions.speed)
    until = NINE + 2 * one_quota + 4 * wait
    patience, later = wait + MINUTE, until - NINE + MINUTE
    gateways = [
        Gateway(
            server.answer, "account", latency=wait, tx=patience, timeout=patience, retry_after=later, name=str(place)
        )
        for place in range(devices)
    ]
    for place, gateway in enumerate(gateways):
        begins = NINE + timedelta(milliseconds=place * one_quota // devices // timedelta(milliseconds=1))
        seconds = (until - begins).total_seconds()
        gateway.offer([Flow(begins, until, downlink=int(conditions.speed * seconds))])
    advance_together(gateways, until)
    for gateway in gateways:
        gateway.end(until)
    advance_together(gateways, until + 2 * wait)
    owed = sum(entry.quantity for entry in account.ledger if entry.kind is Kind.OVERDRAFT)
    return RunDown(account.credit, owed, sum(len(gateway.outcome.messages) for gateway in gateways))


@lru_cache(maxsize=256)
def _drawn(need: int, count: int, seed: int, stream: int) -> Any:
    return needs(need, count, seed, stream)


@lru_cache(maxsize=64)
def _simulation(conditions: Conditions, quotas: tuple[int, ...], count: int, seed: int) -> tuple[Measures, Measures]:
    conditions.check()
    whole("sessions", count, least=2)
    columns = [_each(conditions, quota, _drawn(conditions.need, count, seed, n)) for n, quota in enumerate(quotas)]
    means, off = np.array(columns).transpose(2, 1, 0)
    return Measures(*means), Measures(*(off / sqrt(count)))


def _each(conditions: Conditions, quota: int, drawn: Any) -> list[tuple[float, float]]:
    """Return each measure and its spread over sessions; for each gigabyte means of the gigabytes that flowed."""
    requests, unused, ahead = session(conditions, quota, drawn)
    held = unused * conditions.devices
    return [_for_each_gigabyte(requests, drawn), (held.mean(), held.std()), _for_each_gigabyte(ahead, drawn)]


def _for_each_gigabyte(values: Any, drawn: Any) -> tuple[float, float]:
    ratio = values.mean() / drawn.mean()
    return GB * ratio, GB * (values - ratio * drawn).std() / drawn.mean()
