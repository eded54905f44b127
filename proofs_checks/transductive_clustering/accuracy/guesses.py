"""Accuracies of guesses, and of the nearest prototype alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Draws, Expectation, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import few_shot
from proofs_checks.transductive_clustering.families.accuracy import asked, right
from proofs_checks.transductive_clustering.families.tasks import Answers, TaskLaw, answered


def draw_unrelated(draws: Draws) -> TaskLaw:
    """Queries of other classes than the support's; of fewer than five classes, shares of right labels vary too much."""
    sizes = draws.integers(3, 16), draws.choice((1, 2, 5)), draws.integers(4, 12)
    shape = {"n_classes": draws.integers(5, 8), "stretch": draws.choice((1.0, 10.0))}
    return TaskLaw(*sizes, draws.integers(1, 20) / 10, informed=False, **shape)


#: classes that say nothing of the queries
UNRELATED = Family("unrelated", always=(TaskLaw(16, 1, 10, 1.4, informed=False),), draw=draw_unrelated)


def matched_labels(law, rng: np.random.Generator, n: int) -> Answers:
    """Labels renamed, task by task, so that most are right."""
    from scipy.optimize import linear_sum_assignment

    found = answered(law, rng, n, method="slk")
    renamed = found.labels.copy()
    for labels, truth in zip(renamed, law.tasks(found.seed, n).truth, strict=True):
        table = np.zeros((law.n_classes, law.n_classes))
        np.add.at(table, (labels, truth), 1)
        labels[:] = linear_sum_assignment(-table)[1][labels]
    return replace(found, labels=renamed)


def chance(more: int = 0) -> Expectation:
    """Claim the share of right labels of guessing, among more or fewer classes on request."""
    return Expectation(
        sample=lambda law, found: right(asked(law, found), found.labels),
        equals=lambda law: 1 / (law.n_classes + more),
        # equality is supported within a margin, here one below the difference of 1/4 and 1/5 that a saboteur claims
        within=lambda law: 0.02,
        support=lambda law: (0.0, 1.0),
    )


TC_E_CHANCE = Statement(
    id="transductive_clustering/TC-E-chance",
    title="Where queries are of other classes, as many labels are right as at random",
    says=(
        "If no query belongs to one of the K classes of its task's labeled points, the expected share acc of queries "
        "whose label agrees with the number of their class is that of guessing, 1/K."
    ),
    source=Classical("exchangeability of the classes", "definition"),
    tex=r"\mathbb E[\mathrm{acc}] = 1/K",
    hypotheses={"queries of other classes": lambda law: not law.informed},
    instances=UNRELATED,
    solve=partial(answered, method="slk"),
    claim=chance(),
    saboteurs=(
        saboteur("labels matched to the truth", solve=matched_labels),
        saboteur("one class less", claim=chance(-1)),
    ),
    closed="every method that does not see the classes of the queries is right as often as chance: the claim is about "
    "how tasks are drawn and scored",
    notes="Labels of few-shot tasks are identified; to match them, as for clusters, adds to every accuracy.",
)


@dataclass(frozen=True)
class Episode:
    """One task, (1, n, d) each; the mean of other classes is known."""

    support: np.ndarray
    query: np.ndarray
    base_mean: np.ndarray


def together(episode: Episode, rng: np.random.Generator | None = None, *, known_mean: bool = True) -> np.ndarray:
    """Probabilities of all queries in one call, by the nearest prototype without a shift of the queries."""
    support, labels = episode.support, np.arange(episode.support.shape[1])[None]
    options = {"method": "nearest", "query_shift": False, "base_mean": episode.base_mean if known_mean else None}
    return few_shot(support, labels, episode.query, **options).probabilities[0]


def draw_episode(draws: Draws) -> Episode:
    """Two or three classes, one labeled point each, and up to five queries."""
    k, n = draws.integers(2, 3), draws.integers(1, 5)
    points = draws.integers(-8, 8, shape=(k + n, 3)) / 4 + np.array([0.125, 0.25, 0.0625])
    return Episode(points[None, :k], points[None, k:], draws.integers(-4, 4, shape=(1, 3)) / 8)


EPISODES = Family(
    "episodes",
    always=(Episode(np.eye(3)[None, :2], np.array([[[1.0, 0.5, 0.0], [0.25, 1.0, 3.0]]]), np.zeros((1, 3))),),
    draw=draw_episode,
)


def shifted_queries(episode: Episode, rng: np.random.Generator) -> np.ndarray:
    """Queries are moved so that their mean is that of the support."""
    moved = episode.query + (episode.support.mean(1) - episode.query.mean(1))
    return together(replace(episode, query=moved))


def one_by_one(episode: Episode, found: np.ndarray) -> Sides:
    """Compare the probabilities with those of the definition, one query at a time."""
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
    prototypes = unit(episode.support[0] - episode.base_mean)
    rows = []
    for x in episode.query[0]:
        squares = ((unit(x - episode.base_mean[0]) - prototypes) ** 2).sum(1)
        powers = np.exp(squares.min() - squares)
        rows.append(powers / powers.sum())
    return Sides(np.asarray(found), np.stack(rows), rounding=rounding(512, 16.0))


def has_directions(episode: Episode) -> bool:
    """Tell whether no point is so near the mean that it has no direction."""
    points = np.concatenate([episode.support[0], episode.query[0]]) - episode.base_mean
    return bool((np.linalg.norm(points, axis=1) > 0.05).all())


TC_E_ALONE = Statement(
    id="transductive_clustering/TC-E-alone",
    title="The nearest prototype looks at one query alone",
    says=(
        "The nearest prototype gives query q the class l with probability z_ql proportional to exp(-|x_q - m_l|^2), "
        "x_q the query and m_l the prototype, both less a known mean and scaled to length 1. No other query enters."
    ),
    source=Classical("nearest prototype", "definition"),
    tex=r"z_{ql} \propto e^{-\|x_q - m_l\|^2}",
    hypotheses={"no point at the mean": lambda episode: has_directions(episode)},
    instances=EPISODES,
    solve=together,
    claim=Identity(one_by_one),
    saboteurs=(
        saboteur("the mean of the queries is taken off", solve=partial(together, known_mean=False)),
        saboteur("queries are moved to the support", solve=shifted_queries),
    ),
    notes="So its accuracy is inductive when the mean of other classes is known; that of the task itself leaks.",
)
