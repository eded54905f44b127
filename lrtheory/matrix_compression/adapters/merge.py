"""One adapter for a weighted sum of several, at most of a given rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import AdapterFile, AdapterModule
from lrtheory._kernels.low_rank import Core, core, difference, rounding_of, tail
from lrtheory._types import ArrayLike
from lrtheory._validation import array, choice, must
from lrtheory.matrix_compression.adapters.compress import folders
from lrtheory.matrix_compression.adapters.result import (
    STATEMENT,
    AdapterCertificate,
    AdapterResult,
    StreamCertificate,
    Update,
    as_adapter,
    checked_type,
    finished,
    joined,
    replaced,
)
from lrtheory.matrix_compression.sizes import one_of, rank_for
from lrtheory.matrix_compression.theory.adapters import stream_bracket

__all__ = ["merge_adapters", "parts_of", "weights_of"]


def merge_adapters(
    adapters: Sequence[AdapterFile | str | Path],
    weights: ArrayLike | None = None,
    *,
    rank: int | None = None,
    epsilon: float | None = None,
    method: str = "auto",
    dtype: str | None = None,
    record: bool = False,
) -> AdapterResult:
    r"""Merge adapters of one base model into the best one of a rank for their weighted sum (statement MG-1).

    Adapters of different base models must not be merged, and nothing here can tell that they are.

    Parameters
    ----------
    adapters : sequence of AdapterFile or path
        The adapters, or their folders. A module that one of them lacks is a zero update there.
    weights : sequence of float or None
        One number an adapter, of either sign; None weighs each by 1.
    rank : int or None
        Of every module.
    epsilon : float or None
        In place of a rank: the relative error that each module may have.
    method : {"auto", "core", "dense", "stream"}
        "core" puts the factors side by side and takes their core. "dense" forms the sum itself, which costs less where
        the ranks add up to more than a side of the weight. "stream" adds one adapter at a time and truncates each time,
        which keeps one adapter in memory, and errs more; it takes a rank. "auto" takes one of the first two for each
        module.
    dtype : {"float64", "float32", "float16", "bfloat16"} or None
        The type of the new factors; None takes that of the first adapter that has the module.
    record : bool
        Keep the factors after every step of "stream", as ``trace["B"][module][step]`` and likewise "A".

    Returns
    -------
    AdapterResult
        With the settings of the first adapter, and every scale 1.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If there is no adapter, weights do not fit, a module has different shapes, an adapter holds arrays beside its
        factors, or not exactly one of rank and epsilon is given.

    References
    ----------
    .. [1] I. Vulic, A. Grycner, Q. de Laroussilhe, J. Pfeiffer, LoRA-Squeeze: Simple and Effective Post-Tuning and
       In-Tuning Compression of LoRA Modules, arXiv 2602.10993, 2026.

    Examples
    --------
    >>> from lrtheory import matrix_compression as mc
    >>> pair = mc.make_adapters(1, 2, rank=4, rng=0)
    >>> merged = mc.merge_adapters(pair, [0.5, 0.5], rank=4)
    >>> merged.certificate.verify(*pair, weights=[0.5, 0.5])
    True
    """
    read = [as_adapter("adapters", one) for one in adapters] if isinstance(adapters, (list, tuple)) else []
    if not read:
        raise must("adapters", "at least one adapter", adapters)
    way = one_of(rank=rank, epsilon=epsilon)
    choice("method", method, ("auto", "core", "dense", "stream"))
    if method == "stream" and way != "rank":
        raise must("epsilon", 'left out with method "stream", which takes a rank', epsilon)
    if record and method != "stream":
        raise must("record", 'left out unless method is "stream", which has steps', record)
    kind, share = checked_type(dtype), weights_of(weights, len(read))
    for one in read:
        if one.others:
            raise must(
                "adapters", "without arrays beside their factors, whose sum nobody defines", next(iter(one.others))
            )
    parts = {name: parts_of(read, share, name) for one in read for name in one.modules}
    first = {name: next(one.modules[name] for one in read if name in one.modules) for name in parts}
    if method == "stream":
        return _streamed(read, parts, first, rank or 0, kind, record)
    modules, bounds, spectra, methods = {}, {}, {}, {}
    for name, updates in parts.items():
        found, methods[name] = _whole(updates, method)
        kept = rank_for(found.values, rank, epsilon)
        modules[name], *pair = replaced(first[name], found, kept, 1.0, kind)
        bounds[name], spectra[name] = (pair[0], pair[1]), found.values
    used = sorted(set(methods.values()))
    said = {"sources": folders(*read), "source_storage": sum(one.storage for one in read), "method": " and ".join(used)}
    said["reason"] = "asked for" if method != "auto" else "the sum itself where the ranks add up to more than a side"
    ranks = {name: module.rank for name, module in modules.items()}

    def certify(least: float, most: float) -> AdapterCertificate:
        return AdapterCertificate(most - least, least, most, STATEMENT, ranks, modules, None)

    return finished(read[0], modules, bounds, spectra, said=said, certify=certify)


def weights_of(weights: Any, n: int) -> np.ndarray:
    """Check the weights of adapters; None is 1 for each."""
    if weights is None:
        return np.ones(n)
    found = array("weights", weights, shape=(None,)).astype(np.float64)
    if len(found) != n:
        raise ValueError(f"`weights` must be one number an adapter; got {len(found)} for {n}.")
    return found


def parts_of(read: list[AdapterFile], weights: np.ndarray, name: str) -> list[Update]:
    """The updates of one module, each with its weight in its scale."""
    present = [(one.modules[name], float(w)) for one, w in zip(read, weights, strict=True) if name in one.modules]
    shapes = {module.shape for module, _ in present}
    if len(shapes) > 1:
        raise must("adapters", f"adapters whose updates of {name!r} have one shape", sorted(shapes))
    return [(module.B, module.A, module.scale * weight) for module, weight in present]


def _whole(updates: list[Update], method: str) -> tuple[Core, str]:
    """The core of a sum of updates."""
    total = sum(B.shape[1] for B, _, _ in updates)
    sides = updates[0][0].shape[0], updates[0][1].shape[1]
    if method == "core" or (method == "auto" and total <= min(sides)):
        return core(*joined(updates)), "core"
    W = sum(
        (scale * (np.asarray(B, np.float64) @ np.asarray(A, np.float64)) for B, A, scale in updates), np.zeros(sides)
    )
    U, values, Vt = np.linalg.svd(W, full_matrices=False)
    B, A = joined(updates)
    load = float(np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1))
    same = np.eye(len(values))
    return Core(values, (U, same), (same, Vt), rounding_of(load, total), "svd", ""), "dense"


def _streamed(
    read: list[AdapterFile], parts: Mapping[str, list[Update]], first: Mapping[str, AdapterModule], rank: int,
    kind: str | None, record: bool,
) -> AdapterResult:  # fmt: skip
    """Add one update at a time and truncate; the losses bracket the best error (statement MG-2)."""
    modules, bounds, tails, kepts, norms = {}, {}, {}, {}, {}
    for name, updates in parts.items():
        last, lost, slack, kept = _steps(updates, rank)
        modules[name], _, cast = replaced(first[name], core(*last), rank, 1.0, kind)
        wide = lost + slack
        tails[name], kepts[name] = wide, kept
        best = stream_bracket([*wide[:-1], max(0.0, lost[-1] - slack[-1])])[0]
        bounds[name] = float(best), float(stream_bracket(wide)[1]) + cast
        norms[name] = tail(core(*joined(updates)).values, 0)
    trace = {f: {name: tuple(p[i] for p in kept) for name, kept in kepts.items()} for i, f in enumerate("BA")}
    errors = {name: difference((*joined(parts[name]), 1.0), (m.B, m.A, m.scale))[0] for name, m in modules.items()}
    whole, total = (tail(np.array(list(x.values())), 0) for x in (norms, errors))
    least, most = (math.sqrt(math.fsum(pair[i] ** 2 for pair in bounds.values())) for i in range(2))
    made = AdapterFile(modules, read[0].config, metadata=read[0].metadata, source=read[0].source)
    return AdapterResult(
        adapter=made,
        ranks={name: module.rank for name, module in modules.items()},
        spectra={},
        error=total / whole if whole > 0 else 0.0,
        errors={name: errors[name] / norms[name] if norms[name] > 0 else 0.0 for name in modules},
        sources=folders(*read),
        storage=made.storage,
        source_storage=sum(one.storage for one in read),
        method="stream",
        reason="asked for",
        message="",
        certificate=StreamCertificate(most - least, least, most, "matrix_compression/MG-2", tails, modules),
        trace=trace if record else None,
    )


def _steps(updates: list[Update], rank: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray, list[Any]]:
    """The last running sum, what each step has lost and what it rounds, and the running sums after every step."""
    m, n = updates[0][0].shape[0], updates[0][1].shape[1]
    B, A = np.zeros((m, 0)), np.zeros((0, n))
    lost, slack, kept = [], [], []
    for update in updates:
        found = core(*joined([(B, A, 1.0), update]))
        B, A = found.factors(min(rank, len(found.values)))
        lost.append(tail(found.values, rank))
        slack.append(found.rounding)
        kept.append((B, A))
    return (B, A), np.array(lost), np.array(slack), kept
