r"""The inputs on which a head is fine-tuned, and makers of them.

.. math:: \mathrm{Loss} = \tfrac12 \| f X_V W_V - Y \|_F^2, \qquad f = \mathrm{softmax}(\beta X_Q W_Q W_K^\top X_K^\top)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lrtheory._array import real_array
from lrtheory._numbers import number
from lrtheory._types import Array, ArrayLike, Number, Rng
from lrtheory._validation import Words, generator, integer, must, real
from lrtheory.lora_limits.head import PROJECTIONS, LoRAHead, device_of, fresh_adapter, one_library
from lrtheory.lora_limits.solving.inputs import Inputs, Mask, read_inputs

__all__ = ["PROJECTIONS", "AttentionProblem", "LoRAHead", "make_outliers", "make_uniform"]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class AttentionProblem:
    """A head and the data of one gradient.

    Parameters
    ----------
    head : LoRAHead
        The head.
    XQ : array of shape (L_Q, d_in) or (batch, L_Q, d_in)
        Inputs of the queries.
    Y : array of shape (L_Q, d_value) or (batch, L_Q, d_value)
        Targets, the outputs that the head should have.
    XK, XV : arrays of shape (L_K, d_in) or (batch, L_K, d_in), or None
        Inputs of keys and values; None takes XQ for XK, and XK for XV.
    mask : None, "causal", or lengths
        As in `lora_gradients`.
    names : tuple of str or None
        Names of the rows, which no function reads.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or `lora_gradients` does not know the mask.
    TypeError
        If `head` is not a LoRAHead, an input is not an array of real numbers, or inputs are of several libraries.

    Examples
    --------
    >>> make_uniform(8, 2, rng=0).XQ.shape
    (8, 2)
    """

    head: LoRAHead
    XQ: Array
    Y: Array
    XK: Array | None = field(default=None, kw_only=True)
    XV: Array | None = field(default=None, kw_only=True)
    mask: Mask = field(default=None, kw_only=True)
    names: tuple[str, ...] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.head, LoRAHead):
            raise must("head", "a LoRAHead", self.head, TypeError)
        given = {name: getattr(self, name) for name in ("XQ", "Y", "XK", "XV")}
        xp, device = one_library(**given), device_of(*given.values())
        for name, value in given.items():
            if value is not None or name in ("XQ", "Y"):
                object.__setattr__(self, name, real_array(xp, name, value, device=device))
        read_inputs(self.head, self.XQ, self.Y, self.XK, self.XV, self.mask)

    def __repr__(self) -> str:
        shapes = [(name, getattr(self, name)) for name in ("XQ", "Y", "XK", "XV")]
        arrays = ", ".join(f"{name}={tuple(value.shape)}" for name, value in shapes if value is not None)
        if self.mask is None or isinstance(self.mask, str):
            return f"AttentionProblem(head={self.head!r}, {arrays}, mask={self.mask!r})"
        return f"AttentionProblem(head={self.head!r}, {arrays}, mask=<lengths>)"


def inputs_of(
    head: LoRAHead | AttentionProblem,
    XQ: ArrayLike | None,
    Y: ArrayLike | None,
    XK: ArrayLike | None,
    XV: ArrayLike | None,
    mask: Mask,
) -> Inputs:
    """Check the inputs of a call, given as a head and its arrays or as an AttentionProblem that holds them."""
    if isinstance(head, AttentionProblem):
        if any(value is not None for value in (XQ, Y, XK, XV, mask)):
            raise must(
                "XQ, Y, XK, XV, mask", "left out beside an AttentionProblem, which holds them", Words("some of them")
            )
        return read_inputs(head.head, head.XQ, head.Y, head.XK, head.XV, head.mask)
    return read_inputs(head, XQ, Y, XK, XV, mask)


def make_uniform(
    n_tokens: int,
    d: int,
    *,
    bound: Number = 1.0,
    beta: float | None = None,
    rank: int | None = None,
    rng: Rng = None,
) -> AttentionProblem:
    """Queries and keys uniform in a cube, Gaussian values: the instance on which degrees are measured.

    Parameters
    ----------
    n_tokens, d : int
        Number of tokens L, and of coordinates.
    bound : float
        Entries of queries and keys lie in [-bound, bound]; the difficulty.
    beta : float or None
        Inverse temperature; None takes 1 / d.
    rank : int or None
        Rank of the adapters of "Q" and "V", which start with B = 0; None takes 2, and 1 where there is one coordinate.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    AttentionProblem
        Three identity weights; values and targets are Gaussian.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> problem = make_uniform(16, 4, bound=0.5, rng=0)
    >>> bool(abs(problem.XK).max() <= 0.5)
    True
    """
    L, d, draws = integer("n_tokens", n_tokens, low=1), integer("d", d, low=1), generator(rng)
    size = float(number("bound", bound, 0, 1e100, ends="()"))
    rank = min(2, d) if rank is None else integer("rank", rank, low=1, high=d)
    pairs = {projection: fresh_adapter(np.eye(d), rank, draws) for projection in ("Q", "V")}
    head = LoRAHead(np.eye(d), np.eye(d), np.eye(d), adapters=pairs, alpha=rank, beta=1 / d if beta is None else beta)
    XQ, XK = draws.uniform(-size, size, size=(2, L, d))
    XV, Y = draws.normal(size=(2, L, d))
    return AttentionProblem(head, XQ, Y, XK=XK, XV=XV)


def make_outliers(
    n_tokens: int,
    d: int,
    *,
    n_outliers: int = 1,
    factor: float = 10.0,
    bound: Number = 0.5,
    rng: Rng = None,
) -> AttentionProblem:
    """Small tokens and a few large ones, as real activations have them: the largest logit is that of the few.

    Parameters
    ----------
    n_tokens, d : int
        Number of tokens L, and of coordinates.
    n_outliers : int
        Number of keys that are large, at most `n_tokens`.
    factor : float
        Factor by which they are multiplied, at least 1.
    bound : float
        Entries of the others lie in [-bound, bound].
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    AttentionProblem
        As `make_uniform`, with some rows of XK multiplied by the factor.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> problem = make_outliers(64, 4, n_outliers=2, rng=0)
    >>> int((abs(problem.XK).max(axis=1) > 0.5).sum())
    2
    """
    draws = generator(rng)
    problem = make_uniform(n_tokens, d, bound=bound, rng=draws)
    few = integer("n_outliers", n_outliers, low=0, high=n_tokens)
    XK = np.array(problem.XK)
    XK[draws.choice(n_tokens, size=few, replace=False)] *= real("factor", factor, low=1, high=1e100)
    return AttentionProblem(problem.head, problem.XQ, problem.Y, XK=XK, XV=problem.XV)
