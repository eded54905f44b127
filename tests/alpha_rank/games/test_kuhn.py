"""Kuhn poker: rules, known values, best responses by enumeration, simulation, and OpenSpiel where it is installed."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.alpha_rank import kuhn_policies, load_kuhn, sample_matches, theory
from lrtheory.alpha_rank.games import kuhn_rules
from lrtheory.alpha_rank.games.kuhn_rules import (
    average,
    best_response,
    chips,
    constant_policy,
    expected_chips,
    histories,
    is_over,
    speaker,
)


def test_rules_of_two_players():
    assert chips("pp", (2, 0)) == [1, -1]
    assert chips("bb", (0, 1)) == [-2, 2]
    assert chips("pbp", (2, 0)) == [-1, 1]
    assert chips("bp", (0, 2)) == [1, -1]
    assert {h for h in histories(2) if is_over(h, 2)} == {"pp", "bp", "bb", "pbp", "pbb"}
    assert [sum(not is_over(h, n) for h in histories(n)) for n in (2, 3, 4)] == [4, 12, 32]


def test_chips_of_three_players_are_bounded():
    wins = [chips(h, c) for h in histories(3) if is_over(h, 3) for c in itertools.permutations(range(4), 3)]
    assert {sum(w) for w in wins} == {0}
    assert np.min(wins) == -2
    assert np.max(wins) == 4
    assert chips("pbpb", (3, 1, 2)) == chips("pbpb", (3, 2, 1)) == [3, -2, -1]


def test_value_of_two_player_kuhn():
    """Kuhn's equilibria: player 1 loses 1/18 whatever the other does within its equilibrium."""
    first, second = (constant_policy(2, Fraction(0)) for _ in range(2))
    row = {h: i for i, h in enumerate(histories(2))}
    a = Fraction(1, 6)  # bluffing probability with the lowest card, any in [0, 1/3]
    first[row[""]] = [a, 0, 3 * a]
    first[row["pb"]] = [0, a + Fraction(1, 3), 1]
    second[row["b"]] = [0, Fraction(1, 3), 1]
    second[row["p"]] = [Fraction(1, 3), 0, 1]
    assert expected_chips([[first], [second]])[0, 0, 0] == Fraction(-1, 18)
    policies = [first, second]
    assert expected_chips([[best_response(policies, 0)], [second]])[0, 0, 0] == Fraction(-1, 18)
    assert expected_chips([[first], [best_response(policies, 1)]])[0, 0, 0] == Fraction(-1, 18)


def pure_strategies(player):
    rows = [
        (i, c)
        for i, h in enumerate(h for h in histories(2) if not is_over(h, 2))
        if speaker(histories(2)[i], 2) == player
        for c in range(3)
    ]
    for bits in itertools.product((0, 1), repeat=len(rows)):
        policy = constant_policy(2, Fraction(0))
        for row, bit in zip(rows, bits, strict=True):
            policy[row] = Fraction(bit)
        yield policy


@pytest.mark.parametrize("player", [0, 1])
def test_best_responses_are_best(player):
    policies = [average(strategies, k, 2) for k, strategies in enumerate(kuhn_policies(2, iterations=2))]
    every = [[policy] for policy in policies]
    every[player] = [best_response(policies, player), *pure_strategies(player)]
    values = expected_chips(every)[player].ravel()
    assert len(values) == 65
    assert values[0] == values[1:].max()


@pytest.mark.parametrize("n", [2, 3])
def test_average_mixes_payoffs(n):
    """Realization weights: playing the average pays the mean over the strategies."""
    policies = kuhn_policies(n, iterations=2)
    table = expected_chips(policies)
    mixed = expected_chips([[average(strategies, k, n)] for k, strategies in enumerate(policies)])
    assert [x.sum() / table[0].size for x in table] == mixed.ravel().tolist()


