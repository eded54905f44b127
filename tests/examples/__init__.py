"""One small call of every public function, one file per system: `CALLS` maps its name in the system to a recipe.

A recipe is a function without arguments that makes a fresh `Call`, so that no test sees what another one changed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lrtheory


@dataclass(frozen=True)
class Call:
    """The arguments of one call."""

    args: tuple[Any, ...]
    options: dict[str, Any]


def call(*args: Any, **options: Any) -> Call:
    return Call(args, options)


def calls(system: str) -> dict[str, Callable[[], Call]]:
    """The recipes of a system, by name; a system without its file is an error."""
    return importlib.import_module(f"tests.examples.{system}").CALLS


def all_calls() -> list[tuple[str, str]]:
    """System and name of every recipe."""
    return [(system, name) for system in lrtheory.SYSTEMS for name in calls(system)]


def calls_of_rooms(system: str) -> dict[str, Callable[[], Call]]:
    """The calls of formulas of rooms whose arguments do not follow from their domains, by name."""
    module = importlib.import_module(f"tests.examples.{system}")
    return dict(getattr(module, "OF_ROOMS", {}))
