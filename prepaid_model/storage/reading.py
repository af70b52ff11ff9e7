"""An account out of the store: whole the first time, then only what others have written since."""

from typing import Any

from prepaid_model.buckets import Session
from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind, LawBroken
from prepaid_model.rating import charge
from prepaid_model.reversal import charges
from prepaid_model.storage import Damaged
from prepaid_model.storage.audit import differences, ledger_of, told_by
from prepaid_model.storage.codec import clock_moment, read
from prepaid_model.storage.kept import Stored
from prepaid_model.storage.parts import put
from prepaid_model.storage.rows import extend
from prepaid_model.storage.saving import ENTRIES, Header, Run, header, state


def bring_in(run: Run, account: Stored) -> None:
    """Make an account what the store says it is now.

    Raises
    ------
    Damaged
        If the store does not say what was written into it: nothing of it is served.
    """
    home = account._home
    row = header(run, home.number)
    if row.name != home.name:  # it was added in a transaction that was undone
        raise Damaged(f"it is missing; account {home.number} is {row.name}")
    if row.version == home.version:
        if state(run, home.number) != home.state:
            raise Damaged("its balances were changed by another hand; see `Store.verify`")
        return
    known, home.version = home.version, 0  # until all has gone well
    if known:
        _go_on(run, account, row)
    else:
        _start(run, account, row)
    home.version, home.entries, home.head = row.version, row.entries, row.head
    home.keys = len(account.ledger.keys)


def _start(run: Run, account: Stored, row: Header) -> None:
    """Read all of it, and believe nothing: the hashes are worked out anew, and so are the balances."""
    ledger = ledger_of(run, account._home.number, row)
    try:
        told = told_by(row, ledger)
    except LawBroken as why:
        raise Damaged(str(why)) from why
    kept = state(run, account._home.number)
    if wrong := differences(kept, told):
        raise Damaged(f"{wrong[0]}; `Store.rebuild` works it out anew")
    _put(account, row, ledger, kept)


def _go_on(run: Run, account: Stored, row: Header) -> None:
    """Read what has been added. Its hashes are worked out; its balances are taken from their tables."""
    home, ledger = account._home, account.ledger
    head = extend(ledger, run(ENTRIES, home.number, home.entries), home.head)
    if (len(ledger), head) != (row.entries, row.head):
        raise Damaged(f"{row.entries} entries were written, and {len(ledger)} are there, or the last is another")
    kept = state(run, home.number)
    if len(ledger) and kept.balance != ledger[len(ledger)].balance:
        raise Damaged(f"the balance is {kept.balance}, its last entry says {ledger[len(ledger)].balance}")
    _put(account, row, ledger, kept)


def _put(account: Stored, row: Header, ledger: Any, kept: Any) -> None:
    home = account._home
    home.clock, home.settings, home.state = clock_moment(row.clock), read(row.settings), kept
    home.text = row.settings
    home.still = True
    try:
        put(account, row.name, ledger, home.clock, home.settings, kept)
    finally:
        home.still = False


def sessions_of(account: Stored) -> tuple[Session, ...]:
    """Return the sessions that hold something, as the ledger tells them: to settle or release after a crash."""
    ledger, found = account.ledger, []
    holds = account._home.state.holds if account._home.state else {}
    for operation in sorted({operation for operation, _ in holds}):
        session = Session()
        session.operation = operation
        for entry in ledger.of(operation):
            if entry.kind is Kind.HOLD:
                session.holds[entry.bucket] = session.holds.pop(entry.bucket, 0) + entry.quantity
            elif entry.kind is Kind.RELEASE:
                session.holds.pop(entry.bucket, None)
            elif entry.kind in (Kind.USAGE, Kind.FEE):
                session.cost -= entry.money
        try:
            for made in charges(ledger, operation, account._tariff_of):
                session.totals[made.entry.bucket] = charge(made.tariff, made.flow, made.before)
        except InputError:  # it has used nothing yet
            session.totals.clear()
        found.append(session)
    return tuple(found)
