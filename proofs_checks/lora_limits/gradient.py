"""The exact gradient: its chain, adapters, queries, keys and values, invariance, cost, and tiles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Paper, Sides, Statement, always, saboteur
from lrtheory.lora_limits import chain, gradient_chain, theory
from lrtheory.lora_limits.products import tile_kernels, tiled
from proofs_checks.lora_limits.families.chains import (
    CHAINS,
    HEADS,
    PROJECTIONS,
    SELF_ATTENTION,
    SQUARE_HEADS,
    Case,
    HeadCase,
    adapter_slopes,
    attention,
    chained,
    gradient,
    half_square,
    links,
    slopes,
    solved,
)
from proofs_checks.lora_limits.families.exact import (
    COUNTED,
    RESCALED,
    SHIFTED,
    TILED,
    TILINGS,
    Shifted,
    Tiled,
    counted,
    rescaled,
    shifted,
    two_factorizations,
    whole_and_tiled,
)
from proofs_checks.lora_limits.wrong_solvers import gradients as mutants

PAPER = "2406.03136"
FINITE = {"finite entries": always}


def kronecker(case: Case, found: Any) -> Sides:
    """Hold the sum over rows j of K_j^T (diag f_j - f_j f_j^T) C3 c_j, K = C1 kron C2, and G against the slopes."""
    K = np.kron(case.C1, case.C2).reshape(len(case.C1), len(case.C2), -1)
    total = np.zeros(case.W.size)
    for K_j, f_j, c_j in zip(K, np.asarray(found["f"]), np.asarray(found["c"]), strict=True):
        total += K_j.T @ (np.diag(f_j) - np.outer(f_j, f_j)) @ case.C3 @ c_j
    wanted = gradient(case)
    lhs = np.stack([case.beta * total.reshape(case.W.shape), found["gradient"]])
    return Sides(lhs, np.stack([wanted, wanted]), rounding=case.spoiled)


LL_G1 = Statement(
    id="lora_limits/LL-G1",
    title="The gradient is a sum over rows of Kronecker products",
    says="The gradient of Loss = |f C3 - Y|^2 / 2 by the entries of W is beta times the sum over rows j and columns l "
    "of c_jl K_j^T (diag f_j - f_j f_j^T) C3_l, with attention f, c = f C3 - Y and K_j = C1_j kron C2.",
    source=Paper(PAPER, "Lemma 3.1", read="full"),
    tex=(
        r"\frac{d\mathrm{Loss}}{d\,\mathrm{vec}(W)} = \beta\sum_{j,l} c_{jl} K_j^\top(\mathrm{diag} f_j "
        r"- f_jf_j^\top)C^{(3)}_l"
    ),
    hypotheses=FINITE,
    instances=CHAINS,
    solve=partial(chained, names=("f", "c", "gradient")),
    claim=Identity(kronecker),
    saboteurs=(
        saboteur("beta is forgotten", patch=(chain.chain_matrices, "gradient=beta * C1.T", "gradient=C1.T")),
        saboteur("labels are added", patch=(chain.chain_matrices, "c = output - Y", "c = output + Y")),
        saboteur(
            "q is transposed", patch=(chain.chain_matrices, "q = c @ C3.T", "q = C3 @ c.T"), instances=SELF_ATTENTION
        ),
    ),
    notes="Against the complex step, whose error is rounding alone.",
)


def flat(tables: Iterable[np.ndarray]) -> np.ndarray:
    """Concatenate the entries of all tables, row by row."""
    return np.concatenate([np.ravel(one) for one in tables])


def adapters(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold dA and dB of every projection, and their shapes, against the slopes of the loss."""
    names = [(kind, projection) for kind in "AB" for projection in PROJECTIONS]
    given = [found[kind][projection] for kind, projection in names]
    wanted = [adapter_slopes(case, projection, kind) for kind, projection in names]
    shapes = ([np.array(one.shape) for one in tables] for tables in (given, wanted))
    return Sides(
        *(flat([*tables, *sizes]) for tables, sizes in zip((given, wanted), shapes, strict=True)), rounding=case.spoiled
    )


