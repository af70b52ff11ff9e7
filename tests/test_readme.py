"""The README is the first thing anybody meets: its links lead somewhere, its code runs, its notice stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_lesson_is_listed():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lessons = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert lessons == re.findall(r"^\| \d\d \| \[.*?\]\(notebooks/(.*?)\)", text, re.MULTILINE)


def test_its_code_runs_and_keeps_the_laws():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["account"].data_left == 700_000_000


def test_the_notice_stands_on_the_first_screen():
    first_screen = " ".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:28])
    for words in ("make lab", "make test", "independent educational simulation", "not affiliated with any telecom"):
        assert words in first_screen.replace("> ", "")
