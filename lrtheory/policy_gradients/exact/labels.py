"""Labels of any type: names of groups, of problems and of answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, is_iterable, must, unmasked

__all__ = ["listed", "numbered"]


def listed(name: str, values: Any) -> list[Any]:
    """Return labels as a list; what has no order, and text, is refused."""
    values = to_numpy(values)
    if isinstance(values, (str, bytes, Set, Mapping)) or not is_iterable(values):
        raise must(name, "a sequence of labels", values, TypeError)
    # the mask of an entry of a list is found where it is looked up, since it has no hash
    return unmasked(name, values).tolist() if isinstance(values, np.ndarray) else list(values)


def numbered(name: str, labels: list[Any]) -> tuple[dict[Any, int], np.ndarray]:
    """Number the labels in the order in which they first occur; the different ones, and the number of each entry."""
    place: defaultdict[Any, int] = defaultdict()
    place.default_factory = place.__len__  # a label that is new gets the next number
    try:
        numbers = np.fromiter(map(place.__getitem__, labels), np.int64, len(labels))
    except TypeError as error:
        raise must(name, "labels that can be told apart, such as words or numbers", labels, TypeError) from error
    missing = [label for label in place if label is None or _is_nan(label)]
    if missing:
        raise must(name, "free of NaN and None", Words(missing[0]))
    return dict(place), numbers


def _is_nan(label: Any) -> bool:
    """Whether a label is NaN, which is not equal to itself, or NA of pandas, which is not even unequal."""
    try:
        return bool(label != label)
    except TypeError:
        return True
