"""Half-steps of alternating training: what each of them changes, and what momentum becomes: AL-1, 2, 6, 7, 8."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.training.steps import _Projection
from proofs_checks.low_rank_adapters.families.factors import (
    FACTORS,
    UNSCALED,
    Factors,
    allowance,
    beside,
    has_full_rank,
    is_adapter,
    norm,
    worst,
)
from proofs_checks.low_rank_adapters.families.moves import (
    half_steps,
    joint_step,
    long_run,
    two_half_steps,
)
from proofs_checks.low_rank_adapters.families.steps import (
    MOVING,
    TARGETS,
    Run,
    is_attainable,
    is_decided,
    is_turned,
    keeps_rank,
)
from proofs_checks.low_rank_adapters.wrong_solvers import steps as wrong

Found = dict[str, np.ndarray]
EARLIER = 'B.moved(self.state.earlier["B"])'
FULL = {"an adapter and a matrix of its shape": is_adapter, "factors of full rank": has_full_rank}


def moves(case: Factors, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much each half-step, taken alone, changed the merged weight."""
    return case.scale * case.B @ (found["A"] - case.A), case.scale * (found["B"] - case.B) @ case.A


def are_projections(case: Factors, found: Found, factor: float = 1.0) -> Sides:
    """Compare both changes of the merged weight with those of full training, projected on one side."""
    lr = factor * case.step_size
    left, right = theory.projected(case.M, left=case.B), theory.projected(case.M, right=case.A)
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
    source=Derived(theory.projected),
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


def is_transported(case: Run, found: list[Any], keep: bool = False) -> Sides:
    """Compare the second step of A with the transported momentum of the first one and the gradient at its place."""
    (B0, A0), (_, A1), (B1, _), (_, A2) = (tuple(map(np.asarray, pair)) for pair in found)
    G0, G2 = (case.scale * (B @ A) - case.M for B, A in ((B0, A0), (B1, A1)))
    fresh, beta, s = 1 - case.momentum, case.momentum, case.scale
    first = fresh * theory.transported(B0, B0, np.linalg.pinv(B0) @ G0 / s).astype(float)
    carried = first if keep else theory.transported(B1, B0, first).astype(float)
    second = beta * carried + fresh * np.linalg.pinv(B1) @ G2 / s
    pairs = [(B0, case.B), (A0, case.A), (B1 @ (A1 - A0), -case.step_size * B1 @ first)]
    pairs += [(B1 @ (A2 - A1), -case.step_size * B1 @ second)]
    G1, carrier = s * (B0 @ A1) - case.M, np.linalg.pinv(A1)
    pairs += [((B1 - B0) @ A1, -case.step_size * fresh * G1 @ carrier @ A1 / s)]
    return beside(pairs, [case.allowed / min(1.0, abs(s))] * len(pairs))


AL_2 = Statement(
    id="low_rank_adapters/AL-2",
    title="Momentum is transported to the new factor by least squares",
    says=(
        "Before an A half-step its momentum M_A, which belongs to the left factor B_prev, becomes B^+ B_prev M_A for "
        "the left factor B that there is now. That is the X for which B X is nearest to B_prev M_A, the velocity of "
        "the merged weight; with the momentum beta, M_A is then beta times it plus (1 - beta) B^+ G / s."
    ),
    source=Derived(theory.transported),
    tex=r"B^+B_{\mathrm{prev}}M_A = \arg\min_X \|BX - B_{\mathrm{prev}}M_A\|",
    hypotheses=FULL | {"a matrix T and a momentum": is_turned, "full rank on the way": keeps_rank},
    instances=MOVING,
    solve=partial(long_run, n_steps=3),
    claim=Identity(is_transported),
    decisions=("*",),
    saboteurs=(
        saboteur("momentum stays as it is", claim=Identity(partial(is_transported, keep=True))),
        saboteur("transport is left out", patch=(_Projection._right, EARLIER + " @ old", "1.0 * old")),
        saboteur(
            "transport by the transpose",
            patch=(_Projection._right, EARLIER, f"transposed({EARLIER})"),
        ),
    ),
)


