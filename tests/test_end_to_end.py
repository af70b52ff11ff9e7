"""From the first byte at the gateway to the last entry in the ledger: the same bytes, in three independent books."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import FailureHandling, FinalUnit, FinalUnitAction
from prepaid_model.gateway import Gateway, advance_together
from prepaid_model.ledger import Kind
from prepaid_model.links import Link
from prepaid_model.metering import Flow, flows_of
from prepaid_model.offers import Bundle
from prepaid_model.personas import personas
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.records import Outcome
from prepaid_model.units import GB, KB, MB, QAR, parse_moment
from prepaid_model.usage import START, month

NINE = parse_moment("2026-01-01 09:00")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = timedelta(days=365)


def opened(credit: int, data: int = 0, lasts: timedelta = 30 * DAY, tariff: Tariff | None = None) -> PrepaidAccount:
    account = PrepaidAccount(tariff or Tariff(price=50_000), opened=START, out_of_bundle=True)
    account.top_up(credit + QAR, at=START)
    account.buy(Bundle("data", QAR, data or 1, lasts), at=START)
    return account


def booked(account: PrepaidAccount, kind: Kind) -> int:
    """Return the bytes that entries of a kind speak of."""
    return sum(entry.quantity for entry in account.ledger if entry.kind is kind)


def agree(outcome: Outcome, account: PrepaidAccount) -> None:
    """Check gateway, messages and ledger against each other, to the byte."""
    account.check()
    both = outcome.reconcile(charged=booked(account, Kind.USAGE))
    assert both.adds_up
    assert both.records == outcome.passed
    assert both.uncollected == booked(account, Kind.UNCOLLECTED)


# ------------------------------------------------------------------------------------------- ten days of use


@pytest.mark.parametrize("persona", personas())
def test_ten_days_of_a_persona_are_charged_to_the_byte(persona: str) -> None:
    usage = month(persona, seed=7, days=10)
    account = opened(5 * QAR, GB, lasts=7 * DAY)
    policy = QuotaPolicy(quota=20 * MB, threshold_percent=10, holding=5 * MINUTE, validity=HOUR)
    server = ChargingServer({"sim": account}, policy)
    gateway = Gateway(server.answer, "sim", idle=30 * MINUTE, retry_after=10 * MINUTE)
    outcome = gateway.carry(flows_of(usage))
    assert outcome.passed + outcome.blocked == usage.total > 0
    assert outcome.passed > 0
    assert outcome.overshoot == 0
    assert outcome.reconcile().difference == 0
    assert booked(account, Kind.USAGE) == outcome.online_total == outcome.passed
    assert (server.open_sessions, account.held) == ((), 0)
    agree(outcome, account)


def test_one_session_costs_the_same_with_any_quota() -> None:
    """Rounding is on the running total: a report more or less changes no price."""
    costs = set()
    for quota in (300 * KB, 2 * MB, 50 * MB):
        account = opened(20 * QAR)
        server = ChargingServer({"sim": account}, QuotaPolicy(quota=quota))
        Gateway(server.answer, "sim").carry([Flow(NINE, NINE + MINUTE, 3 * MB, 27_123_456)])
        costs.add(account.credit)
    assert costs == {20 * QAR - 31 * 50_000}


def test_what_flows_across_a_change_of_price_is_priced_on_both_sides() -> None:
    tariff = Tariff(price=100_000, per=MB, increment=1 * MB, hours=(HourPrice(10, 22, 50_000),))
    account = opened(100 * QAR, tariff=tariff)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=500 * MB, validity=DAY, supervision=2 * DAY))
    outcome = Gateway(server.answer, "sim").carry(
        [
            Flow(NINE, NINE + 2 * HOUR, downlink=100 * MB),
            Flow(NINE, NINE + HOUR, downlink=40 * MB),
        ]
    )
    service = outcome.messages[-1].request.services[0]
    assert service.used_before_change is not None
    assert service.used is not None
    assert (service.used_before_change.total, service.used.total) == (90 * MB, 140 * MB)
    # One byte is of the bundle: the increments begin at the second byte.
    assert account.credit == 100 * QAR - 90 * 100_000 - 50 * 50_000
    agree(outcome, account)


# ------------------------------------------------------------------------------------------ running out


def test_the_last_bytes_end_in_final_units_and_a_top_up_brings_the_service_back() -> None:
    account = opened(0, 25 * MB)
    portal = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=10 * MB, final=portal))
    gateway = Gateway(server.answer, "sim")
    gateway.offer([Flow(NINE, NINE + 60 * SECOND, downlink=60 * MB)])
    gateway.advance(NINE + 40 * SECOND)
    assert gateway.outcome.redirects == ((NINE + 25 * SECOND, "https://top-up.example"),)
    assert (account.data_left, booked(account, Kind.USAGE)) == (0, 25 * MB)

    account.top_up(10 * QAR, at=NINE + 40 * SECOND)
    gateway.reauthorise(NINE + 40 * SECOND)
    outcome = gateway.carry([])
    flow = outcome.flows[0]
    assert (flow.passed.total, flow.redirected.total, flow.blocked.total) == (45 * MB, 15 * MB, 0)
    agree(outcome, account)


def test_with_nothing_left_the_first_answer_already_redirects() -> None:
    account = PrepaidAccount(Tariff(price=50_000), opened=START, out_of_bundle=True)
    portal = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
    server = ChargingServer({"sim": account}, QuotaPolicy(final=portal))
    outcome = Gateway(server.answer, "sim").carry([Flow(NINE, NINE + 10 * SECOND, downlink=10 * MB)])
    assert (outcome.flows[0].redirected.total, outcome.passed) == (10 * MB, 0)
    assert outcome.redirects == ((NINE, "https://top-up.example"),)
    agree(outcome, account)


def test_overshoot_that_nothing_pays_for_is_uncollected_in_the_ledger() -> None:
    account = opened(0, 25 * MB)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=10 * MB))
    gateway = Gateway(server.answer, "sim", latency=2 * SECOND, retry_after=LATER)
    outcome = gateway.carry([Flow(NINE, NINE + 60 * SECOND, downlink=60 * MB)])
    # Grants of 10, 10 and 5 MB, a megabyte a second: the last is used up at 25, final: nothing flows on.
    assert (outcome.passed, outcome.overshoot) == (25 * MB, 6 * MB)
    assert booked(account, Kind.UNCOLLECTED) == 0
    agree(outcome, account)


def test_overshoot_can_drive_a_balance_below_zero_with_its_cause_recorded() -> None:
    """Eight seconds of delay: when the answer names the last units, 8 MB have flowed, of which 5 were there."""
    balances = {}
    for overdraft in ("", "overshoot"):
        account = opened(0, 15 * MB)
        server = ChargingServer({"sim": account}, QuotaPolicy(quota=10 * MB), overdraft=overdraft)
        gateway = Gateway(server.answer, "sim", latency=8 * SECOND, retry_after=LATER)
        outcome = gateway.carry([Flow(NINE, NINE + 60 * SECOND, downlink=60 * MB)])
        assert outcome.passed == 18 * MB
        agree(outcome, account)
        balances[overdraft] = account.credit, booked(account, Kind.UNCOLLECTED), booked(account, Kind.OVERDRAFT)
    assert balances == {"": (0, 3 * MB, 0), "overshoot": (-3 * 50_000, 0, 3 * MB)}


def test_two_devices_share_one_account_and_no_byte_is_granted_twice() -> None:
    account = opened(0, 50 * MB)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=7 * MB))
    devices = [Gateway(server.answer, "sim", name=name, retry_after=5 * SECOND) for name in ("phone", "tablet")]
    for place, device in enumerate(devices):
        at = NINE + place * SECOND
        device.offer([Flow(at, at + MINUTE, downlink=40 * MB)])
    advance_together(devices, NINE + 2 * MINUTE)
    for device in devices:
        device.end(NINE + 2 * MINUTE)
    passed = [device.outcome.passed for device in devices]
    assert sum(passed) == 50 * MB == booked(account, Kind.USAGE)
    assert min(passed) > 15 * MB
    assert (account.held, account.data_left, booked(account, Kind.UNCOLLECTED)) == (0, 0, 0)


# ---------------------------------------------------------------------------------------- nobody answers


@pytest.mark.parametrize("handling", FailureHandling)
def test_an_outage_leaves_no_byte_unexplained(handling: FailureHandling) -> None:
    account = opened(0, 2 * GB)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=10 * MB))
    link = Link(server.answer, outages=[(NINE + 65 * SECOND, NINE + 10 * MINUTE)])
    gateway = Gateway(link, "sim", handling=handling, latency=SECOND)
    outcome = gateway.carry([Flow(NINE, NINE + 20 * MINUTE, downlink=1200 * MB)])
    both = outcome.reconcile(charged=booked(account, Kind.USAGE))
    assert both.uncollected == 0
    if handling is FailureHandling.CONTINUE:
        assert (outcome.blocked, both.lost, both.offline) == (0, 0, 0)
    else:
        assert both.lost > 0
        assert outcome.blocked > 0
    assert both.unconfirmed == 10 * MB
    agree(outcome, account)


@pytest.mark.parametrize("lost", [1, 2, 5, 13])
def test_a_retransmission_is_charged_once(lost: int) -> None:
    account = opened(0, GB)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=10 * MB))
    link = Link(server.answer, loses=[lost])
    gateway = Gateway(link, "sim", handling=FailureHandling.RETRY_AND_TERMINATE)
    outcome = gateway.carry([Flow(NINE, NINE + 2 * MINUTE, downlink=120 * MB)])
    assert sum(message.request.retransmitted for message in outcome.messages) == 1
    assert booked(account, Kind.USAGE) == 120 * MB
    assert account.data_left == GB - 120 * MB
    agree(outcome, account)


def test_a_server_that_gave_up_on_a_silent_session_does_not_know_its_report() -> None:
    """A grant that lasts longer than Tcc: the session is gone by the report, and so is the next one by its end."""
    account = opened(0, GB)
    server = ChargingServer({"sim": account}, QuotaPolicy(quota=200 * MB, supervision=MINUTE))
    gateway = Gateway(server.answer, "sim", retry_after=10 * SECOND)
    outcome = gateway.carry([Flow(NINE, NINE + 300 * SECOND, downlink=300 * MB)])
    both = outcome.reconcile(charged=booked(account, Kind.USAGE))
    assert both.lost == (200 + 90) * MB == outcome.passed
    assert (both.reported, account.held, account.data_left) == (0, 0, GB)
    agree(outcome, account)


# --------------------------------------------------------------------------------------------- any of it

spans = st.lists(st.integers(0, 900), min_size=2, max_size=4).map(sorted)


@given(
    flows=st.lists(
        st.builds(
            lambda at, length, up, down: Flow(NINE + at * SECOND, NINE + (at + length) * SECOND, up, down),
            st.integers(0, 600),
            st.integers(0, 300),
            st.integers(0, 5 * MB),
            st.integers(0, 50 * MB),
        ),
        min_size=1,
        max_size=4,
    ),
    data=st.integers(1, 120 * MB),
    credit=st.integers(0, 2 * QAR),
    quota=st.integers(MB, 40 * MB),
    percent=st.integers(0, 50),
    latency=st.integers(0, 9),
    handling=st.sampled_from(FailureHandling),
    outage=st.none() | spans,
    action=st.sampled_from(FinalUnitAction),
    lasts=st.integers(60, 1200),
)
def test_gateway_and_ledger_agree_whatever_happens(
    flows: list[Flow],
    data: int,
    credit: int,
    quota: int,
    percent: int,
    latency: int,
    handling: FailureHandling,
    outage: list[int] | None,
    action: FinalUnitAction,
    lasts: int,
) -> None:
    account = opened(credit, data, lasts=NINE - START + lasts * SECOND)
    policy = QuotaPolicy(quota=quota, threshold_percent=percent, holding=MINUTE, final=FinalUnit(action, "page"))
    server = ChargingServer({"sim": account}, policy)
    cut: list[tuple[datetime, datetime]] = [(NINE + outage[0] * SECOND, NINE + outage[-1] * SECOND)] if outage else []
    gateway = Gateway(Link(server.answer, cut), "sim", handling=handling, latency=latency * SECOND)
    outcome = gateway.carry(flows)
    agree(outcome, account)
    if latency == 0 and not outage:
        assert outcome.overshoot == 0
        assert outcome.reconcile().difference == 0
    assert sum(flow.passed.total + flow.blocked.total + flow.redirected.total for flow in outcome.flows) == sum(
        flow.volume for flow in flows
    )
