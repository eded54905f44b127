"""Averages over all patterns of factors."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.exact_gradients.exact_gradient import exact_gradient
from lrtheory.low_rank_optimizers.problem import PolynomialProblem
from proofs_checks.low_rank_optimizers.families.estimates import derivative, gradient_of, law_of, sides_of
from proofs_checks.low_rank_optimizers.families.polynomials import Task, at_most, dense_terms, drawing
from proofs_checks.low_rank_optimizers.families.tasks import ONE, PAIRS, laws_of


def is_rational(task: Task) -> bool:
    """Decide whether there is one pair, sigma is rational, and the library has the law."""
    return task.pairs == 1 and task.rank in (1, 4) and task.law in ("sign", "three-point")


Found = dict[str, Any]


def averaged(task: Task, rng: np.random.Generator | None = None, sigma: int = 1, law: str = "") -> Found:
    """Return what the library finds for a task, at another multiple of sigma or another law if one is given."""
    m, n = task.shapes[0]
    center = np.array([Fraction(int(x)) for x in task.center], object).reshape(m, n)
    tensors = [derivative(task, order).reshape((m, n) * order) for order in (1, 2, 3)]
    problem = PolynomialProblem(center, tensors[0], hessian=tensors[1], cubic=tensors[2])
    scale = sigma * task.scale * math.isqrt(task.rank)
    found = exact_gradient(problem, sigma=scale, rank=task.rank, factors=law or task.law)
    return {"gradient": found.gradient, "bias": found.bias, "variance": found.variance, "mse": found.mse}


def as_enumerated(task: Task, found: Found, uncentered: bool = False) -> Sides:
    """Compare an average with that of the law of updates, and its bias with the formulas, too."""
    law, G = law_of(task), gradient_of(task)
    rows = [(np.array(key, object), p) for key, p in law.items()]
    mean = np.asarray(sum(p * row for row, p in rows))
    mse, second = (sum(p * ((row - at) ** 2).sum() for row, p in rows) for at in (G, 0 * G))
    variance = second if uncentered else second - (mean * mean).sum()
    C = derivative(task, 3).reshape(task.shapes[0] * 3)
    of_rank = theory.low_rank_bias(C, sigma=task.scale, rank=1, **laws_of(task))  # sigma^2 / r is the scale's square
    bias = (theory.smoothing_bias(C, sigma=1) * task.variance + of_rank).ravel()
    sides = (found["gradient"], mean), (found["bias"], mean - G), (found["variance"], variance), (found["mse"], mse)
    return Sides(*sides_of(*sides, (np.ravel(found["bias"]), bias)))


HALF = Fraction(1, 2)


def draw_rational(draws: Any) -> Task:
    """Draw a cubic with a rank that is a square."""
    task = drawing(3, {"three-point": 4, "sign": 6})(draws)
    small = task.shapes == ((1, 1),) and task.law == "sign"
    return replace(task, rank=4 if small and draws.choice((True, False)) else 1)


AVERAGED = Family(
    "averaged-cubics",
    always=lambda: (
        Task(((1, 1),), 1, "sign", HALF, ((3, 0), (1, 0, 0, 0))),
        Task(((1, 2),), 1, "three-point", HALF, ((3, 0), (1, 0, 0, 1))),
        Task(((2, 1),), 1, "three-point", Fraction(1, 3), dense_terms(2, 3), start=(1, -2)),
        Task(((1, 1),), 4, "sign", HALF, dense_terms(1, 3), start=(1,)),
        Task(((2, 2),), 1, "sign", Fraction(2), dense_terms(4, 3), start=(1, 0, -1, 2)),
    ),
    draw=draw_rational,
)


EG_P = Statement(
    id="low_rank_optimizers/EG-P",
    title="The library's average over all patterns of factors is exact",
    says=(
        "For a cubic, the library's average of the estimate of one mirrored pair over all patterns of its factors has "
        "the mean, the bias, the variance and the mean squared error of the law of (f(M + sigma E) - f(M - sigma E)) E "
        "/ (2 sigma), in Fractions."
    ),
    source=Derived(theory.low_rank_bias),
    tex=(
        r"g_r = \sum_E p(E)\, u(E),\quad \mathrm{mse} = \sum_E p(E) \|u(E) - \nabla f(M)\|^2,\quad "
        r"u(E) = \tfrac{f(M + \sigma E) - f(M - \sigma E)}{2\sigma} E"
    ),
    hypotheses=PAIRS | ONE | {"at most cubic": at_most(3), "sigma is rational": is_rational},
    instances=AVERAGED,
    solve=averaged,
    claim=Identity(as_enumerated),
    decisions=("gradient", "bias", "variance", "mse"),
    saboteurs=(
        saboteur("twice sigma", solve=partial(averaged, sigma=2)),
        saboteur("signs for every law", solve=partial(averaged, law="sign")),
        saboteur("the variance is the second moment", claim=Identity(partial(as_enumerated, uncentered=True))),
    ),
    notes="The sides of EG-V, EG-2 and EG-M go through the same patterns with the factors of a strategy instead.",
)
