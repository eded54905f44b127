"""All edits of a map at once, by recursive ridge regression, and the ridge weight that an edit needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice, flag, must, open_interval, real
from lrtheory.continual_learning.problem import EditProblem
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.recursion.report import DriftCertificate

__all__ = ["EditPlan", "RidgeEditResult", "answered", "plan_edit", "problem_of", "ridge_edit", "rows_of", "weights_of"]

METHODS = ("auto", "sqrt", "covariance", "information", "dual")
#: keys that one update writes at least, where many edits are written together
BLOCK = 256
#: where a limit does not bind, the success of the plan is this share below the best one
NEARLY = 1e-3


@result
class RidgeEditResult(Result):
    """A map after edits, and what they did to it.

    Attributes
    ----------
    weights : array of the shape of W0
        The map, in the layout, the library and the precision of the one before.
    cost : float
        The objective at the map: squared residuals of all edits and weighted squared drifts of weights and anchors.
    drift : float
        The Frobenius norm of the change of the weights.
    anchor_drift : float
        The Frobenius norm of the change of the anchors' outputs; 0 without anchors.
    surprises : float64 array of shape (T,)
        The Frobenius norm of what the map before all edits got wrong, for each edit.
    residuals : float64 array of shape (T,)
        The same of the map after all edits.
    labels : tuple
        Names of the edits.
    method : str
        How the map was computed.
    reason : str
        Why that method was taken.
    message : str
        What a reader should know.
    counts : mapping of str to int
        edits, keys, and flops where they are counted.
    certificate : DriftCertificate or None
        The bound on both drifts (statement RL-4); None for methods that do not minimize the objective.
    trace : mapping of str to float64 array of shape (T,), or None
        For `record`, each edit as it was written: surprise, residual, weights_change, and for `ridge_edit` also
        interference and cost.
    """

    weights: Array
    cost: float
    drift: float
    anchor_drift: float
    surprises: Array
    residuals: Array
    labels: tuple[object, ...]
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: DriftCertificate | None
    trace: Mapping[str, Array] | None

    def _columns(self) -> dict[str, Any]:
        before, after = (np.asarray(to_numpy(norms)) for norms in (self.surprises, self.residuals))
        return {"edit": [*map(str, self.labels)], "surprise": before, "residual": after}

    def _facts(self) -> list[str]:
        said = [f"the weights moved by {self.drift:.6g}, and outputs of the anchors by {self.anchor_drift:.6g}"]
        proved = [] if self.certificate is None else self.certificate._facts()
        return [*said, *proved, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        norms = {"before": columns["surprise"], "after": columns["residual"]}
        curves(ax, np.arange(len(self.labels)), norms, xlabel="edit", ylabel="what the map gets wrong")


@arrays("host")
def ridge_edit(
    W0: ArrayLike | EditProblem,
    edits: Sequence[tuple[ArrayLike, ArrayLike]] | EditProblem | None = None,
    *,
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    method: str = "auto",
    layout: str = "rows",
    record: bool = False,
) -> RidgeEditResult:
    """Write edits into a linear map so that it, the anchors and the edits pay as little as possible together.

    The map minimizes the sum of all squared residuals, `ridge` times the squared drift of the weights, and
    `anchor_weight` times that of the anchors' outputs. It does not depend on the order of the edits (statement RL-14),
    so that they are written together; for maps that change as edits arrive, and forget some, see `RecursiveRidge`. All
    is computed in double precision.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch", or EditProblem
        The map before the edits; an `EditProblem` holds it beside the edits, the anchors and the layout.
    edits : sequence of pairs (keys, values), EditProblem, or None
        Keys of shape (u, d) and values of shape (u, p) of each edit. Of an `EditProblem` the edits count, their labels,
        and its anchors unless others are given.
    ridge : float
        The weight lambda squared of the squared drift, in units of squared keys; 0 only with anchors of full column
        rank.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs, at least 0.
    method : {"auto", "sqrt", "covariance", "information", "dual"}
        The form of the recursion; "auto" takes "dual" where keys and anchors are at most half as many as inputs, and
        else "sqrt".
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed, as ``nn.Linear`` does.
    record : bool
        Whether the edits are written one by one, and what each did is returned as `trace`.

    Returns
    -------
    RidgeEditResult
        The map, what remains of each edit, and the bound on all damage (statement RL-4).

    Raises
    ------
    TypeError
        If an argument is no array of real numbers, or no sequence of pairs.
    ValueError
        If a shape does not fit, a number is not finite or out of range, or `ridge` is 0 and anchors leave some
        direction free.

    Examples
    --------
    Half of a key of norm 1 sticks for a ridge weight of 1:

    >>> done = ridge_edit([[0.0], [0.0]], [([[1.0, 0.0]], [[4.0]])])
    >>> done.weights.round(9).tolist(), done.residuals.round(9).tolist(), round(done.cost, 9)
    ([[2.0], [0.0]], [2.0], 8.0)
    """
    choice("method", method, METHODS)
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    given = weights_of(problem, ridge, anchor_weight)
    form, reason = _form(problem, given[0]) if method == "auto" else (method, "it was asked for")
    double = np.asarray(problem.W0, np.float64)
    options: dict[str, Any] = {"ridge": given[0], "anchor_weight": given[1], "form": form, "layout": problem.layout}
    state = RecursiveRidge(double, anchors=problem.anchors, keep="nothing", **options)
    steps: dict[str, list[float]] = {
        name: [] for name in ("surprise", "residual", "weights_change", "interference", "cost")
    }
    flops = 0
    for keys, values in problem.edits if recorded else _blocks(problem):
        report = state.update(keys, values)
        flops += report.counts["flops"]
        for name, into in steps.items():
            into.append(float(state.cost) if name == "cost" else float(getattr(report, name)))
    return answered(
        problem, np.asarray(state.weights), given, form, reason=reason, counts={"flops": flops},
        certificate=state.certificate, trace={name: np.array(one) for name, one in steps.items()} if recorded else None,
    )  # fmt: skip


def problem_of(W0: Any, edits: Any, anchors: Any, layout: str) -> EditProblem:
    """The problem that is meant by a problem, or by a map and its edits, whose arrays may be of any library."""
    if isinstance(W0, EditProblem):
        for name, value in (("edits", edits), ("anchors", anchors), ("layout", None if layout == "rows" else layout)):
            if value is not None:
                raise must(name, "left out beside an `EditProblem`, which holds them", value)
        return W0
    labels = None
    if isinstance(edits, EditProblem):
        anchors, labels = edits.anchors if anchors is None else anchors, edits.labels
        edits = edits.edits
    elif isinstance(edits, (list, tuple)):
        pairs = (isinstance(edit, (list, tuple)) for edit in edits)
        edits = [tuple(map(to_numpy, edit)) if pair else edit for edit, pair in zip(edits, pairs, strict=True)]
    return EditProblem(to_numpy(W0), edits, anchors=to_numpy(anchors), labels=labels, layout=layout)


def weights_of(problem: EditProblem, ridge: Any, anchor_weight: Any) -> tuple[float, float]:
    """The two weights of the objective, the second 0 without anchors."""
    lam2, mu2 = (_finite(name, value) for name, value in (("ridge", ridge), ("anchor_weight", anchor_weight)))
    if problem.anchors is None and mu2 != 1.0:
        raise must("anchor_weight", "left out without anchors", anchor_weight)
    return lam2, mu2


def rows_of(problem: EditProblem, weights: Any) -> np.ndarray:
    """A map of the problem's layout in double precision, as (d, p)."""
    W = np.asarray(weights, np.float64)
    return W.T if problem.layout == "torch" else W


