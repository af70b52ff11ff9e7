"""The operator's books: every entry of an account as double entry, so that nothing comes from nowhere.

What a customer pays in advance is no revenue yet: the operator owes the service. It is earned

- bundles: as their bytes flow, price × used // granted, cumulated; what expires unused is breakage;
- pay-as-you-go, overage and fees for a session: at once;
- the monthly fee of a plan: when the time it pays for is over (or as a credit note cuts it short);
- credit that is forfeited: breakage.

What a customer owes is a receivable: a balance below zero, and an emergency loan. A transfer between
two customers passes a clearing account, which is zero over the books of both.

Examples
--------
>>> from datetime import timedelta
>>> from prepaid_model.offers import Bundle
>>> from prepaid_model.prepaid import PrepaidAccount
>>> from prepaid_model.rating import Tariff
>>> from prepaid_model.units import GB, MB, QAR, format_money, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> account = PrepaidAccount(Tariff(price=50_000), opened=nine)
>>> _ = account.top_up(25 * QAR, at=nine), account.buy(Bundle("1 GB", 10 * QAR, GB, timedelta(days=7)), at=nine)
>>> _ = account.use(300 * MB, at=nine)
>>> {book.value: format_money(total) for book, total in trial_balance(account.ledger).items() if total}
{'cash': 'QAR 25.00', 'unearned revenue': '-QAR 22.00', 'revenue': '-QAR 3.00'}
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from prepaid_model.earning import Worth, granted, moves
from prepaid_model.ledger import Entry, Kind, Ledger

if TYPE_CHECKING:
    import pandas as pd


class Book(StrEnum):
    """An account in the operator's books."""

    CASH = "cash"
    UNEARNED = "unearned revenue"
    REVENUE = "revenue"
    BREAKAGE = "breakage"
    RECEIVABLE = "receivable"
    BAD_DEBT = "bad debt"
    CLEARING = "clearing"


class Line(NamedTuple):
    """One side of a double entry.

    Parameters
    ----------
    entry : int
        The entry of the ledger that it books.
    at : datetime
        When.
    book : Book
        Where.
    debit, credit : int
        Micros; one of them is zero.
    """

    entry: int
    at: datetime
    book: Book
    debit: int
    credit: int


AGAINST = {
    Kind.TOP_UP: Book.CASH,
    Kind.PAYMENT: Book.CASH,
    Kind.REFUND: Book.REVENUE,
    Kind.ADJUSTMENT: Book.REVENUE,
    Kind.ROUNDING: Book.REVENUE,
    Kind.USAGE: Book.REVENUE,
    Kind.FEE: Book.REVENUE,
    Kind.CREDIT_NOTE: Book.REVENUE,
    Kind.BUNDLE: Book.UNEARNED,
    Kind.EXPIRED: Book.BREAKAGE,
    Kind.LOAN: Book.RECEIVABLE,
    Kind.LOAN_REPAID: Book.RECEIVABLE,
    Kind.TRANSFER_IN: Book.CLEARING,
    Kind.TRANSFER_OUT: Book.CLEARING,
    Kind.WRITE_OFF: Book.BAD_DEBT,
}
"""What a change of the customer's balance is booked against."""

_GOES = {
    Kind.EXPIRED: Book.BREAKAGE,
    Kind.TRANSFER_IN: Book.CLEARING,
    Kind.TRANSFER_OUT: Book.CLEARING,
}
"""Where the worth of data goes that is not used; what rolls over stays unearned."""


def journal(ledger: Ledger) -> Iterator[Line]:
    """Yield the lines of the journal, entry by entry; each entry's debits equal its credits.

    Examples
    --------
    >>> from prepaid_model.units import QAR, parse_moment
    >>> ledger = Ledger()
    >>> _ = ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=5 * QAR, balance=5 * QAR)
    >>> [(line.book.value, line.debit, line.credit) for line in journal(ledger)]
    [('cash', 5000000, 0), ('unearned revenue', 0, 5000000)]
    """
    keeper = _Keeper(ledger)
    for entry in ledger:
        for book, debit in keeper.book(entry).items():
            if debit:
                yield Line(entry.id, entry.at, book, max(debit, 0), max(-debit, 0))


