"""The way from checked inputs to gradients: tasks, plan, products, gradients, and the fields that describe them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, must
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.chain import dense_products
from lrtheory.lora_limits.products.attention import Products
from lrtheory.lora_limits.products.low_rank import NotPositive, low_rank_products, multiply_adds, polynomial_factors
from lrtheory.lora_limits.products.tiled import tiled_products
from lrtheory.lora_limits.solving.adapter_gradients import Gradient, HeadInputs, gradients, head_inputs
from lrtheory.lora_limits.solving.hybrid import hybrid_products, smooth_part
from lrtheory.lora_limits.solving.inputs import Inputs, kind_of
from lrtheory.lora_limits.solving.plan import Plan, Request, exact_cost, exact_share, make_plan, regime_of
from lrtheory.lora_limits.solving.proof import Proof, certify, rounding_of, rounding_share

__all__ = ["answer", "solve"]


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused by name
def solve(inputs: Inputs, request: Request) -> dict[str, Any]:
    """Compute all fields of `LoRAGradients`, and a field "proof", of which `lora_gradients` makes the certificate.

    With method "auto", a polynomial that leaves a row without a positive sum is replaced by the exact kernel.
    """
    tasks = _tasks(inputs, request)
    plan = make_plan(inputs, tasks, request)
    try:
        found = [_products(inputs, task, plan, request, e) for e, task in enumerate(tasks)]
    except NotPositive:
        if request.method != "auto":
            raise
        plan = Plan("tiled", "exact, as the polynomial has rows without a positive sum", plan.logit_bound, None, None)
        found = [_products(inputs, task, plan, request, e) for e, task in enumerate(tasks)]
    fields = answer(inputs, tasks, found, request.adapt, full=request.full)
    return fields | _described(inputs, tasks, plan, request, fields["W"])


def answer(
    inputs: Inputs, tasks: list[HeadInputs], found: list[Products], adapt: tuple[str, ...], *, full: bool = True
) -> dict[str, Any]:
    """Make loss and gradients of all entries from their products; unless `full`, no dLoss/dW beside an adapter."""
    parts = [gradients(inputs, task, one, adapt) for task, one in zip(tasks, found, strict=True)]
    loss = sum(float(np.sum(to_numpy(one.loss))) for one in found)
    result: dict[str, Any] = {kind: _by_projection(inputs, parts, kind) for kind in "ABW"}
    if not full:
        result["W"] = {projection: W for projection, W in result["W"].items() if projection not in inputs.adapters}
    for values in ({"": np.array(loss)}, *result.values()):
        if not all(np.isfinite(to_numpy(value)).all() for value in values.values()):
            rule = f"small enough for gradients that are finite in {kind_of(inputs)}"
            raise must("XQ, XK, XV, Y", rule, Words("larger ones"))
    return {"loss": loss} | result


def _tasks(inputs: Inputs, request: Request) -> list[HeadInputs]:
    """Make one task per entry, or one for all entries where an exact method takes a batch.

    The compiled kernel takes one head at a time, and entries of different lengths cannot be stacked.
    """
    whole = request.method == "dense" or (request.method == "tiled" and not isinstance(inputs.Y, np.ndarray))
    entries = [inputs.together()] if whole and inputs.lengths is None else list(inputs.entries())
    tasks = [head_inputs(inputs, entry, request.adapt) for entry in entries]
    if request.full:
        return tasks
    # Products of width r do not always pay: for r near d_head the two of them have more columns than the one of d_head
    # columns for dLoss/dW, so the cheaper of both ways is taken.
    narrow = [head_inputs(inputs, entry, request.adapt, narrow=True) for entry in entries]
    return [min(pair, key=lambda task: multiply_adds(task.head, 1)) for pair in zip(tasks, narrow, strict=True)]


def _products(inputs: Inputs, task: HeadInputs, plan: Plan, request: Request, e: int) -> Products:
    """Compute the products of entry e by the method of the plan."""
    if plan.method == "dense":
        return dense_products(inputs.xp, task.head)
    if plan.method == "tiled":
        return tiled_products(inputs.xp, task.head, request.block, request.n_jobs)
    assert plan.polynomial is not None
    if plan.splits is None:
        factors = polynomial_factors(inputs.xp, task.head, plan.polynomial.coefficients)
        return low_rank_products(inputs.xp, task.head, factors)
    return hybrid_products(inputs.xp, task.head, plan.polynomial.coefficients, plan.splits[e], request.block)


def _by_projection(inputs: Inputs, parts: list[dict[str, Gradient]], kind: str) -> dict[str, Any]:
    """Bring gradients of one kind into the shapes of their parameters.

    A parameter with a batch axis gets one gradient per entry; one that the entries share gets their sum.
    """
    found = {}
    for projection in parts[0]:
        values = [getattr(part[projection], kind) for part in parts]
        if values[0] is None:
            continue
        own = inputs.W[projection] if kind == "W" else inputs.adapters[projection]["AB".index(kind)]
        if inputs.batch is None:
            found[projection] = values[0]
            continue
        table = values[0] if len(values) == 1 and values[0].ndim == 3 else inputs.xp.stack(values, axis=0)
        found[projection] = table if own.ndim == 3 else inputs.xp.sum(table, axis=0)
    return found


def _described(
    inputs: Inputs, tasks: list[HeadInputs], plan: Plan, request: Request, W: dict[str, Any]
) -> dict[str, Any]:
    """Make the fields that say how the gradients were computed, and how accurate they are."""
    polynomial, splits = plan.polynomial, plan.splits or []
    features, flops = None, sum(exact_cost(task.head) for task in tasks)
    if len(tasks) == 1:  # a batch in one task, of which `exact_cost` counts one entry
        flops *= inputs.batch or 1
    if polynomial is not None:
        features = theory.n_features(max(task.head.factors[0].shape[-1] for task in tasks), polynomial.degree)
        flops = sum(multiply_adds(task.head, features) for task in tasks)
        flops += sum(exact_share(task.head, split) for task, split in zip(tasks, splits, strict=False))
    proof, message = _proof(inputs, tasks, plan, request)
    if polynomial is not None and request.degree is None and request.max_error is None:
        message += _rounding_warning(request.tol, proof, rounding_share(inputs, tasks, W, request.adapt))
    return {
        "degree": None if polynomial is None else polynomial.degree,
        "n_features": features,
        "n_outliers": sum(split.n_queries + split.n_keys for split in splits),
        "logit_bound": plan.logit_bound,
        "regime": regime_of(tasks, plan, request),
        "method": plan.method,
        "reason": plan.reason,
        "message": message,
        "counts": {"flops": int(flops), "features": features or 0},
        "proof": proof,
    }


def _proof(inputs: Inputs, tasks: list[HeadInputs], plan: Plan, request: Request) -> tuple[Proof | None, str]:
    """Make the certificate of a polynomial, or None, and a sentence about the accuracy."""
    if plan.polynomial is None:
        return None, "exact up to rounding"
    covered = tasks  # "hybrid" answers large tokens exactly, so rounding of features concerns the other tokens alone
    if plan.splits is not None:
        covered = [smooth_part(inputs.xp, task, split) for task, split in zip(tasks, plan.splits, strict=True)]
    a, bound = plan.polynomial.coefficients, plan.logit_bound
    rounding = max(rounding_of(task.head, a, bound) for task in covered)
    options = {
        "adapt": request.adapt,
        "method": plan.method,
        "degree": plan.polynomial.degree,
        "polynomial": plan.polynomial.kind,
        "full_gradient": request.full,
    }
    proof = certify(inputs, tasks, (plan.polynomial.error + rounding, rounding), request.adapt, options)
    if proof is None:
        return None, "no proof: exp is not approximated within a factor of 2 on all logits"
    if request.degree is None and request.max_error is None:
        return proof, "the degree was chosen on a sample of queries; the certificate is what is proved"
    return proof, "the certificate is proved in exact arithmetic, with a measured floor for rounding"


def _rounding_warning(tol: float, proof: Proof | None, share: float) -> str:
    """Return a warning to append to the message if rounding, of features or of later sums, is above the tolerance."""
    rounding = max(share, 0.0 if proof is None else proof.rounding)
    return f"; rounding is about {rounding:.2g} of the largest entry, above `tol`" if rounding > tol else ""
