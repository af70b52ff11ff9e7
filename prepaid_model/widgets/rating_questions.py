"""What the lesson "How do bytes become riyals?" asks: two predictions and five checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from prepaid_model.catalogue import catalogue
from prepaid_model.rating import rate
from prepaid_model.staircase import in_reports, in_sessions
from prepaid_model.units import DIRHAM, KB, MB, QAR, format_money
from prepaid_model.usage import START
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction
from prepaid_model.widgets.rating_ladder import RatingLadder

MESSAGES = 10
"""Of a kilobyte each, in two of the questions."""


def price_of_a_byte(guess: str | None = None) -> Prediction:
    """Ask what a single byte costs."""
    ladder = RatingLadder()
    price = ladder.result.list_price
    ladder.controls["volume"].value = "1 B"
    return Prediction(
        f"A megabyte costs {format_money(price)}. You send one single byte. What does it cost?",
        format_money(ladder.result.paid.charged),
        f"The first byte starts a megabyte, and that is charged whole. {QAR // price} such bytes, each in a session "
        f"of its own, cost {format_money(QAR)}.",
        options=("nothing", "a millionth of it: QAR 0.00000005", "a tenth of it: QAR 0.005", format_money(price)),
        guess=guess,
    )


def price_of_a_hundred_sessions(guess: str | None = None) -> Prediction:
    """Ask what ten megabytes cost in a hundred sessions."""
    ladder = RatingLadder()
    ladder.controls["volume"].value = "10 MB"
    once, _, many, reported = (format_money(split.cost) for split in ladder.result.splits)
    a_hundredfold = format_money(100 * ladder.result.paid.charged)
    return Prediction(
        f"10 MB in one session cost {once}. An app moves the same 10 MB in 100 sessions of 100 KB. What do they cost?",
        many,
        "Each of the 100 sessions starts a megabyte of its own. Reported 100 times within one session, the same bytes "
        f"would cost {reported}.",
        options=(once, "QAR 0.60", many, a_hundredfold),
        guess=guess,
    )


def two_started_megabytes() -> Checkpoint:
    """Ask for the price of a little more than a megabyte."""
    cost = rate(catalogue().tariffs["standard"], 1200 * KB, at=START).charged // DIRHAM
    return Checkpoint(
        "5 dirham for each started megabyte. What do 1.2 MB cost in one session?",
        cost,
        f"{cost} dirham: two megabytes are started.",
        hints={6: "That would be a price by the byte.", 5: "And the last 200 KB?"},
        hint="How many megabytes are started?",
        unit="dirham",
    )


def ten_messages() -> Checkpoint:
    """Ask for the price of messages that are sessions."""
    cost = in_sessions(catalogue().tariffs["standard"], MESSAGES * KB, MESSAGES, at=START) // DIRHAM
    return Checkpoint(
        f"The same tariff. An app sends {MESSAGES} messages of 1 KB, each in a session of its own. Together?",
        cost,
        f"{cost} dirham: each session starts a megabyte of its own.",
        hints={5: "That is so in one session.", 0: "A started increment is charged whole."},
        hint="How many sessions are there, and what does each start?",
        unit="dirham",
    )


def ten_reports() -> Checkpoint:
    """Ask for the price of the same as reports of one session."""
    cost = in_reports(catalogue().tariffs["standard"], MESSAGES * KB, MESSAGES, at=START) // DIRHAM
    return Checkpoint(
        f"And if the {MESSAGES} messages are {MESSAGES} reports of one session?",
        cost,
        f"{cost} dirham. All of them fit into the first started megabyte: rounding is on the running total.",
        hints={50: "That would be ten sessions, or the flaw.", 0: "A started increment is charged whole."},
        hint="How many megabytes does the session start?",
        unit="dirham",
    )


def a_byte_after_a_fee() -> Checkpoint:
    """Ask for the price of a byte where there are a session fee and a first block."""
    cost = rate(catalogue().tariffs["big_blocks"], 1, at=START).charged // DIRHAM
    return Checkpoint(
        "4 dirham a megabyte, charged by 100 KB; first block 2 MB; session fee 10 dirham. What does one byte cost?",
        cost,
        f"{cost} dirham: the fee, and the whole first block.",
        hints={8: "And the fee?", 10: "And the first block?", 14: "The first block holds two megabytes."},
        hint="What is charged with the first byte?",
        unit="dirham",
    )


def bytes_paid_for_already() -> Checkpoint:
    """Ask how much of a started increment is still to be had."""
    used = MB + 1
    left = rate(catalogue().tariffs["standard"], used, at=START).billed - used
    return Checkpoint(
        f"{used:,} bytes have flowed in a session, charged by started megabytes. How many more cost nothing extra?",
        left,
        f"{left:,} bytes. The second megabyte has been paid for whole, and one of its bytes has flowed.",
        hints={MB: "One byte of the second megabyte has flowed already.", 0: "What is started is paid for whole."},
        hint="Look at the pink line in the scenario One byte more.",
        unit="bytes",
    )
