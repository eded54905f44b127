"""A certificate of an adapter: how near it comes to a target or to data, and how near no adapter of its kind comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from lrtheory._array import beside_jax
from lrtheory._result import Certificate, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.queryable import is_distribution
from lrtheory.low_rank_adapters.reach.bounds import STATEMENTS, lower_bound
from lrtheory.low_rank_adapters.reach.normalized import Problem, checked_adapter, norm, normalized, numeric, problem_of

__all__ = ["FitCertificate"]


@result
class FitCertificate(Certificate):
    """Bounds on the squared Frobenius distance of an adapter from what it stands for, in its units squared.

    Attributes
    ----------
    achieved : float
        The squared distance of this adapter.
    bound : float
        No trained arrays bring an adapter with these frozen arrays nearer than the root of this.
    adapter : Adapter
        The adapter itself.
    ridge : float
        The weight of the squared norm of the update in the loss.
    """

    achieved: float
    bound: float
    gap: float
    adapter: Adapter
    ridge: float

    _statements = STATEMENTS

    def _facts(self) -> list[str]:
        return [f"squared distance {self.achieved:.6g}, and at least {self.bound:.6g} ({self.statement})"]

    @beside_jax
    def verify(self, problem: ArrayLike | tuple[ArrayLike, ...]) -> bool:
        """Recompute the distance from the trained arrays, and the bound from the frozen ones.

        Parameters
        ----------
        problem : array of shape (d_out, d_in), or tuple (X, Y), or tuple (X, Y, weight)
            The target, or the data as `fit` takes them.

        Returns
        -------
        bool
            Whether the adapter is as near as stated, and no other one proved to be nearer than stated, up to the
            rounding of products in doubles. It is False for squares outside of the range of doubles.

        Raises
        ------
        TypeError
            If that is neither an array of real numbers nor such a tuple.
        ValueError
            If an array has a mask or rows of different lengths.
        """
        if isinstance(problem, tuple) and len(problem) not in (2, 3):
            raise must("problem", "a target, or a tuple (X, Y) or (X, Y, weight)", problem, TypeError)
        parts = problem if isinstance(problem, tuple) else (problem,)
        for i, part in enumerate(parts):
            if part is not None or i < 2:  # the weight beside data may be left out
                numeric(f"problem[{i}]" if len(parts) > 1 else "problem", part)
        target, (X, Y, weight) = (None, (*problem, None)[:3]) if isinstance(problem, tuple) else (problem, (None,) * 3)
        if not self._is_sound() or not 0 <= self.bound <= self.achieved:
            return False
        try:
            return self._holds(partial(problem_of, self.adapter.shape, target, X, Y, weight=weight, ridge=self.ridge))
        except (ValueError, IndexError, ArithmeticError):  # arrays that fit neither each other nor the problem
            return False

    def _holds(self, make: Callable[..., Problem]) -> bool:
        """Whether the numbers are those of the problem: whole for the distance, reduced for the bound."""
        if self.adapter.kind == "queryable" and not is_distribution(self.adapter.params["weights"]):
            return False
        whole, task = (normalized(checked_adapter(self.adapter), make(reduced=reduced)) for reduced in (False, True))
        with np.errstate(all="ignore"):  # numbers of others need not be sound
            image = whole.image(whole.lowered(self.adapter))
        slack = 16 * sum(image.shape + self.adapter.shape) * np.finfo(float).eps * (whole.whole + norm(image))
        found = lower_bound(task)
        upper, lower = (math.ldexp(math.sqrt(square), -task.unit) for square in (self.achieved, self.bound))
        reached, least = norm(whole.T - image), math.hypot(task.rest, found.value)
        near = abs(reached - upper) <= slack and lower <= least + slack
        return bool(near and self.statement == found.statement)
