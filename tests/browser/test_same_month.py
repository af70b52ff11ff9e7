"""Lesson 03 as a person uses it: each control by mouse and by keyboard, the surprise moved by a click."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/03-prepaid-or-postpaid.ipynb"
OPENING = "then a bill of QAR 81.06, due 15 February"
SURPRISED = "then a bill of QAR 161.06, QAR 80.00 more than without the surprise"


@pytest.fixture
def same(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def start(same: Locator, scenario: str, words: str) -> None:
    same.get_by_label("Scenario").select_option(scenario)
    expect(sentence(same)).to_contain_text(words)


def reset(same: Locator) -> None:
    await_kernel(same.page)
    same.get_by_role("button", name="Reset").click()
    await_kernel(same.page)
    expect(sentence(same)).to_contain_text(SURPRISED)


@pytest.mark.viewport(1280, 1300)
def test_every_list_by_mouse_and_by_keyboard(page: Page, same: Locator) -> None:
    change = Change(same)
    start(same, "One surprise day", SURPRISED)
    choices = {
        "Who": "Student",
        "Prepaid bundle": "5 GB · 30 days, QAR 40.00",
        "When data runs out, the owner": "tops up when it stops",
        "Postpaid plan": "Plus 10 GB, QAR 90.00 a month",
        "spend cap": "QAR 20.00",
    }
    for label, option in choices.items():
        with change:
            same.get_by_label(label, exact=True).select_option(option)
        reset(same)
        with change:
            same.get_by_label(label, exact=True).focus()
            page.keyboard.press("ArrowDown")
        reset(same)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1300)
def test_every_slider_by_mouse_and_by_keyboard(page: Page, same: Locator) -> None:
    change = Change(same)
    start(same, "One surprise day", SURPRISED)
    for label, share in {"Surprise day": 0.9, "credit limit": 0.05, "Another month": 0.3}.items():
        with change:
            click_track(slider(same, label), share)
        reset(same)
        with change:
            slider(same, label).locator(".noUi-handle").focus()
            page.keyboard.press("Home")
        reset(same)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1300)
def test_the_surprise_is_moved_by_a_click_and_by_the_arrow_keys(page: Page, same: Locator) -> None:
    start(same, "One surprise day", SURPRISED)
    handle = same.locator(".pm-day .noUi-handle")
    frame = same.locator(".pm-frame").bounding_box()
    assert frame
    fifth = 0.075 + (0.8 - 0.075) * 4.5 / 46
    page.mouse.click(frame["x"] + frame["width"] * fifth, frame["y"] + frame["height"] / 2)
    expect(sentence(same)).to_contain_text("a surprise on Monday 5 January")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(sentence(same)).to_contain_text("a surprise on Tuesday 6 January")
    page.keyboard.press("Home")
    expect(sentence(same)).to_contain_text("a surprise on Tuesday 20 January")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1300)
def test_each_scenario_and_the_lesson_around_it(page: Page, same: Locator) -> None:
    invoice = same.locator(".pm-invoice")
    expect(invoice).to_contain_text("Basic 2 GB, 1 Feb to 28 Feb")
    names = [option.strip() for option in same.get_by_label("Scenario").locator("option").all_inner_texts()]
    assert len(names) == 7
    said = set()
    for name in names[1:]:
        with Change(same):
            same.get_by_label("Scenario").select_option(name)
        said.add(sentence(same).inner_text())
    assert len(said) == len(names) - 1
    same.get_by_role("button", name="Reset").press("Enter")
    await_kernel(page)
    expect(same.locator(".pm-problem")).to_have_count(0)
    guess = page.locator(".pm-prediction").first
    guess.scroll_into_view_if_needed()
    guess.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    await_kernel(page)
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text(re.compile(r"You guessed 5 QAR, the model says 161 QAR"))
    question = page.locator(".pm-checkpoint").last
    question.scroll_into_view_if_needed()
    question.get_by_role("textbox").fill("2250")
    question.get_by_role("textbox").blur()
    await_kernel(page)
    question.get_by_role("button", name="Check").click()
    expect(question).to_contain_text("Right.")
    assert kernel_errors(page) == []
