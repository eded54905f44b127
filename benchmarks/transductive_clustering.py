"""Transductive clustering against few-shot methods on PyTorch, scikit-learn, and sparse products; a million points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

WAY, SHOTS, QUERIES = 5, 1, 15
LAM = 0.5  # of a million points

# --- tasks of digits -------------------------------------------------------------------------------------------------


def digits(n_tasks: int, dtype: str = "float64") -> Callable[[], Inputs]:
    """Five-way one-shot tasks of digits: 64 features, 75 queries, and the mean of the classes outside of each task."""

    def inputs() -> Inputs:
        from lrtheory.transductive_clustering import load_digits_features, make_episodes

        data = load_digits_features()
        batch = make_episodes(data, n_tasks=n_tasks, way=WAY, shot=SHOTS, query=QUERIES, rng=0)
        truth = np.argmax(batch.query_labels[:, :, None] == batch.support_labels[:, None, :], axis=2)
        points = {name: getattr(batch, name).astype(dtype) for name in ("support", "query", "base_mean")}
        return points | {"truth": truth}

    return inputs


def task_labels(inputs: Inputs) -> np.ndarray:
    """The labels of the support, which stands class by class."""
    return np.tile(np.repeat(np.arange(WAY), SHOTS), (len(inputs["support"]), 1))


def ours(method: str, prepare: Any = None, turns: Any = None, **options: Any) -> Callable[[Inputs], np.ndarray]:
    """Our method, all tasks in one call: on points that a function prepares, or centered and scaled by itself."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.transductive_clustering import Turns, few_shot

        support, query = (inputs["support"], inputs["query"]) if prepare is None else prepare(inputs)
        more = options | ({"base_mean": inputs["base_mean"]} if prepare is None else {"normalize": None})
        return few_shot(
            support, task_labels(inputs), query, method=method, turns=turns and Turns(**turns), **more
        ).labels

    return solve


def easyfsl(method: str, **options: Any) -> Callable[[Inputs], np.ndarray]:
    """A method of easyfsl, one task at a time, on features that it centers and scales; tensors are made before."""

    def solve(inputs: Inputs) -> np.ndarray:
        import torch
        from easyfsl import methods

        def tensors() -> list[Any]:
            torch.set_default_dtype(torch.float64 if inputs["support"].dtype == np.float64 else torch.float32)
            parts = (inputs[name] for name in ("support", "query", "base_mean"))
            return [tuple(torch.from_numpy(a) for a in task) for task in zip(*parts, strict=True)]

        labels, answers = torch.from_numpy(task_labels(inputs)[0]), []
        with torch.no_grad():
            for support, query, mean in ready("tensors", inputs, tensors):
                model = getattr(methods, method)(feature_centering=mean, feature_normalization=2.0, **options)
                model.process_support_set(support, labels)
                answers.append(model(query).argmax(dim=1))
        return torch.stack(answers).numpy()

    return solve


def unit(name: str, inputs: Inputs) -> np.ndarray:
    """Support or queries without the mean of the other classes, of length 1."""
    X = inputs[name] - inputs["base_mean"][:, None]
    return np.divide(X, np.sqrt(np.einsum("eqd,eqd->eq", X, X))[:, :, None], out=X)


