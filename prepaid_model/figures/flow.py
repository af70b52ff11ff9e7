"""A prepaid month in one picture: credit, data and traffic, and one of its days hour by hour beside it."""

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import ArrayLike

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import EventMarks, Label, Spans, Steps, label
from prepaid_model.ledger import Kind
from prepaid_model.simulation import PrepaidTrace
from prepaid_model.units import MB, QAR, format_volume

LEFT, RIGHT = 0.07, 0.648
"""Where the days begin and end, as fractions of the picture's width."""
DAY_LEFT, DAY_RIGHT = 0.722, 0.93
SLOTS_AN_HOUR = 6
_ROWS = ((0.6, 0.872), (0.315, 0.575), (0.09, 0.29))  # from and to, of the picture's height
_WORDS = (0.926, 0.895)  # heights of the words over the rows
_MOST_WORDS = 16
_NOTICEABLE = 0.1  # days
_NICE = (1, 1.5, 2, 3, 5, 10)
_NO_DATA = 1000  # megabytes the axis is made for where there is no data all month
_ROOM = 0.09  # of the width: a triangle and its words


class MonthAndDay(NamedTuple):
    """A month that was lived through, a line over it, and the day that is open (1 is the first)."""

    trace: PrepaidTrace
    title: str
    day: int


