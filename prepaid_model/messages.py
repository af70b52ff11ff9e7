"""Messages between the parties of online charging: fields in plain words, with their names in the standards.

Messages between gateway and session function have the names of RFC 8506, or of 3GPP TS 32.299 where that
adds one. Between the charging system's own functions they have those of TS 32.296, where it gives any.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnit,
    Octets,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.ledger import Entry, Kind
from prepaid_model.units import format_money, format_volume

_MEANS = {
    ResultCode.SUCCESS: "yes",
    ResultCode.END_USER_SERVICE_DENIED: "no: service is denied",
    ResultCode.CREDIT_CONTROL_NOT_APPLICABLE: "free of charge",
    ResultCode.CREDIT_LIMIT_REACHED: "no: nothing is left to pay with",
}


class Party(IntEnum):
    """Who speaks: the lifelines, from left to right."""

    PHONE = 0
    GATEWAY = 1
    SESSION = 2
    RATING = 3
    BALANCE = 4
    LEDGER = 5


class Field(NamedTuple):
    """A field of a message.

    Parameters
    ----------
    words : str
        What it says, in plain words.
    name : str
        Its name in the standard; empty where it has none.
    value : str
        What it holds.
    """

    words: str
    name: str
    value: str


class Stock(NamedTuple):
    """Where everything that pays stands: micros, or bytes if a bundle pays."""

    used: int
    held: int
    free: int


class Slice(NamedTuple):
    """What the gateway was granted last for a device, and how much of it has flowed, in bytes."""

    granted: int
    used: int


class Step(NamedTuple):
    """A message.

    Parameters
    ----------
    at : datetime
        When it was sent.
    sender, receiver : Party
        Between whom.
    name : str
        What it is called in the standard, or else in plain words.
    label : str
        What it says, in a few words.
    words : str
        What it says and why, in a plain sentence or two.
    fields : tuple of Field
        What it holds.
    device : str
        Whose session it belongs to.
    stock : Stock
        How the account stands after it.
    slice : Slice
        How the gateway of the device stands after it.
    """

    at: datetime
    sender: Party
    receiver: Party
    name: str
    label: str
    words: str
    fields: tuple[Field, ...]
    device: str
    stock: Stock
    slice: Slice


def named(code: ResultCode) -> str:
    """Return a result with its number, as the standards write it.

    Examples
    --------
    >>> named(ResultCode.CREDIT_LIMIT_REACHED)
    'DIAMETER_CREDIT_LIMIT_REACHED (4012)'
    """
    return f"DIAMETER_{code.name} ({code.value})"


def request_fields(request: CreditControlRequest) -> tuple[Field, ...]:
    """Return the fields of a CCR.

    Examples
    --------
    >>> from prepaid_model.credit_control import RequestType
    >>> asked = CreditControlRequest("s1", RequestType.INITIAL, 0, "sim 1", (ServiceRequest(0, requested=0),))
    >>> for field in request_fields(asked)[1:3]:
    ...     print(*field, sep=" | ")
    which request of its life | CC-Request-Type | INITIAL_REQUEST (1)
    its number in the session | CC-Request-Number | 0
    """
    kind = request.type
    fields = [
        Field("which session", "Session-Id", request.session_id),
        Field("which request of its life", "CC-Request-Type", f"{kind.name}_REQUEST ({kind.value})"),
        Field("its number in the session", "CC-Request-Number", str(request.number)),
        Field("whose account", "Subscription-Id", request.subscriber),
    ]
    return (*fields, *(field for service in request.services for field in _asked(service)))


def answer_fields(answer: CreditControlAnswer) -> tuple[Field, ...]:
    """Return the fields of a CCA.

    Examples
    --------
    >>> from prepaid_model.credit_control import RequestType
    >>> granted = (ServiceAnswer(0, ResultCode.SUCCESS, granted=5_000_000),)
    >>> for field in answer_fields(CreditControlAnswer("s1", RequestType.INITIAL, 0, ResultCode.SUCCESS, granted))[2:]:
    ...     print(*field, sep=" | ")
    the message as a whole | Result-Code | DIAMETER_SUCCESS (2001)
    kind of traffic | Rating-Group | 0
    may it flow? | Result-Code (of the group) | DIAMETER_SUCCESS (2001): yes
    units granted | Granted-Service-Unit, CC-Total-Octets | 5000000 (5 MB)
    """
    kind = answer.type
    fields = [
        Field("which session", "Session-Id", answer.session_id),
        Field("answers request", "CC-Request-Type, -Number", f"{kind.name}_REQUEST ({kind.value}), {answer.number}"),
        Field("the message as a whole", "Result-Code", named(answer.result)),
    ]
    return (*fields, *(field for service in answer.services for field in _answered(service)))


def entry_fields(entries: Iterable[Entry]) -> tuple[Field, ...]:
    """Return one field an entry: what was written down."""
    return tuple(Field(f"entry {entry.id}: {entry.kind.label}", "", _written(entry)) for entry in entries)


def octets_in_words(octets: Octets) -> str:
    """Write used units with both ways.

    Examples
    --------
    >>> octets_in_words(Octets(200, 4_000_800))
    '4001000 (200 up, 4000800 down)'
    """
    return f"{octets.total} ({octets.input} up, {octets.output} down)"


def _asked(service: ServiceRequest) -> list[Field]:
    fields = [Field("kind of traffic", "Rating-Group", str(service.rating_group))]
    if service.used is not None:
        used = octets_in_words(service.used)
        fields.append(Field("units used since the last report", "Used-Service-Unit, CC-Total-Octets", used))
    if service.reason is not None:
        reason = f"{service.reason.name} ({service.reason.value})"
        fields.append(Field("why it reports now", "Reporting-Reason (TS 32.299)", reason))
    if service.requested is not None:
        wanted = octets(service.requested) if service.requested else "empty: the server shall decide"
        fields.append(Field("units wanted", "Requested-Service-Unit", wanted))
    return fields


def _answered(service: ServiceAnswer) -> list[Field]:
    means = f": {_MEANS[service.result]}" if service.result in _MEANS else ""
    fields = [
        Field("kind of traffic", "Rating-Group", str(service.rating_group)),
        Field("may it flow?", "Result-Code (of the group)", f"{named(service.result)}{means}"),
    ]
    if service.granted:
        fields.append(Field("units granted", "Granted-Service-Unit, CC-Total-Octets", octets(service.granted)))
    if service.threshold is not None:
        threshold = octets(service.threshold)
        fields.append(Field("ask anew when so much is left", "Volume-Quota-Threshold (TS 32.299)", threshold))
    if service.validity is not None:
        fields.append(Field("good for", "Validity-Time", _seconds(service.validity)))
    if service.final is not None:
        fields += _final(service.final)
    return fields


def _final(final: FinalUnit) -> list[Field]:
    action = f"{final.action.name} ({final.action.value})"
    fields = [Field("these are the last units; then", "Final-Unit-Indication, Final-Unit-Action", action)]
    if final.redirect_to:
        fields.append(Field("lead the customer to", "Redirect-Server-Address", final.redirect_to))
    return fields


def _written(entry: Entry) -> str:
    if entry.kind in (Kind.HOLD, Kind.RELEASE):
        amount = format_volume(entry.quantity) if entry.bucket else format_money(entry.quantity)
        return f"{amount}; the balance does not change"
    if entry.volume:
        return f"{format_volume(entry.volume)}; {format_volume(entry.left)} left in the bundle"
    if entry.money:
        volume = f" for {format_volume(entry.quantity)}" if entry.quantity else ""
        return f"{format_money(entry.money)}{volume}; balance {format_money(entry.balance)}"
    return format_volume(entry.quantity) if entry.quantity else f"balance {format_money(entry.balance)}"


def octets(volume: int) -> str:
    """Write a volume as a field holds it, and so that it can be read.

    Examples
    --------
    >>> octets(4_500_000)
    '4500000 (4.5 MB)'
    """
    return f"{volume} ({format_volume(volume)})"


def _seconds(duration: timedelta) -> str:
    return f"{duration // timedelta(seconds=1)} s"
