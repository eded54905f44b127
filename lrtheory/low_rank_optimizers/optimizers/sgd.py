"""Gradient descent with momentum, as the baseline that keeps one array."""

from __future__ import annotations

from typing import Any

from lrtheory._validation import below_one, choice, flag
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.optimizers.muon import looked_ahead
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["SGD"]


class SGD(Optimizer):
    r"""Gradient descent with the momentum of torch, or with a running mean.

    .. math:: m \leftarrow b\, m + (1 - d)\, g, \qquad \Delta W = -\eta\, m

    with d = 0 for the heavy ball and d = b for the running mean, which starts at 0 and is not divided by 1 - b^t. One
    reset of a running mean loses b (1 - b^T)/(1 - b) steps of travel (statement FR-6).

    Parameters
    ----------
    step_size : float
        Above 0; it may be set between steps.
    momentum : float
        b in [0, 1).
    dampening : {"ema", "none"}
        "ema" is the running mean, "none" the heavy ball, which moves 1/(1 - b) times as far.
    nesterov : bool
        Whether the step looks one further ahead, at b m + (1 - d) g.
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
    Keeps 4 bytes for each weight in single precision, and none where the momentum is 0. Gradients may have any number
    of axes, and their units do not matter: updates carry them.

    Arrays: any (device)

    Examples
    --------
    >>> optimizer = SGD(step_size=0.5, momentum=0.5)
    >>> [optimizer.step([2.0, 4.0]).update.tolist() for _ in range(2)]
    [[-0.5, -1.0], [-0.75, -1.5]]
    >>> optimizer.state_bytes, optimizer.state_formula
    (16, 16)
    """

    _most_axes = None

    def __init__(
        self,
        *,
        step_size: float,
        momentum: float = 0.0,
        dampening: str = "ema",
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        self.momentum = below_one("momentum", momentum)
        self.dampening = choice("dampening", dampening, ("ema", "none"))
        self.nesterov = flag("nesterov", nesterov)

    def _options(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "dampening": self.dampening, "nesterov": self.nesterov}

    def _empty(self, layout: Layout) -> Kept:
        return {"mean": layout.zeros(*layout.shape)} if self.momentum else {}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        dampened = self.dampening == "ema"
        direction, kept = looked_ahead(gradient, kept, self.momentum, self.nesterov, dampened=dampened)
        return Advance(-self.step_size * direction, kept)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("sgd", shape, momentum=self.momentum, itemsize=itemsize)
