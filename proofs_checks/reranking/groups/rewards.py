"""Advantages of a group of answers, whose rewards mix a metric of the ranking and a term about scores.

G answers to one query have rewards r = alpha m + beta d, with m the metric, d the other term, alpha and beta positive.
The advantage A(r) of an answer is its reward less the mean, over the standard deviation sd(r); it is 0 where all
rewards are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory._numbers import exact, gathered
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur


@dataclass(frozen=True)
class Rewards:
    """Metric m and other term d of each answer, as integers, and their weights in 64ths."""

    m: tuple[int, ...]
    d: tuple[int, ...]
    alpha: int
    beta: int

    @property
    def mixed(self) -> np.ndarray:
        """The rewards r, which doubles hold exactly."""
        return (self.alpha * np.array(self.m) + self.beta * np.array(self.d)) / 64


@dataclass(frozen=True)
class Advantages:
    """Advantages of the rewards, of the metric alone, of the other term alone, and of 3 r + 5."""

    mixed: np.ndarray
    metric: np.ndarray
    other: np.ndarray
    scaled: np.ndarray


def advantages(case: Rewards, rng: np.random.Generator, *, centered: bool = True, spread: str = "group") -> Advantages:
    """Compute advantages as training does: less the mean of the group, over its standard deviation."""

    def of(rewards: np.ndarray) -> np.ndarray:
        apart = np.array(rewards, float)
        if (apart == apart[0]).all():
            return np.zeros(len(apart))
        scale = {"group": apart.std(), "none": 1.0, "sample": apart.std(ddof=1)}[spread]
        return (apart - apart.mean() * centered) / scale

    r = case.mixed
    return Advantages(of(r), of(np.array(case.m)), of(np.array(case.d)), of(3 * r + 5))


@formula(m="G", d="G", alpha="(0, inf)", beta="(0, inf)")
def mixed_deviations(m: np.ndarray, d: np.ndarray, alpha: Number, beta: Number) -> np.ndarray:
    """The deviations of the rewards from their mean, sd(r) A(r) = alpha sd(m) A(m) + beta sd(d) A(d).

    Proof
    -----
    Assumes: alpha and beta are positive. An advantage is 0 where a standard deviation is 0, so that its product with
    this is the deviation from the mean in every case.

    Proof: the mean is linear, so r - mean(r) = alpha (m - mean(m)) + beta (d - mean(d)), and a deviation is the
    standard deviation times the advantage. For a r + b with a > 0 deviation and standard deviation grow by a, so
    that advantages stay. If all m are equal, sd(m) = 0 and sd(r) = beta sd(d): A(r) = A(d) whatever beta > 0 is. The
    advantages add up to 0 and their squares to G, so the square of one, being that of the sum of the G - 1 others, is
    at most (G - 1) times the sum G - A^2 of their squares: A^2 <= G - 1, with equality where one answer differs from
    G - 1 equal ones.
    """
    # differences of pairs first: those of numbers that are nearly equal are exact in doubles
    apart = lambda x: [exact(sum(a - b for b in x)) / len(x) for a in x]
    return gathered([alpha * a + beta * b for a, b in zip(apart(m.tolist()), apart(d.tolist()), strict=True)])


def hijacked(case: Rewards, found: Advantages, always_other: bool = False) -> Sides:
    """Compare signed squares of deviations with variance times signed square of the advantage, entry by entry.

    Where all m are equal, the advantages of r are compared with those of d too, and with `always_other` everywhere.
    """
    # integers in exact arithmetic come as Guarded arrays; Python's own are taken for sums
    m, d = (np.array([int(x) for x in one], object) for one in (case.m, case.d))
    G, own = len(m), mixed_deviations(m * 1.0, d * 1.0, case.alpha / 64, case.beta / 64)
    lhs, rhs, sizes = [], [], []
    for A, apart in (
        (found.mixed, own),
        (found.scaled, own),
        (found.metric, mixed_deviations(m * 1.0, 0.0 * m, 1.0, 1.0)),
        (found.other, mixed_deviations(0.0 * m, d * 1.0, 1.0, 1.0)),
    ):
        apart = np.array(apart, float)
        variance = float((apart**2).mean())
        lhs.append(np.asarray(A, float) * np.sqrt(variance) if variance else np.asarray(A, float))
        rhs.append(apart)
        sizes.append(np.full(G, np.abs(apart).max() + float(np.abs(case.mixed).max()) + 1))
    if always_other or len(set(case.m)) == 1:
        lhs.append(np.asarray(found.mixed, float))
        rhs.append(np.asarray(found.other, float))
        sizes.append(np.full(G, np.sqrt(G)))
    lhs.append(np.maximum(np.asarray(found.mixed, float) ** 2, G - 1))
    rhs.append(np.full(G, G - 1.0))
    sizes.append(np.full(G, float(G)))
    error = rounding(256 * G, np.concatenate(sizes))
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=error)


def draw_rewards(draws: Draws) -> Rewards:
    """Draw two to eight answers, with one metric for all of them half of the time."""
    G = draws.integers(2, 8)
    m = [draws.integers(0, 9)] * G if draws.integers(0, 1) else draws.integers(0, 9, shape=G).tolist()
    return Rewards(
        tuple(m), tuple(draws.integers(0, 9, shape=G).tolist()), draws.integers(1, 64), draws.integers(1, 64)
    )


REWARDS = Family(
    "rewards",
    always=(
        Rewards((1, 1), (0, 1), 64, 1),
        Rewards((3, 3, 3, 3), (0, 1, 0, 0), 64, 1),  # one winner of the other term: the largest advantage there is
        Rewards((2, 2, 2), (1, 1, 1), 1, 1),  # nothing differs
        Rewards((0, 5, 9, 2), (4, 4, 1, 0), 64, 1),
        Rewards((0, 5, 9, 2), (4, 4, 4, 4), 1, 64),
    ),
    draw=draw_rewards,
)

GK_6 = Statement(
    id="reranking/GK-6",
    title="Where rankings tie, the other term is the whole reward",
    says=(
        "With rewards r = alpha m + beta d of G answers the advantages A satisfy sd(r) A(r) = alpha sd(m) A(m) + "
        "beta sd(d) A(d), stay for a r + b with a > 0, and are at most sqrt(G - 1). So where all answers have one "
        "metric m, A(r) = A(d) for every beta > 0, however small."
    ),
    source=Derived(mixed_deviations),
    tex=r"\mathrm{sd}(r) A(r) = \alpha\, \mathrm{sd}(m) A(m) + \beta\, \mathrm{sd}(d) A(d)",
    hypotheses={
        "positive weights": lambda case: case.alpha > 0 and case.beta > 0,
        "two answers or more": lambda case: len(case.m) == len(case.d) >= 2,
    },
    instances=REWARDS,
    solve=advantages,
    claim=Identity(hijacked),
    decisions=("mixed", "metric", "other", "scaled"),
    saboteurs=(
        saboteur("the mean is not taken away", solve=partial(advantages, centered=False)),
        saboteur("nothing is divided", solve=partial(advantages, spread="none")),
        saboteur("the standard deviation of a sample", solve=partial(advantages, spread="sample")),
        saboteur("A(r) = A(d) for all metrics", claim=Identity(partial(hijacked, always_other=True))),
    ),
    notes=(
        "A reward that adds a small term about the distribution of scores to a metric of the list therefore trains "
        "that term alone on all queries whose answers have the same metric."
    ),
)
