"""Muon: momentum whose singular values are pushed towards 1."""

from __future__ import annotations

import math
from typing import Any

from lrtheory._validation import below_one, flag, integer
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import iterated, norm_of
from lrtheory.low_rank_optimizers.theory.orthogonalization import QUINTIC
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["Muon", "looked_ahead"]


class Muon(Optimizer):
    r"""Momentum with nearly equal singular values, by Newton-Schulz iterations with a quintic.

    .. math:: m \leftarrow b\, m + (1 - b)\, g, \qquad \Delta W = -\eta \sqrt{\max(1, R / C)}\;
        p^k\!\left(\frac{b\, m + (1 - b)\, g}{\|b\, m + (1 - b)\, g\|}\right)

    for weights with R rows and C columns, where the polynomial p acts on singular values (statement AU-3). A vector is
    taken as a matrix of one row. See `newton_schulz` and `spectral_image`.

    Parameters
    ----------
    step_size : float
        Above 0; it may be set between steps.
    momentum : float
        b in [0, 1).
    n_iter : int
        The number k of iterations, at least 0.
    nesterov : bool
        Whether the step looks one further ahead, at b m + (1 - b) g; else it takes m.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If an option is of the wrong kind.

    Notes
    -----
    Keeps 4 bytes for each weight in single precision. Updates do not depend on the units of gradients.

    Arrays: any (device)

    References
    ----------
    Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks", 2024.

    Examples
    --------
    >>> optimizer = Muon(step_size=1.0)
    >>> optimizer.step([[3.0, 4.0]]).update.round(4).tolist()
    [[-0.4179, -0.5571]]
    """

    def __init__(
        self,
        *,
        step_size: float,
        momentum: float = 0.95,
        n_iter: int = 5,
        nesterov: bool = True,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        self.momentum = below_one("momentum", momentum)
        self.n_iter = integer("n_iter", n_iter, low=0)
        self.nesterov = flag("nesterov", nesterov)

    def _options(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "n_iter": self.n_iter, "nesterov": self.nesterov}

    def _empty(self, layout: Layout) -> Kept:
        return {"mean": layout.zeros(*layout.shape)} if self.momentum else {}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        ahead, kept = looked_ahead(gradient, kept, self.momentum, self.nesterov)
        _, ratio, scaled = norm_of(xp, ahead)
        X = xp.reshape(scaled / ratio, (-1, layout.shape[-1]))
        factor = -self.step_size * math.sqrt(max(1.0, X.shape[0] / X.shape[1]))
        return Advance(factor * xp.reshape(iterated(X, self.n_iter, QUINTIC), layout.shape), kept)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("muon", shape, momentum=self.momentum, itemsize=itemsize)


def looked_ahead(
    gradient: Any, kept: Kept, momentum: float, nesterov: bool, *, dampened: bool = True
) -> tuple[Any, Kept]:
    """The running mean after a gradient, or the decayed sum, one further ahead by Nesterov, and what is kept of it."""
    if not momentum:
        return gradient, {}
    new = gradient * (1 - momentum) if dampened else gradient
    mean = momentum * kept["mean"] + new
    return momentum * mean + new if nesterov else mean, {"mean": mean}
