"""Runs that several statements must refute: a wrong threshold, no deletions, no tolerance."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from lrtheory.dynamic_submodular.structures import batches
from proofs_checks.dynamic_submodular.families.runs import Answers, followed
from proofs_checks.dynamic_submodular.families.streams import Updates


def double_threshold(updates: Updates, rng: np.random.Generator, solve: Any = followed) -> Any:
    """Run one guess with the threshold o/k instead of o/(2k)."""
    return solve(updates, rng, scale=2.0)


def is_first(updates: Updates) -> np.ndarray:
    """Return which updates insert an element for the first time, (T,)."""
    return np.array([op >= 0 and op not in updates.ops[:t] for t, op in enumerate(updates.ops)])


def without_deletions(updates: Updates) -> Updates:
    """Return the stream of first insertions alone: an element that came once stays."""
    return replace(updates, ops=updates.ops[is_first(updates)])


def forgets_deletions(updates: Updates, rng: np.random.Generator, solve: Any = followed) -> Any:
    """Run one guess on the first insertions alone, and repeat its state at the updates that are left out."""
    found = solve(without_deletions(updates), rng)
    last = np.cumsum(is_first(updates)) - 1
    return replace(found, **{one.name: getattr(found, one.name)[last] for one in fields(found)})


TOLERANCE = "if levels[DEAD, deepest] >= epsilon * levels[BATCH, deepest]:"
#: dead members are never replaced
NO_TOLERANCE = (batches.delete, TOLERANCE, "if False:")


def spread(updates: Updates, found: Answers) -> Answers:
    """Repeat the answers to first insertions at the updates that were left out."""
    last = np.cumsum(is_first(updates)) - 1
    return Answers(found.solutions[last], found.values[last], found.upper_bounds[last])
