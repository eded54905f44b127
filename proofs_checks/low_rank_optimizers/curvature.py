"""Inverses of curvature that see one vector at a time, and gradients between two of them: MK-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.curvature import updated
from proofs_checks.low_rank_optimizers.families.guards import unlike
from proofs_checks.low_rank_optimizers.families.inverses import (
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
    minors,
    path,
)
from proofs_checks.low_rank_optimizers.families.preconditioners import (
    ANGLES,
    PRODUCTS,
    STABLES,
    Pair,
    Stable,
    between,
    is_pair,
    is_stable,
    mixed,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import curvature as wrong

WALK = {"a definite factor of integers, and vectors that fit": is_walk}
STATED = "a solver may report any matrix"
BOTH = ("exact", "published")
BAD = Sides([1], [0], trivial=2)


def joined(pairs: list[tuple[Any, Any]]) -> Sides:
    """Return sides with all entries of all pairs, in their kind of numbers."""
    flat = [np.concatenate([np.ravel(np.asarray(pair[side], object)) for pair in pairs]) for side in (0, 1)]
    return Sides(*flat)


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
        "the exact update of X is its inverse, step by step. The published formula is another matrix, already for one "
        "number: with L = g = 1 and gamma = 1/2 it gives 21/10 for 1."
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
        saboteur("as published", solve=partial(path, method="published"), printed=True),
        saboteur("as released: weight 1", solve=partial(path, method="released"), printed=True),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
        saboteur("one vector late", solve=wrong.stale),
    ),
    notes="The published formula is taken from the thesis of the first author, and the released one from the program.",
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
    title="The published update keeps its matrix positive definite",
    says=(
        "After each vector g the published formula has v^T X' v >= gamma v^T X v for every direction v, so that after "
        "t vectors v^T X v is at least gamma^t times what it was, and the least eigenvalue is above 0."
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
    title="Curvature damps the direction that it has seen, and the published formula amplifies it",
    says=(
        "With s = g^T X g before a vector g, the exact update has g^T X' g = s / (gamma + (1 - gamma) s), which is "
        "below 1 / (1 - gamma) however long g is. The published formula has gamma s + (1 - gamma) s^2 / (gamma^2 (1 + "
        "gamma (1 - gamma) s)), which has no bound."
    ),
    source=Derived(theory.curvature_response),
    tex=r"g^\top X' g = \frac{s}{\gamma + (1-\gamma)s} < \frac1{1-\gamma}",
    hypotheses=WALK,
    instances=GAINS,
    solve=both_paths,
    claim=Inequality(gains_little, unbounded=STATED),
    decisions=("exact", "published"),
    saboteurs=(
        saboteur("the same bound for the published formula", claim=Inequality(partial(gains_little, bounded=BOTH))),
        saboteur("the published formula for both", solve=wrong.both_published),
        saboteur("weight 1 below", patch=(updated, "keep / (decay + keep * s)", "keep / (1 + keep * s)")),
    ),
    notes="At gamma = 0.95 the quotient of both is 0.91 for s = 0.1, 1.003 for 1, 2.96 for 20 and 107 for 1000.",
)


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


def descends(case: Pair, found: Found, ends: Any = np.min) -> Sides:
    """Compare the inner product with the gradient with the product of the least eigenvalues."""
    off, inner, length, size = forms(case, found)
    least = theory.descent_product(float(ends(case.left)), float(ends(case.right)), size**2)
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
    source=Derived(theory.descent_product),
    tex=r"\langle X_L G X_R, G\rangle \ge \lambda_{\min}(X_L)\,\lambda_{\min}(X_R)\,\|G\|^2",
    hypotheses={"positive definite factors, and a gradient that is not 0": is_pair},
    instances=PRODUCTS,
    solve=between,
    claim=Inequality(descends),
    decisions=("update",),
    saboteurs=(
        saboteur("the mean eigenvalue", claim=Inequality(partial(descends, ends=np.mean))),
        saboteur("the right factor is left out", solve=wrong.one_sided),
        saboteur("the other way", solve=wrong.opposite),
    ),
)


def is_aligned(case: Pair, found: Found, condition: str = "product") -> Sides:
    """Compare the cosine with the gradient with its bound, and so the promised decrease of a smooth function."""
    off, inner, _, size = forms(case, found)
    k = [float(values.max() / values.min()) for values in (case.left, case.right)]
    worst = {"product": k, "largest": [max(k), 1.0], "left": [k[0], 1.0]}[condition]
    cosine, allowed = inner / size**2, float(rounding(64 * sum(case.G.shape) ** 2, 1.0))
    bound = float(theory.alignment_square(*worst)) ** 0.5
    return off or Sides([bound], [cosine], least=-1.0, rounding=allowed)


MK_5 = Statement(
    id="low_rank_optimizers/MK-5",
    title="The cosine between a gradient and its preconditioned form",
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
        saboteur("factors for inverses", solve=wrong.inverted),
    ),
)


def is_milder(case: Stable, found: Found, strength: int = 0) -> Sides:
    """Compare the condition number with that before, and the matrix, in its directions, with what it has to be."""
    X, zeta = np.asarray(found["X"], object), case.zeta
    if X.shape != (len(case.values), len(case.values)):
        return BAD
    turned = case.turned.T @ X @ case.turned
    due = np.diag(np.array([zeta * value + 1 - zeta for value in case.values], object))
    values, least, largest = np.diag(turned), min(case.values), max(case.values)
    reached = max(values) / min(values) if min(values) > 0 else -1
    formula = theory.stabilized_condition(least, largest, stabilizer=zeta)
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
    source=Derived(theory.stabilized_condition),
    tex=r"\kappa(\zeta X + (1-\zeta) I) = \frac{\zeta h + 1 - \zeta}{\zeta l + 1 - \zeta} \le \frac hl = \kappa(X)",
    hypotheses={"eigenvalues above 0, and a weight in [0, 1]": is_stable},
    instances=STABLES,
    solve=mixed,
    claim=Inequality(is_milder, unbounded=STATED),
    decisions=("X",),
    saboteurs=(
        saboteur("zeta times the condition", claim=Inequality(partial(is_milder, strength=1))),
        saboteur("the weights are swapped", solve=wrong.swapped),
    ),
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
    title="What an exact update costs, and how directions that nothing excites wind up",
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
    title="The reset of the released program never happens",
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
