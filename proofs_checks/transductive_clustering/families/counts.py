"""Weights that count their products and exponentials that count themselves, and runs of the optimizer on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory.transductive_clustering.updates import dense
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.paths import optimized

N_UPDATES = 3


@dataclass
class Tally:
    """Multiply-adds of weights that are not 0, exponentials, and products W Z and softmaxes of whole tables."""

    products: int = 0
    powers: int = 0
    passes: int = 0
    softmaxes: int = 0


class Weight:
    """A weight of an edge that counts what it is multiplied with."""

    def __init__(self, value: float, tally: Tally) -> None:
        self.value, self.tally = value, tally

    def __mul__(self, other: Any) -> Any:
        # a table has zeros where the graph has no edge, which cost nothing in the formula
        self.tally.products += (self.value != 0) * np.size(other)
        return self.value * other


@dataclass(frozen=True)
class Counted:
    """The counts that the package reports of a run, and those that were made."""

    updates: int
    flops: int
    exponentials: int
    products: int
    powers: int
    passes: int
    softmaxes: int


def weights(values: np.ndarray, tally: Tally) -> np.ndarray:
    """Return an array of weights that count their products."""
    return np.vectorize(lambda x: Weight(float(x), tally), otypes=[object])(values)


def one_by_one(tally: Tally) -> dict[str, Any]:
    """Return the sparse pass, interpreted and counting in the run itself, not in the certificate."""

    def exponential(x: float) -> float:
        tally.powers += 1
        return math.exp(x)

    kernel = interpreted(sparse_bound, exponential=exponential).update_rows

    def update_rows(problem: Any, *others: Any) -> Any:
        tally.passes, tally.softmaxes = tally.passes + 1, tally.softmaxes + 1
        values = problem.edges.values
        # np.vectorize refuses an empty array, and without edges there is nothing to count
        edges = problem.edges._replace(values=weights(values, tally) if values.size else values)
        return kernel(problem._replace(edges=edges), *others)

    return {"descend_sparse": within(sparse_bound, "descend_sparse", {"update_rows": update_rows})}


def by_tables(tally: Tally) -> dict[str, Any]:
    """Return dense product and softmax that count in the run itself, not at the start or in the certificate."""
    softmax = dense.softmax

    def counting_pull(xp: Any, bound: Any, Z: Any) -> Any:
        tally.passes += 1
        return (weights(bound.affinity, tally) @ Z).astype(float)

    def counting_softmax(xp: Any, logits: Any, *temperature: Any) -> Any:
        def exp(x: Any) -> Any:
            tally.powers += x.size
            return np.exp(x)

        tally.softmaxes += 1
        return softmax(SimpleNamespace(exp=exp, max=np.max, sum=np.sum), logits, *temperature)

    return {"descend": within(dense, "descend", {"pull": counting_pull, "softmax": counting_softmax})}


def within(module: ModuleType, name: str, functions: dict[str, Any]) -> Callable[..., Any]:
    """Wrap a function of a module, so that others are exchanged during its calls."""
    original = getattr(module, name)

    def changed(*args: Any, **options: Any) -> Any:
        with exchanged(module, functions):
            return original(*args, **options)

    return changed


@contextmanager
def exchanged(module: ModuleType, functions: dict[str, Any]) -> Iterator[None]:
    """Put other functions under some names of a module, for a while."""
    before = {name: getattr(module, name) for name in functions}
    for name, function in functions.items():
        setattr(module, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(module, name, function)


def counted(case: Case, rng: np.random.Generator | None = None) -> Counted:
    """Make some updates on weights that count."""
    tally = Tally()
    sparse = case.path == "sparse"
    module, functions = (sparse_bound, one_by_one(tally)) if sparse else (dense, by_tables(tally))
    with exchanged(module, functions):
        said = optimized(case, max_iter=N_UPDATES).counts
    own = said["updates"], said["flops"], said["exponentials"]
    return Counted(*(int(x) for x in own), tally.products, tally.powers, tally.passes, tally.softmaxes)
