"""What is said behind the scenes while a page loads: real messages, overheard one by one.

A gateway carries traffic and asks a charging server, the server asks its account, the account writes its
ledger. Nothing is acted out: the server is asked through something that listens, and the account is one that
tells what it is asked for (`prepaid_model.telling`). Messages take no time here; lesson 07 gives them some.

Examples
--------
>>> told = converse(Story())
>>> [step.name for step in told.steps[:4]]
['traffic', 'CCR INITIAL', 'PriceRequest', 'PriceResponse']
>>> format_money(told.steps[-1].stock.used)
'QAR 0.25'
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer, QuotaPolicy
from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnit,
    FinalUnitAction,
    RequestType,
)
from prepaid_model.errors import InputError, whole
from prepaid_model.gateway import Gateway, advance_together
from prepaid_model.messages import Field, Party, Slice, Step, answer_fields, octets, request_fields
from prepaid_model.metering import Flow
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.states import State
from prepaid_model.telling import Teller, about_answer, about_request
from prepaid_model.units import MB, QAR, format_money, format_volume, quantity
from prepaid_model.usage import START

NINE = START + timedelta(hours=9)
SPEED = MB
"""Bytes a second that each device downloads."""
TOP_UP_AFTER = timedelta(seconds=6)
SECOND_DEVICE_AFTER = timedelta(seconds=1)
SUBSCRIBER = "sim 1"
TOP_UP_PAGE = "http://topup.example"
MOST_MB = 100
"""The longest download that is told, in megabytes."""
MOST_CREDIT = 100 * QAR


@dataclass(frozen=True, slots=True)
class Story:
    """What happens while the messages are overheard.

    Parameters
    ----------
    credit : int
        Micros on the account before.
    data : int
        Bytes left of a bundle, which pays if there are any; else credit does.
    quota : int
        Bytes that the server grants at a time.
    volume : int
        Bytes that each device wants.
    devices : tuple of str
        Those that share the account.
    final : FinalUnitAction
        What the gateway does when the last units are used.
    top_up : int
        Micros topped up while it lasts; 0 for none.

    Raises
    ------
    InputError
        If one of them cannot be.
    """

    credit: int = QAR
    data: int = 0
    quota: int = 5 * MB
    volume: int = 4_500_000
    devices: tuple[str, ...] = ("phone",)
    final: FinalUnitAction = FinalUnitAction.TERMINATE
    top_up: int = 0

    def __post_init__(self) -> None:
        for field, amount in (("credit", self.credit), ("top-up", self.top_up)):
            if quantity(field, amount) > MOST_CREDIT:
                raise InputError(field, format_money(amount), f"at most {format_money(MOST_CREDIT)}")
        if whole("volume", self.volume, least=1, unit="bytes") > MOST_MB * MB:
            raise InputError("volume", self.volume, f"at most {MOST_MB} MB")
        if quantity("data", self.data, unit="bytes") > _bundle().volume:
            raise InputError("data", self.data, f"at most what is in {_bundle().name}")
        if not self.devices or len(set(self.devices)) != len(self.devices):
            raise InputError("devices", self.devices, "at least one, each once")


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that was said, and who said it.

    Attributes
    ----------
    story : Story
        What happened.
    steps : tuple of Step
        The messages, in order.
    account : PrepaidAccount
        The account as it stands at the end.
    gateways : dict of str to Gateway
        By device.
    """

    story: Story
    steps: tuple[Step, ...]
    account: PrepaidAccount
    gateways: dict[str, Gateway]

    @property
    def requests(self) -> int:
        """How many requests the gateways sent."""
        return sum(step.name.startswith("CCR") for step in self.steps)

    def carried(self, device: str) -> int:
        """Return the bytes that a device got."""
        return sum(flow.passed.total for flow in self.gateways[device].outcome.flows)


def converse(story: Story) -> Conversation:
    """Let a story happen, and overhear it.

    Examples
    --------
    The smaller the slices, the more is said:

    >>> [converse(Story(quota=quota * MB)).requests for quota in (5, 2, 1)]
    [2, 4, 6]
    """
    scene = _Scene(story)
    scene.play()
    return Conversation(story, tuple(scene.teller.steps), scene.teller.account, scene.gateways)


