"""Selected columns against the enumeration of all subsets, and their certificates against forgers."""

from __future__ import annotations

import dataclasses
import pickle
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy import fft

from lrtheory.low_rank_optimizers import select_columns
from tests.backends import QUICK, backend
from tests.rules.certificates.forging import forged_fields, with_gap

HALVES = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], object) * Fraction(1, 2)
TURN = np.array([[3, -4], [4, 3]], object) * Fraction(1, 5)


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def best(S: np.ndarray, rank: int) -> tuple[float, tuple[int, ...]]:
    """The most that columns hold, and the first columns that do, by enumeration."""
    found = [(sum(sum(x * x for x in S[:, j]) for j in some), some) for some in combinations(range(S.shape[1]), rank)]
    most = max(value for value, _ in found)
    return most, next(some for value, some in found if value == most)


@pytest.mark.parametrize("method", ["fft", "gemm"])
@pytest.mark.parametrize(("m", "n", "rank"), [(6, 6, 2), (9, 5, 3), (4, 7, 1), (5, 1, 1), (1, 4, 1)])
def test_no_other_columns_hold_more(m: int, n: int, rank: int, method: str) -> None:
    G = normal(m, n)
    tall = G if n <= m else G.T
    most, some = best(fft.dct(tall, axis=1, norm="ortho"), rank)
    found = select_columns(G, rank, method=method)
    assert tuple(found.indices.tolist()) == some
    assert found.captured == pytest.approx(most)
    rest = ((G - found.approximation()) ** 2).sum()
    assert found.certificate.achieved == pytest.approx(rest, abs=1e-12)
    tail = (np.linalg.svd(G, compute_uv=False)[rank:] ** 2).sum()
    assert tail - 1e-12 <= rest <= found.certificate.bound + 1e-12
    assert found.certificate.bound == pytest.approx((1 - rank / min(m, n)) * (G**2).sum())
    assert found.certificate.verify(G)


def test_wide_matrices_are_tall_ones_transposed() -> None:
    G = normal(7, 4)
    tall, wide = select_columns(G, 2), select_columns(G.T.copy(), 2)
    assert (tall.axis, wide.axis) == (1, 0)
    np.testing.assert_array_equal(tall.indices, wide.indices)
    np.testing.assert_allclose(tall.coefficients, wide.coefficients.T, atol=1e-14)
    np.testing.assert_allclose(tall.approximation(), wide.approximation().T, atol=1e-14)


@pytest.mark.parametrize("basis", [HALVES, HALVES[[2, 0, 3, 1]], np.array(np.eye(4, dtype=int)[[1, 3, 0, 2]], object)])
def test_fractions_are_decided_exactly(basis: np.ndarray) -> None:
    G = np.random.default_rng(1).integers(-3, 4, (5, 4)).astype(object)
    for rank in (1, 2, 4):
        most, some = best(G @ basis, rank)
        found = select_columns(G, rank, basis=basis)
        assert found.method == "exact"
        assert (found.captured, tuple(found.indices.tolist())) == (most, some)
        assert found.captured + found.certificate.achieved == (G**2).sum()
        assert found.certificate.bound == (1 - Fraction(rank, 4)) * (G**2).sum()
        assert found.certificate.verify(G)
        rest = G - found.approximation()
        assert (rest**2).sum() == found.certificate.achieved


def test_doubles_in_a_rational_basis() -> None:
    G = normal(3, 2)
    found = select_columns(G, 1, basis=TURN)
    due = select_columns(G, 1, basis=TURN.astype(float))
    np.testing.assert_array_equal(found.coefficients, due.coefficients)
    assert found.method == "gemm"
    with pytest.raises(ValueError, match="`basis` must be of exact numbers, as `G`"):
        select_columns(np.array([[Fraction(1)]]), 1)


