"""`scipy.sparse` under the same names, imported when the first of them is asked for.

Importing it takes longer than importing NumPy, and most callers have no sparse matrix. Who has one has imported it, so
`issparse`, which functions ask about every array, does not.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["issparse"]


def issparse(value: Any) -> bool:
    """Whether a value is a matrix or an array of scipy.sparse, in any of its formats."""
    loaded = sys.modules.get("scipy.sparse")
    return loaded is not None and loaded.issparse(value)


def __getattr__(name: str) -> Any:
    return getattr(importlib.import_module("scipy.sparse"), name)
