r"""The choice of the method: the degree that a tolerance asks for, the cost of each method, and refusals.

The degree for a tolerance is measured, not proved: a few rows of the attention matrix are computed exactly and by
polynomials, and the gradients that they give are compared. Most logits are far below their bound, so the measured
degree is several degrees lower than the one that a proof asks for. A proved error is what `max_error` asks for.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import number
from lrtheory._types import Number
from lrtheory._validation import must
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.chain import chain_products, softmax
from lrtheory.lora_limits.polynomials import Polynomial, exp_polynomial
from lrtheory.lora_limits.products.attention import Attention
from lrtheory.lora_limits.products.features import LARGEST_TABLE
from lrtheory.lora_limits.products.low_rank import (
    TOKENS,
    largest_logit,
    low_rank_products,
    multiply_adds,
    polynomial_factors,
)
from lrtheory.lora_limits.solving.adapter_gradients import HeadInputs, gradients
from lrtheory.lora_limits.solving.hybrid import Split, choose_split, smooth_part
from lrtheory.lora_limits.solving.inputs import Inputs, kind_of
from lrtheory.lora_limits.solving.proof import entry_bounds, rounding_of

__all__ = [
    "Plan",
    "Request",
    "exact_cost",
    "exact_share",
    "largest_logit",
    "logit_bound_of",
    "make_plan",
    "reachable",
    "regime_of",
    "sampled_degree",
    "usual_tol",
]

# An exponential, a maximum and a sum take about as long as this many flops, for each entry of the attention matrix.
EXPONENTIAL = 50
SMALL = 2**16  # the most entries of an attention matrix that "auto" writes out, by the method "dense"
# 32 queries are sampled, in 8 groups of 4. Gradients are compared group by group, since the errors of all queries would
# cancel in one sum.
GROUPS, GROUP = 8, 4
SAFETY = 4.0  # a factor on the estimated error, for queries outside the sample
#: the degrees of two runs on all tokens, by the largest logit; an odd degree needs a small one (statement LL-P10)
PROBES = ((0.9, (1, 2)), (1.5, (2, 3)), (math.inf, (2, 4)))


class Request(NamedTuple):
    """The checked options of a call to `lora_gradients`."""

    adapt: tuple[str, ...]
    method: str
    degree: int | None
    tol: float
    max_error: float | None
    kind: str  # of the polynomial
    full: bool
    block: int
    n_jobs: int


class Plan(NamedTuple):
    """The method that answers, with the polynomial and the splits of tokens where it uses them."""

    method: str
    reason: str
    logit_bound: float  # of all tokens; in "hybrid", of those that the polynomial serves
    polynomial: Polynomial | None
    splits: list[Split] | None


def make_plan(inputs: Inputs, tasks: list[HeadInputs], request: Request) -> Plan:
    """Choose the method and its polynomial; tasks are single entries, unless the method is exact."""
    if request.method in ("dense", "tiled"):
        return Plan(request.method, "asked for", bound_of(tasks), None, None)
    if inputs.causal:
        if request.method != "auto":
            raise must("method", "'dense' or 'tiled' with a causal mask, which has no low-rank form", request.method)
        return Plan("tiled", "a causal mask has no low-rank form", bound_of(tasks), None, None)
    if request.method != "auto":
        return _polynomial_plan(inputs, tasks, request, request.method, "asked for")
    return _cheapest(inputs, tasks, request)


def _cheapest(inputs: Inputs, tasks: list[HeadInputs], request: Request) -> Plan:
    """Plan "auto": low rank if it saves flops and the logits allow it, else hybrid on the same terms, else exact."""
    bound, heads = bound_of(tasks), [task.head for task in tasks]
    if max(head.queries.shape[-2] * head.keys.shape[-2] for head in heads) <= SMALL:
        return Plan("dense", "few tokens", bound, None, None)
    exact = sum(exact_cost(head) for head in heads)
    # A test that costs nothing, before anything is measured: where degree 2 saves less than half of the flops, the
    # degree that is needed, which is higher, does not pay.
    lowest = request.degree if request.degree is not None else 2
    if sum(low_rank_cost(head, lowest) for head in heads) > exact / 2:
        return Plan("tiled", "exact cheaper: too few tokens for so wide a head", bound, None, None)
    reason = ""
    for method in ("low-rank", "hybrid"):
        try:
            plan = _polynomial_plan(inputs, tasks, request, method, "low-rank pays")
        except ValueError as refused:  # logits are too large, tables do not fit, or rounding hides the accuracy
            too_far = bound > largest_logit(heads[0])
            why = "the logits reach too far for a polynomial" if too_far else str(refused).partition("; got ")[0]
            reason = reason or f"exact cheaper: {why}"
            continue
        assert plan.polynomial is not None
        if plan.polynomial.error >= 1 and request.degree is None:
            reason = "exact cheaper: the polynomial that a sample asks for proves nothing"
            continue
        cost = sum(low_rank_cost(head, plan.polynomial.degree) for head in heads)
        cost += sum(map(exact_share, heads, plan.splits or []))
        if cost < exact:
            return plan._replace(reason=f"low-rank pays: {cost / exact:.2g} of the exact flops")
        reason = "exact cheaper: the degree that is needed has too many features"
    return Plan("tiled", reason, bound, None, None)


def _polynomial_plan(inputs: Inputs, tasks: list[HeadInputs], request: Request, method: str, reason: str) -> Plan:
    """Plan a method with a polynomial; its degree is given, proved for `max_error`, or measured for `tol`.

    One polynomial serves all entries of a batch, on the largest of their intervals [-M, M]; a degree is measured on the
    entry with that interval.
    """
    splits, smooth = None, tasks
    if method == "hybrid":
        # Not the caller's tolerance: `GradientCertificate.verify` repeats the call with the degree alone, and has to
        # split the tokens in the same way.
        target = usual_tol(inputs)
        splits = [choose_split(task.head, target, exact_cost(task.head)) for task in tasks]
        smooth = [smooth_part(inputs.xp, task, split) for task, split in zip(tasks, splits, strict=True)]
    bounds = [logit_bound_of(task.head) for task in smooth]
    bound = max(bounds)
    limit = largest_logit(tasks[0].head)
    if bound > limit:
        rule = f"'tiled' for logits up to {bound:.3g}: where a logit exceeds {limit:.2g}, features lose digits"
        raise must("method", rule, request.method)
    hardest = int(np.argmax(bounds))
    if request.degree is not None:
        degree = request.degree
    elif request.max_error is not None:
        degree = _proved_degree(inputs, tasks, request, bound)
    else:
        _fits(tasks, 2, request)  # measuring makes runs of degree 2 itself
        degree = sampled_degree(inputs, smooth[hardest], request, bound)
    _fits(tasks, degree, request)
    polynomial = exp_polynomial(bound, degree=degree, kind=request.kind)
    return Plan(method, reason, bound, polynomial, splits)


def usual_tol(inputs: Inputs) -> float:
    """Return the default relative error, 1e-6, or 1e-4 in single precision, whose sums over tokens lose digits."""
    return 1e-4 if inputs.Y.dtype == inputs.xp.float32 else 1e-6


def reachable(name: str, error: Number, inputs: Inputs) -> float:
    """Check a relative error: in (0, 1), and at least the precision of the type of the inputs."""
    least, target = float(np.finfo(kind_of(inputs)).eps), float(number(name, error, 0, 1, ends="()"))
    if target < least:
        raise must(name, f"at least {least:.3g}, the precision of {kind_of(inputs)}", target)
    return target


def regime_of(tasks: list[HeadInputs], plan: Plan, request: Request) -> str:
    """Say whether a polynomial saves flops, at the degree that was used, or for exact methods at one that is proved."""
    heads = [task.head for task in tasks]
    if plan.polynomial is not None:
        degree = plan.polynomial.degree
    elif plan.logit_bound > largest_logit(heads[0]):
        return "exact cheaper"
    else:
        degree = theory.min_degree(plan.logit_bound, request.tol)
    pays = sum(low_rank_cost(head, degree) for head in heads) < sum(exact_cost(head) for head in heads)
    return "low-rank pays" if pays else "exact cheaper"


def bound_of(tasks: list[HeadInputs]) -> float:
    """Return a bound on the absolute logits of all tasks, with centered keys."""
    return max(logit_bound_of(task.head) for task in tasks)


def logit_bound_of(head: Attention) -> float:
    """Return a bound on the absolute logits in O(L d) (statement LL-P4); for a batch, a bound on all of them."""
    pairs = [to_numpy(array).reshape(-1, array.shape[-1]) for array in head.factors]
    return float(theory.logit_bound(*pairs, beta=1.0)) if min(map(len, pairs)) else 0.0


def exact_cost(head: Attention) -> float:
    """Count the flops of the exact kernel for one entry, its exponentials included."""
    n_queries, n_keys = head.queries.shape[-2], head.keys.shape[-2]
    d = (head.queries.shape[-1] + head.values.shape[-1]) // 2  # the model has one width for keys and values
    return theory.flop_model(n_queries, n_keys, d) + EXPONENTIAL * n_queries * n_keys


def exact_share(head: Attention, split: Split) -> float:
    """Count the flops of the large queries and keys that "hybrid" keeps exact: their share of the exact kernel's."""
    return exact_cost(head) * (split.n_queries / len(split.query_order) + split.n_keys / len(split.key_order))


