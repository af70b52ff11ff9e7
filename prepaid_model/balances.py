"""The balances of an account, prepaid or postpaid, its clock, and what falls due as time passes.

In a charging system this is the account balance management function (3GPP TS 32.296, 5.2.3): it keeps
the main balance and the buckets, and nothing changes but through an entry in the ledger. Time moves
only forward. What falls due on the way is booked at its own instant; where instants coincide, expiry
comes first, then renewals, then the operation that arrived.

Given an idempotency key, an operation happens once: the same again gives the same answer, the same key
for something else is refused.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from prepaid_model.buckets import MAIN, ORDERS, Bucket, Purse, Session, Terms, plan
from prepaid_model.errors import InputError, Refused
from prepaid_model.hours import size, spread
from prepaid_model.laws import Rows
from prepaid_model.ledger import Kind, LawBroken, Ledger
from prepaid_model.offers import Bundle
from prepaid_model.rating import Tariff
from prepaid_model.timeline import NEVER
from prepaid_model.units import in_qatar, quantity

GENERAL = "general"
"""The kind of traffic that only buckets for all traffic serve."""


class Status(StrEnum):
    """What an account can do now; derived from its balances and its clock, never set.

    Suspended means that the next byte cannot be served; no credit with a live bucket is active. Grace and
    expired belong to prepaid accounts; barred (an invoice long overdue) and closed to postpaid ones.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    GRACE = "grace"
    EXPIRED = "expired"
    BARRED = "barred"
    CLOSED = "closed"


class Balances(ABC):
    """Main balance, buckets, ledger and clock: what every kind of account has."""

    __slots__ = (
        "_buckets",
        "_credit",
        "_held",
        "_keys",
        "_now",
        "_order",
        "_status",
        "_wake",
        "ledger",
        "name",
        "tariff",
    )

    def __init__(self, tariff: Tariff, *, opened: datetime, order: str, name: str) -> None:
        if order not in ORDERS:
            raise InputError("order", order, f"one of {', '.join(ORDERS)}")
        self.tariff = tariff
        self.name = name
        self.ledger = Ledger()
        self._keys = self.ledger.keys
        self._order = order
        self._now = in_qatar("opened", opened)
        self._credit = 0
        self._buckets: dict[int, Bucket] = {}
        self._held: dict[int, int] = {}
        self._status = Status.SUSPENDED
        self._wake = NEVER

    @abstractmethod
    def _purse(self, traffic: str = GENERAL) -> Purse:
        """Return what may pay for this kind of traffic now."""

    @abstractmethod
    def _fall_due(self) -> None:
        """Book what falls due at this instant: expiries, then credits and renewals."""

    @abstractmethod
    def _dates(self) -> Iterable[datetime]:
        """Return the instants after now at which something falls due, apart from what its buckets bring."""

    @abstractmethod
    def _derive_status(self) -> Status:
        """Return what the account can do now."""

    @property
    def now(self) -> datetime:
        """The account's clock: the latest `at` it has seen."""
        return self._now

    @property
    def due(self) -> datetime:
        """When something falls due next, if nothing else comes up."""
        return self._wake

    @property
    def balance(self) -> int:
        """The main balance, in micros: what the customer is owed, or owes if it is below zero."""
        return self._credit

    @property
    def held(self) -> int:
        """Micros of the main balance that are set aside for open sessions."""
        return self._held.get(MAIN, 0)

    @property
    def status(self) -> Status:
        """What the account can do now."""
        return self._status

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Buckets that have not expired, in the order in which they pay."""
        current = (bucket for bucket in self._buckets.values() if bucket.terms.expires > self._now)
        return tuple(sorted(current, key=ORDERS[self._order]))

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
        self._check_holds(rows)

    def _check_holds(self, rows: Rows) -> None:
        aside = np.zeros(len(rows) + 1, dtype="i8")
        for kind, sign in ((Kind.HOLD, 1), (Kind.RELEASE, -1)):
            chosen = rows[rows["kind"] == kind]
            np.add.at(aside, chosen["bucket"], sign * chosen["quantity"])
        for source in np.flatnonzero(aside).tolist() + list(self._held):
            name = f"bucket {source}" if source else "the main balance"
            held, told = self._held.get(source, 0), int(aside[source])
            if held != told:
                raise LawBroken(len(rows) + 1, f"{held} of {name} are held, its ledger says {told}")
            if source and held > (left := self._buckets[source].left):
                raise LawBroken(len(rows) + 1, f"{held} of {name} are held, and there are only {left}")

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

    def _expire(self, bucket: Bucket, operation: int = 0) -> None:
        """Let a bucket go; what is held of it stays until the report that is on its way."""
        held = self._held.get(bucket.id, 0)
        if held:
            bucket.terms = replace(bucket.terms, expires=min(bucket.terms.expires, self._now))
        else:
            del self._buckets[bucket.id]
        if lost := bucket.left - held:
            self._move(Kind.EXPIRED, bucket=bucket, volume=-lost, operation=operation, note=bucket.name)

    def _serving(self, traffic: str) -> list[Bucket]:
        """Return the buckets that serve this kind of traffic now, in the order in which they pay."""
        serving = [bucket for bucket in self._buckets.values() if bucket.serves(self._now, traffic)]
        serving.sort(key=ORDERS[self._order])
        return serving

    def _serves_a_byte(self) -> bool:
        """Tell whether the next byte, of some kind of traffic, can be served."""
        kinds = {GENERAL} | {bucket.terms.bundle.traffic or GENERAL for bucket in self._buckets.values()}
        byte = spread(1, self._now)
        return any(not plan(self._freed(self._purse(kind)), byte, Session())[1] for kind in kinds)

    def _freed(self, purse: Purse) -> Purse:
        """Return the purse as it would be if nothing were held: what is held still serves somebody."""
        return purse._replace(credit=purse.credit + self.held, held={}) if self._held else purse

    def _look_ahead(self) -> None:
        """After a change: note a change of status, and when something falls due."""
        status = self._derive_status()
        if status is not self._status:
            self._status = status
            self._move(Kind.STATUS, note=status.value)
        live = (bucket for bucket in self._buckets.values() if bucket.terms.expires > self._now)
        changes = (bucket.next_change(self._now) for bucket in live)
        self._wake = min(*self._dates(), *changes, NEVER, NEVER)

    def _finish(self, operation: int, key: str | None) -> int:
        if key is not None:
            self._keys[key] = operation
        self._look_ahead()
        return operation

    def _done(self, key: str | None, kind: Kind, amount: int, detail: str) -> int:
        """Return the operation that this key stands for, 0 for a new one; refuse the key of another."""
        if type(detail) is not str:
            raise InputError("channel, note or traffic", detail, "text")
        if key is None:
            return 0
        if type(key) is not str or not key:
            raise InputError("key", key, "words that name the operation")
        operation = self._keys.get(key, 0)
        if operation and (known := self.ledger.request(operation)) != (kind, amount, detail):
            raise Refused(f"key {key!r}", f"it stands for another operation ({known[0].label} {known[2]})")
        return operation
