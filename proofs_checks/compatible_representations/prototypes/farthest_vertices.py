"""The largest distance of K unit prototypes from each other, and the price of vertices for classes to come.

w_1, ..., w_K are unit vectors; a simplex is regular if they have one product and K - 1 dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.compatible_representations import align_head, simplex_prototypes
from lrtheory.compatible_representations.theory import growth_cosine

# --- no K vectors are further apart ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rivals:
    """Directions of K prototypes, rows in integers, none of which is 0."""

    rows: np.ndarray


def integer_simplex(K: int) -> np.ndarray:
    """Return the directions of a regular simplex with K vertices in R^K."""
    return K * np.eye(K, dtype=np.int64) - 1


def has_directions(case: Rivals) -> bool:
    """Decide whether there are two or more rows, of which none is 0."""
    return case.rows.ndim == 2 and len(case.rows) > 1 and bool((case.rows != 0).any(1).all())


def draw_rivals(draws: Draws) -> Rivals:
    """Draw two to seven directions in one to five dimensions."""
    rows = draws.integers(-3, 3, shape=(draws.integers(2, 7), draws.integers(1, 5)))
    rows[(rows == 0).all(1)] = 1
    return Rivals(rows)


RIVALS = Family(
    "directions",
    always=(
        Rivals(np.array([[1], [-2]])),
        Rivals(np.array([[1], [-1], [3]])),
        Rivals(integer_simplex(3)),
        Rivals(integer_simplex(8)),
        Rivals(np.array([[1, 0], [-1, 2], [-1, -2]])),  # nearly a simplex
        Rivals(np.concatenate([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)])),
    ),
    draw=draw_rivals,
)


def prototypes(case: Rivals, rng: np.random.Generator) -> np.ndarray:
    """Return the library's prototypes for as many classes."""
    return simplex_prototypes(len(case.rows))


def not_centred(K: int) -> np.ndarray:
    """Return the first K - 1 unit vectors, and the direction opposite to their mean."""
    return np.vstack([np.eye(K - 1), np.full((1, K - 1), -1 / math.sqrt(K - 1))])


def largest_product(rows: np.ndarray) -> float:
    """Return the largest product of two different rows."""
    products = rows @ rows.T
    return float(products[~np.eye(len(rows), dtype=bool)].max())


def as_far(case: Rivals, found: np.ndarray, more: int = 0) -> Sides:
    """Compare -1 / (K - 1) and the largest product of prototypes with the one of the rivals, and their norms with 1."""
    K, d = case.rows.shape
    rows = np.asarray(case.rows, float)
    closest = largest_product(rows / np.linalg.norm(rows, axis=1)[:, None])
    W = np.asarray(found, float)
    norms, one = (W * W).sum(1), np.ones(K)
    lhs = np.concatenate([[-1 / (K - 1 + more), largest_product(W)], norms, one])
    rhs = np.concatenate([[closest, closest], one, norms])
    trivial = np.concatenate([[math.inf, 1.0], np.full(2 * K, math.inf)])
    least = np.concatenate([[-1.0, -math.inf], np.full(2 * K, -math.inf)])
    return Sides(lhs, rhs, trivial=trivial, least=least, rounding=rounding(16 * (K + d), 1.0))


MIRRORED = "the mirror image of a simplex is one, too"
UNBOUNDED = "rows that are returned may have any norm"

SX_1 = Statement(
    id="compatible_representations/SX-1",
    title="No prototypes are further apart than the vertices of a simplex",
    says=(
        "Among K unit vectors w_1, ..., w_K two have a product of at least -1 / (K - 1), and no two of the vertices of "
        "a regular simplex have a larger one."
    ),
    source=Classical("the simplex bound", "R. A. Rankin, The closest packing of spherical caps in n dimensions, 1955"),
    tex=r"\max_{i \ne j} \langle w_i, w_j \rangle \ge -\tfrac{1}{K - 1}",
    hypotheses={"two or more directions": has_directions},
    instances=RIVALS,
    solve=prototypes,
    claim=Inequality(as_far, unbounded=UNBOUNDED),
    decisions=("outcome",),
    free={"outcome": MIRRORED},
    saboteurs=(
        saboteur("prototypes that are not centred", solve=lambda case, rng: not_centred(len(case.rows))),
        saboteur("-1 / K", claim=Inequality(lambda case, found: as_far(case, found, more=1), unbounded=UNBOUNDED)),
    ),
    notes="The squared norm of the sum, K + sum over i != j of <w_i, w_j>, is not negative. For K = 2 it says -1.",
)

# --- vertices for classes to come ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reserved:
    """The number of classes, K, and that of vertices, P >= K."""

    K: int
    P: int


def has_room(case: Reserved) -> bool:
    """Decide whether there is a vertex for each class, and there are two or more."""
    return 2 <= case.K <= case.P


def draw_reserved(draws: Draws) -> Reserved:
    """Draw two to thirty classes, and up to sixty vertices more."""
    K = draws.integers(2, 30)
    return Reserved(K, K + draws.choice((0, 1, 2, 5, 60)))


RESERVED = Family(
    "reserved-vertices",
    always=(Reserved(2, 2), Reserved(3, 3), Reserved(2, 3), Reserved(10, 11), Reserved(10, 40), Reserved(64, 64)),
    draw=draw_reserved,
)


