"""The command that saves lessons, on small notebooks of the test's own."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from tools.notebooks import WIDGET_VIEW, LessonFailed, lessons, pictures, rendered, save

ROOT = Path(__file__).parents[2]
SHOWN = """
import ipywidgets
from IPython.display import display
class Shown(ipywidgets.VBox):
    def _repr_mimebundle_(self, **_):
        from PIL import Image
        import base64, io
        file = io.BytesIO()
        Image.new("RGB", (3, 2), "green").save(file, "PNG")
        picture = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": "A green field."}
        return super()._repr_mimebundle_() | picture
Shown()
"""


@pytest.fixture
def notebook(tmp_path):
    def write(*sources, name="lesson.ipynb"):
        cells = [nbformat.v4.new_code_cell(source, metadata={"scrolled": True}) for source in sources]
        written = nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {}, "title": "x"})
        nbformat.write(written, tmp_path / name)
        return tmp_path / name

    return write


def test_saving_twice_changes_no_byte(notebook):
    path = notebook("print('one')\nprint('two')", SHOWN, "import sys; print('late', file=sys.stderr); print('three')")
    assert save(path)
    first = path.read_bytes()
    assert not save(path)
    assert path.read_bytes() == first


def test_saved_cells_are_numbered_and_bare(notebook):
    path = notebook("1", "2")
    save(path)
    read = nbformat.read(path, as_version=4)
    assert [(cell.id, cell.execution_count, cell.metadata) for cell in read.cells] == [
        ("cell-00", 1, {}),
        ("cell-01", 2, {}),
    ]
    assert set(read.metadata) == {"kernelspec", "language_info"}


def test_a_widget_is_saved_as_its_picture_and_sentence(notebook):
    path = notebook(SHOWN)
    save(path)
    (data,) = rendered(nbformat.read(path, as_version=4))
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == "A green field."
    assert WIDGET_VIEW not in path.read_text()


def test_a_picture_of_the_same_pixels_is_not_rewritten(notebook):
    path = notebook(SHOWN)
    save(path)
    read = nbformat.read(path, as_version=4)
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "green").save(file, "PNG", pnginfo=None, compress_level=0)
    (data,) = pictures(read)
    assert data["image/png"].strip() != base64.b64encode(file.getvalue()).decode()
    data["image/png"] = base64.b64encode(file.getvalue()).decode()
    nbformat.write(read, path)
    assert not save(path)

    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, "PNG")
    data["image/png"] = base64.b64encode(file.getvalue()).decode()
    nbformat.write(read, path)
    assert save(path)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        pytest.param("1 / 0", "ZeroDivisionError", id="in a cell"),
        pytest.param(
            "import ipywidgets\nb = ipywidgets.Button()\nb.on_click(lambda _: 1 / 0)\nb.click()",
            "ZeroDivisionError",
            id="on a click",
        ),
    ],
)
def test_an_error_stops_the_saving_and_leaves_the_file(notebook, source, error):
    path = notebook(source)
    before = path.read_bytes()
    with pytest.raises(LessonFailed, match=error):
        save(path)
    assert path.read_bytes() == before


def test_the_kernel_stands_in_the_folder_of_the_lesson(notebook):
    path = notebook("from pathlib import Path\nprint(Path('lesson.ipynb').exists())")
    save(path)
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "True\n"


def test_lessons_are_listed_in_reading_order(notebook, tmp_path):
    for name in ("01-b.ipynb", "00-a.ipynb"):
        notebook("1", name=name)
    assert [path.name for path in lessons(tmp_path)] == ["00-a.ipynb", "01-b.ipynb"]


def test_strict_comparison_passes_what_was_saved_and_fails_what_was_altered(notebook):
    path = notebook(SHOWN, "print('QAR 25.00')", "object()")
    save(path)
    assert strict_comparison(path) == 0
    path.write_text(path.read_text().replace('"QAR 25.00\\n"', '"QAR 26.00\\n"'))
    assert strict_comparison(path) == 1


def strict_comparison(path):
    sanitise = ROOT / "tests/notebooks/sanitise.cfg"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with", sanitise, "-p", "no:cacheprovider"]
    return subprocess.run([*command, "--rootdir", ROOT, "-c", ROOT / "pyproject.toml", path], check=False).returncode
