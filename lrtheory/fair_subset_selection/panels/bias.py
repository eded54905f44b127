r"""Bias: from latent rankings to those that a panel reports, which put a group of items down.

*Utilities*: the disadvantaged items are seen with utility theta u in place of u, the multiplicative bias of Kleinberg
and Raghavan. *Swaps*: with I the number of pairs in which an advantaged item stands behind a disadvantaged one,
floor(intensity I) times such a pair at distance d is exchanged, drawn with probability proportional to phi^d.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, to_numpy
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, flag, generator, must, real
from lrtheory.fair_subset_selection.ballots.items import as_mask, column_names
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings, trusted

__all__ = ["BiasedRankings", "bias_swaps", "bias_utilities", "group_inversions"]


@result
class BiasedRankings(Result):
    """Latent rankings, and the rankings that the panel reports instead; row v of one belongs to row v of the other.

    Attributes
    ----------
    latent, observed : Rankings
        n rankings of m items each.
    disadvantaged : bool array of shape (m,)
        The items that are put down.
    n_swaps : int64 array of shape (n,), or None
        Exchanges in each ranking; None for bias in utilities.
    message : str
        The kind of bias and its parameters.
    counts : mapping
        ``swaps`` of all rankings together; empty for bias in utilities.
    trace : mapping or None
        The int64 arrays ``distances`` for ``record=True``, the number of positions by which the advantaged item stood
        behind the other before each exchange, and ``starts`` of shape (n + 1,): ranking v has those from ``starts[v]``
        to ``starts[v + 1]``.
    """

    latent: Rankings
    observed: Rankings
    disadvantaged: np.ndarray
    n_swaps: np.ndarray | None
    message: str
    counts: Mapping[str, int]
    trace: Mapping[str, np.ndarray] | None

    def _columns(self) -> dict[str, Any]:
        names = self.latent.names or range(self.latent.n_items)
        places = {name: _mean_places(one) for name, one in (("latent", self.latent), ("observed", self.observed))}
        return {"item": names, "disadvantaged": self.disadvantaged, **places}

    def _facts(self) -> list[str]:
        return [self.message, "latent and observed are mean places, 1 the best"]

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        order = np.argsort(columns["latent"], kind="stable")
        ends = [np.asarray(columns[name])[order] for name in ("latent", "observed")]
        names = [columns["item"][i] for i in order]
        low, high = np.minimum(*ends), np.maximum(*ends)
        display.intervals(ax, names, low, high, middle=ends[1], label="mean place, from latent to observed (dot)")


def _mean_places(rankings: Rankings) -> np.ndarray:
    return np.average(rankings.positions + 1.0, axis=0, weights=rankings.weights if rankings.total > 0 else None)


def bias_utilities(utilities: ArrayLike, disadvantaged: ArrayLike, theta: float, *, rng: Rng = None) -> BiasedRankings:
    r"""Rank items by utilities, and by utilities that are multiplied by theta for the items of a group.

    Parameters
    ----------
    utilities : array of shape (n, m)
        Utility of each item to each member of the panel, non-negative; the columns of a data frame name the items.
    disadvantaged : bool array of shape (m,), or array of item numbers or names
        The group.
    theta : float
        In [0, 1]. At 0 the group comes last, in its latent order.
    rng : Generator, int or None
        Source of randomness for equal utilities, whose order is drawn, once for both rankings.

    Returns
    -------
    BiasedRankings
        The order within the group and within the others is unchanged in every ranking (statement FSS-P7), nobody of the
        group moves up and nobody else moves down (FSS-P8).

    Raises
    ------
    ValueError
        If utilities are negative or not finite, or `theta` is out of range.

    References
    ----------
    .. [1] J. Kleinberg, M. Raghavan, Selection Problems in the Presence of Implicit Bias, ITCS 2018.

    Examples
    --------
    >>> panel = bias_utilities([[3.0, 2.0, 1.0]], [0], 0.5)
    >>> panel.latent.positions.tolist(), panel.observed.positions.tolist()
    ([[0, 1, 2]], [[1, 0, 2]])
    """
    names = column_names(utilities)
    given = array("utilities", to_numpy(utilities), shape=(None, None), low=0).astype(np.float64)
    if given.size == 0:
        raise must("utilities", "of at least one ranking of one item", given.shape)
    mask = as_mask("disadvantaged", disadvantaged, given.shape[1], names)
    theta = real("theta", theta, low=0, high=1)
    order, source = np.argsort(-given, axis=1, kind="stable"), generator(rng)
    # random numbers are drawn only where utilities are equal, so that `rng` is not advanced by strict utilities
    if (np.diff(np.take_along_axis(given, order, axis=1), axis=1) == 0).any():
        order = np.lexsort((source.random(given.shape), -given), axis=1)
    # `seen` is in latent order and the sort is stable: where the bias makes utilities equal, by rounding or because
    # theta is 0, the latent order decides. A theta of 0 puts the group behind others whose utility is 0.
    seen = np.take_along_axis(np.where(mask, theta * given, given), order, axis=1)
    if theta == 0:
        seen = np.where(mask[order], -1.0, seen)
    observed = np.take_along_axis(order, np.argsort(-seen, axis=1, kind="stable"), axis=1)
    return BiasedRankings(
        latent=trusted(_positions(order), names=names),
        observed=trusted(_positions(observed), names=names),
        disadvantaged=mask,
        n_swaps=None,
        message=f"utilities of the disadvantaged are seen {theta:g} times as large",
        counts={},
        trace=None,
    )


def _positions(order: np.ndarray) -> np.ndarray:
    """Invert orders (n, m), the items from the best on, into positions (n, m) of the items."""
    positions = np.empty(order.shape, np.int32)
    np.put_along_axis(positions, order, np.arange(order.shape[1], dtype=np.int32)[None], axis=1)
    return positions


def bias_swaps(
    rankings: Panel,
    disadvantaged: ArrayLike,
    *,
    phi: float,
    intensity: float,
    refresh: bool = True,
    record: bool = False,
    rng: Rng = None,
) -> BiasedRankings:
    r"""Exchange advantaged items with disadvantaged ones that stand before them.

    Parameters
    ----------
    rankings : Rankings, path or data frame
        Strict and complete latent rankings.
    disadvantaged : bool array of shape (m,), or array of item numbers or names
        The group.
    phi : float
        In [0, 1]: near 0 the nearest pairs are exchanged, near 1 all with equal probability.
    intensity : float
        In [0, 1]: the share of the I pairs that is exchanged, floor(intensity I) (lambda in the paper).
    refresh : bool
        Whether a pair must stand in the wrong order now, at its distance of now. If not, pairs and distances are those
        of the latent ranking, as in the code that was published with the paper: an exchanged pair stays eligible and is
        exchanged back.
    record : bool
        Whether to keep the distances in `trace`.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    BiasedRankings
        Latent and reported rankings. For `refresh` each exchange lowers I by its distance (statement FSS-P1); exchanges
        end when no pair is left.

    Raises
    ------
    TypeError
        If `rankings` are not rankings.
    ValueError
        If ballots have ties or end early, or a number is out of range.

    Notes
    -----
    Probabilities are relative to the smallest distance that is present, so that no sum of powers is 0 while pairs
    remain. A ranking with weight w stands for w voters who all report the same.

    Examples
    --------
    >>> panel = bias_swaps(Rankings([[0, 1, 2, 3]]), [0, 1], phi=0.5, intensity=1.0, rng=0)
    >>> sorted(panel.observed.positions[0, :2].tolist()), int(group_inversions(panel.observed, [0, 1])[0])
    ([2, 3], 0)
    """
    rankings = as_rankings("rankings", rankings)
    order = _strict_orders("rankings", rankings)
    mask = as_mask("disadvantaged", disadvantaged, rankings.n_items, rankings.names)
    phi, intensity = real("phi", phi, low=0, high=1), real("intensity", intensity, low=0, high=1)
    pairs = group_inversions(rankings, mask)
    wanted = np.floor(intensity * pairs + 1e-9).astype(np.int64)  # 0.29 * 100 is a little less than 29 in doubles
    # ranking v writes its distances from starts[v] on; it may stop before it has made all the swaps that it asked for
    starts = np.concatenate([[0], np.cumsum(wanted)])
    distances = np.zeros(starts[-1] if flag("record", record) else 0, np.int64)
    rule = SwapRule(kernel_input(mask), phi, flag("refresh", refresh))
    done = swap(generator(rng), order, rule, kernel_input(wanted), SwapTrace(kernel_input(starts), distances))
    trace = None
    if record:
        rows = np.repeat(np.arange(len(wanted)), wanted)
        kept = np.arange(len(distances)) - starts[rows] < done[rows]
        trace = {"distances": distances[kept], "starts": np.concatenate([[0], np.cumsum(done)])}
    return BiasedRankings(
        latent=rankings,
        observed=trusted(_positions(order), weights=rankings.weights, names=rankings.names),
        disadvantaged=mask,
        n_swaps=done,
        message=f"swaps with phi = {phi:g}, intensity = {intensity:g}" + ("" if refresh else ", not refreshed"),
        counts={"swaps": int(done.sum())},
        trace=trace,
    )


def group_inversions(rankings: Panel, disadvantaged: ArrayLike) -> np.ndarray:
    """Count the pairs in each ranking in which an advantaged item stands behind a disadvantaged one.

    Parameters
    ----------
    rankings : Rankings, path or data frame
        Strict and complete rankings.
    disadvantaged : bool array of shape (m,), or array of item numbers or names
        The group.

    Returns
    -------
    int64 array of shape (n,)
        I, at most the product of the sizes of both groups.

    Raises
    ------
    TypeError
        If `rankings` are not rankings.
    ValueError
        If ballots have ties or end early.

    Examples
    --------
    >>> group_inversions(Rankings(orders=[[0, 1, 2], [1, 2, 0]]), [0]).tolist()
    [2, 0]
    """
    rankings = as_rankings("rankings", rankings)
    order = _strict_orders("rankings", rankings)
    # behind[v, p] is True for a disadvantaged item at position p; each advantaged one counts those before it
    behind = as_mask("disadvantaged", disadvantaged, rankings.n_items, rankings.names)[order]
    return np.where(behind, 0, np.cumsum(behind, axis=1)).sum(axis=1)


def _strict_orders(name: str, rankings: Rankings) -> np.ndarray:
    """Invert the positions of strict and complete rankings into orders (n, m), and refuse all others."""
    positions = rankings.positions
    if rankings.shared is not None or positions.min() < 0:
        raise must(name, "strict and complete", rankings)
    order = np.empty(positions.shape, np.int64)
    np.put_along_axis(order, positions.astype(np.int64), np.arange(positions.shape[1])[None], axis=1)
    return order


class SwapRule(NamedTuple):
    """Which pairs are exchanged, and with what probability: the arguments of `bias_swaps` that all rankings share."""

    disadvantaged: np.ndarray  # mask of the group (m,), read-only
    phi: float
    refresh: bool


class SwapTrace(NamedTuple):
    """Where `swap` writes the distances of the exchanges of each ranking."""

    starts: np.ndarray  # index of the first distance of each ranking (n + 1,), read-only
    distances: np.ndarray  # output buffer; without entries where the distances are not recorded


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def pairs_at_distance(down):
    """Count, for each distance d, the positions p with a disadvantaged item at p and an advantaged one at p + d."""
    m = len(down)
    count = np.zeros(m, np.int64)
    for p in range(m):
        if down[p]:
            for q in range(p + 1, m):
                count[q - p] += 0 if down[q] else 1
    return count


@kernel
def draw_pair(rng, phi, down, count):
    """Draw positions p < q of a disadvantaged and an advantaged item, with probability ~ phi^(q - p); -1, -1 if none.

    First the distance is drawn, with probability ~ count[d] phi^d, and then one of the pairs at this distance, all of
    them alike. So a draw takes O(m) steps and not one for each of the up to m^2 / 4 pairs.
    """
    m = len(down)
    nearest = 1
    while nearest < m and count[nearest] == 0:
        nearest += 1
    if nearest == m:
        return -1, -1
    # Weights are relative to the nearest pair, whose weight is 1: phi^d alone is 0 in doubles at a small phi and a
    # large distance, and exchanges would end while pairs remain. At phi = 0 the nearest pairs alone have a weight.
    cumulated, power, total = np.zeros(m), 1.0, 0.0
    for d in range(nearest, m):
        total += count[d] * power
        cumulated[d] = total
        power *= phi
    u, distance = rng.random() * total, nearest
    while distance < m - 1 and cumulated[distance] <= u:
        distance += 1
    # the number of the drawn pair among those at this distance, counted down until it is met
    which = int(rng.random() * count[distance])
    for p in range(m - distance):
        if down[p] and not down[p + distance]:
            if which == 0:
                return p, p + distance
            which -= 1
    return -1, -1


@kernel
def exchange_counts(down, count, p, q):
    """Update the counts of distances for a disadvantaged item at p and an advantaged one at q that are exchanged.

    Only pairs with p or q change, so that one pass over the positions replaces a new count over all pairs.
    """
    for e in range(len(down)):  # pairs that the two were in; their own is removed once, as the pair of p with e = q
        if e > p and not down[e]:
            count[e - p] -= 1
        if e < q and e != p and down[e]:
            count[q - e] -= 1
    down[p], down[q] = down[q], down[p]
    for e in range(len(down)):  # pairs that they are in now
        if e < p and down[e]:
            count[p - e] += 1
        if e > q and not down[e]:
            count[e - q] += 1


@kernel
def swap(rng, order, rule, wanted, trace):
    """Exchange up to ``wanted[v]`` pairs in row v of `order`, in place; return the number of exchanges in each row.

    ``order[v, p]`` is the item at position p of ranking v.
    """
    n, m = order.shape
    starts, distances = trace
    done = np.zeros(n, np.int64)
    for v in range(n):
        down = rule.disadvantaged[order[v]]
        # Pairs are drawn from the order `drawn_from`, whose disadvantaged positions are `down`, while `position` has
        # the present positions of all items. With `refresh` both are the present ranking. Without, pairs are always
        # those of the latent ranking: an exchanged pair may be drawn again and changes back, at a distance below zero.
        drawn_from = order[v].copy()
        position = np.empty(m, np.int64)
        position[order[v]] = np.arange(m)
        count = pairs_at_distance(down)
        for step in range(wanted[v]):
            p, q = draw_pair(rng, rule.phi, down, count)
            if p < 0:
                break
            ahead, behind = drawn_from[p], drawn_from[q]
            if len(distances) > 0:
                distances[starts[v] + step] = position[behind] - position[ahead]
            position[ahead], position[behind] = position[behind], position[ahead]
            if rule.refresh:
                drawn_from[p], drawn_from[q] = behind, ahead
                exchange_counts(down, count, p, q)
            done[v] += 1
        for i in range(m):
            order[v, position[i]] = i
    return done
