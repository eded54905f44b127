"""LoRA, its forms with frozen factors, and the update that is trained entry by entry."""

from __future__ import annotations

from typing import Any, ClassVar

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, numerical_rank, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import Adapter, FactoredAdapter

__all__ = ["LoRA", "LoRAFA", "LoRAXS", "full", "lora", "lora_fa", "lora_xs"]


class LoRA(FactoredAdapter):
    """Delta = scale B A with both factors trained."""

    kind: ClassVar[str] = "lora"

    @property
    def rank_bound(self) -> int:
        """The smallest of r, d_out and d_in."""
        return min(self.params["A"].shape[0], *self.shape)

    @property
    def dimension(self) -> int:
        """q (d_out + d_in - q), where q is the smallest of r, d_out and d_in."""
        q = self.rank_bound
        return q * (sum(self.shape) - q)

    def _factors(self) -> tuple[Any, Any]:
        return self.params["B"], self.params["A"]

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        B, A = self._factors()
        return {"B": self.scale * G.right(transposed(A)), "A": self.scale * G.left(B)}


class LoRAFA(FactoredAdapter):
    """Delta = scale B A with B trained and A frozen."""

    kind: ClassVar[str] = "lora-fa"

    @property
    def rank_bound(self) -> int:
        """The rank of A, or d_out if that is less."""
        return min(numerical_rank(self.frozen["A"]), self.shape[0])

    @property
    def dimension(self) -> int:
        """d_out times the rank of A."""
        return self.shape[0] * numerical_rank(self.frozen["A"])

    def _factors(self) -> tuple[Any, Any]:
        return self.params["B"], self.frozen["A"]

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        return {"B": self.scale * G.right(transposed(self.frozen["A"]))}


class LoRAXS(FactoredAdapter):
    """Delta = scale B R A with the small matrix R trained, as LoRA-XS and LoRA-SB do."""

    kind: ClassVar[str] = "lora-xs"

    @property
    def rank_bound(self) -> int:
        """The smaller rank of B and A."""
        return min(numerical_rank(self.frozen["B"]), numerical_rank(self.frozen["A"]))

    @property
    def dimension(self) -> int:
        """The rank of B times the rank of A."""
        return numerical_rank(self.frozen["B"]) * numerical_rank(self.frozen["A"])

    def _factors(self) -> tuple[Any, Any]:
        return self.frozen["B"] @ self.params["R"], self.frozen["A"]

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        return {"R": self.scale * (transposed(self.frozen["B"]) @ G.right(transposed(self.frozen["A"])))}

    def _flops_per_row(self) -> int:
        q, p = self.params["R"].shape
        (m, n), small = self.shape, 2 * q * p
        return 2 * p * n + small + 2 * q * m + m

    def _apply(self, X: Any) -> Any:
        return self.scale * (
            ((X @ transposed(self.frozen["A"])) @ transposed(self.params["R"])) @ transposed(self.frozen["B"])
        )


class Full(Adapter):
    """Delta = D, every entry trained: what full fine-tuning changes."""

    kind: ClassVar[str] = "full"

    @property
    def rank_bound(self) -> int:
        """The smaller side."""
        return min(self.shape)

    @property
    def dimension(self) -> int:
        """d_out d_in."""
        return self.shape[0] * self.shape[1]

    def _delta(self) -> Any:
        return self.scale * self.params["D"]

    def _apply(self, X: Any) -> Any:
        return self.scale * (X @ transposed(self.params["D"]))

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        return {"D": self.scale * G.whole()}

    def _flops_per_row(self) -> int:
        return 2 * self.shape[0] * self.shape[1]


