"""The factors of one module of an adapter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory._array import read_only, to_numpy
from lrtheory._files.safetensors import Stored, decoded, encoded
from lrtheory._validation import choice, floats, must, real

__all__ = ["BESIDE", "LAYERS", "AdapterModule", "encoded_as", "layout_of", "with_kernels"]

LAYERS = ("linear", "embedding", "convolution", "expert")
#: layers of which a vector beside the factors says something
BESIDE = {"magnitude": LAYERS[:3], "bias": ("linear", "convolution")}
#: of arrays in files
TYPES = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class AdapterModule:
    """The update scale B A of one weight.

    Parameters
    ----------
    B : array of shape (d_out, rank)
        The left factor.
    A : array of shape (rank, d_in)
        The right factor; that of a convolution with its kernels flattened.
    scale : float
        The factor in front of their product.
    kind : {"linear", "embedding", "convolution", "expert"}
        The layer. The weight of an embedding is the transpose, with a row for each entry of the vocabulary. An expert
        is a matrix of an array that holds those of all, as (d_out, d_in) or as (d_in, d_out).
    kernel : tuple of int
        Shape of a convolution behind its outputs: the number of input channels, and the lengths of a kernel.
    dtype : str or None
        The type of the factors in files: "F64", "F32", "F16" or "BF16"; None is single precision where both factors are
        of it or of half, and else double.
    magnitude : array of shape (d_out,) or None
        Norm that each row of weight + scale B A gets, kernels included; DoRA alone has it, and experts have none.
    bias : array of shape (d_out,) or None
        Vector that is added to the bias of a linear layer or a convolution, scale included.

    Raises
    ------
    TypeError
        If a factor is not an array of real numbers.
    ValueError
        If shapes do not fit, or a number is not finite.

    Examples
    --------
    >>> AdapterModule(np.ones((3, 1)), np.ones((1, 2))).shape
    (3, 2)
    """

    B: np.ndarray
    A: np.ndarray
    scale: float = field(default=1.0, kw_only=True)
    kind: str = field(default="linear", kw_only=True)
    kernel: tuple[int, ...] = field(default=(), kw_only=True)
    dtype: str = field(default=None, kw_only=True)  # type: ignore[assignment]  # a name once it is made
    magnitude: np.ndarray | None = field(default=None, kw_only=True)
    bias: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        B, A = (_factor(name, getattr(self, name)) for name in ("B", "A"))
        if A.shape[0] != B.shape[1]:
            raise ValueError(f"`A` must be an array with {B.shape[1]} rows, as `B` has columns; got {A.shape[0]}.")
        choice("kind", self.kind, LAYERS)
        if self.kernel and math.prod(self.kernel) != A.shape[1]:
            raise must("kernel", f"lengths whose product is {A.shape[1]}, the columns of `A`", self.kernel)
        if 0 in (B.shape[0], A.shape[1]):
            raise must("B, A", "factors of a weight that has entries", (B.shape, A.shape))
        scale = real("scale", self.scale)
        if not math.isfinite(scale):
            raise must("scale", "a finite number", self.scale)
        for name in ("magnitude", "bias"):
            if (value := getattr(self, name)) is not None:
                if self.kind not in BESIDE[name]:
                    raise must(name, f"left out unless the layer is one of {', '.join(BESIDE[name])}", self.kind)
                object.__setattr__(self, name, read_only(floats(name, to_numpy(value), shape=(B.shape[0],))))
        single = all(factor.dtype == np.float32 for factor in (B, A))
        kind = ("F32" if single else "F64") if self.dtype is None else choice("dtype", self.dtype, TYPES)
        for name, value in (("B", read_only(B)), ("A", read_only(A)), ("scale", scale), ("dtype", kind)):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickling goes through __init__, so the copies are read-only too.
        options = {name: getattr(self, name) for name in ("scale", "kind", "kernel", "dtype", "magnitude", "bias")}
        return _rebuilt, (self.B, self.A, options)

    def __repr__(self) -> str:
        return f"AdapterModule({self.shape[0]} x {self.shape[1]}, rank {self.rank}, scale {self.scale:g}, {self.kind})"

    def _brief(self) -> dict[str, Any]:
        """The module without its numbers."""
        return {"shape": self.shape, "rank": self.rank, "scale": self.scale, "kind": self.kind, "dtype": self.dtype}

    @property
    def rank(self) -> int:
        """The number of columns of B."""
        return int(self.B.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Of the update: (d_out, d_in)."""
        return int(self.B.shape[0]), int(self.A.shape[1])

    @property
    def storage(self) -> int:
        """The number of entries of both factors, of the norms of rows and of the bias."""
        return int(self.B.size + self.A.size + self.fixed)

    @property
    def fixed(self) -> int:
        """The number of entries that are stored at every rank: norms of rows, and a bias."""
        return sum(one.size for one in (self.magnitude, self.bias) if one is not None)

    def dense(self) -> np.ndarray:
        """Form the update.

        Returns
        -------
        array of shape (d_out, d_in)
            scale B A.

        Raises
        ------
        ValueError
            If it is that of DoRA, which does not follow from the factors alone.
        """
        if self.magnitude is not None:
            raise must(
                "adapter", "one whose update follows from its factors alone, which that of DoRA does not", "DoRA"
            )
        return self.scale * (self.B @ self.A)


def layout_of(module: AdapterModule) -> tuple[int, ...] | str:
    """The shape of a weight, whose entries updates of other layers do not have; kernels of one entry are none."""
    rows, columns = module.shape
    if module.kind == "embedding":
        return f"embedding of {columns} rows of {rows} numbers"
    return (rows, *module.kernel) if math.prod(module.kernel[1:]) > 1 else (rows, columns)


def with_kernels(module: AdapterModule, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A and a left factor as a file holds them, with the kernels of a convolution."""
    if not module.kernel:
        return module.A, B
    ones = (1,) * (len(module.kernel) - 1)
    return module.A.reshape(-1, *module.kernel), B.reshape(*B.shape, *ones)


def encoded_as(value: np.ndarray, dtype: str, name: str) -> Stored:
    """An array by its name in a file of this type."""
    try:
        return encoded(value, dtype)
    except OverflowError as error:
        raise must("dtype", f"a type in whose range the numbers of {name!r} lie", str(error)) from error


def _rebuilt(B: np.ndarray, A: np.ndarray, options: dict[str, Any]) -> AdapterModule:
    return AdapterModule(B, A, **options)


def _factor(name: str, value: Any) -> np.ndarray:
    if isinstance(value, Stored):
        value = decoded(value)
    found = floats(name, to_numpy(value), shape=(None, None))
    return found.astype(np.float32) if found.dtype == np.float16 else found
