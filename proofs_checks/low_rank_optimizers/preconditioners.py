"""Gradients between two factors, and factors that are stabilized: MK-4, 5 and 6."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from proofs_checks.guards import unlike
from proofs_checks.low_rank_optimizers.families.curvature.inverses import BAD, Found, joined
from proofs_checks.low_rank_optimizers.families.curvature.preconditioners import (
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
    claim=Inequality(is_milder, unbounded="a solver may report any matrix"),
    decisions=("X",),
    saboteurs=(
        saboteur("zeta times the condition", claim=Inequality(partial(is_milder, strength=1))),
        saboteur("the weights are swapped", solve=wrong.swapped),
    ),
)
