"""The same month twice, prepaid and postpaid: money paid, value consumed, and the credit lent between them."""

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from prepaid_model.earning import Worth
from prepaid_model.figures import colours
from prepaid_model.figures.base import Picture, set_limits
from prepaid_model.figures.flow import in_riyals
from prepaid_model.figures.marks import EventMarks, Spans, Steps, label
from prepaid_model.invoices import Invoice
from prepaid_model.ledger import EPOCH, Kind
from prepaid_model.lending import Lending, riyal_days
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import Trace
from prepaid_model.units import GB

LEFT, RIGHT = 0.075, 0.8
"""Where the days begin and end, as fractions of the picture's width."""
_BESIDE = RIGHT + 0.012
DAYS = 46
"""Days on the axis: the month, the wait for the bill, and the day on which it is paid."""
_USAGE, _PREPAID, _POSTPAID = (0.848, 0.93), (0.467, 0.8), (0.078, 0.411)  # from and to, of the picture's height
_CLOSE = 1.5  # days
_GIGABYTES = (0.2, 0.5, 5, 12, 50, 10**6)  # tops of the strip: few, so that moving a slider seldom changes them
_NO_PATH = Path(np.zeros((1, 2)))
_DAY = timedelta(days=1) // timedelta(microseconds=1)
_LENDER = {"customer": (colours.MONEY, colours.MONEY_TEXT), "operator": (colours.BILL, colours.BILL_TEXT)}


class Side(NamedTuple):
    """One of the two accounts: what it lived through, and who lent how much."""

    trace: Trace[PrepaidAccount] | Trace[PostpaidAccount]
    lending: Lending


class TwoMonths(NamedTuple):
    """The same usage on a prepaid and on a postpaid account.

    Parameters
    ----------
    prepaid, postpaid : Side
        The two accounts.
    bill : Invoice
        What the postpaid month is billed.
    calm : Side
        The prepaid side without the surprise.
    usual : Invoice
        The bill without the surprise.
    day, extra : int
        The day of the surprise (1 is the first), and its extra bytes.
    title : str
        A line over the picture.
    """

    prepaid: Side
    postpaid: Side
    bill: Invoice
    calm: Side
    usual: Invoice
    day: int
    extra: int
    title: str

    @property
    def start(self) -> datetime:
        """When both months begin."""
        return self.prepaid.trace.start

    @property
    def more(self) -> int:
        """Micros that the bill is higher than without the surprise."""
        return self.bill.total - self.usual.total

    @property
    def more_paid_in(self) -> int:
        """Micros that more are topped up than without the surprise."""
        return int(self.prepaid.lending.paid[-1] - self.calm.lending.paid[-1])

    @property
    def more_hours_off(self) -> int:
        """Hours that prepaid service is off for longer than without the surprise."""
        return self.prepaid.trace.hours_off - self.calm.trace.hours_off


