r"""Least squares by sketch and precondition: a random sketch finds the shape, an iteration the accuracy.

.. math:: S A = Q R, \qquad \text{then iterate on } \min_y \|A R^{-1} y - b\| .

If S changes no length in the range of A by more than a factor 1 +- e, then A R^{-1} has condition number at most
(1 + e) / (1 - e), whatever that of A was (statement MC-L1), so the number of steps does not depend on A (MC-L2).

It pays where panels are badly conditioned, each in its own way. With an orthonormal factor and a uniform sample the
mask is already a sketch (statement MC-W1): plain conjugate gradients need no more steps, and save the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._kernels.units import unit_of
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, flag, generator, integer, must, open_interval
from lrtheory.matrix_completion.theory.sketch_bounds import distortion

__all__ = ["LstsqResult", "precondition", "sketch", "sketched_lstsq"]

KINDS = ("countsketch", "osnap", "srht", "gaussian", "leverage", "uniform")
BLOCKS = 4  # nonzero entries in each column of the OSNAP matrix, one in each block of its rows
ROUNDING = 16 * np.finfo(np.float64).eps  # of a gradient, relative to the residual: A R^{-1} is nearly orthonormal
DIVERGED = 1e6  # length of the gradient relative to the first one, at which unit steps are given up
FARTHEST = 1000  # columns that are smaller than the largest one by 2^1000 and more are alike without a preconditioner
RESOLVED = 1e-14  # share of \|b\| below which a residual is rounding


@result
class LstsqResult(Result):
    r"""A least squares solution.

    Attributes
    ----------
    x : array of shape (k,) or (k, r)
        One column for each right-hand side.
    residual_norms : array of shape (r,)
        \|A x - b\| of each right-hand side.
    gradients : array of shape (r,)
        \|R^{-T} A^T (b - A x)\| / \|b\|, which is 0 for the exact solution.
    R : array of shape (k, k)
        The preconditioner, upper triangular.
    method, reason : str
        The iteration, and the matrix whose triangle R is.
    n_iter : int
        The largest number of steps of a right-hand side.
    converged : bool
        Whether all have provably reached the accuracy.
    message : str
        Reason for an accuracy that was not reached; else empty.
    counts : mapping
        ``flops``, ``inner_iterations``, ``sketches``, ``sketch_rows``.
    trace : mapping or None
        ``x``, of shape (n_iter + 1, k): the iterates of the last right-hand side.
    """

    x: np.ndarray
    residual_norms: np.ndarray
    gradients: np.ndarray
    R: np.ndarray
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    trace: Mapping[str, np.ndarray] | None


@arrays("host")
def sketch(A: ArrayLike, sketch_size: int, *, kind: str = "countsketch", rng: Rng = None) -> np.ndarray:
    r"""A random sketch S A with E[S^T S] = I.

    Arrays: any (copied to the host)

    Parameters
    ----------
    A : array of shape (n, k)
        Matrix to compress.
    sketch_size : int
        Rows s of the sketch, at least 1.
    kind : {"countsketch", "osnap", "srht", "gaussian", "leverage", "uniform"}
        "countsketch" adds each row of A, with a random sign, to one random row of the sketch; "osnap" does so in four
        blocks; "srht" samples a randomly signed Hadamard transform; "gaussian" multiplies by a Gaussian matrix;
        "leverage" and "uniform" sample rows of A with replacement, by leverage scores or uniformly.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    array of shape (s, k)
        The sketch.

    Raises
    ------
    ValueError
        If `A` has not two axes, or the kind is unknown.

    References
    ----------
    .. [1] D. Woodruff, Sketching as a Tool for Numerical Linear Algebra, Foundations and Trends in Theoretical Computer
       Science 10, 2014.

    Examples
    --------
    >>> sketch(np.eye(5), 20, kind="gaussian", rng=0).shape
    (20, 5)
    """
    # in double precision whatever comes: the proof of accuracy needs digits that single precision lacks
    matrix = np.ascontiguousarray(array("A", A, shape=(None, None)), dtype=np.float64)
    s, rng = integer("sketch_size", sketch_size, low=1), generator(rng)
    return _maker(choice("kind", kind, KINDS))(matrix, s, rng)


# Each sketch is scaled so that E[S^T S] = I: squared lengths are right on average.


def _countsketch(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    n = len(A)
    buckets = rng.integers(s, size=n)
    signs = rng.choice([-1.0, 1.0], size=n)
    return sparse.csr_array((signs, (buckets, np.arange(n))), shape=(s, n)) @ A


def _osnap(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    if s < BLOCKS:
        return _countsketch(A, s, rng)
    sizes = [len(part) for part in np.array_split(np.arange(s), BLOCKS)]
    return np.concatenate([_countsketch(A, size, rng) for size in sizes]) / np.sqrt(BLOCKS)


def _gaussian(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(s, len(A))) @ A / np.sqrt(s)


def _srht(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    n = 1 << max(0, (len(A) - 1).bit_length())  # the transform needs a power of two: rows of zeros are added
    mixed = np.zeros((n, A.shape[1]))
    mixed[: len(A)] = rng.choice([-1.0, 1.0], size=(len(A), 1)) * A
    half = 1
    while half < n:  # the butterflies of the fast Hadamard transform
        pairs = mixed.reshape(-1, 2, half, A.shape[1])
        mixed = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(n, -1)
        half *= 2
    # the butterflies multiply by sqrt(n) times an orthogonal matrix, and sampling s of n rows asks for sqrt(n / s):
    # the two factors of sqrt(n) cancel
    return mixed[rng.choice(n, s, replace=s > n)] / np.sqrt(s)


def _sampled(A: np.ndarray, s: int, rng: np.random.Generator, law: np.ndarray) -> np.ndarray:
    rows = rng.choice(len(A), s, p=law)  # a row is weighted by one over the root of its expected number of copies
    return A[rows] / np.sqrt(s * law[rows])[:, None]


def _leverage(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    scores = (np.linalg.qr(A)[0] ** 2).sum(axis=1)
    return _sampled(A, s, rng, scores / scores.sum())


def _uniform(A: np.ndarray, s: int, rng: np.random.Generator) -> np.ndarray:
    return _sampled(A, s, rng, np.full(len(A), 1 / len(A)))


def _maker(kind: str) -> Callable[[np.ndarray, int, np.random.Generator], np.ndarray]:
    makers = {
        "countsketch": _countsketch,
        "osnap": _osnap,
        "srht": _srht,
        "gaussian": _gaussian,
        "leverage": _leverage,
        "uniform": _uniform,
    }
    return makers[kind]


@arrays("host")
def sketched_lstsq(
    A: ArrayLike,
    B: ArrayLike,
    *,
    epsilon: float = 1e-6,
    sketch_size: int | None = None,
    kind: str = "countsketch",
    method: Literal["cg", "gd"] = "cg",
    max_iter: int = 100,
    repeats: int = 3,
    rng: Rng = None,
    record: bool = False,
) -> LstsqResult:
    r"""Least squares to a relative accuracy, preconditioned by a random sketch.

    Arrays: any (copied to the host)

    Parameters
    ----------
    A : array of shape (n, k)
        Matrix of full column rank; n >= k.
    B : array of shape (n,) or (n, r)
        Right-hand sides.
    epsilon : float
        Accuracy: \|A x - b\| <= (1 + epsilon) min \|A x - b\|, in (0, 1).
    sketch_size : int or None
        Rows of the sketch, at least k; None is 16 k.
    kind : str
        As in `sketch`.
    method : {"cg", "gd"}
        Conjugate gradients, or gradient descent with unit steps, which needs a distortion below 1 - 1 / sqrt 2.
    max_iter : int
        Largest number of steps with each sketch.
    repeats : int
        Largest number of sketches; another one is drawn where one has lost rank, or the iteration has not converged.
        After the last one R is taken from A itself.
    rng : Generator, int or None
        Source of randomness.
    record : bool
        Whether to keep the iterates.

    Returns
    -------
    LstsqResult
        The solution `x` (k,) or (k, r), and how far it is proved.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is out of range, or the solution is.

    Notes
    -----
    With g the gradient in the variables y = R x and sigma the smallest singular value of A R^{-1}, \|A (x - x*)\| <=
    g / sigma, so the iteration stops when g^2 / sigma^2 <= (2 epsilon + epsilon^2) (\|A x - b\|^2 - g^2 / sigma^2). It
    takes sigma = 1 / (1 + e) with the distortion e of the sketch that was drawn (statement MC-L1), computed from
    A R^{-1}: a sketch may be unlucky, and no gradient shows that. This proof is the most expensive part, about 4 n k^2
    operations. Then \|x - x*\| <= sqrt(2 epsilon + epsilon^2) min \|A x - b\| / sigma_min(A) (statement MC-L3).

    References
    ----------
    .. [1] V. Rokhlin, M. Tygert, A Fast Randomized Algorithm for Overdetermined Linear Least-Squares Regression, PNAS
       105, 2008.

    Examples
    --------
    >>> A, b = np.vander(np.linspace(0, 1, 200), 5), np.linspace(0, 1, 200)
    >>> abs(sketched_lstsq(A, b, rng=0).x.round(6)).tolist()
    [0.0, 0.0, 0.0, 1.0, 0.0]
    """
    matrix = np.ascontiguousarray(array("A", A, shape=(None, None)), dtype=np.float64)
    n, k = matrix.shape
    if not 1 <= k <= n:
        raise must("A", "of shape (n, k) with 1 <= k <= n", matrix.shape)
    sides = np.ascontiguousarray(array("B", B), dtype=np.float64)
    if sides.ndim not in (1, 2) or len(sides) != n:
        raise must("B", f"of shape ({n},) or ({n}, r)", sides.shape)
    epsilon, size = open_interval("epsilon", epsilon, 0, 1), 16 * k if sketch_size is None else sketch_size
    size = integer("sketch_size", size, low=k)
    method, record = choice("method", method, ("cg", "gd")), flag("record", record)
    max_iter, repeats = integer("max_iter", max_iter, low=1), integer("repeats", repeats, low=1)
    rng = generator(rng)
    choice("kind", kind, KINDS)
    # columns have their own units, since squares of numbers that are far apart are not all in range
    lengths, units = (np.array([unit_of(one) for one in M.T], int) for M in (matrix, sides.reshape(n, -1)))
    lengths = np.where(matrix.any(axis=0), lengths, unit_of(matrix))
    matrix, targets = np.ldexp(matrix, -lengths), np.ldexp(sides.reshape(n, -1), -units)
    for conditioner in _preconditioners(matrix, size, kind, repeats, rng, lengths - lengths.max()):
        solved = [_solve(matrix, b, conditioner, epsilon, method, max_iter) for b in targets.T]
        if all(one.proved for one in solved):
            break
    solved = [one.in_units(unit - lengths, unit) for one, unit in zip(solved, units, strict=True)]
    if not all(np.isfinite(one.path[-1]).all() for one in solved):
        raise must("A", "a matrix with a solution in the range of doubles", matrix.shape)
    return _as_lstsq(sides, conditioner._replace(R=np.ldexp(conditioner.R, lengths)), solved, method, record)


class _Preconditioner(NamedTuple):
    """A triangle R with a lower bound on the singular values of A R^{-1}, and the reason why it was taken."""

    R: np.ndarray
    smallest: float  # the lower bound; 0 proves nothing
    drawn: int  # sketches drawn so far, this one included
    rows: int
    flops: int  # spent so far on all of them
    origin: str


def _preconditioners(
    A: Any, size: int, kind: str, repeats: int, rng: np.random.Generator, own: np.ndarray
) -> Iterator[_Preconditioner]:
    """Yield R of each full-rank sketch (`repeats` at most), then R of A; no preconditioner where A lacks full rank.

    The columns of A were divided by 2^own, so what leaves the regression as it was is the inverse of that.
    """
    (n, k), drawn, flops = A.shape, 0, 0
    while size < n and drawn < repeats:
        R, drawn, flops = triangle(A, size, kind, rng), drawn + 1, flops + 2 * size * k * k
        if R is not None:
            flops += 4 * n * k * k  # of the distortion
            # sigma_min(A R^{-1}) >= 1 / (1 + e) for the distortion e of this very sketch (statement MC-L1)
            yield _Preconditioner(R, 1 / (1 + distortion(A, R)), drawn, size, flops, f"{kind}, {size} rows")
    R, after = triangle(A, n, kind, rng), f" after {drawn} sketches of {size} rows" if drawn else ""
    flops += 2 * n * k * k
    if R is not None:
        yield _Preconditioner(R, 1.0, drawn, n, flops, f"A itself{after}")  # A R^{-1} = Q is orthonormal
    else:  # conjugate gradients from zero end at the shortest solution, but nothing proves how near they are
        plain = np.diag(np.ldexp(1.0, -np.maximum(own, -FARTHEST)))
        yield _Preconditioner(plain, 0.0, drawn, n, flops, f"none: A lacks full column rank{after}")


def triangle(A: np.ndarray, sketch_size: int, kind: str, rng: np.random.Generator) -> np.ndarray | None:
    """Return R of a QR decomposition of a sketch of A, or of A where that is no larger; None where rank is lost."""
    compressed = A if sketch_size >= len(A) else sketch(A, sketch_size, kind=kind, rng=rng)
    R: Any = np.linalg.qr(compressed, mode="r")
    # Rank is lost where a diagonal entry, the part of a column outside of those before it, is rounding relative to the
    # length of that column: each column has its own unit.
    lengths = np.linalg.norm(R, axis=0)
    return R if (abs(np.diagonal(R)) > len(R) * np.finfo(R.dtype).eps * lengths).all() else None


def precondition(A: np.ndarray, sketch_size: int, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return R as `triangle` does; where rank is lost, the identity, which leaves the regression as it is."""
    R = triangle(A, sketch_size, kind, rng)
    return np.eye(A.shape[1]) if R is None else R


