r"""The worth of each quota l: choose by observed scores with exactly l disadvantaged items, judge by latent ones.

.. math:: S_\ell = \arg\max_{|S| = k, \; |S \cap G_2| = \ell} \hat F(S), \qquad
          \mathrm{ratio}_\ell = F(S_\ell) / \max_{|S| = k} F(S).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, kernel_input, to_numpy
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, generator, integer, is_iterable, must, real, refuse_unused, unmasked
from lrtheory.fair_subset_selection.ballots.items import as_mask
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, as_rule, committee_score, item_scores
from lrtheory.fair_subset_selection.select import OPTIONS, chosen_method, select, select_by_scores
from lrtheory.fair_subset_selection.selection import branching, separable
from lrtheory.fair_subset_selection.selection.quotas import group_codes, same_group
from lrtheory.fair_subset_selection.theory.conditions import with_rounding

__all__ = ["QuotaCurves", "QuotaSweep", "quota_curves", "quota_sweep", "separates"]


@result
class QuotaCurves(Result):
    r"""Latent scores of what the observed scores choose at every quota, for many runs of a separable rule.

    Attributes
    ----------
    quotas : int64 array of shape (L,)
        The feasible numbers l of disadvantaged items, max(0, k - \|G1\|) .. min(k, \|G2\|).
    values : float64 array of shape (n_runs, L)
        F(S_l).
    optima : float64 array of shape (n_runs, L), or (1, L) for one latent score
        max F over the sets with l disadvantaged items.
    unconstrained : float64 array of shape (n_runs,)
        F of the choice without a quota.
    chosen_quotas : int64 array of shape (n_runs,)
        Disadvantaged items in that choice.
    """

    quotas: np.ndarray
    values: np.ndarray
    optima: np.ndarray
    unconstrained: np.ndarray
    chosen_quotas: np.ndarray

    def _columns(self) -> dict[str, Any]:
        best = np.broadcast_to(self.optima, self.values.shape).mean(axis=0)
        return {"quota": self.quotas, "score": self.values.mean(axis=0), "best": best}

    def _facts(self) -> list[str]:
        runs, free = len(self.values), float(self.unconstrained.mean())
        return [
            f"latent scores, means over {runs:,} runs; without a quota {free:,.6g} "
            f"with {float(self.chosen_quotas.mean()):.4g} disadvantaged items"
        ]

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        lines = {"of the choice": columns["score"], "of the best set with that quota": columns["best"]}
        display.curves(ax, self.quotas, lines, xlabel="disadvantaged items", ylabel="latent score")


@arrays("host")
def quota_curves(
    latent: ArrayLike,
    observed: ArrayLike,
    k: int,
    *,
    disadvantaged: ArrayLike,
    ties: Literal["index", "random"] = "index",
    rng: Rng = None,
) -> QuotaCurves:
    """Choose by observed scores at every quota, in many runs at once, and judge by latent scores.

    Arrays: any (copied to the host)

    Parameters
    ----------
    latent : array of shape (m,) or (n_runs, m)
        Latent scores, the same for all runs or of each run.
    observed : array of shape (m,) or (n_runs, m)
        Observed scores of the items in each run.
    k : int
        Number of items, in [0, m].
    disadvantaged : bool array of shape (m,), or array of item numbers
        The group G2.
    ties : {"index", "random"}
        Choice among items of equal observed score: the smaller number, or a random one, drawn for each run.
    rng : Generator, int or None
        Source of randomness for `ties` "random".

    Returns
    -------
    QuotaCurves
        For every feasible quota (n_quotas,) the latent scores of the choice and the best that is possible, (n_runs,
        n_quotas) each; every choice is optimal for the observed scores.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, or sums of latent scores are not finite.

    Examples
    --------
    >>> curves = quota_curves([3, 1, 4, 2], [[3, 2, 1, 0]], 2, disadvantaged=[2, 3])
    >>> curves.quotas.tolist(), curves.values.tolist(), curves.optima.tolist()
    ([0, 1, 2], [[4.0, 7.0, 6.0]], [[4.0, 7.0, 6.0]])
    """
    seen, judged = (np.atleast_2d(array(n, v)) for n, v in (("observed", observed), ("latent", latent)))
    if seen.ndim != 2:
        raise must("observed", "of shape (m,) or (n_runs, m)", seen.shape)
    n_runs, m = seen.shape
    if judged.shape not in ((1, m), (n_runs, m)):
        raise must("latent", f"of shape ({m},) or ({n_runs}, {m})", judged.shape)
    k, mask = integer("k", k, low=0, high=m), as_mask("disadvantaged", disadvantaged, m)
    choice("ties", ties, ("index", "random"))
    # sums of at most m latent scores, whatever their signs
    largest = max(abs(float(x)) for x in (judged.min(initial=0), judged.max(initial=0)))
    if not np.isfinite(largest * m):
        raise must("latent", "small enough for their sums to be finite", largest)
    index, source = np.arange(m)[None], generator(rng)
    priority = source.permuted(np.repeat(index, n_runs, axis=0), axis=1) if ties == "random" else index
    # the optimum at each quota is the choice by the latent scores themselves; its ties do not change its worth
    values, free, counts = _sweep(seen, judged, priority, mask, k)
    optima = _sweep(judged, judged, index, mask, k).values
    quotas = np.array(_feasible(mask, k))
    return QuotaCurves(quotas, values[:, quotas], optima[:, quotas], free, counts)


def _feasible(mask: np.ndarray, k: int) -> range:
    """Return the quotas l, numbers of disadvantaged items, for which both groups are large enough."""
    size = int(mask.sum())
    return range(max(0, k - len(mask) + size), min(k, size) + 1)


def _quotas(mask: np.ndarray, k: int, quotas: ArrayLike | None) -> list[int]:
    """Check the quotas to try; all feasible ones when none are given."""
    if quotas is None:
        return list(_feasible(mask, k))
    given = to_numpy(unmasked("quotas", quotas))
    if not is_iterable(given):
        raise must("quotas", "a sequence of integers", quotas, TypeError)
    wanted = [integer("quotas", quota, low=0) for quota in given]
    if not wanted:
        raise must("quotas", "at least one quota", quotas)
    return wanted


def _sweep(seen: np.ndarray, judged: np.ndarray, priority: np.ndarray, mask: np.ndarray, k: int) -> separable.Curves:
    """Allocate and fill the curves of `sweep_runs`, whose values are NaN at quotas that are infeasible."""
    n_runs = len(seen)
    runs = separable.Runs(kernel_input(seen, float), kernel_input(judged, float), kernel_input(priority, np.int64))
    curves = separable.Curves(np.full((n_runs, k + 1), np.nan), np.empty(n_runs), np.empty(n_runs, np.int64))
    separable.sweep_runs(runs, kernel_input(mask), k, curves)
    return curves


@arrays("host")
def separates(latent: ArrayLike, observed: ArrayLike, *, groups: ArrayLike, beta: float) -> np.ndarray:
    """Find the runs in which observed scores order every pair of one group that differs clearly (the event of FSS-T1).

    Arrays: any (copied to the host)

    Parameters
    ----------
    latent : array of shape (m,)
        Mean latent scores.
    observed : array of shape (n_runs, m)
        Observed scores of the items in each run.
    groups : array of shape (m,)
        Group of every item: integers or strings.
    beta : float
        In [0, 1]. Pairs with beta f_i >= f_j differ clearly; in floats up to rounding, as in `smoothness`.

    Returns
    -------
    bool array of shape (n_runs,)
        True where s_i > s_j for all these pairs.

    Raises
    ------
    ValueError
        If shapes do not fit, groups are not integers or strings, or `beta` is out of range.

    Examples
    --------
    >>> separates([4, 1, 1], [[3, 1, 2], [1, 2, 3]], groups=[0, 0, 1], beta=0.25).tolist()
    [True, False]
    """
    f = array("latent", latent, shape=(None,))
    seen = array("observed", observed, shape=(None, len(f)))
    codes = group_codes(groups, len(f))
    real("beta", beta, low=0, high=1)  # kept as it is: a Fraction stays exact
    better, worse = np.nonzero((with_rounding(beta, f.tolist()) * f[:, None] >= f) & same_group(codes))
    return np.all(seen[:, better] > seen[:, worse], axis=1)  # a tie is not an order: the pair is not separated


@result
class QuotaSweep(Result):
    """The worth of each quota: the latent score of the observed choice, absolute and relative to the latent optimum.

    Attributes
    ----------
    quotas : int64 array of shape (L,)
        Numbers l of disadvantaged items.
    ratios : float64 array of shape (L,)
        F(S_l) over the latent optimum; 1 where that is 0.
    best : int
        The first quota with the largest ratio.
    scores : int64 or float64 array of shape (L,)
        F(S_l).
    optimum : int or float
        Latent score of the best set; of the greedy one for submodular rules, so that ratios may exceed 1 there.
    optimal_quota : int
        Disadvantaged items in that set, l*.
    unconstrained : float
        The ratio of the choice without a quota.
    unconstrained_quota : int
        Disadvantaged items in that choice.
    method, reason : str
        Method by which the sets were chosen, and the reason for it.
    message : str
        Score to which the ratios are relative.
    """

    quotas: np.ndarray
    ratios: np.ndarray
    best: int
    scores: np.ndarray
    optimum: int | float
    optimal_quota: int
    unconstrained: float
    unconstrained_quota: int
    method: str
    reason: str
    message: str

    def _columns(self) -> dict[str, Any]:
        return {"quota": self.quotas, "score": self.scores, "ratio": self.ratios, "lost": 1 - self.ratios}

    def _facts(self) -> list[str]:
        free = f"without a quota {self.unconstrained_quota} are chosen, with the ratio {self.unconstrained:.4g}"
        largest = self.ratios.max(initial=-np.inf)
        also = [int(q) for q in self.quotas[np.isclose(self.ratios, largest, rtol=1e-12)] if q != self.best]
        others = f", as large as with {', '.join(map(str, also))}" if also else ""
        return [f"ratios are {self.message}", f"the largest is that of the quota {self.best}{others}", free]

    def _draw(self, ax: Any) -> None:
        display.curves(ax, self.quotas, {"ratio": self.ratios}, xlabel="items of the group", ylabel="ratio")
        ax.axhline(self.unconstrained, ls=":", color="gray", lw=1)


def quota_sweep(
    latent: Panel,
    observed: Panel,
    rule: ScoreRule | str,
    k: int,
    *,
    disadvantaged: ArrayLike,
    quotas: ArrayLike | None = None,
    method: Literal["auto", "exact", "greedy", "lazy", "milp", "brute-force"] = "auto",
    ties: Literal["index", "random"] | None = None,
    rng: Rng = None,
) -> QuotaSweep:
    """Choose by observed rankings at every quota, and judge by latent ones.

    Parameters
    ----------
    latent, observed : Rankings, path or data frame
        Rankings of the same m items. Where both are one object, the ratios are the cost of a quota in the voters' own
        scores.
    rule : ScoreRule or str
        Score function, or the name of one without parameters.
    k : int
        Number of items, in [0, m].
    disadvantaged : bool array of shape (m,), or array of item numbers or names
        The group G2; names are those of the latent rankings.
    quotas : sequence of int, optional
        Quotas l to try; by default all feasible ones.
    method : {"auto", "exact", "greedy", "lazy", "milp", "brute-force"}
        As in `select`.
    ties : {"index", "random"}, optional
        Choice among items of equal score: the smaller number, which is the default, or a random one; "milp" refuses the
        option.
    rng : Generator, int or None
        Source of randomness for `ties` "random"; "milp" refuses it.

    Returns
    -------
    QuotaSweep
        Latent scores of the choices at all quotas, and the best quota.

    Raises
    ------
    TypeError
        If the rankings are not rankings, `rule` is not a rule, or quotas are not integers.
    ValueError
        If the rankings are of different items or name them in different orders, or a quota is infeasible.

    Notes
    -----
    For a separable rule, and where the order within each group is right, the ratio at l is at least
    `theory.quota_loss` (statement FSS-D1). The best of several ratios is biased upwards by the noise of each.

    Examples
    --------
    >>> latent, observed = Rankings(orders=[[0, 2, 1, 3]]), Rankings(orders=[[0, 1, 2, 3]])
    >>> sweep = quota_sweep(latent, observed, ScoreRule("borda"), k=2, disadvantaged=[2, 3])
    >>> sweep.ratios.tolist(), sweep.best, sweep.unconstrained
    ([0.8, 1.0, 0.4], 1, 0.8)
    """
    latent, observed, mask = _checked(latent, observed, disadvantaged)
    k = integer("k", k, low=0, high=len(mask))
    rule = as_rule("rule", rule, k)
    wanted = _quotas(mask, k, quotas)
    work = (len(wanted) + 2) * branching.work_of(latent, rule, k) if not rule.separable else 0
    used, reason = chosen_method(method, rule, 1, work)
    refuse_unused(used, OPTIONS[used], ties=(ties, None), rng=(rng, None))
    # one generator for all selections, so that each breaks its ties by draws of its own
    options: dict[str, Any] = (
        {"rng": generator(rng), "ties": "index" if ties is None else ties} if OPTIONS[used] else {}
    )
    if used == "exact" and rule.separable:
        single, seen = item_scores(latent, rule), item_scores(observed, rule)  # once for all quotas
        free, best = select_by_scores(seen, k, **options), select_by_scores(single, k, **options)
        chosen = [select_by_scores(seen, k, groups=mask, quota={True: q}, **options) for q in wanted]
    else:
        options["method"] = used
        free, best = select(observed, rule, k, **options), select(latent, rule, k, **options)
        chosen = [select(observed, rule, k, groups=mask, quota={True: q}, **options) for q in wanted]
    # row 0 is the choice without a quota; where no set scores anything, nothing can be lost, and the ratio is 1
    judged = committee_score(latent, rule, np.stack([free.items, *(s.items for s in chosen)]))
    scores = judged[1:]
    ratios, unconstrained = (
        np.ones(np.shape(score)) if best.score == 0 else np.asarray(score) / best.score for score in (scores, judged[0])
    )
    return QuotaSweep(
        quotas=np.array(wanted, np.int64),
        ratios=ratios,
        best=wanted[int(np.argmax(ratios))],
        scores=scores,
        optimum=best.score,
        optimal_quota=int(mask[best.items].sum()),
        unconstrained=float(unconstrained),
        unconstrained_quota=int(mask[free.items].sum()),
        method=chosen[0].method,
        reason=reason,
        message=_reference(latent is observed, best.certificate is not None),
    )


def _checked(latent: Any, observed: Any, disadvantaged: Any) -> tuple[Rankings, Rankings, np.ndarray]:
    """Read both rankings, which must be of the same items, and the group."""
    is_one = latent is observed
    latent = as_rankings("latent", latent)
    observed = latent if is_one else as_rankings("observed", observed)
    m, names = latent.n_items, latent.names
    if observed.n_items != m:
        raise must("observed", f"rankings of the {m} latent items", observed.n_items)
    if names is not None and observed.names is not None and names != observed.names:
        raise must("observed", "of the names of the latent rankings, in their order", observed.names)
    return latent, observed, as_mask("disadvantaged", disadvantaged, m, names)


def _reference(is_one: bool, is_greedy: bool) -> str:
    if is_one:
        return f"relative to the {'greedy set' if is_greedy else 'best set'} of the same rankings"
    return f"relative to the {'greedy latent set' if is_greedy else 'latent optimum'}"
