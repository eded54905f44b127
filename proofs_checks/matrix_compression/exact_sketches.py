"""Sketches that keep as many columns as their blocks have rank, and are exact: CM-13."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Sides, Statement, saboteur
from lrtheory.matrix_compression import StackSketch, theory
from proofs_checks.guards import allowance
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, tail, tops
from proofs_checks.matrix_compression.families.passes import LOW_RANK, TOO_WIDE, Kept, Pass, held, kept, truth
from proofs_checks.matrix_compression.sketches import PASSED
from proofs_checks.matrix_compression.wrong_solvers import stacks as wrong_solvers


def exact_within(case: Pass, found: Kept) -> Sides:
    """Compare F F^T with M M^T, T_r of both, and the reported errors with those of M."""
    M, F = case.whole, np.asarray(found.factor)
    if F.ndim != 2 or len(F) != len(M) or np.shape(found.errors) != (case.keep,):
        return NO_OUTCOME
    spectrum = truth(M)
    error = np.array([tail(spectrum, r) for r in range(1, case.keep + 1)])
    lhs = [(F @ F.T).ravel(), tops(held(F), case.keep), found.errors]
    rhs = [(M @ M.T).ravel(), tops(spectrum, case.keep), error]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=4 * allowance(M, M.shape[1] + 1))


def fits(case: Pass) -> bool:
    """Decide whether all blocks together have no more rank than a sketch keeps."""
    return not truth(case.whole)[case.keep :].any()


CM_13 = Statement(
    id="matrix_compression/CM-13",
    title="A sketch drops nothing if the rank fits",
    says=(
        "If all blocks together have rank at most the number of columns that a sketch keeps, nothing is dropped, and "
        "T_r of its factor F, the sum of the r largest squared singular values, is that of the blocks for every r."
    ),
    source=Derived(theory.truncation_bracket),
    tex=r"\mathrm{rank}(M) \le \text{keep} \Rightarrow D_r = 0,\ T_r(F) = T_r(M)",
    hypotheses={**PASSED, "the rank of all blocks is at most what is kept": fits},
    instances=LOW_RANK,
    solve=kept,
    claim=Identity(exact_within),
    may_vary={"factor": "how many columns it keeps is its own, and the claim takes their products"},
    free={"factor": "F and -F have the same products F F^T"},
    saboteurs=(
        saboteur(
            "one column fewer is kept",
            patch=(
                StackSketch.__init__,
                "max(1, self.rank + self.oversampling)",
                "max(1, self.rank + self.oversampling - 1)",
            ),
        ),
        saboteur("blocks are not compared with the factor", solve=partial(kept, run=wrong_solvers.crossless)),
        saboteur("a rank more than fits", breaks="the rank of all blocks is at most what is kept", instances=TOO_WIDE),
    ),
)
