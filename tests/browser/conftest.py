"""One JupyterLab and one Chromium for all browser tests; each test gets a page of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tools.lab import Lab, find_chromium, running_chromium, running_lab, visit

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


@pytest.fixture(scope="module")
def shared_page(lab: Lab, chromium: BrowserContext) -> Iterator[Page]:
    """Give one page to all tests of a module, that reaches nothing but Lab: a lesson is opened and run only once."""
    with visit(chromium, lab) as visited:
        yield visited.page
    assert visited.elsewhere == [], "the page asked for something from elsewhere"
    assert visited.errors == [], "the page reported errors"


@pytest.fixture
def page(shared_page: Page, request: pytest.FixtureRequest) -> Page:
    """Give the module's page, 1280 wide or as the mark `viewport(width, height)` says."""
    mark = request.node.get_closest_marker("viewport")
    width, height = mark.args if mark else (1280, 900)
    shared_page.set_viewport_size({"width": width, "height": height})
    return shared_page
