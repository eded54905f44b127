r"""Ranks are tried, each with falling ridges, and the smallest held-out error wins; a third sample measures its error.

The smallest of several errors is too small, since it was chosen for that. So the observations have three parts, and
what is reported comes from the third. The ridge is searched for by factors of two from the size of the noise,

.. math:: \lambda_0 = \tfrac12 \sigma \, (\sqrt{N / m} + \sqrt{N / n}) ,

half of the spectral norm that independent noise of standard deviation sigma has at N random ones of m n entries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from lrtheory.matrix_completion.alternation.loop import STOPPED
from lrtheory.matrix_completion.alternation.offsets import Offsets
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.problem import Observations

__all__ = ["Choice", "Parts", "first_ridge", "parts", "searched"]

SHARE = 0.1  # of the observations, held out to choose; as many again to test
FEWEST = 20  # observations of which some can be held out
STEPS = 6  # largest number of halvings, or doublings, of the ridge
WORTH = 1e-3  # a change of the ridge that lowers the error by a smaller share ends the search
RANKS = (1, 2, 4, 8, 16, 32)

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
        ranks = ", ".join(map(str, dict.fromkeys(self.ranks.tolist())))
        low, high = self.ridges.min(), self.ridges.max()
        rank = f"rank {self.rank} of {ranks}" if "," in ranks else f"rank {self.rank}"
        ridge = f"ridge {self.ridge:.3g} of {low:.3g} to {high:.3g}" if low < high else f"ridge {self.ridge:.3g}"
        return f"{rank} and {ridge} have the smallest held-out error"


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

    `fixed` keeps the ridge, `until_worse` ends at a rank that gains nothing, and `zero` also tries no ridge at all.
    """
    tried: list[tuple[int, float, float]] = []

    def error(rank: int, ridge: float) -> float:
        done = fit(rank, ridge)
        found = math.sqrt(float(np.mean((done.predict(choosing) - choosing.values).astype(np.float64) ** 2)))
        tried.append((rank, ridge, found))
        if done.message.startswith(STOPPED):
            raise _StoppedError(done)
        return found

    best = math.inf
    try:
        for rank in ranks:
            ridge, found = (ridge, error(rank, ridge)) if fixed else _descended(rank, ridge, error)
            if zero and not fixed:
                found = min(found, error(rank, 0.0))
            if until_worse and found >= best * (1 - WORTH):
                break
            best = min(best, found)
    except _StoppedError as error_of:
        return _choice(tried, error_of.args[0])
    return _choice(tried, None)


class _StoppedError(Exception):
    """The callback asked to stop."""


def _descended(rank: int, ridge: float, error: Callable[[int, float], float]) -> tuple[float, float]:
    """Halve the ridge while that lowers the error; where the first halving does not, double it while that does."""
    smallest = error(rank, ridge)
    for factor in (0.5, 2.0):
        start = ridge
        for _ in range(STEPS):
            found = error(rank, ridge * factor)
            if found >= smallest * (1 - WORTH):
                break
            ridge, smallest = ridge * factor, found
        if ridge != start:
            break
    return ridge, smallest


def _choice(tried: list[tuple[int, float, float]], stopped: CompletionResult | None) -> Choice:
    ranks, ridges, errors = (np.array(column) for column in zip(*tried, strict=True))
    best = int(np.argmin(errors))
    return Choice(int(ranks[best]), float(ridges[best]), ranks, ridges, errors, stopped)
