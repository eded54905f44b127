"""Hadamard adapters: a product of two trained factors, multiplied entry by entry with a frozen weight."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, numerical_rank, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import Adapter

__all__ = ["HadamardAdapter", "hadamard"]


class HadamardAdapter(Adapter):
    """Delta = scale W o (B A), with both factors trained and the product with W taken entry by entry."""

    kind: ClassVar[str] = "hadamard"

    @property
    def rank_bound(self) -> int:
        """r times the rank of W, as the update is a sum of r terms diag(b) W diag(a), or the smaller side if less."""
        W, r, side = self.frozen["W"], self.params["A"].shape[0], min(self.shape)
        enough = -(-side // r)
        if numerical_rank(W[:enough, :enough]) == enough:  # then W, which may be large, has at least this rank
            return side
        return min(side, r * numerical_rank(W))

    @property
    def dimension(self) -> int:
        """That of LoRA, exact where W has no zero; with zeros an upper bound, at most the number of nonzeros of W."""
        q = min(self.params["A"].shape[0], *self.shape)
        return min(q * (sum(self.shape) - q), int(np.count_nonzero(to_numpy(self.frozen["W"]))))

    def _delta(self) -> Any:
        return self.scale * (self.frozen["W"] * (self.params["B"] @ self.params["A"]))

    def _apply(self, X: Any) -> Any:
        return X @ transposed(self._delta())

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        weighted = self.scale * (G.whole() * self.frozen["W"])
        return {"B": weighted @ transposed(self.params["A"]), "A": transposed(self.params["B"]) @ weighted}

    def _flops_per_row(self) -> int:
        return 2 * self.shape[0] * self.shape[1]


@arrays("device")
def hadamard(W: ArrayLike, B: ArrayLike, A: ArrayLike, *, scale: float = 1.0) -> HadamardAdapter:
    """Make a Hadamard adapter: the update scale W o (B A), with the entrywise product o and both factors trained.

    The merged weight is W o (1 + scale B A), as the kind HiRA of the package peft has it.

    Parameters
    ----------
    W : array of shape (d_out, d_in)
        The frozen weight.
    B : array of shape (d_out, r)
        The left factor.
    A : array of shape (r, d_in)
        The right factor.
    scale : float
        The factor in front of the update.

    Returns
    -------
    Adapter
        Adapter whose `params` are B and A, and whose `frozen` is W.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.
    TypeError
        If an input is not an array of real numbers.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> adapter = hadamard([[1.0, 2.0], [0.0, -1.0]], [[1.0], [1.0]], [[3.0, 1.0]])
    >>> adapter.dense().tolist(), adapter.rank_bound, adapter.dimension
    ([[3.0, 2.0], [0.0, -1.0]], 2, 3)
    """
    found = prepared(W=W, B=B, A=A)
    m, n = shaped("W", found["W"], (None, None)).shape
    rank = shaped("B", found["B"], (m, None)).shape[1]
    if tuple(found["A"].shape) != (rank, n):
        raise must("A", f"of shape ({rank}, {n}), with the rank of `B` and the columns of `W`", tuple(found["A"].shape))
    return HadamardAdapter((m, n), {"B": found["B"], "A": found["A"]}, frozen={"W": found["W"]}, scale=scale)
