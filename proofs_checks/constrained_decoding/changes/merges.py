"""New items: an overlay beside the index, and merges of both.

An overlay of more than alpha times as many items as the index has is merged with it. A merge moves all rows, and an
insertion moves one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    UNFIT,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.constrained_decoding import LiveIndex
from proofs_checks.constrained_decoding.families.languages import (
    Language,
    Prefix,
    all_sequences,
    has_one_length,
    indexed,
)


@dataclass(frozen=True)
class Growing(Language):
    """A language, new sequences that come one after the other, and alpha in quarters."""

    new: tuple[Prefix, ...]
    quarters: int

    @property
    def alpha(self) -> Fraction:
        """The largest size of the overlay as a share of the index."""
        return Fraction(self.quarters, 4)


def growing(start: int, n: int, quarters: int, order: list[int] | None = None) -> Growing:
    """Make a catalogue of the first of 128 items of seven bits in an order, the next ones of which come later."""
    every = all_sequences(2, 7)
    rows = [every[place] for place in order or range(len(every))]
    return Growing(tuple(rows[:start]), 2, tuple(rows[start : start + n]), quarters)


def draw_growing(draws: Draws) -> Growing:
    """Draw a catalogue of up to forty items, to which up to eighty come."""
    order = draws.permutation(128).tolist()
    return growing(draws.integers(1, 40), draws.integers(1, 80), draws.integers(1, 12), order)


GROWING = Family(
    "growing-catalogues",
    always=(growing(1, 2, 4), growing(40, 6, 4), growing(3, 30, 1), growing(5, 60, 9)),
    tight=(Tight(growing(40, 41, 4), 0.9, 1.0),),  # whose last insertion merges
    draw=draw_growing,
)


@dataclass(frozen=True)
class Moved:
    """The rows that were moved so far, and the items that live, after each insertion."""

    rows: np.ndarray
    alive: np.ndarray


def moved(case: Growing, rng: np.random.Generator) -> Moved:
    """Insert one sequence after the other into the library's live index."""
    live, rows, alive = LiveIndex(indexed(case), alpha=case.quarters / 4), [], []
    for sequence in case.new:
        live.insert([list(sequence)])
        rows.append(live.n_moved)
        alive.append(live.n_alive)
    return Moved(np.array(rows), np.array(alive))


@formula(n="[0, inf)", alpha="(0, inf)")
def most_moved(n: int, alpha: Number) -> Number:
    """The rows that n insertions move are at most this.

    Proof
    -----
    Assumes: new items only, and no deletions (the instances); a merge as soon as the overlay holds more than alpha
    times as many items as the index, which has at least one (the library).

    Proof: let merge j bring o_j items of the overlay to N_j of the index. It moves N_j + o_j rows, and o_j > alpha N_j,
    so that this is below (1 + 1 / alpha) o_j. No item is brought twice, so that the sum of o_j is at most n, and all
    merges move at most n (1 + alpha) / alpha rows. The insertions themselves move n.
    """
    return n * (1 + (1 + alpha) / alpha)


def within_moves(case: Growing, found: Moved, each: bool = False) -> Sides:
    """Compare the moved rows after each insertion with the bound; a catalogue that lost an item is unfit."""
    n = [t + 1 for t in range(len(case.new))]
    N = len(case.items)
    complete = np.array_equal(found.alive, [N + t for t in n])
    most = [most_moved(t, case.alpha) if not each else t for t in n]
    return Sides(found.rows.tolist(), most if complete else [UNFIT] * len(n), trivial=[t * (t + N + 1) for t in n])


ST_11 = Statement(
    id="constrained_decoding/ST-11",
    title="New items move each row a bounded number of times",
    says=(
        "If the overlay is merged as soon as it holds more than alpha times as many items as the index, n insertions "
        "of new items move at most n (1 + (1 + alpha) / alpha) rows in all, the insertions themselves counted."
    ),
    source=Derived(most_moved),
    tex=r"\text{moved} \le n \Bigl(1 + \frac{1 + \alpha}{\alpha}\Bigr)",
    hypotheses={
        "sequences of one length": has_one_length,
        "new items only": lambda case: len({*case.rows, *case.new}) == len(case.rows) + len(case.new),
    },
    instances=GROWING,
    solve=moved,
    closed="the moved rows are counted by our own index",
    claim=Inequality(within_moves),
    saboteurs=(
        saboteur(
            "a merge at every insertion",
            patch=(LiveIndex._add, "len(self._overlay) > self.alpha * len(self._numbers)", "len(self._overlay) > 0"),
        ),
        saboteur(
            "a merge at every third insertion",
            patch=(LiveIndex._add, "len(self._overlay) > self.alpha * len(self._numbers)", "len(self._overlay) > 2"),
        ),
        saboteur("no row is moved again", claim=Inequality(partial(within_moves, each=True))),
    ),
    notes="Any alpha above 0, also above 1; the paper leaves a catalogue that changes to future work.",
)
