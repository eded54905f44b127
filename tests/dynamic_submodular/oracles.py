"""Plain references: objectives by their formulas, the best set by enumeration, greedy and sieve as defined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np

from lrtheory import dynamic_submodular as ds

SetFunction = Callable[[Iterable[int]], float]


def instances(n: int = 10, seed: int = 0) -> dict[str, tuple[ds.Objective, SetFunction]]:
    """One objective of every kind, and its formula."""
    rng = np.random.default_rng(seed)
    sets = [set(rng.choice(12, int(rng.integers(1, 5)), replace=False).tolist()) for _ in range(n)]
    weights = rng.integers(1, 8, 12).astype(float)
    S = rng.integers(0, 9, (n, 6)).astype(float)
    sparse = S * (rng.random(S.shape) < 0.5)
    X = rng.integers(0, 9, (n, 4)).astype(float)
    root = rng.normal(size=(n, 4))
    K = root @ root.T

    def covered(items: Iterable[int]) -> float:
        return float(sum(weights[u] for u in set().union(*(sets[v] for v in items))))

    def served(table: np.ndarray) -> SetFunction:
        return lambda items: float(table[list(items)].max(axis=0).sum()) if list(items) else 0.0

    def features(phi: Callable[[np.ndarray], np.ndarray]) -> SetFunction:
        return lambda items: float(phi(X[list(items)].sum(axis=0)).sum())

    def logdet(items: Iterable[int]) -> float:
        chosen = list(items)
        return float(np.linalg.slogdet(np.eye(len(chosen)) + 0.5 * K[np.ix_(chosen, chosen)])[1]) if chosen else 0.0

    from scipy.sparse import csr_array

    return {
        "coverage": (ds.Coverage([sorted(s) for s in sets], weights), covered),
        "facility": (ds.FacilityLocation(S), served(S)),
        "sparse facility": (ds.FacilityLocation(csr_array(sparse)), served(sparse)),
        "features": (ds.FeatureBased(X), features(np.sqrt)),
        "log1p": (ds.FeatureBased(csr_array(X), concave="log1p"), features(np.log1p)),
        "min": (ds.FeatureBased(X, concave="min", limit=9.0), features(lambda x: np.minimum(x, 9.0))),
        "logdet": (ds.LogDet(K, scale=0.5), logdet),
    }


def optimum(f: SetFunction, elements: Iterable[int], k: int) -> float:
    """The best value of at most k elements of a monotone function."""
    pool = sorted(elements)
    return max((f(c) for c in combinations(pool, min(k, len(pool)))), default=0.0)


def greedy(f: SetFunction, elements: Iterable[int], k: int) -> list[int]:
    """Greedy selection, ties to the element that comes first; what adds nothing is not taken."""
    pool, chosen = list(elements), []
    while len(chosen) < k:
        base = f(chosen)
        gains = [(f([*chosen, v]) - base if v not in chosen else -math.inf) for v in pool]
        if not pool or max(gains) <= 1e-12:
            break
        chosen.append(pool[int(np.argmax(gains))])
    return chosen


def fixed_threshold_sieve(f: SetFunction, order: Iterable[int], k: int, threshold: float) -> list[int]:
    """Accept whatever adds at least the threshold, until k elements are held."""
    held: list[int] = []
    for v in order:
        if len(held) < k and f([*held, v]) - f(held) >= threshold * (1 - 1e-12):
            held.append(v)
    return held


def sieve_plus_plus_queries(f: SetFunction, order: Iterable[int], k: int, epsilon: float) -> int:
    """Marginals that one set a threshold asks for, with thresholds between max(m, L) / (2 k (1 + epsilon)) and m."""
    sets: dict[int, list[int]] = {}
    best, held, queries, ratio, unit = 0.0, 0.0, 0, math.log(1 + epsilon), 0.0
    for v in order:
        best, queries = max(best, f([v])), queries + 1
        if best == 0:
            continue
        unit = unit or best  # thresholds stand on a grid of ratio 1 + epsilon through the first value
        low = math.ceil(math.log(max(best, held) / (2 * k * (1 + epsilon) * unit)) / ratio - 1e-9)
        for j in range(low, math.floor(math.log(best / unit) / ratio + 1e-9) + 1):
            chosen = sets.setdefault(j, [])
            if len(chosen) < k:
                queries += 1
                gain = f([*chosen, v]) - f(chosen)
                if gain > 0 and gain >= unit * (1 + epsilon) ** j * (1 - 1e-12):
                    chosen.append(v)
                    held = max(held, f(chosen))
    return queries


def toggles(n: int, n_ops: int, rng: np.random.Generator) -> list[int]:
    """Random elements, each inserted when absent and deleted when present."""
    present: set[int] = set()
    ops = []
    for v in rng.integers(n, size=n_ops).tolist():
        ops.append(~v if v in present else v)
        present ^= {v}
    return ops


def after(ops: Iterable[int]) -> set[int]:
    """The elements present after some updates."""
    present: set[int] = set()
    for op in ops:
        present ^= {op if op >= 0 else ~op}
    return present
