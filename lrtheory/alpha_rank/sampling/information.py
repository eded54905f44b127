r"""Sampling for the ranking itself: play the entry that is expected to tell most about it.

Each entry M(r, s) of a symmetric game has a normal posterior, independent of the others. For every entry, hypothetical
outcomes are drawn and added, games are drawn from the posterior that results, and their rankings are compared with
those before [1]_, [2]_:

=============  ===================================================================================
"bins"         expected decrease of the entropy of the rankings, rounded to two decimals
"wasserstein"  expected Wasserstein distance (l1 cost) between the rankings before and after
=============  ===================================================================================

The entropy of so few rankings is estimated by that of their shares or, with less bias, by the estimator of Nemenman,
Shafee and Bialek; see `entropy`.

References
----------
.. [1] T. Rashid, C. Zhang, K. Ciosek, Estimating alpha-Rank by Maximizing Information Gain, AAAI 2021.
.. [2] I. Nemenman, F. Shafee, W. Bialek, Entropy and Inference, Revisited, NeurIPS 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._result import Result, result
from lrtheory._types import Rng
from lrtheory._validation import choice, flag, generator, integer, must, open_interval, refuse_unused
from lrtheory.alpha_rank.chains.single_population import square_table
from lrtheory.alpha_rank.problem import OUTCOMES, Game
from lrtheory.alpha_rank.sampling.entropy import nsb_entropy, plug_in_entropy
from lrtheory.alpha_rank.stationary import elimination

__all__ = ["InformationGain", "information_gain"]

Measure = Callable[[np.ndarray, np.ndarray], float]
PRIOR_MEAN, PRIOR_VARIANCE = 0.5, 1.0  # wide beside payoffs in [0, 1], so that a few outcomes decide
#: the options that only some measures of information take
OPTIONS: dict[str, set[str]] = {"bins": {"entropy"}, "wasserstein": set()}
NOISE = {"bins": 0.5, "wasserstein": 0.25}  # variance of an outcome in the model, as in the authors' code


@result
class InformationGain(Result):
    """The knowledge that sampling by information gain has of a symmetric game.

    Attributes
    ----------
    pi : float64 array of shape (n,)
        Mean of the rankings of games drawn from the posterior.
    rankings : float64 array of shape (n_games, n)
        Rankings of the drawn games; their mean l1 distance to the true one is the regret of the paper.
    means, variances : float64 array of shape (n, n)
        Posterior of each entry; the diagonal, which no ranking needs, is never played.
    n_samples : int64 array of shape (n, n)
        Plays of each entry.
    method : str
        The measure of information.
    message : str
        Number of rounds and plays, in words.
    counts : mapping
        ``samples``, and ``rankings`` computed.
    trace : mapping or None
        When recorded: ``chosen``, int64 array of shape (rounds, 2), and ``gains``, shape (rounds,).
    """

    pi: np.ndarray
    rankings: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    n_samples: np.ndarray
    method: str
    message: str
    counts: Mapping[str, int]
    trace: Mapping[str, np.ndarray] | None


def information_gain(
    game: Game,
    *,
    method: Literal["bins", "wasserstein"] = "bins",
    entropy: Literal["plug-in", "nsb"] | None = None,
    max_samples: int = 10_000,
    warm_up: int = 500,
    batch: int = 500,
    n_outcomes: int = 10,
    weight: int = 100,
    n_games: int = 500,
    perturbation: float = 1e-6,
    rng: Rng = None,
    record: bool = False,
) -> InformationGain:
    """Sample a symmetric game for its ranking in a single population.

    Parameters
    ----------
    game : Game
        Symmetric, two players, with outcomes; one play of the entry (r, s) tells the outcome of r against s.
    method : {"bins", "wasserstein"}
        Measure of information, see the table at the top of this module.
    entropy : {"plug-in", "nsb"} or None
        For "bins": the estimator of the entropy; None means "plug-in". "nsb" takes 2^(n (n - 1) / 2) for the number of
        possible rankings, one for each response graph without ties.
    max_samples : int
        Plays in all.
    warm_up : int
        Plays at the start of the entry with the largest posterior variance.
    batch : int
        Plays of an entry once it is chosen.
    n_outcomes, weight : int
        Hypothetical outcomes of each entry, and how many times each is counted.
    n_games : int
        Games drawn from each posterior; "wasserstein" takes time of order n_games^3.
    perturbation : float
        Perturbation of the infinite-alpha chain, in (0, 0.5).
    rng : Generator, int or None
        Source of randomness.
    record : bool
        Keep the chosen entries and their gains.

    Returns
    -------
    InformationGain
        The law `pi` and the number of `n_samples` a profile, both of shape (s_1, ..., s_K), the posterior `means`
        (K, s_1, ..., s_K), and the other fields of the class.

    Raises
    ------
    ValueError
        If the game is not symmetric with outcomes, a number is out of range, or `entropy` is given for "wasserstein".

    References
    ----------
    .. [1] T. Rashid, C. Zhang, K. Ciosek, Estimating alpha-Rank by Maximizing Information Gain, AAAI 2021.

    Examples
    --------
    >>> from lrtheory.alpha_rank import make_good_bad
    >>> found = information_gain(make_good_bad(2, 1, p=0.5), max_samples=900, warm_up=300, batch=200, n_games=50, rng=0)
    >>> int(found.pi.argmax()), found.counts["samples"]
    (1, 900)
    """
    if not isinstance(game, Game) or game.outcomes not in OUTCOMES:
        rule = f"a Game with `outcomes` {' or '.join(map(repr, OUTCOMES))}"
        raise must("game", rule, getattr(game, "outcomes", game))
    truth, rng = square_table(game).astype(np.float64), generator(rng)
    noise = NOISE[choice("method", method, tuple(NOISE))]
    refuse_unused(method, OPTIONS[method], entropy=(entropy, None))
    measure = _measure(method, entropy, len(truth))
    flag("record", record)
    left = integer("max_samples", max_samples, low=0)
    warm_up, batch = integer("warm_up", warm_up, low=0), integer("batch", batch, low=1)
    shape = integer("n_outcomes", n_outcomes, low=1), integer("n_games", n_games, low=1)
    weight, perturbation = integer("weight", weight, low=1), open_interval("perturbation", perturbation, 0, 0.5)
    n = len(truth)
    entries = np.argwhere(~np.eye(n, dtype=bool))
    sums, plays, computed, chosen, gains = np.zeros((n, n)), np.zeros((n, n), np.int64), 0, [], []
    left = left if len(entries) else 0
    for i, (r, s) in enumerate(entries):  # the largest variance belongs to the fewest plays: in turn
        times = len(range(i, min(warm_up, left), len(entries)))
        plays[r, s], sums[r, s] = times, _sum_of_plays(game.outcomes, truth[r, s], times, rng)
    left -= int(plays.sum())
    while left > 0:
        posterior = _posterior(sums, plays, noise)
        values = _gains(*posterior, entries, noise / weight, measure, shape, perturbation, rng)
        computed += (1 + len(entries) * shape[0]) * shape[1]
        best = int(np.argmax(values))
        r, s = entries[best]
        times = min(batch, left)
        plays[r, s] += times
        sums[r, s] += _sum_of_plays(game.outcomes, truth[r, s], times, rng)
        left -= times
        chosen.append(entries[best])
        gains.append(values[best])
    means, variances = _posterior(sums, plays, noise)
    rankings = _rankings(means + np.sqrt(variances) * rng.standard_normal((shape[1], n, n)), perturbation)
    trace = {"chosen": np.array(chosen, np.int64).reshape(-1, 2), "gains": np.array(gains)} if record else None
    counts = {"samples": int(plays.sum()), "rankings": computed + shape[1]}
    message = f"{len(chosen)} rounds after {int(plays.sum()) - batch * len(chosen)} plays" if chosen else "no rounds"
    return InformationGain(rankings.mean(axis=0), rankings, means, variances, plays, method, message, counts, trace)


def _sum_of_plays(outcomes: str, mean: float, times: int, rng: np.random.Generator) -> float:
    """Draw `times` outcomes of one entry, see `Game`, and return their sum."""
    if outcomes == "bernoulli":
        return float(rng.binomial(times, mean))
    return float(times * mean + rng.standard_normal(times).clip(-1, 1).sum())


def _posterior(sums: np.ndarray, plays: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute means and variances of the normal posteriors, from a normal prior and normal outcomes."""
    precision = 1 / PRIOR_VARIANCE + plays / noise
    return (PRIOR_MEAN / PRIOR_VARIANCE + sums / noise) / precision, 1 / precision


