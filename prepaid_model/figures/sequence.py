"""The sequence diagram of a conversation: who says what to whom, the latest message in the foreground.

Messages to come are not drawn: what will be said is for the learner to guess. Beside it stands the account,
as a bar of what is used, held and free, and the gateway's latest grant.
"""

from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prepaid_model.conversation import Conversation
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture
from prepaid_model.figures.marks import SMALL, Label, label
from prepaid_model.messages import Party, Slice, Step, Stock
from prepaid_model.units import MB, format_money, format_volume

ROWS = 8
"""How many messages are in sight."""
TOP, ROW = 66, 44
"""Where the first row begins, and how high each is, in pixels."""
FIRST, APART = 112, 104
"""Where the first lifeline stands, and how far the next, in pixels."""
SIDE = 692
"""Where the account begins."""
BAR_TOP, BAR_BOTTOM, BAR_WIDTH = 76, 306, 34
NAMES = {
    Party.PHONE: ("phone", ""),
    Party.GATEWAY: ("gateway", "CTF"),
    Party.SESSION: ("session", "function, SBCF"),
    Party.RATING: ("rating", "function, RF"),
    Party.BALANCE: ("balance", "function, ABMF"),
    Party.LEDGER: ("ledger", ""),
}
_ANSWERS = ("CCA", "RAA", "PriceResponse", "reserved", "debited", "nothing free")
_LEAST_PART, _WORDS_APART = 5, 34
_GROUND = "#F2F8FB"  # what the tint of the latest row comes to on paper


class Told(NamedTuple):
    """A conversation up to a message, counted from 1."""

    conversation: Conversation
    position: int

    @property
    def step(self) -> Step:
        """The latest message."""
        return self.conversation.steps[self.position - 1]


class SequencePicture(Picture[Told]):
    """Lifelines from left to right, messages from top to bottom, the account at the right."""

    width, height = 848, TOP + ROWS * ROW + 6

    def build(self, figure: Figure) -> None:
        """Make the lifelines, and what moves over them."""
        self.axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0))
        self.axes.set_axis_off()
        self.axes.grid(visible=False)
        self._draw_parties()
        self.ground = Rectangle((0, 0), SIDE - 16, ROW, facecolor=colours.MONEY, alpha=0.05, linewidth=0, zorder=0.4)
        self.live(self.axes.add_patch(self.ground))
        self.rows = [_Row(self, TOP + place * ROW) for place in range(ROWS)]
        middle = (_x(Party.PHONE) + _x(Party.LEDGER)) / 2
        self.blank = Rectangle((middle - 170, TOP + 4 * ROW - 12), 340, 24, facecolor=colours.PAPER, linewidth=0)
        self.live(self.axes.add_patch(self.blank))
        self.hint = label(self, self.axes, middle, TOP + 4 * ROW, "", size=11, across="center", colour=colours.PALE_INK)
        self.account = _AccountBar(self)
        self.grant = _GrantBar(self)

    def update(self, result: Told) -> None:
        """Show the conversation up to a message."""
        steps = result.conversation.steps[: result.position]
        first = max(0, len(steps) - ROWS)
        shown = steps[first:]
        several = len(result.conversation.gateways) > 1
        by_bundle = result.conversation.story.data > 0
        for place, row in enumerate(self.rows):
            if place < len(shown):
                latest = place == len(shown) - 1
                row.show(first + place + 1, shown[place], latest=latest, several=several, by_bundle=by_bundle)
            else:
                row.hide()
        self.blank.set_visible(result.position == 1)
        self.hint.set_text("press Next: they speak one after the other" if result.position <= 2 else "")
        self.ground.set_y(TOP + (len(shown) - 1) * ROW)
        self.account.show(result.step.stock, by_bundle=by_bundle)
        self.grant.show(result.step.slice, result.step.device)

    def _draw_parties(self) -> None:
        left, right = _x(Party.SESSION) - APART / 2 + 2, _x(Party.LEDGER) + 46
        system = Rectangle((left, 0), right - left, TOP - 10, facecolor=colours.SUSPENDED_FILL, linewidth=0, zorder=0.2)
        self.axes.add_patch(system)
        names = self.axes.text((left + right) / 2, 11, "online charging system", fontsize=SMALL, color=colours.PALE_INK)
        names.set(ha="center", va="center")
        for party, (name, term) in NAMES.items():
            x = _x(party)
            self.axes.add_line(Line2D([x, x], [TOP - 10, self.height], color=colours.SUSPENDED_HATCH, linewidth=1))
            self.axes.text(x, 29 if term else 37, name, fontsize=9, fontweight="bold", ha="center", va="center")
            self.axes.text(x, 45, term, fontsize=SMALL, color=colours.PALE_INK, ha="center", va="center")


