"""Queries of a new encoder on the templates of an old gallery: near a common frame, and without one.

w_y are the K vertices of a regular simplex in R^(K - 1), and t_y is the template of class y: the normalized mean of its
gallery features. The margin of a query f of class y is the difference of its two largest products <f, w_j>.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Expectation,
    Family,
    Inequality,
    Number,
    Numbers,
    OutcomeError,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.compatible_representations import cross_test


def frame(K: int) -> np.ndarray:
    """Return the vertices of a regular simplex, made one axis after the other."""
    W = np.zeros((K, K - 1))
    for axis in range(K - 1):
        W[axis, axis] = math.sqrt(max(0.0, 1 - (W[axis] ** 2).sum()))
        W[axis + 1 :, axis] = (-1 / (K - 1) - W[axis + 1 :] @ W[axis]) / W[axis, axis]
    return W


# --- templates near the prototypes -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gallery:
    """Old gallery features with their classes, and new queries of norm at most 1 with theirs, in the frame of w_y."""

    items: np.ndarray
    item_classes: np.ndarray
    queries: np.ndarray
    query_classes: np.ndarray

    @property
    def templates(self) -> np.ndarray:
        """The normalized mean of the items of each class."""
        items, classes = np.asarray(self.items, float), np.asarray(self.item_classes)
        means = np.array([items[classes == y].mean(0) for y in range(items.shape[1] + 1)])
        return means / np.linalg.norm(means, axis=1)[:, None]

    @property
    def eps(self) -> float:
        """The largest distance of a template from its prototype."""
        return float(np.linalg.norm(self.templates - frame(len(self.templates)), axis=1).max())

    @property
    def margins(self) -> np.ndarray:
        """The margin of each query."""
        products = np.sort(np.asarray(self.queries, float) @ frame(len(self.templates)).T, axis=1)
        return products[:, -1] - products[:, -2]

    def right(self, rows: np.ndarray) -> np.ndarray:
        """Whether the row of largest product with each query is that of its class."""
        return (np.asarray(self.queries, float) @ rows.T).argmax(1) == np.asarray(self.query_classes)


def spread_items(W: np.ndarray, tilts: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Return two items of each class, whose mean is near w_y + tilt, `spreads` apart along another direction."""
    rows = []
    for y, (w, tilt, apart) in enumerate(zip(W, tilts, spreads, strict=True)):
        center = (w + tilt) / np.linalg.norm(w + tilt)
        side = W[y - 1] - (W[y - 1] @ center) * center if len(W) > 2 else 0 * w
        rows += [math.cos(apart) * center + math.sin(apart) * side, math.cos(apart) * center - math.sin(apart) * side]
    return np.array(rows)


def gallery(K: int, tilts: np.ndarray, spreads: np.ndarray, offsets: np.ndarray) -> Gallery:
    """Make queries near the middle between each two prototypes, by `offsets` towards the first one, and their gallery.

    A query is of the class whose prototype is nearer, but for every third one.
    """
    W = frame(K)
    pairs = list(itertools.combinations(range(K), 2))
    queries, classes = list[np.ndarray](), list[int]()
    for (a, b), offset in itertools.product(pairs, offsets.tolist()):
        f = W[a] + W[b] + offset * (W[a] - W[b])
        queries.append(f / max(1.0, float(np.linalg.norm(f))))
        classes.append(a if (offset > 0) == (len(classes) % 3 > 0) else b)
    items = spread_items(W, tilts, spreads)
    return Gallery(items, np.repeat(np.arange(K), 2), np.array(queries), np.array(classes))


def has_short_queries(case: Gallery) -> bool:
    """Decide whether there is a template for each class, and no query is longer than 1, but for rounding."""
    K = case.items.shape[1] + 1
    found = set(case.item_classes.tolist()) == set(range(K)) and K > 2
    return found and bool((np.linalg.norm(case.queries, axis=1) <= 1 + 1e-12).all())


def has_flips(case: Gallery) -> bool:
    """Decide whether templates and prototypes give some query another answer, and some query is beyond the margin."""
    flips = case.right(case.templates) != case.right(frame(len(case.templates)))
    return bool(flips.any() and (case.margins > 2 * case.eps).any())


