"""The gateway against a small server of its own: each trigger, each action, each failure, worked out by hand."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    FailureHandling,
    FinalUnit,
    FinalUnitAction,
    Octets,
    ReportingReason,
    RequestType,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.errors import InputError, Refused
from prepaid_model.gateway import Gateway, advance_together
from prepaid_model.links import Link
from prepaid_model.metering import Flow, Stream, flows_of, reaches, tick
from prepaid_model.records import Cause, Fate, Outcome
from prepaid_model.states import State
from prepaid_model.units import MB, parse_moment
from prepaid_model.usage import month

NINE = parse_moment("2026-01-01 09:00")
STOP = FinalUnit(FinalUnitAction.TERMINATE)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class Server:
    """Grants up to a quota from a balance of bytes; knows a request that it has answered before."""

    balance: int = 10**15
    quota: int = 10 * MB
    template: ServiceAnswer = field(default_factory=lambda: ServiceAnswer(0, ResultCode.SUCCESS))
    final: FinalUnit | None = STOP
    free: frozenset[int] = frozenset()
    result: ResultCode = ResultCode.SUCCESS
    charged: int = 0
    uncollected: int = 0
    held: dict[tuple[str, int], int] = field(default_factory=dict)
    answered: dict[tuple[str, int], CreditControlAnswer] = field(default_factory=dict)
    seen: list[CreditControlRequest] = field(default_factory=list)
    last: datetime = NINE

    def answer(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        assert at >= self.last, "requests come in order"
        self.last = at
        self.seen.append(request)
        key = request.session_id, request.number
        if key not in self.answered:
            services = tuple(self.serve(request, service) for service in request.services)
            if self.result is not ResultCode.SUCCESS:
                services = ()
            self.answered[key] = CreditControlAnswer(*key[:1], request.type, request.number, self.result, services)
        return self.answered[key]

    def serve(self, request: CreditControlRequest, service: ServiceRequest) -> ServiceAnswer:
        group = service.rating_group
        if group in self.free:
            return ServiceAnswer(group, ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
        used = service.used.total if service.used else 0
        paid = min(used, self.balance)
        self.balance -= paid
        self.charged += paid
        self.uncollected += used - paid
        self.held.pop((request.session_id, group), None)
        if service.requested is None or request.type is RequestType.TERMINATION:
            return replace(self.template, rating_group=group, granted=0)
        available = self.balance - sum(self.held.values())
        granted = min(service.requested or self.quota, available)
        if granted <= 0:
            return ServiceAnswer(group, ResultCode.CREDIT_LIMIT_REACHED)
        self.held[request.session_id, group] = granted
        final = self.final if granted == available else None
        return replace(self.template, rating_group=group, granted=granted, final=final)


def download(length: float, volume: int, start: float = 0, group: int = 0) -> Flow:
    return Flow(NINE + seconds(start), NINE + seconds(start + length), downlink=volume, rating_group=group)


def told(outcome: Outcome) -> list[tuple[float, str, int, int, str]]:
    """Return each message: second, type, number, bytes reported, why."""
    rows = []
    for message in outcome.messages:
        request = message.request
        used = sum(service.used.total for service in request.services if service.used)
        reasons = "+".join(service.reason.name for service in request.services if service.reason is not None)
        rows.append(((message.at - NINE) / seconds(1), request.type.name, request.number, used, reasons))
    return rows


def adds_up(outcome: Outcome, server: Server | None = None) -> None:
    """Check every law that holds once all sessions have ended."""
    for flow in outcome.flows:
        assert flow.passed + flow.blocked + flow.redirected == Octets(flow.flow.uplink, flow.flow.downlink)
    assert sum(record.octets.total for record in outcome.records) == outcome.passed
    assert [record.number for record in outcome.records] == list(range(1, len(outcome.records) + 1))
    assert all(record.closed >= record.opened for record in outcome.records)
    both = outcome.reconcile()
    assert both.adds_up
    assert both.reported == sum(record.octets.total for record in outcome.of(Fate.ONLINE, Fate.LATE))
    if server:
        assert both.reported <= server.charged + server.uncollected <= both.reported + both.unconfirmed


# ------------------------------------------------------------------------------------------------ triggers


def test_it_asks_with_the_first_byte_when_quota_is_used_and_at_the_end() -> None:
    server = Server()
    outcome = Gateway(server.answer, "somebody").carry([download(25, 25 * MB, start=5)])
    assert told(outcome) == [
        (5, "INITIAL", 0, 0, ""),
        (15, "UPDATE", 1, 10 * MB, "QUOTA_EXHAUSTED"),
        (25, "UPDATE", 2, 10 * MB, "QUOTA_EXHAUSTED"),
        (30, "TERMINATION", 3, 5 * MB, "FINAL"),
    ]
    assert (outcome.passed, outcome.blocked, outcome.overshoot) == (25 * MB, 0, 0)
    assert server.charged == 25 * MB
    assert {message.request.session_id for message in outcome.messages} == {"gateway;somebody;1"}
    adds_up(outcome, server)


def test_it_asks_at_the_threshold_and_what_is_left_of_the_grant_goes_back() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, threshold=2 * MB))
    outcome = Gateway(server.answer, "somebody").carry([download(20, 20 * MB)])
    assert told(outcome)[:3] == [
        (0, "INITIAL", 0, 0, ""),
        (8, "UPDATE", 1, 8 * MB, "THRESHOLD"),
        (16, "UPDATE", 2, 8 * MB, "THRESHOLD"),
    ]
    adds_up(outcome, server)


def test_a_threshold_as_large_as_the_grant_does_not_make_it_ask_with_every_byte() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, threshold=10 * MB))
    outcome = Gateway(server.answer, "somebody").carry([download(15, 15 * MB)])
    assert [row[3] for row in told(outcome)] == [0, 10 * MB, 5 * MB]
    adds_up(outcome, server)


def test_it_reports_when_validity_ends_used_up_or_not() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, validity=seconds(4)))
    outcome = Gateway(server.answer, "somebody").carry([download(10, 10 * MB)])
    assert told(outcome)[1:3] == [
        (4, "UPDATE", 1, 4 * MB, "VALIDITY_TIME"),
        (8, "UPDATE", 2, 4 * MB, "VALIDITY_TIME"),
    ]
    adds_up(outcome, server)


def test_quota_that_is_no_longer_valid_is_gone_before_the_answer_comes() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, validity=seconds(4)))
    gateway = Gateway(server.answer, "somebody", latency=seconds(2), lets_flow=False)
    outcome = gateway.carry([download(9, 9 * MB)])
    assert [row[0] for row in told(outcome)] == [0, 6, 9]
    assert outcome.blocked == (2 + 2) * MB, "until each answer"
    adds_up(outcome, server)


def test_the_holding_time_does_not_run_while_traffic_flows() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, holding_time=seconds(5)))
    outcome = Gateway(server.answer, "somebody").carry([download(60, 3)])  # a byte every 20 seconds
    assert [row[0] for row in told(outcome)] == [0, 60]


def test_at_the_same_instant_what_is_due_comes_before_what_begins() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, holding_time=seconds(60)))
    outcome = Gateway(server.answer, "somebody").carry([download(2, 2 * MB), download(3, 3 * MB, start=62)])
    assert told(outcome)[1:3] == [(62, "UPDATE", 1, 2 * MB, "QHT"), (62, "UPDATE", 2, 0, "")]


def test_the_holding_time_runs_from_the_answer_if_nothing_flows_after_it() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, holding_time=seconds(60)))
    gateway = Gateway(server.answer, "somebody", latency=seconds(2))
    gateway.offer([download(1, 1 * MB)])
    gateway.advance(NINE + seconds(100))
    assert told(gateway.outcome)[1:] == [(62, "UPDATE", 1, 1 * MB, "QHT")]


def test_it_gives_quota_back_when_nothing_flows_and_asks_anew_with_the_next_byte() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, holding_time=seconds(60)))
    outcome = Gateway(server.answer, "somebody").carry([download(2, 2 * MB), download(3, 3 * MB, start=100)])
    assert told(outcome) == [
        (0, "INITIAL", 0, 0, ""),
        (62, "UPDATE", 1, 2 * MB, "QHT"),
        (100, "UPDATE", 2, 0, ""),
        (103, "TERMINATION", 3, 3 * MB, "FINAL"),
    ]
    assert server.seen[1].services[0].requested is None
    assert server.seen[2].services[0].requested == 0
    assert outcome.records[0].cause is Cause.IDLE
    adds_up(outcome, server)


def test_it_counts_apart_what_flows_before_and_after_a_named_tariff_change() -> None:
    change = NINE + seconds(3)
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, tariff_change=change))
    outcome = Gateway(server.answer, "somebody").carry([download(7, 7 * MB)])
    service = outcome.messages[-1].request.services[0]
    assert (service.used, service.used_before_change) == (Octets(0, 7 * MB), Octets(0, 3 * MB))
    assert [(record.closed, record.cause) for record in outcome.records] == [
        (change, Cause.TARIFF_CHANGE),
        (NINE + seconds(7), Cause.NORMAL_RELEASE),
    ]
    adds_up(outcome, server)


def test_a_tariff_change_while_an_answer_is_awaited_is_not_missed() -> None:
    server = Server(quota=5 * MB, template=ServiceAnswer(0, ResultCode.SUCCESS, tariff_change=NINE + seconds(6)))
    gateway = Gateway(server.answer, "somebody", latency=seconds(2))
    outcome = gateway.carry([download(9, 9 * MB)])
    assert [s.used_before_change for message in outcome.messages for s in message.request.services] == [
        None,
        None,  # asked at second 5: nothing has flowed after the change
        Octets(0, 1 * MB),
    ]
    adds_up(outcome, server)


def test_it_reports_at_a_re_authorisation_and_at_a_change_of_rating_conditions() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody")
    gateway.offer([download(10, 10 * MB)])
    gateway.reauthorise(NINE + seconds(2))
    gateway.change_rating(NINE + seconds(5))
    gateway.end(NINE + seconds(10))
    assert told(gateway.outcome)[1:] == [
        (2, "UPDATE", 1, 2 * MB, "FORCED_REAUTHORISATION"),
        (5, "UPDATE", 2, 3 * MB, "RATING_CONDITION_CHANGE"),
        (10, "TERMINATION", 3, 5 * MB, "FINAL"),
    ]
    adds_up(gateway.outcome, server)


def test_a_change_of_rating_conditions_waits_in_the_queue_for_an_answer() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", latency=seconds(2))
    gateway.offer([download(10, 10 * MB)])
    gateway.change_rating(NINE + seconds(1))
    assert gateway.state is State.PENDING_INITIAL
    gateway.advance(NINE + seconds(4))
    assert told(gateway.outcome)[1:] == [(2, "UPDATE", 1, 2 * MB, "RATING_CONDITION_CHANGE")]


def test_re_authorising_without_a_session_is_refused() -> None:
    gateway = Gateway(Server().answer, "somebody")
    with pytest.raises(Refused, match="re-authorisation requested: refused, nothing is said about it in state Idle"):
        gateway.reauthorise(NINE)


def test_rating_groups_have_quotas_of_their_own_in_one_session() -> None:
    server = Server()
    flows = [download(20, 20 * MB), download(30, 15 * MB, group=7)]
    outcome = Gateway(server.answer, "somebody").carry(flows)
    assert [len(message.request.services) for message in outcome.messages] == [2, 1, 2, 2]
    assert {record.rating_group for record in outcome.records} == {0, 7}
    assert server.charged == 35 * MB
    adds_up(outcome, server)


def test_a_group_whose_quota_ends_while_another_is_asked_for_goes_into_the_next_request() -> None:
    server = Server()
    flows = [download(30, 30 * MB), Flow(NINE, NINE + seconds(30), downlink=27 * MB, rating_group=7)]
    outcome = Gateway(server.answer, "somebody", latency=seconds(3)).carry(flows)
    asked = [
        ((message.at - NINE) / seconds(1), [service.rating_group for service in message.request.services])
        for message in outcome.messages
    ]
    # Group 0 is used up at 10; group 7 at 11 1/9, while the answer is under way until 13.
    assert asked[:3] == [(0, [0, 7]), (10, [0]), (13, [7])]
    adds_up(outcome, server)


def test_without_traffic_for_long_the_session_ends_and_the_next_byte_opens_another() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", idle=seconds(30))
    outcome = gateway.carry([download(2, 2 * MB), download(3, 3 * MB, start=100)])
    assert [(row[0], row[1], row[2]) for row in told(outcome)] == [
        (0, "INITIAL", 0),
        (32, "TERMINATION", 1),
        (100, "INITIAL", 0),
        (103, "TERMINATION", 1),
    ]
    assert {message.request.session_id for message in outcome.messages} == {"gateway;somebody;1", "gateway;somebody;2"}
    adds_up(outcome, server)


def test_bytes_that_come_all_at_once_use_quota_after_quota_exactly() -> None:
    server = Server(quota=10)
    outcome = Gateway(server.answer, "somebody").carry([Flow(NINE, NINE, uplink=5, downlink=30)])
    assert [row[3] for row in told(outcome)] == [0, 10, 10, 10, 5]
    assert outcome.overshoot == 0
    adds_up(outcome, server)


# --------------------------------------------------------------------------------------------- final units


def test_final_units_end_the_service_and_the_session() -> None:
    server = Server(balance=15 * MB)
    outcome = Gateway(server.answer, "somebody", retry_after=seconds(3600)).carry([download(20, 20 * MB)])
    assert told(outcome) == [
        (0, "INITIAL", 0, 0, ""),
        (10, "UPDATE", 1, 10 * MB, "QUOTA_EXHAUSTED"),
        (15, "TERMINATION", 2, 5 * MB, "FINAL"),
    ]
    assert (outcome.passed, outcome.blocked) == (15 * MB, 5 * MB)
    adds_up(outcome, server)


def test_final_units_are_used_up_whatever_the_threshold() -> None:
    server = Server(balance=8 * MB, template=ServiceAnswer(0, ResultCode.SUCCESS, threshold=2 * MB))
    outcome = Gateway(server.answer, "somebody", retry_after=seconds(3600)).carry([download(20, 20 * MB)])
    assert told(outcome)[1:] == [(8, "TERMINATION", 1, 8 * MB, "FINAL")]
    adds_up(outcome, server)


def test_one_group_ends_while_the_session_goes_on_with_the_other() -> None:
    server = Server()

    def unequal(request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        answer = server.answer(request, at=at)
        services = tuple(
            replace(s, final=FinalUnit(FinalUnitAction.TERMINATE)) if s.rating_group == 7 and s.granted else s
            for s in answer.services
        )
        return replace(answer, services=services)

    gateway = Gateway(unequal, "somebody", retry_after=seconds(3600))
    outcome = gateway.carry([download(20, 20 * MB), download(20, 20 * MB, group=7)])
    assert told(outcome)[1:3] == [
        (10, "UPDATE", 1, 20 * MB, "QUOTA_EXHAUSTED+FINAL"),
        (20, "UPDATE", 2, 10 * MB, "QUOTA_EXHAUSTED"),
    ]
    assert [(flow.passed.total, flow.blocked.total) for flow in outcome.flows] == [(20 * MB, 0), (10 * MB, 10 * MB)]
    adds_up(outcome, server)


def test_after_final_units_traffic_is_redirected_until_there_is_quota_again() -> None:
    portal = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
    server = Server(balance=5 * MB, final=portal, template=ServiceAnswer(0, ResultCode.SUCCESS, validity=seconds(60)))
    gateway = Gateway(server.answer, "somebody")
    gateway.offer([download(100, 100 * MB)])
    gateway.advance(NINE + seconds(20))
    assert told(gateway.outcome)[1:] == [(5, "UPDATE", 1, 5 * MB, "QUOTA_EXHAUSTED")]
    assert server.seen[1].services[0].requested is None, "no new reservation: the action has begun"
    assert gateway.outcome.redirects == ((NINE + seconds(5), "https://top-up.example"),)
    assert gateway.outcome.flows[0].redirected.total == 15 * MB

    server.balance += 60 * MB
    server.quota = 60 * MB
    gateway.reauthorise(NINE + seconds(20))
    gateway.advance(NINE + seconds(30))
    assert gateway.outcome.flows[0].passed.total == 15 * MB
    assert server.seen[2].services[0] == ServiceRequest(0, requested=0), "no quota, nothing to report"
    # Again at the end of those 60 MB; when the validity of the redirection ends, it asks, and nothing is there.
    gateway.end(NINE + seconds(100))
    flow = gateway.outcome.flows[0]
    assert (flow.passed.total, flow.redirected.total) == (65 * MB, 35 * MB)
    adds_up(gateway.outcome, server)


def test_a_redirection_ends_by_itself_when_its_validity_does_and_there_is_credit() -> None:
    portal = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
    server = Server(balance=5 * MB, final=portal, template=ServiceAnswer(0, ResultCode.SUCCESS, validity=seconds(30)))
    gateway = Gateway(server.answer, "somebody")
    gateway.offer([download(100, 100 * MB)])
    gateway.advance(NINE + seconds(20))
    server.balance += 1000 * MB
    gateway.advance(NINE + seconds(40))
    assert told(gateway.outcome)[2] == (35, "UPDATE", 2, 0, "")
    assert gateway.outcome.flows[0].redirected.total == 30 * MB
    assert gateway.outcome.flows[0].passed.total == 10 * MB


def test_restricted_access_lets_through_what_is_always_free_and_nothing_else() -> None:
    server = Server(balance=5 * MB, final=FinalUnit(FinalUnitAction.RESTRICT_ACCESS))
    gateway = Gateway(server.answer, "somebody", always_free=[99])
    outcome = gateway.carry([download(10, 10 * MB), download(10, 1 * MB, group=99)])
    normal, page = outcome.flows
    assert (normal.passed.total, normal.blocked.total, normal.redirected.total) == (5 * MB, 5 * MB, 0)
    assert page.passed.total == 1 * MB
    assert sum(record.octets.total for record in outcome.of(Fate.OFFLINE)) == 1 * MB
    adds_up(outcome, server)


def test_a_terminated_service_carries_nothing_at_all() -> None:
    server = Server(balance=5 * MB)
    always_free = {"always_free": [99], "latency": seconds(1)}
    gateway = Gateway(server.answer, "somebody", retry_after=seconds(3600), **always_free)  # type: ignore[arg-type]
    outcome = gateway.carry([download(10, 10 * MB), download(10, 1 * MB, group=99)])
    assert [flow.passed.total for flow in outcome.flows] == [5 * MB, MB // 2]
    adds_up(outcome, server)


def test_an_empty_account_is_denied_and_traffic_asks_again_after_a_while() -> None:
    server = Server(balance=0, result=ResultCode.CREDIT_LIMIT_REACHED)
    gateway = Gateway(server.answer, "somebody", retry_after=seconds(10))
    gateway.offer([download(30, 30 * MB)])
    gateway.advance(NINE + seconds(15))
    server.balance, server.result = 1000 * MB, ResultCode.SUCCESS
    gateway.end(NINE + seconds(30))
    assert [(row[0], row[1]) for row in told(gateway.outcome)[:3]] == [
        (0, "INITIAL"),
        (10, "INITIAL"),
        (20, "INITIAL"),
    ]
    assert (gateway.outcome.passed, gateway.outcome.blocked) == (10 * MB, 20 * MB)
    adds_up(gateway.outcome, server)


def test_a_refused_group_asks_again_in_its_session() -> None:
    server = Server(balance=10 * MB, final=None)
    gateway = Gateway(server.answer, "somebody", retry_after=seconds(5))
    gateway.offer([download(30, 30 * MB)])
    gateway.advance(NINE + seconds(12))
    server.balance = 1000 * MB
    gateway.end(NINE + seconds(30))
    assert [row[0] for row in told(gateway.outcome)] == [0, 10, 15, 25, 30]
    assert gateway.outcome.blocked == 5 * MB
    adds_up(gateway.outcome, server)


def test_a_refused_group_without_traffic_does_not_ask() -> None:
    server = Server(balance=10 * MB, final=None)
    gateway = Gateway(server.answer, "somebody", retry_after=seconds(5))
    gateway.offer([download(12, 12 * MB), download(12, 12 * MB, start=100)])
    gateway.advance(NINE + seconds(101))
    assert [row[0] for row in told(gateway.outcome)] == [0, 10, 100]


def test_free_traffic_flows_without_control_and_is_recorded() -> None:
    server = Server(free=frozenset([7]))
    outcome = Gateway(server.answer, "somebody").carry([download(5, 5 * MB), download(5, 50 * MB, group=7)])
    assert outcome.passed == 55 * MB
    assert (outcome.online_total, outcome.reconcile().offline) == (5 * MB, 50 * MB)
    adds_up(outcome, server)


def test_where_credit_control_does_not_apply_records_are_all_there_is() -> None:
    """A postpaid line that is charged from its records: they close at a volume or a time, and at the end."""
    server = Server(result=ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
    gateway = Gateway(server.answer, "somebody", record_volume=20 * MB, record_time=seconds(30))
    outcome = gateway.carry([download(25, 50 * MB), download(10, 1 * MB, start=40)])
    assert len(outcome.messages) == 1
    assert [(r.octets.total, r.duration / seconds(1), r.cause) for r in outcome.records] == [
        (20 * MB, 10, Cause.VOLUME_LIMIT),
        (20 * MB, 10, Cause.VOLUME_LIMIT),
        (11 * MB, 30, Cause.TIME_LIMIT),
    ]
    assert (outcome.online_total, outcome.offline_total) == (0, 51 * MB)
    adds_up(outcome)


def test_a_record_is_closed_in_time_though_nothing_else_happens_meanwhile() -> None:
    flows = [download(100, 1000 * MB), download(25, MB, start=200)]
    outcome = Gateway(Server(quota=10**12).answer, "somebody", record_time=seconds(30)).carry(flows)
    told = [
        ((record.opened - NINE).seconds, (record.closed - NINE).seconds, record.cause) for record in outcome.records
    ]
    assert told == [
        (0, 30, Cause.TIME_LIMIT),
        (30, 60, Cause.TIME_LIMIT),
        (60, 90, Cause.TIME_LIMIT),
        (90, 120, Cause.TIME_LIMIT),
        (200, 225, Cause.NORMAL_RELEASE),
    ]
    assert [record.octets.total for record in outcome.records] == [300 * MB, 300 * MB, 300 * MB, 100 * MB, MB]
    adds_up(outcome)


def test_it_is_not_asked_again_whether_credit_control_applies_nor_is_that_usage_reported_later() -> None:
    server = Server(result=ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
    gateway = Gateway(server.answer, "somebody")
    gateway.offer([download(300, 30 * MB)])
    gateway.end(NINE + seconds(300))
    assert len(gateway.outcome.messages) == 1
    server.result = ResultCode.SUCCESS
    outcome = gateway.carry([download(5, 5 * MB, start=400)])
    assert (outcome.online_total, outcome.reconcile().offline) == (5 * MB, 30 * MB)
    adds_up(outcome, server)


def test_a_session_of_free_groups_only_goes_on() -> None:
    outcome = Gateway(Server(free=frozenset([7])).answer, "somebody").carry([download(5, 5 * MB, group=7)])
    assert (outcome.passed, outcome.blocked) == (5 * MB, 0)
    adds_up(outcome)


def test_a_group_that_an_answer_does_not_mention_is_blocked_and_asked_for_again() -> None:
    server = Server()

    def forgetful(request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        answer = server.answer(request, at=at)
        return replace(answer, services=()) if request.number == 0 else answer

    outcome = Gateway(forgetful, "somebody", retry_after=seconds(5)).carry([download(9, 9 * MB)])
    assert [row[0] for row in told(outcome)] == [0, 5, 9]
    assert outcome.blocked == 5 * MB


def test_an_unknown_user_is_denied_at_first_and_a_failure_later() -> None:
    server = Server(result=ResultCode.USER_UNKNOWN)
    gateway = Gateway(server.answer, "somebody", handling=FailureHandling.CONTINUE)
    assert gateway.carry([download(5, 5 * MB)]).passed == 0
    server = Server()
    gateway = Gateway(server.answer, "somebody", handling=FailureHandling.CONTINUE)
    gateway.offer([download(20, 20 * MB)])
    gateway.advance(NINE + seconds(5))
    server.result = ResultCode.USER_UNKNOWN
    outcome = gateway.carry([])
    assert (outcome.passed, outcome.reconcile().offline, outcome.reconcile().lost) == (20 * MB, 10 * MB, 10 * MB)


# --------------------------------------------------------------------------------------- latency, overshoot


def test_while_it_waits_traffic_flows_beyond_the_grant() -> None:
    """1 MB/s and 2 s: 2 MB at the start and 2 MB at each of two reports, which the next grant pays for."""
    server = Server()
    outcome = Gateway(server.answer, "somebody", latency=seconds(2)).carry([download(25, 25 * MB)])
    assert told(outcome) == [
        (0, "INITIAL", 0, 0, ""),
        (10, "UPDATE", 1, 10 * MB, "QUOTA_EXHAUSTED"),
        (20, "UPDATE", 2, 10 * MB, "QUOTA_EXHAUSTED"),
        (25, "TERMINATION", 3, 5 * MB, "FINAL"),
    ]
    assert outcome.overshoot == 6 * MB
    assert outcome.blocked == 0
    adds_up(outcome, server)


def test_overshoot_is_counted_once_however_the_bytes_come() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", latency=seconds(2), record_volume=MB // 2)
    assert gateway.carry([download(25, 25 * MB)]).overshoot == 6 * MB


def test_or_it_is_blocked_until_the_answer_is_there() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", latency=seconds(2), lets_flow=False)
    outcome = gateway.carry([download(25, 25 * MB)])
    assert [(row[0], row[3]) for row in told(outcome)] == [(0, 0), (12, 10 * MB), (24, 10 * MB), (26, 0)]
    assert (outcome.passed, outcome.blocked, outcome.overshoot) == (20 * MB, 5 * MB, 0)
    adds_up(outcome, server)


def test_a_threshold_wide_enough_for_the_delay_avoids_overshoot() -> None:
    server = Server(template=ServiceAnswer(0, ResultCode.SUCCESS, threshold=2 * MB))
    gateway = Gateway(server.answer, "somebody", latency=seconds(2), lets_flow=False)
    outcome = gateway.carry([download(25, 25 * MB)])
    assert outcome.blocked == 2 * MB, "the first two seconds: nothing has been granted yet"
    assert outcome.overshoot == 0
    adds_up(outcome, server)


def test_overshoot_at_the_end_of_the_credit_is_reported_and_cannot_be_paid() -> None:
    """12 MB of credit: the last 2 MB come with the answer at 12, when 2 MB of the 12 have flowed beyond the grant."""
    server = Server(balance=12 * MB, final=None)
    gateway = Gateway(server.answer, "somebody", latency=seconds(3), retry_after=seconds(3600))
    outcome = gateway.carry([download(30, 30 * MB)])
    assert told(outcome)[1:] == [
        (10, "UPDATE", 1, 10 * MB, "QUOTA_EXHAUSTED"),
        (13, "UPDATE", 2, 3 * MB, "QUOTA_EXHAUSTED"),
        (30, "TERMINATION", 3, 3 * MB, "FINAL"),
    ]
    assert (outcome.passed, outcome.overshoot) == (16 * MB, 9 * MB)
    both = outcome.reconcile(charged=server.charged)
    assert (both.reported, both.charged, both.uncollected) == (16 * MB, 12 * MB, 4 * MB)
    adds_up(outcome, server)


# -------------------------------------------------------------------------------------------- nobody answers

OUTAGE = (NINE + seconds(5), NINE + seconds(305))


def in_outage(handling: FailureHandling, length: float = 400, **settings: object) -> tuple[Outcome, Server]:
    server = Server()
    link = Link(server.answer, outages=[OUTAGE])
    gateway = Gateway(link, "somebody", handling=handling, **settings)  # type: ignore[arg-type]
    return gateway.carry([download(length, int(length) * MB)]), server


def test_an_outage_with_terminate_stops_the_service_when_tx_expires() -> None:
    outcome, server = in_outage(FailureHandling.TERMINATE, retry_after=seconds(60))
    assert [(row[0], row[1]) for row in told(outcome)[:4]] == [
        (0, "INITIAL"),
        (10, "UPDATE"),
        (80, "INITIAL"),  # given up at 20; again after a minute, and so on
        (150, "INITIAL"),
    ]
    assert outcome.records[0].fate is Fate.UNCONFIRMED
    assert (outcome.records[1].fate, outcome.records[1].octets.total) == (Fate.LOST, 10 * MB)
    assert outcome.records[1].cause is Cause.FAILURE_TERMINATED
    both = outcome.reconcile()
    # At 10, 80, 150, 220 and 290 ten seconds each flow while Tx runs; the request of second 10 reported 10 MB.
    assert (both.lost, both.unconfirmed, both.offline) == (50 * MB, 10 * MB, 0)
    assert outcome.blocked == 5 * 60 * MB - 20 * MB + 20 * MB
    adds_up(outcome, server)


def test_an_outage_with_continue_costs_the_user_nothing_and_is_reported_afterwards() -> None:
    outcome, server = in_outage(FailureHandling.CONTINUE, retry_after=seconds(60))
    assert outcome.blocked == 0
    assert outcome.passed == 400 * MB
    late = outcome.of(Fate.LATE)
    assert late
    assert outcome.of(Fate.OFFLINE) == ()
    both = outcome.reconcile()
    # The 10 MB of the request that nobody answered may have arrived: they are not reported twice.
    assert (both.unconfirmed, both.lost, both.offline) == (10 * MB, 0, 0)
    assert server.charged == 390 * MB
    adds_up(outcome, server)


def test_with_continue_a_gateway_that_blocks_does_so_only_until_tx_expires_for_the_first_time() -> None:
    outcome, server = in_outage(FailureHandling.CONTINUE, lets_flow=False, retry_after=seconds(60))
    assert outcome.blocked == 10 * MB
    adds_up(outcome, server)


def test_a_user_who_left_is_not_carried_on_without_control() -> None:
    server = Server()
    link = Link(server.answer, outages=[OUTAGE])
    gateway = Gateway(link, "somebody", handling=FailureHandling.CONTINUE)
    gateway.offer([download(100, 100 * MB)])
    gateway.end(NINE + seconds(15))
    gateway.advance(NINE + seconds(75))
    assert gateway.state is State.IDLE
    outcome = gateway.carry([download(10, 10 * MB, start=80)])
    assert [row[:2] for row in told(outcome)][1:4] == [(10, "UPDATE"), (40, "UPDATE"), (80, "INITIAL")]
    adds_up(outcome, server)


def test_with_continue_what_is_not_reported_by_the_end_is_an_offline_record() -> None:
    outcome, server = in_outage(FailureHandling.CONTINUE, length=200, retry_after=seconds(60))
    both = outcome.reconcile()
    assert outcome.passed == 200 * MB
    assert (both.reported, both.unconfirmed, both.offline, both.lost) == (0, 10 * MB, 190 * MB, 0)
    assert {record.cause for record in outcome.of(Fate.OFFLINE)} >= {Cause.FAILURE_CONTINUED}
    adds_up(outcome, server)


def test_a_late_report_to_a_session_that_is_gone_leaves_the_offline_records_to_others() -> None:
    server = Server()
    link = Link(server.answer, outages=[OUTAGE])
    gateway = Gateway(link, "somebody", handling=FailureHandling.CONTINUE, retry_after=seconds(300))
    gateway.offer([download(400, 400 * MB)])
    gateway.advance(NINE + seconds(371))  # at 370 a session has been opened again
    assert gateway.state is State.OPEN
    server.result = ResultCode.UNKNOWN_SESSION_ID
    gateway.advance(NINE + seconds(385))  # its report failed at 380, and it flows on without control
    both = gateway.outcome.reconcile()
    assert (both.reported, both.offline, both.lost, both.unconfirmed) == (0, 360 * MB, 10 * MB, 10 * MB)


def test_an_outage_with_retry_goes_on_while_it_tries_the_other_way_then_stops() -> None:
    outcome, server = in_outage(FailureHandling.RETRY_AND_TERMINATE, length=100, retry_after=seconds(3600))
    assert [(m.at - NINE) / seconds(1) for m in outcome.messages] == [0, 10, 40]
    first, again = outcome.messages[1:]
    assert not first.request.retransmitted
    assert again.request == replace(first.request, retransmitted=True)
    assert again.alternative
    assert outcome.passed == 70 * MB, "until the second try has timed out"
    both = outcome.reconcile()
    assert (both.unconfirmed, both.lost) == (10 * MB, 60 * MB)
    assert outcome.records[-1].cause is Cause.FAILURE_RETRIED
    adds_up(outcome, server)


def test_an_alternative_server_takes_the_session_over() -> None:
    server = Server()
    link = Link(server.answer, outages=[OUTAGE])
    handling = FailureHandling.RETRY_AND_TERMINATE
    gateway = Gateway(link, "somebody", handling=handling, alternative=server.answer)
    outcome = gateway.carry([download(60, 60 * MB)])
    assert outcome.blocked == 0
    assert server.charged == 60 * MB
    assert outcome.reconcile().difference == 0
    adds_up(outcome, server)


@pytest.mark.parametrize("handling", [FailureHandling.CONTINUE, FailureHandling.RETRY_AND_TERMINATE])
def test_a_request_whose_answer_was_lost_is_sent_again_and_charged_once(handling: FailureHandling) -> None:
    server = Server()
    link = Link(server.answer, loses=[2])
    outcome = Gateway(link, "somebody", handling=handling).carry([download(60, 60 * MB)])
    first, again = outcome.messages[1], outcome.messages[2]
    assert (first.answer, again.request) == (None, replace(first.request, retransmitted=True))
    assert (again.at - first.at) == seconds(30)
    assert again.answer is not None
    assert server.charged == 60 * MB == outcome.online_total
    assert outcome.reconcile().difference == 0
    adds_up(outcome, server)


def test_with_terminate_a_lost_answer_ends_the_session_and_the_charge_stays_unconfirmed() -> None:
    server = Server()
    link = Link(server.answer, loses=[2])
    outcome = Gateway(link, "somebody", retry_after=seconds(3600)).carry([download(60, 60 * MB)])
    both = outcome.reconcile(charged=server.charged)
    assert (server.charged, both.reported, both.unconfirmed, both.lost) == (10 * MB, 0, 10 * MB, 10 * MB)
    adds_up(outcome, server)


def test_an_answer_that_comes_after_tx_finds_the_service_going_on() -> None:
    server = Server(quota=20 * MB)
    gateway = Gateway(server.answer, "somebody", handling=FailureHandling.CONTINUE, latency=seconds(15))
    outcome = gateway.carry([download(40, 40 * MB)])
    assert outcome.blocked == 0
    assert outcome.reconcile().difference == 0
    adds_up(outcome, server)


def test_after_a_late_answer_a_gateway_that_blocks_blocks_again() -> None:
    handling, server = FailureHandling.CONTINUE, Server()
    gateway = Gateway(server.answer, "somebody", handling=handling, latency=seconds(15), lets_flow=False)
    outcome = gateway.carry([download(39, 39 * MB)])
    # Blocked until Tx at 10, granted until the answer at 15 and the end of its 10 MB at 20; the same from there.
    assert [row[0] for row in told(outcome)] == [0, 20, 39]
    assert outcome.blocked == 20 * MB
    adds_up(outcome, server)


def test_the_answer_to_the_first_try_counts_if_it_comes_first() -> None:
    handling, server = FailureHandling.CONTINUE, Server(quota=100 * MB)
    gateway = Gateway(server.answer, "somebody", handling=handling, latency=seconds(35))
    first, again, *_ = gateway.carry([download(50, 50 * MB)]).messages
    assert (first.answered, again.answered) == (NINE + seconds(35), None)
    assert again.request.retransmitted


def test_while_it_waits_past_tx_even_a_gateway_that_blocks_lets_traffic_flow() -> None:
    outcome, server = in_outage(
        FailureHandling.RETRY_AND_TERMINATE, length=100, lets_flow=False, retry_after=seconds(3600)
    )
    assert outcome.passed == (10 + 50) * MB, "blocked for the ten seconds of Tx, then granted for fifty"
    adds_up(outcome, server)


def test_a_failure_during_final_units_always_ends_the_service() -> None:
    portal = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
    server = Server(balance=10 * MB, final=portal)
    link = Link(server.answer, outages=[OUTAGE])
    gateway = Gateway(link, "somebody", handling=FailureHandling.CONTINUE, retry_after=seconds(3600))
    outcome = gateway.carry([download(60, 60 * MB)])
    assert [row[0] for row in told(outcome)] == [0, 10]
    flow = outcome.flows[0]
    assert (flow.passed.total, flow.redirected.total, flow.blocked.total) == (10 * MB, 10 * MB, 40 * MB)
    adds_up(outcome, server)


@pytest.mark.parametrize(
    ("handling", "sent"), [(FailureHandling.RETRY_AND_TERMINATE, [0, 20, 50]), (FailureHandling.TERMINATE, [0, 20])]
)
def test_a_termination_that_nobody_answers_ends_the_session_all_the_same(
    handling: FailureHandling, sent: list[int]
) -> None:
    server = Server(quota=100 * MB)
    link = Link(server.answer, outages=[OUTAGE])
    gateway = Gateway(link, "somebody", handling=handling)
    outcome = gateway.carry([download(20, 20 * MB)])
    assert [row[0] for row in told(outcome)] == sent
    assert outcome.messages[-1].request.type is RequestType.TERMINATION
    assert gateway.state is State.IDLE
    assert gateway.now == NINE + seconds(sent[-1] + 30)
    assert outcome.reconcile().unconfirmed == 20 * MB
    adds_up(outcome, server)


def test_a_user_who_leaves_while_an_answer_is_awaited_is_terminated_after_it() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", latency=seconds(2))
    gateway.offer([download(60, 60 * MB)])
    gateway.end(NINE + seconds(11))
    assert gateway.state is State.PENDING_UPDATE
    gateway.advance(NINE + seconds(20))
    assert told(gateway.outcome)[2:] == [(12, "TERMINATION", 2, 1 * MB, "FINAL")]
    flow = gateway.outcome.flows[0]
    assert (flow.passed.total, flow.blocked.total) == (11 * MB, 49 * MB)
    adds_up(gateway.outcome, server)


def test_traffic_that_comes_while_a_session_is_being_closed_waits_for_the_next_one() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", latency=seconds(2))
    gateway.offer([download(11, 11 * MB)])
    gateway.end(NINE + seconds(11))
    outcome = gateway.carry([download(9, 9 * MB, start=11)])
    assert [row[:2] for row in told(outcome)][1:4] == [(10, "UPDATE"), (12, "TERMINATION"), (14, "INITIAL")]
    assert outcome.blocked == 3 * MB
    adds_up(outcome, server)


def test_a_session_the_server_does_not_know_leaves_its_report_lost() -> None:
    server = Server()
    gateway = Gateway(server.answer, "somebody", retry_after=seconds(3600))
    gateway.offer([download(30, 30 * MB)])
    gateway.advance(NINE + seconds(5))
    server.result = ResultCode.UNKNOWN_SESSION_ID
    gateway.end(NINE + seconds(30))
    both = gateway.outcome.reconcile()
    assert (both.reported, both.lost) == (0, 10 * MB)
    assert gateway.outcome.passed == 10 * MB


# --------------------------------------------------------------------------------- several gateways, frames


def test_two_devices_compete_for_the_last_slice() -> None:
    server = Server(balance=15 * MB)
    phone = Gateway(server.answer, "somebody", name="phone", retry_after=seconds(3600))
    tablet = Gateway(server.answer, "somebody", name="tablet", retry_after=seconds(3600))
    phone.offer([download(20, 20 * MB)])
    tablet.offer([download(20, 20 * MB, start=1)])
    advance_together([phone, tablet], NINE + seconds(30))
    for gateway in (phone, tablet):
        gateway.end(NINE + seconds(30))
        adds_up(gateway.outcome)
    assert phone.outcome.passed == 10 * MB
    assert tablet.outcome.passed == 5 * MB
    assert server.charged == 15 * MB


def test_what_is_granted_and_used_can_be_watched() -> None:
    gateway = Gateway(Server().answer, "somebody")
    gateway.offer([download(20, 20 * MB)])
    gateway.advance(NINE + seconds(13))
    assert gateway.quotas == {0: (10 * MB, 3 * MB)}
    assert gateway.due == NINE + seconds(20)
    assert gateway.outcome.passed == 13 * MB


def test_frames() -> None:
    outcome, _ = in_outage(FailureHandling.CONTINUE)
    messages, records = outcome.to_frame(), outcome.records_frame()
    assert list(messages["type"])[:3] == ["INITIAL", "UPDATE", "UPDATE"]
    assert list(messages["t_flag"])[:3] == [False, False, True]
    assert list(messages["result"])[:3] == ["SUCCESS", "no answer", "no answer"]
    assert list(messages["reason"])[:2] == ["", "QUOTA_EXHAUSTED"]
    assert records["downlink"].sum() == outcome.passed
    assert records.index.tolist() == list(range(1, len(records) + 1))
    assert "failure continued" in set(records["cause"])
    assert len(Outcome((), (), (), 0, ()).to_frame()) == 0


# -------------------------------------------------------------------------------------------------- inputs


@pytest.mark.parametrize(
    ("settings", "field", "expected"),
    [
        ({"latency": seconds(-1)}, "latency", "a time of 0:00:00 or longer"),
        ({"latency": 2}, "latency", "a time of 0:00:00 or longer"),
        ({"tx": seconds(0)}, "Tx", "a time of 0:00:00.000001 or longer"),
        ({"timeout": seconds(5)}, "request timeout", "a time of 0:00:10 or longer"),
        ({"retry_after": seconds(0)}, "retry after", "a time of 0:00:01 or longer"),
        ({"idle": seconds(0)}, "idle", "a time of 0:00:00.000001 or longer"),
        ({"requests": -1}, "requested units", "a whole number of bytes, 0 or more"),
        ({"record_volume": 0}, "record volume", "a whole number of bytes, 1 or more"),
        ({"record_time": seconds(0)}, "record time", "a time of 0:00:01 or longer"),
        ({"always_free": [1.5]}, "rating group", "a whole number, 0 or more"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], field: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        Gateway(Server().answer, "somebody", **settings)  # type: ignore[arg-type]
    assert (caught.value.field, caught.value.expected) == (field, expected)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Flow(NINE, NINE - seconds(1)), "flow until"),
        (lambda: Flow(NINE.replace(tzinfo=None), NINE), "flow from"),
        (lambda: Flow(NINE, NINE, uplink=0.5), "uplink"),  # type: ignore[arg-type]
        (lambda: Flow(NINE, NINE, downlink=-1), "downlink"),
        (lambda: Flow(NINE, NINE, rating_group=-1), "rating group"),
        (lambda: Link(Server().answer, outages=[(NINE, NINE - seconds(1))]), "outage until"),
        (lambda: Link(Server().answer, loses=[0]), "lost answer"),
    ],
)
def test_traffic_and_outages_that_cannot_be(make: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.field == field


def test_time_does_not_run_back() -> None:
    gateway = Gateway(Server().answer, "somebody")
    gateway.advance(NINE)
    with pytest.raises(InputError, match=r"^at: "):
        gateway.advance(NINE - seconds(1))
    with pytest.raises(InputError, match=r"^flow from: "):
        gateway.offer([download(1, 1), download(1, 1, start=-1)])
    assert gateway.outcome.flows == ()
    assert gateway.due is None


# ------------------------------------------------------------------------------------------------- metering


@given(
    up=st.integers(0, 10**12),
    down=st.integers(0, 10**12),
    length=st.integers(0, 10**10),
    cuts=st.lists(st.tuples(st.integers(0, 10**10), st.integers(1, 10**12)), max_size=20),
)
def test_however_a_flow_is_cut_its_parts_add_up(up: int, down: int, length: int, cuts: list[tuple[int, int]]) -> None:
    stream = Stream(Flow(NINE, NINE + timedelta(microseconds=length), up, down))
    total = Octets()
    for after, most in sorted(cuts):
        part = stream.take(stream.start + after, most)
        assert min(part) >= 0
        total += part
    assert total + stream.take(stream.end) == Octets(up, down)


@given(
    volumes=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 5 * 10**6)), min_size=1, max_size=4),
    wanted=st.integers(1, 10**7),
)
def test_the_tick_at_which_so_many_bytes_wait_is_the_first(volumes: list[tuple[int, int]], wanted: int) -> None:
    streams = [Stream(Flow(NINE, NINE + timedelta(microseconds=length), 0, volume)) for volume, length in volumes]
    start, end = tick(NINE), tick(NINE) + 5 * 10**6
    found = reaches(streams, wanted, start, end)
    if found is None:
        assert sum(volume for volume, _ in volumes) < wanted
    else:
        assert start < found <= end
        assert sum(stream.waiting(found) for stream in streams) >= wanted
        assert found == start + 1 or sum(stream.waiting(found - 1) for stream in streams) < wanted


def test_a_trace_of_usage_is_flows() -> None:
    usage = month("commuter", seed=7, days=2)
    flows = flows_of(usage)
    assert sum(flow.volume for flow in flows) == usage.total
    assert flows[0].until - flows[0].at == timedelta(minutes=10)


# ------------------------------------------------------------------------------------------------------ laws

moments = st.integers(0, 600).map(seconds)
flows = st.builds(
    lambda at, length, up, down, group: Flow(NINE + at, NINE + at + length, up, down, group),
    moments,
    moments,
    st.integers(0, 3 * MB),
    st.integers(0, 30 * MB),
    st.integers(0, 2),
)
spans = st.lists(moments, max_size=4).map(
    lambda edges: [
        (NINE + start, NINE + end) for start, end in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)
    ]
)
finals = st.sampled_from([None, *(FinalUnit(action, "https://top-up.example") for action in FinalUnitAction)])
templates = st.builds(
    ServiceAnswer,
    st.just(0),
    st.just(ResultCode.SUCCESS),
    validity=st.none() | st.integers(1, 300).map(seconds),
    threshold=st.none() | st.integers(0, 4 * MB // 10) | st.just(12 * MB),
    holding_time=st.none() | st.integers(1, 100).map(seconds),
    tariff_change=st.none() | moments.map(lambda after: NINE + after),
)
settings = st.fixed_dictionaries(
    {
        "handling": st.sampled_from(FailureHandling),
        "latency": st.integers(0, 40).map(seconds),
        "lets_flow": st.booleans(),
        "idle": st.none() | st.integers(1, 100).map(seconds),
        "record_volume": st.none() | st.integers(MB, 20 * MB),
        "record_time": st.none() | st.integers(10, 100).map(seconds),
        "always_free": st.sampled_from([(), (2,)]),
    }
)


@given(
    flows=st.lists(flows, max_size=6),
    outages=spans,
    loses=st.sets(st.integers(1, 8), max_size=3),
    balance=st.integers(0, 60 * MB),
    quota=st.integers(MB // 2, 12 * MB),
    final=finals,
    template=templates,
    settings=settings,
    events=st.lists(st.tuples(moments, st.sampled_from(["reauthorise", "change_rating", "end"])), max_size=3),
)
def test_every_byte_is_accounted_for(
    flows: list[Flow],
    outages: list[tuple[datetime, datetime]],
    loses: set[int],
    balance: int,
    quota: int,
    final: FinalUnit | None,
    template: ServiceAnswer,
    settings: dict[str, object],
    events: list[tuple[timedelta, str]],
) -> None:
    def run() -> tuple[Outcome, Server]:
        server = Server(balance=balance, quota=quota, final=final, template=template)
        gateway = Gateway(Link(server.answer, outages, loses), "somebody", **settings)  # type: ignore[arg-type]
        gateway.advance(NINE)
        gateway.offer(flows)
        for after, what in sorted(events):
            try:
                getattr(gateway, what)(NINE + after)
            except Refused:
                assert what == "reauthorise"
        return gateway.carry([]), server

    outcome, server = run()
    adds_up(outcome, server)
    if not outages and not loses and settings["latency"] < seconds(10):  # type: ignore[operator]
        both = outcome.reconcile()
        assert both.unconfirmed == 0
        assert both.reported == server.charged + server.uncollected
    used_before = [s for m in outcome.messages for s in m.request.services if s.used_before_change]
    assert all(s.used and s.used_before_change.total <= s.used.total for s in used_before if s.used_before_change)
    again, _ = run()
    assert again == outcome, "the same traffic gives the same messages"


def test_reporting_reasons_all_close_records() -> None:
    from prepaid_model.records import CAUSES

    assert set(CAUSES) == set(ReportingReason)
