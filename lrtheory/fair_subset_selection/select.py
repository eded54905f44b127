r"""Choose k items by the scores of a panel of rankings, with quotas for groups.

.. math:: \max_{|S| = k} F(S) \quad \text{with} \quad \mathrm{low}_g \le |S \cap g| \le \mathrm{high}_g .

Separable scores are solved exactly by one pass over the sorted items (`separable`), or as an integer program where
several attributes have quotas; submodular ones exactly where that takes seconds (`branching`), else greedily.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, kernel_input
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, array, as_array, choice, generator, integer, is_iterable, must, refuse_unused
from lrtheory.fair_subset_selection.answers import EXACT, GREEDY, Selection
from lrtheory.fair_subset_selection.certificates import greedy_certificate
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings
from lrtheory.fair_subset_selection.scores import (
    ScoreRule,
    as_rule,
    committee_score,
    in_units,
    item_scores,
    item_values,
    ranking_values,
    whole_owa,
)
from lrtheory.fair_subset_selection.selection import branching, chamberlin_courant, exhaustive, greedy, separable
from lrtheory.fair_subset_selection.selection.quotas import (
    Bounds,
    GroupCounts,
    Groups,
    attributes,
    one_attribute,
)

__all__ = ["OPTIONS", "chosen_method", "select", "select_by_scores"]

#: the options that not every method uses; "auto" is one of the others
OPTIONS: dict[str, set[str]] = {
    "exact": {"ties", "rng"},
    "greedy": {"ties", "rng"},
    "lazy": {"ties", "rng"},
    "milp": set(),
    "brute-force": {"ties", "rng"},
}
METHODS = ("auto", *OPTIONS)
ASKED = "asked for"


def select(
    rankings: Panel,
    rule: ScoreRule | str,
    k: int,
    *,
    groups: Groups | None = None,
    quota: GroupCounts | None = None,
    at_least: GroupCounts | None = None,
    at_most: GroupCounts | None = None,
    method: Literal["auto", "exact", "greedy", "lazy", "milp", "brute-force"] = "auto",
    ties: Literal["index", "random"] | None = None,
    rng: Rng = None,
) -> Selection:
    r"""Choose the k items with the largest score under quotas for groups.

    Parameters
    ----------
    rankings : Rankings, path or data frame
        The panel.
    rule : ScoreRule or str
        Score function, or the name of one without parameters; "bloc" is that with the depth k, "chamberlin-courant" is
        "borda-cc".
    k : int
        Number of items, in [0, m].
    groups : array of shape (m,), mapping, path or data frame
        Group of every item: integers or strings. A mapping goes from the names of items to their groups, or from
        attributes to arrays; a file or frame has a column of names and one for each attribute (`ItemGroups`).
    quota, at_least, at_most : mapping from group to int
        Exact, least and largest number of items of a group; groups that are not named are free, and names of no group
        are refused. With several attributes mappings from attribute to such mappings.
    method : {"auto", "exact", "greedy", "lazy", "milp", "brute-force"}
        "exact" by one pass for separable rules, and by branch and bound for others, where a count of sets says
        beforehand that it takes a few seconds at most, else it is refused; "greedy" and "lazy" for any rule and one
        attribute, with equal answers; "milp" for any rule and several attributes, by HiGHS, and "brute-force", both for
        the optimum and for small panels (but a separable rule leaves an integer program of m variables alone). HiGHS
        sees differences from about 1e-12 of the largest score on; below, exchanges of two items are compared, unless
        they are too many, which the message then says. "auto" is "exact" where that takes seconds, else "lazy" for one
        attribute and "milp" for several. A separable rule and several attributes need "milp" also where "exact" is
        asked for.
    ties : {"index", "random"}, optional
        Choice among items of equal score: the smaller number, which is the default, or a random one. On biased rankings
        many scores are 0, and an order of numbers that means something then decides. "milp" does not see ties and
        refuses the option.
    rng : Generator, int or None
        Source of randomness for `ties` "random"; "milp" refuses it.

    Returns
    -------
    Selection
        Chosen items, their score, and the items that a tie decided.

    Raises
    ------
    TypeError
        If `rankings` are not rankings, `rule` is not a rule, or quotas are not mappings.
    ValueError
        If quotas are infeasible or of unknown groups, the method cannot solve what is asked, or a score overflows.
    RuntimeError
        If HiGHS ends without an optimum.

    Notes
    -----
    From `theory.rankings_needed` rankings on, the choice with the quota l* keeps beta_plus of the latent optimum
    (statement FSS-T1). Greedy answers, of "greedy" and "lazy", have F(S) >= OPT / 2, without quotas F(S) >= (1 -
    (1 - 1/k)^k) OPT (FSS-G1, FSS-G2); their certificate is usually far better.

    References
    ----------
    .. [1] N. Boehmer, L. E. Celis, L. Huang, A. Mehrotra, N. K. Vishnoi, Subset Selection Based On Multiple Rankings in
       the Presence of Bias, ICML 2023.

    Examples
    --------
    >>> panel = Rankings(orders=[[0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2]])
    >>> chosen = select(panel, ScoreRule("borda"), 2, groups=[0, 0, 1, 1], at_least={1: 1})
    >>> chosen.items.tolist(), chosen.score, dict(chosen.group_counts)
    ([0, 2], 10, {0: 1, 1: 1})

    Names go in and come out:

    >>> votes = Rankings(orders=[["Ann", "Bob", "Cat"], ["Bob", "Ann", "Cat"]])
    >>> select(votes, "borda", 2, groups={"Ann": "f", "Bob": "m", "Cat": "f"}, at_least={"m": 1}).names
    ('Ann', 'Bob')
    """
    rankings = as_rankings("rankings", rankings)
    m, names = rankings.n_items, rankings.names
    k = integer("k", k, low=0, high=m)
    rule = as_rule("rule", rule, k)
    bounds = attributes(groups, {"quota": quota, "at_least": at_least, "at_most": at_most}, m, k, names)
    used, reason = chosen_method(method, rule, len(bounds), branching.work_of(rankings, rule, k))
    refuse_unused(used, OPTIONS[used], ties=(ties, None), rng=(rng, None))
    tie_break = "index" if ties is None else ties
    priority = _priority(tie_break, rng, m)
    if used == "exact" and rule.separable:
        scores = item_scores(rankings, rule)
        return _exact(scores, k, bounds[0], priority, reason, names, rankings.positions.size)
    if used in ("greedy", "lazy"):
        return _greedily(rankings, rule, k, bounds[0], priority, used, reason)
    if used == "milp":
        items, score, message = exhaustive.integer_program(rankings, rule, k, bounds)
        counts, tied = {"evaluations": 0}, None
    elif used == "exact":
        best = branching.best_items(rankings, rule, k, bounds, priority)
        if best is None:
            raise must("quota, at_least, at_most", "feasible for all attributes together", Words("no set"))
        (items, n_sets), message = best, EXACT
        score, counts = committee_score(rankings, rule, items), {"evaluations": n_sets}
        tied = exhaustive.exchanged(rankings, rule, items, bounds)
    else:
        items, score, tied, n_sets = exhaustive.enumerate_sets(rankings, rule, k, bounds, tie_break, rng)
        counts, message = {"evaluations": n_sets}, EXACT
    return _whole(
        rankings,
        rule,
        items,
        priority,
        bounds,
        score=score,
        tied=tied,
        method=used,
        reason=reason,
        message=message,
        counts=counts,
    )


@arrays("host")
def select_by_scores(
    scores: ArrayLike,
    k: int,
    *,
    groups: Groups | None = None,
    quota: GroupCounts | None = None,
    at_least: GroupCounts | None = None,
    at_most: GroupCounts | None = None,
    ties: Literal["index", "random"] = "index",
    names: Iterable[str] | None = None,
    rng: Rng = None,
) -> Selection:
    """Choose the k items with the largest sum of given scores under quotas for the groups of one attribute.

    Arrays: any (copied to the host)

    Parameters
    ----------
    scores : array of shape (m,)
        A number for each item, such as `item_scores` of blocks of rankings, or ratings. Integers beyond int64 and
        Fractions are compared as floats.
    k : int
        Number of items, in [0, m].
    groups : array of shape (m,), mapping, path or data frame
        Group of every item, of one attribute, as in `select`.
    quota, at_least, at_most : mapping from group to int
        As in `select`.
    ties : {"index", "random"}
        Choice among items of equal score: the smaller number, or a random one.
    names : sequence of m str, optional
        Names of the items.
    rng : Generator, int or None
        Source of randomness for `ties` "random".

    Returns
    -------
    Selection
        The optimum, items by decreasing score.

    Raises
    ------
    TypeError
        If quotas are not mappings, or `names` are not a sequence.
    ValueError
        If quotas are infeasible or of unknown groups, or a score or the sum of the chosen ones is not finite.

    Examples
    --------
    >>> select_by_scores([5, 4, 3, 1], 2, groups=[0, 0, 0, 1], quota={1: 1}).items.tolist()
    [0, 3]
    """
    given = as_array("scores", scores)
    used = _sortable(given, array("scores", given, shape=(None,)))
    k = integer("k", k, low=0, high=len(used))
    priority = _priority(ties, rng, len(used))
    if names is not None and not is_iterable(names):
        raise must("names", "a sequence of names", names, TypeError)
    names = None if names is None else tuple(map(str, names))
    if names is not None and len(names) != len(used):
        raise must("names", f"one name for each of the {len(used)} items", names)
    bounds = one_attribute(groups, {"quota": quota, "at_least": at_least, "at_most": at_most}, len(used), k, names)
    return _exact(used, k, bounds, priority, "scores are given", names, 0)


def _whole(
    rankings: Rankings, rule: ScoreRule, items: np.ndarray, priority: np.ndarray, bounds: list[Bounds], **fields: Any
) -> Selection:
    """Show a set that was found without an order: by decreasing score of the items, and with what each adds then."""
    singles = item_scores(rankings, rule)
    items = items[np.lexsort((priority[items], -singles[items]))]
    if rule.separable:
        gains = singles[items]
        fields["counts"] = {**fields["counts"], "additions": rankings.positions.size}
    else:
        reached = [committee_score(rankings, rule, items[:t]) if t else 0 for t in range(len(items) + 1)]
        gains = np.diff(np.array(reached))
    score = fields.pop("score")
    return _selection(items, score, bounds, rankings.names, gains=gains, certificate=None, **fields)


def _sortable(given: np.ndarray, checked: np.ndarray) -> np.ndarray:
    """Convert scores to a type that compares and negates: integers to int64 if it holds them, all others to float64."""
    if given.dtype.kind in "iu":
        largest = 2**63 - 1  # -2^63 is excluded too, since its negative wraps to itself
        fits = given.size == 0 or -largest <= int(given.min()) <= int(given.max()) <= largest
        return given.astype(np.int64 if fits else np.float64)
    return checked if given.dtype.kind == "f" else checked.astype(np.float64)


def _priority(ties: str, rng: Rng, m: int) -> np.ndarray:
    """Return the priority (m,) of items among equal scores, the smallest first: their numbers, or a random order."""
    choice("ties", ties, ("index", "random"))
    if ties == "index" and rng is None:  # a generator takes longer to make than a small selection
        return np.arange(m)
    source = generator(rng)  # also where it is not used: a wrong `rng` is an error in any case
    return source.permutation(m) if ties == "random" else np.arange(m)


def chosen_method(method: str, rule: ScoreRule, n_attributes: int, work: int) -> tuple[str, str]:
    """Resolve "auto", refuse methods that cannot solve the problem, and return the method and the reason for it.

    `work` is what branch and bound takes in the worst case, all selections together.
    """
    choice("method", method, METHODS)
    # quotas of several attributes are not a matroid, and neither the one pass nor greedy selection is right there
    if method in ("auto", "exact") and rule.separable:
        by = "several attributes have quotas"
        return ("milp", by) if n_attributes > 1 else ("exact", "the rule is separable" if method == "auto" else ASKED)
    is_small = work <= branching.LARGEST
    if method == "auto":
        if is_small:
            return "exact", "the optimum takes seconds at most"
        why = f"the optimum may take {work:.2g} steps, more than {branching.LARGEST:.2g}"
        return ("milp" if n_attributes > 1 else "lazy"), why
    if method == "exact" and not is_small:
        other = '"milp"' if n_attributes > 1 else '"greedy"'
        raise must("method", f"{other} where the optimum may take more than {branching.LARGEST:.2g} steps", method)
    if method in ("greedy", "lazy") and n_attributes > 1:
        raise must("method", '"auto", "exact", "milp" or "brute-force" for several attributes', method)
    return method, ASKED


def _selection(
    items: np.ndarray, score: Any, bounds: list[Bounds], names: tuple[str, ...] | None, **fields: Any
) -> Selection:
    """Make a `Selection` with the counts of groups: by attribute, or directly where the one attribute has no name."""
    counts: dict[Any, Any] = {one.name: one.counts(items) for one in bounds}
    groups: dict[Any, Any] = {one.name: one.of(items) for one in bounds}
    tied = fields["tied"]
    return Selection(
        items=items,
        score=score,
        group_counts=counts[None] if None in counts else counts,
        names=None if names is None else tuple(names[i] for i in items),
        groups=(groups[None] if None in groups else groups) if bounds[0].are_given else None,
        tied_names=None if names is None or tied is None else tuple(names[i] for i in tied),
        **fields,
    )


def _exact(
    scores: np.ndarray,
    k: int,
    bounds: Bounds,
    priority: np.ndarray,
    reason: str,
    names: tuple[str, ...] | None,
    additions: int,
) -> Selection:
    """Select the best set by the scores of its items; `additions` is the number of additions that made these."""
    order = separable.ranked(scores, priority)
    groups, low, high, _ = bounds.quotas(k)
    items = separable.fill_quotas(kernel_input(order), groups, low, high, k)
    return _selection(
        items,
        _total(scores[items]),
        [bounds],
        names,
        gains=scores[items],
        tied=separable.tied_items(scores, items, groups, low, high),
        method="exact",
        reason=reason,
        message=EXACT,
        counts={"additions": additions},
        certificate=None,
    )


def _total(scores: np.ndarray) -> int | float:
    """Add up scores, integers as Python's, which do not wrap; refuse a sum of floats that is not finite."""
    if scores.dtype.kind == "i":
        return sum(scores.tolist())
    with np.errstate(over="ignore"):
        total = scores.sum().item()
    if not math.isfinite(total):
        raise must("scores", "small enough for their sum to be finite", total)
    return total


