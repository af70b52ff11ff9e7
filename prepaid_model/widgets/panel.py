"""What every widget of the lessons has: one look, one status line, and a text for pages that cannot run."""

import base64
import html
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.errors import InputError, Refused
from prepaid_model.widgets.style import CSS

# JupyterLab takes arrow keys and letters for itself unless the focused element says that it needs them; without
# this no list and no option could be chosen from the keyboard. An animation starts when an element comes on the page.
_KEEP_KEYS = """<i class="pm-keys" aria-hidden="true" onanimationstart="
    this.closest('.pm-panel').addEventListener('focusin', ({ target }) => {
        if (target.matches('select, input')) target.setAttribute('data-lm-suppress-shortcuts', 'true');
    });
"></i>"""

_ONE_AT_A_TIME = threading.RLock()
"""JupyterLab may have the kernel handle a click in one thread and a slider in another, at the same time."""


class Panel(widgets.VBox):
    """A box with the project's style sheet and a status line, whose callbacks never fail in silence.

    JupyterLab shows nothing when a callback raises. So each one runs `guarded`: the error is put in
    plain words where the learner looks, and raised on, for whoever drives the widget from code.

    Attributes
    ----------
    status : ipywidgets.HTML
        The status line; empty while all is well.
    extra_css : str
        Rules for what only this kind of panel has, besides those all share.
    """

    extra_css: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("pm-panel")
        self._style_sheet = widgets.HTML(f"<style>{CSS}{self.extra_css}</style>{_KEEP_KEYS}")
        self._style_sheet.add_class("pm-style-sheet")
        self.status = widgets.HTML()
        self.status.add_class("pm-status")

    def show(self, parts: Sequence[widgets.Widget]) -> None:
        """Put the parts in the box, from top to bottom."""
        self.children = (self._style_sheet, *parts)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Run a block on its own; say in the status line what went wrong in it, and raise it on."""
        with _ONE_AT_A_TIME:
            try:
                yield
            except Exception as error:
                self.status.value = f'<div class="pm-problem" role="alert">{html.escape(in_plain_words(error))}</div>'
                raise
            self.status.value = ""

    def on_press(self, button: widgets.Button, act: Callable[[], object]) -> None:
        """Let a button do something, guarded."""

        def pressed(_: widgets.Button) -> None:
            with self.guarded():
                act()

        button.on_click(pressed)

    def on_change(self, control: widgets.ValueWidget, act: Callable[[], object]) -> None:
        """Do something whenever a control gets another value, guarded."""

        def changed(_: object) -> None:
            with self.guarded():
                act()

        control.observe(changed, "value")

    def static(self) -> dict[str, str | bytes]:
        """Say what a page shows that cannot run this widget, by media type; ``text/plain`` is one line."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = dict(super()._repr_mimebundle_(**kwargs))
        for media_type, content in self.static().items():
            bundle[media_type] = base64.b64encode(content).decode("ascii") if isinstance(content, bytes) else content
        return bundle, {}


def in_plain_words(error: Exception) -> str:
    """Put an error as a learner should read it.

    Examples
    --------
    >>> in_plain_words(Refused("buy 1 GB", "it costs QAR 10.00, the credit is QAR 4.00"))
    'buy 1 GB: refused, it costs QAR 10.00, the credit is QAR 4.00. Nothing has been changed.'
    >>> in_plain_words(KeyError("tariff"))
    "Something went wrong here (KeyError: 'tariff'). You still see what was there before it."
    """
    if isinstance(error, InputError | Refused):
        return f"{error}. Nothing has been changed."
    return f"Something went wrong here ({type(error).__name__}: {error}). You still see what was there before it."


def paragraph(text: str, css_class: str, *, live: bool = False) -> str:
    """Write plain text as a paragraph; a live one is read out by a screen reader when it changes.

    Examples
    --------
    >>> paragraph("credit < 5", "pm-sentence")
    '<p class="pm-sentence">credit &lt; 5</p>'
    """
    politely = ' aria-live="polite"' if live else ""
    return f'<p class="{css_class}"{politely}>{html.escape(text)}</p>' if text else ""


def folded(summary: str, text: str) -> str:
    """Write plain text that is folded away until it is asked for.

    Examples
    --------
    >>> folded("Show the answer", "5 days")
    '<details class="pm-folded"><summary>Show the answer</summary><p>5 days</p></details>'
    """
    return f'<details class="pm-folded"><summary>{html.escape(summary)}</summary><p>{html.escape(text)}</p></details>'
