"""Maps against closed values and competitors, what few items leave open, unlike widths, and numbers of items."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr


def turn(rng, d):
    return np.linalg.qr(rng.normal(size=(d, d)))[0]


@pytest.mark.parametrize(("items", "d"), [(30, 4), (4, 4), (3, 10), (2, 9), (1, 1), (1, 5)])
def test_a_rotation_has_the_least_residual(items, d):
    rng = np.random.default_rng(items * d)
    new, old = rng.normal(size=(2, items, d))
    found = cr.fit_map(new, old)
    R = found.matrix
    assert np.abs(R.T @ R - np.eye(d)).max() < 1e-13
    least = (new**2).sum() + (old**2).sum() - 2 * np.linalg.svd(new.T @ old, compute_uv=False).sum()
    assert (found.residual * np.linalg.norm(old)) ** 2 == pytest.approx(max(least, 0), abs=1e-10)
    assert found.rank == min(items, d)
    if items < d:
        assert f"rotation is free on {d - items} of {d} dimensions" in found.message
    for _ in range(50):
        assert np.linalg.norm(new @ turn(rng, d) - old) >= np.linalg.norm(new @ R - old) - 1e-9


def test_a_reflection_is_allowed():
    found = cr.fit_map([[1.0], [2.0]], [[-1.0], [-2.0]])
    assert found.matrix.tolist() == [[-1.0]]
    assert found.residual == 0


@pytest.mark.parametrize("shrinkage", [1e-3, 0.03, 1.0, 50.0])
@pytest.mark.parametrize(("items", "d"), [(20, 5), (3, 11)])
def test_a_shrunk_rotation_is_the_best_of_its_objective(items, d, shrinkage):
    rng = np.random.default_rng(items)
    new, old = rng.normal(size=(2, items, d))
    kappa = shrinkage * np.linalg.norm(new.T @ old, 2)

    def objective(R):
        return ((new @ R - old) ** 2).sum() + kappa * ((R - np.eye(d)) ** 2).sum()

    found = cr.fit_map(new, old, shrinkage=shrinkage).matrix
    U, _, V = np.linalg.svd(new.T @ old + kappa * np.eye(d))
    np.testing.assert_allclose(found, U @ V, atol=1e-10)
    for _ in range(50):
        near = np.linalg.qr(found + 0.1 * rng.normal(size=(d, d)))
        assert objective(near[0] * np.sign(np.diag(near[1]))) >= objective(found) - 1e-9


def test_a_shrinkage_that_rounding_would_drown_is_refused():
    rng = np.random.default_rng(0)
    new, old = rng.normal(size=(2, 5, 8))
    still = cr.fit_map(new, old).matrix
    np.testing.assert_allclose(cr.fit_map(new, old, shrinkage=1e-10).matrix, still, atol=1e-5)
    for tiny in (1e-11, 1e-18, 1e-300):
        with pytest.raises(ValueError, match="`shrinkage` must be 0, or at least 1e-10 where the items leave"):
            cr.fit_map(new, old, shrinkage=tiny)
    many = rng.normal(size=(2, 50, 8))
    np.testing.assert_allclose(cr.fit_map(*many, shrinkage=1e-18).matrix, cr.fit_map(*many).matrix, atol=1e-12)


def test_a_free_rotation_turns_as_little_as_it_may():
    rng = np.random.default_rng(0)
    old = rng.normal(size=(6, 24))
    new = old @ turn(rng, 24)
    for rows in ((new, old), (np.tile(new, (3, 1)), np.tile(old, (3, 1)))):  # through the span, and through all
        found = cr.fit_map(*rows).matrix
        limit = cr.fit_map(*rows, shrinkage=1e-9).matrix
        assert np.abs(found - limit).max() < 1e-6
    plain = cr.baselines.rotation(new, old)
    assert np.linalg.norm(found - np.eye(24)) < np.linalg.norm(plain - np.eye(24))


def test_much_shrinkage_is_no_map():
    rng = np.random.default_rng(0)
    new, old = rng.normal(size=(2, 9, 4))
    np.testing.assert_allclose(cr.fit_map(new, old, shrinkage=1e30).matrix, np.eye(4), atol=1e-15)
    np.testing.assert_allclose(cr.fit_map(new, old, shrinkage=1e12).matrix, np.eye(4), atol=1e-10)
    np.testing.assert_allclose(cr.fit_map(new, old, shrinkage=1e308).matrix, np.eye(4), atol=1e-15)


def test_directions_below_the_rounding_of_the_cross_moment_do_not_count():
    rng = np.random.default_rng(4)
    rows = rng.choice([-1.0, 1.0], size=(400, 4))
    for size, rank in ((1e-7, 3), (1e-4, 4)):  # 4e-12 and 4e-6 beside 400 eps |A| |B|, which is 1.1e-10
        scaled = rows * [1.0, 1.0, 1.0, size]
        assert cr.fit_map(scaled, scaled).rank == rank


def test_a_transposed_map_would_be_seen():
    rng = np.random.default_rng(0)
    old = rng.normal(size=(40, 5))
    R = turn(rng, 5)
    found = cr.fit_map(old @ R.T, old)
    np.testing.assert_allclose(found.matrix, R, atol=1e-12)
    np.testing.assert_allclose(found.apply(old @ R.T), old, atol=1e-12)


def test_centred_and_affine_maps_find_their_offset():
    rng = np.random.default_rng(2)
    new = rng.normal(size=(40, 4)) + 5
    R, shift = turn(rng, 4), rng.normal(size=4)
    found = cr.fit_map(new, new @ R + shift, method="centred")
    np.testing.assert_allclose(found.matrix, R, atol=1e-10)
    np.testing.assert_allclose(found.offset, shift, atol=1e-9)
    A = rng.normal(size=(4, 7))
    found = cr.fit_map(new, new @ A + 1, method="affine")
    np.testing.assert_allclose(found.matrix, A, atol=1e-10)
    np.testing.assert_allclose(found.offset, np.ones(7), atol=1e-9)


def test_an_affine_map_without_ridge_leaves_no_more_than_any_other():
    rng = np.random.default_rng(3)
    for n, d in ((30, 4), (5, 8), (9, 9)):
        new, old = rng.normal(size=(2, n, d)) + 1
        rows = np.hstack([new, np.ones((n, 1))])
        due = np.linalg.norm(rows @ np.linalg.lstsq(rows, old, rcond=None)[0] - old) / np.linalg.norm(old)
        found = cr.fit_map(new, old, method="affine")
        assert found.residual == pytest.approx(due, abs=1e-12)
        assert found.residual <= cr.fit_map(new, old, method="centred").residual + 1e-12
        assert found.residual <= cr.fit_map(new, old, method="affine", ridge=0.5).residual + 1e-12
        assert ("free on" in found.message) == (n - 1 < d)


def test_a_ridge_is_in_units_of_the_largest_eigenvalue():
    rng = np.random.default_rng(4)
    new, old = rng.normal(size=(2, 20, 3))
    A, B = new - new.mean(axis=0), old - old.mean(axis=0)
    gram = A.T @ A
    due = np.linalg.solve(gram + 0.1 * np.linalg.eigvalsh(gram)[-1] * np.eye(3), A.T @ B)
    np.testing.assert_allclose(cr.fit_map(new, old, method="affine", ridge=0.1).matrix, due, atol=1e-12)


@pytest.mark.parametrize(("wide", "narrow"), [(6, 4), (4, 6), (12, 1)])
def test_unlike_widths_get_an_orthonormal_matrix_and_a_sentence(wide, narrow):
    rng = np.random.default_rng(5)
    new, old = rng.normal(size=(30, wide)), rng.normal(size=(30, narrow))
    found = cr.fit_map(new, old)
    M = found.matrix
    gram = M.T @ M if wide >= narrow else M @ M.T
    np.testing.assert_allclose(gram, np.eye(min(wide, narrow)), atol=1e-13)
    kind = "columns" if wide > narrow else "rows"
    assert f"the widths {wide} and {narrow} differ, so the map is a matrix with orthonormal {kind}" in found.message
    assert np.einsum("ij,ij->", new @ M, old) == pytest.approx(np.linalg.svd(new.T @ old, compute_uv=False).sum())
    with pytest.raises(ValueError, match="`shrinkage` must be 0 for spaces of unlike widths"):
        cr.fit_map(new, old, shrinkage=0.1)


def test_maps_in_every_library(xp):
    rng = np.random.default_rng(6)
    new, old = rng.normal(size=(2, 12, 4))
    due = cr.fit_map(new, old, method="centred")
    found = cr.fit_map(xp.asarray(new), xp.asarray(old), method="centred")
    np.testing.assert_allclose(xp.to_numpy(found.matrix), due.matrix, atol=1e-12)
    np.testing.assert_allclose(xp.to_numpy(found.apply(xp.asarray(new))), due.apply(new), atol=1e-12)


def test_a_map_that_was_written_is_read_again(tmp_path):
    rng = np.random.default_rng(7)
    found = cr.fit_map(*rng.normal(size=(2, 9, 3)), shrinkage=0.1)
    found.to_file(tmp_path / "map.npz")
    again = cr.BackwardMap.from_file(tmp_path / "map.npz")
    np.testing.assert_array_equal(again.matrix, found.matrix)
    assert (again.rank, again.method, again.residual) == (found.rank, found.method, found.residual)


def test_items_needed_is_where_a_rotation_is_determined():
    rng = np.random.default_rng(8)
    old = rng.normal(size=(80, 6))
    found = cr.items_needed(old @ turn(rng, 6), old, sizes=[2, 4, 6, 20], rng=0)
    assert found.needed == 6
    assert found.residuals[:2].min() > 0.1
    assert found.residuals[2:].max() < 1e-12
    assert found.cosines[-1] == pytest.approx(1.0)
    assert abs(found.without) < 0.9
    assert cr.items_needed(old, old, rng=0).sizes.tolist() == [5, 10, 20, 40]


def test_items_needed_judges_on_others():
    """With as many dimensions as items the residual on the fitted ones is 0, and says nothing."""
    rng = np.random.default_rng(9)
    new, old = rng.normal(size=(2, 40, 30))
    found = cr.items_needed(new, old, sizes=[20], method="affine", rng=0)
    assert found.residuals[0] > 0.9


def test_options_that_a_map_does_not_use_are_refused():
    new, old = np.random.default_rng(0).normal(size=(2, 5, 3))
    with pytest.raises(ValueError, match='`ridge` must be left out with method "rotation"'):
        cr.fit_map(new, old, ridge=0.1)
    with pytest.raises(ValueError, match='`shrinkage` must be left out with method "affine"'):
        cr.fit_map(new, old, method="affine", shrinkage=0.1)
    with pytest.raises(ValueError, match="`method` must be one of"):
        cr.fit_map(new, old, method="turn")
    with pytest.raises(ValueError, match="`new` must be of as many rows as `old`, 4; got 5"):
        cr.fit_map(new, old[:4])
    with pytest.raises(ValueError, match=r"`sizes\[0\]` must be an integer in \[1, 4\]; got 5"):
        cr.items_needed(new, old, sizes=[5])
