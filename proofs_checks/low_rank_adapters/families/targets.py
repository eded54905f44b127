"""Adapters beside a target update, and adapters beside data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.low_rank_adapters.distance import distance
from proofs_checks.guards import allowance, misfit, square
from proofs_checks.low_rank_adapters.families.adapters import (
    KINDS,
    Case,
    build,
    draw_case,
    exact_rank,
    is_case,
    nonzero,
    one_of_each,
    smallest,
    update,
    with_more,
)

#: kinds whose distance is known for every target
CLOSED = ("lora", "lora-fa", "lora-xs", "full")


@dataclass(frozen=True, kw_only=True)
class Aimed(Case):
    """An adapter, and a target D of its shape."""

    target: np.ndarray

    @property
    def total(self) -> float:
        """The squared norm of the target."""
        return square(self.target)

    @property
    def error(self) -> float:
        """The squared distance of the update from the target."""
        return square(self.target - update(self))

    @property
    def allowed(self) -> float:
        """Return the rounding that squared errors may have."""
        return allowance(self.target, update(self))

    def moved(self, trained: tuple[np.ndarray, ...]) -> Aimed:
        """Return the adapter with other trained numbers."""
        return replace(self, trained=trained)


@dataclass(frozen=True)
class Chance:
    """A target other than 0, and the rank of a LoRA whose dimension random subspaces have."""

    target: np.ndarray
    rank: int

    @property
    def dimension(self) -> int:
        """The dimension of the LoRA."""
        q = min(self.rank, *self.target.shape)
        return q * (sum(self.target.shape) - q)


def is_chance(case: Chance) -> bool:
    """Decide whether the target is finite and not 0, and the rank is from 1 to less than the smaller side."""
    return bool(np.isfinite(case.target).all() and case.target.any() and 1 <= case.rank < min(case.target.shape))


def is_aimed(case: Aimed) -> bool:
    """Decide whether the target is finite and fits to the adapter, whose scale is not 0."""
    fits = case.target.shape == tuple(case.shape) and bool(np.isfinite(case.target).all())
    return fits and case.scale != 0 and is_case(case)


def reached(case: Aimed, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the bounds that the library finds, whether they are exact, and the trained arrays that are nearest."""
    found = distance(build(case), case.target)
    nearest = tuple(np.asarray(found.nearest.params[name]) for name in case.names)
    return {"lower": found.lower, "upper": found.upper, "exact": found.exact, "nearest": nearest}


def unfit(case: Case, nearest: tuple[np.ndarray, ...]) -> Any:
    """Return sides that fail where trained arrays are of other shapes than those of the case; None where they are."""
    return misfit(*((one, old.shape) for one, old in zip(nearest, case.trained, strict=True)))


def projected(case: Case, D: np.ndarray) -> np.ndarray:
    """Return P_B D P_A, with the identity where a factor is not frozen."""
    if case.kind in ("lora-fa", "lora-xs", "vera"):
        D = D @ projector(case.named["A"])
    return projector(case.named["B"].T) @ D if case.kind == "lora-xs" else D


def projector(A: np.ndarray) -> np.ndarray:
    """Return the orthogonal projector onto the rows of A."""
    _, s, Vt = np.linalg.svd(A, full_matrices=False)
    rows = Vt[s > max(A.shape) * np.finfo(float).eps * s.max(initial=0.0)]
    return np.asarray(rows.T @ rows)


def is_orthonormal(case: Case) -> bool:
    """Decide whether all columns of all bases of RandLoRA are orthonormal, up to rounding."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    return bool((np.abs(joint.T @ joint - np.eye(joint.shape[1])) <= rounding(8 * sum(joint.shape), 1.0)).all())


def has_signs(case: Case) -> bool:
    """Decide whether all entries of A are 1 or -1."""
    return bool((np.abs(case.named["A"]) == 1).all())


def is_independent(case: Case) -> bool:
    """Decide whether all columns of all bases of RandLoRA are linearly independent, and A has no zero."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    return bool((case.named["A"] != 0).all()) and exact_rank(joint) == joint.shape[1]


def only(kind: str) -> Any:
    """Return the predicate of a target for an adapter of a kind."""
    return lambda case: case.kind == kind and is_aimed(case)