def _gains(
    means: np.ndarray,
    variances: np.ndarray,
    entries: np.ndarray,
    mean_noise: float,
    measure: Measure,
    shape: tuple[int, int],
    perturbation: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Estimate for each entry the mean information of a hypothetical outcome whose variance is `mean_noise`."""
    n_outcomes, n_games = shape
    # the same draws for all entries, before and after: differences of rankings come from the outcomes alone
    normal = rng.standard_normal((n_games, *means.shape))
    games = means + np.sqrt(variances) * normal
    before = _rankings(games, perturbation)
    found = np.zeros(len(entries))
    for i, (r, s) in enumerate(entries):
        mean, variance = means[r, s], variances[r, s]
        # an outcome counts `weight` times, as if it were the mean of that many: variance mean_noise = noise / weight
        outcomes = mean + np.sqrt(variance + mean_noise) * rng.standard_normal(n_outcomes)
        # its posterior, given the outcome; entries are independent, so all others keep theirs
        after = 1 / (1 / variance + 1 / mean_noise)
        centers = after * (mean / variance + outcomes / mean_noise)
        tables = np.broadcast_to(games, (n_outcomes, *games.shape)).copy()
        tables[:, :, r, s] = centers[:, None] + np.sqrt(after) * normal[:, r, s]
        rankings = _rankings(tables.reshape(-1, *means.shape), perturbation).reshape(n_outcomes, n_games, -1)
        found[i] = measure(before, rankings)
    return found


def _measure(method: str, entropy: str | None, n: int) -> Measure:
    """Return the measure of information, a function of the rankings before and of those after each outcome."""
    if method == "wasserstein":
        return lambda before, after: float(np.mean([_wasserstein(before, other) for other in after]))
    graphs = 2.0 ** min(n * (n - 1) // 2, 300)  # games without ties have no more; beyond 2^300 it makes no difference
    estimators: dict[str, Callable[..., float]] = {
        "plug-in": plug_in_entropy,
        "nsb": partial(nsb_entropy, n_categories=graphs),
    }
    estimate = plug_in_entropy if entropy is None else estimators[choice("entropy", entropy, tuple(estimators))]
    return lambda before, after: _entropy(before[None], estimate)[0] - _entropy(after, estimate).mean()


def _entropy(rankings: np.ndarray, estimate: Callable[..., float] = plug_in_entropy) -> np.ndarray:
    """Estimate the entropy of each of m samples of rankings, (m, n_games, n), after rounding to two decimals."""
    n = rankings.shape[-1]
    # a random linear hash modulo 2^64: equal rows get equal codes, and different rows almost surely different ones
    keys = np.random.default_rng(n).integers(1, 2**63, n, dtype=np.uint64)
    codes = np.sort((np.round(100 * rankings).astype(np.uint64) * keys).sum(axis=-1, dtype=np.uint64), axis=-1)
    starts = [np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1], [True]])) for row in codes]
    return np.array([estimate(np.diff(first)) for first in starts])


def _wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the Wasserstein-1 distance with l1 cost of two samples of equal size, which is an assignment problem."""
    from scipy.optimize import linear_sum_assignment

    costs = abs(first[:, None, :] - second[None, :, :]).sum(axis=-1)
    return float(costs[linear_sum_assignment(costs)].mean())


def _rankings(tables: np.ndarray, perturbation: float) -> np.ndarray:
    """Compute the laws of the perturbed chains of many square tables, of shape (m, n)."""
    laws = np.zeros(tables.shape[:2])
    _laws(kernel_input(tables), perturbation, laws)
    return laws


@kernel
def _laws(tables, perturbation, laws):
    n = tables.shape[1]
    exits = np.zeros(n)
    rates = np.zeros((n, n))
    # rates are left unscaled, without 1/D; perturbation > 0 gives every state an exit, so no elimination fails
    for game in range(tables.shape[0]):
        table = tables[game]
        for s in range(n):
            for r in range(n):
                gain = table[r, s] - table[s, r]
                rates[s, r] = 1 - perturbation if gain > 0 else (perturbation if gain < 0 else 0.5)
        elimination.eliminate(rates, exits)
        laws[game, 0] = 1.0
        elimination.stationary(rates, laws[game])
        laws[game] /= laws[game].sum()
