"""A prepaid account: money and data bought in advance, taken as they are used, never below zero.

The operations a person or a network can ask for. Each is checked first and then booked whole: an
`InputError` or `Refused` changes nothing but the clock. Given an idempotency key, an operation happens
once: the same again gives the same answer, the same key for something else is refused.
"""

from datetime import datetime
from typing import NamedTuple

from prepaid_model.balances import GENERAL, in_qatar
from prepaid_model.buckets import MAIN, Bucket, Draw, Session, Terms, plan
from prepaid_model.credit import AutoTopUp, Credit
from prepaid_model.errors import InputError, Refused, whole
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.rating import Tariff
from prepaid_model.reversal import Charge, charges
from prepaid_model.units import format_volume

__all__ = ["GENERAL", "AutoTopUp", "PrepaidAccount", "Usage"]


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


class PrepaidAccount(Credit):
    """A prepaid data account.

    Parameters
    ----------
    tariff : Tariff
        The pay-as-you-go price.
    lifecycle : Lifecycle
        Validity, grace and the emergency loan.
    opened : datetime
        When its clock starts; timezone-aware.
    out_of_bundle : bool
        Whether the owner allows usage to be paid from the main balance.
    order : str
        Which bucket pays first: a key of `prepaid_model.buckets.ORDERS`.
    name : str
        Names the account in the notes of a transfer.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from prepaid_model.units import GB, MB, QAR, format_money, parse_moment
    >>> nine = parse_moment("2026-01-01 09:00")
    >>> account = PrepaidAccount(Tariff(price=50_000), opened=nine)
    >>> _ = account.top_up(25 * QAR, at=nine)
    >>> _ = account.buy(Bundle("1 GB week", 10 * QAR, GB, timedelta(days=7)), at=nine)
    >>> account.use(300 * MB, at=nine)
    Usage(operation=5, served=300000000, denied=0, cost=0)
    >>> format_money(account.credit), format_volume(account.data_left), account.status.value
    ('QAR 15.00', '700 MB', 'active')
    """

    __slots__ = ()

    def buy(self, bundle: Bundle, *, at: datetime, renews: bool = False, key: str | None = None) -> int:
        """Turn credit into a data bundle; return the operation's id.

        With `renews` it is bought again at its end, for as long as the credit pays for it. Where the
        operator lends, a shortfall within its limit becomes an emergency loan.

        Raises
        ------
        Refused
            If the credit does not pay for it, or the credit's validity is over.
        """
        detail = f"{bundle.name}, renews" if renews else bundle.name
        if done := self._done(key, Kind.BUNDLE, bundle.price, detail):
            return done
        self.advance(at)
        self._must_be_valid(f"buy {bundle.name}")
        if self._credit < bundle.price:
            self._lend(bundle.price - self._credit, f"buy {bundle.name}")
        operation = self._purchase(bundle, renews=renews, note=detail)
        self._debited()
        return self._finish(operation, key)

    def use(self, volume: int, *, at: datetime, traffic: str = GENERAL, key: str | None = None) -> Usage:
        """Use `volume` bytes: live buckets pay in order, then the main balance if its owner allows it.

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
        # The common case, and only that: one plain bucket or the main balance pays for all, and enough is
        # left that the account's status does not change. Everything else takes the long way, `_use`.
        try:
            if (
                type(volume) is int
                and volume > 0
                and self._now <= at < self._wake
                and traffic == GENERAL
                and (key is None or key not in self._keys)
            ):
                if (head := self._head) is not None:
                    left = head.left - volume
                    if left > 0:
                        self._now, head.left = at, left
                        operation = self.ledger.usage(at, head.id, 0, -volume, volume, self._credit, left)
                        if key is not None:
                            self._keys[key] = operation
                        return _usage(Usage, (operation, volume, 0, 0))
                elif (price := self._price) is not None:
                    cost = -(-volume // price.increment) * price.price
                    credit = self._credit - cost
                    if credit >= self._floor:
                        self._now, self._credit = at, credit
                        operation = self.ledger.usage(at, MAIN, -cost, 0, volume, credit, 0)
                        if key is not None:
                            self._keys[key] = operation
                        return _usage(Usage, (operation, volume, 0, cost))
        except TypeError:
            in_qatar("at", at)  # a moment without a zone cannot be compared: say so
            raise
        return self._use(volume, at, traffic, key)

    def _use(self, volume: int, at: datetime, traffic: str, key: str | None) -> Usage:
        whole("volume", volume, least=1, unit="bytes")
        if done := self._done(key, Kind.USAGE, volume, "" if traffic == GENERAL else traffic):
            return self._answer(done)
        self.advance(at)
        session = Session()
        denied = self._debit(volume, session, traffic)
        if denied:
            entry = self._move(Kind.DENIED, quantity=denied, operation=session.operation)
            session.operation = session.operation or entry
        if traffic != GENERAL:
            self.ledger.notes[session.operation] = traffic
        self._finish(session.operation, key)
        cost = sum(total.charged for total in session.totals.values())
        return Usage(session.operation, volume - denied, denied, cost)

    def debit(
        self, volume: int, session: Session, *, at: datetime, until: datetime | None = None, traffic: str = GENERAL
    ) -> int:
        """Charge what a session reports, as far as it can be paid; return the bytes that cannot.

        Parameters
        ----------
        volume : int
            Bytes since its last report, spread evenly from `at` until `until`.
        session : Session
            Its running totals; they are brought up to date.
        """
        whole("volume", volume, unit="bytes")
        self.advance(at)
        denied = self._debit(volume, session, traffic, until)
        self._look_ahead()
        return denied

    def refund(self, operation: int, volume: int | None = None, *, at: datetime, key: str | None = None) -> int:
        """Undo a usage, or its last `volume` bytes, exactly as it was charged; return the bytes undone.

        Latest charge first. Data goes back to buckets that are still live; money to the main balance.

        Raises
        ------
        InputError
            If the operation is no usage, or has not used so much.
        """
        detail = f"of {operation}" if volume is None else f"{volume} of {operation}"
        if done := self._done(key, Kind.REFUND, 0, detail):
            return sum(entry.quantity for entry in self.ledger.of(done))
        made = charges(self.ledger, operation, self._tariff_of)
        used = sum(charge.standing for charge in made)
        volume = used if volume is None else whole("refund volume", volume, least=1, unit="bytes")
        if not 0 < volume <= used:
            raise InputError(
                "refund volume", volume, f"at most the {used} bytes of operation {operation} still charged"
            )
        self.advance(at)
        first, rest = 0, volume
        for charge in reversed(made):
            if part := min(rest, charge.standing):
                first = self._give_back(charge, part, first, detail)
                rest -= part
        self._armed = True
        self._finish(first, key)
        return volume

    def transfer_data(
        self,
        volume: int,
        bucket: Bucket,
        to: "PrepaidAccount",
        *,
        at: datetime,
        into: Bucket | None = None,
        key: str | None = None,
    ) -> int:
        """Give data of a live bucket to another account, into one of its buckets or a new one of the same expiry.

        Raises
        ------
        Refused
            If the bucket is not live or holds less, or either account is not valid.
        """
        whole("transfer volume", volume, least=1, unit="bytes")
        if done := self._done(key, Kind.TRANSFER_OUT, volume, f"to {to.name}"):
            return done
        self._meet(to, at)
        source, target = self._buckets.get(bucket.id), into and to._buckets.get(into.id)
        if source is None or source.left < volume or not source.live(self._now) or (into and target is None):
            raise Refused(f"transfer {format_volume(volume)}", "there is no live bucket that holds so much")
        operation = self._move(Kind.TRANSFER_OUT, bucket=source, volume=-volume, note=f"to {to.name}")
        if target:
            to._move(Kind.TRANSFER_IN, bucket=target, volume=volume, note=f"from {self.name}")
        else:
            to._grant(source.terms, volume, Kind.TRANSFER_IN)
        to._look_ahead()
        return self._finish(operation, key)

    def allow_out_of_bundle(self, allowed: bool, *, at: datetime) -> None:  # noqa: FBT001  (it is the whole question)
        """Let usage be paid from the main balance when no bucket can pay, or not."""
        self.advance(at)
        self._out_of_bundle = allowed
        self._look_ahead()

    def _debit(self, volume: int, session: Session, traffic: str, until: datetime | None = None) -> int:
        """Charge a session; return what cannot be served even after automatic top-ups."""
        while True:
            draws, denied = plan(self._purse(traffic), volume, session, at=self._now, until=until)
            for draw in draws:
                self._take(draw, session)
            topped_up = any(draw.money for draw in draws) and self._debited()
            if not (denied and topped_up):
                return denied
            volume = denied

    def _take(self, draw: Draw, session: Session) -> None:
        entry = self._move(
            Kind.USAGE,
            money=draw.fee - draw.money,
            bucket=draw.bucket,
            volume=-draw.volume,
            quantity=draw.served,
            operation=session.operation,
        )
        session.operation = session.operation or entry
        if draw.fee:
            self._move(Kind.FEE, money=-draw.fee, operation=session.operation)
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


_usage = tuple.__new__  # half the time of calling Usage
