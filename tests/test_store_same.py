"""An account in a store is the account in memory: random histories give the same answers, errors and entries in both.

Two worlds go through the same: in one, accounts are objects in memory; in the other they live in a file, and each step
comes from one of two programs that have it open. In between, programs end and start anew, accounts are read
from the start, and connections break off in the midst of an operation.
"""

from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from prepaid_model.balances import Status
from prepaid_model.billing import Dunning
from prepaid_model.buckets import ORDERS, Session
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit import AutoTopUp
from prepaid_model.credit_control import Action, CreditControlRequest, Octets, RequestType, ServiceRequest
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.store import Stopped, Store
from prepaid_model.units import KB, MB, QAR, parse_moment
from tests.test_laws import SETTINGS, START, STEPS, Lives, pick
from tests.test_postpaid_laws import DUNNING, act, histories, live
from tests.test_postpaid_laws import PLANS as MONTHLY
from tests.test_postpaid_laws import START as OPENED

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PREPAID, POSTPAID = ("noor", "sami"), ("mona",)
GROUPS = {1: "general", 2: "video"}

NIGHT = Tariff(price=50_000, per=MB, increment=100 * KB, hours=(HourPrice(22, 6, 10_000),))
FALLING = Tariff(price=50_000, increment=MB, tiers=(Tier(10 * MB, 20_000), Tier(40 * MB, 4_000)), session_fee=7_000)
TARIFFS = (Tariff(price=50_000, increment=100 * KB), NIGHT, FALLING)
BUNDLES = (
    Bundle("day", QAR, 40 * MB, DAY, rollover=5 * MB),
    Bundle("hour", QAR // 2, 5 * MB, HOUR, priority=2),
    Bundle("night", QAR, 20 * MB, 2 * DAY, hours=(22, 2)),
    Bundle("video", 0, 10 * MB, DAY, traffic="video", tariff=Tariff(price=0, per=1, increment=300 * KB)),
    Bundle("priced", QAR // 4, 30 * MB, DAY, tariff=Tariff(price=1_000, increment=MB, session_fee=500), blocker=True),
    Bundle("dear", 12 * QAR, 90 * MB, 30 * DAY, rollover=90 * MB),
)
PLANS = (
    Plan("S", 35 * QAR, 50 * MB, TARIFFS[0], credit_limit=60 * QAR, spend_cap=2 * QAR),
    Plan("L", 49_990_000, 100 * MB, replace(FALLING, session_fee=0), credit_limit=200 * QAR, top_tier=True),
    Plan("Night", 12_345_678, 0, NIGHT, credit_limit=80 * QAR),
)
LIFECYCLE = Lifecycle((Validity(1, 6 * HOUR), Validity(4 * QAR, 2 * DAY)), grace=5 * HOUR, lend_up_to=2 * QAR)

PAUSES = st.sampled_from([*[timedelta(0)] * 4, MINUTE, 11 * MINUTE, HOUR, 7 * HOUR, 3 * DAY, 20 * DAY])
MONEY = st.sampled_from([1, 700_000, QAR, 5 * QAR, 30 * QAR, 90 * QAR])
VOLUMES = st.sampled_from([1, 70 * KB, MB, 6 * MB, 55 * MB, 10**11])
TRAFFIC = st.sampled_from(["general", "general", "video"])
PROGRAM = st.integers(0, 1)


def opened(order: str, consent: bool, tariff: Tariff, bill_day: int) -> list[Any]:  # noqa: FBT001
    """New accounts in memory: two prepaid ones and a postpaid one."""
    prepaid = [
        PrepaidAccount(tariff, LIFECYCLE, opened=START, order=order, out_of_bundle=consent, name=name)
        for name in PREPAID
    ]
    dunning = Dunning(5 * DAY, 12 * DAY, 40 * DAY)
    return [*prepaid, PostpaidAccount(PLANS[0], opened=START, bill_day=bill_day, dunning=dunning, name="mona")]


def everything(account: Any) -> dict[str, Any]:
    """All that an account can be asked."""
    ledger = account.ledger
    told = {
        "entries": list(ledger),
        "notes": dict(ledger.notes),
        "terms": list(ledger.terms.items()),
        "keys": list(ledger.keys.items()),
        "buckets": [(bucket.id, bucket.left, bucket.terms) for bucket in account._buckets.values()],
        "held": dict(account._held),
        "available": [account.available(5 * MB, traffic=traffic) for traffic in GROUPS.values()],
        "quote": account.quote(3 * MB),
        "tariff": account.tariff,
    }
    names = ["name", "now", "due", "balance", "status", "data_left", "barred", "owed"]
    if isinstance(account, PrepaidAccount):
        names += ["credit", "valid_until", "grace_until", "out_of_bundle", "lifecycle", "_auto_top_up"]
    else:
        names += ["plan", "cycle", "spent", "headroom", "unpaid", "dunning", "bill_day", "_agreed", "_paid_ahead"]
        names += ["_overage", "_invoiced", "_closed", "_fee"]
    return told | {name: getattr(account, name) for name in names}


class Memory:
    """A world whose accounts are objects in memory."""

    def __init__(self, accounts: list[Any], overdraft: str = "") -> None:
        self.accounts = {account.name: account for account in accounts}
        policy = QuotaPolicy(quota=3 * MB)
        self.server = ChargingServer(self.accounts, policy, rating_groups=GROUPS, overdraft=overdraft)

    def account(self, name: str, program: int) -> Any:
        return self.accounts[name]

    @contextmanager
    def transaction(self, program: int) -> Any:
        yield

    def close(self) -> None:
        pass


class Stored(Memory):
    """A world whose accounts live in a file, which two programs have open."""

    def __init__(self, accounts: list[Any], overdraft: str = "") -> None:
        first = Store.temporary()
        self.programs = [first, Store(first.path)]
        for place, account in enumerate(accounts):
            self.programs[place % 2].add(account)
        super().__init__([first.account(account.name) for account in accounts], overdraft)

    def account(self, name: str, program: int) -> Any:
        return self.programs[program].account(name)

    def transaction(self, program: int) -> Any:
        return self.programs[program].transaction()

    def start_anew(self, program: int) -> None:
        """End a program and start it again; what its charging server knows of its sessions goes on."""
        path, folder = self.programs[program].path, self.programs[program]._folder
        self.programs[program]._folder = None
        self.programs[program].close()
        self.programs[program] = Store(path)
        self.programs[program]._folder = folder
        if program == 0:
            self.accounts.update({name: self.account(name, 0) for name in self.accounts})
            for session in [*self.server._open.values(), *self.server._closed.values()]:
                session.account = self.accounts[session.account.name]

    def close(self) -> None:
        for store in reversed(self.programs):
            store.close()


class TwoWorlds(RuleBasedStateMachine):
    """The same steps in both worlds."""

    @initialize(
        order=st.sampled_from(sorted(ORDERS)),
        consent=st.booleans(),
        tariff=st.sampled_from(TARIFFS),
        bill_day=st.sampled_from([1, 2, 31]),
        overdraft=st.sampled_from(["", "overshoot"]),
    )
    def begin(self, order, consent, tariff, bill_day, overdraft) -> None:
        self.worlds = [world(opened(order, consent, tariff, bill_day), overdraft) for world in (Memory, Stored)]
        self.at = START
        self.steps = 0
        self.said: list[CreditControlRequest] = []
        self.usages: dict[str, list[int]] = {name: [] for name in (*PREPAID, *POSTPAID)}
        for name in PREPAID:
            self.both(lambda world, name=name: world.account(name, 0).top_up(20 * QAR, at=START))

    def teardown(self) -> None:
        for world in getattr(self, "worlds", []):
            world.close()

    def both(self, step: Callable[[Any], Any]) -> Any:
        """Do a step in both worlds, or in both be refused for the same reason; return the answer."""
        answers = []
        for world in self.worlds:
            try:
                answers.append(step(world))
            except (InputError, Refused) as no:
                answers.append((type(no), str(no)))
        assert answers[0] == answers[1]
        return answers[0]

    def ask(self, who: str, program: int, what: str, *args: Any, **named: Any) -> Any:
        self.steps += 1
        return self.both(lambda world: getattr(world.account(who, program), what)(*args, at=self.at, **named))

    def key(self, keyed: bool) -> str | None:  # noqa: FBT001
        return f"step {self.steps}" if keyed else None

    # ---------------------------------------------------------------- anybody

    @rule(pause=PAUSES)
    def wait(self, pause) -> None:
        self.at += pause
        for world in self.worlds:
            world.server.advance(self.at)

    @rule(who=st.sampled_from([*PREPAID, *POSTPAID]), program=PROGRAM)
    def advance(self, who, program) -> None:
        self.both(lambda world: world.account(who, program).advance(self.at))

    @rule(
        who=st.sampled_from([*PREPAID, *POSTPAID]),
        program=PROGRAM,
        volume=VOLUMES,
        traffic=TRAFFIC,
        keyed=st.booleans(),
    )
    def use(self, who, program, volume, traffic, keyed) -> None:
        answer = self.ask(who, program, "use", volume, traffic=traffic, key=self.key(keyed))
        if answer[1:2] != ():
            self.usages[who].append(answer[0])

    @rule(
        who=st.sampled_from([*PREPAID, *POSTPAID]), program=PROGRAM, which=st.integers(0, 20), part=st.none() | VOLUMES
    )
    def refund(self, who, program, which, part) -> None:
        usage = pick(self.usages[who], which)
        if isinstance(usage, int):
            self.ask(who, program, "refund", usage, part, key=self.key(which % 2 == 0))

    @rule(
        who=st.sampled_from([*PREPAID, *POSTPAID]),
        program=PROGRAM,
        bundle=st.sampled_from(BUNDLES),
        renews=st.booleans(),
    )
    def buy(self, who, program, bundle, renews) -> None:
        more = {"renews": renews} if who in PREPAID else {}
        self.ask(who, program, "buy", bundle, key=self.key(renews), **more)

    @rule(who=st.sampled_from([*PREPAID, *POSTPAID]), what=st.sampled_from(["use", "top_up", "buy"]))
    def early(self, who, what) -> None:
        """Time never runs back."""
        given = {"use": MB, "top_up": QAR, "buy": BUNDLES[0]}[what]
        if what != "top_up" or who in PREPAID:
            self.both(lambda world: getattr(world.account(who, 0), what)(given, at=START - MINUTE))

    @rule(
        who=st.sampled_from([*PREPAID, *POSTPAID]), program=PROGRAM, amounts=st.lists(VOLUMES, min_size=1, max_size=4)
    )
    def in_one_transaction(self, who, program, amounts) -> None:
        def several(world: Any) -> list[Any]:
            answers = []
            with world.transaction(program):
                account = world.account(who, program)
                for amount in amounts:
                    answers.append(account.use(amount, at=self.at))
                    answers.append(account.balance)
                    with suppress(Refused):
                        account.buy(BUNDLES[amount % len(BUNDLES)], at=self.at)
            return answers

        self.both(several)

    @rule(who=st.sampled_from([*PREPAID, *POSTPAID]), program=PROGRAM)
    def the_same_key_again(self, who, program) -> None:
        keys = self.worlds[0].account(who, 0).ledger.keys
        for key, operation in list(keys.items())[-2:]:
            kind, amount, note = self.worlds[0].account(who, 0).ledger.request(operation)
            if kind is Kind.USAGE:
                self.ask(who, program, "use", amount, traffic=note or "general", key=key)
                self.ask(who, program, "use", amount + 1, traffic=note or "general", key=key)

    # ---------------------------------------------------------------- prepaid

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, amount=MONEY, keyed=st.booleans())
    def top_up(self, who, program, amount, keyed) -> None:
        self.ask(who, program, "top_up", amount, key=self.key(keyed))

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, amount=st.sampled_from([1, QAR, 3 * QAR]))
    def borrow(self, who, program, amount) -> None:
        self.ask(who, program, "borrow", amount, key=self.key(amount > 1))

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, amount=st.sampled_from([-QAR, -1, 0, QAR]))
    def adjust(self, who, program, amount) -> None:
        self.ask(who, program, "adjust", amount, note="by hand")

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, amount=MONEY, keyed=st.booleans())
    def transfer(self, who, program, amount, keyed) -> None:
        self.steps += 1
        key, other = self.key(keyed), PREPAID[1 - PREPAID.index(who)]
        self.both(
            lambda world: world.account(who, program).transfer(
                amount, world.account(other, program), at=self.at, key=key
            )
        )

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, which=st.integers(0, 9), volume=VOLUMES, into=st.booleans())
    def transfer_data(self, who, program, which, volume, into) -> None:
        other = PREPAID[1 - PREPAID.index(who)]

        def give(world: Any) -> Any:
            giver, taker = world.account(who, program), world.account(other, program)
            bucket, target = pick(giver.buckets, which), pick(taker.buckets, which) if into else None
            return giver.transfer_data(volume, bucket, taker, at=self.at, into=target)

        self.both(give)

    @rule(
        who=st.sampled_from(PREPAID),
        program=PROGRAM,
        auto=st.none() | st.builds(AutoTopUp, st.sampled_from([0, QAR]), st.sampled_from([1, 2 * QAR, 6 * QAR])),
    )
    def automatic(self, who, program, auto) -> None:
        self.both(lambda world: world.account(who, program).top_up_automatically(auto, at=self.at))

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, allowed=st.booleans())
    def consent(self, who, program, allowed) -> None:
        self.both(lambda world: world.account(who, program).allow_out_of_bundle(allowed, at=self.at))

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, which=st.integers(0, 9), renews=st.booleans())
    def renew(self, who, program, which, renews) -> None:
        self.both(
            lambda world: world.account(who, program).renew_automatically(
                pick(world.account(who, program).buckets, which), renews, at=self.at
            )
        )

    # ---------------------------------------------------------------- postpaid

    @rule(program=PROGRAM, amount=st.none() | MONEY, keyed=st.booleans())
    def pay(self, program, amount, keyed) -> None:
        self.ask("mona", program, "pay", amount or self.worlds[0].account("mona", 0).owed, key=self.key(keyed))

    @rule(program=PROGRAM, keyed=st.booleans())
    def agree_to_more(self, program, keyed) -> None:
        self.ask("mona", program, "agree_to_more", key=self.key(keyed))

    @rule(program=PROGRAM, plan=st.sampled_from(PLANS), keyed=st.booleans())
    def change_plan(self, program, plan, keyed) -> None:
        self.ask("mona", program, "change_plan", plan, key=self.key(keyed))

    @precondition(lambda self: self.steps > 25)
    @rule(program=PROGRAM)
    def cancel(self, program) -> None:
        self.ask("mona", program, "cancel")

    # ---------------------------------------------------------------- charging sessions

    def say(self, request: CreditControlRequest) -> None:
        self.said.append(request)
        self.both(lambda world: world.server.answer(request, at=self.at))

    @rule(
        who=st.sampled_from([*PREPAID, *POSTPAID]),
        wanted=st.sampled_from([0, MB, 30 * MB]),
        group=st.sampled_from([1, 2]),
    )
    def start_session(self, who, wanted, group) -> None:
        name = f"session {len(self.said)}"
        self.say(CreditControlRequest(name, RequestType.INITIAL, 0, who, (ServiceRequest(group, wanted),)))

    @precondition(lambda self: self.worlds[0].server.open_sessions)
    @rule(which=st.integers(0, 9), used=VOLUMES, wanted=st.sampled_from([0, MB, 30 * MB]), end=st.booleans())
    def report(self, which, used, wanted, end) -> None:
        server = self.worlds[0].server
        name = pick(server.open_sessions, which)
        last = next(request for request in reversed(self.said) if request.session_id == name)
        services = tuple(
            ServiceRequest(group, None if end else wanted, Octets(0, used)) for group in server._open[name].services
        )
        kind = RequestType.TERMINATION if end else RequestType.UPDATE
        self.say(CreditControlRequest(name, kind, last.number + 1, last.subscriber, services))

    @precondition(lambda self: self.said)
    @rule(which=st.integers(0, 50))
    def retransmit(self, which) -> None:
        request = replace(pick(self.said, which), retransmitted=True)
        self.both(lambda world: world.server.answer(request, at=self.at))

    @rule(who=st.sampled_from([*PREPAID, *POSTPAID]), volume=VOLUMES)
    def event(self, who, volume) -> None:
        name = f"event {len(self.said)}"
        service = (ServiceRequest(1, volume),)
        self.say(CreditControlRequest(name, RequestType.EVENT, 0, who, service, action=Action.DIRECT_DEBITING))

    # ---------------------------------------------------------------- programs end, and connections break off

    @rule(program=PROGRAM)
    def start_anew(self, program) -> None:
        self.worlds[1].start_anew(program)

    @rule(who=st.sampled_from(PREPAID), program=PROGRAM, statements=st.integers(1, 7), amount=MONEY)
    def break_off(self, who, program, statements, amount) -> None:
        """An operation that is not committed has not happened; one that is, has."""
        store = self.worlds[1].programs[program]

        def do(world: Any) -> None:
            account = world.account(who, program)
            if world is self.worlds[0]:
                account.top_up(amount, at=self.at)
                return
            with store.stop_after(statements), suppress(Stopped):
                account.top_up(amount, at=self.at)

        do_anyway = self.worlds[1].account(who, program).now > self.at  # it is refused, and tells so in both
        if do_anyway:
            self.both(do)
            return
        do(self.worlds[1])
        if store.statements[-1] == "COMMIT":
            do(self.worlds[0])

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def both_worlds_are_the_same(self) -> None:
        memory, stored = getattr(self, "worlds", [Memory([])] * 2)
        for name in memory.accounts:
            expected = everything(memory.account(name, 0))
            self.looks = 1 - getattr(self, "looks", 0)
            assert everything(stored.account(name, self.looks)) == expected
        if memory is not stored:
            assert stored.programs[0].verify() == []

    @invariant()
    def sessions_are_known_from_the_ledger(self) -> None:
        memory, stored = getattr(self, "worlds", [Memory([])] * 2)
        for name in memory.accounts:
            services = [
                service.totals
                for session in memory.server._open.values()
                if session.account is memory.accounts[name]
                for service in session.services.values()
            ]
            held = {s.operation: {k: v for k, v in s.holds.items() if v} for s in services if any(s.holds.values())}
            assert {told.operation: told.holds for told in stored.programs[1].sessions(name)} == held


