"""Claims on one matrix of the chain of gradients whose exponentials are off, and how far it can move at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.row_perturbation import Matrices, Tilted, due, truth

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
        """Compare how far a matrix of the chain moves with its bound, and the matrix with the exact one."""
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
