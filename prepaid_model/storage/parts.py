"""What an account is made of, apart from its ledger: what was agreed and chosen, and how things stand.

`Prepaid` and `Postpaid` settings cannot be told from the entries, so they are stored; how things stand
(`PrepaidStanding`, `PostpaidStanding`) follows from the entries and is stored only to be at hand.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from prepaid_model.balances import Balances, Status
from prepaid_model.billing import Dunning, Unpaid
from prepaid_model.buckets import Bucket, Terms
from prepaid_model.credit import AutoTopUp
from prepaid_model.cycles import Period
from prepaid_model.ledger import Ledger
from prepaid_model.offers import Lifecycle
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Running, Tariff

Account: TypeAlias = PrepaidAccount | PostpaidAccount


class Prepaid(NamedTuple):
    """What was agreed on a prepaid account, and what its owner has chosen."""

    tariff: Tariff
    lifecycle: Lifecycle
    order: str
    out_of_bundle: bool
    auto_top_up: AutoTopUp | None


class Postpaid(NamedTuple):
    """What was agreed on a postpaid account; its plan is in the ledger, with the fee."""

    dunning: Dunning
    bill_day: int
    order: str


class PrepaidStanding(NamedTuple):
    """How things stand on a prepaid account, apart from its balance and its buckets."""

    owed: int
    valid_until: datetime | None
    grace_until: datetime | None


class PostpaidStanding(NamedTuple):
    """How things stand on a postpaid account, apart from its balance and its buckets."""

    fee: int
    spent: int
    agreed: bool
    overage: Running
    invoiced: int
    paid_ahead: int
    unpaid: tuple[Unpaid, ...]
    closed: bool


Settings: TypeAlias = Prepaid | Postpaid
Standing: TypeAlias = PrepaidStanding | PostpaidStanding


class Lot(NamedTuple):
    """A bucket as it stands: its name, bytes left, its end, and whether it renews. All its terms are in the ledger."""

    name: str
    left: int
    expires: datetime
    renews: bool


class State(NamedTuple):
    """How things stand.

    Parameters
    ----------
    balance : int
        Micros.
    status : Status
        What the account can do.
    standing : Standing
        What only this kind of account has.
    buckets : mapping of int to Lot
        By id, as long as there is anything in them or they may still be filled.
    holds : mapping of (int, int) to int
        What is set aside, by session (its operation) and bucket.
    """

    balance: int
    status: Status
    standing: Standing
    buckets: Mapping[int, Lot]
    holds: Mapping[tuple[int, int], int]


def kind_of(account: Balances) -> str:
    """Return what kind of account it is."""
    return "prepaid" if isinstance(account, PrepaidAccount) else "postpaid"


def settings_of(account: Account) -> Settings:
    """Return what was agreed and chosen."""
    if isinstance(account, PrepaidAccount):
        auto = account._auto_top_up
        return Prepaid(account.tariff, account.lifecycle, account._order, account._out_of_bundle, auto)
    return Postpaid(account.dunning, account.bill_day, account._order)


def state_of(account: Account, holds: Mapping[tuple[int, int], int]) -> State:
    """Return how things stand on an account in memory; what its sessions hold is known elsewhere."""
    lots = {
        bucket.id: Lot(bucket.name, bucket.left, bucket.terms.expires, bucket.terms.renews)
        for bucket in account._buckets.values()
    }
    return State(account._credit, account._status, _standing(account), lots, holds)


def put(account: Account, name: str, ledger: Ledger, clock: datetime, settings: Settings, state: State) -> None:
    """Make an account in memory what the store says it is. Buckets that it had stay the same objects."""
    account.name = name
    account.ledger = ledger
    account._keys = ledger.keys
    account._now = clock
    account._order = settings.order
    account._credit = state.balance
    account._status = state.status
    account._buckets = {number: _bucket(account, ledger, number, lot) for number, lot in state.buckets.items()}
    account._held = held(state.holds)
    if isinstance(account, PrepaidAccount):
        _put_prepaid(account, settings, state.standing)
    else:
        _put_postpaid(account, settings, state.standing)
    account._look_ahead()


def held(holds: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Return what is held of each bucket, whoever holds it.

    Examples
    --------
    >>> held({(1, 0): 5, (3, 0): 2, (3, 7): 1})
    {0: 7, 7: 1}
    """
    total: dict[int, int] = {}
    for (_, bucket), amount in holds.items():
        total[bucket] = total.get(bucket, 0) + amount
    return total


def _standing(account: Account) -> Standing:
    if isinstance(account, PrepaidAccount):
        return PrepaidStanding(account._owed, account._valid_until, account._grace_until)
    return PostpaidStanding(
        account._fee,
        account._spent,
        account._agreed,
        account._overage,
        account._invoiced,
        account._paid_ahead,
        tuple(replace(bill) for bill in account._unpaid),
        account._closed,
    )


def _bucket(account: Account, ledger: Ledger, number: int, lot: Lot) -> Bucket:
    terms: Terms = ledger.terms[number]
    if (terms.expires, terms.renews) != (lot.expires, lot.renews):
        terms = replace(terms, expires=lot.expires, renews=lot.renews)
    known: dict[int, Bucket] = getattr(account, "_buckets", {})
    bucket = known.get(number) or Bucket(number, terms, lot.left)
    bucket.terms, bucket.left = terms, lot.left
    return bucket


def _put_prepaid(account: PrepaidAccount, settings: Any, standing: Any) -> None:
    account.tariff = settings.tariff
    account.lifecycle = settings.lifecycle
    account._out_of_bundle = settings.out_of_bundle
    account._auto_top_up = settings.auto_top_up
    account._owed, account._valid_until, account._grace_until = standing
    account._head = account._price = None
    account._floor = 0


def _put_postpaid(account: PostpaidAccount, settings: Any, standing: Any) -> None:
    account.dunning = settings.dunning
    account.bill_day = settings.bill_day
    period: Period = account.ledger.terms[standing.fee]
    account._period = period
    account.tariff = period.plan.overage
    account._fee, account._spent, account._agreed, account._overage = standing[:4]
    account._invoiced, account._paid_ahead = standing.invoiced, standing.paid_ahead
    account._unpaid = [replace(bill) for bill in standing.unpaid]
    account._closed = standing.closed
