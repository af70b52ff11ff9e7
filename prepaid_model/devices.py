"""Actors on a `timeline`: an account's time, and devices that use data, straight or through a gateway."""

from datetime import datetime

from prepaid_model.consumption import Consumption
from prepaid_model.gateway import Gateway
from prepaid_model.habits import Owner
from prepaid_model.metering import flows_of
from prepaid_model.states import State
from prepaid_model.timeline import NEVER, Rank
from prepaid_model.usage import UsageTrace


class Lifetime:
    """Lets an account's time pass, so that what falls due in it is booked before anybody acts at that instant."""

    rank = Rank.DUE

    def __init__(self, account: Consumption) -> None:
        self._account = account

    @property
    def due(self) -> datetime:
        """When something falls due."""
        return self._account.due

    def advance(self, at: datetime) -> None:
        """Book what is due."""
        self._account.advance(at)


class Device:
    """Uses data slot by slot, each a session of its own that is charged at once."""

    rank = Rank.USAGE

    def __init__(self, account: Consumption, usage: UsageTrace, owner: Owner | None) -> None:
        self._account = account
        self._usage = usage
        self._owner = owner
        self._slots = len(usage.at)
        self._served: list[int] = []
        self._denied: list[int] = []

    @property
    def due(self) -> datetime:
        """When the next slot begins."""
        slot = len(self._served)
        return self._usage.at[slot] if slot < self._slots else NEVER

    def advance(self, at: datetime) -> None:
        """Use what the slots until `at` want; an owner acts before, if it is time, and may mend a refusal at once."""
        times, volumes = self._usage.at, self._usage.volume
        for slot in range(len(self._served), self._slots):
            if (instant := times[slot]) > at:
                break
            if self._owner and self._owner.due <= instant:
                self._owner.advance(instant)
            volume = volumes[slot]
            refused = self._account.use(volume, at=instant).denied
            if self._owner and (refused or not self._account.data_left):
                while self._owner.react(refused, instant) and refused:
                    refused = self._account.use(refused, at=instant).denied
            self._served.append(volume - refused)
            self._denied.append(refused)

    def finish(self, at: datetime) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the bytes served and denied in each slot."""
        self.advance(at)
        return tuple(self._served), tuple(self._denied)


class Online:
    """Uses data through a gateway, which asks for quota; its owner notices what is blocked."""

    rank = Rank.USAGE

    def __init__(self, gateway: Gateway, usage: UsageTrace, owner: Owner | None) -> None:
        self._gateway = gateway
        self._owner = owner
        self._blocked = gateway.blocked
        self._before = len(gateway.outcome.flows)
        gateway.offer(flows_of(usage))

    @property
    def due(self) -> datetime:
        """When something happens next at the gateway."""
        return self._gateway.due or NEVER

    def advance(self, at: datetime) -> None:
        """Let traffic flow until `at`."""
        self._gateway.advance(at)
        blocked = self._gateway.blocked - self._blocked
        self._blocked += blocked
        if self._owner:
            self._owner.react(blocked, at)

    def finish(self, at: datetime) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """End the session; return the bytes carried and the bytes that were not, for each slot."""
        self._gateway.end(at)
        while self._gateway.state is not State.IDLE and (due := self._gateway.due):
            self._gateway.advance(due)
        flows = self._gateway.outcome.flows[self._before :]
        return tuple(flow.passed.total for flow in flows), tuple((f.blocked + f.redirected).total for f in flows)
