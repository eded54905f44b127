"""Maps of new features onto old ones: the best rotation, one that is shrunk to the identity, and affine maps.

F_n and F_o have the features of m items by the new and the old encoder in their rows, d numbers each. C = F_n^T F_o is
their cross moment, and sigma_1 its largest singular value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.compatible_representations import fit_map
from proofs_checks.guards import allowance, square


@dataclass(frozen=True)
class Pairs:
    """Features of the same items by both encoders, and the shrinkage, kappa / sigma_1."""

    new: np.ndarray
    old: np.ndarray
    shrinkage: float = 0.0


def is_paired(case: Pairs) -> bool:
    """Decide whether there are as many features of one width by both encoders, none of them 0."""
    shaped = case.new.shape == case.old.shape and case.new.ndim == 2
    return shaped and case.shrinkage >= 0 and all(bool((one != 0).any(1).all()) for one in (case.new, case.old))


def draw_features(draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Draw features of one to eight items in one to five dimensions, in integers without 0."""
    shape = draws.integers(1, 8), draws.integers(1, 5)
    old, new = (draws.integers(-4, 3, shape=shape) for _ in range(2))
    return tuple((one + (one >= 0)).astype(float) for one in (new, old))


def draw_pairs(draws: Draws) -> Pairs:
    """Draw features and no shrinkage."""
    return Pairs(*draw_features(draws))


FLIP = np.array([[1.0], [2.0], [-1.0]])
CORNER = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
QUARTER = np.array([[0.0, 1.0], [-1.0, 0.0]])  # a turn by 90 degrees

PAIRS = Family(
    "pairs-of-features",
    always=(
        Pairs(FLIP, -FLIP),
        Pairs(CORNER, CORNER @ QUARTER),
        Pairs(CORNER[:1], CORNER[1:2]),  # fewer items than dimensions
        Pairs(np.array([[2.0, 1.0, 0.0], [0.0, 1.0, -1.0]]), np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 1.0]])),
        Pairs(np.arange(12.0).reshape(4, 3) % 5 + 1, np.arange(12.0).reshape(4, 3) % 7 - 9),
    ),
    draw=draw_pairs,
)


def nuclear(C: np.ndarray) -> float:
    """Return the sum of the singular values."""
    return float(np.linalg.svd(C, compute_uv=False).sum())


def cross_moment(case: Pairs) -> np.ndarray:
    """Return F_n^T F_o in doubles."""
    moment: np.ndarray = np.asarray(case.new, float).T @ np.asarray(case.old, float)
    return moment


# --- the best rotation -----------------------------------------------------------------------------------------------


def rotated(case: Pairs, rng: np.random.Generator, *, turned: bool = False) -> np.ndarray:
    """Return the library's rotation, from the new space to the old one, or the other way round."""
    ends = (case.old, case.new) if turned else (case.new, case.old)
    return fit_map(*ends, method="rotation").matrix


def without_reflection(case: Pairs, rng: np.random.Generator) -> np.ndarray:
    """Return the best rotation of determinant 1."""
    U, _, V = np.linalg.svd(cross_moment(case))
    U[:, -1] *= np.sign(np.linalg.det(U @ V))
    return U @ V


@formula(new="[0, inf)", old="[0, inf)", total="[0, inf)")
def least_error(new: Number, old: Number, total: Number) -> Number:
    r"""The least \|F_n R - F_o\|^2 over orthogonal R, for the squared norms of F_n and F_o and \|C\|_* (`total`).

    Proof
    -----
    Assumes: R is orthogonal, so that \|F_n R\| = \|F_n\|.

    Proof: \|F_n R - F_o\|^2 = \|F_n\|^2 + \|F_o\|^2 - 2 tr(R^T C). With C = U S V^T the trace is tr(Q S) for the
    orthogonal matrix Q = V^T R^T U, whose diagonal entries are at most 1, so it is at most the sum of S. R = U V^T
    attains that.
    """
    return new + old - 2 * total


def as_rotated(case: Pairs, R: np.ndarray, root: bool = False) -> Sides:
    """Compare R^T R with I, products of mapped features with those of the new ones, and the error with the least."""
    X, Y, C = np.asarray(case.new, float), np.asarray(case.old, float), cross_moment(case)
    R, d = np.asarray(R, float), C.shape[0]
    mapped = X @ R
    total = math.sqrt(square(C)) if root else nuclear(C)
    due = least_error(square(X), square(Y), min(total, (square(X) + square(Y)) / 2))
    lhs = [*(R.T @ R).ravel(), *(mapped @ mapped.T).ravel(), square(mapped - Y)]
    rhs = [*np.eye(d).ravel(), *(X @ X.T).ravel(), due]
    return Sides(np.array(lhs), np.array(rhs), rounding=allowance(X, Y, np.eye(d)))


