r"""Multiwinner score functions: what one ranking, and a panel of rankings, give to a set of items.

.. math:: F(S) = \sum_v \sum_{t=1}^{|S|} \lambda_t \cdot
          \big( t\text{-th largest of } \{ w(\mathrm{pos}_v(i)) : i \in S \} \big),

with position weights w, non-negative, and OWA weights lambda that start with 1 and do not increase, so that F is
monotone and submodular (statement FSS-G5). With lambda = (1, 1, ...) it is separable: a sum over items.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import kernel_input, to_numpy
from lrtheory._result import read_only
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, array, as_array, choice, integer, must
from lrtheory.fair_subset_selection.ballots.items import Items, as_items
from lrtheory.fair_subset_selection.ballots.score_sums import (
    add_scores,
    count_first,
    fill_values,
    owa_score,
    values_by_item,
)
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings, narrow_positions

__all__ = ["ScoreRule", "as_rule", "committee_score", "item_scores", "item_values", "ranking_values"]

KINDS = ("sntv", "bloc", "borda", "cc", "borda-cc", "pav", "positional", "owa")
WITH_DEPTH = ("bloc", "cc", "pav")
WITH_WEIGHTS = ("positional", "owa")
#: other names of rules that a name alone describes
NAMES = {"chamberlin-courant": "borda-cc", "k-borda": "borda", "plurality": "sntv"}
SEPARABLE = ("sntv", "bloc", "borda", "positional")


@dataclass(frozen=True, eq=False, slots=True, init=False)
class ScoreRule:
    """A multiwinner score function, given by its name and its parameters.

    Parameters
    ----------
    kind : str
        Position weights w(p), p = 0 the best position, and OWA weights lambda:

        ============  ===============  ==================  ===========================================
        "sntv"        1[p = 0]         1, 1, 1, ...        single non-transferable vote
        "bloc"        1[p < depth]     1, 1, 1, ...        Bloc for depth = k
        "borda"       m - 1 - p        1, 1, 1, ...        k-Borda
        "positional"  given            1, 1, 1, ...        any separable rule
        "cc"          1[p < depth]     1, 0, 0, ...        Chamberlin-Courant on the top of each ranking
        "borda-cc"    m - 1 - p        1, 0, 0, ...        Chamberlin-Courant with Borda scores (beta-CC)
        "pav"         1[p < depth]     1, 1/2, 1/3, ...    proportional approval voting on the top
        "owa"         given, or Borda  given               any ordered weighted average
        ============  ===============  ==================  ===========================================
    depth : int, optional
        Number of best positions that count, at least 1, for "bloc", "cc" and "pav".
    position_weights : array of shape (m,), optional
        w, non-negative, for "positional" and "owa"; integers keep scores exact.
    owa : sequence of float, optional
        lambda for "owa": it starts with 1, does not increase and is non-negative; zeros follow its end.

    Raises
    ------
    ValueError
        If an argument is missing, out of range or without effect for this kind.

    Examples
    --------
    >>> rule = ScoreRule("bloc", depth=2)
    >>> rule.weights(4).tolist(), rule.max_item_score(4), rule.separable
    ([1, 1, 0, 0], 1, True)
    """

    kind: str
    depth: int | None
    position_weights: np.ndarray | None
    owa: np.ndarray | None

    def __init__(
        self,
        kind: str,
        *,
        depth: int | None = None,
        position_weights: ArrayLike | None = None,
        owa: ArrayLike | None = None,
    ) -> None:
        choice("kind", kind, KINDS)
        if (depth is not None) != (kind in WITH_DEPTH):
            raise must("depth", "given for the kinds " + ", ".join(WITH_DEPTH) + " and no other", depth)
        if (position_weights is not None and kind not in WITH_WEIGHTS) or (
            position_weights is None and kind == "positional"
        ):
            rule = "given for the kind " + " and perhaps ".join(map(repr, WITH_WEIGHTS)) + ", and no other"
            raise must("position_weights", rule, position_weights)
        if (owa is not None) != (kind == "owa"):
            raise must("owa", 'given for the kind "owa" and no other', owa)
        values = {
            "kind": kind,
            "depth": None if depth is None else integer("depth", depth, low=1),
            "position_weights": None if position_weights is None else _checked_weights(position_weights),
            "owa": None if owa is None else _checked_owa(owa),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # unpickling goes through __init__, so that arrays are read-only again
        return _rebuilt, (self.kind, self.depth, self.position_weights, self.owa)

    @property
    def separable(self) -> bool:
        """Return True if the score of a set is the sum of the scores of its items."""
        return self.kind in SEPARABLE

    def weights(self, n_items: int) -> np.ndarray:
        """Return the position weights w.

        Parameters
        ----------
        n_items : int
            m, at least 1.

        Returns
        -------
        int64 or float64 array of shape (m,)
            ``w[p]`` for the positions p = 0 .. m - 1.

        Raises
        ------
        ValueError
            If `n_items` is below 1, or the depth, or the number of given weights, does not fit.
        """
        n_items = integer("n_items", n_items, low=1)
        if self.position_weights is not None:
            if len(self.position_weights) != n_items:
                raise must("position_weights", f"of shape ({n_items},), one per position", self.position_weights.shape)
            return self.position_weights
        positions = np.arange(n_items)
        if self.kind in ("borda", "borda-cc", "owa"):
            return n_items - 1 - positions
        depth = 1 if self.depth is None else integer("depth", self.depth, low=1, high=n_items)
        return (positions < depth).astype(np.int64)

    def owa_weights(self, k: int) -> np.ndarray:
        """Return the OWA weights lambda without the zeros at their end.

        Parameters
        ----------
        k : int
            Number of items in the set.

        Returns
        -------
        float64 array
            Weights lambda_1, lambda_2, ..., at most k numbers.

        Raises
        ------
        ValueError
            If `k` is negative.
        """
        k = integer("k", k, low=0)
        if self.kind in ("cc", "borda-cc"):
            return np.ones(min(1, k))
        if self.kind == "pav":
            return 1 / np.arange(1, k + 1)
        return np.ones(k) if self.owa is None else np.trim_zeros(self.owa[:k], "b")

    def max_item_score(self, n_items: int) -> int | float:
        """Return the largest score that one item can get from one ranking (tau_1).

        Parameters
        ----------
        n_items : int
            m.

        Returns
        -------
        int or float
            The maximum of w.
        """
        return self.weights(n_items).max().item()


def _checked_weights(position_weights: ArrayLike) -> np.ndarray:
    """Check position weights: return int64 where they are integers that it holds, else float64; read-only."""
    given = as_array("position_weights", to_numpy(position_weights))
    checked = array("position_weights", given, shape=(None,), low=0)
    whole = given.dtype.kind in "iub" and given.max(initial=0) < 2**63
    return read_only(given.astype(np.int64) if whole else checked.astype(np.float64))


def _checked_owa(owa: ArrayLike) -> np.ndarray:
    """Check OWA weights, which start with 1 and do not increase; return them as float64, read-only."""
    checked = array("owa", to_numpy(owa), shape=(None,), low=0)
    if len(checked) == 0 or checked[0] != 1 or (np.diff(checked) > 0).any():
        raise must("owa", "a sequence that starts with 1 and does not increase", owa)
    return read_only(checked.astype(np.float64))


def _rebuilt(kind: str, depth: int | None, position_weights: Any, owa: Any) -> ScoreRule:
    return ScoreRule(kind, depth=depth, position_weights=position_weights, owa=owa)


def as_rule(name: str, value: Any, k: int | None = None) -> ScoreRule:
    """Return a rule, or that of a name; "bloc" alone is Bloc with the depth k, where a number of items is known."""
    if isinstance(value, str):
        kind = NAMES.get(value, value)
        if kind not in KINDS:
            alone = [word for word in KINDS if word not in (*WITH_WEIGHTS, *WITH_DEPTH) or (word == "bloc" and k)]
            choice(name, value, (*alone, *NAMES))
        if kind in WITH_WEIGHTS or (kind in WITH_DEPTH and not (kind == "bloc" and k)):
            what = "depth=..." if kind in WITH_DEPTH else "position_weights=..., owa=..."
            raise must(name, f"a ScoreRule for this kind, such as ScoreRule({kind!r}, {what})", value)
        return ScoreRule(kind, depth=k if kind == "bloc" else None)
    if not isinstance(value, ScoreRule):
        raise must(name, 'a ScoreRule, such as ScoreRule("borda")', value, TypeError)
    return value


def item_scores(rankings: Panel | Iterable[Rankings], rule: ScoreRule | str) -> np.ndarray:
    """Compute the scores of all single items; for separable rules the score of a set is their sum.

    Parameters
    ----------
    rankings : Rankings, path, data frame, or iterable of Rankings
        The panel, or blocks of it that never exist at once (`ranking_blocks`).
    rule : ScoreRule or str
        Score function, or the name of one without parameters.

    Returns
    -------
    int64 or float64 array of shape (m,)
        s_i = sum_v weight_v w(pos_v(i)); integers where weights and multiplicities are and int64 is sure to hold the
        sums. They sum to n sum_p w(p) for complete ballots (statement FSS-P9).

    Raises
    ------
    TypeError
        If something else than Rankings and a ScoreRule is given.
    ValueError
        If the rule does not fit the number of items, scores are not finite, no block is given, or blocks are of
        different items.

    Examples
    --------
    >>> item_scores(Rankings(orders=[[0, 1, 2], [0, 2, 1]]), ScoreRule("borda")).tolist()
    [4, 1, 1]
    """
    rule = as_rule("rule", rule)
    if isinstance(rankings, (Rankings, str, PathLike)) or hasattr(rankings, "columns"):
        return _block_scores(as_rankings("rankings", rankings), rule)
    if not isinstance(rankings, Iterable) or isinstance(to_numpy(rankings), np.ndarray):
        as_rankings("rankings", rankings)
    total, largest = None, 0.0
    blocks: Iterable[Any] = rankings  # type: ignore[assignment]
    for block in blocks:
        if total is not None and as_rankings("rankings", block).n_items != len(total):
            raise must("rankings", f"blocks of the same {len(total)} items", block.n_items)
        scores = _block_scores(as_rankings("rankings", block), rule)
        largest += float(scores.max())  # bounds the largest entry of `total`
        if largest >= 2.0**62:  # beyond what int64 is sure to hold
            scores = scores.astype(np.float64)
        total = scores if total is None else total + scores
    if total is None:
        raise must("rankings", "at least one block", Words("none"))
    return total


def _block_scores(rankings: Rankings, rule: ScoreRule) -> np.ndarray:
    """Compute the item scores (m,) of one panel by the fastest way that its form allows."""
    values, largest = _weights_of(rankings, rule)
    # for weights of 0 and 1 scores are counts of positions below the depth, which is the sum of the weights
    if rankings.weights is None and rankings.shared is None and rule.kind in ("sntv", "bloc"):
        return count_first(kernel_input(narrow_positions(rankings)), values.sum())
    voters = _voters(rankings)
    if rankings.shared is not None:
        return voters @ _shared_values(rankings.positions, rankings.shared, values)
    floats = "f" in (values.dtype.kind, voters.dtype.kind)
    if floats or largest >= 2.0**62:  # sums of integers could wrap
        values, voters = values.astype(np.float64), voters.astype(np.float64)
    scores = np.zeros(rankings.n_items, values.dtype)
    add_scores(kernel_input(rankings.positions), kernel_input(np.append(values, 0)), kernel_input(voters), scores)
    return scores


def _weights_of(rankings: Rankings, rule: ScoreRule) -> tuple[np.ndarray, float]:
    """Return the weights (m,) of all positions, and a number that no score of a set exceeds."""
    values = rule.weights(rankings.n_items)
    largest = float(rankings.total) * float(values.max()) * rankings.n_items
    if not math.isfinite(largest):
        raise must("rule", "of position weights that are finite when all voters add them up", float(values.max()))
    return values, largest


def _voters(rankings: Rankings) -> np.ndarray:
    """Return the number of voters behind each ranking, shape (n,)."""
    return np.ones(rankings.n_rankings, np.int64) if rankings.weights is None else rankings.weights


def _shared_values(first: np.ndarray, shared: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Compute the mean weight of the positions that tied items occupy together, in the shape of `first`.

    An item with `first` = p and `shared` = t occupies the positions p, ..., p + t - 1 together with t - 1 others.
    """
    sums = np.append(0.0, np.cumsum(values))  # sums[p] is the weight of the first p positions together
    means = (sums[np.minimum(first + shared, len(values))] - sums[first]) / shared
    return np.where(first < 0, 0.0, means)


