"""The computation of the exact gradient: products counted, a scale at the inputs, tiles, outputs, row means."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.lora_limits import chain, gradient_chain, theory
from lrtheory.lora_limits.products import tile_kernels, tiled
from proofs_checks.lora_limits.families.chains import (
    CHAINS,
    Case,
    HeadCase,
    adapter_slopes,
    attention,
    chained,
    links,
)
from proofs_checks.lora_limits.families.exact import (
    COUNTED,
    RESCALED,
    TILED,
    TILINGS,
    Tiled,
    counted,
    rescaled,
    whole_and_tiled,
)
from proofs_checks.lora_limits.gradient import FINITE, flat
from proofs_checks.lora_limits.wrong_solvers import gradients as wrong


def products(case: Case, found: int, factor: int = 1) -> Sides:
    """Compare the counted products with the formula."""
    queries, keys = len(case.C1), len(case.C2)
    return Sides([factor * found], [theory.exact_multiply_adds(queries, keys, case.C1.shape[1])])


LL_G6 = Statement(
    id="lora_limits/LL-G6",
    title="How many products the exact gradient takes",
    says="The exact gradient by one weight, with L_Q queries, L_K keys and heads and values of width d, takes this "
    "many multiplications of entries, if the row means of q are computed as inner products of c and output.",
    source=Derived(theory.exact_multiply_adds),
    tex=r"\#\text{products} = 4dL_QL_K + 2L_QL_K + d^2(L_Q + L_K) + 4dL_Q",
    hypotheses={"d_v = d": lambda case: case.C3.shape[1] == case.C1.shape[1]},
    instances=COUNTED,
    solve=counted,
    claim=Identity(products),
    saboteurs=(
        saboteur("a matrix diag(f_j) - f_j f_j^T for every row", solve=wrong.row_jacobians),
        saboteur(
            # the value is the same; it takes L_Q L_K products for L_Q d
            "q for the row sums",
            patch=(chain.chain_matrices, "r = xp.sum(c * output, axis=1)", "r = xp.sum(f * q, axis=1)"),
        ),
        saboteur("half of them", claim=Identity(partial(products, factor=2))),
    ),
    notes="Counted by arrays that count, in the library's own chain; Theorem F.1 of the paper gives the order.",
    closed="the products are counted by arrays of ours, inside the library's own chain",
)


def both_scalings(case: HeadCase, found: dict[str, np.ndarray]) -> Sides:
    """Compare dA and dB of the form with C1 = s X and W* / s with the slopes of the loss."""
    wanted = flat(adapter_slopes(case, "Q", kind) for kind in "AB")
    return Sides(flat([found["A"], found["B"]]), wanted, rounding=case.rounding_bound)


LL_G7 = Statement(
    id="lora_limits/LL-G7",
    title="The scale may stand at the inputs",
    says="If the query inputs X_Q carry the scale alpha / r of the adapters and the frozen weight W* is divided by it, "
    "the gradients by A and B are the same as with the scale at the product of the adapters.",
    source=Derived(gradient_chain),
    tex=(
        r"C_1 = \tfrac\alpha r X_Q,\ \tilde W^* = \tfrac r\alpha W^*: \text{ gradients in } A, B \text{ "
        r"carry the factor } \tfrac\alpha r"
    ),
    hypotheses={"alpha is not zero": lambda case: case.alpha != 0},
    instances=RESCALED,
    solve=rescaled,
    claim=Identity(both_scalings),
    saboteurs=(
        # subtle: without a frozen weight, or at a scale of 1, nothing is wrong
        saboteur("the frozen weight is not rescaled", solve=partial(rescaled, kept=True)),
        saboteur("the factor is multiplied again", solve=wrong.rescaled_twice),
    ),
)


def same_products(case: Tiled, found: dict[str, list[np.ndarray]]) -> Sides:
    """Compare p R, p^T S and f^T c of each tiling with whole matrices in the claim's own arithmetic."""
    f = attention(case.logits)
    c = f @ case.values - case.targets
    p = f * (c @ case.values.T - (c * (f @ case.values)).sum(1, keepdims=True))
    wanted = flat([p @ case.right, p.T @ case.left, f.T @ c])
    # a tiling without an answer counts as infinitely wrong, so that an answer by one of them is not enough
    lhs = [flat(found[name]) if name in found else np.full(len(wanted), np.inf) for name in TILINGS]
    return Sides(np.stack(lhs), np.stack([wanted] * len(lhs)), rounding=case.rounding_bound)


