"""A momentum that is older than the subspace."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import gathered, table
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from proofs_checks.continual_learning.families.subspaces import LAYOUTS, begun, oriented
from proofs_checks.continual_learning.families.training import Training, columns, is_training, of_arrays, steps


def is_dyadic(case: Training) -> bool:
    """Decide whether doubles compute with it exactly: halves and small integers, at most 4 steps, momentum 1/2."""
    arrays = (case.M, case.W, case.buffer, *case.gradients)
    small = all(bool((2 * x == np.round(2 * x)).all() and (np.abs(x) < 64).all()) for x in arrays)
    powers = case.momentum in (0.5, 0.25, 0.0) and case.step_size in (1.0, 0.5, 0.25)
    orthonormal = np.array_equal(case.M.T @ case.M, np.eye(case.M.shape[1]))
    return bool(small and powers and orthonormal and len(case.gradients) <= 4)


Found = dict[str, Any]


def heavy_ball(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by momentum with gradients that the library projects, as programs do that change gradients alone."""
    protector, m, W = begun(case), case.buffer, case.W
    for G in case.gradients:
        m = case.momentum * m + np.asarray(protector.project(G))
        W = W - case.step_size * m
    return {"after": W}


def balls() -> tuple[Training, ...]:
    """Return the smallest run whose momentum was filled before, a cleared one, and longer ones."""
    W, G, H, m = np.random.default_rng(0).integers(-4, 5, (4, 4, 2))
    one = np.array([[1.0], [0.0]])
    return (
        of_arrays(one, ([[0.0], [0.0]], [[0.0], [1.0]]), [[4.0], [0.0]], "rows"),
        of_arrays(columns(1, 2), (W, G, H), m, "torch"),
        of_arrays(columns(1, 2), (W, G, H, G), 0 * m, "torch", step_size=0.5),
        of_arrays(columns(0), (W, G, H, H, G), m, "rows", momentum=0.25, step_size=1.0),
    )


def draw_ball(draws: Draws) -> Training:
    """Draw up to 4 steps of small integers."""
    n_steps, p = draws.integers(1, 4), draws.integers(1, 3)
    M = columns(*map(int, draws.permutation(4)[: draws.integers(1, 3)]))
    arrays = draws.integers(-4, 4, shape=(n_steps + 2, 4, p)).astype(float)
    options = {"momentum": draws.choice((0.5, 0.25)), "step_size": draws.choice((1.0, 0.5, 0.25))}
    return of_arrays(M, arrays[1:], arrays[0], draws.choice(LAYOUTS), **options)


BALLS = Family("heavy-balls", always=balls, draw=draw_ball)


def heavy_ball_in_the_open(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by momentum, without any projection."""
    plain = replace(case, optimizer="momentum")
    return {"after": steps(plain, lambda before, after: after)}


def cleared(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Clear the momentum first."""
    return heavy_ball(replace(case, buffer=0 * case.buffer))


@formula(beta="[0, 1)", eta="(-inf, inf)", T="[0, inf)")
def momentum_leak(m: ArrayLike, beta: Number, eta: Number, T: int) -> np.ndarray:
    """-eta (beta + beta^2 + ... + beta^T) m, the way of heavy-ball steps although all gradients are projected.

    Proof
    -----
    Assumes: m_j = beta m_{j-1} + (projected gradient), and steps -(step size) m_j.

    Proof: M^T m_j = beta^j M^T m_0, since projected gradients have no part inside. Add the steps.
    """
    total: Number = sum((beta**j for j in range(1, T + 1)), start=0)
    return gathered(table("m", m) * (-eta * total))


def leaks_momentum(case: Training, found: Found, clean: bool = False) -> Sides:
    """Compare the change inside of the subspace with the formula, and that outside of it with plain momentum."""
    moved, buffer = case.moved(found["after"]), oriented(case.buffer, case.layout)
    geometric = partial(momentum_leak, beta=case.momentum, eta=case.step_size, T=len(case.gradients))
    inside, free = geometric(case.M.T @ buffer), geometric(buffer)
    for i, G in enumerate(case.gradients):
        weight = sum(case.momentum**j for j in range(len(case.gradients) - i))
        free = free - case.step_size * weight * oriented(G, case.layout)
    lhs = np.concatenate([(case.M.T @ moved).ravel(), case.outside(moved).ravel()])
    return Sides(lhs, np.concatenate([(0 if clean else 1) * inside.ravel(), case.outside(free).ravel()]))


def leaks_nothing(case: Training, found: Found) -> Sides:
    """Compare the change inside of the subspace with 0, as if the momentum had been cleared."""
    return leaks_momentum(case, found, clean=True)


CS_5 = Statement(
    id="continual_learning/CS-5",
    title="A momentum that is older than the subspace leaks by a geometric sum",
    says=(
        "Heavy-ball steps of size eta with momentum beta start from a momentum m, and every gradient is projected off "
        "the subspace M. After T steps the weights have moved inside of the subspace by -eta (beta + ... + beta^T) M^T "
        "m, which is 0 only where the momentum was projected or cleared."
    ),
    source=Derived(momentum_leak),
    tex=r"M^\top(W_T - W_0) = -\eta\textstyle\sum_{j=1}^T\beta^j\,M^\top m_0",
    hypotheses={"a basis, gradients and a momentum that fit": is_training, "exact in doubles": is_dyadic},
    instances=BALLS,
    solve=heavy_ball,
    claim=Identity(leaks_momentum),
    decisions=("after",),
    saboteurs=(
        saboteur("projected gradients alone move nothing inside", claim=Identity(leaks_nothing)),
        saboteur("gradients are not projected", solve=heavy_ball_in_the_open),
        saboteur("the momentum is cleared", solve=cleared),
    ),
    notes="Released programs project gradients and keep the momentum of earlier tasks.",
)
