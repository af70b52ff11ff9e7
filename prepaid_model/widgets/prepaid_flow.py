"""Experiment of lesson 02: a prepaid month, from top-up to top-up, and why service stops."""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from prepaid_model.catalogue import catalogue
from prepaid_model.figures.flow import LEFT, RIGHT, FlowPicture, MonthAndDay
from prepaid_model.ledger import Kind
from prepaid_model.offers import Lifecycle, Validity
from prepaid_model.personas import personas
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import RENEWAL, WHEN, Habit, PrepaidTrace, simulate
from prepaid_model.units import MB, QAR, format_money, format_volume, parse_money
from prepaid_model.usage import UsageTrace, month
from prepaid_model.widgets.controls import DayCursor, amount, choice, slider, switch
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.prediction import Prediction

NO_BUNDLE = "none"


class PrepaidFlow(Experiment[MonthAndDay]):
    """A month of somebody's usage over a prepaid account whose owner has habits.

    Examples
    --------
    >>> flow = PrepaidFlow()
    >>> print(how_it_stopped(flow.result.trace))
    It first stopped on Thu 8 Jan at 23:40, until Sun 11 Jan at 09:00 (suspended): no data and no credit left.
    >>> flow.choose("Planned to fit")
    >>> print(how_it_stopped(flow.result.trace))
    After the first top-up it never stopped.
    """

    title = "A prepaid month"
    scenarios = {
        "It stopped at 23:40": {},
        "Only pay-as-you-go": {"bundle": NO_BUNDLE},
        "Waits until it stops": {"when": WHEN[1]},
        "Planned to fit": {"top_up": "10", "every": 7},
        "Automatic top-up": {"when": WHEN[2], "threshold": 5},
        "Short validity": {"who": "grandparent", "top_up": "25", "validity": 7, "grace": 0},
        "Short validity, with grace": {"who": "grandparent", "top_up": "25", "validity": 7, "grace": 15},
    }

    days = 30

    def __init__(self) -> None:
        super().__init__()
        for name in ("when", "bundle"):
            self.on_change(self.controls[name], self._show_what_applies)
        self._show_what_applies()

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: the person, the bundle, the top-ups, the operator's rules, the day."""
        shop = catalogue()
        bundles = [
            (f"{bundle.name}, {format_money(bundle.price)}", each)
            for each, bundle in shop.bundles.items()
            if bundle.traffic is None and bundle.hours is None
        ]
        self.cursor = DayCursor(self.days, LEFT, RIGHT)
        return {
            "who": choice("Who", self.people()),
            "month": slider("Another month", 75, 1, 99),
            "bundle": choice("Bundle", [*bundles, ("none: pay as you go", NO_BUNDLE)], "week_1gb"),
            "renewal": choice("bought again", RENEWAL),
            "pay_as_you_go": switch("pay-as-you-go", value=True),
            "top_up": amount("Top-up, QAR", "15", ["5", "10", "15", "25", "50", "100"]),
            "when": choice("When", WHEN),
            "every": slider("Every, days", 10, 1, 30),
            "threshold": slider("When credit falls to, QAR", 5, 0, 50),
            "validity": slider("Credit valid for, days", 30, 1, 90),
            "grace": slider("grace, days", 15, 0, 30),
            "day": self.cursor.day,
        }

    def make_picture(self) -> FlowPicture:
        """Make the picture, as long as the usage."""
        return FlowPicture(self.days)

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in three rows: the person and the bundle, the top-ups, what credit may do."""
        names = (
            ("who", "bundle", "renewal"),
            ("top_up", "when", "every", "threshold"),
            ("validity", "grace", "pay_as_you_go"),
        )
        return [[self.controls[name] for name in row] for row in names]

    def head(self) -> Sequence[widgets.Widget]:
        """Put another month beside the scenarios."""
        return [self.controls["month"]]

    def over_picture(self) -> Sequence[widgets.Widget]:
        """Lay the cursor over the days of the month."""
        return [self.cursor]

    def people(self) -> list[tuple[str, str]]:
        """List whose month it may be: names and ids."""
        return [(who.name, who.id) for who in personas().values()]

    def usage(self, who: str, seed: int) -> UsageTrace:
        """Return somebody's usage in one of the possible months."""
        return month(who, seed)

    def reaction(self, who: str) -> timedelta:
        """Return how long it takes somebody to notice that service stopped, and to top up."""
        return timedelta(hours=personas()[who].reaction_hours)

    def run(self, **settings: Any) -> MonthAndDay:
        """Live through the month; open the day that was chosen, or else the one on which service first stops."""
        who = settings["who"]
        habit = Habit(
            parse_money(settings["top_up"], "top-up"),
            when=settings["when"],
            every=settings["every"],
            notices_after=self.reaction(who),
            threshold=settings["threshold"] * QAR,
            bundle=catalogue().bundles.get(settings["bundle"]),
            renewal=settings["renewal"],
        )
        rules = {name: settings[name] for name in ("validity", "grace", "pay_as_you_go")}
        trace = lived(self.usage(who, settings["month"]), habit, **rules)
        name = next(name for name, each in self.people() if each == who)
        title = f"{name}: {format_money(trace.topped_up)} topped up, {trace.hours_off} hours without service"
        return MonthAndDay(trace, title, settings["day"] or stops_on(trace) or 1)

    def describe(self, result: MonthAndDay) -> str:
        """Say when service first stopped and why, what the month cost, and how the open day went."""
        trace = result.trace
        return f"{result.title}. {how_it_stopped(trace)} {what_it_cost(trace)} {how_the_day_went(trace, result.day)}"

    def panels(self, result: MonthAndDay) -> dict[str, str]:
        """Write the readouts."""
        return {"readouts": readouts(result.trace)}

    def _show_what_applies(self) -> None:
        """Hide the controls that the others leave without effect."""
        when, bundle = self.controls["when"].value, self.controls["bundle"].value
        applies: Mapping[str, bool] = {
            "every": when == WHEN[0],
            "threshold": when == WHEN[2],
            "renewal": bundle != NO_BUNDLE,
        }
        for name, shown in applies.items():
            self.controls[name].layout.display = None if shown else "none"


