"""A contrastive loss between old and new features, as it is meant and as it was released.

s_ij is the cosine of the old feature of item i and the new feature of item j of a batch, and mu a positive factor. Item
i has the loss -mu s_ii + log sum of exp(mu s_ij) over the items j of other classes; n_i is the number of items of its
class.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Number,
    Sides,
    Statement,
    exp,
    formula,
    log,
    rounding,
    saboteur,
)


@dataclass(frozen=True)
class Batch:
    """Cosines in hundredths, old features in the rows and new ones in the columns; classes of the items; and mu."""

    hundredths: np.ndarray
    classes: tuple[int, ...]
    mu: int


def has_two_classes(case: Batch) -> bool:
    """Decide whether there are items of two classes, and cosines of all of them."""
    n = len(case.classes)
    return case.hundredths.shape == (n, n) and len(set(case.classes)) > 1 and case.mu > 0


def draw_batch(draws: Draws) -> Batch:
    """Draw up to eight items of two or three classes."""
    n = draws.integers(2, 8)
    classes = draws.integers(0, 2, shape=(n,))
    classes[:2] = 0, 1
    return Batch(draws.integers(-100, 100, shape=(n, n)), tuple(classes.tolist()), draws.choice((1, 3, 10)))


def of_simplex(sizes: tuple[int, ...], mu: int) -> Batch:
    """Make a batch whose features are all at the prototypes of their classes, a simplex of three or five vertices."""
    K = len(sizes)
    classes = np.repeat(np.arange(K), sizes)
    cosines = np.where(np.equal.outer(classes, classes), 100, -100 // (K - 1))
    return Batch(cosines, tuple(classes.tolist()), mu)


BATCHES = Family(
    "contrastive-batches",
    always=(
        Batch(np.array([[100, 0], [0, 100]]), (0, 1), 1),
        of_simplex((2, 1, 3), 10),
        of_simplex((13, 13, 12, 13, 12), 10),
        Batch(np.array([[50, 20, -30], [10, 80, 90], [0, -40, 70]]), (0, 0, 1), 3),
    ),
    draw=draw_batch,
)


def losses(case: Batch) -> tuple[float, float]:
    """Return the mean loss as it is meant, and as released: similarities of items of one class count as 0."""
    s, other = np.asarray(case.hundredths, float) / 100, np.not_equal.outer(case.classes, case.classes)
    own = case.mu * np.diagonal(s)
    powers = np.exp(case.mu * s)
    meant = np.log(np.where(other, powers, 0.0).sum(1)) - own
    released = np.log(np.exp(case.mu * np.where(other, s, 0.0)).sum(1)) - own
    return float(meant.mean()), float(released.mean())


def difference(case: Batch, rng: np.random.Generator, *, kind: str = "") -> float:
    """Compute what the released loss has more, or something that is wrong."""
    meant, released = losses(case)
    return {"": released - meant, "none": 0.0, "turned": meant - released}[kind]


@formula(n_i="[1, inf)", others="(0, inf)")
def masked_excess(n_i: int, others: Number) -> Number:
    """The excess of the released loss of item i, for the sum of exp(mu s_ij) over items of other classes (`others`).

    Proof
    -----
    Assumes: similarities s_ij of items of one class, i among them, are put to 0 and stay in the sum.

    Proof: each of these n_i items adds e^0 = 1 to the sum, whose logarithm grows by log(1 + n_i / others).
    """
    return log(1 + n_i / others)


def as_masked(case: Batch, found: float, alone: bool = False) -> Sides:
    """Compare the difference with the mean excess of the items."""
    excess = []
    for row, y in zip(np.asarray(case.hundredths), case.classes, strict=True):
        others = sum(float(exp(case.mu * float(x) / 100)) for x, c in zip(row, case.classes, strict=True) if c != y)
        n_i = sum(c == y for c in case.classes)
        excess.append(masked_excess(1 if alone else n_i, others))
    size = 4.0 * (case.mu + len(excess) + 1)
    return Sides([found], [sum(excess) / len(excess)], rounding=[float(rounding(64 + 8 * len(excess) ** 2, size))])


SX_15 = Statement(
    id="compatible_representations/SX-15",
    title="A mask of zeros leaves pairs of one class in a contrastive loss",
    says=(
        "If similarities s_ij of items of one class are multiplied by 0 and not left out, the contrastive loss is "
        "larger by the mean of log(1 + n_i / sum of exp(mu s_ij) over the items j of other classes), n_i being the "
        "number of items of the class of i and mu the factor of the loss."
    ),
    source=Derived(masked_excess),
    tex=(
        r"\ell_{\text{released}} - \ell"
        r" = \tfrac1B \sum_i \log(1 + n_i / \textstyle\sum_{j : y_j \ne y_i} e^{\mu s_{ij}})"
    ),
    hypotheses={"items of two classes": has_two_classes},
    instances=BATCHES,
    solve=difference,
    closed="the claim is about two forms of a formula",
    claim=Identity(as_masked),
    saboteurs=(
        saboteur("as released: a mask of zeros changes nothing", solve=partial(difference, kind="none"), printed=True),
        saboteur("the released loss is smaller", solve=partial(difference, kind="turned")),
        saboteur("the item itself alone", claim=Identity(partial(as_masked, alone=True))),
    ),
    notes="In a batch of one class the loss that is meant is minus infinity, and the released one is finite.",
)
