"""Maximization in other units: of weights, similarities, features, kernels, of any function, and of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory import dynamic_submodular as ds

RNG = np.random.default_rng(5)
SETS = [RNG.choice(14, 4, replace=False).tolist() for _ in range(12)]
WEIGHTS, S, X = RNG.uniform(0.5, 4, 14), RNG.uniform(0.1, 3, (12, 9)), RNG.uniform(0.1, 3, (12, 5))
ROOT = RNG.normal(size=(12, 6))
K = ROOT @ ROOT.T
OPS = np.array([*range(12), ~0, ~3, ~7, 3, ~5, ~1, 0])
GROUPS = ds.PartitionMatroid(np.arange(12) % 3, np.array([1, 2, 1]))
#: the function in units of a factor, and the factor of its values
FUNCTIONS: dict[str, Callable[[float], tuple[ds.Objective, float]]] = {
    "weights": lambda c: (ds.Coverage(SETS, WEIGHTS * c), c),
    "similarities": lambda c: (ds.FacilityLocation(S * c), c),
    "sparse similarities": lambda c: (ds.FacilityLocation(sparse.csr_array(S * (S > 1) * c)), c),
    "features under a root": lambda c: (ds.FeatureBased(X * c), c**0.5),
    "features and their limit": lambda c: (ds.FeatureBased(X * c, concave="min", limit=4 * c), c),
    "weights of features": lambda c: (ds.FeatureBased(X, concave="log1p", weights=WEIGHTS[:5] * c), c),
    "kernel": lambda c: (ds.LogDet(K * c, scale=1 / c), 1.0),
    "values of a callable": lambda c: (ds.CountingOracle(ds.Coverage(SETS, WEIGHTS * c).value, 12), c),
}


def evaluated(kind: str) -> Callable[[float], tuple[Any, ...]]:
    """Values and marginals of the function."""

    def run(factor: float) -> tuple[Any, ...]:
        f, unit = FUNCTIONS[kind](factor)
        return f.value([1, 4, 7]) / unit, f.gain(2, [1, 4]) / unit, f.gains([1, 4]) / unit

    return run


def maintained(kind: str, k: Any = 3, **options: Any) -> Callable[[float], tuple[Any, ...]]:
    """All answers along a stream, and the certificate; the structures agree with their definitions."""

    def run(factor: float) -> tuple[Any, ...]:
        f, unit = FUNCTIONS[kind](factor)
        solver = ds.DynamicSubmodular(f, k, epsilon=0.2, rng=0, **options)
        trace = solver.update(OPS, record=True)
        solver.check_invariants(n_probes=20)
        proof = solver.certify()
        assert proof.verify(f)
        numbers = (trace.values / unit, trace.upper_bounds / unit, solver.top_up(), solver.certified_ratio)
        return (trace.solution, trace.queries, *numbers, proof.bound / unit, proof.gap / unit)

    return run


def selected(kind: str, **options: Any) -> Callable[[float], tuple[Any, ...]]:
    """A selection and its bound."""

    def run(factor: float) -> tuple[Any, ...]:
        f, unit = FUNCTIONS[kind](factor)
        found = ds.maximize(f, 3, rng=0, **options)
        return found.items, found.gains / unit, found.value / unit, found.upper_bound / unit, found.counts["queries"]

    return run


def one_guess(structure: Any) -> Callable[[float], tuple[Any, ...]]:
    """One guess, itself in the units of the values."""

    def run(factor: float) -> tuple[Any, ...]:
        f, unit = FUNCTIONS["weights"](factor)
        one = ds.OneGuess(f, 3, 14 * unit, structure=structure, dead_share=0.5, rng=1)
        one.update(OPS)
        one.check_invariants()
        return one.sequence, one.members, one.value / unit, one.sequence_value / unit

    return run


def runs(factor: float) -> tuple[Any, ...]:
    """Many runs of one guess."""
    f, unit = FUNCTIONS["similarities"](factor)
    found = ds.run_guess(f, OPS, 3, guess=14 * unit, n_runs=5, rng=1)
    return found.members, found.values / unit, found.insertion_queries


def certified(factor: float) -> tuple[Any, ...]:
    """A bound proved by another set."""
    f, unit = FUNCTIONS["similarities"](factor)
    proof = ds.certify_selection(f, [1, 2], 2, witness=[3, 4, 5])
    return proof.achieved / unit, proof.bound / unit, proof.gap / unit, proof.ratio


def probed(factor: float) -> tuple[Any, ...]:
    """The triples that are found to be no counterexample, and one that is."""
    square = ds.CountingOracle(lambda A: factor * len(A) ** 2, 5)
    innocent = ds.probe_submodular(FUNCTIONS["kernel"](factor)[0], rng=0)
    found = ds.probe_submodular(square, rng=0)
    return innocent.v, found.v, found.A, found.B, found.violation / factor


def baseline(name: str, **options: Any) -> Callable[[float], tuple[Any, ...]]:
    """The answers of a baseline."""

    def run(factor: float) -> tuple[Any, ...]:
        f, unit = FUNCTIONS["weights"](factor)
        trace = getattr(ds.baselines, name)(f, OPS, 3, **options)
        return trace.solution, trace.values / unit, trace.queries

    return run


def neighbors(factor: float) -> tuple[Any, ...]:
    """Similarities of points whose coordinates change their unit, and gamma with them."""
    cosine = ds.FacilityLocation.from_features(X * factor, n_neighbors=4)
    rbf = ds.FacilityLocation.from_features(X * factor, metric="rbf", gamma=0.3 / factor**2)
    return cosine.gains([1]), rbf.gains([1])


UNITS = {
    **{f"Coverage: {kind}": evaluated(kind) for kind in ("weights",)},
    **{f"FacilityLocation: {kind}": evaluated(kind) for kind in ("similarities", "sparse similarities")},
    "FacilityLocation: coordinates of points": neighbors,
    **{f"FeatureBased: {kind}": evaluated(kind) for kind in FUNCTIONS if "features" in kind},
    "LogDet: kernel": evaluated("kernel"),
    "LogDet: a kernel so small that the determinant is nearly 1": lambda c: (
        ds.LogDet(K * 1e-12 * c, scale=1 / c).gains([1, 4]) * 1e12,
    ),
    "CountingOracle: values of a callable": evaluated("values of a callable"),
    **{f"DynamicSubmodular: {kind}": maintained(kind) for kind in FUNCTIONS},
    **{f"DynamicSubmodular: {method}": maintained("weights", method=method) for method in ("eager", "batched")},
    "DynamicSubmodular: exact replay": maintained("similarities", replay="exact"),
    "DynamicSubmodular: groups": maintained("weights", GROUPS),
    **{f"maximize: {kind}": selected(kind) for kind in FUNCTIONS},
    **{
        f"maximize: by {method}": selected("weights", method=method)
        for method in ("naive", "stochastic", "threshold", "random", "sieve", "sieve++", "brute-force")
    },
    "OneGuess: levels": one_guess("levels"),
    "OneGuess: batches": one_guess("batches"),
    "run_guess: similarities and guess": runs,
    "certify_selection: similarities": certified,
    "probe_submodular: values": probed,
    "baselines: weights, recompute": baseline("recompute"),
    "baselines: weights, dynamic_sieve": baseline("dynamic_sieve"),
    "baselines: weights, lattanzi": baseline("lattanzi", rng=0),
    "baselines: weights, random_subset": baseline("random_subset", rng=0),
    "time_window: time": lambda c: (ds.time_window(np.array([0.0, 5.5, 1.25, 3.0]) * c, 2.125 * c),),
}
UNITLESS = {
    "Influence": "a graph, probabilities and a number of samples",
    "Objective": "the base of the objectives, without a function of its own",
    "PartitionMatroid": "groups and numbers of elements",
    "UpdateStream": "a problem; its numbers are those of its objective",
    "sliding_window": "a window counted in arrivals",
}
