"""The asking half of a gateway: one credit-control session at a time, as the RFC's state table says.

It knows what was granted and what was counted (`prepaid_model.quota`), sends requests, obeys answers,
and watches the timers. How traffic flows is the other half's matter, `prepaid_model.gateway`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    FailureHandling,
    FinalUnitAction,
    Octets,
    ReportingReason,
    RequestType,
)
from prepaid_model.exchange import Exchange, Signal, meaning
from prepaid_model.metering import moment
from prepaid_model.quota import GRACEFUL, Draft, Gate, Quota, Reason
from prepaid_model.records import Cause, Fate, heard
from prepaid_model.states import CLIENT_SESSION, Do, Event, State, step

_EVENTS = {
    None: Event.RATING_CHANGED,
    ReportingReason.VALIDITY_TIME: Event.VALIDITY_ELAPSED,
    ReportingReason.QHT: Event.VALIDITY_ELAPSED,
    ReportingReason.RATING_CONDITION_CHANGE: Event.RATING_CHANGED,
}
_FAILED = {
    FailureHandling.CONTINUE: Cause.FAILURE_CONTINUED,
    FailureHandling.RETRY_AND_TERMINATE: Cause.FAILURE_RETRIED,
    FailureHandling.TERMINATE: Cause.FAILURE_TERMINATED,
}
_FAILURES = (Event.FAILURE_TO_SEND, Event.TX_EXPIRED, Event.FAILED_ANSWER)
_SENDS = {
    Do.SEND_INITIAL: RequestType.INITIAL,
    Do.SEND_UPDATE: RequestType.UPDATE,
    Do.SEND_TERMINATION: RequestType.TERMINATION,
}


class Verdict(Enum):
    """What is to be done with bytes that have arrived."""

    CARRY = "carry"
    BLOCK = "block"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a `prepaid_model.gateway.Gateway` was told; times are ticks."""

    handling: FailureHandling
    lets_flow: bool
    retry_after: int
    requests: int
    always_free: frozenset[int]
    record_volume: int | None
    record_time: int | None


