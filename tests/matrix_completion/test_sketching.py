"""Sketches, preconditioned iterations, and their rates."""

import numpy as np
import pytest

from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.matrix_completion import sketch, sketched_lstsq, sketching, theory
from proofs_checks.matrix_completion.regressions.sketched_regressions import (
    cg_error_bound,
    forward_error_bound,
    gradient_rate,
)
from proofs_checks.matrix_completion.sketches.hashed_sketches import countsketch_second_moment


def tall(n: int = 300, k: int = 6, condition: float = 1e4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    U, V = np.linalg.qr(rng.normal(size=(n, k)))[0], np.linalg.qr(rng.normal(size=(k, k)))[0]
    return (U * np.geomspace(1, 1 / condition, k)) @ V, rng.normal(size=n)


@pytest.mark.parametrize("kind", sketching.KINDS)
def test_sketches_preserve_products_on_average(kind):
    A, rng = np.linalg.qr(tall(60, 3)[0])[0], np.random.default_rng(1)
    runs = 300
    mean = sum(S.T @ S for S in (sketch(A, 20, kind=kind, rng=rng) for _ in range(runs))) / runs
    np.testing.assert_allclose(mean, np.eye(3), atol=0.15)


@pytest.mark.parametrize("kind", ["countsketch", "osnap"])
def test_the_second_moment(kind):
    Q, rng, runs = np.linalg.qr(tall(100, 3)[0])[0], np.random.default_rng(2), 1500
    errors = np.empty(runs)
    for run in range(runs):
        S = sketch(Q, 24, kind=kind, rng=rng)
        errors[run] = np.linalg.norm(S.T @ S - np.eye(3)) ** 2
    expected = countsketch_second_moment(Q, 24)
    assert abs(errors.mean() - expected) <= 5 * errors.std() / np.sqrt(runs)


def test_a_sketch_without_signs_is_caught():
    Q, rng = np.ones((200, 1)) / np.sqrt(200), np.random.default_rng(3)
    with patched(Patch(sketching._countsketch, "signs = rng.choice([-1.0, 1.0], size=n)", "signs = np.ones(n)")):
        S = sketching._countsketch(Q, 30, rng)
    assert np.linalg.norm(S.T @ S - 1) ** 2 > 10 * countsketch_second_moment(Q, 30)


def test_a_hadamard_sketch_of_full_size_is_an_isometry():
    A = tall(128, 4)[0]
    S = sketch(A, 128, kind="srht", rng=0)
    np.testing.assert_allclose(S.T @ S, A.T @ A, atol=1e-12)


@pytest.mark.parametrize("kind", sketching.KINDS)
def test_against_lstsq(kind):
    A, b = tall()
    B = np.stack([b, 2 * b, A @ np.arange(6.0)], axis=1)
    found = sketched_lstsq(A, B, kind=kind, epsilon=1e-10, rng=0)
    exact = np.linalg.lstsq(A, B, rcond=None)[0]
    assert found.converged
    best = np.linalg.norm(A @ exact - B, axis=0)
    assert (found.residual_norms <= (1 + 1e-10) * best + 1e-12 * np.linalg.norm(B, axis=0)).all()
    for j in range(2):
        bound = forward_error_bound(1e-10, best[j], np.linalg.svd(A)[1][-1])
        assert np.linalg.norm(found.x[:, j] - exact[:, j]) <= bound


@pytest.mark.parametrize("epsilon", [0.9, 0.3, 1e-3])
def test_it_stops_at_the_first_iterate_that_is_proved(epsilon):
    """The rule of the notes, computed anew for every iterate from A, b and R alone, for many sides."""
    A, rest = tall(200, 5, 10.0)
    for seed, share in enumerate(np.geomspace(0.3, 300, 60)):
        b = rest + share * A.sum(axis=1)
        found = sketched_lstsq(A, b, sketch_size=40, epsilon=epsilon, rng=seed, record=True)
        turned = np.linalg.solve(found.R.T, A.T)  # R^{-T} A^T
        sigma = 1 / (1 + theory.distortion(A, found.R))
        proved = []
        for x in found.trace["x"]:
            error, left = np.sum((turned @ (b - A @ x)) ** 2) / sigma**2, np.sum((b - A @ x) ** 2)
            proved.append(bool(error <= ((1 + epsilon) ** 2 - 1) * (left - error)))
        assert proved == [False] * found.n_iter + [True]


def test_gradients_of_conjugate_gradients_may_grow_before_they_end():
    """Two steps end at the solution, and the gradient between them is a million times longer than the first one."""
    A, g = np.diag([1.0, 1e-7]), np.array([1e-7, 1.0])
    b = g / np.diagonal(A)
    found, _, _ = sketching.iterates(
        A, b, np.eye(2), np.zeros(2), method="cg", enough=lambda g, rest: False, max_iter=2
    )
    assert np.linalg.norm(A.T @ (b - A @ found[1])) > sketching.DIVERGED * np.linalg.norm(g)
    assert np.linalg.norm(A @ found[2] - b) < 1e-6 * np.linalg.norm(b)


@pytest.mark.parametrize("method", ["cg", "gd"])
def test_rates(method):
    A, b = tall(400, 5, 1e4)
    R = sketching.precondition(A, 200, "gaussian", np.random.default_rng(0))
    e = theory.distortion(A, R)
    assert e < 1 - 1 / np.sqrt(2)
    best = np.linalg.lstsq(A, b, rcond=None)[0]
    steps, _, _ = sketching.iterates(A, b, R, np.zeros(5), method=method, enough=lambda g, rest: False, max_iter=6)
    errors = np.array([np.linalg.norm(A @ (x - best)) for x in steps])
    floor = 1e-10 * errors[0]
    if method == "gd":
        assert (errors[1:] <= gradient_rate(e) * errors[:-1] + floor).all()
    else:
        assert (errors <= cg_error_bound(e, np.arange(len(errors))) * errors[0] + floor).all()


def test_gradient_descent_diverges_beyond_its_distortion():
    A, b = np.linalg.qr(tall()[0])[0], tall()[1]
    R = np.eye(6) * 0.65  # lengths 0.65 of what they are: distortion 0.35
    assert theory.distortion(A, R) == pytest.approx(1 / 0.65 * 0.35 / (1 / 0.65), abs=1e-12)
    steps, _, _ = sketching.iterates(A, b, R, np.zeros(6), method="gd", enough=lambda g, r: False, max_iter=20)
    best = A.T @ b
    assert np.linalg.norm(steps[-1] - best) > 100 * np.linalg.norm(best)
    other, _, _ = sketching.iterates(
        A, b, 1.35 * np.eye(6), np.zeros(6), method="gd", enough=lambda g, r: False, max_iter=40
    )
    np.testing.assert_allclose(other[-1], best, atol=1e-8)  # as distorted the other way, it converges


def test_trace_repeats_and_rank_loss():
    A, b = tall()
    found = sketched_lstsq(A, b, rng=0, record=True)
    assert found.trace["x"].shape == (found.n_iter + 1, 6)
    np.testing.assert_array_equal(found.trace["x"][-1], found.x)
    assert found.counts["sketch_rows"] == 96
    deficient = sketched_lstsq(np.ones((30, 2)), b[:30], rng=0, max_iter=5)
    assert np.isfinite(deficient.x).all()
    assert sketched_lstsq(A, np.zeros(300), rng=0).x.tolist() == [0.0] * 6
    assert sketched_lstsq(A, np.zeros((300, 0)), rng=0).x.shape == (6, 0)


def heavy() -> tuple[np.ndarray, np.ndarray]:
    """Forty rows carry everything: sketches lose rank by collisions, and uniform ones miss rows."""
    rng = np.random.default_rng(0)
    A, b = np.zeros((4000, 40)), 1e-3 * rng.normal(size=4000)
    A[:40] = np.diag(np.geomspace(1, 1e-4, 40))
    b[:40] += A[:40] @ rng.normal(size=40)
    return A, b


def excess(A: np.ndarray, b: np.ndarray, found) -> float:
    """|A x - b| / OPT - 1."""
    best = np.linalg.lstsq(A, b, rcond=None)[0]
    return float(np.linalg.norm(A @ found.x - b) / np.linalg.norm(A @ best - b) - 1)


@pytest.mark.parametrize("kind", ["countsketch", "uniform"])
def test_a_sketch_that_has_lost_rank_proves_nothing(kind):
    A, b = heavy()
    found = sketched_lstsq(A, b, kind=kind, rng=0)
    assert found.converged
    assert excess(A, b, found) <= 1e-6
    assert found.reason == "A itself after 3 sketches of 640 rows"
    assert found.counts["sketches"] == 3
    assert sketched_lstsq(A, b, kind=kind, repeats=1, rng=0).counts["sketches"] == 1


def test_small_sketches_claim_no_accuracy_that_they_lack():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        A, b = rng.normal(size=(500, 5)), rng.normal(size=500)
        found = sketched_lstsq(A, b, sketch_size=6, epsilon=1e-6, rng=seed)
        assert found.converged
        assert excess(A, b, found) <= 1e-6
    with patched(Patch(sketching._preconditioners, "1 / (1 + distortion(A, R))", "2.0")):
        # a bound that is too large by far ends the iteration too early
        A, b = tall(400, 8)
        assert excess(A, b, sketched_lstsq(A, b, sketch_size=9, epsilon=1e-6, rng=1)) > 1e-6


def test_a_matrix_without_full_rank_is_said():
    A = np.random.default_rng(0).normal(size=(30, 2)) @ np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    found = sketched_lstsq(A, np.arange(30.0), rng=0)
    assert not found.converged
    assert found.message == "the accuracy was not reached, or not proved: A may lack full column rank"
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A, np.arange(30.0), rcond=None)[0])


