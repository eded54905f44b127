"""Statements on the ranking intervals that follow from intervals on payoffs."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import alpha_rank, intervals, ranking_intervals, theory
from lrtheory.bounds import Derived, Identity, Inequality, Paper, Sides, Statement, exactly, saboteur
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.chain import return_times
from proofs_checks.alpha_rank.families.boxes import (
    BOXES,
    MISSED_BOXES,
    MISSED_SQUARES,
    NESTED_BOXES,
    SMALL_BOXES,
    SQUARES,
    THREE_BY_THREE,
    TOUCHING,
    UNNESTED_BOXES,
    Box,
    NestedBoxes,
    SquareBox,
    holds_table,
    is_inside,
    is_nested,
)
from proofs_checks.alpha_rank.families.chains import Chain

#: a saboteur's change: the open edges of the target itself are never turned
AT_THE_TARGET = (
    intervals.extreme_return_time,
    "turn = is_open &",
    "turn = is_open & (np.arange(len(is_open)) != target)[:, None] &",
)


def exact_intervals(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Compute lower and upper ends of the mass of every profile, in Fractions."""
    box = exactly(box)
    found = ranking_intervals(box.lower, box.upper, perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def edges_of(box: Box) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]], np.ndarray]:
    """List edges as two profiles and the column of the second, then those that are open, and all directions."""
    neighbors, direction, is_open = intervals.open_edges(box.lower, box.upper)
    edges = [(s, t, column) for s, row in enumerate(neighbors) for column, t in enumerate(row) if s < t]
    return edges, [edge for edge in edges if is_open[edge[0], edge[2]]], direction


def brute_force(box: Box) -> np.ndarray:
    """Compute the least and largest mass over all orientations of open edges, by return times from linear algebra."""
    box = exactly(box)
    edges, free, direction = edges_of(box)
    n, degree = direction.shape
    # one chain for every orientation, and its return times to all profiles at once
    eta, masses = Fraction(1, degree), []
    for heads in itertools.product((True, False), repeat=len(free)):
        chosen = dict(zip(free, heads, strict=True))
        rates = np.full((n, n), Fraction(0), object)
        for s, t, column in edges:
            up = chosen.get((s, t, column), direction[s, column] > 0)
            rates[s, t], rates[t, s] = (1 - box.epsilon, box.epsilon) if up else (box.epsilon, 1 - box.epsilon)
        masses.append(1 / return_times(Chain(eta * rates)))
    return np.stack([np.min(masses, axis=0), np.max(masses, axis=0)])


FEW = 5  # up to so many open edges all orientations are tried, 2^5 chains at most


def contained(box: Box, ends: np.ndarray) -> Sides:
    """Claim lower(s) <= pi(s) <= upper(s) for the true payoffs, and ends that are attained where few edges are open."""
    box = exactly(box)
    pi, (lower, upper) = alpha_rank(box.payoffs, perturbation=box.epsilon).pi.ravel(), ends.reshape(2, -1)
    # with many open edges the ends are compared with themselves, which claims nothing
    least, most = brute_force(box) if len(edges_of(box)[1]) <= FEW else (lower, upper)
    return Sides(lhs=np.r_[lower, pi, least, upper], rhs=np.r_[pi, upper, lower, most], trivial=1)


RU_T2 = Statement(
    id="alpha_rank/RU-T2",
    title="Ranking intervals contain the ranking",
    says=(
        "If the payoffs M lie in the box [L, U], the mass pi_epsilon(s) of each profile s in the perturbed chain lies "
        "between 1 / R_max(s) and 1 / R_min(s); R_max(s) and R_min(s) are the longest and the shortest mean return "
        "time to s over all directions of the edges that the box leaves open."
    ),
    source=Derived(theory.mass_interval),
    tex=r"M \in [L, U] \Rightarrow 1/R_{\max}(s) \le \pi_\varepsilon(s) \le 1/R_{\min}(s)",
    hypotheses={"payoffs in the box": is_inside, "epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5},
    instances=BOXES,
    solve=exact_intervals,
    claim=Inequality(contained),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the middle of the box alone", solve=wrong_solvers.midpoints),
        saboteur("payoffs outside", breaks="payoffs in the box", instances=MISSED_BOXES),
        saboteur("edges at the profile itself stay", patch=AT_THE_TARGET),
        saboteur("time to hit, not to return", patch=(intervals.hitting_times, "1 + (rates", "(rates")),
    ),
    notes="One box holds the payoffs of three-player Kuhn poker as 2000 sampled matches a profile show them.",
)


