"""Objectives of one weight matrix whose gradient is known, and examples to learn a classifier from."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import exact, number, plain
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, as_array, integer, must

__all__ = ["ClassifierProblem", "PolynomialProblem", "SineProblem"]


@dataclass(frozen=True, eq=False, repr=False)
class PolynomialProblem:
    r"""A polynomial of degree at most 3 in the entries of a matrix, by its derivatives at a point.

    f(W) = value + <gradient, X> + H[X, X] / 2 + C[X, X, X] / 6 with X = W - M. Arrays of Fractions stay exact.

    Parameters
    ----------
    M : array of shape (m, n)
        The point.
    gradient : array of shape (m, n)
        The gradient at M.
    hessian : array of shape (m, n, m, n), or None
        Second derivatives at M; their symmetric part counts. None stands for 0.
    cubic : array of shape (m, n, m, n, m, n), or None
        Third derivatives; their symmetric part counts. None stands for 0.
    value : number
        The value at M.

    Raises
    ------
    ValueError
        If a shape does not fit, or a number is not finite.
    TypeError
        If an entry is not an array of real numbers.

    Examples
    --------
    >>> problem = PolynomialProblem([[0.0]], [[1.0]], [[[[2.0]]]])
    >>> problem, problem([[3.0]])
    (PolynomialProblem(1 x 1, degree 2), 12.0)
    """

    M: ArrayLike
    gradient: ArrayLike
    hessian: ArrayLike | None = None
    _: KW_ONLY
    cubic: ArrayLike | None = None
    value: Number = 0

    def __post_init__(self) -> None:
        shape = None
        for name, order in (("M", 1), ("gradient", 1), ("hessian", 2), ("cubic", 3)):
            if (value := getattr(self, name)) is None and order > 1:
                continue
            found = _derivatives(name, value, shape, order)
            shape = found.shape if shape is None else shape
            object.__setattr__(self, name, read_only(found))
        number("value", self.value)

    def __repr__(self) -> str:
        m, n = self.shape
        return f"PolynomialProblem({m} x {n}, degree {self.degree})"

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (m, n) of the weight."""
        m, n = np.shape(self.M)
        return m, n

    @property
    def degree(self) -> int:
        """At most this degree: 3 with third derivatives, 2 with a Hessian, else 1."""
        return 3 if self.cubic is not None else 2 if self.hessian is not None else 1

    @property
    def truth(self) -> np.ndarray:
        """The gradient at M."""
        return np.asarray(self.gradient)

    def __call__(self, W: ArrayLike) -> Any:
        """Evaluate the polynomial.

        Parameters
        ----------
        W : array of shape (m, n)
            A weight.

        Returns
        -------
        number
            f(W).

        Raises
        ------
        ValueError
            If the shape is another.
        """
        x = (_weight(W, self.shape) - np.asarray(self.M)).ravel()
        found = self.value + x @ np.asarray(self.gradient).ravel()
        if self.hessian is not None:
            found = found + x @ np.asarray(self.hessian).reshape(x.size, x.size) @ x / 2
        if self.cubic is not None:
            found = found + x @ (np.asarray(self.cubic).reshape((x.size,) * 3) @ x) @ x / 6
        return plain(found)


