"""The state tables against RFC 8506, section 7, typed in anew: nothing missing, nothing more."""

from itertools import combinations, product

import pytest

from prepaid_model.credit_control import Action, DirectDebitingFailureHandling, FailureHandling
from prepaid_model.errors import Refused
from prepaid_model.states import (
    CLIENT_EVENT,
    CLIENT_SESSION,
    SERVER,
    Condition,
    Do,
    Event,
    Rule,
    State,
    Table,
    Transition,
    Tx,
    step,
)

# state; event; conditions; actions; new state. Several events, or several values of a condition, with a bar.
TABLES_3_AND_4 = """
Idle; service requested; ; SEND_INITIAL START_TX; PendingI
PendingI; successful answer; ; STOP_TX; Open
PendingI; failure to send|temporary error; CONTINUE; GRANT_SERVICE; Idle
PendingI; failure to send|temporary error; TERMINATE|RETRY_AND_TERMINATE; TERMINATE_SERVICE; Idle
PendingI; Tx expired; TERMINATE; TERMINATE_SERVICE; Idle
PendingI; Tx expired; CONTINUE|RETRY_AND_TERMINATE; GRANT_SERVICE; PendingI
PendingI; answer: service denied; ; TERMINATE_SERVICE; Idle
PendingI; answer: credit control not applicable; ; GRANT_SERVICE; Idle
PendingI; failed answer; CONTINUE; GRANT_SERVICE; Idle
PendingI; failed answer; TERMINATE|RETRY_AND_TERMINATE; TERMINATE_SERVICE; Idle
PendingI; user's service terminated; ; QUEUE_TERMINATION; PendingI
PendingI; rating condition changed; ; QUEUE_RATING_CHANGE; PendingI
Open; granted units elapsed; ; SEND_UPDATE START_TX; PendingU
Open; final units elapsed, to be terminated; ; TERMINATE_SERVICE SEND_TERMINATION; PendingT
Open; rating change in the queue; ; SEND_UPDATE START_TX; PendingU
Open; termination in the queue; ; SEND_TERMINATION; PendingT
Open; rating condition changed|validity time elapsed; ; SEND_UPDATE START_TX; PendingU
Open; user's service terminated; ; SEND_TERMINATION; PendingT
Open; re-authorisation requested; ; SEND_REAUTH_ANSWER SEND_UPDATE START_TX; PendingU
PendingU; successful answer; ; STOP_TX; Open
PendingU; failure to send|temporary error; CONTINUE; GRANT_SERVICE; Idle
PendingU; failure to send|temporary error; TERMINATE|RETRY_AND_TERMINATE; TERMINATE_SERVICE; Idle
PendingU; Tx expired; TERMINATE; TERMINATE_SERVICE; Idle
PendingU; Tx expired; CONTINUE|RETRY_AND_TERMINATE; GRANT_SERVICE; PendingU
PendingU; answer: service denied; ; TERMINATE_SERVICE; Idle
PendingU; answer: credit control not applicable; ; GRANT_SERVICE; Idle
PendingU; failed answer; CONTINUE; GRANT_SERVICE; Idle
PendingU; failed answer; TERMINATE|RETRY_AND_TERMINATE; TERMINATE_SERVICE; Idle
PendingU; user's service terminated; ; QUEUE_TERMINATION; PendingU
PendingU; rating condition changed; ; QUEUE_RATING_CHANGE; PendingU
PendingU; re-authorisation requested; ; SEND_REAUTH_ANSWER; PendingU
PendingT; successful answer; ; ; Idle
PendingT; failure to send|temporary error|failed answer; ; ; Idle
PendingT; rating condition changed; ; ; PendingT
"""
TABLE_5 = """
Idle;     one-time service requested; ; SEND_EVENT START_TX; PendingE
Idle;     request in storage; ; SEND_STORED; PendingB
PendingE; successful answer; ; GRANT_SERVICE; Idle
PendingE; failure to send|temporary error|failed answer|Tx expired; CHECK_BALANCE|PRICE_ENQUIRY; INDICATE_ERROR; Idle
PendingE; answer: service denied; RUNNING; TERMINATE_SERVICE; Idle
PendingE; answer: credit control not applicable; DIRECT_DEBITING; GRANT_SERVICE; Idle
PendingE; failure to send|temporary error|failed answer; DIRECT_DEBITING DDFH_CONTINUE; GRANT_SERVICE; Idle
PendingE; failed answer|temporary error; DIRECT_DEBITING TERMINATE_OR_BUFFER RUNNING; TERMINATE_SERVICE; Idle
PendingE; Tx expired; DIRECT_DEBITING; GRANT_SERVICE; PendingE
PendingE; failure to send; DIRECT_DEBITING TERMINATE_OR_BUFFER; STORE_FLAGGED; Idle
PendingE; temporary error; DIRECT_DEBITING TERMINATE_OR_BUFFER EXPIRED; STORE_REQUEST; Idle
PendingE; failed answer; DIRECT_DEBITING TERMINATE_OR_BUFFER EXPIRED; ; Idle
PendingE; answer: service denied; DIRECT_DEBITING EXPIRED; ; Idle
PendingE; failed answer; REFUND_ACCOUNT; INDICATE_ERROR DELETE_REQUEST; Idle
PendingE; failure to send|Tx expired; REFUND_ACCOUNT; STORE_FLAGGED; Idle
PendingE; temporary error; REFUND_ACCOUNT; STORE_REQUEST; Idle
PendingB; successful answer; ; DELETE_REQUEST; Idle
PendingB; failed answer; ; DELETE_REQUEST; Idle
PendingB; failure to send|temporary error; ; ; Idle
"""
TABLE_6 = """
Idle; initial request processed; ; SEND_ANSWER RESERVE_UNITS START_TCC; Open
Idle; initial request not processed; ; SEND_REFUSAL; Idle
Idle; event request processed; ; SEND_ANSWER; Idle
Idle; event request not processed; ; SEND_REFUSAL; Idle
Open; update request processed; ; SEND_ANSWER DEBIT_USED RESERVE_UNITS RESTART_TCC; Open
Open; update request not processed; ; SEND_REFUSAL DEBIT_USED; Idle
Open; termination request processed; ; SEND_ANSWER STOP_TCC DEBIT_USED; Idle
Open; termination request not processed; ; SEND_REFUSAL DEBIT_USED; Idle
Open; Tcc expired; ; RELEASE_UNITS; Idle
"""

