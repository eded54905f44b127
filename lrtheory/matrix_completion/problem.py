r"""Completion problems: observations and, where it is known, the matrix of rank k from which they were taken.

.. math:: M = U \, \mathrm{diag}(s) \, V^\top, \qquad U^\top U = V^\top V = I_k .
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, TypeAlias

import numpy as np

from lrtheory._array import sparse
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Rng, SparseArray
from lrtheory._validation import array, as_array, choice, generator, integer, must
from lrtheory.matrix_completion.entries.observations import Observations
from lrtheory.matrix_completion.entries.reading import NoRatingsError, is_named_frame, is_path

__all__ = ["CompletionProblem", "LowRank", "Observations", "split_mask"]


@dataclass(frozen=True, eq=False, slots=True)
class LowRank:
    """A matrix of low rank, given by its thin singular value decomposition.

    Parameters
    ----------
    U : array of shape (m, k)
        Left singular vectors.
    singular_values : array of shape (k,)
        Not negative, decreasing.
    V : array of shape (n, k)
        Right singular vectors.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a singular value is negative.

    Examples
    --------
    >>> M = LowRank(np.eye(2)[:, :1], np.array([3.0]), np.eye(2)[:, 1:])
    >>> M.dense().tolist()
    [[0.0, 3.0], [0.0, 0.0]]
    """

    U: np.ndarray
    singular_values: np.ndarray
    V: np.ndarray

    def __post_init__(self) -> None:
        k = np.shape(self.singular_values)
        U, V = array("U", self.U, shape=(None, *k)), array("V", self.V, shape=(None, *k))
        s = array("singular_values", self.singular_values, low=0)
        for name, value in (("U", U), ("singular_values", s), ("V", V)):
            object.__setattr__(self, name, read_only(value))

    @property
    def rank(self) -> int:
        """Number of singular values."""
        return len(self.singular_values)

    @property
    def condition(self) -> float:
        """The largest singular value over the smallest one."""
        s = self.singular_values
        return float(s[0] / s[-1]) if s[-1] > 0 else float("inf")

    def dense(self) -> np.ndarray:
        """Multiply the factors to the whole matrix, which has m n entries.

        Returns
        -------
        array of shape (m, n)
            U diag(s) V^T.
        """
        return (self.U * self.singular_values) @ self.V.T


@dataclass(frozen=True, eq=False, slots=True)
class CompletionProblem:
    """Observations, and the matrix that they were taken from where it is known.

    Parameters
    ----------
    observations : Observations
        Observations from which a solver may learn.
    truth : LowRank or None
        The matrix without noise.
    noise : float
        Standard deviation of the noise on each observation.

    Examples
    --------
    >>> CompletionProblem(Observations([0], [0], [1.0], (1, 1))).truth is None
    True
    """

    observations: Observations
    truth: LowRank | None = None
    noise: float = 0.0


#: what solvers take: stored zeros of a sparse array are observations, NaN and what a masked array hides are not; a file
#: or a frame is read as `Observations.from_file` and `Observations.from_frame` do it
Data: TypeAlias = (
    Observations
    | CompletionProblem
    | SparseArray
    | ArrayLike
    | tuple[ArrayLike, ArrayLike]
    | Mapping[str, Sequence[Any]]
    | PathLike[str]
    | str
)


def as_observations(data: Data, name: str = "data") -> Observations:
    """Convert the data that a solver was given to observations.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Stored zeros of a sparse array are observations, and what a masked array hides is not. Also a path, or a data
        frame whose rows or columns have names.
    name : str
        Name of the argument, for the error message.

    Returns
    -------
    Observations
        Observations, at least one.

    Raises
    ------
    ValueError
        If nothing is observed, or the data are none of these.

    Examples
    --------
    >>> as_observations([[1.0, float("nan")], [2.0, 3.0]])
    Observations(3 of 2 x 2 entries, float64)
    """
    given: Any = data
    if isinstance(given, Observations):
        seen = given
    elif isinstance(given, CompletionProblem):
        seen = given.observations
    elif is_path(given):
        seen = Observations.from_file(given)
    elif is_named_frame(given):
        seen = _of_frame(name, given)
    elif sparse.issparse(given):
        seen = Observations.from_sparse(given)
    elif isinstance(given, tuple) and len(given) == 2:
        seen = Observations.from_dense(*given)
    else:
        table = given if np.ma.isMaskedArray(given) else as_array(name, given)
        if table.ndim != 2:
            raise must(name, "of shape (m, n)", table.shape)
        seen = Observations.from_dense(table)
    if seen.n_observed == 0:
        raise must(name, "at least one observation", seen)
    return seen


def _of_frame(name: str, frame: Any) -> Observations:
    """The ratings in a frame; a frame of numbers that is none of ratings is a matrix."""
    try:
        return Observations.from_frame(frame)
    except NoRatingsError:
        table = None if isinstance(frame, Mapping) else as_array(name, frame)
        if table is None or table.dtype.kind not in "biuf":
            raise
        return Observations.from_dense(table)


def split_mask(
    data: Data,
    parts: int,
    *,
    method: Literal["independent", "disjoint"] = "independent",
    rng: Rng = None,
) -> list[Observations]:
    r"""Split one sample into fresh samples for the steps of an algorithm.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries of a matrix, of which each was seen with probability p, estimated by the density.
    parts : int
        Number of samples, at least 1.
    method : {"independent", "disjoint"}
        "independent" makes samples that are exactly independent, with probability q each, 1 - (1 - q)^parts = p; an
        observation may lie in several. "disjoint" puts each observation into one part, uniformly.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    list of Observations
        One for each part.

    Raises
    ------
    ValueError
        If `parts` is below 1, or the data are none of these.

    Notes
    -----
    Given that an entry is seen, the set of its parts is a Bernoulli(q) subset conditioned on being non-empty. Part by
    part: an entry that lies in none of the earlier parts, with t parts to go, enters with probability
    q / (1 - (1 - q)^t); one that lies in some enters with probability q.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> data = make_low_rank((30, 20), 2, density=0.5, rng=0).observations
    >>> sum(part.n_observed for part in split_mask(data, 3, method="disjoint", rng=0)) == data.n_observed
    True
    """
    parts, rng = integer("parts", parts, low=1), generator(rng)
    choice("method", method, ("independent", "disjoint"))
    data = data if isinstance(data, Observations) else as_observations(data)
    if method == "disjoint":
        part = rng.integers(parts, size=data.n_observed)
        return [data.subset(part == i) for i in range(parts)]
    # 1 - q = (1 - p)^(1 / parts), so that all parts together see an entry with probability p; expm1 and log1p keep the
    # digits of a small p. `first` is the probability of the Notes for an entry that no part has yet.
    q = -np.expm1(np.log1p(-data.density) / parts) if data.density < 1 else 1.0
    drawn, found = np.zeros(data.n_observed, dtype=bool), []  # whether an entry lies in some part already
    for left in range(parts, 0, -1):
        first = q / -np.expm1(left * np.log1p(-q)) if q < 1 else 1.0
        enters = rng.random(data.n_observed) < np.where(drawn, q, first)
        drawn |= enters
        found.append(data.subset(enters))
    return found
