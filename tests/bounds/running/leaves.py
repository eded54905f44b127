"""The kernel that others call."""

import numba


@numba.njit
def leaf(x):
    return x + 1
