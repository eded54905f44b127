"""The spectrum and the best approximations of a product B A, from its two thin factors and never from the product.

B (d_out, q) and A (q, d_in) are turned into orthonormal columns, a small core of at most q x q, and orthonormal rows;
the singular values of the core are those of the product, and its leading part gives the best factors of every rank. Two
ways lead there: QR of both factors, and the two q x q matrices B^T B and A A^T, which cost less and are taken where
their smallest eigenvalue is not lost beside their largest one. Large arrays stay in the caller's library and on its
device; the core, which is small, is factored on the host, and so is QR.
"""

from __future__ import annotations

import contextlib
import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, beside, to_numpy

__all__ = [
    "CASTS",
    "Core",
    "cast_error",
    "core",
    "core_within",
    "difference",
    "rank_within",
    "rounding_of",
    "squares_within",
    "tail",
]

#: the least ratio of eigenvalues of a Gram matrix: below it, the smallest ones drown in the rounding of the largest
GUARD = 1e-8
UNIT = 2.0**-53
#: LAPACK's singular values: an entry beside the diagonal of eps^(-1/8) roundings of the diagonal or less counts as 0
DROPPED = 99
#: rows of single precision that become doubles at a time
CHUNK = 128
#: up to this size eigenvectors take no time, and their values are sharper than bounds
SMALL = 32
#: the unit roundoff of a format, and half the distance of its numbers near zero
CASTS = {
    "float64": (2.0**-53, 2.0**-1074),
    "float32": (2.0**-24, 2.0**-150),
    "bfloat16": (2.0**-8, 2.0**-134),
    "float16": (2.0**-11, 2.0**-25),
}


class Core(NamedTuple):
    """The singular value decomposition of B A, its singular vectors as products of a thin array and a small one.

    ``values`` are all singular values, decreasing; the columns of ``left[0] @ left[1]`` and the rows of
    ``right[0] @ right[1]`` are the singular vectors, and ``rounding`` is what a value may be off by.
    """

    values: np.ndarray
    left: tuple[Any, np.ndarray]
    right: tuple[np.ndarray, Any]
    rounding: float
    method: str
    reason: str

    def factors(self, rank: int, *, ratio: float = 1.0, balanced: bool = True) -> tuple[Any, Any]:
        """B' and A' with ratio times the best approximation of this rank as their product, in double precision.

        Balanced factors share each singular value equally; others leave it to A', and B' has orthonormal columns.
        """
        kept = self.values[:rank]
        heavy = np.sqrt(kept) * math.sqrt(abs(ratio)) if balanced else np.ones(len(kept))
        light = heavy if balanced else kept * abs(ratio)
        left, right = self.left[1][:, :rank] * (heavy * np.sign(ratio)), light[:, None] * self.right[0][:rank]
        return _double(self.left[0]) @ beside(left, self.left[0]), beside(right, self.right[1]) @ _double(self.right[1])


def tail(values: np.ndarray, rank: int) -> float:
    """The Frobenius norm of what the best approximation of this rank leaves: the root of the sum of squares."""
    rest = values[rank:]
    largest = float(rest.max(initial=0.0))
    return largest * float(np.sqrt(np.sum((rest / largest) ** 2))) if largest > 0 else 0.0


def rank_within(values: np.ndarray, epsilon: float) -> int:
    """The smallest rank whose best approximation leaves at most a share of the norm."""
    limit = epsilon * tail(values, 0)
    low, high = 0, len(values)
    while low < high:  # the tail falls with the rank
        middle = (low + high) // 2
        low, high = (low, middle) if tail(values, middle) <= limit else (middle + 1, high)
    return low


def core(B: Any, A: Any, method: str = "auto") -> Core:
    """Factor B A through its core, of min(d_out, q, d_in) values; "auto" takes Gram matrices if they lose nothing."""
    units = _Units.of(B, A)
    transposed = array_namespace(B).matrix_transpose
    if units.safe:  # powers of two give the same numbers behind the squares, which are fewer
        gram_left, gram_right = _gram(B) * _outer(units.left), _gram(transposed(A)) * _outer(units.right)
    else:
        gram_left = _gram(_double(B) * beside(units.left, B))
        gram_right = _gram(transposed(_double(A) * beside(units.right[:, None], A)))
    # each inner index gets a column and a row of one norm, which removes every diagonal gauge
    columns, rows = np.sqrt(np.diag(gram_left)), np.sqrt(np.diag(gram_right))
    used = columns * rows > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.where(used, np.sqrt(rows / columns), 0.0)
        back = np.where(used, np.sqrt(columns / rows), 0.0)
    load = float(np.sum(columns * rows))  # the norms of rank-one parts, which any product in doubles rounds by
    small = np.flatnonzero(used)
    q, sides = len(small), (B.shape[0], A.shape[1])
    if method == "gram" or (method == "auto" and 0 < q <= min(sides)):
        grams = (_part(gram_left, small) * _outer(even[small]), _part(gram_right, small) * _outer(back[small]))
        roots = [_Root.of(gram) for gram in grams]
        spread = min(root.spread for root in roots)
        if method == "gram" or spread >= GUARD:
            scaled = (units.left * even, units.right * back)
            return _from_grams(B, A, roots, small, scaled, load=load, spread=spread, unit=units.unit)
        reason = f"the eigenvalues of a Gram matrix reach over a factor of {1 / max(spread, UNIT):.1e}"
    else:
        reason = "the method was asked for" if method == "qr" else f"{q} inner indices for sides of {sides}"
    left = to_numpy(_double(B)) * units.left * even
    made = _from_qr(left, to_numpy(_double(A)) * units.right[:, None] * back[:, None], load, units.unit)
    return made._replace(left=(beside(made.left[0], B), made.left[1]), right=(made.right[0], beside(made.right[1], A)),
                         reason=reason)  # fmt: skip


