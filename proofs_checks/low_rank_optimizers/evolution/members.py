"""Members without pairs, and baselines.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.theory.moments import sides
from proofs_checks.low_rank_optimizers.families.estimates import (
    error,
    estimated,
    gradient_of,
    gradient_square,
    members_of,
    moments,
    sides_of,
    surrogate,
)
from proofs_checks.low_rank_optimizers.families.estimators import fresh, over_members
from proofs_checks.low_rank_optimizers.families.polynomials import (
    FEW,
    Task,
    at_most,
    combinations,
    drawing,
    in_doubles,
    is_symmetric,
)
from proofs_checks.low_rank_optimizers.families.tasks import ONE, TASK, laws_of

Found = dict[str, Any]


def both(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return estimates without mirrored pairs, and with as many pairs."""
    return {"alone": estimated(task)["estimates"], "paired": estimated(replace(task, mirrored=True))["estimates"]}


def of_both(task: Task, rng: np.random.Generator | None = None, estimator: Any = fresh) -> Found:
    """Return honest estimates without pairs, and wrong ones with pairs."""
    pairs = replace(task, mirrored=True)
    return {"alone": estimated(task)["estimates"], "paired": estimator(pairs)["estimates"]}


def has_root(task: Task) -> bool:
    """Decide whether sigma is rational."""
    return task.rank in (1, 4)


def is_alone(task: Task) -> bool:
    """Decide whether members do not come in pairs."""
    return not task.mirrored


ALONE = TASK | {"symmetric factors": is_symmetric, "no pairs": is_alone}


@formula(N="[1, inf)", square="[0, inf)", f0="(-inf, inf)", sigma="(0, inf)", kA="[-2, inf)", kB="[-2, inf)")
def one_sided_mse(
    shape: Sequence[int], r: float, N: int, square: Number, f0: Number, sigma: Number, kA: Number = 0, kB: Number = 0
) -> Number:
    r"""The mean squared error of N members without pairs, for an affine objective with `square` = |G|^2.

    Proof
    -----
    Assumes: f affine, raw fitness, members independent, and the laws of `theory.noise_constant`.

    Proof: a member gives E (f(M) / sigma + <G, E>). The cross term of its mean square, \|E\|^2 <G, E> f(M) / sigma, is
    odd in A and vanishes; the other terms are f(M)^2 mn / sigma^2 and \|G\|^2 (mn + 2 + c/r) (statement EG-V). Subtract
    \|G\|^2 and divide by N.
    """
    m, n = sides(shape)
    f0, s = exact(f0), exact(sigma)
    v = theory.estimator_mse(shape, rank=r, pairs=1, gradient_square=square, kurtosis_a=kA, kurtosis_b=kB)
    return plain((f0 * f0 * (m * n) / (s * s) + v) / N)


def with_and_without(task: Task, found: Found, halved: bool = False) -> Sides:
    """Compare means and mean squared errors of estimates without and with pairs with the formulas."""
    pairs, G, square = replace(task, mirrored=True), gradient_of(task), gradient_square(task)
    value = sum(c for c, *places in task.terms if not places)
    laws = laws_of(task)
    sigma = task.scale * (2 if task.rank == 4 else 1)
    shape, N = task.shapes[0], task.pairs
    paired = theory.estimator_mse(shape, rank=task.rank, pairs=N, gradient_square=square, **laws)
    alone = one_sided_mse(shape, task.rank, N, square, value, sigma, *laws.values())
    if halved:  # N evaluations are N / 2 pairs
        alone = 4 * paired
    sides = (
        (moments(task, found["alone"])[0], G),
        (moments(pairs, found["paired"])[0], G),
        (error(task, found["alone"]), alone),
        (error(pairs, found["paired"]), paired),
    )
    return Sides(*sides_of(*sides))


HALF = Fraction(1, 2)


def draw_affine(draws: Any) -> Task:
    """Draw an affine function, one or two members, and a rank that is a square."""
    law, rank, m, n = draws.choice([one for one in combinations(FEW) if one[1] in (1, 4)])
    times = 2 if 2 * rank * (m + n) <= FEW[law] else 1
    terms = [
        (int(c), *([place - 1] if place else [])) for place, c in enumerate(draws.integers(-3, 3, shape=m * n + 1))
    ]
    return Task(((m, n),), rank, law, draws.choice((HALF, Fraction(1), Fraction(2))), tuple(terms), times, False)


AFFINE = Family(
    "affine",
    always=lambda: (
        Task(((1, 1),), 1, "sign", HALF, ((3, 0),), 1, False),
        Task(((1, 1),), 1, "sign", HALF, ((3, 0), (1,)), 1, False),
        Task(((1, 1),), 1, "three-point", HALF, ((3, 0), (-2,)), 2, False),
        Task(((1, 1),), 4, "sign", Fraction(2), ((1, 0), (2,)), 1, False),
        Task(((2, 1),), 1, "three-point", Fraction(1), ((1, 0), (-2, 1), (3,)), 1, False),
        Task(((2, 1),), 1, "sign", Fraction(1), ((1, 0), (-2, 1), (1,)), 2, False),
        Task(((2, 2),), 1, "three-point", HALF, ((1, 0), (-2, 3), (1,)), 1, False),
        Task(((1, 1),), 1, "sign", HALF, (), 1, False),
    ),
    draw=draw_affine,
)


