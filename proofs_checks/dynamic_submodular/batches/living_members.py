"""The value of the living members of the batches, and that an open sequence leaves nobody out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.dynamic_submodular.structures import batches
from proofs_checks.dynamic_submodular.batches.marginals import batch_damage
from proofs_checks.dynamic_submodular.families.all_functions import IN_BATCHES
from proofs_checks.dynamic_submodular.families.functions import gain, set_function, value_of
from proofs_checks.dynamic_submodular.families.runs import (
    Batched,
    batched,
    chosen,
    increments,
    is_full,
    is_set,
    living,
    spoiled,
)
from proofs_checks.dynamic_submodular.families.streams import (
    ALWAYS,
    COPIES,
    DYING,
    EQUAL_DYING,
    HYPOTHESES,
    SUPERMODULAR,
    Updates,
    draw_dying,
    nearby,
)
from proofs_checks.dynamic_submodular.families.wrong_runs import NO_TOLERANCE, double_threshold, forgets_deletions


@formula(o="[0, inf)", OPT="[0, inf)", epsilon="[0, 1/2]")
def batch_value(o: Number, OPT: Number, epsilon: Number, is_full: bool) -> Number:
    """The least value of the living members of the batches of a guess o.

    The sequence is full, |G| = k with its dead members, or open, as `is_full` says.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement), and each batch has fewer dead members than the
    share epsilon (`structures.batches`).

    Proof: If the sequence G is full, at least (1 - epsilon) k of its members live, each with a marginal of at least t =
    o / (2k) when it was chosen, so by statement DS-T7 they are worth at least (1 - epsilon) k t = (1 - epsilon) o / 2.
    If it is open, the marginal f(v | G) of every present element v outside of G is below t, so f(G) >= OPT - o / 2 by
    the argument of statement DS-T1, and the living keep the share `batch_damage` of f(G).
    """
    return (1 - epsilon) * o / 2 if is_full else batch_damage(epsilon) * (OPT - o / 2)


def worth_nearly_half(updates: Updates, found: Batched, factor: int = 1) -> Sides:
    """Compare the least value of a full, or an open, guess with the value of its living members."""
    bounds = [
        batch_value(updates.guess, best, updates.epsilon, bool(one))
        for best, one in zip(updates.optima, is_full(found.sequence), strict=True)
    ]
    lhs = np.array(bounds) if factor == 1 else factor * np.array(bounds)
    return Sides(lhs[:, None], living(updates, found)[:, None], least=0, rounding=spoiled(updates.function))


DS_T6 = Statement(
    id="dynamic_submodular/DS-T6",
    title="With batches a sequence is worth nearly half of its guess, or nearly the optimum less that half",
    says="The sequence G of a guess o without its dead members D is worth at least (1 - epsilon) o/2 if |G| = k, and "
    "otherwise at least (1 - epsilon)/(1 + epsilon) times OPT - o/2; epsilon is the share of a batch that may be "
    "dead, OPT the best value f of at most k present elements.",
    source=Derived(batch_value),
    tex=r"|G| = k \Rightarrow f(G-D) \ge (1-\epsilon) o/2,"
    r"\ |G| < k \Rightarrow f(G-D) \ge \tfrac{1-\epsilon}{1+\epsilon}(\mathrm{OPT} - o/2)",
    hypotheses=HYPOTHESES,
    instances=DYING,
    for_all=(IN_BATCHES,),
    solve=batched,
    claim=Inequality(worth_nearly_half),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("t = o/k", solve=partial(double_threshold, solve=batched)),
        saboteur("deletions are forgotten", solve=partial(forgets_deletions, solve=batched)),
        saboteur("nothing is built again", patch=NO_TOLERANCE),
        saboteur("twice as much", claim=Inequality(partial(worth_nearly_half, factor=2))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
)


#: square roots of single features, 2 each: whoever is counted twice adds again
RETURNING = Updates(
    set_function("features", 4.0 * np.eye(8)), np.array([*range(8), ~0, ~1, 0, ~2, 1, 2]), 10, 0.5, 10.0
)

EXACT_DYING = Family(
    "exact-dying",
    always=(*ALWAYS, EQUAL_DYING, COPIES, RETURNING),
    draw=lambda draws: draw_dying(draws, ("coverage", "facility")),
    climb=nearby,
)

#: a dead member that is inserted again is treated like a new element
NO_RESURRECTION = (batches.insert, "if index > 0:", "if False:")


def kept_up(updates: Updates, found: Batched) -> Sides:
    """Count after every update what an open guess leaves out and members below t, and compare reported values."""
    anybody = np.ones(updates.function.n, bool)
    if not all(is_set(row, anybody, updates.k) for row in [*found.sequence, *found.members]):
        return Sides([0], [1])
    lhs, rhs = [*found.values, *found.sequence_values], []
    rhs.extend(value_of(updates.function, row) for row in [*found.members, *found.sequence])
    for t, present in enumerate(updates.present):
        sequence, members = chosen(found.sequence[t]), found.members[t]
        living = [v for v in sequence if present[v]]
        lhs.extend(members)
        rhs.extend([*living, *[-1] * (updates.k - len(living))])
        outside = [v for v in range(updates.function.n) if present[v] and v not in sequence]
        passing = [v for v in outside if gain(updates.function, v, sequence) >= updates.threshold]
        low = [more < updates.threshold for _, more in increments(updates, found.sequence[t])]
        # both counts have to be 0, the first only while the sequence is open
        lhs.extend([len(passing) * (len(sequence) < updates.k), sum(low)])
        rhs.extend([0, 0])
    return Sides(np.array(lhs), np.array(rhs))


DS_P4 = Statement(
    id="dynamic_submodular/DS-P4",
    title="Batches: everybody once, the living alive, and an open guess leaves nobody out",
    says="While the sequence G has fewer than k members, every present v outside of G has a marginal f(v|G) below "
    "the threshold t. Every member g, living or dead, had a marginal Delta(g) of at least t when it was chosen.",
    source=Derived(batch_value),
    tex=r"|G| < k \Rightarrow f(v|G) < t \ (v \notin G),\quad \Delta(g) \ge t",
    hypotheses=HYPOTHESES,
    instances=EXACT_DYING,
    for_all=(
        replace(
            IN_BATCHES,
            invisible={
                "who comes back is taken twice": "the guess is full, or a second copy adds less than the threshold"
            },
        ),
    ),
    solve=batched,
    claim=Identity(kept_up),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("who comes back is taken twice", patch=NO_RESURRECTION),
        saboteur(
            "whatever is left of the bucket is taken", patch=(batches.scan, "if passes(gain, lower):", "if True:")
        ),
        saboteur("nobody joins an open guess", patch=(batches.insert, "if index == 0 and is_through:", "if False:")),
    ),
)
