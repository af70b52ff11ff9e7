"""The ledger keeps what it is told, finds the entry that breaks a law, and becomes a frame without building objects."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prepaid_model.errors import InputError
from prepaid_model.laws import BYTES_LAW, EITHER_WAY, MONEY_LAW
from prepaid_model.ledger import EPOCH, Entry, Kind, LawBroken, Ledger, pack_data_used, pack_money_used
from prepaid_model.units import MB, QAR, ZONE, parse_moment

NINE = parse_moment("2026-01-01 09:00")
MINUTE = timedelta(minutes=1)


def small() -> Ledger:
    """A top-up, a bundle with its bucket, a usage of it, a usage of money, a denial."""
    ledger = Ledger()
    ledger.append(NINE, Kind.TOP_UP, money=25 * QAR, balance=25 * QAR)
    ledger.append(NINE + MINUTE, Kind.BUNDLE, money=-10 * QAR, balance=15 * QAR)
    ledger.append(NINE + MINUTE, Kind.GRANT, volume=100 * MB, bucket=3, balance=15 * QAR, left=100 * MB, operation=2)
    ledger.append(NINE + 2 * MINUTE, Kind.USAGE, volume=-MB, bucket=3, quantity=MB, balance=15 * QAR, left=99 * MB)
    ledger.append(NINE + 3 * MINUTE, Kind.USAGE, money=-5, quantity=MB, balance=15 * QAR - 5)
    ledger.append(NINE + 3 * MINUTE, Kind.DENIED, quantity=7, balance=15 * QAR - 5, operation=5)
    ledger.notes[1] = "voucher"
    ledger.keys["report 1"] = 5
    return ledger


def test_an_entry_comes_back_as_it_was_written() -> None:
    ledger = small()
    assert len(ledger) == 6
    assert ledger[4] == Entry(4, NINE + 2 * MINUTE, Kind.USAGE, 0, -MB, 3, MB, 15 * QAR, 99 * MB, 4, 0)
    assert [entry.id for entry in ledger] == [1, 2, 3, 4, 5, 6]
    assert [entry.id for entry in ledger.since(4)] == [5, 6]
    assert [entry.id for entry in ledger.of(2)] == [2, 3]
    assert ledger.of(99) == []
    for missing in (0, -1, 7):
        with pytest.raises(IndexError):
            ledger[missing]


@pytest.mark.parametrize(
    "at", ["1969-12-31 23:59:59.999999", "1970-01-01 00:00", "1985-06-15 12:30", "2199-12-31 23:59"]
)
def test_any_moment_comes_back_to_the_microsecond(at: str) -> None:
    ledger = Ledger()
    ledger.append(parse_moment(at), Kind.STATUS, balance=0)
    assert ledger[1].at == parse_moment(at)
    assert ledger.to_frame()["at"].iloc[0] == pd.Timestamp(parse_moment(at))


def test_a_moment_in_another_zone_is_the_same_instant() -> None:
    ledger = Ledger()
    ledger.append(NINE.astimezone(UTC), Kind.STATUS, balance=0)
    assert ledger[1].at == NINE
    assert ledger[1].at.tzinfo is ZONE


def test_what_cannot_be_written_leaves_no_trace() -> None:
    ledger = small()
    with pytest.raises(struct.error):
        ledger.append(NINE, Kind.TOP_UP, money=2**63, balance=0)
    with pytest.raises(InputError, match="at"):
        ledger.append(datetime(2026, 1, 1), Kind.TOP_UP, money=1, balance=1)  # noqa: DTZ001  (that is the point)
    assert len(ledger) == 6
    ledger.check()


def test_the_shorter_packings_write_the_same_row() -> None:
    quick, plain = Ledger(), Ledger()
    since = NINE - EPOCH
    when = (since.days, since.seconds, since.microseconds)
    quick.rows += pack_data_used(*when, Kind.USAGE, 3, 1, -MB, MB, QAR, 9 * MB)
    quick.rows += pack_money_used(*when, Kind.USAGE, 2, -5, MB, QAR - 5)
    quick.count = 2
    plain.append(NINE, Kind.USAGE, volume=-MB, bucket=3, quantity=MB, balance=QAR, left=9 * MB)
    plain.append(NINE, Kind.USAGE, money=-5, quantity=MB, balance=QAR - 5)
    assert quick.rows == plain.rows


def test_a_frame_has_whole_numbers_and_words() -> None:
    frame = small().to_frame()
    assert frame.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert frame.index.name == "id"
    assert isinstance(frame["kind"].dtype, pd.CategoricalDtype)
    assert str(frame["at"].dtype) == "datetime64[us, Asia/Qatar]"
    assert {str(frame[name].dtype) for name in ("money", "volume", "quantity", "balance", "left")} == {"int64"}
    assert {str(frame[name].dtype) for name in ("bucket", "operation", "reverses")} == {"int32"}
    assert frame.loc[1, "note"] == "voucher"
    assert frame.loc[5, "key"] == "report 1"
    assert (frame["key"] != "").sum() == 1
    for entry in small():
        row = frame.loc[entry.id]
        assert row["kind"] == entry.kind.label
        assert row["at"] == entry.at
        for name in ("money", "volume", "bucket", "quantity", "balance", "left", "operation", "reverses"):
            assert row[name] == getattr(entry, name)


def test_a_frame_is_made_of_columns_not_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_row(self: Ledger, entry: int) -> Entry:
        raise AssertionError(f"entry {entry} was built")

    ledger = small()
    monkeypatch.setattr(Ledger, "__getitem__", no_row)
    assert len(ledger.to_frame()) == 6


def test_an_empty_ledger_is_lawful() -> None:
    ledger = Ledger()
    ledger.check()
    assert ledger.to_frame().empty
    assert ledger.totals() == {}
    assert set(ledger.money_law().values()) == {0}
    assert set(ledger.bytes_law(3).values()) == {0}


def test_totals_by_kind() -> None:
    ledger = small()
    assert ledger.totals() == {Kind.TOP_UP: 25 * QAR, Kind.BUNDLE: -10 * QAR, Kind.USAGE: -5}
    assert ledger.totals("volume", bucket=3) == {Kind.GRANT: 100 * MB, Kind.USAGE: -MB}
    assert ledger.totals("quantity") == {Kind.USAGE: 2 * MB, Kind.DENIED: 7}


def test_the_law_of_money_shows_its_terms_in_order() -> None:
    ledger = small()
    law = ledger.money_law()
    *terms, balance = law
    assert terms == [kind.label for sign in (+1, -1) for kind in MONEY_LAW[sign]]
    assert balance == "main balance"
    assert sum(law[term] for term in terms) == law[balance] == 15 * QAR - 5


def test_the_law_of_bytes_shows_its_terms_in_order() -> None:
    law = small().bytes_law(3)
    *terms, left = law
    assert terms == [kind.label for sign in (+1, -1) for kind in BYTES_LAW[sign]]
    assert left == "left"
    assert sum(law[term] for term in terms) == law[left] == 99 * MB


def test_columns_are_a_copy() -> None:
    ledger = small()
    rows = ledger.columns()
    with pytest.raises(ValueError, match="read-only"):
        rows["money"][0] = 1
    ledger.append(NINE + 4 * MINUTE, Kind.STATUS, balance=15 * QAR - 5)  # the copy holds no lock on the rows
    assert len(rows) == 6
    assert ledger.columns(since=4)["quantity"].tolist() == [MB, 7, 0]


def corrupt(ledger: Ledger, entry: int, column: str, by: int) -> None:
    dtype = ledger.columns().dtype
    rows = np.frombuffer(ledger.rows, dtype=dtype).copy()
    rows[column][entry - 1] = int(rows[column][entry - 1]) + by
    ledger.rows = bytearray(rows.tobytes())


@pytest.mark.parametrize(
    ("entry", "column", "by", "law"),
    [
        (1, "money", 1, "balance is not the sum"),
        (2, "money", -1, "balance is not the sum"),
        (4, "money", 10**12, "balance is not the sum"),
        (5, "balance", 1, "balance is not the sum"),
        (3, "volume", 1, "left in the bucket is not the sum"),
        (4, "volume", -1, "left in the bucket is not the sum"),
        (4, "left", 1, "left in the bucket is not the sum"),
        (4, "bucket", -3, "left in the bucket is not the sum"),
        (6, "bucket", 5, "never granted"),
        (6, "bucket", 100, "never granted"),
        (6, "bucket", -1, "never granted"),
        (3, "kind", Kind.FEE - Kind.GRANT, "wrong way"),
        (1, "kind", Kind.USAGE - Kind.TOP_UP, "wrong way"),
        (6, "kind", 200, "no known kind"),
        (4, "days", -1, "earlier than the one before"),
        (2, "seconds", -60 * 60, "earlier than the one before"),
        (5, "quantity", -2 * MB, "quantity is less than nothing"),
        (2, "operation", -2, "belongs to no operation"),
        (2, "operation", 1, "belongs to no operation"),
        (2, "reverses", 2, "undoes what has not happened"),
    ],
)
def test_check_names_the_entry_at_fault(entry: int, column: str, by: int, law: str) -> None:
    ledger = small()
    ledger.check()
    corrupt(ledger, entry, column, by)
    with pytest.raises(LawBroken, match=law) as broken:
        ledger.check()
    assert broken.value.entry == entry


def test_a_bucket_never_holds_less_than_nothing() -> None:
    ledger = small()
    ledger.append(NINE + 4 * MINUTE, Kind.USAGE, volume=-100 * MB, bucket=3, balance=15 * QAR - 5, left=-MB)
    with pytest.raises(LawBroken, match="less than nothing") as broken:
        ledger.check()
    assert broken.value.entry == 7


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_moves_money_and_bytes_only_the_way_its_law_says(kind: Kind) -> None:
    for column, law in (("money", MONEY_LAW), ("volume", BYTES_LAW)):
        for sign in (+1, -1):
            either_way = kind in EITHER_WAY and column == "money"
            ledger = small()
            change: dict[str, Any] = {column: sign}
            of_bucket = {"bucket": 3, "left": 99 * MB + sign} if column == "volume" else {}
            ledger.append(NINE + 9 * MINUTE, kind, balance=15 * QAR - 5 + change.get("money", 0), **change, **of_bucket)
            if kind in law[sign] or either_way:
                ledger.check()
            else:
                with pytest.raises(LawBroken, match="wrong way"):
                    ledger.check()


def test_what_an_operation_asked_for() -> None:
    ledger = small()
    assert ledger.request(1) == (Kind.TOP_UP, 25 * QAR, "voucher")
    assert ledger.request(2) == (Kind.BUNDLE, 10 * QAR, "")
    assert ledger.request(4) == (Kind.USAGE, MB, "")
    assert ledger.request(5) == (Kind.USAGE, MB + 7, "")


def test_labels_are_plain_words() -> None:
    assert all(kind.label == kind.label.lower() and "_" not in kind.label for kind in Kind)
    assert len({kind.label for kind in Kind}) == len(Kind)
