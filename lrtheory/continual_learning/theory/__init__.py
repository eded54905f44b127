"""Formulas of continual learning: recursive ridge regression, sketches, protected subspaces, and metrics of tasks."""

from __future__ import annotations

__all__: list[str] = []
