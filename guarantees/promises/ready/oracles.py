"""Truths by brute force in exact arithmetic, and two claims that rest on them: levels of tests, coverage of intervals.

An oracle tries everything, so it is right and slow; each has a cap above which it refuses. The claims judge what a
solver returns for all cases: `on_every_split` and `for_every_count` turn a test or an interval into such a solver.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from lrtheory.bounds import Inequality, OutcomeError, Sides, rounding

__all__ = [
    "Best",
    "attained_level",
    "best_permutation",
    "best_subset",
    "binomial_pmf",
    "coverage",
    "for_every_count",
    "on_every_split",
]

CAP = 10_000  # splits of a pool that are all tried

Value = Callable[[tuple[Any, ...]], Any]
Feasible = Callable[[tuple[Any, ...]], bool]
Test = Callable[[np.ndarray, np.ndarray], Any]
Interval = Callable[[int, int], tuple[Any, Any]]

# --- best choices -----------------------------------------------------------------------------------------------------


class Best(NamedTuple):
    """The best value that a brute-force search has found, and the first choice that has it."""

    value: Any
    chosen: tuple[Any, ...]


def best_subset(
    items: Sequence[Any],
    value: Value,
    *,
    feasible: Feasible | None = None,
    largest: bool = True,
    cap: int = 16,
) -> Best:
    """Find the best subset by trying all of them, those with fewer items first.

    `value` and `feasible` are functions of a tuple of items, in the order of `items`; None admits all, the empty one
    included. More items than `cap` are refused, since n items have 2^n subsets.
    """
    items = _at_most(items, cap, "2^n subsets")
    # small ones first, so that of equally good subsets the one with the fewest items is returned
    subsets = itertools.chain.from_iterable(itertools.combinations(items, size) for size in range(len(items) + 1))
    return _best(subsets, value, feasible, largest, "subset")


def best_permutation(
    items: Sequence[Any],
    value: Value,
    *,
    feasible: Feasible | None = None,
    largest: bool = True,
    cap: int = 8,
) -> Best:
    """Find the best order of all items by trying all of them; `value` and `feasible` are functions of such a tuple."""
    items = _at_most(items, cap, "n! orders")
    return _best(itertools.permutations(items), value, feasible, largest, "order")


def _at_most(items: Sequence[Any], cap: int, count: str) -> tuple[Any, ...]:
    found = tuple(items)
    if len(found) > cap:
        raise ValueError(f"`items` must be at most {cap} (`cap`), since n items have {count}; got {len(found)}.")
    return found


def _best(
    choices: Iterator[tuple[Any, ...]], value: Value, feasible: Feasible | None, largest: bool, noun: str
) -> Best:
    best: Best | None = None
    for choice in choices:
        if feasible is None or feasible(choice):
            found = value(choice)
            if best is None or (found > best.value if largest else found < best.value):
                best = Best(found, choice)
    if best is None:
        raise ValueError(f"`feasible` must be true of at least one {noun}; got False for all of them.")
    return best


# --- binomial laws ----------------------------------------------------------------------------------------------------


def binomial_pmf(n: int, p: Any, k: int) -> Fraction:
    """Compute the probability of exactly k successes in n trials, 0 where k lies outside of 0..n."""
    counts, total = _binomial_counts(n, p)
    return Fraction(counts[k] if 0 <= k < len(counts) else 0, total)


def _binomial_counts(n: int, p: Fraction) -> tuple[list[int], int]:
    """The probabilities of 0..n successes as integers over one denominator."""
    yes, all_ = p.numerator, p.denominator
    return [math.comb(n, k) * yes**k * (all_ - yes) ** (n - k) for k in range(n + 1)], all_**n


# --- levels of tests of two samples -----------------------------------------------------------------------------------


def _splits(values: Any, m: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both samples of every split of a pool into m values and the others, in the order of the pool."""
    pool = np.asarray(values)
    for chosen in itertools.combinations(range(len(pool)), m):
        first = np.zeros(len(pool), bool)
        first[list(chosen)] = True
        yield pool[first], pool[~first]


def _p_values(test: Test, values: Any, m: int) -> list[Any]:
    """The p-value of every split; splits with the same two samples, which ties make, are tested once."""
    count = math.comb(len(values), m)
    if count > CAP:
        raise ValueError(f"`pool` must be small enough for at most {CAP} splits; got a pool with {count}.")
    known: dict[tuple[Any, ...], Any] = {}
    found = []
    for x, y in _splits(values, m):
        key = (*x.tolist(), *y.tolist())
        if key not in known:
            known[key] = test(x, y)
        found.append(known[key])
    return found


def on_every_split(test: Test) -> Callable[[Any, Any], np.ndarray]:
    """Turn a test of two samples into the solver that `attained_level` judges.

    ``test(x, y)`` returns a p-value, the same one whenever the samples are the same; ``solve(instance, rng)`` those of
    all splits of ``instance.values`` into ``instance.m`` values and the others, as `pools` have them.
    """
    return lambda instance, rng: np.array(_p_values(test, instance.values, instance.m))


