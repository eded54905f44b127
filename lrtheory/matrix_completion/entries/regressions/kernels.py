r"""The kernels: one small regression for every line of the matrix, with the other factor fixed.

.. math:: u_i = \arg\min_u \; \|P u - x\|^2 + \lambda \|u\|^2, \qquad P = F_{\Omega_i} \in \mathbb{R}^{d \times k} .

A line is a row of the matrix, or a column when columns are solved for; its d observations x select d rows of F, its
panel P. Each line gathers its panel once into a buffer that fits the cache, and then reads that alone. No line reads
the result of another one, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._parallel import in_threads
from lrtheory.matrix_completion.entries.compressed import Compressed
from lrtheory.matrix_completion.entries.regressions import padded_rows
from lrtheory.matrix_completion.entries.regressions.padded_rows import FAST, eliminated, gathered, gram, squared

__all__ = ["Regressions", "conjugate_gradients", "entries", "least_norm", "normal_equations"]


class Rule(NamedTuple):
    """The numbers that kernels of both methods take; the two floats are of the type of the values."""

    rank: int  # the columns of F without those that only fill its rows
    ridge: np.floating
    tol: np.floating  # relative accuracy of conjugate gradients; of a Gram matrix, the pivots that count as zero
    max_inner_iter: int


class Workspace(NamedTuple):
    """The memory of one thread: the panel of a line, and as many rows of the same width as a method needs."""

    panel: np.ndarray
    rows: np.ndarray


class Regressions(NamedTuple):
    """The solutions of one half-step, and one number per line for each of the other fields; kernels write to all."""

    factor: np.ndarray  # (lines, k)
    residuals: np.ndarray  # norm of the residual of the normal equations, relative to |P^T x|; 0 where not measured
    squares: np.ndarray  # |P u - x|^2 of the factor at the start
    steps: np.ndarray  # inner steps


def conjugate_gradients(
    lines: Compressed,
    F: np.ndarray,
    init: np.ndarray,
    *,
    ridge: float,
    tol: float,
    max_inner_iter: int,
    n_threads: int = 1,
) -> Regressions:
    """Solve each line by conjugate gradients from `init`, until the normal equations hold to a relative accuracy `tol`.

    The accuracy is |P^T (x - P u) - ridge u| <= tol |P^T x|, line by line.
    """
    work, fixed = _start(lines, init), _fixed(lines, F)
    # Jacobi preconditioner without a sweep over the panels: d rows of a uniform sample have squared column lengths of
    # about d times the mean over all rows of F, which is the diagonal of P^T P.
    scales = np.einsum("ij,ij->j", fixed, fixed) / fixed.dtype.type(len(F))
    scales[scales == 0] = 1  # a column of zeros has residual 0, so any positive number will do
    scales = kernel_input(scales)
    rule = Rule(F.shape[1], work.factor.dtype.type(ridge), work.factor.dtype.type(tol), max_inner_iter)
    workspace = partial(_workspace, lines, fixed, 5)
    _in_threads(n_threads, lines, lambda block: _cg_lines(lines, fixed, scales, rule, block, workspace(block), work))
    return _unpadded(work, F.shape[1])


def normal_equations(
    lines: Compressed, F: np.ndarray, init: np.ndarray, *, ridge: float, n_threads: int = 1
) -> Regressions:
    """Solve each line by Cholesky of P^T P + ridge I; where that is singular, take the solution of least norm."""
    work, fixed, k = _start(lines, init), _fixed(lines, F), F.shape[1]
    kind, workspace = fixed.dtype.type, partial(_workspace, lines, fixed, padded_rows.height(k) + 2)
    rule = Rule(k, kind(ridge), kind(4 * k * np.finfo(kind).eps), 0)
    _in_threads(n_threads, lines, lambda block: _exact_lines(lines, fixed, rule, block, workspace(block), work))
    work = _unpadded(work, k)
    # A step count of -1 is the kernel's mark of a singular line (statement MC-L10); least squares need LAPACK.
    for i in np.flatnonzero(work.steps < 0):
        here = slice(lines.starts[i], lines.starts[i + 1])
        work.factor[i] = least_norm(F[lines.indices[here]], lines.values[here])
    work.steps[:] = 0
    return work


def least_norm(P: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the shortest u that minimizes |P u - x|, for P of shape (d, k) and x of shape (d,)."""
    return np.linalg.lstsq(P, x, rcond=None)[0]


