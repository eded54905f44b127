"""Gradients between two factors, and factors that are stabilized."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import (
    Classical,
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
from lrtheory.low_rank_optimizers.optimizers.curvature import stabilized
from lrtheory.low_rank_optimizers.optimizers.mkor import preconditioned
from proofs_checks.guards import unlike
from proofs_checks.low_rank_optimizers.families.inverses import BAD, joined, rotation


@dataclass(frozen=True)
class Pair:
    """A gradient (m, n) between two factors with eigenvalues in the directions of reflections."""

    left: np.ndarray
    right: np.ndarray
    mirrors: tuple[np.ndarray, np.ndarray]
    G: np.ndarray

    @property
    def factors(self) -> list[np.ndarray]:
        """Both factors, in doubles."""
        turned = []
        for values, v in zip((self.left, self.right), self.mirrors, strict=True):
            Q = np.eye(len(v)) - 2 * np.outer(v, v) / (v @ v) if v.any() else np.eye(len(v))
            X = Q @ np.diag(values) @ Q.T
            turned.append((X + X.T) / 2)
        return turned


def is_pair(case: Pair) -> bool:
    """Decide whether eigenvalues are above 0, shapes fit, and the gradient is not 0."""
    sizes = (len(case.left), len(case.right))
    fit = case.G.shape == sizes and tuple(map(len, case.mirrors)) == sizes
    return bool(fit and (case.left > 0).all() and (case.right > 0).all() and case.G.any())


Found = dict[str, Any]


def between(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Let the library put the gradient between the factors."""
    left, right = case.factors
    return {"update": preconditioned(np, left, case.G, right)}


def pair(left: Any, right: Any, G: Any, mirrors: Any = None) -> Pair:
    """Return an instance; without mirrors the factors are diagonal."""
    left, right = np.asarray(left, float), np.asarray(right, float)
    mirrors = (0 * left, 0 * right) if mirrors is None else tuple(np.asarray(v, float) for v in mirrors)
    return Pair(left, right, mirrors, np.asarray(G, float))


def draw_pair(draws: Draws) -> Pair:
    """Draw up to 4 by 4, eigenvalues over three orders of magnitude, and small integers in the gradient."""
    m, n = draws.integers(1, 4), draws.integers(1, 4)
    left, right = (2.0 ** draws.integers(-5, 5, shape=size) for size in (m, n))
    mirrors = tuple(draws.integers(-2, 2, shape=size) for size in (m, n))
    G = draws.integers(-3, 3, shape=(m, n))
    return pair(left, right, G if G.any() else np.ones((m, n)), mirrors)


LEAST = pair([1.0, 4.0], [2.0, 8.0], [[3.0, 0.0], [0.0, 0.0]])


SMALL = (
    pair([2.0], [3.0], [[1.0]]),
    pair([1.0, 64.0], [1.0], [[8.0], [1.0]]),
    pair([1.0, 4.0], [1.0, 8.0, 2.0], np.ones((2, 3)), ([1, 1], [1, 2, 0])),
)


PRODUCTS = Family("preconditioned-products", always=SMALL, tight=(Tight(LEAST, 1 - 2.0**-40, 1.0),), draw=draw_pair)


