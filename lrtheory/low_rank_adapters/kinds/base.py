"""The class of all adapters: trained and frozen arrays, and maps between them and the update of a weight."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np

from lrtheory._array import array_namespace, beside_jax, real_array
from lrtheory._result import Result, read_only, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice, integer, must, real
from lrtheory.low_rank_adapters.kinds.arrays import CASTS, Gradient, cast, shaped, transposed, type_name

__all__ = ["Adapter", "FactoredAdapter", "Merged"]

Self = TypeVar("Self", bound="Adapter")


@result
class Merged(Result):
    """A weight with the update of an adapter added to it.

    Attributes
    ----------
    weight : array of shape (d_out, d_in)
        The sum, in the type that was asked for; bfloat16, which NumPy does not have, as float32 that hold its numbers.
    rounding : float
        The largest change of an entry by the cast to that type.
    """

    weight: Array
    rounding: float


@dataclass(frozen=True, eq=False, repr=False)
class Adapter(ABC):
    """An update Delta of a weight of shape (d_out, d_in) as a function of trained and frozen arrays.

    Adapters are made by the functions `lora`, `lora_fa`, `lora_xs`, `vera`, `randlora`, `uni_lora`, `tera`,
    `queryable`, `hadamard`, `full` and `make_adapter`, which check their arrays; `with_params` replaces the trained
    ones.

    Parameters
    ----------
    shape : pair of int
        (d_out, d_in).
    params : mapping of str to array
        The trained arrays by name, all of one library and one precision.
    frozen : mapping of str to array
        The arrays that training leaves as they are.
    scale : float
        The factor in front of the update.

    Raises
    ------
    ValueError
        If the scale is not finite.
    """

    shape: tuple[int, int]
    params: Mapping[str, Array]
    _: KW_ONLY
    frozen: Mapping[str, Array] = field(default_factory=dict)
    scale: float = 1.0

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        scale = real("scale", self.scale)
        if not math.isfinite(scale):
            raise must("scale", "a finite number", self.scale)
        object.__setattr__(self, "scale", scale)
        for name in ("params", "frozen"):
            arrays = {key: _kept(value) for key, value in getattr(self, name).items()}
            object.__setattr__(self, name, MappingProxyType(arrays))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return _rebuilt, (type(self), fields | {"params": dict(self.params), "frozen": dict(self.frozen)})

    def __repr__(self) -> str:
        m, n = self.shape
        return f"{type(self).__name__}({m} x {n}, {self.n_parameters:,} numbers, rank at most {self.rank_bound})"

    def _brief(self) -> dict[str, Any]:
        """Return what JSON shows of an adapter: its kind and its arrays."""
        arrays = {"params": dict(self.params), "frozen": dict(self.frozen)}
        return {"kind": self.kind, "shape": list(self.shape), "scale": self.scale, **arrays}

    # --- what a kind says -------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The free numbers: the generic rank of the derivative of the update in the trained arrays (AD-2)."""

    @property
    @abstractmethod
    def rank_bound(self) -> int:
        """No values of the trained arrays give an update of a larger rank."""

    @abstractmethod
    def _delta(self) -> Any: ...

    @abstractmethod
    def _apply(self, X: Any) -> Any: ...

    @abstractmethod
    def _pulled(self, G: Gradient) -> dict[str, Any]: ...

    @abstractmethod
    def _flops_per_row(self) -> int: ...

    # --- what all kinds do ------------------------------------------------------------------------------------------

    @property
    def n_parameters(self) -> int:
        """The number of trained numbers."""
        return sum(math.prod(value.shape) for value in self.params.values())

    @beside_jax
    def dense(self) -> Array:
        """The update of the weight.

        Returns
        -------
        array of shape (d_out, d_in)
            In the library and the precision of the trained arrays.
        """
        return self._delta()  # type: ignore[no-any-return]

    @beside_jax
    def apply(self, X: ArrayLike) -> Array:
        """Multiply inputs of the layer by the update, which factored kinds never form.

        Parameters
        ----------
        X : array of shape (..., d_in)
            Inputs of the layer.

        Returns
        -------
        array of shape (..., d_out)
            X Delta^T.

        Raises
        ------
        ValueError
            If the last axis has another length, or an entry is not finite.
        """
        inputs = self._like("X", X)
        if inputs.ndim < 1 or inputs.shape[-1] != self.shape[1]:
            raise must("X", f"of shape (..., {self.shape[1]})", tuple(inputs.shape))
        xp = array_namespace(inputs)
        flat = xp.reshape(inputs, (-1, self.shape[1]))
        return xp.reshape(self._apply(flat), (*inputs.shape[:-1], self.shape[0]))  # type: ignore[no-any-return]

    @beside_jax
    def gradient(self, G: ArrayLike) -> dict[str, Array]:
        """The gradients in the trained arrays, from that in the weight (statement AD-1).

        Parameters
        ----------
        G : array of shape (d_out, d_in)
            The gradient of a loss in the merged weight.

        Returns
        -------
        dict of str to array
            For each trained array the gradient of the loss, in its shape.

        Raises
        ------
        ValueError
            If the shape is another one, or an entry is not finite.
        """
        return self._pulled(Gradient(self._matrix("G", G, self.shape)))

    @beside_jax
    def gradient_at(self, X: ArrayLike, dY: ArrayLike) -> dict[str, Array]:
        """The gradients in the trained arrays, from a batch of inputs and the gradient in the outputs.

        Parameters
        ----------
        X : array of shape (T, d_in)
            Inputs of the layer.
        dY : array of shape (T, d_out)
            The gradient of a loss in the outputs of the layer.

        Returns
        -------
        dict of str to array
            Gradients that `gradient` returns for dY^T X, which factored kinds never form.

        Raises
        ------
        ValueError
            If a shape is another one, or an entry is not finite.
        """
        inputs = self._matrix("X", X, (None, self.shape[1]))
        outputs = self._matrix("dY", dY, (inputs.shape[0], self.shape[0]))
        return self._pulled(Gradient(None, inputs, outputs))

    @beside_jax
    def merge(self, W: ArrayLike, *, dtype: str | None = None) -> Merged:
        """Add the update to a weight.

        Parameters
        ----------
        W : array of shape (d_out, d_in)
            The weight; half precision is computed with in single precision.
        dtype : {"float64", "float32", "float16", "bfloat16"} or None
            The type of the sum, which is cast once, at the end; None takes that of the weight.

        Returns
        -------
        Merged
            The weight, and the largest change of an entry by the cast.

        Raises
        ------
        ValueError
            If the shape is another one, an entry is not finite, or the sum leaves the range of the type.
        """
        name = type_name(W) if dtype is None else choice("dtype", dtype, tuple(CASTS))
        total = self._matrix("W", W, self.shape) + self._delta()
        rounded, values = cast(total, name)
        xp = array_namespace(values)
        if not bool(xp.all(xp.isfinite(values))):
            raise must("dtype", f"a type in whose range the merged weight lies, as {name} is not", name)
        return Merged(rounded, float(xp.max(xp.abs(values - total))))

    def with_params(self: Self, params: Mapping[str, ArrayLike]) -> Self:
        """The adapter with other values of its trained arrays.

        Parameters
        ----------
        params : mapping of str to array
            All trained arrays, in their shapes.

        Returns
        -------
        Adapter
            A new adapter of the same kind, with the same frozen arrays.

        Raises
        ------
        ValueError
            If a name is missing or unknown, a shape is another one, or an entry is not finite.
        """
        if not isinstance(params, Mapping) or set(params) != set(self.params):
            given = sorted(params) if isinstance(params, Mapping) else params
            raise must("params", f"a mapping with the names {', '.join(self.params)}", given)
        fresh = {name: self._matrix(name, params[name], old.shape) for name, old in self.params.items()}
        return dataclasses.replace(self, params=fresh)

    def flops(self, batch: int) -> int:
        """The multiplications and additions of `apply` on a batch.

        Parameters
        ----------
        batch : int
            Rows of the batch, at least 0.

        Returns
        -------
        int
            Two for each pair of a multiplication and an addition; making the factors or the update is not counted.

        Raises
        ------
        ValueError
            If the batch is negative.
        """
        return integer("batch", batch, low=0) * self._flops_per_row()

    # --- arrays of callers ------------------------------------------------------------------------------------------

    def _like(self, name: str, value: Any) -> Any:
        """A real array in the library, on the device and in the precision of the trained arrays."""
        own: Any = next(iter(self.params.values()))
        xp = array_namespace(own)
        found = real_array(xp, name, value, device=own.device)
        return xp.astype(found, own.dtype, copy=False)

    def _matrix(self, name: str, value: Any, shape: tuple[int | None, ...]) -> Any:
        return shaped(name, self._like(name, value), shape)


class FactoredAdapter(Adapter):
    """An adapter whose update is scale B A for two thin matrices made of its arrays."""

    @abstractmethod
    def _factors(self) -> tuple[Any, Any]: ...

    @beside_jax
    def factors(self) -> tuple[Array, Array]:
        """The thin matrices B (d_out, q) and A (q, d_in) with the update scale B A.

        Returns
        -------
        pair of arrays
            Made anew where the kind does not train them.
        """
        return self._factors()

    def _delta(self) -> Any:
        B, A = self._factors()
        return B @ A if self.scale == 1 else self.scale * (B @ A)

    def _apply(self, X: Any) -> Any:
        B, A = self._factors()
        return self.scale * ((X @ transposed(A)) @ transposed(B))

    def _flops_per_row(self) -> int:
        q = self._factors()[1].shape[0]
        return 2 * q * sum(self.shape) + self.shape[0]


def _kept(value: Any) -> Any:
    return read_only(value) if isinstance(value, np.ndarray) else value


def _rebuilt(cls: type[Adapter], fields: dict[str, Any]) -> Adapter:
    return cls(**fields)
