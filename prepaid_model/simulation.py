"""A month of usage over a prepaid account whose owner has habits: one timeline, one `Trace`.

Where instants coincide, what falls due in the account comes first, then what its owner does, then usage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prepaid_model.balances import Status
from prepaid_model.credit import AutoTopUp
from prepaid_model.errors import InputError, whole
from prepaid_model.ledger import EPOCH, Kind, Rows
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.usage import UsageTrace

if TYPE_CHECKING:
    import pandas as pd

WHEN = ("every so many days", "when it stops", "automatically")
"""When the owner of an account tops it up."""
RENEWAL = ("when it is used up", "at its end", "never again")
"""When a bundle is bought again."""
MORNING = timedelta(hours=9)
"""When the owner does what is planned for a day."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What the owner of a prepaid account does: tops up, and buys a bundle.

    Parameters
    ----------
    top_up : int
        Micros at a time; the first at nine on the first day.
    when : str
        One of `WHEN`.
    every : int
        Days between top-ups, where they are planned.
    notices_after : timedelta
        From a denied byte to the top-up, where the owner waits for it to stop.
    threshold : int
        Micros at or below which credit is topped up automatically.
    bundle : Bundle or None
        Bought whenever there is none and the credit pays for it; None to pay as one goes.
    renewal : str
        One of `RENEWAL`: bought again as soon as it is used up, by itself at its end, or only once.
    """

    top_up: int
    when: str = WHEN[0]
    every: int = 10
    notices_after: timedelta = timedelta(hours=2)
    threshold: int = 0
    bundle: Bundle | None = None
    renewal: str = RENEWAL[0]

    def __post_init__(self) -> None:
        whole("top-up amount", self.top_up, least=1, unit="micros")
        whole("days between top-ups", self.every, least=1, unit="days")
        if self.when not in WHEN:
            raise InputError("when", self.when, f"one of {', '.join(WHEN)}")
        if self.renewal not in RENEWAL:
            raise InputError("renewal", self.renewal, f"one of {', '.join(RENEWAL)}")


class Span(NamedTuple):
    """A time in which an account was not active, and why."""

    start: datetime
    end: datetime
    status: Status


@dataclass(frozen=True)
class Trace:
    """What happened: the account at the end, and what became of each slot of usage.

    Parameters
    ----------
    account : PrepaidAccount
        With its ledger.
    usage : UsageTrace
        What its devices wanted to send and receive.
    served, denied : tuple of int
        Bytes carried and refused, a slot each.
    """

    account: PrepaidAccount
    usage: UsageTrace
    served: tuple[int, ...]
    denied: tuple[int, ...]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.usage.start

    @property
    def end(self) -> datetime:
        """When it ends."""
        return self.usage.start + timedelta(days=self.usage.days)

    @cached_property
    def rows(self) -> Rows:
        """The entries, as a structured array."""
        return self.account.ledger.columns()

    @cached_property
    def days(self) -> Any:
        """When each entry took effect, in days from the start: for a figure's axis, and only for it."""
        micros = self.account.ledger.moments(self.rows).view("i8")
        return (micros - _micros(self.start)) / _micros(EPOCH + timedelta(days=1))

    @cached_property
    def data_left(self) -> Any:
        """Bytes in all buckets after each entry."""
        return np.cumsum(self.rows["volume"])

    @cached_property
    def inactive(self) -> tuple[Span, ...]:
        """The times in which no byte could be served."""
        notes = self.account.ledger.notes
        changes = [
            (self.account.ledger[int(place) + 1].at, Status(notes[int(place) + 1]))
            for place in np.flatnonzero(self.rows["kind"] == Kind.STATUS)
        ]
        changes.insert(0, (self.start, Status.SUSPENDED))
        ends = [at for at, _ in changes[1:]] + [self.end]
        spans = (Span(at, end, status) for (at, status), end in zip(changes, ends, strict=True))
        return tuple(span for span in spans if span.status is not Status.ACTIVE and span.end > span.start)

    @property
    def hours_off(self) -> int:
        """Whole hours in which no byte could be served."""
        off = sum((span.end - span.start for span in self.inactive), timedelta())
        return int(off / timedelta(hours=1))

    @property
    def ran_dry(self) -> datetime | None:
        """When the account was first suspended after it had been active; None if it never was."""
        return next((span.start for span in self.inactive if span.start > self.start), None)

    def total(self, *kinds: Kind, column: str = "money") -> int:
        """Sum what entries of these kinds changed, in micros or bytes.

        Parameters
        ----------
        column : str
            "money", "volume" or "quantity".
        """
        return int(self.rows[column][np.isin(self.rows["kind"], kinds)].sum())

    def moments(self, kind: Kind) -> Any:
        """When entries of a kind took effect, in days from the start."""
        return self.days[self.rows["kind"] == kind]

    def balance_frame(self) -> "pd.DataFrame":
        """Return credit (micros) and data left (bytes) after each entry, by its time."""
        frame = self.account.ledger.to_frame()
        return frame[["at", "kind"]].assign(credit=frame["balance"], data=self.data_left).set_index("at")

    def usage_frame(self) -> "pd.DataFrame":
        """Return bytes served and denied in each slot, by the slot's start."""
        import pandas as pd  # noqa: PLC0415  (a second of import that a trace without frames does not need)

        columns = {"served": self.served, "denied": self.denied}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.usage.at, name="at"), dtype="int64")


