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

from lrtheory._files.adapters.fields import ADALORA, FIELDS, OTHERS, REFUSED, WRITTEN
from lrtheory._files.adapters.names import TRAINING
from lrtheory._files.adapters.starts import RESOLVED
from lrtheory._files.opening import json_of
from lrtheory._validation import Words, must

__all__ = [
    "CONFIG",
    "KINDS",
    "checked",
    "factors_alone",
    "number_of",
    "read_config",
    "refuse_patterns",
    "refuse_tied",
    "scale_of",
    "scaling",
    "understood",
    "written",
]

CONFIG = "adapter_config.json"
KINDS = ("LORA", "ADALORA")
#: kinds whose updates have other forms, and that are read where they become a LoRA
CONVERTED = ("VERA", "RANDLORA", "UNILORA", "HIRA", "LOHA", "LOKR", "IA3")
#: settings under which an update is not scale B A alone, and those that are written anew with the modules
REFUSE, ANEW = (tuple(name for name, what in FIELDS.items() if what == kind) for kind in (REFUSED, WRITTEN))
ALONE = "whose update is not scale B A alone"
WHY = {
    "layer_replication": "under which a weight has several updates",
    "kasa_config": "whose update depends on singular values of the base model",
    "monteclora_config": "whose factors are drawn at random",
    "use_qalora": "whose inputs are averaged in groups",
    "use_bdlora": "whose factors are blocks on a diagonal",
    "alora_invocation_tokens": "whose update depends on the tokens",
    "arrow_config": "whose update depends on the tokens",
}
#: starts of the factors that leave the weights of the base model as they are; the arrays of a folder overwrite them
STARTS = (True, False, None, "gaussian", "eva", "mica", "orthogonal")
#: settings under which loading a folder changes more than its factors say
WHOLE = ("modules_to_save", "trainable_token_indices", "ensure_weight_tying", "lora_bias")
#: settings that are read here, or that say nothing of the update
KNOWN = frozenset((*FIELDS, *ADALORA, *OTHERS))


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
        more = "; `low_rank_adapters convert` makes a LoRA of it" if kind in CONVERTED else ""
        raise ValueError(f"`adapter` must be a LoRA or AdaLoRA adapter; got peft_type {kind!r}{more}.")
    understood(config)
    if kind == "ADALORA" and config.get("init_lora_weights") in RESOLVED:
        raise must("adapter", "a LoRA, where a start changes the base model", "an AdaLoRA")
    return dict(config)


def understood(config: Mapping[str, Any]) -> None:
    """Refuse settings under which an update is not what its arrays say, or of which that is not known here."""
    for name in REFUSE:
        if config.get(name):
            raise must("adapter", f"one without {name}, {WHY.get(name, ALONE)}", config[name])
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.startswith("pissa_niter"):
        rule = "one whose start is the same at every load, while this one draws numbers, and peft reloads another model"
        raise must("adapter", rule, Words(f"init_lora_weights {start!r}"))
    if start not in (*STARTS, *RESOLVED):
        rule = "one whose start leaves the base model as it is, such as peft saves with"
        raise must("adapter", f"{rule} path_initial_model_for_weight_conversion", Words(f"init_lora_weights {start!r}"))
    for name, value in config.items():
        if name not in KNOWN and value not in (None, False, "", [], {}):
            raise must("adapter", f"one without the setting {name}, of which it is not known what it changes", value)


def refuse_tied(config: Mapping[str, Any]) -> None:
    """Refuse an adapter that adds two updates to one matrix, where their sum is needed."""
    if config.get("ensure_weight_tying"):
        rule = "one without ensure_weight_tying, which adds two updates to one matrix, unless each is squeezed alone"
        raise must("adapter", rule, config["ensure_weight_tying"])


def factors_alone(config: Mapping[str, Any], others: Iterable[str]) -> None:
    """Refuse an adapter that changes more than its factors say: heads, norms, biases, tokens, embeddings."""
    why = "one that changes nothing beside its factors, since the rest would be lost or not be counted"
    for name in WHOLE:
        if config.get(name):
            raise must("adapter", why, Words(f"{name} {config[name]!r}"[:80]))
    if config.get("bias", "none") not in (None, "none"):
        raise must("adapter", why, Words(f"bias {config['bias']!r}"))
    for array in others:
        if not array.endswith(TRAINING):
            raise must("adapter", why, Words(f"the array {array!r}"))


