"""All edits of a map at once, by recursive ridge regression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice, flag, must, real
from lrtheory.continual_learning.problem import EditProblem
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.recursion.report import DriftCertificate
from lrtheory.continual_learning.recursion.setup import METHODS

__all__ = ["RidgeEditResult", "answered", "problem_of", "ridge_edit", "rows_of", "weights_of"]

#: keys that one update writes at least, where many edits are written together
BLOCK = 256


@result
class RidgeEditResult(Result):
    """A map after edits, and what they did to it.

    Attributes
    ----------
    weights : array of the shape of W0
        The map, in the layout, the library and the precision of the one before; half precision becomes single.
    cost : float
        The objective at the map: squared residuals of all edits and weighted squared drifts of weights and anchors.
    drift : float
        The Frobenius norm of the change of the weights.
    anchor_drift : float
        The Frobenius norm of the change of the anchors' outputs; 0 without anchors.
    surprises : float64 array of shape (T,)
        The Frobenius norm of what the map before all edits got wrong, for each edit.
    residual_norms : float64 array of shape (T,)
        Frobenius norm of the error of the map after all edits, for each edit.
    names : tuple
        Names of the edits.
    method : str
        Form of the recursion, or name of the baseline, that computed the map.
    reason : str
        Reason for the method.
    message : str
        Reason for a missing certificate or for doubts about the answer; may be empty.
    counts : mapping of str to int
        edits, keys, and flops where they are counted.
    certificate : DriftCertificate or None
        The bound on both drifts (statement RL-4); None for methods that do not minimize the objective.
    trace : mapping of str to float64 array of shape (T,), or None
        For `record`, each edit as it was written: surprise, residual_norm, weights_change, and for `ridge_edit` also
        interference and cost.
    """

    weights: Array
    cost: float
    drift: float
    anchor_drift: float
    surprises: Array
    residual_norms: Array
    names: tuple[object, ...]
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: DriftCertificate | None
    trace: Mapping[str, Array] | None

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        before, after = (np.asarray(to_numpy(norms)) for norms in (self.surprises, self.residual_norms))
        return {"edit": [*map(str, self.names)], "surprise": before, "residual_norm": after}

    def _facts(self) -> list[str]:
        said = [f"the weights moved by {self.drift:.6g}, and outputs of the anchors by {self.anchor_drift:.6g}"]
        proved = [] if self.certificate is None else self.certificate._facts()
        return [*said, *proved, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        norms = {"before": columns["surprise"], "after": columns["residual_norm"]}
        curves(ax, np.arange(len(self.names)), norms, xlabel="edit", ylabel="what the map gets wrong")


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
        Keys of shape (u, d) and values of shape (u, p) of each edit. Of an `EditProblem` the edits count, their names,
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
        If an argument is not an array of real numbers, or not a sequence of pairs.
    ValueError
        If a shape does not fit, a number is not finite or out of range, or `ridge` is 0 and anchors leave some
        direction free.

    Examples
    --------
    Half of a key of norm 1 sticks for a ridge weight of 1:

    >>> done = ridge_edit([[0.0], [0.0]], [([[1.0, 0.0]], [[4.0]])])
    >>> done.weights.round(9).tolist(), done.residual_norms.round(9).tolist(), round(done.cost, 9)
    ([[2.0], [0.0]], [2.0], 8.0)
    """
    choice("method", method, METHODS)
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    given = weights_of(problem, ridge, anchor_weight)
    form, reason = _form(problem, given[0]) if method == "auto" else (method, "it was asked for")
    double = np.asarray(problem.W0, np.float64)
    options: dict[str, Any] = {"ridge": given[0], "anchor_weight": given[1], "method": form, "layout": problem.layout}
    state = RecursiveRidge(double, anchors=problem.anchors, keep="nothing", **options)
    steps: dict[str, list[float]] = {
        name: [] for name in ("surprise", "residual_norm", "weights_change", "interference", "cost")
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
    names = None
    if isinstance(edits, EditProblem):
        anchors, names = edits.anchors if anchors is None else anchors, edits.names
        edits = edits.edits
    elif isinstance(edits, (list, tuple)):
        pairs = (isinstance(edit, (list, tuple)) for edit in edits)
        edits = [tuple(map(to_numpy, edit)) if pair else edit for edit, pair in zip(edits, pairs, strict=True)]
    return EditProblem(to_numpy(W0), edits, anchors=to_numpy(anchors), names=names, layout=layout)


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
    W = weights.astype(W0.dtype if W0.dtype.kind == "f" else np.float64)
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
        residual_norms=residuals,
        names=tuple(problem.names or ()),
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
    """All keys and values, stacked and cut into blocks of max(BLOCK, n_inputs) rows."""
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
