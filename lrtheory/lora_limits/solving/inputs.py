"""Checks of what callers give, and its conversion to arrays of one library, type and device."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from lrtheory._array import real_array, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, as_array, must
from lrtheory.lora_limits.head import PROJECTIONS, LoRAHead, device_of, one_library

__all__ = ["Entry", "Inputs", "Mask", "kind_of", "read_inputs"]

#: which keys a query sees: all, those up to its own position, or the first tokens of each entry of a batch
Mask: TypeAlias = Literal["causal"] | ArrayLike | tuple[ArrayLike, ArrayLike] | None


class Entry(NamedTuple):
    """One head on one set of inputs: weights (d_in, d_out) and adapters by projection, inputs and targets."""

    W: dict[str, Any]
    adapters: dict[str, tuple[Any, Any]]
    X: dict[str, Any]
    Y: Any


class Inputs(NamedTuple):
    """The checked inputs of a call; `batch` is the number E of entries, or None for arrays without a batch axis."""

    xp: Any
    head: LoRAHead
    W: dict[str, Any]  # effective weights
    adapters: dict[str, tuple[Any, Any]]
    X: dict[str, Any]
    Y: Any
    batch: int | None
    lengths: tuple[list[int], list[int]] | None  # numbers of real queries and of real keys, one of each per entry
    causal: bool

    def entries(self) -> Iterator[Entry]:
        """Yield the entries one by one, cut to their lengths, without a batch axis."""
        for e in range(self.batch or 1):
            pairs = {projection: (one(A, e), one(B, e)) for projection, (A, B) in self.adapters.items()}
            X, Y = {projection: one(x, e) for projection, x in self.X.items()}, one(self.Y, e)
            if self.lengths is not None:
                queries, keys = self.lengths[0][e], self.lengths[1][e]
                X = {projection: x[: queries if projection == "Q" else keys, :] for projection, x in X.items()}
                Y = Y[:queries, :]
            yield Entry({projection: one(W, e) for projection, W in self.W.items()}, pairs, X, Y)

    def together(self) -> Entry:
        """Return all entries as one, with the batch axis; valid where no lengths are given."""
        return Entry(self.W, self.adapters, self.X, self.Y)


def one(array: Any, e: int) -> Any:
    """Return entry e of an array with a batch axis, or the whole array if it serves all entries."""
    return array[e, :, :] if array.ndim == 3 else array


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused by name
def read_inputs(
    head: LoRAHead,
    XQ: ArrayLike | None,
    Y: ArrayLike | None,
    XK: ArrayLike | None,
    XV: ArrayLike | None,
    mask: Mask,
) -> Inputs:
    """Check all arguments of a call against each other, and return them in one type on one device."""
    if not isinstance(head, LoRAHead):
        raise must("head", "a LoRAHead or an AttentionProblem", head, TypeError)
    crossed = XK is not None
    xp, device = one_library(XQ=XQ, Y=Y, XK=XK, XV=XV), device_of(XQ, Y, XK, XV)
    X = {"Q": real_array(xp, "XQ", XQ, device=device)}
    X["K"] = real_array(xp, "XK", XK, device=device) if crossed else X["Q"]
    X["V"] = X["K"] if XV is None else real_array(xp, "XV", XV, device=device)
    targets = real_array(xp, "Y", Y, device=device)
    # one type for all, or libraries would convert inside of loops, each by rules of its own
    kind = xp.result_type(*X.values(), targets)
    X, targets = {projection: xp.astype(x, kind) for projection, x in X.items()}, xp.astype(targets, kind)

    def here(value: Any) -> Any:
        """Bring an array of the head to the type, library and device of the inputs."""
        moved = value if type(value) is type(targets) else xp.asarray(to_numpy(value), device=targets.device)
        return xp.astype(moved, kind)

    adapters = {projection: (here(A), here(B)) for projection, (A, B) in head.adapters.items()}
    # a double that is fine may round to 0 or infinity in the type of the inputs
    if here(np.array(head.beta)) in (0.0, math.inf):
        raise must("beta", f"a positive number of the type of the inputs, {_name(targets)}", head.beta)
    W = {projection: here(head.weight(projection)) for projection in PROJECTIONS}
    for projection, (A, B) in adapters.items():
        W[projection] = W[projection] + head.scale(projection) * xp.matrix_transpose(B @ A)
    for projection, one_weight in W.items():
        # weight and adapter are finite each, and their sum need not be
        if not np.isfinite(to_numpy(one_weight)).all():
            raise must(
                f"W{projection}",
                f"finite with its adapter in the type of the inputs, {_name(targets)}",
                Words("larger"),
            )
    batch = _shapes(W, adapters, X, targets)
    lengths = None if mask is None or isinstance(mask, str) else _lengths(mask, batch, X, crossed)
    return Inputs(xp, head, W, adapters, X, targets, batch, lengths, _causal(mask, X))


def kind_of(inputs: Inputs) -> str:
    """Return the name of the floating-point type of the computation, float32 or float64."""
    return _name(inputs.Y)


def _name(array: Any) -> str:
    """Return the NumPy name of an array's type, by way of a small part of it."""
    return str(to_numpy(array[..., :1, :]).dtype)


