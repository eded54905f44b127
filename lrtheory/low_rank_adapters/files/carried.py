"""Parts of a folder of an adapter beside the factors that go into another one: settings, whole arrays, layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory._files.safetensors import Stored

__all__ = ["Carried"]


@dataclass(frozen=True)
class Carried:
    """Settings, arrays by their names in the model, layers that are not linear, with kernels, and added biases."""

    config: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Stored] = field(default_factory=dict)
    layers: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    biases: Mapping[str, np.ndarray] = field(default_factory=dict)

    def _brief(self) -> dict[str, Any]:
        """The carried parts in words, without numbers."""
        return {"base_model": self.config.get("base_model_name_or_path"), "arrays": list(self.arrays)}
