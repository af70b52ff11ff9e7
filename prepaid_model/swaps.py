"""Why soonest expiry first wastes least: swap by swap, and tried on cases drawn at random.

Take any way to pay for a row of days. Where a bucket pays although another ends sooner and has something
left, let the two change places. The one that ends later can wait, so nothing more is wasted. Go on until
there is nothing to swap: that is soonest expiry first, and it wastes no more than what one began with.

It holds where every bucket serves every byte, and its end is its end. A night bundle serves only some bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import NamedTuple

from prepaid_model.errors import whole
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle
from prepaid_model.units import GB, MB, QAR
from prepaid_model.usage import START, UsageTrace
from prepaid_model.waste import DAY, NIGHT, SOONEST, STEP, Case, Outcome, Purchase, even_usage, every_order, live

NOBODY = "·"
"""Stands in a plan for a day that no bucket pays for."""


class Lot(NamedTuple):
    """A bucket in whole gigabytes and days.

    Parameters
    ----------
    name : str
        One letter.
    size : int
        Gigabytes.
    starts, ends : int
        The first day on which it serves, and the last; days are counted from 1.
    """

    name: str
    size: int
    starts: int
    ends: int


def plan_of(lots: Sequence[Lot], days: int, order: str) -> str:
    """Return who pays for a gigabyte a day under a debit order: a letter a day, as a real account does it.

    Examples
    --------
    >>> lots = (Lot("A", 3, 1, 8), Lot("B", 2, 1, 3), Lot("C", 2, 1, 5))
    >>> plan_of(lots, 8, "oldest"), plan_of(lots, 8, "soonest expiry")
    ('AAACC···', 'BBCCAAA·')
    """
    purchases = tuple(
        Purchase(Bundle(lot.name, 0, lot.size * GB, (lot.ends - lot.starts + 1) * DAY), START + (lot.starts - 1) * DAY)
        for lot in sorted(lots, key=lambda lot: lot.starts)
    )
    noons = tuple(START + day * DAY + timedelta(hours=12) for day in range(days))
    usage = UsageTrace(noons, (0,) * days, (GB,) * days, START, days, slot=24 * 60)
    ledger = live(Case(purchases, usage), order).trace.account.ledger
    paid = {(entry.at - START) // DAY: ledger.notes[entry.bucket] for entry in ledger if entry.kind is Kind.USAGE}
    return "".join(paid.get(day, NOBODY) for day in range(days))


def wasted(plan: str, lots: Sequence[Lot]) -> int:
    """Return the gigabytes that a plan leaves to expire.

    Examples
    --------
    >>> wasted("AAACC···", (Lot("A", 3, 1, 8), Lot("B", 2, 1, 3), Lot("C", 2, 1, 5)))
    2
    """
    return sum(lot.size - plan.count(lot.name) for lot in lots)


def swap(plan: str, lots: Sequence[Lot]) -> str:
    """Mend the first day on which the bucket that ends soonest does not pay; the same plan if there is none.

    If that bucket had been going to pay on a later day, the one that gives way pays then: it lives longer.

    Examples
    --------
    >>> lots = (Lot("A", 3, 1, 8), Lot("B", 2, 1, 3), Lot("C", 2, 1, 5))
    >>> swap("AAACC···", lots)
    'BAACC···'
    >>> swap("BBACC···", lots)
    'BBCCA···'
    """
    for day, payer in enumerate(plan):
        left = {lot.name: lot.size - plan[:day].count(lot.name) for lot in lots}
        able = [lot for lot in lots if lot.starts <= day + 1 <= lot.ends and left[lot.name]]
        if not able:
            continue
        soonest = min(able, key=lambda lot: lot.ends)  # of two that end together, the first named
        if payer != soonest.name:
            later = plan.rfind(soonest.name, day + 1) if plan.count(soonest.name) == soonest.size else -1
            mended = [*plan]
            mended[day] = soonest.name
            if later >= 0:
                mended[later] = payer
            return "".join(mended)
    return plan


def swaps(plan: str, lots: Sequence[Lot]) -> list[str]:
    """Swap until there is nothing left to swap; return all plans on the way.

    Examples
    --------
    >>> lots = (Lot("A", 3, 1, 8), Lot("B", 2, 1, 3), Lot("C", 2, 1, 5))
    >>> for plan in swaps("AAACC···", lots):
    ...     print(plan, wasted(plan, lots))
    AAACC··· 2
    BAACC··· 2
    BBACC··· 2
    BBCCA··· 2
    BBCCAA·· 1
    BBCCAAA· 0
    """
    plans = [plan]
    while (mended := swap(plans[-1], lots)) != plans[-1]:
        plans.append(mended)
    return plans


@dataclass(frozen=True)
class Trials:
    """Cases drawn at random, each lived through under every debit order."""

    tried: tuple[dict[str, Outcome], ...]

    @property
    def against(self) -> tuple[dict[str, Outcome], ...]:
        """Those in which some order wastes fewer bytes than soonest expiry first."""
        return tuple(each for each in self.tried if each[SOONEST].wasted > min(other.wasted for other in each.values()))

    @property
    def against_in_money(self) -> tuple[dict[str, Outcome], ...]:
        """Those in which some order wastes bytes that had cost less."""
        return tuple(each for each in self.tried if each[SOONEST].worth > min(other.worth for other in each.values()))

    @property
    def clearest(self) -> dict[str, Outcome]:
        """The case in which soonest expiry first wastes most beyond another order."""
        return max(self.tried, key=lambda each: each[SOONEST].wasted - min(other.wasted for other in each.values()))

    def worse(self, order: str) -> int:
        """Count the cases in which an order wastes more bytes than soonest expiry first."""
        return sum(each[order].wasted > each[SOONEST].wasted for each in self.tried)


def try_at_random(cases: int, seed: int, *, night: bool = False) -> Trials:
    """Draw cases at random and let each be lived through under every debit order.

    Parameters
    ----------
    cases : int
        How many.
    seed : int
        The same seed draws the same cases.
    night : bool
        Whether the third bundle of each case serves at night only.

    Examples
    --------
    >>> trials = try_at_random(5, seed=4)
    >>> len(trials.tried), len(trials.against)
    (5, 0)
    """
    whole("cases", cases, least=1)
    chance = Random(whole("seed", seed))  # noqa: S311 (cases, no secrets)
    return Trials(tuple(every_order(random_case(chance, night=night)) for _ in range(cases)))


def random_case(chance: Random, *, night: bool = False) -> Case:
    """Draw three bundles of different size, price, age and length, and how much is used a day."""
    bought = sorted(chance.randrange(5) for _ in range(3))
    purchases = []
    for number, day in enumerate(bought):
        lasts, size, price = chance.randrange(2, 9), chance.randrange(2, 31) * 100 * MB, chance.randrange(1, 21) * QAR
        only = (NIGHT.start, NIGHT.stop) if night and number == len(bought) - 1 else None
        kind = " nights" if only else ""
        name = f"{'ABC'[number]}{kind}: {size // MB:,} MB, day {day + 1} to {day + lasts}"
        bundle = Bundle(name, price, size, lasts * DAY, hours=only, priority=int(only is not None))
        purchases.append(Purchase(bundle, START + day * DAY))
    daily, night_share = chance.randrange(2, 11) * 100 * MB, chance.randrange(2, 7) * 10
    return Case(tuple(purchases), even_usage(daily, night_share, days=13))


def in_words(case: Case) -> str:
    """Say what a case drawn at random is.

    Examples
    --------
    >>> print(in_words(random_case(Random(1))))
    A: 500 MB, day 1 to 4; B: 1,600 MB, day 2 to 9; C: 1,400 MB, day 5 to 11; 300 MB a day, 50 % of it at night
    """
    names = "; ".join(case.names)
    daily = case.usage.daily[0]
    night_share = 100 * sum(case.usage.volume[: len(NIGHT) // STEP]) // daily
    return f"{names}; {daily // MB} MB a day, {night_share} % of it at night"
