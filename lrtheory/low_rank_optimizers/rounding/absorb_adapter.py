r"""The losses of an adapter by rounding when it is merged into weights of few bits.

The weights W + D are rounded to the type in which the model is kept. What that adds is noise beside the update D; and
what the model moves by from W, rounded alike, has a part along D, which is a share of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors, are_nested
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.names import TRAINING
from lrtheory._files.writing import SUFFIXES
from lrtheory._result import Result, result
from lrtheory._result.display import bars, counted
from lrtheory._validation import Words, choice, must
from lrtheory.low_rank_optimizers.rounding.adapted import Adapted, Rows, adapted, beside_factors
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint, Weights, checkpoint_of
from lrtheory.low_rank_optimizers.rounding.merged_model import write_merged
from lrtheory.low_rank_optimizers.rounding.row_kernels import sums
from lrtheory.low_rank_optimizers.rounding.stored_types import CODED, FLOATS, kept, rows_at_once

__all__ = ["AdapterAbsorption", "absorb_adapter"]


@result
class AdapterAbsorption(Result):
    """The losses of an adapter by rounding in merged weights, for each module and for all of them.

    Attributes
    ----------
    update : float
        Norm of the update relative to that of the weights, in the Frobenius norm, over all modules.
    noise : float
        Norm of what rounding adds to the merged weights, relative to that of the update.
    direction : float
        Share of the update that is left in its direction: the inner product of what the rounded weights move by with
        the update, over the squared norm of the update.
    unmoved : float
        Share of the weights that stay as they are.
    noise_bound : float
        `noise` is at most this, by the size of the merged weights and the type alone (statement RN-7 for floats).
    names : tuple of K str
        The names of the modules.
    modules : mapping of str to array of shape (K,)
        The five numbers of each module, under the names above.
    dtype : str
        The type of the merged weights.
    trained_on : str or None
        The type of the weights that the adapter was trained on, where that is another one.
    adapter : AdapterFile
        The adapter, which `to_file` merges into the model.
    sources : tuple of Path
        The model, and the adapter where it is a file; empty where the model is none, which `to_file` needs.
    message : str
        Parts of the adapter that these numbers leave out; may be empty.
    """

    update: float
    noise: float
    direction: float
    unmoved: float
    noise_bound: float
    names: tuple[str, ...]
    modules: dict[str, np.ndarray]
    dtype: str
    trained_on: str | None
    adapter: AdapterFile
    sources: tuple[Path, ...]
    message: str

    _forms = ("",)

    def _columns(self) -> dict[str, Any]:
        return {"module": list(self.names), **self.modules}

    def _facts(self) -> list[str]:
        told = f"merged in {self.dtype}, an update of {self.update:.3%} of the weights gets noise of {self.noise:.1%}"
        left = f"{self.direction:.3f} of it is left in its direction, and {self.unmoved:.1%} of the weights do not move"
        proved = " (low_rank_optimizers/RN-7)" if self.dtype in FLOATS and self.trained_on is None else ""
        bound = f"the noise of such weights is at most {self.noise_bound:.1%} of the update{proved}"
        return [told, left, bound, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        bars(ax, self.names, self.modules["noise"], label="noise relative to the update")

    def _check_path(self, path: Path) -> None:
        """A model is a folder, and does not stand where the model or the adapter does."""
        if path.suffix.lower() in SUFFIXES:
            return
        if self.dtype in CODED:
            rule = "float types, as libraries make codes when they load a model: merge in bfloat16 and let them"
            raise must("dtype", rule, self.dtype)
        if path.suffix.lower() in (".safetensors", ".bin") or not self.sources:
            raise must("path", "that of a folder for a model that came from files", path.name)
        if any(are_nested(source, path) for source in self.sources):
            raise must("path", "outside the folders that were read", str(path))

    def _write(self, target: Path) -> bool:
        """A path that is not a table is a folder with the merged model, in files as the model has them."""
        if target.suffix.lower() in SUFFIXES:
            return False
        write_merged(target, Tensors.from_file(self.sources[0]), self.adapter, self.dtype)
        return True


@dataclass
class _Sums:
    """Squares and products over the entries of weights."""

    weight: float = 0.0
    update: float = 0.0
    noise: float = 0.0
    along: float = 0.0
    bound: float = 0.0
    same: int = 0
    size: int = 0

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(*(one + more for one, more in zip(vars(self).values(), vars(other).values(), strict=True)))

    def checked(self, names: str) -> _Sums:
        """These sums, if squares add up to numbers."""
        if not math.isfinite(self.weight + self.update + self.noise):
            raise _out_of_range(names)
        return self

    def said(self) -> dict[str, float]:
        """The five numbers of a result."""
        off, bound = (self._relative(math.sqrt(one)) for one in (self.noise, self.bound))
        return {
            "update": math.sqrt(self.update / self.weight) if self.weight else math.inf if self.update else 0.0,
            "noise": off,
            "direction": self.along / self.update if self.update else 1.0,
            "unmoved": self.same / self.size,
            "noise_bound": bound,
        }

    def _relative(self, norm: float) -> float:
        return norm / math.sqrt(self.update) if self.update else math.inf if norm else 0.0


def absorb_adapter(
    model: Weights | Checkpoint,
    adapter: AdapterFile | str | PathLike[str],
    *,
    dtype: str = "bfloat16",
    trained_on: str | None = None,
) -> AdapterAbsorption:
    """Say what rounding eats of an adapter when it is merged into the weights of a model.

    Parameters
    ----------
    model : Checkpoint, mapping of str to array, or path
        The model: a state dictionary, a safetensors file, or a folder with one or several.
    adapter : AdapterFile or path
        The adapter, or its folder.
    dtype : {"bfloat16", "float16", "int8", "nf4"}
        The type of the merged weights: floats of sixteen bits, integers of eight by rows, or codes of four in blocks of
        64 entries, as bitsandbytes keeps them.
    trained_on : {"int8", "nf4"} or None
        The type of the weights beside which the adapter was trained, as for QLoRA; the difference of these weights from
        those of the model is then a part of the noise.

    Returns
    -------
    AdapterAbsorption
        Numbers of each module. ``to_file("folder")`` writes the merged model.

    Raises
    ------
    TypeError
        If the adapter is none.
    ValueError
        If a type is unknown, a weight is missing or of another shape, or a merged weight is too large for the type.

    Notes
    -----
    Sums are rounded once, from double precision. A weight that has come with its factors, as peft saves embeddings and
    heads, counts as a part of the update. Other arrays beside the factors are written whole, and not counted.

    Examples
    --------
    >>> from lrtheory.matrix_compression import AdapterFile, AdapterModule
    >>> adapter = AdapterFile({"q": AdapterModule(np.array([[0.001], [0.25]]), np.array([[1.0, 0.0]]))})
    >>> found = absorb_adapter({"q.weight": np.ones((2, 2))}, adapter)
    >>> found.unmoved, round(found.noise, 4)
    (0.75, 0.004)
    """
    kind = choice("dtype", dtype, (*FLOATS, *CODED))
    before = None if trained_on is None else choice("trained_on", trained_on, CODED)
    if not isinstance(adapter, (AdapterFile, str, PathLike)):
        raise must("adapter", "an AdapterFile or the folder of one", adapter, TypeError)
    read = adapter if isinstance(adapter, AdapterFile) else AdapterFile.from_peft(adapter)
    weights = checkpoint_of("model", model)
    arrays = [name for name in beside_factors(read) if not name.endswith(TRAINING)]
    arrays += [f"{name}.bias" for name, one in read.modules.items() if one.bias is not None and np.any(one.bias)]
    found = {name: _measured(name, one, kind, before) for name, one in adapted(weights, read).items()}
    if not found:
        raise must("adapter", "one with a module of rank at least 1", Words("ranks 0"))
    rows, whole = [one.said() for one in found.values()], sum(found.values(), _Sums()).checked("all modules").said()
    place = weights.tensors.path if isinstance(weights.tensors, Tensors) else None
    return AdapterAbsorption(
        **whole,
        names=tuple(found),
        modules={name: np.array([row[name] for row in rows]) for name in whole},
        dtype=kind,
        trained_on=before,
        adapter=read,
        sources=() if place is None else (place,) if read.source is None else (place, read.source),
        message=f"{counted(len(arrays), 'array')} beside the factors not counted" if arrays else "",
    )


def _measured(name: str, one: Adapted, dtype: str, trained_on: str | None) -> _Sums:
    """Sums over the rows of one weight."""
    total = _Sums()
    step = math.lcm(*(rows_at_once(one.shape, kind) for kind in (dtype, trained_on) if kind))
    for rows in one.rows(min(step, one.shape[0]), finite=False):
        whole = rows.weight + rows.update
        (merged, bound), alone = kept(whole, dtype), kept(rows.weight, dtype)[0]
        if trained_on is not None:  # the weights for which the update was made
            meant = kept(rows.weight, trained_on)[0]
            bound += float(np.linalg.norm(meant - rows.weight))
            whole = meant + rows.update
        weight, update, noise, along, same = sums(*(part.reshape(-1) for part in (*rows, whole, merged, alone)))
        if not (weight and update and math.isfinite(weight + update + noise)):
            _refuse(name, one, rows, merged, dtype)
        total += _Sums(weight, update, noise, along, bound * bound, same, whole.size)
    return total.checked(repr(name))


def _out_of_range(names: str) -> Exception:
    return must("model, adapter", f"ones whose squares at {names} are in the range of doubles", Words("others"))


def _refuse(name: str, one: Adapted, rows: Rows, merged: np.ndarray, dtype: str) -> None:
    """Refuse rows whose sums say nothing, with what is wrong; zeros are right."""
    if not np.isfinite(rows.weight).all():
        one.model.read(one.name)  # which refuses them
    if not np.isfinite(rows.weight + rows.update).all():
        raise must("model, adapter", f"ones whose merged weights of {name!r} are numbers", "an infinity")
    squares = [float(np.vdot(numbers, numbers)) for numbers in rows]
    lost = any(numbers.any() and not square for numbers, square in zip(rows, squares, strict=True))
    if lost or not math.isfinite(sum(squares)):
        raise _out_of_range(repr(name))
    if not np.isfinite(merged).all():
        raise must("dtype", f"a type in whose range the merged weights of {name!r} lie", dtype)
