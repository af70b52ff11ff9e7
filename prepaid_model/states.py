"""How credit control goes on from where it is: the state tables of RFC 8506, section 7, as data.

A table is a list of rules: in this state, when this happens (and, where it matters, under these
conditions), do this and be in that state. What a table does not have is an error, and refused.

- `CLIENT_SESSION`: what a gateway does in a session (tables 3 and 4).
- `CLIENT_EVENT`: what it does with a one-time event, such as a direct debit (table 5).
- `SERVER`: what a charging server does (table 6).

Two timers appear: Tx, how long a client waits before it acts without an answer, and Tcc, how long a
server keeps a session that says nothing. Table 2, where the first request rides on another protocol's
authorisation, is left out: mobile data does not use it.

Examples
--------
>>> from prepaid_model.credit_control import FailureHandling
>>> step(CLIENT_SESSION, State.PENDING_UPDATE, Event.TX_EXPIRED, FailureHandling.CONTINUE)
Transition(actions=(<Do.GRANT_SERVICE: 'let the service flow'>,), state=<State.PENDING_UPDATE: 'PendingU'>)
>>> step(CLIENT_SESSION, State.OPEN, Event.TX_EXPIRED, FailureHandling.CONTINUE)
Traceback (most recent call last):
    ...
prepaid_model.errors.Refused: Tx expired: refused, nothing is said about it in state Open
"""

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import NamedTuple

from prepaid_model.credit_control import Action, DirectDebitingFailureHandling, FailureHandling
from prepaid_model.errors import Refused


class State(Enum):
    """Where a session, or a one-time event, stands; the pending ones wait for an answer."""

    IDLE = "Idle"
    PENDING_INITIAL = "PendingI"
    OPEN = "Open"
    PENDING_UPDATE = "PendingU"
    PENDING_TERMINATION = "PendingT"
    PENDING_EVENT = "PendingE"
    PENDING_BUFFERED = "PendingB"


class Event(Enum):
    """What can happen to it."""

    SERVICE_REQUESTED = "service requested"
    SUCCESSFUL_ANSWER = "successful answer"
    FAILED_ANSWER = "failed answer"
    SERVICE_DENIED = "answer: service denied"  # or user unknown, where that is the answer to the first request
    NOT_APPLICABLE = "answer: credit control not applicable"
    FAILURE_TO_SEND = "failure to send"
    TEMPORARY_ERROR = "temporary error"
    TX_EXPIRED = "Tx expired"
    UNITS_ELAPSED = "granted units elapsed"
    FINAL_UNITS_ELAPSED = "final units elapsed, to be terminated"
    RATING_CHANGED = "rating condition changed"
    RATING_CHANGE_QUEUED = "rating change in the queue"
    VALIDITY_ELAPSED = "validity time elapsed"
    USER_TERMINATED = "user's service terminated"
    TERMINATION_QUEUED = "termination in the queue"
    REAUTHORISATION = "re-authorisation requested"
    EVENT_REQUESTED = "one-time service requested"
    REQUEST_IN_STORAGE = "request in storage"
    INITIAL_PROCESSED = "initial request processed"
    INITIAL_FAILED = "initial request not processed"
    EVENT_PROCESSED = "event request processed"
    EVENT_FAILED = "event request not processed"
    UPDATE_PROCESSED = "update request processed"
    UPDATE_FAILED = "update request not processed"
    TERMINATION_PROCESSED = "termination request processed"
    TERMINATION_FAILED = "termination request not processed"
    TCC_EXPIRED = "Tcc expired"


class Do(Enum):
    """What is to be done about it."""

    SEND_INITIAL = "send the initial request"
    SEND_UPDATE = "send an update request"
    SEND_TERMINATION = "send the termination request"
    SEND_EVENT = "send the event request"
    SEND_STORED = "send the stored request"
    SEND_REAUTH_ANSWER = "answer the re-authorisation request"
    START_TX = "start Tx"
    STOP_TX = "stop Tx"
    GRANT_SERVICE = "let the service flow"
    TERMINATE_SERVICE = "stop the service"
    INDICATE_ERROR = "tell of a service error"
    QUEUE_TERMINATION = "remember that the user has ended"
    QUEUE_RATING_CHANGE = "remember the rating change"
    STORE_REQUEST = "store the request"
    STORE_FLAGGED = "store the request, T flag set"
    DELETE_REQUEST = "delete the request"
    SEND_ANSWER = "answer"
    SEND_REFUSAL = "answer with a result that is no success"
    RESERVE_UNITS = "reserve units"
    DEBIT_USED = "debit what was used"
    RELEASE_UNITS = "release what was reserved"
    START_TCC = "start Tcc"
    RESTART_TCC = "restart Tcc"
    STOP_TCC = "stop Tcc"


class Tx(IntEnum):
    """Whether the timer Tx still runs; a late answer finds it expired."""

    RUNNING = 0
    EXPIRED = 1


Condition = FailureHandling | DirectDebitingFailureHandling | Action | Tx


