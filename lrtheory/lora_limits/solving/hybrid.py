r"""The method "hybrid": a polynomial serves the small tokens, and a few large tokens are treated exactly.

One large token multiplies the bound on all logits, and with it the degree for all tokens. So large keys become features
of their own, and large queries are answered by the exact kernel: few columns and rows of the attention matrix.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.products.attention import Attention, Products
from lrtheory.lora_limits.products.low_rank import largest_logit, low_rank_products, polynomial_factors
from lrtheory.lora_limits.products.tiled import tiled_products
from lrtheory.lora_limits.solving.adapter_gradients import HeadInputs

__all__ = ["Split", "choose_split", "hybrid_products", "smooth_part"]


class Split(NamedTuple):
    """The choice of the large tokens: the last `n_queries` of `query_order`, the last `n_keys` of `key_order`.

    The orders sort all tokens by Euclidean length. The polynomial sees keys less `center`, the mean of the keys that
    are not large: the mean of all keys would be moved away from most of them by a few large ones.
    """

    query_order: np.ndarray
    key_order: np.ndarray
    n_queries: int
    n_keys: int
    center: np.ndarray
    flops: float  # expected; infinite where no split leaves logits for a polynomial


def hybrid_products(xp: Any, head: Attention, coefficients: np.ndarray, split: Split, block: int) -> Products:
    """Compute the products of one head, and bring them back into the order of its tokens.

    Small queries take the low-rank passes, in which large keys are exact; large queries take the exact kernel. p^T S
    and f^T c are sums over queries, so those of the two parts are added.
    """
    ordered = _ordered(xp, head, split)
    few = head.queries.shape[0] - split.n_queries
    most = _queries(ordered, slice(0, few))
    found = [low_rank_products(xp, most, polynomial_factors(xp, most, coefficients), split.n_keys)]
    if split.n_queries:
        found.append(tiled_products(xp, _queries(ordered, slice(few, None)), block))
    right = None if head.right is None else xp.concat([part.right for part in found], axis=0)
    left = None if head.left is None else sum(part.left for part in found)
    transport = sum(part.transport for part in found) if head.transport else None
    queries, keys = (np.argsort(order) for order in (split.query_order, split.key_order))  # inverse permutations
    return Products(
        loss=sum(part.loss for part in found),
        right=_taken(xp, right, queries),
        left=_taken(xp, left, keys),
        transport=_taken(xp, transport, keys),
    )


def _ordered(xp: Any, head: Attention, split: Split) -> Attention:
    """Permute the tokens of a head into the order of their size, and center the coordinates of the polynomial."""
    on_queries, on_keys = split.query_order, split.key_order
    x, y = head.factors
    y = y - xp.asarray(split.center, dtype=y.dtype, device=y.device)
    changed = {name: _taken(xp, getattr(head, name), on_queries) for name in ("queries", "targets", "left")}
    changed |= {name: _taken(xp, getattr(head, name), on_keys) for name in ("keys", "values", "right")}
    return head._replace(coordinates=(_taken(xp, x, on_queries), _taken(xp, y, on_keys)), **changed)


def _taken(xp: Any, array: Any, order: np.ndarray) -> Any:
    """Return the rows of an array in this order, or None for None."""
    return None if array is None else xp.take(array, xp.asarray(order, device=array.device), axis=0)


def _queries(head: Attention, which: slice) -> Attention:
    """Return the head with some of its queries and all of its keys."""
    changed = {name: getattr(head, name)[which, :] for name in ("queries", "targets")}
    changed["left"] = None if head.left is None else head.left[which, :]
    return head._replace(coordinates=(head.coordinates[0][which, :], head.coordinates[1]), **changed)


def smooth_part(xp: Any, task: HeadInputs, split: Split) -> HeadInputs:
    """Return the task without its large queries and keys, the part on which the polynomial must be good."""
    few, most = task.head.queries.shape[0] - split.n_queries, task.head.keys.shape[0] - split.n_keys
    ordered = _queries(_ordered(xp, task.head, split), slice(0, few))
    changed = {name: getattr(ordered, name)[:most, :] for name in ("keys", "values")}
    changed["right"] = None if ordered.right is None else ordered.right[:most, :]
    x, y = ordered.factors
    orders = {"Q": split.query_order[:few], "K": split.key_order[:most], "V": split.key_order[:most]}
    X = {projection: _taken(xp, task.entry.X[projection], order) for projection, order in orders.items()}
    return task._replace(entry=task.entry._replace(X=X), head=ordered._replace(coordinates=(x, y[:most, :]), **changed))


def choose_split(head: Attention, tol: float, exact_cost: float) -> Split:
    """Choose how many queries and keys count as large: 0 or a power of 2, up to an eighth, with the fewest flops.

    Tokens are ordered by Euclidean length, so the longest ones that stay bound the logits that are left
    (Cauchy-Schwarz). Without large tokens the split is that of "low-rank".
    """
    x, y = (to_numpy(array).astype(np.float64) for array in head.factors)
    middle = np.median(y, axis=0)  # a few large keys move the mean, but hardly the median
    sizes = [np.linalg.norm(x, axis=1), np.linalg.norm(y - middle, axis=1)]
    orders = [np.argsort(size, kind="stable") for size in sizes]
    sorted_sizes = [size[order] for size, order in zip(sizes, orders, strict=True)]
    best, cost = (0, 0), math.inf
    n_queries, n_keys = len(sizes[0]), len(sizes[1])
    wide = 2 * head.values.shape[1] * head.queries.shape[1]
    for large_queries in _powers(n_queries):
        for large_keys in _powers(n_keys):
            left = sorted_sizes[0][n_queries - 1 - large_queries] * sorted_sizes[1][n_keys - 1 - large_keys]
            features = _features(float(left), tol, head) if left <= largest_logit(head) else math.inf
            # the flops of the passes over all tokens, of large keys as one feature each, and of large queries in the
            # exact kernel
            here = features * (n_queries + n_keys) * wide + large_keys * n_queries * wide
            here += large_queries / n_queries * exact_cost
            if here < cost:
                best, cost = (large_queries, large_keys), here
    center = y[orders[1][: n_keys - best[1]]].mean(axis=0)
    return Split(orders[0], orders[1], best[0], best[1], center, cost)


def _powers(n: int) -> list[int]:
    """Return 0 and the powers of 2 up to n / 8."""
    return [0, *(2**k for k in range(n.bit_length()) if 2**k <= n // 8)]


def _features(bound: float, tol: float, head: Attention) -> float:
    """Return the number of features at which logits up to a bound are proved, or infinity if they exceed all tokens."""
    features = theory.n_features(head.factors[0].shape[1], theory.min_degree(bound, tol, kind="certificate"))
    return features if features < sum(side.shape[0] for side in head.factors) else math.inf
