r"""Certificates that bound how far a selection can be from the optimum, from its own steps.

A monotone submodular F has F(O) <= F(S) + sum_{o in O - S} F(o | S), so bounds on the marginals F(o | S) = F(S + o) -
F(S) bound the optimum within the quotas. And where the items s_1, s_2, ... were chosen by observed scores, the latent
marginals along the way, given the set S_{t-1} of the first t - 1 items, say what that cost:

.. math:: c = \min_t \frac{F(s_t | S_{t-1})}{\max_i F(i | S_{t-1})}, \qquad F(S) \ge \frac{c}{1 + c} \, \mathrm{OPT} .
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input, to_numpy
from lrtheory._result import Certificate, result
from lrtheory._validation import as_array, must
from lrtheory.fair_subset_selection.ballots.items import Items, as_items
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, as_rule, committee_score, item_values, whole_owa
from lrtheory.fair_subset_selection.selection import greedy, separable
from lrtheory.fair_subset_selection.selection.quotas import QUOTAS, Bounds, Groups, one_attribute
from lrtheory.fair_subset_selection.theory.ratios import certificate_ratio

__all__ = ["SelectionCertificate", "TransferCertificate", "certify_transfer", "greedy_certificate", "step_gains"]


#: the statements that the two kinds of certificates rest on
GREEDY, TRANSFER = "fair_subset_selection/FSS-G5", "fair_subset_selection/FSS-G3"


@result
class SelectionCertificate(Certificate):
    """An upper bound on every set within the quotas, from the marginals that a greedy run has left.

    Attributes
    ----------
    achieved : int or float
        The score of the selection.
    bound : float
        No set within the quotas has a larger score: that of the selection, and the largest sum over such a set of the
        marginals F(i | S), with lambda cut off after k.
    items : int64 array of shape (k,)
        The selection.
    groups : int64 array of shape (m,)
        Group of every item, numbered from 0.
    low, high : int64 array of shape (number of groups,)
        The quotas, as narrow as they are without excluding a set: some set has exactly that many of the group.
    """

    achieved: int | float
    bound: float
    gap: float
    items: np.ndarray
    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray

    _statements = (GREEDY,)

    def verify(self, problem: tuple[Panel, ScoreRule | str]) -> bool:
        """Compute the certificate anew and compare.

        Parameters
        ----------
        problem : pair (rankings, rule)
            The panel, as `select` takes it, and the score function, or the name of one without parameters.

        Returns
        -------
        bool
            Whether the set keeps the quotas, and score and bound are those of this set, up to rounding.

        Raises
        ------
        TypeError
            If the problem is not a pair of rankings and a rule.
        """
        rankings, rule = _parts(problem, np.size(self.items))
        items, groups, low, high = (_whole(field) for field in (self.items, self.groups, self.low, self.high))
        if not _is_set(items, rankings.n_items) or groups.shape != (rankings.n_items,) or low.shape != high.shape:
            return False
        k, sizes = len(items), np.bincount(groups, minlength=len(low)) if _below(groups, len(low)) else np.zeros(0)
        if low.ndim != 1 or len(sizes) != len(low) or not _is_narrow(low, high, np.minimum(sizes, k), k):
            return False
        counts = np.bincount(groups[items], minlength=len(low))
        if ((counts < low) | (counts > high)).any():
            return False
        score, more = committee_score(rankings, rule, items), 0.0
        if k > 0:
            margin = _marginals(rankings, rule, items)[-1]
            margin[items] = 0.0
            more = _best_sum(margin, groups, low, high, k)
        again = SelectionCertificate._of(score, score + more, GREEDY, items, groups, low, high)
        return self._is_sound() and _agree(self, again, ("achieved", "bound", "gap"), 1e-9 * again.bound)


def _marginals(rankings: Rankings, rule: ScoreRule, items: np.ndarray) -> np.ndarray:
    """Compute the marginals of all items before each of k >= 1 choices and after the last, of shape (k + 1, m).

    Lambda is cut off after k: on sets of k items F does not change, and it stays monotone and submodular. The last row
    can be smaller for it, since an item beyond the k-th adds only what it displaces, and the bound is tighter then.
    """
    voters = np.zeros(0) if rankings.weights is None else rankings.weights
    lam, unit = whole_owa(rankings, rule, len(items))
    values = kernel_input(item_values(rankings, rule))
    return step_gains(values, kernel_input(voters, np.float64), kernel_input(lam), kernel_input(items)) / unit


def _parts(problem: Any, k: int) -> tuple[Rankings, ScoreRule]:
    """Read the rankings and the rule of a problem."""
    if not isinstance(problem, (tuple, list)) or len(problem) != 2:
        raise must("problem", "a pair (rankings, rule)", problem, TypeError)
    return as_rankings("rankings", problem[0]), as_rule("rule", problem[1], k)


def _whole(field: Any) -> np.ndarray:
    """Return an array of integers as int64, and one of the shape () for anything else that a certificate may hold."""
    given = np.asarray(field)
    return given.astype(np.int64) if given.dtype.kind in "iu" else np.zeros((), np.int64)


def _below(numbers: np.ndarray, end: int) -> bool:
    """Return True if all numbers are in [0, end)."""
    return bool(((numbers >= 0) & (numbers < end)).all())


def _is_set(items: np.ndarray, n_items: int) -> bool:
    """Return True if these are different item numbers in an array of one axis."""
    return items.ndim == 1 and _below(items, n_items) and len(np.unique(items)) == len(items)


def _narrowed(low: np.ndarray, high: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the least and the largest numbers of items of each group in sets of k items within the quotas."""
    # at least the seats that all other groups cannot fill, at most those that their lower bounds leave
    return np.maximum(low, k - (high.sum() - high)), np.minimum(high, k - (low.sum() - low))


