"""All modules of a model at once as LoRA: those that fine-tuning changed, or those of an adapter of another kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.writing import SUFFIXES
from lrtheory._result import Result, result
from lrtheory._result.display import counted
from lrtheory._validation import exactly_one, integer, must
from lrtheory.low_rank_adapters.convert.to_lora import to_lora
from lrtheory.low_rank_adapters.files import lora
from lrtheory.low_rank_adapters.files.carried import Carried
from lrtheory.low_rank_adapters.files.changed_weights import changes, chosen
from lrtheory.low_rank_adapters.files.left_out import layer_of, left_out, settings_for, shares, tied_head
from lrtheory.low_rank_adapters.fit import FitResult
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA, full

__all__ = ["LoRAModules", "extracted", "nearest_lora"]

#: how many changes that are left out an answer names
LISTED = 8


@result
class LoRAModules(Result):
    """A LoRA for each module, and how far each is from the update that it stands for.

    Attributes
    ----------
    adapters : mapping of str to Adapter
        LoRA of each module. A path that is not a table is a folder that peft loads.
    fits : mapping of str to FitResult
        Fit of each of these adapters, with its error.
    captured : float
        The share of the squared norm of all updates together that they make.
    storage : int
        Number of entries of all factors.
    carried : Carried
        Settings and whole arrays that go into a folder beside the factors.
    left_out : mapping of str to float
        Share of each change that no factors hold, in the squared norm of all changes.
    """

    adapters: Mapping[str, LoRA]
    fits: Mapping[str, FitResult]
    captured: float
    storage: int
    carried: Carried
    left_out: Mapping[str, float]

    _forms = ("",)

    def _columns(self) -> dict[str, Any]:
        return {
            "module": list(self.fits),
            "rank": [one.params["A"].shape[0] for one in self.adapters.values()],
            "captured": [fit.captured for fit in self.fits.values()],
            "error": [math.sqrt(fit.loss) for fit in self.fits.values()],
        }

    def _facts(self) -> list[str]:
        error, least = (
            math.hypot(*(math.sqrt(getattr(f, key)) for f in self.fits.values())) for key in ("loss", "lower")
        )
        said = f"{self.storage:,} numbers make {self.captured:.2%} of the squared norm"
        arrays, lost = counted(len(self.carried.arrays), "array"), sum(self.left_out.values())
        more = [f"beside the factors {arrays} carried unchanged, which no error counts"] if self.carried.arrays else []
        if self.left_out:
            largest = sorted(self.left_out.items(), key=lambda one: -one[1])
            parts = ", ".join(f"{name} {share:.2%}" for name, share in largest[:LISTED])
            rest = f" and {len(largest) - LISTED} more" if len(largest) > LISTED else ""
            said = f"of the matrices that these are for, {said}"
            more += [f"left out is {lost:.2%} of all that was changed, squared: {parts}{rest}"]
        return [
            said,
            *more,
            f"off by at most {error:.6g}, and no LoRA of these ranks by less than {least:.6g} (low_rank_adapters/AD-3)",
        ]

    def _write(self, target: Path) -> bool:
        """A path that is not a table is a folder that peft loads."""
        if target.suffix.lower() in SUFFIXES:
            return False
        if target.suffix.lower() in (".safetensors", ".bin"):
            raise must("path", "that of a folder, in which peft finds the arrays and their settings", target.name)
        lora.write(self.adapters, target, self.carried)
        return True


def extracted(
    base: Tensors, tuned: Tensors, *, rank: int | None, budget: int | None, modules: str, embeddings: str = ""
) -> LoRAModules:
    """The best LoRA for each matrix that fine-tuning has changed.

    Parameters
    ----------
    base, tuned : Tensors
        The models before and after.
    rank : int or None
        Rank of every module; that of a smaller one is its smaller side.
    budget : int or None
        In place of a rank: the numbers that all factors together may hold; the largest rank within them is taken.
    modules : str
        Patterns of names with commas between them.
    embeddings : str
        Patterns of names of embeddings beside those that are known by their last names.

    Returns
    -------
    LoRAModules
        Without modules that have not changed.

    Raises
    ------
    ValueError
        If not exactly one of rank and budget is given, the budget is below rank 1, the models do not fit, or it is not
        known whether the model keeps a weight as (d_in, d_out).
    """
    exactly_one(rank=rank, budget=budget)
    if budget is not None:
        least = sum(sum(update.shape) for _, update in changes(base, tuned, modules))
        rank = integer("budget", budget, low=least) // max(1, least)
    names = {name: array for name, array in chosen(base, tuned, modules).items() if not tied_head(base, array)}
    layers: dict[str, str] = {}
    found = nearest_lora(
        ((name, full(update)) for name, update in _layers(base, tuned, modules, names, layers, embeddings)),
        rank=rank, keep_energy=None, carried=Carried(),
    )  # fmt: skip
    if not found.fits:
        raise must("tuned", "a model of which a matrix was changed", str(tuned.path))
    words = {name: ("embedding", ()) for name, layer in layers.items() if layer == "embedding"}
    carried = Carried(settings_for(base, layers.values()), {}, words)
    held = math.hypot(*(_norm(fit) for fit in found.fits.values()))
    return replace(found, carried=carried, left_out=shares(left_out(base, tuned, names.values()), held))


def _layers(
    base: Tensors, tuned: Tensors, modules: str, names: Mapping[str, str], layers: dict[str, str], embeddings: str
) -> Iterator[tuple[str, np.ndarray]]:
    """The changes as updates of shape (d_out, d_in), and what layer each of them is of."""
    for name, update in changes(base, tuned, modules):
        if name not in names:  # a head that is a copy of an embedding
            continue
        layers[name] = layer_of(base, name, embeddings)
        yield name, update if layers[name] == "linear" else update.T


def nearest_lora(
    adapters: Iterable[tuple[str, Adapter]],
    *,
    rank: int | None,
    keep_energy: float | None,
    carried: Carried,
) -> LoRAModules:
    """The LoRA nearest to the adapter of each module.

    Parameters
    ----------
    adapters : iterable of pairs of str and Adapter
        Modules with their adapters, of any kind, of which one at a time is held.
    rank : int or None
        Rank of every module; that of a smaller one is its smaller side.
    keep_energy : float or None
        In place of a rank: the share of the squared norm that each module keeps.
    carried : Carried
        Settings and whole arrays that go into a folder beside the factors.

    Returns
    -------
    LoRAModules
        LoRA of each module, in the order of the adapters.

    Raises
    ------
    ValueError
        If not exactly one of rank and keep_energy is given, or it is out of range.
    """
    fits = {
        name: to_lora(
            one, rank=None if rank is None else min(integer("rank", rank, low=1), *one.shape), keep_energy=keep_energy
        )
        for name, one in adapters
    }
    made = {name: fit.adapter for name, fit in fits.items()}
    return LoRAModules(
        adapters=made,  # type: ignore[arg-type]  # what to_lora returns
        fits=fits,
        captured=_captured(fits.values()),
        storage=sum(one.n_parameters for one in made.values()),
        carried=carried,
        left_out={},
    )


def _norm(fit: FitResult) -> float:
    """The norm of the update that a LoRA stands for; columns of balanced factors are as long as roots of values."""
    squares = (np.asarray(fit.adapter.params["B"], np.float64) ** 2).sum(axis=0)
    return math.hypot(float(np.linalg.norm(squares)), math.sqrt(fit.loss))


def _captured(fits: Iterable[FitResult]) -> float:
    """The share of all squared norms; columns of balanced factors are orthogonal, and as long as roots of values."""
    kept = lost = 0.0
    for fit in fits:
        squares = (np.asarray(fit.adapter.params["B"], np.float64) ** 2).sum(axis=0)
        kept, lost = kept + float(squares @ squares), lost + fit.loss
    return kept / (kept + lost) if kept + lost > 0 else 1.0
