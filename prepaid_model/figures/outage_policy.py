"""An outage and three ways to handle it: three lanes of traffic, what each costs whom, and the balance."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from prepaid_model.credit_control import FailureHandling, RequestType
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import SMALL, Spans, Steps, label
from prepaid_model.outage import LASTS, START, Aftermath, Charged, Story
from prepaid_model.records import Message
from prepaid_model.units import MB, QAR, format_money

LEFT, RIGHT = 0.068, 0.545
_LANES = (0.42, 0.905)
_BALANCE = (0.085, 0.325)
_CELLS, _CELL, _BAR = 0.575, 0.108, 0.092
_MINUTES = LASTS // timedelta(minutes=1)
_NICE = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 500, 1000)
_FLOOR, _TALL = 0.12, 0.46  # of a lane
WAYS = {
    FailureHandling.TERMINATE: "end the session",
    FailureHandling.CONTINUE: "let it go on",
    FailureHandling.RETRY_AND_TERMINATE: "try again, then end it",
}
"""The three failure handlings in plain words, from the top lane down."""
_KINDS = {
    Charged.AT_ONCE: (colours.DATA, colours.DATA_TEXT, 1.0),
    Charged.AFTERWARDS: (colours.BILL, colours.BILL_TEXT, 0.72),
    Charged.NEVER: (colours.WASTE, colours.WASTE_TEXT, 0.44),
}
"""Colour, colour of the words, height in the lane."""


_MARKS = {
    "request, answered": ("|", 6.0, colours.PALE_INK, colours.PALE_INK),
    "request, no answer": ("x", 6.0, colours.INK, colours.INK),
    "repeated, recognised by its T flag": ("D", 4.5, colours.MONEY, colours.PAPER),
    "repeated, charged again": ("D", 4.5, colours.MONEY, colours.MONEY),
}
"""Marker, size, colour, and colour within."""


class Outage(NamedTuple):
    """A story, what becomes of it in each of the three ways, and the way that was chosen."""

    story: Story
    ways: dict[FailureHandling, Aftermath]
    chosen: FailureHandling
    title: str

    @property
    def aftermath(self) -> Aftermath:
        """What becomes of it in the way that was chosen."""
        return self.ways[self.chosen]


class OutagePicture(Picture[Outage]):
    """A lane of traffic for each failure handling, beside it what it costs customer and operator; the balance."""

    width = 848
    height = 448
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make lanes, cells and the balance."""
        self.title = label(self, figure, LEFT, 0.972, "", size=10, bold=True)
        self._make_lanes(figure)
        self._make_key(figure)
        self.columns = [_Column(self, figure, column) for column in range(4)]
        _name_cells(figure)
        bottom, top = _BALANCE
        self.balance: Axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom), xlim=(0, _MINUTES))
        self.balance.set_ylabel("balance, QAR", color=colours.MONEY_TEXT, labelpad=2)
        self.balance.set_xlabel("minutes", labelpad=1)
        self.balance.xaxis.set_major_locator(MultipleLocator(2))
        self.balance.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        self.balance.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        label(  # live, as all words that would else lie under the hatching
            self, self.balance, 0.995, 0.97, "thin: the other two ways",
            size=SMALL, colour=colours.SUSPENDED_TEXT, across="right", upright="top", transform=self.balance.transAxes,
        )  # fmt: skip
        self.balance.axhline(0, color=colours.INK, linewidth=1)
        bottom, top = _BALANCE[0], _LANES[1]
        through = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom), xlim=(0, _MINUTES), zorder=-1)
        through.set_axis_off()
        for axes in (self.lanes, self.balance):
            axes.patch.set_visible(False)
        self.outage = Spans(self, through)  # one hatching through both: each costs a millisecond
        self.others = [Steps(self, self.balance, colours.SUSPENDED) for _ in range(2)]
        for other in self.others:
            other._line.set_linewidth(1.0)
        self.curve = Steps(self, self.balance, colours.MONEY)
        self.left = label(self, self.balance, _MINUTES * 1.012, 0, "", colour=colours.MONEY_TEXT, bold=True)
        self.cause = label(self, self.balance, _MINUTES * 1.012, 0, "", size=SMALL, colour=colours.BILL_TEXT)

    def update(self, result: Outage) -> None:
        """Show another story, or another way chosen."""
        self.title.set_text(result.title)
        outage = [tuple(_minute(at) for at in result.story.outage)] if result.story.out else []
        self.outage.show([(start, min(end, float(_MINUTES))) for start, end in outage])
        middle = sum(outage[0]) / 2 if outage else 0
        self.gone.set_x(min(middle, _MINUTES - 1.8))
        self.gone.set_text("no request arrives" if outage else "")
        self._show_lanes(result)
        self._show_costs(result)
        self._show_balance(result)

    def _make_lanes(self, figure: Figure) -> None:
        bottom, top = _LANES
        self.lanes: Axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom), xlim=(0, _MINUTES), ylim=(0, 3))
        self.lanes.set_yticks([])
        self.lanes.spines["left"].set_visible(False)
        self.lanes.tick_params(labelbottom=False)
        self.lanes.xaxis.set_major_locator(MultipleLocator(2))
        self.gone = label(self, self.lanes, 7, 3.15, "", size=SMALL, colour=colours.SUSPENDED_TEXT, across="center")
        self.choice = Rectangle((0, 0), _MINUTES, 1, facecolor="none", edgecolor=colours.MONEY, linewidth=1.4)
        self.choice.set_clip_on(False)
        self.live(self.lanes.add_patch(self.choice))
        self.kinds = {kind: _blocks(colour) for kind, (colour, *_) in _KINDS.items()}
        self.cut_off = _blocks(colours.SUSPENDED_FILL, hatched=True)
        for blocks in (*self.kinds.values(), self.cut_off):
            self.live(self.lanes.add_patch(blocks))
        self.requests = [self.live(self.lanes.add_line(_mark([], [], *style))) for style in _MARKS.values()]
        for place, (handling, words) in enumerate(WAYS.items()):
            height = 2.86 - place
            label(self, self.lanes, 0.1, height, words, bold=True)
            right, named = _MINUTES - 0.07, handling.name
            label(self, self.lanes, right, height, named, size=SMALL, colour=colours.PALE_INK, across="right")

    def _make_key(self, figure: Figure) -> None:
        """Say under the lanes what their heights and colours mean."""
        across, height = 0.715, 0.325
        grey = (colours.SUSPENDED_FILL, colours.SUSPENDED_TEXT, 1.0)
        for words, (colour, ink, tall) in {
            **{kind.value: look for kind, look in _KINDS.items()},
            "cut off": grey,
        }.items():
            block = Rectangle((across - 0.011, height - 0.014), 0.022, 0.034 * tall, transform=figure.transFigure)
            block.set(facecolor=colour, linewidth=0.6)
            if words == "cut off":
                block.set(edgecolor=colours.SUSPENDED, hatch="////")
            figure.add_artist(block)
            figure.text(across + 0.022, height, words, fontsize=SMALL, color=ink, va="center")
            height -= 0.044
        for words, style in _MARKS.items():
            mark = _mark([across], [height], *style)
            mark.set_transform(figure.transFigure)
            figure.add_artist(mark)
            figure.text(across + 0.022, height, words, fontsize=SMALL, color=colours.INK, va="center")
            height -= 0.038

    def _show_lanes(self, result: Outage) -> None:
        kinds: dict[Charged, list[Any]] = {kind: [] for kind in Charged}
        gaps: list[Any] = []
        marks: list[list[Any]] = [[] for _ in _MARKS]
        for place, handling in enumerate(WAYS):
            way, floor = result.ways[handling], 2 - place + _FLOOR
            for kind, spans in way.spans().items():
                kinds[kind] += [(_minute(start), _minute(end), floor) for start, end in spans]
            gaps += [(_minute(start), _minute(end), floor) for start, end in way.gaps()]
            for message in way.outcome.messages:
                marks[_look(message, result.story)].append((_minute(message.at), floor + _TALL + 0.09))
        for kind, boxes in kinds.items():
            self.kinds[kind].set_path(_boxes(boxes, _TALL * _KINDS[kind][-1]))
        self.cut_off.set_path(_boxes(gaps, _TALL))
        for line, points in zip(self.requests, marks, strict=True):
            line.set_data(np.array(points).T if points else ([], []))
        place = list(WAYS).index(result.chosen)
        self.choice.set_y(2 - place)

    def _show_costs(self, result: Outage) -> None:
        every = zip(*(costs(result.ways[handling]) for handling in WAYS), strict=True)
        for column, values, decimals in zip(self.columns, every, (1, 1, 1, 2), strict=True):
            column.show(values, decimals)

    def _show_balance(self, result: Outage) -> None:
        credit = result.story.credit / QAR
        lowest = min(way.balance for way in result.ways.values()) / QAR
        set_limits(self.balance, y=_limits(lowest, max(credit, 1) * 1.1))
        others = [way for handling, way in result.ways.items() if handling is not result.chosen]
        for steps, way in zip((self.curve, *self.others), (result.aftermath, *others), strict=True):
            steps.show(*_curve(way, credit))
        way = result.aftermath
        low, high = self.balance.get_ylim()
        self.left.set_text(format_money(way.balance))
        self.left.set_y(way.balance / QAR)
        self.left.set_color(colours.BILL_TEXT if way.balance < 0 else colours.MONEY_TEXT)
        self.cause.set_text("owed (outage)" if way.balance < 0 else "")
        self.cause.set_y(way.balance / QAR - (high - low) * 0.13)


