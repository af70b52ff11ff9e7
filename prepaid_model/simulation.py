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
from prepaid_model.units import format_money
from prepaid_model.usage import UsageTrace

if TYPE_CHECKING:
    import pandas as pd

WHEN = ("every so many days", "when it stops", "automatically")
"""When the owner of an account tops it up."""
RENEWAL = ("when it is used up", "at its end", "never again")
"""When a bundle is bought again."""
MORNING = timedelta(hours=9)
"""When the owner does what is planned for a day."""

_OVER = {
    Status.GRACE: "the credit is no longer valid; it is kept, but cannot be used until the next top-up",
    Status.EXPIRED: "the credit's time is over, and what was left is forfeited",
}


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
        whole("threshold", self.threshold, unit="micros")
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
    def moments(self) -> Any:
        """When each entry took effect, in microseconds since `ledger.EPOCH`."""
        return self.account.ledger.moments(self.rows).view("i8")

    @cached_property
    def days(self) -> Any:
        """When each entry took effect, in days from the start: for a figure's axis, and only for it."""
        return (self.moments - _micros(self.start)) / _DAY

    @cached_property
    def data_left(self) -> Any:
        """Bytes in all buckets after each entry."""
        return np.cumsum(self.rows["volume"])

    @cached_property
    def hours(self) -> Any:
        """The hour in which each slot of usage lies, counted from the start."""
        since = ((at - self.start) // timedelta(hours=1) for at in self.usage.at)
        return np.fromiter(since, dtype="i8", count=len(self.usage.at))

    def hourly(self, volumes: tuple[int, ...]) -> Any:
        """Add up what the slots hold (`served` or `denied`), an hour at a time."""
        sums = np.zeros(self.usage.days * 24, dtype="i8")
        np.add.at(sums, self.hours, np.array(volumes, dtype="i8"))
        return sums

    @cached_property
    def inactive(self) -> tuple[Span, ...]:
        """The times in which no byte could be served."""
        status, since, spans = Status.SUSPENDED, self.start, []
        for place in np.flatnonzero(self.rows["kind"] == Kind.STATUS):
            entry = self.account.ledger[int(place) + 1]
            spans.append(Span(since, entry.at, status))
            status, since = Status(self.account.ledger.notes[entry.id]), max(entry.at, self.start)
        spans.append(Span(since, self.end, status))
        return tuple(span for span in spans if span.status is not Status.ACTIVE and span.end > span.start)

    @cached_property
    def off(self) -> timedelta:
        """How long no byte could be served."""
        return sum((span.end - span.start for span in self.inactive), timedelta())

    @property
    def hours_off(self) -> int:
        """Whole hours in which no byte could be served."""
        return self.off // timedelta(hours=1)

    @property
    def hours_connected(self) -> int:
        """Hours in which bytes could be served; a started one counts."""
        return self.usage.days * 24 - self.hours_off

    @property
    def stop(self) -> Span | None:
        """The first time without service after there had been some; None if it never stopped."""
        return next((span for span in self.inactive if span.start > self.start), None)

    @property
    def spent(self) -> int:
        """Micros paid for bundles, usage and fees."""
        return -self.total(Kind.BUNDLE, Kind.USAGE, Kind.FEE)

    @property
    def topped_up(self) -> int:
        """Micros paid in."""
        return self.total(Kind.TOP_UP)

    @property
    def money_expired(self) -> int:
        """Micros forfeited when the credit's time was over."""
        return -self.total(Kind.EXPIRED)

    @property
    def data_expired(self) -> int:
        """Bytes that were paid for and expired unused."""
        return -self.total(Kind.EXPIRED, column="volume")

    def reason(self, span: Span) -> str:
        """Say in plain words why no byte could be served in a span."""
        if span.status in _OVER:
            return _OVER[span.status]
        if np.searchsorted(self.moments, _micros(span.start), side="right") == 0:
            return "nothing has been topped up yet"
        credit, data = self.left_at(span.start)
        if data:
            return "what data there is does not serve this traffic at this hour"
        if not credit:
            return "no data and no credit left"
        if self.account.out_of_bundle:
            return f"no data left, and {format_money(credit)} does not pay for one more step of usage"
        return f"no data left, and the {format_money(credit)} of credit may not be used without a bundle"

    def left_at(self, at: datetime) -> tuple[int, int]:
        """Return credit (micros) and data (bytes) at a moment, after all that took effect at it."""
        place = int(np.searchsorted(self.moments, _micros(at), side="right")) - 1
        return (int(self.rows["balance"][place]), int(self.data_left[place])) if place >= 0 else (0, 0)

    def total(self, *kinds: Kind, column: str = "money") -> int:
        """Sum what entries of these kinds changed, in micros or bytes.

        Parameters
        ----------
        column : str
            "money", "volume" or "quantity".
        """
        return int(self.rows[column][np.isin(self.rows["kind"], kinds)].sum())

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
        refused = account.use(volume, at=at).denied
        if refused or not account.data_left:
            refused = owner.react(refused, at)
        served.append(volume - refused)
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
        self.bought = False
        planned = usage.days if habit.when == WHEN[0] else 1
        self.planned = _every(usage.start + MORNING, habit.every, planned)
        self.next = next(self.planned, None)
        if habit.when == WHEN[2]:
            account.top_up_automatically(AutoTopUp(habit.threshold, habit.top_up), at=usage.start)

    def act_until(self, at: datetime) -> None:
        """Top up whatever was planned until `at`, included."""
        while self.next is not None and self.next <= at:
            self.account.top_up(self.habit.top_up, at=self.next, channel="app")
            self._buy(self.next)
            self.next = next(self.planned, None)

    def react(self, refused: int, at: datetime) -> int:
        """See to it that there is a bundle, and try again what was refused; return what still is."""
        while self._buy(at) and refused:
            refused = self.account.use(refused, at=at).denied
        if refused and self.habit.when == WHEN[1] and self.next is None:
            self.next = at + self.habit.notices_after
        return refused

    def _buy(self, at: datetime) -> bool:
        """Buy the bundle if one is wanted and the credit pays for it."""
        bundle, account = self.habit.bundle, self.account
        valid = account.valid_until is not None and account.now < account.valid_until
        if bundle is None or not valid or account.credit < bundle.price or not self._wants():
            return False
        account.buy(bundle, at=at, renews=self.habit.renewal == RENEWAL[1])
        self.bought = True
        return True

    def _wants(self) -> bool:
        if self.habit.renewal == RENEWAL[0]:
            return not self.account.data_left
        if self.habit.renewal == RENEWAL[1]:
            return not self.account.buckets  # a bundle used up renews at its end, unless the credit was short then
        return not self.bought


_DAY = timedelta(days=1) // timedelta(microseconds=1)


def _every(first: datetime, days: int, until: int) -> Iterator[datetime]:
    return (first + timedelta(days=day) for day in range(0, until, days))


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
