"""A phone, a SIM and a file: what each step does to the rows, and what it leaves alone."""

import sqlite3

import pytest

from prepaid_model.errors import InputError, Refused
from prepaid_model.store import Store
from prepaid_model.units import MB, QAR
from prepaid_model.vault import COLUMNS, NAME, STEPS, Step, Vault

BEGUN = (Step("top up", 25 * QAR), Step("buy"), Step("use", 300 * MB))


@pytest.fixture
def vault():
    made = Vault()
    yield made
    made.close()


def after(vault, *steps):
    for step in (*BEGUN, *steps):
        view = vault.take(step)
    return view


def test_the_rows_are_those_of_the_file_itself(vault):
    view = after(vault)
    with sqlite3.connect(vault.store.path) as other:
        for name, columns in COLUMNS.items():
            found = other.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall()
            told = [tuple(cell.hex() if isinstance(cell, bytes) else cell for cell in row) for row in found]
            assert told == list(view.tables[name])
    other.close()
    assert (view.credit, view.data, view.written) == (15 * QAR, 700 * MB, 1)


@pytest.mark.parametrize("what", ["new phone", "new SIM"])
def test_another_phone_or_sim_moves_nothing(vault, what):
    before = after(vault)
    view = vault.take(Step(what))
    assert view.tables == view.before == before.tables
    assert view.statements == ()
    assert (view.phone, view.sim) == ((2, 1) if what == "new phone" else (1, 2))
    assert vault.take(Step("use", MB)).data == 699 * MB


def test_balances_are_gone_and_come_back_from_the_ledger(vault):
    before = after(vault).tables
    gone = vault.take(Step("delete"))
    assert gone.credit is gone.data is None
    assert gone.tables["ledger"] == before["ledger"]
    with pytest.raises(Refused, match="rebuild them from the ledger first"):
        vault.take(Step("use", MB))
    assert vault.view == gone
    assert vault.take(Step("rebuild")).tables == before
    assert vault.store.verify() == []


@pytest.mark.parametrize("statement", range(1, 6))
def test_a_write_cut_off_is_there_whole_or_not_at_all(vault, statement):
    before = after(vault)
    view = vault.take(Step("use", 100 * MB, cut=statement))
    assert view.stopped
    assert len(view.statements) == statement
    if view.statements[-1] == "COMMIT":
        assert (statement, view.written, view.data) == (5, 1, 600 * MB)
    else:
        assert view.tables == before.tables
    assert vault.store.verify() == []
    assert vault.take(Step("use", 100 * MB)).data == (500 if statement == 5 else 600) * MB


def test_what_the_account_refuses_changes_nothing(vault):
    view = after(vault)
    vault.take(Step("buy"))
    with pytest.raises(Refused, match="the credit is QAR 5"):
        vault.take(Step("buy"))
    assert len(vault.taken) == len(BEGUN) + 1
    assert vault.view.credit == 5 * QAR < (view.credit or 0)


def test_the_file_is_gone_with_the_vault():
    vault = Vault()
    path = vault.store.path
    assert path.exists()
    Store(path).close()
    vault.close()
    assert not path.parent.exists()
    vault = Vault()
    path = vault.store.path
    del vault
    assert not path.parent.exists()


def test_there_is_no_other_step(vault):
    with pytest.raises(InputError, match=f"step: got 'dance', expected one of {', '.join(STEPS)}"):
        vault.take(Step("dance"))
    with pytest.raises(InputError, match="cut"):
        vault.take(Step("use", MB, cut=-1))
    assert NAME in vault.store.names
    assert vault.taken == ()
