"""Experiment of lesson 07, first half: how large a quota should be, and what flows that nothing pays for."""

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from prepaid_model.figures.quota_tradeoff import Tradeoff, TradeoffPicture, amount
from prepaid_model.tradeoff import (
    SIZES,
    Conditions,
    Measures,
    RunDown,
    best_size,
    errors,
    expected,
    range_of_sizes,
    run_down,
    simulated,
)
from prepaid_model.units import KB, MB, format_money, format_volume
from prepaid_model.widgets.controls import choice, slider, stepped, switch
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.prediction import Prediction

SEED = 7
MEGABIT = 125_000
"""Bytes a second at a megabit a second."""
DELAYS = (20, 50, 100, 200, 500, 1000, 2000, 5000)
NEEDS = (MB, 10 * MB, 100 * MB)
SPEEDS = (1, 2, 5, 10, 20, 50, 100)
WEIGHTS = (1, 3, 10, 30, 100, 300, 1000)
EVERYTHING = {"add_up": True, "run_down": True}
SESSIONS = (20, 100, 1000, 10_000)


class QuotaTradeoff(Experiment[Tradeoff]):
    """The size of a quota against what it costs, for devices that share an account.

    Examples
    --------
    >>> tradeoff = QuotaTradeoff()
    >>> tradeoff.controls["run_down"].value = True
    >>> print(how_it_ends(tradeoff.result.end))
    At the end of the credit 1.5 MB flow that nothing is left to pay for: the balance stands at -QAR 0.09 (overshoot).
    >>> tradeoff.controls["quota"].value = 10 * MB
    >>> print(how_it_ends(tradeoff.result.end))
    At the end of the credit 1.5 MB flow that nothing is left to pay for: the balance stands at -QAR 0.09 (overshoot).
    """

    title = "The size of a quota"
    scenarios = {
        "Three devices": {},
        "One device alone": {"devices": 1} | EVERYTHING,
        "Slow answers": {"delay": 2000} | EVERYTHING,
        "Answers at once": {"delay": 20, "speed": 1} | EVERYTHING,
        "Long films": {"need": 100 * MB, "quota": 10 * MB} | EVERYTHING,
        "Requests are cheap": {"weight": 1000} | EVERYTHING,
    }

    def __init__(self) -> None:
        super().__init__()
        self.on_change(self.controls["add_up"], self._show_what_applies)
        self._show_what_applies()

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: the quota, the conditions, how much what weighs, how many sessions are simulated."""
        return {
            "quota": stepped("Quota", [(format_volume(size), size) for size in SIZES], MB),
            "delay": stepped("Delay of an answer", [(_seconds(delay), delay) for delay in DELAYS], 200),
            "speed": stepped("Speed", [(f"{speed} Mbit/s", speed) for speed in SPEEDS], 20),
            "devices": slider("Devices on the account", 3, 1, 6),
            "need": choice(
                "A session needs", [(format_volume(need), need) for need in (MB, 10 * MB, 100 * MB)], 10 * MB
            ),
            "weight": stepped("1 MB unused is as bad as", [(f"{each:,} requests", each) for each in WEIGHTS], 100),
            "add_up": switch("add it up"),
            "run_down": switch("run the credit down"),
            "sessions": choice("Simulate", [(f"{each:,} sessions", each) for each in SESSIONS], 20),
        }

    def make_picture(self) -> TradeoffPicture:
        """Make the picture."""
        return TradeoffPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in two rows: what is set, and under which conditions."""
        names = (("quota", "delay", "speed"), ("devices", "need", "sessions"), ("run_down", "add_up", "weight"))
        return [[self.controls[name] for name in row] for row in names]

    def run(self, **settings: Any) -> Tradeoff:
        """Work out theory's curves, simulate the points, and let gateways run an account down."""
        speed, quota, weight = settings["speed"] * MEGABIT, settings["quota"], settings["weight"]
        conditions = Conditions(settings["need"], settings["delay"], speed, settings["devices"])
        count = settings["sessions"]
        return Tradeoff(
            sizes=range_of_sizes(),
            theory=curves(conditions),
            tried=SIZES,
            simulated=simulated(conditions, SIZES, count, SEED),
            errors=errors(conditions, SIZES, count, SEED),
            weight=weight,
            quota=quota,
            chosen=expected(conditions, [quota]),
            best=best_size(conditions, weight, range_of_sizes()),
            conditions=conditions,
            end=run_down(conditions, quota) if settings["run_down"] else None,
            title=f"{_devices(conditions.devices)}, {format_volume(quota)} at a time",
            added_up=settings["add_up"],
        )

    def describe(self, result: Tradeoff) -> str:
        """Say what the chosen size costs, which would be best, and how the credit ends."""
        requests, unused, ahead = (float(each[0]) for each in result.chosen)
        said = (
            f"{result.title}: {requests:,.0f} requests for each gigabyte, {amount(unused)} set aside and unused, "
            f"{amount(ahead)} of each gigabyte flow before they are granted."
        )
        best = [f"The least score is at {amount(result.best)}."] if result.added_up else []
        return " ".join([said, *best, *([how_it_ends(result.end)] if result.end else [])])

    def panels(self, result: Tradeoff) -> dict[str, str]:
        """Write how an account ends that is run down under these conditions."""
        return {"readouts": readouts(result.conditions, result.end)}

    def _show_what_applies(self) -> None:
        """Hide the weight while nothing is weighed."""
        self.controls["weight"].layout.display = None if self.controls["add_up"].value else "none"