def _is_narrow(low: np.ndarray, high: np.ndarray, most: np.ndarray, k: int) -> bool:
    """Return True if quotas are feasible, and each bound of each group is attained by some set within all quotas.

    There is one such form of all quotas that allow the same sets.
    """
    if (low < 0).any() or (low > high).any() or (high > most).any() or not low.sum() <= k <= high.sum():
        return False
    return all(np.array_equal(a, b) for a, b in zip((low, high), _narrowed(low, high, k), strict=True))


def greedy_certificate(items: np.ndarray, score: Any, marginals: np.ndarray, bounds: Bounds) -> SelectionCertificate:
    """Make the certificate of a set from the marginals of all other items given this set."""
    # rounding may leave a marginal below 0; that of a chosen item was computed as if it were a second copy of the item
    margin = np.maximum(marginals, 0.0)
    margin[items] = 0.0
    low, high = _narrowed(bounds.low, bounds.high, len(items))
    more = _best_sum(margin, bounds.groups, low, high, len(items))
    return SelectionCertificate._of(score, float(score + more), GREEDY, items, bounds.groups, low, high)


def _best_sum(margin: np.ndarray, groups: np.ndarray, low: np.ndarray, high: np.ndarray, k: int) -> float:
    """Compute the largest sum of the margins of a set within the quotas, which the greedy pass finds (FSS-A2)."""
    order = separable.ranked(margin, np.arange(len(margin)))
    best = separable.fill_quotas(*map(kernel_input, (order, groups, low, high)), k)
    return float(margin[best].sum())


@result
class TransferCertificate(Certificate):
    """The share of the latent optimum that is certified for a selection made with observed scores.

    Attributes
    ----------
    achieved : int or float
        F(S), the latent score of the selection.
    bound : float
        Proved upper bound on the latent optimum with the same number of items of each group: achieved / ratio, which
        is inf for a ratio of 0.
    ratio : float
        c / (1 + c) with groups, 1 - (1 - c / k)^k without; F(S) >= ratio OPT.
    step_ratio : float
        c.
    gains, largest : float64 array of shape (k,)
        Latent marginal of each chosen item, and the largest of all unused items (of its group, where there are groups).
    items : int64 array of shape (k,)
        The selection, in the order of choice.
    names : tuple of str, or None
        Names of the chosen items, in the order of `items`.
    groups : int64 array of shape (m,), or None
        Group of every item.
    """

    achieved: int | float
    bound: float
    gap: float
    ratio: float
    step_ratio: float
    gains: np.ndarray
    largest: np.ndarray
    items: np.ndarray
    names: tuple[str, ...] | None
    groups: np.ndarray | None

    _statements = (TRANSFER,)
    _may_be_infinite = True

    def _columns(self) -> dict[str, Any]:
        names = self.items if self.names is None else self.names
        share = np.divide(self.gains, self.largest, out=np.ones(len(self.gains)), where=self.largest > 0)
        return {"item": names, "gain": self.gains, "largest": self.largest, "share": share}

    def _facts(self) -> list[str]:
        among = "no as many items" if self.groups is None else "no items with as many of each group"
        return [f"{among} score more than {self.bound:,.6g} ({self.statement}); these score {self.achieved:,}"]

    def verify(self, problem: tuple[Panel, ScoreRule | str]) -> bool:
        """Compute the certificate anew and compare.

        Parameters
        ----------
        problem : pair (latent, rule)
            The rankings that count, and the score function, as `certify_transfer` takes them.

        Returns
        -------
        bool
            Whether all numbers are those of this certificate, up to rounding.

        Raises
        ------
        TypeError
            If the problem is not a pair of rankings and a rule.
        """
        rankings, rule = _parts(problem, np.size(self.items))
        items, groups = _whole(self.items), None if self.groups is None else _whole(self.groups)
        if not _is_set(items, rankings.n_items) or len(items) == 0 or not self._is_sound():
            return False
        if groups is not None and groups.shape != (rankings.n_items,):
            return False
        if groups is not None and not np.array_equal(groups, np.unique(groups, return_inverse=True)[1]):
            return False  # groups are numbered from 0
        again = certify_transfer(rankings, rule, self.items, groups=self.groups)
        if self.names != again.names:
            return False
        scores, shares = ("achieved", "bound", "gap", "gains", "largest"), ("ratio", "step_ratio")
        return _agree(self, again, scores, 1e-9 * float(again.achieved)) and _agree(self, again, shares, 1e-15)


