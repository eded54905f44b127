"""Errors of every matrix of the chain, and of the gradients, that follow from a relative error of exp (LL-E1 to LL-E8).

An instance has exact logits and tilts, factors between 1 - eta and 1 + eta of its exponentials; the solver is the
library's chain of the tilted exponentials. Each statement measures how far one matrix moves, and holds the moved matrix
itself against one computed in the claim's own arithmetic, so that an idle solver is refuted too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, saboteur
from lrtheory.lora_limits import chain, theory
from proofs_checks.lora_limits.families.row_perturbation import (
    TIGHT_ENTRIES,
    TIGHT_OUTPUTS,
    TIGHT_PARTS,
    TIGHT_ROWS,
    TILTED,
    Matrices,
    Tilted,
    due,
    link,
    rows,
    truth,
)
from proofs_checks.lora_limits.wrong_solvers import gradients as wrong

SMALL_ERROR = {"eta below 1": lambda case: case.eta < 1}
CHAIN = Derived(theory.error_certificate)


def bounds_of(case: Tilted, exact: Matrices) -> Any:
    """Return the library's bounds, with the largest entry of the exact q in the place of its a-priori bound."""
    q_max = float(np.abs(exact.q).max())
    return theory.error_certificate(case.eta, case.C1, case.C2, case.C3, case.Y, beta=1, q_max=q_max)


ANYWHERE = "a matrix of other exponentials may be anywhere"


def within(case: Tilted, found: np.ndarray, part: str, moved: np.ndarray, limits: tuple[Any, Any]) -> Sides:
    """Compare moves with a limit, and the matrix itself with the one of the claim's own arithmetic.

    `limits` has the bound, and how far any two attentions can be apart: only a bound below that says something.
    """
    limit, trivial = (np.broadcast_to(one, moved.shape) for one in limits)
    # a solver that returns the exact matrix does not move at all; what it should have returned refutes it
    unlike = np.abs(found - getattr(due(case), part)).ravel()
    lhs, rhs = np.r_[moved, unlike], np.r_[limit, 0 * unlike]
    return Sides(lhs, rhs, trivial=np.r_[trivial, np.full(unlike.shape, np.inf)], rounding=case.rounding_bound)


def at_most(
    part: str,
    bound: Callable[[Any, float], float],
    trivial: Callable[[Tilted, float], float],
    measure: Callable[[np.ndarray], np.ndarray] = np.abs,
) -> Inequality:
    """Make the claim on one matrix of the chain; its bound is a function of the library's bounds and of Q = max |q|.

    The trivial side is how far two matrices of any attention can be apart.
    """

    def sides(case: Tilted, found: np.ndarray) -> Sides:
        exact = truth(case)
        # Q of the exact matrices, the smallest that the theorem allows, so that the bound bites as much as it can
        moved, Q = measure(found - getattr(exact, part)).ravel(), float(np.abs(exact.q).max())
        return within(case, found, part, moved, (bound(bounds_of(case, exact), Q), trivial(case, Q)))

    return Inequality(sides, unbounded=ANYWHERE)


def of_outputs(case: Tilted, Q: float) -> float:
    """Return how far two outputs can be apart: they are means of values, so by the largest spread at most."""
    return case.spread


def of_products(case: Tilted, Q: float) -> float:
    """Return how far two entries of q can be apart: a sum of differences of outputs times values over d columns."""
    return case.C3.shape[1] * float(np.abs(case.C3).max()) * case.spread


def of_rows(case: Tilted, Q: float) -> float:
    """Return how far rows of p1, p2 or p, or row means, can be apart: each is at most its largest entry of q."""
    return Q + case.largest_q


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
        saboteur("rows divided by the exact sums", solve=partial(link, part="f", made=wrong.exact_sums)),
    ),
    notes="Sharp; the earlier work has 2 eta.",
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
        saboteur("tilts twice as large", solve=partial(link, part="f", made=wrong.tilted_twice)),
    ),
    notes="Reached in the limit of a key whose mass vanishes.",
)

