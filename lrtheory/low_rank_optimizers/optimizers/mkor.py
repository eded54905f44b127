"""MKOR: gradients times inverses of two factors of curvature, each updated by one vector a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import beside_jax, is_foreign, real_array
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, flag, must, open_interval, real
from lrtheory.low_rank_optimizers.optimizers.base import Advance, Kept, Layout, Optimizer, Step
from lrtheory.low_rank_optimizers.optimizers.curvature import METHODS, stabilized, updated
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import norm_of
from lrtheory.low_rank_optimizers.theory.splitting import state_bytes

__all__ = ["MKOR", "preconditioned"]


class MKOR(Optimizer):
    r"""Gradients between two inverses of curvature, X_L and X_R, at the norm that the gradient has.

    .. math:: \Delta W = -\eta\, \frac{\|G\|}{\|P\|}\, P, \qquad P = X_L\, G\, X_R

    A step first updates X_R by the mean activation of the batch, and X_L by the mean gradient at the outputs, by
    `update_curvature`. Both start at the identity. Where both are positive definite, P is a direction of descent
    (statements MK-4, MK-5).

    Parameters
    ----------
    step_size : float
        eta above 0; it may be set between steps.
    decay : float
        In (0, 1): what is kept of the old factors.
    method : {"exact", "published", "released"}
        Formula of `update_curvature`; that of the first author's thesis, "published", does not give an inverse
        (statement MK-1).
    stabilizer : float
        zeta in (0, 1]: after its update, X becomes zeta X + (1 - zeta) I, which lowers its condition (statement MK-6).
    normalize : bool
        Whether the two mean vectors are divided by their norms, so that neither the units of activations nor those of
        the loss matter. Else they are measured against the identity, at which factors start.
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
    Keeps 4 (m^2 + n^2) bytes in single precision. A vector is taken by plain gradient descent, without any state.
    Directions that no vector excites grow like decay^-t in the exact form (statement MK-8), until rounding makes X
    indefinite. A factorization of Cholesky looks at this in each step, and such an X starts again at the identity;
    ``counts`` says how many did, in ``restarts``. Vectors far longer than 1e8 (in single precision, 1e4) do the same in
    one step, unless they are normalized. A stabilizer below the decay avoids the growth.

    Arrays: any (device)

    References
    ----------
    Mozaffari et al., "MKOR: Momentum-Enabled Kronecker-Factor-Based Optimizer Using Rank-1 Updates", NeurIPS 2023,
    arXiv 2306.01685.

    Examples
    --------
    The activation is (2, 0), so that steps in the first column are damped.

    >>> optimizer = MKOR(step_size=1.0, decay=0.5)
    >>> step = optimizer.step([[1.0, 1.0]], activation=[2.0, 0.0], output_gradient=[1.0])
    >>> step.update.round(4).tolist()
    [[-0.2774, -1.3868]]
    """

    def __init__(
        self,
        *,
        step_size: float,
        decay: float = 0.95,
        method: str = "exact",
        stabilizer: float = 1.0,
        normalize: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(step_size=step_size, weight_decay=weight_decay)
        self.decay = open_interval("decay", decay, 0, 1)
        self.method = choice("method", method, METHODS)
        if not 0 < real("stabilizer", stabilizer) <= 1:
            raise must("stabilizer", "in (0, 1]", stabilizer)
        self.stabilizer = float(stabilizer)
        self.normalize = flag("normalize", normalize)

    @beside_jax
    def step(
        self,
        gradient: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        activation: ArrayLike | None = None,
        output_gradient: ArrayLike | None = None,
    ) -> Step:
        """Take one step; a rejected gradient changes nothing.

        Parameters
        ----------
        gradient : array of shape (m, n) or (m,)
            Gradient of the loss in the weights, which map n inputs to m outputs; the first one fixes shape, type and
            kind of array for all later ones.
        weights : array or None
            The weights, in the shape of the gradient; they are needed where `weight_decay` is above 0, and stay as they
            are.
        activation : array of shape (n,) or (batch, n)
            The inputs of the layer, or their mean over the batch; needed where the gradient is a matrix, and left out
            where it is a vector.
        output_gradient : array of shape (m,) or (batch, m)
            The gradients at its outputs, or their mean; needed and left out likewise.

        Returns
        -------
        Step
            The update, which the caller adds to the weights, and counts.

        Raises
        ------
        ValueError
            If an entry is not finite, a shape or type is another one, something is missing or does not belong to a
            vector, or the step would leave the range of numbers.
        TypeError
            If the entries are not real numbers.
        """
        return self._taken(gradient, weights, activation=activation, output_gradient=output_gradient)

    def _options(self) -> dict[str, Any]:
        own = {"decay": self.decay, "method": self.method, "stabilizer": self.stabilizer}
        return own | {"normalize": self.normalize}

    def _empty(self, layout: Layout) -> Kept:
        if len(layout.shape) == 1:
            return {}
        return {name: _identity(layout, size) for name, size in zip(("left", "right"), layout.shape, strict=True)}

    def _advance(
        self,
        gradient: Any,
        kept: Kept,
        n_steps: int,
        layout: Layout,
        *,
        activation: Any = None,
        output_gradient: Any = None,
    ) -> Advance:
        xp = layout.xp
        if gradient.ndim == 1:
            for name, value in (("activation", activation), ("output_gradient", output_gradient)):
                if value is not None:
                    raise must(name, "left out where the gradient is a vector", value)
            return Advance(-self.step_size * gradient, {}, {"restarts": 0})
        m, n = layout.shape
        seen = {
            "left": _mean(layout, "output_gradient", output_gradient, m),
            "right": _mean(layout, "activation", activation, n),
        }
        made = {name: self._moved(layout, kept[name], g) for name, g in seen.items()}
        lost = [name for name, X in made.items() if not _is_definite(xp, X)]
        made |= {name: _identity(layout, made[name].shape[0]) for name in lost}
        direction = preconditioned(xp, made["left"], gradient, made["right"])
        return Advance(-self.step_size * direction, made, {"restarts": len(lost)})

    def _moved(self, layout: Layout, X: Any, g: Any) -> Any:
        """One factor after its vector, and after stabilization."""
        if self.normalize:
            _, ratio, scaled = norm_of(layout.xp, g)
            g = scaled / ratio
        X = updated(layout.xp, X, g, self.decay, self.method)
        return X if self.stabilizer == 1 else stabilized(layout.xp, X, self.stabilizer)

    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        return state_bytes("mkor", shape, itemsize=itemsize)


def preconditioned(xp: Any, left: Any, gradient: Any, right: Any) -> Any:
    """The product of a gradient with both factors, at the norm of the gradient."""
    size, ratio, scaled = norm_of(xp, gradient)
    # entries of at most 1, since products of four numbers may leave the range
    left, right = (X / float(xp.max(xp.abs(X))) for X in (left, right))
    _, length, P = norm_of(xp, left @ scaled @ right)
    return size * (ratio / length * P)


def _identity(layout: Layout, size: int) -> Any:
    return layout.xp.eye(size, dtype=layout.dtype, device=layout.device)


def _mean(layout: Layout, name: str, value: Any, size: int) -> Any:
    """The mean vector of a batch, in the type of the gradient."""
    if value is None:
        raise must(name, "given for the gradient of a matrix", None)
    xp = layout.xp
    found = xp.astype(real_array(xp, name, value, device=layout.device), layout.dtype)
    if found.ndim not in (1, 2) or found.shape[-1] != size or 0 in found.shape:
        raise must(name, f"of shape ({size},) or (batch, {size})", tuple(found.shape))
    if found.ndim == 1:
        return found
    with np.errstate(over="ignore"):
        mean = xp.mean(found, axis=0)
    if bool(xp.all(xp.isfinite(mean))) or not bool(xp.all(xp.isfinite(found))):
        return mean
    return xp.sum(found / found.shape[0], axis=0)  # the sum leaves the range of numbers where the mean does not


def _is_definite(xp: Any, X: Any) -> bool:
    """Whether all entries are finite, and the factorization of Cholesky exists."""
    if not bool(xp.all(xp.isfinite(X))):
        return False
    if not is_foreign(X):  # several times as fast as the factorization of NumPy
        from scipy.linalg import get_lapack_funcs

        return bool(get_lapack_funcs("potrf", (X,))(X.T, clean=False)[1] == 0)
    try:
        factor = xp.linalg.cholesky(X)
    except (ValueError, RuntimeError):  # of libraries like NumPy, and of torch; JAX answers NaN
        return False
    return bool(xp.all(xp.isfinite(factor)))