class _Column:
    """What the three ways cost in one respect: a number each, and a bar that compares them."""

    _COLOURS = (
        (colours.SUSPENDED, colours.SUSPENDED_TEXT),
        (colours.MONEY, colours.MONEY_TEXT),
        (colours.WASTE, colours.WASTE_TEXT),
        (colours.BILL, colours.BILL_TEXT),
    )

    def __init__(self, picture: OutagePicture, figure: Figure, column: int) -> None:
        bottom, top = _LANES
        lane = (top - bottom) / len(WAYS)
        self._x, self._tall = _CELLS + column * _CELL, 0.6 * _TALL * lane
        self._floors = [top - (row + 1 - _FLOOR) * lane for row in range(len(WAYS))]
        bar, ink = self._COLOURS[column]
        self._words = [
            label(picture, figure, self._x, floor + 0.075, "", colour=ink, bold=True) for floor in self._floors
        ]
        self._bars = PathPatch(_boxes([], 1), facecolor=bar, linewidth=0, transform=figure.transFigure)
        picture.live(figure.add_artist(self._bars))  # all in one: each patch costs as much as three boxes in one

    def show(self, values: Sequence[float], decimals: int) -> None:
        largest = max(values) or 1
        bars = zip(values, self._floors, strict=True)
        self._bars.set_path(
            _boxes([(self._x, self._x + _BAR * value / largest, floor) for value, floor in bars], self._tall)
        )
        for words, value in zip(self._words, values, strict=True):
            words.set_text(f"{value:,.{decimals}f}" if value else "0")


