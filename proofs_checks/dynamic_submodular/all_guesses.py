"""All guesses together: the value and the certified bound after every update, and an instance where 1/2 is tight."""

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
    rounding,
    saboteur,
)
from lrtheory.dynamic_submodular import theory
from lrtheory.dynamic_submodular.structures import guesses
from proofs_checks.dynamic_submodular import wrong_solvers
from proofs_checks.dynamic_submodular.families.partitions import (
    GROUPED,
    Grouped,
    grouped_answers,
    grouped_optima,
    independent,
)
from proofs_checks.dynamic_submodular.families.replays import (
    REPLAYS,
    Replay,
    Replayed,
    UpToDate,
    replayed,
    up_to_date,
)
from proofs_checks.dynamic_submodular.families.runs import WRONG, Answers, answered, spoiled, worth, worth_of
from proofs_checks.dynamic_submodular.families.streams import (
    BURSTS,
    HYPOTHESES,
    STREAMS,
    SUPERMODULAR,
    Updates,
)
from proofs_checks.dynamic_submodular.families.tight import TIGHT, escaped, is_between, trapped

BANIHASHEM = "2305.15192"


#: the bound of a solver is a decision, since every number between the optimum and the limit is a right one
DECIDED = ("solutions", "upper_bounds")


def shares(updates: Updates, found: Answers, share) -> Sides:
    """Compare a share of OPT with f of the solution, and OPT with the bound, which must not exceed a limit."""
    best, true = updates.optima, worth(updates, found.solutions, found.values)
    singles = np.array([updates.function.values[1 << v] for v in range(updates.function.n)])
    # k times the largest single value, and what two steps of the grid may add: a bound beyond that proves nothing
    most = [updates.k * (1 + updates.epsilon) ** 2 * (singles * there).max() for there in updates.present]
    allowed = spoiled(updates.function)
    pairs = zip(found.upper_bounds, most, strict=True)
    # without a limit a solver could report infinity, which is at least OPT and says nothing
    bounds = np.array([bound if bound <= limit + allowed else WRONG for bound, limit in pairs])
    return Sides(np.r_[share(updates.epsilon) * best, best], np.r_[true, bounds], least=0, rounding=allowed)


def share_of(ratio):
    """Claim that the value is at least this share of OPT."""
    return Inequality(partial(shares, share=ratio))


def certified_shares(updates: Updates, found: Answers, share) -> Sides:
    """Compare a share of the bound with f of the solution, and OPT with the bound: more than a share of OPT."""
    true = worth(updates, found.solutions, found.values)
    lhs = np.r_[share(updates.epsilon) * found.upper_bounds, updates.optima]
    rhs = np.r_[true, found.upper_bounds]
    return Sides(lhs, rhs, least=0, rounding=spoiled(updates.function))


def certified_share_of(ratio):
    """Claim that the value is at least this share of a bound of OPT."""
    return Inequality(partial(certified_shares, share=ratio))


