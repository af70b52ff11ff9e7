"""The small data files: read once, checked entry by entry, errors in plain words.

A file in ``data/`` is a CSV table, whose rows become entries, or a TOML document. Either is read
through a pydantic model. What is wrong is told with the file, the entry, the field, the value and
what would have been right, so that a person who edits a file can put it right.

Examples
--------
>>> film = activities()["video_sd"]
>>> film.phrase, film.downlink_bytes_per_minute
('watch video (SD)', 11666667)
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self, TextIO, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails

from prepaid_model.errors import InputError, whole
from prepaid_model.units import parse_moment, parse_money, parse_volume

DATA = Path(__file__).resolve().parent.parent / "data"
"""The folder of the data files: at the top of the checkout."""

_FROM_FILE = object()  # marks what a person wrote down; code may give whole micros and bytes
_ABSENT = "nothing"
_SURPLUS = "cells beyond the last column"


class DataError(InputError):
    """An entry of a data file that cannot be what it should be.

    Parameters
    ----------
    file : str
        The name of the file.
    entry : str
        The line of a CSV file ("line 7") or the table of a TOML file ("bundle 2 (weekly)").
    field, value, expected
        As in `InputError`.

    Examples
    --------
    >>> print(DataError("catalogue.toml", "bundle 2 (weekly)", "price", 10.0, "riyals written as text"))
    catalogue.toml, bundle 2 (weekly): price: got 10.0, expected riyals written as text
    """

    def __init__(self, file: str, entry: str, field: str, value: Any, expected: str) -> None:
        super().__init__(field, value, expected)
        self.args = (f"{file}, {entry}: {self}",)
        self.file = file
        self.entry = entry

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str, Any, str]]:
        """Travel between processes whole: the default would lose the parts."""
        return type(self), (self.file, self.entry, self.field, self.value, self.expected)


def _money(value: Any, info: ValidationInfo) -> int:
    if info.context is _FROM_FILE and not isinstance(value, str):
        raise InputError(
            "amount", value, 'riyals written as text, such as "10.00": a bare number is inexact or unclear'
        )
    return parse_money(value) if isinstance(value, str) else whole("amount", value, unit="micros")


def _volume(value: Any, info: ValidationInfo) -> int:
    if info.context is _FROM_FILE and not isinstance(value, str):
        raise InputError("volume", value, 'a volume written as text with its unit, such as "1.5 GB"')
    return parse_volume(value) if isinstance(value, str) else whole("volume", value, unit="bytes")


def _digits(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]+\s*", value) else value


Money = Annotated[int, BeforeValidator(_money)]
"""Micros, written in a file as text in riyals: ``"10.00"`` or ``"QAR 10"``."""

Volume = Annotated[int, BeforeValidator(_volume)]
"""Bytes, written in a file as text with a unit: ``"1 GB"``."""

Moment = Annotated[datetime, BeforeValidator(parse_moment)]
"""A date and time, on Qatar's clock unless it names its zone."""

Whole = Annotated[int, BeforeValidator(_digits), Field(ge=0)]
"""A whole number of zero or more; a CSV cell holds its digits."""

Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name for machines: lower-case letters, digits and underscores."""


def _differ(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    for place, entry in enumerate(entries):
        if any(entry.id == earlier.id for earlier in entries[:place]):
            raise InputError("id", entry.id, "an id used once")
    return entries


UNIQUE_IDS = AfterValidator(_differ)
"""Beside a tuple of entries in an ``Annotated`` type: no two may have the same ``id``."""


class Entry(BaseModel):
    """What every entry of a data file is: fixed once read, exact in its types, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", str_strip_whitespace=True)


EntryT = TypeVar("EntryT", bound=BaseModel)


