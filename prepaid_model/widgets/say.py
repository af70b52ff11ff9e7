"""Sentences as a cell's output: set like the prose around them, and the same as plain text."""

import html


class Words(str):
    """Text that a notebook shows as paragraphs.

    Examples
    --------
    >>> say("Credit is money.", "Data is < credit.")
    Credit is money.
    Data is < credit.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(line)}</p>" for line in self.splitlines())


def say(*sentences: str) -> Words:
    """Return sentences for a cell to show, each a paragraph."""
    return Words("\n".join(sentences))
