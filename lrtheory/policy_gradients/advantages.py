"""Advantages of answers within their groups, in the forms that trainers offer."""

from __future__ import annotations

import functools
import math
import sys
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, is_foreign, real_array, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, choice, must, real, refuse_unused
from lrtheory.policy_gradients.exact.divisors import (
    NORMS,
    TIES,
    Layout,
    Parts,
    Settings,
    largest,
    limits_of,
    on_device,
    on_host,
)
from lrtheory.policy_gradients.exact.labels import listed, numbered

__all__ = ["AdvantageResult", "group_advantages"]

COMBINATIONS = ("sum", "separately")
#: norms that divide by something to which `std_offset` is added
DIVIDE = ("std", "sample", "batch", "mean")
#: a(P) of statement GR-1, for rewards of 0 and 1 with success P and groups of G
FACTORS = {
    "std": "w(P), which theory.weight computes",
    "sample": "sqrt((G - 1)/G) w(P), with w(P) from theory.weight",
    "none": "(G - 1)/G",
    "loo": "1",
    "mean": "(1 - (1 - P)^G)/P - (1 - P)^(G - 1)",
}


@result
class AdvantageResult(Result):
    """Advantages of the answers of groups.

    Attributes
    ----------
    advantages : array of the shape of the rewards without the axis of several rewards
        Advantage of each answer, 0 in groups without signal. Without a unit for the norms that divide, and else in the
        unit of the rewards.
    rewards : array of the shape of `advantages`
        Weighted sum of the rewards after the penalty.
    no_signal : bool array of shape (groups,)
        Whether all rewards of the group are equal after the penalty.
    uniform : bool array of shape (groups,)
        Whether they are equal as given, before the penalty: groups that some trainers drop.
    sizes : int array of shape (groups,)
        Number of answers of each group.
    norm : str
        The norm.
    groups : tuple or None
        Label of each group in the order in which they first occur; None without labels.
    message : str
        Norm, its factor by statement GR-1, and the number of groups without signal, in sentences.
    """

    advantages: Array
    rewards: Array
    no_signal: Array
    uniform: Array
    sizes: Array
    norm: str
    groups: tuple[Any, ...] | None
    message: str