def iterates(A: Any, b: Any, R: Any, x: Any, *, method: str, enough: Callable[[Any, Any], bool], max_iter: int) -> Any:
    """Iterate x_0 = x, x_1, ... in the variables y = R x until ``enough(gradient, residual)`` holds.

    Returns the list of all x_t, the last residual b - A x and the last gradient R^{-T} A^T (b - A x).

    It also ends where the gradient is the rounding of the residual: quotients of such gradients are noise, and further
    steps of conjugate gradients would leave the solution. And it ends where unit steps have made the gradient 10^6
    times longer than at the start: then the distortion is too large for them to converge (statement MC-L2).
    """
    from scipy.linalg import solve_triangular

    def gradient_of(residual: np.ndarray) -> np.ndarray:  # minus the gradient in y, a direction of descent
        return solve_triangular(R, A.T @ residual, trans="T")

    residual = b - A @ x
    g = gradient_of(residual)
    p, found, longest = g, [x], np.inf if method == "cg" else DIVERGED * np.linalg.norm(g)
    while len(found) <= max_iter and not enough(g, residual):
        if not ROUNDING * np.linalg.norm(residual) < np.linalg.norm(g) <= longest:
            break
        step = solve_triangular(R, p)  # the direction p of the variables y, in those of x
        moved = A @ step
        curvature = moved @ moved  # p^T (A R^{-1})^T (A R^{-1}) p
        if curvature == 0 or not np.isfinite(curvature):
            break
        length = 1.0 if method == "gd" else (g @ g) / curvature
        found.append(found[-1] + length * step)
        residual = residual - length * moved
        after = gradient_of(residual)
        p = after if method == "gd" else after + (after @ after) / (g @ g) * p
        g = after
    return found, residual, g


