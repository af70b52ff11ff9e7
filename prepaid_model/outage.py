"""Ten minutes in which the charging system goes missing: what each way to handle it costs, and whom.

One device streams at a steady speed through a gateway (`prepaid_model.gateway`). For a while no request
reaches the charging server, or some answers are lost on their way back. The gateway does what its failure
handling says (RFC 8506, 5.7): end the session, let it continue, or try again and then end it.

Examples
--------
>>> four_minutes = Story(speed=200_000)
>>> ended, continued, retried = (lived(four_minutes, handling) for handling in FailureHandling)
>>> [str(each.without_service) for each in (ended, continued, retried)]
['0:04:00', '0:00:00', '0:02:00']
>>> [each.never_charged // MB for each in (ended, continued, retried)]
[18, 10, 34]
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import CreditControlAnswer, CreditControlRequest, FailureHandling, RequestType
from prepaid_model.errors import whole
from prepaid_model.gateway import Gateway
from prepaid_model.ledger import Kind
from prepaid_model.links import Ask, Link
from prepaid_model.metering import Flow
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.records import Fate, Outcome, UsageRecord
from prepaid_model.units import MB, QAR, parse_moment, quantity

START = parse_moment("2026-01-01 09:00")
LASTS = timedelta(minutes=10)
OUT_FROM = timedelta(minutes=3)
"""When the outage begins, from the start."""
LATENCY = timedelta(milliseconds=200)
LOSES_EVERY = 3
"""Where answers are lost, it is every third."""
CAUSE = "outage"
A_MOMENT = timedelta(milliseconds=100)


Span = tuple[datetime, datetime]


class Charged(Enum):
    """When bytes that flowed were charged."""

    AT_ONCE = "charged as it flows"
    AFTERWARDS = "flows on trust, charged afterwards"
    NEVER = "never charged"


class Story(NamedTuple):
    """What happens, whatever the gateway does about it.

    Parameters
    ----------
    speed : int
        Bytes a second.
    credit : int
        Micros on the account.
    quota : int
        Bytes granted at a time.
    out : int
        Minutes for which no request reaches the server.
    lost : int
        Answers that are lost on their way back.
    second_server : bool
        Whether a second server with the same accounts stands by: what times out is sent there.
    recognised : bool
        Whether the server recognises a request that comes twice.
    owed : bool
        Whether usage that the credit cannot pay for is taken all the same, below zero.
    """

    speed: int
    credit: int = 10 * QAR
    quota: int = 10 * MB
    out: int = 4
    lost: int = 0
    second_server: bool = False
    recognised: bool = True
    owed: bool = True

    def check(self) -> None:
        """Raise an `InputError` if it cannot be."""
        whole("speed", self.speed, least=1, unit="bytes a second")
        quantity("credit", self.credit)
        whole("minutes of outage", self.out)
        whole("lost answers", self.lost)

    @property
    def outage(self) -> Span:
        """From when until when no request arrives."""
        return START + OUT_FROM, START + OUT_FROM + timedelta(minutes=self.out)


class Forgetful:
    """A server that takes a request sent again for a new one, and so charges what it reports twice.

    Parameters
    ----------
    ask : Ask
        A server that would recognise it.

    Attributes
    ----------
    twice : int
        Bytes that were reported to it a second time.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._again = 0
        self.twice = 0

    def __call__(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer | None:
        """Answer, as if the T flag and the number of the request said nothing."""
        if not request.retransmitted or request.type is RequestType.INITIAL:
            return self._ask(request, at=at)
        self._again += 1
        unheard_of = replace(request, number=request.number + 10_000 * self._again, retransmitted=False)
        answer = self._ask(unheard_of, at=at)
        self.twice += sum(service.used.total for service in request.services if service.used)
        return answer and replace(answer, number=request.number)


class Aftermath(NamedTuple):
    """What came of it.

    Parameters
    ----------
    story : Story
        What happened, whatever was done about it.
    outcome : Outcome
        What happened at the gateway.
    account : PrepaidAccount
        The account, with its ledger.
    blocked : int
        Bytes that were not let through.
    without_service : timedelta
        For how long they were not.
    charged : int
        Bytes that the account was charged for.
    twice : int
        Bytes of these that it was charged for a second time.
    owed : int
        Bytes of these that its credit could not pay for.
    """

    story: Story
    outcome: Outcome
    account: PrepaidAccount
    blocked: int
    without_service: timedelta
    charged: int
    twice: int
    owed: int

    @property
    def never_charged(self) -> int:
        """Bytes that flowed and that nobody was charged for."""
        return self.outcome.passed - (self.charged - self.twice)

    @property
    def balance(self) -> int:
        """Micros left; below zero if more flowed than the credit could pay for, and that is owed."""
        return self.account.credit

    @property
    def below_zero(self) -> int:
        """Micros that are owed."""
        return max(-self.balance, 0)

    def spans(self) -> dict[Charged, list[Span]]:
        """Return from when until when bytes flowed that were charged at once, afterwards, or never."""
        found: dict[Charged, list[Span]] = {kind: [] for kind in Charged}
        for record in self.outcome.records:
            found[self._charged(record)].append(self._flowed(record))
        return found

    def _charged(self, record: UsageRecord) -> Charged:
        if record.fate is Fate.LATE:
            return Charged.AFTERWARDS
        start, end = self.story.outage
        heard = record.fate is Fate.UNCONFIRMED and not start <= record.closed < end  # only the answer was lost
        return Charged.AT_ONCE if heard or record.fate is Fate.ONLINE else Charged.NEVER

    def _flowed(self, record: UsageRecord) -> Span:
        """Return from when until when the bytes of a record flowed: it may have been closed later."""
        (carried,) = self.outcome.flows
        flow = carried.flow
        return record.opened, record.opened + record.octets.total * (flow.until - flow.at) / flow.volume

    def gaps(self) -> list[Span]:
        """Return from when until when no byte passed."""
        flowed = [self._flowed(record) for record in self.outcome.records]
        edges = [(START, START), *flowed, (START + LASTS, START + LASTS)]
        return [(one[1], other[0]) for one, other in pairwise(edges) if other[0] - one[1] > A_MOMENT]

    def balances(self) -> list[tuple[datetime, int]]:
        """Return the balance after each entry that changed it."""
        return [(entry.at, entry.balance) for entry in self.account.ledger if entry.money]


@lru_cache(maxsize=512)
def lived(story: Story, handling: FailureHandling) -> Aftermath:
    """Live through it, to the end of the session and until the server has closed what it still had open."""
    story.check()
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START, out_of_bundle=True)
    if story.credit:
        account.top_up(story.credit, at=START)
    server = ChargingServer({"phone": account}, QuotaPolicy(quota=story.quota), overdraft=CAUSE if story.owed else "")
    forgetful = Forgetful(server.answer)
    answers: Ask = server.answer if story.recognised else forgetful
    loses = range(LOSES_EVERY, LOSES_EVERY * story.lost + 1, LOSES_EVERY)
    link = Link(answers, outages=[story.outage], loses=loses)
    other = Link(answers) if story.second_server else link
    gateway = Gateway(link, "phone", handling=handling, latency=LATENCY, alternative=other)
    whole_session = Flow(START, START + LASTS, downlink=story.speed * int(LASTS.total_seconds()))
    outcome = gateway.carry([whole_session])
    server.advance(max(gateway.now, START + LASTS) + server.policy.supervision)
    return Aftermath(
        story,
        outcome,
        account,
        blocked=outcome.blocked,
        without_service=timedelta(seconds=outcome.blocked // story.speed),
        charged=_bytes(account, Kind.USAGE),
        twice=forgetful.twice,
        owed=_bytes(account, Kind.OVERDRAFT),
    )


def _bytes(account: PrepaidAccount, kind: Kind) -> int:
    return sum(entry.quantity for entry in account.ledger if entry.kind is kind)
