"""A month lived through: the laws hold at every step, nothing is lost between served and denied, habits are kept."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product

import numpy as np
import pytest

from prepaid_model.balances import Status
from prepaid_model.catalogue import catalogue
from prepaid_model.devices import Device, Lifetime
from prepaid_model.errors import InputError, Refused
from prepaid_model.habits import MORNING, Owner
from prepaid_model.ledger import Kind
from prepaid_model.offers import Lifecycle, Validity
from prepaid_model.personas import personas
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import RENEWAL, WHEN, Habit, Span, simulate
from prepaid_model.timeline import run
from prepaid_model.units import KB, MB, QAR
from prepaid_model.usage import START, UsageTrace, month

SHOP = catalogue()
WEEK = SHOP.bundles["week_1gb"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = START + MORNING


def rules(valid=30, grace=15):
    return Lifecycle((Validity(QAR, timedelta(days=valid)),), timedelta(days=grace))


def live(usage, habit, *, lifecycle=SHOP.lifecycle, pay_as_you_go=True, account=PrepaidAccount):
    opened = account(SHOP.tariffs["standard"], lifecycle, opened=usage.start, out_of_bundle=pay_as_you_go)
    return simulate(opened, usage, habit)


def trickle(*hours, volume=MB, days=30):
    """So many bytes at each of these hours from the start."""
    at = tuple(START + hour * HOUR for hour in hours)
    return UsageTrace(at, (0,) * len(at), (volume,) * len(at), START, days)


@cache
def lived(who, when, renewal, *, pay_as_you_go=True, bundle="week_1gb"):
    habit = Habit(
        25 * QAR,
        when=when,
        renewal=renewal,
        threshold=5 * QAR,
        bundle=SHOP.bundles.get(bundle),
        notices_after=timedelta(hours=personas()[who].reaction_hours),
    )
    return live(month(who, seed=7), habit, lifecycle=rules(valid=9, grace=2), pay_as_you_go=pay_as_you_go)


EVERY_HABIT = pytest.mark.parametrize(
    ("who", "when", "renewal", "pay_as_you_go"),
    list(product(personas(), WHEN, RENEWAL, (True, False))),
)

# ------------------------------------------------------------------------------------------------ laws


@EVERY_HABIT
def test_every_byte_is_served_or_denied(who, when, renewal, pay_as_you_go):
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    assert len(trace.served) == len(trace.denied) == len(trace.usage.volume)
    for served, denied, volume in zip(trace.served, trace.denied, trace.usage.volume, strict=True):
        assert served + denied == volume
        assert served >= 0
        assert denied >= 0


@EVERY_HABIT
def test_balances_are_the_sum_of_entries_after_each_of_them(who, when, renewal, pay_as_you_go):
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    trace.account.check()
    assert trace.rows["balance"].min() >= 0
    assert trace.rows["left"].min() >= 0
    assert trace.data_left[-1] == sum(bucket.left for bucket in trace.account.buckets)
    assert trace.topped_up == trace.spent + trace.money_expired + trace.account.credit


@pytest.mark.parametrize("who", personas())
@pytest.mark.parametrize("when", WHEN)
def test_the_laws_hold_at_every_step(who, when):
    class Watched(PrepaidAccount):
        __slots__ = ("steps",)

        def use(self, volume, **how):
            became = super().use(volume, **how)
            self.steps = getattr(self, "steps", 0) + 1
            self.check()
            return became

    habit = Habit(25 * QAR, when=when, bundle=WEEK, threshold=5 * QAR)
    trace = live(month(who, seed=3, days=9), habit, lifecycle=rules(valid=4, grace=1), account=Watched)
    assert trace.account.steps >= len(trace.usage.volume)


@EVERY_HABIT
def test_nothing_is_denied_while_the_account_can_serve(who, when, renewal, pay_as_you_go):
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    spans = iter([*trace.inactive, Span(trace.end, trace.end, Status.ACTIVE)])
    span = next(spans)
    for at, served, denied in zip(trace.usage.at, trace.served, trace.denied, strict=True):
        while span.end <= at:
            span = next(spans)
        if denied:
            assert span.start <= at, "the account could serve"
        if span.start < at:
            assert not served, "the account could not serve"


@EVERY_HABIT
def test_what_the_ledger_carried_is_what_was_served(who, when, renewal, pay_as_you_go):
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    assert trace.total(Kind.USAGE, column="quantity") == sum(trace.served)


@EVERY_HABIT
def test_the_same_again_gives_the_same_entries(who, when, renewal, pay_as_you_go):
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    again = lived.__wrapped__(who, when, renewal, pay_as_you_go=pay_as_you_go)
    assert again is not trace
    assert again.rows.tobytes() == trace.rows.tobytes()
    assert (again.served, again.denied) == (trace.served, trace.denied)


@EVERY_HABIT
def test_spans_tell_the_status(who, when, renewal, pay_as_you_go):
    """The spans are in order, apart from each other, and agree with every change of status in the ledger."""
    trace = lived(who, when, renewal, pay_as_you_go=pay_as_you_go)
    for earlier, later in zip(trace.inactive, trace.inactive[1:], strict=False):
        assert earlier.end <= later.start
        assert earlier.end < later.start or earlier.status is not later.status
    assert all(trace.start <= span.start < span.end <= trace.end for span in trace.inactive)
    changes = {}
    for place in np.flatnonzero(trace.rows["kind"] == Kind.STATUS).tolist():
        changes[trace.account.ledger[place + 1].at] = trace.account.ledger.notes[place + 1]
    for at, status in changes.items():
        there = [span.status for span in trace.inactive if span.start <= at < span.end]
        assert there == ([] if status == "active" or at == trace.end else [Status(status)]), at
    assert trace.hours_off + trace.hours_connected == 30 * 24
    assert timedelta(hours=trace.hours_off) <= trace.off < timedelta(hours=trace.hours_off + 1)


# ------------------------------------------------------------------------------------------------ habits


def top_ups(trace):
    return [entry.at for entry in trace.account.ledger if entry.kind is Kind.TOP_UP]


def purchases(trace):
    return [entry.at for entry in trace.account.ledger if entry.kind is Kind.BUNDLE]


@pytest.mark.parametrize("when", WHEN)
def test_the_first_top_up_is_at_nine_on_the_first_day(when):
    trace = live(month("commuter", seed=7), Habit(25 * QAR, when=when, bundle=WEEK))
    assert top_ups(trace)[0] == purchases(trace)[0] == FIRST
    assert trace.inactive[0] == (START, FIRST, Status.SUSPENDED)


def test_planned_top_ups_come_on_their_days_whatever_happens():
    trace = live(month("family_video", seed=7), Habit(25 * QAR, every=7, bundle=WEEK))
    assert top_ups(trace) == [FIRST + 7 * week * DAY for week in range(5)]


def test_who_waits_until_it_stops_tops_up_so_long_after_the_first_byte_refused():
    habit = Habit(QAR, when=WHEN[1], notices_after=timedelta(hours=5))
    # One riyal pays for 20 of the 30 megabytes at hour 10; the refusal at hour 12 starts no second clock.
    trace = live(trickle(10, 12, 20, volume=30 * MB), habit, lifecycle=rules())
    assert top_ups(trace) == [FIRST, START + 15 * HOUR, START + 25 * HOUR]
    assert trace.served == (20 * MB, 0, 20 * MB)
    assert trace.denied == (10 * MB, 30 * MB, 10 * MB)
    assert trace.stop == (START + 10 * HOUR, START + 15 * HOUR, Status.SUSPENDED)


def test_who_waits_until_it_stops_does_nothing_while_it_runs():
    trace = live(trickle(10, 12, 20), Habit(25 * QAR, when=WHEN[1]))
    assert top_ups(trace) == [FIRST]


def test_automatic_top_up_comes_at_the_threshold_and_in_the_midst_of_usage():
    habit = Habit(2 * QAR, when=WHEN[2], threshold=QAR)
    trace = live(trickle(10, 11, volume=20 * MB), habit, lifecycle=rules())
    assert top_ups(trace) == [FIRST, START + 10 * HOUR]
    assert not any(trace.denied)
    trace = live(trickle(10, 11, volume=100 * MB), habit, lifecycle=rules())
    assert not any(trace.denied), "a long download is paid for by as many top-ups as it needs"
    assert len(top_ups(trace)) == 6, "ten riyals of usage, and more than one left: six times two"


def test_an_automatic_top_up_whose_threshold_no_debit_reaches_never_comes():
    habit = Habit(15 * QAR, when=WHEN[2], threshold=0, bundle=WEEK)
    stuck = live(month("student", seed=7), habit, pay_as_you_go=False)
    assert top_ups(stuck) == [FIRST]
    assert stuck.reason(stuck.stop) == "no data left, and the QAR 5.00 of credit may not be used without a bundle"


def test_a_bundle_bought_when_used_up_serves_the_rest_of_the_same_ten_minutes():
    trace = live(trickle(10, volume=1_500 * MB), Habit(25 * QAR, bundle=WEEK, every=30), pay_as_you_go=False)
    assert trace.served == (1_500 * MB,)
    assert purchases(trace) == [FIRST, START + 10 * HOUR]
    assert trace.account.data_left == 0, "both weeks are over at the end of the month"
    assert trace.data_expired == 500 * MB


def test_a_bundle_used_up_to_the_byte_is_bought_again_before_credit_pays():
    trace = live(trickle(10, 11, volume=WEEK.volume), Habit(25 * QAR, bundle=WEEK, every=30))
    assert purchases(trace) == [FIRST, START + 10 * HOUR]
    assert trace.total(Kind.USAGE) == 0


def test_as_many_bundles_as_ten_minutes_need():
    habit = Habit(50 * QAR, bundle=SHOP.bundles["day_500mb"], every=30)
    trace = live(trickle(10, volume=1_700 * MB), habit, pay_as_you_go=False)
    assert trace.denied == (0,)
    assert len(purchases(trace)) == 4


def test_a_bundle_renewed_at_its_end_is_not_bought_before():
    habit = Habit(25 * QAR, bundle=WEEK, every=30, renewal=RENEWAL[1])
    trace = live(trickle(10, 11, volume=WEEK.volume), habit, pay_as_you_go=False)
    assert purchases(trace) == [FIRST, FIRST + 7 * DAY]
    assert trace.denied == (0, WEEK.volume)


def test_a_renewal_the_credit_did_not_pay_for_is_made_up_after_the_next_top_up():
    habit = Habit(10 * QAR, bundle=WEEK, every=10, renewal=RENEWAL[1])
    trace = live(trickle(10, volume=MB), habit)
    assert purchases(trace) == [FIRST, FIRST + 10 * DAY, FIRST + 20 * DAY]


def test_never_again_means_once():
    trace = live(month("student", seed=7), Habit(50 * QAR, bundle=WEEK, renewal=RENEWAL[2]))
    assert purchases(trace) == [FIRST]


def test_credit_too_small_for_the_bundle_is_saved_up_for_it():
    trace = live(trickle(10), Habit(6 * QAR, bundle=WEEK, every=1), pay_as_you_go=False)
    assert purchases(trace)[0] == FIRST + DAY


def test_nothing_is_bought_in_grace_and_the_next_top_up_restores():
    habit = Habit(25 * QAR, bundle=WEEK, every=10)
    trace = live(trickle(10, 24 * 8 + 12, 24 * 10 + 12), habit, lifecycle=rules(valid=7, grace=15))
    assert purchases(trace) == [FIRST, FIRST + 10 * DAY, FIRST + 20 * DAY]
    assert trace.stop == (FIRST + 7 * DAY, FIRST + 10 * DAY, Status.GRACE)
    assert "kept" in trace.reason(trace.stop)
    assert trace.served == (MB, 0, MB)
    assert trace.money_expired == 0
    assert trace.account.credit == 45 * QAR


# ------------------------------------------------------------------------------------------------ edges

SILENCE = UsageTrace((), (), (), START, 30)


def test_a_month_without_usage():
    trace = live(SILENCE, Habit(25 * QAR, every=10, bundle=WEEK))
    assert trace.served == trace.denied == ()
    assert top_ups(trace) == [FIRST, FIRST + 10 * DAY, FIRST + 20 * DAY]
    assert trace.stop == (FIRST + 7 * DAY, FIRST + 10 * DAY, Status.SUSPENDED) or trace.stop is None
    assert len(trace.hourly(trace.served)) == 720
    assert trace.account.now == trace.end


def test_a_month_in_which_credit_expires_without_a_byte():
    trace = live(SILENCE, Habit(25 * QAR, every=10), lifecycle=rules(valid=7, grace=2))
    assert trace.total(Kind.USAGE, Kind.BUNDLE) == 0
    assert trace.money_expired == 75 * QAR
    grace, expired = trace.inactive[1:3]
    assert grace == (FIRST + 7 * DAY, FIRST + 9 * DAY, Status.GRACE)
    assert expired == (FIRST + 9 * DAY, FIRST + 10 * DAY, Status.EXPIRED)
    assert "forfeited" in trace.reason(expired)


def test_a_month_that_starts_in_the_life_of_an_account():
    """What came before the usage is neither a span nor before its axis."""
    account = PrepaidAccount(SHOP.tariffs["standard"], rules(), opened=START - 3 * DAY, out_of_bundle=True)
    account.top_up(5 * QAR, at=START - 2 * DAY)
    account.use(40 * MB, at=START - DAY)
    trace = simulate(account, trickle(1, 30), Habit(25 * QAR, every=10))
    assert trace.inactive == ()
    assert trace.stop is None
    assert trace.left_at(START) == (3 * QAR, 0)
    dry = PrepaidAccount(SHOP.tariffs["standard"], rules(), opened=START - 3 * DAY, out_of_bundle=True)
    dry.top_up(5 * QAR, at=START - 2 * DAY)
    dry.use(400 * MB, at=START - DAY)
    assert simulate(dry, trickle(1, 30), Habit(25 * QAR)).inactive == ((START, FIRST, Status.SUSPENDED),)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"top_up": 0}, "top-up amount"),
        ({"top_up": 2.5}, "top-up amount"),
        ({"top_up": 1, "every": 0}, "days between top-ups"),
        ({"top_up": 1, "threshold": -1}, "threshold"),
        ({"top_up": 1, "when": "sometimes"}, "when"),
        ({"top_up": 1, "renewal": "maybe"}, "renewal"),
    ],
)
def test_a_habit_that_cannot_be(wrong, field):
    with pytest.raises(InputError) as said:
        Habit(**wrong)
    assert said.value.field == field


@pytest.mark.parametrize("when", WHEN)
def test_a_top_up_smaller_than_there_is_is_refused(when):
    with pytest.raises(Refused, match=r"the smallest top-up is QAR 5\.00"):
        live(trickle(10), Habit(QAR, when=when))


# ------------------------------------------------------------------------------------------------ readings


def test_reasons_in_plain_words():
    before = live(trickle(10), Habit(25 * QAR)).inactive[0]
    assert live(trickle(10), Habit(25 * QAR)).reason(before) == "nothing has been topped up yet"
    dry = live(trickle(10, volume=999 * MB), Habit(5 * QAR, every=30))
    assert dry.reason(dry.stop) == "no data and no credit left"
    lifecycle = Lifecycle((Validity(1, timedelta(days=30)),))
    crumbs = live(trickle(10, volume=999 * MB), Habit(5 * QAR + 20 * KB, every=30), lifecycle=lifecycle)
    assert crumbs.reason(crumbs.stop) == "no data left, and QAR 0.02 does not pay for one more step of usage"
    night = live(trickle(1, 10), Habit(5 * QAR, every=30, bundle=SHOP.bundles["night_2gb"]), pay_as_you_go=False)
    assert night.reason(night.stop) == "what data there is does not serve this traffic at this hour"


def test_frames_say_the_same():
    trace = lived("commuter", WHEN[0], RENEWAL[0])
    usage, balances = trace.usage_frame(), trace.balance_frame()
    assert usage["served"].sum() == sum(trace.served)
    assert usage.index[0] == trace.usage.at[0]
    assert balances["credit"].iloc[-1] == trace.account.credit
    assert balances["data"].iloc[-1] == trace.data_left[-1]


def test_hours_and_moments():
    trace = live(trickle(10, 10.5, 34), Habit(25 * QAR))
    hourly = trace.hourly(trace.served)
    assert hourly.sum() == sum(trace.served)
    assert (hourly[10], hourly[34]) == (2 * MB, MB)
    assert trace.days[0] == pytest.approx(9 / 24)
    assert trace.left_at(START) == (0, 0)
    assert trace.left_at(FIRST) == (25 * QAR, 0)
    assert trace.left_at(START + 10 * HOUR) == (25 * QAR - 50 * KB, 0)


def test_the_usage_that_was_lived_through_is_not_changed():
    usage = month("commuter", seed=7)
    before = replace(usage)
    live(usage, Habit(25 * QAR))
    assert usage == before


def test_what_an_account_lives_through_after_the_trace_is_no_part_of_it():
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START)
    trace = simulate(
        account, month("commuter", seed=75), Habit(10 * QAR, every=7, bundle=catalogue().bundles["week_1gb"])
    )
    account.advance(trace.end + timedelta(days=20))
    assert [(span.start, span.end) for span in trace.inactive] == [(START, START + timedelta(hours=9))]
    assert trace.hours_off == 9


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("renewal", RENEWAL)
def test_without_the_clock_owner_and_device_do_what_they_do_on_it(when, renewal):
    shop, usage = catalogue(), month("student", seed=8)
    habit = Habit(15 * QAR, when=when, every=4, renewal=renewal, bundle=shop.bundles["week_1gb"])
    accounts = [
        PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=START, out_of_bundle=True) for _ in range(2)
    ]
    quick = simulate(accounts[0], usage, habit)
    owner = Owner(accounts[1], habit, START, usage.days)
    device = Device(accounts[1], usage, owner)
    run([Lifetime(accounts[1]), owner, device], until=quick.end)
    assert device.finish(quick.end) == (quick.served, quick.denied)
    assert (accounts[1].ledger.columns() == accounts[0].ledger.columns()).all()
