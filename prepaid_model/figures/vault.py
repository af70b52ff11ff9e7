"""The picture of where a balance lives: the phone and its SIM here, the ledger and the balances there."""

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, Label, label
from prepaid_model.units import MB, QAR, format_money, format_volume
from prepaid_model.vault import COLUMNS, View

SLOTS = 7
"""Entries that are shown: the latest."""
_FIRST, _WIDE, _APART = 276.0, 75.0, 6.0
_LOW, _HIGH = 176.0, 236.0
_BARS, _LONGEST = 352.0, 330.0
_LEDGER = {name: place for place, name in enumerate(COLUMNS["ledger"])}


class Preview(NamedTuple):
    """What the picture shows: how everything stands, and what a use would take."""

    view: View
    use: int


class VaultPicture(Picture[Preview]):
    """Hand and system side by side, in CSS pixels."""

    width, height = 860, 306

    def build(self, figure: Figure) -> None:
        """Draw the phone, the arrow and the file; make what changes."""
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(0, self.height))
        axes.set_axis_off()
        self._build_hand(axes)
        self._build_system(axes)
        self.entries = [_Entry(self, axes, slot) for slot in range(SLOTS)]
        self.earlier = label(self, axes, 842, 252, "", size=SMALL, colour=colours.PALE_INK, across="right")
        self.credit = _Bar(self, axes, 112, "credit", colours.MONEY, colours.MONEY_TEXT)
        self.data = _Bar(self, axes, 70, "data", colours.DATA, colours.DATA_TEXT)
        self.after = self.live(axes.add_line(Line2D([], [], color=colours.INK, linewidth=1.4, linestyle=(0, (3, 2)))))
        self.after_words = label(self, axes, 0, 42, "", size=SMALL)
        self.deleted = label(self, axes, _BARS + _LONGEST + 10, 91, "", colour=colours.SUSPENDED_TEXT, bold=True)

    def update(self, result: Preview) -> None:
        """Show how everything stands."""
        view = result.view
        swapped = view.step.what if view.step else ""
        self.phone.set_text(f"phone {view.phone}{', new' if swapped == 'new phone' else ''}")
        self.sim.set_text(f"SIM {view.sim}{', new' if swapped == 'new SIM' else ''}")
        self._show_entries(view)
        top = _top(max(view.credit or 0, 25 * QAR)), _top(max(view.data or 0, 1000 * MB))
        self.credit.show(view.credit, top[0], format_money)
        self.data.show(view.data, top[1], format_volume)
        self.deleted.set_text("" if view.step is None or view.credit is not None else "no rows any more")
        there = view.data is not None and 0 < result.use <= view.data
        x = _BARS + _LONGEST * ((view.data or 0) - result.use) / top[1]
        self.after.set_data([x, x] if there else [], [52, 88] if there else [])
        self.after_words.set_text(f"after {format_volume(result.use)} more" if there else "")
        self.after_words.set_position((x - 4, 42))

    def _show_entries(self, view: View) -> None:
        rows = list(view.tables["ledger"])
        lost = view.stopped and not view.written
        room = SLOTS - lost
        shown = rows[-room:]
        new = len(rows) - view.written
        for slot, entry in enumerate(self.entries):
            if slot < len(shown):
                entry.show(shown[slot], new=shown[slot][0] > new, first=slot == 0)
            elif slot == len(shown) and lost:
                entry.stop()
            else:
                entry.hide()
        hidden = len(rows) - len(shown)
        self.earlier.set_text(f"{hidden} earlier {'entry' if hidden == 1 else 'entries'} not shown" if hidden else "")

    def _build_hand(self, axes: Axes) -> None:
        axes.text(84, 287, "in your hand", ha="center", va="center", weight="bold")
        axes.add_patch(_box(22, 46, 124, 218, 14, linewidth=1.6))
        axes.add_patch(_box(36, 74, 96, 168, 4, facecolor=colours.SUSPENDED_FILL, linewidth=0))
        axes.add_patch(_box(40, 86, 88, 46, 5, linewidth=1.2))
        self.phone = label(self, axes, 84, 214, "", bold=True, across="center")
        axes.text(84, 186, "shows what\nit is told", ha="center", va="center", size=SMALL, color=colours.PALE_INK)
        self.sim = label(self, axes, 84, 118, "", bold=True, across="center")
        axes.text(84, 100, "says who", ha="center", va="center", size=SMALL, color=colours.PALE_INK)
        axes.text(84, 22, "no balance in either", ha="center", va="center", size=SMALL)
        for y, ends, words in ((172, "-|>", "who it is"), (130, "<|-", "what is left")):
            arrow: dict[str, Any] = {"arrowstyle": ends, "mutation_scale": 12, "color": colours.INK, "linewidth": 1.2}
            axes.add_patch(FancyArrowPatch((152, y), (250, y), **arrow))
            axes.text(201, y + 11, words, ha="center", va="center", size=SMALL)

    def _build_system(self, axes: Axes) -> None:
        axes.text(554, 287, "in the operator's system: a database file", ha="center", va="center", weight="bold")
        axes.add_patch(_box(258, 8, 592, 258, 8, linewidth=1.6))
        axes.text(_FIRST, 252, "ledger", va="center", weight="bold", size=9)
        axes.text(_FIRST + 50, 252, "entries are only added", va="center", size=SMALL, color=colours.PALE_INK)
        axes.text(_FIRST, 150, "balances and buckets", va="center", weight="bold", size=9)
        axes.text(_FIRST + 152, 150, "they follow from the entries", va="center", size=SMALL, color=colours.PALE_INK)