def draw_gallery(draws: Draws) -> Gallery:
    """Draw templates that are off by a tenth or less in each direction, and queries around the middles."""
    K = draws.integers(3, 5)
    tilts = draws.floats(-0.1, 0.1, shape=(K, K - 1))
    offsets = draws.floats(0.001, 0.6, shape=(6,)) * np.array([1, -1, 1, -1, 0.1, -0.1])
    return gallery(K, tilts, draws.floats(0.0, 1.2, shape=(K,)), offsets)


#: both nearest templates are turned in one direction, which moves the middle between them by as much
TURNED = np.array([[0.0, -0.1], [0.0866, 0.05], [0.0, 0.0]])
OFFSETS = np.array([0.01, -0.01, 0.05, -0.05, 0.09, -0.09, 0.3, -0.3, 0.8, -0.8])

GALLERIES = Family(
    "galleries",
    always=(
        gallery(3, TURNED, np.zeros(3), OFFSETS),
        gallery(3, -TURNED, np.array([0.0, 1.2, 0.6]), OFFSETS),  # means of unlike lengths
        gallery(4, 0.05 * (frame(4)[[1, 2, 3, 0]] - frame(4)), np.array([0.0, 0.4, 0.8, 1.2]), OFFSETS),
    ),
    draw=draw_gallery,
)


def answered(case: Gallery, rng: np.random.Generator, *, turned: bool = False) -> np.ndarray:
    """Return which queries the library finds right on the templates; `turned` around, they have another frame."""
    queries = -case.queries if turned else case.queries
    models = [(queries, case.items), (queries, case.items)]
    found = cross_test(models, query_labels=case.query_classes, gallery_labels=case.item_classes, metric="template")
    return found.hits[1, 0]


def not_normalized(case: Gallery, rng: np.random.Generator) -> np.ndarray:
    """Compare queries with the means of the classes as they are."""
    K = len(case.templates)
    return case.right(np.array([case.items[case.item_classes == y].mean(0) for y in range(K)]))


@formula(margin="[0, 2]", eps="[0, 2]")
def may_change(margin: Numbers, eps: Number) -> Numbers:
    r"""Whether a query may be answered otherwise by templates than by prototypes; `eps` is their largest distance.

    Proof
    -----
    Assumes: \|f\| <= 1 and \|t_y - w_y\| <= eps for all classes y.

    Proof: <f, t_y> and <f, w_y> differ by <f, t_y - w_y>, which is at most eps. So the difference of the products of
    two classes changes by at most 2 eps, and the nearest prototype stays the nearest template if its margin is larger.
    """
    return margin <= 2 * eps


def near(case: Gallery, hits: np.ndarray, share: float = 1.0) -> Sides:
    """Compare whether each query is answered otherwise with whether it may be, and their numbers."""
    exact = case.right(frame(len(case.templates)))
    if np.shape(hits) != exact.shape:
        raise OutcomeError("an answer is due for every query")
    changed = (np.asarray(hits) != exact).astype(int)
    allowed = may_change(case.margins, share * case.eps).astype(int)
    lhs, rhs = [*changed, abs(int(np.sum(hits)) - int(exact.sum()))], [*allowed, int(allowed.sum())]
    return Sides(np.array(lhs), np.array(rhs), trivial=np.array([*np.ones(len(exact), int), len(exact)]))


SX_16 = Statement(
    id="compatible_representations/SX-16",
    title="On templates near the prototypes, a cross-test is a self-test",
    says=(
        "Let each template t_y of the old gallery be within eps of its prototype w_y, the vertex of a regular simplex. "
        "A query f of norm at most 1 is answered by templates as by prototypes unless its margin is at most 2 eps, so "
        "that the accuracy of the new queries on the old gallery differs from their accuracy on the prototypes by at "
        "most the share of such queries."
    ),
    source=Derived(may_change),
    tex=r"|M_{n,o} - M_w| \le P(\mathrm{margin}(f) \le 2 \varepsilon)",
    hypotheses={
        "three or more classes with templates, and queries of norm at most 1": has_short_queries,
        "some query is answered otherwise, and some margin is above 2 eps": has_flips,
    },
    instances=GALLERIES,
    solve=answered,
    claim=Inequality(near),
    saboteurs=(
        saboteur("queries of another frame", solve=partial(answered, turned=True)),
        saboteur("templates that are not normalized", solve=not_normalized),
        saboteur("margins of eps", claim=Inequality(partial(near, share=0.5))),
    ),
    notes=(
        "With eps = 0 a stationary encoder is compatible if and only if it is the better classifier. Where no answer "
        "changes the statement says little, so such galleries are left out."
    ),
)

