"""Two checkpoints: how many weights training changed, by how little, and whether chance explains it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._result import Result, result
from lrtheory._result.display import bars, counted
from lrtheory._validation import Words, flag, must, real
from lrtheory.low_rank_optimizers.rounding.absorption import codes_counted
from lrtheory.low_rank_optimizers.rounding.bfloat16 import blocks, codes_of
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint, Weights, checkpoint_of
from lrtheory.low_rank_optimizers.theory.rounding import code_table, crossed

__all__ = ["SparsityReport", "compare_checkpoints"]

#: formats of sixteen bits, in which rounding explains a change, by the names that files have for them
SHORT = {"BF16": "bfloat16", "F16": "float16"}
WIDTHS = {"F16": 1, "BF16": 1, "F32": 2, "F64": 3}
#: halvings of the factor by which the deviation of the steps is known
HALVINGS = 60


@result
class SparsityReport(Result):
    """Differences of two checkpoints, tensor by tensor.

    Attributes
    ----------
    density : float
        The share of weights that differ at all.
    beyond : float
        The share that differ by more than `atol`.
    one_ulp : float or None
        The share of the changed weights that moved to the next number of their type; None if nothing changed.
    overlap : float or None
        The share of the changed weights that the other run changed too; None without one, or if nothing changed.
    chance : float or None
        The overlap if changes were spread evenly over all weights: the density of the other run; without it, of this
        one.
    predicted_overlap : float or None
        The overlap that is expected if both runs made independent normal steps of one size, in numbers of sixteen bits;
        None where weights of another type were compared, or where none or all changed.
    step_std : float or None
        The deviation of such steps that change as many weights as did.
    names : tuple of K str
        The names of the tensors.
    dtypes : tuple of K str
        The types in whose numbers they were compared, by the names of the safetensors format.
    n_weights, changed, n_beyond, n_one_ulp : ndarray of K int
        Sizes, and how many weights are counted in `density`, `beyond` and `one_ulp`.
    ranks : ndarray of K int
        Numerical ranks of the changes; -1 where a tensor is not a matrix, or ranks were not asked for.
    atol : float
        The argument `atol`.
    message : str
        Reasons for missing entries, and tensors that were left out; may be empty.
    counts : mapping of str to int
        `tensors`, `weights` and `changed`.
    """

    density: float
    beyond: float
    one_ulp: float | None
    overlap: float | None
    chance: float | None
    predicted_overlap: float | None
    step_std: float | None
    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    n_weights: np.ndarray
    changed: np.ndarray
    n_beyond: np.ndarray
    n_one_ulp: np.ndarray
    ranks: np.ndarray
    atol: float
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        sizes = np.maximum(1, self.n_weights)
        found = {"tensor": list(self.names), "weights": self.n_weights, "unchanged": 1 - self.changed / sizes}
        if self.atol:
            found["beyond"] = self.n_beyond / sizes
        found["one_ulp"] = [ulp / n if n else None for ulp, n in zip(self.n_one_ulp, self.changed, strict=True)]
        return {**found, "rank": [None if rank < 0 else rank for rank in self.ranks], "dtype": list(self.dtypes)}

    def _facts(self) -> list[str]:
        n, changed = self.counts["weights"], self.counts["changed"]
        facts = [f"{self.density:.2%} of {counted(n, 'weight')} changed"]
        if self.one_ulp is not None:
            facts[0] += f", and {self.one_ulp:.1%} of these to the next number of their type"
        if self.atol:
            hidden = changed - int(self.n_beyond.sum())
            facts.append(f"a tolerance of {self.atol:g} hides {counted(hidden, 'change')} (low_rank_optimizers/RN-6)")
        if self.overlap is not None:
            facts.append(f"{self.overlap:.1%} of them changed in the other run too; by chance {self.chance:.2%}")
        if self.predicted_overlap is not None:
            facts.append(
                f"two runs of normal steps without a signal would share {self.predicted_overlap:.1%} of their changes "
                "after rounding (low_rank_optimizers/RN-4)"
            )
        return [*facts, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        bars(ax, self.names, self.changed / np.maximum(1, self.n_weights), label="share of weights that changed")


class _Pair(NamedTuple):
    """Counts of one tensor: changes in each run and in both, and the magnitudes of before."""

    dtype: str
    changed: int
    beyond: int
    one_ulp: int
    other: int
    both: int
    rank: int
    spectrum: np.ndarray | None


def compare_checkpoints(
    before: Weights | Checkpoint,
    after: Weights | Checkpoint,
    *,
    other: Weights | Checkpoint | None = None,
    atol: float = 0.0,
    ranks: bool = True,
) -> SparsityReport:
    """Compare the weights of a model before and after training, tensor by tensor.

    Few changed weights, changes of full rank, and more agreement of two runs than chance are what rounding to sixteen
    bits makes of any small steps. So beside the overlap stands what independent steps without a signal would give, with
    the size at which as many weights change as did.

    Parameters
    ----------
    before, after : mapping of str to array, array, sequence of arrays, or path
        The weights: state dictionaries, safetensors files, or folders with a model, of which one tensor at a time is
        read. Numbers of bfloat16 are compared in their own bits, also where they are stored in single precision.
    other : as `after`, or None
        The weights after another run from the same start.
    atol : float
        The tolerance of `beyond`. What differs at all is counted beside it.
    ranks : bool
        Whether the ranks of the changes are computed; that takes a singular value decomposition of each matrix.

    Returns
    -------
    SparsityReport
        Shares of all weights together, and of each tensor. Ranks are those of after - before, without rows and columns
        of zeros: the number of singular values above the largest one times the longer side of the matrix times the
        precision of doubles.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a tensor of `before` is missing or has another shape, a weight is not finite, there is none, or the tolerance
        is negative.

    Notes
    -----
    Arrays: any (copied to the host); the result holds NumPy arrays.

    Examples
    --------
    >>> before = {"w": [[1.0, 2.0], [0.5, 4.0]]}
    >>> found = compare_checkpoints(before, {"w": [[1.0078125, 2.0], [0.5, 8.0]]})
    >>> found.density, found.one_ulp, found.ranks.tolist()
    (0.5, 0.5, [2])
    """
    tolerance, wanted = real("atol", atol, low=0.0), flag("ranks", ranks)
    read = [checkpoint_of("before", before), checkpoint_of("after", after)]
    if other is not None:
        read.append(checkpoint_of("other", other))
    names = read[0].names
    for name, one in zip(("after", "other"), read[1:], strict=False):
        _demand_same(names, read[0], one, name)
    pairs = [_compared(label, read, tolerance, wanted) for label in names]
    sizes = np.array([math.prod(read[0].shape(label)) for label in names], dtype=np.int64)
    n = int(sizes.sum())
    if not n:
        raise must("before", "weights with at least one number", Words("none"))
    changed, beyond, one_ulp, others, both = (
        np.array([getattr(pair, name) for pair in pairs]) for name in ("changed", "beyond", "one_ulp", "other", "both")
    )
    # without a second run chance is that of two runs which change as many weights as this one
    all_changed, in_other = int(changed.sum()), int(others.sum()) if other is not None else int(changed.sum())
    predicted, std, reason = _without_signal(pairs, all_changed, in_other)
    return SparsityReport(
        density=all_changed / n,
        beyond=int(beyond.sum()) / n,
        one_ulp=int(one_ulp.sum()) / all_changed if all_changed else None,
        overlap=int(both.sum()) / all_changed if all_changed and other is not None else None,
        chance=in_other / n if all_changed else None,
        predicted_overlap=predicted,
        step_std=std,
        names=tuple(names),
        dtypes=tuple(pair.dtype for pair in pairs),
        n_weights=sizes,
        changed=changed,
        n_beyond=beyond,
        n_one_ulp=one_ulp,
        ranks=np.array([pair.rank for pair in pairs]),
        atol=tolerance,
        message="; ".join([*reason, *_left_out(read)]),
        counts={"tensors": len(names), "weights": n, "changed": all_changed},
    )


def _demand_same(names: list[str], before: Checkpoint, after: Checkpoint, name: str) -> None:
    """Refuse a checkpoint that lacks a tensor, or has one of another shape."""
    known = set(after.names)
    missing = [label for label in names if label not in known]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise must(name, "weights with the tensors of `before`", Words(f"none named {', '.join(missing[:3])}{more}"))
    for label in names:
        if before.shape(label) != after.shape(label):
            raise must(f"{name}[{label!r}]", f"of shape {before.shape(label)}", after.shape(label))


def _left_out(read: list[Checkpoint]) -> list[str]:
    """Say what was not compared."""
    found = sorted({name for one in read for name in (*one.others, *one.names)} - set(read[0].names))
    return [f"{counted(len(found), 'tensor')} left out, as {found[0]}"] if found else []


def _compared(label: str, read: list[Checkpoint], atol: float, ranks: bool) -> _Pair:
    """Count what differs in one tensor."""
    arrays = [one.read(label) for one in read]
    dtype = _common_type([one.stored(label) for one in read], arrays)
    n_changed = n_beyond = n_one = n_other = n_both = 0
    for a, b, *c in blocks(*arrays):
        moved = a != b
        n_changed += int(moved.sum())
        n_beyond += int((np.abs(_difference(b, a)) > atol).sum())
        n_one += int((np.abs(_ordered(b, dtype) - _ordered(a, dtype)) == 1).sum())
        if c:
            n_other += int((a != c[0]).sum())
            n_both += int((moved & (a != c[0])).sum())
    spectrum = codes_counted(label, arrays[0], SHORT[dtype])[0] if dtype in SHORT else None
    rank = -1
    if ranks and arrays[0].ndim == 2:
        before, after = arrays[:2]
        if max(float(np.abs(one).max(initial=0)) for one in (before, after)) > 2.0**900:
            before, after = before * 2.0**-64, after * 2.0**-64  # singular values of the change may overflow
        rank = _rank(_difference(after, before))
    return _Pair(dtype, n_changed, n_beyond, n_one, n_other, n_both, rank, spectrum)


def _common_type(stored: list[str], arrays: list[np.ndarray]) -> str:
    """The type in whose numbers arrays are compared: the widest, or bfloat16 where all numbers are of that."""
    if len(set(stored)) == 1 and stored[0] in SHORT:
        return stored[0]
    if all(not (block != _in_bfloat16(block)).any() for one in arrays for (block,) in blocks(one)):
        return "BF16"
    return max(stored, key=lambda kind: WIDTHS[kind]) if set(stored) != set(SHORT) else "F32"


def _in_bfloat16(block: np.ndarray) -> np.ndarray:
    """Numbers without what bfloat16 does not hold."""
    with np.errstate(over="ignore"):  # doubles above the range become infinities, which differ from them
        single = block.astype(np.float32)
    return (single.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def _ordered(block: np.ndarray, dtype: str) -> np.ndarray:
    """The codes of numbers, in their order; neighbors differ by 1."""
    if dtype in SHORT:
        codes, sign = codes_of(block, SHORT[dtype]).astype(np.int64), 1 << 15
    elif dtype == "F32":
        codes, sign = block.astype(np.float32).view(np.uint32).astype(np.int64), 1 << 31
    else:
        bits = block.astype(np.float64).view(np.int64)
        return np.where(bits < 0, -(bits & np.int64(2**63 - 1)), bits)
    return np.where(codes & sign, sign - codes, codes)


def _difference(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The change in doubles; those of doubles at opposite ends of the range become infinities."""
    with np.errstate(over="ignore"):
        return np.asarray(after.astype(np.float64) - before)


