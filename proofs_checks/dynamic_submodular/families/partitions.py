"""Streams of updates under a partition matroid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs_checks.dynamic_submodular.families.streams import Updates


@dataclass(frozen=True)
class Grouped:
    """A stream, the group of every element, and how many of each group may be chosen."""

    updates: Updates
    groups: np.ndarray
    limits: np.ndarray
