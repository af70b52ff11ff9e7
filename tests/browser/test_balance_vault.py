"""Lesson 05 as a person uses it: every control of both experiments, by mouse and by keyboard."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import handle, opened, press, sentence
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/05-where-does-my-balance-live.ipynb"
VAULT = "You used data: 1 entry and the rows that follow from it, in one transaction. QAR 15.00 and 700 MB"
UPDATE = "B reads QAR 20.00. The file says QAR 20.00."


@pytest.fixture
def vault(page: Page, lab: Lab) -> Locator:
    return opened(page, lab, LESSON, VAULT, ".pm-experiment:has-text('Rebuild them from the ledger')")


@pytest.fixture
def update(page: Page, lab: Lab) -> Locator:
    return opened(page, lab, LESSON, UPDATE, ".pm-experiment:has-text('each in a transaction')")


@pytest.mark.parametrize("key", ["", "Enter"], ids=["mouse", "keyboard"])
def test_every_button_of_the_vault(page: Page, vault: Locator, key: str) -> None:
    seen = {vault.locator(".pm-picture").get_attribute("src")}
    for name, says in (
        ("▲ Top up", "You topped up: 1 entry"),
        ("■ Buy 1 GB · 7 days, QAR 10.00", "QAR 30.00 and 1.7 GB are on the account."),
        ("▶ Use", "QAR 30.00 and 1.6 GB are on the account."),
        (
            "▶ Use, and stop the program",
            "after statement 3, before COMMIT. Nothing of it is there. QAR 30.00 and 1.6 GB",
        ),
        ("Take another phone", "in the file nothing has changed. QAR 30.00 and 1.6 GB are on the account, as before."),
        ("Take another SIM", "You took another SIM: in the file nothing has changed."),
        ("Delete the balances", "You deleted the balances. The 9 entries of the ledger are still there."),
        ("Rebuild them from the ledger", "by adding up the 9 entries of the ledger. QAR 30.00 and 1.6 GB"),
    ):
        press(vault, name, key=key)
        expect(sentence(vault)).to_contain_text(says)
        seen.add(vault.locator(".pm-picture").get_attribute("src"))
    assert len(seen) == 9
    expect(vault.get_by_role("table", name="balances").locator("td").first).to_have_text("30,000,000")
    press(vault, "◂ Back", key=key)
    expect(vault.get_by_role("table", name="balances")).to_contain_text("no row")
    assert kernel_errors(page) == []


def test_what_is_set_in_the_vault(page: Page, vault: Locator) -> None:
    vault.get_by_label("Top up, QAR").fill("12.50")
    press(vault, "▲ Top up")
    expect(sentence(vault)).to_contain_text("QAR 27.50 and 700 MB")
    picture = vault.locator(".pm-picture")
    shown = picture.get_attribute("src") or ""
    handle(vault, "Use, MB").press("ArrowRight")
    expect(picture).not_to_have_attribute("src", shown)
    await_kernel(page)
    vault.get_by_label("show the SQL").check()
    expect(vault.locator(".pm-sql")).to_contain_text("INSERT INTO ledger")
    for _ in range(2):
        handle(vault, "after statement").press("ArrowRight")
    press(vault, "▶ Use, and stop the program")
    expect(sentence(vault)).to_contain_text("after statement 5, COMMIT. All of it is there. QAR 27.50 and 590 MB")
    expect(vault.locator(".pm-sql")).to_contain_text("Here the program was stopped.")
    vault.get_by_label("show the SQL").press("Space")
    expect(vault.locator(".pm-sql")).to_have_count(0)
    for name in ("Another phone, another SIM", "Balances deleted", "Deleted and rebuilt", "Cut off halfway"):
        said = sentence(vault).inner_text()
        await_kernel(page)
        vault.get_by_label("Scenario").select_option(name)
        expect(sentence(vault)).not_to_have_text(said)
    assert kernel_errors(page) == []


def test_what_the_vault_refuses_is_said_and_changes_nothing(page: Page, vault: Locator) -> None:
    vault.get_by_label("Top up, QAR").fill("-5")
    press(vault, "▲ Top up")
    expect(vault.locator(".pm-status")).to_contain_text("top-up amount: got '-5'")
    press(vault, "Delete the balances")
    expect(sentence(vault)).to_contain_text("You deleted the balances.")
    press(vault, "▶ Use")
    expect(vault.locator(".pm-status")).to_contain_text("there are no balances; rebuild them from the ledger first")
    expect(sentence(vault)).to_contain_text("You deleted the balances.")
    assert len(kernel_errors(page)) == 2, "both are raised on, and nothing else failed"


@pytest.mark.parametrize("key", ["", "Enter"], ids=["mouse", "keyboard"])
def test_an_update_is_lost_by_clicks_and_then_it_cannot_be(page: Page, update: Locator, key: str) -> None:
    press(update, "A: write", key=key)
    expect(sentence(update)).to_contain_text("A writes QAR 15.00. The file says QAR 15.00.")
    press(update, "B: write", key=key)
    expect(sentence(update)).to_contain_text("QAR 5.00 of service were never paid for")
    expect(update.locator(".pm-picture")).to_have_attribute("alt", sentence(update).inner_text())
    expect(update.get_by_role("button", name="A: done")).to_be_disabled()
    press(update, "◂ Back", key=key)
    expect(sentence(update)).to_contain_text("B has yet to write.")
    press(update, "Reset", key=key)
    update.get_by_label("each in a transaction").press("Space")
    expect(sentence(update)).to_contain_text("B has to wait")
    for name in ("A: read", "A: write", "A: commit", "B: begin", "B: read", "B: write", "B: commit"):
        press(update, name, key=key)
    expect(sentence(update)).to_contain_text("The file says QAR 7.00")
    expect(sentence(update)).to_contain_text("Nothing is lost.")
    assert kernel_errors(page) == []


def test_the_amounts_and_scenarios_of_the_update(page: Page, update: Locator) -> None:
    for label, key in (("A takes", "ArrowLeft"), ("B takes", "ArrowRight")):
        shown = update.locator(".pm-picture").get_attribute("src") or ""
        handle(update, label).press(key)
        expect(update.locator(".pm-picture")).not_to_have_attribute("src", shown)
        await_kernel(page)
    press(update, "A: write")
    press(update, "B: write")
    expect(sentence(update)).to_contain_text("QAR 20.00 less QAR 4.00 and QAR 9.00 are QAR 7.00. QAR 4.00 of service")
    for name, says in (
        ("One after the other", "Nothing is lost."),
        ("A writes last", "QAR 8.00 of service were never paid for"),
        ("In transactions: B knocks", "B has to wait"),
        ("In transactions, to the end", "Nothing is lost."),
    ):
        await_kernel(page)
        update.get_by_label("Scenario").select_option(name)
        expect(sentence(update)).to_contain_text(says)
    assert kernel_errors(page) == []
