"""Lesson 07, first half, as a person uses it: the size of a quota by mouse and keyboard, guessed before it is told."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/07-what-the-system-cannot-do.ipynb"
OPENING = "3 devices, 1 MB at a time: 1,151 requests for each gigabyte"


@pytest.fixture
def tradeoff(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING, ".pm-experiment:has-text('Delay of an answer')")


def reset(tradeoff: Locator) -> None:
    tradeoff.get_by_role("button", name="Reset").click()
    await_kernel(tradeoff.page)
    expect(sentence(tradeoff)).to_contain_text(OPENING)


@pytest.mark.viewport(1280, 1100)
def test_every_control_by_mouse_and_by_keyboard(page: Page, tradeoff: Locator) -> None:
    change = Change(tradeoff, said=False)
    for label in ("Quota", "Delay of an answer", "Speed", "Devices on the account"):
        with change:
            click_track(slider(tradeoff, label), 0.95)
        reset(tradeoff)
        with change:
            slider(tradeoff, label).locator(".noUi-handle").focus()
            page.keyboard.press("ArrowLeft")
        reset(tradeoff)
    for label, option, key in (("A session needs", "100 MB", "Home"), ("Simulate", "1,000 sessions", "ArrowDown")):
        with change:
            tradeoff.get_by_label(label, exact=True).select_option(option)
        reset(tradeoff)
        with change:
            tradeoff.get_by_label(label, exact=True).focus()
            page.keyboard.press(key)
        reset(tradeoff)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_what_was_guessed_is_told_when_it_is_ticked(page: Page, tradeoff: Locator) -> None:
    change = Change(tradeoff, said=False)
    weight = slider(tradeoff, "1 MB unused is as bad as")
    expect(weight).to_be_hidden()
    with change:
        tradeoff.get_by_label("add it up").check()
    expect(sentence(tradeoff)).to_contain_text("The least score is at 2.5 MB.")
    with change:
        click_track(weight, 0.02)
    expect(sentence(tradeoff)).not_to_contain_text("2.5 MB")
    with change:
        weight.locator(".noUi-handle").focus()
        page.keyboard.press("End")
    expect(sentence(tradeoff)).to_contain_text("The least score is at 100 KB.")
    tradeoff.get_by_label("add it up").press("Space")
    expect(weight).to_be_hidden()
    tradeoff.get_by_label("run the credit down").press("Space")
    expect(sentence(tradeoff)).to_contain_text("the balance stands at -QAR 0.09 (overshoot)")
    expect(tradeoff.locator(".pm-readouts")).to_contain_text("-QAR 0.09")
    tradeoff.get_by_label("run the credit down").uncheck()
    expect(sentence(tradeoff)).not_to_contain_text("balance")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_the_guesses_around_it(page: Page, tradeoff: Locator) -> None:
    scenarios = tradeoff.get_by_label("Scenario")
    expect(scenarios.locator("option")).to_have_count(6)
    for place in range(1, 6):
        with Change(tradeoff, said=False):
            scenarios.select_option(index=place)
    predictions = page.locator(".pm-prediction")
    size, overshoot = (predictions.filter(has_text=words) for words in ("Which quota is best?", "ten times smaller"))
    for guess, option, told in (
        (size, "100 KB", r"You guessed 100 KB, the model says 2 MB"),
        (overshoot, "a tenth of that", r"the model says as much as before"),
    ):
        guess.scroll_into_view_if_needed()
        guess.get_by_label(option).check()
        guess.get_by_role("button", name="Lock my guess").click()
        guess.get_by_role("button", name="Reveal").click()
        expect(guess).to_contain_text(re.compile(told))
    assert kernel_errors(page) == []
