"""Lesson 02 as a person uses it: each control of the experiment by mouse and by keyboard, a day opened by a click."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, opened, sentence, slider
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/02-the-prepaid-flow.ipynb"
OPENING = "QAR 45.00 topped up, 158 hours without service"


@pytest.fixture
def flow(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def reset(flow: Locator) -> None:
    flow.get_by_role("button", name="Reset").click()
    await_kernel(flow.page)


def start(flow: Locator, scenario: str, words: str) -> None:
    flow.get_by_label("Scenario").select_option(scenario)
    expect(sentence(flow)).to_contain_text(words)


@pytest.mark.viewport(1280, 1100)
def test_every_control_by_mouse_and_by_keyboard(page: Page, flow: Locator) -> None:
    change = Change(flow)
    choices = {
        "Who": "Student",
        "Bundle": "none: pay as you go",
        "When": "when it stops",
    }
    for label, option in choices.items():
        with change:
            flow.get_by_label(label, exact=True).select_option(option)
        reset(flow)
        expect(sentence(flow)).to_contain_text(OPENING)
        with change:
            flow.get_by_label(label, exact=True).focus()
            page.keyboard.press("ArrowDown")
        reset(flow)
        expect(sentence(flow)).to_contain_text(OPENING)
    for label, share in {"Every, days": 0.1, "Another month": 0.3, "Credit valid for": 0.02}.items():
        with change:
            click_track(slider(flow, label), share)
        reset(flow)
        expect(sentence(flow)).to_contain_text(OPENING)
        with change:
            slider(flow, label).locator(".noUi-handle").focus()
            page.keyboard.press("Home")
        reset(flow)
        expect(sentence(flow)).to_contain_text(OPENING)
    with change:
        flow.get_by_label("pay-as-you-go", exact=True).uncheck()
    with change:
        flow.get_by_label("pay-as-you-go", exact=True).press("Space")
    expect(sentence(flow)).to_contain_text(OPENING)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_the_controls_that_apply_only_sometimes(page: Page, flow: Locator) -> None:
    change = Change(flow)
    threshold = slider(flow, "When credit falls to")
    expect(threshold).to_be_hidden()
    start(flow, "Automatic top-up", "never stopped")
    expect(threshold).to_be_visible()
    expect(slider(flow, "Every, days")).to_be_hidden()
    with change:
        click_track(threshold, 0.9)
    with change:
        threshold.locator(".noUi-handle").focus()
        page.keyboard.press("Home")
    start(flow, "Short validity", "(expired)")
    with change:
        slider(flow, "grace, days").locator(".noUi-handle").focus()
        page.keyboard.press("End")
    expect(sentence(flow)).to_contain_text("(grace)")
    with change:
        click_track(slider(flow, "grace, days"), 0.0)
    flow.get_by_label("Bundle", exact=True).select_option("none: pay as you go")
    expect(flow.get_by_label("bought again")).to_be_hidden()
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_an_amount_is_typed_and_one_that_cannot_be_is_told(page: Page, flow: Locator) -> None:
    change = Change(flow)
    top_up = flow.get_by_label("Top-up, QAR")
    with change:
        top_up.fill("20")
        top_up.press("Enter")
    with change:
        flow.get_by_label("bought again").select_option("at its end")
    expect(sentence(flow)).to_contain_text("never stopped")
    with change:
        flow.get_by_label("bought again").press("Home")
    said = sentence(flow).inner_text()
    top_up.fill("-5")
    top_up.press("Enter")
    expect(flow.locator(".pm-status")).to_contain_text("top-up: got '-5'")
    expect(sentence(flow)).to_have_text(said)
    flow.get_by_role("button", name="Reset").press("Enter")
    expect(sentence(flow)).to_contain_text(OPENING)
    expect(flow.locator(".pm-problem")).to_have_count(0)
    assert len(kernel_errors(page)) == 1, "the error is raised on, and nothing else failed"


@pytest.mark.viewport(1280, 1100)
def test_a_day_is_opened_by_a_click_and_by_the_arrow_keys(page: Page, flow: Locator) -> None:
    handle = flow.locator(".pm-day .noUi-handle")
    frame = flow.locator(".pm-frame").bounding_box()
    assert frame
    middle_of_day_20 = 0.07 + (0.648 - 0.07) * 19.5 / 30
    page.mouse.click(frame["x"] + frame["width"] * middle_of_day_20, frame["y"] + frame["height"] / 2)
    expect(sentence(flow)).to_contain_text("Tue 20 Jan: no service from 00:00 to 24:00 (suspended)")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(sentence(flow)).to_contain_text("Wed 21 Jan: no service from 00:00 to 09:00 (suspended)")
    page.keyboard.press("Home")
    expect(sentence(flow)).to_contain_text("Thu 8 Jan: no service from 23:40 to 24:00 (suspended)")
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_the_lesson_around_it(page: Page, flow: Locator) -> None:
    names = [option.strip() for option in flow.get_by_label("Scenario").locator("option").all_inner_texts()]
    assert len(names) == 7
    said = set()
    for name in names[1:]:
        with Change(flow):
            flow.get_by_label("Scenario").select_option(name)
        said.add(sentence(flow).inner_text())
    assert len(said) == len(names) - 1
    guess = page.locator(".pm-prediction").first
    guess.scroll_into_view_if_needed()
    guess.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text(re.compile(r"You guessed 2, the model says \d+"))
    assert kernel_errors(page) == []
