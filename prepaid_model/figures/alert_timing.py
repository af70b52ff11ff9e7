"""A warning in one picture: one month with its alerts and a forecast, and below how often warnings come too late."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from prepaid_model.alerts import ALL_USED, UsedShare
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import SMALL, EventMarks, Spans, Steps, label
from prepaid_model.lead_time import Life, Reached, standard_error
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.units import MB

LEFT, RIGHT = 0.088, 0.885
LATE = 48
"""Hours of delay that the dashed curve adds: what Australia's rule lets information lag."""
RULES = ((50, "South Africa, Australia 50 %"), (80, "South Africa, EU roaming 80 %"), (85, "85 % Australia"))
"""Where regulators have alerts sent, as the picture names it."""
_MONTH, _COUNT = (0.565, 0.925), (0.098, 0.4)  # from and to, of the picture's height
_MOST_THRESHOLDS = 6
_PALE_ALERT = "#F2CF7F"  # half of the way from the amber of alerts to white
_FAN_STEPS = 10
_A_DAY = timedelta(days=1)


class WarnedMonth(NamedTuple):
    """A month that was lived through, the months it is one of, and what was set.

    Parameters
    ----------
    life : Life
        The month on show.
    months : Reached
        All months, as they are counted.
    bundle : Bundle
        What was bought at the start.
    percent, others : int, tuple of int
        The percentage used whose alert is acted on; others that send one.
    delay, reading : int
        Hours that the message travels; hours until it is read.
    title : str
        The line over it.
    """

    life: Life
    months: Reached
    bundle: Bundle
    percent: int
    others: tuple[int, ...]
    delay: int
    reading: int
    title: str

    @property
    def sent(self) -> datetime | None:
        """When the alert was sent that the owner acts on; None if it never was."""
        alert = self.life.alert(self.percent)
        return alert.at if alert else None

    @property
    def cut_off(self) -> int:
        """In how many of all months the warning came too late."""
        return self.months.cut_off(self.percent, 60 * (self.delay + self.reading))


