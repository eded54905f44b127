"""No algorithm completes a row that is seen too little, so a sample must be dense enough."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    OutcomeError,
    Probability,
    Recorded,
    Statement,
    always,
    saboteur,
)
from lrtheory.matrix_completion import Observations, complete, sample_mask, theory
from proofs_checks.matrix_completion.families.samples import Coverage


def completed(coverage: Coverage, rng: np.random.Generator, n: int) -> np.ndarray:
    """Complete n fresh samples; the matrices, of shape (runs, m, n), with zeros for a sample without entries."""
    found, matrix = np.zeros((n, *coverage.shape)), coverage.truth
    for one in found:
        rows, cols = sample_mask(coverage.shape, coverage.density, rng=rng)
        if len(rows):
            seen = Observations(rows, cols, matrix[rows, cols], coverage.shape)
            one[:] = complete(seen, coverage.rank, max_iter=10).block()
    return found


SMALL_COVERAGE = Family("small-coverage", always=(Coverage((3, 2), 1, 0.5),))


def draw_coverage(draws: Draws) -> Coverage:
    """Draw rank one, two to four rows, no fewer columns, and a density of at most one half."""
    m = draws.integers(2, 4)  # small, so that the bound is far from 0 and from 1
    return Coverage((m, m + draws.integers(0, 2)), 1, draws.choice((0.375, 0.5)), draws.integers(0, 10**6))


COVERAGES = Family(
    "coverages",
    always=(Coverage((3, 2), 1, 0.5), Coverage((8, 7), 2, 0.5), Coverage((10, 10), 1, 0.3)),
    draw=draw_coverage,
)


def oracle(coverage: Coverage, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the matrix itself in every run, which no algorithm can know from the sample."""
    return np.broadcast_to(coverage.truth, (n, *coverage.shape))


def succeeds(coverage: Coverage, found: np.ndarray) -> np.ndarray:
    """Decide for each run whether it has found the matrix to three digits, in the Frobenius norm."""
    truth = coverage.truth
    if found.shape[1:] != truth.shape:
        raise OutcomeError(f"a completed matrix must be of shape {truth.shape}; got {found.shape[1:]}")
    # more digits than a guess would have, and fewer than ten iterations reach
    return np.linalg.norm(found - truth, axis=(1, 2)) <= 1e-3 * np.linalg.norm(truth)


def covered(coverage: Coverage, share: float = 1.0) -> float:
    """Return the probability that every row has k seen entries, or a share of it."""
    bound = theory.coverage_probability(*coverage.shape, rank=coverage.rank, density=coverage.density)
    return share * float(bound)


MC_H1_COVERAGE = Statement(
    id="matrix_completion/MC-H1-coverage",
    title="No algorithm completes a row that is seen less than k times",
    says="Each entry of an m x n matrix of rank k is seen with probability p; its factors have a density and are "
    "unknown to the algorithm. A row with fewer than k seen entries is hit with probability 0, so no "
    "algorithm succeeds more often than all m rows have k entries. Bin(n, p) is the binomial number of "
    "entries of a row.",
    source=Derived(theory.coverage_probability),
    tex=r"P[\text{success}] \le P[\text{every row has } k \text{ entries}] = (1 - P[\mathrm{Bin}(n, p) < k])^m",
    hypotheses={
        "factors with a density, unknown to the algorithm": always,
        "some row may have too few entries": lambda coverage: 0 < covered(coverage) < 1,
    },
    instances=COVERAGES,
    solve=completed,
    claim=Probability(event=succeeds, at_most=covered),
    closed="the bound holds for every algorithm that does not know the matrix, so none can contradict it",
    saboteurs=(
        saboteur(
            # at 3 x 2 and rank one the library succeeds in more than half of what the bound allows
            "half of the probability",
            claim=Probability(event=succeeds, at_most=partial(covered, share=0.5)),
            instances=SMALL_COVERAGE,
        ),
        saboteur("has seen the matrix", solve=oracle),
    ),
)


MC_H2 = Statement(
    id="matrix_completion/MC-H2",
    title="Necessary density",
    says="To complete an n x n matrix of rank k and incoherence mu, each entry must be seen with a probability p "
    "of at least c mu^2 k ln(n) / n, where c is a constant that does not depend on n. Recorded, not checked.",
    source=Classical(
        "necessary sampling rate", "E. Candes, T. Tao, The power of convex relaxation, IEEE Trans. Inf. Theory 56, 2010"
    ),
    tex=r"p \ge c\,\mu^2 k \ln(n)/n",
    hypotheses={},
    instances=COVERAGES,
    solve=completed,
    claim=Recorded("its constant was not read", carried_by="matrix_completion/MC-H1-coverage"),
)
