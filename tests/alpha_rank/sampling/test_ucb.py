"""ResponseGraphUCB against a transparent Python version on the same draws."""

import json
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from lrtheory.alpha_rank import (
    Game,
    ResponseGraphUCB,
    make_bernoulli_game,
    response_graph_ucb_batch,
    response_signs,
    theory,
)
from lrtheory.alpha_rank.sampling import ucb_steps
from lrtheory.alpha_rank.sampling.ucb import CHUNK
from tests.alpha_rank.games.makers import make_gaussian_game, make_random_game
from tests.alpha_rank.oracles import PlainUCB, deviations, profiles


def bernoulli(sizes, seed=0):
    return Game((make_random_game(sizes, rng=seed).payoffs + 1) / 2, outcomes="bernoulli")


def flips(game, seed):
    """A sampler that draws in the order of the compiled run."""
    rng = np.random.default_rng(seed)
    return lambda s: [float(rng.random() < game.payoffs[(k, *s)]) for k in range(len(game.sizes))]


@pytest.mark.parametrize("sizes", [(2, 2), (3, 2), (2, 2, 2), (4,), (1, 3)])
@pytest.mark.parametrize("options", [{}, {"anytime": False}, {"joint": False}, {"anytime": False, "joint": False}])
def test_against_the_plain_version(sizes, options):
    game = bernoulli(sizes, seed=3)
    plain = PlainUCB(sizes, 0.2, options.get("anytime", True), options.get("joint", True))
    draw = flips(game, 7)
    learner = ResponseGraphUCB(sizes, delta=0.2, rng=7, **options)
    while (s := plain.ask()) is not None and sum(map(len, plain.outcomes.values())) < 600:
        assert learner.ask() == s
        outcome = draw(s)
        plain.tell(s, outcome)
        learner.tell(s, outcome)
    known, names = learner.estimate(), profiles(sizes)
    resolved = {
        (names[s], names[t]): known.direction.ravel()[i]
        for i, (s, _, t) in enumerate(deviations(sizes))
        if known.resolved.ravel()[i]
    }
    assert resolved == plain.better
    for (k, s), (low, high) in plain.box.items():
        assert known.lower[(k, *s)] == pytest.approx(low, abs=1e-12)
        assert known.upper[(k, *s)] == pytest.approx(high, abs=1e-12)
    assert {s: known.n_samples[s] for s in names} == {s: len(x) for s, x in plain.outcomes.items()}


