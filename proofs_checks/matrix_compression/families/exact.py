"""Spectra in certified arithmetic, by which the claims know the truth, and sides in doubles with a stated rounding.

Doubles are integers times a power of two, so the characteristic polynomial of M M^T is exact, and its roots are
enclosed with their multiplicities. LAPACK, on which the algorithms under test rest, says at most where to look for a
root; that there is one, and only one, is decided by exact signs of the polynomial.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Sides

#: bits of the enclosures, from which the nearest doubles are taken
BITS = 160
#: degree of a polynomial above which its roots are looked for one by one; all at once take the third power of it
LARGE = 32
#: bits of integers up to which doubles hold them and sums of them
DOUBLES = 1000
#: bits of the polynomial's values there, whose terms cancel, and steps of Newton's method from doubles to `BITS`
VALUES, STEPS = 8 * BITS, 4
#: sides of an outcome that is none, which no claim holds of
NO_OUTCOME = Sides([1.0], [0.0], trivial=1.0, rounding=0.0)


def _integers(M: np.ndarray) -> tuple[list[list[int]], flint.arb]:
    """Write doubles as integers times a common factor."""
    parts, exponents = np.frexp(M)
    low = int(exponents[M != 0].min()) if M.any() else 0
    whole = (parts * 2.0**53).astype(np.int64)
    rows = [
        [int(x) << (int(e) - low if x else 0) for x, e in zip(row, powers, strict=True)]
        for row, powers in zip(whole.tolist(), exponents.tolist(), strict=True)
    ]
    common = math.gcd(*(x for row in rows for x in row)) or 1
    return [[x // common for x in row] for row in rows], flint.arb(common) * flint.arb(2) ** (low - 53)


def _roots(gram: flint.fmpq_mat, scale: flint.arb) -> np.ndarray:
    """Return the eigenvalues of a positive semidefinite matrix times the square of a factor, as doubles."""
    whole, below = gram.numer_denom()
    polynomial = whole.charpoly()
    roots = None
    size = max(abs(int(entry)) for row in whole.tolist() for entry in row)
    if polynomial.degree() > LARGE and size.bit_length() <= DOUBLES:
        guesses = np.linalg.eigvalsh(np.array(whole.tolist(), object).astype(float))
        roots = _simple_roots(polynomial, guesses.tolist())
    with flint.ctx.workprec(BITS):
        if roots is None:
            roots = [root.real for root, n in polynomial.complex_roots() for _ in range(n)]
        values = [float((root * scale * scale / below).mid()) for root in roots]
    return np.sort(np.maximum(values, 0.0))[::-1]


def _simple_roots(polynomial: flint.fmpz_poly, guesses: list[float]) -> list[flint.arb] | None:
    """Enclose all roots, where every two neighbors among as many guesses have a root between other ones; else None.

    Signs that alternate at one more point than the degree prove a root between every two, and there are no more. Around
    the end of Newton's method the sign changes once more, within the last of `BITS` bits.
    """
    cuts = [2 * guesses[0] - guesses[1], *(sum(pair) / 2 for pair in pairwise(guesses)), 2 * guesses[-1] - guesses[-2]]
    signs = [_sign(polynomial(flint.fmpq(*Fraction(cut).as_integer_ratio()))) for cut in cuts]
    if not all(one * other < 0 for one, other in pairwise(signs)):
        return None
    slope, found = polynomial.derivative(), []
    with flint.ctx.workprec(VALUES):
        for guess, (low, high) in zip(guesses, pairwise(cuts), strict=True):
            root = flint.arb(guess)
            for _ in range(STEPS):
                root = (root - polynomial(root) / slope(root)).mid()
            width = abs(root) / flint.arb(2) ** BITS
            ends = polynomial(root - width), polynomial(root + width)
            if not (flint.arb(low) < root - width and root + width < flint.arb(high) and ends[0] * ends[1] < 0):
                return None
            found.append(root + flint.arb(0, width))
    return found


def _sign(value: flint.fmpq) -> int:
    return (value > 0) - (value < 0)


@functools.lru_cache(maxsize=8192)
def _energies(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    M = np.frombuffer(content).reshape(shape)
    M = M if M.shape[0] <= M.shape[1] else M.T
    if not M.any():
        return np.zeros(len(M))
    ints, scale = _integers(M)
    X = flint.fmpz_mat(ints)
    return _roots(flint.fmpq_mat(X * X.transpose()), scale)


def energies(matrix: np.ndarray) -> np.ndarray:
    """Return all squared singular values of a matrix of doubles, the largest first."""
    M = np.ascontiguousarray(matrix, dtype=float)
    return _energies(M.tobytes(), M.shape).copy()


def top(spectrum: np.ndarray, rank: int) -> float:
    """Return T_r, the sum of the r largest of squared singular values in any order."""
    return float(np.sort(spectrum)[::-1][:rank].sum())


def tail(spectrum: np.ndarray, rank: int) -> float:
    """Return E_r^2, the sum of all but the r largest."""
    return float(np.sort(spectrum)[::-1][rank:].sum())


def tops(spectrum: np.ndarray, n: int) -> np.ndarray:
    """Return T_1, .., T_n."""
    return np.array([top(spectrum, r) for r in range(1, n + 1)])


def best_error(matrix: np.ndarray, rank: int) -> float:
    """Return E_r of a matrix of doubles."""
    return float(np.sqrt(tail(energies(matrix), rank)))


def norm(X: np.ndarray) -> float:
    """Return the Frobenius norm."""
    return float(np.linalg.norm(np.asarray(X, float)))


def product(found: Mapping[str, Any]) -> np.ndarray:
    """Return B A of an outcome, times its scale where it has one; other shapes where its factors do not fit."""
    return float(found.get("scale", 1.0)) * (np.asarray(found["B"], float) @ np.asarray(found["A"], float))


def entries(lhs: Any, rhs: Any, *, trivial: Any = np.inf, least: Any = -np.inf, allowed: Any) -> Sides:
    """Join parts of both sides to one list each, and set to 0 what rounding alone could have made."""
    lhs, rhs = (np.concatenate([np.ravel(np.asarray(part, float)) for part in side]) for side in (lhs, rhs))
    noise = np.maximum(np.abs(lhs), np.abs(rhs)) <= np.asarray(allowed) / 2
    limits = {"trivial": np.broadcast_to(trivial, lhs.shape), "least": np.broadcast_to(least, lhs.shape)}
    return Sides(np.where(noise, 0.0, lhs), np.where(noise, 0.0, rhs), rounding=allowed, **limits)
