"""The words of Diameter credit control (RFC 8506): requests, answers, and the numbers they are known by.

A gateway asks, a charging server answers; what they say is here, how they behave is in `gateway` and
`charging`, and `gy` turns it into bytes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from prepaid_model.errors import InputError, whole
from prepaid_model.units import quantity


class RequestType(IntEnum):
    """CC-Request-Type (RFC 8506, 8.3): where in its life a session is."""

    INITIAL = 1
    UPDATE = 2
    TERMINATION = 3
    EVENT = 4


class Action(IntEnum):
    """Requested-Action (RFC 8506, 8.41): what an event request wants."""

    DIRECT_DEBITING = 0
    REFUND_ACCOUNT = 1
    CHECK_BALANCE = 2
    PRICE_ENQUIRY = 3


class ResultCode(IntEnum):
    """Result-Code (RFC 8506, 9; RFC 6733, 7.1)."""

    SUCCESS = 2001
    END_USER_SERVICE_DENIED = 4010
    CREDIT_CONTROL_NOT_APPLICABLE = 4011
    CREDIT_LIMIT_REACHED = 4012
    UNKNOWN_SESSION_ID = 5002
    UNABLE_TO_COMPLY = 5012
    USER_UNKNOWN = 5030
    RATING_FAILED = 5031


class FinalUnitAction(IntEnum):
    """Final-Unit-Action (RFC 8506, 8.35): what the gateway does when the last units are used."""

    TERMINATE = 0
    REDIRECT = 1
    RESTRICT_ACCESS = 2


class FailureHandling(IntEnum):
    """Credit-Control-Failure-Handling (RFC 8506, 8.14): what the gateway does when nobody answers."""

    TERMINATE = 0
    CONTINUE = 1
    RETRY_AND_TERMINATE = 2


class DirectDebitingFailureHandling(IntEnum):
    """Direct-Debiting-Failure-Handling (RFC 8506, 8.15): the same for an event that debits at once."""

    TERMINATE_OR_BUFFER = 0
    CONTINUE = 1


class ReportingReason(IntEnum):
    """Reporting-Reason (3GPP TS 32.299, 7.2.175): why used units are reported now."""

    THRESHOLD = 0
    QHT = 1
    FINAL = 2
    QUOTA_EXHAUSTED = 3
    VALIDITY_TIME = 4
    RATING_CONDITION_CHANGE = 6
    FORCED_REAUTHORISATION = 7


class Octets(NamedTuple):
    """Bytes from the device (input, uplink) and to it (output, downlink).

    Examples
    --------
    >>> Octets(100, 900).total, Octets(100, 900) + Octets(1, 2)
    (1000, Octets(input=101, output=902))
    """

    input: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        """CC-Total-Octets: both together."""
        return self.input + self.output

    def __add__(self, other: object) -> "Octets":
        """Add each way by itself."""
        if not isinstance(other, Octets):
            return NotImplemented
        return Octets(self.input + other.input, self.output + other.output)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """Multiple-Services-Credit-Control in a request: one rating group.

    Parameters
    ----------
    rating_group : int
        Which kind of traffic.
    requested : int or None
        Requested-Service-Unit, in bytes; 0 leaves the amount to the server, None asks for no quota.
    used : Octets or None
        Used-Service-Unit since the last report.
    used_before_change : Octets or None
        The part of `used` from before a tariff change, where the gateway counted it apart.
    reason : ReportingReason or None
        Why it is reported now.
    """

    rating_group: int
    requested: int | None = None
    used: Octets | None = None
    used_before_change: Octets | None = None
    reason: ReportingReason | None = None

    def __post_init__(self) -> None:
        whole("rating group", self.rating_group)
        if self.requested is not None:
            quantity("requested units", self.requested, unit="bytes")
        for name, octets in (("used units", self.used), ("used before tariff change", self.used_before_change)):
            for count in octets or ():
                whole(name, count, unit="bytes")
            quantity(name, (octets or Octets()).total, unit="bytes")
        if self.used_before_change and self.used_before_change.total > (self.used or Octets()).total:
            raise InputError("used before tariff change", self.used_before_change, "no more than the used units")


@dataclass(frozen=True, slots=True)
class CreditControlRequest:
    """CCR (RFC 8506, 3.1).

    Parameters
    ----------
    session_id : str
        Names the session; with `number` it tells a retransmission from a new request.
    type : RequestType
        INITIAL, UPDATE, TERMINATION or EVENT.
    number : int
        CC-Request-Number, from 0.
    subscriber : str
        Subscription-Id.
    services : tuple of ServiceRequest
        A rating group each.
    action : Action or None
        What an event request wants.
    undoes : str
        CC-Correlation-Id: the session whose debit a refund undoes.
    retransmitted : bool
        The T flag of the Diameter header: this may be a duplicate.
    """

    session_id: str
    type: RequestType
    number: int
    subscriber: str
    services: tuple[ServiceRequest, ...] = ()
    action: Action | None = None
    undoes: str = ""
    retransmitted: bool = False

    def __post_init__(self) -> None:
        whole("request number", self.number)
        if (self.type is RequestType.EVENT) != (self.action is not None):
            raise InputError("requested action", self.action, "one for an event request, none for a session")
        groups = [service.rating_group for service in self.services]
        if len(groups) != len(set(groups)):
            raise InputError("rating groups", groups, "each once")


@dataclass(frozen=True, slots=True)
class FinalUnit:
    """Final-Unit-Indication (RFC 8506, 8.34): these are the last units, and what to do at their end."""

    action: FinalUnitAction
    redirect_to: str = ""


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """Multiple-Services-Credit-Control in an answer: one rating group.

    Parameters
    ----------
    rating_group : int
        Which kind of traffic.
    result : ResultCode
        Whether it may go on.
    granted : int
        Granted-Service-Unit, CC-Total-Octets.
    validity : timedelta or None
        Validity-Time: report by then, used up or not.
    threshold : int or None
        Volume-Quota-Threshold: ask anew when only so many bytes are left.
    holding_time : timedelta or None
        Quota-Holding-Time: report when nothing has flowed for so long.
    final : FinalUnit or None
        Set if these are the last units.
    tariff_change : datetime or None
        Tariff-Time-Change: count apart what flows after it.
    """

    rating_group: int
    result: ResultCode
    granted: int = 0
    validity: timedelta | None = None
    threshold: int | None = None
    holding_time: timedelta | None = None
    final: FinalUnit | None = None
    tariff_change: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditControlAnswer:
    """CCA (RFC 8506, 3.2).

    Parameters
    ----------
    session_id, type, number
        As in the request.
    result : ResultCode
        Of the command as a whole.
    services : tuple of ServiceAnswer
        A rating group each.
    enough_credit : bool or None
        Check-Balance-Result, where it was asked for.
    cost : int or None
        Cost-Information in micros, where the price was asked for or units were debited at once.
    """

    session_id: str
    type: RequestType
    number: int
    result: ResultCode
    services: tuple[ServiceAnswer, ...] = ()
    enough_credit: bool | None = None
    cost: int | None = None

    def service(self, rating_group: int) -> ServiceAnswer:
        """Return the answer for a rating group.

        Raises
        ------
        KeyError
            If the answer does not speak of it.
        """
        return {service.rating_group: service for service in self.services}[rating_group]


def unit_value(micros: int) -> tuple[int, int]:
    """Return money as Unit-Value says it (RFC 8506, 8.8 to 8.10): digits, and the power of ten that scales them.

    Examples
    --------
    >>> unit_value(2_300_000), unit_value(50_000), unit_value(20_000_000)
    ((23, -1), (5, -2), (20, 0))
    """
    digits, exponent = micros, -6  # a micro is ten to this power of a riyal
    while exponent < 0 and digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return digits, exponent
