"""A person's inbox: alerts arrive in it as the ledger grows and as time passes, each after its delay."""

from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from prepaid_model.alerts import APP, STANDARD, Alert, Channel, Rule, Watch, endings
from prepaid_model.ledger import Ledger
from prepaid_model.timeline import NEVER, Rank


class Received(NamedTuple):
    """An alert, and when it arrived."""

    at: datetime
    alert: Alert


class Inbox:
    """Receives the alerts of an account through a channel; an actor on a `timeline`.

    Parameters
    ----------
    ledger : Ledger
        The account's entries.
    rules : tuple of Rule
        When to warn.
    channel : Channel
        How alerts travel.

    Attributes
    ----------
    received : list of Received
        What has arrived, in order.
    """

    rank = Rank.ALERT

    def __init__(self, ledger: Ledger, rules: tuple[Rule, ...] = STANDARD, channel: Channel = APP) -> None:
        self.received: list[Received] = []
        self._ledger = ledger
        self._rules = rules
        self._channel = channel
        self._watch = Watch(ledger, rules)
        self._coming: list[tuple[datetime, int, Alert]] = []
        self._announced: dict[Alert, None] = {}
        self._agreed = 0

    @property
    def due(self) -> datetime:
        """When the next alert arrives, as things stand."""
        self._look()
        return self._coming[0][0] if self._coming else NEVER

    def advance(self, at: datetime) -> None:
        """Receive what has arrived by then."""
        self._look()
        while self._coming and self._coming[0][0] <= at:
            arrives, _, alert = heappop(self._coming)
            # A validity that was prolonged since, or a bundle used up, needs no warning.
            if alert not in self._announced or alert in endings(self._ledger, self._rules, arrives):
                self.received.append(Received(arrives, alert))

    def _look(self) -> None:
        """Expect what new entries give rise to, and what new terms announce."""
        for alert in self._watch.news():
            self._expect(alert)
        if len(self._ledger.terms) > self._agreed:
            self._agreed = len(self._ledger.terms)
            for alert in endings(self._ledger, self._rules, NEVER):
                if alert not in self._announced:
                    self._announced[alert] = None
                    self._expect(alert)

    def _expect(self, alert: Alert) -> None:
        heappush(self._coming, (self._channel.delivers(alert), len(self._coming) + len(self.received), alert))
