"""Changes of the loss and of the product by half-steps and by joint steps.

P_B and P_A project onto the columns of the factor B and the rows of A. G is a gradient in the merged weight. The step
size is lr.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Generic, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.training.steps import _Projection
from proofs_checks.low_rank_adapters.families.factors import (
    FACTORS,
    FULL,
    UNSCALED,
    Factors,
    allowance,
    beside,
    moves,
    norm,
    worst,
)
from proofs_checks.low_rank_adapters.families.moves import half_steps, optimizer, pair
from proofs_checks.low_rank_adapters.families.rationals import factor_of, pseudo_inverse, rational
from proofs_checks.low_rank_adapters.families.steps import released_joint
from proofs_checks.low_rank_adapters.projections.captured_energies import split_energies
from proofs_checks.low_rank_adapters.projections.projected_steps import projected

Found = dict[str, np.ndarray]
LATE = "B moves by the inverse of the new A, as released"


@formula(energy="[0, inf)", lr="(-inf, inf)")
def half_step_decrease(energy: Number, lr: Number) -> Number:
    r"""A half-step takes this off |R|^2, where `energy` is |P_B R|^2 for A and |R P_A|^2 for B.

    It is negative, so that the loss grows, where lr is not in [0, 2].

    Proof
    -----
    Assumes: no momentum, weight decay or damping.

    Proof: R' = R - lr P_B R. Its squared norm is \|R - P_B R\|^2 + (1 - lr)^2 \|P_B R\|^2 = \|R\|^2 - lr (2 - lr) \|P_B
    R\|^2 by Pythagoras. A B half-step likewise, with P_A from the right.
    """
    return plain(lr * (2 - lr) * energy)


def decreases(case: Factors, found: Found, factor: float = 2.0, swapped: bool = False) -> Sides:
    """Compare the squared residuals after each half-step alone with what the projected energies take from it."""
    sides = split_energies(case.residual, case.B, case.A)
    by_A, by_B = ("b_step", "a_step") if swapped else ("a_step", "b_step")
    lr = case.step_size
    after = [norm(case.residual + move) ** 2 for move in moves(case, found)]
    share = float(half_step_decrease(1, lr)) if factor == 2.0 else lr * (factor - lr)
    wanted = [float(sides["total"]) - share * float(sides[name]) for name in (by_A, by_B)]
    size = (1 + abs(lr)) ** 2 * norm(case.residual) + case.allowed
    return beside([(after, wanted)], 4 * (1 + abs(lr)) * case.allowed * size)


AL_6 = Statement(
    id="low_rank_adapters/AL-6",
    title="Half-steps of sizes between 0 and 2 never raise the loss",
    says=(
        "On the loss |R|^2 / 2 with R = s B A - M an A half-step of size lr without momentum takes lr (2 - lr) |P_B "
        "R|^2 off |R|^2, and a B half-step takes lr (2 - lr) |R P_A|^2, where P_B and P_A project onto the columns of B"
        " and the rows of A. So the loss never rises if lr lies between 0 and 2."
    ),
    source=Derived(half_step_decrease),
    tex=r"\|R'\|^2 = \|R\|^2 - \eta(2 - \eta)\|P_BR\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=partial(half_steps, residual=True),
    claim=Identity(decreases),
    decisions=("A", "B"),
    saboteurs=(
        saboteur("lr (1 - lr)", claim=Identity(partial(decreases, factor=1.0))),
        saboteur("projectors exchanged", claim=Identity(partial(decreases, swapped=True))),
        saboteur(
            "the scale is left out, as released",
            patch=(_Projection.__init__, "else 1.0 / state.adapter.scale", "else 1.0"),
        ),
    ),
)


def joint_step(case: Factors, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the factors after one step of both."""
    running = optimizer(case.B, case.A, case.scale, method="joint", step_size=case.step_size)
    running.step(case.M)
    return dict(zip("BA", pair(running), strict=True))


