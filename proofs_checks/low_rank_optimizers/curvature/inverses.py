"""Inverses of curvature that see one vector at a time, and how they wind up.

X is the inverse of a factor of curvature L, a (d, d) matrix. A step sees a vector g and lets L decay by gamma; before
it, s = g^T X g. `start` is the value of a form v^T X v at the first step.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import exact, gathered, plain, times_power
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Generic,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.low_rank_optimizers.optimizers.curvature import stabilized, update_curvature, updated
from proofs_checks.low_rank_optimizers.families.inverses import (
    BAD,
    FIRST,
    STATED,
    WALK,
    WALKS,
    Walk,
    draw_walk,
    fractions,
    from_identity,
    inverse,
    joined,
    path,
    shaped,
    walk,
)

Found = dict[str, Any]


def stale(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """See each vector one step late."""
    late = np.vstack([0 * case.seen[:1], case.seen[:-1]])
    return path(Walk(case.L, late, case.decay, case.along))


@formula(L="d x d", g="d", gamma="(0, 1)")
def curvature_factor(L: np.ndarray, g: np.ndarray, gamma: Number) -> np.ndarray:
    """The factor of curvature after a vector g, of which the exact update is the inverse.

    Proof
    -----
    Assumes: L is symmetric and positive definite, X = L^{-1} and u = X g.

    Proof: By Sherman and Morrison, (A + c g g^T)^{-1} = A^{-1} - c A^{-1} g g^T A^{-1} / (1 + c g^T A^{-1} g). With A =
    gamma L and c = 1 - gamma this is (X - (1 - gamma) u u^T / (gamma + (1 - gamma) s)) / gamma, the exact update. The
    formula of the first author's thesis keeps X > 0 and is not an inverse: for d = 1, L = g = 1 and gamma = 1/2 it is
    21/10, and the inverse of 1/2 + 1/2 is 1.
    """
    gamma = exact(gamma)
    return gathered(gamma * L + (1 - gamma) * np.outer(g, g))


def inverts(case: Walk, found: Found) -> Sides:
    """Compare the product of each matrix with the factor that it inverts with the identity."""
    if not shaped(case, found["X"]):
        return BAD
    L, products = fractions(case.L), []
    for g, X in zip(fractions(case.seen), found["X"], strict=True):
        L = curvature_factor(L, g, case.decay)
        products.append((L @ X, fractions(np.eye(len(L)))))
    return joined(products)


def factored(p: Any, q: Any, t: Any, h1: Any, h2: Any, x: Any, y: Any) -> Walk:
    """Make a factor of two coordinates of its root, a vector g = L h, and the decay x / (x + y), of any numbers."""
    L = np.array([[p * p, p * q], [p * q, q * q + t]], object)
    seen = (L @ np.array([h1, h2], object))[None]
    if isinstance(p, int):
        return walk(L, seen, Fraction(x, x + y))
    return Walk(L, seen, x / (x + y), seen)


def updated_once(case: Walk, method: str = "exact") -> Found:
    """Let the library's formula update the inverse of a factor of two coordinates, in numbers of any kind."""
    (a, b), (_, c) = case.L
    X = np.array([[c, -b], [-b, a]], object) / (a * c - b * b)
    return {"X": updated(np, X, case.seen[0], case.decay, method)}


def inverts_once(case: Walk, found: Found) -> Sides:
    """Compare the product of the matrix with the factor that it inverts with the identity."""
    g, gamma = case.seen[0], case.decay
    factor = gamma * case.L + (1 - gamma) * (g[:, None] * g[None, :])
    return Sides(factor @ found["X"], np.array([[1, 0], [0, 1]], object))


PRINTED = {"published": "as a thesis prints it", "released": "as released: weight 1"}

ALL_PAIRS = Generic(
    "definite factors L of two coordinates with a positive entry beside the diagonal, and vectors L h with positive h",
    factored,
    ("p", "q", "t", "h1", "h2", "x", "y"),
    outcome=updated_once,
    sides=inverts_once,
    wrong={name: partial(updated_once, method=method) for method, name in PRINTED.items()},
)


MK_1 = Statement(
    id="low_rank_optimizers/MK-1",
    title="The exact update inverts the factor that has seen one more vector",
    says=(
        "X is the inverse of a factor of curvature L. After a vector g the factor is gamma L + (1 - gamma) g g^T, and "
        "the exact update of X is its inverse, step by step. The formula of the first author's thesis is another "
        "matrix, already for one number: with L = g = 1 and gamma = 1/2 it gives 21/10 for 1."
    ),
    source=Derived(curvature_factor),
    tex=r"X' = \tfrac1\gamma\Bigl(X - \tfrac{(1-\gamma)\,Xgg^\top X}{\gamma + (1-\gamma)\,g^\top Xg}\Bigr)"
    r" = \bigl(\gamma L + (1-\gamma)gg^\top\bigr)^{-1}",
    hypotheses=WALK,
    instances=WALKS,
    for_all=(ALL_PAIRS,),
    solve=path,
    claim=Identity(inverts),
    decisions=("X",),
    saboteurs=(
        *(saboteur(name, solve=partial(path, method=method), printed=True) for method, name in PRINTED.items()),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
        saboteur("one vector late", solve=stale),
    ),
    notes="The released formula is taken from the program.",
)


