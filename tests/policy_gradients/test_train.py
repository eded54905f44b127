"""Training on several problems: against a plain loop, exact success, seeds, bad input, and an interrupt."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from lrtheory.policy_gradients import Population, make_arithmetic, train

#: `train` is the name of the function, too
module = sys.modules[train.__module__]


def small(rng: int = 0) -> Population:
    """Two problems of five answers with three features."""
    draws = np.random.default_rng(rng)
    correct = np.array([[1, 1, 0, 0, 0], [0, 1, 0, 1, 0]], bool)
    return Population(correct, draws.normal(size=(5, 3)), draws.normal(size=3), own=draws.normal(size=(2, 3)))


def advantages_of(rewards, log_probs, beta):
    """The advantages of one group, by the population deviation, with average ranks."""
    size = len(rewards)
    rank = [sum(b < a for b in log_probs) + (sum(b == a for b in log_probs) - 1) / 2 for a in log_probs]
    rewards = [r * (1 - beta * k / size) for r, k in zip(rewards, rank, strict=True)]
    mean = sum(rewards) / size
    spread = math.sqrt(sum((r - mean) ** 2 for r in rewards) / size)
    return [(r - mean) / spread if spread > 1e-9 else 0.0 for r in rewards]


def probabilities(features, shared, own):
    logits = [sum(f * (s + o) for f, s, o in zip(row, shared, own, strict=True)) for row in features]
    weights = [math.exp(one) for one in logits]
    return [one / sum(weights) for one in weights]


@pytest.mark.parametrize(("beta", "updates", "clip"), [(0.0, 1, 0.2), (0.5, 3, (0.1, 0.3)), (0.0, 4, None)])
def test_it_is_the_plain_loop(beta, updates, clip):
    """Loops over samples and features, with the definition of the gradient of a logarithm."""
    problem, size, rate, own_rate = small(), 6, 0.8, 0.3
    low, high = (0, math.inf) if clip is None else (1 - clip[0], 1 + clip[1]) if isinstance(clip, tuple) else (0.8, 1.2)
    options = {"step_size": rate, "own_step_size": own_rate, "unlikeliness": beta, "n_updates": updates, "clip": clip}
    found = train(problem, group_size=size, n_steps=4, rng=5, **options)
    draws = np.random.default_rng(5)
    shared, own = list(problem.shared), [list(row) for row in problem.own]
    for _ in range(4):
        starts = [probabilities(problem.features, shared, row) for row in own]
        groups = module._draw(np.array(starts), size, draws).tolist()
        signals = [
            advantages_of([float(right[y]) for y in group], [p[y] for y in group], beta)
            for right, p, group in zip(problem.correct, starts, groups, strict=True)
        ]
        for _ in range(updates):
            slopes = []
            for row, p0, group, signal in zip(own, starts, groups, signals, strict=True):
                p = probabilities(problem.features, shared, row)
                mean = [sum(q * f[i] for q, f in zip(p, problem.features, strict=True)) for i in range(3)]
                slope = [0.0] * 3
                for y, a in zip(group, signal, strict=True):
                    ratio = p[y] / p0[y]
                    if (a > 0 and ratio <= high) or (a < 0 and ratio >= low):
                        for i in range(3):
                            slope[i] += a * ratio * (problem.features[y][i] - mean[i]) / size
                slopes.append(slope)
            shared = [s + rate * sum(slope[i] for slope in slopes) / 2 for i, s in enumerate(shared)]
            own = [[o + own_rate * s for o, s in zip(*pair, strict=True)] for pair in zip(own, slopes, strict=True)]
    np.testing.assert_allclose(found.population.shared, shared, rtol=1e-10)
    np.testing.assert_allclose(found.population.own, own, rtol=1e-10)
    np.testing.assert_array_equal(found.success[-1], found.population.success)
    assert (found.n_samples, found.n_updates) == (4 * 6 * 2, 4 * updates)


def test_success_and_entropy_are_exact():
    problem = small()
    found = train(problem, n_steps=0)
    for t in range(2):
        p = probabilities(problem.features, problem.shared, problem.own[t])
        right = [q for q, one in zip(p, problem.correct[t], strict=True) if one]
        P = sum(right)
        assert found.success[0, t] == pytest.approx(P, rel=1e-13)
        assert found.entropy_correct[0, t] == pytest.approx(-sum(q / P * math.log(q / P) for q in right), rel=1e-12)
    told = [np.mean([1 - (1 - P) ** k for P in found.success[0]]) for k in (1, 3, 50)]
    np.testing.assert_allclose(found.pass_at([1, 3, 50])[0], told, rtol=1e-13)


def test_pass_at_keeps_tiny_success_and_a_success_of_one():
    problem = Population([[True, False], [True, True]], np.eye(2), [0.0, 0.0], own=[[-60.0, 0.0], [0.0, 0.0]])
    found = train(problem, n_steps=0)
    assert found.pass_at([1, 10])[0].tolist() == pytest.approx([0.5 + math.exp(-60) / 2, 0.5 + 5 * math.exp(-60)])
    alone = Population([[True, False]], np.eye(2), [-60.0, 0.0], own=[[0.0, 0.0]])
    assert train(alone, n_steps=0).pass_at([10])[0, 0] == pytest.approx(10 * math.exp(-60), rel=1e-12)


def test_a_problem_without_right_answers_stays():
    problem = Population(np.zeros((1, 3), bool), np.eye(3), np.zeros(3), own=np.zeros((1, 3)))
    found = train(problem, n_steps=3, rng=0)
    assert (found.success == 0).all()
    assert (found.entropy_correct == 0).all()
    np.testing.assert_array_equal(found.population.own, problem.own)


def test_uniform_groups_are_dropped_where_asked():
    """On a solved problem the penalty alone moves the policy (statement GR-6), unless such groups are left out."""
    problem = Population(np.ones((1, 3), bool), np.eye(3), np.log([0.9, 0.09, 0.01]), own=np.zeros((1, 3)))
    kept, dropped = (train(problem, n_steps=5, unlikeliness=0.1, drop_uniform=one, rng=1) for one in (False, True))
    assert kept.population.p[0, 0] < 0.89
    np.testing.assert_array_equal(dropped.population.shared, problem.shared)


def test_seeds_and_the_given_population():
    problem = make_arithmetic(rng=3)
    before = problem.shared.copy()
    one, two, three = (train(problem, n_steps=10, rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.success, two.success)
    assert (one.success != three.success).any()
    np.testing.assert_array_equal(problem.shared, before)
    assert not problem.shared.flags.writeable


def test_the_terms_have_their_values():
    problem = make_arithmetic(rng=0)
    terms = [(a, op, b) for a in range(10) for op in "+-*" for b in range(10)]
    values = [eval(f"{a} {op} {b}") for a, op, b in terms]
    assert problem.correct.tolist() == [[value == t for value in values] for t in range(10)]
    assert problem.features.shape == (300, 83)
    assert (problem.features.sum(axis=1) == 5).all()
    assert len(np.unique(problem.features, axis=0)) == 300


def test_samples_follow_the_policy():
    problem = small()
    drawn = problem.sample(40_000, rng=0)
    shares = np.array([np.bincount(row, minlength=5) for row in drawn]) / 40_000
    assert abs(shares - problem.p).max() < 0.015


def test_an_interrupt_leaves_the_population_as_it_was(monkeypatch):
    problem, calls = small(), []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return advantages(*arguments, **options)

    advantages, before = module.group_advantages, (problem.shared.copy(), problem.own.copy())
    monkeypatch.setattr(module, "group_advantages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(problem, n_steps=5, rng=0)
    np.testing.assert_array_equal(problem.shared, before[0])
    np.testing.assert_array_equal(problem.own, before[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"group_size": 0}, "`group_size` must be an integer"),
        ({"n_steps": -1}, "`n_steps` must be an integer"),
        ({"n_updates": 0}, "`n_updates` must be an integer"),
        ({"step_size": 0.0}, "`step_size` must be in"),
        ({"own_step_size": float("nan")}, "`own_step_size` must be"),
        ({"clip": 1.0}, "`clip` must be in"),
        ({"clip": (0.2, 0.0)}, "`clip` must be in"),
        ({"clip": (0.2,)}, "`clip` must be a number, a pair of numbers, or None"),
        ({"unlikeliness": -1.0}, "`unlikeliness` must be"),
        ({"norm": "deviation"}, "`norm` must be one of"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(ValueError, match=said):
        train(small(), **{"n_steps": 1, **options})


def test_bad_populations():
    with pytest.raises(TypeError, match="`population` must be a Population"):
        train([0.5, 0.5])
    good = {"correct": np.eye(2, dtype=bool), "features": np.eye(2), "shared": np.zeros(2), "own": np.zeros((2, 2))}
    for name, value, said in (
        ("correct", np.eye(2), "`correct` must be boolean"),
        ("features", np.eye(3), "`features` must be of shape"),
        ("shared", [0.0], "`shared` must be of shape"),
        ("own", np.full((2, 2), np.nan), "`own` must be finite"),
    ):
        with pytest.raises(ValueError, match=said):
            Population(**{**good, name: value})
    with pytest.raises(ValueError, match="`k` must be in"):
        train(small(), n_steps=0).pass_at([0])


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"norm": "max"}, ValueError, "`norm` must be one of"),
        ({"ties": "first"}, ValueError, "`ties` must be one of"),
        ({"unlikeliness": -1.0}, ValueError, "`unlikeliness` must be"),
        ({"unlikeliness": None}, TypeError, "`unlikeliness` must be"),
        ({"norm": "loo", "std_offset": 1e-4}, ValueError, "`std_offset` must be left out"),
    ],
)
@pytest.mark.parametrize("n_steps", [0, 1])
def test_settings_of_advantages_are_checked_before_the_first_step(options, error, sentence, n_steps):
    with pytest.raises(error, match=sentence):
        train(make_arithmetic(rng=0), n_steps=n_steps, rng=0, **options)


def test_logits_beyond_the_range_of_doubles_are_refused():
    right = np.array([[True, False]])
    with pytest.raises(ValueError, match="`shared, own, features` must be so small that logits are finite"):
        Population(right, [[1e308], [1.0]], [1e308], own=[[0.0]])
    for scale in (1e150, 1e300):
        with pytest.raises(ValueError, match="`step_size, own_step_size` must be so small that logits stay finite"):
            train(Population(right, np.eye(2) * scale, [0.0, 0.0], own=[[0.0, 0.0]]), step_size=1e200, n_steps=9, rng=0)
