"""VeRA: two trained vectors that scale the rows of frozen random factors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, numerical_rank, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter

__all__ = ["VeRA", "gauge_count", "vera"]


class VeRA(FactoredAdapter):
    """Delta = scale diag(b) B diag(d) A with the vectors b and d trained."""

    kind: ClassVar[str] = "vera"

    @property
    def rank_bound(self) -> int:
        """The smaller rank of B and A."""
        return min(numerical_rank(self.frozen["B"]), numerical_rank(self.frozen["A"]))

    @property
    def dimension(self) -> int:
        """The trained numbers minus the rescalings of b and d that leave the update as it is (AD-2).

        Each connected component of the graph of nonzeros of B has one such rescaling. The number is exact where the
        nonzero rows of A are linearly independent, and an upper bound otherwise.
        """
        B, A = (np.asarray(to_numpy(self.frozen[name])) for name in ("B", "A"))
        free = self.n_parameters - gauge_count(B * (A != 0).any(axis=1))
        return min(free, self.shape[0] * numerical_rank(A))

    def _factors(self) -> tuple[Any, Any]:
        return self.params["b"][:, None] * self.frozen["B"], self.params["d"][:, None] * self.frozen["A"]

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        weighted = self.scale * (self.frozen["B"] * G.right(transposed(self.frozen["A"])))
        return {"b": weighted @ self.params["d"], "d": transposed(weighted) @ self.params["b"]}


def gauge_count(matrix: np.ndarray) -> int:
    """The number of free rescalings (p, q) with p_i M_ij q_j = M_ij: the components of the graph of nonzeros of M.

    Rows and columns are its nodes; one without a nonzero is a component of its own.
    """
    nonzero = matrix != 0
    if nonzero.all(axis=1).any():  # a row without a zero connects all columns, and they all rows with a nonzero
        return 1 + int(np.count_nonzero(~nonzero.any(axis=1)))
    from scipy.sparse import csgraph, csr_array  # not with the system, which most callers import without it

    m, n = matrix.shape
    rows, cols = np.nonzero(matrix)
    graph = csr_array((np.ones(len(rows), np.int8), (rows, m + cols)), shape=(m + n, m + n))
    return int(csgraph.connected_components(graph, directed=False, return_labels=False))


@arrays("device")
def vera(B: ArrayLike, A: ArrayLike, *, b: ArrayLike, d: ArrayLike, scale: float = 1.0) -> VeRA:
    """Make a VeRA: the update scale diag(b) B diag(d) A, with the vectors b and d trained.

    Parameters
    ----------
    B : array of shape (d_out, r)
        The frozen left factor.
    A : array of shape (r, d_in)
        The frozen right factor.
    b : array of shape (d_out,)
        The trained factors of the rows of B.
    d : array of shape (r,)
        The trained factors of the rows of A.
    scale : float
        The factor in front of the product.

    Returns
    -------
    Adapter
        Adapter whose `params` are b and d, and whose `frozen` are B and A.

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
    >>> adapter = vera([[1.0], [2.0]], [[1.0, 0.0, 3.0]], b=[1.0, 0.5], d=[2.0])
    >>> adapter.dense().tolist(), adapter.n_parameters, adapter.dimension
    ([[2.0, 0.0, 6.0], [2.0, 0.0, 6.0]], 3, 2)
    """
    found = prepared(B=B, A=A, b=b, d=d)
    m, rank = shaped("B", found["B"], (None, None)).shape
    if found["A"].ndim != 2 or found["A"].shape[0] != rank or 0 in found["A"].shape:
        raise must("A", f"of shape (rank, d_in) with rank {rank}, as `B` has", tuple(found["A"].shape))
    params = {"b": shaped("b", found["b"], (m,)), "d": shaped("d", found["d"], (rank,))}
    return VeRA((m, found["A"].shape[1]), params, frozen={"B": found["B"], "A": found["A"]}, scale=scale)