class _Solved(NamedTuple):
    """The iterates for one right-hand side, and whether the last one is proved to be accurate."""

    path: np.ndarray  # all iterates, of shape (n_iter + 1, k)
    residual: float  # |A x - b| of the last one
    gradient: float  # |R^{-T} A^T (b - A x)| / |b| of the last one
    proved: bool

    def in_units(self, powers: np.ndarray, unit: int) -> _Solved:
        """Multiply the solution by 2^powers, which may leave the range, and the residual by 2^unit."""
        with np.errstate(over="ignore"):
            return self._replace(path=np.ldexp(self.path, powers), residual=float(np.ldexp(self.residual, unit)))


def _solve(A: Any, b: Any, conditioner: _Preconditioner, epsilon: float, method: str, max_iter: int) -> _Solved:
    """Iterate for one right-hand side until the accuracy is proved, or the iteration ends without a proof."""
    size, slack = np.linalg.norm(b), 2 * epsilon + epsilon**2

    def enough(g: np.ndarray, residual: np.ndarray) -> bool:
        # The rule of `sketched_lstsq` with both sides times sigma^2, so that sigma = 0 proves nothing. The second
        # condition is for b in the range of A, where the best residual is 0 and the rule would ask for a gradient of 0.
        error, square = g @ g, conditioner.smallest**2
        proved = bool(error <= slack * (square * (residual @ residual) - error))
        return proved or np.linalg.norm(g) <= RESOLVED * square * size

    found, residual, g = iterates(
        A, b, conditioner.R, np.zeros(A.shape[1]), method=method, enough=enough, max_iter=max_iter
    )
    gradient = float(np.linalg.norm(g) / size) if size > 0 else 0.0
    return _Solved(np.array(found), float(np.linalg.norm(residual)), gradient, enough(g, residual))


def _as_lstsq(
    sides: Any, conditioner: _Preconditioner, solved: list[_Solved], method: str, record: bool
) -> LstsqResult:
    """Collect the solutions of all right-hand sides in a result."""
    n, k, steps = len(sides), len(conditioner.R), [len(one.path) - 1 for one in solved]
    X = np.stack([one.path[-1] for one in solved], axis=1) if solved else np.zeros((k, 0))
    proved = all(one.proved for one in solved)
    inner = sum(steps)
    return LstsqResult(
        x=X[:, 0] if sides.ndim == 1 else X,
        residual_norms=np.array([one.residual for one in solved]),
        gradients=np.array([one.gradient for one in solved]),
        R=conditioner.R,
        method=method,
        reason=conditioner.origin,
        n_iter=max(steps, default=0),
        converged=proved,
        message="" if proved else "the accuracy was not reached, or not proved: A may lack full column rank",
        counts={
            "flops": conditioner.flops + inner * (4 * n * k + 2 * k * k),
            "inner_iterations": inner,
            "sketches": conditioner.drawn,
            "sketch_rows": conditioner.rows,
        },
        trace={"x": solved[-1].path} if record and solved else None,
    )
