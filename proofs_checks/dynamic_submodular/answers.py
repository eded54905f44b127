"""All guesses together: the value and the certified bound after every update, and where one half is all there is."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Probability,
    Recorded,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.dynamic_submodular import guesses, theory
from proofs_checks.dynamic_submodular import mutants
from proofs_checks.dynamic_submodular.families.functions import value_of
from proofs_checks.dynamic_submodular.families.partitions import (
    GROUPED,
    Grouped,
    grouped_answers,
    grouped_optima,
    independent,
)
from proofs_checks.dynamic_submodular.families.replays import REPLAYS, Replay, Replayed, replayed
from proofs_checks.dynamic_submodular.families.runs import Answers, answered, spoiled, values_of
from proofs_checks.dynamic_submodular.families.streams import (
    BURSTS,
    HYPOTHESES,
    STREAMS,
    SUPERMODULAR,
    Updates,
)
from proofs_checks.dynamic_submodular.families.tight import TIGHT, escaped, trapped

BANIHASHEM = "2305.15192"


def shares(updates: Updates, found: Answers, share) -> Sides:
    """A share of OPT against f of the solution, that against the reported value, OPT against a bound that is finite."""
    best, true = updates.optima, values_of(updates, found.solutions)
    most = updates.k * updates.total + updates.total  # a bound of guesses: a value and half of a guess above it
    lhs = np.r_[share(updates.epsilon) * best, true, found.values, best, found.upper_bounds]
    rhs = np.r_[true, found.values, true, found.upper_bounds, np.full(len(best), 4 * most)]
    return Sides(lhs, rhs, rounding=spoiled(updates.function))


def share_of(ratio):
    """The claim that the value is at least this share of OPT."""
    return Inequality(partial(shares, share=ratio))


DS_T2 = Statement(
    id="dynamic_submodular/DS-T2",
    title="The table of guesses is worth nearly half after every update",
    source=Derived(theory.table_ratio),
    tex=r"f(S) \ge \tfrac{1-\epsilon}{2}\,\mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=partial(answered, method="eager"),
    claim=share_of(theory.table_ratio),
    saboteurs=(
        saboteur("a table of the guesses seen at the start", solve=mutants.early_table, instances=BURSTS),
        saboteur("nothing is deleted", solve=partial(mutants.deletes_nothing, method="eager")),
        saboteur("nine tenths", claim=share_of(lambda epsilon: Fraction(9, 10))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
)

DS_T10 = Statement(
    id="dynamic_submodular/DS-T10",
    title="Two neighboring guesses are worth half, and certify it",
    source=Derived(theory.pair_ratio),
    tex=r"f(S) \ge \mathrm{OPT}_t/(2 + \epsilon),\quad f(I^{j+1}) + o_{j+1}/2 \ge \mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=answered,
    claim=share_of(theory.pair_ratio),
    saboteurs=(
        saboteur(
            "an open guess without a full neighbor", patch=(guesses.decide, "if tally[J_FULL] == j - 1:", "if True:")
        ),
        saboteur(
            "deletions are not replayed", patch=(guesses.sync, "elif is_known and not is_present:", "elif False:")
        ),
        saboteur(
            "t = o/k", patch=(guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k")
        ),
        saboteur("nine tenths", claim=share_of(lambda epsilon: Fraction(9, 10))),
        saboteur("a value without a set", solve=mutants.claims_the_optimum),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
    notes="No other guess need be up to date.",
)

DS_T10_BATCHED = Statement(
    id="dynamic_submodular/DS-T10-batched",
    title="The same with batches",
    source=Derived(theory.batch_pair_ratio),
    tex=r"f(S) \ge \tfrac{1-\epsilon}{2(1+\epsilon)}\,\mathrm{OPT}_t,\quad f(G^{j+1}) + o_{j+1}/2 \ge \mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=partial(answered, method="batched"),
    claim=share_of(theory.batch_pair_ratio),
    saboteurs=(
        saboteur("nothing is deleted", solve=partial(mutants.deletes_nothing, method="batched")),
        saboteur(
            "t = o/k", patch=(guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k")
        ),
        saboteur("nine tenths", claim=share_of(lambda epsilon: Fraction(9, 10))),
    ),
)


# --- exact replay ----------------------------------------------------------------------------------------------------


def same_path(replay: Replay, found: Replayed) -> Sides:
    """Sequence and queries of each lazy guess against a guess that was never late; its value by the table."""
    k = replay.updates.k
    values = [value_of(replay.updates.function, row[:k]) for row in found.lazy]
    lhs = [len(found.lazy), *found.lazy.ravel(), *found.values]  # there is no guess where all values are 0
    return Sides(np.array(lhs), np.array([len(found.eager), *found.eager.ravel(), *values]))


DS_T17 = Statement(
    id="dynamic_submodular/DS-T17",
    title="A lazy guess that repeats every update goes the way of one that was never late",
    source=Derived(theory.pair_ratio),
    tex=r"\text{queries of a lazy guess} \le \text{queries of its eager copy}",
    hypotheses={"every update is repeated": lambda replay: replay.replay == "exact"},
    instances=REPLAYS,
    solve=replayed,
    claim=Identity(same_path),
    saboteurs=(
        saboteur("other coins", solve=partial(replayed, shift=1)),
        saboteur("deletions are not repeated", solve=mutants.replays_insertions),
    ),
    notes="Path by path, with equal coins; what a guess has not yet been shown it has not yet paid for.",
)


def certified(replay: Replay, found: Replayed) -> Sides:
    """For guesses that are up to date: half of a full guess against its value, OPT against an open one's bound."""
    updates, k = replay.updates, replay.updates.k
    best = updates.optima[-1]
    lhs, rhs = [], []
    for row, value, guess, seen in zip(found.lazy, found.values, found.guesses, found.seen, strict=True):
        if int(seen) == len(updates.ops):
            full = int(row[k - 1]) >= 0
            lhs.append(guess / 2 if full else best)
            rhs.append(value if full else theory.pair_bound(value, guess))
    lhs.append(best)
    rhs.append(found.upper_bound)
    return Sides(np.array(lhs), np.array(rhs))


