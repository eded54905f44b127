"""The state of a sketch: round trips, refusals that change nothing, and mixed calls against the exact sums."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from lrtheory.continual_learning import FrequentDirections, sketch
from tests.continual_learning.sketching.oracles import loss


def made(method: str = "fd", **options: Any) -> FrequentDirections:
    return FrequentDirections(12, 2, method=method, **options)


def same(a: FrequentDirections, b: FrequentDirections) -> bool:
    ours, theirs = a.get_state(), b.get_state()
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("method", ["fd", "gram"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_ways_to_store_a_sketch_go_on_bit_for_bit(tmp_path: Path, method: str, dtype: type) -> None:
    A = np.random.default_rng(0).normal(size=(60, 12)).astype(dtype)
    for n in (0, 3, 40):
        found = made(method, decay=0.9)
        found.update(A[:n])
        found.to_file(tmp_path / "sketch.npz", force=True)
        with pytest.raises(FileExistsError):
            found.to_file(tmp_path / "sketch.npz")
        again = made(method, decay=0.9)
        again.set_state(found.get_state())
        copies = [
            found.copy(),
            pickle.loads(pickle.dumps(found)),
            FrequentDirections.from_file(tmp_path / "sketch.npz"),
        ]
        for other in (again, *copies):
            assert same(found, other)
        found.update(A[n:])
        for other in (again, *copies):
            other.update(A[n:])
            assert same(found, other)
            np.testing.assert_array_equal(found.sketch, other.sketch)
            assert other.sketch.dtype == dtype


@pytest.mark.parametrize("method", ["fd", "gram"])
@pytest.mark.parametrize("rng", range(6))
def test_calls_in_any_order_keep_the_certificate(tmp_path: Path, method: str, rng: int) -> None:
    random = np.random.default_rng(rng)
    found, other, rows, others = made(method), made(method), np.empty((0, 12)), np.empty((0, 12))
    for _ in range(40):
        call = random.choice(["update", "sparse", "other", "merge", "save", "state", "copy", "read", "refused"])
        new = random.normal(size=(int(random.integers(0, 9)), 12)) * 10.0 ** random.integers(-3, 4)
        if call in ("update", "sparse"):
            found.update(new if call == "update" else scipy.sparse.csr_array(new))
            rows = np.concatenate([rows, new])
        elif call == "other":
            other.update(new)
            others = np.concatenate([others, new])
        elif call == "merge":
            found.merge(other)
            rows = np.concatenate([rows, others])
        elif call == "save":
            found.to_file(tmp_path / "sketch.npz", force=True)
            found = FrequentDirections.from_file(tmp_path / "sketch.npz")
        elif call == "state":
            fresh = made(method)
            fresh.set_state(found.get_state())
            found = fresh
        elif call == "copy":
            found.copy().update(new)
        elif call == "refused":
            before = found.get_state()
            with pytest.raises(ValueError, match="finite"):
                found.update(np.vstack([new, np.full(12, np.nan)]))
            assert all(np.array_equal(before[name], value) for name, value in found.get_state().items())
        low, high = loss(rows, found.sketch)
        slack = 1e-13 * found.mass
        assert -slack <= low
        assert high <= found.missed + slack
        assert found.mass == pytest.approx(np.sum(rows**2), rel=1e-12)
        assert found.n_rows == len(rows)


def test_what_is_read_is_the_readers_own_and_never_old() -> None:
    A = np.random.default_rng(2).normal(size=(30, 12))
    A *= 0.75 / np.abs(A).max()  # of exponent 0, so that nothing is scaled
    one, other = made(), made()
    one.update(A)
    one.sketch[:] = 0.0
    assert one.sketch.any()
    other.update(A[:9])
    old = other.sketch
    other.set_state(one.get_state())
    np.testing.assert_array_equal(other.sketch, one.sketch)
    assert not np.array_equal(old, other.sketch)
    counts = {name: 2 * n for name, n in one.counts.items()}
    other.merge(one)
    assert other.n_rows == counts["rows"]
    assert other.n_shrinks >= counts["shrinks"] > 0


def test_a_fading_in_single_precision_is_told() -> None:
    found = made(decay=0.3)
    found.update(np.ones((1, 12), np.float32))
    for _ in range(2):
        found.update(np.ones((1, 12)))
    assert found.certificate.unit == 2.0**-24


def test_types_are_joined() -> None:
    A = np.random.default_rng(1).normal(size=(20, 12))
    found = made()
    found.update(A[:9].astype(np.float16))
    assert found.sketch.dtype == np.float32
    found.update(A[9:])
    assert found.sketch.dtype == np.float64
    assert sketch([[1, 2], [3, 4]], 1).sketch.dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: FrequentDirections(4, 0), ValueError, "`rank` must be an integer in [1, 4]; got 0."),
        (lambda: FrequentDirections(4, 5), ValueError, "`rank` must be an integer in [1, 4]; got 5."),
        (lambda: FrequentDirections(0, 1), ValueError, "`n_features` must be an integer of at least 1; got 0."),
        (lambda: FrequentDirections(9, 8, buffer=8), ValueError, "`buffer` must be an integer above rank 8; got 8."),
        (lambda: FrequentDirections(4, 2.0), TypeError, "`rank` must be an integer; got 2.0."),  # type: ignore[arg-type]
        (lambda: FrequentDirections(4, 2, decay=0.0), ValueError, "`decay` must be in (0, 1]; got 0.0."),
        (lambda: FrequentDirections(4, 2, decay=1.5), ValueError, "`decay` must be in (0, 1]; got 1.5."),
        (lambda: FrequentDirections(4, 2, method="svd"), ValueError, "`method` must be one of"),
        (lambda: made().update(np.ones(12)), ValueError, "`rows` must be of shape (n, 12); got (12,)."),
        (lambda: made().update(np.ones((3, 4))), ValueError, "`rows` must be of shape (n, 12); got (3, 4)."),
        (lambda: made().update([["a"] * 12]), TypeError, "`rows` must be an array of real numbers"),
        (lambda: made().update([[0.0] * 12, [np.inf] + [0.0] * 11]), ValueError, "`rows[1]` must be finite; got inf."),
        (
            lambda: made().update(scipy.sparse.csr_array(([np.nan], ([2], [3])), shape=(5, 12))),
            ValueError,
            "`rows[2]` must be finite; got nan.",
        ),
        (
            lambda: made().update(scipy.sparse.csr_array(([1.7e308] * 2, [3, 3], [0, 2]), shape=(1, 12))),
            ValueError,
            "`rows[0]` must be finite; got inf.",
        ),
        (lambda: made().update(scipy.sparse.csr_array((5, 4))), ValueError, "`rows` must be of shape (n, 12)"),
        (
            lambda: made().update(scipy.sparse.csr_array((5, 12), dtype=complex)),
            TypeError,
            "`rows` must be an array of",
        ),
        (lambda: made().merge(np.ones((2, 12))), TypeError, "`other` must be a FrequentDirections"),  # type: ignore[arg-type]
        (lambda: made().merge(made("gram")), ValueError, "`other` must be a sketch with method 'fd'; got 'gram'."),
        (lambda: made().merge(made(decay=0.5)), ValueError, "`other` must be a sketch with decay 1.0; got 0.5."),
        (lambda: made().components(3), ValueError, "`rank` must be an integer in [1, 2]; got 3."),
        (lambda: made().projection_bound(-1), ValueError, "`rank` must be an integer in [0, 2]; got -1."),
        (lambda: made().set_state({}), ValueError, "`state` must be a mapping with the key"),
        (lambda: made().set_state(made(buffer=3).get_state()), ValueError, "`state['buffer']` must be 4"),
        (
            lambda: made().set_state(made().get_state() | {"mass": -1.0}),
            ValueError,
            "`state['mass']` must be finite and at least 0",
        ),
        (
            lambda: made().set_state(made().get_state() | {"rows": np.ones((5, 12))}),
            ValueError,
            "`state['rows']` must be at most 4 rows",
        ),
        (
            lambda: made().set_state(made().get_state() | {"mass": np.inf}),
            ValueError,
            "`state['mass']` must be finite and at least 0",
        ),
        (
            lambda: made().set_state(made().get_state() | {"unit": 10**9}),
            ValueError,
            "`state['unit']` must be an integer",
        ),
        (
            lambda: made("gram").set_state(made("gram").get_state() | {"gram": np.diag([1.0] * 11 + [-1.0])}),
            ValueError,
            "`state['gram']` must be a Gram matrix",
        ),
        (lambda: sketch([[1, 2], [3]], 1), ValueError, "`A` must be an array with rows of equal length"),
        (lambda: made().to_file(3), TypeError, "`path` must be a path; got 3."),
        (lambda: sketch(np.ones(3), 1), ValueError, "`A` must be of shape (T, n) with n above 0; got (3,)."),
        (lambda: sketch(np.ones((3, 0)), 1), ValueError, "`A` must be of shape (T, n) with n above 0; got (3, 0)."),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(words)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", rows=np.ones((2, 12)))
    with pytest.raises(ValueError, match="`state` must be a mapping with the key 'n_features'"):
        FrequentDirections.from_file(tmp_path / "other.npz")
    made().to_file(tmp_path / "whole.npz")
    for n in (0, 30, 200):
        (tmp_path / "part.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:n])
        with pytest.raises(ValueError, match=r"part\.npz: no arrays of NumPy"):
            FrequentDirections.from_file(tmp_path / "part.npz")
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(ValueError, match="`state` must be a mapping with the key"):
        FrequentDirections.from_file(tmp_path / "one.npy")


def test_states_with_more_loss_than_mass_are_refused() -> None:
    found = made("fd")
    found.update(np.random.default_rng(1).normal(size=(9, 12)))
    state = found.get_state()
    kept = float((np.asarray(state["rows"]) ** 2).sum())
    largest = (state["mass"] - kept) / 3  # no shrink of a sketch of rank 2 takes more (statement FD-6)
    for missed in (1e9, largest * 1.001, 2 * largest):
        with pytest.raises(ValueError, match=r"^`state\['missed'\]` must be at most the mass that is lost"):
            found.set_state(state | {"missed": missed})
    for change in ({"mass": 0.5 * kept}, {"rows": 9 * state["rows"]}):
        with pytest.raises(ValueError, match=r"^`state\['missed'\]`"):
            found.set_state(state | change)
    with pytest.raises(ValueError, match=r"^`state\['roundoff'\]` must be one of"):
        found.set_state(state | {"missed": 1e9, "roundoff": 1e9})
    assert same(found, found.copy())
    found.set_state(state | {"missed": largest})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decay", [1.0, 0.999, 0.5])
@pytest.mark.parametrize("rng", range(5))
def test_all_states_of_a_sketch_can_be_read(dtype: type, decay: float, rng: int) -> None:
    draw = np.random.default_rng(rng)
    for method in ("fd", "gram"):
        found, other = made(method, decay=decay), made(method, decay=decay, buffer=3)
        for one in (found, other, found):
            for n in draw.integers(0, 12, size=20):
                one.update((10.0 ** draw.uniform(-3, 3) * draw.normal(size=(n, 12)).round(1)).astype(dtype))
            if one is other:
                found.merge(other)
            again = made(method, decay=decay)
            again.set_state(found.get_state())
            assert same(found, again)
