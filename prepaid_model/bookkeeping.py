"""A customer or two and the operator's books: what each thing that happens does to them.

The history is a tuple of steps; `keep_books` lets fresh accounts live through it and books every entry with
`prepaid_model.journal`. So the same steps always give the same books, and a step back is a shorter tuple.

Examples
--------
>>> books = keep_books((TopUp(25 * QAR), Buy("week_1gb"), Use(300 * MB)))
>>> [format_money(turn.balances[Book.REVENUE]) for turn in books.turns]
['QAR 0.00', 'QAR 0.00', '-QAR 3.00']
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, Refused, whole
from prepaid_model.journal import Book, Line, journal
from prepaid_model.ledger import Entry, Kind
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.timeline import NEVER
from prepaid_model.units import MB, QAR, format_money, quantity
from prepaid_model.usage import START

__all__ = ["MB", "Book", "Books", "Step", "Turn", "keep_books"]

OPENED = START + timedelta(hours=9)
PLAN = "basic"
LONGEST_WAIT = timedelta(days=366)
LARGEST_TOP_UP = 1000 * QAR
DEBITS = (Book.CASH, Book.RECEIVABLE, Book.BAD_DEBT)
"""What the operator has, or had hoped to get: debit balances."""
CREDITS = (Book.UNEARNED, Book.REVENUE, Book.BREAKAGE)
"""Why it has it: what it still owes, what it has earned, what nobody claimed. Credit balances."""


class TopUp(NamedTuple):
    """The prepaid customer tops up by `amount` micros."""

    amount: int


class Buy(NamedTuple):
    """The prepaid customer turns credit into a bundle of the catalogue, by its id."""

    bundle: str


class Use(NamedTuple):
    """A customer uses so many bytes: the prepaid one, or the postpaid one."""

    volume: int
    postpaid: bool = False


class Wait(NamedTuple):
    """So many days go by."""

    days: int


class Expire(NamedTuple):
    """Time goes by until something of the prepaid customer expires."""


class Sign(NamedTuple):
    """The postpaid customer signs a contract."""


class Bill(NamedTuple):
    """Time goes by until the postpaid customer's next bill."""


class Pay(NamedTuple):
    """The postpaid customer pays what is billed."""


class NeverPay(NamedTuple):
    """Time goes by until the operator gives up on an unpaid bill."""


Step = TopUp | Buy | Use | Wait | Expire | Sign | Bill | Pay | NeverPay


class Turn(NamedTuple):
    """What a step did to the books.

    Parameters
    ----------
    step : Step
        What happened.
    at : datetime
        When it was over.
    entries : tuple of Entry
        What was written into the customers' ledgers.
    lines : tuple of Line
        The same as double entry; an entry that moves nothing has no line.
    balances : dict of Book to int
        Debits less credits of each book after it, in micros.
    """

    step: Step
    at: datetime
    entries: tuple[Entry, ...]
    lines: tuple[Line, ...]
    balances: dict[Book, int]


@dataclass(frozen=True)
class Books:
    """The customers' accounts, and the turns that brought the books where they are.

    Attributes
    ----------
    postpaid : PostpaidAccount or None
        None before a contract is signed.
    """

    prepaid: PrepaidAccount
    postpaid: PostpaidAccount | None
    turns: tuple[Turn, ...]

    @property
    def balances(self) -> dict[Book, int]:
        """Debits less credits of each book, in micros, as they stand."""
        return self.turns[-1].balances if self.turns else dict.fromkeys(Book, 0)

    @property
    def trial_balance(self) -> int:
        """All debits less all credits, in micros: zero, whatever happens."""
        return sum(self.balances.values())


def keep_books(steps: Iterable[Step]) -> Books:
    """Let fresh accounts of the example operator live through the steps, and book what happens.

    Raises
    ------
    InputError
        If an amount cannot be.
    Refused
        If the rules do not allow a step.

    Examples
    --------
    >>> keep_books((Pay(),))
    Traceback (most recent call last):
        ...
    prepaid_model.errors.Refused: pay a bill: refused, there is no contract yet
    """
    keeper = _Keeper()
    turns = tuple(keeper.take(step) for step in steps)
    return Books(keeper.prepaid, keeper.postpaid, turns)


