"""Sketches of streams: against the exact Gram matrix, against counters in Fractions, in any units, order and tree."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from lrtheory.continual_learning import FrequentDirections, make_adversarial_rows, sketch
from lrtheory.continual_learning.baselines import truncated
from tests.continual_learning.sketching.oracles import Counters, loss, stream, tails


def assert_holds(A: np.ndarray, found: FrequentDirections, rounding: float) -> None:
    """FD-1, FD-2 and FD-6 for all rows that were seen, up to a part of the mass."""
    B, rank, due = found.sketch, found.rank, tails(A)
    slack = rounding * float(np.sum(np.square(A, dtype=np.float64)))
    low, high = loss(A, B)
    assert B.shape[0] <= rank
    assert found.mass == pytest.approx(np.sum(np.square(A, dtype=np.float64)), rel=1e-12)
    assert low >= -slack
    assert high <= found.missed + slack
    assert found.missed <= (found.mass - np.sum(np.square(B, dtype=np.float64))) / (rank + 1) + slack
    assert all(found.missed <= due[min(k, len(due) - 1)] / (rank + 1 - k) + slack for k in range(rank + 1))
    for k in range(1, rank + 1):
        V = found.components(k).astype(np.float64)
        np.testing.assert_allclose(V @ V.T, np.eye(len(V)), atol=1e-5 if V.dtype == np.float32 else 1e-6)
        missed = float(np.sum((A - A @ V.T @ V) ** 2))
        assert missed <= found.projection_bound(k) + slack
        assert found.projection_bound(k) <= due[min(k, len(due) - 1)] + k * found.missed + slack


@pytest.mark.parametrize("method", ["fd", "gram"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rng", range(12))
def test_bounds_against_the_exact_gram_matrix(rng: int, dtype: type, method: str) -> None:
    random = np.random.default_rng(rng)
    n = int(random.integers(2, 20))
    rank = int(random.integers(1, min(n, 9) + 1))
    A = stream(random, int(random.integers(1, 120)), n, decay=2 * random.random()).astype(dtype)
    found = FrequentDirections(n, rank, method=method, buffer=int(random.choice([rank + 1, 2 * rank + 1])))
    for part in np.array_split(A, random.integers(1, 6)):
        found.update(part)
    # 2e-6 of the mass is what single precision was seen to cost at most on spectra over forty decades
    assert_holds(A, found, 2e-6 if dtype == np.float32 else 1e-13)
    assert found.sketch.dtype == dtype
    assert found.certificate.verify(A)
    assert found.certificate.verify(A[::-1])


@pytest.mark.parametrize(("n", "rank", "longest"), [(2, 1, 6), (3, 1, 5), (3, 2, 5)])
def test_every_short_stream_of_unit_vectors_is_counted_as_by_misra_and_gries(n: int, rank: int, longest: int) -> None:
    seen = 0
    for T in range(1, longest + 1):
        for items in itertools.product(range(n), repeat=T):
            exact, found = Counters(rank, rank + 1), FrequentDirections(n, rank, buffer=rank + 1, method="fd")
            for item in items:
                exact.push(item, Fraction(1))
            found.update(np.eye(n)[list(items)])
            counters, missed = exact.read()
            gram = np.diag([float(counters.get(i, 0)) for i in range(n)])
            np.testing.assert_allclose(found.sketch.T @ found.sketch, gram, atol=1e-14)
            assert found.missed == pytest.approx(float(missed), abs=1e-14)
            assert found.n_shrinks == exact.n_shrinks
            seen += 1
    assert seen == n * (n**longest - 1) // (n - 1)


@pytest.mark.parametrize("scale", [1.0, 1e-8, 2.0**-300])
@pytest.mark.parametrize("rng", range(20))
def test_long_streams_of_weighted_coordinates_are_counted_with_ties(rng: int, scale: float) -> None:
    random = np.random.default_rng(rng)
    n, rank = int(random.integers(3, 9)), int(random.integers(1, 3))
    room = int(random.choice([rank + 1, 2 * rank, 2 * rank + 1]))
    room = max(room, rank + 1)
    exact, found = Counters(rank, room), FrequentDirections(n, rank, buffer=room, method="fd")
    items, sizes = random.integers(0, n, 80), random.integers(1, 5, 80)
    for item, size in zip(items.tolist(), sizes.tolist(), strict=True):
        exact.push(item, Fraction(size) ** 2)
        found.update(np.eye(n)[[item]] * size * scale)
    counters, missed = exact.read()
    gram = np.diag([float(counters.get(i, 0)) for i in range(n)])
    np.testing.assert_allclose((found.sketch.T / scale) @ (found.sketch / scale), gram, atol=1e-11)
    assert found.missed / scale**2 == pytest.approx(float(missed), rel=1e-12)
    # rows that ties leave at the size of rounding would fill the buffer earlier
    assert found.n_shrinks == exact.n_shrinks


@pytest.mark.parametrize("rank", [3, 6])
def test_the_adversarial_stream_meets_the_bound_and_defeats_truncation(rank: int) -> None:
    A = make_adversarial_rows(rank)
    found = sketch(A, rank, method="fd", buffer=rank + 1)
    bound = min(tails(A)[k] / (rank + 1 - k) for k in range(rank + 1))
    assert loss(A, found.sketch)[1] == pytest.approx(bound, rel=1e-9)
    assert loss(A, truncated(A, rank, buffer=rank + 1).sketch)[1] > 50 * bound


def test_any_tree_of_merges_keeps_the_bounds_of_the_union() -> None:
    for rng in range(30):
        random = np.random.default_rng(rng)
        n, rank = 9, int(random.integers(1, 4))
        parts = [stream(random, int(random.integers(0, 60)), n) * 10.0 ** random.integers(-2, 3) for _ in range(5)]
        workers = [FrequentDirections(n, rank, method="fd", buffer=rank + int(random.integers(1, 5))) for _ in parts]
        for worker, part in zip(workers, parts, strict=True):
            worker.update(part)
        before = [worker.get_state() for worker in workers]
        while len(workers) > 1:
            i, j = (int(x) for x in random.choice(len(workers), 2, replace=False))
            workers[i].merge(workers[j])
            workers.pop(j)
        A = np.concatenate(parts)
        assert_holds(A, workers[0], 1e-13)
        assert workers[0].n_rows == len(A)
        assert workers[0].certificate.verify(A)
        assert workers[0].missed >= sum(state["missed"] * 4.0 ** state["unit"] for state in before) * (1 - 1e-12)


def test_a_sketch_merged_with_itself_has_seen_everything_twice() -> None:
    A = stream(np.random.default_rng(0), 50, 12)
    for method in ("fd", "gram"):
        found = FrequentDirections(12, 2, method=method)
        found.update(A)
        found.merge(found)
        assert_holds(np.concatenate([A, A]), found, 1e-13)


@pytest.mark.parametrize("method", ["fd", "gram"])
def test_powers_of_two_change_no_digit_from_1e_150_to_1e150(method: str) -> None:
    A = stream(np.random.default_rng(3), 90, 15)
    honest = sketch(A, 3, method=method)
    for exponent in (-498, -200, -40, 1, 60, 498):
        found = sketch(np.ldexp(A, exponent), 3, method=method)
        np.testing.assert_array_equal(np.ldexp(found.sketch, -exponent), honest.sketch)
        assert found.missed == np.ldexp(honest.missed, 2 * exponent)
        assert found.certificate.verify(np.ldexp(A, exponent))
    # beyond, the squares leave the range of doubles, and the rows still do not
    far = sketch(np.ldexp(A, -900), 3, method=method)
    np.testing.assert_array_equal(np.ldexp(far.sketch, 900), honest.sketch)


def test_units_are_raised_on_the_way_and_lowered_by_decay() -> None:
    A = stream(np.random.default_rng(4), 60, 10)
    sizes = 10.0 ** np.repeat([-8, 0, 8, 120], 15)
    for method in ("fd", "gram"):
        found = FrequentDirections(10, 2, method=method)
        for part in np.split(A * sizes[:, None], 4):
            found.update(part)
        assert_holds(A * sizes[:, None] / 1e120, _scaled(found, 1e120), 1e-13)
        faded = FrequentDirections(10, 5, method=method, decay=1e-3)
        for i in range(100):  # without a lower unit everything would become 0
            faded.update(A[:5] * 1e-3**i)
        B = faded.sketch * 1e297
        assert np.linalg.norm(B.T @ B) == pytest.approx(np.linalg.norm(100 * A[:5].T @ A[:5]), rel=1e-9)


def _scaled(found: FrequentDirections, unit: float) -> FrequentDirections:
    """The same sketch in units in which oracles compute."""
    state = found.get_state()
    shift = int(np.log2(unit))
    made = FrequentDirections(found.n_features, found.rank, buffer=found.buffer, method=found.method)
    made.set_state(state | {"unit": state["unit"] - shift})
    held = made._held
    factor = 2.0**shift / unit
    held.rows[:] *= factor
    held.missed, held.mass = held.missed * factor**2, held.mass * factor**2
    if held.gram is not None:
        held.gram *= factor**2
    return made


def test_decay_weighs_batches() -> None:
    A, decay = stream(np.random.default_rng(5), 60, 10), 0.7
    weighted = A * decay ** np.repeat(np.arange(5)[::-1], 12)[:, None]
    for method in ("fd", "gram"):
        found = FrequentDirections(10, 2, decay=decay, method=method)
        for part in np.split(A, 5):
            found.update(part)
            found.update(np.empty((0, 10)))  # no batch
        assert_holds(weighted, found, 1e-13)
        assert found.certificate.verify(weighted)


def test_the_exact_form_is_chosen_where_it_is_cheaper_and_has_the_least_delta() -> None:
    A = stream(np.random.default_rng(6), 80, 16)
    assert sketch(A, 4).method == "gram"
    assert sketch(A, 3).method == sketch(A[:, :9], 2).method == "fd"
    squares = np.linalg.svd(A, compute_uv=False) ** 2
    assert sketch(A, 4).missed == pytest.approx(squares[4], rel=1e-12)
    whole = sketch(A, 16)
    assert whole.missed == 0.0
    np.testing.assert_allclose(whole.sketch.T @ whole.sketch, A.T @ A, atol=1e-12 * squares[0])


@pytest.mark.parametrize("method", ["fd", "gram"])
def test_sparse_rows_are_those_of_the_dense_matrix(method: str) -> None:
    S = scipy.sparse.random(150, 30, density=0.1, random_state=0, format="coo")
    doubled = scipy.sparse.coo_matrix((np.tile(S.data / 2, 2), (np.tile(S.row, 2), np.tile(S.col, 2))), S.shape)
    dense = sketch(S.toarray(), 4, method=method)
    csr = S.tocsr()
    halves = (np.repeat(csr.data / 2, 2), np.repeat(csr.indices, 2), 2 * csr.indptr)
    for form in (S, csr, scipy.sparse.csr_array(S), S.tocsc(), doubled, scipy.sparse.csr_array(halves, S.shape)):
        found = sketch(form, 4, method=method)
        np.testing.assert_array_equal(found.sketch, dense.sketch)
        assert found.certificate.verify(form)
    assert form.nnz == 2 * S.nnz  # what the caller holds stays as it is


def test_reading_changes_no_run_and_zero_rows_nothing_but_the_schedule() -> None:
    A = stream(np.random.default_rng(7), 70, 12)
    read, unread = (FrequentDirections(12, 2, method="fd") for _ in range(2))
    for part in np.array_split(A, 9):
        read.update(part)
        unread.update(part)
        _ = read.sketch, read.missed, read.components(2), read.certificate, read.projection_bound(1)
    np.testing.assert_array_equal(read.sketch, unread.sketch)
    assert read.get_state().keys() == unread.get_state().keys()
    assert read.missed == unread.missed
    empty = FrequentDirections(12, 2, method="fd")
    assert (empty.sketch.shape, empty.missed, empty.mass, empty.components(2).shape) == ((0, 12), 0.0, 0.0, (0, 12))
    empty.update(np.zeros((9, 12)))
    assert (empty.missed, empty.mass, empty.n_rows) == (0.0, 0.0, 9)
    assert empty.certificate.verify(np.zeros((9, 12)))


def test_low_rank_streams_are_kept_exactly() -> None:
    random = np.random.default_rng(8)
    A = random.normal(size=(100, 3)) @ random.normal(size=(3, 20))
    found = sketch(A, 3, method="fd")
    assert found.missed <= 1e-13 * found.mass
    np.testing.assert_allclose(found.sketch.T @ found.sketch, A.T @ A, atol=1e-12 * found.mass)
    for method in ("fd", "gram"):
        stream = FrequentDirections(20, 9, method=method)
        stream.update(A)
        assert stream.components(9).shape == (3, 20)


@pytest.mark.parametrize("n_rows", [1, 2, 3, 5])
def test_truncation_keeps_no_more_rows_than_there_are(n_rows: int) -> None:
    found = truncated(np.eye(5)[:n_rows], 3)
    assert found.sketch.shape == (min(n_rows, 3), 5)
