"""Marginals of the objectives, and the sum of those of living members."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.dynamic_submodular.structures import batches
from proofs_checks.dynamic_submodular.families.all_functions import IN_BATCHES
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    draw_function,
    is_monotone,
    is_submodular,
    members,
    set_function,
)
from proofs_checks.dynamic_submodular.families.runs import (
    WRONG,
    Batched,
    batched,
    increments,
    living,
    spoiled,
    worth_of,
)
from proofs_checks.dynamic_submodular.families.streams import DYING, HYPOTHESES, Updates, cardinalities
from proofs_checks.dynamic_submodular.families.wrong_runs import NO_TOLERANCE, TOLERANCE


@dataclass(frozen=True)
class Probed:
    """A function whose marginals are looked at."""

    function: SetFunction


def all_gains(probed: Probed, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the marginals of all elements on all sets by bit mask, (2^n, n), 0 for elements of the set."""
    objective, n = probed.function.objective(), probed.function.n
    inside = members(np.arange(1 << n), n)
    return np.array([objective.gains(np.flatnonzero(row)) * ~row for row in inside])


def draw_probed(draws: Draws) -> Probed:
    """Draw a function of four or five elements."""
    return Probed(draw_function(draws, draws.integers(4, 5)))


#: the smallest function of each kind in which two elements overlap
OBJECTIVES = Family(
    "objectives",
    always=(
        Probed(set_function("coverage", np.array([[1, 1], [0, 1], [0, 0]]) > 0, np.array([2.0, 1.0]))),
        Probed(set_function("facility", np.array([[3.0, 1.0], [2.0, 2.0]]))),
        Probed(set_function("features", np.array([[4.0, 1.0], [0.0, 9.0]]))),
        Probed(set_function("log-det", np.array([[1.0, 0.5], [0.5, 1.0]]))),
    ),
    draw=draw_probed,
)


def small_objectives() -> Iterator[Probed]:
    """Yield all coverages of three elements on two items, and all small tables of similarities."""
    for table in itertools.product((False, True), repeat=6):
        yield Probed(set_function("coverage", np.reshape(table, (3, 2)), np.array([1.0, 2.0])))
    for table in itertools.product((0.0, 1.0, 2.0), repeat=4):
        yield Probed(set_function("facility", np.reshape(table, (2, 2))))


def gains_of_nothing(probed: Probed, rng: np.random.Generator) -> np.ndarray:
    """Report marginals on the empty set, whatever the set is."""
    found = all_gains(probed)
    return np.where(found > 0, found[:1], found)


def gains_late(probed: Probed, rng: np.random.Generator) -> np.ndarray:
    """Report marginals on the set without its first element."""
    masks = np.arange(1 << probed.function.n)
    return all_gains(probed)[masks & (masks - 1)]  # the bit trick drops the lowest element


@formula(Delta="n", is_live="n in [0, 1]")
def live_value(Delta: np.ndarray, is_live: np.ndarray) -> Number:
    """The sum of the marginals Delta of the members that live.

    `is_live` says of each member whether it lives.

    Proof
    -----
    Assumes: f is submodular with f(empty) = 0 (a hypothesis of the statement).

    Proof: Add the living members in their order. By submodularity the marginal of each on the living ones before it is
    at least its marginal on all members before it, and the former marginals sum to f of the living.
    """
    return sum(gain for gain, lives in zip(Delta.tolist(), is_live.tolist(), strict=True) if lives)


def gains(probed: Probed, found: np.ndarray) -> Sides:
    """Compare f(v | S) of the objective with the table, and the marginals of the members of S in turn with f(S)."""
    f, n, found = probed.function.values, probed.function.n, np.asarray(found)
    masks = np.arange(1 << n)
    wanted = np.stack([f[masks | 1 << v] - f for v in range(n)], axis=1)
    # S grows by its elements in their order, and everybody lives, so that the lemma holds with equality
    grown = [[found[mask & ((1 << v) - 1), v] for v in range(n) if mask >> v & 1] for mask in masks.tolist()]
    sums = [live_value(steps, [True] * len(steps)) for steps in grown]
    allowed = spoiled(probed.function)
    return Sides(np.r_[found.ravel(), sums], np.r_[wanted.ravel(), f - f[0]], rounding=allowed)


