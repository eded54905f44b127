"""Newton-Schulz on the columns that hold most of a momentum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._types import Array, ArrayLike
from lrtheory._validation import below_one, choice, integer
from lrtheory.low_rank_optimizers.optimizers.adamw import Moments
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import Chooser
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import iterated, norm_of
from lrtheory.low_rank_optimizers.theory.orthogonalization import QUINTIC
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["SCALINGS", "Trion"]

#: the factor of a step, for weights with R rows and C columns
SCALINGS = {
    "muon": lambda R, C: math.sqrt(max(1.0, R / C)),
    "rms": lambda R, C: 0.2 * math.sqrt(max(R, C)),
    "spectral": lambda R, C: math.sqrt(R / C),
}


class Trion(Optimizer):
    r"""Muon in r columns of the cosine basis, whose buffer keeps what the other columns hold.

    .. math:: M \leftarrow M + G, \quad S = M Q_I, \quad \Delta W = -\eta\, c\; p^k(S / \|S\|)\, Q_I^T, \quad
        M \leftarrow M - (1 - \mu)\, S\, Q_I^T

    where I are the r columns that hold most of M (see `select_columns`), chosen at every step, and the polynomial p of
    `newton_schulz` acts on singular values. The buffer stays bounded where gradients do (statement DC-7): with the
    largest sums of squares it is at most g q / (1 - q), where q^2 = 1 - (1 - mu^2) r / n and g bounds the norms of all
    gradients. A matrix with fewer rows than columns is treated by its rows.

    Parameters
    ----------
    rank : int
        r, at least 1; the smaller side of the weights where it is above that.
    step_size : float
        Above 0; it may be set between steps.
    momentum : float
        mu in [0, 1): what the buffer keeps of the chosen part.
    n_iter : int
        The number k of Newton-Schulz iterations, at least 0.
    scaling : {"muon", "rms", "spectral"}
        The factor c for weights with R rows and C columns: sqrt(max(1, R/C)), 0.2 sqrt(max(R, C)), which gives entries
        the size of Adam's, or sqrt(R/C).
    beta1, beta2, epsilon_root : float
        Options of `AdamW`, by which weights that are vectors are moved.
    basis : "dct" or array of shape (n, n)
        The cosine basis, or an orthogonal matrix of the size of the smaller side.
    rule : {"l2", "l1"}
        Sums of squares, or of absolute values, as the authors' program has it; the bound of the buffer fails with them.
    method : {"auto", "fft", "gemm"}
        As in `select_columns`.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.

    Raises
    ------
    ValueError
        If an option is out of range, or the basis is not orthogonal.
    TypeError
        If an option is of the wrong kind.

    See Also
    --------
    DCTAdamW : Adam in the same columns.
    Muon : All columns.

    Notes
    -----
    Keeps 4 m n + 4 r bytes in single precision (statement FR-5). Updates do not depend on the units of gradients,
    except for those of vectors, whose root has `epsilon_root`.

    Arrays: any (device)

    References
    ----------
    Modoranu et al., "SVD-Free Low-Rank Adaptive Gradient Optimization for Large Language Models", arXiv 2505.17967.

    Examples
    --------
    >>> optimizer = Trion(1, step_size=1.0)
    >>> (optimizer.step([[3.0, 3.0], [0.0, 0.0]]).update + 0.0).round(4).tolist()
    [[-0.4925, -0.4925], [0.0, 0.0]]
    >>> optimizer.buffer.round(4).tolist(), optimizer.state_bytes
    ([[2.85, 2.85], [0.0, 0.0]], 36)
    """

    def __init__(
        self,
        rank: int,
        *,
        step_size: float,
        momentum: float = 0.95,
        n_iter: int = 5,
        scaling: str = "muon",
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon_root: float = 1e-8,
        basis: str | ArrayLike = "dct",
        rule: str = "l2",
        method: str = "auto",
        weight_decay: float = 0.0,
    ) -> None:
        self._chooser = Chooser(rank, basis, rule, method)
        self._moments = Moments(beta1, beta2, epsilon_root)
        self.momentum = below_one("momentum", momentum)
        self.n_iter = integer("n_iter", n_iter, low=0)
        self.scaling = choice("scaling", scaling, SCALINGS)
        super().__init__(step_size=step_size, weight_decay=weight_decay)

    @property
    def indices(self) -> np.ndarray:
        """The columns that were chosen last; none before the first gradient, and for vectors."""
        return self._chooser.last(self._kept)

    @property
    def buffer(self) -> Array | None:
        """M after the last step; None before the first gradient, and for vectors."""
        return self._shown("buffer")

    def _options(self) -> dict[str, Any]:
        own = {"momentum": self.momentum, "n_iter": self.n_iter, "scaling": self.scaling}
        return self._chooser.options() | self._moments.options() | own

    def _empty(self, layout: Layout) -> Kept:
        if len(layout.shape) == 1:
            return self._moments.empty(layout, layout.shape)
        indices = layout.zeros(self._chooser.kept(layout.shape), integers=True)
        return {"buffer": layout.zeros(*layout.shape), "indices": indices}

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        if gradient.ndim == 1:
            direction, kept = self._moments.advance(xp, gradient, kept, n_steps)
            return Advance(-self.step_size * direction, kept)
        M = kept["buffer"] + gradient
        found = self._chooser.select(layout, M)
        S, Q = found.coefficients, self._chooser.part(layout, found.indices)
        _, ratio, scaled = norm_of(xp, S)
        X = iterated(scaled / ratio, self.n_iter, QUINTIC)
        both = ((X, -self.step_size * SCALINGS[self.scaling](*layout.shape)), (S, self.momentum - 1))
        update, removed = (factor * (Y @ Q.T if found.axis == 1 else Q @ Y) for Y, factor in both)
        made = {"buffer": M + removed, "indices": layout.place(found.indices.astype(np.int32))}
        return Advance(update, made, {"refreshes": n_steps}, found.certificate)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("trion", shape, rank=self._chooser.rank, itemsize=itemsize)
