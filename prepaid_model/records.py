"""What a gateway leaves behind: messages, usage records, the fate of every byte, and whether it all adds up.

A usage record (charging data record, CDR; 3GPP TS 32.298) says how many bytes of a kind passed, from
when until when, and why it was closed. A gateway writes them whether or not it also asks a charging
server for quota: the two counts are independent, and `Outcome.reconcile` sets one against the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    Octets,
    ReportingReason,
    ResultCode,
    ServiceAnswer,
)
from prepaid_model.metering import Flow

if TYPE_CHECKING:
    import pandas as pd


class Cause(IntEnum):
    """Why a record was closed: the bit of ServiceConditionChange (3GPP TS 32.298) that says so."""

    RATING_CONDITION = 0
    TARIFF_CHANGE = 3
    IDLE = 6
    NORMAL_RELEASE = 9
    THRESHOLD = 11
    QUOTA_EXHAUSTED = 14
    VALIDITY_TIME = 15
    REAUTHORISATION = 17
    FAILURE_CONTINUED = 18
    FAILURE_RETRIED = 19
    FAILURE_TERMINATED = 20
    TIME_LIMIT = 25
    VOLUME_LIMIT = 26

    @property
    def label(self) -> str:
        """The cause in plain words.

        Examples
        --------
        >>> Cause.VOLUME_LIMIT.label
        'volume limit'
        """
        return self.name.lower().replace("_", " ")


CAUSES: Mapping[ReportingReason, Cause] = {
    ReportingReason.THRESHOLD: Cause.THRESHOLD,
    ReportingReason.QHT: Cause.IDLE,
    ReportingReason.FINAL: Cause.NORMAL_RELEASE,
    ReportingReason.QUOTA_EXHAUSTED: Cause.QUOTA_EXHAUSTED,
    ReportingReason.VALIDITY_TIME: Cause.VALIDITY_TIME,
    ReportingReason.RATING_CONDITION_CHANGE: Cause.RATING_CONDITION,
    ReportingReason.FORCED_REAUTHORISATION: Cause.REAUTHORISATION,
}
"""What a report closes its record with."""


class Fate(Enum):
    """What became of the bytes of a record."""

    ONLINE = "reported and answered"
    LATE = "carried without control, reported and answered afterwards"
    OFFLINE = "carried without control, not reported"
    UNCONFIRMED = "reported, never answered"
    LOST = "never reported"


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """A usage record.

    Parameters
    ----------
    number : int
        Its place among the gateway's records, from 1, without gaps.
    session_id : str
        The session in which the bytes passed; empty if there was none.
    rating_group : int
        Which kind of traffic.
    opened, closed : datetime
        From when until when it counts.
    octets : Octets
        Bytes from the device (input) and to it (output).
    cause : Cause
        Why it was closed.
    fate : Fate
        Whether a charging server knows of it.
    """

    number: int
    session_id: str
    rating_group: int
    opened: datetime
    closed: datetime
    octets: Octets
    cause: Cause
    fate: Fate

    @property
    def duration(self) -> timedelta:
        """How long it was open."""
        return self.closed - self.opened


@dataclass(frozen=True, slots=True)
class Message:
    """A request, and the answer that came, if one came.

    Parameters
    ----------
    at : datetime
        When the request was sent.
    answered : datetime or None
        When the answer arrived.
    alternative : bool
        Whether the request went by the other way, to the alternative server.
    """

    at: datetime
    request: CreditControlRequest
    answer: CreditControlAnswer | None = None
    answered: datetime | None = None
    alternative: bool = False

    @property
    def reported(self) -> int:
        """Bytes reported in it of which the server has taken note, all rating groups together."""
        return sum(
            service.used.total
            for service in self.request.services
            if service.used and self.answer and heard(self.answer, service.rating_group)
        )


def heard(answer: CreditControlAnswer, rating_group: int) -> bool:
    """Tell whether a server that gives this answer has taken note of what a group is reported to have used."""
    results = [answer.result, *(s.result for s in answer.services if s.rating_group == rating_group)]
    return not any(result in _NOTHING_DEBITED for result in results)


_NOTHING_DEBITED = (
    ResultCode.UNKNOWN_SESSION_ID,
    ResultCode.UNABLE_TO_COMPLY,
    ResultCode.USER_UNKNOWN,
    ResultCode.RATING_FAILED,
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the bytes of a flow; the three add up to it."""

    flow: Flow
    passed: Octets
    blocked: Octets
    redirected: Octets


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Two counts of the same bytes, and what lies between them.

    Parameters
    ----------
    records : int
        Bytes in all usage records: the offline total.
    reported : int
        Bytes reported in requests that were answered: the online total.
    offline, unconfirmed, lost : int
        Bytes in records that no answered report speaks of, by their fate.
    charged : int or None
        Bytes that the account was charged for, if somebody looked it up.
    """

    records: int
    reported: int
    offline: int
    unconfirmed: int
    lost: int
    charged: int | None = None

    @property
    def difference(self) -> int:
        """Bytes that passed and that no answered report speaks of."""
        return self.records - self.reported

    @property
    def uncollected(self) -> int | None:
        """Bytes that were reported and could not be paid."""
        return None if self.charged is None else self.reported - self.charged

    @property
    def adds_up(self) -> bool:
        """Whether the difference is explained to the byte."""
        return self.difference == self.offline + self.unconfirmed + self.lost


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened at a gateway.

    Parameters
    ----------
    messages : tuple of Message
        Requests and answers, in order.
    records : tuple of UsageRecord
        All closed usage records.
    flows : tuple of Carried
        What became of each flow so far.
    overshoot : int
        Bytes that passed beyond a grant while an answer was awaited.
    redirects : tuple of (datetime, str)
        When traffic was redirected, and where to.
    """

    messages: tuple[Message, ...]
    records: tuple[UsageRecord, ...]
    flows: tuple[Carried, ...]
    overshoot: int
    redirects: tuple[tuple[datetime, str], ...]

    @property
    def passed(self) -> int:
        """Bytes that went on."""
        return sum(flow.passed.total for flow in self.flows)

    @property
    def blocked(self) -> int:
        """Bytes that were dropped."""
        return sum(flow.blocked.total for flow in self.flows)

    @property
    def online_total(self) -> int:
        """Bytes reported in requests that the server took note of; a retransmission counts once."""
        return sum(message.reported for message in self.messages)

    @property
    def offline_total(self) -> int:
        """Bytes in all usage records."""
        return volume(self.records)

    def of(self, *fates: Fate) -> tuple[UsageRecord, ...]:
        """Return the records of these fates."""
        return tuple(record for record in self.records if record.fate in fates)

    def reconcile(self, charged: int | None = None) -> Reconciliation:
        """Set what was reported online against what the usage records say.

        Parameters
        ----------
        charged : int or None
            Bytes that the account's ledger shows as used.
        """
        return Reconciliation(
            records=self.offline_total,
            reported=self.online_total,
            offline=volume(self.of(Fate.OFFLINE)),
            unconfirmed=volume(self.of(Fate.UNCONFIRMED)),
            lost=volume(self.of(Fate.LOST)),
            charged=charged,
        )

    def to_frame(self) -> "pd.DataFrame":
        """Return the messages as a table, a row for each rating group in a request."""
        import pandas as pd  # noqa: PLC0415  only who wants a table waits for pandas

        return pd.DataFrame([row for message in self.messages for row in _rows(message)])

    def records_frame(self) -> "pd.DataFrame":
        """Return the usage records as a table."""
        import pandas as pd  # noqa: PLC0415

        columns = ("number", "rating_group", "opened", "duration", "uplink", "downlink", "cause", "fate")
        rows = [
            (r.number, r.rating_group, r.opened, r.duration, *r.octets, r.cause.label, r.fate.value)
            for r in self.records
        ]
        return pd.DataFrame(rows, columns=columns).set_index("number")


def volume(records: Iterable[UsageRecord]) -> int:
    """Add up the bytes of records."""
    return sum(record.octets.total for record in records)


def _rows(message: Message) -> list[dict[str, Any]]:
    """Write a message out, a row for each rating group (one row if it names none)."""
    request, answer = message.request, message.answer
    granted = {service.rating_group: service for service in answer.services} if answer else {}
    head = {
        "at": message.at,
        "session": request.session_id,
        "type": request.type.name,
        "number": request.number,
        "t_flag": request.retransmitted,
        "answered": message.answered,
        "result": answer.result.name if answer else "no answer",
    }
    rows = []
    for service in request.services:
        given: ServiceAnswer | None = granted.get(service.rating_group)
        used = service.used or Octets()
        rows.append(
            head
            | {
                "rating_group": service.rating_group,
                "uplink": used.input,
                "downlink": used.output,
                "reason": service.reason.name if service.reason is not None else "",
                "granted": given.granted if given else 0,
                "final": given.final.action.name if given and given.final else "",
            }
        )
    return rows or [head]
