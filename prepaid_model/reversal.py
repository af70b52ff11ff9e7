"""What a usage charged, part by part, so that it can be undone exactly: entries are reversed, never changed."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prepaid_model.errors import InputError
from prepaid_model.hours import Flow, cut
from prepaid_model.ledger import Entry, Kind, Ledger
from prepaid_model.rating import NOTHING_YET, Running, Tariff, charge


class Charge(NamedTuple):
    """A usage entry of a session, as far as it has not been undone.

    Parameters
    ----------
    entry : Entry
        The usage.
    flow : Flow
        When its bytes flowed.
    tariff : Tariff
        At whose price they were charged.
    before : Running
        The session's total on that tariff before it.
    standing : int
        Bytes of it not yet undone.
    """

    entry: Entry
    flow: Flow
    tariff: Tariff
    before: Running
    standing: int

    def undo(self, part: int) -> tuple[int, int]:
        """Return the micros and the bucket's bytes that its last `part` bytes were charged.

        Undone latest first, every charge gives back exactly what it took, and a session undone to its
        first byte gives back its fee.
        """
        whole, kept = (
            charge(self.tariff, cut(self.flow, volume)[0], self.before)
            for volume in (self.standing, self.standing - part)
        )
        return whole.charged - kept.charged, whole.billed - kept.billed


def charges(ledger: Ledger, operation: int, tariff_of: Callable[[int], Tariff]) -> list[Charge]:
    """Return what an operation charged, in order.

    Parameters
    ----------
    operation : int
        Id of the first entry of a usage.
    tariff_of : callable
        The tariff of a bucket, by its id.

    Raises
    ------
    InputError
        If the operation used nothing.
    """
    rows = ledger.columns(since=max(operation - 1, 0))
    refunds = rows[rows["kind"] == Kind.REFUND]
    totals: dict[int, Running] = {}
    found = []
    for entry in ledger.of(operation):
        if entry.kind is Kind.USAGE:
            tariff, before = tariff_of(entry.bucket), totals.get(entry.bucket, NOTHING_YET)
            flow: Flow = ledger.terms.get(entry.id) or ((entry.at.hour, entry.quantity),)
            totals[entry.bucket] = charge(tariff, flow, before)
            undone = int(np.sum(refunds["quantity"][refunds["reverses"] == entry.id]))
            found.append(Charge(entry, flow, tariff, before, entry.quantity - undone))
    if not found:
        raise InputError("operation", operation, "the id of a usage (Usage.operation)")
    return found