class _Scene:
    """The parties, and how the story goes."""

    def __init__(self, story: Story) -> None:
        self.story = story
        tariff = catalogue().tariffs["standard"]
        self.teller = Teller(tariff, NINE - timedelta(hours=1), by_bundle=bool(story.data))
        self._prepare()
        final = FinalUnit(story.final, TOP_UP_PAGE if story.final is FinalUnitAction.REDIRECT else "")
        self.server = ChargingServer({SUBSCRIBER: self.teller.account}, QuotaPolicy(quota=story.quota, final=final))
        self.gateways = {name: Gateway(_Ear(self, name), SUBSCRIBER, name=name) for name in story.devices}
        self._told = dict.fromkeys(story.devices, (0, 0, 0))

    def play(self) -> None:
        """Let traffic flow, a top-up come in between if there is one, and the sessions end."""
        lasts = timedelta(microseconds=self.story.volume * 10**6 // SPEED)
        up = self.story.volume // 50
        for place, gateway in enumerate(self.gateways.values()):
            start = NINE + place * SECOND_DEVICE_AFTER
            gateway.offer([Flow(start, start + lasts, uplink=up, downlink=self.story.volume - up)])
        if self.story.top_up:
            self._advance(NINE + TOP_UP_AFTER)
            self._top_up(self.story.top_up)
        for place, (name, gateway) in enumerate(self.gateways.items()):
            self._advance(max(gateway.now, NINE + place * SECOND_DEVICE_AFTER + lasts))
            if gateway.state is not State.IDLE:
                gateway.end(gateway.now)
            self._notice(name)

    def ask(self, device: str, request: CreditControlRequest, at: datetime) -> CreditControlAnswer:
        """Pass a request on to the server and its answer back, and tell both."""
        teller = self.teller
        teller.device, teller.now = device, at
        if request.type is RequestType.INITIAL:
            self._tell_wish()
        self._notice(device)
        label, words = about_request(request)
        fields = request_fields(request)
        teller.tell(Party.GATEWAY, Party.SESSION, f"CCR {request.type.name}", label, words, fields)
        answer = self.server.answer(request, at=at)
        teller.slices[device] = Slice(sum(service.granted for service in answer.services), 0)
        label, words = about_answer(answer)
        teller.tell(Party.SESSION, Party.GATEWAY, f"CCA {answer.type.name}", label, words, answer_fields(answer))
        return answer

    def _prepare(self) -> None:
        """Put credit on the account, and a bundle if one is to pay."""
        account, before = self.teller.account, self.teller.now
        if self.story.data:
            bundle = _bundle()
            account.top_up(bundle.price, at=before)
            account.buy(bundle, at=before)
            if used := bundle.volume - self.story.data:
                account.use(used, at=before)
        elif self.story.credit:
            account.top_up(self.story.credit, at=before)
        self.teller.known = len(account.ledger)

    def _advance(self, until: datetime) -> None:
        advance_together(list(self.gateways.values()), until)
        self.teller.now = until
        for name in self.gateways:
            self._notice(name)

    def _notice(self, device: str) -> None:
        """Tell what a device's traffic has come to since that was told last."""
        flows = self.gateways[device].outcome.flows
        passed, blocked, redirected = (
            sum(getattr(flow, fate).total for flow in flows) for fate in ("passed", "blocked", "redirected")
        )
        before, self._told[device] = self._told[device], (passed, blocked, redirected)
        self.teller.device = device
        part = self.teller.slices.get(device, Slice(0, 0))
        self.teller.slices[device] = Slice(part.granted, part.used + passed - before[0])
        for volume, name, label, words in (
            (passed - before[0], "traffic", "{} flow", "The gateway has let {} through and counted each byte."),
            (blocked - before[1], "no traffic", "{} blocked", "No units, no traffic: {} were dropped."),
            (redirected - before[2], "redirect", "redirect: top up", "Instead of {} came the address of a page."),
        ):
            if volume:
                said = format_volume(volume)
                fields = [Field("bytes", "", octets(volume))]
                fields += [Field("leads to", "", TOP_UP_PAGE)] if name == "redirect" else []
                self.teller.tell(Party.GATEWAY, Party.PHONE, name, label.format(said), words.format(said), fields)

    def _tell_wish(self) -> None:
        who, wanted = self.teller.device, self.story.volume
        words = f"The {who} asks for a page of {format_volume(wanted)}. It knows nothing of credit."
        fields = [Field("bytes to come", "", octets(wanted))]
        self.teller.tell(Party.PHONE, Party.GATEWAY, "traffic", "a page, please", words, fields)

    def _top_up(self, amount: int) -> None:
        """Let a top-up come in, and the session function ask the gateways to ask anew."""
        teller, known, paid = self.teller, len(self.teller.account.ledger), format_money(amount)
        teller.device = self.story.devices[0]
        fields = [Field("amount", "", paid), Field("comes through", "", "a recharging server (TS 32.296, Rr)")]
        words = f"The owner tops up {paid}."
        teller.tell(Party.PHONE, Party.BALANCE, "top-up", f"top up {paid}", words, fields)
        teller.account.top_up(amount, at=teller.now, channel="app")
        teller.tell_entries(teller.account.ledger.since(known))
        for session_id in self.server.open_sessions:
            gateway = self.gateways[session_id.split(";")[0]]
            if gateway.state is State.OPEN:
                self._reauthorise(session_id, gateway)

    def _reauthorise(self, session_id: str, gateway: Gateway) -> None:
        """Let the session function ask to be asked (RFC 8506, 5.5)."""
        teller = self.teller
        teller.device = session_id.split(";", maxsplit=1)[0]
        session = Field("which session", "Session-Id", session_id)
        kind = Field("what is wanted", "Re-Auth-Request-Type", "AUTHORIZE_ONLY (0)")
        words = "There is money again: the gateway shall ask anew, now, and not only when it next would."
        teller.tell(Party.SESSION, Party.GATEWAY, "RAR", "RAR: ask anew", words, [session, kind])
        done = Field("heard; a request follows", "Result-Code", "DIAMETER_LIMITED_SUCCESS (2002)")
        teller.tell(Party.GATEWAY, Party.SESSION, "RAA", "RAA: I will", "It will: a request follows.", [session, done])
        gateway.reauthorise(teller.now)


def _bundle() -> Bundle:
    return catalogue().bundles["day_500mb"]


class _Ear:
    """The way from a device's gateway to the server, on which it is overheard."""

    def __init__(self, scene: _Scene, device: str) -> None:
        self._scene, self._device = scene, device

    def __call__(self, request: CreditControlRequest, *, at: datetime) -> CreditControlAnswer:
        return self._scene.ask(self._device, request, at)
