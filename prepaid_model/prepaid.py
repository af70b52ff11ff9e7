"""A prepaid account: money and data bought in advance, taken as they are used, never below zero.

The operations a person or a network can ask for. Each is checked first and then booked whole: an
`InputError` or `Refused` changes nothing but the clock. Given an idempotency key, an operation happens
once: the same again gives the same answer, the same key for something else is refused.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from prepaid_model.balances import GENERAL
from prepaid_model.buckets import Bucket
from prepaid_model.consumption import Usage
from prepaid_model.credit import AutoTopUp, Credit
from prepaid_model.earning import worth_of
from prepaid_model.errors import InputError, Refused
from prepaid_model.ledger import EPOCH, Kind, pack_data_used, pack_money_used
from prepaid_model.offers import Bundle
from prepaid_model.units import ZONE, format_volume, quantity

__all__ = ["GENERAL", "AutoTopUp", "PrepaidAccount", "Usage"]


class PrepaidAccount(Credit):
    """A prepaid data account.

    Parameters
    ----------
    tariff : Tariff
        The pay-as-you-go price.
    lifecycle : Lifecycle
        Validity, grace and the emergency loan.
    opened : datetime
        When its clock starts; timezone-aware.
    out_of_bundle : bool
        Whether the owner allows usage to be paid from the main balance.
    order : str
        Which bucket pays first: a key of `prepaid_model.buckets.ORDERS`.
    name : str
        Names the account in the notes of a transfer.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from prepaid_model.rating import Tariff
    >>> from prepaid_model.units import GB, MB, QAR, format_money, parse_moment
    >>> nine = parse_moment("2026-01-01 09:00")
    >>> account = PrepaidAccount(Tariff(price=50_000), opened=nine)
    >>> _ = account.top_up(25 * QAR, at=nine)
    >>> _ = account.buy(Bundle("1 GB week", 10 * QAR, GB, timedelta(days=7)), at=nine)
    >>> account.use(300 * MB, at=nine)
    Usage(operation=5, served=300000000, denied=0, cost=0)
    >>> format_money(account.credit), format_volume(account.data_left), account.status.value
    ('QAR 15.00', '700 MB', 'active')
    """

    __slots__ = ()

    def buy(self, bundle: Bundle, *, at: datetime, renews: bool = False, key: str | None = None) -> int:
        """Turn credit into a data bundle; return the operation's id.

        With `renews` it is bought again at its end, for as long as the credit pays for it. Where the
        operator lends, a shortfall within its limit becomes an emergency loan.

        Raises
        ------
        Refused
            If the credit does not pay for it, or the credit's validity is over.
        """
        if not isinstance(bundle, Bundle):
            raise InputError("bundle", bundle, "a Bundle")
        detail = f"{bundle.name}, renews" if renews else bundle.name
        if done := self._done(key, Kind.BUNDLE, bundle.price, detail):
            if self.ledger.terms[done + 1].bundle != bundle:
                raise Refused(f"key {key!r}", f"it stands for another bundle named {bundle.name}")
            return done
        self.advance(at)
        self._must_be_valid(f"buy {bundle.name}")
        if (short := bundle.price + self.held - self._credit) > 0:
            self._lend(short, f"buy {bundle.name}")
        return self._finish(self._purchase(bundle, renews=renews, note=detail), key)

    def renew_automatically(self, bucket: Bucket, renews: bool, *, at: datetime) -> None:  # noqa: FBT001  (as below)
        """Let a bundle be bought again at its end, or not.

        Raises
        ------
        Refused
            If the bucket has expired.
        """
        self.advance(at)
        bought = self._bucket(bucket)
        if bought is None:
            raise Refused("change the renewal", "the bucket has expired")
        bought.terms = replace(bought.terms, renews=renews)
        self._move(Kind.RENEWAL, bucket=bought, note="renews" if renews else "does not renew", terms=renews)
        self._look_ahead()

    def use(self, volume: int, *, at: datetime, traffic: str = GENERAL, key: str | None = None) -> Usage:
        """Use `volume` bytes: live buckets pay in order, then the main balance if its owner allows it.

        It is a session of its own, priced at its instant. What cannot be paid for is denied.

        Parameters
        ----------
        volume : int
            Bytes, at least one.
        traffic : str
            Its kind, for buckets that serve one kind only.

        Raises
        ------
        InputError
            If `volume` is no whole number above zero, or `at` is out of order.
        Refused
            If the key was used for something else.
        """
        # The common cases, and only those: one plain bucket or the main balance pays for all, and enough is left
        # that the account's status does not change; or nobody can pay. Everything else, a key seen before too, takes
        # the long way, `_use`, which does the same. The row is written here: a call would be a tenth of the time.
        if (
            type(volume) is int
            and volume > 0
            and type(at) is datetime
            and at.tzinfo is ZONE
            and self._now <= at < self._wake
            and traffic is GENERAL
            and (key is None or (key and type(key) is str))
        ):
            ledger, since = self.ledger, at - EPOCH
            entry = ledger.count + 1
            if (head := self._head) is not None:
                left = head.left - volume
                if left > 0 and (key is None or self._keys.setdefault(key, entry) == entry):
                    ledger.rows += pack_data_used(
                        since.days,
                        since.seconds,
                        since.microseconds,
                        _USAGE,
                        head.id,
                        entry,
                        -volume,
                        volume,
                        self._credit,
                        left,
                    )
                    ledger.count = entry
                    self._now, head.left = at, left
                    return _usage(Usage, (entry, volume, 0, 0))
            elif self._shut:
                if key is None:
                    self._now = at
                    return Usage(self._move(Kind.DENIED, quantity=volume), 0, volume, 0)
            elif (price := self._price) is not None:
                cost = -(-volume // price.increment) * price.price
                credit = self._credit - cost
                if credit >= self._floor and (key is None or self._keys.setdefault(key, entry) == entry):
                    ledger.rows += pack_money_used(
                        since.days, since.seconds, since.microseconds, _USAGE, entry, -cost, volume, credit
                    )
                    ledger.count = entry
                    self._now, self._credit = at, credit
                    return _usage(Usage, (entry, volume, 0, cost))
        return self._use(volume, at, traffic, key)

    def transfer_data(
        self,
        volume: int,
        bucket: Bucket,
        to: "PrepaidAccount",
        *,
        at: datetime,
        into: Bucket | None = None,
        key: str | None = None,
    ) -> int:
        """Give data of a live bucket to another account, into one of its buckets or a new one of the same expiry.

        Raises
        ------
        Refused
            If the bucket is not live or has less that is not held, or either account is not valid.
        """
        quantity("transfer volume", volume, least=1, unit="bytes")
        self._must_be_another(to)
        for asked in (bucket, into or bucket):
            self._bucket(asked)
        note = f"data of {bucket.id} to {to.name}" + (f", {into.id}" if into else "")
        if done := self._done(key, Kind.TRANSFER_OUT, volume, note):
            return done
        self._meet(to, at)
        source, target = self._bucket(bucket), to._bucket(into) if into else None
        if source is None or source.left - self._held.get(source.id, 0) < volume:
            raise Refused(f"transfer {format_volume(volume)}", "there is no live bucket that holds so much")
        if into and target is None:
            raise Refused(f"transfer {format_volume(volume)}", f"the bucket of {to.name} has expired")
        worth = worth_of(self.ledger, source.id).share(volume)  # goes along, for the operator's books
        operation = self._move(Kind.TRANSFER_OUT, bucket=source, volume=-volume, note=note)
        received = f"data of {bucket.id} from {self.name}"
        if target:
            to._move(Kind.TRANSFER_IN, bucket=target, volume=volume, quantity=worth, note=received)
        else:
            to._grant(replace(source.terms, paid=worth, renews=False), volume, Kind.TRANSFER_IN)
        to._look_ahead()
        return self._finish(operation, key)

    def allow_out_of_bundle(self, allowed: bool, *, at: datetime) -> None:  # noqa: FBT001  (it is the whole question)
        """Let usage be paid from the main balance when no bucket can pay, or not."""
        self.advance(at)
        self._out_of_bundle = allowed
        self._look_ahead()

    def _bucket(self, asked: Any) -> Bucket | None:
        """Return the account's own bucket, if it is live."""
        if not isinstance(asked, Bucket):
            raise InputError("bucket", asked, "one of the account's buckets")
        own = self._buckets.get(asked.id)
        return own if own and own.live(self._now) else None


_usage = tuple.__new__  # half the time of calling Usage
_USAGE = int(Kind.USAGE)
