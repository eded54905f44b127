r"""Kuhn poker, and the meta-game among the strategies that fictitious play meets on its way to equilibrium.

Fictitious play in extensive form (XFP [1]_) starts from the uniform strategy; each round adds, for every player, the
best response to the averages of all strategies so far. Everything is computed by enumeration with Fractions, see
`kuhn_rules`.

References
----------
.. [1] J. Heinrich, M. Lanctot, D. Silver, Fictitious Self-Play in Extensive-Form Games, ICML 2015.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np

from lrtheory._result import read_only
from lrtheory._types import Rng
from lrtheory._validation import array, choice, flag, generator, integer, must, sequence
from lrtheory.alpha_rank.games.kuhn_rules import (
    BET,
    PASS,
    average,
    best_response,
    constant_policy,
    expected_chips,
    histories,
    is_over,
    row_numbers,
    speaker,
    stakes,
)
from lrtheory.alpha_rank.problem import Game

__all__ = ["kuhn_policies", "load_kuhn", "sample_matches"]


def kuhn_policies(n_players: int = 3, *, iterations: int = 3) -> tuple[tuple[np.ndarray, ...], ...]:
    """Compute the strategies of the meta-game: the uniform one, then a best response per round of fictitious play.

    Parameters
    ----------
    n_players : int
        2, 3 or 4.
    iterations : int
        Rounds, at least 0.

    Returns
    -------
    tuple of K tuples of object arrays
        ``policies[k][i]`` has shape (histories, cards) and holds betting probabilities as Fractions; only the rows
        where player k speaks are read. Passing breaks ties.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> [len(strategies) for strategies in kuhn_policies(2, iterations=3)]
    [4, 4]
    """
    return _policies(integer("n_players", n_players, low=2, high=4), integer("iterations", iterations, low=0))


@functools.cache
def _policies(n: int, rounds: int) -> tuple[tuple[np.ndarray, ...], ...]:
    policies = [[read_only(constant_policy(n, Fraction(1, 2)))] for _ in range(n)]
    for _ in range(rounds):
        averages = [average(strategies, player, n) for player, strategies in enumerate(policies)]
        for player in range(n):
            policies[player].append(read_only(best_response(averages, player)))
    return tuple(map(tuple, policies))


@functools.cache
def _table(n_players: int, iterations: int) -> np.ndarray:
    return read_only(expected_chips(kuhn_policies(n_players, iterations=iterations)))


def load_kuhn(
    n_players: int = 3, *, iterations: int = 3, units: Literal["chips", "unit"] = "chips", exact: bool = False
) -> Game:
    r"""Build the meta-game of fictitious-play strategies in Kuhn poker, by exact enumeration.

    Parameters
    ----------
    n_players : int
        2, 3 or 4.
    iterations : int
        Rounds of fictitious play; every player has ``iterations + 1`` strategies.
    units : {"chips", "unit"}
        "chips": a match pays from -2 to 2 (K - 1). "unit": (chips + 2) / (2 K), which lies in [0, 1], as means of
        Bernoulli outcomes; `ResponseGraphUCB` takes such games.
    exact : bool
        Payoffs as Fractions.

    Returns
    -------
    Game
        Zero-sum in chips; names "uniform", "response 1", ...

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, section 5,
       whose tables are means of 100 matches.

    Examples
    --------
    >>> game = load_kuhn(2, iterations=1, exact=True)
    >>> game.payoffs[0].tolist()
    [[Fraction(1, 8), Fraction(-5, 12)], [Fraction(1, 2), Fraction(-1, 6)]]
    """
    choice("units", units, ("chips", "unit"))
    table = _table(integer("n_players", n_players, low=2, high=4), integer("iterations", iterations, low=0))
    if units == "unit":
        table = (table + 2) / (2 * n_players)
    names = ("uniform", *(f"response {i}" for i in range(1, iterations + 1)))
    return Game(
        payoffs=table if flag("exact", exact) else table.astype(np.float64),
        names=(names,) * n_players,
        outcomes="bernoulli" if units == "unit" else "none",
    )


def sample_matches(
    policies: Sequence[Sequence[np.ndarray]],
    profile: Sequence[int],
    n: int,
    *,
    rng: Rng = None,
) -> np.ndarray:
    """Play matches of Kuhn poker between given strategies, and return the chips that each player wins.

    Parameters
    ----------
    policies : K sequences of tables
        Strategies of each player, from `kuhn_policies`.
    profile : sequence of K int
        The strategy that each player plays.
    n : int
        Number of matches.
    rng : Generator, int or None
        Deals the cards and mixes the strategies.

    Returns
    -------
    int64 array of shape (n, K)
        Chips that each player wins; rows sum to 0.

    Raises
    ------
    TypeError
        If the policies or the profile are not sequences.
    ValueError
        If the profile does not exist, or there are fewer than 2 players or more than 4.

    Examples
    --------
    >>> sample_matches(kuhn_policies(2, iterations=1), (0, 1), 3, rng=0).sum(axis=1).tolist()
    [0, 0, 0]
    """
    players = len(sequence("policies", policies))
    if not 2 <= players <= 4:
        raise must("policies", "the strategies of 2, 3 or 4 players", players)
    for k, tables in enumerate(policies):
        sequence(f"policies[{k}]", tables)
    if len(sequence("profile", profile)) != players:
        raise must("profile", f"one strategy for each of {players} players", profile)
    chosen = [integer("profile", i, low=0, high=len(p) - 1) for i, p in zip(profile, policies, strict=True)]
    n, rng = integer("n", n, low=0), generator(rng)
    tree, decisions = histories(players), len(_speakers(players))
    for k, i in enumerate(chosen):
        array(f"policies[{k}][{i}]", policies[k][i], shape=(decisions, players + 1), low=0, high=1)
    # all matches at once: `heard[i]` is the row of the history of match i, which is over from row `decisions` on
    # row h: betting probabilities of whoever speaks after history h; where passing and betting lead
    bet = np.array([policies[k][chosen[k]][h] for h, k in _speakers(players)], dtype=np.float64)
    after = np.array([[row_numbers(players)[h + a] for a in (PASS, BET)] for h in tree[:decisions]])
    # column k is the card of player k; the last column is the card that is left over
    cards = rng.permuted(np.tile(np.arange(players + 1), (n, 1)), axis=1)
    heard, match = np.zeros(n, dtype=np.int64), np.arange(n)
    for turn in range(2 * players - 1):  # the longest match: all but the last pass, who bets, then K - 1 answers
        going = match[heard < decisions]
        now = heard[going]
        heard[going] = after[now, (rng.random(len(going)) < bet[now, cards[going, turn % players]]).astype(np.intp)]
    outcome = [stakes(h, players) for h in tree[decisions:]]
    paid = np.array([p for p, _ in outcome])[heard - decisions]
    is_in = np.array([i for _, i in outcome])[heard - decisions]
    winner = np.where(is_in, cards[:, :players], -1).argmax(axis=1)
    won = -paid
    won[match, winner] += paid.sum(axis=1)
    return won


def _speakers(n_players: int) -> list[tuple[int, int]]:
    """List the row of each decision, and who makes it."""
    decisions = [h for h in histories(n_players) if not is_over(h, n_players)]
    return [(row, speaker(history, n_players)) for row, history in enumerate(decisions)]
