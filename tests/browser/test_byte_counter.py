"""Lesson 06 as a person uses it: guess and reveal, each control by mouse and by keyboard, nothing told too early."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/06-who-counts-my-bytes.ipynb"
OPENING = 'What does "headers" add?'


@pytest.fixture
def counter(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def slide(counter: Locator, label: str, key: str) -> None:
    slider(counter, label).locator(".noUi-handle").press(key)
    await_kernel(counter.page)


def reveal(counter: Locator) -> Locator:
    return counter.get_by_role("button", name=re.compile("^(Reveal|All revealed)"))


@pytest.mark.viewport(1280, 1200)
def test_each_bar_is_guessed_and_then_revealed(page: Page, counter: Locator) -> None:
    tables = counter.locator(".pm-bytes")
    expect(tables).not_to_contain_text("4.0 %")
    with Change(counter):
        slide(counter, "My guess", "ArrowRight")
    with Change(counter):
        reveal(counter).click()
    expect(sentence(counter)).to_contain_text("Headers +4.0 % (you said +1 %).")
    expect(tables).to_contain_text("+4.0 %")
    expect(reveal(counter)).to_have_text("Reveal: sent again ▸")
    with Change(counter):
        click_track(slider(counter, "My guess"), 0.5)
    with Change(counter):
        reveal(counter).press("Enter")
    for name in ("unit", "rounding"):
        reveal(counter).press("Enter")
        expect(reveal(counter)).to_have_text(f"Reveal: {name} ▸")
    expect(sentence(counter)).not_to_contain_text("Your phone shows")
    reveal(counter).click()
    expect(sentence(counter)).to_contain_text("Your phone shows 1.01 GB, your operator charges 1.10 GB.")
    expect(reveal(counter)).to_be_disabled()
    with Change(counter):
        counter.get_by_role("button", name="Reset").click()
    expect(sentence(counter)).to_contain_text(OPENING)
    expect(tables).not_to_contain_text("4.0 %")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1200)
def test_every_control_by_mouse_and_by_keyboard(page: Page, counter: Locator) -> None:
    with Change(counter):
        counter.get_by_role("button", name="Show all").press("Enter")
    with Change(counter):
        slide(counter, "for, minutes", "End")  # so long that a day ends meanwhile
    each = counter.get_by_label("round up each record")
    with Change(counter):
        each.check()
    with Change(counter):
        each.press("Space")
    choices = {"Do": "make a video call", "Operator's megabyte": "1,048,576", "Record every": "5 min"}
    for label, option in (choices | {"Operator's day ends": "04:00"}).items():
        box = counter.get_by_label(label, exact=True)
        value = box.locator("option").filter(has_text=option).first.inner_text()
        with Change(counter):
            box.select_option(label=value)
        with Change(counter):
            box.press("ArrowUp")
    for label, share in {
        "for, minutes": 0.3,
        "from, o'clock": 0.4,
        "Full packet": 0.3,
        "Lost on the radio": 0.8,
    }.items():
        with Change(counter):
            click_track(slider(counter, label), share)
        with Change(counter):
            slide(counter, label, "Home")
    expect(sentence(counter)).to_contain_text("Your phone shows")  # what is revealed stays so
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1200)
def test_each_scenario_is_a_riddle_of_its_own(page: Page, counter: Locator) -> None:
    scenarios = counter.get_by_label("Scenario")
    names = scenarios.locator("option").all_inner_texts()
    assert len(names) == 8
    said = set()
    for name in names[1:]:
        scenarios.select_option(label=name)
        expect(sentence(counter)).to_contain_text(OPENING)
        with Change(counter):
            counter.get_by_role("button", name="Show all").click()
        said.add(sentence(counter).inner_text())
    assert len(said) == len(names) - 1
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1200)
def test_the_lesson_around_it(page: Page, counter: Locator) -> None:
    guess = page.locator(".pm-prediction").first
    guess.scroll_into_view_if_needed()
    guess.locator(".noUi-handle").press("ArrowRight")
    await_kernel(page)
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text("You guessed 1 of 100, the model says 50 of 100")
    page.get_by_role("heading", name="Check yourself").scroll_into_view_if_needed()
    question = page.locator(".pm-checkpoint").filter(has_text="counted twice by the operator?").last
    question.scroll_into_view_if_needed()
    question.get_by_label("A packet of a film").check()
    await_kernel(page)
    question.get_by_role("button", name="Check").click()
    expect(question.locator(".pm-feedback")).to_contain_text("Right.")
    assert kernel_errors(page) == []