class OwnMonth(PrepaidFlow):
    """The same with somebody's own usage.

    Parameters
    ----------
    usage : UsageTrace
        As `prepaid_model.usage.read_csv` reads it.

    Examples
    --------
    >>> from prepaid_model.tables import DATA
    >>> from prepaid_model.usage import read_csv
    >>> print(OwnMonth(read_csv(DATA / "example_month.csv")).result.title)
    My own month: QAR 15.00 topped up, 9 hours without service
    """

    scenarios = {"My own month": {}}

    def __init__(self, usage: UsageTrace) -> None:
        self._own = usage
        self.days = usage.days
        super().__init__()

    def people(self) -> list[tuple[str, str]]:
        """Give the one person there is."""
        return [("My own month", "own")]

    def head(self) -> Sequence[widgets.Widget]:
        """Leave out the other months: there is but one."""
        return []

    def usage(self, who: str, seed: int) -> UsageTrace:  # noqa: ARG002 (there is but one)
        """Return the usage that was given."""
        return self._own

    def reaction(self, who: str) -> timedelta:  # noqa: ARG002
        """Return two hours."""
        return timedelta(hours=2)


@lru_cache(maxsize=32)
def lived(usage: UsageTrace, habit: Habit, *, validity: int, grace: int, pay_as_you_go: bool) -> PrepaidTrace:
    """Return what becomes of a fresh account; validity and grace in days, for any top-up there is."""
    shop = catalogue()
    least = shop.lifecycle.validity[0].amount
    rules = Lifecycle((Validity(least, timedelta(days=validity)),), timedelta(days=grace))
    account = PrepaidAccount(shop.tariffs["standard"], rules, opened=usage.start, out_of_bundle=pay_as_you_go)
    return simulate(account, usage, habit)


def stops_on(trace: PrepaidTrace) -> int:
    """Return the day on which service first stops; 1 is the first, 0 if it never does."""
    return (trace.stop.start - trace.start) // timedelta(days=1) + 1 if trace.stop else 0


