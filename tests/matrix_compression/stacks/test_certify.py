"""Anybody's copy: its error is that of the dense matrices, and nothing of its rank is nearer than the bound."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.matrix_compression.stacks.oracles import dense_energies, exact_energies, joined, relative_error, stacks
from tests.rules.certificates.forging import with_gap


def test_blocks_against_dense_matrices():
    rng = np.random.default_rng(40)
    for blocks in stacks(60, rng):
        copies = [block + rng.normal(size=block.shape) * 0.1 for block in blocks]
        rank = min(int(rng.integers(0, 5)), len(blocks[0]))
        found = mc.certify(blocks, copies, rank)
        norm, off = np.linalg.norm(joined(blocks)), np.linalg.norm(joined(blocks) - joined(copies))
        assert found.achieved == pytest.approx(off / norm) if norm else found.achieved == (np.inf if off else 0)
        best = relative_error(exact_energies(blocks), rank)
        assert found.bound <= best + 1e-12
        assert best <= found.attainable + 1e-12
        assert found.verify((blocks, copies))
        assert found.gap >= found.achieved - best - 1e-9


def test_the_forms_of_a_copy():
    problem = mc.make_stack("noisy", 10, 3, n_blocks=4, rng=0)
    result = mc.compress_stack(problem, 2)
    dense = [result.reconstruct(k) for k in range(4)]
    forms = [result, (result.basis, result.coefficients), dense, np.stack(dense), iter(dense), lambda: iter(dense)]
    for form in forms:
        found = mc.certify(problem, form)
        assert found.rank == 2
        assert found.achieved == pytest.approx(result.error)
        assert found.bound == pytest.approx(result.lower)
        assert found.gap < 1e-9
    whole = mc.certify(joined(problem.blocks), (result.basis, joined(result.coefficients)))
    assert whole.achieved == pytest.approx(result.error)
    assert whole.names == ("0",)
    assert mc.certify(problem.blocks, dense).names == ("0", "1", "2", "3")


def test_a_perfect_copy_and_a_copy_of_nothing():
    M = np.arange(6.0).reshape(2, 3)
    assert mc.certify(M, M).achieved == 0
    assert mc.certify(M, M).gap == 0
    assert mc.certify(M, 0 * M).rank == 0
    assert mc.certify(M, 0 * M).bound == pytest.approx(1.0)
    assert mc.certify(0 * M, 0 * M).achieved == 0
    assert mc.certify(0 * M, M).achieved == np.inf


def test_small_errors_are_measured_without_a_difference_of_energies():
    M = np.arange(6.0).reshape(2, 3)
    copy = M.copy()
    copy[0, 0] += 1e-11
    assert mc.certify(M, copy, 2).achieved == pytest.approx(1e-11 / np.linalg.norm(M))


def test_many_rows_are_bracketed_by_a_sketch_and_by_the_copy():
    rng = np.random.default_rng(41)
    U = np.linalg.qr(rng.normal(size=(2100, 3)))[0]
    blocks = [U @ rng.normal(size=(3, 60)) + 0.01 * rng.normal(size=(2100, 60)) / 45 for _ in range(4)]
    energies = dense_energies(blocks)
    best = np.sqrt(energies[3:].sum() / energies.sum())
    Q = np.linalg.svd(joined(blocks), full_matrices=False)[0][:, :3]
    found = mc.certify(blocks, (Q, [Q.T @ block for block in blocks]))
    assert found.bound <= best <= found.attainable
    assert found.achieved == pytest.approx(best, rel=1e-9)
    assert found.attainable <= found.achieved + found.floor  # the copy itself shows that so little is possible


def adapter(*modules, scale=0.5, seed=0):
    rng = np.random.default_rng(seed)
    made = {
        name: mc.AdapterModule(rng.normal(size=(7, q)), rng.normal(size=(q, 5)), scale=scale) for name, q in modules
    }
    return mc.AdapterFile(made)


def test_adapters_against_dense_updates(tmp_path):
    original = adapter(("a", 3), ("b", 2))
    thin = {name: mc.AdapterModule(one.B[:, :1], one.A[:1] * 1.1, scale=-0.5) for name, one in original.modules.items()}
    copy = mc.AdapterFile(thin)
    found = mc.certify(original, copy)
    deltas = [(original.dense(name), copy.dense(name)) for name in ("a", "b")]
    norm = np.sqrt(sum((one**2).sum() for one, _ in deltas))
    assert found.achieved == pytest.approx(np.sqrt(sum(((one - other) ** 2).sum() for one, other in deltas)) / norm)
    best = np.sqrt(sum((np.linalg.svd(one, compute_uv=False)[1:] ** 2).sum() for one, _ in deltas)) / norm
    assert found.bound <= best <= found.attainable
    assert best == pytest.approx(found.bound, rel=1e-9)
    assert found.verify((original, copy))
    assert found.names == ("a", "b")
    for name, one in (("first", original), ("second", copy)):
        one.to_peft(tmp_path / name)
    from_files = mc.certify(tmp_path / "first", str(tmp_path / "second"))
    assert from_files.achieved == pytest.approx(found.achieved, rel=1e-5)


def test_the_gauge_of_factors_does_not_matter():
    original = adapter(("a", 3))
    one = original.modules["a"]
    X = np.diag([1e6, 1.0, 1e-6])
    turned = mc.AdapterFile({"a": mc.AdapterModule(one.B @ X, np.linalg.inv(X) @ one.A, scale=one.scale)})
    found = mc.certify(turned, original)
    assert found.achieved < 1e-12
    assert found.bound < 1e-12


def test_a_module_on_one_side_is_zero_on_the_other():
    original, copy = adapter(("a", 3), ("b", 2)), adapter(("a", 3))
    found = mc.certify(original, copy)
    share = np.linalg.norm(original.dense("b"))
    norm = np.hypot(np.linalg.norm(original.dense("a")), share)
    assert found.achieved == pytest.approx(share / norm)
    assert "1 of them on one side only" in found.message
    assert mc.certify(copy, original).achieved == pytest.approx(share / np.linalg.norm(copy.dense("a")))


def test_a_slip_of_the_scale_is_found():
    """Keeping alpha while the rank is halved doubles every update."""
    original = adapter(("a", 2), scale=1.0)
    one = original.modules["a"]
    slip = mc.AdapterFile({"a": mc.AdapterModule(one.B, one.A, scale=2.0)})
    assert mc.certify(original, slip).achieved == pytest.approx(1.0)


def test_a_basis_without_columns_loses_everything():
    problem = mc.make_stack("noisy", 10, 3, n_blocks=4, rng=0)
    found = mc.certify(problem, mc.compress_stack(problem, 0))
    assert found.rank == 0
    assert (found.achieved, found.bound) == pytest.approx((1.0, 1.0))


def test_a_forged_certificate_is_refused():
    problem = mc.make_stack("noisy", 10, 3, n_blocks=4, rng=0)
    result = mc.compress_stack(problem, 2)
    honest = mc.certify(problem, result)
    for name in ("achieved", "bound", "attainable", "gap"):
        forged = dataclasses.replace(honest, **{name: getattr(honest, name) * 1.01 + 1e-3})
        assert not forged.verify((problem, result)), name
    lies = {"achieved": honest.achieved / 2, "floor": 10.0}, {"part_errors": 0 * honest.part_errors}, {"rank": 1}
    for lie in (*lies, {"part_shares": np.ones(4)}, {"part_optima": np.ones(4)}, {"names": ("a",) * 4}):
        assert not with_gap(honest, **lie).verify((problem, result)), lie


@pytest.mark.parametrize("rank", [None, 0, 1, 2, 4])
def test_a_certificate_of_adapters_at_any_rank_is_found_again(rank):
    original, copy = adapter(("a", 3), ("b", 2)), adapter(("a", 2), ("b", 1), seed=1)
    found = mc.certify(original, copy, rank)
    assert found.verify((original, copy))
    assert not with_gap(found, bound=found.bound + 1e-3).verify((original, copy))


@pytest.mark.parametrize(("inner", "rank"), [(3, None), (36, None), (3, 38), (3, 45)])
def test_a_certificate_of_dense_copies_with_many_rows_is_found_again(inner, rank):
    rng = np.random.default_rng(42)
    blocks = [rng.normal(size=(2060, 30)) * np.geomspace(1, 0.01, 30) for _ in range(3)]
    Q = np.linalg.svd(joined(blocks), full_matrices=False)[0][:, :inner]
    copies = [Q @ (Q.T @ block) for block in blocks]
    found = mc.certify(blocks, copies, rank)
    assert found.rank == (inner if rank is None else rank)
    assert found.verify((blocks, copies))
    assert not with_gap(found, bound=found.bound * 0.9).verify((blocks, copies))
