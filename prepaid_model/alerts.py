"""Alerts: which warnings an account's entries give rise to, and when they reach a person.

A threshold fires with the first debit or hold that brings a quantity to it or below. It fires once;
a credit arms it again, a release does not. What expires or rolls over is no use, and fires nothing.
A charging system calls this spending or counter-status reporting (3GPP TS 23.203, 29.219).

Examples
--------
>>> from datetime import timedelta
>>> from prepaid_model.offers import Bundle
>>> from prepaid_model.prepaid import PrepaidAccount
>>> from prepaid_model.rating import Tariff
>>> from prepaid_model.units import GB, MB, QAR, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> account = PrepaidAccount(Tariff(price=50_000), opened=nine)
>>> _ = account.top_up(10 * QAR, at=nine), account.buy(Bundle("1 GB", 10 * QAR, GB, timedelta(days=7)), at=nine)
>>> _ = account.use(850 * MB, at=nine + timedelta(hours=1))
>>> [alert.text for alert in alerts(account.ledger, ICASA)]
['You have used 50 % of 1 GB.', 'You have used 80 % of 1 GB.']
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from prepaid_model.buckets import MAIN, Terms
from prepaid_model.cycles import Period
from prepaid_model.errors import InputError, whole
from prepaid_model.ledger import Entry, Kind, Ledger
from prepaid_model.units import QAR, format_money, format_volume

ALL_USED = 100
_HOLDS = {Kind.HOLD: 1, Kind.RELEASE: -1}
_NO_USE = (Kind.EXPIRED, Kind.ROLLED_OUT)


class UsedShare(NamedTuple):
    """Warn when so many percent of a bundle are used."""

    percent: int


class DataLeft(NamedTuple):
    """Warn when a bundle has so many bytes left, or fewer."""

    volume: int


class CreditLeft(NamedTuple):
    """Warn when the main balance is so many micros, or less."""

    amount: int


class ValidityEnds(NamedTuple):
    """Warn so long before credit or a bundle stops being valid."""

    ahead: timedelta


class SpendReached(NamedTuple):
    """Warn when usage beyond a postpaid plan has cost so many micros in a cycle."""

    amount: int


Rule = UsedShare | DataLeft | CreditLeft | ValidityEnds | SpendReached


class Alert(NamedTuple):
    """A warning.

    Parameters
    ----------
    at : datetime
        When it arose; see `Channel` for when it is read.
    rule : Rule
        What fired.
    bucket : int
        The bucket it is about; `MAIN` for the main balance.
    entry : int
        The entry that crossed the threshold; for the end of a validity, the one that set it.
    text : str
        What it says.
    """

    at: datetime
    rule: Rule
    bucket: int
    entry: int
    text: str


class Channel(NamedTuple):
    """How an alert travels, and how long that takes."""

    name: str
    delay: timedelta

    def delivers(self, alert: Alert) -> datetime:
        """Return when the alert arrives.

        Examples
        --------
        >>> from prepaid_model.units import parse_moment
        >>> noon = parse_moment("2026-01-01 12:00")
        >>> print(SMS.delivers(Alert(noon, UsedShare(80), 3, 7, "")))
        2026-01-01 12:02:00+03:00
        """
        return alert.at + self.delay


APP = Channel("app", timedelta(0))
SMS = Channel("SMS", timedelta(minutes=2))

ICASA: tuple[Rule, ...] = (UsedShare(50), UsedShare(80), UsedShare(ALL_USED))
"""End-user and subscriber service charter regulations, South Africa: at 50, 80 and 100 percent of a bundle."""
ACMA: tuple[Rule, ...] = (UsedShare(50), UsedShare(85), UsedShare(ALL_USED))
"""Telecommunications consumer protections code, Australia: at 50, 85 and 100 percent; may lag by 48 hours."""
STANDARD: tuple[Rule, ...] = (*ICASA, CreditLeft(2 * QAR), ValidityEnds(timedelta(days=2)))
"""What the example operator sends."""


def alerts(ledger: Ledger, rules: tuple[Rule, ...] = STANDARD, *, until: datetime | None = None) -> tuple[Alert, ...]:
    """Return the alerts that an account's entries give rise to, in order.

    Parameters
    ----------
    ledger : Ledger
        The account's entries.
    rules : tuple of Rule
        When to warn.
    until : datetime or None
        Until when time has passed without entries; None for the last entry.

    Raises
    ------
    InputError
        If a percentage is not from 1 to 100, or an amount is below zero.
    """
    for rule in rules:
        _check(rule)
    found = [*Watch(ledger, rules).news(), *endings(ledger, rules, until)]
    return tuple(sorted(found, key=lambda alert: (alert.at, alert.entry)))


class Watch:
    """Follows a ledger as it grows, and tells which alerts its new entries give rise to.

    The end of a validity is no entry: see `endings`.
    """

    def __init__(self, ledger: Ledger, rules: tuple[Rule, ...] = STANDARD) -> None:
        for rule in rules:
            _check(rule)
        limits = [rule for rule in rules if isinstance(rule, SpendReached)]
        self._watchers = [_crossings(ledger, rules), *([_spending(ledger, limits)] if limits else [])]

    def news(self) -> list[Alert]:
        """Return the alerts of the entries since the last call."""
        found: list[Alert] = []
        for watcher in self._watchers:
            while (alert := next(watcher)) is not None:
                found.append(alert)
        return found


def _follow(ledger: Ledger) -> Iterator[Entry | None]:
    """Yield the entries as they come, and None whenever there is no further one yet."""
    seen = 0
    while True:
        if seen < len(ledger):
            seen += 1
            yield ledger[seen]
        else:
            yield None


def _crossings(ledger: Ledger, rules: tuple[Rule, ...]) -> Iterator[Alert | None]:
    """Follow what is available in each bucket and on the main balance, holds taken off."""
    held: dict[int, int] = {}
    fired: set[tuple[Rule, int]] = set()
    levels: dict[int, list[tuple[Rule, int]]] = {}
    for entry in _follow(ledger):
        if entry is None:
            yield None
            continue
        held[entry.bucket] = held.get(entry.bucket, 0) + _HOLDS.get(entry.kind, 0) * entry.quantity
        changes = [(MAIN, entry.money, entry.balance)]
        if entry.bucket != MAIN:
            changes.append((entry.bucket, entry.volume, entry.left))
        for source, change, after in changes:
            if change > 0:
                fired -= {(rule, bucket) for rule, bucket in fired if bucket == source}
            debit = change < 0 and entry.kind not in _NO_USE
            if debit or (entry.kind is Kind.HOLD and source == entry.bucket):
                if source not in levels:
                    found = ((rule, _level(rule, source, ledger)) for rule in rules)
                    levels[source] = [(rule, level) for rule, level in found if level is not None]
                for rule, level in levels[source]:
                    if after - held.get(source, 0) <= level and (rule, source) not in fired:
                        fired.add((rule, source))
                        yield Alert(entry.at, rule, source, entry.id, _text(rule, source, entry, ledger))


def _level(rule: Rule, source: int, ledger: Ledger) -> int | None:
    """Return the quantity at which a rule fires for a bucket or the main balance; None if it does not apply."""
    if source == MAIN:
        # A postpaid balance is no credit that could run out; its ledger begins with a monthly fee.
        return rule.amount if isinstance(rule, CreditLeft) and not isinstance(ledger.terms.get(1), Period) else None
    if isinstance(rule, UsedShare):
        return ledger[source].volume * (ALL_USED - rule.percent) // ALL_USED
    return rule.volume if isinstance(rule, DataLeft) else None


def budget_alerts(budget: int, percents: tuple[int, ...]) -> tuple[SpendReached, ...]:
    """Return the rules that warn at shares of a budget for usage beyond the plan.

    Examples
    --------
    >>> [rule.amount // QAR for rule in budget_alerts(500 * QAR, (50, 85, 100))]
    [250, 425, 500]
    """
    whole("budget", budget, unit="micros")
    for percent in percents:
        _check(UsedShare(percent))
    return tuple(SpendReached(budget * percent // ALL_USED) for percent in percents)


def _spending(ledger: Ledger, limits: list[SpendReached]) -> Iterator[Alert | None]:
    """Follow what usage has cost in a postpaid cycle; a new cycle and a refund arm a rule again."""
    spent, postpaid = 0, False
    fired: set[SpendReached] = set()
    for entry in _follow(ledger):
        if entry is None:
            yield None
            continue
        agreed = ledger.terms.get(entry.id)
        if isinstance(agreed, Period):
            postpaid = True
            if agreed.starts == agreed.cycle.starts:
                spent, fired = 0, set()
        elif postpaid and entry.kind in (Kind.USAGE, Kind.FEE, Kind.REFUND) and entry.money:
            spent -= entry.money
            fired = {rule for rule in fired if rule.amount <= spent}
            for rule in limits:
                if rule.amount <= spent and rule not in fired:
                    fired.add(rule)
                    text = f"You have spent {format_money(spent)} beyond your plan."
                    yield Alert(entry.at, rule, MAIN, entry.id, text)


def endings(ledger: Ledger, rules: tuple[Rule, ...], until: datetime | None = None) -> Iterator[Alert]:
    """Warn ahead of the end of a validity, unless it has been prolonged by then; see `alerts`."""
    ahead = [rule for rule in rules if isinstance(rule, ValidityEnds)]
    if not ahead or not len(ledger):
        return
    now = until or ledger[len(ledger)].at
    top_ups = [entry for entry, agreed in ledger.terms.items() if isinstance(agreed, datetime)]
    for place, entry in enumerate(top_ups):
        ends = ledger.terms[entry]
        prolonged = ledger[top_ups[place + 1]].at if place + 1 < len(top_ups) else None
        for rule in ahead:
            at = ends - rule.ahead
            if ledger[entry].at <= at <= now and (prolonged is None or at < prolonged):
                yield Alert(at, rule, MAIN, entry, f"Your credit is valid until {ends:%a %d %b, %H:%M}.")
    for entry, agreed in ledger.terms.items():
        for rule in ahead if isinstance(agreed, Terms) and not agreed.renews else ():
            at = agreed.expires - rule.ahead
            if agreed.starts <= at <= now and _left(ledger, entry, at):
                text = f"{agreed.bundle.name} ends {agreed.expires:%a %d %b, %H:%M}."
                yield Alert(at, rule, entry, entry, text)


def _left(ledger: Ledger, bucket: int, at: datetime) -> int:
    """Return what was left in a bucket at a moment."""
    left = 0
    for entry in ledger.since(bucket - 1):
        if entry.at > at:
            break
        if entry.bucket == bucket:
            left = entry.left
    return left


def _text(rule: Rule, source: int, entry: Entry, ledger: Ledger) -> str:
    if isinstance(rule, CreditLeft):
        return f"Your credit is {format_money(entry.balance)}."
    name = ledger.terms[source].bundle.name
    if isinstance(rule, UsedShare):
        if rule.percent == ALL_USED:
            return f"You have used all of {name}."
        return f"You have used {rule.percent} % of {name}."
    return f"{format_volume(entry.left)} are left of {name}."


def _check(rule: Rule) -> None:
    if isinstance(rule, UsedShare) and whole("percent used", rule.percent, least=1) > ALL_USED:
        raise InputError("percent used", rule.percent, "1 to 100")
    if isinstance(rule, DataLeft):
        whole("data left", rule.volume, unit="bytes")
    if isinstance(rule, CreditLeft):
        whole("credit left", rule.amount, unit="micros")
    if isinstance(rule, SpendReached):
        whole("amount spent", rule.amount, unit="micros")
    if isinstance(rule, ValidityEnds) and rule.ahead < timedelta(0):
        raise InputError("ahead", rule.ahead, "zero or longer")
