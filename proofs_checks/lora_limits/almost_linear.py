"""The almost linear gradient: operations along the length, three letters from one factorization, break-even."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Sides,
    Statement,
    always,
    saboteur,
)
from lrtheory.lora_limits import gradient_chain, low_rank, theory
from proofs_checks.lora_limits import mutants
from proofs_checks.lora_limits.families.almost_linear import (
    LENGTHS,
    LONG,
    LONG_AND_LARGE,
    SHARED,
    SHORT,
    UNIFORM,
    WIDTHS,
    Answer,
    Length,
    Shared,
    Widths,
    answers,
    break_even,
    from_whole_matrices,
    kinds,
    proved_counts,
    three_gradients,
    wanted_kinds,
)
from proofs_checks.lora_limits.families.kron import PAIRS, Pairs, row_products
from proofs_checks.lora_limits.families.ladders import Ladder, slope
from proofs_checks.lora_limits.families.tilts import TILTED, Matrices, Tilted, tilted, truth


def almost_linear(case: Ladder, found: tuple[Answer, ...], exponent: tuple[float, float] = (1.0, 1.6)) -> Sides:
    """For each length: the error, and what is proved of it, against 1 / L; the gradient against that of its degree.

    The operations against a count, and their slope between two numbers.
    """
    lhs, rhs, spoiled = [], [], []
    for one, answer in zip(case.rungs, found, strict=True):
        error = float(np.abs(answer.gradient - one.exact).max())
        unlike, proved, allowed, counted = 0.0, 0.0, 0.0, 8 * one.d * one.n_tokens**2
        if answer.degree is not None:
            shared, counted = one.shared(answer.degree), one.counted(answer.degree)
            unlike = float(np.abs(answer.gradient - from_whole_matrices(shared)["Q"]).max())
            proved, allowed = one.proved(answer.degree), one.spoiled
        products_of_rows = 2 * one.n_tokens * (one.d + 1) ** 2  # left out of the library's count
        lhs += [error, proved, unlike, answer.flops, counted]
        rhs += [1 / one.n_tokens, 1 / one.n_tokens, 0.0, counted, answer.flops + products_of_rows]
        spoiled += [0.0, 0.0, allowed, 0.0, 0.0]
    power = slope([one.n_tokens for one in case.rungs], [answer.flops for answer in found])
    return Sides([*lhs, exponent[0], power], [*rhs, power, exponent[1]], rounding=[*spoiled, 0.0, 0.0])


NORMS = {"norms that do not grow": lambda case: all(one.bound <= 1 for one in case.rungs)}

LL_T1 = Statement(
    id="lora_limits/LL-T1",
    title="Operations of the low-rank gradient at a proved error of 1 / L",
    source=Derived(theory.flop_model),
    tex=r"\Gamma, d \text{ fixed},\ \varepsilon = 1/L:\ \mathrm{flops}(L) = L^{1 + o(1)}",
    hypotheses=NORMS,
    instances=LENGTHS,
    solve=answers,
    claim=Inequality(almost_linear),
    saboteurs=(
        saboteur("the exact gradient", solve=partial(answers, method="tiled")),
        saboteur("linear at once", claim=Inequality(partial(almost_linear, exponent=(0.95, 1.05)))),
        saboteur("one degree is left out of the count", solve=partial(answers, uncounted=1)),
        saboteur("the answer of one degree less", solve=partial(answers, less=1)),
    ),
    notes=(
        "The case of Theorem 3.1 of the paper with fixed d and Gamma. Products of matrices are counted by arrays that "
        "count, in the library's own passes; L = 2^5..2^11, d = 2; the excess over 1 falls like d / log L."
    ),
)


def proved(case: Ladder, found: np.ndarray, exponent: tuple[float, float] = (1.0, 1.3)) -> Sides:
    """Each degree's certificate against 1 / L, and 1 / L against that of one less; operations against the formula."""
    lhs, rhs = [], []
    for one, (degree, flops) in zip(case.rungs, np.asarray(found).tolist(), strict=True):
        M, g, formula = one.bound**2, int(degree), math.comb(one.d + int(degree), one.d)
        formula *= 2 * one.n_tokens * (2 * (one.d + 1) ** 2 + 1)
        before = float(theory.taylor_certificate(g - 1, M)) if g else np.inf
        lhs += [float(theory.taylor_certificate(g, M)), 1 / one.n_tokens, flops, formula]
        rhs += [1 / one.n_tokens, before, formula, flops]
    power = slope([one.n_tokens for one in case.rungs], np.asarray(found)[:, 1])
    return Sides([*lhs, exponent[0], power], [*rhs, power, exponent[1]], rounding=np.zeros(len(lhs) + 2))


