"""Policies for phases of growing rewards in files for Coq: which arguments of a theorem their actions are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real


def policy(phases: Any, actions: np.ndarray) -> dict[int, str]:
    """Epsilon, and the shares of the budget that each phase gets, a row for each phase that may be the last one."""
    k, length = phases.n_phases, phases.length
    served = (actions == 0).reshape(k, k, length).sum(axis=2).tolist()
    shares = "; ".join(f"[{'; '.join(f'{units} / {length}' for units in row)}]" for row in served)
    return {0: f"{real(phases.epsilon)} [{shares}]"}


POLICIES = Proof(
    "every number of phases, every epsilon in (0, 1) and every policy that does not know which phase is the last",
    file=Path(__file__).parent / "DMD_LB2.v",
    anchor=policy,
    about="the rule",
    wrong=(
        Wrong("1/(2K) claimed", ":= / (phases", ":= / 2 * / (phases"),
        Wrong(
            "a policy that knows the last phase",
            "firstn (S i) (last rows [])",
            "firstn (S i) (nth i rows [])",
            lambda: "(1 / 2) [[1; 0]; [0; 1]]",
        ),
    ),
)
