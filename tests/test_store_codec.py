"""What entries agreed, as text and back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.billing import Dunning, Issued, Unpaid
from prepaid_model.buckets import Terms
from prepaid_model.catalogue import catalogue
from prepaid_model.credit import AutoTopUp
from prepaid_model.cycles import Period, cycle_at
from prepaid_model.errors import InputError
from prepaid_model.offers import Bundle, Lifecycle, Plan, Validity
from prepaid_model.rating import HourPrice, Running, Tariff, Tier
from prepaid_model.storage import Damaged
from prepaid_model.storage.codec import KINDS, clock_moment, clock_text, read, write
from prepaid_model.storage.parts import Postpaid, PostpaidStanding, Prepaid, PrepaidStanding
from prepaid_model.units import MB, QAR, ZONE, parse_moment

NOON = parse_moment("2026-01-01 12:00")
DAY = timedelta(days=1)
BY_TIERS = Tariff(price=50_000, tiers=(Tier(10 * MB, 20_000),), session_fee=5, cap=QAR, at_cap="free", round_to=7)
BY_HOURS = Tariff(price=50_000, hours=(HourPrice(22, 6, 10_000),), rounding="down", each_report_alone=True)
BUNDLE = Bundle("وردة", QAR, MB, DAY, "video", (22, 6), BY_HOURS, priority=3, blocker=True, rollover=1)
PLAN = Plan("Plus", 35 * QAR, MB, BY_TIERS, 100 * QAR, spend_cap=5 * QAR, due_after=9 * DAY)
LIFECYCLE = Lifecycle((Validity(1, DAY), Validity(5 * QAR, 30 * DAY)), grace=timedelta(0), lend_up_to=QAR)

THINGS = [
    *(NOON, NOON + timedelta(microseconds=1), True, False, ((5, 25), (6, 75)), "words", 10**15, None, ()),
    *(BY_TIERS, BY_HOURS, BY_TIERS.tiers[0], BY_HOURS.hours[0], Running(1, 2, 3, 4)),
    *(BUNDLE, Terms(BUNDLE, NOON, NOON + DAY, paid=5, renews=True), LIFECYCLE, AutoTopUp(0, QAR)),
    *(PLAN, cycle_at(NOON, 15), Period(PLAN, NOON, cycle_at(NOON, 15)), Issued(-QAR, NOON)),
    *(Dunning(DAY, 2 * DAY, 3 * DAY), Unpaid(7, NOON, QAR, reminded=True)),
    *(Prepaid(BY_HOURS, LIFECYCLE, "oldest", True, AutoTopUp(1, 2)), PrepaidStanding(0, None, NOON)),
    Postpaid(Dunning(), 31, "largest"),
    PostpaidStanding(1, 2, False, Running(), 3, 4, (Unpaid(7, NOON, QAR),), True),
]


@pytest.mark.parametrize("thing", THINGS, ids=[f"{place} {type(each).__name__}" for place, each in enumerate(THINGS)])
def test_everything_comes_back_as_it_was(thing):
    again = read(write(thing))
    assert again == thing
    assert type(again) is type(thing)
    assert write(again) == write(thing)


def test_every_kind_of_thing_was_there():
    assert {type(thing).__name__ for thing in THINGS} >= KINDS.keys() - {"Validity"}
    assert type(read(write(LIFECYCLE)).validity[0]) is Validity


def test_all_that_the_example_operator_sells_comes_back():
    sold = catalogue()
    for offer in (*sold.tariffs.values(), *sold.bundles.values(), *sold.plans.values(), sold.lifecycle):
        assert read(write(offer)) == offer


@given(st.datetimes(min_value=parse_moment("1970-01-01").replace(tzinfo=None)))
def test_a_moment_comes_back_to_the_microsecond_on_the_same_clock(at):
    moment = at.replace(tzinfo=ZONE)
    again = clock_moment(clock_text(moment))
    assert again == moment
    assert again.tzinfo is ZONE


@given(st.lists(st.datetimes(), min_size=2, max_size=5))
def test_texts_of_moments_are_in_the_order_of_the_moments(moments):
    texts = [clock_text(moment.replace(tzinfo=ZONE)) for moment in moments]
    assert sorted(texts) == [clock_text(moment.replace(tzinfo=ZONE)) for moment in sorted(moments)]


@pytest.mark.parametrize("thing", [0.5, {1, 2}, {"a": 1}, b"bytes", object, DAY.total_seconds])
def test_nothing_else_can_be_written(thing):
    with pytest.raises(InputError, match="expected text, whole numbers, times, or one of Tariff"):
        write((1, thing))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "0.5",
        "NaN",
        '{"at":"2026-01-01","Tier":{}}',
        '{"at":"yesterday"}',
        '{"at":7}',
        '{"Gift":{}}',
        '{"Tier":[]}',
        '{"Tier":{"above":1}}',
        '{"AutoTopUp":{"threshold":1,"amount":2,"gift":3}}',
        '{"microseconds":"long"}',
        '{"microseconds":100000000000000000000000000}',
        '{"HourPrice":{"start":1,"end":2,"price":0.5}}',
        write(BY_TIERS).replace('"price":50000', '"price":-1'),
    ],
)
def test_a_text_that_stands_for_nothing_is_told(text):
    with pytest.raises(Damaged, match=r"stands for nothing|is no moment"):
        read(text)
