"""One guess with one sample per level: the value after every update, the pools, and the law of the samples."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Law, Paper, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import run_guess, theory
from lrtheory.dynamic_submodular.structures import levels
from proofs_checks.dynamic_submodular import wrong_solvers
from proofs_checks.dynamic_submodular.families.functions import is_monotone, is_submodular, value_of
from proofs_checks.dynamic_submodular.families.laws import FIXED, HIDDEN_PAIRS, Fixed, law_of
from proofs_checks.dynamic_submodular.families.objectives import OBJECTIVES, Probed, all_gains
from proofs_checks.dynamic_submodular.families.runs import (
    WRONG,
    Held,
    Pooled,
    chosen,
    followed,
    pooled,
    spoiled,
    worth,
)
from proofs_checks.dynamic_submodular.families.streams import (
    EXACT_STREAMS,
    HYPOTHESES,
    NOT_MONOTONE,
    STREAMS,
    SUPERMODULAR,
    Updates,
)

SODA = "2306.00959"


def is_full(sequence: np.ndarray) -> np.ndarray:
    """Return whether the sequence has k members, after each update."""
    return (sequence >= 0).all(1)


def worth_half(updates: Updates, found: Held, factor: Fraction = Fraction(1)) -> Sides:
    """Compare the least value of a full, or an open, guess with the value of its members, after every update."""
    bounds = [
        theory.level_value(updates.guess, best, is_full=bool(one))
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
    solve=followed,
    claim=Inequality(worth_half),
    decisions=("members",),
    saboteurs=(
        saboteur("t = o/k", solve=wrong_solvers.double_threshold),
        saboteur("nothing is built below a replacement", patch=wrong_solvers.NOTHING_BELOW),
        # subtle: one element of a pool, which matters only if it is needed later on
        saboteur("the last element of a pool is lost", patch=wrong_solvers.LOSES_ONE),
        saboteur("deletions are forgotten", solve=wrong_solvers.forgets_deletions),
        saboteur("more by a quarter", claim=Inequality(partial(worth_half, factor=Fraction(5, 4)))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
        saboteur("one element spoils the others", breaks="monotone", instances=NOT_MONOTONE),
    ),
    notes="Whoever chooses the updates. Elements with f(v) below t are not in the guess.",
)


# --- the structure ---------------------------------------------------------------------------------------------------


def gain(function, v: int, chosen) -> Fraction | float:
    """Return f(v | S) by the table of all values."""
    return value_of(function, [*chosen, v]) - value_of(function, chosen)


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
    solve=pooled,
    claim=Identity(built),
    decisions=("members",),
    saboteurs=(
        saboteur("nothing is built below a replacement", patch=wrong_solvers.NOTHING_BELOW),
        saboteur("the last element of a pool is lost", patch=wrong_solvers.LOSES_ONE),
        saboteur(
            "above the threshold, not at it",
            patch=(levels.depth, "passes(gains[first], bars[first])", "gains[first] > bars[first]"),
        ),
        saboteur("t = o/k", solve=partial(wrong_solvers.double_threshold, solve=pooled)),
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
    solve=followed,
    claim=Identity(accepted),
    decisions=("members",),
    saboteurs=(
        saboteur("the last element of a pool is lost", patch=wrong_solvers.LOSES_ONE),
        saboteur("t = o/k", solve=wrong_solvers.double_threshold),
    ),
)


def gains(probed: Probed, found: np.ndarray) -> Sides:
    """Compare f(v | S) of the objective with the table, for all S and v."""
    f, n = probed.function.values, probed.function.n
    masks = np.arange(1 << n)
    wanted = np.stack([f[masks | 1 << v] - f for v in range(n)], axis=1)
    allowed = spoiled(probed.function)
    return Sides(np.asarray(found).ravel(), wanted.ravel(), rounding=allowed)


DS_P2 = Statement(
    id="dynamic_submodular/DS-P2",
    title="Marginals of the objectives are those of the definition",
    says="The marginal f(v|S) that an objective reports for an element v on a set S is the value f of S with v less "
    "the value of S.",
    source=Derived(theory.live_value),
    tex=r"f(v|S) = f(S + v) - f(S)",
    hypotheses={
        "monotone": lambda probed: is_monotone(probed.function),
        "submodular": lambda probed: is_submodular(probed.function),
    },
    instances=OBJECTIVES,
    solve=all_gains,
    claim=Identity(gains),
    saboteurs=(
        saboteur("marginals of the empty set", solve=wrong_solvers.gains_of_nothing),
        saboteur("one element late", solve=wrong_solvers.gains_late),
    ),
)


# --- the law of the samples ------------------------------------------------------------------------------------------


def sequences(fixed: Fixed, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the members of n runs with fresh coins over one stream, (n, k)."""
    updates = fixed.updates
    return run_guess(
        updates.function.objective(), updates.ops, updates.k, guess=updates.guess, n_runs=n, rng=rng
    ).members


def which(fixed: Fixed, members: np.ndarray) -> np.ndarray:
    """Return the index of each sequence in the enumerated law; one index more is for sequences outside of it."""
    numbers = {key: number for number, key in enumerate(law_of(fixed))}
    keys = [tuple(int(v) for v in row if v >= 0) for row in members]
    return np.array([numbers.get(key, len(numbers)) for key in keys])


DS_T4 = Statement(
    id="dynamic_submodular/DS-T4",
    title="After any fixed stream the samples have the law of a fresh build",
    says="After any stream that is fixed in advance, e_i is uniformly random in its pool R_i, given e_1, ..., "
    "e_{i-1} and that the sequence has T >= i elements. So the sequence has the law of one that is built afresh from "
    "the present elements.",
    source=Derived(theory.build_law),
    tex=r"e_i \sim \mathrm{Uniform}(R_i) \text{ given } T \ge i, e_1, \dots, e_{i-1}",
    hypotheses={name: (lambda fixed, holds=holds: holds(fixed.updates)) for name, holds in HYPOTHESES.items()},
    instances=FIXED,
    solve=sequences,
    # the last category, sequences that the law excludes, has probability 0
    claim=Law(
        category=which,
        probabilities=lambda fixed: np.array([*(float(p) for p in law_of(fixed).values()), 0.0]),
        within=0.06,
    ),
    decisions=("outcome",),
    saboteurs=(
        # the coin of a pool without the new element: a new element is chosen a little too often
        saboteur(
            "coin 1/(|R| - 1)",
            patch=(levels.insert, "(state.levels[SIZE, level] + 1)", "max(1, state.levels[SIZE, level])"),
        ),
        saboteur("never replaced", patch=(levels.insert, "coin = 1.0 / (state.levels[SIZE, level] + 1)", "coin = 0.0")),
        # subtle: right for all sequences of at most two elements
        saboteur(
            "never replaced from the third level on",
            patch=(
                levels.insert,
                "coin = 1.0 / (state.levels[SIZE, level] + 1)",
                "coin = 1.0 / (state.levels[SIZE, level] + 1) if level < 3 else 0.0",
            ),
        ),
        saboteur(
            "in the order of the pool",
            patch=(levels.settle, "b = a + randomness.below(numbers, n - a)", "b = a"),
            instances=HIDDEN_PAIRS,
        ),
        saboteur(
            "the newest is promoted", patch=(levels.settle, "b = a + randomness.below(numbers, n - a)", "b = n - 1")
        ),
    ),
    notes="Values do not see any of these.",
)
