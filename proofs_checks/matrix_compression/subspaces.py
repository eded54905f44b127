"""Bounds from a subspace, a residual, a copy and a pair of factors of a stack: CM-6, CM-6r, CM-8, CM-11 and CM-9."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.stacks import measuring
from proofs_checks.guards import allowance, signed_square, unlike
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, energies, entries, tail, top
from proofs_checks.matrix_compression.families.stacks import STACKS_8, Stack, is_stack
from proofs_checks.matrix_compression.families.subspaces import (
    ANY_COLUMNS,
    COPIED,
    LONGER,
    PRODUCTS,
    PROJECTIONS,
    Compared,
    Copied,
    Measured,
    Products,
    Projection,
    are_products,
    compared,
    is_copied,
    is_orthonormal,
    is_projection,
    isometric,
    measured,
)
from proofs_checks.matrix_compression.wrong_solvers import stacks as wrong_solvers

PROJECTED = {"blocks of finite numbers, and Q with their rows and r columns at least": is_projection}


def projected(
    case: Projection, found: Measured, *, stretched: bool, residual: float = 1.0, upper: bool = True
) -> Sides:
    """Compare T_r of M with that of Q^T M, and with what the residual R adds; then E_r^2 with the reported bracket.

    With `stretched`, Q is any matrix, and both sides have the factor 1 + d; `upper` says whether the upper one does.
    """
    M, r, Q, d = case.whole, case.rank, case.Q, case.defect
    R = M - Q @ (Q.T @ M)
    inside, outside = top(energies(Q.T @ M), r), top(energies(R), r)
    stretch = 1 + d if stretched else 1.0
    spectrum, total = energies(M), float((M * M).sum())
    exact, error, rest = top(spectrum, r), tail(spectrum, r), float((R * R).sum())
    allowed = allowance(M) * (1 + d) ** 2
    lower, higher = (float(x) for x in found.bracket)
    beyond = (stretch if upper else 1.0) * inside
    low = [inside / stretch, exact, exact, lower, error]
    high = [exact, beyond + residual * outside, beyond + residual * rest, error, higher]
    limits = {"trivial": [total, total, total, np.inf, total], "least": [-np.inf] * 3 + [0.0, -np.inf]}
    sides = entries([low], [high], **limits, allowed=allowed)
    if (sides.lhs > sides.rhs + allowed).any():
        return sides
    held, one = min(inside, total), Q[:, :r]
    due = [total - held * (1 + d) - rest, total - held / (1 + d)]
    off = [((A - one @ (one.T @ A)) ** 2).sum() for A in case.blocks]
    return unlike(np.r_[found.bracket - due, found.errors - off], allowed) or sides


CM_6 = Statement(
    id="matrix_compression/CM-6",
    title="Any subspace brackets the best one",
    says=(
        "M holds blocks side by side, Q has orthonormal columns, and R = (I - Q Q^T) M is what they miss. With T_r "
        "the sum of the r largest squared singular values, T_r(M) is at least T_r(Q^T M), and at most T_r(R) more, "
        "which is at most |R|^2."
    ),
    source=Derived(theory.subspace_bracket),
    tex=r"T_r(Q^T M) \le T_r(M) \le T_r(Q^T M) + T_r(R) \le T_r(Q^T M) + \|R\|^2",
    hypotheses={**PROJECTED, "Q has orthonormal columns": is_orthonormal},
    instances=PROJECTIONS,
    solve=measured,
    claim=Inequality(partial(projected, stretched=False)),
    saboteurs=(
        saboteur("columns a hundredth too long", breaks="Q has orthonormal columns", instances=LONGER),
        saboteur("half of the residual", claim=Inequality(partial(projected, stretched=False, residual=0.5))),
        saboteur("all columns of Q for r of them", patch=(measuring.second_pass, "[::-1][: basis.shape[1]]", "[::-1]")),
        saboteur(
            "what is outside counts as inside",
            patch=(measuring.second_pass, "min(top, total), rest", "min(top + rest, total), 0.0 * rest"),
        ),
    ),
)

CM_6R = Statement(
    id="matrix_compression/CM-6r",
    title="A bracket holds for columns that are not orthonormal",
    says=(
        "M holds blocks side by side, Q is any matrix with the same rows, d = |Q^T Q - I| in the spectral norm, and R "
        "= M - Q Q^T M. With T_r the sum of the r largest squared singular values, T_r(Q^T M) is at most (1 + d) "
        "T_r(M), and T_r(M) at most (1 + d) T_r(Q^T M) + T_r(R)."
    ),
    source=Derived(theory.subspace_bracket),
    tex=r"T_r(Q^T M)/(1 + d) \le T_r(M) \le (1 + d)\,T_r(Q^T M) + T_r(R),\quad d = \|Q^T Q - I\|_2",
    hypotheses=PROJECTED,
    instances=ANY_COLUMNS,
    solve=measured,
    claim=Inequality(partial(projected, stretched=True)),
    saboteurs=(
        saboteur("the upper side without d", claim=Inequality(partial(projected, stretched=True, upper=False))),
        saboteur("both sides without d", claim=Inequality(partial(projected, stretched=False))),
        saboteur(
            "the defect is not measured",
            patch=(measuring.second_pass, "- 1.0).max(initial=0.0)", "- 1.0).min(initial=0.0)"),
        ),
    ),
)


def flat(stack: Stack, found: float, rooted: bool = True) -> Sides:
    """Compare T_r with sqrt(r) |M M^T|, once that is the bound of the library."""
    spectrum, r, allowed = energies(stack.whole), stack.rank, allowance(stack.whole)
    size = math.hypot(*spectrum)  # fourth powers may be out of range
    due = np.sqrt(r) * size
    return unlike(found - due, allowed) or entries(
        [[top(spectrum, r)]], [[found if rooted else size]], trivial=spectrum.sum(), allowed=allowed
    )


def by_gram(stack: Stack, rng: np.random.Generator | None = None) -> float:
    """Return the library's bound on T_r by the norm of the Gram matrix of all blocks."""
    gram = stack.whole @ stack.whole.T
    return float(theory.residual_gram_bound(stack.rank, math.hypot(*gram.ravel())))


