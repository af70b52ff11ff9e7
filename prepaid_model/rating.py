"""From bytes to money: what a tariff charges for a volume, as pure functions on whole numbers.

A price is charged in whole started increments, and rounding is on the session's running total: the
price of a report is what the session costs after it less what it cost before. Splitting a session
into reports therefore never changes its price.

The terms are those of 3GPP TS 32.296 (rating function) and RFC 8506 (units used in a session).

Examples
--------
A price of five dirham a megabyte, in started blocks of 100 KB:

>>> from datetime import datetime
>>> from prepaid_model.units import DIRHAM, KB, MB, ZONE
>>> tariff = Tariff(price=5 * DIRHAM, per=MB, increment=100 * KB)
>>> noon = datetime(2026, 1, 1, 12, tzinfo=ZONE)
>>> rate(tariff, 1, at=noon).charged
5000
>>> once = rate(tariff, 250 * KB, at=noon)
>>> twice = rate(tariff, 130 * KB, at=noon, before=rate(tariff, 120 * KB, at=noon))
>>> once == twice
True
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from prepaid_model.errors import InputError
from prepaid_model.hours import HOURS, Flow, check_hours, cut, in_hours, size, spread
from prepaid_model.units import MB, quantity


class Tier(NamedTuple):
    """A later price of a graduated tariff: it holds for the bytes of a session above `above`."""

    above: int
    price: int
    per: int = MB
    increment: int = MB


class HourPrice(NamedTuple):
    """A price for some hours of the day, from `start` until `end` (over midnight if `end` is not later)."""

    start: int
    end: int
    price: int

    def holds(self, hour: int) -> bool:
        """Tell whether the price holds in this hour of the day."""
        return in_hours(hour, self.start, self.end)


class Step(NamedTuple):
    """A flight of the price staircase: from byte `start` until `end`, `price` for each started `increment`."""

    start: int
    end: int | None
    increment: int
    price: int


class Running(NamedTuple):
    """The running total of a session on one tariff.

    Parameters
    ----------
    used : int
        Bytes carried.
    billed : int
        Bytes charged for: whole increments, so at least `used`. The difference is slack, already paid for.
    raw : int
        Micros of all increments, before session fee, rounding and cap.
    charged : int
        Micros the session costs so far.
    """

    used: int = 0
    billed: int = 0
    raw: int = 0
    charged: int = 0


NOTHING_YET = Running()


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price for data, and how it is counted.

    Parameters
    ----------
    price, per : int
        Micros for so many bytes.
    increment : int
        Bytes charged at a time; a started increment is charged whole.
    first_block : int
        Bytes charged at the least, once a session has carried any; 0 for none.
    session_fee : int
        Micros for starting a session, charged with its first byte.
    tiers : tuple of Tier
        Graduated prices for the volume above a limit, in rising order.
    hours : tuple of HourPrice
        Prices that replace `price` in some hours of the day (Qatar time).
    round_to, rounding : int, "up" or "down"
        Micros to whose multiple the session's total is rounded, and which way.
    cap, at_cap : int or None, "stop" or "free"
        Most micros a session may cost, and what happens there: service stops, or goes on for nothing.
    each_report_alone : bool
        Round every report by itself. A flaw, here only to show what it costs.

    Raises
    ------
    InputError
        If a number is out of range, a price does not come out in whole micros per increment, or tiers
        and hours are mixed.

    Examples
    --------
    >>> Tariff(price=50_000, per=MB, increment=7)
    Traceback (most recent call last):
        ...
    prepaid_model.errors.InputError: price: got 50000, expected whole micros for each increment of 7 bytes
    """

    price: int
    per: int = MB
    increment: int = MB
    first_block: int = 0
    session_fee: int = 0
    tiers: tuple[Tier, ...] = ()
    hours: tuple[HourPrice, ...] = ()
    round_to: int = 1
    rounding: Literal["up", "down"] = "up"
    cap: int | None = None
    at_cap: Literal["stop", "free"] = "stop"
    each_report_alone: bool = False
    steps: tuple[tuple[Step, ...], ...] = field(init=False, repr=False, compare=False)
    """The staircase in each hour of the day."""

    def __post_init__(self) -> None:
        self._check()
        prices = [next((h.price for h in self.hours if h.holds(hour)), self.price) for hour in range(HOURS)]
        staircases = {price: self._staircase(price) for price in set(prices)}
        object.__setattr__(self, "steps", tuple(staircases[price] for price in prices))

    def _check(self) -> None:
        for name in ("price", "first_block", "session_fee"):
            quantity(name, getattr(self, name))
        for name in ("per", "increment", "round_to"):
            quantity(name, getattr(self, name), least=1)
        if self.cap is not None:
            quantity("cap", self.cap)
        if self.rounding not in ("up", "down"):
            raise InputError("rounding", self.rounding, "up or down")
        if self.at_cap not in ("stop", "free"):
            raise InputError("at_cap", self.at_cap, "stop or free")
        if self.tiers and self.hours:
            raise InputError("tiers", self.tiers, "none where prices depend on the hour")
        for tier in self.tiers:
            quantity("tier price", tier.price)
            for name in ("above", "per", "increment"):
                quantity(f"tier {name}", getattr(tier, name), least=1, unit="bytes")
        for band in self.hours:
            quantity("hours price", band.price)
            check_hours("hours", band.start, band.end)

    def _staircase(self, price: int) -> tuple[Step, ...]:
        ends = [*(tier.above for tier in self.tiers), None]
        flights = [Tier(self.first_block, price, self.per, self.increment), *self.tiers]
        steps = [
            Step(start, end, increment, _of(price, increment, per))
            for (start, price, per, increment), end in zip(flights, ends, strict=True)
        ]
        for step in steps[:-1]:
            if step.end is None or step.end <= step.start or (step.end - step.start) % step.increment:
                raise InputError("tiers", step.end, f"whole increments of {step.increment} bytes above {step.start}")
        if self.first_block:
            steps.insert(0, Step(0, self.first_block, self.first_block, _of(price, self.first_block, self.per)))
        return tuple(steps)

    @property
    def flat(self) -> Step | None:
        """The one price there is, if the tariff is no more than a price for each increment."""
        more = self.first_block or self.session_fee or self.tiers or self.hours or self.round_to > 1
        return None if more or self.cap is not None else self.steps[0][0]

    def total(self, raw: int) -> int:
        """Return what a session that has carried anything costs, from the micros of its increments."""
        total = raw + self.session_fee
        if self.round_to > 1:
            total += -total % self.round_to if self.rounding == "up" else -(total % self.round_to)
        return total if self.cap is None or self.at_cap == "stop" else min(total, self.cap)


