r"""Random rankings: the cultures of computational social choice, and rankings by random utilities.

=====================  =============================================================================================
"impartial-culture"    all m! rankings are equally likely
"mallows"              P(r) ~ phi^{Kendall distance to 0, 1, ..., m - 1}
"norm-mallows"         Mallows with E[distance] = normphi m (m - 1) / 4
"urn"                  ranking r = 0, 1, ... is new with probability 1 / (1 + alpha r), else a copy of an earlier one
"single-peaked"        axis 0, ..., m - 1: a uniform peak, then left or right by a fair coin (Conitzer)
"plackett-luce"        sorted by q_i / E_i with exponential E_i: item i is on top with probability q_i / sum q
"uniform-utilities"    sorted by uniform numbers from [0, scale_i]
=====================  =============================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input, to_numpy
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
    array,
    choice,
    generator,
    integer,
    must,
    probability_vector,
    real,
    refuse_unused,
)
from lrtheory.fair_subset_selection.panels.mallows import mallows_phi
from lrtheory.fair_subset_selection.problem import Rankings, trusted
from lrtheory.fair_subset_selection.scores import ScoreRule, item_scores

__all__ = [
    "positions_by_utility",
    "ranking_blocks",
    "sample_item_scores",
    "sample_rankings",
    "sample_top_counts",
    "sample_utilities",
]

#: the parameters that each model uses, at most one
OPTIONS: dict[str, set[str]] = {
    "impartial-culture": set(),
    "mallows": {"phi"},
    "norm-mallows": {"normphi"},
    "urn": {"alpha"},
    "single-peaked": set(),
    "plackett-luce": {"quality"},
    "uniform-utilities": {"scale"},
}
WITH_UTILITIES = ("plackett-luce", "uniform-utilities")

#: the laws of parameters that may be left out
LAWS: dict[str, Callable[[np.random.Generator], float]] = {
    "phi": lambda rng: rng.random(),
    "normphi": lambda rng: rng.random(),
    "alpha": lambda rng: rng.gamma(0.8),
}


def sample_rankings(
    model: str,
    n: int,
    m: int,
    *,
    phi: float | None = None,
    normphi: float | None = None,
    alpha: float | None = None,
    quality: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    rng: Rng = None,
) -> Rankings:
    r"""Draw n rankings of m items.

    Parameters
    ----------
    model : str
        A name of the table at the top of this module: "impartial-culture", "mallows", "norm-mallows", "urn",
        "single-peaked", "plackett-luce" or "uniform-utilities".
    n, m : int
        Number of rankings and of items, at least 1.
    phi : float, optional
        Dispersion of "mallows", in [0, 1]; without, it is drawn uniformly.
    normphi : float, optional
        Normalized dispersion of "norm-mallows", in [0, 1]; without, it is drawn uniformly.
    alpha : float, optional
        Replacement of "urn", at least 0, and infinite if all copy the first ranking; without, it is drawn from a gamma
        law of shape 0.8.
    quality : array of shape (m,), optional
        Quality of each item in "plackett-luce", which needs it: positive numbers.
    scale : array of shape (m,), optional
        Largest utility of each item in "uniform-utilities", which needs it: positive numbers.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    Rankings
        Independent, except in the urn.

    Raises
    ------
    ValueError
        If the model is unknown, or a parameter is missing, out of range or of another model.

    Examples
    --------
    >>> sample_rankings("mallows", 2, 4, phi=0.0, rng=0).positions.tolist()
    [[0, 1, 2, 3], [0, 1, 2, 3]]
    """
    n, m, rng = integer("n", n, low=1), integer("m", m, low=1), generator(rng)
    given = {"phi": phi, "normphi": normphi, "alpha": alpha, "quality": quality, "scale": scale}
    return trusted(_draw(model, n, m, _parameter(model, m, given, rng), rng))


def ranking_blocks(
    model: str,
    n: int,
    n_items: int,
    *,
    block: int = 1000,
    phi: float | None = None,
    normphi: float | None = None,
    quality: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    rng: Rng = None,
) -> Iterator[Rankings]:
    """Draw rankings in blocks, for `item_scores` of panels that are too large to exist at once.

    Parameters
    ----------
    model : str
        As in `sample_rankings`, but no urn, whose copies need all earlier rankings.
    n, n_items : int
        Number of all rankings and of items, at least 1.
    block : int
        Rankings in a block, at least 1; the rankings do not depend on it.
    phi, normphi : float, optional
        Dispersions of "mallows" and "norm-mallows", in [0, 1]; without, they are drawn uniformly, once for all blocks.
    quality, scale : array of shape (n_items,), optional
        Quality of each item in "plackett-luce" and its largest utility in "uniform-utilities", which need them:
        positive numbers.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    iterator of Rankings
        The blocks, each drawn when it is asked for.

    Raises
    ------
    ValueError
        As in `sample_rankings`.

    Examples
    --------
    >>> [block.n_rankings for block in ranking_blocks("impartial-culture", 5, 3, block=2, rng=0)]
    [2, 2, 1]
    """
    n, m = integer("n", n, low=1), integer("n_items", n_items, low=1)
    block, rng = integer("block", block, low=1), generator(rng)
    if choice("model", model, tuple(OPTIONS)) == "urn":
        raise must("model", "another than the urn, whose copies need all earlier rankings", model)
    given = {"phi": phi, "normphi": normphi, "quality": quality, "scale": scale}
    value = _parameter(model, m, given, rng)
    return (trusted(_draw(model, min(block, n - first), m, value, rng)) for first in range(0, n, block))


def sample_utilities(
    model: str,
    n: int,
    n_items: int,
    *,
    quality: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    rng: Rng = None,
) -> np.ndarray:
    """Draw the utilities of the items to each member of a panel, by which `bias_utilities` ranks them.

    Parameters
    ----------
    model : {"plackett-luce", "uniform-utilities"}
        As in `sample_rankings`; the same `rng` gives the utilities of the same rankings.
    n, n_items : int
        Number of rankings and of items, at least 1.
    quality, scale : array of shape (n_items,), optional
        Quality of each item in "plackett-luce" and its largest utility in "uniform-utilities", which need them:
        positive numbers.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    float64 array of shape (n, m)
        Positive numbers.

    Raises
    ------
    ValueError
        As in `sample_rankings`.

    Examples
    --------
    >>> sample_utilities("uniform-utilities", 2, 3, scale=[1, 1, 0.5], rng=0).shape
    (2, 3)
    """
    choice("model", model, WITH_UTILITIES)
    n, m, rng = integer("n", n, low=1), integer("n_items", n_items, low=1), generator(rng)
    return _utilities(model, n, m, _parameter(model, m, {"quality": quality, "scale": scale}, rng), rng)


def sample_top_counts(probabilities: ArrayLike, n: int, *, n_runs: int = 1, rng: Rng = None) -> np.ndarray:
    """Draw SNTV scores, the number of times that each item is on top of n independent rankings, without the rankings.

    Parameters
    ----------
    probabilities : array of shape (m,)
        Probability of each item to be on top, ``theory.expected_scores`` of "sntv".
    n : int
        Number of rankings in a run, in [1, 2^63 - 1].
    n_runs : int
        Number of runs, at least 1.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    int64 array of shape (n_runs, m)
        Multinomial counts.

    Raises
    ------
    ValueError
        If the probabilities are negative or do not sum to 1, or a number is out of range.

    Examples
    --------
    >>> sample_top_counts([0.5, 0.5, 0.0], 10, rng=0).sum(axis=1).tolist()
    [10]
    """
    law = probability_vector("probabilities", to_numpy(probabilities)).astype(np.float64)
    n, n_runs = integer("n", n, low=1, high=2**63 - 1), integer("n_runs", n_runs, low=1)
    return generator(rng).multinomial(n, law / law.sum(), size=n_runs)


def sample_item_scores(
    model: str,
    rule: ScoreRule | str,
    n: int,
    *,
    n_items: int,
    n_runs: int = 1,
    phi: float | None = None,
    normphi: float | None = None,
    quality: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    rng: Rng = None,
) -> np.ndarray:
    """Draw the item scores of many panels of n rankings each, without keeping the rankings.

    Parameters
    ----------
    model : str
        As in `sample_rankings`, but no urn.
    rule : ScoreRule or str
        Score function, or the name of one without parameters.
    n : int
        Number of rankings in a panel, at least 1.
    n_items, n_runs : int
        Number of items and of panels, at least 1.
    phi, normphi : float, optional
        Dispersions of "mallows" and "norm-mallows", in [0, 1]; without, they are drawn uniformly, once for all panels.
    quality, scale : array of shape (n_items,), optional
        Quality of each item in "plackett-luce" and its largest utility in "uniform-utilities", which need them:
        positive numbers. Under a bias theta, those of the group times theta.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    int64 or float64 array of shape (n_runs, m)
        `item_scores` of each panel, for `quota_curves` and `separates`; `sample_top_counts` is quicker for "sntv".

    Raises
    ------
    ValueError
        As in `sample_rankings`.

    Examples
    --------
    >>> sample_item_scores("mallows", ScoreRule("borda"), 5, n_items=3, n_runs=2, phi=0, rng=0).tolist()
    [[10, 5, 0], [10, 5, 0]]
    """
    n, n_runs = integer("n", n, low=1), integer("n_runs", n_runs, low=1)
    # the blocks are the panels: only one of them exists at a time
    panels = ranking_blocks(
        model, n * n_runs, n_items, block=n, phi=phi, normphi=normphi, quality=quality, scale=scale, rng=rng
    )
    return np.stack([item_scores(panel, rule) for panel in panels])


def _parameter(model: str, m: int, given: dict[str, Any], rng: np.random.Generator) -> Any:
    """Check and return the parameter of a model, None if it has none; draw it where it has a law and was not given."""
    choice("model", model, tuple(OPTIONS))
    refuse_unused(model, OPTIONS[model], "model", **{name: (value, None) for name, value in given.items()})
    if not OPTIONS[model]:
        return None
    (name,) = OPTIONS[model]
    value = given[name]
    if model in WITH_UTILITIES:
        if value is None:
            raise must(name, f"given for {model!r}", None)
        checked = array(name, to_numpy(value), shape=(m,), low=0).astype(np.float64)
        if (checked <= 0).any():
            raise must(name, "positive", checked.min())
        return checked
    if value is None:
        return LAWS[name](rng)
    return real(name, value, low=0, high=math.inf if name == "alpha" else 1)


def _draw(model: str, n: int, m: int, value: Any, rng: np.random.Generator) -> np.ndarray:
    """Draw the positions (n, m) of n rankings; `value` is the parameter of the model."""
    if model in WITH_UTILITIES:
        return positions_by_utility(kernel_input(_utilities(model, n, m, value, rng)))
    positions = np.empty((n, m), np.int32)
    if model in ("mallows", "norm-mallows"):
        phi = mallows_phi(value, m) if model == "norm-mallows" else value
        if 1 - phi >= 1e-12:  # nearer to 1 the law is uniform up to rounding, and log(phi) is lost
            mallows(rng, phi, positions)
            return positions
    if model == "single-peaked":
        single_peaked(rng, positions)
    elif model == "urn":
        urn(rng, value, positions)
    else:
        uniform(rng, positions)
    return positions


def _utilities(model: str, n: int, m: int, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw utilities (n, m); q_i / E_i falls in the arrival time E_i / q_i, which is exponential with the rate q_i."""
    if model == "plackett-luce":
        return value / rng.standard_exponential((n, m))
    return value * rng.random((n, m))


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def positions_by_utility(utilities):
    """Rank the items of each row by decreasing utility, equal ones by number; return the positions (n, m)."""
    n, m = utilities.shape
    positions = np.empty((n, m), np.int32)
    for v in range(n):
        order = np.argsort(-utilities[v], kind="mergesort")
        for p in range(m):
            positions[v, order[p]] = p
    return positions


