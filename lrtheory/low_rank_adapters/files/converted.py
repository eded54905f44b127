"""All modules of a model at once as LoRA: those that fine-tuning changed, or those of an adapter of another kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
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
from lrtheory.low_rank_adapters.files.unheld import refuse_embedding, refuse_rest, refuse_transposed
from lrtheory.low_rank_adapters.fit import FitResult
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA, full

__all__ = ["LoRAModules", "extracted", "nearest_lora"]


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
    """

    adapters: Mapping[str, LoRA]
    fits: Mapping[str, FitResult]
    captured: float
    storage: int
    carried: Carried

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
        more = (
            f"beside the factors {counted(len(self.carried.arrays), 'array')} carried unchanged, which no error counts"
        )
        return [
            said,
            *([more] if self.carried.arrays else []),
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


def extracted(base: Tensors, tuned: Tensors, *, rank: int | None, budget: int | None, modules: str) -> LoRAModules:
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

    Returns
    -------
    LoRAModules
        Without modules that have not changed.

    Raises
    ------
    ValueError
        If not exactly one of rank and budget is given, the budget is below rank 1, the models do not fit, or something
        was changed that these LoRA do not hold: an embedding, a layer of GPT-2, or, unless patterns say what is meant,
        an array that is not a matrix.
    """
    exactly_one(rank=rank, budget=budget)
    if modules == "*":
        refuse_rest(base, tuned, chosen(base, tuned, modules).values())
    if budget is not None:
        least = sum(sum(update.shape) for _, update in changes(base, tuned, modules))
        rank = integer("budget", budget, low=least) // max(1, least)
    updates = ((name, full(update)) for name, update in _of_linear_layers(base, tuned, modules))
    found = nearest_lora(
        updates, rank=rank, energy=None, carried=Carried({"base_model_name_or_path": str(base.path), "task_type": None})
    )
    if not found.fits:
        raise must("tuned", "a model of which a matrix was changed", str(tuned.path))
    return found


def _of_linear_layers(base: Tensors, tuned: Tensors, modules: str) -> Iterator[tuple[str, np.ndarray]]:
    """The changes, of which each is one that peft adds to the weight as it is written."""
    for name, update in changes(base, tuned, modules):
        refuse_embedding("modules", name)
        refuse_transposed(base, name)
        yield name, update


def nearest_lora(
    adapters: Iterable[tuple[str, Adapter]],
    *,
    rank: int | None,
    energy: float | None,
    carried: Carried,
) -> LoRAModules:
    """The LoRA nearest to the adapter of each module.

    Parameters
    ----------
    adapters : iterable of pairs of str and Adapter
        Modules with their adapters, of any kind, of which one at a time is held.
    rank : int or None
        Rank of every module; that of a smaller one is its smaller side.
    energy : float or None
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
        If not exactly one of rank and energy is given, or it is out of range.
    """
    fits = {
        name: to_lora(one, rank=None if rank is None else min(integer("rank", rank, low=1), *one.shape), energy=energy)
        for name, one in adapters
    }
    made = {name: fit.adapter for name, fit in fits.items()}
    return LoRAModules(
        adapters=made,  # type: ignore[arg-type]  # what to_lora returns
        fits=fits,
        captured=_captured(fits.values()),
        storage=sum(one.n_parameters for one in made.values()),
        carried=carried,
    )


def _captured(fits: Iterable[FitResult]) -> float:
    """The share of all squared norms; columns of balanced factors are orthogonal, and as long as roots of values."""
    kept = lost = 0.0
    for fit in fits:
        squares = (np.asarray(fit.adapter.params["B"], np.float64) ** 2).sum(axis=0)
        kept, lost = kept + float(squares @ squares), lost + fit.loss
    return kept / (kept + lost) if kept + lost > 0 else 1.0
