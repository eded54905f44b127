"""Sides that fail where an outcome does not follow from what was decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Sides


def unlike(off: Any, allowed: float) -> Sides | None:
    """Return sides that fail where something is not 0 up to rounding; None where everything is."""
    entries = np.abs(np.ravel(off)).astype(float)
    entries = np.where(np.isfinite(entries), entries, 1e300)
    if bool((entries <= allowed).all()):
        return None
    most = 1 + 2 * allowed  # a difference counts up to here
    return Sides(np.minimum(entries, most), 0 * entries, rounding=allowed, trivial=most)