def decreases(case: Factors, found: Found, factor: float = 2.0, swapped: bool = False) -> Sides:
    """Compare the squared residuals after each half-step alone with what the projected energies take from it."""
    sides = theory.split_energies(case.residual, case.B, case.A)
    by_A, by_B = ("b_step", "a_step") if swapped else ("a_step", "b_step")
    lr = case.step_size
    after = [norm(case.residual + move) ** 2 for move in moves(case, found)]
    share = float(theory.half_step_decrease(1, step_size=lr)) if factor == 2.0 else lr * (factor - lr)
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
    source=Derived(theory.half_step_decrease),
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


def is_joint(case: Factors, found: Found, cross: bool = True) -> Sides:
    """Compare the change of the product with both projections and their cross term."""
    wanted = theory.joint_change(case.M, case.B, case.A, step_size=case.step_size)
    if not cross:
        both = theory.projected(case.M, left=case.B) + theory.projected(case.M, right=case.A)
        wanted = -case.step_size * both.astype(float)
    lr = abs(case.step_size) * norm(case.M)
    # a pseudo-inverse errs by its size times the condition of its factor, and B B^+ by the square of that
    conditions, least = [worst(X) for X in (case.B, case.A)], [np.linalg.norm(X, -2) for X in (case.B, case.A)]
    cross_term = lr**2 / (least[0] * least[1]) * conditions[0] * conditions[1]
    size = norm(case.B) * norm(case.A) + lr * (conditions[0] ** 2 + conditions[1] ** 2) + cross_term
    return beside([(found["B"] @ found["A"] - case.B @ case.A, wanted)], allowance(case.M, case.load + 4 * size))


AL_7 = Statement(
    id="low_rank_adapters/AL-7",
    title="Both factors at once move the product by a cross term, too",
    says=(
        "Where both factors move by the same gradient G, A by -lr B^+ G and B by -lr G A^+, the product B A moves by "
        "-lr P_B G - lr G P_A + lr^2 G A^+ B^+ G, with the projectors onto the columns of B and the rows of A."
    ),
    source=Derived(theory.joint_change),
    tex=r"\Delta(BA) = -\eta P_BG - \eta GP_A + \eta^2 GA^+B^+G",
    hypotheses=FULL | {"scale 1": lambda case: case.scale == 1},
    instances=UNSCALED,
    solve=joint_step,
    claim=Identity(is_joint),
    decisions=("B", "A"),
    saboteurs=(
        saboteur("no cross term", claim=Identity(partial(is_joint, cross=False))),
        saboteur("B moves by the inverse of the new A, as released", solve=wrong.released_joint, printed=True),
    ),
)


def reaches(case: Factors, found: Found) -> Sides:
    """Compare the product with M P_A at A = B^+ M, and whether that is M with the condition on ranks."""
    A = theory.pseudo_inverse(case.B) @ np.vectorize(int, otypes=[object])(case.M)
    best = theory.projected(case.M, right=A)
    reached = bool((best == case.M).all())
    pairs = [(found["B"] @ found["A"], best), (float(reached), float(theory.two_steps_suffice(case.B, case.M)))]
    lost = norm(case.M) * norm(np.linalg.pinv(np.asarray(A, float)))
    return beside(pairs, [case.allowed * (1 + lost) ** 2, 0.0])


AL_8 = Statement(
    id="low_rank_adapters/AL-8",
    title="Two half-steps reach a target of low rank, unless the start is blind to it",
    says=(
        "For a target M of rank at most r, an A half-step of size 1 and then a B half-step of size 1, from factors B "
        "and A of rank r, give the product M P_A with the projector onto the rows of B^+ M. That is M itself if and "
        "only if rank(B^T M) = rank(M)."
    ),
    source=Derived(theory.two_steps_suffice),
    tex=r"B_2A_1 = M \iff \mathrm{rank}(B^\top M) = \mathrm{rank}(M)",
    hypotheses=FULL
    | {
        "scale 1 and integers": lambda case: case.scale == 1 and bool((case.M == np.round(case.M)).all()),
        "a target of rank r at most, and steps of size 1": is_attainable,
        "no rank on the last digits": is_decided,
    },
    instances=TARGETS,
    solve=two_half_steps,
    claim=Identity(reaches),
    decisions=("B", "A"),
    saboteurs=(
        saboteur("B moves by the gradient from before the A half-step", solve=wrong.stale),
        saboteur("half-steps of size 1/2", solve=partial(two_half_steps, step_size=0.5)),
    ),
)
