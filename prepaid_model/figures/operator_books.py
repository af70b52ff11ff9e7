"""The picture of the operator's books: a column for each thing that happened, mirrored about zero.

Upwards stands what the operator has, downwards why it has it. Both sides are always of the same length:
that is what a trial balance of zero looks like.
"""

from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from prepaid_model.bookkeeping import (
    CREDITS,
    DEBITS,
    Bill,
    Book,
    Books,
    Buy,
    Expire,
    NeverPay,
    Pay,
    Sign,
    Step,
    TopUp,
    Turn,
    Use,
)
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.marks import SMALL, label
from prepaid_model.units import QAR, format_money

COLUMNS = 7
LEFT, RIGHT, TOP, BOTTOM = 0.085, 0.835, 0.9, 0.17
WIDE = 0.64
_WORDS_APART, _LINE = 0.125, 0.053
"""How far words beside the latest column stand apart, and their two lines, as parts of the axis."""

STYLES = {
    Book.CASH: (colours.MONEY, colours.MONEY_TEXT, ""),
    Book.RECEIVABLE: (colours.BILL, colours.BILL_TEXT, ""),
    Book.BAD_DEBT: (colours.SUSPENDED, colours.SUSPENDED_TEXT, ""),
    Book.UNEARNED: (colours.MONEY, colours.MONEY_TEXT, "////"),
    Book.REVENUE: (colours.DATA, colours.DATA_TEXT, ""),
    Book.BREAKAGE: (colours.WASTE, colours.WASTE_TEXT, "xxxx"),
}
"""Of each book the colour of its part, of its words, and its hatching: what is hatched has not been delivered."""


class Shown(NamedTuple):
    """The books, as double entry or only the till."""

    books: Books
    double: bool

    @property
    def sides(self) -> tuple[tuple[Book, ...], tuple[Book, ...]]:
        """The books in sight, upwards and downwards."""
        return (DEBITS, CREDITS) if self.double else ((Book.CASH,), ())


