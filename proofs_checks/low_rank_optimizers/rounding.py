"""Rounding as the null model of sparse updates: RN-1, RN-2, RN-3, RN-4, RN-6."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Expectation, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.rounding import compare_checkpoints as comparing
from lrtheory.low_rank_optimizers.theory.rounding import HalfGaps, crossed
from proofs_checks.low_rank_optimizers.families.roundings import (
    ALL_NORMAL,
    CORRELATED,
    GRADIENTS,
    KEPT_APART,
    MOVES,
    STORED,
    TABLES,
    Binades,
    Gradients,
    Moves,
    Stored,
    Table,
    are_decays,
    are_independent,
    are_moves,
    are_normal,
    counted,
    is_normal,
    is_stored,
    is_table,
    magnitudes,
    masks,
    moved_by_adam,
    stepped,
    steps_of,
    trained,
    value_of,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import roundings as wrong


def exact_gaps(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return the half gaps of the library."""
    return theory.half_gaps(values, dtype=dtype)


def without_edge(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return half gaps that are alike on both sides."""
    gaps = exact_gaps(values, dtype)
    return gaps._replace(inward=gaps.outward)


def popular(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return a share of the weight, 1/256 in bfloat16."""
    limit = np.abs(values) / (256 if dtype == "bfloat16" else 2048)
    return HalfGaps(limit, limit, np.zeros(values.shape, bool))


def returns(case: Binades, found: np.ndarray, gaps: Any = exact_gaps) -> Sides:
    """Compare codes after a step with those of the weight, or of the neighbor on the side of a longer step."""
    c = magnitudes(case)
    inward, outward, even = (np.asarray(part)[:, None] for part in gaps(value_of(c, case.dtype), case.dtype))
    steps = np.abs(steps_of(case))
    limit = np.concatenate([np.repeat(inward, 3, axis=1), np.repeat(outward, 3, axis=1)], axis=1)
    stays = (steps < limit) | ((steps == limit) & even)
    neighbor = np.array([-1, -1, -1, 1, 1, 1])
    return Sides(found, c[:, None] + np.where(stays, 0, neighbor) + 0x8000 * case.sign)


RN_1 = Statement(
    id="low_rank_optimizers/RN-1",
    title="Sixteen bits absorb steps up to half of a gap",
    says=(
        "A normal number w of bfloat16 or half precision plus a step d, rounded to the nearest number with ties to "
        "even, is w exactly where d is below half of the gap on its side, or equal to it and the last bit of w is 0. "
        "The half gap is ulp(w)/2, and ulp(w)/4 towards 0 where w is a power of two. A step just above it gives the "
        "neighbor on its side."
    ),
    source=Derived(theory.half_gaps),
    tex=r"\mathrm{rd}(w + d) = w \iff -h_- \le^* d \le^* h_+,\quad h_\pm \in \{\mathrm{ulp}/2, \mathrm{ulp}/4\}",
    hypotheses={"normal numbers with finite neighbors": is_normal},
    instances=ALL_NORMAL,
    solve=stepped,
    claim=Identity(returns),
    saboteurs=(
        saboteur("|w|/256 for half of the gap", claim=Identity(partial(returns, gaps=popular))),
        saboteur("both half gaps alike", claim=Identity(partial(returns, gaps=without_edge))),
        saboteur("ties away from 0", solve=wrong.ties_away),
        saboteur("rounded to single precision first", solve=wrong.twice),
    ),
    notes=(
        "In bfloat16 a step below |w|/512 is always absorbed, one above |w|/256 never, and between them the place "
        "decides."
    ),
)


def of_adam(case: Gradients) -> np.ndarray:
    """Return the updates (T, n) of Adam with step size 1, by its definition."""
    T = len(case.gradients)
    ages = np.arange(T)[:, None] - np.arange(T)
    seen = ages >= 0
    found = []
    for beta, g in ((case.beta1, case.gradients), (case.beta2, case.gradients**2)):
        shares = np.where(seen, (1 - beta) * beta ** np.maximum(ages, 0.0), 0.0)
        found.append(shares @ g / (1 - beta ** np.arange(1.0, T + 1))[:, None])
    mean, square = found
    return np.asarray(-mean / np.sqrt(np.where(square > 0, square, 1.0)))


def bounds_of(case: Gradients) -> np.ndarray:
    """Return the bound of each step, (T, 1)."""
    steps = range(1, len(case.gradients) + 1)
    return np.array([[theory.adam_step_bound(case.beta1, case.beta2, step=t)] for t in steps])


def paper_bounds(case: Gradients) -> np.ndarray:
    """Return the bound of the paper on Adam."""
    most = max(1.0, (1 - case.beta1) / (1 - case.beta2) ** 0.5)
    return np.full((len(case.gradients), 1), most)


def plain_bounds(case: Gradients) -> np.ndarray:
    """Return the root of the quotient of both shares."""
    return np.full((len(case.gradients), 1), ((1 - case.beta1) / (1 - case.beta2)) ** 0.5)


def short_steps(case: Gradients, found: dict[str, np.ndarray], bounds: Any = bounds_of) -> Sides:
    """Bound each entry of each update, once the updates are those of Adam."""
    updates, due = found["updates"], of_adam(case)
    most = bounds(case) + 0 * due
    # both moments are sums of T products, and no sum of absolute terms of the first is longer than the bound
    error = rounding(8 * len(due) + 40, bounds_of(case)) + 0 * due
    sides = [(np.abs(updates), most), (updates - due, 0 * due), (due - updates, 0 * due)]
    lhs, rhs = (np.concatenate([one[place].ravel() for one in sides]) for place in (0, 1))
    return Sides(lhs, rhs, rounding=np.tile(error.ravel(), 3))


RN_2 = Statement(
    id="low_rank_optimizers/RN-2",
    title="Adam's longest step is known at every time",
    says=(
        "With step size 1 and nothing added to the root, no entry of the t-th step of Adam is longer than C_t = (1 - "
        "b1)/sqrt(1 - b2) sqrt(sum of (b1^2/b2)^i for i < t) sqrt(1 - b2^t)/(1 - b1^t), whatever the gradients are. "
        "Gradients (b1/b2)^(t-i) attain it."
    ),
    source=Derived(theory.adam_step_bound),
    tex=(
        r"\frac{|\hat m_t|}{\sqrt{\hat v_t}} \le \frac{1-b_1}{\sqrt{1-b_2}}"
        r"\Big(\sum_{i<t}\frac{b_1^{2i}}{b_2^i}\Big)^{1/2}\frac{\sqrt{1-b_2^t}}{1-b_1^t}"
    ),
    hypotheses={"decays of Adam, and gradients whose squares are finite": are_decays},
    instances=GRADIENTS,
    solve=moved_by_adam,
    claim=Inequality(short_steps, unbounded="a step of another optimizer may have any length"),
    decisions=("updates",),
    saboteurs=(
        saboteur(
            "as recalled from the paper on Adam: the larger of 1 and (1 - b1)/sqrt(1 - b2)",
            printed=True,
            claim=Inequality(partial(short_steps, bounds=paper_bounds), unbounded="any step of another optimizer"),
        ),
        saboteur(
            "sqrt((1 - b1)/(1 - b2)) for all decays",
            claim=Inequality(partial(short_steps, bounds=plain_bounds), unbounded="any step of another optimizer"),
        ),
        saboteur("the second moment is not corrected", solve=wrong.uncorrected),
    ),
    notes="The limits are 7.27 for decays (0.9, 0.999), 2.35 for (0.9, 0.99), and 1.17 for (0.9, 0.95).",
)


def stays(case: Stored, found: np.ndarray, share: int = 1) -> Sides:
    """Bound by 0 the changes of weights that are large for the steps; others may change."""
    C = np.array([[theory.adam_step_bound(case.beta1, case.beta2, step=t + 1)] for t in range(len(case.gradients))])
    limit = theory.absorbing_weight(case.step_size) / share * C
    small = np.abs(value_of(found[:-1])) < limit
    elsewhere = found[0] != case.codes  # a run that begins elsewhere is none of this instance
    moved = np.append(elsewhere, found[1:] != found[:-1]).astype(int)
    return Sides(moved, np.append(0 * elsewhere, small).astype(int), trivial=1)


RN_3 = Statement(
    id="low_rank_optimizers/RN-3",
    title="Weights above 512 of Adam's longest steps do not move in bfloat16",
    says=(
        "Weights are kept in bfloat16, rounded to the nearest number after each step of AdamW without decay. At step t "
        "no normal weight of an absolute value of at least 512 C_t times the step size changes, with C_t of RN-2."
    ),
    source=Derived(theory.absorbing_weight),
    tex=r"|w| \ge 512\, C_t\, \eta \Rightarrow \mathrm{rd}(w + d_t) = w",
    hypotheses={"normal weights, and options of Adam": are_normal, "stored in bfloat16": is_stored},
    instances=STORED,
    solve=trained,
    claim=Inequality(stays),
    decisions=("outcome",),
    saboteurs=(
        saboteur("256 for 512", claim=Inequality(partial(stays, share=2))),
        saboteur("a copy in single precision is kept", breaks="stored in bfloat16", instances=KEPT_APART),
        saboteur("rounded at random", solve=wrong.stochastic),
    ),
)


def both_change(case: Table, found: np.ndarray) -> np.ndarray:
    """Return the share of weights that both runs change, for each pair of runs."""
    return np.asarray((found[:, 0] & found[:, 1]).mean(axis=1))


def mean_square(case: Table) -> float:
    """Return the mean of q^2."""
    q = np.asarray(theory.change_probability(value_of(case.codes), case.step_std))
    return float(theory.random_overlap(q)) * float(theory.random_density(q))


def even_spread(case: Table) -> float:
    """Return what the mean would be if changes hit all weights alike."""
    q = np.asarray(theory.change_probability(value_of(case.codes), case.step_std))
    return float(theory.random_density(q)) ** 2


def alike_on_both_sides(case: Table) -> float:
    """Return the mean of q^2 without the shorter gap below a power of two."""
    outward = np.asarray(theory.half_gaps(value_of(case.codes)).outward)
    return float((crossed(outward, outward, case.step_std) ** 2).mean())


def overlap_is(share: Any) -> Expectation:
    """Make the claim that the mean share of weights that both runs change is a formula."""
    return Expectation(sample=both_change, equals=share, within=lambda case: 0.02, support=lambda case: (0.0, 1.0))


RN_4 = Statement(
    id="low_rank_optimizers/RN-4",
    title="Two runs without a signal overlap at least as by chance",
    says=(
        "Two runs add independent normal steps to the same weights in bfloat16 and round. The expected share of "
        "weights that both change is the mean of q(w)^2, with the probability q(w) that a step crosses half of the gap "
        "on its side. So a changed weight changes in the other run too with mean q^2 / mean q, which is at least mean "
        "q, the share by chance, and equal to it where q is the same for all."
    ),
    source=Derived(theory.random_overlap),
    tex=r"\mathbb E|I_1 \cap I_2| = \sum_w q(w)^2,\quad \frac{\sum q^2}{\sum q} \ge \frac1N\sum q",
    hypotheses={"finite weights and a deviation": is_table, "independent steps": are_independent},
    instances=TABLES,
    solve=masks,
    claim=overlap_is(mean_square),
    saboteurs=(
        saboteur("the hypergeometric overlap", claim=overlap_is(even_spread)),
        saboteur("both half gaps alike", claim=overlap_is(alike_on_both_sides)),
        saboteur("both runs take the same steps", solve=wrong.same_steps),
        saboteur("rounded at random", solve=wrong.drawn_at_random),
        saboteur("steps with a common part", breaks="independent steps", instances=CORRELATED),
    ),
)


def counts(case: Moves, found: dict[str, int], gaps: Any = exact_gaps) -> Sides:
    """Compare what is counted with the gaps on the side of each move."""
    inward, outward, _ = gaps(value_of(case.codes), "bfloat16")
    gap = 2 * np.where(case.moves < 0, inward, outward)
    moved = case.moves != 0
    due = [int(moved.sum()), int((moved & (gap > case.atol)).sum()), int(moved.sum())]
    return Sides(np.array([found[name] for name in ("changed", "beyond", "one_ulp")]), np.array(due))


RN_6 = Statement(
    id="low_rank_optimizers/RN-6",
    title="A tolerance hides the smallest changes",
    says=(
        "A change of a normal weight in bfloat16 to the next number has the size ulp(w), and half of it from a power "
        "of two towards 0. It counts as a change with a tolerance exactly where that size is above the tolerance: with "
        "1e-5 none of a weight below 2^-9 does."
    ),
    source=Derived(theory.half_gaps),
    tex=r"|w' - w| \in \{\mathrm{ulp}(w), \mathrm{ulp}(w)/2\}",
    hypotheses={"normal weights that move by at most one number": are_moves},
    instances=MOVES,
    solve=counted,
    claim=Identity(counts),
    saboteurs=(
        saboteur("always at least ulp(w)", claim=Identity(partial(counts, gaps=without_edge))),
        saboteur("changes of exactly the tolerance", solve=wrong.not_below),
        saboteur(
            "counted in numbers of single precision",
            patch=(comparing._common_type, 'return "BF16"', 'return "F32"'),
        ),
    ),
)
