"""What is counted over many months is what becomes of real accounts, one by one."""

from datetime import timedelta

import numpy as np
import pytest

from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError
from prepaid_model.forecast import daily_usage
from prepaid_model.lead_time import (
    DAYS,
    EVEN,
    HEAVY_DAYS,
    MONTHS,
    NOT_REACHED,
    SEED,
    Reached,
    forecasts_kept,
    heavy_days,
    live,
    one_month,
    reached,
    standard_error,
    uneven,
)
from prepaid_model.ledger import Kind
from prepaid_model.usage import START, month

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BUNDLES = catalogue().bundles
SMALL, LARGE = BUNDLES["week_1gb"], BUNDLES["month_5gb"]


def minutes(at):
    return NOT_REACHED if at is None else (at - START) // MINUTE


# ------------------------------------------------------------------------------- counted and lived through

SETTINGS = [
    ("student", "week_1gb", 10, 80, 0, 24),
    ("student", "week_1gb", 50, 80, 0, 0),
    ("student", "month_5gb", 50, 85, 48, 12),
    ("student", "month_5gb", 70, 95, 0, 6),
    ("family_video", "week_3gb", 10, 80, 2, 10),
    ("gig_driver", "week_1gb", 30, 50, 0, 72),
    ("student", "week_1gb", 10, 100, 0, 1),
]


@pytest.mark.parametrize(("who", "bundle", "heavy", "percent", "delay", "reading"), SETTINGS)
def test_the_count_is_that_of_accounts_lived_through_one_by_one(who, bundle, heavy, percent, delay, reading):
    counted = reached(who, BUNDLES[bundle], heavy, months=25)
    cut_off = 0
    for account in range(len(counted)):
        usage = one_month(who, heavy, account)
        life = live(usage, BUNDLES[bundle], percent, (50,), delay * HOUR, reading * HOUR)
        life.trace.account.check()
        assert minutes(life.used_up) == counted.ends[account]
        alert = life.alert(percent)
        assert minutes(alert and alert.at) == counted.minute[account, percent - 1]
        cut_off += life.cut_off
    assert cut_off == counted.cut_off(percent, wait=(delay + reading) * 60)


def test_who_is_cut_off_is_refused_bytes_and_who_recharges_in_time_is_not():
    fates = set()
    for account in range(40):
        life = live(one_month("student", EVEN, account), SMALL, 80, (), 0 * HOUR, 18 * HOUR)
        before = [at <= life.recharged[0] for at in life.trace.usage.at]
        refused = sum(bytes_ for bytes_, early in zip(life.trace.denied, before, strict=True) if early)
        assert bool(refused) == life.cut_off
        fates.add(life.cut_off)
    assert fates == {True, False}


def test_a_bundle_that_expires_with_bytes_left_has_not_been_used_up():
    counted = reached("gig_driver", SMALL, EVEN, months=100)
    assert 0 < counted.used_up < 100
    spared = int(np.flatnonzero(counted.ends == NOT_REACHED)[0])
    life = live(one_month("gig_driver", EVEN, spared), SMALL, 100, (), 0 * HOUR, 0 * HOUR)
    assert life.used_up is None
    assert not life.cut_off
    assert life.trace.total(Kind.EXPIRED, column="volume") < 0


# ------------------------------------------------------------------------------- the counts


def test_months_are_drawn_once_and_only_counted_anew():
    first = reached("student", LARGE, 50)
    assert len(first) == MONTHS
    assert reached("student", LARGE, 50) is first
    shown = first.minute.copy()
    for wait in (0, 60, 4320):
        first.too_late(wait)
    assert (first.minute == shown).all()


def test_more_wait_and_a_later_warning_never_cut_off_fewer():
    for heavy in (EVEN, 40, 70):
        counted = reached("student", LARGE, heavy)
        counts = np.array([counted.too_late(hours * 60) for hours in range(0, 121, 6)])
        assert (np.diff(counts, axis=0) >= 0).all()
        assert (np.diff(counts, axis=1) >= 0).all()


def test_the_last_warning_of_all_is_always_too_late():
    for heavy in (EVEN, 60):
        counted = reached("student", SMALL, heavy)
        assert counted.cut_off(100, wait=0) == counted.used_up