def exact_intervals_flat(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Compute `exact_intervals` in the shape (2, |S|)."""
    return exact_intervals(box, rng).reshape(2, -1)


RU_T1 = Statement(
    id="alpha_rank/RU-T1",
    title="Policy iteration finds the extremes over all orientations",
    says=(
        "Policy iteration finds R_max(s) and R_min(s), the largest and the smallest of the mean return times R_o(s) "
        "to a profile s over all orientations o of the open edges, which are those whose payoff intervals overlap and "
        "which may point either way."
    ),
    source=Paper("1909.09849", "section 5", read="recalled"),
    tex=r"R_{\max}(s) = \max_o R_o(s),\ R_{\min}(s) = \min_o R_o(s),\ o \in \{\pm1\}^{\text{open edges}}",
    hypotheses={"epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5},
    instances=SMALL_BOXES,
    solve=exact_intervals_flat,
    claim=Identity(lambda box, ends: Sides(lhs=ends, rhs=brute_force(box))),
    saboteurs=(
        saboteur("edges at the profile itself stay", patch=AT_THE_TARGET),
        saboteur("time to hit, not to return", patch=(intervals.hitting_times, "1 + (rates", "(rates")),
        # it is right where no edge is open
        saboteur(
            "the first orientation is kept", patch=(intervals.extreme_return_time, "if not turn.any():", "if True:")
        ),
        saboteur("oriented by distance in the graph", solve=wrong_solvers.by_graph_distance, instances=THREE_BY_THREE),
    ),
    notes="The proof is that of `theory.mass_interval`.",
)


def iterates(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Record return times after each iteration, (2, |S|, 8): growing, then shrinking; the last one is repeated."""
    box = exactly(box)
    edges = intervals.open_edges(box.lower, box.upper)
    # row 0 seeks the longest return (sense 1), row 1 the shortest (sense -1)
    # no instance needs more than 8 iterations; a longer trace would not fit, and be an error
    times = np.empty((2, len(edges[0]), 8), object)
    for row, target in np.ndindex(times.shape[:2]):
        trace: list[Fraction] = []
        intervals.extreme_return_time(*edges, target, box.epsilon, sense=1 - 2 * row, trace=trace)
        times[row, target] = trace + [trace[-1]] * (8 - len(trace))
    return times


def monotone(box: Box, times: np.ndarray) -> Sides:
    """Compare each return time with the next one, and the last, both ways, with the extreme over all orientations."""
    longest, shortest = (1 / mass[:, None] for mass in brute_force(box))
    growing, shrinking = np.hstack([times[0], longest]), np.hstack([shortest, times[1][:, ::-1]])
    lhs = np.hstack([growing[:, :-1], longest, shrinking[:, :-1], shrinking[:, 1:2]])
    return Sides(lhs, np.hstack([growing[:, 1:], growing[:, -2:-1], shrinking[:, 1:], shortest]))


P7 = Statement(
    id="alpha_rank/P7",
    title="Policy iteration is monotone, and ends at the extreme",
    says=(
        "When policy iteration seeks the longest return, the mean return time R^(i)(s) to profile s after iteration i "
        "never falls and ends at R_max(s), its maximum over all orientations of the open edges; when it seeks the "
        "shortest, it never rises and ends at the minimum R_min(s)."
    ),
    source=Paper("1909.09849", "section 5", read="recalled"),
    tex=r"R^{(i)}(s) \le R^{(i+1)}(s) \le R_{\max}(s),\quad R_{\min}(s) \le R^{(i+1)}(s) \le R^{(i)}(s)",
    hypotheses={"epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5},
    instances=SMALL_BOXES,
    solve=iterates,
    claim=Inequality(monotone, unbounded="a return time may be as long as one likes"),
    saboteurs=(
        # the right return times in the wrong order
        saboteur("in reverse", solve=lambda box, rng: iterates(box, rng)[:, :, ::-1]),
        saboteur(
            "away from the larger hitting time",
            patch=(intervals.extreme_return_time, "wanted = sense *", "wanted = -sense *"),
        ),
    ),
)


def gap_to_payoffs(box: Box, ends: np.ndarray) -> Sides:
    """Compare the ends with epsilon and 1 - epsilon, and the least mass that payoffs give the second one with 1/2."""
    box = exactly(box)
    low, high = box.epsilon, 1 - box.epsilon
    return Sides(lhs=np.r_[ends.ravel(), least_attained(box)], rhs=np.array([low, low, high, high, Fraction(1, 2)]))


def least_attained(box: Box) -> Fraction:
    """Compute the least mass of the second strategy over the corners of a box of two strategies."""
    corners = itertools.product(*zip(box.lower[0], box.upper[0], strict=True))
    return min(alpha_rank(np.array([corner], object), perturbation=box.epsilon).pi[1] for corner in corners)


def attained(box: Box, ends: np.ndarray) -> Sides:
    """Compare the lower end of the second strategy with the least mass that payoffs in the box give it."""
    return Sides(lhs=ends[0, 1:2], rhs=np.array([least_attained(exactly(box))], object))


RU_T3 = Statement(
    id="alpha_rank/RU-T3",
    title="Ends of ranking intervals need not be attained",
    says=(
        "If one player has two strategies whose payoffs a and b lie in intervals that touch, [l, m] and [m, u], the "
        "ranking interval of the second starts at epsilon, although its mass pi(b) is at least 1/2 for all payoffs in "
        "the box."
    ),
    source=Derived(theory.mass_interval),
    tex=r"a \in [l, m],\ b \in [m, u]:\ \text{lower end } \varepsilon,\ \text{yet } \pi(b) \ge \tfrac12",
    hypotheses={
        "one player with two strategies": lambda box: box.payoffs.shape == (1, 2),
        "intervals touch": lambda box: box.upper[0, 0] == box.lower[0, 1],
        "payoffs in the box": is_inside,
        "epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5,
    },
    instances=TOUCHING,
    solve=exact_intervals_flat,
    claim=Identity(gap_to_payoffs),
    saboteurs=(
        saboteur("the ends are attained", claim=Identity(attained)),
        saboteur("the middle of the box alone", solve=wrong_solvers.midpoints_flat),
        # subtle: it differs where two ends are equal, and nowhere else
        saboteur(
            "touching intervals are disjoint", patch=(intervals.open_edges, "neighbors] > high", "neighbors] >= high")
        ),
    ),
    notes="So containment alone is claimed in general.",
)


def nested(boxes: NestedBoxes, rng: np.random.Generator) -> np.ndarray:
    """Compute the ends for the inner and for the outer box."""
    return np.stack([exact_intervals(boxes.inner, rng), exact_intervals(boxes.outer, rng)])


def in_order(boxes: NestedBoxes, ends: np.ndarray) -> Sides:
    """Claim that outer lower, inner lower, inner upper and outer upper end rise, and that their sums enclose 1.

    The ends are compared with the extremes over all orientations, too.
    """
    ordered = np.stack([ends[1, 0], ends[0, 0], ends[0, 1], ends[1, 1]]).reshape(4, -1)
    off = abs(ends.reshape(2, 2, -1) - np.stack([brute_force(boxes.inner), brute_force(boxes.outer)])).ravel()
    sums, n = ordered.sum(axis=1), ordered.shape[1]
    lhs = np.r_[ordered[:-1].ravel(), off, sums[1], -sums[2]]
    rhs = np.r_[ordered[1:].ravel(), 0 * off, Fraction(1), Fraction(-1)]
    return Sides(lhs, rhs, trivial=np.r_[np.ones(len(lhs) - 2), n, 0])


RU_T4 = Statement(
    id="alpha_rank/RU-T4",
    title="Smaller intervals on payoffs give smaller intervals on masses",
    says=(
        "If the box of payoffs [L', U'] lies in the box [L, U], then the interval [l', u'] that it gives for the mass "
        "of a profile lies in the interval [l, u] that the larger box gives."
    ),
    source=Derived(theory.mass_interval),
    tex=r"[L', U'] \subseteq [L, U] \Rightarrow [l', u'] \subseteq [l, u]",
    hypotheses={"nested": is_nested, "epsilon in (0, 1/2)": lambda boxes: 0 < boxes.inner.epsilon < 0.5},
    instances=NESTED_BOXES,
    solve=nested,
    claim=Inequality(in_order),
    saboteurs=(
        saboteur("inner and outer exchanged", breaks="nested", instances=UNNESTED_BOXES),
        saboteur("the middle of each box", solve=wrong_solvers.nested_midpoints),
    ),
)


def single_intervals(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Compute lower and upper ends of the mass of every strategy of a single population, in Fractions."""
    box = exactly(box)
    found = ranking_intervals(box.lower, box.upper, population="single", perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def law_of_table(table: np.ndarray, epsilon: Fraction) -> np.ndarray:
    """Compute the masses of a single population's perturbed chain, written out from its definition, in Fractions."""
    n = len(table)
    rates = np.full((n, n), Fraction(0), object)
    for s, r in itertools.permutations(range(n), 2):
        mutant, resident = table[r, s], table[s, r]
        taken = 1 - epsilon if mutant > resident else epsilon if mutant < resident else Fraction(1, 2)
        rates[s, r] = taken / (n - 1)
    return 1 / return_times(Chain(rates))


def corner_laws(box: SquareBox) -> list[np.ndarray]:
    """Compute the masses for tables at the corners of a box: of each pair one takes its upper end, one its lower."""
    pairs = list(itertools.combinations(range(len(box.table)), 2))
    # pairs whose two corners are ordered alike need one of them
    both = [pair for pair in pairs if order_at(box, *pair) != -order_at(box, *pair[::-1])]
    laws = []
    for ups in itertools.product((True, False), repeat=len(both)):
        table, chosen = box.lower.copy(), dict(zip(both, ups, strict=True))
        for r, s in pairs:
            r, s = (r, s) if chosen.get((r, s), True) else (s, r)
            table[r, s] = box.upper[r, s]
        laws.append(law_of_table(table, box.epsilon))
    return laws


def order_at(box: SquareBox, r: int, s: int) -> int:
    """The sign of M(r, s) - M(s, r) where r has its upper and s its lower end."""
    difference = box.upper[r, s] - box.lower[s, r]
    return int(difference > 0) - int(difference < 0)


MOST_OPEN = 6  # up to so many pairs that corners order differently all corners are tried, 2^6 chains at most


def exact_range(box: SquareBox, ends: np.ndarray) -> Sides:
    """Claim lower(s) <= pi(s) <= upper(s), for the table and all corners, and ends that corners attain.

    Corners attain the ends unless the intervals of a pair share a single point.
    """
    box, (lower, upper) = exactly(box), ends
    pi, pairs = law_of_table(box.table, box.epsilon), list(itertools.permutations(range(len(box.table)), 2))
    n_both = sum(order_at(box, r, s) != -order_at(box, s, r) for r, s in pairs) // 2
    touching = any(box.upper[r, s] == box.lower[s, r] for r, s in pairs)
    # with many open pairs the ends are compared with themselves, which claims nothing
    laws = corner_laws(box) if n_both <= MOST_OPEN else [lower, upper]
    least, most = np.min(laws, axis=0), np.max(laws, axis=0)
    attained = (lower, upper) if touching else (least, most)
    return Sides(
        lhs=np.r_[lower, pi, lower, most, attained[0], upper],
        rhs=np.r_[pi, upper, least, upper, lower, attained[1]],
        trivial=1,
    )


RU_T5 = Statement(
    id="alpha_rank/RU-T5",
    title="Ranking intervals of a single population",
    says=(
        "If the payoffs M(r, s) of a single population lie in intervals, the mass pi_epsilon(s) of each strategy lies "
        "between 1 / R_max(s) and 1 / R_min(s), the extremes over both directions of the pairs in which the intervals "
        "of M(r, s) and M(s, r) overlap; some table in the box attains each end, unless the intervals of some pair "
        "share a single point."
    ),
    source=Derived(theory.certain_directions),
    tex=r"M \in [L, U] \Rightarrow 1/R_{\max}(s) \le \pi_\varepsilon(s) \le 1/R_{\min}(s), \text{ both attained}",
    hypotheses={"payoffs in the box": holds_table, "epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5},
    instances=SQUARES,
    solve=single_intervals,
    claim=Inequality(exact_range),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the middle of the box alone", solve=wrong_solvers.single_midpoints),
        saboteur("payoffs outside", breaks="payoffs in the box", instances=MISSED_SQUARES),
        saboteur("edges at the strategy itself stay", patch=AT_THE_TARGET),
        saboteur("M(r, s) compared with itself", patch=(theory.certain_directions, "low > high.T", "low > high")),
        saboteur("win rates compared with 1/2 alone", solve=wrong_solvers.against_one_half),
        # subtle: it differs where two ends are equal, and nowhere else
        saboteur("touching intervals are disjoint", patch=(theory.certain_directions, "low > high.T", "low >= high.T")),
    ),
    notes="The masses of corners are computed from the definition of the chain, which never asks what is open.",
)
