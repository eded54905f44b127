"""Updates that keep inverses of curvature definite, and bounded.

X is the inverse of a factor of curvature L, a (d, d) matrix. A step sees a vector g and lets L decay by gamma; before
it, s = g^T X g. `start` is the value of a form v^T X v at the first step.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain, times_power
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers.optimizers.curvature import updated
from proofs_checks.low_rank_optimizers.families.inverses import (
    BAD,
    FIRST,
    STATED,
    WALK,
    WALKS,
    Walk,
    determinant,
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


def undamped(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Let the matrix decay alone, as if no vector had been seen."""
    X, found = inverse(fractions(case.L)), []
    for _ in case.seen:
        X = case.decay * X
        found.append(X)
    return {"X": np.array(found, object)}


@formula(start="[0, inf)", gamma="(0, 1)", t="[0, inf)")
def definite_floor(start: Number, gamma: Number, t: int) -> Number:
    """v^T X v is at least this after t steps by the formula of MKOR's thesis.

    Proof
    -----
    Assumes: X_0 is symmetric and positive semidefinite.

    Proof: A step adds c (v^T X g)^2 with c > 0 to gamma v^T X v; both are equal where v is orthogonal to X g. Multiply
    over the steps.
    """
    gamma = exact(gamma)
    return plain(times_power(start, gamma, t))


def stays_definite(case: Walk, found: Found, power: int = 1) -> Sides:
    """Bound forms along directions from below by those of the step before, and compare them with the formula."""
    if not shaped(case, found["X"]):
        return BAD
    X, gamma, pairs = inverse(fractions(case.L)), case.decay, []
    starts = [v @ X @ v for v in fractions(case.along)]
    for t, (g, after) in enumerate(zip(fractions(case.seen), found["X"], strict=True), start=1):
        s, u = g @ X @ g, X @ g
        due = gamma * X + (1 - gamma) / (gamma**2 * (1 + gamma * (1 - gamma) * s)) * np.outer(u, u)
        pairs += [(after, due), (due, after)]
        for v, start in zip(fractions(case.along), starts, strict=True):
            pairs.append((gamma**power * (v @ X @ v), v @ after @ v))
            floor = definite_floor(start, gamma, t)
            pairs.append((floor if power == 1 else start / gamma**t, v @ after @ v))
        X = after
    return joined(pairs)


MK_2 = Statement(
    id="low_rank_optimizers/MK-2",
    title="The formula of MKOR's thesis keeps its matrix positive definite",
    says=(
        "After each vector g the formula of the first author's thesis has v^T X' v >= gamma v^T X v for every "
        "direction v, so that after t vectors v^T X v is at least gamma^t times what it was, and the least eigenvalue "
        "is above 0."
    ),
    source=Derived(definite_floor),
    tex=r"v^\top X_t v \ge \gamma\, v^\top X_{t-1} v \ge \gamma^t\, v^\top X_0 v",
    hypotheses=WALK,
    instances=WALKS,
    solve=partial(path, method="published"),
    claim=Inequality(stays_definite, unbounded=STATED),
    decisions=("X",),
    saboteurs=(
        saboteur("the floor of what winds up, 1 / gamma", claim=Inequality(partial(stays_definite, power=-1))),
        saboteur("only decays", solve=undamped),
        saboteur("a difference for the sum", patch=(updated, "decay * X + keep / (decay", "decay * X - keep / (decay")),
    ),
)


def draw_start(draws: Draws) -> Walk:
    """Draw an instance that starts at the identity, with up to 5 vectors."""
    case = draw_walk(draws)
    d = len(case.L)
    seen = draws.integers(-3, 3, shape=(draws.integers(1, 5), d))
    return walk(np.eye(d), seen, case.decay, case.along)


STARTS = Family("curvature-starts", always=(FIRST[0], FIRST[1]), draw=draw_start)


def minors(A: np.ndarray) -> list[Any]:
    """Return all principal minors, which are at least 0 where a symmetric matrix is positive semidefinite."""
    places = range(len(A))
    return [determinant(A[np.ix_(p, p)]) for k in range(1, len(A) + 1) for p in combinations(places, k)]


@formula(largest="(0, inf)", gamma="(0, 1)", t="[0, inf)")
def released_ceiling(largest: Number, gamma: Number, t: int) -> Number:
    """The largest eigenvalue of X in the released program after t steps is at most this.

    It is `largest` at the start.

    Proof
    -----
    Assumes: X_0 is symmetric and positive definite.

    Proof: gamma X + (1 - gamma) I has its largest eigenvalue at most 1 + gamma (x - 1), where x is that of X. The
    update by g g^T then inverts (.)^{-1} + g g^T > 0, so that X stays positive definite, and it only subtracts.
    """
    gamma = exact(gamma)
    if isinstance(gamma, float):  # 1 - gamma^t without cancellation
        return plain(times_power(largest, gamma, t) - math.expm1(t * math.log(gamma)))
    return plain(1 + gamma**t * (largest - 1))


def stays_below(case: Walk, found: Found) -> Sides:
    """Bound principal minors of X and of I - X from below, entries by 1, and compare X with what it inverts."""
    if not shaped(case, found["X"]):
        return BAD
    eye, gamma = fractions(np.eye(len(case.L))), case.decay
    X, pairs = eye, []
    for t, (g, after) in enumerate(zip(fractions(case.seen), found["X"], strict=True), start=1):
        inverted = (inverse(gamma * X + (1 - gamma) * eye) + np.outer(g, g)) @ after
        ceiling = released_ceiling(1, gamma, t)
        low = [*minors(after), *minors(ceiling * eye - after)]
        pairs += [(0 * np.array(low, object), low), (abs(after), ceiling + 0 * after)]
        pairs += [(inverted, eye), (eye, inverted)]
        # what inverts nothing has failed already, and would have no inverse
        if (inverted != eye).any():
            return joined([(inverted, eye), (eye, inverted)])
        X = after
    return joined(pairs)


MK_9 = Statement(
    id="low_rank_optimizers/MK-9",
    title="The reset in MKOR's program never happens",
    says=(
        "The released update starts at the identity, mixes X with a share of it, and then inverts after adding g g^T. "
        "All its matrices have 0 < X <= I, so that no entry exceeds 1, and the guard that starts again where one "
        "exceeds 2 never acts."
    ),
    source=Derived(released_ceiling),
    tex=r"0 \prec X_t \preceq I,\qquad \max_{ij}|(X_t)_{ij}| \le 1",
    hypotheses=WALK | {"starts at the identity": from_identity},
    instances=STARTS,
    solve=partial(path, method="released"),
    claim=Inequality(stays_below, unbounded=STATED),
    decisions=("X",),
    saboteurs=(
        saboteur("the exact form", solve=path),
        saboteur("no share of the identity", patch=(updated, "X = stabilized(xp, X, decay)", "X = X / decay")),
    ),
)
