"""Experiment of lesson 03: one month of usage on a prepaid and on a postpaid account, side by side."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from prepaid_model.catalogue import catalogue
from prepaid_model.figures.same_month import DAYS, LEFT, RIGHT, SameMonthPicture, Side, TwoMonths
from prepaid_model.invoices import Invoice, invoices
from prepaid_model.lending import lending
from prepaid_model.offers import Plan
from prepaid_model.personas import personas
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.simulation import WHEN, Habit, simulate
from prepaid_model.units import GB, QAR, format_money, format_volume
from prepaid_model.usage import UsageTrace, month, surprise
from prepaid_model.widgets.controls import DayCursor, choice, slider
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.same_month_words import in_a_sentence, invoice_table, side_by_side

MONTH = 31
"""Days of the month: a January, so that it is one billing cycle."""
NO_CAP = "none"
CAPS = [("none", NO_CAP), *((format_money(cap * QAR), cap * QAR) for cap in (0, 10, 20, 50, 100))]
REACTION = [
    ("waits for the next planned top-up", WHEN[0]),
    ("tops up when it stops", WHEN[1]),
    ("lets it top up by itself", WHEN[2]),
]
"""What the owner of the prepaid account does when the data runs out."""


class SameMonth(Experiment[TwoMonths]):
    """The same usage, paid before and paid after.

    The prepaid owner tops up the price of a bundle and buys it; nothing is charged outside of it. The
    postpaid owner has a plan, uses what there is to use, and pays the bill on its due date.

    Examples
    --------
    >>> same = SameMonth()
    >>> format_money(same.result.bill.total), same.result.more
    ('QAR 81.06', 0)
    >>> same.choose("One surprise day")
    >>> format_money(same.result.bill.total), format_money(same.result.more)
    ('QAR 161.06', 'QAR 80.00')
    """

    title = "The same month, prepaid and postpaid"
    scenarios = {
        "An ordinary month": {},
        "One surprise day": {"extra": 4},
        "With a spend cap": {"extra": 4, "cap": 20 * QAR},
        "The operator's limit": {"extra": 8, "limit": 100},
        "Prepaid, topped up when it stops": {"extra": 4, "reaction": WHEN[1]},
        "Prepaid, topping up by itself": {"extra": 4, "reaction": WHEN[2]},
        "Hardly used": {"who": "grandparent"},
    }

    surprise_day = 20

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: the usage, the prepaid side, the postpaid side, the day of the surprise."""
        shop = catalogue()
        bundles = [
            (f"{bundle.name}, {format_money(bundle.price)}", each)
            for each, bundle in shop.bundles.items()
            if bundle.traffic is None and bundle.hours is None and bundle.price >= shop.lifecycle.validity[0].amount
        ]
        plans = [(f"{plan.name}, {format_money(plan.fee)} a month", each) for each, plan in shop.plans.items()]
        axis = LEFT + (RIGHT - LEFT) * MONTH / DAYS
        self.cursor = DayCursor(MONTH, LEFT, axis)
        return {
            "who": choice("Who", [(who.name, who.id) for who in personas().values()]),
            "month": slider("Another month", 75, 1, 99),
            "extra": slider("Surprise day, GB more", 0, 0, 10),
            "bundle": choice("Prepaid bundle", bundles, "week_1gb"),
            "reaction": choice("When data runs out, the owner", REACTION, WHEN[0]),
            "plan": choice("Postpaid plan", plans, "basic"),
            "cap": choice("spend cap", CAPS, NO_CAP),
            "limit": slider("credit limit, QAR", 250, 50, 400, 10),
            "day": self.cursor.day,
        }

    def make_picture(self) -> SameMonthPicture:
        """Make the picture."""
        return SameMonthPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in three rows: the usage, the prepaid side, the postpaid side."""
        names = (("who", "extra"), ("bundle", "reaction"), ("plan", "cap", "limit"))
        return [[self.controls[name] for name in row] for row in names]

    def head(self) -> Sequence[widgets.Widget]:
        """Put another month beside the scenarios."""
        return [self.controls["month"]]

    def over_picture(self) -> Sequence[widgets.Widget]:
        """Lay the cursor over the days of the month."""
        return [self.cursor]

    def run(self, **settings: Any) -> TwoMonths:
        """Live through the month on both accounts, to the day on which the bill is paid."""
        who, day, extra = settings["who"], settings["day"] or self.surprise_day, settings["extra"] * GB
        seed = settings["month"]
        usage = surprise(month(who, seed, days=MONTH), day, extra)
        cap = None if settings["cap"] == NO_CAP else settings["cap"]
        plan = replace(catalogue().plans[settings["plan"]], spend_cap=cap, credit_limit=settings["limit"] * QAR)
        habit = habit_of(who, settings["bundle"], settings["reaction"])
        before, (after, bill) = paid_before(usage, habit), paid_after(usage, plan)
        calm, usual = calm_side(who, seed, habit), usual_bill(who, seed, plan)
        named = f"{personas()[who].name}: {format_volume(usage.total)} wanted in January"
        at = usage.start + timedelta(days=day - 1)
        title = f"{named}, {format_volume(extra)} of it a surprise on {at:%A} {at.day} {at:%B}" if extra else named
        return TwoMonths(before, after, bill, calm, usual, day, extra, title)

    def describe(self, result: TwoMonths) -> str:
        """Say who pays when and how much, who lends, and what the surprise was on either side."""
        return in_a_sentence(result)

    def panels(self, result: TwoMonths) -> dict[str, str]:
        """Write both sides as a table, and the invoice line by line."""
        return {"both": side_by_side(result) + invoice_table(result)}


def habit_of(who: str, bundle: str, reaction: str) -> Habit:
    """Return what somebody does who tops up the price of a bundle, and buys it."""
    bought = catalogue().bundles[bundle]
    notices_after = timedelta(hours=personas()[who].reaction_hours)
    return Habit(bought.price, when=reaction, every=bought.lasts.days, notices_after=notices_after, bundle=bought)


@lru_cache(maxsize=32)
def paid_before(usage: UsageTrace, habit: Habit) -> Side:
    """Return the prepaid side, looked at until the day on which the other side pays."""
    shop = catalogue()
    account = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=usage.start)
    trace = simulate(account, usage, habit)
    end = usage.start + timedelta(days=DAYS - 1)
    account.advance(end)
    return Side(trace, lending(account.ledger, until=end))


@lru_cache(maxsize=32)
def paid_after(usage: UsageTrace, plan: Plan) -> tuple[Side, Invoice]:
    """Return the postpaid side and the month's invoice, which is paid when it is due."""
    account = PostpaidAccount(plan, opened=usage.start)
    trace = simulate(account, usage)
    bill = invoices(account.ledger)[0]
    account.pay(bill.total, at=bill.due)
    return Side(trace, lending(account.ledger, until=bill.due)), bill


@lru_cache(maxsize=32)
def calm_side(who: str, seed: int, habit: Habit) -> Side:
    """Return the prepaid side of a month without a surprise."""
    return paid_before(month(who, seed, days=MONTH), habit)


@lru_cache(maxsize=32)
def usual_bill(who: str, seed: int, plan: Plan) -> Invoice:
    """Return the invoice of a month without a surprise."""
    return paid_after(month(who, seed, days=MONTH), plan)[1]