@arrays("device")
def lora(B: ArrayLike, A: ArrayLike, *, scale: float = 1.0) -> LoRA:
    """Make a LoRA: the update scale B A, with both factors trained.

    Parameters
    ----------
    B : array of shape (d_out, r)
        The left factor.
    A : array of shape (r, d_in)
        The right factor.
    scale : float
        The factor in front of the product, such as alpha / r.

    Returns
    -------
    Adapter
        Adapter whose `params` are B and A.

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
    >>> adapter = lora([[1.0], [2.0]], [[1.0, 0.0, 3.0]], scale=0.5)
    >>> adapter.dense().tolist(), adapter.n_parameters, adapter.dimension
    ([[0.5, 0.0, 1.5], [1.0, 0.0, 3.0]], 5, 4)
    """
    found = _fitting(B, A)
    return LoRA((found["B"].shape[0], found["A"].shape[1]), found, scale=scale)


@arrays("device")
def lora_fa(B: ArrayLike, A: ArrayLike, *, scale: float = 1.0) -> LoRAFA:
    """Make a LoRA whose right factor is frozen: the update scale B A with B trained.

    Parameters
    ----------
    B : array of shape (d_out, r)
        The trained factor.
    A : array of shape (r, d_in)
        The frozen factor.
    scale : float
        The factor in front of the product.

    Returns
    -------
    Adapter
        Adapter whose `params` are B, and whose `frozen` is A.

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
    >>> lora_fa([[0.0], [0.0]], [[1.0, 0.0, 3.0]]).gradient([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])["B"].tolist()
    [[4.0], [0.0]]
    """
    found = _fitting(B, A)
    shape = found["B"].shape[0], found["A"].shape[1]
    return LoRAFA(shape, {"B": found["B"]}, frozen={"A": found["A"]}, scale=scale)


@arrays("device")
def lora_xs(B: ArrayLike, R: ArrayLike, A: ArrayLike, *, scale: float = 1.0) -> LoRAXS:
    """Make a LoRA-XS: the update scale B R A, with the small matrix R trained between frozen factors.

    Parameters
    ----------
    B : array of shape (d_out, q)
        The frozen left factor.
    R : array of shape (q, p)
        The trained matrix.
    A : array of shape (p, d_in)
        The frozen right factor.
    scale : float
        The factor in front of the product.

    Returns
    -------
    Adapter
        Adapter whose `params` are R, and whose `frozen` are B and A.

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
    >>> lora_xs([[1.0], [0.0]], [[2.0]], [[0.0, 3.0]]).dense().tolist()
    [[0.0, 6.0], [0.0, 0.0]]
    """
    found = prepared(B=B, R=R, A=A)
    left, right = (shaped(name, found[name], (None, None)) for name in ("B", "A"))
    shaped("R", found["R"], (left.shape[1], right.shape[0]))
    shape = left.shape[0], right.shape[1]
    return LoRAXS(shape, {"R": found["R"]}, frozen={"B": left, "A": right}, scale=scale)


@arrays("device")
def full(D: ArrayLike, *, scale: float = 1.0) -> Full:
    """Make the adapter that trains every entry of the update.

    Parameters
    ----------
    D : array of shape (d_out, d_in)
        The update, divided by `scale`.
    scale : float
        The factor in front of it.

    Returns
    -------
    Adapter
        Adapter whose `params` are D.

    Raises
    ------
    ValueError
        If the array is not a matrix, or a number is not finite.
    TypeError
        If the input is not an array of real numbers.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> full([[1.0, 2.0]]).apply([[3.0, 1.0]]).tolist()
    [[5.0]]
    """
    found = prepared(D=D)
    return Full(tuple(shaped("D", found["D"], (None, None)).shape), found, scale=scale)


def _fitting(B: Any, A: Any) -> dict[str, Any]:
    """Both factors, where the inner ranks are one."""
    found = prepared(B=B, A=A)
    shaped("B", found["B"], (None, None))
    rank, shape = found["B"].shape[1], tuple(found["A"].shape)
    if len(shape) != 2 or shape[0] != rank or 0 in shape:
        raise must("A", f"of shape (rank, d_in) with rank {rank}, as `B` has", shape)
    return found
