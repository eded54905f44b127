"""The result of replacing the modules of an adapter: the new adapter, its errors, and bounds on them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lrtheory._files import are_nested
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.adapter_file import DTYPES
from lrtheory._files.adapters.beside import beside, placed
from lrtheory._files.adapters.folder import ARRAYS, refuse_place, write_adapter
from lrtheory._files.adapters.settings import refuse_tied
from lrtheory._files.adapters.starts import RESOLVED, refuse_start, resolved, rounded_starts
from lrtheory._files.safetensors import Stored, Tensors
from lrtheory._files.writing import SUFFIXES
from lrtheory._kernels.low_rank import cast_error, core_within, difference, squares_within, tail
from lrtheory._result import Certificate, Result, json_safe, result
from lrtheory._result.display import bars, counted
from lrtheory._validation import choice, must
from lrtheory.matrix_compression.adapters.losses import NAMES, Loss, bias_apart
from lrtheory.matrix_compression.adapters.targets import Target
from lrtheory.matrix_compression.budgets.certificate import RankCertificate, WorstErrorCertificate

__all__ = [
    "AdapterFileCertificate",
    "AdapterResult",
    "Update",
    "as_adapter",
    "as_base",
    "checked_type",
    "finished",
    "joined",
    "start_said",
]

#: of factors that are the best ones, of sums that were truncated step by step, and of DoRA
STATEMENTS = ("matrix_compression/SQ-1e", "matrix_compression/MG-2", "matrix_compression/SQ-11")
CERTIFICATE = "compression_certificate.json"

#: an adapter or the folder of one, and a base model or the path of one
One: TypeAlias = AdapterFile | str | Path
Base: TypeAlias = Tensors | str | Path | None
#: an update as (B, A, scale)
Update = tuple[Any, Any, float]


@result
class AdapterFileCertificate(Certificate):
    """Bounds on the distance of an adapter from the updates that it stands for, over all modules together.

    The statement is SQ-1e for the best factors of all modules, and MG-2 for sums that were truncated step by step. For
    DoRA it is SQ-11: rows have the best lengths for their directions, and the bound is 0, as what other factors would
    leave is not known.

    Attributes
    ----------
    achieved : float
        This adapter is not further away; the rounding of its factors to their type is counted in.
    bound : float
        No adapter with these ranks is nearer: the root of the sum over the modules of squared Frobenius distances.
    ranks : mapping of str to int
        Rank of each module.
    modules : mapping of str to AdapterModule
        The factors themselves.
    weights : float64 array of shape (n_adapters,)
        Weight of each adapter in the sum; 1 for one that was compressed.
    allocation : RankCertificate or WorstErrorCertificate or None
        Bound on the energy that other ranks within the budget keep, or on the largest error that they leave, where a
        budget chose the ranks; it verifies itself, from spectra.
    tails : mapping of str to float64 array, or None
        For a sum that was truncated step by step, what each step has lost in each module, rounding included.
    target : Target or None
        For TIES and DARE, what the factors are the best ones for in place of the sum.
    """

    achieved: float
    bound: float
    gap: float
    ranks: Mapping[str, int]
    modules: Mapping[str, AdapterModule]
    weights: np.ndarray
    allocation: RankCertificate | WorstErrorCertificate | None
    tails: Mapping[str, np.ndarray] | None
    target: Target | None = None

    _statements = STATEMENTS

    def _facts(self) -> list[str]:
        least = f"no adapter of these ranks by less than {self.bound:.6g} ({self.statement})"
        if self.statement == STATEMENTS[2]:
            least = f"no other norms of rows are nearer for these factors ({self.statement})"
        more = [] if self.allocation is None else self.allocation._facts()
        return [f"off by at most {self.achieved:.6g}, and {least}", *more]

    def verify(self, problem: One | tuple[One, ...] | tuple[tuple[One, ...], Base]) -> bool:
        """Recompute everything from the adapters that this one stands for.

        Parameters
        ----------
        problem : AdapterFile or path, tuple of these, or pair (tuple of these, base)
            The adapter that was compressed, or those that were merged. The pair brings the base model, as Tensors or as
            the path of one, for adapters whose start changes it, and for DoRA.

        Returns
        -------
        bool
            Whether no module is further from its update than stated, and no other of its rank nearer, up to rounding.
        """
        if not self._is_sound():
            return False
        adapters, model = _sides(problem)
        alone = len(adapters) == 1
        read = [as_adapter("problem", adapter, model, each=alone) for adapter in adapters]
        dora = any(one.magnitude is not None for one in self.modules.values())
        if dora and model is not None:
            read = [resolved(adapter, model) for adapter in read]
        names = {name: None for adapter in read for name in adapter.modules}
        share = np.asarray(self.weights, np.float64).ravel().tolist()
        known = self.statement == STATEMENTS[2 if dora else self.tails is not None]
        if not known or set(names) != set(self.modules) or len(share) != len(read):
            return False
        merged = self.modules if not dora else self._resolved(adapters, model)
        squares = np.zeros((2, len(names)))
        rounding = 0.0
        for k, name in enumerate(names):
            pairs = [(one.modules[name], w) for one, w in zip(read, share, strict=True) if name in one.modules]
            updates = [(module.B, module.A, module.scale * w) for module, w in pairs]
            B, A = joined(updates) if self.target is None else _alone(self.target.of(k, updates))
            own = merged[name]
            if own.shape != (B.shape[0], A.shape[1]) or self.modules[name].rank != self.ranks.get(name):
                return False
            within = squares_within(own.B, own.A, *(factor for one, _ in pairs for factor in (one.B, one.A)))
            error, lost = difference((B, A, 1.0), (own.B, own.A, own.scale), within=within)
            squares[0, k], slack = error, lost
            if not dora:
                spectrum = core_within(B, A, own.rank, within)
                squares[1, k], slack = tail(spectrum.values, own.rank), 4 * spectrum.rounding + lost
            bias = bias_apart([(one.bias, w) for one, w in pairs], own)
            squares[0, k] = math.hypot(error, bias)
            if own.rank == 0:  # a module without an inner index adds to no bias, whoever makes it
                squares[1, k] = math.hypot(squares[1, k], bias)
            rounding = math.hypot(rounding, slack)
            if self.tails is not None:
                steps = self.tails.get(name, ())
                if len(steps) != len(pairs) or error > sum(steps) + _cast(own) + slack:
                    return False
        error, least = (tail(row, 0) for row in squares)
        if self.tails is not None and math.hypot(*map(sum, self.tails.values())) > self.achieved * (1 + 1e-9):
            return False
        return bool(error <= self.achieved + rounding and self.bound <= min(self.achieved, least + rounding))

    def _resolved(self, adapters: Sequence[Any], base: Tensors | None) -> Mapping[str, AdapterModule]:
        """The updates that the factors and the norms of rows make of the weights of the base model."""
        first = adapters[0] if isinstance(adapters[0], AdapterFile) else AdapterFile.from_peft(adapters[0])
        found: Mapping[str, AdapterModule] = as_adapter("problem", replace(first, modules=self.modules), base).modules
        return found


def _sides(problem: Any) -> tuple[Sequence[Any], Tensors | None]:
    """The adapters of a problem, and the base model where it has one."""
    if not isinstance(problem, (tuple, list)):
        return (problem,), None
    if len(problem) == 2 and isinstance(problem[0], (tuple, list)):
        return problem[0], as_base(problem[1])
    return problem, None


def _alone(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix as factors, one of which is the identity."""
    return (matrix, np.eye(matrix.shape[1])) if len(matrix) >= matrix.shape[1] else (np.eye(len(matrix)), matrix)


