"""What the experiment of lesson 04 says: in sentences, in a table, and swap by swap."""

import html
from collections.abc import Mapping, Sequence

from prepaid_model.figures.bucket_parts import about, to_the_dirham
from prepaid_model.swaps import Lot, wasted
from prepaid_model.units import format_money
from prepaid_model.waste import DAY, SOONEST, Case, Outcome

FIRST = {
    SOONEST: "Soonest expiry first",
    "priority": "By priority",
    "oldest": "Oldest first",
    "largest": "Largest first",
}
"""The orders as a sentence begins with them."""


def title_of(outcome: Outcome) -> str:
    """Say in a line what an order wastes."""
    lost = f"{about(outcome.wasted)} expire unused, worth {to_the_dirham(outcome.worth)}"
    return f"{FIRST[outcome.order]}: {lost if outcome.wasted else 'nothing expires unused'}"


def what_remains(outcome: Outcome) -> str:
    """Say how long the buckets last, what the main balance pays then, and for how long nothing can pay."""
    if outcome.runs_dry is None:
        return "A bucket can always pay, until the last of them ends."
    days, rest = divmod(outcome.runs_dry - outcome.trace.start, DAY)
    hours = f" and {rest.seconds // 3600} hours" if rest else ""
    pays = f"the main balance pays {format_money(outcome.by_money)}"
    off = f", and {outcome.trace.hours_off} hours are without service" if outcome.trace.hours_off else ""
    return f"After {days} days{hours} comes the first byte that no bucket pays for: {pays}{off}."


def each_order(outcomes: Mapping[str, Outcome]) -> str:
    """Say what each order wastes, in bytes and in their share of the price.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> from prepaid_model.waste import every_order, three_bundles
    >>> each_order(every_order(three_bundles(1000 * MB)))
    'soonest expiry 0 MB (QAR 0.00), priority 0 MB (QAR 0.00), oldest 0 MB (QAR 0.00), largest 633 MB (QAR 6.33)'
    """
    return ", ".join(
        f"{order} {about(outcome.wasted)} ({to_the_dirham(outcome.worth)})" for order, outcome in outcomes.items()
    )


def on_the_account(case: Case) -> list[str]:
    """Say what each bundle is as the usage starts.

    Examples
    --------
    >>> from prepaid_model.units import MB
    >>> from prepaid_model.waste import three_bundles
    >>> on_the_account(three_bundles(600 * MB))[0]
    '5 GB · 30 days: bought 18 days ago, 2 GB of it left, ends in 12 days.'
    """
    lines = []
    for number, bought in enumerate(case.purchases):
        bundle, ago = bought.bundle, (case.usage.start - bought.at) // DAY
        left = bundle.volume - (0 if number else case.used_before)
        when = f"bought {ago} days ago" if ago else "bought today"
        lines.append(f"{bundle.name}: {when}, {about(left)} of it left, ends in {bundle.lasts // DAY - ago} days.")
    return lines


def against_soonest(outcomes: Mapping[str, Outcome]) -> str:
    """Say whether an order wastes fewer bytes than soonest expiry first."""
    best = min(outcomes.values(), key=lambda outcome: outcome.wasted)
    if less := outcomes[SOONEST].wasted - best.wasted:
        return f"Here {best.order} wastes {about(less)} less than soonest expiry first."
    return "No order wastes less than soonest expiry first."


def table_of(outcome: Outcome) -> str:
    """Write what became of each bucket as a table; each row adds up."""
    names = ("bundle", "there was", "= used", "+ rolled over", "+ expired", "worth")
    head = "".join(
        f'<th style="text-align:{"right" if place else "left"};padding:2px 12px 2px 0">{name}</th>'
        for place, name in enumerate(names)
    )
    lines = []
    for fate in outcome.fates:
        numbers = [about(volume) if volume else "" for volume in (fate.there, fate.used, fate.rolled, fate.expired)]
        numbers.append(to_the_dirham(fate.worth) if fate.expired else "")
        lost = ";color:var(--pm-waste);font-weight:600"
        cells = "".join(
            f'<td style="text-align:right;padding:2px 12px 2px 0{lost if place > 2 else ""}">{html.escape(number)}</td>'
            for place, number in enumerate(numbers)
        )
        lines.append(f'<tr><td style="padding:2px 12px 2px 0">{html.escape(fate.name)}</td>{cells}</tr>')
    caption = f"What became of each bucket: {FIRST[outcome.order].lower()}"
    return (
        '<table style="border-collapse:collapse;margin:8px 2px 2px;font-size:14px">'
        f'<caption style="text-align:left;font-weight:600;padding-bottom:4px">{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


class Swaps:
    """Plans, one a row: who pays on which day, what changed since the row above, and what expires.

    Examples
    --------
    >>> lots = (Lot("A", 2, 1, 4), Lot("B", 1, 1, 1))
    >>> Swaps(["AA··", "BA··", "BAA·"], lots)
    AA··  1 GB expire
    BA··  1 GB expire
    BAA·  0 GB expire
    """

    def __init__(self, plans: Sequence[str], lots: Sequence[Lot]) -> None:
        self.plans = [(plan, wasted(plan, lots)) for plan in plans]

    def __repr__(self) -> str:
        return "\n".join(f"{plan}  {lost} GB expire" for plan, lost in self.plans)

    def _repr_html_(self) -> str:
        days = "".join(f'<th style="text-align:center">{day + 1}</th>' for day in range(len(self.plans[0][0])))
        rows = []
        before = self.plans[0][0]
        for plan, lost in self.plans:
            cells = "".join(_day(letter, changed=letter != was) for letter, was in zip(plan, before, strict=True))
            rows.append(f'<tr><td></td>{cells}<td style="text-align:left">{lost} GB expire</td></tr>')
            before = plan
        return f"<table><thead><tr><th>day</th>{days}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _day(letter: str, *, changed: bool) -> str:
    """Write a day's payer; the one that has changed is framed and bold."""
    frame = ";outline:2px solid currentColor;outline-offset:-4px;font-weight:700" if changed else ""
    return f'<td style="text-align:center{frame}">{html.escape(letter)}</td>'
