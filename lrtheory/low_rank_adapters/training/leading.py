"""The leading singular vectors of a matrix by an iteration over blocks, and what is proved of their energies."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, beside, to_numpy
from lrtheory.low_rank_adapters.training.inverses import energy, unit_of

__all__ = ["Leading", "leading"]

#: powers of G G^T that are applied to the first block, that of exponent 0 included
DEPTH = 5
#: columns of the first block, at least
BLOCK = 8
#: exponents of entries up to which their squares and products are far inside of the range of single precision
MODERATE = 16


class Leading(NamedTuple):
    """Approximate leading singular vectors of a matrix G, and energies as shares of its squared norm.

    The columns of `U` and the rows of `Vt` are orthonormal, and U^T G V is diagonal with the entries `values` and the
    energy `captured`. No factors of this rank capture more than `limit`.
    """

    U: Any
    values: np.ndarray
    Vt: Any
    captured: float
    limit: float


def leading(G: Any, rank: int, rng: np.random.Generator) -> Leading:
    """Find the leading singular vectors of a matrix other than 0.

    Parameters
    ----------
    G : array of shape (m, n)
        Matrix of any library, not 0.
    rank : int
        Number of singular vectors, at most min(m, n).
    rng : np.random.Generator
        Draws the first block.

    Returns
    -------
    Leading
        By statement AD-7 the leading singular values have at most the energy of those that were found and of what the
        basis does not reach. Where the blocks would span more than half of the smaller side, all is exact.
    """
    unit = unit_of(G)
    unit = unit if abs(unit) > MODERATE else 0
    scaled = G * 2.0**-unit if unit else G
    if scaled.shape[0] > scaled.shape[1]:
        found = _of_wide(scaled.T, rank, rng)
        found = found._replace(U=found.Vt.T, Vt=found.U.T)
    else:
        found = _of_wide(scaled, rank, rng)
    return found._replace(values=np.ldexp(found.values, unit))


def _of_wide(G: Any, rank: int, rng: np.random.Generator) -> Leading:
    """The leading singular vectors of a matrix of moderate entries that is at least as wide as it is high."""
    m = G.shape[0]
    block = max(rank, BLOCK)
    exact = 2 * DEPTH * block >= m
    Q, C = (None, np.asarray(to_numpy(G))) if exact else _basis(G, block, rng)
    V = _left(C)[:, :rank]
    image = V.T @ C
    P = _orthonormal(image.T)
    U, values, Wt = np.linalg.svd(image @ P)
    left, right = (beside(np.ascontiguousarray(part), G) for part in (V @ U, Wt @ P.T))
    total, captured = energy(G), float(np.sum(values.astype(np.float64) ** 2))
    lost = 0.0 if exact else max(0.0, total - energy(C))
    limit = min(1.0, (captured + lost) / total)
    return Leading(left if exact else Q @ left, values, right, min(captured / total, limit), limit)


def _basis(G: Any, block: int, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """An orthonormal basis Q of (G G^T)^j G times a random block, for all j below `DEPTH`, and Q^T G on the host."""
    xp, host = array_namespace(G), np.float64 if "64" in str(G.dtype) else np.float32
    product = G @ beside(rng.standard_normal((G.shape[1], block), dtype=host), G)
    Q, images = _orthonormal(product), []
    for _ in range(DEPTH):
        images.append(G.T @ Q[:, -block:])
        if len(images) < DEPTH:
            Q = xp.concat([Q, _beside(Q, G @ images[-1])], axis=1)
    return Q, np.asarray(to_numpy(xp.concat(images, axis=1))).T


def _beside(Q: Any, columns: Any) -> Any:
    """Orthonormal columns that are orthogonal to those of Q, and with them span what both did."""
    xp = array_namespace(Q)
    for _ in range(2):
        for _ in range(2):  # the second time removes what rounding left
            columns = columns - Q @ (Q.T @ columns)
        columns = _orthonormal(columns)
        if float(xp.max(xp.abs(Q.T @ columns))) <= Q.shape[0] * float(xp.finfo(Q.dtype).eps):
            break  # else some column was little more than rounding
    return columns


def _orthonormal(columns: Any) -> Any:
    """Q of the QR factorization of a tall matrix; LAPACK without what NumPy adds, which takes longer than the work."""
    from scipy.linalg import get_lapack_funcs  # takes long to import

    host = np.asarray(to_numpy(columns))
    geqrf, orgqr = get_lapack_funcs(("geqrf", "orgqr"), (host,))
    room = 32 * host.shape[1]  # so that LAPACK works on blocks
    reflectors, tau, _, _ = geqrf(host, lwork=room)
    return beside(orgqr(reflectors, tau, lwork=room, overwrite_a=1)[0], columns)


def _left(C: np.ndarray) -> np.ndarray:
    """The left singular vectors of a wide matrix; products in double precision lose nothing of single precision."""
    if C.dtype == np.float32:
        double = C.astype(np.float64)
        return np.linalg.eigh(double @ double.T)[1][:, ::-1].astype(np.float32)
    R: np.ndarray = np.linalg.qr(C.T, mode="r")  # type: ignore[assignment]
    return np.linalg.svd(R.T)[0]
