"""Forms that need no matrix of all pairs: logits of a simplex, and mean gaps by sums of classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Numbers,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.compatible_representations import compatibility_gap, simplex_logits, simplex_prototypes

# --- logits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logits:
    """Features, rows of K - 1 numbers, and the scale of their logits."""

    features: np.ndarray
    scale: float


def has_width(case: Logits) -> bool:
    """Decide whether there are features of one dimension or more, whose products stay normal numbers."""
    sizes = np.abs(case.features[case.features != 0])
    return case.features.ndim == 2 and case.features.size > 0 and case.scale > 0 and bool((sizes > 1e-100).all())


def draw_logits(draws: Draws) -> Logits:
    """Draw up to five features of up to forty dimensions."""
    features = draws.floats(-2.0, 2.0, shape=(draws.integers(1, 5), draws.integers(1, 40)))
    return Logits(features, draws.choice((0.5, 1.0, 8.0)))


LOGITS = Family(
    "features-for-logits",
    always=(
        Logits(np.array([[1.0], [-2.0]]), 1.0),
        Logits(np.array([[1.0, 0.0], [0.5, -0.25]]), 8.0),
        Logits(np.eye(9), 1.0),
        Logits(np.linspace(-1, 1, 120).reshape(2, 60), 0.5),
    ),
    draw=draw_logits,
)


@dataclass(frozen=True)
class Formed:
    """The logits, and the prototypes of their frame."""

    logits: np.ndarray
    prototypes: np.ndarray


def logits(case: Logits, rng: np.random.Generator) -> Formed:
    """Ask the library for logits and prototypes."""
    K = case.features.shape[1] + 1
    return Formed(simplex_logits(case.features, K, scale=case.scale), simplex_prototypes(K))


def by_another_mean(case: Logits, rng: np.random.Generator) -> Formed:
    """Put alpha / K for (1 + alpha) / K, the mean of the rows that are centred."""
    F, K = case.features, case.features.shape[1] + 1
    alpha = slope(K)
    mean, total = alpha / K, F.sum(1, keepdims=True)
    norm = np.sqrt((1 - mean) ** 2 + (K - 2) * mean**2)
    found = np.hstack([F - mean * total, (alpha - mean) * total]) / norm
    return Formed(case.scale * found, simplex_prototypes(K))


def slope(K: int) -> float:
    """Return alpha, the number of the last row before it is centred."""
    return (1 - math.sqrt(K)) / (K - 1)


@formula(f="(-inf, inf)", S="(-inf, inf)", K="[2, inf)")
def logit_of_sum(f: Numbers, S: Numbers, K: int) -> Numbers:
    """The logit of a class whose number in the feature is f, for the sum S of all K - 1; f is alpha S for the last one.

    Proof
    -----
    Assumes: the prototypes are the rows e_1, ..., e_(K - 1) and alpha (1, ..., 1), minus their mean, over their norm,
    with alpha = (1 - sqrt K) / (K - 1).

    Proof: the mean is m (1, ..., 1) with m = (1 + alpha) / K, and a centred unit vector has the square nu^2 = (1 - m)^2
    + (K - 2) m^2. For this alpha the last row has the same norm: (K - 1)(alpha - m)^2 = nu^2. The products with the
    feature are (f - m S) / nu, and (alpha - m) S / nu for the last row.
    """
    m = (1 + slope(K)) / K
    return (f - m * S) / math.sqrt((1 - m) ** 2 + (K - 2) * m * m)


def as_dense(case: Logits, found: Formed, scaled: bool = True) -> Sides:
    """Compare logits with products with the prototypes and with the formula, and Gram matrices of prototypes."""
    F = np.asarray(case.features, float)
    K, scale = F.shape[1] + 1, float(case.scale) if scaled else 1.0
    W = np.asarray(found.prototypes, float)
    dense = scale * F @ W.T
    sums = F.sum(1, keepdims=True)
    formed = scale * logit_of_sum(np.hstack([F, slope(K) * sums]), sums, K)
    gram = (K * np.eye(K) - 1) / (K - 1)
    lhs = [np.ravel(found.logits), np.ravel(found.logits), (W @ W.T).ravel()]
    rhs = [dense.ravel(), formed.ravel(), gram.ravel()]
    size = float(case.scale) * np.repeat(np.abs(F).sum(1), K)
    allowed = [rounding(16 * K, 2 * size), rounding(16 * K, 2 * size), rounding(16 * K, np.full(K * K, 2.0))]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=np.concatenate(allowed))


SX_19 = Statement(
    id="compatible_representations/SX-19",
    title="Logits of a simplex without its matrix",
    says=(
        "In the frame of K - 1 unit vectors and alpha (1, ..., 1), alpha = (1 - sqrt K) / (K - 1), centred by m = (1 + "
        "alpha) / K and divided by their norm nu, a feature f with the sum S of its K - 1 numbers has the logits z_i = "
        "(f_i - m S) / nu and, for the last class, (alpha - m) S / nu."
    ),
    source=Derived(logit_of_sum),
    tex=r"z_i = (f_i - m S) / \nu,\quad z_K = (\alpha - m) S / \nu",
    hypotheses={"features of one dimension or more, none of them tiny": has_width},
    instances=LOGITS,
    solve=logits,
    claim=Identity(as_dense),
    saboteurs=(
        saboteur("alpha / K for the mean", solve=by_another_mean),
        saboteur("the scale left out", claim=Identity(partial(as_dense, scaled=False))),
    ),
)

# --- gaps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Searched:
    """Integer features of queries by both encoders and of a gallery, their classes, and which item each query is.

    An item of -1 says that the query is not in the gallery.
    """

    new: np.ndarray
    old: np.ndarray
    gallery: np.ndarray
    classes: tuple[int, ...]
    gallery_classes: tuple[int, ...]
    items: tuple[int, ...]

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Which pairs of a query and another item are of one class, and which of two."""
        other = np.not_equal.outer(self.items, np.arange(len(self.gallery_classes)))
        same = np.equal.outer(self.classes, self.gallery_classes)
        return same & other, ~same & other


