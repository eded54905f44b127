"""What the tests of the pages share."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.backends import missing
from tests.rules.public_names import ROOT


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch, uses: Callable[[str], None]) -> Any:
    """A module of the folder docs, by name; what it needs may not be installed."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))

    def load(name: str) -> ModuleType:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            return missing("docs", f"{error}; pip install '.[docs]'")
        uses("docs")
        return module

    return load
