"""A tariff laid out: the staircase of price against bytes, and the same traffic in one session or in many.

A tariff charges whole started increments, so its price is a staircase. It rises with the first byte of
each increment and stays level to its last: every tread is open on the left and closed on the right.

Examples
--------
The standard tariff: five dirham for each started megabyte. A hundred kilobytes stand on its first tread.

>>> from prepaid_model.units import parse_moment
>>> by_megabyte, noon = Tariff(price=50_000), parse_moment("2026-01-01 12:00")
>>> for tread in staircase(by_megabyte, 3 * MB).treads:
...     print(tread)
Tread(above=0, upto=1000000, cost=50000)
Tread(above=1000000, upto=2000000, cost=100000)
Tread(above=2000000, upto=3000000, cost=150000)
>>> [format_money(in_sessions(by_megabyte, 100 * KB, sessions, at=noon)) for sessions in (1, 10, 100)]
['QAR 0.05', 'QAR 0.50', 'QAR 5.00']
>>> format_money(in_reports(by_megabyte, 100 * KB, 100, at=noon))
'QAR 0.05'
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from prepaid_model.errors import whole
from prepaid_model.hours import check_hours
from prepaid_model.rating import NOTHING_YET, Running, Step, Tariff, rate
from prepaid_model.units import KB, MB, format_money, format_volume, parse_volume, quantity

NOON = 12
MOST_TREADS = 1000
"""More than a picture has room for."""


class Tread(NamedTuple):
    """A level part of the staircase: more than `above` bytes, up to and with `upto`, cost so many micros."""

    above: int
    upto: int
    cost: int


class Staircase(NamedTuple):
    """The price of a session against its bytes.

    Parameters
    ----------
    treads : tuple of Tread
        From the first byte on. Where there are too many to be told apart, several are taken as one, at the
        cost of the last.
    steps : int
        How many there really are.
    """

    treads: tuple[Tread, ...]
    steps: int


class Split(NamedTuple):
    """What the traffic costs when it is cut up: so many sessions, each reported so many times."""

    sessions: int
    reports: int
    cost: int

    @property
    def words(self) -> str:
        """Say how it is cut up.

        Examples
        --------
        >>> Split(100, 1, 0).words, Split(1, 100, 0).words
        ('100 sessions', '1 session of 100 reports')
        """
        sessions = f"{self.sessions} session{'s' if self.sessions > 1 else ''}"
        return sessions if self.reports == 1 else f"{sessions} of {self.reports} reports"


class Ladder(NamedTuple):
    """A tariff, and what some traffic costs on it.

    Parameters
    ----------
    tariff : Tariff
        The prices.
    list_price : int
        Micros a megabyte that the tariff names for the hour at which the traffic flows.
    at : datetime
        When it flows.
    volume, until : int
        Its bytes, and those up to which the staircases are shown.
    paid : Running
        What it costs in one session, and how many bytes that is charged for.
    by_day, by_night : Staircase
        The prices of all volumes; no second staircase where the night is no different.
    splits : tuple of Split
        The same traffic, whole and cut up; the same way of cutting it is not told twice.
    """

    tariff: Tariff
    list_price: int
    at: datetime
    volume: int
    until: int
    paid: Running
    by_day: Staircase
    by_night: Staircase | None
    splits: tuple[Split, ...]

    @property
    def night(self) -> bool:
        """Whether the night's prices hold."""
        return bool(self.by_night) and self.tariff.hours[0].holds(self.at.hour)

    @property
    def in_use(self) -> Staircase:
        """The staircase of the hour at which the traffic flows."""
        return self.by_night if self.by_night and self.night else self.by_day

    @property
    def effective(self) -> int:
        """Micros a megabyte, of those that were used: rounded to a hundredth of a dirham."""
        return (self.paid.charged * MB // self.volume + 50) // 100 * 100

    @property
    def bill(self) -> str:
        """Say what it costs."""
        return f"{exactly(self.volume)} cost{'s' if self.volume == 1 else ''} {format_money(self.paid.charged)}"

    @property
    def slack(self) -> int:
        """Bytes paid for and not used."""
        return self.paid.billed - self.volume


def staircase(tariff: Tariff, until: int, *, hour: int = NOON, most: int = MOST_TREADS) -> Staircase:
    """Return what a session costs, for each volume from one byte to `until`.

    Parameters
    ----------
    tariff : Tariff
        The prices. What happens at its cap is not looked at: treads stay level there.
    until : int
        Bytes up to which the staircase goes.
    hour : int
        The hour of the day in which all bytes flow.
    most : int
        Treads of each flight (each price) that are told apart.

    Raises
    ------
    InputError
        If `until` is no volume from one byte, or the hour is none of the day.
    """
    quantity("end of the staircase", until, least=1, unit="bytes")
    check_hours("hour", hour, hour)
    flights = tariff.steps[hour]
    treads: list[Tread] = []
    steps = raw = 0
    for step in flights:
        if step.start >= until:
            break
        end = until if step.end is None else min(step.end, until)
        started = -((step.start - end) // step.increment)
        treads += _flight(tariff, step, started, raw, -(-started // most))
        raw += started * step.price
        steps += started
    return Staircase(tuple(treads), steps)


def parts(volume: int, number: int) -> tuple[int, ...]:
    """Cut a volume into so many parts, as equal as whole bytes allow; parts without a byte are left out.

    Examples
    --------
    >>> parts(10, 4), parts(2, 100)
    ((3, 3, 2, 2), (1, 1))
    """
    quantity("volume", volume, unit="bytes")
    each, more = divmod(volume, whole("parts", number, least=1))
    return (each + 1,) * more + ((each,) * (number - more) if each else ())


def in_sessions(tariff: Tariff, volume: int, sessions: int, *, at: datetime) -> int:
    """Return the micros that a volume costs as so many sessions of (nearly) the same size.

    Each session begins anew: a first increment, a first block, a fee.
    """
    sizes = parts(volume, sessions)
    return sum(sizes.count(size) * rate(tariff, size, at=at).charged for size in set(sizes))


def in_reports(tariff: Tariff, volume: int, reports: int, *, at: datetime) -> int:
    """Return the micros that a volume costs as one session which reports it so many times."""
    total: Running = NOTHING_YET
    for size in parts(volume, reports):
        total = rate(tariff, size, at=at, before=total)
    return total.charged


def exactly(volume: int) -> str:
    """Write a volume to the byte: in the unit that shows it whole in two decimals, or else in bytes.

    Examples
    --------
    >>> exactly(2_500_000), exactly(1_000_001), exactly(1)
    ('2.5 MB', '1,000,001 bytes', '1 byte')
    """
    short = format_volume(volume)
    if (volume >= KB and parse_volume(short) == volume) or not volume:
        return short
    return f"{volume:,} byte{'s' if volume > 1 else ''}"


def _flight(tariff: Tariff, step: Step, started: int, raw: int, together: int) -> Iterator[Tread]:
    """Yield the treads of one price, `together` of them as one."""
    done = 0
    while done < started:
        following = min(done + together, started)
        above, upto = (step.start + number * step.increment for number in (done, following))
        yield Tread(above, upto, tariff.total(raw + following * step.price))
        done = following
