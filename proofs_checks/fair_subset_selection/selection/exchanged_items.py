"""Sums of the largest scores, and sets that differ in some items."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import exact, numbers
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, is_iterable, must, unmasked
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    always,
    formula,
    saboteur,
)
from lrtheory.fair_subset_selection import select_by_scores
from proofs_checks.fair_subset_selection.certificates.sums import CONCAVE
from proofs_checks.fair_subset_selection.families.outcomes import Entries, check_set


@dataclass(frozen=True)
class Shares:
    """Scores of m items."""

    scores: np.ndarray


def largest_sums(shares: Shares, rng: np.random.Generator | None = None) -> np.ndarray:
    """Select the best t items for t = 0, ..., m, and return their scores, (m + 1,)."""
    m = len(shares.scores)
    return np.array([select_by_scores(shares.scores, t).score for t in range(m + 1)])


def draw_shares(draws: Draws) -> Shares:
    """Draw up to eight whole scores, some below zero."""
    return Shares(draws.integers(-2, 9, shape=draws.integers(1, 8)))


# one item; ties; all points in one item; and numbers below zero, since signs do not matter
SHARES = Family(
    "shares",
    always=(
        Shares(np.array([1])),
        Shares(np.array([2, 2, 2])),
        Shares(np.array([4, 0, 0])),
        Shares(np.array([-1, -3])),
    ),
    draw=draw_shares,
)


def small_shares() -> Iterator[Shares]:
    """Yield the whole scores of one to four items from -1 to 2."""
    for m in range(1, 5):
        yield from (Shares(np.array(scores)) for scores in itertools.product(range(-1, 3), repeat=m))


def smallest_sums(shares: Shares, rng: np.random.Generator) -> np.ndarray:
    """Add up the worst t items in place of the best."""
    # the sums of no item and of all items are right; those in between are too small
    return np.cumsum(np.r_[0, np.sort(shares.scores)])


@formula(t="[0, n]", n="[0, inf)")
def top_sum_share(t: int, n: int) -> Fraction:
    """The largest t of n numbers have at least this share of their sum, and all of it for n = 0.

    Proof
    -----
    Assumes: 0 <= t <= n, which is checked; the numbers may have any sign.

    Proof: the t largest are each at least as large as each of the n - t others. So their mean is at least the mean of
    those, hence at least the mean of all n: top_t / t >= top_n / n. For t = 0 both sides of the claim are 0.
    """
    return Fraction(t, n) if n else Fraction(1)


def largest(shares: Shares, found: np.ndarray, more: int = 0) -> Sides:
    """Compare t/t' of the sum of the largest t' scores with the sum of the largest t, for all t <= t'.

    `more` claims the share of t + more scores for t of them, which is too much.
    """
    ordered, entries = sorted(shares.scores.tolist(), reverse=True), Entries()
    sums = [sum(ordered[:t]) for t in range(len(ordered) + 1)]
    # all pairs, also t = 0 and t = t', where the claim is an equality
    pairs = [(t, u) for u in range(len(sums)) for t in range(u + 1)]
    shares_of = [top_sum_share(min(t + more, u), u) * sums[u] for t, u in pairs]
    entries.at_most(shares_of, [sums[t] for t, _ in pairs])
    entries.equal(found, sums)
    return entries.sides()


FSS_P6 = Statement(
    id="fair_subset_selection/FSS-P6",
    title="Sums of the largest are concave",
    says=(
        "The sum top_t(s) of the t largest of some real scores s is at least t/t' times top_t'(s), the sum of the t' "
        "largest, for all t <= t'."
    ),
    source=Derived(top_sum_share),
    tex=r"\mathrm{top}_t(s) \ge (t/t')\, \mathrm{top}_{t'}(s),\quad t \le t'",
    hypotheses={"real scores": always},
    instances=SHARES,
    for_all=(All("vectors of one to four whole scores from -1 to 2", small_shares, members=340), CONCAVE),
    solve=largest_sums,
    claim=Inequality(largest, unbounded="scores may be any numbers, and so may their sums"),
    saboteurs=(
        saboteur("the smallest first", solve=smallest_sums),
        saboteur("one item more counts too", claim=Inequality(partial(largest, more=1))),
    ),
)


@dataclass(frozen=True)
class ScorePair:
    """Scores that count, and observed scores that choose."""

    scores: np.ndarray
    observed: np.ndarray


def chosen_by(pair: ScorePair, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Select the best t items by the observed scores, for t = 0, ..., m."""
    return [select_by_scores(pair.observed, t).items for t in range(len(pair.scores) + 1)]


def draw_pair(draws: Draws) -> ScorePair:
    """Draw up to seven items; the scores that choose are near the others, or not."""
    m = draws.integers(2, 7)
    scores = draws.integers(0, 9, shape=m)
    # a noise of 12 puts the items in any order, one of 1 exchanges near ties alone
    noise = draws.integers(0, draws.choice((1, 4, 12)), shape=m)
    return ScorePair(scores, scores + noise)


