"""The names of edits: numbers that count up, or what callers say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from lrtheory._validation import must

__all__ = ["checked", "free", "renamed"]

T = TypeVar("T")


def free(taken: Collection[int | str], start: int, n: int) -> list[int]:
    """The first n numbers from a start on that are no labels yet."""
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
    if isinstance(label, bool) or not isinstance(label, (int, str)):
        raise must("label", "None, an integer or a string", label, TypeError)
    if label in taken:
        raise must("label", "one that no edit has", label)
    return label


def renamed(edits: Mapping[int | str, T], taken: Collection[int | str], start: int) -> dict[int | str, T]:
    """Edits of another map under labels that no edit has here; numbers that are taken give way."""
    found: dict[int | str, T] = {}
    for label, edit in edits.items():
        if label in taken and isinstance(label, str):
            raise must("other", "one whose words for edits are not taken here", label)
        clash = label in taken or label in found
        found[free({*taken, *found, *edits}, start, 1)[0] if clash else label] = edit
    return found
