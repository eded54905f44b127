"""Formulas of many edits and of frozen parts, and the accuracies of ridge learners, by other routes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.continual_learning.families.streams import ALWAYS, Stream
from proofs_checks.continual_learning.maps.many_edits import distance_range, least_squares, repeated
from proofs_checks.continual_learning.subspaces.frozen_losses import free_eigenvalue
from proofs_checks.continual_learning.task_orders import Course, courses, is_decided, shares


@pytest.mark.parametrize("seed", range(20))
def test_the_distance_from_least_squares_is_within_its_range(seed: int) -> None:
    """Against the ridge solution from stacked rows, whose least-squares part is that of `lstsq`."""
    rng = np.random.default_rng(seed)
    d, lam = int(rng.integers(1, 5)), 10.0 ** rng.uniform(-1, 1)
    K, V, W0 = rng.normal(size=(d + 3, d)), rng.normal(size=(d + 3, 2)), rng.normal(size=(d, 2))
    K0 = rng.normal(size=(2, d))
    G = np.linalg.lstsq(K, V, rcond=None)[0]
    W = np.linalg.lstsq(np.vstack([K, lam * np.eye(d), K0]), np.vstack([V, lam * W0, K0 @ W0]), rcond=None)[0]
    prior, S = np.linalg.eigvalsh(lam**2 * np.eye(d) + K0.T @ K0), np.linalg.eigvalsh(K.T @ K)
    low, high = distance_range(prior[0], prior[-1], S[0], S[-1], float(((W0 - G) ** 2).sum()))
    assert low * (1 - 1e-9) <= ((W - G) ** 2).sum() <= high * (1 + 1e-9)


def test_the_range_is_exact_in_one_coordinate_and_falls_with_the_square_of_t() -> None:
    assert distance_range(Fraction(4), Fraction(4), Fraction(8), Fraction(8), 9) == (1, 1)
    far, near = (distance_range(1, 1, t, t, 10**12)[1] for t in (999, 9999))
    assert far / near == 100


@pytest.mark.parametrize("stream", ALWAYS)
def test_repeated_edits_have_one_least_squares_map(stream: Stream) -> None:
    n = len(stream.edits)
    once, thrice = least_squares(stream, n), least_squares(repeated(stream, 3), 3 * n)
    assert once is not None
    assert thrice is not None
    np.testing.assert_array_equal(thrice[0], 3 * once[0])
    np.testing.assert_array_equal(thrice[1], once[1])


@pytest.mark.parametrize("seed", range(10))
def test_the_free_eigenvalue_is_the_most_that_a_free_direction_is_used(seed: int) -> None:
    """Against all directions of a fine grid of the plane that one frozen direction leaves."""
    rng = np.random.default_rng(seed)
    X, Q = rng.normal(size=(5, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    angles = np.linspace(0, np.pi, 20_001)
    x = np.cos(angles)[:, None] * Q[:, 1] + np.sin(angles)[:, None] * Q[:, 2]
    used = ((x @ X.T) ** 2).sum(axis=1).max()
    assert used <= free_eigenvalue(X, Q[:, :1]) * (1 + 1e-12)
    assert used == pytest.approx(free_eigenvalue(X, Q[:, :1]), rel=1e-6)
    assert free_eigenvalue(X, Q[:, :0]) == pytest.approx(np.linalg.norm(X, 2) ** 2)
    assert free_eigenvalue(X, Q) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("course", courses())
def test_accuracies_are_those_of_one_least_squares_problem(course: Course) -> None:
    """Against doubles, all rows at once."""
    rows = np.vstack([task[0][0] for task in course.tasks])
    labels = np.concatenate([task[0][1] for task in course.tasks])
    X, Y = np.c_[rows, np.ones(len(rows))], np.eye(labels.max() + 1)[labels]
    root = float(course.ridge) ** 0.5
    A = np.vstack([X, root * np.eye(X.shape[1])])
    W = np.linalg.lstsq(A, np.vstack([Y, np.zeros((X.shape[1], Y.shape[1]))]), rcond=None)[0]
    for share, (_, (tests, right)) in zip(
        shares(course, frozenset(range(len(course.tasks)))), course.tasks, strict=True
    ):
        named = (np.c_[np.array(tests), np.ones(len(tests))] @ W).argmax(axis=1)
        assert float(share) == np.mean(named == np.array(right))


def test_a_row_between_two_classes_is_not_decided() -> None:
    first, second = (((1,),), (0,)), (((-1,),), (1,))
    middle = (((0,),), (0,))
    assert not is_decided(Course(((first, middle), (second, middle))))
    assert is_decided(Course(((first, first), (second, second))))
