"""A saved lesson reads well without running, and shows what running it would show.

nbval compares texts and tables with those of a fresh run. It ignores pictures, and any cell that was never run.
"""

import platform
import re
import statistics
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tools.notebooks import WIDGET_VIEW, decode, execute, lessons, pictures, rendered

LESSONS = [pytest.param(path, id=path.stem) for path in lessons()]
LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()
# The locked wheels bring their own font renderer: on the machine the lessons are saved on, each pixel is the same.
# Another processor or release may smooth the edge of a letter otherwise, but not move a curve.
SAME_PENCIL = (sys.platform, platform.machine()) == ("linux", "x86_64") and all(
    f"{name}=={version(name)} " in LOCK for name in ("matplotlib", "pillow")
)
ROOT_MEAN_SQUARE = 0 if SAME_PENCIL else 3  # levels of 255


@cache
def saved(path):
    return nbformat.read(path, as_version=4)


@cache
def fresh(path):
    return execute(path)


def code_cells(path):
    return [cell for cell in saved(path).cells if cell.cell_type == "code"]


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.parametrize("path", LESSONS)
class TestSavedLesson:
    def test_was_run_from_top_to_bottom(self, path):
        assert [cell.execution_count for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))
        assert all(cell.source.strip() for cell in code_cells(path))

    def test_ran_without_error_or_warning(self, path):
        outputs = [output for cell in code_cells(path) for output in cell.outputs]
        assert outputs
        assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]

    def test_is_tidy(self, path):
        notebook = saved(path)
        assert set(notebook.metadata) == {"kernelspec", "language_info"}
        assert [cell.id for cell in notebook.cells] == [f"cell-{n:02d}" for n in range(len(notebook.cells))]
        assert path.read_text() == nbformat.writes(notebook) + "\n"

    def test_needs_no_kernel_to_be_read(self, path):
        displayed = list(rendered(saved(path)))
        assert any("image/png" in data for data in displayed), "no experiment has its picture"
        for data in displayed:
            sentence = data["text/plain"]
            assert WIDGET_VIEW not in data, sentence
            assert not re.match(r"\w+\(children=|\w+\(.*layout=", sentence), "a widget without a sentence of its own"

    def test_shows_each_widget_by_picture_or_page_and_one_line(self, path):
        for data in rendered(fresh(path)):
            if WIDGET_VIEW in data:
                assert {"image/png", "text/html"} & set(data), data["text/plain"]
                assert len(data["text/plain"].splitlines()) == 1

    def test_has_the_pictures_of_a_fresh_run(self, path):
        old, new = list(pictures(saved(path))), list(pictures(fresh(path)))
        assert [data["text/plain"] for data in old] == [data["text/plain"] for data in new]
        for before, now in zip(old, new, strict=True):
            assert difference(before["image/png"], now["image/png"]) <= ROOT_MEAN_SQUARE, now["text/plain"]

    def test_says_at_the_top_what_it_is_not(self, path):
        top = " ".join(cell.source for cell in saved(path).cells[:2] if cell.cell_type == "markdown").lower()
        assert "independent educational simulation" in top
        assert "not affiliated with any telecom provider" in top

    def test_has_short_cells_and_no_machinery(self, path):
        lines = [len(cell.source.splitlines()) for cell in code_cells(path)]
        assert statistics.median(lines) <= 3
        assert max(lines) <= 12
        machinery = re.compile(r"^\s*(?:(?:async\s+)?def|class|@|%|!)", re.MULTILINE)
        assert not [cell.source for cell in code_cells(path) if machinery.search(cell.source)]


def difference(before, now):
    """Return how far apart two pictures are: the root mean square over all pixels, in levels of 255."""
    one, other = decode(before), decode(now)
    assert one.size == other.size
    return float(np.sqrt(np.mean((np.asarray(one, float) - np.asarray(other, float)) ** 2)))
