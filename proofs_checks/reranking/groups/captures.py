"""Random groups: how the best documents fall into them, and what place a document has within its own.

n = G c documents are put into G groups of c, all partitions being equally likely.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, Law, OutcomeError, Statement, formula, saboteur
from lrtheory.reranking import rerank
from lrtheory.reranking.strategies import groupwise
from lrtheory.reranking.theory import capture_probability, capture_recall


@dataclass(frozen=True)
class Partition:
    """Places of n documents in the true order, the size c of a group, and how many best documents are looked at."""

    places: tuple[int, ...]
    c: int
    k: int

    @property
    def n(self) -> int:
        """The number of documents."""
        return len(self.places)


def groups(case: Partition, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n partitions by the library, (n, G, c), with a judge that sorts."""
    places = np.array(case.places)
    judge = lambda documents: documents[np.argsort(places[documents])]
    found = rerank(judge, case.n, 1, strategy="groupwise", size=case.c, partitions=n, rng=rng, record=True)
    return np.array(found.transcript).reshape(n, -1, case.c)


#: groups that are cut from the list, and documents of the list that are dealt out to the groups in turn
BLOCKS = (groupwise.groupwise, "order[rng.permutation(n)]", "order")
DEALT = (
    groupwise.groupwise,
    "np.array_split(order[rng.permutation(n)], -(-n // size))",
    "[order[at :: n // size] for at in range(n // size)]",
)


def is_partition(case: Partition) -> bool:
    """Decide whether groups of c documents take all n, and k of these exist."""
    return sorted(case.places) == list(range(case.n)) and case.n % case.c == 0 and 1 <= case.k <= case.n


