"""The answer after every update: the best of a table of guesses, or of two neighboring ones that certify it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Inequality, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import DynamicSubmodular, theory
from lrtheory.dynamic_submodular.structures import guesses
from proofs_checks.dynamic_submodular.families.all_functions import LONG_STREAMS, all_streams
from proofs_checks.dynamic_submodular.families.runs import DECIDED, WRONG, Answers, answers_of, spoiled, worth
from proofs_checks.dynamic_submodular.families.streams import (
    EVERYBODY,
    HYPOTHESES,
    STREAMS,
    SUPERMODULAR,
    Updates,
    modular,
)
from proofs_checks.dynamic_submodular.families.wrong_runs import spread, without_deletions


def answered(updates: Updates, rng: np.random.Generator, method: Any = "lazy", **options: Any) -> Answers:
    """Apply the updates to a solver and return its answer after each."""
    solver = DynamicSubmodular(
        updates.function.objective(), updates.k, epsilon=updates.epsilon, method=method, rng=rng, **options
    )
    return answers_of(solver, updates.ops, updates.k)


#: weights that grow by 2^20
BURSTS = Family("bursts", always=(Updates(modular([2.0 ** (4 * i) for i in range(6)]), EVERYBODY, 2, 0.25),))


def deletes_nothing(updates: Updates, rng: np.random.Generator, method: str) -> Answers:
    """Answer as if no element were ever deleted."""
    return spread(updates, answered(without_deletions(updates), rng, method=method))


def early_table(updates: Updates, rng: np.random.Generator) -> Answers:
    """Keep the guesses that the first element asks for, and no others: heavier elements are in none."""
    first = updates.function.values[1 << int(updates.ops[0])] * 2 * updates.k
    singles = updates.function.values[1 << np.arange(updates.function.n)]
    light = replace(updates, ops=np.array([op for op in updates.ops if singles[op if op >= 0 else ~op] <= first]))
    found = answered(light, rng, method="eager")
    last = np.cumsum(np.isin(updates.ops, light.ops)) - 1
    return Answers(found.solutions[last], found.values[last], found.upper_bounds[last])


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


DS_T2 = Statement(
    id="dynamic_submodular/DS-T2",
    title="The table of guesses is worth nearly half after every update",
    says="After every update t, the best set S over a table of guesses of ratio 1 + epsilon is worth at least (1 - "
    "epsilon)/2 of OPT_t, the best value f of at most k elements that are present then.",
    source=Derived(theory.table_ratio),
    tex=r"f(S) \ge \tfrac{1-\epsilon}{2}\,\mathrm{OPT}_t",
    hypotheses=HYPOTHESES,
    instances=STREAMS,
    for_all=(all_streams(),),
    solve=partial(answered, method="eager"),
    claim=share_of(theory.table_ratio),
    decisions=DECIDED,
    saboteurs=(
        # the weights of a burst outgrow every guess of the first table
        saboteur("a table of the guesses seen at the start", solve=early_table, instances=BURSTS),
        saboteur("nothing is deleted", solve=partial(deletes_nothing, method="eager")),
        saboteur("nine tenths", claim=share_of(lambda epsilon: Fraction(9, 10))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
)


def claims_the_optimum(updates: Updates, rng: np.random.Generator) -> Answers:
    """Report the best value without a set that has it."""
    found = answered(updates, rng)
    return replace(found, values=updates.optima, upper_bounds=updates.optima)


def certified_shares(updates: Updates, found: Answers, share) -> Sides:
    """Compare a share of the bound with f of the solution, and OPT with the bound: more than a share of OPT."""
    true = worth(updates, found.solutions, found.values)
    lhs = np.r_[share(updates.epsilon) * found.upper_bounds, updates.optima]
    rhs = np.r_[true, found.upper_bounds]
    return Sides(lhs, rhs, least=0, rounding=spoiled(updates.function))


def certified_share_of(ratio):
    """Claim that the value is at least this share of a bound of OPT."""
    return Inequality(partial(certified_shares, share=ratio))


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
    for_all=(all_streams(), LONG_STREAMS),
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
        saboteur("a value without a set", solve=claims_the_optimum),
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
    for_all=(all_streams(),),
    solve=partial(answered, method="batched"),
    claim=certified_share_of(theory.batch_pair_ratio),
    decisions=DECIDED,
    saboteurs=(
        saboteur("nothing is deleted", solve=partial(deletes_nothing, method="batched")),
        saboteur(
            "t = o/k", patch=(guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k")
        ),
        saboteur("nine tenths", claim=certified_share_of(lambda epsilon: Fraction(9, 10))),
    ),
)
