"""Which weights a step cannot move: decided by rounding alone, for every tensor of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._result import Certificate, Result, result
from lrtheory._result.display import counted, curves, legend
from lrtheory._validation import Words, choice, must, real
from lrtheory.low_rank_optimizers.rounding.bfloat16 import blocks, codes_of, numbers_of
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint, Weights, checkpoint_of
from lrtheory.low_rank_optimizers.theory.rounding import FORMATS, code_table, crossed

__all__ = ["Absorption", "AbsorptionCertificate", "absorption", "codes_counted"]

#: the shares of a result and of each of its tensors
SHARES = ("certain_unchanged", "certain_changed", "predicted_density", "predicted_overlap")
#: steps of the curve, and how many of them lie in a factor of ten
DECADES, PER_DECADE = 3, 8


@result
class AbsorptionCertificate(Certificate):
    """Shares that rounding decides before a step is made.

    Attributes
    ----------
    achieved : float
        The share of weights that some step of exactly the size `step_bound` leaves as they are, up or down.
    bound : float
        The share of weights that no step up to `step_bound` changes.
    gap : float
        The share that one of the two steps of this size changes, and the other does not.
    step_bound : float
        The largest size of a step.
    dtype : str
        The format of the stored weights.
    n_weights : int
        Number of weights.
    """

    achieved: float
    bound: float
    gap: float
    step_bound: float
    dtype: str
    n_weights: int

    _statements = ("low_rank_optimizers/RN-1",)

    def verify(self, problem: Weights) -> bool:
        """Compare each weight with both of its neighbors, and count anew.

        Parameters
        ----------
        problem : as `weights` of `absorption`
            Weights from which the certificate was made.

        Returns
        -------
        bool
            Whether there are as many weights, and exactly as many of them stay, and may stay.
        """
        if not self._is_sound() or self.dtype not in tuple(FORMATS) or self.step_bound < 0:
            return False
        kept = moved = total = 0
        read = checkpoint_of("problem", problem)
        for name in read.names:
            for (block,) in blocks(read.read(name)):
                codes = codes_of(block, self.dtype) & 0x7FFF
                w, outer, inner = (numbers_of(one, self.dtype).astype(np.float64) for one in _beside(codes))
                # sums are rounded as if numbers went on beyond the largest one in equal gaps
                outer = np.where(np.isfinite(outer), outer, 2 * w - inner)
                steps = np.abs(np.stack([outer - w, w - inner])) / 2
                past = (steps < self.step_bound) | ((steps == self.step_bound) & (codes & 1 == 1))
                kept += int((~past).all(axis=0).sum())
                moved += int(past.all(axis=0).sum())
                total += codes.size
        # shares of a whole number are doubles of their own, so that equal ones are equal counts
        same = total == self.n_weights and total > 0
        return bool(same and self.bound == kept / total and self.achieved == (total - moved) / total)


def _beside(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of numbers that are not negative, and of their neighbors away from 0 and towards it; below 0 lies -1."""
    inner = np.where(codes == 0, 0x8001, codes - np.uint16(1)).astype(np.uint16)
    return codes, codes + np.uint16(1), inner