LL_E2 = Statement(
    id="lora_limits/LL-E2",
    title="Errors of outputs",
    says=(
        "If exponentials have a relative error of eta, the entries of the output error c = f C3 - Y move by at most "
        "tau osc / 2; f is attention, osc is the largest spread of a column of the values C3, and tau is the bound of "
        "LL-E1."
    ),
    source=CHAIN,
    tex=r"\|\tilde c - c\|_{\max} \le \tau\,\mathrm{osc}/2",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_OUTPUTS,
    solve=partial(link, part="c"),
    claim=at_most("c", lambda bounds, Q: bounds.output, of_outputs),
    saboteurs=(
        saboteur("half of it", claim=at_most("c", lambda bounds, Q: bounds.output / 2, of_outputs)),
        saboteur("99 parts of 100", claim=at_most("c", lambda bounds, Q: 0.99 * bounds.output, of_outputs)),
        saboteur("rows divided by the exact sums", solve=partial(link, part="c", made=wrong.exact_sums)),
    ),
    notes="Reached by values 1 and -1.",
)

LL_E3 = Statement(
    id="lora_limits/LL-E3",
    title="Errors of q, the products of residuals and values",
    says=(
        "If exponentials have a relative error of eta, the entries of q = c C3^T move by at most this; c is the "
        "output error, C3 are d columns of values, v = max |C3|, osc is the largest spread of a column, tau the bound "
        "of LL-E1."
    ),
    source=CHAIN,
    tex=r"\|\tilde q - q\|_{\max} \le d\,v\,\tau\,\mathrm{osc}/2",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_OUTPUTS,
    solve=partial(link, part="q"),
    claim=at_most("q", lambda bounds, Q: bounds.q, of_products),
    saboteurs=(
        # right for one column of values up to 1
        saboteur("without the number of columns", claim=at_most("q", lambda bounds, Q: bounds.output, of_products)),
        saboteur("labels are added", patch=(chain.chain_matrices, "c = output - Y", "c = output + Y")),
        saboteur("rows divided by the exact sums", solve=partial(link, part="q", made=wrong.exact_sums)),
    ),
    notes="Reached where all columns of the values are alike.",
)

LL_E4 = Statement(
    id="lora_limits/LL-E4",
    title="Errors of the first part of p, by rows",
    says=(
        "p_1 is attention f times q = c C3^T, entry by entry. If exponentials have a relative error of eta, each of "
        "its rows moves by at most this in absolute sum; C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p_1 - p_1| \le d\,v\,\tau\,\mathrm{osc}/2 + \tau Q,\quad Q = \|q\|_{\max}",
    hypotheses=SMALL_ERROR,
    instances=TIGHT_PARTS,
    solve=partial(link, part="p1"),
    claim=at_most("p1", lambda bounds, Q: bounds.p1, of_rows, rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("p1", lambda bounds, Q: bounds.q, of_rows, rows)),
        # without its first part the bound is still reached where all values are alike; half of it is not enough
        saboteur("half of tau Q alone", claim=at_most("p1", lambda bounds, Q: bounds.tilt * Q / 2, of_rows, rows)),
        # p1 is q itself then, far from the exact f o q
        saboteur("q is not weighted", patch=(chain.chain_matrices, "p1, p2 = f * q,", "p1, p2 = q,")),
    ),
    notes="Reached where all values are alike.",
)

LL_E5 = Statement(
    id="lora_limits/LL-E5",
    title="Errors of means of rows",
    says=(
        "r_i is the mean of row i of q = c C3^T under the attention weights. If exponentials have a relative error of "
        "eta, it moves by at most this; Q = max |q|, C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"|\tilde r_i - r_i| \le d\,v\,\tau\,\mathrm{osc}/2 + \tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="row_means"),
    claim=at_most("row_means", lambda bounds, Q: bounds.row_means, of_rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("row_means", lambda bounds, Q: bounds.q, of_rows)),
        saboteur("c in the place of O", patch=(chain.chain_matrices, "xp.sum(c * output", "xp.sum(c * c")),
    ),
)

