"""Adam in the leading singular directions of a gradient, which needs a decomposition."""

from __future__ import annotations

from typing import Any

from lrtheory._validation import integer
from lrtheory.low_rank_optimizers.optimizers.adamw import Moments
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["GaLore"]


class GaLore(Optimizer):
    r"""Adam on a gradient that is projected to its r leading singular directions, found anew from time to time.

    .. math:: a = G V_r, \qquad \Delta W = -\eta\, \mathrm{Adam}(a)\, V_r^T

    where V_r are the leading right singular vectors of the gradient at steps 1, 1 + refresh_every, ... A matrix with
    fewer rows than columns is projected by its left ones. Moments stay where they are when the directions change, as in
    the authors' program, and then belong to other directions. Here the entry of the largest absolute value of a
    direction is positive; in their program the decomposition decides its sign.

    Parameters
    ----------
    rank : int
        r, at least 1; the smaller side of the weights where it is above that.
    step_size : float
        Above 0; it may be set between steps. The authors' factor ``scale`` is a part of it.
    refresh_every : int
        At least 1: how often directions are found.
    beta1, beta2, epsilon_root : float
        As in `AdamW`, for coefficients in place of entries.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If an option is of the wrong kind.

    See Also
    --------
    DCTAdamW : The same in columns of a fixed basis, without a decomposition.

    Notes
    -----
    Keeps 8 r max(m, n) + 4 r min(m, n) bytes in single precision (statement FR-5). Vectors have the full state of Adam.

    Arrays: any (device)

    References
    ----------
    Zhao et al., "GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection", ICML 2024, arXiv 2403.03507.

    Examples
    --------
    >>> optimizer = GaLore(1, step_size=0.1, epsilon_root=0.0)
    >>> (optimizer.step([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]]).update + 0.0).round(4).tolist()
    [[-0.1, 0.0], [0.0, 0.0], [0.0, 0.0]]
    >>> optimizer.state_bytes
    64
    """

    def __init__(
        self,
        rank: int,
        *,
        step_size: float,
        refresh_every: int = 200,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon_root: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.rank = integer("rank", rank, low=1)
        self.refresh_every = integer("refresh_every", refresh_every, low=1)
        self._moments = Moments(beta1, beta2, epsilon_root)
        super().__init__(step_size=step_size, weight_decay=weight_decay)

    def _options(self) -> dict[str, Any]:
        return {"rank": self.rank, "refresh_every": self.refresh_every, **self._moments.options()}

    def _empty(self, layout: Layout) -> Kept:
        if len(layout.shape) == 1:
            return self._moments.empty(layout, layout.shape)
        (m, n), r = layout.shape, min(self.rank, *layout.shape)
        kept = self._moments.empty(layout, (m, r) if n <= m else (r, n))
        return kept | {"directions": layout.zeros(min(m, n), r)}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        if gradient.ndim == 1:
            direction, kept = self._moments.advance(xp, gradient, kept, n_steps)
            return Advance(-self.step_size * direction, kept)
        by_columns = layout.shape[1] <= layout.shape[0]
        V = kept["directions"]
        if (n_steps - 1) % self.refresh_every == 0:
            left, _, right = xp.linalg.svd(gradient, full_matrices=False)
            r = int(V.shape[1])
            V = right[:r, :].T if by_columns else left[:, :r]
            ones = xp.ones_like(V[:1, :])
            V = V * xp.where(xp.max(V, axis=0) >= -xp.min(V, axis=0), ones, -ones)  # and a copy: the rest is not kept
        a = gradient @ V if by_columns else V.T @ gradient
        moments = {name: kept[name] for name in ("mean", "square")}
        direction, moments = self._moments.advance(xp, a, moments, n_steps)
        update = direction @ V.T if by_columns else V @ direction
        counts = {"refreshes": 1 + (n_steps - 1) // self.refresh_every}
        return Advance(-self.step_size * update, {**moments, "directions": V}, counts)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("galore", shape, rank=self.rank, itemsize=itemsize)