# --- no common frame -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unframed:
    """The number of classes, and the classes of queries, each of which is at its prototype."""

    K: int
    classes: tuple[int, ...]


def has_classes(case: Unframed) -> bool:
    """Decide whether all queries are of one of two or more classes."""
    return case.K > 1 and len(case.classes) > 0 and all(0 <= y < case.K for y in case.classes)


def draw_unframed(draws: Draws) -> Unframed:
    """Draw two to six classes, and as many queries or more."""
    K = draws.integers(2, 6)
    return Unframed(K, tuple(draws.integers(0, K - 1, shape=(draws.integers(3, 12),)).tolist()))


UNFRAMED = Family(
    "classes-of-queries",
    always=(Unframed(2, (0, 1)), Unframed(3, (0, 0, 0, 1)), Unframed(5, (0, 1, 2, 3, 4))),
    draw=draw_unframed,
)


def haar(rng: np.random.Generator, n: int, d: int, *, reflections: bool = True) -> np.ndarray:
    """Draw n orthogonal matrices by the invariant law of all of them, or of rotations alone."""
    Q, R = np.linalg.qr(rng.standard_normal((n, d, d)))
    Q = Q * np.sign(np.diagonal(R, axis1=1, axis2=2))[:, None, :]
    if not reflections:
        Q[:, :, 0] *= np.sign(np.linalg.det(Q))[:, None]
    return Q


def unframed(case: Unframed, rng: np.random.Generator, n: int, *, turn: str = "all") -> np.ndarray:
    """Let the library test queries whose features are turned anew in each run, and return which are right."""
    W, d = frame(case.K), case.K - 1
    turns = np.stack([np.eye(d)] * n) if turn == "none" else haar(rng, n, d, reflections=turn == "all")
    queries = (W[list(case.classes)] @ turns).reshape(-1, d)
    labels = np.tile(case.classes, n)
    models = [(queries, W), (queries, W)]
    found = cross_test(models, query_labels=labels, gallery_labels=np.arange(case.K), metric="template")
    return found.hits[1, 0].reshape(n, -1)


@formula(K="[2, inf)")
def accuracy_without_frame(K: int) -> float:
    r"""The mean accuracy on the K prototypes of queries of any length that a random orthogonal matrix turns.

    Proof
    -----
    Assumes: the matrix Q has the invariant law (Haar's) of all orthogonal matrices of R^(K - 1), and f is not 0.

    Proof: f Q is uniform on the sphere of radius \|f\| whatever f is, so that its nearest prototype does not depend on
    its class. A symmetry of the simplex that takes w_i to w_j is an orthogonal matrix and leaves this law as it is, so
    each prototype is the nearest one with the same probability, 1 / K; ties have probability 0.
    """
    return 1 / K


def by_chance(fewer: int = 0) -> Expectation:
    """Return the claim that the mean accuracy is 1 / K, up to 0.08."""
    return Expectation(
        sample=lambda case, hits: np.asarray(hits, float).mean(1),
        support=lambda case: (0.0, 1.0),
        equals=lambda case: accuracy_without_frame(max(2, case.K - fewer)),
        within=lambda case: 0.08,
    )


SX_17 = Statement(
    id="compatible_representations/SX-17",
    title="Without a common frame a new encoder guesses",
    says=(
        "If the features of a new encoder are turned by a random orthogonal matrix of R^(K - 1), with the invariant "
        "law, their expected accuracy M on an old gallery with its templates at the K vertices of a regular simplex "
        "is 1 / K, whatever the features and the frequencies of the classes are."
    ),
    source=Derived(accuracy_without_frame),
    tex=r"\mathbb E\, M = 1 / K",
    hypotheses={"queries of two or more classes": has_classes},
    instances=UNFRAMED,
    solve=unframed,
    decisions=("outcome",),
    claim=by_chance(),
    saboteurs=(
        saboteur("features that keep their frame", solve=partial(unframed, turn="none")),
        saboteur("rotations without reflections", solve=partial(unframed, turn="rotations")),
        saboteur("a class fewer", claim=by_chance(fewer=1)),
    ),
    notes="For K = 2 the only rotation is the identity, with accuracy 1; it takes reflections too.",
)
