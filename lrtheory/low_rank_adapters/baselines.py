"""Common ways to choose an adapter, and chance, with the results of `fit`, so that losses can be compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import generator, integer, must, real
from lrtheory.low_rank_adapters.fit import FitResult
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import full, lora
from lrtheory.low_rank_adapters.reach.bounds import lower_bound
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, checked_adapter, norm, normalized, problem_of

__all__ = ["peft_convert_like", "random_linear", "ridge_then_svd", "truncated_svd"]

#: the ridge weight of "ridge_then_svd", in units of the mean squared norm of an input coordinate
RIDGE = 1e-2


@arrays("host")
def truncated_svd(adapter: Adapter, target: ArrayLike) -> FitResult:
    """Take the leading part of a full singular value decomposition, as LoftQ and PiSSA do.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        A LoRA, whose rank counts.
    target : array of shape (d_out, d_in)
        The update that is needed.

    Returns
    -------
    FitResult
        Nearest LoRA of this rank, and its certificate.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or the target not an array of real numbers.
    ValueError
        If the adapter is of another kind, or the target of another shape or not finite.

    Examples
    --------
    >>> found = truncated_svd(lora([[0.0], [0.0]], [[0.0, 0.0]]), [[3.0, 0.0], [0.0, 4.0]])
    >>> round(found.loss, 12), round(found.captured, 12)
    (9.0, 0.64)
    """
    task = normalized(_thin(adapter), problem_of(adapter.shape, target))
    return _answer(task, _leading(task.given, task.T, task.unit), "truncated-svd")


@arrays("host")
def ridge_then_svd(
    adapter: Adapter, *, X: ArrayLike, Y: ArrayLike, weight: ArrayLike | None = None, ridge: float | None = None
) -> FitResult:
    """Fit the whole update to data by ridge regression, then take the leading part of its decomposition.

    The truncation knows nothing of the data: `fit` truncates the fitted outputs in its place (statement AD-5).

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        A LoRA, whose rank counts.
    X : array of shape (T, d_in)
        Inputs of the layer.
    Y : array of shape (T, d_out)
        The outputs that it should have.
    weight : array of shape (d_out, d_in) or None
        The frozen weight; None says that Y is already what the update should add.
    ridge : float or None
        The weight, at least 0, of the squared norm of the whole update; None takes a hundredth of the mean squared norm
        of an input coordinate.

    Returns
    -------
    FitResult
        The loss is that of `fit` without a ridge.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or another one not an array of real numbers.
    ValueError
        If the adapter is of another kind, a shape does not fit, or a number is not finite or out of range.

    Examples
    --------
    >>> X, Y = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 4.0]]
    >>> found = ridge_then_svd(lora([[0.0], [0.0]], [[0.0, 0.0]]), X=X, Y=Y, ridge=0.0)
    >>> round(found.loss, 12), round(found.lower, 12)  # the larger update serves the smaller outputs
    (16.0, 9.0)
    """
    lam = None if ridge is None else real("ridge", ridge, low=0.0)
    task = normalized(_thin(adapter), problem_of(adapter.shape, None, X, Y, weight=weight))
    K = task.K
    assert K is not None  # there are data
    # the squared norm of the inputs is that of K, whose columns are orthogonal
    energies = np.sum(K * K, axis=0)
    inner = task.unit - task.power  # X is 2^inner times what K was made of
    penalty = RIDGE * energies.sum() / len(K) if lam is None else math.ldexp(lam, -2 * inner)
    D = (task.T * (1 / (energies + penalty))) @ K.T
    return _answer(task, _leading(task.given, D, task.power), "ridge-then-svd")


@arrays("host")
def random_linear(adapter: Adapter, target: ArrayLike, *, rng: Rng = None) -> FitResult:
    """Draw the best update in a uniformly random subspace with as many dimensions as an adapter has (statement AD-4).

    The subspace itself is not needed: the share that it captures has a beta distribution, and what else the projection
    holds points in a uniformly random direction.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter whose `dimension` is that of the subspace.
    target : array of shape (d_out, d_in)
        The update that is needed.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    FitResult
        The adapter is of the kind "full", and holds the projection.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or the target not an array of real numbers.
    ValueError
        If the target has another shape or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> start = lora(np.zeros((5, 1)), np.zeros((1, 6)))
    >>> shares = [random_linear(start, np.eye(5, 6), rng=k).captured for k in range(1000)]
    >>> round(float(np.mean(shares)), 2), round(10 / 30, 2)
    (0.33, 0.33)
    """
    draws, task = generator(rng), normalized(checked_adapter(adapter), problem_of(adapter.shape, target))
    size = task.T.size
    K = min(adapter.dimension, size)
    share = draws.beta(K / 2, (size - K) / 2) if K < size else 1.0
    found = share * task.T
    across = draws.normal(size=task.T.shape)
    if task.whole and K < size:
        across -= task.T * (np.vdot(task.T, across) / task.whole**2)
        found = found + across * (math.sqrt(share * (1 - share)) * task.whole / norm(across))
    xp = array_namespace(*adapter.params.values())
    own: Any = next(iter(adapter.params.values()))
    host = np.ldexp(found, task.unit).astype(np.asarray(to_numpy(own)).dtype)
    every = full(xp.asarray(host, device=own.device))
    return _answer(normalized(every, problem_of(every.shape, target)), every, "random-linear")


@arrays("host")
def peft_convert_like(adapter: Adapter, *, rank: int) -> FitResult:
    """Convert an adapter of any kind into LoRA as peft does: form the update, and decompose all of it.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter of any kind.
    rank : int
        Rank of the LoRA, from 1 to min(d_out, d_in).

    Returns
    -------
    FitResult
        LoRA of `to_lora`, which finds it faster.

    Raises
    ------
    TypeError
        If the first argument is not an adapter.
    ValueError
        If the rank is out of range.

    Examples
    --------
    >>> found = peft_convert_like(lora([[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]), rank=1)
    >>> round(found.loss, 12), found.adapter.n_parameters
    (1.0, 4)
    """
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an adapter, as `lora` or `make_adapter` makes it", adapter, TypeError)
    m, n = adapter.shape
    r, D = integer("rank", rank, low=1, high=min(m, n)), adapter.dense()
    xp = array_namespace(D)
    like = {"dtype": D.dtype, "device": D.device}
    return truncated_svd(lora(xp.zeros((m, r), **like), xp.zeros((r, n), **like)), D)


def _thin(adapter: Adapter) -> Adapter:
    """The adapter itself if it is a LoRA."""
    if checked_adapter(adapter).kind != "lora":
        raise must("adapter", "a LoRA", adapter)
    return adapter


def _leading(adapter: Adapter, D: np.ndarray, power: int) -> Adapter:
    """The LoRA with the balanced leading part of 2^power D."""
    U, S, Vt = np.linalg.svd(D, full_matrices=False)
    rank = min(adapter.params["A"].shape[0], len(S))
    root = np.sqrt(S[:rank] / abs(adapter.scale) * 2.0 ** (power % 2))
    spare = ((0, 0), (0, adapter.params["A"].shape[0] - rank))
    halves = {
        "B": np.pad(U[:, :rank] * root, spare),
        "A": np.pad((Vt[:rank].T * root * np.sign(adapter.scale)), spare).T,
    }
    made = {name: np.ldexp(value, power // 2) for name, value in halves.items()}
    own: Any = adapter.params["A"]
    xp, kind = array_namespace(own), np.asarray(to_numpy(own)).dtype
    place = own.device
    return adapter.with_params({name: xp.asarray(value.astype(kind), device=place) for name, value in made.items()})


def _answer(task: NormalizedProblem, adapter: Adapter, method: str) -> FitResult:
    """Return what an adapter leaves, beside the bound on all adapters with its frozen arrays."""
    bound = lower_bound(task)
    lower = math.hypot(task.rest, bound.value)
    upper = max(lower, math.hypot(task.rest, norm(task.residual(task.lowered(adapter)))))
    loss, least = task.square(upper), task.square(lower)
    certificate = FitCertificate._of(loss, least, bound.statement, adapter=adapter, ridge=0.0)
    return FitResult(
        adapter=adapter,
        loss=loss,
        captured=1.0 - (upper / task.whole) ** 2 if task.whole else 1.0,
        lower=least,
        method=method,
        reason="it was asked for",
        n_iter=0,
        converged=True,
        message=bound.note,
        counts={"starts": 1},
        certificate=certificate,
        trace=None,
    )
