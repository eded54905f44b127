"""Balanced factors for the product that a LoRA has, and its momentum carried along."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array
from lrtheory._validation import choice, must
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA
from lrtheory.low_rank_adapters.theory.balance import balanced_sharpness, sharpness

__all__ = ["Refactorized", "refactorize"]


@result
class Refactorized(Result):
    """A LoRA with the update that it had, and with balanced factors.

    Attributes
    ----------
    adapter : Adapter
        B' = U S^(1/2) and A' = S^(1/2) V^T, where U S V^T is the product B A that both have.
    momentum : dict of str to array, or None
        For each factor, where a momentum was given.
    sharpness_before : float
        The largest curvature of the loss scale^2 ||B A - M||^2 / 2 at its solution; plain gradient descent is stable
        for steps below 2 over it (statement RF-2).
    sharpness_after : float
        That of the balanced factors, which is the least that factors of this product have.
    method : str
        What became of the momentum: "transport", "reset" or "none".
    message : str
        What a reader should know.
    """

    adapter: Adapter
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
        Of the kind "lora".
    momentum : mapping of str to array, or None
        The momenta of "B" and "A", in their shapes.
    mode : {"transport", "reset"}
        Whether the momentum is carried along, or begins at 0 again. It does so, too, where the rank of the product is
        below that of the factors, since there is no T then.

    Returns
    -------
    Refactorized
        In the library and the precision of the adapter.

    Raises
    ------
    TypeError
        If the first argument is no adapter.
    ValueError
        If the kind is another one, the update is 0 (balanced factors of 0 are 0, and no gradient moves them again), or
        the momentum does not fit.

    References
    ----------
    .. [1] A. Glentis, J. Li, Q. Shang, A. Han, I. Tsaknakis, Q. Wei, M. Hong, Scalable Parameter and Memory Efficient
       Pretraining for LLM: Recent Algorithmic Advances and Benchmarking, arXiv 2505.22922, 2025.

    Examples
    --------
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> found = refactorize(lora([[8.0], [0.0]], [[0.0, 0.5]]))
    >>> found.adapter.delta().tolist(), found.sharpness_before, found.sharpness_after
    ([[0.0, 4.0], [0.0, 0.0]], 64.25, 8.0)
    """
    choice("mode", mode, ("transport", "reset"))
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an adapter of the kind 'lora'", adapter, TypeError)
    if not isinstance(adapter, LoRA):
        raise must("adapter", "of the kind 'lora', whose factors are both trained", adapter.kind)
    given = None if momentum is None else _checked(adapter, momentum)
    B, A = (np.asarray(to_numpy(adapter.params[name]), np.float64) for name in "BA")
    found = _balanced(B, A)
    square = adapter.scale * adapter.scale
    missing, rank = B.shape[1] - found.rank, B.shape[1]
    method = "none" if given is None else "reset" if mode == "reset" or missing else "transport"
    what = f"{missing} of {rank} inner indices are 0 in both factors now, and no gradient moves them"
    carried = None
    if given is not None:
        zeros = {name: np.zeros(value.shape) for name, value in given.items()}
        moved = {"B": given["B"] @ found.T, "A": found.inverse @ given["A"]} if method == "transport" else zeros
        carried = dict(adapter.with_params(moved).params)
    return Refactorized(
        adapter=adapter.with_params({"B": found.B, "A": found.A}),
        momentum=carried,
        sharpness_before=float(square * sharpness(_norm(B), _norm(A))),
        sharpness_after=float(square * balanced_sharpness(found.largest)),
        method=method,
        message=what if missing else "",
    )


def _checked(adapter: LoRA, momentum: Mapping[str, Array]) -> dict[str, np.ndarray]:
    """The momenta of both factors as doubles on the host."""
    if not isinstance(momentum, Mapping) or set(momentum) != {"A", "B"}:
        raise must("momentum", "a mapping with arrays for 'A' and 'B'", momentum)
    checked = adapter.with_params(momentum).params
    return {name: np.asarray(to_numpy(value), np.float64) for name, value in checked.items()}


class _Balanced(NamedTuple):
    """Balanced factors of a product, T and its inverse, the largest singular value, and the rank of the product."""

    B: np.ndarray
    A: np.ndarray
    T: np.ndarray
    inverse: np.ndarray
    largest: float
    rank: int


def _balanced(B: np.ndarray, A: np.ndarray) -> _Balanced:
    """QR of both factors, after powers of two have made the columns of B as large as the rows of A."""
    columns, rows = np.abs(B).max(axis=0), np.abs(A).max(axis=1)
    used = (columns > 0) & (rows > 0)
    if not used.any():
        raise must("adapter", "one whose update is not 0, since no gradient moves its balanced factors", "the update 0")
    high, low = np.frexp(columns)[1], np.frexp(rows)[1]
    gauge = np.where(used, (low - high) // 2, 0)
    half = int((high + low)[used].max() + 1) // 2
    left = np.ldexp(B, np.where(used, gauge - half, -2000))
    right = np.ldexp(A, np.where(used, -gauge - half, -2000)[:, None])
    Q, R = np.linalg.qr(left)
    P, L = np.linalg.qr(right.T)
    U, S, Vt = np.linalg.svd(R @ L.T, full_matrices=False)
    r = B.shape[1]
    rank = int(np.sum(S > max(*left.shape, *right.shape) * np.finfo(float).eps * S[0]))
    roots = np.sqrt(S)
    made, unused = (np.ldexp(Q @ (U * roots), half), np.ldexp((roots[:, None] * Vt) @ P.T, half)), r - len(S)
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
    T = np.ldexp((L.T @ Vt.T) * inverse, gauge[:, None])
    back = np.ldexp((inverse[:, None] * U.T) @ R, -gauge)
    largest = math.ldexp(float(S[0]), 2 * half)
    return _Balanced(
        np.pad(made[0], ((0, 0), (0, unused))), np.pad(made[1], ((0, unused), (0, 0))), T, back, largest, rank
    )


def _norm(factor: np.ndarray) -> float:
    """The largest singular value, whatever the units are."""
    unit = math.frexp(float(np.abs(factor).max()))[1]
    return math.ldexp(float(np.linalg.norm(np.linalg.qr(np.ldexp(_tall(factor), -unit), mode="r"), 2)), unit)


def _tall(matrix: np.ndarray) -> np.ndarray:
    return matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