LL_E6 = Statement(
    id="lora_limits/LL-E6",
    title="Errors of the second part of p, by rows",
    says=(
        "p_2 is attention with row i times the row mean r_i of q = c C3^T. If exponentials have a relative error of "
        "eta, its rows move by at most this in absolute sum; Q = max |q|, C3 are d columns of values, v = max |C3|, "
        "osc is the largest spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p_2 - p_2| \le d\,v\,\tau\,\mathrm{osc}/2 + 2\tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p2"),
    claim=at_most("p2", lambda bounds, Q: bounds.p2, of_rows, rows),
    saboteurs=(
        saboteur("without tau Q", claim=at_most("p2", lambda bounds, Q: bounds.q, of_rows, rows)),
        # right where row means are 0 or 1
        saboteur("the mean is squared", patch=(chain.chain_matrices, "r[:, None] * f", "(r * r)[:, None] * f")),
    ),
)

LL_E7 = Statement(
    id="lora_limits/LL-E7",
    title="Errors of all of p, by rows",
    says=(
        "p = p_1 - p_2 is the gradient by the logits. If exponentials have a relative error of eta, its rows move by "
        "at most this in absolute sum; Q = max |q|, C3 are d columns of values, v = max |C3|, osc is the largest "
        "spread of a column, tau the bound of LL-E1."
    ),
    source=CHAIN,
    tex=r"\sum_j|\tilde p - p| \le d\,v\,\tau\,\mathrm{osc} + 3\tau Q",
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p"),
    claim=at_most("p", lambda bounds, Q: bounds.p, of_rows, rows),
    saboteurs=(
        # no instance was found above half of the bound, so the saboteur asks for much less
        saboteur("a twentieth", claim=at_most("p", lambda bounds, Q: bounds.p / 20, of_rows, rows)),
        saboteur("p2 is added", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1 + p2")),
        saboteur("p without p2", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1")),
    ),
    notes="Not claimed to be sharp: no instance was found above half of it.",
)


def gradient_moves(case: Tilted, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the entries of C1^T (p~ - p) C2 with the bound, and the bound with its form without q."""
    exact = truth(case)
    moved = np.abs(case.C1.T @ (found - exact.p) @ case.C2).ravel()
    # the trivial side puts what two rows of p can be apart in the place of their bound
    bound, rows_of_p = bounds_of(case, exact).gradient, of_rows(case, float(np.abs(exact.q).max()))
    apriori = theory.tilt_bound(case.eta) * theory.error_multiplier(case.C1, case.C2, case.C3, Y=case.Y, beta=1)
    limits = (
        np.full(len(moved), share * bound),
        np.full(len(moved), theory.gradient_bound(rows_of_p, case.C1, case.C2, beta=1)),
    )
    sides = within(case, found, "p", np.r_[moved, bound], (np.r_[limits[0], apriori], np.r_[limits[1], np.inf]))
    return Sides(sides.lhs, sides.rhs, trivial=sides.trivial, rounding=case.gradient_rounding)


LL_E8 = Statement(
    id="lora_limits/LL-E8",
    title="Errors of the gradient",
    says=(
        "G = beta C1^T p C2 is the gradient by the weight between inputs C1 and keys C2. If exponentials have a "
        "relative error of eta, its entries move by at most this: the largest absolute column sum of C1 times max "
        "|C2| times the bound of LL-E7, which names d, v, osc, tau and Q."
    ),
    source=Derived(theory.gradient_bound),
    tex=(
        r"\|\tilde G - G\|_{\max} \le \beta "
        r"\max_a\sum_i|C^{(1)}_{ia}|\,\|C_2\|_{\max}(d\,v\,\mathrm{osc}\,\tau + 3\tau Q)"
    ),
    hypotheses=SMALL_ERROR,
    instances=TILTED,
    solve=partial(link, part="p"),
    claim=Inequality(gradient_moves, unbounded=ANYWHERE),
    saboteurs=(
        saboteur("a tenth", claim=Inequality(partial(gradient_moves, share=0.1))),
        saboteur("p2 is added", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1 + p2")),
    ),
    notes=(
        "With the form that knows no q, often a hundred times too large; the largest ratio is that of the two bounds."
    ),
)
