"""Train an adapter from a function that returns gradients in the merged weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import check_callback, flag, integer, must, real
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.training.inverses import energy, unit_of
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer, Diverged, checked_gradient
from lrtheory.low_rank_adapters.training.steps import followed, is_zero

__all__ = ["TrainResult", "TrainState", "train"]

#: a function from the update of the weight to the gradient in the merged weight, or to gradients in trained arrays
GradientFunction = Callable[[Any], ArrayLike | Mapping[str, ArrayLike]]


@result
class TrainState(Result):
    """Where training stands, for callbacks.

    Attributes
    ----------
    adapter : Adapter
        Adapter after `n_iter` steps.
    gradient_norm : float
        The norm before the last step, as in `TrainResult`.
    n_iter : int
        Steps so far.
    """

    adapter: Adapter
    gradient_norm: float
    n_iter: int


@result
class TrainResult(Result):
    """A trained adapter.

    Attributes
    ----------
    adapter : Adapter
        Trained adapter, of the kind that was given.
    gradient_norms : array of shape (n,)
        The norm of what training follows of the gradient, at each of the adapters for which one was asked: of its
        projections onto what each factor reaches, together, for methods that project; else of the gradients in the
        trained arrays.
    method : str
        The argument `method`.
    n_iter : int
        Steps; a step of "altlora" moves one factor.
    converged : bool
        Whether the norm fell to `tol` times the first one.
    message : str
        Reason for the end of the training, and ``rank_deficient`` where a factor had not its full rank.
    counts : mapping
        ``gradients`` that were asked for, and ``refactorizations`` that changed the factors: there is none where the
        product lacks the rank of the factors.
    trace : mapping of str to array, or None
        For each trained array its values before all steps and after the last one, along a first axis, and for
        ``momentum_`` and its name its running means; None unless it was asked for.
    """

    adapter: Adapter
    gradient_norms: Array
    method: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    trace: Mapping[str, Array] | None

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        return {"step": list(range(self.gradient_norms.shape[0])), "gradient_norm": to_numpy(self.gradient_norms)}


@arrays("device")
def train(
    adapter: Adapter,
    gradient: GradientFunction,
    *,
    method: Literal["altlora", "joint", "scaled", "sgd", "adam"] = "altlora",
    step_size: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    ridge: float = 0.0,
    refactorize_every: int = 0,
    max_iter: int = 100,
    tol: float = 1e-8,
    callback: Callable[[TrainState], object] | None = None,
    record: bool = False,
) -> TrainResult:
    """Train an adapter by steps along gradients in the merged weight.

    Parameters
    ----------
    adapter : Adapter
        Adapter at the start of the training; it stays as it is.
    gradient : callable
        From the update of the weight, of shape (d_out, d_in), to the gradient of the loss in the merged weight, of the
        same shape, or to a mapping of gradients in all trained arrays.
    method : {"altlora", "joint", "scaled", "sgd", "adam"}
        Rule of the steps, as in `AdapterOptimizer`, of which this function calls `step` in a loop.
    step_size : float
        Above 0.
    momentum : float
        In [0, 1).
    weight_decay : float
        Decay of the trained arrays, at least 0.
    ridge : float
        Damping of the projections, at least 0.
    refactorize_every : int
        Steps after which a LoRA is put into balanced factors (statement RF-2), with its momentum; 0 never does so.
    max_iter : int
        Steps, at most.
    tol : float
        Training has converged when the norm of what it follows of the gradient is at most this share of the first one,
        at least 0; see `TrainResult`.
    callback : callable or None
        Called with a `TrainState` after each step; raising StopIteration ends training.
    record : bool
        Whether the trace is kept.

    Returns
    -------
    TrainResult
        The last adapter for which all numbers were finite.

    Raises
    ------
    ValueError
        If an option is out of range, a gradient has another shape or is not finite, or both factors of a LoRA are 0.
    TypeError
        If an argument is of the wrong kind.

    See Also
    --------
    AdapterOptimizer : The same, one step at a time with a gradient of the caller's.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> target = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> start = lora([[1.0], [1.0]], [[1.0, 1.0]])
    >>> found = train(start, lambda update: update - target, step_size=1.0, tol=1e-12)
    >>> found.n_iter, found.converged, np.round(found.adapter.dense(), 12).tolist()
    (2, True, [[2.0, 0.0], [0.0, 0.0]])
    """
    optimizer = AdapterOptimizer(
        adapter, method=method, step_size=step_size, momentum=momentum, weight_decay=weight_decay, ridge=ridge
    )
    if not callable(gradient):
        raise must("gradient", "a function of the update", gradient, TypeError)
    check_callback(callback)
    every = integer("refactorize_every", refactorize_every, low=0)
    if every and (adapter.kind != "lora" or method == "adam"):
        raise must("refactorize_every", f"0 for the kind {adapter.kind!r} and method {method!r}", every)
    limits = integer("max_iter", max_iter, low=0), real("tol", tol, low=0.0, high=1.0)
    run = _Run(optimizer, gradient, every, record=flag("record", record))
    message = run.go(*limits, callback)
    if optimizer.rank_deficient:
        message += "; rank_deficient: a factor had not its full rank, and pseudo-inverses of least norm were taken"
    return TrainResult(
        adapter=optimizer.adapter,
        gradient_norms=beside(np.array(run.norms), next(iter(adapter.params.values()))),
        method=method,
        n_iter=optimizer.n_steps,
        converged=run.converged,
        message=message,
        counts={"gradients": len(run.norms), "refactorizations": run.n_refactored},
        trace=run.trace(),
    )


class _Run:
    """The loop, and what it keeps."""

    def __init__(self, optimizer: AdapterOptimizer, gradient: GradientFunction, every: int, *, record: bool) -> None:
        self.optimizer, self.gradient, self.every = optimizer, gradient, every
        self.norms: list[float] = []
        self.kept: list[dict[str, Any]] | None = [] if record else None
        self.converged, self.n_refactored = False, 0

    def go(self, max_iter: int, tol: float, callback: Callable[[TrainState], object] | None) -> str:
        """Train, and say why it ended."""
        self._keep()
        while self.optimizer.n_steps < max_iter:
            # a run that diverges ends with a sentence, not with a warning of NumPy
            with np.errstate(over="ignore", invalid="ignore"):
                update = self.optimizer.adapter.dense()
            xp = array_namespace(update)
            if not bool(xp.all(xp.isfinite(update))):
                return "stopped: the update left the range of numbers; `step_size` must be smaller"
            G = checked_gradient(self.optimizer.adapter, self.gradient(update))
            with np.errstate(over="ignore", invalid="ignore"):
                self.norms.append(_norm(followed(self.optimizer.adapter, G, self.optimizer.method)))
            if not math.isfinite(self.norms[-1]):
                return "stopped: gradients in the trained arrays left the range of numbers"
            if self.norms[-1] <= tol * self.norms[0]:
                self.converged = True
                return f"what training follows of the gradient fell to {tol:g} of its first norm"
            try:
                self.optimizer.step(G)
            except Diverged:
                return "stopped: a step would leave the range of numbers; `step_size` must be smaller"
            if self.every and self.optimizer.n_steps % self.every == 0:
                self.n_refactored += self.optimizer._refactorize()
            self._keep()
            if callback is not None:
                try:
                    callback(TrainState(self.optimizer.adapter, self.norms[-1], self.optimizer.n_steps))
                except StopIteration:
                    return "stopped by the callback"
        return "the number of steps reached `max_iter`"

    def trace(self) -> dict[str, Any] | None:
        """All that was kept, by names."""
        if self.kept is None:
            return None
        xp = array_namespace(*self.kept[0].values())
        return {name: xp.stack([one[name] for one in self.kept]) for name in self.kept[0]}

    def _keep(self) -> None:
        if self.kept is not None:
            momenta = {f"momentum_{name}": value for name, value in self.optimizer.momenta.items()}
            self.kept.append(dict(self.optimizer.adapter.params) | momenta)


def _norm(pulled: Mapping[str, Any]) -> float:
    """The Frobenius norm of all gradients together, whatever their units are."""
    unit = max((unit_of(value) for value in pulled.values() if not is_zero(value)), default=0)
    return math.ldexp(math.sqrt(sum(energy(value * 2.0**-unit) for value in pulled.values())), unit)
