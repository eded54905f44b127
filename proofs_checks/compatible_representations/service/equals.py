"""Average compatibility, the share of pairs of versions that are compatible, of versions that are equally good.

M[i, j] is the accuracy of version i on the gallery of version j, and version i is compatible with j < i if M[i, j] >
M[j, j].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Expectation, Family, Statement, saboteur
from lrtheory.compatible_representations.theory import average_compatibility, average_compatibility_of_equals


@dataclass(frozen=True)
class Equals:
    """The number of versions, of queries behind each accuracy, and the probability of a hit."""

    n_versions: int
    n_queries: int
    accuracy: float


def has_pairs(case: Equals) -> bool:
    """Decide whether there are two or more versions, and hits as well as misses."""
    return case.n_versions > 1 and case.n_queries > 0 and 0 < case.accuracy < 1


EQUALS = Family(
    "equal-versions",
    always=(Equals(4, 20, 0.9), Equals(4, 200, 0.9), Equals(5, 20, 0.5), Equals(6, 200, 0.99)),
    draw=lambda draws: Equals(draws.integers(4, 6), draws.integers(5, 300), draws.integers(1, 19) / 20),
)


@dataclass(frozen=True)
class Averaged:
    """The matrix of accuracies of each run, zero above the diagonal, and its average compatibility."""

    matrices: np.ndarray
    averages: np.ndarray


def drawn(case: Equals, rng: np.random.Generator, n: int, *, shared: bool = False) -> np.ndarray:
    """Draw matrices of independent accuracies, or of versions whose hits are the same on one gallery."""
    T = case.n_versions
    hits = rng.binomial(case.n_queries, case.accuracy, size=(n, T, T))
    if shared:
        hits = np.broadcast_to(hits[:, :1], hits.shape)
    return np.tril(hits / case.n_queries)


def averaged(case: Equals, rng: np.random.Generator, n: int, *, shared: bool = False) -> Averaged:
    """Let the library average the compatibility of each run."""
    matrices = drawn(case, rng, n, shared=shared)
    return Averaged(matrices, np.array([average_compatibility(one) for one in matrices]))


def with_ties(case: Equals, rng: np.random.Generator, n: int) -> Averaged:
    """Count ties as compatible."""
    matrices = drawn(case, rng, n)
    return Averaged(matrices, by_definition(matrices, np.greater_equal))


def by_definition(matrices: np.ndarray, is_better: Callable[..., np.ndarray] = np.greater) -> np.ndarray:
    """Return the share of pairs j < i with M[i, j] above M[j, j], of each matrix."""
    i, j = np.tril_indices(matrices.shape[1], -1)
    return is_better(matrices[:, i, j], matrices[:, j, j]).mean(1)


def counted(case: Equals, found: Averaged) -> np.ndarray:
    """Return average compatibility by its definition; where another one is reported, 1 minus that."""
    due = by_definition(np.asarray(found.matrices, float))
    return np.where(np.abs(found.averages - due) <= 1e-12, due, np.where(due > 0.5, 0.0, 1.0))


def of_equals(ties: bool = True) -> Expectation:
    """Return the claim about the mean of average compatibility, up to a twentieth."""
    return Expectation(
        sample=counted,
        support=lambda case: (0.0, 1.0),
        equals=lambda case: (
            average_compatibility_of_equals(float(case.accuracy), n_queries=case.n_queries) if ties else 0.5
        ),
        within=lambda case: 0.05,
    )


SX_10 = Statement(
    id="compatible_representations/SX-10",
    title="Equally good versions are compatible less than half of the time",
    says=(
        "If the accuracies M[i, j] and M[j, j] are independent and have one law, and P(tie) is the probability that "
        "they are equal, the mean of average compatibility AC, the share of pairs j < i with M[i, j] > M[j, j], is (1 "
        "- P(tie)) / 2."
    ),
    source=Derived(average_compatibility_of_equals),
    tex=r"\mathbb E\, AC = (1 - P(\text{tie})) / 2",
    hypotheses={"two or more versions, with hits and misses": has_pairs},
    instances=EQUALS,
    solve=averaged,
    decisions=("matrices",),
    claim=of_equals(),
    saboteurs=(
        saboteur("ties are compatible", solve=with_ties),
        saboteur("versions with the same hits", solve=partial(averaged, shared=True)),
        saboteur("a half, whatever the ties", claim=of_equals(ties=False)),
    ),
    notes="On one set of queries ties are more frequent: versions with the same hits have AC = 0.",
)