def low_rank_cost(head: Attention, degree: int) -> float:
    """Count the flops of the three low-rank passes with the features of a degree."""
    return multiply_adds(head, theory.n_features(head.factors[0].shape[-1], degree))


def _fits(tasks: list[HeadInputs], degree: int, request: Request) -> None:
    """Refuse a degree whose tables of features or of moments would exceed `LARGEST_TABLE` numbers."""
    # entries of a batch differ in the number of coordinates at most
    head = max((task.head for task in tasks), key=lambda head: head.factors[0].shape[-1])
    features = theory.n_features(head.factors[0].shape[-1], degree)
    right = 1 + (0 if head.right is None else head.right.shape[-1])
    if features * max(TOKENS, (1 + head.values.shape[-1]) * right) > LARGEST_TABLE:
        rule = f"'tiled': degree {degree} in {head.factors[0].shape[-1]} variables has {features} features, too many"
        raise must("method", rule, request.method)


def _proved_degree(inputs: Inputs, tasks: list[HeadInputs], request: Request, bound: float) -> int:
    """Return the smallest degree whose certificate is at most max_error (statement LL-E9).

    The certificate is linear in tau, and tau(4/5) = 1: so its value at eta = 4/5 is the factor of tau.
    """
    assert request.max_error is not None
    at_one: dict[str, float] = {}
    floor: dict[str, float] = {}
    for task in tasks:
        given = (inputs, task, 0.8, request.adapt)
        without = entry_bounds(*given, full=request.full, rounded=False)
        for name, value in entry_bounds(*given, full=request.full).items():
            at_one[name] = at_one.get(name, 0.0) + without[name]
            floor[name] = floor.get(name, 0.0) + value - without[name]
    left = request.max_error - max(floor.values())  # no degree removes the rounding of sums
    rule = f"above what rounding allows; method='tiled' is exact, for logits up to {bound:.3g}"
    if left <= 0:
        raise must("max_error", rule, request.max_error)
    target = theory.relative_error_for(left, max(at_one.values()))
    degree = exp_polynomial(bound, epsilon=target, kind=request.kind).degree
    # Rounding of features takes a part of eta, for which up to two more degrees make up.
    for more in range(3):
        polynomial = exp_polynomial(bound, degree=degree + more, kind=request.kind)
        if polynomial.error + max(rounding_of(t.head, polynomial.coefficients, bound) for t in tasks) <= target:
            return degree + more
    raise must("max_error", rule, request.max_error)


