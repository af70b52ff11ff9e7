"""Lesson 05 as a person uses it: every control of both experiments, by mouse and by keyboard."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tools.lab import Lab, await_kernel, kernel_errors, open_and_run

LESSON = "notebooks/05-where-does-my-balance-live.ipynb"
VAULT = "You used data: 1 entry and the rows that follow from them, in one transaction. QAR 15.00 and 700 MB"
UPDATE = "B reads QAR 20.00. The file says QAR 20.00."


@pytest.fixture(scope="module")
def lesson(lab: Lab, shared_page: Page) -> Page:
    """Give the lesson, run once."""
    shared_page.set_viewport_size({"width": 1280, "height": 1000})
    open_and_run(shared_page, lab, LESSON)
    assert kernel_errors(shared_page) == []
    return shared_page


@pytest.fixture
def vault(lesson: Page) -> Locator:
    return opening(lesson, "Rebuild them from the ledger", "A recharge, written down", VAULT)


@pytest.fixture
def update(lesson: Page) -> Locator:
    return opening(lesson, "each in a transaction", "Both have read", UPDATE)


def opening(page: Page, of_it: str, scenario: str, says: str) -> Locator:
    """Scroll to the experiment that has these words, and bring it to its opening state."""
    panel = page.locator(".jp-WindowedPanel-outer").last
    found = page.locator(".pm-experiment", has_text=of_it).or_(
        page.locator(".pm-experiment", has=page.get_by_role("button", name=of_it))
    )
    panel.evaluate("panel => { panel.scrollTop = 0; }")
    for _ in range(80):
        if found.count():
            break
        panel.evaluate("panel => { panel.scrollTop += 300; }")
        page.wait_for_timeout(50)
    found.scroll_into_view_if_needed()
    page.evaluate("() => { window.kernelErrors = []; }")
    await_kernel(page)
    found.get_by_label("Scenario").select_option(scenario)
    press(found, "Reset")
    expect(sentence(found)).to_contain_text(says)
    return found


def sentence(experiment: Locator) -> Locator:
    return experiment.locator(".pm-live .pm-sentence")


def press(experiment: Locator, name: str, *, key: str = "") -> None:
    experiment.page.evaluate("() => document.activeElement?.blur()")  # what was typed leaves its field first
    await_kernel(experiment.page)
    made = experiment.get_by_role("button", name=name, exact=True)
    if key:
        made.press(key)
    else:
        made.click()


def handle(experiment: Locator, label: str) -> Locator:
    return experiment.locator(".pm-slider", has_text=label).locator(".noUi-handle")


@pytest.mark.parametrize("key", ["", "Enter"], ids=["mouse", "keyboard"])
def test_every_button_of_the_vault(lesson: Page, vault: Locator, key: str) -> None:
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
    assert kernel_errors(lesson) == []


def test_what_is_set_in_the_vault(lesson: Page, vault: Locator) -> None:
    vault.get_by_label("Top up, QAR").fill("12.50")
    press(vault, "▲ Top up")
    expect(sentence(vault)).to_contain_text("QAR 27.50 and 700 MB")
    picture = vault.locator(".pm-picture")
    shown = picture.get_attribute("src") or ""
    handle(vault, "Use, MB").press("ArrowRight")
    expect(picture).not_to_have_attribute("src", shown)
    await_kernel(lesson)
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
        await_kernel(lesson)
        vault.get_by_label("Scenario").select_option(name)
        expect(sentence(vault)).not_to_have_text(said)
    assert kernel_errors(lesson) == []


def test_what_the_vault_refuses_is_said_and_changes_nothing(lesson: Page, vault: Locator) -> None:
    vault.get_by_label("Top up, QAR").fill("-5")
    press(vault, "▲ Top up")
    expect(vault.locator(".pm-status")).to_contain_text("top-up amount: got '-5'")
    press(vault, "Delete the balances")
    expect(sentence(vault)).to_contain_text("You deleted the balances.")
    press(vault, "▶ Use")
    expect(vault.locator(".pm-status")).to_contain_text("there are no balances; rebuild them from the ledger first")
    expect(sentence(vault)).to_contain_text("You deleted the balances.")
    assert len(kernel_errors(lesson)) == 2, "both are raised on, and nothing else failed"


@pytest.mark.parametrize("key", ["", "Enter"], ids=["mouse", "keyboard"])
def test_an_update_is_lost_by_clicks_and_then_it_cannot_be(lesson: Page, update: Locator, key: str) -> None:
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
    assert kernel_errors(lesson) == []


def test_the_amounts_and_scenarios_of_the_update(lesson: Page, update: Locator) -> None:
    for label, key in (("A takes", "ArrowLeft"), ("B takes", "ArrowRight")):
        shown = update.locator(".pm-picture").get_attribute("src") or ""
        handle(update, label).press(key)
        expect(update.locator(".pm-picture")).not_to_have_attribute("src", shown)
        await_kernel(lesson)
    press(update, "A: write")
    press(update, "B: write")
    expect(sentence(update)).to_contain_text("QAR 20.00 less QAR 4.00 and QAR 9.00 are QAR 7.00. QAR 4.00 of service")
    for name, says in (
        ("One after the other", "Nothing is lost."),
        ("A writes last", "QAR 8.00 of service were never paid for"),
        ("In transactions: B knocks", "B has to wait"),
        ("In transactions, to the end", "Nothing is lost."),
    ):
        await_kernel(lesson)
        update.get_by_label("Scenario").select_option(name)
        expect(sentence(update)).to_contain_text(says)
    assert kernel_errors(lesson) == []
