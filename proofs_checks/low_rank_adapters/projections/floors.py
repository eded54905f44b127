"""The loss that no training between frozen factors reaches.

P_B and P_A project onto the columns of the factor B and the rows of A.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Identity, Number, Sides, Statement, formula, saboteur
from proofs_checks.low_rank_adapters.families.factors import FACTORS, FULL, Factors, beside, norm, scales
from proofs_checks.low_rank_adapters.families.moves import equivalent_steps
from proofs_checks.low_rank_adapters.families.rationals import factor_of, rational
from proofs_checks.low_rank_adapters.families.steps import exchanged
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


@formula()
def training_floor(D: ArrayLike, B: ArrayLike, A: ArrayLike) -> Number:
    r"""The least squared loss, (|D|^2 - |P_B D P_A|^2) / 2.

    Proof
    -----
    Assumes: the loss is \|W_0 + s B R A - W*\|^2 / 2.

    Proof: its gradient in the merged weight is G = s B R A - D, and every update s B (R' - R) A lies in {P_B Z P_A}. So
    G - P_B G P_A = -(D - P_B D P_A) never changes, whatever the steps are. The loss is \|G\|^2 / 2, the sum of \|P_B G
    P_A\|^2 / 2, which can become 0, and of the constant \|D - P_B D P_A\|^2 / 2.
    """
    D = rational("D", D)
    B, A = factor_of("B", B, D.shape, 0), factor_of("A", A, D.shape, 1)
    return ((D * D).sum() - (projected(D, B, A) ** 2).sum()) / 2


def stays_outside(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the gradient and the loss that are left after two steps of size 1 with those that no R can lower."""
    floor = float(training_floor(case.M, case.B, case.A))
    outside = projected(case.M, case.B, case.A) - np.asarray(case.M)
    pairs, margins = [], []
    for name, s in scales(case):
        left = s * (case.B @ found[name] @ case.A) - case.M
        pairs += [(left, outside), (0.5 * norm(left) ** 2, floor)]
        margins += [case.allowed, case.allowed * (norm(case.M) + case.allowed)]
    return beside(pairs, margins)


def best_of_rank(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the loss that is left with the error of the best matrix of the rank: the false claim of no floor."""
    values = np.linalg.svd(case.M, compute_uv=False)
    left = case.scale * (case.B @ found["R"] @ case.A) - case.M
    return beside([(0.5 * norm(left) ** 2, 0.5 * norm(values[case.B.shape[1] :]) ** 2)], case.allowed * norm(case.M))


SB_4 = Statement(
    id="low_rank_adapters/SB-4",
    title="What frozen factors do not capture at the start is never learned",
    says=(
        "On the loss |s B R A - D|^2 / 2 the part G - P_B G P_A of the gradient G outside of the spans of the frozen "
        "factors B and A is -(D - P_B D P_A) at every R. Steps of SB-1 of size 1 from R = 0 lead at once to the least "
        "loss, |D - P_B D P_A|^2 / 2, and simulating full training ends there."
    ),
    source=Derived(training_floor),
    tex=r"G_t - P_B G_t P_A = -(D - P_B D P_A),\quad \inf_R f = \tfrac12\|D - P_B D P_A\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=partial(equivalent_steps, trained=True),
    claim=Identity(stays_outside),
    decisions=("R", "doubled"),
    saboteurs=(
        saboteur("the error of the best matrix of the rank", claim=Identity(best_of_rank)),
        saboteur("the inverses are exchanged", solve=partial(exchanged, trained=True)),
    ),
)
