"""The variance of low-rank evolution strategies on quadratic objectives.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.families.estimates import (
    error,
    estimated,
    gradient_of,
    gradient_square,
    moments,
    sides_of,
)
from proofs_checks.low_rank_optimizers.families.estimators import (
    _products,
    fresh,
    over_members,
    signs_in_the_update,
    unscaled,
)
from proofs_checks.low_rank_optimizers.families.polynomials import FEW, Task, drawing, is_sign, patterns, polynomials_of
from proofs_checks.low_rank_optimizers.families.tasks import ONE, QUADRATIC, TWICE_AS_MANY, laws_of

HALF = Fraction(1, 2)


def quadratics() -> tuple[Task, ...]:
    """Return quadratics of all shapes, a gradient of zero, two pairs, and one constant."""
    one = Task(((1, 1),), 1, "sign", HALF, ((3, 0),))
    return (
        one,
        replace(one, law="three-point"),
        replace(one, law="three-point", scale=Fraction(1), rank=2),
        replace(one, pairs=2, terms=((3, 0), (1, 0, 0))),
        replace(one, pairs=2, shapes=((2, 1),), rank=2, terms=((3, 0), (-1, 0, 1))),
        replace(one, pairs=2, law="three-point", terms=((2, 0), (1, 0, 0))),
        replace(one, terms=((2, 0, 0),)),
        replace(one, terms=((2,),)),
        *polynomials_of(2),
    )


QUADRATICS = Family("quadratics", always=quadratics, draw=drawing(2, FEW))


Found = dict[str, Any]


def standardized(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Divide fitness by its standard deviation in the sample."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    scale = float(task.scale)
    values = np.stack([task.value((c * E).reshape(-1, E.shape[-1])).reshape(E.shape[:2]) for c in (scale, -scale)], -1)
    std = values.std(axis=(1, 2))
    d = (values[..., 0] - values[..., 1]) / 2 / np.where(std > 0, std, 1.0)[:, None]
    return {"estimates": np.einsum("np,npd->nd", d, E) / (task.pairs * task.rank * scale)}


def mean_and_error(task: Task, found: Found, more: Fraction = Fraction(0), kurtosis: int | None = None) -> Sides:
    """Compare the mean of all estimates with the gradient, and their mean squared error with the formula."""
    estimates = found["estimates"]
    laws = laws_of(task) if kurtosis is None else {"kurtosis_a": kurtosis, "kurtosis_b": kurtosis}
    square = gradient_square(task)
    due = theory.estimator_mse(task.shapes[0], rank=task.rank, pairs=task.pairs, gradient_square=square, **laws)
    return Sides(
        *sides_of(
            (moments(task, estimates)[0], gradient_of(task)), (error(task, estimates), due + more * square / task.pairs)
        )
    )


EG_V = Statement(
    id="low_rank_optimizers/EG-V",
    title="Low rank is unbiased on quadratics, with a known variance",
    says=(
        "On a quadratic f with the gradient G at M, an m x n weight, the mean of P mirrored pairs of perturbations E = "
        "A B^T / sqrt(r) has the mean G, and its mean squared error is (mn + 1 + c/r) |G|^2 / P. Here c = 2 (m + n + "
        "1) + kA (n + 2) + kB (m + 2) + kA kB, with kA and kB the excess kurtosis of the entries of A and B: 2 (m + n "
        "+ 1) for Gaussian factors, -2 for signs. Neither sigma nor the Hessian matters."
    ),
    source=Derived(theory.estimator_mse),
    tex=r"\mathbb E\,\hat g = G,\qquad \mathbb E\|\hat g - G\|^2 = \frac{\|G\|^2}{P}\Bigl(mn + 1 + \frac{c}{r}\Bigr)",
    hypotheses=QUADRATIC | ONE,
    instances=QUADRATICS,
    solve=estimated,
    claim=Identity(mean_and_error),
    decisions=("estimates",),
    saboteurs=(
        saboteur("mn + 2 for mn + 1", claim=Identity(partial(mean_and_error, more=Fraction(1)))),
        saboteur("the constant of Gaussian factors for signs", claim=Identity(partial(mean_and_error, kurtosis=0))),
        saboteur("E without the root of the rank", solve=unscaled),
        saboteur("E divided by the rank", solve=partial(unscaled, power=-0.5)),
        saboteur("new factors in the mirrored member", solve=fresh),
        saboteur("the mean over members", solve=over_members),
        saboteur("fitness over its standard deviation", solve=standardized),
        saboteur("signs of the factors in the update alone", solve=signs_in_the_update),
    ),
    notes=(
        "All factors are gone through: signs, and the values -sqrt 3, 0, sqrt 3 with weights 1/6, 2/3, 1/6, which have "
        "the moments of a Gaussian up to the fifth, so that the formula for Gaussian factors is decided exactly."
    ),
)


def wrong_of_ranks(task: Task, rng: np.random.Generator | None = None, estimator: Any = fresh) -> Found:
    """Return what a wrong estimator gives at a rank and at twice that rank."""
    twice = replace(task, rank=2 * task.rank)
    return {"once": estimator(task)["estimates"], "more": estimator(twice)["estimates"]}


def of_ranks(task: Task, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the estimates of the rank of a task and of twice that rank, at one scale of the factors."""
    return {"once": estimated(task)["estimates"], "more": estimated(replace(task, rank=2 * task.rank))["estimates"]}


