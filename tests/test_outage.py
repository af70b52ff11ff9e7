"""Ten minutes in which the charging system goes missing: every byte and every riyal accounted for."""

from datetime import timedelta

import pytest

from prepaid_model.credit_control import FailureHandling
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind
from prepaid_model.outage import CAUSE, LASTS, START, Charged, Story, lived
from prepaid_model.units import MB, QAR

TERMINATE, CONTINUE, RETRY = FailureHandling
STORY = Story(speed=200_000)
WHOLE = STORY.speed * 600
STORIES = [
    STORY,
    STORY._replace(credit=3 * QAR),
    STORY._replace(credit=3 * QAR, owed=False),
    STORY._replace(credit=0),
    STORY._replace(out=0, lost=3),
    STORY._replace(out=0, lost=3, recognised=False),
    STORY._replace(second_server=True),
    STORY._replace(out=5, lost=2, recognised=False, quota=20 * MB),
]


@pytest.mark.parametrize("handling", FailureHandling)
@pytest.mark.parametrize("story", STORIES)
def test_every_byte_passes_or_is_blocked_and_the_ledger_is_lawful(story, handling):
    way = lived(story, handling)
    assert way.outcome.passed + way.blocked == WHOLE
    assert way.without_service == timedelta(seconds=way.blocked // story.speed)
    assert way.never_charged >= 0
    assert way.account.held == 0
    way.account.check()
    ledger = sum(entry.quantity for entry in way.account.ledger if entry.kind is Kind.USAGE)
    assert way.charged == ledger == -(-(way.charged * 50_000 // MB) * MB // 50_000)


@pytest.mark.parametrize("handling", FailureHandling)
@pytest.mark.parametrize("story", STORIES)
def test_spans_and_gaps_fill_the_ten_minutes(story, handling):
    way = lived(story, handling)
    flowed = sum((end - start for spans in way.spans().values() for start, end in spans), timedelta(0))
    gone = sum((end - start for start, end in way.gaps()), timedelta(0))
    assert abs(flowed + gone - LASTS) < timedelta(seconds=1)
    assert abs(gone - way.without_service) < timedelta(seconds=2)


def test_each_way_costs_somebody_else():
    ended, continued, retried = (lived(STORY, handling) for handling in FailureHandling)
    assert ended.without_service > retried.without_service > continued.without_service == timedelta(0)
    assert continued.never_charged < ended.never_charged < retried.never_charged
    assert continued.charged > ended.charged


def test_what_flows_on_trust_is_charged_afterwards_and_below_zero_with_its_cause():
    way = lived(STORY._replace(credit=3 * QAR), CONTINUE)
    assert way.balance == -way.below_zero < 0
    # When it is booked, the session that was given up still holds its last quota, and that comes back later.
    assert (way.owed - STORY.quota) * 50_000 / MB == pytest.approx(way.below_zero, abs=100_000)
    overdrafts = [entry for entry in way.account.ledger if entry.kind is Kind.OVERDRAFT]
    assert sum(entry.quantity for entry in overdrafts) == way.owed
    assert {way.account.ledger.notes[entry.id] for entry in overdrafts} == {CAUSE}
    assert way.spans()[Charged.AFTERWARDS]


def test_what_is_written_off_leaves_the_balance_at_what_was_left():
    owed, forgiven = (lived(STORY._replace(credit=3 * QAR, owed=each), CONTINUE) for each in (True, False))
    assert forgiven.balance >= 0 > owed.balance
    assert forgiven.never_charged > owed.never_charged


def test_an_empty_account_gets_more_in_an_outage_than_out_of_it():
    assert lived(STORY._replace(credit=0), CONTINUE).never_charged > 40 * MB
    assert lived(STORY._replace(credit=0, out=0), CONTINUE).never_charged < 5 * MB


@pytest.mark.parametrize("handling", [CONTINUE, RETRY])
def test_a_second_server_spares_everybody(handling):
    way = lived(STORY._replace(second_server=True), handling)
    assert (way.blocked, way.never_charged, way.charged) == (0, 0, WHOLE)


def test_a_session_that_is_ended_never_asks_the_second_server():
    assert lived(STORY._replace(second_server=True), TERMINATE).blocked == lived(STORY, TERMINATE).blocked


@pytest.mark.parametrize("handling", [CONTINUE, RETRY])
@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_repeat_is_charged_again_only_where_it_is_not_recognised(lost, handling):
    story = STORY._replace(out=0, lost=lost)
    recognised, not_recognised = lived(story, handling), lived(story._replace(recognised=False), handling)
    assert (recognised.charged, recognised.twice) == (WHOLE, 0)
    assert not_recognised.twice == lost * story.quota
    assert not_recognised.charged == WHOLE + not_recognised.twice
    assert recognised.balance - not_recognised.balance == lost * 500_000


def test_a_report_whose_answer_alone_was_lost_counts_as_charged():
    way = lived(STORY._replace(out=0, lost=1), TERMINATE)
    never = way.spans()[Charged.NEVER]
    flowed = sum((end - start for start, end in never), timedelta(0))
    assert way.never_charged == pytest.approx(flowed / timedelta(seconds=1) * STORY.speed, abs=2)


def test_without_any_trouble_all_ways_are_the_same():
    ways = [lived(STORY._replace(out=0), handling) for handling in FailureHandling]
    assert {(way.charged, way.balance, way.blocked) for way in ways} == {(WHOLE, 4 * QAR, 0)}
    assert ways[0].gaps() == []
    assert ways[0].balances()[0] == (START, 10 * QAR)


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"speed": 0}, "speed"), ({"credit": -1}, "credit"), ({"out": -1}, "outage"), ({"lost": -1}, "lost answers")],
)
def test_stories_that_cannot_be(bad, field):
    with pytest.raises(InputError, match=field):
        lived(STORY._replace(**bad), CONTINUE)