def _gram(tall: Any) -> np.ndarray:
    """The products of the columns, summed in double precision; of NumPy's single precision by parts that a cache holds.

    Parameters
    ----------
    tall : array of shape (m, q)
        Matrix of any library.

    Returns
    -------
    array of shape (q, q)
        Products of the columns, on the host.
    """
    if not isinstance(tall, np.ndarray) or tall.dtype == np.float64:
        double = _double(tall)
        return np.asarray(to_numpy(array_namespace(double).matrix_transpose(double) @ double))
    total = np.zeros((tall.shape[1],) * 2)
    for first in range(0, len(tall), CHUNK):
        part = tall[first : first + CHUNK].astype(np.float64)
        total += part.T @ part
    return total


class _Root(NamedTuple):
    """R with R^T R = G, its inverse from the right, and a lower bound of the ratio of the extreme eigenvalues of G."""

    root: np.ndarray
    inverse: np.ndarray
    spread: float

    @classmethod
    def of(cls, gram: np.ndarray) -> _Root:
        """By Cholesky, where G is large and no eigenvalue is small; else by eigenvectors, without those of 0."""
        if not len(gram):
            return cls(gram, gram, 1.0)
        with contextlib.suppress(np.linalg.LinAlgError):
            if len(gram) > SMALL:
                lower = np.linalg.cholesky(gram)
                inverse = np.linalg.inv(lower)
                norms = np.linalg.norm(gram, 1) * np.linalg.norm(inverse, 1) * np.linalg.norm(inverse, np.inf)
                if norms <= 1 / GUARD:  # they are above those in the spectral norm
                    return cls(lower.T, inverse.T, float(1 / norms))
        values, U = np.linalg.eigh(gram)
        roots = np.sqrt(np.maximum(values, 0.0))
        inverse = U * np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
        return cls(roots[:, None] * U.T, inverse, float(values[0] / values[-1]))


def _from_grams(
    B: Any, A: Any, roots: list[_Root], small: np.ndarray, scaled: Any, *, load: float, spread: float, unit: int
) -> Core:
    """The core between the roots of both Gram matrices; an eigenvalue of 0 or below is none of the product."""
    first, second = roots
    P, values, Qt = np.linalg.svd(first.root @ second.root.T)
    left, right = np.zeros((len(scaled[0]), len(small))), np.zeros((len(small), len(scaled[1])))
    left[small] = scaled[0][small, None] * (first.inverse @ P)
    right[:, small] = (Qt @ second.inverse.T) * scaled[1][small]
    rounding = rounding_of(load, len(small), unit) / math.sqrt(max(spread, UNIT))
    reason = f"the eigenvalues of the Gram matrices stay within a factor of {1 / max(spread, UNIT):.1e}"
    size = min(B.shape[0], B.shape[1], A.shape[1])
    lacking = max(0, size - len(small))  # inner indices that add nothing
    values = np.pad(np.ldexp(values, unit), (0, lacking))[:size]
    left, right = np.pad(left, ((0, 0), (0, lacking))), np.pad(right, ((0, lacking), (0, 0)))
    return Core(values, (B, left[:, :size]), (right[:size], A), rounding, "gram", reason)


def _from_qr(left: np.ndarray, right: np.ndarray, load: float, unit: int) -> Core:
    Q, R = np.linalg.qr(left)
    P, T = np.linalg.qr(right.T)
    U, values, Vt = np.linalg.svd(R @ T.T, full_matrices=False)
    rounding = rounding_of(load, left.shape[1], unit)
    return Core(np.ldexp(values, unit), (Q, U), (Vt, np.ascontiguousarray(P.T)), rounding, "qr", "")


