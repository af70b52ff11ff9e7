"""One clock for all who act: order of instants, rank where they coincide; alerts arrive; a gateway lives along."""

from datetime import timedelta

import pytest

from prepaid_model.alerts import APP, SMS, STANDARD, CreditLeft, UsedShare, ValidityEnds, alerts
from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import CreditControlRequest, RequestType, ServiceRequest
from prepaid_model.devices import Lifetime
from prepaid_model.errors import InputError
from prepaid_model.gateway import Gateway
from prepaid_model.habits import WHEN, Habit
from prepaid_model.inbox import Inbox
from prepaid_model.ledger import Kind
from prepaid_model.offers import Lifecycle, Validity
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import simulate
from prepaid_model.timeline import NEVER, Rank, run
from prepaid_model.units import MB, QAR, parse_moment
from prepaid_model.usage import START, month

SHOP = catalogue()
NINE = parse_moment("2026-01-01 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Act:
    """Acts at its instants and writes down that it did."""

    def __init__(self, name, rank, instants, log):
        self.name, self.rank, self.instants, self.log = name, rank, list(instants), log

    @property
    def due(self):
        return self.instants[0] if self.instants else NEVER

    def advance(self, at):
        while self.instants and self.instants[0] <= at:
            self.log.append((self.instants.pop(0), self.name))


def account(**settings):
    return PrepaidAccount(SHOP.tariffs["standard"], SHOP.lifecycle, opened=START, **settings)


def test_the_earliest_acts_and_rank_decides_at_the_same_instant():
    log = []
    named = [("alert", Rank.ALERT), ("usage", Rank.USAGE), ("top-up", Rank.CREDIT), ("expiry", Rank.DUE)]
    actors = [Act(name, rank, [NINE + HOUR], log) for name, rank in named]
    run([*actors, Act("late", Rank.DUE, [NINE + 2 * HOUR, NINE + 9 * HOUR], log)], until=NINE + 2 * HOUR)
    assert [name for _, name in log] == ["expiry", "top-up", "usage", "alert", "late"]


def test_within_a_rank_it_goes_by_the_order_of_naming():
    log = []
    run([Act(name, Rank.USAGE, [NINE], log) for name in "abc"], until=NINE)
    assert [name for _, name in log] == ["a", "b", "c"]


def test_an_act_may_bring_another_forward():
    log = []
    late = Act("late", Rank.USAGE, [NINE + 5 * HOUR], log)

    class Caller(Act):
        def advance(self, at):
            if self.instants and self.instants[0] <= at:
                late.instants.insert(0, NINE + 2 * HOUR)
            super().advance(at)

    run([late, Caller("caller", Rank.CREDIT, [NINE + HOUR], log)], until=NINE + 3 * HOUR)
    assert [name for _, name in log] == ["caller", "late"]


def test_the_end_is_included_and_everybody_comes_to_it():
    made = account()
    made.top_up(5 * QAR, at=START)
    run([Lifetime(made)], until=START + 7 * DAY)
    assert (made.now, made.status.value) == (START + 7 * DAY, "grace")


@pytest.mark.parametrize("until", [NINE.replace(tzinfo=None), None])
def test_an_end_without_a_zone_is_refused(until):
    with pytest.raises(InputError, match="until"):
        run([Act("a", Rank.DUE, [], [])], until=until)


def test_nobody_to_act_is_refused():
    with pytest.raises(InputError, match="actors"):
        run([], until=NINE)


def test_alerts_arrive_one_by_one_as_they_do_all_at_once():
    made = account(out_of_bundle=True)
    inbox = Inbox(made.ledger)
    habit = Habit(25 * QAR, when=WHEN[1], bundle=SHOP.bundles["week_1gb"])
    trace = simulate(made, month("student", seed=3), habit, inbox=inbox)
    at_once = alerts(made.ledger, STANDARD, until=trace.end)
    assert [received.alert for received in trace.received] == list(at_once)
    assert len(trace.alerts_frame()) == len(at_once) > 10


def test_a_slow_channel_delivers_later_and_in_order():
    made = account(out_of_bundle=True)
    inbox = Inbox(made.ledger, (UsedShare(50), CreditLeft(2 * QAR)), SMS)
    trace = simulate(made, month("student", seed=3), Habit(25 * QAR, bundle=SHOP.bundles["week_1gb"]), inbox=inbox)
    assert all(received.at == received.alert.at + SMS.delay for received in trace.received)
    assert [received.at for received in trace.received] == sorted(received.at for received in trace.received)


def test_no_warning_of_an_end_that_a_top_up_has_put_off():
    rules = Lifecycle((Validity(5 * QAR, 10 * DAY),), grace=DAY)
    made = PrepaidAccount(SHOP.tariffs["standard"], rules, opened=START)
    inbox = Inbox(made.ledger, (ValidityEnds(2 * DAY),), APP)
    made.top_up(5 * QAR, at=START)
    assert inbox.due == START + 8 * DAY
    made.top_up(5 * QAR, at=START + 5 * DAY)
    inbox.advance(START + 9 * DAY)
    assert inbox.received == []
    inbox.advance(START + 13 * DAY)
    assert [received.at for received in inbox.received] == [START + 13 * DAY]


def test_a_gateway_carries_what_the_account_is_charged():
    made = account(out_of_bundle=True)
    server = ChargingServer({"sim": made}, QuotaPolicy(quota=5 * MB))
    gateway = Gateway(server.answer, "sim")
    habit = Habit(25 * QAR, when=WHEN[1], bundle=SHOP.bundles["week_1gb"])
    trace = simulate(made, month("student", seed=3, days=10), habit, gateway=gateway, server=server)
    made.check()
    assert sum(trace.served) + sum(trace.denied) == trace.usage.total
    assert sum(trace.served) == trace.total(Kind.USAGE, Kind.UNCOLLECTED, column="quantity")
    assert trace.outcome.reconcile(sum(trace.served)).adds_up
    assert trace.records_frame()[["uplink", "downlink"]].to_numpy().sum() == sum(trace.served)
    sessions = trace.sessions_frame()
    assert sessions["reported"].sum() == sum(trace.served)
    assert (sessions["opened"] <= sessions["closed"]).all()
    assert len(trace.entries_frame()) == len(made.ledger)
    assert made.held == 0


def test_an_owner_notices_what_a_gateway_blocks():
    made = account(out_of_bundle=True)
    server = ChargingServer({"sim": made})
    habit = Habit(10 * QAR, when=WHEN[1], notices_after=3 * HOUR)
    trace = simulate(
        made, month("student", seed=3, days=5), habit, gateway=Gateway(server.answer, "sim"), server=server
    )
    assert trace.total(Kind.TOP_UP) > 10 * QAR
    assert sum(trace.denied) > 0


def test_through_a_gateway_or_straight_the_same_bytes_cost_the_same_while_a_bundle_pays():
    usage = month("commuter", seed=7, days=5)
    habit = Habit(50 * QAR, bundle=SHOP.bundles["month_5gb"])
    straight, carried = account(), account()
    server = ChargingServer({"sim": carried})
    first = simulate(straight, usage, habit)
    second = simulate(carried, usage, habit, gateway=Gateway(server.answer, "sim"), server=server)
    begun = next(place for place, at in enumerate(usage.at) if at >= START + timedelta(hours=9, minutes=10))
    assert first.served[begun:] == second.served[begun:] == usage.volume[begun:]
    assert first.spent == second.spent == 40 * QAR


def test_without_a_gateway_there_are_no_sessions_and_no_records():
    trace = simulate(account(), month("grandparent", seed=1, days=3), Habit(10 * QAR))
    assert trace.sessions_frame().empty
    assert trace.records_frame().empty
    assert trace.alerts_frame().empty


def test_a_postpaid_account_lives_on_the_same_timeline():
    plan = SHOP.plans["basic"]
    made = PostpaidAccount(plan, opened=START)
    trace = simulate(made, month("student", seed=3))
    made.check()
    assert sum(trace.denied) == 0
    assert trace.total(Kind.USAGE) < 0  # beyond its allowance
    with pytest.raises(InputError, match="habit"):
        simulate(made, month("student", seed=3), Habit(10 * QAR))


def test_a_silent_session_is_closed_at_its_instant_on_the_timeline():
    made = account(out_of_bundle=True)
    made.top_up(5 * QAR, at=START)
    server = ChargingServer({"sim": made}, QuotaPolicy(supervision=2 * HOUR))
    asked = CreditControlRequest("s", RequestType.INITIAL, 0, "sim", (ServiceRequest(0, requested=MB),))
    server.answer(asked, at=START)
    assert (server.due, server.open_sessions, made.held > 0) == (START + 2 * HOUR, ("s",), True)
    run([server], until=START + 3 * HOUR)
    assert (server.due, server.open_sessions, made.held) == (NEVER, (), 0)
