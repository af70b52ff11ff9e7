"""The shared base of all experiments: settings in, result out, and the page follows at once."""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

import ipywidgets as widgets

from prepaid_model.errors import InputError
from prepaid_model.figures import Picture, picture_html
from prepaid_model.figures.base import styled
from prepaid_model.widgets.controls import button, choice
from prepaid_model.widgets.panel import Panel, paragraph

Result = TypeVar("Result")


class Experiment(Panel, Generic[Result]):
    """Something to try out: controls, a picture that follows them, and the same in a sentence.

    A subclass says what there is to set (`make_controls`), what follows from it (`run`, a pure
    function), how it looks (`make_picture`) and what it means (`describe`). This base does the rest:
    scenarios, Reset, the layout, errors, and the picture for pages that cannot run.

    Where buttons act on something that remembers, the history is kept in `state`: a press adds to it
    (see `on_action`), and `run` replays it from the start. So Back is a shorter history, and an action
    that fails leaves everything as it was.

    Attributes
    ----------
    title : str
        What the experiment is about, in a few words.
    scenarios : mapping
        Settings worth seeing, by name; the first is the opening state. What one does not name is as in
        `make_controls` and `make_state`.
    beside : tuple of str
        Panels that stand left of the picture; others come below it.
    controls : dict
        The controls by the name of the setting they hold.
    state : dict
        Settings that no control shows, such as the actions so far.
    result
        What `run` gave for the settings on show; kept when something fails.
    sentence : str
        What `describe` said of it.
    """

    title: ClassVar[str] = ""
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {"Start": {}}
    beside: ClassVar[tuple[str, ...]] = ()

    result: Result
    sentence: str

    def __init__(self) -> None:
        super().__init__()
        self.controls = self.make_controls()
        self.state = self.make_state()
        self.picture = self.make_picture()
        self._defaults = self.settings
        self._check_scenarios()
        self._shown = {"picture": self._part("pm-frame-picture"), "sentence": self._part("pm-live")}
        self._static_png = b""
        self._static_line = ""
        self._many = False
        self.scenario = choice("Scenario", list(self.scenarios))
        self.scenario.add_class("pm-scenario")
        self.reset_button = button("Reset")
        self.reset_button.add_class("pm-reset")
        self.reset()
        for control in self.controls.values():
            self.on_change(control, self._moved)
        self.on_change(self.scenario, self._start_over)
        self.on_press(self.reset_button, self._start_over)
        self._arrange()
        self.add_class("pm-experiment")

    # What a subclass says

    def make_controls(self) -> dict[str, Any]:
        """Make the controls, by the name of the setting each holds (see `prepaid_model.widgets.controls`)."""
        raise NotImplementedError

    def make_state(self) -> dict[str, Any]:
        """Give the settings that no control shows, as they are at first."""
        return {}

    def make_picture(self) -> Picture[Result]:
        """Make the picture."""
        raise NotImplementedError

    def run(self, **settings: Any) -> Result:
        """Work out what follows from the settings; nothing but the settings may matter, nothing is drawn."""
        raise NotImplementedError

    def describe(self, result: Result) -> str:
        """Say the result in a sentence or two of plain text: the picture for whoever cannot see it."""
        raise NotImplementedError

    def panels(self, result: Result) -> dict[str, str]:  # noqa: ARG002 (subclasses read it)
        """Write further panels as HTML, by name, always the same names; escape what comes from input."""
        return {}

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay out the controls: the widgets of each row above the picture."""
        return [list(self.controls.values())]

    def head(self) -> Sequence[widgets.Widget]:
        """Give widgets for the right end of the row with the scenarios."""
        return []

    def over_picture(self) -> Sequence[widgets.Widget]:
        """Give widgets to lie over the picture, such as a `DayCursor`."""
        return []

    # What everyone may do with it

    @property
    def settings(self) -> dict[str, Any]:
        """All settings as they are now: the controls' values and the state."""
        return {name: control.value for name, control in self.controls.items()} | self.state

    def choose(self, scenario: str) -> None:
        """Go to the start of a scenario.

        Raises
        ------
        InputError
            If there is no scenario of that name.
        """
        with self.guarded():
            if scenario not in self.scenarios:
                raise InputError("scenario", scenario, f"one of {', '.join(self.scenarios)}")
        if scenario == self.scenario.value:
            self.reset()
        else:
            self.scenario.value = scenario

    def reset(self) -> None:
        """Go back to the start of the scenario on show."""
        with self.guarded():
            self._start_over()

    def act(self, **state: Any) -> None:
        """Change the state and show what follows; if that fails, the state stays as it was."""
        with self.guarded():
            self._refresh(state)

    def on_action(self, pressed: widgets.Button, change: Callable[[], Mapping[str, Any]]) -> None:
        """Let a button change the state: `change` gives what is new in it, or nothing.

        Examples
        --------
        ``self.on_action(self.buy, lambda: {"actions": (*self.state["actions"], "buy")})``
        """
        self.on_press(pressed, lambda: self._refresh(change()))

    def static(self) -> dict[str, str | bytes]:
        """Show the opening state: its picture, and its sentence in one line."""
        return {"text/plain": self._static_line, "image/png": self._static_png}

    # How it works

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        size = {"width": self.picture.width, "height": self.picture.height}  # else it is shown twice as large
        return bundle, metadata | {"image/png": size}

    def _refresh(self, state: Mapping[str, Any]) -> None:
        result = self.run(**self.settings | dict(state))
        sentence, panels = self.describe(result), self.panels(result)
        with styled():  # once: each new word would set the style anew
            self.picture.update(result)
            png = self.picture.png()
        # Nothing can fail from here on: until now all is as it was.
        self.state |= state
        self.result, self.sentence = result, sentence
        self._shown["picture"].value = picture_html(png, self.picture.width, self.picture.height, sentence)
        self._shown["sentence"].value = paragraph(sentence, "pm-sentence", live=True)
        for name, panel in panels.items():
            if name not in self._shown:
                self._shown[name] = self._part(f"pm-{name}")
            self._shown[name].value = panel
        if not self._static_png:
            self._static_png, self._static_line = png, f"{self.title}: {sentence}".replace("\n", " ")

    def _moved(self) -> None:
        if not self._many:
            self._refresh({})

    def _start_over(self) -> None:
        values = {**self._defaults, **self.scenarios[self.scenario.value]}
        with self._together():
            for name, control in self.controls.items():
                control.value = values[name]
        self._refresh({name: values[name] for name in self.state})

    @contextmanager
    def _together(self) -> Iterator[None]:
        self._many = True
        try:
            yield
        finally:
            self._many = False

    def _check_scenarios(self) -> None:
        for name, values in self.scenarios.items():
            for unknown in values.keys() - self._defaults.keys():
                raise InputError(f"setting in scenario {name!r}", unknown, f"one of {', '.join(self._defaults)}")

    def _arrange(self) -> None:
        start = [self.scenario, self.reset_button] if len(self.scenarios) > 1 else [self.reset_button]
        head = _row([*start, *_at_the_end(self.head())], "pm-head")
        frame = widgets.Box([self._shown["picture"], *self.over_picture()])
        frame.add_class("pm-frame")
        frame.layout.width = f"{self.picture.width}px"
        main = widgets.VBox([*(_row(row, "pm-controls") for row in self.rows()), self.status, frame])
        main.add_class("pm-main")
        left = [self._shown[name] for name in self.beside]
        below = [part for name, part in self._shown.items() if name not in {"picture", "sentence", *self.beside}]
        stage = widgets.HBox([*left, main])
        stage.add_class("pm-stage")
        self.show([head, stage, self._shown["sentence"], *below])

    @staticmethod
    def _part(css_class: str) -> widgets.HTML:
        part = widgets.HTML()
        part.add_class(html.escape(css_class))
        return part


def _row(parts: Sequence[widgets.Widget], css_class: str) -> widgets.HBox:
    row = widgets.HBox(list(parts))
    row.add_class("pm-row")
    row.add_class(css_class)
    return row


def _at_the_end(parts: Sequence[widgets.Widget]) -> list[widgets.Widget]:
    if not parts:
        return []
    spring = widgets.Box(layout={"flex": "1 1 auto"})
    return [spring, *parts]