@arrays("device")
def group_advantages(
    rewards: ArrayLike,
    *,
    group: ArrayLike | None = None,
    norm: str = "std",
    tie_tol: float = 0.0,
    std_offset: float = 0.0,
    weights: ArrayLike | None = None,
    combine: str = "sum",
    log_probs: ArrayLike | None = None,
    unlikeliness: float = 0.0,
    ties: str = "average",
) -> AdvantageResult:
    r"""Compute the advantage of each answer within its group.

    Arrays: any (device)

    Parameters
    ----------
    rewards : array of shape (groups, size), (groups, size, n_rewards), or (n,), (n, n_rewards) with `group`
        Real numbers in any unit; single precision stays single. Booleans and integers become double.
    group : sequence of length n, optional
        Label of the group of each answer, of any type but None and NaN; equal ones are one group, which may lie in
        several pieces. With labels the numbers pass through the host.
    norm : {"std", "sample", "none", "loo", "batch", "mean"}
        Divisor of reward minus mean of the group: the standard deviation of the group over G or over G - 1, nothing,
        (G - 1)/G for the mean of the other answers as baseline, the standard deviation over n - 1 of the whole batch,
        or the mean of the group.
    tie_tol : float
        Rewards of a group that differ by no more than this are equal, in the unit of the rewards. Those that differ by
        rounding alone always are.
    std_offset : float
        Added to the divisor, in the unit of the rewards, at least 0; trainers call it epsilon.
    weights : array of shape (n_rewards,), optional
        Weight of each of several rewards; all 1 if not given.
    combine : {"sum", "separately"}
        Whether several rewards are summed first, or each gets advantages of its own that are then summed.
    log_probs : array of the shape of the advantages, optional
        Natural logarithms of the probability of each answer, or their mean per token; needed for `unlikeliness`.
    unlikeliness : float
        Strength of the penalty on likely answers [1]_, at least 0: each reward is multiplied by 1 - strength rank / G,
        where the least likely answer of the group has rank 0.
    ties : {"average", "position"}
        Rank of equally likely answers: their average, or by their order.

    Returns
    -------
    AdvantageResult
        Advantages of the kind of the rewards, and the groups without signal.

    Raises
    ------
    TypeError
        If entries are no real numbers.
    ValueError
        If shapes do not fit, a number is out of range or not finite, or the mean of a group is not positive with the
        norm "mean", which would turn all signs.

    Notes
    -----
    If an advantage depends on rewards of 0 and 1 alone, the expected update is a(P) times the gradient of the success
    P, with a factor for each norm (statement GR-1). That does not cover the norm "batch", where other groups set the
    divisor, the penalty, or several rewards that are normalized separately.

    References
    ----------
    .. [1] A. W. He, D. Fried, S. Welleck, Rewarding the unlikely: lifting GRPO beyond distribution sharpening, EMNLP
       2025, arXiv:2506.02355.

    Examples
    --------
    >>> from lrtheory.policy_gradients import group_advantages
    >>> found = group_advantages([[1, 0, 0, 0], [1, 1, 1, 1]])
    >>> found.advantages.round(4)
    array([[ 1.7321, -0.5774, -0.5774, -0.5774],
           [ 0.    ,  0.    ,  0.    ,  0.    ]])
    >>> found.no_signal
    array([False,  True])
    """
    numbers = norm, tie_tol, std_offset, unlikeliness, ties
    try:
        settings = _remembered(*numbers)  # those of one training come at each of its steps
    except TypeError:  # one of them is refused, or has no hash
        settings = _settings(*numbers)
    choice("combine", combine, COMBINATIONS)
    given = rewards
    if group is not None:
        rewards, log_probs, weights = to_numpy(rewards), to_numpy(log_probs), to_numpy(weights)
    xp = array_namespace(rewards)
    found = real_array(xp, "rewards", rewards, finite=False)
    layout = _layout(found, group)
    axes = 2 if group is None else 1
    shares = _weights(xp, weights, found, axes)
    _check_finite(xp, found, layout, settings, shares)
    likely = _likelihoods(xp, log_probs, found, axes, settings)
    is_summed = found.ndim == axes or combine == "sum"
    if found.ndim > axes and is_summed:
        found = xp.sum(found * shares, axis=-1)
    columns = [found] if is_summed else [found[..., r] for r in range(found.shape[-1])]
    compute = on_host if layout.order is not None or isinstance(found, np.ndarray) else on_device
    parts = [compute(column, likely, layout, settings, xp) for column in columns]
    whole = parts[0] if is_summed else _added(parts, shares)
    n_silent = int(xp.count_nonzero(whole.no_signal))
    sizes: Any = layout.sizes
    message = f"{_factor(settings, is_summed)}; {n_silent} of {len(sizes)} groups have no signal"
    if is_foreign(given):
        whole = Parts(*(part if is_foreign(part) else beside(part, given) for part in whole))
        sizes = beside(sizes, given)
    return AdvantageResult(*whole, sizes, settings.norm, layout.labels, message)


def _settings(norm: str, tie_tol: float, std_offset: float, unlikeliness: float, ties: str) -> Settings:
    """Check the numbers and words."""
    choice("norm", norm, NORMS)
    top = sys.float_info.max
    settings = Settings(
        norm,
        real("tie_tol", tie_tol, low=0, high=top),
        real("std_offset", std_offset, low=0, high=top),
        real("unlikeliness", unlikeliness, low=0, high=top),
        choice("ties", ties, TIES),
    )
    if norm not in DIVIDE:
        refuse_unused(norm, (), "norm", std_offset=(settings.std_offset, 0.0))
    return settings


_remembered = functools.lru_cache(maxsize=64, typed=True)(_settings)


def _layout(found: Any, group: Any) -> Layout:
    """Where the groups lie, from the shape or from labels of any type."""
    if group is None:
        if found.ndim not in (2, 3) or found.shape[1] == 0:
            rule = "of shape (groups, size) or (groups, size, n_rewards), with answers in each group"
            raise must("rewards", rule, tuple(found.shape))
        n, size = found.shape[:2]
        return Layout(np.arange(0, n * size + 1, size), np.full(n, size))
    if found.ndim not in (1, 2):
        raise must("rewards", "of shape (n,) or (n, n_rewards) beside labels of groups", tuple(found.shape))
    names = listed("group", group)
    if len(names) != len(found):
        raise must("group", f"one label for each of {len(found)} answers", Words(f"{len(names)} labels"))
    place, inverse = numbered("group", names)
    sizes = np.bincount(inverse, minlength=len(place))
    starts = np.concatenate(([0], np.cumsum(sizes)))
    lies_in_order = bool((inverse[1:] >= inverse[:-1]).all())  # as trainers have their batches
    return Layout(starts, sizes, None if lies_in_order else np.argsort(inverse, kind="stable"), tuple(place))


