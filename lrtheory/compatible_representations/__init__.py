r"""Compatible representations: replacing the encoder of a search service while its gallery stays as it is.

A gallery was indexed by an old encoder. A better one is there, and encoding the gallery again is slow, dear or not
allowed. New queries in an old gallery may work, or find nothing at all:

* May queries be encoded by the new encoder? How sure is that?    `check_replacement`, `compare_hits`
* The same, for who looks after every query                       `ReplacementTest`
* How far are the similarities from the definition?               `compatibility_gap`
* Every version's queries in all earlier galleries                `cross_test`
* A map into the old space, fitted on a few items                 `fit_map`, `items_needed`
* What happens while the gallery is half old and half new?        `mixed_test`
* Encoders whose versions stay comparable                         `train`, `simplex_prototypes`, `align_head`

A query is won if the new encoder finds its class and the old one does not, and lost in the reverse case. Of n
independent queries with b won and c lost, the new encoder is called better if fair coins would show b heads or more
among b + c with probability delta at most: the answer is wrong with that probability, whatever the features are
(statement SX-9e). The definition of compatibility asks for something else: that similarities f_n(x) . f_o(z) exceed
those of the old encoder for equal classes and fall below them for unlike ones. Class means on the rays through the
vertices of a simplex meet it in the mean exactly if the new ones reach further out,

.. math:: G_{\mathrm{same}} = a_o (a_n - a_o), \qquad G_{\mathrm{diff}} = -\frac{a_o (a_n - a_o)}{K - 1},

(statement SX-2); yet a perfect encoder can break it where the old one was mostly wrong (SX-18). So gaps are a
diagnosis, and hits decide.

From two files to an answer, in the shell::

    lrtheory compatible_representations replaceable new_vectors.npz old_vectors.npz
    lrtheory compatible_representations migration new_vectors.npz old_vectors.npz --shares 0,0.5

Examples
--------
An encoder whose class means reach further out, in the gallery of an earlier one:

>>> from lrtheory import compatible_representations as cr
>>> problem = cr.make_rays(10, old_length=0.4, new_length=0.7, n_queries=400, n_gallery=500, rng=0)
>>> found = cr.check_replacement(*problem.features, **problem.labels, metric="template")
>>> found.verdict, found.certificate.verify((found.new_hits, found.old_hits))
('yes', True)
>>> gap = cr.compatibility_gap(*problem.features, **problem.labels)
>>> gap.same > 0 > gap.different, round(cr.theory.gap_rays(0.4, 0.7, n_classes=10)[0], 2)
(True, 0.12)

A space that was turned finds nothing, and a map that was fitted on half of the items brings it back:

>>> import numpy as np
>>> turn = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))[0]
>>> turned = problem.new @ turn
>>> cr.check_replacement(turned, *problem.features[1:], **problem.labels, metric="template").verdict
'no'
>>> backward = cr.fit_map(turned[:200], problem.new[:200])
>>> bool(np.allclose(backward.apply(turned), problem.new))
True
"""

from __future__ import annotations

from lrtheory.compatible_representations import baselines, theory
from lrtheory.compatible_representations.cross_test import CrossTest, cross_test
from lrtheory.compatible_representations.gaps import ClassGaps, CompatibilityGap, compatibility_gap
from lrtheory.compatible_representations.loaders import (
    EncoderLayers,
    Versions,
    load_digits_versions,
    load_encoder_layers,
    load_mnist_versions,
)
from lrtheory.compatible_representations.maps import BackwardMap, ItemCurve, fit_map, items_needed
from lrtheory.compatible_representations.migration import Migration, mixed_test
from lrtheory.compatible_representations.problem import (
    Encodings,
    HitList,
    ReplacementProblem,
    make_confusion,
    make_rays,
)
from lrtheory.compatible_representations.replacement import (
    Replacement,
    ReplacementCertificate,
    ReplacementTest,
    check_replacement,
    compare_hits,
)
from lrtheory.compatible_representations.simplex import (
    HeadAlignment,
    align_head,
    simplex_logits,
    simplex_prototypes,
)
from lrtheory.compatible_representations.train import SmallEncoder, train

__all__ = [
    "BackwardMap",
    "ClassGaps",
    "CompatibilityGap",
    "CrossTest",
    "EncoderLayers",
    "Encodings",
    "HeadAlignment",
    "HitList",
    "ItemCurve",
    "Migration",
    "Replacement",
    "ReplacementCertificate",
    "ReplacementProblem",
    "ReplacementTest",
    "SmallEncoder",
    "Versions",
    "align_head",
    "baselines",
    "check_replacement",
    "compare_hits",
    "compatibility_gap",
    "cross_test",
    "fit_map",
    "items_needed",
    "load_digits_versions",
    "load_encoder_layers",
    "load_mnist_versions",
    "make_confusion",
    "make_rays",
    "mixed_test",
    "simplex_logits",
    "simplex_prototypes",
    "theory",
    "train",
]


def _warmup() -> None:
    """Nothing is compiled: the solvers are products of matrices."""
