"""The examples in the docstrings of the library run, and the check of their texts refuses what it should."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest

from tests import docstrings
from tests.rules.public_names import library_modules


@pytest.mark.parametrize("name", library_modules())
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def with_entry(section: str, text: str) -> str:
    """The source of a function whose docstring has one entry."""
    return f'''def f(x):
    """Do it.

    {section}
    {"-" * len(section)}
    x : int
        {text}
    """'''


@pytest.mark.parametrize(("pattern", "text"), (docstrings.ENTRIES | docstrings.PHRASES).items())
def test_each_riddle_is_refused(pattern: str, text: str) -> None:
    """Each pattern refuses a text that no other one refuses, as a summary or in every section of entries."""
    patterns = docstrings.ENTRIES | docstrings.PHRASES
    assert [other for other in patterns if re.search(other, text)] == [pattern]
    for section in docstrings.SECTIONS:
        (found,) = docstrings.riddles("toy", with_entry(section, text))
        assert found.endswith(text)
    is_summary = pattern in docstrings.SUMMARIES or pattern in docstrings.PHRASES
    assert bool(docstrings.riddles("toy", f'''"""{text}"""''')) == is_summary


@pytest.mark.parametrize(
    "text",
    [
        "Number of rows, at least 1.",
        "Where to draw.",
        "As in `few_shot`.",
        "As `from_file` makes it.",
        "Whether factors are kept.",
        "If there is no number.",
        "In units of the values.",
    ],
)
def test_good_entries_pass(text: str) -> None:
    assert not docstrings.riddles("toy", with_entry("Parameters", text))
