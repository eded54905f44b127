r"""The proof that comes with a low-rank gradient: a bound on the distance of each entry from the exact one.

The bounds are statements LL-E1 to LL-E9 and LL-T2, in exact arithmetic, plus floors for rounding that were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.products.attention import Attention
from lrtheory.lora_limits.solving.adapter_gradients import HeadInputs
from lrtheory.lora_limits.solving.inputs import Inputs

__all__ = ["Proof", "certify", "chain_rounding", "entry_bounds", "rounding_of", "rounding_share"]

TERM = 4.0  # units of rounding that one term of a sum may cost, all steps of the chain together


class Proof(NamedTuple):
    """The fields of a `GradientCertificate` beside the gradients; `lora_gradients` makes one of them."""

    bound: float
    statement: str
    row_sum_error: float
    eta: float
    rounding: float
    entries: dict[str, float]
    options: dict[str, Any]


def rounding_of(head: Attention, coefficients: np.ndarray, bound: float) -> float:
    """Return what rounding of features adds to the relative error of exp (statement LL-E9-floats).

    The bound of LL-P4 on the logits bounds sum_a |x_a y_a| too, on which cancellation depends; so it serves twice.
    """
    x = head.factors[0]
    kind = to_numpy(x[:1, :]).dtype
    return theory.rounding_floor(coefficients, bound, n_variables=x.shape[-1], bound=bound, dtype=kind)


def chain_rounding(inputs: Inputs, task: HeadInputs) -> dict[str, float]:
    """Return for each projection what rounding adds to an entry of dLoss/dW, in two runs that are compared.

    A sum of n terms is known within n u times the sum of their absolute values, with the unit roundoff u. Queries, keys
    and values enter as they are before they are centered, because a large common part costs digits of the differences;
    weights enter as they are before adapters are added.
    """
    entry, head = task.entry, task.head
    X = {projection: np.abs(to_numpy(x).astype(np.float64)) for projection, x in entry.X.items()}
    q, k, v = (float((X[projection] @ _absolute_weight(inputs, task, projection)).max()) for projection in "QKV")
    q, d, d_value = q * inputs.head.beta, head.keys.shape[-1], head.values.shape[-1]
    c = v + float(np.abs(to_numpy(entry.Y)).max())
    # 2 is for the two runs; d q k is the size of a logit, whose absolute error is the relative error of its exponential
    unit = float(np.finfo(to_numpy(head.keys[:1, :]).dtype).eps) / 2
    size = 2 * TERM * _terms(task) * unit * (1 + d * q * k)
    # from here on the bounds are those of LL-E8 and LL-T2-bound, with the size of rounding instead of tau
    p = size * d_value * v * c
    return {
        "Q": inputs.head.beta * float(X["Q"].sum(0).max()) * k * p,
        "K": float(X["K"].max()) * len(X["Q"]) * q * p,
        "V": float(X["V"].max()) * len(X["Q"]) * size * c,
    }


def _absolute_weight(inputs: Inputs, task: HeadInputs, projection: str) -> np.ndarray:
    """Return |W*| + |s| (|B| |A|)^T, the sum of the absolute terms of an effective weight, where W* is frozen."""
    W = to_numpy(task.entry.W[projection]).astype(np.float64)
    if projection not in task.entry.adapters:
        return np.abs(W)
    A, B = (to_numpy(one).astype(np.float64) for one in task.entry.adapters[projection])
    scale = inputs.head.scale(projection)
    return np.abs(W - scale * (B @ A).T) + abs(scale) * (np.abs(B) @ np.abs(A)).T


def _terms(task: HeadInputs) -> int:
    """Add up the numbers of terms of the nested sums in the chain: tokens, widths and ranks."""
    widths = task.head.keys.shape[-1] + task.head.values.shape[-1]
    inner = sum(to_numpy(W).shape[0] for W in task.entry.W.values())
    ranks = sum(to_numpy(A).shape[0] for A, _ in task.entry.adapters.values())
    return task.head.queries.shape[-2] + task.head.keys.shape[-2] + inner + ranks + widths


def rounding_share(inputs: Inputs, tasks: list[HeadInputs], found: Mapping[str, Any], adapt: tuple[str, ...]) -> float:
    """Estimate how much rounding changes a dLoss/dW, relative to its largest entry.

    This is an estimate, while `chain_rounding` is a bound: each number is off by one unit in its last digit, with a
    random sign. It supposes small logits, as polynomials do, where no key outweighs all others.
    """
    shares, floors = [0.0], [(task, chain_rounding(inputs, task), 2 * TERM * _terms(task)) for task in tasks]
    for projection in (projection for projection in adapt if projection in found):
        largest = float(np.abs(to_numpy(found[projection])).max())
        floor = sum(bounds[projection] / parts * _averaged(task, projection) for task, bounds, parts in floors)
        shares += [floor / largest] if largest else []
    return max(shares)


def _averaged(task: HeadInputs, projection: str) -> float:
    """Estimate which part of a bound for errors of one sign remains when the errors have random signs.

    The rounding error of a key, or of its value, is the same for all queries, and that of a query is the same for all
    keys. Such an error adds up as far as the weights that multiply it do: for a key the weights of the queries, times 1
    or times the errors of the output, which are about the targets; for a query the weights of the keys, times 1 or
    times their values.
    """
    entry, head = task.entry, task.head
    on_queries = entry.X["Q"] if projection == "Q" else head.queries
    on_keys = head.keys if projection == "Q" else entry.X[projection]
    w, z, c, v = (to_numpy(one).astype(np.float64) for one in (on_queries, on_keys, head.targets, head.values))
    of_queries, of_keys = (_coherent(one, _with_one(other)) for one, other in ((w, c), (z, v)))
    root_queries, root_keys = len(w) ** -0.5, len(z) ** -0.5  # the mean of n random signs is of order n^(-1/2)
    if projection == "V":  # every output mixes all values, so errors of values add up over keys and over queries
        return (of_keys + root_keys) * (root_queries + root_keys)
    return of_queries * root_keys + of_keys * root_queries + root_queries * root_keys


def _with_one(table: np.ndarray) -> np.ndarray:
    """Divide a table by its largest entry, and put a column of ones before it."""
    return np.column_stack([np.ones(len(table)), table / (np.abs(table).max() or 1.0)])


def _coherent(weights: np.ndarray, others: np.ndarray) -> float:
    """Return the largest absolute sum over tokens of a product of two columns, scaled to at most 1."""
    return float(np.abs(weights.T @ others).max() / (len(weights) * np.abs(weights).max() or 1.0))


def entry_bounds(
    inputs: Inputs, task: HeadInputs, eta: float, adapt: tuple[str, ...], *, full: bool, rounded: bool = True
) -> dict[str, float]:
    """Bound the error of the entries of each gradient of one task when exp has the relative error eta, below 1.

    The names are "W_Q", "A_Q", "B_Q" and so on; without `rounded` the floors for rounding are left out.
    """
    head, entry, beta = task.head, task.entry, inputs.head.beta
    arrays = (entry.X["Q"], head.keys, head.values, head.targets)
    XQ, keys, values, targets = (to_numpy(array).astype(np.float64) for array in arrays)
    # The gradient depends on differences of keys and of values alone. Around their midpoints the largest entries, which
    # the bounds multiply, are smallest.
    keys = keys - (keys.max(0) + keys.min(0)) / 2
    middle, half = (values.max(0) + values.min(0)) / 2, (values.max(0) - values.min(0)) / 2
    values, targets = values - middle, targets - middle
    largest_c = (
        np.abs(targets) + half
    )  # outputs are means of values, so no output is further than `half` from the middle
    rows = theory.error_certificate(
        eta, XQ, keys, values, targets, beta=beta, q_max=float((largest_c * half).sum(1).max())
    )
    floors = chain_rounding(inputs, task) if rounded else dict.fromkeys("QKV", 0.0)
    found = {}
    for projection in adapt:
        if projection == "Q":
            G = rows.gradient
        elif projection == "K":  # queries carry beta already
            G = theory.key_gradient_bound(rows.p, to_numpy(entry.X["K"]), to_numpy(head.queries), beta=1.0)
        else:
            G = theory.value_gradient_bound(eta, to_numpy(entry.X["V"]), largest_c, spread=2 * float(half.max()))
        G = float(G) + floors[projection]
        if full or projection not in entry.adapters:
            found[f"W_{projection}"] = G
        if projection in entry.adapters:
            A, B = (to_numpy(one) for one in entry.adapters[projection])
            factors = theory.adapter_factors(A, B, scale=inputs.head.scale(projection))
            found |= {f"{kind}_{projection}": G * float(one) for kind, one in zip("AB", factors, strict=True)}
    return found


def certify(
    inputs: Inputs, tasks: list[HeadInputs], etas: tuple[float, float], adapt: tuple[str, ...], options: dict[str, Any]
) -> Proof | None:
    """Make the proof for a whole batch, over which errors add up; None if eta is 1 or more, where nothing is proved."""
    eta, rounding = etas
    if eta >= 1:
        return None
    entries: dict[str, float] = {}
    for task in tasks:
        for name, value in entry_bounds(inputs, task, eta, adapt, full=options["full_gradient"]).items():
            entries[name] = entries.get(name, 0.0) + value
    return Proof(
        bound=max(entries.values()),
        statement="lora_limits/LL-E9",
        row_sum_error=float(theory.tilt_bound(eta)),
        eta=eta,
        rounding=rounding,
        entries=entries,
        options=options,
    )
