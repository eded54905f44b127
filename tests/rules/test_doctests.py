"""The examples in the docstrings of the library run."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.rules.public_names import library_modules


@pytest.mark.parametrize("name", library_modules())
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
