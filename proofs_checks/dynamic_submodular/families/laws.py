"""Streams that are fixed in advance."""

from __future__ import annotations

from dataclasses import dataclass

from proofs_checks.dynamic_submodular.families.streams import Updates


@dataclass(frozen=True)
class Fixed:
    """A stream that does not look at the coins."""

    updates: Updates
