"""Variances of low-rank evolution strategies: EG-V, VL, VS, O, A, C, M and N."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.families.estimates import (
    Found,
    error,
    errors,
    estimated,
    gradient_of,
    gradient_square,
    moments,
    sides_of,
    split,
)
from proofs_checks.low_rank_optimizers.families.polynomials import (
    HALF,
    QUADRATICS,
    Task,
    at_most,
    drawing,
    is_mirrored,
    is_sign,
    is_single,
    is_symmetric,
    is_task,
    is_task_twice,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import estimators as wrong

TASK: dict[str, Any] = {"all factors can be gone through": is_task}
PAIRS = TASK | {"symmetric factors": is_symmetric, "mirrored pairs": is_mirrored}
QUADRATIC = PAIRS | {"at most quadratic": at_most(2)}
ONE = {"one layer": is_single}
TWICE_AS_MANY = {"also those of twice the rank": is_task_twice}


def laws_of(task: Task) -> dict[str, int]:
    """Return the excess kurtosis of both factors, as the formulas take them."""
    return {"kurtosis_a": task.factor.kurtosis, "kurtosis_b": task.factor.kurtosis}


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
        saboteur("E without the root of the rank", solve=wrong.unscaled),
        saboteur("E divided by the rank", solve=partial(wrong.unscaled, power=-0.5)),
        saboteur("new factors in the mirrored member", solve=wrong.fresh),
        saboteur("the mean over members", solve=wrong.over_members),
        saboteur("fitness over its standard deviation", solve=wrong.standardized),
        saboteur("signs of the factors in the update alone", solve=wrong.signs_in_the_update),
    ),
    notes=(
        "All factors are gone through: signs, and the values -sqrt 3, 0, sqrt 3 with weights 1/6, 2/3, 1/6, which have "
        "the moments of a Gaussian up to the fifth, so that the formula for Gaussian factors is decided exactly."
    ),
)


def error_of_layers(task: Task, found: Found, alone: bool = False) -> Sides:
    """Compare the mean of each layer with its gradient, and its mean squared error with the formula."""
    estimates, G = found["estimates"], gradient_of(task)
    squares = [sum(g * g for g in part.ravel()) for part in split(task, G)]
    made = [sum(part.ravel()) for part in split(task, errors(task, estimates))]
    given = {"rank": task.rank, "pairs": task.pairs} | laws_of(task)
    due = theory.layer_mse(task.shapes, gradient_squares=squares, **given)
    if alone:
        due = [
            theory.layer_mse([m], gradient_squares=[s], **given)[0] for m, s in zip(task.shapes, squares, strict=True)
        ]
    return Sides(*sides_of((moments(task, estimates)[0], G), (made, due)))


def layered() -> tuple[Task, ...]:
    """Return two single numbers, equal and different shapes, a second layer without gradient, and both laws."""
    two = Task(((1, 1), (1, 1)), 1, "sign", HALF, ((1, 0), (2, 1)))
    return (
        two,
        replace(two, law="three-point"),
        replace(two, law="three-point", rank=2, terms=((1, 0), (2, 1), (-3, 0, 1))),
        replace(two, shapes=((2, 1), (2, 1)), terms=((1, 0), (2, 1), (-1, 2), (3, 3), (1, 0, 3))),
        replace(two, shapes=((2, 2), (1, 3)), terms=((1, 0), (2, 1), (-1, 2), (3, 4), (1, 0, 6))),
        replace(two, shapes=((2, 1), (1, 1)), rank=2, terms=((2, 0), (1, 1), (-3, 2))),
        replace(two, shapes=((2, 1), (1, 2)), terms=((2, 0),)),
        replace(two, shapes=((2, 1), (1, 2)), law="three-point", terms=((2, 0), (1, 3))),
        replace(two, pairs=2, terms=((2, 0), (1, 1), (1, 0, 1))),
        replace(two, shapes=((1, 1), (1, 1), (1, 2)), terms=((2, 0), (1, 1), (-2, 3), (2, 0, 2))),
    )


LAYERED = Family("layered-quadratics", always=layered, draw=drawing(2, {"three-point": 4, "sign": 6}, layers=2))

EG_VL = Statement(
    id="low_rank_optimizers/EG-VL",
    title="A layer's noise grows with the gradients of all layers",
    says=(
        "With independent factors in all layers of shapes m_l x n_l, and gradients G_l with the whole gradient G, the "
        "estimate of layer l has the mean G_l, and its mean squared error is (m_l n_l |G|^2 + (1 + c_l/r) |G_l|^2) / P "
        "on a quadratic, with c_l the constant of EG-V. The noise of a layer is paid for by the gradients of all."
    ),
    source=Derived(theory.layer_mse),
    tex=(
        r"\mathbb E\|\hat g_l - G_l\|^2 = \frac1P\Bigl(m_l n_l \|G\|^2 + \bigl(1 + \tfrac{c_l}{r}\bigr) \|G_l\|^2\Bigr)"
    ),
    hypotheses=QUADRATIC,
    instances=LAYERED,
    solve=estimated,
    claim=Identity(error_of_layers),
    decisions=("estimates",),
    saboteurs=(
        saboteur("each layer pays for itself", claim=Identity(partial(error_of_layers, alone=True))),
        saboteur("noise shared by layers of one shape", solve=wrong.shared),
        saboteur("the mean over members", solve=wrong.over_members),
        saboteur("new factors in the mirrored member", solve=wrong.fresh),
    ),
)


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
        saboteur("the mean over members", solve=partial(wrong.of_ranks, estimator=wrong.over_members)),
        saboteur("fitness over its standard deviation", solve=partial(wrong.of_ranks, estimator=wrong.standardized)),
        saboteur("new factors in the mirrored member", solve=partial(wrong.of_ranks, estimator=wrong.fresh)),
    ),
    notes="The error at one number and rank 1 is 0. The larger error of Gaussian factors is that of EG-V.",
)
