"""Entries as rows of a table, chained by hash: whoever changes one row has to change all after it, and the head.

The hash of a row is the SHA-256 of the hash before it and of the row as JSON; the chain of an account begins
with its name, and the hash of its last row, the head, is kept with the account. So a row that is changed, left
out, moved, or missing at the end shows. Someone who writes the whole chain anew, head and all, does not show:
for that, a head has to be kept somewhere else.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any, TypeAlias

from prepaid_model.laws import Kind
from prepaid_model.ledger import Ledger
from prepaid_model.storage import Damaged
from prepaid_model.storage.codec import clock_moment, clock_text, compact, read, write

Row: TypeAlias = tuple[Any, ...]

COLUMNS = (
    *("id", "at", "kind", "money", "volume", "bucket", "quantity", "balance", "left", "operation", "reverses"),
    *("key", "note", "terms"),
)
"""What a hash is made of; the table has the account before them and the hash behind them."""
_KINDS = {kind.label: kind for kind in Kind}
_LABELS = {kind: kind.label for kind in Kind}


def origin(name: str) -> bytes:
    """Return what the chain of an account begins with.

    Examples
    --------
    >>> origin("Noor").hex()[:8] == origin("Sami").hex()[:8]
    False
    """
    return sha256(name.encode()).digest()


def link(before: bytes, row: Row) -> bytes:
    """Return the hash of a row, given the one before it."""
    return sha256(before + compact(row).encode()).digest()


def rows_since(ledger: Ledger, entry: int, known_keys: int) -> Iterator[Row]:
    """Yield the entries after one as rows; `known_keys` is how many keys there were then."""
    fresh = islice(reversed(ledger.keys.items()), len(ledger.keys) - known_keys)
    keys = {operation: key for key, operation in fresh}
    for new in ledger.since(entry):
        number, at, kind, *amounts = new
        terms = ledger.terms.get(number)
        told = keys.get(number), ledger.notes.get(number), None if terms is None else write(terms)
        yield number, clock_text(at), _LABELS[kind], *amounts, *told


def extend(ledger: Ledger, rows: Iterable[Row], head: bytes) -> bytes:
    """Add rows to a ledger, each with its hash behind it, as they were written; return the hash of the last.

    Raises
    ------
    Damaged
        If a row is not what was written, or is not the next.
    """
    for *told, written in rows:
        row = tuple(told)
        try:
            head = link(head, row)
        except TypeError:  # a cell is of a type that is never written
            head = b""
        if head != written or row[0] != len(ledger) + 1:
            raise Damaged(f"entry {row[0]!r} is not what was written, or not the next: its hash is another")
        _, at, label, money, volume, bucket, quantity, balance, left, operation, reverses, key, note, terms = row
        entry = ledger.append(
            clock_moment(at),
            _KINDS[label],
            money=money,
            volume=volume,
            bucket=bucket,
            quantity=quantity,
            balance=balance,
            left=left,
            operation=operation,
            reverses=reverses,
        )
        if key is not None:
            ledger.keys[key] = entry
        if note is not None:
            ledger.notes[entry] = note
        if terms is not None:
            ledger.terms[entry] = read(terms)
    return head
