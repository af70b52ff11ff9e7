"""Lesson 04 as a person uses it: each control of the experiment by mouse and by keyboard, and its last task."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/04-balance-basics.ipynb"
OPENING = "Oldest first: 1.8 GB expire unused, worth QAR 14.00."


@pytest.fixture
def buckets(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def back_to_the_start(buckets: Locator) -> None:
    buckets.get_by_role("button", name="Reset").click()
    await_kernel(buckets.page)
    expect(sentence(buckets)).to_contain_text(OPENING)


@pytest.mark.viewport(1280, 1100)
def test_every_control_by_mouse_and_by_keyboard(page: Page, buckets: Locator) -> None:
    change = Change(buckets)
    order = buckets.get_by_label("Who pays first")
    with change:
        order.select_option("Soonest expiry first")
    expect(sentence(buckets)).to_contain_text("nothing expires unused")
    back_to_the_start(buckets)
    with change:
        order.focus()
        page.keyboard.press("ArrowDown")
    expect(sentence(buckets)).to_contain_text("Largest first: ")
    back_to_the_start(buckets)
    for label in ("show the other orders too", "add 2 GB that serve at night only", "1 GB is bought again at its end"):
        box = buckets.get_by_label(label)
        with change:
            box.check()
        with change:
            box.press("Space")
        expect(sentence(buckets)).to_contain_text(OPENING)
    daily = slider(buckets, "Used a day, MB")
    with change:
        click_track(daily, 0.2)
    with change:
        daily.locator(".noUi-handle").focus()
        page.keyboard.press("End")
    back_to_the_start(buckets)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_the_controls_that_apply_only_sometimes(page: Page, buckets: Locator) -> None:
    change = Change(buckets)
    rollover = slider(buckets, "and rolls over, MB at most")
    expect(rollover).to_be_hidden()
    with change:
        buckets.get_by_label("1 GB is bought again at its end").check()
    expect(rollover).to_be_visible()
    with change:
        click_track(rollover, 0.3)
    with change:
        rollover.locator(".noUi-handle").focus()
        page.keyboard.press("End")
    expect(sentence(buckets)).to_contain_text("1.2 GB expire unused")
    expect(buckets.locator(".pm-fates")).to_contain_text("rolled over")
    buckets.get_by_label("Scenario").select_option("A bundle for nights")
    expect(sentence(buckets)).to_contain_text("Soonest expiry first: 3.2 GB expire unused")
    expect(rollover).to_be_hidden()
    night = slider(buckets, "of it at night")
    with change:
        click_track(night, 0.9)
    with change:
        night.locator(".noUi-handle").focus()
        page.keyboard.press("Home")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_its_reset_from_the_keyboard(page: Page, buckets: Locator) -> None:
    names = [option.strip() for option in buckets.get_by_label("Scenario").locator("option").all_inner_texts()]
    assert len(names) == 6
    said = {sentence(buckets).inner_text()}
    for name in names[1:]:
        with Change(buckets):
            buckets.get_by_label("Scenario").select_option(name)
        said.add(sentence(buckets).inner_text())
    assert len(said) == len(names)
    buckets.get_by_label("add 2 GB that serve at night only").uncheck()
    expect(sentence(buckets)).not_to_contain_text("3.2 GB expire")
    await_kernel(page)
    buckets.get_by_role("button", name="Reset").press("Enter")
    expect(sentence(buckets)).to_contain_text("3.2 GB expire")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_a_guess_and_the_last_task(page: Page, buckets: Locator) -> None:
    guess = page.locator(".pm-prediction").first
    guess.scroll_into_view_if_needed()
    guess.get_by_label("the largest").check()
    await_kernel(page)
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text("You guessed the largest, the model says the one that expires soonest.")
    task = page.locator(".pm-checkpoint").filter(has_text="name a daily usage")
    task.scroll_into_view_if_needed()
    for typed, answer in {"300": "Not yet.", "lots": "expected a number", "800": "Right."}.items():
        task.get_by_label("My answer, MB").fill(typed)
        task.get_by_label("My answer, MB").blur()
        await_kernel(page)
        task.get_by_role("button", name="Check").click()
        expect(task).to_contain_text(re.compile(re.escape(answer)))
    assert len(kernel_errors(page)) == 1, "what is no number is told and raised on; nothing else failed"
