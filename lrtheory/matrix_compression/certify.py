r"""The distance of anybody's copy from its original, and from the best of its rank.

.. math:: |E_r(M) - E_r(\hat M)| \le \|M - \hat M\|
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lrtheory._array import arrays, is_foreign, to_numpy
from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.starts import beside_base
from lrtheory._result import Certificate, result
from lrtheory._result.display import bars, counted
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, integer, must, real, unmasked
from lrtheory.matrix_compression.adapters.measuring import measured, quotient
from lrtheory.matrix_compression.adapters.result import as_adapter, as_base
from lrtheory.matrix_compression.compress_stack import StackResult
from lrtheory.matrix_compression.problem import StackProblem
from lrtheory.matrix_compression.stacks.accumulator import GRAM_ROWS
from lrtheory.matrix_compression.stacks.factors import ROUNDING
from lrtheory.matrix_compression.stacks.inputs import Blocks, Stream, as_matrix
from lrtheory.matrix_compression.stacks.measuring import Energies
from lrtheory.matrix_compression.stacks.sketch import StackSketch, smallest_rank
from lrtheory.matrix_compression.theory import distance_bracket

__all__ = ["CompressionCertificate", "certify"]

#: columns that are kept of copies whose rank nobody says
FOUND = 40

#: an adapter, or the folder of one
Adapter: TypeAlias = AdapterFile | str | PathLike[str]
#: a stack, one matrix, a basis U with coefficients C_k, the result of `compress_stack`, or an adapter
Whole: TypeAlias = Blocks | ArrayLike | StackProblem | Adapter
Base: TypeAlias = Tensors | str | Path | None
Compressed: TypeAlias = Whole | StackResult | tuple[ArrayLike, Sequence[ArrayLike]]


@result
class CompressionCertificate(Certificate):
    r"""The distance of a compressed copy from its original, and the least that its rank allows.

    Attributes
    ----------
    achieved : float
        The error \|M - M'\| / \|M\| in the Frobenius norm, from the matrices themselves; infinite if M is 0 and M' is
        not.
    bound : float
        No copy of this rank, or of these ranks, has a smaller error.
    attainable : float
        The best copy of this rank, or of these ranks, has no larger error.
    rank : int
        The rank that the copy is compared at; for adapters the largest.
    floor : float
        Relative errors below it are noise.
    names : tuple of str
        Blocks or modules.
    part_errors : array of shape (K,)
        \|A_k - A'_k\| / \|A_k\| of each.
    part_shares : array of shape (K,)
        Share of each in the squared error.
    part_optima : array of shape (K,) or None
        The least error that the rank of each module allows, which is 0 for arrays that are saved whole; None for
        blocks, which share one basis.
    at_most : float or None
        The error that the copy may have, where that was asked.
    message : str
        Number of blocks or modules that were compared.
    """

    achieved: float
    bound: float
    gap: float
    attainable: float
    rank: int
    floor: float
    names: tuple[str, ...]
    part_errors: np.ndarray
    part_shares: np.ndarray
    part_optima: np.ndarray | None
    at_most: float | None
    message: str

    _statements = tuple(f"matrix_compression/{name}" for name in ("CM-6", "CM-11", "CM-16", "SQ-1e"))
    _may_be_infinite = True

    def verify(self, problem: tuple[Whole, Compressed] | tuple[Whole, Compressed, Base]) -> bool:
        """Recompute everything from both sides.

        Parameters
        ----------
        problem : pair (original, compressed), or triple (original, compressed, base)
            Pair that `certify` got, or a triple with the base model where it was given.

        Returns
        -------
        bool
            Whether the numbers are those, up to `floor`; False where that is 1 or more.

        Raises
        ------
        TypeError
            If that is neither a pair nor a triple.
        ValueError
            If the two sides do not fit to each other.
        """
        if not isinstance(problem, (tuple, list)) or len(problem) not in (2, 3):
            raise must("problem", "a pair (original, compressed), or a triple with the base model", problem, TypeError)
        original, compressed, base = (*problem, None)[:3]
        if not self._is_sound():
            return False
        # of adapters `rank` is the largest that any module was compared at, whether it was given or not
        ranks = (self.rank,) if self.part_optima is None else (None, self.rank)
        return any(self._agrees(certify(original, compressed, rank, base=base)) for rank in ranks)

    def _agrees(self, again: CompressionCertificate) -> bool:
        names = ("achieved", "bound", "attainable", "floor")
        parts = ("part_errors", "part_shares", "part_optima")
        pairs = [(getattr(self, name), getattr(again, name)) for name in (*names, *parts)]
        near = again.floor < 1 and all(one is other or _near(one, other, 2 * again.floor) for one, other in pairs)
        return near and all(getattr(self, name) == getattr(again, name) for name in ("statement", "names", "rank"))

    def _columns(self) -> dict[str, Any]:
        shown = {"name": list(self.names), "error": self.part_errors, "share": self.part_shares}
        return shown if self.part_optima is None else {**shown, "best": self.part_optima}

    def _facts(self) -> list[str]:
        said = f"the copy is {self.achieved:.4g} of the norm away"
        asked = {True: "that is at most", False: "that is more than", None: "rounding hides whether that is at most"}
        answer = [] if self.at_most is None else [f"{asked[self._decided()]} {self.at_most:g}"]
        best = f"nothing of its rank is nearer than {self.bound:.4g} ({self.statement})"
        return [*answer, f"{said}; {best}", self.message]

    def _decided(self) -> bool | None:
        """Whether the error is as small as was asked; None where rounding hides it."""
        if self.at_most is None or self.achieved + self.floor <= self.at_most:
            return True
        return False if self.achieved - self.floor > self.at_most else None

    def _draw(self, ax: Any) -> None:
        bars(ax, self.names, self.part_errors, label="relative error")


@arrays("host")
def certify(
    original: Whole,
    compressed: Compressed,
    rank: int | None = None,
    *,
    at_most: float | None = None,
    base: Tensors | str | Path | None = None,
) -> CompressionCertificate:
    r"""Measure how far a compressed copy is from its original, and bound how near any of its rank can be.

    Parameters
    ----------
    original : blocks, matrix, StackProblem, AdapterFile, or path of an adapter
        Matrices before the compression. A list, a stream or an array of shape (K, m, n) are blocks; an array of shape
        (m, n) is one matrix. A path is that of a folder in the layout of peft.
    compressed : as original, or tuple (U, C), or StackResult
        The copy by any tool, with blocks of the same shapes. A tuple of two is a basis U of shape (m, r) with a list
        of coefficients C_k of shape (r, n_k), or with one such array.
    rank : int or None
        The rank at which the best error is computed, for a stack at most the number of rows, and for modules of an
        adapter the most of each. None takes that of the copy: the columns of U, the inner ranks of the modules of an
        adapter, or else the rank of M' itself.
    at_most : float or None
        A relative error; the certificate then says whether the copy is within it.
    base : Tensors, path or None
        The base model, which adapters need whose start changes it, such as PiSSA, and arrays beside the factors that
        differ on both sides: their change is then a part of the norm. Arrays with equal bits count 0 without it.

    Returns
    -------
    CompressionCertificate
        Error, the bracket of the best error, and both for each part.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a folder holds no adapter that is read here, or the base model is
        needed and not given.
    FileNotFoundError
        If there is no such folder.
    TypeError
        If an argument is of the wrong kind, or only one of the two is an adapter.

    Notes
    -----
    The copy may have a larger rank than the one it is compared at; then its error may be below the bound. For more than
    2048 rows the best error is bracketed by a sketch and by the copy itself (statements CM-16 and CM-11). An error of
    the update is not the loss of a task; and adapters of different base models must not be compared.

    Arrays: any (copied to the host).

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.matrix_compression import certify
    >>> M = np.diag([3.0, 2.0, 1.0])
    >>> found = certify(M, (np.eye(3)[:, 1:], M[1:]))
    >>> round(found.achieved, 6), round(found.bound, 6)
    (0.801784, 0.267261)
    """
    limit = None if at_most is None else real("at_most", at_most, low=0.0)
    if _is_adapter(original) or _is_adapter(compressed):
        model = as_base(base)
        pair = _adapter("original", original, model), _adapter("compressed", compressed, model)
        found = _of_adapters(*pair, rank, model)
    elif base is not None:
        raise must("base", "left out unless adapters are compared", base)
    else:
        found = _of_stacks(original, compressed, rank)
    return replace(found, at_most=limit)


# --- sides ----------------------------------------------------------------------------------------------------------


def _is_adapter(value: Any) -> bool:
    return isinstance(value, (AdapterFile, str, Path))


def _adapter(name: str, value: Any, base: Tensors | None) -> AdapterFile:
    if not _is_adapter(value):
        raise must(name, "an adapter, as the other side is", Words(type(value).__name__), TypeError)
    found = as_adapter(name, value, base)
    return found if base is None else beside_base(found, base)


def _near(one: Any, other: Any, slack: float) -> bool:
    """Whether numbers or arrays are equal up to rounding, and neither is None."""
    if one is None or other is None or np.shape(one) != np.shape(other):
        return False
    return bool(np.allclose(one, other, rtol=1e-9, atol=slack))


def _of_adapters(
    original: AdapterFile, copy: AdapterFile, rank: int | None, base: Tensors | None
) -> CompressionCertificate:
    """Compare module by module, and array by array."""
    named, said = measured(original, copy, None if rank is None else integer("rank", rank, low=0), base)
    parts = list(named.values())
    norm, error, best = (math.hypot(*(getattr(part, field) for part in parts)) for field in ("norm", "error", "best"))
    floor = math.hypot(*(part.rounding for part in parts)) / norm if norm else 0.0
    lower, made = max(0.0, quotient(best, norm) - floor), quotient(error, norm)
    return CompressionCertificate._of(
        made,
        lower,
        "matrix_compression/SQ-1e",
        attainable=quotient(best, norm) + floor,
        rank=max(part.rank for part in parts),
        floor=floor,
        names=tuple(named),
        part_errors=np.array([quotient(part.error, part.norm) for part in parts]),
        part_shares=np.array([quotient(part.error, error) ** 2 for part in parts]),
        part_optima=np.array([quotient(part.best, part.norm) for part in parts]),
        at_most=None,
        message=said,
    )


# --- stacks ----------------------------------------------------------------------------------------------------------


def _of_stacks(original: Any, compressed: Any, rank: int | None) -> CompressionCertificate:
    """Compare block by block in one pass, with a sketch of each side."""
    names = original.names if isinstance(original, StackProblem) else None
    given = _stream("original", original, rank)
    copies, inner = _copies(compressed)
    r = inner if rank is None else integer("rank", rank, low=0)
    wanted = 0 if r is None else r
    # as many columns whether the rank of dense copies is given or found, so that `verify` finds the same
    keep = FOUND if inner is None and wanted <= FOUND else wanted + 8
    own, made = (StackSketch(keep, oversampling=0) for _ in range(2))
    errors, norms = Energies(), Energies()
    needed = None  # whether the spectrum of the copy says something: its rank, or a bound beside that of a sketch
    for block, copy in _pairs(given, copies):
        exact, approximate = (one.astype(np.float64, copy=False) for one in (block, copy))
        own.update(exact)
        needed = (r is None or len(exact) > GRAM_ROWS) if needed is None else needed
        if needed:
            made.update(approximate)
        norms.add(exact)
        errors.add(exact - approximate)
    r = smallest_rank(made, 0.0) if r is None else r
    if r > own.rank and own.method == "gram":
        own._widen(r)
    unit = own.unit
    energies, missed = norms.values(unit), errors.values(unit)
    total, error2 = float(energies.sum()), float(missed.sum())
    error = quotient(math.sqrt(error2), math.sqrt(total))
    found = own.interval(r)
    rounding = copies.rounding(unit) / math.sqrt(total) if isinstance(copies, _Products) and total > 0 else 0.0
    most = error * (1.0 + found.floor**2) + rounding  # the copy is no further away
    lower, upper, statement = _optimum(most, own, made, r)
    if inner is not None and inner <= r:  # the copy itself is of that rank
        upper = max(lower, min(upper, most))
    return CompressionCertificate._of(
        error,
        lower,
        f"matrix_compression/{statement}",
        attainable=upper,
        rank=r,
        floor=max(found.floor, rounding),
        names=tuple(map(str, range(len(energies)) if names is None else names)),
        part_errors=np.array([quotient(math.sqrt(e), math.sqrt(t)) for e, t in zip(missed, energies, strict=True)]),
        part_shares=missed / error2 if error2 > 0 else np.zeros(len(missed)),
        part_optima=None,
        at_most=None,
        message=f"{counted(own.n_blocks, 'block')} of {counted(own.n_rows, 'row')}, compared at rank {r}",
    )


def _optimum(most: float, own: StackSketch, made: StackSketch, rank: int) -> tuple[float, float, str]:
    """Bracket the best relative error by the sketch of the original, and by a copy that is at most that far away."""
    found = own.interval(rank)
    lower, upper, statement = found.lower, found.upper, "CM-6" if own.method == "gram" else "CM-16"
    if own.method != "gram" and own.total > 0 and math.isfinite(most):
        ratio = math.sqrt(made.total / own.total) * 2.0 ** max(min(made.unit - own.unit, 500), -500)
        copied = made.interval(rank)
        # both ends of the bracket of the copy are already moved outwards by the rounding of its energies
        low = float(distance_bracket(copied.lower * ratio, most)[0])
        high = float(distance_bracket(copied.upper * ratio, most)[1])
        statement = "CM-11" if low > lower else statement
        lower, upper = max(lower, low), min(upper, high)
    return lower, max(lower, upper), statement


def _stream(name: str, value: Any, rank: int | None = None) -> Stream:
    """Read a stack, or a matrix as a stack of one block."""
    if hasattr(value, "__array__") or is_foreign(value):
        value = np.asarray(to_numpy(unmasked(name, value)))
    plain = isinstance(value, np.ndarray) and value.ndim == 2
    flat = isinstance(value, (list, tuple)) and len(value) and all(np.ndim(one) == 1 for one in value)
    return Stream([value] if plain or flat else value, name, rank=rank)


def _copies(value: Any) -> tuple[Any, int | None]:
    """Read the copy, and its rank where that is said."""
    if isinstance(value, StackResult):
        if value.coefficients is None:
            raise must("compressed", "a result of two passes, which has coefficients", "passes=1")
        value = (value.basis, value.coefficients)
    if isinstance(value, tuple) and len(value) == 2:
        U = as_matrix(value[0], " in U", "compressed").astype(np.float64, copy=False)
        return _Products(U, _stream("compressed", value[1])), U.shape[1]
    return _stream("compressed", value), None


class _Products:
    """The matrices U C_k, one after the other."""

    def __init__(self, U: np.ndarray, coefficients: Stream) -> None:
        coefficients.n_rows = 0 if U.shape[1] == 0 else -1  # a basis without columns has coefficients without rows
        self._U, self._coefficients = U, coefficients
        self._left, self._right = Energies(), Energies()
        self._left.add(U)

    def __iter__(self) -> Iterator[np.ndarray]:
        for k, C in enumerate(self._coefficients):
            if len(C) != self._U.shape[1]:
                got = Words(f"{len(C)} rows in C[{k}]")
                rule = f"a basis of {self._U.shape[1]} columns and coefficients with as many rows"
                raise must("compressed", rule, got)
            exact = C.astype(np.float64, copy=False)
            self._right.add(exact)
            yield self._U @ exact

    def rounding(self, unit: int) -> float:
        """The norm of what the rounding of all products is at most, in a unit of numbers."""
        halves = unit // 2, unit - unit // 2
        left, right = (float(e.values(u).sum()) for e, u in zip((self._left, self._right), halves, strict=True))
        return ROUNDING * self._U.shape[1] * math.sqrt(left) * math.sqrt(right)


def _pairs(original: Stream, copies: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of both sides together, which must have the same shapes."""
    others = iter(copies)
    k = -1
    for k, block in enumerate(original):
        copy = next(others, None)
        if copy is None:
            raise must("compressed", f"as many blocks as the original, more than {k}", Words(f"{k}"))
        if copy.shape != block.shape:
            raise must("compressed", f"of the shape {block.shape} in block {k}", copy.shape)
        yield block, copy
    if next(others, None) is not None:
        raise must("compressed", f"as many blocks as the original, {k + 1}", Words("more"))