class _Keeper:
    """Takes one step after the other."""

    def __init__(self) -> None:
        shop = catalogue()
        self.prepaid = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=OPENED, out_of_bundle=True)
        self.postpaid: PostpaidAccount | None = None
        self.now = OPENED
        self.balances = dict.fromkeys(Book, 0)
        self._booked = [0, 0]

    def take(self, step: Step) -> Turn:
        match step:
            case TopUp(amount):
                if quantity("top-up", amount, least=1) > LARGEST_TOP_UP:
                    raise InputError("top-up", format_money(amount), f"at most {format_money(LARGEST_TOP_UP)}")
                self.prepaid.top_up(amount, at=self._after(timedelta(hours=1)))
            case Buy(bundle):
                if bundle not in catalogue().bundles:
                    raise InputError("bundle", bundle, f"one of {', '.join(catalogue().bundles)}")
                self.prepaid.buy(catalogue().bundles[bundle], at=self._after(timedelta(hours=1)))
            case Use(volume, postpaid):
                account = self._contract("use data") if postpaid else self.prepaid
                account.use(volume, at=self._after(timedelta(hours=1)))
            case Wait(days):
                self.now += timedelta(days=whole("days", days, least=1, unit="days"))
            case _:
                self._take_longer(step)
        return self._book(step)

    def _take_longer(self, step: Step) -> None:
        match step:
            case Expire():
                self._wait_for(
                    self.prepaid, Kind.EXPIRED, "wait for an expiry", "the prepaid customer has nothing left"
                )
            case Sign():
                if self.postpaid is not None:
                    raise Refused("sign a contract", "it is signed already")
                self.postpaid = PostpaidAccount(catalogue().plans[PLAN], opened=self.now)
            case Bill():
                self._wait_for(self._contract("send a bill"), Kind.INVOICE, "send a bill", "the contract has ended")
            case Pay():
                account = self._contract("pay a bill")
                owed = sum(bill.amount for bill in account.unpaid)
                if not owed:
                    raise Refused("pay a bill", "none is unpaid")
                account.pay(owed, at=self._after(timedelta(hours=1)))
            case NeverPay():
                account = self._contract("leave a bill unpaid")
                if not account.unpaid:
                    raise Refused("leave a bill unpaid", "none is unpaid; the next one is still to come")
                self._wait_for(account, Kind.WRITE_OFF, "leave a bill unpaid", "nothing is owed")

    def _after(self, lasts: timedelta) -> datetime:
        self.now += lasts
        return self.now

    def _contract(self, operation: str) -> PostpaidAccount:
        if self.postpaid is None:
            raise Refused(operation, "there is no contract yet")
        return self.postpaid

    def _wait_for(self, account: PrepaidAccount | PostpaidAccount, kind: Kind, operation: str, why: str) -> None:
        """Let time pass until an account writes an entry of a kind."""
        account.advance(self.now)
        known = len(account.ledger)
        while not any(entry.kind is kind for entry in account.ledger.since(known)):
            if account.due is NEVER or account.due > self.now + LONGEST_WAIT:
                raise Refused(operation, why)
            account.advance(account.due)
        self.now = account.now

    def _book(self, step: Step) -> Turn:
        """Bring both accounts to this moment, and book what their ledgers have that is new."""
        entries: list[Entry] = []
        lines: list[Line] = []
        for place, account in enumerate((self.prepaid, self.postpaid)):
            if account is not None:
                account.advance(self.now)
                known, self._booked[place] = self._booked[place], len(account.ledger)
                entries += account.ledger.since(known)
                lines += (line for line in journal(account.ledger) if line.entry > known)
        for line in lines:
            self.balances[line.book] += line.debit - line.credit
        return Turn(step, self.now, tuple(entries), tuple(lines), dict(self.balances))


def moved(turn: Turn) -> dict[Book, int]:
    """Return by how much a turn changed each book, in micros; more than zero is more of what the book is for.

    Examples
    --------
    >>> {book.value: change // QAR for book, change in moved(keep_books((TopUp(25 * QAR),)).turns[0]).items()}
    {'cash': 25, 'unearned revenue': 25}
    """
    changes = {book: _total(turn.lines, book) for book in (*DEBITS, *CREDITS)}
    return {book: change if book in DEBITS else -change for book, change in changes.items() if change}


def _total(lines: Sequence[Line], book: Book) -> int:
    return sum(line.debit - line.credit for line in lines if line.book is book)
