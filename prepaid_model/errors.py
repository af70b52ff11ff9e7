"""The two ways an operation says no: the input is not valid, or the rules refuse it."""

from typing import Any


class InputError(ValueError):
    """A value that cannot be what it should be; nothing has been changed.

    Parameters
    ----------
    field : str
        What the value was meant for, in words a person uses ("top-up amount").
    value : object
        What was given.
    expected : str
        What would have been right ("a positive whole number of micros").

    Examples
    --------
    >>> print(InputError("top-up amount", -5, "more than zero"))
    top-up amount: got -5, expected more than zero
    """

    def __init__(self, field: str, value: Any, expected: str) -> None:
        super().__init__(f"{field}: got {value!r}, expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected


class Refused(Exception):
    """A valid request that the rules of the account do not allow; nothing has been changed.

    Examples
    --------
    >>> print(Refused("buy 1 GB", "it costs QAR 10.00, the credit is QAR 4.00"))
    buy 1 GB: refused, it costs QAR 10.00, the credit is QAR 4.00
    """

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation}: refused, {reason}")
        self.operation = operation
        self.reason = reason


def whole(field: str, value: Any, *, least: int = 0, unit: str = "") -> int:
    """Return `value` if it is a whole number of at least `least`, else raise `InputError`.

    Booleans and floats are refused: money and bytes are exact (see `prepaid_model.units`).

    Examples
    --------
    >>> whole("volume", 5, unit="bytes")
    5
    >>> whole("volume", 0.5, unit="bytes")
    Traceback (most recent call last):
        ...
    prepaid_model.errors.InputError: volume: got 0.5, expected a whole number of bytes, 0 or more
    """
    if type(value) is not int or value < least:
        of_unit = f" of {unit}" if unit else ""
        raise InputError(field, value, f"a whole number{of_unit}, {least} or more")
    return value
