"""Completions: recovery, certificates, splitting, stopping, biases, and mistakes that no theorem sees."""

import numpy as np
import pytest

from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.matrix_completion import (
    Observations,
    baselines,
    complete,
    duality_gap,
    half_step,
    half_steps,
    make_coherent,
    make_low_rank,
    make_power_law,
    objective,
    sample_mask,
    spectral_init,
    split_mask,
    subspace_distance,
    theory,
)
from lrtheory.matrix_completion.alternation import loop as alternation
from lrtheory.matrix_completion.alternation import start as spectral_start
from lrtheory.matrix_completion.entries import scaling

NAN = float("nan")


def error(done, problem) -> float:
    truth = problem.truth.dense()
    return float(np.linalg.norm(done.block() - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize("method", ["exact", "cg"])
@pytest.mark.parametrize("condition", [1.0, 10.0])
@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_recovery_at_every_scale(method, condition, scale):
    problem = make_low_rank((150, 120), 4, oversampling=5, condition=condition, rng=0)
    seen = problem.observations
    data = Observations(seen.rows, seen.cols, scale * seen.values, seen.shape)
    done = complete(data, 4, method=method, tol=1e-9)
    assert done.converged
    assert np.allclose(done.block(), scale * problem.truth.dense(), atol=1e-6 * scale)
    assert done.singular_values == pytest.approx(scale * problem.truth.singular_values, rel=1e-6)
    np.testing.assert_allclose(done.U.T @ done.U, np.diag(done.singular_values), atol=1e-9 * done.singular_values[0])


def test_fixed_inner_steps_stall_where_the_rule_does_not():
    problem = make_low_rank((200, 150), 10, oversampling=4, condition=100, rng=0)
    exact = complete(problem, 10, method="exact", tol=1e-7)
    ruled = complete(problem, 10, method="cg", tol=1e-7, inner_tol=1e-3)
    fixed = complete(problem, 10, method="cg", tol=1e-7, inner_tol=1e-15, max_inner_iter=2)
    assert error(exact, problem) < 1e-4
    assert error(ruled, problem) < 1e-4
    assert error(fixed, problem) > 1e-2


def test_a_start_that_is_not_rotated_is_caught():
    problem = make_low_rank((120, 100), 8, oversampling=6, condition=10, rng=0)
    right = complete(problem, 8, method="cg", inner_tol=1e-15, max_inner_iter=2, max_iter=60)
    rng = np.random.default_rng(0)
    start = rng.normal(size=(120, 8)), rng.normal(size=(100, 8))
    untouched = {"method": "cg", "max_inner_iter": 0, "max_iter": 1, "init": start}
    np.testing.assert_allclose(complete(problem, 8, **untouched).block(), start[0] @ start[1].T, atol=1e-11)
    with patched(Patch(alternation.rotated, "moved = moving @ R.T", "moved = moving")):
        wrong = complete(problem, 8, method="cg", inner_tol=1e-15, max_inner_iter=2, max_iter=60)
        assert not np.allclose(complete(problem, 8, **untouched).block(), start[0] @ start[1].T)
    assert error(right, problem) < 1e-2 * error(wrong, problem)


def test_cold_starts_with_two_steps_do_not_converge():
    problem = make_low_rank((300, 300), 8, oversampling=6, condition=10, rng=0)
    start = spectral_init(problem, 8)
    U, V = start.U, start.V
    for _ in range(40):
        U = half_step(problem, np.linalg.qr(V)[0], axis=0, method="cg", tol=0.0, max_inner_iter=2).factor
        V = half_step(problem, np.linalg.qr(U)[0], axis=1, method="cg", tol=0.0, max_inner_iter=2).factor
    assert error(complete(problem, 8, tol=1e-8), problem) < 1e-6
    assert subspace_distance(U, problem.truth.U) > 1e-3


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("method", ["exact", "cg"])
def test_the_ridge_reaches_a_balanced_optimum(bias, method):
    seen = make_power_law((60, 40), 2, n_observed=1000, rng=0).observations
    inner = {"inner_tol": 1e-8} if method == "cg" else {}
    done = complete(seen, 30, ridge=6.0, bias=bias, method=method, tol=1e-13, max_iter=3000, record=True, **inner)
    assert done.certificate.gap <= 1e-6 * done.certificate.achieved
    assert done.certificate.spectral_norm == pytest.approx(6.0, rel=1e-4)
    assert done.certificate.verify(seen)
    assert done.trace["imbalance"][-1] < 1e-3


def test_the_gap_is_a_bound_for_every_factorisation():
    problem = make_low_rank((30, 20), 2, density=0.6, noise=0.3, rng=0)
    best = complete(problem, 15, ridge=3.0, tol=1e-14, max_iter=2000)
    rng = np.random.default_rng(0)
    for _ in range(20):
        U, V = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
        gap = duality_gap(problem, U, V, lam=3.0)
        assert gap.bound <= best.certificate.achieved <= objective(problem, U, V, ridge=3.0)
        assert gap.gap >= gap.achieved - best.certificate.achieved - 1e-9
    assert not duality_gap(problem, U, V, lam=3.0).verify(make_low_rank((30, 20), 2, density=0.6, rng=1))


def test_noise_costs_what_the_oracle_pays():
    problem = make_low_rank((200, 180), 3, oversampling=10, noise=0.1, rng=0)
    done = complete(problem, 3)
    risk = theory.noise_risk(0.1, n_rows=200, n_cols=180, rank=3, density=problem.observations.density)
    ratio = np.linalg.norm(done.block() - problem.truth.dense()) / np.sqrt(risk)
    assert 0.9 < ratio < 1.35
    assert "no longer changes" in done.message


@pytest.mark.parametrize("kind", ["independent", "disjoint"])
def test_sample_splitting(kind):
    problem = make_low_rank((200, 180), 2, density=0.95, rng=0)
    done = complete(problem, 2, sample_splitting=kind, incoherence=3.0, max_iter=3, tol=1e-12, method="sketch", rng=0)
    whole = complete(problem, 2, max_iter=3, tol=1e-12)
    assert error(whole, problem) < error(done, problem) < 0.05
    with pytest.raises(ValueError, match="`max_iter` must be small enough to split"):
        complete(make_low_rank((8, 8), 1, density=0.2, rng=0), 1, sample_splitting="disjoint", rng=0)


def test_split_samples_are_independent():
    """Two parts meet as often as independent samples do, in number and in each entry's law."""
    seen = make_low_rank((150, 150), 1, density=0.5, rng=0).observations
    parts = split_mask(seen, 3, rng=0)
    union = np.zeros((150, 150), dtype=bool)
    masks = []
    for part in parts:
        mask = np.zeros((150, 150), dtype=bool)
        mask[part.rows, part.cols] = True
        union |= mask
        masks.append(mask)
    q = 1 - (1 - seen.density) ** (1 / 3)
    assert int(union.sum()) == seen.n_observed
    for mask in masks:
        assert mask.mean() == pytest.approx(q, abs=5 * np.sqrt(q / 150**2))
    both = (masks[0] & masks[1]).mean()
    assert both == pytest.approx(q * q, abs=5 * q / 150)
    whole = split_mask(make_low_rank((5, 5), 1, density=1.0, rng=0).observations, 2, rng=0)
    assert [part.n_observed for part in whole] == [25, 25]


def test_validation_stops_and_chooses():
    ratings = make_power_law((200, 150), 2, n_observed=6000, rng=0).observations
    train, test = ratings.split(0.15, rng=0)
    over = complete(train, 12, validation=test, bias=True, record=True, max_iter=50)
    assert over.converged
    assert over.n_iter < 50
    assert over.message.startswith("the held-out error no longer falls")
    assert over.validation_rmse == pytest.approx(over.trace["validation"].min(), rel=1e-9)
    done = complete(train, (1, 2, 12), ridge=8.0, bias=True, validation=test, record=True)
    assert done.rank == 2
    assert done.tried["rank"].tolist() == [1, 2, 12]
    assert done.validation_rmse < over.validation_rmse


def test_callback_sees_and_stops():
    problem, seen = make_low_rank((60, 50), 2, rng=0), []

    def callback(intermediate_result):
        seen.append(intermediate_result)
        if intermediate_result.n_iter == 3:
            raise StopIteration

    done = complete(problem, 2, callback=callback, record=True)
    assert (done.n_iter, done.converged, len(seen)) == (3, False, 3)
    assert done.message == "the callback asked to stop"
    np.testing.assert_allclose(seen[-1].U @ seen[-1].V.T, done.block(), atol=1e-9)
    assert [one.residual for one in seen] == done.trace["residual"].tolist()


def test_a_warm_start_continues():
    problem = make_low_rank((80, 60), 3, condition=5, rng=0)
    first = complete(problem, 3, max_iter=5)
    second = complete(problem, 3, init=(first.U, first.V), tol=1e-8)
    cold = complete(problem, 3, tol=1e-8)
    assert second.n_iter < cold.n_iter
    assert error(second, problem) < 1e-6


def test_lines_without_observations_are_named():
    mask = np.ones((7, 6), dtype=bool)
    mask[2], mask[:, 4] = False, False
    mask[5] = [True, False, False, False, False, False]
    M = 3.0 + np.outer(np.arange(7.0), np.ones(6))
    done = complete((M, mask), 2)
    assert "1 rows were never seen (2) and get the mean plus what bias is known" in done.message
    assert "1 columns were never seen (4)" in done.message
    assert "1 rows have fewer than 2 observations (5) and get the shortest solution" in done.message
    assert done.predict(2, 0) == pytest.approx(M[mask].mean())
    assert done.predict(0, 4) == pytest.approx(M[mask].mean())
    assert np.isfinite(done.block()).all()
    biased = complete((M, mask), 1, bias=True)
    assert biased.predict(2, 0) == pytest.approx(biased.mean + biased.col_bias[0])
    assert biased.row_bias[2] == 0


def test_odd_matrices():
    constant = complete(np.full((6, 5), 4.0), 1)
    np.testing.assert_allclose(constant.block(), 4.0)
    zero = complete(np.zeros((6, 5)), 2)
    assert zero.converged
    assert zero.certificate is None
    assert zero.block().tolist() == np.zeros((6, 5)).tolist()
    over = complete(make_low_rank((40, 30), 2, density=0.8, rng=0), 5, max_iter=30)
    assert np.isfinite(over.block()).all()
    assert over.residual < 1e-5
    single = complete([[2.0]], 1)
    assert single.block().tolist() == [[pytest.approx(2.0)]]
    spiky = complete(make_coherent((60, 50), 1, spike=float("inf"), density=0.3, rng=0), 1)
    assert np.isfinite(spiky.block()).all()


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_float_types(kind):
    problem = make_low_rank((60, 50), 2, density=0.6, rng=0)
    seen = problem.observations
    values = seen.values.astype(np.float32) if kind == np.float32 else np.rint(10 * seen.values).astype(kind)
    values.flags.writeable = False
    done = complete(Observations(seen.rows, seen.cols, values, seen.shape), 2, method="cg", tol=1e-4)
    assert done.U.dtype == (np.float32 if kind == np.float32 else np.float64)
    assert done.residual < (1e-3 if kind == np.float32 else 0.1)
    assert done.predict([0], [0]).dtype == done.U.dtype


def test_the_answer_does_not_depend_on_threads():
    problem = make_low_rank((80, 60), 3, rng=0)
    one, two = (complete(problem, 3, method="cg", n_jobs=n) for n in (1, 3))
    np.testing.assert_array_equal(one.U, two.U)


def test_rows_with_too_few_entries_do_not_stop_the_run_early():
    seen = make_low_rank((250, 200), 15, oversampling=2.5, rng=1).observations
    number = np.arange(seen.n_observed) - seen.by_row.starts[seen.rows]  # of an observation in its row
    data = seen.subset((seen.rows >= 50) | (number < 14))
    exact, cg = (complete(data, 15, method=method, record=True) for method in ("exact", "cg"))
    assert abs(exact.n_iter - cg.n_iter) <= 3
    for done in (exact, cg):
        assert done.residual <= done.trace["residual"][-1] < 2e-6


def test_the_search_for_a_rank_stops_when_the_callback_says_so():
    train, test = make_power_law((60, 40), 2, n_observed=1000, rng=0).observations.split(0.2, rng=0)
    states = []

    def callback(intermediate_result):
        states.append(intermediate_result.U.shape[1])
        if states[-1] == 2:
            raise StopIteration

    done = complete(train, [1, 2, 3], ridge=2.0, validation=test, callback=callback)
    assert set(states) == {1, 2}
    assert (done.converged, done.message) == (False, "the callback asked to stop")


def test_the_trace_predicts_as_the_result_does():
    """Lines that were never seen get the mean in both."""
    train, test = make_power_law((60, 40), 2, n_observed=150, rng=0).observations.split(0.4, rng=0)
    assert (train.by_row.degrees == 0).any()
    done = complete(train, 1, ridge=1.0, validation=test, record=True)
    assert done.trace["validation"].min() == pytest.approx(done.validation_rmse, rel=1e-9)


@pytest.mark.parametrize("kind", ["independent", "disjoint"])
def test_every_half_step_takes_a_fresh_sample(monkeypatch, kind):
    problem = make_low_rank((40, 30), 1, density=0.9, rng=0)
    inside = scaling.scaled(problem.observations, scaling.unit_of(problem.observations.values))
    parts = split_mask(inside, 7, method=kind, rng=5)
    taken, right = [], half_steps.regress

    def regress(lines, *args, **options):
        taken.append(lines)
        return right(lines, *args, **options)

    starts, begin = [], spectral_start.spectral_init
    monkeypatch.setattr(half_steps, "regress", regress)
    monkeypatch.setattr(
        spectral_start,
        "spectral_init",
        lambda seen, *args, **options: (starts.append(seen), begin(seen, *args, **options))[1],
    )
    complete(problem, 1, sample_splitting=kind, max_iter=3, tol=0, rng=5)
    np.testing.assert_array_equal(starts[0].values, parts[0].values)
    for i, lines in enumerate(taken):
        np.testing.assert_array_equal(lines.values, (parts[i + 1].by_col, parts[i + 1].by_row)[i % 2].values)
    assert len(taken) == 6


def test_the_start_has_the_scale_of_the_matrix():
    problem = make_low_rank((60, 50), 2, density=1.0, condition=3, rng=0)
    done = complete(problem, 2, max_iter=1, max_inner_iter=0, method="cg")
    np.testing.assert_allclose(done.singular_values, problem.truth.singular_values, rtol=1e-6)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([1e-1, 1e-3, 1e-2, 1e-2], [1, 1e-1, 1e-3, 1e-3]),  # after a residual that has risen the accuracy does not rise
        ([0.5, 0.4, 0.4, 0.38, 0.38, 0.38], [1, 0.5, 0.4, 0.4, 0.02 / 0.38, 0.02 / 0.38]),  # noise: the relative change
    ],
)
def test_the_inner_accuracy_follows_the_smallest_residual_and_its_change(monkeypatch, found, expected):
    residuals, asked = iter(found), []

    def half_step(seen, factors, axis, accuracy, setting, counts):
        asked.append(accuracy)
        counts["inner_iterations"] = 0
        return next(residuals)

    monkeypatch.setattr(alternation, "_half_step", half_step)
    complete(make_low_rank((20, 15), 1, rng=0), 1, method="cg", max_iter=len(found) // 2, inner_tol=0.1, tol=0)
    assert asked == pytest.approx([0.1 * one for one in expected])


def test_ways_to_write_an_argument():
    problem = make_low_rank((12, 10), 2, density=0.9, rng=0)
    first = complete(problem, 2, max_iter=2)
    np.testing.assert_array_equal(complete(problem, np.array(2), max_iter=2).U, first.U)
    pair, both = complete(problem, 2, init=(first.U, first.V)), complete(problem, 2, init=[first.U, first.V])
    np.testing.assert_array_equal(pair.U, both.U)
    assert len(sample_mask((1000, 1000), 1e-300, rng=0)[0]) == 0
    assert len(sample_mask((2**31 - 1, 1000), 1e-12, rng=0)[0]) < 20


def test_bad_input():
    problem = make_low_rank((12, 10), 2, density=0.9, rng=0)
    for options, sentence in (
        ({"rank": 11}, r"`rank` must be an integer in \[1, 10\]; got 11"),
        ({"rank": 0}, "`rank` must be an integer in"),
        ({"ridge": "none"}, '`ridge` must be a number, "auto" or None; got'),
        ({"hold_out": "late"}, "`hold_out` must be one of None, 'random', 'time'"),
        ({"method": "gd"}, "`method` must be one of"),
        ({"ridge": -1}, "`ridge` must be in"),
        ({"tol": NAN}, "`tol` must be in"),
        ({"inner_tol": 1.0}, "`inner_tol` must be in"),
        ({"max_iter": 0}, "`max_iter` must be an integer of at least 1"),
        ({"init": "zeros"}, "`init` must be one of"),
        ({"init": (np.ones((12, 2)),)}, "`init` must be a pair"),
        ({"init": (np.ones((12, 3)), np.ones((10, 3)))}, "`init` must be of shape"),
        ({"incoherence": 0.5}, "`incoherence` must be in"),
        ({"incoherence": 2.0, "init": "random"}, '`incoherence` must be None unless `init` is "spectral"'),
        ({"validation": np.full((12, 10), NAN)}, "`validation` must be at least one observation"),
        ({"validation": np.eye(3)}, r"`validation` must be of shape \(12, 10\), as `data`"),
        ({"sample_splitting": "thirds"}, "`sample_splitting` must be one of"),
    ):
        with pytest.raises(ValueError, match=sentence):
            complete(problem, **{"rank": 2, **options})
    for run in (complete, baselines.als):
        with pytest.raises(TypeError, match=r"`callback` must be callable or None; got 3\."):
            run(problem, 2, callback=3)
    with pytest.raises(ValueError, match=r"`problem` must be of shape \(m, n\)"):
        complete(problem, 2).certificate.verify(3)
    with pytest.raises(TypeError, match="`rank` must be an integer, a non-empty sequence of integers or"):
        complete(problem, "2")