@kernel
def shuffle(rng, row):
    """Fill `row` with a uniform permutation of 0 .. m - 1; its inverse is uniform too, so it can serve as positions.

    Inside-out form of the Fisher-Yates shuffle: before step i the first i entries are a uniform permutation of
    0 .. i - 1, and i enters at a uniform index j <= i, whose entry moves to the end. Old entries of the row are lost.
    """
    for i in range(len(row)):
        j = int(rng.random() * (i + 1))
        row[i] = row[j]
        row[j] = i


@kernel
def uniform(rng, positions):
    """Fill every row with independent uniform rankings, the impartial culture."""
    for v in range(len(positions)):
        shuffle(rng, positions[v])


@kernel
def mallows(rng, phi, positions):
    """Draw Mallows rankings by repeated insertion: item i goes d positions before the end with probability ~ phi^d.

    Each of the d = 0 .. i items that it passes is one more pair in the wrong order, so that the probability of the
    ranking is proportional to phi^{Kendall distance to the center 0, 1, ..., m - 1}.
    """
    n, m = positions.shape
    order = np.empty(m, np.int32)
    mass = 1 - phi ** np.arange(1.0, m + 1)  # sum_{d <= i} phi^d, up to the factor 1 - phi
    for v in range(n):
        for i in range(m):
            # Inverse of the distribution function: P(d positions or more) ~ phi^d - phi^{i + 1}, so d is the integer
            # part of log(1 - u) / log(phi) for u uniform on [0, 1 - phi^{i + 1}]; rounding may give i + 1.
            u = rng.random() * mass[i]
            back = min(i, int(np.log1p(-u) / np.log(phi))) if phi > 0 else 0
            for p in range(i, i - back, -1):
                order[p] = order[p - 1]
            order[i - back] = i
        for p in range(m):
            positions[v, order[p]] = p


@kernel
def urn(rng, alpha, positions):
    """Draw rankings from the urn of Polya and Eggenberger: each is new, or a copy of a uniformly drawn earlier one.

    Ranking v, counted from 0, is new with probability 1 / (1 + alpha v).
    """
    for v in range(len(positions)):
        if rng.random() * (1 + alpha * v) < 1 or v == 0:  # the product of an infinite alpha and 0 is not a number
            shuffle(rng, positions[v])
        else:
            copied = int(rng.random() * v)
            for i in range(positions.shape[1]):
                positions[v, i] = positions[copied, i]


@kernel
def single_peaked(rng, positions):
    """Draw single-peaked rankings by Conitzer's law: from a uniform peak, go on left or right by a fair coin.

    The items placed so far are the interval left .. right of the axis; at an end of the axis there is no choice.
    """
    n, m = positions.shape
    for v in range(n):
        left = right = int(rng.random() * m)
        positions[v, left] = 0
        for p in range(1, m):
            # no coin is drawn at an end of the axis, so a ranking takes only the draws that decide something
            if left > 0 and (right == m - 1 or rng.random() < 0.5):
                left -= 1
                positions[v, left] = p
            else:
                right += 1
                positions[v, right] = p