def test_bad_input():
    A, b = tall()
    for options, sentence in (
        ({"epsilon": 0.0}, "`epsilon` must be in"),
        ({"sketch_size": 5}, "`sketch_size` must be an integer of at least 6"),
        ({"kind": "fourier"}, "`kind` must be one of"),
        ({"method": "lsqr"}, "`method` must be one of"),
    ):
        with pytest.raises(ValueError, match=sentence):
            sketched_lstsq(A, b, **options)
    with pytest.raises(ValueError, match="`B` must be of shape"):
        sketched_lstsq(A, b[:5])
    with pytest.raises(ValueError, match=r"`A` must be of shape \(n, k\)"):
        sketched_lstsq(A.T, b)


@pytest.mark.parametrize("method", ["cg", "gd"])
@pytest.mark.parametrize("k", [1, 3])
def test_more_steps_than_needed_stay_at_the_solution(method, k):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        A, b = rng.integers(-8, 8, size=(80, k)) + 9.0 * np.eye(80, k), rng.normal(size=80)
        R = np.linalg.qr(A, mode="r")
        start = np.zeros(k)
        found = sketching.iterates(A, b, R, start, method=method, enough=lambda g, rest: False, max_iter=60)[0]
        best = np.linalg.lstsq(A, b, rcond=None)[0]
        assert np.linalg.norm(found[-1] - best) <= 1e-12 * np.linalg.norm(best)


