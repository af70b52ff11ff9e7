"""The picture of the operator's books: a column for each thing that happened, mirrored about zero.

Upwards stands what the operator has, downwards why it has it. Both sides are always of the same length:
that is what a trial balance of zero looks like.
"""

from typing import Any

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


class BooksPicture(Picture[Books]):
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
        self.nothing = label(self, self.axes, 3.5, 0, "", size=11, across="center", colour=colours.PALE_INK)

    def update(self, result: Books) -> None:
        """Show the books as they stand, and how they got there."""
        shown = result.turns[-COLUMNS:]
        most = max((_side(turn, DEBITS) for turn in shown), default=0)
        room = _room(most / QAR)
        set_limits(self.axes, y=(-room, room))
        left, right = (format_money(_total(result, side)) for side in (DEBITS, CREDITS))
        balance = format_money(result.trial_balance)
        self.title.set_text(f"Debits {left}, credits {right}: the trial balance is {balance}")
        self.nothing.set_text("" if result.turns else "the books are empty: do something above")
        self.nothing.set_y(room / 2)
        self.ground.set_visible(bool(shown))
        self.ground.set_x(len(shown) - 1)
        for column, (parts, feet) in enumerate(zip(self.parts, self.feet, strict=True)):
            turn = shown[column] if column < len(shown) else None
            self._show_column(parts, turn)
            for foot, text in zip(feet, _foot(turn), strict=True):
                foot.set_text(text)
        self._show_words(result, room)

    def _part(self, column: int, book: Book) -> Rectangle:
        colour, _, hatch = STYLES[book]
        part = Rectangle((column + (1 - WIDE) / 2, 0), WIDE, 0, linewidth=0.8, edgecolor=colour, zorder=2)
        part.set(facecolor=colours.PAPER if hatch else colour, hatch=hatch or None)
        self.axes.add_patch(part)
        return self.live(part)

    def _show_column(self, parts: dict[Book, Rectangle], turn: Turn | None) -> None:
        for side in (DEBITS, CREDITS):
            base = 0.0
            for book in side:
                height = turn.balances[book] / QAR if turn else 0.0
                parts[book].set_y(base)
                parts[book].set_height(height)
                parts[book].set_visible(bool(height))
                base += height

    def _show_words(self, result: Books, room: float) -> None:
        """Write the amounts beside the latest column, away from zero, one not into the other."""
        x = min(len(result.turns), COLUMNS) - (1 - WIDE) / 2 + 0.1
        for side, way in ((DEBITS, 1), (CREDITS, -1)):
            base, free = 0.0, _WORDS_APART / 2
            for book in side:
                height = abs(result.balances[book]) / QAR
                name, amount = self.words[book]
                name.set_text(book.value if height else "")
                amount.set_text(format_money(abs(result.balances[book])) if height else "")
                if height:
                    middle = max((base + height / 2) / (2 * room), free)
                    free = middle + _WORDS_APART
                    for words, above in ((name, _LINE / 2), (amount, -_LINE / 2)):
                        words.set_position((x, (way * middle + above) * 2 * room))
                base += height


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


def _side(turn: Turn, side: tuple[Book, ...]) -> int:
    return sum(turn.balances[book] for book in side)


def _total(result: Books, side: tuple[Book, ...]) -> int:
    return abs(sum(result.balances[book] for book in side))


def _room(most: float) -> float:
    """Return where the axis ends: the next of a few round numbers, so that it seldom changes."""
    steps: Any = (30, 60, 120, 240, 600, 1200, 2400, 6000, 12000)
    return float(next((step for step in steps if step >= 1.12 * most), 1.2 * most))