@result
class Absorption(Result):
    """Shares of weights that steps in low precision change or leave alone.

    Attributes
    ----------
    certain_unchanged : float or None
        The share of weights that no step up to `step_bound` changes; None without that bound.
    certain_changed : float or None
        The share that a step of exactly that size changes in either direction.
    predicted_density : float or None
        The expected share that changes in independent normal steps of mean 0; None without `step_std`.
    predicted_overlap : float or None
        Expected share of the changed weights that a second, independent run changes too; None where nothing is expected
        to change.
    chance : float or None
        The overlap if changes were spread evenly over all weights, which is the predicted density.
    names : tuple of K str
        The names of the tensors.
    n_weights : ndarray of K int
        Number of weights of each tensor.
    tensors : mapping of str to ndarray of K floats
        The shares of each tensor, under the names above; NaN where there is none.
    curve : mapping of str to ndarray
        `step`, and for each of these sizes `certain_unchanged` and `certain_changed` of all weights.
    step_bound, step_std : float or None
        Arguments of these names.
    dtype : str
        The format of the stored weights.
    message : str
        Warnings about weights that were rounded to the format, and tensors that were left out; may be empty.
    counts : mapping of str to int
        `weights`, and `rounded`, those that were not numbers of the format.
    certificate : AbsorptionCertificate or None
        Certificate of `certain_unchanged`; None without `step_bound`.
    """

    certain_unchanged: float | None
    certain_changed: float | None
    predicted_density: float | None
    predicted_overlap: float | None
    chance: float | None
    names: tuple[str, ...]
    n_weights: np.ndarray
    tensors: Mapping[str, np.ndarray]
    curve: Mapping[str, np.ndarray]
    step_bound: float | None
    step_std: float | None
    dtype: str
    message: str
    counts: Mapping[str, int]
    certificate: AbsorptionCertificate | None

    def _columns(self) -> dict[str, Any]:
        known = {name: self.tensors[name] for name in SHARES if getattr(self, name) is not None}
        return {"tensor": list(self.names), "weights": self.n_weights, **known}

    def _facts(self) -> list[str]:
        facts = []
        if self.certain_unchanged is not None:
            facts.append(
                f"no step up to {self.step_bound:g} changes {self.certain_unchanged:.1%} of "
                f"{counted(int(self.n_weights.sum()), 'weight')}, and any of that size changes "
                f"{self.certain_changed:.1%} (low_rank_optimizers/RN-1)"
            )
        if self.predicted_density is not None:
            facts.append(
                f"normal steps with a standard deviation of {self.step_std:g} change {self.predicted_density:.2%}"
            )
        if self.predicted_overlap is not None:
            facts.append(
                f"{self.predicted_overlap:.1%} of these change in a second run too, and {self.chance:.2%} would if "
                "changes were spread evenly (low_rank_optimizers/RN-4)"
            )
        return [*facts, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        lines = {"cannot change": self.curve["certain_unchanged"], "must change": self.curve["certain_changed"]}
        curves(ax, self.curve["step"], lines)
        ax.set(xscale="log", xlabel="size of a step", ylabel="share of the weights", ylim=(-0.03, 1.03))
        legend(ax, title=self.dtype)


def absorption(
    weights: Weights | Checkpoint,
    *,
    step_bound: float | None = None,
    step_std: float | None = None,
    dtype: str = "bfloat16",
) -> Absorption:
    """Count the weights that a step cannot change, since the sum is rounded back to what was there.

    A weight in bfloat16 has eight significant bits, and a step below half of the distance to the next number is lost,
    unless a copy in higher precision is kept. Which weights that are is decided exactly, and says how many change, and
    how often two runs change the same ones, in steps that carry no signal at all.

    Parameters
    ----------
    weights : array, sequence of arrays, mapping of str to array, or path
        The weights: one array or several, a state dictionary, a safetensors file, or a folder with a model. They are
        rounded to the format first. Arrays that are not of floats are left out of a mapping or a file.
    step_bound : float or None
        The largest absolute value of a step, such as the step size times `adam_step_bound`.
    step_std : float or None
        The standard deviation of independent normal steps.
    dtype : {"bfloat16", "float16"}
        The format in which weights are stored.

    Returns
    -------
    Absorption
        Shares of all weights together, and of each tensor.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If neither bound nor deviation is given, one is negative or not finite, a deviation is 0, a weight is not finite
        or too large for the format, or there is no weight.

    Notes
    -----
    Arrays: any (copied to the host); the result holds NumPy arrays. The sum is supposed to be rounded once.

    Examples
    --------
    >>> found = absorption([1.0, 0.5, 0.001, 0.0], step_bound=0.0015)
    >>> found.certain_unchanged, found.certain_changed
    (0.25, 0.5)
    """
    if step_bound is None and step_std is None:
        raise must("step_bound", "given, unless `step_std` is", None)
    form = choice("dtype", dtype, tuple(FORMATS))
    bound = None if step_bound is None else _size("step_bound", step_bound)
    std = None if step_std is None else _size("step_std", step_std)
    if std == 0:
        raise must("step_std", "above 0", step_std)
    read = checkpoint_of("weights", weights)
    spectra, n_rounded = [], 0
    for name in read.names:
        spectrum, off = codes_counted(name, read.read(name), form)
        spectra.append(spectrum)
        n_rounded += off
    total = np.sum(spectra, axis=0)
    n_all = int(total.sum())
    if not n_all:
        raise must("weights", "at least one number", Words("none"))
    rows = [_shares(spectrum, form, bound, std) for spectrum in spectra]
    whole = _shares(total, form, bound, std)
    certificate = None
    if bound is not None:
        kept, moved = whole["certain_unchanged"], whole["certain_changed"]
        # back to a count: the certificate compares whole numbers, and a share of doubles is none
        achieved = round((1 - moved) * n_all) / n_all
        numbers = {"step_bound": bound, "dtype": form, "n_weights": n_all}
        certificate = AbsorptionCertificate._of(achieved, kept, *AbsorptionCertificate._statements, **numbers)
    known = {name: None if math.isnan(value) else value for name, value in whole.items()}
    return Absorption(
        **known,
        chance=known["predicted_density"],
        names=tuple(read.names),
        n_weights=np.array([spectrum.sum() for spectrum in spectra]),
        tensors={name: np.array([row[name] for row in rows]) for name in SHARES},
        curve=_curve(total, form, bound if bound else std),
        step_bound=bound,
        step_std=std,
        dtype=form,
        message=_message(form, n_rounded, n_all, read.others, bound),
        counts={"weights": n_all, "rounded": n_rounded},
        certificate=certificate,
    )


def _size(name: str, value: float) -> float:
    """A finite size of a step."""
    if not math.isfinite(real(name, value, low=0.0)):
        raise must(name, "finite", value)
    return float(value)


def _message(dtype: str, n_rounded: int, n_all: int, others: list[str], bound: float | None) -> str:
    """Say what was done before anything was counted."""
    said = []
    if n_rounded:
        said.append(f"{n_rounded / n_all:.1%} of the weights were not numbers of {dtype} and were rounded to it")
    if others:
        said.append(f"{counted(len(others), 'tensor')} without floats left out")
    if bound is None:
        said.append("without a bound of the steps nothing is certain, and there is no certificate")
    return "; ".join(said)


def codes_counted(name: str, weights: np.ndarray, dtype: str) -> tuple[np.ndarray, int]:
    """The number of weights of each magnitude of a format, and of those that were not numbers of it."""
    counts, off = np.zeros(FORMATS[dtype].infinite, dtype=np.int64), 0
    for (block,) in blocks(weights):
        codes = codes_of(block, dtype)
        off += int((numbers_of(codes, dtype) != block).sum())
        found = np.bincount(codes & 0x7FFF, minlength=len(counts))
        if len(found) > len(counts):
            raise must(f"weights[{name!r}]", f"no larger than the numbers of {dtype}", float(np.abs(block).max()))
        counts += found
    return counts, off


def _shares(spectrum: np.ndarray, dtype: str, bound: float | None, std: float | None) -> dict[str, float]:
    """The four shares of weights of these magnitudes; NaN where there is none."""
    found, total, table = dict.fromkeys(SHARES, math.nan), int(spectrum.sum()), code_table(dtype)
    at = np.flatnonzero(spectrum)
    n, inward, outward, even = spectrum[at], table.inward[at], table.outward[at], table.even[at]
    if total and bound is not None:
        found["certain_unchanged"] = int(n[(inward > bound) | ((inward == bound) & even)].sum()) / total
        found["certain_changed"] = int(n[(outward < bound) | ((outward == bound) & ~even)].sum()) / total
    if total and std is not None:
        q = crossed(inward, outward, std)
        both, either = float(n @ q**2), float(n @ q)
        found["predicted_density"] = either / total
        found["predicted_overlap"] = both / either if either else math.nan
    return found


def _curve(spectrum: np.ndarray, dtype: str, middle: float | None) -> dict[str, np.ndarray]:
    """The certain shares for steps around a size."""
    scale = np.logspace(-DECADES, DECADES, 2 * DECADES * PER_DECADE + 1)
    steps = (middle or 1.0) * scale
    rows = [_shares(spectrum, dtype, float(step), None) for step in steps]
    return {"step": steps, **{name: np.array([row[name] for row in rows]) for name in SHARES[:2]}}
