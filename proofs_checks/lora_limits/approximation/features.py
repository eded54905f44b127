"""Features: polynomials of logits as products, how many there are, and bounds on logits."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Identity,
    Inequality,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.products import features
from proofs_checks.lora_limits.families.features import (
    GENERIC,
    INTEGERS,
    LOGITS,
    MANY_DEGREES,
    SHARES,
    TWO_TOKENS,
    Factors,
    Features,
    Logits,
    Shares,
    are_independent,
    exact_exponents,
    exact_rank,
    exponents,
    factored,
    integer_rank,
    is_exact,
    log_count,
    logit_bounds,
    wrong_entries,
)
from proofs_checks.lora_limits.wrong_solvers import limits as wrong


def reconstructed(case: Features, found: Factors) -> Sides:
    """Compare U V^T with P(Q K^T), exactly, and the number of columns with binom(g + d, d)."""
    # a zero of the kind of numbers that the claim computes in; results are integers, so Fractions decide exactly
    one = found.U.ravel()[0] * 0
    logits = case.Q @ case.K.T
    value = logits * 0 + one
    for a in case.coefficients[::-1]:
        value = value * logits + a
    columns = theory.n_features(case.Q.shape[1], case.degree)  # the count is compared beside the entries
    return Sides(np.r_[(found.U @ found.V.T).ravel(), one + found.U.shape[1]], np.r_[value.ravel(), one + columns])


LL_D4 = Statement(
    id="lora_limits/LL-D4",
    title="Polynomials of logits as products of monomials",
    says=(
        "For a polynomial P of degree g the matrix of all P(<q_i, k_j>), where q_i and k_j are the rows of Q and K "
        "with d coordinates, is exactly U V^T; the columns of U and V are the monomials of degree at most g, those of "
        "V times weights."
    ),
    source=Derived(theory.n_features),
    tex=r"P(QK^\top) = UV^\top,\quad U, V \text{ with } \binom{g+d}{d} \text{ columns}",
    hypotheses={"integers, whose sums are below 2^53": is_exact},
    instances=INTEGERS,
    solve=factored,
    claim=Identity(reconstructed),
    decisions=("U", "V"),
    saboteurs=(
        saboteur("the last degree alone", solve=wrong.last_degree_alone),
        saboteur(
            # right for monomials in which no variable is repeated
            "weights k! for k! / a!",
            patch=(features.feature_weights, "multinomial[:end] * k / count", "multinomial[:end] * k"),
        ),
        saboteur("weights are left out", solve=wrong.unweighted),
    ),
    notes="Exact on integers, no rounding anywhere.",
)


def of_full_rank(case: Features, found: Factors) -> Sides:
    """Compare columns, the ranks of P(Q K^T) and of U V^T, our count and the earlier one each with the next."""
    d, g = case.Q.shape[1], case.degree
    counts, rank, own = theory.n_features(d, g), exact_rank(case), integer_rank(found)
    lhs = [found.U.shape[1], rank, own, counts, wrong_entries(case, found)]
    return Sides(lhs, [rank, own, counts, theory.as23_rank(d, g), 0])


LL_D4_RANK = Statement(
    id="lora_limits/LL-D4-rank",
    title="No fewer columns do, and the count in the literature is larger",
    says=(
        "If P has degree g and no zero coefficient, and no other polynomial of degree g in the d coordinates vanishes "
        "on all queries Q or on all keys K, the matrix P(Q K^T) has exactly the rank binom(g+d, d); the count in the "
        "literature is not smaller."
    ),
    source=Derived(theory.n_features),
    tex=r"\mathrm{rank}\,P(QK^\top) = \binom{g+d}{d} \le \binom{2(g+d)}{2g}",
    hypotheses={
        "no coefficient is zero": lambda case: bool((case.coefficients != 0).all()),
        "no polynomial of degree g vanishes on all queries, and none on all keys": are_independent,
        "integers, whose sums are below 2^53": is_exact,
    },
    instances=GENERIC,
    solve=factored,
    claim=Inequality(of_full_rank, unbounded="factors may have any number of columns"),
    decisions=("U", "V"),
    may_vary=dict.fromkeys("UV", "how many columns there are is what the claim counts"),
    saboteurs=(
        # a column of zeros: the product is right, and only the count is not the rank
        saboteur("a column too many", solve=wrong.a_column_more),
        saboteur("weights are left out", solve=wrong.unweighted),
        saboteur(
            "two tokens",
            breaks="no polynomial of degree g vanishes on all queries, and none on all keys",
            instances=TWO_TOKENS,
        ),
    ),
    notes=(
        "Ranks of integer matrices by exact elimination. For d = 8, g = 4 the counts are 495 and 735471. There must "
        "be at least as many tokens as monomials."
    ),
)


def exponent(case: Shares, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Check that log binom is within log(n + 1) of the exponent times ln L, and that exponents fall with the degree.

    Each exponent is compared with its value in 200 bits, from both sides.
    """
    n, count, wanted = (case.variables + case.degree) * case.log_length, log_count(case), exact_exponents(case)
    # binom is at most n + 1 times smaller than exp of the exponent, which is the o(1) in the power of L
    power = factor * found[0] * case.log_length
    lhs = np.r_[count, power - math.log(n + 1), found[1:], found[-1], found, wanted]
    rhs = np.r_[power, count, found[:-1], found[0] / 64, wanted, found]
    rounding_bound = np.r_[
        np.full(2, rounding(1024, 1 + power)), rounding(64, np.r_[wanted[:-1], wanted[0], wanted, wanted])
    ]
    return Sides(lhs, rhs, rounding=rounding_bound)