def answered(
    problem: EditProblem,
    weights: np.ndarray,
    given: tuple[float, float],
    method: str,
    *,
    reason: str,
    counts: Mapping[str, int] | None = None,
    message: str = "",
    certificate: DriftCertificate | None = None,
    trace: Mapping[str, np.ndarray] | None = None,
) -> RidgeEditResult:
    """All norms of a map in the problem's layout, from their definitions."""
    W0 = np.asarray(problem.W0)
    W = weights.astype(W0.dtype)
    before, after = (rows_of(problem, one) for one in (W0, W))
    surprises, residuals = (
        np.array([np.linalg.norm(values - keys @ one) for keys, values in problem.edits], np.float64)
        for one in (before, after)
    )
    drift = float(np.linalg.norm(after - before))
    moved = 0.0 if problem.anchors is None else float(np.linalg.norm(problem.anchors @ (after - before)))
    return RidgeEditResult(
        weights=W,
        cost=float(residuals @ residuals) + given[0] * drift**2 + (given[1] * moved**2 if moved else 0.0),
        drift=drift,
        anchor_drift=moved,
        surprises=surprises,
        residuals=residuals,
        labels=tuple(problem.labels or ()),
        method=method,
        reason=reason,
        message=message,
        counts={"edits": len(problem.edits), "keys": problem.n_keys, **(counts or {})},
        certificate=certificate,
        trace=trace,
    )


