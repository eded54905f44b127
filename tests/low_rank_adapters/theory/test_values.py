"""Formulas of adapters against the definitions that they abbreviate, in exact arithmetic where they have no roots."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory
from proofs_checks.low_rank_adapters.distances.best_lora import conversion_energy, regression_energy, sketch_floor
from proofs_checks.low_rank_adapters.distances.frozen_factors import distance_floor
from proofs_checks.low_rank_adapters.distances.hadamard_products import (
    hadamard_bracket,
    hadamard_floor,
    hadamard_rank_one_energy,
)
from proofs_checks.low_rank_adapters.distances.randlora_blocks import randlora_bracket, randlora_energy
from proofs_checks.low_rank_adapters.distances.tensor_networks import network_floor
from proofs_checks.low_rank_adapters.freedom.derivatives import central_difference
from proofs_checks.low_rank_adapters.freedom.dimensions import adapter_dimension
from proofs_checks.low_rank_adapters.freedom.grouped_lines import expected_group_residual, group_residual
from proofs_checks.low_rank_adapters.freedom.randlora_ranks import randlora_rank
from proofs_checks.low_rank_adapters.freedom.random_subspaces import random_capture
from proofs_checks.low_rank_adapters.freedom.ranks import hadamard_rank, struck_rank
from proofs_checks.low_rank_adapters.freedom.shared_vectors import norm_ceiling, projection_gram


def test_energies_are_exact() -> None:
    values = [Fraction(1, 3), Fraction(7, 2), Fraction(2)]
    assert conversion_energy(values, 1) == 4 + Fraction(1, 9)
    assert conversion_energy(values, 5) == 0
    assert regression_energy(Fraction(1, 2), values, 2) == Fraction(1, 2) + Fraction(1, 9)
    assert distance_floor(Fraction(9), Fraction(8), Fraction(2)) == 2
    assert distance_floor(9, 3, 2) == 6
    assert hadamard_rank_one_energy(values, 2) == Fraction(1, 9)
    assert hadamard_floor([[Fraction(1, 2), 5], [3, 7]], [[0.0, 1.0], [0, -2]]) == 9 + Fraction(1, 4)
    assert hadamard_bracket(Fraction(1, 3), 0, 3) == (0, 3)
    assert randlora_energy(Fraction(5), [Fraction(1, 2), 2]) == Fraction(3, 4)
    assert norm_ceiling(Fraction(1, 2)) == Fraction(1, 4)
    assert sketch_floor(14, [3, 1], 1, 4, Fraction(9, 4)) == Fraction(11, 4)
    assert sketch_floor(14, [3, 1], 1, 4, 9) == 1


@pytest.mark.parametrize("n_parts", [1, 2])
def test_dimensions_of_the_table(n_parts: int) -> None:
    shape, c = (6, 5), n_parts
    counts = {kind: adapter_dimension(kind, shape, 2) for kind in ("lora", "lora-fa", "lora-xs", "full")}
    assert counts == {"lora": 18, "lora-fa": 12, "lora-xs": 4, "full": 30}
    assert adapter_dimension("hadamard", (2, 2), 3) == 4
    assert adapter_dimension("vera", shape, 2, c=c) == 8 - c
    assert adapter_dimension("randlora", shape[::-1], 2, 3, c) == 3 * (7 - c)
    assert adapter_dimension("uni-lora", shape, d=99) == 30
    assert adapter_dimension("tera", shape, N=4, d=8) == 5


def test_the_crossover_is_where_both_leave_the_same_share() -> None:
    for side, rank, exponent in [(64, 1, 0.110), (64, 16, 0.231), (384, 4, 0.084), (384, 16, 0.112), (4096, 4, 0.053)]:
        assert round(theory.crossover_exponent(side, rank), 3) == exponent
    a = theory.crossover_exponent(64, 4)
    spectra = [np.arange(1.0, 65) ** -(a + step) for step in (-0.01, 0.01)]
    assert theory.crossover_rank(spectra[0], (64, 64)) < 4 <= theory.crossover_rank(spectra[1], (64, 64))


def test_units_do_not_matter_to_the_crossover() -> None:
    values = np.arange(1.0, 9) ** -0.2
    assert len({theory.crossover_rank(unit * values, (8, 9)) for unit in (1e-100, 1.0, 1e100)}) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_factors_are_means_of_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, groups = rng.integers(-9, 9, size=12), rng.integers(0, 4, size=12)
    indicators = np.eye(4)[groups]
    rest = np.linalg.lstsq(indicators, values, rcond=None)[0]
    due = np.sum((values - indicators @ rest) ** 2)
    assert float(group_residual(values, groups, 4)) == pytest.approx(due)
    assert group_residual(values.tolist(), groups.tolist(), 4) == group_residual(values, groups, 4)


def test_the_gram_matrix_of_the_projection() -> None:
    groups, sizes = np.array([2, 0, 2, 2]), np.array([1, 4, 2])
    P = np.eye(3)[groups] / np.sqrt(sizes)
    assert np.array(projection_gram(groups, sizes), float) == pytest.approx(np.diag(P.T @ P))


@pytest.mark.parametrize("columns", list(product([(1, 0), (0, 1), (1, 1), (0, 0)], repeat=3)))
def test_the_rank_of_two_blocks_is_that_of_a_random_update(columns: tuple[tuple[int, int], ...]) -> None:
    A, rng = np.array(columns, float).T, np.random.default_rng(0)
    update = sum(rng.normal(size=(4, 2)) * rng.normal(size=2) @ A * rng.normal(size=3) for _ in range(2))
    assert randlora_rank(A, 2, 4) == np.linalg.matrix_rank(update)


def test_directional_derivatives_and_shares() -> None:
    assert central_difference([[2, 3]], [[1, 1]], [[1, 1]]) == Fraction(3, 2)
    assert central_difference([[0.5]], [[0.0]], [[2.0]]) == 0.5
    assert random_capture(3, (2, 2)) == Fraction(3, 4)
    assert expected_group_residual([5], 1) == 0
    assert expected_group_residual([0.0, 1.0, 2.0], 1) == pytest.approx(2.0)
    assert theory.dead_share(Fraction(3, 2), 2) == Fraction(1, 9)
    assert randlora_bracket(1, 1, (0, 2), (1, 1)) == (1, 5)
    assert network_floor(1, 4, Fraction(1, 2), 3) == 10
    assert struck_rank([[1, 2], [2, 4]], [1, 0], [0, 1]) == hadamard_rank(1, 1) == 1
    assert struck_rank([[1, 2], [2, 4]], [0, 0], [0, 1]) == 0
