"""What the owner of a prepaid account does: tops up when it is time, buys a bundle when there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from prepaid_model.credit import AutoTopUp
from prepaid_model.errors import InputError, whole
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.timeline import NEVER, Rank

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
        whole("threshold", self.threshold, unit="micros")
        if self.when not in WHEN:
            raise InputError("when", self.when, f"one of {', '.join(WHEN)}")
        if self.renewal not in RENEWAL:
            raise InputError("renewal", self.renewal, f"one of {', '.join(RENEWAL)}")


class Owner:
    """Does what the habit says, at its time; an actor on a `timeline`.

    Parameters
    ----------
    account : PrepaidAccount
        The owner's account.
    habit : Habit
        What the owner does.
    start : datetime
        The first midnight.
    days : int
        For how many days top-ups are planned.
    """

    rank = Rank.CREDIT

    def __init__(self, account: PrepaidAccount, habit: Habit, start: datetime, days: int) -> None:
        self._account = account
        self._habit = habit
        self._bought = False
        planned = days if habit.when == WHEN[0] else 1
        self._planned = _every(start + MORNING, habit.every, planned)
        self._next = next(self._planned, None)
        if habit.when == WHEN[2]:
            account.top_up_automatically(AutoTopUp(habit.threshold, habit.top_up), at=start)

    @property
    def due(self) -> datetime:
        """When the next top-up is planned."""
        return self._next or NEVER

    def advance(self, at: datetime) -> None:
        """Top up whatever was planned until `at`, included."""
        while self._next is not None and self._next <= at:
            self._account.top_up(self._habit.top_up, at=self._next, channel="app")
            self._buy(self._next)
            self._next = next(self._planned, None)

    def react(self, refused: int, at: datetime) -> bool:
        """See to it that there is a bundle, and plan a top-up where bytes were refused; tell whether one was bought."""
        bought = self._buy(at)
        if refused and not bought and self._habit.when == WHEN[1] and self._next is None:
            self._next = at + self._habit.notices_after
        return bought

    def _buy(self, at: datetime) -> bool:
        """Buy the bundle if one is wanted and the credit pays for it."""
        bundle, account = self._habit.bundle, self._account
        valid = account.valid_until is not None and account.now < account.valid_until
        free = account.credit - account.held
        if bundle is None or not valid or free < bundle.price or not self._wants():
            return False
        account.buy(bundle, at=at, renews=self._habit.renewal == RENEWAL[1])
        self._bought = True
        return True

    def _wants(self) -> bool:
        if self._habit.renewal == RENEWAL[0]:
            return not self._account.data_left
        if self._habit.renewal == RENEWAL[1]:
            return not self._account.buckets  # a bundle used up renews at its end, unless the credit was short then
        return not self._bought


def _every(first: datetime, days: int, until: int) -> Iterator[datetime]:
    return (first + timedelta(days=day) for day in range(0, until, days))
