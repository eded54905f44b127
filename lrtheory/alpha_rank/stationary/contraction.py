r"""Exact limits of large chains with several sinks: closed classes are contracted, level by level.

The rates are c x^w as x -> 0. What moves at order 0 settles in closed classes first; each class becomes one state, with
slower exits, and on a slower scale of time these states move at order 0 again [1]_. This ends as soon as one class
attracts all the others and outweighs them.

References
----------
.. [1] J. Wicks, A. Greenwald, An algorithm for computing stochastically stable distributions, UAI 2005.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import sparse
from lrtheory.alpha_rank.chains.response_graph import sink_components
from lrtheory.alpha_rank.stationary import power
from lrtheory.alpha_rank.stationary.distribution import (
    MAX_DENSE,
    StationaryResult,
    solve_gth,
    solve_power,
    stationary_answer,
)

__all__ = ["solve_levels"]


class Arcs(NamedTuple):
    """The arcs of a chain with rates c x^w: at most one from each state to each other one, in four parallel arrays."""

    source: np.ndarray
    target: np.ndarray
    coefficient: np.ndarray
    order: np.ndarray


def solve_levels(
    neighbors: np.ndarray, coefficients: np.ndarray, orders: np.ndarray, *, tol: float = 0.0
) -> StationaryResult:
    r"""Compute the limit of an irreducible chain's law, and orders of vanishing, without a dense matrix (derived).

    Parameters
    ----------
    neighbors : int64 array of shape (\|S\|, D)
        Number of the state to which each deviation leads.
    coefficients, orders : float64 array of shape (\|S\|, D)
        Coefficient c > 0 and order w >= 0 of the rate c x^w of each deviation.
    tol : float
        Orders that differ by at most this much are equal.

    Returns
    -------
    StationaryResult
        The fields of the method "leading", except the coefficients of masses that vanish. Classes of more than 4096
        states are solved by power iteration, as the message says.

    Proof
    -----
    Assumes: an irreducible chain whose rates are c x^w with c > 0 and w >= 0 (the caller, `stationary.methods`).

    Proof: by the tree theorem (statement AR-T8) pi(s) is in proportion to W(s), the leading term of the sum over trees
    into s. Dividing the rates out of i by x^e multiplies W(s) by x^-e for all s but i; so it is undone by the factor
    x^-e on the mass of i. Now let each state have an exit of order 0, and let C be a sink of the moves of order 0. A
    tree into s outside C has an exit from C. If it has several, let r be one after which the way to s does not come
    back, and lead all of C to r by moves of order 0: the result is a tree, and the other exits, of order above 0, are
    gone. So in leading trees one state r of C has an exit, and the others form a tree into r of order 0; these have
    weights in proportion to the law nu(r) of the walk on C. Summed over r, this is a chain in which C is one state,
    with exits sum_r nu(r) c_rj x^w_rj. A leading tree into s in C has no exit from C, so W(s) is nu(s) times the weight
    of that one state. When C is the only sink, the orders of all other states are the distances of `sink_orders`.

    Checked by: tests that compare the limit and the orders with those of `solve_leading`; no statement has games so
    large.

    Examples
    --------
    Two states that leave at order 1 and 2:

    >>> found = solve_levels(np.array([[1], [0]]), np.ones((2, 1)), np.array([[1.0], [2.0]]))
    >>> found.pi.tolist(), found.order.tolist()
    ([0.0, 1.0], [1.0, 0.0])
    """
    n, degree = neighbors.shape
    arcs = Arcs(np.repeat(np.arange(n), degree), neighbors.ravel(), coefficients.ravel(), orders.ravel())
    state, n_states, levels = np.arange(n), n, []  # the present state of each profile
    weight, order = np.ones(n), np.zeros(n)
    # each level rescales time, contracts the classes that are closed at order 0, and goes on with fewer states
    while n_states > 1:
        # the least order among the exits of each state becomes 0, and its mass is divided by x^e in return
        fastest = np.full(n_states, np.inf)
        np.minimum.at(fastest, arcs.source, arcs.order)
        order -= fastest[state]
        arcs = arcs._replace(order=_snapped(arcs.order - fastest[arcs.source], tol))
        # every state has an exit of order 0 now, so a closed class has at least two members and is worth contracting
        label, share, solutions = _closed_classes(arcs, n_states)
        weight *= share[state]
        levels.append(solutions)
        # where one class attracts all others, their orders are distances from it, as in `sink_orders`
        if len(solutions) == 1:
            inside, final = label[state] == 0, order + _distances(arcs, np.flatnonzero(label == 0), n_states)[state]
            if final[~inside].min(initial=np.inf) > final[inside].min() + tol:
                order = final
                break
            # otherwise time was rescaled so that some mass outside counts as much: contract once more
        arcs = _contracted(arcs._replace(coefficient=arcs.coefficient * share[arcs.source]), label, tol)
        state, n_states = label[state], int(label.max()) + 1
    order = _snapped(order - order.min(), tol)
    pi = np.where(order == 0, weight, 0.0)
    pi /= pi.sum()
    moving = np.where(orders <= orders.min(initial=np.inf) + tol, coefficients, 0.0) * pi[:, None]  # the chain at x = 0
    flow = np.bincount(neighbors.ravel(), weights=moving.ravel(), minlength=n) - moving.sum(axis=1)
    every = [solution for level in levels for solution in level]
    n_swept = sum(solution.method == "power" for solution in every)
    message = f"{len(every)} classes contracted in {len(levels)} levels, {n_swept} of them by power iteration"
    return stationary_answer(
        "leading",
        pi,
        float(abs(flow).sum()),
        flops=sum(solution.counts["flops"] for solution in every),
        order=order,
        converged=all(solution.converged for solution in every),
        message=message,
    )


def _snapped(orders: np.ndarray, tol: float) -> np.ndarray:
    """Replace orders within the tolerance of 0 by 0, so that the next level sees them as order 0 exactly."""
    return np.where(orders <= tol, 0.0, orders)


def _distances(arcs: Arcs, start: np.ndarray, n_states: int) -> np.ndarray:
    """Return the least sum of orders on a path from any state of `start` to each state."""
    from scipy.sparse.csgraph import dijkstra

    lengths = sparse.csr_array((arcs.order, (arcs.source, arcs.target)), shape=(n_states, n_states))
    return dijkstra(lengths, indices=start, min_only=True)


def _closed_classes(arcs: Arcs, n_states: int) -> tuple[np.ndarray, np.ndarray, list[StationaryResult]]:
    """Return new state numbers after contraction, the share of each state in its class, and a solution for each class.

    Class c becomes state c; states in no class follow, in their order, with share 1.
    """
    fast = arcs.order == 0
    source, target, coefficient = arcs.source[fast], arcs.target[fast], arcs.coefficient[fast]
    classes = sink_components(n_states, source, target)
    label, share, index, solutions = np.full(n_states, -1), np.ones(n_states), np.zeros(n_states, np.int64), []
    for number, members in enumerate(classes):
        label[members], index[members] = number, np.arange(len(members))
    # arcs sorted by the class of their source, so that each class takes one slice of them; -1 (no class) comes first
    by_class = np.argsort(label[source], kind="stable")
    ends = np.searchsorted(label[source][by_class], np.arange(len(classes) + 1))
    for number, members in enumerate(classes):
        inner = by_class[ends[number] : ends[number + 1]]
        entries = coefficient[inner], (index[source[inner]], index[target[inner]])
        solution = _law(sparse.coo_array(entries, shape=(len(members), len(members))))
        share[members] = solution.pi
        solutions.append(solution)
    others = label < 0
    label[others] = np.arange(len(classes), len(classes) + others.sum())
    return label, share, solutions


def _law(rates: sparse.coo_array) -> StationaryResult:
    """Solve for the stationary law of one class, by elimination unless it is too large for a dense matrix."""
    if rates.shape[0] <= MAX_DENSE:
        return solve_gth(rates.toarray())
    return solve_power(power.sparse_rates(rates), tol=power.TOL, max_iter=power.MAX_ITER)


def _contracted(arcs: Arcs, label: np.ndarray, tol: float) -> Arcs:
    """Return the arcs between the new states; parallel arcs become one, the sum of those of lowest order."""
    merged = np.bincount(label)[label] > 1
    touched = merged[arcs.source] | merged[arcs.target]  # all others keep both ends
    arcs = arcs._replace(source=label[arcs.source], target=label[arcs.target])
    between = arcs.source != arcs.target
    same = Arcs(*(values[touched & between] for values in arcs))
    # parallel arcs stand side by side, the lowest order first
    in_turn = np.lexsort((same.order, same.target, same.source))
    same = Arcs(*(values[in_turn] for values in same))
    first = np.ones(len(in_turn), np.bool_)
    first[1:] = (np.diff(same.source) != 0) | (np.diff(same.target) != 0)
    group = np.cumsum(first) - 1
    counts = same.order <= same.order[first][group] + tol
    total = np.bincount(group, weights=np.where(counts, same.coefficient, 0.0))
    joined = Arcs(same.source[first], same.target[first], total, same.order[first])
    return Arcs(*(np.concatenate([old[~touched], new]) for old, new in zip(arcs, joined, strict=True)))
