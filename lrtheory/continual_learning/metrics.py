r"""Measures of what was learned and forgotten, from a table of accuracies.

Row i of the table R holds the accuracies on all T tasks after task i was learned. With

* the average accuracy :math:`\mathrm{ACC} = \frac1T \sum_j R_{T-1,j}`,
* the learning accuracy :math:`\mathrm{LA} = \frac1T \sum_j R_{jj}`,
* the backward transfer :math:`\mathrm{BWT} = \frac1{T-1} \sum_{j<T-1} (R_{T-1,j} - R_{jj})`,

ACC = LA + (T - 1) / T BWT for every table (statement MT-2). The measures are those of Lopez-Paz and Ranzato (NeurIPS
2017) and Chaudhry et al. (ECCV 2018). All of them are exact on arrays of Fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Self

import numpy as np

from lrtheory._files import FromTable, Table, warn_alike
from lrtheory._result import Result, result
from lrtheory._result.display import curves, legend
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, as_array, choice, must

__all__ = [
    "AccuracyTable",
    "average_accuracy",
    "backward_transfer",
    "forgetting",
    "forward_transfer",
    "incremental_accuracy",
    "learning_accuracy",
]

DEFINITIONS = ("max", "first")


def average_accuracy(R: ArrayLike) -> Number:
    """Average the accuracies on all tasks after the last one was learned.

    Parameters
    ----------
    R : array of shape (T, T)
        Accuracies in [0, 1], one row a time and one column a task. Entries above the diagonal may be NaN.

    Returns
    -------
    float, or Fraction where R holds Fractions
        In [0, 1].

    Raises
    ------
    ValueError
        If R is not square or an entry is outside [0, 1].

    Examples
    --------
    >>> average_accuracy([[0.5, 0.0], [0.25, 0.75]])
    0.5
    """
    return _mean(_square(R)[-1])


def learning_accuracy(R: ArrayLike) -> Number:
    """Average the accuracies on each task right after it was learned.

    Parameters
    ----------
    R : array of shape (T, T)
        As in `average_accuracy`.

    Returns
    -------
    float, or Fraction where R holds Fractions
        In [0, 1].

    Raises
    ------
    ValueError
        If R is not square or an entry is outside [0, 1].

    Examples
    --------
    >>> learning_accuracy([[0.5, 0.0], [0.25, 1.0]])
    0.75
    """
    return _mean(_square(R).diagonal())


def incremental_accuracy(R: ArrayLike) -> Number:
    """Average, over the times, the average accuracy on the tasks that were learned by then.

    Parameters
    ----------
    R : array of shape (T, T)
        As in `average_accuracy`.

    Returns
    -------
    float, or Fraction where R holds Fractions
        In [0, 1].

    Raises
    ------
    ValueError
        If R is not square or an entry is outside [0, 1].

    Examples
    --------
    >>> incremental_accuracy([[1.0, 0.0], [0.25, 0.75]])
    0.75
    """
    return _mean([_mean(row[: i + 1]) for i, row in enumerate(_square(R))])


def backward_transfer(R: ArrayLike) -> Number | None:
    """Average what the accuracy on a task gained, from when it was learned to the end; a loss is negative.

    Parameters
    ----------
    R : array of shape (T, T)
        As in `average_accuracy`.

    Returns
    -------
    float, Fraction, or None
        In [-1, 1]; None for a single task, which nothing followed.

    Raises
    ------
    ValueError
        If R is not square or an entry is outside [0, 1].

    Examples
    --------
    >>> backward_transfer([[0.5, 0.0], [0.25, 0.75]])
    -0.25
    """
    table = _square(R)
    return _mean((table[-1] - table.diagonal())[:-1]) if len(table) > 1 else None


def forgetting(R: ArrayLike, *, definition: str = "max") -> Number | None:
    """Average the loss of accuracy on a task, from its best time before the end, or from when it was learned.

    Parameters
    ----------
    R : array of shape (T, T)
        As in `average_accuracy`.
    definition : {"max", "first"}
        Whether a loss counts from the best accuracy since the task was learned, as Chaudhry et al. define it, or from
        that right after it, which makes forgetting the negative of the backward transfer. "max" is at least "first"
        (statement MT-1).

    Returns
    -------
    float, Fraction, or None
        In [-1, 1]; None for a single task.

    Raises
    ------
    ValueError
        If R is not square, an entry is outside [0, 1], or the definition is unknown.

    Examples
    --------
    >>> R = [[0.5, 0.0, 0.0], [0.75, 0.5, 0.0], [0.25, 0.5, 1.0]]
    >>> forgetting(R), forgetting(R, definition="first")
    (0.25, 0.125)
    """
    choice("definition", definition, DEFINITIONS)
    table = _square(R)
    last = len(table) - 1
    if not last:
        return None
    times = [range(j, last) if definition == "max" else [j] for j in range(last)]
    return _mean([max(table[i, j] for i in times[j]) - table[last, j] for j in range(last)])


def forward_transfer(R: ArrayLike, baseline: ArrayLike) -> Number | None:
    """Average how far the accuracy on a task, right before it is learned, is above that of an untrained model.

    Parameters
    ----------
    R : array of shape (T, T)
        As in `average_accuracy`, with numbers right above the diagonal.
    baseline : array of T numbers
        Accuracies of the untrained model on the tasks, in [0, 1]. The first one does not matter.

    Returns
    -------
    float, Fraction, or None
        In [-1, 1]; None for a single task.

    Raises
    ------
    ValueError
        If R is not square, a length differs, an entry is outside [0, 1], or one right above the diagonal is NaN.

    Examples
    --------
    >>> forward_transfer([[1.0, 0.5], [0.75, 1.0]], [0.25, 0.25])
    0.25
    """
    table = _square(R)
    start = array("baseline", baseline, shape=(len(table),), low=0.0, high=1.0)
    before = table.diagonal(1)
    if np.isnan(before.astype(np.float64)).any():
        raise must("R", "without NaN right above the diagonal, where forward transfer is read", before)
    return _mean(before - start[1:]) if len(table) > 1 else None


@result
class AccuracyTable(FromTable, Result):
    """Accuracies on tasks that were learned in turn, with what was learned and forgotten.

    Attributes
    ----------
    accuracy : ndarray of shape (T, T)
        Row i holds the accuracies on all tasks after task i was learned; NaN above the diagonal was not measured.
    names : tuple of T str
        Names of the tasks.
    average_accuracy, learning_accuracy, incremental_accuracy : float, or Fraction
        The measures of these names.
    backward_transfer, forgetting : float, Fraction, or None
        The measures of these names; None for a single task.
    message : str
        Reason for missing measures; empty for more than one task.
    """

    accuracy: np.ndarray
    names: tuple[str, ...]
    average_accuracy: Number
    learning_accuracy: Number
    incremental_accuracy: Number
    backward_transfer: Number | None
    forgetting: Number | None
    message: str

    @classmethod
    def from_accuracy(cls, R: ArrayLike, *, names: Iterable[object] | None = None) -> Self:
        """Measure a table of accuracies.

        Parameters
        ----------
        R : array of shape (T, T)
            Accuracies in [0, 1], one row a time and one column a task. Entries above the diagonal may be NaN.
        names : iterable of T names, or None
            Names of the tasks; None stands for 0, 1, 2, ...

        Returns
        -------
        AccuracyTable
            Table of accuracies and of all measures that need no untrained model.

        Raises
        ------
        ValueError
            If R is not square, an entry is outside [0, 1], or the number of names differs.

        Examples
        --------
        >>> AccuracyTable.from_accuracy([[1.0, 0.0], [0.5, 0.75]]).forgetting
        0.5
        """
        _square(R)
        table = array("R", R, finite=False) if not _has_nan(R) else np.asarray(R, dtype=np.float64)
        table = table if table.dtype == object else table.astype(np.float64)
        given = tuple(map(str, range(len(table)) if names is None else names))
        if len(given) != len(table):
            raise must("names", f"None or {len(table)} names, one for each task", given)
        return cls(
            accuracy=table,
            names=given,
            **measures(table),
            message="" if len(table) > 1 else NOTHING_FOLLOWED,
        )

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        """One column a task and one row a time; where there is a column more than rows, the first one holds names."""
        names = table.names if columns is None else table.listed(columns)
        if columns is None and len(names) == len(table) + 1 and _are_names(table, names[0]):
            names = names[1:]
        R = np.stack([table.floats(name, missing=True) for name in names], axis=1)
        warn_alike(names, table.origin)
        return cls.from_accuracy(R, names=names)

    def _columns(self) -> dict[str, Any]:
        return accuracy_columns(self.accuracy, self.names)

    def _facts(self) -> list[str]:
        return [*accuracy_facts(self), *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        draw_accuracy(ax, self.accuracy, self.names)


#: why two measures are None
NOTHING_FOLLOWED = "a single task, which nothing followed: backward transfer and forgetting have no meaning"


def measures(R: np.ndarray) -> dict[str, Any]:
    """All measures that need no untrained model, by name."""
    found = (average_accuracy, learning_accuracy, incremental_accuracy, backward_transfer, forgetting)
    return {measure.__name__: measure(R) for measure in found}


def accuracy_columns(R: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """The table as columns: after which task, and the accuracy on each task."""
    doubled = len(set(names)) < len(names)
    names = [f"{name} ({j})" if doubled else name for j, name in enumerate(names)]
    return {"after": names, **{name: list(R[:, j]) for j, name in enumerate(names)}}


def accuracy_facts(owner: Any) -> list[str]:
    """The measures in two sentences."""
    facts = [
        f"average accuracy {float(owner.average_accuracy):.3f}, "
        f"right after learning {float(owner.learning_accuracy):.3f}"
    ]
    if owner.forgetting is not None:
        facts.append(
            f"forgetting {float(owner.forgetting):.3f}, backward transfer {float(owner.backward_transfer):.3f}"
        )
    return facts


def draw_accuracy(ax: Any, R: np.ndarray, names: Sequence[str]) -> None:
    """The accuracy on each task from when it was learned, over the times."""
    for j, name in enumerate(names):
        curves(ax, range(j, len(R)), {name: R[j:, j].astype(np.float64)})
    ax.set(xlabel="tasks learned before", ylabel="accuracy", ylim=(-0.03, 1.03))
    legend(ax, title="task")


def _are_names(table: Table, column: str) -> bool:
    """Whether a column holds words or whole numbers, and not accuracies of a table that lacks a row."""
    try:
        found = table.floats(column)
    except ValueError:
        return True
    return bool((found == np.floor(found)).all())


def _has_nan(R: Any) -> bool:
    """Whether an array of floats holds NaN."""
    found = np.asarray(R)
    return found.dtype.kind == "f" and bool(np.isnan(found).any())


def _square(R: Any) -> np.ndarray:
    """The table with numbers in [0, 1] up to its diagonal; NaN may stand above it."""
    found = as_array("R", R)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or not len(found):
        raise must("R", "a square matrix, with one row a time and one column a task", found.shape)
    above = np.triu(np.ones(found.shape, dtype=bool), 1)
    if found.dtype.kind != "f":
        return array("R", found, low=0.0, high=1.0)
    array("R", np.where(above & np.isnan(found), 0.0, found), low=0.0, high=1.0)
    return found


def _mean(values: Any) -> Any:
    """The mean; exact for integers and Fractions, and a double otherwise."""
    entries = [entry.item() if isinstance(entry, np.generic) else entry for entry in values]
    exact = not all(isinstance(entry, float) for entry in entries)
    return sum(entries, start=Fraction(0) if exact else 0.0) / len(entries)
