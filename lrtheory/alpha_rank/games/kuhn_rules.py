r"""The rules of Kuhn poker, exact values of strategies, and best responses, by enumeration with Fractions.

The rules, for K players: a deck of K + 1 cards, one to each player, one left over. Everybody antes 1. The players speak
in turn and may pass or bet 1. After a bet, everybody else, in turn, calls it (bets too) or folds (passes), and the
match ends. Without a bet everybody stays in. The highest card among those who stay in takes the pot.

A strategy is a table of betting probabilities: a row for each history that may be heard at the table before a decision,
a column for each card. Only the rows where its player speaks are read.

References
----------
.. [1] H. W. Kuhn, A simplified two-person poker, 1950.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["average", "best_response", "constant_policy", "expected_chips"]

PASS, BET = "p", "b"


# --- the rules --------------------------------------------------------------------------------------------------------


def is_over(history: str, n_players: int) -> bool:
    """Tell whether a match is over: nobody bet, or everybody else has answered the bet."""
    first_bet = history.find(BET)
    return len(history) == (n_players if first_bet < 0 else first_bet + n_players)


def speaker(history: str, n_players: int) -> int:
    """Return the player whose turn it is, which follows from the number of actions so far."""
    return len(history) % n_players


def bettors(history: str, n_players: int) -> set[int]:
    """Return the players who have bet or called."""
    return {turn % n_players for turn, action in enumerate(history) if action == BET}


def stakes(history: str, n_players: int) -> tuple[list[int], list[bool]]:
    """Return the chips that each player has put in, and who is still in, when the match is over."""
    callers = bettors(history, n_players)
    paid = [1 + (player in callers) for player in range(n_players)]
    return paid, [player in callers or not callers for player in range(n_players)]


def chips(history: str, cards: Sequence[int]) -> list[int]:
    """Compute the chips that each player wins: the pot goes to the highest card among those who are in."""
    paid, is_in = stakes(history, len(cards))
    winner = max((player for player in range(len(cards)) if is_in[player]), key=lambda player: cards[player])
    return [(sum(paid) if player == winner else 0) - paid[player] for player in range(len(cards))]


@functools.cache
def histories(n_players: int) -> tuple[str, ...]:
    """List all histories that may be heard at the table: decisions, then finished matches, by length and alphabet."""
    found = [""]
    for history in found:  # grows while it is read
        if not is_over(history, n_players):
            found += [history + BET, history + PASS]
    return tuple(sorted(found, key=lambda h: (is_over(h, n_players), len(h), h)))


@functools.cache
def row_numbers(n_players: int) -> dict[str, int]:
    return {history: i for i, history in enumerate(histories(n_players))}


def deals_of(n_players: int) -> list[tuple[int, ...]]:
    return list(itertools.permutations(range(n_players + 1), n_players))


# --- exact values -----------------------------------------------------------------------------------------------------


def reach(policy: np.ndarray, player: int, history: str, n_players: int) -> list[Fraction]:
    """Compute the probability, for each card, that a player takes its own actions of a history."""
    share = [Fraction(1)] * (n_players + 1)
    for turn, action in enumerate(history):
        if turn % n_players == player:
            bet = policy[row_numbers(n_players)[history[:turn]]]
            share = [x * (p if action == BET else 1 - p) for x, p in zip(share, bet, strict=True)]
    return share


def expected_chips(policies: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Compute the exact mean payoffs when every player picks one of its strategies.

    Parameters
    ----------
    policies : K sequences of tables
        For each player its strategies: betting probabilities, an object array of Fractions of shape (histories, cards).

    Returns
    -------
    object array of Fractions, of shape (K, s_1, ..., s_K)
        In chips; the sum over players is 0.

    Examples
    --------
    >>> uniform = constant_policy(2, Fraction(1, 2))
    >>> expected_chips([[uniform], [uniform]])[0].tolist()
    [[Fraction(1, 8)]]
    """
    n = len(policies)
    sizes = tuple(len(strategies) for strategies in policies)
    deals = deals_of(n)
    payoffs = np.full((n, *sizes), Fraction(0), dtype=object)
    for history in histories(n):
        if not is_over(history, n):
            continue
        shares = [[reach(policy, k, history, n) for policy in policies[k]] for k in range(n)]
        won = np.full((n, *(n + 1,) * n), Fraction(0), dtype=object)
        for cards in deals:
            deal: tuple[Any, ...] = (slice(None), *cards)
            won[deal] = [Fraction(x, len(deals)) for x in chips(history, cards)]
        for share in shares:  # average over the card of one player after the other
            won = np.tensordot(won, np.array(share, dtype=object), axes=([1], [1]))
        payoffs += won
    return payoffs


def best_response(policies: Sequence[np.ndarray], player: int) -> np.ndarray:
    """Compute a pure strategy of one player that is best against the strategies of the others.

    Parameters
    ----------
    policies : K tables
        Betting probabilities of every player; the player's own are not read.
    player : int
        Number of the player who responds, from 0.

    Returns
    -------
    object array of Fractions, of shape (histories, cards)
        0 or 1: passes where passing is as good as betting.

    Examples
    --------
    Against a uniform player, the second of two calls a bet with the middle and the highest card:

    >>> uniform = constant_policy(2, Fraction(1, 2))
    >>> row = histories(2).index("b")
    >>> [int(bet) for bet in best_response([uniform, uniform], 1)[row]]
    [0, 1, 1]
    """
    n = len(policies)
    answer = constant_policy(n, Fraction(0))

    def value(history: str, weights: dict[tuple[int, ...], Fraction], card: int) -> Fraction:
        """Sum the chips won from here on over the deals that the player cannot tell apart."""
        if is_over(history, n):
            return sum((weight * chips(history, cards)[player] for cards, weight in weights.items()), Fraction(0))
        # a deal's weight is the probability that the others act as heard; the player's own actions do not enter
        turn, row = speaker(history, n), row_numbers(n)[history]
        if turn == player:
            on_pass, on_bet = value(history + PASS, weights, card), value(history + BET, weights, card)
            answer[row, card] = Fraction(on_bet > on_pass)
            return max(on_pass, on_bet)
        bet = policies[turn][row]
        betting = {cards: weight * bet[cards[turn]] for cards, weight in weights.items()}
        passing = {cards: weight - betting[cards] for cards, weight in weights.items()}
        return value(history + PASS, passing, card) + value(history + BET, betting, card)

    for card in range(n + 1):
        value("", {cards: Fraction(1) for cards in deals_of(n) if cards[player] == card}, card)
    return answer


def constant_policy(n_players: int, probability: Fraction) -> np.ndarray:
    """Make the strategy with one betting probability for all decisions and cards."""
    rows = sum(not is_over(history, n_players) for history in histories(n_players))
    return np.full((rows, n_players + 1), probability, dtype=object)


def average(strategies: Sequence[np.ndarray], player: int, n_players: int) -> np.ndarray:
    """Compute the behavior of a player who draws one of its strategies before the match.

    At each decision the strategies count by how likely they get there (realization weights).
    """
    mixed = constant_policy(n_players, Fraction(1, 2))
    for row, history in enumerate(histories(n_players)[: len(mixed)]):
        if speaker(history, n_players) == player:
            shares = np.array([reach(strategy, player, history, n_players) for strategy in strategies], dtype=object)
            bets = np.array([strategy[row] for strategy in strategies], dtype=object)
            mixed[row] = (shares * bets).sum(axis=0) / shares.sum(axis=0)
    return mixed
