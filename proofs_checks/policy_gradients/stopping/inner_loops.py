"""Where many updates on one group come to rest.

A group has G answers, of which n_k are the answer k. rho is p(y) / p_old(y) for the policy p and that which sampled the
group, e the width of the clip. A sample is active if its advantage is positive and rho <= 1 + e, or negative and rho >=
1 - e; the update is the mean of active A rho grad log p.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.policy_gradients import inner_updates
from proofs_checks.policy_gradients.families.problems import Problem, is_mixed


@dataclass(frozen=True)
class Loop(Problem):
    """A problem, the answers of one group, and a number of updates of size 1 with a clip of 1/4.

    `rests` says that the loop has come to rest.
    """

    group: tuple[int, ...] = ()
    n_updates: int = 1
    rests: bool = False

    @property
    def counts(self) -> list[int]:
        """The number of times that each answer is in the group."""
        return [self.group.count(k) for k in range(len(self.weights))]

    @property
    def signs(self) -> list[int]:
        """The advantages up to a positive factor: G - s for right answers, -s for wrong ones, s being right."""
        s = sum(self.correct[k] for k in self.group)
        return [self.group_size - s if one else -s for one in self.correct]


def is_loop(case: Loop) -> bool:
    """Decide whether the group has right and wrong answers, and the right ones can grow by 1 + e."""
    sampled = {k for k in case.group if case.correct[k]}
    share = sum(case.weights[k] for k in sampled) * Fraction(1) / sum(case.weights)
    return (
        is_mixed(case)
        and len(case.group) == case.group_size
        and 0 < sum(case.correct[k] for k in case.group) < case.group_size
        and share < Fraction(4, 5)
    )


def draw_loop(draws: Draws) -> Loop:
    """Draw a group with a right and a wrong answer, and a number of updates."""
    K, G = draws.integers(3, 5), draws.integers(2, 6)
    weights = tuple(map(int, draws.integers(1, 9, shape=(K,))))
    group = (0, K - 1, *map(int, draws.integers(0, K - 1, shape=(G - 2,))))
    correct = (1, *map(int, draws.integers(0, 1, shape=(K - 2,))), 0)
    return Loop(weights, correct, G, "std", group, draws.choice((1, 8, 300)))


#: a likely and a rare right answer, and eight wrong ones
TEN = Loop(
    (240, 8, 19, 19, 19, 19, 19, 19, 19, 19),
    (1, 1, *[0] * 8),
    20,
    "std",
    (*[0] * 11, 1, *range(2, 10)),
    200,
    True,
)

LOOPS = Family(
    "inner-loops",
    always=(
        TEN,
        Loop((1, 1, 1), (1, 0, 0), 2, "std", (0, 1), 200, True),
        Loop((1, 3, 2), (1, 0, 1), 4, "std", (0, 0, 2, 1), 400, True),
    ),
    draw=draw_loop,
)


def updated(case: Loop, rng: np.random.Generator) -> np.ndarray:
    """Let the library make all updates."""
    found = inner_updates(
        case.law,
        case.right,
        group_size=case.group_size,
        groups=np.array([case.group]),
        n_updates=case.n_updates,
        clip=0.25,
        step_size=1.0,
    )
    return np.asarray(found.p)


def looped(case: Loop, rng: np.random.Generator, active: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Make all updates with another rule of who is active."""
    old, signs = case.law, np.array(case.signs, float)
    scale = math.sqrt(-signs.max() * signs.min())
    pull = np.array(case.counts) * signs / (scale * case.group_size)
    logits = np.log(old)
    for _ in range(case.n_updates):
        p = np.exp(logits - logits.max())
        p /= p.sum()
        pushed = np.where(active(p / old, signs), pull * p / old, 0.0)
        logits = logits + pushed - p * pushed.sum()
    p = np.exp(logits - logits.max())
    return np.asarray(p / p.sum())


def within(rho: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Clip on both sides for both signs."""
    return np.asarray((rho <= 1.25) & (rho >= 0.75))


def below(rho: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Clip above alone."""
    return np.asarray((signs < 0) | (rho <= 1.25))


def above(rho: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Clip below alone."""
    return np.asarray((signs > 0) | (rho >= 0.75))


def never(rho: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Clip nothing."""
    return np.ones(len(rho), bool)


@formula(e="(0, 1)", sign="[-1, 1]")
def ratio_at_rest(e: Number, sign: int) -> Number:
    """The ratio rho that a sampled answer has passed at rest, for the sign of its advantage.

    Proof
    -----
    Assumes: a law with positive probabilities at which the clipped update is 0, and right and wrong samples.

    Proof: with v_k the sum of active A rho of the answer k over p_k, the update is p_k (v_k - sum of p v), so v takes
    one value m on all answers. v_k is not negative on right and not positive on wrong answers, both of which are
    sampled, so that m = 0: no sample is active, and rho > 1 + e on right and rho < 1 - e on wrong ones.
    """
    return 1 + sign * e


def at_rest(case: Loop, found: np.ndarray) -> Sides:
    """Compare ratios with their limits where the clipped update is 0, and that update with 0 where it must be."""
    e, old = Fraction(1, 4), case.p
    rho = [a / b for a, b in zip(found, old, strict=True)]
    signs, counts = case.signs, case.counts
    active = [r <= ratio_at_rest(e, 1) if s > 0 else r >= ratio_at_rest(e, -1) for r, s in zip(rho, signs, strict=True)]
    pushed = [n * s * r if on else 0 * r for n, s, r, on in zip(counts, signs, rho, active, strict=True)]
    update = [a - b * sum(pushed) for a, b in zip(pushed, found, strict=True)]
    size = sum(abs(one) for one in update)
    rest = 1 if size == 0 else 0
    # a law sums to 1, up to the rounding of doubles
    lhs, rhs = [size if case.rests else 0 * size, abs(sum(found) - 1)], [0 * size, Fraction(1, 10**12)]
    for k, n in enumerate(counts):
        if n and signs[k] > 0:
            lhs, rhs = [*lhs, ratio_at_rest(e, 1) * rest], [*rhs, rho[k]]
        elif n:
            lhs, rhs = [*lhs, rest / ratio_at_rest(e, -1)], [*rhs, 1 / rho[k]]
    return Sides(np.array(lhs), np.array(rhs), least=np.array([-math.inf, -math.inf, *[0] * (len(lhs) - 2)]))


GR_12 = Statement(
    id="policy_gradients/GR-12",
    title="Clipped updates on one group rest only once every sample has left the clip",
    says=(
        "Where the clipped update of a group with right and wrong answers is 0, every sampled right answer has rho >= "
        "1 + e and every sampled wrong one rho <= 1 - e. So many updates lift all sampled right answers by 1 + e, "
        "while one update lifts likely ones most. On the first instances the loop comes to rest."
    ),
    source=Derived(ratio_at_rest),
    tex=r"A_k > 0 \implies \rho_k \ge 1 + \epsilon, \qquad A_k < 0 \implies \rho_k \le 1 - \epsilon",
    hypotheses={"right and wrong samples, the right ones of less than 1 / (1 + e)": is_loop},
    instances=LOOPS,
    solve=updated,
    claim=Inequality(at_rest, unbounded="an update at the law that is reported may be of any size"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("both signs are clipped on both sides", solve=partial(looped, active=within)),
        saboteur("no lower clip", solve=partial(looped, active=below)),
        saboteur("no upper clip", solve=partial(looped, active=above)),
        saboteur("no clip", solve=partial(looped, active=never)),
    ),
    notes="It is the clip, and not the number of updates, that protects rare right answers.",
)
