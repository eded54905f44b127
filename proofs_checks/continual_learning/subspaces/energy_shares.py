"""Steps that are protected to a share of the energy of old inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.protection.directions import new_directions
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import largest, spectrum
from proofs_checks.continual_learning.families.subspaces import (
    OTHER_SIDE,
    Guarded,
    draw_guarded,
    guarded_steps,
    is_guarded,
    leak_error,
    misprojected,
    of_rows,
)
from proofs_checks.guards import allowance, square


@dataclass(frozen=True)
class Shared(Guarded):
    """Old inputs, weights and a change, with the share theta of the energy of the inputs that is protected."""

    theta: float = 0.5


def is_shared(case: Shared) -> bool:
    """Decide whether all fits, not all inputs are 0, and the share is in (0, 1)."""
    return bool(is_guarded(case) and case.X.any() and 0 < case.theta < 1)


Found = dict[str, Any]


def shared(case: Shared, rng: np.random.Generator | None = None, project: bool = True) -> Found:
    """Protect the share of the energy, and let the library make the step harmless."""
    protector = SubspaceProtector(case.X.shape[1], layout=case.layout)
    protector.extend(case.X, keep_energy=case.theta)
    after = case.W + case.change
    return {
        "basis": np.asarray(protector.basis),
        "after": np.asarray(protector.protect_step(case.W, after) if project else after),
    }


def of(case: Guarded, theta: float) -> Shared:
    """Return an instance with a share; any number of directions may be protected."""
    return Shared(case.X, case.X.shape[1], case.W, case.change, case.layout, theta)


def shares() -> tuple[Shared, ...]:
    """Return steps with some shares, and inputs of which nearly all energy is in one direction."""
    most = of_rows(np.diag(np.sqrt([99.0, 1.0])), 1, np.eye(2), [[1.0, 2.0], [3.0, 5.0]], "torch")
    return (
        of(most, 0.98),
        *(of(case, theta) for case in guarded_steps() for theta in (0.25, 0.9)),
    )


def draw_shared(draws: Draws) -> Shared:
    """Draw a step and a share."""
    return of(draw_guarded(draws), draws.choice((0.25, 0.5, 0.75, 0.9, 0.99)))


SHARES = Family("shares-of-protected-steps", always=shares, draw=draw_shared)


@formula(theta="(0, 1]", mass="[0, inf)", largest="[0, inf)")
def share_leak(theta: Number, mass: Number, largest: Number) -> Number:
    r"""(1 - theta) |X|^2 times `largest`, which bounds |X dW|^2 for a step dW off a share theta of the energy.

    `mass` is |X|^2, and `largest` the squared largest singular value of dW.

    Proof
    -----
    Assumes: M^T dW = 0, and M holds the share theta of the energy of X (the statement checks both).

    Proof: \|X dW\|^2 <= \|X - X M M^T\|^2 \|dW\|_2^2 by `leak_limit`, and \|X - X M M^T\|^2 = \|X\|^2 - \|X
    M\|^2.
    """
    return plain((1 - theta) * mass * largest)


def leaks_a_share(case: Shared, found: Found, share: float = 1.0) -> Sides:
    """Compare the change of old outputs with its bound, and what fewer directions hold with the share."""
    M, X, moved = found["basis"], case.X, case.moved(found["after"])
    k, mass = M.shape[1], square(X)
    off = misprojected(case, found)
    most = share * share_leak(case.theta, mass, largest(moved))
    fewer = mass - theory.tail_energy(spectrum(X), max(k - 1, 0))
    lhs, rhs = [square(X @ moved), fewer if k else 0.0], [most, case.theta * mass]
    limits = [largest(X) * square(moved), mass]
    return off or Sides(lhs, rhs, trivial=limits, rounding=[leak_error(case, moved), allowance(X)])


CS_4 = Statement(
    id="continual_learning/CS-4",
    title="A step off a share of the energy leaks at most the rest of it",
    says=(
        "The rows of X are old inputs, and M holds the least number of their first directions with |X M|^2 >= theta "
        "|X|^2. A change dW of the weights with M^T dW = 0 changes all old outputs by |X dW|^2 <= (1 - theta) |X|^2 "
        "times the squared largest singular value of dW: so theta is chosen by what may leak, before any step."
    ),
    source=Derived(share_leak),
    tex=(
        r"\|XM\|^2 \ge \theta\|X\|^2,\ M^\top\Delta W = 0 \Rightarrow "
        r"\|X\Delta W\|^2 \le (1-\theta)\|X\|^2\|\Delta W\|_2^2"
    ),
    hypotheses={"inputs, weights, a change and a share that fit": is_shared},
    instances=SHARES,
    solve=shared,
    claim=Inequality(leaks_a_share),
    decisions=("basis", "after"),
    may_vary={"basis": "how many directions it takes is what it decides"},
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur(
            "as released: as many as have a share below the threshold",
            patch=(new_directions, "int(np.argmax(held >= due))", "max(int(np.argmax(held >= due)) - 1, 0)"),
            printed=True,
        ),
        saboteur("a basis that is never used", solve=partial(shared, project=False)),
        saboteur("the other side of the weights", patch=OTHER_SIDE),
        saboteur(
            "all directions", patch=(new_directions, "int(np.argmax(held >= due)) if reached", "usable if reached")
        ),
        saboteur("half of the bound", claim=Inequality(partial(leaks_a_share, share=0.5))),
    ),
    notes=(
        "A released program counts the cumulated shares below the threshold: of inputs with the squared values 99 and "
        "1 and the share 0.98 it protects nothing, and all of a step leaks."
    ),
)