TestTwoWorlds = TwoWorlds.TestCase
TestTwoWorlds.settings = settings(max_examples=30, stateful_step_count=40)


def lived(account: Any, history: Any) -> Any:
    """An account after a history, as `live` has it."""
    for hours, step in history:
        with suppress(InputError, Refused):
            act(account, step, account.now + timedelta(hours=hours))
    return account


class StoredLives(Lives):
    """The lives of `test_laws`, in a store."""

    def __init__(self, store: Store, *choice: Any) -> None:
        super().__init__(*choice)
        self.accounts = [store.add(account) for account in self.accounts]


@given(SETTINGS, STEPS)
@settings(max_examples=40)
def test_random_prepaid_lives_are_the_same_in_a_store(choice, steps) -> None:
    with Store.temporary() as store:
        memory, stored = Lives(*choice), StoredLives(store, *choice)
        assert stored.run(steps) == memory.run(steps)
        assert stored.state() == memory.state()
        assert store.verify() == []
        for mine in memory.accounts:
            assert store.ledger(mine.name).equals(mine.ledger.to_frame())


@given(histories, st.sampled_from(MONTHLY), st.integers(1, 31))
@settings(max_examples=60)
def test_random_postpaid_lives_are_the_same_in_a_store(history, plan, bill_day) -> None:
    with Store.temporary() as store:
        mine = live(history, plan, bill_day)
        theirs = store.add(PostpaidAccount(plan, opened=OPENED, bill_day=bill_day, dunning=DUNNING))
        assert everything(lived(theirs, history)) == everything(mine)
        assert store.verify() == []


