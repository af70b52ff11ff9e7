"""Whoever reads alerts acts on one kind of them, no sooner than they have arrived and been read."""

from datetime import timedelta

import pytest

from prepaid_model.alerts import APP, SMS, Channel, UsedShare
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.reader import Reader
from prepaid_model.timeline import NEVER
from prepaid_model.units import MB, parse_moment

NINE = parse_moment("2026-01-01 09:00")
HOUR = timedelta(hours=1)
WEEK = catalogue().bundles["week_1gb"]


@pytest.fixture
def account():
    shop = catalogue()
    made = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=NINE)
    made.top_up(WEEK.price, at=NINE)
    made.buy(WEEK, at=NINE)
    return made


def test_it_acts_when_the_message_has_travelled_and_been_read(account):
    reader = Reader(account, WEEK, 80, (50,), SMS, reads_after=3 * HOUR)
    account.use(800 * MB, at=NINE + HOUR)
    assert reader.due == NINE + HOUR + SMS.delay
    reader.advance(reader.due)
    assert [alert.rule for _, alert in reader.received] == [UsedShare(50), UsedShare(80)]
    assert reader.recharged == []
    assert reader.due == NINE + 4 * HOUR + SMS.delay
    reader.advance(reader.due)
    assert reader.recharged == [NINE + 4 * HOUR + SMS.delay]
    assert reader.due == NEVER
    assert account.data_left == 1200 * MB
    assert account.credit == 0


def test_other_alerts_are_let_be(account):
    reader = Reader(account, WEEK, 80, (50,), APP, reads_after=0 * HOUR)
    account.use(799 * MB, at=NINE + HOUR)
    reader.advance(NINE + 9 * HOUR)
    assert [alert.rule for alert in reader.sent] == [UsedShare(50)]
    assert reader.recharged == []


def test_each_bundle_is_warned_of_anew(account):
    reader = Reader(account, WEEK, 80, (), APP, reads_after=0 * HOUR)
    for hours, volume in ((1, 800), (2, 900), (3, 600)):
        account.use(volume * MB, at=NINE + hours * HOUR)
        reader.advance(NINE + hours * HOUR)
    assert reader.recharged == [NINE + HOUR, NINE + 3 * HOUR]
    assert sum(entry.kind is Kind.GRANT for entry in account.ledger) == 3


def test_what_was_sent_is_known_before_it_arrives(account):
    reader = Reader(account, WEEK, 80, (), Channel("slow", 48 * HOUR), reads_after=0 * HOUR)
    account.use(900 * MB, at=NINE + HOUR)
    reader.advance(NINE + 2 * HOUR)
    assert len(reader.sent) == 1
    assert reader.received == []


@pytest.mark.parametrize(("delay", "reading", "field"), [(-1, 0, "message delay"), (0, -1, "read after")])
def test_nothing_is_read_before_it_is_sent(account, delay, reading, field):
    with pytest.raises(InputError, match=field):
        Reader(account, WEEK, 80, (), Channel("odd", delay * HOUR), reads_after=reading * HOUR)


@pytest.mark.parametrize("percent", [0, 101, "80"])
def test_a_share_is_from_1_to_100(account, percent):
    with pytest.raises(InputError, match="percent used"):
        Reader(account, WEEK, percent, (), APP, reads_after=0 * HOUR)
