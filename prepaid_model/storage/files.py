"""The file of a store: told apart from any other file, created whole or not at all, opened with care.

Whether a file is a store is read from its first hundred bytes, before the database is let near it: what is not
ours is not touched.
"""

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from prepaid_model.storage import StoreError

SCHEMA_VERSION = 1
"""Written into the file; one more with every change of `schema.sql` or of what its columns hold."""
APPLICATION = int.from_bytes(b"PPMD")
"""Written into the file, to tell it from other databases."""
OLDEST_SQLITE = (3, 37, 0)
"""The first that knows strict tables."""

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_SELECTING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading or writing a database may raise; the latter where not even its name for a thing is text."""

SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Open a store, and create it if there is no file, or an empty one.

    Parameters
    ----------
    patience : float
        Seconds to wait while another process writes.

    Raises
    ------
    StoreError
        If the file is no store, one of a newer kind, or damaged; it is not touched.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(str(path), f"SQLite is {sqlite3.sqlite_version}, and 3.37 or newer is needed")
    look_at(path)
    try:
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as why:
        raise StoreError(str(path), f"cannot be opened: {why}") from why
    try:
        _prepare(connection, str(path))
    except UNREADABLE as why:
        connection.close()
        raise StoreError(str(path), in_words(why)) from why
    except StoreError:
        connection.close()
        raise
    return connection


def look_at(path: Path) -> None:
    """Raise `StoreError` if a file is there and is no store that this version knows."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER)
    except FileNotFoundError:
        return
    except OSError as why:
        raise StoreError(str(path), f"cannot be read: {why.strerror}") from why
    if not start:
        return
    if not start.startswith(_MAGIC) or len(start) < _HEADER:
        raise StoreError(str(path), "is no store: it is no SQLite file")
    version, application = (int.from_bytes(start[place : place + 4]) for place in (60, 68))
    if application != APPLICATION:
        raise StoreError(str(path), "is no store: it is an SQLite file of another program")
    if version != SCHEMA_VERSION:
        newer = "newer" if version > SCHEMA_VERSION else "of an unknown kind"
        raise StoreError(str(path), f"is {newer}: its schema is number {version}, known is {SCHEMA_VERSION}")


def looker(path: Path, patience: float) -> sqlite3.Connection:
    """Open a store to look at it: nothing can be written, and all is as of one moment."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, timeout=patience, isolation_level=None, check_same_thread=False, uri=True)
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("BEGIN")
    return connection


def reader(path: Path, patience: float) -> sqlite3.Connection:
    """Open a store for queries: whatever one says, it can do nothing but read."""
    connection = looker(path, patience)
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _SELECTING else sqlite3.SQLITE_DENY)
    return connection


def in_words(why: Exception) -> str:
    """Return in plain words what the database says.

    Examples
    --------
    >>> in_words(sqlite3.OperationalError("database or disk is full"))
    'cannot be written: the disk is full'
    """
    text = str(why)
    if "locked" in text or "busy" in text:
        return "is busy: another process has been writing for too long"
    if "full" in text:
        return "cannot be written: the disk is full"
    if "malformed" in text or "not a database" in text or "decode" in text:
        return f"is damaged: {text}"
    if "not authorized" in text or "prohibited" in text:
        return f"lets a query do nothing but read: {text}"
    if isinstance(why, sqlite3.IntegrityError):
        return f"refuses what would break its rules: {text}"
    return f"cannot be read or written: {text}"


@lru_cache(maxsize=1)
def expected_schema() -> frozenset[tuple[str, str, str]]:
    """Return what the schema of a store says: kind, name and text of each thing in it."""
    with_schema = sqlite3.connect(":memory:")
    try:
        with_schema.executescript(SCHEMA)
        return schema_of(with_schema.execute)
    finally:
        with_schema.close()


def schema_of(run: Callable[..., Any]) -> frozenset[tuple[str, str, str]]:
    """Return what the schema of an open database says."""
    return frozenset(run("SELECT type, name, coalesce(sql, '') FROM sqlite_schema").fetchall())


def _prepare(connection: sqlite3.Connection, name: str) -> None:
    for setting in ("foreign_keys = ON", "recursive_triggers = ON", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {setting}")
    if not connection.execute("PRAGMA application_id").fetchone()[0]:
        _create(connection)
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise StoreError(name, "cannot be kept here: there is no room for a write-ahead log beside it")
    connection.execute("PRAGMA synchronous = FULL")
    if schema_of(connection.execute) != expected_schema():
        raise StoreError(name, "is damaged: its tables are not those of a store")


def _create(connection: sqlite3.Connection) -> None:
    """Write the schema in one transaction; of two processes that try at once, one does."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not connection.execute("PRAGMA application_id").fetchone()[0]:
            for statement in _statements(SCHEMA):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """Cut a script into statements; `executescript` would commit between them."""
    found, begun = [], ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            found.append(begun)
            begun = ""
    return found
