"""The online charging function: grants quota, debits what was used, and never gives the same byte twice.

Credit control as in RFC 8506, from the server's side (section 7 has its state table, see `states`):

- the first request of a session reserves units, an update debits what was used and reserves anew, a
  termination debits and releases; what others may reserve is the balance less all holds;
- the same session and request number again gets the same answer, and charges nothing;
- a session that falls silent is closed by the supervision timer (Tcc), and its hold is freed.

In 3GPP terms (TS 32.296) `ChargingServer` is the session and event based charging function; rating is in
`rating`, and the account balance management function in `balances` and `reservations`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from prepaid_model.buckets import Session
from prepaid_model.credit_control import (
    Action,
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnit,
    FinalUnitAction,
    Octets,
    RequestType,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.errors import InputError, Refused, whole
from prepaid_model.reservations import GENERAL, Reservations
from prepaid_model.units import MB

STOP = FinalUnit(FinalUnitAction.TERMINATE)
ANY_GROUP: Mapping[int, str] = {0: GENERAL}
_REFUSALS = (InputError, Refused)


@dataclass(frozen=True, slots=True)
class QuotaPolicy:
    """How much the server grants at a time, and for how long.

    Parameters
    ----------
    quota : int
        Bytes granted where the gateway leaves the amount to the server.
    least : int
        Bytes under which a grant is not worth a message: rather none.
    validity : timedelta
        Validity-Time; shorter where what is reserved ends sooner.
    threshold_percent : int
        Volume-Quota-Threshold, in percent of the grant; 0 for none.
    holding : timedelta or None
        Quota-Holding-Time.
    supervision : timedelta
        Tcc: how long a session may be silent. RFC 8506, 13 recommends twice the validity.
    final : FinalUnit
        What the gateway shall do when the last units are used.
    presumed : int
        Bytes a session is presumed to have used by the time the supervision timer closes it.
    """

    quota: int = 10 * MB
    least: int = 1
    validity: timedelta = timedelta(hours=1)
    threshold_percent: int = 0
    holding: timedelta | None = None
    supervision: timedelta = timedelta(hours=2)
    final: FinalUnit = STOP
    presumed: int = 0

    def __post_init__(self) -> None:
        whole("quota", self.quota, least=1, unit="bytes")
        whole("least quota", self.least, least=1, unit="bytes")
        whole("presumed usage", self.presumed, unit="bytes")
        if not 0 <= whole("threshold", self.threshold_percent, unit="percent") < 100:
            raise InputError("threshold", self.threshold_percent, "0 to 99 percent")
        if min(self.validity, self.supervision) <= timedelta(0):
            raise InputError("validity and supervision", (self.validity, self.supervision), "longer than zero")


@dataclass(slots=True)
class _Service:
    """One rating group of an open session."""

    traffic: str
    since: datetime
    session: Session = field(default_factory=Session)
    used: int = 0


@dataclass(slots=True)
class _OpenSession:
    account: Reservations
    deadline: datetime
    services: dict[int, _Service] = field(default_factory=dict)


class ChargingServer:
    """A charging server over some accounts.

    Parameters
    ----------
    accounts : mapping of str to account
        By Subscription-Id; prepaid or postpaid.
    policy : QuotaPolicy
        How much is granted at a time.
    rating_groups : mapping of int to str
        The kind of traffic of each rating group; others cannot be rated.
    uncharged : frozenset of int
        Rating groups for which credit control is not applicable: they are free.
    overdraft : str
        A cause such as "overshoot": with it, used units that nothing pays for drive the main balance below
        zero and the cause is recorded; without, they are recorded as uncollected.

    Examples
    --------
    >>> from prepaid_model.prepaid import PrepaidAccount
    >>> from prepaid_model.rating import Tariff
    >>> from prepaid_model.units import QAR, parse_moment
    >>> nine = parse_moment("2026-01-01 09:00")
    >>> account = PrepaidAccount(Tariff(price=50_000), opened=nine, out_of_bundle=True)
    >>> _ = account.top_up(5 * QAR, at=nine)
    >>> server = ChargingServer({"sim 1": account})
    >>> asked = CreditControlRequest("s1", RequestType.INITIAL, 0, "sim 1", (ServiceRequest(0, requested=8 * MB),))
    >>> answer = server.answer(asked, at=nine)
    >>> answer.result.name, answer.service(0).granted, account.held
    ('SUCCESS', 8000000, 400000)
    """

    def __init__(
        self,
        accounts: Mapping[str, Reservations],
        policy: QuotaPolicy | None = None,
        *,
        rating_groups: Mapping[int, str] = ANY_GROUP,
        uncharged: frozenset[int] = frozenset(),
        overdraft: str = "",
    ) -> None:
        self.accounts = accounts
        self.policy = policy or QuotaPolicy()
        self.rating_groups = rating_groups
        self.uncharged = uncharged
        self.overdraft = overdraft
        self._sessions: dict[str, _OpenSession] = {}
        self._operations: dict[str, list[int]] = {}
        self._answered: dict[tuple[str, int], tuple[CreditControlRequest, CreditControlAnswer]] = {}

    @property
    def open_sessions(self) -> tuple[str, ...]:
        """Names of the sessions that are open, oldest first."""
        return tuple(self._sessions)

    def answer(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        """Answer a request; a duplicate of one gets the answer that one got.

        Raises
        ------
        InputError
            If `at` lies before the clock of the account.
        """
        self.advance(at)
        plain = replace(request, retransmitted=False)
        known = self._answered.get((request.session_id, request.number))
        if known:
            # The same number for something else is no duplicate: it is refused, and changes nothing.
            return known[1] if known[0] == plain else _failed(request, ResultCode.UNABLE_TO_COMPLY)
        answer = self._process(request, at)
        self._answered[request.session_id, request.number] = plain, answer
        return answer

    def advance(self, at: datetime) -> None:
        """Let time pass: close the sessions whose supervision timer runs out until `at`, included."""
        late = sorted((open_.deadline, name) for name, open_ in self._sessions.items() if open_.deadline <= at)
        for deadline, name in late:
            self._supervise(name, self._sessions[name], deadline)

    def _process(self, request: CreditControlRequest, at: datetime) -> CreditControlAnswer:
        account = self.accounts.get(request.subscriber)
        if account is None:
            return _failed(request, ResultCode.USER_UNKNOWN)
        account.advance(at)
        if request.type is RequestType.EVENT:
            return self._event(request, account, at)
        if request.type is RequestType.INITIAL:
            return self._open(request, account, at)
        session = self._sessions.get(request.session_id)
        if session is None or session.account is not account:
            return _failed(request, ResultCode.UNKNOWN_SESSION_ID)
        session.deadline = at + self.policy.supervision
        if request.type is RequestType.TERMINATION:
            services = tuple(self._report(session, service, at) for service in request.services)
            self._close(request.session_id, session, at)
        else:
            services = tuple(self._update(session, service, at) for service in request.services)
        return _answer(request, services)

    def _open(self, request: CreditControlRequest, account: Reservations, at: datetime) -> CreditControlAnswer:
        if request.session_id in self._sessions:
            return _failed(request, ResultCode.UNABLE_TO_COMPLY)
        if account.barred:
            return _failed(request, ResultCode.END_USER_SERVICE_DENIED)
        session = _OpenSession(account, at + self.policy.supervision)
        services = tuple(self._update(session, service, at) for service in request.services)
        if services and all(service.result is not ResultCode.SUCCESS for service in services):
            return replace(_answer(request, services), result=services[0].result)
        self._sessions[request.session_id] = session
        return _answer(request, services)

    def _update(self, session: _OpenSession, asked: ServiceRequest, at: datetime) -> ServiceAnswer:
        """Debit what was used, release the old hold, reserve anew."""
        reported = self._report(session, asked, at)
        if reported.result is not ResultCode.SUCCESS or asked.requested is None:
            return reported
        return self._grant(session, asked, at)

    def _report(self, session: _OpenSession, told: ServiceRequest, at: datetime) -> ServiceAnswer:
        group = told.rating_group
        if group in self.uncharged:
            return ServiceAnswer(group, ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
        if group not in self.rating_groups:
            return ServiceAnswer(group, ResultCode.RATING_FAILED)
        service = session.services.setdefault(group, _Service(self.rating_groups[group], at))
        uncollected = 0
        for volume, since, until in self._parts(session, service, told, at):
            service.used += volume
            uncollected += session.account.debit(
                volume,
                service.session,
                at=at,
                since=since,
                until=until,
                traffic=service.traffic,
                overdraft=self.overdraft,
            )
        service.since = at
        return ServiceAnswer(group, ResultCode.CREDIT_LIMIT_REACHED if uncollected else ResultCode.SUCCESS)

    def _parts(
        self, session: _OpenSession, service: _Service, told: ServiceRequest, at: datetime
    ) -> list[tuple[int, datetime, datetime]]:
        """Split a report where the price changed, if the gateway counted both sides apart."""
        used = (told.used or Octets()).total
        change = session.account.next_price_change(service.since)
        if told.used_before_change is None or change is None or change >= at:
            return [(used, service.since, at)]
        before = told.used_before_change.total
        return [(before, service.since, change), (used - before, change, at)]

    def _grant(self, session: _OpenSession, asked: ServiceRequest, at: datetime) -> ServiceAnswer:
        account, policy = session.account, self.policy
        service = session.services[asked.rating_group]
        wanted = asked.requested or policy.quota
        granted = account.reserve(
            wanted, service.session, at=at, traffic=service.traffic, least=min(policy.least, wanted)
        )
        if not granted:
            return ServiceAnswer(asked.rating_group, ResultCode.CREDIT_LIMIT_REACHED)
        last = account.available(1, traffic=service.traffic) == 0
        return ServiceAnswer(
            asked.rating_group,
            ResultCode.SUCCESS,
            granted,
            validity=min(policy.validity, account.held_until(service.session) - at),
            threshold=granted * policy.threshold_percent // 100 or None,
            holding_time=policy.holding,
            final=policy.final if last else None,
            tariff_change=account.next_price_change(at),
        )

    def _event(self, request: CreditControlRequest, account: Reservations, at: datetime) -> CreditControlAnswer:
        """Serve a one-time request: all or nothing, no session."""
        if len(request.services) != 1 or request.services[0].rating_group not in self.rating_groups:
            return _failed(request, ResultCode.RATING_FAILED)
        group, volume = request.services[0].rating_group, request.services[0].requested or 0
        traffic = self.rating_groups[group]
        if request.action is Action.PRICE_ENQUIRY:
            return _answer(request, (), cost=account.quote(volume, traffic=traffic))
        enough = volume > 0 and account.available(volume, traffic=traffic) == volume
        if request.action is Action.CHECK_BALANCE:
            return _answer(request, (), enough_credit=enough)
        if request.action is Action.REFUND_ACCOUNT:
            return self._refund(request, account, volume, at)
        if not enough:
            return _failed(request, ResultCode.CREDIT_LIMIT_REACHED)
        session = Session()
        account.debit(volume, session, at=at, traffic=traffic)
        self._operations[request.session_id] = [session.operation]
        cost = sum(total.charged for total in session.totals.values())
        return _answer(request, (ServiceAnswer(group, ResultCode.SUCCESS, volume),), cost=cost)

    def _refund(
        self, request: CreditControlRequest, account: Reservations, volume: int, at: datetime
    ) -> CreditControlAnswer:
        operations = self._operations.get(request.undoes, [])
        if len(operations) != 1:
            return _failed(request, ResultCode.UNKNOWN_SESSION_ID)
        try:
            account.refund(operations[0], volume or None, at=at)
        except _REFUSALS:
            return _failed(request, ResultCode.UNABLE_TO_COMPLY)
        return _answer(request, ())

    def _supervise(self, name: str, session: _OpenSession, deadline: datetime) -> None:
        """Close a silent session at its deadline (Tcc), charging what it is presumed to have used."""
        at = max(deadline, session.account.now)
        session.account.advance(at)
        for service in session.services.values():
            presumed = max(self.policy.presumed - service.used, 0)
            session.account.debit(presumed, service.session, at=at, since=service.since, traffic=service.traffic)
        self._close(name, session, at)

    def _close(self, name: str, session: _OpenSession, at: datetime) -> None:
        for service in session.services.values():
            session.account.release(service.session, at=at)
        operations = [service.session.operation for service in session.services.values() if service.session.operation]
        self._operations[name] = operations
        del self._sessions[name]


def _answer(
    request: CreditControlRequest,
    services: tuple[ServiceAnswer, ...],
    *,
    enough_credit: bool | None = None,
    cost: int | None = None,
) -> CreditControlAnswer:
    return CreditControlAnswer(
        request.session_id, request.type, request.number, ResultCode.SUCCESS, services, enough_credit, cost
    )


def _failed(request: CreditControlRequest, result: ResultCode) -> CreditControlAnswer:
    return CreditControlAnswer(request.session_id, request.type, request.number, result)