LL_G2_TILED = Statement(
    id="lora_limits/LL-G2-tiled",
    title="Tiles of any size give the same gradient",
    says="When a tile J of keys is added, a row's maximum m, its sum Z of exp(logit - m) and its output numerator N "
    "are rescaled to the new maximum m'; gradients from tiles of any size equal those from whole matrices.",
    source=Derived(gradient_chain),
    tex=r"m' = \max(m, m_J),\ Z' = e^{m - m'}Z + Z_J,\ N' = e^{m - m'}N + N_J",
    hypotheses=FINITE,
    instances=TILED,
    solve=whole_and_tiled,
    claim=Identity(same_products),
    saboteurs=(
        saboteur(
            # right while the first tile has the largest logits
            "what was summed does not shrink",
            patch=(tiled._online, "numerator * shrink + seen", "numerator + seen"),
        ),
        saboteur(
            # a common remedy for overflow: right up to logits of 700
            "large logits are cut off, and no maximum is taken off",
            patch=(tile_kernels.exponentials, "rows[j, p] - peaks[p]", "min(rows[j, p], 700.0)"),
        ),
        saboteur(
            "the mean of the errors is left out",
            patch=(tile_kernels.multiply, "errors[j, p] - mean[p]", "errors[j, p]"),
        ),
        saboteur("keys are not hidden", patch=(tile_kernels.mask_tile, "tile[m:] = -np.inf", "pass")),
        saboteur("queries for keys in f^T c", solve=wrong.tiles_without_the_last_query),
        saboteur("one of the two tilings is not answered", solve=wrong.compiled_alone),
    ),
    notes="Logits up to 1000; one case has its largest logits in the last tile of keys.",
)


def bounded(case: Case, found: Any, share: float = 1.0) -> Sides:
    """Compare outputs between the ends of a column of values, |c| with v + max |Y|, and c with the chain's."""
    c, due = np.asarray(found["c"]), links(case.logits, case.C3, case.Y)["c"]
    # outputs are not reported, but c is, and it determines them
    output, low, high = c + case.Y, case.C3.min(0), case.C3.max(0)
    lhs, size = [low + 0 * output, output, np.abs(c), np.abs(c - due)], np.full(c.shape, share * case.errors)
    return Sides(flat(lhs), flat([output, high + 0 * output, size, 0 * c]), rounding=case.entry_rounding)


LL_P7 = Statement(
    id="lora_limits/LL-P7",
    title="Outputs lie in the hull of the values",
    says="Entry O_il of the output lies between the least and the largest entry of column l of the values C3, so no "
    "entry of c = O - Y exceeds v + max |Y|, where v = max |C3| and Y are the labels.",
    source=Derived(theory.error_multiplier),
    tex=r"\min_j C^{(3)}_{jl} \le O_{il} \le \max_j C^{(3)}_{jl},\quad \|c\|_{\max} \le v + \|Y\|_{\max}",
    hypotheses=FINITE,
    instances=CHAINS,
    solve=partial(chained, names=("c",)),
    claim=Inequality(bounded, unbounded="what is no mean of values may have any size"),
    saboteurs=(
        # values and labels of opposite signs come close to v + max |Y|
        saboteur("half of v + max |Y|", claim=Inequality(partial(bounded, share=0.5))),
        saboteur(
            "rows are not normalized",
            patch=(chain.softmax, "powers / xp.sum(powers, axis=-1, keepdims=True)", "powers"),
        ),
    ),
)


def sums_of_rows(case: Case, found: Any) -> Sides:
    """Compare r with sum_j f_ij q_ij, f and q with the chain's, and singular values of q beyond d with 0."""
    # the rank is measured: singular values beyond the number of columns of C3 must be rounding
    f, q = np.asarray(found["f"]), np.asarray(found["q"])
    whole, beyond = links(case.logits, case.C3, case.Y), np.linalg.svd(q, compute_uv=False)[case.C3.shape[1] :]
    lhs, rhs = [found["row_means"], f, q, beyond], [(f * q).sum(1), whole["f"], whole["q"], 0 * beyond]
    return Sides(flat(lhs), flat(rhs), rounding=case.entry_rounding * q.size)


LL_P2 = Statement(
    id="lora_limits/LL-P2",
    title="Row means need no q, and q has rank d at most",
    says="r_i, the mean of row i of q = c C3^T under the attention weights f_i, is the inner product of c_i and the "
    "output O_i, where c = O - Y; and q has at most rank d, the number of columns of the values C3.",
    source=Derived(gradient_chain),
    tex=r"r_i = \sum_j f_{ij}q_{ij} = \langle c_i, O_i\rangle,\quad \mathrm{rank}\,q \le d",
    hypotheses=FINITE,
    instances=CHAINS,
    solve=partial(chained, names=("f", "q", "row_means")),
    claim=Identity(sums_of_rows),
    saboteurs=(
        saboteur(
            "c in the place of O", patch=(chain.chain_matrices, "xp.sum(c * output, axis=1)", "xp.sum(c * c, axis=1)")
        ),
        # the rank of q is then that of f, and r is no longer the mean of its rows
        saboteur("f is added to q", patch=(chain.chain_matrices, "q = c @ C3.T", "q = c @ C3.T + f")),
    ),
)
