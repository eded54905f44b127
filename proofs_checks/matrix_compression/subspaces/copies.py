"""Brackets of E_r(M), the error of the best approximation of M of rank r, from a copy M' that any tool made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, Tight, saboteur
from lrtheory.matrix_compression import certify, theory
from proofs_checks.guards import allowance, signed_square, unlike
from proofs_checks.matrix_compression.families.exact import energies, entries, tail
from proofs_checks.matrix_compression.families.stacks import Blocks, are_stacked, draw_blocks, split
from proofs_checks.matrix_compression.families.subspaces import leading


@dataclass(frozen=True)
class Copied(Blocks):
    """Blocks, copies of the same shapes by anybody, and a rank r."""

    copies: tuple[np.ndarray, ...]
    rank: int

    @property
    def other(self) -> np.ndarray:
        """M', all copies side by side."""
        return np.concatenate(self.copies, axis=1)


def is_copied(case: Copied) -> bool:
    """Decide whether there is a copy of each block, not all blocks are 0, and r is at most the rows."""
    same = [np.shape(A) for A in case.blocks] == [np.shape(A) for A in case.copies]
    fits = same and all(map(are_stacked, (case.blocks, case.copies))) and any(map(np.any, case.blocks))
    return fits and 0 <= case.rank <= len(case.blocks[0])


@dataclass(frozen=True)
class Compared:
    """The distance of a copy, the bracket of E_r by its own error, and the one that the certificate gives."""

    distance: float
    bracket: np.ndarray
    optimum: np.ndarray


def compared(case: Copied, rng: np.random.Generator | None = None) -> Compared:
    """Certify a copy, and bracket E_r of the blocks by that of the copies."""
    found, norm = certify(list(case.blocks), list(case.copies), case.rank), float(np.linalg.norm(case.whole))
    values = np.linalg.svd(case.other, compute_uv=False)
    bracket = theory.distance_bracket(float(np.linalg.norm(values[case.rank :])), found.achieved * norm)
    optimum = norm * np.array([found.bound, found.attainable])
    return Compared(found.achieved * norm, np.array(bracket, float), optimum)


def draw_copied(draws: Draws) -> Copied:
    """Draw blocks and copies that are truncated, scaled, or changed."""
    blocks = draw_blocks(draws, (3, 7), (1, 4), (1, 3))
    M, r = np.concatenate(blocks, axis=1), draws.integers(0, 3)
    unit = 2.0 ** np.frexp(np.abs(M).max(initial=1.0))[1]
    U = leading(M, r + draws.integers(0, 1))
    made: Any = {
        "truncated": lambda: U @ (U.T @ M),
        "scaled": lambda: draws.choice((0.5, 1.5)) * M,
        "changed": lambda: M + unit * draws.integers(-4, 4, shape=M.shape) / 16,
    }
    copy = made[draws.choice(tuple(made))]()
    return Copied(tuple(blocks), split(copy, [block.shape[1] for block in blocks]), r)


def tall() -> Copied:
    """Make a stack whose E_r the library only brackets.

    It has more than 2048 rows, too many for M M^T, and more columns than a sketch keeps.
    """
    M = np.random.default_rng(0).integers(-3, 4, size=(2049, 130)).astype(float)
    return Copied((M,), (np.floor(M / 2) * 2,), 2)


COPIED = Family(
    "copied-stacks",
    always=lambda: (Copied((1.5 * np.eye(4),), (np.eye(4),), 1), tall()),
    tight=(Tight(Copied((np.diag([2.0, 1.0]),), (np.diag([2.0, 0.0]),), 1), 1 - 1e-12, 1),),
    draw=draw_copied,
)


def near(case: Copied, found: Compared, *, squares: bool = False, spectral: bool = False) -> Sides:
    """Compare E_r of M with that of a copy and their distance, and with the bracket of the certificate.

    Where these sides hold, what was reported is compared too: the distance, the bracket by the copy and that of the
    certificate have to be what they are here. `unlike` gives sides that fail where they are not.
    """
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
    # these sides fail already, or belong to a saboteur that does not ask for what was reported
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