# --- families ---------------------------------------------------------------------------------------------------------


def aim(draws: Draws, case: Case) -> Aimed:
    """Draw a target: integers, or the update itself and integers, in small or large units."""
    D = draws.integers(-5, 5, shape=tuple(case.shape)).astype(float)
    if draws.integers(0, 2) == 0:
        D = D / 8 + update(case)
    return rescaled(with_more(Aimed, case, target=D), draws.choice((0, 0, 40, -330)))


def rescaled(case: Aimed, power: int) -> Aimed:
    """Return target and update in other units."""
    return replace(case, scale=float(np.ldexp(case.scale, power)), target=np.ldexp(case.target, power))


def aimed(case: Case, D: np.ndarray | None = None) -> Aimed:
    """Add a fixed target to an adapter."""
    m, n = case.shape
    pattern = (np.arange(m * n).reshape(m, n) * 7 % 11 - 4.0) if D is None else D
    return with_more(Aimed, case, target=pattern)  # type: ignore[no-any-return]


def two_values(kind: str = "lora") -> Aimed:
    """Make diag(2, 1) beside its best update of rank one."""
    e = np.array([[1.0], [0.0]])
    return aimed(
        Case(kind, (2 * e, e.T), () if kind == "lora" else (np.ones((2, 2)),), 1.0, (2, 2)), np.diag([2.0, 1.0])
    )


def three_fours() -> Aimed:
    """Make 4 I beside the update 0 of rank one."""
    return aimed(Case("lora", (np.zeros((3, 1)), np.ones((1, 3))), (), 1.0, (3, 3)), 4 * np.eye(3))


TARGETS = Family(
    "adapters-and-targets",
    always=lambda: (aimed(smallest(), np.array([[5.0]])), three_fours(), *map(aimed, one_of_each())),
    tight=(Tight(two_values(), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, most=4, kinds=KINDS)),
)

#: a symmetric matrix of signs whose columns are orthogonal
SYLVESTER = np.array([[1.0, 1.0], [1.0, -1.0]])


def signs(draws: Draws, shape: tuple[int, ...]) -> np.ndarray:
    """Draw 1 and -1."""
    return np.asarray(2.0 * draws.integers(0, 1, shape=shape) - 1)


def draw_orthonormal(draws: Draws) -> Aimed:
    """Draw RandLoRA with columns of a matrix of signs as bases, and a factor of signs."""
    power, r = draws.integers(1, 3), draws.integers(1, 2)
    m = 2**power
    joint = SYLVESTER
    for _ in range(power - 1):
        joint = np.kron(SYLVESTER, joint)
    N, n = draws.integers(1, min(m // r, 3)), draws.integers(1, m)
    columns = joint[:, draws.permutation(m)[: N * r]] / np.sqrt(m)
    bases = np.ascontiguousarray(columns.reshape(m, N, r).swapaxes(0, 1))
    trained = tuple(draws.integers(-3, 3, shape=shape).astype(float) for shape in ((N, r), (N, n)))
    flipped = draws.integers(0, 1) == 1
    shape = (n, m) if flipped else (m, n)
    return aim(
        draws, Case("randlora", trained, (bases, signs(draws, (r, n))), draws.choice((1.0, -0.5)), shape, flipped)
    )


def with_bases(A: np.ndarray, N: int = 2) -> Aimed:
    """Make RandLoRA with N pairs of axes of four dimensions as bases, and a factor."""
    bases = np.eye(4).reshape(4, 2, 2).swapaxes(0, 1)[:N].copy()
    D = np.array([[3.0, 1.0, 0.0], [1.0, -2.0, 1.0], [0.0, 2.0, 1.0], [5.0, 0.0, 2.0]])
    return aimed(Case("randlora", (np.ones((N, 2)), np.ones((N, 3))), (bases, A), 1.0, (4, 3)), D)


SIGNS = np.array([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])
ORTHONORMAL = Family(
    "randlora-of-orthonormal-bases-and-signs",
    always=lambda: (with_bases(SIGNS), with_bases(SIGNS, 1)),
    draw=draw_orthonormal,
)
NOT_SIGNS = Family(
    "randlora-of-orthonormal-bases",
    always=lambda: (with_bases(SIGNS * np.array([[1.0, 3.0, 2.0]] * 2) + np.array([[0.0], [4.0]])),),
    draw=lambda draws: with_bases(nonzero(draws, (2, 3)) * np.array([[2.0], [1.0]])),
)
BASES = Family(
    "randlora-and-targets",
    always=lambda: (
        with_bases(np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 2.0]]), 1),
        aimed(next(case for case in one_of_each() if case.kind == "randlora")),
    ),
    tight=(Tight(with_bases(SIGNS), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, low=2, most=5, kinds=("randlora",))),
)
WEIGHTS = Family(
    "hadamard-and-targets",
    always=lambda: (
        aimed(smallest("hadamard"), np.array([[5.0]])),
        aimed(next(case for case in one_of_each() if case.kind == "hadamard")),
        replace(two_values("hadamard"), frozen=(np.array([[1.0, 4.0], [2.0, 1.0]]),)),
    ),
    tight=(Tight(two_values("hadamard"), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, low=2, most=4, kinds=("hadamard",))),
)


