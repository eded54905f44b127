"""Targets that two half-steps reach."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from proofs_checks.low_rank_adapters.families.factors import FULL, Factors, beside, draw_factors, norm, rank
from proofs_checks.low_rank_adapters.families.moves import optimizer, pair
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, pseudo_inverse, rational
from proofs_checks.low_rank_adapters.families.steps import released_joint
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


def two_half_steps(
    case: Factors, rng: np.random.Generator | None = None, step_size: float = 1.0
) -> dict[str, np.ndarray]:
    """Return the factors after an A and a B half-step."""
    running = optimizer(case.B, case.A, case.scale, method="altlora", step_size=step_size)
    running.step(case.residual)
    left, right = pair(running)
    running.step(case.scale * (left @ right) - case.M)
    return dict(zip("BA", pair(running), strict=True))


def is_attainable(case: Factors) -> bool:
    """Decide whether the target has rank r at most, so that two half-steps of size 1 could reach it."""
    return case.step_size == 1.0 and rank(case.M) <= case.B.shape[1]


def is_decided(case: Factors) -> bool:
    """Decide whether no rank hangs on the last digits: nothing is lost, or B has one power of two in each column."""
    entries = np.abs(case.B[case.B != 0])
    plain = bool(((case.B != 0).sum(axis=0) == 1).all() and (np.frexp(entries)[0] == 0.5).all())
    return plain or rank(case.B.T @ case.M) == rank(case.M)


def draw_target(draws: Draws) -> Factors:
    """Draw a target that is a product of small integers; now and then one that B is blind to."""
    case = replace(draw_factors(draws, most=3), step_size=1.0, scale=1.0)
    r = case.B.shape[1]
    left, right = draws.integers(-2, 2, shape=(len(case.B), r)), draws.integers(-2, 2, shape=(r, case.M.shape[1]))
    if draws.choice((True, False)):
        B = np.zeros_like(case.B)
        B[draws.permutation(len(B))[:r], np.arange(r)] = 2.0 ** draws.integers(-2, 2, shape=(r,))
        case = replace(case, B=B)
    return replace(case, M=(left @ right).astype(float))


def targets() -> tuple[Factors, ...]:
    """Return the smallest target, one that is reached, two that B is blind to, and one of a lower rank."""
    one, eye = np.array([[1.0]]), np.eye(3)
    A = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    B = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    M = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]) @ np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
    return (
        Factors(one, one, 3 * one, 1.0, 1.0),
        Factors(B, A, M, 1.0, 1.0),
        Factors(eye[:, :1], eye[:1] + eye[2:], np.outer(eye[1], eye[1]), 1.0, 1.0),
        Factors(2 * eye[:, 1:], A, np.outer(eye[0], eye[1]) + np.outer(eye[1], eye[0]), 1.0, 1.0),
        Factors(B, A, np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 1.0]), 1.0, 1.0),
    )


TARGETS = Family("adapter-targets", always=targets, draw=draw_target)
Found = dict[str, np.ndarray]


def stale(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Move A, and then B by the gradient from before."""
    return released_joint(Factors(case.B, case.A, case.residual, case.scale, case.step_size))


@formula()
def two_steps_suffice(B: ArrayLike, M: ArrayLike) -> bool:
    """Whether rank(B^T M) = rank(M), in rational numbers.

    Proof
    -----
    Assumes: B has full column rank, and rank(M) <= r (hypotheses of AL-8); no momentum, s = 1.

    Proof: the A half-step gives A = B^+ M, whatever A was. B^+ = (B^T B)^{-1} B^T, so rank(A) = rank(B^T M). The B
    half-step gives B' = B - (B A - M) A^+ and B' A = M P_A. If rank(B^T M) = rank(M), the rows of A span those of M,
    and M P_A = M. Conversely M P_A = M puts the rows of M into the span of those of A, so rank(M) <= rank(A) = rank(B^T
    M).
    """
    left, target = rational("B", B), rational("M", M)
    if len(left) != len(target):
        raise must("B", f"a factor of a matrix of shape {target.shape}", left.shape)
    return bool(flint_matrix(left.T @ target).rank() == flint_matrix(target).rank())


def reaches(case: Factors, found: Found) -> Sides:
    """Compare the product with M P_A at A = B^+ M, and whether that is M with the condition on ranks."""
    A = pseudo_inverse(case.B) @ np.vectorize(int, otypes=[object])(case.M)
    best = projected(case.M, A=A)
    reached = bool((best == case.M).all())
    pairs = [(found["B"] @ found["A"], best), (float(reached), float(two_steps_suffice(case.B, case.M)))]
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
    source=Derived(two_steps_suffice),
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
        saboteur("B moves by the gradient from before the A half-step", solve=stale),
        saboteur("half-steps of size 1/2", solve=partial(two_half_steps, step_size=0.5)),
    ),
)
