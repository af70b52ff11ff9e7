"""LostUpdate: two programs deduct from one balance, statement by statement, in the order in which you press."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.figures import Picture
from prepaid_model.figures.interleaving import InterleavingPicture, in_words
from prepaid_model.interleaving import PROGRAMS, Played, play
from prepaid_model.units import QAR, format_money
from prepaid_model.widgets.controls import button, slider, switch
from prepaid_model.widgets.experiment import Experiment

START = 20 * QAR


class LostUpdate(Experiment[Played]):
    """Two deductions from one balance in a real file, interleaved by the learner's own clicks.

    Whose turn it was, one after the other, is in ``state["order"]``.

    Examples
    --------
    >>> update = LostUpdate()
    >>> print(update.press("A", "B"))
    Both are done. The file says QAR 12.00; QAR 20.00 less QAR 5.00 and QAR 8.00 are QAR 7.00. QAR 5.00 of service were
    never paid for: B wrote over what A had written.
    """

    title = "Two deductions from one balance"
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Both have read": {"order": ("A", "B")},
        "One after the other": {"order": ("A", "A", "B", "B")},
        "A writes last": {"order": ("A", "B", "B", "A")},
        "In transactions: B knocks": {"order": ("A", "A", "B"), "transactions": True},
        "In transactions, to the end": {"order": tuple("AABAABBBB"), "transactions": True},
    }

    def make_controls(self) -> dict[str, Any]:
        """Make the amounts, the switch, and a button for each program."""
        self.program_buttons = {program: self._turn_button(program) for program in PROGRAMS}
        self.back_button = button("◂ Back")
        self.on_action(self.back_button, lambda: {"order": self.state["order"][:-1]})
        return {
            "a_takes": slider("A takes, QAR", 5, 1, 10),
            "b_takes": slider("B takes, QAR", 8, 1, 10),
            "transactions": switch("each in a transaction"),
        }

    def make_state(self) -> dict[str, Any]:
        """Start with no turn taken."""
        return {"order": ()}

    def make_picture(self) -> Picture[Played]:
        """Make the picture of the two lanes and the file."""
        return InterleavingPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Put the settings in a row, and the two programs in one."""
        return [list(self.controls.values()), list(self.program_buttons.values())]

    def head(self) -> Sequence[widgets.Widget]:
        """Put Back at the end of the first row."""
        return [self.back_button]

    def press(self, *programs: str) -> str:
        """Let programs take turns, as their buttons do, and return the sentence."""
        self.act(order=(*self.state["order"], *programs))
        return self.sentence

    def run(self, **settings: Any) -> Played:
        """Let both programs work on a fresh file, in this order."""
        return play(
            settings["order"],
            start=START,
            a=settings["a_takes"] * QAR,
            b=settings["b_takes"] * QAR,
            transactions=settings["transactions"],
        )

    def describe(self, result: Played) -> str:
        """Say how far it has come, and what is lost."""
        if not result.over:
            return f"{_latest(result)} {_next(result)}"
        a, b = (format_money(result.amounts[program]) for program in PROGRAMS)
        right = format_money(result.start - sum(result.amounts.values()))
        told = f"Both are done. The file says {format_money(result.balance)}; "
        told += f"{format_money(result.start)} less {a} and {b} are {right}."
        if not result.lost:
            return f"{told} Nothing is lost."
        last, first = result.turns[-1].program, "A" if result.turns[-1].program == "B" else "B"
        lost = format_money(result.lost)
        return f"{told} {lost} of service were never paid for: {last} wrote over what {first} had written."

    def _turn_button(self, program: str) -> widgets.Button:
        made = button(program)
        self.on_action(made, lambda: {"order": (*self.state["order"], program)})
        return made

    def _refresh(self, state: Mapping[str, Any]) -> None:
        super()._refresh(state)
        for program, made in self.program_buttons.items():
            following = self.result.next_of(program)
            made.description = f"{program}: {in_words(following)}" if following else f"{program}: done"
            made.disabled = not following


def _latest(played: Played) -> str:
    if not played.turns:
        return f"The file says {format_money(played.balance)}. Nobody has read it yet."
    *_, turn = played.turns
    if turn.waits:
        return f"{turn.program} has to wait: the other has begun a transaction. Nothing was done."
    what = in_words(turn.sql)
    said = f"{turn.program} {'commits' if what == 'commit' else what + 's'}"
    if turn.value is not None:
        said += f" {format_money(turn.value)}"
    return f"{said}. The file says {format_money(turn.balance)}."


def _next(played: Played) -> str:
    todo = [
        f"{program} has yet to {in_words(following)}" for program in PROGRAMS if (following := played.next_of(program))
    ]
    return f"{', and '.join(todo)}. Who is next?"
