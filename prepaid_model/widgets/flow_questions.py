"""What the lesson "The prepaid flow" asks at its end: checked questions, each answer worked out by an account."""

from datetime import timedelta

from prepaid_model.catalogue import catalogue
from prepaid_model.offers import Lifecycle, Validity
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.units import MB, QAR
from prepaid_model.usage import START
from prepaid_model.widgets.checkpoint import Checkpoint

DAY = timedelta(days=1)


def megabytes_for_credit() -> Checkpoint:
    """Ask what credit alone pays for."""
    account = _account(5 * QAR, out_of_bundle=True)
    served = account.use(1000 * MB, at=START).served // MB
    return Checkpoint(
        "Credit 5 riyals, no bundle, pay-as-you-go allowed. How many MB can you download at once?",
        served,
        f"{served} MB: five riyals, divided by the price of a megabyte.",
        hints={0: "Pay-as-you-go is allowed here."},
        hint="How many megabytes does one riyal pay for?",
        unit="MB",
    )


def status_without_consent() -> Checkpoint:
    """Ask what an account is called that has money and may not charge it."""
    status = _account(5 * QAR).status.value
    return Checkpoint(
        "Credit 5 riyals, no data left, pay-as-you-go not allowed. What is the status?",
        status,
        f"{status.capitalize()}: the next byte cannot be served. There is money, but it may not be charged.",
        options=("active", "suspended", "grace", "expired"),
        hints={"active": "Who pays for the next byte?"},
        hint="The credit is still valid.",
    )


def credit_after_grace() -> Checkpoint:
    """Ask what a top-up in grace restores."""
    rules = Lifecycle((Validity(5 * QAR, 7 * DAY),), grace=15 * DAY)
    account = _account(15 * QAR, rules)
    account.top_up(25 * QAR, at=START + 10 * DAY)
    credit = account.credit // QAR
    return Checkpoint(
        "15 riyals were valid until Thursday, then 15 days of grace. On Sunday you top up 25. Credit?",
        credit,
        f"{credit} riyals: in grace the balance is kept, and a top-up brings it back.",
        hints={25: "That is so after grace has ended.", 15: "The top-up counts too."},
        unit="QAR",
    )


def data_at_the_end() -> Checkpoint:
    """Ask what is left of a bundle at the instant of its end."""
    account = _account(10 * QAR)
    bundle = catalogue().bundles["week_1gb"]
    account.buy(bundle, at=START)
    served = account.use(300 * MB, at=START + bundle.lasts).served // MB
    return Checkpoint(
        "1 GB for 7 days, untouched, 7 days later to the minute. How many MB can you use?",
        served,
        f"{served} MB: at the instant of its end a bundle is dead, and what is left is booked as expired.",
        hints={1000: "Its seven days are over at this instant, not after it."},
        hint="Is the bundle still live?",
        unit="MB",
    )


def _account(credit: int, lifecycle: Lifecycle | None = None, *, out_of_bundle: bool = False) -> PrepaidAccount:
    shop = catalogue()
    account = PrepaidAccount(
        shop.tariffs["standard"], lifecycle or shop.lifecycle, opened=START, out_of_bundle=out_of_bundle
    )
    account.top_up(credit, at=START)
    return account
