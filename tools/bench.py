"""Measure the project against its budgets: ``python -m tools.bench [word ...]``.

A measurement is a function that returns a number, listed here with its unit and its budget. The command prints
them as a table and fails if one is over. Times of whole programs are medians of fresh processes; nothing is subtracted.

Examples
--------
>>> Measurement("import a module", "s", lambda: 0.25, at_most=0.3).row()
('import a module                                    0.25 s       at most      0.3  ok', True)
>>> Measurement("ledger events", "1/s", lambda: 900_000, at_least=1_000_000).row()
('ledger events                                   900000 1/s     at least 1000000  over', False)
"""

import argparse
import gc
import importlib
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "prepaid_model"
FRESH_PROCESSES = 5
MOVES = 60
LEAK_MOVES = 500
RUNS = 40
EVENTS = 43_200  # a report a minute for a month
BATCH = 1000


@dataclass(frozen=True)
class Measurement:
    """A number, how to take it, and the budget it must keep."""

    name: str
    unit: str
    measure: Callable[[], float]
    at_most: float = math.inf
    at_least: float = -math.inf

    def row(self) -> tuple[str, bool]:
        """Take the measurement; return its line of the table, and whether it keeps its budget."""
        measured = self.measure()
        kept = self.at_least <= measured <= self.at_most
        bound, budget = ("at most", self.at_most) if self.at_most < math.inf else ("at least", self.at_least)
        number = f"{measured:.2f}" if measured < 100 else f"{measured:.0f}"
        line = f"{self.name:46}{number:>9} {self.unit:7} {bound:8}{budget:>8.7g}  {'ok' if kept else 'over'}"
        return line, kept


def program_seconds(code: str, times: int = FRESH_PROCESSES) -> float:
    """Return how long a fresh Python takes to start, run `code` and end: the median of several."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def import_seconds(folder: Path) -> float:
    """Return how long a program takes that imports a module of the folder with all it needs: the slowest of them."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in folder.glob("[!_]*.py"))
    programs = [f"import {'.'.join(path.parts)}" for path in paths]
    return program_seconds(max(programs, key=lambda program: program_seconds(program, times=1)))


def median_ms(move: Callable[[int], object]) -> float:
    """Return how long a move of an experiment takes in the kernel: the median of many; `move` is given their number."""
    taken = []
    for number in range(MOVES):
        start = time.perf_counter()
        move(number)
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


@dataclass(frozen=True)
class Moved:
    """An experiment, and the control that is moved to measure it.

    Parameters
    ----------
    module, name : str
        Module of `prepaid_model.widgets`, and class.
    control : str
        A slider of it, by its name in `controls`; or ``"cursor"``, for the one that lies over its picture.
    remembers : tuple of str
        Functions of the module that remember what they worked out: what is measured is worked out anew.
    """

    module: str
    name: str
    control: str
    remembers: tuple[str, ...] = ()

    def cell(self) -> str:
        """Write the cell that shows it, its slider marked, in a notebook."""
        lines = [
            f"from prepaid_model.widgets import {self.module}",
            *(f"{self.module}.{each} = {self.module}.{each}.__wrapped__" for each in self.remembers),
            f"shown = {self.module}.{self.name}()",
            f"shown.{self._place}.add_class('bench-slider')",
            "shown",
        ]
        return "\n".join(lines)

    @property
    def _place(self) -> str:
        return "cursor.day" if self.control == "cursor" else f"controls['{self.control}']"

    def mover(self) -> Callable[[int], None]:
        """Make one, and return a function that moves its slider, to the next position at each number."""
        module = importlib.import_module(f"prepaid_model.widgets.{self.module}")
        shown = getattr(module, self.name)()
        slider = shown.cursor.day if self.control == "cursor" else shown.controls[self.control]
        ends = (slider.min, slider.max + 1, slider.step) if hasattr(slider, "max") else ()
        places = list(range(*ends)) if ends else [value for _, value in slider._options_full]

        def move(number: int) -> None:
            for each in self.remembers:
                getattr(module, each).cache_clear()
            slider.value = places[number % len(places)]

        return move