class FlowPicture(Picture[MonthAndDay]):
    """Three rows (credit, data left, traffic) over the month, and the same rows over one day.

    Hatched: no byte could be served. A triangle is a top-up, a square a bundle, a cross what expired
    unused. Traffic that was served stands up from the line, what was denied hangs down from it.
    """

    width = 848
    height = 496
    only_limits_change = True

    def __init__(self, days: int = 30) -> None:
        self.days = days
        super().__init__()

    def build(self, figure: Figure) -> None:
        """Make both columns."""
        self.title = label(self, figure, LEFT, 0.968, "", size=10, bold=True)
        self.day_title = label(self, figure, DAY_LEFT, 0.968, "", size=10, bold=True)
        self.day_words = [
            label(self, figure, DAY_LEFT, height, "", size=8.5, colour=colours.SUSPENDED_TEXT) for height in _WORDS
        ]
        self.month = _Column(self, figure, (LEFT, RIGHT), self.days, self.days * 24)
        self.day = _Column(self, figure, (DAY_LEFT, DAY_RIGHT), 24, 24 * SLOTS_AN_HOUR)
        self._name_axes()
        credit, data, _ = self.month.rows
        self.open_day = self.live(_through(self.month.whole, linewidth=1.0))
        self.turns = self.live(_through(self.day.whole, linewidth=1.2, linestyle=(0, (4, 2))))
        beside = self.days * 1.012
        self.credit_name = label(self, credit, beside, 0, "credit", colour=colours.MONEY_TEXT, bold=True)
        self.data_name = label(self, data, beside, 0, "data", colour=colours.DATA_TEXT, bold=True)
        self.status_words = [
            label(self, figure, 0, 0, "", size=8.5, colour=colours.SUSPENDED_TEXT) for _ in range(_MOST_WORDS)
        ]

    def update(self, result: MonthAndDay) -> None:
        """Show another month, or another day of it."""
        trace, day, traffic = result.trace, result.day, self.month.rows[2]
        self.title.set_text(result.title)
        times, credit, data = _curves(trace)
        tops = _nice(1.45 * credit.max()), _nice(1.2 * (data.max() or _NO_DATA))
        for column in (self.month, self.day):
            column.limit(*tops)
        spans = [(_days(trace, span.start), _days(trace, span.end)) for span in trace.inactive]
        self.month.show(times, credit, data, spans)
        self.month.traffic(trace.hourly(trace.served) / MB, trace.hourly(trace.denied) / MB)
        set_limits(traffic, y=_both_ways(trace.hourly(trace.usage.volume).max()))
        set_limits(self.day.rows[2], y=_both_ways(max(trace.usage.volume, default=0)))
        self.month.events(trace, trace.days, tops, " expired")
        self.credit_name.set_y(min(max(credit[-1], 0.05 * tops[0]), 0.95 * tops[0]))
        self.data_name.set_y(min(max(data[-1], 0.05 * tops[1]), 0.95 * tops[1]))
        self._say_status(trace, spans)
        self._show_day(trace, day, (times, credit, data), spans, tops)

    def _name_axes(self) -> None:
        credit, data, traffic = self.month.rows
        credit.set_ylabel("credit, QAR", color=colours.MONEY_TEXT)
        data.set_ylabel("data left, MB", color=colours.DATA_TEXT)
        traffic.set(ylabel="MB an hour", xlabel="day of the month (each starts at its mark)")
        for axes in self.month.rows:
            axes.yaxis.set_label_coords(-0.088, 0.5)
            axes.xaxis.set_major_locator(MultipleLocator(1 if self.days <= 10 else 3))
        traffic.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at + 1:.0f}" if at < self.days else ""))
        for words, height, colour in (("served", 0.75, colours.DATA_TEXT), ("denied", 0.25, colours.SUSPENDED_TEXT)):
            label(self, traffic, 1.012, height, words, colour=colour, bold=True, transform=traffic.transAxes)
        hours = self.day.rows[2]
        hours.set_xlabel("hour of the day")
        hours.yaxis.tick_right()
        hours.yaxis.set_label_position("right")
        hours.set_ylabel("MB in 10 min")
        hours.spines[["left", "right"]].set_visible(False)
        for axes in self.day.rows:
            axes.xaxis.set_major_locator(MultipleLocator(6))
        for axes in self.day.rows[:2]:
            axes.tick_params(labelleft=False, left=False)
            axes.spines["left"].set_visible(False)

    def _say_status(self, trace: PrepaidTrace, spans: Sequence[tuple[float, float]]) -> None:
        """Write over each hatched span what it is, as far as there is room."""
        renderer: Any = self.month.rows[0].figure.canvas.get_renderer()  # type: ignore[attr-defined]
        for words in self.status_words:
            words.set_text("")
        free = list(self.status_words)
        ends = dict.fromkeys(reversed(_WORDS), LEFT)
        for (start, until), span in zip(spans, trace.inactive, strict=True):
            at = LEFT + (RIGHT - LEFT) * start / self.days
            height = next((each for each, end in ends.items() if end <= at), None)
            if height is not None and free and until - start > _NOTICEABLE:
                words = free.pop()
                words.set_text(span.status.value)
                words.set_position((at, height))
                ends[height] = at + words.width(renderer) / renderer.width + 0.008

    def _show_day(
        self,
        trace: PrepaidTrace,
        day: int,
        curves: tuple[Any, Any, Any],
        spans: Sequence[tuple[float, float]],
        tops: tuple[float, float],
    ) -> None:
        times, credit, data = curves
        opens = trace.start + timedelta(days=day - 1)
        self.day_title.set_text(f"{opens:%a} {opens.day} {opens:%b}, hour by hour")
        first, last = np.searchsorted(times, (day - 1, day), side="right").tolist()
        part = slice(max(first - 1, 0), last + 1)
        hours = [((start - day + 1) * 24, (until - day + 1) * 24) for start, until in spans]
        hours = [(max(start, 0.0), min(until, 24.0)) for start, until in hours if until > 0 and start < 24]
        self.day.events(trace, (trace.days - day + 1) * 24, tops)
        self.day.show((times[part] - day + 1) * 24, credit[part], data[part], hours)
        slots = trace.usage.slots_of_day(day)
        at = [int((moment - opens) / timedelta(minutes=60 / SLOTS_AN_HOUR)) for moment in trace.usage.at[slots]]
        served, denied = np.zeros(24 * SLOTS_AN_HOUR), np.zeros(24 * SLOTS_AN_HOUR)
        np.add.at(served, at, np.array(trace.served[slots]) / MB)
        np.add.at(denied, at, np.array(trace.denied[slots]) / MB)
        self.day.traffic(served, denied)
        said = day_in_words(trace, day)
        for place, words in enumerate(self.day_words):
            words.set_text(said[place] if place < len(said) else "")
        self.open_day.set_data([day - 1, day - 1, day, day, day - 1], [0, 1, 1, 0, 0])
        turns = [hour for pair in hours for hour in pair if 0 < hour < 24]
        self.turns.set_data(_uprights(turns, [0] * len(turns), [1] * len(turns)))


