"""The balances of a prepaid account, its clock, and what falls due as time passes.

In a charging system this is the account balance management function (3GPP TS 32.296, 5.2.3): it keeps
the main balance and the buckets, and nothing changes but through an entry in the ledger. Time moves
only forward. What falls due on the way is booked at its own instant; where instants coincide, expiry
comes first, then renewals, then the operation that arrived.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from prepaid_model.buckets import MAIN, ORDERS, Bucket, Purse, Session, Terms, plan
from prepaid_model.errors import InputError
from prepaid_model.hours import size, spread
from prepaid_model.ledger import Kind, LawBroken, Ledger
from prepaid_model.offers import Bundle, Lifecycle
from prepaid_model.rating import Step, Tariff
from prepaid_model.units import ZONE, in_qatar, quantity

GENERAL = "general"
"""The kind of traffic that only buckets for all traffic serve."""
NEVER = datetime.max.replace(tzinfo=ZONE)


class Status(StrEnum):
    """What an account can do now; derived from its balances and its clock, never set.

    Suspended means that the next byte cannot be served; no credit with a live bucket is active.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    GRACE = "grace"
    EXPIRED = "expired"


class Balances:
    """Main balance, buckets, ledger and clock; the operations are in `prepaid.PrepaidAccount`."""

    __slots__ = (
        "_buckets",
        "_credit",
        "_floor",
        "_grace_until",
        "_head",
        "_now",
        "_order",
        "_out_of_bundle",
        "_owed",
        "_price",
        "_status",
        "_valid_until",
        "_wake",
        "ledger",
        "lifecycle",
        "tariff",
    )

    def __init__(
        self, tariff: Tariff, lifecycle: Lifecycle, *, opened: datetime, out_of_bundle: bool, order: str
    ) -> None:
        if order not in ORDERS:
            raise InputError("order", order, f"one of {', '.join(ORDERS)}")
        self.tariff = tariff
        self.lifecycle = lifecycle
        self.ledger = Ledger()
        self._order = order
        self._out_of_bundle = out_of_bundle
        self._now = in_qatar("opened", opened)
        self._credit = 0
        self._owed = 0
        self._buckets: dict[int, Bucket] = {}
        self._valid_until: datetime | None = None
        self._grace_until: datetime | None = None
        self._status = Status.SUSPENDED
        self._wake = NEVER
        self._head: Bucket | None = None
        self._price: Step | None = None
        self._floor = 0

    @property
    def now(self) -> datetime:
        """The account's clock: the latest `at` it has seen."""
        return self._now

    @property
    def credit(self) -> int:
        """The main balance, in micros."""
        return self._credit

    @property
    def owed(self) -> int:
        """Micros of an emergency loan not yet repaid."""
        return self._owed

    @property
    def status(self) -> Status:
        """What the account can do now."""
        return self._status

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

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Buckets that have not expired, in the order in which they pay."""
        return tuple(sorted(self._buckets.values(), key=ORDERS[self._order]))

    @property
    def data_left(self) -> int:
        """Bytes in live buckets, whatever traffic and hours they serve."""
        return sum(bucket.left for bucket in self._buckets.values() if bucket.live(self._now))

    def available(self, volume: int, *, traffic: str = GENERAL) -> int:
        """Return how many of `volume` bytes could be served now; nothing is changed."""
        flow = spread(quantity("volume", volume, unit="bytes"), self._now)
        return volume - size(plan(self._purse(traffic), flow, Session())[1])

    def advance(self, at: datetime) -> None:
        """Let time pass: book everything that falls due until `at`, included.

        Raises
        ------
        InputError
            If `at` has no time zone or lies before the account's clock.
        """
        at = in_qatar("at", at)
        if at < self._now:
            raise InputError("at", str(at), f"no earlier than {self._now}: an account's time never runs back")
        while self._wake <= at:
            self._now = self._wake
            self._fall_due()
            self._look_ahead()
        self._now = at

    def check(self) -> None:
        """Check both conservation laws over all entries, and that the balances are what the ledger says.

        Raises
        ------
        LawBroken
            Naming the first entry at fault.
        """
        self.ledger.check()
        rows = self.ledger.columns()
        past_last = len(rows) + 1
        told, held = np.zeros(past_last, dtype="i8"), np.zeros(past_last, dtype="i8")
        told[rows["bucket"]] = rows["left"]  # of several, the last one stays
        told[MAIN] = rows["balance"][-1] if len(rows) else 0
        held[MAIN] = self._credit
        for bucket in self._buckets.values():
            held[bucket.id] = bucket.left
        for source in np.flatnonzero(told != held):
            name = f"bucket {source}" if source else "the main balance"
            raise LawBroken(past_last, f"{name} is {held[source]}, its ledger says {told[source]}")
        owed = int(rows["money"][np.isin(rows["kind"], (Kind.LOAN, Kind.LOAN_REPAID))].sum())
        if owed != self._owed:
            raise LawBroken(past_last, f"the loan is {self._owed}, its ledger says {owed}")
        excused = np.cumsum(rows["kind"] == Kind.OVERDRAFT) > 0
        if (debts := (rows["balance"] < 0) & ~excused).any():
            raise LawBroken(int(np.argmax(debts)) + 1, "the balance is below zero, and no overdraft says why")

    def _move(
        self,
        kind: Kind,
        *,
        money: int = 0,
        bucket: Bucket | None = None,
        volume: int = 0,
        quantity: int = 0,
        operation: int = 0,
        reverses: int = 0,
        note: str = "",
        terms: Any = None,
    ) -> int:
        """Change a balance and write it down: the only way to change one, but for the fast path of `use`."""
        self._credit += money
        if bucket:
            bucket.left += volume
        entry = self.ledger.append(
            self._now,
            kind,
            money=money,
            volume=volume,
            bucket=bucket.id if bucket else MAIN,
            quantity=quantity,
            balance=self._credit,
            left=bucket.left if bucket else 0,
            operation=operation,
            reverses=reverses,
        )
        if note:
            self.ledger.notes[entry] = note
        if terms is not None:
            self.ledger.terms[entry] = terms
        return entry

    def _grant(self, terms: Terms, volume: int, kind: Kind, operation: int = 0) -> Bucket:
        bucket = Bucket(len(self.ledger) + 1, terms, 0)
        self._buckets[bucket.id] = bucket
        self._move(kind, bucket=bucket, volume=volume, operation=operation, note=bucket.name, terms=terms)
        return bucket

    def _purchase(self, bundle: Bundle, *, renews: bool, note: str = "") -> int:
        """Take the price and grant the data."""
        operation = self._move(Kind.BUNDLE, money=-bundle.price, note=note or bundle.name)
        terms = Terms(bundle, self._now, self._now + bundle.lasts, paid=bundle.price, renews=renews)
        self._grant(terms, bundle.volume, Kind.GRANT, operation)
        self._debited()
        return operation

    def _debited(self) -> bool:
        """After money was taken: do what that sets off, and tell whether it brought money; here nothing does."""
        return False

    def _fall_due(self) -> None:
        """Book what falls due at this instant: expiries, then the end of validity, then renewals."""
        ended = [bucket for bucket in self._buckets.values() if bucket.terms.expires <= self._now]
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
            if self._credit:
                self._move(Kind.EXPIRED, money=-self._credit, note="credit forfeited")
            for bucket in list(self._buckets.values()):
                self._expire(bucket)

    def _expire(self, bucket: Bucket, operation: int = 0) -> None:
        del self._buckets[bucket.id]
        if bucket.left:
            self._move(Kind.EXPIRED, bucket=bucket, volume=-bucket.left, operation=operation, note=bucket.name)

    def _renew(self, bucket: Bucket) -> None:
        """Renew a bundle whose period has ended, if it can be paid for; else what is left expires."""
        bundle = bucket.terms.bundle
        if self._barred() or self._credit < bundle.price:
            self._expire(bucket)
            return
        if rolled := min(bucket.left, bundle.rollover):
            # It keeps its share of what was paid, and is granted before the new period's data: the older grant.
            share = bucket.terms.share(rolled, self.ledger[bucket.id].volume)
            terms = replace(share, starts=self._now, expires=self._now + bundle.lasts)
            operation = self._move(Kind.ROLLED_OUT, bucket=bucket, volume=-rolled, note=bucket.name)
            self._grant(terms, rolled, Kind.ROLLED_IN, operation)
        self._expire(bucket)
        self._purchase(bundle, renews=True)

    def _barred(self) -> bool:
        """Whether the credit's validity is over: in grace or expired."""
        return self._valid_until is not None and self._valid_until <= self._now

    def _purse(self, traffic: str = GENERAL) -> Purse:
        """Return what may pay for this kind of traffic now."""
        if self._barred():
            return Purse([], 0, None)
        serving = [bucket for bucket in self._buckets.values() if bucket.serves(self._now, traffic)]
        serving.sort(key=ORDERS[self._order])
        return Purse(serving, self._credit, self.tariff if self._out_of_bundle else None)

    def _derive_status(self) -> Status:
        if self._barred():
            over = self._grace_until is not None and self._grace_until <= self._now
            return Status.EXPIRED if over else Status.GRACE
        kinds = {GENERAL} | {bucket.terms.bundle.traffic or GENERAL for bucket in self._buckets.values()}
        byte = spread(1, self._now)
        served = any(not plan(self._purse(kind), byte, Session())[1] for kind in kinds)
        return Status.ACTIVE if served else Status.SUSPENDED

    def _look_ahead(self) -> None:
        """After a change: note a change of status, find who pays next, and when something falls due."""
        status = self._derive_status()
        if status is not self._status:
            self._status = status
            self._move(Kind.STATUS, note=status.value)
        ends = (end for end in (self._valid_until, self._grace_until) if end and end > self._now)
        changes = (bucket.next_change(self._now) for bucket in self._buckets.values())
        self._wake = min(*ends, *changes, NEVER, NEVER)
        self._find_payer()

    def _find_payer(self) -> None:
        """Find who pays for the next byte, if that is simple: a plain bucket, or credit at a flat price."""
        purse = self._purse()
        payers = [bucket for bucket in purse.buckets if bucket.left or bucket.terms.bundle.blocker]
        steady = self._order != "largest" or len(payers) == 1
        self._head = payers[0] if payers and payers[0].plain and steady else None
        self._price = purse.tariff.flat if purse.tariff and not payers else None
        # Down to this credit the next increment can still be paid, so the account stays active.
        self._floor = self._price.price if self._price else 0