EXPERIMENTS = [
    Moved("prepaid_flow", "PrepaidFlow", "every", remembers=("lived",)),
    Moved("prepaid_flow", "PrepaidFlow", "month", remembers=("lived",)),
    Moved("same_month", "SameMonth", "extra", remembers=("paid_before", "paid_after")),
    Moved("bucket_order", "BucketOrder", "daily", remembers=("lived",)),
    Moved("balance_vault", "BalanceVault", "use"),
    Moved("lost_update", "LostUpdate", "a_takes"),
    Moved("rating_ladder", "RatingLadder", "cursor"),
    Moved("credit_control_stepper", "CreditControlStepper", "position"),
    Moved("alert_timing", "AlertTiming", "reading", remembers=("lived",)),
    Moved("byte_counter", "ByteCounter", "minutes"),
    Moved("quota_tradeoff", "QuotaTradeoff", "quota", remembers=("run_down", "curves")),
    Moved("outage_policy", "OutagePolicy", "lost", remembers=("lived",)),
    Moved("byte_counter", "ByteCounter", "guess"),
]


def phone_step_ms() -> float:
    """Measure a step of the phone: its story lived through again, its picture drawn and encoded, its page written."""
    from prepaid_model.phone import Buy, Do, TopUp  # noqa: PLC0415 (only here: other measurements start without it)
    from prepaid_model.units import QAR  # noqa: PLC0415
    from prepaid_model.widgets.recharge_phone import RechargePhone  # noqa: PLC0415

    phone = RechargePhone()
    steps = (TopUp(25 * QAR), Buy("week_1gb"), *(Do("music", 5) for _ in range(6)))
    return median_ms(lambda number: phone.act(actions=steps[: 3 + number % 6]))


def books_step_ms() -> float:
    """Measure a step of the operator's books: lived through again, booked, drawn and encoded, its tables written."""
    from prepaid_model.bookkeeping import Buy, TopUp, Use  # noqa: PLC0415
    from prepaid_model.units import MB, QAR  # noqa: PLC0415
    from prepaid_model.widgets.operator_books import OperatorBooks  # noqa: PLC0415

    books = OperatorBooks()
    books.controls["double"].value = True
    steps = (TopUp(25 * QAR), Buy("week_1gb"), *(Use(100 * MB) for _ in range(6)))
    return median_ms(lambda number: books.act(actions=steps[: 3 + number % 6]))


@lru_cache
def waits(each: Moved) -> list[float]:
    """Press keys on the slider in a real browser, and return what each press took, in ms."""
    from tools import latency  # noqa: PLC0415

    return latency.measure(each.cell(), ".bench-slider .noUi-handle")


def late_ms(each: Moved) -> float:
    """Return the 95th percentile of the waits."""
    from tools.latency import p95  # noqa: PLC0415

    return p95(waits(each))


