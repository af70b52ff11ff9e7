"""An account out of the tables, and what it did into them: one row for each entry, and few that are changed."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from prepaid_model.balances import Status
from prepaid_model.storage import Damaged
from prepaid_model.storage.codec import clock_moment, clock_text, compact, read, write
from prepaid_model.storage.parts import Lot, State, kind_of, settings_of, state_of
from prepaid_model.storage.rebuilding import set_aside
from prepaid_model.storage.rows import COLUMNS, Row, link, origin, rows_since

Run: TypeAlias = Callable[..., Any]
"""Runs a statement with its values and returns its cursor."""

ENTRIES = f"SELECT {', '.join(COLUMNS)}, hash FROM ledger WHERE account = ? AND id > ? ORDER BY id"  # noqa: S608
_ENTRY = f"INSERT INTO ledger (account, {', '.join(COLUMNS)}, hash) VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"  # noqa: S608
_HEADER = "SELECT name, kind, settings, clock, version, entries, head, seal FROM accounts WHERE id = ?"
_NEW = (
    "INSERT INTO accounts (name, kind, settings, clock, version, entries, head, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_ON = "UPDATE accounts SET clock = ?, version = ?, entries = ?, head = ?, seal = ? WHERE id = ?"
_ANEW = "UPDATE accounts SET settings = ?, clock = ?, version = ?, entries = ?, head = ?, seal = ? WHERE id = ?"


class Header(NamedTuple):
    """The row of an account: who it is, and where its ledger has got to."""

    name: str
    kind: str
    settings: str
    clock: str
    version: int
    entries: int
    head: bytes

    @property
    def seal(self) -> bytes:
        """The hash of the row."""
        return sha256(compact([*self[:-1], self.head.hex()]).encode()).digest()


def header(run: Run, number: int) -> Header:
    """Return the row of an account.

    Raises
    ------
    Damaged
        If it is not what was written, or is missing.
    """
    found = run(_HEADER, number).fetchone()
    if found is None:
        raise Damaged(f"account {number} is missing")
    *told, seal = found
    row = Header(*told)
    try:
        sealed = row.seal == seal
    except (AttributeError, TypeError):  # a cell is of a type that is never written
        sealed = False
    if not sealed:
        raise Damaged(f"account {number} ({row.name!r}) is not what was written: its seal is another")
    return row


def state(run: Run, number: int) -> State:
    """Return how things stand on an account, as its tables have it.

    Raises
    ------
    Damaged
        If there is no balance, or what is there cannot be read.
    """
    found = run("SELECT balance, status, more FROM balances WHERE account = ?", number).fetchone()
    if found is None:
        raise Damaged("there is no balance; `Store.rebuild` works it out anew from the ledger")
    balance, status, more = found
    lots = {
        bucket: Lot(name, left, clock_moment(expires), bool(renews))
        for bucket, name, left, expires, renews in run(
            "SELECT id, name, left, expires, renews FROM buckets WHERE account = ? ORDER BY id", number
        )
    }
    holds = {
        (operation, bucket): amount
        for operation, bucket, amount in run("SELECT operation, bucket, amount FROM holds WHERE account = ?", number)
    }
    try:
        return State(balance, Status(status), read(more), lots, holds)
    except ValueError as why:
        raise Damaged(str(why)) from why


def add(run: Run, account: Any) -> int:
    """Write a whole account down; return its number."""
    ledger, head = account.ledger, origin(account.name)
    rows: list[Row] = []
    holds: dict[tuple[int, int], int] = {}
    for row in rows_since(ledger, 0, 0):
        head = link(head, row)
        rows.append((*row, head))
        _hold(holds, row)
    told = write(settings_of(account)), clock_text(account._now), 1, len(ledger), head
    row = Header(account.name, kind_of(account), *told)
    number: int = run(_NEW, *row, row.seal).lastrowid
    for entry in rows:
        run(_ENTRY, number, *entry)
    write_state(run, number, None, state_of(account, holds))
    return number


def save(run: Run, account: Any) -> None:
    """Write down what an account did since it was read or saved."""
    home = account._home
    ledger, clock, settings = account.ledger, account._now, settings_of(account)
    head, holds = home.head, dict(home.state.holds)
    rows = []
    for row in rows_since(ledger, home.entries, home.keys):
        head = link(head, row)
        rows.append((*row, head))
        _hold(holds, row)
    after = state_of(account, holds)
    if not rows and (clock, settings, after) == (home.clock, home.settings, home.state):
        return
    for row in rows:
        run(_ENTRY, home.number, *row)
    write_state(run, home.number, home.state, after)
    version, entries = home.version + 1, len(ledger)
    same = settings == home.settings
    text = home.text if same else write(settings)
    on = Header(account.name, kind_of(account), text, clock_text(clock), version, entries, head)
    if same:
        run(_ON, *on[3:], on.seal, home.number)
    else:
        run(_ANEW, *on[2:], on.seal, home.number)
    home.version, home.entries, home.keys, home.head = version, entries, len(ledger.keys), head
    home.clock, home.settings, home.text, home.state = clock, settings, text, after


def mark(run: Run, number: int, row: Header) -> None:
    """Tell all who have read an account that it is another now."""
    on = row._replace(version=row.version + 1)
    run(_ON, *on[3:], on.seal, number)


def write_state(run: Run, number: int, before: State | None, after: State) -> None:
    """Write down how things stand, as far as it has changed."""
    told = after.balance, after.status.value
    if before is None:
        more = write(after.standing)
        run("INSERT INTO balances (account, balance, status, more) VALUES (?, ?, ?, ?)", number, *told, more)
    elif before.standing != after.standing:
        change = "UPDATE balances SET balance = ?, status = ?, more = ? WHERE account = ?"
        _one(run(change, *told, write(after.standing), number))
    elif before[:2] != after[:2]:
        _one(run("UPDATE balances SET balance = ?, status = ? WHERE account = ?", *told, number))
    old = before.buckets if before else {}
    for bucket, lot in after.buckets.items():
        _write_bucket(run, number, bucket, old.get(bucket), lot)
    for bucket in old.keys() - after.buckets.keys():
        _one(run("DELETE FROM buckets WHERE account = ? AND id = ?", number, bucket))
    _write_holds(run, number, before.holds if before else {}, after.holds)


def _write_bucket(run: Run, number: int, bucket: int, before: Lot | None, lot: Lot) -> None:
    ends = clock_text(lot.expires), int(lot.renews)
    if before is None:
        told = number, bucket, lot.name, lot.left, *ends
        run("INSERT INTO buckets (account, id, name, left, expires, renews) VALUES (?, ?, ?, ?, ?, ?)", *told)
    elif before[2:] != lot[2:]:
        change = "UPDATE buckets SET left = ?, expires = ?, renews = ? WHERE account = ? AND id = ?"
        _one(run(change, lot.left, *ends, number, bucket))
    elif before != lot:
        _one(run("UPDATE buckets SET left = ? WHERE account = ? AND id = ?", lot.left, number, bucket))


def _write_holds(run: Run, number: int, old: Mapping[tuple[int, int], int], new: Mapping[tuple[int, int], int]) -> None:
    for who, amount in new.items():
        if who not in old:
            run("INSERT INTO holds (amount, account, operation, bucket) VALUES (?, ?, ?, ?)", amount, number, *who)
        elif old[who] != amount:
            change = "UPDATE holds SET amount = ? WHERE account = ? AND operation = ? AND bucket = ?"
            _one(run(change, amount, number, *who))
    for who in old.keys() - new.keys():
        _one(run("DELETE FROM holds WHERE account = ? AND operation = ? AND bucket = ?", number, *who))


def _hold(holds: dict[tuple[int, int], int], row: Row) -> None:
    _, _, label, _, _, bucket, quantity, _, _, operation, *_ = row
    if label in ("hold", "release"):
        set_aside(holds, (operation, bucket), quantity if label == "hold" else -quantity)


def _one(cursor: Any) -> None:
    if cursor.rowcount != 1:
        raise Damaged("a row that was to be changed is missing")