class Rule(NamedTuple):
    """A row of a state table.

    Parameters
    ----------
    state : State
        Where it holds.
    event : Event
        When.
    conditions : tuple of Condition
        Of each kind named here, one must hold; a kind that is not named does not matter.
    actions : tuple of Do
        What to do, in order.
    new_state : State
        Where that leads.
    """

    state: State
    event: Event
    conditions: tuple[Condition, ...]
    actions: tuple[Do, ...]
    new_state: State

    def holds(self, conditions: Iterable[Condition]) -> bool:
        """Tell whether the conditions meet this rule's, a kind at a time."""
        named = [(type(condition), condition) for condition in self.conditions]
        given = [(type(condition), condition) for condition in conditions]
        return {kind for kind, _ in named} == {pair[0] for pair in given if pair in named}


class Transition(NamedTuple):
    """What to do, and the state it leads to."""

    actions: tuple[Do, ...]
    state: State


Table = tuple[Rule, ...]


def step(table: Table, state: State, event: Event, *conditions: Condition) -> Transition:
    """Return what a table says is to be done when something happens.

    Parameters
    ----------
    table : Table
        `CLIENT_SESSION`, `CLIENT_EVENT` or `SERVER`.
    state : State
        Where it happens.
    event : Event
        What happens.
    *conditions : Condition
        The failure handling, the requested action, whether Tx runs: those that are known.

    Raises
    ------
    Refused
        If the table does not have it: the RFC calls that an error.
    """
    for rule in table:
        if rule.state is state and rule.event is event and rule.holds(conditions):
            return Transition(rule.actions, rule.new_state)
    raise Refused(event.value, f"nothing is said about it in state {state.value}")


def _rules(
    state: State, *rows: tuple[Event | tuple[Event, ...], tuple[Condition, ...], tuple[Do, ...], State]
) -> Table:
    """Write out the rows of a state: a row that names several events stands for each of them."""
    return tuple(
        Rule(state, event, conditions, actions, new_state)
        for events, conditions, actions, new_state in rows
        for event in (events if isinstance(events, tuple) else (events,))
    )


_GO_ON = (FailureHandling.CONTINUE,)
_STOP = (FailureHandling.TERMINATE, FailureHandling.RETRY_AND_TERMINATE)
_STOP_AT_ONCE = (FailureHandling.TERMINATE,)
_WAIT_ON = (FailureHandling.CONTINUE, FailureHandling.RETRY_AND_TERMINATE)
_NOT_SENT = (Event.FAILURE_TO_SEND, Event.TEMPORARY_ERROR)
_GRANT, _TERMINATE = (Do.GRANT_SERVICE,), (Do.TERMINATE_SERVICE,)


def _awaiting(pending: State) -> Table:
    """Return what the wait for an initial answer and the wait for an update answer have in common."""
    return _rules(
        pending,
        (Event.SUCCESSFUL_ANSWER, (), (Do.STOP_TX,), State.OPEN),
        ((*_NOT_SENT, Event.FAILED_ANSWER), _GO_ON, _GRANT, State.IDLE),
        ((*_NOT_SENT, Event.FAILED_ANSWER), _STOP, _TERMINATE, State.IDLE),
        (Event.TX_EXPIRED, _STOP_AT_ONCE, _TERMINATE, State.IDLE),
        (Event.TX_EXPIRED, _WAIT_ON, _GRANT, pending),
        (Event.SERVICE_DENIED, (), _TERMINATE, State.IDLE),
        (Event.NOT_APPLICABLE, (), _GRANT, State.IDLE),
        (Event.USER_TERMINATED, (), (Do.QUEUE_TERMINATION,), pending),
        (Event.RATING_CHANGED, (), (Do.QUEUE_RATING_CHANGE,), pending),
    )


_ASK_AGAIN = (Do.SEND_UPDATE, Do.START_TX)

CLIENT_SESSION: Table = (
    *_rules(State.IDLE, (Event.SERVICE_REQUESTED, (), (Do.SEND_INITIAL, Do.START_TX), State.PENDING_INITIAL)),
    *_awaiting(State.PENDING_INITIAL),
    *_rules(
        State.OPEN,
        (
            (Event.UNITS_ELAPSED, Event.RATING_CHANGE_QUEUED, Event.RATING_CHANGED, Event.VALIDITY_ELAPSED),
            (),
            _ASK_AGAIN,
            State.PENDING_UPDATE,
        ),
        (Event.REAUTHORISATION, (), (Do.SEND_REAUTH_ANSWER, *_ASK_AGAIN), State.PENDING_UPDATE),
        (Event.FINAL_UNITS_ELAPSED, (), (*_TERMINATE, Do.SEND_TERMINATION), State.PENDING_TERMINATION),
        ((Event.TERMINATION_QUEUED, Event.USER_TERMINATED), (), (Do.SEND_TERMINATION,), State.PENDING_TERMINATION),
    ),
    *_awaiting(State.PENDING_UPDATE),
    *_rules(State.PENDING_UPDATE, (Event.REAUTHORISATION, (), (Do.SEND_REAUTH_ANSWER,), State.PENDING_UPDATE)),
    *_rules(
        State.PENDING_TERMINATION,
        ((Event.SUCCESSFUL_ANSWER, *_NOT_SENT, Event.FAILED_ANSWER), (), (), State.IDLE),
        (Event.RATING_CHANGED, (), (), State.PENDING_TERMINATION),
    ),
)
"""A gateway's session. The failure handling decides what becomes of it when no good answer comes.

Final units that are to be redirected or restricted are no event of the RFC's table; its section 5.6.2 asks for
an intermediate interrogation then, as when granted units elapse.
"""

