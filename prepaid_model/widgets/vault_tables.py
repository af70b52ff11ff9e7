"""The tables of a vault's file and its latest SQL, as HTML; what the latest step changed is on a coloured ground."""

import html
from typing import Any

from prepaid_model.vault import COLUMNS, View

ENTRIES = 6
TITLES = {
    "balances": "balances: one row an account, money in millionths of a riyal",
    "buckets": "buckets: one row a bundle, data in bytes",
    "ledger": "ledger: the latest entries",
}
CSS = """
.pm-tables { display: flex; flex-flow: row wrap; gap: 4px 34px; }
.pm-tables p { margin: 10px 0 3px; font-weight: 600; }
.pm-tables table { border-collapse: collapse; font-size: 12.5px; line-height: 1.3; }
.pm-tables th, .pm-tables td {
  padding: 3px 9px; border: 0; border-bottom: 1px solid var(--pm-line); text-align: right; white-space: nowrap;
  color: var(--pm-ink); background: transparent; font-family: var(--jp-code-font-family, monospace);
}
.pm-tables tbody tr { background: transparent; }
.pm-tables td.pm-new { background: var(--pm-new); }
.pm-tables .pm-none { color: var(--pm-pale); text-align: left; }
.pm-sql p { margin: 10px 0 3px; font-weight: 600; }
.pm-sql ol { margin: 0; padding-left: 28px; font-family: var(--jp-code-font-family, monospace); font-size: 12.5px; }
.pm-sql li { margin: 0 0 3px; overflow-wrap: anywhere; }
"""


def tables_html(view: View) -> str:
    """Write the tables, the ledger last."""
    return f'<div class="pm-tables">{"".join(_table(name, view) for name in COLUMNS)}</div>'


def sql_html(view: View, *, shown: bool) -> str:
    """Write the statements of the latest step, if they are to be shown; only the beginning of long ones."""
    if not shown:
        return ""
    if not view.statements:
        return '<div class="pm-sql"><p>SQL of the latest step: none. Nothing was written.</p></div>'
    lines = "".join(f"<li>{html.escape(_short(each))}</li>" for each in view.statements)
    stopped = "<p>Here the program was stopped.</p>" if view.stopped else ""
    return f'<div class="pm-sql"><p>SQL of the latest step</p><ol>{lines}</ol>{stopped}</div>'


def _table(name: str, view: View) -> str:
    columns, rows = COLUMNS[name], view.tables[name]
    old = {row[0]: row for row in view.before[name]} if name != "balances" else dict(enumerate(view.before[name]))
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join(
        _row(row, old.get(place if name == "balances" else row[0])) for place, row in list(enumerate(rows))[-ENTRIES:]
    )
    if not rows:
        body = f'<tr><td class="pm-none" colspan="{len(columns)}">no row</td></tr>'
    table = f'<table aria-label="{name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f"<div><p>{TITLES[name]}</p>{table}</div>"


def _row(row: tuple[Any, ...], before: tuple[Any, ...] | None) -> str:
    cells = []
    for place, cell in enumerate(row):
        changed = before is None or before[place] != cell
        cells.append(f'<td class="{"pm-new" if changed else ""}">{html.escape(_written(cell))}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _written(cell: Any) -> str:
    """Write a cell as the file has it, long numbers in groups of three; of a hash the beginning."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell[:8]}…" if len(cell) == 64 else str(cell)


def _short(sql: str) -> str:
    return sql if len(sql) <= 240 else f"{sql[:200]} … {sql[-20:]}"
