"""Lesson 09 as a person uses it: both experiments, each control by mouse and by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Change, click_track, handle, into_sight, opened, press, sentence, slider, start
from tools.lab import Lab, await_kernel, kernel_errors, use_theme

LESSON = "notebooks/09-behind-the-scenes.ipynb"
OPENING = "Message 2 of 16, gateway to session function, CCR INITIAL."
EMPTY = "Nothing has happened yet, and the till is empty."


@pytest.fixture
def stepper(page: Page, lab: Lab) -> Locator:
    """Give the stepper as it opens."""
    return opened(page, lab, LESSON, OPENING, ".pm-experiment:has-text('Quota, MB')")


@pytest.fixture
def books(page: Page, lab: Lab) -> Locator:
    """Give the books before anything has happened."""
    shown = opened(page, lab, LESSON, "QAR 25.00", ".pm-experiment:has-text('Postpaid:')")
    start(shown, "Empty books")
    expect(sentence(shown)).to_have_text(EMPTY)
    return shown


# ------------------------------------------------------------------------------------------------- the stepper


def test_step_by_step_through_a_page_by_mouse(page: Page, stepper: Locator) -> None:
    for number in range(3, 17):
        with Change(stepper):
            press(stepper, "Next ▸")
        expect(stepper.locator(".pm-fields-title")).to_contain_text(f"What is in message {number}: ")
    expect(stepper.get_by_role("button", name="Next ▸")).to_be_disabled()
    with Change(stepper):
        press(stepper, "◂ Back")
    with Change(stepper):
        click_track(slider(stepper, "Message"), 0.48)
    expect(stepper.locator(".pm-fields table")).to_contain_text("Granted-Service-Unit, CC-Total-Octets")
    with Change(stepper):
        click_track(slider(stepper, "Quota, MB"), 0.0)
    expect(sentence(stepper)).to_contain_text("Yes: 1 MB may flow.")
    with Change(stepper):
        stepper.get_by_label("Credit, QAR").fill("0.05")
        stepper.get_by_label("Credit, QAR").press("Tab")
    expect(sentence(stepper)).to_contain_text("the session is to end")
    with Change(stepper):
        stepper.get_by_label("When credit ends,").select_option("lead to a top-up page")
    expect(stepper.locator(".pm-fields table")).to_contain_text("http://topup.example")
    press(stepper, "Reset")
    expect(sentence(stepper)).to_contain_text(OPENING)
    assert kernel_errors(page) == []


def test_step_by_step_by_keyboard(page: Page, stepper: Locator) -> None:
    with Change(stepper):
        press(stepper, "Next ▸", key="Enter")
    with Change(stepper):
        press(stepper, "◂ Back", key="Space")
    with Change(stepper):
        handle(stepper, "Message").press("ArrowRight")
    with Change(stepper):
        handle(stepper, "Message").press("End")
    expect(sentence(stepper)).to_contain_text("Message 16 of 16")
    with Change(stepper):
        handle(stepper, "Quota, MB").press("Home")
    with Change(stepper):
        stepper.get_by_label("Credit, QAR").press("Control+a")
        page.keyboard.type("0.10")
        page.keyboard.press("Enter")
    handle(stepper, "Message").press("Home")
    for _ in range(7):
        handle(stepper, "Message").press("ArrowRight")
        await_kernel(page)
    expect(sentence(stepper)).to_contain_text("Message 8 of ")
    handle(stepper, "Quota, MB").press("End")
    await_kernel(page)
    with Change(stepper):
        stepper.get_by_label("When credit ends,").press("ArrowDown")
    with Change(stepper):
        stepper.get_by_label("Scenario").press("ArrowDown")
    press(stepper, "Reset", key="Enter")
    expect(sentence(stepper)).to_contain_text("Message 1 of ")
    assert kernel_errors(page) == []


def test_credit_that_cannot_be_is_told_and_nothing_changes(page: Page, stepper: Locator) -> None:
    shown = stepper.locator(".pm-picture").get_attribute("src") or ""
    stepper.get_by_label("Credit, QAR").fill("abc")
    stepper.get_by_label("Credit, QAR").press("Tab")
    expect(stepper.get_by_role("alert")).to_contain_text("credit: got 'abc'")
    expect(stepper.get_by_role("alert")).to_contain_text("Nothing has been changed")
    expect(stepper.locator(".pm-picture")).to_have_attribute("src", shown)
    assert len(kernel_errors(page)) == 1
    stepper.get_by_label("Credit, QAR").fill("2")
    stepper.get_by_label("Credit, QAR").press("Tab")
    expect(stepper.get_by_role("alert")).to_have_count(0)
    expect(sentence(stepper)).to_contain_text("QAR 2.00 free")


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("Slice by slice", "Message 1 of 54"),
        ("From a bundle", "20 MB free"),
        ("The last units", "QAR 0.20 free"),
        ("Redirected to top up", "Message 1 of 61"),
        ("Two devices, one account", "phone to gateway (phone)"),
    ],
)
def test_every_scenario_opens_with_its_first_message(page: Page, stepper: Locator, scenario: str, words: str) -> None:
    stepper.get_by_label("Scenario").select_option(scenario)
    expect(sentence(stepper)).to_contain_text(words)
    said = (sentence(stepper).text_content() or "").strip()
    expect(stepper.locator(".pm-picture")).to_have_attribute("alt", said)
    assert kernel_errors(page) == []


# --------------------------------------------------------------------------------------------------- the books


def test_a_month_of_books_by_mouse(page: Page, books: Locator) -> None:
    books.get_by_label("Prepaid: top up, QAR").fill("50")
    with Change(books):
        press(books, "▲ Top up")
    expect(sentence(books)).to_contain_text("In the till: QAR 50.00")
    with Change(books):
        books.get_by_label("double entry").check()
    expect(sentence(books)).to_contain_text("unearned revenue +QAR 50.00")
    books.get_by_label("Bundle").select_option("3 GB · 7 days · QAR 20.00")
    with Change(books):
        press(books, "■ Buy")
    click_track(slider(books, "Use, MB"), 0.31)
    with Change(books):
        press(books, "▶ Use")
    expect(sentence(books)).to_contain_text("Service was delivered, so its price is earned.")
    for name in ("7 days pass", "Until something expires", "Sign a contract", "Until the next bill", "Pay the bill"):
        with Change(books):
            press(books, name)
    books.get_by_label("by", exact=True).select_option("postpaid")
    with Change(books):
        press(books, "▶ Use")
    expect(sentence(books)).to_contain_text("(postpaid)")
    for name in ("Until the next bill", "Never pay"):
        with Change(books):
            press(books, name)
    expect(books.locator(".pm-books")).to_contain_text("bad debt")
    expect(books.locator(".pm-books")).to_contain_text("difference QAR 0.00")
    with Change(books):
        press(books, "◂ Back")
    press(books, "Reset")
    expect(sentence(books)).to_have_text(EMPTY)
    assert kernel_errors(page) == []


def test_a_month_of_books_by_keyboard(page: Page, books: Locator) -> None:
    with Change(books):
        press(books, "▲ Top up", key="Enter")
    with Change(books):
        books.get_by_label("double entry").press("Space")
    books.get_by_label("Bundle").press("ArrowUp")
    with Change(books):
        press(books, "■ Buy", key="Space")
    handle(books, "Use, MB").press("ArrowRight")
    with Change(books):
        press(books, "▶ Use", key="Enter")
    expect(sentence(books)).to_contain_text("Use 400 MB (prepaid)")
    for name in ("7 days pass", "Until something expires", "Sign a contract", "Until the next bill", "Pay the bill"):
        with Change(books):
            press(books, name, key="Enter")
    with Change(books):
        press(books, "◂ Back", key="Enter")
    with Change(books):
        press(books, "Never pay", key="Enter")
    with Change(books):
        books.get_by_label("Scenario").press("ArrowDown")
    expect(sentence(books)).to_contain_text("breakage +QAR 3.00")
    books.get_by_label("by", exact=True).press("ArrowDown")
    press(books, "Reset", key="Enter")
    expect(books.get_by_label("by", exact=True)).to_have_value("prepaid")
    assert kernel_errors(page) == []


def test_what_is_refused_is_told_and_nothing_changes(page: Page, books: Locator) -> None:
    press(books, "Pay the bill")
    expect(books.get_by_role("alert")).to_contain_text("pay a bill: refused, there is no contract yet")
    books.get_by_label("Prepaid: top up, QAR").fill("much")
    press(books, "▲ Top up")
    expect(books.get_by_role("alert")).to_contain_text("top-up amount: got 'much'")
    expect(sentence(books)).to_have_text(EMPTY)
    assert len(kernel_errors(page)) == 2


@pytest.mark.parametrize(("theme", "width"), [("Dark", 1920), ("Light", 1280)])
def test_both_are_whole_and_legible_in_both_themes(page: Page, theme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 1100})
    use_theme(page, theme)
    for mark, scenario, parts in (
        ("Quota, MB", "Redirected to top up", (".pm-frame", ".pm-fields")),
        ("Postpaid:", "A postpaid month, paid", (".pm-frame", ".pm-books")),
    ):
        shown = into_sight(page, f".pm-experiment:has-text('{mark}')")
        start(shown, scenario)
        for part in parts:
            assert shown.locator(part).evaluate("part => part.scrollWidth <= part.clientWidth + 1"), part
        found = Axe().run(page, context=f".pm-experiment:has(.pm-{parts[1][4:]})").response["violations"]
        serious = {each["id"] for each in found if each["impact"] in ("serious", "critical")}
        assert serious <= {"aria-input-field-name"}  # ipywidgets gives its sliders no name, only a label beside them
    page.set_viewport_size({"width": 1280, "height": 1100})


def test_predictions_and_questions_answer(page: Page) -> None:
    page.evaluate("() => { window.kernelErrors = []; }")
    guess = into_sight(page, ".pm-prediction:has-text('before the first byte')")
    press(guess, "Lock my guess")
    press(guess, "Reveal", key="Enter")
    expect(guess.locator(".pm-sentence")).to_contain_text("the model says 8")
    question = into_sight(page, ".pm-checkpoint:has-text('Who knows what a megabyte costs?')")
    question.get_by_label("gateway").check()
    press(question, "Check")
    expect(question.locator(".pm-feedback")).to_contain_text("Not yet. It counts bytes")
    assert kernel_errors(page) == []