class _Row:
    """One message: its number and time, its words, and the arrow."""

    def __init__(self, picture: SequencePicture, top: float) -> None:
        axes = picture.axes
        self._renderer: Any = picture.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        self._dots = self._renderer.width / picture.width
        self.middle, self.arrow = top + 14, top + 30
        self.box = Rectangle((0, top + 5), 0, 19, linewidth=0, zorder=1)
        self.line = Line2D([], [], zorder=2)
        self.head = Line2D([], [], linestyle="none", markeredgewidth=0, zorder=2.5)
        for artist in (self.box, self.line, self.head):
            picture.live(axes.add_artist(artist))
        self.number = label(picture, axes, 8, self.middle, "", size=SMALL)
        self.time = label(picture, axes, 32, self.middle, "", size=SMALL, colour=colours.PALE_INK)
        self.device = label(picture, axes, 32, self.arrow, "", size=SMALL, colour=colours.PALE_INK)
        self.plain = label(picture, axes, 0, self.middle, "", size=9, across="center")
        self.bold = label(picture, axes, 0, self.middle, "", size=9, across="center", bold=True)

    def show(self, number: int, step: Step, *, latest: bool, several: bool, by_bundle: bool) -> None:
        """Show a message, the latest one in the foreground."""
        colour, dark = _colours(step, by_bundle=by_bundle)
        start, end = _x(step.sender), _x(step.receiver)
        way = 1 if end > start else -1
        self.line.set_data([start, end - 8 * way], [self.arrow, self.arrow])
        answer = step.name.startswith(_ANSWERS)
        self.line.set(color=colour, linewidth=3.2 if latest else 1.3, linestyle=(0, (3, 1.5)) if answer else "-")
        self.head.set_data([end - 6 * way], [self.arrow])
        self.head.set(marker=">" if way > 0 else "<", color=colour, markersize=11 if latest else 7)
        self.number.set_text(str(number))
        self.number.set_fontweight("bold" if latest else "normal")
        self.number.set_color(dark if latest else colours.PALE_INK)
        self.time.set_text(f"{step.at:%H:%M:%S}")
        self.device.set_text(step.device if several else "")
        words, other = (self.bold, self.plain) if latest else (self.plain, self.bold)
        words.set_text(step.label)
        other.set_text("")
        words.set_color(dark if latest else colours.INK)
        half = words.width(self._renderer) / self._dots / 2 + 4
        middle = min(max((start + end) / 2, 92 + half), SIDE - 20 - half)
        words.set_x(middle)
        self.box.set_bounds(middle - half, self.box.get_y(), 2 * half, self.box.get_height())
        self.box.set_facecolor(_GROUND if latest else colours.PAPER)

    def hide(self) -> None:
        """Show nothing: it has not been said yet."""
        self.line.set_data([], [])
        self.head.set_data([], [])
        self.box.set_width(0)
        for words in (self.number, self.time, self.device, self.plain, self.bold):
            words.set_text("")


