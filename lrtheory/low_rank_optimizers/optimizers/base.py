"""The class that all optimizers share: checks of gradients, the arrays that are kept, copies and saved states."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from lrtheory._array import array_namespace, beside_jax, real_array, to_numpy
from lrtheory._result import Certificate, Result, result
from lrtheory._result.states import Resumable
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, fits, integer, must, real, state_entry, state_value
from lrtheory.low_rank_optimizers.columns.basis import type_name

__all__ = ["Advance", "Kept", "Layout", "Optimizer", "Step"]

#: the arrays that an optimizer keeps from one step to the next, by name; they are replaced and never written to
Kept = dict[str, Any]
LARGEST = float(np.finfo(np.float64).max)


@result
class Step(Result):
    """The change of an array of weights by one step.

    Attributes
    ----------
    update : array
        Change to be added to the weights, in their shape and in the kind of array of the gradient.
    message : str
        Reason for a missing certificate; empty where there is one.
    counts : mapping of str to int
        ``steps``, this one included; methods that choose anew from time to time add ``refreshes``.
    certificate : certificate or None
        Bound on the residual of this step, for methods that choose columns.
    """

    update: Array
    message: str
    counts: Mapping[str, int]
    certificate: Certificate | None

    def _facts(self) -> list[str]:
        rms = math.sqrt(float(np.mean(np.square(np.asarray(to_numpy(self.update), np.float64)))))
        return [f"step {self.counts['steps']}: the entries of the update have the root mean square {rms:.4g}"]


class Layout(NamedTuple):
    """Library, shape, dtype and device that all arrays of one optimizer share."""

    xp: Any
    shape: tuple[int, ...]
    dtype: Any
    device: Any

    def zeros(self, *shape: int, integers: bool = False) -> Any:
        """Zeros of any shape, in the type of the gradient or as integers of 32 bits."""
        return self.xp.zeros(shape, dtype=self.xp.int32 if integers else self.dtype, device=self.device)

    def place(self, value: np.ndarray) -> Any:
        """An array of the host, of the type that it has, where all others are."""
        return self.xp.asarray(np.array(value), device=self.device)


class Advance(NamedTuple):
    """The return value of `_advance`: the update before weight decay, and the new kept arrays."""

    update: Any
    kept: Kept
    counts: Mapping[str, int] = {}
    certificate: Certificate | None = None
    message: str = "nothing is proved of a single step"


class Optimizer(Resumable):
    """The state of a method for one array of weights, whose shape and type the first gradient fixes.

    A subclass says by `_options` what a saved state must share, by `_empty` which arrays it starts with, by `_advance`
    what one step does, and by `_formula` how many bytes it keeps. A state holds the step size as well, and the next
    gradient after it fixes the kind of array again.

    Parameters
    ----------
    step_size : float
        Above 0; it may be set between steps, as schedules do.
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the weights.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If an option is of the wrong kind.
    """

    #: the most axes of a gradient; None is any number
    _most_axes: int | None = 2
    _kept: Kept
    _n_steps: int
    _like: Any  # an empty array of the kind of the gradients, None before the first one

    def __init__(self, *, step_size: float, weight_decay: float = 0.0) -> None:
        self.step_size = step_size
        self.weight_decay = real("weight_decay", weight_decay, low=0.0, high=LARGEST)
        self.reset()

    def __repr__(self) -> str:
        size = "x".join(map(str, self._shape)) or "no gradient yet"
        said = "".join(f"{name}={value}, " for name, value in self._options().items() if name in ("rank", "density"))
        return f"{type(self).__name__}({said}step_size={self.step_size:g}): {size}, {self.n_steps} steps"

    @property
    def step_size(self) -> float:
        """The factor in front of every step."""
        return self._step_size

    @step_size.setter
    def step_size(self, value: float) -> None:
        if not 0 < real("step_size", value) <= LARGEST:
            raise must("step_size", "a finite number > 0", value)
        self._step_size = float(value)

    @property
    def n_steps(self) -> int:
        """Steps since the start or the last `reset`."""
        return self._n_steps

    @property
    def state_bytes(self) -> int:
        """Bytes of all arrays that are kept from one step to the next; 0 before the first gradient."""
        return sum(math.prod(value.shape) * np.dtype(type_name(value.dtype)).itemsize for value in self._kept.values())

    @property
    def state_formula(self) -> int:
        """Bytes that the formula of the method counts for the shape (statement FR-5); 0 before the first gradient."""
        return self._formula(self._shape, np.dtype(self._dtype).itemsize) if self._shape else 0

    @beside_jax
    def step(self, gradient: ArrayLike, weights: ArrayLike | None = None) -> Step:
        """Take one step; a rejected gradient changes nothing.

        Parameters
        ----------
        gradient : array
            Gradient of the loss in the weights; the first one fixes shape, type and kind of array for all later ones.
        weights : array or None
            The weights, in the shape of the gradient; they are needed where `weight_decay` is above 0, and stay as they
            are.

        Returns
        -------
        Step
            The update, which the caller adds to the weights, and counts.

        Raises
        ------
        ValueError
            If an entry is not finite, the shape or type is another one than before, weights are missing, or the step
            would leave the range of numbers.
        TypeError
            If the entries are not real numbers.
        """
        return self._taken(gradient, weights)

    def reset(self) -> None:
        """Forget all gradients, also their shape."""
        self._kept, self._n_steps = {}, 0
        self._forget_layout((), "float64")

    def _twin(self) -> Self:
        return copy.copy(self)  # kept arrays are never written to

    def _learned(self) -> dict[str, Any]:
        word = {"n_steps": self.n_steps, "step_size": self.step_size, "shape": list(self._shape), "dtype": self._dtype}
        return word | {f"kept.{k}": np.array(to_numpy(value)) for k, value in self._kept.items()}

    @beside_jax
    def _restore(self, state: Mapping[str, Any]) -> None:
        n_steps = integer("state['n_steps']", state_value(state, "n_steps"), low=0)
        step_size = state_value(state, "step_size")
        sizes = np.asarray(state_entry(state, "shape"))
        if sizes.ndim != 1 or (sizes.size > 0) != (n_steps > 0) or sizes.size > (self._most_axes or sizes.size):
            raise must("state['shape']", "the list of sizes of a gradient, empty before the first step", sizes.tolist())
        shape = tuple(integer("state['shape']", size, low=1) for size in sizes.tolist())
        dtype = str(state_value(state, "dtype"))
        if dtype not in ("float32", "float64"):
            raise must("state['dtype']", "'float32' or 'float64'", dtype)
        expected = self._empty(Layout(np, shape, np.dtype(dtype), None)) if shape else {}
        n_parts = self._n_parts(shape) if "indices" in expected else 0
        kept = {name: _read(state, name, value, n_parts) for name, value in expected.items()}
        self.step_size = step_size
        self._kept, self._n_steps = kept, n_steps
        self._forget_layout(shape, dtype)

    def _shown(self, name: str) -> Any:
        """A copy of an array that is kept; None where it is not."""
        value = self._kept.get(name)
        return None if value is None else array_namespace(value).asarray(value, copy=True)

    # --- what subclasses say -----------------------------------------------------------------------------------------

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """All options apart from the step size, as JSON holds them."""

    @abstractmethod
    def _empty(self, layout: Layout) -> Kept:
        """The arrays before the first step; a gradient of one axis has the full state of the method."""

    @abstractmethod
    def _advance(self, gradient: Any, kept: Kept, n_steps: int, layout: Layout) -> Advance:
        """One step without decay of the weights, where `n_steps` counts this one; `kept` is not written to."""

    def _n_parts(self, shape: tuple[int, ...]) -> int:
        """The number of parts from which `indices` are chosen, in methods that choose."""
        return min(shape)

    @abstractmethod
    def _formula(self, shape: tuple[int, ...], itemsize: int) -> int:
        """The bytes of the arrays that are kept."""

    # --- the step ----------------------------------------------------------------------------------------------------

    def _taken(self, gradient: Any, weights: Any, **inputs: Any) -> Step:
        """One step with all checks; further inputs go to `_advance` of methods that have them."""
        g, layout = self._checked(gradient)
        xp = layout.xp
        w = None if weights is None else real_array(xp, "weights", weights, device=layout.device)
        if w is not None and tuple(w.shape) != layout.shape:
            raise must("weights", f"of shape {layout.shape}, as the gradient", tuple(w.shape))
        if w is None and self.weight_decay:
            raise must("weights", "given where `weight_decay` is above 0", None)
        if not self._kept and self._n_steps == 0:
            kept = self._empty(layout)
        elif self._like is None:  # from a saved state, which is on the host
            kept = {name: layout.place(value) for name, value in self._kept.items()}
        else:
            kept = self._kept
        with np.errstate(all="ignore"):  # what leaves the range is refused below
            made = self._advance(g, kept, self._n_steps + 1, layout, **inputs)
            update = made.update
            if w is not None and self.weight_decay:
                update = update - self.step_size * self.weight_decay * w
        for value in (update, *made.kept.values()):
            if not _finite(xp, value):
                raise must("gradient", "of a size that leaves the update and the state finite", _size(xp, g))
        self._kept, self._n_steps = made.kept, self._n_steps + 1
        self._shape, self._dtype, self._like = layout.shape, type_name(layout.dtype), layout.zeros(0)
        counts = {"steps": self._n_steps, **made.counts}
        return Step(update, made.message if made.certificate is None else "", counts, made.certificate)

    def _checked(self, gradient: Any) -> tuple[Any, Layout]:
        """The gradient as an array of real numbers, all finite, that looks as all before it."""
        xp = array_namespace(gradient)
        g = real_array(xp, "gradient", gradient, finite=False)
        shape, word = tuple(map(int, g.shape)), type_name(g.dtype)
        most = self._most_axes
        if self._shape and shape != self._shape:
            raise must("gradient", f"of shape {self._shape}, as before", Words(str(shape)))
        if 0 in shape or not shape or (most is not None and len(shape) > most):
            raise must("gradient", "a vector or a matrix with entries" if most else "an array with entries", shape)
        if self._shape and word != self._dtype:
            raise must("gradient", f"of type {self._dtype}, as before", Words(word))
        if self._like is not None and array_namespace(self._like) is not xp:
            raise must("gradient", "of the kind of array of the first one", type(gradient), TypeError)
        if not _finite(xp, g):
            bad = ~np.isfinite(np.asarray(to_numpy(g)))
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            raise must("gradient", "finite", Words(f"{float(np.asarray(to_numpy(g))[place])} at {place}"))
        return g, Layout(xp, shape, g.dtype, getattr(g, "device", None))

    def _forget_layout(self, shape: tuple[int, ...], dtype: str) -> None:
        self._shape, self._dtype, self._like = shape, dtype, None

    def _parameters(self) -> dict[str, Any]:
        return {"optimizer": type(self).__name__, "weight_decay": self.weight_decay, **self._options()}


def _finite(xp: Any, value: Any) -> bool:
    """Whether all entries are finite, by two reductions."""
    if 0 in value.shape or xp.isdtype(value.dtype, ("integral", "bool")):
        return True
    return bool(xp.isfinite(xp.max(value)) & xp.isfinite(xp.min(value)))


def _size(xp: Any, value: Any) -> Words:
    return Words(f"entries up to {float(xp.max(xp.abs(value))):.3g}")


def _read(state: Any, name: str, expected: np.ndarray, n_parts: int) -> np.ndarray:
    """A kept array of a saved state, which looks as the one that a fresh start has."""
    key = f"kept.{name}"
    given = np.asarray(state_entry(state, key))
    shown = given.tolist() if given.size < 4 else given.shape
    if not fits(given.shape, expected.shape) or given.dtype.kind not in "fiu" or not _finite(np, given):
        raise must(f"state[{key!r}]", f"finite numbers of shape {expected.shape}", shown)
    with np.errstate(over="ignore", invalid="ignore"):  # what the type does not hold is refused next
        value = given.astype(expected.dtype)
    if not _finite(np, value) or (value.dtype.kind == "i" and (value != given).any()):
        raise must(f"state[{key!r}]", f"numbers that the type {expected.dtype} holds", shown)
    if name == "square" and (value < 0).any():
        raise must(f"state[{key!r}]", "squares, which are at least 0", value.min())
    if name == "indices" and not (np.diff(value, prepend=-1, append=n_parts) > 0).all():
        raise must(f"state[{key!r}]", f"increasing integers in [0, {n_parts - 1}]", value)
    return value
