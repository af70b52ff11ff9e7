"""Who pays for a volume, in which order, and when a bucket serves at all."""

from datetime import timedelta
from typing import Any

import pytest

from prepaid_model.buckets import MAIN, ORDERS, Bucket, Purse, Session, Terms, plan
from prepaid_model.hours import Flow, size, spread
from prepaid_model.offers import BY_THE_BYTE, Bundle
from prepaid_model.rating import Tariff, rate
from prepaid_model.units import parse_moment

NINE = parse_moment("2026-01-01 09:00")
DAY = timedelta(days=1)
PER_BYTE = Tariff(price=2, per=1, increment=1)


def bucket(number: int, left: int, *, starts: int = 0, expires: int = 10, **terms: Any) -> Bucket:
    bundle = Bundle(f"bucket {number}", 0, 1000, DAY, **terms)
    return Bucket(number, Terms(bundle, NINE + starts * DAY, NINE + expires * DAY), left)


def all_at_once(volume: int) -> Flow:
    return spread(volume, NINE)


def parts(
    buckets: list[Bucket], volume: int, *, credit: int = 0, tariff: Tariff | None = None, session: Session | None = None
) -> tuple[list[tuple[int, int]], int]:
    """Who serves how much (bucket id, bytes), and what nobody serves."""
    draws, rest = plan(Purse(buckets, credit, tariff), all_at_once(volume), session or Session())
    return [(draw.bucket.id if draw.bucket else MAIN, size(draw.flow)) for draw in draws], size(rest)


# ------------------------------------------------------------------------------------ order


def test_each_order_has_its_rule_and_ties_go_to_the_older_grant() -> None:
    early_small = bucket(3, 10, expires=1)
    late_large = bucket(2, 500, expires=9)
    early_large = bucket(4, 500, expires=1, priority=5)
    buckets = [late_large, early_large, early_small]

    def order(name: str) -> list[int]:
        return [one.id for one in sorted(buckets, key=ORDERS[name])]

    assert order("soonest expiry") == [3, 4, 2]
    assert order("priority") == [4, 3, 2]
    assert order("oldest") == [2, 3, 4]
    assert order("largest") == [2, 4, 3]


def test_buckets_pay_in_turn_and_then_the_main_balance() -> None:
    assert parts([bucket(1, 30), bucket(2, 20)], 100, credit=40, tariff=PER_BYTE) == ([(1, 30), (2, 20), (0, 20)], 30)


def test_without_consent_the_main_balance_pays_nothing() -> None:
    assert parts([bucket(1, 30)], 100, credit=10**6) == ([(1, 30)], 70)


def test_an_empty_bucket_is_passed_over() -> None:
    assert parts([bucket(1, 0), bucket(2, 5)], 5) == ([(2, 5)], 0)


def test_nothing_is_changed_by_a_plan() -> None:
    full, session = bucket(1, 30), Session()
    parts([full], 10, session=session)
    assert (full.left, session.totals, session.operation) == (30, {}, 0)


def test_a_blocker_that_cannot_pay_lets_nothing_after_it_pay() -> None:
    assert parts([bucket(1, 30, blocker=True), bucket(2, 50)], 40, credit=99, tariff=PER_BYTE) == ([(1, 30)], 10)
    assert parts([bucket(2, 5), bucket(1, 30, blocker=True)], 40) == ([(2, 5), (1, 30)], 5)
    assert parts([bucket(1, 0, blocker=True), bucket(2, 50)], 40) == ([], 40)


def test_a_debt_on_the_main_balance_does_not_stop_a_bucket() -> None:
    assert parts([bucket(1, 30)], 40, credit=-5, tariff=PER_BYTE) == ([(1, 30)], 10)


# ------------------------------------------------------------------------------------ counting


def test_a_bucket_has_its_own_increment() -> None:
    by_sixty = bucket(1, 150, tariff=Tariff(price=0, per=1, increment=60))
    ((draw,), rest) = plan(Purse([by_sixty], 0, None), all_at_once(80), Session())
    assert (size(draw.flow), draw.volume, draw.money, rest) == (80, 120, 0, ())


def test_a_bucket_with_a_price_takes_bytes_and_money() -> None:
    priced = bucket(1, 250, tariff=Tariff(price=1, per=1, increment=10))
    ((draw,), _) = plan(Purse([priced], 350, None), all_at_once(65), Session())
    assert (draw.volume, draw.money) == (70, 70)
    assert parts([priced], 65, credit=30) == ([(1, 30)], 35)


def test_a_fee_per_session_is_told_apart() -> None:
    with_fee = bucket(1, 100, tariff=Tariff(price=0, per=1, increment=1, session_fee=7))
    session = Session()
    ((draw,), _) = plan(Purse([with_fee], 10, None), all_at_once(5), session)
    assert (draw.money, draw.fee) == (7, 7)
    session.totals[1] = draw.after
    ((draw,), _) = plan(Purse([with_fee], 3, None), all_at_once(5), session)
    assert (draw.money, draw.fee) == (0, 0)
    assert parts([with_fee], 5, credit=6) == ([], 5)


def test_a_fee_under_a_cap_is_no_more_than_what_is_charged() -> None:
    capped = Tariff(price=0, per=1, increment=1, session_fee=7, cap=5, at_cap="free")
    ((draw,), _) = plan(Purse([], 100, capped), all_at_once(5), Session())
    assert (draw.money, draw.fee) == (5, 5)


