"""Settings of an adapter in adapter_config.json: its kind, and the number by which each module is scaled.

The scaling of a module is alpha / r, or alpha / sqrt(r) for rank-stabilized adapters, where rank_pattern and
alpha_pattern hold other values for modules whose whole name, or the end of it behind a dot, matches a regular
expression; the first one that matches counts. AdaLoRA scales by alpha / (init_r + 1e-5), whatever ranks it has reached.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lrtheory._files.opening import json_of
from lrtheory._validation import must

__all__ = ["CONFIG", "KINDS", "checked", "read_config", "scale_of", "written"]

CONFIG = "adapter_config.json"
KINDS = ("LORA", "ADALORA")
#: settings under which an update is not scale B A alone
BESIDE = (
    *("use_dora", "use_qalora", "use_bdlora", "lora_bias", "layer_replication", "target_parameters"),
    *("alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config"),
)
#: settings of AdaLoRA that a LoRA does not have
ADALORA = ("target_r", "init_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step")


def read_config(folder: Path) -> dict[str, Any]:
    """The object in adapter_config.json."""
    path = folder / CONFIG
    if not path.is_file():
        raise FileNotFoundError(f"there is no {CONFIG} in {str(folder)!r}")
    config = json_of(path)
    if not isinstance(config, dict):
        raise ValueError(f"{path}: no JSON object")
    return checked(config)


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the settings of an adapter whose updates are scale B A and nothing else."""
    kind = config.get("peft_type", "LORA")
    if kind not in KINDS:
        raise ValueError(f"`adapter` must be a LoRA or AdaLoRA adapter; got peft_type {kind!r}.")
    for name in BESIDE:
        if config.get(name):
            raise must("adapter", f"one without {name}, whose update is not scale B A alone", config[name])
    return dict(config)


def scale_of(config: Mapping[str, Any], module: str, rank: int) -> float:
    """The scaling of a module, whose arrays must have the inner rank that the settings name."""
    if config.get("peft_type") == "ADALORA":  # its rank_pattern holds masks, and its scaling is that of the start
        return _number(config, "lora_alpha", 8) / (_number(config, "init_r", 12) + 1e-5)
    said = _of_module(config, "rank_pattern", module, _number(config, "r", 8))
    if said != rank:
        raise must("adapter", f"one whose arrays of {module!r} have the rank {said:g} of its settings", rank)
    alpha = _of_module(config, "alpha_pattern", module, _number(config, "lora_alpha", 8))
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank


def _number(config: Mapping[str, Any], name: str, default: float) -> float:
    value = config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise must(name, "a finite number in the settings of the adapter", value)
    return value


def _of_module(config: Mapping[str, Any], name: str, module: str, default: float) -> float:
    patterns = config.get(name) or {}
    if not isinstance(patterns, dict):
        raise must(name, "an object in the settings of the adapter", patterns)
    for pattern in patterns:
        try:
            matches = re.match(rf"(.*\.)?({pattern})$", module)
        except re.error as error:
            raise must(name, "an object whose keys are regular expressions", pattern) from error
        if matches:
            return _number(patterns, pattern, default)
    return default


def written(
    config: Mapping[str, Any], ranks: Mapping[str, int], scales: Mapping[str, float], dropped: Iterable[str] = ()
) -> dict[str, Any]:
    """The settings of a LoRA whose modules have these ranks and scalings; all others stay as they are.

    r and lora_alpha are those of the module of the largest rank, and patterns stand where others differ.
    """
    kept = {name: value for name, value in config.items() if name not in ADALORA}
    alphas = {name: _whole(scales[name] * rank) for name, rank in ranks.items()}
    largest = max(ranks, key=lambda name: ranks[name])
    # a pattern also matches names that end with it behind a dot, so longer names come first
    order = sorted(ranks, key=len, reverse=True)
    return kept | {
        "peft_type": "LORA",
        "r": ranks[largest],
        "lora_alpha": alphas[largest],
        "use_rslora": False,
        "rank_pattern": _pattern({name: ranks[name] for name in order}),
        "alpha_pattern": _pattern({name: alphas[name] for name in order}),
        "target_modules": _targets(sorted(ranks), list(dropped)),
    }


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else float(number)


def _pattern(values: Mapping[str, float]) -> dict[str, float]:
    """Nothing where all modules have one value, else every one of them, since a pattern can match several."""
    return {} if len(set(values.values())) <= 1 else {re.escape(name): value for name, value in values.items()}


def _targets(names: list[str], dropped: list[str]) -> list[str] | str:
    """The names of the modules; as one regular expression where the end of a name that is left out is one of them."""
    clear = not any(other.endswith(f".{name}") for other in dropped for name in names)
    return names if clear else "|".join(map(re.escape, names))
