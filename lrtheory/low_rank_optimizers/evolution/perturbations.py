"""One generation of perturbations of low rank: members, forward passes without dense matrices, and weighted sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from numbers import Real
from typing import Any, Protocol

import numpy as np

from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, as_array, flag, integer, must
from lrtheory.low_rank_optimizers.evolution.passes import member_outputs, weighted_products

__all__ = ["Factors", "Perturbations", "Source"]

#: A of shape (P, m, r) with B of shape (P, n, r); a vector of weights has A of shape (P, m) and no B
Factors = tuple[np.ndarray, np.ndarray | None]


class Source(Protocol):
    """Draws the factors of a layer whenever they are wanted, always the same ones."""

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the weights."""
        ...

    @property
    def pairs(self) -> int:
        """P, the number of independent perturbations."""
        ...

    @property
    def rank(self) -> int:
        """The number of columns of each factor."""
        ...

    def draw(self, layer: int) -> Factors:
        """Return the factors of one layer."""
        ...


class Perturbations:
    r"""One generation of members around the weights: W plus or minus scale A_p B_p^T in each layer.

    With mirrored pairs, member 2p is W + scale A_p B_p^T and member 2p + 1 is W - scale A_p B_p^T, for p = 0, ...,
    P - 1. Without, member i is W + scale A_i B_i^T. No product A_p B_p^T is ever formed by `forward` and `gradient`.

    Parameters
    ----------
    A : sequence of arrays of shape (P, m_l, r)
        One a layer. For a layer whose weights are a vector of length m_l, the noise itself, of shape (P, m_l).
    B : sequence of arrays of shape (P, n_l, r), or None for weights that are a vector
        One a layer.
    scale : float or Fraction
        sigma / sqrt(r), above 0.
    mirrored : bool
        Whether members come in pairs.

    Attributes
    ----------
    A, B : tuple of arrays
        Factors that were given, read-only; those of `LowRankES` are drawn when they are first read, in float32.
    scale, mirrored : float or Fraction, bool
        Arguments of these names.
    rank : int
        r, the columns of the factors.
    shapes : tuple
        The shapes of the weights.
    pairs : int
        P, the number of independent perturbations.
    population_size : int
        2P with mirrored pairs, and P without.
    sigma : float or Fraction
        scale sqrt(r), a Fraction where scale is one and r is a square.

    Raises
    ------
    ValueError
        If shapes do not fit each other, an entry is not finite, or the scale is not above 0.
    TypeError
        If entries are not real numbers.

    See Also
    --------
    LowRankES : Draws generations and combines what the members are worth.

    Notes
    -----
    Object arrays of Fractions are allowed everywhere; where factors, scale and inputs are such, all answers are exact.
    Vectors of weights get full noise sigma A_p. Two factors with independent entries of mean 0 and variance 1 give
    entries of A_p B_p^T / sqrt(r) with mean 0 and variance 1 that are not correlated.

    References
    ----------
    Sarkar, Fellows, Duque et al., "Evolution Strategies at the Hyperscale", arXiv 2511.16652.

    Examples
    --------
    >>> import numpy as np
    >>> generation = Perturbations([[[[1.0], [2.0]]]], [[[[1.0], [-1.0]]]], scale=0.5)
    >>> W = np.zeros((2, 2))
    >>> generation.member(1, [W])[0].tolist()
    [[-0.5, 0.5], [-1.0, 1.0]]
    >>> generation.forward([[1.0, 0.0]], W, 0).tolist()
    [[[0.5, 1.0]], [[-0.5, -1.0]]]
    >>> generation.gradient([3.0])[0].tolist()
    [[6.0, -6.0], [12.0, -12.0]]
    """

    __slots__ = ("_factors", "_source", "mirrored", "pairs", "rank", "scale", "shapes")

    rank: int
    pairs: int
    shapes: tuple[tuple[int, ...], ...]
    mirrored: bool
    scale: Any
    _source: Source | None
    _factors: list[Factors | None]

    def __init__(
        self, A: Sequence[ArrayLike], B: Sequence[ArrayLike | None], *, scale: Number, mirrored: bool = True
    ) -> None:
        if not (hasattr(A, "__len__") and hasattr(B, "__len__") and 0 < len(A) == len(B)):
            raise must("B", "a sequence with one entry for each entry of `A`, at least 1", B)
        positive("scale", scale)
        factors = [_checked(layer, a, b) for layer, (a, b) in enumerate(zip(A, B, strict=True))]
        pairs = {a.shape[0] for a, _ in factors}
        ranks = {a.shape[2] for a, b in factors if b is not None} or {1}
        if len(pairs) > 1 or len(ranks) > 1:
            raise must("A", "arrays with the same number of pairs and of columns", [a.shape for a, _ in factors])
        exact = any(a.dtype == object for a, _ in factors)
        shapes = tuple((a.shape[1],) if b is None else (a.shape[1], b.shape[1]) for a, b in factors)
        exactly = Fraction(scale) if isinstance(scale, int) else scale
        self._set(shapes, pairs.pop(), ranks.pop(), exactly if exact else float(scale), flag("mirrored", mirrored))
        object.__setattr__(self, "_factors", list(factors))

    @classmethod
    def drawn(cls, source: Source, *, scale: float, mirrored: bool) -> Perturbations:
        """Make a generation whose factors a source draws when they are first read; pickles keep the source alone.

        Parameters
        ----------
        source : Source
            Draws the same factors each time.
        scale : float
            sigma / sqrt(rank).
        mirrored : bool
            Whether members come in pairs.

        Returns
        -------
        Perturbations
            One generation.
        """
        made = cls.__new__(cls)
        made._set(source.shapes, source.pairs, source.rank, scale, mirrored, source)
        return made

    def _set(
        self, shapes: Any, pairs: int, rank: int, scale: Any, mirrored: bool, source: Source | None = None
    ) -> None:
        values = {"shapes": shapes, "pairs": pairs, "rank": rank, "scale": scale, "mirrored": mirrored}
        for name, value in (values | {"_source": source, "_factors": [None] * len(shapes)}).items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name!r} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        if self._source is not None:
            return _redrawn, (self._source, self.scale, self.mirrored)
        return _made, (self.A, self.B, self.scale, self.mirrored)

    def __repr__(self) -> str:
        return f"Perturbations(shapes={self.shapes}, rank={self.rank}, population_size={self.population_size})"

    @property
    def population_size(self) -> int:
        """The number of members."""
        return 2 * self.pairs if self.mirrored else self.pairs

    @property
    def sigma(self) -> Any:
        """The standard deviation of each entry of a perturbation."""
        root = math.isqrt(self.rank)
        return self.scale * (root if root * root == self.rank else math.sqrt(self.rank))

    @property
    def A(self) -> tuple[np.ndarray, ...]:  # noqa: N802
        """The left factors, one array a layer."""
        return tuple(self.factors(layer)[0] for layer in range(len(self.shapes)))

    @property
    def B(self) -> tuple[np.ndarray | None, ...]:  # noqa: N802
        """The right factors, one array a layer, and None for vectors of weights."""
        return tuple(self.factors(layer)[1] for layer in range(len(self.shapes)))

    def factors(self, layer: int) -> Factors:
        """Return the factors of one layer.

        Parameters
        ----------
        layer : int
            Number of the layer, from 0.

        Returns
        -------
        tuple of two arrays
            A of shape (P, m, r) and B of shape (P, n, r); A of shape (P, m) and None for a vector of weights.

        Raises
        ------
        ValueError
            If there is no such layer.
        TypeError
            If it is not an integer.
        """
        found = self._factors[integer("layer", layer, low=0, high=len(self.shapes) - 1)]
        if found is None:
            assert self._source is not None
            left, right = self._source.draw(layer)
            found = self._factors[layer] = read_only(left), None if right is None else read_only(right)
        return found

    def member(self, i: int, weights: Sequence[ArrayLike]) -> list[np.ndarray]:
        """Return the dense weights of one member, for simulators that need them.

        Parameters
        ----------
        i : int
            Number of the member, from 0 to population_size - 1.
        weights : sequence of arrays
            Unperturbed weights, one array per layer, of the shapes `shapes`.

        Returns
        -------
        list of arrays
            Weights of the member, one array per layer, of the shapes `shapes`.

        Raises
        ------
        ValueError
            If there is no such member, or a shape is another one.
        TypeError
            If entries are not real numbers.
        """
        i = integer("i", i, low=0, high=self.population_size - 1)
        if not hasattr(weights, "__len__") or len(weights) != len(self.shapes):
            raise must("weights", f"a sequence of {len(self.shapes)} arrays", weights)
        pair, sign = (i // 2, 1 - 2 * (i % 2)) if self.mirrored else (i, 1)
        members = []
        for layer, (given, shape) in enumerate(zip(weights, self.shapes, strict=True)):
            W, (A, B) = array(f"weights[{layer}]", given, shape=shape), self.factors(layer)
            left = A[pair].astype(np.result_type(W, A))
            noise = self.sigma * left if B is None else self.scale * (left @ B[pair].T)
            members.append(W + sign * noise)
        return members

    def forward(
        self,
        X: ArrayLike,
        W: ArrayLike,
        layer: int,
        *,
        members: Sequence[int] | np.ndarray | None = None,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Apply a layer of each member to inputs: X W^T plus or minus scale (X B_p) A_p^T.

        Parameters
        ----------
        X : array of shape (batch, n) or (members, batch, n)
            Inputs of the layer, the same for all members or those of each. For a vector of weights n is its length.
        W : array of shape (m, n), or (m,)
            The weights of the layer in the middle of all members.
        layer : int
            Number of the layer, from 0.
        members : sequence of int or None
            Numbers of the members; None takes all.
        out : array of shape (members, batch, m) or None
            Array that receives the outputs, in its own precision; None allocates one. To allocate memory for many
            outputs takes longer than to compute them.

        Returns
        -------
        array of shape (members, batch, m)
            Outputs of each, `out` itself if given. For a vector of weights, X plus the vector of each member.

        Raises
        ------
        ValueError
            If a shape does not fit, there is no such layer or member, or an entry is not finite.
        TypeError
            If entries are not real numbers.
        """
        A, B = self.factors(layer)
        weights = array("W", W, shape=self.shapes[layer])
        inputs = array("X", X)
        pairs, signs = self._chosen(members)
        shape = inputs.shape[-1:] if inputs.ndim in (2, 3) else ()
        if shape != weights.shape[-1:] or (inputs.ndim == 3 and inputs.shape[0] != len(signs)):
            n = weights.shape[-1]
            raise must("X", f"of shape (batch, {n}) or ({len(signs)}, batch, {n})", inputs.shape)
        kind = np.result_type(inputs, weights, A)
        made = _checked_out(out, inputs, (len(signs), inputs.shape[-2], weights.shape[0]), kind)
        scales = (self.sigma if B is None else self.scale) * signs.astype(kind)
        if B is None:
            return np.add(inputs, (weights + scales[:, None] * A[pairs])[:, None, :], out=made)
        return member_outputs(inputs, weights, A, B, pairs, scales, made)

    def _chosen(self, members: Any) -> tuple[np.ndarray, np.ndarray]:
        """The pair and the sign of each member that is asked for."""
        chosen = np.arange(self.population_size) if members is None else as_array("members", members)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or (chosen.size and chosen.min() < 0):
            raise must("members", "a vector of integers of at least 0", members)
        if chosen.size and chosen.max() >= self.population_size:
            raise must("members", f"below the population size {self.population_size}", int(chosen.max()))
        return (chosen // 2, 1 - 2 * (chosen.astype(np.int64) % 2)) if self.mirrored else (chosen, np.ones_like(chosen))

    def gradient(self, differences: ArrayLike) -> tuple[np.ndarray, ...]:
        r"""Combine what the members are worth: the mean of d_p A_p B_p^T, divided by r scale.

        Parameters
        ----------
        differences : array of shape (P,)
            (f_2p - f_(2p+1)) / 2 with mirrored pairs, f_i without.

        Returns
        -------
        tuple of arrays
            One a layer, in the shape of its weights; float32 where differences are float32, else float64.

        Raises
        ------
        ValueError
            If the length is another one, or an entry is not finite.
        TypeError
            If entries are not real numbers.

        Notes
        -----
        One product of matrices (m, P r) and (P r, n) a layer. In single precision at most 256 rows are added up before
        they join a sum in double precision, so that a million pairs lose no digits.
        """
        given = as_array("differences", differences)
        exact = any(self.factors(layer)[0].dtype == object for layer in range(len(self.shapes)))
        d = array(
            "differences", given.astype(object) if exact and given.dtype.kind in "iu" else given, shape=(self.pairs,)
        )
        sums = []
        for layer in range(len(self.shapes)):
            A, B = self.factors(layer)
            divisor = self.pairs * (self.sigma if B is None else self.rank * self.scale)
            sums.append(weighted_products(A, B, d / divisor))
        return tuple(sums)


def _redrawn(source: Source, scale: float, mirrored: bool) -> Perturbations:
    return Perturbations.drawn(source, scale=scale, mirrored=mirrored)


def _made(A: Any, B: Any, scale: Any, mirrored: bool) -> Perturbations:
    return Perturbations(A, B, scale=scale, mirrored=mirrored)


def _checked_out(out: Any, inputs: np.ndarray, shape: tuple[int, ...], kind: np.dtype[Any]) -> np.ndarray:
    """Where outputs go: fresh memory, or the array that was given."""
    if out is None:
        return np.empty(shape, kind)
    if not isinstance(out, np.ndarray) or not out.flags.c_contiguous or not out.flags.writeable:
        raise must("out", "a writable C-contiguous NumPy array", type(out), TypeError)
    if out.shape != shape or out.dtype != kind or np.may_share_memory(out, inputs):
        raise must("out", f"of shape {shape} and dtype {kind}, apart from `X`", out)
    return out


def _checked(layer: int, A: ArrayLike, B: ArrayLike | None) -> Factors:
    if B is None:
        noise = array(f"A[{layer}]", A, shape=(None, None))
        if not noise.size:
            raise must(f"A[{layer}]", "of shape (P, m), none of them 0", noise.shape)
        return read_only(noise), None
    left, right = array(f"A[{layer}]", A, shape=(None, None, None)), array(f"B[{layer}]", B, shape=(None, None, None))
    if left.shape[::2] != right.shape[::2] or 0 in left.shape or 0 in right.shape:
        raise must(f"B[{layer}]", f"of shape ({left.shape[0]}, n, {left.shape[2]}), none of them 0", right.shape)
    return read_only(left), read_only(right)


def positive(name: str, value: Any) -> Any:
    """A finite number above 0, as it is given."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise must(name, "a real number", value, TypeError)
    if not 0.0 < float(value) < math.inf:
        raise must(name, "a finite number > 0", value)
    return value
