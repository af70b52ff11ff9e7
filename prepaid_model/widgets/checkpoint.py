"""A checked question: the model knows the answer, and each usual mistake gets its own hint."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from prepaid_model.errors import InputError, Refused
from prepaid_model.widgets.controls import WHOLE_LABEL, button
from prepaid_model.widgets.panel import Panel, folded, paragraph

RIGHT = "Right."
NOT_YET = "Not yet."


class Checkpoint(Panel):
    """A question with options, or for a number, that says at once whether an answer is right.

    Parameters
    ----------
    question : str
        What is asked.
    right
        The right answer, or a function that works it out: computed by the model, not typed.
    solution : str
        Why it is so; folded away until asked for.
    options : sequence, optional
        The answers to choose from. Without them a number is asked for.
    hints : mapping, or sequence of pairs
        The hint for each usual mistake: by the wrong answer, or pairs of a test and its hint
        (``(lambda x: x < 0, "…")``), the first that fits.
    hint : str
        The hint for any other mistake.
    unit : str
        Unit of the number asked for.
    tolerance : float
        How far a number may be off.
    accepts : callable, optional
        Where many answers are right: a test of the one given. Then `right` is None.

    Examples
    --------
    >>> blocks = Checkpoint(
    ...     "How many started 100 KB are in 250 KB?",
    ...     3,
    ...     "Two whole ones, one started.",
    ...     hints={2: "What about the last 50 KB?"},
    ...     hint="Count the started ones.",
    ... )
    >>> blocks.answer(2)
    'Not yet. What about the last 50 KB?'
    >>> blocks.answer(3)
    'Right. Two whole ones, one started.'
    """

    def __init__(
        self,
        question: str,
        right: Any,
        solution: str,
        *,
        options: Sequence[Any] = (),
        hints: Mapping[Any, str] | Sequence[tuple[Callable[[Any], bool], str]] = (),
        hint: str = "Try it in the experiment above.",
        unit: str = "",
        tolerance: float = 0,
        accepts: Callable[[Any], bool] | None = None,
    ) -> None:
        super().__init__()
        self.question, self.solution = question, solution
        self._right, self._hints, self._hint = right, hints, hint
        self._options, self._tolerance, self._unit = tuple(options), tolerance, unit
        self._accepts = accepts
        self.feedback = ""
        self.control = self._make_control()
        self.check_button = button("Check", "money")
        self.on_press(self.check_button, lambda: self._judge(self._chosen()))
        self._outcome = widgets.HTML()
        asked = widgets.HTML(paragraph(question, "pm-question"))
        row = widgets.HBox([self.control, self.check_button])
        row.add_class("pm-column" if self._options else "pm-row")
        self.show([asked, row, self.status, self._outcome, widgets.HTML(folded("Show the solution", solution))])
        self.add_class("pm-checkpoint")

    def answer(self, given: Any) -> str:
        """Judge an answer as if it had been given on the page; return the feedback.

        Raises
        ------
        InputError
            If it is none of the options, or no number.
        """
        with self.guarded():
            return self._judge(given)

    def static(self) -> dict[str, str | bytes]:
        """Show the question and its options, with the solution folded away."""
        options = "".join(f"<li>{html.escape(str(option))}</li>" for option in self._options)
        return {
            "text/plain": f"Question: {self.question}",
            "text/html": f"<p><strong>{html.escape(self.question)}</strong></p>"
            + (f"<ul>{options}</ul>" if options else "")
            + folded("Show the solution", self.solution),
        }

    def _make_control(self) -> Any:
        if self._options:
            pairs = [(str(option), option) for option in self._options]
            made = widgets.RadioButtons(options=pairs, value=None, layout={"width": "max-content"})
        else:
            label = f"My answer, {self._unit}" if self._unit else "My answer"
            made = widgets.Text(description=label, style=WHOLE_LABEL, layout={"width": "auto"})
        made.add_class("pm-answer")
        return made

    def _chosen(self) -> Any:
        if self._options:
            if self.control.value is None:
                raise Refused("check", "choose one of the options first")
            return self.control.value
        return self._number(self.control.value)

    @staticmethod
    def _number(text: str) -> int | float:
        plain = text.strip().replace(",", "")
        if re.fullmatch(r"[-+]?\d+", plain):
            return int(plain)
        if re.fullmatch(r"[-+]?\d*\.\d+|[-+]?\d+\.", plain):
            return float(plain)
        raise InputError("answer", text, "a number")

    def _judge(self, given: Any) -> str:
        if self._options:
            if given not in self._options:
                raise InputError("answer", given, "one of the options")
        elif isinstance(given, bool) or not isinstance(given, int | float):
            raise InputError("answer", given, "a number")
        right = self._is_right(given)
        self.feedback = f"{RIGHT} {self.solution}" if right else f"{NOT_YET} {self._hint_for(given)}"
        css_class = "pm-right" if right else "pm-wrong"
        self._outcome.value = paragraph(self.feedback, f"pm-feedback {css_class}", live=True)
        return self.feedback

    def _is_right(self, given: Any) -> bool:
        if self._accepts:
            return self._accepts(given)
        right = self._right() if callable(self._right) else self._right
        if self._options:
            return bool(given == right)
        return bool(abs(given - right) <= self._tolerance)

    def _hint_for(self, given: Any) -> str:
        if isinstance(self._hints, Mapping):
            return self._hints.get(given, self._hint)
        return next((hint for fits, hint in self._hints if fits(given)), self._hint)
