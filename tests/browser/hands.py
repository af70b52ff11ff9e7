"""What a person does with an experiment on a page, and sees of it: for all browser tests of the lessons."""

from playwright.sync_api import Locator, Page, expect

from tools.lab import Lab, await_kernel, kernel_errors, open_and_run


def opened(page: Page, lab: Lab, lesson: str, says: str, wanted: str = ".pm-experiment") -> Locator:
    """Give an experiment of a lesson in its opening state; the lesson is run once for all tests that share the page."""
    if lesson not in page.url:
        open_and_run(page, lab, lesson)
        assert kernel_errors(page) == []
    experiment = into_sight(page, wanted)
    start(experiment)
    expect(sentence(experiment)).to_contain_text(says)
    return experiment


def into_sight(page: Page, wanted: str = ".pm-experiment") -> Locator:
    """Scroll from the top until Lab, which draws only the cells near by, has drawn something."""
    panel, found = page.locator(".jp-WindowedPanel-outer").last, page.locator(wanted)
    panel.evaluate("panel => { panel.scrollTop = 0; }")
    for _ in range(90):
        if found.count():
            break
        panel.evaluate("panel => { panel.scrollTop += 300; }")
        page.wait_for_timeout(50)
    found.first.scroll_into_view_if_needed()
    return found.first


def start(experiment: Locator, scenario: str | None = None) -> None:
    """Go to the start of a scenario, of the first one if none is named."""
    await_kernel(experiment.page)
    experiment.page.evaluate("() => { window.kernelErrors = []; }")
    chosen = experiment.get_by_label("Scenario")
    if scenario is None:
        chosen.select_option(index=0)
    else:
        chosen.select_option(scenario)
    press(experiment, "Reset")


def press(experiment: Locator, name: str, *, key: str = "") -> None:
    """Press a button by mouse, or by a key if one is named, and wait until the kernel has done what it says."""
    experiment.page.evaluate("() => document.activeElement?.blur()")  # what was typed leaves its field first
    await_kernel(experiment.page)  # the controls set before the press
    button = experiment.get_by_role("button", name=name, exact=True)
    if key:
        button.press(key)
    else:
        button.click()
    await_kernel(experiment.page)


def sentence(experiment: Locator) -> Locator:
    """Find what the experiment says of its result."""
    return experiment.locator(".pm-live .pm-sentence")


def slider(experiment: Locator, label: str) -> Locator:
    """Find a slider by its label."""
    return experiment.locator(".pm-slider").filter(has_text=label)


def handle(experiment: Locator, label: str) -> Locator:
    """Find what of a slider takes the keyboard."""
    return slider(experiment, label).locator(".noUi-handle")


def click_track(control: Locator, share: float) -> None:
    """Click on a slider, so far along its track."""
    track = control.locator(".noUi-base").bounding_box()
    assert track
    control.page.mouse.click(track["x"] + share * track["width"], track["y"] + track["height"] / 2)


class Change:
    """See that an act changes the picture, and the sentence unless told otherwise, and that both say the same."""

    def __init__(self, experiment: Locator, *, said: bool = True) -> None:
        self.experiment, self.must_be_said = experiment, said
        self.picture = experiment.locator(".pm-picture")

    def __enter__(self) -> None:
        self.said = sentence(self.experiment).inner_text()
        self.shown = self.picture.get_attribute("src") or ""

    def __exit__(self, *failed: object) -> None:
        if not any(failed):
            expect(self.picture).not_to_have_attribute("src", self.shown)
            if self.must_be_said:
                expect(sentence(self.experiment)).not_to_have_text(self.said)
            await_kernel(self.experiment.page)
            said = (sentence(self.experiment).text_content() or "").strip()
            expect(self.picture).to_have_attribute("alt", said)
