r"""alpha-Rank: which strategies survive, and how many games one must watch to know.

A *meta-game* gives, for every profile s of strategies (agents) of K players, the mean payoff M^k(s) of each player.
From s one player tries another strategy and keeps it with a probability that grows with what it gains. The stationary
law pi of this Markov chain is the ranking. Unlike ratings it does not hide cycles. Unlike equilibria it is unique at
every finite selection strength, which says how strongly that probability grows, and it takes linear algebra alone,
though on all profiles, whose number grows exponentially with the number of players.

At infinite selection strength only the directions of the gains count: they form the *response graph*, whose sink
strongly connected components carry all the mass. The law is then a limit, and there are two, which can differ
(statement AR-T7): the selection strength alpha grows, or the perturbation epsilon falls in the *perturbed chain*, in
which a deviation that gains is adopted with chance 1 - epsilon, a tie with chance 1/2, and a deviation that loses still
with chance epsilon.

When payoffs are means of samples, five questions arise, and this package answers each:

* How many samples make pi right?                     `theory.samples_finite_alpha`, `theory.samples_infinite_alpha`
* Which profile should be sampled next, and when is the response graph known?      `ResponseGraphUCB`
* What do intervals on payoffs say about the ranking?                              `ranking_intervals`
* What if most pairs have never met?                                               `complete_table`
* Which matches should be played next?                                             `next_matches`

Logs of matches come from files and data frames. Where a better player is taken to do better against everybody (strong
stochastic transitivity, SST), `rank_models` tells who can be first, as ``lrtheory alpha_rank rank arena.csv`` does in
the shell, and `next_battles` what to play next; `leaderboard` assumes no order, `baselines.bradley_terry_board` does
what is customary, and `make_battles` makes logs whose truth is known. Tables of payoffs come from such logs
(`table_from_matches`), from makers (`make_...`) and from real games (`load_...`). With ``population="single"`` one
population plays one symmetric game, such as the table of win rates of a leaderboard.

Examples
--------
Rank the strategies that fictitious play meets in three-player Kuhn poker:

>>> from lrtheory import alpha_rank
>>> game = alpha_rank.load_kuhn(3, iterations=2)
>>> ranking = alpha_rank.alpha_rank(game)
>>> len(ranking.sinks), ranking.method
(1, 'leading')

Learn a response graph from coin flips alone, then rank with what is known for certain:

>>> game = alpha_rank.make_bernoulli_game(2, min_gap=0.1, rng=0)
>>> learner = alpha_rank.ResponseGraphUCB(game.sizes, delta=0.05, rng=1)
>>> known = learner.run(game)
>>> bool((known.direction == alpha_rank.response_graph(game).direction).all())
True
>>> bounds = alpha_rank.ranking_intervals(known.lower, known.upper, perturbation=1e-3)
>>> exact = alpha_rank.alpha_rank(game, perturbation=1e-3).pi
>>> bool((bounds.lower <= exact + 1e-12).all() and (exact <= bounds.upper + 1e-12).all())
True

From a log of matches to intervals on the ranking, which Elo ratings do not give:

>>> log = [("ann", "bob"), ("bob", "cat"), ("cat", "ann")] * 40
>>> table = alpha_rank.table_from_matches(log, ["win"] * 120)
>>> alpha_rank.elo(table).ratings.round(6).tolist()
[0.0, 0.0, 0.0]
>>> alpha_rank.alpha_rank(table).pi.round(3).tolist()
[0.333, 0.333, 0.333]
>>> alpha_rank.leaderboard(table).intervals.first()
'first is shared for certain: ann, bob, cat'

>>> cycle = {"winner": ["ann", "bob", "cat"] * 40, "loser": ["bob", "cat", "ann"] * 40}
>>> alpha_rank.rank_models(cycle).first()
'no order explains this log: ann beats bob beats cat beats ann'
"""

from __future__ import annotations