def scale_of(config: Mapping[str, Any], module: str, rank: int) -> float:
    """The scaling of a module, whose arrays must have the inner rank that the settings name."""
    if config.get("peft_type") == "ADALORA":  # its rank_pattern holds masks, and its scaling is that of the start
        return _number(config, "lora_alpha", 8) / (_number(config, "init_r", 12) + 1e-5)
    return scaling(config, module, rank, "lora_alpha")


def scaling(config: Mapping[str, Any], module: str, rank: int, alpha: str) -> float:
    """The scaling of a module whose arrays have the inner rank that the settings name, by its alpha."""
    said = number_of(config, "r", module)
    if said != rank:
        raise must("adapter", f"one whose arrays of {module!r} have the rank {said:g} of its settings", rank)
    found = number_of(config, alpha, module)
    return found / math.sqrt(rank) if config.get("use_rslora") else found / rank


def number_of(config: Mapping[str, Any], name: str, module: str) -> float:
    """The rank or the alpha of a module, which is 8 where nothing is said."""
    pattern = "rank_pattern" if name == "r" else "alpha_pattern"
    found = _of_module(config, pattern, module, _number(config, name, 8))
    if name == "r" and found < 1:
        raise must("r", "at least 1 in the settings of the adapter", found)
    return found


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


def refuse_patterns(config: Mapping[str, Any], module: str) -> None:
    """Refuse patterns that may be for an array of a module, whose name does not say which of its arrays it is."""
    ends = {str(one).rpartition(".")[2] for one in config.get("target_parameters") or ()}
    for name in ("rank_pattern", "alpha_pattern"):
        for end in sorted(ends):
            if _of_module(config, name, f"{module}.{end}", math.inf) != math.inf:
                rule = f"without patterns for arrays of {module!r}, as it is not known which of them has which factors"
                raise must(name, rule, config[name])


def written(
    config: Mapping[str, Any], ranks: Mapping[str, int], scales: Mapping[str, float], dropped: Iterable[str] = (),
    *, others: tuple[int, float] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The settings of a LoRA whose modules have these ranks and scalings; all others stay as they are.

    r and lora_alpha are those of the module of the largest rank, and patterns stand where others differ. Modules are
    chosen by their names alone, and nothing is decomposed at the start, since the arrays overwrite it. Arrays of
    experts, which are no modules, all have the rank and the scale `others`.
    """
    kept = {name: value for name, value in config.items() if name not in ADALORA}
    alphas = {name: _whole(scales[name] * rank) for name, rank in ranks.items()}
    # a pattern also matches names that end with it behind a dot, so longer names come first
    order = sorted(ranks, key=len, reverse=True)
    if others is None:
        largest = max(ranks, key=lambda name: ranks[name])
        rank, alpha, names = ranks[largest], alphas[largest], None
    else:
        rank, alpha, names = others[0], _whole(others[0] * others[1]), kept.get("target_parameters")
    return kept | {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": alpha,
        "use_rslora": False,
        "init_lora_weights": start if (start := config.get("init_lora_weights")) in RESOLVED else True,
        **{name: None for name in ANEW if name in kept},
        "rank_pattern": _pattern({name: ranks[name] for name in order}, rank),
        "alpha_pattern": _pattern({name: alphas[name] for name in order}, alpha),
        "target_modules": _targets(sorted(ranks), list(dropped)),
        **({"target_parameters": names} if "target_parameters" in kept else {}),
    }


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else float(number)


def _pattern(values: Mapping[str, float], common: float) -> dict[str, float]:
    """Nothing where all modules have one value, else every one of them, since a pattern can match several."""
    return {} if set(values.values()) <= {common} else {re.escape(name): value for name, value in values.items()}


def _targets(names: list[str], dropped: list[str]) -> list[str] | str:
    """The names of the modules; as one regular expression where the end of a name that is left out is one of them."""
    clear = not any(other.endswith(f".{name}") for other in dropped for name in names)
    return names if clear else "|".join(map(re.escape, names))
