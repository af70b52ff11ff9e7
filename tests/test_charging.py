"""Sessions at the charging server: what it grants, holds, charges and frees, in words of RFC 8506."""

from datetime import UTC, timedelta

import pytest

from prepaid_model.charging import QuotaPolicy
from prepaid_model.credit import AutoTopUp
from prepaid_model.credit_control import (
    CreditControlAnswer,
    FinalUnit,
    FinalUnitAction,
    Octets,
    RequestType,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle
from prepaid_model.rating import HourPrice, Tariff
from prepaid_model.units import DIRHAM, MB, QAR, parse_moment
from tests.desk import (
    DAY,
    FREE,
    HOUR,
    MINUTE,
    NINE,
    NO_CREDIT,
    NO_RATE,
    OK,
    REDIRECT,
    RESTRICT,
    Desk,
    asks,
    data,
    granted,
    only,
    prepaid,
    results,
)

# -------------------------------------------------------------------------------------- the life of a session


def test_reserve_report_release():
    desk = Desk(prepaid(0, data(100 * MB)))
    answer = desk.initial(asks(10 * MB))
    assert answer == CreditControlAnswer(
        "s", RequestType.INITIAL, 0, OK, (ServiceAnswer(0, OK, 10 * MB, validity=HOUR),)
    )
    assert (desk.account.data_left, desk.account.available(10**12)) == (100 * MB, 90 * MB)
    # 4 MB used: debited, the old hold released, 10 MB held anew.
    assert granted(desk.wait(MINUTE).update(asks(10 * MB, used=4 * MB))) == [10 * MB]
    assert (desk.account.data_left, desk.account.available(10**12)) == (96 * MB, 86 * MB)
    assert only(desk.wait(MINUTE).end(asks(None, used=6 * MB))) == ServiceAnswer(0, OK)
    assert (desk.account.data_left, desk.account.available(10**12)) == (90 * MB, 90 * MB)
    assert desk.server.open_sessions == ()
    holds = [(entry.kind.label, entry.quantity) for entry in desk.account.ledger if entry.quantity]
    assert holds == [
        ("hold", 10 * MB),
        ("release", 10 * MB),
        ("usage", 4 * MB),
        ("hold", 10 * MB),
        ("release", 10 * MB),
        ("usage", 6 * MB),
    ]
    desk.account.check()


def test_what_a_session_charged_is_one_operation():
    desk = Desk(prepaid(QAR))
    desk.initial(asks(4 * MB))
    desk.update(asks(4 * MB, used=MB))
    desk.end(asks(None, used=MB))
    operations = {entry.operation for entry in desk.account.ledger if entry.kind in (Kind.HOLD, Kind.USAGE)}
    assert len(operations) == 1


def test_both_ways_count():
    desk = Desk(prepaid(0, data(100 * MB)))
    desk.initial(asks(10 * MB))
    desk.end(ServiceRequest(0, None, Octets(1 * MB, 6 * MB)))
    assert desk.account.data_left == 93 * MB


def test_a_request_that_asks_for_no_amount_gets_the_default_and_one_that_asks_for_none_gets_none():
    desk = Desk(prepaid(0, data(100 * MB)), QuotaPolicy(quota=7 * MB))
    assert granted(desk.initial(asks(0))) == [7 * MB]
    assert granted(desk.update(asks(None, used=2 * MB))) == [0]
    assert desk.account.available(10**12) == 98 * MB
    assert desk.server.open_sessions == ("s",), "it goes on, and may ask again"
    assert granted(desk.update(asks(3 * MB))) == [3 * MB]


def test_an_update_without_services_keeps_what_is_held_and_restarts_the_supervision():
    desk = Desk(prepaid(0, data(100 * MB)), QuotaPolicy(supervision=HOUR))
    desk.initial(asks(10 * MB))
    assert desk.wait(59 * MINUTE).update().services == ()
    desk.server.advance(desk.now + 59 * MINUTE)
    assert desk.server.open_sessions == ("s",)
    assert desk.account.available(10**12) == 90 * MB


def test_a_termination_frees_what_it_does_not_speak_of():
    desk = Desk(prepaid(0, data(100 * MB)))
    desk.initial(asks(10 * MB), asks(10 * MB, group=7))
    desk.end(asks(None, used=4 * MB))
    assert desk.account.available(10**12) == desk.account.data_left == 96 * MB
    desk.account.check()


def test_sessions_of_one_account_share_its_balance():
    desk = Desk(prepaid(30 * DIRHAM))
    assert granted(desk.initial(asks(4 * MB), session="one")) == [4 * MB]
    assert granted(desk.initial(asks(4 * MB), session="two")) == [2 * MB]
    assert desk.initial(asks(4 * MB), session="three").result is NO_CREDIT
    assert desk.server.open_sessions == ("one", "two")
    desk.end(asks(None, used=MB), session="one")
    assert granted(desk.update(asks(4 * MB, used=2 * MB), session="two")) == [3 * MB]
    desk.account.check()


# --------------------------------------------------------------------------------------------- rating groups


def test_each_rating_group_has_its_own_quota_and_kind_of_traffic():
    video = data(50 * MB, traffic="video")
    desk = Desk(prepaid(QAR, video))
    answer = desk.initial(asks(10 * MB, group=7), asks(60 * MB, group=8))
    assert granted(answer) == [10 * MB, 60 * MB]  # general from the credit; video from its bundle, then credit
    assert desk.account.held == (10 + 10) * 5 * DIRHAM
    desk.update(asks(10 * MB, used=10 * MB, group=7))
    assert (desk.account.credit, desk.account.data_left) == (50 * DIRHAM, 50 * MB)
    desk.end(asks(None, group=7), asks(None, used=50 * MB, group=8))
    assert (desk.account.credit, desk.account.data_left, desk.account.held) == (50 * DIRHAM, 0, 0)
    desk.account.check()


def test_an_update_may_bring_a_new_rating_group():
    desk = Desk(prepaid(0, data(100 * MB)))
    desk.initial(asks(10 * MB))
    answer = desk.update(asks(5 * MB, group=7))
    assert only(answer).granted == 5 * MB
    assert desk.account.available(10**12) == 85 * MB, "the first group keeps its hold"


def test_what_one_rating_group_gives_back_another_gets():
    desk = Desk(prepaid(0, data(10 * MB)))
    assert granted(desk.initial(asks(8 * MB), asks(8 * MB, group=7))) == [8 * MB, 2 * MB]
    # Reports come before grants: what the second gives back is there for the first.
    answer = desk.update(asks(8 * MB, used=4 * MB), asks(None, used=0, group=7))
    assert granted(answer) == [6 * MB, 0]
    assert only(desk.update(asks(8 * MB, used=MB, group=7))).result is NO_CREDIT
    desk.account.check()


def test_each_rating_group_has_its_own_result():
    desk = Desk(prepaid(0, data(10 * MB)), uncharged=frozenset({5}))
    answer = desk.initial(asks(10 * MB), asks(MB, group=7), asks(MB, group=5), asks(MB, group=99))
    assert answer.result is OK
    assert results(answer) == [OK, NO_CREDIT, FREE, NO_RATE]
    assert desk.server.open_sessions == ("s",)


# ------------------------------------------------------------------------------------------------ how much


def test_grants_are_rounded_up_to_whole_increments():
    desk = Desk(prepaid(QAR))
    assert granted(desk.initial(asks(1_234_567))) == [2 * MB]
    assert desk.account.held == 10 * DIRHAM


def test_less_is_granted_where_less_is_left():
    desk = Desk(prepaid(13 * DIRHAM))
    assert granted(desk.initial(asks(10 * MB))) == [2 * MB]


def test_no_grant_is_smaller_than_the_least_unless_so_little_was_asked_for():
    desk = Desk(prepaid(0, data(5 * MB)), QuotaPolicy(least=4 * MB))
    assert granted(desk.initial(asks(MB), session="little")) == [MB]
    assert granted(desk.initial(asks(10 * MB), session="one")) == [4 * MB]
    assert desk.initial(asks(10 * MB), session="two").result is NO_CREDIT
    desk.end(session="little")
    assert granted(desk.update(asks(10 * MB, used=0), session="one")) == [5 * MB]


def test_validity_threshold_and_holding_time_come_with_the_grant():
    policy = QuotaPolicy(validity=20 * MINUTE, threshold_percent=20, holding=MINUTE)
    given = only(Desk(prepaid(QAR), policy).initial(asks(5 * MB)))
    assert (given.validity, given.threshold, given.holding_time) == (20 * MINUTE, MB, MINUTE)
    assert (given.final, given.tariff_change) == (None, None)


@pytest.mark.parametrize(
    ("bundle", "credit", "ends"),
    [
        (data(10 * MB, 20 * MINUTE), 0, 20 * MINUTE),
        (data(10 * MB, hours=(9, 10)), 0, HOUR),
        (data(10 * MB, 60 * DAY), 0, 30 * DAY),
        (data(10 * MB, DAY), QAR, DAY),
    ],
    ids=["bucket expires", "hours end", "credit's validity ends", "bucket, not the credit"],
)
def test_validity_time_ends_with_what_is_held(bundle, credit, ends):
    desk = Desk(prepaid(credit, bundle), QuotaPolicy(validity=40 * DAY, supervision=90 * DAY))
    assert only(desk.initial(asks(5 * MB))).validity == ends
    desk.wait(ends - timedelta(microseconds=1))
    late = only(desk.initial(asks(4 * MB), session="late"))
    assert late.validity == timedelta(microseconds=1), "it is never zero"


def test_the_report_at_the_end_of_a_bucket_is_paid_by_what_was_held():
    desk = Desk(prepaid(0, data(100 * MB, 20 * MINUTE)), QuotaPolicy(validity=HOUR))
    validity = only(desk.initial(asks(10 * MB))).validity
    assert validity
    answer = desk.wait(validity).update(asks(10 * MB, used=9 * MB))
    assert results(answer) == [NO_CREDIT]
    volumes = desk.account.ledger.totals("volume")
    assert (volumes[Kind.USAGE], volumes[Kind.EXPIRED]) == (-9 * MB, -91 * MB)
    assert desk.total(Kind.UNCOLLECTED) == 0
    desk.account.check()


def test_a_report_after_the_credit_is_forfeited_is_paid_by_what_was_held():
    desk = Desk(prepaid(QAR, lifecycle=Lifecycle(grace=timedelta(0))), QuotaPolicy(supervision=2 * DAY))
    desk.wait(30 * DAY - MINUTE).initial(asks(4 * MB))
    answer = desk.wait(MINUTE).update(asks(4 * MB, used=3 * MB))
    assert results(answer) == [NO_CREDIT]
    assert (desk.account.status.value, desk.account.credit, desk.account.held) == ("expired", 0, 0)
    assert desk.account.ledger.totals()[Kind.EXPIRED] == -85 * DIRHAM
    desk.account.check()


# ---------------------------------------------------------------------------------------------- final units


@pytest.mark.parametrize(
    "final", [FinalUnit(FinalUnitAction.TERMINATE), REDIRECT, RESTRICT], ids=lambda f: f.action.name
)
def test_the_last_units_say_what_to_do_at_their_end(final):
    desk = Desk(prepaid(15 * DIRHAM), QuotaPolicy(quota=2 * MB, final=final, threshold_percent=50))
    first = only(desk.initial(asks()))
    assert (first.granted, first.final, first.threshold) == (2 * MB, None, MB)
    last = only(desk.update(asks(used=2 * MB)))
    assert (last.granted, last.final, last.threshold) == (MB, final, None)


def test_units_are_not_final_while_another_session_holds_what_may_come_back():
    desk = Desk(prepaid(20 * DIRHAM))
    desk.initial(asks(2 * MB), session="other")
    assert only(desk.initial(asks(2 * MB))).final is None
    desk.end(session="other")
    assert only(desk.update(asks(2 * MB, used=0))).final is None
    assert only(desk.update(asks(4 * MB, used=0))).final is not None


def test_without_credit_service_is_refused_or_led_to_a_top_up_as_the_policy_says():
    refused = Desk(prepaid(0)).initial(asks())
    assert (refused.result, only(refused).final) == (NO_CREDIT, None)
    desk = Desk(prepaid(0), QuotaPolicy(final=REDIRECT, validity=10 * MINUTE))
    answer = desk.initial(asks())
    assert answer.result is OK
    assert only(answer) == ServiceAnswer(0, OK, 0, validity=10 * MINUTE, final=REDIRECT)
    desk.account.top_up(QAR, at=desk.wait(5 * MINUTE).now)
    assert granted(desk.wait(5 * MINUTE).update(asks(MB))) == [MB], "the session is open, and goes on"


def test_overshoot_beyond_the_last_units_is_led_to_a_top_up_too():
    desk = Desk(prepaid(10 * DIRHAM), QuotaPolicy(final=RESTRICT))
    assert only(desk.initial(asks(5 * MB))).final == RESTRICT
    answer = only(desk.update(asks(None, used=3 * MB)))
    assert (answer.result, answer.final, answer.validity) == (NO_CREDIT, RESTRICT, HOUR)
    assert only(desk.end(asks(None, used=MB))).final is None


# ------------------------------------------------------------------------------------------- used and granted


def test_more_used_than_granted_is_charged_as_far_as_it_can_be():
    desk = Desk(prepaid(30 * DIRHAM))
    desk.initial(asks(2 * MB))
    assert granted(desk.update(asks(2 * MB, used=3 * MB))) == [2 * MB]
    answer = desk.update(asks(2 * MB, used=7 * MB))  # three can be paid
    assert (answer.result, only(answer).result, only(answer).granted) == (OK, NO_CREDIT, 0)
    assert (desk.total(Kind.USAGE), desk.total(Kind.UNCOLLECTED)) == (6 * MB, 4 * MB)
    assert (desk.account.credit, desk.account.status.value) == (0, "suspended")
    assert results(desk.end(asks(None, used=0))) == [OK]
    desk.account.check()


def test_with_a_cause_overshoot_is_charged_below_zero_and_the_next_top_up_covers_it():
    desk = Desk(prepaid(10 * DIRHAM), overdraft="overshoot")
    desk.initial(asks(2 * MB))
    answer = desk.update(asks(2 * MB, used=5 * MB))
    assert results(answer) == [NO_CREDIT], "it is paid; but there is nothing more to grant"
    assert (desk.account.credit, desk.account.status.value) == (-15 * DIRHAM, "suspended")
    (cause,) = [entry.id for entry in desk.account.ledger if entry.kind is Kind.OVERDRAFT]
    assert (desk.account.ledger.notes[cause], desk.total(Kind.UNCOLLECTED)) == ("overshoot", 0)
    desk.account.check()
    desk.account.top_up(20 * DIRHAM, at=desk.now)
    assert (desk.account.credit, desk.account.status.value) == (5 * DIRHAM, "active")
    assert granted(desk.update(asks(2 * MB))) == [MB]
    desk.account.check()


def test_an_automatic_top_up_comes_in_the_middle_of_a_session():
    desk = Desk(prepaid(20 * DIRHAM))
    desk.account.top_up_automatically(AutoTopUp(5 * DIRHAM, 10 * DIRHAM), at=NINE)
    answer = only(desk.initial(asks(4 * MB)))
    assert (answer.granted, answer.final) == (4 * MB, None), "these are not the last units: more will come"
    assert granted(desk.update(asks(4 * MB, used=3 * MB))) == [3 * MB]  # 5 left, 10 more: three megabytes
    assert desk.account.credit == 15 * DIRHAM
    desk.account.check()


def test_a_bundle_bought_while_quota_is_held_serves_from_the_next_grant_on():
    desk = Desk(prepaid(QAR))
    desk.initial(asks(4 * MB))
    desk.account.buy(Bundle("bought", 80 * DIRHAM, 50 * MB, DAY), at=desk.wait(MINUTE).now)
    desk.update(asks(10 * MB, used=4 * MB))
    assert (desk.account.credit, desk.account.held, desk.account.data_left) == (0, 0, 50 * MB)
    desk.end(asks(None, used=10 * MB))
    assert (desk.account.credit, desk.account.data_left) == (0, 40 * MB)
    desk.account.check()


def test_only_unheld_credit_can_be_transferred():
    desk, other = Desk(prepaid(QAR)), prepaid(0, name="other")
    desk.initial(asks(12 * MB))
    with pytest.raises(Exception, match=r"own credit is QAR 0\.40"):
        desk.account.transfer(41 * DIRHAM, other, at=NINE)
    desk.account.transfer(40 * DIRHAM, other, at=NINE)
    assert results(desk.end(asks(None, used=12 * MB))) == [OK]
    assert (desk.account.credit, other.credit) == (0, 40 * DIRHAM)


# --------------------------------------------------------------------------------------------- tariff change

NIGHT = Tariff(10, per=1, increment=1, hours=(HourPrice(0, 6, 4),))


@pytest.mark.parametrize(("before", "cost"), [(None, 500 * 4 + 500 * 10), (900, 900 * 4 + 100 * 10)])
def test_a_change_of_the_price_in_the_midst_of_a_grant(before, cost):
    desk = Desk(prepaid(QAR, tariff=NIGHT))
    desk.wait(20 * HOUR + 30 * MINUTE)  # half past five
    given = only(desk.initial(asks(2000)))
    assert given.tariff_change == parse_moment("2026-01-02 06:00")
    assert desk.account.held == 2000 * 4
    desk.wait(HOUR).update(asks(2000, used=1000, before=before))
    assert QAR - desk.account.credit == cost
    assert desk.account.held == 2000 * 10
    desk.account.check()


def test_what_is_counted_apart_starts_at_the_last_report():
    """The second report lies wholly in the day: its price has not changed since the first."""
    desk = Desk(prepaid(QAR, tariff=NIGHT))
    desk.wait(20 * HOUR + 30 * MINUTE).initial(asks(2000))
    desk.wait(HOUR).update(asks(2000, used=100, before=100))
    assert only(desk.wait(HOUR).update(asks(2000, used=100))).tariff_change == parse_moment("2026-01-03 00:00")
    assert QAR - desk.account.credit == 100 * 4 + 100 * 10


def test_the_hours_of_a_price_are_those_of_qatar_whatever_clock_the_gateway_has():
    desk = Desk(prepaid(QAR, tariff=NIGHT))
    desk.now = parse_moment("2026-01-02 05:30").astimezone(UTC)
    assert only(desk.initial(asks(2000))).tariff_change == parse_moment("2026-01-02 06:00")
    desk.wait(HOUR).end(asks(None, used=1000, before=900))
    assert QAR - desk.account.credit == 900 * 4 + 100 * 10
