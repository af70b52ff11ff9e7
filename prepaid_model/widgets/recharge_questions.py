"""What the lesson "What is a recharge?" asks: predictions, tasks and checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from itertools import count
from typing import Any

from prepaid_model.catalogue import catalogue
from prepaid_model.ledger import Kind
from prepaid_model.phone import Buy, Do, SameVoucher, Step, Story, TopUp, replay
from prepaid_model.units import MB, QAR, format_money, format_volume
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction
from prepaid_model.widgets.recharge_phone import FILM

PAID = TopUp(25 * QAR)
WEEK = Buy("week_1gb")


def credit_left(guess: Any = None) -> Prediction:
    """Ask for the credit after a top-up, a conversion and ten minutes of video."""
    return Prediction(
        "How much credit is left?",
        _first_recharge().account.credit // QAR,
        "The bundle was paid from credit. The video was paid from the bundle, so credit stayed as it was.",
        high=25,
        unit="QAR",
        guess=guess,
    )


def data_left(guess: Any = None) -> Prediction:
    """Ask for the data after the same."""
    wanted = format_volume(_first_recharge().turns[-1].wanted)
    return Prediction(
        "And how much data is left of the 1,000 MB?",
        _first_recharge().account.data_left // MB,
        f"Ten minutes of video in standard quality moved {wanted}, up and down together.",
        high=1000,
        step=10,
        unit="MB",
        guess=guess,
    )


def price_as_you_go(guess: Any = None) -> Prediction:
    """Ask what a film costs without a bundle."""
    film = replay((PAID, WEEK, FILM))
    times = _outside() * catalogue().bundles[WEEK.bundle].volume // (MB * catalogue().bundles[WEEK.bundle].price)
    return Prediction(
        "What does the same video cost pay-as-you-go, in whole riyals?",
        film.as_you_go(film.turns[-1]) // QAR,
        f"A megabyte costs {format_money(_outside())} outside a bundle: {times} times as much as in this one.",
        high=25,
        unit="QAR",
        guess=guess,
    )


def first_alert() -> Checkpoint:
    """Ask when the first alert comes: the task to tweak."""
    minutes = next(minutes for minutes in count(1) if _watched(minutes).alerts)
    alert = _watched(minutes).alerts[0]
    return Checkpoint(
        "3 GB, video (SD) without a break: after how many minutes does the first alert come?",
        minutes,
        f"After {minutes} minutes. It says: {alert.text} One minute earlier the phone is silent.",
        hints={minutes - 1: "Nearly. Has it really come by then?", minutes + 1: "Nearly. Was it there before?"},
        hint="Try 120 min, then go on by 1 and 5 min. Back takes you back.",
        unit="min",
    )


def break_even() -> Checkpoint:
    """Ask from where on a bundle is worth its price: the task to build."""
    price = catalogue().bundles[WEEK.bundle].price
    even = price // _outside()
    return Checkpoint(
        "From how many MB on does the bundle of 1 GB cost no more than pay-as-you-go?",
        even,
        f"From {even} MB on: {format_money(price)} for the bundle, divided by {format_money(_outside())} for a "
        "megabyte outside it.",
        hints={1000: "That is all that is in it. What would so much cost outside?"},
        hint="Divide the price of the bundle by the price of one megabyte outside it.",
        unit="MB",
    )


def credit_after_a_dearer_bundle() -> Checkpoint:
    """Ask what conversion leaves of the credit."""
    left = replay((PAID, Buy("week_3gb"))).account.credit // QAR
    return Checkpoint(
        "You top up 25 riyals and buy 3 GB for 20. How much credit is left?",
        left,
        f"What the bundle cost has left the credit; the rest stays: {left} riyals.",
        hints={25: "Buying a bundle takes its price from the credit.", 20: "That is what left the credit."},
        unit="QAR",
    )


def data_after_a_video_call() -> Checkpoint:
    """Ask for both directions of a call."""
    turn = replay((PAID, WEEK, Do("video_call", 10))).turns[-1]
    took, left = turn.wanted // MB, turn.data // MB
    return Checkpoint(
        "A video call moves 4.5 MB a minute in each direction. How much is left of 1,000 MB after ten minutes?",
        left,
        f"The call took {took} MB, so {left} MB are left: what you send counts as well as what you receive.",
        hints={left + took // 2: "You have counted one direction. What you send counts too.", took: "So much it took."},
        unit="MB",
    )


def three_times_the_same_voucher() -> Checkpoint:
    """Ask what a voucher is worth that is sent three times."""
    credit = replay((PAID, SameVoucher(), SameVoucher())).account.credit // QAR
    return Checkpoint(
        "You send the number of one voucher of 25 riyals three times. What is your credit?",
        credit,
        f"{credit} riyals. The number is the key of the top-up: what carries a known key is not done again.",
        hints={75: "That would be three vouchers.", 50: "That would be two vouchers.", 0: "Nothing is taken back."},
        unit="QAR",
    )


def bytes_without_consent() -> Checkpoint:
    """Ask what flows with credit, but without a bundle or consent."""
    none, affordable, everything = "none", "as many as the credit pays for", "as many as the page needs"
    turn = replay((PAID, Do("web", 1))).turns[-1]
    served = turn.total(Kind.USAGE, column="quantity")
    return Checkpoint(
        "Credit of 25 riyals, no bundle, pay-as-you-go not allowed. You open a web page. How many bytes flow?",
        everything if served == turn.wanted else affordable if served else none,
        "None: there is money, but no permission to charge it by the megabyte.",
        options=(none, affordable, everything),
        hints={affordable: "Has the owner agreed to that?", everything: "Who would pay for them?"},
    )


def _first_recharge() -> Story:
    return replay((PAID, WEEK, Do("video_sd", 10)))


def _watched(minutes: int) -> Story:
    steps: tuple[Step, ...] = (PAID, Buy("week_3gb"), Do("video_sd", minutes))
    return replay(steps)


def _outside() -> int:
    """Micros for a megabyte without a bundle."""
    return catalogue().tariffs["standard"].price
