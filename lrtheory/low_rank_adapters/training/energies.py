"""The energies of a gradient that two factors can follow, for each way to train them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrtheory._array import arrays
from lrtheory._kernels.units import true_value
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.arrays import transposed
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.training.inverses import energy, inverse_of, unit_of

__all__ = ["Energies", "captured_energies", "energies_of", "outer_factors"]

#: the energies of a gradient, by their fields
NAMES = ("xs", "a_step", "b_step", "tangent", "total")


@result
class Energies(Result):
    r"""The energies, which are squared Frobenius norms, of a gradient G within what steps of two factors reach.

    P_B projects onto the columns of B and P_A onto the rows of A.

    Attributes
    ----------
    xs : float
        \|P_B G P_A\|^2: what a small matrix between frozen factors follows, as LoRA-XS trains it.
    a_step : float
        \|P_B G\|^2: what a step of A alone follows.
    b_step : float
        \|G P_A\|^2: what a step of B alone follows.
    tangent : float
        a_step + b_step - xs: what steps of both follow.
    total : float
        \|G\|^2.
    ranks : pair of int
        The numerical ranks of B and A.
    shares : mapping of str to float
        The energies over the total, by their names; these are numbers where squares leave the range of doubles. 0 for
        the gradient 0.
    """

    xs: float
    a_step: float
    b_step: float
    tangent: float
    total: float
    ranks: tuple[int, int]
    shares: Mapping[str, float]

    def _columns(self) -> dict[str, Any]:
        names = list(self.shares)
        return {"part": names, "share": [*self.shares.values()], "energy": [getattr(self, name) for name in names]}


@arrays("device")
def captured_energies(adapter: Adapter, gradient: ArrayLike) -> Energies:
    r"""Measure how much of a gradient the factors of an adapter let each kind of training follow.

    Parameters
    ----------
    adapter : Adapter
        Adapter of the kind "lora", "lora-fa" or "lora-xs"; its outer factors B and A count, and the matrix between them
        does not.
    gradient : array of shape (d_out, d_in)
        The gradient of a loss in the merged weight.

    Returns
    -------
    Energies
        xs <= min(a_step, b_step) <= max(a_step, b_step) <= tangent <= total, and tangent = a_step + b_step - xs
        (statement SB-5). Squares outside of the range of doubles are infinite or 0.

    Raises
    ------
    ValueError
        If the adapter is of another kind, the shape is another one, or an entry is not finite.
    TypeError
        If the first argument is not an adapter.

    Notes
    -----
    Projectors come from QR factorizations with a decision on the rank: singular values of at most max(d, r) eps times
    the largest one count as 0. Squares are summed in double precision.

    Arrays: any (device)

    Examples
    --------
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> found = captured_energies(lora([[1.0], [0.0]], [[1.0, 0.0]]), [[1.0, 2.0], [3.0, 4.0]])
    >>> found.xs, found.a_step, found.b_step, found.tangent, found.total
    (1.0, 5.0, 10.0, 14.0, 30.0)
    """
    B, A = outer_factors(adapter)
    G = adapter._matrix("gradient", gradient, adapter.shape)
    unit = unit_of(G)
    found, ranks = energies_of(G * 2.0**-unit, B, A)
    energies = {name: true_value(part, 2 * unit) for name, part in zip(NAMES, found, strict=True)}
    parts = {name: part / found[-1] if found[-1] > 0 else 0.0 for name, part in zip(NAMES, found, strict=True)}
    return Energies(**energies, ranks=ranks, shares=parts)


def energies_of(G: Any, B: Any, A: Any) -> tuple[tuple[float, ...], tuple[int, int]]:
    """The five energies of a matrix with entries of size 1, and the ranks of the factors."""
    left, right = inverse_of(B), inverse_of(transposed(A))
    rows, columns = transposed(left.basis) @ G, G @ right.basis
    both = rows @ right.basis
    xs, a_step, b_step, total = energy(both), energy(rows), energy(columns), energy(G)
    # G P_A - P_B G P_A is summed itself, since a difference of energies can be negative by rounding
    rest = energy(columns - left.basis @ both)
    return (min(xs, a_step, b_step), a_step, b_step, a_step + rest, total), (left.rank, right.rank)


def outer_factors(adapter: Adapter) -> tuple[Any, Any]:
    """The factors B and A on the outside of an adapter of one of the kinds of LoRA."""
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an Adapter", adapter, TypeError)
    if adapter.kind not in ("lora", "lora-fa", "lora-xs"):
        raise must("adapter", 'of the kind "lora", "lora-fa" or "lora-xs"', adapter.kind)
    arrays = {**adapter.params, **adapter.frozen}
    return arrays["B"], arrays["A"]