class _Column:
    """Credit, data left and traffic over one span of time."""

    def __init__(
        self, picture: FlowPicture, figure: Figure, across: tuple[float, float], end: float, bars: int
    ) -> None:
        left, right = across
        self.rows: list[Axes] = [
            figure.add_axes((left, bottom, right - left, top - bottom), xlim=(0, end)) for bottom, top in _ROWS
        ]
        bottom, top = _ROWS[-1][0], _ROWS[0][1]
        self.whole = figure.add_axes((left, bottom, right - left, top - bottom), xlim=(0, end))
        self.whole.set_axis_off()
        self.spans = Spans(picture, self.whole)  # one hatching through all rows: each costs half a millisecond
        credit, data, traffic = self.rows
        for axes in (credit, data):
            axes.tick_params(labelbottom=False)
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        traffic.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], symmetric=True))
        traffic.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
        self.credit = Steps(picture, credit, colours.MONEY)
        self.data = Steps(picture, data, colours.DATA, filled=True)
        edges = np.linspace(0, end, bars + 1)
        empty = np.zeros(bars)
        self.served = picture.live(traffic.stairs(empty, edges, fill=True, color=colours.DATA))
        self.denied = picture.live(traffic.stairs(empty, edges, fill=True, color=colours.SUSPENDED_TEXT))
        self._end = end
        self._top_ups, self._bundles = EventMarks(picture, credit, "top-up"), EventMarks(picture, data, "bundle")
        self._money_lost, self._data_lost = _Lost(picture, credit), _Lost(picture, data)
        traffic.axhline(0, color=colours.PALE_INK, linewidth=0.7)
        traffic.spines["bottom"].set_visible(False)

    def limit(self, credit: float, data: float) -> None:
        set_limits(self.rows[0], y=(0, credit))
        set_limits(self.rows[1], y=(0, data))

    def show(self, times: Any, credit: Any, data: Any, spans: Iterable[tuple[float, float]]) -> None:
        self.credit.show(times, credit)
        self.data.show(times, data)
        self.spans.show(list(spans))

    def events(self, trace: PrepaidTrace, times: Any, tops: tuple[float, float], word: str = "") -> None:
        """Mark top-ups, bundles and what expired; the time of each entry in the unit of the axis."""
        rows, kinds = trace.rows, trace.rows["kind"]
        here = (times >= 0) & (times <= self._end)
        topped, bought = here & (kinds == Kind.TOP_UP), here & (kinds == Kind.GRANT)
        crowded = np.diff(times[topped], append=np.inf) < _ROOM * self._end  # the next triangle would lie on the words
        amounts = zip(rows["money"][topped].tolist(), crowded.tolist(), strict=True)
        words = ["" if close else f"+{in_riyals(amount)}" for amount, close in amounts]
        self._top_ups.show(times[topped], [0.88 * tops[0]] * len(words), words)
        self._bundles.show(times[bought], trace.data_left[bought] / MB)
        expired = here & (kinds == Kind.EXPIRED)
        lost = expired & (rows["money"] != 0)
        words = [f"−{in_riyals(-amount)}{word}" for amount in rows["money"][lost].tolist()]
        self._money_lost.show(times[lost], rows["balance"][lost] / QAR, -rows["money"][lost] / QAR, words)
        lost = expired & (rows["volume"] != 0)
        words = [f"−{in_megabytes(-amount)}{word}" for amount in rows["volume"][lost].tolist()]
        self._data_lost.show(times[lost], trace.data_left[lost] / MB, -rows["volume"][lost] / MB, words)

    def traffic(self, served: Any, denied: Any) -> None:
        self.served.set_data(served)
        self.denied.set_data(-denied)


