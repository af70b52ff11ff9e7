"""The two experiments of lesson 05: each scenario makes its point, each control acts, bad input changes nothing."""

import pytest

from prepaid_model.errors import Refused
from prepaid_model.units import MB, QAR
from prepaid_model.vault import Step
from prepaid_model.widgets.balance_vault import BEGUN, STATEMENTS, BalanceVault
from prepaid_model.widgets.lost_update import LostUpdate


@pytest.fixture
def vault():
    return BalanceVault()


@pytest.fixture
def update():
    return LostUpdate()


@pytest.fixture(scope="module")
def views():
    """How everything stands in each scenario."""
    vault, found = BalanceVault(), {}
    for name in vault.scenarios:
        vault.choose(name)
        found[name] = vault.result.view
    return found


class TestBalanceVault:
    def test_scenarios_make_their_points(self, views):
        plain, swapped, deleted, rebuilt, cut = views.values()
        assert (swapped.phone, swapped.sim, swapped.tables) == (2, 2, plain.tables)
        assert deleted.credit is None
        assert deleted.tables["ledger"] == plain.tables["ledger"] == rebuilt.tables["ledger"]
        assert (rebuilt.credit, rebuilt.data) == (plain.credit, plain.data)
        assert cut.stopped
        assert cut.tables == plain.tables

    def test_every_button_is_a_step(self, vault):
        vault.controls["use"].value = 50
        for made, step in (
            (vault.top_up_button, Step("top up", 25 * QAR)),
            (vault.buy_button, Step("buy")),
            (vault.use_button, Step("use", 50 * MB)),
            (vault.cut_button, Step("use", 50 * MB, cut=3)),
            (vault.phone_button, Step("new phone")),
            (vault.sim_button, Step("new SIM")),
            (vault.delete_button, Step("delete")),
            (vault.rebuild_button, Step("rebuild")),
        ):
            before = vault.picture.png(), vault.sentence
            made.click()
            assert vault.state["actions"][-1] == vault.result.view.step == step
            assert (vault.picture.png(), vault.sentence) != before

    def test_back_and_forth_leads_to_the_same_rows(self, vault):
        vault.take(Step("use", 100 * MB))
        rows = vault.result.view.tables
        vault.back_button.click()
        assert vault.state["actions"] == BEGUN
        assert vault.result.view.data == 700 * MB
        vault.take(Step("use", 100 * MB))
        assert vault.result.view.tables == rows

    def test_the_slider_shows_what_a_use_would_leave(self, vault):
        before = vault.picture.png()
        vault.controls["use"].value = 400
        assert vault.picture.png() != before
        assert vault.result.view.data == 700 * MB

    def test_sql_is_shown_when_asked_for(self, vault):
        assert "BEGIN" not in vault.panels(vault.result)["statements"]
        vault.controls["sql"].value = True
        shown = vault.panels(vault.result)["statements"]
        assert [word in shown for word in ("BEGIN IMMEDIATE", "INSERT INTO ledger", "COMMIT")] == [True] * 3
        vault.take(Step("new SIM"))
        assert "Nothing was written" in vault.panels(vault.result)["statements"]

    def test_the_tables_mark_what_changed_and_nothing_else(self, vault):
        told = vault.panels(vault.result)["rows"]
        assert told.count('class="pm-new"') == 1 + 9  # what is left in the bucket, and the new entry
        vault.take(Step("new phone"))
        assert 'class="pm-new"' not in vault.panels(vault.result)["rows"]

    @pytest.mark.parametrize("cut", range(1, STATEMENTS + 1))
    def test_says_where_it_was_cut_off(self, vault, cut):
        said = vault.take(Step("use", 100 * MB, cut=cut))
        assert f"after statement {cut}, " in said
        assert ("All of it is there" if cut == STATEMENTS else "Nothing of it is there") in said

    def test_says_when_nothing_pays_for_a_use_or_for_the_rest_of_it(self, vault):
        vault.take(Step("use", 500 * MB))
        assert vault.take(Step("use", 500 * MB)).startswith("You used data until no bundle pays for it: 3 entries")
        assert vault.take(Step("use", 500 * MB)).startswith("You used no data, as no bundle pays for it: 1 entry")

    def test_bad_input_is_said_and_changes_nothing(self, vault):
        before = vault.sentence, vault.state["actions"]
        for words in ("-5", "abc", ""):
            vault.controls["top_up"].value = words
            vault.top_up_button.click()
            assert "top-up amount" in vault.status.value
        with pytest.raises(Refused):
            vault.take(Step("buy"), Step("buy"))
        assert (vault.sentence, vault.state["actions"]) == before
        vault.take(Step("delete"))
        vault.use_button.click()
        assert "rebuild them" in vault.status.value
        vault.rebuild_button.click()
        assert vault.result.view.data == 700 * MB

    def test_the_old_file_is_gone_when_another_is_made(self, vault):
        path = vault._vault.store.path
        vault.back_button.click()
        assert not path.exists()
        assert vault._vault.store.path.exists()


class TestLostUpdate:
    def test_scenarios_make_their_points(self, update):
        lost, balance = {}, {}
        for name in update.scenarios:
            update.choose(name)
            lost[name], balance[name] = update.result.lost, update.result.balance
        assert lost["One after the other"] == lost["In transactions, to the end"] == 0 < lost["A writes last"]
        assert balance["One after the other"] == balance["In transactions, to the end"] < balance["A writes last"]
        update.choose("In transactions: B knocks")
        assert update.result.turns[-1].waits

    def test_the_buttons_say_what_comes_next_and_end_when_it_is_done(self, update):
        a, b = update.program_buttons.values()
        update.choose("One after the other")
        assert (a.description, a.disabled, b.description) == ("A: done", True, "B: done")
        for expected in ("B: write", "B: read"):
            update.back_button.click()
            assert b.description == expected
        b.click()
        b.click()
        assert update.sentence.endswith("Nothing is lost.")

    def test_amounts_and_transactions_count_from_the_start(self, update):
        update.press("A", "B")
        assert "QAR 5.00 of service were never paid for: B wrote over what A had written." in update.sentence
        update.controls["a_takes"].value = 9
        assert update.result.lost == 9 * QAR
        update.controls["transactions"].value = True
        assert [turn.waits for turn in update.result.turns] == [False, True, False, True]
        assert "has to wait" in update.sentence

    def test_every_turn_changes_the_picture_and_the_sentence(self, update):
        update.choose("In transactions, to the end")
        seen = set()
        while update.state["order"]:
            seen.add((update.picture.png(), update.sentence))
            update.back_button.click()
        assert len(seen) == 9
        assert "Nobody has read it yet" in update.sentence

    def test_reset_goes_back_to_the_opening(self, update):
        opening = update.picture.png(), update.sentence
        update.controls["b_takes"].value = 2
        update.press("A", "B")
        update.reset()
        assert (update.picture.png(), update.sentence) == opening
        assert update.controls["b_takes"].value == 8
