"""Gaps, angles and losses on a simplex against draws, exact sums, and other ways to compute them."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.compatible_representations import (
    align_head,
    compatibility_gap,
    make_confusion,
    simplex_prototypes,
    theory,
)


def test_means_on_rays_have_the_gaps_of_their_products() -> None:
    K, a_o, a_n = 6, 0.7, 0.4
    W = simplex_prototypes(K)
    gaps = (a_n - a_o) * W @ (a_o * W).T
    same, different = theory.gap_rays(a_o, a_n, n_classes=K)
    assert np.diag(gaps) == pytest.approx(same)
    assert gaps[~np.eye(K, dtype=bool)] == pytest.approx(different)
    assert theory.gap_rays(Fraction(7, 10), Fraction(9, 10), n_classes=10) == (Fraction(7, 50), Fraction(-7, 450))


def test_collapsed_features_have_the_gaps_of_their_laws() -> None:
    p = np.array([[0.45, 0.55, 0.0], [0.2, 0.6, 0.2], [0.0, 0.0, 1.0]])
    problem = make_confusion(p, np.eye(3), n_queries=3000, n_gallery=3000, rng=0)
    found = compatibility_gap(*problem.features, **problem.labels, delta=None).by_class
    same, _ = theory.gap_confusion(p, np.eye(3))
    for y, gap in zip(found.classes, found.pair_same, strict=True):
        assert gap == pytest.approx(same[y], abs=0.05)


def test_a_simplex_that_grows_is_turned_as_well_as_can_be() -> None:
    draws = np.random.default_rng(0)
    old, new = simplex_prototypes(4), simplex_prototypes(7)[:4]
    found = align_head(old, new)
    assert found.mean_cosine == pytest.approx(theory.growth_cosine(4, larger=7), abs=1e-12)
    padded = np.pad(old, ((0, 0), (0, 3)))
    for _ in range(50):
        turn = np.linalg.qr(draws.normal(size=(6, 6)))[0]
        assert ((padded @ turn) * new).sum() / 4 <= found.mean_cosine + 1e-12
    assert theory.growth_cosine(10, larger=11) == pytest.approx(math.sqrt(1 - 1 / 100), abs=1e-12)


@pytest.mark.parametrize("radius", [0.0, 0.5, 3.0, 20.0, 40.0])
@pytest.mark.parametrize("K", [2, 3, 10, 1000])
def test_floor_and_alignment_are_each_other_s_inverse_with_fifty_digits(K: int, radius: float) -> None:
    with localcontext() as context:
        context.prec = 50
        r, k = Decimal(radius), Decimal(K)
        floor = (1 + (k - 1) * (-r * k / (k - 1)).exp()).ln()
        assert theory.cross_entropy_floor(radius, n_classes=K) == pytest.approx(float(floor), rel=1e-13)
        loss = Decimal(float(floor))
        due = (k - 1) / k * ((k - 1) / (loss.exp() - 1)).ln()
        assert theory.alignment_from_loss(float(floor), n_classes=K) == pytest.approx(float(due), rel=1e-12, abs=1e-13)


def test_wrong_bounds_of_the_alignment_are_above_it() -> None:
    """For a feature at twice its vertex, K = 3: with K for K - 1, or without the factor, the bound is no bound."""
    loss = theory.cross_entropy_floor(2.0, n_classes=3)
    assert theory.alignment_from_loss(loss, n_classes=3) == pytest.approx(2.0)
    assert 2 / 3 * math.log(3 / math.expm1(loss)) == pytest.approx(2.27, abs=0.005)
    assert math.log(2 / math.expm1(loss)) == pytest.approx(3.0)


@pytest.mark.parametrize("loss", [1e-12, 0.5, 1.5, 800.0])
def test_the_angle_of_a_loss_has_all_its_digits_however_large_it_is(loss: float) -> None:
    with localcontext() as context:
        context.prec = 50
        due = Decimal(2) / 3 * (Decimal(2) / (Decimal(loss).exp() - 1)).ln()
    assert theory.alignment_from_loss(loss, n_classes=3) == pytest.approx(float(due), rel=1e-14)