def both_paths(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Return the paths of the exact update and of the formula of the thesis."""
    return {method: path(case, method=method)["X"] for method in ("exact", "published")}


HALF = Fraction(1, 2)


#: the gain nears 1 / (1 - decay) for long vectors
LONG = walk([[1]], [[1000]], HALF, [[1]])


GAINS = Family("curvature-gains", always=FIRST, tight=(Tight(LONG, 1.0, 1.0),), draw=draw_walk)


def both_published(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Return the path of the thesis's formula for both."""
    X = path(case, method="published")["X"]
    return {"exact": X, "published": X}


BOTH = ("exact", "published")


@formula(s="[0, inf)", gamma="(0, 1)")
def curvature_response(s: Number, gamma: Number, method: Literal["exact", "published"] = "exact") -> Number:
    """g^T X' g after X has seen g; `method` names the formula of the update.

    The exact update stays below 1 / (1 - gamma); the formula of the thesis grows like s, and amplifies the direction
    that curvature should damp.

    Proof
    -----
    Assumes: X is symmetric and positive semidefinite.

    Proof: g^T u = s with u = X g, so g^T u u^T g = s^2. The exact update gives (s - (1 - gamma) s^2 / (gamma + (1 -
    gamma) s)) / gamma = s / (gamma + (1 - gamma) s), and (1 - gamma) s < gamma + (1 - gamma) s. The formula of the
    thesis is gamma X plus its factor times u u^T.
    """
    s, gamma = exact(s), exact(gamma)
    if method == "exact":
        return plain(s / (gamma + (1 - gamma) * s))
    lost = (1 - gamma) * s
    return plain(gamma * s + lost / gamma * (s / gamma / (1 + gamma * lost)))


def gains_little(case: Walk, found: Found, bounded: tuple[str, ...] = ("exact",)) -> Sides:
    """Bound g^T X' g of the exact update, and compare that of both updates with what follows from g^T X g."""
    if set(found) != {"exact", "published"} or not all(shaped(case, X) for X in found.values()):
        return BAD
    pairs = []
    for method, path_of in found.items():
        X = inverse(fractions(case.L))
        for g, after in zip(fractions(case.seen), path_of, strict=True):
            gain, s = g @ after @ g, g @ X @ g
            due = curvature_response(s, case.decay, method) if s >= 0 else -1
            pairs += [(gain, due), (due, gain)]
            if method in bounded:
                pairs.append((gain, 1 / (1 - case.decay)))
            X = after
    return joined(pairs)


MK_3 = Statement(
    id="low_rank_optimizers/MK-3",
    title="Curvature damps the direction that it has seen, and the formula of MKOR's thesis amplifies it",
    says=(
        "With s = g^T X g before a vector g, the exact update has g^T X' g = s / (gamma + (1 - gamma) s), which is "
        "below 1 / (1 - gamma) however long g is. The formula of the first author's thesis has gamma s + (1 - gamma) "
        "s^2 / (gamma^2 (1 + gamma (1 - gamma) s)), which has no bound."
    ),
    source=Derived(curvature_response),
    tex=r"g^\top X' g = \frac{s}{\gamma + (1-\gamma)s} < \frac1{1-\gamma}",
    hypotheses=WALK,
    instances=GAINS,
    solve=both_paths,
    claim=Inequality(gains_little, unbounded=STATED),
    decisions=("exact", "published"),
    saboteurs=(
        saboteur("the same bound for the formula of the thesis", claim=Inequality(partial(gains_little, bounded=BOTH))),
        saboteur("the formula of the thesis for both", solve=both_published),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
    ),
    notes="At gamma = 0.95 the quotient of both is 0.91 for s = 0.1, 1.003 for 1, 2.96 for 20 and 107 for 1000.",
)


def is_unexcited(case: Walk) -> bool:
    """Decide whether no vector has a part along the directions, none of which is 0."""
    return bool(not (case.seen @ case.along.T).any() and case.along.any(axis=1).all())


class Counted:
    """A Fraction that counts the products and quotients in which it takes part."""

    n = 0

    def __init__(self, value: Any) -> None:
        self.value = Fraction(value)

    def _with(self, other: Any, value: Any, *, product: bool) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # an array goes through its entries by itself
        Counted.n += product
        return Counted(value(self.value, other.value if isinstance(other, Counted) else Fraction(other)))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b, product=False)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b, product=False)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a, product=False)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b, product=True)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b, product=True)

    __radd__, __rmul__ = __add__, __mul__