def placed(case: Partition, found: np.ndarray) -> np.ndarray:
    """Return the true places of the documents of each group; refuse what is no partition."""
    made = np.asarray(found)
    shape = (case.n // case.c, case.c)
    if made.shape[1:] != shape or not (np.sort(made.reshape(len(made), -1), axis=1) == np.arange(case.n)).all():
        raise OutcomeError(f"an outcome must be {shape[0]} groups of {case.c} documents for each run")
    return np.array(case.places)[made]


def draw_partition(draws: Draws) -> Partition:
    """Draw two to four groups of two to four documents, and k."""
    c = draws.integers(2, 4)
    n = c * draws.integers(2, 4)
    return Partition(tuple(draws.permutation(n).tolist()), c, draws.integers(1, n // 2))


PARTITIONS = Family(
    "partitions",
    always=(
        Partition((2, 0, 3, 1), 2, 2),
        Partition(tuple(reversed(range(12))), 4, 4),
        Partition(tuple(range(15)), 5, 5),
    ),
    draw=draw_partition,
)


def most_in_a_group(case: Partition, found: np.ndarray) -> np.ndarray:
    """Return the largest number of the best k in one group, less 1."""
    return (placed(case, found) < case.k).sum(2).max(1) - 1


def capture_law(case: Partition) -> np.ndarray:
    """Return the claimed probabilities of 1, ..., min(c, k)."""
    below = [capture_probability(case.n, case.c, case.k, kept=m) for m in range(min(case.c, case.k) + 1)]
    return np.array([float(b - a) for a, b in itertools.pairwise(below)])


def independent_law(case: Partition) -> np.ndarray:
    """Claim what independent choices of a group would give: the multinomial law."""
    G, k = case.n // case.c, case.k
    below = []
    for m in range(min(case.c, k) + 1):
        ways = [Fraction(1)]
        for _ in range(G):
            ways = [
                sum((ways[t - x] / math.factorial(x) for x in range(min(m, t) + 1) if t - x < len(ways)), Fraction(0))
                for t in range(k + 1)
            ]
        below.append(float(ways[k] * math.factorial(k) / G**k))
    below[-1] = 1.0
    return np.diff(below)


GK_2 = Statement(
    id="reranking/GK-2",
    title="How the best documents fall into random groups",
    says=(
        "n = G c documents are put into G groups of c at random. No group holds more than m of the best k with "
        "probability [z^k] (sum of C(c, x) z^x over x <= m)^G / C(n, k)."
    ),
    source=Derived(capture_probability),
    tex=r"[z^k] \Bigl(\sum_{x \le m} \binom{c}{x} z^x\Bigr)^G \Big/ \binom{n}{k}",
    hypotheses={"groups of c documents take all n": is_partition},
    instances=PARTITIONS,
    solve=groups,
    claim=Law(category=most_in_a_group, probabilities=capture_law, within=0.06),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the list is cut into groups", patch=BLOCKS),
        saboteur("the list is dealt out", patch=DEALT),
        saboteur(
            "documents choose their groups independently",
            claim=Law(category=most_in_a_group, probabilities=independent_law, within=0.06),
        ),
    ),
    notes=(
        "100 documents in groups of 20: keep four of each and rank the twenty by one more call, and the first ten are "
        "right with probability 0.873; with five of each it is 0.980."
    ),
)


# --- what is kept on average -----------------------------------------------------------------------------------------


KEPT = 2


def share_kept(case: Partition, found: np.ndarray) -> np.ndarray:
    """Return the share of the best k that is among the best two of their groups."""
    return np.minimum((placed(case, found) < case.k).sum(2), KEPT).sum(1) / case.k


def kept(m: int = KEPT) -> Expectation:
    """Return the claim about the mean share that is kept."""
    return Expectation(
        sample=share_kept,
        support=lambda case: (0.0, 1.0),
        equals=lambda case: float(capture_recall(case.n, case.c, case.k, kept=m)),
        within=lambda case: 0.05,
    )


GK_2_RECALL = Statement(
    id="reranking/GK-2-recall",
    title="What random groups keep of the best",
    says=(
        "If each of G random groups of c out of n = G c documents keeps its best m, here 2, the mean share of the best "
        "k that is kept is (G / k) times the sum of min(x, m) C(c, x) C(n - c, k - x) / C(n, k)."
    ),
    source=Derived(capture_recall),
    tex=r"\frac{G}{k} \sum_x \min(x, m) \binom{c}{x} \binom{n - c}{k - x} / \binom{n}{k}",
    hypotheses={"groups of c documents take all n": is_partition},
    instances=Family("kept", always=PARTITIONS.smallest()[1:], draw=draw_partition),
    solve=groups,
    claim=kept(),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the list is cut into groups", patch=BLOCKS),
        saboteur("the list is dealt out", patch=DEALT),
        saboteur("three are kept", claim=kept(3)),
    ),
)


# --- places within a group -------------------------------------------------------------------------------------------


@formula(n="[3, inf)", c="[2, n]", rho="[0, n)")
def group_place_law(n: int, c: int, rho: int) -> list[Fraction]:
    """The probabilities of the places 0, ..., c - 1 within its group of a document that rho documents are better than.

    Proof
    -----
    Assumes: all partitions are equally likely.

    Proof: the c - 1 others of the group are drawn without replacement from n - 1 documents, of which rho are better:
    the hypergeometric law. With p = rho / (n - 1) its mean is (c - 1) p and its variance
    (c - 1) p (1 - p) (n - c) / (n - 2). The mean is affine in the true place, with the same factor for all documents,
    so that means over random partitions put groups together without bias.
    """
    total = math.comb(n - 1, c - 1)
    return [Fraction(math.comb(rho, x) * math.comb(n - 1 - rho, c - 1 - x), total) for x in range(c)]


def place_within(case: Partition, found: np.ndarray) -> np.ndarray:
    """Return the place within its group of the document at the true place k - 1, which k - 1 are better than."""
    places = placed(case, found)
    own = (places == case.k - 1).any(2)
    return ((places < case.k - 1).sum(2) * own).sum(1)


def place_law(case: Partition) -> np.ndarray:
    """Return the claimed probabilities."""
    return np.array([float(p) for p in group_place_law(case.n, case.c, case.k - 1)])


def binomial_law(case: Partition) -> np.ndarray:
    """Claim the law of draws with replacement, whose variance lacks the factor (n - c) / (n - 2)."""
    p, others = (case.k - 1) / (case.n - 1), case.c - 1
    return np.array([math.comb(others, x) * p**x * (1 - p) ** (others - x) for x in range(case.c)])


GK_3 = Statement(
    id="reranking/GK-3",
    title="The place within a random group is hypergeometric",
    says=(
        "A document that rho of n documents are better than has within its random group of c a hypergeometric number "
        "of better ones: with p = rho / (n - 1) the mean is (c - 1) p and the variance "
        "(c - 1) p (1 - p) (n - c) / (n - 2)."
    ),
    source=Derived(group_place_law),
    tex=r"P(x) = \binom{\rho}{x} \binom{n - 1 - \rho}{c - 1 - x} / \binom{n - 1}{c - 1}",
    hypotheses={"groups of c documents take all n >= 3": lambda case: is_partition(case) and case.n >= 3},
    instances=Family(
        "places-in-groups",
        always=(
            Partition((2, 0, 3, 1), 2, 2),
            Partition(tuple(reversed(range(6))), 3, 4),
            Partition(tuple(range(8)), 4, 5),
        ),
        draw=draw_partition,
    ),
    solve=groups,
    claim=Law(category=place_within, probabilities=place_law, within=0.06),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the list is cut into groups", patch=BLOCKS),
        saboteur("the list is dealt out", patch=DEALT),
        saboteur("draws with replacement", claim=Law(category=place_within, probabilities=binomial_law, within=0.06)),
    ),
    notes="With groups of two a draw with replacement has the same law.",
)
