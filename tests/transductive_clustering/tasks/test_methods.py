"""Each method of few-shot classification against its definition in loops, other libraries, and optimality."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numba import njit

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering.tasks import graphs as task_graphs
from lrtheory.transductive_clustering.tasks import many_tasks
from lrtheory.transductive_clustering.updates import logarithm as task_logarithm
from lrtheory.transductive_clustering.updates.logarithm import logarithm
from tests.backends import missing
from tests.transductive_clustering import oracles

RAW = {"normalize": None, "query_shift": False}


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def softmax(logits):
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def distances(X, M):
    return ((X[:, None] - M) ** 2).sum(-1)


@pytest.fixture(scope="module")
def task(points):
    """Unit rows: support, index of the class of each, queries, class means."""
    batch = tc.make_episodes(*points, n_tasks=1, way=4, shot=2, query=6, rng=1)
    index = np.unique(batch.support_labels[0], return_inverse=True)[1]
    S, Q = unit(batch.support[0] - 2), unit(batch.query[0] - 2)
    return S, index, Q, np.stack([S[index == c].mean(0) for c in range(4)])


@pytest.fixture(params=["compiled", "plain"])
def path(request, monkeypatch):
    """The tasks in compiled and in array code."""
    if request.param == "plain":
        monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)


def test_label_spreading_is_that_of_scikit_learn(task, uses):
    try:
        from sklearn.semi_supervised import LabelSpreading
    except ImportError as error:
        missing("sklearn", error)
    uses("sklearn")
    S, index, Q, _ = task
    X, y = np.concatenate([S, Q]), np.concatenate([index, np.full(len(Q), -1)])
    with warnings.catch_warnings():  # that thirty rounds are not enough for a tolerance of 0
        warnings.simplefilter("ignore")
        theirs = LabelSpreading(kernel="rbf", gamma=5, alpha=0.8, max_iter=30, tol=0).fit(X, y)
    ours = tc.few_shot(S, index, Q, method="label-spreading", tol=0, **RAW)
    np.testing.assert_allclose(ours.probabilities, theirs.label_distributions_[len(S) :], atol=1e-12)


def tim_by_hand(S, index, Q, W, tau, n_iter):
    """TIM-ADM in loops over classes: loss weights 0.1, 1, 0.1 (support, marginal, conditional), as published."""
    k, y, weight, alpha = len(W), np.eye(len(W))[index], 0.1, 0.1
    q = None
    for _ in range(n_iter):
        ours, p = softmax(-tau / 2 * distances(S, W)), softmax(-tau / 2 * distances(Q, W))
        q = np.array(
            [
                [p[i, c] ** (1 + alpha) / np.sqrt((p[:, c] ** (1 + alpha)).sum()) for c in range(k)]
                for i in range(len(Q))
            ]
        )
        q = np.array([row / row.sum() for row in q])
        new = []
        for c in range(k):
            a, b = weight / (1 + alpha), len(S) / len(Q)
            top = a * sum((y[i, c] - ours[i, c]) * S[i] + ours[i, c] * W[c] for i in range(len(S)))
            top = top + b * sum((q[i, c] - p[i, c]) * Q[i] + p[i, c] * W[c] for i in range(len(Q)))
            new.append(top / (a * y[:, c].sum() + b * q[:, c].sum()))
        W = np.array(new)
    return W, q


def test_tim_is_the_published_alternation_and_ends_where_its_loss_is_flat(task):
    S, index, Q, means = task
    tau = 15.0
    for n_iter in (1, 7):
        W, _ = tim_by_hand(S, index, Q, means, tau, n_iter)
        ours = tc.few_shot(S, index, Q, method="tim", tol=0.0, max_iter=n_iter, **RAW)
        np.testing.assert_allclose(ours.probabilities, softmax(-tau / 2 * distances(Q, W)), atol=1e-10)
    W, q = tim_by_hand(S, index, Q, means, tau, 500)

    def loss(W):  # 0.1 times the cross-entropy of the support, and (1 + alpha) times that of q on the queries
        ours, p = softmax(-tau / 2 * distances(S, W)), softmax(-tau / 2 * distances(Q, W))
        return -0.1 * np.log(ours[np.arange(len(S)), index]).mean() - 1.1 * (q * np.log(p)).sum(1).mean()

    def slope(W, c, d, step=1e-5):
        move = np.zeros_like(W)
        move[c, d] = step
        return abs(loss(W + move) - loss(W - move)) / (2 * step)

    there, before = (max(slope(M, c, d) for c, d in np.ndindex(4, 12)) for M in (W, means))
    assert there < 1e-3 < 0.1 < before
    default = tc.few_shot(S, index, Q, method="tim", **RAW)
    assert default.n_iter == 150
    np.testing.assert_allclose(default.probabilities, softmax(-tau / 2 * distances(Q, W)), atol=0.05)


@pytest.mark.parametrize("method", ["tim", "pt-map"])
def test_methods_with_a_prior_make_classes_of_equal_size(points, method):
    """Of unbalanced queries the nearest prototype gives a class too many or too few, these share them out."""
    X, y = points
    batch = tc.make_episodes(X, y, n_tasks=60, way=3, shot=1, query=6, proportions=0.5, rng=3)

    def off(name):
        found = tc.few_shot(batch, method=name)
        sizes = (found.labels[:, :, None] == found.classes[:, None, :]).sum(axis=1)
        return np.abs(sizes - 6).mean()

    assert off(method) < 1 < 2 < off("nearest")


def test_pt_map_by_hand(task):
    S, index, Q, means = task
    k, T, y = 4, 0.4, np.eye(4)[index]

    def plan(M):
        p = np.exp(-distances(Q, M) / T)
        for _ in range(2000):
            p = p * (len(Q) / k / p.sum(0))
            p = p / p.sum(1, keepdims=True)
        return p

    for turns in (1, 10):
        M = means.copy()
        for _ in range(turns):
            p = plan(M)
            target = (y.T @ S + p.T @ Q) / (y.sum(0) + p.sum(0))[:, None]
            M = M + 0.3 * (target - M)
        ours = tc.few_shot(S, index, Q, method="pt-map", temperature=T, max_iter=turns, **RAW)
        np.testing.assert_allclose(ours.probabilities.sum(0), len(Q) / k, atol=2e-3)
        np.testing.assert_allclose(ours.probabilities, plan(M), atol=2e-3)
    default = tc.few_shot(S, index, Q, method="pt-map", temperature=T, **RAW)
    np.testing.assert_array_equal(default.probabilities, ours.probabilities)


def rectified_by_hand(S, index, Q, means):
    """Weighted means of support and queries, weights a softmax of ten cosines."""

    def like(X):
        return softmax(10 * unit(X) @ unit(means).T)

    sums, masses = np.zeros_like(means), np.zeros(len(means))
    for X, labels in ((S, index), (Q, like(Q).argmax(1))):
        for x, row, label in zip(X, like(X), labels, strict=True):
            sums[label] += row[label] * x
            masses[label] += row[label]
    return sums / masses[:, None]


def test_bd_cspn_by_hand(task):
    S, index, Q, means = task
    M = rectified_by_hand(S, index, Q, means)
    ours = tc.few_shot(S, index, Q, method="bd-cspn", **RAW)
    np.testing.assert_allclose(ours.probabilities, softmax(10 * unit(Q) @ unit(M).T), atol=1e-12)


@pytest.mark.usefixtures("path")
def test_rectified_prototypes_by_hand(task):
    S, index, Q, means = task
    M = rectified_by_hand(S, index, Q, means)
    ours = tc.few_shot(S, index, Q, method="laplacian-shot", prototype="rectified", lam=0.0, temperature=0.2, **RAW)
    np.testing.assert_allclose(ours.probabilities, softmax(-distances(Q, M) / 0.2), atol=1e-12)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("base", [True, False])
@pytest.mark.parametrize("shift", [True, False])
def test_features_by_hand(points, base, shift):
    """Center, scale, and move the queries: what the nearest prototype sees."""
    batch = tc.make_episodes(*points, n_tasks=3, way=3, shot=2, query=4, rng=5)
    mean = batch.base_mean if base else None
    ours = tc.few_shot(
        batch.support, batch.support_labels, batch.query, method="nearest", base_mean=mean, query_shift=shift
    )
    for e in range(3):
        everything = np.concatenate([batch.support[e], batch.query[e]])
        origin = batch.base_mean[e] if base else everything.mean(0)
        S, Q = unit(batch.support[e] - origin), unit(batch.query[e] - origin)
        Q = Q + S.mean(0) - Q.mean(0) if shift else Q
        classes = np.unique(batch.support_labels[e])
        means = np.stack([S[batch.support_labels[e] == c].mean(0) for c in classes])
        np.testing.assert_allclose(ours.probabilities[e], softmax(-distances(Q, means)), atol=1e-10)
        assert ours.energy[e] == pytest.approx(distances(Q, means).min(1).sum())


def test_modes_by_hand(task):
    """Two turns without a graph: the width of the kernel from the edges, and modes where the mean shift has ended."""
    S, index, Q, means = task
    X, T = np.concatenate([S, Q]), 0.3
    edges = [((X[p] - X[q]) ** 2).sum() for p, near in enumerate(oracles.neighbors(X, 2)) for q in near]
    s2 = np.mean(edges)
    M, Z = means.copy(), None
    for turns in (1, 2):
        Z = softmax(np.exp(-distances(X, M) / (2 * s2)) / T)
        Z[: len(S)] = np.eye(4)[index]
        ours = tc.few_shot(S, index, Q, prototype="mode", lam=0.0, temperature=T, max_iter=turns, tol=0, **RAW)
        np.testing.assert_allclose(ours.probabilities, Z[len(S) :], atol=1e-5)
        for _ in range(20):
            pull = Z * np.exp(-distances(X, M) / (2 * s2))
            M = pull.T @ X / pull.sum(0)[:, None]


@pytest.mark.parametrize("symmetrize", ["mean", "max", None])
def test_compiled_graphs_are_those_of_knn_affinity(symmetrize):
    X = np.random.default_rng(0).normal(size=(12, 3))
    points = task_graphs.Points(X, X.T.copy(), (X * X).sum(axis=1))
    how = ("mean", "max", None).index(symmetrize)
    ends, weights = task_graphs.edges_of(points, np.full(12, -1), 3, how, np.empty((12, 12)))
    W = np.zeros((12, 12))
    for (p, q), (there, back) in zip(ends.astype(int), weights, strict=True):
        W[p, q] += there
        W[q, p] += back
    np.testing.assert_array_equal(W, tc.knn_affinity(X, n_neighbors=3, symmetrize=symmetrize).toarray())


def test_of_equal_distances_the_first_points_are_neighbors():
    X = np.array([[0.0], [1.0], [-1.0], [1.0], [-1.0], [5.0], [5.0]])
    clamped = np.array([-1, -1, -1, -1, -1, -2, 0])
    points = task_graphs.Points(X, X.T.copy(), X[:, 0] ** 2)
    ends, _ = task_graphs.edges_of(points, clamped, 2, 2, np.empty((7, 7)))
    found = {p: sorted(int(q) for a, q in ends if a == p) for p in range(7)}
    assert found == {0: [1, 2], 1: [0, 3], 2: [0, 4], 3: [0, 1], 4: [0, 2], 5: [], 6: [1, 3]}
    two = task_graphs.Points(X[:2], X[:2].T.copy(), X[:2, 0] ** 2)
    few, _ = task_graphs.edges_of(two, clamped[:2], 5, 2, np.empty((2, 2)))
    assert few.tolist() == [[0, 1], [1, 0]]


def test_distances_are_the_same_in_both_directions():
    """BLAS of some processors gives products that differ in the last digit from their transpose, which loses edges."""
    X = np.random.default_rng(3).normal(size=(9, 4)).astype(np.float32)
    squares, products = (X * X).sum(axis=1), X @ X.T
    products[np.tril_indices(9, -1)] = np.nextafter(products.T[np.tril_indices(9, -1)], np.float32(np.inf))
    task_graphs.far_apart(squares, np.full(9, -1), products, np.empty(9, np.float32))
    np.testing.assert_array_equal(products, products.T)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logarithms_of_kernels(dtype):
    x = np.exp(np.random.default_rng(0).uniform(-80, 80, 10_000)).astype(dtype)
    x[:1000] = 1 + np.linspace(-1e-3, 1e-3, 1000)
    found = logarithms(x)
    assert found.dtype == dtype
    expected = np.log(x.astype(np.longdouble))
    assert (abs(found - expected) <= 2 * np.finfo(dtype).eps * np.maximum(1, abs(expected))).all()


@pytest.mark.parametrize(("name", "dtype"), [("log_64", np.float64), ("log_32", np.float32)])
def test_logarithms_one_by_one(name, dtype):
    """Called as they are, so that they run interpreted too."""
    kernel = getattr(task_logarithm, name)
    ends = 2.0**0.5 - np.linspace(1e-6, 1e-2, 50)  # where the series is longest
    for x in np.concatenate([np.geomspace(1e-30, 1e30, 301), ends]).astype(dtype):
        expected = np.log(np.longdouble(x))
        assert abs(kernel(x) - expected) <= np.finfo(dtype).eps * max(1, abs(expected))


def test_edges_are_mutual_when_each_stands_in_both_directions():
    rng = np.random.default_rng(0)
    for _ in range(200):
        ends = np.unique(rng.integers(0, 4, (6, 2)), axis=0)
        if rng.random() < 0.3:
            ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
        pairs = {(int(p), int(q)) for p, q in ends}
        assert task_graphs.are_mutual(ends.astype(np.uint64)) == (pairs == {(q, p) for p, q in pairs})


@njit
def logarithms(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = logarithm(x[i])
    return out


def test_weights_are_chosen_on_held_out_classes(points):
    """The same draws and the same grid, by hand."""
    X, y = points
    sizes = {"way": 3, "shot": 1, "query": 5}
    options = {"temperature": 0.3}
    table = tc.evaluate(X, y, n_tasks=40, methods={"slk": options}, validation=[0, 2, 4, 6], rng=0, **sizes)
    draws = np.random.default_rng(0)
    batch = tc.make_episodes(X, y, n_tasks=40, classes=[0, 2, 4, 6], rng=draws, **sizes)
    grid = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
    right = [(tc.few_shot(batch, lam=0.3 * c, **options).labels == batch.query_labels).mean() for c in grid]
    assert min(right) < max(right)
    assert table.lams["slk"] == grid[int(np.argmax(right))]
    batch = tc.make_episodes(X, y, n_tasks=40, classes=[1, 3, 5], rng=draws, **sizes)
    labels = tc.few_shot(batch, lam=0.3 * table.lams["slk"], **options).labels
    np.testing.assert_array_equal(table.correct[0], (labels == batch.query_labels).mean(axis=1))
    assert "tasks of 3 of the classes (0, 2, 4, 6)" in table.message


@pytest.mark.parametrize("method", ["slk", "nearest", "label-spreading"])
def test_fewer_queries_than_classes_are_not_moved(method):
    support, y, query = np.array([[0.0, 0.0], [6.0, 6.0]]), np.array([0, 1]), np.array([[0.1, 0.1], [5.0, 7.0]])
    options = {"method": method, "normalize": None}
    for one, mask in ((query[:1], None), (query, np.array([True, False]))):
        found = tc.few_shot(support, y, one, query_mask=mask, **options)
        still = tc.few_shot(support, y, one, query_mask=mask, query_shift=False, **options)
        np.testing.assert_array_equal(found.probabilities, still.probabilities)
        assert found.labels[0] == 0
        assert "; the queries were not moved, being fewer than the classes" in found.message
        assert "moved" not in still.message
    two = tc.few_shot(support, y, query, **options)
    assert "moved" not in two.message
    both = tc.few_shot(np.stack([support] * 2), y, np.stack([query] * 2), query_mask=[[1, 1], [1, 0]], **options)
    np.testing.assert_array_equal(both.probabilities[0], two.probabilities)
    assert "; the queries of 1 of 2 tasks were not moved" in both.message
