"""Buckets that pay in some order: what is left of each, what expires unused, and what every order wastes."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.bucket_parts import (
    BARS_LEFT,
    COLUMN,
    GRID,
    LEFT,
    LOOKS,
    MOST_ENDS,
    RIGHT,
    Bars,
    Layer,
    Orders,
    about,
    one_stamp,
)
from prepaid_model.figures.marks import SMALL, EventMarks, Spans, Steps, label
from prepaid_model.ledger import Kind
from prepaid_model.units import GB, MB, QAR
from prepaid_model.waste import FORTNIGHT, Outcome

_NTH = ("1st", "2nd", "3rd", "4th")


class BucketPicture(Picture[Orders]):
    """The data left, stacked: who pays first lies on top. Below it the main balance, beside it a bar an order.

    A dashed line is the end of a bundle. What is left at it expires: a cross and a purple drop.
    """

    width = 848
    height = 448
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make the stack, the strip below and the bars."""
        self.title = label(self, figure, LEFT, 0.965, "", size=10, bold=True)
        self.data = figure.add_axes((LEFT, 0.31, RIGHT - LEFT, 0.545), xlim=(COLUMN[0], FORTNIGHT), ylim=(0, 7))
        self.money = figure.add_axes((LEFT, 0.105, RIGHT - LEFT, 0.15), xlim=(COLUMN[0], FORTNIGHT), ylim=(0, 38))
        whole = figure.add_axes((LEFT, 0.105, RIGHT - LEFT, 0.75), xlim=(COLUMN[0], FORTNIGHT))
        whole.set_axis_off()
        self.spans = Spans(self, whole)  # one hatching through both rows: each costs half a millisecond
        self.ends = self.live(
            self.data.add_line(Line2D([], [], color=colours.PALE_INK, linewidth=1, linestyle=(0, (4, 2)), zorder=2.5))
        )
        self.end_words = [
            label(self, self.data, 0, 0, "", size=SMALL, colour=colours.PALE_INK, across="center")
            for _ in range(MOST_ENDS)
        ]
        self.stack = [Layer(self, self.data, *look) for look in LOOKS]
        self.drops = self.live(self.data.add_line(Line2D([], [], color=colours.WASTE, linewidth=6, zorder=3.5)))
        self.crosses = EventMarks(self, self.data, "expiry")
        self.loss_words = [
            label(self, self.data, 0, 0, "", colour=colours.WASTE_TEXT, bold=True) for _ in range(MOST_ENDS)
        ]
        self.renewals = EventMarks(self, self.data, "bundle")
        self.balance = Steps(self, self.money, colours.MONEY)
        self.off_words = label(self, self.money, 0, 31, "", size=SMALL, colour=colours.SUSPENDED_TEXT)
        self._name_axes()
        self.bars = Bars(self, figure)
        self.sums = label(self, figure, BARS_LEFT, 0.03, "", size=SMALL)

    def _name_axes(self) -> None:
        self.data.set_ylabel("data left, GB", color=colours.DATA_TEXT)
        self.data.yaxis.set_major_locator(MaxNLocator(8, integer=True))
        self.data.tick_params(labelbottom=False)
        self.money.set_ylabel("QAR", color=colours.MONEY_TEXT)
        self.money.set_yticks([0, 15, 30])
        for axes in (self.data, self.money):
            axes.set_xticks(range(0, FORTNIGHT + 1, 2))
            axes.yaxis.set_label_coords(-0.068, 0.5)
        self.money.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:.0f}" if at else "today"))
        middle = (0 - COLUMN[0] + FORTNIGHT / 2) / (FORTNIGHT - COLUMN[0])
        self.money.set_xlabel("days from today", x=middle)
        x = COLUMN[0] + 0.25
        of_money: Any = {"color": colours.MONEY_TEXT, "fontsize": 9, "fontweight": "bold", "va": "center"}
        of_note: Any = {"color": colours.PALE_INK, "fontsize": SMALL, "va": "center"}
        self.money.text(x, 24, "main balance", **of_money)  # words that never change: not live
        self.money.text(x, 9, "pays when no bucket can", **of_note)

    def update(self, result: Orders) -> None:
        """Show another order, or another case."""
        outcome = result.chosen
        self.title.set_text(result.title)
        names = outcome.case.names
        left = {name: left_of(outcome, name) for name in names}
        pile = np.sum(list(left.values()), axis=0)
        set_limits(self.data, y=(0, max(7, math.ceil(pile.max() + 0.4))))
        below = np.zeros(len(GRID))
        unused = dict(enumerate(self.stack))
        for rank, name in reversed(list(enumerate(outcome.ranks))):
            place = names.index(name)
            unused.pop(place).show(below, left[name], *_tag(outcome, name, rank))
            below = below + left[name]
        for layer in unused.values():
            layer.hide()
        self._show_ends(outcome)
        self._show_losses(outcome)
        self._show_renewals(outcome)
        self._show_money(outcome)
        self.bars.show(result)
        self.sums.set_text(where_it_went(outcome))

    def _show_ends(self, outcome: Outcome) -> None:
        """Draw a line where bundles end, with their names over it; names that would touch go one level up."""
        top = self.data.get_ylim()[1]
        ends = bundle_ends(outcome)
        self.ends.set_data(_uprights(list(ends), [0.0] * len(ends), [top] * len(ends)))
        for words in self.end_words:
            words.set_text("")
        renderer: Any = self._canvas.get_renderer()
        a_dot = (FORTNIGHT - COLUMN[0]) / self.data.get_window_extent().width
        taken = [-math.inf, -math.inf]  # how far each level is written on
        for words, (at, names) in zip(self.end_words, ends.items(), strict=False):
            words.set_text(one_stamp(f"{', '.join(names)} end{'' if len(names) > 1 else 's'}"))
            half = (words.width(renderer) / 2 + 8) * a_dot
            level = next((each for each, end in enumerate(taken) if at - half > end), 0)
            words.set_position((at, top * (1.03 + 0.055 * level)))
            taken[level] = at + half

    def _show_losses(self, outcome: Outcome) -> None:
        lost: dict[float, int] = {}
        for loss in outcome.losses:
            at = (loss.at - outcome.trace.start) / timedelta(days=1)
            lost[at] = lost.get(at, 0) + loss.volume
        times = list(lost)
        after = [left_in_all(outcome, at) for at in times]
        before = [low + volume / GB for low, volume in zip(after, lost.values(), strict=True)]
        self.drops.set_data(_uprights(times, after, before))
        self.crosses.show(times, before)
        renderer: Any = self._canvas.get_renderer()
        a_dot, line = (FORTNIGHT - COLUMN[0]) / self.data.get_window_extent().width, 0.06 * self.data.get_ylim()[1]
        end, level = -math.inf, 0.0
        for words in self.loss_words:
            words.set_text("")
        for words, at, height, volume in zip(self.loss_words, times, before, lost.values(), strict=False):
            words.set_text(f"−{about(volume)}")
            touches = at < end and abs(height - level) < line
            level = level + line if touches else height
            words.set_position((at + 16 * a_dot, level))
            end = at + 20 * a_dot + words.width(renderer) * a_dot

    def _show_renewals(self, outcome: Outcome) -> None:
        """Mark what was bought again, and say what was rolled over with it."""
        ledger, found = outcome.trace.account.ledger, []
        for place in np.flatnonzero((outcome.trace.rows["kind"] == Kind.GRANT) & (outcome.trace.days > 0)):
            bought = ledger[int(place) + 1]
            at = (bought.at - outcome.trace.start) / timedelta(days=1)
            rolled = f", {about(outcome.rolled)} rolled over" if outcome.rolled else " bought again"
            lost = sum(loss.volume for loss in outcome.losses if loss.at == bought.at) / GB
            above = lost + 0.55 if lost else 0.35  # clear of the words beside what expired
            found.append((at, left_in_all(outcome, at) + above, f"+{about(bought.volume)}{rolled}"))
        self.renewals.show(*zip(*found, strict=True)) if found else self.renewals.show([], [])

    def _show_money(self, outcome: Outcome) -> None:
        trace = outcome.trace
        self.balance.show(GRID, _held(trace.days, trace.rows["balance"], GRID) / QAR)
        off = [_in_days(outcome, span) for span in trace.inactive]
        self.spans.show(off)
        self.off_words.set_text("suspended" if off and off[-1][1] - off[-1][0] > 3 else "")
        self.off_words.set_x(off[-1][0] + 0.2 if off else 0)


