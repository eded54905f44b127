"""AuON: momentum over a scalar that depends on hyperbolic cosines of its entries."""

from __future__ import annotations

import math
from typing import Any

from lrtheory._validation import below_one, choice, flag, must, real, refuse_unused
from lrtheory.low_rank_optimizers.optimizers.base import LARGEST, Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.optimizers.muon import looked_ahead
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import norm_of
from lrtheory.low_rank_optimizers.theory.orthogonalization import GAMMA, ROOT
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["AuON", "cosh_excess"]

#: entries up to this size have hyperbolic sines whose squares are added in the precision of the gradient
SINGLE = 32.0


class AuON(Optimizer):
    r"""Momentum with Nesterov's look ahead, divided by the root mean square of hyperbolic cosines.

    With G = b m + (1 - b) g, where m is the running mean of gradients, and N entries, the update is

    .. math:: -\eta\, \frac{X}{\sqrt{\frac1N \sum_i \cosh^2 x_i} + 10^{-8}}

    where the text of the paper has X = x = G / (\|G\| + epsilon_norm), and the authors' program has X = G and x = gamma
    G / (\|G\| + epsilon_norm). So the step is a multiple of G: singular vectors and the condition number are those of
    G. In the paper's form its norm is at most eta (statement AU-2). In the released form it is that of gradient descent
    up to a factor that is 1 - 1e-5 or closer to 1 for matrices of size 512 (statement AU-4).

    Parameters
    ----------
    step_size : float
        eta above 0; it may be set between steps.
    gamma : float
        In (0, 300], in the released form alone.
    method : {"paper", "released"}
        Form of the step, that of the paper or of the released program.
    momentum : float
        b in [0, 1).
    nesterov : bool
        Whether the step looks one further ahead, at b m + (1 - b) g; else it takes m.
    epsilon_norm : float
        At least 0, what is added to the norm, in units of the gradient. With 0 units of gradients do not matter.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.

    Raises
    ------
    ValueError
        If an option is out of range, or gamma is given for the paper's form.
    TypeError
        If an option is of the wrong kind.

    Notes
    -----
    Keeps 4 bytes for each weight in single precision. Gradients may have any number of axes. A zero gradient gives a
    zero update. The mean of squared cosines is 1 plus that of squared sines, which loses no digits for small entries.

    Arrays: any (device)

    References
    ----------
    "AuON: A Linear-time Alternative to Semi-Orthogonal Momentum Updates", arXiv 2509.24320, and its program.

    Examples
    --------
    >>> optimizer = AuON(step_size=1.0, momentum=0.0)
    >>> optimizer.step([[3.0, 4.0]]).update.round(4).tolist()
    [[-0.4748, -0.633]]
    """

    _most_axes = None

    def __init__(
        self,
        *,
        step_size: float,
        gamma: float = GAMMA,
        method: str = "paper",
        momentum: float = 0.95,
        nesterov: bool = True,
        epsilon_norm: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        self.method = choice("method", method, ("paper", "released"))
        refuse_unused(method, ("gamma",) if method == "released" else (), gamma=(gamma, GAMMA))
        if not 0 < real("gamma", gamma) <= 300:
            raise must("gamma", "in (0, 300]", gamma)
        self.gamma = float(gamma) if method == "released" else 1.0
        self.momentum = below_one("momentum", momentum)
        self.nesterov = flag("nesterov", nesterov)
        self.epsilon_norm = real("epsilon_norm", epsilon_norm, low=0.0, high=LARGEST)

    def _options(self) -> dict[str, Any]:
        own = {"method": self.method, "gamma": self.gamma, "momentum": self.momentum}
        return own | {"nesterov": self.nesterov, "epsilon_norm": self.epsilon_norm}

    def _empty(self, layout: Layout) -> Kept:
        return {"mean": layout.zeros(*layout.shape)} if self.momentum else {}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        ahead, kept = looked_ahead(gradient, kept, self.momentum, self.nesterov)
        size, ratio, scaled = norm_of(xp, ahead)
        # the largest entry first, since a norm may leave the range of numbers
        unit = scaled / (ratio + self.epsilon_norm / size)
        # squares of hyperbolic sines leave single precision where entries are above 44, and none is above gamma
        x = self.gamma * (unit if self.gamma <= SINGLE else xp.astype(unit, xp.float64))
        below = math.sqrt(1 + cosh_excess(xp, x)) + ROOT
        return Advance(-self.step_size / below * (unit if self.method == "paper" else ahead), kept)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("auon", shape, momentum=self.momentum, itemsize=itemsize)


def cosh_excess(xp: Any, x: Any) -> float:
    """The mean of the squared hyperbolic cosines minus 1, as the mean of squared hyperbolic sines."""
    sines = xp.sinh(x)
    return float(xp.mean(sines * sines))
