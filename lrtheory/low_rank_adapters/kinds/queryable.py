"""Queryable LoRA: atoms that all queries share, mixed with the weights that a router gives to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, numerical_rank, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter

__all__ = ["QueryableLoRA", "is_distribution", "queryable"]

Self = TypeVar("Self", bound="QueryableLoRA")


class QueryableLoRA(FactoredAdapter):
    """Delta = scale sum_k w_k B C_k A with nonnegative weights w_k that sum to 1; the atoms C_k stay as they are."""

    kind: ClassVar[str] = "queryable"

    @property
    def rank_bound(self) -> int:
        """The smaller rank of B and A."""
        return min(numerical_rank(self.frozen["B"]), numerical_rank(self.frozen["A"]))

    @property
    def dimension(self) -> int:
        """The dimension of the hull of the updates of single atoms: the rank of their differences."""
        atoms = np.asarray(to_numpy(self.frozen["atoms"]), np.float64)
        right, left = (np.linalg.qr(np.asarray(to_numpy(one), np.float64).T)[1].T for one in self._outer())
        moved = right[None] @ (atoms[1:] - atoms[:1]) @ left.T[None]
        return numerical_rank(moved.reshape(len(moved), -1)) if len(moved) else 0

    def _outer(self) -> tuple[Any, Any]:
        return transposed(self.frozen["B"]), self.frozen["A"]

    def _factors(self) -> tuple[Any, Any]:
        xp = array_namespace(self.frozen["B"])
        middle = xp.sum(self.params["weights"][:, None, None] * self.frozen["atoms"], axis=0)
        return self.frozen["B"] @ middle, self.frozen["A"]

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        xp = array_namespace(self.frozen["B"])
        inner = transposed(self.frozen["B"]) @ G.right(transposed(self.frozen["A"]))
        return {"weights": self.scale * xp.sum(self.frozen["atoms"] * inner[None, :, :], axis=(1, 2))}

    def with_params(self: Self, params: Mapping[str, ArrayLike]) -> Self:
        """The adapter with other weights.

        Parameters
        ----------
        params : mapping of str to array
            The weights, at least 0 and with the sum 1.

        Returns
        -------
        Adapter
            A new adapter with the same atoms.

        Raises
        ------
        ValueError
            If a name is missing or unknown, the shape is another one, or the numbers are no weights.
        """
        made = super().with_params(params)
        _checked(made.params["weights"])
        return made


def is_distribution(weights: Any) -> bool:
    """Whether numbers are at least 0 and sum to 1, up to the rounding of their precision."""
    host = np.asarray(to_numpy(weights))
    slack = 8 * len(host) * float(np.finfo(host.dtype).eps)
    return bool((host >= 0).all() and abs(float(np.sum(host, dtype=np.float64)) - 1) <= slack)


def _checked(weights: Any) -> None:
    if not is_distribution(weights):
        rule = "numbers of at least 0 that sum to 1, as a router gives them"
        raise must("weights", rule, np.asarray(to_numpy(weights)).tolist())


@arrays("device")
def queryable(B: ArrayLike, A: ArrayLike, *, atoms: ArrayLike, weights: ArrayLike, scale: float = 1.0) -> QueryableLoRA:
    """Make the Queryable LoRA of one query: the update scale sum_k w_k B C_k A, with the weights of a router.

    All queries share the atoms; `theory.routing_weights` are the weights that a router with instructions gives. For one
    query the update lies in the hull of those of the atoms (statements QL-1 and QL-3).

    Parameters
    ----------
    B : array of shape (d_out, r)
        The frozen left factor.
    A : array of shape (q, d_in)
        The frozen right factor.
    atoms : array of shape (n_atoms, r, q)
        The matrices C_k, which count as frozen here.
    weights : array of shape (n_atoms,)
        The weights w_k, at least 0 and with the sum 1.
    scale : float
        The factor in front of the sum.

    Returns
    -------
    Adapter
        Adapter whose `params` are weights, and whose `frozen` are B, A and atoms. Its gradient in the weights is that
        of the sum, which a router carries on; steps along it would leave the weights.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the weights are negative or do not sum to 1.
    TypeError
        If an input is not an array of real numbers.

    References
    ----------
    O. B. Vaidya, C. T. Jerzak, N. Ho, C. Bajaj, Queryable LoRA: Instruction-Regularized Routing Over Shared Low-Rank
    Update Atoms, arXiv 2605.08423, 2026.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> atoms = [[[4.0]], [[-4.0]]]
    >>> adapter = queryable([[1.0], [2.0]], [[1.0, 0.0]], atoms=atoms, weights=[0.75, 0.25])
    >>> adapter.dense().tolist(), adapter.gradient([[1.0, 1.0], [0.0, 1.0]])["weights"].tolist()
    ([[2.0, 0.0], [4.0, 0.0]], [4.0, -4.0])
    """
    found = prepared(B=B, A=A, atoms=atoms, weights=weights)
    m, rank = shaped("B", found["B"], (None, None)).shape
    q, n = shaped("A", found["A"], (None, None)).shape
    count = shaped("atoms", found["atoms"], (None, rank, q)).shape[0]
    _checked(shaped("weights", found["weights"], (count,)))
    frozen = {name: found[name] for name in ("B", "A", "atoms")}
    return QueryableLoRA((m, n), {"weights": found["weights"]}, frozen=frozen, scale=scale)
