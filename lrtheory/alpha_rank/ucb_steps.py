r"""One step of ResponseGraphUCB: which profile is next, and what its outcomes tell. Kernels on flat arrays.

The state of one run is six arrays; profiles are numbered in C-order, edges by profile and column as in
`profile_neighbors`:

=========  ====================  =================================================================
n_samples  int64 (\|S\|,)        plays of each profile
radius     float64 (\|S\|,)      half-width r(n_samples) of its intervals; infinite before the first play
sums       float64 (K, \|S\|)    sums of outcomes
lower      float64 (K, \|S\|)    intersection over time of the intervals, lower ends
upper      float64 (K, \|S\|)    the same, upper ends
direction  int8 (\|S\|, D)       +1 the neighbour is better, -1 it is worse, 0 the edge is open
=========  ====================  =================================================================
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._validation import must
from lrtheory.alpha_rank.chain import profile_neighbors
from lrtheory.alpha_rank.problem import Game
from lrtheory.alpha_rank.theory import log_level_at_one

__all__ = ["bernoulli_means", "edges", "levels", "new_state", "next_profile", "play", "record", "summary"]


def edges(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Neighbours (\|S\|, D), the column of each edge seen from its other end (\|S\|, D), and who deviates (D,)."""
    neighbors, players = profile_neighbors(sizes)
    back = np.empty_like(neighbors)
    for column, player in enumerate(players):
        first = int(np.argmax(players == player))
        own = np.indices(sizes).reshape(len(sizes), -1)[player]
        # from the other end, own strategy is the (own)-th alternative, less one if it comes after the other's strategy
        back[:, column] = first + own - (own > own[neighbors[:, column]])
    return kernel_input(neighbors), kernel_input(back), kernel_input(players)


def levels(sizes: tuple[int, ...], delta: float, anytime: bool, joint: bool) -> tuple[float, float]:
    """Constants (a, b) of the radius sqrt((a + b log n) / (2 n)), see `theory.hoeffding_radius`."""
    n_means = len(sizes) * math.prod(sizes) if joint else 1
    return log_level_at_one(delta, n_means, anytime), 2.0 if anytime else 0.0


def new_state(sizes: tuple[int, ...], n_runs: int) -> tuple[np.ndarray, ...]:
    """The arrays of the table above before the first play, with a leading axis of runs."""
    players, n, degree = len(sizes), math.prod(sizes), sum(sizes) - len(sizes)
    return (
        np.zeros((n_runs, n), np.int64),
        np.full((n_runs, n), np.inf),
        np.zeros((n_runs, players, n)),
        np.zeros((n_runs, players, n)),
        np.ones((n_runs, players, n)),
        np.zeros((n_runs, n, degree), np.int8),
    )


def bernoulli_means(game: Any, sizes: tuple[int, ...] | None = None) -> np.ndarray:
    r"""The win probabilities (K, \|S\|) of a game that can be sampled in compiled code."""
    if not isinstance(game, Game) or game.outcomes != "bernoulli":
        raise must("game", 'a Game with `outcomes` "bernoulli"', getattr(game, "outcomes", game))
    if sizes is not None and game.sizes != sizes:
        raise must("game", f"of sizes {sizes}", game.sizes)
    return kernel_input(game.payoffs.reshape(len(game.payoffs), -1), np.float64)


def summary(state: tuple[np.ndarray, ...], sizes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Means, directions and resolved edges of states with any leading axes, in the shape of the game."""
    n_samples, _, sums, lower, upper, direction = state
    lead = n_samples.shape[:-1]
    neighbors, _, players = edges(sizes)
    with np.errstate(invalid="ignore"):
        means = sums / n_samples[..., None, :]
    difference = np.nan_to_num(means[..., players[None, :], neighbors] - means[..., players, :].swapaxes(-1, -2))
    guess = np.where(direction == 0, np.sign(difference), direction).astype(np.int8)
    tables = (*lead, len(sizes), *sizes)
    return {
        "means": means.reshape(tables),
        "n_samples": n_samples.copy().reshape(*lead, *sizes),
        "lower": lower.copy().reshape(tables),
        "upper": upper.copy().reshape(tables),
        "direction": guess,
        "resolved": direction != 0,
    }


# --- kernels ----------------------------------------------------------------------------------------------------------


@kernel
def next_profile(n_samples, direction):
    """The profile with the fewest samples among those with an open edge or none yet; -1 when there is none."""
    best = -1
    for s in range(n_samples.shape[0]):
        if best < 0 or n_samples[s] < n_samples[best]:
            is_open = n_samples[s] == 0
            for d in range(direction.shape[1]):
                is_open = is_open or direction[s, d] == 0
                if is_open:
                    break
            if is_open:
                best = s
    return best


@kernel
def record(s, outcomes, a, b, neighbors, back, players, n_samples, radius, sums, lower, upper, direction):
    """One play of profile s: its means, its intervals, and the open edges that this resolves."""
    n_samples[s] += 1
    n = n_samples[s]
    radius[s] = math.sqrt((a + b * math.log(n)) / (2 * n))
    for k in range(sums.shape[0]):
        sums[k, s] += outcomes[k]
        lower[k, s] = max(lower[k, s], sums[k, s] / n - radius[s])
        upper[k, s] = min(upper[k, s], sums[k, s] / n + radius[s])
    for d in range(players.shape[0]):
        if direction[s, d] == 0:
            t, k = neighbors[s, d], players[d]
            here, there = sums[k, s] / n, sums[k, t] / max(n_samples[t], 1)
            if here + radius[s] < there - radius[t]:
                direction[s, d], direction[t, back[s, d]] = 1, -1
            elif there + radius[t] < here - radius[s]:
                direction[s, d], direction[t, back[s, d]] = -1, 1


@kernel
def play(means, rng, n_plays, a, b, neighbors, back, players, n_samples, radius, sums, lower, upper, direction):
    """Up to n_plays of a game with Bernoulli outcomes; returns how many were needed."""
    outcomes = np.empty(means.shape[0])
    for done in range(n_plays):
        s = next_profile(n_samples, direction)
        if s < 0:
            return done
        for k in range(means.shape[0]):
            outcomes[k] = 1.0 if rng.random() < means[k, s] else 0.0
        record(s, outcomes, a, b, neighbors, back, players, n_samples, radius, sums, lower, upper, direction)
    return n_plays