def simulate(account: PrepaidAccount, usage: UsageTrace, habit: Habit) -> Trace:
    """Let an account live through a trace of usage, its owner following a habit.

    Parameters
    ----------
    account : PrepaidAccount
        Its clock no later than the start of the usage.

    Examples
    --------
    >>> from prepaid_model.catalogue import catalogue
    >>> from prepaid_model.units import QAR
    >>> from prepaid_model.usage import START, month
    >>> shop = catalogue()
    >>> account = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=START)
    >>> trace = simulate(account, month("commuter", seed=7), Habit(25 * QAR, bundle=shop.bundles["week_1gb"]))
    >>> sum(trace.served) + sum(trace.denied) == trace.usage.total
    True
    """
    owner = _Owner(account, habit, usage)
    served = []
    denied = []
    for at, volume in zip(usage.at, usage.volume, strict=True):
        owner.act_until(at)
        became = account.use(volume, at=at)
        carried, refused = became.served, became.denied
        if refused or not account.data_left:
            refused -= owner.notice(at, refused)
            carried = volume - refused
        served.append(carried)
        denied.append(refused)
    end = usage.start + timedelta(days=usage.days)
    owner.act_until(end)
    account.advance(end)
    return Trace(account, usage, tuple(served), tuple(denied))


class _Owner:
    """Does what the habit says, at its time."""

    def __init__(self, account: PrepaidAccount, habit: Habit, usage: UsageTrace) -> None:
        self.account = account
        self.habit = habit
        first = usage.start + MORNING
        planned = usage.days if habit.when == WHEN[0] else 1
        self.planned = _every(first, habit.every, planned)
        self.next = next(self.planned, None)
        self.bought = False
        if habit.when == WHEN[2]:
            account.advance(usage.start)
            account.top_up_automatically(AutoTopUp(habit.threshold, habit.top_up), at=usage.start)

    def act_until(self, at: datetime) -> None:
        """Top up whatever was planned until `at`, included."""
        while self.next is not None and self.next <= at:
            self.account.top_up(self.habit.top_up, at=self.next, channel="app")
            self._buy(self.next)
            self.next = next(self.planned, None)

    def notice(self, at: datetime, refused: int) -> int:
        """React to a bundle used up or to bytes refused; return how many of those are served after all."""
        bought = self.habit.renewal == RENEWAL[0] and self._buy(at)
        if bought and refused:
            return self.account.use(refused, at=at).served
        if refused and self.habit.when == WHEN[1] and self.next is None:
            self.next = at + self.habit.notices_after
        return 0

    def _buy(self, at: datetime) -> bool:
        """Buy the bundle if there is none left and the credit pays for it."""
        bundle = self.habit.bundle
        once = self.habit.renewal == RENEWAL[2] and self.bought
        if bundle is None or once or self.account.data_left or self.account.credit < bundle.price:
            return False
        self.account.buy(bundle, at=at, renews=self.habit.renewal == RENEWAL[1])
        self.bought = True
        return True


def _every(first: datetime, days: int, until: int) -> Iterator[datetime]:
    return (first + timedelta(days=day) for day in range(0, until, days))


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
