"""One colour for each meaning, the same in every figure, phone and ledger.

The hues are Okabe and Ito's, which people with any common colour blindness can tell apart. Lines and
areas take the hue itself; words take its darker variant, dark enough to read on white (WCAG 2, 4.5 to 1).
Colour is never alone: events have shapes of their own, suspended time is hatched.

References
----------
Okabe, M. and Ito, K. (2008). Color Universal Design. https://jfly.uni-koeln.de/color/
"""

from typing import NamedTuple

MONEY = "#0072B2"
DATA = "#009E73"
BILL = "#D55E00"
ALERT = "#E69F00"
WASTE = "#CC79A7"
SUSPENDED = "#8C8C8C"

MONEY_TEXT = "#0067A3"
DATA_TEXT = "#00714F"
BILL_TEXT = "#A84800"
ALERT_TEXT = "#855A00"
WASTE_TEXT = "#98436F"
SUSPENDED_TEXT = "#5E5E5E"

INK = "#222222"
PALE_INK = "#5E5E5E"
GRID = "#E4E4E4"
PAPER = "#FFFFFF"
SUSPENDED_FILL = "#EEEEEE"
SUSPENDED_HATCH = "#CFCFCF"


_APART = 9  # Pillow looks a colour up by its multiples of 4: closer ones would be taken for each other


class EventStyle(NamedTuple):
    """How one kind of event is marked: the shape, its colour, and the colour of words beside it."""

    marker: str
    colour: str
    text_colour: str
    size: float


EVENTS = {
    "top-up": EventStyle("^", MONEY, MONEY_TEXT, 8.5),
    "bundle": EventStyle("s", DATA, DATA_TEXT, 6.5),
    "alert": EventStyle("o", ALERT, ALERT_TEXT, 6.5),
    "expiry": EventStyle("X", WASTE, WASTE_TEXT, 7.5),
}
"""A top-up is an upward triangle, a bundle a square, an alert a dot, what expires unused a cross: everywhere."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour written as ``#RRGGBB``.

    Examples
    --------
    >>> rgb("#0072B2")
    (0, 114, 178)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21, as WCAG 2 defines it.

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def palette() -> list[tuple[int, int, int]]:
    """List the colours a picture file may hold: those above exactly, each hue in steps to white, and greys.

    With 256 colours or fewer a picture is encoded in a quarter of the time and half of the bytes.
    """
    named = (MONEY, DATA, BILL, ALERT, WASTE, SUSPENDED, INK, PAPER, GRID, SUSPENDED_FILL, SUSPENDED_HATCH)
    words = (MONEY_TEXT, DATA_TEXT, BILL_TEXT, ALERT_TEXT, WASTE_TEXT, SUSPENDED_TEXT)
    wanted = [rgb(colour) for colour in named + words]
    wanted += [_tint(colour, step) for colour in named[:5] + words[:5] for step in range(1, 20)]
    wanted += [(level, level, level) for level in range(0, 256, 5)]
    kept: list[tuple[int, int, int]] = []
    for colour in wanted:
        if all(max(abs(one - other) for one, other in zip(colour, each, strict=True)) >= _APART for each in kept):
            kept.append(colour)
    return kept


def _tint(colour: str, step: int) -> tuple[int, int, int]:
    red, green, blue = (value + (255 - value) * step // 20 for value in rgb(colour))
    return red, green, blue


def _luminance(colour: str) -> float:
    parts = (value / 255 for value in rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
