"""Inverses of curvature that see one vector at a time: MK-1, 2, 3, 8 and 9."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.curvature import updated
from proofs_checks.low_rank_optimizers.families.curvature.inverses import (
    BAD,
    GAINS,
    STARTS,
    UNEXCITED,
    WALKS,
    Found,
    Walk,
    both_paths,
    counted_path,
    fractions,
    from_identity,
    inverse,
    is_unexcited,
    is_walk,
    joined,
    minors,
    path,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import curvature as wrong

WALK = {"a definite factor of integers, and vectors that fit": is_walk}
STATED = "a solver may report any matrix"
BOTH = ("exact", "published")


def shaped(case: Walk, X: Any) -> bool:
    """Decide whether an outcome holds one matrix after each vector."""
    return np.shape(X) == (len(case.seen), len(case.L), len(case.L))


def inverts(case: Walk, found: Found) -> Sides:
    """Compare the product of each matrix with the factor that it inverts with the identity."""
    if not shaped(case, found["X"]):
        return BAD
    L, products = fractions(case.L), []
    for g, X in zip(fractions(case.seen), found["X"], strict=True):
        L = theory.curvature_factor(L, g, decay=case.decay)
        products.append((L @ X, fractions(np.eye(len(L)))))
    return joined(products)


MK_1 = Statement(
    id="low_rank_optimizers/MK-1",
    title="The exact update inverts the factor that has seen one more vector",
    says=(
        "X is the inverse of a factor of curvature L. After a vector g the factor is gamma L + (1 - gamma) g g^T, and "
        "the exact update of X is its inverse, step by step. The formula of the first author's thesis is another "
        "matrix, already for one number: with L = g = 1 and gamma = 1/2 it gives 21/10 for 1."
    ),
    source=Derived(theory.curvature_factor),
    tex=r"X' = \tfrac1\gamma\Bigl(X - \tfrac{(1-\gamma)\,Xgg^\top X}{\gamma + (1-\gamma)\,g^\top Xg}\Bigr)"
    r" = \bigl(\gamma L + (1-\gamma)gg^\top\bigr)^{-1}",
    hypotheses=WALK,
    instances=WALKS,
    solve=path,
    claim=Identity(inverts),
    decisions=("X",),
    saboteurs=(
        saboteur("as a thesis prints it", solve=partial(path, method="published"), printed=True),
        saboteur("as released: weight 1", solve=partial(path, method="released"), printed=True),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
        saboteur("one vector late", solve=wrong.stale),
    ),
    notes="The released formula is taken from the program.",
)


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
            floor = theory.definite_floor(start, decay=gamma, n_steps=t)
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
    source=Derived(theory.definite_floor),
    tex=r"v^\top X_t v \ge \gamma\, v^\top X_{t-1} v \ge \gamma^t\, v^\top X_0 v",
    hypotheses=WALK,
    instances=WALKS,
    solve=partial(path, method="published"),
    claim=Inequality(stays_definite, unbounded=STATED),
    decisions=("X",),
    saboteurs=(
        saboteur("the floor of what winds up, 1 / gamma", claim=Inequality(partial(stays_definite, power=-1))),
        saboteur("only decays", solve=wrong.undamped),
        saboteur("a difference for the sum", patch=(updated, "decay * X + keep / (decay", "decay * X - keep / (decay")),
    ),
)


def gains_little(case: Walk, found: Found, bounded: tuple[str, ...] = ("exact",)) -> Sides:
    """Bound g^T X' g of the exact update, and compare that of both updates with what follows from g^T X g."""
    if set(found) != {"exact", "published"} or not all(shaped(case, X) for X in found.values()):
        return BAD
    pairs = []
    for method, path_of in found.items():
        X = inverse(fractions(case.L))
        for g, after in zip(fractions(case.seen), path_of, strict=True):
            gain, s = g @ after @ g, g @ X @ g
            due = theory.curvature_response(s, decay=case.decay, method=method) if s >= 0 else -1
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
    source=Derived(theory.curvature_response),
    tex=r"g^\top X' g = \frac{s}{\gamma + (1-\gamma)s} < \frac1{1-\gamma}",
    hypotheses=WALK,
    instances=GAINS,
    solve=both_paths,
    claim=Inequality(gains_little, unbounded=STATED),
    decisions=("exact", "published"),
    saboteurs=(
        saboteur("the same bound for the formula of the thesis", claim=Inequality(partial(gains_little, bounded=BOTH))),
        saboteur("the formula of the thesis for both", solve=wrong.both_published),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
    ),
    notes="At gamma = 0.95 the quotient of both is 0.91 for s = 0.1, 1.003 for 1, 2.96 for 20 and 107 for 1000.",
)


def winds_up(case: Walk, found: Found) -> Sides:
    """Compare forms along what no vector excites with powers of the decay, and the count with the formula."""
    if not shaped(case, found["X"]):
        return BAD
    pairs: list[tuple[Any, Any]] = [(found["multiplications"], theory.update_multiplications(len(case.L)))]
    for t, X in enumerate(found["X"], start=1):
        for v in fractions(case.along):
            pairs.append((X @ v, theory.wound_up(1, decay=case.decay, n_steps=t) * v))
            pairs.append((v @ X @ v, theory.wound_up(v @ v, decay=case.decay, n_steps=t)))
    products = inverts(case, found)
    return joined([*pairs, (products.lhs, products.rhs)])


MK_8 = Statement(
    id="low_rank_optimizers/MK-8",
    title="An exact update costs about 4 d^2 operations, and unexcited directions wind up",
    says=(
        "One exact update of a (d, d) matrix takes 4 d^2 + d + 2 multiplications and divisions. From the identity, a "
        "direction v to which all vectors are orthogonal has v^T X_t v = gamma^-t |v|^2 after t of them."
    ),
    source=Derived(theory.wound_up),
    tex=r"g_i^\top v = 0\ (i \le t) \Rightarrow v^\top X_t v = \gamma^{-t}\|v\|^2",
    hypotheses=WALK | {"starts at the identity": from_identity, "directions that no vector excites": is_unexcited},
    instances=UNEXCITED,
    solve=counted_path,
    claim=Identity(winds_up),
    decisions=("X",),
    saboteurs=(
        saboteur("stabilized", solve=wrong.wound_down),
        saboteur("no division by the decay", patch=(updated, "* outer) / decay", "* outer)")),
    ),
)


def stays_below(case: Walk, found: Found) -> Sides:
    """Bound principal minors of X and of I - X from below, entries by 1, and compare X with what it inverts."""
    if not shaped(case, found["X"]):
        return BAD
    eye, gamma = fractions(np.eye(len(case.L))), case.decay
    X, pairs = eye, []
    for t, (g, after) in enumerate(zip(fractions(case.seen), found["X"], strict=True), start=1):
        inverted = (inverse(gamma * X + (1 - gamma) * eye) + np.outer(g, g)) @ after
        ceiling = theory.released_ceiling(1, decay=gamma, n_steps=t)
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
    source=Derived(theory.released_ceiling),
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
