"""The names of edits: numbers that count up, or what callers say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from lrtheory._validation import must

__all__ = ["checked", "free", "plain", "renamed"]

T = TypeVar("T")


def free(taken: Collection[int | str], start: int, n: int) -> list[int]:
    """The first n numbers from a start on that are not names yet."""
    names, number = list[int](), start
    while len(names) < n:
        if number not in taken:
            names.append(number)
        number += 1
    return names


def checked(name: Any, taken: Collection[int | str], start: int) -> int | str:
    """The name that a caller gave, or the next number where that is None."""
    if name is None:
        return free(taken, start, 1)[0]
    found = plain(name)
    if found is None:
        raise must("name", "None, an integer or a string", name, TypeError)
    if found in taken:
        raise must("name", "one that no edit has", name)
    return found


def plain(name: Any) -> int | str | None:
    """A name as a number or a word of Python; None where it is neither."""
    if isinstance(name, bool) or not isinstance(name, (int, str, np.integer)):
        return None
    return str(name) if isinstance(name, str) else int(name)


def renamed(edits: Mapping[int | str, T], taken: Collection[int | str], start: int) -> dict[int | str, T]:
    """Edits of another map under names that no edit has here; numbers that are taken give way."""
    clash = [name for name in edits if name in taken]
    words = [name for name in clash if isinstance(name, str)]
    if words:
        raise must("other", "one whose words for edits are not taken here", words[0])
    fresh = dict(zip(clash, free({*taken, *edits}, start, len(clash)), strict=True))
    return {fresh.get(name, name): edit for name, edit in edits.items()}
