"""RandLoRA: a sum of frozen random products, whose rows and columns are scaled by trained vectors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import flag, must
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, numerical_rank, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter
from lrtheory.low_rank_adapters.kinds.vera import gauge_count

__all__ = ["RandLoRA", "randlora"]


@dataclass(frozen=True, eq=False, repr=False)
class RandLoRA(FactoredAdapter):
    """Delta = scale sum_j B_j diag(lambda_j) A diag(gamma_j), or its transpose, with all lambda and gamma trained.

    Parameters
    ----------
    transposed : bool
        Whether the update is the transpose of that sum, as for layers with more inputs than outputs.
    """

    transposed: bool = False

    kind: ClassVar[str] = "randlora"

    @property
    def rank_bound(self) -> int:
        """The smallest of d_out, d_in, the number of nonzero columns of A, and the number of bases times its rank."""
        n_bases, big, _ = self.frozen["bases"].shape
        return min(big, self._live_columns(), n_bases * numerical_rank(self.frozen["A"]))

    @property
    def dimension(self) -> int:
        """The trained numbers minus the rescalings of lambda_j and gamma_j that leave the update as it is.

        The rescalings of each basis have as many free numbers as the graph that joins row i and column k wherever A_ik
        is not 0 has connected components (statement AD-2). The difference is exact where all columns of all bases
        together are linearly independent, and an upper bound otherwise.
        """
        n_bases, big, _ = self.frozen["bases"].shape
        free = self.n_parameters - n_bases * gauge_count(np.asarray(to_numpy(self.frozen["A"])))
        return min(free, big * self._live_columns())

    def _live_columns(self) -> int:
        return int(np.count_nonzero((np.asarray(to_numpy(self.frozen["A"])) != 0).any(axis=0)))

    def _brief(self) -> dict[str, Any]:
        return super()._brief() | {"transposed": self.transposed}

    def _factors(self) -> tuple[Any, Any]:
        lambdas = self.params["lambdas"]
        left = _side_by_side(self.frozen["bases"]) * array_namespace(lambdas).reshape(lambdas, (-1,))
        blocks = self.frozen["A"][None, :, :] * self.params["gammas"][:, None, :]
        right = array_namespace(blocks).reshape(blocks, (left.shape[1], -1))
        return (transposed(right), transposed(left)) if self.transposed else (left, right)

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        bases, A = self.frozen["bases"], self.frozen["A"]
        lambdas, gammas = self.params["lambdas"], self.params["gammas"]
        xp = array_namespace(bases)
        products = (G.transposed() if self.transposed else G).left(_side_by_side(bases))
        weighted = self.scale * (xp.reshape(products, (*lambdas.shape, A.shape[1])) * A[None, :, :])
        return {
            "lambdas": (weighted @ gammas[:, :, None])[:, :, 0],
            "gammas": (lambdas[:, None, :] @ weighted)[:, 0, :],
        }


def _side_by_side(bases: Any) -> Any:
    """The matrix [B_1 ... B_N] of shape (big, N rank)."""
    xp = array_namespace(bases)
    return xp.reshape(xp.permute_dims(bases, (1, 0, 2)), (bases.shape[1], -1))


@arrays("device")
def randlora(
    bases: ArrayLike,
    A: ArrayLike,
    *,
    lambdas: ArrayLike,
    gammas: ArrayLike,
    transposed: bool = False,
    scale: float = 1.0,
) -> RandLoRA:
    """Make a RandLoRA: the update scale sum_j B_j diag(lambda_j) A diag(gamma_j), with lambdas and gammas trained.

    Parameters
    ----------
    bases : array of shape (n_bases, big, r)
        The frozen left factors B_j.
    A : array of shape (r, side)
        The frozen right factor, which all terms share.
    lambdas : array of shape (n_bases, r)
        The trained factors of the columns of the bases.
    gammas : array of shape (n_bases, side)
        The trained factors of the columns of A.
    transposed : bool
        Whether the update is the transpose of the sum. The update has d_out = big and d_in = side without it, and the
        other way round with it; implementations choose such that the trained vectors lie along the smaller side.
    scale : float
        The factor in front of the sum.

    Returns
    -------
    Adapter
        Adapter whose `params` are lambdas and gammas, and whose `frozen` are bases and A.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.
    TypeError
        If an input is not an array of real numbers.

    Warns
    -----
    UserWarning
        If columns of A are zero, since the same columns of the sum then stay zero (statement RA-7).

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> bases = [[[1.0], [0.0]], [[0.0], [1.0]]]
    >>> adapter = randlora(bases, [[1.0, -1.0]], lambdas=[[1.0], [2.0]], gammas=[[3.0, 1.0], [0.0, 1.0]])
    >>> adapter.dense().tolist(), adapter.n_parameters, adapter.dimension
    ([[3.0, -1.0], [0.0, -2.0]], 6, 4)
    """
    found = prepared(bases=bases, A=A, lambdas=lambdas, gammas=gammas)
    n_bases, big, rank = shaped("bases", found["bases"], (None, None, None)).shape
    if found["A"].ndim != 2 or found["A"].shape[0] != rank or 0 in found["A"].shape:
        raise must("A", f"of shape (rank, side) with rank {rank}, as `bases` have", tuple(found["A"].shape))
    side = found["A"].shape[1]
    shaped("lambdas", found["lambdas"], (n_bases, rank))
    shaped("gammas", found["gammas"], (n_bases, side))
    shape = (side, big) if flag("transposed", transposed) else (big, side)
    params, frozen = ({name: found[name] for name in names} for names in (("lambdas", "gammas"), ("bases", "A")))
    made = RandLoRA(shape, params, frozen=frozen, scale=scale, transposed=bool(transposed))
    dead = side - made._live_columns()
    if dead:
        what = f"{dead} of the {side} columns of `A` are zero: the update stays zero there whatever is trained"
        warnings.warn(what, UserWarning, stacklevel=3)
    return made
