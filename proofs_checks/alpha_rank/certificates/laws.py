"""Stationary laws in files for Coq: which arguments of a theorem two chains and their laws are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real, reals
from proofs_checks.alpha_rank.certificates.trees import trees_into

HERE = Path(__file__).parent


def masses(pair: Any, laws: np.ndarray) -> dict[int, str]:
    """Both laws, the largest ratio of their masses, and each state."""
    p, q = laws
    largest = max((q / p).max(), (p / q).max())
    return {i: f"{reals(p)} {reals(q)} {real(largest)} {i}" for i in range(len(p))}


MASSES = Proof(
    "every pair of laws on any number of states",
    file=HERE / "MI_L2.v",
    anchor=masses,
    about="the rule",
    wrong=(
        Wrong("half of it", "(r - 1) / (r + 1)", "(r - 1) / (2 * (r + 1))"),
        Wrong(
            "r + 2 for r + 1",
            "(r - 1) / (r + 1)",
            "(r - 1) / (r + 2)",
            partial(str, "[1 / 3; 2 / 3] [2 / 3; 1 / 3] 2 0"),
        ),
        Wrong("masses of any sum", "total q = 1 /\\", "0 <= total q /\\", partial(str, "[1 / 2; 1 / 2] [1; 1] 2 0")),
    ),
)


def changes(pair: Any, laws: np.ndarray) -> dict[int, str]:
    """The rates of both chains, the trees into each state, the largest ratio of two rates, and both masses."""
    n = len(pair.rates)
    moves = [(i, j) for i in range(n) for j in range(n) if i != j]
    rates, other = (np.array([table[move] for move in moves]) for table in (pair.rates, pair.other))
    trees = [[[moves.index(move) for move in tree.items()] for tree in trees_into(root, n)] for root in range(n)]
    text = str(trees).replace(",", ";") + "%nat"
    largest = max((other / rates).max(), (rates / other).max())
    given = f"{reals(rates)} {reals(other)} {text}"
    return {s: f"{given} {s} {real(largest)} {real(laws[0][s])} {real(laws[1][s])}" for s in range(n)}


def rare_state() -> str:
    """Two states, of which the first is rare: its mass changes by 101/26, where rates are halved and doubled."""
    return "[100; 1] [50; 2] [[[1]]; [[0]]]%nat 0 2 (1 / 101) (1 / 26)"


CHANGES = Proof(
    "every two chains with positive rates on any number of states, by the trees into each state",
    file=HERE / "MI_L3.v",
    anchor=changes,
    about="the rule",
    wrong=(
        Wrong("2(n-2) for 2(n-1)", "(2 * (length trees - 1))", "(2 * (length trees - 2))"),
        Wrong("n - 1 for 2(n - 1)", "(2 * (length trees - 1))", "(1 * (length trees - 1))", rare_state),
    ),
)
