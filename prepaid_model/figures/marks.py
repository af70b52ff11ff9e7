"""What figures are made of: words, curves in steps, hatched spans and event marks that move quickly.

Each is made once in `Picture.build` and given new data by its `show`.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike, NDArray

from prepaid_model.figures import colours
from prepaid_model.figures.base import STYLE, Picture, styled

SMALL = 8.5
"""Smallest size of words, in points: 11.3 CSS pixels."""
_NO_PATH = Path(np.zeros((1, 2)))


class Label(Text):
    """One level line of words, drawn from kept pictures of its words.

    Laying out and drawing letters is the dearest part of a redraw. The words of a label hardly change
    from move to move (only its numbers do), so each word is drawn once and stamped from then on.
    """

    def draw(self, renderer: Any) -> None:
        """Stamp the words on the canvas; alignment as for any text."""
        if not (self.get_visible() and self.get_text()):
            return
        stamps = self._stamps(renderer)
        x, y = self.get_transform().transform(self.get_position())
        _, height, descent = _word_size("lp", *self._face(), renderer.dpi)
        x -= {"left": 0.0, "center": 0.5, "right": 1.0}[self.get_horizontalalignment()] * self.width(renderer)
        shift = {"baseline": 0.0, "bottom": descent, "center": descent - height / 2, "top": descent - height}
        y += shift[self.get_verticalalignment()]
        gc = renderer.new_gc()
        for picture, advance, below in stamps:
            renderer.draw_image(gc, round(x), round(y - below), picture)
            x += advance + self._space(renderer)
        gc.restore()
        self.stale = False

    def width(self, renderer: Any) -> float:
        """Width of the words, in dots of the picture."""
        stamps = self._stamps(renderer)
        return sum(advance for _, advance, _ in stamps) + self._space(renderer) * (len(stamps) - 1)

    def _face(self) -> tuple[Any, Any]:
        return self.get_fontsize(), self.get_fontweight()

    def _space(self, renderer: Any) -> float:
        apart, together = (_word_size(letters, *self._face(), renderer.dpi)[0] for letters in ("n n", "nn"))
        return apart - together

    def _stamps(self, renderer: Any) -> list[tuple[NDArray[np.uint8], float, int]]:
        colour = to_rgba(self.get_color())
        return [_stamp(word, *self._face(), colour, renderer.dpi) for word in self.get_text().split(" ")]


class Steps:
    """A quantity that keeps its value until the next change, filled below if asked.

    Parameters
    ----------
    picture, axes
        Where it is drawn.
    colour : str
        Its meaning (see `colours`).
    filled : bool
        Fill the area below, for what is held in store.
    """

    def __init__(self, picture: Picture[Any], axes: Axes, colour: str, *, filled: bool = False) -> None:
        self._area = None
        if filled:
            self._area = PathPatch(_NO_PATH, facecolor=colour, alpha=0.25, linewidth=0, zorder=2)
            picture.live(axes.add_patch(self._area))
        (line,) = axes.plot([], [], color=colour, zorder=3)
        self._line = picture.live(line)

    def show(self, times: ArrayLike, values: ArrayLike) -> None:
        """Draw the value that holds from each time on; times in the axis' own unit, in order."""
        corners = np.repeat(np.asarray(times, float), 2)[1:]
        levels = np.repeat(np.asarray(values, float), 2)[: len(corners)]
        self._line.set_data(corners, levels)
        if self._area is not None and len(corners):
            floor = [(corners[-1], 0.0), (corners[0], 0.0)]
            self._area.set_path(Path(np.vstack([np.column_stack([corners, levels]), floor])))


class Spans:
    """Stretches of time without service, grey and hatched, from bottom to top of some axes."""

    def __init__(self, picture: Picture[Any], *axes: Axes) -> None:
        self._stretches = [picture.live(_Stretches()) for _ in axes]
        for each, stretches in zip(axes, self._stretches, strict=True):
            each.add_artist(stretches)

    def show(self, spans: Sequence[tuple[float, float]]) -> None:
        """Hatch each span from its start to its end, in the unit of the time axis."""
        for stretches in self._stretches:
            stretches.spans = spans
            stretches.stale = True


class _Stretches(Artist):
    """Hatched spans of some axes, cut from one kept picture: to hatch anew would cost milliseconds."""

    zorder = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.spans: Sequence[tuple[float, float]] = ()

    def draw(self, renderer: Any) -> None:
        axes = cast("Axes", self.axes)
        left, bottom, width, height = (round(side) for side in axes.get_window_extent().bounds)
        hatching = _hatching(width, height, renderer.dpi)
        ends = axes.transData.transform([(time, 0) for span in self.spans for time in span])[:, 0] if self.spans else ()
        dots = [min(max(round(end) - left, 0), width) for end in ends]
        gc = renderer.new_gc()
        for start, end in zip(dots[::2], dots[1::2], strict=True):
            if start < end:
                renderer.draw_image(gc, left + start, bottom, np.ascontiguousarray(hatching[:, start:end]))
        gc.restore()
        self.stale = False