def _agree(one: Any, other: Any, names: tuple[str, ...], least: float) -> bool:
    """Return True if fields are equal up to rounding; numbers below `least` are as good as 0."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=least) for a, b in pairs)


def certify_transfer(
    latent: Panel, rule: ScoreRule | str, items: Items, *, groups: Groups | None = None
) -> TransferCertificate:
    """Judge items that were chosen one after the other, under other rankings than those that chose them (FSS-G3).

    Parameters
    ----------
    latent : Rankings, path or data frame
        The rankings that count.
    rule : ScoreRule or str
        Score function, or the name of one without parameters.
    items : integer array of shape (k,), sequence of k names, or Selection
        In the order of choice, with k at least 1.
    groups : array of shape (m,), mapping, path or data frame, optional
        Group of every item, as in `select`. The optimum is then that of sets with as many items of each
        group; without, of any k items.

    Returns
    -------
    TransferCertificate
        Certificate of the share of the latent optimum.

    Raises
    ------
    TypeError
        If `latent` are not rankings, or `rule` is not a rule.
    ValueError
        If items repeat, lie outside 0 .. m - 1 or are none, or groups are of several attributes.

    Examples
    --------
    >>> latent = Rankings(orders=[[0, 1, 2], [1, 0, 2]])
    >>> found = certify_transfer(latent, ScoreRule("borda-cc"), [0, 2])
    >>> found.achieved, found.step_ratio, found.verify((latent, ScoreRule("borda-cc")))
    (3, 0.0, True)
    """
    latent = as_rankings("latent", latent)
    items = as_items("items", items, latent.names)
    given = as_array("items", to_numpy(items))
    rule = as_rule("rule", rule, given.shape[-1] if given.ndim else None)
    value = committee_score(latent, rule, items)
    picks = given.astype(np.int64)
    if picks.ndim != 1 or picks.size == 0:
        raise must("items", "of shape (k,) with k at least 1", picks.shape)
    k = len(picks)
    codes = None
    if groups is not None:
        codes = one_attribute(groups, dict.fromkeys(QUOTAS), latent.n_items, k, latent.names).groups
    table = _marginals(latent, rule, picks)
    gains, largest = table[np.arange(k), picks], np.empty(k)
    # a choice competes with all unused items or, under quotas, with those of its own group: others may not fit
    for step in range(k):
        free = np.ones(latent.n_items, bool)
        free[picks[:step]] = False
        if codes is not None:
            free &= codes == codes[picks[step]]
        largest[step] = table[step, free].max()
    # a step in which no item adds anything loses nothing: 0/0 counts as 1
    c = float(np.divide(gains, largest, out=np.ones(k), where=largest > 0).min())
    ratio = certificate_ratio(c, k=None if codes is not None else k)
    bound = value / ratio if ratio > 0 else np.inf
    return TransferCertificate._of(
        value,
        float(bound),
        TRANSFER,
        ratio=ratio,
        step_ratio=c,
        gains=gains,
        largest=largest,
        items=picks,
        names=None if latent.names is None else tuple(latent.names[i] for i in picks),
        groups=codes,
    )


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def step_gains(values, voters, lam, picks):
    """Compute the marginals of all items before each of the given choices, and after the last, (len(picks) + 1, m)."""
    m, n = values.shape
    top = np.zeros((len(lam), n), values.dtype)
    gains = np.zeros((len(picks) + 1, m))
    for step in range(len(picks) + 1):
        for i in range(m):
            gains[step, i] = greedy.owa_gain(values[i], top, lam, voters)
        if step < len(picks):
            greedy.insert(values[picks[step]], top)
    return gains
