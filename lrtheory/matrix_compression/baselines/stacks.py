r"""The published methods for stacks, under the same results.

`published_update`    the incremental update of [1]_: a basis and the core of M M^T, orthogonalized block after block
`published_clusters`  its greedy clustering: seeds and candidates by norm, three predictors, stop at the first failure

Thresholds are relative to the norm of each block here. The published code takes 10^-12 in the units of the caller, so
that blocks divided by 10^7 lose a part of their energy, and blocks multiplied by 10^10 get directions that do not
exist.

References
----------
.. [1] M. Shamrai, Concatenated Matrix SVD: Compression Bounds, Incremental Approximation, and Error-Constrained
   Clustering, 2026, arXiv:2601.11626.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from lrtheory._array import arrays
from lrtheory._validation import choice, integer, real
from lrtheory.matrix_compression.cluster_blocks import BlockClusters, answer_of
from lrtheory.matrix_compression.compress_stack import StackResult
from lrtheory.matrix_compression.problem import StackProblem
from lrtheory.matrix_compression.stacks.cluster_search import Candidates, Cluster
from lrtheory.matrix_compression.stacks.error_bounds import residual_spectra
from lrtheory.matrix_compression.stacks.inputs import Blocks, Stream, relative

__all__ = ["published_clusters", "published_update"]


#: takes blocks, the members of a cluster and how many of them are its seed
Predictor: TypeAlias = Callable[[Candidates, list[int], int], list[np.ndarray]]


class Core(NamedTuple):
    """M M^T ~ Q S Q^T."""

    Q: np.ndarray
    S: np.ndarray


@arrays("host")
def published_update(
    blocks: Blocks | StackProblem, rank: int | None = None, *, oversampling: int = 5, rounding: float = 1e-12
) -> StackResult:
    r"""Run the incremental update: Y = Q^T A, and a core of M M^T with the rest of A as new directions.

    Its estimate of the error is called approximate; it is a bound (statement CM-3), and nothing bounds it from below.

    Parameters
    ----------
    blocks : as for `compress_stack`
        The matrices.
    rank : int or None
        r, from 1 to the number of rows; None takes that of the problem.
    oversampling : int
        Columns that are kept beyond it.
    rounding : float
        Directions of a block below this share of its norm are rounding.

    Returns
    -------
    StackResult
        Without a certificate, and with 0 for `lower`.

    Raises
    ------
    ValueError
        If a block is not finite or has another number of rows, or an argument is out of range.

    Notes
    -----
    Arrays: any (copied to the host).

    Examples
    --------
    >>> import numpy as np
    >>> found = published_update([np.eye(3)[:, :2], 2 * np.eye(3)[:, 1:]], 2)
    >>> round(found.upper, 6)
    0.316228
    """
    r = integer("rank", getattr(blocks, "rank", None) if rank is None else rank, low=1)
    keep, rounding = r + integer("oversampling", oversampling, low=0), real("rounding", rounding, low=0.0, high=1.0)
    stream = Stream(blocks, rank=r)
    core, total, sizes = None, 0.0, []
    for block in stream:
        A = block.astype(np.float64, copy=False)
        core = Core(np.empty((len(A), 0)), np.empty((0, 0))) if core is None else core
        core = _updated(core, A, keep, rounding)
        total += float((A * A).sum())
        sizes.append(A.shape[1])
    assert core is not None
    energies = np.maximum(np.diag(core.S)[:r], 0.0)
    by_rank = np.array([[0.0, relative(total - energies[:j].sum(), total)] for j in range(len(energies) + 1)])
    return StackResult(
        basis=core.Q[:, :r].astype(stream.dtype),
        coefficients=None,
        singular_values=np.sqrt(energies),
        error=float(by_rank[-1, 1]),
        lower=0.0,
        upper=float(by_rank[-1, 1]),
        rank=len(energies),
        by_rank=by_rank,
        block_errors=None,
        names=None,
        norm=math.sqrt(total),
        storage=len(energies) * (stream.n_rows + sum(sizes)),
        method="published",
        reason="",
        message="no certificate: the update keeps no account of what it dropped",
        counts={"blocks": len(sizes), "columns": sum(sizes), "factorizations": len(sizes), "passes": 1},
        certificate=None,
        trace=None,
    )


def _updated(core: Core, A: np.ndarray, keep: int, rounding: float) -> Core:
    """Add A A^T, and keep the leading directions."""
    Y = core.Q.T @ A
    R = A - core.Q @ Y
    again = core.Q.T @ R  # once more, since one projection leaves rounding errors of the size of A
    R, Y = R - core.Q @ again, Y + again
    U, s, Vt = np.linalg.svd(R, full_matrices=False)
    new = s > rounding * np.linalg.norm(A)
    B = s[new, None] * Vt[new]
    S = np.block([[core.S + Y @ Y.T, Y @ B.T], [B @ Y.T, B @ B.T]])
    values, V = np.linalg.eigh(S)
    Q = np.concatenate([core.Q, U[:, new]], axis=1) @ V[:, ::-1][:, :keep]
    return Core(Q, np.diag(values[::-1][:keep]))


# --- clusters --------------------------------------------------------------------------------------------------------


@arrays("host")
def published_clusters(
    blocks: Blocks | StackProblem,
    rank: int | None = None,
    epsilon: float | None = None,
    *,
    predictor: Literal["weyl", "residual", "spectra", "sketch"] = "sketch",
    order: Literal["norm", "residual"] = "norm",
    patience: int = 10,
) -> BlockClusters:
    r"""Cluster greedily as published: seeds of the largest blocks, candidates in one order, up to the first failure.

    A seed holds the largest block, and the next ones while they fit into r columns together. Where a seed of several
    blocks attracts nobody, the published code emits the first of them and loses the others: 3 e_1, 2 e_2, e_3 with
    r = 2 and epsilon = 0.1 give clusters of the first and the third. Here the seed is emitted whole.

    Parameters
    ----------
    blocks : as for `cluster_blocks`
        The matrices.
    rank : int or None
        r, at least 1.
    epsilon : float or None
        Relative error in [0, 1] that a cluster of two blocks or more may have.
    predictor : {"weyl", "residual", "spectra", "sketch"}
        The bound on the error of a candidate cluster: of the seed alone (statement CM-1), of residuals (CM-2), of all
        spectra (CM-14, not published), or of the incremental update (CM-3).
    order : {"norm", "residual"}
        Candidates from the smallest norm on, or from the smallest residual beside the seed on.
    patience : int
        Number of seeds in a row without a candidate that joins, after which all other blocks stay alone.

    Returns
    -------
    BlockClusters
        Clusters of the blocks, as `cluster_blocks` returns them.

    Raises
    ------
    ValueError
        If a block is not finite or has another number of rows, or an argument is out of range.

    Notes
    -----
    Arrays: any (copied to the host).

    Examples
    --------
    >>> import numpy as np
    >>> one, two, three = np.eye(3)[:, :, None]
    >>> [ids.tolist() for ids in published_clusters([3 * one, 2 * two, three], 2, 0.1).clusters]
    [[0, 1], [2]]
    """
    choice("predictor", predictor, ("weyl", "residual", "spectra", "sketch"))
    choice("order", order, ("norm", "residual"))
    r = integer("rank", getattr(blocks, "rank", None) if rank is None else rank, low=1)
    epsilon = real("epsilon", getattr(blocks, "epsilon", None) if epsilon is None else epsilon, low=0.0, high=1.0)
    patience = integer("patience", patience, low=1)
    given = list(Stream(blocks))
    search = Published(Candidates(given, r, r + 5), epsilon, PREDICTORS[predictor], order)
    return answer_of(
        given,
        search.run(patience),
        search.blocks,
        epsilon=epsilon,
        method=f"published {predictor}",
        counts={"tests": search.n_tests, "rejected_for_sure": 0},
        names=getattr(blocks, "names", None),
    )


class Published:
    """The published search."""

    def __init__(self, blocks: Candidates, epsilon: float, predicted: Predictor, order: str) -> None:
        self.blocks, self.epsilon, self.predicted, self.order = blocks, epsilon, predicted, order
        self.n_tests = 0

    def run(self, patience: int) -> list[Cluster]:
        """Cluster all blocks."""
        left = np.argsort(-self.blocks.energies, kind="stable").tolist()
        found, failures = [], 0
        while left:
            seed = self._seed(left)
            if failures >= patience:
                seed = left[:1]
            members = self._grown(seed, [i for i in left if i not in seed]) if failures < patience else seed
            failures = 0 if len(members) > len(seed) else failures + 1
            left = [i for i in left if i not in members]
            found.append(self.blocks.together(members))
        return found

    def _seed(self, left: list[int]) -> list[int]:
        """The largest block, and the next ones up to the first that does not fit into r columns."""
        seed, used = left[:1], int(self.blocks.sizes[left[0]])
        for i in left[1:]:
            used += int(self.blocks.sizes[i])
            if used > self.blocks.rank:
                break
            seed.append(i)
        return seed

    def _grown(self, seed: list[int], others: list[int]) -> list[int]:
        """Add candidates in their order, up to the first failure."""
        if self.order == "norm":
            others = others[::-1]
        else:
            cluster = self.blocks.together(seed)
            rest = self.blocks.residuals(cluster, self.blocks.shares(cluster)) * self.blocks.energies
            others = sorted(others, key=lambda i: rest[i])
        members = list(seed)
        for i in others:
            if not self._fits([*members, i], len(seed)):
                break
            members.append(i)
        return members

    def _fits(self, members: list[int], n_seed: int) -> bool:
        """Whether the predictor allows a cluster."""
        self.n_tests += 1
        total = float(self.blocks.energies[members].sum())
        squares = np.concatenate(self.predicted(self.blocks, members, n_seed)) ** 2
        error = total - float(np.sort(squares)[::-1][: self.blocks.rank].sum())
        return error <= max(self.epsilon**2, self.blocks.noise) * total


def _seed(blocks: Candidates, members: list[int], n_seed: int) -> list[np.ndarray]:
    """Singular values of the seed, whose T_r the others can only raise."""
    return [np.linalg.svd(np.concatenate([blocks.block(i) for i in members[:n_seed]], axis=1), compute_uv=False)]


def _residual(blocks: Candidates, members: list[int], n_seed: int) -> list[np.ndarray]:
    """Singular values of what each block adds to those before it."""
    return list(residual_spectra([blocks.block(i) for i in members]))


def _spectra(blocks: Candidates, members: list[int], n_seed: int) -> list[np.ndarray]:
    """Singular values of each block."""
    return [np.linalg.svd(blocks.block(i), compute_uv=False) for i in members]


def _sketch(blocks: Candidates, members: list[int], n_seed: int) -> list[np.ndarray]:
    """Singular values of the factor of all blocks."""
    return [blocks.together(members).s]


#: singular values whose r largest squares bound T_r of a cluster from below
PREDICTORS = {"weyl": _seed, "residual": _residual, "spectra": _spectra, "sketch": _sketch}