def printed_shapes(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold the shapes of dA and dB against those that the paper prints, dA (d, r) and dB (r, d)."""
    return Sides(np.r_[found["A"]["Q"].shape, found["B"]["Q"].shape], np.r_[case.A["Q"].T.shape, case.B["Q"].T.shape])


def printed_product(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold dB against C1^T p A C2 as printed, in the layout of B; it has a shape where L = d = r alone."""
    p = links(case.chain.logits, case.chain.C3, case.Y)["p"]
    value = case.scale * case.beta * case.X["Q"].T @ p @ case.A["Q"] @ case.chain.C2
    return Sides(found["B"]["Q"], value.T, rounding=case.spoiled)


LL_G2 = Statement(
    id="lora_limits/LL-G2",
    title="Gradients of the adapters, in closed form",
    says="dA and dB are gradients of the loss by the adapter matrices A (r, d) and B (d, r), whose product is scaled "
    "by alpha / r; C1 are query inputs, C2 keys, p is the gradient by the logits, beta scales the logits.",
    source=Paper(PAPER, "Lemma 3.2", read="full"),
    tex=r"dA = \tfrac\alpha r B^\top(\beta C_1^\top p\,C_2),\quad dB = \tfrac\alpha r(\beta C_1^\top p\,C_2)A^\top",
    hypotheses=FINITE,
    instances=HEADS,
    solve=partial(solved, kinds="AB"),
    claim=Identity(adapters),
    saboteurs=(
        saboteur("p2 = f diag(r)", solve=mutants.columns_weighted, printed=True),
        saboteur("dB = C1^T p A C2", claim=Identity(printed_product), instances=SQUARE_HEADS, printed=True),
        saboteur("dA in R^{d x r}, dB in R^{r x d}", claim=Identity(printed_shapes), printed=True),
        saboteur("alpha / r is forgotten", solve=mutants.unscaled),
        saboteur("alpha / r squared", solve=mutants.scaled_twice),
        saboteur("dB without the transpose of A", solve=mutants.second_not_transposed, instances=SQUARE_HEADS),
    ),
    notes=(
        "With A (r, d) and B (d, r) as peft stores them, alpha / r and alpha / sqrt(r). The lemma speaks of queries; "
        "keys and values follow in the same way from their own gradients (LL-G3)."
    ),
)


def all_projections(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold dW of queries, keys and values against the slopes of the loss."""
    wanted = flat(adapter_slopes(case, projection, "W") for projection in PROJECTIONS)
    return Sides(flat(found["W"][projection] for projection in PROJECTIONS), wanted, rounding=case.spoiled)


def printed_queries(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold dW of the keys against the slopes of a loss with Q = X W_V, as the paper prints it."""

    def loss(W: np.ndarray) -> np.ndarray:
        Q, V = (case.X[projection] @ case.weight("V") for projection in "QV")
        return half_square(attention(case.beta * Q @ np.matrix_transpose(case.X["K"] @ W)) @ V - case.Y)

    return Sides(found["W"]["K"], slopes(loss, case.weight("K")), rounding=case.spoiled)


def printed_values(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold dW of the values against the slopes of a loss with V = X V as printed, V = X W_V on the right, L = d."""
    f = attention(case.chain.logits)
    loss = lambda W: half_square(f @ case.X["V"] @ (case.X["V"] @ W) - case.Y)
    return Sides(found["W"]["V"], slopes(loss, case.weight("V")), rounding=case.spoiled)


LL_G3 = Statement(
    id="lora_limits/LL-G3",
    title="Gradients of queries, keys and values, in closed form",
    says="G_Q, G_K and G_V are gradients of the loss by the weights W_Q, W_K, W_V of the inputs X_Q, X_K, X_V; f is "
    "attention, c = f X_V W_V - Y the output error, p the gradient by the logits, beta the logits' factor.",
    source=Derived(gradient_chain),
    tex=r"G_Q = \beta X_Q^\top p\,X_KW_K,\quad G_K = \beta X_K^\top p^\top X_QW_Q,\quad G_V = X_V^\top f^\top c",
    hypotheses=FINITE,
    instances=HEADS,
    solve=partial(solved, kinds="W"),
    claim=Identity(all_projections),
    saboteurs=(
        saboteur("p in the place of its transpose", patch=(chain.chain_products, "T(p) @ head.left", "p @ head.left")),
        saboteur("f in the place of its transpose", patch=(chain.chain_products, "T(f) @ c if", "f @ c if")),
        saboteur("p2 = f diag(r)", solve=mutants.columns_weighted),
        saboteur("q is transposed", patch=(chain.chain_products, "(c @ T(head.values)", "(head.values @ T(c)")),
        saboteur("Q = X W_V", claim=Identity(printed_queries), printed=True),
        saboteur("V = X V", claim=Identity(printed_values), instances=SQUARE_HEADS, printed=True),
    ),
    notes="The abstract names W_V, the paper's appendix treats queries and keys alone.",
)


def rows_and_shifts(case: Shifted, found: dict[str, np.ndarray], axis: int = 1) -> Sides:
    """Hold row sums of p against 0 and of f against 1, and f, G and p with shifted keys against those without shift."""
    sums = found["p"].sum(axis)
    masses, wanted, whole = found["f"].sum(1), gradient(case.case), links(case.case.logits, case.case.C3, case.case.Y)
    lhs = [sums, masses, found["f_shifted"], found["G_shifted"], found["G"], found["f"], found["p"]]
    rhs = [0 * sums, np.ones(len(masses)), whole["f"], wanted, wanted, whole["f"], whole["p"]]
    return Sides(flat(lhs), flat(rhs), rounding=case.spoiled)


LL_G4 = Statement(
    id="lora_limits/LL-G4",
    title="Rows of p have sum zero, so keys may be centered",
    says="Each row of p, the gradient by the logits, sums to 0; so taking one vector mu off every key (row of C2) "
    "changes neither attention f nor the gradient C1^T p C2. C1 are query inputs, 1 is a column of ones.",
    source=Derived(gradient_chain),
    tex=(
        r"p\mathbf 1 = 0,\quad f(C_2 - \mathbf 1\mu^\top) = f(C_2),\quad C_1^\top p(C_2 - \mathbf "
        r"1\mu^\top) = C_1^\top p\,C_2"
    ),
    hypotheses=FINITE,
    instances=SHIFTED,
    solve=shifted,
    claim=Identity(rows_and_shifts),
    saboteurs=(
        saboteur("columns of p", claim=Identity(partial(rows_and_shifts, axis=0))),
        saboteur("queries are shifted", solve=mutants.queries_shifted),
        saboteur("p without p2", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1")),
    ),
)


def agree(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Hold f, c, q and p of both factorizations against those of the logits, and both gradients against the slopes."""
    whole = links(case.chain.logits, case.chain.C3, case.Y)
    pairs = [(found[projection][name], whole[name]) for projection in "QK" for name in ("f", "c", "q", "p")]
    gradients = (found["Q"]["gradient"], found["K"]["gradient"].T)
    pairs += [(G, adapter_slopes(case, projection, "W")) for projection, G in zip("QK", gradients, strict=True)]
    return Sides(*(flat(pair[side] for pair in pairs) for side in (0, 1)), rounding=case.spoiled)


LL_G5 = Statement(
    id="lora_limits/LL-G5",
    title="Queries and keys have f, c, q and p in common",
    says="Logits are query inputs times W_Q times keys, or queries times W_K^T times key inputs: both ways to name "
    "their outer factors C1, C2 give one attention f, output error c, q = c C3^T and logit gradient p.",
    source=Paper(PAPER, "Appendix A", read="full"),
    tex=(
        r"C^{(1)}_Q W_Q C^{(2)\top}_Q = C^{(1)}_K W_K^\top C^{(2)\top}_K \Rightarrow f_Q = f_K,\ c_Q = "
        r"c_K,\ q_Q = q_K,\ p_Q = p_K"
    ),
    hypotheses=FINITE,
    instances=HEADS,
    solve=two_factorizations,
    claim=Identity(agree),
    saboteurs=(
        saboteur("the key weight is not transposed", solve=partial(two_factorizations, transpose=False)),
        saboteur("beta twice", patch=(chain.chain_matrices, "beta * (C1 @ W) @ C2.T", "beta * beta * (C1 @ W) @ C2.T")),
    ),
)


def products(case: Case, found: int, factor: int = 1) -> Sides:
    """Hold the counted products against the formula."""
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
        saboteur("a matrix diag(f_j) - f_j f_j^T for every row", solve=mutants.row_jacobians),
        saboteur(
            "q for the row sums",
            patch=(chain.chain_matrices, "r = xp.sum(c * output, axis=1)", "r = xp.sum(f * q, axis=1)"),
        ),
        saboteur("half of them", claim=Identity(partial(products, factor=2))),
    ),
    notes="Counted by arrays that count, in the library's own chain; Theorem F.1 of the paper gives the order.",
    closed="the products are counted by arrays of ours, inside the library's own chain",
)


def both_scalings(case: HeadCase, found: dict[str, np.ndarray]) -> Sides:
    """Hold dA and dB of the form with C1 = s X and W* / s against the slopes of the loss."""
    wanted = flat(adapter_slopes(case, "Q", kind) for kind in "AB")
    return Sides(flat([found["A"], found["B"]]), wanted, rounding=case.spoiled)


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
        saboteur("the frozen weight is not rescaled", solve=partial(rescaled, kept=True)),
        saboteur("the factor is multiplied again", solve=mutants.rescaled_twice),
    ),
)


