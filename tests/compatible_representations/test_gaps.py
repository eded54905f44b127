"""Gaps by class sums against the matrix of all pairs, in exact numbers, in every array library, and their intervals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory._numbers.confidence import mean_interval


def drawn(rng, n=9, m=12, d=4, classes=3):
    new, old = rng.integers(-4, 5, (2, n, d))
    gallery = rng.integers(-4, 5, (m, d))
    for one in (new, old, gallery):
        one[(one == 0).all(axis=1)] = 1
    return new, old, gallery, rng.integers(0, classes, n), np.arange(m) % classes


def by_pairs(new, old, gallery, asked, known, exclude=None):
    """Sums and numbers of pairs for each query, same and different, in whole numbers."""
    found = np.zeros((len(new), 4), object)
    for i in range(len(new)):
        for j in range(len(gallery)):
            if exclude is not None and exclude[i] == j:
                continue
            gap = sum(int(a - b) * int(g) for a, b, g in zip(new[i], old[i], gallery[j], strict=True))
            kind = int(asked[i] != known[j])
            found[i, kind] += gap
            found[i, 2 + kind] += 1
    return found


@pytest.mark.parametrize("seed", range(6))
def test_class_sums_are_the_sums_over_all_pairs(seed):
    rng = np.random.default_rng(seed)
    new, old, gallery, asked, known = drawn(rng)
    exclude = None if seed % 2 else rng.integers(-1, len(gallery), len(new))
    gap = cr.compatibility_gap(new, old, gallery, query_labels=asked, gallery_labels=known, exclude=exclude)
    due = by_pairs(new, old, gallery, asked, known, exclude)
    for kind, (values, mean, pairs) in enumerate(
        [(gap.same_values, gap.same, gap.pair_same), (gap.different_values, gap.different, gap.pair_different)]
    ):
        exact = [Fraction(total, count) for total, count in zip(due[:, kind], due[:, 2 + kind], strict=True)]
        assert values.tolist() == [float(one) for one in exact]
        assert mean == pytest.approx(float(sum(exact) / len(exact)), rel=1e-14, abs=1e-15)
        assert pairs == float(Fraction(int(due[:, kind].sum()), int(due[:, 2 + kind].sum())))
    for label, same in zip(gap.by_class.classes, gap.by_class.pair_same, strict=True):
        rows = asked == label
        if rows.any():
            assert same == float(Fraction(int(due[rows, 0].sum()), int(due[rows, 2].sum())))
        else:
            assert np.isnan(same)


def test_a_query_that_does_not_exclude_itself_moves_the_gap():
    rng = np.random.default_rng(1)
    new, _, gallery, _, known = drawn(rng, n=12)
    own = np.arange(12)
    with_itself = cr.compatibility_gap(new, gallery, gallery, query_labels=known, gallery_labels=known)
    without = cr.compatibility_gap(new, gallery, gallery, query_labels=known, gallery_labels=known, exclude=own)
    assert with_itself.pair_same != without.pair_same
    assert with_itself.pair_different == without.pair_different


def test_the_answer_is_one_in_every_library(xp):
    problem = cr.make_rays(4, n_queries=15, n_gallery=12, rng=0)
    options = problem.labels | {"exclude": np.arange(15) % 12 - 1}
    due = cr.compatibility_gap(*problem.features, **options)
    found = cr.compatibility_gap(*map(xp.asarray, problem.features), **options)
    for name in ("same", "different", "pair_same", "pair_different"):
        assert getattr(found, name) == pytest.approx(getattr(due, name), rel=1e-12)
    np.testing.assert_allclose(xp.to_numpy(found.same_values), due.same_values, rtol=1e-10)
    assert found.same_interval == pytest.approx(due.same_interval, rel=1e-9)


def test_single_precision_is_summed_in_double():
    problem = cr.make_rays(5, n_queries=300, n_gallery=400, rng=1)
    single = [one.astype(np.float32) for one in problem.features]
    double = [one.astype(np.float64) for one in single]
    assert cr.compatibility_gap(*single, **problem.labels, delta=None).pair_same == pytest.approx(
        cr.baselines.all_pairs(*double, **problem.labels)[0], rel=1e-12
    )


def test_intervals_belong_to_the_mean_over_queries():
    problem = cr.make_rays(3, n_queries=40, n_gallery=30, rng=2)
    gap = cr.compatibility_gap(*problem.features, **problem.labels, delta=0.1)
    low, high = mean_interval((gap.same_values + 2) / 4, 0.1)
    assert gap.same_interval == (4 * low - 2, 4 * high - 2)
    assert gap.same_interval[0] <= gap.same <= gap.same_interval[1]
    assert gap.violating_same == (gap.same_values < 0).mean()
    assert gap.violating_different == (gap.different_values > 0).mean()


def test_rows_of_other_norms_get_no_interval_and_a_word():
    problem = cr.make_rays(3, n_queries=10, n_gallery=9, rng=2)
    new, old, gallery = problem.features
    gap = cr.compatibility_gap(2 * new, old, gallery, **problem.labels)
    assert gap.same_interval is None
    assert "no intervals, as rows have other norms than 1" in gap.message
    assert "no intervals" not in cr.compatibility_gap(2 * new, old, gallery, **problem.labels, delta=None).message


def test_one_class_has_no_unlike_pair():
    gap = cr.compatibility_gap([[1.0, 0.0]], [[0.6, 0.8]], [[1.0, 0.0]], query_labels=["a"], gallery_labels=["a"])
    assert gap.different is None
    assert gap.pair_different is None
    assert gap.different_interval is None
    assert "there is no pair of unlike classes" in gap.message


def test_means_come_near_the_formulas_of_rays_and_confusions():
    problem = cr.make_rays(6, old_length=0.5, new_length=0.8, n_queries=4000, n_gallery=4000, rng=0)
    gap = cr.compatibility_gap(*problem.features, **problem.labels, delta=None)
    same, different = cr.theory.gap_rays(0.5, 0.8, n_classes=6)
    assert gap.same == pytest.approx(same, abs=0.01)
    assert gap.different == pytest.approx(different, abs=0.005)
    old, new = np.array([[0.45, 0.55], [0.1, 0.9]]), np.eye(2)
    problem = cr.make_confusion(old, new, n_queries=4000, n_gallery=4000, rng=0)
    gap = cr.compatibility_gap(*problem.features, **problem.labels, delta=None)
    same, _ = cr.theory.gap_confusion(old, new)
    np.testing.assert_allclose(gap.by_class.pair_same, same, atol=0.05)
    assert same[0] < 0  # a perfect new encoder breaks the definition


def test_numbers_whose_squares_leave_the_doubles_are_refused():
    problem = cr.make_rays(3, n_queries=5, n_gallery=5, rng=0)
    for factor in (1e-200, 1e200):
        with pytest.raises(ValueError, match="features whose squares are in the range of doubles"):
            cr.compatibility_gap(*(one * factor for one in problem.features), **problem.labels)