def _cast(module: AdapterModule) -> float:
    """At most this is the error by which the factors of a module were rounded, in terms of the rounded ones."""
    B, A = (np.abs(factor.astype(np.float64)).ravel() for factor in (module.B, module.A))
    moved = float(cast_error((tail(B, 0), tail(A, 0)), (B.size, A.size), NAMES[module.dtype]))
    return 2 * abs(module.scale) * moved


def joined(parts: list[Update]) -> tuple[np.ndarray, np.ndarray]:
    """The factors of a sum of updates, side by side, in double precision."""
    left = np.concatenate([np.asarray(B, np.float64) * scale for B, _, scale in parts], axis=1)
    return left, np.concatenate([np.asarray(A, np.float64) for _, A, _ in parts], axis=0)


@result
class AdapterResult(Result):
    """An adapter of lower rank, and how far it is from what it stands for.

    Attributes
    ----------
    adapter : AdapterFile
        The adapter, in the precision of its files.
    ranks : mapping of str to int
        Rank of each module; modules of rank 0 are left out of the files.
    spectra : mapping of str to float64 array
        The singular values of the update of each module before, all of them.
    error : float
        The Frobenius norm of what all modules lack, as a share of the norm of all updates; 0 where there is none.
    errors : mapping of str to float
        The relative error of each module; 0 where its update is 0.
    sources : tuple of Path
        The folders that were read.
    storage : int
        Number of entries of all factors.
    source_storage : int
        Number of entries of all factors of the sources.
    method : str
        Method by which the ranks, or the sums of merged updates, were found.
    reason : str
        Reason for the method.
    message : str
        Warnings about the files that were read, or the reason for the method; may be empty.
    certificate : AdapterFileCertificate
        Bounds on the error that somebody else can verify.
    trace : mapping of str to tuple, or None
        Factors after each step of "stream", for `record`.
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
    certificate: AdapterFileCertificate
    trace: Mapping[str, Any] | None

    _forms = ("",)

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

    def _check_path(self, path: Path) -> None:
        """An adapter is a folder, and does not stand in a folder that was read."""
        if path.suffix.lower() in SUFFIXES:
            return
        refuse_place(path, self.adapter.form)
        if any(are_nested(source, path) for source in self.sources):
            raise must("path", "outside the folders that were read", str(path))

    def _write(self, target: Path) -> bool:
        """A path that is not a table is a folder that peft loads, with the certificate beside it, or one file."""
        if target.suffix.lower() in SUFFIXES:
            return False
        write_adapter(target, self.adapter, None)
        if target.is_file():
            return True
        text = json.dumps(self._record(), indent=1, allow_nan=False)
        (target / CERTIFICATE).write_text(text + "\n", encoding="utf-8")
        return True

    def _record(self) -> dict[str, Any]:
        """Numbers of the certificate, without the factors, which stand beside it; and digests of what was read."""
        said = {name: getattr(self.certificate, name) for name in ("achieved", "bound", "gap", "statement")}
        said |= {"error": self.error, "errors": self.errors, "ranks": self.ranks, "spectra": self.spectra}
        files = [source if source.is_file() else source / ARRAYS for source in self.sources]
        digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
        found: dict[str, Any] = json_safe(said | {"sources_sha256": digests})
        return found


def as_base(base: Any) -> Tensors | None:
    """The base model of adapters, or its folder, if it is given."""
    if base is None or isinstance(base, Tensors):
        return base
    if not isinstance(base, (str, Path)):
        raise must("base", "the folder of a model, or its tensors", base, TypeError)
    return Tensors.from_file(base)


def as_adapter(name: str, value: Any, base: Tensors | None = None, *, each: bool = False) -> AdapterFile:
    """An adapter whose factors are added to the weights, or the folder of one; what lies beside them is whole.

    Where `each` update is taken for itself, one under DoRA stays as it is, if there is a base model, and two may be
    those of one matrix.
    """
    if not isinstance(value, (AdapterFile, str, Path)):
        raise must(name, "an AdapterFile or the folder of one", value, TypeError)
    found = value if isinstance(value, AdapterFile) else AdapterFile.from_peft(value)
    said = found.config or {}
    beside(found)
    if not each:
        refuse_tied(said)
    if base is not None:
        kept = each and said.get("use_dora") and said.get("init_lora_weights") not in RESOLVED
        return found if kept else resolved(found, base)
    refuse_start(found.config or {})
    return found


def checked_type(dtype: str | None) -> str | None:
    """The type in the format that is meant by a name."""
    return None if dtype is None else DTYPES[choice("dtype", dtype, tuple(DTYPES))]


def start_said(values: Sequence[Any], base: Tensors | None) -> str:
    """Sentences on the rounding of starts that change a base model."""
    if base is None:
        return ""
    read = [one if isinstance(one, AdapterFile) else AdapterFile.from_peft(one) for one in values]
    return "; ".join(dict.fromkeys(said for one in read if (said := rounded_starts(one, base))))


def finished(
    read: Sequence[AdapterFile], modules: dict[str, AdapterModule], losses: Mapping[str, Loss], *,
    spectra: Mapping[str, np.ndarray], method: str, reason: str = "asked for", message: str = "",
    allocation: RankCertificate | WorstErrorCertificate | None = None, tails: Mapping[str, np.ndarray] | None = None,
    trace: Mapping[str, Any] | None = None, config: Mapping[str, Any] | None = None,
    whole: Mapping[str, Stored] | None = None, target: Target | None = None, weights: Sequence[float] = (1.0,),
) -> AdapterResult:  # fmt: skip
    """The result, from new modules and what each of them loses; settings and whole arrays are those of the first."""
    norm, error, least, most = (math.hypot(*column) for column in zip(*losses.values(), strict=True))
    source, ranks = read[0], {name: module.rank for name, module in modules.items()}
    arrays = beside(source) if whole is None else whole
    others = placed(arrays, [name for name, rank in ranks.items() if rank > 0], prefixed=source.prefixed)
    made = replace(source, modules=modules, config=config or source.config, others=others)
    if arrays and whole is None:
        said = f"beside the factors {counted(len(arrays), 'array')} carried unchanged, which no error counts"
        message = f"{message}; {said}" if message else said
    statement = STATEMENTS[2 if (made.config or {}).get("use_dora") else tails is not None]
    return AdapterResult(
        adapter=made,
        ranks=ranks,
        spectra=dict(spectra),
        error=error / norm if norm > 0 else 0.0,
        errors={name: one.error / one.norm if one.norm > 0 else 0.0 for name, one in losses.items()},
        sources=tuple(one.source for one in read if one.source is not None),
        storage=made.storage,
        source_storage=sum(one.storage for one in read),
        method=method,
        reason=reason,
        message=message,
        certificate=AdapterFileCertificate._of(
            most, least, statement, ranks, modules, np.array(weights, np.float64), allocation, tails, target
        ),
        trace=trace,
    )
