"""The computation of the exact gradient: products counted, a scale at the inputs, tiles, outputs, row means.

C1 are query inputs, C2 keys, C3 values with d columns, and Y labels. The chain is O = f C3, c = O - Y, q = c C3^T,
p_1 = f o q, p_2 = diag(r) f, p = p_1 - p_2 and G = beta C1^T p C2, with attention f and the row means r of q.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import chain, gradient_chain, theory
from lrtheory.lora_limits.products import tile_kernels, tiled
from lrtheory.lora_limits.products.attention import Attention
from lrtheory.lora_limits.theory.error_bounds import _chain_inputs, _largest
from proofs_checks.lora_limits.families.chains import (
    ALONE,
    CHAINS,
    FINITE,
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
    links,
    made,
)
from proofs_checks.lora_limits.families.row_perturbation import Counted


def counted(case: Case, rng: np.random.Generator | None = None) -> int:
    """Count the products of the library's chain."""
    Counted.products = 0
    # behind the check of arguments, which makes plain arrays of all inputs
    tables = {name: getattr(case, name).view(Counted) for name in ("C1", "C2", "C3", "Y", "W")}
    chain.chain_matrices(np, tables, case.beta)
    return Counted.products


def draw_as_wide(draws: Draws) -> Case:
    """A chain whose values are as wide as its keys."""
    found = draw_case(draws)
    d = found.C1.shape[1]
    return replace(found, C3=np.resize(found.C3, (len(found.C2), d)), Y=np.resize(found.Y, (len(found.C1), d)))


# the formula is exact at every size; 40 tokens of width 3 tell terms in L^2 from terms in d^2 L
COUNTED = Family("counted-chains", always=(ALONE, TWO, made(0, 12, 4, 0.5), made(1, 40, 3, 1.0)), draw=draw_as_wide)


def small_shapes() -> Iterator[Case]:
    """Yield chains of ones for all shapes of up to ten queries, ten keys and ten coordinates."""
    for queries, keys, d in itertools.product(range(1, 11), repeat=3):
        C1, C2, W = (np.ones(shape) for shape in ((queries, d), (keys, d), (d, d)))
        yield Case(C1, C2, C2, C1, W, 1.0)


def row_jacobians(case: Case, rng: np.random.Generator) -> int:
    """Count the products when every query goes through its matrix diag(f_i) - f_i f_i^T."""
    # the count is that of the formula which the literature writes first, and that nobody should compute
    Counted.products = 0
    C1, C2, C3, Y, W = (one.view(Counted) for one in (case.C1, case.C2, case.C3, case.Y, case.W))
    f = attention(np.asarray(case.logits)).view(Counted)
    q = (f @ C3 - Y) @ C3.T
    for f_i, q_i in zip(f, q, strict=True):
        (f_i[:, None] * f_i[None, :]) @ q_i[:, None]
    C1.T @ q @ C2, (C1 @ W) @ C2.T
    return Counted.products


@formula(L_Q="[0, inf)", L_K="[0, inf)", d="[1, inf)")
def exact_multiply_adds(L_Q: int, L_K: int, d: int) -> int:
    """Products of entries in the exact chain with r_i = <c_i, O_i>, for L_Q queries and L_K keys.

    Proof
    -----
    Assumes: values are as wide as keys (a hypothesis of the statement).

    Proof: C1 W takes d^2 L_Q products. The logits, f C3, c C3^T and C1^T p take d L_Q L_K each, and the product of the
    last one with C2 takes d^2 L_K. f o q and diag(r) f take L_Q L_K each. Multiplying by beta twice, <c_i, O_i> and
    <c_i, c_i> take d L_Q each. A matrix diag(f_i) - f_i f_i^T for every query would take L_Q L_K^2 products alone.

    References
    ----------
    .. [1] J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, Computational Limits of Low-Rank Adaptation (LoRA)
       Fine-Tuning for Transformer Models, ICLR 2025, Theorem F.1 (the order; the count is derived here).
    """
    return 4 * d * L_Q * L_K + 2 * L_Q * L_K + d * d * (L_Q + L_K) + 4 * d * L_Q


def products(case: Case, found: int, factor: int = 1) -> Sides:
    """Compare the counted products with the formula."""
    queries, keys = len(case.C1), len(case.C2)
    return Sides([factor * found], [exact_multiply_adds(queries, keys, case.C1.shape[1])])


