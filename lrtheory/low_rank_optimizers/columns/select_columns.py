"""The columns of an orthogonal basis that hold most of a matrix, and what is proved of the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, arrays, beside_jax, is_foreign, real_array, to_numpy
from lrtheory._result import Certificate, Result, result
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import Words, array, as_array, choice, integer, must
from lrtheory.low_rank_optimizers.columns.basis import Basis, type_name

__all__ = ["METHODS", "RULES", "ColumnCertificate", "ColumnSelection", "Selected", "select_columns", "selected"]

RULES, METHODS = ("l2", "l1"), ("auto", "fft", "gemm")
#: what is proved of the columns that each rule chooses
STATEMENTS = {"l2": "low_rank_optimizers/DC-2", "l1": "low_rank_optimizers/DC-3"}
#: one product with the whole basis is faster than FFT up to this size
GEMM = 64
#: rows whose squares are added in the precision of the matrix
PART = 256
#: sums of squares outside this range are recomputed after scaling, since float32 may over- or underflow
SAFE = (2.0**-60, 2.0**100)


@result
class ColumnCertificate(Certificate):
    """Proof of what chosen columns leave of a matrix, in its squared units.

    Attributes
    ----------
    achieved : number
        The residual, the sum of squares of G - G Q_I Q_I^T.
    bound : number
        No larger residual is possible with this rule: (1 - r/n) times the sum of squares of G for the largest sums of
        squares, and (1 - r/(n m)) times it for the largest sums of absolute values, with m the length of a column.
    indices : int array of shape (rank,)
        The chosen columns.
    axis : int
        1 where rows of G were transformed, 0 where columns were.
    basis : array of shape (n, n) or None
        Q; None is the cosine basis.
    """

    achieved: Number
    bound: Number
    gap: Number
    indices: Array
    axis: int
    basis: Array | None

    _statements = tuple(STATEMENTS.values())

    def _facts(self) -> list[str]:
        return [f"off by {float(self.achieved):.6g} in squares, and never by more than {float(self.bound):.6g}"]

    @beside_jax
    def verify(self, problem: ArrayLike) -> bool:
        """Recompute everything from the matrix alone, by a product with the chosen columns.

        Parameters
        ----------
        problem : array of shape (m, n)
            The matrix G; Fractions are decided exactly.

        Returns
        -------
        bool
            Whether the residual is as stated and at most `bound`, up to rounding of a product in the precision of G.

        Raises
        ------
        ValueError
            If an entry is not finite.
        TypeError
            If the entries are not real numbers.
        """
        G = array("problem", to_numpy(problem), shape=(None, None))
        indices, axis = np.asarray(to_numpy(self.indices)), self.axis
        if 0 in G.shape or axis != _axis(G.shape) or not self._is_sound():
            return False
        n, m = G.shape[axis], G.shape[1 - axis]
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or not 0 < len(indices) <= n:
            return False
        if (np.diff(indices, prepend=-1, append=n) <= 0).any():  # increasing, and columns of the basis
            return False
        try:
            basis = Basis("dct" if self.basis is None else self.basis)
        except (TypeError, ValueError):  # the matrix is not orthogonal
            return False
        if basis.matrix is not None and len(basis.matrix) != n:
            return False
        is_exact, eps = G.dtype.kind == "O", 0.0 if G.dtype.kind == "O" else float(np.finfo(G.dtype).eps)
        word = "object" if is_exact else "float64"
        rows = (G if axis == 1 else G.T).astype(word)
        size, scaled = (1, rows) if is_exact else _scaled(np, rows)
        Q = basis.part(n, indices, word)
        energy, captured = (scaled**2).sum(), ((scaled @ Q) ** 2).sum()
        least = n * (1 if self.statement == STATEMENTS["l2"] else m)
        due = (1 - Fraction(len(indices), least) if is_exact else 1 - len(indices) / least) * energy
        # squares that vanish are known up to the least number, one for each column
        roundoff = 8 * (n + m) * eps * energy + (0 if is_exact else n * math.ulp(0.0) / size / size)
        left, bound = self.achieved / size / size, self.bound / size / size
        return bool(
            abs(energy - captured - left) <= roundoff and abs(due - bound) <= roundoff and left <= bound + roundoff
        )


@result
class ColumnSelection(Result):
    """Chosen columns of an orthogonal basis, and the part of a matrix G that they hold.

    Attributes
    ----------
    indices : int array of shape (rank,)
        The chosen columns, increasing.
    coefficients : array of shape (m, rank) or (rank, n)
        G Q_I where G has at least as many rows as columns, and Q_I^T G otherwise.
    captured : number
        The sum of squares of the coefficients.
    energies : array of shape (smaller side,)
        The sum of squares of all coefficients of each column of the basis.
    axis : int
        1 where the rows of G were transformed, 0 where its columns were.
    basis : array of shape (smaller side, rank)
        Q_I, the chosen columns.
    method : str
        "fft", "gemm" or "exact".
    reason : str
        Reason for the method.
    certificate : ColumnCertificate
        Bound on the residual of G outside the chosen columns, with its proof.
    """

    indices: Array
    coefficients: Array
    captured: Number
    energies: Array
    axis: int
    basis: Array
    method: str
    reason: str
    certificate: ColumnCertificate

    def approximation(self) -> Array:
        """The part of G in the chosen columns.

        Returns
        -------
        array of shape (m, n)
            G Q_I Q_I^T, or Q_I Q_I^T G.
        """
        S, Q = self.coefficients, self.basis
        made: Array = S @ Q.T if self.axis == 1 else Q @ S  # type: ignore[attr-defined]
        return made

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        energies = np.asarray(to_numpy(self.energies)).astype(float)
        indices = np.asarray(to_numpy(self.indices))
        total = energies.sum() or 1.0
        return {"column": indices.tolist(), "share": (energies[indices] / total).tolist()}

    def _facts(self) -> list[str]:
        return self.certificate._facts()


class Selected(NamedTuple):
    """A selection in the library of the matrix: `energies` and `indices` on the host, `coefficients` beside it."""

    indices: np.ndarray
    coefficients: Any
    energies: np.ndarray
    axis: int
    certificate: ColumnCertificate


@arrays("device")
def select_columns(
    G: ArrayLike, rank: int, *, basis: str | ArrayLike = "dct", rule: str = "l2", method: str = "auto"
) -> ColumnSelection:
    r"""Choose the columns of an orthogonal basis Q that hold most of a matrix, such as a gradient.

    The basis belongs to the smaller side n of G, so that S = G Q, or S = Q^T G for a matrix with fewer rows than
    columns. The r columns of S (or rows) with the largest sums of squares are kept, where ties go to the smaller index.
    They leave at most (1 - r/n) of the squares of G (statement DC-2), which no other choice does better (statement
    DC-1).

    Parameters
    ----------
    G : array of shape (m, n)
        A matrix. Arrays of Fractions, with a basis of Fractions, are computed with exactly.
    rank : int
        r, from 1 to the smaller side of G.
    basis : "dct" or array of shape (n, n)
        The orthonormal cosine basis, or any orthogonal matrix.
    rule : {"l2", "l1"}
        Sums of squares, or of absolute values. The latter capture at least 1/m of the best possible (statement DC-3)
        and no share r/n.
    method : {"auto", "fft", "gemm"}
        Computation of the coefficients: by FFT on the host, or by a product with Q. "auto" takes the product up to 64
        columns and on other devices. Any other basis needs the product.

    Returns
    -------
    ColumnSelection
        Indices in increasing order, coefficients, the captured squares, and a certificate of the residual.

    Raises
    ------
    ValueError
        If G is not a finite matrix with finite squares, `rank` is above its smaller side, the basis is not orthogonal
        or an option is unknown.
    TypeError
        If an argument is of the wrong kind.

    See Also
    --------
    DCTAdamW : Adam on the chosen columns.
    Trion : Newton-Schulz on the chosen columns of a momentum.

    Notes
    -----
    Units of G do not matter: squares carry them twice. Coefficients are in the precision of G, and parts of
    256 of their squares are added in it, the parts in double precision.

    Arrays: any (device)

    References
    ----------
    Modoranu et al., "SVD-Free Low-Rank Adaptive Gradient Optimization for Large Language Models", arXiv 2505.17967.

    Examples
    --------
    >>> import numpy as np
    >>> found = select_columns([[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]], 1)
    >>> found.indices.tolist(), round(found.captured, 12), round(found.certificate.achieved, 12)
    ([0], 10.0, 2.0)
    >>> found.certificate.verify([[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]])
    True
    """
    choice("rule", rule, RULES)
    choice("method", method, METHODS)
    chosen = Basis(basis)
    xp = array_namespace(G)
    X = _exact(G) if not is_foreign(G) and as_array("G", G).dtype.kind == "O" else real_array(xp, "G", G, finite=False)
    if X.ndim != 2 or 0 in X.shape:
        raise must("G", "a matrix with at least one entry", tuple(X.shape))
    n = min(map(int, X.shape))
    if integer("rank", rank, low=1) > n:
        raise must("rank", f"at most {n}, the smaller side of `G`", rank)
    if chosen.matrix is not None and method == "fft":
        raise must("method", '"auto" or "gemm" with a basis of its own', method)
    taken, reason = chosen_method(X, chosen, method)
    if taken != "exact" and chosen.is_exact:
        chosen.matrix = np.asarray(chosen.matrix, np.float64)
    found = selected(xp, X, rank, chosen, rule=rule, method=taken)
    word = type_name(X.dtype)
    part = chosen.part(n, found.indices, word)
    captured = found.energies[found.indices].sum()
    indices, energies, certificate = found.indices, found.energies, found.certificate
    if is_foreign(X):  # everything comes back where the matrix is
        device = getattr(X, "device", None)
        indices, energies, part = (xp.asarray(one, device=device) for one in (indices, energies, part))
        own = None if certificate.basis is None else xp.asarray(certificate.basis, device=device)
        certificate = replace(certificate, indices=indices, basis=own)
    return ColumnSelection(
        indices,
        found.coefficients,
        captured if taken == "exact" else float(captured),
        energies,
        found.axis,
        part,
        taken,
        reason,
        certificate,
    )


def chosen_method(X: Any, basis: Basis, method: str) -> tuple[str, str]:
    """The way to apply the basis, and the reason for it."""
    if type_name(X.dtype) == "object":
        exact = basis.is_exact
        if not exact:
            raise must("basis", "of exact numbers, as `G`", "dct" if basis.matrix is None else basis.matrix)
        return "exact", "Fractions are computed with exactly"
    if basis.matrix is not None:
        return "gemm", "the basis is a matrix"
    if method != "auto":
        return method, "as asked for"
    n = min(X.shape)
    if n <= GEMM:
        return "gemm", f"{n} columns are at most {GEMM}"
    return ("gemm", "the matrix stays on its device") if is_foreign(X) else ("fft", f"{n} columns are above {GEMM}")


def selected(xp: Any, X: Any, rank: int, basis: Basis, *, rule: str = "l2", method: str, name: str = "G") -> Selected:
    """The selection for a checked matrix, by one method."""
    axis = _axis(X.shape)
    S = _applied(xp, X, axis, basis, method)
    along = 1 - axis
    if method == "exact":
        energies = (S**2).sum(axis=along)
        scores = energies if rule == "l2" else np.abs(S).sum(axis=along)
    else:
        size, shares = _sums(xp, S, along, "l2")
        scores = shares if rule == "l2" else _sums(xp, S, along, "l1")[1]
        with np.errstate(over="ignore"):
            energies = shares * size * size
        if not np.isfinite(energies.sum()):  # the only look at what is not finite
            if not bool(xp.all(xp.isfinite(X))):
                raise must(name, "finite", Words("an infinity or NaN"))
            largest = float(xp.max(xp.abs(X)))
            raise must(name, "so small that its squares are finite", Words(f"entries up to {largest:.3g}"))
    indices = np.sort(np.argsort(-scores, kind="stable")[:rank])
    S = xp.take(S, xp.asarray(indices, device=S.device), axis=axis) if is_foreign(S) else S.take(indices, axis=axis)
    return Selected(indices, S, energies, axis, _certificate(energies, indices, rule, X.shape, basis))


def _certificate(energies: np.ndarray, indices: np.ndarray, rule: str, shape: Any, basis: Basis) -> ColumnCertificate:
    """The proof of what the columns hold that were not chosen."""
    axis = _axis(shape)
    least = int(shape[axis]) * (1 if rule == "l2" else int(shape[1 - axis]))
    others = energies.copy()
    others[indices] = 0
    left = others.sum()
    if energies.dtype.kind == "O":
        bound = (1 - Fraction(len(indices), least)) * energies.sum()
    else:
        left, bound = float(left), (1 - len(indices) / least) * float(energies.sum())
    return ColumnCertificate._of(left, bound, STATEMENTS[rule], indices, axis, basis.matrix)


def _applied(xp: Any, X: Any, axis: int, basis: Basis, method: str) -> Any:
    """All coefficients of a matrix along one axis."""
    device = getattr(X, "device", None)
    if method == "fft":
        from scipy import fft

        host = fft.dct(np.asarray(to_numpy(X)), axis=axis, norm="ortho")
        return xp.asarray(host, device=device) if is_foreign(X) else host
    Q = basis.whole(int(X.shape[axis]), type_name(X.dtype))
    placed = xp.asarray(Q, device=device) if is_foreign(X) else Q
    with np.errstate(all="ignore"):  # what leaves the range is refused by its squares
        return X @ placed if axis == 1 else placed.T @ X


def _axis(shape: Sequence[int]) -> int:
    """The axis of the smaller side; the last one where both are equal."""
    return int(shape[1] <= shape[0])


def _sums(xp: Any, S: Any, along: int, rule: str) -> tuple[float, np.ndarray]:
    """A power of two, and the sums of squares or of absolute values of coefficients divided by it."""
    size, total = 1.0, _added(xp, S, along, rule)
    if not SAFE[0] < float(total.sum()) < SAFE[1]:  # NaN is not inside
        size, scaled = _scaled(xp, S)
        total = _added(xp, scaled, along, rule)
    return size, total


def _added(xp: Any, S: Any, along: int, rule: str) -> np.ndarray:
    """Sums along one axis; parts in the precision of the coefficients, which are added in double precision."""
    if is_foreign(S):
        terms = S * S if rule == "l2" else xp.abs(S)
        return np.asarray(to_numpy(xp.sum(terms, axis=along, dtype=xp.float64)))
    rows = S if along == 0 else S.T
    total = np.zeros(rows.shape[1])
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, len(rows), PART):
            part = rows[start : start + PART]
            total += np.einsum("ij,ij->j", part, part) if rule == "l2" else np.abs(part).sum(axis=0)
    return total


def _scaled(xp: Any, X: Any) -> tuple[float, Any]:
    """A power of two, and the matrix divided by it, so that squares neither overflow nor vanish."""
    largest = float(xp.max(xp.abs(X)))
    if largest == 0 or 2.0**-40 <= largest <= 2.0**40:
        return 1.0, X
    size = math.ldexp(1.0, min(1023, max(-1022, math.frexp(largest)[1])))
    return size, X / size


def _exact(X: Any) -> np.ndarray:
    """An array of exact numbers, integers as Fractions, so that quotients stay exact."""
    given = array("G", X)
    return np.array([Fraction(x) for x in given.flat], dtype=object).reshape(given.shape)
