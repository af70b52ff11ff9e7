"""Who uses the phone: made-up personas, and the measured hours of the day in which people use theirs."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from prepaid_model import tables
from prepaid_model.errors import InputError, whole
from prepaid_model.tables import DATA, UNIQUE_IDS, Entry, Text, Volume, Whole, Word


def _weights(mix: Any) -> Any:
    if isinstance(mix, dict):
        return tuple((series, whole(series, weight, unit="parts per million")) for series, weight in mix.items())
    return mix


class Persona(Entry):
    """Somebody made up, who uses the phone in measured hours.

    ``daily_volume`` is the mean over a week, in bytes; ``mix`` weighs measured series in parts per
    million; ``weekend_permille`` is a weekend day's mean volume against a weekday's;
    ``activity_permille`` is the share of slots in use; ``reaction_hours`` is how long the owner takes
    to notice that the internet stopped.
    """

    id: Word
    name: Text
    description: Text
    daily_volume: Annotated[Volume, Field(gt=0)]
    mix: Annotated[tuple[tuple[str, int], ...], BeforeValidator(_weights)]
    uplink_permille: Annotated[Whole, Field(le=1000)]
    weekend_permille: Whole
    activity_permille: Annotated[Whole, Field(gt=0, le=1000)]
    unevenness: Literal["small", "medium", "large"]
    reaction_hours: Whole

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for series, _ in self.mix:
            if series not in measured_shares():
                raise InputError("mix", series, f"a measured series: {', '.join(measured_shares())}")
        if (weights := sum(weight for _, weight in self.mix)) != 10**6:
            raise InputError("mix", weights, "weights that add up to 1000000 parts per million")
        busiest = max(chances(self))
        if busiest > 2**32:
            most = self.activity_permille * 2**32 // busiest
            raise InputError("activity_permille", self.activity_permille, f"{most} or less, or an hour overflows")
        return self


class _Personas(Entry):
    persona: Annotated[tuple[Persona, ...], Field(min_length=1), UNIQUE_IDS]


class _Share(Entry):
    series: Word
    hour: Annotated[Whole, Field(le=23)]
    share_of_day: Annotated[str, Field(pattern=r"^0\.\d{1,4}$")]
    source: Text


@lru_cache(maxsize=1)
def personas() -> Mapping[str, Persona]:
    """Return the personas of the lessons, by id.

    Examples
    --------
    >>> personas()["grandparent"].reaction_hours
    24
    """
    return MappingProxyType({who.id: who for who in tables.read_toml(DATA / "personas.toml", _Personas).persona})


@lru_cache(maxsize=1)
def measured_shares() -> Mapping[str, tuple[int, ...]]:
    """Return the measured share of a day's traffic in each of its hours, by series, in ten-thousandths.

    Examples
    --------
    >>> measured_shares()["web"][17]
    640
    """
    shares: dict[str, dict[int, int]] = {}
    for row in tables.read_csv(DATA / "measured_hourly_traffic.csv", _Share):
        shares.setdefault(row.series, {})[row.hour] = int(Decimal(row.share_of_day) * 10_000)
    return MappingProxyType({series: tuple(day[hour] for hour in range(24)) for series, day in shares.items()})


def persona_of(persona: Persona | str) -> Persona:
    """Return the persona of an id, or the one that was given.

    Raises
    ------
    InputError
        If there is no persona of that id.

    Examples
    --------
    >>> persona_of("student").name
    'Student'
    """
    who = personas().get(persona) if isinstance(persona, str) else persona
    if who is None:
        raise InputError("persona", persona, f"one of {', '.join(personas())}")
    return who


def chances(persona: Persona) -> tuple[int, ...]:
    """Return the chance of a slot to be in use, for each hour of the day, in parts of 2**32."""
    shape = [sum(weight * measured_shares()[series][hour] for series, weight in persona.mix) for hour in range(24)]
    return tuple(2**32 * persona.activity_permille * 24 * part // (1000 * sum(shape)) for part in shape)
