"""Arrays of adapters in any library: how they are read, cast, and multiplied by a gradient that nobody forms."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, to_numpy
from lrtheory._files.safetensors import decoded, encoded
from lrtheory._kernels.units import scaled, unit_of
from lrtheory._validation import fits, must

__all__ = [
    "CASTS",
    "Gradient",
    "cast",
    "numerical_rank",
    "prepared",
    "shaped",
    "significant",
    "times_identity",
    "transposed",
    "type_name",
]

#: sides from which on Gram matrices save time
LARGE = 128

#: the types that a weight may be merged in, with their names in files
CASTS = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}


class Gradient(NamedTuple):
    """The gradient of a loss in the weight: a matrix, or outputs^T inputs of a batch, which is then never formed."""

    dense: Any = None
    inputs: Any = None
    outputs: Any = None

    def right(self, V: Any) -> Any:
        """G V for a thin matrix V of shape (d_in, k)."""
        return self.dense @ V if self.dense is not None else transposed(self.outputs) @ (self.inputs @ V)

    def left(self, U: Any) -> Any:
        """U^T G for a thin matrix U of shape (d_out, k)."""
        return transposed(U) @ self.dense if self.dense is not None else transposed(self.outputs @ U) @ self.inputs

    def transposed(self) -> Gradient:
        """The gradient in the transpose of the weight."""
        return Gradient(None if self.dense is None else transposed(self.dense), self.outputs, self.inputs)

    def whole(self) -> Any:
        """The matrix itself."""
        return self.dense if self.dense is not None else transposed(self.outputs) @ self.inputs


def prepared(**arrays: Any) -> dict[str, Any]:
    """All arrays of an adapter as finite real ones of one library and one precision, the largest of theirs.

    Parameters
    ----------
    **arrays : array of any library, or nested sequence
        Arrays by the names that errors call them.

    Returns
    -------
    dict of str to array
        In the order that they were given.

    Raises
    ------
    TypeError
        If entries are not real numbers, or arrays are of several libraries.
    ValueError
        If an entry is not finite.
    """
    xp = array_namespace(*arrays.values())
    foreign = [value for value in arrays.values() if is_foreign(value)]
    device = foreign[0].device if foreign else None
    found = {name: real_array(xp, name, value, device=device) for name, value in arrays.items()}
    single = all(value.dtype == xp.float32 for value in found.values())
    kind = xp.float32 if single else xp.float64
    return {name: xp.astype(value, kind, copy=False) for name, value in found.items()}


def shaped(name: str, value: Any, shape: tuple[int | None, ...]) -> Any:
    """The array itself if it has the shape that is wanted, in which None is any length of at least 1."""
    if not fits(tuple(value.shape), shape) or 0 in value.shape:
        wanted = ", ".join("n" if length is None else str(length) for length in shape)
        raise must(name, f"of shape ({wanted}{',' if len(shape) == 1 else ''})", tuple(value.shape))
    return value


def numerical_rank(matrix: Any) -> int:
    """The number of singular values that are more than rounding."""
    host = np.asarray(to_numpy(matrix))
    if min(host.shape) >= LARGE and (times_identity(host) or _is_of_full_rank(host)):
        return min(host.shape)
    tall = host if host.shape[0] >= host.shape[1] else host.T  # which LAPACK gets without a copy of its parts
    return significant(np.linalg.svd(tall, compute_uv=False), host.shape, float(np.finfo(host.dtype).eps))


def _is_of_full_rank(host: np.ndarray) -> bool:
    """Whether the Gram matrix of the smaller side is positive definite by more than it rounds; no means unknown.

    The sums of n products and the factorization of k rows together change it by less than (n + k + 1) eps times its
    trace, in the norm (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, equation 3.13 and
    theorem 10.3); twice as much is taken off. Of a long matrix some columns are tried first: a Gram matrix is at least
    that of some columns, and less than the trace of the whole is not taken off.
    """
    M = (host if host.shape[0] <= host.shape[1] else host.T).astype(np.float64, copy=False)
    M = scaled(M, -unit_of(M))  # so that squares are in range
    k, n = M.shape
    least, rounding = (n * float(np.finfo(kind).eps) for kind in (host.dtype, np.float64))
    off = max(2 * least**2, 4 * rounding) * float(np.einsum("ij,ij->", M, M))
    return any(_is_above(M[:, :count], off) for count in ([k + k // 8, n] if n > 2 * k else [n]))


def _is_above(M: np.ndarray, off: float) -> bool:
    """Whether the Gram matrix of the rows stays positive definite when a multiple of the identity is taken off."""
    gram = M @ M.T
    gram[np.diag_indices_from(gram)] -= off
    try:
        np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return False
    return True


def times_identity(matrix: np.ndarray) -> float:
    """The number whose multiple of the identity this is; 0 for other matrices."""
    if matrix.shape[0] != matrix.shape[1] or (len(matrix) > 1 and matrix[0, 1]):
        return 0.0
    return float(matrix[0, 0]) if (matrix == matrix[0, 0] * np.eye(len(matrix))).all() else 0.0


def significant(values: np.ndarray, shape: tuple[int, ...], eps: float) -> int:
    """Count the singular values of a matrix of this shape that are above max(m, n) eps times the largest one."""
    return int(np.sum(values > max(shape) * eps * values.max(initial=0.0)))


def transposed(matrix: Any) -> Any:
    """The transpose, as every array library writes it."""
    return array_namespace(matrix).matrix_transpose(matrix)


def type_name(W: Any) -> str:
    """The name of the type of a caller's array among `CASTS`; that of the computation where it is none of them."""
    name = str(getattr(W, "dtype", "float64")).rpartition(".")[2]
    return name if name in CASTS else "float64"


def cast(total: Any, name: str) -> tuple[Any, Any]:
    """A sum in another type, and the numbers that this holds as they stand beside the sum."""
    xp = array_namespace(total)
    if isinstance(total, np.ndarray) and name == "bfloat16":
        try:
            stored = encoded(total, CASTS[name])
        except OverflowError:
            return total, np.full_like(total, np.inf)
        values = decoded(stored)
        return values, values.astype(total.dtype)
    with np.errstate(over="ignore"):
        cast = xp.astype(total, getattr(xp, name))
    return cast, xp.astype(cast, total.dtype)
