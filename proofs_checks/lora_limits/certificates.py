"""Errors that polynomials leave, ranks along the chain, and degrees that are chosen by a proof."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Inequality, Sides, Statement, always, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits import mutants
from proofs_checks.lora_limits.families.certified import (
    ADAPTED,
    CANCELING,
    Adapted,
    Canceling,
    by_certificate,
    factors,
)
from proofs_checks.lora_limits.families.tilts import (
    MANY_TOKENS,
    SURROGATES,
    Approximate,
    Matrices,
    Surrogate,
    approximate,
    is_approximated,
    rows,
    surrogate_chain,
    truth,
)
from proofs_checks.lora_limits.propagation import bounds_of

#: matrices of the chain, and what bounds them; some by sums of rows
LINKS = {"f": "tilt", "c": "output", "q": "q", "p1": "p1", "row_means": "row_means", "p2": "p2", "p": "p"}
BY_ROWS = ("f", "p1", "p2", "p")


def spoiled(case: Surrogate, found: Approximate) -> np.ndarray:
    """Rounding of the chain of U V^T, whose entries are sums over features."""
    return case.as_tilted.spoiled * (1 + np.exp(case.bound) * np.abs(found.U).max() * np.abs(found.V).sum())


def all_links(case: Surrogate, found: Approximate, factor: float = 1.0) -> Sides:
    """Every link, from one surrogate, so that a broken one is located."""
    tilt = case.as_tilted
    exact = truth(tilt)
    bounds = bounds_of(tilt, exact)
    moved = {name: getattr(found.matrices, name) - getattr(exact, name) for name in LINKS}
    lhs = [rows(one).max() if name in BY_ROWS else np.abs(one).max() for name, one in moved.items()]
    return Sides(lhs, [factor * getattr(bounds, field) for field in LINKS.values()], rounding=spoiled(case, found))


LL_P5 = Statement(
    id="lora_limits/LL-P5",
    title="The links of the chain, one after the other, for a polynomial",
    source=Derived(theory.error_certificate),
    tex=r"f \to c \to q \to p_1 \to r \to p_2 \to p",
    hypotheses={"eta below 1": is_approximated},
    instances=SURROGATES,
    solve=approximate,
    claim=Inequality(all_links),
    saboteurs=(
        saboteur("a twentieth of the bounds", claim=Inequality(partial(all_links, factor=0.05))),
        saboteur("one degree less", solve=mutants.one_degree_less),
    ),
)


def low_ranks(case: Surrogate, found: Matrices, short: int = 0) -> Sides:
    """Singular values of p2 beyond g + 1, of p1 beyond (g + 1) d_v, against 0; sums of f against 1 from both sides."""
    k = case.degree + 1 - short
    beyond = [np.linalg.svd(one, compute_uv=False)[n:] for one, n in ((found.p2, k), (found.p1, k * case.C3.shape[1]))]
    masses = found.f.sum(1)
    lhs, ones = np.concatenate(beyond), np.ones(len(masses))
    return Sides(np.r_[lhs, ones, masses], np.r_[0 * lhs, masses, ones], rounding=64 * case.as_tilted.spoiled)


LL_P2_RANK = Statement(
    id="lora_limits/LL-P2-rank",
    title="Ranks along the chain of a polynomial",
    source=Derived(theory.n_features),
    tex=r"\mathrm{rank}\,\tilde p_2 \le k,\quad \mathrm{rank}\,\tilde p_1 \le k\,d",
    hypotheses={"eta below 1": is_approximated},
    instances=MANY_TOKENS,
    solve=surrogate_chain,
    claim=Inequality(low_ranks),
    saboteurs=(
        saboteur("one rank less", claim=Inequality(partial(low_ranks, short=1))),
        saboteur("exp itself", solve=mutants.exact_factors),
    ),
    notes="Nine tokens on a line, k = g + 1 monomials of one coordinate.",
)


def sums_within(case: Surrogate, found: Approximate, factor: float = 1.0) -> Sides:
    """|D~ / D - 1| against eta, and the entries of U V^T against exp."""
    logits = case.Q @ case.K.T
    sums, entries = found.sums / np.exp(logits).sum(1), (found.U @ found.V.T) * np.exp(-logits)
    lhs = np.abs(np.r_[sums, entries.ravel()] - 1)
    return Sides(lhs, np.full(len(lhs), factor * case.polynomial.error), rounding=spoiled(case, found))


LL_P3 = Statement(
    id="lora_limits/LL-P3",
    title="Sums of rows keep the relative error of their entries",
    source=Derived(theory.entry_error),
    tex=r"|\tilde A_{ij} - A_{ij}| \le \eta A_{ij} \Rightarrow |\tilde D_i/D_i - 1| \le \eta",
    hypotheses={"eta below 1": is_approximated},
    instances=SURROGATES,
    solve=approximate,
    claim=Inequality(sums_within),
    saboteurs=(
        saboteur("half of eta", claim=Inequality(partial(sums_within, factor=0.5))),
        saboteur("one degree less", solve=mutants.one_degree_less),
    ),
)


def within_target(case: Adapted, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Every entry of dA, dB and dW against epsilon and against its certificate."""
    exact = case.exact
    lhs, rhs = [], []
    for name, wanted in exact.items():
        worst = float(np.abs(found["gradients"].get(name, np.inf) - wanted).max())
        entry = found["entries"].get(name, np.inf)
        lhs += [worst, worst, share * entry]
        rhs += [case.epsilon, entry, case.epsilon]
    return Sides(lhs, rhs, rounding=case.spoiled)


