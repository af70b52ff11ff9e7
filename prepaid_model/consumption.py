"""Using data: who pays for a volume, and what undoes it. The same for prepaid and postpaid accounts."""

from datetime import datetime
from typing import NamedTuple

from prepaid_model.balances import GENERAL, Balances
from prepaid_model.buckets import MAIN, Draw, Purse, Session, Terms, plan
from prepaid_model.errors import InputError, whole
from prepaid_model.hours import Flow, size, spread
from prepaid_model.ledger import Kind
from prepaid_model.rating import Tariff
from prepaid_model.reversal import Charge, charges
from prepaid_model.units import quantity


class Usage(NamedTuple):
    """What became of a volume that was to be used.

    Parameters
    ----------
    operation : int
        Id of its first entry.
    served, denied : int
        Bytes carried and bytes refused.
    cost : int
        Micros taken from the main balance.
    """

    operation: int
    served: int
    denied: int
    cost: int


class Consumption(Balances):
    """An account that data is used on."""

    __slots__ = ()

    def use(self, volume: int, *, at: datetime, traffic: str = GENERAL, key: str | None = None) -> Usage:
        """Use `volume` bytes: live buckets pay in order, then the main balance as far as it may.

        It is a session of its own, priced at its instant. What cannot be paid for is denied.

        Parameters
        ----------
        volume : int
            Bytes, at least one.
        traffic : str
            Its kind, for buckets that serve one kind only.

        Raises
        ------
        InputError
            If `volume` is no whole number above zero, or `at` is out of order.
        Refused
            If the key was used for something else.
        """
        return self._use(volume, at, traffic, key)

    def _use(self, volume: int, at: datetime, traffic: str, key: str | None) -> Usage:
        quantity("volume", volume, least=1, unit="bytes")
        if done := self._done(key, Kind.USAGE, volume, "" if traffic == GENERAL else traffic):
            return self._answer(done)
        self.advance(at)
        session = Session()
        denied = size(self._debit(spread(volume, self._now), session, traffic))
        if denied:
            entry = self._move(Kind.DENIED, quantity=denied, operation=session.operation)
            session.operation = session.operation or entry
        if traffic != GENERAL:
            self.ledger.notes[session.operation] = traffic
        if key is not None:
            self._keys[key] = session.operation
        if session.totals:  # else nothing was taken, and nothing has changed
            self._look_ahead()
        return Usage(session.operation, volume - denied, denied, session.cost)

    def refund(self, operation: int, volume: int | None = None, *, at: datetime, key: str | None = None) -> int:
        """Undo a usage, or its last `volume` bytes, exactly as it was charged; return the bytes undone.

        Latest charge first. Data goes back to buckets that are still live; money to the main balance. A
        session is undone only once it has ended: its running totals know nothing of it.

        Raises
        ------
        InputError
            If the operation is no usage, or has not used so much.
        """
        whole("operation", operation, least=1)
        detail = f"of {operation}" if volume is None else f"{volume} of {operation}"
        if done := self._done(key, Kind.REFUND, 0, detail):
            return sum(entry.quantity for entry in self.ledger.of(done))
        made = charges(self.ledger, operation, self._tariff_of)
        used = sum(charge.standing for charge in made)
        volume = used if volume is None else quantity("refund volume", volume, least=1, unit="bytes")
        if not 0 < volume <= used:
            still = f"at most the {used} bytes of operation {operation} still charged"
            raise InputError("refund volume", volume, still)
        self.advance(at)
        first, rest = 0, volume
        for charge in reversed(made):
            if part := min(rest, charge.standing):
                first = self._give_back(charge, part, first, detail)
                rest -= part
        self._finish(first, key)
        return volume

    def _debit(self, flow: Flow, session: Session, traffic: str, purse: Purse | None = None) -> Flow:
        """Charge a session, from `purse` first; return what cannot be served even after automatic top-ups."""
        topped_up = True
        while flow and topped_up:
            draws, flow = plan(purse or self._purse(traffic), flow, session)
            for draw in draws:
                self._take(draw, session)
            topped_up, purse = any(draw.money for draw in draws) and self._debited(), None
        return flow

    def _take(self, draw: Draw, session: Session) -> None:
        at_once = len(draw.flow) == 1 and draw.flow[0][0] == self._now.hour
        entry = self._move(
            Kind.USAGE,
            money=draw.fee - draw.money,
            bucket=draw.bucket,
            volume=-draw.volume,
            quantity=size(draw.flow),
            operation=session.operation,
            terms=None if at_once else draw.flow,
        )
        session.operation = session.operation or entry
        if draw.fee:
            self._move(Kind.FEE, money=-draw.fee, operation=session.operation)
        session.cost += draw.money
        session.totals[draw.bucket.id if draw.bucket else MAIN] = draw.after

    def _answer(self, operation: int) -> Usage:
        """Tell again what became of a usage."""
        entries = self.ledger.of(operation)
        served = sum(entry.quantity for entry in entries if entry.kind is Kind.USAGE)
        denied = sum(entry.quantity for entry in entries if entry.kind is Kind.DENIED)
        return Usage(operation, served, denied, -sum(entry.money for entry in entries))

    def _tariff_of(self, bucket: int) -> Tariff:
        terms = self.ledger.terms.get(bucket)
        return terms.bundle.tariff if isinstance(terms, Terms) else self.tariff

    def _give_back(self, charge: Charge, part: int, operation: int, note: str) -> int:
        money, volume = charge.undo(part)
        bucket = self._buckets.get(charge.entry.bucket)
        if bucket and not bucket.live(self._now):
            bucket = None
        entry = self._move(
            Kind.REFUND,
            money=money,
            bucket=bucket,
            volume=volume if bucket else 0,
            quantity=part,
            operation=operation,
            reverses=charge.entry.id,
            note=note,
        )
        return operation or entry
