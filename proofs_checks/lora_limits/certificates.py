"""Errors that polynomials leave along the chain, ranks of its matrices, and degrees that are chosen by a proof."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.certified import (
    ADAPTED,
    CANCELING,
    Adapted,
    Canceling,
    by_certificate,
    factors,
    floor_of,
)
from proofs_checks.lora_limits.families.row_perturbation import (
    MANY_TOKENS,
    SURROGATES,
    Matrices,
    Surrogate,
    factored_rows,
    is_approximated,
    is_on_a_line,
    polynomial_chain,
    rows,
    surrogate_chain,
    truth,
    weighted,
)
from proofs_checks.lora_limits.propagation import ANYWHERE, bounds_of, of_outputs, of_products, of_rows
from proofs_checks.lora_limits.wrong_solvers import gradients as wrong

#: matrices of the chain, and what bounds them; some by sums of rows
LINKS = {"f": "tilt", "c": "output", "q": "q", "p1": "p1", "row_means": "row_means", "p2": "p2", "p": "p"}
BY_ROWS = ("f", "p1", "p2", "p")


def all_links(case: Surrogate, found: Matrices, factor: float = 1.0) -> Sides:
    """Compare the error of every matrix, from one polynomial, with its bound, so that a broken link is located.

    Every matrix is compared with that of the polynomial, too. The trivial sides are how far any two attentions can be
    apart.
    """
    tilt, wanted = case.as_tilted, polynomial_chain(case)
    exact = truth(tilt)
    # eta is the polynomial's own error, so the bounds are those that a certificate states
    bounds, Q = bounds_of(tilt, exact), float(np.abs(exact.q).max())
    moved = {name: getattr(found, name) - getattr(exact, name) for name in LINKS}
    lhs = [rows(one).max() if name in BY_ROWS else np.abs(one).max() for name, one in moved.items()]
    unlike = [np.abs(getattr(found, name) - getattr(wanted, name)).max() for name in LINKS]
    # two rows of attention have sum 1 each, so they are at most 2 apart
    apart = {"f": 2.0, "c": of_outputs(tilt, Q), "q": of_products(tilt, Q)}
    rhs = [factor * getattr(bounds, field) for field in LINKS.values()]
    trivial = [apart.get(name, of_rows(tilt, Q)) for name in LINKS]
    return Sides([*lhs, *unlike], [*rhs, *np.zeros(7)], trivial=[*trivial, *[np.inf] * 7], rounding=case.rounding_bound)


LL_P5 = Statement(
    id="lora_limits/LL-P5",
    title="The links of the chain, one after the other, for a polynomial",
    says=(
        "With one polynomial of relative error below 1 in the place of exp, attention f, output error c, q = c C3^T, "
        "p_1 = f o q, the row means r, p_2 = diag(r) f and p = p_1 - p_2 each move by at most the bound of LL-E1 to "
        "LL-E7."
    ),
    source=Derived(theory.error_certificate),
    tex=r"f \to c \to q \to p_1 \to r \to p_2 \to p",
    hypotheses={"eta below 1": is_approximated},
    instances=SURROGATES,
    solve=surrogate_chain,
    claim=Inequality(all_links, unbounded=ANYWHERE),
    saboteurs=(
        # most links stay far below their bounds, so the saboteur asks for much less
        saboteur("a twentieth of the bounds", claim=Inequality(partial(all_links, factor=0.05))),
        saboteur("one degree less", solve=partial(surrogate_chain, made=wrong.one_degree_less)),
    ),
)


def low_ranks(case: Surrogate, found: dict[str, np.ndarray], short: int = 0) -> Sides:
    """Compare singular values of p2 beyond g + 1 and of p1 beyond (g + 1) d_v with 0, and both with the due ones."""
    k, wanted = case.degree + 1 - short, polynomial_chain(case)  # on a line there are g + 1 monomials
    ranks = {"p2": k, "p1": k * case.C3.shape[1]}
    # ranks are measured by singular values, so there must be more tokens than the rank that is claimed
    beyond = [np.linalg.svd(found[name], compute_uv=False)[n:] for name, n in ranks.items()]
    unlike = [np.abs(found[name] - getattr(wanted, name)).ravel() for name in ranks]
    lhs = np.concatenate([*beyond, *unlike])
    return Sides(lhs, 0 * lhs, rounding=64 * case.rounding_bound)


LL_P2_RANK = Statement(
    id="lora_limits/LL-P2-rank",
    title="Ranks stay low along the chain of a polynomial",
    says=(
        "With a polynomial of k monomials in the place of exp, p~_2, whose rows are those of attention times their "
        "row means, has at most rank k, and p~_1, the entrywise product of attention and q, at most rank k d, where d "
        "is the width of the values."
    ),
    source=Derived(theory.n_features),
    tex=r"\mathrm{rank}\,\tilde p_2 \le k,\quad \mathrm{rank}\,\tilde p_1 \le k\,d",
    hypotheses={"eta below 1": is_approximated, "one coordinate": is_on_a_line},
    instances=MANY_TOKENS,
    solve=weighted,
    claim=Inequality(low_ranks, unbounded="what has a higher rank may have any singular values"),
    saboteurs=(
        saboteur("one rank less", claim=Inequality(partial(low_ranks, short=1))),
        saboteur("exp itself", solve=partial(weighted, made=wrong.exact_factors)),
    ),
    notes="Tokens on a line, k = g + 1 monomials of one coordinate.",
)


def sums_within(case: Surrogate, found: dict[str, np.ndarray], factor: float = 1.0) -> Sides:
    """Compare |D~ / D - 1| and |A~ / A - 1| with eta for A~ = U V^T, and A~ and its sums with the polynomial's."""
    exact, A = np.exp(case.Q @ case.K.T), found["U"] @ found["V"].T
    moved = np.abs(np.r_[found["sums"] / exact.sum(1), (A / exact).ravel()] - 1)
    unlike = np.abs(np.r_[found["sums"] - case.powers.sum(1), (A - case.powers).ravel()])
    rhs = np.r_[np.full(len(moved), factor * case.polynomial.error), 0 * unlike]
    return Sides(np.r_[moved, unlike], rhs, rounding=case.rounding_bound)


