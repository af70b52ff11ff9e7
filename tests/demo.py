"""An experiment as rich as the lessons' own, over arithmetic simple enough to check by hand."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from prepaid_model.figures import EventMarks, Picture, Spans, Steps, colours, label
from prepaid_model.units import QAR, parse_money
from prepaid_model.widgets.controls import DayCursor, amount, button, slider, switch
from prepaid_model.widgets.experiment import Experiment

DAYS, STEPS = 30, 1500
LEFT, RIGHT = 0.08, 0.885
BUNDLE_MB = 1000


class Month(NamedTuple):
    """A month in which a bundle is bought every so many days and used up evenly."""

    times: list[float]
    credit: list[float]
    data: list[float]
    bought: list[float]
    without: list[tuple[float, float]]
    hourly: list[int]
    gifts: int
    day: int


class MonthPicture(Picture[Month]):
    """Credit, data and hourly usage over a month."""

    def build(self, figure: Figure) -> None:
        grid = figure.add_gridspec(3, 1, height_ratios=[5, 5, 2], left=LEFT, right=RIGHT, top=0.9, bottom=0.1)
        upper, middle, lower = grid.subplots(sharex=True)
        for axes, name, top in ((upper, "credit, QAR", 60), (middle, "data left, MB", 1150), (lower, "MB/h", 45)):
            axes.set(ylabel=name, xlim=(0, DAYS), ylim=(0, top))
        lower.set_xlabel("day of the month")
        figure.align_ylabels([upper, middle, lower])
        self.title = label(self, figure, LEFT, 0.955, "", size=11, bold=True)
        self.spans = Spans(self, upper, middle, lower)
        self.credit = Steps(self, upper, colours.MONEY)
        self.data = Steps(self, middle, colours.DATA, filled=True)
        hours = np.arange(DAYS * 24 + 1) / 24
        self.hourly = self.live(lower.stairs(np.zeros(DAYS * 24), hours, fill=True, color=colours.DATA))
        self.bundles = EventMarks(self, middle, "bundle")
        self.top_ups = EventMarks(self, upper, "top-up")
        self.credit_name = label(self, upper, DAYS + 0.3, 0, "credit", colour=colours.MONEY_TEXT, bold=True)
        label(self, middle, DAYS + 0.3, 100, "data", colour=colours.DATA_TEXT, bold=True)

    def update(self, result: Month) -> None:
        self.title.set_text(f"{len(result.bought)} bundles, {len(result.without)} gaps, {result.gifts} gifts")
        self.spans.show(result.without)
        self.credit.show(result.times, result.credit)
        self.data.show(result.times, result.data)
        self.hourly.set_data(result.hourly)
        self.bundles.show(result.bought, [BUNDLE_MB] * len(result.bought))
        words = [f"+{result.credit[0]:g}"] * len(result.bought)
        self.top_ups.show(result.bought, [50] * len(result.bought), words)
        self.credit_name.set_y(result.credit[-1])


class Demo(Experiment[Month]):
    """A bundle every `every` days, used up at `daily` MB a day."""

    title = "A month of bundles"
    beside = ("phone",)
    scenarios = {
        "Careful": {"every": 5, "daily": 150},
        "Hungry": {"daily": 400, "steady": False},
        "With gifts": {"actions": ("gift", "gift")},
    }

    def make_controls(self) -> dict[str, Any]:
        self.gift, self.back, self.crash = button("Gift", "data"), button("Back"), button("Crash")
        self.on_action(self.gift, lambda: {"actions": (*self.state["actions"], "gift")})
        self.on_action(self.back, lambda: {"actions": self.state["actions"][:-1]})
        self.on_action(self.crash, self._crash)
        self.cursor = DayCursor(DAYS, LEFT, RIGHT)
        return {
            "every": slider("A bundle every, days", 6, 1, 15),
            "daily": slider("Usage a day, MB", 200, 50, 500, 10),
            "steady": switch("the same every day", value=True),
            "price": amount("Top-up, QAR", "25", ["10", "25", "50"]),
            "day": self.cursor.day,
        }

    def make_state(self) -> dict[str, Any]:
        return {"actions": ()}

    def make_picture(self) -> Picture[Month]:
        return MonthPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        names = ("every", "daily", "steady", "price")
        return [[self.controls[name] for name in names], [self.gift, self.crash]]

    def head(self) -> Sequence[widgets.Widget]:
        return [self.back]

    def over_picture(self) -> Sequence[widgets.Widget]:
        return [self.cursor]

    def run(self, **settings: Any) -> Month:
        every, daily, gifts = settings["every"], settings["daily"], len(settings["actions"])
        price = parse_money(settings["price"], "top-up") / QAR
        times = [step * DAYS / STEPS for step in range(STEPS)]
        bought = [float(day) for day in range(0, DAYS, every)]
        lasts = (BUNDLE_MB + 100 * gifts) / daily
        data = [max(0.0, BUNDLE_MB - daily * (time % every)) for time in times]
        without = [(start + lasts, end) for start, end in pairwise([*bought, DAYS]) if start + lasts < end]
        rough = 1 if settings["steady"] else 7
        hourly = [daily // 24 * (hour % rough + 1) // rough for hour in range(DAYS * 24)]
        credit = [price if time % every < lasts / 2 else price / 2 for time in times]
        return Month(times, credit, data, bought, without, hourly, gifts, settings["day"])

    def describe(self, result: Month) -> str:
        where = f" Day {result.day} is open." if result.day else ""
        return f"{len(result.bought)} bundles, {len(result.without)} gaps without data, {result.gifts} gifts.{where}"

    def panels(self, result: Month) -> dict[str, str]:
        phone = f"<strong>{result.data[-1]:.0f} MB</strong><br>left at the end"
        return {"phone": phone, "books": f"<p>{len(result.bought)} entries</p>"}

    def _crash(self) -> Mapping[str, Any]:
        raise RuntimeError("the <b>lights</b> went out")