def _name_cells(figure: Figure) -> None:
    heads = ("minutes\ncut off", "MB charged\ntwice", "MB never\ncharged", "QAR below\nzero")
    top = _LANES[1]
    for column, words in enumerate(heads):
        figure.text(_CELLS + column * _CELL, top - 0.035, words, fontsize=SMALL, color=colours.PALE_INK, va="bottom")
    for column, words in ((0, "for the customer"), (2, "for the operator")):
        figure.text(_CELLS + column * _CELL, top + 0.045, words, fontsize=9, fontweight="bold", va="bottom")


def costs(way: Aftermath) -> tuple[float, float, float, float]:
    """Return what a way costs: minutes cut off and MB charged twice; MB never charged and riyals below zero."""
    cut_off = way.without_service / timedelta(minutes=1)
    return cut_off, way.twice / MB, way.never_charged / MB, way.below_zero / QAR


def _curve(way: Aftermath, credit: float) -> tuple[list[float], list[float]]:
    points = [(_minute(at), balance / QAR) for at, balance in way.balances()] or [(0.0, credit)]
    times, balances = [time for time, _ in points], [balance for _, balance in points]
    return [*times, float(_MINUTES)], [*balances, balances[-1]]


def _minute(at: datetime) -> float:
    return float(min(max((at - START) / timedelta(minutes=1), 0.0), _MINUTES))


def _limits(lowest: float, highest: float) -> tuple[float, float]:
    """Return limits that seldom change, with room for words below the line."""
    low = next((step for step in _NICE if step >= -1.5 * lowest), _NICE[-1])
    return -float(low) if lowest < 0 else -1.0, float(next((step for step in _NICE if step >= highest), highest))


def _mark(x: Sequence[float], y: Sequence[float], marker: str, size: float, colour: str, within: str) -> Line2D:
    made = Line2D(x, y, linestyle="none", marker=marker, markersize=size, color=colour, zorder=3)
    made.set(markerfacecolor=within, markeredgewidth=1.2)
    return made


def _look(message: Message, story: Story) -> int:
    """Return which of the marks a request gets."""
    if message.answer is None:
        return 1
    if not message.request.retransmitted or message.request.type is RequestType.INITIAL:
        return 0
    return 2 if story.recognised else 3


def _blocks(colour: str, *, hatched: bool = False) -> PathPatch:
    edge, hatch = (colours.SUSPENDED, "////") if hatched else (colours.PAPER, None)
    return PathPatch(_boxes([], 1), facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.7, zorder=2)


def _boxes(spans: Sequence[tuple[float, float, float]], tall: float) -> Path:
    corners = [
        [(start, floor), (start, floor + tall), (end, floor + tall), (end, floor), (start, floor)]
        for start, end, floor in spans
    ]
    if not corners:
        return Path(np.zeros((1, 2)))
    return Path.make_compound_path(*(Path(box, closed=True) for box in corners))