def test_ties_go_to_the_smaller_index() -> None:
    G = [[0.0, 2.0, 1.0, -2.0], [0.0, 0.0, 2.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    for rank, due in ((1, [2]), (2, [1, 2]), (3, [1, 2, 3]), (4, [0, 1, 2, 3])):
        assert select_columns(G, rank, basis=np.eye(4)).indices.tolist() == due
    zero = select_columns(np.zeros((3, 4)), 2)
    assert (zero.indices.tolist(), zero.captured, zero.certificate.achieved) == ([0, 1], 0.0, 0.0)
    assert zero.certificate.verify(np.zeros((3, 4)))


def test_absolute_values_mislead_where_one_column_is_a_spike() -> None:
    m, n = 64, 8
    G = np.full((m, n), 1.001 / m)
    G[:, 0] = 0
    G[0, 0] = 1.0
    by = {rule: select_columns(G, 1, basis=np.eye(n), rule=rule) for rule in ("l1", "l2")}
    assert {rule: found.indices.tolist() for rule, found in by.items()} == {"l1": [1], "l2": [0]}
    assert by["l1"].captured / by["l2"].captured == pytest.approx(1 / m, rel=3e-3)
    assert by["l1"].certificate.achieved > (1 - 1 / n) * (G**2).sum()
    for found in by.values():
        assert found.certificate.verify(G)
        assert found.certificate.achieved <= found.certificate.bound
    assert by["l1"].certificate.bound == pytest.approx((1 - 1 / (n * m)) * (G**2).sum())


@pytest.mark.parametrize("exact", [False, True])
def test_false_certificates_are_refused(exact: bool) -> None:
    G = np.random.default_rng(2).integers(-4, 5, (6, 4))
    X, basis = (G.astype(object), HALVES) if exact else (G.astype(float), "dct")
    certificate = select_columns(X, 2, basis=basis).certificate
    assert certificate.verify(X)
    assert not certificate.verify(2 * X)
    assert not certificate.verify(X[:, :3])
    for words, false in forged_fields(certificate, free=["basis"]):  # a basis and its negative are as good
        assert not false.verify(X), words


def test_true_numbers_of_columns_that_no_rule_takes_are_refused() -> None:
    G = np.diag([4.0, 3.0, 2.0, 1.0])
    certificate = select_columns(G, 2, basis=np.eye(4)).certificate
    false = [
        {
            "indices": np.array([2, 3]),
            "achieved": 25.0,
        },  # the columns that hold least, whose residual is above the bound
        {"indices": np.array([0, 0]), "achieved": -2.0},
        {"indices": np.array([1, 1]), "achieved": 12.0},
        {"indices": np.array([-4, -3])},
        {"indices": np.array([0.0, 1.0])},
        {"statement": "low_rank_optimizers/DC-1"},
        {"achieved": 5 + 1e-9},
        {"bound": 15 - 1e-9},
    ]
    assert certificate.verify(G)
    for fields in false:
        assert not with_gap(certificate, **fields).verify(G), fields
    other = select_columns(G, 2, basis=np.eye(4), rule="l1").certificate
    assert other.verify(G)
    assert not dataclasses.replace(other, statement="low_rank_optimizers/DC-1").verify(G)
    for shape in ((4, 3), (5, 5), (3, 4)):
        assert not certificate.verify(np.ones(shape))


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e-155])
def test_squares_that_vanish_are_proved_to_the_least_number(size: float) -> None:
    G = normal(5, 3) * size
    certificate = select_columns(G, 2).certificate
    assert certificate.verify(G)
    assert not with_gap(certificate, achieved=certificate.achieved + 1e-300).verify(G)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_precision_and_units_are_kept(dtype: type, size: float) -> None:
    G = normal(20, 12)
    due, found = select_columns(G, 5), select_columns((G * size).astype(dtype), 5)
    assert found.coefficients.dtype == found.basis.dtype == dtype
    np.testing.assert_array_equal(found.indices, due.indices)
    np.testing.assert_allclose(found.coefficients / size, due.coefficients, rtol=0, atol=1e-5)
    assert found.captured == pytest.approx(due.captured * size**2, rel=1e-6)
    assert found.certificate.verify((G * size).astype(dtype))


@pytest.mark.parametrize("name", QUICK)
def test_arrays_of_any_library(name: str) -> None:
    xp, G = backend(name), normal(7, 5)
    due = select_columns(G, 2)
    with xp.flags():
        for method in ("auto", "gemm", "fft"):
            found = select_columns(xp.asarray(G), 2, method=method)
            for field in ("indices", "coefficients", "basis", "energies"):
                value = getattr(found, field)
                assert type(value) is type(xp.asarray(G))
                np.testing.assert_allclose(xp.to_numpy(value), getattr(due, field), atol=1e-12)
            assert found.certificate.verify(xp.asarray(G))


def test_the_method_is_explained_and_results_pickle() -> None:
    large = select_columns(normal(300, 300), 3)
    assert (large.method, large.reason) == ("fft", "300 columns are above 64")
    np.testing.assert_array_equal(large.indices, select_columns(normal(300, 300), 3, method="gemm").indices)
    np.testing.assert_allclose(large.energies, (fft.dct(normal(300, 300), norm="ortho") ** 2).sum(axis=0), rtol=1e-12)
    again = pickle.loads(pickle.dumps(large))
    assert again.certificate.verify(normal(300, 300))
    assert "3 rows" in repr(large)


@pytest.mark.parametrize(
    ("G", "rank", "options", "error", "says"),
    [
        (np.ones((65, 64)), 65, {}, ValueError, "`rank` must be at most 64, the smaller side of `G`; got 65."),
        (np.ones((2, 2)), 0, {}, ValueError, "`rank` must be an integer of at least 1; got 0."),
        (np.ones((2, 2)), 1.0, {}, TypeError, "`rank` must be an integer; got 1.0."),
        (np.ones(3), 1, {}, ValueError, r"`G` must be a matrix with at least one entry; got \(3,\)."),
        (np.ones((3, 0)), 1, {}, ValueError, "`G` must be a matrix with at least one entry"),
        ([[np.inf, 1]], 1, {}, ValueError, "`G` must be finite"),
        ([["a"]], 1, {}, TypeError, "`G` must be an array of real numbers"),
        (np.full((2, 2), 1e200), 1, {}, ValueError, "`G` must be so small that its squares are finite"),
        (np.ones((2, 2)), 1, {"rule": "l3"}, ValueError, "`rule` must be one of"),
        (np.ones((2, 2)), 1, {"method": "svd"}, ValueError, "`method` must be one of"),
        (np.ones((2, 2)), 1, {"method": "fft", "basis": np.eye(2)}, ValueError, '`method` must be "auto" or'),
    ],
)
def test_bad_arguments(G: object, rank: int, options: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says.replace('"', ".")):
        select_columns(G, rank, **options)  # type: ignore[arg-type]
