"""A tariff in one picture: its staircase, the price of a megabyte under it, the same traffic cut up beside it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import Label, label
from prepaid_model.staircase import Ladder, Staircase, exactly
from prepaid_model.units import MB, QAR, format_money, format_volume

LEFT, RIGHT = 0.085, 0.595
"""Where the bytes begin and end, as fractions of the picture's width."""
_STAIRS, _BY_MEGABYTE = (0.455, 0.9), (0.105, 0.365)  # from and to, of the picture's height
_BARS_LEFT, _BARS_RIGHT, _BAR = 0.715, 0.985, 0.62
_APART = 10  # CSS pixels between two dots, at the least
_PALE = 0.35
_NICE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_MOST_BARS = 4


class LadderPicture(Picture[Ladder]):
    """The staircase of price against bytes, the effective price of a megabyte, and bars for the same traffic cut up.

    A filled dot belongs to its step, a ring does not. The dashed lines lead from the volume that is chosen to its
    price; a thick line along the step is what is paid for and not used.
    """

    width = 848
    height = 500
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make the three parts."""
        self.title = label(self, figure, LEFT, 0.962, "", size=10, bold=True)
        self.per_megabyte = label(self, figure, LEFT, 0.402, "", bold=True)
        self.stairs = self._axes(figure, _STAIRS)
        self.by_megabyte = self._axes(figure, _BY_MEGABYTE)
        self.stairs.set_ylabel("price of a session, QAR")
        self.stairs.tick_params(labelbottom=False)
        self.stairs.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        self.by_megabyte.set(ylabel="QAR a megabyte", xlabel="bytes in a session, MB", yscale="log")
        self.by_megabyte.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        self.by_megabyte.yaxis.set_minor_locator(LogLocator(10, subs=()))
        for axes in (self.stairs, self.by_megabyte):
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            axes.yaxis.set_label_coords(-0.125, 0.5)
        self.day = _Flight(self, self.stairs, self.by_megabyte, "-", "by day")
        self.night = _Flight(self, self.stairs, self.by_megabyte, (0, (4, 2)), "by night")
        self._build_reading()
        self._build_bars(figure)

    def update(self, result: Ladder) -> None:
        """Show another tariff, or another volume on it."""
        volume, until = result.volume / MB, result.until / MB
        shown = [result.by_day, *([result.by_night] if result.by_night else [])]
        top = _nice(1.14 * max(each.treads[-1].cost for each in shown) / QAR)
        for axes in (self.stairs, self.by_megabyte):
            set_limits(axes, x=(0, until))
        set_limits(self.stairs, y=(0, top))
        low, high = _by_megabyte_limits(shown, result.until)
        set_limits(self.by_megabyte, y=(low, high))
        self.day.show(result.by_day, until, named=result.by_night is not None, used=not result.night)
        self.night.show(result.by_night, until, named=True, used=result.night)
        charged = f", charged as {format_volume(result.paid.billed)}" if result.slack else ""
        cost = result.paid.charged
        self.title.set_text(f"{result.bill}{charged}")
        self._read_off(result, volume, cost / QAR, until, top)
        each = cost / QAR / volume
        self.here.set_data([volume], [min(max(each, low), high)])
        self.guide.set_data([volume, volume], [low, high])
        above = ", far above what fits here" if each > high else ""
        self.per_megabyte.set_text(f"That is {format_money(result.effective)} a megabyte{above}")
        listed = max(result.list_price / QAR, low)
        self.list_price.set_data([0, until], [listed] * 2)
        self.list_words.set_position((until * 1.02, listed))
        self._show_bars(result)

    def _axes(self, figure: Figure, height: tuple[float, float]) -> Axes:
        axes: Axes = figure.add_axes((LEFT, height[0], RIGHT - LEFT, height[1] - height[0]), xlim=(0, 1))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        return axes

    def _build_reading(self) -> None:
        """Make what leads from the volume to its price."""
        self.guides = self._line(self.stairs, colours.INK, linewidth=1.1, linestyle=(0, (3, 2)), zorder=3.4)
        self.unused = self._line(self.stairs, colours.WASTE, linewidth=5, zorder=3.6)
        self.you = self._line(self.stairs, colours.INK, marker="D", markersize=7.5, zorder=4.5)
        self.here = self._line(self.by_megabyte, colours.INK, marker="D", markersize=7.5, zorder=4.5)
        self.guide = self._line(self.by_megabyte, colours.INK, linewidth=1.1, linestyle=(0, (3, 2)), zorder=2.6)
        self.list_price = self._line(self.by_megabyte, colours.INK, linewidth=1, linestyle=(0, (1, 2)), zorder=2.5)
        for line in (self.you, self.here):
            line.set_clip_on(False)
        self.price_words = label(self, self.stairs, 0, 0, "", bold=True, colour=colours.MONEY_TEXT, upright="bottom")
        self.volume_words = label(self, self.stairs, 0, 0, "", bold=True)
        self.unused_words = label(self, self.stairs, 0, 0, "", size=8.5, bold=True, colour=colours.WASTE_TEXT)
        self.list_words = label(self, self.by_megabyte, 0, 0, "list price", size=8.5)

    def _read_off(self, result: Ladder, volume: float, cost: float, until: float, top: float) -> None:
        gap = 8 * until / self.stairs.get_window_extent().width * self.dots
        self.guides.set_data([0, volume, volume], [cost, cost, 0])
        self.you.set_data([volume], [cost])
        self.price_words.set_text(format_money(result.paid.charged))
        far = volume > 10 * gap
        height = cost + 0.014 * top if far else max(cost + 0.014 * top, 0.11 * top)
        self.price_words.set_position((gap if far else volume + gap, height))
        self.volume_words.set_text(exactly(result.volume))
        after = self._beside(self.volume_words, volume, volume, 0.06 * top)
        ends = min(result.paid.billed / MB, until)
        self.unused.set_data([volume, ends] if result.slack else [], [cost, cost] if result.slack else [])
        self.unused_words.set_text(f"{exactly(result.slack)} paid for, not used" if result.slack else "")
        # Right of a step there is room under the next one, if that is high enough; else at the bottom, or a line above
        # the volume's words where they stand left of it too.
        following = next((tread.cost for tread in result.in_use.treads if tread.above >= result.paid.billed), cost)
        high_enough = max(cost, following / QAR) >= 0.17 * top
        if high_enough and self._fits(self.unused_words, ends):
            self._beside(self.unused_words, volume, ends, max(cost - 0.035 * top, 0.135 * top))
        else:
            self._beside(self.unused_words, volume, after, 0.06 * top, 0.06 * top if after > volume else 0.135 * top)

    def _beside(self, words: Label, start: float, end: float, height: float, otherwise: float | None = None) -> float:
        """Put words right of `end`, or where there is no room left of `start`, lower; return where they end."""
        gap, wide = self._gap_and_width(words)
        fits = self._fits(words, end)
        left = end + gap if fits else max(start - gap - wide, gap)
        lower = 0.06 * self.stairs.get_ylim()[1] if otherwise is None else otherwise
        words.set_position((left, height if fits else lower))
        return left + wide

    def _fits(self, words: Label, end: float) -> bool:
        """Tell whether there is room for words right of `end`."""
        return end + sum(self._gap_and_width(words)) <= self.stairs.get_xlim()[1] * 1.16

    def _gap_and_width(self, words: Label) -> tuple[float, float]:
        """Return the gap before words and their width, in MB of the axis."""
        dot = self.stairs.get_xlim()[1] / self.stairs.get_window_extent().width
        return 8 * self.dots * dot, words.width(self._canvas.get_renderer()) * dot

    def _build_bars(self, figure: Figure) -> None:
        """Make the bars: for each a line of words over it, and its price behind it."""
        bottom, top = _BY_MEGABYTE[0], _STAIRS[1]
        bars = figure.add_axes((_BARS_LEFT, bottom, _BARS_RIGHT - _BARS_LEFT, top - bottom), xlim=(0, 1))
        bars.set(ylim=(_MOST_BARS, 0))
        bars.set_axis_off()
        self.bars_title = label(self, figure, _BARS_LEFT, 0.962, "", size=10, bold=True)
        self.bars = [Rectangle((0, row + 0.36), 0, 0.36, color=colours.MONEY, linewidth=0) for row in range(_MOST_BARS)]
        for bar in self.bars:
            self.live(bars.add_patch(bar))
        self.bar_names = [label(self, bars, 0, row + 0.22, "") for row in range(_MOST_BARS)]
        self.bar_prices = [
            label(self, bars, 0, row + 0.54, "", bold=True, colour=colours.MONEY_TEXT) for row in range(_MOST_BARS)
        ]
        self.moral = label(self, bars, 0, _MOST_BARS - 0.1, "", size=8.5, colour=colours.PALE_INK)

    def _show_bars(self, result: Ladder) -> None:
        self.bars_title.set_text(f"The same {exactly(result.volume)} as")
        most = max(split.cost for split in result.splits) or 1
        self.bar_prices[0].set_text(format_money(most))
        across = (_BARS_RIGHT - _BARS_LEFT) * self.figure.bbox.width
        room = 1 - 0.025 - self.bar_prices[0].width(self._canvas.get_renderer()) / across
        for row in range(_MOST_BARS):
            split = result.splits[row] if row < len(result.splits) else None
            for artist in (self.bars[row], self.bar_names[row], self.bar_prices[row]):
                artist.set_visible(split is not None)
            if split is None:
                continue
            wide = min(_BAR, room) * split.cost / most
            self.bars[row].set_width(wide)
            self.bar_names[row].set_text(split.words)
            self.bar_prices[row].set_text(format_money(split.cost))
            self.bar_prices[row].set_x(wide + 0.025)
        alone = result.tariff.each_report_alone
        self.moral.set_text("each report is rounded up" if alone else "reports change nothing")
        self.moral.set_y(len(result.splits) - 0.1)
        self.moral.set_visible(result.splits[-1].reports > 1)

    def _line(self, axes: Axes, colour: str, **look: Any) -> Line2D:
        line = Line2D([], [], color=colour, linestyle=look.pop("linestyle", "-"), **look)
        return self.live(axes.add_line(line))

    @property
    def dots(self) -> float:
        """Dots of the picture in one CSS pixel."""
        return float(self.figure.dpi) / 96


class _Flight:
    """One staircase: its steps with their ends, and the price of a megabyte along it."""

    def __init__(self, picture: LadderPicture, stairs: Axes, by_megabyte: Axes, dashes: Any, name: str) -> None:
        self._stairs, self._picture, self._name = stairs, picture, name
        thin = {"linewidth": 0.8, "alpha": 0.45, "zorder": 2.8}
        self._risers = picture._line(stairs, colours.MONEY, **thin)
        self._treads = picture._line(stairs, colours.MONEY, linewidth=2.2, linestyle=dashes, zorder=3)
        self._by_megabyte = picture._line(by_megabyte, colours.MONEY, linewidth=1.6, linestyle=dashes, zorder=3)
        self._by_megabyte.set_solid_joinstyle("round")
        dot = {"linestyle": "", "marker": "o", "markersize": 5.5, "markeredgewidth": 1.4, "zorder": 4, "clip_on": False}
        self._closed = picture._line(stairs, colours.MONEY, **dot)
        self._open = picture._line(stairs, colours.MONEY, markerfacecolor=colours.PAPER, **dot)
        self._words = label(picture, stairs, 0, 0, "", bold=True, colour=colours.MONEY_TEXT, size=8.5)

    def show(self, staircase: Staircase | None, until: float, *, named: bool, used: bool) -> None:
        """Draw a staircase, pale if its prices do not hold now."""
        treads = np.array(staircase.treads if staircase else np.empty((0, 3)), float)
        above, upto, cost = treads[:, 0] / MB, treads[:, 1] / MB, treads[:, 2] / QAR
        before = np.concatenate([[0.0], cost[:-1]]) if len(cost) else cost
        self._treads.set_data(_apart(above, upto), _apart(cost, cost))
        self._risers.set_data(_apart(above, above), _apart(before, cost))
        dotted = self._told_apart(above, upto, cost - before, until)
        inside = upto <= until
        self._closed.set_data(np.append(0.0, upto[inside]), np.append(0.0, cost[inside]))
        self._open.set_data(above, cost)
        for dots in (self._closed, self._open):
            dots.set_visible(dotted)
        along, each = _sawteeth(above, np.minimum(upto, until), cost, until)
        self._by_megabyte.set_data(along, each)
        for line in (self._treads, self._by_megabyte, self._closed, self._open):
            line.set_alpha(None if used else _PALE)
        self._words.set_text(self._name if named and len(cost) else "")
        if len(cost):
            self._words.set_position((until * 1.02, cost[-1]))

    def _told_apart(self, above: Any, upto: Any, rises: Any, until: float) -> bool:
        """Tell whether the ends of the steps can be marked without a crowd."""
        if not len(above):
            return False
        box, top = self._stairs.get_window_extent(), self._stairs.get_ylim()[1]
        across = (upto - above).min() / until * box.width
        upright = rises[1:].min(initial=top) / top * box.height
        return bool(min(across, upright) >= _APART * self._picture.dots)


def _apart(starts: Any, ends: Any) -> Any:
    """Return the ends of some lines in one row, with a gap after each."""
    return np.column_stack([starts, ends, np.full(len(starts), np.nan)]).ravel()


def _sawteeth(above: Any, upto: Any, cost: Any, until: float) -> tuple[Any, Any]:
    """Return the price of a megabyte along each step: it jumps at its start and falls to its end."""
    if not len(cost):
        return [], []
    along = np.linspace(above, upto, 24 if len(cost) <= 40 else 2, axis=1)
    if not above[0]:
        along[0] = np.geomspace(until / 1000, upto[0], along.shape[1])
    each = np.where(cost[:, None] > 0, cost[:, None] / along, np.nan)
    return along.ravel(), each.ravel()


def _by_megabyte_limits(shown: Sequence[Staircase], until: int) -> tuple[float, float]:
    """Return limits that hold the price of a megabyte from a small part of the axis on, whatever the volume chosen."""
    ends = [tread.cost / QAR / (min(tread.upto, until) / MB) for each in shown for tread in each.treads]
    early = [next(tread for tread in each.treads if tread.upto >= until / 60).cost for each in shown]
    low, high = min(ends, default=0.0), max(early) / QAR / (until / 60 / MB)
    if low <= 0 or high <= 0:
        return 0.001, 1.0
    return 0.6 * low, max(1.5 * high, 6 * low)


def _nice(least: float) -> float:
    """Return a round number of at least `least`, for the top of an axis."""
    if least <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(least))
    return next((each * unit for each in _NICE if each * unit >= least), 10 * unit)
