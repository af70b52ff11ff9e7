"""A picture that is drawn once and then kept up to date, fast enough to follow a slider.

What a move does not change (axes, ticks, names, grid) is drawn once and kept as a background. Artists
marked `Picture.live` are drawn anew over it, and the whole is encoded with a fixed set of colours. Both
together are what brings a redraw from about 70 ms to under 18 ms.
"""

import base64
import html
import io
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from prepaid_model.figures import colours

Result = TypeVar("Result")
SomeArtist = TypeVar("SomeArtist", bound=Artist)

_MOST_KEPT = 8  # backgrounds, of a few megabytes each
CSS_DPI = 96
SCALE = 2
"""Picture dots for one CSS pixel: sharp on a projector and on a dense screen."""

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,  # 12 CSS pixels; nothing goes under 8.25, which is 11
    "axes.labelsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": colours.INK,
    "text.hinting": "no_hinting",  # hinting is invisible at this size and costs as much as the drawing
    "axes.labelcolor": colours.INK,
    "axes.edgecolor": colours.PALE_INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": colours.GRID,
    "grid.linewidth": 0.7,
    "xtick.color": colours.PALE_INK,
    "ytick.color": colours.PALE_INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.linewidth": 1.9,
    "lines.solid_joinstyle": "miter",
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.6,
    "figure.facecolor": colours.PAPER,
    "axes.facecolor": colours.PAPER,
    "path.simplify": True,
    "path.simplify_threshold": 0.5,
}

_PALETTE = Image.new("P", (1, 1))
_PALETTE.putpalette([part for colour in colours.palette() for part in colour])
_DRAWING = threading.RLock()
_in_style = False


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of all figures, one thread at a time: matplotlib's settings are the whole program's."""
    global _in_style  # noqa: PLW0603 (as global as the settings it is about)
    with _DRAWING:
        if _in_style:  # to set them again costs half a millisecond
            yield
            return
        with mpl.rc_context(STYLE):
            _in_style = True
            try:
                yield
            finally:
                _in_style = False


class Picture(ABC, Generic[Result]):
    """A figure of one kind of result, updated in place.

    A subclass makes its axes and artists in `build`, passing those that will change through `live`, and
    sets their data in `update`. Anything else it changes (limits, a tick, a name) is noticed, and the
    background is drawn again: that costs some 25 ms, so use `set_limits`, which only acts on a change.

    Attributes
    ----------
    width, height : int
        Size on the page, in CSS pixels. The file holds twice as many dots each way.
    figure : matplotlib.figure.Figure
        The one figure; no pyplot, nothing to close.
    only_limits_change : bool
        Set by a subclass whose background differs in nothing but the limits of its axes: then the last few
        backgrounds are kept, and going back to limits that were there before costs nothing.
    backgrounds : int
        How often the background has been drawn: 1 as long as only live artists change.

    Examples
    --------
    >>> class Balance(Picture[list[int]]):
    ...     width, height = 300, 200
    ...
    ...     def build(self, figure):
    ...         axes = figure.add_axes((0.15, 0.2, 0.8, 0.7), xlim=(0, 2), ylim=(0, 30))
    ...         (line,) = axes.plot([], [])
    ...         self.line = self.live(line)
    ...
    ...     def update(self, result):
    ...         self.line.set_data(range(len(result)), result)
    >>> balance = Balance()
    >>> balance.update([25, 15, 15])
    >>> balance.png()[1:4], balance.backgrounds
    (b'PNG', 1)
    """

    width = 760
    height = 520
    only_limits_change: ClassVar[bool] = False

    def __init__(self) -> None:
        self._live: list[Artist] = []
        self._background: Any = None
        self._kept: dict[tuple[tuple[float, ...], ...], Any] = {}
        self.backgrounds = 0
        with styled():
            size = (self.width / CSS_DPI, self.height / CSS_DPI)
            self.figure = Figure(figsize=size, dpi=CSS_DPI * SCALE)
            self._canvas: Any = FigureCanvasAgg(self.figure)
            self.build(self.figure)

    @abstractmethod
    def build(self, figure: Figure) -> None:
        """Make axes and artists, once; pass each artist that will change through `live`."""

    @abstractmethod
    def update(self, result: Result) -> None:
        """Set the data of the live artists to what `result` says."""

    def live(self, artist: SomeArtist) -> SomeArtist:
        """Mark an artist as one that changes from move to move, and return it."""
        artist.set_animated(True)
        self._live.append(artist)
        self._live.sort(key=lambda each: each.get_zorder())
        return artist

    def png(self) -> bytes:
        """Draw the picture as it is now: a PNG file, the same bytes for the same data."""
        with styled():
            self._draw()
            size, dots = self._canvas.get_width_height(), self._canvas.buffer_rgba()
            opaque = Image.frombytes("RGB", size, dots, "raw", "RGBX", 0, 1)  # a tenth of the time of `convert`
        indexed = opaque.quantize(palette=_PALETTE, dither=Image.Dither.NONE)
        file = io.BytesIO()
        indexed.save(file, "PNG", compress_level=1)
        return file.getvalue()

    def html(self, alt: str) -> str:
        """Write the picture as an ``<img>`` of fixed size, with `alt` as its text equivalent."""
        return picture_html(self.png(), self.width, self.height, alt)

    def _draw(self) -> None:
        if self._background is None or self.figure.stale:
            self._background = self._fresh_background()
        self._canvas.restore_region(self._background)
        renderer = self._canvas.get_renderer()
        for artist in self._live:
            artist.draw(renderer)

    def _fresh_background(self) -> Any:
        """Draw the background, or find the one that was drawn for these limits before."""
        limits = tuple((*axes.get_xlim(), *axes.get_ylim()) for axes in self.figure.axes)
        kept = self._kept.pop(limits, None) if self.only_limits_change else None
        if kept is None:
            self._canvas.draw()
            kept = self._canvas.copy_from_bbox(self.figure.bbox)
            self.backgrounds += 1
        self.figure.stale = False
        if self.only_limits_change:
            self._kept[limits] = kept  # the latest last
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept


def picture_html(png: bytes, width: int, height: int, alt: str) -> str:
    """Write a PNG file as an ``<img>`` whose data is in the page itself.

    Examples
    --------
    >>> print(picture_html(b"...", 2, 1, "credit < 5"))
    <img class="pm-picture" alt="credit &lt; 5" width="2" height="1" src="data:image/png;base64,Li4u">
    """
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<img class="pm-picture" alt="{html.escape(alt)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}">'
    )


def set_limits(axes: Axes, *, x: Iterable[float] | None = None, y: Iterable[float] | None = None) -> None:
    """Set the limits of axes where they differ from what they are, so that the background is kept where not."""
    if x is not None and tuple(x) != axes.get_xlim():
        axes.set_xlim(*x)
    if y is not None and tuple(y) != axes.get_ylim():
        axes.set_ylim(*y)
