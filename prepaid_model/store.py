"""A store: accounts, their buckets, holds and ledgers in one database file that survives the program.

The embedded database is SQLite: one file, several processes at once, each operation one transaction, written
through to the disk before it is answered (write-ahead log, ``synchronous=FULL``). The rules of charging stay where
they are, in the account; the database guards what is written down. Its schema refuses entries that are
changed or taken away, balances that are not the sum of the entries, a key used twice, and a prepaid balance
below zero without a recorded cause. Entries are chained by hash, and each account's row is sealed.

What is proven, by tests, is that a process may be killed at any statement: what it has answered is there, and
nothing is there by half. That a power failure loses nothing rests on the disk and on SQLite's word; it is not
tested. What cannot be noticed: someone who writes a whole chain anew, head and seal and all; an older copy put
in the file's place; and a write-ahead log cut off or spoiled before it was merged into the file, where SQLite takes
all that is behind the cut as never written.

The sessions of a `charging.ChargingServer` live in its memory. What they hold is in the store, and `Store.sessions`
tells it after a crash, so that it can be settled or released. An answer of the server is several operations; in a
`Store.transaction` they are one.

Examples
--------
>>> from prepaid_model.prepaid import PrepaidAccount
>>> from prepaid_model.rating import Tariff
>>> from prepaid_model.units import QAR, format_money, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> with Store.temporary() as store:
...     noor = store.add(PrepaidAccount(Tariff(price=50_000), opened=nine, name="Noor"))
...     _ = noor.top_up(25 * QAR, at=nine, key="voucher 1")
...     store.table("balances")[["balance", "status"]].to_dict("records"), store.verify()
([{'balance': 25000000, 'status': 'suspended'}], [])
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, overload

from prepaid_model.buckets import Session
from prepaid_model.errors import InputError
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.storage import StoreError, audit, saving
from prepaid_model.storage.files import UNREADABLE, in_words, looker, reader
from prepaid_model.storage.frames import frame, ledger_frame
from prepaid_model.storage.kept import Home, Stored, StoredPostpaidAccount, StoredPrepaidAccount
from prepaid_model.storage.reading import sessions_of
from prepaid_model.storage.transactions import Stopped, Transactions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "Stopped", "Store", "StoreError", "StoredPostpaidAccount", "StoredPrepaidAccount"]

TABLES = ("accounts", "ledger", "balances", "buckets", "holds")
"""What a store has; see `storage/schema.sql`."""

_NEW: dict[str, Callable[[], Stored]] = {
    "prepaid": lambda: StoredPrepaidAccount.__new__(StoredPrepaidAccount),
    "postpaid": lambda: StoredPostpaidAccount.__new__(StoredPostpaidAccount),
}


class Store(Transactions):
    """Accounts in a file.

    Parameters
    ----------
    path : str or Path
        The file; it is created if there is none.
    patience : timedelta
        How long to wait while another process writes.

    Raises
    ------
    StoreError
        If the file is no store, one of a newer kind, or damaged; it is not touched.

    Examples
    --------
    What was written is there when the file is opened again, by this program or another:

    >>> from prepaid_model.rating import Tariff
    >>> from prepaid_model.units import QAR, format_money, parse_moment
    >>> nine = parse_moment("2026-01-01 09:00")
    >>> with TemporaryDirectory() as folder:
    ...     with Store(Path(folder) / "accounts.db") as store:
    ...         noor = store.add(PrepaidAccount(Tariff(price=50_000), opened=nine, name="Noor"))
    ...         _ = noor.top_up(25 * QAR, at=nine)
    ...     with Store(Path(folder) / "accounts.db") as store:
    ...         format_money(store.account("Noor").credit)
    'QAR 25.00'
    """

    @classmethod
    def temporary(cls) -> Self:
        """Return a store in a file of its own that is gone when the store is closed."""
        folder = TemporaryDirectory(prefix="prepaid_model-", ignore_cleanup_errors=True)
        store = cls(Path(folder.name) / "accounts.db")
        store._folder = folder
        return store

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the accounts, oldest first."""
        with self._lock, self._translated():
            return tuple(name for (name,) in self._alive().execute("SELECT name FROM accounts ORDER BY id"))

    @overload
    def add(self, account: PrepaidAccount) -> StoredPrepaidAccount: ...
    @overload
    def add(self, account: PostpaidAccount) -> StoredPostpaidAccount: ...
    def add(self, account: PrepaidAccount | PostpaidAccount) -> Stored:
        """Take an account in, with all that has happened to it; return it as it is from now on: in the store.

        Raises
        ------
        InputError
            If it is no account in memory, is not what its ledger says, or the store has one of its name.
        """
        in_memory: Any = account
        if not isinstance(in_memory, (PrepaidAccount, PostpaidAccount)) or hasattr(in_memory, "_home"):
            raise InputError("account", account, "an account in memory")
        if type(in_memory.name) is not str or not account.name:
            raise InputError("name", account.name, "a name for the account")
        with self._transaction():
            if self._run("SELECT 1 FROM accounts WHERE name = ?", account.name).fetchone():
                raise InputError("name", account.name, "a name that no other account of the store has")
            for wrong in audit.faults_of(self._run, saving.add(self._run, account)):
                raise InputError("account", account.name, f"an account that is what its ledger says; {wrong}")
            self._added.append(account.name)
        return self.account(account.name)

    def account(self, name: str) -> Stored:
        """Return the account of a name. Asked again, it is the same object.

        Raises
        ------
        InputError
            If there is none.
        StoreError
            If it is damaged.
        """
        with self._lock, self._translated():
            if name in self._accounts:
                account = self._accounts[name]
            else:
                number = self._number(name)
                (kind,) = self._alive().execute("SELECT kind FROM accounts WHERE id = ?", (number,)).fetchone()
                account = _NEW[kind]()
                account._home = Home(self, number, name)
            with self.telling(account):
                self._accounts[name] = account
            return account

    def prepaid(self, name: str) -> StoredPrepaidAccount:
        """Return the prepaid account of a name; see `account`."""
        found = self.account(name)
        if not isinstance(found, StoredPrepaidAccount):
            raise InputError("account", name, "a prepaid account")
        return found

    def postpaid(self, name: str) -> StoredPostpaidAccount:
        """Return the postpaid account of a name; see `account`."""
        found = self.account(name)
        if not isinstance(found, StoredPostpaidAccount):
            raise InputError("account", name, "a postpaid account")
        return found

    def sessions(self, name: str) -> tuple[Session, ...]:
        """Return the charging sessions that hold something of an account: after a crash, release or settle them."""
        account = self.account(name)
        with self.telling(account):
            return sessions_of(account)

    # ------------------------------------------------------------------------------------ the file

    def table(self, name: str) -> "pd.DataFrame":
        """Return a table as it stands in the file, row by row; see `TABLES`. Hashes are hexadecimal digits.

        Raises
        ------
        InputError
            If the store has no such table.
        """
        if name not in TABLES:
            raise InputError("table", name, f"one of {', '.join(TABLES)}")
        return self.sql(f"SELECT * FROM {name}")  # noqa: S608  (it is one of ours)

    def ledger(self, name: str) -> "pd.DataFrame":
        """Return the entries of an account, as `Ledger.to_frame` does for one in memory."""
        with self._lock, self._translated(), self._on(reader) as connection:
            self._number(name)
            return ledger_frame(connection, name)

    def sql(self, query: str, *values: Any) -> "pd.DataFrame":
        """Return what a query finds in what has been saved; it can change nothing.

        Raises
        ------
        StoreError
            If it is no query, or does more than read.

        Examples
        --------
        >>> with Store.temporary() as store:
        ...     len(store.sql("SELECT * FROM ledger WHERE kind = ?", "usage"))
        0
        """
        with self._lock, self._translated(), self._on(reader) as connection:
            return frame(connection, query, values)

    def verify(self) -> list[str]:
        """Return what is wrong, in plain words; nothing if all is well.

        The file's own structure is checked, every entry hashed anew, every law held to, and every balance, bucket
        and hold worked out from the entries and compared.
        """
        try:
            with self._lock, self._on(looker) as connection:
                return list(audit.faults(lambda sql, *values: connection.execute(sql, values)))
        except UNREADABLE as why:
            return [f"the file {in_words(why)}"]

    def rebuild(self, name: str) -> None:
        """Work out balances, buckets and holds of an account anew from its ledger, and keep those.

        Raises
        ------
        StoreError
            If the ledger itself is not what was written.
        """
        with self._transaction():
            number = self._number(name)
            row = saving.header(self._run, number)
            told = audit.told_by(row, audit.ledger_of(self._run, number, row))
            self._clear(number)
            saving.write_state(self._run, number, None, told)
            saving.mark(self._run, number, row)
            self._forget(name)

    def clear_balances(self, name: str) -> None:
        """Throw away balances, buckets and holds of an account, but not its ledger: nothing is lost; see `rebuild`.

        Until then the account serves nobody.
        """
        with self._transaction():
            self._clear(self._number(name))
            self._forget(name)

    def _clear(self, number: int) -> None:
        for table in ("holds", "buckets", "balances"):
            self._run(f"DELETE FROM {table} WHERE account = ?", number)  # noqa: S608  (it is one of ours)

    def _number(self, name: str) -> int:
        found = self._alive().execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise InputError("account", name, f"one of {', '.join(self.names) or 'those added before'}")
        number: int = found[0]
        return number

    def _forget(self, name: str) -> None:
        """Read an account anew the next time."""
        if any(account._home.name == name for account in self._working.values()):
            raise StoreError(str(self.path), f"cannot do that while a transaction changes {name}")
        if name in self._accounts:
            self._accounts[name]._home.version = 0

    @contextmanager
    def _on(self, opening: Callable[[Path, float], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
        """Open the file a second time, to see what is saved in it and nothing else."""
        self._alive()
        connection = opening(self.path, self._patience)
        try:
            yield connection
        finally:
            connection.close()
