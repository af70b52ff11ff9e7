"""Lesson 10 as a person uses it: each control of the experiment by mouse and by keyboard, and a guess."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/10-when-should-i-recharge.ipynb"
OPENING = "month 1 of 1,000: cut off, recharged 3 hours too late"


@pytest.fixture
def timing(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def reset(timing: Locator) -> None:
    await_kernel(timing.page)
    timing.get_by_role("button", name="Reset").click()
    await_kernel(timing.page)
    expect(sentence(timing)).to_contain_text(OPENING)


@pytest.mark.viewport(1280, 1100)
def test_every_control_by_mouse_and_by_keyboard(page: Page, timing: Locator) -> None:
    with Change(timing):
        timing.get_by_label("Who", exact=True).select_option("Student, 5 GB · 30 days")
    reset(timing)
    with Change(timing):
        timing.get_by_label("Who", exact=True).focus()
        page.keyboard.press("ArrowDown")
    reset(timing)
    sliders = {
        "Acts on the alert at": (0.5, "Home"),
        "Message delay": (0.6, "End"),
        "Read after": (0.05, "Home"),
        "heavy days of 30": (0.7, "End"),
        "Month on show": (0.4, "End"),
    }
    for label, (share, key) in sliders.items():
        with Change(timing):
            click_track(slider(timing, label), share)
        reset(timing)
        with Change(timing):
            slider(timing, label).locator(".noUi-handle").focus()
            page.keyboard.press(key)
        reset(timing)
    with Change(timing, said=False):
        timing.get_by_label("other alerts at").fill("25, 90")
        timing.get_by_label("other alerts at").press("Enter")
    reset(timing)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_the_threshold_is_dragged_until_it_is_early_enough(page: Page, timing: Locator) -> None:
    handle = slider(timing, "Acts on the alert at").locator(".noUi-handle")
    handle.hover()
    box = handle.bounding_box()
    assert box
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + box["width"] / 2 - 5 * step, box["y"] + box["height"] / 2)
    page.mouse.up()
    expect(sentence(timing)).to_contain_text(re.compile(r"recharged \d+ hours before it was used up"))
    handle.focus()
    said = sentence(timing).inner_text()
    page.keyboard.press("ArrowRight")
    expect(sentence(timing)).not_to_have_text(said)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_percentages_that_cannot_be_are_told_and_nothing_changes(page: Page, timing: Locator) -> None:
    shown = timing.locator(".pm-picture").get_attribute("src") or ""
    others = timing.get_by_label("other alerts at")
    others.fill("50, 120")
    others.press("Enter")
    expect(timing.locator(".pm-status")).to_contain_text("other alerts: got '50, 120'")
    expect(timing.locator(".pm-picture")).to_have_attribute("src", shown)
    others.blur()
    await_kernel(page)
    timing.get_by_role("button", name="Reset").press("Enter")
    expect(timing.locator(".pm-problem")).to_have_count(0)
    expect(sentence(timing)).to_contain_text(OPENING)
    assert len(kernel_errors(page)) == 1, "the error is raised on, and nothing else failed"


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_the_lesson_around_it(page: Page, timing: Locator) -> None:
    names = [option.strip() for option in timing.get_by_label("Scenario").locator("option").all_inner_texts()]
    assert len(names) == 6
    said = set()
    for name in names[1:]:
        with Change(timing):
            timing.get_by_label("Scenario").select_option(name)
        said.add(sentence(timing).inner_text())
    assert len(said) == len(names) - 1
    expect(timing.locator(".pm-rules")).to_contain_text("Australia, 48 h late")
    for place, key in enumerate(("ArrowRight", "End")):
        guess = page.locator(".pm-prediction").nth(place)
        guess.scroll_into_view_if_needed()
        guess.locator(".noUi-handle").focus()
        page.keyboard.press(key)
        await_kernel(page)
        guess.get_by_role("button", name="Lock my guess").click()
        guess.get_by_role("button", name="Reveal").click()
        expect(guess).to_contain_text(re.compile(r"You guessed \d+, the model says \d+"))
    assert kernel_errors(page) == []
