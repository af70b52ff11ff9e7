"""How things stand on an account, worked out from its entries alone.

Nothing here looks at balances, buckets or holds as they were kept: what comes out is what they have to be. It
is the second way to the same numbers, so that each checks the other.
"""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from prepaid_model.balances import Status
from prepaid_model.billing import Issued, Unpaid
from prepaid_model.buckets import Terms
from prepaid_model.cycles import Period
from prepaid_model.laws import Rows
from prepaid_model.ledger import Entry, Kind, Ledger
from prepaid_model.overage import overage
from prepaid_model.storage import Damaged
from prepaid_model.storage.parts import Lot, PostpaidStanding, Prepaid, PrepaidStanding, Settings, State, held


def rebuilt(ledger: Ledger, settings: Settings, clock: datetime) -> State:
    """Return how things stand after all entries.

    Parameters
    ----------
    ledger : Ledger
        The entries.
    settings : Settings
        What was agreed; entries do not tell it.
    clock : datetime
        The account's time: what has expired by then is gone.

    Raises
    ------
    Damaged
        If the entries tell no story that an account can have.
    """
    rows = ledger.columns()
    try:
        holds = holds_of(rows)
        standing = _prepaid(ledger, rows, settings) if isinstance(settings, Prepaid) else _postpaid(ledger, rows)
        buckets = dict(_lots(ledger, rows, clock, held(holds)))
        balance = int(rows["balance"][-1]) if len(rows) else 0
        return State(balance, _status(ledger, rows), standing, buckets, holds)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError) as why:
        raise Damaged(f"the entries tell no story that an account can have ({why!r})") from why


def holds_of(rows: Rows) -> dict[tuple[int, int], int]:
    """Return what is set aside, by session (its operation) and bucket."""
    chosen = rows[np.isin(rows["kind"], (Kind.HOLD, Kind.RELEASE))]
    holds: dict[tuple[int, int], int] = {}
    for kind, operation, bucket, amount in chosen[["kind", "operation", "bucket", "quantity"]].tolist():
        set_aside(holds, (operation, bucket), amount if kind == Kind.HOLD else -amount)
    return holds


def set_aside(holds: dict[tuple[int, int], int], who: tuple[int, int], amount: int) -> None:
    """Set more aside for a session and bucket, or less; who holds nothing is not listed."""
    holds[who] = holds.get(who, 0) + amount
    if not holds[who]:
        del holds[who]


def _of(ledger: Ledger, rows: Rows, *kinds: Kind) -> Iterator[Entry]:
    """Yield the entries of some kinds."""
    return (ledger[int(place) + 1] for place in np.flatnonzero(np.isin(rows["kind"], kinds)))


def _status(ledger: Ledger, rows: Rows) -> Status:
    told = np.flatnonzero(rows["kind"] == Kind.STATUS)
    return Status(ledger.notes[int(told[-1]) + 1]) if len(told) else Status.SUSPENDED


def _lots(ledger: Ledger, rows: Rows, clock: datetime, aside: dict[int, int]) -> Iterator[tuple[int, Lot]]:
    """Yield the buckets that have not expired, and those that have, as long as something of them is held."""
    left = np.zeros(len(rows) + 1, dtype="i8")
    left[rows["bucket"]] = rows["left"]  # of several, the last one stays
    renewals = {entry.bucket: bool(ledger.terms[entry.id]) for entry in _of(ledger, rows, Kind.RENEWAL)}
    ends = list(_ends(ledger, rows))
    for number, terms in ledger.terms.items():
        if isinstance(terms, Terms):
            early = [at for at, first, last in ends if first <= number <= last and at < terms.expires]
            expires = min([terms.expires, *early])
            if expires > clock or number in aside:
                renews = renewals.get(number, terms.renews)
                yield number, Lot(terms.bundle.name, int(left[number]), expires, renews)


