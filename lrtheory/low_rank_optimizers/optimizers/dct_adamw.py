"""Adam in few columns of an orthogonal basis, with what was left out carried along if asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice, flag, integer, must
from lrtheory.low_rank_optimizers.columns.basis import Basis, type_name
from lrtheory.low_rank_optimizers.columns.select_columns import METHODS, RULES, Selected, chosen_method, selected
from lrtheory.low_rank_optimizers.optimizers.adamw import Moments
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["Chooser", "DCTAdamW"]


class Chooser:
    """The columns that an optimizer chooses from, and how: the part that methods with a fixed basis share."""

    __slots__ = ("basis", "method", "rank", "rule")

    def __init__(self, rank: Any, basis: Any, rule: Any, method: Any) -> None:
        self.rank = integer("rank", rank, low=1)
        self.basis = Basis(basis)
        if self.basis.is_exact:
            self.basis.matrix = np.asarray(self.basis.matrix, np.float64)
        self.rule, self.method = choice("rule", rule, RULES), choice("method", method, METHODS)
        if self.basis.matrix is not None and method == "fft":
            raise must("method", '"auto" or "gemm" with a basis of its own', method)

    def options(self) -> dict[str, Any]:
        """All options by name."""
        matrix = self.basis.matrix
        basis = "dct" if matrix is None else matrix.tolist()
        return {"rank": self.rank, "basis": basis, "rule": self.rule, "method": self.method}

    def kept(self, shape: tuple[int, ...]) -> int:
        """The number of columns, at most the smaller side."""
        self.basis.check_size(min(shape))
        return min(self.rank, *shape)

    def select(self, layout: Layout, A: Any) -> Selected:
        """The columns that hold most of a matrix."""
        method = chosen_method(A, self.basis, self.method)[0]
        return selected(
            layout.xp, A, self.kept(layout.shape), self.basis, rule=self.rule, method=method, name="gradient"
        )

    def last(self, kept: Kept) -> np.ndarray:
        """A copy of the columns that an optimizer keeps; none where it keeps none."""
        return np.array(to_numpy(kept["indices"])) if "indices" in kept else np.zeros(0, np.int32)

    def part(self, layout: Layout, indices: np.ndarray) -> Any:
        """Q_I beside the gradient."""
        return layout.place(self.basis.part(min(layout.shape), indices, type_name(layout.dtype)))


class DCTAdamW(Optimizer):
    r"""Adam on the coefficients of a gradient in r columns of the cosine basis.

    .. math:: A = G + E, \quad a = A Q_I, \quad E \leftarrow A - a Q_I^T, \quad
        \Delta W = -\eta\, \mathrm{Adam}(a)\, Q_I^T

    where E stays 0 without error feedback. The columns I are those that hold most of A (see `select_columns`); they are
    chosen at steps 1, 1 + refresh_every, 1 + 2 refresh_every, ... The moments of columns that stay move along with
    them, and new columns start at 0 (statement DC-5). A matrix with fewer rows than columns is treated by its rows.

    Parameters
    ----------
    rank : int
        r, at least 1; the smaller side of the weights where it is above that.
    step_size : float
        Above 0; it may be set between steps.
    refresh_every : int
        At least 1: how often columns are chosen. Error feedback has a bounded error with 1 alone (statement DC-6):
        stale columns accumulate without end what they miss.
    error_feedback : bool
        Whether what was left out is added to the next gradient. Then all used parts sum to all gradients, up to the
        error (statement DC-6).
    beta1, beta2, epsilon_root : float
        As in `AdamW`, for coefficients in place of entries.
    basis : "dct" or array of shape (n, n)
        The cosine basis, or an orthogonal matrix of the size of the smaller side.
    rule : {"l2", "l1"}
        Sums of squares, or of absolute values, as the authors' program has it by default.
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
    select_columns : The choice, and what is proved of it.

    Notes
    -----
    Keeps 8 r max(m, n) + 4 r bytes in single precision, and 4 m n more with error feedback: then it keeps more than
    Adam for r above half of the smaller side (statement FR-5). Vectors have the full state of Adam, and so no columns.
    The correction of Adam for its start counts all steps, also for a column that is chosen later, whose first step is
    up to (1 - beta1) / sqrt(1 - beta2) times as long. The authors' program moves moments only on request, and by
    default they stay in their place while the columns change under them.

    Arrays: any (device)

    References
    ----------
    Modoranu et al., "SVD-Free Low-Rank Adaptive Gradient Optimization for Large Language Models", arXiv 2505.17967.

    Examples
    --------
    >>> optimizer = DCTAdamW(1, step_size=0.1, epsilon_root=0.0)
    >>> (optimizer.step([[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]]).update + 0.0).round(4).tolist()
    [[-0.0707, -0.0707], [-0.0707, -0.0707], [0.0, 0.0]]
    >>> optimizer.indices.tolist(), optimizer.state_bytes
    ([0], 52)
    """

    def __init__(
        self,
        rank: int,
        *,
        step_size: float,
        refresh_every: int = 200,
        error_feedback: bool = False,
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
        self.refresh_every = integer("refresh_every", refresh_every, low=1)
        self.error_feedback = flag("error_feedback", error_feedback)
        super().__init__(step_size=step_size, weight_decay=weight_decay)

    @property
    def indices(self) -> np.ndarray:
        """The columns that were chosen last; none before the first gradient, and for vectors."""
        return self._chooser.last(self._kept)

    @property
    def error(self) -> Array | None:
        """The part that the last step left out; None without error feedback, before the first step, for vectors."""
        return self._shown("error")

    def _options(self) -> dict[str, Any]:
        own = {"refresh_every": self.refresh_every, "error_feedback": self.error_feedback}
        return self._chooser.options() | self._moments.options() | own

    def _empty(self, layout: Layout) -> Kept:
        if len(layout.shape) == 1:
            return self._moments.empty(layout, layout.shape)
        r, (m, n) = self._chooser.kept(layout.shape), layout.shape
        kept = self._moments.empty(layout, (m, r) if n <= m else (r, n))
        kept["indices"] = layout.zeros(r, integers=True)
        return kept | ({"error": layout.zeros(m, n)} if self.error_feedback else {})

    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        xp = layout.xp
        if gradient.ndim == 1:
            direction, kept = self._moments.advance(xp, gradient, kept, n_steps)
            return Advance(-self.step_size * direction, kept)
        # what the columns could not hold is not lost, and comes with the next gradient
        A = gradient + kept["error"] if self.error_feedback else gradient
        axis = int(layout.shape[1] <= layout.shape[0])
        old, certificate = np.asarray(to_numpy(kept["indices"])), None
        refreshed = (n_steps - 1) % self.refresh_every == 0
        if refreshed:
            found = self._chooser.select(layout, A)
            new, a, certificate = found.indices, found.coefficients, found.certificate
            Q = self._chooser.part(layout, new)
            moments = {name: moved(layout, kept[name], old, new, axis) for name in ("mean", "square")}
        else:
            new, moments = old, {name: kept[name] for name in ("mean", "square")}
            Q = self._chooser.part(layout, old)
            a = A @ Q if axis == 1 else Q.T @ A
        direction, moments = self._moments.advance(xp, a, moments, n_steps)
        made = {**moments, "indices": layout.place(new.astype(np.int32))}
        if self.error_feedback:
            made["error"] = A - (a @ Q.T if axis == 1 else Q @ a)
        update = direction @ Q.T if axis == 1 else Q @ direction
        counts = {"refreshes": 1 + (n_steps - 1) // self.refresh_every}
        message = "columns are proved good where they are chosen; these were chosen earlier"
        return Advance(-self.step_size * update, made, counts, certificate, message)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        rank, feedback = self._chooser.rank, self.error_feedback
        return state_bytes("dct_adamw", shape, rank=rank, error_feedback=feedback, itemsize=itemsize)


def moved(layout: Layout, moments: Any, old: np.ndarray, new: np.ndarray, axis: int) -> Any:
    """Moments in the places of their columns in a new selection, 0 for columns that are new."""
    if np.array_equal(old, new):
        return moments
    xp = layout.xp
    place = np.searchsorted(old, new)  # both increase
    place[place == len(old)] = 0
    stays = old[place] == new
    taken = xp.take(moments, layout.place(place), axis=axis)
    mask = layout.place(stays.reshape((1, -1) if axis == 1 else (-1, 1)))
    return xp.where(mask, taken, xp.zeros_like(taken))
