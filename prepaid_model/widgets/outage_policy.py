"""Experiment of lesson 07, second half: the charging system is gone, and the gateway has to decide."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from prepaid_model.catalogue import catalogue
from prepaid_model.credit_control import FailureHandling
from prepaid_model.figures.outage_policy import WAYS, Outage, OutagePicture, costs
from prepaid_model.outage import OUT_FROM, Aftermath, Story, lived
from prepaid_model.records import Fate
from prepaid_model.tables import activities
from prepaid_model.units import MB, QAR, format_money, parse_money
from prepaid_model.widgets.controls import amount, choice, slider, switch
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.prediction import Prediction

DOES = ("web", "video_sd", "video_call", "social", "music")
QUOTAS = (5 * MB, 10 * MB, 20 * MB, 50 * MB)
PRICE = catalogue().tariffs["standard"].price
"""Micros of a megabyte."""
OWED, FORGIVEN = "is owed: below zero", "is written off"
EXPLAINED = {
    FailureHandling.TERMINATE: "The session ends when an answer is ten seconds late; a minute later it is tried anew.",
    FailureHandling.CONTINUE: "Traffic goes on without control, and is reported when the system is back.",
    FailureHandling.RETRY_AND_TERMINATE: "The request is sent once more while traffic goes on; then the session ends.",
}


class OutagePolicy(Experiment[Outage]):
    """Ten minutes of traffic, an outage or lost answers, and three ways to handle it side by side.

    Examples
    --------
    >>> outage = OutagePolicy()
    >>> outage.controls["handling"].value = FailureHandling.CONTINUE
    >>> print(what_it_costs(outage.result.aftermath))
    10 MB never charged
    """

    title = "When the charging system is gone"
    scenarios = {
        "Four minutes without the system": {},
        "Little credit left": {"handling": FailureHandling.CONTINUE, "credit": "3"},
        "No credit at all": {"handling": FailureHandling.CONTINUE, "credit": "0"},
        "A second server": {"handling": FailureHandling.RETRY_AND_TERMINATE, "second_server": True},
        "Answers get lost": {"handling": FailureHandling.RETRY_AND_TERMINATE, "out": 0, "lost": 3},
        "Answers get lost, repeats not recognised": {
            "handling": FailureHandling.RETRY_AND_TERMINATE, "out": 0, "lost": 3, "recognised": False,
        },
    }  # fmt: skip

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: what the gateway does, what happens to it, and what the operator allows."""
        what = activities()
        return {
            "handling": choice("When no answer comes", [(words, way) for way, words in WAYS.items()]),
            "out": slider("Outage, minutes", 4, 0, 6),
            "lost": slider("Answers lost", 0, 0, 5),
            "activity": choice("Doing", [(what[each].label, each) for each in DOES], "video_sd"),
            "quota": choice("Quota", [(f"{quota // MB} MB", quota) for quota in QUOTAS], 10 * MB),
            "credit": amount("Credit, QAR", "10", ["0", "1", "3", "5", "10"]),
            "second_server": switch("a second server"),
            "recognised": switch("repeats recognised", value=True),
            "unpaid": choice("What credit cannot pay", [OWED, FORGIVEN]),
        }

    def make_picture(self) -> OutagePicture:
        """Make the picture."""
        return OutagePicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in rows: the decision, what goes wrong, what goes on, what else there is."""
        names = (
            ("handling", "out", "lost"),
            ("activity", "quota", "credit"),
            ("unpaid", "second_server", "recognised"),
        )
        return [[self.controls[name] for name in row] for row in names]

    def run(self, **settings: Any) -> Outage:
        """Live through the ten minutes in each of the three ways."""
        activity = activities()[settings["activity"]]
        story = Story(
            speed=sum(activity.volume(1)) // 60,
            credit=parse_money(settings["credit"], "credit"),
            quota=settings["quota"],
            out=settings["out"],
            lost=settings["lost"],
            second_server=settings["second_server"],
            recognised=settings["recognised"],
            owed=settings["unpaid"] == OWED,
        )
        title = f"{activity.label} for ten minutes, {settings['quota'] // MB} MB at a time"
        return Outage(story, {way: lived(story, way) for way in WAYS}, settings["handling"], title)

    def describe(self, result: Outage) -> str:
        """Say what goes wrong, what the chosen way costs, and what the others would have cost."""
        chosen = result.chosen
        others = [f"{WAYS[way]}: {what_it_costs(came)}" for way, came in result.ways.items() if way is not chosen]
        return (
            f"{result.title}. {what_goes_wrong(result.story)} "
            f"{WAYS[chosen].capitalize()} ({chosen.name}): {what_it_costs(result.aftermath)}. "
            f"In the end the balance is {format_money(result.aftermath.balance)}. Instead, {'; '.join(others)}."
        )


def what_goes_wrong(story: Story) -> str:
    """Say what happens to requests and answers."""
    wrong = [f"No request arrives for {story.out} minutes"] if story.out else []
    wrong += [f"{story.lost} answers get lost"] if story.lost else []
    if not wrong:
        return "Every request is answered."
    helps = [] if story.recognised else ["repeats are taken for new requests"]
    helps += ["a second server stands by"] if story.second_server else []
    return f"{', and '.join(wrong)}{''.join(f'; {each}' for each in helps)}."


def what_it_costs(way: Aftermath) -> str:
    """Say what a way costs the customer, then what it costs the operator."""
    cut_off, twice, never, below = costs(way)
    told = {
        f"{_plain(cut_off)} minutes cut off": cut_off,
        f"{_plain(twice)} MB charged twice": twice,
        f"{_plain(never)} MB never charged": never,
        f"{format_money(way.below_zero)} below zero": below,
    }
    return ", ".join(words for words, value in told.items() if value) or "nobody loses anything"


def predict_the_debt(guess: float | None = None) -> Prediction:
    """Ask how far below zero an account ends whose session was let go on."""
    result = _of("Little credit left")
    way, story = result.aftermath, result.story
    afterwards = sum(record.octets.total for record in way.outcome.records if record.fate is Fate.LATE)
    return Prediction(
        f"With {format_money(story.credit)} left somebody watches a video: {_plain(story.speed * 60 / MB)} MB a "
        f"minute, at {format_money(PRICE)} a megabyte. After {OUT_FROM.seconds // 60} minutes the charging "
        f"system is gone for {story.out} minutes, and the session is let go on. "
        "How far below zero is the balance in the end?",
        way.below_zero / QAR,
        f"{_plain(afterwards / MB)} MB flowed on trust and were charged when the system was back, all at once: "
        f"{format_money(way.below_zero)} more than there was.",
        low=0.0,
        high=6.0,
        step=0.25,
        unit="QAR",
        guess=guess,
    )


def predict_the_double(guess: int | None = None) -> Prediction:
    """Ask how much is charged twice where repeats are not recognised."""
    result = _of("Answers get lost, repeats not recognised")
    way, story = result.aftermath, result.story
    return Prediction(
        f"{story.lost} answers get lost on their way back to the gateway, with {story.quota // MB} MB reported in each "
        "request. It asks again each time, and the server takes every repeat for a new request. How much is charged "
        "though it never flowed?",
        way.twice // MB,
        f"{story.lost} reports of {story.quota // MB} MB were charged twice, "
        f"{format_money(way.twice // MB * PRICE)}. A repeat carries a mark, the T flag, and the same request "
        "number: by these the server can tell. Then it answers as before, and charges nothing.",
        low=0,
        high=100,
        step=5,
        unit="MB",
        guess=guess,
    )


def _of(scenario: str) -> Outage:
    outage = OutagePolicy()
    outage.choose(scenario)
    return outage.result


def _plain(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")
