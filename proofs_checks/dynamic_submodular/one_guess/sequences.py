"""The sequence of one guess: its value, its pools, and the one pass that takes the same elements."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Coins, Family, Identity, Inequality, Number, Paper, Sides, Statement, formula, saboteur
from lrtheory.bounds.sets import Walk
from lrtheory.dynamic_submodular.structures import levels
from proofs_checks.dynamic_submodular.families.all_functions import LONG_STREAMS, all_streams
from proofs_checks.dynamic_submodular.families.functions import gain
from proofs_checks.dynamic_submodular.families.laws import (
    BY_NAMES,
    OF_FUNCTIONS,
    short_streams,
    walk_of,
    walk_of_members,
)
from proofs_checks.dynamic_submodular.families.runs import (
    WRONG,
    Held,
    Pooled,
    chosen,
    followed,
    is_full,
    pooled,
    spoiled,
    worth,
)
from proofs_checks.dynamic_submodular.families.streams import (
    ALWAYS,
    HYPOTHESES,
    STREAMS,
    SUPERMODULAR,
    Updates,
    draw_updates,
    nearby,
    spoilsport,
)
from proofs_checks.dynamic_submodular.families.wrong_runs import double_threshold, forgets_deletions

#: everybody comes, then each goes and returns many times
RETURNS = np.r_[np.arange(7), np.tile(np.ravel([[~v, v] for v in range(7)]), 12)]
NOT_MONOTONE = Family("not-monotone", always=(Updates(spoilsport(), RETURNS, 6, 0.25, 6.0),))

#: a new e_i leaves the levels below it as they were
NOTHING_BELOW = (
    levels.insert,
    "rebuild(record, state, work, level, v, work.gains[level - 1])",
    "state.levels[MEMBER, level] = v; state.levels[SIZE, level] += 1; states.link(state, v, level)",
)

#: one element is missing in what is built again
LOSES_ONE = (
    levels.rebuild,
    "n = states.gather(state, level, numbers[LENGTH], work.integers)",
    "n = max(0, states.gather(state, level, numbers[LENGTH], work.integers) - 1)",
)

SODA = "2306.00959"


@formula(o="[0, inf)", OPT="[0, inf)")
def level_value(o: Number, OPT: Number, is_full: bool) -> Number:
    """The least value of the sequence of a guess o, a negative one of which says nothing.

    It is full, T = k, or open, as `is_full` says.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement). Nothing is assumed of the updates: whoever
    chooses them may know all coins.

    Proof: Every e_i had a marginal of at least t = o / (2k) when it was chosen, so T = k gives f(I) >= k t = o / 2. If
    T < k, every other element v left the pools at some prefix I_i with f(v | I_i) < t (elements with f(v) < t at the
    empty one), and f(v | I) <= f(v | I_i). So for an optimal set O, OPT <= f(I + O) <= f(I) + sum_{v in O - I} f(v | I)
    <= f(I) + k t.
    """
    return o / 2 if is_full else OPT - o / 2


def worth_half(updates: Updates, found: Held, factor: Fraction = Fraction(1)) -> Sides:
    """Compare the least value of a full, or an open, guess with the value of its members, after every update."""
    bounds = [
        level_value(updates.guess, best, bool(one))
        for best, one in zip(updates.optima, is_full(found.members), strict=True)
    ]
    lhs = np.array(bounds) if factor == 1 else factor * np.array(bounds)  # doubles times a Fraction would be objects
    values = worth(updates, found.members, found.values)
    return Sides(lhs[:, None], values[:, None], least=0, rounding=spoiled(updates.function))


DS_T1 = Statement(
    id="dynamic_submodular/DS-T1",
    title="A full sequence is worth half of its guess, an open one the optimum less half of the guess",
    says="After every update, the sequence I_T of T elements kept for a guess o is worth at least o/2 if T = k, and "
    "at least OPT - o/2 if T < k, where OPT is the best value f of at most k present elements.",
    source=Paper(SODA, "value of the maintained sequence", read="secondary"),
    tex=r"T = k \Rightarrow f(I_T) \ge o/2,\quad T < k \Rightarrow f(I_T) \ge \mathrm{OPT} - o/2",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    for_all=(all_streams(), LONG_STREAMS),
    solve=followed,
    claim=Inequality(worth_half),
    decisions=("members",),
    saboteurs=(
        saboteur("t = o/k", solve=double_threshold),
        saboteur("nothing is built below a replacement", patch=NOTHING_BELOW),
        # subtle: one element of a pool, which matters only if it is needed later on
        saboteur("the last element of a pool is lost", patch=LOSES_ONE),
        saboteur("deletions are forgotten", solve=forgets_deletions),
        saboteur("more by a quarter", claim=Inequality(partial(worth_half, factor=Fraction(5, 4)))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
        saboteur("one element spoils the others", breaks="monotone", instances=NOT_MONOTONE),
    ),
    notes="Whoever chooses the updates. Elements with f(v) below t are not in the guess.",
)


EXACT_STREAMS = Family(
    "exact-streams", always=ALWAYS, draw=lambda draws: draw_updates(draws, ("coverage", "facility")), climb=nearby
)


def pools_of(updates: Updates, t: int, members: list[int]) -> np.ndarray:
    """Return R_1, ..., R_k by their definition from the sequence after update t, and R_{k+1}, which is empty."""
    n, threshold = updates.function.n, updates.threshold
    pools = np.zeros((updates.k + 1, n), dtype=bool)
    pool = np.flatnonzero(updates.present[t]).tolist()
    for i in range(updates.k):
        before = members[:i]
        if i > len(members):  # R_{T+1} is the last pool that the sequence defines; later ones stay empty
            break
        pool = [v for v in pool if v not in before and gain(updates.function, v, before) >= threshold]
        pools[i, pool] = True
    return pools


def built(updates: Updates, found: Pooled) -> Sides:
    """Compare after every update the pools with their definition, e_i in R_i with 1, and the value with the table."""
    values = worth(updates, found.members, found.values)
    if (values == WRONG).any():  # no admissible sequence: sides that differ
        return Sides(values, np.abs(values))
    lhs, rhs = [*found.values], [*values]
    for t, row in enumerate(found.members):
        members = chosen(row)
        lhs.extend([*found.pools[t].ravel().astype(int), *(int(found.pools[t, i, v]) for i, v in enumerate(members))])
        rhs.extend([*pools_of(updates, t, members).ravel().astype(int), *[1] * len(members)])
    return Sides(np.array(lhs), np.array(rhs))


def with_all_coins(walk: Callable[[Updates], Walk]) -> Coins:
    """Return the set of all streams of four updates, with all coins of each."""
    return Coins(f"pairs of a stream of four {OF_FUNCTIONS}, {BY_NAMES}", partial(short_streams, 4), 150, walk=walk)


DS_P1 = Statement(
    id="dynamic_submodular/DS-P1",
    title="The pools are what they are defined to be",
    says="For i < k the pool R_{i+1} holds exactly the v of R_i other than e_i whose marginal f(v|I_i) on the prefix "
    "I_i = e_1, ..., e_i reaches the threshold t. Each e_i lies in its pool R_i, and the pool R_{T+1} after the last "
    "element e_T is empty.",
    source=Paper(SODA, "invariants of the levels", read="secondary"),
    tex=r"R_{i+1} = \{v \in R_i: v \ne e_i,\ f(v|I_i) \ge t\},\quad e_i \in R_i,\quad R_{T+1} = \emptyset",
    hypotheses=HYPOTHESES,
    instances=EXACT_STREAMS,
    for_all=(all_streams(), with_all_coins(partial(walk_of, history=True)), LONG_STREAMS),
    solve=pooled,
    claim=Identity(built),
    decisions=("members",),
    saboteurs=(
        saboteur("nothing is built below a replacement", patch=NOTHING_BELOW),
        saboteur("the last element of a pool is lost", patch=LOSES_ONE),
        saboteur(
            "above the threshold, not at it",
            patch=(levels.depth, "passes(gains[first], bars[first])", "gains[first] > bars[first]"),
        ),
        saboteur("t = o/k", solve=partial(double_threshold, solve=pooled)),
    ),
    notes="Elements at the threshold exactly are in: no bound on values sees that.",
)


def accepted(updates: Updates, found: Held) -> Sides:
    """Compare each sequence with what a fixed threshold accepts of it and then of all others, in two orders."""
    values = worth(updates, found.members, found.values)
    if (values == WRONG).any():
        return Sides(values, np.abs(values))
    rhs = []
    for row, present in zip(found.members, updates.present, strict=True):
        members = chosen(row)
        others = [v for v in np.flatnonzero(present).tolist() if v not in members]
        # any order of the others will do; two that are reverses of each other put every pair both ways round
        for stream in ([*members, *others], [*members, *reversed(others)]):
            taken: list[int] = []
            for v in stream:
                if len(taken) < updates.k and gain(updates.function, v, taken) >= updates.threshold:
                    taken.append(v)
            rhs.append([*taken, *[-1] * (updates.k - len(taken))])
    return Sides(np.repeat(found.members, 2, axis=0), np.array(rhs))


DS_T5 = Statement(
    id="dynamic_submodular/DS-T5",
    title="The sequence is what one pass with a fixed threshold accepts",
    says="SIEVE_t accepts an element while it holds fewer than k and the marginal reaches the threshold t. Fed with "
    "the sequence e_1, ..., e_T and then the other present elements in any order, it accepts exactly e_1, ..., e_T.",
    source=Paper(SODA, "equality with a streaming run", read="secondary"),
    tex=r"\mathrm{SIEVE}_t(e_1, \dots, e_T, \text{the others}) = (e_1, \dots, e_T)",
    hypotheses=HYPOTHESES,
    instances=EXACT_STREAMS,
    for_all=(all_streams(), with_all_coins(walk_of_members)),
    solve=followed,
    claim=Identity(accepted),
    decisions=("members",),
    saboteurs=(
        saboteur("the last element of a pool is lost", patch=LOSES_ONE),
        saboteur("t = o/k", solve=double_threshold),
    ),
)