@formula(lr="(-inf, inf)")
def joint_change(G: ArrayLike, B: ArrayLike, A: ArrayLike, lr: Number) -> np.ndarray:
    """-lr P_B G - lr G P_A + lr^2 G A^+ B^+ G, the change of B A.

    Proof
    -----
    Assumes: the scale of the adapter is 1, and both pseudo-inverses are those of the factors before the step.

    Proof: dA = -lr B^+ G and dB = -lr G A^+. Expand (B + dB)(A + dA) - B A = B dA + dB A + dB dA.
    """
    gradient = rational("G", G)
    B, A = factor_of("B", B, gradient.shape, 0), factor_of("A", A, gradient.shape, 1)
    if len(A) != B.shape[1]:
        raise must("A", f"a factor of {B.shape[1]} rows, as `B` has columns", A.shape)
    lr = Fraction(*lr.as_integer_ratio())
    both = projected(gradient, B) + projected(gradient, A=A)
    cross = (gradient @ pseudo_inverse(A)) @ (pseudo_inverse(B) @ gradient)
    return np.asarray(lr * lr * cross - lr * both)


def is_joint(case: Factors, found: Found, cross: bool = True) -> Sides:
    """Compare the change of the product with both projections and their cross term."""
    wanted = joint_change(case.M, case.B, case.A, case.step_size)
    if not cross:
        both = projected(case.M, case.B) + projected(case.M, A=case.A)
        wanted = -case.step_size * both.astype(float)
    lr = abs(case.step_size) * norm(case.M)
    # a pseudo-inverse errs by its size times the condition of its factor, and B B^+ by the square of that
    conditions, least = [worst(X) for X in (case.B, case.A)], [np.linalg.norm(X, -2) for X in (case.B, case.A)]
    cross_term = lr**2 / (least[0] * least[1]) * conditions[0] * conditions[1]
    size = norm(case.B) * norm(case.A) + lr * (conditions[0] ** 2 + conditions[1] ** 2) + cross_term
    return beside([(found["B"] @ found["A"] - case.B @ case.A, wanted)], allowance(case.M, case.load + 4 * size))


def of_rank_one(b1: Any, b2: Any, a1: Any, a2: Any, g11: Any, g12: Any, g21: Any, g22: Any, h: Any) -> Factors:
    """Make factors of rank one in a matrix of two rows and columns, with its gradient and a step size."""
    B, A, G = (np.array(x, object) for x in ([[b1], [b2]], [[a1, a2]], [[g11, g12], [g21, g22]]))
    if isinstance(h, int):
        return Factors(B.astype(float), A.astype(float), G.astype(float), 1.0, float(h))
    return Factors(B, A, G, 1.0, h)


def moved(case: Factors, late: bool = False) -> Found:
    """Move both factors of rank one by the gradient, B by the inverse of the new A if asked."""
    A = case.A - case.step_size * (case.B.T / (case.B * case.B).sum()) @ case.M
    used = A if late else case.A
    return {"B": case.B - case.step_size * case.M @ (used.T / (used * used).sum()), "A": A}


def moves_jointly(case: Factors, found: Found) -> Sides:
    """Compare the change of the product with both projections and their cross term, for factors of rank one."""
    B, A, G, h = case.B, case.A, case.M, case.step_size
    left, right = B @ B.T / (B * B).sum(), A.T @ A / (A * A).sum()
    cross = G @ (A.T / (A * A).sum()) @ (B.T / (B * B).sum()) @ G
    return Sides(found["B"] @ found["A"] - B @ A, h * h * cross - h * (left @ G) - h * (G @ right))


ALL_OF_RANK_ONE = Generic(
    "factors of rank one in matrices of two rows and two columns, with all gradients and step sizes",
    of_rank_one,
    ("b1", "b2", "a1", "a2", "g11", "g12", "g21", "g22", "h"),
    outcome=moved,
    sides=moves_jointly,
    wrong={LATE: partial(moved, late=True)},
)


AL_7 = Statement(
    id="low_rank_adapters/AL-7",
    title="Both factors at once move the product by a cross term, too",
    says=(
        "Where both factors move by the same gradient G, A by -lr B^+ G and B by -lr G A^+, the product B A moves by "
        "-lr P_B G - lr G P_A + lr^2 G A^+ B^+ G, with the projectors onto the columns of B and the rows of A."
    ),
    source=Derived(joint_change),
    tex=r"\Delta(BA) = -\eta P_BG - \eta GP_A + \eta^2 GA^+B^+G",
    hypotheses=FULL | {"scale 1": lambda case: case.scale == 1},
    instances=UNSCALED,
    for_all=(ALL_OF_RANK_ONE,),
    solve=joint_step,
    claim=Identity(is_joint),
    decisions=("B", "A"),
    saboteurs=(
        saboteur("no cross term", claim=Identity(partial(is_joint, cross=False))),
        saboteur(LATE, solve=released_joint, printed=True),
    ),
)
