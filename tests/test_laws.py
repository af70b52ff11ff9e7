"""Random lives of two accounts: whatever happens to them, the laws hold after every step.

A life is a list of steps; a step is a pause and an operation with its details. The lifecycle is short, so that
validity, grace, renewal and expiry all happen within a life.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from prepaid_model.balances import Status
from prepaid_model.buckets import ORDERS, Session, Terms
from prepaid_model.errors import InputError, Refused
from prepaid_model.laws import BYTES_LAW, GRANTS, MONEY_LAW
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Validity
from prepaid_model.prepaid import AutoTopUp, PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import KB, MB, QAR, parse_moment

START = parse_moment("2026-01-01 20:00")
HOUR = timedelta(hours=1)
LIFE = Lifecycle((Validity(1, 2 * HOUR), Validity(4 * QAR, 5 * HOUR)), grace=2 * HOUR, lend_up_to=2 * QAR)

TARIFFS = (
    Tariff(price=QAR // 2),
    Tariff(price=QAR // 2, increment=100 * KB, session_fee=QAR // 10),
    Tariff(price=QAR // 2, hours=(HourPrice(22, 6, QAR // 10),), first_block=3 * MB),
    Tariff(price=QAR, tiers=(Tier(3 * MB, QAR // 2, MB, MB), Tier(9 * MB, 1, 1000, 1000))),
    Tariff(price=QAR // 3 + 1, per=MB, increment=MB, round_to=QAR // 4, rounding="down"),
    Tariff(price=QAR, cap=3 * QAR),
    Tariff(price=QAR, cap=3 * QAR, at_cap="free"),
)
SOLD = (
    Bundle("plain", QAR, 9 * MB, 6 * HOUR),
    Bundle("short", QAR, 5 * MB, HOUR, priority=5, rollover=2 * MB),
    Bundle("night", QAR, 5 * MB, 9 * HOUR, hours=(22, 2)),
    Bundle("video", 0, 5 * MB, 6 * HOUR, traffic="video"),
    Bundle("blocker", QAR, MB, 2 * HOUR, blocker=True),
    Bundle("coarse", QAR, 5 * MB, 6 * HOUR, tariff=Tariff(price=0, per=1, increment=700 * KB)),
    Bundle("priced", QAR, 5 * MB, 6 * HOUR, tariff=Tariff(price=QAR // 10, increment=100 * KB, session_fee=7)),
    Bundle("dear", 5 * QAR, 50 * MB, 24 * HOUR, rollover=50 * MB),
)

MONEY = st.one_of(st.integers(1, 9).map(lambda riyals: riyals * QAR), st.integers(1, 9 * QAR))
VOLUME = st.one_of(st.integers(1, 4 * MB), st.sampled_from((1, MB, 9 * MB)), st.just(10**12))
TRAFFIC = st.sampled_from(("general", "general", "video"))
NUMBER = st.integers(0, 9)
OPERATION = st.one_of(
    *[st.tuples(st.just("use"), VOLUME, TRAFFIC)] * 4,
    *[st.tuples(st.just("report"), st.one_of(VOLUME, st.just(0)), TRAFFIC, st.integers(0, 90))] * 2,
    *[st.tuples(st.just("reserve"), VOLUME, TRAFFIC)] * 2,
    *[st.tuples(st.just("refund"), NUMBER, st.none() | st.integers(1, MB))] * 2,
    *[st.tuples(st.just("buy"), st.sampled_from(SOLD), st.booleans())] * 2,
    *[st.tuples(st.just("top up"), MONEY)] * 2,
    st.tuples(st.just("end session")),
    st.tuples(st.just("borrow"), st.integers(1, 2 * QAR)),
    st.tuples(st.just("adjust"), st.integers(-2 * QAR, 2 * QAR)),
    st.tuples(st.just("transfer"), MONEY),
    st.tuples(st.just("transfer data"), NUMBER, VOLUME, st.booleans()),
    st.tuples(st.just("consent"), st.booleans()),
    st.tuples(st.just("automatic"), st.none() | st.tuples(st.integers(0, QAR), st.integers(QAR, 3 * QAR))),
    st.tuples(st.just("renew"), NUMBER, st.booleans()),
    st.tuples(st.just("wait")),
)
PAUSE = st.one_of(st.integers(0, 600), st.just(0), st.integers(0, 1800), st.integers(0, 4 * 3600))
STEPS = st.lists(st.tuples(PAUSE, st.booleans(), OPERATION), min_size=8, max_size=30)
BOUGHT = st.lists(st.tuples(st.sampled_from(SOLD), st.booleans()), min_size=2, max_size=4)
SETTINGS = st.tuples(st.sampled_from(TARIFFS), st.sampled_from(sorted(ORDERS)), st.booleans(), BOUGHT)


class Keyed(NamedTuple):
    """An operation that was done under a key: how to ask for it again, and what it answered."""

    again: Callable[[datetime], Any]
    answer: Any


class Lives:
    """Two accounts and the steps they go through."""

    def __init__(self, tariff: Tariff, order: str, consent: bool, bought: list[tuple[Bundle, bool]]) -> None:  # noqa: FBT001
        self.accounts = [
            PrepaidAccount(tariff, LIFE, opened=START, order=order, out_of_bundle=consent, name=name)
            for name in ("Noor", "Sami")
        ]
        self.sessions = [Session(), Session()]
        self.usages: list[list[int]] = [[], []]
        self.keyed: list[Keyed] = []
        self.at = START
        for account in self.accounts:
            account.top_up(18 * QAR, at=START)
            for bundle, renews in bought:
                account.buy(bundle, at=START, renews=renews)

    def step(self, number: int, pause: int, second: bool, operation: tuple[Any, ...]) -> Any:  # noqa: FBT001
        """Do one step; a refusal is an answer too."""
        self.at += timedelta(seconds=pause)
        try:
            return self._do(f"step {number}", int(second), *operation)
        except (Refused, InputError) as no:
            return str(no)

    def run(self, steps: list[Any]) -> list[Any]:
        return [self.step(number, *step) for number, step in enumerate(steps)]

    def state(self) -> Any:
        return [state(account) for account in self.accounts]

    def _do(self, key: str, who: int, what: str, *details: Any) -> Any:
        account, other = self.accounts[who], self.accounts[1 - who]
        if what in {"report", "reserve", "end session"}:
            return self._of_session(account, who, what, *details)
        if what == "consent":
            return account.allow_out_of_bundle(*details, at=self.at)
        if what == "automatic":
            return account.top_up_automatically(details[0] and AutoTopUp(*details[0]), at=self.at)
        if what == "wait":
            return account.advance(self.at)
        bucket: Any = pick(account.buckets, details[0])
        if what == "renew":
            return account.renew_automatically(bucket, details[1], at=self.at)
        into = other.buckets[0] if other.buckets and what == "transfer data" and details[2] else None
        usage = pick(self.usages[who], details[0]) or 0
        again: dict[str, Callable[[datetime], Any]] = {
            "top up": lambda at: account.top_up(details[0], at=at, key=key),
            "buy": lambda at: account.buy(details[0], at=at, renews=details[1], key=key),
            "use": lambda at: account.use(details[0], at=at, traffic=details[1], key=key),
            "refund": lambda at: account.refund(usage, details[1], at=at, key=key),
            "borrow": lambda at: account.borrow(details[0], at=at, key=key),
            "adjust": lambda at: account.adjust(details[0], at=at, note="why", key=key),
            "transfer": lambda at: account.transfer(details[0], other, at=at, key=key),
            "transfer data": lambda at: account.transfer_data(details[1], bucket, other, at=at, into=into, key=key),
        }
        answer = again[what](self.at)
        self.keyed.append(Keyed(again[what], answer))
        if what == "use":
            self.usages[who].append(answer.operation)
        return answer

    def _of_session(self, account: PrepaidAccount, who: int, what: str, *details: Any) -> Any:
        session = self.sessions[who]
        if what == "report":
            volume, traffic, minutes = details
            since = self.at - timedelta(minutes=minutes)
            return account.debit(volume, session, at=self.at, since=since, traffic=traffic)
        if what == "reserve":
            return account.reserve(details[0], session, at=self.at, traffic=details[1])
        account.release(session, at=self.at)
        self.sessions[who] = Session()
        if any(entry.kind is Kind.USAGE for entry in account.ledger.of(session.operation)):
            self.usages[who].append(session.operation)
        return session.cost


def pick(among: Sequence[Any], number: Any) -> Any:
    """One of several, by any number; None if there is none, or the step names no number."""
    return among[number % len(among)] if among and isinstance(number, int) else None


def state(account: PrepaidAccount) -> Any:
    """All that an account is."""
    ledger = account.ledger
    told = (list(ledger), dict(ledger.keys), dict(ledger.notes), dict(ledger.terms))
    buckets = [(bucket.id, bucket.left, bucket.terms) for bucket in account.buckets]
    return account.credit, account.held, account.owed, account.now, account.status, account.valid_until, buckets, told


# ------------------------------------------------------------------------------------ conservation


@given(SETTINGS, STEPS)
def test_both_laws_hold_after_every_step_and_nothing_falls_below_zero(settings: Any, steps: list[Any]) -> None:
    lives = Lives(*settings)
    for number, step in enumerate(steps):
        lives.step(number, *step)
        for account in lives.accounts:
            account.check()
            assert account.credit >= account.held >= 0
            assert all(bucket.left >= 0 for bucket in account.buckets)


@given(SETTINGS, STEPS)
def test_the_terms_of_the_laws_add_up_to_what_is_there(settings: Any, steps: list[Any]) -> None:
    lives = Lives(*settings)
    lives.run(steps)
    for account in lives.accounts:
        *terms, balance = account.ledger.money_law().values()
        assert sum(terms) == balance == account.credit
        for bucket in account.buckets:
            *terms, left = account.ledger.bytes_law(bucket.id).values()
            assert sum(terms) == left == bucket.left


def test_random_lives_see_every_kind_of_entry_and_every_status() -> None:
    """Else the laws would hold for want of anything that could break them."""
    kinds: Counter[Kind] = Counter()
    statuses: set[Status] = set()

    @settings(max_examples=400)  # many: which examples are drawn depends on what else has been imported
    @given(SETTINGS, STEPS)
    def live(choice: Any, steps: list[Any]) -> None:
        lives = Lives(*choice)
        for number, step in enumerate(steps):
            lives.step(number, *step)
            statuses.update(account.status for account in lives.accounts)
        kinds.update(entry.kind for account in lives.accounts for entry in account.ledger)

    live()
    prepaid = {kind for kind in Kind if kind < Kind.PAYMENT} - {Kind.OVERDRAFT}
    assert prepaid - kinds.keys() == set()
    assert kinds[Kind.USAGE] > 100
    assert statuses == {Status.ACTIVE, Status.SUSPENDED, Status.GRACE, Status.EXPIRED}


def test_the_laws_are_those_of_the_design() -> None:
    """Written down a second time on purpose: a kind that changes sides must be changed here too."""
    prepaid_in = {"top up", "refund", "loan", "transfer in", "adjustment"}
    prepaid_out = {"bundle", "usage", "fee", "transfer out", "expired", "loan repaid"}
    assert prepaid_in <= {kind.label for kind in MONEY_LAW[+1]}
    assert {kind.label for kind in MONEY_LAW[-1]} == prepaid_out
    assert {kind.label for kind in BYTES_LAW[+1]} == {"grant", "refund", "rolled in", "transfer in"}
    assert {kind.label for kind in BYTES_LAW[-1]} == {"usage", "expired", "rolled out", "transfer out"}


@given(SETTINGS, STEPS)
def test_a_transfer_loses_nothing_on_the_way(settings: Any, steps: list[Any]) -> None:
    lives = Lives(*settings)
    lives.run(steps)
    for column in ("money", "volume"):
        sent, received = (
            sum(account.ledger.totals(column).get(kind, 0) for account in lives.accounts)
            for kind in (Kind.TRANSFER_OUT, Kind.TRANSFER_IN)
        )
        assert sent + received == 0


# ------------------------------------------------------------------------------------ the ledger alone


def rebuilt(account: PrepaidAccount) -> Any:
    """What an account is, told by nothing but its ledger and its rules."""
    ledger = account.ledger
    credit = owed = held = 0
    valid_until, status, left, agreed = None, Status.SUSPENDED, {}, {}
    for entry in ledger:
        credit += entry.money
        if entry.kind in GRANTS and entry.bucket == entry.id:
            left[entry.id], agreed[entry.id] = 0, ledger.terms[entry.id]
        if entry.bucket:
            left[entry.bucket] += entry.volume
        if entry.kind is Kind.RENEWAL:
            agreed[entry.bucket] = replace(agreed[entry.bucket], renews=ledger.terms[entry.id])
        elif entry.kind is Kind.TOP_UP:
            valid_until = ledger.terms[entry.id]
        elif entry.kind is Kind.STATUS:
            status = Status(ledger.notes[entry.id])
        elif entry.kind in {Kind.LOAN, Kind.LOAN_REPAID}:
            owed += entry.money
        elif entry.kind in {Kind.HOLD, Kind.RELEASE} and not entry.bucket:
            held += entry.quantity if entry.kind is Kind.HOLD else -entry.quantity
    live = {bucket: (left[bucket], agreed[bucket]) for bucket in left if left[bucket]}
    return credit, held, owed, valid_until, status, live


@given(SETTINGS, STEPS)
def test_the_ledger_alone_rebuilds_the_account(settings: Any, steps: list[Any]) -> None:
    lives = Lives(*settings)
    lives.run([step for step in steps if step[2][0] != "reserve"])  # a hold can outlive the terms of its bucket
    for account in lives.accounts:
        live = {bucket.id: (bucket.left, bucket.terms) for bucket in account.buckets if bucket.left}
        assert all(isinstance(terms, Terms) for _, terms in live.values())
        told = (account.credit, account.held, account.owed, account.valid_until, account.status, live)
        assert rebuilt(account) == told


# ------------------------------------------------------------------------------------ once and only once


@given(SETTINGS, STEPS, st.integers(0, 99))
def test_any_operation_repeated_under_its_key_changes_nothing(settings: Any, steps: list[Any], later: int) -> None:
    lives = Lives(*settings)
    lives.run(steps)
    before = lives.state()
    for keyed in lives.keyed:
        assert keyed.again(lives.at + later * HOUR) == keyed.answer
    assert lives.state() == before


@given(SETTINGS, STEPS)
def test_a_retransmission_in_the_midst_of_a_life_changes_nothing(settings: Any, steps: list[Any]) -> None:
    once, twice = Lives(*settings), Lives(*settings)
    for number, step in enumerate(steps):
        answer = once.step(number, *step)
        before = len(twice.keyed)
        assert twice.step(number, *step) == answer
        for keyed in twice.keyed[before:]:
            assert keyed.again(twice.at) == answer
    assert once.state() == twice.state()


@given(SETTINGS, STEPS)
def test_the_same_life_twice_is_the_same_to_the_last_entry(settings: Any, steps: list[Any]) -> None:
    first, second = Lives(*settings), Lives(*settings)
    assert first.run(steps) == second.run(steps)
    assert first.state() == second.state()


# ------------------------------------------------------------------------------------ undone


REPORTS = st.lists(st.tuples(st.integers(0, 3 * MB), TRAFFIC, st.integers(0, 90)), min_size=1, max_size=6)
USED = st.lists(st.one_of(VOLUME, REPORTS), min_size=1, max_size=8)


@given(SETTINGS, USED)
def test_refunding_everything_restores_money_and_live_buckets(settings: Any, used: list[Any]) -> None:
    account = Lives(*settings).accounts[0]
    before = account.credit, {bucket.id: bucket.left for bucket in account.buckets}
    operations = []
    for volumes in used:
        if isinstance(volumes, int):
            operations.append(account.use(volumes, at=START).operation)
        else:
            session = Session()
            for volume, traffic, minutes in volumes:
                account.debit(volume, session, at=START, since=START - timedelta(minutes=minutes), traffic=traffic)
            operations.append(session.operation)
    for operation in operations:
        if operation and any(entry.kind is Kind.USAGE for entry in account.ledger.of(operation)):
            account.refund(operation, at=START)
    assert (account.credit, {bucket.id: bucket.left for bucket in account.buckets}) == before
    account.check()


@given(SETTINGS, STEPS, st.lists(st.integers(1, 2 * MB), max_size=6))
def test_a_usage_undone_in_parts_gives_back_what_it_took(settings: Any, steps: list[Any], parts: list[int]) -> None:
    lives = Lives(*settings)
    lives.run(steps)
    account = lives.accounts[0]
    usage = account.use(5 * MB, at=account.now)
    taken = [entry for entry in account.ledger.of(usage.operation) if entry.kind in {Kind.USAGE, Kind.FEE}]
    first = len(account.ledger)
    rest = usage.served
    for part in parts:
        if part < rest:
            rest -= account.refund(usage.operation, part, at=account.now)
    if rest:
        account.refund(usage.operation, at=account.now)
    given_back = [entry for entry in account.ledger.since(first) if entry.kind is Kind.REFUND]
    for column in ("money", "volume"):
        assert sum(getattr(entry, column) for entry in given_back) == -sum(getattr(entry, column) for entry in taken)
