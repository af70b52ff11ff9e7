"""Parties that tell what is said to them: an account that is charged, and what a message comes to in words.

In the model rating is a step inside the account. It is told between session function and rating function,
where 3GPP TS 32.296 has it (its method PriceRequest), with the price that came of it.
"""

from collections.abc import Iterable
from datetime import datetime

from prepaid_model.buckets import Session
from prepaid_model.credit_control import (
    CreditControlAnswer,
    CreditControlRequest,
    FinalUnitAction,
    RequestType,
    ResultCode,
)
from prepaid_model.ledger import Entry, Kind
from prepaid_model.messages import Field, Party, Slice, Step, Stock, entry_fields, octets
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.reservations import GENERAL
from prepaid_model.units import format_money, format_volume

_AT_THE_END = {
    FinalUnitAction.TERMINATE: "the session is to end",
    FinalUnitAction.REDIRECT: "the customer is to be led to a page for topping up",
    FinalUnitAction.RESTRICT_ACCESS: "only what is always free may flow",
}
_THEN = {
    FinalUnitAction.TERMINATE: "stop",
    FinalUnitAction.REDIRECT: "redirect",
    FinalUnitAction.RESTRICT_ACCESS: "restrict",
}


class Teller:
    """Writes messages down as they are told, each with how things stand after it.

    Attributes
    ----------
    steps : list of Step
        What has been told.
    now : datetime
        When it is.
    device : str
        Whose session is spoken of.
    slices : dict of str to Slice
        How the gateway of each device stands.
    known : int
        How many entries there were before the story began: what they used is not told.
    """

    def __init__(self, tariff: Tariff, opened: datetime, *, by_bundle: bool) -> None:
        self.steps: list[Step] = []
        self.now, self.device = opened, ""
        self.slices: dict[str, Slice] = {}
        self.by_bundle, self.known = by_bundle, 0
        self.account = TellingAccount(self, tariff, opened)

    def stock(self) -> Stock:
        """Return how what pays stands (the bundle, or else the credit), from the entries alone."""
        ledger = self.account.ledger
        entries = [entry for entry in ledger if bool(entry.bucket) == self.by_bundle]
        held = sum(entry.quantity for entry in entries if entry.kind is Kind.HOLD)
        held -= sum(entry.quantity for entry in entries if entry.kind is Kind.RELEASE)
        used = [entry for entry in entries if entry.kind is Kind.USAGE and entry.id > self.known]
        if self.by_bundle:
            return Stock(-sum(entry.volume for entry in used), held, entries[-1].left - held if entries else 0)
        return Stock(-sum(entry.money for entry in used), held, self.account.balance - held)

    def amount(self, quantity: int) -> str:
        """Write so much of what pays."""
        return format_volume(quantity) if self.by_bundle else format_money(quantity)

    def tell(
        self,
        sender: Party,
        receiver: Party,
        name: str,
        label: str,
        words: str,
        fields: Iterable[Field] = (),
        *,
        stock: Stock | None = None,
    ) -> None:
        """Write a message down; `stock` is how the account stood when it was sent, if that was before now."""
        part = self.slices.get(self.device, Slice(0, 0))
        after = self.stock() if stock is None else stock
        step = Step(self.now, sender, receiver, name, label, words, tuple(fields), self.device, after, part)
        self.steps.append(step)

    def tell_entries(self, entries: Iterable[Entry]) -> None:
        """Tell what the account wrote into its ledger, if anything."""
        if written := tuple(entries):
            label = f"write: {', '.join(entry.kind.label for entry in written if entry.kind is not Kind.STATUS)}"
            self.tell(Party.BALANCE, Party.LEDGER, "entries", label, _written(written), entry_fields(written))


