"""Rotations of single keys into a triangle and out of it, and whole streams of edits of one key each."""

from __future__ import annotations

import math

from lrtheory._array import kernel

__all__ = ["rotate_in", "rotate_out", "write_keys"]


@kernel
def rotate_in(R, X):
    """Rotate rows into a triangle, in place; both may have further columns, which take part in the rotations."""
    d = R.shape[0]
    q = R[:, 0].copy()
    for row in range(X.shape[0]):
        _rotated(R, X[row], q, R.dtype.type(1), d)


@kernel(fastmath={"contract"})
def _rotated(R, x, q, fade, d):
    """Rotate the row x into fade times R, in place; q becomes the key in the coordinates of the new triangle.

    Return the share of the surprise that is left after the edit, 1 / (1 + x C x^T), as its root. Loops begin at a
    multiple of eight, over zeros, which keeps whole vectors together.
    """
    left = R.dtype.type(1)
    for i in range(d):
        old, new = float(fade * R[i, i]), float(x[i])
        # nothing to rotate: sparse keys skip whole rows of the triangle
        if new == 0 and fade == 1:
            q[i] = 0
            continue
        square = old * old + new * new
        # hypot takes several times longer, and is needed only where a square leaves the range
        length = math.sqrt(square) if 1e-280 < square < 1e300 else math.hypot(old, new)
        cosine, sine = R.dtype.type(old / length), R.dtype.type(new / length)
        q[i] = sine * left
        left *= cosine
        stay, turn = cosine * fade, sine * fade
        upper, lower = R[i, i & ~7 :], x[i & ~7 :]
        for j in range(upper.shape[0]):
            above, below = upper[j], lower[j]
            upper[j] = stay * above + sine * below
            lower[j] = cosine * below - turn * above
        # exactly 0, which rounding would not leave: later loops begin over these places
        x[i] = 0
    return left


@kernel(fastmath={"contract", "reassoc"})
def _solved(R, q, y, d):
    """Set y to the solution of R y = q, and return the squared length of q."""
    square = R.dtype.type(0)
    for i in range(d):
        y[i] = 0
    for i in range(d - 1, -1, -1):
        upper, known = R[i, i & ~7 :], y[i & ~7 :]
        total = R.dtype.type(0)
        for j in range(upper.shape[0]):
            total += upper[j] * known[j]
        y[i] = (q[i] - total) / R[i, i]
        square += q[i] * q[i]
    return square


@kernel
def rotate_out(R, X):
    """Turn the triangle R into that of R^T R - X^T X, which must be positive definite, in place (LINPACK's way)."""
    d = R.shape[0]
    x = R[0].copy()
    g = R[0].copy()
    for row in range(X.shape[0]):
        for i in range(d):
            x[i] = X[row, i]
        square = R.dtype.type(0)
        for i in range(d):
            g[i] = x[i] / R[i, i]
            square += g[i] * g[i]
            upper, lower = R[i, i & ~7 :], x[i & ~7 :]
            for j in range(upper.shape[0]):
                lower[j] -= g[i] * upper[j]
        # below 0 by rounding where the keys were all that there was in a direction
        left = R.dtype.type(math.sqrt(max(0.0, 1.0 - square)))
        for i in range(d):
            x[i] = 0
        # from the last row up, so that the triangle stays one
        for i in range(d - 1, -1, -1):
            length = R.dtype.type(math.hypot(left, g[i]))
            cosine, sine = left / length, g[i] / length
            left = length
            upper, lower = R[i, i & ~7 :], x[i & ~7 :]
            for j in range(upper.shape[0]):
                above, below = upper[j], lower[j]
                upper[j] = cosine * above - sine * below
                lower[j] = cosine * below + sine * above


@kernel(fastmath={"contract", "reassoc"})
def write_keys(R, W, K, V, fade, told):
    """Write each row of K and V as an edit of its own into the triangle R and the weights W, in place.

    ``told`` (n, 4) gets the squared surprise, residual, interference and change of the weights of each edit.
    """
    d, p = W.shape
    x, q, y, e = R[0].copy(), R[0].copy(), R[0].copy(), W[0].copy()
    for t in range(K.shape[0]):
        for j in range(p):
            e[j] = V[t, j]
        for i in range(d):
            x[i] = K[t, i]
            for j in range(p):
                e[j] -= x[i] * W[i, j]
        left = _rotated(R, x, q, fade, d)
        square = _solved(R, q, y, d)
        surprise = 0.0
        for j in range(p):
            surprise += float(e[j]) * float(e[j])
        change = 0.0
        for i in range(d):
            change += float(y[i]) * float(y[i])
            for j in range(p):
                W[i, j] += y[i] * e[j]
        share = float(left) * float(left)
        told[t, 0] = surprise
        told[t, 1] = surprise * share * share
        told[t, 2] = surprise * share * float(square)
        told[t, 3] = surprise * change
