"""One JupyterLab and one Chromium for all browser tests; each test gets a page of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tools.lab import Lab, Visit, find_chromium, running_chromium, running_lab, visit

PROJECT = Path(__file__).parents[2]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "viewport(width, height): size of the page, in CSS pixels")


@pytest.fixture(scope="session")
def chromium_program() -> str:
    found = find_chromium()
    if found is None:
        reason = "no Chromium or Chrome found: install one, or name it in the environment variable CHROMIUM"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"REQUIRE_BROWSER is 1, but {reason}")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def chromium(chromium_program: str) -> Iterator[BrowserContext]:
    with running_chromium(chromium_program) as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(chromium_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Serve a copy of the project's notebooks and data; tests may write notebooks of their own into it."""
    root, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    for folder in ("notebooks", "data"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns(".*"))
    with running_lab(root, home) as running:
        yield running


@pytest.fixture
def page(lab: Lab, chromium: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Give a page 1280 wide, or as the mark `viewport(width, height)` says, that reaches nothing but Lab."""
    mark = request.node.get_closest_marker("viewport")
    with visit(chromium, lab, *(mark.args if mark else ())) as visited:
        yield visited.page
    _assert_clean(visited)


@pytest.fixture(scope="module")
def shared_page(lab: Lab, chromium: BrowserContext) -> Iterator[Page]:
    """Give one page to all tests of a module, which run their cells anew: six times quicker than a page each."""
    with visit(chromium, lab) as visited:
        yield visited.page
    _assert_clean(visited)


def _assert_clean(visited: Visit) -> None:
    assert visited.elsewhere == [], "the page asked for something from elsewhere"
    assert visited.errors == [], "the page reported errors"