@dataclass(frozen=True, eq=False, repr=False)
class SineProblem:
    r"""The objective sin(<Om, W> + phase), whose surrogate gradients are known at every rank.

    Parameters
    ----------
    Om : array of shape (m, n)
        The direction.
    M : array of shape (m, n), or None
        The point; None stands for 0.
    phase : float
        Phase of the sine, in radians.

    Raises
    ------
    ValueError
        If a shape does not fit, or a number is not finite.
    TypeError
        If an entry is not an array of real numbers.

    Examples
    --------
    >>> problem = SineProblem([[3.0, 4.0]])
    >>> problem, problem.truth
    (SineProblem(1 x 2), array([[3., 4.]]))
    """

    Om: ArrayLike
    M: ArrayLike | None = None
    _: KW_ONLY
    phase: float = 0.0

    def __post_init__(self) -> None:
        Om = _matrix("Om", self.Om)
        M = np.zeros_like(Om) if self.M is None else _matrix("M", self.M)
        if M.shape != Om.shape:
            raise must("M", f"of shape {Om.shape}", M.shape)
        object.__setattr__(self, "Om", read_only(Om))
        object.__setattr__(self, "M", read_only(M))
        number("phase", self.phase)

    def __repr__(self) -> str:
        return f"SineProblem({self.shape[0]} x {self.shape[1]})"

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (m, n) of the weight."""
        m, n = np.shape(self.Om)
        return m, n

    @property
    def angle(self) -> float:
        """The argument of the sine at M, in radians."""
        return float(np.sum(np.asarray(self.Om) * np.asarray(self.M)) + self.phase)

    @property
    def truth(self) -> np.ndarray:
        """The gradient at M, cos(<Om, M> + phase) Om."""
        return math.cos(self.angle) * np.asarray(self.Om)

    def __call__(self, W: ArrayLike) -> float:
        """Evaluate the sine.

        Parameters
        ----------
        W : array of shape (m, n)
            A weight.

        Returns
        -------
        float
            The value at W.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        return float(np.sin(np.sum(np.asarray(self.Om) * _weight(W, self.shape)) + self.phase))


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierProblem:
    r"""Examples of classes, to learn from and to be asked about; with the loss and gradient of a linear classifier.

    A linear classifier W of shape (classes, features + 1) gives the logits W (x, 1). The problem is its mean loss.

    Parameters
    ----------
    X, y : arrays of shape (examples, features) and (examples,)
        Inputs to learn from, and their classes, integers from 0 to ``n_classes - 1``.
    X_test, y_test : arrays of shape (questions, features) and (questions,)
        Inputs that are asked about, and their classes.
    n_classes : int
        Number of classes.

    Raises
    ------
    ValueError
        If a shape does not fit, a number is not finite, or a class is out of range.
    TypeError
        If an entry is not an array of real numbers, or classes are not integers.

    Examples
    --------
    >>> problem = ClassifierProblem([[0.0], [1.0]], [0, 1], X_test=[[1.0]], y_test=[1], n_classes=2)
    >>> problem, round(problem([[0.0, 0.0], [0.0, 0.0]]), 4)
    (ClassifierProblem(2 to learn from, 1 to ask, 2 classes, rows of 1), 0.6931)
    """

    X: ArrayLike
    y: ArrayLike
    _: KW_ONLY
    X_test: ArrayLike
    y_test: ArrayLike
    n_classes: int

    def __post_init__(self) -> None:
        k = integer("n_classes", self.n_classes, low=2)
        X, X_test = _matrix("X", self.X), _matrix("X_test", self.X_test)
        if X_test.shape[1] != X.shape[1]:
            raise must("X_test", f"of shape (questions, {X.shape[1]})", X_test.shape)
        for inputs, rows, name in (("X", X, "y"), ("X_test", X_test, "y_test")):
            object.__setattr__(self, inputs, read_only(rows))
            found = as_array(name, getattr(self, name))
            if found.dtype.kind not in "iu":
                raise must(name, "an array of integers", found, TypeError)
            if found.shape != (len(rows),):
                raise must(name, f"of shape ({len(rows)},)", found.shape)
            if found.min() < 0 or found.max() >= k:
                raise must(name, f"classes from 0 to {k - 1}", found[(found < 0) | (found >= k)][0])
            object.__setattr__(self, name, read_only(found.astype(np.int64)))

    def __repr__(self) -> str:
        n, asked, (classes, row) = len(np.asarray(self.X)), len(np.asarray(self.X_test)), self.shape
        return f"ClassifierProblem({n} to learn from, {asked} to ask, {classes} classes, rows of {row - 1})"

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (classes, features + 1) of a linear classifier."""
        return self.n_classes, np.shape(self.X)[1] + 1

    @property
    def inputs(self) -> np.ndarray:
        """The rows (x, 1) of `X`."""
        return _with_ones(np.asarray(self.X))

    @property
    def inputs_test(self) -> np.ndarray:
        """The rows (x, 1) of `X_test`."""
        return _with_ones(np.asarray(self.X_test))

    def loss(self, logits: ArrayLike) -> float | np.ndarray:
        """Compute the mean cross-entropy of logits, for one model or for many.

        Parameters
        ----------
        logits : array of shape (..., examples, classes)
            Scores of the classes for all rows of `X`.

        Returns
        -------
        float or array of shape (...)
            Mean cross-entropy, in nats.

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        classes = np.asarray(self.y)
        scores = self._logits(logits, classes)
        scores = scores - scores.max(axis=-1, keepdims=True)
        right = scores[..., np.arange(len(classes)), classes]
        return plain((np.log(np.exp(scores).sum(axis=-1)) - right).mean(axis=-1))

    def accuracy(self, logits: ArrayLike) -> float | np.ndarray:
        """Compute the share of the questions whose class has the largest logit, for one model or for many.

        Parameters
        ----------
        logits : array of shape (..., questions, classes)
            Scores of the classes for all rows of `X_test`.

        Returns
        -------
        float or array of shape (...)
            Share of the test rows that are labeled rightly, from 0 to 1.

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        classes = np.asarray(self.y_test)
        return plain((self._logits(logits, classes).argmax(axis=-1) == classes).mean(axis=-1))

    def __call__(self, W: ArrayLike) -> float:
        """Compute the mean cross-entropy of a linear classifier.

        Parameters
        ----------
        W : array of shape (classes, features + 1)
            Weights of the classifier; the last column holds the biases.

        Returns
        -------
        float
            Mean cross-entropy, in nats.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        return float(self.loss(self.inputs @ _weight(W, self.shape).T))

    def gradient(self, W: ArrayLike) -> np.ndarray:
        """Compute the gradient of the mean cross-entropy of a linear classifier.

        Parameters
        ----------
        W : array of shape (classes, features + 1)
            Weights of the classifier; the last column holds the biases.

        Returns
        -------
        array of shape (classes, features + 1)
            Gradient, in nats per unit of weight.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        rows = self.inputs
        scores = rows @ _weight(W, self.shape).T
        excess = np.exp(scores - scores.max(axis=1, keepdims=True))
        excess /= excess.sum(axis=1, keepdims=True)
        excess[np.arange(len(rows)), self.y] -= 1
        return np.asarray(excess.T @ rows / len(rows))

    def _logits(self, logits: Any, classes: np.ndarray) -> np.ndarray:
        found = np.asarray(to_numpy(logits))
        if found.shape[-2:] != (len(classes), self.n_classes):
            raise must("logits", f"of shape (..., {len(classes)}, {self.n_classes})", found.shape)
        return found


def _with_ones(X: np.ndarray) -> np.ndarray:
    return np.hstack([X, np.ones((len(X), 1), X.dtype)])


def _weight(W: Any, shape: tuple[int, int]) -> np.ndarray:
    found = np.asarray(to_numpy(W))
    if found.dtype.kind not in "biufO":
        raise must("W", "an array of real numbers", W, TypeError)
    if found.shape != shape:
        raise must("W", f"of shape {shape}", found.shape)
    return found


def _matrix(name: str, value: Any) -> np.ndarray:
    found = array(name, to_numpy(value), shape=(None, None))
    if not found.size:
        raise must(name, "a matrix with at least one entry", found.shape)
    return found if found.dtype.kind == "f" else found.astype(np.float64)


def _derivatives(name: str, value: Any, shape: Any, order: int) -> np.ndarray:
    """Derivatives of an order, symmetric; exact where they are given so."""
    wanted = (None, None) if shape is None else shape * order
    found = array(name, to_numpy(value), shape=wanted)
    if not found.size:
        raise must(name, "an array with at least one entry", found.shape)
    if found.dtype.kind == "O":
        found = np.vectorize(lambda x: exact(x) if isinstance(x, (int, np.integer)) else Fraction(x), [object])(found)
    turns = [found.transpose([2 * i + j for i in turn for j in (0, 1)]) for turn in permutations(range(order))]
    if all(np.array_equal(turn, found) for turn in turns):
        return found
    return np.asarray(sum(turns[1:], turns[0]) / (Fraction(len(turns)) if found.dtype.kind == "O" else len(turns)))
