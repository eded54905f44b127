"""Distances of adapters from a target: AD-3, and for RandLoRA RA-5 and RA-6."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.reach import bounds
from proofs_checks.guards import signed_square, square, unlike
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.families.targets import (
    BASES,
    CLOSED,
    NOT_SIGNS,
    ORTHONORMAL,
    TARGETS,
    Aimed,
    has_signs,
    is_aimed,
    is_independent,
    is_orthonormal,
    only,
    projected,
    reached,
    unfit,
)

Found = dict[str, Any]


def tail(X: np.ndarray, rank: int) -> float:
    """Return the sum of all but the largest squared singular values."""
    return square(values(X)[rank:])


def floor(case: Aimed) -> float:
    """Return the squared distance that no update falls below, by subspaces and by the rank."""
    rank = min(case.shape) if case.kind in ("full", "randlora", "hadamard") else case.rank
    held = min(square(projected(case, case.target)), case.total)
    return float(theory.distance_floor(case.total, held, min(tail(case.target, rank), case.total)))


def checked(case: Aimed, found: Found, *, exact: bool) -> tuple[Sides | None, float]:
    """Return sides that fail where a report does not follow from the arrays, and the squared error of these.

    With `exact` the distance is known, and the report must say so; elsewhere it may.
    """
    if (wrong := unfit(case, found["nearest"])) is not None:
        return wrong, 0.0
    error = case.moved(found["nearest"]).error
    gap = (error - signed_square(found["lower"])) if found["exact"] else 0.0
    if exact and not found["exact"]:
        return Sides(1.0, 0.0, trivial=2.0, rounding=0.0), error
    return unlike([signed_square(found["upper"]) - error, gap], 8 * case.allowed), error


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
    source=Derived(theory.distance_floor),
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
            patch=(bounds._projected, "left.basis.T @ (left.basis @ kept)", "kept"),
        ),
    ),
)


def split(case: Aimed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the joint basis B, the target with the larger side first, and the blocks of B^+ D."""
    bases = case.named["bases"]
    joint = case.scale * np.concatenate(list(bases), axis=1)
    D = case.target.T if case.transposed else case.target
    return joint, D, np.linalg.lstsq(joint, D, rcond=None)[0].reshape(len(bases), bases.shape[2], -1)


def signed(case: Aimed, found: Found, kept: int = 1) -> Sides:
    """Compare the lower bound and the error of the nearest adapter with the formula."""
    wrong, error = checked(case, found, exact=True)
    _, D, blocks = split(case)
    size = abs(case.scale)
    leading = [x for block in blocks for x in (size * values(case.named["A"] * block))[:kept]]
    energy = min(float(sum(x * x for x in leading)), case.total)
    due = float(theory.randlora_energy(square(D), [np.sqrt(energy)])) if energy < case.total else 0.0
    return wrong or Sides(
        np.array([signed_square(found["lower"]), error]), np.array([due, due]), rounding=8 * case.allowed
    )


RA_5 = Statement(
    id="low_rank_adapters/RA-5",
    title="With orthonormal bases and signs RandLoRA's distance is known",
    says=(
        "The bases B_j of RandLoRA have orthonormal columns all together, and A has entries 1 and -1. Then the least "
        "squared distance of a target D from its updates is |D|^2 less the sum over j of the largest squared singular "
        "value of A o (B_j^T D), with the entrywise product o. The library reports it, and attains it."
    ),
    source=Derived(theory.randlora_energy),
    tex=r"\min\|D - \textstyle\sum_j B_j\Lambda_j A\Gamma_j\|^2 = \|D\|^2 - \sum_j\sigma_1(A\circ B_j^\top D)^2",
    hypotheses={
        "RandLoRA, and a target of its shape": only("randlora"),
        "orthonormal columns": is_orthonormal,
        "signs": has_signs,
    },
    instances=ORTHONORMAL,
    solve=reached,
    decisions=("nearest.*",),
    claim=Identity(signed),
    saboteurs=(
        saboteur("two singular values of each block", claim=Identity(partial(signed, kept=2))),
        saboteur("a factor that is not of signs", breaks="signs", instances=NOT_SIGNS),
        saboteur(
            "what lies outside of the bases is forgotten",
            patch=(bounds._entrywise, "value = math.hypot(blocks.base, inner)", "value = inner"),
        ),
    ),
)


def bracket(case: Aimed, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the bracket of the squared distance by the formula."""
    joint, D, blocks = split(case)
    A, s = np.abs(case.named["A"]), values(joint)
    rest = sum(tail(block / case.named["A"], 1) for block in blocks)
    outside = square(D - joint @ blocks.reshape(-1, D.shape[1]))
    edges = (float(s[-1]), float(s[0])), (float(A.min()), float(A.max()))
    low, high = theory.randlora_bracket(outside, rest, bases=edges[0], entries=edges[1])
    return {"low": float(low), "high": float(high)}


def between(case: Aimed, found: dict[str, float], *, stretch: bool = False, outside: bool = True) -> Sides:
    """Compare the lower end with the errors of two updates, and the error at the best quotients with the upper end."""
    joint, D, blocks = split(case)
    parts = []
    for block in blocks:
        U, s, Vt = np.linalg.svd(block / case.named["A"], full_matrices=False)
        parts.append(case.named["A"] * (s[0] * np.outer(U[:, 0], Vt[0])))
    best = square(D - joint @ np.concatenate(parts))
    base = square(D - joint @ blocks.reshape(-1, D.shape[1]))
    low, high = found["low"], found["high"]
    if stretch:
        low = base + (low - base) * (values(joint)[0] / values(joint)[-1]) ** 2
    if not outside:
        high = high - base
    allowed = 8 * case.allowed * float(values(joint)[0] / values(joint)[-1]) ** 2
    return Sides(np.array([low, low, best]), np.array([case.error, best, high]), least=0.0, rounding=allowed)


RA_6 = Statement(
    id="low_rank_adapters/RA-6",
    title="Any independent bases bracket the distance to RandLoRA",
    says=(
        "All columns of the bases B_j of RandLoRA are independent, with singular values from b to b', and the entries "
        "of A have absolute values from a > 0 to a'. With Y_j the entrywise quotient of block j of B^+ D by A, and S "
        "the sum over j of |Y_j|^2 less its largest squared singular value, the squared distance of a target D lies "
        "between |D - P_B D|^2 + (a b)^2 S and |D - P_B D|^2 + (a' b')^2 S."
    ),
    source=Derived(theory.randlora_bracket),
    tex=r"\|D - P_B D\|^2 + (ab)^2 S \le \mathrm{dist}^2 \le \|D - P_B D\|^2 + (a'b')^2 S",
    hypotheses={
        "RandLoRA, and a target of its shape": only("randlora"),
        "independent columns, and a factor without zeros": is_independent,
    },
    instances=BASES,
    solve=bracket,
    claim=Inequality(between),
    closed="the claim is about a formula, whose ends are compared with the errors of updates",
    saboteurs=(
        saboteur("the largest singular value in the lower end", claim=Inequality(partial(between, stretch=True))),
        saboteur("the upper end without what lies outside", claim=Inequality(partial(between, outside=False))),
        saboteur(
            "lengths for squares",
            patch=(theory.randlora_bracket, "(b * a) * (b * a) * left", "(b * a) * left"),
        ),
    ),
    notes="For square random bases b is nearly 0, and the lower end says nothing; for taller ones it does.",
)
