"""Money into and out of the main balance: top-up, loan, transfer, correction.

Each operation is checked first and then booked whole: an `InputError` or `Refused` changes nothing but
the clock. Given an idempotency key, an operation happens once: the same again gives the same answer,
the same key for something else is refused.
"""

from datetime import datetime
from typing import Any, NamedTuple

from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind
from prepaid_model.life import Life
from prepaid_model.offers import Lifecycle
from prepaid_model.rating import Tariff
from prepaid_model.units import LARGEST, format_money, in_qatar, quantity


class AutoTopUp(NamedTuple):
    """Top up by `amount` micros when a debit brings the credit to `threshold` or below."""

    threshold: int
    amount: int


class Credit(Life):
    """The main balance of a prepaid account and what a person can do with it; see `prepaid.PrepaidAccount`."""

    __slots__ = ("_auto_top_up",)

    def __init__(
        self,
        tariff: Tariff,
        lifecycle: Lifecycle | None = None,
        *,
        opened: datetime,
        out_of_bundle: bool = False,
        order: str = "soonest expiry",
        name: str = "account",
    ) -> None:
        super().__init__(
            tariff, lifecycle or Lifecycle(), opened=opened, out_of_bundle=out_of_bundle, order=order, name=name
        )
        self._auto_top_up: AutoTopUp | None = None

    def top_up(self, amount: int, *, at: datetime, channel: str = "voucher", key: str | None = None) -> int:
        """Add money to the main balance, and time to its validity; return the operation's id.

        A loan is repaid from it first. A suspended account, and one in grace, serve again.

        Raises
        ------
        InputError
            If `amount` is no whole number of micros above zero, or `at` is out of order.
        Refused
            If it is less than the smallest top-up, or the key was used for something else.

        Examples
        --------
        The same voucher twice is credited once:

        >>> from prepaid_model.prepaid import PrepaidAccount
        >>> from prepaid_model.units import QAR, parse_moment
        >>> nine = parse_moment("2026-01-01 09:00")
        >>> account = PrepaidAccount(Tariff(price=50_000), opened=nine)
        >>> account.top_up(25 * QAR, at=nine, key="voucher 1") == account.top_up(25 * QAR, at=nine, key="voucher 1")
        True
        >>> format_money(account.credit)
        'QAR 25.00'
        """
        quantity("top-up amount", amount, least=1)
        if done := self._done(key, Kind.TOP_UP, amount, channel):
            return done
        lasts = self.lifecycle.lasts(amount)
        self.advance(at)
        operation = self._credited(amount, channel, self._now + lasts)
        return self._finish(operation, key)

    def borrow(self, amount: int, *, at: datetime, key: str | None = None) -> int:
        """Take an emergency loan; the next top-up repays it first. One at a time.

        Raises
        ------
        Refused
            If the operator does not lend so much, or a loan is still owed.
        """
        quantity("loan", amount, least=1)
        if done := self._done(key, Kind.LOAN, amount, ""):
            return done
        self.advance(at)
        self._must_be_valid(f"borrow {format_money(amount)}")
        return self._finish(self._lend(amount, f"borrow {format_money(amount)}"), key)

    def adjust(self, amount: int, *, at: datetime, note: str, key: str | None = None) -> int:
        """Correct the main balance by so many micros, up or down, by the operator's hand.

        Raises
        ------
        Refused
            If the balance would fall below zero.
        """
        if type(amount) is not int or not 0 < abs(amount) <= LARGEST:
            raise InputError("adjustment", amount, "a whole number of micros, up or down, other than zero")
        if done := self._done(key, Kind.ADJUSTMENT, amount, note):
            return done
        self.advance(at)
        if self._credit - self.held + amount < 0:
            raise Refused(f"adjust by {format_money(amount)}", f"the credit is {format_money(self._credit)}")
        operation = self._move(Kind.ADJUSTMENT, money=amount, note=note)
        if amount < 0:
            self._debited()
        return self._finish(operation, key)

    def transfer(self, amount: int, to: "Credit", *, at: datetime, key: str | None = None) -> int:
        """Give credit to another account: both sides or neither, and the validity of neither changes.

        Raises
        ------
        Refused
            If the credit does not cover it, what is owed on a loan set aside, or either account is not valid.
        """
        quantity("transfer amount", amount, least=1)
        self._must_be_another(to)
        if done := self._done(key, Kind.TRANSFER_OUT, amount, f"to {to.name}"):
            return done
        self._meet(to, at)
        own = self._credit - self.held - self._owed
        if own < amount:
            raise Refused(f"transfer {format_money(amount)}", f"own credit is {format_money(max(own, 0))}")
        operation = self._move(Kind.TRANSFER_OUT, money=-amount, note=f"to {to.name}")
        to._move(Kind.TRANSFER_IN, money=amount, note=f"from {self.name}")
        to._look_ahead()
        self._debited()
        return self._finish(operation, key)

    def top_up_automatically(self, auto: AutoTopUp | None, *, at: datetime) -> None:
        """Top up whenever a debit brings the credit to a threshold or below; None to stop that."""
        if auto:
            quantity("auto top-up threshold", auto.threshold)
            self.lifecycle.lasts(quantity("auto top-up amount", auto.amount, least=1))
        self.advance(at)
        self._auto_top_up = auto
        self._look_ahead()

    def _credited(self, amount: int, channel: str, valid_until: datetime) -> int:
        self._valid_until = max(valid_until, self._valid_until or valid_until)
        self._grace_until = self._valid_until + self.lifecycle.grace
        operation = self._move(Kind.TOP_UP, money=amount, note=channel, terms=self._valid_until)
        if repaid := min(amount, self._owed):
            self._owed -= repaid
            self._move(Kind.LOAN_REPAID, money=-repaid, operation=operation)
        return operation

    def _find_payer(self) -> None:
        super()._find_payer()
        if self._auto_top_up:
            self._floor = max(self._floor, self._auto_top_up.threshold + 1)

    def _tops_itself_up(self) -> bool:
        auto = self._auto_top_up
        return auto is not None and self.held > 0 and self._credit - self.held <= auto.threshold

    def _debited(self) -> bool:
        """After money was taken: top up automatically if that is due; tell whether it was."""
        auto = self._auto_top_up
        if auto is None or self._credit > auto.threshold:
            return False
        self._credited(auto.amount, "auto top-up", self._now + self.lifecycle.lasts(auto.amount))
        return True

    def _lend(self, amount: int, operation: str) -> int:
        if amount > self.lifecycle.lend_up_to or self._owed:
            short = f"the credit is {format_money(self._credit)}, {format_money(amount)} too little"
            owing = f"a loan of {format_money(self._owed)} is still owed" if self._owed else short
            limit = self.lifecycle.lend_up_to
            raise Refused(
                operation, f"no more than {format_money(limit)} is lent" if limit and not self._owed else owing
            )
        self._owed = amount
        return self._move(Kind.LOAN, money=amount)

    def _must_be_valid(self, operation: str) -> None:
        if self._barred():
            raise Refused(operation, f"the credit was valid until {self._valid_until:%d %b %Y %H:%M}; top up first")

    def _must_be_another(self, to: Any) -> None:
        if not isinstance(to, Credit) or to is self:
            raise InputError("to", to.name if to is self else to, "another account")

    def _meet(self, to: "Credit", at: datetime) -> None:
        """Bring both sides of a transfer to the same moment, or change neither."""
        if in_qatar("at", at) < to.now:
            raise InputError("at", str(at), f"no earlier than {to.now}, the clock of {to.name}")
        self.advance(at)
        to.advance(at)
        for account in (self, to):
            account._must_be_valid("transfer")