def test_counting_by_hand():
    counted = Reached(np.array([[*range(99), 150], [*range(99), 100], [*range(99), NOT_REACHED]]))
    assert counted.used_up == 2
    assert [counted.cut_off(81, wait) for wait in (19, 20, 69, 70)] == [0, 1, 1, 2]
    assert counted.lead(81).tolist() == [20, 70]
    assert [counted.latest(wait, at_most) for wait, at_most in ((20, 0), (20, 1), (20, 2), (200, 0))] == [
        80,
        99,
        100,
        0,
    ]


def test_the_standard_error_is_the_binomial_one():
    assert standard_error(0, 1000) == standard_error(1000, 1000) == 0
    assert standard_error(500, 1000) == pytest.approx(0.0158, abs=1e-4)
    truth = reached("student", LARGE, 50, months=4000).cut_off(80, 24 * 60) / 4000
    counts = [reached("student", LARGE, 50, seed=seed, months=100).cut_off(80, 24 * 60) for seed in range(30, 70)]
    assert np.std(counts) / 100 == pytest.approx(standard_error(round(truth * 100), 100), rel=0.35)


@pytest.mark.parametrize("percent", [0, 101, 80.0])
def test_a_percentage_that_cannot_be_is_told(percent):
    with pytest.raises(InputError, match="percent used"):
        reached("student", SMALL, EVEN, months=2).cut_off(percent, 0)


def test_a_wait_that_cannot_be_is_told():
    with pytest.raises(InputError, match="wait: got -1"):
        reached("student", SMALL, EVEN, months=2).too_late(-1)


# ------------------------------------------------------------------------------- heavy days


def test_even_months_are_the_personas_own():
    assert one_month("student", EVEN, 7) == month("student", SEED, 7)


def test_heavy_days_take_their_share_and_the_mean_stays():
    shares, totals = [], []
    for account in range(60):
        calm, wild = month("student", SEED, account), one_month("student", 50, account)
        days = heavy_days(SEED, account)
        assert len(set(days)) == HEAVY_DAYS
        assert set(days) <= set(range(1, DAYS + 1))
        shares.append(sum(wild.daily[day - 1] for day in days) / wild.total)
        totals.append(wild.total / calm.total)
        assert wild.at == calm.at
        assert all(up <= volume for up, volume in zip(wild.uplink, wild.volume, strict=True))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert np.mean(totals) == pytest.approx(1, abs=0.02)


def test_heavy_days_are_the_same_whatever_their_share():
    quiet, loud = one_month("student", 40, 3), one_month("student", 60, 3)
    grown = {day for day in range(1, DAYS + 1) if loud.daily[day - 1] > quiet.daily[day - 1]}
    assert grown == set(heavy_days(SEED, 3))


@pytest.mark.parametrize("heavy", [-1, 101, 10.5])
def test_a_share_that_cannot_be_is_told(heavy):
    with pytest.raises(InputError, match="heavy days' share"):
        uneven(month("student", SEED), (1, 2, 3), heavy)
    with pytest.raises(InputError, match="heavy days' share"):
        reached("student", SMALL, heavy, months=2)


# ------------------------------------------------------------------------------- forecasts


@pytest.mark.parametrize("heavy", [EVEN, 50])
def test_forecasts_counted_are_those_of_accounts(heavy):
    kept = made = 0
    for account in range(20):
        life = live(one_month("student", heavy, account), LARGE, 80, (), 0 * HOUR, 200 * HOUR)
        told = life.forecast(80)
        if told and life.used_up:
            made += 1
            kept += told.earliest <= life.used_up <= told.latest
    assert (kept, made) == forecasts_kept("student", LARGE, heavy, 80, months=20)


def test_the_band_keeps_less_than_its_promise_and_less_when_days_differ():
    even, wild = (forecasts_kept("student", LARGE, heavy, 80) for heavy in (EVEN, 50))
    assert even[1] == wild[1] == MONTHS
    assert 800 > even[0] > 700 > wild[0] > 450


def test_after_one_day_nothing_can_be_forecast():
    life = next(
        life
        for account in range(100)
        if (life := live(one_month("student", 70, account), SMALL, 50, (), 0 * HOUR, 0 * HOUR)).alert(50)
        and life.alert(50).at < START + 48 * HOUR
    )
    assert len(daily_usage(life.trace.account.ledger, at=life.alert(50).at)) < 2
    assert life.forecast(50) is None
