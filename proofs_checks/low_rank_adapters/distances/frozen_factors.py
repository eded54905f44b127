"""Distances of adapters from a target, by frozen factors and by ranks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds import Derived, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.low_rank_adapters.reach import bounds
from proofs_checks.guards import signed_square, square
from proofs_checks.low_rank_adapters.families.adapters import KINDS, Case, draw_case, one_of_each, smallest
from proofs_checks.low_rank_adapters.families.targets import (
    Aimed,
    aim,
    aimed,
    checked,
    is_aimed,
    reached,
    tail,
    two_values,
)


def three_fours() -> Aimed:
    """Make 4 I beside the update 0 of rank one."""
    return aimed(Case("lora", (np.zeros((3, 1)), np.ones((1, 3))), (), 1.0, (3, 3)), 4 * np.eye(3))


TARGETS = Family(
    "adapters-and-targets",
    always=lambda: (aimed(smallest(), np.array([[5.0]])), three_fours(), *map(aimed, one_of_each())),
    tight=(Tight(two_values(), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, most=4, kinds=KINDS)),
)

#: kinds whose distance is known for every target
CLOSED = ("lora", "lora-fa", "lora-xs", "full")
Found = dict[str, Any]


def projector(A: np.ndarray) -> np.ndarray:
    """Return the orthogonal projector onto the rows of A."""
    _, s, Vt = np.linalg.svd(A, full_matrices=False)
    rows = Vt[s > max(A.shape) * np.finfo(float).eps * s.max(initial=0.0)]
    return np.asarray(rows.T @ rows)


def projected(case: Case, D: np.ndarray) -> np.ndarray:
    """Return P_B D P_A, with the identity where a factor is not frozen."""
    if case.kind in ("lora-fa", "lora-xs", "vera"):
        D = D @ projector(case.named["A"])
    return projector(case.named["B"].T) @ D if case.kind == "lora-xs" else D


@formula(total="[0, inf)", captured="[0, inf)", tail="[0, inf)")
def distance_floor(total: Number, captured: Number, tail: Number) -> Number:
    r"""No update is nearer to D than this, squared.

    `total` is |D|^2, `captured` |P_B D P_A|^2, with the identity in the place of a projector where a factor is not
    frozen, and `tail` the sum of all but the r largest squared singular values of D.

    Proof
    -----
    Assumes: the columns of every update lie in those of B and its rows in those of A, where these are frozen, and its
    rank is at most r (the kinds).

    Proof: Z = P_B Z P_A for every such Z, so D - Z has the orthogonal parts D - P_B D P_A, of squared norm \|D\|^2 -
    \|P_B D P_A\|^2, and P_B D P_A - Z. The second bound is that of Eckart and Young. With frozen B and A, and a free
    matrix between them, Z = P_B D P_A is an update, so the first bound is attained; so is the second where nothing is
    frozen.
    """
    if captured > total:
        raise must("captured", f"at most `total`, {total}", captured)
    return max(total - captured, tail)


def floor(case: Aimed) -> float:
    """Return the squared distance that no update falls below, by subspaces and by the rank."""
    rank = min(case.shape) if case.kind in ("full", "randlora", "hadamard") else case.rank
    held = min(square(projected(case, case.target)), case.total)
    return float(distance_floor(case.total, held, min(tail(case.target, rank), case.total)))


def no_nearer(case: Aimed, found: Found, *, unrooted: bool = False) -> Sides:
    """Compare the lower bound with the errors of both adapters, and with the formula; exact kinds attain it."""
    closed = case.kind in CLOSED
    wrong, error = checked(case, found, exact=closed)
    least, lower = floor(case), signed_square(found["lower"])
    if unrooted:
        return Sides(least**2, case.error, least=0.0, rounding=case.allowed)
    last = (error, least) if closed else (least, error)
    lhs, rhs = [lower, lower, least, last[0]], [case.error, error, lower, last[1]]
    return wrong or Sides(
        np.array(lhs),
        np.array(rhs),
        trivial=np.array([np.inf, np.inf, case.total, case.total]),
        least=np.array([0.0, 0.0, -1.0, -1.0]),
        rounding=8 * case.allowed,
    )


AD_3 = Statement(
    id="low_rank_adapters/AD-3",
    title="Frozen factors and rank bound every distance from below",
    says=(
        "D is a target and Delta any update of an adapter. The squared distance of D from Delta is at least "
        "|D|^2 - |P_B D P_A|^2, with the projectors onto the columns and rows of frozen factors B and A, and at least "
        "the sum of all but the r largest squared singular values of D, where the rank is at most r. The library "
        "reports no less, and attains it for LoRA, also with one or two frozen factors, and for free updates."
    ),
    source=Derived(distance_floor),
    tex=r"\|D - \Delta\|^2 \ge \max(\|D\|^2 - \|P_B D P_A\|^2,\ \textstyle\sum_{i > r}\sigma_i(D)^2)",
    hypotheses={"an adapter, and a target of its shape": is_aimed},
    instances=TARGETS,
    solve=reached,
    decisions=("nearest.*",),
    claim=Inequality(no_nearer),
    saboteurs=(
        saboteur("the sum of squares for the distance itself", claim=Inequality(partial(no_nearer, unrooted=True))),
        saboteur(
            "the sum of singular values for their norm",
            patch=(
                bounds.lower_bound,
                "norm(values[adapter.rank_bound :]), True",
                "float(values[adapter.rank_bound :].sum()), True",
            ),
        ),
        saboteur(
            "columns of the left factor are forgotten",
            patch=(bounds._projected, 'task.adapter.kind == "lora-xs"', "False"),
        ),
    ),
)
