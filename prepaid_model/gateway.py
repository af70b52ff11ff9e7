"""The network element that carries the bytes, counts them, and asks for quota before they flow.

A packet gateway (PGW, or SMF with UPF) with its charging trigger function: it opens a credit-control
session with the first byte, asks anew when quota runs low, runs out or is no longer valid, and ends it
with the last. It goes on as `prepaid_model.states.CLIENT_SESSION` says. Its clock is logical: time
passes from one event to the next, and the same traffic gives the same messages.

Examples
--------
>>> from prepaid_model.credit_control import CreditControlAnswer, ResultCode, ServiceAnswer
>>> from prepaid_model.units import MB, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> def generous(request, *, at):
...     services = tuple(ServiceAnswer(s.rating_group, ResultCode.SUCCESS, granted=10 * MB) for s in request.services)
...     return CreditControlAnswer(request.session_id, request.type, request.number, ResultCode.SUCCESS, services)
>>> gateway = Gateway(generous, "somebody", latency=timedelta(seconds=2))
>>> outcome = gateway.carry([Flow(nine, nine + timedelta(seconds=29), downlink=29 * MB)])
>>> [message.request.type.name for message in outcome.messages], outcome.overshoot
(['INITIAL', 'UPDATE', 'UPDATE', 'TERMINATION'], 6000000)
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

from prepaid_model.client import Client, Settings, Verdict
from prepaid_model.credit_control import FailureHandling
from prepaid_model.errors import InputError, whole
from prepaid_model.exchange import Exchange
from prepaid_model.links import Ask
from prepaid_model.metering import SECOND, Flow, Stream, moment, reaches, tick, ticks
from prepaid_model.quota import Draft
from prepaid_model.records import Carried, Outcome, UsageRecord
from prepaid_model.states import State
from prepaid_model.units import in_qatar, quantity


class Gateway:
    """A gateway that serves one subscriber's device.

    Parameters
    ----------
    ask : Ask
        The charging server, or a `prepaid_model.links.Link` to it.
    subscriber : str
        Whom it charges.
    handling : FailureHandling
        What to do when nobody answers.
    latency : timedelta
        From a request to its answer.
    lets_flow : bool
        Whether traffic beyond the grant passes while an answer is awaited, or is dropped.
    alternative : Ask or None
        Where a request goes that timed out, T flag set; None for the same way again.
    tx : timedelta
        How long it waits before the failure handling decides about the service.
    timeout : timedelta
        How long it waits before it takes a request for lost.
    retry_after : timedelta
        How long after a refusal or a failure it waits before it asks anew, if there is traffic.
    idle : timedelta or None
        Without traffic for so long, the session ends; None to keep it.
    requests : int
        Bytes it asks for at a time; 0 leaves that to the server.
    always_free : iterable of int
        Rating groups that pass uncounted while access is restricted (a page to top up on).
    record_volume, record_time : int, timedelta or None
        At how many bytes, or after how long, a usage record is closed and the next one opened.
    name : str
        Distinguishes its sessions from another gateway's.

    Attributes
    ----------
    blocked : int
        Bytes that were dropped so far.

    Raises
    ------
    InputError
        If a setting cannot be what it should be.
    """

    def __init__(
        self,
        ask: Ask,
        subscriber: str,
        *,
        handling: FailureHandling = FailureHandling.TERMINATE,
        latency: timedelta = timedelta(0),
        lets_flow: bool = True,
        alternative: Ask | None = None,
        tx: timedelta = timedelta(seconds=10),
        timeout: timedelta = timedelta(seconds=30),
        retry_after: timedelta = timedelta(minutes=1),
        idle: timedelta | None = None,
        requests: int = 0,
        always_free: Iterable[int] = (),
        record_volume: int | None = None,
        record_time: timedelta | None = None,
        name: str = "gateway",
    ) -> None:
        self.subscriber = subscriber
        waits = ticks("latency", latency), ticks("Tx", tx, least=1)
        exchange = Exchange(ask, alternative or ask, *waits, ticks("request timeout", timeout, least=waits[1]))
        settings = Settings(
            handling=FailureHandling(handling),
            lets_flow=lets_flow,
            retry_after=ticks("retry after", retry_after, least=SECOND),
            requests=quantity("requested units", requests, unit="bytes"),
            always_free=frozenset(whole("rating group", group) for group in always_free),
            record_volume=None
            if record_volume is None
            else quantity("record volume", record_volume, least=1, unit="bytes"),
            record_time=None if record_time is None else ticks("record time", record_time, least=SECOND),
        )
        self._exchange = exchange
        self._client = Client(exchange, name, subscriber, settings)
        self._idle = None if idle is None else ticks("idle", idle, least=1)
        self._now = 0
        self._coming: list[tuple[int, int, Stream]] = []
        self._streams: list[Stream] = []
        self._offered: list[Stream] = []
        self._quiet_since = 0
        self._overshoot = 0
        self.blocked = 0

    @property
    def state(self) -> State:
        """Where its credit-control session stands."""
        return self._client.state

    @property
    def now(self) -> datetime:
        """How far its clock has come."""
        return moment(self._now)

    @property
    def quotas(self) -> dict[int, tuple[int, int]]:
        """Bytes granted and bytes used of the grant, by rating group, while a session is open."""
        return {group: (quota.granted, quota.used) for group, quota in self._client.quotas.items()}

    @property
    def due(self) -> datetime | None:
        """When something happens next, if nothing else comes up; None if nothing is to come."""
        following = self._next()
        return None if following is None else moment(following)

    def offer(self, flows: Iterable[Flow]) -> None:
        """Announce traffic to come.

        Raises
        ------
        InputError
            If a flow begins before the gateway's clock.
        """
        streams = [Stream(flow) for flow in flows]
        for stream in streams:
            if stream.start < self._now:
                raise InputError("flow from", stream.flow.at, f"{self.now} or later")
        for stream in streams:
            if stream.flow.volume:
                heappush(self._coming, (stream.start, len(self._offered), stream))
            self._offered.append(stream)

    def advance(self, at: datetime) -> None:
        """Let time pass, with all that happens in it.

        Raises
        ------
        InputError
            If `at` lies before the gateway's clock.
        """
        until = self._tick_of(at)
        while (following := self._next()) is not None and following <= until:
            self._reach(following)
        self._reach(until)

    def end(self, at: datetime) -> None:
        """Let the user end the session; traffic on its way is cut off."""
        self.advance(at)
        for stream in self._streams:
            cut_off = stream.take(stream.end)
            stream.blocked += cut_off
            self.blocked += cut_off.total
        self._streams = []
        self._client.end(self._now)
        self._settle()

    def reauthorise(self, at: datetime) -> None:
        """Take a Re-Auth-Request (RAR): the server wishes to be asked anew, say after a top-up.

        Raises
        ------
        Refused
            If there is no session, or it is being opened or closed.
        """
        self.advance(at)
        self._client.reauthorise(self._now)
        self._settle()

    def change_rating(self, at: datetime) -> None:
        """Report at a change of what further usage costs: another network, another quality of service."""
        self.advance(at)
        self._client.change_rating(self._now)
        self._settle()

    def carry(self, flows: Iterable[Flow]) -> Outcome:
        """Carry traffic from its first byte to its last, end the session, and return what happened."""
        self.offer(flows)
        self.end(max([self.now, *(stream.flow.until for stream in self._offered)]))
        while self.state is not State.IDLE and (due := self.due):
            self.advance(due)
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        """What has happened so far."""
        return Outcome(
            messages=tuple(self._exchange.messages),
            records=tuple(_record(number, draft) for number, draft in enumerate(self._client.book, start=1)),
            flows=tuple(Carried(s.flow, s.passed, s.blocked, s.redirected) for s in self._offered),
            overshoot=self._overshoot,
            redirects=tuple(self._client.redirects),
        )

    def _tick_of(self, at: datetime) -> int:
        reached = tick(in_qatar("at", at))
        if reached < self._now:
            raise InputError("at", at, f"{self.now} or later")
        return reached

    def _next(self) -> int | None:
        """Return the tick at which something happens next, or some group's quota must be asked for."""
        flowing = self._flowing()
        due = [at for at in self._client.timers(flowing, self._now) if at > self._now]
        due += [stream.end for stream in self._streams]
        due += [self._coming[0][0]] if self._coming else []
        if (quiet_until := self._quiet_until) is not None:
            due.append(quiet_until)
        following = min(due, default=None)
        if following is None:
            return None
        for group in flowing:
            verdict, room = self._client.may(group)
            if verdict is Verdict.CARRY and room is not None:
                streams = [stream for stream in self._streams if stream.group == group]
                following = reaches(streams, room, self._now, following) or following
        return following

    def _reach(self, now: int) -> None:
        """Come to a tick: the bytes up to it first, then what is due, then what begins."""
        since, self._now = self._now, now
        self._let_flow(since)
        self._settle()
        while self._coming and self._coming[0][0] <= now:
            self._streams.append(heappop(self._coming)[2])
        self._settle()
        self._let_flow(now)
        if self._streams:
            self._quiet_since = now
        self._streams = [stream for stream in self._streams if stream.end > now]
        if (quiet_until := self._quiet_until) is not None and quiet_until <= now:
            self._client.end(now)
            self._settle()

    @property
    def _quiet_until(self) -> int | None:
        """When the session ends for want of traffic, if it does."""
        kept = self._idle is None or self._streams or self.state is State.IDLE or self._client.ending
        return None if kept or self._idle is None else self._quiet_since + self._idle

    def _flowing(self) -> list[int]:
        """Return the rating groups that have traffic: bytes still to come, or waiting."""
        now = self._now
        return list(dict.fromkeys(s.group for s in self._streams if s.end > now or s.waiting(now)))

    def _settle(self) -> None:
        """Do all that is due now, and what that makes due in turn."""
        while True:
            flowing = self._flowing()
            self._client.demand(flowing, self._now)
            if not self._client.fire(flowing, self._now):
                return

    def _let_flow(self, since: int) -> None:
        """Deal with the bytes that have arrived: as far as the quotas go, then see who needs more, and so on."""
        while any(stream.waiting(self._now) for stream in self._streams):
            for stream in self._streams:
                verdict, room = self._client.may(stream.group)
                octets = stream.take(self._now, room)
                if verdict is Verdict.REDIRECT:
                    stream.redirected += octets
                elif verdict is Verdict.BLOCK:
                    stream.blocked += octets
                    self.blocked += octets.total
                elif octets.total:
                    stream.passed += octets
                    self._overshoot += self._client.count(stream.group, octets, since, self._now)
            self._client.check(self._now)
            self._settle()


def advance_together(gateways: Sequence[Gateway], until: datetime) -> None:
    """Let time pass at gateways that ask the same server, so that it hears them in order.

    What is due at the same instant comes in the order of the gateways.
    """
    while True:
        due = [(at, place) for place, gateway in enumerate(gateways) if (at := gateway.due) and at <= until]
        if not due:
            break
        at, place = min(due)
        gateways[place].advance(at)
    for gateway in gateways:
        gateway.advance(until)


def _record(number: int, draft: Draft) -> UsageRecord:
    opened, closed = moment(draft.opened), moment(draft.closed)
    return UsageRecord(number, draft.session_id, draft.group, opened, closed, draft.octets, draft.cause, draft.fate)
