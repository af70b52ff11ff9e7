"""A phone with a prepaid account, and what became of each thing its owner did.

The history is a tuple of steps; `replay` lets a fresh account live through it. So the same steps
always give the same story, and taking a step back is a shorter tuple.

Examples
--------
>>> from prepaid_model.units import QAR, format_volume
>>> story = replay((TopUp(25 * QAR), Buy("week_1gb"), Do("video_sd", 10)))
>>> format_money(story.account.credit), format_volume(story.account.data_left)
('QAR 15.00', '879.72 MB')
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple, TypeVar

from prepaid_model.alerts import Alert, alerts
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, Refused, whole
from prepaid_model.ledger import Entry, Kind
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import rate
from prepaid_model.tables import Activity, activities
from prepaid_model.units import QAR, format_money
from prepaid_model.usage import START

T = TypeVar("T")

OPENED = START + timedelta(hours=9)
"""When the story begins: Thursday, 1 January 2026, nine in the morning."""
CHANNELS = ("voucher", "app")
"""The ways in which a person tops up."""
LARGEST_TOP_UP = 1000 * QAR
"""Micros; the largest top-up that is sold."""


class TopUp(NamedTuple):
    """Top up by `amount` micros."""

    amount: int
    channel: str = CHANNELS[0]


class SameVoucher(NamedTuple):
    """Send the number of the latest voucher once more."""


class Buy(NamedTuple):
    """Turn credit into a bundle of the catalogue, by its id."""

    bundle: str


class Do(NamedTuple):
    """Do something that needs data, by its id in `activities`, for so many minutes."""

    activity: str
    minutes: int


class NextDay(NamedTuple):
    """Switch the phone off until nine the next morning."""


class PayAsYouGo(NamedTuple):
    """Allow usage to be paid from credit, or not, from now on."""

    allowed: bool


Step = TopUp | SameVoucher | Buy | Do | NextDay | PayAsYouGo


class Turn(NamedTuple):
    """What became of a step.

    Parameters
    ----------
    step : Step
        What the owner did.
    start, end : datetime
        From when until when.
    entries : tuple of Entry
        What the system wrote down.
    wanted : int
        Bytes that were to flow.
    credit, data : int
        Micros and bytes after it.
    """

    step: Step
    start: datetime
    end: datetime
    entries: tuple[Entry, ...]
    wanted: int
    credit: int
    data: int

    def total(self, *kinds: Kind, column: str = "money") -> int:
        """Sum what its entries of these kinds changed: "money", "volume" or "quantity"."""
        return sum(getattr(entry, column) for entry in self.entries if entry.kind in kinds)


@dataclass(frozen=True)
class Story:
    """A phone's account, and the turns that brought it there."""

    account: PrepaidAccount
    turns: tuple[Turn, ...]

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """The warnings so far."""
        return alerts(self.account.ledger, until=self.account.now)

    def warnings(self, turn: Turn) -> tuple[Alert, ...]:
        """Return the warnings that arose in a turn."""
        return tuple(alert for alert in self.alerts if turn.start < alert.at <= turn.end)

    def as_you_go(self, turn: Turn) -> int:
        """Return what a turn's bytes would cost without a bundle, in micros."""
        return rate(self.account.tariff, turn.wanted, at=turn.end).charged


def replay(steps: Iterable[Step]) -> Story:
    """Let a fresh account of the example operator live through the steps.

    A top-up or a purchase takes a minute, an activity its minutes; each is written down at its end.

    Raises
    ------
    InputError
        If a step names something that does not exist, or an amount that cannot be.
    Refused
        If the account's rules do not allow a step.

    Examples
    --------
    >>> replay((Buy("week_1gb"),))
    Traceback (most recent call last):
        ...
    prepaid_model.errors.Refused: buy 1 GB · 7 days: refused, the credit is QAR 0.00, QAR 10.00 too little
    """
    shop = catalogue()
    phone = _Phone(PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=OPENED))
    return Story(phone.account, tuple(phone.take(step) for step in steps))


class _Phone:
    """Takes one step after the other."""

    def __init__(self, account: PrepaidAccount) -> None:
        self.account = account
        self.now = account.now
        self.vouchers: list[TopUp] = []
        self.payments = 0

    def take(self, step: Step) -> Turn:
        start, known, wanted = self.now, len(self.account.ledger), 0
        match step:
            case TopUp():
                self._top_up(step)
            case SameVoucher():
                self._same_voucher()
            case Buy(bundle):
                self.account.buy(_one_of("bundle", bundle, catalogue().bundles), at=self._after(1))
            case Do(activity, minutes):
                wanted = self._do(_one_of("activity", activity, activities()), minutes)
            case NextDay():
                self.now = start.replace(hour=OPENED.hour, minute=0) + timedelta(days=1)
            case PayAsYouGo(allowed):
                self.account.allow_out_of_bundle(allowed, at=self.now)
        self.account.advance(self.now)
        entries = tuple(self.account.ledger.since(known))
        return Turn(step, start, self.now, entries, wanted, self.account.credit, self.account.data_left)

    def _after(self, minutes: int) -> datetime:
        self.now += timedelta(minutes=minutes)
        return self.now

    def _top_up(self, step: TopUp) -> None:
        if step.channel not in CHANNELS:
            raise InputError("channel", step.channel, f"one of {', '.join(CHANNELS)}")
        if not 0 < step.amount <= LARGEST_TOP_UP:
            limit = f"more than zero and at most {format_money(LARGEST_TOP_UP)}"
            raise InputError("top-up amount", format_money(step.amount), limit)
        if step.channel == CHANNELS[0]:
            self.vouchers.append(step)
            key = self._voucher_key()
        else:
            self.payments += 1
            key = f"app payment {self.payments:04d}"
        self.account.top_up(step.amount, at=self._after(1), channel=step.channel, key=key)

    def _same_voucher(self) -> None:
        if not self.vouchers:
            raise Refused("use the same voucher again", "no voucher has been used yet")
        amount, channel = self.vouchers[-1]
        self.account.top_up(amount, at=self._after(1), channel=channel, key=self._voucher_key())

    def _voucher_key(self) -> str:
        return f"voucher {len(self.vouchers):04d}"

    def _do(self, activity: Activity, minutes: int) -> int:
        wanted = sum(activity.volume(whole("minutes", minutes, least=1, unit="minutes")))
        self.account.use(wanted, at=self._after(minutes), traffic=activity.traffic)
        return wanted


def _one_of(field: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        raise InputError(field, name, f"one of {', '.join(known)}")
    return known[name]
