"""A wrong strategy that several rooms refute: it has the noise of the first step in every step."""

from __future__ import annotations

from typing import Any

from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES


class _Frozen(LowRankES):
    """A strategy that never counts its steps."""

    def tell(self, fitness: Any) -> Any:
        step = super().tell(fitness)
        self.n_steps = 0
        return step


def reused(*arguments: Any, **options: Any) -> LowRankES:
    """Return a strategy with the noise of the first step in every step."""
    return _Frozen(*arguments, **options)