def rate(
    tariff: Tariff, volume: int, *, at: datetime, until: datetime | None = None, before: Running = NOTHING_YET
) -> Running:
    """Return the running total of a session after `volume` more bytes.

    Parameters
    ----------
    tariff : Tariff
        The price.
    volume : int
        Bytes carried, spread evenly from `at` until `until` (all at `at` if not given). An increment
        takes the price of its first byte.
    before : Running
        The session's total so far.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> night = Tariff(price=10, per=1, increment=1, hours=(HourPrice(0, 6, 4),))
    >>> half_past_five, half_past_six = parse_moment("2026-01-01 05:30"), parse_moment("2026-01-01 06:30")
    >>> rate(night, 100, at=half_past_five, until=half_past_six).charged  # 50 at 4 and 50 at 10
    700
    """
    return charge(tariff, spread(quantity("volume", volume, unit="bytes"), at, until), before)


def charge(tariff: Tariff, flow: Flow, before: Running = NOTHING_YET) -> Running:
    """Return the running total of a session after a flow of bytes: `rate`, once it is known when they flow."""
    if not flow:
        return before
    used, billed, raw, _ = before
    if tariff.each_report_alone:
        used = billed
    for hour, part in flow:
        used += part
        billed, raw = _climb(tariff.steps[hour], used, billed, raw)
    return Running(used, billed, raw, tariff.total(raw))


def afford(
    tariff: Tariff, flow: Flow, *, credit: int, before: Running = NOTHING_YET, data: int | None = None
) -> tuple[int, Running]:
    """Return how many bytes of a flow can be served, and the session's running total after them.

    Parameters
    ----------
    credit : int
        Micros that may be spent; only affordable whole increments are served.
    data : int or None
        Bytes left in the bucket that is drawn from, if it is one: what is billed comes out of it.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> by_ten = Tariff(price=3, per=10, increment=10)
    >>> afford(by_ten, spread(100, parse_moment("2026-01-01 09:00")), credit=7)
    (20, Running(used=20, billed=20, raw=6, charged=6))
    """

    def after(part: int) -> Running:
        return charge(tariff, cut(flow, part)[0], before)

    def fits(total: Running) -> bool:
        return (
            total.charged - before.charged <= credit
            and (data is None or total.billed - before.billed <= data)
            and (tariff.cap is None or total.charged <= tariff.cap)
        )

    volume = size(flow)
    everything = charge(tariff, flow, before)
    if fits(everything):
        return volume, everything
    if not volume or not fits(after(1)):
        return 0, before
    # Costs never fall as volume grows, so the last byte that fits is found by halving.
    most = bisect_left(range(volume), True, key=lambda part: not fits(after(part + 1)))
    return most, after(most)


def _of(price: int, volume: int, per: int) -> int:
    micros, rest = divmod(price * volume, per)
    if rest:
        raise InputError("price", price, f"whole micros for each increment of {volume} bytes")
    return micros


def _climb(steps: tuple[Step, ...], used: int, billed: int, raw: int) -> tuple[int, int]:
    """Charge started increments until all of `used` is billed."""
    for step in steps:
        if used <= billed:
            break
        if step.end is None or billed < step.end:
            top = used if step.end is None else min(used, step.end)
            started = -((billed - top) // step.increment)
            billed += started * step.increment
            raw += started * step.price
    return billed, raw