def left_of(outcome: Outcome, name: str) -> NDArray[Any]:
    """Return the gigabytes left of all buckets of a bundle, at each step of the picture."""
    trace, ledger = outcome.trace, outcome.trace.account.ledger
    rows, left = trace.rows, np.zeros(len(GRID))
    for place in np.flatnonzero(np.isin(rows["kind"], (Kind.GRANT, Kind.ROLLED_IN))):
        if ledger.notes[int(place) + 1] == name:
            own = rows["bucket"] == place + 1
            left += _held(trace.days[own], rows["left"][own], GRID)
    return left / GB


def left_in_all(outcome: Outcome, at: float) -> float:
    """Return the gigabytes in all buckets at a time in days, after all that took effect at it."""
    return float(_held(outcome.trace.days, outcome.trace.data_left, np.array([at]))[0]) / GB


def bundle_ends(outcome: Outcome) -> dict[float, list[str]]:
    """Return when bundles end, in days, and the size of those that do.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> from prepaid_model.waste import live, three_bundles
    >>> bundle_ends(live(three_bundles(600 * MB), "oldest"))
    {4.0: ['1 GB'], 7.0: ['3 GB'], 12.0: ['5 GB']}
    """
    found: dict[float, list[str]] = {}
    for bought in outcome.case.purchases:
        for period in range(1 + bought.again):
            end = bought.at + (1 + period) * bought.bundle.lasts
            names = found.setdefault((end - outcome.trace.start) / timedelta(days=1), [])
            names.append(_short(bought.bundle.name))
    return dict(sorted(found.items()))


