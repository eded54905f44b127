"""One pass: the bracket contains the exact error at every rank and step, and the sketch is a well-behaved object."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.stacks import scaling
from tests.matrix_compression.stacks.oracles import (
    METHODS,
    contains,
    dense_energies,
    exact_energies,
    stacks,
)


@pytest.mark.parametrize("method", METHODS)
def test_the_exact_error_lies_in_the_bracket_at_every_rank_and_step(method):
    rng = np.random.default_rng(1)
    for blocks in stacks(60, rng):
        options = {"oversampling": int(rng.integers(0, 3)), "buffer": [None, 1, 3][rng.integers(3)]}
        sketch = mc.StackSketch(int(rng.integers(0, 4)), method=method, **options)
        for step, block in enumerate(blocks):
            sketch.update(block)
            energies = exact_energies(blocks[: step + 1])
            for rank in range(8):
                assert contains(sketch.interval(rank), energies, rank), (method, options, step, rank)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_lost_while_the_rank_fits(method):
    rng = np.random.default_rng(2)
    basis = rng.integers(-2, 3, size=(7, 2)).astype(float)
    blocks = [basis @ rng.integers(-3, 4, size=(2, 3)) for _ in range(20)]
    sketch = mc.StackSketch(1, oversampling=1, method=method, buffer=2)
    sketch.update_many(blocks)
    for rank in (1, 2):
        found = sketch.interval(rank)
        assert found.upper2 - found.lower2 <= 2.1 * found.floor**2 * found.total
    # a noise of 10^-16 in 2 dropped directions is all that truncation sees
    assert np.allclose(sketch.singular_values, np.sqrt(dense_energies(blocks)[:1]), rtol=1e-12)


def test_gram_knows_every_singular_value():
    blocks = mc.make_stack("gaussian", 9, 4, n_blocks=30, rng=0).blocks
    sketch = mc.StackSketch(9, method="gram", buffer=7)
    sketch.update_many(blocks)
    assert np.allclose(sketch.singular_values**2, dense_energies(blocks), rtol=1e-12)
    assert np.allclose(sketch.basis.T @ sketch.basis, np.eye(9), atol=1e-14)


# --- instances on which one careless line is seen ---------------------------------------------------------------------


def axes(*columns):
    return np.stack([np.eye(4)[:, i] * size for i, size in columns], axis=1)


def test_what_was_dropped_is_counted_rank_by_rank():
    """With the account of rank 1 alone, T_2 would be at most 48, and it is 60."""
    sketch = mc.StackSketch(1, oversampling=1, method="sketch", buffer=2)
    sketch.update_many([axes((0, 3.0), (1, 3.0)), *[axes((2, 1.0), (3, 1.0))] * 30])
    found = sketch.interval(2)
    assert found.total == 78
    assert found.lower2 <= 18 <= found.upper2


def test_all_dropped_energies_up_to_the_rank_count_and_not_the_largest_alone():
    m = 18
    first, later = 3 * np.eye(m)[:, :6], np.eye(m)[:, 6:]
    sketch = mc.StackSketch(6, oversampling=0, method="sketch", buffer=12)
    sketch.update_many([first, *[later] * 12])
    found = sketch.interval()
    energies = exact_energies([first, *[later] * 12])
    assert sum(energies[:6]) == 72
    assert found.lower2 <= float(found.total) - 72 <= found.upper2


def test_merging_keeps_the_account_of_both_sides():
    """Eight leaves share a direction that no leaf keeps: an account that forgets one side claims 4.81, T_1 is 6.48."""
    m, parts = 9, []
    for leaf in range(8):
        columns = np.zeros((m, 2))
        columns[leaf, 0], columns[8, 1] = 1.0, 0.9
        parts.append(mc.StackSketch(1, oversampling=0, method="sketch", buffer=2))
        parts[-1].update(columns)
    while len(parts) > 1:
        for a, b in zip(parts[::2], parts[1::2], strict=True):
            a.merge(b)
        parts = parts[::2]
    found = parts[0].interval()
    assert found.lower2 <= found.total - 6.48 <= found.upper2


def test_the_hidden_direction():
    """Truncation alone never sees it, and its bracket says so; Frequent Directions do see it."""
    problem = mc.make_hidden_direction(40, 1)
    found = {}
    for method in ("sketch", "fd"):
        sketch = mc.StackSketch(1, oversampling=0, method=method, buffer=1)
        sketch.update_many(problem.blocks)
        found[method] = sketch.interval()
        assert contains(found[method], exact_energies(problem.blocks), 1)
    tops = {method: interval.total - interval.upper2 for method, interval in found.items()}
    assert abs(tops["sketch"] - 1) < 1e-9
    assert abs(tops["fd"] - 31.4) < 0.5
    assert found["sketch"].total == pytest.approx(33.4)


def test_shrinking_is_bounded_in_advance():
    rng = np.random.default_rng(3)
    for blocks in stacks(40, rng):
        keep = 3
        sketch = mc.StackSketch(keep, oversampling=0, method="fd", buffer=1)
        sketch.update_many(blocks)
        energies = exact_energies(blocks)
        total = float(sum(energies))
        bracket = sketch.value_intervals**2
        shrinkage = float((bracket[:, 1] - bracket[:, 0]).max(initial=0.0))
        noise = 3 * sketch.interval().floor ** 2 * total
        for k in range(keep + 1):
            assert shrinkage <= float(theory.fd_bound(float(sum(energies[k:])), keep, k)) + noise


def test_equal_columns_meet_the_bound_on_shrinking():
    keep = 4
    sketch = mc.StackSketch(keep, oversampling=0, method="fd", buffer=1)
    sketch.update_many([np.eye(keep + 1)[:, [i]] for i in range(keep + 1)])
    assert sketch.interval().upper2 == pytest.approx(keep + 1)  # everything is shrunk away
    assert theory.fd_bound(keep + 1, keep, 0) == 1


def test_dropped_and_kept_energies_are_all_there_is():
    """The trace balance, step by step, from the arrays that are recorded."""
    rng = np.random.default_rng(4)
    blocks = [rng.normal(size=(6, 2)) for _ in range(9)]
    for method in ("sketch", "fd"):
        sketch = mc.StackSketch(2, oversampling=1, method=method, buffer=2, record=True)
        sketch.update_many(blocks)
        assert len(sketch.trace["factors"]) == 9
        unit = 4.0**sketch.unit
        dropped = 0.0
        for step, (F, lost) in enumerate(zip(sketch.trace["factors"], sketch.trace["dropped"], strict=True)):
            dropped += lost.sum()
            whole = sum((block**2).sum() for block in blocks[: step + 1])
            assert ((F**2).sum() + dropped) * unit == pytest.approx(whole, rel=1e-13)
            assert np.all(np.diff(lost) <= 1e-12)


# --- numbers of any size ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("exponent", [-960, -500, -24, 34, 500, 960])
def test_powers_of_two_change_no_digit(method, exponent):
    blocks = mc.make_stack("decades", 6, 3, n_blocks=8, rng=0).blocks
    plain, scaled = (mc.StackSketch(2, oversampling=1, method=method, buffer=4) for _ in range(2))
    plain.update_many(blocks)
    scaled.update_many([np.ldexp(block, exponent) for block in blocks])
    assert np.array_equal(plain.basis, scaled.basis)
    assert (plain.interval().lower, plain.interval().upper) == (scaled.interval().lower, scaled.interval().upper)
    assert np.array_equal(np.ldexp(plain.singular_values, exponent), scaled.singular_values)


@pytest.mark.parametrize("method", METHODS)
def test_blocks_of_very_different_sizes(method):
    """A tiny stack, then one 10^180 times as large: the unit is raised, and what is far below it counts as nothing."""
    rng = np.random.default_rng(5)
    small, large = rng.normal(size=(4, 3)) * 1e-180, rng.normal(size=(4, 3))
    for order in ([small, large], [large, small], [small, 0 * small, large, small]):
        sketch = mc.StackSketch(2, oversampling=0, method=method, buffer=2)
        sketch.update_many(order)
        assert contains(sketch.interval(), exact_energies([large]), 2)


def test_small_errors_in_single_precision_are_seen():
    """Energies that were added up in single precision would report 3.7e-5 for 1e-5."""
    rng = np.random.default_rng(6)
    Q, P = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (64, 200))
    s = np.concatenate([np.ones(8), np.full(56, 1e-5 * np.sqrt(8 / 56))])
    M = ((Q * s) @ P[:64]).astype(np.float32)
    expected = np.linalg.svd(M.astype(float), compute_uv=False)
    error = np.sqrt((expected[8:] ** 2).sum() / (expected**2).sum())
    for method in METHODS:
        sketch = mc.StackSketch(8, oversampling=56, method=method)
        sketch.update_many(np.split(M, 10, axis=1))
        assert sketch.interval().upper == pytest.approx(error, rel=0.1)


def test_many_small_energies_beside_a_large_one_are_added_up():
    """Each is below half of the last digit of the sum."""
    total = scaling.Sum(1.0)
    for _ in range(1000):
        total = total.plus(2.0**-54)
    assert total.value == 1.0 + 1000 * 2.0**-54


@pytest.mark.parametrize("method", METHODS)
def test_zeros_and_nothing(method):
    sketch = mc.StackSketch(2, method=method)
    assert sketch.interval().upper == 0
    assert sketch.singular_values.shape == (0,)
    assert sketch.basis.shape == (0, 0)
    sketch.update_many([np.zeros((3, 2)), np.zeros((3, 0))])
    found = sketch.interval()
    assert (found.lower, found.upper, found.total, sketch.n_columns) == (0, 0, 0, 2)
    assert sketch.basis.shape == (3, 0)
    sketch.update([[1.0], [0.0], [0.0]])
    assert sketch.interval(0).upper == 1.0
    assert sketch.interval(0).lower > 0.999999
    assert sketch.interval(3).upper == 0


def test_a_wide_block_is_cut_into_pieces():
    rng = np.random.default_rng(7)
    wide = rng.normal(size=(8, 5000))
    for method in METHODS:
        sketch = mc.StackSketch(3, method=method)
        sketch.update(wide)
        error = np.sqrt(dense_energies([wide])[3:].sum() / dense_energies([wide]).sum())
        assert sketch.interval().lower <= error <= sketch.interval().upper


def test_memory_is_that_of_a_few_columns():
    sketch = mc.StackSketch(8, oversampling=8, method="fd")
    for _ in range(400):
        sketch.update(np.ones((4000, 10)))
    held = sum(value.nbytes for value in sketch.get_state().values() if isinstance(value, np.ndarray))
    assert held <= 8 * 4000 * 3 * 16 + 10_000
    assert len(pickle.dumps(sketch)) <= 8 * 4000 * 5 * 16


# --- the object ------------------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_history_keeps_the_bracket(data):
    """Updates, merges and copies in any order, over blocks of small integers."""
    m = data.draw(st.integers(1, 4))
    method = data.draw(st.sampled_from(METHODS))
    rank, extra = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))
    make = lambda: mc.StackSketch(rank, oversampling=extra, method=method, buffer=data.draw(st.integers(1, 4)))
    sketches, seen = [make(), make()], [[], []]
    for _ in range(data.draw(st.integers(1, 6))):
        i = data.draw(st.integers(0, 1))
        action = data.draw(st.sampled_from(["update", "merge", "copy"]))
        if action == "update":
            n = data.draw(st.integers(0, 3))
            entries = data.draw(st.lists(st.integers(-2, 2), min_size=m * n, max_size=m * n))
            block = np.array(entries, float).reshape(m, n) * 2.0 ** data.draw(st.sampled_from([-300, 0, 3]))
            sketches[i].update(block)
            seen[i] = [*seen[i], block]
        elif action == "merge":
            sketches[i].merge(sketches[1 - i])
            seen[i] = [*seen[i], *seen[1 - i]]
        else:
            sketches[i] = sketches[i].copy()
    for sketch, blocks in zip(sketches, seen, strict=True):
        energies = exact_energies(blocks) if blocks else [Fraction(0)]
        for r in range(5):
            assert contains(sketch.interval(r), energies, r)
