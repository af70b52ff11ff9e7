"""Invoices, line by line, from the entries of a postpaid account: lines add up to the invoice, to the micro."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prepaid_model.billing import CHARGES, Issued
from prepaid_model.buckets import MAIN, Terms
from prepaid_model.cycles import Period
from prepaid_model.ledger import Entry, Kind, Ledger
from prepaid_model.overage import Overage, overage, periods
from prepaid_model.units import format_money, format_volume

if TYPE_CHECKING:
    import pandas as pd


class InvoiceLine(NamedTuple):
    """A line of an invoice.

    Parameters
    ----------
    text : str
        What it is for.
    volume : int
        Bytes charged, where it is for data.
    money : int
        Micros; less than zero gives back.
    """

    text: str
    volume: int
    money: int


class Invoice(NamedTuple):
    """An invoice.

    Parameters
    ----------
    number : int
        From 1.
    entry : int
        Id of its entry.
    at, due : datetime
        When it was made, and when it is to be paid.
    total : int
        Micros, whole dirham.
    lines : tuple of InvoiceLine
        What the total is made of.
    """

    number: int
    entry: int
    at: datetime
    due: datetime
    total: int
    lines: tuple[InvoiceLine, ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return the lines as a frame: bytes and micros."""
        import pandas as pd  # noqa: PLC0415  (a second of import that an invoice without a frame does not need)

        return pd.DataFrame(self.lines, columns=list(InvoiceLine._fields))


def invoices(ledger: Ledger) -> tuple[Invoice, ...]:
    """Return the invoices of an account, in order.

    Examples
    --------
    >>> from prepaid_model.offers import Plan
    >>> from prepaid_model.postpaid import PostpaidAccount
    >>> from prepaid_model.rating import Tariff
    >>> from prepaid_model.units import GB, QAR, parse_moment
    >>> basic = Plan("Basic", fee=35 * QAR, allowance=2 * GB, overage=Tariff(price=20_000), credit_limit=250 * QAR)
    >>> account = PostpaidAccount(basic, opened=parse_moment("2026-01-01"))
    >>> _ = account.use(3 * GB, at=parse_moment("2026-01-20 21:00"))
    >>> account.advance(parse_moment("2026-02-01"))
    >>> for line in invoices(account.ledger)[0].lines:
    ...     print(line.text, "|", format_money(line.money))
    Basic, 1 Jan to 31 Jan | QAR 35.00
    Overage, 1 GB at QAR 0.02 per 1 MB | QAR 20.00
    Basic, 1 Feb to 28 Feb | QAR 35.00
    """
    made: list[Invoice] = []
    before = 0
    for entry, agreed in ledger.terms.items():
        if isinstance(agreed, Issued):
            lines = tuple(_lines(ledger, before, entry))
            at = ledger[entry].at
            made.append(Invoice(len(made) + 1, entry, at, agreed.due, agreed.total, lines))
            before = entry
    return tuple(made)


def _lines(ledger: Ledger, after: int, until: int) -> Iterator[InvoiceLine]:
    """Yield the lines for the entries behind one invoice, up to the next."""
    ended = _ended(ledger, after, until)
    period_of = {entry: fee for fee, used in ended.items() for entry in used.entries}
    used_data: dict[int, list[Entry]] = {}
    shown: set[int] = set()
    for entry in (ledger[place] for place in _worth_a_look(ledger, after, until, ended)):
        if entry.id in period_of:
            fee = period_of[entry.id]
            if fee not in shown:
                shown.add(fee)
                yield from _overage_lines(ledger, ended[fee])
        elif entry.kind is Kind.USAGE or (entry.kind is Kind.FEE and not _monthly(ledger, entry)):
            used_data.setdefault(entry.bucket or ledger[entry.id - 1].bucket, []).append(entry)
        elif entry.kind in CHARGES and (entry.money or entry.kind is Kind.FEE):
            yield InvoiceLine(_text(ledger, entry), 0, -entry.money)
    for bucket, entries in used_data.items():
        if money := -sum(entry.money for entry in entries):
            volume = -sum(entry.volume for entry in entries)
            yield InvoiceLine(f"Use of {ledger.terms[bucket].bundle.name}", volume, money)


