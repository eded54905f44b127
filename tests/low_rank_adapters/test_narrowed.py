"""Bounds that are the distance say so, and the task of a TeRA is narrowed to the spaces of its factors."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.tera import tera
from lrtheory.low_rank_adapters.reach.networks import narrowed_network
from lrtheory.low_rank_adapters.reach.normalized import normalized, problem_of


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).standard_normal(shape)


@pytest.mark.parametrize("kind", ["full", "lora", "lora-fa", "lora-xs"])
def test_a_distance_that_is_known_is_called_exact(kind: str) -> None:
    options = {} if kind == "full" else {"rank": 2}
    found = distance(make_adapter(kind, (6, 5), rng=0, **options), normal(6, 5, rng=3))
    assert found.exact
    assert found.lower == pytest.approx(found.upper, rel=1e-12, abs=1e-12)


def test_the_task_of_a_tera_has_a_mode_of_rank_for_each_factor() -> None:
    U, V = [normal(4, 2), normal(3, 2, rng=1)], [normal(2, 1, rng=2), normal(5, 2, rng=3)]
    adapter = tera(U, V, normal(4, 2, rng=4), d=[np.ones(2), np.ones(2)], e=[np.ones(1), np.ones(2)])
    target = normal(12, 10, rng=5)
    small = narrowed_network(normalized(adapter, problem_of((12, 10), target)))
    assert small.T.shape == (4, 2)
    # what no update reaches is what the spaces of the factors leave, on both sides
    left = np.linalg.qr(np.kron(*U))[0]
    right = np.linalg.qr(np.kron(*V))[0]
    rest = np.linalg.norm(target - left @ (left.T @ target @ right) @ right.T)
    scale = rest / small.outside
    assert scale * np.hypot(small.outside, np.linalg.norm(small.T)) == pytest.approx(np.linalg.norm(target), rel=1e-12)