def vertices(case: Reserved, rng: np.random.Generator, *, added: float = 0.0) -> np.ndarray:
    """Return the library's P prototypes; each is divided by its norm and `added`."""
    return simplex_prototypes(case.P) / (1 + added)


@formula(K="[2, inf)", P="[2, inf)")
def simplex_products(K: int, P: int) -> Any:
    """The products of the first K of P vertices, rows and columns in their order.

    Proof
    -----
    Assumes: the vertices are unit vectors with one product c, in P - 1 dimensions, so that their Gram matrix has an
    eigenvalue 0.

    Proof: (1 - c) I + c J has the eigenvalues 1 - c, P - 1 times, and 1 + (P - 1) c. Unit vectors with c = 1 are one
    and the same, so 1 + (P - 1) c = 0, which is c = -1 / (P - 1). Then the sum of all has the norm 0, and W^T W has the
    nonzero eigenvalues of W W^T, which are P / (P - 1), P - 1 times: it is P / (P - 1) I.
    """
    return (P * np.eye(K) - 1) / (P - 1)


def as_simplex(case: Reserved, found: np.ndarray, reserved: bool = True) -> Sides:
    """Compare products of the first K vertices, the sum of all, and W^T W with what they have to be."""
    W, K, P = np.asarray(found, float), case.K, case.P
    products = simplex_products(K, P if reserved else K)
    lhs = [(W[:K] @ W[:K].T).ravel(), W.sum(0), (W.T @ W).ravel()]
    rhs = [products.ravel(), np.zeros(P - 1), (P / (P - 1) * np.eye(P - 1)).ravel()]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=rounding(16 * P, 2.0))


SX_1B = Statement(
    id="compatible_representations/SX-1b",
    title="The products of simplex prototypes, with and without vertices in reserve",
    says=(
        "P unit prototypes at the vertices of a regular simplex, the rows of W, have the products <w_i, w_j> = -1 / "
        "(P - 1), their sum is 0, and W^T W = P / (P - 1) I. For the first K of them the product is that of all P, and "
        "not -1 / (K - 1), which is the price of vertices in reserve."
    ),
    source=Derived(simplex_products),
    tex=r"W W^T = \tfrac{P I - J}{P - 1},\quad W^T 1 = 0,\quad W^T W = \tfrac{P}{P - 1} I",
    hypotheses={"a vertex for each of two or more classes": has_room},
    instances=RESERVED,
    solve=vertices,
    claim=Identity(as_simplex),
    decisions=("outcome",),
    free={"outcome": MIRRORED},
    saboteurs=(
        saboteur("prototypes that are not centred", solve=lambda case, rng: not_centred(case.P)),
        saboteur("1e-8 added to norms", solve=partial(vertices, added=1e-8)),
        saboteur("reserve for nothing", claim=Identity(partial(as_simplex, reserved=False))),
    ),
)

# --- a simplex that grows --------------------------------------------------------------------------------------------


def grown(case: Reserved, rng: np.random.Generator, *, aligned: bool = True) -> np.ndarray:
    """Let the library turn the K prototypes of an old head onto the first K of P, or leave them as they are."""
    old, new = simplex_prototypes(case.K), simplex_prototypes(case.P)[: case.K]
    if aligned:
        return align_head(old, new).weights
    return np.pad(old, ((0, 0), (0, case.P - case.K)))


def as_grown(case: Reserved, found: np.ndarray, one_more: bool = False) -> Sides:
    """Compare the mean cosine of turned and new prototypes with the formula, and products with those of old ones."""
    W, K = np.asarray(found, float), case.K
    cosine: Number = (W * simplex_prototypes(case.P)[:K]).sum() / K
    due = growth_cosine(K, larger=K + 1 if one_more else case.P)
    lhs, rhs = [cosine, *(W @ W.T).ravel()], [due, *simplex_products(K, K).ravel()]
    # a singular value decomposition of K x P numbers
    return Sides(np.array(lhs), np.array(rhs), rounding=rounding(64 * (K + case.P), 2.0))


def is_larger(case: Reserved) -> bool:
    """Decide whether the simplex grows."""
    return has_room(case) and case.K < case.P


SX_12 = Statement(
    id="compatible_representations/SX-12",
    title="A simplex that grows keeps its directions, if it is turned",
    says=(
        "The vertices of a regular simplex with K vertices, turned as well as can be onto the first K of P > K, have "
        "with them a mean cosine of sqrt((K - 1) P / (K (P - 1))), for P = K + 1 of sqrt(1 - 1 / K^2)."
    ),
    source=Derived(growth_cosine),
    tex=r"\max_R \tfrac1K \sum_{i \le K} \langle w_i R, w'_i \rangle = \sqrt{\tfrac{(K - 1) P}{K (P - 1)}}",
    hypotheses={"more vertices than classes": is_larger},
    instances=Family(
        "growing-simplices",
        always=(Reserved(2, 3), Reserved(3, 4), Reserved(10, 11), Reserved(10, 40)),
        draw=lambda draws: Reserved((K := draws.integers(2, 20)), K + draws.choice((1, 2, 5, 30))),
    ),
    solve=grown,
    claim=Identity(as_grown),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a head that is not turned", solve=partial(grown, aligned=False)),
        saboteur("one more vertex for all others", claim=Identity(partial(as_grown, one_more=True))),
    ),
)
