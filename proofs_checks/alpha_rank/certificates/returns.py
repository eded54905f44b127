"""Mean return times in files for Coq: a chain, a law, and the mean times to hit each state."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import reals
from proofs_checks.alpha_rank.families.chains import Chain, hitting_times

HERE = Path(__file__).parent
LARGEST = 4  # states of a chain that is an anchor


def returned(chain: Chain, pi: np.ndarray) -> dict[int, str]:
    """The transition matrix, the law, the mean times to hit a state, and the state; of small chains."""
    if len(pi) > LARGEST:
        return {}
    p = chain.probabilities
    matrix = f"[{'; '.join(map(reals, p))}]"
    return {s: f"{matrix} {reals(pi)} {reals(hitting_times(p, s))} {s}" for s in range(len(pi))}


RETURNS = Proof(
    "every chain on any number of states, and every law that one step leaves as it is",
    file=HERE / "P6.v",
    anchor=returned,
    about="the rule",
    wrong=(
        Wrong("time to hit, not to return", "R := 1 + sum (fun y => step P s y", "R := sum (fun y => step P s y"),
        Wrong(
            "a law of any mass",
            "sum (at_ p) (length P) = 1",
            "0 <= sum (at_ p) (length P)",
            partial(str, "[[1]] [0] [0] 0"),
        ),
    ),
)
