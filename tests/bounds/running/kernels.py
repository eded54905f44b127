"""Compiled kernels that call each other in every way that Numba knows, as a module of its own."""

import numba

from tests.bounds.running import leaves
from tests.bounds.running.leaves import leaf


@numba.njit
def by_name(x):
    return leaf(x) + 10


@numba.njit
def by_attribute(x):
    return leaves.leaf(x) + 100


@numba.njit
def at_two_removes(x):
    return by_attribute(x) + 1000


@numba.njit
def apart(x):
    return x


def _made(inner):
    @numba.njit
    def holder(x):
        return inner(x) + 10000

    return holder


in_a_cell = _made(leaf)
TABLE = {"leaf": leaf}


class Kernels:
    """A class that has a kernel."""

    @staticmethod
    @numba.njit
    def of_a_class(x):
        return x + 1
