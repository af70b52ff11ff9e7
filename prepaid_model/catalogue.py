"""What the example operator sells: tariffs, bundles, plans and lifecycle rules, read from `data/catalogue.toml`.

The file is checked as it is read. What is wrong in it is a `DataError` that names the entry, the
field, the value and what was expected; a price that does not come out in whole micros is such a thing.

Examples
--------
>>> shop = catalogue()
>>> shop.operator, shop.bundles["week_1gb"].price
('Example Mobile', 10000000)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from prepaid_model.offers import BY_THE_BYTE, Bundle, Lifecycle, Plan, Validity
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.tables import DATA, UNIQUE_IDS, Entry, Money, Text, Volume, Whole, Word, read_toml

Days = Annotated[int, Field(ge=1)]
Hour = Annotated[int, Field(ge=0, le=24)]


@dataclass(frozen=True)
class Catalogue:
    """What an operator sells, by id.

    Parameters
    ----------
    operator : str
        Its name.
    tariffs : mapping of str to Tariff
        Pay-as-you-go prices.
    bundles : mapping of str to Bundle
        Data bundles.
    plans : mapping of str to Plan
        Postpaid plans.
    lifecycle : Lifecycle
        Validity, grace and loan of a prepaid account.
    names : mapping of str to str
        What a tariff, bundle or plan is called, by its id.
    """

    operator: str
    tariffs: Mapping[str, Tariff]
    bundles: Mapping[str, Bundle]
    plans: Mapping[str, Plan]
    lifecycle: Lifecycle
    names: Mapping[str, str]


class _Tier(Entry):
    above: Volume
    price: Money
    per: Volume
    increment: Volume


class _HourPrice(Entry):
    start: Hour
    end: Hour
    price: Money


class _Price(Entry):
    price: Money
    per: Volume
    increment: Volume
    first_block: Volume = 0
    session_fee: Money = 0
    tiers: tuple[_Tier, ...] = ()
    hours: tuple[_HourPrice, ...] = ()
    round_to: Money = 1
    rounding: Literal["up", "down"] = "up"
    cap: Money | None = None
    at_cap: Literal["stop", "free"] = "stop"

    @cached_property
    def tariff(self) -> Tariff:
        return Tariff(
            price=self.price,
            per=self.per,
            increment=self.increment,
            first_block=self.first_block,
            session_fee=self.session_fee,
            tiers=tuple(Tier(tier.above, tier.price, tier.per, tier.increment) for tier in self.tiers),
            hours=tuple(HourPrice(band.start, band.end, band.price) for band in self.hours),
            round_to=self.round_to,
            rounding=self.rounding,
            cap=self.cap,
            at_cap=self.at_cap,
        )

    @model_validator(mode="after")
    def _comes_out_whole(self) -> "_Price":
        _ = self.tariff  # a tariff checks itself
        return self


class _Tariff(_Price):
    id: Word
    name: Text


class _Hours(Entry):
    start: Hour
    end: Hour


class _Bundle(Entry):
    id: Word
    name: Text
    price: Money
    volume: Volume
    days: Days
    traffic: Word | None = None
    hours: _Hours | None = None
    counted: _Price | None = None
    priority: int = 0
    blocker: bool = False
    rollover: Volume = 0

    @cached_property
    def bundle(self) -> Bundle:
        return Bundle(
            self.name,
            price=self.price,
            volume=self.volume,
            lasts=timedelta(days=self.days),
            traffic=self.traffic,
            hours=(self.hours.start, self.hours.end) if self.hours else None,
            tariff=self.counted.tariff if self.counted else BY_THE_BYTE,
            priority=self.priority,
            blocker=self.blocker,
            rollover=self.rollover,
        )

    @model_validator(mode="after")
    def _can_be_sold(self) -> "_Bundle":
        _ = self.bundle  # a bundle checks itself
        return self


class _Validity(Entry):
    top_up: Money
    days: Days


class _Lifecycle(Entry):
    validity: Annotated[tuple[_Validity, ...], Field(min_length=1)]
    grace_days: Whole
    lend_up_to: Money = 0

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(
            validity=tuple(Validity(step.top_up, timedelta(days=step.days)) for step in self.validity),
            grace=timedelta(days=self.grace_days),
            lend_up_to=self.lend_up_to,
        )

    @model_validator(mode="after")
    def _in_order(self) -> "_Lifecycle":
        _ = self.lifecycle  # a lifecycle checks itself
        return self


class _Plan(Entry):
    id: Word
    name: Text
    fee: Money
    allowance: Volume
    overage: _Price
    credit_limit: Money
    spend_cap: Money | None = None
    due_days: Days
    top_tier: bool = False

    @cached_property
    def plan(self) -> Plan:
        return Plan(
            self.name,
            fee=self.fee,
            allowance=self.allowance,
            overage=self.overage.tariff,
            credit_limit=self.credit_limit,
            spend_cap=self.spend_cap,
            due_after=timedelta(days=self.due_days),
            top_tier=self.top_tier,
        )

    @model_validator(mode="after")
    def _can_be_agreed(self) -> "_Plan":
        _ = self.plan  # a plan checks itself
        return self


class _File(Entry):
    operator: Text
    currency: Literal["QAR"]
    tariff: Annotated[tuple[_Tariff, ...], UNIQUE_IDS]
    bundle: Annotated[tuple[_Bundle, ...], UNIQUE_IDS]
    plan: Annotated[tuple[_Plan, ...], UNIQUE_IDS]
    lifecycle: _Lifecycle


def read_catalogue(path: Path | str) -> Catalogue:
    """Read a catalogue file.

    Raises
    ------
    DataError
        At the first thing that is wrong, naming file, entry, field, value and what was expected.
    """
    file = read_toml(path, _File)
    return Catalogue(
        operator=file.operator,
        tariffs=MappingProxyType({row.id: row.tariff for row in file.tariff}),
        bundles=MappingProxyType({row.id: row.bundle for row in file.bundle}),
        plans=MappingProxyType({row.id: row.plan for row in file.plan}),
        lifecycle=file.lifecycle.lifecycle,
        names=MappingProxyType({row.id: row.name for rows in (file.tariff, file.bundle, file.plan) for row in rows}),
    )


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the example operator's catalogue."""
    return read_catalogue(DATA / "catalogue.toml")
