"""One request at a time, and what comes of it: an answer, a late one, none; and every message, written down.

The timer Tx runs from the request on; the state table says for which it is set. A request that times out
is sent again the other way, under the same number and with the T flag, so that the server can tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from prepaid_model.credit_control import CreditControlAnswer, CreditControlRequest, FailureHandling, ResultCode
from prepaid_model.links import Ask
from prepaid_model.metering import moment
from prepaid_model.records import Message
from prepaid_model.states import Event, State

_DENIED = (ResultCode.END_USER_SERVICE_DENIED, ResultCode.CREDIT_LIMIT_REACHED)


class Signal(Enum):
    """What can be due of a request that is under way."""

    ANSWER = "the answer is there"
    TX = "Tx has run out"
    TIMEOUT = "it has timed out"


@dataclass(slots=True)
class _Pending:
    request: CreditControlRequest
    handling: FailureHandling
    timeout: int = 0
    tx: int | None = None
    arrives: int | None = None
    answer: CreditControlAnswer | None = None
    message: int = 0


class Exchange:
    """The requests of a gateway, one under way at a time.

    Parameters
    ----------
    ask, alternative : Ask
        The way to the server, and the way for what is sent again.
    latency, tx, timeout : int
        Ticks until an answer arrives, until Tx runs out, until a request is taken for lost.

    Attributes
    ----------
    messages : list of Message
        What was asked and answered.
    """

    def __init__(self, ask: Ask, alternative: Ask, latency: int, tx: int, timeout: int) -> None:
        self._ask, self._alternative = ask, alternative
        self._latency, self._tx, self._timeout = latency, tx, timeout
        self.messages: list[Message] = []
        self._pending: _Pending | None = None

    @property
    def handling(self) -> FailureHandling | None:
        """The failure handling of the request under way; None if there is none."""
        return self._pending.handling if self._pending else None

    def send(self, request: CreditControlRequest, handling: FailureHandling, now: int) -> None:
        """Send a request."""
        self._pending = _Pending(request, handling)
        self._transmit(self._pending, now)

    def start_tx(self, now: int) -> None:
        """Start the timer Tx for the request under way."""
        if self._pending:
            self._pending.tx = now + self._tx

    def send_again(self, now: int) -> bool:
        """Send what has timed out again, once; return whether that was still to be done."""
        pending = self._pending
        if pending is None or pending.request.retransmitted or pending.handling is FailureHandling.TERMINATE:
            return False
        pending.request = replace(pending.request, retransmitted=True)
        self._transmit(pending, now)
        return True

    def timers(self) -> Iterator[int]:
        """Yield when something of the request under way is due."""
        if self._pending:
            due = (self._pending.arrives, self._pending.tx, self._pending.timeout)
            yield from (at for at in due if at is not None)

    def signal(self, now: int) -> Signal | None:
        """Return what is due now; an answer before a timer. Tx runs out once."""
        pending = self._pending
        if pending is None:
            return None
        if pending.arrives is not None and pending.arrives <= now:
            return Signal.ANSWER
        if pending.tx is not None and pending.tx <= now:
            pending.tx = None
            return Signal.TX
        return Signal.TIMEOUT if pending.timeout <= now else None

    def receive(self, now: int) -> tuple[CreditControlRequest, CreditControlAnswer]:
        """Take the answer that is there, with the request it is for."""
        pending = self._pending
        if pending is None or pending.answer is None:
            raise LookupError("no answer is there")
        self._pending = None
        message = self.messages[pending.message]
        self.messages[pending.message] = replace(message, answer=pending.answer, answered=moment(now))
        return pending.request, pending.answer

    def drop(self) -> None:
        """Wait no longer: an answer that still comes is not heard."""
        self._pending = None

    def _transmit(self, pending: _Pending, now: int) -> None:
        again = pending.request.retransmitted
        answer = (self._alternative if again else self._ask)(pending.request, at=moment(now))
        pending.timeout = now + self._timeout
        if answer is not None and pending.answer is None:  # the earliest answer counts
            pending.arrives, pending.answer = now + self._latency, answer
            pending.message = len(self.messages)
        self.messages.append(Message(moment(now), pending.request, alternative=again))


def meaning(answer: CreditControlAnswer, state: State) -> Event:
    """Return what an answer is to the state table.

    A credit limit that is reached denies service as 4010 does; a user is unknown to a first request
    only, later it is a failure.

    Examples
    --------
    >>> from prepaid_model.credit_control import RequestType
    >>> answer = CreditControlAnswer("s", RequestType.UPDATE, 1, ResultCode.CREDIT_LIMIT_REACHED)
    >>> meaning(answer, State.PENDING_UPDATE).value
    'answer: service denied'
    """
    if answer.result is ResultCode.SUCCESS:
        return Event.SUCCESSFUL_ANSWER
    if state is State.PENDING_TERMINATION:
        return Event.FAILED_ANSWER
    if answer.result is ResultCode.CREDIT_CONTROL_NOT_APPLICABLE:
        return Event.NOT_APPLICABLE
    unknown = answer.result is ResultCode.USER_UNKNOWN and state is State.PENDING_INITIAL
    return Event.SERVICE_DENIED if unknown or answer.result in _DENIED else Event.FAILED_ANSWER
