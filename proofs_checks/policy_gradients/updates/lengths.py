"""Advantages that are divided by the length of the answer.

An answer is a sequence of tokens. Where each gradient of log p is divided by the length l_k of its answer k, the update
is no longer along the success probability P = p(C) of the policy p. r_k is the reward, 1 on the set C of right answers,
and A_k the advantage of an answer, times P on C and times 1 - P elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory._numbers import gathered
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import (
    Problem,
    all_groups,
    draw_problem,
    expected,
    is_mixed,
    normed,
    weight_of,
)


@dataclass(frozen=True)
class Long(Problem):
    """A problem whose answers have lengths."""

    lengths: tuple[int, ...] = ()


def has_lengths(case: Long) -> bool:
    """Decide whether some answers are right, some are wrong, and each has a positive length."""
    return is_mixed(case) and len(case.lengths) == len(case.weights) and min(case.lengths) > 0


def draw_long(draws: Draws) -> Long:
    """Draw a problem, and lengths of 1 to 9 tokens."""
    case = draw_problem(draws)
    lengths = draws.integers(1, 9, shape=(len(case.weights),))
    return Long(case.weights, case.correct, case.group_size, case.norm, tuple(map(int, lengths)))


LONG = Family(
    "answers-of-lengths",
    always=(
        Long((1, 1), (1, 0), 2, "std", (1, 2)),
        Long((1, 1, 8), (1, 0, 0), 2, "std", (100, 1, 100)),
        Long((1, 6, 3), (1, 0, 0), 4, "std", (4, 4, 1)),
        Long((2, 1, 3), (1, 1, 0), 3, "none", (1, 5, 2)),
    ),
    draw=draw_long,
)


def by_length(case: Long, rng: np.random.Generator, lengths: bool = True) -> np.ndarray:
    """Ask the library for the expected update with divided advantages."""
    found = expected_gradient(
        case.law,
        case.right,
        group_size=case.group_size,
        norm=case.norm,
        lengths=np.array(case.lengths) if lengths else None,
    )
    return np.asarray(found.gradient)


def by_group_length(case: Long, rng: np.random.Generator) -> np.ndarray:
    """Divide all advantages of a group by the mean length of its answers."""
    lengths = np.array(case.lengths)[all_groups(len(case.weights), case.group_size)]
    return expected(case, lambda rewards: normed(rewards, case.norm) / lengths.mean(1, keepdims=True))


def before_centring(case: Long, rng: np.random.Generator) -> np.ndarray:
    """Divide rewards, and not advantages, by lengths."""
    lengths = np.array(case.lengths)[all_groups(len(case.weights), case.group_size)]
    return expected(case, lambda rewards: normed(rewards / lengths, case.norm))


@formula(p="k", r="k", lengths="k in (0, inf)", c="(-inf, inf)", P="(0, 1)")
def divided_update(p: np.ndarray, r: np.ndarray, lengths: np.ndarray, c: Number, P: Number) -> np.ndarray:
    """The update of a law p for advantages over `lengths`.

    r holds the rewards, and c = a(P) P (1 - P) for the factor a of grad P.

    Proof
    -----
    Assumes: advantages rest on rewards alone, and every token of an answer has the gradient that its answer gives it.

    Proof: by exchangeability the update is the mean of f(r(y)) / l(y) grad log p(y) over y, f(1) = phi(1) and f(0) =
    phi(0) being means over the rest of the group, with phi(1) - phi(0) = a (statement GR-1f). Advantages of a group sum
    to 0, so P phi(1) + (1 - P) phi(0) = 0, which gives phi(1) = c / P and phi(0) = -c / (1 - P). With A_k for these,
    g_k = p_k (A_k / l_k - sum over j of p_j A_j / l_j) for the softmax. With the lengths l on C and m elsewhere, g_k is
    p_k c ((1 - P) / (P l) + 1 / m) on C, and -P / (1 - P) times that factor elsewhere, so it is along grad P.
    """
    A = np.where(r == 1, c / P, -c / (1 - P)) / lengths
    return gathered(p * (A - (p * A).sum()))


def by_lengths(case: Long, found: np.ndarray) -> Sides:
    """Compare an update with the sum over all groups, and with the formula."""
    p, r, lengths = case.law, np.array(case.correct), np.array(case.lengths)
    P = float(p[case.right].sum())
    divided = lengths[all_groups(len(p), case.group_size)]
    enumerated = expected(case, lambda rewards: normed(rewards, case.norm) / divided)
    pushed = divided_update(p, r, lengths, weight_of(case, P) * P * (1 - P), P)
    rhs = np.concatenate([enumerated, pushed])
    return Sides(np.concatenate([found, found]), rhs, rounding=rounded(2000, case.group_size))


GR_9 = Statement(
    id="policy_gradients/GR-9",
    title="What division by the length of an answer does to the update",
    says=(
        "If the advantage of each answer is divided by its length l_k, the expected update is p_k (A_k / l_k - sum of "
        "p_j A_j / l_j over j), with A = c / P on C and -c / (1 - P) elsewhere, and c = a(P) P (1 - P) for the factor "
        "a of the norm."
    ),
    source=Derived(divided_update),
    tex=r"g_k = p_k \Bigl(\frac{A_k}{l_k} - \sum_j \frac{p_j A_j}{l_j}\Bigr)",
    hypotheses={"some answers are right and some are wrong, and all have lengths": has_lengths},
    instances=LONG,
    solve=by_length,
    claim=Identity(by_lengths),
    decisions=("outcome",),
    saboteurs=(
        saboteur("lengths do not matter", solve=partial(by_length, lengths=False)),
        saboteur("the mean length of the group", solve=by_group_length),
        saboteur("rewards are divided before they are centred", solve=before_centring),
    ),
    notes=(
        "With one length on C and one on the rest the update is along grad P, as the proof says. So it is with one "
        "divisor for all tokens of a group."
    ),
)

# --- where it lowers the success probability --------------------------------------------------------------------------


@dataclass(frozen=True)
class Falling:
    """The law (x, x, 1 - 2 x) with x = 1 / `inverse`, and lengths (L, 1, L) for L = `length`; the first is right."""

    inverse: int
    length: int

    @property
    def problem(self) -> Long:
        """The problem, with groups of two whose rewards are divided by their deviation."""
        return Long((1, 1, self.inverse - 2), (1, 0, 0), 2, "std", (self.length, 1, self.length))


FALLING = Family(
    "short-wrong-answers",
    always=(Falling(10, 100), Falling(10, 40), Falling(64, 256), Falling(20, 81)),
    draw=lambda draws: _falling(draws.integers(10, 64), draws.integers(4, 40)),
)


def _falling(inverse: int, factor: int) -> Falling:
    return Falling(inverse, factor * inverse)


@formula(x="(0, 1/10]", L="[4, inf)")
def success_rate(x: Number, L: Number) -> Number:
    """The rate of P on the law (x, x, 1 - 2 x) with lengths (L, 1, L), where the first answer alone is right.

    Proof
    -----
    Assumes: groups of two, whose rewards are divided by their deviation, so that c = P (1 - P) with P = x.

    Proof: insert c / P = 1 - x and c / (1 - P) = x into the update of statement GR-9, and take x times g_1 less the sum
    of p g. The result is x^2 times (2 - 5 x + 6 x^3) / L - x + 6 x^2 - 6 x^3. It falls as L grows, since x <= 1/10; at
    L = 4 / x the second factor is x / 4 times 19 x - 24 x^2 + 6 x^3 - 2, which is negative: 19 x <= 1.9 and 6 x^3 <=
    .006.
    """
    return x * x * ((2 - 5 * x + 6 * x**3) / L - x + 6 * x**2 - 6 * x**3)


def of_problem(case: Falling, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for the update with divided advantages."""
    return by_length(case.problem, rng)


