"""Statements about what a sample determines at all, and about the cost of a half-step."""

from __future__ import annotations

from functools import partial

import flint
import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    OutcomeError,
    Paper,
    Probability,
    Rate,
    Recorded,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import complete, finitely_completable, theory
from lrtheory.matrix_completion.alternation import propagation
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.patterns import CONNECTED, PATTERNS, RANKED, Pattern, is_connected
from proofs_checks.matrix_completion.families.samples import (
    COVERAGES,
    LADDER,
    SMALL_COVERAGE,
    Coverage,
    completed,
    counted,
)

PAPER = "2302.11068"


def completable(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask the library whether the sample is finitely completable at this rank."""
    return bool(finitely_completable(pattern.observations, pattern.rank, rng=0))


def by_connectivity(pattern: Pattern, found: bool) -> Sides:
    """Compare the answer with the connectivity of the bipartite graph of the sample; above rank one, with wholeness."""
    # by a graph library and not by a Jacobian, which is how the library decides
    truth = pattern.mask.all() if pattern.rank > 1 else is_connected(pattern)
    return Sides([int(found)], [int(truth)])


MC_L10_FINITE = Statement(
    id="matrix_completion/MC-L10-finite",
    title="At rank one a sample determines the matrix when its graph is connected",
    says="At rank k = 1 a sample Omega leaves only finitely many completions of a generic matrix exactly when the "
    "bipartite graph is connected that joins row i and column j for each seen entry (i, j). A matrix that is "
    "seen whole is determined at every rank.",
    source=Classical("completion of rank one", "F. Kiraly, L. Theran, R. Tomioka, JMLR 16, 2015"),
    tex=r"k = 1:\ \text{finitely completable} \iff (\text{rows} \cup \text{columns}, \Omega) \text{ connected}",
    hypotheses={"rank one, or a whole matrix": lambda pattern: pattern.rank == 1 or bool(pattern.mask.all())},
    instances=PATTERNS,
    solve=completable,
    claim=Identity(by_connectivity),
    # it is right in one direction: fewer entries than degrees of freedom are never enough (MC-H1)
    saboteurs=(saboteur("enough entries are enough", solve=wrong_solvers.enough_entries),),
)


def completed_table(pattern: Pattern, rng: np.random.Generator) -> np.ndarray:
    """Complete the matrix at rank one by the library."""
    return complete(pattern.observations, 1).block()


def as_it_was(pattern: Pattern, found: np.ndarray) -> Sides:
    """Compare every completed entry with that of the matrix."""
    truth = pattern.matrix
    return Sides(found, truth, rounding=rounding(64 * sum(truth.shape), np.linalg.norm(truth)))


MC_L10_PATHS = Statement(
    id="matrix_completion/MC-L10-paths",
    title="At rank one a connected sample is completed to rounding",
    says="If M has rank k = 1 and no zero entry, and the bipartite graph that joins row i and column j for each "
    "seen entry (i, j) of the sample Omega is connected, then the completion M^ is M up to rounding.",
    source=Classical("completion of rank one", "F. Kiraly, L. Theran, R. Tomioka, JMLR 16, 2015"),
    tex=r"k = 1,\ (\text{rows} \cup \text{columns}, \Omega) \text{ connected} \Rightarrow \hat M = M",
    hypotheses={"rank one": lambda pattern: pattern.rank == 1, "a connected sample": is_connected},
    instances=CONNECTED,
    solve=completed_table,
    claim=Identity(as_it_was),
    saboteurs=(
        # right where paths are short: each iteration carries an entry a step further along its path
        saboteur("alternation, 30 iterations", solve=wrong_solvers.thirty_iterations),
        saboteur(
            "factors next to each other are exchanged",
            patch=(propagation._propagate, "values[e] / found[line], depth", "found[line] / values[e], depth"),
        ),
    ),
    notes="Where entries are not zero; the statement before says that nothing less than a connected sample will do.",
)


def jacobian_rank(pattern: Pattern) -> int:
    """Compute the rank of the Jacobian of (U, V) -> P_Omega(U V^T), exactly; the larger one of two random points.

    A rank below that of generic factors means that a minor, of degree 100 at most in the entries, is 0 at both points,
    which are uniform among 10^9 numbers an entry: a chance of 10^-14 by the lemma of Schwartz and Zippel.
    """
    (m, n), k, rng = pattern.mask.shape, pattern.rank, np.random.default_rng(pattern.seed)
    ranks = []
    for _ in range(2):
        U, V = rng.integers(1, 10**9, size=(m, k)), rng.integers(1, 10**9, size=(n, k))
        jacobian = np.zeros((pattern.mask.sum(), m + n, k), dtype=object)
        for row, (i, j) in zip(jacobian, np.argwhere(pattern.mask), strict=True):
            row[i], row[m + j] = V[j], U[i]  # the slopes of u_i . v_j in u_i and in v_j
        ranks.append(flint.fmpz_mat([[int(x) for x in row.ravel()] for row in jacobian]).rank())
    return max(ranks)


def by_elimination(pattern: Pattern, found: bool) -> Sides:
    """Compare the answer with that of the Jacobian, and a yes with fewer entries than degrees of freedom with no."""
    needed = theory.degrees_of_freedom(*pattern.mask.shape, pattern.rank)
    truth = int(jacobian_rank(pattern) == needed)
    return Sides([int(found), int(bool(found) and needed > pattern.mask.sum())], [truth, 0])


MC_H1 = Statement(
    id="matrix_completion/MC-H1",
    title="Fewer entries than degrees of freedom determine nothing",
    says="J is the Jacobian, at generic factors, of the map from the factors (U, V) of an m x n matrix of rank k "
    "to its entries on the sample Omega. The sample is called finitely completable exactly when J has rank k "
    "(m + n - k), the degrees of freedom; so a sample with fewer entries |Omega| never is.",
    source=Derived(theory.degrees_of_freedom),
    tex=r"\text{finitely completable} \iff \mathrm{rank}\,J = k(m + n - k) \Rightarrow |\Omega| \ge k(m + n - k)",
    hypotheses={"any sample": always},
    instances=RANKED,
    solve=completable,
    claim=Identity(by_elimination),
    saboteurs=(
        saboteur("every sample is enough", solve=lambda pattern, rng: True),
        saboteur("the Jacobian is never consulted", solve=wrong_solvers.entries_and_degrees),
        saboteur("no sample is enough", solve=lambda pattern, rng: False),
    ),
    notes="Against the rank of an integer Jacobian by exact elimination, for ranks one to three.",
)


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
        saboteur("has seen the matrix", solve=wrong_solvers.oracle),
    ),
)


MC_T1_RATE = Statement(
    id="matrix_completion/MC-T1-rate",
    title="An approximate half-step costs |Omega| k",
    says="With a fixed number of conjugate gradients per row the counted operations of a half-step are "
    "proportional to |Omega| k, the seen entries times the rank; an exact half-step takes about |Omega| k^2. "
    "The samples have a fixed ratio of entries to degrees of freedom.",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"\text{flops of a half-step} = \Theta(|\Omega| k)",
    hypotheses={"a fixed number of inner steps": always},
    instances=LADDER,
    solve=counted,
    claim=Rate(
        cost=lambda ladder, flops: flops,
        size=lambda ladder: ladder.rank,
        over=lambda ladder: ladder.observations.n_observed * ladder.rank,
        # not exactly 0, because 12 k operations per row and step do not depend on the entries
        exponent=(-0.15, 0.15),
    ),
    saboteurs=(
        saboteur("exact half-steps", solve=partial(counted, method="exact")),
        saboteur("as many inner steps as unknowns", solve=wrong_solvers.as_many_steps_as_unknowns),
    ),
    notes="Counts, on samples with a fixed ratio of entries to degrees of freedom.",
    closed="only the library's own kernels count their operations",
)

MC_T1 = Statement(
    id="matrix_completion/MC-T1",
    title="Completion in nearly linear time",
    says="The main theorem of the paper: up to logarithms and a constant, kappa^2 mu^2 n k^4.5 uniform samples "
    "Omega of a matrix M with larger side n, rank k, condition number kappa and incoherence mu give an M^ "
    "within epsilon of M in the Frobenius norm, in a time of |Omega| k. Recorded, not checked.",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"|\Omega| = \tilde O(\kappa^2\mu^2nk^{4.5})\Rightarrow \|\hat M - M\|_F \le \varepsilon,\ \tilde O(|\Omega|k)",
    hypotheses={},
    instances=LADDER,
    solve=counted,
    claim=Recorded(
        "vacuous at every size that can be run: the sample would exceed the matrix. The contraction is MC-D2 with the "
        "noise of MC-E1, and the time MC-T1-rate",
        carried_by="matrix_completion/MC-D2",
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
