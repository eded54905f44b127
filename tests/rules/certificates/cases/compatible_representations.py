"""A small certificate of each class of compatible_representations, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import compatible_representations as cr
from tests.rules.certificates.certified import case

NEW, OLD = np.arange(30) % 5 > 0, np.arange(30) % 3 > 0


@case
def ReplacementCertificate() -> Any:
    proof = cr.compare_hits(NEW, OLD, margin=0.1, delta=0.1).certificate
    return proof, (NEW, OLD), {"won": proof.won + 1}, (NEW, ~OLD)
