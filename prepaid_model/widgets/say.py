"""Sentences as a cell's output: set like the prose around them, and the same as plain text."""

import html
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Words:
    """Text that a notebook shows as paragraphs, folded away under a summary if there is one."""

    text: str
    summary: str = ""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in self.text.splitlines())
        if not self.summary:
            return paragraphs
        return f"<details><summary>{html.escape(self.summary)}</summary>{paragraphs}</details>"


def say(*sentences: str, folded: str = "") -> Words:
    """Return sentences for a cell to show, each a paragraph.

    Parameters
    ----------
    folded : str
        What stands there until the reader asks for the rest: for what would spoil a prediction.

    Examples
    --------
    >>> say("Credit is money.", "Data is < credit.")
    Credit is money.
    Data is < credit.
    """
    return Words("\n".join(sentences), folded)