def _check_finite(xp: Any, found: Any, layout: Layout, settings: Settings, shares: Any) -> None:
    """Refuse what is not finite, with its group, and what is so large or so small that sums of a group lose digits."""
    if 0 in found.shape:
        return
    size = largest(found) if isinstance(found, np.ndarray) else float(xp.max(xp.abs(found)))
    limits = limits_of(xp, found)
    most = limits.most / (4 * (found.shape[1] if layout.labels is None else int(layout.sizes.max())))
    if 0 < size < limits.least:
        raise must("rewards", f"0, or some of them at least {limits.least:.3g} in size", size)
    if size <= most:
        if settings.unlikeliness * size > most:
            raise must("unlikeliness", "so small that rewards stay finite", settings.unlikeliness)
        # advantages that are divided have a size of about 1
        if shares is not None and float(xp.sum(xp.abs(shares))) > most / max(1.0, size):
            raise must("weights", "so small that weighted rewards are finite", Words("larger ones"))
        return
    if math.isfinite(size):
        raise must("rewards", f"at most {most:.3g} in size, so that sums of a group are finite", size)
    bad = ~np.isfinite(to_numpy(found)).reshape(int(layout.starts[-1]), -1)
    row = int(np.argmax(bad.any(axis=1)))
    value = float(to_numpy(found).reshape(len(bad), -1)[row][bad[row]][0])
    at = row if layout.order is None else int(np.flatnonzero(layout.order == row)[0])
    number = int(np.searchsorted(layout.starts, at, side="right")) - 1
    name = number if layout.labels is None else layout.labels[number]
    raise must("rewards", "finite", Words(f"{value} at group {name}"))


def _weights(xp: Any, weights: Any, found: Any, axes: int) -> Any:
    """Weights of several rewards; None where there is one."""
    if found.ndim == axes:
        if weights is not None:
            raise must("weights", "None, since there is one reward an answer", weights)
        return None
    n = found.shape[-1]
    if n == 0:
        raise must("rewards", "at least one number an answer", tuple(found.shape))
    shares = np.ones(n) if weights is None else real_array(xp, "weights", weights)
    if tuple(shares.shape) != (n,):
        raise must("weights", f"of shape ({n},)", tuple(shares.shape))
    return xp.astype(shares if is_foreign(shares) else beside(shares, found), found.dtype)


def _likelihoods(xp: Any, log_probs: Any, found: Any, axes: int, settings: Settings) -> Any:
    """Log probabilities, of which only the order counts."""
    if settings.unlikeliness == 0:
        if log_probs is not None:
            raise must("log_probs", "None where `unlikeliness` is 0", Words("log probabilities"))
        return None
    if log_probs is None:
        raise must("log_probs", "given where `unlikeliness` is above 0", None)
    likely = real_array(xp, "log_probs", log_probs)
    if tuple(likely.shape) != tuple(found.shape[:axes]):
        raise must("log_probs", f"of shape {tuple(found.shape[:axes])}", tuple(likely.shape))
    if 0 not in likely.shape and float(xp.max(likely)) > 0:
        raise must("log_probs", "at most 0", float(xp.max(likely)))
    return likely


def _added(parts: list[Parts], shares: Any) -> Parts:
    """The weighted sum of advantages of several rewards; a group has no signal where none of them has one."""
    first, *others = parts
    whole = first._replace(advantages=first.advantages * shares[0], rewards=first.rewards * shares[0])
    for r, part in enumerate(others, start=1):
        whole = Parts(
            whole.advantages + part.advantages * shares[r],
            whole.rewards + part.rewards * shares[r],
            whole.no_signal & part.no_signal,
            whole.uniform & part.uniform,
        )
    return whole


@functools.lru_cache(maxsize=64)
def _factor(settings: Settings, is_summed: bool) -> str:
    """Norm and its factor, in sentences."""
    norm, beta = settings.norm, settings.unlikeliness
    told = [f'norm "{norm}"']
    if not is_summed:
        told.append("several rewards are normalized separately, which GR-1 does not cover")
    elif beta > 0:
        told.append(f"a penalty of strength {beta:g} on likely answers, which GR-1 does not cover")
    elif norm == "batch":
        told.append("other groups set the divisor, which GR-1 does not cover")
    else:
        plain = "" if settings.std_offset == 0 else ", without the offset"
        told.append(f"by GR-1 rewards of 0 and 1 push along the gradient of P with the factor {FACTORS[norm]}{plain}")
    if beta > 1:
        told.append("above strength 1 a right answer can have a negative reward")
    return "; ".join(told)
