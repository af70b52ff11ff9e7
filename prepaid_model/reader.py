"""Somebody who reads alerts, some time after they have arrived, and then recharges."""

from datetime import datetime, timedelta

from prepaid_model.alerts import Alert, Channel, UsedShare
from prepaid_model.errors import InputError
from prepaid_model.inbox import Inbox
from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.timeline import NEVER


class Reader(Inbox):
    """An inbox whose owner acts on the alerts at one share used: tops up and buys the bundle again.

    Reading comes after usage at the same instant, as every alert does.

    Parameters
    ----------
    account : PrepaidAccount
        The reader's account.
    bundle : Bundle
        What is bought again, with a top-up of its price.
    acts_on : int
        The percentage used whose alert makes the owner recharge.
    others : tuple of int
        Percentages that also send an alert; the owner lets them be.
    channel : Channel
        How alerts travel.
    reads_after : timedelta
        From the arrival of an alert until it is read and acted on.

    Attributes
    ----------
    sent : list of Alert
        What was sent, whether or not it has arrived.
    recharged : list of datetime
        When the owner did so.

    Raises
    ------
    InputError
        If a time is below zero.

    Examples
    --------
    >>> from prepaid_model.alerts import APP
    >>> from prepaid_model.catalogue import catalogue
    >>> from prepaid_model.units import MB, parse_moment
    >>> nine, hour = parse_moment("2026-01-01 09:00"), timedelta(hours=1)
    >>> shop = catalogue()
    >>> week = shop.bundles["week_1gb"]
    >>> account = PrepaidAccount(shop.tariffs["standard"], shop.lifecycle, opened=nine)
    >>> _ = account.top_up(week.price, at=nine), account.buy(week, at=nine)
    >>> reader = Reader(account, week, 80, (), APP, reads_after=2 * hour)
    >>> _ = account.use(850 * MB, at=nine + hour)
    >>> reader.advance(nine + 3 * hour)
    >>> print(*reader.recharged, account.data_left // MB)
    2026-01-01 12:00:00+03:00 1150
    """

    def __init__(
        self,
        account: PrepaidAccount,
        bundle: Bundle,
        acts_on: int,
        others: tuple[int, ...],
        channel: Channel,
        reads_after: timedelta,
    ) -> None:
        for field, time in (("message delay", channel.delay), ("read after", reads_after)):
            if time < timedelta(0):
                raise InputError(field, str(time), "zero or longer")
        percents = sorted({acts_on, *others})
        super().__init__(account.ledger, tuple(UsedShare(percent) for percent in percents), channel)
        self._account = account
        self._bundle = bundle
        self._acts_on = UsedShare(acts_on)
        self._reads_after = reads_after
        self._looked_at = 0
        self._to_read: list[datetime] = []
        self.sent: list[Alert] = []
        self.recharged: list[datetime] = []

    @property
    def due(self) -> datetime:
        """When the next alert arrives or is read, as things stand."""
        return min(super().due, self._to_read[0] if self._to_read else NEVER)

    def advance(self, at: datetime) -> None:
        """Receive what has arrived by then, and act on what has been read by then."""
        super().advance(at)
        for arrived, alert in self.received[self._looked_at :]:
            if alert.rule == self._acts_on:
                self._to_read.append(arrived + self._reads_after)
        self._looked_at = len(self.received)
        while self._to_read and self._to_read[0] <= at:
            now = self._to_read.pop(0)
            self._account.top_up(self._bundle.price, at=now, channel="app")
            self._account.buy(self._bundle, at=now)
            self.recharged.append(now)

    def _expect(self, alert: Alert) -> None:
        self.sent.append(alert)
        super()._expect(alert)
