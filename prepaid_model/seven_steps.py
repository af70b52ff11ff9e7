"""How usage reduces a balance: one session told in seven steps, each with the part of the system that takes it.

Session, authorisation, metering, quota, rating, balance update, notification. Nothing is acted out: each step
is read from what a gateway has exchanged with its charging server, and from what the account wrote down.

Examples
--------
>>> from datetime import timedelta
>>> from prepaid_model.charging import ChargingServer
>>> from prepaid_model.gateway import Gateway
>>> from prepaid_model.metering import Flow
>>> from prepaid_model.rating import Tariff
>>> from prepaid_model.units import MB, QAR, parse_moment
>>> nine = parse_moment("2026-01-01 09:00")
>>> account = PrepaidAccount(Tariff(price=50_000), opened=nine, out_of_bundle=True)
>>> _ = account.top_up(5 * QAR, at=nine)
>>> gateway = Gateway(ChargingServer({"sim 1": account}).answer, "sim 1")
>>> outcome = gateway.carry([Flow(nine, nine + timedelta(minutes=1), downlink=25 * MB + 1)])
>>> steps = seven_steps(account, outcome)
>>> print(steps[4].words)
Rating (tariff): in started increments of 1 MB that is 26 MB, for QAR 1.30.
>>> print(steps[6].words)
Notification (alerts): nothing has run low yet.
"""

from typing import NamedTuple

from prepaid_model.alerts import STANDARD, Rule, alerts
from prepaid_model.buckets import MAIN
from prepaid_model.credit_control import Octets, RequestType
from prepaid_model.errors import InputError
from prepaid_model.ledger import Entry, Kind
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import rate
from prepaid_model.records import Outcome
from prepaid_model.units import format_money, format_volume


class ChainStep(NamedTuple):
    """A link of the chain: its name, the part of the system that does it, and what it did."""

    name: str
    by: str
    did: str

    @property
    def words(self) -> str:
        """The step as a sentence."""
        return f"{self.name} ({self.by}): {self.did}"


def seven_steps(account: PrepaidAccount, outcome: Outcome, rules: tuple[Rule, ...] = STANDARD) -> tuple[ChainStep, ...]:
    """Tell a session that the main balance has paid for, from its first request to the last.

    Parameters
    ----------
    account : PrepaidAccount
        An account that has paid for this session and for nothing else.
    outcome : Outcome
        What happened at the gateway: one session, answered to its end.
    rules : tuple of Rule
        When the owner is warned.

    Raises
    ------
    InputError
        If there was no such session.
    """
    types = [message.request.type for message in outcome.messages]
    if types[:1] != [RequestType.INITIAL] or types[-1] is not RequestType.TERMINATION:
        raise InputError("session", [each.name for each in types], "one from INITIAL to TERMINATION")
    first = outcome.messages[0]
    if first.answer is None:
        raise InputError("session", first.request.session_id, "one that was answered")
    entries = [account.ledger[number] for number in range(1, len(account.ledger) + 1)]
    paid, holds = _of(entries, Kind.USAGE), _of(entries, Kind.HOLD)
    if not paid or any(entry.bucket != MAIN for entry in paid):
        raise InputError("session", first.request.session_id, "one that the main balance has paid for")
    octets = sum((record.octets for record in outcome.records), Octets())
    cost = -sum(entry.money for entry in entries if entry.kind in (Kind.USAGE, Kind.FEE))
    billed = rate(account.tariff, octets.total, at=first.at).billed
    warned = alerts(account.ledger, rules)
    grant = first.answer.services[0].granted
    did = (
        (
            "Session",
            "gateway",
            f"the first byte opens one, with the request {types[0].name} for {first.request.subscriber}.",
        ),
        (
            "Authorisation",
            "charging server",
            f"there is credit to pay with, so the answer is {first.answer.result.name} ({first.answer.result.value}).",
        ),
        (
            "Metering",
            "gateway",
            f"{octets.output:,} bytes down and {octets.input:,} up are {octets.total:,} in all.",
        ),
        (
            "Quota",
            "both",
            f"{format_volume(grant)} may flow at a time, {format_money(holds[0].quantity)} are held for it; the gateway "
            f"asks again {types.count(RequestType.UPDATE)} times.",
        ),
        (
            "Rating",
            "tariff",
            f"in started increments of {format_volume(account.tariff.increment)} that is {format_volume(billed)}, "
            f"for {format_money(cost)}.",
        ),
        (
            "Balance update",
            "account",
            f"{len(paid)} entries take {format_money(cost)} off; {format_money(account.credit)} are left.",
        ),
        (
            "Notification",
            "alerts",
            " ".join(f"at {alert.at:%H:%M}, “{alert.text}”" for alert in warned) or "nothing has run low yet.",
        ),
    )
    return tuple(ChainStep(*step) for step in did)


def _of(entries: list[Entry], kind: Kind) -> list[Entry]:
    return [entry for entry in entries if entry.kind is kind]