def trial_balance(*ledgers: Ledger) -> dict[Book, int]:
    """Return the debits less the credits of each book, over some accounts; they add up to zero."""
    totals = dict.fromkeys(Book, 0)
    for ledger in ledgers:
        for line in journal(ledger):
            totals[line.book] += line.debit - line.credit
    return totals


def journal_frame(ledger: Ledger) -> "pd.DataFrame":
    """Return the journal as a frame, one row a line: micros, times in Qatar.

    Examples
    --------
    >>> from prepaid_model.units import QAR, parse_moment
    >>> ledger = Ledger()
    >>> _ = ledger.append(parse_moment("2026-01-01 09:00"), Kind.TOP_UP, money=5 * QAR, balance=5 * QAR)
    >>> journal_frame(ledger)[["book", "debit", "credit"]].to_dict("records")[0]
    {'book': 'cash', 'debit': 5000000, 'credit': 0}
    """
    import pandas as pd  # noqa: PLC0415  (a second of import that books without frames do not need)

    lines = [(line.entry, line.at, line.book.value, line.debit, line.credit) for line in journal(ledger)]
    books = pd.CategoricalDtype([book.value for book in Book])
    frame = pd.DataFrame(lines, columns=list(Line._fields))
    return frame.astype({"entry": "int64", "book": books, "debit": "int64", "credit": "int64"})


class _Keeper:
    """Keeps the books of one account: knows what its buckets and its present monthly fee are worth."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._worth: dict[int, Worth] = {}
        self._fee = 0

    def book(self, entry: Entry) -> dict[Book, int]:
        """Return what an entry debits (more than zero) or credits to each book."""
        debits = dict.fromkeys(Book, 0)
        self._book_money(entry, debits)
        if entry.volume:
            self._book_data(entry, debits)
        self._book_fee(entry, debits)
        return debits

    def _book_money(self, entry: Entry, debits: dict[Book, int]) -> None:
        """Book a change of the balance: above zero the operator owes the customer, below it is owed."""
        if not entry.money:
            return
        before, after = entry.balance - entry.money, entry.balance
        debits[Book.UNEARNED] -= max(after, 0) - max(before, 0)
        debits[Book.RECEIVABLE] -= min(after, 0) - min(before, 0)
        debits[AGAINST[entry.kind]] += entry.money

    def _book_data(self, entry: Entry, debits: dict[Book, int]) -> None:
        """Book what a change of a bucket earns, and what a transfer takes along; a rollover stays unearned."""
        before = self._worth.get(entry.bucket)
        if before is None:
            now = granted(self._ledger, entry)
            moved, earned = now.price, 0
        else:
            moved = moves(before, entry)
            now = before.after(entry, moved)
            earned = before.unearned + moved - now.unearned
        self._worth[entry.bucket] = now
        debits[Book.UNEARNED] += earned
        debits[Book.REVENUE] -= earned
        if to := _GOES.get(entry.kind):
            debits[Book.UNEARNED] -= moved
            debits[to] += moved

    def _book_fee(self, entry: Entry, debits: dict[Book, int]) -> None:
        """Book the monthly fee of a plan: owed service when it is charged, earned when its time is over."""
        begins = entry.kind is Kind.FEE and entry.id in self._ledger.terms
        ends_early = entry.kind is Kind.CREDIT_NOTE
        if not (begins or ends_early):
            return
        # What was booked as revenue above changes unearned revenue instead.
        debits[Book.REVENUE] -= entry.money
        debits[Book.UNEARNED] += entry.money
        earned = self._fee - entry.money if ends_early else self._fee
        debits[Book.UNEARNED] += earned
        debits[Book.REVENUE] -= earned
        self._fee = -entry.money if begins else 0
