"""A small certificate of each class of fair_subset_selection, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import fair_subset_selection as fss
from tests.rules.certificates.certified import case

ORDERS = [[0, 1, 2, 3], [1, 0, 3, 2], [2, 0, 1, 3]]
PANEL, TURNED = fss.Rankings(orders=ORDERS), fss.Rankings(orders=[order[::-1] for order in ORDERS])


@case
def SelectionCertificate() -> Any:
    proof = fss.select(PANEL, "borda-cc", 2, method="greedy").certificate
    return proof, (PANEL, "borda-cc"), {"items": np.array([1, 3])}, (TURNED, "borda-cc")


@case
def TransferCertificate() -> Any:
    proof = fss.certify_transfer(PANEL, "borda-cc", [1, 2])
    return proof, (PANEL, "borda-cc"), {"items": np.array([2, 3])}, (TURNED, "borda-cc")
