"""Errors of rows and entries of attention that follow from a relative error of exp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Family, Inequality, Sides, Statement, Tight, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.gradients import exact_sums, one_degree_less, tilted_twice
from proofs_checks.lora_limits.families.propagation import ANYWHERE, SMALL_ERROR, within
from proofs_checks.lora_limits.families.row_perturbation import (
    ALWAYS,
    SURROGATES,
    Approximate,
    Surrogate,
    Tilted,
    approximate,
    climb_tilted,
    draw_tilted,
    family,
    is_approximated,
    link,
    rows,
    truth,
    two_keys,
)

# a small, a middle and a large eta: tau is near eta for the first and near 2 eta for the last
TIGHT_ROWS = family("tilted-rows", *(two_keys(eta) for eta in (0.01, 0.5, 0.9)))


def normalized(case: Tilted, found: np.ndarray, bound: Callable[[float], float] = theory.tilt_bound) -> Sides:
    """Compare the absolute row sums of f~ - f with tau, the row sums of f~ with 1, and f~ with the due one."""
    moved, sums = rows(found - truth(case).f), found.sum(1)
    # two rows of attention are at most 2 apart, whatever the exponentials
    limits = np.r_[np.full(len(moved), bound(case.eta)), 0 * sums], np.r_[np.full(len(moved), 2.0), 0 * sums + np.inf]
    return within(case, found, "f", np.r_[moved, np.abs(sums - 1)], limits)


LL_E1 = Statement(
    id="lora_limits/LL-E1",
    title="Errors of rows of attention",
    says=(
        "If all exponentials are off by factors between 1 - eta and 1 + eta, each row of the attention f~ made of "
        "them sums to 1 and differs from that row of the exact attention f by at most tau(eta), in the sum of "
        "absolute values."
    ),
    source=Derived(theory.tilt_bound),
    tex=(
        r"\sum_j|\tilde f_{ij} - f_{ij}| \le \tau(\eta) = \frac{2\eta}{1+\sqrt{1-\eta^2}},\quad \tilde "
        r"f\mathbf 1 = \mathbf 1"
    ),
    hypotheses=SMALL_ERROR,
    instances=TIGHT_ROWS,
    solve=partial(link, part="f"),
    claim=Inequality(normalized, unbounded=ANYWHERE),
    saboteurs=(
        # subtle: tau is eta times 1 + eta^2 / 4 + ..., so for small eta it takes the tight instances to tell
        saboteur("eta in the place of tau", claim=Inequality(partial(normalized, bound=lambda eta: eta))),
        saboteur(
            # the tight instances reach tau up to rounding, so a hundredth less is refuted
            "99 parts of 100 of tau",
            claim=Inequality(partial(normalized, bound=lambda x: 0.99 * theory.tilt_bound(x))),
        ),
        saboteur("rows divided by the exact sums", solve=partial(link, part="f", made=exact_sums)),
    ),
    notes="Sharp; the earlier work has 2 eta.",
)


def vanishing(eta: float) -> Tilted:
    """Return a key of vanishing mass that is tilted up, beside one that is tilted down: LL-E1-entry is sharp there."""
    # e^-30 is so small that the limit is reached up to 10^-13, and large enough for exact quotients
    return replace(two_keys(eta), logits=np.array([[-30.0, 0.0]]))


TIGHT_ENTRIES = Family(
    "tilted-entries", ALWAYS, (Tight(vanishing(0.5), 1 - 1e-9, 1 + 1e-9),), draw_tilted, climb_tilted
)


def relative(case: Tilted, found: np.ndarray, bound: Callable[[float], float] = theory.entry_error) -> Sides:
    """Compare entries of f~ with those of f, in units of f; trivially none is above 1 / f - 1, or below -1."""
    f = truth(case).f.ravel()
    sides = within(case, found, "f", np.abs(found.ravel() / f - 1), (bound(case.eta), np.maximum(1.0, 1 / f - 1)))
    return Sides(sides.lhs, sides.rhs, trivial=sides.trivial, rounding=4 * case.rounding_bound)


LL_E1_ENTRY = Statement(
    id="lora_limits/LL-E1-entry",
    title="Relative errors of entries of attention",
    says=(
        "If all exponentials are off by factors between 1 - eta and 1 + eta, no entry of the attention f~ made of "
        "them differs from that of the exact attention f by more than 2 eta / (1 - eta) times the exact entry."
    ),
    source=Derived(theory.entry_error),
    tex=r"|\tilde f_{ij}/f_{ij} - 1| \le 2\eta/(1-\eta)",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_ENTRIES,
    solve=partial(link, part="f"),
    claim=Inequality(relative, unbounded=ANYWHERE),
    saboteurs=(
        saboteur("2 eta", claim=Inequality(partial(relative, bound=lambda eta: 2 * eta))),
        # the bound on how far an entry can fall, which is smaller than how far it can rise
        saboteur("2 eta / (1 + eta)", claim=Inequality(partial(relative, bound=lambda eta: 2 * eta / (1 + eta)))),
        saboteur("tilts twice as large", solve=partial(link, part="f", made=tilted_twice)),
    ),
    notes="Reached in the limit of a key whose mass vanishes.",
)


def factored_rows(
    case: Surrogate, rng: np.random.Generator | None = None, made: Callable[..., Approximate] = approximate
) -> dict[str, np.ndarray]:
    """U, V and the sums of the rows of U V^T."""
    found = made(case, rng)
    return {"U": found.U, "V": found.V, "sums": found.sums}


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
        saboteur("one degree less", solve=partial(factored_rows, made=one_degree_less)),
    ),
)
