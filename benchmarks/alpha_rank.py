"""alpha-Rank against its reference implementation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks import Inputs, Row


def random_game() -> Inputs:
    """Two players with 30 strategies each: 900 profiles, no ties, cycles of all lengths."""
    return {"payoffs": np.random.default_rng(0).uniform(-1, 1, (2, 30, 30))}


def ours(method: str) -> Callable[[Inputs], np.ndarray]:
    """Our ranking at infinite alpha by one of the methods."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.alpha_rank import alpha_rank

        return alpha_rank(inputs["payoffs"], epsilon=0.01, method=method).pi.ravel()

    return solve


def open_spiel(inputs: Inputs) -> np.ndarray:
    """The same from a dense eigenvector."""
    from open_spiel.python.egt import alpharank

    return alpharank.compute(list(inputs["payoffs"]), use_inf_alpha=True, inf_alpha_eps=0.01)[2]


INFINITE_ALPHA = Row(
    name="infinite-alpha-900",
    title="Ranking of 900 profiles at infinite alpha, epsilon = 0.01",
    inputs=random_game,
    ours={"gth": ours("gth"), "power": ours("power")},
    peers={"open-spiel": open_spiel},
    tolerance=1e-6,
)