def sampled_degree(inputs: Inputs, task: HeadInputs, request: Request, bound: float) -> int:
    """Estimate the smallest degree at which each gradient is within the tolerance, relative to its largest entry.

    Two runs of low degree on all tokens tell how large the gradients are (`size`) and how large the error of the lower
    degree is (`total`). A sample of queries, whose rows are computed exactly, tells by which factor (`now` over
    `before`) a higher degree makes that error smaller.
    """
    xp, head = inputs.xp, task.head
    low, high = next(pair for limit, pair in PROBES if bound < limit)

    def whole(degree: int) -> dict[str, np.ndarray]:
        """Compute the gradients of all tokens with Taylor's polynomial of a low degree."""
        factors = polynomial_factors(xp, head, exp_polynomial(bound, degree=degree).coefficients)
        return _flat(gradients(inputs, task, low_rank_products(xp, head, factors), request.adapt))

    first, second = whole(low), whole(high)
    samples = [_sample(inputs, task, indices) for indices in _sampled_queries(task)]
    exact = [_flat(gradients(inputs, one, chain_products(xp, one.head, f), request.adapt)) for one, _, f in samples]

    def wrong(polynomial: Polynomial) -> dict[str, float]:
        """Return the root of the summed squares of the errors of the sampled gradients, by name."""
        squares = dict.fromkeys(second, 0.0)
        for (one, logits, _), right in zip(samples, exact, strict=True):
            powers = polynomial(logits)
            products = chain_products(xp, one.head, powers / xp.sum(powers, axis=-1, keepdims=True))
            for name, found in _flat(gradients(inputs, one, products, request.adapt)).items():
                squares[name] += float(((found - right[name]) ** 2).sum())
        return {name: value**0.5 for name, value in squares.items()}

    before = wrong(exp_polynomial(bound, degree=low))
    size = {name: float(np.abs(value).max()) for name, value in second.items()}
    total = {name: float(np.abs(first[name] - second[name]).max()) for name in second}
    highest = theory.min_degree(bound, min(request.tol, 0.5))  # at which exp itself is within the tolerance
    for degree in range(1, highest):
        polynomial = exp_polynomial(bound, degree=degree, kind=request.kind)
        if polynomial.error >= 1 and degree % 2:
            continue  # a polynomial of odd degree is negative somewhere, so a row may have a negative sum
        now = wrong(polynomial)
        if all(SAFETY * total[name] * now[name] <= request.tol * size[name] * before[name] for name in size):
            return degree
    return highest


