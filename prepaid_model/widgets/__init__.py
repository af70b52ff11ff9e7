"""Experiments, predictions and checked questions for the lessons, over ipywidgets."""