class AlertPicture(Picture[WarnedMonth]):
    """Above, the data left in one month; below, how many of all months are cut off, for every threshold.

    A dot is an alert, the bar from it the time until it is read: dark while the message travels, pale until it
    is read. A triangle is the recharge, hatched the time without service, the fan a forecast.
    """

    width = 848
    height = 520
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make both rows."""
        self.title = label(self, figure, LEFT, 0.966, "", size=10, bold=True)
        self.month = _Month(self, _axes(figure, _MONTH))
        self.count = _Count(self, _axes(figure, _COUNT))
        self.count_title = label(self, figure, LEFT, 0.468, "", size=10, bold=True)

    def update(self, result: WarnedMonth) -> None:
        """Show another month, or other settings."""
        self.title.set_text(result.title)
        fate = f"cut off in {result.cut_off:,} of {len(result.months):,} months"
        hours = result.delay + result.reading
        self.count_title.set_text(f"Alert at {result.percent} % used, acted on {hours} h later: {fate}")
        self.month.show(result)
        self.count.show(result)


class _Month:
    """The data left in one month, its alerts, and what was expected when the one was sent."""

    def __init__(self, picture: AlertPicture, axes: Axes) -> None:
        self.axes = axes
        axes.set(ylabel="data left, MB", xlabel="day of the month (each starts at its mark)")
        axes.xaxis.labelpad = 2
        axes.yaxis.label.set_color(colours.DATA_TEXT)
        axes.xaxis.set_major_locator(_Days())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at + 1:.0f}" if at < axes.get_xlim()[1] else ""))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        self.spans = Spans(picture, axes)
        self.data = Steps(picture, axes, colours.DATA, filled=True)
        self.fan = _area(picture, axes, colours.INK, 0.13, 2.5)
        self.expected = _line(picture, axes, colours.INK, linewidth=1.2, linestyle=(0, (3, 2)), zorder=3.2)
        self.forecast_name = label(picture, axes, 0, 0, "", size=SMALL, bold=True)
        self.levels = _line(picture, axes, colours.ALERT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1.5)
        self.level_names = [
            label(picture, axes, 0, 0, "", size=SMALL, colour=colours.ALERT_TEXT) for _ in range(_MOST_THRESHOLDS)
        ]
        self.waits = _line(picture, axes, _PALE_ALERT, linewidth=7, zorder=3.4)
        self.travels = _line(picture, axes, colours.ALERT, linewidth=7, zorder=3.5)
        self.wait_words = label(picture, axes, 0, 0, "", size=SMALL, colour=colours.ALERT_TEXT, bold=True)
        self.dots = EventMarks(picture, axes, "alert")
        self.bundles, self.top_ups = EventMarks(picture, axes, "bundle"), EventMarks(picture, axes, "top-up")
        self.off = label(picture, axes, 0, 0, "", size=SMALL, colour=colours.SUSPENDED_TEXT, bold=True, across="center")

    def show(self, result: WarnedMonth) -> None:
        trace, volume = result.life.trace, result.bundle.volume / MB
        days = result.bundle.lasts / _A_DAY
        highest = trace.data_left[trace.days < days].max() / MB
        top = (1.32 if highest <= 1.3 * volume else 2.12) * volume
        set_limits(self.axes, x=(0, days), y=(0, top))
        self.data.show(np.append(trace.days, days), np.append(trace.data_left, trace.data_left[-1]) / MB)
        self.spans.show([(_day(result, span.start), _day(result, span.end)) for span in trace.inactive])
        self._show_levels(result, days)
        self._show_forecast(result, days, top)
        self._show_reading(result, days, top)
        self._show_end(result, days, top)

    def _show_levels(self, result: WarnedMonth, days: float) -> None:
        percents = sorted({result.percent, *result.others} - {ALL_USED})
        lefts = [result.bundle.volume / MB * (100 - percent) / 100 for percent in percents]
        self.levels.set_data(_segments([(0, left, days, left) for left in lefts]))
        self._name_levels(result, days, percents)
        trace = result.life.trace
        left = trace.data_left
        shown = [alert for alert in result.life.sent if _day(result, alert.at) <= days]
        # That all of a bundle is used is no news where the next one is there.
        shown = [alert for alert in shown if alert.rule != UsedShare(ALL_USED) or not left[alert.entry - 1]]
        heights = [float(left[alert.entry - 1]) / MB for alert in shown]
        self.dots.show([_day(result, alert.at) for alert in shown], heights)
        bought = (trace.rows["kind"] == Kind.GRANT) & (trace.days <= days)
        self.bundles.show(trace.days[bought], left[bought] / MB)

    def _name_levels(self, result: WarnedMonth, days: float, percents: Sequence[int]) -> None:
        """Name each threshold beside it, first the one that is acted on; what would run into another is left out."""
        apart, named = 0.075 * self.axes.get_ylim()[1], list[float]()
        for words in self.level_names:
            words.set_text("")
        for percent in sorted(percents, key=lambda each: each != result.percent):
            left = result.bundle.volume / MB * (100 - percent) / 100
            if all(abs(left - other) >= apart for other in named):
                words = self.level_names[len(named)]
                words.set_text(f"{percent} % used")
                words.set_position((days * 1.008, left))
                words.set_fontweight("normal" if named else "bold")
                named.append(left)

    def _show_forecast(self, result: WarnedMonth, days: float, top: float) -> None:
        fan = result.life.fan(result.percent, _FAN_STEPS)
        left = [volume / MB for volume, _ in fan]
        early, middle, late = ([_day(result, told[at]) for _, told in fan] for at in range(3))
        corners = list(zip(early + late[::-1], left + left[::-1], strict=True)) or [(0.0, 0.0)]
        self.fan.set_path(Path(corners))
        self.expected.set_data(middle, left)
        self.forecast_name.set_text("forecast" if fan else "")
        if fan:
            end, back = result.life.used_up, result.life.recharged[:1]
            hatched = (_day(result, end) if end else days, _day(result, back[0]) if back else days)
            in_the_way = result.life.cut_off and hatched[0] - 0.12 * days < late[-1] < hatched[1]
            edge = float(np.interp(0.1 * top, left[::-1], early[::-1]))  # of the fan, where the word is highest
            before = edge > 0.12 * days and (in_the_way or late[-1] > 0.88 * days)
            self.forecast_name.set_position((edge - 0.008 * days if before else late[-1], 0.045 * top))
            self.forecast_name.set_horizontalalignment("right" if before else "left")

    def _show_reading(self, result: WarnedMonth, days: float, top: float) -> None:
        sent, recharged = result.sent, result.life.recharged[:1]
        self.wait_words.set_text("")
        if sent is None:
            self.travels.set_data([], [])
            self.waits.set_data([], [])
            self.top_ups.show([], [])
            return
        start, delay, reading = _day(result, sent), result.delay / 24, result.reading / 24
        alert = result.life.alert(result.percent)
        level = result.life.trace.account.ledger[alert.entry].left / MB if alert else 0.0
        self.travels.set_data([start, start + delay], [level, level])
        self.waits.set_data([start + delay, start + delay + reading], [level, level])
        at = [_day(result, each) for each in recharged if _day(result, each) <= days]
        self.top_ups.show(at, [level] * len(at))
        parts = ([f"{result.delay} h on its way"] if result.delay else []) + [f"{result.reading} h until it is read"]
        self.wait_words.set_text(", ".join(parts))
        self._beside_bar(start, start + delay + reading, days, max(level + 0.07 * top, 0.13 * top))

    def _beside_bar(self, start: float, end: float, days: float, height: float) -> None:
        """Put the words right of the bar, left of it where there is no room, over it where there is none either."""
        renderer: Any = self.axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        gap = 0.012 * days
        width = self.wait_words.width(renderer) * days / self.axes.get_window_extent().width + gap
        left = start >= width > days - end
        self.wait_words.set_horizontalalignment("right" if left else "left")
        place = start - gap if left else end + gap if end + width <= days else min(start, days - width)
        self.wait_words.set_position((place, height))

    def _show_end(self, result: WarnedMonth, days: float, top: float) -> None:
        end = result.life.used_up
        self.off.set_text("")
        if result.life.cut_off and end is not None:
            until = min(_day(result, result.life.recharged[0]) if result.life.recharged else days, days)
            self.off.set_text("cut off")
            middle = (_day(result, end) + until) / 2
            self.off.set_position((min(max(middle, 0.03 * days), 0.97 * days), 0.945 * top))


class _Count:
    """The share of months cut off before recharging, for each threshold."""

    def __init__(self, picture: AlertPicture, axes: Axes) -> None:
        self.axes = axes
        axes.set(xlim=(0, 100), ylim=(0, 104), xlabel="alert sent when so much of the bundle is used, %")
        axes.set_ylabel("months cut off, %", color=colours.SUSPENDED_TEXT)
        axes.xaxis.set_major_locator(MultipleLocator(10))
        axes.yaxis.set_major_locator(MultipleLocator(25))
        for percent, words in RULES:
            axes.axvline(percent, color=colours.PALE_INK, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            across = "left" if percent > 80 else "right"
            name = axes.text(percent, 1.03, words, fontsize=SMALL, color=colours.PALE_INK)
            name.set(transform=axes.get_xaxis_transform(), horizontalalignment=across)
        self.band = _area(picture, axes, colours.SUSPENDED, 0.35, 2)
        self.late = _line(picture, axes, colours.SUSPENDED_TEXT, linewidth=1.2, linestyle=(0, (4, 2)), zorder=2.5)
        self.late_name = label(picture, axes, 0, 0, "", size=SMALL, colour=colours.SUSPENDED_TEXT, across="right")
        self.curve = _line(picture, axes, colours.SUSPENDED_TEXT, linewidth=2.2, zorder=3)
        self.chosen = _line(picture, axes, colours.ALERT, linewidth=1.6, zorder=2.8)
        self.dot = EventMarks(picture, axes, "alert")
        self.share = label(picture, axes, 0, 0, "", size=SMALL, colour=colours.ALERT_TEXT, bold=True)

    def show(self, result: WarnedMonth) -> None:
        of, wait = len(result.months), 60 * (result.delay + result.reading)
        counts, later = result.months.too_late(wait), result.months.too_late(wait + 60 * LATE)
        percents = np.arange(1, ALL_USED + 1)
        shares = 100 * counts / of
        spread = np.array([200 * standard_error(count, of) for count in counts.tolist()])
        edge = np.concatenate(
            [np.column_stack([percents, shares + spread]), np.column_stack([percents, shares - spread])[::-1]]
        )
        self.band.set_path(Path(edge))
        self.curve.set_data(percents, shares)
        self.late.set_data(percents, 100 * later / of)
        self._name_late(100 * later / of, result.percent)
        share = float(shares[result.percent - 1])
        self.chosen.set_data([result.percent] * 2, [0, 104])
        self.dot.show([result.percent], [share])
        self.share.set_text(f"{share:.1f} %")
        right = result.percent < 91
        self.share.set_horizontalalignment("left" if right else "right")
        below = share > (14 if right else 88)
        self.share.set_position((result.percent + (1.3 if right else -1.3), share + (-7 if below else 8)))

    def _name_late(self, shares: Any, percent: int) -> None:
        """Write the name of the dashed curve left of it, if possible clear of the learner's threshold."""
        heights = {height: int(np.searchsorted(shares, height)) + 1 for height in (50, 35, 65, 20, 80)}
        there = {height: at for height, at in heights.items() if 11 < at <= ALL_USED}
        free = {height: at for height, at in there.items() if not at - 13 < percent < at + 2}
        self.late_name.set_text(f"{LATE} h later" if there else "")
        if there:
            height, at = next(iter((free or there).items()))
            self.late_name.set_position((at - 1.5, height))


