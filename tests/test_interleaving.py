"""Two programs and one balance: what is lost without a transaction, and that nothing is lost in one."""

import sqlite3
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepaid_model.errors import InputError
from prepaid_model.interleaving import ALONE, TOGETHER, play
from prepaid_model.units import QAR

START, A, B = 20 * QAR, 5 * QAR, 8 * QAR
RIGHT = START - A - B


def played(order, *, transactions=False, a=A, b=B):
    return play(order, start=START, a=a, b=b, transactions=transactions)


@pytest.mark.parametrize(
    ("order", "balance"),
    [
        ("AABB", RIGHT),
        ("BBAA", RIGHT),
        ("ABAB", START - B),
        ("BAAB", START - B),
        ("ABBA", START - A),
        ("BABA", START - A),
    ],
)
def test_every_order_of_two_reads_and_two_writes(order, balance):
    result = played(order)
    assert result.over
    assert result.balance == balance
    assert result.lost == balance - RIGHT


def test_whoever_writes_last_wipes_out_the_other():
    assert played("ABAB").lost == A
    assert played("ABBA").lost == B


@given(st.lists(st.sampled_from("AB"), max_size=24), st.integers(1, 9), st.integers(1, 9))
def test_in_transactions_no_order_loses_anything(order, a, b):
    result = played([*order, *"AAAA", *"BBBB"], transactions=True, a=a * QAR, b=b * QAR)
    result = result if result.over else played([*order, *"AAAABBBBAAAA"], transactions=True, a=a * QAR, b=b * QAR)
    assert result.over
    assert result.lost == 0


def test_a_transaction_makes_the_other_wait_and_shows_its_write_only_at_commit():
    result = played("AABAABBBB", transactions=True)
    assert [turn.program for turn in result.turns if turn.waits] == ["B"]
    assert [turn.balance // QAR for turn in result.turns] == [20, 20, 20, 20, 15, 15, 15, 15, 7]


def test_a_turn_of_who_is_done_changes_nothing():
    assert played("AAAABB") == played("AABB")
    assert played("AABB" + "AB" * 4) == played("AABB")


def test_nothing_counts_as_lost_before_both_are_done():
    for order in ("", "A", "AB", "ABA"):
        assert not played(order).over
        assert played(order).lost == 0


def test_the_statements_are_what_sqlite_is_told():
    said = [turn.sql for turn in played("AABB").turns]
    assert said == [ALONE[0], ALONE[1].format(15 * QAR), ALONE[0], ALONE[1].format(7 * QAR)]
    assert [each.split()[0] for each in TOGETHER] == ["BEGIN", "SELECT", "UPDATE", "COMMIT"]


def test_one_statement_that_reads_and_writes_loses_nothing_either(tmp_path):
    """The other way to mend it, which the lesson names."""
    connections = [sqlite3.connect(tmp_path / "balance.db", isolation_level=None) for _ in range(2)]
    connections[0].execute("CREATE TABLE balances (balance INTEGER NOT NULL)")
    connections[0].execute("INSERT INTO balances VALUES (?)", (START,))
    for each, amount in zip(connections, (A, B), strict=True):
        each.execute("UPDATE balances SET balance = balance - ?", (amount,))
    assert connections[0].execute("SELECT balance FROM balances").fetchone() == (RIGHT,)
    for each in connections:
        each.close()


@pytest.mark.parametrize(("name", "value"), list(product(("start", "a", "b"), (0, -1, 1.5))))
def test_amounts_are_whole_and_above_zero(name, value):
    with pytest.raises(InputError, match=name):
        play("AB", **{"start": START, "a": A, "b": B, name: value})


def test_there_are_two_programs():
    with pytest.raises(InputError, match="order: got 'C', expected A or B"):
        played("ABC")
