"""What lesson 04 asks: predictions, its last task, and checked questions; each right answer is worked out by the model.

They stand here and not in the lesson, so that nobody reads the answer above the question.
"""

from dataclasses import replace
from functools import lru_cache

from prepaid_model.buckets import ORDERS
from prepaid_model.catalogue import catalogue
from prepaid_model.figures.bucket_parts import about
from prepaid_model.ledger import Kind
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.swaps import Trials, try_at_random
from prepaid_model.units import MB, QAR
from prepaid_model.usage import START
from prepaid_model.waste import DAY, SOONEST, Case, Purchase, even_usage, live, three_bundles
from prepaid_model.widgets.bucket_order import lived
from prepaid_model.widgets.bucket_words import FIRST
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction

CLEARLY = 500 * MB
"""How much more an order must waste than another for the last task of the lesson."""


def predict_the_order(guess: str | None = None) -> Prediction:
    """Ask which order wastes least."""
    outcomes = lived(three_bundles(600 * MB))
    asked = [order for order in ORDERS if order != "priority"]  # no bundle has one yet: it would be the soonest again
    wasted = "; ".join(f"{FIRST[order].lower()} {about(outcomes[order].wasted)}" for order in asked)
    return Prediction(
        "Three bundles, 600 MB a day. Who should pay first, so that least expires unused?",
        min(asked, key=lambda order: outcomes[order].wasted),
        f"Expired unused: {wasted}. The data that ends first is the data that cannot wait.",
        options=asked,
        show=lambda order: {SOONEST: "the one that expires soonest"}.get(order, f"the {order}"),
        guess=guess,
    )


def predict_the_exceptions(guess: int | None = None) -> Prediction:
    """Ask in how many of 200 random cases with a night bundle another order wastes less than soonest first."""
    trials = trials_with_nights()
    return Prediction(
        "200 random cases, each with a bundle for nights only. In how many does some order waste less than "
        "soonest expiry first?",
        len(trials.against),
        "A byte at night can be paid from two buckets, a byte by day from one. Soonest first does not look at that.",
        high=len(trials.tried),
        step=5,
        unit="cases",
        guess=guess,
    )


@lru_cache(maxsize=1)
def trials_with_nights() -> Trials:
    """Try 200 random cases with a night bundle."""
    return try_at_random(200, seed=4, night=True)


def excess(daily: int, *, night_share: int = 20) -> int:
    """Return how many bytes more soonest first wastes than the best order, with a night bundle; usage in megabytes.

    Examples
    --------
    >>> excess(400) // MB, excess(800) // MB
    (0, 800)
    """
    outcomes = lived(three_bundles(daily * MB, night_share=night_share, night=True))
    return outcomes[SOONEST].wasted - min(outcome.wasted for outcome in outcomes.values())


def ask_for_a_counterexample() -> Checkpoint:
    """Ask for a daily usage at which soonest first clearly wastes more than another order; the model judges it."""
    return Checkpoint(
        "With the bundle for nights and 20 % used at night: name a daily usage from 100 to 1,200 MB at which "
        f"soonest expiry first wastes at least {about(CLEARLY)} more than another order.",
        right=None,
        accepts=lambda daily: 100 <= daily <= 1200 and excess(int(daily)) >= CLEARLY,
        solution=f"At 800 MB a day it wastes {about(excess(800))} more than by priority. At night it takes general "
        "data, which would have been used up by day anyway, and the night data expires.",
        hints=(
            (lambda daily: not 100 <= daily <= 1200, "From 100 to 1,200 MB."),
            (lambda daily: excess(int(daily)) > 0, "It wastes more already, but not yet so much. Use more a day."),
        ),
        hint="General data is left over here anyway. Night data only helps who runs out by day: use more.",
        unit="MB",
    )


def ask_who_pays_first() -> Checkpoint:
    """Ask which of two buckets pays for the next byte."""
    account = _account(60)
    for bundle in ("month_5gb", "week_3gb"):
        account.buy(catalogue().bundles[bundle], at=START)
    first, second = (bucket.name for bucket in account.buckets)
    return Checkpoint(
        "You bought 5 GB for 30 days, then 3 GB for 7 days. Soonest expiry first: who pays for the next byte?",
        first,
        f"{first}: its end comes first. When it was bought does not count, nor how large it is.",
        options=(second, first, "the main balance"),
        hints={
            "the main balance": "It pays when no bucket can.",
            second: "That would be oldest first, or largest first.",
        },
    )


def ask_what_the_waste_had_cost() -> Checkpoint:
    """Ask for the price of what expires."""
    week = Case((Purchase(catalogue().bundles["week_1gb"], START),), even_usage(100 * MB, 20, days=7))
    outcome = live(week, SOONEST)
    left = outcome.wasted // MB
    return Checkpoint(
        "1 GB for 7 days cost 10 riyals. 100 MB are used a day. How many riyals of data expire?",
        outcome.worth // QAR,
        f"{left} of 1,000 MB are left at the end, and so is their share of the price: {outcome.worth // QAR} riyals.",
        hints={7: "That was used.", left: "Those are the megabytes. What did they cost?", 10: "Some of it was used."},
        hint="How many megabytes are left, and what is their share of ten riyals?",
        unit="QAR",
    )


def ask_what_rolls_over() -> Checkpoint:
    """Ask how much a paid renewal carries over."""
    rolled = _rolled_over(credit=20)
    return Checkpoint(
        "800 MB are left of a bundle of 1 GB when it is renewed and paid. The rollover cap is 500 MB. "
        "How many MB roll over?",
        rolled,
        f"{rolled} MB, the smaller of the two: what is left, and the cap. The rest expires.",
        hints={800: "There is a cap.", 300: "That is what expires.", 1500: "That is what there is after the renewal."},
        unit="MB",
    )


def ask_what_rolls_over_unpaid() -> Checkpoint:
    """Ask the same where the renewal cannot be paid."""
    return Checkpoint(
        "The same, but the main balance is too low for the renewal. How many MB roll over?",
        _rolled_over(credit=10),
        "None: rollover comes with a paid renewal only. Here all 800 MB expire.",
        hints={500: "The renewal was not paid.", 800: "Without a renewal, what happens at the end of a bundle?"},
        hint="What does a rollover need?",
        unit="MB",
    )


def ask_whether_nights_should_go_first() -> Checkpoint:
    """Ask whether the bucket that can do least should always pay first."""
    return Checkpoint(
        "With a bundle for nights: does it never waste more to let the night bundle pay first?",
        "it may waste more" if trials_with_nights().worse("priority") else "it never wastes more",
        "It may waste more: with little usage it spends night data, and general data expires. No fixed order is best "
        "in every case.",
        options=("it never wastes more", "it may waste more"),
        hint="Look at what 200 random cases said.",
    )


def _account(credit: int) -> PrepaidAccount:
    """Return a fresh account with so many riyals."""
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START)
    account.top_up(credit * QAR, at=START)
    return account


def _rolled_over(credit: int) -> int:
    """Return how many of 800 megabytes left roll over, 500 at most, if there were so many riyals at first."""
    account = _account(credit)
    account.buy(replace(catalogue().bundles["week_1gb"], rollover=500 * MB), at=START, renews=True)
    account.use(200 * MB, at=START)
    account.advance(START + 7 * DAY)
    return account.ledger.totals("volume").get(Kind.ROLLED_IN, 0) // MB
