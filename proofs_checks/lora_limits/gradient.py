"""The exact gradient: its chain, adapters, queries, keys and values, and what shifted keys leave unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Paper, Sides, Statement, always, saboteur
from lrtheory.lora_limits import chain, gradient_chain
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
    SHIFTED,
    Shifted,
    shifted,
    two_factorizations,
)
from proofs_checks.lora_limits.wrong_solvers import gradients as wrong

PAPER = "2406.03136"
FINITE = {"finite entries": always}


def kronecker(case: Case, found: Any) -> Sides:
    """Compare the sum over rows j of K_j^T (diag f_j - f_j f_j^T) C3 c_j, K = C1 kron C2, and G with the slopes."""
    # row (i, j) of C1 kron C2 is C1_i kron C2_j; K_j collects the keys for one query
    K = np.kron(case.C1, case.C2).reshape(len(case.C1), len(case.C2), -1)
    total = np.zeros(case.W.size)
    for K_j, f_j, c_j in zip(K, np.asarray(found["f"]), np.asarray(found["c"]), strict=True):
        total += K_j.T @ (np.diag(f_j) - np.outer(f_j, f_j)) @ case.C3 @ c_j
    wanted = gradient(case)
    lhs = np.stack([case.beta * total.reshape(case.W.shape), found["gradient"]])
    return Sides(lhs, np.stack([wanted, wanted]), rounding=case.rounding_bound)


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
    """Compare dA and dB of every projection, and their shapes, with the slopes of the loss."""
    names = [(kind, projection) for kind in "AB" for projection in PROJECTIONS]
    given = [found[kind][projection] for kind, projection in names]
    wanted = [adapter_slopes(case, projection, kind) for kind, projection in names]
    # shapes are compared as numbers: a transposed square gradient would pass a comparison that broadcasts
    shapes = ([np.array(one.shape) for one in tables] for tables in (given, wanted))
    return Sides(
        *(flat([*tables, *sizes]) for tables, sizes in zip((given, wanted), shapes, strict=True)),
        rounding=case.rounding_bound,
    )


def printed_shapes(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare the shapes of dA and dB with those that the paper prints, dA (d, r) and dB (r, d)."""
    return Sides(np.r_[found["A"]["Q"].shape, found["B"]["Q"].shape], np.r_[case.A["Q"].T.shape, case.B["Q"].T.shape])


