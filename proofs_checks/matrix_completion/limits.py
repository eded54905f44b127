"""What a sample can tell at all, and what a half-step costs."""

from __future__ import annotations

from functools import partial

import flint
import networkx as nx
import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Identity,
    Inequality,
    Paper,
    Probability,
    Rate,
    Recorded,
    Sides,
    Statement,
    always,
    saboteur,
)
from lrtheory.matrix_completion import finitely_completable, theory
from proofs_checks.matrix_completion import mutants
from proofs_checks.matrix_completion.families.samples import (
    COVERAGES,
    GAUSSIANS,
    LADDER,
    LOUD,
    NOISY,
    PATTERNS,
    RANKED,
    SMALL_COVERAGE,
    Coverage,
    Noisy,
    Pattern,
    counted,
    errors_under_noise,
    recovered,
    sketches,
)

PAPER = "2302.11068"


def completable(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Whether the library calls the sample finitely completable at this rank."""
    return bool(finitely_completable(pattern.observations, pattern.rank, rng=0))


def by_connectivity(pattern: Pattern, found: bool) -> Sides:
    """At rank one: whether rows and columns are one component of the bipartite graph of the sample."""
    m, n = pattern.mask.shape
    graph = nx.Graph()
    graph.add_nodes_from(range(m + n))
    graph.add_edges_from((i, m + j) for i, j in np.argwhere(pattern.mask))
    if pattern.rank > 1:
        return Sides([int(found)], [int(pattern.mask.all())])
    return Sides([int(found)], [int(nx.is_connected(graph))])


MC_L10_FINITE = Statement(
    id="matrix_completion/MC-L10-finite",
    title="At rank one a sample determines the matrix when its graph is connected",
    source=Classical("completion of rank one", "F. Kiraly, L. Theran, R. Tomioka, JMLR 16, 2015"),
    tex=r"k = 1:\ \text{finitely completable} \iff (\text{rows} \cup \text{columns}, \Omega) \text{ connected}",
    hypotheses={"rank one, or a whole matrix": lambda pattern: pattern.rank == 1 or bool(pattern.mask.all())},
    instances=PATTERNS,
    solve=completable,
    claim=Identity(by_connectivity),
    saboteurs=(saboteur("enough entries are enough", solve=mutants.enough_entries),),
)


def jacobian_rank(pattern: Pattern) -> int:
    """The rank of (U, V) -> P_Omega(U V^T) at integer factors, exactly."""
    (m, n), k, rng = pattern.mask.shape, pattern.rank, np.random.default_rng(pattern.seed)
    U, V = rng.integers(-99, 100, size=(m, k)), rng.integers(-99, 100, size=(n, k))
    jacobian = np.zeros((pattern.mask.sum(), m + n, k), dtype=object)
    for row, (i, j) in zip(jacobian, np.argwhere(pattern.mask), strict=True):
        row[i], row[m + j] = V[j], U[i]
    return flint.fmpz_mat([[int(x) for x in row.ravel()] for row in jacobian]).rank()


def by_elimination(pattern: Pattern, found: bool) -> Sides:
    """The answer against that of the Jacobian; where it is yes, degrees of freedom against the number of entries."""
    needed = theory.degrees_of_freedom(*pattern.mask.shape, pattern.rank)
    truth = int(jacobian_rank(pattern) == needed)
    return Sides([int(found), truth, needed * int(found)], [truth, int(found), int(pattern.mask.sum())])


MC_H1 = Statement(
    id="matrix_completion/MC-H1",
    title="Fewer entries than degrees of freedom determine nothing",
    source=Derived(theory.degrees_of_freedom),
    tex=r"\text{finitely completable} \iff \mathrm{rank}\,J = k(m + n - k) \Rightarrow |\Omega| \ge k(m + n - k)",
    hypotheses={"any sample": always},
    instances=RANKED,
    solve=completable,
    claim=Inequality(by_elimination),
    saboteurs=(
        saboteur("every sample is enough", solve=lambda pattern, rng: True),
        saboteur("the Jacobian is never consulted", solve=mutants.entries_and_degrees),
        saboteur("no sample is enough", solve=lambda pattern, rng: False),
    ),
    notes="Against the rank of an integer Jacobian by exact elimination, for ranks one to three.",
)


def succeeds(coverage: Coverage, found: np.ndarray) -> np.ndarray:
    """Whether each run has found the matrix."""
    return found


def covered(coverage: Coverage, share: float = 1.0) -> float:
    """The probability that every row is seen k times, or a share of it."""
    bound = theory.coverage_probability(*coverage.shape, rank=coverage.rank, density=coverage.density)
    return share * float(bound)


MC_H1_COVERAGE = Statement(
    id="matrix_completion/MC-H1-coverage",
    title="No algorithm completes a row that is seen less than k times",
    source=Derived(theory.coverage_probability),
    tex=r"P[\text{success}] \le P[\text{every row has } k \text{ entries}] = (1 - P[\mathrm{Bin}(n, p) < k])^m",
    hypotheses={"factors with a density": always},
    instances=COVERAGES,
    solve=recovered,
    claim=Probability(event=succeeds, at_most=covered),
    saboteurs=(
        saboteur(
            "half of the probability",
            claim=Probability(event=succeeds, at_most=partial(covered, share=0.5)),
            instances=SMALL_COVERAGE,
        ),
        saboteur("has seen the matrix", solve=mutants.oracle),
    ),
)


MC_T1_RATE = Statement(
    id="matrix_completion/MC-T1-rate",
    title="An approximate half-step costs |Omega| k",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"\text{flops of a half-step} = \Theta(|\Omega| k)",
    hypotheses={"a fixed number of inner steps": always},
    instances=LADDER,
    solve=counted,
    claim=Rate(
        cost=lambda ladder, flops: flops,
        size=lambda ladder: ladder.rank,
        over=lambda ladder: ladder.observations.n_observed * ladder.rank,
        exponent=(-0.15, 0.15),
    ),
    saboteurs=(
        saboteur("exact half-steps", solve=partial(counted, method="exact")),
        saboteur("as many inner steps as unknowns", solve=mutants.as_many_steps_as_unknowns),
    ),
    notes="Counts, on samples with a fixed ratio of entries to degrees of freedom.",
)

MC_T1 = Statement(
    id="matrix_completion/MC-T1",
    title="Completion in nearly linear time",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"|\Omega| = \tilde O(\kappa^2\mu^2nk^{4.5})\Rightarrow \|\hat M - M\|_F \le \varepsilon,\ \tilde O(|\Omega|k)",
    hypotheses={},
    instances=LADDER,
    solve=counted,
    claim=Recorded(
        "vacuous at every size that can be run: the sample would exceed the matrix; see MC-D2, MC-E1, MC-T1-rate too",
        carried_by="matrix_completion/MC-W4",
    ),
)

MC_T2 = Statement(
    id="matrix_completion/MC-T2",
    title="Where completion starts to succeed",
    source=Derived(theory.degrees_of_freedom),
    tex=r"|\Omega| \approx 2 \text{ to } 4 \times k(m+n-k) \text{ is enough without splitting}",
    hypotheses={},
    instances=COVERAGES,
    solve=recovered,
    claim=Recorded(
        "an empirical regularity; MC-H1 proves only the other side, that fewer than k (m + n - k) are never enough",
        carried_by="matrix_completion/MC-H1",
    ),
)


def risks(noisy: Noisy, found: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Squared errors of the runs in units of the oracle's risk, or of a share of it, cut at 3."""
    risk = theory.noise_risk(noisy.noise, n_rows=noisy.shape[0], n_cols=noisy.shape[1], **noisy.sample)
    return np.minimum(found / (share * float(risk)), 3.0)


def risk_below(bound: float, share: float = 1.0) -> Expectation:
    """The mean of it is at most the bound."""
    return Expectation(
        sample=partial(risks, share=share), at_most=lambda noisy: bound, support=lambda noisy: (0.0, 3.0)
    )


MC_E3 = Statement(
    id="matrix_completion/MC-E3",
    title="Completion under noise pays about what an oracle pays",
    source=Derived(theory.noise_risk),
    tex=r"\mathbb E\min(\|\hat M - M\|_F^2 / r, 3) \le 3/2,\quad r = \sigma^2 k(m+n-k)/p",
    hypotheses={
        "at least 6 entries a degree of freedom": lambda noisy: noisy.oversampling >= 6,
        "noise of at most a tenth of the entries": lambda noisy: noisy.noise <= 0.1,
    },
    instances=NOISY,
    solve=errors_under_noise,
    claim=risk_below(1.5),
    saboteurs=(
        saboteur("the risk without 1/p", claim=risk_below(1.5, share=1 / 3)),
        saboteur("less than the oracle", claim=risk_below(0.9)),
        saboteur("two ranks too many", solve=partial(errors_under_noise, more=2)),
        saboteur("noise as large as the entries", breaks="noise of at most a tenth of the entries", instances=LOUD),
    ),
    notes="The factor 3/2 is measured; r is the risk of an oracle that knows the tangent space.",
)

MC_H2 = Statement(
    id="matrix_completion/MC-H2",
    title="Necessary density",
    source=Classical(
        "necessary sampling rate", "E. Candes, T. Tao, The power of convex relaxation, IEEE Trans. Inf. Theory 56, 2010"
    ),
    tex=r"p \ge c\,\mu^2 k \ln(n)/n",
    hypotheses={},
    instances=COVERAGES,
    solve=recovered,
    claim=Recorded("its constant was not read", carried_by="matrix_completion/MC-H1-coverage"),
)

MC_W6 = Statement(
    id="matrix_completion/MC-W6",
    title="Subsampled randomized Hadamard transforms",
    source=Classical("SRHT bound", "J. Tropp, Improved analysis of the subsampled randomized Hadamard transform, 2011"),
    tex=r"s \ge 4[\sqrt k + \sqrt{8\ln(kn)}]^2 \ln k \Rightarrow \sigma(SQ) \subset [0.40, 1.48]",
    hypotheses={},
    instances=GAUSSIANS,
    solve=sketches,
    claim=Recorded(
        "vacuous for the regression of a row: it asks for more rows than there are",
        carried_by="matrix_completion/MC-L1",
    ),
)
