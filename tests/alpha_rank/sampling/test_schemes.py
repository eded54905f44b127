"""Schemes, Clopper-Pearson intervals and slack of ResponseGraphUCB, against binomial tails and plain recomputation."""

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
from lrtheory.alpha_rank.sampling.compiled_intervals import interval
from tests.alpha_rank.games.makers import make_random_game

SCHEMES = ("CW", "UE", "U", "VW")
BOUNDS = ("hoeffding", "clopper-pearson")


def bernoulli(sizes, seed=0):
    return Game((make_random_game(sizes, rng=seed).payoffs + 1) / 2, outcomes="bernoulli")


@pytest.mark.parametrize("n", [1, 2, 17, 400])
@pytest.mark.parametrize("level", [0.9, 0.05, 1e-9, 1e-17])
def test_clopper_pearson_against_binomial_tails(n, level):
    x = np.unique([0, 1, n // 3, n - 1, n])
    lower, upper = theory.clopper_pearson(x, n, level)
    assert lower[0] == 0
    assert upper[-1] == 1
    assert np.allclose(stats.binom.sf(x[1:] - 1, n, lower[1:]), level / 2, rtol=1e-8)
    assert np.allclose(stats.binom.cdf(x[:-1], n, upper[:-1]), level / 2, rtol=1e-8)
    kernel = [interval(float(a), n, math.log(2 / level)) for a in x]
    assert np.allclose(kernel, np.stack([lower, upper], axis=1), rtol=1e-9)
    radius = math.sqrt(math.log(2 / level) / (2 * n))
    assert (lower >= np.maximum(x / n - radius, 0) - 1e-12).all()  # inside Hoeffding's interval
    assert (upper <= np.minimum(x / n + radius, 1) + 1e-12).all()


def test_clopper_pearson_without_trials_and_bad_counts():
    assert [float(end) for end in theory.clopper_pearson(0, 0, 0.1)] == [0, 1]
    for x, n in ((2, 1), (0.5, 1), (-1, 2), (0, 0.5)):
        with pytest.raises(ValueError, match="`successes`"):
            theory.clopper_pearson(x, n, 0.1)
    with pytest.raises(ValueError, match="`delta`"):
        theory.clopper_pearson(0, 1, 1.0)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("slack", [0.0, 0.05])
def test_every_step_by_hand(scheme, bound, slack):
    """Each asked profile is sampled first or has an open edge; edges close exactly when their intervals say so."""
    sizes, delta = (2, 3), 0.3
    game, rng = bernoulli(sizes, seed=4), np.random.default_rng(2)
    learner = ResponseGraphUCB(sizes, delta=delta, scheme=scheme, bound=bound, slack=slack, rng=3)
    neighbors, _, players = ucb_steps.edges_of(sizes)
    plays, wins = np.zeros(6), np.zeros((2, 6))
    direction = np.zeros((6, 3), int)
    for step in range(900):
        profile = learner.ask()
        if profile is None:
            assert (direction != 0).all()
            break
        s = int(np.ravel_multi_index(profile, sizes))
        assert s == step if step < 6 else (direction[s] == 0).any()
        outcome = (rng.random(2) < game.payoffs[(slice(None), *profile)]).astype(float)
        learner.tell(profile, outcome)
        plays[s] += 1
        wins[:, s] += outcome
        ends = {t: box(plays[t], wins[:, t], delta / 12, bound) for t in {s, *neighbors[s].tolist()} if plays[t]}
        for d, t in enumerate(neighbors[s]):
            if direction[s, d] == 0 and plays[t]:
                k = players[d]
                up = ends[s][1][k] - slack < ends[t][0][k] + slack
                down = ends[t][1][k] - slack < ends[s][0][k] + slack
                if up or down:
                    up = (ends[t][0] + ends[t][1])[k] > (ends[s][0] + ends[s][1])[k] if up and down else up
                    direction[s, d] = 1 if up else -1
                    direction[t, list(neighbors[t]).index(s)] = -direction[s, d]
        assert np.array_equal(learner.direction, direction)
        assert np.array_equal(learner.valence, (direction == 0).sum(axis=1))


def box(n, wins, level, bound):
    level = level * 6 / (math.pi * n) ** 2
    if bound == "hoeffding":
        radius = math.sqrt(math.log(2 / level) / (2 * n))
        return wins / n - radius, wins / n + radius
    lower = np.where(wins > 0, stats.beta.ppf(level / 2, np.maximum(wins, 1), n - wins + 1), 0)
    return lower, np.where(wins < n, stats.beta.isf(level / 2, wins + 1, np.maximum(n - wins, 1)), 1)


def test_uniform_exhaustive_stays_on_its_edge():
    learner = ResponseGraphUCB((3, 3), scheme="UE", rng=0)
    for s in range(9):
        assert np.ravel_multi_index(learner.ask(), (3, 3)) == s
        learner.tell(learner.ask(), [0.5, 0.5])
    edge = divmod(int(learner.queue[0]), 4)
    ends = {edge[0], int(ucb_steps.edges_of((3, 3))[0][edge])}
    asked = [int(np.ravel_multi_index(learner.ask(), (3, 3))) for _ in range(400)]
    assert set(asked) == ends
    assert 150 < asked.count(edge[0]) < 250
    assert sorted(learner.queue.tolist()) == np.flatnonzero(ucb_steps.forward((3, 3))).tolist()


@pytest.mark.parametrize("scheme", ["U", "VW"])
def test_frequencies_of_the_random_schemes(scheme):
    learner = ResponseGraphUCB((3, 2), scheme=scheme, rng=0)
    for profile in np.ndindex(3, 2):
        learner.tell(profile, [0.5, 0.5])
    neighbors, back, _ = ucb_steps.edges_of((3, 2))
    for s, d in ((0, 0), (0, 2), (3, 1)):  # three edges are resolved
        t = neighbors[s, d]
        learner.direction[s, d], learner.direction[t, back[s, d]] = 1, -1
        learner.valence[[s, t]] -= 1
    is_open = (learner.direction == 0).sum(axis=1)
    weights = is_open**2 if scheme == "VW" else is_open  # an edge, then an end: proportional to the number of edges
    counts = np.bincount([np.ravel_multi_index(learner.ask(), (3, 2)) for _ in range(20_000)], minlength=6)
    assert stats.chisquare(counts[weights > 0], (20_000 * weights / weights.sum())[weights > 0]).pvalue > 1e-6
    assert counts[weights == 0].sum() == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("bound", BOUNDS)
def test_run_is_ask_and_tell_is_batch(scheme, bound):
    game = bernoulli((3, 2), seed=1)
    options = {"scheme": scheme, "bound": bound, "max_samples": 3000}
    fast = ResponseGraphUCB((3, 2), rng=5, **options).run(game)
    learner = ResponseGraphUCB((3, 2), rng=5, **options)
    slow = learner.run(lambda s: [float(learner.rng.random() < game.payoffs[(k, *s)]) for k in range(2)])
    batch = response_graph_ucb_batch(game, 2, rng=5, **options)
    for name in ("means", "n_samples", "lower", "upper", "direction", "resolved"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
        assert np.array_equal(getattr(fast, name), getattr(batch, name)[0]), name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_guarantees(scheme):
    game = make_bernoulli_game(2, min_gap=0.1, rng=0)
    runs = {
        bound: response_graph_ucb_batch(game, 100, scheme=scheme, bound=bound, delta=0.1, rng=0) for bound in BOUNDS
    }
    relaxed = response_graph_ucb_batch(game, 100, scheme=scheme, slack=0.02, delta=0.1, rng=0)
    for batch in (*runs.values(), relaxed):
        missed = ((batch.lower > game.payoffs) | (batch.upper < game.payoffs)).any(axis=(1, 2, 3))
        assert batch.converged.all()
        assert missed.mean() <= 0.1
        assert not (batch.direction != response_signs(game)).any(axis=(1, 2))[~missed].any()
    plain = runs["hoeffding"].total
    assert runs["clopper-pearson"].total.mean() < 0.95 * plain.mean()
    assert relaxed.total.mean() < 0.9 * plain.mean()
    if scheme == "UE":
        assert (plain <= theory.exhaustive_bound(game, delta=0.1)).all()


def test_exhaustive_bound_is_its_formula():
    game = make_random_game((2, 3), rng=1)
    needed = lambda gap: theory.samples_to_resolve(gap, delta=0.2, n_means=12)
    total = 6
    for s, row in enumerate(np.abs(np.nan_to_num(_gaps(game)))):
        for gap in row[s + 1 :]:
            if gap > 0:
                low = int(2 * needed(gap))
                plays = np.arange(low, 2 * low + 1000)
                total += int(plays[np.argmax(plays / 2 - np.sqrt(plays * math.log(18 / 0.2) / 2) >= needed(gap))])
    assert theory.exhaustive_bound(game, delta=0.2) == total
    assert theory.exhaustive_bound([[0.5, 0.5]], delta=0.1) == math.inf
    assert theory.exhaustive_bound([[0.5]], delta=0.1) == 1


def _gaps(game):
    neighbors, _, players = ucb_steps.edges_of(game.sizes)
    flat = game.payoffs.reshape(2, -1)
    gaps = np.zeros((6, 6))
    for s in range(6):
        gaps[s, neighbors[s]] = flat[players, neighbors[s]] - flat[players, s]
    return gaps


def test_slack_ends_at_ties():
    game = Game([[0.5, 0.5]], outcomes="bernoulli")
    found = response_graph_ucb_batch(game, 20, slack=0.1, rng=0)
    assert found.converged.all()
    assert found.resolved.all()
    assert set(found.direction[:, 0, 0].tolist()) == {-1, 1}


def test_slack_may_resolve_the_edge_of_a_profile_that_was_not_played():
    learner = ResponseGraphUCB((2,), bound="clopper-pearson", slack=0.4, delta=0.1, rng=0)
    plays = 0
    while not learner.estimate().resolved.any():
        learner.tell((0,), [0])
        plays += 1
    found = learner.estimate()
    assert found.n_samples.tolist() == [plays, 0]
    assert found.direction.ravel().tolist() == [1, -1]
    # the other mean is at least 0, and so above this one less twice the slack
    assert found.upper[0, 0] < 2 * 0.4


def test_where_both_may_be_better_alike_the_profile_that_was_played_last_is():
    learner = ResponseGraphUCB((2,), slack=0.45, delta=0.1, rng=0)
    while not learner.estimate().resolved.any():
        for profile in ((0,), (1,)):
            learner.tell(profile, [1])
    found = learner.estimate()
    assert found.n_samples[0] == found.n_samples[1]
    assert found.lower[0, 0] == found.lower[0, 1]
    assert found.direction.ravel().tolist() == [1, -1]


def test_large_slack_leaves_edges_with_larger_gaps_right():
    game = Game([[0.02, 0.98]], outcomes="bernoulli")
    for scheme in ("CW", "UE", "U", "VW"):
        found = response_graph_ucb_batch(game, 200, scheme=scheme, slack=0.45, bound="clopper-pearson", rng=0)
        assert found.converged.all()
        assert (found.direction[:, 0, 0] == 1).mean() >= 0.9  # the gap is above twice the slack; delta is 1/10


def test_rejected_calls_change_nothing():
    learner = ResponseGraphUCB((2, 2), scheme="U", bound="clopper-pearson", rng=0)
    learner.tell((0, 1), [1, 0])
    before = json.dumps(learner.get_state())
    with pytest.raises(ValueError, match="`outcomes` must be 0 or 1 for Clopper-Pearson"):
        learner.tell((0, 1), [1, 0.5])
    for word in ({}, {"state": 3}, {"state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}):
        with pytest.raises(ValueError, match=r"`state\['rng'\]` must be the state of a PCG64"):
            learner.set_state({**learner.get_state(), "rng": {"bit_generator": "PCG64", **word}})
    for change in ({"queue": [0, 1, 2, 8]}, {"cursor": [-1, 0]}, {"rng": {"bit_generator": "Mine"}}, {"rng": 7}):
        with pytest.raises(ValueError, match="`state"):
            learner.set_state({**learner.get_state(), **change})
    assert json.dumps(learner.get_state(), allow_nan=False) == before


@pytest.mark.parametrize("scheme", SCHEMES)
def test_copies_go_on_alike(scheme):
    game = bernoulli((3, 2), seed=1)
    options = {"scheme": scheme, "bound": "clopper-pearson", "max_samples": 300}
    learner = ResponseGraphUCB((3, 2), rng=0, **options)
    learner.run(game)
    twins = [learner.copy(), pickle.loads(pickle.dumps(learner)), ResponseGraphUCB((3, 2), rng=99, **options)]
    twins[2].set_state(json.loads(json.dumps(learner.get_state())))
    for twin in (learner, *twins):
        twin.max_samples = 1000
    expected = learner.run(game)
    for twin in twins:
        assert np.array_equal(twin.run(game).lower, expected.lower)
