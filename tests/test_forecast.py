"""A forecast is in the middle of its band, the band holds what it should, and bad input is told."""

from datetime import timedelta

import pytest

from prepaid_model.errors import InputError
from prepaid_model.forecast import Forecast, daily_usage, forecast
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.timeline import NEVER
from prepaid_model.units import GB, MB, QAR, parse_moment
from prepaid_model.usage import START, month

NOON = parse_moment("2026-01-05 12:00")
DAY = timedelta(days=1)


def test_even_usage_has_no_band():
    assert forecast([100 * MB] * 3, 250 * MB, at=NOON) == Forecast(*[NOON + timedelta(days=2, hours=12)] * 3)


def test_uneven_usage_widens_the_band_and_leaves_the_middle():
    narrow, wide = (forecast([100 * MB - d, 100 * MB + d], 900 * MB, at=NOON) for d in (10 * MB, 60 * MB))
    assert narrow.expected == wide.expected == NOON + 9 * DAY
    assert wide.earliest < narrow.earliest < narrow.expected < narrow.latest < wide.latest


def test_nothing_left_ends_now_and_no_usage_never():
    assert forecast([MB, MB], 0, at=NOON) == Forecast(NOON, NOON, NOON)
    assert forecast([0, 0], MB, at=NOON) == Forecast(NEVER, NEVER, NEVER)


def test_the_band_holds_the_true_moment_about_as_often_as_it_says():
    held = 0
    for account in range(200):
        usage = month("gig_driver", seed=5, account=account)
        told = forecast(usage.daily[:10], GB, at=START + 10 * DAY)
        left, ended = GB, NEVER
        for at, volume in zip(usage.at, usage.volume, strict=True):
            if at >= START + 10 * DAY:
                left -= volume
                if left <= 0:
                    ended = at
                    break
        held += told.earliest <= ended <= told.latest
    assert 100 < held <= 200  # the mean is estimated and weekends differ: fewer than four of five


def test_usage_so_far_is_told_by_full_days():
    account = PrepaidAccount(Tariff(price=0), opened=START)
    account.top_up(10 * QAR, at=START)
    account.buy(Bundle("1 GB", QAR, GB, 30 * DAY), at=START)
    for hours, volume in ((1, 5), (23, 6), (24, 7), (60, 8), (71, 9), (73, 10)):
        account.use(volume, at=START + timedelta(hours=hours))
    assert daily_usage(account.ledger, at=START + 3 * DAY) == (11, 7, 17)
    assert daily_usage(PrepaidAccount(Tariff(price=0), opened=START).ledger, at=START) == ()


@pytest.mark.parametrize(
    ("daily", "left", "message"),
    [([MB], MB, "daily usage"), ([MB, -1], MB, "daily usage: got -1"), ([MB, MB], -1, "data left: got -1")],
)
def test_what_cannot_be_is_told(daily, left, message):
    with pytest.raises(InputError) as caught:
        forecast(daily, left, at=NOON)
    assert str(caught.value).startswith(message)
