"""Predict first: a guess is locked before anything is revealed."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from prepaid_model.errors import InputError, Refused
from prepaid_model.widgets.controls import WHOLE_LABEL, button
from prepaid_model.widgets.panel import Panel, folded, paragraph


class Prediction(Panel):
    """A question to guess at, whose answer the model works out when the guess is locked and revealed.

    Parameters
    ----------
    question : str
        What to guess, as a person would ask it.
    answer
        The right answer, or a function that works it out; called at the reveal only.
    explain : str or callable
        Why it is so; where that depends on the guess, a function of the guess and the answer. On a page
        that cannot run nobody guesses: there it is given the answer twice.
    options : sequence, optional
        The answers to choose from. Without them the guess is a number from `low` to `high` by `step`.
    low, high, step : int or float
        Range of a number.
    unit : str
        Said after a number ("days").
    show : callable, optional
        How to say a value, where a number and its unit will not do (`format_money`).
    guess : optional
        A guess that is locked at once, for whoever records it in the cell.

    Examples
    --------
    >>> days = Prediction(
    ...     "How long will it last?", 5, lambda guess, answer: "It is used unevenly.", high=30, unit="days"
    ... )
    >>> days.lock(7)
    >>> days.reveal()
    'You guessed 7 days, the model says 5 days: your guess is 2 days too high. It is used unevenly.'
    """

    def __init__(
        self,
        question: str,
        answer: Any,
        explain: str | Callable[[Any, Any], str],
        *,
        options: Sequence[Any] = (),
        low: float = 0,
        high: float = 100,
        step: float = 1,
        unit: str = "",
        show: Callable[[Any], str] | None = None,
        guess: Any = None,
    ) -> None:
        super().__init__()
        self.question = question
        self._answer = answer
        self._explain = explain if callable(explain) else lambda *_: explain
        self._options = tuple(options)
        self._say = show or (lambda value: in_units(value, unit))
        self.locked: Any = None
        self.sentence = ""
        self.control = self._make_control(low, high, step, unit)
        self.lock_button, self.reveal_button = button("Lock my guess", "money"), button("Reveal")
        self.reveal_button.disabled = True
        self.on_press(self.lock_button, lambda: self._lock(self.control.value))
        self.on_press(self.reveal_button, self._reveal)
        self._outcome = widgets.HTML()
        buttons = widgets.HBox([self.lock_button, self.reveal_button])
        buttons.add_class("pm-row")
        asked = widgets.HTML(paragraph(question, "pm-question"))
        self.show([asked, self.control, buttons, self.status, self._outcome])
        self.add_class("pm-prediction")
        if guess is not None:
            self.lock(guess)

    def lock(self, guess: Any) -> None:
        """Record a guess; it cannot be changed any more.

        Raises
        ------
        InputError
            If the guess is none of the options, or no number in the range.
        Refused
            If a guess is locked already.
        """
        with self.guarded():
            self._lock(guess)

    def reveal(self) -> str:
        """Show the answer beside the guess and say why it is so; return that sentence.

        Raises
        ------
        Refused
            If no guess is locked yet.
        """
        with self.guarded():
            return self._reveal()

    def static(self) -> dict[str, str | bytes]:
        """Show the question, with the answer folded away."""
        answer = self._worked_out()
        why = f"The model says {self._say(answer)}. {self._explain(answer, answer)}"
        return {
            "text/plain": f"Predict: {self.question}",
            "text/html": f"<p><strong>{html.escape(self.question)}</strong></p>{folded('Show the answer', why)}",
        }

    def _make_control(self, low: float, high: float, step: float, unit: str) -> Any:
        if self._options:
            pairs = [(self._say(option), option) for option in self._options]
            made = widgets.RadioButtons(options=pairs, value=None, layout={"width": "max-content"})
        else:
            whole = all(isinstance(number, int) for number in (low, high, step))
            kind = widgets.IntSlider if whole else widgets.FloatSlider
            label = f"My guess, {unit}" if unit else "My guess"
            made = kind(value=low, min=low, max=high, step=step, description=label, style=WHOLE_LABEL)
        made.add_class("pm-guess")
        return made

    def _lock(self, guess: Any) -> None:
        if self.locked is not None:
            raise Refused("lock a guess", f"{self._say(self.locked)} is locked already")
        self._check(guess)
        self.locked = guess
        self.control.value = guess
        self.control.disabled = self.lock_button.disabled = True
        self.reveal_button.disabled = False
        self._outcome.value = paragraph(f"Your guess is locked: {self._say(guess)}.", "pm-sentence", live=True)

    def _check(self, guess: Any) -> None:
        if self._options:
            if guess is None:
                raise Refused("lock a guess", "choose one of the options first")
            if guess not in self._options:
                raise InputError("guess", guess, "one of the options")
        elif isinstance(guess, bool) or not isinstance(guess, int | float):
            raise InputError("guess", guess, "a number")
        elif not self.control.min <= guess <= self.control.max:
            raise InputError("guess", guess, f"{self._say(self.control.min)} to {self._say(self.control.max)}")

    def _reveal(self) -> str:
        if self.locked is None:
            raise Refused("reveal", "lock your guess first")
        answer = self._worked_out()
        self.sentence = f"{self._side_by_side(self.locked, answer)} {self._explain(self.locked, answer)}"
        self._outcome.value = paragraph(self.sentence, "pm-sentence", live=True)
        self.reveal_button.disabled = True
        return self.sentence

    def _side_by_side(self, guess: Any, answer: Any) -> str:
        if guess == answer:
            return f"You guessed {self._say(guess)}, and so says the model."
        both = f"You guessed {self._say(guess)}, the model says {self._say(answer)}"
        if self._options:
            return f"{both}."
        return f"{both}: your guess is {self._say(abs(guess - answer))} too {'high' if guess > answer else 'low'}."

    def _worked_out(self) -> Any:
        answer = self._answer() if callable(self._answer) else self._answer
        if self._options and answer not in self._options:
            raise InputError("answer", answer, "one of the options")
        return answer


def in_units(value: Any, unit: str = "") -> str:
    """Say a number with its unit, or anything else as it is.

    Examples
    --------
    >>> in_units(1500, "MB"), in_units(2.50, "QAR"), in_units("video")
    ('1,500 MB', '2.5 QAR', 'video')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()
