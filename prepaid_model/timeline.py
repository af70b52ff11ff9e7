"""One clock for everything that acts: accounts, owners, devices, gateways, charging servers, inboxes.

Each actor says when it acts next. The earliest acts; where instants coincide, it goes by rank: what falls
due in accounts, then credits and purchases, then usage and its reports (a server grants anew as it answers
them), then alerts; and within a rank in the order in which the actors were named.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from prepaid_model.errors import InputError
from prepaid_model.units import ZONE, in_qatar

NEVER = datetime.max.replace(tzinfo=ZONE)
"""When an actor acts that has nothing to do."""


class Rank(IntEnum):
    """Who goes first at the same instant."""

    DUE = 0
    CREDIT = 1
    USAGE = 2
    ALERT = 3


class Actor(Protocol):
    """Something that acts in time."""

    @property
    def rank(self) -> Rank:
        """Its place where instants coincide."""

    @property
    def due(self) -> datetime:
        """When it acts next; `NEVER` if nothing is to come."""

    def advance(self, at: datetime) -> None:
        """Let time pass until `at`, and do what is due by then."""


def run(actors: Iterable[Actor], until: datetime) -> None:
    """Let actors act in the order of their instants, until a moment, included.

    Raises
    ------
    InputError
        If the moment has no time zone.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from prepaid_model.units import parse_moment
    >>> nine, hour = parse_moment("2026-01-01 09:00"), timedelta(hours=1)
    >>> class Bell:
    ...     def __init__(self, name, rank, at):
    ...         self.name, self.rank, self.due = name, rank, at
    ...
    ...     def advance(self, at):
    ...         if at >= self.due:
    ...             print(f"{at:%H:%M} {self.name}")
    ...             self.due = NEVER
    >>> bells = [Bell("usage", Rank.USAGE, nine + hour), Bell("top-up", Rank.CREDIT, nine + hour)]
    >>> run([*bells, Bell("early", Rank.ALERT, nine)], until=nine + 2 * hour)
    09:00 early
    10:00 top-up
    10:00 usage
    """
    end = in_qatar("until", until)
    in_order = sorted(actors, key=lambda actor: actor.rank)
    if not in_order:
        raise InputError("actors", in_order, "at least one")
    while True:
        instants = [actor.due for actor in in_order]
        earliest = min(instants)
        if earliest > end:
            break
        in_order[instants.index(earliest)].advance(earliest)
    for actor in in_order:
        actor.advance(end)
