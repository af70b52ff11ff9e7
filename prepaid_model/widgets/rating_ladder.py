"""Experiment of lesson 08: how a tariff turns bytes into money, step by step."""

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.errors import InputError
from prepaid_model.figures.rating_ladder import LEFT, RIGHT, LadderPicture
from prepaid_model.rating import HourPrice, Tariff, Tier, rate
from prepaid_model.staircase import Ladder, Split, exactly, in_reports, in_sessions, parts, staircase
from prepaid_model.units import GB, MB, format_money, format_volume, parse_moment, parse_money, parse_volume
from prepaid_model.widgets.controls import DayCursor, amount, choice, switch
from prepaid_model.widgets.experiment import Experiment

NONE = "none"
MIDNIGHT = parse_moment("2026-01-01 00:00")
NIGHT_ENDS = 6
"""The night price holds from midnight until this hour."""
BY_DAY, BY_NIGHT = "by day", "by night"
HOUR = {BY_DAY: 12, BY_NIGHT: 3}
SPANS = (2 * MB, 5 * MB, 10 * MB, 30 * MB, 100 * MB, 400 * MB, GB)
TIERS = {
    NONE: (),
    "half the price above 5 MB": ((5 * MB, 2),),
    "half above 100 MB, a quarter above 500 MB": ((100 * MB, 2), (500 * MB, 4)),
}
"""Volumes above which the price is divided by so much."""
SESSIONS = (1, 10, 100)
REPORTS = 100
_CLICKS = 100
"""Places along the staircase where the volume can be set by a click."""


