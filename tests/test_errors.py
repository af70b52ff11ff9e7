"""Two ways to say no, each with what a person needs to mend it."""

from typing import Any

import pytest

from prepaid_model.errors import InputError, Refused, whole


def test_bad_input_names_field_value_and_what_was_expected() -> None:
    wrong = InputError("top-up amount", "-5", "riyals such as 25")
    assert (wrong.field, wrong.value, wrong.expected) == ("top-up amount", "-5", "riyals such as 25")
    assert str(wrong) == "top-up amount: got '-5', expected riyals such as 25"
    assert isinstance(wrong, ValueError)


def test_a_refusal_names_operation_and_reason() -> None:
    no = Refused("buy 1 GB", "the credit is QAR 4.00")
    assert (no.operation, no.reason) == ("buy 1 GB", "the credit is QAR 4.00")
    assert str(no) == "buy 1 GB: refused, the credit is QAR 4.00"
    assert not isinstance(no, ValueError)


@pytest.mark.parametrize("value", [-1, 0.0, 1.0, True, False, None, "1", 1j])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"volume: got .*, expected a whole number of bytes, 0 or more"):
        whole("volume", value, unit="bytes")


def test_the_least_there_may_be() -> None:
    assert whole("days", 1, least=1) == 1
    with pytest.raises(InputError, match="days: got 0, expected a whole number, 1 or more"):
        whole("days", 0, least=1)
