"""Sessions at random: several at once, with several rating groups, on one account to which all else happens too.

After every step the account keeps its laws and the ledger tells the same story as the answers did: nothing is
granted that no hold covers, nothing that was reported is lost, nothing is charged twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from prepaid_model.buckets import MAIN, plan
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit import AutoTopUp
from prepaid_model.credit_control import (
    Action,
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnit,
    FinalUnitAction,
    Octets,
    RequestType,
    ResultCode,
    ServiceRequest,
)
from prepaid_model.errors import Refused
from prepaid_model.hours import spread
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.units import KB, parse_moment

START = parse_moment("2026-01-01 21:30")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GROUPS = {1: "general", 2: "video"}
MOST_SESSIONS = 4
ALL = 100  # percent

BY_THE_HOUR = Tariff(price=5000, per=KB, increment=100, hours=(HourPrice(22, 24, 8000),))
TARIFFS = [*(Tariff(price=5000, per=KB, increment=increment) for increment in (1, 100, KB)), BY_THE_HOUR]
WITH_FEE = Tariff(price=5000, per=KB, increment=100, session_fee=700)

bundles = st.builds(
    Bundle,
    name=st.just("bundle"),
    price=st.sampled_from([0, 20_000]),
    volume=st.integers(3 * KB, 6 * KB) | st.integers(1, 20 * KB),
    lasts=st.sampled_from([20 * MINUTE, HOUR, DAY]),
    traffic=st.sampled_from([None, None, "video"]),
    hours=st.sampled_from([None, None, (22, 23)]),
    tariff=st.sampled_from([Tariff(0, per=1, increment=1), Tariff(0, per=1, increment=300)]),
    blocker=st.sampled_from([False, False, False, True]),
    rollover=st.sampled_from([0, 5 * KB]),
)
policies = st.builds(
    QuotaPolicy,
    quota=st.integers(1, 5 * KB),
    least=st.sampled_from([1, 500]),
    validity=st.sampled_from([10 * MINUTE, HOUR]),
    threshold_percent=st.sampled_from([0, 20]),
    supervision=st.sampled_from([30 * MINUTE, DAY, DAY]),
    final=st.sampled_from([FinalUnit(action) for action in FinalUnitAction]),
    presumed=st.sampled_from([0, 3 * KB]),
)
volumes = st.integers(0, 8 * KB)
pauses = st.sampled_from([timedelta(0), MINUTE, MINUTE, 7 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 5 * HOUR])
asks = st.dictionaries(st.sampled_from(list(GROUPS)), st.none() | st.just(0) | volumes, min_size=1)
shares = st.fixed_dictionaries(dict.fromkeys(GROUPS, st.sampled_from([0, 30, ALL, ALL, 130, 400])))


class Sessions(RuleBasedStateMachine):
    """What an account of either kind goes through at a charging server."""

    account: Any
    server: ChargingServer

    def begin(self, policy: QuotaPolicy, overdraft: str = "") -> None:
        self.server = ChargingServer({"sim": self.account}, policy, rating_groups=GROUPS, overdraft=overdraft)
        self.now: datetime = START
        self.numbers: dict[str, int] = {}
        self.granted: dict[tuple[str, int], int] = {}
        self.said: list[tuple[CreditControlRequest, CreditControlAnswer]] = []
        self.reported = 0
        self.start({1: 3 * KB})

    # What the gateways do

    def say(self, name: str, kind: RequestType, services: tuple[ServiceRequest, ...], **more: Any) -> None:
        number = self.numbers[name] = self.numbers.get(name, -1) + 1
        request = CreditControlRequest(name, kind, number, "sim", services, **more)
        answer = self.server.answer(request, at=self.now)
        self.said.append((request, answer))
        for service in services:
            self.granted.pop((name, service.rating_group), None)
        if name in self.server.open_sessions:
            for service in answer.services:
                if service.granted:
                    assert service.validity
                    assert service.validity > timedelta(0)
                    self.granted[name, service.rating_group] = service.granted
        self.forget_closed()

    def forget_closed(self) -> None:
        self.granted = {key: grant for key, grant in self.granted.items() if key[0] in self.server.open_sessions}

    def services(self, name: str, asked: dict[int, int | None], shares: dict[int, int]) -> tuple[ServiceRequest, ...]:
        """Requests of some groups; each has used a share, in percent, of what it was granted, or more."""
        return tuple(
            ServiceRequest(group, wanted, Octets(0, self.granted.get((name, group), 0) * shares[group] // 100))
            for group, wanted in asked.items()
        )

    def report(self, which: int, kind: RequestType, asked: dict[int, int | None], shares: dict[int, int]) -> None:
        name = self.server.open_sessions[which % len(self.server.open_sessions)]
        services = self.services(name, asked, shares)
        self.reported += sum(service.used.total for service in services if service.used)
        uncollected = self.uncollected()
        self.say(name, kind, services)
        if max(shares[group] for group in asked) <= ALL and self.account.tariff != BY_THE_HOUR:
            assert self.uncollected() == uncollected, "what was granted can be paid, whatever happened since"

    @precondition(lambda self: len(self.server.open_sessions) < MOST_SESSIONS)
    @rule(asked=asks)
    def start(self, asked: dict[int, int | None]) -> None:
        name = f"session {len(self.said)}"
        self.say(name, RequestType.INITIAL, tuple(ServiceRequest(group, wanted) for group, wanted in asked.items()))

    @precondition(lambda self: self.server.open_sessions)
    @rule(which=st.integers(0, MOST_SESSIONS), asked=asks, shares=shares)
    def update(self, which: int, asked: dict[int, int | None], shares: dict[int, int]) -> None:
        self.report(which, RequestType.UPDATE, asked, shares)

    @precondition(lambda self: self.server.open_sessions)
    @rule(which=st.integers(0, MOST_SESSIONS), wanted=volumes)
    def use_it_up_and_ask_anew(self, which: int, wanted: int) -> None:
        self.report(which, RequestType.UPDATE, dict.fromkeys(GROUPS, wanted), dict.fromkeys(GROUPS, ALL))

    @precondition(lambda self: self.server.open_sessions)
    @rule(which=st.integers(0, MOST_SESSIONS), asked=asks, shares=shares)
    def end(self, which: int, asked: dict[int, int | None], shares: dict[int, int]) -> None:
        self.report(which, RequestType.TERMINATION, dict.fromkeys(asked), shares)

    @precondition(lambda self: self.said)
    @rule(which=st.integers(0), kind=st.sampled_from([RequestType.UPDATE, RequestType.TERMINATION]))
    def speak_for_a_session_that_is_closed(self, which: int, kind: RequestType) -> None:
        name = self.said[which % len(self.said)][0].session_id
        if name not in self.server.open_sessions:
            booked = len(self.account.ledger)
            self.say(name, kind, (ServiceRequest(1, KB, Octets(0, KB)),))
            assert len(self.account.ledger) == booked
            assert self.said[-1][1].result is ResultCode.UNKNOWN_SESSION_ID

    @rule(action=st.sampled_from(Action), group=st.sampled_from(list(GROUPS)), volume=volumes)
    def event(self, action: Action, group: int, volume: int) -> None:
        session = f"event {len(self.said)}"
        undoes = self.said[volume % len(self.said)][0].session_id if self.said else ""
        before = self.used()
        self.say(session, RequestType.EVENT, (ServiceRequest(group, volume),), action=action, undoes=undoes)
        assert self.used() - before in (0, volume), "all or nothing"
        self.reported += self.used() - before

    @precondition(lambda self: self.said)
    @rule(which=st.integers(0), flag=st.booleans())
    def duplicate(self, which: int, flag: bool) -> None:  # noqa: FBT001
        booked = len(self.account.ledger)
        request, answer = self.said[which % len(self.said)]
        assert self.server.answer(replace(request, retransmitted=flag), at=self.now) == answer
        assert len(self.account.ledger) == booked

    # What else happens

    @rule(pause=pauses)
    def wait(self, pause: timedelta) -> None:
        self.now += pause
        before = self.used() + self.uncollected()
        self.server.advance(self.now)
        self.account.advance(self.now)
        self.reported += self.used() + self.uncollected() - before  # what silent sessions are presumed to have used
        self.forget_closed()

    @rule()
    def wait_until_something_falls_due(self) -> None:
        self.wait(min(self.account._wake - self.now, DAY))

    @rule(bundle=bundles, renews=st.sampled_from([True, True, False]))
    def buy(self, bundle: Bundle, renews: bool) -> None:  # noqa: FBT001
        self.try_to(lambda: self.account.buy(bundle, at=self.now, **self.renewing(renews)))

    @rule(volume=st.integers(1, 4 * KB), traffic=st.sampled_from(["general", "video"]))
    def use(self, volume: int, traffic: str) -> None:
        self.reported += self.account.use(volume, at=self.now, traffic=traffic).served

    def renewing(self, renews: bool) -> dict[str, bool]:  # noqa: FBT001
        return {}

    def try_to(self, operation: Any) -> None:
        booked = len(self.account.ledger)
        try:
            operation()
        except Refused:
            assert len(self.account.ledger) == booked

    # What must hold

    def total(self, kind: Kind) -> int:
        rows = self.account.ledger.columns()
        return int(rows["quantity"][rows["kind"] == kind].sum())

    def used(self) -> int:
        return self.total(Kind.USAGE)

    def uncollected(self) -> int:
        return self.total(Kind.UNCOLLECTED)

    def sessions(self) -> list[tuple[str, Any]]:
        return [(name, self.server._open[name]) for name in self.server.open_sessions]

    @invariant()
    def the_laws_hold(self) -> None:
        self.account.check()

    @invariant()
    def what_was_reported_is_charged_or_recorded_as_uncollected(self) -> None:
        assert self.used() + self.uncollected() == self.reported

    @invariant()
    def holds_are_those_of_the_open_sessions(self) -> None:
        held: dict[int, int] = {}
        for _, session in self.sessions():
            for service in session.services.values():
                for source, amount in service.totals.holds.items():
                    held[source] = held.get(source, 0) + amount
        assert {source: amount for source, amount in held.items() if amount} == {
            source: amount for source, amount in self.account._held.items() if amount
        }

    @invariant()
    def a_bucket_holds_no_more_than_it_has(self) -> None:
        for source, amount in self.account._held.items():
            assert amount >= 0
            if source != MAIN:
                assert amount <= self.account._buckets[source].left

    @invariant()
    def every_grant_is_covered_by_its_hold(self) -> None:
        """What a session was granted can be charged, at that time's price, to what it holds and to nothing else."""
        for name, session in self.sessions():
            for group, service in session.services.items():
                grant = self.granted.get((name, group), 0)
                if not grant:
                    continue
                purse = self.account._purse_of(service.totals.holds, service.traffic)
                _, rest = plan(purse, spread(grant, service.since), service.totals)
                assert not rest, (name, group, grant, service.totals.holds)

    @invariant()
    def only_what_is_dead_but_held_stays(self) -> None:
        for bucket in self.account._buckets.values():
            assert bucket.terms.expires > self.account.now or bucket.id in self.account._held