def _greedily(
    rankings: Rankings, rule: ScoreRule, k: int, bounds: Bounds, priority: np.ndarray, method: str, reason: str
) -> Selection:
    """Select greedily, lazily or not, with the certificate that the final marginals give."""
    # marginals come in multiples of 1 / unit, exact where they can be, so that rounding decides no tie
    lam, unit = whole_owa(rankings, rule, k)
    voters = kernel_input(np.zeros(0) if rankings.weights is None else rankings.weights, np.float64)
    quotas, first = bounds.quotas(k), kernel_input(priority)
    # Chamberlin-Courant has a kernel of its own, which reads rankings row by row; the other reads items row by row
    if method == "lazy" and len(lam) == 1 and not rule.separable:
        values, slack = (
            kernel_input(ranking_values(rankings, rule)),
            chamberlin_courant.rounding_slack(rankings, rule, k),
        )
        work = chamberlin_courant.workspace(values)
        steps = chamberlin_courant.representation_steps(values, voters, quotas, first, slack, work)
        items, gains, ties, left, evaluations, total = steps
        score = in_units(np.array([total]), rankings, rule, lam, unit)[0].item()
    else:
        objective = greedy.Objective(kernel_input(item_values(rankings, rule)), voters, kernel_input(lam))
        items, gains, ties, left, evaluations = greedy.greedy_steps(objective, quotas, first, method == "lazy")
        score = committee_score(rankings, rule, items)
    return _selection(
        items,
        score,
        [bounds],
        rankings.names,
        gains=in_units(gains, rankings, rule, lam, unit),
        tied=np.flatnonzero(ties[ties.sum(axis=1) > 1].any(axis=0)),  # of the steps in which several items tied
        method=method,
        reason=reason,
        message=GREEDY,
        counts={"evaluations": int(evaluations)},
        certificate=greedy_certificate(items, score, left / unit, bounds),
    )