class BooksPicture(Picture[Shown]):
    """The balances of the books after each step, the latest at the right with its amounts."""

    width, height = 848, 430
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make the axes and, for each column, a part for each book."""
        self.axes = figure.add_axes((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM), xlim=(0, COLUMNS), ylim=(-50, 50))
        self.axes.axhline(0, color=colours.INK, linewidth=1, zorder=3)
        self.axes.tick_params(axis="x", length=0, labelbottom=False)
        self.axes.spines["bottom"].set_visible(False)
        self.axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], symmetric=True))
        self.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
        for y, words in ((0.25, "whose it is, QAR"), (0.75, "what there is, QAR")):
            figure.text(0.018, BOTTOM + (TOP - BOTTOM) * y, words, fontsize=9, rotation=90, ha="center", va="center")
        self.title = label(self, figure, LEFT, 0.955, "", size=10.5, bold=True)
        self.ground = Rectangle((0, 0), 1, 1, facecolor=colours.MONEY, alpha=0.06, linewidth=0, zorder=0.4)
        self.ground.set_transform(self.axes.get_xaxis_transform())
        self.live(self.axes.add_patch(self.ground))
        self.parts = [{book: self._part(column, book) for book in STYLES} for column in range(COLUMNS)]
        below = self.axes.get_xaxis_transform()
        self.feet = [
            tuple(
                label(self, self.axes, column + 0.5, y, "", size=SMALL, across="center", transform=below, colour=colour)
                for y, colour in ((-0.07, colours.INK), (-0.15, colours.PALE_INK))
            )
            for column in range(COLUMNS)
        ]
        self.words = {
            book: tuple(label(self, self.axes, 0, 0, "", colour=style[1], bold=bold) for bold in (True, False))
            for book, style in STYLES.items()
        }
        self.nothing, self.hidden = (
            label(self, self.axes, COLUMNS / 2, 0, "", size=11, across="center", colour=colours.PALE_INK) for _ in "ab"
        )

    def update(self, result: Shown) -> None:
        """Show the books as they stand, and how they got there."""
        books = result.books
        shown = books.turns[-COLUMNS:]
        most = max((sum(turn.balances[book] for book in result.sides[0]) for turn in shown), default=0)
        room = _room(most / QAR)
        set_limits(self.axes, y=(-room, room))
        self.title.set_text(_title(result))
        self.nothing.set_text("" if shown else "nothing yet: do something above")
        self.nothing.set_y(room / 2)
        self.hidden.set_text("" if result.double else "whose it is: tick “double entry”")
        self.hidden.set_y(-room / 2)
        self.ground.set_visible(bool(shown))
        self.ground.set_x(len(shown) - 1)
        for column, (parts, feet) in enumerate(zip(self.parts, self.feet, strict=True)):
            turn = shown[column] if column < len(shown) else None
            self._show_column(parts, turn, result.sides)
            for foot, text in zip(feet, _foot(turn), strict=True):
                foot.set_text(text)
        self._show_words(result, room)

    def _part(self, column: int, book: Book) -> Rectangle:
        colour, _, hatch = STYLES[book]
        part = Rectangle((column + (1 - WIDE) / 2, 0), WIDE, 0, linewidth=0.8, edgecolor=colour, zorder=2)
        part.set(facecolor=colours.PAPER if hatch else colour, hatch=hatch or None)
        self.axes.add_patch(part)
        return self.live(part)

    def _show_column(
        self, parts: dict[Book, Rectangle], turn: Turn | None, sides: tuple[tuple[Book, ...], ...]
    ) -> None:
        for part in parts.values():
            part.set_visible(False)
        for side in sides if turn else ():
            base = 0.0
            for book in side:
                height = turn.balances[book] / QAR if turn else 0.0
                parts[book].set_y(base)
                parts[book].set_height(height)
                parts[book].set_visible(bool(height))
                base += height

    def _show_words(self, result: Shown, room: float) -> None:
        """Write the amounts beside the latest column, away from zero, one not into the other."""
        for words in self.words.values():
            for line in words:
                line.set_text("")
        x = min(len(result.books.turns), COLUMNS) - (1 - WIDE) / 2 + 0.1
        for side, way in zip(result.sides, (1, -1), strict=True):
            base, free = 0.0, _WORDS_APART / 2
            for book in side:
                amount = abs(result.books.balances[book])
                if amount:
                    height = amount / QAR
                    middle = max((base + height / 2) / (2 * room), free)
                    free, base = middle + _WORDS_APART, base + height
                    lines = ((book.value, _LINE / 2), (format_money(amount), -_LINE / 2))
                    for line, (text, above) in zip(self.words[book], lines, strict=True):
                        line.set_text(text)
                        line.set_position((x, (way * middle + above) * 2 * room))


def name_of(step: Step) -> str:
    """Name a step in a word or two.

    Examples
    --------
    >>> name_of(TopUp(25 * QAR)), name_of(Use(1, postpaid=True))
    ('top up', 'use (postpaid)')
    """
    match step:
        case Use(_, postpaid):
            return "use (postpaid)" if postpaid else "use"
        case TopUp() | Buy() | Expire():
            return {TopUp: "top up", Buy: "buy", Expire: "expiry"}[type(step)]
        case Sign() | Bill() | Pay() | NeverPay():
            return {Sign: "contract", Bill: "bill", Pay: "payment", NeverPay: "written off"}[type(step)]
    return "time passes"


def _foot(turn: Turn | None) -> tuple[str, str]:
    return (name_of(turn.step), f"{turn.at.day} {turn.at:%b}") if turn else ("", "")


def _title(result: Shown) -> str:
    """Say what holds for the whole."""
    balances = result.books.balances
    if not result.double:
        return f"In the till: {format_money(balances[Book.CASH])}"
    debits, other = (format_money(abs(sum(balances[book] for book in side))) for side in (DEBITS, CREDITS))
    return f"Debits {debits}, credits {other}: the trial balance is {format_money(result.books.trial_balance)}"


def _room(most: float) -> float:
    """Return where the axis ends: the next of a few round numbers, so that it seldom changes."""
    steps: Any = (30, 60, 120, 240, 600, 1200, 2400, 6000, 12000)
    return float(next((step for step in steps if step >= 1.12 * most), 1.2 * most))
