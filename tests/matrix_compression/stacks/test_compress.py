"""A basis for a stack: its error and the best one are those of dense factorizations, whatever input and tree."""

from __future__ import annotations

import dataclasses
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files import Tensors
from lrtheory.matrix_compression.stacks import accumulator
from lrtheory.matrix_compression.stacks.measuring import second_pass
from lrtheory.matrix_compression.stacks.trees import Plan, sketch_of
from tests.backends import missing
from tests.matrix_compression.stacks.oracles import dense_energies, exact_energies, joined, relative_error, stacks
from tests.rules.certificates.forging import with_gap

METHODS = ("gram", "fd", "sketch")
NOISE = 1e-12


def error_of(blocks, basis):
    M = joined(blocks)
    Q = np.asarray(basis, float)
    norm = np.linalg.norm(M)
    return np.linalg.norm(M - Q @ (Q.T @ M)) / norm if norm else 0.0


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_error_and_optimum_are_as_stated(method, passes):
    rng = np.random.default_rng(10)
    for blocks in stacks(60, rng):
        rank = min(int(rng.integers(0, 5)), len(blocks[0]))
        found = mc.compress_stack(blocks, rank, method=method, oversampling=int(rng.integers(0, 3)), passes=passes)
        best = relative_error(exact_energies(blocks), found.rank)
        true = error_of(blocks, found.basis)
        assert found.lower <= best + NOISE
        assert best <= found.upper + NOISE
        assert true <= found.error + 1e-9
        assert best <= true + 1e-7
        if passes == 2:
            assert true == pytest.approx(found.error, abs=1e-9)
            for k, block in enumerate(blocks):
                off, norm = np.linalg.norm(block - found.reconstruct(k)), np.linalg.norm(block)
                assert found.block_errors[k] == pytest.approx(off / norm if norm else 0.0, abs=1e-9)
        assert found.certificate.verify(blocks)
        assert found.certificate.gap >= found.error - found.lower - NOISE
        for r, (low, high) in enumerate(found.by_rank):
            exact = relative_error(exact_energies(blocks), r)
            assert low <= exact + NOISE
            assert exact <= high + NOISE


@pytest.mark.parametrize("method", METHODS)
def test_an_error_gets_the_smallest_rank_that_is_sure(method):
    rng = np.random.default_rng(11)
    for blocks in stacks(40, rng):
        epsilon = float(rng.choice([0.0, 0.01, 0.2, 0.7, 1.0]))
        found = mc.compress_stack(blocks, epsilon=epsilon, method=method)
        energies = exact_energies(blocks)
        assert found.error <= max(epsilon, 2e-6)
        if method == "gram" and found.rank and epsilon > 1e-3:
            assert relative_error(energies, found.rank - 1) > epsilon - 1e-6


def test_a_stream_with_an_error_is_read_until_the_sketch_is_wide_enough():
    problem = mc.make_stack("gaussian", 150, 10, n_blocks=20, rng=0)
    reads = []

    def stream():
        reads.append(1)
        return iter(problem.blocks)

    found = mc.compress_stack(stream, epsilon=0.5, method="sketch")
    assert len(reads) == found.counts["passes"] > 1
    assert found.rank > 32
    assert error_of(problem.blocks, found.basis) <= 0.5
    with pytest.raises(ValueError, match="`blocks` must be a callable that starts the stream again for epsilon"):
        mc.compress_stack(iter(problem.blocks), epsilon=0.5, method="sketch")


def test_lists_arrays_streams_and_problems_are_one_stack():
    problem = mc.make_stack("noisy", 8, 3, n_blocks=5, rng=1)
    array = np.stack(problem.blocks)
    forms = [problem, list(problem.blocks), array, iter(problem.blocks), lambda: iter(problem.blocks)]
    results = [mc.compress_stack(form, 2) for form in forms]
    assert all(np.array_equal(one.basis, results[0].basis) for one in results)
    assert [one.coefficients is None for one in results] == [False, False, False, True, True]
    again = mc.compress_stack(lambda: iter(problem.blocks), 2, passes=2)
    assert all(map(np.array_equal, again.coefficients, results[0].coefficients))


def test_single_precision_stays_single_and_is_measured_in_double():
    blocks = [block.astype(np.float32) for block in mc.make_stack("noisy", 40, 5, n_blocks=8, noise=1e-3, rng=2).blocks]
    found = mc.compress_stack(blocks, 2)
    assert {found.basis.dtype, *(c.dtype for c in found.coefficients)} == {np.dtype(np.float32)}
    off = sum(np.linalg.norm(b.astype(float) - found.basis.astype(float) @ c.astype(float)) ** 2
              for b, c in zip(blocks, found.coefficients, strict=True))  # fmt: skip
    assert found.error == pytest.approx(np.sqrt(off) / found.norm, rel=1e-9)
    mixed = mc.compress_stack([blocks[0], blocks[1].astype(float)], 2)
    assert mixed.basis.dtype == np.float64


