"""Using data on a postpaid account: the allowance first, then overage as far as credit limit and spend cap go.

Overage keeps one running total over a period (a cycle under one plan): a megabyte that was started on
Monday is filled on Tuesday at no further price.
"""

from abc import abstractmethod
from datetime import datetime

from prepaid_model.balances import GENERAL, Status
from prepaid_model.billing import Billing
from prepaid_model.buckets import Bucket, Draw, Purse, Session
from prepaid_model.consumption import Usage
from prepaid_model.cycles import Cycle, Period
from prepaid_model.ledger import Kind
from prepaid_model.offers import Plan
from prepaid_model.rating import Running, Step
from prepaid_model.units import LARGEST, ZONE


class Metered(Billing):
    """The usage of a postpaid account; see `postpaid.PostpaidAccount`."""

    __slots__ = ("_agreed", "_fee", "_floor", "_head", "_most", "_overage", "_period", "_price", "_spent")

    _period: Period
    _overage: Running
    _spent: int
    _agreed: bool

    @abstractmethod
    def _begin_cycle(self, plan: Plan) -> None:
        """Charge the fee and grant the allowance of a new cycle; nothing is spent in it yet."""

    @property
    def plan(self) -> Plan:
        """The plan that holds now, or held last."""
        return self._period.plan

    @property
    def cycle(self) -> Cycle:
        """The present cycle, or the one in which the contract ended."""
        return self._period.cycle

    @property
    def spent(self) -> int:
        """Micros of usage in this cycle: what the spend cap limits."""
        return self._spent

    @property
    def headroom(self) -> int:
        """Micros that usage may still cost before service stops: credit limit and spend cap, less what is held."""
        most = self.plan.credit_limit + self._credit
        if self.plan.spend_cap is not None and not self._agreed:
            most = min(most, self.plan.spend_cap - self._spent)
        return max(most - self.held, 0)

    def use(self, volume: int, *, at: datetime, traffic: str = GENERAL, key: str | None = None) -> Usage:
        """Use `volume` bytes: live buckets pay in order, then overage is charged as far as headroom goes.

        In all else, and in what it raises, as `consumption.Consumption.use` says.
        """
        # The common case, and only that, as on a prepaid account: one plain bucket pays for all, or overage at
        # one price, and the status stays. Everything else takes the long way, `_use`.
        if (
            type(volume) is int
            and volume > 0
            and type(at) is datetime
            and at.tzinfo is ZONE
            and self._now <= at < self._wake
            and traffic == GENERAL
            and (key is None or (key and type(key) is str and key not in self._keys))
        ):
            if (head := self._head) is not None:
                left = head.left - volume
                if left > 0:
                    self._now, head.left = at, left
                    operation = self.ledger.append(
                        at, Kind.USAGE, volume=-volume, bucket=head.id, quantity=volume, balance=self._credit, left=left
                    )
                    if key is not None:
                        self._keys[key] = operation
                    return Usage(operation, volume, 0, 0)
            elif (step := self._price) is not None and (done := self._use_overage(volume, at, key, step)):
                return done
        return self._use(volume, at, traffic, key)

    def _use_overage(self, volume: int, at: datetime, key: str | None, step: Step) -> Usage | None:
        """Charge overage at one price; do nothing if that is not all there is to it."""
        used, billed, raw, _ = self._overage
        filled = min(billed - used, volume)  # of the increment that was started before
        used += volume
        cost = 0
        if used > billed:
            started = -((billed - used) // step.increment)
            cost = started * step.price
            billed += started * step.increment
        credit, spent = self._credit - cost, self._spent + cost
        if (step.end is not None and billed >= step.end) or credit < self._floor or spent > self._most:
            return None
        self._now, self._overage, self._spent = at, Running(used, billed, raw + cost, raw + cost), spent
        operation = 0
        if filled:
            operation = self.ledger.append(at, Kind.USAGE, quantity=filled, balance=self._credit)
        self._credit = credit
        if rest := volume - filled:
            entry = self.ledger.append(at, Kind.USAGE, money=-cost, quantity=rest, balance=credit, operation=operation)
            operation = operation or entry
        if key is not None:
            self._keys[key] = operation
        return Usage(operation, volume, 0, cost)

    def _derive_status(self) -> Status:
        if self._closed:
            return Status.CLOSED
        if self._barred():
            return Status.BARRED
        return Status.ACTIVE if self._serves_a_byte() else Status.SUSPENDED

    def _purse(self, traffic: str = GENERAL) -> Purse:
        if self._closed or self._barred():
            return Purse([], 0, None, self._held, self._overage)
        return Purse(self._serving(traffic), self.headroom, self.tariff, self._held, self._overage)

    def _take(self, draw: Draw, session: Session) -> None:
        super()._take(draw, session)
        self._spent += draw.money
        if draw.bucket is None:
            self._overage = draw.after

    def _look_ahead(self) -> None:
        super()._look_ahead()
        self._find_payer()

    def _find_payer(self) -> None:
        """Find who pays for the next byte, if that is simple: a plain bucket, or overage at one price."""
        self._head: Bucket | None = None
        self._price: Step | None = None
        if self._held or self._status is not Status.ACTIVE:
            return
        payers = [bucket for bucket in self._serving(GENERAL) if bucket.left or bucket.terms.bundle.blocker]
        if payers:
            steady = self._order != "largest" or len(payers) == 1
            paid_for = self._overage.billed - self._overage.used  # would serve before any bucket does
            self._head = payers[0] if payers[0].plain and steady and not paid_for else None
            return
        self._price = price = _one_price(self.plan, self._overage.billed)
        if price:
            # As long as the next increment can be paid for, the status stays.
            capped = self.plan.spend_cap is not None and not self._agreed
            self._floor = price.price - self.plan.credit_limit
            self._most = (self.plan.spend_cap or 0) - price.price if capped else LARGEST


def _one_price(plan: Plan, billed: int) -> Step | None:
    """Return the step of the overage staircase that the next increment lies on, if there is no more to the price."""
    tariff = plan.overage
    more = tariff.first_block or tariff.session_fee or tariff.hours or tariff.round_to > 1 or tariff.each_report_alone
    if more or tariff.cap is not None:
        return None
    return next(step for step in tariff.steps[0] if step.end is None or billed < step.end)
