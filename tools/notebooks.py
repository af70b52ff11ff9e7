"""Execute the lessons and save them so that the same lesson always gives the same bytes.

``python -m tools.notebooks [notebook ...]`` runs each notebook (all of them, if none is named) from the top
in a fresh kernel, and writes it back without what differs between two honest runs. A cell or a callback that
fails stops the command, and that notebook stays as it was.

Examples
--------
>>> cell = nbformat.v4.new_code_cell("6 * 7", metadata={"trusted": True, "tags": ["answer"]})
>>> tidied = tidy(nbformat.v4.new_notebook(cells=[cell]))
>>> tidied.cells[0].id, tidied.cells[0].metadata
('cell-00', {'tags': ['answer']})
"""

import argparse
import base64
import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parent.parent / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_OF_A_CELL = ("tags", "jupyter")
LONGEST_CELL_SECONDS = 120


class LessonFailed(Exception):
    """A cell of a lesson, or a callback of a widget in it, raised an error."""


def lessons(folder: Path = FOLDER) -> list[Path]:
    """Return the notebooks in their reading order."""
    return sorted(folder.glob("*.ipynb"))


def execute(path: Path) -> NotebookNode:
    """Run a notebook from the top in a fresh kernel, in its own folder, and return it with its outputs.

    Raises
    ------
    LessonFailed
        If a cell fails, or a callback does (which a kernel reports without failing the cell).
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in _code_cells(notebook):
        cell.execution_count, cell.outputs = None, []
    client = NotebookClient(
        notebook,
        timeout=LONGEST_CELL_SECONDS,
        extra_arguments=["--log-level=ERROR"],
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(path.parent)}},
        allow_errors=True,
        coalesce_streams=True,
        store_widget_state=False,
    )
    client.execute()
    for cell in _code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                raise LessonFailed("\n".join([f"{path.name}, in the cell", cell.source, *output.traceback]))
    return notebook


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop from an executed notebook, in place, what varies or would not show without a kernel."""
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:02d}"
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in KEPT_OF_A_CELL if key in cell.metadata})
    for data in rendered(notebook):
        # A widget needs its kernel; the picture and the sentence beside it do not.
        if len(data) > 1:
            data.pop(WIDGET_VIEW, None)
    return notebook


def keep_pictures(notebook: NotebookNode, saved: NotebookNode) -> None:
    """Take over each saved picture whose pixels the new one repeats: another encoder is no change."""
    known = {_fingerprint(data["image/png"]): data["image/png"] for data in pictures(saved)}
    for data in pictures(notebook):
        data["image/png"] = known.get(_fingerprint(data["image/png"]), data["image/png"])


def save(path: Path) -> bool:
    """Execute a notebook and write it back; return whether that changed the file."""
    before = path.read_text(encoding="utf-8")
    notebook = tidy(execute(path))
    keep_pictures(notebook, nbformat.reads(before, as_version=4))
    after: str = nbformat.writes(notebook) + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


def rendered(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the renderings (by media type) of each displayed thing, from the top."""
    for cell in _code_cells(notebook):
        yield from (output.data for output in cell.outputs if "data" in output)


def pictures(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the renderings that hold a picture, from the top."""
    return (data for data in rendered(notebook) if "image/png" in data)


def decode(png: str) -> Image.Image:
    """Return a picture as saved in a notebook, decoded."""
    return Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")


def _fingerprint(png: str) -> bytes:
    image = decode(png)
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).digest()


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Execute the lessons and save their outputs.")
    parser.add_argument("notebook", nargs="*", type=Path, help="the lessons to save (default: all)")
    paths = parser.parse_args().notebook or lessons()
    with ThreadPoolExecutor(max_workers=2) as both_cores:
        for path, changed in zip(paths, both_cores.map(save, paths), strict=True):
            print(f"{'saved' if changed else 'same ':6} {path.name}")


if __name__ == "__main__":
    main()
