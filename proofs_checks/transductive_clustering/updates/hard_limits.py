"""One update alone: how near it is to labels, and what no entry falls below.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import inexact
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.transductive_clustering import cluster
from lrtheory.transductive_clustering.baselines import lloyd
from lrtheory.transductive_clustering.theory.arguments import fitting, with_columns
from proofs_checks.transductive_clustering.families.definitions import Case, attracts, update
from proofs_checks.transductive_clustering.families.paths import entries, unlike
from proofs_checks.transductive_clustering.families.problems import ALWAYS, CASES, COLD, TASK, draw_any, task
from proofs_checks.transductive_clustering.families.relaxed import one_update
from proofs_checks.transductive_clustering.families.wrong_solvers import colder_once, warmer


def draw_cold(draws: Draws) -> Case:
    """Any problem, at a quarter of its temperature, where updates are nearly labels."""
    case = draw_any(draws)
    if case.path == "tasks":
        return task(case.features, case.n_clusters, case.lam, case.temperature / 4)
    return replace(case, temperature=case.temperature / 4)


COOL = Family("cool-problems", always=(*ALWAYS, COLD, replace(COLD, path="sparse"), TASK), draw=draw_cold)


def logits(case: Case) -> np.ndarray:
    """Return b = a - lambda W Z at the start, for the free rows."""
    return (case.costs - case.lam * (case.affinity @ case.init))[case.free]


@formula(g="[0, inf)", K="[2, inf)", T="(0, inf)")
def hard_limit_gap(g: Numbers, K: int, T: Number) -> Numbers:
    """The largest entry of an updated row misses 1 by at most this, where g is the gap of the row.

    (K - 1) exp(-g / T) >= 1 - max_l z_pl.

    Proof
    -----
    Assumes: g is the gap between the two smallest b_l of the row, which is up to the caller.

    Proof: 1 - max z = s / (1 + s) <= s with s = sum_{l not best} exp(-(b_l - b_best) / T). Each of the K - 1 terms is
    at most exp(-g / T).
    """
    return (K - 1) * np.exp(inexact(-g / T))


def nearly_hard(case: Case, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare 1 - max z of each free row with its bound, once the update is that of the definition."""
    b = np.sort(logits(case), axis=1)
    bound = hard_limit_gap(b[:, 1] - b[:, 0], case.n_clusters, case.temperature)
    Z = np.asarray(found)
    wrong = unlike(Z - update(case, case.init), case.spoiled)
    most = 1 - 1 / case.n_clusters  # the largest of K entries is at least their mean
    return wrong or entries(1 - Z[case.free].max(1), share * bound, most, rounding=case.spoiled)


TC_S6 = Statement(
    id="transductive_clustering/TC-S6",
    title="Cold updates are labels",
    says=(
        "In the update S(Z) the largest entry of a free row p misses 1 by at most (K - 1) exp(-g_p / T). K is the "
        "number of clusters, T the temperature, and g_p the gap between the two smallest entries of row p of A - "
        "lambda W Z, costs less pull."
    ),
    source=Derived(hard_limit_gap),
    tex=r"1 - \max_l S(Z)_{pl} \le (K - 1) e^{-g_p/T}",
    hypotheses={"two clusters or more": lambda case: case.n_clusters >= 2},
    instances=COOL,
    solve=one_update,
    claim=Inequality(nearly_hard),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(nearly_hard, share=0.5))),
        saboteur("twice the temperature", solve=warmer),
    ),
)


WIDE = 0.125  # the least gap between the two smallest costs of a point, for labels that rounding cannot change


TURNS = 6


@dataclass(frozen=True)
class Scattered:
    """Points and first centers."""

    features: np.ndarray
    first: np.ndarray


def squared(X: np.ndarray, M: np.ndarray) -> np.ndarray:
    """Return squared distances, entry by entry."""
    return ((X[:, None] - M[None]) ** 2).sum(2)


def lloyds(scattered: Scattered) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Run Lloyd's iteration: labels, centers, the least gap on the way, and the size of the smallest cluster."""
    X, M = scattered.features, scattered.first.astype(float)
    gap, smallest, labels = np.inf, len(X), np.zeros(len(X), dtype=np.int64)
    for _ in range(TURNS):
        costs = squared(X, M)
        ordered = np.sort(costs, axis=1)
        gap = min(gap, float((ordered[:, 1] - ordered[:, 0]).min()))
        labels = costs.argmin(1)
        sizes = np.bincount(labels, minlength=len(M))
        smallest = min(smallest, int(sizes.min()))
        M = np.stack([X[labels == c].mean(0) if sizes[c] else M[c] for c in range(len(M))])
    return labels, M, gap, smallest


@dataclass(frozen=True)
class Hard:
    """Labels and centers of the cold optimizer, and of the package's K-means."""

    cold_labels: np.ndarray
    cold_centers: np.ndarray
    labels: np.ndarray
    centers: np.ndarray


@formula(g="(0, inf)", K="[2, inf)", epsilon="(0, 1)")
def hard_temperature(g: Number, K: int, epsilon: Number = 1e-16) -> Number:
    """At this temperature the largest entry of an updated row, with the gap g, misses 1 by at most epsilon.

    g / log((K - 1) / epsilon).

    Proof
    -----
    Assumes: g > 0 is at most the gap of every row, which is up to the caller.

    Proof: (K - 1) exp(-g / T) <= epsilon is T <= g / log((K - 1) / epsilon), where the logarithm is positive since
    epsilon < 1. Then 1 - max z <= epsilon by `hard_limit_gap`, and the largest entry of a softmax stands where the cost
    is least.
    """
    return g / np.log(inexact((K - 1) / epsilon))