class TellingAccount(PrepaidAccount):
    """A prepaid account that tells what its session function asks of it."""

    def __init__(self, teller: Teller, tariff: Tariff, opened: datetime) -> None:
        super().__init__(tariff, opened=opened, out_of_bundle=not teller.by_bundle)
        self._teller = teller

    def reserve(self, volume: int, session: Session, *, at: datetime, traffic: str = GENERAL, least: int = 1) -> int:
        """Set quota aside, and tell how it came about."""
        before, known = self._teller.stock(), len(self.ledger)
        granted = super().reserve(volume, session, at=at, traffic=traffic, least=least)
        entries = list(self.ledger.since(known))
        price = sum(entry.quantity for entry in entries if not entry.bucket)
        self._tell_price("RequestedUnits", volume, granted, price, before)
        held = self._teller.amount(sum(entry.quantity for entry in entries))
        if granted:
            words = f"Set {held} aside: not spent yet, but nobody else can have it."
            self._ask("reserve", f"reserve {held}", words, held, before)
            self._teller.tell_entries(entries)
            self._confirm("reserved", f"Done: {held} held for this session.")
        else:
            words = "Set aside what there is. What is not used up is held for another session already, if for any."
            self._ask("reserve", "reserve anything", words, "as much as there is", before)
            self._confirm("nothing free", "There is nothing that could be set aside.")
        return granted

    def debit(
        self,
        volume: int,
        session: Session,
        *,
        at: datetime,
        since: datetime | None = None,
        before_change: int | None = None,
        traffic: str = GENERAL,
        overdraft: str = "",
    ) -> int:
        """Charge what was used, and tell how it came about."""
        before, known = self._teller.stock(), len(self.ledger)
        rest = super().debit(
            volume,
            session,
            at=at,
            since=since,
            before_change=before_change,
            traffic=traffic,
            overdraft=overdraft,
        )
        entries = list(self.ledger.since(known))
        if entries:
            used = [entry for entry in entries if entry.kind is Kind.USAGE]
            price = -sum(entry.money for entry in used)
            self._tell_price("ConsumedUnits", volume, volume - rest, price, before)
            amount = self._teller.amount(
                -sum(entry.volume if self._teller.by_bundle else entry.money for entry in used)
            )
            words = f"Free what was held for this report, and take {amount} for good."
            self._ask("debit", f"debit {amount}", words, amount, before)
            self._teller.tell_entries(entries)
            self._confirm("debited", "Done. What was not needed of the hold is free again.")
        return rest

    def _tell_price(self, name: str, volume: int, priced: int, price: int, stock: Stock) -> None:
        """Tell how a volume was rated."""
        units, paid = format_volume(volume), format_money(price)
        asked = [Field("kind of traffic", "Service-Identifier", GENERAL), Field("units", name, octets(volume))]
        words = f"What do {units} cost on this account?"
        self._teller.tell(Party.SESSION, Party.RATING, "PriceRequest", f"price of {units}?", words, asked, stock=stock)
        tariff = f"{format_money(self.tariff.price)} for each started {format_volume(self.tariff.increment)}"
        if self._teller.by_bundle:
            tariff = "the bundle pays, byte for byte"
        told = [
            Field("tariff", "", tariff),
            Field("for so many units", "", octets(priced)),
            Field("price", "Price", paid),
        ]
        words = f"The price of {format_volume(priced)} is {paid}: {tariff}."
        if priced < volume:
            words += f" Nothing pays for the other {format_volume(volume - priced)}."
        self._teller.tell(Party.RATING, Party.SESSION, "PriceResponse", paid, words, told, stock=stock)

    def _ask(self, name: str, label: str, words: str, amount: str, stock: Stock) -> None:
        field = Field(f"to {name}", "", amount)
        self._teller.tell(Party.SESSION, Party.BALANCE, name, label, words, [field], stock=stock)

    def _confirm(self, name: str, words: str) -> None:
        free = Field("free now", "", self._teller.amount(self._teller.stock().free))
        self._teller.tell(Party.BALANCE, Party.SESSION, name, name, words, [free])


def about_request(request: CreditControlRequest) -> tuple[str, str]:
    """Say what a CCR asks, in a few words and in a sentence.

    Examples
    --------
    >>> about_request(CreditControlRequest("s", RequestType.INITIAL, 0, "sim 1"))[0]
    'CCR INITIAL: may it flow?'
    """
    used = sum(service.used.total for service in request.services if service.used)
    reported = format_volume(used)
    if request.type is RequestType.INITIAL:
        label = "may it flow?"
        words = "The first byte waits. Before anything flows the gateway asks: may it, and how much?"
    elif request.type is RequestType.UPDATE:
        more = any(service.requested is not None for service in request.services)
        label = f"{reported} used{'; more?' if more else ''}" if used else "and now?"
        asks = ", and asks for more." if more else ": the last units are used up."
        words = f"The gateway reports {reported} used since its last report{asks}"
        words = words if used else "Nothing new to report. The gateway asks anew, as it was told to."
    else:
        label = f"{reported} used; it ends"
        words = f"It is over. The gateway reports the last {reported}; what is still held is to be freed."
        words = words if used else "It is over, and there is nothing left to report."
    return f"CCR {request.type.name}: {label}", words


def about_answer(answer: CreditControlAnswer) -> tuple[str, str]:
    """Say what a CCA comes to, in a few words and in a sentence.

    Examples
    --------
    >>> about_answer(CreditControlAnswer("s", RequestType.INITIAL, 0, ResultCode.CREDIT_LIMIT_REACHED))
    ('CCA: no, 4012', 'No: nothing is free that could pay. The code for it is 4012.')
    """
    if answer.type is RequestType.TERMINATION:
        return "CCA: noted", "Noted. The session is closed, and holds nothing any more."
    granted = sum(service.granted for service in answer.services)
    final = next((service.final for service in answer.services if service.final), None)
    if not granted and final:
        return "CCA: nothing to grant", f"Nothing can be granted, so {_AT_THE_END[final.action]}."
    if not granted:
        results = [answer.result, *(service.result for service in answer.services)]
        refused = [result.value for result in results if result is not ResultCode.SUCCESS]
        if not refused:
            return "CCA: noted", "Noted. Nothing more was asked for, so nothing is granted."
        return f"CCA: no, {refused[0]}", f"No: nothing is free that could pay. The code for it is {refused[0]}."
    volume = format_volume(granted)
    if final:
        words = f"Yes: {volume} may flow. These are the last units: when they are used, {_AT_THE_END[final.action]}."
        return f"CCA: the last {volume}, then {_THEN[final.action]}", words
    return f"CCA: {volume}", f"Yes: {volume} may flow. Then the gateway has to ask again."


def _written(entries: Iterable[Entry]) -> str:
    kinds = {entry.kind for entry in entries}
    if Kind.HOLD in kinds:
        return "A hold is written down. Its value is zero: the balance itself does not change."
    if Kind.USAGE in kinds:
        return "The hold is released and the usage charged, each as an entry of its own. Now the balance has changed."
    if Kind.TOP_UP in kinds:
        return "Money has come in, and is written down before anything else happens."
    return "What happened is written down."
