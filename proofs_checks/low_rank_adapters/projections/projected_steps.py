"""Steps that move the merged weight by a projected gradient.

P_B and P_A project onto the columns of the factor B and the rows of A. G is a gradient in the merged weight.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Identity, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.training.steps import _Projection
from proofs_checks.low_rank_adapters.families.factors import FACTORS, FULL, Factors, beside, moves, norm, scales
from proofs_checks.low_rank_adapters.families.moves import equivalent_steps, half_steps, two_scales
from proofs_checks.low_rank_adapters.families.rationals import factor_of, pseudo_inverse, rational
from proofs_checks.low_rank_adapters.families.steps import exchanged

Found = dict[str, np.ndarray]


def plain(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Take a step of gradient descent."""
    return two_scales(case, lambda B, A, g, s: g)


@formula()
def projected(G: ArrayLike, B: ArrayLike | None = None, A: ArrayLike | None = None) -> np.ndarray:
    r"""P_B G P_A, without the projector of a factor that is None.

    Proof
    -----
    Assumes: for SB-1 and AL-1, B has full column rank and A full row rank (hypotheses of the statements).

    Proof: with P_B = B (B^T B)^{-1} B^T and P_A = A^T (A A^T)^{-1} A, the gradient g = s B^T G A^T in R gives s B
    (s^{-2} (B^T B)^{-1} g (A A^T)^{-1}) A = P_B G P_A. These are the normal equations of min \|s B X A - G\|, whose
    solution is unique since X -> B X A is injective. The linear model of the loss falls by <g, g^R> = <G, s B g^R A> =
    <G, P_B G P_A> = \|P_B G P_A\|^2, in which s does not occur. A step of A alone by s^{-1} B^+ G changes the merged
    weight s B A by B B^+ G = P_B G, and one of B alone by s^{-1} G A^+ changes it by G P_A.
    """
    found = rational("G", G)
    for name, factor, side in (("B", B, 0), ("A", A, 1)):
        if factor is None:
            continue
        X = factor_of(name, factor, found.shape, side)
        found = X @ (pseudo_inverse(X) @ found) if side == 0 else (found @ pseudo_inverse(X)) @ X
    return np.asarray(found)


def is_projected(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the change of the merged weight with that of full training, projected on both sides."""
    target = -case.step_size * projected(case.M, case.B, case.A)
    return beside([(case.scale * (case.B @ found["R"] @ case.A), target)], case.allowed)


SB_1 = Statement(
    id="low_rank_adapters/SB-1",
    title="The equivalent gradient of LoRA-XS is a projection",
    says=(
        "LoRA-XS trains R in s B R A, where G is the gradient in the merged weight and g = s B^T G A^T that in R. The "
        "step -lr g^R with g^R = s^-2 (B^T B)^-1 g (A A^T)^-1 changes the merged weight by -lr P_B G P_A, where P_B and"
        " P_A project onto the columns of B and the rows of A: no other step of R is nearer to that of full training."
    ),
    source=Derived(projected),
    tex=r"s B g^R A = P_B G P_A,\quad g^R = s^{-2}(B^\top B)^{-1} g (A A^\top)^{-1}",
    hypotheses=FULL,
    instances=FACTORS,
    solve=equivalent_steps,
    claim=Identity(is_projected),
    decisions=("R",),
    unread={"doubled": "SB-2 compares the step at twice the scale"},
    saboteurs=(
        saboteur("the scale is not squared away", patch=(_Projection.__init__, "else 1.0 / state", "else state")),
        saboteur("the inverses are exchanged", solve=exchanged),
        saboteur("a plain gradient step", solve=plain),
    ),
)


def unscaled(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Take the equivalent step without dividing by the square of the scale."""
    return two_scales(case, lambda B, A, g, s: np.linalg.solve(B.T @ B, g) @ np.linalg.inv(A @ A.T))


def decreases(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare what the linear model of the loss loses with the energy of the projected gradient, at two scales."""
    wanted = case.step_size * float((projected(case.M, case.B, case.A) ** 2).sum())
    lost = [-(s * case.B.T @ case.M @ case.A.T * found[name]).sum() for name, s in scales(case)]
    return beside([(lost, [wanted, wanted])], case.allowed * norm(case.M))


SB_2 = Statement(
    id="low_rank_adapters/SB-2",
    title="The equivalent step lowers the loss by the captured energy, at every scale",
    says=(
        "The step -lr g^R of R in s B R A, of SB-1, changes the linear model of the loss by -lr <g, g^R>, and "
        "<g, g^R> = |P_B G P_A|^2, where g is the gradient in R and G that in the merged weight. The scale s of the "
        "adapter does not occur, so that it cannot be a step size in disguise."
    ),
    source=Derived(projected),
    tex=r"\langle g, g^R\rangle = \|P_B G P_A\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=equivalent_steps,
    claim=Identity(decreases),
    decisions=("R", "doubled"),
    saboteurs=(
        saboteur("a plain gradient step, whose size hangs on the scale", solve=plain),
        saboteur("the scale is not squared away", solve=unscaled),
    ),
)


def are_projections(case: Factors, found: Found, factor: float = 1.0) -> Sides:
    """Compare both changes of the merged weight with those of full training, projected on one side."""
    lr = factor * case.step_size
    left, right = projected(case.M, case.B), projected(case.M, A=case.A)
    by_A, by_B = moves(case, found)
    return beside([(by_A, -lr * left.astype(float)), (by_B, -lr * right.astype(float))], case.allowed)


AL_1 = Statement(
    id="low_rank_adapters/AL-1",
    title="A half-step moves the merged weight by a projected gradient",
    says=(
        "Of the adapter s B A an A half-step moves A by -lr B^+ G / s, and a B half-step moves B by -lr G A^+ / s, "
        "where G is the gradient in the merged weight. The merged weight moves by -lr P_B G and by -lr G P_A, with the "
        "projectors P_B onto the columns of B and P_A onto the rows of A, whatever the scale s is."
    ),
    source=Derived(projected),
    tex=r"s B\,\Delta A = -\eta P_B G,\quad s\,\Delta B\,A = -\eta G P_A",
    hypotheses=FULL,
    instances=FACTORS,
    solve=half_steps,
    claim=Identity(are_projections),
    decisions=("A", "B"),
    saboteurs=(
        saboteur(
            "the scale is left out, as released",
            patch=(_Projection.__init__, "else 1.0 / state.adapter.scale", "else 1.0"),
            printed=True,
        ),
        saboteur("plain gradient steps", solve=partial(half_steps, method="sgd")),
        saboteur("damped, as released by default", solve=partial(half_steps, ridge=1e-3), printed=True),
    ),
)
