"""Charging a session on an account: set quota aside, settle what was used, free the rest.

What may be set aside is the balance less all holds, so two sessions never hold the same byte or micro.
A hold is an entry of zero value. It never outlives its bucket: when the bucket expires, what is not held
expires at once; what is held may still be settled by the report that is on its way, and the rest expires then.
"""

from datetime import datetime, timedelta

from prepaid_model.balances import GENERAL, Status
from prepaid_model.buckets import MAIN, Bucket, Purse, Session, Terms, plan
from prepaid_model.consumption import Consumption
from prepaid_model.hours import HOURS, Flow, size, spread
from prepaid_model.ledger import Kind
from prepaid_model.rating import Running
from prepaid_model.timeline import NEVER
from prepaid_model.units import quantity

__all__ = ["GENERAL", "Reservations"]

_ANY_PRICE = 10**18
"""More micros than anything costs."""


class Reservations(Consumption):
    """An account on which sessions can be charged; see `charging.ChargingServer`."""

    __slots__ = ()

    @property
    def barred(self) -> bool:
        """Whether service is denied whatever the balances hold: in grace, a bill long overdue, the contract ended."""
        return self._status in (Status.GRACE, Status.BARRED, Status.CLOSED)

    def quote(self, volume: int, *, traffic: str = GENERAL) -> int:
        """Return the micros that `volume` bytes would cost now, whether the credit covers them or not."""
        purse = self._purse(traffic)._replace(credit=_ANY_PRICE, tariff=self.tariff)
        flow = spread(quantity("volume", volume, unit="bytes"), self._now)
        return sum(draw.money for draw in plan(purse, flow, Session())[0])

    def reserve(self, volume: int, session: Session, *, at: datetime, traffic: str = GENERAL, least: int = 1) -> int:
        """Set quota aside for a session; return the bytes granted.

        Parameters
        ----------
        volume : int
            Bytes asked for. The grant is rounded up to whole increments, which are paid for anyway, and
            is smaller where less is left.
        least : int
            Grant nothing rather than fewer bytes.
        """
        flow = spread(quantity("requested units", volume, least=1, unit="bytes"), at)
        self.advance(at)
        purse = self._purse(traffic)
        if purse.so_far:  # what a cycle has paid for already is everybody's: nobody can set it aside
            purse = purse._replace(so_far=purse.so_far._replace(used=purse.so_far.billed))
        draws, rest = plan(purse, flow, session)
        if not draws or (granted := volume - size(rest) + _slack(draws[-1].after)) < least:
            return 0
        for draw in draws:
            if draw.bucket:
                self._hold(session, draw.bucket, draw.volume)
            if draw.money or not draw.bucket:
                self._hold(session, None, draw.money)
        self._look_ahead()
        return granted

    def ends_after(self, granted: int, session: Session, *, traffic: str = GENERAL, least: int = 1) -> bool:
        """Tell whether a session's units are its final ones: less than `least` bytes could follow the granted ones.

        What others hold may come back, so it counts as if it were free.
        """
        flow = spread(granted + least, self._now)
        return not self._tops_itself_up() and bool(plan(self._freed(self._purse(traffic)), flow, session)[1])

    def debit(
        self,
        volume: int,
        session: Session,
        *,
        at: datetime,
        since: datetime | None = None,
        before_change: int | None = None,
        traffic: str = GENERAL,
        overdraft: str = "",
    ) -> int:
        """Free a session's hold and charge what it reports, as far as it can be paid; return the bytes that cannot.

        What was held pays first, then whatever else the account has. Bytes beyond that were carried all the
        same, and are recorded as uncollected.

        Parameters
        ----------
        volume : int
            Bytes since its last report.
        session : Session
            Its running totals; they are brought up to date.
        since : datetime or None
            They flowed evenly from then until `at`; None for all at `at`.
        before_change : int or None
            How many of them flowed before the first change of the price after `since`, where that was counted.
        overdraft : str
            A cause: with it the main balance pays bytes beyond, even below zero, and the cause is recorded.
        """
        flow = self._flow(quantity("volume", volume, unit="bytes"), since or at, at, before_change)
        self.advance(at)
        held = self._free(session)
        rest = self._debit(flow, session, traffic, self._purse_of(held, traffic)) if held else flow
        rest = self._debit(rest, session, traffic)
        if rest and overdraft:
            self._note(Kind.OVERDRAFT, size(rest), session, overdraft)
            rest = self._debit(rest, session, traffic, self._boundless(traffic))
        if rest:
            self._note(Kind.UNCOLLECTED, size(rest), session)
        self._drop(held)
        self._look_ahead()
        return size(rest)

    def release(self, session: Session, *, at: datetime) -> None:
        """Free what a session holds."""
        self.advance(at)
        self._drop(self._free(session))
        self._look_ahead()

    def held_until(self, session: Session) -> datetime:
        """Return when what a session holds ends: with a bucket, with its hours, or with the credit's validity."""
        buckets = [self._buckets[source] for source in session.holds if source != MAIN]
        return min([*(bucket.next_change(self._now) for bucket in buckets), *self._dates(), NEVER])

    def next_price_change(self, at: datetime) -> datetime | None:
        """Return the next full hour after `at` from which the tariff has another price; None if there is none."""
        full_hour = at.replace(minute=0, second=0, microsecond=0)
        later = (full_hour + timedelta(hours=ahead) for ahead in range(1, HOURS))
        steps = self.tariff.steps
        return next((hour for hour in later if steps[hour.hour] != steps[at.hour]), None)

    def _flow(self, volume: int, since: datetime, until: datetime, before_change: int | None) -> Flow:
        change = None if before_change is None else self.next_price_change(since)
        if before_change is None or change is None or change >= until:
            return spread(volume, since, until)
        return spread(before_change, since, change) + spread(volume - before_change, change, until)

    def _tops_itself_up(self) -> bool:
        """Tell whether charging what is held will bring new credit; here nothing does."""
        return False

    def _hold(self, session: Session, bucket: Bucket | None, amount: int) -> None:
        """Set aside bytes of a bucket, or micros; none of them where the session has paid already for what it gets."""
        source = bucket.id if bucket else MAIN
        session.holds[source] = session.holds.pop(source, 0) + amount  # in the order in which they are to pay
        if amount:
            self._held[source] = self._held.get(source, 0) + amount
            entry = self._move(Kind.HOLD, bucket=bucket, quantity=amount, operation=session.operation)
            session.operation = session.operation or entry

    def _free(self, session: Session) -> dict[int, int]:
        """Release all that a session holds, and return it."""
        held, session.holds = session.holds, {}
        for source, amount in held.items():
            if amount:
                left = self._held.pop(source) - amount
                if left:
                    self._held[source] = left
                bucket = self._buckets.get(source)
                self._move(Kind.RELEASE, bucket=bucket, quantity=amount, operation=session.operation)
        return held

    def _drop(self, held: dict[int, int]) -> None:
        """Let go what had only been kept because it was held."""
        for source in held:
            bucket = self._buckets.get(source)
            if bucket and bucket.terms.expires <= self._now:
                self._expire(bucket)

    def _purse_of(self, held: dict[int, int], traffic: str) -> Purse:
        """Return what a session had set aside, and no more: it pays even where its bucket has expired since."""
        # Whoever has only to give what is paid for already comes last: a blocker lets nobody pay after it.
        sources = sorted(held, key=lambda source: held[source] == 0)
        buckets = [self._buckets.get(source) or self._gone(source) for source in sources if source != MAIN]
        return self._purse(traffic)._replace(
            buckets=buckets,
            credit=held.get(MAIN, 0),
            tariff=self.tariff if MAIN in held else None,
            held={bucket.id: bucket.left - held[bucket.id] for bucket in buckets},
        )

    def _gone(self, bucket: int) -> Bucket:
        """Return a bucket that has expired and left nothing, for what a session has paid for already."""
        terms: Terms = self.ledger.terms[bucket]
        return Bucket(bucket, terms, 0)

    def _boundless(self, traffic: str) -> Purse:
        return self._purse(traffic)._replace(buckets=[], credit=_ANY_PRICE, tariff=self.tariff)

    def _note(self, kind: Kind, volume: int, session: Session, note: str = "") -> None:
        entry = self._move(kind, quantity=volume, operation=session.operation, note=note)
        session.operation = session.operation or entry


def _slack(total: Running) -> int:
    return total.billed - total.used
