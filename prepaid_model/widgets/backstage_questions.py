"""What the lesson "Behind the scenes" asks: predictions, tasks and checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from itertools import count

from prepaid_model.bookkeeping import Bill, Book, Buy, Expire, Sign, Step, TopUp, Use, keep_books
from prepaid_model.catalogue import catalogue
from prepaid_model.conversation import Conversation, Story, converse
from prepaid_model.credit_control import FinalUnitAction
from prepaid_model.messages import Party
from prepaid_model.units import MB, QAR, format_money
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.credit_control_stepper import BOTH, PARTIES
from prepaid_model.widgets.prediction import Prediction

CREDIT_OF_TWO = 300_000
"""Micros that two devices share."""
PAGE_OF_TWO = 6 * MB


def before_the_first_byte(guess: int | None = None) -> Prediction:
    """Ask how much is said before anything flows."""
    told = converse(Story())
    names = [step.label for step in told.steps]
    first = next(number for number, name in enumerate(names) if name.endswith("flow"))
    return Prediction(
        "You tap a link. How many messages are there, the tap included, before the first byte of the page may flow?",
        first,
        f"The last of them is the answer to the gateway: {told.steps[first - 1].words}",
        low=1,
        high=20,
        guess=guess,
    )


def for_the_tablet(guess: int | None = None) -> Prediction:
    """Ask what is left for the second device."""
    told = two_devices(4)
    granted = next(step.slice.granted for step in told.steps if step.device == BOTH[1] and step.slice.granted)
    return Prediction(
        "The credit pays for 6 MB. The phone has just been granted 4 MB, and has reported none of them as used. "
        "Now the tablet asks for its first 4 MB. How many is it granted?",
        granted // MB,
        "What is held for the phone is not spent, but nobody else can have it: so no byte is ever given twice.",
        low=0,
        high=6,
        unit="MB",
        guess=guess,
    )


def earned_by_a_top_up(guess: int | None = None) -> Prediction:
    """Ask whether the money in the till is earned."""
    books = keep_books((TopUp(25 * QAR),))
    return Prediction(
        "A customer tops up 25 riyals, and the money is in the till. How much of it has the operator earned?",
        -books.balances[Book.REVENUE] // QAR,
        "Nothing has been delivered yet. All of it is owed to the customer, as service: unearned revenue.",
        low=0,
        high=25,
        unit="QAR",
        guess=guess,
    )


def requests_at_one_megabyte() -> Checkpoint:
    """Ask what small slices cost in messages: the task to tweak."""
    volume, requests = Story().volume, converse(Story(quota=MB)).requests
    return Checkpoint(
        f"A page of {volume / MB:g} MB, quota 1 MB: how many requests (CCR) does the gateway send?",
        requests,
        f"{requests}: one to begin, one after each full megabyte, and one to end. "
        "Small slices hold little, and talk much.",
        hints={2: "That is so with a quota of 5 MB.", 5: "Is the last one, which ends the session, among them?"},
        hint="Set the quota to 1 MB and go through the messages with the slider: count those named CCR.",
    )


def quota_that_shuts_the_tablet_out() -> Checkpoint:
    """Ask how much one device can keep from another: the task to twiddle."""
    quota = next(quota for quota in count(1) if not _granted_at_first(two_devices(quota)))
    return Checkpoint(
        "Two devices, one account: from which quota on is the tablet refused at once, though nothing is spent yet?",
        quota,
        f"With {quota} MB the phone holds all the credit there is. Large slices are quiet, and unfair.",
        hints={4: "Then it still gets 2 MB.", 10: "That will do, but a smaller one does too."},
        hint="Make the quota larger, and look at the first answer (CCA) that the tablet gets.",
        unit="MB",
    )


def breakage_of_a_bundle() -> Checkpoint:
    """Ask for breakage: the task to build."""
    books = keep_books((TopUp(25 * QAR), Buy("week_1gb"), Use(300 * MB), Expire()))
    bundle = catalogue().bundles["week_1gb"]
    breakage = -books.balances[Book.BREAKAGE]
    return Checkpoint(
        f"{bundle.name} for {format_money(bundle.price)}, 300 MB used, the rest expires. How much is breakage?",
        breakage // QAR,
        f"{format_money(breakage)}: {format_money(-books.balances[Book.REVENUE])} "
        "were earned by the bytes that flowed, the rest by time.",
        hints={3: "That is what the bytes have earned.", 10: "A part of it was used.", 22: "The credit goes on."},
        unit="QAR",
    )


def what_a_grant_takes() -> Checkpoint:
    """Ask whether a hold is a debit."""
    takes, holds, waits = "it falls by QAR 0.25", "it stays, and QAR 0.25 of it is held", "nothing happens to it"
    answered = next(step for step in converse(Story()).steps if step.name == "CCA INITIAL").stock
    right = takes if answered.used else holds if answered.held else waits
    return Checkpoint(
        "The gateway is granted 5 MB, worth QAR 0.25. What happens to the balance at that moment?",
        right,
        "The balance stays: a hold is an entry of zero value. It falls when usage is reported.",
        options=(takes, holds, waits),
        hints={takes: "Nothing has been used yet.", waits: "Could another device still have this money?"},
    )


def who_knows_the_price() -> Checkpoint:
    """Ask who rates."""
    step = next(step for step in converse(Story()).steps if step.name == "PriceResponse")
    return Checkpoint(
        "Who knows what a megabyte costs?",
        PARTIES[step.sender],
        "The rating function (RF). The others ask it, so that a price is changed in one place.",
        options=[name for party, name in PARTIES.items() if party > Party.PHONE],
        hints={
            "gateway": "It counts bytes, and knows nothing of money.",
            "session function": "It leads the conversation, and asks for the price.",
            "balance function": "It keeps the accounts.",
            "ledger": "It keeps what has happened.",
        },
    )


def what_wakes_the_gateway() -> Checkpoint:
    """Ask for the re-authorisation."""
    story = Story(credit=CREDIT_OF_TWO, volume=9 * MB, final=FinalUnitAction.REDIRECT, top_up=5 * QAR)
    steps = iter(converse(story).steps)
    next(step for step in steps if step.name == "top-up")
    return Checkpoint(
        "The customer was redirected, and has topped up. Which message makes the gateway ask anew?",
        next(step.name for step in steps if step.receiver is Party.GATEWAY),
        "The server cannot grant what nobody asks for. So it asks to be asked: Re-Auth-Request.",
        options=("CCR", "CCA", "RAR", "a restart of the phone"),
        hints={
            "CCR": "That is the asking itself. What made it ask?",
            "CCA": "An answer needs a question first.",
            "a restart of the phone": "Nothing in the phone has changed.",
        },
    )


def cash_of_an_unpaid_bill() -> Checkpoint:
    """Ask for the cash behind an unpaid bill."""
    steps: tuple[Step, ...] = (Sign(), Use(2500 * MB, postpaid=True), Bill())
    books = keep_books(steps)
    earned = format_money(-books.balances[Book.REVENUE])
    return Checkpoint(
        "A postpaid month is over, the bill is sent and not paid yet. How much cash has the operator got from it?",
        books.balances[Book.CASH] // QAR,
        f"None, though {earned} are earned. What the customer owes is a receivable.",
        hint="Play it in the books: sign a contract, use 2,500 MB, wait for the bill. Where is cash?",
        unit="QAR",
    )


def two_devices(quota: int) -> Conversation:
    """Let phone and tablet share what pays for a page, with a quota in megabytes."""
    return converse(Story(credit=CREDIT_OF_TWO, quota=quota * MB, volume=PAGE_OF_TWO, devices=BOTH))


def _granted_at_first(told: Conversation) -> int:
    answer = next(step for step in told.steps if step.device == BOTH[1] and step.name == "CCA INITIAL")
    return answer.slice.granted