def how_it_stopped(trace: PrepaidTrace) -> str:
    """Say when and why service first stopped, and for how long."""
    stop = trace.stop
    if stop is None:
        return "After the first top-up it never stopped."
    again = f"until {_moment(stop.end)}" if stop.end < trace.end else "for the rest of the month"
    return f"It first stopped on {_moment(stop.start)}, {again} ({stop.status.value}): {trace.reason(stop)}."


def what_it_cost(trace: PrepaidTrace) -> str:
    """Say what was spent, what was refused and what expired."""
    lost = [format_money(trace.money_expired)] if trace.money_expired else []
    lost += [f"{format_volume(trace.data_expired)} of data"] if trace.data_expired else []
    unused = f"{' and '.join(lost)} expired unused" if lost else "nothing expired"
    return f"{format_money(trace.spent)} spent, {format_volume(sum(trace.denied))} denied, {unused}."


def how_the_day_went(trace: PrepaidTrace, day: int) -> str:
    """Say from when to when a day had no service, and what it held at its end."""
    opens = trace.start + timedelta(days=day - 1)
    closes = opens + timedelta(days=1)
    gaps = [
        f"{max(span.start, opens):%H:%M} to {'24:00' if span.end >= closes else format(span.end, '%H:%M')}"
        f" ({span.status.value})"
        for span in trace.inactive
        if span.start < closes and span.end > opens
    ]
    credit, data = trace.left_at(closes)
    without = f"no service from {' and '.join(gaps)}" if gaps else "service all day"
    return f"{opens:%a} {opens.day} {opens:%b}: {without}; {format_money(credit)} and {format_volume(data)} at its end."


def readouts(trace: PrepaidTrace) -> str:
    """Write what came of the month as a row of numbers, each with its name."""
    hours = trace.usage.days * 24
    shown = (
        ("connected", f"{trace.hours_connected} of {hours} hours", "ink"),
        ("denied", format_volume(sum(trace.denied)), "suspended"),
        ("topped up", format_money(trace.topped_up), "money"),
        ("spent", format_money(trace.spent), "money"),
        ("money expired", format_money(trace.money_expired), "waste"),
        ("data expired", format_volume(trace.data_expired), "waste"),
    )
    cells = "".join(
        f'<div><div style="font-size:13px;color:var(--pm-pale)">{html.escape(name)}</div>'
        f'<div style="font-size:16px;font-weight:600;color:var(--pm-{colour})">{html.escape(value)}</div></div>'
        for name, value, colour in shown
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px 30px;margin:8px 2px 2px">{cells}</div>'


def predict_the_day(guess: int | None = None) -> Prediction:
    """Ask on which day credit runs out that pays for usage directly, without a bundle."""
    trace = _month_of("Only pay-as-you-go")
    price = format_money(catalogue().tariffs["standard"].price)
    daily = format_volume(trace.usage.total // trace.usage.days // MB * MB)
    day = stops_on(trace)
    return Prediction(
        "Without a bundle, only pay-as-you-go: on which day does the first top-up run out?",
        day,
        f"This month holds {daily} a day, and each started megabyte costs {price}. {how_it_stopped(trace)}",
        low=1,
        high=10,
        guess=guess,
    )


def predict_the_loss(guess: int | None = None) -> Prediction:
    """Ask how much of the money paid in is lost when its validity is short."""
    trace = _month_of("Short validity")
    bundles, usage = (format_money(-trace.total(kind)) for kind in (Kind.BUNDLE, Kind.USAGE))
    paid = trace.topped_up // QAR
    return Prediction(
        f"A grandparent tops up QAR {paid} in a month. How much of it is lost, without paying for a bundle or a byte?",
        trace.money_expired // QAR,
        f"Bundles took {bundles}, bytes took {usage}, time took {format_money(trace.money_expired)}: "
        "what was still credit when its validity ended.",
        low=0,
        high=paid,
        step=5,
        unit="QAR",
        guess=guess,
    )


def _month_of(scenario: str) -> PrepaidTrace:
    flow = PrepaidFlow()
    flow.choose(scenario)
    return flow.result.trace


def _moment(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b} at {at:%H:%M}"
