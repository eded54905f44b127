"""Metrics before and after two documents of a ranking are exchanged.

g_r is the gain at rank r and d_r its discount, here 1/r; x_r is 1 where g_r > 0, c counts the relevant documents above
rank r, R all relevant ones, and R_r = (2^g_r - 1) / 2^top is the probability that a reader stops at rank r.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.reranking.metrics import kernels
from proofs_checks.reranking.families.rankings import discount, evaluated, metrics, of, stop

NAMES = ("dcg", "err", "ap")


@dataclass(frozen=True)
class Exchange:
    """Gains by rank, gains of judged documents that were not found, and two ranks i < j, counted from 1."""

    gains: tuple[int, ...]
    outside: tuple[int, ...]
    i: int
    j: int

    def swapped(self, i: int, j: int) -> tuple[int, ...]:
        """Exchange the documents at two ranks."""
        gains = list(self.gains)
        gains[i - 1], gains[j - 1] = gains[j - 1], gains[i - 1]
        return tuple(gains)

    @property
    def judged(self) -> tuple[int, ...]:
        """The gains of all judged documents."""
        return self.gains + self.outside

    @property
    def top(self) -> int:
        """The largest gain."""
        return max(self.judged)


def exchanged(case: Exchange, rng: np.random.Generator, found_only: bool = False) -> np.ndarray:
    """Measure DCG, ERR and AP as they are, with i and j exchanged, and with i and i + 1 exchanged; (3, 3)."""
    orders = (case.gains, case.swapped(case.i, case.j), case.swapped(case.i, case.i + 1))
    outside = () if found_only else case.outside
    return evaluated([(gains, outside) for gains in orders], NAMES, max_gain=case.top)


@formula(g_i="[0, inf)", g_j="[0, inf)", d_i="[0, inf)", d_j="[0, d_i]")
def dcg_change(g_i: Number, g_j: Number, d_i: Number, d_j: Number) -> Number:
    """The change of DCG where the documents at ranks i < j are exchanged.

    Proof
    -----
    Assumes: nothing of the discounts but that they belong to ranks.

    Proof: two products of the sum change, g_i d_i + g_j d_j into g_j d_i + g_i d_j. For neighbors i and i + 1: in ERR
    the factor P of all documents above stays, and behind both the product (1 - R_i) (1 - R_j) is the same; between,
    (R_i / i + (1 - R_i) R_j / j) less (R_j / i + (1 - R_j) R_i / j) is (R_i - R_j) (1 / i - 1 / j). In AP, of two
    neighbors that differ the relevant one is the (c + 1)-th relevant document, of precision (c + 1) / i or (c + 1) / j;
    later precisions stay.
    """
    return (g_j - g_i) * (d_i - d_j)


def changes(case: Exchange, i: int, j: int) -> list[Number]:
    """Return what the formulas say of DCG, ERR and AP; the last two are for neighbors."""
    g, top = case.gains, case.top
    above, relevant = g[: i - 1], sum(one > 0 for one in case.judged)
    reads = Fraction(1)
    for one in above:
        reads *= 1 - stop(one, top)
    err = reads * (stop(g[j - 1], top) - stop(g[i - 1], top)) * (discount(i) - discount(j))
    c = sum(one > 0 for one in above)
    x = (g[j - 1] > 0) - (g[i - 1] > 0)
    ap = Fraction(x * (c + 1), relevant) * (discount(i) - discount(j)) if relevant else Fraction(0)
    return [dcg_change(int(g[i - 1]), int(g[j - 1]), discount(i), discount(j)), err, ap]


def as_stated(case: Exchange, found: np.ndarray, *, far: bool = False) -> Sides:
    """Compare metrics with their definitions, and their differences with formulas; `far` uses i and j for all."""
    n, table = len(case.gains), np.asarray(found, float)
    orders = (case.gains, case.swapped(case.i, case.j), case.swapped(case.i, case.i + 1))
    true = [of(NAMES, metrics(gains, case.judged, n, case.top)) for gains in orders]
    at_j, near = changes(case, case.i, case.j), changes(case, case.i, case.i + 1)
    lhs = [*table.ravel(), *(table[2] - table[0]), table[1, 0] - table[0, 0]]
    rhs = [*(value for row in true for value in row), *near, at_j[0]]
    if far:
        lhs, rhs = [*lhs, *(table[1, 1:] - table[0, 1:])], [*rhs, *at_j[1:]]
    return Sides(lhs, list(map(float, rhs)), rounding=rounding(64 * n, sum(case.judged) + 2.0))


def has_places(case: Exchange) -> bool:
    """Decide whether i < j are ranks of the list and some document is relevant."""
    return 1 <= case.i < case.j <= len(case.gains) and case.top > 0 and min(case.judged) >= 0


def draw_exchange(draws: Draws) -> Exchange:
    """Draw two to eight documents of gains 0 to 3, of which the first is relevant, up to two outside, and two ranks."""
    n = draws.integers(2, 8)
    gains = (draws.integers(1, 3), *draws.integers(0, 3, shape=n - 1).tolist())
    i = draws.integers(1, n - 1)
    outside = draws.integers(0, 3, shape=draws.integers(0, 2)).tolist()
    return Exchange(gains, tuple(outside), i, draws.integers(i + 1, n))


EXCHANGES = Family(
    "exchanges",
    always=(
        Exchange((0, 1), (), 1, 2),
        Exchange((1, 0, 1, 0), (1,), 1, 4),
        Exchange((3, 1, 2, 0, 1), (2, 0), 2, 5),
        Exchange((0, 2, 2, 1), (), 1, 3),
        Exchange((0, 1, 0, 1), (), 1, 3),
    ),
    draw=draw_exchange,
)

RK_M1 = Statement(
    id="reranking/RK-M1",
    title="What an exchange of two documents changes",
    says=(
        "Exchanging the documents at ranks i < j changes DCG by (g_j - g_i) (d_i - d_j). Exchanging neighbors i and "
        "j = i + 1 changes ERR by P (R_j - R_i) (1/i - 1/j), where P is the product of 1 - R above them, and AP by "
        "(x_j - x_i) (c + 1) / R times the same difference."
    ),
    source=Derived(dcg_change),
    tex=r"\Delta \mathrm{DCG} = (g_j - g_i)(d_i - d_j)",
    hypotheses={"two ranks, and something relevant": has_places},
    instances=EXCHANGES,
    solve=exchanged,
    claim=Identity(as_stated),
    decisions=("outcome",),
    saboteurs=(
        saboteur("AP is divided by the relevant documents that were found", solve=partial(exchanged, found_only=True)),
        saboteur(
            "ranks are counted from 2",
            patch=(kernels.value, "reads * stops[r] / (r + 1)", "reads * stops[r] / (r + 2)"),
        ),
        saboteur("ERR and AP change alike at any distance", claim=Identity(partial(as_stated, far=True))),
    ),
    notes="At a distance, documents between the two change their parts of ERR and AP too.",
)
