r"""A weight of lower rank: nearest to the weight itself, or to what it does to the inputs of its layer.

With inputs X as columns, the best weight of rank r for \|(W - W') X\| is (W H)_r H^+ with H H^T = X X^T. Where the
inputs of the compressed network are others, X', and the outputs Y of the original one are wanted, it is (Y P)_r X'^+,
with the projector P onto the row space of X'.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.low_rank import core, rounding_of, tail
from lrtheory._kernels.units import unit_of
from lrtheory._result import Certificate, result
from lrtheory._result.low_rank import LowRankFactors, certified, relative
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import at_most_one, floats, must
from lrtheory.matrix_compression.adapters.squeeze import dense_core
from lrtheory.matrix_compression.sizes import one_of, rank_for, rank_of_one

__all__ = ["LayerCertificate", "truncate"]

WHITENED, DISTILLED = "matrix_compression/PE-1", "matrix_compression/PE-2"
#: the power of two up to which sums of products of entries are in the range of doubles
LARGEST = 1000


class _Metric(NamedTuple):
    """The matrix whose best approximation is wanted, and the map that takes its rows to those of the weight.

    ``unit`` is a power of two by which the inputs were divided, and ``outside`` the norm that no weight reaches.
    """

    target: np.ndarray
    back: np.ndarray
    unit: int
    outside: float
    rounding: float


@result
class LayerCertificate(Certificate):
    r"""Bounds on the error at the output of a layer, in the Frobenius norm over all inputs.

    Attributes
    ----------
    achieved : float
        This weight errs no more.
    bound : float
        No weight of this rank errs less.
    B : array of shape (d_out, rank)
        The left factor.
    A : array of shape (rank, d_in)
        The right factor.
    metric : {"inputs", "covariance"}
        Kind of the second part of the problem.
    """

    achieved: float
    bound: float
    gap: float
    B: Array
    A: Array
    metric: Literal["inputs", "covariance"]

    _statements = (WHITENED, DISTILLED)

    def _facts(self) -> list[str]:
        least = f"nothing of rank {self.A.shape[0]} by less than {self.bound:.6g} ({self.statement})"
        return [f"off by at most {self.achieved:.6g} at the output, and {least}"]

    def verify(self, problem: tuple[ArrayLike, ...]) -> bool:
        """Recompute both sides from the weight and the inputs.

        Parameters
        ----------
        problem : pair (W, inputs) or (W, covariance), or triple (W, inputs, targets)
            The weight that was truncated, and what `truncate` had beside it.

        Returns
        -------
        bool
            Whether the weight errs as stated, and no other of its rank can err less than the bound, up to rounding.

        Raises
        ------
        TypeError
            If that is neither a pair nor a triple.
        """
        if not isinstance(problem, (tuple, list)) or len(problem) not in (2, 3):
            raise must("problem", "a pair (W, inputs), or a triple (W, inputs, targets)", problem, TypeError)
        W, second, targets = (*problem, None)[:3]
        if self.metric not in ("inputs", "covariance") or (targets is not None and self.metric == "covariance"):
            return False
        if not self._is_sound():
            return False
        beside = {self.metric: second}
        given = _read(W, beside.get("inputs"), beside.get("covariance"), targets)
        B, A = np.asarray(self.B, np.float64), np.asarray(self.A, np.float64)
        if B.ndim != 2 or A.ndim != 2 or B.shape[0] != given.W.shape[0] or A.shape[1] != given.W.shape[1]:
            return False
        if self.statement != (WHITENED if targets is None else DISTILLED) or B.shape[1] != A.shape[0]:
            return False
        found = _metric(given)
        values = np.linalg.svd(found.target, compute_uv=False)
        error = math.ldexp(_error(given, found.unit, B, A), found.unit)
        least = math.ldexp(math.hypot(found.outside, tail(values, len(A))), found.unit)
        slack = 4 * math.ldexp(found.rounding, found.unit)
        return bool(error <= self.achieved + slack and self.bound <= min(self.achieved, least + slack))


class _Given(NamedTuple):
    """The arguments in double precision, inputs divided by 2^unit and with a row for each sample.

    A covariance stands for the rows of its root. ``left``, ``values`` and ``right`` are the singular values of the
    inputs with vectors as columns, and ``loss`` is the factor by which they are less exact than those of samples.
    """

    W: np.ndarray
    samples: np.ndarray
    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    unit: int
    loss: float
    targets: np.ndarray | None


def _read(W: Any, inputs: Any, covariance: Any, targets: Any) -> _Given:
    weight = _weight(W).astype(np.float64)
    d_out, d_in = weight.shape
    at_most_one(inputs=inputs, covariance=covariance)
    if inputs is None and (targets is not None or covariance is None):
        beside = ", or `covariance`" if targets is None else " beside `targets`, the inputs of the compressed network"
        raise must("inputs", f"given{beside}", None)
    if covariance is not None:
        C = floats("covariance", covariance, shape=(d_in, d_in)).astype(np.float64)
        if not np.allclose(C, C.T, rtol=1e-8, atol=1e-10 * float(np.abs(C).max(initial=0.0))):
            raise must("covariance", "symmetric", C)
        unit = (unit_of(C) + 1) // 2
        values, right = _root(np.ldexp(C, -2 * unit))
        loss = float(values.max() / values.min()) if len(values) else 1.0
        return _Given(weight, (right * values).T, np.zeros((0, len(values))), values, right, unit, loss, None)
    X = floats("inputs", inputs, shape=(None, d_in)).astype(np.float64)
    if len(X) == 0:
        raise must("inputs", "at least one sample", (0, d_in))
    Y = None if targets is None else floats("targets", targets, shape=(len(X), d_out)).astype(np.float64)
    unit = unit_of(X)
    samples = np.ldexp(X, -unit)
    return _Given(weight, samples, *_thin(samples), unit, 1.0, Y)


def _weight(W: Any) -> np.ndarray:
    found = floats("W", W, shape=(None, None))
    if 0 in found.shape:
        raise must("W", "a matrix with entries", found.shape)
    return found


def _metric(given: _Given) -> _Metric:
    """H and the matrix to approximate, in units in which no square over- or underflows."""
    W, Y, values, right = given.W, given.targets, given.values, given.right
    if Y is not None:
        unit = unit_of(Y)
        scaled = np.ldexp(Y, -unit)
        target = scaled.T @ given.left
        outside = float(np.linalg.norm(scaled - given.left @ target.T))
        back = np.ldexp((right / values).T, unit - given.unit).T
        return _Metric(target, back, unit, outside, rounding_of(float(np.linalg.norm(scaled)), len(scaled)))
    mine = unit_of(W)
    scaled = np.ldexp(W, -mine)
    load = float(np.linalg.norm(scaled)) * float(values.max(initial=0.0))
    rounding = rounding_of(load, W.shape[1]) * given.loss
    target = scaled @ (right * values)
    return _Metric(target, np.ldexp(right / values, mine), mine + given.unit, 0.0, rounding)


def _thin(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The singular values of the samples that are not rounding, with vectors as columns."""
    if len(X) > 2 * X.shape[1]:
        Q, R = np.linalg.qr(X)
        U, values, Vt = np.linalg.svd(R, full_matrices=False)
        U = Q @ U
    else:
        U, values, Vt = np.linalg.svd(X, full_matrices=False)
    kept = values > max(X.shape) * 2.0**-52 * values.max(initial=0.0)
    return U[:, kept], values[kept], Vt[kept].T