LL_D5 = Statement(
    id="lora_limits/LL-D5",
    title="The power of L at which features grow",
    says=(
        "With d = a ln L coordinates and the degree g = b ln L, the number of features is L to the power e(a, b), up "
        "to o(1), where H is the entropy in nats; the exponent falls at least to a 64th when b is divided by 4^7."
    ),
    source=Derived(theory.feature_exponent),
    tex=(
        r"d = a\ln L,\ g = b\ln L:\ \binom{g+d}{d} = L^{e(a, b) - o(1)},\ e(a, b) = (a+b)H(\tfrac a{a+b}),\ "
        r"e(a, b/4^7) \le e(a, b)/64"
    ),
    hypotheses={
        "positive shares": lambda case: case.variables > 0 and case.degree > 0,
        "a degree of at most 256 times the variables": lambda case: case.degree <= 256 * case.variables,
    },
    instances=SHARES,
    solve=exponents,
    claim=Inequality(exponent, unbounded="a solver may state any exponent"),
    saboteurs=(
        # subtle for short inputs, where log(n + 1) is a tenth of the exponent: longer ones always run
        saboteur("nine tenths", claim=Inequality(partial(exponent, factor=0.9))),
        saboteur("entropy in bits", solve=wrong.entropy_in_bits),
        saboteur(
            "degrees far above the variables",
            breaks="a degree of at most 256 times the variables",
            instances=MANY_DEGREES,
        ),
    ),
    notes="The earlier count is vacuous at sizes that can be run: at L = 10^5, d = 11, g = 2 it is 14950 against 78.",
)


def bounded(case: Logits, found: dict[str, Any], printed: bool = False) -> Sides:
    """Compare sums of absolute products with the bound by rows, logits with that by entries, both to formulas."""
    products = np.abs(case.X[:, None, :]) * np.abs(case.Y[None, :, :])
    sums = case.beta * products.sum(2).ravel()
    by_rows, by_entries = case.formulas
    # sums of absolute products and not logits alone, since the rounding of features depends on them
    rows = np.full(sums.shape, found["rows"])
    # as printed the bound has no d, which holds only with the temperature 1/d in the logits
    entries = np.abs(case.X).max() * np.abs(case.Y).max() if printed else found["entries"]
    logits = np.abs(case.beta * case.X @ case.Y.T).ravel()
    lhs = np.r_[sums, logits, found["rows"], by_rows, found["rows"], found["entries"], by_entries]
    formulas = [found["entries"], found["rows"], by_rows, by_entries, found["entries"]]
    return Sides(lhs, np.r_[rows, np.full(logits.shape, entries), formulas], rounding=case.rounding_bound)


LL_P4 = Statement(
    id="lora_limits/LL-P4",
    title="Bounds on logits in O(L d)",
    says=(
        "All logits beta <x_i, y_j> of the rows of X and Y, with d coordinates, are bounded by products of the "
        "largest norms of a row; Gamma_1 and Gamma_2 are the largest entries of X and of Y in absolute value."
    ),
    source=Derived(theory.logit_bound),
    tex=(
        r"|\beta\langle x_i, y_j\rangle| \le \beta\min(\|x\|_2\|y\|_2, \|x\|_1\|Y\|_{\max}, "
        r"\|X\|_{\max}\|y\|_1) \le \beta\,d\,\Gamma_1\Gamma_2"
    ),
    hypotheses={"beta is positive": lambda case: case.beta > 0},
    instances=LOGITS,
    solve=logit_bounds,
    claim=Inequality(bounded, unbounded="logits have no upper limit, and a solver may state any bound"),
    saboteurs=(
        saboteur(
            # right where beta is at most 1 / d
            "Gamma_1 Gamma_2 without 1/d in the logits",
            claim=Inequality(partial(bounded, printed=True)),
            printed=True,
        ),
        saboteur("norms of the mean rows", solve=wrong.mean_rows),
        saboteur("the largest of the three in the place of the smallest", solve=wrong.largest_of_three),
    ),
    notes="Without the temperature 1/d, norms of order sqrt(log L) do not keep logits of d = log L coordinates small.",
)
