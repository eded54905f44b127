r"""The bound optimizer in array-API code: one problem (N, K) or a batch (E, N, K), on the caller's device.

Each formula is a function of its own: `pull`, `update`, `parts`, `mix`; `descend` repeats them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Bound", "Descent", "Work", "descend", "one_hot", "softmax", "stands"]

#: relative rounding errors of an energy, in units of the dtype's epsilon; a rise below them counts as none
ROUNDING = 8.0
SMALL = 1e-6  # steps below it belong to an iteration that has nearly come to rest, and to no cycle of two


class Bound(NamedTuple):
    """The data of the bound: costs A, affinity W, lambda, T, and which rows are free (clamped rows never move)."""

    costs: Any
    affinity: Any
    lam: Any
    temperature: Any
    free: Any  # bool (..., N, 1)


class Work(NamedTuple):
    """The work of a run, summed over all problems: products W Z, their multiply-adds, and exponentials."""

    passes: int = 0
    flops: int = 0
    exponentials: int = 0

    def plus(self, other: Work) -> Work:
        """Return the sum of this work and other work."""
        return Work(*(a + b for a, b in zip(self, other, strict=True)))


class Descent(NamedTuple):
    """The end of a run, one entry per problem of the batch; `trace` has one list per name where it was recorded."""

    assignments: Any
    energy: Any
    damping: Any
    n_iter: Any
    converged: Any
    cycles: Any
    trace: dict[str, list[Any]] | None
    work: Work
    stopped: bool = False  # by the callback
    left: float | None = None  # the squared length of a whole step from where it ended, where the run has made one


def softmax(xp: Any, logits: Any, temperature: Any = 1.0) -> Any:
    """Rows of positive numbers with sum 1, proportional to the exponentials of logits / T."""
    # the largest is 1, and the difference is taken before the quotient, which may only be infinitely far below
    with np.errstate(over="ignore"):
        powers = xp.exp((logits - xp.max(logits, axis=-1, keepdims=True)) / temperature)
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def one_hot(xp: Any, index: Any, n: int, dtype: Any) -> Any:
    """A row with a 1 at the index, along a new last axis; a row of zeros for -1."""
    return xp.astype(index[..., None] == xp.arange(n, dtype=index.dtype, device=index.device), dtype)


def pull(xp: Any, bound: Bound, Z: Any) -> Any:
    """Return W Z, the sum of the neighbors' rows of each point; zeros without a graph."""
    return xp.zeros_like(Z) if bound.affinity is None else bound.affinity @ Z


def update(xp: Any, bound: Bound, Z: Any, pulled: Any) -> Any:
    """S(Z) = softmax((lambda W Z - A) / T), the minimizer of the bound that touches the energy at Z."""
    moved = softmax(xp, bound.lam * pulled - bound.costs, bound.temperature)
    return xp.where(bound.free, moved, Z)


def mix(xp: Any, Z: Any, goal: Any, factor: Any) -> Any:
    """Step from Z towards S(Z) by the factor; entries that do not move, as in clamped rows, stay to the last digit."""
    return xp.where(goal == Z, Z, (1 - factor) * Z + factor * goal)


def parts(xp: Any, bound: Bound, Z: Any, pulled: Any) -> tuple[Any, Any, Any]:
    """The three terms of the energy: T sum z log z, <A, Z>, and -(lambda / 2) tr(Z' W Z)."""
    positive = xp.where(Z > 0, Z, xp.ones_like(Z))  # 0 log 0 = 0
    entropy = bound.temperature * total(xp, Z * xp.log(positive))
    unary = total(xp, bound.costs * Z)
    pairs = -bound.lam * total(xp, Z * pulled) / 2
    return entropy, unary, pairs


def total(xp: Any, terms: Any) -> Any:
    """The sum over the last two axes, in float64."""
    return xp.sum(terms, axis=(-2, -1), dtype=xp.float64)


def energy(xp: Any, bound: Bound, Z: Any, pulled: Any) -> tuple[Any, Any]:
    """Return R_T(Z), and a bound on its rounding error."""
    terms = parts(xp, bound, Z, pulled)
    # costs of both signs may cancel in <A, Z>, so its rounding is that of <|A|, Z>
    size = total(xp, xp.abs(bound.costs) * Z) + abs(terms[0]) + abs(terms[2])
    return sum(terms[1:], terms[0]), ROUNDING * xp.finfo(Z.dtype).eps * (bound.temperature + size)


