import io
import itertools
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from prepaid_model.figures import EventMarks, Picture, Spans, Steps, colours, label, set_limits
from prepaid_model.figures.base import _PALETTE, STYLE

MEANINGS = ("MONEY", "DATA", "BILL", "ALERT", "WASTE", "SUSPENDED")


class Curve(Picture[Any]):
    """Axes with everything a figure may hold."""

    width, height = 300, 200

    def build(self, figure: Figure) -> None:
        self.axes = figure.add_axes((0.2, 0.2, 0.6, 0.6), xlim=(0, 10), ylim=(0, 100))
        self.spans = Spans(self, self.axes)
        self.steps = Steps(self, self.axes, colours.DATA, filled=True)
        self.marks = EventMarks(self, self.axes, "top-up")
        self.name = label(self, figure, 0.2, 0.9, "", bold=True)

    def update(self, result: Any) -> None:
        self.steps.show([0, 5, 10], [result, result / 2, 0])


def dots(picture: Picture[Any]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))


def shown(colour: str, where: np.ndarray) -> np.ndarray:
    return (where == colours.rgb(colour)).all(axis=-1)


@pytest.fixture
def curve() -> Curve:
    made = Curve()
    made.update(80)
    return made


def test_a_picture_has_two_dots_for_each_css_pixel_and_says_its_size_and_text(curve):
    assert dots(curve).shape == (400, 600, 3)
    html = curve.html('80 MB < "all"')
    assert 'width="300" height="200"' in html
    assert 'alt="80 MB &lt; &quot;all&quot;"' in html


def test_the_same_data_gives_the_same_bytes_whatever_came_before(curve):
    first = curve.png()
    curve.update(20)
    assert curve.png() != first
    curve.update(80)
    assert curve.png() == first
    other = Curve()
    other.update(80)
    assert other.png() == first


def test_the_learners_own_matplotlib_settings_do_not_show(curve):
    first = curve.png()
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "path.simplify": False, "text.hinting": "none"}):
        again = Curve()
        again.update(80)
        assert again.png() == first


def test_live_artists_leave_the_background_alone_and_limits_redraw_it(curve):
    curve.png()
    for value in range(20):
        curve.update(value)
        set_limits(curve.axes, x=(0, 10), y=(0, 100))
        curve.png()
    assert curve.backgrounds == 1
    before = dots(curve)
    set_limits(curve.axes, y=(0, 50))
    assert (dots(curve) != before).any()
    assert curve.backgrounds == 2


def test_what_is_drawn_over_the_background_is_what_drawing_all_of_it_gives(curve):
    curve.name.set_text("data left")
    curve.spans.show([(2, 4)])
    curve.marks.show([5], [60], ["+25"])
    quick = dots(curve)
    for artist in curve._live:
        artist.set_animated(False)
    with mpl.rc_context(STYLE):
        curve._canvas.draw()
    whole = Image.fromarray(np.asarray(curve._canvas.buffer_rgba())).convert("RGB")
    whole = np.asarray(whole.quantize(palette=_PALETTE, dither=Image.Dither.NONE).convert("RGB"))
    # A span lies under the grid or over it: only that may differ.
    assert (quick != whole).any(axis=-1).mean() < 0.01


def test_steps_hold_their_value_until_the_next(curve):
    image = dots(curve)
    box = curve.axes.get_window_extent()
    data = shown(colours.DATA, image)
    row_at_80 = round(400 - (box.y0 + 0.8 * box.height))
    left, right = round(box.x0 + 10), round(box.x0 + box.width / 2 - 10)
    assert data[row_at_80 - 2 : row_at_80 + 2, left:right].any(axis=0).all()


def test_nothing_to_show_draws_nothing(curve):
    curve.steps.show([], [])
    curve.spans.show([])
    curve.marks.show([], [], [])
    assert not shown(colours.MONEY, dots(curve)).any()


