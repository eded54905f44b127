"""Exact selection of small sets: by enumeration, and by an integer program."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import Words, generator, must
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, committee_score, item_scores, item_values
from lrtheory.fair_subset_selection.selection.quotas import Bounds

__all__ = ["enumerate_sets", "exchanged", "integer_program"]

MAX_SETS = 200_000  # sets that are tried one by one; the methods behind it need no such patience
MAX_VARIABLES = 200_000  # assignments of an integer program, all of which HiGHS holds at once
MAX_COMPARED = 50_000_000  # positions read to compare the exchanges of a set under a rule that is not separable


def enumerate_sets(
    rankings: Rankings, rule: ScoreRule, k: int, bounds: list[Bounds], ties: str, rng: Rng
) -> tuple[np.ndarray, Any, np.ndarray, int]:
    """Enumerate all sets: return a best one, its score, the items of some but not all best sets, the number of sets."""
    m = rankings.n_items
    if math.comb(m, k) > MAX_SETS:
        raise must("method", f'another than "brute-force" for more than {MAX_SETS} sets', math.comb(m, k))
    sets = [s for s in itertools.combinations(range(m), k) if all(one.allow(np.array(s, int)) for one in bounds)]
    if not sets:
        raise must("quota, at_least, at_most", "feasible for all attributes together", Words("no set"))
    scores = committee_score(rankings, rule, np.array(sets, np.int64).reshape(len(sets), k))
    best = np.flatnonzero(scores == scores.max())
    chosen = best[generator(rng).integers(len(best)) if ties == "random" else 0]
    times = np.bincount(np.array([sets[b] for b in best], np.int64).ravel(), minlength=m)
    tied = np.flatnonzero((times > 0) & (times < len(best)))
    return np.array(sets[chosen], np.int64), scores[chosen].item(), tied, len(sets)


def integer_program(rankings: Rankings, rule: ScoreRule, k: int, bounds: list[Bounds]) -> tuple[np.ndarray, Any, str]:
    """Find the best set by HiGHS, then by exchanges of two items that it cannot tell apart; return its score and how.

    x_i says that item i is chosen. For separable rules the objective is s . x, less the smallest score, which all sets
    of k items have k times. For others y_{v,i,t} says that ranking v has item i as its t-th best:
    sum_i y_{v,i,t} <= 1, sum_t y_{v,i,t} <= x_i; since lambda does not increase, the maximum sorts by itself. The
    tolerances of HiGHS are absolute, so a power of two brings the largest coefficient to about 2^20.
    """
    m, singles = rankings.n_items, item_scores(rankings, rule)
    if rule.separable:
        gains, links, limits = (singles - singles.min()).astype(float), None, np.zeros(0)
    else:
        gains, links, limits = _assignments(rankings, rule, k)
    gains = np.ldexp(gains, 20 - np.frexp(gains.max())[1])
    items = np.flatnonzero(_solved(gains, links, limits, m, k, bounds) > 0.5)  # HiGHS returns 0 and 1 up to tolerances
    if len(items) != k or not all(one.allow(items) for one in bounds):
        raise RuntimeError(f"HiGHS returned {len(items)} items instead of {k}, or items outside of the quotas.")
    better, is_compared = _exchanged(rankings, rule, items, bounds)
    while better is not None:  # each round raises the score, as it is computed, so that the loop ends
        items = better
        better, is_compared = _exchanged(rankings, rule, items, bounds)
    message = "optimal up to the tolerances of HiGHS; no certificate: they are not proved"
    if not is_compared:
        message += "; exchanges of two items were too many to be compared"
    return items, committee_score(rankings, rule, items), message


def _solved(gains: np.ndarray, links: Any, limits: np.ndarray, m: int, k: int, bounds: list[Bounds]) -> np.ndarray:
    """Solve the integer program, and return its variables x of shape (m,)."""
    from scipy import sparse
    from scipy.optimize import Bounds as Box
    from scipy.optimize import LinearConstraint, milp

    n = len(gains)
    membership = np.concatenate([np.eye(len(one.names))[:, one.groups] for one in bounds] + [np.ones((1, m))])
    low = np.concatenate([one.low for one in bounds] + [[k]])
    high = np.concatenate([one.high for one in bounds] + [[k]])
    counted = sparse.hstack([sparse.csr_array(membership), sparse.csr_array((len(membership), n - m))])
    constraints = [LinearConstraint(counted, low, high)]
    if len(limits):
        constraints.append(LinearConstraint(links, -np.inf, limits))
    # y need not be whole: with x fixed, the rest is an assignment problem in each ranking, with an optimum of 0 and 1
    whole = np.concatenate([np.ones(m), np.zeros(n - m)])
    found = milp(-gains, integrality=whole, bounds=Box(0, 1), constraints=constraints, options={"mip_rel_gap": 0})
    if found.status == 2:
        raise must("quota, at_least, at_most", "feasible for all attributes together", found.message)
    if found.status != 0:
        raise RuntimeError(f"HiGHS found no optimum: {found.message}")
    return found.x[:m]


def _exchanged(
    rankings: Rankings, rule: ScoreRule, items: np.ndarray, bounds: list[Bounds]
) -> tuple[np.ndarray | None, bool]:
    """Return the best set that differs in one item if it scores more, without a tolerance; None otherwise.

    Also returned is whether the exchanges were compared, which they are not where there are too many.
    """
    found = _exchanges(rankings, rule, items, bounds)
    if found is None:  # the set stays as it is
        return None, False
    leaving, entering, gains = found
    if gains.max(initial=0) <= 0:
        return None, True
    best = int(gains.argmax())
    return np.sort(np.append(items[items != leaving[best]], entering[best])), True


def exchanged(rankings: Rankings, rule: ScoreRule, items: np.ndarray, bounds: list[Bounds]) -> np.ndarray | None:
    """List the exchanges within the quotas: items that leave, those that enter, and gains; None if too many."""
    found = _exchanges(rankings, rule, items, bounds)
    if found is None:
        return None
    leaving, entering, gains = found
    return np.unique(np.concatenate([leaving[gains == 0], entering[gains == 0]]))


def _exchanges(
    rankings: Rankings, rule: ScoreRule, items: np.ndarray, bounds: list[Bounds]
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """List the exchanges within the quotas: items that leave, those that enter, and the gains; None if too many."""
    others = np.setdiff1d(np.arange(rankings.n_items), items)
    allowed = np.ones((len(items), len(others)), bool)
    for one in bounds:
        leaves, enters = one.groups[items][:, None], one.groups[others]
        count = np.bincount(one.groups[items], minlength=len(one.names))
        # [a, b]: item a leaves and item b enters; within one group no count changes
        allowed &= (leaves == enters) | ((count > one.low)[leaves] & (count < one.high)[enters])
    out, into = np.nonzero(allowed)
    if rule.separable:
        singles = item_scores(rankings, rule)
        gains = singles[others[into]] - singles[items[out]]
    elif len(out) * len(items) * rankings.n_rankings <= MAX_COMPARED:
        sets = np.repeat(items[None], len(out), axis=0)
        sets[np.arange(len(out)), out] = others[into]
        gains = committee_score(rankings, rule, sets) - committee_score(rankings, rule, items)
    else:
        return None
    return items[out], others[into], gains


def _assignments(rankings: Rankings, rule: ScoreRule, k: int) -> tuple[np.ndarray, Any, np.ndarray]:
    """Build the objective over (x, y), the rows that link y to x, and their limits; y runs over (v, i, t) in C-order.

    The first n m rows say sum_t y_{v,i,t} - x_i <= 0, the other n depth rows sum_i y_{v,i,t} <= 1, where depth is the
    number of lambdas.
    """
    from scipy import sparse

    n, m, lam = rankings.n_rankings, rankings.n_items, rule.owa_weights(k)
    depth = len(lam)
    if n * m * depth > MAX_VARIABLES:
        wanted = f'"lazy", which takes one attribute, for panels of more than {MAX_VARIABLES} assignments'
        raise must("method", wanted, n * m * depth)
    voters = np.ones(n) if rankings.weights is None else rankings.weights
    values = item_values(rankings, rule).T.astype(float) * voters[:, None]
    gains = np.concatenate([np.zeros(m), np.multiply.outer(values, lam).ravel()])
    used = sparse.kron(sparse.eye_array(n * m), np.ones((1, depth)))  # sum_t y_{v,i,t}
    chosen = sparse.kron(np.ones((n, 1)), sparse.eye_array(m))  # x_i
    ranks = sparse.kron(sparse.eye_array(n), sparse.kron(np.ones((1, m)), sparse.eye_array(depth)))  # sum_i y_{v,i,t}
    links = sparse.vstack([sparse.hstack([-chosen, used]), sparse.hstack([sparse.csr_array((n * depth, m)), ranks])])
    return gains, sparse.csr_array(links), np.concatenate([np.zeros(n * m), np.ones(n * depth)])
