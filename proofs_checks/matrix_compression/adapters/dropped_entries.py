"""Updates of which entries are dropped at random, and the others enlarged: the sum on average, and how far from it.

D_i are updates, with their weights in them, and every entry of each is kept with the probability q, independently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_compression.adapters import targets
from proofs_checks.matrix_compression.families.exact import norm


@dataclass(frozen=True)
class Dropped:
    """Updates (K, m, n) of few entries, and the share q of them that is kept on average."""

    updates: np.ndarray
    density: float


def are_few_entries(case: Dropped) -> bool:
    """Decide whether there are at most ten entries, all finite, so that all ways of dropping can be told."""
    fits = case.updates.ndim == 3 and 0 < case.updates.size <= 10 and np.isfinite(case.updates).all()
    return bool(fits and 0 < case.density <= 1)


@dataclass(frozen=True)
class Average:
    """The mean over all ways of dropping: of the matrix that is left, and of its squared distance from the sum."""

    mean: np.ndarray
    square: float


def averaged(case: Dropped, rng: np.random.Generator | None = None) -> Average:
    """Let the library drop entries in every way there is, and average by the probability of each."""
    updates, q = list(case.updates), case.density
    mean, square, whole = np.zeros(case.updates.shape[1:]), 0.0, case.updates.sum(axis=0)
    for kept in itertools.product((False, True), repeat=case.updates.size):
        masks = list(np.array(kept).reshape(case.updates.shape))
        chance = q ** sum(kept) * (1 - q) ** (len(kept) - sum(kept))
        made = targets.dropped(updates, masks, q)
        mean, square = mean + chance * made, square + chance * norm(made - whole) ** 2
    return Average(mean, square)


@formula(squares="[0, inf)", q="(0, 1]")
def dropped_energy(squares: Numbers, q: Number) -> Numbers:
    r"""Expected squared distance from the sum that an update adds whose squared norm is `squares`.

    Proof
    -----
    Assumes: entries are kept independently, each with the probability q (the hypothesis of the statement).

    Proof: an entry x becomes x / q with the probability q and 0 else, so its mean is x, and its variance x^2 / q - x^2
    = x^2 (1 - q) / q. Variances of independent entries add up, over one update and over several.
    """
    return squares * (1 - q) / q


def on_average(case: Dropped, found: Average, share: float = 1.0) -> Sides:
    """Compare the mean with the sum, entry by entry, and the mean squared distance with the formula."""
    squares = np.array([norm(one) ** 2 for one in case.updates])
    expected = share * float(np.sum(dropped_energy(squares, case.density)))
    lhs = np.r_[np.asarray(found.mean).ravel(), found.square]
    rhs = np.r_[case.updates.sum(axis=0).ravel(), expected]
    load = np.r_[np.full(lhs.size - 1, np.abs(case.updates).sum()), squares.sum()] / case.density**2
    return Sides(lhs, rhs, rounding=rounding(2.0 ** (case.updates.size + 4), load))


def not_divided(case: Dropped, found: Average) -> Sides:
    """Compare with the squares of what is dropped: the false claim that the others stay as they are."""
    return on_average(case, found, share=case.density)


def draw_dropped(draws: Draws) -> Dropped:
    """Draw one or two updates of at most four entries."""
    count, m, n = draws.integers(1, 2), draws.integers(1, 2), draws.integers(1, 2)
    updates = draws.integers(-4, 4, shape=(count, m, n)).astype(float)
    return Dropped(updates * 2.0 ** draws.choice((0, 0, 30, -60)), draws.choice((0.25, 0.5, 0.75, 0.9, 1.0)))


def climb_dropped(case: Dropped, draws: Draws) -> Dropped:
    """Change how many are kept."""
    return replace(case, density=min(1.0, max(0.05, case.density * draws.choice((0.8, 1.25)))))


DROPPED = Family(
    "dropped-entries",
    always=lambda: (
        Dropped(np.array([[[3.0, -1.0], [0.0, 2.0]], [[1.0, 1.0], [-2.0, 4.0]]]), 0.5),
        Dropped(np.array([[[1.0]]]), 0.25),
        Dropped(np.array([[[1.0, -2.0, 3.0]]]), 0.75),
        Dropped(np.array([[[1.0, 5.0]]]), 1.0),
    ),
    draw=draw_dropped,
    climb=climb_dropped,
)


def four_entries() -> Iterator[Dropped]:
    """Yield two updates of two entries from -1 to 2, of which a quarter, a half or three quarters are kept."""
    for entries in itertools.product(range(-1, 3), repeat=4):
        updates = np.reshape(entries, (2, 1, 2)).astype(float)
        yield from (Dropped(updates, quarters / 4) for quarters in (1, 2, 3))


MG_4 = Statement(
    id="matrix_compression/MG-4",
    title="Dropping entries at random keeps the sum on average, and errs by a known variance",
    says=(
        "Of updates D_i, with their weights in them, every entry is kept with the probability q, independently, and "
        "what is kept is divided by q and added up. On average over all that can be kept this is the sum of all D_i, "
        "and its squared distance from the sum is (1 - q) / q times the sum of |D_i|^2."
    ),
    source=Derived(dropped_energy),
    tex=r"\mathbb E\,T = \sum_i D_i,\quad \mathbb E\,\|T - \textstyle\sum_i D_i\|^2 = \tfrac{1 - q}{q}\sum_i\|D_i\|^2",
    hypotheses={"few entries, and a share above 0": are_few_entries},
    instances=DROPPED,
    for_all=(
        All(
            "triples of two updates of two whole entries from -1 to 2 and a share of 1/4, 1/2 or 3/4 that is kept",
            four_entries,
            members=768,
        ),
    ),
    solve=averaged,
    claim=Identity(on_average),
    saboteurs=(
        saboteur(
            "what is kept stays as it is", patch=(targets.dropped, "return found / density", "return found / 1.0")
        ),
        saboteur("the squares of what is dropped", claim=Identity(not_divided)),
        saboteur(
            "the root of the share",
            patch=(targets.dropped, "return found / density", "return found / density**0.5"),
        ),
    ),
)
