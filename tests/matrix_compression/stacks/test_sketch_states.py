"""States of a sketch: copies, pickles, files and merges go on alike, and what is rejected changes nothing."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.matrix_compression.stacks.oracles import METHODS, contains, exact_energies


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
