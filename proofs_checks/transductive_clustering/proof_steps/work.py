"""The work of an update, counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory.bounds import Derived, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering.updates import dense
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.graphs import HELD
from proofs_checks.transductive_clustering.families.paths import optimized
from proofs_checks.transductive_clustering.families.problems import PLAIN

N_UPDATES = 3


@dataclass
class Tally:
    """Multiply-adds of weights that are not 0, exponentials, and products W Z and softmaxes of whole tables."""

    products: int = 0
    powers: int = 0
    passes: int = 0
    softmaxes: int = 0


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


class Weight:
    """A weight of an edge that counts what it is multiplied with."""

    def __init__(self, value: float, tally: Tally) -> None:
        self.value, self.tally = value, tally

    def __mul__(self, other: Any) -> Any:
        # a table has zeros where the graph has no edge, which cost nothing in the formula
        self.tally.products += (self.value != 0) * np.size(other)
        return self.value * other


def weights(values: np.ndarray, tally: Tally) -> np.ndarray:
    """Return an array of weights that count their products."""
    return np.vectorize(lambda x: Weight(float(x), tally), otypes=[object])(values)


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


def within(module: ModuleType, name: str, functions: dict[str, Any]) -> Callable[..., Any]:
    """Wrap a function of a module, so that others are exchanged during its calls."""
    original = getattr(module, name)

    def changed(*args: Any, **options: Any) -> Any:
        with exchanged(module, functions):
            return original(*args, **options)

    return changed


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


def counted(case: Case, rng: np.random.Generator | None = None) -> Counted:
    """Make some updates on weights that count."""
    tally = Tally()
    sparse = case.path == "sparse"
    module, functions = (sparse_bound, one_by_one(tally)) if sparse else (dense, by_tables(tally))
    with exchanged(module, functions):
        said = optimized(case, max_iter=N_UPDATES).counts
    own = said["updates"], said["flops"], said["exponentials"]
    return Counted(*(int(x) for x in own), tally.products, tally.powers, tally.passes, tally.softmaxes)


def fewer_products(case: Case, rng: np.random.Generator) -> Counted:
    """The pass for the energy at the end is not reported."""
    found = counted(case)
    return replace(found, flops=found.flops * found.updates // (found.updates + 1))


def edges_alone(case: Case, rng: np.random.Generator) -> Counted:
    """One multiply-add per edge, whatever the number of clusters."""
    found = counted(case)
    return replace(found, flops=found.flops // case.n_clusters)


def more_updates(case: Case, rng: np.random.Generator) -> Counted:
    """Passes are reported as updates."""
    found = counted(case)
    return replace(found, updates=found.passes)


@formula(nnz="[0, inf)", K="[1, inf)", N="[0, inf)", N_F="[0, N]")
def update_counts(nnz: int, K: int, N: int, N_F: int | None = None) -> Number:
    """The work of an update with `nnz` weights, K clusters, and N points of which N_F are free.

    ``flops`` nnz K multiply-adds, ``exponentials`` N_F K, and ``memory`` nnz + 3 N K numbers.

    That is the memory of one update. A run of `bound_update` on a sparse affinity also keeps the Z before the last one,
    to see cycles of two and to take back a part of a step: nnz + 4 N K numbers in all, beside the indices of the nnz
    weights and a few sums over each block of rows.

    Proof
    -----
    Assumes: every stored entry of W is used once per cluster; the counts are integers, which is checked here.

    Proof: W Z takes one multiply-add per edge and cluster, and each free row one softmax of K entries. The update keeps
    the nnz entries of W and three tables of N K numbers: A, Z, and the next Z.
    """
    free = N if N_F is None else N_F
    return {
        "flops": nnz * K,
        "exponentials": free * K,
        "memory": nnz + 3 * N * K,
    }


def worked(case: Case, found: Counted, rows: str = "all") -> Sides:
    """Compare the package's counts of a run with operations counted one by one, and these with the formula."""
    edges, n = int(np.count_nonzero(case.affinity)), int(case.free.sum()) if rows == "free" else case.n
    each = update_counts(edges, case.n_clusters, case.n, n)
    # a run makes between 1 and N_UPDATES updates, fewer where it stands still; max and min say so
    lhs = [found.flops, found.exponentials, found.products, found.powers, found.passes, max(found.updates, 1)]
    work = [found.passes * each["flops"], found.softmaxes * each["exponentials"]]
    rhs = [found.products, found.powers, *work, found.updates + 1, min(found.updates, N_UPDATES)]
    return Sides(np.array(lhs), np.array(rhs))


TC_C1 = Statement(
    id="transductive_clustering/TC-C1",
    title="What an update costs, counted one by one",
    says=(
        "An update takes nnz(W) K multiply-adds and N K exponentials, with nnz(W) the number of weights in W that are"
        " not 0, K the clusters and N the points, the held ones included."
    ),
    source=Derived(update_counts),
    tex=r"\mathrm{nnz}(W) K \text{ multiply-adds},\quad N K \text{ exponentials}",
    hypotheses={"some free rows": lambda case: bool(case.free.any())},
    instances=PLAIN,
    for_all=(HELD,),
    solve=counted,
    claim=Identity(worked),
    saboteurs=(
        saboteur("a pass that is not counted", solve=fewer_products),
        saboteur("an edge once for all clusters", solve=edges_alone),
        saboteur("another number of updates", solve=more_updates),
        saboteur("none for held rows", claim=Identity(partial(worked, rows="free"))),
    ),
    closed="the products are counted by weights on which the package's own kernels run",
    notes="The code runs on weights that count their products. A run makes one product more than updates, for its last "
    "energy; rows that are held are computed too and then put back, so N stands for N_F.",
)
