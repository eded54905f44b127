"""What a sample can tell at all, and what a half-step costs."""

from __future__ import annotations

from functools import partial

import networkx as nx
import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
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
    PATTERNS,
    Pattern,
    counted,
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


def few_entries(pattern: Pattern, found: bool) -> Sides:
    """Where it is completable, degrees of freedom against the number of entries; a whole matrix is."""
    m, n = pattern.mask.shape
    needed = theory.degrees_of_freedom(m, n, pattern.rank) if found else 0
    return Sides([needed, int(pattern.mask.all())], [int(pattern.mask.sum()), int(found)])


MC_H1 = Statement(
    id="matrix_completion/MC-H1",
    title="Fewer entries than degrees of freedom determine nothing",
    source=Derived(theory.degrees_of_freedom),
    tex=r"|\Omega| < k(m + n - k) \Rightarrow \text{not finitely completable}",
    hypotheses={"any sample": always},
    instances=PATTERNS,
    solve=completable,
    claim=Inequality(few_entries),
    saboteurs=(saboteur("every sample is enough", solve=lambda pattern, rng: True),),
)

MC_H1_COVERAGE = Statement(
    id="matrix_completion/MC-H1-coverage",
    title="No algorithm completes a row that is seen less than k times",
    source=Derived(theory.coverage_probability),
    tex=r"P[\text{success}] \le P[\text{every row and column has } k \text{ entries}]",
    hypotheses={"factors with a density": always},
    instances=COVERAGES,
    solve=recovered,
    claim=Probability(
        event=lambda coverage, found: found,
        at_most=lambda coverage: float(
            theory.coverage_probability(*coverage.shape, rank=coverage.rank, density=coverage.density)
        ),
    ),
    saboteurs=(saboteur("has seen the matrix", solve=mutants.oracle),),
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
    claim=Recorded("an empirical regularity", carried_by="matrix_completion/MC-H1"),
)

MC_E3 = Statement(
    id="matrix_completion/MC-E3",
    title="Error under noise",
    source=Derived(theory.noise_risk),
    tex=r"\mathbb E\|\hat M - M\|_F^2 \approx \sigma^2 k(m+n-k)/p",
    hypotheses={},
    instances=COVERAGES,
    solve=recovered,
    claim=Recorded(
        "a reference value of an oracle that knows the tangent space, not a theorem about the algorithm",
        carried_by="matrix_completion/MC-L8",
    ),
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
