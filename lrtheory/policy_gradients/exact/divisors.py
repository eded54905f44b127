"""Advantages of one reward an answer: on the host by a kernel for groups of any size, on a device by whole arrays."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._validation import Words, must

__all__ = ["NORMS", "TIES", "Layout", "Parts", "Settings", "largest", "limits_of", "on_device", "on_host"]

NORMS = ("std", "sample", "none", "loo", "batch", "mean")
TIES = ("average", "position")
STD, SAMPLE, NONE, LOO, BATCH, MEAN = range(6)  # as kernels know them
#: rewards of a group that differ by at most so many units in the last place of the largest are equal
ROUNDING = 64
#: deviations between these have squares and sums of squares in the range of doubles; others are scaled first
SMALL, LARGE = 1e-100, 1e100


class Limits(NamedTuple):
    """The largest number of a float type, the smallest with all digits, and the relative rounding that is no signal."""

    most: float
    least: float
    rounding: float


#: by the bits of a number
LIMITS = {
    8 * kind(0).itemsize: Limits(
        float(np.finfo(kind).max), float(np.finfo(kind).smallest_normal), ROUNDING * float(np.finfo(kind).eps)
    )
    for kind in (np.float32, np.float64)
}


class Settings(NamedTuple):
    """Norm, tolerances and penalty of advantages."""

    norm: str
    tie_tol: float
    std_offset: float
    unlikeliness: float
    ties: str


class Layout(NamedTuple):
    """Where groups lie in a flat array: their starts and sizes, the order that brings them together, their labels."""

    starts: np.ndarray
    sizes: np.ndarray
    order: np.ndarray | None = None
    labels: tuple[Any, ...] | None = None


class Parts(NamedTuple):
    """Advantages, rewards after the penalty, and which groups are equal after it and before it."""

    advantages: Any
    rewards: Any
    no_signal: Any
    uniform: Any


def limits_of(xp: Any, rewards: Any) -> Limits:
    """The limits of the float type of an array."""
    return LIMITS[8 * rewards.dtype.itemsize if isinstance(rewards, np.ndarray) else xp.finfo(rewards.dtype).bits]


def largest(rewards: np.ndarray) -> float:
    """The largest size of a number in an array that is not empty; NaN if there is one."""
    flat = rewards.reshape(-1)
    bits = flat.view(np.int64 if flat.dtype == np.float64 else np.int32)
    return float(np.asarray(largest_bits(kernel_input(bits)), bits.dtype).view(flat.dtype))


@kernel
def largest_bits(bits):
    """The largest of numbers without their first bit; doubles without it are ordered so, with NaN above infinity."""
    found = bits[0] & 0
    mask = ~found ^ (~found << (8 * bits.itemsize - 1))
    for i in range(len(bits)):
        found = max(found, bits[i] & mask)
    return found


def on_host(rewards: np.ndarray, likely: np.ndarray | None, layout: Layout, settings: Settings, xp: Any) -> Parts:
    """Advantages of one reward an answer, for NumPy arrays."""
    order, starts = layout.order, layout.starts
    flat = rewards.reshape(-1) if order is None else rewards[order]
    penalized = np.array(flat)
    no_signal = np.empty(len(starts) - 1, np.bool_)
    rounding = limits_of(xp, flat).rounding
    uniform = no_signal
    if likely is not None:
        uniform = np.empty_like(no_signal)
        compare(kernel_input(flat), starts, settings.tie_tol, rounding, uniform)
        ranked = kernel_input(likely.reshape(-1) if order is None else likely[order], np.float64)
        penalize(ranked, starts, settings.unlikeliness, settings.ties == "average", penalized)
    spread = _whole_deviation(np, penalized) if settings.norm == "batch" else 0.0
    advantages = np.empty_like(penalized)
    numbers = settings.tie_tol, rounding, NORMS.index(settings.norm), settings.std_offset, spread
    bad = divide(kernel_input(penalized), starts, *numbers, no_signal, advantages)
    if bad >= 0:
        raise _no_mean(
            float(penalized[starts[bad] : starts[bad + 1]].mean()), layout.labels[bad] if layout.labels else bad
        )
    if order is not None:
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        advantages, penalized = advantages[places], penalized[places]
    return Parts(advantages.reshape(rewards.shape), penalized.reshape(rewards.shape), no_signal, uniform)


@kernel
def compare(rewards, starts, tie_tol, rounding, equal):
    """Say of each group whether its rewards differ by no more than a tolerance, or than rounding."""
    for g in range(len(starts) - 1):
        low, high = extent(rewards[starts[g] : starts[g + 1]])
        equal[g] = high - low <= max(tie_tol, rounding * max(abs(low), abs(high)))


@kernel
def extent(rewards):
    """The smallest and the largest reward of a group."""
    low = high = float(rewards[0])
    for i in range(len(rewards)):
        low = rewards[i] if rewards[i] < low else low
        high = rewards[i] if rewards[i] > high else high
    return low, high


@kernel
def penalize(likely, starts, strength, averaged, rewards):
    """Multiply each reward by 1 - strength rank / G, the least likely answer of a group having rank 0."""
    for g in range(len(starts) - 1):
        size = starts[g + 1] - starts[g]
        for i in range(starts[g], starts[g + 1]):
            below, tied, earlier = 0, 0, 0
            for j in range(starts[g], starts[g + 1]):
                below += likely[j] < likely[i]
                tied += likely[j] == likely[i]
                earlier += j < i and likely[j] == likely[i]
            rank = below + (0.5 * (tied - 1) if averaged else earlier)
            rewards[i] *= 1.0 - strength * rank / size


@kernel
def divide(rewards, starts, tie_tol, rounding, norm, offset, spread, no_signal, advantages):
    """Write which groups have no signal, and advantages; return the first group whose mean divides and is not positive.

    Groups are short slices, since a compiler sees that places in them are not negative, and takes several at once.
    """
    for g in range(len(starts) - 1):
        group, found = rewards[starts[g] : starts[g + 1]], advantages[starts[g] : starts[g + 1]]
        size, mean = len(group), total(group) / len(group)
        low, high = extent(group)
        no_signal[g] = high - low <= max(tie_tol, rounding * max(abs(low), abs(high)))
        if norm == MEAN and (mean < 0 or (mean + offset <= 0 and not no_signal[g])):
            return g
        if no_signal[g]:
            found[:] = 0.0
            continue
        divisor = 1.0
        if norm == STD or norm == SAMPLE:  # a tuple of names takes longer
            count, top = size if norm == STD else size - 1, max(high - mean, mean - low)
            if SMALL < top < LARGE:
                divisor = math.sqrt(squares(group, mean) / count) + offset
            else:
                divisor = top * math.sqrt(scaled_squares(group, mean, top) / count) + offset
        elif norm == LOO:
            divisor = (size - 1) / size
        elif norm == BATCH:
            divisor = spread + offset
        elif norm == MEAN:
            divisor = mean + offset
        put(group, mean, divisor, found)
    return -1


@kernel(fastmath={"reassoc"})
def total(rewards):
    """The sum of a group, in any order."""
    found = 0.0
    for i in range(len(rewards)):
        found += rewards[i]
    return found


@kernel(fastmath={"reassoc"})
def squares(rewards, mean):
    """The sum of squares about a mean, in any order."""
    found = 0.0
    for i in range(len(rewards)):
        found += (rewards[i] - mean) * (rewards[i] - mean)
    return found


@kernel(fastmath={"reassoc"}, error_model="numpy")
def scaled_squares(rewards, mean, scale):
    """The sum of squares about a mean in a unit, in any order."""
    found = 0.0
    for i in range(len(rewards)):
        found += ((rewards[i] - mean) / scale) ** 2
    return found


@kernel(error_model="numpy")
def put(rewards, mean, divisor, advantages):
    """Write rewards minus a mean, divided."""
    for i in range(len(rewards)):
        advantages[i] = (rewards[i] - mean) / divisor


def _whole_deviation(xp: Any, rewards: Any) -> float:
    """The standard deviation over n - 1 of a whole batch, scaled so that squares stay in range."""
    n = math.prod(rewards.shape)
    if n < 2:
        return 0.0
    centred = rewards - xp.mean(rewards)
    top = float(xp.max(xp.abs(centred)))
    return top * math.sqrt(float(xp.sum((centred / top) ** 2)) / (n - 1)) if top > 0 else 0.0


def _no_mean(mean: float, group: Any) -> Exception:
    """The refusal of a group whose mean would turn signs."""
    return must("rewards", 'of positive mean in each group with norm "mean"', Words(f"{mean:.6g} in group {group}"))


# --- on the device: groups of one size --------------------------------------------------------------------------------


def on_device(rewards: Any, likely: Any, layout: Layout, settings: Settings, xp: Any) -> Parts:
    """Advantages of one reward an answer, for arrays of shape (groups, size) of any library."""
    size = rewards.shape[1]
    if rewards.shape[0] == 0:
        none = xp.zeros(0, dtype=xp.bool, device=rewards.device)
        return Parts(rewards, rewards, none, none)
    uniform = _equal(xp, rewards, settings.tie_tol)
    no_signal = uniform
    if likely is not None:
        below = likely[:, None, :] < likely[:, :, None]
        tied = likely[:, None, :] == likely[:, :, None]
        if settings.ties == "average":
            rank = _counted(xp, below, rewards) + 0.5 * (_counted(xp, tied, rewards) - 1)
        else:
            rank = _counted(xp, below | (tied & xp.tril(xp.ones_like(tied), k=-1)), rewards)
        rewards = rewards * (1 - settings.unlikeliness * rank / size)
        no_signal = _equal(xp, rewards, settings.tie_tol)
    mean = xp.mean(rewards, axis=1, keepdims=True)
    centred = rewards - mean
    divisor: Any = 1.0
    if settings.norm in ("std", "sample"):
        top = xp.max(xp.abs(centred), axis=1, keepdims=True)
        top = xp.where(top > 0, top, xp.ones_like(top))
        squares = xp.sum((centred / top) ** 2, axis=1, keepdims=True)
        divisor = top * xp.sqrt(squares / max(1, size - (settings.norm == "sample"))) + settings.std_offset
    elif settings.norm == "loo":
        divisor = (size - 1) / size if size > 1 else 1.0
    elif settings.norm == "batch":
        divisor = _whole_deviation(xp, rewards) + settings.std_offset or 1.0
    elif settings.norm == "mean":
        divisor = mean + settings.std_offset
        bad = (mean[:, 0] < 0) | ((divisor[:, 0] <= 0) & ~no_signal)
        if bool(xp.any(bad)):
            number = int(xp.argmax(xp.astype(bad, xp.int64)))
            raise _no_mean(float(mean[number, 0]), number)
        divisor = xp.where(divisor > 0, divisor, xp.ones_like(divisor))
    silent = no_signal[:, None]
    if settings.norm in ("std", "sample"):
        divisor = xp.where(silent, xp.ones_like(divisor), divisor)
    return Parts(xp.where(silent, xp.zeros_like(centred), centred / divisor), rewards, no_signal, uniform)


def _equal(xp: Any, rewards: Any, tie_tol: float) -> Any:
    """Which groups have rewards that differ by no more than a tolerance, or than rounding."""
    low, high = xp.min(rewards, axis=1), xp.max(rewards, axis=1)
    size = xp.max(xp.abs(rewards), axis=1)
    return (high - low <= tie_tol) | (high - low <= limits_of(xp, rewards).rounding * size)


def _counted(xp: Any, flags: Any, like: Any) -> Any:
    """Number of true entries along the last axis, in the type of other numbers."""
    return xp.sum(xp.astype(flags, like.dtype), axis=-1)