LL_T1_LONG = Statement(
    id="lora_limits/LL-T1-long",
    title="The same by the counts of the theory, for longer inputs",
    source=Derived(theory.flop_model),
    tex=r"4L\binom{g(L) + d}{d}(d+1)^2 = L^{1 + o(1)},\quad e^MM^{g+1}/(g+1)! \le 1/L",
    hypotheses=NORMS,
    instances=LONG,
    solve=proved_counts,
    claim=Inequality(proved),
    saboteurs=(
        saboteur("a degree of log L", solve=partial(proved_counts, degree_of=lambda one: int(np.log2(one.n_tokens)))),
        saboteur("linear at once", claim=Inequality(partial(proved, exponent=(0.95, 1.05)))),
        saboteur("entries that grow like sqrt(log L)", breaks="norms that do not grow", instances=LONG_AND_LARGE),
    ),
    notes="L = 2^8..2^17, d = 4, Gamma = 1 at beta = 1/d; the slope is 1.2.",
)


def together(case: Shared, found: dict[str, np.ndarray]) -> Sides:
    """The three gradients from three passes against those from whole matrices."""
    wanted = from_whole_matrices(case)
    lhs, rhs = (np.concatenate([one[letter].ravel() for letter in "QKV"]) for one in (found, wanted))
    return Sides(lhs, rhs, rounding=case.spoiled)


LL_T2 = Statement(
    id="lora_limits/LL-T2",
    title="One factorization serves queries, keys and values",
    source=Derived(gradient_chain),
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
    notes=(
        "Theorem A.1 of the paper treats queries and keys; the values are added here. Even degrees keep the rows "
        "positive whatever the bound."
    ),
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
    """Twice the error of Taylor's polynomial against that of Chebyshev's; gradients against whole matrices."""
    floor = case.spoiled
    errors = np.abs(np.asarray(found) - case.exact).max((2, 3))
    unlike = np.abs(np.asarray(found) - wanted_kinds(case)).ravel()
    lhs = np.r_[2 * errors[better], np.full(errors.size, floor), unlike]
    rhs = np.r_[errors[1 - better], errors.ravel(), np.zeros(len(unlike))]
    return Sides(lhs, rhs, rounding=np.r_[floor, floor, np.zeros(errors.size), np.full(len(unlike), floor)])


LL_T3_KINDS = Statement(
    id="lora_limits/LL-T3-kinds",
    title="A smaller worst error of exp is not a smaller error of the gradient",
    source=Derived(theory.chebyshev_error),
    tex=(
        r"L = 256,\ d = 8,\ \Gamma \in \{\tfrac12, 1\}:\ \|\tilde G_{\mathrm{Taylor}} - G\|_{\max} \le "
        r"\tfrac12\|\tilde G_{\mathrm{Chebyshev}} - G\|_{\max}"
    ),
    hypotheses={"256 tokens of width 8, Gamma = 1/2 or 1": lambda case: case in UNIFORM.smallest()},
    instances=UNIFORM,
    solve=kinds,
    claim=Inequality(taylor_wins),
    saboteurs=(
        saboteur("Chebyshev is always better", claim=Inequality(partial(taylor_wins, better=1))),
        saboteur("the kinds are exchanged", solve=mutants.kinds_exchanged),
        saboteur(
            "other numbers of tokens, or norms", breaks="256 tokens of width 8, Gamma = 1/2 or 1", instances=SHORT
        ),
    ),
    notes=(
        "Degrees 2 and 4 on two fixed inputs, and false on others: a counterexample to what one may expect. Most "
        "logits are far below their bound, where Taylor is exact."
    ),
)


def same_products(pairs: Pairs, found: dict[str, np.ndarray]) -> Sides:
    """(P Q^T) o (R T^T) against the product of the row products, exactly."""
    direct = (pairs.P @ pairs.Q.T) * (pairs.R @ pairs.T.T)
    return Sides(found["left"] @ found["right"].T, direct)


LL_P1 = Statement(
    id="lora_limits/LL-P1",
    title="Entrywise products of low-rank matrices",
    source=Classical("the mixed-product rule of Kronecker products", "proved in the notes of this statement"),
    tex=r"(PQ^\top)\circ(RT^\top) = (P \ominus R)(Q \ominus T)^\top,\quad (P \ominus R)_i = P_i \otimes R_i",
    hypotheses={"any integers": always},
    instances=PAIRS,
    solve=row_products,
    claim=Identity(same_products),
    saboteurs=(
        saboteur("one side in the other order", solve=mutants.other_order),
        saboteur("sums of entries", patch=(low_rank._kron, "a[:, :, None] * b", "a[:, :, None] + b")),
    ),
    notes=(
        "Entries are <P_i, Q_j><R_i, T_j> = sum_ab P_ia Q_ja R_ib T_jb = <P_i kron R_i, Q_j kron T_j>. "
        "Exact on integers. The order of the two factors must be the same on both sides."
    ),
)