def one_sided(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Leave the right factor out."""
    return {"update": preconditioned(np, case.factors[0], case.G, np.eye(case.G.shape[1]))}


def opposite(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Point the other way."""
    left, right = case.factors
    return {"update": -preconditioned(np, left, case.G, right)}


def forms(case: Pair, found: Found) -> tuple[Sides | None, float, float, float]:
    """Return sides that fail where an update is no product at the norm of G; <P, G>, and norms of P and of G."""
    left, right = case.factors
    P, size = left @ case.G @ right, float(np.linalg.norm(case.G))
    length, update = float(np.linalg.norm(P)), np.asarray(found["update"], float)
    if update.shape != P.shape:
        return BAD, 0.0, 1.0, 1.0
    # products of three matrices cancel at most their condition; 64 times as a margin
    spread = float((case.left.max() / case.left.min()) * (case.right.max() / case.right.min()))
    off = unlike(update / size - P / length, float(rounding(64 * sum(P.shape) * spread, 1.0)))
    return off, float((update * case.G).sum()), length, size


@formula(l_L="(0, inf)", l_R="(0, inf)", energy="[0, inf)")
def descent_product(l_L: Number, l_R: Number, energy: Number) -> Number:
    r"""<X_L G X_R, G> is at least this, with the least eigenvalues l_L and l_R of both factors and `energy` = |G|^2.

    Proof
    -----
    Assumes: X_L and X_R are symmetric and positive definite.

    Proof: <X_L G X_R, G> = \|X_L^{1/2} G X_R^{1/2}\|^2, and a factor of least singular value l makes no Frobenius norm
    smaller than l times what it was. Equality holds for G = v w^T of eigenvectors of the least eigenvalues.
    """
    return plain(l_L * l_R * energy)


def descends(case: Pair, found: Found, ends: Any = np.min) -> Sides:
    """Compare the inner product with the gradient with the product of the least eigenvalues."""
    off, inner, length, size = forms(case, found)
    least = descent_product(float(ends(case.left)), float(ends(case.right)), size**2)
    inner *= length / size
    allowed = float(rounding(64 * sum(case.G.shape) ** 2, size * length))
    return off or Sides([least], [inner], least=-size * length, rounding=allowed)


MK_4 = Statement(
    id="low_rank_optimizers/MK-4",
    title="A gradient between two positive definite factors is a direction of descent",
    says=(
        "For P = X_L G X_R with symmetric positive definite factors, the inner product of P and G is at least the "
        "product of the least eigenvalues of both factors times |G|^2. The optimizer rescales P to the norm of G."
    ),
    source=Derived(descent_product),
    tex=r"\langle X_L G X_R, G\rangle \ge \lambda_{\min}(X_L)\,\lambda_{\min}(X_R)\,\|G\|^2",
    hypotheses={"positive definite factors, and a gradient that is not 0": is_pair},
    instances=PRODUCTS,
    solve=between,
    claim=Inequality(descends),
    decisions=("update",),
    saboteurs=(
        saboteur("the mean eigenvalue", claim=Inequality(partial(descends, ends=np.mean))),
        saboteur("the right factor is left out", solve=one_sided),
        saboteur("the other way", solve=opposite),
    ),
)


#: the gradient of least cosine: roots of the ends of the spectrum, crosswise
ANTI = pair([1.0, 4.0], [1.0, 4.0], np.diag([4.0, 1.0]))


ANGLES = Family("preconditioned-angles", always=SMALL, tight=(Tight(ANTI, 1 - 2.0**-40, 1.0),), draw=draw_pair)


def inverted(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Use the factors of curvature in the place of their inverses."""
    left, right = map(np.linalg.inv, case.factors)
    return {"update": preconditioned(np, left, case.G, right)}


@formula(k_L="[1, inf)", k_R="[1, inf)")
def alignment_square(k_L: Number, k_R: Number) -> Number:
    r"""The squared cosine between a gradient and its preconditioned form is at least this.

    Both factors have the condition numbers k_L and k_R.

    Proof
    -----
    Assumes: X_L and X_R are symmetric and positive definite.

    Proof: G -> X_L G X_R is symmetric and positive definite for the inner product of matrices, with least eigenvalue lo
    and largest hi = k lo, each a product of eigenvalues. By Kantorovich, <A x, x>^2 >= 4 lo hi / (lo + hi)^2 \|A x\|^2
    \|x\|^2. Equality holds for x = sqrt(hi) v + sqrt(lo) w with unit eigenvectors v of lo and w of hi.

    References
    ----------
    Kantorovich, "Functional analysis and applied mathematics", 1948; Wielandt, "Inclusion theorems for eigenvalues",
    1953.
    """
    k = k_L * k_R
    k = exact(plain(k))
    return plain(4 / (k + 2 + 1 / k))  # k^2 may be beyond the doubles


def is_aligned(case: Pair, found: Found, condition: str = "product") -> Sides:
    """Compare the cosine with the gradient with its bound, and so the promised decrease of a smooth function."""
    off, inner, _, size = forms(case, found)
    k = [float(values.max() / values.min()) for values in (case.left, case.right)]
    worst = {"product": k, "largest": [max(k), 1.0], "left": [k[0], 1.0]}[condition]
    cosine, allowed = inner / size**2, float(rounding(64 * sum(case.G.shape) ** 2, 1.0))
    bound = float(alignment_square(*worst)) ** 0.5
    return off or Sides([bound], [cosine], least=-1.0, rounding=allowed)


MK_5 = Statement(
    id="low_rank_optimizers/MK-5",
    title="Condition numbers bound how far preconditioning turns a gradient",
    says=(
        "With k the product of the condition numbers of X_L and X_R, the cosine between P = X_L G X_R and G is at "
        "least 2 sqrt(k) / (1 + k). So a step of size eta along P, rescaled to the norm of G, decreases a smooth "
        "function by at least eta times |G|^2 times this, up to the term of second order."
    ),
    source=Classical("inequality of Kantorovich", "Kantorovich 1948, as in `theory.alignment_square`"),
    tex=r"\cos(X_L G X_R, G) \ge \frac{2\sqrt{k}}{1 + k},\qquad k = \kappa(X_L)\,\kappa(X_R)",
    hypotheses={"positive definite factors, and a gradient that is not 0": is_pair},
    instances=ANGLES,
    solve=between,
    claim=Inequality(is_aligned),
    decisions=("update",),
    saboteurs=(
        saboteur("k is the larger condition", claim=Inequality(partial(is_aligned, condition="largest"))),
        saboteur("k is the left condition", claim=Inequality(partial(is_aligned, condition="left"))),
        saboteur("factors for inverses", solve=inverted),
    ),
)


@dataclass(frozen=True)
class Stable:
    """A matrix with known eigenvalues (Fractions) in the directions of a product of rotations by 3-4-5, and zeta."""

    values: tuple[Fraction, ...]
    turns: tuple[int, ...]
    zeta: Fraction

    @property
    def turned(self) -> np.ndarray:
        """The eigenvectors as columns."""
        return rotation(len(self.values), self.turns)

    @property
    def matrix(self) -> np.ndarray:
        """The matrix."""
        return self.turned @ np.diag(np.array(self.values, object)) @ self.turned.T


def is_stable(case: Stable) -> bool:
    """Decide whether all eigenvalues are above 0 and the weight is in [0, 1]."""
    return bool(case.values) and min(case.values) > 0 and 0 <= case.zeta <= 1


def mixed(case: Stable, rng: np.random.Generator | None = None) -> Found:
    """Let the library stabilize the matrix."""
    return {"X": stabilized(np, case.matrix, case.zeta)}


HALF = Fraction(1, 2)


def draw_stable(draws: Draws) -> Stable:
    """Draw up to 3 eigenvalues, rotations, and a weight of eighths."""
    d = draws.integers(1, 3)
    values = tuple(Fraction(int(v), 8) for v in draws.integers(1, 200, shape=d))
    return Stable(values, tuple(int(t) for t in draws.integers(0, 2, shape=2)), Fraction(draws.integers(0, 8), 8))


STABLES = Family(
    "stabilized",
    always=(
        Stable((Fraction(1), Fraction(1)), (), HALF),
        Stable((Fraction(1), Fraction(9)), (0,), HALF),
        Stable((Fraction(1, 4), Fraction(2), Fraction(16)), (0, 1), Fraction(0)),
    ),
    tight=(Tight(Stable((Fraction(1), Fraction(9)), (0,), Fraction(1)), 1.0, 1.0),),
    draw=draw_stable,
)


def swapped(case: Stable, rng: np.random.Generator | None = None) -> Found:
    """Give the identity the weight of the matrix."""
    return {"X": stabilized(np, case.matrix, 1 - case.zeta)}


@formula(low="(0, inf)", high="[low, inf)", zeta="[0, 1]")
def stabilized_condition(low: Number, high: Number, zeta: Number) -> Number:
    """The condition number of zeta X + (1 - zeta) I, where the eigenvalues of X lie between `low` and `high`.

    Proof
    -----
    Assumes: X is symmetric and positive definite.

    Proof: The eigenvalues are zeta x + 1 - zeta. The quotient grows with zeta, since its derivative has the sign of
    largest - least, and is largest / least for zeta = 1.
    """
    low, high = exact(low), exact(high)
    zeta = exact(zeta)
    rest = 1 - zeta  # added last, 1 would swallow a small zeta x
    return plain((zeta * high + rest) / (zeta * low + rest))


def is_milder(case: Stable, found: Found, strength: int = 0) -> Sides:
    """Compare the condition number with that before, and the matrix, in its directions, with what it has to be."""
    X, zeta = np.asarray(found["X"], object), case.zeta
    if X.shape != (len(case.values), len(case.values)):
        return BAD
    turned = case.turned.T @ X @ case.turned
    due = np.diag(np.array([zeta * value + 1 - zeta for value in case.values], object))
    values, least, largest = np.diag(turned), min(case.values), max(case.values)
    reached = max(values) / min(values) if min(values) > 0 else -1
    formula = stabilized_condition(least, largest, zeta)
    bound = (zeta if strength else 1) * largest / least
    return joined([(turned, due), (due, turned), ([formula, reached, formula], [reached, bound, bound])])


MK_6 = Statement(
    id="low_rank_optimizers/MK-6",
    title="A share of the identity lowers the condition number",
    says=(
        "For a symmetric positive definite X with eigenvalues between l and h, the matrix zeta X + (1 - zeta) I has "
        "the condition number (zeta h + 1 - zeta) / (zeta l + 1 - zeta), which is at most h / l; both are equal for "
        "zeta = 1, and where X is a multiple of the identity."
    ),
    source=Derived(stabilized_condition),
    tex=r"\kappa(\zeta X + (1-\zeta) I) = \frac{\zeta h + 1 - \zeta}{\zeta l + 1 - \zeta} \le \frac hl = \kappa(X)",
    hypotheses={"eigenvalues above 0, and a weight in [0, 1]": is_stable},
    instances=STABLES,
    solve=mixed,
    claim=Inequality(is_milder, unbounded="a solver may report any matrix"),
    decisions=("X",),
    saboteurs=(
        saboteur("zeta times the condition", claim=Inequality(partial(is_milder, strength=1))),
        saboteur("the weights are swapped", solve=swapped),
    ),
)
