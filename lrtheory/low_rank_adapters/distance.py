"""Distances of a target from all updates that an adapter can make."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.reach.certificate import AdapterCertificate
from lrtheory.low_rank_adapters.reach.normalized import checked_adapter, normalized, problem_of
from lrtheory.low_rank_adapters.reach.solve import solve

__all__ = ["Reach", "distance"]

#: where the closed form is not the best: steps of a run, the share by which the loss must fall in each, and runs
STEPS, TOL, STARTS = 30, 1e-5, {"uni-lora": 3}


@result
class Reach(Result):
    """The distance of a target from all updates that an adapter can make.

    Attributes
    ----------
    lower : float
        No trained arrays bring the update nearer to the target, in the Frobenius norm.
    upper : float
        The distance of `nearest`.
    captured : float
        1 - upper^2 / ||D||^2, the share of the squared norm of the target that `nearest` makes; 1 for the target 0.
    exact : bool
        Whether `lower` is the distance itself, which `nearest` then attains up to rounding.
    nearest : Adapter
        The adapter with the best trained arrays that were found.
    method : str
        "closed-form" or "alternating".
    reason : str
        Why that method was taken.
    message : str
        What a reader should know: ranks of frozen factors, other adapters that are as near, how good the bound is.
    certificate : AdapterCertificate
        Both bounds, squared, which can be verified.
    """

    lower: float
    upper: float
    captured: float
    exact: bool
    nearest: Adapter
    method: str
    reason: str
    message: str
    certificate: AdapterCertificate

    def _facts(self) -> list[str]:
        return [*self.certificate._facts(), *([self.message] if self.message else [])]


@arrays("host")
def distance(adapter: Adapter, target: ArrayLike) -> Reach:
    """Bound the distance of a target from all updates that an adapter can make, and find the nearest one.

    The kind of the adapter and its frozen arrays count; the values of its trained arrays do not. The distance is exact
    for "lora", "lora-fa", "lora-xs" and "full" (statement AD-3), for "randlora" with orthonormal bases and signs
    (statement RA-5), for "hadamard" and a weight whose absolute values have rank one (statements HU-2 to HU-4), and
    for "vera" under both conditions. Elsewhere it lies between a lower bound and what alternating least squares find.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Of shape (d_out, d_in).
    target : array of shape (d_out, d_in)
        The update D that is needed.

    Returns
    -------
    Reach
        In the units of the target; the nearest adapter is in the library and the precision of the given one.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or the target not an array of real numbers.
    ValueError
        If the target has another shape or is not finite, or the scale of the adapter is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> reach = distance(lora(np.zeros((2, 1)), np.zeros((1, 2))), [[4.0, 0.0], [0.0, 3.0]])
    >>> reach.lower, round(reach.captured, 12), abs(reach.nearest.delta()).round(12).tolist()
    (3.0, 0.64, [[4.0, 0.0], [0.0, 0.0]])
    """
    task = normalized(checked_adapter(adapter), problem_of(adapter.shape, target))
    starts = STARTS.get(adapter.kind, 1)
    found = solve(task, tol=TOL, max_iter=STEPS, n_starts=starts)
    return Reach(
        lower=found.lower,
        upper=found.upper,
        captured=found.captured,
        exact=found.exact,
        nearest=found.adapter,
        method=found.method,
        reason=found.reason,
        message=found.message,
        certificate=found.certificate,
    )
