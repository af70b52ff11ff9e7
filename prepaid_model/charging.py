"""The online charging function: grants quota, debits what was used, and never gives the same byte twice.

Credit control as in RFC 8506, from the server's side (section 7 has its state table, see `states`):

- the first request of a session reserves units, an update debits what was used and reserves anew, a
  termination debits and releases; what others may reserve is the balance less all holds;
- the same session and request number again gets the same answer, and charges nothing, however late;
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
from prepaid_model.timeline import NEVER, Rank
from prepaid_model.units import MB, in_qatar, quantity

STOP = FinalUnit(FinalUnitAction.TERMINATE)
ANY_GROUP: Mapping[int, str] = {0: GENERAL}


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
        Bytes each rating group of a session is presumed to have used by the time the supervision timer closes it.
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
        quantity("quota", self.quota, least=1, unit="bytes")
        quantity("least quota", self.least, least=1, unit="bytes")
        quantity("presumed usage", self.presumed, unit="bytes")
        if whole("threshold", self.threshold_percent, unit="percent") >= 100:
            raise InputError("threshold", self.threshold_percent, "0 to 99 percent")
        for name, lasts in (("validity", self.validity), ("supervision", self.supervision), ("holding", self.holding)):
            if lasts is not None and lasts <= timedelta(0):
                raise InputError(name, str(lasts), "longer than zero")


@dataclass(slots=True)
class _Service:
    """One rating group of a session."""

    traffic: str
    since: datetime
    totals: Session = field(default_factory=Session)
    used: int = 0


@dataclass(slots=True)
class _Session:
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

    rank = Rank.USAGE

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
        self._open: dict[str, _Session] = {}
        self._closed: dict[str, _Session] = {}
        self._answered: dict[tuple[str, int], tuple[CreditControlRequest, CreditControlAnswer]] = {}

    @property
    def open_sessions(self) -> tuple[str, ...]:
        """Names of the sessions that are open, oldest first."""
        return tuple(self._open)

    @property
    def due(self) -> datetime:
        """When the next supervision timer runs out."""
        return min((session.deadline for session in self._open.values()), default=NEVER)

    def answer(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        """Answer a request; a duplicate of one gets the answer that one got.

        Raises
        ------
        InputError
            If `at` has no time zone or lies before the clock of the account.
        """
        at = in_qatar("at", at)
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
        at = in_qatar("at", at)
        late = [name for name, session in self._open.items() if session.deadline <= at]
        for name in sorted(late, key=lambda name: self._open[name].deadline):
            self._supervise(name)

    def _process(self, request: CreditControlRequest, at: datetime) -> CreditControlAnswer:
        account = self.accounts.get(request.subscriber)
        if account is None:
            return _failed(request, ResultCode.USER_UNKNOWN)
        account.advance(at)
        if request.type in (RequestType.INITIAL, RequestType.EVENT):
            if request.session_id in self._open or request.session_id in self._closed:
                return _failed(request, ResultCode.UNABLE_TO_COMPLY)
            begin = self._begin if request.type is RequestType.INITIAL else self._event
            return begin(request, account, at)
        session = self._open.get(request.session_id)
        if session is None or session.account is not account:
            return _failed(request, ResultCode.UNKNOWN_SESSION_ID)
        if request.type is RequestType.UPDATE:
            session.deadline = at + self.policy.supervision
            return _answer(request, self._serve(session, request, at))
        reported = tuple(self._report(session, told, at) for told in request.services)
        self._close(request.session_id, at)
        return _answer(request, reported)

    def _begin(self, request: CreditControlRequest, account: Reservations, at: datetime) -> CreditControlAnswer:
        """Open a session, unless all its services are refused for one reason: then that is the answer."""
        session = _Session(account, at + self.policy.supervision)
        services = self._serve(session, request, at)
        results = {service.result for service in services} or {ResultCode.SUCCESS}
        if len(results) == 1 and ResultCode.SUCCESS not in results:
            return replace(_answer(request, services), result=results.pop())
        self._open[request.session_id] = session
        return _answer(request, services)

    def _serve(self, session: _Session, request: CreditControlRequest, at: datetime) -> tuple[ServiceAnswer, ...]:
        """Debit what all services used and free what they held, then reserve anew."""
        reported = [self._report(session, told, at) for told in request.services]
        pairs = zip(request.services, reported, strict=True)
        return tuple(self._grant(session, asked, answer, at) for asked, answer in pairs)

    def _report(self, session: _Session, told: ServiceRequest, at: datetime) -> ServiceAnswer:
        group = told.rating_group
        if group in self.uncharged:
            return ServiceAnswer(group, ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
        if group not in self.rating_groups:
            return ServiceAnswer(group, ResultCode.RATING_FAILED)
        service = session.services.setdefault(group, _Service(self.rating_groups[group], at))
        used = told.used or Octets()
        service.used += used.total
        uncollected = session.account.debit(
            used.total,
            service.totals,
            at=at,
            since=service.since,
            before_change=None if told.used_before_change is None else told.used_before_change.total,
            traffic=service.traffic,
            overdraft=self.overdraft,
        )
        service.since = at
        return ServiceAnswer(group, ResultCode.CREDIT_LIMIT_REACHED if uncollected else ResultCode.SUCCESS)

    def _grant(self, session: _Session, asked: ServiceRequest, reported: ServiceAnswer, at: datetime) -> ServiceAnswer:
        account, policy = session.account, self.policy
        if reported.result is ResultCode.CREDIT_LIMIT_REACHED:
            return self._no_units(reported, reported.result)
        if reported.result is not ResultCode.SUCCESS or asked.requested is None:
            return reported
        service = session.services[asked.rating_group]
        wanted = asked.requested or policy.quota
        least = min(policy.least, wanted)
        granted = account.reserve(wanted, service.totals, at=at, traffic=service.traffic, least=least)
        if not granted:
            return self._no_units(reported, _denial(account))
        last = account.ends_after(granted, service.totals, traffic=service.traffic, least=least)
        return replace(
            reported,
            granted=granted,
            validity=min(policy.validity, account.held_until(service.totals) - at),
            threshold=None if last else granted * policy.threshold_percent // 100 or None,
            holding_time=policy.holding,
            final=policy.final if last else None,
            tariff_change=account.next_price_change(at),
        )

    def _no_units(self, answer: ServiceAnswer, why: ResultCode) -> ServiceAnswer:
        """Refuse units, or, where credit has run out, lead to a top-up if that is the policy (RFC 8506, 5.6.2)."""
        policy = self.policy
        if why is ResultCode.CREDIT_LIMIT_REACHED and policy.final.action is not FinalUnitAction.TERMINATE:
            return replace(answer, validity=policy.validity, final=policy.final)
        return replace(answer, result=why)

    def _event(self, request: CreditControlRequest, account: Reservations, at: datetime) -> CreditControlAnswer:
        """Serve a one-time request: one rating group, no session."""
        groups = {asked.rating_group for asked in request.services}
        if groups and groups <= self.uncharged:
            return _failed(request, ResultCode.CREDIT_CONTROL_NOT_APPLICABLE)
        if len(groups) != 1 or not groups <= self.rating_groups.keys():
            return _failed(request, ResultCode.RATING_FAILED)
        (asked,) = request.services
        if request.action is Action.REFUND_ACCOUNT:
            return self._refund(request, asked, account, at)
        volume, traffic = asked.requested, self.rating_groups[asked.rating_group]
        if not volume:
            return _failed(request, ResultCode.RATING_FAILED)
        if request.action is Action.PRICE_ENQUIRY:
            return replace(_answer(request), cost=account.quote(volume, traffic=traffic))
        enough = account.available(volume, traffic=traffic) == volume
        answer = replace(_answer(request), enough_credit=enough)
        return answer if request.action is Action.CHECK_BALANCE else self._debit_at_once(request, asked, account, at)

    def _debit_at_once(
        self, request: CreditControlRequest, asked: ServiceRequest, account: Reservations, at: datetime
    ) -> CreditControlAnswer:
        """Debit all of it or nothing."""
        group, volume = asked.rating_group, asked.requested or 0
        service = _Service(self.rating_groups[group], at)
        if account.available(volume, traffic=service.traffic) < volume:
            return _failed(request, _denial(account))
        account.debit(volume, service.totals, at=at, traffic=service.traffic)
        self._closed[request.session_id] = _Session(account, at, {group: service})
        answer = _answer(request, (ServiceAnswer(group, ResultCode.SUCCESS, volume),))
        return replace(answer, cost=service.totals.cost)

    def _refund(
        self, request: CreditControlRequest, asked: ServiceRequest, account: Reservations, at: datetime
    ) -> CreditControlAnswer:
        done = self._closed.get(request.undoes)
        if done is None or done.account is not account or asked.rating_group not in done.services:
            return _failed(request, ResultCode.UNKNOWN_SESSION_ID)
        try:
            account.refund(done.services[asked.rating_group].totals.operation, asked.requested or None, at=at)
        except (InputError, Refused):
            return _failed(request, ResultCode.UNABLE_TO_COMPLY)
        return _answer(request)

    def _supervise(self, name: str) -> None:
        """Close a silent session at its deadline (Tcc), charging what it is presumed to have used."""
        session = self._open[name]
        at = max(session.deadline, session.account.now)
        for service in session.services.values():
            presumed = max(self.policy.presumed - service.used, 0)
            session.account.debit(presumed, service.totals, at=at, since=service.since, traffic=service.traffic)
        self._close(name, at)

    def _close(self, name: str, at: datetime) -> None:
        session = self._closed[name] = self._open.pop(name)
        for service in session.services.values():
            session.account.release(service.totals, at=at)


def _answer(request: CreditControlRequest, services: tuple[ServiceAnswer, ...] = ()) -> CreditControlAnswer:
    return CreditControlAnswer(request.session_id, request.type, request.number, ResultCode.SUCCESS, services)


def _failed(request: CreditControlRequest, result: ResultCode) -> CreditControlAnswer:
    return CreditControlAnswer(request.session_id, request.type, request.number, result)


def _denial(account: Reservations) -> ResultCode:
    """Return why an account serves nothing."""
    return ResultCode.END_USER_SERVICE_DENIED if account.barred else ResultCode.CREDIT_LIMIT_REACHED
