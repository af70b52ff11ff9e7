"""The terms of the lessons, each with the one meaning it is used in; read from ``data/glossary.csv``."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, model_validator

from prepaid_model.tables import DATA, Entry, Text, read_csv


class GlossaryTerm(Entry):
    """A term as the lessons use it; ``see`` lists related terms, separated by semicolons in the file."""

    term: Text
    meaning: Text
    lesson: Annotated[str, Field(pattern=r"^(0[0-9]|1[0-2])$")]
    standard: str = ""
    see: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _split_see(cls, row: Any) -> Any:
        if isinstance(row, dict) and isinstance(row.get("see"), str):
            return row | {"see": tuple(word.strip() for word in row["see"].split(";") if word.strip())}
        return row


@lru_cache(maxsize=1)
def glossary() -> Mapping[str, GlossaryTerm]:
    """Return the terms of the lessons, by term, in alphabetical order.

    Examples
    --------
    >>> glossary()["bucket"].lesson
    '04'
    """
    rows = read_csv(DATA / "glossary.csv", GlossaryTerm, key="term")
    return MappingProxyType({row.term: row for row in sorted(rows, key=lambda row: row.term.lower())})