def item_values(rankings: Rankings, rule: ScoreRule, items: np.ndarray | None = None) -> np.ndarray:
    """Tabulate w(pos_v(i)) in a row for each item, (m, n): int16 where that holds all weights, else int64 or float64.

    The compact form is what makes greedy selection fast: it reads each row from one end to the other.
    """
    if rankings.shared is not None:
        chosen = slice(None) if items is None else items
        first, shared = rankings.positions[:, chosen], rankings.shared[:, chosen]
        return np.ascontiguousarray(_shared_values(first, shared, _weights_of(rankings, rule)[0]).T)
    table = _compact_table(rankings, rule)
    if items is not None:
        return np.ascontiguousarray(table[rankings.positions[:, items].T])
    return values_by_item(kernel_input(rankings.positions), kernel_input(table))


def ranking_values(rankings: Rankings, rule: ScoreRule) -> np.ndarray:
    """Tabulate w(pos_v(i)) in a row for each ranking, (n, m), in the types of `item_values`."""
    if rankings.shared is not None:
        return _shared_values(rankings.positions, rankings.shared, _weights_of(rankings, rule)[0])
    table = _compact_table(rankings, rule)
    values = np.empty(rankings.positions.shape, table.dtype)  # here and not in the kernel: NumPy asks for large pages
    fill_values(kernel_input(rankings.positions), kernel_input(table), values)
    return values