@pytest.mark.parametrize("sizes", [(2, 2), (3, 2), (2, 2, 2)])
def test_compiled_run_is_ask_and_tell(sizes):
    game = bernoulli(sizes)
    fast = ResponseGraphUCB(sizes, rng=5, max_samples=20_000).run(game)
    slow = ResponseGraphUCB(sizes, max_samples=20_000).run(flips(game, 5))
    for name in ("means", "n_samples", "lower", "upper", "direction", "resolved"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    assert fast.converged == slow.converged
    assert fast.counts == slow.counts
    batch = response_graph_ucb_batch(game, 2, rng=5, max_samples=20_000)
    assert np.array_equal(batch.lower[0], fast.lower)
    assert batch.total[0] == fast.counts["samples"]


def first_run(sizes):
    """The state of the only run of a batch, before its first play."""
    return ucb_steps.State(*(values[0] for values in ucb_steps.new_state(sizes, 1)))


def test_kernels_equal_their_bodies():
    game = bernoulli((2, 3))
    found = []
    options = {"scheme": "CW", "bound": "hoeffding", "slack": 0.0, "anytime": True, "joint": True}
    rule, edges = ucb_steps.rule_of(game.sizes, 0.1, **options), ucb_steps.edges_of(game.sizes)
    for run in (ucb_steps.play, ucb_steps.play.py_func):
        state = first_run(game.sizes)
        law = ucb_steps.outcome_law(game, bound="hoeffding")
        done = run(law, rule, edges, state, np.random.default_rng(1), 300)
        found.append([done, *state])
    for x, y in zip(*found, strict=True):
        assert np.array_equal(x, y)
    state, twin = first_run((2, 3)), first_run((2, 3))
    ucb_steps.update.py_func(rule, edges, state, 0, np.array([1.0, 0.0]))
    ucb_steps.update(rule, edges, twin, 0, np.array([1.0, 0.0]))
    assert all(np.array_equal(x, y) for x, y in zip(state, twin, strict=True))
    plays = state.n_samples, state.direction
    assert ucb_steps.next_profile(*plays) == ucb_steps.next_profile.py_func(*plays) == 1


def test_clipped_gaussian_outcomes():
    rng = np.random.default_rng(0)
    for draw in (ucb_steps.outcome, ucb_steps.outcome.py_func):
        values = np.array([draw(rng, 0.4, 1 / 3) for _ in range(5000)])
        noise = 3 * (values - 0.4)
        assert (abs(noise) <= 1 + 1e-12).all()
        for x in (-0.7, 0.0, 0.5):
            assert abs((noise < x).mean() - stats.norm.cdf(x)) < 0.03
        assert abs((noise == noise.max()).mean() - stats.norm.sf(1)) < 0.03


@pytest.mark.parametrize("scheme", ["CW", "U"])
def test_gaussian_games_are_resolved(scheme):
    """Outcomes in [-1, 2] are mapped to [0, 1]; the intervals hold the mapped means, and the graph is the same."""
    game = make_gaussian_game(2, rng=5)
    truth = (game.payoffs + 1) / 3
    found = ResponseGraphUCB(game.sizes, scheme=scheme, rng=0).run(game)
    assert found.converged
    assert np.array_equal(found.direction, response_signs(game))
    assert (found.lower <= truth).all()
    assert (truth <= found.upper).all()
    assert np.allclose(found.means, truth, atol=0.05)
    batch = response_graph_ucb_batch(game, 2, scheme=scheme, rng=0)
    assert np.array_equal(batch.means[0], found.means)
    with pytest.raises(ValueError, match=r"`game` must be .*bernoulli.* for Clopper-Pearson"):
        ResponseGraphUCB(game.sizes, bound="clopper-pearson").run(game)
    with pytest.raises(ValueError, match=r"`game` must be .*bernoulli.* for Clopper-Pearson"):
        response_graph_ucb_batch(game, 2, bound="clopper-pearson")


def test_edges_come_back():
    neighbors, back, _ = ucb_steps.edges_of((3, 2, 4))
    s = np.arange(24)[:, None]
    assert np.array_equal(neighbors[neighbors, back], np.broadcast_to(s, neighbors.shape))


def test_guarantees_on_many_runs():
    game = make_bernoulli_game(2, min_gap=0.1, rng=0)
    batch = response_graph_ucb_batch(game, 200, delta=0.1, rng=0)
    assert batch.converged.all()
    assert batch.resolved.all()
    missed = ((batch.lower > game.payoffs) | (batch.upper < game.payoffs)).any(axis=(1, 2, 3))
    wrong = (batch.direction != response_signs(game)).any(axis=(1, 2))
    assert missed.mean() <= 0.1
    assert not wrong[~missed].any()
    assert (batch.n_samples[~missed].reshape(-1, 4) <= theory.count_weighted_bounds(game, delta=0.1)).all()
    assert batch.counts["samples"] == batch.total.sum() == batch.n_samples.sum()
    fewer = response_graph_ucb_batch(game, 20, delta=0.1, rng=0)
    assert np.array_equal(fewer.total, batch.total[:20])


def test_intervals_follow_the_radius():
    learner = ResponseGraphUCB((2, 1), delta=0.3)
    learner.tell((0, 0), [1.0, 0.5])
    for _ in range(50):
        learner.tell((0, 0), [0.5, 0.5])
    n = np.arange(1, 52)
    radius = theory.hoeffding_radius(n, delta=0.3, n_means=4)
    means = (1 + 0.5 * (n - 1)) / n
    known = learner.estimate()
    assert known.lower[0, 0, 0] == pytest.approx(np.max(means - radius))
    assert known.upper[0, 0, 0] == pytest.approx(min(1.0, np.min(means + radius)))
    assert math.isnan(known.means[0, 1, 0])
    assert known.upper[0, 1, 0] == 1


def test_ties_stop_at_the_cap_and_say_so():
    game = Game([[0.5, 0.5, 0.9]], outcomes="bernoulli")
    found = ResponseGraphUCB((3,), max_samples=3000, rng=0).run(game)
    assert not found.converged
    assert found.message == "1 edges are open, stopped by `max_samples` = 3000"
    assert found.counts["samples"] == 3000
    assert not found.resolved[0, 0]
    assert found.resolved[0, 1]
    assert found.direction[0, 1] == 1
    guess = np.sign(found.means[0, 1] - found.means[0, 0])
    assert found.direction[0, 0] == guess == -found.direction[1, 0]
    beyond_a_chunk = 2 * CHUNK + 1
    assert response_graph_ucb_batch(game, 1, max_samples=beyond_a_chunk, rng=0).total.tolist() == [beyond_a_chunk]
    assert ResponseGraphUCB((3,), max_samples=beyond_a_chunk, rng=0).run(game).counts["samples"] == beyond_a_chunk
    with pytest.raises(ValueError, match="`max_samples` must be given for a game with ties"):
        response_graph_ucb_batch(game, 2)


def test_one_strategy():
    found = ResponseGraphUCB((1, 1), rng=0).run(Game([[[1.0]], [[0.0]]], outcomes="bernoulli"))
    assert found.converged
    assert found.counts == {"samples": 1, "open_edges": 0}
    assert found.means.ravel().tolist() == [1, 0]


def test_rejected_calls_change_nothing():
    learner = ResponseGraphUCB((2, 2), rng=0)
    learner.tell((0, 1), [1, 0.5])
    before = json.dumps(learner.get_state())
    for profile, outcomes, error in (
        ((0, 2), [0, 0], ValueError),
        ((0,), [0, 0], ValueError),
        ((0, 0.5), [0, 0], TypeError),
        ((0, 0), [0, 1.5], ValueError),
        ((0, 0), [0, math.nan], ValueError),
        ((0, 0), [0], ValueError),
    ):
        with pytest.raises(error, match=r"`profile`|`outcomes`"):
            learner.tell(profile, outcomes)
    for bad in ({"sizes": [2, 3]}, {**learner.get_state(), "direction": [[0]]}):
        with pytest.raises(ValueError, match="`state"):
            learner.set_state(bad)
    for sampler in (make_random_game((2, 2), rng=0), bernoulli((2, 3))):
        with pytest.raises(ValueError, match="`game` must be"):
            learner.run(sampler)
    assert json.dumps(learner.get_state()) == before


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"delta": 0}, "`delta`"),
        ({"delta": 1.0}, "`delta`"),
        ({"max_samples": -1}, "`max_samples`"),
        ({"scheme": "cw"}, "`scheme` must be one of 'CW'"),
        ({"bound": "bernstein"}, "`bound` must be one of"),
        ({"slack": -0.1}, "`slack`"),
        ({"slack": 0.5}, "`slack` must be in .0, 1/2.; got 0.5"),
        ({"rng": -1}, "`rng`"),
    ],
)
def test_bad_parameters(options, match):
    with pytest.raises(ValueError, match=match):
        ResponseGraphUCB((2, 2), **options)


def test_copies_go_on_alike():
    game = bernoulli((3, 2), seed=1)
    learner = ResponseGraphUCB((3, 2), rng=0, max_samples=500)
    learner.run(game)
    twins = [learner.copy(), pickle.loads(pickle.dumps(learner)), ResponseGraphUCB((3, 2), rng=99)]
    twins[2].set_state(json.loads(json.dumps(learner.get_state())))
    for twin in (learner, *twins):
        twin.max_samples = 5000
    expected = learner.run(game)
    for twin in twins:
        found = twin.run(game)
        assert np.array_equal(found.lower, expected.lower)
        assert np.array_equal(found.n_samples, expected.n_samples)


def test_interruption_leaves_a_valid_learner():
    learner, plays = ResponseGraphUCB((2, 2)), []

    def sampler(profile):
        if len(plays) == 10:
            raise KeyboardInterrupt
        plays.append(profile)
        return [0.0, 1.0]

    with pytest.raises(KeyboardInterrupt):
        learner.run(sampler)
    assert learner.total == 10
    assert learner.estimate().n_samples.sum() == 10
