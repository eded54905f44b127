"""Families of small panels of voters, and the scores of all sets by their definition, in rational numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError, Tight, rounding
from lrtheory.fair_subset_selection import Rankings, ScoreRule, Selection, make_greedy_trap, select
from lrtheory.fair_subset_selection.selection import greedy
from proofs_checks.fair_subset_selection.families.outcomes import check_set

SEPARABLE = ("sntv", "bloc", "borda")
SUBMODULAR = ("cc", "borda-cc", "pav", "owa")
# exact in doubles, neither separable nor Chamberlin-Courant, and with two equal weights in a row
OWA = (Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(1, 4))


def rule_of(kind: str, depth: int, k: int) -> ScoreRule:
    """Make a `ScoreRule` by its name; "owa" has the position weights of Borda and the OWA weights `OWA`."""
    if kind == "owa":
        return ScoreRule("owa", owa=[float(x) for x in OWA[: max(1, k)]])
    return ScoreRule(kind, depth=depth if kind in ("bloc", "cc", "pav") else None)


@dataclass(frozen=True)
class Panel:
    """A panel: rankings by their positions, a rule, k, and groups of the items with their quotas.

    Attributes
    ----------
    positions : ndarray of shape (n, m)
        Place of each item in each ranking, 0 the best.
    kind, depth : str, int
        The rule; the depth counts for "bloc", "cc" and "pav" alone.
    k : int
        Items to choose.
    groups : ndarray of shape (m,)
        Group of every item.
    low, high : ndarray of shape (n_groups,)
        Least and largest number of chosen items of each group.
    """

    positions: np.ndarray
    kind: str
    depth: int
    k: int
    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def n_items(self) -> int:
        """Return the number of items, m."""
        return self.positions.shape[1]

    @property
    def rankings(self) -> Rankings:
        """Make the `Rankings` of the positions."""
        return Rankings(self.positions)

    @property
    def rule(self) -> ScoreRule:
        """Make the `ScoreRule` of the kind and the depth."""
        return rule_of(self.kind, self.depth, self.k)

    @property
    def quotas(self) -> dict:
        """Return the groups and their bounds as keywords of `select`."""
        return {
            "groups": self.groups,
            "at_least": dict(enumerate(self.low.tolist())),
            "at_most": dict(enumerate(self.high.tolist())),
        }


def weights(kind: str, depth: int, m: int) -> list[int]:
    """List the position weights w(p) of the places p = 0, ..., m - 1."""
    if kind in ("borda", "borda-cc", "owa", "convex"):
        return [m - 1 - p for p in range(m)]
    return [int(p < (1 if kind == "sntv" else depth)) for p in range(m)]


def owa(kind: str, size: int) -> list[Fraction]:
    """List the OWA weights lambda_1, ..., lambda_size."""
    if kind in ("cc", "borda-cc"):
        return [Fraction(int(t == 0)) for t in range(size)]
    if kind == "convex":
        return [Fraction(t + 1) for t in range(size)]
    if kind == "pav":
        return [Fraction(1, t + 1) for t in range(size)]
    return [*OWA, *[Fraction(0)] * size][:size] if kind == "owa" else [Fraction(1)] * size


def score(panel: Panel, items, cut: int | None = None) -> Fraction:
    """Compute F of a set: in each ranking the values of its items, the largest first, times lambda, summed.

    With `cut` the OWA weights after the first `cut` are 0, as in the F_k of statement FSS-G5-bound.
    """
    chosen = sorted({int(i) for i in items})
    w, lam = weights(panel.kind, panel.depth, panel.n_items), owa(panel.kind, len(chosen))
    lam = lam if cut is None else [*lam[:cut], *[Fraction(0)] * len(lam[cut:])]
    total = Fraction(0)
    for row in panel.positions:
        values = sorted((w[int(row[i])] for i in chosen), reverse=True)
        total += sum((x * v for x, v in zip(lam, values, strict=True)), Fraction(0))
    return total


@dataclass(frozen=True)
class Choice:
    """The chosen items, and the reported score of the set and gain of each item."""

    items: np.ndarray
    score: float
    gains: np.ndarray


def feasible_sets(panel: Panel) -> list[tuple[int, ...]]:
    """List all sets of k items within the quotas."""
    groups, n_groups = np.asarray(panel.groups, dtype=np.int64), len(panel.low)
    found = []
    for items in itertools.combinations(range(panel.n_items), panel.k):
        counts = np.bincount(groups[list(items)], minlength=n_groups)
        if (counts >= panel.low).all() and (counts <= panel.high).all():
            found.append(items)
    return found


def optimum(panel: Panel) -> Fraction:
    """Find the largest score within the quotas, by enumeration."""
    return max(score(panel, items) for items in feasible_sets(panel))


def without_quotas(panel: Panel) -> Panel:
    """Change the quotas of a panel so that all sets of k items are allowed."""
    return replace(panel, low=0 * panel.low, high=0 * panel.high + panel.n_items)


def draw_positions(draws: Draws, n: int, m: int) -> np.ndarray:
    """Draw n uniform rankings of m items, by their positions (n, m)."""
    return np.array([draws.permutation(m) for _ in range(n)])


def draw_panel(draws: Draws, kinds: tuple[str, ...] = SEPARABLE + SUBMODULAR) -> Panel:
    """Draw up to five rankings of four to six items in two or three groups, with quotas that can be met."""
    m, n_groups = draws.integers(4, 6), draws.integers(2, 3)
    k = draws.integers(1, 3)
    groups = np.r_[np.arange(n_groups), draws.integers(0, n_groups - 1, shape=m - n_groups)]
    # the quotas are bounds on either side of the counts of a random set, which therefore meets them
    met = np.bincount(groups[draws.permutation(m)[:k]], minlength=n_groups)
    low = np.minimum(met, draws.integers(0, 2, shape=n_groups))
    high = np.maximum(met, draws.integers(0, 2, shape=n_groups))
    depth = draws.integers(1, m - 1)
    return Panel(draw_positions(draws, draws.integers(1, 5), m), draws.choice(kinds), depth, k, groups, low, high)


def of_kinds(*kinds: str):
    """Make a function that draws panels with one of these rules."""
    return lambda draws: draw_panel(draws, kinds)


def alike(n: int, m: int, kind: str, k: int) -> Panel:
    """Make n equal rankings 0, 1, ..., m - 1, and two groups, the first half and the second, without quotas."""
    groups = (np.arange(m) >= m // 2).astype(np.int64)
    return Panel(np.tile(np.arange(m), (n, 1)), kind, 1, k, groups, np.array([0, 0]), np.array([m, m]))


def opposed(b: int, m: int) -> Panel:
    """Make b + 1 rankings 0, 1, ..., m - 1 and b in reverse, for which the first and last item are the best pair."""
    forwards = np.arange(m)
    positions = np.vstack([np.tile(forwards, (b + 1, 1)), np.tile(forwards[::-1], (b, 1))])
    return Panel(positions, "borda-cc", 1, 2, 0 * forwards, np.array([0]), np.array([m]))


def trap(b: int) -> Panel:
    """Make the rankings on which greedy selection under quotas gets little more than half, with these quotas."""
    rankings = make_greedy_trap(b)
    positions = np.repeat(rankings.positions, rankings.weights, axis=0).astype(np.int64)
    counts = np.array([1, 1, 0])
    return Panel(positions, "cc", 2, 2, np.array([0, 0, 1, 2]), counts, counts)


def apart(orders: list[list[int]], kind: str, depth: int, k: int, low: tuple[int, int], high: tuple[int, int]) -> Panel:
    """Make rankings of four items, of which item 1 is a group of its own, from orders and the bounds of both groups."""
    groups = np.array([0, 1, 0, 0])
    return Panel(np.argsort(orders, axis=1), kind, depth, k, groups, np.array(low), np.array(high))


#: the item of the full group does not fit
FULL_GROUP = apart([[0, 1, 2, 3]], "sntv", 1, 1, (0, 0), (1, 0))
ALWAYS = (alike(1, 4, "sntv", 1), alike(3, 4, "borda", 2), alike(2, 4, "borda-cc", 2), opposed(2, 5))
PANELS = Family("panels", always=(*ALWAYS, FULL_GROUP), draw=draw_panel)
#: lhs/rhs is what greedy loses over OPT/2, 2b / (2b + 1)
SUBMODULAR_PANELS = Family(
    "submodular-panels",
    always=ALWAYS[2:],
    tight=(Tight(trap(9), 18 / 19, 18 / 19), Tight(trap(3), 6 / 7, 6 / 7)),
    draw=of_kinds(*SUBMODULAR),
)


def is_feasible(panel: Panel) -> bool:
    """Return True if some set meets the quotas."""
    return bool(feasible_sets(panel))


def chosen(panel: Panel, rng: np.random.Generator, **options) -> Selection:
    """Select items within the quotas of the panel by the package."""
    return select(panel.rankings, panel.rule, panel.k, **panel.quotas, **options)


#: greedy selection that forgets what it has chosen: every marginal is that of the empty set
NO_UPDATE = (greedy.greedy_steps, "insert(values[best], top)", "pass")


def falls(panel: Panel) -> bool:
    """Return True if the OWA weights do not increase, up to the one beyond k."""
    lam = owa(panel.kind, panel.k + 1)
    return all(a >= b for a, b in pairwise(lam))


def check_feasible(panel: Panel, items: np.ndarray) -> list[int]:
    """Return the items of a set; raise an OutcomeError if they do not keep the quotas."""
    found = check_set(items, panel.n_items, panel.k)
    counts = np.bincount(np.asarray(panel.groups, dtype=np.int64)[found], minlength=len(panel.low))
    if (counts < panel.low).any() or (counts > panel.high).any():
        raise OutcomeError(f"a set must keep the quotas; got {counts.tolist()} items of the groups")
    return found


def gain_rounding(panel: Panel) -> float:
    """Bound the rounding of gains: the thirds of PAV round, the gains of all other rules are exact."""
    return rounding(16 * panel.n_items * len(panel.positions), len(panel.positions)) if panel.kind == "pav" else 0.0


def step_rounding(panel: Panel, magnitude) -> float:
    """Bound the rounding of a ratio of this magnitude, which is computed in doubles."""
    return rounding(64 * panel.n_items, float(magnitude))
