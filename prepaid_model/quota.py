"""What a gateway knows about one rating group of a session: its quota, its timers, its usage records.

What is used counts against the grant from the last report on; a new grant replaces the old one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from prepaid_model.credit_control import (
    FinalUnitAction,
    Octets,
    ReportingReason,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.metering import tick, ticks
from prepaid_model.records import CAUSES, Cause, Fate

Reason = ReportingReason | None
"""Why a rating group is in a request; None if quota is only asked for."""


class Gate(Enum):
    """What happens to the traffic of a rating group."""

    UNASKED = "no quota has been asked for"
    OPEN = "flows, within its quota"
    FREE = "flows, credit control does not apply"
    SHUT = "is blocked"
    REDIRECTED = "is redirected"
    RESTRICTED = "is restricted to what is always free"


GRACEFUL: Mapping[FinalUnitAction | None, Gate] = {
    FinalUnitAction.REDIRECT: Gate.REDIRECTED,
    FinalUnitAction.RESTRICT_ACCESS: Gate.RESTRICTED,
}
"""What final units lead to that do not end the service."""


@dataclass(slots=True)
class Draft:
    """A usage record in the making: still open, or closed and waiting to hear its fate."""

    session_id: str
    group: int
    opened: int
    octets: Octets = Octets()  # noqa: RUF009  a tuple: nobody can change it
    closed: int = 0
    cause: Cause = Cause.NORMAL_RELEASE
    fate: Fate = Fate.LOST


@dataclass(slots=True)
class Quota:
    """A rating group: what may pass, what has passed, when to ask anew.

    Parameters
    ----------
    group : int
        The rating group.
    session_id : str
        For its records.
    record_volume, record_time : int or None
        Bytes at which, or ticks after which, a record is closed and the next one opened.
    book : list of Draft
        Where closed records go.
    """

    group: int
    session_id: str
    record_volume: int | None
    record_time: int | None
    book: list[Draft]
    gate: Gate = Gate.UNASKED
    waiting: bool = False
    returned: bool = False
    granted: int = 0
    used: int = 0
    asks_at: int = 0
    final: FinalUnitAction | None = None
    address: str = ""
    expires: int | None = None
    holding: int = 0
    idle_since: int = 0
    tariff_change: int | None = None
    before_change: Octets | None = None
    reopens: int | None = None
    record: Draft | None = None
    unreported: list[Draft] = field(default_factory=list)
    under_way: list[Draft] = field(default_factory=list)

    @property
    def within_grant(self) -> bool:
        """Whether the next byte is within what was granted."""
        return self.gate is Gate.OPEN and self.used < self.granted

    @property
    def finished(self) -> bool:
        """Whether its last units are used up, and the service was to end with them."""
        return self.gate is Gate.SHUT and self.final is FinalUnitAction.TERMINATE

    def room(self) -> int | None:
        """Return how many bytes may be counted before something has to be done; None for no end."""
        rooms = []
        if self.gate is Gate.OPEN and not self.waiting:
            rooms.append(self.asks_at - self.used)
        elif self.within_grant:
            rooms.append(self.granted - self.used)
        if self.record_volume is not None:
            rooms.append(self.record_volume - (self.record.octets.total if self.record else 0))
        return min(rooms, default=None)

    def count(self, octets: Octets, since: int, now: int) -> int:
        """Count bytes that pass, on the open record; return how many of them are beyond the grant."""
        beyond = 0 if self.gate is Gate.FREE else max(self.used + octets.total - max(self.granted, self.used), 0)
        self.used += octets.total
        if self.record is None:
            self.record = Draft(self.session_id, self.group, since)
        self.record.octets += octets
        self.idle_since = now
        if self.record.octets.total == self.record_volume:
            self.close(now, Cause.VOLUME_LIMIT)
        return beyond

    def due(self) -> ReportingReason | None:
        """Return why quota must be asked for now, if it is because of what was used."""
        if self.gate is not Gate.OPEN or self.waiting or self.used < self.asks_at:
            return None
        return ReportingReason.QUOTA_EXHAUSTED if self.used >= self.granted else ReportingReason.THRESHOLD

    def close(self, now: int, cause: Cause) -> None:
        """Close the open record, if there is one; it waits to be reported."""
        if self.record is not None:
            self.record.closed, self.record.cause = now, cause
            self.book.append(self.record)
            self.unreported.append(self.record)
            self.record = None

    def change_tariff(self, now: int) -> None:
        """Close the record at a change of prices: what was used before it is counted apart."""
        self.tariff_change = None
        self.close(now, Cause.TARIFF_CHANGE)
        self.before_change = _total(self.unreported)

    def request(self, now: int, reason: Reason, amount: int) -> ServiceRequest:
        """Write it into a request: what was used since the last report, and how much is asked for.

        The old grant goes on until the answer; what is used from now on counts against the next one.
        """
        self.waiting = True
        if reason is None:
            return ServiceRequest(self.group, amount)
        had_quota = self.gate in (Gate.OPEN, Gate.UNASKED)
        ends = reason in (ReportingReason.QHT, ReportingReason.FINAL)
        wanted = None if ends or (self.gate is not Gate.OPEN and self._at_its_end(reason)) else amount
        used, before = self._report(now, reason)
        if not had_quota and not used.total:
            return ServiceRequest(self.group, wanted)
        return ServiceRequest(self.group, wanted, used, before, reason)

    def _at_its_end(self, reason: Reason) -> bool:
        """Whether final units are reported, and what follows them has begun."""
        return reason is ReportingReason.QUOTA_EXHAUSTED and self.final is not None

    def _report(self, now: int, reason: ReportingReason) -> tuple[Octets, Octets | None]:
        """Put what was used under way; return it, and its part before a tariff change."""
        self.close(now, CAUSES[reason])
        before, self.before_change = self.before_change, None
        self.under_way += self.unreported
        self.unreported = []
        self.granted = 0 if reason is ReportingReason.VALIDITY_TIME else max(self.granted - self.used, 0)
        self.used = 0
        self.expires = None
        return _total(self.under_way), before

    def settle(self, fate: Fate) -> None:
        """Let the records of the last report hear their fate."""
        for draft in self.under_way:
            if draft.fate is not Fate.OFFLINE:
                draft.fate = fate
            elif fate is not Fate.LOST:
                draft.fate = Fate.LATE if fate is Fate.ONLINE else fate
        self.under_way = []

    def take(self, answer: ServiceAnswer, now: int, retry_after: int) -> None:
        """Obey an answer."""
        returned, self.returned, self.waiting, self.reopens = self.returned, False, False, None
        self.holding = ticks("quota holding time", answer.holding_time) if answer.holding_time else 0
        self.idle_since, self.expires = now, None
        change = answer.tariff_change and tick(answer.tariff_change)
        self.tariff_change = change if change and change > now else None
        later = ticks("validity time", answer.validity) if answer.validity else 0
        if answer.final is not None:
            self.final, self.address = answer.final.action, answer.final.redirect_to
        if answer.result is ResultCode.CREDIT_CONTROL_NOT_APPLICABLE:
            self.gate = Gate.FREE
        elif answer.result is ResultCode.SUCCESS and answer.granted:
            self._open(answer, now, later)
        elif answer.result is ResultCode.SUCCESS and returned:
            self.give_back()
        elif self.final in GRACEFUL and (answer.final or self.gate in GRACEFUL.values()):
            # On a page to top up on one may wait for the next quota, paid or not.
            self.gate, self.granted = GRACEFUL[self.final], 0
            self.expires = now + (later or retry_after)
        else:
            self.shut(now + retry_after)

    def _open(self, answer: ServiceAnswer, now: int, validity: int) -> None:
        self.gate, self.granted = Gate.OPEN, answer.granted
        self.final = answer.final.action if answer.final else None
        # Nothing follows final units; and to ask with every byte is nobody's wish.
        early = answer.threshold is not None and self.final is None and answer.threshold < answer.granted
        self.asks_at = answer.granted - (answer.threshold or 0) if early else answer.granted
        self.expires = now + validity if validity else None

    def shut(self, until: int | None) -> None:
        """Block its traffic; `until` is when it may ask again."""
        self.gate, self.granted, self.expires, self.reopens = Gate.SHUT, 0, None, until

    def give_back(self) -> None:
        """Hold no quota any longer; ask anew with the next byte."""
        self.returned = self.gate is Gate.OPEN
        self.gate, self.granted, self.expires, self.reopens, self.final = Gate.UNASKED, 0, None, None, None

    def abandon(self, now: int, cause: Cause, *, offline: bool) -> None:
        """Close the books: nobody will answer any more, and what has not been reported stays so."""
        self.close(now, cause)
        self.settle(Fate.UNCONFIRMED)
        for draft in self.unreported:
            if offline or self.gate is Gate.FREE:
                draft.fate = Fate.OFFLINE

    def timers(self, now: int, *, flowing: bool) -> Iterator[int]:
        """Yield when a timer of its runs out; `flowing` says whether there is traffic."""
        if self.tariff_change is not None:
            yield self.tariff_change
        if self.record_time is not None and (self.record or flowing):
            # A record opens with its first byte, and what flows next is counted from now on.
            yield (self.record.opened if self.record else now) + self.record_time
        yield from self._quota_timers(flowing=flowing)

    def _quota_timers(self, *, flowing: bool) -> Iterator[int]:
        if self.waiting:
            return
        if self.expires is not None:
            yield self.expires
        if self.reopens is not None and flowing:
            yield self.reopens
        if self.holding and self.gate is Gate.OPEN and not flowing:
            yield self.idle_since + self.holding

    def keep_time(self, now: int) -> bool:
        """Close the record if the tariff changes, or if it has been open long enough; return whether it did."""
        did = False
        if self.tariff_change is not None and self.tariff_change <= now:
            self.change_tariff(now)
            did = True
        if self.record_time is not None and self.record and self.record.opened + self.record_time <= now:
            self.close(now, Cause.TIME_LIMIT)
            did = True
        return did

    def run_out(self, now: int, *, flowing: bool) -> tuple[Reason, ...]:
        """Return why it must be asked for, if a timer of its quota has run out: one reason, or nothing."""
        if not any(at <= now for at in self._quota_timers(flowing=flowing)):
            return ()
        if self.gate is Gate.OPEN and self.expires is not None and self.expires <= now:
            return (ReportingReason.VALIDITY_TIME,)
        if self.gate is Gate.OPEN:
            self.give_back()
            return (ReportingReason.QHT,)
        if self.gate is Gate.SHUT:
            self.give_back()
        return (None,)


def _total(drafts: list[Draft]) -> Octets:
    return sum((draft.octets for draft in drafts), Octets())