def printed_product(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare dB with C1^T p A C2 as printed, in the layout of B; it has a shape where L = d = r alone."""
    p = links(case.chain.logits, case.chain.C3, case.Y)["p"]
    value = case.scale * case.beta * case.X["Q"].T @ p @ case.A["Q"] @ case.chain.C2
    return Sides(found["B"]["Q"], value.T, rounding=case.rounding_bound)


LL_G2 = Statement(
    id="lora_limits/LL-G2",
    title="Gradients of the adapters, in closed form",
    says="dA and dB are the gradients of the loss by the adapter matrices A (r, d) and B (d, r), where alpha / r times "
    "B A is added to the weight of the queries; C1 are query inputs, C2 keys, p is the gradient by the logits, which "
    "beta scales, and G^T is the gradient by that weight, as torch stores it.",
    source=Paper(PAPER, "Lemma 3.2", read="full"),
    tex=r"dA = \tfrac\alpha r B^\top G^\top,\quad dB = \tfrac\alpha r G^\top A^\top,\quad G = \beta C_1^\top p\,C_2",
    hypotheses=FINITE,
    instances=HEADS,
    solve=partial(solved, kinds="AB"),
    claim=Identity(adapters),
    saboteurs=(
        saboteur("p2 = f diag(r)", solve=wrong.columns_weighted, printed=True),
        # what the lemma prints has a shape only where tokens, width and rank agree
        saboteur("dB = C1^T p A C2", claim=Identity(printed_product), instances=SQUARE_HEADS, printed=True),
        saboteur("dA in R^{d x r}, dB in R^{r x d}", claim=Identity(printed_shapes), printed=True),
        saboteur("alpha / r is forgotten", solve=wrong.unscaled),
        # subtle: at a scale of 1 it is right
        saboteur("alpha / r squared", solve=wrong.scaled_twice),
        saboteur("dB without the transpose of A", solve=wrong.second_not_transposed, instances=SQUARE_HEADS),
    ),
    notes=(
        "With A (r, d) and B (d, r) as peft stores them, alpha / r and alpha / sqrt(r). The lemma speaks of queries; "
        "keys and values follow in the same way from their own gradients (LL-G3)."
    ),
)


def all_projections(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare dW of queries, keys and values with the slopes of the loss."""
    wanted = flat(adapter_slopes(case, projection, "W") for projection in PROJECTIONS)
    return Sides(flat(found["W"][projection] for projection in PROJECTIONS), wanted, rounding=case.rounding_bound)


def printed_queries(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare dW of the keys with the slopes of a loss with Q = X W_V, as the paper prints it."""

    def loss(W: np.ndarray) -> np.ndarray:
        # the paper prints Q = X W_V; the loss is then another function of W_K
        Q, V = (case.X[projection] @ case.weight("V") for projection in "QV")
        return half_square(attention(case.beta * Q @ np.matrix_transpose(case.X["K"] @ W)) @ V - case.Y)

    return Sides(found["W"]["K"], slopes(loss, case.weight("K")), rounding=case.rounding_bound)


def printed_values(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare dW of the values with the slopes of a loss with V = X V as printed, V = X W_V on the right, L = d."""
    f = attention(case.chain.logits)
    loss = lambda W: half_square(f @ case.X["V"] @ (case.X["V"] @ W) - case.Y)
    return Sides(found["W"]["V"], slopes(loss, case.weight("V")), rounding=case.rounding_bound)


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
        # patched in the products of the dense method, which all three gradients go through
        saboteur("p in the place of its transpose", patch=(chain.chain_products, "T(p) @ head.left", "p @ head.left")),
        saboteur("f in the place of its transpose", patch=(chain.chain_products, "T(f) @ c if", "f @ c if")),
        saboteur("p2 = f diag(r)", solve=wrong.columns_weighted),
        saboteur("q is transposed", patch=(chain.chain_products, "(c @ T(head.values)", "(head.values @ T(c)")),
        saboteur("Q = X W_V", claim=Identity(printed_queries), printed=True),
        saboteur("V = X V", claim=Identity(printed_values), instances=SQUARE_HEADS, printed=True),
    ),
    notes="The abstract names W_V, the paper's appendix treats queries and keys alone.",
)


def rows_and_shifts(case: Shifted, found: dict[str, np.ndarray], axis: int = 1) -> Sides:
    """Compare row sums of p with 0 and of f with 1, and f, G and p with shifted keys with those without shift."""
    # `axis` is for the saboteur: columns of p have no reason to sum to 0
    sums = found["p"].sum(axis)
    masses, wanted, whole = found["f"].sum(1), gradient(case.case), links(case.case.logits, case.case.C3, case.case.Y)
    lhs = [sums, masses, found["f_shifted"], found["G_shifted"], found["G"], found["f"], found["p"]]
    rhs = [0 * sums, np.ones(len(masses)), whole["f"], wanted, wanted, whole["f"], whole["p"]]
    return Sides(flat(lhs), flat(rhs), rounding=case.rounding_bound)


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
        saboteur("queries are shifted", solve=wrong.queries_shifted),
        saboteur("p without p2", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1")),
    ),
)


def agree(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare f, c, q and p of both factorizations with those of the logits, and both gradients with the slopes."""
    whole = links(case.chain.logits, case.chain.C3, case.Y)
    pairs = [(found[projection][name], whole[name]) for projection in "QK" for name in ("f", "c", "q", "p")]
    gradients = (found["Q"]["gradient"], found["K"]["gradient"].T)
    # the second factorization has W_K transposed, so its gradient is the transpose of dLoss/dW_K
    pairs += [(G, adapter_slopes(case, projection, "W")) for projection, G in zip("QK", gradients, strict=True)]
    return Sides(*(flat(pair[side] for pair in pairs) for side in (0, 1)), rounding=case.rounding_bound)


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
        # subtle: at beta = 1 it is right, which none of the instances that always run have
        saboteur("beta twice", patch=(chain.chain_matrices, "beta * (C1 @ W) @ C2.T", "beta * beta * (C1 @ W) @ C2.T")),
    ),
)
