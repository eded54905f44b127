"""The best LoRA for data, for another adapter and for a sketch of a target: AD-5, AD-6 and AD-7."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.convert.to_lora import _through_core
from lrtheory.low_rank_adapters.reach import exact
from proofs_checks.guards import allowance, misfit, square, unlike
from proofs_checks.low_rank_adapters.families.adapters import update
from proofs_checks.low_rank_adapters.families.conversions import (
    CONVERTED,
    DATA,
    SKETCHES,
    Converted,
    Data,
    Sketched,
    converted,
    fitted,
    is_converted,
    is_data,
    is_sketched,
)
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.wrong_solvers import conversions as wrong


def regressed(case: Data, found: dict[str, Any], *, projected: bool = True) -> Sides:
    """Compare the error of the factors with the formula, and the formula with the error of another update."""
    if (off := misfit((found["B"], case.B.shape), (found["A"], case.A.shape))) is not None:
        return off
    E, P = case.missing, case.fitted
    best = theory.regression_energy(square(E - P), values(P if projected else E), case.B.shape[1])
    error, total, allowed = case.error(found["B"], found["A"]), square(E), 8 * case.allowed
    return unlike([found["loss"] - error, found["lower"] - float(best)] if projected else [0.0], allowed) or Sides(
        np.array([error, float(best)]),
        np.array([float(best), case.error(case.B, case.A)]),
        trivial=total,
        rounding=allowed,
    )


AD_5 = Statement(
    id="low_rank_adapters/AD-5",
    title="The best adapter for data is a truncation, whatever the inputs",
    says=(
        "E holds what outputs lack for inputs X, an example a column in both, and P_X projects onto the rows of X, "
        "which may be dependent. The least |E - Z X|^2 of all updates Z of rank r is |E - E P_X|^2 plus the sum of all "
        "but the r largest squared singular values of E P_X. The library attains it."
    ),
    source=Derived(theory.regression_energy),
    tex=r"\min_{\mathrm{rank} Z \le r}\|E - ZX\|^2 = \|E - EP_X\|^2 + \textstyle\sum_{i > r}\sigma_i(EP_X)^2",
    hypotheses={"data and factors whose shapes fit": is_data},
    instances=DATA,
    solve=fitted,
    decisions=("B", "A"),
    claim=Inequality(regressed),
    saboteurs=(
        saboteur("the solution is truncated, and not its fitted values", solve=wrong.solution_first),
        saboteur("outputs are truncated that no input reaches", claim=Inequality(partial(regressed, projected=False))),
        saboteur(
            "singular values of the inputs for their squares",
            patch=(exact._back, "np.sum(task.K**2, axis=0)", "np.sqrt(np.sum(task.K**2, axis=0))"),
        ),
    ),
    notes="For inputs of full rank this is reduced-rank regression (Izenman 1975); singular ones are derived here.",
)


def truncated(case: Converted, found: dict[str, Any], *, scale: float | None = None) -> Sides:
    """Compare the error, and the squared norms of both factors, with those of the best balanced factors."""
    (m, n), r, D = case.shape, case.to_rank, update(case)
    if (off := misfit((found["B"], (m, r)), (found["A"], (r, n)))) is not None:
        return off
    s = values(D if scale is None else D * (scale / case.scale))
    error, allowed = square(D - found["B"] @ found["A"]), 8 * case.allowed
    due, half = float(theory.conversion_energy(s, r)), float(s[:r].sum())
    loose = [found["loss"] - error, found["lower"] - due]
    # norms of factors are of the size of singular values, not of their squares
    size = np.sqrt(allowed * max(1.0, square(D))) if not s[0] else allowed / s[0]
    return unlike(loose, allowed) or Sides(
        np.array([error, square(found["B"]), square(found["A"])]),
        np.array([due, half, half]),
        rounding=np.array([allowed, size, size]),
    )


AD_6 = Statement(
    id="low_rank_adapters/AD-6",
    title="The nearest LoRA of any adapter is found from its factors",
    says=(
        "An adapter of any kind has the update D, with singular values sigma_i, also where it is known by two thin "
        "factors alone. The nearest LoRA B A of rank r misses it by the sum over i > r of sigma_i^2, squared, and its "
        "balanced factors both have the squared norm sum over i <= r of sigma_i."
    ),
    source=Derived(theory.conversion_energy),
    tex=r"\|D - BA\|^2 = \textstyle\sum_{i > r}\sigma_i^2,\quad \|B\|^2 = \|A\|^2 = \sum_{i \le r}\sigma_i",
    hypotheses={"an adapter, and a rank up to its smaller side": is_converted},
    instances=CONVERTED,
    solve=converted,
    decisions=("B", "A"),
    claim=Identity(truncated),
    saboteurs=(
        saboteur("all singular values in one factor", solve=wrong.one_sided),
        saboteur("the update without its scale", claim=Identity(partial(truncated, scale=1.0))),
        saboteur(
            "the scale is dropped from the factors",
            patch=(_through_core, "product.balanced(kept, s)", "product.balanced(kept, 1.0)"),
        ),
    ),
)


def claimed(case: Sketched, rng: np.random.Generator | None = None, *, once: bool = False) -> float:
    """Return the lower bound by the formula; with `once`, the norm of what is missed counts once and not r times."""
    inside, E = case.Q.T @ case.D, case.D - case.Q @ (case.Q.T @ case.D)
    largest = float(values(E)[0] ** 2) / (max(case.rank, 1) if once else 1)
    found = theory.sketch_floor(square(case.D), values(inside), case.rank, missed=square(E), largest=largest)
    return float(found)


def below(case: Sketched, found: float) -> Sides:
    """Compare the bound with what the best approximation of the rank leaves."""
    rest = square(values(case.D)[case.rank :])
    return Sides(found, rest, least=0.0, rounding=4 * allowance(case.D))


AD_7 = Statement(
    id="low_rank_adapters/AD-7",
    title="A subspace certifies from below what no matrix of a rank can do",
    says=(
        "D is a target, Q has orthonormal columns, E = D - Q Q^T D, and theta_i are the singular values of Q^T D. The "
        "sum t of all but the r largest squared singular values of D is at least that of Q^T D, and at least |D|^2 "
        "less the r largest theta_i^2, less the minimum of |E|^2 and r times the largest squared singular value of E."
    ),
    source=Derived(theory.sketch_floor),
    tex=r"t \ge \|D\|^2 - \textstyle\sum_{i \le r}\theta_i^2 - \min(\|E\|^2, r\|E\|_2^2)",
    hypotheses={"a target, and orthonormal columns of its height": is_sketched},
    instances=SKETCHES,
    solve=claimed,
    claim=Inequality(below),
    closed="the claim is about a formula, which is compared with the singular values of the target",
    saboteurs=(
        saboteur("the norm of what is missed counts once", solve=partial(claimed, once=True)),
        saboteur("what is missed is forgotten", patch=(theory.sketch_floor, "held - min(rest, r * top)", "held")),
    ),
)
