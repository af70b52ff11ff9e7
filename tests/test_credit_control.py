"""The words of credit control: their numbers, typed in anew from the standards, and what cannot be said."""

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.credit_control import (
    Action,
    CreditControlAnswer,
    CreditControlRequest,
    DirectDebitingFailureHandling,
    FailureHandling,
    FinalUnitAction,
    Octets,
    ReportingReason,
    RequestType,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
    unit_value,
)
from prepaid_model.errors import InputError
from prepaid_model.units import LARGEST

NUMBERS: dict[type[IntEnum], dict[str, int]] = {
    RequestType: {"INITIAL": 1, "UPDATE": 2, "TERMINATION": 3, "EVENT": 4},
    Action: {"DIRECT_DEBITING": 0, "REFUND_ACCOUNT": 1, "CHECK_BALANCE": 2, "PRICE_ENQUIRY": 3},
    ResultCode: {
        "SUCCESS": 2001,
        "END_USER_SERVICE_DENIED": 4010,
        "CREDIT_CONTROL_NOT_APPLICABLE": 4011,
        "CREDIT_LIMIT_REACHED": 4012,
        "UNKNOWN_SESSION_ID": 5002,
        "UNABLE_TO_COMPLY": 5012,
        "USER_UNKNOWN": 5030,
        "RATING_FAILED": 5031,
    },
    FinalUnitAction: {"TERMINATE": 0, "REDIRECT": 1, "RESTRICT_ACCESS": 2},
    FailureHandling: {"TERMINATE": 0, "CONTINUE": 1, "RETRY_AND_TERMINATE": 2},
    DirectDebitingFailureHandling: {"TERMINATE_OR_BUFFER": 0, "CONTINUE": 1},
    ReportingReason: {
        "THRESHOLD": 0,
        "QHT": 1,
        "FINAL": 2,
        "QUOTA_EXHAUSTED": 3,
        "VALIDITY_TIME": 4,
        "RATING_CONDITION_CHANGE": 6,
        "FORCED_REAUTHORISATION": 7,
    },
}


@pytest.mark.parametrize("words", NUMBERS, ids=lambda words: words.__name__)
def test_words_have_the_numbers_of_the_standards(words: type[IntEnum]) -> None:
    assert {word.name: word.value for word in words} == NUMBERS[words]


def test_both_ways_add_up() -> None:
    both = Octets(1, 20) + Octets(300, 4000)
    assert (both, both.total) == (Octets(301, 4020), 4321)
    with pytest.raises(TypeError):
        both + 1


@pytest.mark.parametrize(
    ("said", "field", "expected"),
    [
        ({"rating_group": -1}, "rating group", "a whole number, 0 or more"),
        ({"rating_group": 0, "requested": 0.5}, "requested units", "a whole number of bytes, 0 or more"),
        ({"rating_group": 0, "requested": LARGEST + 1}, "requested units", "at most 10**15 bytes"),
        ({"rating_group": 0, "used": Octets(5, -1)}, "used units", "a whole number of bytes, 0 or more"),
        ({"rating_group": 0, "used": Octets(LARGEST, 1)}, "used units", "at most 10**15 bytes"),
        (
            {"rating_group": 0, "used": Octets(1, 1), "used_before_change": Octets(0, 3)},
            "used before tariff change",
            "no more than the used units",
        ),
        (
            {"rating_group": 0, "used_before_change": Octets(0, 3)},
            "used before tariff change",
            "no more than the used units",
        ),
    ],
)
def test_a_service_that_cannot_be(said, field, expected) -> None:
    with pytest.raises(InputError) as no:
        ServiceRequest(**said)
    assert (no.value.field, no.value.expected) == (field, expected)


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (RequestType.INITIAL, {"number": -1}, "request number"),
        (RequestType.UPDATE, {"action": Action.CHECK_BALANCE}, "requested action"),
        (RequestType.EVENT, {}, "requested action"),
        (RequestType.INITIAL, {"services": (ServiceRequest(7), ServiceRequest(7))}, "rating groups"),
    ],
)
def test_a_request_that_cannot_be(kind, said, field) -> None:
    with pytest.raises(InputError) as no:
        CreditControlRequest("s", kind, **{"number": 0, "subscriber": "sim"} | said)
    assert no.value.field == field


def test_an_answer_is_asked_for_a_rating_group() -> None:
    services = (ServiceAnswer(3, ResultCode.SUCCESS, 5), ServiceAnswer(4, ResultCode.RATING_FAILED))
    answer = CreditControlAnswer("s", RequestType.INITIAL, 0, ResultCode.SUCCESS, services)
    assert answer.service(4) is services[1]
    with pytest.raises(KeyError):
        answer.service(5)


@given(st.integers(-LARGEST, LARGEST))
def test_money_on_the_wire_is_exact_and_short(micros: int) -> None:
    digits, exponent = unit_value(micros)
    assert digits * 10 ** (exponent + 6) == micros
    assert -6 <= exponent <= 0
    assert digits % 10 or exponent == 0