# the order is reversed; and the best item of three comes last
PAIRS = Family(
    "score-pairs",
    always=(ScorePair(np.array([2, 1]), np.array([1, 2])), ScorePair(np.array([4, 2, 1]), np.array([1, 3, 2]))),
    draw=draw_pair,
)


def small_pairs() -> Iterator[ScorePair]:
    """Yield the scores 0, 1 or 2 of three items with all orders of the observed scores 0, 1 and 2."""
    for scores, observed in itertools.product(itertools.product(range(3), repeat=3), itertools.permutations(range(3))):
        yield ScorePair(np.array(scores), np.array(observed))


def next_best(pair: ScorePair, rng: np.random.Generator) -> list[np.ndarray]:
    """Leave the best item by the observed scores out, as long as others are left."""
    ordered = np.argsort(-pair.observed, kind="stable")
    # the full set is right, and the others lack the best item
    return [np.r_[ordered[1:], ordered[:1]][:t] for t in range(len(ordered) + 1)]


def _items(name: str, items: Any, n_items: int) -> set[int]:
    """Check item numbers, which must be distinct, and return them as a set."""
    items = to_numpy(unmasked(name, items))
    if not is_iterable(items):
        raise must(name, "a sequence of item numbers", items, TypeError)
    given = [integer(name, item, low=0, high=n_items - 1) for item in items]
    if len(set(given)) < len(given):
        raise must(name, "distinct items", given)
    return set(given)


@formula()
def exchange_ratio(s: ArrayLike, A: ArrayLike, B: ArrayLike) -> Number:
    """s(B) is at least this share of s(A).

    Proof
    -----
    Assumes: scores are non-negative and the sets of equal size, which is checked.

    Proof: pair the items i of A - B with the items j of B - A. Each j has at least this share of the score of its i,
    and the common items have all of theirs; add up.
    """
    s = [exact(score) for score in numbers("s", s, 0)]
    kept, taken = _items("A", A, len(s)), _items("B", B, len(s))
    if len(kept) != len(taken):
        raise must("B", f"{len(kept)} items, as many as the best", sorted(taken))
    pairs = [(s[i], s[j]) for i in kept - taken for j in taken - kept]
    ratios = [b / a for a, b in pairs if b < a]  # a > 0 here, so that a score of 0 divides nothing
    return min(ratios, default=exact(1))


def exchanged(pair: ScorePair, found: list, kept=exchange_ratio) -> Sides:
    """Compare the loss of the t items that the other scores choose with the part of the best score that may be lost."""
    entries, m = Entries(), len(pair.scores)
    if len(found) != m + 1:
        raise OutcomeError(f"an outcome must be {m + 1} sets, of 0, ..., {m} items")
    for size, items in enumerate(found):
        # of equal scores any may count as best: the share is 1 between them
        ordered = sorted(range(m), key=lambda i: -pair.scores[i])[:size]
        taken = check_set(items, m, size)
        share = kept(pair.scores, ordered, taken)
        entries.kept(sum(pair.scores[i] for i in ordered), sum(pair.scores[i] for i in taken), share)
        seen = sorted(pair.observed)[::-1][:size]  # the chosen are the best by the other scores
        entries.kept(sum(seen), sum(pair.observed[i] for i in taken), 1)
    return entries.sides()


def keeps_the_best(scores, best_items, chosen_items) -> Fraction:
    """Claim too much: that other scores keep all of the best score."""
    return Fraction(1)


FSS_P5 = Statement(
    id="fair_subset_selection/FSS-P5",
    title="Exchange: what the best by other scores keep",
    says=(
        "Let A be the t items with the largest scores s >= 0, and B the t items with the largest of some other scores. "
        "Then s(B), the sum of s over B, is at least s(A) times the smallest of min(1, s_j/s_i) over the items i in A "
        "but not B and j in B but not A."
    ),
    source=Derived(exchange_ratio),
    tex=r"s(B) \ge s(A) \min_{i \in A - B,\, j \in B - A} \min(1, s_j/s_i)",
    hypotheses={"scores at or above zero": lambda pair: bool((pair.scores >= 0).all() and (pair.observed >= 0).all())},
    instances=PAIRS,
    for_all=(
        All("pairs of three scores 0, 1 or 2 and an order of the observed scores 0, 1 and 2", small_pairs, members=162),
    ),
    solve=chosen_by,
    decisions=("*",),
    claim=Inequality(exchanged),
    saboteurs=(
        saboteur("the next best items", solve=next_best),
        saboteur("all of it", claim=Inequality(partial(exchanged, kept=keeps_the_best))),
    ),
)