def entries(rows: np.ndarray, cols: np.ndarray, U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Evaluate the entries (U V^T)_ij at N positions, without a temporary array of N k numbers."""
    U, V = kernel_input(U), kernel_input(V, U.dtype)
    found = np.empty(len(rows), dtype=U.dtype)
    _entries(kernel_input(rows, np.int32), kernel_input(cols, np.int32), U, V, found)
    return found


def gradients(lines: Compressed, F: np.ndarray, factor: np.ndarray, ridge: float) -> np.ndarray:
    """Return |P^T (x - P u) - ridge u| / |P^T x| for each line; where P^T x is 0, the numerator alone."""
    found, fixed = np.zeros(lines.n_lines), _fixed(lines, F)
    workspace, factor = _workspace(lines, fixed, 2, (0, lines.n_lines)), padded_rows.padded(factor, fixed.dtype)
    _gradient_lines(lines, fixed, kernel_input(factor), fixed.dtype.type(ridge), workspace, found)
    return found


def _fixed(lines: Compressed, F: np.ndarray) -> np.ndarray:
    """Return the fixed factor as kernels read it, in the type of the values and with rows of whole vectors."""
    return kernel_input(padded_rows.padded(F, lines.values.dtype))


def _start(lines: Compressed, init: np.ndarray) -> Regressions:
    """Return the arrays that the kernels write to, with a padded copy of `init` as the factor."""
    n = lines.n_lines
    factor = padded_rows.padded(init, lines.values.dtype)
    return Regressions(factor, np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))


def _unpadded(work: Regressions, k: int) -> Regressions:
    """Return what the kernels have found, without the zeros that end the rows of the factor."""
    return work._replace(factor=np.array(work.factor[:, :k], order="C"))


def _workspace(lines: Compressed, F: np.ndarray, height: int, block: tuple[int, int]) -> Workspace:
    """Return the memory of the thread that solves a block of lines: the longest panel, and some rows more."""
    first, last = block
    longest = int(lines.degrees[first:last].max(initial=0))
    memory = padded_rows.aligned((longest + height, F.shape[1]), F.dtype)
    return Workspace(memory[:longest], memory[longest:])


def _in_threads(n_threads: int, lines: Compressed, work: Callable[[tuple[int, int]], object]) -> None:
    """Run the work on one block of lines per thread; kernels release the interpreter lock.

    Blocks hold about equally many observations, and not lines, since the time of a line grows with its degree.
    """
    if n_threads == 1:  # many small problems, one after another: cutting would cost more than the work
        work((0, lines.n_lines))
        return
    shares = np.linspace(0, lines.starts[-1], n_threads + 1)[1:-1]
    ends = [0, *np.searchsorted(lines.starts, shares).tolist(), lines.n_lines]
    in_threads(work, [(block,) for block in itertools.pairwise(ends)])


# --- kernels ---------------------------------------------------------------------------------------------------------
#
# `lines` is a `Compressed`: the observations of line i stand from starts[i] to starts[i + 1] - 1 in `indices`, the rows
# of F that they select, and in `values`. Its arrays and F are read-only; those of `work`, a `Regressions`, are written
# to. A kernel solves the lines of a block (first, last), last excluded, for one thread, which alone uses `workspace`.
# Rows of F, of factors and of the workspace end in zeros that fill a vector register (see `padded_rows`).
#
# For the normal equations (P^T P + ridge I) u = b with b = P^T x, the names are those of textbooks on conjugate
# gradients: r is the residual b - (P^T P + ridge I) u, z = r scaled by the preconditioner, p the search direction, and
# w the matrix times p.


@kernel(nogil=True, fastmath=FAST)
def _entries(rows, cols, U, V, found):
    k = U.shape[1]
    for e in range(rows.shape[0]):
        i, j = rows[e], cols[e]
        total = U[i, 0] * V[j, 0]
        for c in range(1, k):
            total += U[i, c] * V[j, c]
        found[e] = total


@kernel(nogil=True, fastmath=FAST)
def _square(a):
    total = a[0] * a[0]
    for c in range(1, a.shape[0]):
        total += a[c] * a[c]
    return total


@kernel(nogil=True)
def _gradient_lines(lines, F, factor, ridge, workspace, found):
    starts, indices, values = lines
    r, b = workspace.rows[0], workspace.rows[1]
    for i in range(found.shape[0]):
        here, u = slice(starts[i], starts[i + 1]), factor[i]
        gathered(F, indices[here], values[here], workspace.panel, u, r, b)
        for c in range(F.shape[1]):
            r[c] -= ridge * u[c]  # `gathered` knows no ridge
        own, size = math.sqrt(_square(r)), math.sqrt(_square(b))
        found[i] = own / size if size > 0 else own


@kernel(nogil=True, fastmath=FAST)
def _first_direction(u, r, p, inverse, ridge):
    """Take the ridge off the residual, and return r^T z and r^T r for z = inverse r, which becomes p."""
    descent, size = r[0] * 0, r[0] * 0
    for c in range(u.shape[0]):
        rest = r[c] - ridge * u[c]
        p[c] = inverse[c] * rest
        descent += rest * p[c]
        size += rest * rest
        r[c] = rest
    return descent, size


@kernel(nogil=True, fastmath=FAST)
def _step(length, u, r, p, w, inverse):
    """Go `length` along p, and return r^T z and r^T r of the new residual r."""
    descent, size = r[0] * 0, r[0] * 0
    for c in range(u.shape[0]):
        rest = r[c] - length * w[c]
        u[c] += length * p[c]
        descent += rest * inverse[c] * rest
        size += rest * rest
        r[c] = rest
    return descent, size


@kernel(nogil=True)
def _cg_lines(lines, F, scales, rule, block, workspace, work):
    starts, indices, values = lines
    factor, residuals, squares, steps = work
    k, panel = F.shape[1], workspace.panel
    r, b, p, w, inverse = workspace.rows[0], workspace.rows[1], workspace.rows[2], workspace.rows[3], workspace.rows[4]
    for i in range(block[0], block[1]):
        d = starts[i + 1] - starts[i]
        u = factor[i]  # a view: it enters as the start and leaves as the solution
        if d == 0:
            u[:] = 0  # nothing is known
            continue
        here = slice(starts[i], starts[i + 1])
        # With fewer equations than unknowns the solutions form an affine space; the shortest one is returned (MC-L10).
        short = d < rule.rank and rule.ridge == 0
        # the rows of F lie scattered in memory and are read once; every inner step then reads the compact copy
        squares[i] = gathered(F, indices[here], values[here], panel, u, r, b)
        if short:
            u[:] = 0  # from zero and unscaled, the iteration stays in the row space: it ends at the least-norm solution
            for c in range(k):
                r[c] = b[c]
        size = math.sqrt(_square(b))
        if size == 0:
            u[:] = 0  # the shortest solution, which an iteration relative to size would never reach
            continue
        # A short line is not preconditioned: scaled steps leave the row space, in which the shortest solution lies.
        for c in range(k):
            inverse[c] = 1.0 if short else 1 / (d * scales[c] + rule.ridge)
        descent, rest = _first_direction(u, r, p, inverse, rule.ridge)
        small = rule.tol * size
        step = 0
        while step < rule.max_inner_iter and math.sqrt(rest) > small:
            curvature = squared(panel, d, p, rule.ridge, w)  # p^T (P^T P + ridge I) p
            if not curvature > 0:  # rounding has used up the direction, or an overflow made it NaN
                break
            before = descent
            descent, rest = _step(descent / curvature, u, r, p, w, inverse)
            for c in range(k):
                p[c] = inverse[c] * r[c] + descent / before * p[c]  # conjugate to all earlier directions
            step += 1
        steps[i] = step
        # r was updated and not computed anew: near rounding the true residual may be larger than the one stated here
        residuals[i] = math.sqrt(rest) / size


@kernel(nogil=True, error_model="numpy", fastmath={"arcp"})
def cholesky(G, k, smallest):
    """Overwrite the upper triangle of G by R with G = R^T R; return False at a pivot that is not above `smallest`.

    The lower triangle is never read. A NaN fails the comparison, and so counts as a pivot that is too small.
    """
    for c in range(k):
        eliminated(G, c)
        if not G[c, c] > smallest:
            return False
        root = math.sqrt(G[c, c])
        G[c, c] = root
        for e in range(c + 1, G.shape[1]):
            G[c, e] /= root
    return True


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def _solve_cholesky(R, k, u):
    """Solve R^T R u = b in place; `u` enters as b. Both substitutions read the rows of R, which are contiguous."""
    for a in range(k):
        u[a] /= R[a, a]
        for c in range(a + 1, k):
            u[c] -= R[a, c] * u[a]
    for a in range(k - 1, -1, -1):
        rest = u[a]
        for c in range(a + 1, k):
            rest -= R[a, c] * u[c]
        u[a] = rest / R[a, a]


@kernel(nogil=True)
def _exact_lines(lines, F, rule, block, workspace, work):
    starts, indices, values = lines
    k, ridge = rule.rank, rule.ridge
    factor, squares, steps = work.factor, work.squares, work.steps  # the residuals are measured afterwards
    panel, r, b, G = workspace.panel, workspace.rows[0], workspace.rows[1], workspace.rows[2:]
    for i in range(block[0], block[1]):
        d = starts[i + 1] - starts[i]
        u = factor[i]
        if d == 0:
            u[:] = 0  # nothing is known
            continue
        here = slice(starts[i], starts[i + 1])
        # the squares are those of the start, which the exact solution does not need
        squares[i] = gathered(F, indices[here], values[here], panel, u, r, b)
        gram(panel, d, k, G)
        largest = G[0, 0]
        for c in range(k):
            G[c, c] += ridge
            if G[c, c] > largest:
                largest = G[c, c]
        # With d < k the Gram matrix has rank d at most, whatever rounding makes of its pivots. Otherwise a pivot is
        # noise when it is not above the rounding of sums that are as large as the largest diagonal entry.
        singular = (d < k and ridge == 0) or not cholesky(G, k, rule.tol * largest)
        if singular:
            steps[i] = -1  # left to the solver of least norm
            continue
        for c in range(k):
            u[c] = b[c]
        _solve_cholesky(G, k, u)
