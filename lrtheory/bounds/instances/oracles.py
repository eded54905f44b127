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

from lrtheory._validation import as_array, integer, must
from lrtheory.bounds.arithmetic.exact import rounding
from lrtheory.bounds.claims import Inequality, Sides
from lrtheory.bounds.errors import OutcomeError
from lrtheory.bounds.instances._arguments import rational

__all__ = [
    "Best",
    "attained_level",
    "best_permutation",
    "best_subset",
    "binomial_pmf",
    "binomial_tail",
    "coverage",
    "exact_level",
    "for_every_count",
    "on_every_split",
]

Value = Callable[[tuple[Any, ...]], Any]
Feasible = Callable[[tuple[Any, ...]], bool]
Test = Callable[[np.ndarray, np.ndarray], Any]
Interval = Callable[[int, int], tuple[Any, Any]]

# --- best choices -----------------------------------------------------------------------------------------------------


class Best(NamedTuple):
    """The best value that a brute-force search has found, and the choice that has it.

    Parameters
    ----------
    value : number
        Value of the choice, as the value function returned it.
    chosen : tuple
        The items of a subset, or all items in their best order; the first found among those that are equally good.
    """

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

    Parameters
    ----------
    items : sequence
        Items of which a subset is made.
    value : callable
        ``value(subset)`` of a tuple of items; integers and Fractions keep the comparison exact.
    feasible : callable or None
        ``feasible(subset)`` tells which subsets count; None admits all, the empty one included.
    largest : bool
        Whether the largest value is the best one; otherwise it is the smallest.
    cap : int
        The largest number of items that is not refused, since n items have 2^n subsets.

    Returns
    -------
    Best
        The value and the subset, its items in the order of `items`.

    Raises
    ------
    ValueError
        If there are more items than `cap`, or no subset is feasible.

    Examples
    --------
    >>> best_subset([3, -1, 4], sum)
    Best(value=7, chosen=(3, 4))
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
    """Find the best order of all items by trying all of them.

    Parameters
    ----------
    items : sequence
        Items that are put in order.
    value : callable
        ``value(order)`` of a tuple of all items; integers and Fractions keep the comparison exact.
    feasible : callable or None
        ``feasible(order)`` tells which orders count; None admits all.
    largest : bool
        Whether the largest value is the best one; otherwise it is the smallest.
    cap : int
        The largest number of items that is not refused, since n items have n! orders.

    Returns
    -------
    Best
        The value and the order.

    Raises
    ------
    ValueError
        If there are more items than `cap`, or no order is feasible.

    Examples
    --------
    >>> best_permutation([2, 1, 3], lambda order: order[0] - order[2], largest=False)
    Best(value=-2, chosen=(1, 2, 3))
    """
    items = _at_most(items, cap, "n! orders")
    return _best(itertools.permutations(items), value, feasible, largest, "order")


def _at_most(items: Sequence[Any], cap: int, count: str) -> tuple[Any, ...]:
    found = tuple(items)
    if len(found) > integer("cap", cap, low=0):
        raise must("items", f"at most {cap} items (`cap`), since n items have {count}", f"{len(found)} items")
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
        raise must("feasible", f"true of at least one {noun}", "False for all of them")
    return best


# --- binomial laws ----------------------------------------------------------------------------------------------------


def binomial_pmf(n: int, p: Any, k: int) -> Fraction:
    """Compute the probability of exactly k successes in n trials.

    Parameters
    ----------
    n : int
        Number of trials.
    p : Fraction
        Probability of success; a double is taken for the rational number that it is.
    k : int
        Number of successes, any integer.

    Returns
    -------
    Fraction
        C(n, k) p^k (1 - p)^(n - k), and 0 where k lies outside of 0..n.

    Raises
    ------
    TypeError, ValueError
        If n or k is not an integer, n is negative, or p is not a number in [0, 1].
    """
    counts, total = _binomial_counts(n, p)
    k = integer("k", k, low=-(2**63))
    return Fraction(counts[k] if 0 <= k < len(counts) else 0, total)


def binomial_tail(n: int, p: Any, k: int) -> Fraction:
    """Compute the probability of k or more successes in n trials.

    Parameters
    ----------
    n : int
        Number of trials.
    p : Fraction
        Probability of success; a double is taken for the rational number that it is.
    k : int
        Number of successes, any integer.

    Returns
    -------
    Fraction
        The probability; one minus that of k + 1 or more is the probability of at most k.

    Raises
    ------
    TypeError, ValueError
        If n or k is not an integer, n is negative, or p is not a number in [0, 1].
    """
    counts, total = _binomial_counts(n, p)
    return Fraction(sum(counts[max(0, integer("k", k, low=-(2**63))) :]), total)


