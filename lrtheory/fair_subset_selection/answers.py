"""A set of items that was selected, and what is known about it in sentences, columns and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory.fair_subset_selection.certificates import SelectionCertificate

__all__ = ["EXACT", "GREEDY", "Selection"]

#: the message of an exact choice
EXACT = "exact; no certificate: nothing is left to bound, as no set within the quotas scores more"

#: the message of a greedy choice
GREEDY = "greedy: see the certificate"


@result
class Selection(Result):
    """A set of k items that was selected, with its score and what is known about it.

    Attributes
    ----------
    items : int64 array of shape (k,)
        In the order of choice by greedy methods, by decreasing score of the single item by all others.
    score : int or float
        F of the set.
    gains : int64 or float64 array of shape (k,), or None
        Marginal score of each item when it was chosen; for separable rules its score. For methods that find a set as a
        whole, marginals in the order of `items`. None for baselines that know no score.
    group_counts : mapping
        Chosen items of each group; by attribute where there are several.
    tied : int64 array, or None
        The items that a tie decided: chosen ones, and rejected ones that would have done as well in their stead. For
        greedy methods all items that had the largest marginal in a step together with others, since also the order of
        choice leads to other sets. None for "milp", which does not see ties, and for choice by chance.
    names : tuple of str, or None
        Names of the chosen items, in the order of `items`.
    groups : tuple, mapping, or None
        The group of each chosen item, in the order of `items`; by attribute where there are several. None without
        groups.
    tied_names : tuple of str, or None
        Names of the items in `tied`.
    method, reason : str
        The method used, and why.
    message : str
        Guarantee of the answer, and the reason for a missing certificate.
    counts : mapping
        ``evaluations`` of marginals before the choices, or of sets; for separable rules the ``additions`` that made the
        scores.
    certificate : SelectionCertificate or None
        For greedy methods: an upper bound on every set within the quotas.
    """

    items: np.ndarray
    score: int | float
    gains: np.ndarray | None
    group_counts: Mapping[Any, Any]
    tied: np.ndarray | None
    names: tuple[str, ...] | None
    groups: tuple[Any, ...] | Mapping[Any, tuple[Any, ...]] | None
    tied_names: tuple[str, ...] | None
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: SelectionCertificate | None

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {"item": self.items if self.names is None else self.names}
        if isinstance(self.groups, Mapping):
            columns |= {str(attribute): names for attribute, names in self.groups.items()}
        elif self.groups is not None:
            columns["group"] = self.groups
        if self.gains is not None:
            columns["score" if "additions" in self.counts else "gain"] = self.gains
        if self.tied is not None and len(self.tied):
            columns["tied"] = np.isin(self.items, self.tied)
        return columns

    def _facts(self) -> list[str]:
        told = [] if self.message in ("", EXACT, GREEDY) else [self.message]
        facts = [*_proved(self), *_of_groups(self), *told]
        if self.tied is not None and len(self.tied):
            names = self.tied if self.tied_names is None else self.tied_names
            shown = ", ".join(map(str, names[:10])) + (", ..." if len(names) > 10 else "")
            facts.append(f"a tie decided between {shown}: other choices are as good")
        return facts

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        if self.gains is None:
            what = "this method adds items without a score, so there is no picture of what each adds"
            raise TypeError(what)
        label = "score of the item" if "score" in columns else "what the item added to the score"
        display.bars(ax, list(columns["item"]), self.gains, label=label)


def _proved(chosen: Selection) -> list[str]:
    """A sentence on the optimum, with the statement that proves it, or on the bound of a greedy choice."""
    k, score = len(chosen.items), _number(chosen.score)
    within = f"no {k} items" if chosen.groups is None else f"no {k} items within the quotas"
    if chosen.certificate is not None:
        bound, statement = _number(chosen.certificate.bound), chosen.certificate.statement
        return [f"{within} score more than {bound} ({statement}); these, chosen greedily, score {score}"]
    if chosen.method in ("exact", "brute-force", "milp"):
        by = " (fair_subset_selection/FSS-A2)" if chosen.method == "exact" and "additions" in chosen.counts else ""
        return [f"{within} score more than these, {score}{by}"]
    return [f"these score {score}"]


def _of_groups(chosen: Selection) -> list[str]:
    if chosen.groups is None:
        return []
    several = isinstance(chosen.groups, Mapping)
    by_name = chosen.group_counts.items() if several else [(None, chosen.group_counts)]
    lines = [", ".join(f"{count} of {group}" for group, count in counts.items()) for _, counts in by_name]
    heads = [f" by {name}" if name is not None else "" for name, _ in by_name]
    return [f"chosen{head}: {line}" for head, line in zip(heads, lines, strict=True)]


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.6g}"
