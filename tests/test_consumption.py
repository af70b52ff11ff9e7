"""Using data and undoing it: what is served, what is denied, who paid, and what comes back."""

from datetime import timedelta
from typing import Any

import pytest

from prepaid_model.balances import Status
from prepaid_model.buckets import Session
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount, Usage
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.units import KB, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PER_MB = Tariff(price=QAR // 2)


def opened(top_up: int = 20 * QAR, *, tariff: Tariff = PER_MB, **settings: Any) -> PrepaidAccount:
    account = PrepaidAccount(tariff, opened=NINE, **({"out_of_bundle": True} | settings))
    if top_up:
        account.top_up(top_up, at=NINE)
    return account


def bundle(name: str = "100 MB", volume: int = 100 * MB, *, lasts: timedelta = DAY, **terms: Any) -> Bundle:
    return Bundle(name, terms.pop("price", 0), volume, lasts, **terms)


def left(account: PrepaidAccount) -> dict[str, int]:
    return {bucket.name: bucket.left for bucket in account.buckets}


# ------------------------------------------------------------------------------------ use


def test_usage_drains_live_buckets_in_order_then_the_main_balance() -> None:
    account = opened()
    account.buy(bundle("later", 5 * MB, lasts=2 * DAY), at=NINE)
    account.buy(bundle("sooner", 3 * MB), at=NINE)
    assert account.use(4 * MB, at=NINE)[1:] == (4 * MB, 0, 0)
    assert left(account) == {"sooner": 0, "later": 4 * MB}
    assert account.use(6 * MB, at=NINE)[1:] == (6 * MB, 0, QAR)
    account.check()


def test_without_consent_nothing_is_taken_from_the_main_balance() -> None:
    account = opened(out_of_bundle=False)
    account.buy(bundle(volume=MB), at=NINE)
    assert account.use(3 * MB, at=NINE)[1:] == (MB, 2 * MB, 0)
    assert (account.credit, account.status) == (20 * QAR, Status.SUSPENDED)


def test_what_cannot_be_paid_is_denied_and_written_down() -> None:
    account = opened(QAR)
    usage = account.use(5 * MB, at=NINE)
    assert usage == Usage(usage.operation, 2 * MB, 3 * MB, QAR)
    denied = account.ledger.of(usage.operation)[-1]
    assert (denied.kind, denied.quantity, denied.money) == (Kind.DENIED, 3 * MB, 0)
    assert (account.credit, account.status) == (0, Status.SUSPENDED)
    again = account.use(MB, at=NINE)
    assert again == Usage(len(account.ledger), 0, MB, 0)


def test_only_whole_increments_are_served_and_the_rest_of_the_credit_stays() -> None:
    account = opened(QAR + QAR // 4)
    assert account.use(5 * MB, at=NINE)[1:] == (2 * MB, 3 * MB, QAR)
    assert (account.credit, account.status) == (QAR // 4, Status.SUSPENDED)


def test_a_use_is_a_session_of_its_own() -> None:
    account = opened()
    costs = [account.use(100 * KB, at=NINE).cost for _ in range(10)]
    assert costs == [QAR // 2] * 10  # each started megabyte: no slack from one to the next


def test_a_use_is_priced_at_its_instant() -> None:
    account = opened(tariff=Tariff(price=QAR, hours=(HourPrice(0, 6, QAR // 10),)))
    night = (NINE + DAY).replace(hour=5, minute=59, second=59)
    assert account.use(MB, at=night).cost == QAR // 10
    assert account.use(MB, at=night + timedelta(seconds=1)).cost == QAR


def test_a_session_fee_is_an_entry_of_its_own() -> None:
    account = opened(tariff=Tariff(price=QAR // 2, session_fee=QAR))
    usage = account.use(MB, at=NINE)
    assert usage.cost == QAR + QAR // 2
    assert [(entry.kind, entry.money) for entry in account.ledger.of(usage.operation)] == [
        (Kind.USAGE, -QAR // 2),
        (Kind.FEE, -QAR),
    ]


def test_a_session_pays_its_fee_once_when_it_first_draws_on_the_main_balance() -> None:
    account = opened(tariff=Tariff(price=QAR // 2, session_fee=QAR))
    account.buy(bundle(volume=MB), at=NINE)
    session, costs = Session(), []
    for volume in (MB, 100 * KB, 900 * KB, 1):
        before = session.cost
        account.debit(volume, session, at=NINE)
        costs.append(session.cost - before)
    # The bundle; fee and first block; its slack; the next block.
    assert costs == [0, QAR + QAR // 2, 0, QAR // 2]
    assert [entry.money for entry in account.ledger.of(session.operation) if entry.kind is Kind.FEE] == [-QAR]


def test_a_discounted_bundle_takes_bytes_and_money() -> None:
    account = opened(QAR)
    account.buy(bundle("night", 10 * MB, tariff=Tariff(price=QAR // 10)), at=NINE)
    assert account.use(MB + 1, at=NINE)[1:] == (MB + 1, 0, QAR // 5)
    assert left(account) == {"night": 8 * MB}


def test_a_blocker_that_cannot_pay_denies_the_rest() -> None:
    account = opened()
    account.buy(bundle("blocker", MB, blocker=True, lasts=HOUR), at=NINE)
    account.buy(bundle("other", 9 * MB), at=NINE)
    assert account.use(3 * MB, at=NINE)[1:] == (MB, 2 * MB, 0)
    assert account.status is Status.SUSPENDED
    assert account.use(3 * MB, at=NINE + HOUR).served == 3 * MB


def test_traffic_of_one_kind_drains_its_own_buckets() -> None:
    account = opened()
    account.buy(bundle("video", 5 * MB, traffic="video"), at=NINE)
    account.buy(bundle("all", 5 * MB, lasts=HOUR), at=NINE)
    account.use(MB, at=NINE)
    account.use(7 * MB, at=NINE, traffic="video")
    assert left(account) == {"all": 0, "video": 2 * MB}


def test_usage_never_drives_a_balance_below_zero() -> None:
    account = opened(QAR)
    account.buy(bundle(volume=MB), at=NINE)
    for volume in (1, MB, 10**12, 3):
        account.use(volume, at=NINE)
        assert account.credit >= 0
        assert min(left(account).values()) >= 0
    account.check()


# ------------------------------------------------------------------------------------ keys and input


def test_the_same_report_twice_is_charged_once_and_answered_alike() -> None:
    account = opened(QAR)
    account.buy(bundle(volume=MB), at=NINE)
    for volume, key in ((100, "bucket only"), (2 * MB, "both"), (9 * MB, "some denied"), (MB, "all denied")):
        first = account.use(volume, at=NINE, key=key)
        before = account.credit, left(account), account.now, list(account.ledger)
        assert account.use(volume, at=NINE + 9 * DAY, key=key) == first
        assert (account.credit, left(account), account.now, list(account.ledger)) == before


def test_a_report_with_a_fee_is_answered_alike() -> None:
    account = opened(tariff=Tariff(price=QAR // 2, session_fee=QAR))
    assert account.use(MB, at=NINE, key="k") == account.use(MB, at=NINE, key="k")


@pytest.mark.parametrize("plain", [True, False])
def test_a_key_for_another_report_is_refused(plain: bool) -> None:  # noqa: FBT001
    account = opened()
    account.buy(bundle(traffic=None if plain else "video"), at=NINE)
    traffic = "general" if plain else "video"
    account.use(MB, at=NINE, traffic=traffic, key="k")
    before = account.credit, left(account), list(account.ledger)
    with pytest.raises(Refused, match="stands for another operation"):
        account.use(MB + 1, at=NINE, traffic=traffic, key="k")
    with pytest.raises(Refused, match="stands for another operation"):
        account.use(MB, at=NINE, traffic="music", key="k")
    with pytest.raises(Refused, match="stands for another operation"):
        account.top_up(MB, at=NINE, key="k")
    assert (account.credit, left(account), list(account.ledger)) == before


@pytest.mark.parametrize("with_bucket", [True, False])
@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("volume", {"volume": volume}) for volume in (0, -1, 0.5, 1.0, True, None, "5", 10**30)),
        *(("at", {"at": at}) for at in (None, 5, NINE.replace(tzinfo=None), NINE - HOUR)),
        *(("key", {"key": key}) for key in ("", 5, ["k"])),
        *(("channel, note or traffic", {"traffic": traffic}) for traffic in (None, 5)),
    ],
    ids=str,
)
def test_what_is_no_usage_is_refused_and_changes_nothing(field: str, wrong: dict[str, Any], with_bucket: bool) -> None:  # noqa: FBT001
    account = opened()
    if with_bucket:
        account.buy(bundle(), at=NINE)
    before = account.credit, left(account), account.now, list(account.ledger), dict(account.ledger.keys)
    with pytest.raises(InputError) as refusal:
        account.use(**({"volume": MB, "at": NINE + HOUR} | wrong))
    assert refusal.value.field == field
    assert refusal.value.expected
    assert (account.credit, left(account), account.now, list(account.ledger), dict(account.ledger.keys)) == before


# ------------------------------------------------------------------------------------ refund


def test_a_refund_undoes_a_usage_exactly() -> None:
    account = opened(tariff=Tariff(price=QAR // 2, session_fee=QAR))
    account.buy(bundle("priced", 2 * MB, tariff=Tariff(price=QAR // 10, increment=MB), lasts=HOUR), at=NINE)
    account.buy(bundle("plain", 2 * MB), at=NINE)
    before = account.credit, left(account)
    usage = account.use(5 * MB - 7, at=NINE)
    assert account.refund(usage.operation, at=NINE) == 5 * MB - 7
    assert (account.credit, left(account)) == before
    account.check()


def test_a_part_is_undone_latest_first() -> None:
    account = opened()
    account.buy(bundle(volume=2 * MB), at=NINE)
    usage = account.use(5 * MB, at=NINE)
    account.refund(usage.operation, MB, at=NINE)  # the last megabyte, paid from the main balance
    assert (account.credit, account.data_left) == (20 * QAR - QAR, 0)
    account.refund(usage.operation, 3 * MB, at=NINE)
    assert (account.credit, account.data_left) == (20 * QAR, MB)
    with pytest.raises(InputError, match=f"at most the {MB} bytes of operation {usage.operation} still charged"):
        account.refund(usage.operation, MB + 1, at=NINE)
    assert account.refund(usage.operation, at=NINE) == MB
    with pytest.raises(InputError, match="at most the 0 bytes"):
        account.refund(usage.operation, at=NINE)
    account.check()


def test_an_increment_comes_back_with_its_first_byte_and_a_fee_with_the_last() -> None:
    account = opened(tariff=Tariff(price=QAR // 2, session_fee=QAR))
    usage = account.use(2 * MB, at=NINE)
    seen = []
    for part in (1, MB - 2, 1, MB - 1, 1):
        account.refund(usage.operation, part, at=NINE)
        seen.append(20 * QAR - account.credit)
    assert seen == [2 * QAR, 2 * QAR, 3 * QAR // 2, 3 * QAR // 2, 0]


def test_data_goes_back_to_live_buckets_only() -> None:
    account = opened()
    account.buy(bundle("short", MB, lasts=HOUR), at=NINE)
    account.buy(bundle("long", 9 * MB), at=NINE)
    usage = account.use(3 * MB, at=NINE)
    assert account.refund(usage.operation, at=NINE + HOUR) == 3 * MB
    assert left(account) == {"long": 9 * MB}
    refunds = [entry for entry in account.ledger if entry.kind is Kind.REFUND]
    assert [(entry.quantity, entry.volume, entry.bucket > 0) for entry in refunds] == [
        (2 * MB, 2 * MB, True),
        (MB, 0, False),
    ]
    account.check()


def test_a_dead_bucket_kept_for_a_hold_gets_nothing_back() -> None:
    account = opened()
    account.buy(bundle("short", 9 * MB, lasts=HOUR), at=NINE)
    session = Session()
    usage = account.use(MB, at=NINE)
    assert account.reserve(MB, session, at=NINE) == MB
    account.refund(usage.operation, at=NINE + HOUR)
    law = account.ledger.bytes_law(account.ledger[usage.operation].bucket)
    assert (law["refund"], law["expired"], law["left"]) == (0, -7 * MB, MB)  # what is held waits for its report
    account.release(session, at=NINE + HOUR)
    assert account.ledger.bytes_law(account.ledger[usage.operation].bucket)["expired"] == -8 * MB
    account.check()


def test_money_comes_back_though_its_bucket_is_gone() -> None:
    account = opened()
    account.buy(bundle("priced", MB, tariff=Tariff(price=QAR), lasts=HOUR), at=NINE)
    usage = account.use(MB, at=NINE)
    account.refund(usage.operation, at=NINE + HOUR)
    assert (account.credit, left(account)) == (20 * QAR, {})


def test_a_refund_names_what_it_undoes() -> None:
    account = opened()
    usage = account.use(MB, at=NINE)
    account.refund(usage.operation, at=NINE)
    entry = list(account.ledger)[-1]
    assert (entry.kind, entry.reverses, entry.quantity, entry.money) == (Kind.REFUND, usage.operation, MB, QAR // 2)


def test_a_refund_wakes_a_suspended_account() -> None:
    account = opened(QAR)
    usage = account.use(2 * MB, at=NINE)
    assert account.status is Status.SUSPENDED
    account.refund(usage.operation, at=NINE)
    assert account.status is Status.ACTIVE


def test_re_rating_refunds_all_and_charges_anew() -> None:
    account = opened()
    usage = account.use(10 * MB, at=NINE)
    account.refund(usage.operation, at=NINE)
    account.use(MB, at=NINE)
    assert account.credit == 20 * QAR - QAR // 2
    account.check()


def test_the_same_refund_twice_is_made_once() -> None:
    account = opened()
    usage = account.use(4 * MB, at=NINE)
    assert account.refund(usage.operation, MB, at=NINE, key="k") == MB
    before = account.credit, account.now, list(account.ledger)
    assert account.refund(usage.operation, MB, at=NINE + HOUR, key="k") == MB
    for other in (None, 2 * MB):
        with pytest.raises(Refused, match="stands for another operation"):
            account.refund(usage.operation, other, at=NINE + HOUR, key="k")
    assert (account.credit, account.now, list(account.ledger)) == before
    assert account.refund(usage.operation, at=NINE, key="the rest") == 3 * MB
    assert account.refund(usage.operation, at=NINE + HOUR, key="the rest") == 3 * MB


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("operation", {"operation": operation}) for operation in (0, -1, None, 2.0, True, 1, 99)),
        *(("refund volume", {"volume": volume}) for volume in (0, -1, 0.5, True, MB + 1)),
        *(("at", {"at": at}) for at in (None, NINE.replace(tzinfo=None), NINE - HOUR)),
    ],
    ids=str,
)
def test_what_is_no_refund_is_refused_and_changes_nothing(field: str, wrong: dict[str, Any]) -> None:
    account = opened()
    usage = account.use(MB, at=NINE)
    before = account.credit, account.now, list(account.ledger)
    with pytest.raises(InputError) as refusal:
        account.refund(**({"operation": usage.operation, "at": NINE + HOUR} | wrong))
    assert refusal.value.field == field
    assert (account.credit, account.now, list(account.ledger)) == before