CM_8 = Statement(
    id="matrix_compression/CM-8",
    title="A residual is bounded without a factorization",
    says=(
        "T_r(R), the sum of the r largest squared singular values of a matrix R, is at most sqrt(r) times the "
        "Frobenius norm of R R^T."
    ),
    source=Derived(theory.residual_gram_bound),
    tex=r"T_r(R) \le \sqrt r\,\|R R^T\|",
    hypotheses={"blocks of finite numbers with the same rows": is_stack, "r at least 1": lambda stack: stack.rank >= 1},
    instances=STACKS_8,
    solve=by_gram,
    claim=Inequality(flat),
    saboteurs=(
        saboteur("without the root of r", claim=Inequality(partial(flat, rooted=False))),
        saboteur("r - 1 for r", patch=(theory.residual_gram_bound, "rank, low=0)", "rank, low=0) - 1")),
    ),
    notes="Equality for r equal singular values and no others, where T_r is all there is.",
)


def near(case: Copied, found: Compared, *, squares: bool = False, spectral: bool = False) -> Sides:
    """Compare E_r of M with that of a copy and their distance, and with the bracket of the certificate."""
    M, r = case.whole, case.rank
    spectrum, gap = energies(M), energies(M - case.other)
    own, other = (tail(one, r) for one in (spectrum, energies(case.other)))
    distance = float(np.sqrt(gap.max(initial=0.0) if spectral else gap.sum()))
    norm, allowed = float(np.sqrt(spectrum.sum())), allowance(np.concatenate([M, case.other], axis=1))
    if squares:
        return entries([[own]], [[other + distance**2]], trivial=spectrum.sum(), allowed=allowed)
    allowed /= norm
    best, copied = np.sqrt(own), np.sqrt(other)
    sides = entries(
        [[best, copied - distance]],
        [[copied + distance, best]],
        trivial=[norm, np.inf],
        least=[-np.inf, 0.0],
        allowed=allowed,
    )
    if (sides.lhs > sides.rhs + allowed).any() or spectral:
        return sides
    due = [max(0.0, copied - distance), copied + distance]
    low, high = (float(signed_square(x)) for x in found.optimum)
    off = [low - own, own - high] if len(M) > 2048 else [abs(low - own), abs(high - own)]
    # a bracket of energies is as wide as their rounding
    return (
        unlike(np.r_[found.distance - distance, found.bracket - due, np.maximum(off, 0.0) / norm], 4 * allowed) or sides
    )


CM_11 = Statement(
    id="matrix_compression/CM-11",
    title="A copy of rank r bounds the best error",
    says=(
        "M' is a copy of M that any tool made. The errors E_r of the best approximations of rank r of both differ by "
        "at most the Frobenius norm of M - M'. So a copy of rank r bounds E_r(M) by its own distance, and any other "
        "one bounds it from below too."
    ),
    source=Derived(theory.distance_bracket),
    tex=r"|E_r(M) - E_r(M')| \le \|M - M'\|",
    hypotheses={"copies of the shapes of the blocks, which are not all 0": is_copied},
    instances=COPIED,
    solve=compared,
    claim=Inequality(near),
    saboteurs=(
        saboteur("squares for lengths", claim=Inequality(partial(near, squares=True))),
        saboteur("the spectral norm of the difference", claim=Inequality(partial(near, spectral=True))),
        saboteur(
            "the larger of the two for their sum",
            patch=(theory.distance_bracket, "tail + distance", "max(tail, distance)"),
        ),
    ),
)


def isometry(case: Products, found: list[np.ndarray]) -> Sides:
    """Compare the singular values of thin blocks with those of the products, and their products with transposes."""
    M, thin = case.whole, np.concatenate(found, axis=1)
    if len(thin) != len(M):
        return NO_OUTCOME
    own, other = (np.pad(one, (0, len(M) - len(one))) for one in map(energies, (M, thin)))
    # a factorization errs column by column, so an uneven gauge does not matter
    size = sum(
        np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1) for B, A in zip(case.left, case.right, strict=True)
    )
    return Sides(other, own, rounding=allowance(np.array([[size]]), 4 * len(M)))


CM_9 = Statement(
    id="matrix_compression/CM-9",
    title="Thin blocks have the spectrum of adapters",
    says=(
        "Products B_k A_k stand side by side, as the updates of adapters do, and A_k^T = Q_k R_k with orthonormal "
        "columns Q_k. The blocks B_k R_k^T side by side, which are as thin as the factors, have the same singular "
        "values sigma, whatever the gauge of the factors."
    ),
    source=Derived(theory.isometric_block),
    tex=r"\sigma([B_1 A_1 \ldots B_K A_K]) = \sigma([B_1 R_1^T \ldots B_K R_K^T]),\quad A_k^T = Q_k R_k",
    hypotheses={"factors that fit": are_products},
    instances=PRODUCTS,
    solve=isometric,
    claim=Identity(isometry),
    free={"*": "singular values do not see the sign of a block"},
    saboteurs=(
        saboteur(
            "R in the place of its transpose", patch=(theory.isometric_block, "triangle.T", "triangle[: left.shape[1]]")
        ),
        saboteur("the left factors alone, which depend on the gauge", solve=wrong_solvers.left_alone),
    ),
)
