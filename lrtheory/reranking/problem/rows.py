"""The checks of rows of runs and judgments: names, whole numbers, repetitions, and ranks beside scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from lrtheory._files.opening import Source, parsed_json, text_of
from lrtheory._files.trec import TrecLines, inexact
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, must

__all__ = ["contradictions", "doubles", "grouped", "json_and_repeats", "named", "refuse_repeats", "repeated", "whole"]


def named(name: str, given: Any) -> tuple[str, ...]:
    """The words that name queries or documents, all different; integers become words."""
    found = tuple(given)
    if not set(map(type, found)) <= {str}:
        wrong = [one for one in found if isinstance(one, bool) or not isinstance(one, (str, Integral))]
        if wrong:
            raise must(name, "named by words or integers", wrong[0], TypeError)
        found = tuple(str(one) if isinstance(one, str) else str(int(one)) for one in found)
    if "" in found:
        raise must(name, "named by words that are not empty", "")
    if len(set(found)) < len(found):
        raise must(name, "of different names", repeated(found))
    return found


def repeated(names: Sequence[Any]) -> Any:
    """The first name that stands twice."""
    first: dict[Any, int] = {}
    return next(name for place, name in enumerate(names) if first.setdefault(name, place) < place)


def json_and_repeats(path: Source) -> tuple[Any, list[str]]:
    """The value of a JSON file, and the names that stand twice in one of its objects: a dictionary drops the first."""
    text = text_of(path)
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.append(repeated([name for name, _ in pairs]))
        return found

    try:
        return json.loads(text, object_pairs_hook=once), twice
    except (RecursionError, ValueError):
        return parsed_json(text, path), twice  # which says the line of what is no JSON


def doubles(name: str, values: np.ndarray, given: Any) -> np.ndarray:
    """A copy in doubles, of Fractions and long integers too; whole numbers that no double holds are refused."""
    try:
        found = np.array(values, np.float64)
    except OverflowError as error:
        raise must(name, "numbers in the range of doubles", values) from error
    # the array of a list that holds fractions too is rounded already
    numbers = given if isinstance(given, list | tuple) else values
    if (place := inexact(numbers, found)) is not None:
        raise must(name, "numbers that doubles hold", int(numbers[place]))
    return found


def whole(name: str, value: ArrayLike) -> np.ndarray:
    """A list of integers as NumPy's."""
    found = as_array(name, value)
    if found.ndim != 1 or (found.dtype.kind not in "iu" and found.size):
        raise must(name, "a list of integers", value, TypeError)
    return found.astype(np.int64)


def refuse_repeats(
    queries: Sequence[str], documents: Sequence[str], rows: np.ndarray, docs: np.ndarray, where: Any
) -> None:
    """Refuse a document that stands twice in a query."""
    keys = rows * max(len(documents), 1) + docs
    met = np.sort(keys)
    twice = met[1:][met[1:] == met[:-1]]
    if len(twice):
        later = np.ones(len(keys), bool)
        later[np.unique(keys, return_index=True)[1]] = False
        row = int(later.argmax())
        at = where(row)
        what = f"document {documents[docs[row]]!r} stands twice in query {queries[rows[row]]!r}"
        raise ValueError(f"{at}: {what}" if at else f"{what}.")


def grouped(
    queries: Sequence[str], documents: Sequence[str], rows: np.ndarray, docs: np.ndarray, where: Any
) -> tuple[Any, np.ndarray]:
    """The order of rows by query, and the bounds of queries in it."""
    refuse_repeats(queries, documents, rows, docs, where)
    order = slice(None) if (np.diff(rows) >= 0).all() else np.argsort(rows, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(queries)))])


def contradictions(lines: TrecLines) -> str:
    """Say in how many queries the ranks of a run contradict its scores."""
    if lines.rank is None:
        return ""
    scores, ranks = lines.value, lines.rank
    with np.errstate(invalid="ignore"):
        rises = (scores[1:] > scores[:-1]) & (ranks[1:] > ranks[:-1])
        falls = (scores[1:] < scores[:-1]) & (ranks[1:] < ranks[:-1])
    wrong = len(set(lines.query[1:][(rises | falls) & (lines.query[1:] == lines.query[:-1])].tolist()))
    return f"ranks contradict scores in {wrong:,} of {len(lines.queries):,} queries; scores decide" if wrong else ""