def _sampled_queries(task: HeadInputs) -> list[np.ndarray]:
    """Choose the sampled queries, in groups: one half are the longest, one half are spread evenly over the others.

    The longest are among them because their errors may outweigh those of all others. Every group takes each
    `GROUPS`-th of the chosen queries, so that it has queries of both kinds.
    """
    x, half = to_numpy(task.head.factors[0]).astype(np.float64), GROUPS * GROUP // 2
    order = np.argsort(-np.square(x).sum(axis=-1), kind="stable")
    others = np.sort(order[half:])
    spread = others[:: max(1, -(-len(others) // half))]
    chosen = np.concatenate([order[:half], spread])
    return [chosen[group::GROUPS] for group in range(min(GROUPS, len(chosen)))]


def _sample(inputs: Inputs, task: HeadInputs, indices: np.ndarray) -> tuple[HeadInputs, Any, Any]:
    """Cut a task to a few queries; return it with their logits and their exact attention."""
    head = task.head
    chosen = np.sort(indices).tolist()
    take = lambda array: (
        None if array is None else inputs.xp.take(array, inputs.xp.asarray(chosen, device=array.device), axis=0)
    )
    changed: dict[str, Any] = {name: take(getattr(head, name)) for name in ("queries", "targets", "left")}
    x, y = head.factors
    few = head._replace(coordinates=(take(x), y), **changed)
    X = task.entry.X | {"Q": take(task.entry.X["Q"])}
    logits = few.factors[0] @ y.T
    return task._replace(entry=task.entry._replace(X=X), head=few), logits, softmax(inputs.xp, logits)


def _flat(found: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return dLoss/dW of each projection as NumPy arrays, or dLoss/dA and dLoss/dB where W was not computed."""
    kept: dict[str, np.ndarray] = {}
    for projection, gradient in found.items():
        names = ("W",) if gradient.W is not None else ("A", "B")
        kept |= {name + projection: to_numpy(getattr(gradient, name)).astype(np.float64) for name in names}
    return kept