def _worth_a_look(ledger: Ledger, after: int, until: int, ended: dict[int, Overage]) -> list[int]:
    """Return the entries that may make a line: not what a plain bucket gave, and of each period's overage the first."""
    plain = [
        bucket
        for bucket, terms in ledger.terms.items()
        if isinstance(terms, Terms) and (price := terms.bundle.tariff.flat) and not price.price
    ]
    rows, places = ledger.columns(since=after)[: until - after - 1], np.arange(after + 1, until)
    skipped = (rows["kind"] == Kind.USAGE) & np.isin(rows["bucket"], plain)
    for used in ended.values():
        skipped |= np.isin(places, sorted(entry for entry in used.entries if entry > after)[1:])
    chosen: list[int] = places[~skipped].tolist()
    return chosen


def _ended(ledger: Ledger, after: int, until: int) -> dict[int, Overage]:
    """Return the overage of the periods that ended since the last invoice, by their fee: it was asked for before."""
    fees = [fee for fee in periods(ledger) if fee < until]
    ended = [fee for fee, following in zip(fees, [*fees[1:], until], strict=True) if following > after]
    return {fee: overage(ledger, fee, until) for fee in ended}


def _monthly(ledger: Ledger, fee: Entry) -> bool:
    return isinstance(ledger.terms.get(fee.id), Period)


def _overage_lines(ledger: Ledger, used: Overage) -> Iterator[InvoiceLine]:
    """Yield a line for each price, as far as prices depend on volume alone, then what is left of the sum."""
    entries = np.array(sorted(used.entries), dtype=int)
    corrected = ledger.columns()["kind"][entries - 1] == Kind.ADJUSTMENT
    corrections = [ledger[entry] for entry in entries[corrected].tolist()]
    rest = used.charged + sum(entry.money for entry in corrections)
    tariff = used.period.plan.overage
    if not tariff.hours:
        billed = used.running.billed
        for step in tariff.steps[0]:
            part = (billed if step.end is None else min(billed, step.end)) - step.start
            if part > 0:
                money = part // step.increment * step.price
                price = f"{format_money(step.price)} per {format_volume(step.increment)}"
                yield InvoiceLine(f"Overage, {format_volume(part)} at {price}", part, money)
                rest -= money
    if rest:
        text = "Overage, priced by the hour" if tariff.hours else "Overage, fee for a session, rounding and cap"
        yield InvoiceLine(text, used.used if tariff.hours else 0, rest)
    for entry in corrections:
        yield InvoiceLine(f"Overage, {ledger.notes[entry.id]}", 0, -entry.money)


def _text(ledger: Ledger, entry: Entry) -> str:
    if entry.kind is Kind.FEE:
        return _fee_text(ledger.terms[entry.id])
    if entry.kind is Kind.CREDIT_NOTE:
        period = ledger.terms[entry.reverses]
        return f"{period.plan.name}, {period.cycle.days_from(entry.at)} of {period.cycle.days} days given back"
    if entry.kind is Kind.BUNDLE:
        return ledger.notes[entry.id]
    if entry.kind is Kind.REFUND:
        of = ledger[entry.reverses]
        source = ledger.terms[of.bucket].bundle.name if of.bucket != MAIN else "overage"
        return f"Given back: {format_volume(entry.quantity)} of {source}, {of.at.day} {of.at:%b}"
    return "Rounding to whole dirham"


def _fee_text(period: Period) -> str:
    last = period.cycle.ends - timedelta(days=1)
    span = f"{period.starts.day} {period.starts:%b} to {last.day} {last:%b}"
    part = "" if period.whole else f", {period.cycle.days_from(period.starts)} of {period.cycle.days} days"
    return f"{period.plan.name}, {span}{part}"
