"""FRUGAL: Adam on some columns, rows or entries, and a step without state on the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._types import Rng
from lrtheory._validation import choice, generator, integer, must, real, state_entry
from lrtheory.low_rank_optimizers.optimizers.adamw import Moments
from lrtheory.low_rank_optimizers.optimizers.base import LARGEST, Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.theory.splitting import chosen_parts, state_bytes

__all__ = ["Frugal"]

AXES = {"columns": 1, "rows": 0, "entries": 0}


class Frugal(Optimizer):
    r"""Adam on a share of the coordinates, which is drawn anew from time to time, and signs on all others.

    .. math:: \Delta W = -\eta\, \mathrm{Adam}(P g) - \eta\, \rho\; \mathrm{rest}(g - P^\top P g)

    At steps 1, 1 + T, 1 + 2 T, ... with T = refresh_every, P chooses random columns, rows or entries, both moments
    start at 0, and the bias correction of Adam counts from there.

    Parameters
    ----------
    density : float
        In [0, 1], the share of the columns, rows or entries that have moments; rounded to the nearest number of them, a
        half upwards. 1 is `AdamW` with resets, and 0 is the step on the rest alone (statement FR-1).
    step_size : float
        eta above 0; it may be set between steps.
    refresh_every : int
        T at least 1.
    rest : {"sign", "identity"}
        Direction of the step on the coordinates that were not chosen: the signs of their gradients, or the gradients.
    rest_scale : float
        rho at least 0: the step size of the rest over that of Adam.
    kind : {"columns", "rows", "entries"}
        Parts of the gradient among which P chooses.
    beta1, beta2, epsilon_root : float
        As in `AdamW`.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.
    rng : None, int, SeedSequence or Generator
        Source of the random choices. They depend on it and on the number of the choice alone, and return after `reset`.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If an option is of the wrong kind.

    Notes
    -----
    Keeps 8 bytes for each chosen weight in single precision, and 4 for the index of each chosen part. For a vector it
    is `AdamW`, without choices and resets. Indices are kept on the device, and are copied to the host in each step.

    Arrays: any (device)

    References
    ----------
    Zmushko et al., "FRUGAL: Memory-Efficient Optimization by Reducing State Overhead for Scalable Training", ICML 2025,
    arXiv 2411.07837.

    Examples
    --------
    >>> optimizer = Frugal(0.5, step_size=0.1, rest="identity", epsilon_root=0.0, rng=0)
    >>> optimizer.step([[3.0, 5.0], [-3.0, 5.0]]).update.round(12).tolist()
    [[-0.3, -0.1], [0.3, -0.1]]
    """

    def __init__(
        self,
        density: float,
        *,
        step_size: float,
        refresh_every: int = 200,
        rest: str = "sign",
        rest_scale: float = 1.0,
        kind: str = "columns",
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon_root: float = 1e-8,
        weight_decay: float = 0.0,
        rng: Rng = None,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        if not 0 <= real("density", density) <= 1:
            raise must("density", "in [0, 1]", density)
        self.density = float(density)
        self.refresh_every = integer("refresh_every", refresh_every, low=1)
        self.rest = choice("rest", rest, ("sign", "identity"))
        self.rest_scale = real("rest_scale", rest_scale, low=0.0, high=LARGEST)
        self.kind = choice("kind", kind, tuple(AXES))
        self._moments = Moments(beta1, beta2, epsilon_root)
        self._seed = int(generator(rng).integers(2**63))

    def _learned(self) -> dict[str, Any]:
        return super()._learned() | {"seed": self._seed}

    def _restore(self, state: Mapping[str, Any]) -> None:
        value = state_entry(state, "seed")
        seed = integer("state['seed']", value.item() if isinstance(value, np.ndarray) else value, low=0)
        super()._restore(state)
        self._seed = seed

    def _options(self) -> dict[str, Any]:
        own = {"density": self.density, "refresh_every": self.refresh_every, "rest": self.rest}
        return own | {"rest_scale": self.rest_scale, "kind": self.kind} | self._moments.options()

    def _empty(self, layout: Layout) -> Kept:
        if len(layout.shape) == 1:
            return self._moments.empty(layout, layout.shape)
        chosen, shape = self._n_chosen(layout.shape), list(self._viewed(layout.shape))
        shape[AXES[self.kind]] = chosen
        return {"indices": layout.zeros(chosen, integers=True), **self._moments.empty(layout, tuple(shape))}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        if gradient.ndim == 1:
            direction, kept = self._moments.advance(xp, gradient, kept, n_steps)
            return Advance(-self.step_size * direction, kept)
        splits, since = divmod(n_steps - 1, self.refresh_every)
        if since == 0:
            kept = self._empty(layout) | {"indices": layout.place(self._chosen(splits, layout.shape))}
        g = xp.reshape(gradient, self._viewed(layout.shape))
        axis = AXES[self.kind]
        picked = xp.take(g, kept["indices"], axis=axis)
        moved, moments = self._moments.advance(xp, picked, kept, since + 1)
        left = self.rest_scale * (xp.sign(g) if self.rest == "sign" else g)
        direction = _placed(layout, moved, np.asarray(to_numpy(kept["indices"])), left, axis)
        update = -self.step_size * xp.reshape(direction, layout.shape)
        return Advance(update, {"indices": kept["indices"], **moments}, {"refreshes": splits + 1})

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("frugal", shape, density=self.density, kind=self.kind, itemsize=itemsize)

    def _viewed(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape in which parts are chosen along one axis."""
        return (math.prod(shape),) if self.kind == "entries" else shape

    def _n_parts(self, shape: tuple[int, ...]) -> int:
        return self._viewed(shape)[AXES[self.kind]]

    def _n_chosen(self, shape: tuple[int, ...]) -> int:
        return chosen_parts(self.density, self._n_parts(shape))

    def _chosen(self, splits: int, shape: tuple[int, ...]) -> np.ndarray:
        """The chosen parts in rising order, from the seed and the number of the choice alone."""
        chance = np.random.default_rng([self._seed, splits])
        chosen = chance.choice(self._n_parts(shape), self._n_chosen(shape), replace=False)
        return np.sort(chosen).astype(np.int32)


def _placed(layout: Layout, moved: Any, indices: np.ndarray, left: Any, axis: int) -> Any:
    """The moved parts at their indices, and the others as they are."""
    xp = layout.xp
    n = left.shape[axis]
    places = np.full(n, len(indices), np.int32)  # what is not chosen points behind the moved parts
    places[indices] = np.arange(len(indices), dtype=np.int32)
    one = xp.take(left, layout.place(np.zeros(1, np.int32)), axis=axis)
    spread = xp.take(xp.concat([moved, one], axis=axis), layout.place(places), axis=axis)
    shape = [1] * left.ndim
    shape[axis] = n
    return xp.where(xp.reshape(layout.place(places < len(indices)), tuple(shape)), spread, left)
