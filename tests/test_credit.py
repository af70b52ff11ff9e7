"""Money into and out of the main balance: once and only once, both sides or neither, never below zero."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from prepaid_model.balances import Status
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Validity
from prepaid_model.prepaid import AutoTopUp, PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.units import MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PER_MB = Tariff(price=QAR // 2)
HUNDRED = Bundle("100 MB", 8 * QAR, 100 * MB, DAY)


def opened(top_up: int = 0, *, lend: int = 0, **settings: Any) -> PrepaidAccount:
    lifecycle = Lifecycle((Validity(QAR, 30 * DAY),), lend_up_to=lend)
    account = PrepaidAccount(PER_MB, lifecycle, opened=NINE, **settings)
    if top_up:
        account.top_up(top_up, at=NINE)
    return account


def kinds(account: PrepaidAccount) -> list[str]:
    return [entry.kind.label for entry in account.ledger]


# ------------------------------------------------------------------------------------ top-up


def test_a_top_up_is_credited_with_its_channel() -> None:
    account = opened()
    operation = account.top_up(25 * QAR, at=NINE, channel="app")
    assert account.credit == 25 * QAR
    assert account.ledger.notes[operation] == "app"
    assert account.ledger.terms[operation] == account.valid_until == NINE + 30 * DAY


def test_the_same_key_twice_is_credited_once() -> None:
    account = opened()
    first = account.top_up(25 * QAR, at=NINE, key="voucher 1")
    assert account.top_up(25 * QAR, at=NINE, key="voucher 1") == first
    assert account.credit == 25 * QAR
    assert account.top_up(25 * QAR, at=NINE, key="voucher 2") != first


def test_less_than_the_smallest_top_up_is_refused() -> None:
    account = opened()
    with pytest.raises(Refused, match=r"the smallest top-up is QAR 1.00"):
        account.top_up(QAR - 1, at=NINE + HOUR)
    assert (len(account.ledger), account.credit, account.now) == (0, 0, NINE)


# ------------------------------------------------------------------------------------ loan


def test_the_loan_is_off_by_default() -> None:
    account = opened(5 * QAR)
    with pytest.raises(Refused, match=r"borrow QAR 1.00: refused"):
        account.borrow(QAR, at=NINE)
    with pytest.raises(Refused, match=r"buy 100 MB: refused, the credit is QAR 5.00, QAR 3.00 too little"):
        account.buy(HUNDRED, at=NINE)
    assert (account.credit, account.owed) == (5 * QAR, 0)


def test_a_shortfall_at_a_purchase_becomes_a_loan() -> None:
    account = opened(5 * QAR, lend=3 * QAR)
    account.buy(HUNDRED, at=NINE)
    assert (account.credit, account.owed, account.data_left) == (0, 3 * QAR, 100 * MB)
    account.check()


def test_no_more_is_lent_than_the_limit() -> None:
    account = opened(5 * QAR, lend=3 * QAR - 1)
    for ask in (lambda: account.buy(HUNDRED, at=NINE), lambda: account.borrow(3 * QAR, at=NINE)):
        with pytest.raises(Refused, match=r"no more than QAR 2.999999 is lent"):
            ask()
    assert (account.credit, account.owed, account.data_left) == (5 * QAR, 0, 0)


def test_one_loan_at_a_time() -> None:
    account = opened(lend=5 * QAR)
    account.borrow(2 * QAR, at=NINE)
    with pytest.raises(Refused, match=r"a loan of QAR 2.00 is still owed"):
        account.borrow(QAR, at=NINE)
    account.top_up(3 * QAR, at=NINE)
    account.borrow(QAR, at=NINE)
    assert (account.credit, account.owed) == (4 * QAR, QAR)


@pytest.mark.parametrize(("top_up", "credit", "owed"), [(1, 2, 1), (2, 2, 0), (9, 9, 0)])
def test_the_next_top_up_repays_what_it_can(top_up: int, credit: int, owed: int) -> None:
    account = opened(lend=5 * QAR)
    account.borrow(2 * QAR, at=NINE)
    account.top_up(top_up * QAR, at=NINE)
    assert (account.credit, account.owed) == (credit * QAR, owed * QAR)
    assert kinds(account)[-1] == "loan repaid"
    account.check()


def test_a_loan_brings_no_validity() -> None:
    account = opened(lend=5 * QAR)
    account.borrow(2 * QAR, at=NINE)
    assert account.valid_until is None


def test_what_is_owed_survives_expiry() -> None:
    account = opened(QAR, lend=5 * QAR)
    account.borrow(2 * QAR, at=NINE)
    account.advance(NINE + 90 * DAY)
    assert (account.status, account.credit, account.owed) == (Status.EXPIRED, 0, 2 * QAR)
    account.top_up(5 * QAR, at=NINE + 90 * DAY)
    assert (account.credit, account.owed) == (3 * QAR, 0)


# ------------------------------------------------------------------------------------ adjustment


def test_an_adjustment_goes_either_way_and_says_why() -> None:
    account = opened(5 * QAR)
    account.adjust(2 * QAR, at=NINE, note="goodwill")
    down = account.adjust(-7 * QAR, at=NINE, note="voucher credited twice")
    assert (account.credit, account.ledger.notes[down]) == (0, "voucher credited twice")
    account.check()


def test_an_adjustment_below_zero_is_refused() -> None:
    account = opened(5 * QAR)
    with pytest.raises(Refused, match=r"adjust by -QAR 5.000001: refused, the credit is QAR 5.00"):
        account.adjust(-5 * QAR - 1, at=NINE, note="too much")
    assert (account.credit, kinds(account)) == (5 * QAR, ["top up"])


# ------------------------------------------------------------------------------------ transfer


def test_a_transfer_moves_credit_and_leaves_validity_alone() -> None:
    giver, taker = opened(10 * QAR, name="Noor"), opened(name="Sami")
    taker.top_up(QAR, at=NINE + 5 * DAY)
    giver.transfer(4 * QAR, taker, at=NINE + 5 * DAY)
    assert (giver.credit, taker.credit) == (6 * QAR, 5 * QAR)
    assert (giver.valid_until, taker.valid_until) == (NINE + 30 * DAY, NINE + 35 * DAY)
    assert (list(giver.ledger)[-1].kind, list(taker.ledger)[-1].kind) == (Kind.TRANSFER_OUT, Kind.TRANSFER_IN)
    assert (giver.ledger.notes[len(giver.ledger)], taker.ledger.notes[len(taker.ledger)]) == ("to Sami", "from Noor")
    giver.check()
    taker.check()


def test_a_transfer_wakes_a_suspended_account() -> None:
    giver, taker = opened(10 * QAR), opened(out_of_bundle=True, name="Sami")
    assert taker.status is Status.SUSPENDED
    giver.transfer(QAR, taker, at=NINE)
    assert taker.status is Status.ACTIVE


def test_only_own_credit_can_be_given() -> None:
    giver, taker = opened(10 * QAR, lend=5 * QAR), opened(name="Sami")
    giver.borrow(3 * QAR, at=NINE)
    with pytest.raises(Refused, match=r"transfer QAR 10.000001: refused, own credit is QAR 10.00"):
        giver.transfer(10 * QAR + 1, taker, at=NINE)
    giver.transfer(10 * QAR, taker, at=NINE)
    assert (giver.credit, giver.owed) == (3 * QAR, 3 * QAR)


def test_a_transfer_is_both_sides_or_neither() -> None:
    giver, taker = opened(10 * QAR), opened(2 * QAR, name="Sami")
    taker.advance(NINE + DAY)
    before = [(account.credit, list(account.ledger), account.now) for account in (giver, taker)]
    with pytest.raises(InputError, match=r"at: got .* expected no earlier than .*, the clock of Sami"):
        giver.transfer(QAR, taker, at=NINE + HOUR)
    assert [(account.credit, list(account.ledger), account.now) for account in (giver, taker)] == before
    for amount, to in ((11 * QAR, taker), (QAR, giver), (QAR, None)):
        with pytest.raises((Refused, InputError)):
            giver.transfer(amount, to, at=NINE + DAY)  # type: ignore[arg-type]
    assert (giver.credit, taker.credit) == (10 * QAR, 2 * QAR)


@pytest.mark.parametrize("late", ["giver", "taker"])
def test_an_account_in_grace_neither_gives_nor_takes(late: str) -> None:
    giver, taker = opened(10 * QAR), opened(name="Sami")
    if late == "taker":
        taker.top_up(QAR, at=NINE)
        giver.top_up(QAR, at=NINE + DAY)
    with pytest.raises(Refused, match="transfer: refused, the credit was valid until"):
        giver.transfer(QAR, taker, at=NINE + 30 * DAY)
    assert taker.credit == (QAR if late == "taker" else 0)


# ------------------------------------------------------------------------------------ automatic top-up


def auto(top_up: int = 10 * QAR, **settings: Any) -> PrepaidAccount:
    account = opened(top_up, out_of_bundle=True, **settings)
    account.top_up_automatically(AutoTopUp(2 * QAR, 5 * QAR), at=NINE)
    return account


def test_the_debit_that_reaches_the_threshold_tops_up() -> None:
    account = auto()
    account.use(15 * MB, at=NINE)
    assert account.credit == 10 * QAR - 15 * QAR // 2
    account.use(MB, at=NINE + HOUR)
    assert account.credit == 2 * QAR + 5 * QAR
    top_up = list(account.ledger)[-1]
    assert (top_up.kind, top_up.at, account.ledger.notes[top_up.id]) == (Kind.TOP_UP, NINE + HOUR, "auto top-up")
    assert account.valid_until == NINE + HOUR + 30 * DAY


def test_it_tops_up_in_mid_use_as_often_as_it_takes() -> None:
    account = auto()
    usage = account.use(60 * MB, at=NINE)  # 30 riyals: 10, then 5 at a time
    assert (usage.served, usage.denied, usage.cost) == (60 * MB, 0, 30 * QAR)
    assert kinds(account).count("top up") == 1 + 5
    assert account.credit == 10 * QAR + 5 * 5 * QAR - 30 * QAR
    account.check()


def test_it_fires_again_after_a_refill() -> None:
    account = auto()
    for hour in range(3):
        account.use(10 * MB, at=NINE + hour * HOUR)
    assert kinds(account).count("top up") == 1 + 2
    account.top_up_automatically(None, at=NINE + 3 * HOUR)
    account.use(40 * MB, at=NINE + 3 * HOUR)
    assert (account.credit, account.status) == (0, Status.SUSPENDED)


def test_many_refills_in_one_use_are_no_trouble() -> None:
    account = opened(2 * QAR, out_of_bundle=True)
    account.top_up_automatically(AutoTopUp(QAR, QAR), at=NINE)
    assert account.use(3_000 * MB, at=NINE).served == 3_000 * MB


def test_a_top_up_too_small_for_an_increment_ends_the_use() -> None:
    account = PrepaidAccount(PER_MB, Lifecycle((Validity(1, DAY),)), opened=NINE, out_of_bundle=True)
    account.top_up(QAR // 2, at=NINE)
    account.top_up_automatically(AutoTopUp(0, 1), at=NINE)
    assert account.use(5 * MB, at=NINE)[1:] == (MB, 4 * MB, QAR // 2)
    assert account.credit == 1


@pytest.mark.parametrize(
    "debit",
    [
        lambda account: account.buy(HUNDRED, at=NINE),
        lambda account: account.adjust(-8 * QAR, at=NINE, note="down"),
        lambda account: account.transfer(8 * QAR, opened(name="Sami"), at=NINE),
    ],
    ids=["purchase", "adjustment", "transfer"],
)
def test_any_debit_sets_it_off(debit: Callable[[PrepaidAccount], int]) -> None:
    account = auto()
    debit(account)
    assert account.credit == 7 * QAR


@pytest.mark.parametrize(
    "credit",
    [
        lambda account: account.adjust(QAR, at=NINE, note="up"),
        lambda account: account.top_up(QAR, at=NINE),
        lambda account: opened(5 * QAR).transfer(QAR, account, at=NINE),
        lambda account: account.borrow(QAR, at=NINE),
    ],
    ids=["adjustment", "top-up", "transfer", "loan"],
)
def test_a_credit_does_not_set_it_off(credit: Callable[[PrepaidAccount], int]) -> None:
    account = auto(QAR, lend=QAR)
    credit(account)
    assert account.credit == 2 * QAR


def test_setting_it_off_does_nothing_by_itself() -> None:
    account = auto(QAR)
    assert (account.credit, kinds(account)) == (QAR, ["top up", "status"])


def test_an_automatic_top_up_repays_a_loan_first() -> None:
    account = auto(lend=5 * QAR)
    account.borrow(QAR, at=NINE)
    account.use(18 * MB, at=NINE)
    assert (account.credit, account.owed) == (11 * QAR - 9 * QAR + 5 * QAR - QAR, 0)


# ------------------------------------------------------------------------------------ keys and input


KEYED: dict[str, tuple[Callable[..., int], Callable[..., int]]] = {
    "top up": (
        lambda account, key, at, _: account.top_up(2 * QAR, at=at, key=key),
        lambda account, key, at, _: account.top_up(2 * QAR, at=at, key=key, channel="app"),
    ),
    "top up, amount": (
        lambda account, key, at, _: account.top_up(2 * QAR, at=at, key=key),
        lambda account, key, at, _: account.top_up(3 * QAR, at=at, key=key),
    ),
    "borrow": (
        lambda account, key, at, _: account.borrow(QAR, at=at, key=key),
        lambda account, key, at, _: account.borrow(2 * QAR, at=at, key=key),
    ),
    "adjust": (
        lambda account, key, at, _: account.adjust(QAR, at=at, note="why", key=key),
        lambda account, key, at, _: account.adjust(-QAR, at=at, note="why", key=key),
    ),
    "adjust, note": (
        lambda account, key, at, _: account.adjust(QAR, at=at, note="why", key=key),
        lambda account, key, at, _: account.adjust(QAR, at=at, note="why not", key=key),
    ),
    "transfer": (
        lambda account, key, at, to: account.transfer(QAR, to[0], at=at, key=key),
        lambda account, key, at, to: account.transfer(QAR, to[1], at=at, key=key),
    ),
}


@pytest.mark.parametrize("name", KEYED)
def test_a_key_stands_for_one_operation(name: str) -> None:
    same, other = KEYED[name]
    account, others = opened(20 * QAR, lend=5 * QAR), (opened(name="Sami"), opened(name="Layla"))
    done = same(account, "key", NINE, others)
    before = account.credit, account.owed, account.now, list(account.ledger)
    assert same(account, "key", NINE + DAY, others) == done
    with pytest.raises(Refused, match="key 'key': refused, it stands for another operation"):
        other(account, "key", NINE + DAY, others)
    with pytest.raises(Refused, match="stands for another operation"):
        account.use(MB, at=NINE + DAY, key="key")
    assert (account.credit, account.owed, account.now, list(account.ledger)) == before


AMOUNTS: dict[str, Callable[..., Any]] = {
    "top-up amount": lambda account, amount: account.top_up(amount, at=NINE + HOUR),
    "loan": lambda account, amount: account.borrow(amount, at=NINE + HOUR),
    "adjustment": lambda account, amount: account.adjust(amount, at=NINE + HOUR, note="why"),
    "transfer amount": lambda account, amount: account.transfer(amount, opened(name="Sami"), at=NINE + HOUR),
    "auto top-up amount": lambda account, amount: account.top_up_automatically(AutoTopUp(0, amount), at=NINE + HOUR),
    "auto top-up threshold": lambda account, amount: account.top_up_automatically(
        AutoTopUp(amount, QAR), at=NINE + HOUR
    ),
}


@pytest.mark.parametrize("field", AMOUNTS)
@pytest.mark.parametrize("amount", [0, -5, 0.5, 25.0, True, None, "25", 10**16])
def test_an_amount_that_is_none_is_refused(field: str, amount: Any) -> None:
    if (field, amount) in {("auto top-up threshold", 0), ("adjustment", -5)}:
        return
    account = opened(20 * QAR, lend=5 * QAR)
    before = account.credit, account.now, list(account.ledger)
    with pytest.raises(InputError) as wrong:
        AMOUNTS[field](account, amount)
    assert (wrong.value.field, wrong.value.value) == (field, amount)
    assert wrong.value.expected
    assert (account.credit, account.now, list(account.ledger)) == before


@pytest.mark.parametrize("key", ["", 5, b"key", ["key"]])
def test_a_key_is_words(key: Any) -> None:
    account = opened()
    with pytest.raises(InputError, match="key: got"):
        account.top_up(QAR, at=NINE + HOUR, key=key)
    assert (len(account.ledger), account.now) == (0, NINE)


def test_a_channel_is_words() -> None:
    with pytest.raises(InputError, match="channel"):
        opened().top_up(QAR, at=NINE, channel=None)  # type: ignore[arg-type]