def _rank(update: np.ndarray) -> int:
    """The numerical rank of a matrix."""
    longer = max(update.shape, default=0)
    update = update[update.any(axis=1)][:, update.any(axis=0)]
    if not update.size:
        return 0
    update = update.T if update.shape[0] < update.shape[1] else update
    if update.shape[0] > 2 * update.shape[1]:
        update = np.asarray(np.linalg.qr(update, mode="r"))
    values = np.linalg.svd(update, compute_uv=False)
    return int((values > values[0] * longer * np.finfo(np.float64).eps).sum())


def _without_signal(pairs: list[_Pair], changed: int, other: int) -> tuple[float | None, float | None, list[str]]:
    """The overlap of two runs of normal steps that change as many weights, the deviation of the first, or why not."""
    spectra: dict[str, np.ndarray] = {}
    for pair in pairs:
        if pair.spectrum is None:
            return None, None, [f"weights of {pair.dtype} were compared, which no model of rounding is kept for"]
        spectra[pair.dtype] = spectra.get(pair.dtype, 0) + pair.spectrum
    parts = []
    for dtype, spectrum in spectra.items():
        at, table = np.flatnonzero(spectrum), code_table(SHORT[dtype])
        parts.append((spectrum[at], table.inward[at], table.outward[at]))
    n, inward, outward = (np.concatenate(column) for column in zip(*parts, strict=True))
    total = int(n.sum())
    if not (0 < changed < total and 0 < other < total):
        return None, None, ["none or all of the weights changed, which steps of no size explain"]
    stds = [_std_that_changes(count, n, inward, outward) for count in (changed, other)]
    q, second = (crossed(inward, outward, std) for std in stds)
    return float((n * q) @ second) / float(n @ q), stds[0], []


def _std_that_changes(count: int, n: np.ndarray, inward: np.ndarray, outward: np.ndarray) -> float:
    """Bisect for the deviation at which normal steps are expected to change `count` weights."""
    low, high = math.log(float(inward.min())) - 8, math.log(float(outward.max())) + 40
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        few = float(n @ crossed(inward, outward, math.exp(middle))) < count
        low, high = (middle, high) if few else (low, middle)
    return math.exp((low + high) / 2)
