"""Monotone submodular objectives: each is a matrix with one row per element, and a rule that `prefixes` knows."""

from __future__ import annotations

from lrtheory.dynamic_submodular.objectives.base import Objective, probe_submodular
from lrtheory.dynamic_submodular.objectives.counting import CountingOracle
from lrtheory.dynamic_submodular.objectives.coverage import Coverage
from lrtheory.dynamic_submodular.objectives.facility import FacilityLocation
from lrtheory.dynamic_submodular.objectives.features import FeatureBased
from lrtheory.dynamic_submodular.objectives.influence import Influence
from lrtheory.dynamic_submodular.objectives.logdet import LogDet

__all__ = [
    "CountingOracle",
    "Coverage",
    "FacilityLocation",
    "FeatureBased",
    "Influence",
    "LogDet",
    "Objective",
    "probe_submodular",
]
