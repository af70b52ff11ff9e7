"""Experiment of lesson 06: from the bytes an app asks for to those charged, each step guessed first."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.counting import FOUR, MIDNIGHT, UTC_MIDNIGHT, Rules, count
from prepaid_model.errors import Refused
from prepaid_model.figures.byte_counter import BytePicture, Waterfall
from prepaid_model.tables import activities
from prepaid_model.units import MB, MIB
from prepaid_model.usage import START
from prepaid_model.widgets.byte_tables import CSS, records_html, steps_html
from prepaid_model.widgets.byte_words import tell
from prepaid_model.widgets.controls import button, choice, slider, switch
from prepaid_model.widgets.experiment import Experiment

STEPS = 5
INTERVALS = (1, 5, 15, 30, 60)
"""Minutes after which a usage record may be closed."""
DAY_ENDS = (("00:00", MIDNIGHT), ("03:00 (00:00 UTC)", UTC_MIDNIGHT), ("04:00", FOUR))
UNITS = (("1,000,000 bytes (MB)", MB), ("1,048,576 bytes (MiB)", MIB))
CONDITIONS = ("activity", "minutes", "start", "packet", "loss", "unit", "every", "each_record", "day_ends")
"""The settings that a count follows from: a guess is shown as long as they are as they were."""

Guess = tuple[int, tuple[Any, ...]]


class ByteCounter(Experiment[Waterfall]):
    """A count of bytes by app, phone and operator, revealed step by step.

    The state is how many steps are revealed, and what was guessed of each under which settings.

    Examples
    --------
    >>> from prepaid_model.widgets.byte_words import verdict
    >>> counter = ByteCounter()
    >>> print(counter.guess_and_reveal(5))
    Watch video (SD), 88 min from Thu 21:00: the app asks for 0.97 GB. Headers +4.0 % (you said +5 %).
    Each packet has 40 bytes of headers, and every second one that comes down is acknowledged by another 40, going up.
    What does "sent again" add? Your guess: 0 %. 3 usage records: 2 closed by time limit, 1 by normal release.
    >>> counter.reveal_all().startswith(verdict(counter.result.count))
    True
    """

    title = "Who counts my bytes"
    extra_css = CSS
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "1.0 against 1.1": {},
        "The same megabyte": {"unit": MIB},
        "Weak signal": {"loss": 8},
        "A video call": {"activity": "video_call", "minutes": 60, "loss": 3},
        "Chat in small packets": {"activity": "messaging", "minutes": 60, "packet": 200},
        "Each record rounded up": {"activity": "music", "minutes": 60, "every": 1, "each_record": True},
        "Past midnight": {"start": 23, "minutes": 300, "day_ends": UTC_MIDNIGHT},
        "In high definition": {"activity": "video_hd", "minutes": 45},
    }

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: what is done, how it travels, how it is counted, and the guess with its buttons."""
        self.reveal_button, self.all_button = button("Reveal", "money"), button("Show all")
        self.on_action(self.reveal_button, self._reveal)
        self.on_action(self.all_button, self._all)
        return {
            "activity": choice("Do", [(each.phrase, each.id) for each in activities().values()], "video_sd"),
            "minutes": slider("for, minutes", 88, 1, 480),
            "start": slider("from, o'clock", 21, 0, 23),
            "packet": slider("Full packet, bytes", 1500, 200, 1500, 100),
            "loss": slider("Lost on the radio, %", 1, 0, 10),
            "unit": choice("Operator's megabyte", UNITS, MB),
            "every": choice("Record every", [(f"{minutes} min", minutes) for minutes in INTERVALS], 30),
            "each_record": switch("round up each record"),
            "day_ends": choice("Operator's day ends", DAY_ENDS, MIDNIGHT),
            "guess": slider("My guess: it adds, %", 0, -5, 60),
        }

    def make_state(self) -> dict[str, Any]:
        """Start with nothing revealed."""
        return {"revealed": 0, "guesses": ()}

    def make_picture(self) -> BytePicture:
        """Make the waterfall and the strip of records."""
        return BytePicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out: what is done; how it travels; how it is counted; the guess."""
        names = (
            ("activity", "minutes", "start"),
            ("packet", "loss"),
            ("unit", "every", "each_record", "day_ends"),
        )
        controls = self.controls
        return [
            *([controls[name] for name in row] for row in names),
            [controls["guess"], self.reveal_button, self.all_button],
        ]

    def run(self, **settings: Any) -> Waterfall:
        """Count, and see which guesses were made under these settings."""
        rules = Rules(
            packet=settings["packet"],
            loss=settings["loss"],
            unit=settings["unit"],
            every=timedelta(minutes=settings["every"]),
            each_record=settings["each_record"],
            day_ends=settings["day_ends"],
        )
        start = START + timedelta(hours=settings["start"])
        counted = count(activities()[settings["activity"]], settings["minutes"], start, rules)
        here, revealed = _conditions(settings), settings["revealed"]
        guesses = [made[0] if made and made[1] == here else None for made in settings["guesses"]]
        if revealed < STEPS:
            guesses.append(settings["guess"])
        return Waterfall(counted, revealed, tuple(guesses))

    def describe(self, result: Waterfall) -> str:
        """Say what is asked for, each step that is revealed, and what comes of it."""
        return tell(result)

    def panels(self, result: Waterfall) -> dict[str, str]:
        """Write the bytes each way, and the usage records."""
        return {"bytes": steps_html(result) + records_html(result)}

    def guess_and_reveal(self, guess: int) -> str:
        """Guess what the next step adds, in percent, and reveal it, as slider and button do; return the sentence."""
        self.controls["guess"].value = guess
        self.act(**self._reveal())
        return self.sentence

    def reveal_all(self) -> str:
        """Reveal what is left without a guess, as the button does, and return the sentence."""
        self.act(**self._all())
        return self.sentence

    def _refresh(self, state: Mapping[str, Any]) -> None:
        super()._refresh(state)
        whole = self.result.whole
        following = "All revealed" if whole else f"Reveal: {self.result.count.steps[self.result.revealed].name} ▸"
        self.reveal_button.description = following
        self.reveal_button.disabled = self.all_button.disabled = self.controls["guess"].disabled = whole

    def _reveal(self) -> Mapping[str, Any]:
        revealed = self.state["revealed"]
        if revealed == STEPS:
            raise Refused("reveal", "there is nothing left; Reset hides all again")
        made: Guess = (self.controls["guess"].value, _conditions(self.settings))
        with self._together():  # the next guess starts from nothing
            self.controls["guess"].value = 0
        return {"revealed": revealed + 1, "guesses": (*self.state["guesses"], made)}

    def _all(self) -> Mapping[str, Any]:
        left = STEPS - self.state["revealed"]
        return {"revealed": STEPS, "guesses": (*self.state["guesses"], *[None] * left)}


def _conditions(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(settings[name] for name in CONDITIONS)
