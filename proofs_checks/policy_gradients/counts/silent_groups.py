"""Groups whose rewards are all equal, from which no update comes.

G is the number of independent answers in a group, each right with probability P; of n answers that were logged, c are
right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import group_advantages, signal_share


@dataclass(frozen=True)
class Grouped:
    """A success probability of `wins` over the sum of `wins` and `losses`, and the size of a group."""

    wins: int
    losses: int
    group_size: int

    @property
    def success(self) -> Fraction:
        """The success probability."""
        return self.wins * Fraction(1) / (self.wins + self.losses)

    @property
    def rewards(self) -> np.ndarray:
        """The rewards of all 2^G groups, a group a row."""
        return np.array(list(product((0, 1), repeat=self.group_size)))


def draw_grouped(draws: Draws) -> Grouped:
    """Draw a success probability and a size of groups."""
    return Grouped(draws.integers(0, 9), draws.integers(1, 9), draws.integers(2, 6))


GROUPED = Family(
    "groups-of-rewards",
    always=(Grouped(1, 1, 2), Grouped(1, 3, 3), Grouped(0, 1, 4), Grouped(9, 1, 6), Grouped(1, 0, 3)),
    draw=draw_grouped,
)


def silent(case: Grouped, rng: np.random.Generator) -> np.ndarray:
    """Ask the library which of all groups carry no signal."""
    return np.asarray(group_advantages(case.rewards.astype(float), norm="std").no_signal)


def all_wrong(case: Grouped, rng: np.random.Generator) -> np.ndarray:
    """Drop groups without a right answer alone."""
    return np.asarray(case.rewards.max(1) == 0)


def equal_peers(case: Grouped, rng: np.random.Generator) -> np.ndarray:
    """Drop a group as soon as all other answers of the first one have equal rewards."""
    others = case.rewards[:, 1:]
    return np.asarray(others.max(1) == others.min(1))


@formula(P="[0, 1]", G="[2, inf)")
def silent_probability(P: Number, G: int) -> Number:
    """The probability P^G + (1 - P)^G of a group without a signal.

    Proof
    -----
    Assumes: independent answers, and advantages that are 0 in a group if and only if its rewards are equal.

    Proof: rewards are 0 or 1, so they are equal if and only if all answers are right or all are wrong.
    """
    return P**G + (1 - P) ** G


def weighed(case: Grouped, found: np.ndarray) -> Sides:
    """Compare the probability of the groups that are said to be silent with the formula, and each group by itself."""
    P, G = case.success, case.group_size
    counts = [sum(row) for row in case.rewards.tolist()]
    total = sum((P**s * (1 - P) ** (G - s) * int(one) for s, one in zip(counts, found, strict=True)), Fraction(0))
    equal = [int(s in (0, G)) for s in counts]
    return Sides(np.array([total, *map(int, found)], object), np.array([silent_probability(P, G), *equal], object))


GR_7 = Statement(
    id="policy_gradients/GR-7",
    title="How often a group carries no signal",
    says=(
        "A group of G independent answers, each right with probability P, has equal rewards, and so no update of any "
        "reward-only norm, with probability P^G + (1 - P)^G."
    ),
    source=Derived(silent_probability),
    tex=r"\Pr[\text{no signal}] = P^G + (1 - P)^G",
    hypotheses={"two or more in a group": lambda case: case.group_size >= 2 and case.wins + case.losses > 0},
    instances=GROUPED,
    solve=silent,
    claim=Identity(weighed),
    decisions=("outcome",),
    saboteurs=(
        saboteur("groups without a right answer alone", solve=all_wrong),
        saboteur("the rewards of others are equal", solve=equal_peers),
    ),
)

# --- from a log ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logged(Grouped):
    """A group, and a log of n answers."""

    n: int = 1


LOGGED = Family(
    "logs-of-answers",
    always=(Logged(1, 1, 2, 2), Logged(1, 3, 3, 8), Logged(0, 1, 2, 5), Logged(9, 1, 4, 16)),
    draw=lambda draws: _logged(draw_grouped(draws), draws.integers(0, 12)),
)


def _logged(case: Grouped, more: int) -> Logged:
    return Logged(case.wins, case.losses, case.group_size, case.group_size + more)


def shares(case: Logged, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for the estimate for every number of right answers."""
    counts = np.arange(case.n + 1)
    found = signal_share(np.full(case.n + 1, case.n), counts, group_sizes=[case.group_size])
    return np.asarray(found.per_problem)[:, 0]


def plugged_in(case: Logged, rng: np.random.Generator) -> np.ndarray:
    """Take the share of right answers for their probability."""
    rate = np.arange(case.n + 1) / case.n
    return np.asarray(rate**case.group_size + (1 - rate) ** case.group_size)


@formula(c="[0, n]", n="[G, inf)", G="[2, inf)")
def silent_share(c: int, n: int, G: int) -> Fraction:
    """The share of groups of G out of n answers, c of them right, in which all are right or all are wrong.

    Proof
    -----
    Assumes: n >= G independent answers, each right with probability P.

    Proof: each choice of G of the n answers is a group of independent answers, of which P^G + (1 - P)^G are silent on
    average; the mean of the share over all choices is that, too.
    """
    return Fraction(math.comb(c, G) + math.comb(n - c, G), math.comb(n, G))


def in_the_mean(case: Logged, found: np.ndarray) -> Sides:
    """Compare the mean of the estimates with the probability, and each with the share of choices."""
    P, n = float(case.success), case.n
    chances = np.array([math.comb(n, c) * P**c * (1 - P) ** (n - c) for c in range(n + 1)])
    due = [float(silent_share(c, n, case.group_size)) for c in range(n + 1)]
    total = float(silent_probability(P, case.group_size))
    return Sides(np.array([chances @ found, *found]), np.array([total, *due]), rounding=rounded(500, 1.0))


GR_7U = Statement(
    id="policy_gradients/GR-7u",
    title="A log tells without bias how many groups of each size carry no signal",
    says=(
        "From c right ones of n >= G independent answers, (C(c, G) + C(n - c, G)) / C(n, G) estimates the probability "
        "P^G + (1 - P)^G that a group of G carries no signal without bias, P being the probability of a right answer."
    ),
    source=Derived(silent_share),
    tex=r"\mathbb E \frac{\binom cG + \binom{n-c}G}{\binom nG} = P^G + (1 - P)^G",
    hypotheses={"as many answers as a group has": lambda case: case.n >= case.group_size >= 2},
    instances=LOGGED,
    solve=shares,
    claim=Identity(in_the_mean),
    decisions=("outcome",),
    saboteurs=(saboteur("the share of right answers for P", solve=plugged_in),),
)
