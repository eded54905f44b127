"""The exact gradient: its chain, adapters, queries, keys and values, and what shifted keys leave unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Paper, Sides, Statement, saboteur
from lrtheory.lora_limits import chain, gradient_chain, lora_gradients
from proofs_checks.lora_limits.families.chains import (
    ALONE,
    ALWAYS,
    CHAINS,
    FINITE,
    PROJECTIONS,
    TWO,
    Case,
    HeadCase,
    adapter_slopes,
    attention,
    chained,
    draw_case,
    draw_head,
    draw_table,
    flat,
    gaussian_head,
    gradient,
    half_square,
    links,
    made,
    slopes,
)

# as many queries as keys: a transposed q has a shape there; with one token p is 0 and shows nothing
SELF_ATTENTION = Family("self-attention", always=ALWAYS[1:])


PAPER = "2406.03136"


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


def solved(case: HeadCase, rng: np.random.Generator | None = None, kinds: str = "ABW") -> dict[str, Any]:
    """Gradients of all three projections by the library: mappings A, B, W, or some of them."""
    inputs = {"XK": case.X["K"], "XV": case.X["V"]}
    found = lora_gradients(case.head, case.X["Q"], case.Y, **inputs, adapt=PROJECTIONS, method="dense")
    return {kind: dict(getattr(found, kind)) for kind in kinds}


SMALL = gaussian_head(1, 2, 2, 1)


HEADS = Family("heads", always=(SMALL, gaussian_head(0, 12, 4, 2), replace(SMALL, rslora=True)), draw=draw_head)


FULL_RANK = gaussian_head(2, 2, 2, 2)  # tokens, coordinates and rank alike, where what is printed has a shape at all


SQUARE_HEADS = Family("heads-with-one-size", always=(FULL_RANK,))


def columns_weighted(case: HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Use p2 = f diag(r), the orientation in which the earlier work prints it."""
    one = case.chain
    f = attention(one.logits)
    c = f @ one.C3 - one.Y
    q = c @ one.C3.T
    # subtle: where all row means agree, as for one query, it is the right p
    p = f * q - f * (f * q).sum(1)[None, :]
    Q = case.X["Q"] @ case.weight("Q")
    G = {"Q": one.beta * one.C1.T @ p @ one.C2, "K": one.beta * case.X["K"].T @ p.T @ Q, "V": case.X["V"].T @ f.T @ c}
    A = {projection: case.scale * case.B[projection].T @ G[projection].T for projection in "QKV"}
    B = {projection: case.scale * G[projection].T @ case.A[projection].T for projection in "QKV"}
    return {"A": A, "B": B, "W": G}


def _scaled(case: HeadCase, factor: float) -> dict[str, Any]:
    found = solved(case)
    return {kind: {x: (1 if kind == "W" else factor) * G for x, G in table.items()} for kind, table in found.items()}


