"""The spaces that frozen arrays span, and the task within them: no update reaches what is outside."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import LARGE, significant
from lrtheory.low_rank_adapters.reach.hulls import narrowed_hull
from lrtheory.low_rank_adapters.reach.networks import narrowed_network
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm, outside_of

__all__ = ["Bases", "Rows", "bases_of", "lengths_of", "narrowed", "narrowed_bases", "rows_of", "unit_columns"]

DOUBLE = float(np.finfo(float).eps)
#: the quotient of eigenvalues up to which a Gram matrix loses nothing that counts
EVEN = 1e4


class Rows(NamedTuple):
    """Orthonormal rows that span those of a matrix A = coordinates @ basis, with the nonzero singular values of A."""

    basis: np.ndarray
    coordinates: np.ndarray | None  # None is the identity
    values: np.ndarray
    full: bool

    def extremes(self) -> tuple[float, float]:
        """By how much multiplication by A from the right stretches a row, at least and at most."""
        if not len(self.values):
            return 0.0, 0.0
        return float(self.values[-1]) if self.full else 0.0, float(self.values[0])

    def first(self, count: int) -> Rows:
        """The first of rows that are their own basis."""
        values = np.ones(count)
        values[0], values[-1] = self.values[0], self.values[-1]
        return Rows(self.basis[:count], None, values, self.full)

    def inverse(self) -> np.ndarray:
        """The pseudo-inverse of A."""
        if self.coordinates is None:
            return self.basis.T
        return self.basis.T @ (self.coordinates / self.values**2).T

    def coefficients(self, inside: np.ndarray) -> np.ndarray:
        """The product of T with the pseudo-inverse of A, from that with the transpose of the basis."""
        return inside if self.coordinates is None else inside @ (self.coordinates / self.values**2).T

    def outside(self, T: np.ndarray, inside: np.ndarray) -> float:
        """The norm of what T has outside of this space, beside its product with the transpose of the basis."""
        if len(self.basis) == self.basis.shape[1]:
            return 0.0
        return outside_of(T, inside, lambda: inside @ self.basis)


def rows_of(A: np.ndarray, eps: float = DOUBLE) -> Rows:
    """The space of the rows of A, whose rank is the number of singular values above max(m, n) eps times the largest."""
    if LARGE <= len(A) <= A.shape[1]:
        gram = A @ A.T
        plain = _own_basis(A, gram)
        if plain is not None:
            return plain
        values, U = np.linalg.eigh(gram)
        if 0 < values[-1] <= values[0] * EVEN:  # so that the basis is orthonormal up to rounding
            S, U = np.sqrt(values[::-1]), U[:, ::-1]
            return Rows((U.T @ A) / S[:, None], U * S, S, True)
    U, S, Vt = np.linalg.svd(A, full_matrices=False)
    kept = significant(S, A.shape, eps)
    return Rows(Vt[:kept], U[:, :kept] * S[:kept], S[:kept], kept == len(A))


def _own_basis(A: np.ndarray, gram: np.ndarray) -> Rows | None:
    """Rows that are so orthonormal that they are their own basis; None for others."""
    diagonal = gram.diagonal().copy()
    np.fill_diagonal(gram, diagonal - 1)
    off = norm(gram)
    np.fill_diagonal(gram, diagonal)
    if off > max(A.shape) * DOUBLE:
        return None
    values = np.ones(len(A))
    values[0], values[-1] = 1 + off, 1 - off
    return Rows(A, None, values, True)


def narrowed(task: NormalizedProblem) -> NormalizedProblem:
    """Return the task within the spaces of frozen factors, outside of which no update reaches; most kinds stay.

    With A = C Q and orthonormal rows Q the loss ||T - M A||^2 is ||T - T Q^T Q||^2 + ||T Q^T - M C||^2. Small tasks
    stay, and so do VeRA with a factor without full rank and RandLoRA with columns that are not orthogonal.
    """
    if task.adapter.kind == "tera":
        return narrowed_network(task)
    if task.K is not None or task.stretch is not None or min(task.T.shape) < LARGE:
        return task
    if task.adapter.kind == "queryable":
        return narrowed_hull(task)
    if task.adapter.kind == "randlora":
        return narrowed_bases(task, bases_of(unit_columns(task)[0], _upright(task)))
    if task.adapter.kind != "vera":
        return task
    norms = lengths_of(task.frozen("A"), 1)
    rows = rows_of(task.frozen("A") / norms[:, None])
    if not rows.full:
        return task
    T, frozen, stretch = task.T @ rows.basis.T, dict(task.adapter.frozen), None
    if rows.coordinates is None:
        frozen |= {"A": np.eye(len(norms)), "B": task.frozen("B") * norms}
        stretch = rows.extremes()
    else:
        frozen["A"] = norms[:, None] * rows.coordinates
    fresh = task._replace(adapter=replace(task.adapter, shape=T.shape, frozen=frozen)).for_target(T)
    return fresh._replace(outside=rows.outside(task.T, T), stretch=stretch)


class Bases(NamedTuple):
    """The orthonormal columns of all bases of a RandLoRA, as rows, and the target in their coordinates."""

    columns: Rows
    inside: np.ndarray


def bases_of(columns: np.ndarray, T: np.ndarray) -> Bases | None:
    """The coordinates of a target in columns of length 1; None where it is small or they are not orthonormal."""
    if min(T.shape) < LARGE or columns.shape[0] < columns.shape[1]:
        return None
    rows = _own_basis(columns.T, columns.T @ columns)
    return None if rows is None else Bases(rows, rows.basis @ T)


def narrowed_bases(task: NormalizedProblem, known: Bases | None) -> NormalizedProblem:
    """A RandLoRA in the coordinates of its columns, in which its bases side by side are a diagonal matrix.

    What is known may be of more columns, of which these are the first.
    """
    if known is None:
        return task
    N, _, r = task.frozen("bases").shape
    norms = lengths_of(_side_by_side(task), 0)
    columns, inside = known.columns.first(N * r), known.inside[: N * r]
    bases = np.diag(norms).reshape(N * r, N, r).transpose(1, 0, 2)
    frozen = dict(task.adapter.frozen) | {"bases": bases}
    adapter = replace(task.adapter, shape=inside.shape, frozen=frozen, transposed=False)  # type: ignore[call-arg]
    outside = math.hypot(task.outside, columns.outside(_upright(task).T, inside.T))
    return task._replace(adapter=adapter).for_target(inside)._replace(outside=outside, stretch=columns.extremes())


def _upright(task: NormalizedProblem) -> np.ndarray:
    """The target of a RandLoRA as its bases have it, with the larger side first."""
    return task.T.T if task.adapter.transposed else task.T  # type: ignore[attr-defined]


def _side_by_side(task: NormalizedProblem) -> np.ndarray:
    bases = np.moveaxis(task.frozen("bases"), 0, 1)
    return bases.reshape(len(bases), -1)


def unit_columns(task: NormalizedProblem) -> tuple[np.ndarray, np.ndarray]:
    """The bases of a RandLoRA side by side, with columns of length 1, and the lengths that these had."""
    side_by_side = _side_by_side(task)
    norms = lengths_of(side_by_side, 0)
    return side_by_side / norms, norms


def lengths_of(matrix: np.ndarray, axis: int) -> np.ndarray:
    """The norms along an axis, 1 in place of 0."""
    found = np.sqrt(np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", matrix, matrix))
    return np.where(found > 0, found, 1.0)
