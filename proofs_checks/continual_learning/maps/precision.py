"""Variances in single precision, which stay variances in the square-root form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lrtheory.bounds import Family, Inequality, Measured, Sides, Statement, rounding, saboteur
from lrtheory.continual_learning.makers import FLOAT_TRAPS, make_float_trap
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge


def _filled(case: Any, rows: list[np.ndarray]) -> np.ndarray:
    """Return two finite numbers an edit."""
    found = np.zeros((case.n_edits, 2))
    found[: len(rows)] = np.nan_to_num(np.array(rows, float), posinf=0.0, neginf=0.0)
    return found


def in_place(case: Any, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Subtract from the covariance itself, in single precision; after an overflow everything counts as 0."""
    problem = make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0)
    C = np.eye(problem.n_inputs, dtype=np.float32) / np.float32(FLOAT_TRAPS[case.name].ridge)
    before, after = [], []
    for K, _ in problem.edits:
        F = C @ np.asarray(K).T
        before.append(np.diag(K @ F))
        C = C - F @ np.linalg.solve(np.eye(len(F.T), dtype=np.float32) + K @ F, F.T)
        after.append(np.diag(K @ C @ np.asarray(K).T))
        if not np.isfinite(C).all():
            break
    return {"before": _filled(case, before), "after": _filled(case, after)}


def still(case: Any, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Keep the first covariance."""
    problem = make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0)
    K = np.array([K for K, _ in problem.edits], float)
    found = (K**2).sum(axis=2) / FLOAT_TRAPS[case.name].ridge
    return {"before": found, "after": found}


@dataclass(frozen=True)
class Trap:
    """A named stream of edits in single precision, and how many of its edits are written."""

    name: str
    n_edits: int = 300


TRAPS = Family(
    "float-traps",
    always=tuple(map(Trap, ("small-ridge", "large-keys", "tiny-ridge"))),
    complete="the first 300 edits of three named streams in single precision",
    members=3,
)


def is_trap(case: Trap) -> bool:
    """Decide whether a stream has this name."""
    return case.name in FLOAT_TRAPS and case.n_edits > 0


def variances(case: Trap, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the variances of the keys of each edit, before it and after it."""
    problem = make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0)
    machine = RecursiveRidge(problem.W0, ridge=FLOAT_TRAPS[case.name].ridge, method="sqrt")
    before, after = [], []
    for K, V in problem.edits:
        before.append(machine.variance(K))
        machine.update(K, V)
        after.append(machine.variance(K))
    return {"before": np.array(before, float), "after": np.array(after, float)}


def negated(case: Trap, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Negate each variance after an edit before which it was above 1e8."""
    found = variances(case)
    return found | {"after": np.where(found["before"] > 1e8, -found["after"], found["after"])}


@lru_cache(maxsize=4)
def keys_of(case: Trap) -> np.ndarray:
    """Return the keys of all edits, in doubles."""
    return np.array([K for K, _ in make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0).edits], float)


def stay_variances(case: Trap, found: dict[str, np.ndarray]) -> Sides:
    """Bound each variance after an edit from both sides, and compare those of the first edit with what they are."""
    K, ridge = keys_of(case), FLOAT_TRAPS[case.name].ridge
    before, after = found["before"], found["after"]
    first = (K[0] ** 2).sum(axis=1) / ridge
    least = before / (1 + before.sum(axis=1, keepdims=True))
    # single precision has 29 bits less than doubles; the condition of the triangle is that of a key over the ridge
    single = lambda size: rounding(K.shape[1] + K.shape[2], size) * 2.0**29
    condition = np.sqrt((K**2).sum(axis=2).max(axis=1, keepdims=True) / ridge) + 0 * after
    sides = [
        (least, after, single(least)),
        (after, before, single(before)),
        (after, 1 + 0 * after, single(1 + condition)),
        (before[0], first, single(first)),
        (first, before[0], single(first)),
    ]
    lhs, rhs, allowed = (np.concatenate([one[place].ravel() for one in sides]) for place in range(3))
    return Sides(lhs, rhs, rounding=allowed)


RL_16 = Statement(
    id="continual_learning/RL-16",
    title="In square-root form variances stay positive in single precision",
    says=(
        "In the square-root form, in single precision, the variance k C_t k^T of each key k of an edit is positive "
        "after the edit, not larger than before it, and at most 1, up to the rounding of a sum with as many terms as a "
        "key has entries; a covariance that is updated in place becomes indefinite on each of these streams."
    ),
    source=Measured(
        "that no variance rises by more than the rounding of one sum",
        "three streams of 300 edits of two keys, with keys of size 1000 or a ridge of 1e-6 or 1e-12",
        "lrtheory check continual_learning/RL-16",
    ),
    tex=r"0 < k^\top C_t k \le k^\top C_{t-1} k,\qquad k^\top C_t k \le 1",
    hypotheses={"a named stream": is_trap},
    instances=TRAPS,
    solve=variances,
    claim=Inequality(stay_variances, unbounded="a variance that has lost its digits may be any number"),
    decisions=("before", "after"),
    saboteurs=(
        saboteur("the covariance is updated in place", solve=in_place),
        saboteur("nothing is learned", solve=still),
        # subtle: it differs on one stream, on one edit of a hundred, and by 2 where variances before it are 1e8
        saboteur("variances that were above 1e8 become negative", solve=negated),
    ),
    notes=(
        "That a variance is positive means: it is at least its value before the edit, divided by 1 + the sum of the "
        "variances that the two keys of the edit had before it."
    ),
)
