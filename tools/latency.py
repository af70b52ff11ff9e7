"""How long a learner waits for the new picture after pressing a key: ``python -m tools.latency``.

The time runs from the key press, as the page sees it, until the new picture has been decoded and a frame
with it is on the screen. All that lies between is in it: widget message, model, drawing, encoding.
"""

import argparse
import math
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from tools.lab import find_chromium, open_and_run, running_chromium, running_lab, visit

PRESSES = 60

_WATCH = """picture => {
    window.pressed = null; window.waits = [];
    const frame = document.querySelector(picture).closest('.widget-html-content');
    document.addEventListener('keydown', event => { window.pressed = event.timeStamp; }, true);
    new MutationObserver(async () => {
        const start = window.pressed;
        if (start === null) return;
        window.pressed = null;
        await document.querySelector(picture).decode();
        requestAnimationFrame(() => {
            const shown = new MessageChannel();
            shown.port1.onmessage = () => window.waits.push(performance.now() - start);
            shown.port2.postMessage(null);
        });
    }).observe(frame, { childList: true, subtree: true, attributes: true });
}"""


def waits(page: Page, handle: str, picture: str = ".pm-picture", presses: int = PRESSES) -> list[float]:
    """Press arrow keys on a slider and return what each press took, in ms.

    Parameters
    ----------
    page
        A page that shows the experiment.
    handle, picture : str
        CSS selectors of the slider's handle and of the picture.
    presses : int
        How many presses: five to the right, five back, and so on.
    """
    page.locator(handle).first.focus()
    page.evaluate(_WATCH, picture)
    for press in range(presses):
        page.keyboard.press("ArrowLeft" if press // 5 % 2 else "ArrowRight")
        page.wait_for_function("count => window.waits.length === count", arg=press + 1)
    taken: list[float] = page.evaluate("() => window.waits")
    return taken


def p95(numbers: list[float]) -> float:
    """Return the smallest of the numbers that 95 % of them do not exceed.

    Examples
    --------
    >>> p95([float(each) for each in range(1, 61)])
    57.0
    """
    return sorted(numbers)[math.ceil(len(numbers) * 0.95) - 1]


def measure(code: str, handle: str, *modules: Path, presses: int = PRESSES) -> list[float]:
    """Show what a cell of code gives in a JupyterLab of its own, and measure it there.

    Parameters
    ----------
    code : str
        The cell ("from … import PrepaidFlow; PrepaidFlow()").
    handle : str
        CSS selector of the slider's handle.
    modules : Path
        Files that the cell imports and that are not installed.
    presses : int
        How many presses.

    Raises
    ------
    RuntimeError
        If there is no Chromium.
    """
    program = find_chromium()
    if program is None:
        raise RuntimeError("no Chromium found; name one in the environment variable CHROMIUM")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root, home = Path(folder, "notebooks"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        for module in modules:
            shutil.copy(module, root)
        write_notebook(root / "latency.ipynb", [code])
        with running_lab(root, home) as lab, running_chromium(program) as browser, visit(browser, lab) as visited:
            open_and_run(visited.page, lab, "latency.ipynb")
            return waits(visited.page, handle, presses=presses)


def write_notebook(path: Path, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Measure the wait from a key press to the new picture.")
    parser.add_argument("code", help="a cell that shows an experiment")
    parser.add_argument("--handle", default=".pm-slider .noUi-handle", help="CSS selector of the slider's handle")
    parser.add_argument("--module", type=Path, action="append", default=[], help="a file that the cell imports")
    given = parser.parse_args()
    taken = measure(given.code, given.handle, *given.module)
    sys.stdout.write(f"{len(taken)} presses: median {statistics.median(taken):.1f} ms, p95 {p95(taken):.1f} ms\n")


if __name__ == "__main__":
    main()
