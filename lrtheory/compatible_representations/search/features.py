"""Features, labels and excluded items as callers give them: read once, and refused in one sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, to_numpy
from lrtheory._validation import Words, as_array, is_iterable, must, unmasked

__all__ = [
    "Classes",
    "check_width",
    "classes_of",
    "exclusions",
    "feature_rows",
    "has_unit_rows",
    "norms",
    "notes_on_norms",
    "on_host",
    "unit_rows",
]

#: how far the norm of a row may be from 1 and still count as 1, by bytes of a number
UNIT_WITHIN = {4: 1e-3, 8: 1e-6}


def feature_rows(xp: Any, name: str, value: Any) -> Any:
    """Rows of features in single or double precision, none of which is zero or holds NaN.

    Parameters
    ----------
    xp : namespace
        Library of the arrays of a call.
    name : str
        The argument, for the sentence of the error.
    value : array of shape (n, d)
        Real numbers of any kind.

    Returns
    -------
    array of shape (n, d)
        Array of the library; half precision becomes single, and integers become double.

    Raises
    ------
    TypeError
        If the entries are not real numbers.
    ValueError
        If it is no matrix with rows and columns, or a row is zero or not finite.
    """
    unmasked(name, value)
    found = real_array(xp, name, value, finite=False)
    if found.ndim != 2 or 0 in found.shape:
        raise must(name, "a matrix with rows and columns", tuple(found.shape))
    top, bottom = (to_numpy(one(found, axis=1)) for one in (xp.max, xp.min))
    largest = np.maximum(top, -bottom)  # NaN where the row has one
    if not (np.isfinite(largest).all() and (largest > 0).all()):
        row = int(np.flatnonzero(~(np.isfinite(largest) & (largest > 0)))[0])
        raise must(name, "finite non-zero rows", Words(f"row {row}")).with_traceback(None) from None
    return found


def check_width(name: str, found: Any, other: str, wanted: Any) -> None:
    """Refuse features of another width than those of another argument."""
    if found.shape[1] != wanted.shape[1]:
        rule = f"must have the width of `{other}` ({wanted.shape[1]}); got {found.shape[1]}"
        raise ValueError(f'`{name}` {rule}. Use fit_map(method="affine").')


def norms(rows: np.ndarray) -> np.ndarray:
    """The norm of each row in double precision, whatever its unit is."""
    largest = np.abs(rows).max(axis=1).astype(np.float64)
    _, exponent = np.frexp(largest)
    scaled = np.ldexp(rows.astype(np.float64), -exponent[:, None])
    found: np.ndarray = np.ldexp(np.sqrt(np.einsum("ij,ij->i", scaled, scaled)), exponent)
    return found


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """The rows with norm 1, in their own precision."""
    squares = np.einsum("ij,ij->i", rows, rows)
    low, high = (1e-30, 1e30) if rows.dtype == np.float32 else (1e-280, 1e280)
    if squares.min(initial=high) > low and squares.max(initial=0.0) < high:  # the squares have lost nothing
        return rows / np.sqrt(squares)[:, None]
    _, exponent = np.frexp(np.abs(rows).max(axis=1))
    scaled = np.ldexp(rows, -exponent[:, None])
    return scaled / np.sqrt(np.einsum("ij,ij->i", scaled, scaled))[:, None]


def has_unit_rows(xp: Any, rows: Any) -> bool:
    """Whether all rows have norm 1, up to the rounding of their precision."""
    double = xp.astype(rows, xp.float64)
    largest = float(xp.max(xp.abs(double)))
    if largest > 2:  # its square may be beyond the range
        return False
    squares = xp.sum(double * double, axis=1)
    within = UNIT_WITHIN[4 if rows.dtype == xp.float32 else 8]
    return bool(xp.max(xp.abs(xp.sqrt(squares) - 1)) <= within)


class Classes(NamedTuple):
    """The classes of queries and gallery, numbered once.

    ``names`` are the labels as given, those of the gallery first, in the order of their first item; ``queries`` and
    ``gallery`` are the numbers of the classes of all items.
    """

    names: tuple[Any, ...]
    queries: np.ndarray
    gallery: np.ndarray

    @property
    def n_in_gallery(self) -> int:
        """Classes with an item in the gallery; their numbers come first."""
        return int(self.gallery.max()) + 1


def classes_of(query_labels: Any, gallery_labels: Any, n_queries: int, n_gallery: int) -> Classes:
    """Number the classes of queries and gallery.

    Parameters
    ----------
    query_labels, gallery_labels : sequence
        Labels of any kind that a dictionary takes, one for each item.
    n_queries, n_gallery : int
        Numbers of items.

    Returns
    -------
    Classes
        Numbers of the classes.

    Raises
    ------
    TypeError
        If labels are not a sequence, or cannot be looked up.
    ValueError
        If their number is wrong, one is NaN, or no query has a class of the gallery.
    """
    queries = _labels("query_labels", query_labels, n_queries)
    gallery = _labels("gallery_labels", gallery_labels, n_gallery)
    if isinstance(queries, np.ndarray) and isinstance(gallery, np.ndarray):
        names, at = _numbered(np.concatenate([gallery, queries]))
        found = Classes(names, at[n_gallery:], at[:n_gallery])
    else:
        queries, gallery = (one.tolist() if isinstance(one, np.ndarray) else one for one in (queries, gallery))
        numbers: dict[Any, int] = {}
        at, asked = (np.array([numbers.setdefault(one, len(numbers)) for one in many]) for many in (gallery, queries))
        found = Classes(tuple(numbers), asked, at)
    if (found.queries >= found.n_in_gallery).all():
        kinds = f"{found.names[found.queries[0]]!r}, where the gallery has {found.names[0]!r}"
        raise must("query_labels", "labels of which the gallery has at least one", Words(kinds))
    return found


def _numbered(labels: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
    """Different integers in the order of their first place, and the number of each entry."""
    different, first, at = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return tuple(different[order].tolist()), rank[at]


def _labels(name: str, value: Any, n: int) -> list[Any] | np.ndarray:
    """Labels as Python's own; integers of an array stay one."""
    value = unmasked(name, to_numpy(value))
    if isinstance(value, (str, bytes)) or not is_iterable(value):
        raise must(name, "a sequence of labels", value, TypeError)
    if isinstance(value, (list, tuple)):
        found = [label.item() if isinstance(label, np.generic) else label for label in value]
    else:
        array = as_array(name, value)
        if array.ndim != 1:
            raise must(name, "a sequence of labels", array.shape)
        if array.dtype.kind in "iu" and array.dtype != np.uint64 and len(array) == n:
            return array.astype(np.int64)
        found = array.tolist()
    if len(found) != n:
        raise must(name, f"one label for each of {n} items", len(found))
    try:
        missing = [i for i, label in enumerate(found) if label != label]
        hash(tuple(found))
    except (TypeError, ValueError) as error:
        raise must(name, "labels that a dictionary takes, such as numbers and strings", value, TypeError) from error
    if missing:
        raise must(name, "free of NaN", Words(f"NaN for item {missing[0]}"))
    return found


