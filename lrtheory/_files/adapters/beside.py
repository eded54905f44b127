"""Arrays beside the factors of an adapter: heads, norms, biases, tokens and embeddings, which are saved whole.

Rows of tokens are values, and not differences; their numbers stand in the settings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._files.adapters.base import base_array, base_name
from lrtheory._files.adapters.names import PREFIX, TRAINING
from lrtheory._files.safetensors import Stored, Tensors, decoded, encoded
from lrtheory._kernels.low_rank import tail
from lrtheory._validation import Words, must

__all__ = ["TOKENS", "apart", "beside", "change", "joint_settings", "merged", "named", "placed", "token_rows"]

BELOW, TOKENS = ".base_layer.", ".token_adapter.trainable_tokens_delta"
#: names by which peft saves the biases of modules that are saved whole once more, and which nothing is loaded from
UNUSED = re.compile(r"\.(modules_to_save|original_module)\.")
#: types of the format that hold real numbers
REAL = ("F64", "F32", "F16", "BF16")


def beside(adapter: Any, adapted: Collection[str] | None = None) -> dict[str, Stored]:
    """The whole arrays of an adapter by their names in the model; what peft would ignore there is refused."""
    found: dict[str, Stored] = {}
    if adapted is None:
        adapted = {name for name, module in adapter.modules.items() if module.rank > 0}
    for file_name, array in adapter.others.items():
        name = named(file_name)
        if UNUSED.search(name):
            continue
        if file_name.endswith(TRAINING):
            found[name] = array
            continue
        owner = file_name.removeprefix(PREFIX).partition(BELOW)[0] if BELOW in file_name else ""
        ignored = owner not in adapted if owner else name.rpartition(".")[0] in adapted
        if ignored or adapter.prefixed != file_name.startswith(PREFIX):
            raise must("adapter", "one whose arrays peft finds by their names and modules", Words(repr(file_name)))
        if array.dtype in REAL and not np.isfinite(decoded(array)).all():
            raise must("adapter", "one whose arrays beside the factors are finite", Words(repr(name)))
        found[name] = array
    for module in (adapter.config or {}).get("modules_to_save") or ():
        if not any(module in f".{name}." for name in found):
            raise must("adapter", f"one with the arrays of modules_to_save {module!r}", "none of them")
    if (adapter.config or {}).get("trainable_token_indices") and not any(name.endswith(TOKENS) for name in found):
        raise must("adapter", "one with the rows of its trainable_token_indices", "none of them")
    for name, array in found.items():
        if name.endswith(TOKENS):
            token_rows(adapter, name, array)
    return found


def named(file_name: str) -> str:
    """The name in the model of an array of a file."""
    return file_name.removeprefix(PREFIX).replace(BELOW, ".")


def placed(arrays: Mapping[str, Stored], modules: Iterable[str], *, prefixed: bool) -> dict[str, Stored]:
    """Arrays by the names that a file has for them: those of adapted modules belong to the layer below the factors."""
    adapted, front = set(modules), PREFIX if prefixed else ""
    names = {}
    for name in arrays:
        owner, _, last = name.rpartition(".")
        below = owner in adapted and not name.endswith(TRAINING)
        names[name] = f"{owner}{BELOW}{last}" if below else name
    return {front + names[name]: array for name, array in arrays.items()}


def token_rows(adapter: Any, name: str, array: Stored) -> list[int]:
    """The rows of an embedding that stand in an array of tokens."""
    said: Any = (adapter.config or {}).get("trainable_token_indices")
    module = name.removesuffix(TOKENS)
    if isinstance(said, Mapping):
        fits = [rows for key, rows in said.items() if module == key or module.endswith(f".{key}")]
        said = fits[0] if len(fits) == 1 else None
    whole = isinstance(said, (list, tuple)) and all(isinstance(row, int) and row >= 0 for row in said)
    if not whole or len(set(said)) != len(said) or array.shape[:1] != (len(said),):
        raise must("adapter", "one whose trainable_token_indices number its rows", Words(f"{said!r} for {name!r}"))
    return list(said)


def change(base: Tensors, adapter: Any, name: str, array: Stored) -> np.ndarray:
    """The array beside the factors minus that of the base model; for tokens, minus the rows that it replaces."""
    return _numbers(name, array) - _before(base, adapter, name, array)


def _before(base: Tensors, adapter: Any, name: str, array: Stored) -> np.ndarray:
    if not name.endswith(TOKENS):
        return base_array(base, name, array.shape)
    rows, whole = token_rows(adapter, name, array), f"{name.removesuffix(TOKENS)}.weight"
    shape = base.shape(base_name(base, whole))
    if len(shape) != 2 or shape[1:] != array.shape[1:] or max(rows) >= shape[0]:
        raise must("base", f"the model of the adapter, with the rows of {name!r}", shape)
    found: np.ndarray = base_array(base, whole, shape)[rows]
    return found


def _numbers(name: str, array: Stored) -> np.ndarray:
    if array.dtype not in REAL:
        raise must("adapter", f"one whose array {name!r} holds real numbers, where it is compared", array.dtype)
    found: np.ndarray = decoded(array).astype(np.float64)
    return found


def merged(read: Sequence[Any], weights: Sequence[float], base: Tensors | None) -> tuple[dict[str, Stored], str]:
    """The whole arrays of a weighted sum of adapters by name in the model, and what is to be said of them.

    With the base model they are W + sum w_i (W_i - W). Without it those that all adapters share are carried.
    """
    parts = [beside(one) for one in read]
    made: dict[str, Stored] = {}
    carried = 0
    for name in dict.fromkeys(name for part in parts for name in part):
        _refuse_factors_below(read, name)
        have = [part.get(name) for part in parts]
        if name.endswith(TRAINING):  # settings are those of the first
            made |= {name: parts[0][name]} if name in parts[0] else {}
            continue
        alike = all(one == have[0] for one in have) and _same_rows(read, name, have)
        if alike and have[0] is not None and (base is None or sum(weights) == 1):
            made[name], carried = have[0], carried + (base is None and sum(weights) != 1)
        elif base is None:
            k = next(k for k, one in enumerate(have) if (one is not None and one != have[0]) or (k == 0 and one))
            where = read[k].source or f"adapter {k + 1}"
            rule = "ones whose arrays beside the factors are equal, unless the base model is given"
            raise must("adapters", rule, Words(f"{name!r} of {str(where)!r}"))
        else:
            made[name] = _summed(base, read, weights, name, have)
    what = "is one array" if carried == 1 else f"are {carried} arrays"
    said = f"carried as they are, and not weighted, {what} that all adapters share" if carried else ""
    return made, said


def _same_rows(read: Sequence[Any], name: str, have: Sequence[Stored | None]) -> bool:
    """Whether tokens of all adapters are the same ones."""
    if not name.endswith(TOKENS):
        return True
    rows = [token_rows(one, name, array) for one, array in zip(read, have, strict=True) if array is not None]
    return all(one == rows[0] for one in rows)


def _refuse_factors_below(read: Sequence[Any], name: str) -> None:
    """Refuse an array that one adapter saves whole, and to which another one adds factors."""
    saved = {key for one in read for key in (one.config or {}).get("modules_to_save") or ()}
    owner = name.rpartition(".")[0]
    for one in read:
        if owner in one.modules and any(owner.endswith(key) for key in saved):
            rule = "ones of which none has factors for a module that another one saves whole"
            raise must("adapters", rule, Words(f"{owner!r} of {str(one.source)!r}"))


def _summed(
    base: Tensors, read: Sequence[Any], weights: Sequence[float], name: str, have: Sequence[Stored | None]
) -> Stored:
    """W + sum w_i (W_i - W), in the type of the first adapter that has the array."""
    first = next(k for k, one in enumerate(have) if one is not None)
    like = have[first]
    assert like is not None
    if not _same_rows(read, name, have):
        raise must("adapters", f"ones whose rows of {name!r} are the same", "other trainable_token_indices")
    if any(one is not None and one.shape != like.shape for one in have):
        raise must("adapters", f"ones whose arrays {name!r} have one shape", [one and one.shape for one in have])
    start = _before(base, read[first], name, like)
    parts = zip(weights, have, strict=True)
    total = start + sum(w * (_numbers(name, one) - start) for w, one in parts if one is not None)
    try:
        return encoded(np.asarray(total), like.dtype)
    except OverflowError as error:
        raise must("weights", f"such that the sum of {name!r} lies in the range of its type", str(error)) from error


def joint_settings(read: Sequence[Any]) -> dict[str, Any]:
    """The settings of a sum of adapters: those of the first, and the modules and biases that any of them saves."""
    configs = [one.config or {} for one in read]
    found: dict[str, Any] = dict(configs[0])
    saved = list(dict.fromkeys(key for one in configs for key in one.get("modules_to_save") or ()))
    biases = {one.get("bias") or "none" for one in configs}
    tokens = [one["trainable_token_indices"] for one in configs if one.get("trainable_token_indices")]
    if saved:
        found["modules_to_save"] = saved
    if biases != {"none"}:
        found["bias"] = "all" if "all" in biases else "lora_only"
    if tokens:
        found["trainable_token_indices"] = tokens[0]
    return found


def apart(
    name: str, adapters: Sequence[Any], sides: Sequence[Mapping[str, Stored]], base: Tensors | None
) -> tuple[float, float]:
    """The distances of an array of one adapter from the base model, and of that of another adapter from it.

    Without the base model the first number is 0, and both must be equal bit by bit.
    """
    _refuse_factors_below(adapters, name)
    have = [side.get(name) for side in sides]
    if name.endswith(TRAINING):
        return 0.0, 0.0
    alike = have[0] == have[1] and _same_rows(adapters, name, have)
    if base is None and not alike:
        one = adapters[0 if have[0] is not None else 1]
        rule = "ones whose arrays beside the factors are equal, unless the base model is given with `base`"
        raise must("adapters", rule, Words(f"{name!r} of {str(one.source)!r}"))
    if base is None:
        return 0.0, 0.0
    shapes = {array.shape for array in have if array is not None}
    if len(shapes) > 1 or not _same_rows(adapters, name, have):
        raise must("adapters", f"ones whose arrays {name!r} have the same rows", sorted(shapes))
    moved = [
        None if array is None else change(base, one, name, array) for one, array in zip(adapters, have, strict=True)
    ]
    first, second = (0.0 if one is None else one for one in moved)
    return _norm(first), _norm(np.subtract(first, second))


def _norm(values: Any) -> float:
    return tail(np.abs(np.asarray(values, np.float64)).ravel(), 0)