def has_all_pairs(case: Searched) -> bool:
    """Decide whether each query has another item of its class and one of another class, and no feature is 0."""
    nonzero = all(bool((one != 0).any(1).all()) for one in (case.new, case.old, case.gallery))
    return nonzero and all(bool(one.any(1).all()) for one in case.pairs)


def draw_searched(draws: Draws) -> Searched:
    """Draw queries, some of which are items of the gallery."""
    K, n, d = draws.integers(2, 3), draws.integers(2, 6), draws.integers(1, 4)
    m = 4 * K
    features = [draws.integers(-4, 3, shape=(rows, d)) for rows in (n, n, m)]
    new, old, gallery = (one + (one >= 0) for one in features)
    items = np.where(draws.integers(0, 1, shape=(n,)) == 1, draws.permutation(m)[:n], -1)
    classes = np.where(items >= 0, items % K, draws.integers(0, K - 1, shape=(n,)))
    old[items >= 0] = gallery[items[items >= 0]]
    labels = tuple(i % K for i in range(m))
    return Searched(new, old, gallery, tuple(classes.tolist()), labels, tuple(items.tolist()))


LINE = np.array([[1], [2], [3], [-1], [-2], [-4]])
SEARCHED = Family(
    "searched-galleries",
    always=(
        Searched(np.array([[3], [-1]]), np.array([[1], [-3]]), LINE, (0, 1), (0, 0, 0, 1, 1, 1), (-1, -1)),
        Searched(LINE + 7, LINE, LINE, (0, 0, 0, 1, 1, 1), (0, 0, 0, 1, 1, 1), (0, 1, 2, 3, 4, 5)),
        Searched(LINE[:3] + 5, LINE[:3], LINE, (0, 0, 1), (0, 0, 1, 1, 0, 1), (0, 1, -1)),
    ),
    draw=draw_searched,
)


