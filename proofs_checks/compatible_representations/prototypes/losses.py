"""The cross-entropy of features with fixed prototypes: its floor by their norm, and the alignment that it promises.

w_y are the K vertices of a regular simplex, l is the cross-entropy of a feature f with the logits <f, w_j> and its
class y, r is the norm of f, and <f, w_y> its alignment.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Ball, Derived, Draws, Family, Inequality, Number, Sides, Statement, exp, log, saboteur
from lrtheory.compatible_representations import simplex_logits, simplex_prototypes
from lrtheory.compatible_representations.theory import alignment_from_loss, cross_entropy_floor
from proofs_checks.compatible_representations.families.coordinates import in_frame


@dataclass(frozen=True)
class Features:
    """Features in quarters of coordinates on the vertices, rows of K integers, and the class of each."""

    quarters: np.ndarray
    classes: np.ndarray

    @property
    def coordinates(self) -> np.ndarray:
        """The coordinates; exact in doubles."""
        return self.quarters / 4


def is_off_its_ray(case: Features) -> bool:
    """Decide whether there are three or more classes, and no feature is a multiple of its own prototype."""
    K = case.quarters.shape[1]
    if K < 3 or len(case.classes) != len(case.quarters) or not ((case.classes >= 0) & (case.classes < K)).all():
        return False
    others = [np.delete(row, y) for row, y in zip(case.quarters, case.classes, strict=True)]
    return all((row != row[0]).any() for row in others)


def draw_features(draws: Draws) -> Features:
    """Draw up to five features of three to six classes; half of the cases are near their prototypes."""
    n, K = draws.integers(1, 5), draws.integers(3, 6)
    quarters, classes = draws.integers(-6, 6, shape=(n, K)), draws.integers(0, K - 1, shape=(n,))
    if draws.integers(0, 1):
        quarters = quarters // 4
        quarters[np.arange(n), classes] = draws.integers(4, 40, shape=(n,))
    quarters[np.arange(n), (classes + 1) % K] = quarters[np.arange(n), (classes + 2) % K] + draws.integers(1, 3)
    return Features(quarters, classes)


FEATURES = Family(
    "features-of-classes",
    always=(
        Features(np.array([[8, 1, 0]]), np.array([0])),
        Features(np.array([[0, -1, 0], [4, 0, 1]]), np.array([0, 1])),  # one on the wrong side
        Features(np.array([[40, 0, 1, 0], [0, 8, 0, 1], [2, 0, 1, 1]]), np.array([0, 1, 2])),
        Features(np.array([[60, 1, 0]]), np.array([0])),  # a loss of 10^-9
        Features(np.array([[3, 0, 0, 0, 0, 1]]), np.array([0])),
    ),
    draw=draw_features,
)


@dataclass(frozen=True)
class Promised:
    """For each feature the floor of its loss by its norm, and the least alignment by its loss; and that of the mean."""

    floors: np.ndarray
    alignments: np.ndarray
    mean_alignment: float


def promised(
    case: Features,
    rng: np.random.Generator,
    *,
    floor: Callable[..., float] = cross_entropy_floor,
    alignment: Callable[..., float] = alignment_from_loss,
) -> Promised:
    """Compute the losses of the features by the library's logits, and what follows from them and from the norms."""
    K = case.quarters.shape[1]
    features = case.coordinates @ simplex_prototypes(K)
    logits = simplex_logits(features, K)
    apart = logits - logits[np.arange(len(logits)), case.classes][:, None]
    apart[np.arange(len(logits)), case.classes] = -np.inf
    losses = np.log1p(np.exp(apart).sum(1))
    return Promised(
        np.array([floor(float(r), n_classes=K) for r in np.linalg.norm(features, axis=1)]),
        np.array([alignment(float(loss), n_classes=K) for loss in losses]),
        float(alignment(float(losses.mean()), n_classes=K)),
    )


def by_radius_alone(radius: float, *, n_classes: int) -> float:
    """Leave K / (K - 1) out of the exponent of the floor."""
    return math.log1p((n_classes - 1) * math.exp(-radius))


def with_all_classes(loss: float, *, n_classes: int) -> float:
    """Put K for K - 1 in the logarithm of the alignment."""
    return (n_classes - 1) / n_classes * math.log(n_classes / math.expm1(loss))


def without_factor(loss: float, *, n_classes: int) -> float:
    """Leave the factor (K - 1) / K of the alignment out."""
    return math.log((n_classes - 1) / math.expm1(loss))


def as_promised(case: Features, found: Promised, share: Number = 1) -> Sides:
    """Compare floors with the losses, and alignments that are promised with those of the features."""
    products = in_frame(case.coordinates)
    rows = np.arange(len(products))
    own = products[rows, np.asarray(case.classes, int)]
    losses = [log(sum(exp(x) for x in row) / exp(y)) for row, y in zip(products, own, strict=True)]
    lhs = [*found.floors, *found.alignments, found.mean_alignment]
    rhs = [*losses, *(share * own), share * own.sum() / len(own)]
    return Sides(np.array(lhs, object), np.array(rhs, object))


UNBOUNDED = "a formula may give any number"

SX_13 = Statement(
    id="compatible_representations/SX-13",
    title="A small cross-entropy draws features to their prototypes",
    says=(
        "With the K vertices of a regular simplex as fixed prototypes w_y, a feature f of class y and norm r has a "
        "cross-entropy l of at least log(1 + (K - 1) exp(-r K / (K - 1))), and an alignment <f, w_y> of at least "
        "(K - 1) / K log((K - 1) / (e^l - 1)); the mean alignment of many features is at least that of their mean loss."
    ),
    source=Derived(alignment_from_loss),
    tex=(
        r"\ell \ge \log(1 + (K - 1) e^{-rK/(K - 1)}),\quad"
        r" \langle f, w_y \rangle \ge \tfrac{K - 1}{K} \log \tfrac{K - 1}{e^\ell - 1}"
    ),
    hypotheses={"three or more classes, and features off the rays of their prototypes": is_off_its_ray},
    instances=FEATURES,
    solve=promised,
    closed="the claim is about two formulas, which hold whatever the features are",
    claim=Inequality(as_promised, numbers=Ball, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("K for K - 1 in the logarithm", solve=partial(promised, alignment=with_all_classes)),
        saboteur("without the factor (K - 1) / K", solve=partial(promised, alignment=without_factor)),
        saboteur("a floor without K / (K - 1)", solve=partial(promised, floor=by_radius_alone)),
        saboteur(
            "half of the alignment",
            claim=Inequality(partial(as_promised, share=Fraction(1, 2)), numbers=Ball, unbounded=UNBOUNDED),
        ),
    ),
    notes=(
        "On the ray of its prototype a feature has equality in both, which doubles cannot tell from a violation. With "
        "vertices in reserve K is the number of all vertices."
    ),
)
