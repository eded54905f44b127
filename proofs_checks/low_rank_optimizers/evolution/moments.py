"""Moments of perturbations and of fitness.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from proofs_checks.guards import unlike
from proofs_checks.low_rank_optimizers.families.estimates import (
    _spread,
    estimated,
    integers,
    moments,
    sides_of,
    split,
    surrogate,
)
from proofs_checks.low_rank_optimizers.families.estimators import _products, over_members, unscaled
from proofs_checks.low_rank_optimizers.families.polynomials import (
    FEW,
    Task,
    at_most,
    combinations,
    cubics,
    drawing,
    in_doubles,
    patterns,
)
from proofs_checks.low_rank_optimizers.families.tasks import ONE, PAIRS, laws_of

Found = dict[str, Any]


def offsets_of(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the offset of the first member of each pattern from the center as rows."""
    A, B, weights = patterns(task, not in_doubles(task))
    generation = Perturbations([one[:, 0] for one in A], [one[:, 0] for one in B], scale=task.scale)
    center = split(task, np.array(list(map(Fraction, task.center.tolist())), object).astype(A[0].dtype))
    members = [generation.member(2 * i, center) for i in range(len(weights))]
    return {
        "offsets": np.array(
            [np.concatenate([(W - M).ravel() for W, M in zip(one, center, strict=True)]) for one in members]
        )
    }