def _root(C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Roots of the eigenvalues of a covariance that are not rounding, and their vectors as columns."""
    values, vectors = np.linalg.eigh((C + C.T) / 2)
    floor = len(C) * 2.0**-52 * float(np.abs(values).max(initial=0.0))
    if values.min(initial=0.0) < -1e6 * floor:
        raise must("covariance", "positive semidefinite", float(values.min()))
    kept = values > floor
    return np.sqrt(values[kept]), vectors[:, kept]


def _error(given: _Given, unit: int, B: np.ndarray, A: np.ndarray) -> float:
    """The error at the output, divided by 2^unit, without a difference of squares."""
    if given.targets is not None:
        made = (np.ldexp(given.samples, given.unit) @ A.T) @ B.T
        return float(np.linalg.norm(np.ldexp(given.targets - made, -unit)))
    off = given.W - B @ A
    return float(np.linalg.norm(np.ldexp(given.samples @ off.T, given.unit - unit)))


@arrays("host")
def truncate(
    W: ArrayLike,
    rank: int | None = None,
    *,
    epsilon: float | None = None,
    inputs: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
    targets: ArrayLike | None = None,
) -> LowRankFactors:
    r"""Write a weight as a product of two thin factors: the nearest, or the one that does most nearly the same.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W : array of shape (d_out, d_in)
        The weight.
    rank : int or None
        Rank of the factors, from 0 to min(d_out, d_in).
    epsilon : float or None
        In place of a rank: the relative error that they may have, in the norm that is minimized.
    inputs : array of shape (n, d_in), or None
        Inputs of the layer, a row for each sample: the error at the output is minimized (statement PE-1). With
        `targets` they are those of the compressed network.
    covariance : array of shape (d_in, d_in), or None
        In place of inputs the sum of x x^T over them, which can be added up over batches; it may be singular.
    targets : array of shape (n, d_out), or None
        Outputs that the layer had in the original network for the same samples: the factors map `inputs` as near to
        them as their rank allows (statement PE-2).

    Returns
    -------
    LowRankFactors
        Balanced, with scale 1. Singular values, error and certificate are those of the matrix that is approximated: W,
        W H with H H^T the covariance, or the targets as far as the inputs reach them. The error is that of matrices,
        and not of the task.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, the covariance is not symmetric and positive semidefinite, not
        exactly one of rank and epsilon is given, or options are combined that exclude each other.

    References
    ----------
    .. [1] Y. Guo, G. Wang, M. Kankanhalli, PELA: Learning Parameter-Efficient Models with Low-Rank Approximation, arXiv
       2310.10700, 2023, which truncates without a metric and then distils.

    Examples
    --------
    A direction that no input has costs nothing:

    >>> W = [[3.0, 0.0], [0.0, 1.0]]
    >>> truncate(W, 1).error > 0.3, truncate(W, 1, inputs=[[0.0, 2.0]]).error
    (True, 0.0)
    """
    one_of(rank=rank, epsilon=epsilon)
    weight = _weight(W)
    rank_of_one(rank, *weight.shape)
    if inputs is None and covariance is None and targets is None:
        return _plain(weight, rank, epsilon)
    given = _read(W, inputs, covariance, targets)
    kind = np.result_type(weight, np.float32)
    found = _metric(given)
    if found.unit > LARGEST:
        raise must("W, inputs", "numbers whose products are in the range of doubles", float(np.abs(given.W).max()))
    U, values, Vt = np.linalg.svd(found.target, full_matrices=False)
    errors = np.append(values, found.outside)  # what no weight reaches is lost at every rank
    kept = min(rank_for(errors, rank, epsilon), len(values))
    made = core(U[:, :kept] * values[:kept], Vt[:kept] @ found.back.T)
    B, A = made.factors(min(kept, len(made.values)))
    B, A = B.astype(kind), A.astype(kind)
    # the error is measured and not inferred, so that what rounding does to the factors is in it
    least = tail(errors, kept)
    most = max(_error(given, found.unit, B.astype(np.float64), A.astype(np.float64)), least) + found.rounding
    least, most = math.ldexp(max(0.0, least - found.rounding), found.unit), math.ldexp(most, found.unit)
    statement = WHITENED if targets is None else DISTILLED
    metric = "inputs" if covariance is None else "covariance"
    proof = LayerCertificate._of(most, least, statement, B, A, metric)
    method = "whitened" if targets is None else "distilled"
    reason = "the metric of the inputs" if targets is None else "other inputs, and the outputs of the original"
    return LowRankFactors(B, A, 1.0, np.ldexp(values, found.unit), relative(errors, kept), method, reason, proof)


def _plain(W: np.ndarray, rank: int | None, epsilon: float | None) -> LowRankFactors:
    doubles = W.astype(np.float64)
    unit = unit_of(doubles)
    scaled = np.ldexp(doubles, -unit)
    rounding = rounding_of(float(np.linalg.norm(scaled)), min(W.shape), unit)
    found = dense_core(scaled, unit, rounding, "no inputs are given")
    if not math.isfinite(tail(found.values, 0)):
        raise must("W", "a matrix whose norm is in the range of doubles", float(np.abs(doubles).max()))
    kept = rank_for(found.values, rank, epsilon)
    B, A = (factor.astype(np.result_type(W, np.float32)) for factor in found.factors(kept))
    return certified(found, kept, (B, A), 1.0)