def _compact_table(rankings: Rankings, rule: ScoreRule) -> np.ndarray:
    """Return the weight of every position, then that of position -1: an item that is not listed is worth 0."""
    values = _weights_of(rankings, rule)[0]
    if values.dtype.kind == "i" and values.max() < 2**15:
        # the table has a number for each ranking and item, and two bytes hold the weights of all but long ballots
        values = values.astype(np.int16)
    return np.append(values, values[:1] * 0)


def committee_score(rankings: Panel, rule: ScoreRule | str, items: Items) -> Any:
    """Compute the score of one set of items, or of many.

    Parameters
    ----------
    rankings : Rankings, path or data frame
        The panel.
    rule : ScoreRule or str
        Score function, or the name of one without parameters.
    items : integer array of shape (k,) or (batch, k), sequence of k names, or Selection
        Distinct items in any order.

    Returns
    -------
    int, float, or array of shape (batch,)
        F(S); integers where the weights, multiplicities and lambda are.

    Raises
    ------
    TypeError
        If something else than Rankings and a ScoreRule is given.
    ValueError
        If items repeat or lie outside 0 .. m - 1, or scores are not finite.

    Examples
    --------
    >>> panel = Rankings(orders=[[0, 1, 2], [2, 1, 0]])
    >>> committee_score(panel, ScoreRule("borda-cc"), [[0, 1], [0, 2]]).tolist()
    [3, 4]
    """
    rankings = as_rankings("rankings", rankings)
    items = as_items("items", items, rankings.names)
    given = as_array("items", to_numpy(items))
    rule = as_rule("rule", rule, given.shape[-1] if given.ndim else None)
    if given.size == 0:
        given = given.astype(np.int64)
    if given.dtype.kind not in "iu" or given.ndim not in (1, 2):
        raise must("items", "integers of shape (k,) or (batch, k)", items)
    sets = np.atleast_2d(given.astype(np.int64))
    ordered = np.sort(sets, axis=1)
    if sets.size and (ordered.min() < 0 or ordered.max() >= rankings.n_items):
        raise must("items", f"item numbers below {rankings.n_items}", items)
    if (np.diff(ordered, axis=1) == 0).any():
        raise must("items", "distinct items", items)
    if rule.separable:
        scores = item_scores(rankings, rule)[sets].sum(axis=1)
    else:
        scores = _owa_scores(rankings, rule, sets)
    return scores if given.ndim == 2 else scores[0].item()