def _number_of_splits(instance: Any) -> int:
    return math.comb(len(instance.values), instance.m)


def attained_level(
    *, times: Fraction = Fraction(1), operations: int = 4096, cases: Callable[[Any], int] = _number_of_splits
) -> Inequality:
    """Claim that a test rejects a true hypothesis at most as often as it says, at every level that it attains.

    The outcome holds the p-values of all cases, which are equally likely; `on_every_split` makes such a solver of a
    test of two samples. For each p-value alpha the claim is that at most the share alpha of the cases has a p-value
    of at most alpha. Between attained levels the share does not change, so the claim covers every level.

    The share is claimed to be at most `times` alpha. `operations` is the number of operations behind a p-value, in
    doubles: alpha is allowed their rounding, and with 0 every comparison is exact. ``cases(instance)`` is the number of
    p-values that an outcome must have. The outcome is all that an algorithm decides, so a statement names it in
    ``decisions=("outcome",)``.
    """

    def sides(instance: Any, p_values: Any) -> Sides:
        found = _checked_p_values(p_values, cases(instance))
        attained, first = np.unique(found, return_index=True)
        # sorted p-values: as many are at most alpha as stand before the first that exceeds it
        counts = np.searchsorted(np.sort(found), attained, side="right")
        level = np.array([Fraction(int(count), len(found)) for count in counts], object)
        claimed = _exact(found[first]) * times
        allowed = None if operations == 0 else rounding(operations, claimed)
        return Sides(lhs=level, rhs=claimed, trivial=np.ones(len(level), int), rounding=allowed)

    return Inequality(sides)


def _checked_p_values(outcome: Any, count: int) -> np.ndarray:
    found = np.asarray(outcome)
    if found.shape != (count,):
        raise OutcomeError(f"an outcome holds one p-value for each of {count} cases; got the shape {found.shape}")
    if not (found >= 0).all():  # false for NaN too
        raise OutcomeError("a p-value must be a number that is not negative")
    return found


def _exact(numbers: np.ndarray) -> np.ndarray:
    """The rational numbers that doubles are, as an array of one shape; infinities stay."""
    flat = [Fraction(one) if math.isfinite(one) else one for one in numbers.ravel().tolist()]
    exact = np.empty(len(flat), object)
    exact[:] = flat
    return exact.reshape(numbers.shape)


# --- coverage of intervals for a proportion ---------------------------------------------------------------------------


def for_every_count(interval: Interval) -> Callable[[Any, Any], np.ndarray]:
    """Turn an interval for a proportion into the solver that `coverage` judges.

    ``interval(k, n)`` returns the ends (low, high) after k successes in n trials; ``solve(instance, rng)`` those for
    k = 0, ..., n as an array (n + 1, 2), where n is ``instance.n``, as `binomials` have it.
    """
    return lambda instance, rng: np.array([tuple(interval(k, instance.n)) for k in range(instance.n + 1)])


def coverage(level: Fraction = Fraction(19, 20)) -> Inequality:
    """Claim that an interval for a proportion contains the true one with the probability that it says.

    The outcome holds the ends of the interval for every number of successes; `for_every_count` makes such a solver. The
    coverage is computed in Fractions: at the probability p of the instance, at every end of an interval as p comes
    close to it from below and from above, and as p comes close to 0 and to 1. Where ends grow with the number of
    successes, as they should, no other p has less coverage.

    Between two neighboring ends the counts k whose intervals contain p are the same a, ..., b. The derivative of their
    probability is n (P(a - 1) - P(b)), with P the law of n - 1 trials. P(a - 1) / P(b) falls in p, so the probability
    rises first and falls then, and it is least at one of the two ends.
    """

    def sides(instance: Any, outcome: Any) -> Sides:
        low, high = _checked_ends(outcome, instance.n).T
        p = instance.p
        found = [_covered(p, (low <= p) & (p <= high))]
        borders = sorted({end for end in (*low, *high) if 0 < end < 1})
        found += [_covered(end, (low <= end) & (end < high)) for end in (0, *borders)]  # p slightly above the end
        found += [_covered(end, (low < end) & (end <= high)) for end in (*borders, 1)]  # p slightly below the end
        return Sides(np.full(len(found), level, object), np.array(found, object), least=np.zeros(len(found), int))

    return Inequality(sides)


def _covered(p: Any, inside: np.ndarray) -> Fraction:
    """The probability of the counts whose intervals contain p."""
    counts, total = _binomial_counts(len(inside) - 1, p)
    return Fraction(sum(itertools.compress(counts, inside)), total)


def _checked_ends(outcome: Any, n: int) -> np.ndarray:
    found = np.asarray(outcome)
    if found.shape != (n + 1, 2):
        raise OutcomeError(f"an outcome holds two ends for each of {n + 1} counts; got the shape {found.shape}")
    if any(end != end for end in found.ravel().tolist()):
        raise OutcomeError("an end of an interval is NaN")
    return _exact(found)
