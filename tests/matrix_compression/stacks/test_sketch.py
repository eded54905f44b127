"""One pass: the bracket contains the exact error at every rank and step, and the sketch is a well-behaved object."""

from __future__ import annotations

import io
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.stacks import scaling
from tests.matrix_compression.stacks.oracles import dense_energies, exact_energies, relative_error, stacks

METHODS = ("gram", "fd", "sketch")
NOISE = 1e-12  # of an exact error of 0, whose root is compared


def contains(found, energies, rank):
    error = relative_error(energies, rank)
    return found.lower <= error + NOISE and error <= found.upper + NOISE


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


def state_of(sketch):
    return {name: np.array(value).tolist() for name, value in sketch.get_state().items()}


@pytest.mark.parametrize("method", METHODS)
def test_copies_pickles_and_files_go_on_alike(method):
    blocks = mc.make_stack("gaussian", 5, 3, n_blocks=10, rng=1).blocks
    sketch = mc.StackSketch(2, oversampling=1, method=method, buffer=4)
    sketch.update_many(blocks[:5])
    file = io.BytesIO()
    np.savez(file, **sketch.get_state())
    file.seek(0)
    restored = mc.StackSketch(2, oversampling=1, method=method, buffer=4)
    with np.load(file, allow_pickle=False) as state:
        restored.set_state(state)
    others = [sketch.copy(), pickle.loads(pickle.dumps(sketch)), restored]
    for one in (sketch, *others):
        one.update_many(blocks[5:])
    for other in others:
        assert state_of(other) == state_of(sketch)
        assert other.interval().upper == sketch.interval().upper


@pytest.mark.parametrize("method", METHODS)
def test_asking_changes_nothing(method):
    blocks = mc.make_stack("gaussian", 5, 3, n_blocks=10, rng=1).blocks
    quiet, asked = (mc.StackSketch(2, oversampling=1, method=method, buffer=4) for _ in range(2))
    quiet.update_many(blocks)
    for block in blocks:
        asked.update(block)
        asked.interval(), asked.basis, asked.singular_values, asked.value_intervals, repr(asked)
    assert state_of(quiet) == state_of(asked)


@pytest.mark.parametrize("method", METHODS)
def test_a_rejected_call_changes_nothing(method):
    sketch = mc.StackSketch(1, oversampling=0, method=method, buffer=2)
    sketch.update(np.eye(3))
    before = state_of(sketch)
    wrong = [
        lambda: sketch.update(np.eye(4)),
        lambda: sketch.update([[1.0], [np.nan], [0.0]]),
        lambda: sketch.update_many([np.ones((3, 5)), np.ones((3, 1)), [["a"]]]),
        lambda: sketch.merge(mc.StackSketch(2, oversampling=0, method=method)),
        lambda: sketch.set_state({**sketch.get_state(), "total": [1.0]}),
        lambda: sketch.set_state({**sketch.get_state(), "columns": np.ones((3, 9))}),
        lambda: sketch.set_state(mc.StackSketch(5, method=method).get_state()),
        lambda: sketch.set_state(3),
    ]
    for call in wrong:
        with pytest.raises((ValueError, TypeError)):
            call()
        assert state_of(sketch) == before


@pytest.mark.parametrize("method", METHODS)
def test_merging_with_itself_is_seeing_everything_twice(method):
    blocks = mc.make_stack("integers", 4, 2, n_blocks=3, rng=2).blocks
    sketch = mc.StackSketch(2, oversampling=0, method=method, buffer=3)
    sketch.update_many(blocks)
    sketch.merge(sketch)
    assert sketch.n_blocks == 6
    assert sketch.interval().total == 2 * sum((b**2).sum() for b in blocks)
    assert contains(sketch.interval(), exact_energies([*blocks, *blocks]), 2)


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


@pytest.mark.parametrize("shift", [-150, -3, 3, 150])
def test_sketches_in_other_units_merge_with_all_they_lost(shift):
    """Values, their brackets and the trace of a merged sketch are those of the last factorizations of both."""
    blocks = mc.make_stack("gaussian", 6, 3, n_blocks=4, rng=11).blocks
    first, second = (mc.StackSketch(1, oversampling=1, method="sketch", buffer=3, record=True) for _ in range(2))
    first.update_many(blocks[:2])
    second.update_many([block * 2.0**shift for block in blocks[2:]])
    lost = sum(float(one[0]) * 4.0**s.unit for s in (first, second) for one in s.trace["dropped"] if len(one))
    first.merge(second)
    assert first.trace is not None
    lengths = [np.linalg.norm(F) * 2.0**first.unit for F in first.trace["factors"]]
    assert lengths[1] == pytest.approx(lengths[0], rel=3)  # of the first sketch; those of the second are as much larger
    assert lengths[2] / lengths[0] == pytest.approx(2.0**shift, rel=3)
    low, high = first.value_intervals[0] ** 2
    last = float(first.trace["dropped"][-1][0]) * 4.0**first.unit
    assert high - low == pytest.approx(lost + last, rel=1e-9)


@pytest.mark.parametrize("method", ["fd", "sketch"])
def test_a_state_with_more_columns_than_are_gathered_is_refused(method):
    sketch = mc.StackSketch(1, oversampling=1, method=method, buffer=3)
    sketch.update(np.ones((4, 2)))
    for width in (3, 4, 9):
        state = sketch.get_state() | {"columns": np.ones((4, width))}
        with pytest.raises(ValueError, match=f"columns.* must be at most 2 columns; got {width}"):
            mc.StackSketch(1, oversampling=1, method=method, buffer=3).set_state(state)


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_a_state_before_the_first_block_starts_anew(method):
    state = mc.StackSketch(1, method=method).get_state()
    again = mc.StackSketch(1, method=method)
    again.set_state(state)
    assert (again.n_rows, again.n_columns) == (0, 0)
    again.update(np.eye(3))
    assert again.interval().upper == pytest.approx(np.sqrt(2 / 3))


def test_a_restored_sketch_records_what_comes_after():
    """What another stack left, perhaps in another unit, is no part of the trace."""
    first, second = (mc.StackSketch(1, oversampling=0, method="sketch", buffer=1, record=True) for _ in range(2))
    first.update(np.ones((3, 2)) * 2.0**300)
    second.update(np.ones((3, 1)))
    second.set_state(first.get_state())
    second.update(np.ones((3, 1)) * 2.0**300)
    assert [np.linalg.norm(F) * 2.0**second.unit for F in second.trace["factors"]] == pytest.approx([3 * 2.0**300])
