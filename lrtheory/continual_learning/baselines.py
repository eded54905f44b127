"""Common ways to write edits and to sketch rows, with the results of `ridge_edit` and `sketch`, to be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, flag, must
from lrtheory.continual_learning.edits.ridge_edit import RidgeEditResult, answered, problem_of, rows_of, weights_of
from lrtheory.continual_learning.problem import EditProblem
from lrtheory.continual_learning.recursion.report import DriftCertificate
from lrtheory.continual_learning.sketching.other_sketches import random_rows, truncated

__all__ = ["batch_ridge", "fixed_covariance", "hard_write", "null_space", "random_rows", "truncated"]

#: `null_space` leaves the directions alone in which the anchors have at least this share of their largest eigenvalue
SMALL = 1e-2
#: why other methods have no certificate
NO_BOUND = "no bound on the drift: the map does not minimize the objective (statement RL-4 is about the one that does)"

#: squares of more may not be added up
LARGEST = 1e153
Edits = Sequence[tuple[ArrayLike, ArrayLike]] | EditProblem | None
#: maps K^T to P K^T
Applied = Callable[[np.ndarray], np.ndarray]


@arrays("host")
def batch_ridge(
    W0: ArrayLike | EditProblem,
    edits: Edits = None,
    *,
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    layout: str = "rows",
    record: bool = False,
) -> RidgeEditResult:
    """Solve the least squares problem of all edits anew, by an orthogonal factorization of all rows.

    The answer is that of `ridge_edit` (statement RL-1). With `record` the problem is solved after every edit, which is
    what the recursion saves.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch", or EditProblem
        The map before the edits.
    edits : sequence of pairs (keys, values), EditProblem, or None
        As in `ridge_edit`.
    ridge : float
        The weight lambda squared of the squared drift of the map.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed.
    record : bool
        Whether the map is computed after every edit, and what each did is returned as `trace`.

    Returns
    -------
    RidgeEditResult
        The map of all edits.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers, or not a sequence of pairs.
    ValueError
        If a shape does not fit, a number is not finite or out of range, or `ridge` is 0 and some direction is free.

    Examples
    --------
    >>> batch_ridge([[0.0], [0.0]], [([[1.0, 0.0]], [[4.0]])]).weights.round(9).tolist()
    [[2.0], [0.0]]
    """
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    lam2, mu2 = weights_of(problem, ridge, anchor_weight)
    before = rows_of(problem, problem.W0)
    K0 = _anchors(problem)
    _check_directions(problem, lam2, mu2)

    def solved(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        X = np.concatenate([*(keys for keys, _ in pairs), math.sqrt(mu2) * K0, math.sqrt(lam2) * np.eye(len(before))])
        Y = np.zeros((len(X), before.shape[1]))
        if pairs:
            R = np.concatenate([values - keys @ before for keys, values in pairs])
            Y[: len(R)] = R
        return before + np.asarray(np.linalg.lstsq(X, Y, rcond=None)[0])

    pairs = _pairs(problem)
    maps = [solved(pairs[:t]) for t in range(1, len(pairs) + 1)] if recorded else [solved(pairs)]
    W = maps[-1] if maps else before
    trace = _trace(pairs, [before, *maps]) if recorded else None
    return answered(
        problem, _stored(problem, W), (lam2, mu2), "batch-ridge", reason="it was asked for",
        certificate=_certificate(pairs, K0, before, W, (lam2, mu2)), trace=trace,
    )  # fmt: skip


@arrays("host")
def fixed_covariance(
    W0: ArrayLike | EditProblem,
    edits: Edits = None,
    *,
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    layout: str = "rows",
    record: bool = False,
) -> RidgeEditResult:
    """Write each edit by ridge regression, with the covariance of the first one for all of them.

    The step is P K^T (I + K P K^T)^-1 E, where P is the inverse of lambda^2 I + mu^2 K_0^T K_0 and E what the map gets
    wrong. For one edit it is that of `ridge_edit`; later edits overwrite earlier ones, which P does not know.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch", or EditProblem
        The map before the edits.
    edits : sequence of pairs (keys, values), EditProblem, or None
        As in `ridge_edit`.
    ridge : float
        The weight lambda squared of the squared drift of the map.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed.
    record : bool
        Whether what each edit did is returned as `trace`.

    Returns
    -------
    RidgeEditResult
        Without a certificate.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers, or not a sequence of pairs.
    ValueError
        If a shape does not fit, a number is not finite or out of range, or `ridge` is 0 and some direction is free.

    Examples
    --------
    The same key twice with the same value, of which `ridge_edit` would keep two thirds:

    >>> edit = ([[1.0]], [[4.0]])
    >>> fixed_covariance([[0.0]], [edit, edit]).weights.tolist()
    [[3.0]]
    """
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    given = weights_of(problem, ridge, anchor_weight)
    apply = _covariance(problem, *given)

    def step(K: np.ndarray, E: np.ndarray) -> np.ndarray:
        F = apply(K.T)
        squares, U = _spectrum(K @ F)
        return F @ (U @ ((U.T @ E) / (1.0 + squares)[:, None]))

    return _one_by_one(problem, step, given, "fixed-covariance", recorded)


@arrays("host")
def hard_write(
    W0: ArrayLike | EditProblem,
    edits: Edits = None,
    *,
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    layout: str = "rows",
    record: bool = False,
) -> RidgeEditResult:
    """Write each edit so that it holds at once, by the step that moves the weights and the anchors least.

    The step is P K^T (K P K^T)^+ E with P as in `fixed_covariance`, which does not know what was written before.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch", or EditProblem
        The map before the edits.
    edits : sequence of pairs (keys, values), EditProblem, or None
        As in `ridge_edit`.
    ridge : float
        The weight lambda squared of the squared drift of the map.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed.
    record : bool
        Whether what each edit did is returned as `trace`.

    Returns
    -------
    RidgeEditResult
        Without a certificate.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers, or not a sequence of pairs.
    ValueError
        If a shape does not fit, a number is not finite or out of range, or `ridge` is 0 and some direction is free.

    Examples
    --------
    >>> edits = [([[1.0, 0.0]], [[4.0]]), ([[1.0, 1.0]], [[0.0]])]
    >>> hard_write([[0.0], [0.0]], edits).residual_norms.round(9).tolist()  # the second destroys the first
    [2.0, 0.0]
    """
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    given = weights_of(problem, ridge, anchor_weight)
    return _one_by_one(problem, _written(_covariance(problem, *given)), given, "hard-write", recorded)


@arrays("host")
def null_space(
    W0: ArrayLike | EditProblem,
    edits: Edits = None,
    *,
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    layout: str = "rows",
    record: bool = False,
) -> RidgeEditResult:
    """Write each edit so that it holds at once, in the directions that the anchors hardly use.

    The step is P K^T (K P K^T)^+ E, where P projects onto the directions in which the Gram matrix K_0^T K_0 of the
    anchors has eigenvalues below a hundredth of its largest one. Both weights are those of the cost that is returned,
    and do not change the map.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) in the layout "torch", or EditProblem
        The map before the edits.
    edits : sequence of pairs (keys, values), EditProblem, or None
        As in `ridge_edit`.
    ridge : float
        The weight lambda squared of the squared drift of the map.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed.
    record : bool
        Whether what each edit did is returned as `trace`.

    Returns
    -------
    RidgeEditResult
        Without a certificate.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers, or not a sequence of pairs.
    ValueError
        If a shape does not fit, or a number is not finite or out of range.

    Examples
    --------
    >>> done = null_space([[0.0], [0.0]], [([[1.0, 1.0]], [[4.0]])], anchors=[[1.0, 0.0]])
    >>> done.weights.round(9).tolist(), done.anchor_drift
    ([[0.0], [4.0]], 0.0)
    """
    problem, recorded = problem_of(W0, edits, anchors, layout), flag("record", record)
    given = weights_of(problem, ridge, anchor_weight)
    _, s, Vt = np.linalg.svd(_anchors(problem), full_matrices=False)
    led = Vt[(s > 0) & (s**2 >= SMALL * s.max(initial=0.0) ** 2)]

    def apply(Kt: np.ndarray) -> np.ndarray:
        left = Kt - led.T @ (led @ Kt)
        return left - led.T @ (led @ left)

    return _one_by_one(problem, _written(apply, 16 * np.finfo(np.float64).eps), given, "null-space", recorded)


def _anchors(problem: EditProblem) -> np.ndarray:
    """The anchors in double precision; none at all where there are none."""
    return np.zeros((0, problem.n_inputs)) if problem.anchors is None else np.asarray(problem.anchors, np.float64)


def _pairs(problem: EditProblem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Keys and values of all edits in double precision, with squares that can be summed."""
    pairs = [(np.asarray(keys, np.float64), np.asarray(values, np.float64)) for keys, values in problem.edits]
    for i, (keys, values) in enumerate(pairs):
        for name, rows in (("keys", keys), ("values", values)):
            if rows.size and (size := float(np.abs(rows).max())) > LARGEST / math.sqrt(rows.size):
                raise must(f"edits[{i}] {name}", "such that their squares are finite", size)
    return pairs


