"""Lesson 08 as a person uses it: a volume by a click on the staircase, every control by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from prepaid_model.figures.rating_ladder import LEFT, RIGHT
from tests.browser.hands import Change, opened, sentence
from tools.lab import Lab, await_kernel, kernel_errors

LESSON = "notebooks/08-how-do-bytes-become-riyals.ipynb"
OPENING = "100 KB cost QAR 0.05 in one session: charged as 1 MB"


@pytest.fixture
def ladder(page: Page, lab: Lab) -> Locator:
    """Give the experiment on show, in its opening state."""
    return opened(page, lab, LESSON, OPENING)


def reset(ladder: Locator) -> None:
    await_kernel(ladder.page)
    ladder.get_by_role("button", name="Reset").click()
    expect(sentence(ladder)).to_contain_text(OPENING)
    await_kernel(ladder.page)


def write(ladder: Locator, label: str, text: str) -> None:
    field = ladder.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")


@pytest.mark.viewport(1280, 1100)
def test_a_volume_is_chosen_on_the_staircase(page: Page, ladder: Locator) -> None:
    frame = ladder.locator(".pm-frame").bounding_box()
    assert frame
    with Change(ladder):
        page.mouse.click(frame["x"] + frame["width"] * (LEFT + (RIGHT - LEFT) * 0.5), frame["y"] + 150)
    expect(sentence(ladder)).to_contain_text("2.5 MB cost QAR 0.15")
    expect(ladder.get_by_label("Your volume", exact=True)).to_have_value("2.5 MB")
    handle = ladder.locator(".pm-cursor .noUi-handle")
    handle.focus()
    with Change(ladder):
        page.keyboard.press("ArrowRight")
    expect(sentence(ladder)).to_contain_text("2.55 MB cost QAR 0.15")
    with Change(ladder):
        page.keyboard.press("Home")
    expect(sentence(ladder)).to_contain_text("1 byte costs QAR 0.05")
    with Change(ladder):
        page.keyboard.press("End")
    expect(sentence(ladder)).to_contain_text("5 MB cost QAR 0.25 in one session: each byte is used")
    await_kernel(page)
    handle.hover()
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * (LEFT + (RIGHT - LEFT) * 0.25), frame["y"] + 150, steps=5)
    page.mouse.up()
    expect(sentence(ladder)).to_contain_text("1.25 MB cost QAR 0.10")
    expect(ladder.locator(".pm-picture")).to_have_attribute("alt", re.compile("^1.25 MB cost"))
    await_kernel(page)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_what_is_typed(page: Page, ladder: Locator) -> None:
    for label, text in {
        "Price, QAR a MB": "0.08",
        "Increment": "100 KB",
        "First block": "2 MB",
        "Session fee, QAR": "0.10",
        "Night price (0 to 6 h), QAR a MB": "0.02",
        "Your volume": "1000001 B",
    }.items():
        with Change(ladder):
            write(ladder, label, text)
        reset(ladder)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_what_is_chosen_by_mouse_and_by_keyboard(page: Page, ladder: Locator) -> None:
    expect(ladder.get_by_label("Used", exact=True)).to_be_hidden()
    write(ladder, "Night price (0 to 6 h), QAR a MB", "0.02")
    expect(sentence(ladder)).to_contain_text("by night it ends at QAR 0.10")
    used = ladder.get_by_label("Used", exact=True)
    with Change(ladder):
        used.select_option("by night")
    expect(sentence(ladder)).to_contain_text("100 KB cost QAR 0.02")
    with Change(ladder):
        used.press("Home")
    reset(ladder)
    with Change(ladder):
        ladder.get_by_label("Staircase up to").select_option("10 MB")
    with Change(ladder):
        ladder.get_by_label("Staircase up to").press("Home")
    reset(ladder)
    write(ladder, "Your volume", "8 MB")
    expect(sentence(ladder)).to_contain_text("8 MB cost QAR 0.40")
    tiers = ladder.get_by_label("Tiers", exact=True)
    with Change(ladder):
        tiers.select_option("half the price above 5 MB")
    with Change(ladder):
        tiers.press("Home")
    reset(ladder)
    alone = ladder.get_by_label("round each report alone (a flaw)")
    with Change(ladder):
        alone.check()
    expect(sentence(ladder)).to_contain_text("QAR 5.00 as 1 session of 100 reports")
    with Change(ladder):
        alone.press("Space")
    expect(sentence(ladder)).to_contain_text(OPENING)
    await_kernel(page)
    assert kernel_errors(page) == []


@pytest.mark.viewport(1280, 1100)
def test_a_price_that_does_not_come_out_is_told_and_changes_nothing(page: Page, ladder: Locator) -> None:
    said = sentence(ladder).inner_text()
    write(ladder, "Increment", "7 B")
    expect(ladder.locator(".pm-status")).to_contain_text("expected whole millionths of a riyal for each 7 B")
    expect(sentence(ladder)).to_have_text(said)
    await_kernel(page)
    ladder.get_by_role("button", name="Reset").press("Enter")
    expect(ladder.locator(".pm-problem")).to_have_count(0)
    expect(ladder.get_by_label("Increment", exact=True)).to_have_value("1 MB")
    assert len(kernel_errors(page)) == 1, "the error is raised on, and nothing else failed"


@pytest.mark.viewport(1280, 1100)
def test_each_scenario_and_the_lesson_around_it(page: Page, ladder: Locator) -> None:
    names = [option.strip() for option in ladder.get_by_label("Scenario").locator("option").all_inner_texts()]
    assert len(names) == 8
    for name in names[1:]:
        with Change(ladder):
            ladder.get_by_label("Scenario").select_option(name)
    guess = page.locator(".pm-prediction").first
    guess.scroll_into_view_if_needed()
    guess.get_by_label("nothing").check()
    guess.get_by_role("button", name="Lock my guess").click()
    guess.get_by_role("button", name="Reveal").click()
    expect(guess).to_contain_text("You guessed nothing, the model says QAR 0.05.")
    assert kernel_errors(page) == []
