"""The result of replacing the modules of an adapter: the new adapter, its errors, and bounds on them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import AdapterFile, AdapterModule
from lrtheory._files.adapters.adapter_file import DTYPES
from lrtheory._files.adapters.folder import ARRAYS, write_folder
from lrtheory._files.safetensors import decoded, encoded
from lrtheory._kernels.low_rank import Core, cast_error, core, difference, tail
from lrtheory._result import Result, json_safe, result
from lrtheory._result.display import bars
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, must
from lrtheory.matrix_compression.budgets.certificate import RankCertificate

__all__ = [
    "AdapterCertificate",
    "AdapterResult",
    "StreamCertificate",
    "Update",
    "as_adapter",
    "checked_type",
    "finished",
    "joined",
    "replaced",
]  # fmt: skip

STATEMENT = "matrix_compression/SQ-1e"
NAMES = {code: name for name, code in DTYPES.items()}
CERTIFICATE = "compression_certificate.json"

#: an update as (B, A, scale)
Update = tuple[Any, Any, float]


@result
class AdapterCertificate(Result):
    """Bounds on the distance of an adapter from the updates that it stands for, over all modules together.

    Attributes
    ----------
    gap : float
        upper - bound, at least 0.
    bound : float
        No adapter with these ranks is nearer: the root of the sum over the modules of squared Frobenius distances.
    upper : float
        This one is not further; the rounding of its factors to their type is counted in.
    statement : str
        The statement behind the bound.
    ranks : mapping of str to int
        Of the modules.
    modules : mapping of str to AdapterModule
        The factors themselves.
    allocation : RankCertificate or None
        Where a budget chose the ranks: what other ranks within it keep at most.
    """

    gap: float
    bound: float
    upper: float
    statement: str
    ranks: Mapping[str, int]
    modules: Mapping[str, AdapterModule]
    allocation: RankCertificate | None

    def _facts(self) -> list[str]:
        least = f"no adapter of these ranks by less than {self.bound:.6g} ({self.statement})"
        more = [] if self.allocation is None else self.allocation._facts()
        return [f"off by at most {self.upper:.6g}, and {least}", *more]

    def verify(self, *adapters: AdapterFile | str | Path, weights: ArrayLike | None = None) -> bool:
        """Recompute everything from the adapters that this one stands for.

        Parameters
        ----------
        *adapters : AdapterFile or path
            One adapter that was compressed, or several that were merged.
        weights : sequence of float or None
            Of the adapters that were merged; None weighs each by 1.

        Returns
        -------
        bool
            Whether no module is further from its update than stated, and no other of its rank nearer, up to rounding.
        """
        read = [as_adapter("adapters", adapter) for adapter in adapters]
        names = {name: None for adapter in read for name in adapter.modules}
        share = [1.0] * len(read) if weights is None else np.asarray(weights, np.float64).tolist()
        if set(names) != set(self.modules) or len(share) != len(read) or self.statement != STATEMENT:
            return False
        squares = np.zeros((2, len(names)))
        rounding = 0.0
        for k, name in enumerate(names):
            parts = [(m.B, m.A, m.scale * w) for m, w in _present(read, share, name)]
            B, A = joined(parts)
            own = self.modules[name]
            if own.shape != (B.shape[0], A.shape[1]) or own.rank != self.ranks.get(name):
                return False
            spectrum = core(B, A, "qr")
            squares[:, k] = difference((B, A, 1.0), (own.B, own.A, own.scale))[0], tail(spectrum.values, own.rank)
            rounding = math.hypot(rounding, 4 * spectrum.rounding)
        error, least = (tail(row, 0) for row in squares)
        exact = abs(self.gap - (self.upper - self.bound)) <= 1e-9 * abs(self.upper)
        return bool(error <= self.upper + rounding and self.bound <= least + rounding and exact and self.gap >= 0)


def _present(adapters: list[AdapterFile], weights: list[float], name: str) -> list[tuple[AdapterModule, float]]:
    pairs = zip(adapters, weights, strict=True)
    return [(adapter.modules[name], weight) for adapter, weight in pairs if name in adapter.modules]


def joined(parts: list[Update]) -> tuple[np.ndarray, np.ndarray]:
    """The factors of a sum of updates, side by side, in double precision."""
    left = np.concatenate([np.asarray(B, np.float64) * scale for B, _, scale in parts], axis=1)
    return left, np.concatenate([np.asarray(A, np.float64) for _, A, _ in parts], axis=0)


@result
class StreamCertificate(Result):
    """Bounds on a sum that was merged one adapter at a time, from what each step has lost (statement MG-2).

    Attributes
    ----------
    gap : float
        upper - bound, at least 0.
    bound : float
        No adapter of these ranks is nearer to the sum, over all modules together.
    upper : float
        The merged adapter is not further from it.
    statement : str
        The statement behind the bounds.
    tails : mapping of str to float64 array
        For each module what each step has lost, rounding included.
    modules : mapping of str to AdapterModule
        The factors themselves.
    """

    gap: float
    bound: float
    upper: float
    statement: str
    tails: Mapping[str, np.ndarray]
    modules: Mapping[str, AdapterModule]

    def _facts(self) -> list[str]:
        least = f"nothing of these ranks by less than {self.bound:.6g} ({self.statement})"
        return [f"off the sum by at most {self.upper:.6g}, and {least}"]

    def verify(self, *adapters: AdapterFile | str | Path, weights: ArrayLike | None = None) -> bool:
        """Compare the merged adapter with the sum itself.

        Parameters
        ----------
        *adapters : AdapterFile or path
            Those that were merged.
        weights : sequence of float or None
            Their weights; None weighs each by 1.

        Returns
        -------
        bool
            Whether the bounds hold, up to rounding.
        """
        ranks = {name: module.rank for name, module in self.modules.items()}
        same = AdapterCertificate(self.gap, self.bound, self.upper, STATEMENT, ranks, self.modules, None)
        return self.statement == "matrix_compression/MG-2" and same.verify(*adapters, weights=weights)


@result
class AdapterResult(Result):
    """An adapter of lower rank, and how far it is from what it stands for.

    Attributes
    ----------
    adapter : AdapterFile
        The adapter, in the precision of its files.
    ranks : mapping of str to int
        Of its modules; those of rank 0 are left out of its files.
    spectra : mapping of str to float64 array
        The singular values of the update of each module before, all of them.
    error : float
        The Frobenius norm of what all modules lack, as a share of the norm of all updates; 0 where there is none.
    errors : mapping of str to float
        The same for each module.
    sources : tuple of Path
        The folders that were read.
    storage : int
        How many numbers the factors hold.
    source_storage : int
        How many they held before.
    method : str
        How the ranks, or the sums of merged updates, were found.
    reason : str
        Why this method was taken.
    message : str
        What a reader should know.
    certificate : AdapterCertificate or StreamCertificate
        Bounds on the error that somebody else can verify.
    trace : mapping of str to tuple, or None
        What was asked for by `record`.
    """

    adapter: AdapterFile
    ranks: Mapping[str, int]
    spectra: Mapping[str, np.ndarray]
    error: float
    errors: Mapping[str, float]
    sources: tuple[Path, ...]
    storage: int
    source_storage: int
    method: str
    reason: str
    message: str
    certificate: AdapterCertificate | StreamCertificate
    trace: Mapping[str, Any] | None

    def _columns(self) -> dict[str, Any]:
        names = list(self.ranks)
        norms = [tail(self.spectra[name], 0) for name in names] if self.spectra else [None] * len(names)
        errors = [self.errors[name] for name in names]
        return {"module": names, "rank": [self.ranks[name] for name in names], "error": errors, "norm": norms}

    def _facts(self) -> list[str]:
        stored = f"{self.storage:,} of {self.source_storage:,} numbers, {self.error:.2%} of the norm is lost"
        return [stored, *self.certificate._facts(), *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        names = list(self.ranks)
        bars(ax, names, [self.errors[name] for name in names], label="relative error")

    def _write(self, target: Path) -> bool:
        """A path without suffix is a folder that peft loads, with the certificate beside the adapter."""
        if target.suffix:
            return False
        inside = set(target.resolve().parents)
        if any(source.resolve() in inside for source in self.sources):
            raise must("path", "outside the folders that were read", str(target.parent.parent / target.name))
        write_folder(target, self.adapter, None)
        text = json.dumps(self._record(), indent=1, allow_nan=False)
        (target / CERTIFICATE).write_text(text + "\n", encoding="utf-8")
        return True

    def _record(self) -> dict[str, Any]:
        """Numbers of the certificate, without the factors, which stand beside it; and digests of what was read."""
        said = {name: getattr(self.certificate, name) for name in ("statement", "bound", "upper", "gap")}
        said |= {"error": self.error, "errors": self.errors, "ranks": self.ranks, "spectra": self.spectra}
        files = [source / ARRAYS for source in self.sources]
        digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
        found: dict[str, Any] = json_safe(said | {"sources_sha256": digests})
        return found


def as_adapter(name: str, value: Any) -> AdapterFile:
    """An adapter, or the folder of one."""
    if isinstance(value, AdapterFile):
        return value
    if isinstance(value, (str, Path)):
        return AdapterFile.from_peft(value)
    raise must(name, "an AdapterFile or the folder of one", value, TypeError)


def replaced(
    module: AdapterModule, found: Core, rank: int, scale: float, dtype: str | None
) -> tuple[AdapterModule, float, float]:
    """A module with the best factors of a rank, rounded to the type of its file; and the bounds of its error.

    Parameters
    ----------
    module : AdapterModule
        Whose kind, kernel and type are kept.
    found : Core
        Of the whole update, its scale included.
    rank : int
        The rank.
    scale : float
        The scale of the new module.
    dtype : str or None
        A type of the format; None keeps that of the module.

    Returns
    -------
    tuple of (AdapterModule, float, float)
        The module, the least error of any factors of this rank, and the largest that these can have.
    """
    kind = dtype or module.dtype
    pair = found.factors(rank, ratio=1 / scale)
    B, A = (_rounded(factor, kind) for factor in pair)
    nuclear = float(np.sum(found.values[:rank])) / abs(scale)
    sizes = B.shape[0] * B.shape[1], A.shape[0] * A.shape[1]
    cast = abs(scale) * cast_error((math.sqrt(nuclear),) * 2, sizes, NAMES[kind])
    least = tail(found.values, rank)
    made = AdapterModule(B, A, scale=scale, kind=module.kind, kernel=module.kernel, dtype=kind)
    return made, max(0.0, least - found.rounding), least + found.rounding + cast


def _rounded(factor: np.ndarray, kind: str) -> np.ndarray:
    """The numbers that the file will hold."""
    if kind == "F64":
        return factor
    try:
        return decoded(encoded(factor, kind))
    except OverflowError as error:
        raise must("dtype", "a type in whose range the factors lie", str(error)) from error


def checked_type(dtype: str | None) -> str | None:
    """The type in the format that is meant by a name."""
    return None if dtype is None else DTYPES[choice("dtype", dtype, tuple(DTYPES))]


def finished(
    source: AdapterFile,
    modules: dict[str, AdapterModule],
    bounds: Mapping[str, tuple[float, float]],
    spectra: Mapping[str, np.ndarray],
    *,
    said: Mapping[str, Any],
    certify: Callable[[float, float], Any],
) -> AdapterResult:
    """The result, from new modules and the bounds of their errors."""
    norms = {name: tail(values, 0) for name, values in spectra.items()}
    whole = tail(np.array(list(norms.values())), 0)
    lost = {name: tail(spectra[name], modules[name].rank) for name in modules}
    total = tail(np.array(list(lost.values())), 0)
    least, most = (tail(np.array([bounds[name][i] for name in modules]), 0) for i in range(2))
    made = AdapterFile(
        modules, source.config, others=source.others, metadata=source.metadata, source=source.source,
        prefixed=source.prefixed,
    )  # fmt: skip
    return AdapterResult(
        adapter=made,
        ranks={name: module.rank for name, module in modules.items()},
        spectra=dict(spectra),
        error=total / whole if whole > 0 else 0.0,
        errors={name: lost[name] / norms[name] if norms[name] > 0 else 0.0 for name in modules},
        sources=said["sources"],
        storage=made.storage,
        source_storage=said["source_storage"],
        method=said["method"],
        reason=said["reason"],
        message="",
        certificate=certify(least, most),
        trace=None,
    )
