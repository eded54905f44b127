r"""A subspace that old inputs use, and steps that leave it alone whatever optimizer made them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, beside_jax, is_foreign, real_array, to_numpy
from lrtheory._kernels.units import LEAST, scaled, true_value, upper_value
from lrtheory._result import read_only
from lrtheory._result.states import Resumable
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import (
    array,
    at_most_one,
    choice,
    integer,
    must,
    real,
    state_entry,
    state_value,
)
from lrtheory.continual_learning.layouts import LAYOUTS
from lrtheory.continual_learning.protection.directions import Seen, compressed, new_directions, seen, share_inside
from lrtheory.continual_learning.protection.leak import FARTHEST, STATEMENT, Leak, LeakCertificate, leak_of
from lrtheory.continual_learning.protection.projection import projected, typed, weight
from lrtheory.continual_learning.sketching.buffer import DOUBLE
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from lrtheory.continual_learning.sketching.rows import Rows, checked_rows

__all__ = ["SIDES", "SubspaceProtector"]

LARGEST = float(np.finfo(float).max)
SIDES = ("input", "output")
#: the share that is protected where neither a share nor a rank is given
KEEP_ENERGY = 0.99


class SubspaceProtector(Resumable):
    r"""Keeps the outputs of old inputs: steps are projected off the subspace M that the inputs span.

    A layer maps a row x to x W. If M holds the inputs X and the change D of the weights obeys M^T D = 0, then X D = 0:
    no old output changes (statement CS-1). If M holds a part of their mass, the rest bounds the damage (statements CS-2
    and CS-3). Project the step and not the gradient alone: elementwise optimizers such as Adam, weight decay, and a
    momentum that is older than M leave the subspace even if every gradient was projected (statements CS-5 and CS-6).

    Parameters
    ----------
    n_features : int
        The length of the side that is protected, at least 1.
    layout : {"torch", "rows"}
        Layout of the weights: "torch" is (out, in), as ``torch.nn.Linear`` has them, and "rows" is (in, out). A square
        weight in the wrong layout cannot be noticed.
    side : {"input", "output"}
        "input" protects the outputs of old inputs, which are what `extend` takes. "output" protects gradients and not
        outputs: `extend` takes vectors of the output side, such as the columns of old gradients (out, in), and a
        projected step then has inner product 0 with those gradients, but it can change the output of any old input by
        as much as an unprotected one of its size (statement CS-7).

    Attributes
    ----------
    n_features, layout, side : int, str, str
        Arguments of these names.
    message : str
        Number of directions that the last call of `extend` added, the share of the mass that it reached, and whether
        room is left.
    share : float
        The share of the mass of the inputs of the last `extend` that surely lies in the subspace.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If it is of the wrong kind.

    See Also
    --------
    FrequentDirections : Sketches the inputs of a task while it is learned.

    Notes
    -----
    For `leak_bound` rows are kept that stand for all old inputs: those of sketches, or the inputs themselves, which
    become a triangle when they are more than `n_features`. They take at most 8 n_features^2 bytes.

    Examples
    --------
    >>> import numpy as np
    >>> protector = SubspaceProtector(3)
    >>> protector.extend([[3.0, 4.0, 0.0], [6.0, 8.0, 0.0]])
    1
    >>> before, after = np.zeros((2, 3)), np.array([[1.0, 0.0, 2.0], [0.0, 5.0, 0.0]])
    >>> step = protector.protect_step(before, after)
    >>> (np.round(step, 9) + 0.0).tolist()
    [[0.64, -0.48, 2.0], [-2.4, 1.8, 0.0]]
    >>> protector.leak_bound(step).upper < 1e-25
    True
    """

    def __init__(self, n_features: int, *, layout: str = "torch", side: str = "input") -> None:
        self.n_features = integer("n_features", n_features, low=1)
        self.layout = choice("layout", layout, LAYOUTS)
        self.side = choice("side", side, SIDES)
        self._axis = 1 if (layout == "torch") == (side == "input") else 0
        self._basis = np.zeros((self.n_features, 0), np.float32)
        self._rows = np.zeros((0, self.n_features))
        self.share, self.message = 1.0, "nothing is protected yet"
        self._missed, self._power = 0.0, 0  # what the rows miss, divided by 4^power
        self._roundoff = DOUBLE  # of the coarsest arithmetic that made the rows
        self._placed: dict[Any, Any] = {}  # the basis in the libraries and on the devices of earlier calls

    def __repr__(self) -> str:
        how = f"layout={self.layout!r}, side={self.side!r}"
        return f"SubspaceProtector({self.n_features}, {how}): {self.rank} directions, {self.n_free} free"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_placed": {}}

    @property
    def basis(self) -> np.ndarray:
        """M of shape (n_features, rank), with orthonormal columns."""
        return read_only(self._basis)

    @property
    def missed(self) -> float:
        """The most that is forgotten of all old inputs in a direction, rounded up; 0 unless sketches were given."""
        return upper_value(self._missed, 2 * self._power)

    @property
    def rank(self) -> int:
        """Directions that are protected."""
        return self._basis.shape[1]

    @property
    def n_free(self) -> int:
        """Directions that steps may still use."""
        return self.n_features - self.rank

    def extend(
        self, inputs: Rows | FrequentDirections, *, keep_energy: float | None = None, rank: int | None = None
    ) -> int:
        r"""Protect the leading directions of more inputs.

        Parameters
        ----------
        inputs : array or sparse matrix of shape (T, n_features), or FrequentDirections
            Inputs of a task, one per row, or the sketch that saw them. With a sketch `leak_bound` knows the leak up to
            what the sketch missed, and with inputs exactly.
        keep_energy : float or None
            In (0, 1]: the smallest number of directions is added with which the subspace surely holds this share of the
            mass, the sum of squares of all these inputs: also of those that the sketch has lost (statement CS-4b). If
            no number of directions up to the rank of the sketch reaches it, that many are added, and `message` says so.
        rank : int or None
            Directions to add instead, at least 0; fewer where the inputs have fewer beyond the subspace. If both are
            None, `keep_energy` is 0.99.

        Returns
        -------
        int
            Number of directions that were added; 0 for inputs that are 0 and for no inputs.

        Raises
        ------
        ValueError
            If both are given, an option is out of range, or inputs are not finite or of another length.
        TypeError
            If the inputs are not real numbers.
        """
        at_most_one(rank=rank, keep_energy=keep_energy)
        if rank is not None:
            rank = integer("rank", rank, low=0)
        else:
            keep_energy = KEEP_ENERGY if keep_energy is None else real("keep_energy", keep_energy)
            if not 0.0 < keep_energy <= 1.0:
                raise must("keep_energy", "in (0, 1]", keep_energy)
        if isinstance(inputs, FrequentDirections) and inputs.n_features != self.n_features:
            raise must("inputs", f"a sketch of {self.n_features} features", inputs.n_features)
        new = seen(inputs, self.n_features)
        if new.mass == 0.0:
            self.share, self.message = 1.0, "nothing was added: there are no inputs that are not zero"
            return 0
        V, share, reached = new_directions(new, self._basis, keep_energy=keep_energy, rank=rank)
        self._join(V, new)
        self.share = share
        self.message = self._told(V.shape[1], keep_energy if rank is None else None, reached)
        return V.shape[1]

    def _join(self, V: np.ndarray, new: Seen) -> None:
        dtype = np.result_type(self._basis.dtype, new.dtype)
        M = self._basis
        if dtype != M.dtype:  # columns that were rounded to single precision
            Q, R = np.linalg.qr(M.astype(dtype))
            M = Q * np.where(R.diagonal() < 0, -1.0, 1.0)
        rows = compressed(np.concatenate([self._rows, scaled(new.rows, new.unit)]))
        self._basis, self._rows = np.concatenate([M, V.astype(dtype)], axis=1), rows
        self._missed, self._power = _sum((self._missed, self._power), (new.missed, new.unit))
        self._roundoff = max(self._roundoff, new.roundoff)
        self._placed = {}

    def _told(self, n: int, keep_energy: float | None, reached: bool) -> str:
        told = f"{n} directions were added, and the subspace holds at least {self.share:.4g} of the mass of the inputs"
        if keep_energy is not None and not reached:
            told += (
                f"; no number of directions reaches {keep_energy:g}, since the sketch has lost too much: raise its rank"
            )
        return told if self.n_free else told + "; no direction is free, so every projected step is 0"

    @beside_jax
    def project(self, G: ArrayLike) -> Array:
        """Take the protected directions out of a gradient or a step.

        It is done a second time where less than 0.7 of the step is left, since what is left of a step that lies almost
        in the subspace is rounding to a good part.

        Parameters
        ----------
        G : array of shape (out, in) for layout "torch", (in, out) for layout "rows"
            Gradient or step, an array of any library.

        Returns
        -------
        array of the shape of G
            On the device of G and in its type; half precision is computed in single precision.

        Raises
        ------
        ValueError
            If G is not finite or has another shape.
        TypeError
            If its entries are not real numbers.

        Notes
        -----
        Arrays: any (device)
        """
        xp = array_namespace(G)
        step = self._matrix(xp, "G", G)
        return typed(xp, self._projected(xp, step), G)

    @beside_jax
    def protect_step(self, before: ArrayLike, after: ArrayLike) -> Array:
        """Correct the weights after a step of any optimizer: before + project(after - before).

        Parameters
        ----------
        before, after : array of shape (out, in) for layout "torch", (in, out) for layout "rows"
            The weights before and after the step, or before and after a task.

        Returns
        -------
        array of the same shape
            The weights to go on with, in the type of `after`. Rounding them to that type, above all to half precision,
            may leak as much as the rounding of the weights is.

        Raises
        ------
        ValueError
            If one of them is not finite or their shapes do not fit.
        TypeError
            If the entries are not real numbers.

        Notes
        -----
        Arrays: any (device)

        Examples
        --------
        After ``optimizer.step()`` of torch: ``with torch.no_grad(): p.copy_(protector.protect_step(before, p))``, where
        ``before = p.detach().clone()`` was taken before it.
        """
        xp = array_namespace(before, after)
        start, end = self._matrix(xp, "before", before), self._matrix(xp, "after", after)
        if tuple(start.shape) != tuple(end.shape):
            raise must("after", f"of shape {tuple(start.shape)}", tuple(end.shape))
        return typed(xp, start + self._projected(xp, end - start), after)

    @beside_jax
    def leak_bound(self, change: ArrayLike) -> Leak:
        r"""Bound what a change of the weights does to the outputs of all old inputs, which are not needed for it.

        Parameters
        ----------
        change : array of shape (out, in) for layout "torch", (in, out) for layout "rows"
            The weights now minus those when the inputs were seen; it need not be protected.

        Returns
        -------
        Leak
            An interval for the sum of squared changes over the inputs of all calls of `extend` (statement CS-3). For
            side "output" it is about the products of the change with the vectors that were given.

        Raises
        ------
        ValueError
            If the change is not finite or has another shape.
        TypeError
            If its entries are not real numbers.
        """
        D = self._matrix(np, "change", to_numpy(change)).astype(np.float64)
        D = D if self._axis == 0 else D.T
        lower, upper = leak_of(self._rows, self._missed, D, self._power)
        what = "outputs of all old inputs" if self.side == "input" else "products with the vectors of the output side"
        certificate = LeakCertificate._of(
            lower, upper, STATEMENT, self._rows, self._missed, self._power, np.array(D), self._roundoff
        )
        return Leak(lower, upper, f"the squared change of the {what}", certificate)

    def protected_energy(self, X: Rows) -> float:
        """The share of the mass of inputs that lies in the subspace.

        Parameters
        ----------
        X : array or sparse matrix of shape (T, n_features)
            Inputs, old or new, one per row.

        Returns
        -------
        float
            In [0, 1]; 1 for inputs that are 0.

        Raises
        ------
        ValueError
            If they are not finite or of another length.
        TypeError
            If they are not real numbers.
        """
        return share_inside(checked_rows("X", X, self.n_features), self._basis)

    def _learned(self) -> dict[str, Any]:
        own = {"missed": self._missed, "power": self._power, "share": self.share, "message": self.message}
        arrays = {"basis": self._basis.copy(), "rows": self._rows.copy()}
        return own | arrays | {"roundoff": self._roundoff}

    def _restore(self, state: Mapping[str, Any]) -> None:
        basis = array("state['basis']", state_entry(state, "basis"), shape=(self.n_features, None))
        if np.linalg.norm(basis.T @ basis - np.eye(basis.shape[1])) > np.finfo(basis.dtype).eps ** 0.5:
            raise must("state['basis']", "a matrix with orthonormal columns", basis)
        rows = array("state['rows']", state_entry(state, "rows"), shape=(None, self.n_features))
        missed = real("state['missed']", state_value(state, "missed"), low=0.0, high=LARGEST)
        share = real("state['share']", state_value(state, "share"), low=0.0, high=1.0)
        roundoff = real("state['roundoff']", state_value(state, "roundoff"), low=0.0, high=1.0)
        power = integer("state['power']", state_value(state, "power"), low=-FARTHEST, high=FARTHEST)
        self._missed, self._power = missed, power
        self.share, self.message = share, str(state_entry(state, "message"))
        self._basis, self._rows, self._placed = np.array(basis), np.array(rows, np.float64), {}
        self._roundoff = roundoff

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("n_features", "layout", "side")}

    def _matrix(self, xp: Any, name: str, value: Any) -> Any:
        """A finite matrix whose protected side has the right length."""
        sides = ("out", "in") if self.layout == "torch" else ("in", "out")
        return weight(xp, name, value, self.n_features, self._axis, sides[1 - self._axis])

    def _projected(self, xp: Any, step: Any) -> Any:
        if self.n_free == 0:
            return xp.zeros_like(step)
        return projected(xp, step, self._basis_beside(xp, step), self._axis)

    def _basis_beside(self, xp: Any, step: Any) -> Any:
        """The basis in the library, the type and on the device of a step."""
        dtype = np.float32 if step.dtype == xp.float32 else np.float64
        if not is_foreign(step):
            return self._basis.astype(dtype, copy=False)
        key = (xp.__name__, str(dtype), str(step.device))
        if key not in self._placed:
            self._placed = {key: real_array(xp, "basis", self._basis.astype(dtype), device=step.device)}
        return self._placed[key]


def _sum(one: tuple[float, int], other: tuple[float, int]) -> tuple[float, int]:
    """The sum of numbers of at least 0 that are divided by powers of four, by none where doubles hold it."""
    powers = [power for value, power in (one, other) if value > 0]
    most = max(powers, default=0)
    value = sum(math.ldexp(part, 2 * max(power - most, -FARTHEST)) for part, power in (one, other))
    plain = true_value(value, 2 * most)
    return (plain, 0) if value == 0 or LEAST <= plain < math.inf else (value, most)
