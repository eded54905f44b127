"""Blocks are put into clusters that share a basis of rank r, and err by at most epsilon of their norm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Certificate, Result, result
from lrtheory._result.display import bars, counted
from lrtheory._validation import choice, integer, must, real
from lrtheory.matrix_compression.problem import StackProblem
from lrtheory.matrix_compression.stacks.cluster_search import Candidates, Cluster, search_noise
from lrtheory.matrix_compression.stacks.inputs import Blocks, Stream, relative
from lrtheory.matrix_compression.stacks.measuring import spectra_of
from lrtheory.matrix_compression.theory import tail_energy

__all__ = ["BlockClusters", "ClusterCertificate", "cluster_blocks"]


@result
class ClusterCertificate(Certificate):
    r"""Proof about a clustering: no cluster of two blocks or more errs by more than was allowed.

    Attributes
    ----------
    achieved : float
        The largest error of such a cluster, relative to its own norm; 0 where there is none.
    bound : float
        No cluster of two blocks or more errs by more than this.
    rank : int
        r.
    epsilon : float
        Largest relative error that a cluster of two blocks or more may have.
    labels : int64 array of shape (K,)
        The cluster of each block.
    """

    achieved: float
    bound: float
    gap: float
    rank: int
    epsilon: float
    labels: np.ndarray

    _statements = ("matrix_compression/CM-4",)

    def verify(self, problem: Blocks) -> bool:
        """Factor every cluster whole.

        Parameters
        ----------
        problem : as `blocks` of `cluster_blocks`
            The blocks.

        Returns
        -------
        bool
            Whether the largest error of a cluster of two blocks or more is as stated and at most `bound`, and `bound`
            at most `epsilon`; all up to the rounding of squared errors, about 1e-13.

        Raises
        ------
        ValueError
            If a block is not finite, or there is another number of blocks.
        """
        given = list(Stream(problem))
        if len(given) != len(self.labels):
            raise must("problem", f"{len(self.labels)} matrices", len(given))
        if not self._is_sound():
            return False
        names = np.unique(self.labels)
        consecutive = self.labels.ndim == 1 and np.array_equal(names, np.arange(len(names)))
        if self.labels.dtype.kind not in "iu" or not consecutive or self.rank < 1:
            return False
        errors, floor = _errors(given, self.labels, self.rank)
        worst = float(errors[np.bincount(self.labels) > 1].max(initial=0.0))
        noise = floor * floor  # of squared errors, which is what rounding is known of
        stated = abs(worst**2 - self.achieved**2) <= noise
        held = worst**2 <= self.bound**2 + noise and self.bound**2 <= self.epsilon**2 + 2 * noise
        # squares hide a sign
        return bool(stated and held and min(self.achieved, self.bound, self.epsilon) >= 0)


@result
class BlockClusters(Result):
    r"""Blocks in clusters that share a basis.

    Attributes
    ----------
    labels : int64 array of shape (K,)
        The cluster of each block, in the order in which clusters were made.
    clusters : list of int64 arrays
        The blocks of each.
    errors : array of shape (n_clusters,)
        \|A - U U^T A\| / \|A\| of the best basis of rank r of each cluster, by its whole spectrum.
    upper : array of shape (n_clusters,)
        The bounds by which blocks were accepted.
    exempt : bool array of shape (n_clusters,)
        Single blocks that err by more than epsilon, and are kept whole.
    rank : int
        r.
    ranks : int64 array of shape (n_clusters,)
        Columns that the basis of each cluster has: r, or fewer where its blocks have fewer rows or columns.
    epsilon : float
        Largest relative error that a cluster of two blocks or more may have.
    storage : int
        Numbers that are stored: min(r (m + N), m N) for a cluster of N columns, m n for a single block of n.
    compression : float
        Numbers of the blocks over `storage`; infinite if nothing is stored.
    names : tuple or None
        Names of the blocks.
    method : str
        "sketch" or "gram".
    message : str
        Number of clusters, and of the numbers that they need.
    counts : mapping
        ``tests`` of a block against a cluster, and blocks ``rejected_for_sure`` without one (statement CM-12).
    certificate : ClusterCertificate
        Certificate of the labels.
    """

    labels: np.ndarray
    clusters: list[np.ndarray]
    errors: np.ndarray
    upper: np.ndarray
    exempt: np.ndarray
    rank: int
    ranks: np.ndarray
    epsilon: float
    storage: int
    compression: float
    names: tuple[object, ...] | None
    method: str
    message: str
    counts: Mapping[str, int]
    certificate: ClusterCertificate

    def _columns(self) -> dict[str, Any]:
        names = range(len(self.labels)) if self.names is None else self.names
        errors, sizes = self.errors[self.labels], np.array([len(ids) for ids in self.clusters])[self.labels]
        return {"block": list(names), "cluster": self.labels, "blocks": sizes, "error": errors}

    def _facts(self) -> list[str]:
        bound = self.certificate.bound
        said = f"no cluster of two blocks or more errs by more than {bound:.4g} of its norm"
        return [f"{said} ({self.certificate.statement})", self.message]

    def _draw(self, ax: Any) -> None:
        names = [f"cluster {c}: {counted(len(ids), 'block')}" for c, ids in enumerate(self.clusters)]
        bars(ax, names, self.errors, label="relative error")


@arrays("host")
def cluster_blocks(
    blocks: Blocks | StackProblem,
    rank: int | None = None,
    epsilon: float | None = None,
    *,
    oversampling: int = 8,
    method: Literal["sketch", "gram"] = "sketch",
) -> BlockClusters:
    r"""Put blocks into clusters that may share a basis of rank r.

    A cluster starts with the largest block that is left. The block whose energy lies most within its leading directions
    is tried next; what fits is taken in, and what does not may fit later, since the relative error is not monotone.

    Parameters
    ----------
    blocks : sequence of arrays of shape (m, n_k), array of shape (K, m, n), or StackProblem
        The matrices, in memory.
    rank : int or None
        r, at least 1; None takes that of the problem.
    epsilon : float or None
        Relative error in [0, 1] that a cluster of two blocks or more may have; None takes that of the problem. What
        rounding hides, about 1e-7, counts as nothing: `upper` says so.
    oversampling : int
        Columns that are kept of a cluster beyond the rank.
    method : {"sketch", "gram"}
        "gram" keeps all columns of a cluster, so that no block is refused by a bound that is not tight.

    Returns
    -------
    BlockClusters
        Labels, errors and storage. Planted families are found exactly (statement CM-4p).

    Raises
    ------
    ValueError
        If a block is not finite or has another number of rows, there is none, or an argument is out of range.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Arrays: any (copied to the host).

    Examples
    --------
    >>> from lrtheory.matrix_compression import cluster_blocks, make_families
    >>> problem = make_families([3, 2], 16, 2, rng=0)
    >>> found = cluster_blocks(problem)
    >>> len(found.clusters), sorted(len(ids) for ids in found.clusters), round(found.compression, 2)
    (2, [2, 3], 1.9)
    """
    r = integer("rank", getattr(blocks, "rank", None) if rank is None else rank, low=1)
    allowed = real("epsilon", getattr(blocks, "epsilon", None) if epsilon is None else epsilon, low=0.0, high=1.0)
    extra = integer("oversampling", oversampling, low=0)
    choice("method", method, ("sketch", "gram"))
    stream = Stream(blocks)
    given = list(stream)
    keep = r + extra if method == "sketch" else max(r, stream.n_rows)
    search = Search(Candidates(given, r, keep), allowed)
    clusters = search.run()
    counts = {"tests": search.n_tests, "rejected_for_sure": search.n_rejected}
    names = getattr(blocks, "names", None)
    return answer_of(given, clusters, search.blocks, epsilon=allowed, method=method, counts=counts, names=names)


class Search:
    """The greedy search: clusters one after the other."""

    def __init__(self, blocks: Candidates, epsilon: float) -> None:
        self.blocks, self.epsilon = blocks, epsilon
        self.n_tests = self.n_rejected = 0

    def run(self) -> list[Cluster]:
        """Cluster all blocks."""
        found = []
        # equal blocks in the order in which they came
        left = np.argsort(-self.blocks.energies, kind="stable").tolist()
        while left:
            cluster = self._grown(self.blocks.alone(left[0]), left[1:])
            taken = set(cluster.members)
            left = [i for i in left if i not in taken]
            found.append(cluster)
        return found

    def _grown(self, cluster: Cluster, others: list[int]) -> Cluster:
        """Take blocks in until none fits."""
        while others:
            shares = self.blocks.shares(cluster)
            residuals = self.blocks.residuals(cluster, shares)
            others = sorted(others, key=lambda i: residuals[i])
            fits = next((i for i in others if self._fits(cluster, i, shares)), None)
            if fits is None:
                return cluster
            cluster = self.blocks.with_block(cluster, fits)
            others = [i for i in others if i != fits]
        return cluster

    def _fits(self, cluster: Cluster, i: int, shares: np.ndarray) -> bool:
        """Whether the cluster with one more block surely errs by at most epsilon."""
        blocks = self.blocks
        total = cluster.total + float(blocks.energies[i])
        allowed = (self.epsilon**2 - blocks.noise) * total
        if total == 0.0:
            return True
        # T_r of factor and block together is at most the sum of both (statement CM-12), so the test would fail
        if cluster.upper2(blocks.rank) + float(blocks.tails[i]) > max(allowed, 0.0) + 2 * blocks.noise * total:
            self.n_rejected += 1
            return False
        self.n_tests += 1
        if self.epsilon**2 < 2 * blocks.noise:  # what is noise counts as nothing
            allowed = max(allowed, blocks.noise * total)
        return blocks.upper2(cluster, i, shares) <= max(allowed, 0.0)


def _errors(blocks: list[np.ndarray], labels: np.ndarray, rank: int) -> tuple[np.ndarray, float]:
    """Relative errors of all clusters by their whole spectra, and the rounding of these and of any search."""
    groups = [np.flatnonzero(labels == c).tolist() for c in range(int(labels.max()) + 1)]
    joint = (np.concatenate([blocks[i].astype(np.float64, copy=False) for i in ids], axis=1) for ids in groups)
    spectra, _, noise = spectra_of(joint)
    found = [relative(float(tail_energy(s, rank)), (s * s).sum()) for s in spectra]
    return np.array(found), float(np.sqrt(noise + search_noise(blocks, len(blocks[0]))))


def answer_of(
    blocks: list[np.ndarray],
    found: list[Cluster],
    held: Candidates,
    *,
    epsilon: float,
    method: str,
    counts: dict[str, int],
    names: Sequence[object] | None,
) -> BlockClusters:
    """Put the answer together."""
    labels = np.empty(len(blocks), np.int64)
    clusters = [np.array(sorted(one.members), np.int64) for one in found]
    for c, ids in enumerate(clusters):
        labels[ids] = c
    rank, noise = held.rank, held.noise
    errors, _ = _errors(blocks, labels, rank)
    many = np.array([len(ids) > 1 for ids in clusters])
    upper = np.array([relative(max(0.0, one.upper2(rank)) + noise * one.total, one.total) for one in found])
    exempt = ~many & (errors > epsilon)
    m, sizes = len(blocks[0]), held.sizes
    columns = [int(sizes[ids].sum()) for ids in clusters]
    storage = sum(min(rank * (m + n), m * n) if several else m * n for n, several in zip(columns, many, strict=True))
    whole = m * int(sizes.sum())
    bound = float(upper[many].max(initial=0.0))
    said = f"{counted(len(blocks), 'block')} in {counted(len(clusters), 'cluster')}"
    return BlockClusters(
        labels=labels,
        clusters=clusters,
        errors=errors,
        upper=upper,
        exempt=exempt,
        rank=rank,
        ranks=np.minimum(rank, np.minimum(m, columns)),
        epsilon=epsilon,
        storage=storage,
        compression=whole / storage if storage else float("inf"),
        names=None if names is None else tuple(names),
        method=method,
        message=f"{said}, {many.sum()} of them of several blocks; {storage:,} numbers for {whole:,}",
        counts=counts,
        certificate=ClusterCertificate._of(
            float(errors[many].max(initial=0.0)),
            bound,
            "matrix_compression/CM-4",
            rank=rank,
            epsilon=epsilon,
            labels=labels,
        ),
    )
