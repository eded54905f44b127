"""An instance on which guesses get no more than one half, and the price of more."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Number,
    Probability,
    Recorded,
    Statement,
    formula,
    saboteur,
)
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, maximize, theory
from proofs_checks.dynamic_submodular.families.runs import chosen, filled, is_set
from proofs_checks.dynamic_submodular.families.tight import Trap

#: a grid so coarse that few units of it put a guess between 1 and `TOTAL`
EPSILON = 0.5


@formula(k="[1, inf)", n_X="[0, inf)", n_d="[0, inf)", n_high="[0, inf)", n_low="[0, inf)")
def tight_failure_probability(k: int, n_X: int, n_d: int, n_high: int, n_low: int) -> Fraction:
    """Bound on the chance that some guess escapes the trap.

    Proof
    -----
    Assumes: the elements arrive in an order that does not depend on the coins, and no guess lies between the decoys and
    OPT (hypotheses of the statement).

    Proof: A high guess escapes the trap only if its first element, which is uniform among n_X copies of the bait and k
    blocks, is a block. A low guess escapes only if one of its first k elements is a copy or a block. As long as all are
    decoys, they are drawn like the first entries of a uniform permutation of all n_d + n_X + k elements, and each entry
    of it is a copy or a block with probability (n_X + k) / (n_d + n_X + k). The union bound over guesses and entries
    adds these up.
    """
    special = n_X + k
    return n_high * Fraction(k, special) + n_low * Fraction(k * special, n_d + special)


def failure_bound(trap: Trap) -> float:
    """Return the bound on the chance that some guess escapes, all of a table counted as high and as low ones."""
    n_guesses = theory.guesses_per_element(trap.k, EPSILON)
    return float(tight_failure_probability(trap.k, trap.n_identical, trap.n_decoys, n_guesses, n_guesses))


#: OPT, a little above 1: guesses up to 1 fill with decoys, and guesses above OPT take the bait
TOTAL = 1.001


def unit_of(trap: Trap, v: int) -> float:
    """Return the value of one element alone."""
    k = trap.k
    if v < k:
        return TOTAL / k
    return TOTAL / 2 if v < k + trap.n_identical else (1 + 1e-9) / (2 * k)


def is_between(trap: Trap) -> bool:
    """Return whether some grid has a guess between the decoys and OPT, which would escape the trap.

    A grid runs through the value of the first element, which is a block, the bait or a decoy.
    """
    units = (unit_of(trap, v) for v in (0, trap.k, trap.k + trap.n_identical))
    grids = [unit * (1 + EPSILON) ** np.arange(-60, 61) for unit in units]
    return any(((grid > 1 + 1e-9) & (grid <= TOTAL)).any() for grid in grids)


def objective(trap: Trap) -> Coverage:
    """Make the coverage: items are first halves, second halves and decoys; elements are blocks, bait copies, decoys."""
    k = trap.k
    half, decoy = TOTAL / (2 * k), (1 + 1e-9) / (2 * k)
    blocks = [[i, k + i] for i in range(k)]
    sets = [*blocks, *[list(range(k))] * trap.n_identical, *[[2 * k + i] for i in range(trap.n_decoys)]]
    return Coverage(sets, np.r_[np.full(2 * k, half), np.full(trap.n_decoys, decoy)])


def trapped(trap: Trap, rng: np.random.Generator, n: int, top_up: bool = False) -> np.ndarray:
    """Return the answers of n runs over the elements in random order, (n, k), filled up greedily with `top_up`."""
    f, rows = objective(trap), []
    for _ in range(n):
        solver = DynamicSubmodular(f, trap.k, epsilon=EPSILON, rng=rng)
        solver.update(rng.permutation(f.n))
        rows.append(solver.top_up() if top_up else solver.solution)
    return filled(rows, trap.k)


@formula(OPT="[0, inf)")
def tight_value(OPT: Number = 1) -> Number:
    """The value of the solution where the trap holds.

    Proof
    -----
    Assumes: no guess lies in (1, OPT] (a hypothesis of the statement), and the trap holds: the first sample of a larger
    guess is a copy of the bait, and those of a smaller one are decoys.

    Proof: A guess above OPT has a threshold above OPT / (2k). It takes the bait, which covers all first halves and is
    worth OPT / 2; after it a block adds its second half, OPT / (2k), which is below the threshold. A guess up to 1 is
    filled by k decoys of weight just above 1 / (2k), which are worth just above 1/2, and OPT is just above 1.
    """
    return OPT / 2


def escaped(trap: Trap, rows: np.ndarray) -> np.ndarray:
    """Return whether f of each answer is not OPT / 2, up to OPT / 8; for k = 2 the next possible value is 3 OPT / 4."""
    f = objective(trap)
    everybody = np.ones(f.n, bool)
    values = [f.value(chosen(row)) if is_set(row, everybody, trap.k) else 0.0 for row in rows]
    return np.abs(np.array(values) - tight_value(TOTAL)) > TOTAL / 8


def draw_trap(draws: Draws) -> Trap:
    """Draw two or three blocks, tens of baits and thousands of decoys."""
    # so many decoys per copy, and copies per block, that the bound is below 1
    return Trap(draws.integers(2, 3), draws.integers(50, 90), draws.integers(3000, 5000))


TIGHT = Family("tight", always=(Trap(2, 60, 3000),), draw=draw_trap)


def greedy_escapes(trap: Trap, rng: np.random.Generator, n: int) -> np.ndarray:
    """Answer with greedy selection from all elements."""
    return np.tile(maximize(objective(trap), trap.k).items, (n, 1))


def topped_up(trap: Trap, rng: np.random.Generator, n: int) -> np.ndarray:
    """Answer with the solution filled up greedily from all elements."""
    return trapped(trap, rng, n, top_up=True)


DS_T12 = Statement(
    id="dynamic_submodular/DS-T12",
    title="One half is all that guesses get: bait, decoys and blocks",
    says="On k blocks, n_X copies of a bait and n_d decoys in random order, the solution S is worth more than half "
    "of the optimum OPT with probability at most n_high k/(n_X + k) + n_low k (n_X + k)/(n_d + n_X + k); n_high "
    "guesses take the bait, n_low fill with decoys.",
    source=Derived(tight_failure_probability),
    tex=r"P[f(S) > \mathrm{OPT}/2] \le n_{\mathrm{high}} \tfrac{k}{n_X + k}"
    r" + n_{\mathrm{low}} \tfrac{k (n_X + k)}{n_d + n_X + k}",
    hypotheses={
        # a low guess fills with decoys because they are many times as many as all other elements together
        "the decoys arrive": lambda trap: trap.n_decoys >= 10 * trap.n_identical,
        "no guess lies between the decoys and the optimum": lambda trap: not is_between(trap),
        "the bound says something": lambda trap: failure_bound(trap) < 1,
    },
    instances=TIGHT,
    solve=trapped,
    claim=Probability(event=escaped, at_most=failure_bound),
    decisions=("outcome",),
    saboteurs=(
        saboteur("greedy, which looks at all of it again", solve=greedy_escapes),
        # subtle: the maintained solution is right; what is added to it afterwards are blocks, which escape the trap
        saboteur("what is free at the end is filled greedily", solve=topped_up),
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
