"""Features in other units: cosines, hits and rotations stay, gaps are squares of the unit, and offsets carry it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import compatible_representations as cr

PROBLEM = cr.make_rays(4, old_length=0.6, new_length=0.9, n_queries=30, n_gallery=25, rng=0)
NEW, OLD, GALLERY = PROBLEM.features
LABELS = PROBLEM.labels
BOTH = LABELS["query_labels"], LABELS["gallery_labels"]
WIDE = np.concatenate([NEW, NEW[:, ::-1]], axis=1)


def gaps(c: float) -> Any:
    found = cr.compatibility_gap(NEW * c, OLD * c, GALLERY * c, **LABELS)
    both = found.same, found.different, found.pair_same, found.pair_different
    return (*(one / c / c for one in both), found.same_values / c / c, found.violating_same, found.violating_different)


def decided(c: float, metric: Any) -> Any:
    found = cr.check_replacement(NEW * c, OLD, GALLERY * c, **LABELS, metric=metric)
    return found.new_hits, found.lower, found.upper


def crossed(c: float) -> Any:
    return cr.cross_test([(OLD * c, GALLERY), (NEW, GALLERY * c)], *BOTH, metric="nearest").hits


def mapped(c: float, **options: Any) -> Any:
    found = cr.fit_map(NEW * c, OLD * c, **options)
    return found.matrix, found.offset / c, found.residual, found.rank


def needed(c: float) -> Any:
    found = cr.items_needed(NEW * c, OLD * c, sizes=[2, 4, 8], method="affine", ridge=0.01, rng=0)
    return found.residuals, found.cosines, found.without


def mixed(c: float) -> Any:
    old = cr.Encodings(OLD * c, GALLERY, **LABELS)
    return cr.mixed_test(cr.Encodings(NEW, GALLERY * c), old, shares=[0.0, 0.5, 1.0], rng=0).hits


def aligned(c: float) -> Any:
    found = cr.align_head(cr.simplex_prototypes(4) * c, GALLERY[:4])
    return found.rotation, found.mean_cosine, found.weights / c


UNITS: dict[str, Callable[[float], Any]] = {
    "align_head": aligned,
    "check_replacement:nearest": lambda c: decided(c, "nearest"),
    "check_replacement:template": lambda c: decided(c, "template"),
    "compatibility_gap": gaps,
    "cross_test": crossed,
    "fit_map:affine": lambda c: mapped(c, method="affine", ridge=0.01),
    "fit_map:centred": lambda c: mapped(c, method="centred", shrinkage=0.03),
    "fit_map:rotation": lambda c: mapped(c, shrinkage=0.03),
    "fit_map:widths": lambda c: cr.fit_map(WIDE * c, OLD).matrix,
    "items_needed": needed,
    "mixed_test": mixed,
    "simplex_logits": lambda c: cr.simplex_logits(NEW * c, 4) / c,
}
#: further factors, up to the ends of the range of doubles
FAR: dict[str, tuple[float, ...]] = {
    name: (1e-290, 1e290) for name in UNITS if name not in ("compatibility_gap", "simplex_logits", "align_head")
}
#: why a factor on the data means nothing
UNITLESS: dict[str, str] = {
    "Encodings": "it holds what others compute with",
    "HitList": "hits are counts, and scores have no unit",
    "ReplacementTest": "hits are counts, and scores have no unit",
    "compare_hits": "hits are counts, and scores have no unit",
    "simplex_prototypes": "a number of classes has no unit",
    "train": "steps have one size, as those of the published training do",
}
