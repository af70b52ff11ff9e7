"""What a postpaid customer uses beyond allowance and add-ons, and what that costs, from the entries of a period.

The overage tariff keeps one running total over a period (a cycle under one plan), so that its tiers count
the month, not the session.
"""

from typing import NamedTuple

import numpy as np

from prepaid_model.buckets import MAIN
from prepaid_model.cycles import Period
from prepaid_model.hours import Flow, cut, size
from prepaid_model.ledger import Entry, Kind, Ledger
from prepaid_model.rating import NOTHING_YET, Running, Tariff, charge


class Overage(NamedTuple):
    """The overage of a period, as far as it has not been undone.

    Parameters
    ----------
    period : Period
        Plan and time.
    flows : dict of int to Flow
        When the bytes of each usage entry flowed, by the entry's id.
    charged : int
        Micros charged for it, less what has been given back.
    entries : frozenset of int
        The entries that this is the sum of.
    """

    period: Period
    flows: dict[int, Flow]
    charged: int
    entries: frozenset[int]

    @property
    def used(self) -> int:
        """Bytes."""
        return sum(size(flow) for flow in self.flows.values())

    @property
    def running(self) -> Running:
        """Its running total on the plan's tariff."""
        return self._at(self.period.plan.overage)

    @property
    def invoiced(self) -> int:
        """Micros that an invoice asks for it in the end."""
        return self._at(self.period.plan.invoiced(self.used)).charged

    def without(self, entry: int, volume: int) -> "Overage":
        """Return what it would be without the last `volume` bytes of a usage."""
        flow = self.flows[entry]
        return self._replace(flows=self.flows | {entry: cut(flow, size(flow) - volume)[0]})

    def _at(self, tariff: Tariff) -> Running:
        total = NOTHING_YET
        for flow in self.flows.values():
            total = charge(tariff, flow, total)
        return total


def overage(ledger: Ledger, fee: int, until: int | None = None) -> Overage:
    """Return the overage of the period that a monthly fee began.

    Parameters
    ----------
    fee : int
        Id of the fee's entry.
    until : int or None
        Id of the last entry to look at; None for all.
    """
    last = len(ledger) if until is None else until
    following = next((entry for entry in periods(ledger) if entry > fee), last + 1)
    rows = ledger.columns(since=fee)[: last - fee]
    kinds, places = rows["kind"], np.arange(fee + 1, last + 1)
    own = (kinds == Kind.USAGE) & (rows["bucket"] == MAIN) & (places < following)
    used = {int(place): ledger[int(place)] for place in places[own]}
    flows = {entry.id: flow_of(ledger, entry) for entry in used.values()}
    chosen = set(used)
    for place in places[(kinds == Kind.FEE) & np.isin(places - 1, places[own])]:
        if int(place) not in ledger.terms:  # a session fee stands right behind the usage that began the session
            chosen.add(int(place))
    for place in places[np.isin(rows["reverses"], [fee, *used]) & np.isin(kinds, (Kind.REFUND, Kind.ADJUSTMENT))]:
        undone = ledger[int(place)]
        chosen.add(undone.id)
        if undone.kind is Kind.REFUND:
            flow = flows[undone.reverses]
            flows[undone.reverses] = cut(flow, size(flow) - undone.quantity)[0]
    charged = -sum(ledger[entry].money for entry in chosen)
    return Overage(ledger.terms[fee], flows, charged, frozenset(chosen))


def periods(ledger: Ledger) -> list[int]:
    """Return the ids of the fees that begin a period, in order."""
    return [entry for entry, agreed in ledger.terms.items() if isinstance(agreed, Period)]


def flow_of(ledger: Ledger, entry: Entry) -> Flow:
    """Return when the bytes of a usage flowed."""
    flow: Flow = ledger.terms.get(entry.id) or ((entry.at.hour, entry.quantity),)
    return flow
