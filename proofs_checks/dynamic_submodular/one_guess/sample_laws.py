"""The law of the samples after a stream that is fixed in advance.

V are the present elements, of which at most k are chosen, f the value of a tuple of elements, and t the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import integer, is_iterable, must
from lrtheory.bounds import Coins, Derived, Draws, Family, Law, Number, Statement, formula, saboteur
from lrtheory.dynamic_submodular import run_guess
from lrtheory.dynamic_submodular.structures import levels
from proofs_checks.dynamic_submodular.families.functions import draw_function, mask_of, set_function
from proofs_checks.dynamic_submodular.families.laws import BY_NAMES, OF_FUNCTIONS, Fixed, short_streams, walk_of
from proofs_checks.dynamic_submodular.families.streams import HYPOTHESES, Updates, draw_ops, modular


@formula(k="[1, inf)", t="[0, inf)")
def build_law(
    f: Callable[[tuple[int, ...]], Number], V: Iterable[int], k: int, t: Number
) -> dict[tuple[int, ...], Fraction]:
    """The probability of each sequence (e_1, ..., e_T), after a fresh build and after every oblivious stream.

    A Fraction or an integer of f decides ties exactly. The work grows like the factorial of the number of elements.

    Proof
    -----
    Assumes: the updates do not depend on the coins (a hypothesis of the statement).

    Proof: By the definition of a build, e_i is uniform in R_i given T >= i and e_1, ..., e_{i-1}. An insertion keeps
    this: in a pool that has m elements with the new one, the new one becomes e_i with probability 1 / m, and the old
    uniform choice stays with probability (m - 1) / m. A deletion keeps it: given that e_i is not the deleted element,
    it is uniform on the rest of R_i, and given that it is, all levels from i on are built afresh. Updates that do not
    depend on the coins put no condition on them. The enumeration follows the definition, level by level.
    """
    if not callable(f):
        raise must("f", "a function of tuples of elements", f, TypeError)
    if not is_iterable(V):
        raise must("V", "integers", V, TypeError)
    present = [integer("V", v, low=0) for v in V]
    law: dict[tuple[int, ...], Fraction] = {}

    def descend(sequence: tuple[int, ...], pool: list[int], chance: Fraction) -> None:
        base = f(sequence)
        pool = [v for v in pool if v not in sequence and f((*sequence, v)) - base >= t]
        if not pool or len(sequence) == k:
            law[sequence] = chance
            return
        for v in pool:
            descend((*sequence, v), pool, chance / len(pool))

    descend((), sorted(present), Fraction(1))
    return law


def law_of(fixed: Fixed) -> dict[tuple[int, ...], Fraction]:
    """Return the probability of every sequence after a fresh build from the elements present at the end."""
    updates = fixed.updates
    elements = np.flatnonzero(updates.present[-1]).tolist()
    value = lambda chosen: updates.function.values[mask_of(chosen)]
    return build_law(value, elements, updates.k, updates.threshold)


#: two pairs that hide each other, and one that is alone; deletions of what was sampled early, and a return
PAIRS = set_function(
    "coverage", np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]) > 0
)

HIDING = Fixed(Updates(PAIRS, np.array([0, 2, 1, ~0, 3, 4, ~2, 0, 2, ~3]), 2, 0.25, 4.0))


def draw_fixed(draws: Draws) -> Fixed:
    """Draw three or four elements, at most two to choose, a few updates: at most a dozen sequences."""
    n, k = draws.integers(3, 4), draws.integers(1, 2)
    function = draw_function(draws, n, ("coverage", "facility"))
    guess = max(1.0, float(function.values.max())) * draws.choice((0.25, 0.5, 1.0))
    return Fixed(Updates(function, draw_ops(draws, n, 8), k, 0.25, guess))


FIXED = Family(
    "fixed-streams",
    always=(
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, ~0, 3, ~1, 0]), 1, 0.25, 2.0)),
        HIDING,
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, 3, ~1, 1]), 3, 0.25, 6.0)),
    ),
    draw=draw_fixed,
)

HIDDEN_PAIRS = Family("hidden-pairs", always=(HIDING,))


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


def exact_law(fixed: Fixed) -> list[Fraction]:
    """Return the same probabilities as Fractions, and that of no other sequence."""
    return [*law_of(fixed).values(), Fraction(0)]


def all_coins(lengths: str, first: int, last: int, members: int, **options: Any) -> Coins:
    """Return the set of all streams of some lengths, with all coins of each."""
    return Coins(
        f"pairs of a stream of {lengths} {OF_FUNCTIONS}, {BY_NAMES}",
        lambda: map(Fixed, short_streams(*range(first, last + 1))),
        members,
        law=exact_law,
        walk=lambda fixed: walk_of(fixed.updates),
        invisible={
            "never replaced from the third level on": "of three elements none meets a third level that holds one"
        },
        **options,
    )


DS_T4 = Statement(
    id="dynamic_submodular/DS-T4",
    title="After any fixed stream the samples have the law of a fresh build",
    says="After any stream that is fixed in advance, e_i is uniformly random in its pool R_i, given e_1, ..., "
    "e_{i-1} and that the sequence has T >= i elements. So the sequence has the law of one that is built afresh from "
    "the present elements.",
    source=Derived(build_law),
    tex=r"e_i \sim \mathrm{Uniform}(R_i) \text{ given } T \ge i, e_1, \dots, e_{i-1}",
    hypotheses={name: (lambda fixed, holds=holds: holds(fixed.updates)) for name, holds in HYPOTHESES.items()},
    instances=FIXED,
    for_all=(all_coins("one to four", 1, 4, 226), all_coins("five", 5, 5, 447, budget="thorough")),
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
