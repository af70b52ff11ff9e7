"""The catalogue loads; what is wrong in it is told with file, entry, field, value and what was expected."""

import re
from datetime import timedelta

import pytest

from prepaid_model.catalogue import catalogue, read_catalogue
from prepaid_model.tables import DATA, DataError
from prepaid_model.units import GB, MB, QAR

SHOP = catalogue()
TEXT = (DATA / "catalogue.toml").read_text(encoding="utf-8")


@pytest.fixture
def refused(tmp_path):
    """Give a function that plants a fault in the file and returns what is said of it."""

    def plant(right, wrong, count=1):
        assert right in TEXT, "the fault has no place to be planted in"
        path = tmp_path / "catalogue.toml"
        path.write_text(TEXT.replace(right, wrong, count), encoding="utf-8")
        with pytest.raises(DataError) as said:
            read_catalogue(path)
        return said.value

    return plant


# ------------------------------------------------------------------------------------- the file as it is


def test_the_operator_is_fictional_and_says_so():
    assert SHOP.operator == "Example Mobile"
    assert "fictional" in TEXT.splitlines()[0]


def test_a_bundle_as_written():
    week = SHOP.bundles["week_1gb"]
    assert (week.price, week.volume, week.lasts) == (10 * QAR, GB, timedelta(days=7))
    night = SHOP.bundles["night_2gb"]
    assert (night.hours, night.priority, night.traffic) == ((0, 6), 1, None)
    assert SHOP.bundles["social_1gb"].traffic == "social"
    assert SHOP.bundles["month_5gb"].rollover == GB


def test_a_tariff_as_written():
    assert (SHOP.tariffs["standard"].price, SHOP.tariffs["standard"].per) == (50_000, MB)
    assert len(SHOP.tariffs["graduated"].tiers) == 2
    assert SHOP.tariffs["day_cap"].cap == 5 * QAR


def test_a_plan_as_written():
    plus = SHOP.plans["plus"]
    assert (plus.fee, plus.allowance, plus.spend_cap) == (90 * QAR, 10 * GB, 50 * QAR)
    assert plus.due_after == timedelta(days=14)
    assert SHOP.plans["basic"].spend_cap is None


def test_more_money_keeps_credit_valid_for_longer():
    lasts = [SHOP.lifecycle.lasts(amount * QAR) for amount in (5, 10, 25, 50, 100)]
    assert lasts == sorted(set(lasts))
    assert SHOP.lifecycle.grace == timedelta(days=15)


def test_everything_on_sale_has_a_name():
    assert SHOP.names.keys() == {*SHOP.tariffs, *SHOP.bundles, *SHOP.plans}
    assert len(set(SHOP.names.values())) == len(SHOP.names)


def test_a_bundle_is_cheaper_by_the_megabyte_than_pay_as_you_go():
    """What lesson 01 shows, and why people buy bundles."""
    payg = SHOP.tariffs["standard"].price
    assert all(bundle.price * MB < payg * bundle.volume for bundle in SHOP.bundles.values())


def test_it_is_read_once_and_cannot_be_changed():
    assert catalogue() is SHOP
    with pytest.raises(TypeError):
        SHOP.bundles["free"] = None


# ------------------------------------------------------------------------------------- planted faults

