"""What the lesson "When should I recharge?" asks: predictions and checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from datetime import timedelta

from prepaid_model.alerts import UsedShare, alerts
from prepaid_model.catalogue import catalogue
from prepaid_model.figures.alert_timing import WarnedMonth
from prepaid_model.lead_time import EVEN, forecasts_kept, standard_error
from prepaid_model.personas import personas
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.units import GB, MB
from prepaid_model.usage import START
from prepaid_model.widgets.alert_timing import LARGE, RULES, AlertTiming, case_of, how_often, lead_in_words, under
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction


def predict_the_cut_off(guess: int | None = None) -> Prediction:
    """Ask of how many months in a hundred a warning at 80 percent comes too late."""
    shown = _of("The same, with three heavy days")
    return Prediction(
        "Warned at 80 % used, recharged a day later: of 100 such months, in how many is the student cut off first?",
        round(100 * shown.cut_off / len(shown.months)),
        f"{how_often(shown)} {lead_in_words(shown.months, 80)} One heavy day can take all of the last gigabyte.",
        guess=guess,
    )


def predict_the_forecast(guess: int | None = None) -> Prediction:
    """Ask how often a band keeps its promise of four in five."""
    (even, of), (wild, _) = (forecasts_kept(*case_of(LARGE), heavy, 80) for heavy in (EVEN, 50))
    return Prediction(
        "The band is made to hold 80 of 100. With three heavy days: of 100 months, in how many does it hold the end?",
        round(100 * wild / of),
        f"With three heavy days it held in {wild:,} of {of:,} months; with days alike in {even:,}. The mean of a few "
        "days is itself uncertain, a weekend differs from a weekday, and heavy days do not follow the bell curve.",
        guess=guess,
    )


def hours_cut_off() -> Checkpoint:
    """Ask how long service is off when a message takes longer than the rest lasts."""
    lasts, travels, waits = 15, 6, 10
    return Checkpoint(
        f"The rest lasts {lasts} hours. The alert travels for {travels}, and is read {waits} later. Hours cut off?",
        travels + waits - lasts,
        f"{travels + waits - lasts}: it takes {travels + waits} hours until you act, and the rest lasts {lasts}.",
        hints={0: "Add the two times first.", travels + waits: "So long it took. How long did the data last?"},
        hint="Add the times of the message, then compare.",
        unit="hours",
    )


def left_at_the_alert() -> Checkpoint:
    """Ask what a percentage used means in megabytes left."""
    _, bundle = case_of(LARGE)
    left = _left_when_warned(80)
    return Checkpoint(
        "5 GB, alert at 80 % used. How many MB are left when it is sent?",
        left,
        f"{left:,} MB, a fifth of {bundle.volume // MB:,} MB.",
        hints={4000: "So much is used.", 80: "That is the percentage used.", 200: "That would be of 1 GB."},
        unit="MB",
    )


def latest_alert() -> Checkpoint:
    """Ask for the threshold that leaves a day's usage."""
    daily = personas()["student"].daily_volume
    latest = 100 * (GB - daily) // GB
    return Checkpoint(
        f"1 GB, used at an even {daily // MB} MB a day. You react a day later. The latest alert, in % used?",
        latest,
        f"{latest} %. {daily // MB} MB must still be there when it is sent: the other {(GB - daily) // MB} of 1,000 "
        "are used.",
        hints={
            100 * daily // GB: "So much must be left. How much is used then?",
            80: "Then 200 MB are left. Is that a day?",
        },
        hint="How many MB does one day take?",
        unit="%",
    )


def best_rule() -> Checkpoint:
    """Ask which rule cuts off the fewest of the same months."""
    result = _of("Information that lags 48 hours")
    late = {rule.name: under(rule, result) for rule in RULES[1:]}
    _, australia, lagging = late
    best = min(late, key=lambda name: late[name])
    return Checkpoint(
        f"5 GB, three heavy days, read after {result.reading} hours. Under which rule are the fewest months cut off?",
        best,
        f"{best}: it warns earlier, and at once.",
        options=tuple(late),
        hints={australia: "What is left then is less.", lagging: "When does that message arrive?"},
    )


def how_many_months() -> Checkpoint:
    """Ask what it takes to halve a standard error."""
    return Checkpoint(
        "How many times as many months must be drawn for a standard error half as large?",
        next(times for times in range(1, 100) if standard_error(times, of=2 * times) <= standard_error(1, of=2) / 2),
        "The error falls with the square root of the number: four times the months, half the error.",
        hints={2: "The square root of 2 is only 1.4."},
        hint="The error falls with the square root of the number of months.",
        unit="times",
    )


def _left_when_warned(percent: int) -> int:
    """Return the MB left when an account's alert is sent, used a hundred at a time."""
    shop, (_, bundle) = catalogue(), case_of(LARGE)
    account = PrepaidAccount(shop.tariffs["standard"], opened=START)
    account.top_up(bundle.price, at=START)
    account.buy(bundle, at=START)
    for hour in range(bundle.volume // (100 * MB)):
        account.use(100 * MB, at=START + timedelta(hours=hour))
    (alert,) = alerts(account.ledger, (UsedShare(percent),))
    return account.ledger[alert.entry].left // MB


def _of(scenario: str) -> WarnedMonth:
    timing = AlertTiming()
    timing.choose(scenario)
    return timing.result