def same_products(case: Tiled, found: dict[str, list[np.ndarray]]) -> Sides:
    """Hold p R, p^T S and f^T c of each tiling against whole matrices in the claim's own arithmetic."""
    f = attention(case.logits)
    c = f @ case.values - case.targets
    p = f * (c @ case.values.T - (c * (f @ case.values)).sum(1, keepdims=True))
    wanted = flat([p @ case.right, p.T @ case.left, f.T @ c])
    lhs = [flat(found[name]) if name in found else np.full(len(wanted), np.inf) for name in TILINGS]
    return Sides(np.stack(lhs), np.stack([wanted] * len(lhs)), rounding=case.spoiled)


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
            "what was summed does not shrink", patch=(tiled._online, "numerator * shrink + seen", "numerator + seen")
        ),
        saboteur(
            "large logits are cut off, and no maximum is taken off",
            patch=(tile_kernels.exponentials, "rows[j, p] - peaks[p]", "min(rows[j, p], 700.0)"),
        ),
        saboteur(
            "the mean of the errors is left out",
            patch=(tile_kernels.multiply, "errors[j, p] - mean[p]", "errors[j, p]"),
        ),
        saboteur("keys are not hidden", patch=(tile_kernels.mask_tile, "tile[m:] = -np.inf", "pass")),
        saboteur("queries for keys in f^T c", solve=mutants.tiles_without_the_last_query),
        saboteur("one of the two tilings is not answered", solve=mutants.compiled_alone),
    ),
    notes="Logits up to 1000; one case has its largest logits in the last tile of keys.",
)