def _stored(problem: EditProblem, W: np.ndarray) -> np.ndarray:
    """The map (d, p) in the problem's layout."""
    return W.T if problem.layout == "torch" else W


def _check_directions(problem: EditProblem, ridge: float, anchor_weight: float) -> None:
    """Refuse a ridge weight of 0 where the anchors leave a direction free."""
    if ridge == 0:
        d, rank = problem.n_inputs, int(np.linalg.matrix_rank(_anchors(problem))) if anchor_weight else 0
        if rank < d:
            rule = f"positive unless the anchors have full column rank {d}"
            raise must("ridge", rule, Words(f"{ridge} with rank {rank}"))


def _covariance(problem: EditProblem, ridge: float, anchor_weight: float) -> Applied:
    """Apply the inverse of lambda^2 I + mu^2 K_0^T K_0 by a singular value decomposition of the anchors."""
    _check_directions(problem, ridge, anchor_weight)
    _, s, Vt = np.linalg.svd(_anchors(problem), full_matrices=False)
    inside = 1.0 / (ridge + anchor_weight * s**2)[:, None]

    def apply(Kt: np.ndarray) -> np.ndarray:
        along = Vt @ Kt
        beside = (Kt - Vt.T @ along) / ridge if ridge else 0.0
        return np.asarray(Vt.T @ (inside * along) + beside)

    return apply