def _ends(ledger: Ledger, rows: Rows) -> Iterator[tuple[datetime, int, int]]:
    """Yield when buckets ended before their time, and which: from the one id to the other."""
    for entry in _of(ledger, rows, Kind.STATUS, Kind.CREDIT_NOTE):
        if entry.kind is Kind.STATUS:
            if ledger.notes[entry.id] == Status.EXPIRED:  # the credit's grace is over, and with it all buckets
                yield entry.at, 1, entry.id
        elif entry.id in ledger.terms:  # to another plan: the allowance is granted right behind the fee
            yield entry.at, entry.reverses + 1, entry.reverses + 1
        else:  # the contract ends
            yield entry.at, 1, entry.id


def _prepaid(ledger: Ledger, rows: Rows, settings: Prepaid) -> PrepaidStanding:
    owed = int(rows["money"][np.isin(rows["kind"], (Kind.LOAN, Kind.LOAN_REPAID))].sum())
    top_ups = np.flatnonzero(rows["kind"] == Kind.TOP_UP)
    if not len(top_ups):
        return PrepaidStanding(owed, None, None)
    valid_until: datetime = ledger.terms[int(top_ups[-1]) + 1]
    return PrepaidStanding(owed, valid_until, valid_until + settings.lifecycle.grace)


def _postpaid(ledger: Ledger, rows: Rows) -> PostpaidStanding:
    fees = [entry for entry, agreed in ledger.terms.items() if isinstance(agreed, Period)]
    # With a new plan the fee belongs to the operation of its credit note; with a new cycle, to its own.
    cycle = max(fee for fee in fees if ledger[fee].operation == fee)
    notes = _of(ledger, rows, Kind.CREDIT_NOTE)
    invoices = np.flatnonzero(rows["kind"] == Kind.INVOICE)
    paid_ahead, unpaid = _bills(ledger, rows)
    return PostpaidStanding(
        fee=fees[-1],
        spent=_spent(ledger, rows, cycle),
        agreed=any(entry.id > cycle for entry in _of(ledger, rows, Kind.CONSENT)),
        overage=overage(ledger, fees[-1]).running,
        invoiced=int(invoices[-1]) + 1 if len(invoices) else 0,
        paid_ahead=paid_ahead,
        unpaid=tuple(unpaid),
        closed=any(entry.id not in ledger.terms for entry in notes),
    )


def _spent(ledger: Ledger, rows: Rows, cycle: int) -> int:
    """Return the micros of usage since a cycle's fee, less what was given back of them."""
    ids = np.arange(1, len(rows) + 1)
    charged = np.isin(rows["kind"], (Kind.USAGE, Kind.FEE, Kind.ADJUSTMENT)) & (ids > cycle)
    monthly = [entry for entry, agreed in ledger.terms.items() if isinstance(agreed, Period)]
    spent = -int(rows["money"][charged & ~np.isin(ids, monthly)].sum())
    starts = ledger.terms[cycle].cycle.starts
    refunds = (entry for entry in _of(ledger, rows, Kind.REFUND) if entry.id > cycle)
    return spent - sum(entry.money for entry in refunds if ledger[entry.reverses].at >= starts)


def _bills(ledger: Ledger, rows: Rows) -> tuple[int, list[Unpaid]]:
    """Return what was paid ahead, and the invoices that are not paid in full: payments settle the oldest first."""
    ahead, unpaid = 0, list[Unpaid]()
    for entry in _of(ledger, rows, Kind.INVOICE, Kind.PAYMENT, Kind.WRITE_OFF, Kind.REMINDER):
        if entry.kind is Kind.REMINDER:
            next(bill for bill in unpaid if bill.invoice == entry.operation).reminded = True
            continue
        ahead += entry.money
        if entry.kind is Kind.INVOICE:
            issued: Issued = ledger.terms[entry.id]
            ahead += max(-issued.total, 0)
            if issued.total > 0:
                unpaid.append(Unpaid(entry.id, issued.due, issued.total))
        for bill in unpaid:
            part = min(bill.amount, ahead)
            bill.amount -= part
            ahead -= part
        unpaid = [bill for bill in unpaid if bill.amount]
    return ahead, unpaid
