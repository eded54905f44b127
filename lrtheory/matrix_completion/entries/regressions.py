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
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._parallel import in_threads
from lrtheory.matrix_completion.entries.compressed import Compressed

__all__ = ["Regressions", "conjugate_gradients", "entries", "least_norm", "normal_equations"]

# Sums may be taken in any order, since nothing here decides a tie. The flags that assume away NaN and infinity are left
# out: a comparison with NaN is how the loops below notice that they cannot go on.
FAST = {"contract", "reassoc"}


class Rule(NamedTuple):
    """The rule of an inner iteration: its penalty, and when it stops; both floats are of the type of the values."""

    ridge: np.floating
    tol: np.floating
    max_inner_iter: int


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
    work = _start(lines, init)
    # Jacobi preconditioner without a sweep over the panels: d rows of a uniform sample have squared column lengths of
    # about d times the mean over all rows of F, which is the diagonal of P^T P.
    scales = np.einsum("ij,ij->j", F, F).astype(work.factor.dtype) / len(F)
    scales[scales == 0] = 1  # a column of zeros has residual 0, so any positive number will do
    fixed, scales = kernel_input(F, lines.values.dtype), kernel_input(scales)
    rule = Rule(work.factor.dtype.type(ridge), work.factor.dtype.type(tol), max_inner_iter)
    _in_threads(n_threads, lines, lambda first, last: _cg_lines(lines, fixed, scales, rule, first, last, work))
    return work


def normal_equations(
    lines: Compressed, F: np.ndarray, init: np.ndarray, *, ridge: float, n_threads: int = 1
) -> Regressions:
    """Solve each line by Cholesky of P^T P + ridge I; where that is singular, take the solution of least norm."""
    work = _start(lines, init)
    fixed, weight = kernel_input(F, lines.values.dtype), work.factor.dtype.type(ridge)
    _in_threads(n_threads, lines, lambda first, last: _exact_lines(lines, fixed, weight, first, last, work))
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
    found, kind = np.zeros(lines.n_lines), lines.values.dtype
    _gradient_lines(lines, kernel_input(F, kind), kernel_input(factor, kind), kind.type(ridge), found)
    return found


def _start(lines: Compressed, init: np.ndarray) -> Regressions:
    """Return the arrays that the kernels write to, with a copy of `init` as the factor."""
    n = lines.n_lines
    factor = np.array(init, dtype=lines.values.dtype, order="C")
    return Regressions(factor, np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))


def _in_threads(n_threads: int, lines: Compressed, work: Callable[[int, int], object]) -> None:
    """Run the work on one block of lines per thread; kernels release the interpreter lock.

    Blocks hold about equally many observations, and not lines, since the time of a line grows with its degree.
    """
    shares = np.linspace(0, lines.starts[-1], n_threads + 1)[1:-1]
    ends = [0, *np.searchsorted(lines.starts, shares).tolist(), lines.n_lines]
    in_threads(work, itertools.pairwise(ends))


# --- kernels ---------------------------------------------------------------------------------------------------------
#
# `lines` is a `Compressed`: the observations of line i stand from starts[i] to starts[i + 1] - 1 in `indices`, the rows
# of F that they select, and in `values`. Its arrays and F are read-only; those of `work`, a `Regressions`, are written
# to. A kernel solves the lines first to last - 1, the block of one thread.
#
# For the normal equations (P^T P + ridge I) u = b with b = P^T x, the names are those of textbooks on conjugate
# gradients: r is the residual b - (P^T P + ridge I) u, z = r scaled by the preconditioner, p the search direction, and
# w the matrix times p. Loops take two or four rows of the panel together, so that a vector of k sums is read from and
# written to memory once for all of them.


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
def _dot(a, b):
    total = a[0] * b[0]
    for c in range(1, a.shape[0]):
        total += a[c] * b[c]
    return total