BUNDLE = "bundle 2 (week_1gb)"
FAULTS = {
    "price as a number": ('price = "10.00"\nvol', "price = 10.0\nvol", BUNDLE, "price", 10.0, "text"),
    "price as a whole number": ('price = "10.00"\nvol', "price = 10\nvol", BUNDLE, "price", 10, "text"),
    "price in words": ('price = "10.00"\nvol', 'price = "ten"\nvol', BUNDLE, "price", "ten", "riyals such as"),
    "price below zero": ('price = "10.00"\nvol', 'price = "-1"\nvol', BUNDLE, "price", "-1", "riyals such as"),
    "price finer than a micro": (
        ('price = "10.00"\nvol', 'price = "0.0000001"\nvol', BUNDLE, "price", "0.0000001", "finer than can be charged")
    ),
    "volume without a unit": ('volume = "1 GB"', 'volume = "1000"', BUNDLE, "volume", "1000", "a volume such as"),
    "volume as a number": ('volume = "1 GB"', "volume = 1000", BUNDLE, "volume", 1000, "text with its unit"),
    "volume of nothing": ('volume = "1 GB"', 'volume = "0 MB"', BUNDLE, "bundle volume", 0, "1 or more"),
    "days missing": ('volume = "1 GB"\ndays = 7', 'volume = "1 GB"', BUNDLE, "days", "nothing", "required"),
    "days of zero": ('"1 GB"\ndays = 7', '"1 GB"\ndays = 0', BUNDLE, "days", 0, "1 or more"),
    "days in words": ('"1 GB"\ndays = 7', '"1 GB"\ndays = "7"', BUNDLE, "days", "7", "a whole number"),
    "days with a fraction": ('"1 GB"\ndays = 7', '"1 GB"\ndays = 7.5', BUNDLE, "days", 7.5, "a whole number"),
    "a field nobody knows": ('"1 GB"\ndays = 7', '"1 GB"\ndays = 7\nlasts = 7', BUNDLE, "lasts", 7, "spelt"),
    "an id twice": ('id = "week_1gb"', 'id = "day_500mb"', "top level", "bundle", "day_500mb", "an id used once"),
    "an id with a blank": ('id = "week_1gb"', 'id = "week 1"', "bundle 2 (week 1)", "id", "week 1", "of the form"),
    "a name of nothing": ('name = "1 GB · 7 days"', 'name = ""', BUNDLE, "name", "", "not empty"),
    "an hour that is none": ("start = 0, end = 6 }\np", "start = 0, end = 25 }\np", "hours", "end", 25, "24 or less"),
    "a price that does not come out whole": (
        ('increment = "1 KB"', 'increment = "7 B"', "tariff 2 (fine_grained)", "price", 60_000, "whole micros")
    ),
    "a cap with no such end": ('at_cap = "free"', 'at_cap = "slow"', "tariff 6 (day_cap)", "at_cap", "slow", "'stop'"),
    "tiers out of order": ('above = "500 MB"', 'above = "100 MB"', "tariff 5 (graduated)", "tiers", None, ""),
    "validity out of order": (
        ('top_up = "10.00", days = 15', 'top_up = "5.00", days = 15', "lifecycle", "validity", None, "rising order")
    ),
    "validity of no days": (
        ('top_up = "5.00", days = 7', 'top_up = "5.00", days = 0', "lifecycle, validity 1", "days", 0, "1 or more")
    ),
    "no grace": ("grace_days = 15", "", "lifecycle", "grace_days", "nothing", "required"),
    "grace below zero": ("grace_days = 15", "grace_days = -1", "lifecycle", "grace_days", -1, "0 or more"),
    "a plan's overage without a price": (
        (
            'overage = { price = "0.02", per',
            "overage = { per",
            "plan 1 (basic), overage",
            "price",
            "nothing",
            "required",
        )
    ),
    "another currency": ('currency = "QAR"', 'currency = "EUR"', "top level", "currency", "EUR", "'QAR'"),
    "a table nobody knows": ("[lifecycle]", "[extra]\n\n[lifecycle]", "extra", "entry", {}, "spelt"),
    "broken TOML": ("[lifecycle]", "[lifecycle", "line", "syntax", None, "valid TOML"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_plain_words(fault, refused):
    right, wrong, entry, field, value, expected = FAULTS[fault]
    error = refused(right, wrong)
    assert error.file == "catalogue.toml"
    assert entry in error.entry
    assert error.field == field
    assert value is None or error.value == value
    assert expected in error.expected
    assert re.fullmatch(
        rf"catalogue\.toml, {re.escape(error.entry)}: {re.escape(field)}: got .+, expected .+", str(error)
    )


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_catalogue(tmp_path / "none.toml")