def counted_path(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Let the library update the inverse, and count products and quotients of the first update."""
    each = np.vectorize(Counted, otypes=[object])
    Counted.n = 0
    updated(np, each(inverse(fractions(case.L))), each(fractions(case.seen[0])), Counted(case.decay), "exact")
    return path(case) | {"multiplications": Counted.n}


def draw_unexcited(draws: Draws) -> Walk:
    """Draw 2 or 3 coordinates, a direction, and vectors of integers that are orthogonal to it."""
    d, T = draws.integers(2, 3), draws.integers(1, 4)
    v = draws.integers(-3, 3, shape=d)
    v = v if v.any() else np.eye(d, dtype=np.int64)[0]
    free = draws.integers(-2, 2, shape=(T, d))
    return walk(np.eye(d), free * (v @ v) - np.outer(free @ v, v), Fraction(draws.integers(1, 15), 16), v[None])


UNEXCITED = Family(
    "curvature-unexcited",
    always=(
        walk(np.eye(2), [[1, 0]] * 3, HALF, [[0, 1]]),
        walk(np.eye(3), [[1, 1, 0], [0, 0, 2]], Fraction(19, 20), [[1, -1, 0], [-2, 2, 0]]),
    ),
    draw=draw_unexcited,
)


def wound_down(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Stabilize each exact update, with a weight of seven eighths."""
    X, found = inverse(fractions(case.L)), []
    for g in fractions(case.seen):
        X = stabilized(np, update_curvature(X, g, decay=case.decay), Fraction(7, 8))
        found.append(X)
    return counted_path(case) | {"X": np.array(found, object)}


@formula(start="[0, inf)", gamma="(0, 1)", t="[0, inf)")
def wound_up(start: Number, gamma: Number, t: int) -> Number:
    """v^T X v after t steps of the exact form, along a direction that no vector has excited.

    Proof
    -----
    Assumes: X_0 = I and g_i^T v = 0 for all i.

    Proof: L_t = gamma^t I + a sum of multiples of g_i g_i^T, so that L_t v = gamma^t v and X_t v = gamma^-t v.
    """
    gamma = exact(gamma)
    found = times_power(start, gamma, -t)
    if isinstance(found, float) and found == math.inf:
        raise must("t", "so small that the value is a double", t)
    return plain(found)


@formula(d="[1, inf)")
def update_multiplications(d: int) -> int:
    """Multiplications and divisions of one exact update of a (d, d) matrix.

    They are d^2 for u = X g, d for s, d^2 each for the products u_i u_j, for their factor and for the division by the
    decay, and 2 for the factor. Products u_i u_j that are scaled afterwards keep X symmetric bit by bit; scaling u
    first would take 3 d^2 + 2 d + 2, and lose that.

    Proof
    -----
    Assumes: products are formed as the formula reads, without use of symmetry.

    Proof: count them.
    """
    return 4 * d * d + d + 2


def winds_up(case: Walk, found: Found) -> Sides:
    """Compare forms along what no vector excites with powers of the decay, and the count with the formula."""
    if not shaped(case, found["X"]):
        return BAD
    pairs: list[tuple[Any, Any]] = [(found["multiplications"], update_multiplications(len(case.L)))]
    for t, X in enumerate(found["X"], start=1):
        for v in fractions(case.along):
            pairs.append((X @ v, wound_up(1, case.decay, t) * v))
            pairs.append((v @ X @ v, wound_up(v @ v, case.decay, t)))
    products = inverts(case, found)
    return joined([*pairs, (products.lhs, products.rhs)])


MK_8 = Statement(
    id="low_rank_optimizers/MK-8",
    title="An exact update costs about 4 d^2 operations, and unexcited directions wind up",
    says=(
        "One exact update of a (d, d) matrix takes 4 d^2 + d + 2 multiplications and divisions. From the identity, a "
        "direction v to which all vectors are orthogonal has v^T X_t v = gamma^-t |v|^2 after t of them."
    ),
    source=Derived(wound_up),
    tex=r"g_i^\top v = 0\ (i \le t) \Rightarrow v^\top X_t v = \gamma^{-t}\|v\|^2",
    hypotheses=WALK | {"starts at the identity": from_identity, "directions that no vector excites": is_unexcited},
    instances=UNEXCITED,
    solve=counted_path,
    claim=Identity(winds_up),
    decisions=("X",),
    saboteurs=(
        saboteur("stabilized", solve=wound_down),
        saboteur("no division by the decay", patch=(updated, "* outer) / decay", "* outer)")),
    ),
)