def undivided(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the offsets of members without the root of the rank."""
    return {"offsets": offsets_of(task)["offsets"] * float(task.rank) ** 0.5}


def of_one_column(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return offsets that repeat the first column of the factors."""
    A, B, _ = patterns(task, False)
    repeated = [np.repeat(one[..., :1], task.rank, axis=-1) for one in A]
    E = _products(repeated, [np.repeat(one[..., :1], task.rank, axis=-1) for one in B])
    return {"offsets": E[:, 0] * float(task.scale)}


def powers_of_norm(task: Task, found: Found, kurtosis: int | None = None, infinite: bool = False) -> Sides:
    """Compare the means of the second, fourth and sixth power of the norm of an offset with the formulas."""
    weights = patterns(task)[2]
    values, below = integers(found["offsets"])
    if values.shape != (len(weights), task.n_weights):
        raise ValueError(f"`offsets` must be of shape {(len(weights), task.n_weights)}; got {values.shape}")
    squares, total = (values**2).sum(axis=1), int(weights.sum())
    laws = laws_of(task) if kurtosis is None else {"kurtosis_a": kurtosis, "kurtosis_b": kurtosis}
    shape, rank = task.shapes[0], np.inf if infinite else task.rank
    due = [shape[0] * shape[1], theory.fourth_moment(shape, rank=task.rank, **laws)]
    if task.law == "seven-point":
        due.append(theory.sixth_moment(shape, rank=rank))
    made = [Fraction(int((weights * squares**k).sum()), total * below ** (2 * k)) for k in range(1, len(due) + 1)]
    scaled = [one * task.variance**k for k, one in enumerate(due, start=1)]
    entries = [Fraction(int(one), total * below**2) for one in weights @ values**2]
    return Sides(*sides_of((made, scaled), (entries, [task.variance] * task.n_weights)))


HALF = Fraction(1, 2)


def draw_shape(draws: Any) -> Task:
    """Draw a shape, a rank, a law and a scale."""
    law, rank, m, n = draws.choice(combinations({"sign": 8, "three-point": 6, "seven-point": 4}))
    return Task(((m, n),), rank, law, draws.choice((HALF, Fraction(1), Fraction(1, 3))), ())


PERTURBED = Family(
    "perturbations",
    always=lambda: (
        *(Task(((1, 1),), rank, "seven-point", HALF, ()) for rank in (1, 2)),
        Task(((1, 2),), 1, "seven-point", HALF, ()),
        Task(((2, 2),), 1, "seven-point", Fraction(1), ()),
        Task(((3, 1),), 1, "seven-point", HALF, ()),
        Task(((1, 1),), 3, "three-point", HALF, ()),
        Task(((2, 1),), 2, "three-point", HALF, ()),
        Task(((1, 1),), 1, "sign", HALF, ()),
        Task(((1, 1),), 4, "sign", HALF, ()),
        Task(((2, 2),), 2, "sign", HALF, ()),
    ),
    draw=draw_shape,
)


EG_M = Statement(
    id="low_rank_optimizers/EG-M",
    title="The norm of a perturbation has known moments up to the sixth",
    says=(
        "A perturbation E = A B^T / sqrt(r) of an m x n weight has E|E|^2 = mn, with 1 for each entry, E|E|^4 = mn (mn "
        "+ 2 + c/r) with the constant c of EG-V, and for Gaussian factors E|E|^6 = [n^3 mr (mr + 2)(mr + 4) + 6 n^2 mr "
        "(mr + 4)(m + r + 1) + 8 n mr (m^2 + r^2 + 3mr + 3m + 3r + 4)] / r^3."
    ),
    source=Derived(theory.sixth_moment),
    tex=(
        r"\mathbb E\|E\|^2 = mn,\quad \mathbb E\|E\|^4 = mn\Bigl(mn + 2 + \frac cr\Bigr),\quad \mathbb E\|E\|^6 = "
        r"\frac{n^3 mr(mr+2)(mr+4) + 6n^2 mr(mr+4)(m+r+1) + 8n\,mr(m^2+r^2+3mr+3m+3r+4)}{r^3}"
    ),
    hypotheses=PAIRS | ONE,
    instances=PERTURBED,
    solve=offsets_of,
    claim=Identity(powers_of_norm),
    decisions=("offsets",),
    free={"offsets": "moments of even order do not see a sign"},
    saboteurs=(
        saboteur("no kurtosis for signs", claim=Identity(partial(powers_of_norm, kurtosis=0))),
        saboteur("the sixth moment of full noise", claim=Identity(partial(powers_of_norm, infinite=True))),
        saboteur("E without the root of the rank", solve=undivided),
        saboteur("one column for all", solve=of_one_column),
    ),
    notes=(
        "The sixth moment is decided by a law on -3, ..., 3 with weights 1, 9, 45, 70, 45, 9, 1 over 180, whose "
        "moments are those of a Gaussian up to the seventh."
    ),
)


def spread(task: Task) -> Fraction:
    """Return the variance of the fitness of a member."""
    return _spread(task)[1]


SPREADS = Family(
    "spreads-of-fitness",
    always=lambda: (
        Task(((1, 1),), 1, "sign", Fraction(2), ((3, 0),)),
        Task(((1, 1),), 2, "three-point", Fraction(1), ((3, 0),)),
        Task(((1, 1),), 4, "sign", HALF, ((3, 0), (2,))),
        Task(((2, 2),), 1, "three-point", Fraction(2), ((3, 0), (-1, 1), (2, 3))),
        *cubics()[:3],
    ),
    draw=drawing(3, FEW),
)


@formula(sd="[0, inf)", sigma="(0, inf)")
def gradient_norm_bound(sd: Number, sigma: Number) -> Number:
    """|g_r| is at most this, where `sd` is the standard deviation of f(M + sigma E).

    It is equal to it for affine f.

    Proof
    -----
    Assumes: entries of E of mean 0 and variance 1, uncorrelated.

    Proof: for a unit matrix Y, <Y, sigma g_r> = E[<Y, E> (f - E f)] is at most sd(f) by Cauchy and Schwarz, as E<Y,
    E>^2 = 1. Take Y along g_r.
    """
    s = exact(sigma)
    return plain(exact(sd) / s)


def below_spread(task: Task, found: Found, power: int = 1) -> Sides:
    """Bound the squared norm of the mean by the variance of fitness over the square of sigma, and the norm by roots."""
    mean, due = moments(task, found["estimates"])[0], surrogate(task)
    size = sum(one * one for one in mean)
    norm, most = math.sqrt(size), gradient_norm_bound(math.sqrt(spread(task)), math.sqrt(task.variance) ** power)
    off = unlike(max(norm - float(most), 0.0), float(rounding(16, norm)))
    return off or Sides(*sides_of((mean, due), (due, mean), (size, spread(task) / task.variance**power)))


EG_N = Statement(
    id="low_rank_optimizers/EG-N",
    title="The spread of fitness bounds what is estimated",
    says=(
        "The mean g_r of mirrored pairs is E[E f(M + sigma E)] / sigma, and its norm is at most the standard deviation "
        "of f(M + sigma E) over sigma, for every rank and every symmetric law of the factors, with equality for affine "
        "f. So a pilot of fitness values tells how large a gradient can be."
    ),
    source=Derived(gradient_norm_bound),
    tex=r"\|g_r(M)\| \le \mathrm{sd}\,f(M + \sigma E) / \sigma",
    hypotheses=PAIRS | ONE | {"at most cubic": at_most(3)},
    instances=SPREADS,
    solve=estimated,
    claim=Inequality(below_spread, unbounded="estimates may be as large as their solver likes"),
    decisions=("estimates",),
    saboteurs=(
        saboteur("over the square of sigma", claim=Inequality(partial(below_spread, power=2))),
        saboteur("E without the root of the rank", solve=unscaled),
        saboteur("the mean over members", solve=over_members),
    ),
)