class RatingLadder(Experiment[Ladder]):
    """A tariff to set, and a volume to walk up its staircase.

    Examples
    --------
    >>> ladder = RatingLadder()
    >>> print(what_it_cost(ladder.result))
    100 KB cost QAR 0.05 in one session: charged as 1 MB, so 900 KB are paid for and not used.
    >>> ladder.controls["volume"].value = "1000001 B"
    >>> format_money(ladder.result.paid.charged)
    'QAR 0.10'
    """

    title = "Bytes become riyals"
    extra_css: ClassVar[str] = """
.pm-panel .pm-cursor.pm-ladder-cursor .noUi-horizontal .noUi-handle { background: none; }
.pm-panel .pm-ladder-volume input[type="text"] { width: 130px; }
"""
    scenarios = {
        "100 KB for a megabyte": {},
        "One byte more": {"volume": "1,000,001 B"},
        "By the kilobyte": {"price": "0.06", "increment": "1 KB"},
        "A session fee and a first block": {
            "price": "0.04",
            "increment": "100 KB",
            "first_block": "2 MB",
            "fee": "0.10",
        },
        "The more, the cheaper": {"price": "0.08", "tiers": list(TIERS)[2], "volume": "600 MB", "until": GB},
        "Cheap nights": {"price": "0.08", "night": "0.02", "volume": "2.5 MB", "hour": BY_NIGHT},
        "Each report rounded alone": {"volume": "10 MB", "until": 10 * MB, "alone": True},
        "The video of lesson 01": {"volume": "300,687,300 B", "until": 400 * MB},
    }

    def __init__(self) -> None:
        self._placing = False
        super().__init__()
        self.on_change(self.cursor.day, self._clicked)
        self.on_change(self.controls["night"], self._show_what_applies)
        self._show_what_applies()

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: the tariff, then the traffic."""
        each = (RIGHT - LEFT) / _CLICKS
        self.cursor = DayCursor(_CLICKS, LEFT + each / 2, RIGHT + each / 2)  # its first place is at no byte
        self.cursor.day.description = "Your volume along the staircase"
        self.cursor.add_class("pm-ladder-cursor")
        volume = amount("Your volume", "100 KB", ["1 B", "1 KB", "100 KB", "1 MB", "2.5 MB", "10 MB", "300 MB"])
        volume.add_class("pm-ladder-volume")
        spans = [(format_volume(span), span) for span in SPANS]
        return {
            "price": amount("Price, QAR a MB", "0.05", ["0.02", "0.04", "0.05", "0.06", "0.08"]),
            "increment": amount("Increment", "1 MB", ["1 KB", "10 KB", "100 KB", "500 KB", "1 MB", "2 MB"]),
            "first_block": amount("First block", NONE, [NONE, "500 KB", "1 MB", "2 MB", "5 MB"]),
            "fee": amount("Session fee, QAR", "0", ["0", "0.05", "0.10", "0.50"]),
            "tiers": choice("Tiers", list(TIERS)),
            "night": amount("Night price (0 to 6 h), QAR a MB", NONE, [NONE, "0.01", "0.02", "0.04"]),
            "hour": choice("Used", list(HOUR)),
            "volume": volume,
            "until": choice("Staircase up to", spans, 5 * MB),
            "alone": switch("round each report alone (a flaw)"),
        }

    def make_picture(self) -> LadderPicture:
        """Make the picture."""
        return LadderPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in three rows: the price, what changes it, the traffic."""
        names = (
            ("price", "increment", "first_block", "fee"),
            ("tiers", "night", "hour"),
            ("volume", "until", "alone"),
        )
        return [[self.controls[name] for name in row] for row in names]

    def over_picture(self) -> Sequence[widgets.Widget]:
        """Lay the cursor over the bytes."""
        return [self.cursor]

    def run(self, **settings: Any) -> Ladder:
        """Charge the volume, whole and cut up."""
        tariff = _tariff(settings)
        volume = _volume(settings["volume"])
        until = next(span for span in SPANS if span >= max(volume, settings["until"]))
        at = MIDNIGHT + timedelta(hours=HOUR[settings["hour"]])
        night = settings["hour"] == BY_NIGHT and tariff.hours
        splits = [
            Split(len(parts(volume, sessions)), 1, in_sessions(tariff, volume, sessions, at=at))
            for sessions in SESSIONS
        ]
        reports = len(parts(volume, REPORTS))
        return Ladder(
            tariff,
            tariff.hours[0].price if night else tariff.price,
            at,
            volume,
            until,
            rate(tariff, volume, at=at),
            staircase(tariff, until, hour=HOUR[BY_DAY]),
            staircase(tariff, until, hour=HOUR[BY_NIGHT]) if tariff.hours else None,
            tuple(dict.fromkeys((*splits, Split(1, reports, in_reports(tariff, volume, REPORTS, at=at))))),
        )

    def describe(self, result: Ladder) -> str:
        """Say what the volume costs, whole and cut up, and what the staircase looks like."""
        return " ".join((what_it_cost(result), a_megabyte(result), cut_up(result), the_staircase(result)))

    def panels(self, result: Ladder) -> dict[str, str]:
        """Write the readouts."""
        return {"readouts": readouts(result)}

    def _refresh(self, state: Any) -> None:
        super()._refresh(state)
        with self._placed():
            self.cursor.day.value = round(_CLICKS * self.result.volume / self.result.until)

    def _clicked(self) -> None:
        """Take the volume from the place that was clicked."""
        if not self._placing:
            volume = self.cursor.day.value * self.result.until // _CLICKS
            self.controls["volume"].value = format_volume(max(volume, 1))

    @contextmanager
    def _placed(self) -> Iterator[None]:
        self._placing = True
        try:
            yield
        finally:
            self._placing = False

    def _show_what_applies(self) -> None:
        """Hide the hour where it makes no difference."""
        self.controls["hour"].layout.display = "none" if _absent(self.controls["night"].value) else None


def _absent(text: str) -> bool:
    """Tell whether a field says that there is no such thing."""
    return text.strip().lower() in (NONE, "")


