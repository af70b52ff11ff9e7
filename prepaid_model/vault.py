"""A phone, a SIM and an account in a real database file: what is where, and what a blow to each of them does.

The file lies in a temporary folder and is gone with the `Vault`. The rules are those of the account and
the guarantees those of `store`; here they are only lived through, step by step, and looked at.
"""

import weakref
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, NamedTuple

from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError, Refused, whole
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.store import Stopped, Store, StoreError
from prepaid_model.units import parse_moment

NAME = "you"
BUNDLE = "week_1gb"
OPENED = parse_moment("2026-01-01 09:00")
PAUSE = timedelta(minutes=10)
"""Between one step and the next."""
COLUMNS = {
    "balances": ("balance", "status"),
    "buckets": ("id", "name", "left", "expires"),
    "ledger": ("id", "at", "kind", "money", "volume", "balance", "left", "note", "hash"),
}
"""What is shown of the tables, under the names the file itself uses."""

Row = tuple[Any, ...]
Tables = Mapping[str, tuple[Row, ...]]


class Step(NamedTuple):
    """Something that is done.

    Parameters
    ----------
    what : str
        A key of `STEPS`.
    amount : int
        Micros of a top-up, bytes of a use.
    cut : int
        The statement after which the program that writes is stopped; 0 lets it finish.
    """

    what: str
    amount: int = 0
    cut: int = 0


class View(NamedTuple):
    """How everything stands after a step.

    Parameters
    ----------
    step : Step or None
        What was done last.
    phone, sim : int
        Which phone and which SIM the person holds: the first, the second, ...
    tables, before : mapping of str to rows
        The columns of `COLUMNS`, row by row, read from the file; as they are, and as they were before the step.
    statements : tuple of str
        The SQL of the step's transaction, as far as it came.
    stopped : bool
        Whether the writing program was stopped on the way.
    """

    step: Step | None
    phone: int
    sim: int
    tables: Tables
    before: Tables
    statements: tuple[str, ...]
    stopped: bool = False

    @property
    def credit(self) -> int | None:
        """The main balance in the file, in micros; None if its row is gone."""
        return self.tables["balances"][0][0] if self.tables["balances"] else None

    @property
    def data(self) -> int | None:
        """Bytes left in the buckets of the file; None if the balances are gone."""
        left = COLUMNS["buckets"].index("left")
        return sum(row[left] for row in self.tables["buckets"]) if self.tables["balances"] else None

    @property
    def written(self) -> int:
        """How many entries the step wrote."""
        return len(self.tables["ledger"]) - len(self.before["ledger"])


class Vault:
    """An account in a database file of its own, and the phone and the SIM of whoever it belongs to.

    Attributes
    ----------
    taken : tuple of Step
        The steps so far.
    view : View
        How everything stands.
    store : Store
        The file.

    Examples
    --------
    >>> from prepaid_model.units import QAR, format_money, format_volume
    >>> vault = Vault()
    >>> for what in (Step("top up", 25 * QAR), Step("buy"), Step("new phone"), Step("new SIM")):
    ...     view = vault.take(what)
    >>> format_money(view.credit), format_volume(view.data), view.phone, view.sim
    ('QAR 15.00', '1 GB', 2, 2)
    """

    def __init__(self) -> None:
        shop = catalogue()
        self.store = Store.temporary()
        self._end = weakref.finalize(self, self.store.close)
        self._account = self.store.add(
            PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=OPENED, name=NAME)
        )
        self.taken: tuple[Step, ...] = ()
        tables = self._tables()
        self.view = View(None, 1, 1, tables, tables, ())

    def close(self) -> None:
        """Close the file, and it is gone; otherwise it goes with the vault."""
        self._end()

    def take(self, step: Step) -> View:
        """Do something, and return how everything stands then.

        Raises
        ------
        InputError
            If there is no such step.
        Refused
            If the account refuses it, or it has no balances to do it with; then nothing has changed.
        """
        if step.what not in STEPS:
            raise InputError("step", step.what, f"one of {', '.join(STEPS)}")
        whole("cut", step.cut, least=0)
        before, phone, sim, stopped = self.view.tables, self.view.phone, self.view.sim, False
        statements: tuple[str, ...] = ()
        if step.what == "new phone":
            phone += 1
        elif step.what == "new SIM":
            sim += 1
        else:
            stopped = self._write(step)
            statements = tuple(line for line in self.store.statements if not line.startswith("SELECT"))
        self.view = View(step, phone, sim, self._tables(), before, statements, stopped)
        self.taken = (*self.taken, step)
        return self.view

    def _write(self, step: Step) -> bool:
        """Let the program write, and tell whether it was stopped on the way."""
        account, at = self._account, OPENED + len(self.taken) * PAUSE
        try:
            with self.store.stop_after(step.cut) if step.cut else nullcontext():
                if step.what == "top up":
                    account.top_up(step.amount, at=at)
                elif step.what == "buy":
                    account.buy(catalogue().bundles[BUNDLE], at=at)
                elif step.what == "use":
                    account.use(step.amount, at=at)
                elif step.what == "delete":
                    self.store.clear_balances(NAME)
                else:
                    self.store.rebuild(NAME)
        except Stopped:
            return True
        except StoreError:
            raise Refused(STEPS[step.what], "there are no balances; rebuild them from the ledger first") from None
        return False

    def _tables(self) -> Tables:
        """Read the tables from the file, as anybody could who has it."""
        return {name: self._rows(name, columns) for name, columns in COLUMNS.items()}

    def _rows(self, name: str, columns: Sequence[str]) -> tuple[Row, ...]:
        table = self.store.sql(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608  (both are ours)
        return tuple(map(tuple, table.astype(object).where(table.notna(), None).to_numpy().tolist()))


STEPS = {
    "top up": "top up",
    "buy": "buy a bundle",
    "use": "use data",
    "new phone": "take another phone",
    "new SIM": "take another SIM",
    "delete": "delete the balances",
    "rebuild": "rebuild the balances",
}
"""What can be done, and how it is called."""