def stands(xp: Any, after: Any, before: Any, tol: float, rounding: Any) -> Any:
    """Whether an energy changed by no more than the tolerance, relatively, or than its own rounding."""
    change, allowed = xp.abs(after - before), tol * xp.abs(after)
    return (change <= allowed) | (change <= rounding / ROUNDING)


def descend(
    xp: Any,
    bound: Bound,
    Z: Any,
    *,
    factor: Any,
    safe: Any = None,
    tol: float,
    max_iter: int,
    record: bool = False,
    watch: Any = None,
    edges: int = 0,
) -> Descent:
    """Repeat the update until energy and assignments stand still.

    ``factor`` shortens every step. Where ``safe`` is given, a step that raises the energy is taken again with that
    factor, and so are all that follow it: it is small enough for the energy to fall (statement TC-T5). ``watch`` is
    called with assignments, energy and number of updates, and stops the run when it returns True; ``edges`` is the
    number of entries of W that are not 0, for the count of multiply-adds.
    """
    pulled, passes, softmaxes = pull(xp, bound, Z), 1, 0
    value, _ = energy(xp, bound, Z, pulled)
    factor = factor + 0 * value  # one per problem, since each is damped on its own
    n_iter, converged, cycles = xp.astype(0 * value, xp.int64), value != value, value != value
    before, stopped = Z, False
    # Z, pulled = W Z and value = R(Z) belong together throughout; `before` is the assignment before Z
    trace: dict[str, list[Any]] | None = None
    if record:
        trace = {"energies": [value], "steps": [], "damping": [], "assignments": [Z]}
    while softmaxes < max_iter and not stopped and not bool(xp.all(converged | cycles)):
        goal = update(xp, bound, Z, pulled)
        new = mix(xp, Z, goal, _wide(xp, factor, Z))
        new_pulled = pull(xp, bound, new)
        new_value, rounding = energy(xp, bound, new, new_pulled)
        passes, softmaxes = passes + 1, softmaxes + 1
        if safe is not None:
            rises = (new_value > value + rounding) & (factor > safe) & ~(converged | cycles)
            if bool(xp.any(rises)):
                factor = xp.where(rises, safe, factor)
                new = mix(xp, Z, goal, _wide(xp, factor, Z))
                new_pulled = pull(xp, bound, new)
                new_value, rounding = energy(xp, bound, new, new_pulled)
                passes += 1
        ended = converged | cycles  # a problem that has ended stays as it is while others go on
        new, new_pulled = (xp.where(_wide(xp, ended, Z), a, b) for a, b in ((Z, new), (pulled, new_pulled)))
        new_value = xp.where(ended, value, new_value)
        largest = _largest(xp, new - Z) / factor  # of the whole step, since a short one stands nowhere
        still = stands(xp, new_value, value, tol, rounding) & (largest <= tol**0.5)
        # the energies of a cycle of two may agree, so energy alone would call a swap converged (TC-T8, TC-N1)
        back = (_largest(xp, new - before) <= tol) & (largest > max(tol**0.5, SMALL)) & (n_iter > 0)
        n_iter = n_iter + xp.astype(~ended, xp.int64)
        if trace is not None:
            trace["energies"].append(new_value)
            trace["steps"].append(total(xp, (new - Z) ** 2))
            trace["damping"].append(factor)
            trace["assignments"].append(new)
        converged, cycles = converged | (still & ~ended), cycles | (back & ~ended)
        before, Z, pulled, value = Z, new, new_pulled, new_value
        stopped = watch is not None and watch(Z, value, softmaxes)
    work = Work(passes, passes * edges * Z.shape[-1], softmaxes * math.prod(Z.shape))
    return Descent(Z, value, factor, n_iter, converged, cycles, trace, work, stopped)


def _wide(xp: Any, per_problem: Any, Z: Any) -> Any:
    """Spread one number per problem over its rows and columns, in the dtype of Z (truth values stay)."""
    wide = per_problem[..., None, None]
    return wide if xp.isdtype(wide.dtype, "bool") else xp.astype(wide, Z.dtype)


def _largest(xp: Any, moves: Any) -> Any:
    return xp.max(xp.abs(moves), axis=(-2, -1))