def a_full_life(world: Memory) -> None:
    """Everything that can happen to an account, once."""
    noor, sami, mona = (world.account(name, 0) for name in (*PREPAID, *POSTPAID))
    usage = noor.top_up(30 * QAR, at=START) and noor.use(MB, at=START).operation
    noor.refund(usage, 1, at=START)
    noor.adjust(-1, at=START, note="by hand")
    noor.buy(BUNDLES[0], at=START, renews=True)
    noor.transfer(QAR, sami, at=START)
    sami.transfer(QAR, noor, at=START)
    sami.borrow(QAR, at=START)
    noor.use(MB, at=START + DAY + HOUR)  # the bundle has been renewed, and rolled over
    noor.renew_automatically(noor.buckets[0], True, at=START + DAY + HOUR)
    sami.top_up(5 * QAR, at=START + 3 * HOUR)
    sami.use(10**11, at=START + 3 * HOUR)
    ask, tell = ServiceRequest(1, MB), ServiceRequest(1, None, Octets(0, 10**9))
    at = START + DAY + 2 * HOUR
    for number, who in enumerate(("noor", "mona")):
        world.server.answer(CreditControlRequest(who, RequestType.INITIAL, 0, who, (ask,)), at=at)
        world.server.overdraft = "outage" if number == 0 else ""
        world.server.answer(CreditControlRequest(who, RequestType.TERMINATION, 1, who, (tell,)), at=at)
    mona.agree_to_more(at=at)
    mona.pay(QAR, at=at)
    mona.advance(START + 35 * DAY)
    mona.pay(mona.owed, at=START + 35 * DAY)
    mona.change_plan(PLANS[1], at=START + 36 * DAY)
    mona.use(60 * MB + 1, at=START + 36 * DAY)
    mona.change_plan(PLANS[2], at=START + 37 * DAY)
    mona.advance(START + 300 * DAY)
    for prepaid in (noor, sami):
        prepaid.advance(START + 300 * DAY)


