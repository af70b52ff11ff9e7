"""The life of a prepaid account: its credit is valid for a time, then kept in grace, then forfeited.

Bundles expire at their end or renew, if the credit pays for them; what a paid renewal may roll over goes on.
"""

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from prepaid_model.balances import GENERAL, Status
from prepaid_model.buckets import Bucket, Purse, Terms
from prepaid_model.earning import worth_of
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.offers import Lifecycle
from prepaid_model.rating import Step, Tariff
from prepaid_model.reservations import Reservations


class Life(Reservations):
    """An account with a validity; see `prepaid.PrepaidAccount`."""

    __slots__ = (
        "_floor",
        "_grace_until",
        "_head",
        "_out_of_bundle",
        "_owed",
        "_price",
        "_shut",
        "_valid_until",
        "lifecycle",
    )

    def __init__(
        self, tariff: Tariff, lifecycle: Lifecycle, *, opened: datetime, out_of_bundle: bool, order: str, name: str
    ) -> None:
        super().__init__(tariff, opened=opened, order=order, name=name)
        self.lifecycle = lifecycle
        self._out_of_bundle = out_of_bundle
        self._owed = 0
        self._valid_until: datetime | None = None
        self._grace_until: datetime | None = None
        self._head: Bucket | None = None
        self._price: Step | None = None
        self._floor = 0
        self._shut = False

    @property
    def credit(self) -> int:
        """The main balance, in micros."""
        return self._credit

    @property
    def owed(self) -> int:
        """Micros of an emergency loan not yet repaid."""
        return self._owed

    @property
    def valid_until(self) -> datetime | None:
        """When the credit stops being valid; None before the first top-up."""
        return self._valid_until

    @property
    def grace_until(self) -> datetime | None:
        """When credit and buckets are forfeited; None before the first top-up."""
        return self._grace_until

    @property
    def out_of_bundle(self) -> bool:
        """Whether the owner allows usage to be paid from the main balance."""
        return self._out_of_bundle

    def check(self) -> None:
        """Check both conservation laws over all entries, and that the balances are what the ledger says.

        Raises
        ------
        LawBroken
            Naming the first entry at fault.
        """
        super().check()
        rows = self.ledger.columns()
        past_last = len(rows) + 1
        owed = int(rows["money"][np.isin(rows["kind"], (Kind.LOAN, Kind.LOAN_REPAID))].sum())
        if owed != self._owed:
            raise LawBroken(past_last, f"the loan is {self._owed}, its ledger says {owed}")
        excused = np.cumsum(rows["kind"] == Kind.OVERDRAFT) > 0
        if (debts := (rows["balance"] < 0) & ~excused).any():
            raise LawBroken(int(np.argmax(debts)) + 1, "the balance is below zero, and no overdraft says why")
        if self.held > max(self._credit, 0) and not (rows["kind"] == Kind.OVERDRAFT).any():
            raise LawBroken(past_last, f"{self.held} of the main balance are held, and there are only {self._credit}")

    def _fall_due(self) -> None:
        """Book what falls due at this instant: expiries, then the end of validity, then renewals."""
        ended = [bucket for bucket in self._buckets.values() if bucket.terms.expires == self._now]
        ended.sort(key=lambda bucket: bucket.id)
        for bucket in ended:
            if not bucket.terms.renews:
                self._expire(bucket)
        self._end_validity()
        for bucket in ended:
            if bucket.id in self._buckets and bucket.terms.renews:
                self._renew(bucket)

    def _end_validity(self) -> None:
        if self._grace_until and self._grace_until <= self._now and self._status is not Status.EXPIRED:
            self._forfeit()
            for bucket in list(self._buckets.values()):
                self._expire(bucket)

    def _forfeit(self) -> None:
        """Take the credit of an expired account; what is held of it stays until it is released."""
        if (lost := self._credit - self.held) > 0:
            self._move(Kind.EXPIRED, money=-lost, note="credit forfeited")

    def _drop(self, held: dict[int, int]) -> None:
        super()._drop(held)
        if self._status is Status.EXPIRED:
            self._forfeit()

    def _renew(self, bucket: Bucket) -> None:
        """Renew a bundle whose period has ended, if it can be paid for; else what is left expires."""
        bundle = bucket.terms.bundle
        if self._barred() or self._credit - self.held < bundle.price:
            self._expire(bucket)
            return
        if rolled := min(bucket.left - self._held.get(bucket.id, 0), bundle.rollover):
            # It keeps its share of what was paid, and is granted before the new period's data: the older grant.
            share = worth_of(self.ledger, bucket.id).share(rolled)
            terms = Terms(bundle, self._now, self._now + bundle.lasts, paid=share)
            operation = self._move(Kind.ROLLED_OUT, bucket=bucket, volume=-rolled, note=bucket.name)
            self._grant(terms, rolled, Kind.ROLLED_IN, operation)
        self._expire(bucket)
        self._purchase(bundle, renews=True)

    def _barred(self) -> bool:
        """Whether the credit's validity is over: in grace or expired."""
        return self._valid_until is not None and self._valid_until <= self._now

    def _purse(self, traffic: str = GENERAL) -> Purse:
        if self._barred():
            return Purse([], 0, None)
        tariff = self.tariff if self._out_of_bundle else None
        return Purse(self._serving(traffic), self._credit - self.held, tariff, self._held)

    def _derive_status(self) -> Status:
        if self._barred():
            over = self._grace_until is not None and self._grace_until <= self._now
            return Status.EXPIRED if over else Status.GRACE
        return Status.ACTIVE if self._serves_a_byte() else Status.SUSPENDED

    def _dates(self) -> Iterable[datetime]:
        return (end for end in (self._valid_until, self._grace_until) if end and end > self._now)

    def _look_ahead(self) -> None:
        super()._look_ahead()
        self._find_payer()

    def _find_payer(self) -> None:
        """Find who pays for the next byte, if that is simple: a plain bucket, or credit at a flat price, or nobody."""
        # Where all buckets are empty and the price does not hang on the hour, time alone mends nothing.
        empty = not self.tariff.hours and not any(bucket.left for bucket in self._buckets.values())
        self._shut = empty and self._status is not Status.ACTIVE
        if self._held:
            self._head = self._price = None  # with holds nothing is simple
            return
        purse = self._purse()
        payers = [bucket for bucket in purse.buckets if bucket.left or bucket.terms.bundle.blocker]
        steady = self._order != "largest" or len(payers) == 1
        self._head = payers[0] if payers and payers[0].plain and steady else None
        price = purse.tariff.flat if purse.tariff and not payers else None
        self._price = price if price and price.price else None
        # Down to this credit the next increment can still be paid, so the account stays active.
        self._floor = self._price.price if self._price else 0