def _tariff(settings: dict[str, Any]) -> Tariff:
    """Read a tariff from the controls."""
    price, night, block = parse_money(settings["price"], "price"), settings["night"], settings["first_block"]
    increment = parse_volume(settings["increment"], "increment")
    first_block = 0 if _absent(block) or block.strip() == "0" else parse_volume(block, "first block")
    hours = () if _absent(night) else (HourPrice(0, NIGHT_ENDS, parse_money(night, "night price")),)
    cheaper = TIERS[settings["tiers"]]
    if cheaper and hours:
        raise InputError("night price", night, "none where tiers are chosen: here prices go by volume or by the hour")
    prices = [price, *(each.price for each in hours), *(price // divisor for _, divisor in cheaper)]
    for each in prices:
        for volume in filter(None, (increment, first_block)):
            _check_whole(each, volume)
    return Tariff(
        price=price,
        increment=increment,
        first_block=first_block,
        session_fee=parse_money(settings["fee"], "session fee"),
        tiers=tuple(Tier(above, price // divisor, MB, increment) for above, divisor in cheaper),
        hours=hours,
        each_report_alone=settings["alone"],
    )


def _check_whole(price: int, volume: int) -> None:
    """Refuse a price by which so many bytes would cost a fraction of the smallest money there is."""
    if price * volume % MB:
        money = f"{format_money(price)} a MB"
        micros = f"{price * volume / MB:g}"
        expected = f"whole millionths of a riyal for each {format_volume(volume)} (this makes {micros} of them)"
        raise InputError("price", money, expected)


def _volume(text: str) -> int:
    volume = parse_volume(text, "your volume")
    if not 1 <= volume <= SPANS[-1]:
        raise InputError("your volume", text, f"1 B to {format_volume(SPANS[-1])}")
    return volume


def what_it_cost(result: Ladder) -> str:
    """Say what the volume costs in one session, and how much of that is paid for in vain."""
    cost = f"{result.bill} in one session"
    if not result.slack:
        return f"{cost}: each byte is used."
    billed, slack = format_volume(result.paid.billed), exactly(result.slack)
    return f"{cost}: charged as {billed}, so {slack} are paid for and not used."


def a_megabyte(result: Ladder) -> str:
    """Say the effective price beside the one in the list."""
    return f"That is {format_money(result.effective)} a megabyte; the list says {format_money(result.list_price)}."


def cut_up(result: Ladder) -> str:
    """Say what the same traffic costs as several sessions, and in several reports."""
    if len(result.splits) == 1:
        return "A single byte cannot be cut up."
    several = [f"{format_money(split.cost)} as {split.words}" for split in result.splits[1:]]
    return f"The same traffic costs {', '.join(several[:-1])} and {several[-1]}."


def the_staircase(result: Ladder) -> str:
    """Say how the staircase looks."""
    until, shown = format_volume(result.until), result.by_day
    top = format_money(shown.treads[-1].cost)
    steps = f"Up to {until} the staircase has {shown.steps:,} step{'s' if shown.steps > 1 else ''}, the last at {top}"
    night = result.by_night
    return f"{steps}; by night it ends at {format_money(night.treads[-1].cost)}." if night else f"{steps}."


def readouts(result: Ladder) -> str:
    """Write what was used and what was paid as a row of numbers, each with its name."""
    paid = result.paid
    shown = (
        ("used", exactly(result.volume), "data"),
        ("charged for", exactly(paid.billed), "money"),
        ("paid for, not used", exactly(result.slack), "waste"),
        ("price", format_money(paid.charged), "money"),
        ("session fee in it", format_money(result.tariff.session_fee), "money"),
    )
    cells = "".join(
        f'<div><div style="font-size:13px;color:var(--pm-pale)">{html.escape(name)}</div>'
        f'<div style="font-size:16px;font-weight:600;color:var(--pm-{colour})">{html.escape(value)}</div></div>'
        for name, value, colour in shown
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px 30px;margin:8px 2px 2px">{cells}</div>'