def _form(problem: EditProblem, ridge: float) -> tuple[str, str]:
    """The form that takes least work for all edits together, and why."""
    n_rows = problem.n_keys + (0 if problem.anchors is None else len(np.asarray(problem.anchors)))
    if ridge > 0 and 2 * n_rows <= problem.n_inputs:
        return "dual", f"{n_rows} keys and anchors are at most half of {problem.n_inputs} inputs"
    return "sqrt", f"{n_rows} keys and anchors are more than half of {problem.n_inputs} inputs, or `ridge` is 0"


def _blocks(problem: EditProblem) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All keys and values together, in blocks that are not larger than a map with few inputs needs."""
    if not problem.edits:
        return
    keys, values = (np.concatenate([np.asarray(pair[i], np.float64) for pair in problem.edits]) for i in (0, 1))
    size = max(BLOCK, problem.n_inputs)
    for start in range(0, len(keys), size):
        yield keys[start : start + size], values[start : start + size]


def _finite(name: str, value: Any) -> float:
    """A finite number of at least 0."""
    number = real(name, value, low=0.0)
    if not math.isfinite(number):
        raise must(name, "finite", value)
    return number


# --- before an edit is made ------------------------------------------------------------------------------------------


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
    residual : float
        The same after the edit.
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
    residual: float
    n_iter: int
    message: str


class _Path(NamedTuple):
    """The edit for every ridge weight: singular values of keys above anchors, and the surprise in their directions."""

    squares: np.ndarray  # (r,) of singular values, decreasing
    energies: np.ndarray  # (r,) of the surprise along the left singular vectors
    whole: float  # ||E||^2

    def drift(self, ridge: float) -> float:
        return float(np.sqrt(np.sum(self.energies * self.squares / (self.squares + ridge) ** 2)))

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
        What they should be mapped to.
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
        If an argument is no array of real numbers.
    ValueError
        If not exactly one limit is given, no ridge weight reaches the success, a shape does not fit, or a number is not
        finite or out of range.

    Examples
    --------
    >>> plan = plan_edit([[0.0], [0.0]], [[3.0, 0.0]], [[6.0]], min_success=0.9)
    >>> round(plan.ridge, 9), round(plan.drift, 9), round(plan.residual, 9)
    (1.0, 1.8, 0.6)
    """
    if (max_drift is None) == (min_success is None):
        raise must("max_drift, min_success", "exactly one of both", (max_drift, min_success))
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
    if not math.isfinite(path.whole) or not np.isfinite(path.squares).all():
        raise must("keys", "such that their squares are finite", float(np.abs(K).max()))
    ridge, n_iter, message = _within(path, max_drift) if min_success is None else _reaching(path, min_success)
    D = Vt[kept].T @ ((s[kept] / (path.squares + ridge))[:, None] * along)
    return EditPlan(
        ridge=ridge,
        drift=path.drift(ridge),
        success=path.success(ridge) if path.whole else 1.0,
        anchor_drift=float(np.linalg.norm(K0 @ D)),
        surprise=math.sqrt(path.whole),
        residual=float(np.linalg.norm(E - K @ D)),
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
    high = 2.0 * math.sqrt(float(path.energies @ path.squares)) / limit
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


def _bisected(too_small: Any, low: float, high: float) -> tuple[float, float, int]:
    """Numbers next to each other between which the answer changes, and the number of bisections."""
    n_iter = 0
    while high > low * (1.0 + 4 * np.finfo(np.float64).eps):
        middle, n_iter = math.sqrt(low) * math.sqrt(high), n_iter + 1
        if not low < middle < high:
            break
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return low, high, n_iter