_ENQUIRY = (Action.CHECK_BALANCE, Action.PRICE_ENQUIRY)
_DEBIT, _REFUND = (Action.DIRECT_DEBITING,), (Action.REFUND_ACCOUNT,)
_DEBIT_ANYHOW = (*_DEBIT, DirectDebitingFailureHandling.CONTINUE)
_DEBIT_OR_BUFFER = (*_DEBIT, DirectDebitingFailureHandling.TERMINATE_OR_BUFFER)

CLIENT_EVENT: Table = (
    *_rules(
        State.IDLE,
        (Event.EVENT_REQUESTED, (), (Do.SEND_EVENT, Do.START_TX), State.PENDING_EVENT),
        (Event.REQUEST_IN_STORAGE, (), (Do.SEND_STORED,), State.PENDING_BUFFERED),
    ),
    *_rules(
        State.PENDING_EVENT,
        (Event.SUCCESSFUL_ANSWER, (), _GRANT, State.IDLE),
        (
            (*_NOT_SENT, Event.FAILED_ANSWER, Event.TX_EXPIRED),
            _ENQUIRY,
            (Do.INDICATE_ERROR,),
            State.IDLE,
        ),
        (Event.SERVICE_DENIED, (Tx.RUNNING,), _TERMINATE, State.IDLE),
        (Event.NOT_APPLICABLE, _DEBIT, _GRANT, State.IDLE),
        ((*_NOT_SENT, Event.FAILED_ANSWER), _DEBIT_ANYHOW, _GRANT, State.IDLE),
        ((Event.TEMPORARY_ERROR, Event.FAILED_ANSWER), (*_DEBIT_OR_BUFFER, Tx.RUNNING), _TERMINATE, State.IDLE),
        (Event.TX_EXPIRED, _DEBIT, _GRANT, State.PENDING_EVENT),
        (Event.FAILURE_TO_SEND, _DEBIT_OR_BUFFER, (Do.STORE_FLAGGED,), State.IDLE),
        (Event.TEMPORARY_ERROR, (*_DEBIT_OR_BUFFER, Tx.EXPIRED), (Do.STORE_REQUEST,), State.IDLE),
        # The RFC says this of every failed answer that is late. If the handling is to continue, the row above
        # grants what has been granted already: the same.
        (Event.FAILED_ANSWER, (*_DEBIT_OR_BUFFER, Tx.EXPIRED), (), State.IDLE),
        (Event.SERVICE_DENIED, (*_DEBIT, Tx.EXPIRED), (), State.IDLE),
        (Event.FAILED_ANSWER, _REFUND, (Do.INDICATE_ERROR, Do.DELETE_REQUEST), State.IDLE),
        ((Event.FAILURE_TO_SEND, Event.TX_EXPIRED), _REFUND, (Do.STORE_FLAGGED,), State.IDLE),
        (Event.TEMPORARY_ERROR, _REFUND, (Do.STORE_REQUEST,), State.IDLE),
    ),
    *_rules(
        State.PENDING_BUFFERED,
        ((Event.SUCCESSFUL_ANSWER, Event.FAILED_ANSWER), (), (Do.DELETE_REQUEST,), State.IDLE),
        (_NOT_SENT, (), (), State.IDLE),
    ),
)
"""A one-time event of a client: what is asked for, and for a debit its own failure handling, decide."""

SERVER: Table = (
    *_rules(
        State.IDLE,
        (Event.INITIAL_PROCESSED, (), (Do.SEND_ANSWER, Do.RESERVE_UNITS, Do.START_TCC), State.OPEN),
        (Event.EVENT_PROCESSED, (), (Do.SEND_ANSWER,), State.IDLE),
        ((Event.INITIAL_FAILED, Event.EVENT_FAILED), (), (Do.SEND_REFUSAL,), State.IDLE),
    ),
    *_rules(
        State.OPEN,
        (
            Event.UPDATE_PROCESSED,
            (),
            (Do.SEND_ANSWER, Do.DEBIT_USED, Do.RESERVE_UNITS, Do.RESTART_TCC),
            State.OPEN,
        ),
        (Event.TERMINATION_PROCESSED, (), (Do.SEND_ANSWER, Do.STOP_TCC, Do.DEBIT_USED), State.IDLE),
        ((Event.UPDATE_FAILED, Event.TERMINATION_FAILED), (), (Do.SEND_REFUSAL, Do.DEBIT_USED), State.IDLE),
        (Event.TCC_EXPIRED, (), (Do.RELEASE_UNITS,), State.IDLE),
    ),
)
"""A charging server's session. What was used is debited even where the request fails otherwise."""
