"""The best LoRA of a rank for the update of an adapter of any kind, with a certificate."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._kernels.low_rank import UNIT, cast_error, rank_within, tail
from lrtheory._kernels.units import unit_of
from lrtheory._validation import choice, exactly_one, integer, must, real
from lrtheory.low_rank_adapters.convert.certificate import STATEMENT, ConversionCertificate
from lrtheory.low_rank_adapters.convert.product import decomposed
from lrtheory.low_rank_adapters.fit import FitResult
from lrtheory.low_rank_adapters.kinds.base import Adapter, FactoredAdapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA

__all__ = ["to_lora"]

METHODS = ("auto", "core", "gram", "svd")
#: exponents of entries up to which the squares of products are far inside of the range of double precision
MODERATE = 100


class Cut(NamedTuple):
    """Factors of a truncated matrix, its norm, and bounds on the norm of what they leave: all factors, and these ones.

    ``filled`` counts the inner indices that are 0, and ``tied`` says that other factors are as near.
    """

    B: Any
    A: Any
    whole: float
    lower: float
    upper: float
    filled: int
    tied: bool
    method: str


@arrays("host")
def to_lora(
    adapter: Adapter,
    *,
    rank: int | None = None,
    keep_energy: float | None = None,
    rounding: float = 1e-3,
    method: str = "auto",
) -> FitResult:
    """Convert an adapter of any kind into the nearest LoRA of a rank (statements AD-3 and AD-6).

    Kinds that are products of thin factors are truncated through a core of the size of their inner rank, and their
    update is never formed. For the others the leading singular vectors come from the Gram matrix of the smaller side,
    in double precision, as long as that loses no more of the error than is allowed.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter of any kind.
    rank : int or None
        Rank of the LoRA, from 1 to min(d_out, d_in).
    keep_energy : float or None
        In place of a rank: the share of the squared norm, in (0, 1], that the LoRA keeps; the smallest such rank is
        taken.
    rounding : float
        The share of the squared error that rounding may add where method "auto" takes the Gram matrix, at least 0.
    method : {"auto", "core", "gram", "svd"}
        Through the factors, the Gram matrix, or a full singular value decomposition.

    Returns
    -------
    FitResult
        LoRA of scale 1 and balanced factors, in the library and the precision of the adapter. The loss is the squared
        distance between both updates, rounding included.

    Raises
    ------
    TypeError
        If the first argument is not an adapter.
    ValueError
        If not exactly one of rank and keep_energy is given, one is out of range, method "core" is asked for an adapter
        without factors, or the update overflows.

    Examples
    --------
    >>> from lrtheory.low_rank_adapters.kinds.lora import full
    >>> found = to_lora(full([[3.0, 0.0], [0.0, 4.0]]), rank=1)
    >>> found.adapter.dense().round(12).tolist(), round(found.loss, 12), round(found.captured, 12)
    ([[0.0, 0.0], [0.0, 4.0]], 9.0, 0.64)
    """
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an adapter, as `lora` or `make_adapter` makes it", adapter, TypeError)
    rank, epsilon = _wanted(adapter, rank, keep_energy)
    rounding, method = real("rounding", rounding, low=0.0), choice("method", method, METHODS)
    if method == "core" and not isinstance(adapter, FactoredAdapter):
        raise must("method", "one that needs no factors, as this adapter has none", method)
    if method in ("auto", "core") and isinstance(adapter, FactoredAdapter):
        B, A = adapter.factors()
        if method == "core" or B.shape[1] < min(adapter.shape):
            cut = _through_core(adapter, B, A, rank, epsilon)
            return _result(adapter, cut, f"{B.shape[1]} inner indices for sides of {adapter.shape}")
        D = np.asarray(to_numpy(B @ A))  # as `dense` forms it, which would make the factors again
        D = np.multiply(D, adapter.scale, out=D if D.flags.writeable else None)
    else:
        D = np.asarray(to_numpy(adapter.dense()))
    _within_range(D)
    if method != "svd":
        found = _through_gram(D, rank, epsilon, rounding if method == "auto" else math.inf)
        if found is not None:
            return _result(adapter, found, "the rounding of the Gram matrix is far below what is left")
    reason = "it was asked for" if method == "svd" else "what is left is near the rounding of the Gram matrix"
    return _result(adapter, _through_svd(D, rank, epsilon), reason)


def _wanted(adapter: Adapter, rank: Any, keep_energy: Any) -> tuple[int | None, float]:
    """A rank, or the share of the norm that may be lost."""
    exactly_one(rank=rank, keep_energy=keep_energy)
    if keep_energy is None:
        return integer("rank", rank, low=1, high=min(adapter.shape)), 0.0
    share = real("keep_energy", keep_energy, low=0.0, high=1.0)
    if share == 0:
        raise must("keep_energy", "in (0, 1]", keep_energy)
    return None, math.sqrt(1.0 - share)


def _chosen(values: np.ndarray, rank: int | None, epsilon: float, rounding: float = 2 * UNIT) -> int:
    """The rank that was asked for, or the smallest one that loses a share of the norm, or of its rounding."""
    return max(1, rank_within(values, max(epsilon, len(values) * rounding))) if rank is None else rank


def _through_core(adapter: FactoredAdapter, B: Any, A: Any, rank: int | None, epsilon: float) -> Cut:
    """The leading part of scale B A; a rank beyond the inner one is filled with zeros."""
    product, s = decomposed(B, A), adapter.scale
    values = product.values * abs(s)
    _within_range(values)
    rank = _chosen(values, rank, epsilon)
    kept, kind = min(rank, len(values)), str(B.dtype).rpartition(".")[2]
    left, right = (factor.astype(kind) for factor in product.balanced(kept, s))
    if kept < rank:
        left, right = np.pad(left, ((0, 0), (0, rank - kept))), np.pad(right, ((0, rank - kept), (0, 0)))
    # the update that the adapter forms in its own precision is not B A itself
    rounding, least = (product.rounding + product.formed(kind)) * abs(s), tail(values, rank)
    upper = least + rounding + _cast(values[:rank], left, right)
    return Cut(left, right, tail(values, 0), max(0.0, least - rounding), upper, *_edge(values, rank), "core")


def _through_gram(D: np.ndarray, rank: int | None, epsilon: float, tol: float) -> Cut | None:
    """The leading singular vectors of the smaller side, from D D^T; None where its rounding counts."""
    from scipy.linalg import eigh  # takes long to import

    unit, wide = max(unit_of(D), -1000), D.shape[0] <= D.shape[1]
    unit = unit if abs(unit) > MODERATE else 0
    M = (D if wide else D.T).astype(np.float64, copy=False)
    M = M * math.ldexp(1.0, -unit) if unit else M
    gram, side = M @ M.T, min(D.shape)
    if rank is None:
        rank = _chosen(np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)), None, epsilon, math.sqrt(UNIT))
    whole, last = float(np.trace(gram)), max(0, side - rank - 1)
    # the transpose is the same matrix, in the order that LAPACK takes without a copy
    squares, U = eigh(gram.T, subset_by_index=[last, side - 1], overwrite_a=True, check_finite=False)
    squares, U = np.maximum(squares[::-1], 0.0), np.ascontiguousarray(U[:, ::-1][:, :rank])
    right = U.T @ M
    least, most = (whole - float(np.sum(part)) for part in (squares[:rank], right**2))
    # the error of a sum of eigenvalues is below the root of their number times the norm of that of the matrix (Ky Fan)
    rounding = 4 * sum(D.shape) * math.sqrt(rank) * UNIT * whole
    if 2 * rounding > tol * least:
        return None
    values = np.sqrt(squares)
    roots = np.sqrt(values[:rank])
    B, A = _paired(U * roots, right / np.where(roots > 0, roots, 1.0)[:, None], unit, wide, D.dtype)
    ends = (math.sqrt(max(0.0, square)) for square in (whole, least - rounding, most + rounding))
    norm, lower, upper = (math.ldexp(end, unit) for end in ends)
    return Cut(B, A, norm, lower, upper + _cast(np.ldexp(values[:rank], unit), B, A), *_edge(values, rank), "gram")


def _through_svd(D: np.ndarray, rank: int | None, epsilon: float) -> Cut:
    """The full singular value decomposition, in double precision."""
    unit = unit_of(D)
    U, values, Vt = np.linalg.svd(np.ldexp(D.astype(np.float64), -unit), full_matrices=False)
    rank = _chosen(values, rank, epsilon)
    roots = np.sqrt(values[:rank])
    B, A = _paired(U[:, :rank] * roots, roots[:, None] * Vt[:rank], unit, True, D.dtype)
    whole, least = tail(values, 0), tail(values, rank)
    rounding = 4 * sum(D.shape) * UNIT * whole
    lower, upper = math.ldexp(max(0.0, least - rounding), unit), math.ldexp(least + rounding, unit)
    upper += _cast(np.ldexp(values[:rank], unit), B, A)
    return Cut(B, A, math.ldexp(whole, unit), lower, upper, *_edge(values, rank), "svd")


def _paired(left: np.ndarray, right: np.ndarray, unit: int, wide: bool, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both factors in their type, each with half of the unit; exchanged where the transpose was truncated."""
    half = math.ldexp(math.sqrt(2.0) if unit % 2 else 1.0, unit // 2)
    first, second = (left * half).astype(dtype), (right * half).astype(dtype)
    return (first, second) if wide else (second.T, first.T)


def _within_range(numbers: np.ndarray) -> None:
    if not np.isfinite(numbers).all():
        raise must("adapter", "one whose update is in the range of its precision", "an infinity")


def _edge(values: np.ndarray, rank: int) -> tuple[int, bool]:
    """Return the number of kept values that are 0, and whether the last kept value equals the first one left out."""
    if not values[0] > 0:
        return rank, False
    squares = (values / values[0]) ** 2
    limit = 8 * len(values) * 2 * UNIT
    tied = rank < len(values) and squares[rank] > limit and squares[rank - 1] - squares[rank] <= limit
    return rank - int(np.sum(squares[:rank] > limit**2)), bool(tied)


def _cast(values: np.ndarray, B: Any, A: Any) -> float:
    """A bound on the change of the product when balanced factors are rounded to their type."""
    sizes = B.shape[0] * B.shape[1], A.shape[0] * A.shape[1]
    return float(cast_error((math.sqrt(float(np.sum(values))),) * 2, sizes, str(B.dtype)))


def _result(adapter: Adapter, cut: Cut, reason: str) -> FitResult:
    """The adapter in the library of the given one, and what is proved of it."""
    own: Any = next(iter(adapter.params.values()))
    xp, device = array_namespace(own), own.device
    pair = {name: xp.asarray(factor, device=device) for name, factor in (("B", cut.B), ("A", cut.A))}
    made = LoRA(adapter.shape, pair)
    bound, loss = _square(cut.lower), _square(cut.upper)
    notes = []
    if cut.filled:
        notes.append(f"{cut.filled} of {cut.B.shape[1]} inner indices are 0, as the update has no larger rank")
    if cut.tied:
        notes.append("the singular values at the cut are equal, so other adapters are as near")
    certificate = ConversionCertificate._of(max(loss, bound), bound, STATEMENT, adapter=made, ridge=0.0)
    return FitResult(
        adapter=made,
        loss=loss,
        captured=1.0 - min(1.0, (cut.upper / cut.whole) ** 2) if cut.whole > 0 else 1.0,
        lower=bound,
        method=cut.method,
        reason=reason,
        n_iter=0,
        converged=True,
        message="; ".join(notes),
        counts={"starts": 1, "matvecs": 0},
        certificate=certificate,
        trace=None,
    )


def _square(value: float) -> float:
    return value * value
