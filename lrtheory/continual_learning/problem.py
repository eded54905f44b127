"""Edits of a linear map, and tasks that are learned in turn, as instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import named_arrays, warn_alike
from lrtheory._result import read_only
from lrtheory._types import ArrayLike
from lrtheory._validation import array, choice, floats, integer, is_iterable, matrix, must
from lrtheory.continual_learning.layouts import LAYOUTS, wrong_shape

__all__ = [
    "EditProblem",
    "Task",
    "TaskProblem",
]

#: the largest number of a class; a head has one output for each number up to the largest
LARGEST_CLASS = 999_999
#: the arrays that a file of edits may hold
ARRAYS = ("keys", "values", "edit", "anchors", "W0")


@dataclass(frozen=True, eq=False, repr=False)
class EditProblem:
    """A linear map and the edits that arrive for it, one after another.

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) for the layout "torch"
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        Keys of shape (u, d) and values of shape (u, p): the rows `keys` shall be mapped to the rows `values`. An edit
        may have any number u of rows, also none.
    anchors : array of shape (m, d), or None
        Inputs that should keep their outputs.
    names : sequence with one entry an edit, or None
        Names of the edits; None stands for 0, 1, 2, ...
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed, as (outputs, inputs).
    truth : array of the shape of W0, or None
        The map that the values were made with, where it is known.

    Raises
    ------
    ValueError
        If a shape does not fit, a number is not finite, or the layout is unknown.
    TypeError
        If an entry is not an array of real numbers.

    Examples
    --------
    >>> problem = EditProblem([[0.0], [0.0]], [([[1.0, 2.0]], [[3.0]])])
    >>> problem
    EditProblem(2 -> 1, 1 edit, 1 key)
    >>> problem.n_inputs, problem.n_outputs
    (2, 1)
    """

    W0: ArrayLike
    edits: Sequence[tuple[ArrayLike, ArrayLike]]
    _: KW_ONLY
    anchors: ArrayLike | None = None
    names: Sequence[object] | None = None
    layout: str = "rows"
    truth: ArrayLike | None = None

    def __post_init__(self) -> None:
        choice("layout", self.layout, LAYOUTS)
        W0 = matrix("W0", self.W0)
        object.__setattr__(self, "W0", read_only(W0))
        d, p = self.n_inputs, self.n_outputs
        edits = [_pair(f"edits[{i}]", edit) for i, edit in enumerate(_listed(self.edits))]
        checked = (edit_of((f"edits[{i}] keys", f"edits[{i}] values"), edit, d, p) for i, edit in enumerate(edits))
        object.__setattr__(self, "edits", tuple(checked))
        for name, shape in (("anchors", (None, d)), ("truth", W0.shape)):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, read_only(_single(array(name, value, shape=shape))))
        names = range(len(self.edits)) if self.names is None else self.names
        if not hasattr(names, "__len__") or len(names) != len(self.edits):
            raise must("names", f"None or a sequence of {len(self.edits)}, one for each edit", self.names)
        object.__setattr__(self, "names", tuple(names))

    def __repr__(self) -> str:
        numbers = [(len(self.edits), "edit"), (self.n_keys, "key")]
        if self.anchors is not None:
            numbers.append((len(self.anchors), "anchor"))  # type: ignore[arg-type]
        counted = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in numbers)
        return f"EditProblem({self.n_inputs} -> {self.n_outputs}, {counted})"

    @property
    def n_inputs(self) -> int:
        """Entries of a key, d."""
        return int(np.shape(self.W0)[self.layout == "torch"])

    @property
    def n_outputs(self) -> int:
        """Entries of a value, p."""
        return int(np.shape(self.W0)[self.layout == "rows"])

    @property
    def n_keys(self) -> int:
        """Keys of all edits together."""
        return sum(len(np.asarray(keys)) for keys, _ in self.edits)

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, layout: str = "rows") -> EditProblem:
        """Read edits from an npz or safetensors file.

        Parameters
        ----------
        path : path
            A file with the arrays ``keys`` (N, d) and ``values`` (N, p). It may also hold ``edit`` (N,), which edit a
            row belongs to (without it each row is an edit), ``anchors`` (m, d), and ``W0``, which is 0 without it.
        layout : {"rows", "torch"}
            Layout of the map in the file: maps a row x to x W0, or is stored transposed.

        Returns
        -------
        EditProblem
            In the precision of the file, the edits in the order in which they first appear, labelled as in ``edit``.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If an array is missing or has another name, shapes differ, or the file is damaged or of another kind.
        """
        choice("layout", layout, LAYOUTS)
        found = named_arrays(path, "edits")
        for name in ("keys", "values"):
            if name not in found:
                raise ValueError(f"{path}: there is no array `{name}`; got {', '.join(sorted(found)) or 'none'}")
        others = sorted(set(found) - set(ARRAYS))
        if others:
            raise ValueError(f"{path}: arrays of edits are {', '.join(ARRAYS)}; got {', '.join(others)} beside them")
        keys, values = (
            matrix("keys", found["keys"]),
            array("values", found["values"], shape=(len(found["keys"]), None)),
        )
        groups = np.asarray(found.get("edit", np.arange(len(keys))))
        if groups.shape != (len(keys),):
            raise must("edit", f"of shape ({len(keys)},), one entry a key", groups.shape)
        if (groups != groups).any():  # NaN is not a name: no edit would have its rows
            raise must("edit", "without NaN", groups)
        names = list(dict.fromkeys(groups.tolist()))
        warn_alike(names, str(path))
        shape = (keys.shape[1], values.shape[1])
        W0 = found.get("W0", np.zeros(shape if layout == "rows" else shape[::-1], keys.dtype))
        edits = [(keys[groups == name], values[groups == name]) for name in names]
        return cls(W0, edits, anchors=found.get("anchors"), names=names, layout=layout)


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """One task: rows with their classes to learn from, and others to measure the accuracy on.

    Parameters
    ----------
    X : array of shape (n, q)
        Rows to learn from.
    y : array of n integers
        Classes of the rows to learn from, from 0 on.
    X_test : array of shape (n_test, q)
        Rows to measure on.
    y_test : array of n_test integers
        Classes of the rows to measure on, from 0 on.

    Raises
    ------
    ValueError
        If a shape does not fit, a number is not finite, or a class is not an integer in [0, 999999].
    TypeError
        If an entry is not an array of real numbers.

    Examples
    --------
    >>> Task([[0.0], [1.0]], [0, 1], [[2.0]], [1])
    Task(2 + 1 rows of 1, classes 0, 1)
    """

    X: ArrayLike
    y: ArrayLike
    X_test: ArrayLike
    y_test: ArrayLike

    def __post_init__(self) -> None:
        X, X_test = (_rows(name, getattr(self, name)) for name in ("X", "X_test"))
        if X_test.shape[1] != X.shape[1]:
            raise must("X_test", f"of shape (n, {X.shape[1]})", X_test.shape)
        y, y_test = _classes("y", self.y, len(X)), _classes("y_test", self.y_test, len(X_test))
        for name, value in (("X", X), ("X_test", X_test), ("y", y), ("y_test", y_test)):
            object.__setattr__(self, name, read_only(value))

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.classes[:10])) + ", ..." * (len(self.classes) > 10)
        n_rows, n_tests = len(self.X), len(self.X_test)  # type: ignore[arg-type]
        return f"Task({n_rows} + {n_tests} rows of {np.shape(self.X)[1]}, classes {shown})"

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes of `y`, ascending."""
        return tuple(np.unique(np.asarray(self.y)).tolist())


