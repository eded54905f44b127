"""Single cells of a table: whether they are empty, numbers, and their text."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["cell_text", "is_missing", "is_number"]

#: words for a cell without a value, in small letters
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "<na>"))


def is_missing(cell: Any) -> bool:
    """Whether a cell has no value."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return (isinstance(cell, str) and cell.strip().lower() in _MISSING) or str(cell) in ("<NA>", "NaT")


def is_number(cell: Any) -> bool:
    """Whether a cell is a number, or text that is one."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def cell_text(cell: Any) -> str:
    """The text of a cell, without blanks around it: empty for no value, and 3 for 3.0."""
    if is_missing(cell):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
