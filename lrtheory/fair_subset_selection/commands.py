"""The verbs of the shell: from ballots to a committee, and to what a quota costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from lrtheory.fair_subset_selection.answers import Selection
from lrtheory.fair_subset_selection.ballots.groups import ItemGroups
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import NAMES, ScoreRule
from lrtheory.fair_subset_selection.select import select
from lrtheory.fair_subset_selection.sweep import QuotaSweep, quota_sweep

__all__ = ["choose", "quotas"]

#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"quotas": {"group": "of"}}


def choose(
    votes: Rankings,
    *,
    k: int,
    rule: Literal["borda", "sntv", "bloc", "chamberlin-courant", "borda-cc", "cc", "pav"] = "borda",
    depth: int | None = None,
    method: Literal["auto", "exact", "greedy"] = "auto",
    groups: ItemGroups | None = None,
    quota: Mapping[str, int] | None = None,
    at_least: Mapping[str, int] | None = None,
    at_most: Mapping[str, int] | None = None,
) -> Selection:
    """Choose a committee, a shortlist or a selection by ballots, with quotas for groups.

    Parameters
    ----------
    votes : Rankings
        Ballots that rank people or things: PrefLib, or a table such as ``first,second,third``. A row may also hold a
        rank for each item, 1 the best, a ballot such as ``Ann > Bob``, or one voter's rank of one item
        (``voter,item,rank``).
    k : int
        Number of items to choose.
    rule : str
        Rule that scores the ballots.
    depth : int
        Number of first places that score, for bloc (where it is k unless given), cc and pav.
    method : str
        The optimum, greedily with a bound on the optimum, or the optimum where it takes seconds at most.
    groups : ItemGroups
        A table with a row for each item: its name, and its group by one attribute or more.
    quota : mapping
        Exact number of items from a group, as f=2,m=3.
    at_least : mapping
        Least number of items from a group, as f=2.
    at_most : mapping
        Largest number of items from a group.

    Returns
    -------
    Selection
        Chosen items, the guarantee of the choice, and the items that a tie decided.

    Examples
    --------
    lrtheory fair_subset_selection choose board.soi -k 5 --groups board_members.csv --at-least f=2
    lrtheory fair_subset_selection choose ballots.csv -k 3 --rule chamberlin-courant
    lrtheory fair_subset_selection choose ballots.csv -k 3 --rule bloc -o chosen.csv --plot chosen.png
    """
    counted = _rule(rule, depth)
    chosen = select(votes, counted, k, groups=groups, quota=quota, at_least=at_least, at_most=at_most, method=method)
    return replace(chosen, message=_read(votes, rule, chosen.message))


def quotas(
    votes: Rankings,
    *,
    k: int,
    groups: ItemGroups,
    of: str,
    rule: Literal["borda", "sntv", "bloc", "chamberlin-courant", "borda-cc", "cc", "pav"] = "borda",
    depth: int | None = None,
) -> QuotaSweep:
    """Show what each quota for a group costs in the score of the ballots.

    The ballots both choose and judge. If they are biased against the group, a quota costs less than it seems, or gains.

    Parameters
    ----------
    votes : Rankings
        Ballots that rank people or things, with a file of their groups: PrefLib, or a table such as ``first,second``.
    k : int
        Number of items to choose.
    groups : ItemGroups
        A table with a row for each item: its name, and its group by one attribute or more.
    of : str
        The group that gets a quota.
    rule : str
        Rule that scores the ballots.
    depth : int
        Number of first places that score, for bloc (where it is k unless given), cc and pav.

    Returns
    -------
    QuotaSweep
        The score that is left, and the share that is lost, with each possible quota.

    Examples
    --------
    lrtheory fair_subset_selection quotas board.soi -k 5 --groups board_members.csv --of f
    lrtheory fair_subset_selection quotas ballots.csv -k 3 --groups board_members.csv --of north --plot cost.png
    """
    of_group = groups.mask(of, votes.names)
    sweep = quota_sweep(votes, votes, _rule(rule, depth), k, disadvantaged=of_group)
    return replace(sweep, message=f"{sweep.message}: {_read(votes, rule)}")


def _rule(name: str, depth: int | None) -> ScoreRule | str:
    """The rule of a name; one with a depth where there is one, or where it is needed."""
    return name if depth is None and name not in ("cc", "pav") else ScoreRule(NAMES.get(name, name), depth=depth)


def _read(votes: Rankings, rule: str, message: str = "") -> str:
    """A sentence on the voters, the rule, and what becomes of places that a ballot does not fill."""
    parts = [f"{votes.total:,} voters rank {votes.n_items:,} items, counted by {rule}"]
    if votes.positions.min() < 0:
        parts.append("an item that a ballot does not list gets nothing from it")
    if votes.shared is not None:
        parts.append("items that share a place share its points")
    parts += [message] if message.startswith("optimal") else []
    return "; ".join(parts)
