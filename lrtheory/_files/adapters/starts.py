"""Updates that depend on the base model: PiSSA and OLoRA take a part of each weight away, and DoRA sets norms of rows.

The update of a module is then scale B A - W_r, where W_r is the leading part of rank r of the singular value
decomposition of W (PiSSA [1]_), or scale Q_r R_r of the first r columns and rows of its QR decomposition as it is
stored (OLoRA [2]_), both with the rank and the scale that the module has in the file. Under DoRA [3]_ row i of the
weight becomes m_i v_i / norm(v_i), where v is W + scale B A.

References
----------
.. [1] F. Meng, Z. Wang, M. Zhang, PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language
   Models, NeurIPS 2024.
.. [2] K. Buyukakyuz, OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models, arXiv 2406.01775, 2024.
.. [3] S.-Y. Liu et al., DoRA: Weight-Decomposed Low-Rank Adaptation, ICML 2024.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files.adapters.base import base_name, matrix
from lrtheory._files.adapters.module import AdapterModule
from lrtheory._files.adapters.names import BASE_LAYER, PREFIX
from lrtheory._files.safetensors import Tensors, decoded
from lrtheory._kernels.low_rank import CASTS
from lrtheory._kernels.units import scaled, unit_of
from lrtheory._validation import Words, must

__all__ = [
    "RESOLVED",
    "Directions",
    "beside_base",
    "directions_of",
    "is_turned",
    "name_of_own",
    "refuse_start",
    "resolved",
    "rounded_starts",
    "weight_of",
]

#: starts that change the base model, and that follow from its weights alone
RESOLVED = ("pissa", "olora")
#: entries of a weight that are worked on at once
AT_ONCE = 1 << 16
#: types of half precision in files
HALF = {"BF16": "bfloat16", "F16": "float16"}


def refuse_start(config: Any, name: str = "base") -> None:
    """Refuse an adapter of which the base model is needed, and not given."""
    start = config.get("init_lora_weights")
    if config.get("use_dora"):
        rule = f"one whose update does not depend on the base model, as that of DoRA does: give the model with `{name}`"
        raise must("adapter", rule, Words("use_dora True"))
    if start in RESOLVED:
        rule = f"one that leaves the base model as it is, while {start} changes it at every load: give the model with"
        more = f"`{name}`, or save the adapter with path_initial_model_for_weight_conversion"
        raise must("adapter", f"{rule} {more}", Words(f"init_lora_weights {start!r}"))


def is_turned(adapter: Any) -> bool:
    """Whether the settings of an adapter say that the model keeps weights as (d_in, d_out)."""
    return bool((adapter.config or {}).get("fan_in_fan_out"))


def name_of_own(adapter: Any, name: str) -> str:
    """The name in a file of the weight below the factors of a module, where it has come with them."""
    return f"{PREFIX if adapter.prefixed else ''}{name}.{BASE_LAYER}.weight"


def own_weight(adapter: Any, name: str) -> np.ndarray | None:
    """The weight below the factors of a module as (d_out, d_in), if it has come with them; else None.

    So peft saves embeddings and heads that it adapts, which may have more words than those of the model. A start is
    taken away from such a weight already.
    """
    module, saved = adapter.modules[name], adapter.others.get(name_of_own(adapter, name))
    if saved is None:
        return None
    found, turned = decoded(saved).astype(np.float64), module.kind == "embedding"
    if found.ndim < 2 or found.reshape(len(found), -1).shape != (module.shape[::-1] if turned else module.shape):
        raise must("adapter", f"one whose own weight of {name!r} has the shape of its update", found.shape)
    found = found.reshape(len(found), -1)
    return found.T if turned else found


def weight_of(adapter: Any, base: Tensors, name: str) -> np.ndarray:
    """The weight below the factors of a module as (d_out, d_in): that which came with them, or that of the model."""
    own = own_weight(adapter, name)
    return matrix(base, name, adapter.modules[name], is_turned(adapter))[0] if own is None else own


def beside_base(adapter: Any, base: Tensors) -> Any:
    """Return an adapter that changes the base model alike, without weights of its own below factors.

    Where such a weight is that of the model, it is left out, and else the update is the whole change of the weight.
    """
    modules, others = dict(adapter.modules), dict(adapter.others)
    for name, module in adapter.modules.items():
        own = own_weight(adapter, name)
        if own is None or not module.rank:
            continue
        moved = own - matrix(base, name, module, is_turned(adapter))[0]
        if moved.any():
            moved += module.scale * (module.B.astype(np.float64) @ module.A)
            modules[name] = _of_full_rank(moved, module)
        del others[name_of_own(adapter, name)]
    return replace(adapter, modules=modules, others=others)


def resolved(adapter: Any, base: Tensors) -> Any:
    """Return an adapter that changes the base model alike, by factors that are added to its weights."""
    start, dora = (adapter.config or {}).get("init_lora_weights"), (adapter.config or {}).get("use_dora")
    if start not in RESOLVED and not dora:
        return adapter
    if start in RESOLVED and dora:
        raise must(
            "adapter", "one with use_dora or with a start from the weights, and not with both", Words(repr(start))
        )
    if any(module.kind == "expert" for module in adapter.modules.values()):
        raise must(
            "adapter", "one of layers, where a start changes the base model, and not of experts", Words(repr(start))
        )
    modules = {}
    for name, module in adapter.modules.items():
        modules[name] = module
        if module.magnitude is not None:
            modules[name] = _of_dora(module, weight_of(adapter, base, name))
        elif start in RESOLVED and _is_started(adapter, name):
            modules[name] = _of_start(str(start), module, *matrix(base, name, module, is_turned(adapter)))
    settings = {**(adapter.config or {}), "init_lora_weights": True, "use_dora": False}
    return replace(adapter, modules=modules, config=settings)


def _is_started(adapter: Any, name: str) -> bool:
    """Whether peft takes a start away from the weight of the model: of linear layers whose weight it does not load."""
    return adapter.modules[name].kind == "linear" and name_of_own(adapter, name) not in adapter.others


def rounded_starts(adapter: Any, base: Tensors | None) -> str:
    """A sentence on a base model in half precision, to which peft rounds weight minus start; or nothing."""
    start = (adapter.config or {}).get("init_lora_weights")
    if base is None or start not in RESOLVED:
        return ""
    squares = 0.0
    for name, module in adapter.modules.items():
        kind = base.dtype(base_name(base, f"{name}.weight"))
        if _is_started(adapter, name) and kind in HALF:
            weight, turned = matrix(base, name, module, is_turned(adapter))
            left, right = _part(str(start), module, weight, turned)
            squares += (CASTS[HALF[kind]][0] * float(np.linalg.norm(weight - left @ right))) ** 2
    if not squares:
        return ""
    return (
        f"the base model is in half precision, to which peft rounds its weights without the start at each load: up to "
        f"{math.sqrt(squares):.3g} more, which no error counts"
    )


class Directions(NamedTuple):
    """The rows of weight + scale B A, scaled to the length 1, and what rounding may turn each of them by."""

    rows: np.ndarray
    rounding: np.ndarray


def directions_of(module: AdapterModule, weight: np.ndarray) -> Directions:
    """The directions that the rows of a weight get under DoRA."""
    found = np.empty(module.shape)
    rounding = np.empty(len(found))
    for some, rows, off in _pieces(module, weight):
        found[some], rounding[some] = rows, off
    return Directions(found, rounding)


def _pieces(module: AdapterModule, weight: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """The directions of some rows after the other, so few that what comes between stays in a cache."""
    B, A = module.scale * module.B.astype(np.float64), module.A.astype(np.float64)
    terms, sizes = sum(module.shape) + module.rank + 8, _lengths(A)
    step = max(1, AT_ONCE // A.shape[1])
    for start in range(0, len(B), step):
        some = slice(start, start + step)
        moved = B[some] @ A
        moved += weight[some]
        unit = unit_of(moved)
        moved = scaled(moved, -unit)
        lengths = _lengths(moved)
        if not lengths.all():
            raise must("adapter", "one whose rows of weight + scale B A are not 0, as DoRA divides by their norms", "0")
        load = _lengths(scaled(weight[some], -unit)) + np.abs(scaled(B[some], -unit)) @ sizes
        moved *= (1 / lengths)[:, None]
        yield some, moved, terms * 2.0**-53 * (1 + 2 * load / lengths)


def _lengths(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return found


def _of_dora(module: AdapterModule, weight: np.ndarray) -> AdapterModule:
    """A module of full rank, whose update turns the rows of the weight as DoRA does."""
    if module.rank == 0:  # which a folder does not hold
        return replace(module, magnitude=None)
    update, lengths = np.empty(module.shape), np.asarray(module.magnitude, np.float64)[:, None]
    for some, directions, _ in _pieces(module, weight):
        directions *= lengths[some]
        np.subtract(directions, weight[some], out=update[some])
    return _of_full_rank(update, module)


def _of_full_rank(update: np.ndarray, like: AdapterModule) -> AdapterModule:
    """A module with this update, one of whose factors is the identity."""
    rows, columns = update.shape
    pair = (update, np.eye(columns)) if columns <= rows else (np.eye(rows), update)
    return AdapterModule(*pair, kind=like.kind, kernel=like.kernel, dtype=like.dtype, bias=like.bias)


def _of_start(start: str, module: AdapterModule, weight: np.ndarray, turned: bool) -> AdapterModule:
    """A module of twice the rank, whose scale is in its factors."""
    if module.rank > min(module.shape):
        raise must("adapter", f"one of ranks up to the sides of its weights, {module.shape}", module.rank)
    left, right = _part(start, module, weight, turned)
    B = np.concatenate([module.scale * module.B.astype(np.float64), -left], axis=1)
    A = np.concatenate([module.A.astype(np.float64), right], axis=0)
    return AdapterModule(B, A, kind=module.kind, dtype=module.dtype, bias=module.bias)


def _part(start: str, module: AdapterModule, weight: np.ndarray, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Factors of what a start takes away from a weight."""
    return _leading(weight, module.rank) if start == "pissa" else _first(weight, module, turned)


def _leading(weight: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors of the best approximation of a rank; one of them orthonormal.

    The singular vectors of the smaller side are eigenvectors of the Gram matrix, whose error counts in the leading ones
    as in the matrix itself.
    """
    from scipy.linalg import eigh  # takes long to import

    unit, wide = unit_of(weight), weight.shape[0] <= weight.shape[1]
    M = np.ldexp(weight if wide else weight.T, -unit)
    side = len(M)
    U = np.ascontiguousarray(eigh(M @ M.T, subset_by_index=[side - rank, side - 1], overwrite_a=True)[1])
    projected = np.ldexp(U.T @ M, unit)
    return (U, projected) if wide else (projected.T, U.T)


def _first(weight: np.ndarray, module: AdapterModule, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """The first columns and rows of the QR decomposition of the weight as the model stores it."""
    Q, R = np.linalg.qr(weight.T if turned else weight)
    left, right = module.scale * Q[:, : module.rank], R[: module.rank]
    return (right.T, left.T) if turned else (left, right)