def read_toml(path: Path | str, model: type[EntryT]) -> EntryT:
    """Read a TOML file as one `model`; arrays become tuples.

    Raises
    ------
    DataError
        At the first thing that is wrong, with the table it stands in.
    """
    file = Path(path)
    try:
        document = _fixed(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        raise DataError(file.name, where.rstrip(")") or "the file", "syntax", what, "valid TOML") from None
    return _checked(document, model, file.name, "top level")


def read_csv(source: Path | str | TextIO, row: type[EntryT], key: str = "") -> tuple[EntryT, ...]:
    """Read the rows of a CSV file, each as one `row`; the values of column `key`, if given, must differ.

    The file is UTF-8, comma-separated, its first line the names of the columns: the fields of `row`.

    Raises
    ------
    DataError
        At the first line that is wrong.
    """
    rows: list[EntryT] = []
    seen: dict[Any, int] = {}
    for line, entry in numbered_rows(source, row):
        if key:
            name = getattr(entry, key)
            if name in seen:
                raise DataError(
                    file_name(source), f"line {line}", key, name, f"a value used once; line {seen[name]} has it"
                )
            seen[name] = line
        rows.append(entry)
    return tuple(rows)


def numbered_rows(source: Path | str | TextIO, row: type[EntryT]) -> Iterator[tuple[int, EntryT]]:
    """Read the rows of a CSV file one by one, each with the number of the line it ends on.

    Raises
    ------
    DataError
        If the file is empty, lacks a column, or a row is not what `row` says.
    """
    if isinstance(source, (str, Path)):
        # Spreadsheets put a byte-order mark in front; "utf-8-sig" takes it away.
        with Path(source).open(encoding="utf-8-sig", newline="") as lines:
            yield from _rows(lines, row, file_name(source))
    else:
        yield from _rows(source, row, file_name(source))


def _rows(lines: TextIO, row: type[EntryT], file: str) -> Iterator[tuple[int, EntryT]]:
    reader = csv.DictReader(lines, restkey=_SURPLUS)
    columns = [name.strip() for name in reader.fieldnames or ()]
    for column in (name for name, field in row.model_fields.items() if field.is_required()):
        if column not in columns:
            raise DataError(file, "line 1", "columns", ", ".join(columns) or _ABSENT, f"a column named {column}")
    reader.fieldnames = columns
    empty = True
    for cells in reader:
        if _SURPLUS in cells:
            raise DataError(file, f"line {reader.line_num}", "cells", cells[_SURPLUS], f"only {len(columns)} cells")
        yield reader.line_num, _checked(cells, row, file, f"line {reader.line_num}")
        empty = False
    if empty:
        raise DataError(file, "line 2", "rows", _ABSENT, "at least one row below the names of the columns")


def _checked(raw: Mapping[str, Any], model: type[EntryT], file: str, entry: str) -> EntryT:
    try:
        return model.model_validate(raw, context=_FROM_FILE)
    except ValidationError as error:
        raise _plain(error.errors()[0], raw, file, entry) from None


def _plain(error: ErrorDetails, raw: Any, file: str, entry: str) -> DataError:
    """Turn pydantic's first finding into plain words: which table, which field in it, what was expected."""
    tables: list[str] = []
    fields: list[str] = []
    at = raw
    for part in error["loc"]:
        at = at[part] if _holds(at, part) else None
        if isinstance(part, int):
            fields[-1:] = [f"{fields[-1]} {part + 1}"] if fields else [f"{part + 1}"]
        else:
            fields.append(part)
        if isinstance(at, dict):
            name = f" ({at['id']})" if isinstance(at.get("id"), str) else ""
            tables.append(" ".join(fields) + name)
            fields = []
    cause = error.get("ctx", {}).get("error")
    value = _ABSENT if error["type"] == "missing" else error["input"]
    field = " ".join(fields)
    if isinstance(cause, InputError):
        # What a check over a whole table finds wrong says itself which field it is.
        field, value = field or cause.field, cause.value
    return DataError(file, ", ".join(tables) or entry, field or "entry", value, _expected(error, cause))


_PLAIN_WORDS = {
    "missing": "a value: the field is required",
    "extra_forbidden": "no field of this name; is it spelt right?",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "text of the form {pattern}",
    "too_short": "at least {min_length} of them",
    "time_type": "a time of day such as 22:00:00",
    "date_type": "a date such as 2026-01-01",
}


def _expected(error: ErrorDetails, cause: Any) -> str:
    if isinstance(cause, InputError):
        return cause.expected
    words = _PLAIN_WORDS.get(error["type"])
    if words is None:
        return str(cause) if cause else error["msg"].removeprefix("Input should be ")
    return words.format(**error.get("ctx", {}))


def _holds(container: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(container, tuple) and part < len(container)
    return isinstance(container, dict) and part in container


def _fixed(value: Any) -> Any:
    """Turn lists into tuples: an entry is fixed once read."""
    if isinstance(value, dict):
        return {name: _fixed(inner) for name, inner in value.items()}
    return tuple(_fixed(inner) for inner in value) if isinstance(value, list) else value


def file_name(source: Path | str | TextIO) -> str:
    """Return the name by which errors speak of a file, open or not."""
    if isinstance(source, (str, Path)):
        return Path(source).name
    return Path(str(getattr(source, "name", "") or "the table")).name


class Activity(Entry):
    """Something a person does with a phone, and the bytes it moves in a minute.

    ``traffic`` is the kind of traffic that a limited bundle may ask for; ``source`` says who
    published the figure and ``note`` how bytes a minute came from it.
    """

    id: Word
    label: Text
    phrase: Text
    downlink_bytes_per_minute: Whole
    uplink_bytes_per_minute: Whole
    traffic: Word = "general"
    source: Text
    note: Text

    def volume(self, minutes: int) -> tuple[int, int]:
        """Bytes of so many minutes: uplink, downlink.

        Examples
        --------
        >>> activities()["video_call"].volume(10)
        (45000000, 45000000)
        """
        length = whole("minutes", minutes, unit="minutes")
        return self.uplink_bytes_per_minute * length, self.downlink_bytes_per_minute * length


@lru_cache(maxsize=1)
def activities() -> Mapping[str, Activity]:
    """Return what a person can do with the phone, by id, in the order of the file.

    Examples
    --------
    >>> list(activities())[:3]
    ['web', 'video_sd', 'video_hd']
    """
    rows = read_csv(DATA / "activities.csv", Activity, key="id")
    return MappingProxyType({activity.id: activity for activity in rows})
