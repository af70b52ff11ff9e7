"""What a postpaid customer uses beyond allowance and add-ons, and what that costs, from the entries of a period.

The overage tariff keeps one running total over a period (a cycle under one plan), so that its tiers count
the month, not the session.
"""

from typing import NamedTuple

import numpy as np

from prepaid_model.buckets import MAIN
from prepaid_model.cycles import Period
from prepaid_model.hours import Flow, cut, size
from prepaid_model.ledger import Kind, Ledger
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
        return sum(part for flow in self.flows.values() for _, part in flow)

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
        if tariff.each_report_alone:
            total = NOTHING_YET
            for flow in self.flows.values():
                total = charge(tariff, flow, total)
            return total
        if tariff.hours:
            return charge(tariff, tuple(part for flow in self.flows.values() for part in flow))
        return charge(tariff, ((0, self.used),) if self.used else ())


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
    used = places[own].tolist()
    hours, volumes = rows["seconds"][own] // 3600, rows["quantity"][own]
    flows = {
        entry: ledger.terms.get(entry) or ((hour, volume),)
        for entry, hour, volume in zip(used, hours.tolist(), volumes.tolist(), strict=True)
    }
    chosen = own.copy()
    for place in np.flatnonzero((kinds == Kind.FEE) & np.isin(places - 1, used)).tolist():
        # a session fee stands right behind the usage that began the session
        chosen[place] = int(places[place]) not in ledger.terms
    back = np.isin(rows["reverses"], [fee, *used]) & np.isin(kinds, (Kind.REFUND, Kind.ADJUSTMENT))
    for place in np.flatnonzero(back).tolist():
        undone = ledger[int(places[place])]
        chosen[place] = True
        if undone.kind is Kind.REFUND:
            flow = flows[undone.reverses]
            flows[undone.reverses] = cut(flow, size(flow) - undone.quantity)[0]
    charged = -int(rows["money"][chosen].sum())
    return Overage(ledger.terms[fee], flows, charged, frozenset(places[chosen].tolist()))


def periods(ledger: Ledger) -> list[int]:
    """Return the ids of the fees that begin a period, in order."""
    return [entry for entry, agreed in ledger.terms.items() if isinstance(agreed, Period)]