class SameMonthPicture(Picture[TwoMonths]):
    """The usage of both in a strip; below it two panels with the same axes, one for each way to pay.

    Thick is money paid, thin is value consumed. The area between them is credit lent: blue where the
    customer lends to the operator, vermilion where the operator lends to the customer. Hatched: no byte
    could be served.
    """

    width = 848
    height = 496
    only_limits_change = True

    def build(self, figure: Figure) -> None:
        """Make the strip and the two panels."""
        self.title = label(self, figure, LEFT, 0.972, "", size=10, bold=True)
        self.usage = _axes(figure, _USAGE)
        self.usage.tick_params(labelbottom=False)
        self.usage.set_ylabel("GB a day", color=colours.DATA_TEXT)
        self.usage.yaxis.set_label_coords(-0.078, 0.5)
        self.usage.yaxis.set_major_locator(MaxNLocator(2))
        self.bars = self.live(self.usage.stairs(np.zeros(31), np.arange(32), fill=True, color=colours.DATA))
        figure.text(_BESIDE, 0.893, "one usage,\ntwo accounts", color=colours.DATA_TEXT, fontweight="bold", va="center")
        over = self.usage.text(31.5, 0.5, "January is over. The bill waits.", color=colours.PALE_INK, va="center")
        over.set_transform(self.usage.get_xaxis_transform())
        self.surprise = label(self, self.usage, 0, 0, "", colour=colours.DATA_TEXT, bold=True)
        self.prepaid = _Panel(self, figure, _PREPAID, "Prepaid", "first pay, then use")
        self.postpaid = _Panel(self, figure, _POSTPAID, "Postpaid", "first use, then pay")
        self.prepaid.axes.tick_params(labelbottom=False)
        self.postpaid.axes.xaxis.set_major_formatter(FuncFormatter(_date))
        self.top_ups = EventMarks(self, self.prepaid.axes, "top-up")
        self.unused = EventMarks(self, self.prepaid.axes, "expiry")
        self.invoice = _InvoiceMark(self, self.postpaid.axes)

    def update(self, result: TwoMonths) -> None:
        """Show another month."""
        self.title.set_text(result.title)
        wanted = np.array(result.prepaid.trace.usage.daily) / GB
        set_limits(self.usage, y=(0, next(top for top in _GIGABYTES if top >= wanted.max())))
        self.bars.set_data(wanted, np.arange(len(wanted) + 1))
        self._name_surprise(result)
        sides = (result.prepaid, result.postpaid)
        top = _nice(1.2 * max(max(side.lending.paid.max(), side.lending.consumed.max()) for side in sides) / 10**6)
        for panel, side in zip((self.prepaid, self.postpaid), sides, strict=True):
            panel.show(side, top)
        self._mark_events(result.prepaid, top)
        self.prepaid.say(
            [
                (f"{in_riyals(result.prepaid.lending.paid[-1])} riyals paid", colours.MONEY_TEXT),
                (f"{in_riyals(result.prepaid.lending.consumed[-1])} consumed,", colours.DATA_TEXT),
                (f"{unused(result.prepaid) / 10**6:.2f} of it expired", colours.WASTE_TEXT),
                *_stops(result.prepaid),
            ]
        )
        usual = [f"{in_riyals(result.usual.total)} without the", "surprise day"] if result.more else ["as in any month"]
        self.postpaid.say(
            [
                (f"bill: {in_riyals(result.bill.total)} riyals", colours.BILL_TEXT),
                *((words, colours.PALE_INK) for words in usual),
                *_stops(result.postpaid),
            ]
        )
        self.invoice.show(result, top)

    def _name_surprise(self, result: TwoMonths) -> None:
        self.surprise.set_text(f"+{result.extra / GB:g} GB" if result.extra else "")
        self.surprise.set_position((result.day + 0.4, 0.82 * self.usage.get_ylim()[1]))

    def _mark_events(self, side: Side, top: float) -> None:
        rows, days = side.trace.rows, side.trace.days
        topped = rows["kind"] == Kind.TOP_UP
        at, amounts = days[topped], rows["money"][topped]
        heights = np.cumsum(amounts) / 10**6 + 0.05 * top
        last = np.diff(at, append=np.inf) > _CLOSE  # of several close together, the last one bears the words
        together = np.diff(np.flatnonzero(last), prepend=-1).tolist()
        words = [_top_up(times, amount) for times, amount in zip(together, amounts[last].tolist(), strict=True)]
        first = np.argsort(~last, kind="stable")
        self.top_ups.show(at[first].tolist(), heights[first].tolist(), words)
        expired = (rows["kind"] == Kind.EXPIRED) & (rows["volume"] != 0) & (days < DAYS)
        moments = side.trace.moments[expired]
        places = np.searchsorted(side.lending.moments, moments, side="right") - 1
        self.unused.show(days[expired], side.lending.consumed[places] / 10**6)