def where_it_went(outcome: Outcome) -> str:
    """Say what became of all the data there was, as a sum.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> from prepaid_model.waste import live, three_bundles
    >>> where_it_went(live(three_bundles(600 * MB), "oldest"))
    '6,000 MB = 4,200 used + 1,800 expired'
    """
    there, expired = outcome.granted // MB, (outcome.wasted + MB // 2) // MB
    return f"{there:,} MB = {there - expired:,} used + {expired:,} expired"


def _tag(outcome: Outcome, name: str, rank: int) -> tuple[str, str]:
    """Name a bundle in today's column, and say when it pays and ends."""
    bought = next(each for each in outcome.case.purchases if each.bundle.name == name)
    days = (bought.at + bought.bundle.lasts - outcome.trace.start) // timedelta(days=1)
    pays = "at night" if bought.bundle.hours else "to pay"
    return name, f"{_NTH[rank]} {pays}, {days} days left"


def _short(name: str) -> str:
    return name.split(" · ", maxsplit=1)[0].removeprefix("2 GB ")


def _held(times: NDArray[Any], values: NDArray[Any], grid: NDArray[Any]) -> NDArray[Any]:
    """Return the value that holds at each time of a grid; zero before the first."""
    places = np.searchsorted(times, grid + 1e-9, side="right") - 1
    return np.where(places >= 0, values[np.maximum(places, 0)], 0).astype(float)


def _in_days(outcome: Outcome, span: Any) -> tuple[float, float]:
    start = outcome.trace.start
    return (span.start - start) / timedelta(days=1), (span.end - start) / timedelta(days=1)


def _uprights(times: Sequence[float], low: Sequence[float], high: Sequence[float]) -> tuple[Any, Any]:
    """Return the points of one line that is drawn upright at each time, and not between them."""
    gaps = np.full(len(times), np.nan)
    return np.column_stack([times, times, gaps]).ravel(), np.column_stack([low, high, gaps]).ravel()
