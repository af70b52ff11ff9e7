"""The charging server's answers: results, one-time events, duplicates, the supervision timer, its table of states."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from prepaid_model.billing import Dunning
from prepaid_model.buckets import MAIN
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import (
    Action,
    FinalUnit,
    FinalUnitAction,
    RequestType,
    ResultCode,
)
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind
from prepaid_model.offers import Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.states import SERVER, Do, Event, State, step
from prepaid_model.units import DIRHAM, MB, QAR
from tests.desk import (
    DAY,
    DENIED,
    FREE,
    HOUR,
    MINUTE,
    NINE,
    NO_CREDIT,
    NO_RATE,
    NO_SUCH_SESSION,
    OK,
    PER_MB,
    REDIRECT,
    SECOND,
    Desk,
    asks,
    data,
    granted,
    only,
    prepaid,
    results,
)

# ---------------------------------------------------------------------------------------------- result codes


def test_user_unknown():
    assert Desk(prepaid(QAR)).initial(asks(), subscriber="nobody").result is ResultCode.USER_UNKNOWN


def test_rating_failed():
    desk = Desk(prepaid(QAR))
    answer = desk.initial(asks(group=99))
    assert (answer.result, results(answer), desk.server.open_sessions) == (NO_RATE, [NO_RATE], ())
    desk.initial(asks(), session="t")
    answer = desk.update(asks(used=MB, group=99), session="t")
    assert (answer.result, results(answer)) == (OK, [NO_RATE])
    assert desk.total(Kind.USAGE) == 0


def test_credit_control_not_applicable():
    desk = Desk(prepaid(0), uncharged=frozenset({5}))
    answer = desk.initial(asks(group=5))
    assert (answer.result, desk.server.open_sessions) == (FREE, ())
    assert desk.event(Action.DIRECT_DEBITING, MB, group=5).result is FREE


def test_credit_limit_reached_at_the_start_is_the_answer_to_the_command():
    desk = Desk(prepaid(0))
    answer = desk.initial(asks(), asks(group=7))
    assert (answer.result, results(answer), desk.server.open_sessions) == (NO_CREDIT, [NO_CREDIT] * 2, ())


def test_refused_for_more_than_one_reason_a_session_is_open_and_each_service_has_its_answer():
    desk = Desk(prepaid(0), uncharged=frozenset({5}))
    answer = desk.initial(asks(), asks(group=5))
    assert (answer.result, results(answer), desk.server.open_sessions) == (OK, [NO_CREDIT, FREE], ("s",))


def test_later_it_is_the_answer_to_the_service():
    desk = Desk(prepaid(5 * DIRHAM))
    desk.initial(asks(MB))
    answer = desk.update(asks(MB, used=MB))
    assert (answer.result, results(answer), desk.server.open_sessions) == (OK, [NO_CREDIT], ("s",))


def test_end_user_service_denied_in_grace():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=40 * DAY))
    desk.initial(asks(2 * MB))
    desk.wait(31 * DAY)
    answer = desk.update(asks(2 * MB, used=MB))
    assert (answer.result, results(answer), desk.account.credit) == (OK, [DENIED], 95 * DIRHAM)
    assert desk.initial(asks(), session="t").result is DENIED
    desk.account.top_up(QAR, at=desk.now)
    assert results(desk.update(asks(2 * MB))) == [OK]


def test_who_is_denied_is_not_led_to_a_top_up_page():
    answer = Desk(prepaid(QAR), QuotaPolicy(final=REDIRECT)).wait(31 * DAY).initial(asks())
    assert (answer.result, only(answer).final) == (DENIED, None)


def test_what_was_used_without_control_is_recorded_though_service_is_denied():
    desk = Desk(prepaid(QAR))
    answer = desk.wait(31 * DAY).initial(asks(MB, used=3 * MB))
    assert answer.result is NO_CREDIT
    assert (desk.total(Kind.UNCOLLECTED), desk.account.credit, desk.server.open_sessions) == (3 * MB, QAR, ())


def test_end_user_service_denied_for_an_overdue_bill_and_after_the_end_of_a_contract():
    plan = Plan("P", 10 * QAR, 100 * MB, PER_MB, credit_limit=100 * QAR)
    account = PostpaidAccount(plan, opened=NINE, dunning=Dunning(DAY, 2 * DAY, 300 * DAY))
    desk = Desk(account)
    assert granted(desk.initial(asks(5 * MB))) == [5 * MB]
    desk.end(asks(None, used=5 * MB))
    desk.wait(60 * DAY)
    assert desk.initial(asks(), session="barred").result is DENIED
    assert desk.event(Action.DIRECT_DEBITING, MB).result is DENIED
    account.cancel(at=desk.now)
    assert desk.initial(asks(), session="closed").result is DENIED
    account.check()


def test_an_expired_account_has_reached_its_limit():
    desk = Desk(prepaid(QAR))
    assert desk.wait(60 * DAY).initial(asks()).result is NO_CREDIT


def test_unknown_session():
    desk = Desk(prepaid(QAR))
    assert desk.update(asks(), session="never").result is NO_SUCH_SESSION
    desk.initial(asks(2 * MB))
    desk.end(asks(None, used=MB))
    booked = len(desk.account.ledger)
    assert desk.update(asks(MB, used=MB)).result is NO_SUCH_SESSION
    assert desk.end(asks(None, used=MB)).result is NO_SUCH_SESSION
    assert len(desk.account.ledger) == booked


def test_a_session_belongs_to_its_subscriber():
    mine, yours = prepaid(QAR), prepaid(QAR)
    desk = Desk(mine)
    desk.server = ChargingServer({"sim": mine, "other": yours})
    desk.initial(asks(2 * MB))
    assert desk.end(asks(None, used=MB), subscriber="other").result is NO_SUCH_SESSION
    assert (mine.held, mine.credit, yours.credit) == (10 * DIRHAM, QAR, QAR)


def test_unable_to_comply_with_a_second_start():
    desk = Desk(prepaid(QAR))
    desk.initial(asks(2 * MB))
    assert desk.initial(asks(2 * MB)).result is ResultCode.UNABLE_TO_COMPLY
    assert desk.event(Action.DIRECT_DEBITING, MB, session="s").result is ResultCode.UNABLE_TO_COMPLY
    assert desk.account.held == 10 * DIRHAM
    desk.end(asks(None, used=MB))
    assert desk.initial(asks(2 * MB)).result is ResultCode.UNABLE_TO_COMPLY, "a session's name is used once"
    assert desk.account.held == 0


# --------------------------------------------------------------------------------------------------- events


def test_a_direct_debit_is_all_or_nothing():
    desk = Desk(prepaid(7 * DIRHAM, data(2 * MB)))
    booked = len(desk.account.ledger)
    assert desk.event(Action.DIRECT_DEBITING, 4 * MB, "too much").result is NO_CREDIT
    assert len(desk.account.ledger) == booked
    answer = desk.event(Action.DIRECT_DEBITING, 3 * MB, "enough")
    assert (answer.result, only(answer).granted, answer.cost) == (OK, 3 * MB, 5 * DIRHAM)
    assert (desk.account.credit, desk.account.data_left, desk.server.open_sessions) == (2 * DIRHAM, 0, ())
    desk.account.check()


def test_what_is_held_cannot_be_debited_at_once():
    desk = Desk(prepaid(10 * DIRHAM))
    desk.initial(asks(MB))
    assert desk.event(Action.DIRECT_DEBITING, 2 * MB, "two").result is NO_CREDIT
    assert desk.event(Action.DIRECT_DEBITING, MB, "one").result is OK


def test_a_refund_undoes_exactly_what_was_charged_and_no_more():
    desk = Desk(prepaid(QAR, data(2 * MB)))
    desk.event(Action.DIRECT_DEBITING, 5 * MB, "bought")
    assert (desk.account.credit, desk.account.data_left) == (85 * DIRHAM, 0)
    assert desk.event(Action.REFUND_ACCOUNT, 4 * MB, "part", undoes="bought").result is OK  # latest first
    assert (desk.account.credit, desk.account.data_left) == (QAR, MB)
    assert desk.event(Action.REFUND_ACCOUNT, 2 * MB, "more", undoes="bought").result is ResultCode.UNABLE_TO_COMPLY
    assert desk.event(Action.REFUND_ACCOUNT, None, "rest", undoes="bought").result is OK
    assert (desk.account.credit, desk.account.data_left) == (QAR, 2 * MB)
    assert desk.event(Action.REFUND_ACCOUNT, None, "again", undoes="bought").result is ResultCode.UNABLE_TO_COMPLY
    desk.account.check()


def test_a_session_is_refunded_by_rating_group_once_it_is_closed():
    desk = Desk(prepaid(QAR))
    desk.initial(asks(4 * MB), asks(4 * MB, group=7))
    assert desk.event(Action.REFUND_ACCOUNT, None, "early", undoes="s").result is NO_SUCH_SESSION
    desk.end(asks(None, used=2 * MB), asks(None, used=3 * MB, group=7))
    assert desk.account.credit == 75 * DIRHAM
    assert desk.event(Action.REFUND_ACCOUNT, None, "seven", undoes="s", group=7).result is OK
    assert desk.account.credit == 90 * DIRHAM
    assert desk.event(Action.REFUND_ACCOUNT, None, "eight", undoes="s", group=8).result is NO_SUCH_SESSION
    desk.account.check()


def test_a_refund_is_made_to_the_account_that_was_charged_only():
    mine, yours = prepaid(QAR), prepaid(QAR)
    desk = Desk(mine)
    desk.server = ChargingServer({"sim": mine, "other": yours})
    desk.event(Action.DIRECT_DEBITING, 5 * MB, "bought")
    yours.use(5 * MB, at=NINE)
    answer = desk.event(Action.REFUND_ACCOUNT, None, "r", undoes="bought", subscriber="other")
    assert (answer.result, yours.credit) == (NO_SUCH_SESSION, 75 * DIRHAM)


def test_a_refund_of_nothing_known():
    desk = Desk(prepaid(QAR))
    assert desk.event(Action.REFUND_ACCOUNT, MB, undoes="never").result is NO_SUCH_SESSION


def test_a_balance_check_and_a_price_enquiry_change_nothing():
    desk = Desk(prepaid(10 * DIRHAM, data(MB)))
    booked = len(desk.account.ledger)
    enough = [desk.event(Action.CHECK_BALANCE, volume).enough_credit for volume in (3 * MB, 3 * MB + 1)]
    prices = [desk.event(Action.PRICE_ENQUIRY, volume).cost for volume in (MB, 3 * MB, 30 * MB)]
    assert (enough, prices) == ([True, False], [0, 10 * DIRHAM, 145 * DIRHAM])
    assert len(desk.account.ledger) == booked


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    "services", [(), (asks(MB, group=99),), (asks(MB), asks(MB, group=7))], ids=["none", "unknown", "two"]
)
def test_an_event_is_about_one_rating_group_that_can_be_rated(action, services):
    desk = Desk(prepaid(QAR))
    assert desk.event(action, None, services=services, undoes="x").result is NO_RATE


@pytest.mark.parametrize("action", [Action.DIRECT_DEBITING, Action.CHECK_BALANCE, Action.PRICE_ENQUIRY])
@pytest.mark.parametrize("requested", [None, 0])
def test_an_event_names_its_amount(action, requested):
    assert Desk(prepaid(QAR)).event(action, requested).result is NO_RATE


# ------------------------------------------------------------------------------------------------ duplicates


def test_the_same_request_again_gets_the_same_answer_and_is_charged_once():
    desk = Desk(prepaid(QAR))
    said = []
    for ask in (
        lambda: desk.initial(asks(2 * MB)),
        lambda: desk.update(asks(2 * MB, used=2 * MB)),
        lambda: desk.event(Action.DIRECT_DEBITING, MB),
        lambda: desk.event(Action.REFUND_ACCOUNT, MB, "r", undoes="e"),
        lambda: desk.end(asks(None, used=MB)),
        lambda: desk.update(asks(MB), session="never"),
        lambda: desk.initial(asks(), session="n", subscriber="nobody"),
    ):
        said.append((ask(), desk.last))
        booked = len(desk.account.ledger)
        for answer, request in said:
            for flag in (False, True):
                assert desk.wait(SECOND).again(replace(request, retransmitted=flag)) == answer
        assert len(desk.account.ledger) == booked
    assert desk.account.credit == QAR - 3 * 5 * DIRHAM
    desk.account.check()


def test_a_flagged_request_that_never_arrived_is_a_new_one():
    desk = Desk(prepaid(QAR))
    assert granted(desk.initial(asks(2 * MB), retransmitted=True)) == [2 * MB]
    assert desk.account.held == 10 * DIRHAM


@pytest.mark.parametrize(
    "other",
    [
        {"services": (asks(None, used=2 * MB),)},
        {"type": RequestType.UPDATE},
        {"subscriber": "nobody"},
        {"services": ()},
    ],
    ids=["another use", "another type", "another subscriber", "no services"],
)
@pytest.mark.parametrize("flag", [False, True])
def test_the_same_number_for_something_else_is_refused_and_changes_nothing(other, flag):
    desk = Desk(prepaid(QAR))
    desk.initial(asks(2 * MB))
    answer = desk.end(asks(None, used=MB))
    booked = len(desk.account.ledger)
    changed = desk.again(replace(desk.last, retransmitted=flag, **other))
    assert changed.result is ResultCode.UNABLE_TO_COMPLY
    assert len(desk.account.ledger) == booked
    assert desk.again(desk.last) == answer, "the first answer still stands"


def test_a_duplicate_does_not_restart_the_supervision_and_gets_its_answer_after_it_too():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR))
    answer, first = desk.initial(asks(2 * MB)), desk.last
    assert desk.wait(59 * MINUTE).again(first) == answer
    assert desk.wait(MINUTE).again(first) == answer
    assert (desk.server.open_sessions, desk.account.held) == ((), 0)
    assert desk.update(asks(MB, used=MB)).result is NO_SUCH_SESSION
    desk.account.check()


# ------------------------------------------------------------------------------------------------ supervision


def test_a_silent_session_is_closed_at_the_instant_its_timer_runs_out():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR))
    desk.initial(asks(2 * MB))
    desk.wait(10 * MINUTE).update(asks(2 * MB, used=MB))
    desk.server.advance(NINE + 70 * MINUTE - timedelta(microseconds=1))
    assert desk.server.open_sessions == ("s",)
    desk.server.advance(NINE + 70 * MINUTE)
    assert (desk.server.open_sessions, desk.account.held) == ((), 0)
    last = desk.account.ledger[len(desk.account.ledger)]
    assert (last.kind, last.at) == (Kind.RELEASE, NINE + 70 * MINUTE)


def test_a_report_at_that_instant_comes_too_late():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR))
    desk.initial(asks(2 * MB))
    assert desk.wait(HOUR).update(asks(2 * MB, used=MB)).result is NO_SUCH_SESSION
    assert desk.total(Kind.USAGE) == 0


def test_several_are_closed_in_the_order_of_their_timers():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR))
    for session in ("b", "c"):
        desk.initial(asks(MB), session=session)
    desk.wait(MINUTE).initial(asks(MB), session="a")
    desk.update(asks(2 * MB, used=0), session="b")
    b, c, a, _ = [entry.operation for entry in desk.account.ledger if entry.kind is Kind.HOLD]
    booked = len(desk.account.ledger)
    desk.server.advance(NINE + DAY)
    released = [(entry.at - NINE, entry.operation) for entry in desk.account.ledger.since(booked)]
    # "b" was heard again when "a" began: these two end together, in the order in which they began.
    assert released == [(HOUR, c), (HOUR + MINUTE, b), (HOUR + MINUTE, a)]


def test_a_silent_session_is_charged_what_it_is_presumed_to_have_used():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR, presumed=3 * MB))
    desk.initial(asks(2 * MB), asks(2 * MB, group=7), asks(2 * MB, group=8))
    desk.update(asks(2 * MB, used=2 * MB), asks(2 * MB, used=4 * MB, group=7))
    desk.server.advance(NINE + HOUR)
    assert desk.total(Kind.USAGE) == (3 + 4 + 3) * MB
    assert desk.account.credit == 50 * DIRHAM
    assert desk.wait(HOUR).event(Action.REFUND_ACCOUNT, None, undoes="s", group=8).result is OK
    assert desk.account.credit == 65 * DIRHAM
    desk.account.check()


def test_time_that_the_account_has_seen_already_is_not_run_back():
    desk = Desk(prepaid(QAR), QuotaPolicy(supervision=HOUR, presumed=MB))
    desk.initial(asks(2 * MB))
    desk.account.top_up(QAR, at=NINE + 5 * HOUR)
    with pytest.raises(InputError, match="an account's time never runs back"):
        desk.server.answer(replace(desk.last, number=1, type=RequestType.UPDATE), at=NINE + MINUTE)
    desk.server.advance(NINE + 2 * HOUR)
    assert (desk.server.open_sessions, desk.account.credit) == ((), 2 * QAR - 5 * DIRHAM)
    assert desk.account.ledger[len(desk.account.ledger)].at == NINE + 5 * HOUR


@pytest.mark.parametrize("at", [datetime(2026, 1, 1, 9), "2026-01-01 09:00", None])  # noqa: DTZ001
def test_a_request_comes_at_a_moment(at):
    desk = Desk(prepaid(QAR))
    desk.initial(asks(2 * MB))
    for ask in (lambda: desk.server.answer(desk.last, at=at), lambda: desk.server.advance(at)):
        with pytest.raises(InputError, match=r"at: got .*, expected a date and time with its time zone"):
            ask()


# --------------------------------------------------------------------------------------- postpaid, and policy


def test_a_postpaid_account_is_served_up_to_its_limit_and_charged_the_same_way():
    plan = Plan("P", 0, 10 * MB, PER_MB, credit_limit=15 * DIRHAM)
    desk = Desk(PostpaidAccount(plan, opened=NINE))
    first = only(desk.initial(asks(12 * MB)))
    assert (first.granted, first.final) == (12 * MB, None)
    last = only(desk.update(asks(12 * MB, used=11 * MB)))
    assert (last.granted, last.final) == (2 * MB, FinalUnit(FinalUnitAction.TERMINATE))
    assert results(desk.end(asks(None, used=3 * MB))) == [NO_CREDIT]
    assert desk.account.balance == -15 * DIRHAM
    assert (desk.total(Kind.USAGE), desk.total(Kind.UNCOLLECTED)) == (13 * MB, MB)
    desk.account.check()


def test_the_cost_of_a_postpaid_debit_is_its_own_not_the_months():
    desk = Desk(PostpaidAccount(Plan("P", 0, 0, PER_MB, credit_limit=QAR), opened=NINE))
    costs = [desk.event(Action.DIRECT_DEBITING, 2 * MB, name).cost for name in ("one", "two")]
    assert costs == [10 * DIRHAM, 10 * DIRHAM]


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"quota": 0}, "quota"),
        ({"quota": 10**16}, "quota"),
        ({"least": 0}, "least quota"),
        ({"presumed": -1}, "presumed usage"),
        ({"threshold_percent": 100}, "threshold"),
        ({"threshold_percent": 0.5}, "threshold"),
        ({"validity": timedelta(0)}, "validity"),
        ({"supervision": timedelta(-1)}, "supervision"),
        ({"holding": timedelta(0)}, "holding"),
    ],
    ids=str,
)
def test_a_policy_that_cannot_be(setting, field):
    with pytest.raises(InputError) as no:
        QuotaPolicy(**setting)
    assert no.value.field == field


# ------------------------------------------------------------------------------ the server's table of states


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.IDLE, Event.INITIAL_PROCESSED),
        (State.IDLE, Event.INITIAL_FAILED),
        (State.IDLE, Event.EVENT_PROCESSED),
        (State.IDLE, Event.EVENT_FAILED),
        (State.OPEN, Event.UPDATE_PROCESSED),
        (State.OPEN, Event.TERMINATION_PROCESSED),
        (State.OPEN, Event.TCC_EXPIRED),
    ],
    ids=lambda value: value.value,
)
def test_the_server_goes_through_its_table(state, event):
    """A service that cannot be served is told so in its own part of an update: the update itself does not fail."""
    supervision = QuotaPolicy().supervision
    desk = Desk(prepaid(QAR))
    if state is State.OPEN:
        desk.initial(asks(2 * MB))
        desk.wait(MINUTE)
    before = dict(desk.account._held), desk.total(Kind.USAGE), len(desk.account.ledger)
    answer = {
        Event.INITIAL_PROCESSED: lambda: desk.initial(asks(2 * MB)),
        Event.INITIAL_FAILED: lambda: desk.initial(asks(group=99)),
        Event.EVENT_PROCESSED: lambda: desk.event(Action.CHECK_BALANCE, MB),
        Event.EVENT_FAILED: lambda: desk.event(Action.DIRECT_DEBITING, 10**12),
        Event.UPDATE_PROCESSED: lambda: desk.update(asks(3 * MB, used=MB)),
        Event.TERMINATION_PROCESSED: lambda: desk.end(asks(None, used=MB)),
        Event.TCC_EXPIRED: lambda: desk.server.advance(NINE + supervision),
    }[event]()
    transition = step(SERVER, state, event)
    done = set(transition.actions)
    assert (desk.server.open_sessions == ("s",)) == (transition.state is State.OPEN)
    assert (answer is not None) == bool(done & {Do.SEND_ANSWER, Do.SEND_REFUSAL})
    if answer is not None:
        assert (answer.result is OK) == (Do.SEND_ANSWER in done)
    assert (desk.total(Kind.USAGE) > before[1]) == (Do.DEBIT_USED in done)
    assert (desk.account.held > before[0].get(MAIN, 0)) == (Do.RESERVE_UNITS in done)
    assert (desk.account.held == 0) == (transition.state is State.IDLE)
    if not done & {Do.RESERVE_UNITS, Do.DEBIT_USED, Do.RELEASE_UNITS}:
        assert len(desk.account.ledger) == before[2]
    timers = done & {Do.START_TCC, Do.RESTART_TCC}
    desk.server.advance(desk.now + supervision - timedelta(microseconds=1))
    assert (desk.server.open_sessions == ("s",)) == bool(timers)
    desk.server.advance(desk.now + supervision)
    assert desk.server.open_sessions == ()
