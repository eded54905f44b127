"""A completion answers in tables: the entries that were empty, and the best columns of each row."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._array import sparse
from lrtheory._files import write_columns
from lrtheory._result import Result, display, result
from lrtheory.matrix_completion.alternation.fitted import Fitted
from lrtheory.matrix_completion.alternation.scores import Score
from lrtheory.matrix_completion.entries.ids import ids_at

__all__ = ["FilledMatrix", "Recommendations", "best_of"]

TAG = "lrtheory"  # the name of the system in a TREC run


@result
class FilledMatrix(Result):
    """Predictions of the entries of pairs, or of all that observations leave empty, which are made when written.

    Attributes
    ----------
    rows, cols : tuples of str or int
        Ids of the pairs; empty where all empty entries are meant.
    values : array of shape (pairs,)
        Predictions, in units of the values.
    observed : csr_array of shape (m, n), or None
        The observations between which the empty entries lie.
    completion : CompletionResult
        Completion whose factors give the predictions.
    """

    rows: tuple[str | int, ...]
    cols: tuple[str | int, ...]
    values: np.ndarray
    observed: sparse.csr_array | None
    completion: Fitted

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        if self.observed is None:
            return dict(zip(self._names(), (self.rows, self.cols, self.values.tolist()), strict=True))
        tested = self.completion.tested
        return self.completion._columns() if tested is None else tested._columns()

    def _facts(self) -> list[str]:
        facts = self.completion._facts()
        tested = self.completion.tested
        if self.observed is not None and tested is not None:  # the errors stand in the table
            facts = [*tested._facts(), *facts[2:]]
        return facts

    def _draw(self, ax: Any) -> None:
        tested = self.completion.tested
        if self.observed is None:
            display.bars(ax, [f"{i}, {j}" for i, j in zip(self.rows, self.cols, strict=True)], self.values.tolist())
        elif tested is None:
            self.completion._draw(ax)
        else:
            tested._draw(ax)

    def _write(self, target: Path) -> bool:
        """Write the predictions of all empty entries, line by line where the form allows it."""
        suffix = target.suffix.lower()
        if self.observed is None or suffix not in (".csv", ".tsv", ".jsonl", ".json", ".npz"):
            return False
        names = self._names()
        if suffix in (".json", ".npz"):
            write_columns(target, dict(zip(names, map(list, zip(*self.cells(), strict=True)), strict=True)))
            return True
        with target.open("w", encoding="utf-8", newline="") as file:
            if suffix == ".jsonl":
                file.writelines(json.dumps(dict(zip(names, cell, strict=True))) + "\n" for cell in self.cells())
            else:
                writer = csv.writer(file, delimiter="," if suffix == ".csv" else "\t", lineterminator="\n")
                writer.writerow(names)
                writer.writerows(self.cells())
        return True

    def _names(self) -> tuple[str, str, str]:
        """The words for the two sides: those of ratings, or those of any matrix."""
        return (
            ("row", "column", "prediction") if self.completion.value_range is None else ("user", "item", "prediction")
        )

    def cells(self) -> Iterator[tuple[str | int, str | int, float]]:
        """Go through the predictions.

        Yields
        ------
        tuple
            The id of a row, the id of a column, and the prediction, row by row.
        """
        if self.observed is None:
            yield from zip(self.rows, self.cols, self.values.tolist(), strict=True)
            return
        names: Any = self.completion.names or (None, None)
        (m, n), empty = self.completion.shape, np.ones(self.completion.shape[1], dtype=bool)
        rows, every = ids_at(names[0], np.arange(m)), np.arange(n)
        cols = np.array(ids_at(names[1], every), dtype=object)
        starts, indices = self.observed.indptr, self.observed.indices
        for i in range(m):
            seen = indices[starts[i] : starts[i + 1]]
            empty[seen] = False
            values = self.completion._kept(self.completion._raw_block(np.array([i]), every)[0])
            yield from zip(itertools.repeat(rows[i]), cols[empty].tolist(), values[empty].tolist(), strict=False)
            empty[seen] = True


@result
class Recommendations(Result):
    """The columns with the largest predictions in each of several rows.

    Attributes
    ----------
    rows, cols : tuples of str or int
        Ids, or numbers where there are none; row by row, the best column first.
    values : array
        The predictions, kept in the range of the ratings.
    order : array
        The predictions before they were moved into that range, by which columns are ordered.
    tested : Score or None
        The error of the completion on held-out observations.
    message : str
        Message of the completion.
    """

    rows: tuple[str | int, ...]
    cols: tuple[str | int, ...]
    values: np.ndarray
    order: np.ndarray
    tested: Score | None
    message: str

    _forms = (".run", ".trec")

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        return {"user": self.rows, "item": self.cols, "prediction": self.values.tolist()}

    def _facts(self) -> list[str]:
        errors = [] if self.tested is None else [self.tested.message]
        return [*errors, *self.message.split("; ")]

    def _draw(self, ax: Any) -> None:
        names = (
            self.cols if len(set(self.rows)) == 1 else [f"{i}, {j}" for i, j in zip(self.rows, self.cols, strict=True)]
        )
        display.bars(ax, names, self.values.tolist(), label="prediction")

    def _write(self, target: Path) -> bool:
        """Write a run as TREC evaluates it; ties of moved predictions stay in the order of what was predicted."""
        if target.suffix.lower() not in (".run", ".trec"):
            return False
        ids = [str(one) for one in (*self.rows, *self.cols)]
        if wrong := next((one for one in ids if len(one.split()) != 1), None):
            raise ValueError(f"a TREC run holds ids without blanks; got {wrong!r} (.csv holds any)")
        with target.open("w", encoding="utf-8", newline="") as file:
            for row, several in itertools.groupby(
                zip(self.rows, self.cols, self.order.tolist(), strict=True), lambda t: t[0]
            ):
                for place, (_, col, value) in enumerate(several, start=1):
                    file.write(f"{row} Q0 {col} {place} {value!r} {TAG}\n")
        return True


def best_of(values: np.ndarray, n: int, without: np.ndarray) -> np.ndarray:
    """The numbers of the n largest values, the largest first and equal ones by number, without some of them."""
    left = np.ones(len(values), dtype=bool)
    left[without] = False
    cols = np.flatnonzero(left)
    kept = values[cols]
    if n < len(kept):
        least = np.partition(kept, len(kept) - n)[len(kept) - n]
        cols, kept = cols[kept >= least], kept[kept >= least]
    return cols[np.argsort(-kept, kind="stable")][:n]