def below_full_noise(task: Task, found: Found) -> Sides:
    """Compare the errors of two ranks with each other and with that of full Gaussian noise, and both means with G."""
    G, square = gradient_of(task), gradient_square(task)
    twice = replace(task, rank=2 * task.rank)
    means = [moments(task, found["once"])[0], moments(twice, found["more"])[0]]
    made = [error(task, found["once"]), error(twice, found["more"])]
    full = theory.estimator_mse(task.shapes[0], rank=np.inf, pairs=task.pairs, gradient_square=square)
    pairs = [(one, G) for one in means] + [(G, one) for one in means]
    return Sides(*sides_of(*pairs, (made, [made[1], full])))


TWICE = {"three-point": 3, "sign": 6}


SIGNS = Family(
    "sign-quadratics",
    always=lambda: (
        Task(((1, 1),), 1, "sign", HALF, ((3, 0), (1, 0, 0))),
        Task(((2, 1),), 1, "sign", HALF, ((1, 0),)),
        Task(((2, 2),), 1, "sign", HALF, ((1, 0), (2, 1), (-1, 2), (1, 0, 3))),
        Task(((3, 2),), 1, "sign", Fraction(1), ((1, 0), (2, 1), (-1, 2), (1, 0, 3), (2, 5))),
        Task(((1, 1),), 2, "sign", HALF, ((1, 0), (-2,), (2, 0, 0))),
    ),
    draw=drawing(2, {"sign": 3}),
)


EG_VS = Statement(
    id="low_rank_optimizers/EG-VS",
    title="Factors of signs have less variance than full noise",
    says=(
        "On a quadratic with the gradient G, mirrored pairs of rank r with sign factors have a mean squared error of "
        "at most that of full Gaussian noise, (mn + 1) |G|^2 / P, for every r, and it does not fall as r grows to 2r; "
        "both have the mean G. At rank 1 it is (mn - 1) |G|^2 / P."
    ),
    source=Derived(theory.noise_constant),
    tex=r"\mathrm{mse}_{\pm}(r) \le \mathrm{mse}_{\pm}(2r) \le \frac{mn + 1}{P} \|G\|^2",
    hypotheses=QUADRATIC | ONE | TWICE_AS_MANY | {"sign factors": is_sign},
    instances=SIGNS,
    solve=of_ranks,
    claim=Inequality(below_full_noise, unbounded="estimates may be as far from the gradient as their solver likes"),
    decisions=("once", "more"),
    saboteurs=(
        saboteur(
            "as torcheggroll says: Gaussian factors reduce the variance",
            breaks="sign factors",
            printed=True,
            instances=Family(
                "gaussian-quadratics",
                always=(
                    Task(((1, 1),), 1, "three-point", HALF, ((1, 0),)),
                    Task(((2, 1),), 1, "three-point", HALF, ((1, 0), (-2, 1))),
                ),
                draw=drawing(2, TWICE),
            ),
        ),
        saboteur("the mean over members", solve=partial(wrong_of_ranks, estimator=over_members)),
        saboteur("fitness over its standard deviation", solve=partial(wrong_of_ranks, estimator=standardized)),
        saboteur("new factors in the mirrored member", solve=partial(wrong_of_ranks, estimator=fresh)),
    ),
    notes="The error at one number and rank 1 is 0. The larger error of Gaussian factors is that of EG-V.",
)