class _Days(MultipleLocator):
    """A mark for each day of a week, for every third day of a month."""

    def __call__(self) -> Any:
        """Place the marks for the limits there are."""
        (start, end) = self.axis.get_view_interval()  # type: ignore[union-attr]
        self.set_params(1 if end - start <= 10 else 3)
        return super().__call__()


def _axes(figure: Figure, height: tuple[float, float]) -> Axes:
    bottom, top = height
    axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
    axes.yaxis.set_label_coords(-0.072, 0.5)
    return axes


def _line(picture: AlertPicture, axes: Axes, colour: str, **style: Any) -> Line2D:
    return picture.live(axes.add_line(Line2D([], [], color=colour, **style)))


def _area(picture: AlertPicture, axes: Axes, colour: str, alpha: float, zorder: float) -> PathPatch:
    patch = PathPatch(Path([(0, 0)]), facecolor=colour, alpha=alpha, linewidth=0, zorder=zorder)
    axes.add_patch(patch)
    return picture.live(patch)


def _segments(lines: Sequence[tuple[float, float, float, float]]) -> tuple[list[float], list[float]]:
    """Join straight lines into one curve with gaps."""
    xs = [x for start, _, end, _ in lines for x in (start, end, math.nan)]
    return xs, [y for _, low, _, high in lines for y in (low, high, math.nan)]


def _day(result: WarnedMonth, at: datetime) -> float:
    return (at - result.life.trace.start) / _A_DAY
