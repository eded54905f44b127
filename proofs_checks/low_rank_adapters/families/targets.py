"""Adapters beside a target update, and adapters beside data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides, Tight
from lrtheory.low_rank_adapters.distance import distance
from proofs_checks.guards import allowance, misfit, signed_square, square, unlike
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_case,
    is_case,
    one_of_each,
    update,
    with_more,
)
from proofs_checks.low_rank_adapters.families.spectra import values


def tail(X: np.ndarray, rank: int) -> float:
    """Return the sum of all but the largest squared singular values."""
    return square(values(X)[rank:])


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


def unfit(case: Case, nearest: tuple[np.ndarray, ...]) -> Any:
    """Return sides that fail where trained arrays are of other shapes than those of the case; None where they are."""
    return misfit(*((one, old.shape) for one, old in zip(nearest, case.trained, strict=True)))


Found = dict[str, Any]


def checked(case: Aimed, found: Found, *, exact: bool) -> tuple[Sides | None, float]:
    """Return sides that fail where a report does not follow from the arrays, and the squared error of these.

    With `exact` the distance is known, and the report must say so; elsewhere it may.
    """
    if (wrong := unfit(case, found["nearest"])) is not None:
        return wrong, 0.0
    error = case.moved(found["nearest"]).error
    gap = (error - signed_square(found["lower"])) if found["exact"] else 0.0
    if exact and not found["exact"]:
        return Sides(1.0, 0.0, trivial=2.0, rounding=0.0), error
    return unlike([signed_square(found["upper"]) - error, gap], 8 * case.allowed), error


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


def is_aimed(case: Aimed) -> bool:
    """Decide whether the target is finite and fits to the adapter, whose scale is not 0."""
    fits = case.target.shape == tuple(case.shape) and bool(np.isfinite(case.target).all())
    return fits and case.scale != 0 and is_case(case)


def reached(case: Aimed, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the bounds that the library finds, whether they are exact, and the trained arrays that are nearest."""
    found = distance(build(case), case.target)
    nearest = tuple(np.asarray(found.nearest.params[name]) for name in case.names)
    return {"lower": found.lower, "upper": found.upper, "exact": found.exact, "nearest": nearest}


def only(kind: str) -> Any:
    """Return the predicate of a target for an adapter of a kind."""
    return lambda case: case.kind == kind and is_aimed(case)


def rescaled(case: Aimed, power: int) -> Aimed:
    """Return target and update in other units."""
    return replace(case, scale=float(np.ldexp(case.scale, power)), target=np.ldexp(case.target, power))


def aim(draws: Draws, case: Case) -> Aimed:
    """Draw a target: integers, or the update itself and integers, in small or large units."""
    D = draws.integers(-5, 5, shape=tuple(case.shape)).astype(float)
    if draws.integers(0, 2) == 0:
        D = D / 8 + update(case)
    return rescaled(with_more(Aimed, case, target=D), draws.choice((0, 0, 40, -330)))


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


#: a symmetric matrix of signs whose columns are orthogonal
SYLVESTER = np.array([[1.0, 1.0], [1.0, -1.0]])


def with_bases(A: np.ndarray, N: int = 2) -> Aimed:
    """Make RandLoRA with N pairs of axes of four dimensions as bases, and a factor."""
    bases = np.eye(4).reshape(4, 2, 2).swapaxes(0, 1)[:N].copy()
    D = np.array([[3.0, 1.0, 0.0], [1.0, -2.0, 1.0], [0.0, 2.0, 1.0], [5.0, 0.0, 2.0]])
    return aimed(Case("randlora", (np.ones((N, 2)), np.ones((N, 3))), (bases, A), 1.0, (4, 3)), D)


SIGNS = np.array([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])

BASES = Family(
    "randlora-and-targets",
    always=lambda: (
        with_bases(np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 2.0]]), 1),
        aimed(next(case for case in one_of_each() if case.kind == "randlora")),
    ),
    tight=(Tight(with_bases(SIGNS), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, low=2, most=5, kinds=("randlora",))),
)
