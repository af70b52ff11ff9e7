"""A postpaid account: service first, the bill after. Its balance is what the customer is owed: below zero, owes.

Everything a prepaid account does is here in the opposite order. The monthly fee is charged in advance and
brings an allowance; what goes beyond is charged exactly, up to a credit limit and a spend cap; at the end
of each cycle an invoice asks for it (`invoices`), and what is not paid in time is followed up (`billing`).

Where instants coincide: expiry, the new cycle with its fee and allowance, the invoice, its follow-up, then
the operation that arrived.
"""

from collections.abc import Iterable
from datetime import datetime

from prepaid_model.billing import Dunning, charges_of
from prepaid_model.buckets import MAIN, Terms
from prepaid_model.cycles import Period, cycle_at, share_of_fee, share_of_volume
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.metered import Metered
from prepaid_model.offers import Bundle, Plan
from prepaid_model.overage import overage, periods
from prepaid_model.rating import NOTHING_YET
from prepaid_model.reversal import Charge
from prepaid_model.units import format_money, format_volume


class PostpaidAccount(Metered):
    """A postpaid data account.

    A period is the rest of a cycle under one plan. A fee and an allowance for a part of a cycle are a
    share of the month's, by days; the day on which a plan changes or ends belongs to what comes after.

    Parameters
    ----------
    plan : Plan
        What was agreed.
    opened : datetime
        When its clock and the contract start; timezone-aware.
    bill_day : int
        Day of the month on which a cycle begins; the last one where a month is too short.
    dunning : Dunning
        What follows when an invoice is not paid.
    order : str
        Which bucket pays first: a key of `prepaid_model.buckets.ORDERS`.
    name : str
        Names the account.

    Examples
    --------
    >>> from prepaid_model.rating import Tariff
    >>> from prepaid_model.units import GB, QAR, format_money, parse_moment
    >>> basic = Plan("Basic", fee=35 * QAR, allowance=2 * GB, overage=Tariff(price=20_000), credit_limit=250 * QAR)
    >>> account = PostpaidAccount(basic, opened=parse_moment("2026-01-01"))
    >>> account.use(3 * GB, at=parse_moment("2026-01-20 21:00")).cost
    20000000
    >>> account.advance(parse_moment("2026-02-01"))
    >>> format_money(account.balance), [format_money(bill.amount) for bill in account.unpaid]
    ('-QAR 90.00', ['QAR 90.00'])
    """

    __slots__ = ("bill_day",)

    def __init__(
        self,
        plan: Plan,
        *,
        opened: datetime,
        bill_day: int = 1,
        dunning: Dunning | None = None,
        order: str = "soonest expiry",
        name: str = "account",
    ) -> None:
        _must_be_plan(plan)
        super().__init__(plan.overage, dunning=dunning, opened=opened, order=order, name=name)
        self.bill_day = bill_day
        self._begin_cycle(plan)
        self._look_ahead()

    def buy(self, bundle: Bundle, *, at: datetime, key: str | None = None) -> int:
        """Add a bundle; the next invoice asks for its price. Return the operation's id.

        Raises
        ------
        Refused
            If service is barred or ended, or the price goes beyond the credit limit.
        """
        if not isinstance(bundle, Bundle):
            raise InputError("bundle", bundle, "a Bundle")
        if done := self._done(key, Kind.BUNDLE, bundle.price, bundle.name):
            self._must_be_same(key, self.ledger.terms[done + 1].bundle, bundle)
            return done
        self.advance(at)
        self._must_serve(f"buy {bundle.name}")
        free = self.plan.credit_limit + self._credit - self.held
        if bundle.price > free:
            raise Refused(f"buy {bundle.name}", f"{format_money(max(free, 0))} are left of the credit limit")
        return self._finish(self._purchase(bundle, renews=False), key)

    def agree_to_more(self, *, at: datetime, key: str | None = None) -> int:
        """Agree, for the rest of this cycle, to spend more than the cap; return the operation's id.

        Raises
        ------
        Refused
            If the plan has no spend cap, or the contract has ended.
        """
        if done := self._done(key, Kind.CONSENT, 0, ""):
            return done
        self.advance(at)
        if self._closed or self.plan.spend_cap is None:
            raise Refused("agree to more", "the contract has ended" if self._closed else "the plan has no spend cap")
        self._agreed = True
        return self._finish(self._move(Kind.CONSENT), key)

    def change_plan(self, plan: Plan, *, at: datetime, key: str | None = None) -> int:
        """Change to another plan from today on; return the operation's id.

        A credit note gives back the unused days of the old fee, what is left of the old allowance expires,
        and the new plan's fee, allowance and overage count from today.

        Raises
        ------
        Refused
            If service is barred or ended, or it is the plan already.
        """
        _must_be_plan(plan)
        if done := self._done(key, Kind.CREDIT_NOTE, 0, f"change to {plan.name}"):
            self._must_be_same(key, self.ledger.terms[done], plan)
            return done
        self.advance(at)
        self._must_serve(f"change to {plan.name}")
        if plan == self.plan:
            raise Refused(f"change to {plan.name}", "it is the plan already")
        operation = self._end_period(f"change to {plan.name}", plan)
        self._begin_period(plan, operation)
        return self._finish(operation, key)

    def cancel(self, *, at: datetime, key: str | None = None) -> int:
        """End the contract today: unused days are given back, and a last invoice is made. Return the operation's id.

        Raises
        ------
        Refused
            If it has ended already.
        """
        if done := self._done(key, Kind.CREDIT_NOTE, 0, "cancelled"):
            return done
        self.advance(at)
        if self._closed:
            raise Refused("cancel", "the contract has ended already")
        return self._finish(self._close("cancelled"), key)

    def refund(self, operation: int, volume: int | None = None, *, at: datetime, key: str | None = None) -> int:
        """Undo a usage, or its last `volume` bytes; return the bytes undone. The next invoice gives it back.

        Overage costs less by what its period would cost less without these bytes.

        Raises
        ------
        InputError
            If the operation is no usage, or has not used so much.
        Refused
            If the contract has ended.
        """
        if self._closed and key not in self._keys:
            raise Refused("refund", "the contract has ended")
        return super().refund(operation, volume, at=at, key=key)

    def check(self) -> None:
        """Check both conservation laws over all entries, and that the account is what its ledger says.

        Raises
        ------
        LawBroken
            Naming the first entry at fault.
        """
        super().check()
        past_last = len(self.ledger) + 1
        unbilled = -int(charges_of(self.ledger.columns(since=self._invoiced))["money"].sum())
        unpaid = sum(bill.amount for bill in self._unpaid)
        if self._credit != self._paid_ahead - unpaid - unbilled:
            raise LawBroken(past_last, "the balance is not what was paid ahead less what is unpaid or not invoiced yet")
        if self._overage != overage(self.ledger, self._fee).running:
            raise LawBroken(past_last, f"the running total is {self._overage}, its ledger says another")

    def _fall_due(self) -> None:
        ended = [bucket for bucket in self._buckets.values() if bucket.terms.expires == self._now]
        for bucket in sorted(ended, key=lambda bucket: bucket.id):
            self._expire(bucket)
        if not self._closed and self.cycle.ends <= self._now:
            self._settle_overage()
            self._begin_cycle(self.plan)
            self._issue(self.plan.due_after)
        self._follow_up()

    def _dates(self) -> Iterable[datetime]:
        ends = [] if self._closed else [self.cycle.ends]
        return (date for date in (*ends, *self._billing_dates()) if date > self._now)

    def _look_ahead(self) -> None:
        if self._closed and charges_of(self.ledger.columns(since=self._invoiced))["money"].any():
            self._issue(self.plan.due_after)  # a report came in after the end
        super()._look_ahead()

    def _begin_cycle(self, plan: Plan) -> None:
        self._agreed = False
        self._spent = 0
        self._begin_period(plan)

    def _begin_period(self, plan: Plan, operation: int = 0) -> None:
        """Charge the fee for the rest of the cycle in advance, and grant the allowance for it."""
        cycle = cycle_at(self._now, self.bill_day)
        fee = share_of_fee(plan.fee, cycle, self._now)
        self._period = Period(plan, self._now, cycle)
        self._fee = self._move(Kind.FEE, money=-fee, operation=operation, note=plan.name, terms=self._period)
        self._overage = NOTHING_YET
        self.tariff = plan.overage
        if volume := share_of_volume(plan.allowance, cycle, self._now):
            bundle = Bundle(f"{plan.name} allowance", price=0, volume=volume, lasts=cycle.ends - self._now)
            self._grant(Terms(bundle, self._now, cycle.ends), volume, Kind.GRANT, operation or self._fee)

    def _end_period(self, why: str, to: Plan | None = None) -> int:
        """Give back the unused days of the fee, today's included, and end the allowance."""
        unused = share_of_fee(self.plan.fee, self.cycle, self._now)
        operation = self._move(Kind.CREDIT_NOTE, money=unused, reverses=self._fee, note=why, terms=to)
        if allowance := self._buckets.get(self._fee + 1):  # it is granted right behind the fee
            self._expire(allowance, operation)
        self._settle_overage()
        return operation

    def _settle_overage(self) -> None:
        """At the end of a period: give back what tiers cost more than the price that the invoice is to ask for."""
        if self.plan.top_tier:
            metered = overage(self.ledger, self._fee)
            if too_much := metered.charged - metered.invoiced:
                tariff = self.plan.invoiced(metered.used)
                note = f"all of it at {format_money(tariff.price)} per {format_volume(tariff.per)}"
                self._move(Kind.ADJUSTMENT, money=too_much, reverses=self._fee, note=note)
                self._spent -= too_much

    def _close(self, why: str) -> int:
        operation = self._end_period(why)
        for bucket in list(self._buckets.values()):
            self._expire(bucket, operation)
        self._closed = True
        self._issue(self.plan.due_after)
        return operation

    def _give_back(self, charge: Charge, part: int, operation: int, note: str) -> int:
        if charge.entry.bucket != MAIN:
            first = super()._give_back(charge, part, operation, note)
            money = self.ledger[len(self.ledger)].money
        else:
            fee = max(entry for entry in periods(self.ledger) if entry < charge.entry.id)
            used = overage(self.ledger, fee)
            rest = used.without(charge.entry.id, part)
            present = fee == self._fee
            money = max(used.charged - (rest.running.charged if present else rest.invoiced), 0)
            entry = self._move(
                Kind.REFUND,
                money=money,
                quantity=part,
                operation=operation,
                reverses=charge.entry.id,
                note=note,
            )
            first = operation or entry
            if present:
                self._overage = rest.running
        if charge.entry.at >= self.cycle.starts:
            self._spent -= money
        return first

    def _must_serve(self, operation: str) -> None:
        if self._closed or self._barred():
            why = "the contract has ended" if self._closed else "an invoice is long overdue; pay it first"
            raise Refused(operation, why)

    def _must_be_same(self, key: str | None, known: Bundle | Plan, asked: Bundle | Plan) -> None:
        if known != asked:
            raise Refused(f"key {key!r}", f"it stands for another offer named {known.name}")


def _must_be_plan(plan: Plan) -> None:
    if not isinstance(plan, Plan):
        raise InputError("plan", plan, "a Plan")