@pytest.mark.parametrize(("n", "iterations"), [(2, 3), (3, 3), (4, 1)])
def test_meta_game(n, iterations):
    game = load_kuhn(n, iterations=iterations, exact=True)
    assert game.sizes == (iterations + 1,) * n
    assert (game.payoffs.sum(axis=0) == 0).all()
    assert all(type(x) is Fraction for x in game.payoffs.flat)
    floats, unit = load_kuhn(n, iterations=iterations), load_kuhn(n, iterations=iterations, units="unit")
    assert np.array_equal(floats.payoffs, game.payoffs.astype(float))
    assert unit.outcomes == "bernoulli"
    assert np.allclose(unit.payoffs * 2 * n - 2, floats.payoffs)
    assert floats.names[0][:2] == ("uniform", "response 1")


@pytest.mark.parametrize(("n", "profile"), [(2, (0, 1)), (3, (0, 0, 0)), (3, (3, 1, 2)), (4, (1, 0, 1, 0))])
def test_matches_have_the_exact_means(n, profile):
    iterations = max(1, *profile)
    policies, matches = kuhn_policies(n, iterations=iterations), 200_000
    won = sample_matches(policies, profile, matches, rng=0)
    assert won.shape == (matches, n)
    assert won.dtype == np.int64
    assert (won.sum(axis=1) == 0).all()
    assert won.min() >= -2
    assert won.max() <= 2 * (n - 1)
    radius = 2 * n * theory.hoeffding_radius(matches, delta=1e-7, n_means=n, anytime=False)
    exact = load_kuhn(n, iterations=iterations).payoffs[(slice(None), *profile)]
    assert np.abs(won.mean(axis=0) - exact).max() < radius
    assert np.array_equal(sample_matches(policies, profile, 5, rng=3), sample_matches(policies, profile, 5, rng=3))
    assert sample_matches(policies, profile, 0).shape == (0, n)


def test_bad_input():
    with pytest.raises(ValueError, match="`n_players` must be an integer in"):
        load_kuhn(5)
    with pytest.raises(ValueError, match="`iterations`"):
        load_kuhn(2, iterations=-1)
    with pytest.raises(ValueError, match="`units` must be one of"):
        load_kuhn(2, units="euro")
    for beyond in (-1, 2):
        with pytest.raises(ValueError, match="`profile`"):
            sample_matches(kuhn_policies(2, iterations=1), (0, beyond), 1)


@pytest.mark.parametrize("n", [2, 3])
def test_against_open_spiel(n):
    pyspiel = pytest.importorskip("pyspiel")
    game = pyspiel.load_game(f"kuhn_poker(players={n})")
    policies = kuhn_policies(n, iterations=2)
    row = {h: i for i, h in enumerate(histories(n))}
    for profile in itertools.product(range(3), repeat=n):

        def value(state, profile=profile):
            if state.is_terminal():
                return np.array(state.returns())
            if state.is_chance_node():
                return sum(p * value(state.child(a)) for a, p in state.chance_outcomes())
            k, h = state.current_player(), state.information_state_string()
            bet = float(policies[k][profile[k]][row[h[1:]], int(h[0])])
            return (1 - bet) * value(state.child(0)) + bet * value(state.child(1))

        exact = load_kuhn(n, iterations=2).payoffs[(slice(None), *profile)]
        assert np.abs(value(game.new_initial_state()) - exact).max() < 1e-12


def test_average_needs_reach():
    strategies = [kuhn_rules.constant_policy(2, Fraction(1)), kuhn_rules.constant_policy(2, Fraction(1, 2))]
    row = {h: i for i, h in enumerate(histories(2))}
    mixed = average(strategies, 0, 2)
    assert mixed[row[""]].tolist() == [Fraction(3, 4)] * 3
    assert mixed[row["pb"]].tolist() == [Fraction(1, 2)] * 3  # the first strategy never gets there


def test_passing_breaks_ties():
    timid = constant_policy(2, Fraction(0))  # never bets, so that no answer to its bet matters
    row = {h: i for i, h in enumerate(histories(2))}
    assert best_response([timid, timid], 0)[row["pb"]].tolist() == [0, 0, 0]
    assert best_response([timid, timid], 1)[row["b"]].tolist() == [0, 0, 0]
