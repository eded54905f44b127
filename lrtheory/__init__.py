"""Theory papers state bounds; lrtheory runs them.

Each system is a folder of fast solvers (``from lrtheory import alpha_rank``), imported on first use. Each theorem is an
object: ``lrtheory.check("alpha_rank/MI-T2")`` measures both of its sides, ``lrtheory.statements()`` lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

__version__ = "0.1.0"

#: the systems that stand, found on disk: every public package here except the statement engine and the command line
SYSTEMS = tuple(
    module.name
    for module in pkgutil.iter_modules(__path__)
    if module.ispkg and module.name not in ("bounds", "cli") and not module.name.startswith("_")
)
_FRONT = ("check", "check_all", "report", "statements", "warmup")

__all__ = [*_FRONT, *SYSTEMS, "__version__"]


def __getattr__(name: str) -> Any:
    if name in SYSTEMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _FRONT:
        return getattr(importlib.import_module(f"{__name__}._front"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "SYSTEMS"})