DS_T2 = Statement(
    id="dynamic_submodular/DS-T2",
    title="The table of guesses is worth nearly half after every update",
    says="After every update t, the best set S over a table of guesses of ratio 1 + epsilon is worth at least (1 - "
    "epsilon)/2 of OPT_t, the best value f of at most k elements that are present then.",
    source=Derived(theory.table_ratio),
    tex=r"f(S) \ge \tfrac{1-\epsilon}{2}\,\mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=partial(answered, method="eager"),
    claim=share_of(theory.table_ratio),
    decisions=DECIDED,
    saboteurs=(
        # the weights of a burst outgrow every guess of the first table
        saboteur("a table of the guesses seen at the start", solve=wrong_solvers.early_table, instances=BURSTS),
        saboteur("nothing is deleted", solve=partial(wrong_solvers.deletes_nothing, method="eager")),
        saboteur("nine tenths", claim=share_of(lambda epsilon: Fraction(9, 10))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
)

DS_T10 = Statement(
    id="dynamic_submodular/DS-T10",
    title="Two neighboring guesses are worth half, and certify it",
    says="If guess j is full, with k elements, and the next guess o_{j+1} is open, with fewer in its sequence "
    "I^{j+1}, then U = f(I^{j+1}) + o_{j+1}/2 is at least OPT_t, the best value after update t, and the better of "
    "the two sequences, S, is worth at least U/(2 + epsilon); guesses have ratio 1 + epsilon.",
    source=Derived(theory.pair_ratio),
    tex=r"f(S) \ge U/(2 + \epsilon),\quad U = f(I^{j+1}) + o_{j+1}/2 \ge \mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=answered,
    claim=certified_share_of(theory.pair_ratio),
    decisions=DECIDED,
    saboteurs=(
        # its bound stays true; without the full neighbor nothing says that the value is near it
        saboteur(
            "an open guess without a full neighbor", patch=(guesses.decide, "if tally[J_FULL] == j - 1:", "if True:")
        ),
        saboteur(
            "deletions are not replayed", patch=(guesses.sync, "elif is_known and not is_present:", "elif False:")
        ),
        # an open guess then proves f(I) + o and no longer f(I) + o/2: the bound may be below the optimum
        saboteur(
            "t = o/k", patch=(guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k")
        ),
        saboteur("nine tenths", claim=certified_share_of(lambda epsilon: Fraction(9, 10))),
        # both numbers are right, and no set is worth them: reports are compared with the solutions
        saboteur("a value without a set", solve=wrong_solvers.claims_the_optimum),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
    notes="No other guess need be up to date.",
)

DS_T10_BATCHED = Statement(
    id="dynamic_submodular/DS-T10-batched",
    title="The same with batches",
    says="If guess j is full and the next guess o_{j+1} is open, with a sequence G^{j+1} that counts dead members, "
    "then U = f(G^{j+1}) + o_{j+1}/2 is at least OPT_t, the best value after update t, and the better living part S "
    "is worth at least (1 - epsilon)/(2 (1 + epsilon)) of U; epsilon is the tolerance.",
    source=Derived(theory.batch_pair_ratio),
    tex=r"f(S) \ge \tfrac{1-\epsilon}{2(1+\epsilon)}\,U,\quad U = f(G^{j+1}) + o_{j+1}/2 \ge \mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    solve=partial(answered, method="batched"),
    claim=certified_share_of(theory.batch_pair_ratio),
    decisions=DECIDED,
    saboteurs=(
        saboteur("nothing is deleted", solve=partial(wrong_solvers.deletes_nothing, method="batched")),
        saboteur(
            "t = o/k", patch=(guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k")
        ),
        saboteur("nine tenths", claim=certified_share_of(lambda epsilon: Fraction(9, 10))),
    ),
)


# --- exact replay ----------------------------------------------------------------------------------------------------


def same_path(replay: Replay, found: Replayed) -> Sides:
    """Compare sequence and queries of each lazy guess with those of a guess that was never late."""
    lhs = [len(found.lazy), *found.lazy.ravel()]  # no guess is held where all values are 0; the length stands for it
    return Sides(np.array(lhs), np.array([len(found.eager), *found.eager.ravel()]))


DS_T17 = Statement(
    id="dynamic_submodular/DS-T17",
    title="A lazy guess that repeats every update goes the way of one that was never late",
    says="A lazy guess that repeats every update in order takes the path of its eager copy, which has the same coins "
    "and saw each update at once. So it never asks for more marginals than the copy.",
    source=Derived(theory.pair_ratio),
    tex=r"\text{queries of a lazy guess} \le \text{queries of its eager copy}",
    hypotheses={"every update is repeated": lambda replay: replay.replay == "exact"},
    instances=REPLAYS,
    solve=replayed,
    claim=Identity(same_path),
    closed="the coins and the counted queries of a guess are the library's own, and no other algorithm has them",
    may_vary=dict.fromkeys(
        ("lazy", "eager"), "which guesses of the optimum are alive follows from the coins of the solver"
    ),
    saboteurs=(
        # the law of the samples is the same: only paths tell the coins apart
        saboteur("other coins", solve=partial(replayed, shift=1)),
        saboteur("deletions are not repeated", solve=wrong_solvers.replays_insertions),
    ),
    notes="Path by path, with equal coins; what a guess has not yet been shown it has not yet paid for.",
)


def certified(replay: Replay, found: UpToDate) -> Sides:
    """Compare o / 2 with the value of a full guess, OPT with the bound of an open one, which the solver reports."""
    updates, allowed = replay.updates, spoiled(replay.updates.function)
    best, there = updates.optima[-1], updates.present[-1]
    lhs, rhs, bounds = [], [], [] if len(found.guesses) else [0]
    for row, reported, guess in zip(found.sequences, found.values, found.guesses, strict=True):
        value, full = worth_of(updates.function, row, there, updates.k, reported), bool((row >= 0).all())
        bound = theory.pair_bound(value, guess) if value != WRONG and guess >= 0 else WRONG
        lhs.append(guess / 2 if full else best)
        rhs.append(value if full else bound)
        bounds.extend([] if full else [bound])
    # the reported bound is that of one of the open guesses, up to the rounding of a sum
    is_one = any(abs(found.upper_bound - bound) <= allowed + rounding(1, float(abs(bound))) for bound in bounds)
    return Sides(np.array([*lhs, best]), np.array([*rhs, found.upper_bound if is_one else WRONG]), least=0)


DS_P5 = Statement(
    id="dynamic_submodular/DS-P5",
    title="A full sequence is worth half of its guess, and an open one bounds the optimum",
    says="A guess o that has seen all updates proves f(I) >= o/2 if its sequence I has T = k elements, and OPT <= "
    "f(I) + o/2 if T < k, where OPT is the best value f of at most k present elements.",
    source=Derived(theory.pair_bound),
    tex=r"T = k \Rightarrow f(I) \ge o/2,\quad T < k \Rightarrow \mathrm{OPT} \le f(I) + o/2",
    hypotheses={name: (lambda replay, holds=holds: holds(replay.updates)) for name, holds in HYPOTHESES.items()},
    instances=REPLAYS,
    solve=up_to_date,
    claim=Inequality(certified),
    decisions=("sequences", "guesses", "upper_bound"),
    may_vary=dict.fromkeys(
        ("sequences", "values", "guesses"),
        "which guesses of the optimum are alive follows from the coins of the solver",
    ),
    saboteurs=(
        saboteur("deletions are not repeated", solve=wrong_solvers.certifies_insertions),
        # subtle: guesses a quarter too large are refuted by full sequences, which are worth less than half of them
        saboteur("a quarter more", solve=wrong_solvers.larger_guesses),
    ),
)


# --- one half is tight -----------------------------------------------------------------------------------------------


DS_T12 = Statement(
    id="dynamic_submodular/DS-T12",
    title="One half is all that guesses get: bait, decoys and blocks",
    says="On k blocks, n_X copies of a bait and n_d decoys in random order, the solution S is worth more than half "
    "of the optimum OPT with probability at most n_high k/(n_X + k) + n_low k (n_X + k)/(n_d + n_X + k); n_high "
    "guesses take the bait, n_low fill with decoys.",
    source=Derived(theory.tight_failure_probability),
    tex=r"P[f(S) > \mathrm{OPT}/2] \le n_{\mathrm{high}} \tfrac{k}{n_X + k}"
    r" + n_{\mathrm{low}} \tfrac{k (n_X + k)}{n_d + n_X + k}",
    hypotheses={
        # a low guess fills with decoys because they are many times as many as all other elements together
        "the decoys arrive": lambda trap: trap.n_decoys >= 10 * trap.n_identical,
        "no guess lies between the decoys and the optimum": lambda trap: not is_between(trap),
        "the bound says something": lambda trap: trap.bound < 1,
    },
    instances=TIGHT,
    solve=trapped,
    claim=Probability(event=escaped, at_most=lambda trap: trap.bound),
    decisions=("outcome",),
    saboteurs=(
        saboteur("greedy, which looks at all of it again", solve=wrong_solvers.greedy_escapes),
        # subtle: the maintained solution is right; what is added to it afterwards are blocks, which escape the trap
        saboteur("what is free at the end is filled greedily", solve=wrong_solvers.topped_up),
    ),
    notes="A method that looks at everything again after each update escapes: it is not of this kind.",
)

DS_T13 = Statement(
    id="dynamic_submodular/DS-T13",
    title="More than one half costs polynomially many queries",
    says="An algorithm that keeps a ratio of 1/2 + epsilon of the optimum needs at least n^c/k^3 queries per update, "
    "amortized, where n counts the elements, k those to choose, and c is proportional to epsilon up to logarithmic "
    "factors.",
    source=Classical("lower bound for dynamic submodular maximization", "X. Chen, B. Peng, STOC 2022"),
    tex=r"\text{ratio } \tfrac12 + \epsilon \Rightarrow n^{\tilde\Omega(\epsilon)}/k^3 \text{ queries per update}",
    hypotheses={},
    instances=TIGHT,
    solve=trapped,
    claim=Recorded("a statement about all algorithms", carried_by="dynamic_submodular/DS-T12"),
)


# --- groups ----------------------------------------------------------------------------------------------------------


def quarter(grouped: Grouped, found: Answers, share=None) -> Sides:
    """Compare a share of the bound with f of the solution, and the best independent set with the bound."""
    updates = grouped.updates
    ratio = theory.matroid_ratio(updates.epsilon) if share is None else share
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
    source=Derived(theory.matroid_ratio),
    tex=r"f(S) \ge U/(4 + 4 \epsilon),\quad U \ge \mathrm{OPT}",
    hypotheses={name: (lambda grouped, holds=holds: holds(grouped.updates)) for name, holds in HYPOTHESES.items()},
    instances=GROUPED,
    solve=grouped_answers,
    claim=Inequality(quarter),
    decisions=DECIDED,
    may_vary={"solutions": "an answer is a set, and places without an item are no part of it"},
    saboteurs=(
        saboteur("nothing is deleted", solve=wrong_solvers.grouped_without_deletions),
        saboteur("nine tenths", claim=Inequality(partial(quarter, share=Fraction(9, 10)))),
        saboteur("one place more in every group", solve=wrong_solvers.one_place_more),
    ),
    notes="The published ratio for matroids is 1/(4 + O(epsilon)), arXiv 2306.00959, of which the abstract was read.",
)
