"""What the picture of buckets is made of: a layer for each bundle, a bar for each order, amounts in few words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from prepaid_model.buckets import ORDERS
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, Label, label
from prepaid_model.units import DIRHAM, GB, MB, format_money
from prepaid_model.waste import FORTNIGHT, STEP, Outcome

LEFT, RIGHT = 0.06, 0.655
"""Where the days are, with today's column, as fractions of the picture's width."""
BARS_LEFT, BARS_RIGHT = 0.695, 0.995
COLUMN = (-6.9, 0.0)
"""Where today's column stands, in days."""
MOST_ENDS = 6
"""How many ends of bundles have a name over their line."""
LOOKS: tuple[tuple[str, float], ...] = (("", 0.22), ("///", 0.5), (".", 0.36), ("x", 0.3))
"""How each bundle's data is drawn, by its place in the case: its hatching, and how strong its green is."""
GRID = np.arange(0, FORTNIGHT * 24 + 1, STEP) / 24
"""The steps of the picture, in days."""


class Orders(NamedTuple):
    """What became of a case under every debit order.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        By order.
    order : str
        The one to look at.
    compared : bool
        Whether the others may be seen as well.
    title : str
        A line over the picture.
    """

    outcomes: Mapping[str, Outcome]
    order: str
    compared: bool
    title: str

    @property
    def chosen(self) -> Outcome:
        """The outcome of the order to look at."""
        return self.outcomes[self.order]


class Layer:
    """The data of one bundle: its part of today's column, and of the stack from then on."""

    def __init__(self, picture: Picture[Orders], axes: Axes, hatch: str, strength: float) -> None:
        face, lines = to_rgba(colours.DATA, strength), to_rgba(colours.DATA_TEXT, 0.4)
        self._area = PathPatch(_NOWHERE, facecolor=face, edgecolor=lines, hatch=hatch, linewidth=0, zorder=2)
        self._column = PathPatch(_NOWHERE, facecolor=face, linewidth=0, zorder=2)  # no hatching: words stand here
        self._edge = Line2D([], [], color=colours.DATA_TEXT, linewidth=1.2, zorder=2.2)
        for patch in (self._area, self._column):
            picture.live(axes.add_patch(patch))
        picture.live(axes.add_line(self._edge))
        x = COLUMN[0] + 0.25
        self._name = label(picture, axes, x, 0, "", bold=True)
        self._rank = label(picture, axes, x, 0, "", size=SMALL)
        self._axes = axes

    def show(self, below: NDArray[Any], volume: NDArray[Any], name: str, rank: str) -> None:
        """Lay so many gigabytes, at each step, on what is below; a name and a line about it in today's column."""
        top = below + volume
        corners = np.repeat(GRID, 2)[1:]
        low, high = np.repeat(below, 2)[:-1], np.repeat(top, 2)[:-1]
        shape = np.vstack([np.column_stack([corners, high]), np.column_stack([corners, low])[::-1]])
        self._area.set_path(Path(shape))
        there = np.where(np.repeat(volume, 2)[:-1] > 0, high, np.nan)
        edge = np.concatenate([[top[0], top[0], np.nan], there])
        self._edge.set_data(np.concatenate([COLUMN, [0], corners]), edge)
        self._column.set_path(_box(*COLUMN, below[0], top[0]))
        dot = self._axes.get_ylim()[1] / self._axes.get_window_extent().height
        middle, apart = (below[0] + top[0]) / 2, 13 * dot
        self._name.set_text(one_stamp(name))
        self._rank.set_text(one_stamp(rank))
        self._name.set_y(middle + apart)
        self._rank.set_y(middle - apart)

    def hide(self) -> None:
        """Show nothing of it."""
        for patch in (self._area, self._column):
            patch.set_path(_NOWHERE)
        self._edge.set_data([], [])
        for words in (self._name, self._rank):
            words.set_text("")


class Bars:
    """A bar for each order: as long as the share of the data that expired."""

    def __init__(self, picture: Picture[Orders], figure: Figure) -> None:
        axes = figure.add_axes((BARS_LEFT, 0.105, BARS_RIGHT - BARS_LEFT, 0.75), xlim=(0, 1), ylim=(0, 1))
        axes.set_axis_off()
        words: Any = {"color": colours.WASTE_TEXT, "fontsize": 10, "fontweight": "bold", "verticalalignment": "center"}
        figure.text(BARS_LEFT, 0.965, "Expired unused", **words)
        self._all = label(picture, figure, BARS_LEFT, 0.92, "", size=SMALL, colour=colours.PALE_INK)
        self._names: list[Label] = []
        self._values: list[Label] = []
        self._bars: list[Rectangle] = []
        for place in range(len(ORDERS)):
            y = 0.86 - 0.25 * place
            axes.add_patch(Rectangle((0, y - 0.07), 1, 0.07, facecolor="none", edgecolor=colours.GRID, linewidth=1))
            bar = Rectangle((0, y - 0.07), 0, 0.07, facecolor=colours.WASTE, edgecolor=colours.WASTE_TEXT, linewidth=1)
            axes.add_patch(picture.live(bar))
            self._bars.append(bar)
            self._names.append(label(picture, axes, 0, y + 0.045, ""))
            self._values.append(label(picture, axes, 1, y + 0.045, "", across="right", colour=colours.WASTE_TEXT))

    def show(self, result: Orders) -> None:
        """Set the bars; those of orders that may not be seen yet are empty, and say so."""
        there = result.chosen.granted
        self._all.set_text(f"of {about(there)} {one_stamp('there were, if the order is')}")
        for (order, outcome), name, value, bar in zip(
            result.outcomes.items(), self._names, self._values, self._bars, strict=True
        ):
            chosen = order == result.order
            shown = chosen or result.compared
            name.set_text(one_stamp(f"▸ {order}" if chosen else order))
            value.set_text(
                f"{about(outcome.wasted)}, {to_the_dirham(outcome.worth)}" if shown else one_stamp("not yet shown")
            )
            for words in (name, value):
                words.set_fontweight("bold" if chosen else "normal")
            value.set_color(colours.WASTE_TEXT if shown else colours.PALE_INK)
            bar.set_width(outcome.wasted / outcome.granted if shown else 0)
            bar.set_linewidth(2 if chosen and outcome.wasted else 0)


_NOWHERE = Path(np.zeros((1, 2)))


def one_stamp(words: str) -> str:
    """Join words that always come together with spaces that do not part them: a label draws them at one go."""
    return words.replace(" ", "\u00a0")


def about(volume: int) -> str:
    """Write a volume for a picture: whole megabytes, or gigabytes to two decimals, to the nearest.

    Examples
    --------
    >>> about(1_800_000_000), about(666_666_673), about(0)
    ('1.8 GB', '667 MB', '0 MB')
    """
    if volume < GB - MB // 2:
        return f"{volume / MB:.0f} MB"
    return f"{volume / GB:.2f}".rstrip("0").rstrip(".") + " GB"


def to_the_dirham(micros: int) -> str:
    """Write an amount for a picture, to the nearest dirham.

    Examples
    --------
    >>> to_the_dirham(4_444_445)
    'QAR 4.44'
    """
    return format_money((micros + DIRHAM // 2) // DIRHAM * DIRHAM)


def _box(left: float, right: float, low: float, high: float) -> Path:
    return Path([(left, low), (left, high), (right, high), (right, low), (left, low)])