def with_zeros(W: list[list[float]], D: list[list[float]]) -> Aimed:
    """Make a Hadamard adapter of free rank whose update is D where it can be, and the target D."""
    target = np.array(D)
    return aimed(Case("hadamard", (target, np.eye(target.shape[1])), (np.array(W),), 1.0, target.shape), target)


def draw_zeros(draws: Draws) -> Aimed:
    """Draw a weight with at least one zero, sometimes a whole row of them."""
    case = draw_case(draws, low=1, most=4, kinds=("hadamard",))
    kept = draws.integers(0, 1, shape=case.shape)
    kept[0, : draws.choice((1, case.shape[1]))] = 0
    return aim(draws, replace(case, frozen=(case.frozen[0] * kept,)))


WITH_ZEROS = Family(
    "hadamard-of-weights-with-zeros",
    always=lambda: (
        with_zeros([[0.0]], [[5.0]]),
        with_zeros([[0.0, 0.0], [1.0, 1.0]], [[3.0, 1.0], [2.0, 5.0]]),
    ),
    tight=(Tight(with_zeros([[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0], [1.0, 2.0]]), 1 - 1e-12, 1 + 1e-12),),
    draw=draw_zeros,
)


def draw_rank_one(draws: Draws) -> Aimed:
    """Draw a Hadamard adapter whose weight is an outer product."""
    case = draw_case(draws, low=1, most=4, kinds=("hadamard",))
    W = np.outer(nonzero(draws, (case.shape[0],)), nonzero(draws, (case.shape[1],)))
    return aim(draws, replace(case, frozen=(W,)))


def outer(D: np.ndarray) -> Aimed:
    """Make a Hadamard adapter of rank one with the weight (1, 2)^T (1, 3), and a target."""
    e = np.array([[1.0], [0.0]])
    return aimed(Case("hadamard", (e, e.T), (np.array([[1.0, 3.0], [2.0, 6.0]]),), 1.0, (2, 2)), D)


RANK_ONE = Family(
    "hadamard-of-rank-one-weights",
    always=lambda: (aimed(smallest("hadamard"), np.array([[5.0]])), outer(np.diag([2.0, 1.0]))),
    draw=draw_rank_one,
)
FULL_RANK = Family(
    "hadamard-of-weights-of-full-rank",
    always=lambda: (full_rank(1),),
    draw=lambda draws: full_rank(draws.integers(1, 3)),
)


def full_rank(factor: int) -> Aimed:
    """Make a weight of signs whose quotient is farther from rank one than the target itself."""
    return replace(outer(np.array([[2.0, 1.0], [1.0, 2.0]])), frozen=(factor * SYLVESTER,))


CHANCES = Family(
    "targets-of-random-subspaces",
    always=lambda: (Chance(np.eye(3), 1), Chance(np.eye(2)[:1].T @ np.ones((1, 2)), 1)),
    draw=lambda draws: Chance(
        nonzero(draws, (draws.integers(2, 4), draws.integers(2, 4))) * 2.0 ** draws.choice((0, 40, -40)), 1
    ),
)
