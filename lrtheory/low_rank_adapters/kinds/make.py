"""One maker for adapters of every kind, as they are before training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, must, pair, refuse_unused
from lrtheory.low_rank_adapters.kinds.arrays import numerical_rank, prepared, shaped
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.orthonormal import orthonormal
from lrtheory.low_rank_adapters.kinds.queryable import queryable
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.tera import tera
from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment, uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera

__all__ = ["BASES", "KINDS", "MODES", "make_adapter", "mode_sizes", "randlora_of", "shared_columns"]

#: the kinds, and for each the options beside the rank that it uses
KINDS: dict[str, tuple[str, ...]] = {
    "lora": (),
    "lora-fa": (),
    "lora-xs": (),
    "vera": (),
    "randlora": ("n_bases",),
    "uni-lora": ("d",),
    "tera": ("n_modes",),
    "queryable": ("n_atoms",),
    "hadamard": (),
    "full": (),
}
BASES = ("orthogonal-sign", "gaussian", "uniform")
LARGEST_RANK = 65536  # of an adapter whose sides are smaller, so that arrays by mistake do not fill the memory
MODES, LARGEST_MODES = 2, 16  # factors of a side of TeRA, each of which is an axis of a tensor
MOST_ATOMS = 65536
THETA = 0.02  # the trained vector of Uni-LoRA starts uniform between minus and plus this, as in its release


@arrays("device")
def make_adapter(
    kind: str,
    shape: tuple[int, int],
    *,
    rank: int = 8,
    bases: str = "orthogonal-sign",
    rng: Rng = None,
    weight: ArrayLike | None = None,
    n_bases: int | None = None,
    d: int | None = None,
    n_modes: int | None = None,
    n_atoms: int | None = None,
) -> Adapter:
    """Make an adapter of a kind as it is before training, with random frozen arrays.

    The update starts at zero, and with a gradient that is not zero, for all kinds but "uni-lora", whose update starts
    small.

    Parameters
    ----------
    kind : {"lora", "lora-fa", "lora-xs", "vera", "randlora", "uni-lora", "tera", "queryable", "hadamard", "full"}
        The kind.
    shape : pair of int
        (d_out, d_in).
    rank : int
        The inner rank, at least 1; at most the smaller side for "lora-fa", "lora-xs", "randlora", "tera" and
        "queryable", and for all others at most the larger side, or 65536 where that is more. Of "tera" it is the most
        that each factor has, which is at most its height. The kind "full" does not use it.
    bases : {"orthogonal-sign", "gaussian", "uniform"}
        Law of the frozen factors. The first makes columns of left and rows of right factors orthonormal; the right
        factor of RandLoRA is a nonsingular matrix of signs, repeated, so that the best adapter is known (RA-5), and so
        is the core of TeRA (TE-3). The others draw independent entries with the same mean square.
    rng : int, SeedSequence, Generator or None
        The source of randomness.
    weight : array of shape (d_out, d_in) or None
        The weight that is adapted, in whose library and precision the arrays are made; "hadamard" needs it. None makes
        NumPy arrays in double precision.
    n_bases : int or None
        The number of bases of RandLoRA; None takes the smallest one with which the update can have full rank, or as
        many as can be orthonormal where these are fewer.
    d : int or None
        The length of the trained vector of Uni-LoRA, at most rank (d_out + d_in); None takes d_out + d_in.
    n_modes : int or None
        The number of factors of TeRA on each side, whose heights are as nearly equal as divisors of the side allow;
        None takes 2.
    n_atoms : int or None
        The number of atoms of a Queryable LoRA, an even one, since they come in pairs of opposite ones with norm 1;
        None takes twice the rank.

    Returns
    -------
    Adapter
        Adapter of scale 1.

    Raises
    ------
    ValueError
        If the kind is unknown or does not use an option that was given, or a size is outside its range.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> make_adapter("randlora", (8, 6), rank=2, rng=0)
    RandLoRA(8 x 6, 24 numbers, rank at most 6)
    >>> make_adapter("vera", (8, 6), rank=2, rng=0).dense().any()
    np.False_
    """
    choice("kind", kind, tuple(KINDS))
    choice("bases", bases, BASES)
    sides = pair("shape", shape)
    refuse_unused(
        kind,
        KINDS[kind],
        "kind",
        n_bases=(n_bases, None),
        d=(d, None),
        n_modes=(n_modes, None),
        n_atoms=(n_atoms, None),
    )
    most = min(sides) if kind in ("lora-fa", "lora-xs", "randlora", "tera", "queryable") else max(*sides, LARGEST_RANK)
    rank = integer("rank", rank, low=1, high=most)
    base = None if weight is None else shaped("weight", prepared(weight=weight)["weight"], sides)
    if kind == "hadamard" and base is None:
        raise must("weight", 'the weight that is adapted, which kind "hadamard" multiplies', None)
    made = _Draw(sides, rank, bases, generator(rng), base)
    if kind == "randlora":
        return made.randlora(n_bases)
    if kind == "tera":
        return made.tera(n_modes)
    if kind == "queryable":
        return made.queryable(n_atoms)
    return made.uni_lora(d) if kind == "uni-lora" else made.plain(kind)


def shared_columns(shape: tuple[int, int], count: int, draw: np.random.Generator) -> np.ndarray:
    """Orthonormal columns along the larger side, the first of which are distributed as those of a RandLoRA."""
    return _Draw(shape, 1, BASES[0], draw, None).thin(max(shape), count)


def randlora_of(shape: tuple[int, int], rank: int, columns: np.ndarray, draw: np.random.Generator) -> Adapter:
    """The RandLoRA of `make_adapter` whose bases are the first of some orthonormal columns."""
    return _Draw(shape, rank, BASES[0], draw, None).randlora(None, columns)


def mode_sizes(side: int, n_modes: int) -> list[int]:
    """Split a side into factors, each the divisor of what is left that is largest below an even share."""
    found = []
    for k in range(n_modes, 0, -1):
        share = next(f for f in range(min(side, round(side ** (1 / k)) + 1), 0, -1) if side % f == 0 and f**k <= side)
        found.append(share)
        side //= share
    return found


class _Draw:
    """The random arrays of an adapter, in the library and the precision of the weight."""

    def __init__(self, sides: tuple[int, ...], rank: int, bases: str, draw: np.random.Generator, weight: Any) -> None:
        (self.m, self.n), self.rank, self.bases, self.draw, self.weight = sides, rank, bases, draw, weight

    def like(self, values: np.ndarray) -> Any:
        if self.weight is None:
            return values
        xp = array_namespace(self.weight)
        return xp.asarray(values, dtype=self.weight.dtype, device=self.weight.device)

    def plain(self, kind: str) -> Adapter:
        """An adapter of a kind without options, with those trained arrays zero that make the update zero."""
        (m, n), r = (self.m, self.n), self.rank
        if kind == "full":
            return full(self.like(np.zeros((m, n))))
        B = self.like(np.zeros((m, r)))
        if kind in ("lora", "hadamard"):
            A = self.like(self.draw.uniform(-1, 1, (r, n)) * math.sqrt(3 / n))
            return lora(B, A) if kind == "lora" else hadamard(self.weight, B, A)
        A = self.like(self.thin(n, r).T)
        if kind == "lora-fa":
            return lora_fa(B, A)
        left = self.like(self.thin(m, r))
        if kind == "lora-xs":
            return lora_xs(left, self.like(np.zeros((r, r))), A)
        return vera(left, A, b=self.like(np.zeros(m)), d=self.like(np.ones(r)))

    def randlora(self, n_bases: int | None, columns: np.ndarray | None = None) -> Adapter:
        """Bases along the larger side, or the first of some columns, lambda zero, and gamma small as in the release."""
        big, side, r = max(self.m, self.n), min(self.m, self.n), self.rank
        orthogonal = self.bases == "orthogonal-sign"
        most = big // r if orthogonal else None
        default = -(-side // r) if most is None else min(most, -(-side // r))
        count = integer("n_bases", default if n_bases is None else n_bases, low=1, high=most)
        flat = self.thin(big, count * r) if columns is None else columns[:, : count * r]
        left = flat.reshape(big, count, r).transpose(1, 0, 2)
        right = self.signs(r, side) if orthogonal else self.thin(side, r).T * math.sqrt(side)
        start = {"lambdas": self.like(np.zeros((count, r))), "gammas": self.like(np.full((count, side), 1 / side))}
        return randlora(self.like(left), self.like(right), **start, transposed=self.m < self.n)

    def uni_lora(self, d: int | None) -> Adapter:
        """A vector of small random numbers, each used by as many entries as any other or one more."""
        n_entries = self.rank * (self.m + self.n)
        length = integer("d", self.m + self.n if d is None else d, low=1, high=n_entries)
        theta = self.like(self.draw.uniform(-THETA, THETA, length))
        assignment = balanced_assignment(n_entries, length, rng=self.draw)
        return uni_lora(theta, (self.m, self.n), self.rank, assignment=assignment)

    def tera(self, n_modes: int | None) -> Adapter:
        """Orthonormal factors around a core of signs, and vectors of ones, of which the first is zero."""
        count = integer("n_modes", MODES if n_modes is None else n_modes, low=1, high=LARGEST_MODES)
        sizes = (mode_sizes(side, count) for side in (self.m, self.n))
        factors = [[self.thin(size, min(self.rank, size)) for size in side] for side in sizes]
        rows, columns = (math.prod(one.shape[1] for one in side) for side in factors)
        core = self.signs(rows, columns) if self.bases == "orthogonal-sign" else self.draw.normal(size=(rows, columns))
        d, e = ([self.like(np.ones(one.shape[1])) for one in side] for side in factors)
        d[0] = 0.0 * d[0]
        left, right = ([self.like(one) for one in side] for side in factors)
        return tera(left, right, self.like(core), d=d, e=e)

    def queryable(self, n_atoms: int | None) -> Adapter:
        """Orthonormal atoms, each beside its opposite, with equal weights."""
        r, count = self.rank, integer("n_atoms", 2 * self.rank if n_atoms is None else n_atoms, low=2, high=MOST_ATOMS)
        if count % 2:
            raise must("n_atoms", "an even number, as atoms come in pairs of opposite ones", count)
        left, right = self.thin(self.m, r), self.thin(self.n, r).T
        half = self.thin(r * r, count // 2).T.reshape(-1, 1, r, r)
        half /= np.sqrt(np.sum(half**2, axis=(-2, -1), keepdims=True))
        atoms = np.concatenate([half, -half], axis=1).reshape(count, r, r)
        arrays = {"atoms": self.like(atoms), "weights": self.like(np.full(count, 1 / count))}
        return queryable(self.like(left), self.like(right), **arrays)

    def thin(self, side: int, rank: int) -> np.ndarray:
        """A factor of shape (side, rank) whose columns have length 1, or a mean square of 1."""
        if self.bases == "uniform":
            return self.draw.uniform(-1, 1, (side, rank)) * math.sqrt(3 / side)
        drawn = self.draw.normal(size=(side, rank))
        drawn /= math.sqrt(side)  # in place: what is as large as an update takes as long to make as to compute
        if self.bases == "gaussian":
            return drawn
        return orthonormal(drawn) if rank <= side else orthonormal(drawn.T).T

    def signs(self, rank: int, side: int) -> np.ndarray:
        """A square matrix of signs, repeated along the rows, whose first columns are independent.

        Where the square is larger, its other columns are not used, and decide nothing: the first ones are distributed
        uniformly over all that are independent.
        """
        while True:
            square = self.draw.choice([-1.0, 1.0], size=(rank, rank))
            if numerical_rank(square[:, :side]) == min(rank, side):
                return np.tile(square, -(-side // rank))[:, :side]
