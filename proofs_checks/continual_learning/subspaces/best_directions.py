"""The directions that are best to protect."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.families.matrices import spectrum
from proofs_checks.continual_learning.families.rules import (
    Choice,
    choices,
    chosen,
    draw_choice,
    first_directions,
    is_choice,
    no_basis,
)
from proofs_checks.guards import allowance, square

Found = dict[str, Any]


def protected(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Return the directions that the library protects for the old inputs, and those of the rule of the instance."""
    return {"inputs": first_directions(case.X, case.k), "rule": chosen(case, case.X)}


TWICE_AS_LARGE = Choice(np.eye(2), np.diag([2.0, 1.0]), 1, "inputs")
PROTECTED = Family("protected-directions", always=choices, tight=(Tight(TWICE_AS_LARGE, 1.0, 1.0),), draw=draw_choice)


def by_weights(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Protect the first directions of the weights in the place of those of the inputs."""
    return protected(case) | {"inputs": first_directions(case.W, case.k)}


def last_directions(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Protect the last directions of the inputs."""
    return protected(case) | {"inputs": np.linalg.svd(case.X)[2][-case.k :].T.copy()}


@formula(k="[0, inf)")
def worst_leak(s: ArrayLike, k: int) -> Number:
    r"""tail_k. The worst step changes old outputs by at least this when k directions are protected.

    s are the singular values of X that are not 0.

    Proof
    -----
    Assumes: d - k outputs at least.

    Proof: dW with dW dW^T = I - M M^T has \|X dW\| = \|X - X M M^T\|, and by `leak_limit` nothing has more. X M M^T has
    rank at most k, so Eckart and Young bound that from below, with equality for the singular vectors.
    """
    return theory.tail_energy(numbers("s", s, 0), k)


def protects_best(case: Choice, found: Found, beyond: int = 0) -> Sides:
    """Compare what a rule leaves with the least of all, and what the directions of the inputs leave with that too."""
    X, allowed = case.X, allowance(case.X)
    least = worst_leak(spectrum(X), case.k - beyond)
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
    source=Derived(worst_leak),
    tex=r"\max_{M^\top\Delta W = 0,\ \|\Delta W\|_2 \le 1}\|X\Delta W\|^2 = \|X - XMM^\top\|^2 \ge \mathrm{tail}_k(X)",
    hypotheses={"weights, inputs and fewer directions than features": is_choice},
    instances=PROTECTED,
    solve=protected,
    claim=Inequality(protects_best),
    decisions=("inputs", "rule"),
    free=dict.fromkeys(("inputs", "rule"), "a direction has no sign, and the claim takes the projection"),
    saboteurs=(
        saboteur("one direction fewer in the bound", claim=Inequality(partial(protects_best, beyond=1))),
        saboteur("directions of the weights", solve=by_weights),
        saboteur("the last directions of the inputs", solve=last_directions),
    ),
    notes=(
        "Compared are X - X M M^T and the singular values of X, which know of no outputs. With p < d - k outputs the "
        "largest change is the sum of the p largest squared singular values of X - X M M^T alone."
    ),
)
