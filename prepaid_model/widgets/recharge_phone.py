"""RechargePhone: a prepaid phone to top up and use, with its balances, its messages and its ledger.

`RechargeStory` is its smallest form: the same phone, and one button that tells the whole story.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import ipywidgets as widgets

from prepaid_model.catalogue import catalogue
from prepaid_model.figures import Picture
from prepaid_model.figures.phone import PhonePicture
from prepaid_model.phone import (
    CHANNELS,
    Buy,
    Do,
    NextDay,
    PayAsYouGo,
    SameVoucher,
    Step,
    Story,
    TopUp,
    replay,
)
from prepaid_model.tables import activities
from prepaid_model.units import QAR, format_money, parse_money
from prepaid_model.widgets.controls import amount, button, choice, switch
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.phone_panels import CSS, ledger_html, phone_html
from prepaid_model.widgets.phone_words import tell

MINUTES = (1, 5, 10, 25, 45, 60, 120)
"""For how long something can be done at a time."""
FILM = Do("video_sd", 25)
"""Very nearly 300 MB."""


class RechargePhone(Experiment[Story]):
    """A phone with a prepaid account of the example operator: top up, convert, use, and see what is written down.

    Every press of a button is a step; the story so far is in ``state["actions"]``.

    Examples
    --------
    >>> phone = RechargePhone()
    >>> print(phone.take(TopUp(25 * QAR), Buy("week_1gb"), Do("video_sd", 10)))
    To watch video (SD) for 10 min took 120.27 MB: all of it out of your data, nothing out of your credit.
    Without a bundle it would have cost QAR 6.05. 879.72 MB and QAR 15.00 are left.
    """

    title = "A prepaid phone"
    beside = ("phone",)
    extra_css = CSS
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "A new phone": {},
        "25 minutes of video, by bundle": {"actions": (TopUp(25 * QAR), Buy("week_1gb"), FILM)},
        "25 minutes of video, pay as you go": {
            "actions": (PayAsYouGo(True), TopUp(25 * QAR), FILM),
            "pay_as_you_go": True,
        },
        "Used up": {"actions": (TopUp(10 * QAR), Buy("week_1gb"), Do("video_hd", 45))},
        "The same voucher twice": {"actions": (TopUp(25 * QAR), SameVoucher())},
    }

    def make_controls(self) -> dict[str, Any]:
        """Make what a step needs to know; the buttons that take the steps; and the one lasting setting."""
        self.top_up_button = self._step_button("▲ Top up", "money", self._top_up)
        self.same_voucher_button = self._step_button("Voucher again", "plain", SameVoucher)
        self.buy_button = self._step_button("■ Buy", "data", lambda: Buy(self.controls["bundle"].value))
        self.go_button = self._step_button("▶ Go", "plain", self._go)
        self.next_day_button = self._step_button("Next day", "plain", NextDay)
        self.back_button = button("◂ Back")
        self.on_action(self.back_button, self._back)
        return {
            "top_up": amount("Top up, QAR", "25", ["5", "10", "25", "50", "100"]),
            "channel": choice("by", CHANNELS),
            "bundle": choice("Bundle", _bundles(), "week_1gb"),
            "activity": choice("Do", [(each.phrase, each.id) for each in activities().values()], "video_sd"),
            "minutes": choice("for", [(f"{minutes} min", minutes) for minutes in MINUTES], 10),
            "pay_as_you_go": switch("pay-as-you-go allowed"),
        }

    def make_state(self) -> dict[str, Any]:
        """Start with no step taken."""
        return {"actions": ()}

    def make_picture(self) -> Picture[Story]:
        """Make the picture of credit and data."""
        return PhonePicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Put money, data and usage in a row each."""
        controls = self.controls
        return [
            [controls["top_up"], controls["channel"], self.top_up_button, self.same_voucher_button],
            [controls["bundle"], self.buy_button, controls["pay_as_you_go"]],
            [controls["activity"], controls["minutes"], self.go_button, self.next_day_button],
        ]

    def head(self) -> Sequence[widgets.Widget]:
        """Put Back at the end of the first row."""
        return [self.back_button]

    def take(self, *steps: Step) -> str:
        """Take steps as if their buttons had been pressed, and return the sentence; if one fails, none is taken."""
        self.act(actions=(*self._so_far(), *steps))
        return self.sentence

    def run(self, **settings: Any) -> Story:
        """Let a fresh account live through the steps, and through the switch as it stands."""
        return replay(_with_switch(settings["actions"], allowed=settings["pay_as_you_go"]))

    def describe(self, result: Story) -> str:
        """Say what the latest step did."""
        return tell(result)

    def panels(self, result: Story) -> dict[str, str]:
        """Write the phone and the entries."""
        return {"phone": phone_html(result), "ledger": ledger_html(result)}

    def _step_button(self, label: str, meaning: str, step: Any) -> widgets.Button:
        made = button(label, meaning)
        self.on_action(made, lambda: {"actions": (*self._so_far(), step())})
        return made

    def _so_far(self) -> tuple[Step, ...]:
        return _with_switch(self.state["actions"], allowed=self.controls["pay_as_you_go"].value)

    def _top_up(self) -> Step:
        return TopUp(parse_money(self.controls["top_up"].value, "top-up amount"), self.controls["channel"].value)

    def _go(self) -> Step:
        return Do(self.controls["activity"].value, self.controls["minutes"].value)

    def _back(self) -> Mapping[str, Any]:
        steps = list(self.state["actions"][:-1])
        while steps and isinstance(steps[-1], PayAsYouGo):  # the switch itself says how it stands now
            steps.pop()
        return {"actions": tuple(steps)}


