"""Every lesson has the same shape, so that who has read one finds their way in the next."""

import re

import nbformat
import pytest

from tools.notebooks import lessons, rendered

WELCOME, *LESSONS = (pytest.param(path, id=path.stem) for path in lessons())
SECTIONS = (
    "What the document says",
    "Predict",
    "Experiment",
    "What happened",
    "Under the hood",
    "Try it",
    "Check yourself",
    "In short",
)


def prose(path):
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


def section(path, title):
    """Return the words of a section, up to the next one."""
    return re.split(r"^## ", prose(path).split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def shown(path):
    """Return the one-line text of everything that the lesson shows as a picture or a page."""
    return [data["text/plain"] for data in rendered(nbformat.read(path, as_version=4))]


@pytest.mark.parametrize("path", [WELCOME, *LESSONS])
def test_asks_what_a_person_would_ask(path):
    title = prose(path).splitlines()[0]
    assert re.match(rf"# {path.stem[:2]} · .*\?", title)


@pytest.mark.parametrize("path", LESSONS)
class TestLesson:
    def test_says_what_one_will_be_able_to_do_and_what_to_have_read(self, path):
        start = prose(path).split("\n## ", 1)[0]
        assert "**You will be able to**" in start
        assert re.search(r"\*\*Before you start\*\*:.*minutes", start, re.DOTALL)

    def test_has_its_sections_in_order(self, path):
        assert tuple(re.findall(r"^## (.+)$", prose(path), re.MULTILINE)) == SECTIONS

    def test_says_where_the_real_thing_is_specified_and_what_is_left_out(self, path):
        assert re.search(r"RFC \d{4}|TS \d{2}\.\d{3}", section(path, "What the document says"))
        assert "leaves out" in prose(path)

    def test_asks_for_two_guesses_before_it_tells(self, path):
        assert sum(line.startswith("Predict: ") for line in shown(path)) >= 2

    def test_has_three_graded_tasks(self, path):
        assert re.findall(r"\*\*(Tweak|Twiddle|Build)\.\*\*", section(path, "Try it")) == ["Tweak", "Twiddle", "Build"]

    def test_has_four_checked_questions(self, path):
        assert sum(line.startswith("Question: ") for line in shown(path)) >= 4

    def test_puts_a_misconception_right_and_leads_on(self, path):
        end = section(path, "In short")
        assert "**A misconception put right" in end
        later = [other.values[0] for other in LESSONS if other.values[0].name > path.name]
        assert not later or f"]({later[0].name})" in end
