"""Billing: an invoice at the end of each cycle, payments, and what follows where none comes.

Payments settle the oldest invoice first; what is paid too much stays as balance and settles the next. An
invoice that is not paid in time brings a reminder, then service is barred until all overdue invoices are
paid, and in the end the contract is closed and the debt written off.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from prepaid_model.cycles import round_to_dirham
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind, Rows
from prepaid_model.rating import Tariff
from prepaid_model.reservations import Reservations
from prepaid_model.units import format_money, quantity

CHARGES = (
    Kind.FEE,
    Kind.USAGE,
    Kind.BUNDLE,
    Kind.CREDIT_NOTE,
    Kind.REFUND,
    Kind.ADJUSTMENT,
    Kind.ROUNDING,
)
"""Kinds of entries that an invoice asks for, or gives back."""


@dataclass(frozen=True, slots=True)
class Dunning:
    """What follows when an invoice is not paid: each so long after it was due.

    Parameters
    ----------
    remind_after : timedelta
        A reminder.
    bar_after : timedelta
        Service is barred, until all invoices so long overdue are paid.
    write_off_after : timedelta
        The contract is closed, and what is owed written off as a bad debt.

    Examples
    --------
    >>> Dunning(remind_after=timedelta(days=30), bar_after=timedelta(days=20))
    Traceback (most recent call last):
        ...
    prepaid_model.errors.InputError: dunning: got ('30 days, 0:00:00', '20 days, 0:00:00', '90 days, 0:00:00'),
    expected three times in rising order
    """

    remind_after: timedelta = timedelta(days=7)
    bar_after: timedelta = timedelta(days=21)
    write_off_after: timedelta = timedelta(days=90)

    def __post_init__(self) -> None:
        steps = (self.remind_after, self.bar_after, self.write_off_after)
        if not timedelta(0) < self.remind_after <= self.bar_after <= self.write_off_after:
            raise InputError("dunning", tuple(str(step) for step in steps), "three times in rising order")


class Issued(NamedTuple):
    """What an invoice's entry agreed.

    Parameters
    ----------
    total : int
        Micros it asks for; less than zero: gives back.
    due : datetime
        When they are due.
    """

    total: int
    due: datetime


@dataclass(slots=True)
class Unpaid:
    """An invoice that is not paid in full.

    Parameters
    ----------
    invoice : int
        Id of its entry.
    due : datetime
        When it was to be paid.
    amount : int
        Micros still to be paid.
    reminded : bool
        Whether a reminder was sent.
    """

    invoice: int
    due: datetime
    amount: int
    reminded: bool = False


class Billing(Reservations):
    """The invoices of a postpaid account and their payment; see `postpaid.PostpaidAccount`."""

    __slots__ = ("_closed", "_invoiced", "_paid_ahead", "_unpaid", "dunning")

    def __init__(self, tariff: Tariff, *, dunning: Dunning | None, opened: datetime, order: str, name: str) -> None:
        super().__init__(tariff, opened=opened, order=order, name=name)
        self.dunning = dunning or Dunning()
        self._invoiced = 0
        self._paid_ahead = 0
        self._unpaid: list[Unpaid] = []
        self._closed = False

    @abstractmethod
    def _close(self, why: str) -> int:
        """End the contract now; return the operation's id."""

    @property
    def owed(self) -> int:
        """Micros that the customer owes, invoiced or not."""
        return max(-self._credit, 0)

    @property
    def unpaid(self) -> tuple[Unpaid, ...]:
        """Invoices that are not paid in full, oldest first."""
        return tuple(self._unpaid)

    def pay(self, amount: int, *, at: datetime, channel: str = "bank", key: str | None = None) -> int:
        """Pay so many micros; return the operation's id. The oldest invoice is paid first.

        Raises
        ------
        InputError
            If `amount` is no whole number of micros above zero, or `at` is out of order.
        Refused
            If the contract has ended and nothing is owed, or the key was used for something else.
        """
        quantity("payment", amount, least=1)
        if done := self._done(key, Kind.PAYMENT, amount, channel):
            return done
        self.advance(at)
        if self._closed and not self.owed:
            raise Refused(f"pay {format_money(amount)}", "the contract has ended and nothing is owed")
        operation = self._move(Kind.PAYMENT, money=amount, note=channel)
        self._settle(amount)
        return self._finish(operation, key)

    def _barred(self) -> bool:
        """Whether an invoice is so long overdue that service is barred."""
        return any(bill.due + self.dunning.bar_after <= self._now for bill in self._unpaid)

    def _issue(self, due_after: timedelta) -> int:
        """Round what has been charged since the last invoice to whole dirham, and ask for it."""
        exact = -int(charges_of(self.ledger.columns(since=self._invoiced))["money"].sum())
        total = round_to_dirham(exact)
        if total != exact:
            self._move(Kind.ROUNDING, money=exact - total)
        issued = Issued(total, self._now + due_after)
        self._invoiced = self._move(Kind.INVOICE, quantity=max(total, 0), terms=issued)
        if total > 0:
            self._unpaid.append(Unpaid(self._invoiced, issued.due, total))
        self._settle(max(-total, 0))
        return self._invoiced

    def _settle(self, amount: int) -> None:
        """Pay unpaid invoices, oldest first, from an amount and from what was paid ahead."""
        self._paid_ahead += amount
        for bill in self._unpaid:
            part = min(bill.amount, self._paid_ahead)
            bill.amount -= part
            self._paid_ahead -= part
        self._unpaid = [bill for bill in self._unpaid if bill.amount]

    def _follow_up(self) -> None:
        """Book what is due now on unpaid invoices."""
        for bill in self._unpaid:
            if not bill.reminded and bill.due + self.dunning.remind_after <= self._now:
                bill.reminded = True
                self._move(Kind.REMINDER, quantity=bill.amount, operation=bill.invoice)
        if self._unpaid and self._unpaid[0].due + self.dunning.write_off_after <= self._now:
            if not self._closed:
                self._close("not paid")
            if self.owed:
                owed = self.owed
                self._move(Kind.WRITE_OFF, money=owed)
                self._settle(owed)

    def _billing_dates(self) -> Iterable[datetime]:
        for bill in self._unpaid:
            policy = self.dunning
            yield from (bill.due + after for after in (policy.remind_after, policy.bar_after, policy.write_off_after))


def charges_of(rows: Rows) -> Rows:
    """Return the entries that an invoice asks for, or gives back."""
    return rows[np.isin(rows["kind"], CHARGES)]
