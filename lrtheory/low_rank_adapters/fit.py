"""The adapter that comes nearest to a target update, or to the outputs that data ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import check_callback, choice, flag, generator, integer, real
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate
from lrtheory.low_rank_adapters.reach.normalized import checked_adapter, normalized, problem_of
from lrtheory.low_rank_adapters.reach.solve import Effort, solve

__all__ = ["FitResult", "FitState", "fit"]

METHODS = ("auto", "closed-form", "alternating")


class FitState(NamedTuple):
    """The adapter after a step, for callbacks.

    Parameters
    ----------
    adapter : Adapter
        Adapter after this step.
    loss : float
        Squared norm of the target, or of the outputs, that the adapter does not make.
    n_iter : int
        The steps of this run.
    """

    adapter: Adapter
    loss: float
    n_iter: int


@result
class FitResult(Result):
    """The best adapter that was found, and a bound on all others of its kind.

    Attributes
    ----------
    adapter : Adapter
        Best adapter, which has the frozen arrays, the library and the precision of the given one.
    loss : float
        The squared Frobenius norm that it leaves of the target, or of E = Y - X W^T.
    captured : float
        1 minus the share of the loss in the squared norm of the target or of E; 1 where this is 0.
    lower : float
        No trained arrays have a smaller loss.
    method : str
        "closed-form" or "alternating".
    reason : str
        Reason for the method.
    n_iter : int
        Steps of the best run; 0 for a closed form.
    converged : bool
        Whether the loss stopped falling; True for a closed form.
    message : str
        Remarks on the answer; "no lower bound" and the reason, where nothing is proved.
    counts : mapping of str to int
        "starts", the runs, with the one from the given adapter, and "matvecs", the products with the update or its
        derivative.
    certificate : FitCertificate
        The bound and the gap to the loss, which can be verified.
    trace : mapping of str to array, or None
        The losses of the best run, if `record` is True.
    """

    adapter: Adapter
    loss: float
    captured: float
    lower: float
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: FitCertificate
    trace: Mapping[str, np.ndarray] | None

    def _facts(self) -> list[str]:
        return [*self.certificate._facts(), *([self.message] if self.message else [])]


@arrays("host")
def fit(
    adapter: Adapter,
    target: ArrayLike | None = None,
    *,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    ridge: float = 0.0,
    method: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 200,
    n_starts: int = 3,
    rng: Rng = None,
    callback: Callable[[FitState], object] | None = None,
    record: bool = False,
) -> FitResult:
    """Find the trained arrays whose update is nearest to a target, or fits data best.

    For data the loss is ||E - X Delta^T||^2 + ridge ||Delta||^2 with E = Y - X W^T. Its minimum is known for "lora" by
    reduced-rank regression (statement AD-5) and for "lora-fa", "lora-xs" and "full", whatever the rank of X. The other
    kinds are fitted by alternating least squares or by steps of Gauss and Newton, whose loss never rises, unless
    `distance` is exact for them.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter whose kind and frozen arrays count; its trained arrays are one of the starts, and the answer where no
        run comes nearer.
    target : array of shape (d_out, d_in) or None
        The update that is needed; None takes data in its place.
    X : array of shape (T, d_in) or None
        Inputs of the layer.
    Y : array of shape (T, d_out) or None
        The outputs that it should have.
    weight : array of shape (d_out, d_in) or None
        W, the frozen weight; None says that Y is already what the update should add.
    ridge : float
        The weight, at least 0, of the squared norm of the update; for data alone.
    method : {"auto", "closed-form", "alternating"}
        Search for the trained arrays: "auto" takes the closed form where it is the best, and steps elsewhere.
        "closed-form" alone is the start of the steps.
    tol : float
        Steps end when one lowers the loss by less than this share of it, at least 0.
    max_iter : int
        Steps of a run, at least 1, and of those of Gauss and Newton that follow the best run of alternating least
        squares.
    n_starts : int
        Runs, at least 1: one from the closed form, the others from random arrays. Another one begins at the given
        adapter, unless its update is 0.
    rng : int, SeedSequence, Generator or None
        The source of the random starts.
    callback : callable or None
        Called after each step with a `FitState`; raising StopIteration stops.
    record : bool
        Whether to keep the losses.

    Returns
    -------
    FitResult
        In the units of the input, squared.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or another is not an array of real numbers.
    ValueError
        If neither or both of a target and data are given, a shape does not fit or a number is not finite, or an option
        is outside its range.

    References
    ----------
    .. [1] A. J. Izenman, Reduced-rank regression for the multivariate linear model, Journal of Multivariate Analysis 5,
       1975.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> X, Y = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.array([[4.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    >>> found = fit(lora(np.zeros((2, 1)), np.zeros((1, 2))), X=X, Y=Y)
    >>> round(found.loss, 12), abs(found.adapter.dense()).round(12).tolist()
    (10.0, [[2.0, 0.0], [0.0, 0.0]])
    """
    choice("method", method, METHODS)
    tol, record = real("tol", tol, low=0.0), flag("record", record)
    max_iter, n_starts = integer("max_iter", max_iter, low=1), integer("n_starts", n_starts, low=1)
    check_callback(callback)
    draw = generator(rng)
    shape = checked_adapter(adapter).shape
    # every kind is fitted to a target near 1: powers of two, so that units change no digit of the answer
    task = normalized(adapter, problem_of(shape, target, X, Y, weight=weight, ridge=ridge))
    found = solve(
        task,
        tol=tol,
        max_iter=max_iter,
        n_starts=n_starts,
        draw=draw,
        effort=Effort(kept=n_starts + 1, newton=max_iter),
        method=method,
        ridge=float(ridge),
        inform=None if callback is None else _Listener(callback),
    )
    losses = np.array([task.square(float(np.hypot(task.rest, loss**0.5))) for loss in found.run.losses])
    return FitResult(
        adapter=found.adapter,
        loss=found.certificate.achieved,
        captured=found.captured,
        lower=found.certificate.bound,
        method=found.method,
        reason=found.reason,
        n_iter=len(losses) - 1,
        converged=found.run.converged,
        message=found.message,
        counts={"starts": found.starts, "matvecs": found.run.products},
        certificate=found.certificate,
        trace={"loss": losses} if record else None,
    )


class _Listener:
    """Pass each step to the caller, and say whether the caller wants to stop."""

    def __init__(self, callback: Callable[[FitState], object]) -> None:
        self.callback = callback

    def __call__(self, adapter: Any, loss: float, n_iter: int) -> bool:
        try:
            self.callback(FitState(adapter, loss, n_iter))
        except StopIteration:
            return True
        return False
