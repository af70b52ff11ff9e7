"""The phone and the list of entries beside the picture of a story, written as HTML.

Numbers that the latest step changed, and entries it wrote, stand on a coloured ground.
"""

import html
from collections.abc import Callable, Iterator
from datetime import datetime

from prepaid_model.balances import Status
from prepaid_model.buckets import Bucket
from prepaid_model.ledger import Kind
from prepaid_model.phone import Story
from prepaid_model.units import format_moment, format_money, format_volume
from prepaid_model.widgets.phone_words import entry_words, messages

ENTRIES = 6
MESSAGES = 4

CSS = """
.pm-phone { flex: 0 0 226px; }
.pm-phone .widget-html-content { height: 100%; }
.pm-phone-body {
  box-sizing: border-box; height: 100%; min-height: 400px; padding: 16px 15px; border: 2px solid var(--pm-strong-line);
  border-radius: 26px; background: var(--jp-layout-color1, #fff); line-height: 1.35;
}
.pm-pill {
  display: inline-block; padding: 1px 11px; border-radius: 12px; font-weight: 600; background: var(--pm-soft);
}
.pm-pill-on { color: var(--pm-data); } .pm-pill-off { color: var(--pm-suspended); }
.pm-name { margin: 12px 0 0; font-size: 12px; color: var(--pm-pale); }
.pm-number {
  display: inline-block; margin: 0 -5px; padding: 0 5px; border-radius: 5px; font-size: 25px; font-weight: 700;
}
.pm-number.pm-money { color: var(--pm-money); } .pm-number.pm-data { color: var(--pm-data); }
.pm-until { margin: 3px 0 0; font-size: 12px; color: var(--pm-pale); }
.pm-bar { height: 8px; margin: 5px 0 0; border-radius: 4px; background: var(--pm-line); overflow: hidden; }
.pm-bar > div { height: 100%; background: var(--pm-data); }
.pm-messages { list-style: none; margin: 12px 0 0; padding: 0; font-size: 12.5px; }
.pm-messages li { margin: 0 0 6px; padding: 6px 10px; border-radius: 10px; background: var(--pm-soft); }
.pm-messages b { color: var(--pm-alert); }
.pm-new { background: var(--pm-new) !important; }
.pm-ledger-title { margin: 10px 0 4px; font-weight: 600; }
.pm-ledger table { width: 100%; border-collapse: collapse; font-size: 13px; line-height: 1.3; table-layout: auto; }
.pm-ledger th, .pm-ledger td {
  padding: 4px 8px; border: 0; border-bottom: 1px solid var(--pm-line); text-align: right; white-space: nowrap;
  color: var(--pm-ink); background: transparent;
}
.pm-ledger .pm-words { text-align: left; }
.pm-ledger tbody tr { background: transparent; }
.pm-ledger-none { margin: 0; color: var(--pm-pale); }
"""


def phone_html(story: Story) -> str:
    """Write the phone: status, credit, data left, until when, and the latest messages."""
    account, status = story.account, story.account.status
    latest = story.turns[-1].entries if story.turns else ()
    money_moved = any(entry.money for entry in latest)
    data_moved = any(entry.volume for entry in latest)
    status_moved = any(entry.kind is Kind.STATUS for entry in latest)
    live = [bucket for bucket in account.buckets if bucket.live(account.now)]
    on = "on" if status is Status.ACTIVE else "off"
    data_until = min((bucket.terms.expires for bucket in live), default=None)
    return (
        '<div class="pm-phone-body">'
        f'<span class="pm-pill pm-pill-{on}{_new(status_moved)}">{_status(status)}</span>'
        '<p class="pm-name">Main credit</p>'
        f'<span class="pm-number pm-money{_new(money_moved)}">{format_money(account.credit)}</span>'
        f'<p class="pm-until">{_until(account.valid_until)}</p>'
        f'<p class="pm-name">Data left{_bundles(live)}</p>'
        f'<span class="pm-number pm-data{_new(data_moved)}">{format_volume(account.data_left)}</span>'
        f'<div class="pm-bar"><div style="width:{_share(live):.1f}%"></div></div>'
        f'<p class="pm-until">{_until(data_until)}</p>'
        f'<ul class="pm-messages">{"".join(_messages(story))}</ul></div>'
    )


def ledger_html(story: Story) -> str:
    """Write the latest entries as a table."""
    ledger = story.account.ledger
    title = '<p class="pm-ledger-title">What the system wrote down</p>'
    if not len(ledger):
        return title + '<p class="pm-ledger-none">Nothing yet. Every change of the account will be an entry here.</p>'
    words = {entry.id: entry_words(entry, turn, story) for turn in story.turns for entry in turn.entries}
    newest = {entry.id for entry in story.turns[-1].entries}
    data, rows = 0, []
    for entry in ledger:
        data += entry.volume
        cells = (
            format_moment(entry.at),
            words[entry.id],
            _signed(entry.money, _riyals),
            _signed(entry.volume, format_volume),
            _riyals(entry.balance),
            format_volume(data),
        )
        rows.append(_row(cells, "td", new=entry.id in newest))
    heads = _row(("when", "entry", "money, QAR", "data", "credit after", "data after"), "th")
    body = "".join(rows[-ENTRIES:])
    return f'{title}<table aria-label="Ledger"><thead>{heads}</thead><tbody>{body}</tbody></table>'


def _messages(story: Story) -> Iterator[str]:
    told = [
        (turn is story.turns[-1], is_alert, text) for turn in story.turns for is_alert, text in messages(story, turn)
    ]
    for is_new, is_alert, text in reversed(told[-MESSAGES:]):
        bold = "<b>Alert</b> " if is_alert else ""
        yield f'<li class="{_new(is_new).strip()}">{bold}{html.escape(text)}</li>'


def _new(changed: object) -> str:
    return " pm-new" if changed else ""


def _status(status: Status) -> str:
    return f"{'●' if status is Status.ACTIVE else '○'} {status.value.capitalize()}"


def _until(end: datetime | None) -> str:
    return f"until {format_moment(end)}" if end else "&nbsp;"


def _bundles(live: list[Bucket]) -> str:
    if not live:
        return ""
    return f" · {html.escape(live[0].name)}" if len(live) == 1 else f" · in {len(live)} bundles"


def _share(live: list[Bucket]) -> float:
    """Percent of what was granted that is left."""
    granted = sum(bucket.terms.bundle.volume for bucket in live)
    return 100 * sum(bucket.left for bucket in live) / granted if granted else 0


def _signed(change: int, write: Callable[[int], str]) -> str:
    return f"{'+' if change > 0 else '−'}{write(abs(change))}" if change else ""


def _riyals(micros: int) -> str:
    return format_money(micros).removeprefix("QAR ")


def _row(cells: tuple[str, ...], tag: str, *, new: bool = False) -> str:
    opening = '<th scope="col"' if tag == "th" else f"<{tag}"
    kinds = ("pm-words", "pm-words", "", "", "", "")
    written = (f'{opening} class="{kind}">{html.escape(text)}</{tag}>' for kind, text in zip(kinds, cells, strict=True))
    return f'<tr class="{_new(new).strip()}">{"".join(written)}</tr>'
