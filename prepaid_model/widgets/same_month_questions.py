"""What the lesson "Prepaid or postpaid?" asks: predictions and checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from datetime import timedelta

from prepaid_model.catalogue import catalogue
from prepaid_model.figures.same_month import TwoMonths
from prepaid_model.lending import break_even, lending, riyal_days
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.units import MB, QAR, format_money
from prepaid_model.usage import START
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction
from prepaid_model.widgets.same_month import SameMonth


def predict_the_bill(guess: int | None = None) -> Prediction:
    """Ask what the postpaid bill asks for after the surprise day."""
    result = month_of("One surprise day")
    lines = ", ".join(f"{line.text}: {format_money(line.money)}" for line in result.bill.lines)
    return Prediction(
        "What does the bill of 1 February ask for?",
        result.bill.total // QAR,
        f"Line by line: {lines}. Without that one day it would be {format_money(result.usual.total)}.",
        high=300,
        step=5,
        unit="QAR",
        guess=guess,
    )


def predict_the_top_ups(guess: int | None = None) -> Prediction:
    """Ask what the surprise day costs a prepaid owner whose account tops itself up."""
    result = month_of("Prepaid, topping up by itself")
    paid, calm = (format_money(int(side.lending.paid[-1])) for side in (result.prepaid, result.calm))
    return Prediction(
        "Prepaid, topping up by itself: how much more is paid in because of that day?",
        result.more_paid_in // QAR,
        f"{calm} in an ordinary month, {paid} with the surprise. Nobody had to say yes, so nothing stopped: "
        "as much a surprise as a bill, only sooner.",
        high=100,
        step=5,
        unit="QAR",
        guess=guess,
    )


def money_times_time() -> Checkpoint:
    """Ask for riyal-days."""
    sunday, thursday = (START + timedelta(days=days) for days in (3, 7))
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=sunday, out_of_bundle=True)
    account.top_up(15 * QAR, at=sunday)
    account.use(300 * MB, at=thursday)
    counted = riyal_days(lending(account.ledger, until=thursday).by_customer)
    return Checkpoint(
        "You top up 15 riyals on a Sunday and use them all on Thursday, at the same hour. How many riyal-days?",
        counted,
        f"15 riyals, four days each: {counted} riyal-days.",
        hints={
            15: "For how long?",
            4: "Of how much money?",
            45: "Sunday to Thursday: count the days again.",
            75: "Four.",
        },
        hint="Multiply the money by the days.",
        unit="riyal-days",
    )


def a_quiet_first_bill() -> Checkpoint:
    """Ask what a bill holds besides usage."""
    result = month_of("Hardly used")
    fee = catalogue().plans["basic"].fee // QAR
    return Checkpoint(
        "A grandparent stays far below the 2 GB of Basic. What does the first bill ask for?",
        result.bill.total // QAR,
        f"{result.bill.total // QAR} riyals, January's fee and February's: the fee is charged in advance, so the first "
        "bill has two of them.",
        hints={fee: "That is one month's fee. Which months are on this bill?", 0: "The fee is due, used or not."},
        unit="QAR",
    )


def a_cap() -> Checkpoint:
    """Ask what a spend cap makes of the surprise."""
    result = month_of("With a spend cap")
    fee = catalogue().plans["basic"].fee // QAR
    return Checkpoint(
        "The same surprise day, and a spend cap of 20 riyals. What does the bill ask for?",
        result.bill.total // QAR,
        f"Two fees and 20 riyals of overage: {result.bill.total // QAR} riyals. At the cap service stops, until its "
        "owner agrees to more.",
        hints={
            fee + 20: "Nearly: the next month's fee is on it, too.",
            20: "The cap limits overage only; the fees come on top.",
            month_of("One surprise day").bill.total // QAR: "That is the bill without a cap.",
        },
        unit="QAR",
    )


def a_limit() -> Checkpoint:
    """Ask whom a credit limit protects."""
    result = month_of("The operator's limit")
    return Checkpoint(
        "A credit limit of 100 riyals, no spend cap, 8 GB more on one day. What does the bill ask for?",
        result.bill.total // QAR,
        f"Usage stopped when 100 were owed. The next month's fee comes on top, {result.bill.total // QAR} in all: the "
        "limit is the operator's, not yours.",
        hints={100: "So much was owed when usage stopped. What is charged on 1 February?"},
        hint="Look at the invoice in the scenario: The operator's limit.",
        unit="QAR",
    )


def where_they_meet() -> Checkpoint:
    """Ask for the break-even of a plan and a bundle."""
    shop = catalogue()
    plan, bundle = shop.plans["basic"], shop.bundles["month_5gb"]
    below, same, _ = break_even(plan, bundle, up_to=bundle.volume)
    even, allowance = same.end // MB, plan.allowance // MB
    return Checkpoint(
        "Basic costs 35 riyals with 2 GB, then 0.02 a megabyte. The bundle of 5 GB costs 40. "
        "Up to how many MB a month does Basic cost no more?",
        even,
        f"The bundle costs {format_money(bundle.price - plan.fee)} more: so many riyals pay for "
        f"{even - allowance} MB beyond the allowance. Up to {below.end // MB:,} MB Basic is cheaper, "
        f"above {even:,} MB the bundle.",
        hints={
            allowance: "That is the allowance. How much overage makes up the difference of the two prices?",
            even - allowance: "That is the overage. The allowance comes before it.",
            bundle.volume // MB: "That is all that is in the bundle.",
        },
        hint="How many megabytes of overage make up the difference of the two prices?",
        unit="MB",
    )


def month_of(scenario: str) -> TwoMonths:
    """Return the result of a scenario."""
    same = SameMonth()
    same.choose(scenario)
    return same.result