@lru_cache
def grown(each: Moved) -> tuple[float, int]:
    """Move an experiment 500 times; return how many MB the process grew, and how many figures more there are."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    def figures() -> int:
        gc.collect()
        return sum(isinstance(known, Figure) for known in gc.get_objects())

    move = each.mover()
    for number in range(LEAK_MOVES // 5):  # what is kept on purpose (months, letters) is kept by then
        move(number)
    memory, count = _resident_mb(), figures()
    for number in range(LEAK_MOVES):
        move(number)
    return _resident_mb() - memory, figures() - count


def of_experiment(each: Moved) -> list[Measurement]:
    """Give the measurements of an experiment, with the budgets that hold for all."""
    title = f"{each.name}, {each.control}"
    return [
        Measurement(f"{title}: a move", "ms", lambda: median_ms(each.mover()), at_most=25),
        Measurement(f"{title}: key to picture", "ms", lambda: statistics.median(waits(each)), at_most=60),
        Measurement(f"{title}: the slowest of 20", "ms", lambda: late_ms(each), at_most=90),
        Measurement(f"{title}: 500 moves keep", "MB", lambda: grown(each)[0], at_most=10),
        Measurement(f"{title}: 500 moves leak", "figures", lambda: grown(each)[1], at_most=0),
    ]


def lesson_seconds() -> float:
    """Run each lesson whole in a fresh kernel, as `make notebooks` does; return what the longest takes."""
    from tools.notebooks import execute  # noqa: PLC0415

    taken = []
    for lesson in sorted((ROOT / "notebooks").glob("*.ipynb")):
        start = time.perf_counter()
        execute(lesson)
        taken.append(time.perf_counter() - start)
    return max(taken)


def _resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def account_events_a_second() -> float:
    """Measure a month of a prepaid account: three bundles, then pay-as-you-go, a key to each event.

    The best of several runs. Events are made in small batches, as fresh in the processor's memory as if they had just
    arrived. The more keys an account remembers, the slower the memory they lie in: five times as many cost a tenth.
    """
    from prepaid_model.offers import Bundle  # noqa: PLC0415
    from prepaid_model.prepaid import PrepaidAccount  # noqa: PLC0415
    from prepaid_model.rating import Tariff  # noqa: PLC0415
    from prepaid_model.units import KB, QAR, parse_moment  # noqa: PLC0415

    start, second, rates = parse_moment("2026-01-01 09:00"), timedelta(seconds=1), []
    for _ in range(RUNS):
        account = PrepaidAccount(Tariff(price=50_000, increment=100 * KB), opened=start, out_of_bundle=True)
        account.top_up(1_000_000 * QAR, at=start)
        for days in (7, 14, 28):
            account.buy(Bundle(f"{days} days", QAR, EVENTS // 4 * 1500, timedelta(days=days)), at=start)
        spent = 0.0
        for first in range(0, EVENTS, BATCH):
            numbers = range(first, min(first + BATCH, EVENTS))
            batch = [(1000 + number % 1000, start + number * second, f"report {number}") for number in numbers]
            began = time.process_time()
            for volume, at, key in batch:
                account.use(volume, at=at, key=key)
            spent += time.process_time() - began
        account.check()
        rates.append(EVENTS / spent)
    return max(rates)


def store_speed(how: str, *programs: int) -> float:
    """Return what a way of using a store achieves: see `tools.store_speed`."""
    from tools import store_speed  # noqa: PLC0415 (only here: other measurements start without it)

    measured: float = getattr(store_speed, how)(*programs)
    return measured


MEASUREMENTS = [
    Measurement("import a module of the model", "s", lambda: import_seconds(PACKAGE), at_most=0.3),
    Measurement("import a widget", "s", lambda: import_seconds(PACKAGE / "widgets"), at_most=1.0),
    Measurement("events of the scalar account", "1/s", account_events_a_second, at_least=1_000_000),
    Measurement("store: an operation a commit", "1/s", lambda: store_speed("alone"), at_least=200),
    Measurement("store: a thousand a commit", "1/s", lambda: store_speed("grouped"), at_least=8_000),
    Measurement("store: two programs at once", "1/s", lambda: store_speed("together", 2), at_least=100),
    Measurement("store: entries read and checked", "1/s", lambda: store_speed("opened"), at_least=20_000),
    Measurement("a step of the phone", "ms", phone_step_ms, at_most=25),
    Measurement("a step of the operator's books", "ms", books_step_ms, at_most=25),
    Measurement("the longest lesson, run whole", "s", lesson_seconds, at_most=6),
    *(measurement for each in EXPERIMENTS for measurement in of_experiment(each)),
]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Measure the project against its budgets.")
    parser.add_argument(
        "name", nargs="*", help="words that the names of the measurements to take contain (default: all)"
    )
    words = parser.parse_args().name
    kept_all = True
    for measurement in MEASUREMENTS:
        if not words or any(word in measurement.name for word in words):
            line, kept = measurement.row()
            kept_all &= kept
            print(line, flush=True)
    if not kept_all:
        sys.exit("a budget is not kept")


if __name__ == "__main__":
    main()