EG_A = Statement(
    id="low_rank_optimizers/EG-A",
    title="Mirrored pairs win where the value is large beside the gradient",
    says=(
        "For an affine f of the value f0 at M and the gradient G, N members without pairs have the mean squared error "
        "(f0^2 mn / sigma^2 + v |G|^2) / N, and P mirrored pairs v |G|^2 / P, with v = mn + 1 + c/r of EG-V. With as "
        "many evaluations, pairs win if and only if f0^2 mn > sigma^2 v |G|^2."
    ),
    source=Derived(one_sided_mse),
    tex=(
        r"\mathrm{mse}_N = \frac1N\Bigl(\frac{f_0^2 mn}{\sigma^2} + v\|G\|^2\Bigr),\qquad \mathrm{mse}^{\pm}_P = "
        r"\frac{v\|G\|^2}{P},\qquad v = mn + 1 + \frac cr"
    ),
    hypotheses=ALONE | ONE | {"affine": at_most(1), "sigma is rational": has_root},
    instances=AFFINE,
    solve=both,
    claim=Identity(with_and_without),
    decisions=("alone", "paired"),
    saboteurs=(
        saboteur("pairs always halve the variance", claim=Identity(partial(with_and_without, halved=True))),
        saboteur("the mean over members", solve=partial(of_both, estimator=over_members)),
        saboteur("new factors in the mirrored member", solve=partial(of_both, estimator=fresh)),
    ),
)


def centered(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the library's estimates where the mean of all members is subtracted from the fitness of each."""
    exact = not in_doubles(task)
    offsets, A, B = members_of(task, exact, task.scale)
    fitness = task.value(offsets).reshape(-1, task.pairs)
    rows = []
    for place, values in enumerate(fitness):
        generation = Perturbations(
            [one[place] for one in A], [one[place] for one in B], scale=task.scale, mirrored=False
        )
        total = generation.gradient(task.pairs * values - values.sum())
        rows.append(np.concatenate([one.ravel() for one in total]))
    return {"sums": np.array(rows)}


def without_baseline(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Subtract nothing from the fitness."""
    return {"sums": estimated(task)["estimates"] * task.pairs}


def beside_the_others(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Subtract from the fitness of each member the mean of the others."""
    N = task.pairs
    return {"sums": centered(task)["sums"] * N / max(N - 1, 1)}


@formula(N="[1, inf)")
def baseline_factor(N: int) -> Fraction:
    """The mean of an estimate with the mean of N members as its baseline, in units of that without a baseline.

    Proof
    -----
    Assumes: members independent.

    Proof: (1/N) sum_i E[(f_i - mean f) E_i] = E[f E] - (1/N) E[f E], as f_j and E_i are independent for j != i and E
    has mean 0.
    """
    return 1 - Fraction(1, N)


def shrunk(task: Task, found: Found, factor: Fraction | None = None) -> Sides:
    """Compare the mean of estimates with a baseline, N times as large, with N - 1 times the surrogate."""
    share = baseline_factor(task.pairs) if factor is None else factor
    return Sides(*sides_of((moments(task, found["sums"])[0], task.pairs * share * surrogate(task))))


def draw_baseline(draws: Any) -> Task:
    """Draw a cubic, and one or two members."""
    times = draws.choice((1, 2))
    return drawing(3, {"three-point": 4, "sign": 6}, times=times, mirrored=False)(draws)


BASELINES = Family(
    "baselines",
    always=lambda: (
        Task(((1, 1),), 1, "sign", HALF, ((3, 0),), 1, False),
        Task(((1, 1),), 1, "sign", HALF, ((3, 0), (1,)), 2, False),
        Task(((2, 1),), 1, "sign", HALF, ((16, 0), (12, 1), (1,), (1, 0, 1)), 3, False),
        Task(((1, 1),), 1, "three-point", HALF, ((1, 0, 0, 0), (1, 0, 0)), 3, False),
    ),
    draw=draw_baseline,
)


EG_B = Statement(
    id="low_rank_optimizers/EG-B",
    title="The mean of the population as a baseline shrinks the estimate",
    says=(
        "Without mirrored pairs, the estimate of N members from whose fitness the mean of all N is subtracted has the "
        "mean (1 - 1/N) g_r, where g_r is that without a baseline."
    ),
    source=Derived(baseline_factor),
    tex=r"\mathbb E\,\frac{1}{N\sigma} \sum_i (f_i - \bar f) E_i = \Bigl(1 - \frac1N\Bigr) g_r",
    hypotheses=ALONE | ONE | {"at most cubic": at_most(3)},
    instances=BASELINES,
    solve=centered,
    claim=Identity(shrunk),
    decisions=("sums",),
    saboteurs=(
        saboteur("unbiased", claim=Identity(partial(shrunk, factor=Fraction(1)))),
        saboteur("no baseline", solve=without_baseline),
        saboteur("the mean of the other members", solve=beside_the_others),
    ),
    notes="The solver returns N times its estimates, so that they are exact numbers.",
)
