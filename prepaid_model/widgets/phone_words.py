"""The story of a phone in words: what a step did, what the phone was told, what an entry is."""

from collections.abc import Iterator

from prepaid_model.balances import Status
from prepaid_model.ledger import Entry, Kind
from prepaid_model.phone import Do, NextDay, PayAsYouGo, SameVoucher, Story, TopUp, Turn
from prepaid_model.tables import activities
from prepaid_model.units import format_moment, format_money, format_volume


def tell(story: Story, *, compare: bool = True) -> str:
    """Say in a sentence or two what the latest step of a story did.

    Parameters
    ----------
    compare : bool
        Say of usage that a bundle paid for what it would have cost without one.

    Examples
    --------
    >>> from prepaid_model.phone import replay
    >>> tell(replay(()))
    'The phone is new: no credit and no data, so no byte can flow.'
    """
    if not story.turns:
        return "The phone is new: no credit and no data, so no byte can flow."
    turn = story.turns[-1]
    match turn.step:
        case TopUp(paid, channel):
            valid = f"valid until {format_moment(story.account.valid_until or turn.end)}"
            now = f"Your credit is {format_money(turn.credit)}, {valid}.{_not_yet(story)}"
            return f"You topped up {format_money(paid)} by {channel}. {now}"
        case SameVoucher():
            return (
                "You sent the number of the same voucher again. It had been credited once, so nothing was added: "
                f"your credit is still {format_money(turn.credit)}."
            )
        case _:
            return f"{_tell_use(story, turn, compare=compare)} {_left(story)}"


def _tell_use(story: Story, turn: Turn, *, compare: bool) -> str:
    match turn.step:
        case Do() as done:
            return _tell_activity(story, turn, done, compare=compare)
        case PayAsYouGo(allowed):
            pays = "your credit pays for each megabyte" if allowed else "nothing is charged, and nothing flows"
            return f"Pay-as-you-go is {'on' if allowed else 'off'}: without a bundle, {pays}."
        case NextDay():
            lost = -turn.total(Kind.EXPIRED, column="volume")
            expired = f" {format_volume(lost)} expired unused." if lost else ""
            return f"It is {format_moment(turn.end)}; the phone was off.{expired}"
    paid, granted = -turn.total(Kind.BUNDLE), turn.total(Kind.GRANT, column="volume")
    name = story.account.ledger.notes[turn.entries[0].operation]
    return f"You bought {name}: {format_money(paid)} left your credit, {format_volume(granted)} came in."


def messages(story: Story, turn: Turn) -> Iterator[tuple[bool, str]]:
    """Yield what the phone is told after a step: whether it is an alert, and the text."""
    first = turn.entries[0] if turn.entries else None
    if isinstance(turn.step, SameVoucher):
        yield False, "This voucher has been used before. Nothing was added."
    elif first is not None and first.kind is Kind.TOP_UP:
        yield False, f"Topped up {format_money(first.money)}. Thank you."
    elif first is not None and first.kind is Kind.BUNDLE:
        name = story.account.ledger.notes[first.id]
        yield False, f"Bought {name} for {format_money(-first.money)}."
    for entry in turn.entries:
        if entry.kind is Kind.EXPIRED:
            lost = format_money(-entry.money) if entry.money else format_volume(-entry.volume)
            yield False, f"{lost} expired unused."
    for alert in story.warnings(turn):
        yield True, alert.text
    stopped = [entry for entry in turn.entries if entry.kind is Kind.STATUS]
    if stopped and story.account.ledger.notes[stopped[-1].id] != Status.ACTIVE:
        yield False, "Service has stopped. Top up, or buy a bundle, to go on."


def entry_words(entry: Entry, turn: Turn, story: Story) -> str:
    """Say what an entry is, as in "usage, video (SD), from the bundle"."""
    note = story.account.ledger.notes.get(entry.id, "")
    match entry.kind:
        case Kind.USAGE | Kind.DENIED if isinstance(turn.step, Do):
            payer = "" if entry.kind is Kind.DENIED else ", from data" if entry.bucket else ", from credit"
            refused = f" {format_volume(entry.quantity)}" if entry.kind is Kind.DENIED else ""
            return f"{entry.kind.label}{refused}, {activities()[turn.step.activity].label}{payer}"
    return f"{entry.kind.label}, {note}" if note else entry.kind.label


def _tell_activity(story: Story, turn: Turn, done: Do, *, compare: bool) -> str:
    begun = f"To {activities()[done.activity].phrase} for {done.minutes} min"
    from_data = -turn.total(Kind.USAGE, column="volume")
    paid, denied = -turn.total(Kind.USAGE), turn.total(Kind.DENIED, column="quantity")
    if denied == turn.wanted:
        return f"{begun} would have taken {format_volume(denied)}. Nothing could pay for it, so nothing flowed."
    if not (paid or denied):
        without = f" Without a bundle it would have cost {format_money(story.as_you_go(turn))}." if compare else ""
        return (
            f"{begun} took {format_volume(turn.wanted)}: all of it out of your data, nothing out of your credit."
            f"{without}"
        )
    parts = [f"{format_volume(from_data)} out of your data"] if from_data else []
    parts += [f"{format_money(paid)} out of your credit"] if paid else []
    parts += [f"{format_volume(denied)} refused"] if denied else []
    return f"{begun} took {format_volume(turn.wanted)}: {', '.join(parts)}."


def _left(story: Story) -> str:
    account = story.account
    status = "" if account.status is Status.ACTIVE else f" Your account is {account.status.value}."
    return f"{format_volume(account.data_left)} and {format_money(account.credit)} are left.{status}"


def _not_yet(story: Story) -> str:
    if story.account.status is Status.ACTIVE:
        return ""
    return " Nothing flows yet: turn it into a bundle, or allow pay-as-you-go."
