"""Uni-LoRA: all entries of the factors of all layers are numbers of one trained vector."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lrtheory._array import array_namespace, arrays, kernel, kernel_input, to_numpy
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, integer, must, pair
from lrtheory.low_rank_adapters.kinds.arrays import Gradient, prepared, shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter

__all__ = ["UniLoRA", "balanced_assignment", "group_sums", "uni_lora"]


class UniLoRA(FactoredAdapter):
    """Delta = scale B A, where each entry of B and A is an entry of theta over the root of the size of its group."""

    kind: ClassVar[str] = "uni-lora"

    @property
    def rank_bound(self) -> int:
        """The smallest of r, d_out and d_in."""
        return min(self.frozen["assignment"].shape[0] // sum(self.shape), *self.shape)

    @property
    def dimension(self) -> int:
        """An upper bound: the groups that this layer uses, or the dimension of LoRA where that is less."""
        used, q = len(np.unique(to_numpy(self.frozen["assignment"]))), self.rank_bound
        return min(used, q * (sum(self.shape) - q))

    def _roots(self) -> Any:
        theta, sizes = self.params["theta"], self.frozen["sizes"]
        xp = array_namespace(theta)
        return xp.sqrt(xp.astype(sizes, theta.dtype))

    def _factors(self) -> tuple[Any, Any]:
        (m, n), assignment = self.shape, self.frozen["assignment"]
        xp, rank = array_namespace(assignment), assignment.shape[0] // (m + n)
        entries = xp.take(self.params["theta"] / self._roots(), assignment, axis=0)
        return xp.reshape(entries[rank * n :], (m, rank)), xp.reshape(entries[: rank * n], (rank, n))

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        B, A = self._factors()
        xp = array_namespace(B)
        entries = xp.concat([xp.reshape(part, (-1,)) for part in (G.left(B), G.right(transposed(A)))])
        sums = group_sums(entries, self.frozen["assignment"], self.params["theta"].shape[0])
        return {"theta": self.scale * (sums / self._roots())}


def group_sums(values: Any, assignment: Any, n_groups: int) -> Any:
    """The sum of the values of each group, in the library and precision of the values; added up on the host.

    Parameters
    ----------
    values : array of shape (D,)
        Numbers in single or double precision.
    assignment : array of int64 of shape (D,)
        The group of each, from 0 to n_groups - 1.
    n_groups : int
        The number of groups.

    Returns
    -------
    array of shape (n_groups,)
        Zero for an empty group.
    """
    sums = np.zeros(n_groups, dtype=str(values.dtype).rpartition(".")[2])
    add_to_groups(kernel_input(values), kernel_input(assignment, np.int64), sums)
    if isinstance(values, np.ndarray):
        return sums
    return array_namespace(values).asarray(sums, device=values.device)


@kernel
def add_to_groups(values, assignment, sums):
    """Add each value to the sum of its group."""
    for i in range(values.size):
        sums[np.uint64(assignment[i])] += values[i]  # for a signed place Numba would ask whether it counts from the end


def balanced_assignment(n_entries: int, d: int, *, rng: Rng = None) -> np.ndarray:
    """Assign entries to groups at random, each group getting as many as any other or one more.

    An integer `rng` gives the assignment that the package peft draws from it as `proj_seed`.

    Parameters
    ----------
    n_entries : int
        The number of entries of the factors of all layers.
    d : int
        The number of groups, in [1, n_entries].
    rng : int, SeedSequence, Generator or None
        The source of randomness.

    Returns
    -------
    array of int64 of shape (n_entries,)
        The group of each entry: layer by layer, first A and then B, each row by row.

    Raises
    ------
    ValueError
        If a number is outside its range: with more groups than entries some would be empty.

    References
    ----------
    K. Li et al., Uni-LoRA: One Vector is All You Need, 2025.

    Examples
    --------
    >>> groups = balanced_assignment(7, 3, rng=0)
    >>> sorted(groups.tolist())
    [0, 0, 1, 1, 2, 2, 2]
    """
    d = integer("d", d, low=1, high=integer("n_entries", n_entries, low=1))
    draw = generator(rng)
    whole = np.repeat(np.arange(d, dtype=np.int64), n_entries // d)
    groups = np.concatenate([whole, draw.choice(d, size=n_entries % d, replace=False)])
    draw.shuffle(groups)
    return groups


@arrays("device")
def uni_lora(
    theta: ArrayLike,
    shape: tuple[int, int],
    rank: int,
    *,
    assignment: ArrayLike,
    sizes: ArrayLike | None = None,
    scale: float = 1.0,
) -> UniLoRA:
    """Make the part of a Uni-LoRA that belongs to one layer: factors whose entries are numbers of one vector.

    Parameters
    ----------
    theta : array of shape (d,)
        The trained vector, which layers may share.
    shape : pair of int
        (d_out, d_in).
    rank : int
        The rank r of the factors, at least 1.
    assignment : array of int of shape (r (d_out + d_in),)
        For each entry of A and then of B, both row by row, its place in theta.
    sizes : array of int of shape (d,) or None
        Number of entries of all layers that use each index of theta; None counts those of this layer.
    scale : float
        The factor in front of the product of the factors.

    Returns
    -------
    Adapter
        Adapter whose `params` are theta, and whose `frozen` are assignment and sizes. An entry of a factor is a number
        of theta divided by the square root of the size of its group.

    Raises
    ------
    ValueError
        If shapes do not fit, a place is outside of theta, a group is empty or larger than its size, or a number is not
        finite.
    TypeError
        If an input is not an array of real numbers, or places and sizes are not integers.

    Notes
    -----
    Arrays: any (device). The gradient is added up on the host.

    Examples
    --------
    >>> adapter = uni_lora([4.0, 3.0], (1, 4), 1, assignment=[0, 0, 0, 0, 1], sizes=[4, 1])
    >>> B, A = adapter.factors()
    >>> B.tolist(), A.tolist(), adapter.gradient([[1.0, 1.0, 0.0, 0.0]])["theta"].tolist()
    ([[3.0]], [[2.0, 2.0, 2.0, 2.0]], [3.0, 4.0])
    """
    found = prepared(theta=theta)
    d = shaped("theta", found["theta"], (None,)).shape[0]
    sides = pair("shape", shape)
    n_entries = integer("rank", rank, low=1) * sum(sides)
    places = _integers("assignment", assignment, n_entries, low=0, high=d - 1)
    used = np.bincount(places, minlength=d)
    if sizes is None and not used.all():
        rule = f"a vector each of whose {d} entries is used by one of the {n_entries} entries of the factors"
        raise must("theta", rule, f"{np.count_nonzero(used == 0)} unused ones")
    counts = used.astype(np.int64) if sizes is None else _integers("sizes", sizes, d, low=1)
    if (counts < used).any():
        raise must("sizes", "at least the number of entries of this layer in each group", counts)
    xp, device = array_namespace(found["theta"]), found["theta"].device
    frozen = {"assignment": xp.asarray(places, device=device), "sizes": xp.asarray(counts, device=device)}
    return UniLoRA((sides[0], sides[1]), found, frozen=frozen, scale=scale)


def _integers(name: str, value: Any, length: int, *, low: int, high: int | None = None) -> np.ndarray:
    """A vector of integers in [low, high], of the host and not shared with the caller."""
    given = as_array(name, to_numpy(value))
    if given.dtype.kind not in "iu":
        raise must(name, "an array of integers", given.dtype, TypeError)
    if given.shape != (length,):
        raise must(name, f"of shape ({length},)", given.shape)
    if given.min() < low or (high is not None and given.max() > high):
        rule = f"at least {low}" if high is None else f"in [{low}, {high}]"
        raise must(name, rule, given[(given < low) | (given > (given.max() if high is None else high))][0])
    return given.astype(np.int64)
