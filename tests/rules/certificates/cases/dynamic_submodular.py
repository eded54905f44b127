"""A small certificate of each class of dynamic_submodular, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import dynamic_submodular as ds
from tests.rules.certificates.certified import case

COVERED = [[0, 1, 2], [2, 3], [3, 4], [0, 4]]


@case
def SubmodularCertificate() -> Any:
    f = ds.Coverage(COVERED)
    proof = ds.certify_selection(f, [0, 1], 2, candidates=[0, 1, 2])
    return proof, f, {"items": np.array([1, 2])}, ds.Coverage(COVERED[::-1])
