"""The map of what is explained here: each mechanism, its lesson, what models it and what tests it.

Read from ``data/mechanisms.csv``. A lesson is known by its file: the map links what exists, and says of
the rest that it is to come.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, model_validator

from prepaid_model.tables import DATA, Entry, Text, read_csv

LESSONS = DATA.parent / "notebooks"
"""The folder of the lessons."""


class Mechanism(Entry):
    """Something about recharge that a lesson lets its reader meet.

    ``lesson`` lists the two digits of its lessons, the main one first; ``object`` is the dotted path of what
    models it, ``test`` the file and name of what tests it. Both may be empty while the lesson is to come.
    """

    id: Annotated[str, Field(pattern=r"^[FPBX][0-9]+$")]
    mechanism: Text
    lesson: tuple[Annotated[str, Field(pattern=r"^(0[0-9]|1[0-2])$")], ...]
    object: Annotated[str, Field(pattern=r"^(prepaid_model(\.\w+)+)?$")] = ""
    test: Annotated[str, Field(pattern=r"^(tests/[\w/]+\.py::\w+(::\w+)?)?$")] = ""

    @model_validator(mode="before")
    @classmethod
    def _split_lessons(cls, row: Any) -> Any:
        if isinstance(row, dict) and isinstance(row.get("lesson"), str):
            return row | {"lesson": tuple(row["lesson"].split(";"))}
        return row


@lru_cache(maxsize=1)
def mechanisms() -> Mapping[str, Mechanism]:
    """Return the mechanisms by id, in the order of the file.

    Examples
    --------
    >>> mechanisms()["F4"].mechanism
    'Conversion: credit becomes a data bundle'
    """
    rows = read_csv(DATA / "mechanisms.csv", Mechanism, key="id")
    return MappingProxyType({row.id: row for row in rows})


class MechanismMap:
    """The mechanisms as a table for a lesson to show, with links to the lessons in a folder.

    Examples
    --------
    >>> print(str(MechanismMap()).splitlines()[0][:40])
    F1   lesson 01  Data connectivity: a rec
    """

    def __init__(self, folder: Path = LESSONS) -> None:
        self._lessons = lessons(folder)

    def __repr__(self) -> str:
        return "\n".join(
            f"{row.id:4} lesson {row.lesson[0]}  {row.mechanism}{'' if self._exists(row) else ' (to come)'}"
            for row in mechanisms().values()
        )

    def _repr_markdown_(self) -> str:
        heads = "| | What is explained | Lesson |\n|:---|:---|:---|"
        rows = (f"| {row.id} | {row.mechanism} | {self._links(row)} |" for row in mechanisms().values())
        return "\n".join([heads, *rows])

    def _exists(self, row: Mechanism) -> bool:
        return row.lesson[0] in self._lessons

    def _links(self, row: Mechanism) -> str:
        return "<br>".join(self._link(number) for number in row.lesson)

    def _link(self, number: str) -> str:
        if number not in self._lessons:
            return f"{number}, to come"
        path = self._lessons[number]
        return f"[{title(path)}]({path.name})"


def lessons(folder: Path = LESSONS) -> dict[str, Path]:
    """Return the lessons that exist, by their two digits."""
    return {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]-*.ipynb"))}


def title(path: Path) -> str:
    """Return a lesson's title: its first line, without the mark of a heading and the question after it."""
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
    return "".join(first).splitlines()[0].lstrip("# ").partition(' "')[0].rstrip(" .")