class EventMarks:
    """Events of one kind on axes: the same shape and colour in every figure, a few words beside each.

    Parameters
    ----------
    picture, axes
        Where they are drawn.
    kind : str
        ``"top-up"``, ``"bundle"`` or ``"alert"``.
    """

    def __init__(self, picture: Picture[Any], axes: Axes, kind: str) -> None:
        self._picture, self._axes, self._style = picture, axes, colours.EVENTS[kind]
        line = Line2D([], [], linestyle="none", zorder=4, clip_on=False)
        line.set(marker=self._style.marker, color=self._style.colour, markersize=self._style.size)
        line.set_markeredgewidth(0)
        self._line = picture.live(axes.add_line(line))
        self._labels: list[Label] = []

    def show(self, times: Sequence[float], heights: Sequence[float], words: Sequence[str] = ()) -> None:
        """Mark each event at its time and height; words that would run into those before them are left out."""
        self._line.set_data(times, heights)
        while len(self._labels) < len(words):
            self._labels.append(label(self._picture, self._axes, 0, 0, "", colour=self._style.text_colour, bold=True))
        for unused in self._labels[len(words) :]:
            unused.set_text("")
        renderer: Any = self._axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        gap, end = self._style.size / 72 * renderer.dpi * 0.8, -math.inf
        for each, time, height, text in zip(self._labels, times, heights, words, strict=False):
            x, y = self._axes.transData.transform((time, height))
            beside, level = self._axes.transData.inverted().transform((x + gap, y))
            each.set_position((beside, level))
            each.set_text(text if x > end else "")
            end = x + 2 * gap + each.width(renderer) if x > end else end


def label(
    picture: Picture[Any],
    where: Axes | Figure,
    x: float,
    y: float,
    text: str,
    *,
    colour: str = colours.INK,
    size: float = 9,
    bold: bool = False,
    across: str = "left",
    upright: str = "center",
    transform: Any = None,
) -> Label:
    """Add live words to axes (in data units) or to the figure (in fractions of it) and return them."""
    made = Label(x, y, text, color=colour, fontsize=size, fontweight="bold" if bold else "normal", zorder=5)
    made.set(horizontalalignment=across, verticalalignment=upright)
    if isinstance(where, Axes):
        made.set_transform(transform or where.transData)
    else:
        made.set_transform(transform or where.transSubfigure)
    where.add_artist(made)
    return picture.live(made)


@functools.lru_cache(maxsize=1024)
def _stamp(word: str, size: float, weight: Any, colour: Any, dpi: float) -> tuple[NDArray[np.uint8], float, int]:
    width, height, descent = _word_size(word or " ", size, weight, dpi)
    below = math.ceil(descent) + 2
    canvas: Any = _renderer(math.ceil(width) + 6, math.ceil(height) + below + 4, dpi)
    gc = canvas.new_gc()
    gc.set_foreground(colour)
    with styled():
        canvas.draw_text(gc, 0, canvas.height - below, word, _font(size, weight), 0)
    picture = np.array(canvas.buffer_rgba())[::-1]
    return np.ascontiguousarray(picture), width if word else 0.0, below


@functools.lru_cache(maxsize=16)
def _hatching(width: int, height: int, dpi: float) -> NDArray[np.uint8]:
    """Draw the hatching of all figures, on nothing; its lines leave the grid to be seen."""
    canvas = _renderer(width, height, dpi)
    gc = canvas.new_gc()
    gc.set_linewidth(0)
    gc.set_hatch("///")
    gc.set_hatch_color(colours.SUSPENDED_HATCH)
    gc.set_hatch_linewidth(STYLE["hatch.linewidth"])
    canvas.draw_path(gc, Path.unit_rectangle(), Affine2D().scale(width, height), (0, 0, 0, 0.067))
    return np.ascontiguousarray(np.array(canvas.buffer_rgba())[::-1])


@functools.lru_cache(maxsize=4096)
def _word_size(word: str, size: float, weight: Any, dpi: float) -> tuple[float, float, float]:
    with styled():  # what is kept must not depend on who asked first
        width, height, descent = _ruler(dpi).get_text_width_height_descent(word, _font(size, weight), False)
    return width, height, descent


@functools.lru_cache(maxsize=64)
def _font(size: float, weight: Any) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)


@functools.lru_cache(maxsize=4)
def _ruler(dpi: float) -> Any:
    return _renderer(1, 1, dpi)


def _renderer(width: int, height: int, dpi: float) -> Any:
    return RendererAgg(width, height, dpi)  # type: ignore[no-untyped-call]
