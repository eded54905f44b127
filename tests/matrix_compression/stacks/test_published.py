"""The published update, and what its absolute thresholds do to blocks in other units."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression.baselines import published_update
from tests.matrix_compression.stacks.oracles import dense_energies, exact_energies, relative_error, stacks


def test_its_estimate_is_a_bound():
    rng = np.random.default_rng(50)
    for blocks in stacks(60, rng):
        rank = min(2, len(blocks[0]))
        found = published_update(blocks, rank, oversampling=int(rng.integers(0, 3)))
        assert relative_error(exact_energies(blocks), rank) <= found.upper + 1e-7
        assert found.certificate is None
        assert found.lower == 0


@pytest.mark.parametrize("exponent", [-120, -24, 34, 120])
def test_units_change_nothing_where_thresholds_are_relative(exponent):
    blocks = mc.make_stack("shared", 12, 4, n_blocks=6, rank=3, rng=0).blocks
    plain = published_update(blocks, 2)
    scaled = published_update([np.ldexp(block, exponent) for block in blocks], 2)
    assert np.array_equal(plain.by_rank, scaled.by_rank)


def as_published(blocks, rank, tol=1e-12):
    """The update with thresholds in the units of the caller: eigenvalues and row norms below `tol` are nothing."""
    Q, S = np.empty((len(blocks[0]), 0)), np.empty((0, 0))
    for A in blocks:
        Y = Q.T @ A
        R = A - Q @ Y
        Q2, B = np.linalg.qr(R)
        kept = np.linalg.norm(B, axis=1) > tol
        Q2, B = Q2[:, kept], B[kept]
        values, V = np.linalg.eigh(np.block([[S + Y @ Y.T, Y @ B.T], [B @ Y.T, B @ B.T]]))
        order = np.argsort(-values)[: rank + 5]
        order = order[values[order] > tol]
        Q, S = np.concatenate([Q, Q2], axis=1) @ V[:, order], np.diag(values[order])
    return float(np.sort(np.diag(S))[::-1][:rank].sum()), float(np.linalg.norm(Q.T @ Q - np.eye(Q.shape[1]), 2))


def test_absolute_thresholds_lose_energy_below_and_invent_it_above():
    rng = np.random.default_rng(51)
    basis = rng.normal(size=(12, 3))
    blocks = [basis @ rng.normal(size=(3, 4)) for _ in range(6)]
    honest, defect = as_published(blocks, 3)
    assert honest == pytest.approx(dense_energies(blocks)[:3].sum(), rel=1e-9)
    assert defect < 1e-10
    small = [block * 1e-7 for block in blocks]
    assert as_published(small, 3)[0] < 0.999 * dense_energies(small)[:3].sum()
    large = [block * 1e10 for block in blocks]
    invented, defect = as_published(large, 3)
    assert defect > 0.1
    assert abs(invented / dense_energies(large)[:3].sum() - 1) > 1e-3
    for scaled in (small, large):
        found = published_update(scaled, 3)
        assert found.upper < 1e-6
        assert (found.singular_values**2).sum() == pytest.approx(dense_energies(scaled)[:3].sum(), rel=1e-9)
