"""The size of a quota: theory, simulated sessions and real gateways say the same."""

from datetime import timedelta

import numpy as np
import pytest

from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.errors import InputError
from prepaid_model.gateway import Gateway
from prepaid_model.metering import Flow
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.quota_theory import grants_a_session, needs, stranded_quota
from prepaid_model.rating import Tariff
from prepaid_model.tradeoff import (
    NINE,
    SIZES,
    Conditions,
    best_size,
    errors,
    expected,
    range_of_sizes,
    run_down,
    score,
    session,
    simulated,
    stride,
)
from prepaid_model.units import GB, KB, MB, QAR

HOME = Conditions(need=10 * MB, delay=200, speed=2_500_000, devices=3)
MANY = 20_000


@pytest.mark.parametrize("need", [MB, 10 * MB])
@pytest.mark.parametrize("delay", [0, 200, 5000])
def test_simulated_sessions_lie_on_the_curves(need, delay):
    conditions = HOME._replace(need=need, delay=delay)
    sizes = [size for size in SIZES if size <= 2 * need]
    said, found, off = (
        work(conditions, sizes, *more)
        for work, more in ((expected, ()), *((w, (MANY, 7)) for w in (simulated, errors)))
    )
    for theory, mean, error in zip(said, found, off, strict=True):
        assert (np.abs(theory - mean) <= 3.5 * error + 1e-6 * np.abs(theory)).all()


def test_without_delay_it_is_the_theory_of_quotas():
    at_once = HOME._replace(delay=0, devices=1)
    said = expected(at_once, [MB])
    grants = grants_a_session(10 * MB, MB)
    assert said.requests[0] == pytest.approx((grants + 1) * GB / (10 * MB))
    assert said.unused[0] == pytest.approx(stranded_quota(10 * MB, MB))
    assert said.ahead[0] == 0


@pytest.mark.parametrize("quota", [100 * KB, MB, 3 * MB])
@pytest.mark.parametrize("delay", [0, 200, 1000])
def test_a_session_is_what_a_gateway_makes_of_it(quota, delay):
    conditions = HOME._replace(delay=delay)
    drawn = needs(4 * MB, 12, seed=3)
    told = session(conditions, quota, drawn)
    for need, requests, unused, ahead in zip(drawn.tolist(), *(each.tolist() for each in told), strict=True):
        account = PrepaidAccount(Tariff(price=1, per=1, increment=1), opened=NINE, out_of_bundle=True)
        account.top_up(1000 * QAR, at=NINE)
        held = []
        server = ChargingServer({"sim": account}, QuotaPolicy(quota=quota))

        def ask(request, *, at, server=server, account=account, held=held):
            held.append(account.held)
            return server.answer(request, at=at)

        gateway = Gateway(ask, "sim", latency=timedelta(milliseconds=delay))
        lasts = timedelta(seconds=1) * need / conditions.speed
        outcome = gateway.carry([Flow(NINE, NINE + lasts, downlink=need)])
        last = outcome.messages[-1].request.services[0].used.total
        assert len(outcome.messages) == requests
        assert outcome.overshoot == pytest.approx(ahead, abs=20)  # a gateway's clock has microseconds
        assert max(held[-1] - last, 0) == pytest.approx(unused, abs=20)


def test_a_quota_smaller_than_a_wait_controls_nothing():
    assert stride(HOME, 100 * KB) == stride(HOME, 500 * KB) == HOME.meanwhile
    said = expected(HOME, [100 * KB, 500 * KB, MB])
    assert said.requests[0] == said.requests[1] > said.requests[2]
    assert said.ahead[0] == pytest.approx(GB)


def test_larger_quotas_need_fewer_requests_and_leave_more_unused():
    said = expected(HOME, range_of_sizes())
    assert (np.diff(said.requests) <= 0).all()
    assert (np.diff(said.unused) > 0).all()
    assert (np.diff(said.ahead) <= 0).all()


def test_the_best_size_is_neither_the_smallest_nor_the_largest_and_moves_with_the_weight():
    sizes = [best_size(HOME, weight, range_of_sizes()) for weight in (1000, 100, 10, 1)]
    assert sizes == sorted(sizes)
    assert SIZES[0] < sizes[1] < sizes[2] < SIZES[-1]
    scores = score(expected(HOME, SIZES), 100)
    assert SIZES[int(scores.argmin())] == best_size(HOME, 100) == 2 * MB


def test_more_sessions_say_it_more_exactly():
    few, many = (errors(HOME, [MB], count, 7).unused[0] for count in (20, 10_000))
    assert few > 10 * many > 0


def test_sizes_run_from_end_to_end():
    assert (range_of_sizes()[0], range_of_sizes()[-1]) == (SIZES[0], SIZES[-1]) == (100 * KB, 100 * MB)


@pytest.mark.parametrize("quota", [500 * KB, MB, 10 * MB, 100 * MB])
def test_what_is_owed_is_speed_times_delay_for_each_device_whatever_the_quota(quota):
    end = run_down(HOME, quota)
    assert end.owed == pytest.approx(HOME.devices * HOME.meanwhile, abs=10)
    assert end.balance == pytest.approx(-60_000 * end.owed / MB, abs=60)  # a started kilobyte counts whole


def test_with_smaller_quotas_than_a_wait_even_more_is_owed():
    assert run_down(HOME, 100 * KB).owed > run_down(HOME, 10 * MB).owed


def test_a_device_alone_owes_nothing():
    assert run_down(HOME._replace(devices=1), MB) == (0, 0, 2)


def test_without_delay_nobody_owes_anything():
    assert run_down(HOME._replace(delay=0), MB)[:2] == (0, 0)


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"need": 0}, "need"), ({"delay": -1}, "delay"), ({"speed": 0}, "speed"), ({"devices": 0}, "devices")],
)
def test_conditions_that_cannot_be(bad, field):
    for work in (lambda c: expected(c, [MB]), lambda c: simulated(c, [MB], 10, 1), lambda c: run_down(c, MB)):
        with pytest.raises(InputError, match=field):
            work(HOME._replace(**bad))


def test_a_quota_or_a_number_of_sessions_that_cannot_be():
    with pytest.raises(InputError, match="quota"):
        expected(HOME, [0])
    with pytest.raises(InputError, match="sessions"):
        simulated(HOME, [MB], 1, 7)
