"""Comparisons against distances of single adapters, and how they show."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_adapters.compare import compare
from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.kinds import arrays
from lrtheory.low_rank_adapters.kinds.make import KINDS, randlora_of, shared_columns
from lrtheory.low_rank_adapters.reach import entries, hulls, normalized, spaces
from proofs_checks.low_rank_adapters.freedom.dimensions import adapter_dimension


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


@pytest.mark.parametrize("shape", [(24, 18), (18, 24), (20, 20)])
@pytest.mark.parametrize("decay", [0.0, 0.5, 6.0])
def test_large_sides_take_gram_matrices_that_lose_nothing(
    shape: tuple[int, int], decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = np.arange(1.0, shape[1] + 1) ** -decay  # at last a spectrum whose tail drowns in the squares
    D, W = normal(*shape) * sizes, normal(*shape, rng=2)
    W[0] = 0.0
    before = compare(D, max_parameters=300, weight=W, rng=0)
    for module in (arrays, entries, hulls, normalized, spaces):
        monkeypatch.setattr(module, "LARGE", 4)
    after = compare(D, max_parameters=300, weight=W, rng=0)
    for one, other in zip(before.rows, after.rows, strict=True):
        assert (one.kind, one.rank, one.dimension, one.exact) == (other.kind, other.rank, other.dimension, other.exact)
        assert other.lower == pytest.approx(one.lower, rel=1e-7, abs=1e-9 * before.norm)
        assert other.lower <= one.lower * (1 + 1e-9) + 1e-9 * before.norm
        assert other.upper == pytest.approx(one.upper, rel=1e-3)


@pytest.mark.parametrize("shape", [(20, 7), (7, 20)])
@pytest.mark.parametrize("large", [4, 128])
def test_randloras_take_the_first_columns_of_one_draw(
    shape: tuple[int, int], large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is the distance of an adapter by itself, whose bases are written down here in full."""
    D = normal(*shape)
    draw = np.random.default_rng(5)
    columns = shared_columns(shape, 8, draw)  # 8 of rank 4 and of rank 2, and 7 of rank 1
    due = [(rank, distance(randlora_of(shape, rank, columns, draw), D)) for rank in (4, 2, 1)]
    for module in (arrays, entries, hulls, normalized, spaces):
        monkeypatch.setattr(module, "LARGE", large)
    rows = compare(D, kinds=["randlora"], max_parameters=60, rng=5).rows
    assert [row.rank for row in rows] == [rank for rank, _ in due]
    for row, (_, one) in zip(rows, due, strict=True):
        assert row.exact == one.exact
        assert (row.lower, row.upper) == pytest.approx((one.lower, one.upper), rel=1e-12)


@pytest.mark.parametrize("inputs", [None, normal(9, 6, rng=1), normal(3, 6, rng=1)])
def test_rows_are_within_the_budget_and_between_their_bounds(inputs: np.ndarray | None) -> None:
    D = normal(8, 6)
    table = compare(D, max_parameters=48, X=inputs, weight=normal(8, 6, rng=2), rng=0)
    assert {row.kind for row in table.rows} == set(KINDS)
    whole = float(np.linalg.norm(D if inputs is None else inputs @ D.T))
    assert table.norm == pytest.approx(whole)
    for row in table.rows:
        assert row.n_parameters <= 48
        assert 0 <= row.lower <= row.upper
        assert row.loss == pytest.approx(row.upper**2)
        assert row.dimension <= min(row.n_parameters, 48)
        if row.exact:
            assert row.upper == pytest.approx(row.lower, abs=1e-12 * whole)
    left = D if inputs is None else D @ inputs.T
    spectrum = np.linalg.svd(left, compute_uv=False)
    for row in table.rows:
        if row.kind == "lora":
            assert row.dimension == adapter_dimension("lora", (8, 6), row.rank)
            assert row.upper == pytest.approx(np.linalg.norm(spectrum[row.rank :]), abs=1e-12 * whole)


def test_the_best_row_depends_on_the_budget() -> None:
    table = compare(np.diag([8.0, 4.0, 2.0, 1.0]), kinds=["lora", "lora-xs"], max_parameters=40, rng=0)
    assert table.best().upper == min(row.upper for row in table.rows)
    assert table.best(8).n_parameters <= 8
    assert table.crossover_rank == 3
    assert compare(np.eye(4), kinds=["lora"], rng=0).crossover_rank == 0
    with pytest.raises(ValueError, match="max_parameters"):
        table.best(0)


def test_every_kind_is_compared_that_can_be() -> None:
    """Without a weight the product with one is left out, and nothing else; the least budget holds one number."""
    D = normal(8, 6)
    assert {row.kind for row in compare(D, max_parameters=48, rng=0).rows} == set(KINDS) - {"hadamard"}
    rows = compare([[2.0]], max_parameters=1, rng=0).rows
    assert {row.n_parameters for row in rows} == {1}
    assert [row.upper for row in rows if row.kind == "full"] == [0.0]


def test_units_and_nothing() -> None:
    D = normal(5, 4)
    plain = compare(D, rng=0)
    for unit in (1e-100, 1e12):
        found = compare(D * unit, rng=0)
        np.testing.assert_allclose([r.upper / unit for r in found.rows], [r.upper for r in plain.rows], rtol=1e-3)
        assert found.crossover_rank == plain.crossover_rank
    nothing = compare(np.zeros((3, 2)), rng=0)
    assert nothing.crossover_rank is None
    assert all(row.upper == 0 for row in nothing.rows)
    assert "hadamard" in nothing.message


def test_the_table_and_its_picture() -> None:
    table = compare(normal(5, 4), rng=0)
    assert "captures" in repr(table)
    assert "lora-xs" in table._repr_html_()
    assert {len(column) for column in table._columns().values()} == {len(table.rows)}
    ax = table.plot()
    assert ax.get_xscale() == "log"
    assert len(ax.get_lines()) == len({row.kind for row in table.rows})


def test_bad_input() -> None:
    D = normal(5, 4)
    for options, match in (
        ({"kinds": "none"}, "kinds"),
        ({"kinds": ["lora", "dora"]}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["hadamard"]}, "weight"),
        ({"kinds": ["lora"], "max_parameters": 8}, "at least 9"),
        ({"weight": D.T}, "weight"),
        ({"X": D}, None),
        ({"X": D.T}, "X"),
    ):
        if match is None:
            compare(D, rng=0, **options)  # type: ignore[arg-type]
            continue
        with pytest.raises(ValueError, match=match):
            compare(D, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="target"):
        compare(D[0])
    with pytest.raises(TypeError, match='^`kinds` must be "all" or a sequence of kinds; got 3'):
        compare(D, kinds=3)  # type: ignore[arg-type]