def test_spans_hatch_all_of_their_stretch_and_nothing_else(curve):
    before = dots(curve)
    curve.spans.show([(6, 8)])
    changed = (dots(curve) != before).any(axis=-1).any(axis=0)
    box = curve.axes.get_window_extent()
    columns = np.flatnonzero(changed)
    assert columns[0] == pytest.approx(box.x0 + 0.6 * box.width, abs=2)
    assert columns[-1] == pytest.approx(box.x0 + 0.8 * box.width, abs=2)


def test_words_that_would_run_into_those_before_are_left_out_but_every_mark_stays(curve):
    curve.png()
    curve.marks.show([1, 1.1, 8], [50, 50, 50], ["+25", "+50", "+75"])
    assert [each.get_text() for each in curve.marks._labels] == ["+25", "", "+75"]
    assert len(curve.marks._line.get_xdata()) == 3
    curve.marks.show([1], [50], ["+10"])
    assert [each.get_text() for each in curve.marks._labels] == ["+10", "", ""]


@pytest.mark.parametrize("across", ["left", "center", "right"])
@pytest.mark.parametrize("upright", ["top", "center", "baseline", "bottom"])
def test_stamped_words_stand_where_matplotlib_puts_them(across, upright):
    class Words(Picture[str]):
        width, height = 300, 100

        def build(self, figure: Figure) -> None:
            self.stamped = label(self, figure, 0.5, 0.5, "12.50 QAR left", across=across, upright=upright)
            plain = figure.text(0.5, 0.5, "12.50 QAR left", ha=across, va=upright, fontsize=9)
            self.plain = self.live(plain)

        def update(self, result: str) -> None:
            self.stamped.set_visible(result == "stamped")
            self.plain.set_visible(result == "plain")

    words, boxes = Words(), []
    for kind in ("stamped", "plain"):
        words.update(kind)
        rows, columns = np.nonzero((dots(words) < 128).all(axis=-1))
        boxes.append((rows.min(), rows.max(), columns.min(), columns.max()))
    assert np.abs(np.subtract(*boxes)).max() <= 3  # dots: one and a half CSS pixels


def test_every_colour_of_a_picture_file_is_found_as_itself():
    palette = colours.palette()
    assert len(palette) <= 256
    image = Image.fromarray(np.array([palette], np.uint8))
    found = np.asarray(image.quantize(palette=_PALETTE, dither=Image.Dither.NONE).convert("RGB"))
    assert [tuple(map(int, each)) for each in found[0]] == palette


@pytest.mark.parametrize("meaning", MEANINGS)
def test_each_meaning_is_in_the_palette_and_its_words_are_readable(meaning):
    assert colours.rgb(getattr(colours, meaning)) in colours.palette()
    words = getattr(colours, f"{meaning}_TEXT")
    assert colours.rgb(words) in colours.palette()
    assert colours.contrast(words, colours.PAPER) >= 4.5


def test_no_two_meanings_share_a_colour_and_no_two_events_a_shape():
    hues = [getattr(colours, meaning) for meaning in MEANINGS]
    assert all(one != other for one, other in itertools.combinations(hues, 2))
    assert len({style.marker for style in colours.EVENTS.values()}) == len(colours.EVENTS)


def test_no_words_are_smaller_than_eleven_css_pixels():
    sizes = [value for key, value in STYLE.items() if key.endswith("size")]
    assert min(sizes) * 96 / 72 >= 11


class Kept(Curve):
    """A curve whose background differs in its limits only."""

    only_limits_change = True


def test_going_back_to_limits_that_were_there_before_draws_no_background() -> None:
    kept, drawn_anew = Kept(), Curve()
    for top in (30, 60, 30, 60):
        for picture in (kept, drawn_anew):
            set_limits(picture.axes, y=(0, top))
            picture.update(20)
        assert kept.png() == drawn_anew.png()
    assert (kept.backgrounds, drawn_anew.backgrounds) == (2, 4)


def test_only_the_last_few_backgrounds_are_kept() -> None:
    kept = Kept()
    for top in (*range(30, 39), 30):
        set_limits(kept.axes, y=(0, top))
        kept.png()
    assert kept.backgrounds == 10
