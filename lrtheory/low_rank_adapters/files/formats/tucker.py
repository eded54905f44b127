"""Convolutions in the files of LoHa and LoKr, whose kernels may be kept in the form of Tucker.

An array t of shape (r, r, *lengths) of the kernels, and matrices a of shape (r, n_out) and b of shape (r, n_in), stand
for the kernels sum_ij t_ij a_i b_j, which are a product of two factors where the kernels lie side by side in a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._validation import must

__all__ = ["factors", "is_convolution"]


def factors(name: str, t: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two factors of kernels that lie side by side, of shapes (n_out, r) and (r, n_in lengths).

    Parameters
    ----------
    name : str
        The module, for refusals.
    t : array of shape (r, r, ...)
        Kernels for each pair of inner indices.
    a, b : array of shape (r, n_out) and (r, n_in)
        The weights of inner indices in each output and input.

    Returns
    -------
    pair of array
        In double precision.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    if t.ndim < 3 or a.ndim != 2 or b.ndim != 2 or t.shape[:2] != (len(a), len(b)):
        rule = f"that of an adapter whose kernels of {name!r} fit their factors"
        raise must("path", rule, (t.shape, a.shape, b.shape))
    t, a, b = (part.astype(np.float64) for part in (t, a, b))
    return a.T, np.einsum("ijk,jd->idk", t.reshape(*t.shape[:2], -1), b).reshape(len(a), -1)


def is_convolution(arrays: dict[str, Any]) -> bool:
    """Whether the arrays of a module are those of a convolution, so far as they tell it."""
    return any(name in arrays for name in ("hada_t1", "lokr_t2")) or np.ndim(arrays.get("lokr_w2", 0)) > 2