def exclusions(value: Any, n_queries: int, n_gallery: int) -> np.ndarray | None:
    """The item of the gallery that each query must not find, -1 for none; None where none was named.

    Parameters
    ----------
    value : array of shape (n_queries,), or None
        Integers from -1 to the last item.
    n_queries, n_gallery : int
        Numbers of items.

    Returns
    -------
    int64 array of shape (n_queries,), or None
        The items.

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If their number is wrong, or there is no such item.
    """
    if value is None:
        return None
    found = as_array("exclude", unmasked("exclude", to_numpy(value)))
    if found.dtype.kind not in "iu":
        raise must("exclude", "an array of integers", found, TypeError)
    if found.shape != (n_queries,):
        raise must("exclude", f"of shape ({n_queries},), an item for each query", found.shape)
    outside = (found < -1) | (found >= n_gallery) if found.dtype.kind == "i" else found >= n_gallery
    if outside.any():
        raise must("exclude", f"numbers of items in [-1, {n_gallery - 1}]", found[outside][0])
    items: np.ndarray = found.astype(np.int64)
    return items if (items >= 0).any() else None


def on_host(name: str, value: Any) -> np.ndarray:
    """Rows of features on the host."""
    given = to_numpy(unmasked(name, value)) if is_foreign(value) else value
    found: np.ndarray = feature_rows(array_namespace(np.empty(0)), name, given)
    return found


def notes_on_norms(**features: np.ndarray) -> str:
    """A sentence where the rows of some features have norm 1 and those of others have not; else nothing."""
    spans = {name: norms(rows) for name, rows in features.items()}
    unit = {name: bool(np.abs(span - 1).max() <= UNIT_WITHIN[4]) for name, span in spans.items()}
    if all(unit.values()) or not any(unit.values()):
        return ""
    odd = [
        f"`{name}` has norms from {spans[name].min():.3g} to {spans[name].max():.3g}"
        for name in spans
        if not unit[name]
    ]
    return f"{odd[0]}, others have norm 1; directions alone are compared"
