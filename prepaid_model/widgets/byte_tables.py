"""The tables below the picture of a count, as HTML: the bytes of each step, each way, and the usage records."""

import html
from collections.abc import Sequence

from prepaid_model.counting import day_of
from prepaid_model.credit_control import Octets
from prepaid_model.figures.byte_counter import FLOWING, Waterfall, percent

SHOWN = 10
"""How many records are listed; of more, the first and the last."""
HIDDEN = "?"
_HIDDEN = (HIDDEN,) * 3

CSS = """
.pm-bytes > .widget-html-content { display: flex; flex-wrap: wrap; gap: 10px 26px; align-items: flex-start; }
.pm-bytes h4 { margin: 8px 0 4px; font-size: 14px; font-weight: 600; }
.pm-bytes table { border-collapse: collapse; font-size: 13px; line-height: 1.3; }
.pm-bytes th, .pm-bytes td {
  padding: 4px 6px; border: 0; border-bottom: 1px solid var(--pm-line); text-align: right; white-space: nowrap;
  color: var(--pm-ink); background: transparent; font-weight: normal;
}
.pm-bytes thead th { font-weight: 600; }
.pm-bytes .pm-words { text-align: left; }
.pm-bytes tbody tr { background: transparent; }
.pm-bytes .pm-sum > * { font-weight: 600; }
"""


def steps_html(result: Waterfall) -> str:
    """Write the bytes of each step, each way, and what the step adds in percent; what is hidden as question marks."""
    count = result.count
    rows = [("asked for", *_ways(count.payload), "100 %")]
    for number, step in enumerate(count.steps):
        shown = number < result.revealed
        if number == FLOWING:
            rows.append(("counted", *(_ways(count.counted) if result.revealed >= FLOWING else _HIDDEN), ""))
        ways = (_ways(step.octets) if shown else _HIDDEN) if number < FLOWING else ("", "", "")
        rows.append((step.name, *ways, f"{percent(step.adds)} %" if shown else HIDDEN))
    rows.append(("charged", "", "", f"{count.charged:,}" if result.whole else HIDDEN, ""))
    rows.append(("on your phone", *(_ways(count.phone) if result.whole else _HIDDEN), ""))
    table = _table(("bytes", "downlink", "uplink", "both", "adds"), rows)
    return f"<div><h4>The bytes, each way</h4>{table}</div>"


def records_html(result: Waterfall) -> str:
    """Write the usage records; their bytes are hidden until all that flows is revealed."""
    count = result.count
    known = result.revealed >= FLOWING
    rows = []
    for record in count.records:
        ways = _ways(record.octets)[:2] if known else _HIDDEN[:2]
        day = day_of(record.opened, count.rules.day_ends)
        times = f"{record.opened:%H:%M} to {record.closed:%H:%M}"
        rows.append((str(record.number), times, *ways, record.cause.label, f"{day:%a} {day.day} {day:%b}"))
    left_out = len(rows) - SHOWN
    if left_out > 0:
        rows[SHOWN - 2 : -2] = [("…", f"{left_out} more", "", "", "", "")]
    heads = ("no.", "open", "downlink", "uplink", "closed by", "booked on")
    return f"<div><h4>The usage records</h4>{_table(heads, rows)}</div>"


def _ways(octets: Octets) -> tuple[str, str, str]:
    """Write the bytes down, up and both ways."""
    down, up, both = (f"{way:,}".replace("-", "−") for way in (octets.output, octets.input, octets.total))
    return down, up, both


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose first column names its rows."""
    first, *others = (html.escape(each) for each in heads)
    head = f'<th scope="col" class="pm-words">{first}</th>' + "".join(f'<th scope="col">{each}</th>' for each in others)
    body = "".join(_row(row) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(cells: Sequence[str]) -> str:
    name, *values = (html.escape(cell) for cell in cells)
    style = ' class="pm-sum"' if name in ("counted", "charged") else ""
    return (
        f'<tr{style}><th scope="row" class="pm-words">{name}</th>{"".join(f"<td>{each}</td>" for each in values)}</tr>'
    )