class _Lost:
    """What expired unused: a cross where it stood, a thick line down to what remained, the amount beside."""

    def __init__(self, picture: FlowPicture, axes: Axes) -> None:
        self._picture, self._axes = picture, axes
        self._drops = picture.live(axes.add_line(Line2D([], [], color=colours.WASTE, linewidth=3, zorder=3.5)))
        self._crosses = EventMarks(picture, axes, "expiry")
        self._words: list[Label] = []

    def show(self, times: Any, after: Any, lost: Any, words: Sequence[str]) -> None:
        self._crosses.show(times, after + lost)
        self._drops.set_data(_uprights(times, after, after + lost))
        while len(self._words) < len(words):
            made = label(self._picture, self._axes, 0, 0, "", size=8.5, colour=colours.WASTE_TEXT, bold=True)
            self._words.append(made)
        for unused in self._words[len(words) :]:
            unused.set_text("")
        renderer: Any = self._axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        (low, high), (_, top) = self._axes.get_xlim(), self._axes.get_ylim()
        a_dot = (high - low) / self._axes.get_window_extent().width
        end, gap = low, 7 * a_dot
        for each, time, text in zip(self._words, times, words, strict=False):
            each.set_text(text)
            width = each.width(renderer) * a_dot
            start = time - gap - width
            if start < end:  # no room before it
                start = time + gap
            fits = end <= start and start + width <= high
            each.set_position((start, 0.1 * top))
            each.set_text(text if fits else "")
            end = max(time, start + width) if fits else end


def day_in_words(trace: PrepaidTrace, day: int) -> list[str]:
    """Say when a day's service stopped and came back, in few words each.

    Examples
    --------
    >>> from prepaid_model.catalogue import catalogue
    >>> from prepaid_model.prepaid import PrepaidAccount
    >>> from prepaid_model.simulation import Habit, simulate
    >>> from prepaid_model.usage import START, month
    >>> account = PrepaidAccount(catalogue().tariffs["standard"], opened=START, out_of_bundle=True)
    >>> day_in_words(simulate(account, month("commuter", seed=7), Habit(50 * QAR)), 1)
    ['service starts at 09:00']
    """
    opens = trace.start + timedelta(days=day - 1)
    closes = opens + timedelta(days=1)
    starts, ends = {span.start for span in trace.inactive}, {span.end for span in trace.inactive}
    said = []
    for span in trace.inactive:
        if span.start <= opens and span.end >= closes:
            return [f"no service all day: {span.status.value}"]
        if opens < span.start < closes:
            still_off = span.start in ends
            at, status = f"{span.start:%H:%M}", span.status.value
            said.append(f"{status} from {at}" if still_off else f"service stops at {at}: {status}")
        if opens < span.end < closes and span.end not in starts:
            said.append(f"service {'is back' if span.start > trace.start else 'starts'} at {span.end:%H:%M}")
    return said or ["service all day"]


def _curves(trace: PrepaidTrace) -> tuple[Any, Any, Any]:
    """Times (days), credit (QAR) and data (MB), from the first moment to the last."""
    times = np.concatenate([[0.0], np.clip(trace.days, 0, None), [float(trace.usage.days)]])
    credit = np.concatenate([[0], trace.rows["balance"], trace.rows["balance"][-1:]]) / QAR
    data = np.concatenate([[0], trace.data_left, trace.data_left[-1:]]) / MB
    return times[: len(credit)], credit, data


def _days(trace: PrepaidTrace, at: Any) -> float:
    return float((at - trace.start) / timedelta(days=1))


def in_riyals(micros: int) -> str:
    """Write an amount for beside a mark: no decimals where there are none.

    Examples
    --------
    >>> in_riyals(15 * QAR), in_riyals(4_950_000)
    ('15', '4.95')
    """
    return f"{micros / QAR:.2f}".removesuffix(".00")


def in_megabytes(volume: int) -> str:
    """Write a volume for beside a mark: whole megabytes, if it is one or more.

    Examples
    --------
    >>> in_megabytes(437_999_999), in_megabytes(12_000)
    ('437 MB', '12 KB')
    """
    return f"{volume // MB:,} MB" if volume >= MB else format_volume(volume)


def _nice(value: float) -> float:
    """Round up to a number that reads well on an axis, so that limits seldom change."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return float(next(step * power for step in _NICE if step * power >= value - 1e-9))


def _both_ways(volume: int) -> tuple[float, float]:
    top = _nice(max(volume / MB, 1.0))
    return -top, top


def _through(whole: Axes, **style: Any) -> Line2D:
    return whole.add_line(Line2D([], [], color=colours.PALE_INK, clip_on=False, zorder=1.5, **style))


def _uprights(times: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Any, Any]:
    """Return the points of one line that is drawn upright at each time, and not between them."""
    times = np.asarray(times, float)
    gaps = np.full(len(times), np.nan)
    return np.column_stack([times, times, gaps]).ravel(), np.column_stack([low, high, gaps]).ravel()