def _owa_scores(rankings: Rankings, rule: ScoreRule, sets: np.ndarray) -> np.ndarray:
    """Compute the scores of sets (batch, k) under a rule that is not separable."""
    lam, unit = whole_owa(rankings, rule, sets.shape[1])
    sums = np.empty(len(sets))
    used, rows = np.unique(sets, return_inverse=True)  # only items that are in some set are tabulated
    values = kernel_input(item_values(rankings, rule, used))
    voters = kernel_input(_voters(rankings), np.float64)
    for number, chosen in enumerate(rows.reshape(sets.shape)):
        sums[number] = owa_score(values, kernel_input(chosen), kernel_input(lam), voters)
    return in_units(sums, rankings, rule, lam, unit)


def whole_owa(rankings: Rankings, rule: ScoreRule, k: int) -> tuple[np.ndarray, int]:
    """Scale lambda to integers, multiples of 1 / unit, where sums then are exact in doubles; return it and the unit.

    PAV weighs with 1, 1/2, 1/3, ..., whose sums round: two sets of equal score could differ in the last bit, and
    rounding would decide the tie. In multiples of 1 / lcm(1, ..., k) all sums are integers.
    """
    lam = rule.owa_weights(k)
    unit = math.lcm(*range(1, k + 1)) if rule.kind == "pav" else 1
    # the largest sum would not be exact; the unit is compared by itself since it may be too large for a double
    if unit >= 2**53 or unit * len(lam) * float(rankings.total) >= 2.0**53:
        return lam, 1
    return np.round(lam * unit) if unit > 1 else lam, unit


def in_units(sums: np.ndarray, rankings: Rankings, rule: ScoreRule, lam: np.ndarray, unit: int) -> np.ndarray:
    """Turn sums in multiples of 1 / unit into scores; sums of integers below 2^53 come back as integers."""
    if unit > 1:
        return sums / unit
    whole = rankings.shared is None and (lam == np.round(lam)).all()
    kinds = _voters(rankings).dtype.kind + rule.weights(rankings.n_items).dtype.kind
    small = sums.max(initial=0.0) < 2.0**53
    return sums.astype(np.int64) if whole and small and kinds == "ii" else sums