def _binomial_counts(n: Any, p: Any) -> tuple[list[int], int]:
    """The probabilities of 0..n successes as integers over one denominator."""
    n, p = integer("n", n, low=0), rational("p", p)
    yes, all_ = p.numerator, p.denominator
    return [math.comb(n, k) * yes**k * (all_ - yes) ** (n - k) for k in range(n + 1)], all_**n


def _decimal(name: str, value: Any) -> Fraction:
    """A number in (0, 1) as an author writes it: 0.95 means 19/20, and not the double next to it."""
    rational(name, value)
    # the shortest decimal that is this double is the one that was written
    number = Fraction(str(float(value))) if isinstance(value, (float, np.floating)) else Fraction(value)
    if not 0 < number < 1:
        raise must(name, "in (0, 1)", value)
    return number


# --- levels of tests of two samples -----------------------------------------------------------------------------------


def _splits(values: Any, m: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both samples of every split of a pool into m values and the others, in the order of the pool."""
    pool = np.asarray(values)
    for chosen in itertools.combinations(range(len(pool)), m):
        first = np.zeros(len(pool), bool)
        first[list(chosen)] = True
        yield pool[first], pool[~first]


def _p_values(test: Test, values: Any, m: int, cap: int) -> list[Any]:
    """The p-value of every split; splits with the same two samples, which ties make, are tested once."""
    count = math.comb(len(values), m)
    if count > integer("cap", cap, low=1):
        raise must("pool", f"small enough for at most {cap} splits (`cap`)", f"a pool with {count} splits")
    known: dict[tuple[Any, ...], Any] = {}
    found = []
    for x, y in _splits(values, m):
        key = (*x.tolist(), *y.tolist())
        if key not in known:
            known[key] = test(x, y)
        found.append(known[key])
    return found


def exact_level(test: Test, pool: Sequence[Any], m: int, alpha: Any, *, cap: int = 10_000) -> Fraction:
    """Compute how often a test of two samples rejects when it should not, by trying all splits of a pool.

    If both samples come from one law, every split of the pooled values is equally likely.

    Parameters
    ----------
    test : callable
        ``test(x, y)`` returns a p-value, the same one whenever the samples are the same.
    pool : sequence
        The values of both samples together.
    m : int
        Size of the first sample.
    alpha : number
        The test rejects where its p-value is at most alpha.
    cap : int
        The largest number of splits that is not refused.

    Returns
    -------
    Fraction
        The share of the splits in which the test rejects.

    Raises
    ------
    TypeError, ValueError
        If m is not an integer between 0 and the number of values, or there are more splits than `cap`.

    Examples
    --------
    >>> exact_level(lambda x, y: 0.05 if x[0] > max(y) else 1.0, [1, 2, 3, 4], 1, 0.05)
    Fraction(1, 4)
    """
    values = as_array("pool", pool)
    if values.ndim != 1:
        raise must("pool", "a sequence of numbers", pool)
    p_values = _p_values(test, values, integer("m", m, low=0, high=len(values)), cap)
    return Fraction(sum(bool(p <= alpha) for p in p_values), len(p_values))


def on_every_split(test: Test, *, cap: int = 10_000) -> Callable[[Any, Any], np.ndarray]:
    """Turn a test of two samples into the solver that `attained_level` judges.

    Parameters
    ----------
    test : callable
        ``test(x, y)`` returns a p-value, the same one whenever the samples are the same.
    cap : int
        The largest number of splits that is not refused; a pool of n values has C(n, m).

    Returns
    -------
    callable
        ``solve(instance, rng)`` returns the p-values of all splits of ``instance.values`` into ``instance.m`` values
        and the others; `lrtheory.bounds.instances.pools` has such instances.

    Raises
    ------
    TypeError
        If the test cannot be called.
    """
    if not callable(test):
        raise must("test", "a function of two samples", test, TypeError)
    return lambda instance, rng: np.array(_p_values(test, instance.values, instance.m, cap))


def _number_of_splits(instance: Any) -> int:
    return math.comb(len(instance.values), instance.m)


def attained_level(
    *, times: Any = 1, operations: int = 4096, cases: Callable[[Any], int] = _number_of_splits
) -> Inequality:
    """Claim that a test rejects a true hypothesis at most as often as it says, at every level that it attains.

    The outcome holds the p-values of all cases, which are equally likely; `on_every_split` makes such a solver of a
    test of two samples. For each p-value alpha the claim is that at most the share alpha of the cases has a p-value
    of at most alpha. Between attained levels the share does not change, so the claim covers every level.

    The outcome is all that an algorithm decides, so a statement names it in ``decisions=("outcome",)``.

    Parameters
    ----------
    times : Fraction
        The share is claimed to be at most `times` alpha; a number below 1 makes a claim that is too strong.
    operations : int
        Number of operations behind a p-value, in doubles: alpha is allowed their rounding. With 0 every comparison is
        exact, for tests whose p-values are exact.
    cases : callable
        ``cases(instance)`` is the number of p-values that an outcome must have; the number of splits of a pool, unless
        another one is given.

    Returns
    -------
    Inequality
        Claim for a statement.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.
    """
    factor = times if isinstance(times, Fraction) else Fraction(integer("times", times, low=1))
    if factor <= 0:
        raise must("times", "positive", times)
    operations = integer("operations", operations, low=0, high=2**40)
    if not callable(cases):
        raise must("cases", "a function of an instance", cases, TypeError)

    def sides(instance: Any, p_values: Any) -> Sides:
        found = _checked_p_values(p_values, cases(instance))
        attained, first = np.unique(found, return_index=True)
        # sorted p-values: as many are at most alpha as stand before the first that exceeds it
        counts = np.searchsorted(np.sort(found), attained, side="right")
        level = np.array([Fraction(int(count), len(found)) for count in counts], object)
        claimed = _exact(found[first]) * factor
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

    Parameters
    ----------
    interval : callable
        ``interval(k, n)`` returns the ends (low, high) after k successes in n trials.

    Returns
    -------
    callable
        ``solve(instance, rng)`` returns the ends for k = 0, ..., n as an array (n + 1, 2), where n is ``instance.n``;
        `lrtheory.bounds.instances.binomials` has such instances.

    Raises
    ------
    TypeError
        If the interval cannot be called.
    """
    if not callable(interval):
        raise must("interval", "a function of two counts", interval, TypeError)
    return lambda instance, rng: np.array([tuple(interval(k, instance.n)) for k in range(instance.n + 1)])


def coverage(level: Any = Fraction(19, 20), *, within: Any = 0) -> Inequality:
    """Claim that an interval for a proportion contains the true one with the probability that it says.

    The outcome holds the ends of the interval for every number of successes; `for_every_count` makes such a solver. The
    coverage is computed in Fractions: at the probability p of the instance, at every end of an interval as p comes
    close to it from below and from above, and as p comes close to 0 and to 1. Where ends grow with the number of
    successes, as they should, no other p has less coverage.

    The outcome is all that an algorithm decides, so a statement names it in ``decisions=("outcome",)``.

    Parameters
    ----------
    level : Fraction or float
        The claimed probability; 0.95 means 19/20.
    within : Fraction
        Margin by which every interval is widened at both ends before it is judged, for ends that are found up to an
        error.

    Returns
    -------
    Inequality
        Claim for a statement.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Notes
    -----
    Between two neighboring ends the counts k whose intervals contain p are the same a, ..., b. The derivative of their
    probability is n (P(a - 1) - P(b)), with P the law of n - 1 trials. P(a - 1) / P(b) falls in p, so the probability
    rises first and falls then, and it is least at one of the two ends.
    """
    claimed, margin = _decimal("level", level), rational("within", within)

    def sides(instance: Any, outcome: Any) -> Sides:
        low, high = _checked_ends(outcome, instance.n).T
        low, high = low - margin, high + margin
        p = Fraction(instance.p)
        found = [_covered(p, (low <= p) & (p <= high))]
        borders = sorted({end for end in (*low, *high) if 0 < end < 1})
        found += [_covered(end, (low <= end) & (end < high)) for end in (0, *borders)]  # p slightly above the end
        found += [_covered(end, (low < end) & (end <= high)) for end in (*borders, 1)]  # p slightly below the end
        return Sides(np.full(len(found), claimed, object), np.array(found, object), least=np.zeros(len(found), int))

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
