"""What is overheard is what was said: the messages of gateway, server, account and ledger, and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.conversation import Conversation, Story, converse
from prepaid_model.credit_control import FinalUnitAction, Octets, ReportingReason, RequestType, ServiceRequest
from prepaid_model.errors import InputError
from prepaid_model.laws import Kind
from prepaid_model.messages import Party, Stock, answer_fields, octets_in_words, request_fields
from prepaid_model.units import MB, QAR

TWO = ("phone", "tablet")
SHARED = {"credit": 300_000, "volume": 6 * MB, "devices": TWO}
REDIRECTED = {"credit": 200_000, "quota": 3 * MB, "volume": 9 * MB, "final": FinalUnitAction.REDIRECT}

stories = st.builds(
    Story,
    credit=st.integers(0, 20).map(lambda number: number * 50_000),
    data=st.sampled_from([0, 3 * MB, 20 * MB]),
    quota=st.integers(1, 10).map(lambda number: number * MB),
    volume=st.integers(1, 12 * MB),
    devices=st.sampled_from([("phone",), TWO, ("phone", "tablet", "watch")]),
    final=st.sampled_from(FinalUnitAction),
    top_up=st.sampled_from([0, QAR]),
)


def names(told: Conversation) -> list[str]:
    return [step.name for step in told.steps]


def values(told: Conversation, name: str) -> dict[str, str]:
    """Return the fields of the first message of a name."""
    step = next(step for step in told.steps if step.name == name)
    return {field.name or field.words: field.value for field in step.fields}


# ------------------------------------------------------------------------------------------- a page loads


def test_nothing_flows_before_it_is_asked_for_rated_reserved_written_down_and_granted():
    told = converse(Story())
    assert names(told)[:9] == [
        "traffic",
        "CCR INITIAL",
        "PriceRequest",
        "PriceResponse",
        "reserve",
        "entries",
        "reserved",
        "CCA INITIAL",
        "traffic",
    ]
    way = [(step.sender, step.receiver) for step in told.steps[:8]]
    assert way == [
        (Party.PHONE, Party.GATEWAY),
        (Party.GATEWAY, Party.SESSION),
        (Party.SESSION, Party.RATING),
        (Party.RATING, Party.SESSION),
        (Party.SESSION, Party.BALANCE),
        (Party.BALANCE, Party.LEDGER),
        (Party.BALANCE, Party.SESSION),
        (Party.SESSION, Party.GATEWAY),
    ]


def test_reserve_consume_report_release_as_the_account_sees_them():
    told = converse(Story())
    stock = {step.name: step.stock for step in told.steps}
    assert stock["reserve"] == Stock(used=0, held=0, free=QAR)
    assert stock["CCA INITIAL"] == stock["traffic"] == Stock(used=0, held=250_000, free=750_000)
    assert stock["CCA TERMINATION"] == Stock(used=250_000, held=0, free=750_000)


def test_a_second_slice_is_reported_and_reserved_anew_in_one_request():
    told = converse(Story(quota=3 * MB))
    first = names(told).index("CCR UPDATE")
    assert names(told)[first : first + 12] == [
        "CCR UPDATE",
        *("PriceRequest", "PriceResponse", "debit", "entries", "debited"),
        *("PriceRequest", "PriceResponse", "reserve", "entries", "reserved"),
        "CCA UPDATE",
    ]


def test_smaller_slices_are_more_messages_and_hold_less():
    small, large = converse(Story(quota=MB)), converse(Story(quota=5 * MB))
    assert small.requests > large.requests
    assert max(step.stock.held for step in small.steps) < max(step.stock.held for step in large.steps)
    assert small.steps[-1].stock == large.steps[-1].stock


def test_a_bundle_pays_in_bytes_and_nothing_has_a_price():
    told = converse(Story(data=20 * MB, volume=12 * MB))
    assert told.steps[0].stock == Stock(0, 0, 20 * MB)
    assert told.steps[-1].stock == Stock(12 * MB, 0, 8 * MB)
    assert {{f.words: f.value for f in s.fields}["price"] for s in told.steps if s.name == "PriceResponse"} == {
        "QAR 0.00"
    }


def test_a_whole_bundle_may_be_left():
    assert converse(Story(data=500 * MB)).steps[0].stock == Stock(0, 0, 500 * MB)


def test_without_credit_the_first_answer_is_4012_and_nothing_flows():
    told = converse(Story(credit=0))
    assert told.carried("phone") == 0
    assert "DIAMETER_CREDIT_LIMIT_REACHED (4012)" in values(told, "CCA INITIAL").values()
    assert told.steps[-1].label == "4.5 MB blocked"


# --------------------------------------------------------------------------------------------- the last units


def test_the_last_units_are_announced_with_what_is_to_follow():
    told = converse(Story(credit=200_000, quota=3 * MB, volume=6 * MB))
    answer = values(told, "CCA UPDATE")
    assert answer["Granted-Service-Unit, CC-Total-Octets"] == "1000000 (1 MB)"
    assert answer["Final-Unit-Indication, Final-Unit-Action"] == "TERMINATE (0)"
    assert names(told).count("CCR TERMINATION") == 1
    assert told.carried("phone") == 4 * MB


def test_redirect_top_up_and_reauthorisation_bring_the_page_back():
    told = converse(Story(**REDIRECTED, top_up=5 * QAR))
    said = names(told)
    at = said.index("top-up")
    assert said[at - 1 : at + 5] == ["redirect", "top-up", "entries", "RAR", "RAA", "CCR UPDATE"]
    assert told.carried("phone") > converse(Story(**REDIRECTED)).carried("phone") == 4 * MB
    assert values(told, "CCA UPDATE")["Redirect-Server-Address"] == "http://topup.example"


def test_who_was_cut_off_is_not_woken_by_a_top_up():
    told = converse(Story(**{**REDIRECTED, "final": FinalUnitAction.TERMINATE}, top_up=5 * QAR))
    assert "RAR" not in names(told)
    assert told.carried("phone") == 4 * MB


def test_a_top_up_while_units_are_left_has_the_gateway_report_at_once():
    told = converse(Story(volume=9 * MB, quota=8 * MB, top_up=QAR))
    after = told.steps[names(told).index("RAA") + 1 :]
    reasons = [field.value for step in after for field in step.fields if field.name.startswith("Reporting-Reason")]
    assert reasons[0] == "FORCED_REAUTHORISATION (7)"


# ---------------------------------------------------------------------------------------------- two devices


def test_the_second_device_gets_what_is_not_held_and_no_byte_is_given_twice():
    told = converse(Story(**SHARED, quota=4 * MB))
    first = {device: next(s for s in told.steps if (s.device, s.name) == (device, "CCA INITIAL")) for device in TWO}
    assert [first[device].slice.granted for device in TWO] == [4 * MB, 2 * MB]
    assert first["tablet"].stock == Stock(used=0, held=300_000, free=0)
    assert sum(told.carried(device) for device in TWO) == 6 * MB


def test_a_large_quota_keeps_out_the_second_device_and_a_small_one_shares():
    large, small = (converse(Story(**SHARED, quota=quota * MB)) for quota in (6, 1))
    assert large.carried("tablet") == 0
    assert small.carried("tablet") == 2 * MB
    assert sum(map(large.carried, TWO)) == sum(map(small.carried, TWO)) == 6 * MB


# ----------------------------------------------------------------------------------- nothing is made up


@given(stories)
def test_what_is_told_is_what_the_gateways_sent_and_the_ledger_holds(story):
    told = converse(story)
    told.account.check()
    sent = [message for gateway in told.gateways.values() for message in gateway.outcome.messages]
    requests = [step for step in told.steps if step.name.startswith("CCR")]
    answers = [step for step in told.steps if step.name.startswith("CCA")]
    assert sorted(step.fields for step in requests) == sorted(request_fields(message.request) for message in sent)
    assert sorted(step.fields for step in answers) == sorted(
        answer_fields(message.answer) for message in sent if message.answer
    )
    written = [field.words for step in told.steps if step.name == "entries" for field in step.fields]
    booked = [entry for entry in told.account.ledger if entry.kind in (Kind.HOLD, Kind.RELEASE)]
    assert {f"entry {entry.id}: {entry.kind.label}" for entry in booked} <= set(written)
    assert len(written) == len(set(written))


@given(stories)
def test_used_held_and_free_add_up_at_every_step(story):
    told = converse(story)
    total = sum(told.steps[0].stock)
    for step in told.steps:
        assert min(step.stock) >= 0
        if step.sender is Party.BALANCE and "top up" in step.label and not story.data:
            total += story.top_up
        assert sum(step.stock) == total
        assert step.slice.used <= step.slice.granted
    assert told.steps[-1].stock.held == 0


@given(stories)
def test_every_byte_that_flowed_was_granted_and_paid_or_blocked(story):
    told = converse(story)
    for device, gateway in told.gateways.items():
        (flow,) = gateway.outcome.flows
        assert flow.passed.total + flow.blocked.total + flow.redirected.total == story.volume
        granted = sum(s.slice.granted for s in told.steps if s.device == device and s.name.startswith("CCA"))
        assert flow.passed.total <= granted
    assert all(step.at <= later.at for step, later in pairwise(told.steps))


# --------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"credit": -1}, "credit"),
        ({"credit": 101 * QAR}, "credit"),
        ({"top_up": 101 * QAR}, "top-up"),
        ({"volume": 0}, "volume"),
        ({"volume": 101 * MB}, "volume"),
        ({"data": 501 * MB}, "data"),
        ({"devices": ()}, "devices"),
        ({"devices": ("phone", "phone")}, "devices"),
    ],
)
def test_a_story_that_cannot_be_is_refused(wrong, field):
    with pytest.raises(InputError, match=field):
        Story(**wrong)


def test_fields_have_the_names_of_the_standard_and_the_values_of_the_request():
    from prepaid_model.credit_control import CreditControlRequest

    used = ServiceRequest(7, requested=5, used=Octets(1, 2), reason=ReportingReason.THRESHOLD)
    fields = {
        field.name: field.value
        for field in request_fields(CreditControlRequest("s", RequestType.UPDATE, 3, "me", (used,)))
    }
    assert fields == {
        "Session-Id": "s",
        "CC-Request-Type": "UPDATE_REQUEST (2)",
        "CC-Request-Number": "3",
        "Subscription-Id": "me",
        "Rating-Group": "7",
        "Used-Service-Unit, CC-Total-Octets": octets_in_words(Octets(1, 2)),
        "Reporting-Reason (TS 32.299)": "THRESHOLD (0)",
        "Requested-Service-Unit": "5 (5 B)",
    }
