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
    billed = format_volume(rate(account.tariff, octets.total, at=first.at).billed)
    cost = format_money(-sum(entry.money for entry in entries if entry.kind in (Kind.USAGE, Kind.FEE)))
    warned = [f"at {alert.at:%H:%M}, “{alert.text}”" for alert in alerts(account.ledger, rules)]
    result, grant = first.answer.result, format_volume(first.answer.services[0].granted)
    held, again = format_money(holds[0].quantity), types.count(RequestType.UPDATE)
    increment = format_volume(account.tariff.increment)
    return (
        ChainStep(
            "Session",
            "gateway",
            f"the first byte opens it; {first.request.subscriber} is to be charged ({types[0].name}).",
        ),
        ChainStep(
            "Authorisation", "charging server", f"the account can pay, so it says {result.name} ({result.value})."
        ),
        ChainStep(
            "Metering", "gateway", f"{octets.output:,} bytes down, {octets.input:,} up, {octets.total:,} in all."
        ),
        ChainStep(
            "Quota", "both", f"{grant} may flow and {held} are held for it; then the gateway asks again, {again} times."
        ),
        ChainStep("Rating", "tariff", f"in started increments of {increment} that is {billed}, for {cost}."),
        ChainStep(
            "Balance update", "account", f"{len(paid)} entries take {cost}; {format_money(account.credit)} are left."
        ),
        ChainStep("Notification", "alerts", " ".join(warned) or "nothing has run low yet."),
    )


def _of(entries: list[Entry], kind: Kind) -> list[Entry]:
    return [entry for entry in entries if entry.kind is kind]
