"""OperatorBooks, of lesson 09: the same month as double entry, whatever the learner does."""

import html
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.bookkeeping import (
    CREDITS,
    DEBITS,
    Bill,
    Book,
    Books,
    Buy,
    Expire,
    NeverPay,
    Pay,
    Sign,
    Step,
    TopUp,
    Turn,
    Use,
    Wait,
    keep_books,
    moved,
)
from prepaid_model.catalogue import catalogue
from prepaid_model.figures.operator_books import BooksPicture, Shown
from prepaid_model.ledger import Entry
from prepaid_model.units import MB, QAR, format_money, format_volume, parse_money
from prepaid_model.widgets.controls import amount, button, choice, slider, switch
from prepaid_model.widgets.experiment import Experiment

MONTH = (TopUp(25 * QAR), Buy("week_1gb"), Use(300 * MB), Use(400 * MB), Expire())
MOST_LINES = 8
NO_LINE = '<p class="pm-none">In the books: no line. Nothing was paid in, earned or lost.</p>'
WHO = (("prepaid", False), ("postpaid", True))
SAID: Mapping[type, str] = {
    Expire: "Something expires",
    Sign: "A contract is signed",
    Bill: "A bill is sent",
    Pay: "The bill is paid",
    NeverPay: "The bill is never paid",
}
WHY: Mapping[type, str] = {
    TopUp: "Money has come in, and nothing has been delivered for it: the operator owes it.",
    Buy: "What was owed as credit is owed as data now, and nothing is earned by it.",
    Pay: "A debt has become money. It was earned, or owed, before.",
    Sign: "The fee is owed by the customer, and the month of service by the operator.",
    NeverPay: "It was earned and never came, with the fees until the contract was ended: a bad debt.",
}
"""What a step means for whose money it is, where that is always the same."""


