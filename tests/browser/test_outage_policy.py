"""Lesson 07, second half, as a person uses it: an outage handled in three ways, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/07-what-the-system-cannot-do.ipynb"
OPENING = "End the session (TERMINATE): 4 minutes cut off"


@pytest.fixture
def outage(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING, ".pm-experiment:has-text('When no answer comes')")


def start(outage: Locator, scenario: str, words: str) -> None:
    outage.get_by_label("Scenario").select_option(scenario)
    await_kernel(outage.page)
    expect(sentence(outage)).to_contain_text(words)


def reset(outage: Locator) -> None:
    outage.get_by_role("button", name="Reset").click()
    await_kernel(outage.page)
    expect(sentence(outage)).to_contain_text(OPENING)


@pytest.mark.viewport(1280, 1100)
def test_every_control_by_mouse_and_by_keyboard(page: Page, outage: Locator) -> None:
    change = Change(outage)
    for label, option in {"When no answer comes": "let it go on", "Doing": "Video call", "Quota": "20 MB"}.items():
        with change:
            outage.get_by_label(label, exact=True).select_option(option)
        reset(outage)
        with change:
            outage.get_by_label(label, exact=True).focus()
            page.keyboard.press("ArrowDown")
        reset(outage)
    for label, key in {"Outage, minutes": "ArrowLeft", "Answers lost": "End"}.items():
        with change:
            click_track(slider(outage, label), 0.6 if key == "End" else 0.1)
        reset(outage)
        with change:
            slider(outage, label).locator(".noUi-handle").focus()
            page.keyboard.press(key)
        reset(outage)
    with change:
        outage.get_by_label("a second server").check()
    with change:
        outage.get_by_label("a second server").press("Space")
    expect(sentence(outage)).to_contain_text(OPENING)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_the_controls_whose_effect_comes_with_a_scenario(page: Page, outage: Locator) -> None:
    change = Change(outage)
    start(outage, "Little credit left", "QAR 1.45 below zero")
    unpaid = outage.get_by_label("What credit cannot pay")
    with change:
        unpaid.select_option("is written off")
    expect(sentence(outage)).not_to_contain_text("below zero")
    with change:
        unpaid.focus()
        page.keyboard.press("Home")
    start(outage, "Answers get lost", "nobody loses anything")
    with change:
        outage.get_by_label("repeats recognised").uncheck()
    expect(sentence(outage)).to_contain_text("30 MB charged twice")
    with change:
        outage.get_by_label("repeats recognised").press("Space")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_a_credit_is_typed_and_one_that_cannot_be_is_told(page: Page, outage: Locator) -> None:
    credit = outage.get_by_label("Credit, QAR")
    with Change(outage):
        credit.fill("2")
        credit.press("Enter")
    said = sentence(outage).inner_text()
    credit.fill("abc")
    credit.press("Enter")
    expect(outage.locator(".pm-status")).to_contain_text("credit: got 'abc'")
    expect(sentence(outage)).to_have_text(said)
    credit.blur()
    await_kernel(page)
    outage.get_by_role("button", name="Reset").press("Enter")
    expect(sentence(outage)).to_contain_text(OPENING)
    expect(outage.locator(".pm-problem")).to_have_count(0)
    assert len(kernel_errors(page)) == 1, "the error is raised on, and nothing else failed"


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_the_guesses_around_it(page: Page, outage: Locator) -> None:
    scenarios = outage.get_by_label("Scenario")
    expect(scenarios.locator("option")).to_have_count(6)
    for place in range(1, 6):
        with Change(outage):
            scenarios.select_option(index=place)
    guess = page.locator(".pm-prediction").filter(has_text="watches a video")
    guess.scroll_into_view_if_needed()
    guess.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text(re.compile(r"You guessed 0.25 QAR, the model says 1.45 QAR"))
    assert kernel_errors(page) == []
