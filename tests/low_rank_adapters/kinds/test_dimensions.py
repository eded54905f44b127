"""Free numbers and ranks: the rank of the derivative and of the update in whole numbers, and where zeros lower them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters.kinds.arrays import numerical_rank
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera
from tests.low_rank_adapters.kinds.oracles import MAKERS, draw, generic_dimension, rank_mod_p, same, update

SHAPES = [(6, 5, 2), (5, 6, 2), (4, 4, 2), (7, 3, 3), (1, 5, 1), (5, 1, 1), (1, 1, 1)]


def largest(adapters: list[Any]) -> tuple[int, int]:
    """The largest rank of the derivative and of the update over several draws."""
    ranks = [rank_mod_p([[int(4 * entry) for entry in row] for row in update(one)]) for one in adapters]
    return max(map(generic_dimension, adapters)), max(ranks)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_dimension_is_the_rank_of_the_derivative(kind: str, shape: tuple[int, int, int]) -> None:
    m, n, r = shape
    adapters = [MAKERS[kind](np.random.default_rng(seed), m, n, r, 1.0, same) for seed in range(3)]
    found, rank = largest(adapters)
    stated = max(one.dimension for one in adapters)
    assert found <= stated
    assert rank <= max(one.rank_bound for one in adapters)
    if kind != "uni-lora":  # for which the dimension is stated as a bound
        assert (found, rank) == (stated, max(one.rank_bound for one in adapters))


def test_the_published_table() -> None:
    rng = np.random.default_rng(0)
    for kind, n_parameters, dimension in [("lora", 22, 18), ("vera", 8, 7), ("hadamard", 22, 18)]:
        adapter = MAKERS[kind](rng, 6, 5, 2, 1.0, same)
        assert (adapter.n_parameters, adapter.dimension) == (n_parameters, dimension)
        assert generic_dimension(adapter) == dimension
    bases, A = draw(rng, 2, 6, 2), draw(rng, 2, 5)
    adapter = randlora(bases, A, lambdas=draw(rng, 2, 2), gammas=draw(rng, 2, 5))
    assert (adapter.n_parameters, adapter.dimension, generic_dimension(adapter)) == (14, 12, 12)


def test_lora_with_an_inner_rank_above_its_sides() -> None:
    rng = np.random.default_rng(1)
    for adapter in (
        lora(draw(rng, 2, 3), draw(rng, 3, 2)),
        hadamard(draw(rng, 2, 2), draw(rng, 2, 3), draw(rng, 3, 2)),
    ):
        assert adapter.n_parameters == 12
        assert adapter.dimension == generic_dimension(adapter) == 4


def test_frozen_factors_of_a_smaller_rank() -> None:
    A, B = np.array([[1.0, 2, 0], [2.0, 4, 0]]), np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    fa = lora_fa(np.ones((4, 2)), A)
    assert (fa.dimension, fa.rank_bound) == (generic_dimension(fa), 1) == (4, 1)
    xs = lora_xs(B, np.ones((2, 2)), A)
    assert (xs.dimension, xs.rank_bound) == (generic_dimension(xs), 1) == (2, 1)
    zero = lora_fa(np.ones((4, 2)), 0 * A)
    assert (zero.dimension, zero.rank_bound) == (0, 0)


def test_vera_counts_the_components_of_its_left_factor() -> None:
    rng = np.random.default_rng(2)
    A = np.array([[1.0, 2, 3, 1, 1], [0, 1, 2, 0, 1], [0, 0, 1, 3, 2], [0, 0, 0, 1, 1]])
    blocks = np.zeros((4, 4))
    blocks[:2, :2], blocks[2:, 2:] = 1, 2
    one_zero_row, one_zero_column = np.ones((4, 4)), np.ones((4, 4))
    one_zero_row[0], one_zero_column[:, 1] = 0, 0
    for B, right, dimension in [
        (blocks, A, 6),
        (np.ones((4, 4)), A, 7),
        (one_zero_row, A, 6),
        (one_zero_column, A, 6),
        (np.ones((4, 4)), A * [[1], [0], [1], [1]], 6),
        (np.eye(4), A, 4),
    ]:
        adapter = vera(B, right, b=draw(rng, 4), d=draw(rng, 4))
        assert adapter.dimension == generic_dimension(adapter) == dimension
    singular = vera(np.ones((4, 4)), A, b=draw(rng, 4), d=draw(rng, 4))
    assert singular.rank_bound == np.linalg.matrix_rank(update(singular)) == 1
    small = vera(draw(rng, 3, 2), draw(rng, 2, 1), b=draw(rng, 3), d=draw(rng, 2))  # more rows of A than inputs
    assert small.dimension == generic_dimension(small) == 3


def test_vera_with_dependent_rows_gets_an_upper_bound() -> None:
    rng = np.random.default_rng(3)
    for seed in range(20):
        A = np.random.default_rng(seed).integers(-1, 2, (3, 3)).astype(float)
        adapter = vera(draw(rng, 4, 3), A, b=draw(rng, 4), d=draw(rng, 3))
        assert generic_dimension(adapter) <= adapter.dimension


def test_randlora_with_bases_that_depend_on_each_other_gets_an_upper_bound() -> None:
    rng = np.random.default_rng(4)
    B, A = draw(rng, 1, 5, 2), draw(rng, 2, 4)
    twice = randlora(np.concatenate([B, B]), A, lambdas=draw(rng, 2, 2), gammas=draw(rng, 2, 4))
    assert (generic_dimension(twice), twice.dimension) == (8, 10)
    wide = randlora(draw(rng, 3, 4, 2), A, lambdas=draw(rng, 3, 2), gammas=draw(rng, 3, 4))
    assert generic_dimension(wide) <= wide.dimension <= 15
    flat = randlora(draw(rng, 3, 2, 2), draw(rng, 2, 5), lambdas=draw(rng, 3, 2), gammas=draw(rng, 3, 5))
    assert flat.rank_bound == np.linalg.matrix_rank(update(flat)) == 2
    assert generic_dimension(flat) == flat.dimension == 10


@pytest.mark.parametrize(
    ("A", "n_bases", "rank"),
    [
        (np.ones((2, 4)), 1, 1),
        (np.array([[1.0, 1, 1, 0], [0, 0, 0, 1]]), 2, 4),
        (np.array([[1.0, -1, 1, -1], [1, 1, 1, 1]]), 2, 4),
    ],
)
def test_randlora_never_has_a_rank_above_its_bound(A: np.ndarray, n_bases: int, rank: int) -> None:
    rng = np.random.default_rng(5)
    adapters = [
        randlora(draw(rng, n_bases, 6, 2), A, lambdas=draw(rng, n_bases, 2), gammas=draw(rng, n_bases, 4))
        for _ in range(5)
    ]
    assert largest(adapters)[1] <= adapters[0].rank_bound == rank


@pytest.mark.parametrize("transposed", [False, True])
def test_zero_columns_warn_and_lower_rank_and_dimension(transposed: bool) -> None:
    rng = np.random.default_rng(6)
    A = np.array([[1.0, 0, 2, 0], [3, 0, -1, 0]])
    lambdas, gammas = draw(rng, 2, 2), draw(rng, 2, 4)
    with pytest.warns(UserWarning, match=r"2 of the 4 columns of `A` are zero") as seen:
        adapter = randlora(draw(rng, 2, 5, 2), A, lambdas=lambdas, gammas=gammas, transposed=transposed)
    assert seen[0].filename == __file__
    assert adapter.rank_bound == 2
    assert adapter.dimension == generic_dimension(adapter) == 2 * (2 + 2 - 1)


def test_hadamard_with_zeros_and_of_a_small_rank() -> None:
    rng = np.random.default_rng(7)
    W = np.outer([1.0, -2, 3, 1], [1.0, 2, -1, 1, 3])
    adapter = hadamard(W, draw(rng, 4, 2), draw(rng, 2, 5))
    assert (adapter.rank_bound, adapter.dimension) == (2, generic_dimension(adapter)) == (2, 14)
    assert np.linalg.matrix_rank(update(adapter)) == 2
    W = np.outer([1.0, 2, 3, 4, 5], np.ones(5)) + np.outer(np.ones(5), [1.0, 4, 9, 16, 25])
    thin = hadamard(W, draw(rng, 5, 2), draw(rng, 2, 5))
    assert thin.rank_bound == np.linalg.matrix_rank(update(thin)) == 4
    pruned = hadamard(np.eye(4), draw(rng, 4, 3), draw(rng, 3, 4))
    assert pruned.dimension == generic_dimension(pruned) == 4


@pytest.mark.parametrize(
    ("assignment", "n_parameters", "dimension"),
    [([0, 8, 8, 8, 0, 8], 9, 2), ([0, 1, 2, 3, 4, 5], 6, 5)],
)
def test_uni_lora_has_the_dimension_of_the_numbers_that_it_uses(
    assignment: list[int], n_parameters: int, dimension: int
) -> None:
    theta = draw(np.random.default_rng(8), n_parameters)
    adapter = uni_lora(theta, (3, 3), 1, assignment=assignment, sizes=np.full(n_parameters, 4))
    assert adapter.n_parameters == n_parameters
    assert generic_dimension(adapter, scale=16) == adapter.dimension == dimension
    assert adapter.rank_bound == 1


@pytest.mark.parametrize("unit", [1.0, 2.0**-60, 2.0**60])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rank_counts_what_is_above_the_longer_side_times_the_spacing_of_numbers(dtype: Any, unit: float) -> None:
    eps = float(np.finfo(dtype).eps)
    for multiple, rank in ((3.5, 1), (4.5, 2)):
        matrix = np.zeros((2, 4), dtype)
        matrix[0, 0], matrix[1, 2] = unit, multiple * eps * unit
        assert numerical_rank(matrix) == numerical_rank(matrix.T) == rank
    assert numerical_rank(np.zeros((2, 4), dtype)) == 0


@pytest.mark.parametrize("unit", [1.0, 1e160, 1e-160])
def test_the_rank_of_a_large_matrix_does_not_depend_on_its_unit(unit: float) -> None:
    rng = np.random.default_rng(0)
    full, short = rng.normal(size=(130, 200)), rng.normal(size=(130, 129)) @ rng.normal(size=(129, 200))
    assert [numerical_rank(unit * one) for one in (full, short, 0 * full)] == [130, 129, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_large_rank_is_the_count_of_singular_values_however_small_the_least_one(dtype: Any) -> None:
    rng, (m, n) = np.random.default_rng(0), (140, 300)
    U, V = (np.linalg.qr(rng.normal(size=(side, m))).Q for side in (m, n))
    for power in range(17):
        values = np.ones(m)
        values[-3:] = 10.0**-power
        matrix = ((U * values) @ V.T).astype(dtype)
        assert numerical_rank(matrix) == np.linalg.matrix_rank(matrix)


def test_a_gram_matrix_shows_full_rank_up_to_its_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Square matrices of signs have condition numbers of some thousands, and their decomposition takes seconds."""
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.normal(size=(200, 200))).Q for _ in range(2))
    monkeypatch.delattr(np.linalg, "svd")
    assert numerical_rank((U * np.geomspace(1, 1e-5, 200)) @ V.T) == 200
