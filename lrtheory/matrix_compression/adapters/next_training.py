"""The ranks that a budget is best spent on, as settings for the next training of an adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lrtheory._files import Tensors, replacing
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.one_file import FOLDER
from lrtheory._files.adapters.settings import written
from lrtheory._validation import must
from lrtheory.matrix_compression.adapters.groups import grouped, groups_of
from lrtheory.matrix_compression.adapters.result import as_adapter
from lrtheory.matrix_compression.budgets.allocation import allocate_ranks

__all__ = ["next_settings", "write_settings"]


def next_settings(adapter: AdapterFile, budget: int, base: Tensors | None) -> tuple[dict[str, Any], float]:
    """Settings of ranks under which modules keep most of an adapter within a budget, at the scale that each has now.

    Parameters
    ----------
    adapter : AdapterFile
        The adapter that was trained.
    budget : int
        The numbers that its factors may hold.
    base : Tensors or None
        Base model, where the update depends on it.

    Returns
    -------
    pair of dict of str to object and float
        Arguments of LoraConfig, and the relative error of the updates at these ranks.

    Raises
    ------
    ValueError
        If the adapter came as one file, whose names of modules are not those of peft, nothing is left within the
        budget, or the base model is needed and not given.
    """
    if adapter.form != FOLDER:
        rule = "a folder of peft, as LoraConfig does not find modules by the names in other forms"
        raise must("adapter", rule, adapter.form)
    whole = as_adapter("adapter", adapter, base)
    groups = groups_of(whole)
    costs = {name: sum(module.shape) for name, module in whole.modules.items()}
    spectra, paid = grouped(whole.spectra(), costs, groups)
    found = allocate_ranks(spectra, budget, cost=paid)
    chosen = {name: int(rank) for name, rank in zip(spectra, found.ranks, strict=True)}
    if not any(chosen.values()):
        least = min(paid.values())
        raise must("budget", f"at least {least}, the cost of a rank of one module", budget)
    joint = [(chosen[groups[name]], one.scale) for name, one in adapter.modules.items() if one.kind == "expert"]
    ranks = {n: chosen[n] for n, one in adapter.modules.items() if one.kind != "expert" and chosen[n] > 0}
    scales = {name: adapter.modules[name].scale for name in ranks}
    dropped = [name for name, one in adapter.modules.items() if one.kind != "expert" and name not in ranks]
    others = joint[0] if joint and joint[0][0] > 0 else None
    made = written(adapter.config or {}, ranks, scales, dropped, others=others)
    names = ["r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"]
    return {name: made[name] for name in names + ["target_parameters"] * (others is not None)}, found.error


def write_settings(path: str, adapter: AdapterFile, budget: int, base: Tensors | None) -> str:
    """Write settings for the next training as JSON, and say what they are; nothing is written over."""
    settings, error = next_settings(adapter, budget, base)
    text = json.dumps(settings, indent=2) + "\n"
    replacing(Path(path), lambda target: target.write_text(text, encoding="utf-8"))
    what = f"ranks within {budget:,} numbers, at which {error:.2%} of the norm is lost"
    return f"wrote {path}: {what}, for LoraConfig(**...)"
