"""Compatibility by squared distances, whose expectations know variances, and the pair of an item with itself.

Features of class y have the mean a_o w_y and the total variance v_o by the old encoder, and a_n w_y and v_n by the new
one, with w_y the K vertices of a regular simplex. The definition asks that a new query is no further from old items of
its class than the old query, and no nearer to old items of other classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.compatible_representations import compatibility_gap
from proofs_checks.compatible_representations.families.collapsed import Collapsed, is_power, laws, spread

# --- a window for the variance ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scaled(Collapsed):
    """Items on vertices, with new features that are longer or shorter: `sixteenths` of the old ones."""

    sixteenths: int


def scaled(K: int, n_items: int, old: int, new: int, sixteenths: int) -> Scaled:
    """Make a case with `old` and `new` items of a class on each other vertex."""
    return Scaled(spread(K, n_items, old), spread(K, n_items, new), sixteenths)


def is_scaled(case: Scaled) -> bool:
    """Decide whether old and new means are on the rays of the vertices, the old ones with a_o > 0."""
    on = [counts == spread(len(case.old), case.n_items, counts[0][1]) for counts in (case.old, case.new)]
    return is_power(case) and all(on) and case.old[0][0] > case.old[0][1] and case.sixteenths > 0


def draw_scaled(draws: Draws) -> Scaled:
    """Draw both lengths of means, and that of the new features."""
    K, n_items = draws.integers(2, 6), draws.choice((8, 16, 32))
    old = draws.integers(0, (n_items - 1) // K)
    return scaled(K, n_items, old, draws.integers(0, n_items // K), draws.integers(4, 32))


SCALED = Family(
    "scaled-features",
    always=(
        scaled(3, 16, 2, 2, 16),  # v_n = v_o, the only variance for a_n = a_o
        scaled(3, 16, 2, 2, 15),
        scaled(3, 16, 4, 3, 15),
        scaled(3, 16, 4, 2, 12),
        scaled(5, 32, 4, 2, 16),
        scaled(2, 8, 1, 3, 20),  # shorter means, and an empty window
    ),
    draw=draw_scaled,
)


@formula(a_o="(0, inf)", a_n="(-inf, inf)", v_o="[0, inf)", K="[2, inf)")
def variance_window(a_o: Number, a_n: Number, v_o: Number, K: int) -> tuple[Number, Number]:
    r"""The ends between which v_n must lie; there is no such v_n if the first end is the larger one.

    Proof
    -----
    Assumes: the items of a pair are independent given their classes.

    Proof: E \|f - g\|^2 = v_f + v_g + \|mu_f - mu_g\|^2. For one class the inequality is v_n + v_o + (a_n - a_o)^2 <= 2
    v_o, which is the upper end. For two it is v_n + v_o + a_n^2 + a_o^2 + 2 a_n a_o / (K - 1) >= 2 v_o + 2 a_o^2 + 2
    a_o^2 / (K - 1), which is the lower end. The upper end minus the lower one is 2 a_o (a_n - a_o) K / (K - 1).
    """
    lower = v_o - (a_n * a_n - a_o * a_o) - 2 * a_o * (a_n - a_o) / (K - 1)
    return lower, v_o - (a_n - a_o) ** 2


def moments(case: Scaled) -> tuple[Number, Number, Number, Number]:
    """Return a_o, a_n, v_o and v_n."""
    size, products = Fraction(int(case.sixteenths), 16), case.products
    a_o, a_n = ((laws(counts)[0] * products[0]).sum() for counts in (case.old, case.new))
    return a_o, size * a_n, 1 - a_o * a_o, size * size * (1 - a_n * a_n)


def window(case: Scaled, rng: np.random.Generator, *, kind: str = "") -> np.ndarray:
    """Compute the ends of the window, in rational numbers, or a wrong one."""
    a_o, a_n, v_o, _ = moments(case)
    low, high = variance_window(a_o, a_n, v_o, len(case.old))
    wrong = {"equality": (v_o, v_o), "inner products": (low, v_o)}
    return np.array(wrong.get(kind, (low, high)), object)


def is_within(case: Scaled, ends: np.ndarray, wide: bool = False) -> Sides:
    """Compare whether both inequalities hold for pairs of items with whether v_n is in the window, and its width."""
    K, size = len(case.old), Fraction(int(case.sixteenths), 16)
    p, r, W = laws(case.old), laws(case.new), case.products
    before = 2 - 2 * (p @ W @ p.T)  # mean squared distances of classes, with old queries and with new ones
    after = 1 + size * size - 2 * size * (r @ W @ p.T)
    own = np.eye(K, dtype=bool)
    a_o, a_n, _, v_n = moments(case)
    holds = [int((after <= before)[own].all()), int((after >= before)[~own].all())]
    width = 2 * a_o * (a_n - a_o) * Fraction(K, 1 if wide else K - 1)
    return Sides([*holds, width], [int(v_n <= ends[1]), int(v_n >= ends[0]), ends[1] - ends[0]])


SX_3 = Statement(
    id="compatible_representations/SX-3",
    title="By squared distances, compatible means a window for the variance",
    says=(
        "If class means are a_o w_y and a_n w_y on the K rays of a regular simplex, a_o > 0, and the total variances "
        "are v_o and v_n, both inequalities hold for the mean squared distances if and only if v_o - (a_n^2 - a_o^2) - "
        "2 a_o (a_n - a_o) / (K - 1) <= v_n <= v_o - (a_n - a_o)^2, a window of width 2 a_o (a_n - a_o) K / (K - 1)."
    ),
    source=Derived(variance_window),
    tex=r"v_o - (a_n^2 - a_o^2) - \tfrac{2 a_o (a_n - a_o)}{K - 1} \le v_n \le v_o - (a_n - a_o)^2",
    hypotheses={"means on the rays of a simplex, the old ones with a_o > 0": is_scaled},
    instances=SCALED,
    solve=window,
    closed="the claim is about a formula for the ends of the window",
    claim=Identity(is_within),
    saboteurs=(
        saboteur("equality alone", solve=partial(window, kind="equality"), printed=True),
        saboteur("as for inner products, with v_o on top", solve=partial(window, kind="inner products")),
        saboteur("a width of 2 K a_o (a_n - a_o)", claim=Identity(partial(is_within, wide=True))),
    ),
    notes="There is such a v_n >= 0 if and only if a_n >= a_o and v_o >= (a_n - a_o)^2.",
)

# --- an item with itself ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turned:
    """Angles of the features of items in the plane, in degrees, by both encoders."""

    old: tuple[int, ...]
    new: tuple[int, ...]


def are_items(case: Turned) -> bool:
    """Decide whether there are as many angles by both encoders."""
    return len(case.old) == len(case.new) > 0


def draw_turned(draws: Draws) -> Turned:
    """Draw up to six items."""
    n = draws.integers(1, 6)
    return Turned(*(tuple(draws.integers(0, 359, shape=(n,)).tolist()) for _ in range(2)))


TURNED = Family(
    "items-with-themselves",
    always=(Turned((0,), (0,)), Turned((0, 90), (60, 90)), Turned((10, 20, 30), (190, 25, 300))),
    draw=draw_turned,
)


def unit(degrees: tuple[int, ...]) -> np.ndarray:
    """Return the unit vectors at these angles."""
    angles = np.radians(np.asarray(degrees, float))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def with_itself(case: Turned, rng: np.random.Generator, *, gallery: str = "old") -> np.ndarray:
    """Ask the library for the gap of each item on a gallery that has it as the only one of its class."""
    old, new, labels = unit(case.old), unit(case.new), list(range(len(case.old)))
    items = new if gallery == "new" else old
    return compatibility_gap(new, old, items, query_labels=labels, gallery_labels=labels, delta=None).same_values


@formula(distance="[0, 4]")
def gap_with_itself(distance: Number) -> Number:
    r"""The gap <f_n - f_o, f_o> of an item with itself, for the squared `distance` \|f_n - f_o\|^2.

    Proof
    -----
    Assumes: \|f_n\| = \|f_o\| = 1.

    Proof: \|f_n - f_o\|^2 = 2 - 2 <f_n, f_o>, and the gap is <f_n, f_o> - 1. It is not negative for f_n = f_o alone.
    """
    return -distance / 2


def as_distance(case: Turned, gaps: np.ndarray, whole: bool = False) -> Sides:
    """Compare gaps with what the squared distances of both features say."""
    squares = ((unit(case.new) - unit(case.old)) ** 2).sum(1)
    due = [gap_with_itself(min(4.0, float(x))) * (2 if whole else 1) for x in squares]
    return Sides(np.asarray(gaps, float), np.array(due), rounding=rounding(64, np.full(len(due), 4.0)))


SX_7 = Statement(
    id="compatible_representations/SX-7",
    title="An item with itself breaks the definition, unless it does not move",
    says=(
        "For features of norm 1 the gap of an item with itself, <f_n - f_o, f_o>, is -|f_n - f_o|^2 / 2. So the "
        "definition must leave such pairs out: with them it holds only for f_n = f_o."
    ),
    source=Derived(gap_with_itself),
    tex=r"\langle f_n - f_o, f_o \rangle = -\tfrac12 |f_n - f_o|^2",
    hypotheses={"items by both encoders": are_items},
    instances=TURNED,
    solve=with_itself,
    claim=Identity(as_distance),
    saboteurs=(
        saboteur("the gallery is encoded anew", solve=partial(with_itself, gallery="new")),
        saboteur("the whole square", claim=Identity(partial(as_distance, whole=True))),
    ),
)