SX_11 = Statement(
    id="compatible_representations/SX-11",
    title="The best rotation of new features onto old ones",
    says=(
        "The least |F_n R - F_o|^2 over orthogonal matrices R is |F_n|^2 + |F_o|^2 - 2 |F_n^T F_o|_*, with "
        "|.|_* the sum of the singular values, and a rotation leaves all products of new features as they are."
    ),
    source=Derived(least_error),
    tex=r"\min_{R^T R = I} \|F_n R - F_o\|^2 = \|F_n\|^2 + \|F_o\|^2 - 2 \|F_n^T F_o\|_*",
    hypotheses={"features of one width by both encoders, none of them 0": is_paired},
    instances=PAIRS,
    solve=rotated,
    claim=Identity(as_rotated),
    decisions=("outcome",),
    saboteurs=(
        saboteur("from the old space to the new one", solve=partial(rotated, turned=True)),
        saboteur("without reflections", solve=without_reflection),
        saboteur("the root of the sum of squares", claim=Identity(partial(as_rotated, root=True))),
    ),
    notes="With fewer items than dimensions R is free on what they do not reach, and the least error is that of all.",
)

# --- a rotation that is shrunk to the identity -----------------------------------------------------------------------


def draw_shrunk(draws: Draws) -> Pairs:
    """Draw features and a shrinkage."""
    return Pairs(*draw_features(draws), draws.choice((0.01, 0.03, 0.5, 2.0, 100.0)))


SHRUNK = Family(
    "shrunk-pairs",
    always=(
        Pairs(FLIP, -FLIP, 0.5),
        Pairs(FLIP, -FLIP, 2.0),  # the identity wins
        Pairs(CORNER, CORNER @ QUARTER, 0.5),
        Pairs(CORNER[:1], CORNER[1:2], 0.03),
        Pairs(np.arange(12.0).reshape(4, 3) % 5 + 1, np.arange(12.0).reshape(4, 3) % 7 - 9, 0.3),
    ),
    draw=draw_shrunk,
)


def shrunk(case: Pairs, rng: np.random.Generator, *, factor: float = 1.0) -> np.ndarray:
    """Return the library's shrunk rotation, with the shrinkage multiplied."""
    return fit_map(case.new, case.old, method="rotation", shrinkage=factor * case.shrinkage).matrix


@formula(new="[0, inf)", old="[0, inf)", kappa="[0, inf)", d="[1, inf)", total="[0, inf)")
def least_shrunk(new: Number, old: Number, kappa: Number, d: int, total: Number) -> Number:
    r"""The least \|F_n R - F_o\|^2 + kappa \|R - I\|^2 over orthogonal R, in d dimensions.

    `new` and `old` are the squared norms of F_n and F_o, and `total` is \|C + kappa I\|_*.

    Proof
    -----
    Assumes: R is orthogonal.

    Proof: \|R - I\|^2 = 2 d - 2 tr R, so that the objective is \|F_n\|^2 + \|F_o\|^2 + 2 kappa d
    - 2 tr(R^T (C + kappa I)), and the trace is at most the sum of the singular values of C + kappa I, which its polar
    factor attains (`least_error`); no other one does if that matrix is regular.
    """
    return new + old + 2 * kappa * d - 2 * total


def as_shrunk(case: Pairs, R: np.ndarray, apart: bool = False) -> Sides:
    """Compare R^T R with I, and the objective with its least value."""
    X, Y, C = np.asarray(case.new, float), np.asarray(case.old, float), cross_moment(case)
    R, d = np.asarray(R, float), C.shape[0]
    kappa = float(case.shrinkage) * float(np.linalg.norm(C, 2))
    total = nuclear(C) + kappa * d if apart else nuclear(C + kappa * np.eye(d))
    due = least_shrunk(square(X), square(Y), kappa, d, total)
    lhs = [*(R.T @ R).ravel(), square(X @ R - Y) + kappa * square(R - np.eye(d))]
    scale = math.sqrt(kappa) * np.eye(d)
    return Sides(np.array(lhs), np.array([*np.eye(d).ravel(), due]), rounding=allowance(X, Y, np.eye(d), scale, scale))