DS_P2 = Statement(
    id="dynamic_submodular/DS-P2",
    title="Marginals of the objectives are those of the definition",
    says="The marginal f(v|S) that an objective reports for an element v on a set S is the value f of S with v less "
    "the value of S.",
    source=Derived(live_value),
    tex=r"f(v|S) = f(S + v) - f(S)",
    hypotheses={
        "monotone": lambda probed: is_monotone(probed.function),
        "submodular": lambda probed: is_submodular(probed.function),
    },
    instances=OBJECTIVES,
    for_all=(
        All(
            "coverages of three elements on two items of weights 1 and 2, and tables of similarities 0, 1 or 2 of two "
            "elements to two places",
            small_objectives,
            members=64 + 81,
        ),
    ),
    solve=all_gains,
    claim=Identity(gains),
    saboteurs=(
        saboteur("marginals of the empty set", solve=gains_of_nothing),
        saboteur("one element late", solve=gains_late),
    ),
)


SUPERMODULAR_DYING = Family(
    "supermodular-dying", always=(Updates(cardinalities(2), np.array([*range(6), ~0, ~1]), 6, 0.5, 9.0),)
)

#: one dead member more than an epsilon part is tolerated
ONE_MORE = (batches.delete, TOLERANCE, "if levels[DEAD, deepest] > epsilon * levels[BATCH, deepest] + 1:")


@formula(epsilon="[0, 1/2]")
def batch_damage(epsilon: Number) -> Number:
    """The living members of all batches keep this share of f(G).

    Proof
    -----
    Assumes: f is submodular (a hypothesis of the statement), and fewer than epsilon m of the m members of a batch are
    dead (`structures.batches`, which rebuilds the level at that share).

    Proof: The marginals of the members of a batch lie in [u, (1 + epsilon) u). Those of its living members sum to at
    least (1 - epsilon) m u, and those of all its members to at most (1 + epsilon) m u. Over all batches the former sum
    to at most f of the living (`live_value`), and the latter sum to f(G).
    """
    return (1 - epsilon) / (1 + epsilon)


def damaged(updates: Updates, found: Batched, share=None) -> Sides:
    """Compare a share of f(G), and the sum of the marginals of the living, with the value of the living."""
    values, anybody = living(updates, found), np.ones(updates.function.n, bool)
    ratio = batch_damage(updates.epsilon) if share is None else share
    lhs = []
    for row, reported, present in zip(found.sequence, found.sequence_values, updates.present, strict=True):
        whole = worth_of(updates.function, row, anybody, updates.k, reported)
        steps = increments(updates, row) if whole != WRONG else []
        live = [bool(present[v]) for v, _ in steps]
        # WRONG is far below every value: its absolute value makes a left side that no value reaches
        lhs.append([ratio * abs(whole), live_value([more for _, more in steps], live)])
    return Sides(np.array(lhs), np.repeat(values[:, None], 2, axis=1), least=0, rounding=spoiled(updates.function))


DS_T7 = Statement(
    id="dynamic_submodular/DS-T7",
    title="Dead members cost an epsilon part",
    says="The members of the sequence G that are not in the dead set D are worth at least the sum of the marginals "
    "Delta(g) that they had when they were chosen, which is at least (1 - epsilon)/(1 + epsilon) of f(G); epsilon is "
    "the share of a batch that may be dead.",
    source=Derived(batch_damage),
    tex=r"f(G - D) \ge \sum_{g \notin D} \Delta(g) \ge \tfrac{1-\epsilon}{1+\epsilon} f(G)",
    hypotheses=HYPOTHESES,
    instances=DYING,
    for_all=(IN_BATCHES,),
    solve=batched,
    claim=Inequality(damaged),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("nothing is built again", patch=NO_TOLERANCE),
        # subtle: in a large batch one more death changes little, in a small one it is a large share
        saboteur("tolerance of one more", patch=ONE_MORE),
        saboteur("nine tenths", claim=Inequality(partial(damaged, share=Fraction(9, 10)))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_DYING),
    ),
)