DS_P5 = Statement(
    id="dynamic_submodular/DS-P5",
    title="A full guess is worth half of it, an open one bounds the optimum",
    source=Derived(theory.pair_bound),
    tex=r"T = k \Rightarrow f(I) \ge o/2,\quad T < k \Rightarrow \mathrm{OPT} \le f(I) + o/2",
    hypotheses={"every update is repeated": lambda replay: replay.replay == "exact"},
    instances=REPLAYS,
    solve=replayed,
    claim=Inequality(certified),
    saboteurs=(
        saboteur("deletions are not repeated", solve=mutants.replays_insertions),
        saboteur("a quarter more", solve=mutants.larger_guesses),
    ),
)


# --- one half is tight -----------------------------------------------------------------------------------------------


DS_T12 = Statement(
    id="dynamic_submodular/DS-T12",
    title="One half is all that guesses get: bait, decoys and blocks",
    source=Derived(theory.tight_failure_probability),
    tex=r"P[f(S) > \mathrm{OPT}/2] \le n_{\mathrm{high}} \tfrac{k}{n_X + k}"
    r" + n_{\mathrm{low}} \tfrac{k (n_X + k)}{n_d + n_X + k}",
    hypotheses={"the decoys arrive": lambda trap: trap.n_decoys >= 10 * trap.n_identical},
    instances=TIGHT,
    solve=trapped,
    claim=Probability(event=escaped, at_most=lambda trap: trap.bound),
    saboteurs=(
        saboteur("greedy, which looks at all of it again", solve=mutants.greedy_escapes),
        saboteur("what is free at the end is filled greedily", solve=mutants.topped_up),
    ),
    notes="A method that looks at everything again after each update escapes: it is not of this kind.",
)

DS_T13 = Statement(
    id="dynamic_submodular/DS-T13",
    title="More than one half costs polynomially many queries",
    source=Classical("lower bound for dynamic submodular maximization", "X. Chen, B. Peng, STOC 2022"),
    tex=r"\text{ratio } \tfrac12 + \epsilon \Rightarrow n^{\tilde\Omega(\epsilon)}/k^3 \text{ queries per update}",
    hypotheses={},
    instances=TIGHT,
    solve=trapped,
    claim=Recorded("a statement about all algorithms", carried_by="dynamic_submodular/DS-T12"),
)


# --- groups ----------------------------------------------------------------------------------------------------------


def quarter(grouped: Grouped, found: Answers, share=None) -> Sides:
    """A share of the best independent set against f of the solution, this against its value, OPT against bounds."""
    best, updates = grouped_optima(grouped), grouped.updates
    ratio = theory.matroid_ratio(updates.epsilon) if share is None else share
    true = np.where(independent(grouped, found.solutions), values_of(updates, found.solutions), 0)
    lhs = np.r_[ratio * best, true, found.values, best]
    return Sides(lhs, np.r_[true, found.values, true, found.upper_bounds], rounding=spoiled(updates.function))


DS_T16 = Statement(
    id="dynamic_submodular/DS-T16",
    title="Under a partition matroid the swap rule is worth a quarter",
    source=Derived(theory.matroid_ratio),
    tex=r"f(S) \ge \mathrm{OPT}/(4 + 4 \epsilon)",
    hypotheses={name: (lambda grouped, holds=holds: holds(grouped.updates)) for name, holds in HYPOTHESES.items()},
    instances=GROUPED,
    solve=grouped_answers,
    claim=Inequality(quarter),
    saboteurs=(
        saboteur("nothing is deleted", solve=mutants.grouped_without_deletions),
        saboteur("nine tenths", claim=Inequality(partial(quarter, share=Fraction(9, 10)))),
        saboteur("one place more in every group", solve=mutants.one_place_more),
    ),
    notes="The published ratio for matroids is 1/(4 + O(epsilon)), arXiv 2306.00959, of which the abstract was read.",
)
