r"""Ranks are tried, each with falling ridges, and the smallest held-out error wins; a third sample measures its error.

The smallest of several errors is too small, since it was chosen for that. So the observations have three parts, and
what is reported comes from the third. The ridge is searched for from the size of the noise, in growing steps and then
by factors of the root of two,

.. math:: \lambda_0 = \tfrac12 \sigma \, (\sqrt{N / m} + \sqrt{N / n}) ,

half of the spectral norm that independent noise of standard deviation sigma has at N random ones of m n entries. A
higher rank wants a larger ridge, so each rank starts from the best one of the rank before. One rank that gains nothing
does not end the ladder, since the error of a choice is noisy and its next step may still fall; two in a row do. Then
the ranks halfway to the neighbours of the best one are tried, for as long as that gains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from lrtheory.matrix_completion.alternation.loop import STOPPED
from lrtheory.matrix_completion.alternation.offsets import Offsets
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.problem import Observations

__all__ = ["Choice", "Parts", "first_ridge", "parts", "searched"]

SHARE = 0.1  # of the observations, held out to choose; as many again to test
FEWEST = 20  # observations of which some can be held out
STEPS = 6  # largest number of steps of the ridge in one direction
COARSE, FINE = 2.0, math.sqrt(2.0)  # first steps of the ridge: for the first rank, and from the best one of another
WORTH = 1e-3  # a change that lowers the error by a smaller share gains nothing
PATIENCE = 2  # ranks in a row that gain nothing, after which the ladder ends
RANKS = (1, 2, 4, 8, 16, 32, 64)  # doubling: the best rank is met within a factor of two at the cost of the last fit

#: fits with a rank and a ridge
Fit = Callable[[int, float], CompletionResult]


class Parts(NamedTuple):
    """Observations to fit, others to choose by, those of both together, and those that test; None where not wanted."""

    training: Observations
    choosing: Observations | None
    both: Observations
    testing: Observations | None


class Choice(NamedTuple):
    """The rank and the ridge with the smallest held-out error, what was tried, and a fit that the callback stopped."""

    rank: int
    ridge: float
    ranks: np.ndarray
    ridges: np.ndarray
    errors: np.ndarray
    stopped: CompletionResult | None

    @property
    def reason(self) -> str:
        """The sentence that says which rank and ridge were chosen, and among which."""
        ranks = ", ".join(map(str, sorted(set(self.ranks.tolist()))))
        low, high = self.ridges.min(), self.ridges.max()
        rank = f"rank {self.rank} of {ranks}" if "," in ranks else f"rank {self.rank}"
        ridge = f"ridge {self.ridge:.3g} of {low:.3g} to {high:.3g}" if low < high else f"ridge {self.ridge:.3g}"
        return f"{rank} and {ridge} have the smallest held-out error"

    @property
    def tried(self) -> dict[str, np.ndarray]:
        """Ranks and ridges in the order in which they were tried, with their held-out errors."""
        return {"rank": self.ranks, "ridge": self.ridges, "rmse": self.errors}


def parts(
    seen: Observations, by: Literal["random", "time"], rng: np.random.Generator, *, choosing: bool, testing: bool
) -> Parts:
    """Hold out a tenth of the observations to test, and another one to choose by."""
    if seen.n_observed < FEWEST:
        few = f"{seen.n_observed} observations are too few to hold out some of them ({FEWEST} are needed)"
        raise ValueError(f"{few}: give `rank` and `ridge` as numbers, and no `hold_out`")
    both, last = seen.split(SHARE, by=by, rng=rng) if testing else (seen, None)
    if not choosing:
        return Parts(both, None, both, last)
    training, held_out = both.split(SHARE * seen.n_observed / both.n_observed, by=by, rng=rng)
    return Parts(training, held_out, both, last)


def first_ridge(seen: Observations, offset: Offsets) -> float:
    """Half of the spectral norm of noise as large as what the mean, or the biases, leave of the observations."""
    subtracted = offset.at(seen.rows, seen.cols)
    left = seen.values - (offset.mean if subtracted is None else subtracted)
    m, n = seen.shape
    spread = float(np.sqrt(np.mean(left.astype(np.float64) ** 2)))
    return 0.5 * spread * (math.sqrt(seen.n_observed / m) + math.sqrt(seen.n_observed / n))


def searched(
    fit: Fit,
    ranks: Sequence[int],
    ridge: float,
    choosing: Observations,
    *,
    fixed: bool = False,
    until_worse: bool = False,
    zero: bool = False,
) -> Choice:
    """Try ranks, each with ridges from the best one of the rank before, and take the smallest error on `choosing`.

    `fixed` keeps the ridge, `until_worse` climbs `ranks` as a ladder that ends where nothing is gained, and `zero` also
    tries no ridge at all.
    """
    tried: list[tuple[int, float, float]] = []

    def error(rank: int, ridge: float) -> float:
        for before in tried:  # the small steps come back to where the large ones have been
            if before[0] == rank and math.isclose(before[1], ridge, rel_tol=1e-9):
                return before[2]
        done = fit(rank, ridge)
        found = math.sqrt(float(np.mean((done.predict(choosing) - choosing.values).astype(np.float64) ** 2)))
        tried.append((rank, ridge, found))
        if done.message.startswith(STOPPED):
            raise _StoppedError(done)
        return found

    ridges, found = {0: ridge}, {}

    def attempt(rank: int) -> float:
        below = max(k for k in ridges if k < rank) if until_worse else list(ridges)[-1]
        first = COARSE if below == 0 else FINE
        start = ridges[below]
        ridges[rank], found[rank] = (start, error(rank, start)) if fixed else _descended(rank, start, error, first)
        if zero and not fixed:
            found[rank] = min(found[rank], error(rank, 0.0))
        return found[rank]

    try:
        if until_worse:
            _climbed(ranks, attempt)
            _refined(found, attempt)
        else:
            for rank in ranks:
                attempt(rank)
    except _StoppedError as error_of:
        return _choice(tried, error_of.args[0])
    return _choice(tried, None)


def _climbed(ranks: Sequence[int], attempt: Callable[[int], float]) -> None:
    """Try increasing ranks until several in a row gain nothing."""
    best, idle = math.inf, 0
    for rank in ranks:
        found = attempt(rank)
        idle = idle + 1 if found >= best * (1 - WORTH) else 0
        best = min(best, found)
        if idle == PATIENCE:
            return


def _refined(found: dict[int, float], attempt: Callable[[int], float]) -> None:
    """Try the ranks halfway between the best one and its neighbours, again and again while that gains."""
    before = math.inf
    while min(found.values()) < before * (1 - WORTH):
        best = min(found, key=found.__getitem__)
        before = found[best]
        beside = [max((k for k in found if k < best), default=best), min((k for k in found if k > best), default=best)]
        for rank in {(best + other) // 2 for other in beside} - set(found):
            attempt(rank)


class _StoppedError(Exception):
    """The callback asked to stop."""


def _descended(rank: int, ridge: float, error: Callable[[int, float], float], first: float) -> tuple[float, float]:
    """Divide the ridge while that lowers the error, or where it does not multiply it; at last in small steps.

    The first steps grow, each to the square of the one before: a few of them reach the ridge of hardly any noise.
    """
    smallest = error(rank, ridge)
    ridge, smallest = _moved(rank, ridge, smallest, error, (first**2**i for i in range(STEPS)))
    return _moved(rank, ridge, smallest, error, [FINE] * STEPS)


def _moved(
    rank: int, ridge: float, smallest: float, error: Callable[[int, float], float], steps: Iterable[float]
) -> tuple[float, float]:
    """Divide the ridge by the steps, one after the other, while that gains; where the first does not, multiply it."""
    steps = list(steps)
    for sign in (-1, 1):
        start = ridge
        for step in steps:
            found = error(rank, ridge * step**sign)
            if found >= smallest * (1 - WORTH):
                break
            ridge, smallest = ridge * step**sign, found
        if ridge != start:
            break
    return ridge, smallest


def _choice(tried: list[tuple[int, float, float]], stopped: CompletionResult | None) -> Choice:
    ranks, ridges, errors = (np.array(column) for column in zip(*tried, strict=True))
    best = int(np.argmin(errors))
    # no ridge at all where a tiny one gains nothing
    without = np.flatnonzero((ranks == ranks[best]) & (ridges == 0) & (errors * (1 - WORTH) <= errors[best]))
    best = int(without[0]) if len(without) else best
    return Choice(int(ranks[best]), float(ridges[best]), ranks, ridges, errors, stopped)
