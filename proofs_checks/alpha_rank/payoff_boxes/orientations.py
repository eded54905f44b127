"""Payoffs in a box: mean return times over all orientations of the open edges, and the masses between them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.sparse import csgraph

from lrtheory.alpha_rank import alpha_rank, intervals, kuhn_policies, load_kuhn, sample_matches, theory
from lrtheory.alpha_rank.chains.profiles import ProfileChain
from lrtheory.bounds import Derived, Family, Identity, Inequality, Paper, Sides, Statement, exactly, saboteur
from proofs_checks.alpha_rank.families.boxes import (
    AT_THE_TARGET,
    Box,
    brute_force,
    draw_box,
    edges_of,
    exact_intervals,
    exact_intervals_flat,
    is_inside,
)
from proofs_checks.alpha_rank.families.response_graphs import OPEN_EDGES, TRUE_EDGES
from proofs_checks.alpha_rank.families.wrong_solvers import midpoints

# large enough that the distance to the target, in steps, and the hitting time order the ends of some edge differently
FOUR_OPEN_EDGES = Box(
    payoffs=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    lower=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    upper=np.array([[[6.0, 3, 2], [9, 1, 3], [6, 7, 6]], [[7, 1, 3], [6, 3, 3], [3, 0, 0]]]),
    epsilon=0.125,
)


THREE_BY_THREE = Family("three-by-three-boxes", always=(FOUR_OPEN_EDGES,))


SMALL_BOXES = Family(
    "small-boxes",
    always=(
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        Box(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]), 0.125),  # intervals that touch
        FOUR_OPEN_EDGES,
    ),
    draw=lambda draws: draw_box(draws, sizes=((2, 2), (1, 3), (1, 2))),
)


def by_graph_distance(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Orient open edges away from the target, and towards it, by their distance in steps, not by hitting times."""
    box = exactly(box)
    neighbors, direction, is_open = intervals.open_edges(box.lower, box.upper)
    edges = ProfileChain((), neighbors, direction).dense(np.ones(neighbors.shape))
    steps = csgraph.shortest_path(edges, unweighted=True)
    masses = []
    for sense in (1, -1):
        for target, distance in enumerate(steps):
            uphill = sense * np.sign(distance[neighbors] - distance[:, None]).astype(int)
            oriented = ProfileChain((), neighbors, np.where(is_open & (uphill != 0), uphill, direction))
            masses.append(1 / intervals.hitting_times(oriented, target, box.epsilon)[1])
    return np.array(masses, object).reshape(2, -1)


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
    for_all=(OPEN_EDGES,),
    solve=exact_intervals_flat,
    claim=Identity(lambda box, ends: Sides(lhs=ends, rhs=brute_force(box))),
    saboteurs=(
        saboteur("edges at the profile itself stay", patch=AT_THE_TARGET),
        saboteur("time to hit, not to return", patch=(intervals.hitting_times, "1 + (rates", "(rates")),
        # it is right where no edge is open
        saboteur(
            "the first orientation is kept", patch=(intervals.extreme_return_time, "if not turn.any():", "if True:")
        ),
        saboteur("oriented by distance in the graph", solve=by_graph_distance, instances=THREE_BY_THREE),
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
    for_all=(OPEN_EDGES,),
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


def kuhn_box(n_matches: int = 2000, delta: float = 0.1) -> Box:
    """Make intervals from sampled matches of three-player Kuhn poker, around exact payoffs of fictitious play."""
    game, policies = load_kuhn(3, iterations=1), kuhn_policies(3, iterations=1)
    rng = np.random.default_rng(0)
    means = np.empty(game.payoffs.shape)
    for profile in np.ndindex(game.sizes):
        means[(slice(None), *profile)] = sample_matches(policies, profile, n_matches, rng=rng).mean(0)
    radius = 6 * theory.hoeffding_radius(n_matches, delta=delta, n_means=means.size, anytime=False)  # -2 to 4 chips
    return Box(game.payoffs, means - radius, means + radius, 0.125)


def at_a_point(payoffs: list) -> Box:
    """Make a box of known payoffs, without width; edges that are ties stay open."""
    known = np.array(payoffs)
    return Box(known, known, known, 0.125)


BOXES = Family(
    "boxes",
    always=lambda: (
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        Box(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]), 0.25),  # nothing is open
        at_a_point([[[0.0, 0.0], [0.25, 0.0]], [[0.25, 0.0], [0.0, 0.0]]]),
        kuhn_box(),
    ),
    draw=draw_box,
)


MISSED_BOXES = Family(
    "missed-boxes",
    always=(Box(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]), 0.25),),
)


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
    for_all=(TRUE_EDGES,),
    solve=exact_intervals,
    claim=Inequality(contained),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the middle of the box alone", solve=midpoints),
        saboteur("payoffs outside", breaks="payoffs in the box", instances=MISSED_BOXES),
        saboteur("edges at the profile itself stay", patch=AT_THE_TARGET),
        saboteur("time to hit, not to return", patch=(intervals.hitting_times, "1 + (rates", "(rates")),
    ),
    notes="One box holds the payoffs of three-player Kuhn poker as 2000 sampled matches a profile show them.",
)
