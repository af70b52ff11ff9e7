"""CreditControlStepper, of lesson 09: what is said behind the scenes while a page loads, message by message."""

import html
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import ipywidgets as widgets

from prepaid_model.conversation import Story, converse
from prepaid_model.credit_control import FinalUnitAction
from prepaid_model.errors import InputError
from prepaid_model.figures.sequence import SequencePicture, Told
from prepaid_model.messages import Party, Stock
from prepaid_model.units import MB, QAR, format_money, format_volume, parse_money
from prepaid_model.widgets.controls import amount, button, choice, slider
from prepaid_model.widgets.experiment import Experiment

PARTIES = {
    Party.PHONE: "phone",
    Party.GATEWAY: "gateway",
    Party.SESSION: "session function",
    Party.RATING: "rating function",
    Party.BALANCE: "balance function",
    Party.LEDGER: "ledger",
}
AT_THE_END = (
    ("end the session", FinalUnitAction.TERMINATE),
    ("lead to a top-up page", FinalUnitAction.REDIRECT),
    ("allow only free pages", FinalUnitAction.RESTRICT_ACCESS),
)
BOTH = ("phone", "tablet")


class CreditControlStepper(Experiment[Told]):
    """A session from its first byte to its last, a message at a time.

    Examples
    --------
    >>> stepper = CreditControlStepper()
    >>> print(stepper.go_to(8))
    Message 8 of 16, session function to gateway, CCA INITIAL. Yes: 5 MB may flow. Then the gateway has to ask again.
    The account: QAR 0.00 used, QAR 0.25 held, QAR 0.75 free.
    """

    title = "A session behind the scenes"
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "A page loads": {"position": 2},
        "Slice by slice": {"quota": 2, "volume": 6 * MB},
        "From a bundle": {"data": 20 * MB, "volume": 12 * MB},
        "The last units": {"credit": "0.20", "quota": 3, "volume": 6 * MB},
        "Redirected to top up": {
            "credit": "0.20",
            "quota": 3,
            "volume": 9 * MB,
            "final": FinalUnitAction.REDIRECT,
            "top_up": 5 * QAR,
        },
        "Two devices, one account": {"credit": "0.30", "quota": 4, "volume": 6 * MB, "devices": BOTH},
    }
    extra_css = """
.pm-fields { min-height: 262px; }
.pm-fields-title { margin: 10px 0 4px; font-weight: 600; }
.pm-fields table { width: 100%; border-collapse: collapse; font-size: 13px; line-height: 1.3; }
.pm-fields th, .pm-fields td {
  padding: 4px 10px 4px 0; border: 0; border-bottom: 1px solid var(--pm-line); text-align: left; vertical-align: top;
  color: var(--pm-ink); background: transparent;
}
.pm-fields th { color: var(--pm-pale); font-weight: 400; }
.pm-fields tbody tr { background: transparent; }
.pm-fields code { color: var(--pm-ink); background: transparent; font-size: 12px; }
.pm-panel .pm-slider.pm-message .slider-container { width: 260px; }
"""

    def make_controls(self) -> dict[str, Any]:
        """Make the way through the messages, and what changes them."""
        self.back_button, self.next_button = button("◂ Back"), button("Next ▸", "money")
        position = slider("Message", 1, 1, 16)
        position.add_class("pm-message")
        self.on_press(self.back_button, lambda: self._move(-1))
        self.on_press(self.next_button, lambda: self._move(+1))
        return {
            "position": position,
            "quota": slider("Quota, MB", 5, 1, 10),
            "credit": amount("Credit, QAR", "1", ["0", "0.20", "1", "5"]),
            "final": choice("When credit ends,", AT_THE_END),
        }

    def make_state(self) -> dict[str, Any]:
        """Give what only scenarios set: what is wanted, what pays, who wants it, and what comes in between."""
        return {"volume": 4_500_000, "data": 0, "devices": BOTH[:1], "top_up": 0}

    def make_picture(self) -> SequencePicture:
        """Make the sequence diagram."""
        return SequencePicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Put the way through the messages first."""
        controls = self.controls
        return [
            [self.back_button, self.next_button, controls["position"]],
            [controls["quota"], controls["credit"], controls["final"]],
        ]

    def run(self, **settings: Any) -> Told:
        """Let the story happen, and stop at a message; past the last one, at the last."""
        story = Story(
            credit=parse_money(settings["credit"], "credit"),
            data=settings["data"],
            quota=settings["quota"] * MB,
            volume=settings["volume"],
            devices=settings["devices"],
            final=settings["final"],
            top_up=settings["top_up"],
        )
        conversation = converse(story)
        return Told(conversation, min(settings["position"], len(conversation.steps)))

    def describe(self, result: Told) -> str:
        """Say what the message says, and how the account stands after it."""
        step, many = result.step, len(result.conversation.steps)
        whose = f" ({step.device})" if len(result.conversation.gateways) > 1 else ""
        way = f"{PARTIES[step.sender]} to {PARTIES[step.receiver]}{whose}"
        stands = in_words(step.stock, by_bundle=result.conversation.story.data > 0)
        return f"Message {result.position} of {many}, {way}, {step.name}. {step.words}\nThe account: {stands}."

    def panels(self, result: Told) -> dict[str, str]:
        """Write the fields of the message."""
        return {"fields": fields_html(result)}

    def go_to(self, position: int) -> str:
        """Go to a message as the slider does, and return its sentence."""
        self.controls["position"].value = position
        return self.sentence

    def find(self, name: str, *, device: str = "", having: str = "") -> str:
        """Go to the first message of a name (such as "RAR") and return its sentence.

        Parameters
        ----------
        device : str
            Whose it is to be; anybody's if empty.
        having : str
            Words that its label is to have.

        Raises
        ------
        InputError
            If there is none.
        """
        for position, step in enumerate(self.result.conversation.steps, 1):
            if step.name == name and device in ("", step.device) and having in step.label:
                return self.go_to(position)
        raise InputError("message", name, "one that is said in this story")

    def still(self) -> Self:
        """Let a page that cannot run show it as it stands now, and not as it opens; return itself, to be shown."""
        self._static_png, self._static_line = self.picture.png(), f"{self.title}: {self.sentence}".replace("\n", " ")
        return self

    def _move(self, by: int) -> None:
        self.controls["position"].value += by  # the slider keeps it within its ends

    def _refresh(self, state: Mapping[str, Any]) -> None:
        super()._refresh(state)
        with self._together():
            self.controls["position"].max = len(self.result.conversation.steps)
        self.back_button.disabled = self.result.position == 1
        self.next_button.disabled = self.result.position == self.controls["position"].max
        self.controls["credit"].layout.display = "none" if self.state["data"] else None  # a bundle pays


def in_words(stock: Stock, *, by_bundle: bool) -> str:
    """Say how an account stands.

    Examples
    --------
    >>> in_words(Stock(used=0, held=250_000, free=750_000), by_bundle=False)
    'QAR 0.00 used, QAR 0.25 held, QAR 0.75 free'
    """
    written = format_volume if by_bundle else format_money
    return ", ".join(f"{written(part)} {name}" for name, part in zip(stock._fields, stock, strict=True))


def fields_html(result: Told) -> str:
    """Write the fields of the message as a table: plain words, name in the standard, value."""
    step = result.step
    told_twice = step.label.startswith(step.name.split(" ", 1)[0])
    title = step.name if told_twice else f"{step.name}, {step.label}"
    rows = "".join(
        f"<tr><td>{html.escape(field.words)}</td><td>{_code(field.name)}</td><td>{html.escape(field.value)}</td></tr>"
        for field in step.fields
    )
    return (
        f'<p class="pm-fields-title">What is in message {result.position}: {html.escape(title)}</p>'
        "<table><thead><tr><th>in plain words</th><th>name in the standard</th><th>value</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _code(name: str) -> str:
    return f"<code>{html.escape(name)}</code>" if name else "none"
