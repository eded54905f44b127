"""Symmetric games for experiments: Elo with cycles, good and bad agents, noisy scores, real programs."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import generator, integer, must, real
from lrtheory.alpha_rank.problem import Game

__all__ = ["load_roshambo", "make_bradley_terry", "make_good_bad"]

THROWS = 1000  # of a match of rock-paper-scissors; some bots hold tables of that length


def make_bradley_terry(n_strategies: int, *, strength_std: float = 1.0, rotation: float = 0.0, rng: Rng = None) -> Game:
    r"""Draw win rates of agents with strengths, and with cycles if wanted.

    .. math:: P_{ij} = \sigma\bigl(r_i - r_j + \rho\,(u_i v_j - v_i u_j)\bigr), \qquad \sigma(x) = 1 / (1 + e^{-x}).

    Parameters
    ----------
    n_strategies : int
        Number of agents, at least 1.
    strength_std : float
        Standard deviation of the normal strengths r, in natural logits (173.7 Elo points each); not negative.
    rotation : float
        Weight of the cyclic part, with standard normal u and v; 0 is the model of Bradley and Terry.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    Game
        Two players, symmetric, win probabilities; Bernoulli outcomes.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] D. Balduzzi et al., Re-evaluating Evaluation, NeurIPS 2018.

    Examples
    --------
    >>> game = make_bradley_terry(4, rotation=1.0, rng=0)
    >>> bool(abs(game.payoffs[0] + game.payoffs[0].T - 1).max() < 1e-15)
    True
    """
    n = integer("n_strategies", n_strategies, low=1)
    strength_std = real("strength_std", strength_std, low=0, high=1e6)
    rotation = real("rotation", rotation, low=-1e6, high=1e6)
    rng = generator(rng)
    r, u, v = strength_std * rng.standard_normal(n), rng.standard_normal(n), rng.standard_normal(n)
    logits = np.subtract.outer(r, r) + rotation * (np.outer(u, v) - np.outer(v, u))
    wins = 0.5 + 0.5 * np.tanh(logits / 2)
    return Game(np.stack([wins, wins.T]), outcomes="bernoulli")


def make_good_bad(n_good: int, n_bad: int, *, p: float = 0.1) -> Game:
    """Make good agents in a cycle of small advantages, who all beat the bad agents, who tie among themselves.

    No number of samples tells the bad agents apart, and none is needed to know that they do not matter.

    Parameters
    ----------
    n_good, n_bad : int
        Numbers of agents; at least 1 and 0.
    p : float
        Mean score of a good agent against its predecessor on the cycle, in [0, 1], on the scale from -1 to 1.

    Returns
    -------
    Game
        Two players, symmetric, win probabilities (1 + score) / 2; Bernoulli outcomes.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] T. Rashid, C. Zhang, K. Ciosek, Estimating alpha-Rank by Maximizing Information Gain, AAAI 2021.

    Examples
    --------
    >>> (2 * make_good_bad(2, 1, p=0.5).payoffs[0] - 1).tolist()
    [[0.0, -0.5, 1.0], [0.5, 0.0, 1.0], [-1.0, -1.0, 0.0]]
    """
    good, bad = integer("n_good", n_good, low=1), integer("n_bad", n_bad, low=0)
    p = real("p", p, low=0, high=1)
    scores = np.zeros((good + bad, good + bad))
    scores[:good, good:] = 1.0
    i, j = np.triu_indices(good, 1)
    scores[i, j] = np.where(2 * (j - i) <= good, -p, p)  # j beats i when it is at most half a turn ahead
    scores[good:, :good] = -1.0
    scores[j, i] = -scores[i, j]
    wins = (1 + scores) / 2
    return Game(np.stack([wins, wins.T]), outcomes="bernoulli")


def load_roshambo(*, bots: Sequence[str] | None = None, n_matches: int = 1, rng: Rng = None) -> Game:
    """Play a tournament of the programs of the first computer championship in rock-paper-scissors (OpenSpiel).

    Parameters
    ----------
    bots : sequence of str, optional
        Names of some of the 43 programs; by default all, which takes some ten seconds per match of each pair.
    n_matches : int
        Matches of each pair, of 1000 throws each.
    rng : Generator, int or None
        Seeds the C library, from which the programs draw.

    Returns
    -------
    Game
        Two players, symmetric; mean score per throw in [-1, 1], with the names of the programs. A program scores 0
        against itself.

    Raises
    ------
    ImportError
        If open-spiel is not installed.
    ValueError
        If a name is unknown or given twice.

    References
    ----------
    .. [1] D. Billings, The First International RoShamBo Programming Competition, ICGA Journal 23, 2000.
    .. [2] M. Lanctot et al., Population-based Evaluation in Repeated Rock-Paper-Scissors, TMLR 2023.
    """
    n_matches, rng = integer("n_matches", n_matches, low=1), generator(rng)
    try:
        import pyspiel  # type: ignore[import-not-found]
    except ImportError as error:
        raise ImportError("`load_roshambo` needs open-spiel: pip install open-spiel") from error
    known = pyspiel.roshambo_bot_names()
    names = list(known) if bots is None else [str(name) for name in bots]
    if len(set(names)) < max(len(names), 1) or not set(names) <= set(known):
        raise must("bots", f"different names among {', '.join(known)}", bots)
    game = pyspiel.load_game(f"repeated_game(stage_game=matrix_rps(),num_repetitions={THROWS})")
    scores = np.zeros((len(names), len(names)))
    libc = ctypes.CDLL(None)
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        for _ in range(n_matches):
            # the programs draw from the C library's generator, so this seed makes the match repeatable
            libc.srandom(int(rng.integers(2**31)))
            state = game.new_initial_state()
            pair = [pyspiel.make_roshambo_bot(player, names[k], THROWS) for player, k in enumerate((i, j))]
            while not state.is_terminal():
                state.apply_actions([bot.step(state) for bot in pair])
            scores[i, j] += state.returns()[0] / (THROWS * n_matches)
    scores -= scores.T
    return Game(np.stack([scores, scores.T]), names=(tuple(names), tuple(names)))
