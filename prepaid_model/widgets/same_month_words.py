"""The experiment of lesson 03 in words: a sentence, both sides as a table, the invoice line by line."""

import html
from collections.abc import Sequence

from prepaid_model.cycles import round_to_dirham
from prepaid_model.figures.same_month import Side, TwoMonths, stopped_by, unused, who_lent
from prepaid_model.invoices import Invoice
from prepaid_model.ledger import Kind
from prepaid_model.units import format_money, format_volume

_TABLE = "border-collapse:collapse;font-size:14px;margin:10px 0 4px"
_CELL = "padding:4px 14px 4px 0;border-bottom:1px solid var(--pm-line);text-align:left;vertical-align:top"
_NUMBER = _CELL.replace("left", "right")


def in_a_sentence(result: TwoMonths) -> str:
    """Say who pays when and how much, who lends, and what the surprise was on either side."""
    before, after, bill = result.prepaid, result.postpaid, result.bill
    silence = f" (the surprise: {_silence(result)})" if result.extra else ""
    paid = f"Prepaid: {format_money(_paid(before))} paid before it is used, {_service(before)}{silence}"
    surprise = f", {format_money(result.more)} more than without the surprise" if result.more else ""
    billed = f"Postpaid: {_service(after)}, then a bill of {format_money(bill.total)}{surprise}, due {_date(bill)}"
    return f"{result.title}. {paid}; {_lent(before)}. {billed}; {_lent(after)}."


def side_by_side(result: TwoMonths) -> str:
    """Write both sides as a table: who pays when, for what, and who is surprised."""
    before, after = result.prepaid, result.postpaid
    tops = int((before.trace.rows["kind"] == Kind.TOP_UP).sum())
    lost = unused(before)
    rows = (
        ("you pay", f"before: {_paid_in(tops)}, {format_money(_paid(before))}", f"after: {format_money(_paid(after))}"),
        (
            "what January cost",
            _riyals(int(before.lending.consumed[-1])) + (f", {_riyals(lost)} of it unused" if lost else ""),
            _riyals(after.lending.at(after.trace.end)[1]),
        ),
        ("service", _service(before), _service(after)),
        ("credit", _lent(before), _lent(after)),
        ("the surprise", _silence(result), _shock(result)),
    )
    body = "".join(
        f'<tr><td style="{_CELL};color:var(--pm-pale)">{html.escape(name)}</td>'
        f'<td style="{_CELL}">{html.escape(one)}</td><td style="{_CELL}">{html.escape(other)}</td></tr>'
        for name, one, other in rows
    )
    head = f'<tr><th></th><th style="{_CELL}">Prepaid</th><th style="{_CELL}">Postpaid</th></tr>'
    return f'<table style="{_TABLE}">{head}{body}</table>'


def invoice_table(result: TwoMonths) -> str:
    """Write the invoice line by line; what it asks for because of the surprise is marked."""
    bill = result.bill
    usual = {line.text.split(",")[0]: line.money for line in result.usual.lines if line.volume}
    body = "".join(_line(text, amount, note) for text, amount, note in _lines(bill, usual, result))
    head = f"Invoice {bill.number} of {bill.at.day} {bill.at:%B}, due {_date(bill)}"
    total = (
        f'<tr><th style="{_CELL}">Total</th><td style="{_CELL}"></td>'
        f'<th style="{_NUMBER};color:var(--pm-bill)">{format_money(bill.total)}</th></tr>'
    )
    caption = f'<caption style="text-align:left;font-weight:600;padding:4px 0">{html.escape(head)}</caption>'
    return f'<table class="pm-invoice" style="{_TABLE}">{caption}{body}{total}</table>'


def _lines(bill: Invoice, usual: dict[str, int], result: TwoMonths) -> Sequence[tuple[str, int, str]]:
    said = []
    for place, line in enumerate(bill.lines):
        note = ""
        if line.volume and result.more:
            without = usual.get(line.text.split(",")[0], 0)
            note = f"{format_money(without)} without the surprise day"
        elif place and not line.volume and line.text.startswith(result.postpaid.trace.account.plan.name):  # type: ignore[union-attr]
            note = "the next month, in advance"
        said.append((line.text, line.money, note))
    return said


def _line(text: str, money: int, note: str) -> str:
    return (
        f'<tr><td style="{_CELL}">{html.escape(text)}</td><td style="{_CELL};color:var(--pm-pale)">{html.escape(note)}'
        f'</td><td style="{_NUMBER}">{format_money(money)}</td></tr>'
    )


def _paid(side: Side) -> int:
    return int(side.lending.paid[-1])


def _riyals(micros: int) -> str:
    """Write what is worked out to the micro as an amount to read: in whole dirham."""
    return format_money(round_to_dirham(micros))


def _paid_in(times: int) -> str:
    return "one top-up" if times == 1 else f"{times} top-ups"


def _service(side: Side) -> str:
    denied = sum(side.trace.denied)
    why = f" by {stopped_by(side)}" if stopped_by(side) else ""
    hours = f"{side.trace.hours_off} hours off{why}" if side.trace.hours_off else "never off"
    return f"{hours}, {format_volume(denied)} denied" if denied else f"{hours}, nothing denied"


def _silence(result: TwoMonths) -> str:
    """Say what the surprise is on the prepaid side: service that stops, or money that was paid in unasked."""
    said = []
    if result.more_paid_in:
        said.append(f"{format_money(result.more_paid_in)} more paid in")
    if result.more_hours_off > 0:
        said.append(f"{result.more_hours_off} hours longer off")
    return " and ".join(said) or "none: as in any month"


def _shock(result: TwoMonths) -> str:
    if not result.more:
        return "none: as in any month"
    return f"a bill {format_money(result.more)} higher, seen on {result.bill.at.day} {result.bill.at:%B}"


def _lent(side: Side) -> str:
    return ", ".join(words for _, words in who_lent(side.lending))


def _date(bill: Invoice) -> str:
    return f"{bill.due.day} {bill.due:%B}"
