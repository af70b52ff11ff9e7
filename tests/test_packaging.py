"""One environment, written down three times: as bounds, as a lock, for conda."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import prepaid_model
from tools.lab import PROMPTLY

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EVERYTHING = CORE + [Requirement(line) for extra in PROJECT["optional-dependencies"].values() for line in extra]
LOCK = (ROOT / "requirements.lock").read_text()
PIN = re.compile(
    r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)(?: ; .+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
LOCKED = PIN.findall(LOCK)

FROM_CONDA_NAMES = {"matplotlib-base": "matplotlib", "python-tzdata": "tzdata"}


@pytest.mark.parametrize("needed", EVERYTHING, ids=lambda needed: needed.name)
def test_the_lock_holds_what_the_project_asks_for(needed):
    versions = [version for name, version, _ in LOCKED if name == canonicalize_name(needed.name)]
    assert versions
    assert all(needed.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("needed", EVERYTHING, ids=lambda needed: needed.name)
def test_every_dependency_has_a_lowest_version_and_no_highest(needed):
    assert [bound.operator for bound in needed.specifier] == [">="]


def test_the_lock_is_nothing_but_exact_versions_with_hashes():
    rest = PIN.sub("", LOCK)
    assert all(line.startswith("#") for line in rest.splitlines())


@pytest.mark.parametrize("trace", ["://", "/", "index", "file:", "find-links"])
def test_the_lock_names_no_place(trace):
    assert trace not in LOCK


def test_conda_gets_the_same_packages_within_the_same_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    listed = [Requirement(line) for line in environment["dependencies"] if isinstance(line, str)]
    conda = {FROM_CONDA_NAMES.get(one.name, one.name): one.specifier for one in listed}
    assert conda.pop("pip") == ""
    assert conda.pop("python") == PROJECT["requires-python"]
    assert conda == {one.name: one.specifier for one in CORE}


def test_conda_installs_the_package_from_this_folder_and_nothing_else_by_pip():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_the_installed_package_is_this_checkout():
    assert importlib.metadata.version("prepaid_model") == PROJECT["version"]
    assert Path(prepaid_model.__file__).parent == ROOT / "prepaid_model"
    assert (ROOT / "prepaid_model" / "py.typed").exists()


def test_the_changelog_knows_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog or f"## [{PROJECT['version']}]" in changelog


def test_the_lessons_open_as_they_are_tested_and_measured():
    recipe = subprocess.run(["make", "--dry-run", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert PROMPTLY in recipe
