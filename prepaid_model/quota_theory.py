"""How large should a quota be? What theory says, and the same from many simulated sessions.

A session needs an exponential volume. It is granted quota after quota until its need is met; what is
left of the last grant was stranded meanwhile. As credit runs down, a grant is a quota or what is left,
and the first grant made with less than threshold + quota left marks the last session: it runs to its
end, or to zero credit, where it is forced to end (Sou, Hung, Lin, Peng and Jeng, IEEE Transactions on
Wireless Communications 6(11), 2007). Floats are theory's; what is simulated is whole bytes, the same
on every machine.

Examples
--------
>>> from prepaid_model.units import MB
>>> round(grants_a_session(need=MB, grant=MB // 10), 5), round(forced_end(need=MB, grant=MB), 5)
(10.50833, 0.58198)
>>> grants, stranded = sessions(need=MB, grant=MB // 10, count=40_000, seed=7)
>>> grants.agrees_with(grants_a_session(need=MB, grant=MB // 10))
True
"""

from decimal import Decimal
from functools import lru_cache
from math import exp, expm1, sqrt
from typing import Any, NamedTuple

import numpy as np

from prepaid_model.errors import InputError, whole

LARGEST_NEED = 10**11
"""Bytes: with more, a drawn need might not fit into 64 bits."""
RUNS_DOWN = 12
"""A simulated account begins with credit for so many mean needs, and as many grants: large against either."""

_FINEST, _COARSEST = -20, 5
_SCALE = -_FINEST


class Estimate(NamedTuple):
    """A mean over simulated cases, and how far it may be off.

    Parameters
    ----------
    mean : float
        The mean.
    error : float
        Its standard error.
    """

    mean: float
    error: float

    def agrees_with(self, value: float, within: float = 3) -> bool:
        """Tell whether a value is within so many standard errors."""
        return abs(self.mean - value) <= within * self.error


def forced_end(need: int, grant: int, threshold: int = 0) -> float:
    """Return the probability that the last session is forced to end for want of credit.

    Parameters
    ----------
    need : int
        Mean bytes of a session.
    grant : int
        Bytes of a quota.
    threshold : int
        Credit, in bytes, below which nothing new is begun.
    """
    mu, theta, level = _rates(need, grant, threshold)
    return mu * theta * exp(-mu * level) / expm1(mu * theta)


def unused_credit(need: int, grant: int, threshold: int = 0) -> float:
    """Return the mean credit that is left after the last session, in bytes."""
    mu, theta, level = _rates(need, grant, threshold)
    return level + theta * (exp(mu * theta) + exp(-mu * level)) / expm1(mu * theta) - 2 / mu


def grants_a_session(need: int, grant: int) -> float:
    """Return the mean number of grants, and so of requests, a session."""
    mu, theta, _ = _rates(need, grant, 0)
    return -1 / expm1(-mu * theta)


def stranded_quota(need: int, grant: int) -> float:
    """Return the mean bytes of the last grant of a session that it does not use."""
    mu, theta, _ = _rates(need, grant, 0)
    return -theta / expm1(-mu * theta) - 1 / mu


def needs(mean: int, count: int, seed: int, stream: int = 0) -> Any:
    """Draw exponential needs, in whole bytes.

    The binary digits of an exponential number are independent: the one of weight w is set with
    probability 1/(1 + e^w). So each digit is one comparison of whole numbers.

    Parameters
    ----------
    mean : int
        Bytes, at most `LARGEST_NEED`.
    count : int
        How many needs.
    seed, stream : int
        Which of the possible worlds, and which draw in it; 0 to 2**64 − 1 each.

    Raises
    ------
    InputError
        If one of them is out of its range.

    Examples
    --------
    >>> needs(1_000_000, 3, seed=7).tolist()
    [1085103, 304659, 4826]
    """
    if whole("need", mean, least=1, unit="bytes") > LARGEST_NEED:
        raise InputError("need", mean, f"at most {LARGEST_NEED} bytes")
    for field, key in (("seed", seed), ("stream", stream)):
        if whole(field, key) >= 2**64:
            raise InputError(field, key, "less than 2**64")
    source = np.random.Philox(key=np.array([seed, stream], dtype=np.uint64))
    drawn = np.zeros(whole("count", count, least=1), dtype=np.int64)
    for place, chance in enumerate(_chances()):
        drawn += (source.random_raw(count) < chance).astype(np.int64) << place
    return drawn * mean >> _SCALE


def sessions(need: int, grant: int, count: int, seed: int) -> tuple[Estimate, Estimate]:
    """Simulate sessions with credit enough; return grants a session, and bytes of quota stranded.

    A grant that is used up is followed by another: nobody knows yet that the session is over.
    """
    whole("grant", grant, least=1, unit="bytes")
    drawn = needs(need, count, seed)
    grants = drawn // grant + 1
    return _estimate(grants), _estimate(grants * grant - drawn)


class LastSessions(NamedTuple):
    """What became of the last session of each simulated account.

    Parameters
    ----------
    forced : array of bool
        Whether it was forced to end.
    unused : array of int
        Bytes of credit left after it.
    """

    forced: Any
    unused: Any

    @property
    def forced_end(self) -> Estimate:
        """The share that was forced to end."""
        return _estimate(self.forced)

    @property
    def unused_credit(self) -> Estimate:
        """The mean credit left, in bytes."""
        return _estimate(self.unused)


def last_sessions(need: int, grant: int, threshold: int, accounts: int, seed: int) -> LastSessions:
    """Let accounts run down, session after session, to the end of their last one."""
    whole("grant", grant, least=1, unit="bytes")
    whole("threshold", threshold, unit="bytes")
    left = np.full(whole("accounts", accounts, least=1), RUNS_DOWN * (need + grant) + threshold, dtype=np.int64)
    forced, unused = np.zeros(accounts, dtype=bool), np.zeros(accounts, dtype=np.int64)
    running, step = np.arange(accounts), 0
    while running.size:
        credit, drawn = left[running], needs(need, accounts, seed, step)[running]
        last = credit - drawn // grant * grant < threshold + grant
        ends = running[last]
        forced[ends] = drawn[last] > credit[last]
        unused[ends] = np.maximum(credit[last] - drawn[last], 0)
        left[running] -= drawn
        running, step = running[~last], step + 1
    return LastSessions(forced, unused)


def _rates(need: int, grant: int, threshold: int) -> tuple[float, int, int]:
    whole("grant", grant, least=1, unit="bytes")
    return 1 / whole("need", need, least=1, unit="bytes"), grant, whole("threshold", threshold, unit="bytes")


def _estimate(values: Any) -> Estimate:
    return Estimate(float(values.mean()), float(values.std()) / sqrt(len(values)))


@lru_cache(maxsize=1)
def _chances() -> tuple[np.uint64, ...]:
    """Return the chance of each binary digit of an exponential number, from the finest, in parts of 2**64."""
    weights = (Decimal(2) ** place for place in range(_FINEST, _COARSEST + 1))
    return tuple(np.uint64(int(2**64 / (1 + weight.exp()))) for weight in weights)
