"""Moments of perturbations and of fitness, members without pairs, and baselines: EG-M, EG-N, EG-A and EG-B."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.evolution.variances import ONE, PAIRS, TASK, laws_of
from proofs_checks.low_rank_optimizers.families.estimates import (
    Found,
    both,
    centered,
    error,
    estimated,
    gradient_of,
    gradient_square,
    integers,
    moments,
    offsets_of,
    sides_of,
    spread,
    surrogate,
)
from proofs_checks.low_rank_optimizers.families.polynomials import (
    FEW,
    HALF,
    Task,
    at_most,
    combinations,
    cubics,
    drawing,
    is_symmetric,
    patterns,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import estimators as wrong


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
        saboteur("E without the root of the rank", solve=wrong.undivided),
        saboteur("one column for all", solve=wrong.of_one_column),
    ),
    notes=(
        "The sixth moment is decided by a law on -3, ..., 3 with weights 1, 9, 45, 70, 45, 9, 1 over 180, whose "
        "moments are those of a Gaussian up to the seventh."
    ),
)


def below_spread(task: Task, found: Found, power: int = 1) -> Sides:
    """Bound the squared norm of the mean by the variance of fitness over the square of sigma."""
    mean, due = moments(task, found["estimates"])[0], surrogate(task)
    size = sum(one * one for one in mean)
    return Sides(*sides_of((mean, due), (due, mean), (size, spread(task) / task.variance**power)))


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

EG_N = Statement(
    id="low_rank_optimizers/EG-N",
    title="The spread of fitness bounds what is estimated",
    says=(
        "The mean g_r of mirrored pairs is E[E f(M + sigma E)] / sigma, and its norm is at most the standard deviation "
        "of f(M + sigma E) over sigma, for every rank and every symmetric law of the factors, with equality for affine "
        "f. So a pilot of fitness values tells how large a gradient can be."
    ),
    source=Derived(theory.gradient_norm_bound),
    tex=r"\|g_r(M)\| \le \mathrm{sd}\,f(M + \sigma E) / \sigma",
    hypotheses=PAIRS | ONE | {"at most cubic": at_most(3)},
    instances=SPREADS,
    solve=estimated,
    claim=Inequality(below_spread, unbounded="estimates may be as large as their solver likes"),
    decisions=("estimates",),
    saboteurs=(
        saboteur("over the square of sigma", claim=Inequality(partial(below_spread, power=2))),
        saboteur("E without the root of the rank", solve=wrong.unscaled),
        saboteur("the mean over members", solve=wrong.over_members),
    ),
)


def is_alone(task: Task) -> bool:
    """Decide whether members do not come in pairs."""
    return not task.mirrored


def has_root(task: Task) -> bool:
    """Decide whether sigma is rational."""
    return task.rank in (1, 4)


ALONE = TASK | {"symmetric factors": is_symmetric, "no pairs": is_alone}


def with_and_without(task: Task, found: Found, halved: bool = False) -> Sides:
    """Compare means and mean squared errors of estimates without and with pairs with the formulas."""
    pairs, G, square = replace(task, mirrored=True), gradient_of(task), gradient_square(task)
    value = sum(c for c, *places in task.terms if not places)
    given = {"rank": task.rank, "gradient_square": square} | laws_of(task)
    sigma = task.scale * (2 if task.rank == 4 else 1)
    shape, N = task.shapes[0], task.pairs
    paired = theory.estimator_mse(shape, pairs=N, **given)
    alone = theory.one_sided_mse(shape, evaluations=N, value=value, sigma=sigma, **given)
    if halved:  # N evaluations are N / 2 pairs
        alone = 4 * paired
    sides = (
        (moments(task, found["alone"])[0], G),
        (moments(pairs, found["paired"])[0], G),
        (error(task, found["alone"]), alone),
        (error(pairs, found["paired"]), paired),
    )
    return Sides(*sides_of(*sides))


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
    source=Derived(theory.one_sided_mse),
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
        saboteur("the mean over members", solve=partial(wrong.of_both, estimator=wrong.over_members)),
        saboteur("new factors in the mirrored member", solve=partial(wrong.of_both, estimator=wrong.fresh)),
    ),
)


def shrunk(task: Task, found: Found, factor: Fraction | None = None) -> Sides:
    """Compare the mean of estimates with a baseline, N times as large, with N - 1 times the surrogate."""
    share = theory.baseline_factor(task.pairs) if factor is None else factor
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
    source=Derived(theory.baseline_factor),
    tex=r"\mathbb E\,\frac{1}{N\sigma} \sum_i (f_i - \bar f) E_i = \Bigl(1 - \frac1N\Bigr) g_r",
    hypotheses=ALONE | ONE | {"at most cubic": at_most(3)},
    instances=BASELINES,
    solve=centered,
    claim=Identity(shrunk),
    decisions=("sums",),
    saboteurs=(
        saboteur("unbiased", claim=Identity(partial(shrunk, factor=Fraction(1)))),
        saboteur("no baseline", solve=wrong.without_baseline),
        saboteur("the mean of the other members", solve=wrong.beside_the_others),
    ),
    notes="The solver returns N times its estimates, so that they are exact numbers.",
)
