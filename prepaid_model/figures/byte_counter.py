"""The picture of a count: what is added to the bytes asked for, bar by bar.

The bars are percent of what was asked for, and stand on it: its own column is cut off below. A bar that has not
been revealed is a question mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator

from prepaid_model.counting import Count
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import SMALL, label
from prepaid_model.figures.usage_records import RecordStrip

COLUMNS = (
    ("asked for", "by the app"),
    ("headers", "on every packet"),
    ("sent again", "lost on the radio"),
    ("background", "other apps"),
    ("unit", "how big is a MB?"),
    ("rounding", "to whole MB"),
    ("charged", "by the operator"),
)
LAST = len(COLUMNS) - 1
FLOWING = 3
"""How many of the steps move bytes; those after them are on paper."""
LEFT, RIGHT = 0.068, 0.99
BOTTOM, TOP = 0.375, 0.905
HALF = 0.31
STUB = 0.2
"""How far the cut-off columns reach below zero, as a part of the axis above it."""
_NICE = (20, 30, 45, 60, 80, 100, 150, 200, 300, 500, 800, 1200, 2000, 4000, 8000, 16000, 100_000, 10**7)
PHONE_NAMED = 0.12
"""From which part of the axis on there is room below the phone's line to name it."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Waterfall:
    """A count, how many of its steps are revealed, and what was guessed of each and of the next, in percent.

    A guess is None if there was none, or if it was of another count.
    """

    count: Count
    revealed: int
    guesses: tuple[int | None, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all is revealed."""
        return self.revealed == len(self.count.steps)


class BytePicture(Picture[Waterfall]):
    """The waterfall above, the usage records below."""

    width, height = 960, 470
    only_limits_change: ClassVar[bool] = True

    def build(self, figure: Figure) -> None:
        """Make the axes and everything that moves on them."""
        self.upper = figure.add_axes((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM), xlim=(-0.5, LAST + 0.5))
        self.title = label(self, figure, LEFT, 0.962, "", size=10.5, bold=True)
        self._name_columns()
        self._name_colours(figure)
        self.next = _ground()
        self.upper.add_patch(self.next)
        self.live(self.next)
        self.download = self._boxes(self.upper, color=colours.DATA)
        self.upload = self._boxes(self.upper, facecolor=colours.PAPER, edgecolor=colours.DATA, hatch="////")
        self.paper = self._boxes(self.upper, color=colours.BILL)
        self.guess = self._boxes(self.upper, fill=False, edgecolor=colours.INK, linewidth=1.1, linestyle=(0, (4, 2)))
        self.steps = self._line(self.upper, color=colours.PALE_INK, linewidth=0.8)
        self.teeth = self._line(self.upper, color=colours.PAPER, linewidth=4, zorder=3.2)
        self.edges = self._line(self.upper, color=colours.DATA_TEXT, linewidth=0.8, zorder=3.3)
        self.phone = self._line(self.upper, color=colours.INK, linewidth=1.0, linestyle=(0, (1, 1.5)))
        self.phone_name = label(self, self.upper, 0, 0, "", size=SMALL, across="center", upright="top")
        self.values = [label(self, self.upper, x, 0, "", bold=True, across="center") for x in range(LAST + 1)]
        self.questions = [
            label(self, self.upper, x, 0, "?", colour=colours.PALE_INK, size=22, across="center")
            for x in range(LAST + 1)
        ]
        self.said = [
            label(self, self.upper, x, 0, "", colour=colours.PALE_INK, size=SMALL, across="center")
            for x in range(LAST + 1)
        ]
        self.records = RecordStrip(self, figure, (LEFT, 0.085, RIGHT - LEFT, 0.08))

    def update(self, result: Waterfall) -> None:
        """Show another count, or more of it."""
        levels = _levels(result)
        guessed = [
            before + guess / 100 for before, guess in zip(levels, result.guesses, strict=False) if guess is not None
        ]
        top = _nice(100 * 1.12 * max(*levels, *guessed, 0.0))
        set_limits(self.upper, y=(-STUB * top, top))
        self.title.set_text(_title(result))
        self.next.set_visible(not result.whole)
        self.next.set_x(result.revealed + 1 - 0.5)
        self._show_bars(result, levels, top)
        self._show_words(result, levels, top)
        self.records.show(result.count)

    def _name_columns(self) -> None:
        axes = self.upper
        axes.set_xticks(range(LAST + 1), [f"{name}\n{words}" for name, words in COLUMNS])
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel("added, % of what was asked for")
        axes.yaxis.set_label_coords(-0.052, 0.55)
        axes.yaxis.set_major_locator(_FromZero(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.spines["bottom"].set_visible(False)
        axes.axhline(0, color=colours.PALE_INK, linewidth=0.7)
        axes.axvline(0.5, color=colours.GRID, linewidth=0.7)
        axes.axvline(LAST - 0.5, color=colours.GRID, linewidth=0.7)

    def _name_colours(self, figure: Figure) -> None:
        at = 0.6
        for words, style, colour in (
            ("downlink", {"facecolor": colours.DATA}, colours.DATA_TEXT),
            ("uplink", {"facecolor": colours.PAPER, "edgecolor": colours.DATA, "hatch": "////"}, colours.DATA_TEXT),
            ("on paper only: no byte moves", {"facecolor": colours.BILL}, colours.BILL_TEXT),
        ):
            box = Rectangle((at, 0.95), 0.017, 0.025, linewidth=0.7, transform=figure.transSubfigure)
            box.set(**style)
            figure.add_artist(box)
            figure.text(at + 0.022, 0.962, words, color=colour, fontsize=SMALL, va="center_baseline")
            at += 0.09 if words == "downlink" else 0.075

    def _show_bars(self, result: Waterfall, levels: Sequence[float], top: float) -> None:
        count, stub = result.count, -STUB * top
        up_part = count.payload.input / count.payload.total
        floors = [0, LAST] if result.whole else [0]
        download: list[Box] = [(x, 0, stub * (1 - up_part), HALF) for x in floors]
        upload: list[Box] = [(x, stub * (1 - up_part), stub, HALF) for x in floors]
        paper: list[Box] = []
        for x, step in enumerate(count.steps[: result.revealed], start=1):
            low, high = 100 * levels[x - 1], 100 * levels[x]
            ways = [100 * way / count.payload.total for way in step.octets]
            if x > FLOWING:
                paper.append((x, low, high, HALF))
            elif min(ways) >= 0:
                download.append((x, low, low + ways[1], HALF))
                upload.append((x, low + ways[1], high, HALF))
            else:  # they go opposite ways: the larger one, less the other
                (upload if abs(ways[0]) > abs(ways[1]) else download).append((x, low, high, HALF))
        if result.whole:
            up, down = (
                100 * (whole - asked) / count.payload.total
                for whole, asked in zip(count.counted, count.payload, strict=True)
            )
            download.append((LAST, 0, max(down, 0), HALF))
            upload.append((LAST, max(down, 0), max(down, 0) + max(up, 0), HALF))
            paper.append((LAST, 100 * levels[FLOWING], 100 * levels[-1], HALF))
        guesses = [
            (x, 100 * levels[x - 1], 100 * levels[x - 1] + guess, HALF + 0.07)
            for x, guess in enumerate(result.guesses, start=1)
            if guess is not None
        ]
        for patch, boxes in (
            (self.download, download),
            (self.upload, upload),
            (self.paper, paper),
            (self.guess, guesses),
        ):
            patch.set_path(_path(boxes))
        self._show_lines(result, levels, floors, stub)

    def _show_lines(self, result: Waterfall, levels: Sequence[float], floors: Sequence[int], stub: float) -> None:
        gap = float("nan")
        ends = [x for x in range(result.revealed + 1) if x < LAST]
        flat = [x > 0 and levels[x] == levels[x - 1] for x in ends]  # where nothing is added, the line goes through
        self.steps.set_data(
            [
                at
                for x, through in zip(ends, flat, strict=True)
                for at in (x + HALF * (1 - 2 * through), x + 1 - HALF, gap)
            ],
            [at for x in ends for at in (100 * levels[x], 100 * levels[x], gap)],
        )
        for line, shifts in ((self.teeth, (0.0,)), (self.edges, (-0.07, 0.07))):
            teeth = [_teeth(x, shift, stub) for shift in shifts for x in floors]
            line.set_data([x for each in teeth for x, _ in each], [y for each in teeth for _, y in each])
        phone = 100 * (result.count.phone.total / result.count.payload.total - 1)
        room = result.whole and phone > PHONE_NAMED * self.upper.get_ylim()[1]
        self.phone.set_data([FLOWING + 0.5, LAST + 0.5] if room else [], [phone, phone] if room else [])
        self.phone_name.set_position((LAST - 1, phone - 0.02 * self.upper.get_ylim()[1]))
        self.phone_name.set_text(f"phone shows {result.count.phone_says}" if room else "")

    def _show_words(self, result: Waterfall, levels: Sequence[float], top: float) -> None:
        count = result.count
        for x, (value, question, said) in enumerate(zip(self.values, self.questions, self.said, strict=True)):
            shown = x <= result.revealed or result.whole
            question.set_text("" if shown else "?")
            question.set_position((x, 0.42 * top))
            guess = result.guesses[x - 1] if 0 < x <= len(result.guesses) else None
            verb = "you said" if x <= result.revealed else "your guess"
            said.set_text("" if guess is None else f"{verb} {signed(guess)} %")
            said.set_position((x, -0.5 * STUB * top))
            if 0 < x < LAST:
                value.set_text(f"{percent(count.steps[x - 1].adds)} %" if shown else "")
                high = 100 * max(levels[x - 1], levels[x]) if shown else 0
            else:
                says = count.operator_says if x else count.asked_says
                value.set_text(says if shown else "")
                high = 100 * levels[-1] if x else 0
            if guess is not None:
                high = max(high, 100 * levels[x - 1] + guess)
            value.set_position((x, high + 0.055 * top))

    def _boxes(self, axes: Axes, **style: Any) -> PathPatch:
        patch = PathPatch(_path([]), **{"linewidth": 0.7, "zorder": 3, **style})
        axes.add_patch(patch)
        return self.live(patch)

    def _line(self, axes: Axes, **style: Any) -> Line2D:
        return self.live(axes.add_line(Line2D([], [], clip_on=False, **{"zorder": 3.5, **style})))


class _FromZero(MaxNLocator):
    """Marks from zero up: below it the columns are cut off."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        return super().tick_values(max(vmin, 0), vmax)


def percent(part: Fraction) -> str:
    """Write a part of one in percent, with its sign: a decimal, or more where one would hide it.

    Examples
    --------
    >>> percent(Fraction(404, 10_000)), percent(Fraction(-2, 10_000)), percent(Fraction(3, 10**6)), percent(Fraction(0))
    ('+4.0', '−0.02', '+0.0003', '0.0')
    """
    number = float(100 * part)
    if not number:
        return "0.0"
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 0.1 else 2 if abs(number) >= 0.01 else 4
    return f"{number:+,.{digits}f}".replace("-", "−")


def signed(number: int) -> str:
    """Write a whole number with its sign.

    Examples
    --------
    >>> signed(5), signed(-5), signed(0)
    ('+5', '−5', '0')
    """
    return f"{number:+d}".replace("-", "−") if number else "0"


def _title(result: Waterfall) -> str:
    count = result.count
    if result.whole:
        return f"{count.asked_says} asked for, {count.phone_says} on the phone, {count.operator_says} charged"
    return f"{count.asked_says} asked for, as a phone counts. What will be charged?"


def _levels(result: Waterfall) -> list[float]:
    """Heights from which each column starts, and where the last one ends; one is what was asked for."""
    return [
        float(level)
        for level in accumulate((step.adds for step in result.count.steps[: result.revealed]), initial=Fraction(0))
    ]


def _nice(value: float) -> float:
    return float(next((step for step in _NICE if step >= value), _NICE[-1]))


def _path(boxes: Sequence[Box]) -> Path:
    """Return boxes, each around its column from one height to another."""
    corners = [
        [(x - half, low), (x - half, high), (x + half, high), (x + half, low), (x - half, low)]
        for x, low, high, half in boxes
        if low != high
    ]
    if not corners:
        return Path([(0, 0)])
    return Path.make_compound_path(*(Path(box, closed=True) for box in corners))


def _teeth(x: float, shift: float, stub: float) -> list[tuple[float, float]]:
    """Return the points of a break across a column, and a gap after them."""
    points = [(x - HALF + HALF * n / 6, stub * (0.64 + 0.14 * (n % 2) + shift)) for n in range(13)]
    return [*points, (float("nan"), float("nan"))]


def _ground() -> Rectangle:
    return Rectangle((0, -(10**9)), 1, 2 * 10**9, facecolor=colours.MONEY, alpha=0.07, linewidth=0, zorder=0.4)
