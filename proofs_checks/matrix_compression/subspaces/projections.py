"""Brackets from a subspace, and from the Gram matrix of a residual.

T_r(M) is the sum of the r largest squared singular values of M, and E_r(M)^2 = |M|^2 - T_r(M) the squared error of
its best approximation of rank r in the Frobenius norm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_compression.stacks import measuring
from lrtheory.matrix_compression.stacks.measuring import second_pass
from lrtheory.matrix_compression.theory import subspace_bracket
from proofs_checks.guards import allowance, unlike
from proofs_checks.matrix_compression.families.exact import energies, entries, tail, top
from proofs_checks.matrix_compression.families.stacks import (
    Blocks,
    Stack,
    apart,
    are_stacked,
    climb_stack,
    draw_blocks,
    draw_stack,
    is_stack,
)
from proofs_checks.matrix_compression.families.subspaces import leading


@dataclass(frozen=True)
class Projection(Blocks):
    """Blocks, a rank r, and a matrix Q with r columns at least."""

    rank: int
    Q: np.ndarray

    @property
    def defect(self) -> float:
        """The spectral norm of Q^T Q - I."""
        return float(np.abs(np.linalg.eigvalsh(self.Q.T @ self.Q) - 1).max(initial=0.0))


def is_orthonormal(case: Projection) -> bool:
    """Decide whether the columns of Q are orthonormal, up to rounding."""
    return case.defect <= rounding(64 * sum(case.Q.shape), 1.0)


@dataclass(frozen=True)
class Measured:
    """Squared errors of the blocks beside r columns of Q, and the bracket of E_r^2 by all of Q."""

    errors: np.ndarray
    bracket: np.ndarray


def measured(case: Projection, rng: np.random.Generator | None = None) -> Measured:
    """Read the blocks beside the columns of Q, in a unit near their size, as a second pass does."""
    unit = int(np.frexp(np.abs(case.whole).max(initial=0.0))[1])
    found = second_pass(case.blocks, case.Q[:, : case.rank], case.Q, unit=unit, dtype=np.dtype(float))
    return Measured(np.ldexp(found.errors, 2 * unit), np.ldexp(np.array(found.bracket), 2 * unit))


def draw_projection(draws: Draws, noise: float = 0.0) -> Projection:
    """Draw blocks, and a Q that is random, or optimal with columns of noise of some size added."""
    blocks = draw_blocks(draws, (3, 7), (1, 4), (1, 3))
    m, M = len(blocks[0]), np.concatenate(blocks, axis=1)
    q = draws.integers(1, m - 1)
    Q = leading(M, q) if draws.integers(0, 1) else np.linalg.qr(draws.integers(-4, 4, shape=(m, q)))[0]
    Q = Q + noise * draws.choice((0.001, 0.1, 1.0)) * draws.integers(-4, 4, shape=(m, q)) / 4
    return Projection(tuple(blocks), draws.integers(1, min(q, 3)), Q)


def climb_projection(case: Projection, draws: Draws, *, exact: bool) -> Projection:
    """Change an entry of a block, or turn Q a little."""
    if draws.integers(0, 1):
        return climb_stack(case, draws)
    Q = case.Q + draws.integers(-4, 4, shape=case.Q.shape) / 64
    return replace(case, Q=np.linalg.qr(Q)[0] if exact else Q)


def axes_of_diagonal(*, factor: float) -> Projection:
    """Make diag(3, 2, 1) with r = 1, and its two leading axes times a factor."""
    return Projection((np.diag([3.0, 2.0, 1.0]),), 1, factor * np.eye(3)[:, :2])


PROJECTIONS = Family(
    "projections",
    always=lambda: (
        Projection((np.eye(2), np.ones((2, 1))), 1, np.eye(2)[:, 1:]),
        Projection((np.diag([3.0, 1.0]),), 1, np.eye(2)[:, 1:]),  # Q misses the best direction
    ),
    tight=(Tight(axes_of_diagonal(factor=1.0), 1 - 1e-12, 1),),
    draw=draw_projection,
    climb=partial(climb_projection, exact=True),
)


def longer(case: Projection) -> Projection:
    """Return the optimal columns, a hundredth too long."""
    return replace(case, Q=1.01 * leading(case.whole, case.Q.shape[1]))


LONGER = Family(
    "projections-by-longer-columns",
    always=(axes_of_diagonal(factor=1.01),),
    draw=lambda draws: longer(draw_projection(draws)),
)


def is_projection(case: Projection) -> bool:
    """Decide whether blocks and Q fit, with r from 1 to the columns of Q."""
    fits = are_stacked(case.blocks) and case.Q.ndim == 2 and len(case.Q) == len(case.blocks[0])
    return bool(fits and 1 <= case.rank <= case.Q.shape[1] and np.isfinite(case.Q).all())


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
    stretch = d if stretched else 0.0
    spectrum, total = energies(M), float((M * M).sum())
    exact, error, rest = top(spectrum, r), tail(spectrum, r), float((R * R).sum())
    allowed = allowance(M) * (1 + d) ** 2
    lower, higher = (float(x) for x in found.bracket)
    least = subspace_bracket(inside, outside, stretch)[0]
    most = [subspace_bracket(inside, residual * x, stretch if upper else 0.0)[1] for x in (outside, rest)]
    low = [least, exact, exact, lower, error]
    high = [exact, *most, error, higher]
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
    source=Derived(subspace_bracket),
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


#: half of an axis: 1 + d = 7/4 of T_1(Q^T M) = 1/4 and T_1(R) = 9/16 make exactly T_1(M) = 1
HALF_AXIS = Projection((np.diag([1.0, 0.5]),), 1, np.array([[0.5], [0.0]]))
ANY_COLUMNS = Family(
    "projections-by-any-columns",
    always=lambda: (axes_of_diagonal(factor=1.01), axes_of_diagonal(factor=0.5)),
    tight=(Tight(HALF_AXIS, 1 - 1e-12, 1),),
    draw=partial(draw_projection, noise=1.0),
    climb=partial(climb_projection, exact=False),
)


CM_6R = Statement(
    id="matrix_compression/CM-6r",
    title="A bracket holds for columns that are not orthonormal",
    says=(
        "M holds blocks side by side, Q is any matrix with the same rows, d = |Q^T Q - I| in the spectral norm, and R "
        "= M - Q Q^T M. With T_r the sum of the r largest squared singular values, T_r(Q^T M) is at most (1 + d) "
        "T_r(M), and T_r(M) at most (1 + d) T_r(Q^T M) + T_r(R)."
    ),
    source=Derived(subspace_bracket),
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


def draw_flat(draws: Draws) -> Stack:
    """Draw a stack with r below (sum of energies)^2 / (sum of their squares), where the bound says something."""
    stack = draw_stack(draws)
    energies = np.linalg.svd(stack.whole, compute_uv=False) ** 2
    largest = energies.max()
    equal = (energies / largest).sum() ** 2 / ((energies / largest) ** 2).sum() if largest > 0 else 1.0
    return replace(stack, rank=max(1, min(stack.rank, int(np.ceil(equal)) - 1)))


#: one value far below r equal ones; with none at all the bound would be all there is
STACKS_8 = Family(
    "residuals",
    always=lambda: (Stack((np.eye(2),), 1, apart(1)), Stack((np.diag([2.0, 2.0, 1.0]),), 2, apart(1))),
    tight=(Tight(Stack((np.diag([8.0, 8.0, 1.0]),), 2, apart(1)), 0.999, 1),),
    draw=draw_flat,
    climb=climb_stack,
)


def flat(stack: Stack, found: float, rooted: bool = True) -> Sides:
    """Compare T_r with sqrt(r) |M M^T|, once that is the bound of the library."""
    spectrum, r, allowed = energies(stack.whole), stack.rank, allowance(stack.whole)
    size = math.hypot(*spectrum)  # fourth powers may be out of range
    due = np.sqrt(r) * size
    return unlike(found - due, allowed) or entries(
        [[top(spectrum, r)]], [[found if rooted else size]], trivial=spectrum.sum(), allowed=allowed
    )


@formula(r="[0, inf)", norm="[0, inf)")
def residual_gram_bound(r: int, norm: Number) -> Number:
    r"""T_r(R) is at most this, where `norm` is the Frobenius norm of R R^T.

    Proof
    -----
    Assumes: nothing beyond the arguments.

    Proof: T_r(R) is a sum of r numbers sigma^2, and their squares sum to at most \|R R^T\|^2; Cauchy and Schwarz.
    """
    return plain(np.sqrt(r) * norm)


def by_gram(stack: Stack, rng: np.random.Generator | None = None) -> float:
    """Return the library's bound on T_r by the norm of the Gram matrix of all blocks."""
    gram = stack.whole @ stack.whole.T
    return float(residual_gram_bound(stack.rank, math.hypot(*gram.ravel())))


CM_8 = Statement(
    id="matrix_compression/CM-8",
    title="A residual is bounded without a factorization",
    says=(
        "T_r(R), the sum of the r largest squared singular values of a matrix R, is at most sqrt(r) times the "
        "Frobenius norm of R R^T."
    ),
    source=Derived(residual_gram_bound),
    tex=r"T_r(R) \le \sqrt r\,\|R R^T\|",
    hypotheses={"blocks of finite numbers with the same rows": is_stack, "r at least 1": lambda stack: stack.rank >= 1},
    instances=STACKS_8,
    solve=by_gram,
    claim=Inequality(flat),
    saboteurs=(
        saboteur("without the root of r", claim=Inequality(partial(flat, rooted=False))),
        saboteur("r - 1 for r", patch=(residual_gram_bound, "np.sqrt(r)", "np.sqrt(r - 1)")),
    ),
    notes="Equality for r equal singular values and no others, where T_r is all there is.",
)
