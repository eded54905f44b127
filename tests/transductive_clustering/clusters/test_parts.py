"""Parts of the ways to cluster: starts by trials against enumeration, and the unit of a ridge."""

import numpy as np
import pytest
from scipy import sparse

from lrtheory.transductive_clustering.clusters.prototypes import bandwidth_of, ridge_of
from lrtheory.transductive_clustering.clusters.starts import plus_plus


class Draws:
    """A generator that draws these points, whatever their probabilities are."""

    def __init__(self, first, *others):
        self.first, self.others = first, list(others)

    def integers(self, high):
        return self.first

    def choice(self, n, p=None):
        return self.others.pop(0)


@pytest.mark.parametrize("trials", [(1, 3), (3, 1), (1, 3, 2), (2, 1, 3), (1,), (3,)])
def test_the_best_of_several_trials_for_a_point_is_kept(trials):
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    left = {i: np.minimum(X[:, 0] ** 2, (X[:, 0] - X[i, 0]) ** 2).sum() for i in trials}
    assert plus_plus(X, 2, Draws(0, *trials), len(trials)).ravel().tolist() == [0.0, X[min(left, key=left.get), 0]]


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_the_ridge_of_covariances_has_the_unit_of_the_squares(unit):
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert ridge_of(unit * X) == pytest.approx(unit**2 * ridge_of(X), rel=1e-12)
    assert 0 < ridge_of(X) < 0.01 * X.var(axis=0).mean()
    assert ridge_of(np.full((4, 2), unit)) == 1.0


def test_without_lengths_of_edges_the_bandwidth_is_the_spread():
    X = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    same = sparse.csr_array((np.ones(4), ([0, 1, 2, 3], [1, 0, 3, 2])), shape=(4, 4))
    assert bandwidth_of(X, same) == 2.5  # of each point to the mean
    assert bandwidth_of(X[:2], same[:2][:, :2]) == 1
    across = sparse.csr_array(([1.0, 1.0], ([0, 2], [2, 0])), shape=(4, 4))
    assert bandwidth_of(X, across) == 5
