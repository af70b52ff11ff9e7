"""The few controls experiments are made of: each with its whole label, each usable from the keyboard."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

WHOLE_LABEL = {"description_width": "initial"}


def slider(label: str, value: int, low: int, high: int, step: int = 1) -> widgets.IntSlider:
    """Make a slider over whole numbers; the label names the unit ("Top-up, QAR")."""
    return _named(widgets.IntSlider(value, low, high, step, description=label, style=WHOLE_LABEL), "pm-slider")


def stepped(label: str, options: Sequence[tuple[str, Any]], value: Any) -> widgets.SelectionSlider:
    """Make a slider over some values that are not evenly spaced, each with its words ("100 KB")."""
    control = widgets.SelectionSlider(options=options, value=value, description=label, style=WHOLE_LABEL)
    return _named(control, "pm-slider")


def choice(label: str, options: Sequence[Any], value: Any = None) -> widgets.Dropdown:
    """Make a list to choose one from; an option may be a pair of its words and its value."""
    control = widgets.Dropdown(options=options, description=label, style=WHOLE_LABEL, layout={"width": "auto"})
    if value is not None:
        control.value = value
    return _named(control, "pm-choice")


def switch(label: str, *, value: bool = False) -> widgets.Checkbox:
    """Make a box to tick."""
    box = widgets.Checkbox(value, description=label, indent=False, layout={"width": "auto"})
    return _named(box, "pm-switch")


def amount(label: str, value: str, suggestions: Sequence[str] = ()) -> widgets.Combobox:
    """Make a field for an amount typed freely, with suggestions; its text reaches `run` as it is, on Enter."""
    control = widgets.Combobox(
        value=value,
        options=tuple(suggestions),
        description=label,
        ensure_option=False,
        continuous_update=False,
        style=WHOLE_LABEL,
        layout={"width": "auto"},
    )
    return _named(control, "pm-amount")


def button(label: str, meaning: str = "plain") -> widgets.Button:
    """Make a button whose colour tells what it deals with: ``plain``, ``money`` or ``data``."""
    made = widgets.Button(description=label, layout={"width": "auto"})
    made.add_class(f"pm-button-{meaning}")
    return _named(made, "pm-button")


class DayCursor(widgets.Box):
    """A cursor over a picture whose axis is the days of a month: click a day, drag, or use the arrow keys.

    It is a slider laid over the axes of the picture, so it needs no drawing: put it in
    `Experiment.over_picture`. Day 0, left of the axis, stands for the whole month.

    Parameters
    ----------
    days : int
        Days along the axis.
    left, right : float
        Where the axis starts and ends, as fractions of the picture's width.

    Attributes
    ----------
    day : ipywidgets.IntSlider
        The day chosen, from 1; 0 for the whole month. Use it as a control.
    """

    def __init__(self, days: int, left: float, right: float) -> None:
        self.day = widgets.IntSlider(0, 0, days, description="Day", readout=False)
        self.day.add_class("pm-day")
        each = (right - left) / days
        start, width = left - each / 2, each * days
        place = {"margin": f"0 0 0 {start:.4%}", "width": f"{width:.4%}"}
        super().__init__([self.day], layout=place)
        self.add_class("pm-cursor")


def _named(control: Any, css_class: str) -> Any:
    control.add_class(css_class)
    return control
