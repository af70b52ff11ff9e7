"""A charging server over one account, and requests to it in few words: what the tests of `charging` share."""

from datetime import timedelta

from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import (
    Action,
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnit,
    FinalUnitAction,
    Octets,
    RequestType,
    ResultCode,
    ServiceAnswer,
    ServiceRequest,
)
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.reservations import Reservations
from prepaid_model.units import DIRHAM, parse_moment

NINE = parse_moment("2026-01-01 09:00")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PER_MB = Tariff(price=5 * DIRHAM)  # a megabyte at a time
GROUPS = {0: "general", 7: "general", 8: "video"}

OK, NO_CREDIT, FREE = (
    ResultCode.SUCCESS,
    ResultCode.CREDIT_LIMIT_REACHED,
    ResultCode.CREDIT_CONTROL_NOT_APPLICABLE,
)
DENIED, NO_RATE, NO_SUCH_SESSION = (
    ResultCode.END_USER_SERVICE_DENIED,
    ResultCode.RATING_FAILED,
    ResultCode.UNKNOWN_SESSION_ID,
)
REDIRECT = FinalUnit(FinalUnitAction.REDIRECT, "https://top-up.example")
RESTRICT = FinalUnit(FinalUnitAction.RESTRICT_ACCESS)


def prepaid(credit: int = 0, *bundles: Bundle, tariff: Tariff = PER_MB, **settings) -> PrepaidAccount:
    """An account with so much credit left, valid for 30 days, and bundles."""
    account = PrepaidAccount(tariff, opened=NINE, out_of_bundle=True, **settings)
    account.top_up(credit + 1 + sum(bundle.price for bundle in bundles), at=NINE)
    account.adjust(-1, at=NINE, note="so that any credit can be had, none too")
    for bundle in bundles:
        account.buy(bundle, at=NINE)
    return account


def data(volume: int, lasts: timedelta = 7 * DAY, **terms) -> Bundle:
    return Bundle("data", 0, volume, lasts, **terms)


def asks(
    requested: int | None = 0, used: int | None = None, group: int = 0, before: int | None = None
) -> ServiceRequest:
    """One rating group of a request: what it wants, what it has used, and how much of that before a price change."""
    octets = None if used is None else Octets(used // 10, used - used // 10)
    return ServiceRequest(group, requested, octets, None if before is None else Octets(0, before))


class Desk:
    """A charging server over an account, with requests numbered and timed."""

    def __init__(self, account: Reservations, policy: QuotaPolicy | None = None, **settings) -> None:
        settings = {"rating_groups": GROUPS} | settings
        self.account = account
        self.server = ChargingServer({"sim": account}, policy, **settings)
        self.now = account.now
        self.numbers: dict[str, int] = {}
        self.last: CreditControlRequest

    def wait(self, time: timedelta) -> "Desk":
        self.now += time
        return self

    def say(self, kind: RequestType, *services: ServiceRequest, session: str = "s", **more) -> CreditControlAnswer:
        number = self.numbers[session] = self.numbers.get(session, -1) + 1
        said = {"subscriber": "sim", "number": number} | more
        self.last = CreditControlRequest(session, kind, services=services, **said)
        return self.again(self.last)

    def again(self, request: CreditControlRequest) -> CreditControlAnswer:
        return self.server.answer(request, at=self.now)

    def initial(self, *services: ServiceRequest, session: str = "s", **more) -> CreditControlAnswer:
        return self.say(RequestType.INITIAL, *services, session=session, **more)

    def update(self, *services: ServiceRequest, session: str = "s", **more) -> CreditControlAnswer:
        return self.say(RequestType.UPDATE, *services, session=session, **more)

    def end(self, *services: ServiceRequest, session: str = "s", **more) -> CreditControlAnswer:
        return self.say(RequestType.TERMINATION, *services, session=session, **more)

    def event(self, action: Action, requested: int | None, session: str = "e", **more) -> CreditControlAnswer:
        services = more.pop("services", (asks(requested, group=more.pop("group", 0)),))
        return self.say(RequestType.EVENT, *services, session=session, action=action, **more)

    def total(self, kind: Kind) -> int:
        return self.account.ledger.totals("quantity").get(kind, 0)


def only(answer: CreditControlAnswer) -> ServiceAnswer:
    (service,) = answer.services
    return service


def granted(answer: CreditControlAnswer) -> list[int]:
    return [service.granted for service in answer.services]


def results(answer: CreditControlAnswer) -> list[ResultCode]:
    return [service.result for service in answer.services]