@kernel(nogil=True, fastmath=FAST)
def normal_residual(panel, x, u, gradient, target):
    """Write P^T (x - P u) to `gradient` and P^T x to `target`; return |x - P u|^2.

    One sweep over the panel yields all three: 6 d k operations, the first term of statement MC-T1-flops.
    """
    d, k = panel.shape
    squares = 0.0
    for c in range(k):
        gradient[c] = 0
        target[c] = 0
    whole = d - d % 2
    for j in range(0, whole, 2):
        x0, x1 = x[j], x[j + 1]
        rest0, rest1 = x0 - panel[j, 0] * u[0], x1 - panel[j + 1, 0] * u[0]
        for c in range(1, k):
            rest0 -= panel[j, c] * u[c]
            rest1 -= panel[j + 1, c] * u[c]
        squares += rest0 * rest0 + rest1 * rest1
        for c in range(k):
            gradient[c] += panel[j, c] * rest0 + panel[j + 1, c] * rest1
            target[c] += panel[j, c] * x0 + panel[j + 1, c] * x1
    for j in range(whole, d):
        rest = x[j] - _dot(panel[j], u)
        squares += rest * rest
        for c in range(k):
            gradient[c] += panel[j, c] * rest
            target[c] += panel[j, c] * x[j]
    return squares


@kernel(nogil=True)
def _gradient_lines(lines, F, factor, ridge, found):
    starts, indices, values = lines
    k = F.shape[1]
    r, b = np.empty((2, k), dtype=F.dtype)
    for i in range(found.shape[0]):
        here = indices[starts[i] : starts[i + 1]]
        panel = np.empty((here.shape[0], k), dtype=F.dtype)
        for j in range(here.shape[0]):
            panel[j] = F[here[j]]
        normal_residual(panel, values[starts[i] : starts[i + 1]], factor[i], r, b)
        for c in range(k):
            r[c] -= ridge * factor[i, c]  # `normal_residual` knows no ridge
        own, size = math.sqrt(_dot(r, r)), math.sqrt(_dot(b, b))
        found[i] = own / size if size > 0 else own


@kernel(nogil=True, fastmath=FAST)
def normal_product(panel, p, w):
    """Write P^T P p to w in one sweep over the panel; the Gram matrix P^T P itself is never made."""
    d, k = panel.shape
    for c in range(k):
        w[c] = 0
    whole = d - d % 4
    for j in range(0, whole, 4):
        t0, t1, t2, t3 = panel[j, 0] * p[0], panel[j + 1, 0] * p[0], panel[j + 2, 0] * p[0], panel[j + 3, 0] * p[0]
        for c in range(1, k):
            t0 += panel[j, c] * p[c]
            t1 += panel[j + 1, c] * p[c]
            t2 += panel[j + 2, c] * p[c]
            t3 += panel[j + 3, c] * p[c]
        for c in range(k):
            w[c] += t0 * panel[j, c] + t1 * panel[j + 1, c] + t2 * panel[j + 2, c] + t3 * panel[j + 3, c]
    for j in range(whole, d):
        t = _dot(panel[j], p)
        for c in range(k):
            w[c] += t * panel[j, c]


@kernel(nogil=True)
def _cg_lines(lines, F, scales, rule, first, last, work):
    starts, indices, values = lines
    ridge, tol, max_inner_iter = rule
    factor, residuals, squares, steps = work
    k = F.shape[1]
    longest = 0
    for i in range(first, last):
        longest = max(longest, starts[i + 1] - starts[i])
    panels = np.empty((longest, k), dtype=F.dtype)  # one buffer for all lines of this thread
    r, b, z, p, w, inverse = np.empty((6, k), dtype=F.dtype)
    for i in range(first, last):
        d = starts[i + 1] - starts[i]
        u = factor[i]  # a view: it enters as the start and leaves as the solution
        if d == 0:
            u[:] = 0  # nothing is known
            continue
        panel, x = panels[:d], values[starts[i] : starts[i + 1]]
        # the rows of F lie scattered in memory and are read once; every inner step then reads the compact copy
        for j in range(d):
            panel[j] = F[indices[starts[i] + j]]
        # With fewer equations than unknowns the solutions form an affine space; the shortest one is returned (MC-L10).
        short = d < k and ridge == 0
        squares[i] = normal_residual(panel, x, u, r, b)
        if short:
            u[:] = 0  # from zero and unscaled, the iteration stays in the row space: it ends at the least-norm solution
            r[:] = b
        size = math.sqrt(_dot(b, b))
        if size == 0:
            u[:] = 0  # the shortest solution, which an iteration relative to size would never reach
            continue
        # A short line is not preconditioned: scaled steps leave the row space, in which the shortest solution lies.
        for c in range(k):
            r[c] -= ridge * u[c]
            inverse[c] = 1.0 if short else 1 / (d * scales[c] + ridge)
            z[c] = inverse[c] * r[c]
            p[c] = z[c]
        descent = _dot(r, z)
        small = tol * size
        step = 0
        while step < max_inner_iter and math.sqrt(_dot(r, r)) > small:
            normal_product(panel, p, w)
            for c in range(k):
                w[c] += ridge * p[c]
            curvature = _dot(p, w)  # p^T (P^T P + ridge I) p
            if not curvature > 0:  # rounding has used up the direction, or an overflow made it NaN
                break
            length = descent / curvature
            for c in range(k):
                u[c] += length * p[c]
                r[c] -= length * w[c]
                z[c] = inverse[c] * r[c]
            before = descent
            descent = _dot(r, z)
            for c in range(k):
                p[c] = z[c] + descent / before * p[c]  # conjugate to all earlier directions
            step += 1
        steps[i] = step
        # r was updated and not computed anew: near rounding the true residual may be larger than the one stated here
        residuals[i] = math.sqrt(_dot(r, r)) / size