def test_an_exact_rank_is_exact():
    problem = mc.make_stack("shared", 30, 6, n_blocks=10, rank=3, rng=3)
    found = mc.compress_stack(problem)
    assert found.error < 1e-14  # no difference of energies: a subtraction would stop at 10^-8
    assert found.lower == 0
    assert found.certificate.gap < 1e-14


# --- trees ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_workers_changes_no_digit(method):
    problem = mc.make_stack("gaussian", 12, 3, n_blocks=150, rng=4)
    alone, several = (mc.compress_stack(problem, 2, method=method, n_jobs=n, oversampling=1) for n in (None, 2))
    assert np.array_equal(alone.basis, several.basis)
    assert (alone.lower, alone.upper, alone.error) == (several.lower, several.upper, several.error)
    assert alone.counts == several.counts


def test_workers_of_a_cluster_change_no_digit():
    if find_spec("distributed") is None:
        missing("dask", "distributed is not installed")
    import distributed
    from joblib import parallel_config

    problem = mc.make_stack("gaussian", 12, 3, n_blocks=120, rng=5)
    alone = mc.compress_stack(problem, 2, method="fd", oversampling=1)
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local, distributed.Client(local) as client:
        with parallel_config(backend="dask", client=client, n_jobs=-1):
            there = mc.compress_stack(problem, 2, method="fd", oversampling=1, n_jobs=-1)
    assert np.array_equal(alone.basis, there.basis)
    assert (alone.lower, alone.upper) == (there.lower, there.upper)


def test_a_leaf_knows_its_error_exactly():
    """What truncation drops of a leaf is known whole, so the floors of the leaf are E_j^2 themselves."""
    blocks = mc.make_stack("gaussian", 10, 4, n_blocks=2, rng=6).blocks
    made = sketch_of(iter(blocks), Plan(1, 1, "sketch", record=True))
    energies = dense_energies(blocks)
    assert len(made.trace["floors"]) == 1
    expected = [energies[j:].sum() for j in range(3)]
    assert np.allclose(made.trace["floors"][0] * 4.0**made.unit, expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["sketch", "fd"])
def test_any_number_of_leaves(method):
    rng = np.random.default_rng(12)
    for n in range(1, 40):
        blocks = [rng.normal(size=(5, int(rng.integers(0, 9)))) for _ in range(n)]
        made = sketch_of(iter(blocks), Plan(1, 0, method))
        energies = dense_energies(blocks)
        assert made.n_blocks == n
        assert made.n_columns == sum(b.shape[1] for b in blocks)
        for rank in range(4):
            found = made.interval(rank)
            assert found.lower2 <= energies[rank:].sum() * (1 + 1e-9)
            assert energies[rank:].sum() * (1 - 1e-9) <= found.upper2


def test_a_tree_bounds_real_heads_better_from_below_than_a_line():
    problem = mc.make_stack("gaussian", 64, 8, n_blocks=60, rng=7)
    line = mc.StackSketch(8, method="sketch")
    line.update_many(problem.blocks)
    tree = mc.compress_stack(problem, 8, method="sketch", passes=1)
    exact = mc.compress_stack(problem, 8, passes=1)
    assert line.interval().lower < tree.lower <= exact.lower + NOISE
    assert exact.upper - exact.lower < 1e-6


def test_many_rows_take_frequent_directions(monkeypatch):
    monkeypatch.setattr(accumulator, "GRAM_ROWS", 10)
    blocks = mc.make_stack("noisy", 30, 4, n_blocks=6, rng=8).blocks
    sketch = mc.StackSketch(2)
    sketch.update_many(blocks)
    assert sketch.method == "fd"
    assert mc.compress_stack([np.ones((2049, 2))], 1).method == "fd"


def test_the_second_pass_bounds_from_below_by_what_lies_outside():
    """E_r^2 is at least the energy minus that of the r best directions within what was kept, and of all outside."""
    blocks = mc.make_stack("shared", 30, 4, n_blocks=40, rank=8, rng=3).blocks
    M = joined(blocks)
    found = mc.compress_stack(blocks, 3, method="sketch", oversampling=4, passes=2)
    sketch = mc.compress_stack(blocks, 7, method="sketch", oversampling=0, passes=1)
    inside = np.linalg.svd(sketch.basis.T @ M, compute_uv=False) ** 2
    outside = np.linalg.norm(M - sketch.basis @ (sketch.basis.T @ M)) ** 2
    least = 1 - (inside[:3].sum() + outside) / np.linalg.norm(M) ** 2
    assert found.certificate.statement == "matrix_compression/CM-6"
    assert found.lower == pytest.approx(np.sqrt(least), rel=1e-6)


