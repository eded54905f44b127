"""The almost linear gradient: operations along the length, three letters from one factorization, break-even."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Identity,
    Inequality,
    Paper,
    Rate,
    Recorded,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import gradient_chain, low_rank, theory
from proofs_checks.lora_limits import mutants
from proofs_checks.lora_limits.families.almost_linear import (
    LENGTHS,
    LONG,
    LONG_AND_LARGE,
    SHARED,
    UNIFORM,
    WIDTHS,
    Length,
    Shared,
    Widths,
    break_even,
    flops,
    from_whole_matrices,
    kinds,
    proved_counts,
    three_gradients,
)
from proofs_checks.lora_limits.families.kron import PAIRS, Pairs, row_products
from proofs_checks.lora_limits.families.tilts import TILTED, Matrices, Tilted, tilted, truth

PAPER = "2406.03136"


def operations(over: float, exponent: tuple[float, float]) -> Rate:
    """Counts against a power of the length."""
    length = lambda case: case.n_tokens
    return Rate(cost=lambda case, found: found, size=length, over=lambda case: length(case) ** over, exponent=exponent)


LL_T1 = Statement(
    id="lora_limits/LL-T1",
    title="Operations of the low-rank gradient at a proved error of 1 / L",
    source=Paper(PAPER, "Theorem 3.1", read="full"),
    tex=r"\Gamma, d \text{ fixed},\ \varepsilon = 1/L:\ \mathrm{flops}(L) = L^{1 + o(1)}",
    hypotheses={"norms that do not grow": lambda case: case.bound <= 1},
    instances=LENGTHS,
    solve=flops,
    claim=operations(1, (0.0, 0.6)),
    saboteurs=(
        saboteur("the exact gradient", solve=partial(flops, method="tiled")),
        saboteur("linear at once", claim=operations(1, (-0.05, 0.05))),
    ),
    notes="Counts of the solver itself, L = 2^5..2^11, d = 2; the excess over 1 falls like d / log L.",
)

LL_T1_LONG = Statement(
    id="lora_limits/LL-T1-long",
    title="The same by the counts of the theory, for longer inputs",
    source=Derived(theory.flop_model),
    tex=r"4L\binom{g(L) + d}{d}(d+1)^2 = L^{1 + o(1)},\quad e^MM^{g+1}/(g+1)! \le 1/L",
    hypotheses={"norms that do not grow": lambda case: case.bound <= 1},
    instances=LONG,
    solve=proved_counts,
    claim=operations(1, (0.0, 0.3)),
    saboteurs=(
        saboteur("a degree of log L", solve=mutants.degree_of_log_length),
        saboteur("entries that grow like sqrt(log L)", breaks="norms that do not grow", instances=LONG_AND_LARGE),
    ),
    notes="L = 2^8..2^17, d = 4, Gamma = 1 at beta = 1/d; the slope is 1.2.",
)


def together(case: Shared, found: dict[str, np.ndarray]) -> Sides:
    """The three gradients from three passes against those from whole matrices."""
    wanted = from_whole_matrices(case)
    sizes = [1 + np.abs(one).max() for one in (case.queries, case.keys, case.values, case.targets)]
    lost = np.abs(case.powers).max() / np.abs(case.powers).min()
    spoiled = rounding(256 * sum(case.queries.shape + case.keys.shape), lost * np.prod(sizes) ** 2 * len(case.queries))
    lhs, rhs = (np.concatenate([one[letter].ravel() for letter in "QKV"]) for one in (found, wanted))
    return Sides(lhs, rhs, rounding=spoiled)


LL_T2 = Statement(
    id="lora_limits/LL-T2",
    title="One factorization serves queries, keys and values",
    source=Paper(PAPER, "Theorem A.1", read="full"),
    tex=(
        r"\tilde G_Q = \beta X_Q^\top\tilde p\,X_KW_K,\ \tilde G_K = \beta X_K^\top\tilde p^\top "
        r"X_QW_Q,\ \tilde G_V = X_V^\top\tilde f^\top\tilde c"
    ),
    hypotheses={"positive rows": lambda case: case.degree % 2 == 0},
    instances=SHARED,
    solve=three_gradients,
    claim=Identity(together),
    saboteurs=(
        saboteur("features of queries without beta", solve=mutants.without_beta),
        saboteur("the mean is left out", solve=mutants.without_the_mean),
        saboteur(
            "products of entries in the other order",
            patch=(low_rank._kron, "a[:, :, None] * b[:, None, :]", "a[:, None, :] * b[:, :, None]"),
        ),
    ),
    notes="Even degrees keep the rows positive whatever the bound.",
)


def moved(case: Tilted, found: Matrices, crowd: bool = True) -> Sides:
    """C2^T (p~ - p)^T C1 and C2^T (f~^T c~ - f^T c), entry by entry, against their bounds."""
    exact = truth(case)
    rows = theory.error_certificate(case.eta, case.C1, case.C2, case.C3, case.Y, beta=1, q_max=np.abs(exact.q).max()).p
    keys = theory.key_gradient_bound(rows, case.C2, case.C1, beta=1)
    values = theory.value_gradient_bound(case.eta, case.C2, exact.c, spread=case.spread)
    share = 1 if crowd else 1 / len(case.C1)
    lhs = [
        np.abs(case.C2.T @ (found.p - exact.p).T @ case.C1),
        np.abs(case.C2.T @ (found.f.T @ found.c - exact.f.T @ exact.c)),
    ]
    rhs = [np.full(lhs[0].size, share * keys), np.full(lhs[1].size, share * values)]
    return Sides(np.concatenate([one.ravel() for one in lhs]), np.concatenate(rhs), rounding=case.spoiled_gradient)


LL_T2_BOUND = Statement(
    id="lora_limits/LL-T2-bound",
    title="Errors of the gradients of keys and values",
    source=Derived(theory.value_gradient_bound),
    tex=r"\|\tilde G_V - G_V\|_{\max} \le \|X_V\|_{\max}L_Q\,\tau\,(\|c\|_{\max} + \mathrm{osc}/2)",
    hypotheses={"eta below 1": lambda case: case.eta < 1},
    instances=TILTED,
    solve=tilted,
    claim=Inequality(moved),
    saboteurs=(
        saboteur("without the number of queries", claim=Inequality(partial(moved, crowd=False))),
        saboteur("p2 is added", patch=(gradient_chain, "p = p1 - p2", "p = p1 + p2")),
        saboteur("tilts twice as large", solve=mutants.tilted_twice),
    ),
    notes="Columns of p have no bound of their own: all queries may look at one key.",
)


def meets(case: Widths, found: float, features: int = 1) -> Sides:
    """Products below and above the break-even: at the integers on its two sides, exact against low rank."""
    low, high = math.floor(found), math.floor(found) + 1
    d, r = case.d, case.rank
    per_pair = 6 * d + 4 * r if r else 8 * d
    per_token = 4 * features * case.n_features * ((d + 1) * (2 * r + 1) if r else (d + 1) ** 2)
    return Sides([per_pair * low**2, per_token * high], [per_token * low, per_pair * high**2])


LL_T3_BREAK_EVEN = Statement(
    id="lora_limits/LL-T3-break-even",
    title="The length from which fewer products are needed",
    source=Derived(theory.break_even_length),
    tex=r"4Lk(d+1)^2 \le 8dL^2 \iff L \ge \tfrac{k(d+1)^2}{2d},\quad 4Lk(d+1)(2r+1) \le (6d+4r)L^2",
    hypotheses={"some features": lambda case: case.n_features > 0},
    instances=WIDTHS,
    solve=break_even,
    claim=Inequality(meets),
    saboteurs=(
        saboteur("the length is twice as large", solve=mutants.twice_as_long),
        saboteur("half of the products", claim=Inequality(partial(meets, features=2))),
    ),
    notes="Products alone; exponentials move it a little towards low rank.",
)


def taylor_wins(case: Length, found: np.ndarray, better: int = 0) -> Sides:
    """Twice the error of Taylor's polynomial against that of Chebyshev's; rounding against both."""
    floor = float(rounding(64 * case.n_tokens, 1.0))
    lhs = np.r_[2 * found[better], np.full(found.size, floor)]
    return Sides(lhs, np.r_[found[1 - better], found.ravel()], rounding=np.r_[floor, floor, np.zeros(found.size)])


LL_T3_KINDS = Statement(
    id="lora_limits/LL-T3-kinds",
    title="A smaller worst error of exp is not a smaller error of the gradient",
    source=Derived(theory.chebyshev_error),
    tex=(
        r"\Gamma \le 1:\ \|\tilde G_{\mathrm{Taylor}} - G\|_{\max} \le \tfrac12\|\tilde "
        r"G_{\mathrm{Chebyshev}} - G\|_{\max}"
    ),
    hypotheses={"small norms": lambda case: case.bound <= 1},
    instances=UNIFORM,
    solve=kinds,
    claim=Inequality(taylor_wins),
    saboteurs=(
        saboteur("Chebyshev is always better", claim=Inequality(partial(taylor_wins, better=1))),
        saboteur("the kinds are exchanged", solve=mutants.kinds_exchanged),
    ),
    notes="Degrees 2 and 4 on fixed uniform tokens; most logits are far below their bound, where Taylor is exact.",
)

LL_T3 = Statement(
    id="lora_limits/LL-T3",
    title="Features that are needed on uniform tokens",
    source=Derived(theory.n_features),
    tex=(
        r"d = 8,\ \beta = 1/d,\ \|\tilde G - G\| \le \|G\|/L:\ \text{165 features at } \Gamma = 1,\ "
        r"\text{3003 at } \Gamma = 2"
    ),
    hypotheses={},
    instances=WIDTHS,
    solve=break_even,
    claim=Recorded(
        "measured on one kind of tokens, see the figures; the boundary that it crosses is exact",
        carried_by="lora_limits/LL-T3-break-even",
    ),
)


def same_products(pairs: Pairs, found: dict[str, np.ndarray]) -> Sides:
    """(P Q^T) o (R T^T) against the product of the row products, exactly."""
    direct = (pairs.P @ pairs.Q.T) * (pairs.R @ pairs.T.T)
    return Sides(found["left"] @ found["right"].T, direct)


LL_P1 = Statement(
    id="lora_limits/LL-P1",
    title="Entrywise products of low-rank matrices",
    source=Paper(PAPER, "Lemma 3.6", read="full"),
    tex=r"(PQ^\top)\circ(RT^\top) = (P \ominus R)(Q \ominus T)^\top,\quad (P \ominus R)_i = P_i \otimes R_i",
    hypotheses={"any integers": always},
    instances=PAIRS,
    solve=row_products,
    claim=Identity(same_products),
    saboteurs=(
        saboteur("one side in the other order", solve=mutants.other_order),
        saboteur("sums of entries", patch=(low_rank._kron, "a[:, :, None] * b", "a[:, :, None] + b")),
    ),
    notes="Exact on integers. The order of the two factors must be the same on both sides.",
)