class _Entry:
    """One entry: a block in a chain, with its kind and what it moved."""

    def __init__(self, picture: VaultPicture, axes: Axes, slot: int) -> None:
        left = _FIRST + slot * (_WIDE + _APART)
        self._block: Patch = Rectangle((left, _LOW), _WIDE, _HIGH - _LOW, linewidth=1.2, zorder=2)
        picture.live(axes.add_patch(self._block))
        middle = (_LOW + _HIGH) / 2
        self._link = Line2D([left - _APART, left], [middle, middle], color=colours.INK, linewidth=2)
        picture.live(axes.add_line(self._link))
        centre = left + _WIDE / 2
        self._words: tuple[Label, Label, Label] = (
            label(picture, axes, centre, _HIGH - 12, "", size=SMALL, across="center"),
            label(picture, axes, centre, middle - 1, "", size=SMALL, bold=True, across="center"),
            label(picture, axes, centre, _LOW + 11, "", size=7.5, colour=colours.PALE_INK, across="center"),
        )

    def show(self, row: tuple[Any, ...], *, new: bool, first: bool) -> None:
        money, volume = row[_LEDGER["money"]], row[_LEDGER["volume"]]
        colour, words = colours.INK, row[_LEDGER["note"]] if row[_LEDGER["kind"]] == "status" else ""
        if money:
            colour, words = colours.MONEY_TEXT, f"{'+' if money > 0 else '−'}{abs(money) / QAR:g} QAR"
        elif volume:
            colour, words = colours.DATA_TEXT, f"{'+' if volume > 0 else '−'}{format_volume(abs(volume))}"
        self._say(row[_LEDGER["kind"]], words, f"#{row[0]} {row[_LEDGER['hash']][:4]}", colour)
        ground = {colours.MONEY_TEXT: colours.MONEY, colours.DATA_TEXT: colours.DATA}.get(colour, colours.SUSPENDED)
        self._block.set(
            edgecolor=colour, facecolor=(ground, 0.25 if new else 0.0), hatch="", linestyle="-", visible=True
        )
        self._link.set_visible(not first)

    def stop(self) -> None:
        """Show where an entry would stand, had the program not been stopped."""
        self._say("stopped", "✕", "nothing of it", colours.SUSPENDED_TEXT)
        self._block.set(edgecolor=colours.SUSPENDED_TEXT, facecolor="none", linestyle=(0, (3, 2)), visible=True)
        self._link.set_visible(False)

    def hide(self) -> None:
        self._say("", "", "", colours.INK)
        self._block.set_visible(False)
        self._link.set_visible(False)

    def _say(self, kind: str, words: str, below: str, colour: str) -> None:
        for each, text in zip(self._words, (kind, words, below), strict=True):
            each.set_text(text)
        self._words[1].set_color(colour)


class _Bar:
    """A balance as a bar, its amount beside it; dashed and empty where its row is gone."""

    def __init__(self, picture: VaultPicture, axes: Axes, y: float, name: str, colour: str, text_colour: str) -> None:
        self._colour = colour
        axes.text(_BARS - 10, y, name, ha="right", va="center", size=9, color=text_colour, weight="bold")
        self._bar: Any = Rectangle((_BARS, y - 11), 0, 22, linewidth=1.2)
        picture.live(axes.add_patch(self._bar))
        self._amount = label(picture, axes, 0, y, "", colour=text_colour, bold=True)

    def show(self, amount: int | None, top: int, write: Any) -> None:
        gone = amount is None
        self._bar.set_width(_LONGEST if gone else _LONGEST * (amount or 0) / top)
        line = {"edgecolor": colours.SUSPENDED_TEXT, "linestyle": (0, (3, 2))}
        self._bar.set(facecolor="none" if gone else self._colour, **line if gone else {"edgecolor": "none"})
        self._amount.set_text("" if amount is None else write(amount))
        self._amount.set_position((_BARS + self._bar.get_width() + 8, self._amount.get_position()[1]))


def _box(x: float, y: float, width: float, height: float, rounding: float, **style: Any) -> FancyBboxPatch:
    style = {"facecolor": colours.PAPER, "edgecolor": colours.INK} | style
    return FancyBboxPatch((x, y), width, height, boxstyle=f"round,pad=0,rounding_size={rounding}", **style)


def _top(amount: int) -> int:
    """Round up to 1, 2.5 or 5 times a power of ten, so that bars keep their scale for a while."""
    power: int = 10 ** (len(str(amount)) - 1)
    return next(step for step in (power, 5 * power // 2, 5 * power, 10 * power) if step >= amount)
