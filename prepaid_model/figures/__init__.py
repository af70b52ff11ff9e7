"""Figures over results: plain matplotlib, no widget, so that a figure can be drawn and tested anywhere."""

from prepaid_model.figures.base import Picture, picture_html, set_limits
from prepaid_model.figures.marks import EventMarks, Label, Spans, Steps, label

__all__ = ["EventMarks", "Label", "Picture", "Spans", "Steps", "label", "picture_html", "set_limits"]
