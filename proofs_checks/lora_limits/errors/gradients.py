"""Errors of row means and gradients that follow from a relative error of exp.

C1 are query inputs, C2 keys, C3 values with d columns, and Y labels. The chain is O = f C3, c = O - Y, q = c C3^T,
p_1 = f o q, p_2 = diag(r) f, p = p_1 - p_2 and G = beta C1^T p C2, with attention f and the row means r of q.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, saboteur
from lrtheory.lora_limits import chain, theory
from proofs_checks.lora_limits.chain.computations import error_multiplier
from proofs_checks.lora_limits.families.propagation import (
    ANYWHERE,
    CHAIN,
    SMALL_ERROR,
    at_most,
    bounds_of,
    of_rows,
    within,
)
from proofs_checks.lora_limits.families.row_perturbation import TILTED, Tilted, link, rows, truth

LL_E5 = Statement(
    id="lora_limits/LL-E5",
    title="Errors of means of rows",
    says=(
        "r_i is the mean of row i of q = c C3^T under the attention weights. If exponentials have a relative error of "
        "eta, it moves by at most this; Q = max |q|, C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"|\tilde r_i - r_i| \le d\,v\,\tau\,\mathrm{osc}/2 + \tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="row_means"),
    claim=at_most("row_means", lambda bounds, Q: bounds.row_means, of_rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("row_means", lambda bounds, Q: bounds.q, of_rows)),
        saboteur("c in the place of O", patch=(chain.chain_matrices, "xp.sum(c * output", "xp.sum(c * c")),
    ),
)


LL_E6 = Statement(
    id="lora_limits/LL-E6",
    title="Errors of the second part of p, by rows",
    says=(
        "p_2 is attention with row i times the row mean r_i of q = c C3^T. If exponentials have a relative error of "
        "eta, its rows move by at most this in absolute sum; Q = max |q|, C3 are d columns of values, v = max |C3|, "
        "osc is the largest spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p_2 - p_2| \le d\,v\,\tau\,\mathrm{osc}/2 + 2\tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p2"),
    claim=at_most("p2", lambda bounds, Q: bounds.p2, of_rows, rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("p2", lambda bounds, Q: bounds.q, of_rows, rows)),
        # right where row means are 0 or 1
        saboteur("the mean is squared", patch=(chain.chain_matrices, "r[:, None] * f", "(r * r)[:, None] * f")),
    ),
)


LL_E7 = Statement(
    id="lora_limits/LL-E7",
    title="Errors of all of p, by rows",
    says=(
        "p = p_1 - p_2 is the gradient by the logits. If exponentials have a relative error of eta, its rows move by "
        "at most this in absolute sum; Q = max |q|, C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p - p| \le d\,v\,\tau\,\mathrm{osc} + 3\tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p"),
    claim=at_most("p", lambda bounds, Q: bounds.p, of_rows, rows),
    saboteurs=(
        # no instance was found above half of the bound, so the saboteur asks for much less
        saboteur("a twentieth", claim=at_most("p", lambda bounds, Q: bounds.p / 20, of_rows, rows)),
        saboteur("p2 is added", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1 + p2")),
        saboteur("p without p2", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1")),
    ),
    notes="Not claimed to be sharp: no instance was found above half of it.",
)


def gradient_moves(case: Tilted, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the entries of C1^T (p~ - p) C2 with the bound, and the bound with its form without q."""
    exact = truth(case)
    moved = np.abs(case.C1.T @ (found - exact.p) @ case.C2).ravel()
    # the trivial side puts what two rows of p can be apart in the place of their bound
    bound, rows_of_p = bounds_of(case, exact).gradient, of_rows(case, float(np.abs(exact.q).max()))
    apriori = theory.tilt_bound(case.eta) * error_multiplier(case.C1, case.C2, case.C3, case.Y, 1)
    limits = (
        np.full(len(moved), share * bound),
        np.full(len(moved), theory.gradient_bound(rows_of_p, case.C1, case.C2, beta=1)),
    )
    sides = within(case, found, "p", np.r_[moved, bound], (np.r_[limits[0], apriori], np.r_[limits[1], np.inf]))
    return Sides(sides.lhs, sides.rhs, trivial=sides.trivial, rounding=case.gradient_rounding)


LL_E8 = Statement(
    id="lora_limits/LL-E8",
    title="Errors of the gradient",
    says=(
        "G = beta C1^T p C2 is the gradient by the weight between inputs C1 and keys C2. If exponentials have a "
        "relative error of eta, its entries move by at most this: the largest absolute column sum of C1 times max "
        "|C2| times the bound of LL-E7, which names d, v, osc, tau and Q."
    ),
    source=Derived(theory.gradient_bound),
    tex=(
        r"\|\tilde G - G\|_{\max} \le \beta "
        r"\max_a\sum_i|C^{(1)}_{ia}|\,\|C_2\|_{\max}(d\,v\,\mathrm{osc}\,\tau + 3\tau Q)"
    ),
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p"),
    claim=Inequality(gradient_moves, unbounded=ANYWHERE),
    saboteurs=(
        saboteur("a tenth", claim=Inequality(partial(gradient_moves, share=0.1))),
        saboteur("p2 is added", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1 + p2")),
    ),
    notes=(
        "With the form that knows no q, often a hundred times too large; the largest ratio is that of the two bounds."
    ),
)
