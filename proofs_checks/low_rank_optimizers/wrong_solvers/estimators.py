"""Estimators by evolution strategies that go wrong in one place, written with dense perturbations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers.planning.bias_bound import bias_bound
from proofs_checks.low_rank_optimizers.families.estimates import centered, estimated, nodes, offsets_of, one_row
from proofs_checks.low_rank_optimizers.families.polynomials import Task, patterns

Found = dict[str, Any]


def _products(A: list[np.ndarray], B: list[np.ndarray]) -> np.ndarray:
    """Return A B^T of all layers, of shape (N, P, D)."""
    dense = [np.einsum("npir,npjr->npij", a, b) for a, b in zip(A, B, strict=True)]
    N, P = dense[0].shape[:2]
    return one_row(dense, N * P).reshape(N, P, -1)


def _combined(task: Task, E: np.ndarray, other: np.ndarray | None = None, update: np.ndarray | None = None) -> Any:
    """Return differences of pairs for offsets scale E and - scale other, and the mean of their products with update."""
    scale = float(task.scale)
    values = [task.value((c * one).reshape(-1, E.shape[-1])) for c, one in ((scale, E), (-scale, E))]
    if other is not None:
        values[1] = task.value((-scale * other).reshape(-1, E.shape[-1]))
    d = (values[0] - values[1]).reshape(E.shape[:2]) / 2
    return {"estimates": np.einsum("np,npd->nd", d, E if update is None else update) / (task.pairs * task.rank * scale)}


def unscaled(task: Task, rng: np.random.Generator | None = None, power: float = 0.5) -> Found:
    """Leave out that E is divided by the root of the rank, or divide by the rank itself, with a power of -1/2."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    return {"estimates": _combined(task, task.rank**power * E)["estimates"] * task.rank**power}


def fresh(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Draw new factors for the second member of a pair."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    return _combined(task, E, other=_products([np.roll(one, 1, axis=0) for one in A], B))


def over_members(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Take the mean over members where that over pairs is due."""
    return {"estimates": estimated(task)["estimates"] / 2}


def standardized(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Divide fitness by its standard deviation in the sample."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    scale = float(task.scale)
    values = np.stack([task.value((c * E).reshape(-1, E.shape[-1])).reshape(E.shape[:2]) for c in (scale, -scale)], -1)
    std = values.std(axis=(1, 2))
    d = (values[..., 0] - values[..., 1]) / 2 / np.where(std > 0, std, 1.0)[:, None]
    return {"estimates": np.einsum("np,npd->nd", d, E) / (task.pairs * task.rank * scale)}


def signs_in_the_update(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Take signs of the factors for the update, and the factors themselves for the members."""
    A, B, _ = patterns(task, False)
    update = _products([np.sign(a) for a in A], [np.sign(b) for b in B])
    return _combined(task, _products(A, B), update=update)


def shared(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Use the noise of the first layer for every layer of the same shape."""
    A, B, _ = patterns(task, False)
    places = [task.shapes.index(shape) for shape in task.shapes]
    return _combined(task, _products([A[place] for place in places], [B[place] for place in places]))


def capped(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Cut the rank to the shorter side of the weights, at the same sigma."""
    m, n = task.shapes[0]
    rank = min(task.rank, m, n)
    A, B, _ = patterns(task, False)
    E = _products([one[..., :rank] for one in A], [one[..., :rank] for one in B]) * (task.rank / rank) ** 0.5
    return _combined(task, E)


def normalized(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Divide each perturbation by its own norm, so that all have the norm that they have on average."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    norms = np.sqrt((E**2).sum(axis=-1, keepdims=True))
    return _combined(task, E / np.where(norms > 0, norms, 1.0) * np.sqrt(task.rank * task.n_weights))


def of_one_rank(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the estimates of the first rank also in the place of the second, at every pattern of twice the columns."""
    A, B, _ = patterns(replace(task, rank=2 * task.rank), False)
    E = _products([one[..., : task.rank] for one in A], [one[..., : task.rank] for one in B])
    once = _combined(task, E)["estimates"]
    return {"once": estimated(task)["estimates"], "more": np.array([once] * len(nodes(task)))}


def of_ranks(task: Task, rng: np.random.Generator | None = None, estimator: Any = fresh) -> Found:
    """Return what a wrong estimator gives at a rank and at twice that rank."""
    twice = replace(task, rank=2 * task.rank)
    return {"once": estimator(task)["estimates"], "more": estimator(twice)["estimates"]}


def of_both(task: Task, rng: np.random.Generator | None = None, estimator: Any = fresh) -> Found:
    """Return honest estimates without pairs, and wrong ones with pairs."""
    pairs = replace(task, mirrored=True)
    return {"alone": estimated(task)["estimates"], "paired": estimator(pairs)["estimates"]}


def undivided(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the offsets of members without the root of the rank."""
    return {"offsets": offsets_of(task)["offsets"] * float(task.rank) ** 0.5}


def of_one_column(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return offsets that repeat the first column of the factors."""
    A, B, _ = patterns(task, False)
    repeated = [np.repeat(one[..., :1], task.rank, axis=-1) for one in A]
    E = _products(repeated, [np.repeat(one[..., :1], task.rank, axis=-1) for one in B])
    return {"offsets": E[:, 0] * float(task.scale)}


def without_baseline(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Subtract nothing from the fitness."""
    return {"sums": estimated(task)["estimates"] * task.pairs}


def beside_the_others(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Subtract from the fitness of each member the mean of the others."""
    N = task.pairs
    return {"sums": centered(task)["sums"] * N / max(N - 1, 1)}


def of_full_noise(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Bound the bias with the sixth moment of full noise."""
    sigma = float(case.scale) * case.rank**0.5
    return {"bound": bias_bound(case.shape, rank=np.inf, sigma=sigma, hessian_lipschitz=case.lipschitz).bound}


def of_plain_sigma(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Bound the bias with sigma in the place of its square."""
    sigma = float(case.scale) * case.rank**0.5
    return {"bound": bias_bound(case.shape, rank=case.rank, sigma=sigma**0.5, hessian_lipschitz=case.lipschitz).bound}
