"""Does a store still say what was written into it? Every entry hashed anew, every balance worked out anew."""

from collections.abc import Iterator
from typing import Any

from prepaid_model.balances import Status
from prepaid_model.ledger import LawBroken, Ledger
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.storage import Damaged
from prepaid_model.storage.codec import clock_moment, clock_text, read
from prepaid_model.storage.files import expected_schema, schema_of
from prepaid_model.storage.parts import Account, Lot, Postpaid, State, kind_of, put
from prepaid_model.storage.rebuilding import rebuilt
from prepaid_model.storage.rows import extend, origin
from prepaid_model.storage.saving import ENTRIES, Header, Run, header, state
from prepaid_model.units import format_money


class _StillPrepaid(PrepaidAccount):
    """An account that is only looked at: its status is what its ledger says."""

    __slots__ = ()

    def _derive_status(self) -> Status:
        return self._status


class _StillPostpaid(PostpaidAccount):
    """As above."""

    __slots__ = ()

    def _derive_status(self) -> Status:
        return self._status


def ledger_of(run: Run, number: int, row: Header) -> Ledger:
    """Return the entries of an account, each checked by its hash.

    Raises
    ------
    Damaged
        If one is not what was written, or is missing.
    """
    ledger = Ledger()
    head = extend(ledger, run(ENTRIES, number, 0), origin(row.name))
    if (len(ledger), head) != (row.entries, row.head):
        raise Damaged(f"{row.entries} entries were written, and {len(ledger)} are there, or the last is another")
    return ledger


def differences(kept: State, told: State) -> list[str]:
    """Return where what is kept is not what the ledger tells, in plain words."""
    return list(_differences(kept, told))


def faults(run: Run) -> Iterator[str]:
    """Yield what is wrong in a store: in the file, in its schema, then account by account."""
    yield from (f"the file: {found}" for (found,) in run("PRAGMA integrity_check") if found != "ok")
    lost = {(table, parent) for table, _, parent, _ in run("PRAGMA foreign_key_check")}
    yield from (f"the file: {table} speaks of what is missing in {parent}" for table, parent in sorted(lost))
    if schema_of(run) != expected_schema():
        yield "the file: its tables are not those of a store"
    numbers = [number for (number,) in run("SELECT id FROM accounts ORDER BY id")]
    (opened,) = run("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
    for missing in sorted(set(range(1, opened + 1)) - set(numbers)):
        yield f"account {missing} is missing"
    for number in numbers:
        yield from faults_of(run, number)


def faults_of(run: Run, number: int) -> Iterator[str]:
    """Yield what is wrong with one account."""
    name = f"account {number}"
    try:
        row = header(run, number)
        name = row.name
        told = told_by(row, ledger_of(run, number, row))
        yield from (f"{name}: {difference}" for difference in differences(state(run, number), told))
    except (Damaged, LawBroken) as why:
        yield f"{name}: {why}"


def told_by(row: Header, ledger: Ledger) -> State:
    """Return how things stand as the ledger tells it, once it has been seen to keep every law.

    Raises
    ------
    Damaged, LawBroken
        If it does not.
    """
    clock, settings = clock_moment(row.clock), read(row.settings)
    told = rebuilt(ledger, settings, clock)
    account: Account = _StillPrepaid.__new__(_StillPrepaid)
    if isinstance(settings, Postpaid):
        account = _StillPostpaid.__new__(_StillPostpaid)
    put(account, row.name, ledger, clock, settings, told)
    account.check()
    if kind_of(account) != row.kind or (len(ledger) and ledger[len(ledger)].at > clock):
        raise Damaged("its kind or its clock is not that of its ledger")
    return told


def _differences(kept: State, told: State) -> Iterator[str]:
    if kept.balance != told.balance:
        yield f"the balance is {format_money(kept.balance)}, its ledger says {format_money(told.balance)}"
    if kept.status != told.status:
        yield f"the status is {kept.status}, its ledger says {told.status}"
    if kept.standing != told.standing:
        yield f"it stands at {kept.standing}, its ledger says {told.standing}"
    for bucket in sorted(kept.buckets.keys() | told.buckets.keys()):
        yield from _compare(f"bucket {bucket}", kept.buckets.get(bucket), told.buckets.get(bucket))
    for operation, bucket in sorted(kept.holds.keys() | told.holds.keys()):
        what = f"what session {operation} holds of {f'bucket {bucket}' if bucket else 'the main balance'}"
        who = operation, bucket
        yield from _compare(what, kept.holds.get(who), told.holds.get(who))


def _compare(what: str, kept: Any, told: Any) -> Iterator[str]:
    if kept is None:
        yield f"{what} is missing, its ledger says {_words(told)}"
    elif told is None:
        yield f"{what} is {_words(kept)}, its ledger knows of none"
    elif kept != told:
        yield f"{what} is {_words(kept)}, its ledger says {_words(told)}"


def _words(value: Any) -> str:
    if not isinstance(value, Lot):
        return f"{value}"
    ends = f"until {clock_text(value.expires)}, {'renewing' if value.renews else 'not renewing'}"
    return f"{value.left} bytes of {value.name} {ends}"