def _written(apply: Applied, noise: float = 0.0) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The step after which the keys have their values, if they can; less than a share `noise` of a key is rounding."""

    def step(K: np.ndarray, E: np.ndarray) -> np.ndarray:
        F = apply(K.T)
        squares, U = _spectrum(K @ F)
        least = max(len(K) * np.finfo(np.float64).eps * squares.max(initial=0.0), noise * float(np.sum(K**2)))
        U, squares = U[:, squares > least], squares[squares > least]
        return F @ (U @ ((U.T @ E) / squares[:, None]))

    return step


def _spectrum(G: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, at least 0, and eigenvectors of a Gram matrix."""
    squares, U = np.linalg.eigh((G + G.T) / 2)
    return squares.clip(min=0.0), U


def _one_by_one(
    problem: EditProblem,
    step: Callable[[np.ndarray, np.ndarray], np.ndarray],
    given: tuple[float, float],
    method: str,
    record: bool,
) -> RidgeEditResult:
    """Add the step of each edit, which gets the keys and what the map gets wrong for them."""
    maps, pairs = [rows_of(problem, problem.W0)], _pairs(problem)
    for keys, values in pairs:
        maps = [*(maps if record else []), maps[-1] + step(keys, values - keys @ maps[-1])]
    return answered(
        problem, _stored(problem, maps[-1]), given, method, reason="it was asked for", message=NO_BOUND,
        trace=_trace(pairs, maps) if record else None,
    )  # fmt: skip


def _certificate(
    pairs: list[tuple[np.ndarray, np.ndarray]],
    K0: np.ndarray,
    before: np.ndarray,
    W: np.ndarray,
    given: tuple[float, float],
) -> DriftCertificate:
    """The bound on both drifts of the minimizer W."""
    bound = sum(float(np.sum((V - K @ before) ** 2)) for K, V in pairs) / 4
    D = W - before
    deviation = given[0] * float(np.sum(D**2)) + given[1] * float(np.sum((K0 @ D) ** 2))
    return DriftCertificate._of(deviation, bound, "continual_learning/RL-4", *given, 2.0**-53)


def _trace(pairs: list[tuple[np.ndarray, np.ndarray]], maps: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Compute the effect of each edit from the maps before and after it."""
    told = list(zip(pairs, maps, maps[1:], strict=False))
    return {
        "surprise": np.array([np.linalg.norm(V - K @ before) for (K, V), before, _ in told], np.float64),
        "residual_norm": np.array([np.linalg.norm(V - K @ after) for (K, V), _, after in told], np.float64),
        "weights_change": np.array([np.linalg.norm(after - before) for _, before, after in told], np.float64),
    }