SX_11B = Statement(
    id="compatible_representations/SX-11b",
    title="A rotation that is shrunk to the identity is a polar factor",
    says=(
        "The least |F_n R - F_o|^2 + kappa |R - I|^2 over orthogonal matrices R of d dimensions is |F_n|^2 + "
        "|F_o|^2 + 2 kappa d - 2 |F_n^T F_o + kappa I|_*, with |.|_* the sum of the singular values; the polar "
        "factor of F_n^T F_o + kappa I attains it, and no other matrix does where that is regular."
    ),
    source=Derived(least_shrunk),
    tex=(
        r"\min_{R^T R = I} \|F_n R - F_o\|^2 + \kappa \|R - I\|^2"
        r" = \|F_n\|^2 + \|F_o\|^2 + 2 \kappa d - 2 \|F_n^T F_o + \kappa I\|_*"
    ),
    hypotheses={"features of one width by both encoders, none of them 0": is_paired},
    instances=SHRUNK,
    solve=shrunk,
    claim=Identity(as_shrunk),
    decisions=("outcome",),
    saboteurs=(
        saboteur("no shrinkage", solve=partial(shrunk, factor=0.0)),
        saboteur("half of the shrinkage", solve=partial(shrunk, factor=0.5)),
        saboteur("singular values added to kappa", claim=Identity(partial(as_shrunk, apart=True))),
    ),
    notes="kappa = 0 is the plain rotation, and for kappa to infinity R tends to the identity, which is no map.",
)

# --- affine maps -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Affine:
    """x A + b."""

    A: np.ndarray
    b: np.ndarray


def affine(case: Pairs, rng: np.random.Generator, *, ridge: float = 0.0) -> Affine:
    """Return the library's affine map."""
    found = fit_map(case.new, case.old, method="affine", ridge=ridge)
    return Affine(found.matrix, found.offset)


def rotation_as_affine(case: Pairs, rng: np.random.Generator) -> Affine:
    """Return the best rotation of the old features onto the new ones."""
    return Affine(rotated(case, rng, turned=True), np.zeros(case.old.shape[1]))


@formula(rotation="[0, inf)")
def affine_error(rotation: Number) -> Number:
    r"""A limit of \|F_n A + 1 b^T - F_o\|^2 for least squares A and b, by the least error of a rotation.

    Proof
    -----
    Assumes: A and b have the least error of all, without a ridge.

    Proof: a rotation R is the affine map with A = R and b = 0.
    """
    return rotation


def below_rotation(case: Pairs, found: Affine, share: float = 1.0) -> Sides:
    """Compare the error of the affine map with that of the best rotation."""
    X, Y = np.asarray(case.new, float), np.asarray(case.old, float)
    error = square(X @ np.asarray(found.A, float) + np.asarray(found.b, float) - Y)
    least = least_error(square(X), square(Y), min(nuclear(cross_moment(case)), (square(X) + square(Y)) / 2))
    limit = share * affine_error(max(least, 0.0))
    return Sides([error], [limit], rounding=[allowance(X, Y, steps=8)])


#: features that no affine map fits, and a rotation no better
HALFWAY = Pairs(np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[2.0], [0.5], [0.5], [-2.0]]))
UNBOUNDED = "an affine map may be as far off as one likes"

SX_11A = Statement(
    id="compatible_representations/SX-11a",
    title="An affine map fits no worse than a rotation",
    says=(
        "On the items that it is fitted on, the affine map x A + b of least squares has an error |F_n A + 1 b^T - "
        "F_o|^2 of at most that of the best rotation R, if no ridge is added."
    ),
    source=Derived(affine_error),
    tex=r"\min_{A, b} \|F_n A + 1 b^T - F_o\|^2 \le \min_{R^T R = I} \|F_n R - F_o\|^2",
    hypotheses={"features of one width by both encoders, none of them 0": is_paired},
    instances=Family(
        "pairs-for-affine-maps",
        always=(Pairs(FLIP, -FLIP), Pairs(CORNER, CORNER @ QUARTER), HALFWAY),
        draw=draw_pairs,
    ),
    solve=affine,
    claim=Inequality(below_rotation, unbounded=UNBOUNDED),
    decisions=("A", "b"),
    saboteurs=(
        saboteur("a ridge of half the largest eigenvalue", solve=partial(affine, ridge=0.5)),
        saboteur("the rotation of the other way", solve=rotation_as_affine),
        saboteur("half of it", claim=Inequality(partial(below_rotation, share=0.5), unbounded=UNBOUNDED)),
    ),
    notes="It may change the order of new features among each other, which a rotation keeps.",
)
