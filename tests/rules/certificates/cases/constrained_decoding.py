"""A small certificate of each class of constrained_decoding, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import constrained_decoding as cd
from tests.rules.certificates.certified import case


@case
def DecodingCertificate() -> Any:
    problem, other = cd.make_nonmonotone(), cd.make_nonmonotone(last=0.2)
    proof = cd.search(problem.index, problem.model, 1, width=2, method="beam").certificate
    return proof, (problem.index, problem.model), {"items": np.array([0])}, (problem.index, other.model)