@kernel(nogil=True, fastmath=FAST)
def gram(panel, G):
    """Write the lower triangle of P^T P to G: k (k + 1) operations per row of P (statement MC-T1-flops)."""
    d, k = panel.shape
    for a in range(k):
        for c in range(a + 1):
            G[a, c] = 0
    whole = d - d % 4
    for j in range(0, whole, 4):
        for a in range(k):
            p0, p1, p2, p3 = panel[j, a], panel[j + 1, a], panel[j + 2, a], panel[j + 3, a]
            for c in range(a + 1):
                G[a, c] += p0 * panel[j, c] + p1 * panel[j + 1, c] + p2 * panel[j + 2, c] + p3 * panel[j + 3, c]
    for j in range(whole, d):
        for a in range(k):
            for c in range(a + 1):
                G[a, c] += panel[j, a] * panel[j, c]


@kernel(nogil=True)
def cholesky(G, smallest):
    """Overwrite the lower triangle of G by L with G = L L^T; return False at a pivot that is not above `smallest`.

    The upper triangle is never read. A NaN fails the comparison, and so counts as a pivot that is too small.
    """
    for a in range(G.shape[0]):
        for c in range(a):
            rest = G[a, c]
            if c > 0:
                rest -= _dot(G[a, :c], G[c, :c])
            G[a, c] = rest / G[c, c]
        pivot = G[a, a]
        if a > 0:
            pivot -= _dot(G[a, :a], G[a, :a])
        if not pivot > smallest:
            return False
        G[a, a] = math.sqrt(pivot)
    return True


@kernel(nogil=True)
def _solve_cholesky(L, u):
    """Solve L L^T u = b in place; `u` enters as b. Both substitutions read the rows of L, which are contiguous."""
    k = L.shape[0]
    for a in range(k):
        for c in range(a):
            u[a] -= L[a, c] * u[c]
        u[a] /= L[a, a]
    for a in range(k - 1, -1, -1):
        u[a] /= L[a, a]
        for c in range(a):
            u[c] -= L[a, c] * u[a]


@kernel(nogil=True)
def _exact_lines(lines, F, ridge, first, last, work):
    starts, indices, values = lines
    factor, squares, steps = work.factor, work.squares, work.steps  # the residuals are measured afterwards
    k = F.shape[1]
    longest = 0
    for i in range(first, last):
        longest = max(longest, starts[i + 1] - starts[i])
    panels, G = np.empty((longest, k), dtype=F.dtype), np.empty((k, k), dtype=F.dtype)
    r, b = np.empty((2, k), dtype=F.dtype)
    unit = np.finfo(F.dtype).eps
    for i in range(first, last):
        d = starts[i + 1] - starts[i]
        u = factor[i]
        if d == 0:
            u[:] = 0  # nothing is known
            continue
        panel, x = panels[:d], values[starts[i] : starts[i + 1]]
        for j in range(d):
            panel[j] = F[indices[starts[i] + j]]
        squares[i] = normal_residual(panel, x, u, r, b)  # of the start, which the exact solution does not need
        gram(panel, G)
        largest = G[0, 0]
        for c in range(k):
            G[c, c] += ridge
            largest = max(largest, G[c, c])
        # With d < k the Gram matrix has rank d at most, whatever rounding makes of its pivots. Otherwise a pivot is
        # noise when it is not above the rounding of sums that are as large as the largest diagonal entry.
        singular = (d < k and ridge == 0) or not cholesky(G, 4 * k * unit * largest)
        if singular:
            steps[i] = -1  # left to the solver of least norm
            continue
        u[:] = b
        _solve_cholesky(G, u)
