"""Experiment of lesson 04: three bundles with different ends, and what each debit order lets expire."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from prepaid_model.buckets import ORDERS
from prepaid_model.figures.bucket_order import BucketPicture
from prepaid_model.figures.bucket_parts import Orders
from prepaid_model.units import MB
from prepaid_model.waste import SOONEST, Case, Outcome, every_order, three_bundles
from prepaid_model.widgets.bucket_words import (
    FIRST,
    against_soonest,
    each_order,
    table_of,
    title_of,
    what_remains,
)
from prepaid_model.widgets.controls import choice, slider, switch
from prepaid_model.widgets.experiment import Experiment


class BucketOrder(Experiment[Orders]):
    """Three bundles and a main balance, two weeks of even usage, and a debit order.

    Examples
    --------
    >>> experiment = BucketOrder()
    >>> experiment.result.title
    'Oldest first: 1.8 GB expire unused, worth QAR 14.00'
    >>> experiment.controls["order"].value = "soonest expiry"
    >>> experiment.result.title
    'Soonest expiry first: nothing expires unused'
    """

    title = "Which data goes first"
    scenarios = {
        "Oldest first": {},
        "Soonest expiry first": {"order": SOONEST, "compare": True},
        "Too much data": {"order": SOONEST, "compare": True, "daily": 300},
        "Bought again, no rollover": {"again": True, "compare": True},
        "Bought again, with rollover": {"again": True, "rollover": 1000, "compare": True},
        "A bundle for nights": {"order": SOONEST, "compare": True, "night": True, "daily": 400},
    }

    def __init__(self) -> None:
        super().__init__()
        self.on_change(self.controls["again"], self._show_what_applies)
        self._show_what_applies()

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: the order, the usage, and what else is bought."""
        return {
            "order": choice("Who pays first", [(FIRST[order], order) for order in ORDERS], "oldest"),
            "compare": switch("show the other orders too"),
            "daily": slider("Used a day, MB", 600, 100, 1200, 50),
            "night_share": slider("of it at night (0 to 6 h), %", 20, 0, 60, 5),
            "again": switch("1 GB is bought again at its end"),
            "rollover": slider("and rolls over, MB at most", 0, 0, 1000, 100),
            "night": switch("add 2 GB that serve at night only"),
        }

    def make_picture(self) -> BucketPicture:
        """Make the picture."""
        return BucketPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in three rows: the order, the usage, the purchases."""
        names = (("order", "compare"), ("daily", "night_share"), ("night", "again", "rollover"))
        return [[self.controls[name] for name in row] for row in names]

    def run(self, **settings: Any) -> Orders:
        """Live through the two weeks under every order; look at one of them."""
        outcomes = lived(case_of(**settings))
        order = settings["order"]
        return Orders(outcomes, order, settings["compare"], title_of(outcomes[order]))

    def describe(self, result: Orders) -> str:
        """Say what expires and what it had cost, who pays after that, and how the other orders do."""
        said = [f"{result.title}.", what_remains(result.chosen)]
        if result.compared:
            said += [f"Expired unused: {each_order(result.outcomes)}.", against_soonest(result.outcomes)]
        return " ".join(each for each in said if each)

    def panels(self, result: Orders) -> dict[str, str]:
        """Write what became of each bucket."""
        return {"fates": table_of(result.chosen)}

    def _show_what_applies(self) -> None:
        self.controls["rollover"].layout.display = None if self.controls["again"].value else "none"


def case_of(*, daily: int, night_share: int, again: bool, rollover: int, night: bool, **_: Any) -> Case:
    """Return the case that the controls set; usage and rollover in megabytes, the share in per cent."""
    rolls = rollover * MB if again else None
    return three_bundles(daily * MB, night_share=night_share, rollover=rolls, night=night)


@lru_cache(maxsize=16)
def lived(case: Case) -> dict[str, Outcome]:
    """Let a case be lived through under every order; kept, as most moves only look at another order."""
    return every_order(case)
