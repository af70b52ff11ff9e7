"""The picture of a phone's story: credit and data, one column for each thing that was done.

What is done takes a minute or an hour, and then nothing happens for a day: on an even time axis most of it
would be one line. So each step has a column of the same width, with its time below.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from prepaid_model.alerts import ALL_USED, Alert, CreditLeft, UsedShare, ValidityEnds
from prepaid_model.balances import Status
from prepaid_model.buckets import MAIN
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import SMALL, EventMarks, Label, Spans, label
from prepaid_model.ledger import Entry, Kind
from prepaid_model.phone import Buy, Do, PayAsYouGo, SameVoucher, Step, Story, TopUp, Turn
from prepaid_model.tables import activities
from prepaid_model.units import MB, QAR, format_money, format_volume

COLUMNS = 7
LEFT, RIGHT, TOP, BOTTOM = 0.105, 0.86, 0.97, 0.2
AT, FROM, UNTIL = 0.5, 0.12, 0.88
"""Where in its column something happens: at once, or from and until."""
ABOVE = 0.1
"""How far a mark stands above the curve, as a part of the axis."""
WIDE = 1.2
"""How many columns without service have room for the words that say so."""
LEAST_CREDIT, LEAST_DATA = 30, 1000
"""What the axes reach at least, in riyals and megabytes."""

Point = tuple[float, float]
MarkAt = tuple[float, float, str]


class Curves:
    """A story as points: columns to the right, riyals or megabytes upwards.

    Attributes
    ----------
    credit, data : list of (float, float)
        The balances; their last point is how they stand now.
    off : list of (float, float)
        From where until where nothing could be served.
    top_ups, bundles : list of (float, float, str)
        Where money and data came in, and how much.
    credit_alerts, data_alerts : list of (float, float, str)
        Where an alert arose, and what it says in two words.
    feet : list of (str, str, str)
        For each column what was done, when, and the alert that came of it.
    """

    def __init__(self, story: Story) -> None:
        self.credit: list[Point] = [(0.0, 0.0)]
        self.data: list[Point] = [(0.0, 0.0)]
        self.off: list[Point] = []
        self.top_ups: list[MarkAt] = []
        self.bundles: list[MarkAt] = []
        self.credit_alerts: list[MarkAt] = []
        self.data_alerts: list[MarkAt] = []
        self.feet: list[tuple[str, str, str]] = []
        self._notes = story.account.ledger.notes
        self._off_since: float | None = 0.0
        for turn in story.turns:
            self._add(turn, story.warnings(turn))
        if self._off_since is not None:
            self.off.append((self._off_since, max(self.credit[-1][0], 1.0)))

    def _add(self, turn: Turn, warnings: Sequence[Alert]) -> None:
        column = len(self.feet)
        if isinstance(turn.step, PayAsYouGo):
            self._level_to(column)
        else:
            words = words_of(warnings[-1]) if warnings else ""
            self.feet.append((name_of(turn.step), f"{turn.end:%a %H:%M}", words))
            self._level_to(column + (FROM if turn.wanted else AT))
        for entry in turn.entries:
            self._write(entry, turn)
            self._warn(alert for alert in warnings if alert.entry == entry.id)
        known = {entry.id for entry in turn.entries}
        self._warn(alert for alert in warnings if alert.entry not in known)
        self._level_to(len(self.feet))

    def _level_to(self, x: float) -> None:
        for curve in (self.credit, self.data):
            curve.append((x, curve[-1][1]))

    def _write(self, entry: Entry, turn: Turn) -> None:
        (x, credit), (_, data) = self.credit[-1], self.data[-1]
        if entry.kind is Kind.USAGE:
            x += (UNTIL - FROM) * entry.quantity / turn.wanted
        credit, data = entry.balance / QAR, data + entry.volume / MB
        self.credit.append((x, credit))
        self.data.append((x, data))
        if entry.kind is Kind.TOP_UP:
            self.top_ups.append((x, credit, f"+{entry.money / QAR:g}"))
        elif entry.kind is Kind.GRANT:
            self.bundles.append((x, data, f"+{entry.volume / MB:,g}"))
        elif entry.kind is Kind.STATUS:
            self._serve(x, active=self._notes[entry.id] == Status.ACTIVE)

    def _serve(self, x: float, *, active: bool) -> None:
        if active and self._off_since is not None:
            self.off.append((self._off_since, x))
            self._off_since = None
        elif not active and self._off_since is None:
            self._off_since = x

    def _warn(self, arisen: Iterable[Alert]) -> None:
        for alert in arisen:
            alerts, curve = (self.credit_alerts, self.credit) if alert.bucket == MAIN else (self.data_alerts, self.data)
            alerts.append((*curve[-1], words_of(alert)))


class PhonePicture(Picture[Story]):
    """Credit above, data below; the latest step on a tinted ground.

    Parameters
    ----------
    columns : int
        How many steps it shows: the latest.
    planned : sequence of str
        The names of the steps of a story that is told in order; those to come are shown pale.
    least_data : int
        What the lower axis reaches at least, in megabytes.
    """

    width, height = 600, 390

    def __init__(self, columns: int = COLUMNS, planned: Sequence[str] = (), least_data: int = LEAST_DATA) -> None:
        self.columns, self.planned, self.least_data = columns, tuple(planned), least_data
        super().__init__()

    def build(self, figure: Figure) -> None:
        """Make the two panels and everything that moves in them."""
        grid = figure.add_gridspec(2, 1, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM, hspace=0.16)
        panels: Any = grid.subplots(sharex=True)
        self.upper, self.lower = panels
        self.upper.set(ylabel="credit, QAR", xlim=(0, self.columns))
        self.lower.set(ylabel="data left, MB")
        figure.align_ylabels([self.upper, self.lower])
        for axes in (self.upper, self.lower):
            axes.tick_params(axis="x", length=0, labelbottom=False)
        self.lower.yaxis.set_major_formatter("{x:,.0f}")
        self.latest = [self._ground(axes) for axes in (self.upper, self.lower)]
        self.spans = Spans(self, self.upper, self.lower)
        self.credit = _Curve(self, self.upper, colours.MONEY)
        self.data = _Curve(self, self.lower, colours.DATA)
        self.top_ups = EventMarks(self, self.upper, "top-up")
        self.bundles = EventMarks(self, self.lower, "bundle")
        for marks in (self.top_ups, self.bundles):  # a label made later would cost a new background
            marks.show(range(self.columns), [0] * self.columns, ["+"] * self.columns)
        self.credit_alerts = EventMarks(self, self.upper, "alert")
        self.data_alerts = EventMarks(self, self.lower, "alert")
        self.credit_now = label(self, self.upper, 0, 0, "", colour=colours.MONEY_TEXT, bold=True)
        self.data_now = label(self, self.lower, 0, 0, "", colour=colours.DATA_TEXT, bold=True)
        level = self.lower.get_xaxis_transform()
        self.no_service = [
            label(self, self.lower, 0, 0.5, "", colour=colours.SUSPENDED_TEXT, across="center", transform=level)
            for _ in range(self.columns)
        ]
        self.feet = [self._foot(column) for column in range(self.columns)]

    def update(self, result: Story) -> None:
        """Show the story as it stands."""
        curves = Curves(result)
        done = len(curves.feet)
        gone = max(0, done - self.columns)
        set_limits(self.upper, y=(0, _room(curves.credit, gone, LEAST_CREDIT)))
        set_limits(self.lower, y=(0, _room(curves.data, gone, self.least_data)))
        self.credit.show(curves.credit, gone)
        self.data.show(curves.data, gone)
        _show(self.top_ups, curves.top_ups, gone, ABOVE * self.upper.get_ylim()[1])
        _show(self.bundles, curves.bundles, gone, ABOVE * self.lower.get_ylim()[1])
        _show(self.credit_alerts, curves.credit_alerts, gone)  # in words they stand at the foot of their column
        _show(self.data_alerts, curves.data_alerts, gone)
        off = [(start - gone, end - gone) for start, end in curves.off if end > gone]
        self._show_off(off if done else [(0, self.columns)])
        for ground in self.latest:
            ground.set_visible(done > 0)
            ground.set_x(done - gone - 1)
        self._show_balances(result, curves, gone)
        self._show_feet(curves.feet[gone:])

    def _show_off(self, off: Sequence[Point]) -> None:
        self.spans.show([(max(start, 0), end) for start, end in off])
        wide = [(start, end) for start, end in off if end - start >= WIDE]
        for each in self.no_service:
            each.set_text("")
        for each, (start, end) in zip(self.no_service, wide, strict=False):
            each.set_position(((start + end) / 2, 0.5))
            each.set_text("no service")

    def _show_balances(self, story: Story, curves: Curves, gone: int) -> None:
        """Write what is left beside the end of each curve."""
        credit, data = format_money(story.account.credit), format_volume(story.account.data_left)
        for axes, now, curve, text in (
            (self.upper, self.credit_now, curves.credit, credit),
            (self.lower, self.data_now, curves.data, data),
        ):
            x, y = curve[-1]
            now.set_position((x - gone + 0.08, max(y, 0.06 * axes.get_ylim()[1])))
            now.set_text(text if curves.feet else "")

    def _show_feet(self, feet: Sequence[tuple[str, str, str]]) -> None:
        for column, lines in enumerate(self.feet):
            done = column < len(feet)
            name, time, alert = feet[column] if done else ("", "", "")
            name = self.planned[column] if self.planned else name
            for line, text in zip(lines, (name, time, alert), strict=True):
                line.set_text(text)
            lines[0].set_color(colours.INK if done else colours.PALE_INK)

    def _ground(self, axes: Axes) -> Rectangle:
        ground = Rectangle((0, 0), 1, 1, facecolor=colours.MONEY, alpha=0.07, linewidth=0, zorder=0.4)
        ground.set_transform(axes.get_xaxis_transform())
        axes.add_patch(ground)
        return self.live(ground)

    def _foot(self, column: int) -> tuple[Label, Label, Label]:
        """Make the three lines under a column: what was done, when, and the alert."""
        below = self.lower.get_xaxis_transform()
        name, time, alert = (
            label(self, self.lower, column + AT, y, "", size=SMALL, across="center", transform=below, colour=colour)
            for y, colour in ((-0.1, colours.INK), (-0.22, colours.PALE_INK), (-0.34, colours.ALERT_TEXT))
        )
        return name, time, alert


class _Curve:
    """A balance as a line through points, filled below."""

    def __init__(self, picture: Picture[Story], axes: Axes, colour: str) -> None:
        (line,) = axes.plot([], [], color=colour, zorder=3)
        self._line = picture.live(line)
        area = PathPatch(Path([(0, 0)]), facecolor=colour, alpha=0.2, linewidth=0, zorder=2)
        axes.add_patch(area)
        self._area = picture.live(area)

    def show(self, points: Sequence[Point], gone: int) -> None:
        moved = [(x - gone, y) for x, y in points]
        self._line.set_data([x for x, _ in moved], [y for _, y in moved])
        self._area.set_path(Path([*moved, (moved[-1][0], 0), (moved[0][0], 0)]))


def name_of(step: Step) -> str:
    """Name a step in a word or two.

    Examples
    --------
    >>> name_of(Do("video_sd", 10))
    'Video (SD)'
    """
    match step:
        case TopUp():
            return "top up"
        case SameVoucher():
            return "same again"
        case Buy():
            return "bundle"
        case Do(activity):
            return activities()[activity].label
        case PayAsYouGo(allowed):
            return "pay-as-you-go on" if allowed else "pay-as-you-go off"
    return "next day"


def words_of(alert: Alert) -> str:
    """Say an alert in two words.

    Examples
    --------
    >>> words_of(Alert(None, UsedShare(80), 3, 5, ""))
    '80 % used'
    """
    match alert.rule:
        case UsedShare(percent):
            return "all used" if percent == ALL_USED else f"{percent} % used"
        case CreditLeft():
            return "credit low"
    return "ends soon" if isinstance(alert.rule, ValidityEnds) else "data low"


def _show(marks: EventMarks, events: Sequence[MarkAt], gone: int, above: float = 0) -> None:
    shown = [(x - gone, y + above, words) for x, y, words in events if x >= gone]
    words = [words for _, _, words in shown] if above else ()
    marks.show([x for x, _, _ in shown], [y for _, y, _ in shown], words)


def _room(points: Sequence[Point], gone: int, least: float) -> float:
    """Return where an axis ends that shows a curve with marks above it: the next of a few round numbers."""
    most = max(least, *(y for x, y in points if x >= gone))
    steps = (1.4, 2.0, 2.8, 4.0, 5.6, 7.0, 10.0, 14.0)
    scale: float = 10 ** (len(str(int(most))) - 1)
    return next(step * scale for step in steps if step * scale >= 1.3 * most)