class Client:
    """A credit-control client that serves one subscriber.

    Attributes
    ----------
    state : State
        Where its session stands.
    ending : bool
        Whether its user has gone, and only the last messages are missing.
    quotas : dict of int to Quota
        The rating groups of the session.
    book, redirects : list
        The closed usage records, and when traffic was redirected.
    """

    def __init__(self, exchange: Exchange, name: str, subscriber: str, settings: Settings) -> None:
        self._exchange, self._name, self._subscriber, self._set = exchange, name, subscriber, settings
        self.state = State.IDLE
        self.quotas: dict[int, Quota] = {}
        self.book: list[Draft] = []
        self.redirects: list[tuple[datetime, str]] = []
        self._sessions = self._number = 0
        self._reasons: dict[int, Reason] = {}
        self._retry_at: int | None = 0
        self._uncontrolled = self._granted_meanwhile = False
        self.ending = self._rating_changed = False
        self._offline: dict[int, list[Draft]] = {}

    # What traffic wants to know and tells

    def demand(self, groups: Collection[int], now: int) -> None:
        """Ask for the rating groups that have traffic and no quota, if it is time to."""
        groups = [group for group in groups if group not in self._set.always_free]
        if self.state is State.IDLE:
            if groups and self._retry_at is not None and now >= self._retry_at:
                self._begin(groups, now)
            return
        for quota in map(self._quota, groups):
            if quota.gate is Gate.UNASKED and not quota.waiting:
                self._want(quota, None)
        self._go_on(now)

    def may(self, group: int) -> tuple[Verdict, int | None]:
        """Return what is to be done with a group's bytes, and with how many of them before asking again."""
        free = group in self._set.always_free and self._retry_at == 0
        stopped = self.state is State.IDLE and not self._uncontrolled and not free
        if stopped or self.ending or self.state is State.PENDING_TERMINATION:
            return Verdict.BLOCK, None
        quota = self._quota(group)
        if quota.gate is Gate.REDIRECTED:
            return Verdict.REDIRECT, None
        waits = quota.waiting and quota.gate in (Gate.UNASKED, Gate.OPEN)
        beyond = waits and (self._set.lets_flow or self._granted_meanwhile)
        if quota.gate is Gate.FREE or quota.within_grant or beyond:
            return Verdict.CARRY, quota.room()
        return Verdict.BLOCK, None

    def count(self, group: int, octets: Octets, since: int, now: int) -> int:
        """Count bytes that pass; return how many of them are beyond the grant."""
        return self._quota(group).count(octets, since, now)

    def check(self, now: int) -> None:
        """See whose quota is used: ask anew, or obey the final units."""
        for quota in self.quotas.values():
            self._check(quota, now)
        self._go_on(now)

    def end(self, now: int) -> None:
        """End the session: its user has gone."""
        if self.state is State.IDLE:
            self._close_uncontrolled(now, Cause.NORMAL_RELEASE)
            self._retry_at = 0
            return
        self.ending = True
        if self.state is not State.PENDING_TERMINATION:
            self._happen(Event.USER_TERMINATED, now)

    def reauthorise(self, now: int) -> None:
        """Ask anew for all groups: the server wishes it."""
        if self.state is State.OPEN:
            for quota in self._controlled:
                self._want(quota, ReportingReason.FORCED_REAUTHORISATION)
        self._happen(Event.REAUTHORISATION, now)

    def change_rating(self, now: int) -> None:
        """Report at a change that makes further usage cost something else."""
        if self.state is State.OPEN:
            self._want_rated()
            self._go_on(now)
        elif self.state is not State.IDLE:
            self._happen(Event.RATING_CHANGED, now)

    def timers(self, flowing: Collection[int], now: int) -> Iterator[int]:
        """Yield when something is due; `flowing` are the groups that have traffic."""
        yield from self._exchange.timers()
        if self.state is State.IDLE and flowing and self._retry_at:
            yield self._retry_at
        for group, quota in self.quotas.items():
            yield from quota.timers(now, flowing=group in flowing)

    def fire(self, flowing: Collection[int], now: int) -> bool:
        """Do what is due, once; return whether anything was."""
        did = False
        for group, quota in self.quotas.items():
            did |= quota.keep_time(now)
            for reason in quota.run_out(now, flowing=group in flowing):
                self._want(quota, reason)
                did = True
        self._go_on(now)
        signal = self._exchange.signal(now)
        if signal is Signal.ANSWER:
            self._hear(*self._exchange.receive(now), now)
        elif signal is Signal.TX:
            self._happen(Event.TX_EXPIRED, now)
        elif signal is Signal.TIMEOUT and not self._exchange.send_again(now):
            self._happen(Event.FAILURE_TO_SEND, now)
        return did or signal is not None

    def _begin(self, groups: Collection[int], now: int) -> None:
        uncontrolled = self._uncontrolled
        self._close_uncontrolled(now, Cause.FAILURE_CONTINUED)
        self._granted_meanwhile = uncontrolled
        self._sessions += 1
        self._number = 0
        for group in groups:
            self._want(self._new_quota(group, Gate.UNASKED), None)
        self._happen(Event.SERVICE_REQUESTED, now)

    def _want(self, quota: Quota, reason: Reason) -> None:
        """Put a group into the next request."""
        quota.waiting = True
        self._reasons[quota.group] = reason

    def _want_rated(self) -> None:
        for quota in self.quotas.values():
            if quota.gate is Gate.OPEN:
                self._want(quota, ReportingReason.RATING_CONDITION_CHANGE)

    def _go_on(self, now: int) -> None:
        """Send what there is to send, if the session is open; while a request is under way, it has to wait."""
        if self.state is not State.OPEN:
            return
        rating_changed, self._rating_changed = self._rating_changed, False
        if rating_changed:
            self._want_rated()
        if self.ending:
            self._happen(Event.TERMINATION_QUEUED, now)
        elif self._finished:
            self._happen(Event.FINAL_UNITS_ELAPSED, now)
        elif self._reasons:
            why = _EVENTS.get(next(iter(self._reasons.values())), Event.UNITS_ELAPSED)
            self._happen(Event.RATING_CHANGE_QUEUED if rating_changed else why, now)

    def _check(self, quota: Quota, now: int) -> None:
        reason = quota.due()
        if reason is None:
            return
        if quota.final is FinalUnitAction.TERMINATE:
            quota.shut(now + self._set.retry_after)
            reason = ReportingReason.FINAL
        elif quota.final is not None:
            before, quota.gate = quota.gate, GRACEFUL[quota.final]
            self._note_redirect(quota, before, now)
        self._want(quota, reason)

    @property
    def _finished(self) -> bool:
        """Whether every group has used up its final units."""
        return bool(self._controlled) and all(quota.finished for quota in self._controlled)

    @property
    def _controlled(self) -> list[Quota]:
        return [quota for quota in self.quotas.values() if quota.gate is not Gate.FREE]

    def _send(self, kind: RequestType, now: int) -> None:
        if kind is RequestType.TERMINATION:
            self._reasons = {quota.group: ReportingReason.FINAL for quota in self._controlled}
        graceful = any(self.quotas[group].gate in GRACEFUL.values() for group in self._reasons)
        amount = self._set.requests
        services = tuple(self.quotas[group].request(now, reason, amount) for group, reason in self._reasons.items())
        request = CreditControlRequest(self._session_id, kind, self._number, self._subscriber, services)
        self._reasons = {}
        self._number += 1
        handling = FailureHandling.TERMINATE if graceful else self._set.handling
        self._exchange.send(request, handling, now)

    def _hear(self, request: CreditControlRequest, answer: CreditControlAnswer, now: int) -> None:
        for quota in self.quotas.values():
            quota.settle(Fate.ONLINE if heard(answer, quota.group) else Fate.LOST)
        self._granted_meanwhile = False
        event = meaning(answer, self.state)
        if event is Event.SUCCESSFUL_ANSWER:
            self._obey(request, answer, now)
        self._happen(event, now)
        self.check(now)

    def _obey(self, request: CreditControlRequest, answer: CreditControlAnswer, now: int) -> None:
        given = {service.rating_group: service for service in answer.services}
        for service in request.services:
            quota = self.quotas[service.rating_group]
            before = quota.gate
            if quota.group in given:
                quota.take(given[quota.group], now, self._set.retry_after)
            else:
                quota.waiting = False
                quota.shut(now + self._set.retry_after)
            self._note_redirect(quota, before, now)

    def _note_redirect(self, quota: Quota, before: Gate, now: int) -> None:
        if quota.gate is Gate.REDIRECTED and before is not Gate.REDIRECTED:
            self.redirects.append((moment(now), quota.address))

    def _happen(self, event: Event, now: int) -> None:
        """Go on as the state table says."""
        handling = self._set.handling if self._exchange.handling is None else self._exchange.handling
        transition = step(CLIENT_SESSION, self.state, event, handling)
        self.state = transition.state
        for do in transition.actions:
            self._do(do, event, now)
        if self.state is State.IDLE:
            self._leave(now, _FAILED[handling] if event in _FAILURES else Cause.NORMAL_RELEASE)

    def _do(self, do: Do, event: Event, now: int) -> None:
        if do in _SENDS:
            self._send(_SENDS[do], now)
        elif do is Do.START_TX:
            self._exchange.start_tx(now)
        elif do is Do.GRANT_SERVICE and self.state is State.IDLE:
            self._uncontrolled = True
            self._retry_at = None if event is Event.NOT_APPLICABLE else now + self._set.retry_after
        elif do is Do.GRANT_SERVICE:
            self._granted_meanwhile = True
        elif do is Do.TERMINATE_SERVICE:
            self._uncontrolled = False
            self._retry_at = now + self._set.retry_after
        elif do is Do.QUEUE_RATING_CHANGE:
            self._rating_changed = True

    def _leave(self, now: int, cause: Cause) -> None:
        """Close the books of a session that is over."""
        for quota in self.quotas.values():
            quota.abandon(now, cause, offline=self._uncontrolled)
            self._keep_for_report(quota, free=quota.gate is Gate.FREE)
        if self.ending:
            self._uncontrolled, self._retry_at = False, 0
        self._exchange.drop()
        self.quotas, self._reasons = {}, {}
        self._granted_meanwhile = self.ending = self._rating_changed = False

    # Service without control

    @property
    def _session_id(self) -> str:
        return f"{self._name};{self._subscriber};{self._sessions}"

    def _quota(self, group: int) -> Quota:
        """Return what is known of a group; outside a session, it flows uncontrolled."""
        if group in self.quotas:
            return self.quotas[group]
        free = self.state is State.IDLE or group in self._set.always_free
        return self._new_quota(group, Gate.FREE if free else Gate.UNASKED)

    def _new_quota(self, group: int, gate: Gate) -> Quota:
        session_id = "" if gate is Gate.FREE else self._session_id
        kept = [] if gate is Gate.FREE else self._offline.pop(group, [])
        limits = self._set.record_volume, self._set.record_time
        self.quotas[group] = Quota(group, session_id, *limits, self.book, gate, unreported=kept)
        return self.quotas[group]

    def _close_uncontrolled(self, now: int, cause: Cause) -> None:
        """Close the records of what flowed outside a session."""
        for quota in self.quotas.values():
            quota.abandon(now, cause, offline=True)
            self._keep_for_report(quota, free=quota.group in self._set.always_free)
        self.quotas, self._uncontrolled = {}, False

    def _keep_for_report(self, quota: Quota, *, free: bool) -> None:
        """Keep what was carried without control because nobody answered: a session to come reports it."""
        if self._retry_at is not None and not free:
            kept = [draft for draft in quota.unreported if draft.fate is Fate.OFFLINE]
            self._offline.setdefault(quota.group, []).extend(kept)
