"""Random partitions into groups, whose mean places put documents into order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, OutcomeError, Probability, Statement, saboteur
from lrtheory.reranking import rerank
from lrtheory.reranking.theory import partitions_needed
from proofs_checks.reranking.groups.captures import BLOCKS


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


def mean_places(case: Averaged, rng: np.random.Generator, n: int, part: int = 1) -> np.ndarray:
    """Return the order by mean places within groups in each run, by the library; `part` divides the partitions."""
    T = max(1, partitions_needed(case.n, case.c, gap=case.h, delta=case.delta) // part)
    places = np.array(case.places)
    judge = lambda documents: documents[np.argsort(places[documents])]
    rank = partial(rerank, judge, case.n, case.n, strategy="groupwise", size=case.c, partitions=T)
    return np.array([rank(rng=rng).order for _ in range(n)])


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
    return Averaged(tuple(draws.permutation(4 * c).tolist()), c, draws.integers(2 * c, 3 * c), 0.1)


AVERAGED = Family(
    "averaged-groups",
    always=(
        Averaged(tuple(reversed(range(20))), 5, 10, 0.1),
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
        saboteur("groups are cut from the list as it stands", patch=BLOCKS),
    ),
    notes="23 partitions of 40 documents into groups of ten order what is ten places apart, with delta = 0.1.",
)
