"""Distances of a target from all updates that an adapter can make."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import generator, integer
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate
from lrtheory.low_rank_adapters.reach.normalized import checked_adapter, normalized, problem_of
from lrtheory.low_rank_adapters.reach.solve import Effort, solve

__all__ = ["Reach", "distance"]

#: where the closed form is not the best: steps of a run, and the share by which the loss must fall in each
STEPS, TOL = 30, 1e-5
#: without a number of starts there are as many as make this many entries of the target, from FEW to MANY
ENTRIES, FEW, MANY = 2**12, 4, 48


@result
class Reach(Result):
    """The two ends of the distance of a target from all updates that an adapter can make.

    Attributes
    ----------
    lower : float
        The lower end, which is proved: no trained arrays bring the update nearer to the target, in the Frobenius norm.
    upper : float
        The upper end: what `nearest` attains. It is the distance itself where `exact` is True, and elsewhere the best
        of several runs, which another one may still beat.
    captured : float
        1 - upper^2 / ||D||^2, the share of the squared norm of the target that `nearest` makes; 1 for the target 0.
    exact : bool
        Whether `lower` is the distance itself, which `nearest` then attains up to rounding.
    nearest : Adapter
        The adapter with the best trained arrays that were found.
    method : str
        "closed-form" or "alternating".
    reason : str
        Reason for the method.
    message : str
        Remarks on ranks of frozen factors, other adapters that are as near, the quality of the bound, and the number of
        runs of which the upper end is the best.
    certificate : FitCertificate
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
    certificate: FitCertificate

    def _facts(self) -> list[str]:
        ends = f"distance {self.upper:.6g}" if self.exact else f"distance from {self.lower:.6g} to {self.upper:.6g}"
        return [f"{ends} ({self.certificate.statement})", *([self.message] if self.message else [])]


@arrays("host")
def distance(adapter: Adapter, target: ArrayLike, *, n_starts: int | None = None, rng: Rng = None) -> Reach:
    """Bound the distance of a target from all updates that an adapter can make, and find the nearest one.

    The kind of the adapter and its frozen arrays count; its trained arrays are one of the starts. The distance is exact
    for "lora", "lora-fa", "lora-xs" and "full" (statement AD-3), for "randlora" with orthonormal bases and signs
    (statement RA-5), for "tera" with one factor on each side under the same conditions (statement TE-3), for "hadamard"
    and a weight whose absolute values have rank one (statements HU-2 to HU-4), and for "vera" under both conditions.
    Elsewhere it lies between a lower bound and the best of several runs of alternating least squares and of steps of
    Gauss and Newton, and is never above what the given adapter attains.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter of shape (d_out, d_in), whose frozen arrays count.
    target : array of shape (d_out, d_in)
        The update D that is needed.
    n_starts : int or None
        Number of runs where the distance is not exact, at least 1, one from a closed form and the others from random
        arrays; another one begins at the given adapter, unless its update is 0. All take a few steps, and the best go
        on. None takes 48 runs, and for targets of more than 85 entries fewer, down to 4.
    rng : int, SeedSequence, Generator or None
        The source of the random starts; None takes the same ones every time.

    Returns
    -------
    Reach
        In the units of the target; the nearest adapter is in the library and the precision of the given one.

    Raises
    ------
    TypeError
        If the first argument is not an adapter, or the target not an array of real numbers.
    ValueError
        If the target has another shape or is not finite, the scale of the adapter is 0, or `n_starts` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> reach = distance(lora(np.zeros((2, 1)), np.zeros((1, 2))), [[4.0, 0.0], [0.0, 3.0]])
    >>> reach.lower, round(reach.captured, 12), abs(reach.nearest.dense()).round(12).tolist()
    (3.0, 0.64, [[4.0, 0.0], [0.0, 0.0]])
    """
    m, n = checked_adapter(adapter).shape
    n_starts = min(MANY, max(FEW, ENTRIES // (m * n))) if n_starts is None else integer("n_starts", n_starts, low=1)
    draw = generator(0 if rng is None else rng)
    task = normalized(checked_adapter(adapter), problem_of(adapter.shape, target))
    found = solve(task, tol=TOL, max_iter=STEPS, n_starts=n_starts, draw=draw, effort=Effort())
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
