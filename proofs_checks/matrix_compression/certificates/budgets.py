"""Budgets in files for Coq: which arguments of a theorem singular values, costs and chosen ranks are."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real
from proofs_checks.matrix_compression.families.budgets import UNEVEN, Budget

HERE = Path(__file__).parent


def choice(case: Budget, ranks: Any) -> str:
    """All values above 0 in the order of `Budget.items`, the budget, and which of the values the ranks keep."""
    pairs = zip(case.spectra, case.costs, ranks, strict=True)
    found = [(v * v, cost, i < rank) for values, cost, rank in pairs for i, v in enumerate(values) if v > 0]
    found.sort(key=lambda one: -one[0] / one[1])
    values = "; ".join(f"({real(energy)}, {real(cost)})" for energy, cost, _ in found)
    return f"[{values}] {real(case.budget)} [{'; '.join(str(kept).lower() for _, _, kept in found)}]"


def others(one: Any, found: dict[str, float]) -> dict[int, str]:
    """Write the choice of somebody else and the bound as arguments of the theorem."""
    return {1: f"{choice(one.case, one.ranks)} {real(found['bound'])}"}


def best(case: Budget, found: dict[str, Any]) -> dict[int, str]:
    """The best ranks, and the energy of the greedy ones."""
    every = itertools.product(*(range(len(values) + 1) for values in case.spectra))
    ranks = max(filter(lambda some: case.used(some) <= case.budget, every), key=case.kept)
    return {1: f"{choice(case, ranks)} {real(case.kept(found['ranks']))}"}


PRICED = Proof(
    "every number of values, all costs and every choice within the budget",
    file=HERE / "AB_5.v",
    anchor=others,
    about="the rule",
    wrong=(
        Wrong(
            "some ranks keep all of it",
            "lhs values b chosen bound <= rhs values b chosen bound",
            "rhs values b chosen bound <= lhs values b chosen bound",
            partial("{} (49 / 1)".format, choice(UNEVEN, (0, 1, 0))),
        ),
    ),
)


NEARLY_BEST = Proof(
    "every number of values, all costs and every choice within the budget",
    file=HERE / "AB_2.v",
    anchor=best,
    about="the rule",
    wrong=(Wrong("greedy is optimal", "greedy + part b values", "greedy + 0 * part b values"),),
)