# ------------------------------------------------------------------------------------ slack


def test_slack_already_paid_for_serves_first() -> None:
    session = Session()
    by_ten = Tariff(price=3, per=10, increment=10)
    session.totals[MAIN] = rate(by_ten, 4, at=NINE)  # six bytes are paid for and not yet used
    assert parts([bucket(1, 100)], 8, tariff=by_ten, session=session) == ([(0, 6), (1, 2)], 0)


def test_slack_of_a_later_bucket_serves_even_behind_a_blocker() -> None:
    session = Session()
    counting = Tariff(price=0, per=1, increment=10)
    later = bucket(2, 90, tariff=counting)
    session.totals[2] = rate(counting, 4, at=NINE)
    assert parts([bucket(1, 0, blocker=True), later], 8, session=session) == ([(2, 6)], 2)


def test_each_bucket_and_the_tariff_keep_totals_of_their_own() -> None:
    session = Session()
    first, second = bucket(1, 10, tariff=Tariff(price=0, per=1, increment=10)), bucket(2, 50)
    by_ten = Tariff(price=3, per=10, increment=10)
    for _ in range(3):
        draws, _ = plan(Purse([first, second], 100, by_ten), all_at_once(25), session)
        for draw in draws:
            session.totals[draw.bucket.id if draw.bucket else MAIN] = draw.after
            if draw.bucket:
                draw.bucket.left -= draw.volume
    assert {source: (total.used, total.billed) for source, total in session.totals.items()} == {
        1: (10, 10),
        2: (50, 50),
        MAIN: (15, 20),
    }


def test_rounding_every_report_alone_gives_no_slack() -> None:
    session = Session()
    careless = Tariff(price=3, per=10, increment=10, each_report_alone=True)
    session.totals[MAIN] = rate(careless, 4, at=NINE)
    assert parts([], 8, credit=2, tariff=careless, session=session) == ([], 8)


def test_a_session_spread_over_hours_is_shared_out_in_the_order_its_bytes_flow() -> None:
    flow = spread(100, NINE, NINE + timedelta(hours=2))
    draws, rest = plan(Purse([bucket(1, 30), bucket(2, 40)], 0, None), flow, Session())
    assert [draw.flow for draw in draws] == [((9, 30),), ((9, 20), (10, 20))]
    assert rest == ((10, 30),)


# ------------------------------------------------------------------------------------ when it serves


def test_a_bucket_is_live_from_its_start_until_the_instant_it_expires() -> None:
    one = bucket(1, 5, starts=1, expires=3)
    moment = timedelta(microseconds=1)
    assert [one.live(NINE + at) for at in (DAY - moment, DAY, 3 * DAY - moment, 3 * DAY)] == [False, True, True, False]


def test_a_bucket_for_one_kind_of_traffic_serves_only_that() -> None:
    video = bucket(1, 5, traffic="video")
    assert (video.serves(NINE, "video"), video.serves(NINE, "general")) == (True, False)
    assert bucket(2, 5).serves(NINE, "video")


def test_a_bucket_for_hours_of_the_day_serves_only_then_over_midnight_too() -> None:
    night = bucket(1, 5, hours=(22, 6))
    served = [hour for hour in range(24) if night.serves((NINE + DAY).replace(hour=hour), "general")]
    assert served == [0, 1, 2, 3, 4, 5, 22, 23]


def test_the_next_change_of_a_bucket() -> None:
    plain, night = bucket(1, 5, starts=1), bucket(2, 5, hours=(22, 6), expires=1)
    assert plain.next_change(NINE) == NINE + DAY
    assert plain.next_change(NINE + DAY) == NINE + 10 * DAY
    assert night.next_change(NINE) == NINE.replace(hour=22)
    assert night.next_change(NINE.replace(hour=22)) == (NINE + DAY).replace(hour=6)
    assert night.next_change((NINE + DAY).replace(hour=6)) == NINE + DAY
    until_midnight = bucket(3, 5, hours=(18, 24))
    assert until_midnight.next_change(NINE.replace(hour=18)) == (NINE + DAY).replace(hour=0)


@pytest.mark.parametrize(
    ("plain", "terms"),
    [
        (True, {}),
        (True, {"priority": 9, "blocker": True, "rollover": 5}),
        (True, {"tariff": Tariff(price=0, per=7, increment=1)}),
        (False, {"traffic": "video"}),
        (False, {"hours": (0, 24)}),
        (False, {"tariff": Tariff(price=0, per=1, increment=2)}),
        (False, {"tariff": Tariff(price=1, per=1, increment=1)}),
        (False, {"tariff": Tariff(price=0, per=1, increment=1, session_fee=1)}),
        (False, {"tariff": Tariff(price=0, per=1, increment=1, first_block=9)}),
        (False, {"tariff": Tariff(price=0, per=1, increment=1, cap=0)}),
        (False, {"tariff": BY_THE_BYTE, "traffic": "music"}),
    ],
)
def test_a_plain_bucket_gives_any_byte_at_any_hour_at_no_price(plain: bool, terms: dict[str, Any]) -> None:  # noqa: FBT001
    assert bucket(1, 5, **terms).plain is plain


def test_a_bucket_is_called_what_its_bundle_is_called() -> None:
    assert bucket(1, 5).name == "bucket 1"
