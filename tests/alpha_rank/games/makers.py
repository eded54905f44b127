"""Random games for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrtheory.alpha_rank import Game


def make_random_game(sizes: Sequence[int], *, rng: int) -> Game:
    """A game with independent payoffs U(-1, 1), without ties almost surely."""
    return Game(payoffs=np.random.default_rng(rng).uniform(-1, 1, size=(len(sizes), *sizes)))


def make_gaussian_game(n_strategies: int = 4, *, rng: int) -> Game:
    """A symmetric game with independent mean scores U(0, 1), seen through clipped normal noise."""
    scores = np.random.default_rng(rng).random((n_strategies, n_strategies))
    return Game(np.stack([scores, scores.T]), outcomes="clipped-gaussian")