class _Panel:
    """Money paid and value consumed over the days, what is between them, and a few words beside it."""

    def __init__(
        self, picture: SameMonthPicture, figure: Figure, height: tuple[float, float], name: str, order: str
    ) -> None:
        self.axes = _axes(figure, height)
        self.axes.set_ylabel("QAR, from the start")
        self.axes.yaxis.set_label_coords(-0.078, 0.5)
        self.axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        self.axes.axvline(31, color=colours.PALE_INK, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
        self.spans = Spans(picture, self.axes)
        self.areas = {lender: _area(picture, self.axes, colour) for lender, (colour, _) in _LENDER.items()}
        self.consumed = Steps(picture, self.axes, colours.DATA_TEXT)
        self.consumed._line.set(linewidth=1.1, zorder=3.2)
        self.paid = Steps(picture, self.axes, colours.MONEY)
        self.paid._line.set_linewidth(2.4)
        figure.text(_BESIDE, height[1] - 0.014, name, fontsize=11, fontweight="bold", va="center")
        figure.text(_BESIDE, height[1] - 0.056, order, color=colours.PALE_INK, va="center")
        self.words = [label(picture, figure, _BESIDE, height[1] - 0.108 - 0.038 * row, "") for row in range(5)]
        self.names = {
            line: label(picture, self.axes, DAYS - 1.4, 0, words, colour=colour, across="right", bold=True)
            for line, words, colour in (
                ("paid", "paid", colours.MONEY_TEXT),
                ("consumed", "consumed", colours.DATA_TEXT),
            )
        }
        self.lent = [
            label(picture, self.axes, 0.012, place, "", bold=True, transform=self.axes.transAxes)
            for place in (0.93, 0.81)
        ]

    def show(self, side: Side, top: float) -> None:
        set_limits(self.axes, y=(0, top))
        lending = side.lending
        start = (side.trace.start - EPOCH) // timedelta(microseconds=1)
        moments = np.concatenate([[start], lending.moments, [start + DAYS * _DAY]])
        days = (moments - start) / _DAY
        paid, consumed = (np.concatenate([[0], line, line[-1:]]) / 10**6 for line in (lending.paid, lending.consumed))
        self.paid.show(days, paid)
        self.consumed.show(days, consumed)
        days[-1] = (lending.until - start) / _DAY
        self.areas["customer"].set_path(_above(days, consumed, paid))
        self.areas["operator"].set_path(_above(days, paid, consumed))
        self.names["paid"].set_y(paid[-1] + 0.07 * top)
        self.names["consumed"].set_y(max(consumed[-3] - 0.11 * top, 0.04 * top))
        self.spans.show([(_day(side, span.start), _day(side, span.end)) for span in side.trace.inactive])
        said = who_lent(lending)
        for words in self.lent:
            words.set_text("")
        for words, (lender, text) in zip(self.lent, said, strict=False):
            words.set_text(text)
            words.set_color(_LENDER[lender][1])

    def say(self, lines: list[tuple[str, str]]) -> None:
        """Write lines beside the panel, each in its colour."""
        for words in self.words:
            words.set_text("")
        for words, (text, colour) in zip(self.words, lines, strict=False):
            words.set_text(text)
            words.set_color(colour)


class _InvoiceMark:
    """The invoice: an upright line at its date, up to what it asks for."""

    def __init__(self, picture: SameMonthPicture, axes: Axes) -> None:
        self._stem = picture.live(axes.add_line(Line2D([], [], color=colours.BILL, linewidth=2.2, zorder=3.5)))
        self._words = label(picture, axes, 0, 0, "", colour=colours.BILL_TEXT, bold=True, across="right")

    def show(self, result: TwoMonths, top: float) -> None:
        total, made = result.bill.total / 10**6, _day(result.postpaid, result.bill.at)
        self._stem.set_data([made, made], [0, total])
        self._words.set_text(f"bill {in_riyals(result.bill.total)}")
        self._words.set_position((made - 0.4, total - 0.02 * top))


def who_lent(lending: Lending) -> list[tuple[str, str]]:
    """Say who lent how much, the larger first; the lender, and the words.

    Examples
    --------
    >>> one_day = 86_400 * 10**6
    >>> paid_first = Lending(np.array([0]), np.array([20 * 10**6]), np.array([0]), until=3 * one_day)
    >>> who_lent(paid_first)
    [('customer', 'you lent the operator 60 riyal-days')]
    """
    sides = [
        (lending.by_customer, "customer", "you lent the operator"),
        (lending.by_operator, "operator", "the operator lent you"),
    ]
    sides.sort(key=lambda each: -each[0])
    said = [(lender, f"{words} {riyal_days(area):,} riyal-days") for area, lender, words in sides if riyal_days(area)]
    return said or [("customer", "nobody lent anything")]


def unused(side: Side) -> int:
    """Return the micros of data that expired unused while the picture lasts."""
    ledger, rows = side.trace.account.ledger, side.trace.rows
    lost = 0
    for place in np.flatnonzero((rows["kind"] == Kind.EXPIRED) & (rows["volume"] != 0)).tolist():
        bought = ledger.terms[int(rows["bucket"][place])]
        lost += Worth(bought.paid, bought.bundle.volume, bought.bundle.volume + int(rows["volume"][place]), 1).unearned
    return lost


def stopped_by(side: Side) -> str:
    """Say what stopped service on a postpaid account; nothing if it never stopped."""
    account, trace = side.trace.account, side.trace
    if not isinstance(account, PostpaidAccount) or not trace.inactive:
        return ""
    usage = trace.rows["kind"] == Kind.USAGE
    spent = -int(trace.rows["money"][usage].sum())
    cap, step = account.plan.spend_cap, account.plan.overage.steps[0][0].price
    return "the spend cap" if cap is not None and cap - spent < step else "the credit limit"


def _top_up(times: int, amount: int) -> str:
    return f"+{in_riyals(amount)}" if times == 1 else f"{times} × {in_riyals(amount)}"


def _stops(side: Side) -> list[tuple[str, str]]:
    hours, why = side.trace.hours_off, stopped_by(side)
    said = [f"{hours} hours off" + (":" if why else "") if hours else "never off", *([why] if why else [])]
    return [(words, colours.SUSPENDED_TEXT) for words in said]


def _axes(figure: Figure, height: tuple[float, float]) -> Axes:
    bottom, top = height
    axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom), xlim=(0, DAYS))
    axes.xaxis.set_major_locator(FixedLocator([0, 7, 14, 21, 31, 38, 45]))
    return axes


def _date(day: float, _: int) -> str:
    named = {0: "1 Jan", 31: "1 Feb", 45: "15 Feb"}
    return named.get(int(day), f"{int(day) + 1 if day < 31 else int(day) - 30}")


def _area(picture: SameMonthPicture, axes: Axes, colour: str) -> PathPatch:
    area = PathPatch(_NO_PATH, facecolor=colour, alpha=0.25, linewidth=0, zorder=2)
    axes.add_patch(area)
    return picture.live(area)


def _above(days: Any, low: Any, high: Any) -> Path:
    """Return the outline of where one quantity is above another; each keeps its value until the next change."""
    if (high <= low).all():
        return _NO_PATH
    across = np.repeat(days, 2)[1:-1]
    lower, upper = (np.repeat(line, 2)[:-2] for line in (low, np.maximum(low, high)))
    return Path(np.vstack([np.column_stack([across, lower]), np.column_stack([across, upper])[::-1]]))


def _day(side: Side, at: datetime) -> float:
    return float((at - side.trace.start) / timedelta(days=1))


def _nice(value: float) -> float:
    """Round up to a number that reads well on an axis, and to few of them, so that limits seldom change."""
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 2, 3, 5, 10) if step * power >= value - 1e-9))
