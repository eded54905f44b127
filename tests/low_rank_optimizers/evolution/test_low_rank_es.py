"""Questions and answers of evolution strategies: estimates, shaping, bad fitness, states, and copies."""

from __future__ import annotations

import copy
import json
import pickle
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import ESStep, LowRankES, es_gradient

RNG = np.random.default_rng(8)
SHAPES = [(3, 4), (4, 2), (4,)]


def strategy(**options: Any) -> LowRankES:
    return LowRankES(SHAPES, **{"sigma": 0.5, "population_size": 12, "rng": 3, **options})


def told(es: LowRankES, fitness: Any) -> ESStep:
    es.ask()
    return es.tell(fitness)


def direct(es: LowRankES, weights: np.ndarray) -> list[np.ndarray]:
    """The estimate from dense perturbations: the mean of weight times perturbation over sigma squared."""
    generation, zeros = es.ask(), [np.zeros(shape) for shape in es.shapes]
    every = 2 if es.mirrored else 1
    noise = [generation.member(i, zeros) for i in range(0, es.population_size, every)]
    return [
        sum(w * E[layer] for w, E in zip(weights, noise, strict=True)) / len(noise) / es.sigma**2 for layer in range(3)
    ]


@pytest.mark.parametrize("factors", ["sign", "gaussian"])
@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("mirrored", [True, False])
def test_updates_are_means_over_dense_perturbations(factors: str, rank: int, mirrored: bool) -> None:
    es = strategy(factors=factors, rank=rank, mirrored=mirrored, step_size=0.25)
    fitness = RNG.normal(size=12)
    d = (fitness[::2] - fitness[1::2]) / 2 if mirrored else fitness
    expected = direct(es, d)
    step = es.tell(fitness)
    assert isinstance(step, ESStep)
    for found, wanted in zip(step.update, expected, strict=True):
        np.testing.assert_allclose(found, 0.25 * wanted, atol=1e-12)
    np.testing.assert_allclose(step.pair_differences, d, atol=1e-15)
    assert dict(step.counts) == {
        "evaluations": 12,
        "dropped_pairs": 0,
        "tied_pairs": 0,
        "flops": 2 * len(d) * ((12 + 8) * rank + 4),
    }
    assert step.certificate is None
    assert "EG-V" in step.message


