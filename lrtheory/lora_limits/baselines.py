r"""Baselines from the literature: attention by random features, by landmarks, and by the best low-rank factors.

Each makes factors U V^T of exp(beta <q_i, k_j>) and computes the gradients of the attention that they give, in the
same passes as `lora_gradients` does with its monomials. None has a certificate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, is_foreign, to_numpy
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import flag, generator, integer, must
from lrtheory.lora_limits.gradients import LoRAGradients
from lrtheory.lora_limits.head import LoRAHead, projections_of
from lrtheory.lora_limits.problem import AttentionProblem, inputs_of
from lrtheory.lora_limits.products.low_rank import Factors, NotPositive, low_rank_products, multiply_adds
from lrtheory.lora_limits.solving.adapter_gradients import head_inputs
from lrtheory.lora_limits.solving.inputs import Mask
from lrtheory.lora_limits.solving.plan import bound_of, exact_cost
from lrtheory.lora_limits.solving.solve import answer

__all__ = ["favor", "nystrom", "truncated_svd"]

NEGLIGIBLE = 1e-10  # smaller eigenvalues of the landmarks' kernel, relative to the largest, are dropped as rounding
LARGEST_DENSE = 2**26  # the most entries of a matrix whose singular vectors are computed

Pair = tuple[np.ndarray, np.ndarray]


@arrays("host")
def favor(
    head: LoRAHead | AttentionProblem,
    XQ: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    XK: ArrayLike | None = None,
    XV: ArrayLike | None = None,
    adapt: Iterable[str] = ("Q", "V"),
    n_features: int = 256,
    orthogonal: bool = True,
    mask: Mask = None,
    rng: Rng = None,
) -> LoRAGradients:
    r"""Positive random features of the softmax kernel, FAVOR+: phi(x) = exp(<w, x> - \|x\|^2 / 2) / sqrt(k).

    Arrays: any (copied to the host)

    Unbiased for exp(<x, y>), with relative variance (exp(\|x + y\|^2) - 1) / k of an entry for independent w.

    Parameters
    ----------
    head : LoRAHead or AttentionProblem
        As in `lora_gradients`.
    XQ, Y, XK, XV : arrays or None
        As in `lora_gradients`.
    adapt : projections
        As in `lora_gradients`.
    n_features : int
        k, how many.
    orthogonal : bool
        Directions orthogonal in blocks of d, which lowers the variance; else independent.
    mask : None or lengths
        As in `lora_gradients`.
    rng : Generator, int or None
        Source of the directions.

    Returns
    -------
    LoRAGradients
        Gradients of the approximated attention.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, or the mask is causal.
    TypeError
        If an argument is not an array of real numbers.

    References
    ----------
    .. [1] K. Choromanski et al., Rethinking Attention with Performers, ICLR 2021.

    Examples
    --------
    >>> from lrtheory.lora_limits import make_uniform
    >>> favor(make_uniform(64, 4, bound=0.5, rng=0), n_features=128, rng=0).method
    'favor'
    """
    k, draws = integer("n_features", n_features, low=1), generator(rng)
    is_orthogonal = flag("orthogonal", orthogonal)

    def features(x: np.ndarray, y: np.ndarray) -> Pair:
        directions = _directions(draws, k, x.shape[1], is_orthogonal).astype(x.dtype)
        logs = [side @ directions.T - (side * side).sum(axis=1, keepdims=True) / 2 for side in (x, y)]
        # a factor of a row of U, and one of all of V, cancel in the rows of attention
        return np.exp(logs[0] - logs[0].max(axis=1, keepdims=True)), np.exp(logs[1] - logs[1].max())

    return _by_factors((head, XQ, Y, XK, XV, mask), adapt, ("favor", k), features)


@arrays("host")
def nystrom(
    head: LoRAHead | AttentionProblem,
    XQ: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    XK: ArrayLike | None = None,
    XV: ArrayLike | None = None,
    adapt: Iterable[str] = ("Q", "V"),
    n_features: int = 256,
    mask: Mask = None,
    rng: Rng = None,
) -> LoRAGradients:
    r"""Landmarks among queries and keys: exp(<x, y>) is close to exp(<x, z>) (exp(<z, z>))^+ exp(<z, y>).

    Arrays: any (copied to the host)

    Parameters
    ----------
    head : LoRAHead or AttentionProblem
        As in `lora_gradients`.
    XQ, Y, XK, XV : arrays or None
        As in `lora_gradients`.
    adapt : projections
        As in `lora_gradients`.
    n_features : int
        Number of landmarks, at least 1 and at most the number of queries and keys.
    mask : None or lengths
        As in `lora_gradients`.
    rng : Generator, int or None
        Source of the choice.

    Returns
    -------
    LoRAGradients
        Gradients of the approximated attention.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, the mask is causal, or a row of the approximation has no
        positive sum.
    TypeError
        If an argument is not an array of real numbers.

    References
    ----------
    .. [1] C. Williams, M. Seeger, Using the Nystrom Method to Speed Up Kernel Machines, NIPS 2000.

    Examples
    --------
    >>> from lrtheory.lora_limits import make_uniform
    >>> nystrom(make_uniform(64, 4, bound=0.5, rng=0), n_features=32, rng=0).n_features
    32
    """
    k, draws = integer("n_features", n_features, low=1), generator(rng)

    def features(x: np.ndarray, y: np.ndarray) -> Pair:
        if k > len(x) + len(y):
            raise must("n_features", f"at most {len(x) + len(y)}, the number of queries and keys", k)
        z = np.concatenate([x, y])[draws.choice(len(x) + len(y), size=k, replace=False)]
        own, left, right = (z @ z.T).astype(np.float64), x @ z.T, y @ z.T
        # exponents shifted by the largest, which changes U by a factor of a row and V by one of all; both cancel
        values, vectors = np.linalg.eigh(np.exp(own - own.max()))
        kept = values > NEGLIGIBLE * values[-1]
        root = (vectors[:, kept] / np.sqrt(values[kept])).astype(x.dtype)
        return np.exp(left - left.max(axis=1, keepdims=True)) @ root, np.exp(right - right.max()) @ root

    return _by_factors((head, XQ, Y, XK, XV, mask), adapt, ("nystrom", k), features)


@arrays("host")
def truncated_svd(
    head: LoRAHead | AttentionProblem,
    XQ: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    XK: ArrayLike | None = None,
    XV: ArrayLike | None = None,
    adapt: Iterable[str] = ("Q", "V"),
    n_features: int = 256,
    mask: Mask = None,
) -> LoRAGradients:
    """The best factors in the Frobenius norm, from the dense matrix of exponentials: a reference for few tokens.

    Arrays: any (copied to the host)

    Parameters
    ----------
    head : LoRAHead or AttentionProblem
        As in `lora_gradients`.
    XQ, Y, XK, XV : arrays or None
        As in `lora_gradients`.
    adapt : projections
        As in `lora_gradients`.
    n_features : int
        Number of singular values that are kept.
    mask : None or lengths
        As in `lora_gradients`.

    Returns
    -------
    LoRAGradients
        Gradients of the approximated attention.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, the matrix is too large, the mask is causal, or a row of the
        approximation has no positive sum.
    TypeError
        If an argument is not an array of real numbers.

    References
    ----------
    .. [1] C. Eckart, G. Young, The Approximation of One Matrix by Another of Lower Rank, Psychometrika, 1936.

    Examples
    --------
    >>> from lrtheory.lora_limits import make_uniform
    >>> truncated_svd(make_uniform(64, 4, bound=0.5, rng=0), n_features=8).n_features
    8
    """
    k = integer("n_features", n_features, low=1)

    def features(x: np.ndarray, y: np.ndarray) -> Pair:
        if len(x) * len(y) > LARGEST_DENSE:
            raise must("XQ", f"of so few tokens that the dense matrix has at most {LARGEST_DENSE} entries", len(x))
        logits = x @ y.T
        U, s, Vt = np.linalg.svd(np.exp(logits - logits.max()), full_matrices=False)
        return U[:, :k] * s[:k], Vt[:k].T

    return _by_factors((head, XQ, Y, XK, XV, mask), adapt, ("truncated_svd", k), features)


def _directions(rng: np.random.Generator, k: int, d: int, orthogonal: bool) -> np.ndarray:
    """Draw Gaussian directions (k, d); if `orthogonal`, blocks of d orthogonal ones with Gaussian lengths."""
    if not orthogonal:
        return rng.normal(size=(k, d))
    blocks = []
    for _ in range(-(-k // d)):
        Q, R = np.linalg.qr(rng.normal(size=(d, d)))
        blocks.append((Q * np.sign(np.diag(R))).T)  # without the signs the rotation would not be uniform
    lengths = np.linalg.norm(rng.normal(size=(k, d)), axis=1)
    return np.concatenate(blocks)[:k] * lengths[:, None]


def _by_factors(
    given: tuple[Any, ...], adapt: Iterable[str], how: tuple[str, int], features: Callable[..., Pair]
) -> LoRAGradients:
    """Compute gradients from factors of exp(<x, y>); the inverse temperature is split evenly between x and y.

    The kernel exp(<x, y>) is that of both sides, so random features and landmarks need x and y of one scale.
    """
    (head, XQ, Y, XK, XV, mask), (method, n_features) = given, how
    like = head.XQ if isinstance(head, AttentionProblem) else None
    if isinstance(head, AttentionProblem):
        fields = {name: to_numpy(getattr(head, name)) for name in ("XQ", "Y", "XK", "XV")}
        head = replace(head, **fields)
    inputs = inputs_of(head, XQ, Y, XK, XV, mask)
    projections = projections_of(adapt)
    if inputs.causal:
        raise must("mask", "None or lengths: a causal mask has no low-rank form", "causal")
    # random features of x and y are accurate for vectors of like lengths, so both get half of beta
    root = math.sqrt(inputs.head.beta)
    tasks = [head_inputs(inputs, entry, projections) for entry in inputs.entries()]
    factors = [features(task.head.queries / root, task.head.keys * root) for task in tasks]
    pairs = zip(tasks, factors, strict=True)
    try:
        found = [low_rank_products(inputs.xp, task.head, _stored(*pair)) for task, pair in pairs]
    except NotPositive as error:
        rule = "larger, or the logits smaller: a row of the approximated exponentials has a sum that is not positive"
        raise must("n_features", rule, n_features) from error
    k = max(U.shape[1] for U, _ in factors)
    flops = sum(multiply_adds(task.head, k) for task in tasks)
    answered: dict[str, Any] = answer(inputs, tasks, found, projections)
    answered |= {kind: _as(like, answered[kind]) for kind in "ABW"}
    return LoRAGradients(
        **answered,
        degree=None,
        n_features=k,
        n_outliers=0,
        logit_bound=bound_of(tasks),
        regime="low-rank pays" if flops < sum(exact_cost(task.head) for task in tasks) else "exact cheaper",
        method=method,
        reason="asked for",
        message="no proof: nothing is known about the error",
        counts={"flops": flops, "features": k},
        certificate=None,
    )


def _as(like: Any, table: dict[str, np.ndarray]) -> dict[str, Any]:
    """Move arrays into the library and onto the device of the arrays of a problem."""
    if not is_foreign(like):
        return table
    return {projection: array_namespace(like).asarray(value, device=like.device) for projection, value in table.items()}


def _stored(U: np.ndarray, V: np.ndarray) -> Factors:
    """Hand out stored matrices as the factors of the low-rank passes."""
    return Factors(lambda i, stop: U[i:stop].T, lambda i, stop: V[i:stop].T)
