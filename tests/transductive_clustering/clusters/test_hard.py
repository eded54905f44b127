"""K-means and spectral clustering against plain definitions: ties, labels that would move, components, origins."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebval
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines
from lrtheory.transductive_clustering.baselines import eigenvectors
from lrtheory.transductive_clustering.clusters.hard import ends_of
from lrtheory.transductive_clustering.clusters.means import k_means
from lrtheory.transductive_clustering.clusters.prototypes import Prototypes, host_costs
from lrtheory.transductive_clustering.updates.certificates import spectrum_bounds, stationarity
from lrtheory.transductive_clustering.updates.column_statistics import surveyed, variance_of
from lrtheory.transductive_clustering.updates.edges import asymmetry, csr_parts, mirrored


@pytest.mark.parametrize(("n", "d", "K"), [(1, 1, 1), (7, 3, 2), (300, 1, 17), (257, 20, 40), (530, 16, 10)])
def test_k_means_is_that_of_its_definition(n, d, K):
    """Turn by turn from random points; on a lattice, where ties are many and exact, the first of equal means wins."""
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, d))
    M, before, turns = X[:K].copy(), None, 0
    while turns < 30:
        labels, turns = ((X[:, None] - M[None]) ** 2).sum(axis=2).argmin(axis=1), turns + 1
        if before is not None and (labels == before).all():
            break
        old = M.copy()
        for c in np.unique(labels):
            M[c] = X[labels == c].mean(axis=0)
        before = labels
        if (M == old).all():
            break
    found, means, n_iter, converged = k_means(X, X[:K], 30)
    np.testing.assert_array_equal(found, labels)
    np.testing.assert_allclose(means, M, rtol=1e-12, atol=1e-14)
    assert n_iter == turns
    assert converged or turns == 30
    lattice = rng.integers(-3, 4, (n, d)).astype(float)
    first = ((lattice[:, None] - lattice[:K][None]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(k_means(lattice, lattice[:K], 1)[0], first)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (1000, 7), (3, 500), (64, 128)])
def test_columns_are_those_of_numpy(shape, dtype):
    X = (np.random.default_rng(0).normal(size=shape) + 5).astype(dtype)
    columns = surveyed(X)
    np.testing.assert_array_equal(columns.lows, X.min(axis=0))
    np.testing.assert_array_equal(columns.highs, X.max(axis=0))
    np.testing.assert_allclose(columns.means, X.mean(axis=0, dtype=np.float64), rtol=1e-14)
    variance = X.astype(np.float64).var(axis=0).sum()
    assert variance_of(X, columns.means) == pytest.approx(variance, rel=1e-12, abs=1e-30)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_the_certificate_of_labels_is_that_of_all_costs(dtype, offset):
    """Far means, equal means, and points between two means: the gap is that of the update that everyone else makes."""
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(size=(40, 2)), [[0.0, 0.0]]]) * 4 + offset
    X = X.astype(dtype)
    for means in (X[:3], np.repeat(X[:1], 3, axis=0), np.array([[-1.0, 0], [1, 0], [9, 9]]) + offset):
        means = means.astype(dtype)
        costs = ((X[:, None].astype(float) - means[None]) ** 2).sum(axis=2)
        labels = costs.argmin(axis=1)
        labels[5] = (labels[5] + 1) % 3  # a label that the next update takes back
        for wrong in (False, True):
            some = slice(None) if wrong else np.flatnonzero(np.arange(41) != 5)
            Z = np.eye(3, dtype=dtype)[labels[some]]
            ends = ends_of(X[some], labels[some], means, Z, 1e-6)
            np.testing.assert_allclose(ends.own, costs[some][np.arange(len(Z)), labels[some]], rtol=1e-12)
            W = sparse.csr_array((len(Z), len(Z)), dtype=dtype)
            whole = stationarity(Z, host_costs(X[some], Prototypes("mean", means), dtype), W, 0.0, 1e-6, None)
            assert ends.certificate.gap == whole.gap
            assert (ends.certificate.monotone, ends.certificate.contraction) == (whole.monotone, whole.contraction)
            assert ends.certificate.fixed_point_distance == whole.fixed_point_distance


def parts(sizes, rng):
    """A graph of connected parts: in each a ring, and as many random edges as points, with random weights."""
    blocks = []
    for n in sizes:
        rows, ring = rng.integers(n, size=n), np.arange(n)
        heads = np.concatenate([ring, rows])
        tails = np.concatenate([(ring + 1) % n, rng.integers(n, size=n)])
        blocks.append(sparse.coo_array((rng.uniform(0.5, 1, 2 * n), (heads, tails)), shape=(n, n)))
    W = sparse.csr_array(sparse.block_diag(blocks))
    return sparse.csr_array(W + W.T)


def check_leading(U, W):
    """Check vectors by the definition in double precision and by a dense solver; return all eigenvalues."""
    W, K = W.toarray().astype(float), U.shape[1]
    sums = W.sum(axis=1)
    scale = 1 / np.sqrt(np.where(sums > 0, sums, 1))
    S = W * scale[:, None] * scale
    values = np.linalg.eigvalsh(S)
    np.testing.assert_allclose(U.T @ U, np.eye(K), atol=1e-12)
    np.testing.assert_allclose(np.linalg.eigvalsh(U.T @ S @ U), values[-K:], atol=1e-11)
    assert np.abs(S @ U - U @ (U.T @ S @ U)).max() <= 1e-11
    return values


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_components_are_counted_right(count, dense, monkeypatch):
    """One, two, K and K + 1 components for K = 4: eigenvectors of a dense solver, and labels."""
    rng, K = np.random.default_rng(count), 4
    sizes = [300 + 40 * c for c in range(count)]
    W = parts(sizes, rng)
    monkeypatch.setattr(eigenvectors, "DENSE", 5000 if dense else 10)
    U = eigenvectors.leading_vectors(W, K)
    values = check_leading(U, W)
    assert (np.abs(values - 1) <= 1e-9).sum() == count
    X, part = rng.normal(size=(sum(sizes), 2)), np.repeat(np.arange(count), sizes)
    labels = baselines.spectral(X, K, affinity=W, rng=0).labels
    if count >= K:  # every part is one cluster; with one part more than clusters some two share theirs
        assert all(len(np.unique(labels[part == c])) == 1 for c in range(count))
        assert len(np.unique(labels)) == K


def test_points_without_edges_and_runs_that_take_too_long(monkeypatch):
    """Isolated points have the eigenvalue 0; Lanczos takes over from filters, beside the known vectors."""
    W = sparse.csr_array(sparse.block_diag([parts([150, 90], np.random.default_rng(0)), sparse.csr_array((30, 30))]))
    monkeypatch.setattr(eigenvectors, "DENSE", 10)
    filtered = eigenvectors.leading_vectors(W, 6)
    monkeypatch.setattr(eigenvectors, "PRODUCTS", 0)
    lanczos = eigenvectors.leading_vectors(W, 6)
    np.testing.assert_allclose(filtered, lanczos @ (lanczos.T @ filtered), atol=1e-9)
    np.testing.assert_allclose(filtered[240:], 0, atol=1e-10)


def graph(kind, n=400):
    """Graphs with eigenvalues far below 1, with many equal ones, or with none but 0."""
    if kind == "random":
        return parts([n], np.random.default_rng(0))
    made = {
        "regular": nx.random_regular_graph(10, n, seed=0),
        "complete": nx.complete_graph(n),
        "star": nx.star_graph(n - 1),
        "bipartite": nx.complete_bipartite_graph(n // 2, n // 2),
        "cycle": nx.cycle_graph(n),
        "empty": nx.empty_graph(n),
    }[kind]
    return sparse.csr_array(nx.to_scipy_sparse_array(made, dtype=float))


@pytest.mark.parametrize("K", [2, 5, 70])
@pytest.mark.parametrize("kind", ["random", "regular", "complete", "star", "bipartite", "cycle", "empty"])
def test_eigenvectors_of_special_graphs(kind, K, monkeypatch):
    """Rounding errors along the known vector would grow past all others where the others lie far below 1."""
    monkeypatch.setattr(eigenvectors, "DENSE", 10)
    check_leading(eigenvectors.leading_vectors(graph(kind), K), graph(kind))


@pytest.mark.parametrize(("dtype", "unit"), [(np.float32, 0.1), (np.float64, 1e306), (np.float64, 1e-300)])
def test_filters_find_eigenvectors_in_any_precision_and_unit(dtype, unit, monkeypatch):
    """Without help from Lanczos: the known vectors are exact although sums in single precision are not."""
    monkeypatch.setattr(eigenvectors, "DENSE", 10)
    monkeypatch.setattr(eigenvectors, "_by_lanczos", None)
    W = graph("random")
    W.data = (W.data * unit).astype(dtype)
    found = eigenvectors.leading_vectors(W, 5)
    check_leading(found, sparse.csr_array(W.astype(float) / unit))


@pytest.mark.parametrize(("degree", "cut"), [(1, 0.5), (2, -0.3), (7, 0.2)])
def test_filters_are_polynomials_of_chebyshev(degree, cut):
    """Against the polynomial at the eigenvalues, on more rows than one block has."""
    rng = np.random.default_rng(degree)
    n = eigenvectors.BLOCK + 3
    vectors, values = np.linalg.qr(rng.normal(size=(n, n)))[0], rng.uniform(-1, 1, size=n)
    S, U = (vectors * values) @ vectors.T, rng.normal(size=(n, 8))
    sizes = chebval((values - (cut - 1) / 2) / ((cut + 1) / 2), [0] * degree + [1])
    found = eigenvectors.filtered(csr_parts(sparse.csr_array(S)), U, degree, cut)
    np.testing.assert_allclose(found, (vectors * sizes) @ vectors.T @ U, atol=1e-9 * abs(sizes).max())


@pytest.mark.parametrize(
    ("growth", "value", "cut"), [(1e12, 1.0, 0.5), (1e6, 0.8, -0.3), (1e3, 0.95, 0.9), (1e12, 0.9, -0.9)]
)
def test_the_degree_of_a_filter_is_the_least_that_grows_so_much(growth, value, cut):
    degree = eigenvectors._degree(growth, value, cut)
    place = (value - (cut - 1) / 2) / ((cut + 1) / 2)
    before, reached = (chebval(place, [0] * d + [1]) for d in (degree - 1, degree))
    assert reached >= growth
    assert before < growth or degree == eigenvectors.FIRST


def test_eigenvalues_that_no_iteration_tells_apart(monkeypatch):
    """Blocks on links so weak that many eigenvalues are 1 but for their last digits: one sentence says so."""
    blocks = [nx.to_numpy_array(nx.random_regular_graph(4, 10, seed=seed)) for seed in range(20)]
    W = sparse.block_diag(blocks).tolil()
    for p in range(9, 199, 10):
        W[p, p + 1] = W[p + 1, p] = 1e-10
    monkeypatch.setattr(eigenvectors, "DENSE", 10)
    monkeypatch.setattr(eigenvectors, "PRODUCTS", 100)
    with pytest.raises(ValueError, match="`affinity` must be a graph whose 5 largest eigenvalues stand apart"):
        baselines.spectral(np.arange(200.0)[:, None], 5, affinity=W.tocsr())


def symmetric_by_scipy(W):
    """The definition in sparse matrices."""
    return float(abs(W - W.T).max()) / float(np.abs(W.data).max()) / np.finfo(W.dtype).eps


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_asymmetry_of_any_pattern(dtype):
    rng = np.random.default_rng(0)
    for seed in range(40):
        W = sparse.random_array((12, 12), density=0.05 + 0.02 * seed, rng=seed, dtype=dtype).tocsr()
        if seed % 3 == 0:
            W = sparse.csr_array(W + W.T)
        if seed % 3 == 1 and W.nnz:
            W = sparse.csr_array(W + W.T)
            W.data[rng.integers(W.nnz)] *= 1.5
        if W.nnz:
            assert asymmetry(W) == pytest.approx(symmetric_by_scipy(W), rel=1e-5)
    empty = mirrored(sparse.csr_array((3, 3)))
    assert (empty.asymmetry, empty.largest, empty.diagonal.tolist()) == (0, 0, [0, 0, 0])
    twice = sparse.csr_array((np.ones(4), np.array([1, 1, 0, 0]), np.array([0, 2, 4])), shape=(2, 2))
    assert asymmetry(twice) == 0
    assert twice.nnz == 4  # the caller's matrix stays as it was
    one = sparse.csr_array(([1.0], [1], [0, 1, 1]), shape=(2, 2))
    assert asymmetry(one) == asymmetry(one.T.tocsr()) == 1 / np.finfo(float).eps


def test_bounds_of_sparse_and_dense_spectra_agree():
    rng = np.random.default_rng(2)
    for seed in range(20):
        W = sparse.random_array((15, 15), density=0.3, rng=seed).tocsr()
        W.data -= 0.4
        W = sparse.csr_array(W + W.T if seed % 2 else W)
        everywhere, free = np.ones((15, 1), bool), rng.random((15, 1)) < 0.7
        bounds = spectrum_bounds(np, W, everywhere)
        for one, other in zip(bounds, spectrum_bounds(np, W.toarray(), everywhere), strict=True):
            assert float(one) == pytest.approx(float(other), rel=1e-12, abs=1e-14)
        block = W.toarray() * free * free.T  # clamped points are scaled in another way: other bounds, which hold too
        lowest, norm, _ = spectrum_bounds(np, W, free)
        assert lowest <= np.linalg.eigvalsh((block + block.T) / 2)[0] + 1e-13
        assert norm >= np.linalg.norm(block, 2) - 1e-13


def test_a_run_knows_the_gap_of_its_certificate():
    """The pass that measures the end is that of the certificate, also beside clamped points and after short steps."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 2))
    W, A = tc.knn_affinity(X), rng.uniform(size=(200, 3))
    for damping in ("auto", 1.0, 0.5):
        for clamp in (None, np.where(rng.random(200) < 0.2, 1, -1)):
            found = tc.bound_update(A, W, lam=0.7, damping=damping, clamp=clamp, tol=0, max_iter=3)
            assert found.certificate.verify(tc.AssignmentProblem(A, W, clamp=clamp))