NAMES: dict[str, Condition] = {
    "DDFH_CONTINUE": DirectDebitingFailureHandling.CONTINUE,
    "TERMINATE_OR_BUFFER": DirectDebitingFailureHandling.TERMINATE_OR_BUFFER,
    **{handling.name: handling for handling in FailureHandling},
    **{action.name: action for action in Action},
    **{timer.name: timer for timer in Tx},
}
TABLES = {"session": (CLIENT_SESSION, TABLES_3_AND_4), "event": (CLIENT_EVENT, TABLE_5), "server": (SERVER, TABLE_6)}
KINDS = {
    "session": (FailureHandling,),
    "event": (Action, DirectDebitingFailureHandling, Tx),
    "server": (FailureHandling,),
}

Case = tuple[State, Event, tuple[Condition, ...]]


def read(text: str) -> dict[Case, Transition]:
    """Write a table out, a line for each event and each choice of its conditions."""
    cases: dict[Case, Transition] = {}
    for line in text.strip().splitlines():
        state, events, conditions, actions, new_state = (part.strip() for part in line.split(";"))
        choices = [[NAMES[name] for name in kind.split("|")] for kind in conditions.split()]
        for event, *chosen in product(events.split("|"), *choices):
            transition = Transition(tuple(Do[name] for name in actions.split()), State(new_state))
            cases[State(state), Event(event), tuple(chosen)] = transition
    return cases


def everything(name: str) -> list[Case]:
    """Return each state, event and full choice of conditions there can be in a table."""
    return list(product(State, Event, product(*KINDS[name])))


def said(cases: dict[Case, Transition], case: Case) -> Transition | None:
    """Return what the typed rows say about a case."""
    state, event, conditions = case
    given = {(type(one), one) for one in conditions}
    found = [
        transition
        for (at, what, needed), transition in cases.items()
        if (at, what) == (state, event) and {(type(one), one) for one in needed} <= given
    ]
    assert len(found) <= 1, (case, found)
    return found[0] if found else None


ALL = [
    pytest.param(table, case, transition, id=" ".join([name, case[0].value, case[1].value, *(c.name for c in case[2])]))
    for name, (table, text) in TABLES.items()
    for case, transition in read(text).items()
]


@pytest.mark.parametrize(("table", "case", "transition"), ALL)
def test_a_row_of_the_rfc_is_a_transition(table: Table, case: Case, transition: Transition) -> None:
    state, event, conditions = case
    assert step(table, state, event, *conditions) == transition


@pytest.mark.parametrize("name", TABLES)
def test_nothing_else_is_one(name: str) -> None:
    table, text = TABLES[name]
    cases = read(text)
    allowed = 0
    for case in everything(name):
        state, event, conditions = case
        expected = said(cases, case)
        if expected is None:
            with pytest.raises(Refused, match=f"in state {state.value}"):
                step(table, state, event, *conditions)
        else:
            allowed += 1
            assert step(table, state, event, *conditions) == expected
    assert allowed >= len(cases)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_one_thing_about_a_case(name: str) -> None:
    """At most one rule holds: the order of the rows does not matter."""
    table, _ = TABLES[name]

    def hold_together(one: Rule, other: Rule) -> bool:
        chosen = product(*KINDS[name])
        return any(one.holds(conditions) and other.holds(conditions) for conditions in chosen)

    for one, other in combinations(table, 2):
        if (one.state, one.event) == (other.state, other.event):
            assert not hold_together(one, other), (one, other)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_and_leads_back_to_idle(name: str) -> None:
    table, _ = TABLES[name]
    named = {rule.state for rule in table} | {rule.new_state for rule in table}
    arrows = {(rule.state, rule.new_state) for rule in table}

    def follow(arrows: set[tuple[State, State]]) -> set[State]:
        found = {State.IDLE}
        while more := {end for start, end in arrows if start in found} - found:
            found |= more
        return found

    assert follow(arrows) == named
    assert follow({(end, start) for start, end in arrows}) == named


def test_the_tables_have_as_many_rows_as_the_rfc() -> None:
    assert [len(read(text)) for _, text in TABLES.values()] == [49, 31, 9]


def test_kinds_of_conditions_are_not_mistaken_for_each_other() -> None:
    """TERMINATE, DIRECT_DEBITING, TERMINATE_OR_BUFFER and RUNNING are all number 0."""
    with pytest.raises(Refused):
        step(CLIENT_SESSION, State.PENDING_UPDATE, Event.TX_EXPIRED, Action.DIRECT_DEBITING)
    with pytest.raises(Refused):
        step(CLIENT_EVENT, State.PENDING_EVENT, Event.NOT_APPLICABLE, FailureHandling.TERMINATE)


def test_what_matters_must_be_known() -> None:
    with pytest.raises(Refused, match="Tx expired: refused, nothing is said about it in state PendingU"):
        step(CLIENT_SESSION, State.PENDING_UPDATE, Event.TX_EXPIRED)
