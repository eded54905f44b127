"""Streams that lazy guesses catch up with."""

from __future__ import annotations

from dataclasses import dataclass

from proofs_checks.dynamic_submodular.families.streams import Updates


@dataclass(frozen=True)
class Replay:
    """A stream, and the way in which lazy guesses catch up."""

    updates: Updates
    replay: str = "exact"
