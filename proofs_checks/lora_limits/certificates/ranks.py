"""Ranks in files for Coq: which arguments of a theorem a number of data, one of outputs and a rank are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrtheory.bounds import Proof, Wrong

HERE = Path(__file__).parent


def sufficient(case: Any, found: int) -> dict[int, str]:
    """Both numbers, the rank, and which of both sides."""
    if case.n_outputs == 1:
        return {}
    return {entry: f"{case.n_data}%Z {case.n_outputs}%Z {found}%Z {entry}" for entry in (0, 1)}


LEAST_RANK = Proof(
    "every number of data and of outputs",
    file=HERE / "LL_S2_rank.v",
    anchor=sufficient,
    about="the rule",
    wrong=(Wrong("2 K N in the place of K N", "2 * (N * K)", "4 * (N * K)"),),
)
