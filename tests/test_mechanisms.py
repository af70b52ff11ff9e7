"""The map of mechanisms is whole, and what it names exists."""

import ast
import importlib
import json
from pathlib import Path

import pytest

from prepaid_model.mechanisms import LESSONS, Mechanism, MechanismMap, lessons, mechanisms, title
from prepaid_model.tables import DataError, read_csv

PROJECT = Path(__file__).parent.parent
ALL_IDS = [
    *(f"F{number}" for number in range(1, 11)),
    *(f"P{number}" for number in range(1, 4)),
    *(f"B{number}" for number in range(1, 5)),
    *(f"X{number}" for number in range(1, 3)),
]
EXISTING = lessons()
TAUGHT = [pytest.param(row, id=row.id) for row in mechanisms().values() if row.lesson[0] in EXISTING]


def names_in(path):
    """Names of the tests in a file, those in classes with their class."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


def write_lesson(folder, name, first_line):
    cell = {"cell_type": "markdown", "metadata": {}, "source": [first_line, "\n", "more"]}
    (folder / name).write_text(json.dumps({"cells": [cell]}))


def test_every_mechanism_is_there_once():
    assert list(mechanisms()) == ALL_IDS


def test_the_first_lessons_are_there():
    assert {"00", "01"} <= set(EXISTING)


@pytest.mark.parametrize("row", TAUGHT)
def test_what_models_a_mechanism_exists(row):
    parts = row.object.split(".")
    module = importlib.import_module(".".join(parts[:2]))
    for place, name in enumerate(parts[2:], 3):
        module = getattr(module, name, None) or importlib.import_module(".".join(parts[:place]))
    assert module.__doc__


@pytest.mark.parametrize("row", TAUGHT)
def test_what_tests_a_mechanism_exists(row):
    file, _, name = row.test.partition("::")
    assert name in names_in(PROJECT / file)


def test_every_lesson_but_the_first_explains_a_mechanism():
    taught = {number for row in mechanisms().values() for number in row.lesson}
    assert set(EXISTING) - {"00"} <= taught


def test_the_map_links_what_exists_and_only_that(tmp_path):
    write_lesson(tmp_path, "01-what-is-a-recharge.ipynb", '# 01 · What is a recharge? "Where is it?"')
    table = MechanismMap(tmp_path)._repr_markdown_().splitlines()
    rows = {line.split("|")[1].strip(): line for line in table[2:]}
    assert "[01 · What is a recharge?](01-what-is-a-recharge.ipynb)" in rows["F1"]
    assert "08, to come" in rows["F5"]
    assert "[01" in rows["F5"]
    assert "02, to come" in rows["F6"]
    assert "](" not in rows["F6"]


def test_the_map_says_the_same_in_plain_text(tmp_path):
    write_lesson(tmp_path, "01-what-is-a-recharge.ipynb", "# 01 · What is a recharge?")
    lines = repr(MechanismMap(tmp_path)).splitlines()
    assert len(lines) == len(ALL_IDS)
    assert not lines[0].endswith("(to come)")
    assert lines[-1].endswith("(to come)")


def test_titles_carry_the_number_of_their_file():
    for number, path in EXISTING.items():
        assert title(path).startswith(f"{number} · "), path.name


def test_links_of_the_map_lead_to_lessons_beside_it():
    text = MechanismMap()._repr_markdown_()
    assert all(f"]({path.name})" in text for number, path in EXISTING.items() if number != "00")
    assert LESSONS == PROJECT / "notebooks"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("Q1,Something,01,,", "id"),
        ("F1,,01,,", "mechanism"),
        ("F1,Something,13,,", "lesson"),
        ("F1,Something,01,os.path,", "object"),
        ("F1,Something,01,,somewhere", "test"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path, line, field):
    file = tmp_path / "mechanisms.csv"
    file.write_text(f"id,mechanism,lesson,object,test\n{line}\n")
    with pytest.raises(DataError) as caught:
        read_csv(file, Mechanism, key="id")
    assert caught.value.field.startswith(field)
    assert caught.value.entry == "line 2"
