"""The picture of two programs that take from one balance: who reads and writes what, from top to bottom."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, label
from prepaid_model.interleaving import PROGRAMS, READ, Played, Turn
from prepaid_model.units import format_money

ROWS = 10
"""Turns that are shown: the latest."""
_LANES = {"A": (40.0, 230.0), "B": (530.0, 720.0)}
_FILE = (330.0, 430.0)
_TOP, _APART, _HIGH = 306.0, 26.0, 22.0


class InterleavingPicture(Picture[Played]):
    """A lane for each program, and between them the file, in CSS pixels; time runs down."""

    width, height = 760, 400

    def build(self, figure: Figure) -> None:
        """Draw the lanes; make the turns."""
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(0, self.height))
        axes.set_axis_off()
        bottom = _TOP - (ROWS - 0.5) * _APART
        for left, right in (*_LANES.values(), _FILE):
            axes.add_patch(
                Rectangle((left, bottom), right - left, _TOP + 20 - bottom, facecolor=colours.SUSPENDED_FILL)
            )
        self.heads = {
            program: label(self, axes, sum(lane) / 2, 382, "", bold=True, across="center")
            for program, lane in _LANES.items()
        }
        axes.text(sum(_FILE) / 2, 382, "the file", ha="center", va="center", weight="bold", size=9)
        self.nexts = {
            program: label(self, axes, sum(lane) / 2, 360, "", size=SMALL, colour=colours.PALE_INK, across="center")
            for program, lane in _LANES.items()
        }
        axes.text(
            sum(_FILE) / 2, 360, "what everybody reads", ha="center", va="center", size=SMALL, color=colours.PALE_INK
        )
        axes.annotate("", (16, bottom), (16, _TOP + 20), arrowprops={"arrowstyle": "-|>", "color": colours.PALE_INK})
        axes.text(26, _TOP + 12, "time", rotation=-90, ha="center", va="top", size=SMALL, color=colours.PALE_INK)
        self.start = label(self, axes, sum(_FILE) / 2, 338, "", colour=colours.MONEY_TEXT, bold=True, across="center")
        self.turns = [_Row(self, axes, _TOP - row * _APART) for row in range(ROWS)]
        self.outcome = label(self, axes, self.width / 2, 20, "", size=10, bold=True, across="center")

    def update(self, result: Played) -> None:
        """Show the turns so far."""
        shown = result.turns[-ROWS:]
        before = [result.start, *(turn.balance for turn in result.turns)][len(result.turns) - len(shown) :]
        self.start.set_text(format_money(before[0]))
        for program in PROGRAMS:
            self.heads[program].set_text(f"program {program}: takes {format_money(result.amounts[program])}")
            following = result.next_of(program)
            self.nexts[program].set_text(f"next: {in_words(following)}" if following else "done")
        for row, turn, balance in zip(self.turns, shown, before, strict=False):
            row.show(turn, changed=turn.balance != balance)
        for row in self.turns[len(shown) :]:
            row.hide()
        self.outcome.set_text(_outcome(result))
        self.outcome.set_color(colours.WASTE_TEXT if result.lost else colours.INK)


class _Row:
    """One turn: a box in its program's lane, a line to or from the file, and what the file says after it."""

    def __init__(self, picture: InterleavingPicture, axes: Axes, y: float) -> None:
        self._y = y
        self._box: Any = Rectangle((0, y - _HIGH / 2), 0, _HIGH, facecolor=colours.PAPER, linewidth=1.2, zorder=2)
        picture.live(axes.add_patch(self._box))
        self._words = label(picture, axes, 0, y, "", size=SMALL, across="center")
        self._line = picture.live(axes.add_line(Line2D([], [], color=colours.INK, linewidth=1.2, zorder=2)))
        self._head = picture.live(axes.add_line(Line2D([], [], color=colours.INK, markersize=6, zorder=3)))
        self._balance = label(picture, axes, sum(_FILE) / 2, y, "", colour=colours.MONEY_TEXT, across="center")

    def show(self, turn: Turn, *, changed: bool) -> None:
        left, right = _LANES[turn.program]
        self._box.set_x(left)
        self._box.set_width(right - left)
        edge = colours.SUSPENDED_TEXT if turn.waits else colours.INK
        self._box.set(visible=True, edgecolor=edge, linestyle=(0, (3, 2)) if turn.waits else "-")
        self._words.set_text(_of_turn(turn))
        self._words.set_position(((left + right) / 2, self._y))
        self._words.set_color(edge)
        inner, outer = (right, _FILE[0]) if turn.program == "A" else (left, _FILE[1])
        moves = turn.value is not None and not turn.waits
        self._line.set_data([inner, outer] if moves else [], [self._y, self._y] if moves else [])
        reads = turn.sql == READ
        inwards = ">" if (turn.program == "A") != reads else "<"
        tip = (inner + (4 if turn.program == "A" else -4)) if reads else (outer - (4 if turn.program == "A" else -4))
        self._head.set_data([tip] if moves else [], [self._y] if moves else [])
        self._head.set_marker(inwards)
        self._balance.set_text(format_money(turn.balance))
        self._balance.set_fontweight("bold" if changed else "normal")
        self._balance.set_color(colours.MONEY_TEXT if changed else colours.PALE_INK)

    def hide(self) -> None:
        self._box.set_visible(False)
        for empty in (self._line, self._head):
            empty.set_data([], [])
        for words in (self._words, self._balance):
            words.set_text("")


def in_words(sql: str) -> str:
    """Say what a statement does, without SQL.

    Examples
    --------
    >>> in_words("BEGIN IMMEDIATE"), in_words(READ)
    ('begin', 'read')
    """
    return {"BEGIN": "begin", "SELECT": "read", "UPDATE": "write", "COMMIT": "commit"}[sql.split(" ", 1)[0]]


def _of_turn(turn: Turn) -> str:
    if turn.waits:
        return "has to wait: locked"
    if turn.value is None:
        return {"begin": "begins a transaction", "commit": "commits"}[in_words(turn.sql)]
    return f"{in_words(turn.sql)}s {format_money(turn.value)}"


def _outcome(played: Played) -> str:
    if not played.over:
        return ""
    owed = format_money(played.start - sum(played.amounts.values()))
    if played.lost:
        return f"In the file {format_money(played.balance)}, but {owed} are right: {format_money(played.lost)} lost"
    return f"In the file {format_money(played.balance)}, and that is right"