def hardened(scattered: Scattered, rng: np.random.Generator | None = None, temperature: float | None = None) -> Hard:
    """The cold optimizer without neighbors, at half of the temperature at which labels are hard, and K-means."""
    X, K = scattered.features, len(scattered.first)
    T = float(hard_temperature(WIDE, K)) / 2 if temperature is None else temperature
    options = {"lam": 0.0, "temperature": T, "affinity": np.zeros((len(X), len(X))), "tol": 0.0, "max_iter": TURNS}
    cold = cluster(X, K, init=scattered.first, **options)
    plain = lloyd(X, K, init=scattered.first, max_iter=TURNS)
    return Hard(cold.labels, cold.prototypes, plain.labels, plain.prototypes)


def draw_scattered(draws: Draws) -> Scattered:
    """Four to eight points in the plane, two or three centers among them."""
    n, k = draws.integers(4, 8), draws.integers(2, 3)
    features = draws.integers(-16, 16, shape=(n, 2)) / 4
    return Scattered(features, features[draws.permutation(n)[:k]])


SCATTERED = Family(
    "scattered",
    always=(Scattered(np.array([[-2.0], [-1.5], [-1.0], [0.25], [1.5], [2.0]]), np.array([[-2.0], [-1.5]])),),
    draw=draw_scattered,
)


def one_turn_less(scattered: Scattered, rng: np.random.Generator) -> Hard:
    """Centers before their last move: those of K-means at the start."""
    return replace(hardened(scattered), centers=scattered.first)


def as_lloyd(scattered: Scattered, found: Hard) -> Sides:
    """Compare labels and centers of the cold optimizer and of K-means with Lloyd's iteration."""
    labels, centers, _, _ = lloyds(scattered)
    wanted = np.r_[labels, centers.ravel()]
    cold, plain = np.r_[found.cold_labels, found.cold_centers.ravel()], np.r_[found.labels, found.centers.ravel()]
    return Sides(
        np.stack([cold, plain]),
        np.stack([wanted, wanted]),
        rounding=rounding(4096, 1 + np.abs(scattered.features).max()),
    )


TC_S6_LLOYD = Statement(
    id="transductive_clustering/TC-S6-lloyd",
    title="Cold and without neighbors, turns are Lloyd's iteration",
    says=(
        "Without neighbors (lambda = 0), and at a temperature T of at most g / log(10^16 (K - 1)), turns give the "
        "labels and means of K-means. K is the number of clusters, and g the least gap between the two smallest "
        "squared distances of a point to the centers on the way."
    ),
    source=Derived(hard_temperature),
    tex=r"\lambda = 0,\ T \le g / \log(10^{16}(K - 1)) \Rightarrow \text{labels and means of } K\text{-means}",
    hypotheses={
        "no point between two centers": lambda scattered: lloyds(scattered)[2] >= WIDE,
        "no empty cluster": lambda scattered: lloyds(scattered)[3] > 0,
    },
    instances=SCATTERED,
    solve=hardened,
    claim=Identity(as_lloyd),
    saboteurs=(
        saboteur("T = 1 called hard", solve=partial(hardened, temperature=1.0)),
        saboteur("labels before the centers move", solve=one_turn_less),
    ),
)


@formula(d="[0, inf)", lam="[0, inf)", T="(0, inf)")
def mass_floor(A: ArrayLike, d: Numbers, lam: Number, T: Number) -> Numbers:
    """No entry of an updated row is below this, where d are the sums of the rows of W.

    exp(-(max_l a_pl - min_l a_pl + lambda d_p) / T) / K.

    Proof
    -----
    Assumes: no entry of W is negative, a hypothesis of the statement, and rows of Z lie in the simplex.

    Proof: The logits are (lambda (W Z)_pl - a_pl) / T with 0 <= (W Z)_pl <= d_p, so any two of them differ by at most s
    = (max a - min a + lambda d_p) / T. Entry l of a softmax of x is 1 / sum_j exp(x_j - x_l), at least exp(-s) / K.
    """
    A = with_columns("A", A, shape=None)
    spread = A.max(axis=-1) - A.min(axis=-1)
    spread = spread + lam * fitting("d", d, spread)
    return np.exp(inexact(-spread / T)) / A.shape[-1]


def floors(case: Case, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare the lower bound with the entries of free rows, once these are those of the definition."""
    degree = case.affinity.sum(1)[case.free]
    least = mass_floor(case.costs[case.free], degree, case.lam, case.temperature)
    rows = np.asarray(found)[case.free]
    wrong = unlike(found - update(case, case.init), case.spoiled)
    return wrong or entries(factor * np.asarray(least), rows.min(1), least=0.0, rounding=case.spoiled)


TC_T12 = Statement(
    id="transductive_clustering/TC-T12",
    title="No cluster loses all of a point",
    says=(
        "In the update S(Z) each entry of a free row p is at least exp(-(range of a_pl over clusters l + lambda d_p) "
        "/ T) / K. a_pl are the costs of the point, d_p is the sum of its weights, T the temperature and K the number"
        " of clusters."
    ),
    source=Derived(mass_floor),
    tex=r"S(Z)_{pl} \ge e^{-(\max_l a_{pl} - \min_l a_{pl} + \lambda d_p)/T}/K",
    hypotheses={"weights at or above zero": attracts},
    instances=CASES,
    solve=one_update,
    claim=Inequality(floors),
    saboteurs=(
        saboteur("a quarter of the temperature", solve=colder_once),
        saboteur("four times as much", claim=Inequality(partial(floors, factor=4.0))),
    ),
)