LL_G6 = Statement(
    id="lora_limits/LL-G6",
    title="How many products the exact gradient takes",
    says="The exact gradient by one weight, with L_Q queries, L_K keys and heads and values of width d, takes this "
    "many multiplications of entries, if the row means of q are computed as inner products of c and output.",
    source=Derived(exact_multiply_adds),
    tex=r"\#\text{products} = 4dL_QL_K + 2L_QL_K + d^2(L_Q + L_K) + 4dL_Q",
    hypotheses={"d_v = d": lambda case: case.C3.shape[1] == case.C1.shape[1]},
    instances=COUNTED,
    for_all=(All("shapes of up to ten queries, ten keys and ten coordinates", small_shapes, members=1000),),
    solve=counted,
    claim=Identity(products),
    saboteurs=(
        saboteur("a matrix diag(f_j) - f_j f_j^T for every row", solve=row_jacobians),
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


def rescaled(case: HeadCase, rng: np.random.Generator | None = None, kept: bool = False) -> dict[str, np.ndarray]:
    """dA and dB from the chain with C1 = s X and the weight W* / s + (B A)^T."""
    K, V = (case.X[projection] @ case.weight(projection) for projection in "KV")
    # the inputs carry s, so the frozen weight must carry 1 / s for the logits to stay as they are
    frozen = case.W["Q"] if kept else case.W["Q"] / case.scale
    W = frozen + (case.B["Q"] @ case.A["Q"]).T
    G = gradient_chain(case.scale * case.X["Q"], K, V, case.Y, W, beta=case.beta).gradient
    return {"A": case.B["Q"].T @ G.T, "B": G.T @ case.A["Q"].T}


def draw_scaled(draws: Draws) -> HeadCase:
    """A head whose adapters have a scale that is not 0."""
    found = draw_head(draws)
    return found if found.alpha else replace(found, alpha=2.0)


RESCALED = Family(
    "rescaled-heads",
    always=(gaussian_head(3, 3, 2, 1, alpha=2.0), gaussian_head(4, 6, 3, 2), gaussian_head(5, 5, 3, 2, alpha=-1.0)),
    draw=draw_scaled,
)


def rescaled_twice(case: HeadCase, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Multiply the gradients by the scale once more."""
    return {name: case.scale * one for name, one in rescaled(case).items()}


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
        saboteur("the factor is multiplied again", solve=rescaled_twice),
    ),
)


@dataclass(frozen=True)
class Tiled:
    """A head as the methods see it: queries (with beta), keys, values, targets, and R and S beside keys and queries."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    right: np.ndarray
    left: np.ndarray

    @property
    def logits(self) -> np.ndarray:
        """q k^T."""
        return self.queries @ self.keys.T

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any product."""
        # the online softmax rounds each sum once more per tile than whole matrices do
        operations = 64 * sum(self.logits.shape) * (1 + np.abs(self.logits).max())
        sizes = [1 + np.abs(one).max() for one in (self.values, self.targets, self.right, self.left)]
        return rounding(operations, self.values.shape[1] * len(self.queries) * np.prod(sizes) ** 2)


def tilings(head: Attention) -> dict[str, list[np.ndarray]]:
    """Compute the products by compiled tiles of all keys, and by tiles of eight keys for one query at a time.

    A batch of one head takes the second way, since the compiled kernel takes no batch.
    """
    batch = Attention(*(one[None] if isinstance(one, np.ndarray) else one for one in head))
    compiled, swept = tiled.tiled_products(np, head, 1), tiled.tiled_products(np, batch, 1)
    return {
        "compiled": [compiled.right, compiled.left, compiled.transport],
        "swept": [one[0] for one in (swept.right, swept.left, swept.transport)],
    }


def whole_and_tiled(case: Tiled, rng: np.random.Generator | None = None) -> dict[str, list[np.ndarray]]:
    """Compute p R, p^T S and f^T c by both ways of `tilings`."""
    tables = (case.queries, case.keys, case.values, case.targets, case.right, case.left)
    return tilings(Attention(*tables, transport=True))


def growing(top: float) -> Tiled:
    """Return logits that grow along twenty keys up to `top`, so that every tile of keys raises the running maximum."""
    keys = np.linspace(0.0, top, 20)[:, None]
    alternating = np.tile([[1.0], [-1.0]], (10, 1))
    return Tiled(np.array([[1.0], [0.5], [-1.0]]), keys, alternating, np.zeros((3, 1)), keys / top, np.eye(3))


def draw_tiled(draws: Draws) -> Tiled:
    """Up to four queries and seventeen keys in two coordinates."""
    # seventeen keys are three tiles of eight for a block of one query, the last of them with one key
    queries, keys = draws.integers(1, 4), draws.integers(1, 17)
    shapes = ((queries, 2), (keys, 2), (keys, 2), (queries, 2), (keys, 1), (queries, 1))
    return Tiled(*(draw_table(draws, *shape) for shape in shapes))


# logits up to 1000: exp overflows without the maximum, and earlier tiles count too much without the rescaling
TILED = Family("tiles", always=(growing(4.0), growing(1000.0)), draw=draw_tiled)


def tiles_without_the_last_query(case: Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Leave the last query out of the sums over queries."""
    left = case.left.copy()
    # subtle: p R and f^T c are right, and p^T S lacks one term of each sum
    left[-1] = 0
    return whole_and_tiled(replace(case, left=left))


def compiled_alone(case: Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Answer by the compiled tiles alone, and by zeros for the sweep."""
    found = whole_and_tiled(case)
    return found | {"swept": [np.zeros_like(one) for one in found["swept"]]}


TILINGS = ("compiled", "swept")


def same_products(case: Tiled, found: dict[str, list[np.ndarray]]) -> Sides:
    """Compare p R, p^T S and f^T c of each tiling, and of the chain, with whole matrices in the claim's arithmetic."""
    f = attention(case.logits)
    c = f @ case.values - case.targets
    p = f * (c @ case.values.T - (c * (f @ case.values)).sum(1, keepdims=True))
    wanted = flat([p @ case.right, p.T @ case.left, f.T @ c])
    d = case.queries.shape[1]
    whole = gradient_chain(case.queries, case.keys, case.values, case.targets, np.eye(d), beta=1.0)
    by_chain = flat([whole.p @ case.right, whole.p.T @ case.left, whole.f.T @ whole.c])
    # a tiling without an answer counts as infinitely wrong, so that an answer by one of them is not enough
    lhs = [flat(found[name]) if name in found else np.full(len(wanted), np.inf) for name in TILINGS]
    return Sides(np.stack([*lhs, by_chain]), np.stack([wanted] * (len(lhs) + 1)), rounding=case.rounding_bound)


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
        saboteur("queries for keys in f^T c", solve=tiles_without_the_last_query),
        saboteur("one of the two tilings is not answered", solve=compiled_alone),
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


@formula(beta="[0, inf)")
def error_multiplier(C1: ArrayLike, C2: ArrayLike, C3: ArrayLike, Y: ArrayLike, beta: Number) -> Number:
    r"""Errors of the gradient are at most tau times this, whatever the attention is.

    C1 are query inputs, C2 keys, C3 values, Y the labels, and beta scales the logits.

    It is often far too large, and more so the longer the inputs are, so that it serves for certificates and not for the
    choice of a fast degree.

    Proof
    -----
    Assumes: shapes fit (checked here); f is any attention, rows of non-negative numbers with sum 1 (the caller).

    Proof: Outputs are means of rows of C3, so they lie between the smallest and the largest entry of a column
    (statement LL-P7), and \|c\| <= v + max \|Y\|. In the bound of LL-E8, osc <= 2 v and Q <= d v max \|c\|.
    """
    left, right, values, labels = _chain_inputs(C1, C2, C3, Y)
    d, v = values.shape[1], _largest(values)
    rows = 2 * d * v * v + 3 * d * v * (v + _largest(labels))
    return theory.gradient_bound(rows, left, right, beta=beta)


LL_P7 = Statement(
    id="lora_limits/LL-P7",
    title="Outputs lie in the hull of the values",
    says="Entry O_il of the output lies between the least and the largest entry of column l of the values C3, so no "
    "entry of c = O - Y exceeds v + max |Y|, where v = max |C3| and Y are the labels.",
    source=Derived(error_multiplier),
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
