"""Updates of a factor of curvature by one vector: the inverse, and two formulas that are printed in its place."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, is_foreign, real_array, to_numpy
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import Words, array, as_array, choice, must, open_interval

__all__ = ["METHODS", "exact_or_real", "is_exact", "stabilized", "update_curvature", "updated"]

METHODS = ("exact", "published", "released")


@arrays("device")
def update_curvature(X: ArrayLike, g: ArrayLike, *, decay: Number, method: str = "exact") -> Array:
    r"""Update the inverse X = L^{-1} of a factor of curvature when one vector g is seen.

    The factor becomes decay L + (1 - decay) g g^T. The exact update is its inverse, by the formula of Sherman and
    Morrison in 4 d^2 + d multiplications (statements MK-1, MK-8), and it is symmetric bit by bit where X is. The check
    that X is positive definite costs more, of order d^3; `MKOR` goes without it.

    Parameters
    ----------
    X : array of shape (d, d)
        Symmetric and positive definite. Arrays of Fractions are computed with exactly.
    g : array of shape (d,)
        The vector that is seen, such as the mean of a batch of activations.
    decay : float
        In (0, 1): what is kept of the old factor.
    method : {"exact", "published", "released"}
        "exact" inverts. "published" is the formula of the first author's thesis, decay X + c X g g^T X with c = (1 -
        decay) / (decay^2 (1 + decay (1 - decay) g^T X g)): it stays positive definite, but it is the inverse of nothing
        in particular and grows along g, where curvature should damp. "released" is what the authors' program does: X
        becomes decay X + (1 - decay) I, which is then updated by g g^T with weight 1.

    Returns
    -------
    array of shape (d, d)
        The updated X, in the precision of X.

    Raises
    ------
    ValueError
        If X is not symmetric and positive definite, a shape or an option is another one, an entry is not finite, or
        the update leaves the range of numbers.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Arrays: any (device)

    References
    ----------
    Mozaffari et al., "MKOR: Momentum-Enabled Kronecker-Factor-Based Optimizer Using Rank-1 Updates", NeurIPS 2023,
    arXiv 2306.01685. The formula of "published" is taken from the thesis of its first author, and was not compared with
    the paper.

    Examples
    --------
    The inverse of 1/2 + 1/2 is 1, and the formula of the thesis gives 2.1.

    >>> from fractions import Fraction
    >>> import numpy as np
    >>> one, half = np.array([[Fraction(1)]]), Fraction(1, 2)
    >>> print(update_curvature(one, one[0], decay=half)[0, 0])
    1
    >>> print(update_curvature(one, one[0], decay=half, method="published")[0, 0])
    21/10
    """
    choice("method", method, METHODS)
    xp = array_namespace(X, g)
    start: Any = exact_or_real(xp, "X", X)
    if start.ndim != 2 or start.shape[0] != start.shape[1] or start.shape[0] == 0:
        raise must("X", "a square matrix", tuple(start.shape))
    seen: Any = exact_or_real(xp, "g", g)
    if tuple(seen.shape) != (start.shape[0],):
        raise must("g", f"of shape ({start.shape[0]},)", tuple(seen.shape))
    share: Any = open_interval("decay", decay, 0, 1)
    if is_exact(start) != is_exact(seen):
        raise must("g", "an array of the same kind of numbers as `X`", seen.dtype, TypeError)
    _check_definite(xp, start)
    if is_exact(start):
        kept: Any = decay
        return updated(xp, start, seen, Fraction(kept), method)
    with np.errstate(all="ignore"):  # what overflows is refused below
        found = updated(xp, start, xp.astype(seen, start.dtype), share, method)
    if not bool(xp.all(xp.isfinite(found))):
        raise must(
            "g", "so small that the update stays finite", Words(f"entries up to {float(xp.max(xp.abs(seen))):.3g}")
        )
    return found


def updated(xp: Any, X: Any, g: Any, decay: Any, method: str) -> Any:
    """The update of a checked X; products u_i u_j are formed first, so that a symmetric X stays symmetric."""
    keep = 1 - decay
    if method == "released":
        X = stabilized(xp, X, decay)
    u = X @ g
    s = g @ u
    outer = u[:, None] * u[None, :]
    if method == "published":
        return decay * X + keep / (decay * decay * (1 + decay * keep * s)) * outer
    if method == "released":
        return X - outer / (1 + s)
    return (X - keep / (decay + keep * s) * outer) / decay


def stabilized(xp: Any, X: Any, weight: Any) -> Any:
    """A mean of a matrix and the identity, in which the matrix has the given weight."""
    return weight * X + (1 - weight) * xp.eye(X.shape[0], dtype=X.dtype, device=X.device)


def exact_or_real(xp: Any, name: str, value: Any) -> Any:
    """An array of Fractions as it is, and every other as one of real numbers of the library."""
    if not is_foreign(value) and as_array(name, value).dtype.kind == "O":
        return array(name, value)
    return real_array(xp, name, value)


def is_exact(value: Any) -> bool:
    """Whether an array holds exact numbers."""
    return not is_foreign(value) and value.dtype.kind == "O"


def _check_definite(xp: Any, X: Any) -> None:
    """Refuse a matrix that is not symmetric up to rounding, or has an eigenvalue that is not above 0."""
    if is_exact(X):
        least = _least_pivot(X)
        if (X != X.T).any() or least <= 0:
            raise must("X", "symmetric positive definite", Words(f"least pivot {least}"))
        return
    size = float(xp.max(xp.abs(X)))
    skew = float(xp.max(xp.abs(X - X.T)))
    if skew > 8 * X.shape[0] * float(xp.finfo(X.dtype).eps) * size:
        raise must("X", "symmetric positive definite", Words(f"entries that differ by {skew:.3g} from their mirror"))
    least = float(np.linalg.eigvalsh(to_numpy(X)).min())
    if not least > 0:
        raise must("X", "symmetric positive definite", Words(f"smallest eigenvalue {least:.3g}"))


def _least_pivot(X: Any) -> Any:
    """The least pivot of exact elimination, which stops at the first that is not above 0."""
    rest, least = X.copy(), X[0, 0]
    while len(rest):
        least = min(least, rest[0, 0])
        if least <= 0:
            break
        rest = rest[1:, 1:] - rest[1:, :1] * rest[:1, 1:] / Fraction(rest[0, 0])
    return least