@dataclass(frozen=True, eq=False, repr=False)
class TaskProblem:
    """Tasks that are learned one after another, with one head for the classes of all of them.

    Parameters
    ----------
    tasks : sequence of Task
        In the order in which they arrive; at least one, all with rows of one length. A class may appear in several
        tasks.
    n_classes : int
        Number of all classes, at most a million.
    names : sequence with one entry a task, or None
        Names of the tasks; None stands for 0, 1, 2, ...

    Raises
    ------
    ValueError
        If there is no task, lengths differ, or a class is not below `n_classes`.
    TypeError
        If an entry is not a `Task`.

    Examples
    --------
    >>> one, two = Task([[0.0]], [0], [[0.0]], [0]), Task([[1.0]], [1], [[1.0]], [1])
    >>> TaskProblem([one, two], n_classes=2)
    TaskProblem(2 tasks, 2 classes, rows of 1)
    """

    tasks: Sequence[Task]
    _: KW_ONLY
    n_classes: int
    names: Sequence[object] | None = None

    def __post_init__(self) -> None:
        tasks = tuple(_listed(self.tasks, "tasks"))
        for i, task in enumerate(tasks):
            if not isinstance(task, Task):
                raise must(f"tasks[{i}]", "a `Task`", task, TypeError)
        if not tasks:
            raise must("tasks", "at least one task", tasks)
        widths = {np.shape(task.X)[1] for task in tasks}
        if len(widths) > 1:
            raise must("tasks", "tasks with rows of one length", sorted(widths))
        largest = max(int(np.max(y)) for task in tasks for y in (task.y, task.y_test))
        integer("n_classes", self.n_classes, low=largest + 1, high=LARGEST_CLASS + 1)
        names = range(len(tasks)) if self.names is None else self.names
        if not hasattr(names, "__len__") or len(names) != len(tasks):
            raise must("names", f"None or a sequence of {len(tasks)}, one for each task", self.names)
        object.__setattr__(self, "tasks", tasks)
        object.__setattr__(self, "names", tuple(names))

    def __repr__(self) -> str:
        n = len(self.tasks)
        return f"TaskProblem({n} task{'s' * (n != 1)}, {self.n_classes} classes, rows of {self.n_features})"

    @property
    def n_features(self) -> int:
        """Length of a row, q."""
        return int(np.shape(self.tasks[0].X)[1])


def _single(found: np.ndarray) -> np.ndarray:
    """Half precision becomes single."""
    return found.astype(np.float32) if found.dtype == np.float16 else found


def _rows(name: str, value: Any) -> np.ndarray:
    """A finite matrix of floats, since networks have no exact numbers."""
    return matrix(name, floats(name, value))


def _listed(value: Any, name: str = "edits") -> list[Any]:
    """The entries of a sequence."""
    if isinstance(value, (str, bytes)) or not is_iterable(value):
        raise must(name, "a sequence", value, TypeError)
    return list(value)


def _pair(name: str, edit: Any) -> Any:
    """One edit, as its keys and values."""
    if not isinstance(edit, (tuple, list)) or len(edit) != 2:
        raise must(name, "a pair (keys, values)", edit, TypeError)
    return edit


def edit_of(names: tuple[str, str], edit: Any, d: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """The keys and values of one edit, with one value a key."""
    keys = _single(array(names[0], edit[0], shape=(None, None)))
    if keys.shape[1] != d:
        raise wrong_shape(names[0], f"(u, {d})", keys.shape, turned=keys.shape[1] == p)
    values = _single(array(names[1], edit[1], shape=(len(keys), p)))
    return read_only(keys), read_only(values)


def _classes(name: str, value: Any, n: int) -> np.ndarray:
    """Classes of n rows as integers from 0 on."""
    found = array(name, value, shape=(n,), low=0, high=LARGEST_CLASS)
    if (found != np.floor(found)).any():
        raise must(name, "integers", value)
    return found.astype(np.int64)