def lengths(size: int, runs: int) -> np.ndarray:
    """The squared length of the Gaussian sketch of a unit vector, over many draws."""
    rng, unit = np.random.default_rng(4), np.full((5, 1), 5**-0.5)
    return np.array([np.sum(sketch(unit, size, kind="gaussian", rng=rng) ** 2) for _ in range(runs)])


def test_gaussian_sketches_of_few_rows_have_the_right_length():
    """The squared length in s rows is chi-square over s: mean 1, variance 2 / s. Where s is small, s - 1 is seen."""
    for size in (1, 2, 3):
        found = lengths(size, 4000)
        assert abs(found.mean() - 1) <= 5 * np.sqrt(2 / size / 4000)
    with patched(Patch(sketching._gaussian, "np.sqrt(s)", "np.sqrt(s - 1)")):
        unit = np.full((5, 1), 5**-0.5)
        wrong = [np.sum(sketching._gaussian(unit, 2, np.random.default_rng(i)) ** 2) for i in range(400)]
    assert np.mean(wrong) > 1.5


def signs(runs: int) -> np.ndarray:
    """The signs that CountSketch gives to one row."""
    rng = np.random.default_rng(5)
    return np.array([sketching._countsketch(np.ones((1, 1)), 3, rng).sum() for _ in range(runs)])