class Beat(NamedTuple):
    """A part of the story that is told: its name, what is done, and why it goes as it goes."""

    name: str
    steps: tuple[Step, ...]
    why: str


BEATS = (
    Beat(
        "top up",
        (PayAsYouGo(True), TopUp(25 * QAR)),
        "Your money is in the operator's system now, as credit: a promise of service.",
    ),
    Beat(
        "convert",
        (Buy("week_3gb"),),
        "Money left one balance and bytes entered another, in one purchase.",
    ),
    Beat(
        "browse",
        (Do("web", 30),),
        "The network counts every byte, up and down, and takes it from your data.",
    ),
    Beat(
        "alert",
        (Do("video_hd", 45),),
        "After each entry the system compares what is left with some thresholds, and writes to you.",
    ),
    Beat(
        "empty",
        (Do("video_hd", 15),),
        "The bundle paid first, then your credit. When both are empty, nothing may flow.",
    ),
    Beat(
        "top up again",
        (TopUp(25 * QAR),),
        "Nothing in the phone has changed, only the account; so it works again at once.",
    ),
)


class RechargeStory(RechargePhone):
    """The story of a recharge in six beats, told by one button.

    Examples
    --------
    >>> print(RechargeStory().go_on())
    1 of 6, top up: You topped up QAR 25.00 by voucher. Your credit is QAR 25.00, valid until Sat 31 Jan, 09:01.
    Your money is in the operator's system now, as credit: a promise of service.
    """

    title = "The story of a recharge"
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {"A recharge": {}}

    def make_controls(self) -> dict[str, Any]:
        """Make the two buttons that tell the story forwards and backwards."""
        self.back_button, self.next_button = button("◂ Back"), button("Next ▸", "money")
        self.on_action(self.back_button, self._back)
        self.on_action(self.next_button, self._next)
        return {}

    def make_state(self) -> dict[str, Any]:
        """Start before the first beat."""
        return {"beats": 0}

    def make_picture(self) -> Picture[Story]:
        """Make a picture with a column for each beat."""
        return PhonePicture(len(BEATS), [beat.name for beat in BEATS], least_data=3000)

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Show no controls but those in the first row."""
        return []

    def head(self) -> Sequence[widgets.Widget]:
        """Put the buttons at the end of the first row."""
        return [self.back_button, self.next_button]

    def run(self, **settings: Any) -> Story:
        """Let a fresh account live through the beats told so far."""
        return replay(step for beat in BEATS[: settings["beats"]] for step in beat.steps)

    def describe(self, result: Story) -> str:
        """Say what the beat did, and why."""
        told = sum(not isinstance(turn.step, PayAsYouGo) for turn in result.turns)
        if not told:
            return f"{tell(result)} Press Next: the story has {len(BEATS)} parts."
        beat = BEATS[told - 1]
        return f"{told} of {len(BEATS)}, {beat.name}: {tell(result, compare=False)} {beat.why}"

    def go_on(self) -> str:
        """Tell the next beat, as the button does, and return its sentence."""
        self.act(**self._next())
        return self.sentence

    def static(self) -> dict[str, str | bytes]:
        """Show the story to its end: there is nothing in it to be guessed first."""
        whole, picture = self.run(beats=len(BEATS)), self.make_picture()
        picture.update(whole)
        names = ", ".join(beat.name for beat in BEATS)
        return {"text/plain": f"{self.title}: {names}.", "image/png": picture.png()}

    def _refresh(self, state: Mapping[str, Any]) -> None:
        super()._refresh(state)
        told = self.state["beats"]
        following = (
            f"Next ▸ {told + 1} of {len(BEATS)}: {BEATS[told].name}" if told < len(BEATS) else "From the start ↺"
        )
        self.next_button.description = following

    def _next(self) -> Mapping[str, Any]:
        return {"beats": (self.state["beats"] + 1) % (len(BEATS) + 1)}

    def _back(self) -> Mapping[str, Any]:
        return {"beats": max(0, self.state["beats"] - 1)}


def _with_switch(steps: Sequence[Step], *, allowed: bool) -> tuple[Step, ...]:
    """Add the turning of the switch, unless the steps leave it as it stands."""
    before = next((step.allowed for step in reversed(steps) if isinstance(step, PayAsYouGo)), False)
    return tuple(steps) if before == allowed else (*steps, PayAsYouGo(allowed))


def _bundles() -> list[tuple[str, str]]:
    """List what is on offer for any traffic at any hour: its name and price, and its id."""
    bundles = catalogue().bundles.items()
    plain = [(name, bundle) for name, bundle in bundles if bundle.traffic is None and bundle.hours is None]
    return [(f"{bundle.name} · {format_money(bundle.price)}", name) for name, bundle in plain]
