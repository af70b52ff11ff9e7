"""Usage records as a strip of blocks over the time of day: when each opened and closed, where days end, and why."""

from datetime import datetime
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from prepaid_model.counting import MIDNIGHT, Count, next_end
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, Label, label

MOST_NUMBERED = 12
"""Up to how many records are numbered one by one."""
_BELOW = -0.42


class RecordStrip:
    """The usage records of a count.

    Parameters
    ----------
    picture, figure
        Where it is drawn.
    place : tuple of float
        Left, bottom, width and height in the figure, as parts of it.
    """

    def __init__(self, picture: Picture[Any], figure: Figure, place: tuple[float, float, float, float]) -> None:
        left, bottom, width, height = place
        self._axes = figure.add_axes(place, xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        self._axes.spines[:].set_visible(False)
        self._picture = picture
        self._blocks = PathPatch(Path([(0, 0)]), color=colours.DATA, alpha=0.3, linewidth=0.7)
        self._axes.add_patch(self._blocks)
        picture.live(self._blocks)
        self._ends = self._line(color=colours.DATA_TEXT, linewidth=1.4)
        self._day = self._line(color=colours.BILL_TEXT, linewidth=1.6, linestyle=(0, (4, 2)))
        self._midnight = self._line(color=colours.INK, linewidth=1.0, linestyle=(0, (1, 1.5)))
        above = bottom + height + 0.053
        self._causes = label(picture, figure, left, above, "", bold=True)
        figure.text(
            left + width, above, "time of day →", fontsize=SMALL, ha="right", va="center", color=colours.PALE_INK
        )
        axes, grey = self._axes, colours.DATA_TEXT
        self._numbers = [label(picture, axes, 0, 0.5, "", across="center", colour=grey) for _ in range(MOST_NUMBERED)]
        self._begins = label(picture, axes, 0, _BELOW, "", size=SMALL)
        self._stops = label(picture, axes, 1, _BELOW, "", size=SMALL, across="right")
        self._day_name = label(picture, axes, 0, _BELOW, "", size=SMALL, across="center", colour=colours.BILL_TEXT)
        self._midnight_name = label(picture, axes, 0, _BELOW, "", size=SMALL, across="center")

    def show(self, count: Count) -> None:
        """Show the records of a count."""
        spans = [(_part(count, record.opened), _part(count, record.closed)) for record in count.records]
        self._blocks.set_path(Path.make_compound_path(*(_span(start, end) for start, end in spans)))
        gap = float("nan")
        self._ends.set_data([at for _, end in spans for at in (end, end, gap)], [0, 1, gap] * len(spans))
        self._causes.set_text(causes_of(count))
        for number, words in enumerate(self._numbers):
            start, end = spans[number] if number < len(spans) <= MOST_NUMBERED else (0, 0)
            words.set_text(str(number + 1) if end - start > 0.02 else "")
            words.set_position(((start + end) / 2, 0.5))
        self._begins.set_text(f"{count.start:%a %H:%M}")
        self._stops.set_text(f"{count.end:%a %H:%M}")
        same = count.rules.day_ends == MIDNIGHT
        self._end(count, count.rules.day_ends, self._day, self._day_name, "day ends" if same else "operator's day ends")
        self._end(count, None if same else MIDNIGHT, self._midnight, self._midnight_name, "phone's day ends")

    def _end(self, count: Count, hour: int | None, line: Line2D, name: Label, words: str) -> None:
        """Mark where a day ends, if it does so meanwhile."""
        at = count.end if hour is None else next_end(count.start, hour)
        inside, place = at < count.end, _part(count, at)
        line.set_data([place, place] if inside else [], [-0.12, 1.25] if inside else [])
        name.set_text(f"{words} {at:%H:%M}" if inside else "")
        name.set_position((min(max(place, 0.17), 0.83), _BELOW))

    def _line(self, **style: Any) -> Line2D:
        return self._picture.live(self._axes.add_line(Line2D([], [], clip_on=False, zorder=3.5, **style)))


def causes_of(count: Count) -> str:
    """Say how many usage records there are, and what closed them.

    Examples
    --------
    >>> from prepaid_model.counting import Rules, activities, count
    >>> from prepaid_model.units import parse_moment
    >>> causes_of(count(activities()["idle"], 70, parse_moment("2026-01-01 21:00"), Rules()))
    '3 usage records: 2 closed by time limit, 1 by normal release'
    """
    labels = [record.cause.label for record in count.records]
    causes = ", ".join(f"{labels.count(each)} by {each}" for each in dict.fromkeys(labels))
    return f"{len(labels)} usage record{'s' if len(labels) > 1 else ''}: {causes.replace(' by', ' closed by', 1)}"


def _part(count: Count, at: datetime) -> float:
    """Where a moment stands between start and end; a record may stay open for a little longer."""
    return min((at - count.start) / (count.end - count.start), 1.0)


def _span(start: float, end: float) -> Path:
    return Path([(start, 0.05), (start, 0.95), (end, 0.95), (end, 0.05), (start, 0.05)], closed=True)