# --- certificates that lie --------------------------------------------------------------------------------------------


def test_a_forged_certificate_is_refused():
    problem = mc.make_stack("gaussian", 8, 3, n_blocks=6, rng=9)
    honest = mc.compress_stack(problem, 3).certificate
    assert honest.verify(problem)
    other = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 3)))[0]
    lies = {"achieved": honest.achieved / 2, "bound": honest.bound * 1.01, "attainable": honest.attainable * 0.99}
    lies |= {"statement": "matrix_compression/CM-1", "basis": other}
    for name, value in lies.items():
        assert not with_gap(honest, **{name: value}).verify(problem), name
    assert not dataclasses.replace(honest, gap=-1.0).verify(problem)
    # a floor that excuses anything, an error that says nothing, and a basis wider than the rank of the bound
    wide = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 5)))[0]
    lies = [{"achieved": 0.0, "floor": 10.0}, {"achieved": np.inf}, {"basis": wide}, {"rank": -1}]
    for lie in [*lies, {"basis": other[:, 0]}, {"basis": other * np.nan}]:
        assert not with_gap(honest, **lie).verify(problem), lie
    assert not honest.verify(mc.make_stack("gaussian", 8, 3, n_blocks=6, rng=10))


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e-12, 1e12, 1e170, 1e300])
@pytest.mark.parametrize("method", ["gram", "fd", "sketch"])
def test_certificates_hold_in_any_unit(method, unit):
    plain = mc.make_stack("gaussian", 7, [3, 0, 4, 2], rng=5).blocks
    blocks = [block * unit for block in plain]
    found, due = mc.compress_stack(blocks, 2, method=method), mc.compress_stack(plain, 2, method=method)
    assert found.error == pytest.approx(due.error, rel=1e-9)
    assert found.certificate.verify(blocks)
    assert mc.certify(blocks, found).verify((blocks, found))


def test_what_a_person_sees():
    found = mc.compress_stack(mc.make_stack("noisy", 8, 3, n_blocks=6, rng=9), 2)
    assert "this basis of rank 2 errs by" in repr(found)
    assert "numbers for 144" in repr(found)
    assert list(found._columns()["rank"]) == [0, 1, 2]
    found.plot()


def test_blocks_of_one_name_are_all_written(tmp_path):
    problem = mc.StackProblem([np.eye(3), 2 * np.eye(3)], 1, names=["a", "a"])
    mc.compress_stack(problem).to_file(tmp_path / "shared.safetensors")
    assert Tensors(tmp_path / "shared.safetensors").names == ["basis", "coefficients.0", "coefficients.1"]


@pytest.mark.parametrize(("limit", "accepted"), [(4, False), (3, True)])
def test_up_to_the_limit_of_rows_a_certificate_is_held_against_the_exact_optimum(monkeypatch, limit, accepted):
    """A basis that is no good brackets the best error loosely; at the last number of rows that is no excuse yet."""
    monkeypatch.setattr(sys.modules[mc.compress_stack.__module__], "GRAM_ROWS", limit)
    blocks = [np.diag([4.0, 2.0, 1.0, 0.5])]
    honest = mc.compress_stack(blocks, 1, method="gram").certificate
    assert honest.bound == pytest.approx(np.sqrt(5.25 / 21.25))
    error = np.sqrt(17.25 / 21.25)
    loose = with_gap(honest, basis=np.eye(4)[:, 1:2], achieved=error, bound=0.0, attainable=0.95)
    assert loose.verify(blocks)
    assert with_gap(loose, bound=0.6).verify(blocks) == accepted


def test_a_second_pass_brackets_the_best_error_at_every_rank():
    rng = np.random.default_rng(50)
    for blocks in stacks(60, rng):
        energies = exact_energies(blocks)
        wide = np.linalg.qr(rng.normal(size=(len(blocks[0]), min(3, len(blocks[0])))))[0]
        for rank in range(wide.shape[1] + 1):
            found = second_pass(blocks, wide[:, :rank], wide, unit=0, dtype=np.dtype(float))
            low, high = found.bracket
            tail, noise = float(sum(energies[rank:])), 1e-12 * float(sum(energies))
            assert low - noise <= tail <= high + noise