def bounded(case: Case, found: Any, share: float = 1.0) -> Sides:
    """Hold outputs between the ends of a column of values, |c| against v + max |Y|, and c against the chain's."""
    c, due = np.asarray(found["c"]), links(case.logits, case.C3, case.Y)["c"]
    output, low, high = c + case.Y, case.C3.min(0), case.C3.max(0)
    lhs, size = [low + 0 * output, output, np.abs(c), np.abs(c - due)], np.full(c.shape, share * case.errors)
    return Sides(flat(lhs), flat([output, high + 0 * output, size, 0 * c]), rounding=case.spoiled_entries)


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
        saboteur("half of v + max |Y|", claim=Inequality(partial(bounded, share=0.5))),
        saboteur(
            "rows are not normalized",
            patch=(chain.softmax, "powers / xp.sum(powers, axis=-1, keepdims=True)", "powers"),
        ),
    ),
)


def sums_of_rows(case: Case, found: Any) -> Sides:
    """Hold r against sum_j f_ij q_ij, f and q against the chain's, and singular values of q beyond d against 0."""
    f, q = np.asarray(found["f"]), np.asarray(found["q"])
    whole, beyond = links(case.logits, case.C3, case.Y), np.linalg.svd(q, compute_uv=False)[case.C3.shape[1] :]
    lhs, rhs = [found["row_means"], f, q, beyond], [(f * q).sum(1), whole["f"], whole["q"], 0 * beyond]
    return Sides(flat(lhs), flat(rhs), rounding=case.spoiled_entries * q.size)


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
        saboteur("f is added to q", patch=(chain.chain_matrices, "q = c @ C3.T", "q = c @ C3.T + f")),
    ),
)
