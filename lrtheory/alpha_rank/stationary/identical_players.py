r"""Extreme return times of a single population in which many players are alike, because all their pairs are open.

Exchanging two players without a certain direction changes nothing in the problem of `extreme_return_time`, whose
hitting times are unique. So all such players but the target have the same, the directions among them cancel, and m of
them can be one state that is entered m times as often. A log of thousands of players leaves most of them so.
"""

from __future__ import annotations

import numpy as np

from lrtheory.alpha_rank.stationary import elimination

__all__ = ["return_times", "touched"]


def touched(certain: np.ndarray) -> np.ndarray:
    """Return the numbers of the players with a certain direction, of a table (n, n) as `certain_directions` has it."""
    return np.flatnonzero((certain != 0).any(axis=1))


def return_times(certain: np.ndarray, target: int, perturbation: float) -> tuple[float, float, int]:
    """Compute the largest and the smallest mean return time to a player, and count the solves; all in doubles."""
    n, with_one = len(certain), touched(certain)
    others = np.setdiff1d(np.arange(n), np.append(with_one, target))
    # the target is state 0, as the elimination wants it; the last state stands for all who are alike
    states = np.concatenate([[target], with_one[with_one != target], others[:1]]).astype(np.int64)
    weights = np.ones(len(states))
    if len(others):
        weights[-1] = len(others)
    better = certain[np.ix_(states, states)].T.astype(np.int64)  # +1 where the column takes over the row
    (longest, a), (shortest, b) = (_extreme(better, weights / (n - 1), perturbation, sense) for sense in (1, -1))
    return longest, shortest, a + b


def _extreme(direction: np.ndarray, shares: np.ndarray, perturbation: float, sense: int) -> tuple[float, int]:
    """Policy iteration of `extreme_return_time` on states that are tried with unequal probabilities, `shares`."""
    n = len(direction)
    is_open = direction == 0
    np.fill_diagonal(is_open, False)
    direction = np.where(is_open, np.where(np.triu(np.ones((n, n), bool)), 1, -1), direction)
    max_solves = 100 + 10 * int(is_open.sum())
    for n_solves in range(1, max_solves + 1):
        rates = np.where(direction > 0, 1 - perturbation, perturbation) * shares
        np.fill_diagonal(rates, 0.0)
        reduced, exits, times = rates.copy(), np.zeros(n), np.ones(n)
        elimination.eliminate(reduced, exits)
        elimination.hitting_times(reduced, exits, times)
        uphill = times[None, :] - times[:, None]
        noise = 1e-12 * np.maximum(times[None, :], times[:, None])
        wanted = sense * ((uphill > noise).astype(np.int64) - (uphill < -noise))
        turn = is_open & (wanted != 0) & (wanted != direction)
        if not turn.any():
            return 1 + float(rates[0] @ times), n_solves
        direction[turn] = wanted[turn]
    raise RuntimeError(f"policy iteration did not end within {max_solves} solves.")
