"""One adapter for a weighted sum of several, at most of a given rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.beside import joint_settings, merged, placed
from lrtheory._files.adapters.module import layout_of
from lrtheory._kernels.low_rank import Core, core, difference, rounding_of, tail
from lrtheory._kernels.units import unit_of
from lrtheory._result.display import counted
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, flag, generator, must, real, refuse_unused
from lrtheory.matrix_compression.adapters.losses import Loss, replaced, summed_bias, with_bias
from lrtheory.matrix_compression.adapters.result import (
    AdapterResult,
    Update,
    as_adapter,
    as_base,
    checked_type,
    finished,
    joined,
    start_said,
)
from lrtheory.matrix_compression.adapters.squeeze import dense_core
from lrtheory.matrix_compression.adapters.targets import COMBINED, Target, on_sphere
from lrtheory.matrix_compression.sizes import one_of, rank_for
from lrtheory.matrix_compression.theory.adapters import stream_bracket

__all__ = ["beside_of", "merge_adapters", "opened", "parts_of", "whole_sum"]

#: the share that is kept where nothing is said
HALF = 0.5


def merge_adapters(
    adapters: Sequence[AdapterFile | str | Path],
    weights: ArrayLike | None = None,
    *,
    rank: int | None = None,
    epsilon: float | None = None,
    method: str = "auto",
    dtype: str | None = None,
    record: bool = False,
    base: Tensors | str | Path | None = None,
    combine: str = "sum",
    density: float | None = None,
    rng: Rng = None,
) -> AdapterResult:
    r"""Merge adapters of one base model into the best one of a rank for their weighted sum (statement MG-1).

    In place of the sum the target may be another matrix, to which the result is the nearest adapter of its rank.

    Adapters of different base models must not be merged; where their settings name two, `message` says so.

    Parameters
    ----------
    adapters : sequence of AdapterFile or path
        The adapters, or their folders. A module that one of them lacks is a zero update there.
    weights : sequence of float or None
        One number an adapter, of either sign; None weighs each by 1.
    rank : int or None
        Rank of every module.
    epsilon : float or None
        In place of a rank: the relative error that each module may have.
    method : {"auto", "core", "dense", "stream"}
        "core" puts the factors side by side and takes their core. "dense" forms the sum itself, which costs less where
        the ranks add up to more than a side of the weight. "stream" adds one adapter at a time and truncates each time,
        as where adapters come one by one, and errs more; it takes a rank. "auto" takes one of the first two for each
        module.
    dtype : {"float64", "float32", "float16", "bfloat16"} or None
        The type of the new factors; None takes that of the first adapter that has the module.
    record : bool
        Keep the factors after every step of "stream", as ``trace["B"][module][step]`` and likewise "A".
    base : Tensors, path or None
        The base model, which adapters need whose start changes it, such as PiSSA, and arrays beside the factors that
        are not the same in all adapters: with it they are W + sum w_i (W_i - W).
    combine : {"sum", "slerp", "ties", "dare"}
        The weighted sum; that of two adapters with the weights by which their updates are interpolated on a sphere,
        which `message` tells; the mean of the largest entries that have the sign which most of them have; or the sum of
        entries that are kept at random, and divided by `density`, whose expected squared distance from the sum is that
        of statement MG-4. What lies beside the factors is summed always.
    density : float or None
        Share of the entries that "ties" and "dare" keep, in (0, 1]; None keeps half.
    rng : int, SeedSequence, Generator or None
        The source of what "dare" drops; the certificate keeps a seed of it.

    Returns
    -------
    AdapterResult
        Adapter that has the settings of the first one, and every scale 1.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If there is no adapter, weights do not fit, a module has different shapes, arrays beside the factors
        differ without a base model, not exactly one of rank and epsilon is given, adapters cannot be combined so, or
        `density` is given where nothing is dropped.

    Examples
    --------
    >>> from lrtheory import matrix_compression as mc
    >>> pair = mc.make_adapters(1, 2, rank=4, rng=0)
    >>> merged = mc.merge_adapters(pair, [0.5, 0.5], rank=4)
    >>> merged.certificate.verify(tuple(pair))
    True
    """
    model, target = as_base(base), _target(combine, density, rng, method)
    read, first, parts = opened(adapters, weights, model)
    if combine == "slerp":
        sides = [{n: (m.B, m.A, m.scale) for n, m in one.modules.items()} for one in read]
        told = on_sphere(*_two(sides), [0.5, 0.5] if weights is None else np.asarray(weights, float).ravel().tolist())
        return _said(
            merge_adapters(
                adapters, told, rank=rank, epsilon=epsilon, method=method, dtype=dtype, record=record, base=base
            ),
            f"slerp is the sum with the weights {told[0]:.17g} and {told[1]:.17g}",
        )
    way = one_of(rank=rank, epsilon=epsilon)
    choice("method", method, ("auto", "core", "dense", "stream"))
    if method == "stream" and way != "rank":
        raise must("epsilon", 'left out with method "stream", which takes a rank', epsilon)
    if flag("record", record) and method != "stream":
        raise must("record", 'left out unless method is "stream", which has steps', record)
    kind = checked_type(dtype)
    rounded = start_said(adapters, model)
    biases = {name: _bias(read, weights, name) for name in parts}
    if method == "stream":
        return _streamed(read, parts, first, rank or 0, kind, record, beside_of(read, weights, model, rounded), biases)
    modules, losses, spectra, methods, apart = {}, {}, {}, {}, []
    for number, (name, updates) in enumerate(parts.items()):
        if target is None:
            found, methods[name] = _whole(updates, method)
        else:
            found, far = _of_target(target, number, updates)
            methods[name] = target.combine
            apart.append(far)
        kept = rank_for(found.values, rank, epsilon)
        modules[name], losses[name] = replaced(first[name], found, kept, 1.0, kind)
        modules[name], losses[name] = with_bias(modules[name], biases[name], losses[name])
        spectra[name] = found.values
    used = " and ".join(sorted(set(methods.values())))
    reason = "asked for" if method != "auto" else "the sum itself where the ranks add up to more than a side"
    more = beside_of(read, weights, model, rounded)
    if target is not None:
        reason = "the target itself, entry by entry"
        off, size = (math.hypot(*column) for column in zip(*apart, strict=True))
        share = f"{off / size:.2%} of its norm" if size else f"{off:.3g}"
        more["message"] = "; ".join(
            filter(None, [f"{combine} aims at a matrix {share} away from the sum", more["message"]])
        )
    return finished(read, modules, losses, spectra=spectra, method=used, reason=reason, target=target, **more)


def _target(combine: str, density: float | None, rng: Rng, method: str) -> Target | None:
    """The target that is merged in place of the sum, if there is one."""
    choice("combine", combine, COMBINED)
    if combine in ("sum", "slerp"):
        refuse_unused(combine, (), "`combine`", density=(density, None))
        return None
    share = real("density", HALF if density is None else density, low=0.0, high=1.0)
    if share == 0:
        raise must("density", "in (0, 1]", density)
    if method != "auto":
        raise must("method", f'"auto" for {combine}, which has no factors', method)
    return Target(combine, share, int(generator(rng).integers(2**63)))


def _two(sides: list[Any]) -> tuple[Any, Any]:
    if len(sides) != 2:
        raise must("adapters", "two adapters, for slerp", len(sides))
    return sides[0], sides[1]


def _said(found: AdapterResult, first: str) -> AdapterResult:
    return replace(found, message="; ".join(filter(None, [first, found.message])))


def _of_target(target: Target, number: int, updates: list[Update]) -> tuple[Core, tuple[float, float]]:
    """The core of a target, its distance from the sum, and the norm of the sum."""
    T = target.of(number, updates)
    unit = unit_of(T)
    found = dense_core(
        np.ldexp(T, -unit), unit, rounding_of(float(np.linalg.norm(np.ldexp(T, -unit))), min(T.shape), unit)
    )
    B, A = joined(updates)
    whole = B @ A
    return found, (tail(np.abs(T - whole).ravel(), 0), tail(np.abs(whole).ravel(), 0))


def _bias(read: list[AdapterFile], weights: Any, name: str) -> np.ndarray | None:
    """The weighted sum of what adapters add to the bias of a layer."""
    share = [1.0] * len(read) if weights is None else [float(one) for one in np.asarray(weights).ravel()]
    return summed_bias([(one.modules[name].bias, w) for one, w in zip(read, share, strict=True) if name in one.modules])


def beside_of(read: list[AdapterFile], weights: Any, base: Tensors | None, rounded: str = "") -> dict[str, Any]:
    """The settings and whole arrays of the sum, and what is to be said of the adapters."""
    share = [1.0] * len(read) if weights is None else [float(one) for one in np.asarray(weights).ravel()]
    whole, said = merged(read, share, base)
    message = "; ".join(one for one in (_bases(read), said, _zeros(read), rounded) if one)
    return {"whole": whole, "config": joint_settings(read), "message": message, "weights": share}


def _zeros(read: list[AdapterFile]) -> str:
    """A warning where some modules alone add to biases, as a setting is for all of them."""
    names = {name for one in read for name in one.modules}
    biased = {name for one in read for name, module in one.modules.items() if module.bias is not None}
    if not biased or biased == names:
        return ""
    left = counted(len(names - biased), "module")
    return f"{left} get zeros for a bias, which peft reads, and merges only into layers that have one"


def _bases(read: list[AdapterFile]) -> str:
    """A warning where the settings of adapters name different base models."""
    named = dict.fromkeys(str((one.config or {}).get("base_model_name_or_path") or "") for one in read)
    named.pop("", None)
    return f"the adapters name different base models, {' and '.join(named)}" if len(named) > 1 else ""


def opened(
    adapters: Any, weights: Any, base: Tensors | None = None
) -> tuple[list[AdapterFile], dict[str, AdapterModule], dict[str, list[Update]]]:
    """The adapters; for each module that of the first that has it, and the updates of all, with their weights."""
    read = [as_adapter("adapters", one, base) for one in adapters] if isinstance(adapters, (list, tuple)) else []
    if not read:
        raise must("adapters", "a sequence of at least one adapter", adapters)
    if len({one.form for one in read}) > 1:
        raise must(
            "adapters", "ones of one form, as the names of modules are others in others", [one.form for one in read]
        )
    share = np.ones(len(read)) if weights is None else array("weights", weights, shape=(None,)).astype(np.float64)
    if len(share) != len(read):
        raise ValueError(f"`weights` must be one number an adapter; got {len(share)} for {len(read)}.")
    first: dict[str, AdapterModule] = {}
    for one in read:
        for name, module in one.modules.items():
            first.setdefault(name, module)
    return read, first, {name: parts_of(read, share, name) for name in first}


def parts_of(read: list[AdapterFile], weights: np.ndarray, name: str) -> list[Update]:
    """The updates of one module, each with its weight in its scale."""
    present = [(one.modules[name], float(w)) for one, w in zip(read, weights, strict=True) if name in one.modules]
    layers = {layout_of(module) for module, _ in present}
    if len(layers) > 1:
        raise must("adapters", f"adapters whose updates of {name!r} have one shape", sorted(layers, key=str))
    return [(module.B, module.A, module.scale * weight) for module, weight in present]


def _whole(updates: list[Update], method: str) -> tuple[Core, str]:
    """The core of a sum of updates."""
    B, A = joined(updates)
    total = B.shape[1]
    if method == "core" or (method == "auto" and total <= min(len(B), A.shape[1])):
        return core(B, A), "core"
    units = unit_of(B), unit_of(A)
    B, A = np.ldexp(B, -units[0]), np.ldexp(A, -units[1])
    rounding = rounding_of(float(np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1)), total, sum(units))
    return dense_core(B @ A, sum(units), rounding), "dense"


def _streamed(
    read: list[AdapterFile], parts: Mapping[str, list[Update]], first: Mapping[str, AdapterModule], rank: int,
    kind: str | None, record: bool, more: Mapping[str, Any], biases: Mapping[str, Any],
) -> AdapterResult:  # fmt: skip
    """Add one update at a time and truncate; the losses bracket the best error (statement MG-2)."""
    modules, losses, tails, sums = {}, {}, {}, {}
    for name, updates in parts.items():
        lost_by, slack, sums[name] = _steps(updates, rank)
        own, cast = replaced(first[name], core(*sums[name][-1]), rank, 1.0, kind)
        wide, whole = lost_by + slack, joined(updates)
        tails[name] = wide
        least = stream_bracket([*wide[:-1], max(0.0, lost_by[-1] - slack[-1])])[0]
        most = stream_bracket(wide)[1] + cast.most
        error = difference((*whole, 1.0), (own.B, own.A, own.scale))[0]
        lost = Loss(tail(core(*whole).values, 0), error, float(least), float(most))
        modules[name], losses[name] = with_bias(own, biases[name], lost)
    trace = {f: {name: tuple(pair[i] for pair in pairs) for name, pairs in sums.items()} for i, f in enumerate("BA")}
    return finished(read, modules, losses, spectra={}, method="stream", tails=tails,
                    trace=trace if record else None, **more)  # fmt: skip


def _steps(updates: list[Update], rank: int) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """The loss of each step, its rounding, and the factors of the running sum after it."""
    m, n = updates[0][0].shape[0], updates[0][1].shape[1]
    B, A = np.zeros((m, 0)), np.zeros((0, n))
    lost, slack, kept = [], [], []
    for update in updates:
        found = core(*joined([(B, A, 1.0), update]))
        B, A = found.factors(min(rank, len(found.values)))
        lost.append(tail(found.values, rank))
        slack.append(found.rounding)
        kept.append((B, A))
    return np.array(lost), np.array(slack), kept


def whole_sum(adapters: Sequence[AdapterFile], weights: Any, base: Tensors | None) -> tuple[AdapterFile, str]:
    """The weighted sum of adapters itself, with all their ranks together, and what is to be said of it."""
    read, first, parts = opened(list(adapters), weights, base)
    modules = {}
    for name, updates in parts.items():
        (B, A), one = joined(updates), first[name]
        bias = _bias(read, weights, name)
        modules[name] = AdapterModule(B, A, kind=one.kind, kernel=one.kernel, dtype="F64", bias=bias)
    more = beside_of(read, weights, base)
    others = placed(more["whole"], [name for name, one in modules.items() if one.rank], prefixed=read[0].prefixed)
    config = {**more["config"], "init_lora_weights": True, "use_dora": False}
    return replace(read[0], modules=modules, config=config, others=others, source=None), more["message"]
