r"""The repeated prisoner's dilemma among strategies that remember one round, with noise.

A strategy is p = (p_CC, p_CD, p_DC, p_DD), the probabilities to cooperate after a round in which the player and the
opponent did that. Each intended move turns into the other one with probability `noise`, so that the four outcomes of a
round form an irreducible Markov chain, whose stationary law v gives the mean payoff v_CC R + v_CD S + v_DC T + v_DD P.

References
----------
.. [1] M. Nowak, K. Sigmund, A strategy of win-stay, lose-shift that outperforms tit-for-tat in the Prisoner's Dilemma
   game, Nature 364, 1993.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import array, generator, integer, must, open_interval
from lrtheory.alpha_rank.problem import Game
from lrtheory.alpha_rank.stationary.distribution import solve_gth

__all__ = ["MEMORY_ONE", "make_memory_one"]

MEMORY_ONE: Mapping[str, tuple[float, float, float, float]] = {
    "always cooperate": (1, 1, 1, 1),
    "always defect": (0, 0, 0, 0),
    "tit for tat": (1, 0, 1, 0),
    "generous tit for tat": (1, 1 / 3, 1, 1 / 3),
    "win stay, lose shift": (1, 0, 0, 1),
    "grim": (1, 0, 0, 0),
}
OTHER_SIDE = (0, 2, 1, 3)  # CC, CD, DC, DD as the opponent sees them: own move first, so CD and DC change


def make_memory_one(
    strategies: Mapping[str, Sequence[float]] | None = None,
    *,
    noise: float = 0.01,
    rewards: Sequence[float] = (3.0, 0.0, 5.0, 1.0),
    n_rounds: int | None = None,
    n_matches: int | None = None,
    rng: Rng = None,
) -> Game:
    """Compute mean payoffs per round among memory-one strategies, exactly in the long run or from sampled matches.

    Parameters
    ----------
    strategies : mapping from str to four float, optional
        Name -> probabilities to cooperate after CC, CD, DC, DD (own move first). By default six classical ones.
    noise : float
        Probability that a move is the opposite of the intended one, in (0, 0.5).
    rewards : sequence of four float
        (R, S, T, P): both cooperate; the sucker's payoff; the temptation; both defect.
    n_rounds : int or None
        Rounds of a sampled match, which starts as after CC; None means 100. Left out without `n_matches`.
    n_matches : int or None
        Matches of each pair; None for the exact long-run means.
    rng : Generator, int or None
        Source of randomness of the matches.

    Returns
    -------
    Game
        Two players, symmetric, with the names of the programs.

    Raises
    ------
    TypeError
        If the strategies are not a mapping from names.
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> game = make_memory_one(noise=1e-6)
    >>> game.payoffs[0][2].round(2).tolist()  # tit for tat against each
    [3.0, 1.0, 2.25, 3.0, 2.25, 1.0]
    """
    given = MEMORY_ONE if strategies is None else strategies
    if not isinstance(given, Mapping):
        raise must("strategies", "a mapping from names to four probabilities", given, TypeError)
    table = array("strategies", list(given.values()), shape=(None, 4), low=0, high=1).astype(np.float64)
    noise = open_interval("noise", noise, 0, 0.5)
    pay = array("rewards", rewards, shape=(4,)).astype(np.float64)
    rng = generator(rng)
    moves = table * (1 - noise) + (1 - table) * noise
    if n_matches is None:
        if n_rounds is not None:
            raise must("n_rounds", "left out without `n_matches`, since the means are those of the long run", n_rounds)
        laws = np.array([[long_run(mine, other) for other in moves] for mine in moves])
    else:
        n_rounds = 100 if n_rounds is None else integer("n_rounds", n_rounds, low=1)
        laws = sampled_laws(moves, n_rounds, integer("n_matches", n_matches, low=1), rng)
    means = laws @ pay
    return Game(np.stack([means, means.T]), names=(tuple(given),) * 2)


def long_run(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the stationary law of CC, CD, DC, DD from the probabilities to cooperate of both sides."""
    c, d = mine, other[list(OTHER_SIDE)]
    chain = np.stack([c * d, c * (1 - d), (1 - c) * d, (1 - c) * (1 - d)], axis=1)
    return solve_gth(chain).pi


def sampled_laws(moves: np.ndarray, n_rounds: int, n_matches: int, rng: np.random.Generator) -> np.ndarray:
    """Play matches and return frequencies of CC, CD, DC, DD, (n, n, 4); both sides of a pair see the same matches."""
    n = len(moves)
    i, j = np.triu_indices(n)
    pair, other_side = np.arange(len(i))[:, None], np.array(OTHER_SIDE)
    state = np.zeros((len(i), n_matches), np.intp)  # all start as after CC
    counts = np.zeros((len(i), 4))
    for _ in range(n_rounds):
        draw = rng.random((2, *state.shape))
        mine, other = draw[0] >= moves[i[:, None], state], draw[1] >= moves[j[:, None], other_side[state]]
        state = 2 * mine + other  # 0 is C, 1 is D
        np.add.at(counts, (pair, state), 1)
    counts /= n_rounds * n_matches
    laws = np.zeros((n, n, 4))
    laws[i, j] = counts
    laws[j, i] = counts[:, other_side]
    same = i == j
    laws[i[same], i[same]] = (counts + counts[:, other_side])[same] / 2  # two players with one strategy
    return laws
