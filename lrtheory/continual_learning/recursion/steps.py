r"""One step of the recursion in any form: an edit that is written, one that is taken out, one that is replaced.

With F = C K^T, S = K F, H = I + w S and E = V - K W an edit of weight w moves the weights by w F H^{-1} E. Taken out
again it leaves the residual (I - w S)^{-1} E (statements RL-1, RL-8 and RL-13).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from lrtheory._array import array_namespace, kernel_input
from lrtheory._validation import Words, must
from lrtheory.continual_learning.recursion.forms.algebra import (
    identity,
    inner,
    is_exact,
    mild,
    norm,
    positive,
    rotated,
    solve,
    solve_scaled,
)
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.recursion.forms.dual import Dual
from lrtheory.continual_learning.recursion.forms.information import Information
from lrtheory.continual_learning.recursion.forms.kernels import write_keys
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot
from lrtheory.continual_learning.recursion.inputs import precision

__all__ = [
    "Edit",
    "Form",
    "RecursionState",
    "Step",
    "factorized",
    "initial_state",
    "joined",
    "least_safe_eigenvalue",
    "left_out",
    "refitted",
    "removed",
    "replaced",
    "written",
    "written_keys",
]

T = TypeVar("T")
Form: TypeAlias = SquareRoot | Covariance | Information | Dual

#: by the bytes of a number, see `least_safe_eigenvalue`
GUARD = {8: 1e-3, 4: 1e-2}
#: units of rounding by which the same number leaves ten bits
LOST = 2.0**10


class Edit(NamedTuple):
    """Keys (u, d) and values (u, p) of an edit, and its weight."""

    K: Any
    V: Any
    weight: Any


class RecursionState(NamedTuple):
    """All that the recursion knows: a form of the information, the weights W (d, p), and the ledger.

    ``cost`` is J_t(W_t), and ``initial`` the squared surprise of all edits at the weights of the prior; ``sums``, where
    they are kept, are M and the sum of all w K^T (V - K W0).
    """

    prior: Prior
    form: Form
    W: Any
    cost: Any
    initial: Any
    n_edits: int
    n_keys: int
    sums: tuple[Any, Any] | None


class Step(NamedTuple):
    """The numbers of a report: the change of the weights, and squares of surprise, residual and interference."""

    change: float
    surprise: Any
    residual: Any
    interference: Any


def initial_state(prior: Prior, form: type[Form], *, sums: bool) -> RecursionState:
    """The recursion before any edit."""
    nothing = prior.ridge * 0
    zero = (prior.matrix(), prior.W0 * 0) if sums else None
    first = factorized(form.__name__.lower(), lambda: form.of(prior))
    return RecursionState(prior, first, prior.W0, nothing, nothing, 0, 0, zero)


@np.errstate(over="ignore", invalid="ignore")
def written(held: RecursionState, edit: Edit, decay: Any = 1) -> tuple[RecursionState, Step]:
    """The recursion after an edit, before which all that was known fades."""
    K, V, w = edit
    form: Any = held.form
    form = form if decay == 1 else form.faded(decay)
    E, first = V - K @ held.W, V - K @ held.prior.W0
    form, D, X, Y = factorized(form.name, lambda: _moved(form, K, E, w))
    paid = w * inner(X, Y)  # not negative: X = H^{-1} E and Y = (H - I) X
    step = Step(norm(D), w * inner(E, E), w * inner(X, X), max(paid, abs(paid) * 0))
    initial = held.initial * decay + w * inner(first, first)
    W = _finite(held.W + D, step, initial)
    cost = held.cost * decay + step.residual + step.interference  # what is left to pay, and what is paid
    n_edits, n_keys, sums = held.n_edits + 1, held.n_keys + K.shape[0], _summed(held, K, first, w)
    return RecursionState(held.prior, form, W, cost, initial, n_edits, n_keys, sums), step


def factorized(name: str, result: Callable[[], T]) -> T:
    """The result of a factorization, or the advice to take the form that needs none."""
    try:
        return result()
    except (np.linalg.LinAlgError, RuntimeError, ZeroDivisionError) as error:
        if isinstance(error, RuntimeError) and "LinAlgError" not in type(error).__name__:  # torch has one of its own
            raise
        if name == "sqrt":
            raise must("decay", "so near 1 that no direction is forgotten altogether", Words("one that is")) from error
        what = '"sqrt" for an information that is singular after rounding'
        raise must("method", what, name) from error


def _moved(form: Any, K: Any, E: Any, w: Any) -> tuple[Any, ...]:
    """The form after an edit, the change D of the weights, the residual, and K D."""
    if isinstance(form, (SquareRoot, Dual)):
        return form.written(K, E, w)
    F, S = form.gain(K)
    if is_exact(S) or K.shape[0] <= 1 or mild(S * w):
        X = solve(identity(S, K.shape[0]) + S * w, E)
        return form.added(K, w), (F @ X) * w, X, (S @ X) * w
    # H is as badly conditioned as keys are nearly dependent; orthogonal rows say the same, and their H is scaled alone
    rows, aims, U = rotated(K, E)
    F, S = form.gain(rows)
    X = solve_scaled(identity(S, S.shape[0]) + S * w, aims)
    return form.added(K, w), (F @ X) * w, E - U @ (aims - X), U @ (S @ X) * w


def _summed(held: RecursionState, K: Any, first: Any, w: Any) -> tuple[Any, Any] | None:
    """The sums after an edit whose surprise at the first weights is known."""
    if held.sums is None:
        return None
    M, b = held.sums
    return M + K.T @ (K * w), b + K.T @ (first * w)


def left_out(held: RecursionState, edit: Edit) -> tuple[Any, Any, Any, Any, float]:
    """C K^T, K C K^T, the residual with the edit and without it, and the least eigenvalue that decides about it."""
    F, S = factorized(held.form.name, lambda: held.form.gain(edit.K))
    E = edit.V - edit.K @ held.W
    A = identity(S, edit.K.shape[0]) - S * edit.weight
    least = positive(A)
    return F, S, E, solve(A, E) if least > 0 else E, least


def least_safe_eigenvalue(held: RecursionState, *, undo: bool = True) -> float:
    """The least eigenvalue of I - w S at which an edit can be taken out; below it the others are written anew.

    Its inverse is the factor by which the rounding of W grows. That of a covariance goes with the square of the
    condition, and stays where the edit behind it goes; the dual form factors all other keys again in any case. So these
    forms are always made anew.
    """
    if is_exact(held.W):
        return 0.0
    return math.inf if undo and isinstance(held.form, (Covariance, Dual)) else GUARD[precision(held.W).itemsize]


@np.errstate(over="ignore", invalid="ignore")
def removed(held: RecursionState, edit: Edit, others: Iterable[Edit] | None) -> tuple[RecursionState, Step]:
    """The recursion without an edit; made anew of the others, or of the sums, where the way back is not sure.

    Raises
    ------
    ValueError
        If neither is known, and the edit cannot be one of those that were written or nearly all digits go with it.
    """
    K, V, w = edit
    unknown = others is None and K.shape[0] == 0  # without keys nothing tells whether it was written
    if held.n_edits == 0 or held.n_keys < K.shape[0] or unknown:
        raise must("keys", "those of an earlier edit", K)
    F, S, E, X, least = left_out(held, edit)
    first = V - K @ held.prior.W0
    initial, sums = held.initial - w * inner(first, first), _summed(held, K, first, -w)
    lost = least < least_safe_eigenvalue(held)  # of W
    lost = lost or initial < least_safe_eigenvalue(held, undo=False) * held.initial  # of the cost
    if lost and others is not None:
        fresh = refitted(held, others)
        X = V - K @ fresh.W
    elif lost and sums is not None:
        fresh = _of_sums(held, edit, sums, max(initial, 0.0))
        X = V - K @ fresh.W
    elif 0 < least < LOST * (0 if is_exact(held.W) else np.finfo(precision(held.W)).eps):
        raise must("keep", '"edits" where an edit that is taken out leaves fewer than ten good bits', "nothing")
    elif least > 0:
        cost = held.cost - w * inner(E, X)
        fresh = held._replace(form=held.form.removed(K, w), W=held.W - (F @ X) * w, cost=cost, initial=initial)
    else:
        raise must("keys", "those of an earlier edit", K)
    step = Step(norm(fresh.W - held.W), w * inner(X, X), w * inner(X, X), w * w * inner(S @ E, X))
    _finite(fresh.W, step, fresh.initial)
    if not is_exact(held.W):  # what is left of a sum of squares after subtractions is not negative
        fresh = fresh._replace(cost=max(fresh.cost, 0.0), initial=max(fresh.initial, 0.0))
    return fresh._replace(n_edits=held.n_edits - 1, n_keys=held.n_keys - K.shape[0], sums=sums), step


def replaced(held: RecursionState, edit: Edit, V: Any, others: Iterable[Edit]) -> tuple[RecursionState, Step]:
    """The recursion with other values of an edit; the step is that of the new edit on top of all others."""
    without, _ = removed(held, edit, others)
    fresh, step = written(without, edit._replace(V=V))
    return fresh, step._replace(change=norm(fresh.W - held.W))


def joined(held: RecursionState, other: RecursionState) -> RecursionState:
    """The recursion of two histories that began alike, the prior counted once."""
    own, theirs, prior = held.form, other.form, held.prior
    form: Any = factorized(own.name, lambda: own.joined(theirs, prior))  # type: ignore[arg-type]
    b = factorized(own.name, lambda: own.times(held.W - prior.W0) + theirs.times(other.W - prior.W0))
    W = prior.W0 + factorized(own.name, lambda: form.solved(b))
    mine, yours = W - held.W, W - other.W
    cost = held.cost + inner(mine, own.times(mine)) + other.cost + inner(yours, theirs.times(yours))
    sums = None
    if held.sums is not None and other.sums is not None:
        sums = held.sums[0] + other.sums[0] - prior.matrix(), held.sums[1] + other.sums[1]
    n_edits, n_keys = held.n_edits + other.n_edits, held.n_keys + other.n_keys
    cost = max(cost - prior.penalty(W - prior.W0), cost * 0)
    return RecursionState(prior, form, W, cost, held.initial + other.initial, n_edits, n_keys, sums)


def _stacked(edits: Iterable[Edit], W: Any) -> Edit:
    """All edits as one, their rows times the roots of their weights."""
    given = list(edits)
    roots = [math.sqrt(edit.weight) for edit in given]
    xp: Any = array_namespace(W)
    K = xp.concat([W.T[:0, :], *(e.K * root for e, root in zip(given, roots, strict=True))])
    V = xp.concat([W[:0, :], *(e.V * root for e, root in zip(given, roots, strict=True))])
    return Edit(K, V, 1.0)


def refitted(held: RecursionState, edits: Iterable[Edit]) -> RecursionState:
    """The recursion of these edits alone, all of them at once."""
    return written(initial_state(held.prior, type(held.form), sums=False), _stacked(edits, held.W))[0]


def _of_sums(held: RecursionState, edit: Edit, sums: tuple[Any, Any], initial: float) -> RecursionState:
    """The recursion without an edit, of the sums that are left."""
    form = held.form
    try:
        D = solve(*sums)
        fewer = form.removed(edit.K, edit.weight) if isinstance(form, Dual) else form.of_matrix(sums[0])
    except (np.linalg.LinAlgError, RuntimeError) as error:
        raise must("keep", '"edits" where the sums have lost what is left of them', "information") from error
    cost = max(0.0, initial - inner(sums[1], D))
    return held._replace(form=fewer, W=held.prior.W0 + D, cost=cost, initial=initial)


@np.errstate(over="ignore", invalid="ignore")
def written_keys(held: RecursionState, K: np.ndarray, V: np.ndarray, decay: float) -> tuple[RecursionState, np.ndarray]:
    """The recursion in the square-root form after edits of one key each, and squares of what reports say, (n, 4)."""
    form: Any = held.form
    R, W = np.array(form.R, order="C"), np.array(held.W, order="C")
    told = np.zeros((K.shape[0], 4))
    fade = R.dtype.type(math.sqrt(decay))
    factorized("sqrt", lambda: write_keys(R, W, kernel_input(K), kernel_input(V), fade, told))
    ages, cost = decay ** np.arange(K.shape[0] - 1, -1, -1.0), held.cost * decay ** K.shape[0]
    cost += float(ages @ (told[:, 1] + told[:, 2]))
    first = np.asarray(V - K @ held.prior.W0, np.float64)
    initial = held.initial * decay ** K.shape[0] + float(ages @ np.einsum("ij,ij->i", first, first))
    sums = told.sum(axis=0)
    _finite(W, Step(*sums.tolist()), initial)
    n_edits, n_keys = held.n_edits + K.shape[0], held.n_keys + K.shape[0]
    return RecursionState(held.prior, SquareRoot(R), W, cost, initial, n_edits, n_keys, None), told


def _finite(W: Any, step: Step, initial: Any) -> Any:
    """The weights themselves, unless a number left the range of its kind."""
    numbers = (*step, initial)
    if is_exact(W) or all(map(math.isfinite, numbers)):
        return W
    where = f"edits whose weights and squares stay finite in {precision(W)}"
    raise must("values", f'those of {where}, with this method or with "sqrt"', Words("an overflow"))