@lru_cache(maxsize=128)
def curves(conditions: Conditions) -> Measures:
    """Return what theory says of all sizes."""
    return expected(conditions, range_of_sizes())


def how_it_ends(end: RunDown) -> str:
    """Say what became of an account that was run down."""
    if not end.owed:
        return "At the end of the credit nothing flows that is not paid for: the last units are announced as the last."
    return (
        f"At the end of the credit {amount(end.owed)} flow that nothing is left to pay for: "
        f"the balance stands at {format_money(end.balance)} (overshoot)."
    )


def readouts(conditions: Conditions, end: RunDown | None) -> str:
    """Write what flows in a wait, and how the credit ended if it was run down, as numbers with their names."""
    waits = conditions.meanwhile
    shown = [("flows while one device waits: speed × delay", amount(waits), "ink")]
    if end:
        colour = "bill" if end.owed else "money"
        shown += [
            (f"{_devices(conditions.devices)} ran the credit down: flowed unpaid", amount(end.owed), colour),
            ("balance at the end", format_money(end.balance), colour),
        ]
    cells = "".join(
        f'<div><div style="font-size:13px;color:var(--pm-pale)">{html.escape(name)}</div>'
        f'<div style="font-size:16px;font-weight:600;color:var(--pm-{colour})">{html.escape(value)}</div></div>'
        for name, value, colour in shown
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px 30px;margin:8px 2px 2px">{cells}</div>'


def predict_the_size(guess: int | None = None) -> Prediction:
    """Ask which size of a quota is best for three devices."""
    start = QuotaTradeoff().result
    conditions, weight = start.conditions, start.weight
    best = best_size(conditions, weight)
    smallest, at_best, largest = (expected(conditions, [size]) for size in (SIZES[0], best, SIZES[-1]))
    return Prediction(
        f"Three devices share an account. 1 MB set aside and unused is as bad as {weight} more requests "
        "for each gigabyte. Which quota is best?",
        best,
        f"With {format_volume(SIZES[0])} a gigabyte takes {_round(smallest.requests)} requests, with "
        f"{format_volume(best)} {_round(at_best.requests)}. But with {format_volume(SIZES[-1])} the devices sit on "
        f"{amount(largest.unused[0])} that they do not use, with {format_volume(best)} on {amount(at_best.unused[0])}.",
        options=[100 * KB, 500 * KB, best, 10 * MB, 100 * MB],
        show=format_volume,
        guess=guess,
    )


def predict_the_overshoot(guess: str | None = None) -> Prediction:
    """Ask what a smaller quota does to the debt at the end of the credit."""
    start = QuotaTradeoff().result.conditions
    large, small = run_down(start, 10 * MB), run_down(start, MB)
    same = "as much as before"
    return Prediction(
        f"The same three devices stream until the credit is gone, with 10 MB at a time: the balance ends at "
        f"{format_money(large.balance)}. Now the quota is made ten times smaller. How far below zero does it end?",
        same,
        f"{format_money(small.balance)}: what flows unpaid is what flows while each device waits for its last answer, "
        f"{start.devices} times {amount(start.meanwhile)}. The size of the quota is not in it, speed and delay are.",
        options=["a tenth of that", same, "ten times that", "not below zero at all"],
        guess=guess,
    )


def _round(values: Any) -> str:
    return f"{float(values[0]):,.0f}"


def _devices(count: int) -> str:
    return "One device" if count == 1 else f"{count} devices"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds // 1000} s"
