"""Who is right more often, on the same tasks: orderings of methods in expectation, on laws that are written down."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Expectation, Identity, Paper, Sides, Statement, rounding, saboteur
from lrtheory.bounds.errors import OutcomeError
from proofs_checks.transductive_clustering import mutants
from proofs_checks.transductive_clustering.families.tasks import (
    EPISODES,
    FIVE_SHOTS,
    LISTED,
    ONE_SHOT,
    PUBLISHED,
    PUBLISHED_MODES,
    THIN_CLASSES,
    THREADS,
    UNRELATED,
    Answers,
    Episode,
    alone,
    compared,
    together,
)

TABLES = Paper("2106.09516", "tables of accuracies", read="secondary")
LAPLACIAN_TABLES = Paper("2006.15486", "tables of accuracies", read="secondary")
KNOWN = {"a law that is listed": lambda law: law in LISTED}
WHERE = (
    "On a law of our own, and on digits where their file is installed. The tables, of other data, have the ordering; "
    "the margin is ours."
)
NEAREST, K_MEANS, LAPLACIAN, SLK = ({"method": name} for name in ("nearest", "k-means", "laplacian-shot", "slk"))


def right(law: Any, labels: np.ndarray) -> np.ndarray:
    """Share of right labels of each task; those of the queries are known from their places, and never matched."""
    labels = np.asarray(labels)
    if labels.shape[1:] != law.truth.shape:
        raise OutcomeError(f"{len(law.truth)} labels a task are due; got an array of shape {labels.shape}")
    return (labels == law.truth).mean(1)


def ahead_by(margin: float) -> Expectation:
    """The better method is right more often by at least a margin, on average over tasks."""

    def behind(law: Any, found: Answers) -> np.ndarray:
        return right(law, found.worse) - right(law, found.better)

    return Expectation(sample=behind, at_most=lambda law: -margin, support=lambda law: (-1.0, 1.0))


TC_E_KMEANS = Statement(
    id="transductive_clustering/TC-E-k-means",
    title="K-means from the support beats the nearest prototype at one shot",
    source=TABLES,
    tex=r"\mathbb E[\mathrm{acc}_{K\text{-means}} - \mathrm{acc}_{\mathrm{nearest}}] \ge 0.02",
    hypotheses=KNOWN,
    instances=ONE_SHOT,
    solve=partial(compared, better=K_MEANS, worse=NEAREST),
    claim=ahead_by(0.02),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better=NEAREST, worse=K_MEANS)),
        saboteur("labels of other places", solve=partial(mutants.turned_labels, better=K_MEANS, worse=NEAREST)),
        saboteur("a seventh more", claim=ahead_by(0.15)),
        saboteur("threads for clouds", breaks="a law that is listed", instances=THREADS),
    ),
    notes=WHERE,
)

TC_E_LAPLACIAN = Statement(
    id="transductive_clustering/TC-E-laplacian",
    title="Neighbors help the nearest prototype at one shot",
    source=LAPLACIAN_TABLES,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{LaplacianShot}} - \mathrm{acc}_{\mathrm{nearest}}] \ge 0.01",
    hypotheses=KNOWN,
    instances=ONE_SHOT,
    solve=partial(compared, better=LAPLACIAN, worse=NEAREST),
    claim=ahead_by(0.01),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better=NEAREST, worse=LAPLACIAN)),
        saboteur("a tenth more", claim=ahead_by(0.1)),
    ),
    notes=WHERE,
)

TC_E_SLK = Statement(
    id="transductive_clustering/TC-E-slk",
    title="Neighbors help K-means at one shot",
    source=TABLES,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{SLK}} - \mathrm{acc}_{K\text{-means}}] \ge 0.01",
    hypotheses=KNOWN,
    instances=ONE_SHOT,
    solve=partial(compared, better=SLK, worse=K_MEANS),
    claim=ahead_by(0.01),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better=K_MEANS, worse=SLK)),
        saboteur("a tenth more", claim=ahead_by(0.1)),
    ),
    notes=WHERE,
)

TC_E_SLK_FIVE = Statement(
    id="transductive_clustering/TC-E-slk-five",
    title="Neighbors help K-means at five shots",
    source=TABLES,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{SLK}} - \mathrm{acc}_{K\text{-means}}] \ge 0.01",
    hypotheses=KNOWN,
    instances=FIVE_SHOTS,
    solve=partial(compared, better=PUBLISHED, worse=K_MEANS),
    claim=ahead_by(0.01),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better=K_MEANS, worse=PUBLISHED)),
        saboteur("a tenth more", claim=ahead_by(0.1)),
    ),
    notes=f"Thin classes: around round ones in many dimensions neighbors mislead, and the ordering turns. {WHERE}",
)

TC_E_MODES = Statement(
    id="transductive_clustering/TC-E-modes",
    title="Modes help Laplacian K-prototypes at one shot",
    source=TABLES,
    tex=r"\mathbb E[\mathrm{acc}_{\mathrm{SLK\text{-}MS}} - \mathrm{acc}_{\mathrm{SLK\text{-}Means}}] \ge 0.005",
    hypotheses=KNOWN,
    instances=THIN_CLASSES,
    solve=partial(compared, better=PUBLISHED_MODES, worse=PUBLISHED),
    claim=ahead_by(0.005),
    saboteurs=(
        saboteur("the other way round", solve=partial(compared, better=PUBLISHED, worse=PUBLISHED_MODES)),
        saboteur("a tenth more", claim=ahead_by(0.1)),
    ),
    notes="Thin classes of a law of our own; around round ones means are better. Digits, where the difference is "
    "small, take too many tasks here. The margin is ours.",
)


def chance(more: int = 0) -> Expectation:
    """As many right labels as there would be at random, with more classes or fewer on request."""
    return Expectation(
        sample=right,
        equals=lambda law: 1 / (law.n_classes + more),
        within=lambda law: 0.02,
        support=lambda law: (0.0, 1.0),
    )


TC_E_CHANCE = Statement(
    id="transductive_clustering/TC-E-chance",
    title="Where queries are of other classes, as many labels are right as at random",
    source=Classical("exchangeability of the classes", "definition"),
    tex=r"\mathbb E[\mathrm{acc}] = 1/K",
    hypotheses={"queries of other classes": lambda law: not law.informed},
    instances=UNRELATED,
    solve=partial(alone, method="slk"),
    claim=chance(),
    saboteurs=(
        saboteur("labels matched to the truth", solve=mutants.matched_labels),
        saboteur("one class less", claim=chance(-1)),
    ),
    notes="Labels of few-shot tasks are identified; to match them, as for clusters, adds to every accuracy.",
)


def one_by_one(episode: Episode, found: np.ndarray) -> Sides:
    """Probabilities against those by definition, a query at a time."""
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
    prototypes = unit(episode.support[0] - episode.base_mean)
    rows = []
    for x in episode.query[0]:
        squares = ((unit(x - episode.base_mean[0]) - prototypes) ** 2).sum(1)
        powers = np.exp(squares.min() - squares)
        rows.append(powers / powers.sum())
    return Sides(np.asarray(found), np.stack(rows), rounding=rounding(512, 16.0))


TC_E_ALONE = Statement(
    id="transductive_clustering/TC-E-alone",
    title="The nearest prototype looks at one query alone",
    source=Classical("nearest prototype", "definition"),
    tex=r"z_{ql} \propto e^{-\|x_q - m_l\|^2}",
    hypotheses={"no point at the mean": lambda episode: has_directions(episode)},
    instances=EPISODES,
    solve=together,
    claim=Identity(one_by_one),
    saboteurs=(
        saboteur("the mean of the queries is taken off", solve=partial(together, known_mean=False)),
        saboteur("queries are moved to the support", solve=mutants.shifted_queries),
    ),
    notes="So its accuracy is inductive when the mean of other classes is known; that of the task itself leaks.",
)


def has_directions(episode: Episode) -> bool:
    """Whether no point is where its length vanishes."""
    points = np.concatenate([episode.support[0], episode.query[0]]) - episode.base_mean
    return bool((np.linalg.norm(points, axis=1) > 0.05).all())
