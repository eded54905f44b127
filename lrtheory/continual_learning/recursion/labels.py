"""The names of edits: numbers that count up, or what callers say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from lrtheory._validation import must

__all__ = ["checked", "free", "plain", "renamed"]

T = TypeVar("T")


def free(taken: Collection[int | str], start: int, n: int) -> list[int]:
    """The first n numbers from a start on that are not labels yet."""
    names, number = list[int](), start
    while len(names) < n:
        if number not in taken:
            names.append(number)
        number += 1
    return names


def checked(label: Any, taken: Collection[int | str], start: int) -> int | str:
    """The label that a caller gave, or the next number where that is None."""
    if label is None:
        return free(taken, start, 1)[0]
    name = plain(label)
    if name is None:
        raise must("label", "None, an integer or a string", label, TypeError)
    if name in taken:
        raise must("label", "one that no edit has", label)
    return name


def plain(label: Any) -> int | str | None:
    """A label as a number or a word of Python; None where it is neither."""
    if isinstance(label, bool) or not isinstance(label, (int, str, np.integer)):
        return None
    return str(label) if isinstance(label, str) else int(label)


def renamed(edits: Mapping[int | str, T], taken: Collection[int | str], start: int) -> dict[int | str, T]:
    """Edits of another map under labels that no edit has here; numbers that are taken give way."""
    clash = [label for label in edits if label in taken]
    words = [label for label in clash if isinstance(label, str)]
    if words:
        raise must("other", "one whose words for edits are not taken here", words[0])
    fresh = dict(zip(clash, free({*taken, *edits}, start, len(clash)), strict=True))
    return {fresh.get(label, label): edit for label, edit in edits.items()}
