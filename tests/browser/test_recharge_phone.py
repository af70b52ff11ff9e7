"""The first two lessons as a person uses them: every control, by mouse and by keyboard."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.hands import into_sight, press, sentence
from tools.lab import Lab, kernel_errors, open_and_run, use_theme, visit

START_HERE = "notebooks/00-start-here.ipynb"
RECHARGE = "notebooks/01-what-is-a-recharge.ipynb"
FOCUSED = """() => {
    const focused = document.activeElement, widget = focused.closest('.jupyter-widgets');
    const label = widget.querySelector('.widget-label:not(:empty):not(.widget-checkbox *)');
    return (focused.closest('label') ?? focused.labels?.[0] ?? label ?? focused).textContent.trim();
}"""
NEW = "The phone is new: no credit and no data, so no byte can flow."


@pytest.fixture(scope="module")
def start(lab: Lab, chromium: BrowserContext) -> Iterator[Page]:
    """Give the start page, run once."""
    with visit(chromium, lab) as visited:
        open_and_run(visited.page, lab, START_HERE)
        yield visited.page
    assert visited.elsewhere == visited.errors == []


@pytest.fixture(scope="module")
def lesson(lab: Lab, shared_page: Page) -> Page:
    """Give the lesson, run once."""
    open_and_run(shared_page, lab, RECHARGE)
    return shared_page


@pytest.fixture
def phone(lesson: Page) -> Locator:
    """Give the lesson's phone as it opens."""
    shown = into_sight(lesson)
    lesson.evaluate("() => { window.kernelErrors = []; }")
    shown.get_by_label("Scenario").select_option("A new phone")
    press(shown, "Reset")
    expect(sentence(shown)).to_have_text(NEW)
    return shown


def test_next_tells_the_story_and_lights_up_what_changed(start):
    story = into_sight(start)
    picture = story.locator(".pm-picture")
    seen = [picture.get_attribute("src")]
    for beat, name in enumerate(["top up", "convert", "browse", "alert", "empty", "top up again"], 1):
        press(story, f"Next ▸ {beat} of 6: {name}", key="Enter" if beat % 2 else "")
        expect(sentence(story)).to_contain_text(f"{beat} of 6, {name}: ")
        expect(story.locator(".pm-phone .pm-number.pm-new").first).to_be_visible()
        expect(story.locator(".pm-ledger tr.pm-new").first).to_be_visible()
        seen.append(picture.get_attribute("src"))
    assert len(set(seen)) == len(seen)
    press(story, "◂ Back")
    expect(sentence(story)).to_contain_text("5 of 6, empty: ")
    expect(story.locator(".pm-pill")).to_have_text("○ Suspended")
    press(story, "◂ Back", key="Enter")
    expect(sentence(story)).to_contain_text("4 of 6, alert: ")
    expect(story.locator(".pm-messages li").first).to_contain_text("Alert You have used 80 %")
    press(story, "Reset", key="Enter")
    expect(sentence(story)).to_have_text(f"{NEW} Press Next: the story has 6 parts.")
    assert kernel_errors(start) == []


def test_the_start_page_says_that_it_runs_and_links_the_lessons(start):
    expect(into_sight(start, ".pm-ready")).to_contain_text("Ready")
    into_sight(start, ".jp-RenderedMarkdown table a:has-text('01 · What is a recharge?')").first.click()
    expect(start.locator(".lm-TabBar-tab.jp-mod-current", has_text="01-what-is-a-recharge")).to_be_visible()


def test_every_control_by_mouse(lesson, phone):
    phone.get_by_label("Top up, QAR").fill("50")
    phone.get_by_label("by", exact=True).select_option("app")
    press(phone, "▲ Top up")
    expect(sentence(phone)).to_contain_text("You topped up QAR 50.00 by app.")
    phone.get_by_label("by", exact=True).select_option("voucher")
    press(phone, "▲ Top up")
    expect(sentence(phone)).to_contain_text("Your credit is QAR 100.00")
    press(phone, "Voucher again")
    expect(sentence(phone)).to_contain_text("your credit is still QAR 100.00")
    phone.get_by_label("Bundle").select_option("5 GB · 30 days · QAR 40.00")
    press(phone, "■ Buy")
    expect(sentence(phone)).to_contain_text("You bought 5 GB · 30 days: QAR 40.00 left your credit")
    expect(phone.locator(".pm-number.pm-data")).to_have_text("5 GB")
    picture = phone.locator(".pm-picture").get_attribute("src") or ""
    phone.get_by_label("Do").select_option("make a video call")
    phone.get_by_label("for", exact=True).select_option("45 min")
    press(phone, "▶ Go")
    expect(sentence(phone)).to_contain_text("To make a video call for 45 min took 405 MB")
    expect(phone.locator(".pm-picture")).not_to_have_attribute("src", picture)
    press(phone, "Next day")
    expect(sentence(phone)).to_contain_text("It is Fri 2 Jan, 09:00; the phone was off.")
    phone.get_by_label("pay-as-you-go allowed").check()
    expect(sentence(phone)).to_contain_text("Pay-as-you-go is on")
    press(phone, "◂ Back")
    expect(phone.locator(".pm-ledger tbody tr").last).to_contain_text("usage, Video call, from data")
    phone.get_by_label("Scenario").select_option("Used up")
    expect(phone.locator(".pm-pill")).to_have_text("○ Suspended")
    press(phone, "Reset")
    expect(sentence(phone)).to_contain_text("refused")
    assert kernel_errors(lesson) == []


