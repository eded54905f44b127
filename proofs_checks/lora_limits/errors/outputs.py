"""Errors of the first matrices of the chain that follow from a relative error of exp.

C1 are query inputs, C2 keys, C3 values with d columns, and Y labels. The chain is O = f C3, c = O - Y, q = c C3^T,
p_1 = f o q, p_2 = diag(r) f, p = p_1 - p_2 and G = beta C1^T p C2, with attention f and the row means r of q.
"""

from __future__ import annotations

from functools import partial

from lrtheory.bounds import Statement, saboteur
from lrtheory.lora_limits import chain
from proofs_checks.lora_limits.families.gradients import exact_sums
from proofs_checks.lora_limits.families.propagation import CHAIN, SMALL_ERROR, at_most, of_outputs, of_products, of_rows
from proofs_checks.lora_limits.families.row_perturbation import family, link, one_value, rows, two_keys

TIGHT_OUTPUTS = family("tilted-outputs", *(two_keys(eta) for eta in (0.01, 0.5, 0.9)), two_keys(0.5, columns=2))


LL_E2 = Statement(
    id="lora_limits/LL-E2",
    title="Errors of outputs",
    says=(
        "If exponentials have a relative error of eta, the entries of the output error c = f C3 - Y move by at most "
        "tau osc / 2; f is attention, osc is the largest spread of a column of the values C3, and tau is the bound of "
        "LL-E1."
    ),
    source=CHAIN,
    tex=r"\|\tilde c - c\|_{\max} \le \tau\,\mathrm{osc}/2",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_OUTPUTS,
    solve=partial(link, part="c"),
    claim=at_most("c", lambda bounds, Q: bounds.output, of_outputs),
    saboteurs=(
        saboteur("half of it", claim=at_most("c", lambda bounds, Q: bounds.output / 2, of_outputs)),
        saboteur("99 parts of 100", claim=at_most("c", lambda bounds, Q: 0.99 * bounds.output, of_outputs)),
        saboteur("rows divided by the exact sums", solve=partial(link, part="c", made=exact_sums)),
    ),
    notes="Reached by values 1 and -1.",
)


LL_E3 = Statement(
    id="lora_limits/LL-E3",
    title="Errors of q, the products of residuals and values",
    says=(
        "If exponentials have a relative error of eta, the entries of q = c C3^T move by at most this; c is the "
        "output error, C3 are d columns of values, v = max |C3|, osc is the largest spread of a column, tau the bound "
        "of LL-E1."
    ),
    source=CHAIN,
    tex=r"\|\tilde q - q\|_{\max} \le d\,v\,\tau\,\mathrm{osc}/2",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_OUTPUTS,
    solve=partial(link, part="q"),
    claim=at_most("q", lambda bounds, Q: bounds.q, of_products),
    saboteurs=(
        # right for one column of values up to 1
        saboteur("without the number of columns", claim=at_most("q", lambda bounds, Q: bounds.output, of_products)),
        saboteur("labels are added", patch=(chain.chain_matrices, "c = output - Y", "c = output + Y")),
        saboteur("rows divided by the exact sums", solve=partial(link, part="q", made=exact_sums)),
    ),
    notes="Reached where all columns of the values are alike.",
)


TIGHT_PARTS = family("tilted-parts", one_value(0.5), one_value(0.9))


LL_E4 = Statement(
    id="lora_limits/LL-E4",
    title="Errors of the first part of p, by rows",
    says=(
        "p_1 is attention f times q = c C3^T, entry by entry. If exponentials have a relative error of eta, each of "
        "its rows moves by at most this in absolute sum; C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p_1 - p_1| \le d\,v\,\tau\,\mathrm{osc}/2 + \tau Q,\quad Q = \|q\|_{\max}",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_PARTS,
    solve=partial(link, part="p1"),
    claim=at_most("p1", lambda bounds, Q: bounds.p1, of_rows, rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("p1", lambda bounds, Q: bounds.q, of_rows, rows)),
        # without its first part the bound is still reached where all values are alike; half of it is not enough
        saboteur("half of tau Q alone", claim=at_most("p1", lambda bounds, Q: bounds.tilt * Q / 2, of_rows, rows)),
        # p1 is q itself then, far from the exact f o q
        saboteur("q is not weighted", patch=(chain.chain_matrices, "p1, p2 = f * q,", "p1, p2 = q,")),
    ),
    notes="Reached where all values are alike.",
)
