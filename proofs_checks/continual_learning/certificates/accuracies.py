"""Tables of accuracies in files for Coq: which arguments of a theorem a table and its metrics are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real, reals

HERE = Path(__file__).parent
MOST = 5  # tasks of an anchor, whose table a reader can look through


def rows(R: np.ndarray) -> str:
    """A table by its rows."""
    return f"[{'; '.join(map(reals, R))}]"


def lost(case: Any, found: dict[str, Any]) -> dict[int, str]:
    """The table, its forgetting and its backward transfer."""
    if len(case.R) > MOST:
        return {}
    return {0: f"{rows(case.R)} {real(found['forgetting'])} {real(found['transfer'])}"}


def moved(case: Any, found: dict[str, Any]) -> dict[int, str]:
    """The table and its backward transfer."""
    return {0: f"{rows(case.R)} {real(found['transfer'])}"} if len(case.R) <= MOST else {}


FORGOTTEN = Proof(
    "every table of at least two tasks",
    file=HERE / "MT_1.v",
    anchor=lost,
    about="the rule",
    wrong=(
        Wrong("equality for every table", "lhs rows F B <= rhs rows F B", "rhs rows F B <= lhs rows F B"),
        Wrong(
            "equality where tasks end at their best",
            "best rows j = entry rows j j",
            "best rows j = entry rows (last rows) j",
        ),
    ),
)


def unlike_rows() -> str:
    """A table in which the second task costs half of the first one."""
    return "[[1; 0]; [1 / 2; 1]] (- (1 / 2))"


TRANSFERRED = Proof(
    "every table of at least two tasks",
    file=HERE / "MT_2.v",
    anchor=moved,
    about="the rule",
    wrong=(
        Wrong(
            "the whole transfer",
            "(IZR (Z.of_nat (length rows)) - 1) / ",
            "IZR (Z.of_nat (length rows)) / ",
            unlike_rows,
        ),
    ),
)
