"""Failure probabilities that the checks enumerate, against plain enumeration of every sequence of outcomes."""

import itertools
import math

import numpy as np
import pytest

from lrtheory.alpha_rank import Game, response_signs
from proofs_checks.alpha_rank.families.estimated_payoffs import SampledGame
from proofs_checks.alpha_rank.families.exact_chances import (
    _chance,
    interval_missed,
    wrong_direction,
    wrong_graph_probability,
)
from proofs_checks.alpha_rank.families.ucb_runs import Match, one_edge
from proofs_checks.alpha_rank.sampling.right_directions import equally_spaced
from tests.alpha_rank.oracles import PlainUCB


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.95), (0.125, 0.5)])
def test_intervals_that_miss(low, high):
    cap, delta = 12, 0.9
    total = 0.0
    for outcomes in itertools.product((0, 1), repeat=cap):
        run, weight, missed = PlainUCB((2,), delta, anytime=True, joint=True), 1.0, False
        for outcome in outcomes:
            profile = run.ask()
            if profile is None:
                raise AssertionError("this cap is too small to resolve the edge")
            mean = (low, high)[profile[0]]
            weight *= mean if outcome else 1 - mean
            run.tell(profile, (outcome,))
            bottom, top = run.interval(profile, 0)
            missed = missed or not bottom <= mean <= top
        total += weight * missed
    assert total > 0
    assert interval_missed(one_edge(low, high, cap, delta)) == pytest.approx(total, rel=1e-9)


def test_wrong_directions_at_a_coins_end():
    """Narrow intervals, so that a few plays resolve the edge; coins choose who plays from the third play on."""
    p, radius, cap = (0.25, 0.625), 0.45, 7
    match = one_edge(*p, cap)
    narrow = lambda x, n, level: (x / n - radius, x / n + radius)
    wrong = lambda side, ends: ends[0][0] > ends[1][1]
    total = 0.0
    for coins, outcomes in itertools.product(
        itertools.product((0, 1), repeat=cap - 2), itertools.product((0, 1), repeat=cap)
    ):
        plays, wins, weight = [0, 0], [0, 0], 0.5 ** (cap - 2)
        answer = None
        for side, outcome in zip((0, 1, *coins), outcomes, strict=True):
            weight *= p[side] if outcome else 1 - p[side]
            if answer is None:
                plays[side] += 1
                wins[side] += outcome
                if min(plays) and abs(wins[1] / plays[1] - wins[0] / plays[0]) > 2 * radius:
                    answer = wins[0] / plays[0] > wins[1] / plays[1]
        total += weight * (answer is True)
    assert total > 0
    assert _chance(match, "coins", narrow, wrong) == pytest.approx(total, rel=1e-9)


def test_only_small_matches_are_enumerated():
    assert interval_missed(one_edge(0.25, 0.75, 61)) is None
    assert interval_missed(one_edge(0.25, 0.75, None)) is None
    assert wrong_direction(one_edge(0.25, 0.75, 37)) is None
    assert interval_missed(Match(Game(np.full((2, 2, 2), 0.5), outcomes="bernoulli"), 0.1, 10)) is None


@pytest.mark.parametrize(
    ("game", "n"), [(equally_spaced(3, gap=0.5), 3), (equally_spaced(2, 2), 2), (equally_spaced(1, 3), 2)]
)
def test_wrong_graphs(game: SampledGame, n: int):
    """Counts of successes of every entry that some deviation reads."""
    p, total = (1 + game.means.ravel()) / 2, 0.0
    laws = [[math.comb(n, x) * q**x * (1 - q) ** (n - x) for x in range(n + 1)] for q in p]
    tables = np.array(list(itertools.product(range(n + 1), repeat=len(p))))
    weights = np.prod([np.array(law)[tables[:, i]] for i, law in enumerate(laws)], axis=0)
    signs = response_signs(tables.reshape(-1, *game.means.shape).astype(float), batch=True)
    total = weights[(signs != response_signs(game.means)).any(axis=(1, 2))].sum()
    assert wrong_graph_probability(game, n) == pytest.approx(total, rel=1e-9)