@dataclass(frozen=True)
class Gaps:
    """The mean gap of each query, and that over all pairs: of one class, and of two."""

    of_queries: np.ndarray
    of_pairs: np.ndarray


def gaps(case: Searched, rng: np.random.Generator, *, excluded: bool = True, of_gallery: bool = False) -> Gaps:
    """Ask the library for gaps, with or without pairs of an item with itself, or by the sum of all of the gallery."""
    found = compatibility_gap(
        case.new,
        case.old,
        case.gallery,
        query_labels=list(case.classes),
        gallery_labels=list(case.gallery_classes),
        exclude=list(case.items) if excluded else None,
        delta=None,
    )
    values = [found.same_values, found.different_values]
    if of_gallery:
        values[1] = (case.new - case.old).astype(float) @ case.gallery.mean(0)
    return Gaps(np.array(values), np.array([found.pair_same, found.pair_different]))


@formula(moved="d", total="d", itself="d", n="[1, inf)")
def gap_by_sums(moved: np.ndarray, total: np.ndarray, itself: np.ndarray, n: int) -> float:
    """The mean gap of a query that changes by `moved`, on n items with the sum `total`, without the item `itself`.

    Proof
    -----
    Assumes: `itself` is 0 if the query is none of the items; n counts the others.

    Proof: the sum of <moved, f(x')> over the items is <moved, total>, of which the pair with itself has <moved,
    itself>.
    """
    return ((total - itself) * moved).sum() / n


def as_all_pairs(case: Searched, found: Gaps, alone: bool = True) -> Sides:
    """Compare the gaps of queries and of all pairs with their sums over pairs, and these with the formula."""
    if np.shape(found.of_queries) != (2, len(case.classes)) or np.shape(found.of_pairs) != (2,):
        raise OutcomeError("two gaps are due for each query, and two for all pairs")
    moved, gallery = (np.asarray(one, float) for one in (case.new - case.old, case.gallery))
    products, lhs, rhs = moved @ gallery.T, [], []
    for kind, pairs in enumerate(case.pairs):
        sums, counts = (products * pairs).sum(1), pairs.sum(1)
        lhs += [*np.asarray(found.of_queries, float)[kind], float(found.of_pairs[kind])]
        rhs += [*(sums / counts), sums.sum() / counts.sum()]
        for q, item in enumerate(case.items):
            of_kind = np.equal(case.gallery_classes, case.classes[q]) != bool(kind)
            there = item >= 0 and of_kind[item] and alone
            itself = gallery[item] if there else 0 * moved[q]
            rhs.append(gap_by_sums(moved[q], gallery[of_kind].sum(0), itself, int(of_kind.sum() - there)))
            lhs.append(sums[q] / counts[q])
    size = np.abs(moved).max() * np.abs(gallery).sum()
    return Sides(np.array(lhs), np.array(rhs), rounding=rounding(8 * products.size + 64, size))


SX_19G = Statement(
    id="compatible_representations/SX-19g",
    title="Gaps over all pairs by sums of classes",
    says=(
        "The mean gap of a query on the n items of its class, or of the others, is <f_n - f_o, s> / n, where s is the "
        "sum of the features of these items and its own feature is taken out if it is one of them; the mean over all "
        "pairs is that of the queries, weighed by n."
    ),
    source=Derived(gap_by_sums),
    tex=r"\tfrac1n \sum_{x'} \langle f_n(x) - f_o(x), f_o(x') \rangle = \tfrac1n \langle f_n(x) - f_o(x), s \rangle",
    hypotheses={"each query has other items of its class and of another one": has_all_pairs},
    instances=SEARCHED,
    solve=gaps,
    claim=Identity(as_all_pairs),
    saboteurs=(
        saboteur("an item is compared with itself", solve=partial(gaps, excluded=False)),
        saboteur("the mean of the whole gallery", solve=partial(gaps, of_gallery=True)),
        saboteur("a sum with the item itself", claim=Identity(partial(as_all_pairs, alone=False))),
    ),
)