def undivided(case: Falling, rng: np.random.Generator) -> np.ndarray:
    """Forget the lengths."""
    return by_length(case.problem, rng, lengths=False)


def falls(case: Falling, found: np.ndarray, floor: Number = 0) -> Sides:
    """Compare the rate of P with 0, and with its formula from both sides."""
    p = [Fraction(1, case.inverse), Fraction(1, case.inverse), 1 - Fraction(2, case.inverse)]
    g = list(found)
    rate = p[0] * (g[0] - sum(a * b for a, b in zip(p, g, strict=True)))
    due = success_rate(p[0], case.length * Fraction(1))
    x = 1 / case.inverse
    lhs, rhs = [float(rate), float(rate), float(due)], [-float(floor) * x**3, float(due), float(rate)]
    return Sides(np.array(lhs), np.array(rhs), rounding=rounded(500, x * x))


GR_9F = Statement(
    id="policy_gradients/GR-9f",
    title="Division by length can lower the success probability",
    says=(
        "On the law (x, x, 1 - 2 x) with the lengths (L, 1, L), where the first answer alone is right, x <= 1/10 and L "
        "x >= 4, the expected update of groups of two, divided by lengths, lowers P: its rate is x^2 times (2 - 5 x + "
        "6 x^3) / L - x + 6 x^2 - 6 x^3, which is negative."
    ),
    source=Derived(success_rate),
    tex=r"\dot P = x^2 \Bigl(\frac{2 - 5x + 6x^3}{L} - x + 6x^2 - 6x^3\Bigr) < 0",
    hypotheses={
        "x of at most 1/10": lambda case: case.inverse >= 10,
        "L x of at least 4": lambda case: case.length >= 4 * case.inverse,
    },
    instances=FALLING,
    solve=of_problem,
    claim=Inequality(falls, unbounded="an update that is reported may be any vector"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("P never falls: lengths do not matter", solve=undivided),
        saboteur(
            "P falls at least at the rate x^3",
            claim=Inequality(partial(falls, floor=1), unbounded="as for the statement"),
        ),
    ),
    notes="With x = 1/10 and L = 100 the rate is -1547 / 5000000: a long right answer and a short wrong one.",
)
