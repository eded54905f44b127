"""Who is right more often, on the same tasks: orderings of methods in expectation, on a law that is written down."""

from __future__ import annotations

from functools import partial

from lrtheory.bounds import Expectation, Paper, Statement, saboteur
from proofs_checks.transductive_clustering.families.tasks import NOISE, ONE_SHOT, compared

PAPER = Paper("2106.09516", "tables of accuracies", read="secondary")
INFORMED = {"queries like the support": lambda law: law.noise < 10}


def ahead_by(margin: float) -> Expectation:
    """The better method is right more often by at least a margin, on average over tasks."""
    return Expectation(
        sample=lambda law, found: found.worse - found.better,
        at_most=lambda law: -margin,
        support=lambda law: (-1.0, 1.0),
    )


TC_E_KMEANS = Statement(
    id="transductive_clustering/TC-E-k-means",
    title="K-means from the support beats the nearest prototype at one shot",
    source=PAPER,
    tex=r"\mathbb E[\mathrm{acc}_{K\text{-means}} - \mathrm{acc}_{\mathrm{nearest}}] \ge 0.05",
    hypotheses=INFORMED,
    instances=ONE_SHOT,
    solve=compared,
    claim=ahead_by(0.05),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better="nearest", worse="k-means")),
        saboteur("a quarter more", claim=ahead_by(0.25)),
        saboteur("pure noise", breaks="queries like the support", instances=NOISE),
    ),
    notes="Paired on the same tasks: normal classes around normal centres in 16 dimensions.",
)

TC_E_LAPLACIAN = Statement(
    id="transductive_clustering/TC-E-laplacian",
    title="Neighbours help the nearest prototype at one shot",
    source=PAPER,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{LaplacianShot}} - \mathrm{acc}_{\mathrm{nearest}}] \ge 0",
    hypotheses=INFORMED,
    instances=ONE_SHOT,
    solve=partial(compared, better="laplacian-shot"),
    claim=ahead_by(0.0),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better="nearest", worse="laplacian-shot")),
        saboteur("a fifth more", claim=ahead_by(0.2)),
    ),
)

TC_E_SLK = Statement(
    id="transductive_clustering/TC-E-slk",
    title="Neighbours help K-means at one shot",
    source=PAPER,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{SLK}} - \mathrm{acc}_{K\text{-means}}] \ge 0",
    hypotheses=INFORMED,
    instances=ONE_SHOT,
    solve=partial(compared, better="slk", worse="k-means"),
    claim=ahead_by(0.0),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better="k-means", worse="slk")),
        saboteur("a tenth more", claim=ahead_by(0.1)),
    ),
)
