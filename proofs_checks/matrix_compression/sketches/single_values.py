"""Single values of a sketch, and the energy that it keeps and drops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression.stacks import factors
from proofs_checks.guards import allowance, unlike
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, entries, top
from proofs_checks.matrix_compression.families.passes import (
    FLOORS,
    NOTHING,
    PASSED,
    PASSES,
    STREAMS,
    VALUES,
    WIDTHS,
    Pass,
    Trace,
    held,
    line,
    misfit,
    sketched,
    truth,
)

BRACKETS = {"brackets": "reported brackets are those of CM-3"}


def balanced(case: Pass, found: Trace, counted: Callable[[np.ndarray], float] = np.sum) -> Sides:
    """Compare the energy of F and all that was dropped so far with that of the columns so far."""
    known = line(case, found)
    if known is None:
        return NO_OUTCOME
    lhs = [float((step.node.factor**2).sum()) + sum(map(counted, step.dropped)) for step in known]
    return Sides(
        [*lhs, 0.0], [*(float((step.columns**2).sum()) for step in known), 0.0], rounding=allowance(case.whole, steps=8)
    )


CM_3T = Statement(
    id="matrix_compression/CM-3t",
    title="What is kept and what was dropped sum to all energy",
    says=(
        "A factor F takes in columns, and truncations drop squared singular values. At every step |F|^2 and all that "
        "was dropped so far sum to the energy of all columns so far."
    ),
    source=Classical("invariance of the trace", "definition"),
    tex=r"\|F_t\|^2 + \textstyle\sum_{s \le t} \text{dropped in step } s = \|M_t\|^2",
    hypotheses=PASSED,
    instances=PASSES,
    solve=sketched,
    claim=Identity(balanced),
    unread={**FLOORS, **VALUES, **BRACKETS},
    may_vary=WIDTHS,
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur(
            "the largest of each step alone",
            claim=Identity(partial(balanced, counted=lambda one: max(one, default=0.0))),
        ),
        saboteur("the last column twice", patch=(factors.joined, "[a.F, other.F]", "[a.F, other.F, other.F[:, -1:]]")),
        saboteur(
            "one dropped energy forgotten",
            patch=(factors.joined, "dropped = energies[keep:]", "dropped = energies[keep + 1 :]"),
        ),
    ),
)


def value_by_value(case: Pass, found: Trace, share: float = 1.0) -> Sides:
    """Compare each squared singular value with that of F, and with the sum of the largest that each step dropped."""
    known = line(case, found)
    wrong = misfit(case, known)
    if wrong is not None or not known:
        return wrong or NOTHING
    allowed, step = allowance(case.whole, steps=len(known) + 1), known[-1]
    kept = held(step.node.factor)[: case.keep]
    exact = truth(case.whole)[: len(kept)]
    most = sum(top(one, 1) for one in step.dropped)
    n = min(len(kept), case.rank)
    return unlike(np.asarray(found.values)[:n] - np.stack([kept, kept + most], axis=1)[:n], 4 * allowed) or entries(
        [kept, exact], [exact, kept + share * most], trivial=float((case.whole**2).sum()), allowed=allowed
    )


CM_10 = Statement(
    id="matrix_compression/CM-10",
    title="A sketch brackets every singular value",
    says=(
        "A factor F takes in columns, and truncations drop squared singular values. Each squared singular value of "
        "all columns is at least that of F, lambda_i, and at most lambda_i plus the largest energy of every "
        "truncation, summed."
    ),
    source=Classical("Weyl's inequality", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, section 4.3"),
    tex=r"\lambda_i \le \sigma_i(M)^2 \le \lambda_i + \textstyle\sum_t \text{largest dropped in step } t",
    hypotheses={**PASSED, "a rank of 1 at least": lambda case: case.rank >= 1},
    instances=PASSES,
    for_all=(replace(STREAMS, invisible={"seven tenths of what was dropped": "five columns hide at most half of it"}),),
    solve=sketched,
    claim=Inequality(value_by_value),
    unread={**FLOORS, **BRACKETS},
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur("seven tenths of what was dropped", claim=Inequality(partial(value_by_value, share=0.7))),
        saboteur("only the last truncation", patch=(factors.joined, "a.lost_most + other.lost_most + most", "most")),
    ),
)