def _shapes(W: dict[str, Any], adapters: dict[str, tuple[Any, Any]], X: dict[str, Any], Y: Any) -> int | None:
    """Compare all shapes, and return the number of entries of the batch, or None."""
    for projection, x in X.items():
        name = "X" + projection
        if x.ndim not in (2, 3) or 0 in x.shape:
            raise must(name, "of shape (tokens, d_in) or (batch, tokens, d_in), and not empty", tuple(x.shape))
        if x.shape[-1] != W[projection].shape[-2]:
            raise must(name, f"of {W[projection].shape[-2]} columns, as W{projection} has rows", tuple(x.shape))
    if X["V"].shape[-2] != X["K"].shape[-2]:
        raise must("XV", f"of {X['K'].shape[-2]} rows, as XK", tuple(X["V"].shape))
    wanted = (X["Q"].shape[-2], W["V"].shape[-1])
    if Y.ndim not in (2, 3) or tuple(Y.shape[-2:]) != wanted:
        raise must("Y", f"of shape {wanted}, or with a batch axis before", tuple(Y.shape))
    arrays = (
        {"Y": Y}
        | {"X" + projection: x for projection, x in X.items()}
        | {"W" + projection: w for projection, w in W.items()}
    )
    sizes = {name: a.shape[0] for name, a in arrays.items() if a.ndim == 3}
    sizes |= {
        f"adapters of {projection}": a.shape[0] for projection, pair in adapters.items() for a in pair if a.ndim == 3
    }
    if len(set(sizes.values())) > 1:
        raise must("the batch axis", "of one size everywhere", sizes)
    return next(iter(sizes.values()), None)


def _causal(mask: Mask, X: dict[str, Any]) -> bool:
    """Return whether the mask is causal, and refuse other words."""
    if not isinstance(mask, str):
        return False
    if mask != "causal":
        raise must("mask", "None, 'causal', or lengths", mask)
    if X["Q"].shape[-2] != X["K"].shape[-2]:
        raise must("mask", "None or lengths where queries and keys differ in number", mask)
    return True


def _lengths(mask: Mask, batch: int | None, X: dict[str, Any], crossed: bool) -> tuple[list[int], list[int]]:
    """Return the numbers of real queries and real keys of each entry: one array for both, or a pair of arrays."""
    if crossed and not isinstance(mask, tuple):
        raise must("mask", "a pair of lengths, of queries and of keys, where XK is given", mask)
    both: tuple[Any, ...] = mask if isinstance(mask, tuple) else (mask, mask)
    if len(both) != 2:
        raise must("mask", "a pair of lengths", mask)
    found = [_one_length(value, batch, X[projection].shape[-2]) for value, projection in zip(both, "QK", strict=True)]
    return found[0], found[1]


def _one_length(value: Any, batch: int | None, most: int) -> list[int]:
    """Check one array of lengths, of shape (batch,), with values from 1 to `most`."""
    table = np.atleast_1d(as_array("mask", to_numpy(value)))
    if table.dtype.kind not in "iu" or table.shape != (batch or 1,):
        raise must("mask", f"None, 'causal', or {batch or 1} integer lengths", value)
    if table.min() < 1 or table.max() > most:
        raise must("mask", f"lengths in [1, {most}]", table)
    return [int(length) for length in table]
