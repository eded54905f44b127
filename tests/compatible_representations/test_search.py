"""Nearest items and templates against loops, ties by index, items that are left out, and units."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory.compatible_representations.search import nearest as nearest_module
from lrtheory.compatible_representations.search.features import classes_of, unit_rows
from lrtheory.compatible_representations.search.hits import found_classes, unanswerable
from lrtheory.compatible_representations.search.nearest import nearest
from lrtheory.compatible_representations.search.templates import template_scores, templates


def rows(rng, n, d=5, dtype=np.float64):
    return unit_rows(rng.normal(size=(n, d))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_nearest_item_is_that_of_a_loop_in_small_blocks(dtype, monkeypatch):
    monkeypatch.setattr(nearest_module, "BLOCK", 64)
    rng = np.random.default_rng(0)
    queries, gallery = rows(rng, 50, dtype=dtype), rows(rng, 31, dtype=dtype)
    exclude = rng.integers(-1, 31, 50)
    for skipped in (None, exclude):
        found = nearest(queries, gallery, skipped)
        for i, query in enumerate(queries.astype(np.float64)):
            scores = [float(query @ item) for item in gallery.astype(np.float64)]
            if skipped is not None and skipped[i] >= 0:
                scores[skipped[i]] = -np.inf
            assert found[i] == int(np.argmax(scores))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 64, 99, 384])
def test_items_that_occur_twice_are_found_by_the_first_index(dtype, d):
    rng = np.random.default_rng(d)
    gallery = np.tile(rows(rng, 7, d, dtype), (29, 1))
    queries = rows(rng, 40, d, dtype)
    assert (nearest(queries, gallery) < 7).all()
    np.testing.assert_array_equal(nearest(gallery, gallery), np.arange(len(gallery)) % 7)


def test_a_gallery_of_one_excluded_item_finds_nothing():
    one = np.array([[1.0, 0.0]])
    assert nearest(one, one, np.array([0])).tolist() == [-1]
    assert nearest(one, one, np.array([-1])).tolist() == [0]


def test_templates_are_the_directions_of_class_means():
    rng = np.random.default_rng(1)
    gallery, classes = rows(rng, 40), rng.permutation(np.arange(40) % 4)
    found = templates(gallery, classes, 4)
    for c in range(4):
        mean = gallery[classes == c].mean(axis=0)
        np.testing.assert_allclose(found[c], mean / np.linalg.norm(mean), rtol=1e-12)
    assert (templates(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0, 0]), 1) == 0).all()


def test_a_template_without_the_item_itself_is_that_of_the_others():
    rng = np.random.default_rng(2)
    gallery, classes = rows(rng, 14), np.arange(14) % 4
    classes[13] = 4  # alone in its class
    found = template_scores(gallery, gallery, classes, 5, np.arange(14)).argmax(axis=1)
    for i in range(14):
        others = np.arange(14) != i
        best, label = -np.inf, -1
        for c in range(5):
            mine = others & (classes == c)
            if not mine.any():
                continue
            mean = gallery[mine].sum(axis=0)
            score = gallery[i] @ mean / np.linalg.norm(mean)
            best, label = (score, c) if score > best else (best, label)
        assert found[i] == label


@pytest.mark.parametrize("metric", ["template", "nearest"])
@pytest.mark.parametrize("factor", [1e-300, 1e-20, 1e20, 1e300])
def test_classes_do_not_depend_on_the_lengths_of_rows(metric, factor):
    problem = cr.make_rays(5, n_queries=30, n_gallery=25, rng=0)
    classes = classes_of(problem.query_labels, problem.gallery_labels, 30, 25)
    due = found_classes(problem.new, problem.gallery, classes, metric)
    lengths = np.random.default_rng(0).uniform(0.5, 2, 25)[:, None] if metric == "nearest" else 1.0
    found = found_classes(problem.new * factor, problem.gallery * lengths / factor, classes, metric)
    np.testing.assert_array_equal(found, due)


def test_labels_of_any_kind_are_numbered_once():
    classes = classes_of(["b", 3, None], [3, "a", "b", 3], 3, 4)
    assert classes.names == (3, "a", "b", None)
    assert classes.queries.tolist() == [2, 0, 3]
    assert classes.gallery.tolist() == [0, 1, 2, 0]
    assert classes.n_in_gallery == 3
    assert unanswerable(classes) == 1
    assert unanswerable(classes, np.array([2, 0, -1])) == 2
