r"""The line structure of a game: a sweep of power iteration in O(K |S|) at infinite alpha, without a table of rates.

A *line* is the s_k profiles that differ in the strategy of player k alone. On a line the chain knows only the order of
the payoffs,

.. math:: v_y = \sum_k \Bigl( u \sum_{x < y} \pi_x + t \sum_{x \sim y} \pi_x + d \sum_{x > y} \pi_x \Bigr),

for the flow v_y into y, with rates u up, t at ties and d down. So two running sums along each sorted line replace the
sum over \|S\| D rates, and nothing is subtracted. The same order gives the Markov-Conley chains: arcs to the next
profile of each line connect the same profiles as all arcs do.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory.alpha_rank.chains.response_graph import sink_components
from lrtheory.alpha_rank.stationary.distribution import StationaryResult, stationary_answer

__all__ = ["Lines", "Rates", "line_sinks", "solve_lines", "sorted_lines"]


class Lines(NamedTuple):
    r"""The profiles of a game along its lines, in ascending order of the payoff of the player who moves there.

    Attributes
    ----------
    sizes : int64 array of shape (K,)
        Length of the lines of each player.
    order : int64 array of shape (K, \|S\|)
        Profile numbers, line after line.
    rises : bool array of shape (K, \|S\|)
        Whether the payoff is larger than the one before it on the line; True at the start of a line.
    """

    sizes: np.ndarray
    order: np.ndarray
    rises: np.ndarray


class Rates(NamedTuple):
    """Probabilities to accept a deviation, by the direction of the deviating player's payoff."""

    up: float
    tie: float
    down: float


def sorted_lines(tables: np.ndarray) -> Lines:
    r"""Sort all lines of a game by the payoff of the player who moves on them: O(K \|S\| log s).

    Parameters
    ----------
    tables : float array of shape (K, s_1, ..., s_K)
        Payoffs.

    Returns
    -------
    Lines
        2 K \|S\| entries.
    """
    sizes = tables.shape[1:]
    profiles = np.arange(math.prod(sizes)).reshape(sizes)
    order = np.empty((len(sizes), profiles.size), np.int64)
    rises = np.ones(order.shape, np.bool_)
    for player, table in enumerate(tables):
        values = np.moveaxis(table, player, -1)
        ascending = np.argsort(values, axis=-1)
        values = np.take_along_axis(values, ascending, -1)
        order[player] = np.take_along_axis(np.moveaxis(profiles, player, -1), ascending, -1).ravel()
        rises[player].reshape(values.shape)[..., 1:] = np.diff(values, axis=-1) > 0
    return Lines(np.array(sizes, np.int64), order, rises)


def line_sinks(lines: Lines) -> list[np.ndarray]:
    """Find the Markov-Conley chains from the arcs between neighbors on a line alone: O(K |S|).

    Every other arc leads up along a line, as a path of such arcs does, so strong components and sinks are the same.
    """
    source, target = [], []
    for size, order, rises in zip(lines.sizes, lines.order, lines.rises, strict=True):
        line, new = order.reshape(-1, size), rises.reshape(-1, size)
        tied = ~new[:, 1:]
        # each profile points to the next one of its line, and at a tie the next one points back
        source += [line[:, :-1].ravel(), line[:, 1:][tied]]
        target += [line[:, 1:].ravel(), line[:, :-1][tied]]
    return sink_components(lines.order.shape[1], np.concatenate(source), np.concatenate(target))


def solve_lines(lines: Lines, rates: Rates, start: np.ndarray, *, tol: float, max_iter: int) -> StationaryResult:
    r"""Run the power iteration of `power` (of the lazy embedded jump chain) on the line structure.

    Parameters
    ----------
    lines : Lines
        Lines of the game.
    rates : Rates
        Probabilities to accept a deviation up, at a tie and down.
    start : float64 array of shape (\|S\|,)
        The law to start from. Where `rates.down` is 0, its support must be closed: no deviation that is accepted leads
        out of it, and every profile in it has one that is accepted.
    tol : float
        Largest l1 change of the last sweep.
    max_iter : int
        Largest number of sweeps.

    Returns
    -------
    StationaryResult
        The residual is that of the transition matrix; the message tells the largest one of a single entry.
    """
    n, degree = lines.order.shape[1], int(lines.sizes.sum()) - len(lines.sizes)
    pi, n_iter, change, exits, inflow = start.copy(), 0, 0.0, np.zeros(n), np.zeros(n)
    if degree:
        # the exit rate of y is the flow into y of the reversed moves, up and down exchanged, with mass 1 everywhere
        _inflow(lines, Rates(up=rates.down, tie=rates.tie, down=rates.up), np.ones(n), exits)
        n_iter, change = _sweeps(lines, rates, exits, pi, inflow, tol, max_iter)
        _inflow(lines, rates, pi, inflow)
    pi /= pi.sum()
    errors = abs(inflow - pi * exits) / max(degree, 1)
    message = f"the l1 change of the last sweep was {change:.1e}, the largest residual of an entry {errors.max():.1e}"
    flops = 6 * lines.order.size * n_iter
    fields = {"n_iter": n_iter, "converged": change <= tol, "message": message}
    return stationary_answer("power", pi, float(errors.sum()), flops=flops, **fields)


@kernel
def _inflow(lines, rates, pi, inflow):
    """Write the flow into each profile, summed over its K lines, to `inflow`; the common factor 1/D is left out."""
    sizes, order, rises = lines
    up, tie, down = rates
    inflow[:] = 0.0
    for player in range(order.shape[0]):
        size = sizes[player]
        for first in range(0, order.shape[1], size):
            # ascending: mass strictly below y, and mass of those of y's ties that come before it
            below, tied = 0.0, 0.0
            for i in range(first, first + size):
                y = order[player, i]
                if rises[player, i]:
                    below, tied = below + tied, 0.0
                inflow[y] += up * below + tie * tied
                tied += pi[y]
            # descending: mass strictly above y, and the ties after it; `rises` marks the first of each group of ties
            above, tied = 0.0, 0.0
            for i in range(first + size - 1, first - 1, -1):
                y = order[player, i]
                inflow[y] += down * above + tie * tied
                tied += pi[y]
                if rises[player, i]:
                    above, tied = above + tied, 0.0


@kernel
def _sweeps(lines, rates, exits, pi, inflow, tol, max_iter):
    # the iteration of `power._sweeps`; only the inflow comes from the sorted lines, not from a table of rates
    change = np.inf
    for sweep in range(1, max_iter + 1):
        _inflow(lines, rates, pi, inflow)
        mass = 0.0
        for y in range(pi.shape[0]):
            if inflow[y] > 0:  # a profile that nothing enters may have no exit either
                inflow[y] /= exits[y]
            mass += inflow[y]
        change = 0.0
        for y in range(pi.shape[0]):
            step = 0.5 * (inflow[y] / mass - pi[y])
            pi[y] += step
            change += abs(step)
        if change <= tol:
            return sweep, change
    return max_iter, change