def as_easyfsl(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Its conventions: prototypes with weights exp(cosine) from shifted queries, and the queries as they are."""
    support, query = np.empty_like(inputs["support"]), np.empty_like(inputs["query"])
    for part in (slice(first, first + 16) for first in range(0, len(query), 16)):  # which stay in the cache
        some = {name: inputs[name][part] for name in ("support", "query", "base_mean")}
        query[part] = unit("query", some)
        support[part] = rectified(unit("support", some), query[part])
    return support, query


def rectified(support: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Prototypes of tasks with one support a class; who looks like whom stands by classes, (E, K, NQ)."""
    move = support.mean(axis=1, keepdims=True) - query.mean(axis=1, keepdims=True)
    shares = np.concatenate([support, move], axis=1) @ query.transpose(0, 2, 1)
    lengths = np.sqrt(1 + 2 * shares[:, WAY:] + (move * move).sum(axis=2, keepdims=True))
    cosines = (shares[:, :WAY] + support @ move.transpose(0, 2, 1)) / lengths
    weights = np.exp(cosines) * (cosines == cosines.max(axis=1, keepdims=True))
    own, mass = np.exp(cosines.dtype.type(1)), weights.sum(axis=2, keepdims=True)
    return (own * support + weights @ query + mass * move) / (own + mass)


#: its directed graph and unshifted queries; at this tolerance both sides take 14 updates a task, since the peer's rule
#: to stop looks at another energy. The prototypes stand in for the support
CONVENTIONS: dict[str, Any] = {
    "query_shift": False,
    "turns": {"symmetrize": None, "damping": 1.0},
    "tol": 3e-8,
}


def shot(dtype: str) -> Row:
    """A row from features to labels."""
    return Row(
        name=f"laplacian-shot-{dtype}",
        title=f"500 five-way one-shot tasks by LaplacianShot in {dtype}, features to labels",
        inputs=digits(500, dtype),
        ours={"few_shot": ours("laplacian-shot", as_easyfsl, **CONVENTIONS)},
        peers={"easyfsl": easyfsl("LaplacianShot")},
        tolerance=0,
    )


SHOT, SHOT_32 = shot("float64"), shot("float32")

# --- methods that expect classes of equal size: other updates on each side, so accuracies are compared ----------------


def accuracy_of(solve: Callable[[Inputs], np.ndarray]) -> Callable[[Inputs], np.ndarray]:
    """The same side, judged by its share of right labels."""

    def judged(inputs: Inputs) -> np.ndarray:
        return np.mean(solve(inputs) == inputs["truth"], keepdims=True)

    return judged


def units(inputs: Inputs) -> tuple[np.ndarray, ...]:
    """Support and queries, centered and of length 1."""
    return unit("support", inputs), unit("query", inputs)


def roots(inputs: Inputs) -> tuple[np.ndarray, ...]:
    """The power transform of PT-MAP."""
    return tuple(np.sqrt(np.maximum(x, 0) + 1e-6) for x in units(inputs))


# the default rate of the peer, 1e-4, leaves prototypes where they are
TIM = Row(
    name="tim",
    title="100 five-way one-shot tasks by TIM, fifty steps on both sides, to about the same accuracy",
    inputs=digits(100),
    ours={"few_shot": accuracy_of(ours("tim", tol=0.0, max_iter=50))},
    peers={"easyfsl": accuracy_of(easyfsl("TIM", fine_tuning_lr=1e-2))},
    tolerance=0.04,
)
PT_MAP = Row(
    name="pt-map",
    title="20 five-way one-shot tasks by PT-MAP, to about the same accuracy",
    inputs=digits(20),
    ours={"few_shot": accuracy_of(ours("pt-map", roots, query_shift=False))},
    peers={"easyfsl": accuracy_of(easyfsl("PTMAP"))},
    tolerance=0.04,
)

# --- scikit-learn ----------------------------------------------------------------------------------------------------


def sklearn_spreading(inputs: Inputs) -> np.ndarray:
    """Label spreading with a fit a task."""
    from sklearn.semi_supervised import LabelSpreading

    answers, n_support = [], inputs["support"].shape[1]
    y = np.concatenate([task_labels(inputs)[0], np.full(inputs["query"].shape[1], -1)])
    for X in np.concatenate(units(inputs), axis=1):
        model = LabelSpreading(kernel="rbf", gamma=5.0, alpha=0.8, tol=1e-5, max_iter=200)
        answers.append(model.fit(X, y).transduction_[n_support:])
    return np.array(answers)


SPREADING = Row(
    name="label-spreading",
    title="200 five-way one-shot tasks by label spreading",
    inputs=digits(200),
    ours={"few_shot": ours("label-spreading", units, query_shift=False, tol=1e-6, max_iter=200)},
    peers={"scikit-learn": sklearn_spreading},
    tolerance=0,
)


def crowd() -> Inputs:
    """20 000 points of 16 features around 10 centers that overlap, and the first means."""
    rng = np.random.default_rng(0)
    X = 1.5 * rng.normal(size=(10, 16))[rng.integers(10, size=20_000)] + rng.normal(size=(20_000, 16))
    return {"X": X, "init": X[:10].copy()}


def our_lloyd(inputs: Inputs) -> np.ndarray:
    """K-means from given means until nothing moves."""
    from lrtheory.transductive_clustering import baselines

    return baselines.lloyd(inputs["X"], 10, init=inputs["init"], tol=0.0, max_iter=300).prototypes


def sklearn_lloyd(inputs: Inputs) -> np.ndarray:
    """The same."""
    from sklearn.cluster import KMeans

    return KMeans(10, init=inputs["init"], n_init=1, tol=0, max_iter=300).fit(inputs["X"]).cluster_centers_


LLOYD = Row(
    name="k-means-20000x16",
    title="20 000 points of 16 features, K-means with 10 means until nothing moves, ours with costs and certificate",
    inputs=crowd,
    ours={"lloyd": our_lloyd},
    peers={"scikit-learn": sklearn_lloyd},
    tolerance=1e-9,
)


def digits_graph() -> dict[str, Any]:
    """Digits of length 1 with their classes, and the graph of four neighbors."""
    from lrtheory.transductive_clustering import knn_affinity, load_digits_features

    data = load_digits_features()
    X = data.features / np.linalg.norm(data.features, axis=1, keepdims=True)
    return {"X": X, "truth": data.truth} | parts_of(knn_affinity(X, n_neighbors=4))


def matched(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The share of right labels when clusters are matched one to one with classes."""
    from scipy.optimize import linear_sum_assignment

    table = np.bincount(10 * labels + truth, minlength=100).reshape(10, 10)
    return np.array([table[linear_sum_assignment(table, maximize=True)].sum() / len(truth)])


def parts_of(W: Any) -> dict[str, Any]:
    """The arrays of a sparse matrix, with small integers, since scikit-learn takes no others."""
    return {"data": W.data, "indices": W.indices.astype(np.int32), "indptr": W.indptr.astype(np.int32)}


def graph_of(inputs: Inputs) -> Any:
    """The affinity as a sparse matrix."""
    from scipy.sparse import csr_array

    return csr_array((inputs["data"], inputs["indices"], inputs["indptr"]), shape=2 * (len(inputs["indptr"]) - 1,))


def our_spectral(inputs: Inputs) -> np.ndarray:
    """Eigenvectors of the graph, and K-means on them."""
    from lrtheory.transductive_clustering import baselines

    return matched(baselines.spectral(inputs["X"], 10, affinity=graph_of(inputs), rng=0).labels, inputs["truth"])


def sklearn_spectral(inputs: Inputs) -> np.ndarray:
    """The same, with one start of K-means."""
    from sklearn.cluster import SpectralClustering

    model = SpectralClustering(10, affinity="precomputed", n_init=1, random_state=0)
    return matched(model.fit_predict(graph_of(inputs)), inputs["truth"])


SPECTRAL = Row(
    name="spectral-digits",
    title="1797 digits by spectral clustering of one graph, to about the same share of right labels",
    inputs=digits_graph,
    ours={"spectral": our_spectral},
    peers={"scikit-learn": sklearn_spectral},
    tolerance=0.08,
)

# --- a million points ------------------------------------------------------------------------------------------------


def million(dtype: str) -> Callable[[], Inputs]:
    """A graph of ten neighbors on a million points in the plane that stand near their neighbors, and their costs."""

    def inputs() -> Inputs:
        from lrtheory.transductive_clustering import knn_affinity, make_gaussian_mixture, spatial_order

        X = make_gaussian_mixture(1_000_000, 10, rng=0).features
        X = X[spatial_order(X)]
        costs = ((X[:, None] - X[:: len(X) // 10][None]) ** 2).sum(axis=2) / 10
        return parts_of(knn_affinity(X, n_neighbors=10).astype(dtype)) | {"costs": costs.astype(dtype)}

    return inputs


def row_softmax(logits: np.ndarray) -> np.ndarray:
    """The softmax of every row, in place."""
    np.exp(np.subtract(logits, logits.max(axis=1, keepdims=True), out=logits), out=logits)
    return np.divide(logits, logits.sum(axis=1, keepdims=True), out=logits)


def by_hand(n_updates: int) -> Callable[[Inputs], np.ndarray]:
    """A sparse product and a softmax an update, as people write it."""

    def solve(inputs: Inputs) -> np.ndarray:
        W, costs = ready("graph", inputs, lambda: graph_of(inputs)), inputs["costs"]
        Z = ready("start", inputs, lambda: row_softmax(-costs))
        for _ in range(n_updates):
            Z = row_softmax(costs.dtype.type(LAM) * (W @ Z) - costs)
        return Z[:: len(Z) // 1000]

    return solve


def our_pass(inputs: Inputs) -> np.ndarray:
    """One pass of the compiled update over the rows in one thread, its energy included."""
    from lrtheory.transductive_clustering.updates import edges, sparse

    costs, n = inputs["costs"], len(inputs["costs"])

    def make() -> Any:
        Z = row_softmax(-costs)
        problem = sparse.Problem(costs, edges.csr_parts(graph_of(inputs)), LAM, 1.0, np.full(n, -1))
        return problem, sparse.Step(1.0, Z, np.empty_like(Z), np.empty((-(-n // sparse.BLOCK), 4)))

    problem, step = ready("pass", inputs, make)
    sparse.update_rows(problem, step, 0, n)
    return step.new[:: n // 1000]


def our_updates(inputs: Inputs) -> np.ndarray:
    """Twenty updates by the public function, with its checks, energies and certificate."""
    from lrtheory.transductive_clustering import bound_update

    W, costs = ready("graph", inputs, lambda: graph_of(inputs)), inputs["costs"]
    start = ready("start", inputs, lambda: row_softmax(-costs))
    return bound_update(costs, W, lam=LAM, init=start, tol=0.0, max_iter=20).assignments[:: len(start) // 1000]


def one_update(dtype: str, tolerance: float) -> Row:
    """A row of one update."""
    return Row(
        name=f"update-1e6-{dtype}",
        title=f"one update of a million assignments to 10 clusters over 10 neighbors in {dtype}",
        inputs=million(dtype),
        ours={"pass": our_pass},
        peers={"numpy-loop": by_hand(1)},
        tolerance=tolerance,
    )


ONE_UPDATE, ONE_UPDATE_32 = one_update("float64", 1e-12), one_update("float32", 1e-5)
TWENTY_UPDATES = Row(
    name="20-updates-1e6",
    title="twenty updates of a million assignments, ours with checks, energies and certificate",
    inputs=million("float64"),
    ours={"bound_update": our_updates},
    peers={"numpy-loop": by_hand(20)},
    tolerance=1e-10,
)


def mixture(n: int) -> Any:
    """Ten round clusters in four dimensions, some of which touch."""
    from lrtheory.transductive_clustering import make_gaussian_mixture

    return make_gaussian_mixture(n, 10, 4, separation=3.0, rng=0).features


def clustered(inputs: Inputs) -> np.ndarray:
    """Points to assignments: graph, first prototypes, and turns until they stand still."""
    from lrtheory.transductive_clustering import cluster

    return cluster(mixture(int(inputs["n"])), 10, lam=LAM, rng=0).assignments


def off_stationary(inputs: Inputs, Z: np.ndarray) -> float:
    """How far rows are from the simplex, or from the next update with the prototypes that they give: the larger one."""
    from lrtheory.transductive_clustering import knn_affinity

    X = mixture(int(inputs["n"]))
    means = (Z.T @ X) / Z.sum(axis=0)[:, None]
    costs = ((X[:, None] - means[None]) ** 2).sum(axis=2)
    gap = row_softmax(LAM * (knn_affinity(X) @ Z) - costs) - Z
    return float(max(np.abs(Z.sum(axis=1) - 1).max(), np.sqrt((gap * gap).sum() / len(Z))))


def clustering(n: int, **means: Any) -> Goal:
    """A goal for n points."""
    return Goal(
        name=f"cluster-{n:.0e}".replace("e+0", "e"),
        title=f"{n:,} points of 4 features into 10 clusters, graph included",
        inputs=lambda: {"n": np.array(n)},
        solve=clustered,
        error=off_stationary,
        tolerance=5e-4,
        **means,
    )


CLUSTER = clustering(100_000, seconds=5.0, gigabytes=1.0)
LARGE_CLUSTER = clustering(1_000_000, seconds=60.0, gigabytes=6.0, large=True)
