"""Hypotheses on tasks of evolution strategies, and their instances."""

from __future__ import annotations

from typing import Any

from proofs_checks.low_rank_optimizers.families.polynomials import (
    Task,
    at_most,
    is_mirrored,
    is_single,
    is_symmetric,
    is_task,
    is_task_twice,
)

TASK: dict[str, Any] = {"all factors can be gone through": is_task}


PAIRS = TASK | {"symmetric factors": is_symmetric, "mirrored pairs": is_mirrored}


QUADRATIC = PAIRS | {"at most quadratic": at_most(2)}


ONE = {"one layer": is_single}


TWICE_AS_MANY = {"also those of twice the rank": is_task_twice}


def laws_of(task: Task) -> dict[str, int]:
    """Return the excess kurtosis of both factors, as the formulas take them."""
    return {"kurtosis_a": task.factor.kurtosis, "kurtosis_b": task.factor.kurtosis}
