"""Balanced factors for the product that a LoRA has, and its momentum carried along."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._kernels.units import unit_of
from lrtheory._result import Result, result
from lrtheory._types import Array
from lrtheory._validation import choice, must
from lrtheory.low_rank_adapters.convert.product import Product, decomposed
from lrtheory.low_rank_adapters.kinds.arrays import significant
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA
from lrtheory.low_rank_adapters.theory.balance import balanced_sharpness, sharpness

__all__ = ["Refactorized", "refactorize"]


@result
class Refactorized(Result):
    """A LoRA with the update that it had, and with balanced factors.

    Attributes
    ----------
    adapter : LoRA
        B' = U S^(1/2) and A' = S^(1/2) V^T, where U S V^T is the product B A that both have.
    momentum : dict of str to array, or None
        For each factor, where a momentum was given.
    sharpness_before : float
        The largest curvature of the loss scale^2 ||B A - M||^2 / 2 at its solution; plain gradient descent is stable
        for steps below 2 over it (statement RF-2).
    sharpness_after : float
        Largest curvature with the balanced factors, which is the least that factors of this product have.
    method : str
        Treatment of the momentum: "transport", "reset" or "none".
    message : str
        Number of inner indices that are 0 in both factors, which no gradient moves; empty where there are none.
    """

    adapter: LoRA
    momentum: Mapping[str, Array] | None
    sharpness_before: float
    sharpness_after: float
    method: str
    message: str

    def _facts(self) -> list[str]:
        gain = f"sharpness {self.sharpness_before:.6g}, and {self.sharpness_after:.6g} now (low_rank_adapters/RF-2)"
        return [gain, *([self.message] if self.message else [])]


@arrays("host")
def refactorize(
    adapter: Adapter, *, momentum: Mapping[str, Array] | None = None, mode: str = "transport"
) -> Refactorized:
    r"""Replace the factors of a LoRA by the balanced ones of the same product (statements RF-1, RF-2, RF-3).

    Balanced factors have the least norms and allow the largest steps. They are B T and T^{-1} A for a small matrix T,
    and the momenta M_B T and T^{-1} M_A move the product as those that were given did.

    Arrays: any (copied to the host)

    Parameters
    ----------
    adapter : Adapter
        Adapter of the kind "lora".
    momentum : mapping of str to array, or None
        The momenta of "B" and "A", in their shapes.
    mode : {"transport", "reset"}
        Whether the momentum is carried along, or begins at 0 again. The latter happens, too, where the rank of the
        product is below that of the factors, since there is no T then.

    Returns
    -------
    Refactorized
        In the library and the precision of the adapter.

    Raises
    ------
    TypeError
        If the first argument is not an adapter.
    ValueError
        If the kind is another one, the update is 0 (balanced factors of 0 are 0, and no gradient moves them again) or
        leaves the range of doubles, or the momentum does not fit.

    References
    ----------
    .. [1] A. Glentis, J. Li, Q. Shang, A. Han, I. Tsaknakis, Q. Wei, M. Hong, Scalable Parameter and Memory Efficient
       Pretraining for LLM: Recent Algorithmic Advances and Benchmarking, arXiv 2505.22922, 2025.

    Examples
    --------
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> found = refactorize(lora([[8.0], [0.0]], [[0.0, 0.5]]))
    >>> found.adapter.dense().tolist(), found.sharpness_before, found.sharpness_after
    ([[0.0, 4.0], [0.0, 0.0]], 64.25, 8.0)
    """
    choice("mode", mode, ("transport", "reset"))
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an adapter of the kind 'lora'", adapter, TypeError)
    if not isinstance(adapter, LoRA):
        raise must("adapter", "of the kind 'lora', whose factors are both trained", adapter.kind)
    given = None if momentum is None else _checked(adapter, momentum)
    B, A = (np.asarray(to_numpy(adapter.params[name]), np.float64) for name in "BA")
    product, r = decomposed(B, A), B.shape[1]
    if not product.S[0] > 0 or adapter.scale == 0:
        raise must("adapter", "one whose update is not 0, since no gradient moves its balanced factors", "the update 0")
    with np.errstate(over="ignore"):
        top = float(product.values[0])
    if not math.isfinite(top):
        raise must("adapter", "one whose update has a norm in the range of doubles", "a larger one")
    # directions below this are rounding, and balancing would blow them up to the size of the others
    rank = significant(product.S, (*adapter.shape, r), float(np.finfo(float).eps))
    method = "none" if given is None else "reset" if mode == "reset" or rank < r else "transport"
    moved = None
    if given is not None:
        moved = {name: np.zeros(value.shape) for name, value in given.items()}
        if method == "transport":
            T, inverse = _movers(product)
            moved = {"B": given["B"] @ T, "A": inverse @ given["A"]}
    left, right = product.balanced(rank)
    # the shapes stay those of the adapter, which its file and the optimizer's state know
    made = {"B": np.pad(left, ((0, 0), (0, r - rank))), "A": np.pad(right, ((0, r - rank), (0, 0)))}
    square = adapter.scale * adapter.scale
    what = f"{r - rank} of {r} inner indices are 0 in both factors now, and no gradient moves them"
    return Refactorized(
        adapter=adapter.with_params(made),
        momentum=None if moved is None else dict(adapter.with_params(moved).params),
        sharpness_before=float(square * sharpness(_norm(B), _norm(A))),
        sharpness_after=float(square * balanced_sharpness(top)),
        method=method,
        message=what if rank < r else "",
    )


def _checked(adapter: LoRA, momentum: Mapping[str, Array]) -> dict[str, np.ndarray]:
    """The momenta of both factors as doubles on the host."""
    if not isinstance(momentum, Mapping) or set(momentum) != {"A", "B"}:
        raise must("momentum", "a mapping with arrays for 'A' and 'B'", momentum)
    checked = adapter.with_params(momentum).params
    return {name: np.asarray(to_numpy(value), np.float64) for name, value in checked.items()}


def _movers(product: Product) -> tuple[np.ndarray, np.ndarray]:
    """T and its inverse, for which B T and T^-1 A are the balanced factors; the rank of B A is that of B and A."""
    roots = np.sqrt(product.S)
    back = np.ldexp((product.U / roots).T @ product.R, -product.gauge)
    return np.ldexp(product.L.T @ (product.Vt.T / roots), product.gauge[:, None]), back


def _norm(factor: np.ndarray) -> float:
    """The largest singular value, whatever the units are."""
    unit = unit_of(factor)
    return math.ldexp(float(np.linalg.norm(np.ldexp(factor, -unit), 2)), unit)