class PrepaidSessions(Sessions):
    @initialize(
        tariff=st.sampled_from([*TARIFFS, WITH_FEE]),
        policy=policies,
        order=st.sampled_from(["soonest expiry", "oldest", "largest"]),
        open_tap=st.sampled_from([True, True, False]),
        overdraft=st.sampled_from(["", "overshoot"]),
        grace=st.sampled_from([timedelta(0), 2 * HOUR]),
        bundle=st.none() | bundles,
    )
    def opened(self, tariff, policy, order, open_tap, overdraft, grace, bundle) -> None:
        lifecycle = Lifecycle(grace=grace, lend_up_to=10_000)
        lifecycle = replace(lifecycle, validity=(lifecycle.validity[0]._replace(lasts=8 * HOUR),))
        self.account = PrepaidAccount(tariff, lifecycle, opened=START, out_of_bundle=open_tap, order=order)
        self.account.top_up(50_000, at=START)
        if bundle:
            self.account.buy(bundle, at=START, renews=True)
        self.begin(policy, overdraft)

    @rule(amount=st.integers(1, 200_000))
    def top_up(self, amount: int) -> None:
        self.account.top_up(amount, at=self.now)

    @rule(amount=st.integers(-5_000, 5_000).filter(bool))
    def adjust(self, amount: int) -> None:
        self.try_to(lambda: self.account.adjust(amount, at=self.now, note="by hand"))

    @rule(auto=st.none() | st.builds(AutoTopUp, st.integers(0, 5000), st.integers(1, 20_000)))
    def automatic(self, auto: AutoTopUp | None) -> None:
        self.account.top_up_automatically(auto, at=self.now)

    @rule(allowed=st.sampled_from([True, True, False]))
    def consent(self, allowed: bool) -> None:  # noqa: FBT001
        self.account.allow_out_of_bundle(allowed, at=self.now)

    @rule(amount=st.integers(1, 5_000))
    def transfer(self, amount: int) -> None:
        other = PrepaidAccount(self.account.tariff, opened=self.account.now, name="other")
        other.top_up(1, at=self.now)
        self.try_to(lambda: self.account.transfer(amount, other, at=self.now))

    def renewing(self, renews: bool) -> dict[str, bool]:  # noqa: FBT001
        return {"renews": renews}

    @invariant()
    def never_below_zero_nor_held_beyond_without_a_cause(self) -> None:
        if not self.total(Kind.OVERDRAFT):
            assert 0 <= self.account.held <= self.account.credit


