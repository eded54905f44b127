"""A small certificate of each class of reranking, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import reranking as rr
from tests.rules.certificates.certified import case


@case
def RerankingCertificate() -> Any:
    judge, other = rr.make_oracle([3, 1, 4, 0, 2]), rr.make_oracle([1, 3, 4, 0, 2])
    proof = rr.rerank(judge, 5, 3, size=3, strategy="window").certificate
    return proof, judge, {"order": np.array([1, 3, 4, 0, 2])}, other
