"""Two programs that deduct from one balance at the same time: a lost update, and what prevents it.

Each works over a connection of its own to a real SQLite file, one statement at a time, in the order that the
caller says. It reads the balance, and writes back what it read less its own amount. What the other has written in
between is overwritten. In a transaction (``BEGIN IMMEDIATE``) the second has to wait before it may read.

References
----------
Gray, J., Lorie, R., Putzolu, G. and Traiger, I. (1976). Granularity of locks and degrees of consistency in a shared
data base: what a transaction of the first degree or higher cannot suffer, a lost update, is defined there.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from prepaid_model.errors import InputError
from prepaid_model.units import quantity

PROGRAMS = "AB"
READ, WRITE = "SELECT balance FROM balances", "UPDATE balances SET balance = {}"
ALONE, TOGETHER = (READ, WRITE), ("BEGIN IMMEDIATE", READ, WRITE, "COMMIT")
"""The statements of a deduction: without a transaction, and in one."""


class Turn(NamedTuple):
    """One statement of one program.

    Parameters
    ----------
    program : str
        "A" or "B".
    sql : str
        What it said.
    value : int or None
        The micros it read or wrote.
    balance : int
        What everybody else reads in the file after it, in micros.
    waits : bool
        Whether the file was locked by the other, so that nothing was done.
    """

    program: str
    sql: str
    value: int | None
    balance: int
    waits: bool = False


class Played(NamedTuple):
    """How far two deductions have come.

    Parameters
    ----------
    turns : tuple of Turn
        What was done, in order.
    start : int
        The balance at first, in micros.
    amounts : dict of str to int
        What each program takes, in micros.
    """

    turns: tuple[Turn, ...]
    start: int
    amounts: dict[str, int]
    transactions: bool

    @property
    def balance(self) -> int:
        """What the file says now."""
        return self.turns[-1].balance if self.turns else self.start

    @property
    def over(self) -> bool:
        """Whether both programs have done all they had to."""
        return not any(self.next_of(program) for program in PROGRAMS)

    @property
    def lost(self) -> int:
        """Micros of service that nobody paid for: only when both are done."""
        return self.balance - (self.start - sum(self.amounts.values())) if self.over else 0

    def next_of(self, program: str) -> str:
        """Return the statement that a program has to say next, empty if it is done."""
        script = TOGETHER if self.transactions else ALONE
        done = sum(turn.program == program and not turn.waits for turn in self.turns)
        return script[done] if done < len(script) else ""


def play(order: Sequence[str], *, start: int, a: int, b: int, transactions: bool = False) -> Played:
    """Let two programs deduct, statement by statement.

    Parameters
    ----------
    order : sequence of str
        Whose turn it is, "A" or "B", one after the other; a turn of a program that is done changes nothing.
    start, a, b : int
        The balance, and what each program takes from it, in micros.
    transactions : bool
        Whether each puts its statements in a transaction.

    Raises
    ------
    InputError
        If an amount is no whole number above zero, or there is no such program.

    Examples
    --------
    >>> from prepaid_model.units import QAR, format_money
    >>> for order in ("AABB", "ABAB"):
    ...     played = play(order, start=20 * QAR, a=5 * QAR, b=8 * QAR)
    ...     format_money(played.balance), format_money(played.lost)
    ('QAR 7.00', 'QAR 0.00')
    ('QAR 12.00', 'QAR 5.00')
    >>> locked = play("ABAAABBBB", start=20 * QAR, a=5 * QAR, b=8 * QAR, transactions=True)
    >>> [turn.program for turn in locked.turns if turn.waits], format_money(locked.balance)
    (['B'], 'QAR 7.00')
    """
    for name, amount in (("start", start), ("a", a), ("b", b)):
        quantity(name, amount, least=1, unit="micros")
    for program in order:
        if program not in tuple(PROGRAMS):
            raise InputError("order", program, "A or B")
    return _played(tuple(order), start, a, b, transactions)


@lru_cache(maxsize=64)
def _played(order: tuple[str, ...], start: int, a: int, b: int, transactions: bool) -> Played:  # noqa: FBT001
    with TemporaryDirectory(prefix="prepaid_model-", ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        path = Path(folder, "balance.db")
        anybody, *both = (
            stack.enter_context(closing(sqlite3.connect(path, timeout=0, isolation_level=None)))
            for _ in range(1 + len(PROGRAMS))
        )
        anybody.execute("PRAGMA journal_mode = WAL")  # so that who reads need not wait for who writes
        for each in (anybody, *both):
            each.execute("PRAGMA synchronous = OFF")  # the file lives for a moment only
        anybody.execute("CREATE TABLE balances (balance INTEGER NOT NULL)")
        anybody.execute("INSERT INTO balances VALUES (?)", (start,))
        return _take_turns(order, Played((), start, {"A": a, "B": b}, transactions), anybody, both)


def _take_turns(
    order: Iterable[str], played: Played, anybody: sqlite3.Connection, both: Sequence[sqlite3.Connection]
) -> Played:
    connections, known = dict(zip(PROGRAMS, both, strict=True)), dict.fromkeys(PROGRAMS, 0)
    for program in order:
        sql, value = played.next_of(program), None
        if not sql:
            continue
        if sql == WRITE:
            value = known[program] - played.amounts[program]
            sql = sql.format(value)
        try:
            found = connections[program].execute(sql).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            waits = True
        else:
            waits = False
            if found:
                known[program] = value = found[0]
        (balance,) = anybody.execute(READ).fetchone()
        played = played._replace(turns=(*played.turns, Turn(program, sql, value, balance, waits)))
    return played