LL_P3 = Statement(
    id="lora_limits/LL-P3",
    title="Sums of rows keep the relative error of their entries",
    says=(
        "If every entry of A~ is within the factors 1 - eta and 1 + eta of the entry of A, which is positive, then so "
        "is every row sum D~_i of A~ of the row sum D_i of A."
    ),
    source=Derived(theory.entry_error),
    tex=r"|\tilde A_{ij} - A_{ij}| \le \eta A_{ij} \Rightarrow |\tilde D_i/D_i - 1| \le \eta",
    hypotheses={"eta below 1": is_approximated},
    instances=SURROGATES,
    solve=factored_rows,
    claim=Inequality(sums_within, unbounded="factors of something else may have any product"),
    may_vary=dict.fromkeys("UV", "of which rank the surrogate is follows from the degree that the solver takes"),
    saboteurs=(
        # row sums move by less than single entries, which reach eta
        saboteur("half of eta", claim=Inequality(partial(sums_within, factor=0.5))),
        saboteur("one degree less", solve=partial(factored_rows, made=wrong.one_degree_less)),
    ),
)


def within_target(case: Adapted, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare the error of every gradient with epsilon and its certificate, and the certificate with epsilon."""
    exact = case.exact
    lhs, rhs = [], []
    for name, wanted in exact.items():
        # a gradient or a bound that is missing counts as infinitely wrong
        worst = float(np.abs(found["gradients"].get(name, np.inf) - wanted).max())
        entry = found["entries"].get(name, np.inf)
        # three comparisons per gradient: the target, the certificate, and the certificate with the target
        lhs += [worst, worst, share * entry]
        rhs += [case.epsilon, entry, case.epsilon]
    return Sides(lhs, rhs, rounding=case.rounding_bound)


LL_E9 = Statement(
    id="lora_limits/LL-E9",
    title="A degree chosen from the bounds reaches its target",
    says=(
        "B is what tau is multiplied with in the bounds on the gradients' errors (LL-E8, LL-T2). If exp is "
        "approximated with the relative error eta that this formula makes of the target epsilon, every entry of the "
        "gradient G~ is within epsilon of the exact G."
    ),
    source=Derived(theory.relative_error_for),
    tex=(
        r"\eta = \frac{\tau}{1+\tau^2/4},\ \tau = \min(\varepsilon/B, 1) \Rightarrow \|\tilde G - "
        r"G\|_{\max} \le \varepsilon"
    ),
    hypotheses={"a positive target": lambda case: case.epsilon > 0},
    instances=ADAPTED,
    solve=by_certificate,
    claim=Inequality(within_target, unbounded="wrong gradients may be off by any amount"),
    decisions=("gradients.*", "entries.*"),
    saboteurs=(
        # its certificate is true, but far above the target
        saboteur("a degree of one", solve=partial(by_certificate, degree=1)),
        saboteur("a certificate that is too good", solve=wrong.small_certificate),
        saboteur("the first entry of a batch alone", solve=wrong.first_entry_certified),
        # at degree 16 the polynomial is exact in doubles, so the certificate consists of rounding
        saboteur("a millionth of the floor of rounding", solve=partial(wrong.small_certificate, degree=16)),
        saboteur("a million times better than asked", claim=Inequality(partial(within_target, share=2.0**20))),
    ),
    notes=(
        "Deterministic: no failure is allowed. The degree is two to four higher than needed. By low rank and hybrid, "
        "with the three polynomials, in double and in single precision, for one head and for batches."
    ),
)


def reaches(case: Canceling, found: tuple[np.ndarray, np.ndarray], floors: int = 1) -> Sides:
    """Compare |u v exp(-s) - 1|, in balls around the returned doubles, with eta plus the floor of rounding."""
    (U, V), s = found, (case.Q * case.K).sum(1)
    value = (np.asarray(U) * np.asarray(V)).sum(1)
    lhs = np.array([abs(x * np.exp(-t) - 1) for x, t in zip(value, s, strict=True)])
    return Sides(lhs, np.array([theory.taylor_error(case.degree, abs(t)) + floors * case.floor for t in s]))


LL_E9_FLOATS = Statement(
    id="lora_limits/LL-E9-floats",
    title="Rounding of features is governed by sums of absolute products",
    says=(
        "In floating-point numbers the product U V^T of the features of x and y, with d coordinates and the logit s = "
        "beta <x, y>, has at most this relative error to exp(s): eta of Taylor's polynomial T_g, and rounding; u is "
        "the unit roundoff, M the largest |s|."
    ),
    source=Measured(
        what="the constant 4 of what rounding adds to U V^T",
        where="pairs of rows whose products cancel, in both precisions",
        command="lrtheory check lora_limits/LL-E9-floats",
    ),
    tex=r"|\mathrm{fl}(UV^\top)e^{-s} - 1| \le \eta + 4(g+d)\,u\,e^M\,T_g(N),\quad N = \beta\sum_a|x_ay_a|",
    hypotheses={"the floor of these rows": lambda case: case.floor == floor_of(case.Q, case.K, case.degree)},
    instances=CANCELING,
    solve=factors,
    claim=Inequality(reaches, numbers=Ball, unbounded="other factors may have any product"),
    saboteurs=(
        # subtle: right where products do not cancel, since eta then covers the rounding
        saboteur("without the floor", claim=Inequality(partial(reaches, floors=0), numbers=Ball)),
        saboteur("one feature is lost", solve=wrong.one_feature_lost),
    ),
    notes="A proof would need the order in which a BLAS adds. Without the floor the certificate fails at N = 32.",
)