def test_every_control_by_keyboard(lesson, phone):
    phone.get_by_label("Scenario").focus()
    for expected in (
        "Reset",
        "◂ Back",
        "Top up, QAR",
        "by",
        "▲ Top up",
        "Voucher again",
        "Bundle",
        "■ Buy",
        "pay-as-you-go allowed",
        "Do",
        "for",
        "▶ Go",
        "Next day",
    ):
        lesson.keyboard.press("Tab")
        name = lesson.evaluate(FOCUSED)
        assert name == expected
    phone.get_by_label("Top up, QAR").press("Control+a")
    lesson.keyboard.type("40")
    lesson.keyboard.press("Enter")
    press(phone, "▲ Top up", key="Enter")
    expect(sentence(phone)).to_contain_text("You topped up QAR 40.00 by voucher.")
    press(phone, "Voucher again", key="Space")
    expect(sentence(phone)).to_contain_text("your credit is still QAR 40.00")
    phone.get_by_label("by", exact=True).press("ArrowDown")
    press(phone, "▲ Top up", key="Space")
    expect(sentence(phone)).to_contain_text("You topped up QAR 40.00 by app.")
    phone.get_by_label("Bundle").press("ArrowDown")
    press(phone, "■ Buy", key="Enter")
    expect(sentence(phone)).to_contain_text("You bought 3 GB · 7 days")
    phone.get_by_label("Do").press("ArrowDown")
    phone.get_by_label("for", exact=True).press("ArrowUp")
    press(phone, "▶ Go", key="Enter")
    expect(sentence(phone)).to_contain_text("To watch video (HD) for 5 min took 257.73 MB")
    phone.get_by_label("pay-as-you-go allowed").press("Space")
    expect(sentence(phone)).to_contain_text("Pay-as-you-go is on")
    press(phone, "Next day", key="Enter")
    expect(sentence(phone)).to_contain_text("It is Fri 2 Jan, 09:00")
    press(phone, "◂ Back", key="Enter")
    expect(phone.locator(".pm-ledger tbody tr").last).not_to_contain_text("Fri")
    press(phone, "Reset", key="Enter")
    expect(sentence(phone)).to_have_text(NEW)
    phone.get_by_label("Scenario").press("ArrowDown")
    expect(sentence(phone)).to_contain_text("To watch video (SD) for 25 min took 300.68 MB")
    assert kernel_errors(lesson) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [("abc", "top-up amount: got 'abc'"), ("-5", "top-up amount: got '-5'"), ("1", "the smallest top-up is QAR 5.00")],
)
def test_an_amount_that_cannot_be_is_told_in_the_status_line(lesson, phone, typed, words):
    field = phone.get_by_label("Top up, QAR")
    field.fill(typed)
    press(phone, "▲ Top up")
    problem = phone.get_by_role("alert")
    expect(problem).to_contain_text(words)
    expect(problem).to_contain_text("Nothing has been changed")
    expect(sentence(phone)).to_have_text(NEW)
    assert len(kernel_errors(lesson)) == 1
    field.fill("25")
    press(phone, "▲ Top up")
    expect(problem).to_have_count(0)
    expect(sentence(phone)).to_contain_text("You topped up QAR 25.00")


def test_predictions_are_locked_and_revealed_and_questions_answered(lesson, phone):
    credit = into_sight(lesson, ".pm-prediction").first
    press(credit, "Lock my guess")
    press(credit, "Reveal", key="Enter")
    expect(credit.locator(".pm-sentence")).to_contain_text("You guessed 0 QAR, the model says 15 QAR")
    question = into_sight(lesson, ".pm-checkpoint:has-text('three times')")
    question.get_by_label("My answer, QAR").fill("75")
    press(question, "Check")
    expect(question.locator(".pm-feedback")).to_contain_text("Not yet. That would be three vouchers.")
    question.get_by_label("My answer, QAR").fill("25")
    press(question, "Check", key="Enter")
    expect(question.locator(".pm-feedback")).to_contain_text("Right.")
    options = into_sight(lesson, ".pm-checkpoint:has-text('How many bytes flow?')")
    options.get_by_label("none").press("Space")
    options.get_by_label("none").press("ArrowDown")  # Lab would go to the next cell
    press(options, "Check", key="Enter")
    expect(options.locator(".pm-feedback")).to_contain_text("Not yet. Has the owner agreed to that?")
    assert kernel_errors(lesson) == []


@pytest.mark.parametrize(("theme", "width"), [("Dark", 1920), ("Light", 1280)])
def test_the_phone_is_whole_and_legible_in_both_themes(lesson, phone, theme, width):
    phone.get_by_label("Scenario").select_option("25 minutes of video, by bundle")
    lesson.set_viewport_size({"width": width, "height": 1000})
    use_theme(lesson, theme)
    for part in (".pm-phone-body", ".pm-frame", ".pm-ledger table"):
        inside = phone.locator(part).evaluate("part => part.scrollWidth <= part.clientWidth + 1")
        assert inside, part
    frame, body = phone.locator(".pm-frame").bounding_box(), phone.locator(".pm-phone-body").bounding_box()
    assert frame
    assert body
    assert body["x"] + body["width"] <= frame["x"]
    found = Axe().run(lesson, context=".pm-experiment").response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
