"""One small call of every public function of `compatible_representations`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory import compatible_representations as cr
from tests.backends import need_data
from tests.examples import Call, call

PROBLEM = cr.make_rays(3, old_length=0.6, new_length=0.9, n_queries=12, n_gallery=9, rng=0)
NEW, OLD, GALLERY = PROBLEM.features
LABELS = PROBLEM.labels
OF_OLD = cr.Encodings(OLD, GALLERY, **LABELS)
OF_NEW = cr.Encodings(NEW, GALLERY)
DATA = np.repeat(np.eye(3), 4, axis=0), np.arange(12) // 4
LAWS = np.array([[0.75, 0.25], [0.0, 1.0]]), np.eye(2)


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "align_head": lambda: call(cr.simplex_prototypes(3), cr.simplex_prototypes(4)[:3]),
    "baselines.affine": lambda: call(NEW, OLD),
    "baselines.all_pairs": lambda: call(NEW, OLD, GALLERY, **LABELS),
    "baselines.finetune": lambda: call([DATA, DATA], n_classes=3, epochs=1, rng=0),
    "baselines.independent": lambda: call([DATA, DATA], n_classes=3, epochs=1, rng=0),
    "baselines.rotation": lambda: call(NEW, OLD),
    "check_replacement": lambda: call(NEW, OLD, GALLERY, **LABELS, metric="template"),
    "compare_hits": lambda: call(np.array([True, True, False, True]), np.array([False, True, True, False])),
    "compatibility_gap": lambda: call(NEW, OLD, GALLERY, **LABELS),
    "cross_test": lambda: call([(OLD, GALLERY), (NEW, GALLERY)], LABELS["query_labels"], LABELS["gallery_labels"]),
    "fit_map": lambda: call(NEW, OLD, shrinkage=0.03),
    "items_needed": lambda: call(NEW, OLD, sizes=[2, 4], rng=0),
    "load_digits_versions": lambda: loaded("digits_versions", (30, 60)),
    "load_encoder_layers": lambda: loaded("encoder_layers"),
    "load_mnist_versions": lambda: loaded("mnist_versions", (2, 4)),
    "make_confusion": lambda: call(*LAWS, n_queries=4, n_gallery=4, rng=0),
    "make_rays": lambda: call(3, n_queries=4, n_gallery=4, rng=0),
    "mixed_test": lambda: call(OF_NEW, OF_OLD, shares=[0.0, 0.5], rng=0),
    "simplex_logits": lambda: call(NEW, 3, scale=2.0),
    "simplex_prototypes": lambda: call(4),
    "theory.alignment_from_loss": lambda: call(0.5, n_classes=3),
    "theory.average_compatibility": lambda: call(np.array([[0.5, 0.0], [0.75, 0.5]])),
    "theory.average_compatibility_of_equals": lambda: call(0.75, n_queries=20),
    "theory.cross_entropy_floor": lambda: call(2.0, n_classes=3),
    "theory.difference_limits": lambda: call(5, 2, 20, delta=0.1),
    "theory.gap_confusion": lambda: call(*LAWS),
    "theory.gap_rays": lambda: call(0.5, 0.75, n_classes=3),
    "theory.growth_cosine": lambda: call(3, larger=4),
    "theory.queries_bound": lambda: call(0.25, delta=0.1, miss=0.1),
    "theory.queries_needed": lambda: call(0.25, 0.125, delta=0.1),
    "theory.replacement_power": lambda: call(0.25, 0.125, 20),
    "theory.sign_level": lambda: call(5, 2),
    "train": lambda: call(*DATA, n_classes=3, width=4, epochs=2, rng=0),
}
