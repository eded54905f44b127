r"""The bound optimiser in array-API code: one problem (N, K) or a batch (E, N, K), on the caller's device.

Each line of mathematics is a function of its own, `pull`, `update`, `parts`, `mix`; `descend` repeats them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import must

__all__ = ["Bound", "Descent", "descend", "one_hot", "real_array", "softmax"]

#: relative rounding errors of an energy, in units of the dtype's epsilon, below which a rise is none
ROUNDING = 8.0


class Bound(NamedTuple):
    """What the updates need: costs, affinity, weights, and which rows are free (others keep their place)."""

    costs: Any
    affinity: Any
    lam: Any
    temperature: Any
    free: Any  # bool (..., N, 1)


class Descent(NamedTuple):
    """Where the updates ended, an entry a problem of the batch; `trace` has a list a name where it was recorded."""

    assignments: Any
    energy: Any
    damping: Any
    n_iter: Any
    converged: Any
    cycles: Any
    trace: dict[str, list[Any]] | None


def real_array(xp: Any, name: str, value: Any) -> Any:
    """An array of finite real numbers; integers become float64."""
    if not hasattr(value, "dtype"):
        raise must(name, "an array", value, TypeError)
    kinds = ("real floating", "integral", "bool")
    known = value.dtype.kind in "fiub" if isinstance(value, np.ndarray) else xp.isdtype(value.dtype, kinds)
    if not known:
        raise must(name, "an array of real numbers", value.dtype, TypeError)
    value = value if xp.isdtype(value.dtype, "real floating") else xp.astype(value, xp.float64)
    # extremes carry a NaN through, and are quicker than a look at every entry
    if 0 not in value.shape and not bool(xp.isfinite(xp.max(value)) & xp.isfinite(xp.min(value))):
        raise must(name, "finite", "an infinity or NaN")
    return value


def softmax(xp: Any, logits: Any) -> Any:
    """Rows of positive numbers with sum 1, proportional to the exponentials."""
    powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))  # the largest is 1, so nothing overflows
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def one_hot(xp: Any, index: Any, n: int, dtype: Any) -> Any:
    """A row with a 1 at the index, along a new last axis; a row of zeros for -1."""
    return xp.astype(index[..., None] == xp.arange(n, dtype=index.dtype, device=index.device), dtype)


def pull(xp: Any, bound: Bound, Z: Any) -> Any:
    """W Z, what the neighbours of each point say; nothing without a graph."""
    return xp.zeros_like(Z) if bound.affinity is None else bound.affinity @ Z


def update(xp: Any, bound: Bound, Z: Any, pulled: Any) -> Any:
    """S(Z) = softmax((lambda W Z - A) / T), the minimiser of the bound that touches the energy at Z."""
    logits = (bound.lam * pulled - bound.costs) / bound.temperature
    moved = softmax(xp, logits)
    return xp.where(bound.free, moved, Z)


def mix(xp: Any, Z: Any, goal: Any, factor: Any) -> Any:
    """A step from Z to S(Z), whole or shortened by the factor."""
    return (1 - factor) * Z + factor * goal


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
    """R_T(Z), and how much of it may be rounding."""
    terms = parts(xp, bound, Z, pulled)
    size = total(xp, xp.abs(bound.costs) * Z) + abs(terms[0]) + abs(terms[2])
    return sum(terms[1:], terms[0]), ROUNDING * xp.finfo(Z.dtype).eps * (1 + size)


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
) -> Descent:
    """Repeat the update until energy and assignments stand still.

    ``factor`` shortens every step. Where ``safe`` is given, a step that raises the energy is taken again with that
    factor, and so are all that follow it: it is small enough for the energy to fall (statement TC-T5).
    """
    pulled = pull(xp, bound, Z)
    value, _ = energy(xp, bound, Z, pulled)
    factor = factor + 0 * value  # one a problem
    n_iter, converged, cycles = xp.astype(0 * value, xp.int64), value != value, value != value
    before = Z
    trace: dict[str, list[Any]] | None = None
    if record:
        trace = {"energies": [value], "steps": [], "damping": [], "assignments": [Z]}
    for _ in range(max_iter):
        goal = update(xp, bound, Z, pulled)
        new = mix(xp, Z, goal, _wide(xp, factor, Z))
        new_pulled = pull(xp, bound, new)
        new_value, rounding = energy(xp, bound, new, new_pulled)
        if safe is not None:
            rises = (new_value > value + rounding) & (factor > safe) & ~(converged | cycles)
            if bool(xp.any(rises)):
                factor = xp.where(rises, safe, factor)
                new = mix(xp, Z, goal, _wide(xp, factor, Z))
                new_pulled = pull(xp, bound, new)
                new_value, _ = energy(xp, bound, new, new_pulled)
        stands = converged | cycles  # a problem that has ended keeps its place while others go on
        new, new_pulled = (xp.where(_wide(xp, stands, Z), a, b) for a, b in ((Z, new), (pulled, new_pulled)))
        new_value = xp.where(stands, value, new_value)
        largest = _largest(xp, new - Z)
        still = (xp.abs(new_value - value) <= tol * xp.abs(new_value)) & (largest <= tol**0.5)
        back = (_largest(xp, new - before) <= tol) & ~still & (n_iter > 0)
        n_iter = n_iter + xp.astype(~stands, xp.int64)
        if trace is not None:
            trace["energies"].append(new_value)
            trace["steps"].append(total(xp, (new - Z) ** 2))
            trace["damping"].append(factor)
            trace["assignments"].append(new)
        converged, cycles = converged | (still & ~stands), cycles | (back & ~stands)
        before, Z, pulled, value = Z, new, new_pulled, new_value
        if bool(xp.all(converged | cycles)):
            break
    return Descent(Z, value, factor, n_iter, converged, cycles, trace)


def _wide(xp: Any, per_problem: Any, Z: Any) -> Any:
    """A number a problem, spread over its rows and columns in the dtype of Z (truth values stay)."""
    wide = per_problem[..., None, None]
    return wide if xp.isdtype(wide.dtype, "bool") else xp.astype(wide, Z.dtype)


def _largest(xp: Any, moves: Any) -> Any:
    return xp.max(xp.abs(moves), axis=(-2, -1))
