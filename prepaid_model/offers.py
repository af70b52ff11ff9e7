"""What an operator sells and on which terms, as the accounts see it; `catalogue` reads it from `data/`."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from prepaid_model.errors import InputError, Refused
from prepaid_model.hours import check_hours
from prepaid_model.rating import Tariff, Tier
from prepaid_model.units import format_money, quantity

LONGEST = timedelta(days=36_525)
"""The longest time an offer may last: a hundred years."""
BY_THE_BYTE = Tariff(price=0, per=1, increment=1)
"""How a plain bundle is counted: byte by byte, at no further price."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A volume of data for a price, for a time.

    Parameters
    ----------
    name : str
        What it is called.
    price : int
        Micros, paid from the main balance.
    volume : int
        Bytes granted.
    lasts : timedelta
        From the purchase until it expires.
    traffic : str or None
        The one kind of traffic it serves; None for all.
    hours : tuple of int or None
        Hours of the day in which it serves, from and until; None for all.
    tariff : Tariff
        How it is counted: its increment, and a price or a fee a session for a discounted bundle.
    priority : int
        Higher pays first, where the account's order is by priority.
    blocker : bool
        When it cannot pay, nothing after it does.
    rollover : int
        Most bytes that a paid renewal carries into the next period.

    Examples
    --------
    >>> from prepaid_model.units import GB, QAR
    >>> Bundle("1 GB week", price=10 * QAR, volume=GB, lasts=timedelta(days=7)).volume
    1000000000
    """

    name: str
    price: int
    volume: int
    lasts: timedelta
    traffic: str | None = None
    hours: tuple[int, int] | None = None
    tariff: Tariff = BY_THE_BYTE
    priority: int = 0
    blocker: bool = False
    rollover: int = 0

    def __post_init__(self) -> None:
        quantity("bundle price", self.price)
        quantity("bundle volume", self.volume, least=1, unit="bytes")
        quantity("bundle rollover", self.rollover, unit="bytes")
        _length("bundle lasts", self.lasts)
        if self.hours is not None:
            check_hours("bundle hours", *self.hours)


class Validity(NamedTuple):
    """How long a top-up of at least `amount` micros keeps the credit valid."""

    amount: int
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The rules of a prepaid account's life: how long credit is valid, and what comes after.

    Parameters
    ----------
    validity : tuple of Validity
        By rising amount; the first names the smallest top-up there is.
    grace : timedelta
        After the credit's validity: use is barred, the balance kept. Then it is forfeited.
    lend_up_to : int
        Micros lent when a bundle costs more than the credit; 0 switches the loan off.
    """

    validity: tuple[Validity, ...] = field(default=(Validity(1, timedelta(days=30)),))
    grace: timedelta = timedelta(days=30)
    lend_up_to: int = 0

    def __post_init__(self) -> None:
        amounts = [quantity("validity amount", step.amount, least=1) for step in self.validity]
        if not amounts or amounts != sorted(set(amounts)):
            raise InputError("validity", amounts, "at least one amount, in rising order")
        for step in self.validity:
            _length("validity lasts", step.lasts)
        _length("grace", self.grace, least=timedelta(0))
        quantity("lend_up_to", self.lend_up_to)

    def lasts(self, amount: int) -> timedelta:
        """Return how long a top-up keeps the credit valid.

        Raises
        ------
        Refused
            If it is less than the smallest top-up.

        Examples
        --------
        >>> from prepaid_model.units import QAR
        >>> Lifecycle((Validity(5 * QAR, timedelta(days=7)), Validity(25 * QAR, timedelta(days=30)))).lasts(30 * QAR)
        datetime.timedelta(days=30)
        """
        if amount < self.validity[0].amount:
            least = format_money(self.validity[0].amount)
            raise Refused(f"top up {format_money(amount)}", f"the smallest top-up is {least}")
        return next(step.lasts for step in reversed(self.validity) if step.amount <= amount)


@dataclass(frozen=True, slots=True)
class Plan:
    """A postpaid plan: service first, the bill after.

    Parameters
    ----------
    name : str
        What it is called.
    fee : int
        Micros a month, charged in advance.
    allowance : int
        Bytes a month that the fee includes.
    overage : Tariff
        The price of what goes beyond. Its tiers, first block, session fee and cap count a whole cycle.
    credit_limit : int
        Micros the customer may owe before service stops.
    spend_cap : int or None
        Micros of overage a month after which service stops, unless the customer agrees to more; None for no cap.
    due_after : timedelta
        From the invoice until it is due.
    top_tier : bool
        Whether the invoice charges all overage at the price of the last tier reached. It is metered in tiers
        all the same, and the invoice gives back the difference.
    """

    name: str
    fee: int
    allowance: int
    overage: Tariff
    credit_limit: int
    spend_cap: int | None = None
    due_after: timedelta = timedelta(days=14)
    top_tier: bool = False

    def __post_init__(self) -> None:
        quantity("plan fee", self.fee)
        quantity("plan allowance", self.allowance, unit="bytes")
        quantity("plan credit limit", self.credit_limit)
        if self.spend_cap is not None:
            quantity("plan spend cap", self.spend_cap)
        _length("plan due_after", self.due_after)
        if self.top_tier:
            self._check_top_tier()

    def _check_top_tier(self) -> None:
        """See to it that what is metered in tiers is never less than what the invoice asks for in the end."""
        last = Tier(0, self.overage.price, self.overage.per, self.overage.increment)
        for tier in self.overage.tiers:
            if tier.increment != last.increment or tier.price * last.per > last.price * tier.per:
                raise InputError("plan top_tier", tier, "tiers of one increment whose prices fall")
            last = tier
            self.invoiced(tier.above + 1)

    def invoiced(self, used: int) -> Tariff:
        """Return the tariff at which an invoice charges so many bytes of overage.

        Examples
        --------
        >>> from prepaid_model.units import MB
        >>> falling = Tariff(price=15_000, tiers=(Tier(100 * MB, 10_000),))
        >>> plan = Plan("Plus", fee=0, allowance=0, overage=falling, credit_limit=0, top_tier=True)
        >>> [plan.invoiced(used * MB).price for used in (100, 101)]
        [15000, 10000]
        """
        reached = [tier for tier in self.overage.tiers if tier.above < used]
        if not (self.top_tier and reached):
            return self.overage
        return replace(self.overage, price=reached[-1].price, per=reached[-1].per, tiers=())


def _length(field: str, lasts: Any, *, least: timedelta = timedelta(microseconds=1)) -> None:
    if not isinstance(lasts, timedelta) or not least <= lasts <= LONGEST:
        more = "longer than zero, at most" if least else "of no less than zero and at most"
        raise InputError(field, str(lasts), f"a time {more} a hundred years")