def unscaled(case: HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Return gradients of the adapters without the factor alpha / r."""
    # at the scale 1 nothing is wrong, so instances of other scales always run
    return _scaled(case, 1 / case.scale if case.scale else 1.0)


def scaled_twice(case: HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Return gradients of the adapters with the factor (alpha / r)^2."""
    return _scaled(case, case.scale)


def second_not_transposed(case: HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Compute dB = s G^T A, which has a shape where rank and width agree."""
    found = solved(case)
    return found | {"B": {projection: case.scale * G.T @ case.A[projection] for projection, G in found["W"].items()}}


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
        saboteur("p2 = f diag(r)", solve=columns_weighted, printed=True),
        # what the lemma prints has a shape only where tokens, width and rank agree
        saboteur("dB = C1^T p A C2", claim=Identity(printed_product), instances=SQUARE_HEADS, printed=True),
        saboteur("dA in R^{d x r}, dB in R^{r x d}", claim=Identity(printed_shapes), printed=True),
        saboteur("alpha / r is forgotten", solve=unscaled),
        # subtle: at a scale of 1 it is right
        saboteur("alpha / r squared", solve=scaled_twice),
        saboteur("dB without the transpose of A", solve=second_not_transposed, instances=SQUARE_HEADS),
    ),
    notes=(
        "With A (r, d) and B (d, r) as peft stores them, alpha / r and alpha / sqrt(r). The lemma speaks of queries; "
        "keys and values follow in the same way from their own gradients (LL-G3)."
    ),
)


def all_projections(case: HeadCase, found: dict[str, Any]) -> Sides:
    """Compare dW of queries, keys and values, and that of queries by the chain, with the slopes of the loss."""
    wanted = [adapter_slopes(case, projection, "W") for projection in PROJECTIONS]
    one = case.chain
    by_chain = gradient_chain(one.C1, one.C2, one.C3, one.Y, one.W, beta=one.beta).gradient
    lhs = flat([*(found["W"][projection] for projection in PROJECTIONS), by_chain])
    return Sides(lhs, flat([*wanted, wanted[0]]), rounding=case.rounding_bound)


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
        saboteur("p2 = f diag(r)", solve=columns_weighted),
        saboteur("q is transposed", patch=(chain.chain_products, "(c @ T(head.values)", "(head.values @ T(c)")),
        saboteur("Q = X W_V", claim=Identity(printed_queries), printed=True),
        saboteur("V = X V", claim=Identity(printed_values), instances=SQUARE_HEADS, printed=True),
    ),
    notes="The abstract names W_V, the paper's appendix treats queries and keys alone.",
)


@dataclass(frozen=True)
class Shifted:
    """A chain, and what is taken off all of its keys."""

    case: Case
    shift: np.ndarray

    @property
    def moved(self) -> Case:
        """The chain with shifted keys."""
        return replace(self.case, C2=self.case.C2 - self.shift)

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any of its matrices."""
        return self.case.rounding_bound + self.moved.rounding_bound + self.case.entry_rounding * sum(self.case.C2.shape)


def shifted(pair: Shifted, rng: np.random.Generator | None = None, moved: Case | None = None) -> dict[str, np.ndarray]:
    """p, f and G without a shift; f with it, and G with shifted keys in the last factor alone."""
    case, moved = pair.case, pair.moved if moved is None else moved
    call = lambda one: chain.gradient_chain(one.C1, one.C2, one.C3, one.Y, one.W, beta=one.beta)
    # f is recomputed with shifted keys; for the gradient the shift is in the last factor, where p 1 = 0 removes it
    here, there = call(case), call(moved)
    last = case.beta * case.C1.T @ here.p @ pair.moved.C2
    return {"p": here.p, "f": here.f, "G": here.gradient, "f_shifted": there.f, "G_shifted": last}


def draw_shifted(draws: Draws) -> Shifted:
    """A small chain and a shift of up to two."""
    case = draw_case(draws)
    return Shifted(case, draw_table(draws, case.C2.shape[1]))


SHIFTED = Family(
    "shifted-keys",
    always=(
        Shifted(TWO, np.array([1.0, -2.0])),
        Shifted(ALONE, np.array([1.0])),
        Shifted(made(1, 6, 2, 0.5), np.ones(2)),
    ),
    draw=draw_shifted,
)


def queries_shifted(pair: Shifted, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Subtract the shift from the queries' inputs instead of the keys."""
    # subtle: keys may be shifted and queries may not, since attention depends on query times key
    return shifted(pair, moved=replace(pair.case, C1=pair.case.C1 - np.resize(pair.shift, pair.case.C1.shape[1])))


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
        saboteur("queries are shifted", solve=queries_shifted),
        saboteur("p without p2", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1")),
    ),
)


def two_factorizations(
    case: HeadCase, rng: np.random.Generator | None = None, transpose: bool = True
) -> dict[str, Any]:
    """The chain of the query weight, and that of the transposed key weight: f, c, q, p and the gradient of each."""
    Q, K, V = (case.X[projection] @ case.weight(projection) for projection in "QKV")
    key_weight = case.weight("K").T if transpose else case.weight("K")
    both = {
        "Q": chain.gradient_chain(case.X["Q"], K, V, case.Y, case.weight("Q"), beta=case.beta),
        "K": chain.gradient_chain(Q, case.X["K"], V, case.Y, key_weight, beta=case.beta),
    }
    return {x: {name: getattr(one, name) for name in ("f", "c", "q", "p", "gradient")} for x, one in both.items()}


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
