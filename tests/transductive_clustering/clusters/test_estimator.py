"""The estimator, alone and under scikit-learn's own checks where it can be imported."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from tests.backends import missing

POINTS = tc.make_gaussian_mixture(60, 3, 2, rng=0).features


def test_it_is_cluster():
    model = tc.LaplacianKPrototypes(3, lam=0.5, random_state=0).fit(POINTS)
    found = tc.cluster(POINTS, 3, lam=0.5, rng=0)
    np.testing.assert_array_equal(model.labels_, found.labels)
    np.testing.assert_array_equal(model.cluster_centers_, found.prototypes)
    np.testing.assert_array_equal(model.assignments_, found.assignments)
    assert np.diff(model.energies_).max() <= 1e-9
    assert model.n_iter_ == found.n_iter
    assert (model.predict(POINTS) == model.labels_).mean() > 0.95
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).labels_, model.labels_)


def test_parameters():
    model = tc.LaplacianKPrototypes(3, lam=0.5)
    assert repr(model) == "LaplacianKPrototypes(n_clusters=3, lam=0.5)"
    assert model.set_params(lam=2.0).get_params()["lam"] == 2.0
    with pytest.raises(ValueError, match="`params` must be names among"):
        model.set_params(lambda_=1.0)


def test_bad_input():
    with pytest.raises(ValueError, match="not fitted yet"):
        tc.LaplacianKPrototypes().predict(POINTS)
    with pytest.raises(ValueError, match="`n_clusters` must be at most n_samples=60; got 61"):
        tc.LaplacianKPrototypes(61).fit(POINTS)
    fitted = tc.LaplacianKPrototypes(2, random_state=0).fit(POINTS)
    with pytest.raises(ValueError, match="features"):
        fitted.predict(POINTS[:, :1])


def test_scikit_learn_checks_it(uses):
    try:
        from sklearn.utils.estimator_checks import check_estimator
    except ImportError as error:
        missing("sklearn", error)
    uses("sklearn")
    with warnings.catch_warnings():  # about a base class that it does without
        warnings.simplefilter("ignore")
        check_estimator(tc.LaplacianKPrototypes())
