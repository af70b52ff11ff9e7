"""Buying and giving away data, and the quick way through `use`, which must be the long way to the last entry."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.buckets import ORDERS, Bucket, Terms
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Validity
from prepaid_model.prepaid import AutoTopUp, PrepaidAccount
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.units import KB, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
HUNDRED = Bundle("100 MB", 8 * QAR, 100 * MB, DAY)


def opened(top_up: int = 20 * QAR, **settings: Any) -> PrepaidAccount:
    account = PrepaidAccount(Tariff(price=QAR // 2), opened=NINE, **settings)
    if top_up:
        account.top_up(top_up, at=NINE)
    return account


def state(account: PrepaidAccount) -> Any:
    buckets = [(bucket.id, bucket.left, bucket.terms) for bucket in account.buckets]
    ledger = account.ledger
    told = (list(ledger), dict(ledger.keys), dict(ledger.notes), dict(ledger.terms))
    return account.credit, account.owed, account.now, account.status, account.valid_until, buckets, told


# ------------------------------------------------------------------------------------ buy


def test_credit_becomes_data() -> None:
    account = opened()
    operation = account.buy(HUNDRED, at=NINE + HOUR)
    price, grant = account.ledger.of(operation)
    assert (price.kind, price.money, price.balance) == (Kind.BUNDLE, -8 * QAR, 12 * QAR)
    assert (grant.kind, grant.volume, grant.left, grant.bucket) == (Kind.GRANT, 100 * MB, 100 * MB, grant.id)
    assert account.ledger.terms[grant.id] == Terms(HUNDRED, NINE + HOUR, NINE + HOUR + DAY, paid=8 * QAR)
    assert (account.credit, account.data_left) == (12 * QAR, 100 * MB)


def test_a_bundle_dearer_than_the_credit_is_refused() -> None:
    account = opened(5 * QAR)
    before = state(account)
    with pytest.raises(Refused, match=r"buy 100 MB: refused, the credit is QAR 5.00, QAR 3.00 too little"):
        account.buy(HUNDRED, at=NINE)
    assert state(account) == before


def test_a_purchase_with_a_key_happens_once() -> None:
    account = opened(50 * QAR)
    done = account.buy(HUNDRED, at=NINE, key="k")
    before = state(account)
    assert account.buy(HUNDRED, at=NINE + 9 * DAY, key="k") == done
    others: list[Callable[[], int]] = [
        lambda: account.buy(HUNDRED, at=NINE, renews=True, key="k"),
        lambda: account.buy(Bundle("100 MB", 8 * QAR, 99 * MB, DAY), at=NINE, key="k"),
        lambda: account.buy(Bundle("100 MB", 9 * QAR, 100 * MB, DAY), at=NINE, key="k"),
        lambda: account.buy(Bundle("all", 8 * QAR, 100 * MB, DAY), at=NINE, key="k"),
        lambda: account.top_up(8 * QAR, at=NINE, channel="100 MB", key="k"),
    ]
    for other in others:
        with pytest.raises(Refused, match="key 'k': refused, it stands for another"):
            other()
    assert state(account) == before
    assert account.buy(HUNDRED, at=NINE, key="another") != done


@pytest.mark.parametrize("bundle", [None, "100 MB", 8 * QAR])
def test_what_is_no_bundle_is_refused(bundle: Any) -> None:
    account = opened()
    before = state(account)
    with pytest.raises(InputError, match="bundle: got"):
        account.buy(bundle, at=NINE + HOUR)
    assert state(account) == before


# ------------------------------------------------------------------------------------ bad moments, for every operation


def operations(account: PrepaidAccount, other: PrepaidAccount, at: Any) -> dict[str, Callable[[], Any]]:
    return {
        "top up": lambda: account.top_up(QAR, at=at),
        "buy": lambda: account.buy(HUNDRED, at=at),
        "use": lambda: account.use(MB, at=at),
        "refund": lambda: account.refund(len(account.ledger), at=at),
        "borrow": lambda: account.borrow(QAR, at=at),
        "adjust": lambda: account.adjust(QAR, at=at, note="why"),
        "transfer": lambda: account.transfer(QAR, other, at=at),
        "transfer data": lambda: account.transfer_data(MB, account.buckets[0], other, at=at),
        "allow out of bundle": lambda: account.allow_out_of_bundle(True, at=at),
        "top up automatically": lambda: account.top_up_automatically(AutoTopUp(0, QAR), at=at),
        "renew automatically": lambda: account.renew_automatically(account.buckets[0], True, at=at),
        "advance": lambda: account.advance(at),
    }


OPERATIONS = tuple(operations(opened(), opened(), NINE))


def ready() -> tuple[PrepaidAccount, PrepaidAccount]:
    account = opened(lifecycle=Lifecycle(lend_up_to=5 * QAR))
    account.buy(HUNDRED, at=NINE)
    account.use(MB, at=NINE + HOUR)
    return account, opened(name="Sami")


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("at", [None, 5, "2026-01-01", NINE.replace(tzinfo=None), NINE], ids=str)
def test_a_bad_moment_is_refused_and_changes_nothing(name: str, at: Any) -> None:
    account, other = ready()
    before = state(account), state(other)
    with pytest.raises(InputError) as wrong:
        operations(account, other, at)[name]()
    assert wrong.value.field == "at"
    assert wrong.value.expected
    assert (state(account), state(other)) == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_moment_in_another_zone_is_the_same_instant(name: str) -> None:
    (here, taker), (abroad, giver) = ready(), ready()
    at = NINE + 2 * HOUR
    operations(here, taker, at)[name]()
    operations(abroad, giver, at.astimezone(UTC))[name]()
    assert state(here) == state(abroad)
    assert here.now == at


# ------------------------------------------------------------------------------------ data given away


def test_data_goes_to_a_new_bucket_of_the_same_expiry() -> None:
    giver, taker = opened(name="Noor"), opened(0, name="Sami")
    giver.buy(HUNDRED, at=NINE, renews=True)
    giver.transfer_data(30 * MB, giver.buckets[0], taker, at=NINE + HOUR)
    (given,), (kept,) = taker.buckets, giver.buckets
    assert (kept.left, given.left) == (70 * MB, 30 * MB)
    assert (given.terms.expires, given.terms.bundle) == (NINE + DAY, HUNDRED)
    assert (given.terms.renews, given.terms.paid) == (False, 8 * QAR * 30 // 100)
    assert (kept.terms.renews, taker.valid_until) == (True, None)
    taker.advance(NINE + 2 * DAY)
    assert (taker.credit, taker.data_left) == (0, 0)
    giver.check()
    taker.check()


def test_data_goes_into_a_bucket_that_is_there() -> None:
    giver, taker = opened(), opened(name="Sami")
    giver.buy(HUNDRED, at=NINE)
    taker.buy(Bundle("week", QAR, MB, 7 * DAY), at=NINE)
    giver.transfer_data(30 * MB, giver.buckets[0], taker, at=NINE, into=taker.buckets[0])
    assert [(bucket.left, bucket.terms.expires) for bucket in taker.buckets] == [(31 * MB, NINE + 7 * DAY)]


def test_all_that_is_left_can_be_given() -> None:
    giver, taker = opened(), opened(0, name="Sami")
    giver.buy(HUNDRED, at=NINE)
    giver.transfer_data(100 * MB, giver.buckets[0], taker, at=NINE)
    assert (giver.data_left, taker.data_left) == (0, 100 * MB)


def test_data_that_is_not_there_cannot_be_given() -> None:
    giver, taker = opened(), opened(0, name="Sami")
    giver.buy(HUNDRED, at=NINE)
    source = giver.buckets[0]
    with pytest.raises(Refused, match=r"transfer 100 MB: refused, there is no live bucket that holds so much"):
        giver.transfer_data(100 * MB + 1, source, taker, at=NINE)
    with pytest.raises(Refused, match="there is no live bucket"):
        giver.transfer_data(MB, source, taker, at=NINE + DAY)
    giver.buy(HUNDRED, at=NINE + DAY)
    with pytest.raises(Refused, match="the bucket of Sami has expired"):
        giver.transfer_data(MB, giver.buckets[0], taker, at=NINE + DAY, into=Bucket(99, source.terms, 0))
    assert (giver.data_left, taker.data_left, len(taker.ledger)) == (100 * MB, 0, 0)


def test_a_transfer_of_data_with_a_key_happens_once() -> None:
    giver, taker = opened(30 * QAR), opened(0, name="Sami")
    giver.buy(HUNDRED, at=NINE)
    giver.buy(HUNDRED, at=NINE)
    one, two = giver.buckets
    done = giver.transfer_data(MB, one, taker, at=NINE, key="k")
    before = state(giver), state(taker)
    assert giver.transfer_data(MB, one, taker, at=NINE + HOUR, key="k") == done
    others: list[Callable[[], int]] = [
        lambda: giver.transfer_data(MB, two, taker, at=NINE, key="k"),
        lambda: giver.transfer_data(MB, one, taker, at=NINE, into=taker.buckets[0], key="k"),
        lambda: giver.transfer_data(MB + 1, one, taker, at=NINE, key="k"),
        lambda: giver.transfer(MB, taker, at=NINE, key="k"),
    ]
    for other in others:
        with pytest.raises(Refused, match="stands for another operation"):
            other()
    assert (state(giver), state(taker)) == before


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("transfer volume", {"volume": volume}) for volume in (0, -1, 0.5, True, None)),
        ("bucket", {"bucket": None}),
        ("bucket", {"bucket": 3}),
        ("bucket", {"into": 3}),
        ("to", {"to": None}),
    ],
    ids=str,
)
def test_what_is_no_transfer_of_data_is_refused(field: str, wrong: dict[str, Any]) -> None:
    giver, taker = opened(), opened(0, name="Sami")
    giver.buy(HUNDRED, at=NINE)
    before = state(giver), state(taker)
    with pytest.raises(InputError) as refusal:
        giver.transfer_data(**({"volume": MB, "bucket": giver.buckets[0], "to": taker, "at": NINE + HOUR} | wrong))
    assert refusal.value.field == field
    assert (state(giver), state(taker)) == before


@pytest.mark.parametrize("bucket", [None, 3])
def test_only_a_bucket_renews(bucket: Any) -> None:
    account = opened()
    with pytest.raises(InputError, match="bucket: got"):
        account.renew_automatically(bucket, True, at=NINE)


# ------------------------------------------------------------------------------------ the quick way


FLAT = Tariff(price=QAR // 2, increment=100 * KB)
BY_HOUR = Tariff(price=QAR // 2, hours=(HourPrice(9, 11, QAR // 10),))
FREE = Tariff(price=0, per=1, increment=1)
SOLD = (
    Bundle("plain", QAR, 9 * MB, DAY),
    Bundle("short", QAR, 5 * MB, 2 * HOUR, priority=5),
    Bundle("night", QAR, 5 * MB, DAY, hours=(23, 3)),
    Bundle("video", QAR, 5 * MB, DAY, traffic="video"),
    Bundle("blocker", QAR, MB, 3 * HOUR, blocker=True),
    Bundle("coarse", QAR, 5 * MB, DAY, tariff=Tariff(price=0, per=1, increment=MB)),
    Bundle("first block", QAR, 5 * MB, DAY, tariff=Tariff(price=0, per=1, increment=1, first_block=MB)),
    Bundle("priced", QAR, 5 * MB, DAY, tariff=Tariff(price=QAR // 10, increment=100 * KB)),
    Bundle("renewing", QAR, 3 * MB, 2 * HOUR, rollover=MB),
)

USES = st.tuples(
    st.just("use"),
    st.one_of(st.integers(1, 3 * MB), st.sampled_from((1, 100 * KB, MB, 9 * MB, 10**12))),
    st.sampled_from(("general", "general", "general", "video")),
    st.sampled_from((None, None, "a", "b")),
)
OTHERS = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(SOLD)),
    st.tuples(st.just("top up"), st.integers(1, 5)),
    st.tuples(st.just("consent"), st.booleans()),
    st.tuples(st.just("auto"), st.booleans()),
)
STEPS = st.lists(st.tuples(st.integers(0, 5000), st.one_of(USES, USES, USES, OTHERS)), min_size=1, max_size=25)


def replay(account: PrepaidAccount, steps: list[Any], use: Callable[..., Any]) -> list[Any]:
    """What every step of a history answers, refusals included."""
    answers, at = [], NINE
    for seconds, (what, *details) in steps:
        at += timedelta(seconds=seconds)
        try:
            if what == "use":
                answers.append(use(account, *details, at))
            elif what == "buy":
                answers.append(account.buy(details[0], at=at, renews=details[0].name == "renewing"))
            elif what == "top up":
                answers.append(account.top_up(details[0] * QAR, at=at))
            elif what == "consent":
                account.allow_out_of_bundle(details[0], at=at)
            else:
                account.top_up_automatically(AutoTopUp(QAR, 2 * QAR) if details[0] else None, at=at)
        except Refused as refused:
            answers.append(str(refused))
    return answers


@given(st.sampled_from((FLAT, BY_HOUR, FREE)), st.sampled_from(sorted(ORDERS)), st.booleans(), STEPS)
def test_the_quick_way_is_the_long_way(tariff: Tariff, order: str, consent: bool, steps: list[Any]) -> None:  # noqa: FBT001
    lifecycle = Lifecycle((Validity(QAR, 9 * HOUR),), grace=5 * HOUR, lend_up_to=QAR)
    quick, long = (PrepaidAccount(tariff, lifecycle, opened=NINE, out_of_bundle=consent, order=order) for _ in range(2))
    answers = replay(
        quick, steps, lambda account, volume, traffic, key, at: account.use(volume, at=at, traffic=traffic, key=key)
    )
    assert answers == replay(
        long, steps, lambda account, volume, traffic, key, at: account._use(volume, at, traffic, key)
    )
    assert state(quick) == state(long)
    quick.check()


def test_the_largest_bucket_pays_though_another_was_larger_before() -> None:
    account = opened(order="largest")
    for name, volume in (("nine", 9 * MB), ("eight", 8 * MB)):
        account.buy(Bundle(name, 0, volume, DAY), at=NINE)
    for _ in range(3):
        account.use(2 * MB, at=NINE)
    assert {bucket.name: bucket.left for bucket in account.buckets} == {"nine": 5 * MB, "eight": 6 * MB}


def test_the_quick_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the comparison above would compare the long way with itself."""
    account = PrepaidAccount(FLAT, opened=NINE, out_of_bundle=True)
    account.top_up(20 * QAR, at=NINE)
    account.buy(SOLD[0], at=NINE)

    def long_way(*_: Any) -> None:
        raise AssertionError("the long way was taken")

    monkeypatch.setattr(PrepaidAccount, "_use", long_way)
    assert account.use(8 * MB, at=NINE, key="bucket").served == 8 * MB
    monkeypatch.undo()
    account.use(MB, at=NINE)
    monkeypatch.setattr(PrepaidAccount, "_use", long_way)
    assert account.use(1, at=NINE, key="credit").cost == QAR // 20
    account.allow_out_of_bundle(False, at=NINE)
    assert account.use(1, at=NINE).denied == 1
