"""What each size of a quota costs: theory's curves, simulated sessions as points on them, one size chosen."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, Label, label
from prepaid_model.tradeoff import Conditions, Measures, RunDown
from prepaid_model.units import GB, KB, MB, format_volume

_LEFT, _WIDTH, _COLUMN = 0.082, 0.383, 0.515
_BOTTOM, _HEIGHT, _ROW = 0.098, 0.315, 0.47
_DECADES = (100 * KB, MB, 10 * MB, 100 * MB)
SURE = 2
"""Standard errors that the bar of a point reaches to either side."""


class Tradeoff(NamedTuple):
    """What is shown: sizes close together with what theory says of them, and the sizes that were simulated.

    Parameters
    ----------
    sizes, theory
        For the curves.
    tried, simulated, errors
        For the points, and their standard errors.
    weight : int
        Requests for each gigabyte that are as bad as a megabyte unused.
    quota : int
        The size that was chosen.
    chosen : Measures
        What theory says of it.
    best : int
        The size with the least score of all.
    conditions : Conditions
        Under which all this holds.
    end : RunDown or None
        What becomes of an account that is run down under them, if it was.
    title : str
        Over the picture.
    added_up : bool
        Whether the score is shown, or still to be guessed.
    """

    sizes: Any
    theory: Measures
    tried: Any
    simulated: Measures
    errors: Measures
    weight: int
    quota: int
    chosen: Measures
    best: int
    conditions: Conditions
    end: RunDown | None
    title: str
    added_up: bool = True


class TradeoffPicture(Picture[Tradeoff]):
    """Four small pictures over the size of the quota, both ways in decades: three measures, and two added up."""

    width = 848
    height = 500

    def build(self, figure: Figure) -> None:
        """Make the four pictures."""
        self.title = label(self, figure, _LEFT, 0.972, "", size=10, bold=True)
        key = "line: theory    dots: simulated, with 2 standard errors    dashed: the size chosen"
        figure.text(0.898, 0.972, key, fontsize=SMALL, color=colours.PALE_INK, ha="right", va="center")
        requests = _Panel(self, figure, (0, 1), (1e1, 2e5), colours.INK, colours.INK)
        unused = _Panel(self, figure, (1, 1), (1e4, 2e10), colours.WASTE, colours.WASTE_TEXT, _volume)
        ahead = _Panel(self, figure, (0, 0), (1e5, 1e10), colours.BILL, colours.BILL_TEXT, _volume)
        self.panels = (requests, unused, ahead)
        names = (
            "Requests for each gigabyte",
            "Set aside and unused, all devices",
            "Flows before it is granted, of each gigabyte",
        )
        for panel, name in zip(self.panels, names, strict=True):
            panel.axes.set_title(name, loc="left", fontsize=9, fontweight="bold", color=panel.ink, pad=5)
        across = requests.axes.get_xaxis_transform()
        self.waits_name = [
            label(self, requests.axes, 90 * KB, height, "", size=SMALL, colour=colours.PALE_INK, transform=across)
            for height in (0.15, 0.06)
        ]
        self.sum = _Panel(self, figure, (1, 0), (1e1, 2e6), colours.MONEY, colours.MONEY_TEXT)
        self.sum_name = label(self, self.sum.axes, 0, 1.055, "", colour=colours.MONEY_TEXT, bold=True,
                              transform=self.sum.axes.transAxes)  # fmt: skip
        self.parts = [
            self.live(self.sum.axes.add_line(Line2D([], [], color=colour, linewidth=1.1, linestyle=(0, (2, 2)))))
            for colour in (colours.INK, colours.WASTE)
        ]
        self.part_names = [
            label(self, self.sum.axes, 0, 0, "", size=SMALL, colour=colour, across=across)
            for colour, across in ((colours.INK, "right"), (colours.WASTE_TEXT, "left"))
        ]
        star = Line2D([], [], linestyle="none", marker="*", markersize=13, color=colours.MONEY, zorder=4)
        star.set_markeredgewidth(0)
        self.star = self.live(self.sum.axes.add_line(star))
        self.star_name = label(self, self.sum.axes, 0, 0, "", size=SMALL, colour=colours.MONEY_TEXT, bold=True,
                               across="center", upright="bottom")  # fmt: skip

        asked = ((0.57, "Which size is best?", True), (0.45, "Guess, then tick: add it up", False))
        self.not_yet = [
            label(self, self.sum.axes, 0.5, height, words, colour=colours.MONEY_TEXT, bold=bold, across="center",
                  transform=self.sum.axes.transAxes)
            for height, words, bold in asked
        ]  # fmt: skip
        self._scored: list[Artist] = [*self.sum.artists, *self.parts, *self.part_names, self.star, self.star_name]

    def update(self, result: Tradeoff) -> None:
        """Show other conditions, or another size chosen."""
        self.title.set_text(result.title)
        values = zip(result.theory, result.simulated, result.errors, result.chosen, strict=True)
        words = (f"{float(result.chosen.requests[0]):,.0f}", *(amount(each[0]) for each in result.chosen[1:]))
        for panel, (theory, mean, error, chosen), text in zip(self.panels, values, words, strict=True):
            panel.show(result.sizes, theory, result.quota, float(chosen[0]), text)
            panel.dots(result.tried, mean, error)
        self._add_up(result)
        waits = result.conditions.meanwhile
        for panel in (*self.panels, self.sum):
            panel.shade(waits)
        in_reach = waits > 250 * KB
        self.waits_name[0].set_text("less than flows" if in_reach else "")
        self.waits_name[1].set_text(f"in a wait ({amount(waits)})" if in_reach else "")

        for artist in self._scored:
            artist.set_visible(result.added_up)
        for question in self.not_yet:
            question.set_visible(not result.added_up)

    def _add_up(self, result: Tradeoff) -> None:
        requests, unused = result.theory.requests, result.weight * result.theory.unused / MB
        added = requests + unused
        chosen = float(result.chosen.requests[0] + result.weight * result.chosen.unused[0] / MB)
        self.sum.show(result.sizes, added, result.quota, chosen, f"{chosen:,.0f}")
        error = np.hypot(result.errors.requests, result.weight * result.errors.unused / MB)
        self.sum.dots(result.tried, result.simulated.requests + result.weight * result.simulated.unused / MB, error)
        for line, part in zip(self.parts, (requests, unused), strict=True):
            line.set_data(result.sizes, part)
        crosses = int(np.searchsorted(unused, 4 * self.sum.axes.get_ylim()[0]))
        place = min(crosses, len(unused) - 1)
        self.part_names[0].set_text("requests")
        self.part_names[0].set_position((result.sizes[-1], float(requests[-1]) * 0.6))
        self.part_names[1].set_text("unused")
        self.part_names[1].set_position((result.sizes[place] * 1.25, float(unused[place])))
        self.sum_name.set_text(f"Score: requests + {result.weight:,} for each MB unused")
        lowest = float(np.interp(result.best, result.sizes, added))
        self.star.set_data([result.best], [lowest])
        self.star_name.set_text(f"least at {amount(result.best)}")
        self.star_name.set_position((min(max(result.best, 250 * KB), 40 * MB), lowest * 2.2))


class _Panel:
    """One measure over the size of the quota."""

    def __init__(
        self,
        picture: TradeoffPicture,
        figure: Figure,
        place: tuple[int, int],
        limits: tuple[float, float],
        colour: str,
        ink: str,
        written: Callable[[float], str] | None = None,
    ) -> None:
        column, row = place
        where = (_LEFT + column * _COLUMN, _BOTTOM + row * _ROW, _WIDTH, _HEIGHT)
        self.axes: Axes = figure.add_axes(where, xlim=(80 * KB, 125 * MB), ylim=limits, xscale="log", yscale="log")
        self.ink = ink
        self.axes.xaxis.set_major_locator(FixedLocator(_DECADES))
        self.axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: format_volume(int(size))))
        self.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: (written or "{:,.0f}".format)(value)))
        self.axes.xaxis.set_minor_locator(NullLocator())
        self.axes.yaxis.set_minor_locator(NullLocator())
        decades = [10.0**power for power in range(1, 10) if 10**power < limits[1] / 9]  # room for words above
        self.axes.yaxis.set_major_locator(FixedLocator(decades))
        self.axes.set_xlabel("size of a quota", labelpad=1)
        self.waits = Polygon(np.zeros((4, 2)), closed=True, facecolor=colours.SUSPENDED_FILL, linewidth=0, zorder=0.5)
        self.waits.set_transform(self.axes.get_xaxis_transform())
        picture.live(self.axes.add_patch(self.waits))
        self.curve = picture.live(self.axes.add_line(Line2D([], [], color=colour, zorder=2.5)))
        self.bars = picture.live(self.axes.add_line(Line2D([], [], color=colour, linewidth=1.4, zorder=3)))
        dots = Line2D([], [], linestyle="none", marker="o", markersize=4.6, zorder=3.2)
        dots.set(color=colour, markerfacecolor=colours.PAPER, markeredgewidth=1.5)
        self.points = picture.live(self.axes.add_line(dots))
        self.upright = picture.live(
            self.axes.axvline(MB, color=colours.PALE_INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
        )
        ring = Line2D([], [], linestyle="none", marker="o", markersize=9.5, zorder=4)
        ring.set(color=colour, markeredgecolor=colours.PAPER, markeredgewidth=1.2)
        self.ring = picture.live(self.axes.add_line(ring))
        self.value: Label = label(
            picture, self.axes, 0, 0.92, "", colour=ink, bold=True, transform=self.axes.get_xaxis_transform()
        )

    @property
    def artists(self) -> list[Artist]:
        """What stands for values; the shade stays."""
        return [self.curve, self.bars, self.points, self.ring, self.value, self.upright]

    def shade(self, until: float) -> None:
        """Shade the sizes smaller than what flows while an answer is awaited."""
        start, end = self.axes.get_xlim()
        end = min(max(until, start), end)
        self.waits.set_xy([(start, 0), (start, 1), (end, 1), (end, 0)])

    def show(self, sizes: Any, theory: Any, quota: int, chosen: float, words: str) -> None:
        self.curve.set_data(sizes, theory)
        self.upright.set_xdata([quota, quota])
        low, high = self.axes.get_ylim()
        inside = min(max(chosen, low * 1.2), high / 1.2)
        self.ring.set_data([quota], [inside])
        right = quota > 20 * MB
        self.value.set_text(words)
        self.value.set_horizontalalignment("right" if right else "left")
        self.value.set_x(0.97 * quota / 1.15 if right else quota * 1.15)

    def dots(self, tried: Any, mean: Any, error: Any) -> None:
        self.points.set_data(tried, mean)
        floor = self.axes.get_ylim()[0] / 10
        low, high = np.maximum(mean - SURE * error, floor), mean + SURE * error
        gaps = np.full(len(mean), np.nan)
        self.bars.set_data(np.repeat(np.asarray(tried, float), 3), np.column_stack([low, high, gaps]).ravel())


def _volume(size: float) -> str:
    return format_volume(round(size))


def amount(size: float) -> str:
    """Write bytes with the two or three digits that mean something.

    Examples
    --------
    >>> amount(1_540_000), amount(2_511_886), amount(77_000_000), amount(0)
    ('1.5 MB', '2.5 MB', '77 MB', '0 MB')
    """
    if not size:
        return "0 MB"
    unit, name = next(((unit, name) for unit, name in ((GB, "GB"), (MB, "MB"), (KB, "KB")) if size >= unit), (1, "B"))
    number = float(size) / unit
    return f"{number:.0f} {name}" if number >= 10 else f"{number:.1f} {name}"
