"""The way from a gateway to its charging server, and how it fails: the server is gone, or an answer is lost."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from prepaid_model.credit_control import CreditControlAnswer, CreditControlRequest
from prepaid_model.errors import InputError, whole
from prepaid_model.units import in_qatar


class Ask(Protocol):
    """Send a request and return the answer; None if none will ever come."""

    def __call__(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer | None: ...  # noqa: D102


class Link:
    """A way to a server that fails when it is told to; asked like the server itself.

    Parameters
    ----------
    ask : Ask
        The server, or the way to it.
    outages : iterable of (datetime, datetime)
        From when until when no request arrives.
    loses : iterable of int
        Which requests that arrive, counted from 1, are processed without their answer getting back.

    Attributes
    ----------
    arrived : int
        Requests that have reached the server.

    Raises
    ------
    InputError
        If an outage ends before it begins.

    Examples
    --------
    >>> from prepaid_model.credit_control import RequestType, ResultCode
    >>> from prepaid_model.units import parse_moment
    >>> def server(request, *, at):
    ...     return CreditControlAnswer(request.session_id, request.type, request.number, ResultCode.SUCCESS)
    >>> nine, ten = parse_moment("2026-01-01 09:00"), parse_moment("2026-01-01 10:00")
    >>> link = Link(server, outages=[(nine, ten)])
    >>> request = CreditControlRequest("s", RequestType.INITIAL, 0, "somebody")
    >>> link(request, at=nine) is None, link(request, at=ten).result.name, link.arrived
    (True, 'SUCCESS', 1)
    """

    def __init__(self, ask: Ask, outages: Iterable[tuple[datetime, datetime]] = (), loses: Iterable[int] = ()) -> None:
        self._ask = ask
        self.outages = tuple((in_qatar("outage from", start), in_qatar("outage until", end)) for start, end in outages)
        for start, end in self.outages:
            if end < start:
                raise InputError("outage until", end, f"{start} or later")
        self.loses = frozenset(whole("lost answer", number, least=1) for number in loses)
        self.arrived = 0

    def __call__(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer | None:
        """Pass a request on, unless the way is cut; lose the answer if it is one of those."""
        if any(start <= at < end for start, end in self.outages):
            return None
        self.arrived += 1
        answer = self._ask(request, at=at)
        return None if self.arrived in self.loses else answer
