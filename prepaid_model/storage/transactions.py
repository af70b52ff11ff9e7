"""Transactions on the file of a store: what happens in one is saved whole, or it has not happened.

The account in memory does the work. Before, it is brought to what others have written since; after, what it did
is written down; and if anything goes wrong in between, it is read anew the next time it is asked.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from prepaid_model.buckets import Session
from prepaid_model.errors import InputError, Refused
from prepaid_model.storage import Damaged, StoreError, saving
from prepaid_model.storage.files import UNREADABLE, connect, in_words
from prepaid_model.storage.kept import Stored
from prepaid_model.storage.reading import bring_in
from prepaid_model.storage.saving import Run

_LONGEST_STORY = 1000
"""Statements of a transaction that are remembered to be shown."""


class Stopped(Exception):
    """The program stopped in the midst of a transaction, as it was told to: see `Store.stop_after`."""


class Transactions:
    """The connection to a file, and the transaction that is going on; see `prepaid_model.store.Store`."""

    def __init__(self, path: str | Path, *, patience: timedelta = timedelta(seconds=10)) -> None:
        if str(path) == ":memory:":
            raise StoreError(str(path), "is no file; `Store.temporary` makes one that is gone afterwards")
        self.path = Path(path).absolute()
        self._patience = patience.total_seconds()
        self._folder: TemporaryDirectory[str] | None = None
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        self._accounts: dict[str, Stored] = {}
        self._working: dict[int, Stored] = {}
        self._added: list[str] = []
        self._sessions: list[tuple[Session, Session]] = []
        self._open = self._spoilt = False
        self._count = 0
        self._said: list[tuple[str, tuple[Any, ...]]] = []
        self._watch: Callable[[int, str, bool], None] | None = None
        self._connection: sqlite3.Connection | None = connect(self.path, self._patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(AttributeError, sqlite3.Error):  # it was never opened, or has gone with the program
            self._disconnect()

    def close(self) -> None:
        """Close the file; what is going on is undone."""
        with self._lock:
            self._closed = True
            self._disconnect()
            if self._folder:
                self._folder.cleanup()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do several operations as one: all of them are saved at the end, or none if an error leaves the block.

        Raises
        ------
        StoreError
            If another process writes for too long, or nothing can be written; nothing is changed.
        """
        with self._lock:
            if not self._open:
                with self._transaction():
                    yield
                return
            try:
                yield
            except BaseException:
                self._spoilt = True
                raise

    @property
    def statements(self) -> tuple[str, ...]:
        """The SQL of the latest transaction, with its values."""
        return tuple(_spelt(sql, values) for sql, values in self._said)

    @contextmanager
    def stop_after(self, statements: int) -> Iterator[None]:
        """Let the program stop, for a lesson or a test, when a transaction has run so many statements.

        The connection breaks off there, as if the process had been killed; `Stopped` tells so. The next
        operation opens the file anew.
        """

        def watch(number: int, _sql: str, done: bool) -> None:  # noqa: FBT001
            if done and number == statements:
                self._disconnect()
                raise Stopped(f"the program stopped after statement {number}: {self.statements[-1]}")

        self._watch = watch
        try:
            yield
        finally:
            self._watch = None

    @contextmanager
    def working(self, accounts: list[Stored], sessions: list[Session]) -> Iterator[None]:
        """Let accounts do something in the present transaction, or in one of their own; for accounts themselves."""
        with self._lock:
            if not self._open:
                with self._transaction(keeps_refusals=True):
                    self._join(accounts, sessions)
                    yield
                return
            self._join(accounts, sessions)
            try:
                yield
            except (InputError, Refused):
                raise
            except BaseException:
                self._spoilt = True
                raise

    @contextmanager
    def telling(self, account: Stored) -> Iterator[None]:
        """Let an account tell something, as the store has it now; for accounts themselves."""
        with self._lock:
            if self._open:
                self._join([account], [])
                yield
                return
            home = account._home
            connection = self._alive()
            with self._translated():
                before, home.worker = home.worker, threading.get_ident()
                try:
                    if not home.version or home.seen != self._version():
                        connection.execute("BEGIN")
                        try:
                            self._renew(account, lambda sql, *values: connection.execute(sql, values))
                        finally:
                            connection.rollback()
                    yield
                finally:
                    home.worker = before

    @contextmanager
    def _transaction(self, *, keeps_refusals: bool = False) -> Iterator[None]:
        with self._lock:
            if self._open:  # part of the one that is going on
                yield
                return
            with self._translated():
                self._begin()
                try:
                    yield
                except (InputError, Refused):
                    # What the rules refuse changes nothing but the clock: that is saved, as it is kept in memory.
                    if keeps_refusals:
                        self._finish()
                    raise
                else:
                    self._finish()
                finally:
                    self._leave()

    def _begin(self) -> None:
        connection = self._alive()
        if connection.in_transaction:  # broken off by hand, in the moment it began
            connection.rollback()
        self._said, self._count = [], 0
        self._run("BEGIN IMMEDIATE")
        self._open, self._spoilt = True, False

    def _finish(self) -> None:
        if self._spoilt or not self._alive().in_transaction:  # some errors make SQLite end it by itself
            raise StoreError(str(self.path), "saves nothing: an operation of the transaction broke off")
        for account in self._working.values():
            saving.save(self._run, account)
        self._run("COMMIT")
        self._open = False

    def _leave(self) -> None:
        """End the transaction: if it is still open, undo it, and forget what it did in memory."""
        if self._open:
            self._open = False
            try:
                if self._connection:
                    self._connection.rollback()
            except sqlite3.Error:
                self._disconnect()
            for account in self._working.values():
                account._home.version = 0
            for name in self._added:
                self._accounts.pop(name, None)
            for session, before in self._sessions:
                _copy(before, session)
        for account in self._working.values():
            account._home.worker = 0
        self._working, self._sessions, self._added = {}, [], []

    def _join(self, accounts: list[Stored], sessions: list[Session]) -> None:
        for account in accounts:
            home = account._home
            if id(account) not in self._working:
                home.worker = threading.get_ident()
                try:
                    if not home.version or home.seen != self._version():
                        self._renew(account, self._run)
                    self._working[id(account)] = account
                finally:
                    home.worker *= id(account) in self._working
        for session in sessions:
            if not any(session is known for known, _ in self._sessions):
                self._sessions.append((session, _copy(session, Session())))

    def _renew(self, account: Stored, run: Run) -> None:
        home = account._home
        try:
            bring_in(run, account)
        except Damaged as why:
            raise StoreError(str(self.path), f"is damaged: {home.name}: {why}") from why
        home.seen = self._version()

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement of a transaction."""
        connection = self._alive()
        if len(self._said) < _LONGEST_STORY:
            self._said.append((sql, values))
        self._count += 1
        if self._watch is None:
            return connection.execute(sql, values)
        self._watch(self._count, sql, False)
        cursor = connection.execute(sql, values)
        self._watch(self._count, sql, True)
        return cursor

    def _version(self) -> int:
        """Return a number that is another once another connection has written."""
        version: int = self._alive().execute("PRAGMA data_version").fetchone()[0]
        return version

    def _alive(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(str(self.path), "is closed")
        if os.getpid() != self._process:
            raise StoreError(str(self.path), "was opened by another process: each opens it for itself")
        if self._connection is None:
            self._connection = connect(self.path, self._patience)
        return self._connection

    def _disconnect(self) -> None:
        """Let the connection go: what was not committed is undone, and accounts are read anew."""
        if self._connection and os.getpid() == self._process:
            self._connection.close()
        self._connection = None
        for account in self._accounts.values():
            account._home.version = 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Tell in plain words what the database says."""
        try:
            yield
        except UnicodeEncodeError as why:  # half a character, which Python's text can hold and a file cannot
            raise InputError("name, note or key", why.object, "text of whole characters") from why
        except UNREADABLE as why:
            raise StoreError(str(self.path), in_words(why)) from why
        except Damaged as why:
            raise StoreError(str(self.path), f"is damaged: {why}") from why


def _copy(session: Session, into: Session) -> Session:
    into.totals, into.holds = dict(session.totals), dict(session.holds)
    into.operation, into.cost = session.operation, session.cost
    return into


def _spelt(sql: str, values: tuple[Any, ...]) -> str:
    """Write a statement with its values where its question marks are."""
    parts = sql.split("?")
    return "".join(part + (_literal(values[place]) if place < len(values) else "") for place, part in enumerate(parts))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