def test_signs_are_fair_and_independent():
    found = signs(4000)
    assert set(found) == {-1.0, 1.0}
    assert abs(found.mean()) <= 5 / np.sqrt(4000)
    rng = np.random.default_rng(6)
    pairs = np.array([sketching._countsketch(np.eye(2), 1, rng)[0] for _ in range(4000)])
    assert abs((pairs[:, 0] * pairs[:, 1]).mean()) <= 5 / np.sqrt(4000)
    uneven = "signs = rng.choice([-1.0, 1.0], size=n, p=[0.4, 0.6])"
    with patched(Patch(sketching._countsketch, "signs = rng.choice([-1.0, 1.0], size=n)", uneven)):
        assert abs(signs(4000).mean()) > 5 / np.sqrt(4000)


def test_unit_steps_that_diverge_say_nothing(recwarn):
    """Sketches of 8 rows distort too much for unit steps; the last triangle is that of A, and no warning gets out."""
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(300, 6)), rng.normal(size=300)
    found = sketched_lstsq(A, b, method="gd", sketch_size=8, max_iter=3000, rng=0)
    assert found.converged
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A, b, rcond=None)[0], rtol=1e-6)
    assert found.reason == "A itself after 3 sketches of 8 rows"
    assert found.counts["inner_iterations"] < 10
    assert not recwarn.list


def test_operations_grow_with_inner_iterations_by_two_products_and_two_solves():
    (A, b), seen = tall(200, 5), {}
    for epsilon in (1e-1, 1e-8):
        counts = sketched_lstsq(A, b, epsilon=epsilon, method="cg", rng=0).counts
        seen[counts["inner_iterations"]] = counts["flops"]
    (few, cheap), (many, dear) = sorted(seen.items())
    assert many > few
    assert dear - cheap == (many - few) * (4 * 200 * 5 + 2 * 5 * 5)


def test_a_direction_without_a_finite_curvature_ends_the_iteration():
    asked = []

    def enough(gradient, residual):
        asked.append(1)
        assert len(asked) < 5
        return False

    A, b = np.array([[1.0], [1.0]]), np.array([1.0, 1.0])
    with np.errstate(over="ignore"):
        found, _, _ = sketching.iterates(
            A, b, np.array([[1e-160]]), np.zeros(1), method="cg", enough=enough, max_iter=9
        )
    assert len(found) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1.0, 1e-300, 1e300])
@pytest.mark.parametrize("power", [-20, -160, -300, -305])
@pytest.mark.parametrize("method", ["cg", "gd"])
def test_columns_of_far_apart_sizes_have_the_solution_of_columns_of_one_size(power, unit, method):
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(400, 3)), rng.normal(size=400) * 1e-15
    sizes = unit * np.array([1.0, 10.0**power if unit >= 1 else 1e-8, 1.0])
    expected = np.linalg.lstsq(A, b, rcond=None)[0]
    found = sketched_lstsq(A * sizes, b * 1e-5, epsilon=1e-9, method=method, rng=0)
    assert found.converged
    assert found.x * sizes * 1e5 == pytest.approx(expected, rel=1e-3)


@pytest.mark.filterwarnings("error")
def test_a_solution_out_of_the_range_of_doubles_is_refused():
    A = np.random.default_rng(0).normal(size=(40, 3))
    for sizes in ([1e-313] * 3, [1.0, 1e-313, 1.0], [1e300, 1e-313, 1.0]):
        with pytest.raises(ValueError, match="`A` must be a matrix with a solution in the range of doubles"):
            sketched_lstsq(A * sizes, np.ones(40), rng=0)
        assert np.isfinite(sketched_lstsq(A * sizes, np.full(40, 1e-100), rng=0).x).all()


@pytest.mark.filterwarnings("error")
def test_dependent_columns_of_far_apart_sizes_have_the_shortest_solution():
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    found = sketched_lstsq(np.stack([a, a, 1e-200 * a, 0 * a], axis=1), b, rng=0)
    assert not found.converged
    assert found.x == pytest.approx([a @ b / (a @ a) / 2] * 2 + [0, 0], abs=1e-12)
    assert np.array_equal(found.R, found.R[0, 0] * np.eye(4))