def ranks(values: list[float]) -> list[Fraction]:
    """Ranks in [-1/2, 1/2] by counting."""
    below = [sum(w < v for w in values) + Fraction(sum(w == v for w in values) - 1, 2) for v in values]
    return [rank / (len(values) - 1) - Fraction(1, 2) for rank in below]


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("shaping", ["standardized", "ranks", "sign"])
def test_shaping(shaping: str, mirrored: bool) -> None:
    es = strategy(shaping=shaping, mirrored=mirrored)
    fitness = np.array([1.0, 4, 4, -2, 0.5, 0.5, 7, 7, 1, 2.5, 0, 9])  # 2.5 is between median and mean
    values = fitness.tolist()
    if shaping == "standardized":
        shaped = [(v - np.mean(values)) / np.std(values) for v in values]
    elif shaping == "ranks":
        shaped = [float(rank) for rank in ranks(values)]
    else:
        shaped = np.sign(fitness - np.median(values)).tolist()
    pairs = list(zip(values[::2], values[1::2], strict=True))
    d: Any = [(a - b) / 2 for a, b in zip(shaped[::2], shaped[1::2], strict=True)] if mirrored else shaped
    d = [float(np.sign(a - b)) for a, b in pairs] if shaping == "sign" and mirrored else d
    expected = direct(es, d)
    step = es.tell(fitness)
    for found, wanted in zip(step.update, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert step.counts["tied_pairs"] == (2 if mirrored else 0)


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_pair_without_a_finite_value_is_dropped(bad: float, mirrored: bool) -> None:
    es, fitness = strategy(mirrored=mirrored), RNG.normal(size=12)
    d = (fitness[::2] - fitness[1::2]) / 2 if mirrored else fitness.copy()
    d[2 if mirrored else 5] = 0.0
    expected = [len(d) / (len(d) - 1) * wanted for wanted in direct(es, d)]
    fitness[5] = bad
    step = es.tell(fitness)
    for found, wanted in zip(step.update, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert step.counts["dropped_pairs"] == 1
    assert len(step.pair_differences) == len(d) - 1


@pytest.mark.parametrize("shaping", ["raw", "standardized", "ranks", "sign"])
def test_equal_fitness_moves_nothing(shaping: str) -> None:
    for value in (0.0, 1e6, -1e300):
        step = told(strategy(shaping=shaping), np.full(12, value))
        assert step.counts["tied_pairs"] == 6
        assert all((update == 0).all() for update in step.update)


def test_fitness_at_the_end_of_the_range_of_numbers() -> None:
    fitness = np.array([1.5, -1.5, 0.5, 1, -1.5, 0, 1, 1, 0.25, -1, 0, 1])
    for shaping in ("standardized", "ranks", "sign"):
        plain = told(strategy(shaping=shaping), fitness).update
        for found, wanted in zip(told(strategy(shaping=shaping), fitness * 2.0**1023).update, plain, strict=True):
            np.testing.assert_array_equal(found, wanted)
    for kind, unit in (("float64", 2.0**1022), ("float32", 2.0**126)):
        es = strategy(sigma=1e-3)
        with pytest.raises(ValueError, match=f"`fitness` must be such that updates are finite {kind} numbers"):
            told(es, (fitness * unit).astype(kind))
        assert es.n_steps == 0
    assert told(strategy(sigma=4.0), fitness * 2.0**1023).pair_differences[0] == 1.5 * 2.0**1023


@pytest.mark.parametrize("shaping", ["raw", "standardized", "ranks", "sign"])
def test_a_constant_and_large_fitness_cost_no_digits(shaping: str) -> None:
    fitness = RNG.integers(-4, 5, size=12).astype(float)
    plain = told(strategy(shaping=shaping), fitness).update
    for moved, unit in ((fitness + 2.0**40, 1.0), (fitness * 2.0**900, 2.0**900), (fitness * 2.0**-900, 2.0**-900)):
        for found, wanted in zip(told(strategy(shaping=shaping), moved).update, plain, strict=True):
            np.testing.assert_allclose(found / (unit if shaping == "raw" else 1.0), wanted, rtol=1e-12, atol=1e-12)


def test_deviations_from_the_mean_of_large_fitness_keep_their_digits() -> None:
    fitness = RNG.integers(0, 8, size=12).astype(float)  # their mean is no integer, and gaps at 2^52 are 1
    plain, moved = (told(strategy(shaping="standardized", mirrored=False), fitness + c).update for c in (0.0, 2.0**52))
    for found, wanted in zip(moved, plain, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_small_differences_of_large_fitness_in_single_precision() -> None:
    fitness = (2.0**20 + RNG.integers(0, 8, size=12) / 8).astype(np.float32)  # exact in single precision
    found = told(strategy(), fitness).update
    exact = told(strategy(), fitness.astype(float) - 2.0**20).update
    for one, two in zip(found, exact, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(
    ("fitness", "words"),
    [
        (np.ones(11), r"`fitness` must be of shape \(12,\); got \(11,\)"),
        (np.ones((12, 1)), r"`fitness` must be of shape \(12,\)"),
        (np.full(12, np.nan), "at least one finite pair; got none"),
        ([1.0, np.inf] * 6, "at least one finite pair; got none"),
    ],
)
def test_refused_fitness_changes_nothing(fitness: Any, words: str) -> None:
    es = strategy()
    before = es.ask()
    with pytest.raises(ValueError, match=words):
        es.tell(fitness)
    assert es.ask() is before
    assert es.n_steps == 0
    with pytest.raises(TypeError, match="`fitness` must be an array of real numbers"):
        es.tell(["a"] * 12)


def test_tell_follows_one_ask() -> None:
    es = LowRankES([(2, 2)], sigma=1.0, population_size=2)
    words = "`tell` must be called after one `ask`; got no open perturbation"
    with pytest.raises(ValueError, match=words):
        es.tell([1.0, 2.0])
    es.ask()
    es.tell([1.0, 2.0])
    with pytest.raises(ValueError, match=words):
        es.tell([1.0, 2.0])


def test_noise_is_fresh_in_each_step_and_the_same_within_one() -> None:
    es, seen = strategy(factors="gaussian"), []
    for _ in range(3):
        first = es.ask()
        assert es.ask() is first
        seen.append(first.A[0].copy())
        es.tell(RNG.normal(size=12))
    assert all((one != two).all() for one, two in ((seen[0], seen[1]), (seen[0], seen[2]), (seen[1], seen[2])))


def test_states_copies_and_pickles_go_on_alike() -> None:
    es = strategy(rank=2, step_size=0.5)
    for _ in range(3):
        es.ask()
        es.tell(RNG.normal(size=12))
    es.ask()
    state = json.loads(json.dumps(es.get_state()))
    restored = strategy(rank=2, step_size=0.5, rng=99)
    restored.set_state(state)
    others = [restored, es.copy(), copy.deepcopy(es), pickle.loads(pickle.dumps(es))]
    fitness = RNG.normal(size=(2, 12))
    for f in fitness:
        expected = es.ask().A, es.tell(f).update
        for other in others:
            found = other.ask().A, other.tell(f).update
            for one, two in zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
                np.testing.assert_array_equal(one, two)
    assert restored.get_state() == es.get_state()
    assert es.state_bytes == 16
    assert len(pickle.dumps(es)) < 1500


def test_false_states_are_refused() -> None:
    es = strategy()
    good = es.get_state()
    for change in ({"sigma": 0.25}, {"shapes": [[3, 4]]}, {"n_steps": -1}, {"seed": 2**63}, {"rank": 2}):
        with pytest.raises(ValueError, match="state"):
            es.set_state(good | change)
    with pytest.raises(ValueError, match="seed"):
        es.set_state({name: value for name, value in good.items() if name != "seed"})
    assert es.get_state() == good


def test_a_state_ends_the_open_generation() -> None:
    es, other = strategy(), strategy(rng=4)
    before = es.ask()
    es.set_state(other.get_state())
    np.testing.assert_array_equal(es.ask().A[0], other.ask().A[0])
    assert (es.ask().A[0] != before.A[0]).any()
    assert max(strategy(rng=i).seed for i in range(8)) > 2**60


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population_size": 7}, "`population_size` must be even when `mirrored` is true; got 7"),
        ({"population_size": 0}, "`population_size` must be an integer"),
        ({"rank": 0}, "`rank` must be an integer of at least 1; got 0"),
        ({"sigma": -0.1}, "`sigma` must be a finite number > 0; got -0.1"),
        ({"sigma": 0.0}, "`sigma` must be a finite number > 0"),
        ({"sigma": np.nan}, "`sigma` must be a finite number > 0; got nan"),
        ({"sigma": np.inf}, "`sigma` must be a finite number > 0"),
        ({"step_size": 0.0}, "`step_size` must be a finite number > 0"),
        ({"factors": "uniform"}, "`factors` must be one of"),
        ({"shaping": "rank"}, "`shaping` must be one of"),
        ({"shapes": [(2, 3, 4)]}, r"`shapes\[0\]` must be of one or two axes"),
        ({"shapes": [(2, 0)]}, r"`shapes\[0\]\[1\]` must be an integer"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"shapes": [(2, 3)], "sigma": 0.1, "population_size": 4} | options
    with pytest.raises(ValueError, match=words):
        LowRankES(given.pop("shapes"), **given)


def test_the_rank_may_exceed_the_sides() -> None:
    generation = LowRankES([(2, 2)], sigma=1.0, rank=7, population_size=4, rng=0).ask()
    assert generation.A[0].shape == (2, 2, 7)


def test_mean_and_error_over_all_signs_of_a_pair() -> None:
    """Enumeration of what one pair can say about a quadratic: the gradient itself, and the error of statement EG-V."""
    m, n, sigma = 2, 2, 0.5
    G = np.array([[1.0, -2.0], [0.5, 3.0]])
    estimates = []
    for signs in product([-1.0, 1.0], repeat=m + n):
        E = np.outer(signs[:m], signs[m:])
        plus, minus = ((G * W).sum() + (W**2).sum() for W in (sigma * E, -sigma * E))
        estimates.append(E * (plus - minus) / (2 * sigma))
    np.testing.assert_allclose(np.mean(estimates, axis=0), G, atol=1e-14)
    error = np.mean([((g - G) ** 2).sum() for g in estimates])
    assert error == pytest.approx((m * n - 1) * (G**2).sum())
    found = [
        es_gradient(lambda W: (G * W).sum() + (W**2).sum(), np.zeros((2, 2)), sigma=sigma, population_size=2, rng=i)
        for i in range(200)
    ]
    possible = np.array(estimates).reshape(len(estimates), -1)
    for one in found:
        assert np.abs(possible - one.gradient.ravel()).sum(axis=1).min() < 1e-12  # type: ignore[union-attr]
        assert one.standard_error == np.inf