def squares_within(*factors: Any) -> float:
    """The share of an error that squares may lose: 1e-7 in single precision, whose rounding is no smaller, else 0."""
    return 1e-7 if all(factor.dtype == np.float32 for factor in factors) else 0.0


def rounding_of(load: float, q: int, unit: int = 0) -> float:
    """The rounding of a product in doubles of q parts, of the norm `load` together, and of its factorization."""
    return math.ldexp((q + 8 + DROPPED) * UNIT * load, unit)


def core_within(B: Any, A: Any, rank: int, within: float) -> Core:
    """The core, by QR unless Gram matrices lose at most a share `within` of what this rank leaves."""
    found = core(B, A, "auto") if within else None
    if found is not None and (found.method == "qr" or 4 * found.rounding <= within * tail(found.values, rank)):
        return found
    return core(B, A, "qr")


def difference(
    first: tuple[Any, Any, float], second: tuple[Any, Any, float], *, within: float = 0.0
) -> tuple[float, float]:
    """The Frobenius norm of s B A - s' B' A', and what rounding may add to it.

    Squares of norms cancel where the two are near each other (statement SQ-8), and cost a tenth of QR. They are taken
    where they lose at most a share `within` of the norm.
    """
    (B, A, s), (C, D, t) = first, second
    s, t = float(s), float(t)
    left = np.concatenate([B, C], axis=1, dtype=np.float64)
    right = np.concatenate([A, D], axis=0, dtype=np.float64)
    scales = np.repeat([s, -t], [B.shape[1], C.shape[1]])
    norm, rounding, load = _norm_by_squares(left, right, scales) if within else (0.0, 1.0, 0.0)
    if rounding <= within * norm and 1e-100 < load < 1e100:
        return norm, rounding
    made = core(left * scales, right, "qr")
    return tail(made.values, 0), made.rounding


def _norm_by_squares(left: np.ndarray, right: np.ndarray, scales: np.ndarray) -> tuple[float, float, float]:
    """The norm of left diag(scales) right from the products of its columns and rows, what that loses, and the load."""
    with np.errstate(over="ignore", invalid="ignore"):
        products = (left.T @ left) * (right @ right.T) * np.outer(scales, scales)
        load = float(np.sqrt(np.diag(products)).sum())
        norm = math.sqrt(max(float(products.sum()), 0.0))
    # a sum of n products in doubles is off by n units of the sum of their absolute values, at most
    lost = (left.shape[0] + right.shape[1] + 2 * len(scales)) * UNIT * load * load
    return norm, lost / norm if norm > 0 else math.inf, load


def cast_error(norms: tuple[Any, Any], sizes: tuple[int, int], dtype: str) -> Any:
    """Bound what rounding factors of these norms and sizes to one of `CASTS` moves their product (statement SQ-9)."""
    unit, least = CASTS[dtype]
    left, right = (unit * norm + least * math.sqrt(size) for norm, size in zip(norms, sizes, strict=True))
    return left * norms[1] + norms[0] * right + left * right


class _Units(NamedTuple):
    """Powers of two for the columns of B and the rows of A after which no square over- or underflows.

    B A is 2^unit times the product of the scaled factors; `safe` says that no square does so without them either.
    """

    left: np.ndarray
    right: np.ndarray
    unit: int
    safe: bool

    @classmethod
    def of(cls, B: Any, A: Any) -> _Units:
        (columns, left), (rows, right) = _exponents(B, 0), _exponents(A, 1)
        used = left & right
        if not used.any():
            return cls(np.zeros(len(columns)), np.zeros(len(rows)), 0, False)
        total = columns + rows
        unit = int(total[used].max())
        below = np.maximum(total - unit, -2000)  # what is that far below the largest part is nothing
        half = below // 2
        factors = np.ldexp(1.0, half - columns), np.ldexp(1.0, below - half - rows)
        safe = bool(max(np.abs(columns[left]).max(), np.abs(rows[right]).max()) <= 400)
        return cls(np.where(used, factors[0], 0.0), np.where(used, factors[1], 0.0), unit, safe)


def _exponents(array: Any, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The exponents of the largest entries along an axis, and where there is one that is not zero."""
    xp = array_namespace(array)
    high, low = (np.asarray(to_numpy(find(array, axis=axis)), np.float64) for find in (xp.max, xp.min))
    largest = np.maximum(high, -low)
    mantissa, exponents = np.frexp(largest)
    return np.maximum(exponents, -1000).astype(np.int64), mantissa > 0  # 2^1000 is still a number


def _double(array: Any) -> Any:
    xp = array_namespace(array)
    return xp.astype(array, xp.float64, copy=False)


def _part(matrix: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    return matrix[np.ix_(chosen, chosen)]


def _outer(vector: np.ndarray) -> np.ndarray:
    return vector[:, None] * vector
