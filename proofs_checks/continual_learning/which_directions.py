"""Directions of weights against directions of inputs: a game that weights lose, and the best protection: SC-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.families.matrices import spectrum
from proofs_checks.continual_learning.families.rules import (
    BY_WEIGHTS,
    PROTECTED,
    Choice,
    is_blind_rule,
    is_choice,
    played,
    protected,
)
from proofs_checks.continual_learning.wrong_solvers import protection as wrong
from proofs_checks.guards import allowance, misfit, square, unlike

Found = dict[str, Any]


def no_basis(case: Choice, *bases: np.ndarray) -> Sides | None:
    """Return sides that fail where directions are not k orthonormal ones, or fewer; else None."""
    d = case.X.shape[1]
    for M in bases:
        k = M.shape[1]
        off = misfit((M, (d, min(k, case.k)))) or unlike(M.T @ M - np.eye(k), allowance(np.eye(d)))
        if off is not None:
            return off
    return None


def forgets_all(case: Choice, found: Found, kept: bool = False) -> Sides:
    """Compare what the worst step does to the input with 1; or with 0, as if what was chosen kept every output."""
    first, x, again = found["first"], found["x"], found["again"]
    allowed = allowance(np.eye(len(first)))
    off = misfit((x, (len(first),))) or no_basis(case, first, again)
    off = off or unlike(np.append(x @ first, square(x) - 1), allowed)
    if off is not None:
        return off
    left = x - (x @ again) @ again.T
    size = float(np.sqrt(square(left)))
    change = np.asarray(theory.blind_change(left / size if size > 0 else x, [1.0]), float)
    forgotten = square(x @ (change - again @ (again.T @ change)))
    if kept:
        return Sides([forgotten], [0.0], trivial=1.0, rounding=allowed)
    return Sides([1.0], [forgotten], least=0.0, rounding=allowed)


SC_2 = Statement(
    id="continual_learning/SC-2",
    title="From the weights alone no rule can tell which inputs to protect",
    says=(
        "A rule picks k < d directions M of the inputs to protect, from the weights alone: their first singular "
        "vectors, random ones, or axes. Then there is an input x of length 1, orthogonal to M, for which the rule "
        "still picks M, and a change of the weights with M^T dW = 0 and largest singular value 1 that changes the "
        "output of x by 1, as much as without any protection."
    ),
    source=Derived(theory.blind_change),
    tex=r"M = M(W),\ k < d \Rightarrow \exists x:\ \max_{M^\top\Delta W = 0,\ \|\Delta W\|_2 = 1}\|x\Delta W\| = \|x\|",
    hypotheses={
        "weights, inputs and fewer directions than features": is_choice,
        "a rule that sees weights alone": is_blind_rule,
    },
    instances=BY_WEIGHTS,
    solve=played,
    claim=Inequality(forgets_all),
    decisions=("first", "x", "again"),
    free={
        "first": "a direction has no sign, and only the span counts",
        "again": "a direction has no sign, and only the span counts",
        "x": "an input and its negative forget as much",
    },
    saboteurs=(
        saboteur("the rule looks at the inputs", solve=wrong.peeking),
        saboteur(
            "as in Sculpting Subspaces: the first directions of the weights keep what was learned",
            claim=Inequality(partial(forgets_all, kept=True)),
            printed=True,
        ),
    ),
    notes=(
        "Sculpting Subspaces takes the first directions of the weights for what was learned. Its steps do keep the "
        "outputs of all inputs in the span of these directions; but with W = diag(10, 1/8) and one direction that is "
        "e_1, and the input e_2 is not protected at all."
    ),
)


def protects_best(case: Choice, found: Found, beyond: int = 0) -> Sides:
    """Compare what a rule leaves with the least of all, and what the directions of the inputs leave with that too."""
    X, allowed = case.X, allowance(case.X)
    least = theory.worst_leak(spectrum(X), case.k - beyond)
    by_rule, by_inputs = (square(X - X @ found[name] @ found[name].T) for name in ("rule", "inputs"))
    off = no_basis(case, found["rule"], found["inputs"])
    mass = square(X)
    sides = Sides([least, by_inputs], [by_rule, least], trivial=[np.inf, mass], least=[0.0, -np.inf], rounding=allowed)
    return off or sides


SC_4 = Statement(
    id="continual_learning/SC-4",
    title="The first directions of the inputs are the best ones to protect",
    says=(
        "The rows of X are old inputs with d features, and M has k orthonormal columns. The largest |X dW|^2 of all "
        "changes dW of d - k outputs or more with M^T dW = 0 and no singular value above 1 is |X - X M M^T|^2. That is "
        "at least the sum of all but the k largest squared singular values of X, whatever rule picked M, and the first "
        "right singular vectors of X attain it."
    ),
    source=Derived(theory.worst_leak),
    tex=r"\max_{M^\top\Delta W = 0,\ \|\Delta W\|_2 \le 1}\|X\Delta W\|^2 = \|X - XMM^\top\|^2 \ge \mathrm{tail}_k(X)",
    hypotheses={"weights, inputs and fewer directions than features": is_choice},
    instances=PROTECTED,
    solve=protected,
    claim=Inequality(protects_best),
    decisions=("inputs", "rule"),
    free=dict.fromkeys(("inputs", "rule"), "a direction has no sign, and the claim takes the projection"),
    saboteurs=(
        saboteur("one direction fewer in the bound", claim=Inequality(partial(protects_best, beyond=1))),
        saboteur("directions of the weights", solve=wrong.by_weights),
        saboteur("the last directions of the inputs", solve=wrong.last_directions),
    ),
    notes=(
        "Compared are X - X M M^T and the singular values of X, which know of no outputs. With p < d - k outputs the "
        "largest change is the sum of the p largest squared singular values of X - X M M^T alone."
    ),
)
