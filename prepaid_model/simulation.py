"""A month of usage over an account whose owner has habits: one timeline, one `Trace`.

Who acts when, and in which order where instants coincide, is `timeline`'s to say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

from prepaid_model.balances import Status
from prepaid_model.charging import ChargingServer
from prepaid_model.devices import Device, Lifetime, Online
from prepaid_model.errors import InputError
from prepaid_model.gateway import Gateway
from prepaid_model.habits import RENEWAL, WHEN, Habit, Owner
from prepaid_model.inbox import Inbox, Received
from prepaid_model.ledger import EPOCH, Kind, Rows
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.records import Outcome
from prepaid_model.timeline import run
from prepaid_model.units import format_money
from prepaid_model.usage import UsageTrace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RENEWAL", "WHEN", "Habit", "PrepaidTrace", "Span", "Trace", "simulate"]

Account = TypeVar("Account", bound=PrepaidAccount | PostpaidAccount)

_OVER = {
    Status.GRACE: "the credit is no longer valid; it is kept, but cannot be used until the next top-up",
    Status.EXPIRED: "the credit's time is over, and what was left is forfeited",
}


class Span(NamedTuple):
    """A time in which an account was not active, and why."""

    start: datetime
    end: datetime
    status: Status


@dataclass(frozen=True)
class Trace(Generic[Account]):
    """What happened: the account at the end, and what became of each slot of usage.

    Parameters
    ----------
    account : PrepaidAccount or PostpaidAccount
        With its ledger.
    usage : UsageTrace
        What its devices wanted to send and receive.
    served, denied : tuple of int
        Bytes carried and refused, a slot each.
    outcome : Outcome or None
        Messages and usage records, if a gateway carried the bytes.
    received : tuple of Received
        The alerts that arrived, if somebody was there to read them.
    """

    account: Account
    usage: UsageTrace
    served: tuple[int, ...]
    denied: tuple[int, ...]
    outcome: Outcome | None = None
    received: tuple[Received, ...] = ()

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
            spans.append(Span(since, min(entry.at, self.end), status))  # an account may live on after the trace
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
        if isinstance(self.account, PrepaidAccount) and self.account.out_of_bundle:
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

    def entries_frame(self) -> "pd.DataFrame":
        """Return the entries of the ledger."""
        return self.account.ledger.to_frame()

    def alerts_frame(self) -> "pd.DataFrame":
        """Return the alerts that arrived: when, when they arose, the entry they are about, what they say."""
        import pandas as pd  # noqa: PLC0415

        rows = [(arrived, alert.at, alert.entry, alert.text) for arrived, alert in self.received]
        return pd.DataFrame(rows, columns=["received", "at", "entry", "text"])

    def sessions_frame(self) -> "pd.DataFrame":
        """Return the credit-control sessions: first and last request, how many, bytes reported; or none."""
        import pandas as pd  # noqa: PLC0415

        columns = ["session", "opened", "closed", "requests", "reported"]
        messages = self.outcome.messages if self.outcome else ()
        frame = pd.DataFrame([(m.request.session_id, m.at, m.request.number, m.reported) for m in messages])
        if frame.empty:
            return pd.DataFrame(columns=columns).set_index("session")
        frame.columns = pd.Index(["session", "at", "number", "reported"])
        # A request sent again is the same request: its bytes count once.
        frame = frame.drop_duplicates(["session", "number"])
        sessions = frame.groupby("session", sort=False)
        return sessions.agg(
            opened=("at", "min"), closed=("at", "max"), requests=("number", "count"), reported=("reported", "sum")
        )

    def records_frame(self) -> "pd.DataFrame":
        """Return the usage records; none without a gateway."""
        return (self.outcome or Outcome((), (), (), 0, ())).records_frame()


PrepaidTrace: TypeAlias = Trace[PrepaidAccount]
"""The trace of a prepaid account."""


def simulate(
    account: Account,
    usage: UsageTrace,
    habit: Habit | None = None,
    *,
    gateway: Gateway | None = None,
    server: ChargingServer | None = None,
    inbox: Inbox | None = None,
) -> Trace[Account]:
    """Let an account live through a trace of usage, its owner following a habit.

    Parameters
    ----------
    account : PrepaidAccount or PostpaidAccount
        Its clock no later than the start of the usage.
    usage : UsageTrace
        What its devices want to send and receive.
    habit : Habit or None
        What the owner of a prepaid account does; None for nothing.
    gateway, server : Gateway, ChargingServer
        Carry the usage through them, by credit control; without them each slot is charged as it comes.
    inbox : Inbox or None
        Where the account's alerts arrive.

    Raises
    ------
    InputError
        If a habit is given for an account that nobody tops up.

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
    if habit and not isinstance(account, PrepaidAccount):
        raise InputError("habit", habit, "none: a postpaid account is not topped up")
    owner = Owner(account, habit, usage.start, usage.days) if habit and isinstance(account, PrepaidAccount) else None
    device = Online(gateway, usage, owner) if gateway else Device(account, usage, owner)
    others = [actor for actor in (owner, server, inbox) if actor is not None]
    end = usage.start + timedelta(days=usage.days)
    if gateway or server or inbox:
        run([Lifetime(account), *others, device], until=end)
    else:  # the device lets its owner act, and each use first books what has fallen due: as on the clock, but quicker
        for actor in (device, owner, account):
            if actor:
                actor.advance(end)
    served, denied = device.finish(end)
    outcome = gateway.outcome if gateway else None
    return Trace(account, usage, served, denied, outcome, tuple(inbox.received) if inbox else ())


_DAY = timedelta(days=1) // timedelta(microseconds=1)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
