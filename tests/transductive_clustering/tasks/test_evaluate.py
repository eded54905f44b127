"""Episodes, and the comparison of methods on them."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import theory


def test_episodes_are_what_they_say(points):
    X, y = points
    batch = tc.make_episodes(X, y, n_tasks=30, way=3, shot=2, query=4, proportions=2.0, classes=[1, 2, 4, 5], rng=0)
    assert batch.support.shape == (30, 6, 12)
    assert batch.query.shape == (30, 12, 12)
    assert set(np.unique(batch.query_labels)) <= {1, 2, 4, 5}
    means = {c: X[y == c].mean(0) for c in (1, 2, 4, 5)}
    for e in range(30):
        rows = np.concatenate([batch.support[e], batch.query[e]])
        assert len(np.unique(rows, axis=0)) == len(rows)  # nothing twice
        assert (np.bincount(batch.support_labels[e], minlength=6)[np.unique(batch.support_labels[e])] == 2).all()
        outside = set(means) - set(batch.support_labels[e].tolist())
        np.testing.assert_allclose(batch.base_mean[e], np.mean([means[c] for c in outside], axis=0))
    assert any(len(set(np.bincount(labels, minlength=6))) > 2 for labels in batch.query_labels)
    for options, name in (({"way": 8}, "way"), ({"query": 25}, "query"), ({"proportions": 0.0}, "proportions")):
        with pytest.raises(ValueError, match=f"`{name}` must be"):
            tc.make_episodes(X, y, n_tasks=1, **{"way": 2, **options})


def test_evaluate_pairs_its_differences(points):
    X, y = points
    table = tc.evaluate(X, y, n_tasks=60, way=3, query=5, methods=("nearest", "slk"), validation=[4, 5, 6], rng=0)
    assert table.methods == ("nearest", "slk")
    np.testing.assert_allclose(table.differences[1, 0], table.accuracy[1] - table.accuracy[0])
    one = theory.half_width(table.correct[1] - table.correct[0])
    assert table.difference_half_width[1, 0] == pytest.approx(one)
    assert table.difference_half_width[0, 0] == 0
    assert set(table.lams) == {"slk"}
    assert table.chosen_on == (4, 5, 6)
    assert "of 4 classes" in table.message
    again = tc.evaluate(X, y, n_tasks=60, way=3, query=5, methods=("nearest", "slk"), validation=[4, 5, 6], rng=0)
    np.testing.assert_array_equal(table.correct, again.correct)
    refused = [
        ({"methods": ()}, "`methods` must be at least one"),
        ({"methods": ("slk", "slk")}, "`methods` must be at least one, and each once"),
        ({"methods": ("best",)}, "`methods` must be one of"),
        ({"n_tasks": 1}, "`n_tasks` must be an integer of at least 2"),
        ({"validation": [0]}, "`validation` must be None or at least two classes"),
        ({"validation": [0, 99]}, "`validation` must be labels of y; got 99"),
        ({"methods": {"slk": {"temperature": 0}}}, "`temperature` must be positive"),
        ({"methods": {"slk": {"temperature": 0}}, "validation": [0, 1]}, "`temperature` must be positive"),
    ]
    for options, sentence in refused:
        with pytest.raises(ValueError, match=sentence):
            tc.evaluate(X, y, **{"n_tasks": 5, "way": 2, **options})
    for classes, sentence in (([1, 1], "without a class that stands twice"), ([1, 99], "labels of y; got 99")):
        with pytest.raises(ValueError, match=sentence):
            tc.make_episodes(X, y, n_tasks=1, way=2, classes=classes)
    small = tc.evaluate(X, y, n_tasks=5, way=4, query=5, methods={"slk": {"lam": None}}, validation=[4, 5], rng=0)
    assert "weights chosen on tasks of 2 of the classes (4, 5)" in small.message
    assert set(small.lams) == {"slk"}
    fixed = tc.evaluate(X, y, n_tasks=5, way=4, query=5, methods=("nearest",), validation=[4, 5], rng=0)
    assert fixed.chosen_on == ()
