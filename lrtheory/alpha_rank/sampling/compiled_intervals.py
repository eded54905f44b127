"""Clopper-Pearson intervals for kernels, by the quantiles of scipy.special.

Importing this module imports scipy.special, which takes a tenth of a second; so only the steps of a run import it, and
they are imported when a run begins.
"""

from __future__ import annotations

import math
from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]
from numba import types
from numba.extending import get_cython_function_address

from lrtheory._array import kernel

__all__ = ["interval"]


def _compiled(name: str, source: str) -> Any:
    """Make a function of scipy.special callable in kernels.

    It is bound by a symbol: an address would be compiled into cached kernels, and changes from process to process.
    """
    llvmlite.binding.add_symbol(name, get_cython_function_address("scipy.special.cython_special", source))
    number = types.float64
    return types.ExternalFunction(name, number(number, number, number, types.int32))


lower_quantile = _compiled("lrtheory_betaincinv", "__pyx_fuse_0betaincinv")
upper_quantile = _compiled("lrtheory_betainccinv", "__pyx_fuse_0betainccinv")


@kernel
def interval(x, n, log_level):
    """Compute both ends for x successes of n, each missed with probability exp(-log_level); takes a microsecond."""
    tail = math.exp(-log_level)
    low = lower_quantile(x, n - x + 1.0, tail, 0) if x > 0 else 0.0
    return low, upper_quantile(x + 1.0, n - x, tail, 0) if x < n else 1.0
