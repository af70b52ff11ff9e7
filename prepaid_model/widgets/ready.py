"""The one check at the top of a lesson: whether experiments can be shown here, and what to do if not."""

import ipywidgets as widgets

from prepaid_model.widgets.panel import Panel, paragraph

READY = "Ready: experiments run here. To run the whole lesson: menu Run, then Run All Cells."
NOT_RUNNING = (
    "Nothing runs on this page yet; pictures and texts can be read as they are. To try things out, open the lesson in "
    "JupyterLab (make lab), then menu Run, Run All Cells. If you still read this then, ipywidgets is missing "
    "where JupyterLab runs: install the environment again (make clean, make lab)."
)


class EnvironmentCheck(Panel):
    """A line that says "ready" where widgets can be shown, and what to do where they cannot.

    A page that cannot show a widget shows its text instead. So the check needs to ask nothing.

    Examples
    --------
    >>> EnvironmentCheck().static()["text/plain"].split(";")[0]
    'Nothing runs on this page yet'
    """

    def __init__(self) -> None:
        super().__init__()
        self.show([widgets.HTML(paragraph(READY, "pm-ready"))])
        self.add_class("pm-environment")

    def static(self) -> dict[str, str | bytes]:
        """Say what to do where widgets cannot be shown."""
        return {"text/plain": NOT_RUNNING, "text/html": f"<p><em>{NOT_RUNNING}</em></p>"}


def check_widgets() -> EnvironmentCheck:
    """Return the check, for the last line of a lesson's first cell."""
    return EnvironmentCheck()
