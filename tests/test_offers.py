"""What an operator sells refuses what it cannot mean."""

from datetime import timedelta
from typing import Any

import pytest

from prepaid_model.errors import InputError, Refused
from prepaid_model.offers import BY_THE_BYTE, Bundle, Lifecycle, Validity
from prepaid_model.rating import rate
from prepaid_model.units import GB, QAR, parse_moment

WEEK = timedelta(days=7)


def test_a_plain_bundle_is_counted_byte_by_byte_at_no_further_price() -> None:
    total = rate(BY_THE_BYTE, 12_345, at=parse_moment("2026-01-01 09:00"))
    assert (total.billed, total.charged) == (12_345, 0)


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("bundle price", {"price": -1}),
        ("bundle price", {"price": 1.0}),
        ("bundle price", {"price": None}),
        ("bundle volume", {"volume": 0}),
        ("bundle volume", {"volume": True}),
        ("bundle volume", {"volume": 10**18}),
        ("bundle rollover", {"rollover": -1}),
        ("bundle lasts", {"lasts": timedelta(0)}),
        ("bundle lasts", {"lasts": timedelta.max}),
        ("bundle lasts", {"lasts": 7}),
        ("bundle hours", {"hours": (24, 6)}),
        ("bundle hours", {"hours": (0, 25)}),
        ("bundle hours", {"hours": (0.5, 6)}),
    ],
)
def test_a_bundle_says_what_is_wrong_with_it(field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as wrong:
        Bundle(**({"name": "1 GB", "price": 10 * QAR, "volume": GB, "lasts": WEEK} | settings))
    assert wrong.value.field == field


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("validity", {"validity": ()}),
        ("validity", {"validity": (Validity(5, WEEK), Validity(5, WEEK))}),
        ("validity", {"validity": (Validity(5, WEEK), Validity(1, WEEK))}),
        ("validity amount", {"validity": (Validity(0, WEEK),)}),
        ("validity amount", {"validity": (Validity(1.5, WEEK),)}),  # type: ignore[arg-type]
        ("validity lasts", {"validity": (Validity(5, timedelta(0)),)}),
        ("grace", {"grace": timedelta(days=-1)}),
        ("grace", {"grace": None}),
        ("lend_up_to", {"lend_up_to": -1}),
    ],
)
def test_a_lifecycle_says_what_is_wrong_with_it(field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as wrong:
        Lifecycle(**settings)
    assert wrong.value.field == field


def test_no_grace_at_all_is_a_lifecycle() -> None:
    assert Lifecycle(grace=timedelta(0)).grace == timedelta(0)


def test_validity_depends_on_the_top_up() -> None:
    lifecycle = Lifecycle((Validity(5 * QAR, WEEK), Validity(25 * QAR, 4 * WEEK)))
    assert [lifecycle.lasts(amount * QAR) for amount in (5, 24, 25, 100)] == [WEEK, WEEK, 4 * WEEK, 4 * WEEK]
    with pytest.raises(Refused, match=r"top up QAR 4.00: refused, the smallest top-up is QAR 5.00"):
        lifecycle.lasts(4 * QAR)
