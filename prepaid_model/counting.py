"""Who counts which bytes: from what an app asks for to what is charged, step by step, each way apart.

The counter stands in the gateway, in the core of the network. It counts packets of the Internet layer
(IP), so their headers count, and the wrapping in which the network carries them to the mast (GTP-U,
3GPP TS 29.281: 36 bytes a packet) does not. What the packets are, and what is lost of them, says `packets`.

Some operators do not charge what is sent again: two of five in Go et al., HotMobile 2013. Here it is charged.

Examples
--------
>>> from prepaid_model.units import parse_moment
>>> film = count(activities()["video_sd"], 90, parse_moment("2026-01-01 21:00"), Rules(loss=1))
>>> film.payload, film.headers
(Octets(input=18090650, output=1050000030), Octets(input=14383600, output=28767160))
>>> film.phone_says, film.operator_says
('1.04 GB', '1.12 GB')
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    Octets,
    ResultCode,
    ServiceAnswer,
)
from prepaid_model.errors import InputError, whole
from prepaid_model.gateway import Gateway
from prepaid_model.metering import Flow
from prepaid_model.packets import LARGEST_PACKET, packed, payload_of, protocol_of
from prepaid_model.records import Outcome, UsageRecord
from prepaid_model.tables import Activity, activities
from prepaid_model.units import GB, GIB, LARGEST, MB, MIB, in_qatar

VOLUME_LIMIT = 500 * MB
"""Bytes at which a usage record is closed in any case."""
MIDNIGHT, FOUR, UTC_MIDNIGHT = 0, 4, 3
"""When an operator's day may end, as the hour in Qatar; midnight UTC is three hours after Qatar's."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How packets travel and how an operator counts.

    Parameters
    ----------
    packet : int
        Bytes of a full packet, headers included.
    loss : int
        Packets lost on the radio side, in percent.
    unit : int
        The operator's megabyte: 10**6 bytes (MB) or 2**20 (MiB).
    every : timedelta
        After how long a usage record is closed and the next one opened.
    each_record : bool
        Whether each usage record is rounded up to a whole megabyte, or only the session.
    day_ends : int
        At which hour, in Qatar, the operator's day ends.

    Raises
    ------
    InputError
        If one of them cannot be what it should be.
    """

    packet: int = LARGEST_PACKET
    loss: int = 0
    unit: int = MB
    every: timedelta = timedelta(minutes=30)
    each_record: bool = False
    day_ends: int = MIDNIGHT

    def __post_init__(self) -> None:
        if not 100 <= whole("packet size", self.packet, unit="bytes") <= LARGEST_PACKET:
            raise InputError("packet size", self.packet, f"100 to {LARGEST_PACKET} bytes")
        if whole("loss", self.loss, unit="percent") > 50:
            raise InputError("loss", self.loss, "0 to 50 percent")
        if self.unit not in (MB, MIB):
            raise InputError("unit", self.unit, "10**6 or 2**20 bytes")
        if self.every < timedelta(minutes=1):
            raise InputError("reporting interval", str(self.every), "a minute or longer")
        if whole("end of the day", self.day_ends) > 23:
            raise InputError("end of the day", self.day_ends, "an hour, 0 to 23")


@dataclass(frozen=True, slots=True)
class Step:
    """What one step adds on the way from what was asked for to what is charged.

    Parameters
    ----------
    name : str
        What it is.
    octets : Octets
        Bytes that flow, each way; fewer than none where the counter misses some.
    adds : Fraction
        What it adds to the number that is charged, as a part of what was asked for.
    """

    name: str
    octets: Octets
    adds: Fraction


@dataclass(frozen=True)
class Count:
    """Some minutes of an activity, as the app, the phone and the operator count them.

    Parameters
    ----------
    activity : Activity
        What is done.
    start, end : datetime
        From when until when.
    payload : Octets
        What the app asks for.
    headers : Octets
        Headers, and packets that hold nothing but an acknowledgement.
    again : Octets
        What the counter sees again, or never, because it was lost.
    background : Octets
        What other apps move meanwhile.
    phone : Octets
        What the phone's own counter has: what it received and what it sent.
    outcome : Outcome
        What happened at the gateway.
    charged : int
        Bytes charged, rounded up to whole megabytes.
    """

    activity: Activity
    start: datetime
    end: datetime
    rules: Rules
    payload: Octets
    headers: Octets
    again: Octets
    background: Octets
    phone: Octets
    outcome: Outcome
    charged: int

    @property
    def counted(self) -> Octets:
        """What the gateway counted: all that flowed past it."""
        return self.payload + self.headers + self.again + self.background

    @property
    def records(self) -> tuple[UsageRecord, ...]:
        """What the gateway wrote down."""
        return self.outcome.records

    @property
    def prefix(self) -> str:
        """The unit in which people talk of so much: MB or GB."""
        return "GB" if self.payload.total >= GB else "MB"

    @property
    def phone_unit(self) -> int:
        """What the phone calls a MB or a GB: 2**20 or 2**30 bytes, as Android's settings do."""
        return GIB if self.prefix == "GB" else MIB

    @property
    def operator_unit(self) -> int:
        """What the operator calls a MB or a GB."""
        if self.rules.unit == MIB:
            return self.phone_unit
        return GB if self.prefix == "GB" else MB

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps from what was asked for to what is charged; the last two move no byte."""
        asked, counted = self.payload.total, self.counted.total
        ratio = Fraction(self.phone_unit, self.operator_unit)
        flowing = (("headers", self.headers), ("sent again", self.again), ("background", self.background))
        return (
            *(Step(name, octets, Fraction(octets.total, asked)) for name, octets in flowing),
            Step("unit", Octets(), Fraction(counted, asked) * (ratio - 1)),
            Step("rounding", Octets(), Fraction(self.charged - counted, asked) * ratio),
        )

    @property
    def asked_says(self) -> str:
        """What was asked for, in the phone's unit."""
        return self.said(self.payload.total, self.phone_unit)

    @property
    def phone_says(self) -> str:
        """What the phone shows."""
        return self.said(self.phone.total, self.phone_unit)

    @property
    def operator_says(self) -> str:
        """What the operator charges."""
        return self.said(self.charged, self.operator_unit)

    def said(self, volume: int, unit: int) -> str:
        """Write bytes in a unit, half up, to three digits or so: 1.04 GB, 82.7 MB, 547 MB."""
        decimals = 2 if self.prefix == "GB" or volume < 10 * unit else 1 if volume < 100 * unit else 0
        whole_part, rest = divmod((2 * 10**decimals * volume + unit) // (2 * unit), 10**decimals)
        return f"{whole_part:,}{f'.{rest:0{decimals}d}' if decimals else ''} {self.prefix}"

    def operator_days(self) -> dict[date, int]:
        """Add up the usage records by the operator's days."""
        days: dict[date, int] = {}
        for record in self.records:
            day = day_of(record.opened, self.rules.day_ends)
            days[day] = days.get(day, 0) + record.octets.total
        return days

    def phone_days(self) -> dict[date, int]:
        """Split what the phone counted at its own midnight, as evenly as it flowed."""
        first, total = self.start.date(), self.phone.total
        midnight = next_end(self.start, MIDNIGHT)
        if self.end <= midnight:
            return {first: total}
        before = total * ((midnight - self.start) // _SECOND) // ((self.end - self.start) // _SECOND)
        return {first: before, midnight.date(): total - before}


def count(activity: Activity, minutes: int, at: datetime, rules: Rules) -> Count:
    """Count some minutes of an activity that begins at a moment.

    Raises
    ------
    InputError
        If it does not take a whole number of minutes, one or more, a day at most.
    """
    if whole("minutes", minutes, least=1, unit="minutes") > 24 * 60:
        raise InputError("minutes", minutes, "a day at most")
    start = in_qatar("start", at)
    end = start + timedelta(minutes=minutes)
    payload = payload_of(activity, minutes)
    packets = packed(payload, protocol_of(activity), rules.packet)
    idle = activities()["idle"]
    background = Octets() if activity.id == idle.id else Octets(*idle.volume(minutes))
    passed = packets.at_the_counter(rules.loss)
    again = Octets(passed.input - packets.up.sent, passed.output - packets.down.sent)
    counted = passed + background
    outcome = carried(Flow(start, end, counted.input, counted.output), rules)
    volumes = [record.octets.total for record in outcome.records] if rules.each_record else [counted.total]
    charged = sum(-(-volume // rules.unit) * rules.unit for volume in volumes)
    phone = packets.at_the_phone(rules.loss) + background
    return Count(activity, start, end, rules, payload, packets.headers, again, background, phone, outcome, charged)


def carried(flow: Flow, rules: Rules) -> Outcome:
    """Let a gateway carry a flow; quota is granted without end (lesson 09 looks at it).

    The end of the operator's day is a tariff time change, at which a gateway closes its records (3GPP TS 32.298).
    """
    change = next_end(flow.at, rules.day_ends)

    def granting(request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:  # noqa: ARG001
        services = tuple(
            ServiceAnswer(service.rating_group, ResultCode.SUCCESS, granted=LARGEST, tariff_change=change)
            for service in request.services
        )
        return CreditControlAnswer(request.session_id, request.type, request.number, ResultCode.SUCCESS, services)

    gateway = Gateway(granting, "subscriber", record_time=rules.every, record_volume=VOLUME_LIMIT)
    return gateway.carry([flow])


def next_end(at: datetime, day_ends: int) -> datetime:
    """Return when the day that a moment lies in ends, if days end at an hour.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> print(next_end(parse_moment("2026-01-02 01:00"), UTC_MIDNIGHT))
    2026-01-02 03:00:00+03:00
    """
    end = at.replace(hour=day_ends, minute=0, second=0, microsecond=0)
    return end if end > at else end + timedelta(days=1)


def day_of(at: datetime, day_ends: int) -> date:
    """Return the day that a moment is booked on, if days end at an hour.

    Examples
    --------
    >>> from prepaid_model.units import parse_moment
    >>> print(day_of(parse_moment("2026-01-02 01:00"), UTC_MIDNIGHT))
    2026-01-01
    """
    return (at - timedelta(hours=day_ends)).date()


_SECOND = timedelta(seconds=1)