from lrtheory.alpha_rank import baselines, theory
from lrtheory.alpha_rank.boards.board import Board, rank_models
from lrtheory.alpha_rank.boards.leaderboard import Leaderboard, NextMatches, leaderboard, next_matches
from lrtheory.alpha_rank.boards.next_battles import NextBattles, next_battles
from lrtheory.alpha_rank.boards.simulated import make_battles
from lrtheory.alpha_rank.chains.profiles import ProfileChain, fixation_probability
from lrtheory.alpha_rank.chains.response_graph import ResponseGraph, response_graph, response_signs
from lrtheory.alpha_rank.chains.transition import profile_chain, transition_matrix
from lrtheory.alpha_rank.games.kuhn import kuhn_policies, load_kuhn, sample_matches
from lrtheory.alpha_rank.games.symmetric_games import (
    load_roshambo,
    make_bradley_terry,
    make_good_bad,
)
from lrtheory.alpha_rank.intervals import RankingIntervals, ranking_intervals
from lrtheory.alpha_rank.low_rank import CompletedTable, complete_table
from lrtheory.alpha_rank.matches.elo import EloResult, elo
from lrtheory.alpha_rank.matches.log import MatchLog
from lrtheory.alpha_rank.matches.seats import SeatTable
from lrtheory.alpha_rank.matches.table import MatchTable, table_from_matches
from lrtheory.alpha_rank.problem import Game, make_bernoulli_game, make_rps
from lrtheory.alpha_rank.ranking import AlphaRankResult, alpha_rank
from lrtheory.alpha_rank.sampling.ucb import GraphEstimate, ResponseGraphUCB
from lrtheory.alpha_rank.sampling.ucb_batch import BatchEstimate, response_graph_ucb_batch
from lrtheory.alpha_rank.stationary.distribution import StationaryResult, stationary_distribution

__all__ = [
    "AlphaRankResult",
    "BatchEstimate",
    "Board",
    "CompletedTable",
    "EloResult",
    "Game",
    "GraphEstimate",
    "Leaderboard",
    "MatchLog",
    "MatchTable",
    "NextBattles",
    "NextMatches",
    "ProfileChain",
    "RankingIntervals",
    "ResponseGraph",
    "ResponseGraphUCB",
    "SeatTable",
    "StationaryResult",
    "alpha_rank",
    "baselines",
    "complete_table",
    "elo",
    "fixation_probability",
    "kuhn_policies",
    "leaderboard",
    "load_kuhn",
    "load_roshambo",
    "make_battles",
    "make_bernoulli_game",
    "make_bradley_terry",
    "make_good_bad",
    "make_rps",
    "next_battles",
    "next_matches",
    "profile_chain",
    "rank_models",
    "ranking_intervals",
    "response_graph",
    "response_graph_ucb_batch",
    "response_signs",
    "sample_matches",
    "stationary_distribution",
    "table_from_matches",
    "theory",
    "transition_matrix",
]


def _warmup() -> None:
    """Compile every kernel, by calling each path once on its smallest instance."""
    import numpy as np

    from lrtheory.alpha_rank.stationary.methods import line_law

    chain = [[0.0, 1.0], [1.0, 0.0]]
    for method in ("gth", "log-gth", "power"):
        stationary_distribution(chain, method=method)
    stationary_distribution((chain, chain), method="leading")
    ranking_intervals([[0, 0]], [[1, 1]])
    leaderboard({"winner": ["a"], "loser": ["b"]})
    rank_models({"winner": ["a", "b", "a"], "loser": ["b", "c", "c"]})
    rank_models({"winner": ["a", "b", "a"], "loser": ["b", "c", "c"]}, any_schedule=True)
    alpha_rank([[0, 1]], perturbation=0.1, method="power")
    line_law(np.array([[0.0, 1.0]]), 2, "perturbed", None, "sink")
    game = Game(np.array([[0.0, 1.0]]), outcomes="bernoulli")
    learner = ResponseGraphUCB(game.sizes, max_samples=2, rng=0)
    learner.tell((0,), [0.0])
    learner.ask()
    learner.run(game)
    baselines.information_gain(make_good_bad(1, 1), max_samples=2, warm_up=1, n_outcomes=1, n_games=1, rng=0)
