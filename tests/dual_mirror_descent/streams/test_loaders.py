"""Real streams: what the loaders promise about shapes, order and budgets, and that the solvers run on them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd


def test_flights(data):
    data("flights")
    stream = dmd.load_flights(load=2.0)
    assert (stream.horizon, stream.n_resources) == (279_971, 3)
    assert stream.names == ["EWR", "JFK", "LGA"]
    departures = stream.costs.sum((0, 1))
    assert departures.sum() == stream.horizon  # one slot each
    np.testing.assert_array_equal(stream.budget, np.floor(departures / 2))
    found = dmd.allocate(stream, geometry="scaled-euclidean")
    assert found.certificate.verify(stream)
    assert found.reward > 0.97 * found.certificate.bound
    assert found.reward > 1.2 * dmd.baselines.greedy(stream).reward


def test_hotel(data):
    data("hotel")
    nights, total = dmd.load_hotel(), dmd.load_hotel(resources="total")
    assert sparse.issparse(nights.costs)
    assert nights.costs.shape == (15_402, len(nights.names))
    np.testing.assert_array_equal(nights.costs.sum(axis=1), total.costs[:, 0, 0])  # a room in each night of the stay
    np.testing.assert_array_equal(nights.rewards, total.rewards)
    assert nights.names[0] == "2016-07-02"
    assert len(set(nights.budget)) == 1
    busiest = nights.costs.sum(axis=0).max()
    assert nights.budget[0] == np.floor(busiest / 1.25)
    found = dmd.allocate(total, geometry="scaled-euclidean")
    assert 0.9 < found.reward / dmd.hindsight_optimum(total).value <= 1


def test_hotel_stays_are_consecutive(data):
    data("hotel")
    costs = dmd.load_hotel().costs
    for row in range(0, 15_402, 500):
        columns = np.sort(costs.indices[costs.indptr[row] : costs.indptr[row + 1]])
        assert (np.diff(columns) == 1).all()


def test_ads(data):
    data("ads")
    stream = dmd.load_ads(impressions=100)
    assert (stream.horizon, stream.n_resources, stream.rewards.shape) == (10_000, 80, (9, 80))
    assert 0 < stream.rewards.min() <= stream.rewards.max() < 0.05
    found = dmd.allocate(stream)
    assert (found.consumption <= 100).all()
    assert found.reward > 0.9 * found.certificate.bound


@pytest.mark.parametrize(
    ("load", "options", "words"),
    [
        (dmd.load_flights, {"load": 1.0}, "`load` must be"),
        (dmd.load_hotel, {"resources": "rooms"}, "`resources` must be one of"),
        (dmd.load_ads, {"impressions": 0}, "`impressions` must be"),
    ],
)
def test_bad_options_need_no_data(load, options, words):
    with pytest.raises(ValueError, match=words):
        load(**options)
