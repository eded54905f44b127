"""A certificate of a conversion: how near a LoRA is to the update that it stands for, and how near none can be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import beside_jax, to_numpy
from lrtheory._kernels.low_rank import tail
from lrtheory._kernels.units import unit_of
from lrtheory._result import result
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, must
from lrtheory.low_rank_adapters.convert.product import decomposed
from lrtheory.low_rank_adapters.kinds.arrays import type_name
from lrtheory.low_rank_adapters.kinds.base import Adapter, FactoredAdapter
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate

__all__ = ["STATEMENT", "ConversionCertificate"]

STATEMENT = "low_rank_adapters/AD-3"


@result
class ConversionCertificate(FitCertificate):
    """Bounds on the squared Frobenius distance of a LoRA from the update of another adapter.

    Attributes
    ----------
    achieved : float
        This LoRA has no larger squared distance, rounding of its factors to their precision included.
    bound : float
        No LoRA of this rank has a smaller squared distance, in the units of the update squared.
    adapter : Adapter
        The LoRA.
    ridge : float
        0, since nothing is damped.
    """

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        least = f"of no LoRA of this rank below {self.bound:.6g} ({self.statement})"
        return [f"squared distance at most {self.achieved:.6g}, and {least}"]

    @beside_jax
    def verify(self, problem: Adapter | ArrayLike | tuple[ArrayLike, ...]) -> bool:
        """Recompute the distance and all singular values from the matrices themselves.

        Parameters
        ----------
        problem : Adapter, or array of shape (d_out, d_in)
            Adapter that the LoRA stands for, or its update.

        Returns
        -------
        bool
            Whether the LoRA is as near as stated, and no other one of its rank nearer than stated, up to the rounding
            of products in doubles, and of that in which an adapter of thin factors forms its update in its own
            precision. It is False for squares outside of the range of doubles.

        Raises
        ------
        TypeError
            If that is neither an adapter nor an array of numbers.
        ValueError
            If an array has a mask or rows of different lengths.
        """
        D, own = _dense(problem), _dense(self.adapter)
        sound = self._is_sound() and 0 <= self.bound <= self.achieved
        if not sound or (self.adapter.kind, self.ridge) != ("lora", 0.0):
            return False
        if not D.shape == own.shape == self.adapter.shape:
            return False
        if not (np.isfinite(D).all() and np.isfinite(own).all()):
            return False
        unit = max(unit_of(D), unit_of(own))
        D, own = np.ldexp(D, -unit), np.ldexp(own, -unit)
        values, error = np.linalg.svd(D, compute_uv=False), np.abs(D - own).ravel()
        slack = 16 * sum(D.shape) * np.finfo(float).eps * (tail(values, 0) + float(np.linalg.norm(own)))
        slack += math.ldexp(_formed(problem), -unit)
        upper, lower = (math.ldexp(math.sqrt(square), -unit) for square in (self.achieved, self.bound))
        least = tail(values, self.adapter.params["B"].shape[1])
        return bool(tail(error, 0) <= upper + slack and lower <= least + slack)


def _formed(problem: Any) -> float:
    """By how much the update of thin factors moves when it is formed in their precision."""
    if not isinstance(problem, FactoredAdapter):
        return 0.0
    B, A = problem.factors()
    return abs(problem.scale) * decomposed(B, A).formed(type_name(B))


def _dense(problem: Any) -> np.ndarray:
    """The update in doubles; that of thin factors from these."""
    if isinstance(problem, FactoredAdapter):
        B, A = (np.asarray(to_numpy(factor), np.float64) for factor in problem.factors())
        return problem.scale * (B @ A)
    matrix = as_array("problem", to_numpy(problem.dense() if isinstance(problem, Adapter) else problem))
    if matrix.dtype.kind not in "fiu" or matrix.ndim == 0:
        raise must("problem", "an adapter, or an array of real numbers", problem, TypeError)
    return matrix.astype(np.float64)