class _AccountBar:
    """What is used, held and free, one on top of the other."""

    def __init__(self, picture: SequencePicture) -> None:
        axes = picture.axes
        axes.text(SIDE, 18, "The account", fontsize=9, fontweight="bold", va="center")
        self.total = label(picture, axes, SIDE, 37, "", size=SMALL, colour=colours.PALE_INK)
        self.parts = [Rectangle((SIDE, 0), BAR_WIDTH, 0, linewidth=1, zorder=1) for _ in Stock._fields]
        self.words: list[tuple[Label, Label, Line2D]] = []
        for name, part in zip(Stock._fields, self.parts, strict=True):
            picture.live(axes.add_patch(part))
            lead = Line2D([], [], color=colours.PALE_INK, linewidth=0.7, zorder=1)
            picture.live(axes.add_line(lead))
            x = SIDE + BAR_WIDTH + 20
            self.words.append(
                (label(picture, axes, x, 0, name, bold=True), label(picture, axes, x, 0, "", size=9), lead)
            )
        self.parts[1].set_hatch("////")

    def show(self, stock: Stock, *, by_bundle: bool) -> None:
        """Show how it stands."""
        hue, dark = (colours.DATA, colours.DATA_TEXT) if by_bundle else (colours.MONEY, colours.MONEY_TEXT)
        written = format_volume if by_bundle else format_money
        self.total.set_text(f"{'data' if by_bundle else 'credit'}, {written(sum(stock))} in all")
        self.parts[0].set(facecolor=colours.SUSPENDED_FILL, edgecolor=colours.SUSPENDED)
        self.parts[1].set(facecolor=colours.PAPER, edgecolor=hue)
        self.parts[2].set(facecolor=hue, edgecolor=hue)
        heights, bottom, middles = _heights(stock), float(BAR_BOTTOM), []
        for part, height in zip(self.parts, heights, strict=True):
            part.set_bounds(SIDE, bottom - height, BAR_WIDTH, height)
            part.set_visible(height > 0)
            middles.append(bottom - height / 2)
            bottom -= height
        for (name, amount, lead), middle, y, value in zip(self.words, middles, _spread(middles), stock, strict=True):
            name.set(y=y - 7, color=colours.PALE_INK if name is self.words[0][0] else dark)
            amount.set_y(y + 8)
            amount.set_text(written(value))
            lead.set_data([SIDE + BAR_WIDTH + 3, SIDE + BAR_WIDTH + 16], [middle, y])


class _GrantBar:
    """The gateway's latest grant, and how much of it has flowed."""

    def __init__(self, picture: SequencePicture) -> None:
        axes, self.room = picture.axes, picture.width - SIDE - 14
        self.name = label(picture, axes, SIDE, 344, "", size=9, bold=True)
        self.granted = Rectangle((SIDE, 358), 0, 16, facecolor=colours.DATA, linewidth=0, zorder=1)
        self.used = Rectangle((SIDE, 358), 0, 16, facecolor=colours.SUSPENDED_FILL, linewidth=0, zorder=1.2)
        self.edge = Rectangle((SIDE, 358), self.room, 16, fill=False, linewidth=1, zorder=1.4)
        self.edge.set_edgecolor(colours.SUSPENDED)
        for part in (self.granted, self.used, self.edge):
            picture.live(axes.add_patch(part))
        self.words = label(picture, axes, SIDE, 388, "", size=9)

    def show(self, part: Slice, device: str) -> None:
        """Show how the gateway stands."""
        self.name.set_text(f"The {device}'s slice" if device else "")
        self.granted.set_width(self.room if part.granted else 0)
        flowed = min(part.used / part.granted, 1) if part.granted else 0
        self.used.set_width(self.room * flowed)
        flowing = f"{_megabytes(part.used)} of {_megabytes(part.granted)} MB flowed"
        self.words.set_text(flowing if part.granted else "nothing may flow")


def _x(party: Party) -> float:
    return FIRST + APART * party


def _megabytes(volume: int) -> str:
    return format_volume(volume).removesuffix(" MB") if volume % MB == 0 or volume > MB else f"{volume / MB:g}"


def _colours(step: Step, *, by_bundle: bool) -> tuple[str, str]:
    """Give the colour of what a message speaks of: bytes towards the gateway, and what pays inside."""
    outside = min(step.sender, step.receiver) <= Party.GATEWAY and step.receiver is not Party.BALANCE
    return (colours.DATA, colours.DATA_TEXT) if outside or by_bundle else (colours.MONEY, colours.MONEY_TEXT)


def _heights(stock: Stock) -> list[float]:
    """Divide the bar, so that nothing that is there becomes too thin to be seen."""
    total, room = sum(stock), BAR_BOTTOM - BAR_TOP
    if not total:
        return [0.0] * len(stock)
    heights = [max(room * part / total, _LEAST_PART) if part else 0.0 for part in stock]
    return [height * room / sum(heights) for height in heights]


def _spread(middles: list[float]) -> list[float]:
    """Move words apart that would run into each other; they come from bottom to top.

    Examples
    --------
    >>> _spread([300, 295, 200])
    [291.0, 257.0, 200.0]
    """
    lowest = float(BAR_BOTTOM - _WORDS_APART / 2 + 2)
    spread: list[float] = []
    for middle in middles:
        lowest = min(float(middle), lowest)
        spread.append(lowest)
        lowest -= _WORDS_APART
    above = BAR_TOP + 8 - spread[-1]
    return [each + above for each in spread] if above > 0 else spread
