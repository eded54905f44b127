"""The ridge weight that an edit needs, before it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import exactly_one, must, open_interval
from lrtheory.continual_learning.edits.ridge_edit import problem_of, rows_of, weights_of
from lrtheory.continual_learning.problem import EditProblem, edit_of

__all__ = ["EditPlan", "plan_edit"]

#: where a limit does not bind, the success of the plan is this share below the best one
NEARLY = 1e-3


@result
class EditPlan(Result):
    """The ridge weight for one edit, and what the edit will do with it.

    Attributes
    ----------
    ridge : float
        The weight, to be given to `ridge_edit` or `RecursiveRidge`.
    drift : float
        The Frobenius norm of the change of the weights.
    success : float
        1 - J / ||E||^2, where J is the objective after the edit, and E what the map gets wrong before it; from 0 for no
        change to 1 for an edit that sticks and costs nothing.
    anchor_drift : float
        The Frobenius norm of the change of the anchors' outputs; 0 without anchors.
    surprise : float
        ||E||, what the map gets wrong before the edit, in the Frobenius norm.
    residual_norm : float
        Error of the map on the edit afterwards, in the Frobenius norm.
    n_iter : int
        Bisections.
    message : str
        Whether the limit binds, and why not.
    """

    ridge: float
    drift: float
    success: float
    anchor_drift: float
    surprise: float
    residual_norm: float
    n_iter: int
    message: str


class _Path(NamedTuple):
    """The edit for every ridge weight: singular values of keys above anchors, and the surprise in their directions."""

    squares: np.ndarray  # (r,) of singular values, decreasing
    energies: np.ndarray  # (r,) of the surprise along the left singular vectors
    whole: float  # ||E||^2

    def drift(self, ridge: float) -> float:
        # roots first: products of squares leave the range of doubles earlier
        return float(np.linalg.norm(np.sqrt(self.energies) * np.sqrt(self.squares) / (self.squares + ridge)))

    def success(self, ridge: float) -> float:
        return float(np.sum(self.energies * (self.squares / (self.squares + ridge))) / self.whole)


@arrays("host")
def plan_edit(
    W0: ArrayLike,
    keys: ArrayLike,
    values: ArrayLike,
    *,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    max_drift: float | None = None,
    min_success: float | None = None,
    layout: str = "rows",
) -> EditPlan:
    """Choose the ridge weight of an edit by what it may move, or by how well it must stick.

    With a larger ridge weight the weights move less (statement RL-17), and the edit sticks less (statement RL-2): so
    there is one smallest weight that keeps to `max_drift`, and one largest that reaches `min_success`. The residual
    alone is not monotone beside anchors, and is not asked for. One singular value decomposition of the keys above the
    weighted anchors answers for all ridge weights.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch"
        The map before the edit.
    keys : array of shape (u, d)
        The inputs of the edit.
    values : array of shape (u, p)
        Outputs that the edited map should give for the keys.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared change of their outputs, at least 0.
    max_drift : float or None
        The Frobenius norm by which the weights may move, above 0.
    min_success : float or None
        In place of `max_drift`: the least success, in (0, 1), of which `EditPlan` says what it is.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed.

    Returns
    -------
    EditPlan
        The ridge weight, and drift and success with it.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers.
    ValueError
        If not exactly one limit is given, no ridge weight reaches the success, a shape does not fit, or a number is not
        finite or out of range.

    Examples
    --------
    >>> plan = plan_edit([[0.0], [0.0]], [[3.0, 0.0]], [[6.0]], min_success=0.9)
    >>> round(plan.ridge, 9), round(plan.drift, 9), round(plan.residual_norm, 9)
    (1.0, 1.8, 0.6)
    """
    exactly_one(max_drift=max_drift, min_success=min_success)
    bare = EditProblem(to_numpy(W0), (), layout=layout)
    edit_of(("keys", "values"), (to_numpy(keys), to_numpy(values)), bare.n_inputs, bare.n_outputs)
    problem = problem_of(W0, [(keys, values)], anchors, layout)
    weight = weights_of(problem, 1.0, anchor_weight)[1]
    ((K, V),) = ((np.asarray(k, np.float64), np.asarray(v, np.float64)) for k, v in problem.edits)
    E = V - K @ rows_of(problem, problem.W0)
    K0 = np.zeros((0, K.shape[1])) if problem.anchors is None else np.asarray(problem.anchors, np.float64)
    X = np.concatenate([K, math.sqrt(weight) * K0])
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    kept = s > np.finfo(np.float64).eps * max(X.shape) * s.max(initial=0.0)
    along = U[: len(K), kept].T @ E
    with np.errstate(over="ignore"):
        path = _Path(s[kept] ** 2, np.sum(along**2, axis=1), float(np.sum(E**2)))
    if not np.isfinite(path.squares).all():
        raise must("keys", "such that their squares are finite", float(np.abs(X).max()))
    if not math.isfinite(path.whole):
        raise must("values", "such that squares of what the map gets wrong are finite", float(np.abs(E).max()))
    ridge, n_iter, message = _within(path, max_drift) if min_success is None else _reaching(path, min_success)
    D = Vt[kept].T @ ((s[kept] / (path.squares + ridge))[:, None] * along)
    return EditPlan(
        ridge=ridge,
        drift=path.drift(ridge),
        success=path.success(ridge) if path.whole else 1.0,
        anchor_drift=float(np.linalg.norm(K0 @ D)),
        surprise=math.sqrt(path.whole),
        residual_norm=float(np.linalg.norm(E - K @ D)),
        n_iter=n_iter,
        message=message,
    )


def _within(path: _Path, max_drift: Any) -> tuple[float, int, str]:
    """The smallest ridge weight with which the weights move by at most `max_drift`."""
    limit = open_interval("max_drift", max_drift, 0.0, math.inf)
    used = path.squares[path.energies > 0]
    if not used.size:
        return _anything(path), 0, "the edit moves nothing: its keys are 0, or the map does what it asks for"
    most = path.drift(0.0)
    if most <= limit:
        return NEARLY * float(used[-1]), 0, f"the limit does not bind: the weights never move by more than {most:.6g}"
    # drift(0) / (1 + ridge / s_min^2) is below the drift, and ||S E|| / ridge is above it
    low = 0.5 * float(used[-1]) * (most / limit - 1.0)
    high = 2.0 * float(np.linalg.norm(np.sqrt(path.energies) * np.sqrt(path.squares))) / limit
    _, ridge, n_iter = _bisected(lambda one: path.drift(one) > limit, low, high)
    return ridge, n_iter, "the smallest ridge weight with which the weights move no further than `max_drift`"


def _reaching(path: _Path, min_success: Any) -> tuple[float, int, str]:
    """The largest ridge weight with which the success is at least `min_success`."""
    target = open_interval("min_success", min_success, 0.0, 1.0)
    if not path.whole:
        return _anything(path), 0, "the map does what the edit asks for"
    best = path.success(0.0)
    if target >= best:
        raise must("min_success", f"below {best:.6g}, which no ridge weight reaches for this edit", min_success)
    used, odds = path.squares[path.energies > 0], best / target - 1.0
    low, high = 0.5 * float(used[-1]) * odds, 2.0 * float(used[0]) * odds
    ridge, _, n_iter = _bisected(lambda one: path.success(one) >= target, low, high)
    return ridge, n_iter, "the largest ridge weight with which the edit reaches `min_success`"


def _anything(path: _Path) -> float:
    """A ridge weight in units of the keys, where any would do."""
    return float(path.squares.max(initial=0.0)) or 1.0


def _bisected(too_small: Callable[[float], bool], low: float, high: float) -> tuple[float, float, int]:
    """Numbers next to each other between which the answer changes, and the number of bisections."""
    n_iter = 0
    while high > low * (1.0 + 4 * np.finfo(np.float64).eps):
        middle, n_iter = math.sqrt(low) * math.sqrt(high), n_iter + 1
        if not low < middle < high:
            break
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return low, high, n_iter
