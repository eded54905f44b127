r"""Targets of merging other than the weighted sum: TIES, DARE, and the sum that spherical interpolation is.

TIES keeps the largest entries of each update, elects a sign for each entry, and averages the entries of that sign [1]_.
DARE drops entries at random and enlarges the others, so that the mean is the sum [2]_. Both are matrices without a low
rank, to which the nearest adapter is then found. Interpolation on the sphere of two updates D_1 and D_2 at the angle t
is the sum with the weights sin((1 - c) t) / sin t and sin(c t) / sin t [3]_.

References
----------
.. [1] P. Yadav, D. Tam, L. Choshen, C. Raffel, M. Bansal, TIES-Merging: Resolving Interference When Merging Models,
   NeurIPS 2023.
.. [2] L. Yu, B. Yu, H. Yu, F. Huang, Y. Li, Language Models are Super Mario: Absorbing Abilities from Homologous Models
   as a Free Lunch, ICML 2024.
.. [3] K. Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from lrtheory._kernels.low_rank import core, difference, tail
from lrtheory._validation import must

__all__ = ["COMBINED", "Target", "dropped", "elected", "on_sphere"]

#: an update as (B, A, scale), with its weight in the scale
Update = tuple[Any, Any, float]
#: ways to combine updates
COMBINED = ("sum", "slerp", "ties", "dare")
#: the sine of an angle at which its own rounding counts; sums of almost parallel updates have the weights as given
PARALLEL = 1e-6
#: entries that are worked on at once, so that what comes between stays in the cache
AT_ONCE = 1 << 15


@dataclass(frozen=True)
class Target:
    """A matrix in place of the sum of updates of a module, which somebody else can make again.

    Parameters
    ----------
    combine : {"ties", "dare"}
        Way of combining.
    density : float
        Share of the entries of each update that is kept.
    seed : int
        Seed of what is dropped at random.
    """

    combine: str
    density: float
    seed: int

    def of(self, number: int, updates: Sequence[Update]) -> np.ndarray:
        """The matrix of a module by its number, from its updates, with their weights."""
        dense = [scale * (np.asarray(B, np.float64) @ np.asarray(A, np.float64)) for B, A, scale in updates]
        if self.combine == "ties":
            return elected(dense, self.density)
        rng = np.random.default_rng([self.seed, number])
        masks = [rng.random(one.shape) < self.density for one in dense]
        return dropped(dense, masks, self.density)


def elected(updates: Sequence[np.ndarray], density: float) -> np.ndarray:
    """The mean of what updates keep with the sign that the sum of their largest entries has.

    Parameters
    ----------
    updates : sequence of arrays of shape (m, n)
        Updates, with their weights in them.
    density : float
        Share of the entries of each that is kept; entries as large as the smallest of these are kept, too.

    Returns
    -------
    array of shape (m, n)
        Zero where none is kept, or signs cancel.
    """
    least = [_least_kept(one, density) for one in updates]
    flat = [np.ascontiguousarray(one).reshape(-1) for one in updates]
    total = np.zeros(flat[0].size)
    for start in range(0, total.size, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        _elect([one[part] for one in flat], least, total[part])
    return total.reshape(updates[0].shape)


def _elect(parts: Sequence[np.ndarray], least: Sequence[float], total: np.ndarray) -> None:
    """Write the elected means of some entries into a piece of the answer."""
    kept = [np.where(np.abs(one) >= size, one, 0.0) for one, size in zip(parts, least, strict=True)]
    whole = reduce(np.add, kept)
    minus, some, count = np.signbit(whole), whole != 0, np.zeros(whole.shape, np.int32)
    for one in kept:
        same = np.signbit(one) == minus
        same &= some
        same &= one != 0
        np.add(total, one, out=total, where=same)
        count += same
    np.divide(total, count, out=total, where=count > 1)


def _least_kept(update: np.ndarray, density: float) -> float:
    """The size of the smallest entry that is among the largest."""
    n = update.size - math.ceil(density * update.size)
    if n <= 0:
        return 0.0
    sizes = np.abs(update).ravel()
    sizes.partition(n)
    return float(sizes[n])


def dropped(updates: Sequence[np.ndarray], masks: Sequence[np.ndarray], density: float) -> np.ndarray:
    """The sum of the entries that masks keep, divided by the share that is kept on average.

    Parameters
    ----------
    updates : sequence of arrays of shape (m, n)
        Updates, with their weights in them.
    masks : sequence of bool arrays of shape (m, n)
        True for the entries of each update that are kept.
    density : float
        Share of the entries that is kept on average, in (0, 1].

    Returns
    -------
    array of shape (m, n)
        The sum itself on average over all masks.
    """
    found: np.ndarray = np.sum([np.where(mask, one, 0.0) for one, mask in zip(updates, masks, strict=True)], axis=0)
    return found / density


def on_sphere(
    first: Mapping[str, Update], second: Mapping[str, Update], weights: Sequence[float]
) -> tuple[float, float]:
    """The weights of the sum that the interpolation of two adapters on a sphere is.

    Parameters
    ----------
    first, second : mapping of str to Update
        The updates of all modules, without weights; those of both sides are one vector each.
    weights : pair of float
        Shares of both, at least 0 and 1 together.

    Returns
    -------
    pair of float
        The weights as given where both are almost parallel.
    """
    if len(weights) != 2 or min(weights) < 0 or abs(sum(weights) - 1) > 1e-9:
        raise must("weights", "two numbers from 0 on that are 1 together, for slerp", tuple(weights))
    norms = [math.hypot(*(_norm(one) for one in side.values())) for side in (first, second)]
    if not all(norms):
        raise must("adapters", "two adapters whose updates are not 0, for slerp", norms)
    # half of the angle between unit vectors is the arc tangent of the quotient of |u - v| and |u + v|
    names = dict.fromkeys([*first, *second])
    apart = [_far(first.get(name), second.get(name), norms, sign) for sign in (1.0, -1.0) for name in names]
    sizes = [math.hypot(*apart[: len(names)]), math.hypot(*apart[len(names) :])]
    angle = 2 * math.atan2(*sizes)
    if abs(math.sin(angle)) < PARALLEL:
        if sizes[1] < sizes[0]:
            raise must("adapters", "two adapters that do not point against each other, for slerp", "opposite ones")
        return float(weights[0]), float(weights[1])
    left, right = (math.sin(share * angle) / math.sin(angle) for share in weights)
    return left, right


def _norm(update: Update) -> float:
    B, A, scale = update
    return abs(scale) * tail(core(B, A).values, 0)


def _far(one: Update | None, other: Update | None, norms: Sequence[float], sign: float) -> float:
    """The norm of u - v, or of u + v, at one module."""
    present = [
        (B, A, factor * scale / norm)
        for update, norm, factor in ((one, norms[0], 1.0), (other, norms[1], sign))
        if update is not None
        for B, A, scale in (update,)
    ]
    if len(present) == 1:
        return _norm(present[0])
    return difference(*present)[0]
