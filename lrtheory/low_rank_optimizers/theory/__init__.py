"""Right-hand sides of the statements, as plain functions, each with its proof or its source."""

from __future__ import annotations

__all__: list[str] = []