class OperatorBooks(Experiment[Shown]):
    """Customers do what they like; the operator's books follow, and always balance.

    Examples
    --------
    >>> books = OperatorBooks()
    >>> books.choose("Empty books")
    >>> print(books.take(TopUp(25 * QAR)))
    Top up QAR 25.00: cash +QAR 25.00. In the till: QAR 25.00. Whose money is it? One entry does not tell.
    >>> books.controls["double"].value = True
    >>> print(books.sentence)
    Top up QAR 25.00: cash +QAR 25.00, unearned revenue +QAR 25.00. Money has come in, and nothing has been delivered
    for it: the operator owes it. So far QAR 0.00 is earned. Debits less credits: QAR 0.00.
    """

    title = "The operator's books"
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "A top-up": {"actions": (TopUp(25 * QAR),)},
        "Empty books": {},
        "A prepaid month": {"actions": MONTH, "double": True},
        "Bought, and never used": {"actions": (TopUp(25 * QAR), Buy("week_1gb"), Expire(), Expire()), "double": True},
        "Pay as you go": {"actions": (TopUp(25 * QAR), Use(300 * MB)), "double": True},
        "A postpaid month, paid": {"actions": (Sign(), Use(2500 * MB, postpaid=True), Bill(), Pay()), "double": True},
        "A bill nobody pays": {"actions": (Sign(), Use(2500 * MB, postpaid=True), Bill(), NeverPay()), "double": True},
    }
    extra_css = """
.pm-books > .widget-html-content > div { display: flex; flex-flow: row wrap; gap: 4px 40px; min-height: 230px; }
.pm-books-title { margin: 10px 0 4px; font-weight: 600; }
.pm-books table { border-collapse: collapse; font-size: 13px; line-height: 1.3; }
.pm-books th, .pm-books td {
  padding: 4px 12px 4px 0; border: 0; border-bottom: 1px solid var(--pm-line); text-align: left; color: var(--pm-ink);
  background: transparent; white-space: nowrap;
}
.pm-books .pm-amount-cell { text-align: right; padding: 4px 0 4px 16px; font-variant-numeric: tabular-nums; }
.pm-books th { color: var(--pm-pale); font-weight: 400; }
.pm-books tbody tr { background: transparent; }
.pm-books .pm-sum td { font-weight: 600; border-bottom: 0; }
.pm-books .pm-none { margin: 0; max-width: 430px; }
"""

    def make_controls(self) -> dict[str, Any]:
        """Make what a step needs to know, and the buttons that take the steps."""
        self.step_buttons = {
            "top_up": self._step_button("▲ Top up", "money", self._top_up),
            "buy": self._step_button("■ Buy", "data", lambda: Buy(self.controls["bundle"].value)),
            "use": self._step_button("▶ Use", "plain", self._use),
            "week": self._step_button("7 days pass", "plain", lambda: Wait(7)),
            "expire": self._step_button("Until something expires", "plain", Expire),
            "sign": self._step_button("Sign a contract", "plain", Sign),
            "bill": self._step_button("Until the next bill", "plain", Bill),
            "pay": self._step_button("Pay the bill", "money", Pay),
            "never": self._step_button("Never pay", "plain", NeverPay),
        }
        self.back_button = button("◂ Back")
        self.on_action(self.back_button, lambda: {"actions": self.state["actions"][:-1]})
        bundles = [(f"{each.name} · {format_money(each.price)}", key) for key, each in catalogue().bundles.items()]
        return {
            "double": switch("double entry"),
            "amount": amount("Prepaid: top up, QAR", "25", ["5", "10", "25", "50", "100"]),
            "bundle": choice("Bundle", bundles, "week_1gb"),
            "volume": slider("Use, MB", 300, 100, 3000, 100),
            "who": choice("by", WHO),
        }

    def make_state(self) -> dict[str, Any]:
        """Start with no step taken."""
        return {"actions": ()}

    def make_picture(self) -> BooksPicture:
        """Make the picture of the balances."""
        return BooksPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Put the prepaid customer, usage and time, and the postpaid customer in a row each."""
        controls, press = self.controls, self.step_buttons
        postpaid = widgets.HTML("Postpaid:")
        return [
            [controls["amount"], press["top_up"], controls["bundle"], press["buy"]],
            [controls["volume"], controls["who"], press["use"], press["week"], press["expire"]],
            [postpaid, press["sign"], press["bill"], press["pay"], press["never"]],
        ]

    def head(self) -> Sequence[widgets.Widget]:
        """Put the way to write, and Back, at the end of the first row."""
        return [self.controls["double"], self.back_button]

    def take(self, *steps: Step) -> str:
        """Take steps as if their buttons had been pressed, and return the sentence; if one fails, none is taken."""
        self.act(actions=(*self.state["actions"], *steps))
        return self.sentence

    def run(self, **settings: Any) -> Shown:
        """Let fresh accounts live through the steps, and book them."""
        return Shown(keep_books(settings["actions"]), settings["double"])

    def describe(self, result: Shown) -> str:
        """Say what the latest step did to the books."""
        books = result.books
        if not books.turns:
            return "Nothing has happened yet, and the till is empty."
        turn, balances = books.turns[-1], books.balances
        changes = moved(turn)
        if not result.double:
            change = f"cash {_signed(changes[Book.CASH])}" if Book.CASH in changes else "the till does not change"
            till = format_money(balances[Book.CASH])
            return f"{said(turn.step)}: {change}. In the till: {till}. Whose money is it? One entry does not tell."
        change = ", ".join(f"{book.value} {_signed(change)}" for book, change in changes.items()) or "no book changes"
        earned, balance = format_money(-balances[Book.REVENUE]), format_money(books.trial_balance)
        return f"{said(turn.step)}: {change}. {_why(turn)} So far {earned} is earned. Debits less credits: {balance}."

    def panels(self, result: Shown) -> dict[str, str]:
        """Write what the latest step wrote; as double entry, with the trial balance."""
        balance = balance_html(result.books) if result.double else ""
        return {"books": f"<div>{journal_html(result)}{balance}</div>"}

    def _step_button(self, caption: str, meaning: str, step: Any) -> widgets.Button:
        made = button(caption, meaning)
        self.on_action(made, lambda: {"actions": (*self.state["actions"], step())})
        return made

    def _top_up(self) -> Step:
        return TopUp(parse_money(self.controls["amount"].value, "top-up amount"))

    def _use(self) -> Step:
        return Use(self.controls["volume"].value * MB, self.controls["who"].value)


def said(step: Step) -> str:
    """Say a step with what it needs to know.

    Examples
    --------
    >>> said(Use(300 * MB)), said(Buy("week_1gb"))
    ('Use 300 MB (prepaid)', 'Buy 1 GB · 7 days')
    """
    match step:
        case TopUp(paid):
            return f"Top up {format_money(paid)}"
        case Buy(bundle):
            return f"Buy {catalogue().bundles[bundle].name}"
        case Use(volume, postpaid):
            return f"Use {format_volume(volume)} ({'postpaid' if postpaid else 'prepaid'})"
        case Wait(days):
            return f"{days} days pass"
    return SAID[type(step)]


def journal_html(result: Shown) -> str:
    """Write what the latest step put into the ledgers and, as double entry, line by line into the books."""
    if not result.books.turns:
        return '<div><p class="pm-books-title">What is written down</p><p class="pm-none">Nothing yet.</p></div>'
    turn = result.books.turns[-1]
    title = f'<p class="pm-books-title">{html.escape(said(turn.step))}: what is written down</p>'
    entries = ", ".join(dict.fromkeys(_single(entry) for entry in turn.entries if entry.money or entry.volume))
    single = f'<p class="pm-none">In the customer\'s ledger: {html.escape(entries or "no change")}</p>'
    if not result.double:
        return f"<div>{title}{single}</div>"
    if not turn.lines:
        return f"<div>{title}{single}{NO_LINE}</div>"
    left_out = len(turn.lines) - MOST_LINES
    rows = [_row(str(line.entry), line.book.value, line.debit, line.credit) for line in turn.lines[-MOST_LINES:]]
    if left_out > 0:
        rows.insert(0, _row("", f"the first {left_out} lines", None, None))
    sums = [sum(getattr(line, side) for line in turn.lines) for side in ("debit", "credit")]
    rows.append(_row("", "sum", sums[0], sums[1], css="pm-sum"))
    return f"<div>{title}{single}{_table('entry', 'book', rows)}</div>"


def balance_html(books: Books) -> str:
    """Write the trial balance."""
    title = '<p class="pm-books-title">The trial balance</p>'
    balances = [(book, books.balances[book]) for book in (*DEBITS, *CREDITS)]
    rows = [_row("", book.value, max(total, 0), max(-total, 0)) for book, total in balances]
    sums = [sum(max(sign * total, 0) for _, total in balances) for sign in (1, -1)]
    rows.append(_row("", f"sum; difference {format_money(sums[0] - sums[1])}", sums[0], sums[1], css="pm-sum"))
    return f"<div>{title}{_table('', 'book', rows)}</div>"


def _table(first: str, second: str, rows: Sequence[str]) -> str:
    head = f"<th>{first}</th><th>{second}</th>"
    head += "".join(f'<th class="pm-amount-cell">{side}, QAR</th>' for side in ("debit", "credit"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(first: str, second: str, debit: int | None, credit: int | None, css: str = "") -> str:
    cells = f"<td>{html.escape(first)}</td><td>{html.escape(second)}</td>"
    for value in (debit, credit):
        text = format_money(value).removeprefix("QAR ") if value or (css and value is not None) else ""
        cells += f'<td class="pm-amount-cell">{text}</td>'
    return f'<tr class="{css}">{cells}</tr>'


def _single(entry: Entry) -> str:
    """Write an entry as the customer's own ledger has it: one line, one change."""
    change = _signed(entry.money) if entry.money else _signed_volume(entry.volume)
    return f"{entry.kind.label} {change}"


def _signed(micros: int) -> str:
    return f"+{format_money(micros)}" if micros > 0 else format_money(micros).replace("-", "−")


def _signed_volume(volume: int) -> str:
    return f"{'+' if volume > 0 else '−'}{format_volume(abs(volume))}"


def _why(turn: Turn) -> str:
    """Say what a step means for whose money it is."""
    if known := WHY.get(type(turn.step)):
        return known
    changes = moved(turn)
    if Book.BREAKAGE in changes:
        return "What can no longer be used is owed no more: breakage."
    if Book.REVENUE in changes:
        return "Service was delivered, so its price is earned."
    return "Nothing was paid in, earned or lost."
