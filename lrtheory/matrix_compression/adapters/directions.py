r"""DoRA at a lower rank: the rows of the weight keep new directions, and lengths that are fitted to them.

Under DoRA row i of the weight becomes w_i = m_i v_i / norm(v_i), where v_i is row i of W + s B A. With v'_i from
factors of lower rank, the length m'_i = <w_i, v'_i> / norm(v'_i) leaves the least of w_i (statement SQ-11), and no more
than m_i does, for which SQ-10 has a bound.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._files.adapters import AdapterModule
from lrtheory._files.adapters.starts import directions_of
from lrtheory._kernels.low_rank import tail
from lrtheory._kernels.units import unit_of
from lrtheory.matrix_compression.adapters.losses import Loss, as_stored

__all__ = ["redirected"]


def redirected(module: AdapterModule, made: AdapterModule, weight: np.ndarray) -> tuple[AdapterModule, Loss]:
    """A module of DoRA with other factors: the lengths of its rows, in the type of its file, and what it loses.

    Parameters
    ----------
    module : AdapterModule
        A module of DoRA.
    made : AdapterModule
        New factors for it. Without an inner index the module is left out, and the weight stays as it was.
    weight : array of shape (d_out, d_in)
        The weight of the base model.

    Returns
    -------
    pair of AdapterModule and Loss
        Norms are those of changes of the weight. No bound from below is known, which is 0.
    """
    unit = unit_of(weight)
    before, lengths = directions_of(module, weight), np.ldexp(np.asarray(module.magnitude, np.float64), -unit)
    merged = before.rows * lengths[:, None]
    norm = _size(merged - np.ldexp(weight, -unit), unit)
    off = np.abs(lengths) * before.rounding
    if made.rank == 0:
        found, error = np.asarray(module.magnitude), norm
    else:
        after = directions_of(made, weight)
        fitted = np.sum(merged * after.rows, axis=1)
        found = as_stored(np.ldexp(fitted, unit), made.dtype)
        kept = np.ldexp(found.astype(np.float64), -unit)
        error = _size(merged - kept[:, None] * after.rows, unit)
        off = off + np.abs(kept) * after.rounding
    return replace(made, magnitude=found), Loss(norm, error, 0.0, error + _size(off[:, None], unit))


def _size(rows: np.ndarray, unit: int) -> float:
    """The Frobenius norm of rows in a unit."""
    return float(np.ldexp(tail(np.abs(rows).ravel(), 0), unit))
