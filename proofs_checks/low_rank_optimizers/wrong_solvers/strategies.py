"""Strategies that reuse noise, split pairs or plan at another cost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.planning.plan_population import plan_population

Found = dict[str, Any]


def _strategy(case: Any, rng: np.random.Generator) -> LowRankES:
    N = len(case.fitness)
    return LowRankES(case.shapes, sigma=float(case.sigma), rank=case.rank, population_size=N, rng=rng)


def _answers(case: Any, rng: np.random.Generator, first: np.ndarray, second: np.ndarray, again: bool = False) -> Found:
    """Return the factors, and the updates for two fitness vectors of one generation, or of the next one."""
    es = _strategy(case, rng)
    generation, other = es.ask(), es.copy()
    found: Found = {"A": tuple(map(np.array, generation.A)), "B": tuple(map(np.array, generation.B))}
    found["plain"] = es.tell(first).update
    if again:
        es.ask()
        other = es
    return found | {"shifted": other.tell(second).update}


def odd_groups(case: Any, rng: np.random.Generator) -> Found:
    """Subtract the first value from the first member alone, as the mean of a group that splits a pair."""
    f = np.array(case.fitness, float)
    moved = f.copy()
    moved[0] -= f[0]
    return _answers(case, rng, f, moved)


def asked_again(case: Any, rng: np.random.Generator) -> Found:
    """Answer the second time with the factors of the next step."""
    f = np.array(case.fitness, float)
    return _answers(case, rng, f, f, again=True)


def unhalved(case: Any, rng: np.random.Generator) -> Found:
    """Forget that the difference of a pair is halved."""
    f = 2 * np.array(case.fitness, float)
    return _answers(case, rng, f, f)


def fresh(case: Any, rng: np.random.Generator) -> Found:
    """Draw new factors for the second members."""
    f = np.array(case.fitness, float)
    one, two = f.copy(), f.copy()
    one[1::2], two[::2] = 0, 0
    found = _answers(case, rng, one, two, again=True)
    return found | {"plain": tuple(a + b for a, b in zip(found["plain"], found["shifted"], strict=True))}


class _Frozen(LowRankES):
    """A strategy that never counts its steps."""

    def tell(self, fitness: Any) -> Any:
        step = super().tell(fitness)
        self.n_steps = 0
        return step


def reused(*arguments: Any, **options: Any) -> LowRankES:
    """Return a strategy with the noise of the first step in every step."""
    return _Frozen(*arguments, **options)


class _Uniform(LowRankES):
    """A strategy with uniform numbers of the variance 1."""

    def ask(self) -> Perturbations:
        generation, rng = super().ask(), np.random.default_rng([self.seed, self.n_steps])
        A, B = zip(*map(generation.factors, range(len(self.shapes))), strict=True)
        made = [
            [None if one is None else (rng.random(one.shape) - 0.5) * math.sqrt(12) for one in side] for side in (A, B)
        ]
        self._open = Perturbations(*made, scale=generation.scale, mirrored=True)
        return self._open


def uniform(*arguments: Any, **options: Any) -> LowRankES:
    """Return a strategy with uniform numbers."""
    return _Uniform(*arguments, **options)


def _planned(case: Any, cost: tuple[float, float], max_rank: int) -> Found:
    plans = [
        plan_population(case.shape, n_evaluations=case.budget, factors=law, max_rank=max_rank, cost=cost)
        for law in ("gaussian", "sign")
    ]
    best = [theory.best_rank(case.shape, kurtosis_a=k, kurtosis_b=k) for k in (0, -2)]
    columns = {"ranks": [one.rank for one in plans], "pairs": [one.pairs for one in plans]}
    columns |= {"errors": [one.mse for one in plans], "best": best}
    return {name: np.array(values) for name, values in columns.items()}


def free_columns(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Plan as if columns cost nothing."""
    return _planned(case, (1, 0), 25)


def of_rank_one(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Plan for rank 1 alone."""
    return _planned(case, (1, 1), 1)