class PostpaidSessions(Sessions):
    @initialize(
        tariff=st.sampled_from(TARIFFS),
        policy=policies,
        limit=st.sampled_from([30_000, 200_000]),
        cap=st.none() | st.just(25_000),
        allowance=st.sampled_from([0, 100 * KB]),
    )
    def opened(self, tariff, policy, limit, cap, allowance) -> None:
        plan = Plan("plan", 10_000, allowance, tariff, credit_limit=limit, spend_cap=cap)
        self.account = PostpaidAccount(plan, opened=START, bill_day=2)
        self.begin(policy)

    @rule(amount=st.integers(1, 60_000))
    def pay(self, amount: int) -> None:
        self.try_to(lambda: self.account.pay(amount, at=self.now))

    @rule()
    def agree_to_more(self) -> None:
        self.try_to(lambda: self.account.agree_to_more(at=self.now))

    @rule(limit=st.sampled_from([0, 60_000]))
    def change_plan(self, limit: int) -> None:
        plan = Plan("other", 5_000, 50 * KB, self.account.tariff, credit_limit=limit)
        self.try_to(lambda: self.account.change_plan(plan, at=self.now))


TestPrepaidSessions = PrepaidSessions.TestCase
TestPrepaidSessions.settings = settings(max_examples=300, stateful_step_count=50)
TestPostpaidSessions = PostpaidSessions.TestCase
TestPostpaidSessions.settings = settings(max_examples=150, stateful_step_count=50)
