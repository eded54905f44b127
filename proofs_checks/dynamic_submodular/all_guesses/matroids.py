"""Limits for each group of elements: the swap rule, and the bound that it proves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.dynamic_submodular import DynamicSubmodular, PartitionMatroid
from proofs_checks.dynamic_submodular.families.all_functions import WORDS, every_stream
from proofs_checks.dynamic_submodular.families.functions import members
from proofs_checks.dynamic_submodular.families.partitions import Grouped
from proofs_checks.dynamic_submodular.families.runs import DECIDED, WRONG, Answers, answers_of, spoiled, worth_of
from proofs_checks.dynamic_submodular.families.streams import EQUAL, HIDDEN, HYPOTHESES, Updates, draw_updates, modular
from proofs_checks.dynamic_submodular.families.wrong_runs import spread, without_deletions


def grouped_answers(grouped: Grouped, rng: np.random.Generator, more: int = 0) -> Answers:
    """Return solution, value and bound after every update, with limits raised by `more`."""
    matroid = PartitionMatroid(grouped.groups, grouped.limits + more)
    updates = grouped.updates
    solver = DynamicSubmodular(updates.function.objective(), matroid, epsilon=updates.epsilon, rng=rng)
    return answers_of(solver, updates.ops, int(matroid.rank))


def draw_grouped(draws: Draws) -> Grouped:
    """Draw two groups, of each of which one or two elements may be chosen."""
    updates = draw_updates(draws)
    groups = draws.integers(0, 1, shape=updates.function.n)
    return Grouped(replace(updates, epsilon=0.25), groups, draws.integers(1, 2, shape=2))


def one_of_each(updates: Updates) -> Grouped:
    """Put the first two of three elements in one group and the third in another, of which one each may be chosen."""
    return Grouped(updates, np.array([0, 0, 1]), np.array([1, 1]))


#: with epsilon = 1 the weights 1 and 2 are all picks that a sequence can have, and more elements of weight 2 follow
LONGEST = Grouped(
    Updates(modular([1.0] + [2.0] * 5), np.array([*range(6), ~1, 1]), 1, 1.0), np.zeros(6, dtype=int), np.array([1])
)

#: one group sees weights that grow by a half, each just less than twice what is held
GROWING = Grouped(
    Updates(modular([4.0, 6.0, 9.0, 13.0, 19.0, 28.0]), np.array([0, 1, 2, 3, 4, 5, ~5, ~4]), 1, 0.25),
    np.zeros(6, dtype=int),
    np.array([1]),
)

GROUPED = Family(
    "grouped",
    always=(
        Grouped(EQUAL, np.array([0, 0, 1, 1]), np.array([1, 1])),
        Grouped(HIDDEN, np.array([0, 1, 1, 0]), np.array([1, 1])),
        GROWING,
        LONGEST,
    ),
    draw=draw_grouped,
)


def grouped_without_deletions(grouped: Grouped, rng: np.random.Generator) -> Answers:
    """Answer under a matroid as if no element were ever deleted."""
    stays = replace(grouped, updates=without_deletions(grouped.updates))
    return spread(grouped.updates, grouped_answers(stays, rng))


def one_place_more(grouped: Grouped, rng: np.random.Generator) -> Answers:
    """Answer for limits that are larger by one."""
    return grouped_answers(grouped, rng, more=1)


def independent(grouped: Grouped, solutions: np.ndarray) -> np.ndarray:
    """Return whether each solution keeps to the limits, bool (T,)."""
    groups, limits = (np.asarray(one, dtype=np.int64) for one in (grouped.groups, grouped.limits))
    counts = [
        np.bincount(groups[np.asarray(row)[np.asarray(row) >= 0].astype(int)], minlength=len(limits))
        for row in solutions
    ]
    return np.array([(count <= limits).all() for count in counts])


def grouped_optima(grouped: Grouped) -> np.ndarray:
    """Return the value of the best independent set of present elements after each update, by enumeration."""
    function, groups = grouped.updates.function, np.asarray(grouped.groups, dtype=np.int64)
    masks = np.arange(1 << function.n)
    inside = members(masks, function.n)
    counts = np.stack([inside[:, groups == g].sum(1) for g in range(len(grouped.limits))], axis=1)
    independent = masks[(counts <= np.asarray(grouped.limits)).all(1)]
    alive = grouped.updates.present @ (1 << np.arange(function.n))
    return np.array([function.values[independent[(independent & ~a) == 0]].max() for a in alive])


@formula(epsilon="[0, 1]")
def matroid_ratio(epsilon: Number) -> Number:
    """The share of U that the solution has at least; the 4 is that of the swap rule.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement), and the guess o of the largest value w of one
    element is in [w, (1 + epsilon) w) (`structures.guesses`).

    Proof: The weight of a pick is its marginal on the picks before it. Let I be all picks, S those that are kept, W the
    sum of the weights of S, and k the rank.

    (1) f(S) >= W by statement DS-T7. A pick that is swapped out weighs at most half of the pick that replaces it, so
    all picks that a kept one has replaced, directly or in turn, weigh together at most as much as the kept one: f(I) <=
    2 W.

    (2) The bar of a full group is twice the least weight that it keeps, so its limit times its bar is at most twice the
    weights that it keeps. The bar of any other group is the threshold t = epsilon o / ((1 + epsilon) k) < epsilon w /
    k, and the limits of these groups sum to at most k. By `theory.group_bound` OPT <= U = f(I) + sum_g limits_g bars_g
    <= 2 W + 2 W + epsilon w.

    (3) The best single element has w <= f(I) + bar_g for its group g. If g is full, w <= 2 W + 2 W. If it is not, w <=
    2 W + epsilon w / k with k >= 2, since under a limit of one element in all an empty group would have taken it.
    Either way w <= 4 W.

    Together OPT <= U <= (4 + 4 epsilon) W <= (4 + 4 epsilon) f(S).

    References
    ----------
    .. [1] A. Chakrabarti, S. Kale, Submodular Maximization Meets Streaming, Mathematical Programming 154, 2015.
    """
    return 1 / (4 + 4 * epsilon)


def quarter(grouped: Grouped, found: Answers, share=None) -> Sides:
    """Compare a share of the bound with f of the solution, and the best independent set with the bound."""
    updates = grouped.updates
    ratio = matroid_ratio(updates.epsilon) if share is None else share
    # the size alone does not say that a solution is admissible, so the groups are counted first
    fits = independent(grouped, found.solutions)
    pairs = zip(found.solutions, found.values, updates.present, fits, strict=True)
    rank = int(np.sum(grouped.limits))
    values = [worth_of(updates.function, row, there, rank, one) if fit else WRONG for row, one, there, fit in pairs]
    lhs = np.r_[ratio * found.upper_bounds, grouped_optima(grouped)]
    return Sides(lhs, np.r_[np.array(values), found.upper_bounds], least=0, rounding=spoiled(updates.function))


DS_T16 = Statement(
    id="dynamic_submodular/DS-T16",
    title="Under a partition matroid the swap rule is worth a quarter",
    says="Under a partition matroid the solution S of the swap rule is worth at least U/(4 + 4 epsilon), where U is "
    "the bound that it proves, at least the best value OPT of an admissible set of present elements, and guesses "
    "have ratio 1 + epsilon.",
    source=Derived(matroid_ratio),
    tex=r"f(S) \ge U/(4 + 4 \epsilon),\quad U \ge \mathrm{OPT}",
    hypotheses={name: (lambda grouped, holds=holds: holds(grouped.updates)) for name, holds in HYPOTHESES.items()},
    instances=GROUPED,
    for_all=(
        All(
            f"pairs of a stream of four {WORDS}; one of the first two elements may be chosen, and the third",
            lambda: map(one_of_each, every_stream()),
            members=324,
        ),
    ),
    solve=grouped_answers,
    claim=Inequality(quarter),
    decisions=DECIDED,
    may_vary={"solutions": "an answer is a set, and places without an item are no part of it"},
    saboteurs=(
        saboteur("nothing is deleted", solve=grouped_without_deletions),
        saboteur("nine tenths", claim=Inequality(partial(quarter, share=Fraction(9, 10)))),
        saboteur("one place more in every group", solve=one_place_more),
    ),
    notes="The published ratio for matroids is 1/(4 + O(epsilon)), arXiv 2306.00959, of which the abstract was read.",
)
