"""Bad arrays: each is refused by one sentence that says which argument is wrong and what it must be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence

ZEROS, HALVES, SWAP = np.zeros((2, 2)), np.full((2, 2), 0.5), np.array([[0.0, 1.0], [1.0, 0.0]])
LINE, POINTS = [0.0, 1.0], np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
TRUTH = np.array([0, 1, 1])


def hidden(value):
    """The array with its first entry behind a mask, which NumPy drops without a word."""
    value = np.asarray(value)
    mask = np.zeros(value.shape, bool)
    mask.flat[0] = True
    return np.ma.masked_array(value, mask=mask)


def episodes(**other):
    arrays = {"support": ZEROS[None], "support_labels": [[0, 1]], "query": ZEROS[None], "query_labels": [[0, 1]]}
    return tc.EpisodeBatch(**(arrays | other))


MASKED = {
    "costs": lambda x: tc.bound_update(x(ZEROS), SWAP),
    "affinity": lambda x: tc.bound_update(ZEROS, x(SWAP)),
    "init": lambda x: tc.bound_update(ZEROS, SWAP, init=x(HALVES)),
    "clamp": lambda x: tc.bound_update(ZEROS, SWAP, clamp=x([0, -1])),
    "costs of a problem": lambda x: tc.AssignmentProblem(x(ZEROS), SWAP),
    "clamp of a problem": lambda x: tc.AssignmentProblem(ZEROS, SWAP, clamp=x([0, -1])),
    "X": lambda x: tc.cluster(x(POINTS), 2),
    "X of lists": lambda x: tc.cluster([x([0.0, 1.0]), [2.0, 3.0]], 1),
    "init of clusters": lambda x: tc.cluster(POINTS, 2, init=x(POINTS[:2])),
    "clamp of clusters": lambda x: tc.cluster(POINTS, 2, clamp=x([0, 1, -1])),
    "affinity of clusters": lambda x: tc.cluster(POINTS, 2, affinity=x(np.eye(3))),
    "features": lambda x: tc.ClusteringProblem(x(POINTS)),
    "truth": lambda x: tc.ClusteringProblem(POINTS, x(TRUTH)),
    "weights": lambda x: tc.make_gaussian_mixture(4, 2, weights=x([1.0, 1.0])),
    "X of a graph": lambda x: tc.knn_affinity(x(POINTS)),
    "X of neighbors": lambda x: tc.nearest_neighbors(x(POINTS), 1),
    "X of an order": lambda x: tc.spatial_order(x(POINTS)),
    "affinity of a shift": lambda x: tc.psd_shift(x(SWAP)),
    "affinity of a certificate": lambda x: tc.monotone_report(x(SWAP)),
    "y": lambda x: tc.make_episodes(np.arange(8.0)[:, None], x(np.arange(8) % 2), n_tasks=1, way=2, query=1),
    "classes": lambda x: tc.make_episodes(POINTS, TRUTH, n_tasks=1, classes=x([0, 1])),
    "support": lambda x: tc.few_shot(x(np.eye(2)), [0, 1], ZEROS),
    "support_labels": lambda x: tc.few_shot(np.eye(2), x([0, 1]), ZEROS),
    "query": lambda x: tc.few_shot(np.eye(2), [0, 1], x(ZEROS)),
    "query_mask": lambda x: tc.few_shot(np.eye(2), [0, 1], ZEROS, query_mask=x([True, True])),
    "base_mean": lambda x: tc.few_shot(np.eye(2), [0, 1], ZEROS, base_mean=x([0.0, 0.0])),
    "support of a batch": lambda x: episodes(support=x(ZEROS[None])),
    "query_labels": lambda x: episodes(query_labels=x([[0, 1]])),
    "assignments": lambda x: tc.relaxed_energy(x(HALVES), ZEROS, SWAP),
    "assignments of a Laplacian": lambda x: tc.laplacian_energy(x(HALVES), ZEROS, SWAP),
    "labels": lambda x: tc.discrete_energy(x([0, 1]), ZEROS, SWAP),
    "assignments to round": None,
    "order": lambda x: tc.round_assignments(HALVES, ZEROS, SWAP, order=x([0, 1])),
    "p": lambda x: kl_divergence(x(HALVES), HALVES),
}
MASKED["assignments to round"] = lambda x: tc.round_assignments(x(HALVES), ZEROS, SWAP)


@pytest.mark.parametrize("name", MASKED)
def test_masked_arrays_are_refused(name):
    with pytest.raises((TypeError, ValueError), match=f"`{name.split()[0]}` must be an array without a mask"):
        MASKED[name](hidden)


FLAT = {
    "cluster": lambda: tc.cluster(LINE, 1),
    "knn_affinity": lambda: tc.knn_affinity(LINE),
    "nearest_neighbors": lambda: tc.nearest_neighbors(LINE, 1),
    "spatial_order": lambda: tc.spatial_order(POINTS[None]),
    "make_episodes": lambda: tc.make_episodes(LINE, [0, 1], n_tasks=1),
    "evaluate": lambda: tc.evaluate(LINE, [0, 1]),
    "lloyd": lambda: baselines.lloyd(LINE, 1),
    "spectral": lambda: baselines.spectral(LINE, 1),
    "ClusteringProblem": lambda: tc.ClusteringProblem(LINE),
    "costs": lambda: tc.cluster(POINTS, 2, rng=0).costs(LINE),
}


@pytest.mark.parametrize("name", FLAT)
def test_points_have_two_axes_of_their_own(name):
    with pytest.raises(ValueError, match=r"`(X|features)` must be of shape \(n, d\); got"):
        FLAT[name]()


REFUSED = [
    # few-shot calls without labels or queries
    (lambda: tc.few_shot(np.eye(2), [0, 1], ZEROS, tol=-0.5), "`tol` must be in [0, 1]"),
    (lambda: tc.few_shot(np.eye(2), None, ZEROS), "`support_labels` must be given beside an array `support`"),
    (lambda: tc.few_shot(np.eye(2), [0, 1]), "`query` must be given beside an array `support`"),
    (lambda: tc.make_episodes(POINTS, [None, None, 1], n_tasks=1), "`y` must be labels of one kind"),
    # labels of classes
    (lambda: tc.few_shot(np.eye(2), [0, np.inf], ZEROS), "`support_labels` must be finite; got inf."),
    (lambda: tc.few_shot(np.eye(2), np.array([0, np.inf], object), ZEROS), "`support_labels` must be finite; got inf."),
    (lambda: tc.few_shot(np.eye(2), [0, 1], ZEROS[0]), "`query` must be of shape (NQ, 2) with at least one point"),
    (lambda: tc.make_episodes(POINTS, TRUTH + 1j, n_tasks=1), "`y` must be numbers or strings"),
    (lambda: tc.evaluate(POINTS, TRUTH + 1j), "`y` must be numbers or strings"),
    (lambda: tc.evaluate(POINTS, [0, np.inf, 1]), "`y` must be finite; got inf."),
    (
        lambda: tc.make_episodes(POINTS, [0, 0, 0], n_tasks=1, way=1, query=1, proportions=-1),
        "`proportions` must be positive; got -1.",
    ),
    (lambda: tc.evaluate(POINTS, TRUTH, methods=3), "`methods` must be a sequence; got 3."),
    (lambda: tc.evaluate(POINTS, TRUTH, methods=[["slk"]]), "`methods` must be one of"),
    (lambda: tc.evaluate(POINTS, TRUTH, methods={"a": 1}), "`methods['a']` must be a mapping of options"),
    # loops
    (lambda: tc.cluster(POINTS, 2, callback=3), "`callback` must be callable or None; got 3."),
    (lambda: tc.bound_update(ZEROS, SWAP, callback="f"), "`callback` must be callable or None; got 'f'."),
    (lambda: baselines.lloyd(POINTS, 2, callback=3), "`callback` must be callable or None; got 3."),
    (lambda: tc.round_assignments(HALVES, ZEROS, SWAP, order=3), "`order` must be a permutation of 0, ..., 1"),
    (lambda: tc.round_assignments(HALVES, ZEROS, SWAP, lam=-1), "`lam` must be in [0, inf); got -1."),
    # starts
    (
        lambda: tc.bound_update([[0, 1]], [[0]], init=[[2, -1]]),
        "`init` must be of rows in the simplex, with no entry below 0; got -1.0.",
    ),
    (
        lambda: tc.bound_update([[0, 1]], [[0]], init=[[0.2, 0.1]]),
        "`init` must be of rows with sum 1; got a row whose sum is off by 0.7.",
    ),
    (
        lambda: tc.AssignmentProblem([[0, 1]], [[0]], [[2, -1]]),
        "`init` must be of rows in the simplex, with no entry below 0; got -1.",
    ),
    (lambda: tc.AssignmentProblem([[0, 1]], [[0]], [[1.0, 1.0]]), "`init` must be of rows with sum 1"),
    # problems
    (lambda: tc.AssignmentProblem(ZEROS, SWAP, clamp=[2, -1]), "`clamp` must be in [-1, 1]; got 2."),
    (lambda: tc.AssignmentProblem(ZEROS, SWAP, clamp=[-5, -1]), "`clamp` must be in [-1, 1]; got -5."),
    (lambda: tc.AssignmentProblem(ZEROS, sparse.csr_array(SWAP * np.nan)), "`affinity` must be finite"),
    (lambda: tc.AssignmentProblem(ZEROS, sparse.csr_array(SWAP * 1j)), "`affinity` must be an array of real numbers"),
    (lambda: tc.AssignmentProblem(sparse.csr_array(SWAP), SWAP), "`costs` must be a dense array"),
    (lambda: tc.AssignmentProblem(None, SWAP), "`costs` must be an array of real numbers"),
    (lambda: tc.ClusteringProblem(POINTS, [[0], [0, 1], [1]]), "`truth` must be an array with rows of equal length"),
    # energies
    (
        lambda: tc.relaxed_energy(3 * HALVES, ZEROS, SWAP),
        "`assignments` must be of rows with sum 1; got a row with the sum 3.0.",
    ),
    (lambda: tc.relaxed_energy([[2, -1], [0, 1]], ZEROS, SWAP), "`assignments` must be of rows in the simplex"),
    (lambda: tc.relaxed_energy(HALVES, ZEROS + 1e308, SWAP), "`costs` must be of a size below"),
    (lambda: tc.relaxed_energy(HALVES, ZEROS, SWAP * 1e300, lam=1e10), "`lam` must be so small"),
    (lambda: tc.relaxed_energy(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 0))), "with at least one entry"),
    (lambda: tc.relaxed_energy(np.zeros((2, 0)), np.zeros((2, 0)), SWAP), "with at least one entry"),
    (
        lambda: tc.relaxed_energy(HALVES[None], ZEROS[None], sparse.csr_array(SWAP)),
        "`affinity` must be dense for batches",
    ),
    (lambda: tc.relaxed_energy(None, ZEROS, SWAP), "`assignments` must be an array of real numbers"),
    (
        lambda: tc.relaxed_energy(HALVES, ZEROS, np.array([[0, np.inf], [1, 0]], object)),
        "`affinity` must be in (-inf, inf)",
    ),
    (lambda: tc.relaxed_energy(HALVES, ZEROS, np.array([[0, None], [1, 0]], object)), "`affinity` must be a number"),
    (
        lambda: tc.relaxed_energy(np.array([[Fraction(1, 3)] * 2] * 2, object), ZEROS, SWAP),
        "`assignments` must be of rows with sum 1",
    ),
    (lambda: tc.laplacian_energy(3 * HALVES, ZEROS, SWAP), "`assignments` must be of rows with sum 1"),
    (lambda: tc.laplacian_energy(HALVES, ZEROS, np.triu(SWAP)), "`affinity` must be symmetric, as a Laplacian is"),
    (lambda: tc.laplacian_energy(HALVES, ZEROS, sparse.csr_array(np.triu(SWAP))), "`affinity` must be symmetric"),
    (
        lambda: tc.laplacian_energy(HALVES, ZEROS, np.triu(SWAP).astype(int).astype(object)),
        "`affinity` must be symmetric",
    ),
    (lambda: tc.discrete_energy(None, ZEROS, SWAP), "`labels` must be integers of shape (2,)"),
    (lambda: tc.discrete_energy("ab", ZEROS, SWAP), "`labels` must be integers of shape (2,)"),
    (lambda: tc.discrete_energy([[0, 1]], ZEROS[None], sparse.csr_array(SWAP)), "`affinity` must be dense for batches"),
    (
        lambda: tc.discrete_energy([0, 1], np.array([[np.nan, 0], [0, 0]], object), SWAP),
        "`costs` must be in (-inf, inf)",
    ),
    (lambda: tc.monotone_report(SWAP, clamp=[-2, 0]), "`clamp` must be at least -1; got -2"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_bad_input(call, sentence):
    with pytest.raises((ValueError, TypeError)) as raised:
        call()
    assert sentence in str(raised.value)
