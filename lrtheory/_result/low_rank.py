"""Factors of low rank and what is proved of their error, for all systems that write a matrix as s B A."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import array_namespace, beside_jax, to_numpy
from lrtheory._kernels.low_rank import Core, cast_error, core, difference, tail
from lrtheory._result.certificates import Certificate
from lrtheory._result.display import curves
from lrtheory._result.results import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import must

__all__ = ["FactorsCertificate", "LowRankFactors", "certified", "relative"]

#: what is proved of factors: no others of their rank are nearer
STATEMENT = "matrix_compression/SQ-1e"


@result
class FactorsCertificate(Certificate):
    """Bounds on the Frobenius distance of factors from the matrix that they stand for, in its units.

    Attributes
    ----------
    achieved : float
        Upper bound on the distance of these factors from the matrix; their rounding to their precision is counted in.
    bound : float
        No factors of this rank are nearer to the matrix.
    B : array of shape (d_out, rank)
        The left factor.
    A : array of shape (rank, d_in)
        The right factor.
    scale : float
        The factor in front of B A.
    """

    achieved: float
    bound: float
    gap: float
    B: Array
    A: Array
    scale: float

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        least = f"nothing of rank {self.A.shape[0]} by less than {self.bound:.6g} ({self.statement})"
        return [f"off by at most {self.achieved:.6g}, and {least}"]

    @beside_jax
    def verify(self, problem: ArrayLike | tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, float]) -> bool:
        """Recompute everything from the matrix alone, by QR of all factors.

        Parameters
        ----------
        problem : array of shape (d_out, d_in), or pair (B, A), or triple (B, A, scale)
            Matrix that the factors stand for, or the pair or triple of its own factors, whose scale is 1 where it is
            left out.

        Returns
        -------
        bool
            Whether the factors are within `achieved` of it, and the best of their rank is not within less than `bound`,
            up to the rounding of a product in doubles.

        Raises
        ------
        TypeError
            If that is neither a matrix nor factors.
        """
        source = _factors_of(problem)
        own = (np.asarray(to_numpy(self.B)), np.asarray(to_numpy(self.A)), float(self.scale))
        if not _fit(source, own) or not self._is_sound():
            return False
        spectrum = core(source[0] * source[2], source[1], "qr")
        error, rounding = difference(source, own)
        rounding += spectrum.rounding
        least = tail(spectrum.values, len(own[1]))
        return bool(error <= self.achieved + rounding and 0 <= self.bound <= min(self.achieved, least + rounding))


def _factors_of(problem: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """A matrix, or factors, as factors in double precision."""
    if isinstance(problem, (tuple, list)) and len(problem) in (2, 3):
        B, A = (np.asarray(to_numpy(factor), np.float64) for factor in problem[:2])
        return B, A, float(problem[2]) if len(problem) == 3 else 1.0
    W = np.asarray(to_numpy(problem))
    if W.ndim != 2 or W.dtype.kind not in "fiu":
        raise must("problem", "a matrix, a pair (B, A) or a triple (B, A, scale)", problem, TypeError)
    W = W.astype(np.float64)
    return (np.eye(len(W)), W, 1.0) if len(W) <= W.shape[1] else (W, np.eye(W.shape[1]), 1.0)


def _fit(source: tuple[np.ndarray, np.ndarray, float], own: tuple[np.ndarray, np.ndarray, float]) -> bool:
    """Whether factors have the shape of the source, and all numbers are finite."""
    (B, A, _), (C, D, scale) = source, own
    shapes = (
        C.ndim == D.ndim == 2 and C.shape[0] == B.shape[0] and D.shape[1] == A.shape[1] and C.shape[1] == D.shape[0]
    )
    return bool(shapes and np.isfinite(scale) and all(np.isfinite(x).all() for x in (B, A, C, D)))


@result
class LowRankFactors(Result):
    """A matrix as scale B A, and what is known of the matrix that it stands for.

    Attributes
    ----------
    B : array of shape (d_out, rank)
        The left factor.
    A : array of shape (rank, d_in)
        The right factor.
    scale : float
        The factor in front of B A.
    singular_values : array of shape (n,)
        Singular values of the matrix that the factors stand for, all of them and decreasing, in double precision.
    error : float
        The Frobenius norm of what the factors lack, as a share of the norm of the matrix; 0 for the matrix 0.
    method : str
        Method that found the factors.
    reason : str
        Reason for the method.
    certificate : certificate
        Bounds on the error, which can be verified.
    """

    B: Array
    A: Array
    scale: float
    singular_values: Array
    error: float
    method: str
    reason: str
    certificate: Certificate

    _is_more = True

    @property
    def rank(self) -> int:
        """The number of columns of B."""
        return int(self.B.shape[1])

    def dense(self) -> Array:
        """Form the matrix.

        Returns
        -------
        array of shape (d_out, d_in)
            scale B A.
        """
        return self.scale * (self.B @ self.A)

    def errors(self) -> np.ndarray:
        """The relative error of the best factors of every rank.

        Returns
        -------
        float64 array of shape (n + 1,)
            Relative error for each rank from 0 on.
        """
        values = np.asarray(to_numpy(self.singular_values))
        return np.array([relative(values, rank) for rank in range(len(values) + 1)])

    def _columns(self) -> dict[str, Any]:
        values = np.asarray(to_numpy(self.singular_values))
        errors = self.errors()
        ranks = list(range(1, len(values) + 1))
        return {"rank": ranks, "singular_value": values, "error": errors[1:], "kept": [r <= self.rank for r in ranks]}

    def _facts(self) -> list[str]:
        return [f"rank {self.rank} leaves {self.error:.2%} of the norm", *self.certificate._facts()]

    def _draw(self, ax: Any) -> None:
        errors = self.errors()
        curves(ax, np.arange(len(errors)), {"best": errors}, xlabel="rank", ylabel="relative error")
        ax.plot([self.rank], [self.error], "o")


def relative(values: np.ndarray, rank: int) -> float:
    """The share of the norm that the best approximation of a rank leaves; 0 where there is no norm."""
    whole = tail(values, 0)
    return tail(values, rank) / whole if whole > 0 else 0.0


def certified(
    found: Core, rank: int, factors: tuple[Any, Any], scale: float, *, stretch: float = 1.0, balanced: bool = True
) -> LowRankFactors:
    """Rounded factors, with scale, of the leading part of `stretch` times a core, and their certificate."""
    B, A = factors
    values = found.values * abs(stretch)
    least, rounding = tail(values, rank), found.rounding * abs(stretch)
    kept = values[:rank] / abs(scale)
    norms = (float(np.sum(kept)) ** 0.5,) * 2 if balanced else (float(rank) ** 0.5, tail(kept, 0))
    sizes = B.shape[0] * B.shape[1], A.shape[0] * A.shape[1]
    cast = abs(scale) * cast_error(norms, sizes, str(np.finfo(to_numpy(B[:0, :]).dtype).dtype))
    ends = least + rounding + cast, max(0.0, least - rounding)
    proof = FactorsCertificate._of(*ends, STATEMENT, B, A, scale)
    shown = values if isinstance(B, np.ndarray) else array_namespace(B).asarray(values, device=B.device)
    return LowRankFactors(B, A, scale, shown, relative(values, rank), found.method, found.reason, proof)
