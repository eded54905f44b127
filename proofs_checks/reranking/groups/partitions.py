"""Random partitions into groups, whose mean places put documents into order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Number, OutcomeError, Probability, Statement, formula, saboteur


@dataclass(frozen=True)
class Averaged:
    """True places of n documents, the size c of a group, the difference h of places, and the probability delta."""

    places: tuple[int, ...]
    c: int
    h: int
    delta: float

    @property
    def n(self) -> int:
        """The number of documents."""
        return len(self.places)


@formula(n="[2, inf)", c="[2, n]", h="[1, inf)", delta="(0, 1)")
def partitions_needed(n: int, c: int, h: int, delta: Number) -> int:
    """The number T of random partitions from which on mean places order what is h places apart.

    Proof
    -----
    Assumes: partitions are independent and uniform, groups are sorted rightly, and c divides n (hypothesis of GK-4).

    Proof: let p = rho / (n - 1) for a document that rho are better than. Over T partitions its places within groups add
    up to a sum of T independent hypergeometric numbers, which is below a binomial one of T (c - 1) draws of mean p in
    the convex order, so that Hoeffding's bound holds for it (Hoeffding 1963, section 6). The mean over T (c - 1) draws
    differs from p by h / (2 (n - 1)) or more with probability at most 2 exp(-T (c - 1) h^2 / (2 (n - 1)^2)). Outside of
    these n events documents whose rho differ by h are in the right order, and n times that bound is at most delta.
    """
    return math.ceil(2 * (n - 1) ** 2 / ((c - 1) * h * h) * math.log(2 * n / delta))


def mean_places(case: Averaged, rng: np.random.Generator, n: int, part: int = 1, blocks: bool = False) -> np.ndarray:
    """Return the order by mean places within groups in each run; with `blocks` groups are cut from the list."""
    T = max(1, partitions_needed(case.n, case.c, case.h, case.delta) // part)
    total, places = np.zeros((n, case.n), np.int64), np.array(case.places)
    for _ in range(T):
        drawn = np.tile(np.arange(case.n), (n, 1))
        drawn = (drawn if blocks else rng.permuted(drawn, axis=1)).reshape(n, -1, case.c)
        within = np.argsort(np.argsort(places[drawn], axis=2), axis=2)
        for run, (documents, rank) in enumerate(zip(drawn.reshape(n, -1), within.reshape(n, -1), strict=True)):
            total[run, documents] += rank
    return np.argsort(total, axis=1, kind="stable")


def far_pair_is_wrong(case: Averaged, found: np.ndarray) -> np.ndarray:
    """Mark the runs in which two documents whose places differ by h or more are in the wrong order."""
    orders = np.asarray(found)
    if orders.shape[1:] != (case.n,) or not (np.sort(orders, axis=1) == np.arange(case.n)).all():
        raise OutcomeError(f"an outcome must be an order of {case.n} documents for each run")
    places = np.array(case.places)[orders]
    return (np.maximum.accumulate(places, axis=1) - places >= case.h).any(axis=1)


def is_averaged(case: Averaged) -> bool:
    """Decide whether groups of c documents take all n, and some places differ by h."""
    return sorted(case.places) == list(range(case.n)) and case.n % case.c == 0 and case.h < case.n


def draw_averaged(draws: Draws) -> Averaged:
    """Draw four groups of four or five documents."""
    c = draws.integers(4, 5)
    return Averaged(tuple(draws.permutation(4 * c).tolist()), c, draws.integers(c, 2 * c), 0.1)


AVERAGED = Family(
    "averaged-groups",
    always=(
        Averaged(tuple(reversed(range(20))), 5, 5, 0.1),
        Averaged((3, 1, 4, 0, 5, 2, 11, 9, 10, 7, 8, 6), 4, 4, 0.1),
    ),
    draw=draw_averaged,
)

GK_4 = Statement(
    id="reranking/GK-4",
    title="How many random partitions order what is far apart",
    says=(
        "The mean places within groups over T independent random partitions of n documents into groups of c order all "
        "pairs whose places differ by h or more, with probability at least 1 - delta, if T is at least "
        "2 (n - 1)^2 / ((c - 1) h^2) ln(2 n / delta)."
    ),
    source=Derived(partitions_needed),
    tex=r"T \ge \frac{2 (n - 1)^2}{(c - 1) h^2} \ln \frac{2 n}{\delta}",
    hypotheses={"groups of c documents take all n, and some places differ by h": is_averaged},
    instances=AVERAGED,
    solve=mean_places,
    claim=Probability(event=far_pair_is_wrong, at_most=lambda case: case.delta),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a twelfth of the partitions", solve=partial(mean_places, part=12)),
        saboteur("groups are cut from the list as it stands", solve=partial(mean_places, blocks=True)),
    ),
    notes="23 partitions of 40 documents into groups of ten order what is ten places apart, with delta = 0.1.",
)