def test_everything_that_can_happen_is_the_same_in_a_store() -> None:
    seen: set[Any] = set()
    worlds = [world(opened("soonest expiry", True, TARIFFS[0], 1)) for world in (Memory, Stored)]
    for world in worlds:
        a_full_life(world)
    memory, stored = worlds
    for name, account in memory.accounts.items():
        assert everything(stored.account(name, 1)) == everything(account)
        seen |= {entry.kind for entry in account.ledger} | set(account.ledger.notes.values())
    stored.start_anew(0)
    for name, account in memory.accounts.items():
        assert everything(stored.account(name, 0)) == everything(account)
    assert stored.programs[0].verify() == []
    stored.close()
    assert (set(Kind) | set(Status)) - seen == set()


def test_what_a_session_of_a_dead_server_holds_can_be_released() -> None:
    nine = parse_moment("2026-01-01 09:00")
    with Store.temporary() as store:
        noor = store.add(PrepaidAccount(TARIFFS[0], opened=nine, out_of_bundle=True, name="noor"))
        noor.top_up(10 * QAR, at=nine)
        session = Session()
        noor.reserve(20 * MB, session, at=nine)
        noor.debit(5 * MB, session, at=nine + MINUTE, since=nine)
        noor.reserve(20 * MB, session, at=nine + MINUTE)
        (told,) = store.sessions("noor")
        assert (told.operation, told.holds, told.totals, told.cost) == (
            session.operation,
            session.holds,
            session.totals,
            session.cost,
        )
        assert noor.held == 1_000_000
        noor.release(told, at=nine + HOUR)
        assert noor.held == 0
        assert store.sessions("noor") == ()
        assert store.verify() == []
