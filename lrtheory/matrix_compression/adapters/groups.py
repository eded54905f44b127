"""Modules that get one rank: the experts of a folder, whose factors lie side by side in arrays of one size.

Of matrices that all get the rank r the best ones leave the root of the sum of all their squared singular values but
the r largest of each. So a group has a spectrum of its own, whose value i is the root of the sum of the squares of the
i-th values of its matrices, and a rank of the group costs as much as one of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrtheory._files.adapters import AdapterFile

__all__ = ["grouped", "groups_of"]

EXPERTS = "experts"


def groups_of(adapter: AdapterFile) -> dict[str, str]:
    """The group of each module by its name: that of all experts, or its own."""
    joint = EXPERTS
    while joint in adapter.modules:
        joint = f"{joint}."
    return {name: joint if module.kind == "expert" else name for name, module in adapter.modules.items()}


def grouped(
    spectra: Mapping[str, np.ndarray], costs: Mapping[str, int], groups: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """The spectrum and the cost of a rank of each group."""
    parts: dict[str, list[np.ndarray]] = {}
    paid: dict[str, int] = {}
    for name, group in groups.items():
        parts.setdefault(group, []).append(spectra[name])
        paid[group] = paid.get(group, 0) + costs[name]
    return {group: _root_of_squares(values) for group, values in parts.items()}, paid


def _root_of_squares(values: list[np.ndarray]) -> np.ndarray:
    """The root of the sum of squares of the i-th values of all spectra, for each i."""
    if len(values) == 1:
        return values[0]
    longest = max(map(len, values))
    whole = np.stack([np.pad(one, (0, longest - len(one))) for one in values])
    found: np.ndarray = np.hypot.reduce(whole, axis=0)
    return found
