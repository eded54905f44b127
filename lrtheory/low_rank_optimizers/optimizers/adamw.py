"""Adam with decoupled decay of the weights, as the baseline that keeps two arrays."""

from __future__ import annotations

import math
from typing import Any

from lrtheory._validation import below_one, must, real
from lrtheory.low_rank_optimizers.optimizers.base import LARGEST, Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["AdamW", "Moments"]


class Moments:
    """Running means of a gradient and of its square, which Adam turns into a step; also in chosen columns."""

    __slots__ = ("beta1", "beta2", "epsilon_root")

    def __init__(self, beta1: Any, beta2: Any, epsilon_root: Any) -> None:
        self.beta1 = below_one("beta1", beta1)
        self.beta2 = below_one("beta2", beta2, zero=False)
        self.epsilon_root = real("epsilon_root", epsilon_root, low=0.0, high=LARGEST)

    def options(self) -> dict[str, Any]:
        """All parameters by name."""
        return {"beta1": self.beta1, "beta2": self.beta2, "epsilon_root": self.epsilon_root}

    def empty(self, layout: Layout, shape: tuple[int, ...]) -> Kept:
        """Both means before the first step."""
        return {"mean": layout.zeros(*shape), "square": layout.zeros(*shape)}

    def advance(self, xp: Any, gradient: Any, kept: Kept, n_steps: int) -> tuple[Any, Kept]:
        """The direction m^/(sqrt v^ + epsilon_root), with 0 for 0/0, and both means after `n_steps` steps."""
        b1, b2 = self.beta1, self.beta2
        # assignments go into arrays that were made here, as fewer arrays take less time
        mean = b1 * kept["mean"]
        mean += (1 - b1) * gradient
        square = gradient * gradient
        square *= 1 - b2
        square += b2 * kept["square"]
        self._check_squares(xp, gradient, square)
        below = xp.sqrt(square / (1 - b2**n_steps))
        below += self.epsilon_root
        if not bool(xp.all(below > 0)):
            below = xp.where(below > 0, below, xp.ones_like(below))
        direction = mean / (1 - b1**n_steps)
        direction /= below
        return direction, {"mean": mean, "square": square}

    def _check_squares(self, xp: Any, gradient: Any, square: Any) -> None:
        """Refuse gradients whose squares are all lost below the range of their type, where the root needs them."""
        numbers = xp.finfo(gradient.dtype)
        least = float(numbers.smallest_normal)
        if self.epsilon_root * float(numbers.eps) >= math.sqrt(least):  # beside this they are rounding
            return
        if 0 in square.shape:  # a split may keep no coordinate
            return
        if float(xp.max(square)) < least and bool(xp.any(gradient != 0)):
            size = float(xp.max(xp.abs(gradient)))
            raise must("gradient", "so large that its squares are in the range of its type", size)


class AdamW(Optimizer):
    r"""Adam: running means of the gradient and of its square, and weights that decay apart from them.

    .. math:: m \leftarrow b_1 m + (1 - b_1) g, \quad v \leftarrow b_2 v + (1 - b_2) g^2, \quad
        \Delta W = -\eta \frac{m / (1 - b_1^t)}{\sqrt{v / (1 - b_2^t)} + \epsilon} - \eta \lambda W

    Parameters
    ----------
    step_size : float
        Above 0; it may be set between steps.
    beta1, beta2 : float
        In [0, 1) and (0, 1): weights of earlier gradients in the two means.
    epsilon_root : float
        At least 0, what is added to the root, in units of the gradient. The usual 1e-8 makes steps for gradients far
        below it vanish; with 0 the units of gradients do not matter, and entries that were always 0 stay where they
        are. So do entries whose squares are 0 in the type of the gradient; if these are all, the gradient is refused.
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
    Keeps 8 bytes for each weight in single precision. Gradients may have any number of axes. Steps in single precision
    are refused above 1e19, where squares leave the range, and squares of gradients below 1e-23 are rounded to 0.

    Arrays: any (device)

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015. Loshchilov and Hutter, "Decoupled weight
    decay regularization", ICLR 2019.

    Examples
    --------
    >>> optimizer = AdamW(step_size=0.1, epsilon_root=0.0)
    >>> [round(float(optimizer.step([g]).update[0]), 4) for g in (1e-12, -1e-12)]
    [-0.1, 0.0053]
    """

    _most_axes = None

    def __init__(
        self,
        *,
        step_size: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon_root: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        self._moments = Moments(beta1, beta2, epsilon_root)

    def _options(self) -> dict[str, Any]:
        return self._moments.options()

    def _empty(self, layout: Layout) -> Kept:
        return self._moments.empty(layout, layout.shape)

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        direction, kept = self._moments.advance(layout.xp, gradient, kept, n_steps)
        return Advance(-self.step_size * direction, kept)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("adamw", shape, itemsize=itemsize)