LL_E9 = Statement(
    id="lora_limits/LL-E9",
    title="A degree chosen from the bounds reaches its target",
    source=Derived(theory.relative_error_for),
    tex=(
        r"\eta = \frac{\tau}{1+\tau^2/4},\ \tau = \min(\varepsilon/B, 1) \Rightarrow \|\tilde G - "
        r"G\|_{\max} \le \varepsilon"
    ),
    hypotheses={"a positive target": lambda case: case.epsilon > 0},
    instances=ADAPTED,
    solve=by_certificate,
    claim=Inequality(within_target),
    saboteurs=(
        saboteur("a degree of one", solve=partial(by_certificate, degree=1)),
        saboteur("a certificate that is too good", solve=mutants.small_certificate),
        saboteur("the first entry of a batch alone", solve=mutants.first_entry_certified),
        saboteur("a millionth of the floor of rounding", solve=partial(mutants.small_certificate, degree=16)),
        saboteur("a million times better than asked", claim=Inequality(partial(within_target, share=2.0**20))),
    ),
    notes=(
        "Deterministic: no failure is allowed. The degree is two to four higher than needed. By low rank and hybrid, "
        "with the three polynomials, in double and in single precision, for one head and for batches."
    ),
)


def reaches(case: Canceling, found: tuple[np.ndarray, np.ndarray], floors: int = 1) -> Sides:
    """|u v exp(-s) - 1| with what the library returned, exactly, against eta and the floor of rounding."""
    (U, V), s = found, (case.Q * case.K).sum(1)
    value = (np.asarray(U) * np.asarray(V)).sum(1)
    lhs = np.array([abs(x * np.exp(-t) - 1) for x, t in zip(value, s, strict=True)])
    return Sides(lhs, np.array([theory.taylor_error(case.degree, abs(t)) + floors * case.floor for t in s]))


LL_E9_FLOATS = Statement(
    id="lora_limits/LL-E9-floats",
    title="Rounding of features is governed by sums of absolute products",
    source=Derived(theory.relative_error_for),
    tex=r"|\mathrm{fl}(UV^\top)e^{-s} - 1| \le \eta + 4(g+d)\,u\,e^M\,T_g(N),\quad N = \beta\sum_a|x_ay_a|",
    hypotheses={"logits small beside N": always},
    instances=CANCELING,
    solve=factors,
    claim=Inequality(reaches, numbers=Ball),
    saboteurs=(
        saboteur("without the floor", claim=Inequality(partial(reaches, floors=0), numbers=Ball)),
        saboteur("one feature is lost", solve=mutants.one_feature_lost),
    ),
    notes="The constant of the floor is measured, and not proved. The certificate without it fails at N = 32.",
)
