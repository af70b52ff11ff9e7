"""Experiments, predictions and checked questions for the lessons, over ipywidgets."""

from prepaid_model.widgets.ready import check_widgets
from prepaid_model.widgets.say import say

__all__ = ["check_widgets", "say"]
