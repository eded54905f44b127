"""Selections and votes in files for Coq: which arguments of a theorem columns and paths of weights are."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import reals
from proofs_checks.low_rank_optimizers.families.bases import Choice

HERE = Path(__file__).parent
MOST = 4  # columns of an anchor


def halves(case: Choice, found: dict[str, Any]) -> dict[int, str]:
    """The squares of the columns that are kept, and of the others."""
    m, n = case.S.shape
    if n > MOST or (case.kind != "rotations" and m <= n):  # the same columns in other bases have the same squares
        return {}
    squares = ((case.gradient @ case.basis) ** 2).sum(axis=0)
    kept = np.isin(np.arange(n), found["indices"])
    return {0: f"{reals(squares[kept])} {reals(squares[~kept])}"}


LARGEST = Proof(
    "columns of any squares, any number of them and every rank",
    file=HERE / "DC_2.v",
    anchor=halves,
    about="the rule",
    wrong=(
        Wrong(
            "as if one column more were kept",
            "number kept / number (kept ++ left)",
            "(number kept + 1) / number (kept ++ left)",
        ),
    ),
)


def exchanged(case: Choice, found: dict[str, Any]) -> dict[int, str]:
    """The columns that are kept and among the best ones, those that are kept alone, and those among the best alone."""
    m, n = case.S.shape
    if n > MOST or (case.kind != "rotations" and m <= n):
        return {}
    kept = set(found["indices"].tolist())
    best = set(max(combinations(range(n), case.rank), key=lambda some: int((case.S[:, some] ** 2).sum())))
    groups = ([case.S[:, j] for j in sorted(some)] for some in (kept & best, kept - best, best - kept))
    return {0: " ".join([str(m), *(f"[{'; '.join(map(reals, columns))}]" for columns in groups)])}


SHARE = Proof(
    "every selection by sums of absolute values, of columns of any number and length",
    file=HERE / "DC_3.v",
    anchor=exchanged,
    about="the rule",
    wrong=(Wrong("2/m", "1 / IZR (Z.of_nat m)", "2 / IZR (Z.of_nat m)"),),
    invisible={"r/n, as for squares": "other columns are compared with, and not all squares"},
)


def travelled(case: Any, path: np.ndarray) -> dict[int, str]:
    """The first step of a weight, and the path of the weight that comes lowest."""
    first = np.asarray(case.start.weights, int)
    n, lowest = len(first), int(path.min(axis=0).argmin())
    places = ((1, int(np.abs(path[1] - first).argmax())), (len(path) - 1, lowest))
    return {(t - 1) * n + j: f"{integer(first[j])} [{'; '.join(map(integer, path[1 : t + 1, j]))}]" for t, j in places}


def integer(number: Any) -> str:
    """An integer as Coq reads it."""
    return f"({int(number)})%Z"


TRAVELS = Proof(
    "every number of steps, from every weight, whatever the votes are",
    file=HERE / "EI_2.v",
    anchor=travelled,
    about="the rule",
    wrong=(
        Wrong(
            "half a step",
            "IZR (Z.min (Z.of_nat (length path)) 254)",
            "IZR (Z.min (Z.of_nat (length path)) 254) / 2",
        ),
    ),
)
